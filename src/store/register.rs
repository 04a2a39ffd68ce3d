//! The practice's register: patients, consents with their proof, what was fed and received, emergencies,
//! the journal. One SQLite file, shared by as many threads and processes as the practice runs.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::Serialize;

use super::held::{HeldFile, Place};
use super::journal::{
    self, Entry, NewEntry, Pruned, Pruning, Seal, SealKey, SealedVerification, Selection,
    Verification,
};
use super::key::StoreKey;
use super::sqlite::{self, Schema, stored_json, to_json};
use super::{kept, outbox, standing, takeover};
use crate::clock::Instant;
use crate::document::{EntryUuid, Oid};
use crate::error::{Error, Result, StorageError};
use crate::identity::{IdentityStatus, IdentityTraits, Ins, PsIdNat, Trait};
use crate::rules::consent::{ConsentKind, ConsentRecord, Means, NewConsent};

/// "dmpR".
pub(crate) const SCHEMA: Schema = Schema {
    application_id: 0x646d_7052,
    // Rows of a few hundred bytes.
    page_size: 4096,
    migrations: &[
        &[TABLES, journal::TABLE],
        &[
            standing::TABLE,
            outbox::TABLES,
            takeover::TABLE,
            kept::TABLES,
            journal::OVERSIGHT,
        ],
    ],
};

const TABLES: &str = "
CREATE TABLE patient (
    id INTEGER PRIMARY KEY,
    matricule TEXT NOT NULL,
    oid TEXT NOT NULL,
    status TEXT NOT NULL,
    traits TEXT NOT NULL,
    confirmed TEXT,
    updated_at INTEGER NOT NULL,
    UNIQUE (matricule, oid)
) STRICT;
CREATE TABLE consent (
    id INTEGER PRIMARY KEY,
    patient INTEGER NOT NULL REFERENCES patient (id),
    kind TEXT NOT NULL,
    grantee TEXT,
    document TEXT,
    means TEXT NOT NULL,
    wording TEXT NOT NULL,
    reason TEXT,
    collected_by TEXT NOT NULL,
    collected_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    revoked_by TEXT,
    used_at INTEGER
) STRICT;
CREATE INDEX consent_by_patient ON consent (patient);
CREATE TABLE fed (
    unique_id TEXT PRIMARY KEY,
    patient TEXT NOT NULL,
    actor TEXT NOT NULL,
    state TEXT NOT NULL,
    submission TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    size INTEGER NOT NULL,
    replaces TEXT,
    fed_at INTEGER NOT NULL,
    entry_uuid TEXT,
    logical_id TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX fed_by_patient ON fed (patient);
CREATE TABLE received (
    unique_id TEXT PRIMARY KEY,
    patient TEXT NOT NULL,
    sha1 TEXT NOT NULL,
    size INTEGER NOT NULL,
    received_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX received_by_patient ON received (patient);
CREATE TABLE emergency (
    id INTEGER PRIMARY KEY,
    patient TEXT NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    structure TEXT NOT NULL,
    reason TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    closes_at INTEGER NOT NULL,
    closed_at INTEGER,
    reviewed_by TEXT,
    reviewed_at INTEGER,
    note TEXT
) STRICT;
";

/// The register's file.
pub(crate) struct Register(HeldFile);

/// One use case's transaction on the register.
pub(crate) struct Tx<'a>(pub(super) Transaction<'a>);

/// A patient as the practice knows him.
#[derive(Debug, Clone)]
pub(crate) struct PatientRow {
    pub id: i64,
    pub status: IdentityStatus,
    pub traits: IdentityTraits,
    /// Divergences a person has confirmed to be harmless, and the DMP's traits they were seen against.
    pub confirmed: Option<Vec<Trait>>,
}

/// What the register knows of a document it fed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FedRow {
    pub actor: String,
    pub accepted: bool,
    pub sha256: Vec<u8>,
    pub entry_uuid: Option<EntryUuid>,
    pub logical_id: Option<EntryUuid>,
}

/// A document about to be fed.
#[derive(Debug, Clone)]
pub(crate) struct NewFed<'a> {
    pub unique_id: &'a Oid,
    pub patient: &'a str,
    pub actor: &'a str,
    pub submission: &'a Oid,
    pub sha256: [u8; 32],
    pub size: usize,
    pub replaces: Option<&'a Oid>,
    pub at: Instant,
}

