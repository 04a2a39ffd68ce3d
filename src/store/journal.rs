//! The journal: append-only, each entry chained with SHA-256 to the one before.
//!
//! | file | holds |
//! |---|---|
//! | `chain` | the hash of an entry, and the walk that finds the first bad one |
//! | `seal` | checkpoints under a key kept elsewhere: what a chain alone cannot show is the loss of its end |
//! | `retention` | what was removed after its time, and from where the chain is vouched for since |
//! | `oversight` | chain, boundaries and seals checked together |
//! | `fault` | what can be found wrong, with its code, its sentence and what to do |

mod chain;
mod fault;
mod oversight;
mod retention;
mod seal;
#[cfg(test)]
mod tests;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

pub use chain::Verification;
pub(super) use chain::verify;
pub use fault::{Fault, Wrong};
pub(super) use oversight::check;
pub use oversight::{Note, SealedVerification, SealsChecked};
pub use retention::Boundary;
pub(super) use retention::prune;
pub(crate) use retention::{Pruned, Pruning};
pub(super) use seal::seal;
pub use seal::{Hash, Seal, SealKey};

use super::register::{Consulted, Emergency};
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
///
/// An entry may be deleted once a boundary beyond it is recorded; a boundary can only be that of an entry
/// that is there, and after the last one. Seals and boundaries themselves are never changed nor removed.
pub(super) const OVERSIGHT: &str = "
CREATE TABLE journal_seal (
    serial INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    head BLOB NOT NULL,
    entries INTEGER NOT NULL,
    at INTEGER NOT NULL,
    structure TEXT NOT NULL,
    mac BLOB NOT NULL,
    digest BLOB NOT NULL
) STRICT;
CREATE TRIGGER journal_seal_is_not_updated BEFORE UPDATE ON journal_seal
BEGIN SELECT RAISE(ABORT, 'seals are append-only'); END;
CREATE TRIGGER journal_seal_is_not_deleted BEFORE DELETE ON journal_seal
BEGIN SELECT RAISE(ABORT, 'seals are append-only'); END;
CREATE TABLE journal_boundary (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    removed INTEGER NOT NULL,
    before INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    structure TEXT NOT NULL,
    reason TEXT NOT NULL,
    seals INTEGER NOT NULL,
    seals_digest BLOB NOT NULL,
    digest BLOB NOT NULL
) STRICT;
CREATE TRIGGER journal_boundary_is_of_an_entry BEFORE INSERT ON journal_boundary
WHEN NEW.number <= (SELECT coalesce(max(number), 0) FROM journal_boundary)
    OR NEW.hash IS NOT (SELECT hash FROM journal WHERE number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'a boundary is that of an entry'); END;
CREATE TRIGGER journal_boundary_is_not_updated BEFORE UPDATE ON journal_boundary
BEGIN SELECT RAISE(ABORT, 'boundaries are append-only'); END;
CREATE TRIGGER journal_boundary_is_not_deleted BEFORE DELETE ON journal_boundary
BEGIN SELECT RAISE(ABORT, 'boundaries are append-only'); END;
DROP TRIGGER journal_is_not_deleted;
CREATE TRIGGER journal_is_not_deleted BEFORE DELETE ON journal
WHEN OLD.number > (SELECT coalesce(max(number), 0) FROM journal_boundary)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
";

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

/// Appends an entry within the caller's transaction.
pub(super) fn append(c: &Connection, e: &NewEntry<'_>) -> Result<()> {
    let last: Option<(i64, Vec<u8>)> = c
        .prepare_cached("SELECT number, hash FROM journal ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (number, previous) = match last {
        Some((number, hash)) => (number + 1, hash),
        // None is left of those that were: the chain goes on from where it was cut.
        None => {
            let boundary = retention::newest(c)?;
            boundary.map_or((1, chain::GENESIS.to_vec()), |b| (b.number + 1, b.hash))
        }
    };
    let hash = chain::Hashed {
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
    /// Up to this number, included.
    pub through: Option<i64>,
    pub limit: Option<usize>,
}

/// Entries in order, those that the selection keeps.
pub(super) fn entries(c: &Connection, s: &Selection<'_>) -> Result<Vec<Entry>> {
    let mut all = Vec::new();
    each(c, s, |entry, _| {
        all.push(entry);
        Ok(())
    })?;
    Ok(all)
}

/// Hands over in order the entries that the selection keeps, each with the hash of the one before it; none
/// stands in memory longer than that.
pub(super) fn each(
    c: &Connection,
    s: &Selection<'_>,
    mut take: impl FnMut(Entry, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut statement = c.prepare_cached(&format!(
        "{ENTRY} WHERE number > ?1 AND number <= ?9 AND at >= ?2 AND at < ?3
           AND (?4 IS NULL OR patient = ?4) AND (?5 IS NULL OR actor = ?5)
           AND (?6 IS NULL OR action = ?6) AND (?7 IS NULL OR document = ?7)
         ORDER BY number LIMIT ?8"
    ))?;
    let mut rows = statement.query(params![
        s.after.unwrap_or(0),
        s.from.map_or(i64::MIN, Instant::millis),
        s.to.map_or(i64::MAX, Instant::millis),
        s.patient,
        s.actor,
        s.action,
        s.document,
        s.limit.map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX)),
        s.through.unwrap_or(i64::MAX),
    ])?;
    while let Some(row) = rows.next()? {
        let found = stored(row)?;
        take(found.entry, &found.previous)?;
    }
    Ok(())
}

/// The number of the last entry; 0 before the first.
pub(super) fn last(c: &Connection) -> Result<i64> {
    Ok(
        c.prepare_cached("SELECT coalesce(max(number), 0) FROM journal")?
            .query_row([], |row| row.get(0))?,
    )
}

/// How many entries name a document.
pub(super) fn mentions(c: &Connection, document: &str) -> Result<i64> {
    Ok(
        c.prepare_cached("SELECT count(*) FROM journal WHERE document = ?1")?
            .query_row([document], |row| row.get(0))?,
    )
}

/// What a bris de glace was used for. Its entries are those of this person on this patient in that mode, while it
/// lasted. `None` when some of them may have been removed after their time.
pub(super) fn consulted(c: &Connection, e: &Emergency) -> Result<Option<Consulted>> {
    let gone = retention::newest(c)?.is_some_and(|boundary| e.opened_at < boundary.before);
    if gone {
        return Ok(None);
    }
    let end = e.closed_at.unwrap_or(e.closes_at);
    Ok(c.prepare_cached(
        "SELECT count(*) FILTER (WHERE outcome = 'done'
                 AND action IN ('document.find', 'document.news', 'document.reference')),
             count(*) FILTER (WHERE outcome = 'done' AND action = 'document.read'),
             count(DISTINCT document) FILTER (WHERE outcome = 'done' AND action = 'document.read'),
             count(*) FILTER (WHERE outcome IN ('refused', 'refused_by_dmp', 'unknown')
                 AND action <> 'access.open')
         FROM journal
         WHERE patient = ?1 AND actor = ?2 AND mode = 'bris_de_glace' AND at >= ?3 AND at <= ?4",
    )?
    .query_row(
        params![e.patient, e.actor, e.opened_at.millis(), end.millis()],
        |row| {
            Ok(Some(Consulted {
                searches: row.get(0)?,
                reads: row.get(1)?,
                documents: row.get(2)?,
                refused: row.get(3)?,
            }))
        },
    )?)
}
