//! What patients forbade since a backup, carried over from the register that is set aside into the one that takes its
//! place: a restore must not make an opposition unsaid.
//!
//! Only what forbids comes over: oppositions that stand, consents that were withdrawn or spent, and the patients whose
//! they are. What allows is collected again. Nothing comes from a register that is not the backup's own continuation.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::Tx;
use super::journal::{NewEntry, Outcome};
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

/// A patient of the register set aside, and what he agreed to and objected to.
struct Patient {
    id: i64,
    ins: Ins,
    consents: Vec<ConsentRecord>,
}

/// Carries over; `None` when the register set aside cannot be read whole, or is not the continuation of this one.
///
/// Errors: those of `into` alone.
pub(super) fn carry_over(
    from: &mut Connection,
    into: &mut Connection,
    now: Instant,
) -> Result<Option<CarriedOver>> {
    let to = Tx(immediate(into)?);
    let Some(last) = last_entry(&to)? else {
        return Ok(None);
    };
    let Ok(old) = from.transaction().map(Tx) else {
        return Ok(None);
    };
    let known = || -> Result<Option<Vec<Patient>>> {
        if !continues(&old, &last)? {
            return Ok(None);
        }
        patients(&old).map(Some)
    };
    let Ok(Some(patients)) = known() else {
        return Ok(None);
    };
    let mut carried = CarriedOver::default();
    for patient in &patients {
        for record in &patient.consents {
            carry(&old, &to, patient, record, now, &mut carried)?;
        }
    }
    to.0.commit()?;
    Ok(Some(carried))
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
        "SELECT id, matricule, oid FROM patient WHERE id IN (SELECT patient FROM consent) ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut patients = Vec::new();
    while let Some(row) = rows.next()? {
        let (matricule, oid): (String, String) = (row.get(1)?, row.get(2)?);
        let id = row.get(0)?;
        patients.push(Patient {
            id,
            ins: Ins::new(&matricule, &oid).map_err(|_| super::outbox::damaged())?,
            consents: old.consents(id)?,
        });
    }
    Ok(patients)
}

/// Carries one record over, if it forbids what the other register would allow.
fn carry(
    old: &Tx<'_>,
    to: &Tx<'_>,
    patient: &Patient,
    record: &ConsentRecord,
    now: Instant,
    carried: &mut CarriedOver,
) -> Result<()> {
    let here = to.patient(&patient.ins)?.map(|row| row.id);
    let same = match here {
        Some(id) => to.consents(id)?.into_iter().find(|r| is_same(r, record)),
        None => None,
    };
    let (action, by) = match (record.kind.agrees(), &same) {
        (false, None) if record.revoked_at.is_none() => {
            let id = match here {
                Some(id) => id,
                None => copy_patient(old, to, patient)?,
            };
            insert(to, id, record)?;
            carried.oppositions += 1;
            ("consent.record", &record.collected_by)
        }
        (true, Some(same)) => {
            let withdrawn = record.revoked_at.is_some() && same.revoked_at.is_none();
            let spent = record.used_at.is_some() && same.used_at.is_none();
            if !withdrawn && !spent {
                return Ok(());
            }
            end(to, same.id, record)?;
            carried.withdrawals += 1;
            let by = record.revoked_by.as_ref().filter(|_| withdrawn);
            ("consent.revoke", by.unwrap_or(&record.collected_by))
        }
        _ => return Ok(()),
    };
    to.journal(&NewEntry {
        at: now,
        actor: by.as_str(),
        structure: &structure_of(old, by)?,
        patient: Some(&patient.ins.cx().to_string()),
        mode: None,
        action,
        document: record.document.as_ref().map(|id| id.as_str()),
        outcome: Outcome::Done,
        rule: None,
        basis: None,
        detail: Some("restore: from the register set aside"),
    })
}

/// The same record in two registers, whatever became of it in each.
fn is_same(one: &ConsentRecord, other: &ConsentRecord) -> bool {
    (one.kind, &one.grantee, &one.document) == (other.kind, &other.grantee, &other.document)
        && (&one.collected_by, one.collected_at) == (&other.collected_by, other.collected_at)
}

/// Where a person last worked, by the journal of the register set aside.
fn structure_of(old: &Tx<'_>, person: &PsIdNat) -> Result<String> {
    let sql = "SELECT structure FROM journal WHERE actor = ?1 ORDER BY number DESC LIMIT 1";
    let found = old.0.query_row(sql, [person.as_str()], |row| row.get(0));
    Ok(found.optional()?.unwrap_or_default())
}

fn copy_patient(old: &Tx<'_>, to: &Tx<'_>, patient: &Patient) -> Result<i64> {
    let sql = "SELECT status, traits, confirmed, updated_at FROM patient WHERE id = ?1";
    let row: (String, String, Option<String>, i64) = old.0.query_row(sql, [patient.id], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    to.0.execute(
        "INSERT INTO patient (matricule, oid, status, traits, confirmed, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![patient.ins.matricule(), patient.ins.oid(), row.0, row.1, row.2, row.3],
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
