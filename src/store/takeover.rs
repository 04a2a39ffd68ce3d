//! What a take-over of past documents already settled, by content: a run that is called again passes over it.
//!
//! No path is kept: the names of files and folders may be those of patients.

use rusqlite::{OptionalExtension, params};

use super::Tx;
use super::outbox::{Counts, damaged};
use crate::clock::Instant;
use crate::error::Result;
use crate::rules::outbox::State;

pub(super) const TABLE: &str = "
CREATE TABLE takeover (
    sha256 BLOB PRIMARY KEY,
    -- Of the document's own rules, the one that it breaks; none when it was handed over.
    rule TEXT,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// How a content was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It went to the outbox.
    HandedOver,
    /// It breaks this rule.
    ToCorrect(String),
}

impl Tx<'_> {
    /// Keeps how a content was settled.
    pub fn put_settled(&self, sha256: &[u8; 32], settled: &Settled, now: Instant) -> Result<()> {
        let rule = match settled {
            Settled::HandedOver => None,
            Settled::ToCorrect(rule) => Some(rule),
        };
        self.0
            .prepare_cached(
                "INSERT INTO takeover (sha256, rule, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (sha256) DO UPDATE SET rule = excluded.rule, at = excluded.at",
            )?
            .execute(params![sha256, rule, now.millis()])?;
        Ok(())
    }

    /// How a content was settled; `None` if no take-over met it, or if it could change.
    pub fn settled(&self, sha256: &[u8; 32]) -> Result<Option<Settled>> {
        let rule: Option<Option<String>> = self
            .0
            .prepare_cached("SELECT rule FROM takeover WHERE sha256 = ?1")?
            .query_row([sha256], |row| row.get(0))
            .optional()?;
        Ok(rule.map(|rule| rule.map_or(Settled::HandedOver, Settled::ToCorrect)))
    }

    /// How many of an actor's items of take-overs stand in each state.
    pub fn take_over_counts(&self, actor: &str) -> Result<Counts> {
        let mut counts = Counts::default();
        let mut statement = self.0.prepare_cached(
            "SELECT state, count(*) FROM outbox WHERE take_over = 1 AND actor = ?1 GROUP BY state",
        )?;
        let mut rows = statement.query([actor])?;
        while let Some(row) = rows.next()? {
            let count: i64 = row.get(1)?;
            let state = State::of_code(&row.get::<_, String>(0)?).ok_or_else(damaged)?;
            counts.set(state, u64::try_from(count).unwrap_or_default());
        }
        Ok(counts)
    }
}
