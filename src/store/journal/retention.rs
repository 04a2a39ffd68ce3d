//! Retention: entries removed after their time, and the boundary from which the chain is vouched for since.
//!
//! A boundary holds the number and the hash of the last entry removed, and the digest of the boundaries and seals
//! before it; the journal's own entry of the purge repeats them. The chain then begins there, as surely as it
//! began at its first entry.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::chain::GENESIS;
use super::{NewEntry, Outcome, seal};
use crate::clock::Instant;
use crate::document::ids::hex;
use crate::error::Result;
use crate::store::register::instant;

/// The action under which the journal tells of a purge.
pub(super) const ACTION: &str = "journal.prune";

/// Up to where entries were removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Boundary {
    /// Number of the last entry removed.
    pub number: i64,
    /// Its hash: that of the entry before the first one left.
    pub hash: String,
    /// Entries removed then.
    pub removed: i64,
    /// All of them were older than this.
    pub before: Instant,
    /// When they were removed.
    pub at: Instant,
    /// By whom: PS_IdNat or Struct_IdNat.
    pub actor: String,
    /// In which structure.
    pub structure: String,
    /// Why.
    pub reason: String,
}

/// What is to be removed, and by whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pruning<'a> {
    pub before: Instant,
    pub reason: &'a str,
    pub actor: &'a str,
    pub structure: &'a str,
    pub at: Instant,
}

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pruned {
    pub boundary: Boundary,
    /// Seals of which the entry is gone.
    pub seals_below: i64,
}

/// A boundary in the register.
pub(super) struct Stored {
    pub number: i64,
    pub hash: Vec<u8>,
    pub removed: i64,
    pub before: Instant,
    pub at: Instant,
    pub actor: String,
    pub structure: String,
    pub reason: String,
    /// The last seal at that time, and its digest.
    pub seals: i64,
    pub seals_digest: Vec<u8>,
    /// Of this boundary and of all before it.
    pub digest: Vec<u8>,
}

impl Stored {
    fn digest(&self, previous: &[u8]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(b"dmpkit boundary 1\n");
        for number in [
            self.number,
            self.removed,
            self.before.millis(),
            self.at.millis(),
            self.seals,
        ] {
            hasher.update(number.to_be_bytes());
        }
        for part in [
            previous,
            &self.hash,
            &self.seals_digest,
            self.actor.as_bytes(),
            self.structure.as_bytes(),
            self.reason.as_bytes(),
        ] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }

    /// How the journal tells of it.
    fn mention(&self) -> String {
        format!(
            "boundary {}; hash {}; removed {}; before {}; record {}; {}",
            self.number,
            hex(&self.hash),
            self.removed,
            self.before,
            hex(&self.digest),
            self.reason
        )
    }

    fn shown(&self) -> Boundary {
        Boundary {
            number: self.number,
            hash: hex(&self.hash),
            removed: self.removed,
            before: self.before,
            at: self.at,
            actor: self.actor.clone(),
            structure: self.structure.clone(),
            reason: self.reason.clone(),
        }
    }

    /// Whether the journal tells of it.
    fn is_told(&self, c: &Connection) -> Result<bool> {
        Ok(c.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM journal WHERE number > ?1 AND action = ?2 AND detail = ?3
                 AND at = ?4 AND actor = ?5 AND structure = ?6 AND outcome = ?7)",
        )?
        .query_row(
            params![
                self.number,
                ACTION,
                self.mention(),
                self.at.millis(),
                self.actor,
                self.structure,
                Outcome::Done.code(),
            ],
            |row| row.get(0),
        )?)
    }
}

const COLUMNS: &str =
    "number, hash, removed, before, at, actor, structure, reason, seals, seals_digest, digest";

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        number: row.get(0)?,
        hash: row.get(1)?,
        removed: row.get(2)?,
        before: instant(row.get(3)?)?,
        at: instant(row.get(4)?)?,
        actor: row.get(5)?,
        structure: row.get(6)?,
        reason: row.get(7)?,
        seals: row.get(8)?,
        seals_digest: row.get(9)?,
        digest: row.get(10)?,
    })
}

/// The last boundary.
pub(super) fn newest(c: &Connection) -> Result<Option<Stored>> {
    let sql = format!("SELECT {COLUMNS} FROM journal_boundary ORDER BY number DESC LIMIT 1");
    Ok(c.prepare_cached(&sql)?.query_row([], stored).optional()?)
}