/// A bris de glace, for review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Emergency {
    /// Number in the register.
    pub id: i64,
    /// CX of the INS.
    pub patient: String,
    /// Who.
    pub actor: String,
    /// Name.
    pub name: String,
    /// Structure.
    pub structure: String,
    /// The reason written at the time.
    pub reason: String,
    /// When it began.
    pub opened_at: Instant,
    /// When it ends by itself.
    pub closes_at: Instant,
    /// When it was closed before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Instant>,
    /// Who reviewed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<String>,
    /// When it was reviewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<Instant>,
    /// What the review concluded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What was done during a bris de glace, as the journal has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Consulted {
    /// Searches that were answered. How many documents they found is not kept: one may be masked since.
    pub searches: i64,
    /// Times a document was read.
    pub reads: i64,
    /// Documents read, each counted once.
    pub documents: i64,
    /// Attempts that were refused, or that found no such document.
    pub refused: i64,
}

pub(super) fn instant(millis: i64) -> rusqlite::Result<Instant> {
    Instant::from_millis(millis).ok_or(rusqlite::Error::IntegralValueOutOfRange(0, millis))
}

pub(super) fn maybe_instant(millis: Option<i64>) -> rusqlite::Result<Option<Instant>> {
    millis.map(instant).transpose()
}

impl Register {
    /// Opens or creates the register, under a key if one is given.
    pub fn open(path: &str, key: Option<&StoreKey>) -> Result<Register> {
        HeldFile::open(path, &SCHEMA, key).map(Register)
    }

    /// Where this register is.
    pub fn place(&self) -> &Place {
        self.0.place()
    }

    /// One use case: all of `work` or nothing, durable when this returns.
    pub fn durable<T>(&mut self, work: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        let tx = Tx(self.0.immediate()?);
        let value = work(&tx)?;
        tx.0.commit()?;
        Ok(value)
    }

    /// Makes what was deleted gone from the disk too: the file is written again without its free space, where deleted
    /// rows linger, and the write-ahead log is emptied. False when that could not be done now: no room, or someone else
    /// is reading; nothing is lost then.
    pub fn scrub(&mut self) -> bool {
        // A reader who stays is not waited for as a writer is.
        const PATIENCE: Duration = Duration::from_secs(2);
        let Ok(connection) = self.0.connection() else {
            return false;
        };
        let patient = sqlite::wait_for_others(connection, PATIENCE).is_ok();
        let written = patient && connection.execute_batch("VACUUM").is_ok();
        let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            row.get::<_, bool>(0)
        });
        let restored = sqlite::wait_for_others(connection, sqlite::BUSY).is_ok();
        written && restored && busy.is_ok_and(|busy| !busy)
    }

    /// Reads, on one consistent state.
    pub fn read<T>(&mut self, work: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        let transaction = self.0.connection()?.transaction()?;
        work(&Tx(transaction))
    }
}

