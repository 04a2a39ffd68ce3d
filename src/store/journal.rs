//! The journal: append-only, each entry chained with SHA-256 to the one before.
//!
//! The hash of an entry covers its number, the previous hash and every field, each with its length, so
//! that no change, removal, insertion or swap leaves the chain whole. What a chain alone cannot show is
//! the loss of its last entries.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::clock::Instant;
use crate::error::Result;

pub(super) const TABLE: &str = "
CREATE TABLE journal (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    structure TEXT NOT NULL,
    patient TEXT,
    mode TEXT,
    action TEXT NOT NULL,
    document TEXT,
    outcome TEXT NOT NULL,
    rule TEXT,
    basis TEXT,
    detail TEXT,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX journal_by_patient ON journal (patient, number);
CREATE INDEX journal_by_document ON journal (document) WHERE document IS NOT NULL;
CREATE TRIGGER journal_is_not_updated BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_not_deleted BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
";

/// What version 2 of the register adds: seals and retention.
pub(super) const OVERSIGHT: &str = "";

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// About to be asked of the DMP: written before, so that no effect goes without an entry.
    Intent,
    /// Done.
    Done,
    /// Refused by the connector, before the network.
    Refused,
    /// Refused by the DMP.
    RefusedByDmp,
    /// The document does not exist for the person.
    Unknown,
    /// Failed.
    Failed,
}

impl Outcome {
    /// As stored and shown.
    pub const fn code(self) -> &'static str {
        match self {
            Outcome::Intent => "intent",
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::RefusedByDmp => "refused_by_dmp",
            Outcome::Unknown => "unknown",
            Outcome::Failed => "failed",
        }
    }
}

/// An entry to append.
#[derive(Debug, Clone)]
pub(crate) struct NewEntry<'a> {
    pub at: Instant,
    pub actor: &'a str,
    pub structure: &'a str,
    /// CX of the INS.
    pub patient: Option<&'a str>,
    pub mode: Option<&'a str>,
    pub action: &'a str,
    /// uniqueId.
    pub document: Option<&'a str>,
    pub outcome: Outcome,
    /// Rule of a refusal, or the DMP's code.
    pub rule: Option<&'a str>,
    /// What allowed it: consent record, emergency.
    pub basis: Option<&'a str>,
    /// What else is to be known: the reason of a bris de glace, a count.
    pub detail: Option<&'a str>,
}

/// An entry as the practice's oversight reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Place in the chain, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    /// When.
    pub at: Instant,
    /// PS_IdNat or Struct_IdNat.
    pub actor: String,
    /// Struct_IdNat.
    pub structure: String,
    /// CX of the INS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    /// Access mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// What was done.
    pub action: String,
    /// uniqueId.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// `intent`, `done`, `refused`, `refused_by_dmp`, `unknown`, `failed`.
    pub outcome: String,
    /// Rule of a refusal, or the DMP's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What allowed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// What else is to be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// SHA-256 of the entry, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// What checking the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether the chain is whole.
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
}

/// The hash of the entry before the first.
const GENESIS: [u8; 32] = [0; 32];

/// The fields of an entry as they are hashed, in order.
struct Hashed<'a> {
    number: i64,
    at: i64,
    texts: [Option<&'a str>; 10],
    previous: &'a [u8],
}

impl Hashed<'_> {
    fn hash(&self) -> [u8; 32] {
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

/// Appends an entry within the caller's transaction.
pub(super) fn append(c: &Connection, e: &NewEntry<'_>) -> Result<()> {
    let last: Option<(i64, Vec<u8>)> = c
        .prepare_cached("SELECT number, hash FROM journal ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (number, previous) = match last {
        Some((number, hash)) => (number + 1, hash),
        None => (1, GENESIS.to_vec()),
    };
    let hash = Hashed {
        number,
        at: e.at.millis(),
        texts: [
            Some(e.actor),
            Some(e.structure),
            e.patient,
            e.mode,
            Some(e.action),
            e.document,
            Some(e.outcome.code()),
            e.rule,
            e.basis,
            e.detail,
        ],
        previous: &previous,
    }
    .hash();
    c.prepare_cached(
        "INSERT INTO journal (number, at, actor, structure, patient, mode, action, document, outcome,
             rule, basis, detail, previous, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        number,
        e.at.millis(),
        e.actor,
        e.structure,
        e.patient,
        e.mode,
        e.action,
        e.document,
        e.outcome.code(),
        e.rule,
        e.basis,
        e.detail,
        previous,
        hash,
    ])?;
    Ok(())
}

