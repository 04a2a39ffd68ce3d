//! The chain: the hash of an entry covers its number, the hash before and every field, each with its length, so
//! that no change, removal, insertion or swap leaves the chain whole.

use rusqlite::Connection;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::fault::{Fault, Wrong};
use super::retention::{self, Boundary, Start};
use super::{ENTRY, stored};
use crate::document::ids::hex;
use crate::error::Result;

/// What checking the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether the chain is whole, from its first entry or from the boundary.
    pub intact: bool,
    /// Entries checked.
    pub entries: i64,
    /// Hash of the last good entry: noted elsewhere, it shows a later truncation.
    pub head: String,
    /// Number of the first bad entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_bad: Option<i64>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The same with its stable code, in French, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// From where the chain is vouched for, when earlier entries were removed after their time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Boundary>,
}

/// The hash of the entry before the first.
pub(super) const GENESIS: [u8; 32] = [0; 32];

/// The fields of an entry as they are hashed, in order.
pub(super) struct Hashed<'a> {
    pub number: i64,
    pub at: i64,
    pub texts: [Option<&'a str>; 10],
    pub previous: &'a [u8],
}

impl Hashed<'_> {
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(b"dmpkit journal 1\n");
        hasher.update(self.number.to_be_bytes());
        hasher.update((self.previous.len() as u64).to_be_bytes());
        hasher.update(self.previous);
        hasher.update(self.at.to_be_bytes());
        for text in self.texts {
            match text {
                // Absent and empty are not the same entry.
                None => hasher.update([0]),
                Some(text) => {
                    hasher.update([1]);
                    hasher.update((text.len() as u64).to_be_bytes());
                    hasher.update(text.as_bytes());
                }
            }
        }
        hasher.finalize().into()
    }
}

/// Walks the chain from its beginning, or from the boundary.
pub(in crate::store) fn verify(c: &Connection) -> Result<Verification> {
    let Start {
        number: mut begin,
        hash: mut previous,
        boundary,
        unvouched,
        claimed,
    } = retention::start(c)?;
    let mut expected = begin + 1;
    let wrong = match claimed {
        _ if !unvouched => walk(c, &mut expected, &mut previous)?,
        None => Some(Wrong::Unvouched),
        Some((number, hash)) => {
            let (mut at, mut last) = (number + 1, hash);
            match walk(c, &mut at, &mut last)? {
                None => Some(Wrong::Unvouched),
                // It is the entry that told of the boundary, or one before it.
                wrong => {
                    (begin, expected, previous) = (number, at, last);
                    wrong
                }
            }
        }
    };
    Ok(Verification {
        intact: wrong.is_none(),
        entries: expected - 1 - begin,
        head: hex(&previous),
        first_bad: wrong.map(|_| expected),
        reason: wrong.map(Wrong::reason),
        fault: wrong.map(|wrong| Fault::at(wrong, expected)),
        boundary,
    })
}

/// Goes as far as the chain is good; then `expected` is the number of the first bad entry.
fn walk(c: &Connection, expected: &mut i64, previous: &mut Vec<u8>) -> Result<Option<Wrong>> {
    let begin = *expected;
    let mut statement = c.prepare_cached(&format!("{ENTRY} WHERE number >= ?1 ORDER BY number"))?;
    let mut rows = statement.query([begin])?;
    while let Some(row) = rows.next()? {
        let Ok(number) = row.get::<_, i64>(0) else {
            return Ok(Some(Wrong::Unreadable));
        };
        if number != *expected {
            return Ok(Some(Wrong::Missing));
        }
        let Ok(s) = stored(row) else {
            return Ok(Some(Wrong::Unreadable));
        };
        if s.previous != *previous {
            return Ok(Some(Wrong::Unlinked));
        }
        let e = &s.entry;
        let hash = Hashed {
            number,
            at: s.at,
            texts: [
                Some(&e.actor),
                Some(&e.structure),
                e.patient.as_deref(),
                e.mode.as_deref(),
                Some(&e.action),
                e.document.as_deref(),
                Some(&e.outcome),
                e.rule.as_deref(),
                e.basis.as_deref(),
                e.detail.as_deref(),
            ],
            previous: &s.previous,
        }
        .hash();
        if hash != s.hash[..] {
            return Ok(Some(Wrong::Changed));
        }
        *previous = s.hash;
        *expected += 1;
    }
    // An entry renumbered to before the beginning would pass unseen: it is missing from the end.
    let astray: bool = c
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM journal WHERE number < ?1)")?
        .query_row([begin], |row| row.get(0))?;
    Ok(astray.then_some(Wrong::Astray))
}
