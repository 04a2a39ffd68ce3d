//! Documents kept for reading without network.
//!
//! Bytes stand once, by SHA-256; the right to read them is a row for each person and document, under the consent that
//! allowed the reading. A content that no row names any more is removed by the store itself: no way of removing a row
//! can leave bytes behind.

use rusqlite::{OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use super::Tx;
use super::register::instant;
use super::sqlite::{stored_json, to_json};
use crate::clock::Instant;
use crate::document::{DocumentEntry, Oid};
use crate::error::Result;

pub(super) const TABLES: &str = "
CREATE TABLE kept_content (
    sha256 BLOB PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;
CREATE TABLE kept (
    patient TEXT NOT NULL,
    actor TEXT NOT NULL,
    face TEXT NOT NULL,
    unique_id TEXT NOT NULL,
    sha256 BLOB NOT NULL REFERENCES kept_content (sha256),
    sha1 TEXT NOT NULL,
    entry TEXT NOT NULL,
    consent INTEGER NOT NULL,
    authorised_until INTEGER,
    kept_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (patient, actor, face, unique_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_by_content ON kept (sha256);
CREATE INDEX kept_by_consent ON kept (consent);
CREATE TRIGGER kept_content_goes_with_its_last_reader AFTER DELETE ON kept
WHEN NOT EXISTS (SELECT 1 FROM kept WHERE sha256 = OLD.sha256)
BEGIN DELETE FROM kept_content WHERE sha256 = OLD.sha256; END;
CREATE TRIGGER kept_content_goes_when_replaced AFTER UPDATE OF sha256 ON kept
WHEN NOT EXISTS (SELECT 1 FROM kept WHERE sha256 = OLD.sha256)
BEGIN DELETE FROM kept_content WHERE sha256 = OLD.sha256; END;
";

/// What ends the term of a row: its maximum age as it was set then and as it is now, the end of the authorisation, the
/// consent that allowed it withdrawn, expired or gone. `?1` is now, `?2` the oldest reading that may still serve.
const OVER: &str = "(expires_at <= ?1 OR kept_at <= ?2
    OR (authorised_until IS NOT NULL AND authorised_until <= ?1)
    OR NOT EXISTS (SELECT 1 FROM consent WHERE consent.id = kept.consent AND consent.revoked_at IS NULL
        AND (consent.expires_at IS NULL OR consent.expires_at > ?1)))";

/// Who reads which patient's documents. The same person in another structure, with another means of authentication or
/// another profession, may not have been shown the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// CX of the INS.
    pub patient: &'a str,
    pub actor: &'a str,
    /// Structure, authentication, profession.
    pub face: &'a str,
}

/// When a row is in its term.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term {
    pub now: Instant,
    /// Documents read from the DMP at this instant or before are too old; `None` leaves that to each row.
    pub oldest: Option<Instant>,
}

impl Term {
    fn oldest(&self) -> i64 {
        self.oldest.map_or(i64::MIN, Instant::millis)
    }
}

/// A document to keep.
#[derive(Debug)]
pub(crate) struct NewKept<'a> {
    pub entry: &'a DocumentEntry,
    pub bytes: &'a [u8],
    /// The consent record that allowed the reading.
    pub consent: i64,
    pub authorised_until: Option<Instant>,
    pub now: Instant,
    pub expires_at: Instant,
}

/// A document kept, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptRow {
    /// As the DMP last told it to this reader.
    pub entry: DocumentEntry,
    /// When its bytes were read from the DMP.
    pub kept_at: Instant,
    /// When the DMP last told the entry.
    pub seen_at: Instant,
}

const ROW: &str = "entry, kept_at, seen_at";

fn texts(row: &Row<'_>) -> rusqlite::Result<(String, i64, i64)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn parsed((entry, kept_at, seen_at): (String, i64, i64)) -> Result<KeptRow> {
    Ok(KeptRow {
        entry: stored_json(&entry)?,
        kept_at: instant(kept_at)?,
        seen_at: instant(seen_at)?,
    })
}

