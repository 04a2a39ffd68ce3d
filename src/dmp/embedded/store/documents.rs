//! Documents, what replaced them, and those that the patient does not see yet.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::instant;
use crate::clock::Instant;
use crate::document::{DocumentEntry, EntryUuid, Metadata, Oid, RawMetadata, Status, Visibility};
use crate::error::{Error, Result};

/// A document as stored: its entry, with its own status, and the columns the rules and criteria read.
pub(in crate::dmp::embedded) struct DocumentRow {
    pub entry: DocumentEntry,
    pub service_start: Instant,
    pub created: Instant,
    pub deposited_at: Instant,
    pub by_patient: bool,
    pub authors: String,
    pub structures: String,
    pub class_code: String,
    pub type_code: String,
    pub format_code: String,
    pub facility: String,
    pub setting: String,
}

fn status_of(stored: i64) -> Status {
    match stored {
        2 => Status::Archived,
        3 => Status::Deleted,
        _ => Status::Approved,
    }
}

fn stored_status(status: Status) -> i64 {
    match status {
        Status::Approved | Status::Deprecated => 0,
        Status::Archived => 2,
        Status::Deleted => 3,
    }
}

const DOCUMENT: &str = "SELECT entry_uuid, logical_id, version, unique_id, status, visibility, hash,
    size, service_start, created, deposited_at, by_patient, authors, structures, class_code, type_code,
    format_code, facility, setting, metadata FROM document";

fn document_row(row: &Row<'_>) -> rusqlite::Result<DocumentRow> {
    Ok(DocumentRow {
        entry: DocumentEntry {
            entry_uuid: EntryUuid::stored(row.get(0)?),
            logical_id: EntryUuid::stored(row.get(1)?),
            version: row.get(2)?,
            unique_id: Oid::stored(row.get(3)?),
            availability_status: status_of(row.get(4)?),
            visibility: Visibility::from_bits(row.get(5)?),
            hash: row.get(6)?,
            size: row.get(7)?,
            metadata: RawMetadata::stored(row.get(19)?),
        },
        service_start: instant(row.get(8)?)?,
        created: instant(row.get(9)?)?,
        deposited_at: instant(row.get(10)?)?,
        by_patient: row.get(11)?,
        authors: row.get(12)?,
        structures: row.get(13)?,
        class_code: row.get(14)?,
        type_code: row.get(15)?,
        format_code: row.get(16)?,
        facility: row.get(17)?,
        setting: row.get(18)?,
    })
}

/// The documents of a dossier whose act began in `[from, to]`, most recent first, then by uniqueId,
/// until `each` says to stop.
pub(in crate::dmp::embedded) fn scan(
    c: &Connection,
    dossier: i64,
    from: Option<Instant>,
    to: Option<Instant>,
    mut each: impl FnMut(DocumentRow) -> Result<bool>,
) -> Result<()> {
    let mut statement = c.prepare_cached(&format!(
        "{DOCUMENT} WHERE dossier = ?1 AND service_start >= ?2 AND service_start <= ?3
         ORDER BY service_start DESC, unique_id"
    ))?;
    let mut rows = statement.query(params![
        dossier,
        from.map_or(i64::MIN, Instant::millis),
        to.map_or(i64::MAX, Instant::millis),
    ])?;
    while let Some(row) = rows.next()? {
        if !each(document_row(row)?)? {
            break;
        }
    }
    Ok(())
}

pub(in crate::dmp::embedded) fn document(
    c: &Connection,
    dossier: i64,
    unique_id: &Oid,
) -> Result<Option<DocumentRow>> {
    Ok(
        c.prepare_cached(&format!("{DOCUMENT} WHERE unique_id = ?1 AND dossier = ?2"))?
            .query_row(params![unique_id.as_str(), dossier], document_row)
            .optional()?,
    )
}

pub(in crate::dmp::embedded) fn document_by_entry(
    c: &Connection,
    dossier: i64,
    entry: &EntryUuid,
) -> Result<Option<DocumentRow>> {
    Ok(c.prepare_cached(&format!(
        "{DOCUMENT} WHERE entry_uuid = ?1 AND dossier = ?2"
    ))?
    .query_row(params![entry.as_str(), dossier], document_row)
    .optional()?)
}