const ENTRY: &str = "SELECT number, at, actor, structure, patient, mode, action, document, outcome,
    rule, basis, detail, previous, hash FROM journal";

struct Stored {
    entry: Entry,
    at: i64,
    previous: Vec<u8>,
    hash: Vec<u8>,
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let at: i64 = row.get(1)?;
    let hash: Vec<u8> = row.get(13)?;
    Ok(Stored {
        entry: Entry {
            number: Some(row.get(0)?),
            at: Instant::from_millis(at).ok_or(rusqlite::Error::IntegralValueOutOfRange(1, at))?,
            actor: row.get(2)?,
            structure: row.get(3)?,
            patient: row.get(4)?,
            mode: row.get(5)?,
            action: row.get(6)?,
            document: row.get(7)?,
            outcome: row.get(8)?,
            rule: row.get(9)?,
            basis: row.get(10)?,
            detail: row.get(11)?,
            hash: Some(crate::document::ids::hex(&hash)),
        },
        at,
        previous: row.get(12)?,
        hash,
    })
}

/// What to keep of the journal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection<'a> {
    pub patient: Option<&'a str>,
    pub actor: Option<&'a str>,
    pub action: Option<&'a str>,
    pub document: Option<&'a str>,
    pub from: Option<Instant>,
    pub to: Option<Instant>,
    pub after: Option<i64>,
    pub limit: Option<usize>,
}

/// Entries in order, those that the selection keeps.
pub(super) fn entries(c: &Connection, s: &Selection<'_>) -> Result<Vec<Entry>> {
    let mut statement = c.prepare_cached(&format!(
        "{ENTRY} WHERE number > ?1 AND at >= ?2 AND at < ?3
           AND (?4 IS NULL OR patient = ?4) AND (?5 IS NULL OR actor = ?5)
           AND (?6 IS NULL OR action = ?6) AND (?7 IS NULL OR document = ?7)
         ORDER BY number LIMIT ?8"
    ))?;
    let rows = statement.query_map(
        params![
            s.after.unwrap_or(0),
            s.from.map_or(i64::MIN, Instant::millis),
            s.to.map_or(i64::MAX, Instant::millis),
            s.patient,
            s.actor,
            s.action,
            s.document,
            s.limit.map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX)),
        ],
        |row| stored(row).map(|s| s.entry),
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many entries name a document.
pub(super) fn mentions(c: &Connection, document: &str) -> Result<i64> {
    Ok(
        c.prepare_cached("SELECT count(*) FROM journal WHERE document = ?1")?
            .query_row([document], |row| row.get(0))?,
    )
}

