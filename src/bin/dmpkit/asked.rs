//! What several commands take from the command line: days, patients.

use dmpkit::clock::Instant;
use dmpkit::identity::Ins;

use crate::{Outcome, output};

/// The beginning of a day of the calendar (UTC), or of one so many days after.
pub fn day(text: Option<&str>, after: i64) -> Result<Option<Instant>, Outcome> {
    let Some(text) = text else {
        return Ok(None);
    };
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let spelled = match digits.as_bytes() {
        [_, _, _, _, _, _, _, _] if digits.is_ascii() => format!(
            "{}-{}-{}T00:00:00Z",
            &digits[..4],
            &digits[4..6],
            &digits[6..]
        ),
        _ => String::new(),
    };
    match Instant::parse(&spelled) {
        Ok(day) => Ok(Some(day.plus_days(after))),
        Err(_) => {
            output::complain("Une date s'écrit AAAA-MM-JJ ou AAAAMMJJ.");
            Err(Outcome::ToCorrect)
        }
    }
}

/// An INS as people write it: the matricule and the OID of its authority.
pub fn ins(text: &str) -> Option<Ins> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c == ';' || c == ',')
        .filter(|word| !word.is_empty())
        .collect();
    match words[..] {
        [matricule, oid] => Ins::new(matricule, oid).ok(),
        _ => None,
    }
}
