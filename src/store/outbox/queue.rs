//! Whose turn it is.

use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use super::{ItemRow, damaged};
use crate::clock::Instant;
use crate::error::Result;
use crate::rules::outbox::State;
use crate::rules::outbox::retry::furthest;
use crate::store::Tx;
use crate::store::register::maybe_instant;

/// Which of the two queues: what people hand over in their work goes before what is taken over from the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Work,
    TakeOver,
}

/// How many items stand in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Wait for their turn.
    pub waiting: u64,
    /// In a dispatcher's hands.
    pub sending: u64,
    /// May be in the DMP: it will be asked.
    pub unsure: u64,
    /// The DMP is being asked.
    pub asking: u64,
    /// Wait for a person.
    pub held: u64,
    /// Refused as they are; wait for a person.
    pub dead: u64,
    /// Given up.
    pub cancelled: u64,
    /// In the DMP.
    pub done: u64,
}

impl Counts {
    /// What a dispatcher has still to do.
    pub const fn left(&self) -> u64 {
        self.waiting + self.sending + self.unsure + self.asking
    }

    /// Says how many stand in a state.
    pub(in crate::store) fn set(&mut self, state: State, count: u64) {
        let counter = match state {
            State::Waiting => &mut self.waiting,
            State::Sending => &mut self.sending,
            State::Unsure => &mut self.unsure,
            State::Asking => &mut self.asking,
            State::Held => &mut self.held,
            State::Dead => &mut self.dead,
            State::Cancelled => &mut self.cancelled,
            State::Done => &mut self.done,
        };
        *counter = count;
    }
}

