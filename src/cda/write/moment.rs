//! Dates and times as callers give them.

use crate::cda::time::HlTime;

/// Reads RFC 3339 (`2026-01-12`, `2026-01-12T10:05:30+01:00`, `…Z`) or HL7 (`20260112100530+0100`).
pub(super) fn read(text: &str) -> Option<HlTime> {
    match text.as_bytes() {
        [_, _, _, _, b'-', _, _, b'-', ..] => HlTime::parse(&hl7(text)?),
        _ => HlTime::parse(text),
    }
}

/// The HL7 form of an RFC 3339 text; none when the text has another form.
fn hl7(text: &str) -> Option<String> {
    let date = text.get(..10)?;
    let mut hl7: String = date.split('-').collect();
    let Some(time) = text.get(10..).filter(|t| !t.is_empty()) else {
        return Some(hl7);
    };
    let time = time.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, "+0000".to_owned()),
        None => match time.find(['+', '-']) {
            Some(sign) => {
                let (clock, offset) = time.split_at(sign);
                let (hours, minutes) = offset.split_once(':')?;
                if hours.len() != 3 || minutes.len() != 2 {
                    return None;
                }
                (clock, format!("{hours}{minutes}"))
            }
            None => (time, String::new()),
        },
    };
    let parts: Vec<&str> = clock.split(':').collect();
    // Fractions follow the seconds, and are checked with the digits.
    let two = |part: &&str| part.split('.').next().is_some_and(|p| p.len() == 2);
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(two) {
        return None;
    }
    hl7.push_str(&parts.concat());
    hl7.push_str(&offset);
    Some(hl7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_the_offset_is_kept() {
        for (text, written) in [
            ("2026-01-12T10:05:30+01:00", "20260112100530+0100"),
            ("2026-01-12T10:05:30.250-03:30", "20260112100530-0330"),
            ("2026-01-12T10:05:30Z", "20260112100530+0000"),
            ("2026-01-12 10:05+02:00", "202601121005+0200"),
            ("2026-01-12", "20260112"),
            ("20260112100530+0100", "20260112100530+0100"),
            ("20260112", "20260112"),
            ("2026-01-12T10:05:30", "20260112100530"),
        ] {
            let read = read(text).map(|t| t.to_string());
            assert_eq!(read.as_deref(), Some(written), "{text}");
        }
    }

    #[test]
    fn what_has_neither_form_is_refused() {
        for text in [
            "",
            "12/01/2026",
            "2026-1-12",
            "2026-13-12",
            "2026-01-12T",
            "2026-01-12T10",
            "2026-01-12T1:05:30Z",
            "2026-01-12T10:05:30+01",
            "2026-01-12T10:05:30+0100",
            "2026-01-12T10:05:30+01:00:00",
            "2026-01-12T10:05.5:30Z",
            "2026-01-12T10:05:61Z",
            "2026-01-1é",
            "2026-01-12x10:05:30Z",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
