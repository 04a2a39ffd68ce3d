//! HL7's TS.

use time::{Date, Month, UtcOffset};

use crate::clock::Instant;
use crate::document::Dtm;

/// `YYYYMMDDhhmmss` in UTC, without a zone: the form of the official messages.
pub(super) fn plain(at: Instant) -> String {
    Dtm::of(at).as_str().to_owned()
}

/// `YYYYMMDDhhmmss[.mmm]+0000`: the simulator's own times, exact.
pub(super) fn exact(at: Instant) -> String {
    let millis = at.millis().rem_euclid(1000);
    let mut text = plain(at);
    if millis != 0 {
        text.push_str(&format!(".{millis:03}"));
    }
    text + "+0000"
}

/// Reads a TS: 8 to 14 digits, a fraction, a zone; without a zone, UTC.
pub(super) fn read(text: &str) -> Option<Instant> {
    let text = text.trim();
    let (local, offset) = match text.rfind(['+', '-']) {
        Some(at) => {
            let zone = text.get(at + 1..)?;
            let hours: i8 = zone.get(..2)?.parse().ok()?;
            let minutes: i8 = match zone.len() {
                2 => 0,
                4 => zone.get(2..)?.parse().ok()?,
                _ => return None,
            };
            let sign = if text.as_bytes().get(at) == Some(&b'-') {
                -1
            } else {
                1
            };
            let offset = UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?;
            (text.get(..at)?, offset)
        }
        None => (text, UtcOffset::UTC),
    };
    let (whole, fraction) = local.split_once('.').unwrap_or((local, ""));
    if !(8..=14).contains(&whole.len())
        || whole.len() % 2 != 0
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let two = |from: usize| -> Option<u8> {
        whole
            .get(from..from + 2)
            .map_or(Some(0), |d| d.parse().ok())
    };
    let month = Month::try_from(two(4)?).ok()?;
    let date = Date::from_calendar_date(whole.get(..4)?.parse().ok()?, month, two(6)?).ok()?;
    let millis: u16 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let at = date
        .with_hms_milli(two(8)?, two(10)?, two(12)?, millis)
        .ok()?;
    Instant::from_date_time(at.assume_offset(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_a_zone() {
        for (text, expected) in [
            ("20210601125305", Some("2021-06-01T12:53:05Z")),
            ("20210601125305+0200", Some("2021-06-01T10:53:05Z")),
            ("20210601125305-0130", Some("2021-06-01T14:23:05Z")),
            ("20210601125305.25+0000", Some("2021-06-01T12:53:05.25Z")),
            ("202106011253", Some("2021-06-01T12:53:00Z")),
            ("20210601", Some("2021-06-01T00:00:00Z")),
            ("2021", None),
            ("20211301", None),
            ("20210601+", None),
            ("20210601+2", None),
            ("é0210601", None),
            ("", None),
        ] {
            let expected = expected.map(|t| Instant::parse(t).unwrap());
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn exact_times_come_back() {
        for millis in [0, 1, 999, 1_700_000_000_123, -1] {
            let at = Instant::from_millis(millis).unwrap();
            assert_eq!(read(&exact(at)), Some(at));
        }
    }
}
