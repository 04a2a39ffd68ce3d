//! The one source of time. Everything that needs the present asks the connector's [`Clock`]; nothing
//! else in the crate reads the system's.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{Duration, Month, OffsetDateTime, UtcOffset};

/// An instant, UTC, in milliseconds since 1970-01-01T00:00:00Z.
///
/// In JSON and in print: RFC 3339 with `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(i64);

/// The text is not an instant this crate can hold (RFC 3339, years 0 to 9999).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an instant: RFC 3339 is expected, such as 2026-01-31T08:00:00Z")]
pub struct InstantError;

impl Instant {
    /// From milliseconds since 1970; years outside 0 to 9999 are not representable.
    pub fn from_millis(millis: i64) -> Option<Instant> {
        // Within the years that RFC 3339 and XDS can write.
        const MIN: i64 = -62_167_219_200_000;
        const MAX: i64 = 253_402_300_799_999;
        (MIN..=MAX).contains(&millis).then_some(Instant(millis))
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 with any offset.
    pub fn parse(text: &str) -> Result<Instant, InstantError> {
        let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InstantError)?;
        Instant::from_date_time(at).ok_or(InstantError)
    }

    /// From a date-time of the `time` crate, whatever its offset.
    pub fn from_date_time(at: OffsetDateTime) -> Option<Instant> {
        let millis = at.unix_timestamp_nanos() / 1_000_000;
        Instant::from_millis(i64::try_from(millis).ok()?)
    }

    /// As a date-time of the `time` crate, in UTC.
    pub fn date_time(self) -> OffsetDateTime {
        let seconds = self.0.div_euclid(1000);
        OffsetDateTime::from_unix_timestamp(seconds)
            .map(|t| t + Duration::milliseconds(self.0.rem_euclid(1000)))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .to_offset(UtcOffset::UTC)
    }

    /// This instant plus a number of seconds, held at the ends of the range.
    pub fn plus_seconds(self, seconds: i64) -> Instant {
        let millis = self.0.saturating_add(seconds.saturating_mul(1000));
        Instant(millis.clamp(-62_167_219_200_000, 253_402_300_799_999))
    }

    /// This instant plus a number of days of 24 hours.
    pub fn plus_days(self, days: i64) -> Instant {
        self.plus_seconds(days.saturating_mul(86_400))
    }

    /// This instant plus calendar months, at the same time of day (UTC). When the month reached has no
    /// such day, its last day: the way French law counts a delay in months (CPC art. 641).
    pub fn plus_months(self, months: u32) -> Instant {
        let at = self.date_time();
        let index = at.year() * 12 + i32::from(u8::from(at.month())) - 1 + months as i32;
        let (year, month) = (index.div_euclid(12), index.rem_euclid(12) as u8 + 1);
        let Ok(month) = Month::try_from(month) else {
            return self;
        };
        let day = at.day().min(month.length(year));
        time::Date::from_calendar_date(year, month, day)
            .ok()
            .and_then(|date| Instant::from_date_time(date.with_time(at.time()).assume_utc()))
            .unwrap_or(self)
    }

    /// Age in whole years, at this instant, of a person born on `YYYYMMDD`; a partial date counts from
    /// its last possible day, so that no one is taken for an adult too early. `None` if not a date.
    pub fn age_of(self, birth_date: &str) -> Option<i32> {
        let digits = |range: std::ops::Range<usize>| birth_date.get(range)?.parse::<u8>().ok();
        let year: i32 = birth_date.get(..4)?.parse().ok()?;
        let month = if birth_date.len() >= 6 {
            digits(4..6)?
        } else {
            12
        };
        let day = if birth_date.len() >= 8 {
            digits(6..8)?
        } else {
            31
        };
        let today = self.date_time();
        let had_birthday = (u8::from(today.month()), today.day()) >= (month, day);
        Some(today.year() - year - i32::from(!had_birthday))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date_time().format(&Rfc3339) {
            Ok(text) => f.write_str(&text),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Instant::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The connector's clock, shared with its embedded DMP: the system's, or one that a person or a test
/// moves by hand.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Clock {
        Clock(Source::System)
    }

    /// A clock that stands still until [`Clock::set`]. Clones move together.
    pub fn manual(at: Instant) -> Clock {
        Clock(Source::Manual(Arc::new(AtomicI64::new(at.millis()))))
    }

    /// The present.
    pub fn now(&self) -> Instant {
        match &self.0 {
            Source::System => {
                Instant::from_date_time(OffsetDateTime::now_utc()).unwrap_or(Instant(0))
            }
            Source::Manual(at) => Instant(at.load(Ordering::SeqCst)),
        }
    }

    /// Waits for an instant, half a minute at most; `false` when it has not come, as on a clock that stands still.
    pub fn wait_until(&self, at: Instant) -> bool {
        if let Source::System = &self.0 {
            let millis = at.millis().saturating_sub(self.now().millis());
            let millis = u64::try_from(millis).unwrap_or_default().min(30_000);
            std::thread::sleep(std::time::Duration::from_millis(millis));
        }
        self.now() >= at
    }

    /// Moves a manual clock; `false` on the system's, which nobody here may move.
    pub fn set(&self, at: Instant) -> bool {
        match &self.0 {
            Source::System => false,
            Source::Manual(current) => {
                current.store(at.millis(), Ordering::SeqCst);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn months_end_on_the_last_day_when_the_day_does_not_exist() {
        for (from, months, to) in [
            ("2026-01-15T10:00:00Z", 1, "2026-02-15T10:00:00Z"),
            ("2026-01-31T10:00:00Z", 1, "2026-02-28T10:00:00Z"),
            ("2028-01-31T10:00:00Z", 1, "2028-02-29T10:00:00Z"),
            ("2026-12-31T23:59:59Z", 1, "2027-01-31T23:59:59Z"),
            ("2026-08-31T00:00:00Z", 6, "2027-02-28T00:00:00Z"),
        ] {
            assert_eq!(at(from).plus_months(months), at(to), "{from}");
        }
    }

    #[test]
    fn ages_turn_on_the_birthday_and_partial_dates_wait_for_their_last_day() {
        let now = at("2026-03-28T12:00:00Z");
        assert_eq!(now.age_of("20080328"), Some(18));
        assert_eq!(now.age_of("20080329"), Some(17));
        assert_eq!(now.age_of("200803"), Some(17));
        assert_eq!(now.age_of("2008"), Some(17));
        assert_eq!(now.age_of("abcd"), None);
    }

    #[test]
    fn a_manual_clock_moves_for_all_its_clones_and_the_system_clock_for_no_one() {
        let clock = Clock::manual(at("2026-01-01T00:00:00Z"));
        let other = clock.clone();
        assert!(other.set(at("2027-01-01T00:00:00Z")));
        assert_eq!(clock.now(), at("2027-01-01T00:00:00Z"));
        assert!(!Clock::system().set(at("2027-01-01T00:00:00Z")));
    }
}
