//! Lots and associations.

use rusqlite::{Connection, params};

use crate::clock::Instant;
use crate::document::{Association, AssociationKind, EntryUuid, Oid, SubmissionSet};
use crate::error::Result;
use crate::store::sqlite::{stored_json, to_json};

pub(in crate::dmp::embedded) fn insert_submission(
    c: &Connection,
    dossier: i64,
    at: Instant,
    set: &SubmissionSet,
) -> Result<bool> {
    let inserted = c
        .prepare_cached(
            "INSERT INTO submission (dossier, at, unique_id, entry_uuid, record)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            dossier,
            at.millis(),
            set.unique_id.as_str(),
            set.entry_uuid.as_str(),
            to_json(set)?,
        ])?;
    Ok(inserted == 1)
}

/// Binds a document to its lot, or records that it replaces another.
pub(in crate::dmp::embedded) fn insert_association(
    c: &Connection,
    submission: &Oid,
    document: &Oid,
    kind: AssociationKind,
    replaced: Option<&Oid>,
    previous_version: Option<u32>,
) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO association (submission, document, kind, replaced, previous_version)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        submission.as_str(),
        document.as_str(),
        kind as i64,
        replaced.map_or("", Oid::as_str),
        previous_version,
    ])?;
    Ok(())
}

/// Lots of a dossier submitted at or after an instant, in order, with the documents they bear on.
pub(in crate::dmp::embedded) fn submissions(
    c: &Connection,
    dossier: i64,
    since: Instant,
) -> Result<Vec<(SubmissionSet, Vec<Oid>)>> {
    let mut statement = c.prepare_cached(
        "SELECT s.record, (SELECT group_concat(a.document, char(10)) FROM association a WHERE a.submission = s.unique_id)
         FROM submission s WHERE s.dossier = ?1 AND s.at >= ?2 ORDER BY s.at, s.unique_id",
    )?;
    let rows = statement.query_map(params![dossier, since.millis()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
    })?;
    rows.map(|row| {
        let (record, documents) = row?;
        let documents = documents
            .iter()
            .flat_map(|d| d.split('\n'))
            .map(|d| Oid::stored(d.to_owned()))
            .collect();
        Ok((stored_json(&record)?, documents))
    })
    .collect()
}

/// An association as stored: by identifiers that do not move.
pub(in crate::dmp::embedded) struct AssociationRow {
    pub kind: AssociationKind,
    pub submission_entry: EntryUuid,
    pub document: Oid,
    pub replaced: Option<Oid>,
    pub previous_version: Option<u32>,
}

/// Associations of a lot (by its entryUUID).
pub(in crate::dmp::embedded) fn associations_of_submission(
    c: &Connection,
    entry: &EntryUuid,
) -> Result<Vec<AssociationRow>> {
    association_rows(c, "s.entry_uuid = ?1", entry.as_str())
}

/// Associations of a document (by its uniqueId), on either end.
pub(in crate::dmp::embedded) fn associations_of_document(
    c: &Connection,
    document: &Oid,
) -> Result<Vec<AssociationRow>> {
    let mut rows = association_rows(c, "a.document = ?1", document.as_str())?;
    rows.extend(association_rows(
        c,
        "a.replaced = ?1 AND a.replaced <> ''",
        document.as_str(),
    )?);
    Ok(rows)
}

fn association_rows(c: &Connection, condition: &str, value: &str) -> Result<Vec<AssociationRow>> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT a.kind, s.entry_uuid, a.document, a.replaced, a.previous_version
         FROM association a JOIN submission s ON s.unique_id = a.submission
         WHERE {condition} ORDER BY s.at, a.submission, a.document, a.kind"
    ))?;
    let rows = statement.query_map([value], |row| {
        let replaced: String = row.get(3)?;
        Ok(AssociationRow {
            kind: match row.get::<_, i64>(0)? {
                1 => AssociationKind::Replaces,
                2 => AssociationKind::UpdateAvailabilityStatus,
                _ => AssociationKind::HasMember,
            },
            submission_entry: EntryUuid::stored(row.get(1)?),
            document: Oid::stored(row.get(2)?),
            replaced: (!replaced.is_empty()).then(|| Oid::stored(replaced)),
            previous_version: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

impl AssociationRow {
    /// The association between the objects as they are named now.
    pub fn between(&self, document: &EntryUuid, replaced: Option<&EntryUuid>) -> Association {
        let (source, target) = match (self.kind, replaced) {
            (AssociationKind::Replaces, Some(replaced)) => (document.clone(), replaced.clone()),
            _ => (self.submission_entry.clone(), document.clone()),
        };
        Association {
            kind: self.kind,
            source,
            target,
            previous_version: self.previous_version,
        }
    }
}