impl Tx<'_> {
    /// The next item that may go: of the author who was served longest ago, the oldest that is due and whose
    /// predecessors are over. Authors that `skip` names are passed over.
    pub fn next_item(
        &self,
        place: Place,
        skip: &dyn Fn(&str) -> bool,
        now: Instant,
    ) -> Result<Option<ItemRow>> {
        let take_over = place == Place::TakeOver;
        // From author to author through the index, whatever the number of items.
        let mut authors: Vec<(String, i64)> = self
            .0
            .prepare_cached(
                "WITH RECURSIVE author (actor) AS (
                     SELECT min(actor) FROM outbox WHERE state IN ('waiting', 'unsure')
                     UNION ALL
                     SELECT (SELECT min(actor) FROM outbox
                             WHERE state IN ('waiting', 'unsure') AND actor > author.actor)
                     FROM author WHERE author.actor IS NOT NULL)
                 SELECT a.actor, coalesce(t.turn, 0) FROM author a LEFT JOIN outbox_author t USING (actor)
                 WHERE a.actor IS NOT NULL",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        authors.retain(|(actor, _)| !skip(actor));
        authors.sort_by_key(|(_, turn)| *turn);
        for (actor, _) in &authors {
            let id: Option<i64> = self
                .0
                .prepare_cached(
                    "SELECT o.id FROM outbox o
                     WHERE o.actor = ?1 AND o.take_over = ?2 AND o.state IN ('waiting', 'unsure')
                       AND (o.due_at <= ?3 OR o.due_at > ?4)
                       AND NOT EXISTS (SELECT 1 FROM outbox_after a JOIN outbox p ON p.id = a.predecessor
                           WHERE a.item = o.id AND p.state NOT IN ('done', 'cancelled'))
                     ORDER BY o.id LIMIT 1",
                )?
                .query_row(
                    params![actor, take_over, now.millis(), furthest(now).millis()],
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(id) = id {
                return self.item(id)?.ok_or_else(damaged).map(Some);
            }
        }
        Ok(None)
    }

    /// When the next item that is not due yet will be; `None` when there is none.
    pub fn next_due(&self, now: Instant) -> Result<Option<Instant>> {
        let at: Option<i64> = self
            .0
            .prepare_cached(
                "SELECT min(due_at) FROM outbox WHERE state IN ('waiting', 'unsure') AND due_at > ?1
                   AND due_at <= ?2",
            )?
            .query_row([now.millis(), furthest(now).millis()], |row| row.get(0))?;
        Ok(maybe_instant(at)?)
    }

    /// An author had his turn.
    pub(super) fn served(&self, actor: &str) -> Result<()> {
        self.0
            .prepare_cached(
                "INSERT INTO outbox_author (actor, turn, numbered)
                 VALUES (?1, (SELECT coalesce(max(turn), 0) + 1 FROM outbox_author), 0)
                 ON CONFLICT (actor) DO UPDATE SET turn = excluded.turn",
            )?
            .execute([actor])?;
        Ok(())
    }

    /// Items whose holder is gone: their time is over, or lies further ahead than any holder asks for (`longest` from
    /// now: the clock was set back).
    pub fn abandoned(&self, longest: Instant, now: Instant) -> Result<Vec<ItemRow>> {
        let ids: Vec<i64> = self
            .0
            .prepare_cached(
                "SELECT id FROM outbox WHERE state IN ('sending', 'asking')
                   AND (held_until <= ?1 OR held_until > ?2) ORDER BY id",
            )?
            .query_map([now.millis(), longest.millis()], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            rows.extend(self.item(id)?);
        }
        Ok(rows)
    }

    /// When the hold of an item that is in someone's hands ends, the earliest; `None` when nothing is.
    pub fn next_release(&self) -> Result<Option<Instant>> {
        let at: Option<i64> = self
            .0
            .prepare_cached(
                "SELECT min(held_until) FROM outbox WHERE state IN ('sending', 'asking')",
            )?
            .query_row([], |row| row.get(0))?;
        Ok(maybe_instant(at)?)
    }

    /// The items of a patient that are not over.
    pub fn open_items_of(&self, patient: &str) -> Result<Vec<ItemRow>> {
        let ids: Vec<i64> = self
            .0
            .prepare_cached(
                "SELECT id FROM outbox WHERE patient = ?1 AND state NOT IN ('done', 'cancelled') ORDER BY id",
            )?
            .query_map([patient], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            rows.extend(self.item(id)?);
        }
        Ok(rows)
    }

    /// Items of the same author that wait for the end of this one and are not over themselves.
    pub fn successors(&self, id: i64) -> Result<Vec<ItemRow>> {
        let ids: Vec<i64> = self
            .0
            .prepare_cached(
                "SELECT a.item FROM outbox_after a JOIN outbox o ON o.id = a.item
                 JOIN outbox p ON p.id = a.predecessor
                 WHERE a.predecessor = ?1 AND o.actor = p.actor AND o.state NOT IN ('done', 'cancelled')
                 ORDER BY a.item",
            )?
            .query_map([id], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            rows.extend(self.item(id)?);
        }
        Ok(rows)
    }

    /// What waited for an item waits for another in its place.
    pub fn pass_on_successors(&self, from: i64, to: i64) -> Result<()> {
        self.0
            .prepare_cached(
                "UPDATE OR IGNORE outbox_after SET predecessor = ?2 WHERE predecessor = ?1 AND item <> ?2",
            )?
            .execute([from, to])?;
        Ok(())
    }

    /// The items for whose end this one waits: their ids; or of one actor, his numbers for his own.
    pub fn waits_for(&self, id: i64, actor: Option<&str>) -> Result<Vec<i64>> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT iif(?2 IS NULL, p.id, p.number) FROM outbox_after a JOIN outbox p ON p.id = a.predecessor
                 WHERE a.item = ?1 AND (?2 IS NULL OR p.actor = ?2) AND p.state NOT IN ('done', 'cancelled')
                 ORDER BY a.predecessor",
            )?
            .query_map(params![id, actor], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?)
    }

    /// How many items stand in each state, of one actor or of all.
    pub fn outbox_counts(&self, actor: Option<&str>) -> Result<Counts> {
        let mut counts = Counts::default();
        let mut statement = self.0.prepare_cached(
            "SELECT state, count(*) FROM outbox WHERE ?1 IS NULL OR actor = ?1 GROUP BY state",
        )?;
        let mut rows = statement.query([actor])?;
        while let Some(row) = rows.next()? {
            let count: i64 = row.get(1)?;
            let count = u64::try_from(count).unwrap_or_default();
            let state = State::of_code(&row.get::<_, String>(0)?).ok_or_else(damaged)?;
            counts.set(state, count);
        }
        Ok(counts)
    }
}