impl Tx<'_> {
    /// Keeps a document for a reader; read again, its term begins again.
    pub fn keep(&self, reader: &Reader<'_>, new: &NewKept<'_>) -> Result<()> {
        let sha256: [u8; 32] = Sha256::digest(new.bytes).into();
        self.0
            .prepare_cached(
                "INSERT INTO kept_content (sha256, bytes) VALUES (?1, ?2) ON CONFLICT (sha256) DO NOTHING",
            )?
            .execute(params![sha256, new.bytes])?;
        self.0
            .prepare_cached(
                "INSERT INTO kept (patient, actor, face, unique_id, sha256, sha1, entry, consent, authorised_until,
                     kept_at, seen_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11)
                 ON CONFLICT (patient, actor, face, unique_id) DO UPDATE SET sha256 = excluded.sha256,
                     sha1 = excluded.sha1, entry = excluded.entry, consent = excluded.consent,
                     authorised_until = excluded.authorised_until, kept_at = excluded.kept_at,
                     seen_at = excluded.seen_at, expires_at = excluded.expires_at",
            )?
            .execute(params![
                reader.patient,
                reader.actor,
                reader.face,
                new.entry.unique_id.as_str(),
                sha256,
                new.entry.hash.to_ascii_lowercase(),
                to_json(new.entry)?,
                new.consent,
                new.authorised_until.map(Instant::millis),
                new.now.millis(),
                new.expires_at.millis(),
            ])?;
        Ok(())
    }

    /// What is kept for a reader and in its term, by uniqueId.
    pub fn kept(&self, reader: &Reader<'_>, term: &Term) -> Result<Vec<KeptRow>> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {ROW} FROM kept WHERE patient = ?3 AND actor = ?4 AND face = ?5 AND NOT {OVER}
             ORDER BY unique_id"
        ))?;
        let rows = statement.query_map(
            params![
                term.now.millis(),
                term.oldest(),
                reader.patient,
                reader.actor,
                reader.face
            ],
            texts,
        )?;
        rows.map(|row| parsed(row?)).collect()
    }

    /// One document kept for a reader and in its term, with its bytes.
    pub fn kept_document(
        &self,
        reader: &Reader<'_>,
        term: &Term,
        unique_id: &Oid,
    ) -> Result<Option<(KeptRow, Vec<u8>)>> {
        let found = self
            .0
            .prepare_cached(&format!(
                "SELECT {ROW}, (SELECT bytes FROM kept_content c WHERE c.sha256 = kept.sha256) FROM kept
                 WHERE patient = ?3 AND actor = ?4 AND face = ?5 AND unique_id = ?6 AND NOT {OVER}"
            ))?
            .query_row(
                params![
                    term.now.millis(),
                    term.oldest(),
                    reader.patient,
                    reader.actor,
                    reader.face,
                    unique_id.as_str()
                ],
                |row| Ok((texts(row)?, row.get(3)?)),
            )
            .optional()?;
        found
            .map(|(row, bytes)| Ok((parsed(row)?, bytes)))
            .transpose()
    }

    /// Every right to read what is kept of a patient, in its term or not: who, which document.
    pub fn kept_ids(&self, patient: &str) -> Result<Vec<(String, Oid)>> {
        let mut statement = self
            .0
            .prepare_cached("SELECT DISTINCT actor, unique_id FROM kept WHERE patient = ?1")?;
        let rows =
            statement.query_map([patient], |row| Ok((row.get(0)?, Oid::stored(row.get(1)?))))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The DMP just told a reader an entry that may be kept. A copy with another hash is not that document: it goes.
    pub fn refresh_kept(
        &self,
        reader: &Reader<'_>,
        entry: &DocumentEntry,
        now: Instant,
    ) -> Result<()> {
        let sha1 = entry.hash.to_ascii_lowercase();
        let id = entry.unique_id.as_str();
        self.0
            .prepare_cached(
                "DELETE FROM kept WHERE patient = ?1 AND actor = ?2 AND unique_id = ?3 AND sha1 <> ?4",
            )?
            .execute(params![reader.patient, reader.actor, id, sha1])?;
        self.0
            .prepare_cached(
                "UPDATE kept SET entry = ?5, seen_at = ?6
                 WHERE patient = ?1 AND actor = ?2 AND face = ?3 AND unique_id = ?4",
            )?
            .execute(params![
                reader.patient,
                reader.actor,
                reader.face,
                id,
                to_json(entry)?,
                now.millis()
            ])?;
        Ok(())
    }

    /// The DMP just told until when a person's authorisation lasts; `None` when it does not tell.
    pub fn extend_kept(&self, patient: &str, actor: &str, until: Option<Instant>) -> Result<()> {
        self.0
            .prepare_cached(
                "UPDATE kept SET authorised_until = ?3
                 WHERE patient = ?1 AND actor = ?2 AND authorised_until IS NOT ?3",
            )?
            .execute(params![patient, actor, until.map(Instant::millis)])?;
        Ok(())
    }

    /// Forgets a document for one person.
    pub fn forget_kept(&self, patient: &str, actor: &str, unique_id: &Oid) -> Result<()> {
        self.0
            .prepare_cached(
                "DELETE FROM kept WHERE patient = ?1 AND actor = ?2 AND unique_id = ?3",
            )?
            .execute(params![patient, actor, unique_id.as_str()])?;
        Ok(())
    }

    /// Forgets a document for everyone.
    pub fn forget_kept_document(&self, patient: &str, unique_id: &Oid) -> Result<()> {
        self.0
            .prepare_cached("DELETE FROM kept WHERE patient = ?1 AND unique_id = ?2")?
            .execute(params![patient, unique_id.as_str()])?;
        Ok(())
    }

    /// Forgets a patient's documents for one person.
    pub fn forget_kept_of_actor(&self, patient: &str, actor: &str) -> Result<()> {
        self.0
            .prepare_cached("DELETE FROM kept WHERE patient = ?1 AND actor = ?2")?
            .execute([patient, actor])?;
        Ok(())
    }

    /// Forgets a patient's documents.
    pub fn forget_kept_of_patient(&self, patient: &str) -> Result<()> {
        self.0
            .prepare_cached("DELETE FROM kept WHERE patient = ?1")?
            .execute([patient])?;
        Ok(())
    }

    /// Forgets what a consent had allowed to keep.
    pub fn forget_kept_under(&self, consent: i64) -> Result<()> {
        self.0
            .prepare_cached("DELETE FROM kept WHERE consent = ?1")?
            .execute([consent])?;
        Ok(())
    }

    /// Whether something is kept beyond its term.
    pub fn kept_is_over(&self, term: &Term) -> Result<bool> {
        Ok(self
            .0
            .prepare_cached(&format!("SELECT EXISTS (SELECT 1 FROM kept WHERE {OVER})"))?
            .query_row(params![term.now.millis(), term.oldest()], |row| row.get(0))?)
    }

    /// Removes what is kept beyond its term; returns how many rights to read that were.
    pub fn sweep_kept(&self, term: &Term) -> Result<usize> {
        Ok(self
            .0
            .prepare_cached(&format!("DELETE FROM kept WHERE {OVER}"))?
            .execute(params![term.now.millis(), term.oldest()])?)
    }

    /// Removes all that is kept; returns how many rights to read that were.
    pub fn forget_all_kept(&self) -> Result<usize> {
        Ok(self.0.execute("DELETE FROM kept", [])?)
    }
}
