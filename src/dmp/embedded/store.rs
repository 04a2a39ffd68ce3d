//! The embedded DMP's tables, and all the SQL that touches them.
//!
//! Documents are clustered by dossier and act, so that opening a dossier reads one stretch of the file.
//! A document is known everywhere by its uniqueId, which never changes; entryUUID and version move with
//! its metadata. Obsolescence is not stored: it follows from `replacement`, and so from what each viewer
//! may see of the document that replaced.

mod documents;
mod dossiers;
mod lots;
mod traces;

use crate::clock::Instant;
use crate::store::sqlite::Schema;

pub(super) use documents::*;
pub(super) use dossiers::*;
pub(super) use lots::*;
pub(super) use traces::*;

/// "dmpE".
pub(super) const SCHEMA: Schema = Schema {
    application_id: 0x646d_7045,
    // A document's row is some two kilobytes of metadata. A page keeps a quarter of its size of one row
    // (WITHOUT ROWID): in smaller pages every row would have a second page to itself, and a list of a
    // thousand documents as many pages more to read.
    page_size: 16384,
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

fn instant(millis: i64) -> rusqlite::Result<Instant> {
    Instant::from_millis(millis).ok_or_else(|| rusqlite::Error::IntegralValueOutOfRange(0, millis))
}