/// Walks the chain from its beginning.
pub(super) fn verify(c: &Connection) -> Result<Verification> {
    let mut statement = c.prepare_cached(&format!("{ENTRY} ORDER BY number"))?;
    let mut rows = statement.query([])?;
    let mut previous = GENESIS.to_vec();
    let mut expected = 1;
    let bad = |expected: i64, previous: &[u8], reason| Verification {
        intact: false,
        entries: expected - 1,
        head: crate::document::ids::hex(previous),
        first_bad: Some(expected),
        reason: Some(reason),
    };
    while let Some(row) = rows.next()? {
        let Ok(number) = row.get::<_, i64>(0) else {
            return Ok(bad(expected, &previous, "its number cannot be read"));
        };
        if number != expected {
            return Ok(bad(expected, &previous, "it is missing"));
        }
        let Ok(s) = stored(row) else {
            return Ok(bad(expected, &previous, "a field cannot be read"));
        };
        if s.previous != previous {
            return Ok(bad(
                expected,
                &previous,
                "it does not follow the entry before",
            ));
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
            return Ok(bad(
                expected,
                &previous,
                "its content does not match its hash",
            ));
        }
        previous = s.hash;
        expected += 1;
    }
    Ok(Verification {
        intact: true,
        entries: expected - 1,
        head: crate::document::ids::hex(&previous),
        first_bad: None,
        reason: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(entries: usize) -> Connection {
        let c = Connection::open_in_memory().unwrap();
        c.execute_batch(TABLE).unwrap();
        for i in 0..entries {
            let detail = format!("entry {i}");
            append(
                &c,
                &NewEntry {
                    at: Instant::from_millis(i as i64).unwrap(),
                    actor: "801234567890",
                    structure: "1120456789",
                    patient: Some("p"),
                    mode: Some("normal"),
                    action: "read",
                    document: (i % 2 == 0).then_some("1.2.3"),
                    outcome: Outcome::Done,
                    rule: None,
                    basis: Some("consent 1"),
                    detail: Some(&detail),
                },
            )
            .unwrap();
        }
        c
    }

    /// What a person with the file and a SQLite shell can do.
    fn tamper(c: &Connection, sql: &str) {
        c.execute_batch(
            "DROP TRIGGER journal_is_not_updated; DROP TRIGGER journal_is_not_deleted;",
        )
        .unwrap();
        c.execute_batch(sql).unwrap();
    }

    #[test]
    fn an_untouched_journal_is_intact_and_its_head_moves() {
        let c = journal(5);
        let five = verify(&c).unwrap();
        assert!(five.intact);
        assert_eq!(five.entries, 5);
        assert_ne!(verify(&journal(4)).unwrap().head, five.head);
        assert!(verify(&journal(0)).unwrap().intact);
    }

    #[test]
    fn the_journal_cannot_be_changed_through_its_own_file() {
        let c = journal(3);
        assert!(
            c.execute("UPDATE journal SET actor = 'x' WHERE number = 2", [])
                .is_err()
        );
        assert!(
            c.execute("DELETE FROM journal WHERE number = 2", [])
                .is_err()
        );
    }

    #[test]
    fn every_field_changed_is_found_at_its_entry() {
        for column in [
            "at = at + 1",
            "actor = actor || ' '",
            "structure = 'x'",
            "patient = NULL",
            "patient = ''",
            "mode = 'bris_de_glace'",
            "action = 'find'",
            "document = '1.2.4'",
            "outcome = 'refused'",
            "rule = ''",
            "basis = NULL",
            "detail = 'other'",
            "previous = zeroblob(32)",
            "hash = zeroblob(32)",
        ] {
            let c = journal(5);
            tamper(&c, &format!("UPDATE journal SET {column} WHERE number = 3"));
            let v = verify(&c).unwrap();
            assert_eq!((v.intact, v.first_bad), (false, Some(3)), "{column}");
        }
    }

    #[test]
    fn removal_swap_and_renumbering_are_found() {
        for (sql, first_bad) in [
            ("DELETE FROM journal WHERE number = 3", 3),
            ("DELETE FROM journal WHERE number = 1", 1),
            (
                "UPDATE journal SET number = 99 WHERE number = 2;
                 UPDATE journal SET number = 2 WHERE number = 3;
                 UPDATE journal SET number = 3 WHERE number = 99;",
                2,
            ),
            (
                "DELETE FROM journal WHERE number = 3;
                 UPDATE journal SET number = number - 1 WHERE number > 3;",
                3,
            ),
        ] {
            let c = journal(5);
            tamper(&c, sql);
            assert_eq!(verify(&c).unwrap().first_bad, Some(first_bad), "{sql}");
        }
    }
}
