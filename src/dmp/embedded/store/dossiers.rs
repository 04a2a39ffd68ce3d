//! Dossiers, and who has a place in them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::instant;
use crate::clock::Instant;
use crate::dossier::{DossierState, LegalRepresentative, PersonToNotify, Settings};
use crate::error::{Error, Result, StorageError};
use crate::identity::{IdentityTraits, Ins};
use crate::store::sqlite::{stored_json, to_json};

/// A dossier as stored.
pub(in crate::dmp::embedded) struct DossierRow {
    pub id: i64,
    pub state: DossierState,
    pub attached: bool,
    pub traits: IdentityTraits,
    pub settings: Settings,
    pub representatives: Vec<LegalRepresentative>,
    pub to_notify: Vec<PersonToNotify>,
}

/// One professional's or structure's place in a dossier.
#[derive(Debug, Clone, Default)]
pub(in crate::dmp::embedded) struct Grant {
    pub holder: String,
    pub name: String,
    pub structure: String,
    pub blocked: bool,
    pub medecin_traitant: bool,
    pub granted_at: Option<Instant>,
    pub until: Option<Instant>,
}

pub(in crate::dmp::embedded) fn dossier(c: &Connection, ins: &Ins) -> Result<Option<DossierRow>> {
    c.prepare_cached(
        "SELECT id, state, attached, traits, settings, representatives, to_notify
         FROM dossier WHERE matricule = ?1 AND oid = ?2",
    )?
    .query_row(params![ins.matricule(), ins.oid()], dossier_texts)
    .optional()?
    .map(parse_dossier)
    .transpose()
}

type DossierTexts = (i64, String, bool, String, String, String, String);

fn dossier_texts(row: &Row<'_>) -> rusqlite::Result<DossierTexts> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
    ))
}

fn parse_dossier(t: DossierTexts) -> Result<DossierRow> {
    Ok(DossierRow {
        id: t.0,
        state: stored_json(&t.1)?,
        attached: t.2,
        traits: stored_json(&t.3)?,
        settings: stored_json(&t.4)?,
        representatives: stored_json(&t.5)?,
        to_notify: stored_json(&t.6)?,
    })
}

/// Writes a dossier, new or changed; the id of `row` is not used.
pub(in crate::dmp::embedded) fn put_dossier(
    c: &Connection,
    ins: &Ins,
    row: &DossierRow,
) -> Result<()> {
    c.execute(
        "INSERT INTO dossier (matricule, oid, state, attached, traits, settings, representatives, to_notify)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (matricule, oid) DO UPDATE SET state = excluded.state,
             attached = excluded.attached, traits = excluded.traits, settings = excluded.settings,
             representatives = excluded.representatives, to_notify = excluded.to_notify",
        params![
            ins.matricule(),
            ins.oid(),
            to_json(&row.state)?,
            row.attached,
            to_json(&row.traits)?,
            to_json(&row.settings)?,
            to_json(&row.representatives)?,
            to_json(&row.to_notify)?,
        ],
    )?;
    Ok(())
}

/// Every dossier, for a search by traits.
pub(in crate::dmp::embedded) fn all_dossiers(c: &Connection) -> Result<Vec<(Ins, DossierRow)>> {
    let mut statement = c.prepare_cached(
        "SELECT id, state, attached, traits, settings, representatives, to_notify, matricule, oid
         FROM dossier ORDER BY matricule, oid",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((
            dossier_texts(row)?,
            row.get::<_, String>(7)?,
            row.get::<_, String>(8)?,
        ))
    })?;
    rows.map(|row| {
        let (texts, matricule, oid) = row?;
        let ins = Ins::new(&matricule, &oid).map_err(|_| Error::from(StorageError::Corrupt))?;
        Ok((ins, parse_dossier(texts)?))
    })
    .collect()
}

/// The INS of a dossier.
pub(in crate::dmp::embedded) fn ins_of(c: &Connection, dossier: i64) -> Result<Ins> {
    let (matricule, oid): (String, String) = c
        .prepare_cached("SELECT matricule, oid FROM dossier WHERE id = ?1")?
        .query_row([dossier], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ins::new(&matricule, &oid).map_err(|_| StorageError::Corrupt.into())
}

fn grant_row(row: &Row<'_>) -> rusqlite::Result<Grant> {
    let at = |value: Option<i64>| value.map(instant).transpose();
    Ok(Grant {
        holder: row.get(0)?,
        name: row.get(1)?,
        structure: row.get(2)?,
        blocked: row.get(3)?,
        medecin_traitant: row.get(4)?,
        granted_at: at(row.get(5)?)?,
        until: at(row.get(6)?)?,
    })
}

const GRANT: &str =
    "SELECT holder, name, structure, blocked, medecin_traitant, granted_at, until FROM grant_";

pub(in crate::dmp::embedded) fn grant(
    c: &Connection,
    dossier: i64,
    holder: &str,
) -> Result<Option<Grant>> {
    Ok(
        c.prepare_cached(&format!("{GRANT} WHERE dossier = ?1 AND holder = ?2"))?
            .query_row(params![dossier, holder], grant_row)
            .optional()?,
    )
}

pub(in crate::dmp::embedded) fn grants(c: &Connection, dossier: i64) -> Result<Vec<Grant>> {
    let mut statement = c.prepare_cached(&format!("{GRANT} WHERE dossier = ?1 ORDER BY holder"))?;
    let rows = statement.query_map([dossier], grant_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Dossiers where this holder, or any holder of this structure, has a grant.
pub(in crate::dmp::embedded) fn granted_dossiers(
    c: &Connection,
    holder: &str,
    whole_structure: Option<&str>,
) -> Result<Vec<(i64, Grant)>> {
    let row = |row: &Row<'_>| Ok((row.get::<_, i64>(7)?, grant_row(row)?));
    let columns = "SELECT holder, name, structure, blocked, medecin_traitant, granted_at, until, dossier FROM grant_";
    let rows = match whole_structure {
        None => c
            .prepare_cached(&format!("{columns} WHERE holder = ?1 ORDER BY dossier"))?
            .query_map([holder], row)?
            .collect::<rusqlite::Result<Vec<_>>>()?,
        Some(structure) => c
            .prepare_cached(&format!(
                "{columns} WHERE structure = ?1 ORDER BY dossier, holder"
            ))?
            .query_map([structure], row)?
            .collect::<rusqlite::Result<Vec<_>>>()?,
    };
    Ok(rows)
}

pub(in crate::dmp::embedded) fn put_grant(
    c: &Connection,
    dossier: i64,
    grant: &Grant,
) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO grant_ (dossier, holder, name, structure, blocked, medecin_traitant, granted_at, until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (dossier, holder) DO UPDATE SET name = excluded.name,
             structure = excluded.structure, blocked = excluded.blocked,
             medecin_traitant = excluded.medecin_traitant, granted_at = excluded.granted_at,
             until = excluded.until",
    )?
    .execute(params![
        dossier,
        grant.holder,
        grant.name,
        grant.structure,
        grant.blocked,
        grant.medecin_traitant,
        grant.granted_at.map(Instant::millis),
        grant.until.map(Instant::millis),
    ])?;
    Ok(())
}
