//! What every item shares: the way to the DMP, the pace, the stop button.

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::damaged;
use crate::clock::Instant;
use crate::error::Result;
use crate::rules::outbox::retry::furthest;
use crate::store::Tx;
use crate::store::register::instant;

/// The way to the DMP, or what an author's key opens, after failures: left alone until an instant.
#[derive(Debug, Clone)]
pub(crate) struct Road {
    pub failures: u32,
    pub retry_at: Instant,
    /// The refusal for a person, as JSON.
    pub reason: Option<Box<RawValue>>,
}

/// What the stop button stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// Everything.
    All,
    /// Take-overs of past documents.
    TakeOver,
}

impl Stop {
    const fn code(self) -> &'static str {
        match self {
            Stop::All => "all",
            Stop::TakeOver => "take_over",
        }
    }
}

/// The scope of everyone.
const EVERYONE: &str = "";

impl Tx<'_> {
    /// The way of an author, or of everyone (`None`), when it failed lately.
    pub fn road(&self, author: Option<&str>) -> Result<Option<Road>> {
        let row: Option<(u32, i64, Option<String>)> = self
            .0
            .prepare_cached("SELECT failures, retry_at, reason FROM outbox_road WHERE scope = ?1")?
            .query_row([author.unwrap_or(EVERYONE)], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        row.map(|(failures, retry_at, reason)| {
            Ok(Road {
                failures,
                retry_at: instant(retry_at)?,
                reason: reason
                    .map(RawValue::from_string)
                    .transpose()
                    .map_err(|_| damaged())?,
            })
        })
        .transpose()
    }

    /// Leaves a way alone until an instant.
    pub fn close_road(
        &self,
        author: Option<&str>,
        failures: u32,
        retry_at: Instant,
        reason: Option<&str>,
    ) -> Result<()> {
        self.0
            .prepare_cached(
                "INSERT INTO outbox_road (scope, failures, retry_at, reason) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (scope) DO UPDATE SET failures = excluded.failures, retry_at = excluded.retry_at,
                     reason = excluded.reason",
            )?
            .execute(params![author.unwrap_or(EVERYONE), failures, retry_at.millis(), reason])?;
        Ok(())
    }

    /// The DMP answered an author: his way and everyone's are open.
    pub fn open_road(&self, author: &str) -> Result<()> {
        self.0
            .prepare_cached("DELETE FROM outbox_road WHERE scope IN (?1, '')")?
            .execute([author])?;
        Ok(())
    }

    /// Authors whose way is closed, with the instant it is tried again.
    pub fn closed_authors(&self, now: Instant) -> Result<Vec<(String, Instant)>> {
        let mut statement = self.0.prepare_cached(
            "SELECT scope, retry_at FROM outbox_road WHERE scope <> '' AND retry_at > ?1 AND retry_at <= ?2",
        )?;
        let mut rows = statement.query([now.millis(), furthest(now).millis()])?;
        let mut closed = Vec::new();
        while let Some(row) = rows.next()? {
            closed.push((row.get(0)?, instant(row.get(1)?)?));
        }
        Ok(closed)
    }

    /// When the last deposits of a structure left, in order, since an instant.
    pub fn sent_since(&self, structure: &str, since: Instant) -> Result<Vec<Instant>> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT at FROM outbox_sent WHERE structure = ?1 AND at > ?2 ORDER BY at",
            )?
            .query_map(params![structure, since.millis()], |row| {
                instant(row.get(0)?)
            })?
            .collect::<rusqlite::Result<_>>()?)
    }

    /// How many take-overs left since an instant; what a clock dated later than now does not count.
    pub fn taken_over_since(&self, since: Instant, now: Instant) -> Result<u32> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT count(*) FROM outbox_sent WHERE take_over = 1 AND at BETWEEN ?1 AND ?2",
            )?
            .query_row([since.millis(), now.millis()], |row| row.get(0))?)
    }

    /// Something leaves now. What left more than two days ago is forgotten.
    pub fn put_sent(&self, structure: &str, take_over: bool, now: Instant) -> Result<()> {
        let c = &self.0;
        c.prepare_cached("DELETE FROM outbox_sent WHERE at < ?1")?
            .execute([now.plus_days(-2).millis()])?;
        c.prepare_cached("INSERT INTO outbox_sent (structure, take_over, at) VALUES (?1, ?2, ?3)")?
            .execute(params![structure, take_over, now.millis()])?;
        Ok(())
    }

    /// Presses the stop button; false if it was.
    pub fn stop(&self, what: Stop, by: &str, now: Instant) -> Result<bool> {
        let changed = self
            .0
            .prepare_cached(
                "INSERT INTO outbox_stop (what, at, by) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute(params![what.code(), now.millis(), by])?;
        Ok(changed == 1)
    }

    /// Releases the stop button; false if it was not pressed.
    pub fn restart(&self, what: Stop) -> Result<bool> {
        let changed = self
            .0
            .prepare_cached("DELETE FROM outbox_stop WHERE what = ?1")?
            .execute([what.code()])?;
        Ok(changed == 1)
    }

    /// Whether the stop button is pressed, and since when.
    pub fn stopped(&self, what: Stop) -> Result<Option<Instant>> {
        Ok(self
            .0
            .prepare_cached("SELECT at FROM outbox_stop WHERE what = ?1")?
            .query_row([what.code()], |row| instant(row.get(0)?))
            .optional()?)
    }
}
