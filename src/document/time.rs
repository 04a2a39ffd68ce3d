//! XDS timestamps: `YYYY[MM[DD[hh[mm[ss]]]]]`, always UTC (ITI TF-3 table 4.2.3.1.7-2, DTM).

use std::fmt;

use serde::{Deserialize, Serialize};
use time::{Date, Month};

use crate::clock::Instant;

/// A DTM: digits only, 4, 6, 8, 10, 12 or 14 of them, naming a real date.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Dtm(String);

/// The text is not a DTM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an XDS timestamp: YYYY[MM[DD[hh[mm[ss]]]]] in UTC is expected, naming a real date")]
pub struct DtmError;

impl Dtm {
    /// Reads a DTM.
    pub fn parse(text: &str) -> Option<Dtm> {
        start_of(text).map(|_| Dtm(text.to_owned()))
    }

    /// The DTM of an instant, to the second.
    pub fn of(at: Instant) -> Dtm {
        let t = at.date_time();
        Dtm(format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        ))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first instant it can mean: a partial date starts at its beginning.
    pub fn start(&self) -> Instant {
        // A Dtm exists only if start_of succeeded on it.
        start_of(&self.0).unwrap_or(Instant::from_millis(0).expect("zero is in range"))
    }
}

fn start_of(text: &str) -> Option<Instant> {
    if !matches!(text.len(), 4 | 6 | 8 | 10 | 12 | 14) || !text.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let two = |from: usize, absent: u8| match text.get(from..from + 2) {
        Some(digits) => digits.parse::<u8>().ok(),
        None => Some(absent),
    };
    let year: i32 = text[..4].parse().ok()?;
    let month = Month::try_from(two(4, 1)?).ok()?;
    let at = Date::from_calendar_date(year, month, two(6, 1)?)
        .ok()?
        .with_hms(two(8, 0)?, two(10, 0)?, two(12, 0)?)
        .ok()?;
    Instant::from_date_time(at.assume_utc())
}

impl TryFrom<String> for Dtm {
    type Error = DtmError;
    fn try_from(text: String) -> Result<Dtm, DtmError> {
        Dtm::parse(&text).ok_or(DtmError)
    }
}

impl From<Dtm> for String {
    fn from(dtm: Dtm) -> String {
        dtm.0
    }
}

impl fmt::Display for Dtm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_dates_start_at_their_beginning() {
        for (text, start) in [
            ("2026", "2026-01-01T00:00:00Z"),
            ("202602", "2026-02-01T00:00:00Z"),
            ("20260228", "2026-02-28T00:00:00Z"),
            ("2026022813", "2026-02-28T13:00:00Z"),
            ("202602281345", "2026-02-28T13:45:00Z"),
            ("20260228134559", "2026-02-28T13:45:59Z"),
        ] {
            let dtm = Dtm::parse(text).unwrap();
            assert_eq!(dtm.start(), Instant::parse(start).unwrap());
            assert_eq!(dtm.as_str(), text);
        }
        for bad in [
            "",
            "20",
            "20261",
            "20261301",
            "20260229",
            "2026022824",
            "2026-02",
            "20260228T",
        ] {
            assert!(Dtm::parse(bad).is_none(), "{bad}");
        }
    }
}
