//! HL7 timestamps, with the precision and the offset they were written with.

use std::fmt;

use time::{Date, Duration, Month, PrimitiveDateTime, Time, UtcDateTime, UtcOffset};

/// How far a timestamp goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// `YYYY`.
    Year,
    /// `YYYYMM`.
    Month,
    /// `YYYYMMDD`.
    Day,
    /// `YYYYMMDDHH`.
    Hour,
    /// `YYYYMMDDHHMM`.
    Minute,
    /// `YYYYMMDDHHMMSS`.
    Second,
}

impl Precision {
    /// How many digits a timestamp of this precision has.
    const fn digits(self) -> usize {
        match self {
            Precision::Year => 4,
            Precision::Month => 6,
            Precision::Day => 8,
            Precision::Hour => 10,
            Precision::Minute => 12,
            Precision::Second => 14,
        }
    }
}

/// The distance to UTC that a timestamp states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// Minutes east of UTC, negative to the west.
    pub minutes: i16,
    /// Whether it was written with its four digits (`+0100`), as the CI-SIS asks; `+100` and `+01` are read too.
    pub four_digits: bool,
}

/// An HL7 timestamp (data type `TS`).
///
/// Fractions of a second are dropped. Calendar and clock are checked: a value of this type denotes an existing day
/// and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HlTime {
    /// Local date and time, with January, the 1st and zeros where the precision stops.
    local: PrimitiveDateTime,
    precision: Precision,
    offset: Option<Offset>,
}

impl HlTime {
    /// Reads `YYYY[MM[DD[HH[MM[SS[.f]]]]]]` followed by nothing or by `±HHMM`, `±HMM`, `±HH` or `±H`.
    ///
    /// `None` when the text has another form, or denotes a day or a time that does not exist.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (local, offset) = match text.find(['+', '-']) {
            Some(sign) => (&text[..sign], Some(parse_offset(&text[sign..])?)),
            None => (text, None),
        };
        let (digits, fraction) = match local.split_once('.') {
            Some((digits, fraction)) => (digits, Some(fraction)),
            None => (local, None),
        };
        if !all_digits(digits) {
            return None;
        }
        let precision = match digits.len() {
            4 => Precision::Year,
            6 => Precision::Month,
            8 => Precision::Day,
            10 => Precision::Hour,
            12 => Precision::Minute,
            14 => Precision::Second,
            _ => return None,
        };
        if fraction
            .is_some_and(|f| precision != Precision::Second || f.is_empty() || !all_digits(f))
        {
            return None;
        }
        let field = |at: usize, missing: u8| match digits.get(at..at + 2) {
            Some(two) => two.parse().ok(),
            None => Some(missing),
        };
        let month = Month::try_from(field(4, 1)?).ok()?;
        let date = Date::from_calendar_date(digits[..4].parse().ok()?, month, field(6, 1)?).ok()?;
        let time = Time::from_hms(field(8, 0)?, field(10, 0)?, field(12, 0)?).ok()?;
        Some(Self {
            local: PrimitiveDateTime::new(date, time),
            precision,
            offset,
        })
    }

    /// How far it goes.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The offset it states.
    #[must_use]
    pub fn offset(&self) -> Option<Offset> {
        self.offset
    }

    /// The local date it denotes, the first of the year or of the month when it goes no further.
    #[must_use]
    pub fn date(&self) -> Date {
        self.local.date()
    }

    /// Whether it has a time of day.
    #[must_use]
    pub fn has_time(&self) -> bool {
        self.precision >= Precision::Hour
    }

    /// The same moment in UTC, as precise as it was.
    ///
    /// A date without time of day has no moment to convert and stays the same date. A time of day without offset is
    /// ambiguous: `None`.
    #[must_use]
    pub fn to_utc(&self) -> Option<Self> {
        let utc = Some(Offset {
            minutes: 0,
            four_digits: true,
        });
        if !self.has_time() {
            return Some(Self {
                offset: None,
                ..*self
            });
        }
        let minutes = self.offset?.minutes;
        let local = self
            .local
            .checked_sub(Duration::minutes(i64::from(minutes)))?;
        // Years before 0 or after 9999 have no written form.
        if !(0..=9999).contains(&local.year()) {
            return None;
        }
        // Ten o'clock, half past one hour east of UTC, is not a whole hour of UTC.
        let precision = match self.precision {
            Precision::Hour if minutes % 60 != 0 => Precision::Minute,
            other => other,
        };
        Some(Self {
            local,
            precision,
            offset: utc,
        })
    }

    /// The instant it denotes, the first of its hour or minute; `None` without time of day or without offset.
    #[must_use]
    pub fn instant(&self) -> Option<UtcDateTime> {
        if !self.has_time() {
            return None;
        }
        let utc = self.to_utc()?;
        Some(utc.local.assume_offset(UtcOffset::UTC).to_utc())
    }

    /// The digits at this precision, without offset: the form XDS metadata use (`YYYYMMDDHHMMSS`, or shorter).
    ///
    /// XDS metadata are in UTC: convert with [`to_utc`](Self::to_utc) first.
    #[must_use]
    pub fn digits(&self) -> String {
        let mut digits = self.all_digits();
        digits.truncate(self.precision.digits());
        digits
    }

    /// The fourteen digits, zeros where the precision stops within the day; `None` for a date without time of day.
    #[must_use]
    pub fn digits_to_the_second(&self) -> Option<String> {
        self.has_time().then(|| self.all_digits())
    }

    fn all_digits(&self) -> String {
        let (date, time) = (self.local.date(), self.local.time());
        format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }
}