/// Whether a uniqueId is taken, in any dossier.
pub(in crate::dmp::embedded) fn is_taken(c: &Connection, unique_id: &Oid) -> Result<bool> {
    Ok(
        c.prepare_cached("SELECT 1 FROM document WHERE unique_id = ?1")?
            .exists([unique_id.as_str()])?,
    )
}

/// Who brings a document in, beside its authors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dmp::embedded) enum Depositor<'a> {
    /// The patient.
    Patient,
    /// A professional in person.
    Person,
    /// A structure, by its certificate or a CPE: it is accountable for the document.
    Structure(&'a str),
}

/// A document to insert.
pub(in crate::dmp::embedded) struct NewDocument<'a> {
    pub metadata: &'a Metadata,
    pub visibility: Visibility,
    pub depositor: Depositor<'a>,
    pub at: Instant,
    pub hash: String,
    pub content: &'a [u8],
}

/// The entryUUID of a version of a document, and the logicalId of the document.
pub(in crate::dmp::embedded) fn entry_uuid(unique_id: &Oid, version: u32) -> EntryUuid {
    EntryUuid::derived("entryUUID", &format!("{unique_id}#{version}"))
}

pub(in crate::dmp::embedded) fn insert_document(
    c: &Connection,
    dossier: i64,
    new: &NewDocument<'_>,
) -> Result<()> {
    let m = new.metadata;
    let lines = |ids: Vec<&str>| ids.join("\n");
    let authors = m
        .author
        .iter()
        .filter(|a| a.author_person.kind != "NH")
        .map(|a| a.author_person.id.as_str())
        .collect();
    // A structure's documents are those it brought in, and those it signed itself: not those that its
    // professionals feed in person (PDT-INF-526 note 9).
    let accountable = match new.depositor {
        Depositor::Structure(id) => Some(id),
        Depositor::Patient | Depositor::Person => None,
    };
    let structures = m
        .author
        .iter()
        .filter(|a| a.author_person.kind == "RI")
        .flat_map(|a| {
            let institution = a.author_institution.as_ref().map(|i| i.id.as_str());
            [Some(a.author_person.id.as_str()), institution]
        })
        .chain([accountable])
        .flatten()
        .collect();
    let entry = entry_uuid(&m.unique_id, 1);
    c.prepare_cached(
        "INSERT INTO document (dossier, service_start, unique_id, entry_uuid, logical_id, version,
             status, visibility, by_patient, created, deposited_at, size, hash, authors, structures,
             class_code, type_code, format_code, facility, setting, metadata)
         VALUES (?1, ?2, ?3, ?4, ?4, 1, 0, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?
    .execute(params![
        dossier,
        m.service_start_time.start().millis(),
        m.unique_id.as_str(),
        entry.as_str(),
        new.visibility.bits(),
        new.depositor == Depositor::Patient,
        m.creation_time.start().millis(),
        new.at.millis(),
        new.content.len() as i64,
        new.hash,
        lines(authors),
        lines(structures),
        m.class_code.code,
        m.type_code.code,
        m.format_code.code,
        m.healthcare_facility_type_code.code,
        m.practice_setting_code.code,
        RawMetadata::of(m)
            .map_err(|_| Error::bug("metadata cannot be written"))?
            .as_json(),
    ])?;
    c.prepare_cached("INSERT INTO content (unique_id, bytes) VALUES (?1, ?2)")?
        .execute(params![m.unique_id.as_str(), new.content])?;
    Ok(())
}

/// Gives a document a new metadata version with this visibility. Returns its new entryUUID.
pub(in crate::dmp::embedded) fn set_visibility(
    c: &Connection,
    row: &DocumentRow,
    visibility: Visibility,
) -> Result<EntryUuid> {
    let id = &row.entry.unique_id;
    let entry = entry_uuid(id, row.entry.version + 1);
    c.prepare_cached(
        "UPDATE document SET visibility = ?2, version = version + 1, entry_uuid = ?3 WHERE unique_id = ?1",
    )?
    .execute(params![id.as_str(), visibility.bits(), entry.as_str()])?;
    Ok(entry)
}

pub(in crate::dmp::embedded) fn set_status(
    c: &Connection,
    unique_id: &Oid,
    status: Status,
) -> Result<()> {
    c.prepare_cached("UPDATE document SET status = ?2 WHERE unique_id = ?1")?
        .execute(params![unique_id.as_str(), stored_status(status)])?;
    Ok(())
}

pub(in crate::dmp::embedded) fn content(c: &Connection, unique_id: &Oid) -> Result<Vec<u8>> {
    Ok(
        c.prepare_cached("SELECT bytes FROM content WHERE unique_id = ?1")?
            .query_row([unique_id.as_str()], |row| row.get(0))?,
    )
}

pub(in crate::dmp::embedded) fn put_replacement(
    c: &Connection,
    dossier: i64,
    old: &Oid,
    new: &Oid,
) -> Result<()> {
    c.execute(
        "INSERT INTO replacement (dossier, old, new) VALUES (?1, ?2, ?3)",
        params![dossier, old.as_str(), new.as_str()],
    )?;
    Ok(())
}

/// The (old, new) pairs of a dossier, or of one old document in it.
pub(in crate::dmp::embedded) fn replacements(
    c: &Connection,
    dossier: i64,
    old: Option<&Oid>,
) -> Result<Vec<(Oid, Oid)>> {
    let pair = |row: &Row<'_>| Ok((Oid::stored(row.get(0)?), Oid::stored(row.get(1)?)));
    let rows = match old {
        None => c
            .prepare_cached("SELECT old, new FROM replacement WHERE dossier = ?1")?
            .query_map([dossier], pair)?
            .collect::<rusqlite::Result<Vec<_>>>()?,
        Some(old) => c
            .prepare_cached("SELECT old, new FROM replacement WHERE dossier = ?1 AND old = ?2")?
            .query_map(params![dossier, old.as_str()], pair)?
            .collect::<rusqlite::Result<Vec<_>>>()?,
    };
    Ok(rows)
}

pub(in crate::dmp::embedded) fn put_invisible(
    c: &Connection,
    unique_id: &Oid,
    notice_at: Instant,
    visible_at: Instant,
) -> Result<()> {
    c.execute(
        "INSERT INTO invisible (unique_id, next_at, noticed, visible_at) VALUES (?1, ?2, 0, ?3)",
        params![unique_id.as_str(), notice_at.millis(), visible_at.millis()],
    )?;
    Ok(())
}

pub(in crate::dmp::embedded) fn drop_invisible(c: &Connection, unique_id: &Oid) -> Result<()> {
    c.execute(
        "DELETE FROM invisible WHERE unique_id = ?1",
        [unique_id.as_str()],
    )?;
    Ok(())
}

/// A step that fell due: the notice of an invisible document, or its visibility.
pub(in crate::dmp::embedded) struct Due {
    pub document: Oid,
    pub dossier: i64,
    /// The notice was sent: what is due is visibility.
    pub noticed: bool,
    pub at: Instant,
}

/// The first step due at or before `now`.
pub(in crate::dmp::embedded) fn next_due(c: &Connection, now: Instant) -> Result<Option<Due>> {
    Ok(c.prepare_cached(
        "SELECT i.unique_id, d.dossier, i.noticed, i.next_at
         FROM invisible i JOIN document d ON d.unique_id = i.unique_id
         WHERE i.next_at <= ?1 ORDER BY i.next_at, i.unique_id LIMIT 1",
    )?
    .query_row([now.millis()], |row| {
        Ok(Due {
            document: Oid::stored(row.get(0)?),
            dossier: row.get(1)?,
            noticed: row.get(2)?,
            at: instant(row.get(3)?)?,
        })
    })
    .optional()?)
}

pub(in crate::dmp::embedded) fn set_noticed(c: &Connection, unique_id: &Oid) -> Result<()> {
    c.execute(
        "UPDATE invisible SET noticed = 1, next_at = visible_at WHERE unique_id = ?1",
        [unique_id.as_str()],
    )?;
    Ok(())
}
