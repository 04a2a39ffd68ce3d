//! What patients forbade since a backup, carried over from the register that is set aside into the one that takes its
//! place: a restore must not make an opposition unsaid.
//!
//! Only what forbids comes over: oppositions that stand, consents that were withdrawn or spent, and the patients whose
//! they are. What allows is collected again. Nothing comes from a register that is not the backup's own continuation.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::Tx;
use super::journal::{NewEntry, Outcome};
use super::outbox::damaged;
use super::sqlite::{immediate, to_json};
use crate::clock::Instant;
use crate::error::Result;
use crate::identity::{Ins, PsIdNat};
use crate::rules::consent::ConsentRecord;

/// How much was carried over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct CarriedOver {
    /// Oppositions to consultation or to feeding.
    pub oppositions: u64,
    /// Consents withdrawn, or spent by their one consultation.
    pub withdrawals: u64,
}

impl CarriedOver {
    /// Whether there was anything.
    pub(super) fn any(self) -> bool {
        self.oppositions + self.withdrawals > 0
    }
}

/// A patient of the register set aside, as his row has him, and what he agreed to and objected to.
struct Patient {
    ins: Ins,
    status: String,
    traits: String,
    confirmed: Option<String>,
    updated_at: i64,
    said: Vec<Said>,
}

/// A consent or an opposition, and who last did something with it.
struct Said {
    record: ConsentRecord,
    by: PsIdNat,
    /// Where this person last worked, by that register's journal.
    structure: String,
}

/// What came of it.
pub(super) enum Carried {
    /// All that there was.
    Over(CarriedOver),
    /// Nothing: the register set aside does not go on from this one.
    Foreign,
    /// Nothing: the register set aside could not be read whole.
    Unread,
}

/// Carries over, all or nothing.
///
/// Errors: those of `into` alone.
pub(super) fn carry_over(
    from: &mut Connection,
    into: &mut Connection,
    now: Instant,
) -> Result<Carried> {
    let to = Tx(immediate(into)?);
    let Some(last) = last_entry(&to)? else {
        return Ok(Carried::Foreign);
    };
    let Ok(old) = from.transaction().map(Tx) else {
        return Ok(Carried::Unread);
    };
    let known = || -> Result<Option<Vec<Patient>>> {
        if !continues(&old, &last)? {
            return Ok(None);
        }
        patients(&old).map(Some)
    };
    let patients = match known() {
        Ok(Some(patients)) => patients,
        Ok(None) => return Ok(Carried::Foreign),
        Err(_) => return Ok(Carried::Unread),
    };
    let mut carried = CarriedOver::default();
    for patient in &patients {
        for said in &patient.said {
            carry(&to, patient, said, now, &mut carried)?;
        }
    }
    to.0.commit()?;
    Ok(Carried::Over(carried))
}

/// Number and hash of the last entry of a journal.
fn last_entry(tx: &Tx<'_>) -> Result<Option<(i64, Vec<u8>)>> {
    let sql = "SELECT number, hash FROM journal ORDER BY number DESC LIMIT 1";
    let row =
        tx.0.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(row.optional()?)
}

/// Whether a journal goes on from an entry of another's.
fn continues(old: &Tx<'_>, (number, hash): &(i64, Vec<u8>)) -> Result<bool> {
    let sql = "SELECT hash = ?2 FROM journal WHERE number = ?1";
    let same = old
        .0
        .query_row(sql, params![number, hash], |row| row.get(0));
    Ok(same.optional()?.unwrap_or(false))
}