/// The HL7 form: digits at this precision, then the offset in four digits.
impl fmt::Display for HlTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digits())?;
        match self.offset {
            Some(Offset { minutes, .. }) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                let minutes = minutes.unsigned_abs();
                write!(f, "{sign}{:02}{:02}", minutes / 60, minutes % 60)
            }
            None => Ok(()),
        }
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Reads a sign and its digits.
fn parse_offset(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+')?),
    };
    if !all_digits(digits) {
        return None;
    }
    // Three digits are an hour without its leading zero: some software loses it.
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits, "0"),
        3 | 4 => digits.split_at(digits.len() - 2),
        _ => return None,
    };
    let (hours, minutes): (i16, i16) = (hours.parse().ok()?, minutes.parse().ok()?);
    // No place on Earth is further than 14 hours from UTC.
    if hours > 14 || minutes > 59 {
        return None;
    }
    Some(Offset {
        minutes: sign * (hours * 60 + minutes),
        four_digits: digits.len() == 4,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Option<String> {
        HlTime::parse(text)
            .expect("reads")
            .to_utc()
            .map(|t| t.digits())
    }

    #[test]
    fn every_precision_is_read_and_written_back() {
        for text in [
            "2024",
            "202402",
            "20240229",
            "2024022910",
            "202402291030",
            "20240229103059",
            "20240229103059+0100",
            "202402291030-0330",
            "20240229+0100",
        ] {
            assert_eq!(HlTime::parse(text).expect("reads").to_string(), text);
        }
        let fraction = HlTime::parse("20240229103059.1234+0100").expect("reads");
        assert_eq!(fraction.to_string(), "20240229103059+0100");
    }

    #[test]
    fn short_offsets_are_read_and_remembered() {
        for (text, minutes) in [
            ("+100", 60),
            ("+1", 60),
            ("+01", 60),
            ("-330", -210),
            ("+0100", 60),
        ] {
            let read = HlTime::parse(&format!("20240229103059{text}")).expect("reads");
            let offset = read.offset().expect("has an offset");
            assert_eq!(
                (offset.minutes, offset.four_digits),
                (minutes, text.len() == 5),
                "{text}"
            );
        }
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        for text in [
            "",
            "24",
            "20241",
            "2024022",
            "20230229",
            "20241301",
            "20240100",
            "2024010124",
            "202401011260",
            "20240101120060",
            "20240101120000+",
            "20240101120000+01000",
            "20240101120000+1500",
            "20240101120000+0160",
            "20240101120000.",
            "202401011200.5",
            "20240101120000Z",
            "2024-01-01",
            "+2024",
            "２０２４",
        ] {
            assert_eq!(HlTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn utc_keeps_the_instant_and_the_precision() {
        assert_eq!(
            utc("20240101003000+0100").as_deref(),
            Some("20231231233000")
        );
        assert_eq!(utc("202401010030+0100").as_deref(), Some("202312312330"));
        assert_eq!(utc("2024010100+0100").as_deref(), Some("2023123123"));
        assert_eq!(utc("2024010100+0530").as_deref(), Some("202312311830"));
        assert_eq!(
            utc("20240101003000-0400").as_deref(),
            Some("20240101043000")
        );
        assert_eq!(
            utc("20240101003000"),
            None,
            "a time without offset is ambiguous"
        );
        assert_eq!(utc("20240101").as_deref(), Some("20240101"));
        assert_eq!(utc("20240101+0100").as_deref(), Some("20240101"));
        assert_eq!(utc("00000101003000+0100"), None);
    }

    #[test]
    fn instants_need_a_time_and_an_offset() {
        let instant = |text| HlTime::parse(text).expect("reads").instant();
        assert_eq!(
            instant("19700101010000+0100"),
            Some(UtcDateTime::UNIX_EPOCH)
        );
        assert_eq!(instant("19700101"), None);
        assert_eq!(instant("19700101010000"), None);
    }
}
