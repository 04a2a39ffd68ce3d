//! Coded notions, and the days between which they are in force.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::document::{Coded, Dtm};

/// A day of the calendar, `YYYYMMDD`: the form of the versions of the ANS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Day(u32);

impl Day {
    /// A day written in a table: a wrong one does not compile.
    pub(super) const fn literal(digits: u32) -> Day {
        match Day::of_digits(digits) {
            Some(day) => day,
            None => panic!("not a day"),
        }
    }

    /// Reads eight digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Day> {
        if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Day::of_digits(text.parse().ok()?)
    }

    /// The day of an instant, in UTC.
    #[must_use]
    pub fn of(at: Instant) -> Option<Day> {
        Day::parse(Dtm::of(at).as_str().get(..8)?)
    }

    const fn of_digits(digits: u32) -> Option<Day> {
        let (year, month, day) = (digits / 10_000, digits / 100 % 100, digits % 100);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 31,
        };
        // The nomenclatures are of this century and the last.
        if year < 1900 || year > 9999 || month < 1 || month > 12 || day < 1 || day > last {
            return None;
        }
        Some(Day(digits))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

impl TryFrom<String> for Day {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Day, Self::Error> {
        Day::parse(&text).ok_or("must be a day, YYYYMMDD")
    }
}

/// One coded notion: its system, its code, its French label, and when it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concept {
    /// OID of the code system, or the literal `URN` or `ASTM`.
    pub system: Cow<'static, str>,
    /// The code, case-sensitive.
    pub code: Cow<'static, str>,
    /// The label in the version of the set, in French where the set has one.
    pub label: Cow<'static, str>,
    /// First day in force, when it is known.
    pub since: Option<Day>,
    /// Day from which it is no longer in force. A concept that has one is retired.
    pub until: Option<Day>,
}

impl Concept {
    /// A row of a table.
    pub(super) const fn literal(
        system: &'static str,
        code: &'static str,
        label: &'static str,
    ) -> Concept {
        Concept {
            system: Cow::Borrowed(system),
            code: Cow::Borrowed(code),
            label: Cow::Borrowed(label),
            since: None,
            until: None,
        }
    }

    /// The same row, added in a version of its set.
    #[must_use]
    pub(super) const fn since(mut self, day: u32) -> Concept {
        self.since = Some(Day::literal(day));
        self
    }

    /// The same row, retired by a version of its set.
    #[must_use]
    pub(super) const fn until(mut self, day: u32) -> Concept {
        self.until = Some(Day::literal(day));
        self
    }

    /// Whether a document may no longer be written with it.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.until.is_some()
    }

    /// Whether it is in force on this day.
    #[must_use]
    pub fn is_in_force(&self, day: Day) -> bool {
        self.since.is_none_or(|since| since <= day) && self.until.is_none_or(|until| day < until)
    }

    /// Whether it has this system and this code.
    #[must_use]
    pub fn is(&self, system: &str, code: &str) -> bool {
        self.system == system && self.code == code
    }

    /// Its system, code and label.
    #[must_use]
    pub fn coded(&self) -> Coded {
        Coded::new(&self.code, &self.system, &self.label)
    }

    /// What tables are sorted by.
    pub(super) fn key(&self) -> (&str, &str) {
        (&self.system, &self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_eight_digits_of_the_calendar() {
        for (text, expected) in [
            ("20240927", true),
            ("20240229", true),
            ("20250229", false),
            ("20240431", false),
            ("20241301", false),
            ("20240100", false),
            ("2024092", false),
            ("202409270", false),
            ("+2024092", false),
            ("00010101", false),
        ] {
            assert_eq!(Day::parse(text).is_some(), expected, "{text}");
        }
        assert_eq!(Day::literal(20_240_927).to_string(), "20240927");
    }

    #[test]
    fn a_concept_is_in_force_from_its_first_day_to_the_eve_of_its_last() {
        let day = Day::literal;
        let c = Concept::literal("s", "c", "l")
            .since(2024_0927)
            .until(2025_0101);
        assert!(!c.is_in_force(day(2024_0926)));
        assert!(c.is_in_force(day(2024_0927)));
        assert!(c.is_in_force(day(2024_1231)));
        assert!(!c.is_in_force(day(2025_0101)));
        assert!(c.is_retired());
    }
}
