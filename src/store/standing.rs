//! What the DMP last said of a dossier to each professional (TD0.2): where decisions start when there is no network.
//!
//! The DMP's identity traits are never kept, only which of the five differ.

use rusqlite::{OptionalExtension, params};

use super::Tx;
use super::sqlite::{stored_json, to_json};
use crate::clock::Instant;
use crate::dossier::Existence;
use crate::error::Result;
use crate::identity::Trait;

pub(super) const TABLE: &str = "
CREATE TABLE standing (
    patient TEXT NOT NULL,
    actor TEXT NOT NULL,
    existence TEXT NOT NULL,
    divergences TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (patient, actor)
) STRICT, WITHOUT ROWID;
";

/// An answer to TD0.2, as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Without the identity traits.
    pub existence: Existence,
    /// Traits that differed from the practice's.
    pub divergences: Vec<Trait>,
    pub seen_at: Instant,
}

impl Tx<'_> {
    /// Forgets what the DMP said, to everyone.
    pub fn forget_all_standing(&self) -> Result<()> {
        self.0.execute("DELETE FROM standing", [])?;
        Ok(())
    }

    /// Keeps what the DMP just said of a patient's (CX) dossier to an actor.
    pub fn put_standing(
        &self,
        patient: &str,
        actor: &str,
        existence: &Existence,
        divergences: &[Trait],
        now: Instant,
    ) -> Result<()> {
        self.0
            .prepare_cached(
                "INSERT INTO standing (patient, actor, existence, divergences, seen_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (patient, actor) DO UPDATE SET existence = excluded.existence,
                     divergences = excluded.divergences, seen_at = excluded.seen_at",
            )?
            .execute(params![
                patient,
                actor,
                to_json(existence)?,
                to_json(&divergences)?,
                now.millis(),
            ])?;
        Ok(())
    }

    /// What the DMP last said of a patient's dossier to an actor; `None` if he never asked from here.
    pub fn standing(&self, patient: &str, actor: &str) -> Result<Option<Standing>> {
        let row: Option<(String, String, i64)> = self
            .0
            .prepare_cached(
                "SELECT existence, divergences, seen_at FROM standing WHERE patient = ?1 AND actor = ?2",
            )?
            .query_row([patient, actor], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        row.map(|(existence, divergences, seen_at)| {
            Ok(Standing {
                existence: stored_json(&existence)?,
                divergences: stored_json(&divergences)?,
                seen_at: super::register::instant(seen_at)?,
            })
        })
        .transpose()
    }
}