/// Where the chain begins.
pub(super) struct Start {
    /// Number and hash of the entry before the first.
    pub number: i64,
    pub hash: Vec<u8>,
    /// The boundary, when there is one.
    pub boundary: Option<Boundary>,
    /// Entries are gone for which the journal does not vouch.
    pub unvouched: bool,
    /// Then, where the chain would go on from the last boundary, if that one is as it was written: what should tell of
    /// it may be what was changed.
    pub claimed: Option<(i64, Vec<u8>)>,
}

/// Finds where the chain begins: at the last boundary if the journal tells of it and none was changed; otherwise at
/// the last one that can be vouched for, or at the first entry of all.
pub(super) fn start(c: &Connection) -> Result<Start> {
    let sql = format!("SELECT {COLUMNS} FROM journal_boundary ORDER BY number");
    let mut statement = c.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut start = Start {
        number: 0,
        hash: GENESIS.to_vec(),
        boundary: None,
        unvouched: false,
        claimed: None,
    };
    let mut previous = GENESIS.to_vec();
    while let Some(row) = rows.next()? {
        let whole = stored(row)
            .ok()
            .filter(|found| found.digest(&previous)[..] == found.digest[..]);
        let Some(found) = whole else {
            start.unvouched = true;
            start.claimed = None;
            return Ok(start);
        };
        // A later purge may have removed the entry that told of an earlier one, for which it then vouches.
        start.unvouched = !found.is_told(c)?;
        if !start.unvouched {
            start.number = found.number;
            start.hash = found.hash.clone();
            start.boundary = Some(found.shown());
        }
        start.claimed = start.unvouched.then(|| (found.number, found.hash.clone()));
        previous = found.digest;
    }
    Ok(start)
}

/// The last entry of those from the first on that are older than an instant: number and hash. `None` when there is
/// none to remove.
fn boundary_before(c: &Connection, before: Instant) -> Result<Option<(i64, Vec<u8>)>> {
    Ok(c.prepare_cached(
        "SELECT number, hash FROM journal
         WHERE number < (SELECT coalesce(min(number), 9223372036854775807) FROM journal WHERE at >= ?1)
         ORDER BY number DESC LIMIT 1",
    )?
    .query_row([before.millis()], |row| Ok((row.get(0)?, row.get(1)?)))
    .optional()?)
}

/// Removes the entries from the first on that are older than an instant, within the caller's transaction: records the
/// boundary, tells of it in the journal, deletes. `None` when there is none to remove.
pub(in crate::store) fn prune(c: &Connection, what: Pruning<'_>) -> Result<Option<Pruned>> {
    let Some((number, hash)) = boundary_before(c, what.before)? else {
        return Ok(None);
    };
    let removed: i64 = c
        .prepare_cached("SELECT count(*) FROM journal WHERE number <= ?1")?
        .query_row([number], |row| row.get(0))?;
    let previous = newest(c)?.map_or(GENESIS.to_vec(), |boundary| boundary.digest);
    let (seals, seals_digest) = seal::last(c)?;
    let mut boundary = Stored {
        number,
        hash,
        removed,
        before: what.before,
        at: what.at,
        actor: what.actor.to_owned(),
        structure: what.structure.to_owned(),
        reason: what.reason.to_owned(),
        seals,
        seals_digest: seals_digest.0.to_vec(),
        digest: Vec::new(),
    };
    boundary.digest = boundary.digest(&previous).to_vec();
    c.prepare_cached(&format!(
        "INSERT INTO journal_boundary ({COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    ))?
    .execute(params![
        boundary.number,
        boundary.hash,
        boundary.removed,
        boundary.before.millis(),
        boundary.at.millis(),
        boundary.actor,
        boundary.structure,
        boundary.reason,
        boundary.seals,
        boundary.seals_digest,
        boundary.digest,
    ])?;
    super::append(
        c,
        &NewEntry {
            at: what.at,
            actor: what.actor,
            structure: what.structure,
            patient: None,
            mode: None,
            action: ACTION,
            document: None,
            outcome: Outcome::Done,
            rule: None,
            basis: None,
            detail: Some(&boundary.mention()),
        },
    )?;
    c.execute("DELETE FROM journal WHERE number <= ?1", [number])?;
    let seals_below = c
        .prepare_cached("SELECT count(*) FROM journal_seal WHERE number < ?1")?
        .query_row([number], |row| row.get(0))?;
    Ok(Some(Pruned {
        boundary: boundary.shown(),
        seals_below,
    }))
}
