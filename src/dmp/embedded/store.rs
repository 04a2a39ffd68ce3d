//! The embedded DMP's tables, and all the SQL that touches them.
//!
//! Documents are clustered by dossier and act, so that opening a dossier reads one stretch of the file.
//! A document is known everywhere by its uniqueId, which never changes; entryUUID and version move with
//! its metadata. Obsolescence is not stored: it follows from `replacement`, and so from what each viewer
//! may see of the document that replaced.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::clock::Instant;
use crate::document::{
    Association, AssociationKind, DocumentEntry, EntryUuid, Metadata, Oid, RawMetadata, Status,
    SubmissionSet, Visibility,
};
use crate::dossier::{DossierState, LegalRepresentative, PersonToNotify, Settings};
use crate::error::{Error, Result, StorageError};
use crate::identity::{IdentityTraits, Ins};
use crate::store::sqlite::{Schema, stored_json, to_json};

/// "dmpE".
pub(super) const SCHEMA: Schema = Schema {
    application_id: 0x646d_7045,
    migrations: &[&[VERSION_1]],
};

const VERSION_1: &str = "
CREATE TABLE dossier (
    id INTEGER PRIMARY KEY,
    matricule TEXT NOT NULL,
    oid TEXT NOT NULL,
    state TEXT NOT NULL,
    attached INTEGER NOT NULL,
    traits TEXT NOT NULL,
    settings TEXT NOT NULL,
    representatives TEXT NOT NULL,
    to_notify TEXT NOT NULL,
    UNIQUE (matricule, oid)
) STRICT;
-- What the patient or an authorisation says of one professional or structure.
CREATE TABLE grant_ (
    dossier INTEGER NOT NULL REFERENCES dossier (id),
    holder TEXT NOT NULL,
    name TEXT NOT NULL,
    structure TEXT NOT NULL,
    blocked INTEGER NOT NULL DEFAULT 0,
    medecin_traitant INTEGER NOT NULL DEFAULT 0,
    granted_at INTEGER,
    until INTEGER,
    PRIMARY KEY (dossier, holder)
) STRICT, WITHOUT ROWID;
CREATE INDEX grant_by_holder ON grant_ (holder);
CREATE INDEX grant_by_structure ON grant_ (structure);
CREATE TABLE document (
    dossier INTEGER NOT NULL REFERENCES dossier (id),
    service_start INTEGER NOT NULL,
    unique_id TEXT NOT NULL,
    entry_uuid TEXT NOT NULL,
    logical_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    status INTEGER NOT NULL,
    visibility INTEGER NOT NULL,
    by_patient INTEGER NOT NULL,
    created INTEGER NOT NULL,
    deposited_at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    hash TEXT NOT NULL,
    authors TEXT NOT NULL,
    structures TEXT NOT NULL,
    class_code TEXT NOT NULL,
    type_code TEXT NOT NULL,
    format_code TEXT NOT NULL,
    facility TEXT NOT NULL,
    setting TEXT NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (dossier, service_start DESC, unique_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX document_by_unique_id ON document (unique_id);
CREATE UNIQUE INDEX document_by_entry_uuid ON document (entry_uuid);
CREATE TABLE content (unique_id TEXT NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;
CREATE TABLE replacement (
    dossier INTEGER NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    PRIMARY KEY (dossier, old, new)
) STRICT, WITHOUT ROWID;
-- Documents that the patient does not see yet, with what happens next and when.
CREATE TABLE invisible (
    unique_id TEXT PRIMARY KEY,
    next_at INTEGER NOT NULL,
    noticed INTEGER NOT NULL,
    visible_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invisible_by_time ON invisible (next_at);
CREATE TABLE submission (
    dossier INTEGER NOT NULL,
    at INTEGER NOT NULL,
    unique_id TEXT NOT NULL,
    entry_uuid TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (dossier, at, unique_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX submission_by_unique_id ON submission (unique_id);
CREATE INDEX submission_by_entry_uuid ON submission (entry_uuid);
CREATE TABLE association (
    submission TEXT NOT NULL,
    document TEXT NOT NULL,
    kind INTEGER NOT NULL,
    replaced TEXT NOT NULL DEFAULT '',
    previous_version INTEGER,
    PRIMARY KEY (submission, document, kind, replaced)
) STRICT, WITHOUT ROWID;
CREATE INDEX association_by_document ON association (document);
CREATE INDEX association_by_replaced ON association (replaced) WHERE replaced <> '';
CREATE TABLE visitor (
    dossier INTEGER NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (dossier, actor)
) STRICT, WITHOUT ROWID;
CREATE TABLE trace (
    id INTEGER PRIMARY KEY,
    dossier INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    structure TEXT NOT NULL,
    mode TEXT NOT NULL,
    action TEXT NOT NULL,
    unique_id TEXT,
    found INTEGER NOT NULL,
    secret INTEGER NOT NULL
) STRICT;
CREATE INDEX trace_by_dossier ON trace (dossier, id);
CREATE TABLE notification (
    id INTEGER PRIMARY KEY,
    dossier INTEGER NOT NULL,
    at INTEGER NOT NULL,
    audience TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    unique_id TEXT,
    secret INTEGER NOT NULL
) STRICT;
CREATE INDEX notification_by_dossier ON notification (dossier, audience, id);
";

/// A dossier as stored.
pub(super) struct DossierRow {
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
pub(super) struct Grant {
    pub holder: String,
    pub name: String,
    pub structure: String,
    pub blocked: bool,
    pub medecin_traitant: bool,
    pub granted_at: Option<Instant>,
    pub until: Option<Instant>,
}

/// A document as stored: its entry, with its own status, and the columns the rules and criteria read.
pub(super) struct DocumentRow {
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

/// A line of the access history.
pub(super) struct Trace<'a> {
    pub at: Instant,
    pub actor: &'a str,
    pub name: &'a str,
    pub structure: &'a str,
    pub mode: &'a str,
    pub action: &'a str,
    pub document: Option<&'a Oid>,
    pub found: bool,
    pub secret: bool,
}

fn instant(millis: i64) -> rusqlite::Result<Instant> {
    Instant::from_millis(millis).ok_or_else(|| rusqlite::Error::IntegralValueOutOfRange(0, millis))
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

// ---- dossiers

pub(super) fn dossier(c: &Connection, ins: &Ins) -> Result<Option<DossierRow>> {
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
pub(super) fn put_dossier(c: &Connection, ins: &Ins, row: &DossierRow) -> Result<()> {
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
pub(super) fn all_dossiers(c: &Connection) -> Result<Vec<(Ins, DossierRow)>> {
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
pub(super) fn ins_of(c: &Connection, dossier: i64) -> Result<Ins> {
    let (matricule, oid): (String, String) = c
        .prepare_cached("SELECT matricule, oid FROM dossier WHERE id = ?1")?
        .query_row([dossier], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ins::new(&matricule, &oid).map_err(|_| StorageError::Corrupt.into())
}

// ---- grants

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

pub(super) fn grant(c: &Connection, dossier: i64, holder: &str) -> Result<Option<Grant>> {
    Ok(
        c.prepare_cached(&format!("{GRANT} WHERE dossier = ?1 AND holder = ?2"))?
            .query_row(params![dossier, holder], grant_row)
            .optional()?,
    )
}

pub(super) fn grants(c: &Connection, dossier: i64) -> Result<Vec<Grant>> {
    let mut statement = c.prepare_cached(&format!("{GRANT} WHERE dossier = ?1 ORDER BY holder"))?;
    let rows = statement.query_map([dossier], grant_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Dossiers where this holder, or any holder of this structure, has a grant.
pub(super) fn granted_dossiers(
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

pub(super) fn put_grant(c: &Connection, dossier: i64, grant: &Grant) -> Result<()> {
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

// ---- documents

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
pub(super) fn scan(
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

pub(super) fn document(
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

pub(super) fn document_by_entry(
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
pub(super) fn is_taken(c: &Connection, unique_id: &Oid) -> Result<bool> {
    Ok(
        c.prepare_cached("SELECT 1 FROM document WHERE unique_id = ?1")?
            .exists([unique_id.as_str()])?,
    )
}

/// A document to insert.
pub(super) struct NewDocument<'a> {
    pub metadata: &'a Metadata,
    pub visibility: Visibility,
    pub by_patient: bool,
    pub at: Instant,
    pub hash: String,
    pub content: &'a [u8],
}

/// The entryUUID of a version of a document, and the logicalId of the document.
pub(super) fn entry_uuid(unique_id: &Oid, version: u32) -> EntryUuid {
    EntryUuid::derived("entryUUID", &format!("{unique_id}#{version}"))
}

pub(super) fn insert_document(c: &Connection, dossier: i64, new: &NewDocument<'_>) -> Result<()> {
    let m = new.metadata;
    let lines = |ids: Vec<&str>| ids.join("\n");
    let authors = m
        .author
        .iter()
        .filter(|a| a.author_person.kind != "NH")
        .map(|a| a.author_person.id.as_str())
        .collect();
    let structures = m
        .author
        .iter()
        .flat_map(|a| {
            let own = (a.author_person.kind == "RI").then_some(a.author_person.id.as_str());
            let of = a.author_institution.as_ref().map(|i| i.id.as_str());
            own.into_iter().chain(of)
        })
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
        new.by_patient,
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
pub(super) fn set_visibility(
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

pub(super) fn set_status(c: &Connection, unique_id: &Oid, status: Status) -> Result<()> {
    c.prepare_cached("UPDATE document SET status = ?2 WHERE unique_id = ?1")?
        .execute(params![unique_id.as_str(), stored_status(status)])?;
    Ok(())
}

pub(super) fn content(c: &Connection, unique_id: &Oid) -> Result<Vec<u8>> {
    Ok(
        c.prepare_cached("SELECT bytes FROM content WHERE unique_id = ?1")?
            .query_row([unique_id.as_str()], |row| row.get(0))?,
    )
}

// ---- replacements

pub(super) fn put_replacement(c: &Connection, dossier: i64, old: &Oid, new: &Oid) -> Result<()> {
    c.execute(
        "INSERT INTO replacement (dossier, old, new) VALUES (?1, ?2, ?3)",
        params![dossier, old.as_str(), new.as_str()],
    )?;
    Ok(())
}

/// The (old, new) pairs of a dossier, or of one old document in it.
pub(super) fn replacements(
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

// ---- what the patient does not see yet

pub(super) fn put_invisible(
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

pub(super) fn drop_invisible(c: &Connection, unique_id: &Oid) -> Result<()> {
    c.execute(
        "DELETE FROM invisible WHERE unique_id = ?1",
        [unique_id.as_str()],
    )?;
    Ok(())
}

/// A step that fell due: the notice of an invisible document, or its visibility.
pub(super) struct Due {
    pub document: Oid,
    pub dossier: i64,
    /// The notice was sent: what is due is visibility.
    pub noticed: bool,
    pub at: Instant,
}

/// The first step due at or before `now`.
pub(super) fn next_due(c: &Connection, now: Instant) -> Result<Option<Due>> {
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

pub(super) fn set_noticed(c: &Connection, unique_id: &Oid) -> Result<()> {
    c.execute(
        "UPDATE invisible SET noticed = 1, next_at = visible_at WHERE unique_id = ?1",
        [unique_id.as_str()],
    )?;
    Ok(())
}

// ---- lots and associations

pub(super) fn insert_submission(
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
pub(super) fn insert_association(
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
pub(super) fn submissions(
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
pub(super) struct AssociationRow {
    pub kind: AssociationKind,
    pub submission_entry: EntryUuid,
    pub document: Oid,
    pub replaced: Option<Oid>,
    pub previous_version: Option<u32>,
}

/// Associations of a lot (by its entryUUID).
pub(super) fn associations_of_submission(
    c: &Connection,
    entry: &EntryUuid,
) -> Result<Vec<AssociationRow>> {
    association_rows(c, "s.entry_uuid = ?1", entry.as_str())
}

/// Associations of a document (by its uniqueId), on either end.
pub(super) fn associations_of_document(
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

// ---- traces and notifications

pub(super) fn insert_trace(c: &Connection, dossier: i64, t: &Trace<'_>) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO trace (dossier, at, actor, name, structure, mode, action, unique_id, found, secret)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        dossier,
        t.at.millis(),
        t.actor,
        t.name,
        t.structure,
        t.mode,
        t.action,
        t.document.map(Oid::as_str),
        t.found,
        t.secret,
    ])?;
    Ok(())
}

/// A stored trace.
pub(super) struct TraceRow {
    pub at: Instant,
    pub actor: String,
    pub name: String,
    pub structure: String,
    pub mode: String,
    pub action: String,
    pub document: Option<Oid>,
    pub found: bool,
    pub secret: bool,
}

pub(super) fn traces(c: &Connection, dossier: i64) -> Result<Vec<TraceRow>> {
    let mut statement = c.prepare_cached(
        "SELECT at, actor, name, structure, mode, action, unique_id, found, secret
         FROM trace WHERE dossier = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([dossier], |row| {
        Ok(TraceRow {
            at: instant(row.get(0)?)?,
            actor: row.get(1)?,
            name: row.get(2)?,
            structure: row.get(3)?,
            mode: row.get(4)?,
            action: row.get(5)?,
            document: row.get::<_, Option<String>>(6)?.map(Oid::stored),
            found: row.get(7)?,
            secret: row.get(8)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Records that an actor entered; true the first time.
pub(super) fn first_visit(c: &Connection, dossier: i64, actor: &str) -> Result<bool> {
    let inserted = c
        .prepare_cached(
            "INSERT INTO visitor (dossier, actor) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![dossier, actor])?;
    Ok(inserted == 1)
}

/// A notification to write.
pub(super) struct NewNotification<'a> {
    pub at: Instant,
    /// `patient`, or the PS_IdNat of a médecin traitant.
    pub audience: &'a str,
    pub kind: &'a str,
    pub text: &'a str,
    pub document: Option<&'a Oid>,
    pub secret: bool,
}

pub(super) fn insert_notification(
    c: &Connection,
    dossier: i64,
    n: &NewNotification<'_>,
) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO notification (dossier, at, audience, kind, text, unique_id, secret)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        dossier,
        n.at.millis(),
        n.audience,
        n.kind,
        n.text,
        n.document.map(Oid::as_str),
        n.secret,
    ])?;
    Ok(())
}

/// A stored notification.
pub(super) struct NotificationRow {
    pub at: Instant,
    pub kind: String,
    pub text: String,
    pub document: Option<Oid>,
    pub secret: bool,
}

pub(super) fn notifications(
    c: &Connection,
    dossier: i64,
    audience: &str,
) -> Result<Vec<NotificationRow>> {
    let mut statement = c.prepare_cached(
        "SELECT at, kind, text, unique_id, secret FROM notification
         WHERE dossier = ?1 AND audience = ?2 ORDER BY at, id",
    )?;
    let rows = statement.query_map(params![dossier, audience], |row| {
        Ok(NotificationRow {
            at: instant(row.get(0)?)?,
            kind: row.get(1)?,
            text: row.get(2)?,
            document: row.get::<_, Option<String>>(3)?.map(Oid::stored),
            secret: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