fn patients(old: &Tx<'_>) -> Result<Vec<Patient>> {
    let mut statement = old.0.prepare(
        "SELECT id, matricule, oid, status, traits, confirmed, updated_at FROM patient
         WHERE id IN (SELECT patient FROM consent) ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut patients = Vec::new();
    let mut structures = HashMap::new();
    while let Some(row) = rows.next()? {
        let (matricule, oid): (String, String) = (row.get(1)?, row.get(2)?);
        let consents = old.consents(row.get(0)?)?.into_iter();
        patients.push(Patient {
            ins: Ins::new(&matricule, &oid).map_err(|_| damaged())?,
            status: row.get(3)?,
            traits: row.get(4)?,
            confirmed: row.get(5)?,
            updated_at: row.get(6)?,
            said: consents
                .map(|record| said(old, record, &mut structures))
                .collect::<Result<_>>()?,
        });
    }
    Ok(patients)
}

fn said(
    old: &Tx<'_>,
    record: ConsentRecord,
    structures: &mut HashMap<PsIdNat, String>,
) -> Result<Said> {
    let spent_by = record.grantee.as_ref().filter(|_| record.used_at.is_some());
    let by = record.revoked_by.as_ref().or(spent_by);
    let by = by.unwrap_or(&record.collected_by).clone();
    let structure = match structures.get(&by) {
        Some(known) => known.clone(),
        None => {
            // His entries may be gone by their age: the practice's last one tells as much.
            let sql = "SELECT structure FROM journal ORDER BY actor = ?1 DESC, number DESC LIMIT 1";
            let found: String = old.0.query_row(sql, [by.as_str()], |row| row.get(0))?;
            structures.insert(by.clone(), found.clone());
            found
        }
    };
    Ok(Said {
        record,
        by,
        structure,
    })
}

/// Carries one record over, if it forbids what the other register would allow.
fn carry(
    to: &Tx<'_>,
    patient: &Patient,
    said: &Said,
    now: Instant,
    carried: &mut CarriedOver,
) -> Result<()> {
    let record = &said.record;
    let here = to.patient(&patient.ins)?.map(|row| row.id);
    let same = match here {
        Some(id) => to.consents(id)?.into_iter().find(|r| is_same(r, record)),
        None => None,
    };
    let note = |action: &str| {
        to.journal(&NewEntry {
            at: now,
            actor: said.by.as_str(),
            structure: &said.structure,
            patient: Some(&patient.ins.cx().to_string()),
            mode: None,
            action,
            document: record.document.as_ref().map(|id| id.as_str()),
            outcome: Outcome::Done,
            rule: None,
            basis: None,
            detail: Some("restore: from the register set aside"),
        })
    };
    match (record.kind.agrees(), &same) {
        (false, None) if record.revoked_at.is_none() => {
            let id = match here {
                Some(id) => id,
                None => {
                    note("patient.register")?;
                    register(to, patient)?
                }
            };
            insert(to, id, record)?;
            carried.oppositions += 1;
            note("consent.record")
        }
        (true, Some(same)) => {
            let withdrawn = record.revoked_at.is_some() && same.revoked_at.is_none();
            let spent = record.used_at.is_some() && same.used_at.is_none();
            if !withdrawn && !spent {
                return Ok(());
            }
            end(to, same.id, record)?;
            carried.withdrawals += 1;
            // What was only spent was not taken back: the access that spent it stands here again.
            note(if withdrawn {
                "consent.revoke"
            } else {
                "access.open"
            })
        }
        _ => Ok(()),
    }
}

/// The same record in two registers, whatever became of it in each.
fn is_same(one: &ConsentRecord, other: &ConsentRecord) -> bool {
    (one.kind, &one.grantee, &one.document) == (other.kind, &other.grantee, &other.document)
        && (&one.collected_by, one.collected_at) == (&other.collected_by, other.collected_at)
}

/// A patient who was registered since.
fn register(to: &Tx<'_>, patient: &Patient) -> Result<i64> {
    to.0.execute(
        "INSERT INTO patient (matricule, oid, status, traits, confirmed, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            patient.ins.matricule(),
            patient.ins.oid(),
            patient.status,
            patient.traits,
            patient.confirmed,
            patient.updated_at,
        ],
    )?;
    Ok(to.0.last_insert_rowid())
}

/// An opposition as it was recorded, with its proof.
fn insert(to: &Tx<'_>, patient: i64, record: &ConsentRecord) -> Result<()> {
    to.0.execute(
        "INSERT INTO consent (patient, kind, grantee, document, means, wording, reason, collected_by, collected_at,
             expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            patient,
            to_json(&record.kind)?,
            record.grantee.as_ref().map(PsIdNat::as_str),
            record.document.as_ref().map(|id| id.as_str()),
            to_json(&record.means)?,
            record.wording,
            record.reason,
            record.collected_by.as_str(),
            record.collected_at.millis(),
            record.expires_at.map(Instant::millis),
        ],
    )?;
    Ok(())
}

/// A consent that was withdrawn or spent, as it was.
fn end(to: &Tx<'_>, id: i64, record: &ConsentRecord) -> Result<()> {
    to.0.execute(
        "UPDATE consent SET revoked_at = coalesce(revoked_at, ?2), revoked_by = coalesce(revoked_by, ?3),
             used_at = coalesce(used_at, ?4)
         WHERE id = ?1",
        params![
            id,
            record.revoked_at.map(Instant::millis),
            record.revoked_by.as_ref().map(PsIdNat::as_str),
            record.used_at.map(Instant::millis),
        ],
    )?;
    Ok(())
}