impl Tx<'_> {
    // ---- journal

    /// Appends to the journal.
    pub fn journal(&self, entry: &NewEntry<'_>) -> Result<()> {
        journal::append(&self.0, entry)
    }

    /// Reads the journal.
    pub fn entries(&self, selection: &Selection<'_>) -> Result<Vec<Entry>> {
        journal::entries(&self.0, selection)
    }

    /// Hands over the entries one by one, each with the hash of the one before it.
    pub fn each_entry(
        &self,
        selection: &Selection<'_>,
        take: impl FnMut(Entry, &[u8]) -> Result<()>,
    ) -> Result<()> {
        journal::each(&self.0, selection, take)
    }

    /// The number of the journal's last entry; 0 when there is none.
    pub fn last_entry(&self) -> Result<i64> {
        journal::last(&self.0)
    }

    /// How many entries name a document.
    pub fn mentions(&self, document: &Oid) -> Result<i64> {
        journal::mentions(&self.0, document.as_str())
    }

    /// Checks the journal's chain.
    pub fn verify(&self) -> Result<Verification> {
        journal::verify(&self.0)
    }

    /// Checks the chain with the seals of the register and those given.
    pub fn check_seals(&self, given: &[Seal], keys: &[SealKey]) -> Result<SealedVerification> {
        journal::check(&self.0, given, keys)
    }

    /// Seals the journal as it stands; `None` when it is empty.
    pub fn seal(&self, key: &SealKey, now: Instant) -> Result<Option<Seal>> {
        journal::seal(&self.0, key, now)
    }

    /// Removes entries older than an instant, up to the first that is not; `None` when there is none.
    pub fn prune(&self, what: Pruning<'_>) -> Result<Option<Pruned>> {
        journal::prune(&self.0, what)
    }

    /// What the journal says of a bris de glace; `None` when its entries were removed after their time.
    pub fn consulted(&self, emergency: &Emergency) -> Result<Option<Consulted>> {
        journal::consulted(&self.0, emergency)
    }

    // ---- patients

    /// A patient by INS.
    pub fn patient(&self, ins: &Ins) -> Result<Option<PatientRow>> {
        let row: Option<(i64, String, String, Option<String>)> = self
            .0
            .prepare_cached(
                "SELECT id, status, traits, confirmed FROM patient WHERE matricule = ?1 AND oid = ?2",
            )?
            .query_row(params![ins.matricule(), ins.oid()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        row.map(|(id, status, traits, confirmed)| {
            Ok(PatientRow {
                id,
                status: stored_json(&status)?,
                traits: stored_json(&traits)?,
                confirmed: confirmed.as_deref().map(stored_json).transpose()?,
            })
        })
        .transpose()
    }

    /// Registers a patient, or corrects what is known of him; a correction voids earlier confirmations.
    pub fn put_patient(
        &self,
        ins: &Ins,
        status: IdentityStatus,
        traits: &IdentityTraits,
        now: Instant,
    ) -> Result<()> {
        self.0.execute(
            "INSERT INTO patient (matricule, oid, status, traits, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (matricule, oid) DO UPDATE SET status = excluded.status,
                 confirmed = CASE WHEN traits = excluded.traits THEN confirmed END,
                 traits = excluded.traits, updated_at = excluded.updated_at",
            params![
                ins.matricule(),
                ins.oid(),
                to_json(&status)?,
                to_json(traits)?,
                now.millis()
            ],
        )?;
        Ok(())
    }

    /// Records that a person confirmed the identity despite these divergences.
    pub fn confirm_identity(&self, patient: i64, divergences: &[Trait]) -> Result<()> {
        self.0.execute(
            "UPDATE patient SET confirmed = ?2 WHERE id = ?1",
            params![patient, to_json(&divergences)?],
        )?;
        Ok(())
    }

    // ---- consents

    /// Every consent and opposition of a patient, oldest first.
    pub fn consents(&self, patient: i64) -> Result<Vec<ConsentRecord>> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, kind, grantee, document, means, wording, reason, collected_by, collected_at,
                 expires_at, revoked_at, revoked_by, used_at
             FROM consent WHERE patient = ?1 ORDER BY id",
        )?;
        let rows = statement.query_map([patient], consent_texts)?;
        rows.map(|row| parse_consent(row?)).collect()
    }

    /// Records a consent; returns its number.
    pub fn insert_consent(
        &self,
        patient: i64,
        new: &NewConsent,
        collector: &PsIdNat,
        now: Instant,
    ) -> Result<i64> {
        let names_one = matches!(
            new.kind,
            ConsentKind::Explicit | ConsentKind::SingleConsultation
        );
        let grantee = new.grantee.as_ref().or(names_one.then_some(collector));
        self.0.execute(
            "INSERT INTO consent (patient, kind, grantee, document, means, wording, reason,
                 collected_by, collected_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                patient,
                to_json(&new.kind)?,
                grantee.map(PsIdNat::as_str),
                new.document.as_ref().map(Oid::as_str),
                to_json(&new.means)?,
                new.wording,
                new.reason,
                collector.as_str(),
                now.millis(),
                new.expires_at.map(Instant::millis),
            ],
        )?;
        Ok(self.0.last_insert_rowid())
    }

    /// Withdraws a consent or an opposition of this patient that still stands; false if there is none.
    pub fn revoke_consent(
        &self,
        patient: i64,
        id: i64,
        by: &PsIdNat,
        now: Instant,
    ) -> Result<bool> {
        let changed = self.0.execute(
            "UPDATE consent SET revoked_at = ?3, revoked_by = ?4
             WHERE id = ?1 AND patient = ?2 AND revoked_at IS NULL",
            params![id, patient, now.millis(), by.as_str()],
        )?;
        Ok(changed == 1)
    }

    /// Spends a single-consultation consent; false if another access spent it first.
    pub fn use_consent(&self, id: i64, now: Instant) -> Result<bool> {
        let changed = self.0.execute(
            "UPDATE consent SET used_at = ?2 WHERE id = ?1 AND used_at IS NULL",
            params![id, now.millis()],
        )?;
        Ok(changed == 1)
    }

    // ---- documents fed and received

    /// Fixes a document's identifiers before the first attempt to feed it.
    pub fn put_fed(&self, new: &NewFed<'_>) -> Result<()> {
        self.0
            .prepare_cached(
                "INSERT INTO fed (unique_id, patient, actor, state, submission, sha256, size, replaces, fed_at)
                 VALUES (?1, ?2, ?3, 'pending', ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (unique_id) DO UPDATE SET patient = excluded.patient, actor = excluded.actor,
                     state = 'pending', submission = excluded.submission, sha256 = excluded.sha256,
                     size = excluded.size, replaces = excluded.replaces, fed_at = excluded.fed_at
                 WHERE state <> 'accepted'",
            )?
            .execute(params![
                new.unique_id.as_str(),
                new.patient,
                new.actor,
                new.submission.as_str(),
                new.sha256,
                new.size as i64,
                new.replaces.map(Oid::as_str),
                new.at.millis(),
            ])?;
        Ok(())
    }

    /// What the register knows of a document it fed.
    pub fn fed(&self, unique_id: &Oid) -> Result<Option<FedRow>> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT actor, state, sha256, entry_uuid, logical_id FROM fed WHERE unique_id = ?1",
            )?
            .query_row([unique_id.as_str()], |row| {
                let uuid = |text: Option<String>| text.map(EntryUuid::stored);
                Ok(FedRow {
                    actor: row.get(0)?,
                    accepted: row.get::<_, String>(1)? == "accepted",
                    sha256: row.get(2)?,
                    entry_uuid: uuid(row.get(3)?),
                    logical_id: uuid(row.get(4)?),
                })
            })
            .optional()?)
    }

    /// The DMP accepted a document.
    pub fn accepted(
        &self,
        unique_id: &Oid,
        entry: Option<&EntryUuid>,
        logical: Option<&EntryUuid>,
    ) -> Result<()> {
        self.0
            .prepare_cached(
                "UPDATE fed SET state = 'accepted', entry_uuid = ?2, logical_id = ?3 WHERE unique_id = ?1",
            )?
            .execute(params![
                unique_id.as_str(),
                entry.map(EntryUuid::as_str),
                logical.map(EntryUuid::as_str)
            ])?;
        Ok(())
    }

    /// The DMP refused a document.
    pub fn rejected(&self, unique_id: &Oid) -> Result<()> {
        self.0
            .prepare_cached(
                "UPDATE fed SET state = 'refused' WHERE unique_id = ?1 AND state = 'pending'",
            )?
            .execute([unique_id.as_str()])?;
        Ok(())
    }

    /// Records a document read from the DMP.
    pub fn put_received(
        &self,
        unique_id: &Oid,
        patient: &str,
        sha1: &str,
        size: i64,
        now: Instant,
    ) -> Result<()> {
        self.0
            .prepare_cached(
                "INSERT INTO received (unique_id, patient, sha1, size, received_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (unique_id) DO UPDATE SET received_at = excluded.received_at",
            )?
            .execute(params![
                unique_id.as_str(),
                patient,
                sha1,
                size,
                now.millis()
            ])?;
        Ok(())
    }

    /// The documents of a patient that this practice fed (with who fed them) and received.
    pub fn known_documents(&self, patient: &str) -> Result<KnownDocuments> {
        let fed = self
            .0
            .prepare_cached(
                "SELECT unique_id, actor FROM fed WHERE patient = ?1 AND state = 'accepted'",
            )?
            .query_map([patient], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let received = self
            .0
            .prepare_cached("SELECT unique_id FROM received WHERE patient = ?1")?
            .query_map([patient], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(KnownDocuments { fed, received })
    }

    // ---- emergencies

    /// Opens a bris de glace; returns its number.
    #[allow(clippy::too_many_arguments)] // one column each, all required
    pub fn open_emergency(
        &self,
        patient: &str,
        actor: &str,
        name: &str,
        structure: &str,
        reason: &str,
        now: Instant,
        closes_at: Instant,
    ) -> Result<i64> {
        self.0.execute(
            "INSERT INTO emergency (patient, actor, name, structure, reason, opened_at, closes_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                patient,
                actor,
                name,
                structure,
                reason,
                now.millis(),
                closes_at.millis()
            ],
        )?;
        Ok(self.0.last_insert_rowid())
    }

    /// Closes a bris de glace that is still open.
    pub fn close_emergency(&self, id: i64, at: Instant) -> Result<()> {
        self.0.execute(
            "UPDATE emergency SET closed_at = min(?2, closes_at) WHERE id = ?1 AND closed_at IS NULL",
            params![id, at.millis()],
        )?;
        Ok(())
    }

    /// Emergencies in order; only those nobody reviewed, if asked.
    pub fn emergencies(&self, unreviewed: bool) -> Result<Vec<Emergency>> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, patient, actor, name, structure, reason, opened_at, closes_at, closed_at,
                 reviewed_by, reviewed_at, note
             FROM emergency WHERE ?1 = 0 OR reviewed_at IS NULL ORDER BY id",
        )?;
        let rows = statement.query_map([unreviewed], |row| {
            Ok(Emergency {
                id: row.get(0)?,
                patient: row.get(1)?,
                actor: row.get(2)?,
                name: row.get(3)?,
                structure: row.get(4)?,
                reason: row.get(5)?,
                opened_at: instant(row.get(6)?)?,
                closes_at: instant(row.get(7)?)?,
                closed_at: maybe_instant(row.get(8)?)?,
                reviewed_by: row.get(9)?,
                reviewed_at: maybe_instant(row.get(10)?)?,
                note: row.get(11)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Signs the review of an emergency; false if there is none to review.
    pub fn review_emergency(&self, id: i64, by: &str, note: &str, now: Instant) -> Result<bool> {
        let changed = self.0.execute(
            "UPDATE emergency SET reviewed_by = ?2, reviewed_at = ?3, note = ?4
             WHERE id = ?1 AND reviewed_at IS NULL",
            params![id, by, now.millis(), note],
        )?;
        Ok(changed == 1)
    }
}

/// The documents of a patient that a practice already has.
#[derive(Debug, Default)]
pub(crate) struct KnownDocuments {
    /// uniqueId → who fed it.
    pub fed: std::collections::HashMap<String, String>,
    /// uniqueIds read.
    pub received: std::collections::HashSet<String>,
}

type ConsentTexts = (
    i64,
    String,
    Option<String>,
    Option<String>,
    String,
    String,
    Option<String>,
    String,
    i64,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<i64>,
);

fn consent_texts(row: &Row<'_>) -> rusqlite::Result<ConsentTexts> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        row.get(7)?,
        row.get(8)?,
        row.get(9)?,
        row.get(10)?,
        row.get(11)?,
        row.get(12)?,
    ))
}

fn parse_consent(t: ConsentTexts) -> Result<ConsentRecord> {
    let damaged = || Error::from(StorageError::Corrupt);
    let ps = |text: &str| PsIdNat::new(text).map_err(|_| damaged());
    let at = |millis: i64| Instant::from_millis(millis).ok_or_else(damaged);
    let kind: ConsentKind = stored_json(&t.1)?;
    let means: Means = stored_json(&t.4)?;
    Ok(ConsentRecord {
        id: t.0,
        kind,
        grantee: t.2.as_deref().map(ps).transpose()?,
        document: t.3.map(Oid::stored),
        means,
        wording: t.5,
        reason: t.6,
        collected_by: ps(&t.7)?,
        collected_at: at(t.8)?,
        expires_at: t.9.map(at).transpose()?,
        revoked_at: t.10.map(at).transpose()?,
        revoked_by: t.11.as_deref().map(ps).transpose()?,
        used_at: t.12.map(at).transpose()?,
    })
}
