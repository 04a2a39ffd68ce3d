//! The outbox: what was handed over and is not yet in the DMP, with all that its sending needs, fixed before the
//! first attempt. One row an item, one a document, one for each thing that happened to it.
//!
//! The content of a document leaves the register once the item is done, or given up and its history expired.
//! Moves are decided by [`crate::rules::outbox`]; this module writes them.

mod queue;
mod road;

pub use queue::Counts;
pub(crate) use queue::Place;
pub use road::Stop;

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Tx;
use super::register::{instant, maybe_instant};
use super::sqlite::{stored_json, to_json};
use crate::clock::Instant;
use crate::dmp::Requester;
use crate::document::{Metadata, Oid, SubmissionSet, Visibility};
use crate::error::{Error, Result, StorageError};
use crate::identity::Ins;
use crate::rules::outbox::{Event, Item, Kind, State};

pub(super) const TABLES: &str = "
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The author's own count: a count of the practice's would tell him of his colleagues.
    number INTEGER NOT NULL,
    patient TEXT NOT NULL,
    ins TEXT NOT NULL,
    actor TEXT NOT NULL,
    structure TEXT NOT NULL,
    requester TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT,
    take_over INTEGER NOT NULL,
    submission TEXT NOT NULL,
    state TEXT NOT NULL,
    doubt INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    held_by TEXT,
    held_until INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX outbox_by_number ON outbox (actor, number);
CREATE INDEX outbox_ready ON outbox (actor, take_over, id) WHERE state IN ('waiting', 'unsure');
CREATE INDEX outbox_due ON outbox (due_at) WHERE state IN ('waiting', 'unsure');
CREATE INDEX outbox_taken ON outbox (held_until) WHERE state IN ('sending', 'asking');
CREATE INDEX outbox_by_patient ON outbox (patient, state);
CREATE INDEX outbox_by_target ON outbox (target) WHERE target IS NOT NULL;
CREATE INDEX outbox_ended ON outbox (ended_at) WHERE ended_at IS NOT NULL;
CREATE TABLE outbox_document (
    item INTEGER NOT NULL REFERENCES outbox (id),
    place INTEGER NOT NULL,
    unique_id TEXT NOT NULL,
    replaces TEXT,
    metadata TEXT NOT NULL,
    visibility TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (item, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_document_by_id ON outbox_document (unique_id);
CREATE INDEX outbox_document_by_replaced ON outbox_document (replaces) WHERE replaces IS NOT NULL;
CREATE TABLE outbox_content (
    item INTEGER NOT NULL,
    place INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (item, place)
) STRICT;
-- An item goes only once its predecessors are over.
CREATE TABLE outbox_after (
    item INTEGER NOT NULL REFERENCES outbox (id),
    predecessor INTEGER NOT NULL REFERENCES outbox (id),
    PRIMARY KEY (item, predecessor)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_before ON outbox_after (predecessor);
CREATE TABLE outbox_history (
    item INTEGER NOT NULL REFERENCES outbox (id),
    place INTEGER NOT NULL,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    rule TEXT,
    PRIMARY KEY (item, place)
) STRICT, WITHOUT ROWID;
-- When each author was last served, for turns go round; the last number he was given.
CREATE TABLE outbox_author (
    actor TEXT PRIMARY KEY,
    turn INTEGER NOT NULL,
    numbered INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- The way to the DMP (scope '') and what each author's key opens: how long to leave it alone, and why.
CREATE TABLE outbox_road (
    scope TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    retry_at INTEGER NOT NULL,
    reason TEXT
) STRICT, WITHOUT ROWID;
-- What left lately, for the pace of each structure and the daily cap of take-overs.
CREATE TABLE outbox_sent (structure TEXT NOT NULL, take_over INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE INDEX outbox_sent_by_structure ON outbox_sent (structure, at);
CREATE INDEX outbox_sent_by_time ON outbox_sent (at);
-- The stop button: pressed while the row is there.
CREATE TABLE outbox_stop (
    what TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

/// A document of an item to come.
#[derive(Debug, Clone)]
pub(crate) struct NewDocument<'a> {
    pub metadata: &'a Metadata,
    pub visibility: Visibility,
    pub replaces: Option<&'a Oid>,
    pub content: &'a [u8],
    pub sha256: [u8; 32],
}

/// An item to come.
#[derive(Debug, Clone)]
pub(crate) struct NewItem<'a> {
    pub ins: &'a Ins,
    /// CX of the INS.
    pub patient: &'a str,
    pub requester: &'a Requester,
    pub kind: Kind,
    /// uniqueId of the document to change; none for a deposit.
    pub target: Option<&'a Oid>,
    pub submission: &'a SubmissionSet,
    pub documents: &'a [NewDocument<'a>],
    pub start: Item,
    pub take_over: bool,
    pub now: Instant,
}

/// An item, without its documents.
#[derive(Debug, Clone)]
pub(crate) struct ItemRow {
    pub id: i64,
    /// How its author calls it: from 1, in the order he hands over, never given twice.
    pub number: i64,
    pub patient: String,
    pub ins: Ins,
    pub requester: Requester,
    pub kind: Kind,
    pub target: Option<Oid>,
    pub take_over: bool,
    pub submission: SubmissionSet,
    pub item: Item,
    pub queued_at: Instant,
    pub due_at: Instant,
    pub attempts: u32,
    pub failures: u32,
    pub reason: Option<Box<RawValue>>,
    pub ended_at: Option<Instant>,
}

/// A document of an item, without its bytes.
#[derive(Debug, Clone)]
pub(crate) struct DocumentRow {
    pub place: i64,
    pub unique_id: Oid,
    pub replaces: Option<Oid>,
    pub metadata: Metadata,
    pub visibility: Visibility,
    pub sha256: Vec<u8>,
}

/// One thing that happened to an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Happening {
    /// When.
    pub at: Instant,
    /// What: a code of [`Event`], or `queued`.
    pub event: String,
    /// The state it led to.
    pub state: State,
    /// The rule or code behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// How an item moves.
#[derive(Debug, Clone)]
pub(crate) struct Move<'a> {
    pub event: Event,
    pub to: Item,
    /// The refusal for a person, as JSON; none keeps what is there.
    pub reason: Option<&'a str>,
    /// Its rule.
    pub rule: Option<&'a str>,
    pub due_at: Instant,
    /// Failures of its own so far.
    pub failures: u32,
    pub now: Instant,
}

const ITEM: &str = "SELECT id, patient, ins, requester, kind, target, take_over, submission, state, doubt, withdrawn,
    queued_at, due_at, attempts, failures, reason, ended_at, number FROM outbox";

pub(super) fn damaged() -> Error {
    StorageError::Corrupt.into()
}

/// Columns of [`ITEM`].
fn item_row(row: &Row<'_>) -> Result<ItemRow> {
    let text = |index| row.get::<_, String>(index);
    let state = State::of_code(&text(8)?).ok_or_else(damaged)?;
    let reason: Option<String> = row.get(15)?;
    Ok(ItemRow {
        id: row.get(0)?,
        patient: text(1)?,
        ins: stored_json(&text(2)?)?,
        requester: stored_json(&text(3)?)?,
        kind: Kind::of_code(&text(4)?).ok_or_else(damaged)?,
        target: row.get::<_, Option<String>>(5)?.map(Oid::stored),
        take_over: row.get(6)?,
        submission: stored_json(&text(7)?)?,
        item: Item {
            state,
            doubt: row.get(9)?,
            withdrawn: row.get(10)?,
        },
        queued_at: instant(row.get(11)?)?,
        due_at: instant(row.get(12)?)?,
        attempts: row.get(13)?,
        failures: row.get(14)?,
        reason: reason
            .map(RawValue::from_string)
            .transpose()
            .map_err(|_| damaged())?,
        ended_at: maybe_instant(row.get(16)?)?,
        number: row.get(17)?,
    })
}

impl Tx<'_> {
    // ---- items

    /// Takes an item in, after those whose end it waits for; returns its id and its author's number for it.
    pub fn put_item(&self, new: &NewItem<'_>) -> Result<(i64, i64)> {
        let c = &self.0;
        let number: i64 = c
            .prepare_cached(
                "INSERT INTO outbox_author (actor, turn, numbered) VALUES (?1, 0, 1)
                 ON CONFLICT (actor) DO UPDATE SET numbered = numbered + 1 RETURNING numbered",
            )?
            .query_row([new.requester.id()], |row| row.get(0))?;
        c.prepare_cached(
            "INSERT INTO outbox (patient, ins, actor, structure, requester, kind, target, take_over, submission,
                 state, doubt, withdrawn, queued_at, due_at, number)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, ?14)",
        )?
        .execute(params![
            new.patient,
            to_json(new.ins)?,
            new.requester.id(),
            new.requester.structure.id.as_str(),
            to_json(new.requester)?,
            new.kind.code(),
            new.target.map(Oid::as_str),
            new.take_over,
            to_json(new.submission)?,
            new.start.state.code(),
            new.start.doubt,
            new.start.withdrawn,
            new.now.millis(),
            number,
        ])?;
        let id = c.last_insert_rowid();
        let mut touched: Vec<&Oid> = new.target.into_iter().collect();
        for (place, document) in new.documents.iter().enumerate() {
            touched.extend(document.replaces);
            let place = place as i64;
            c.prepare_cached(
                "INSERT INTO outbox_document (item, place, unique_id, replaces, metadata, visibility, sha256, size)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                id,
                place,
                document.metadata.unique_id.as_str(),
                document.replaces.map(Oid::as_str),
                to_json(document.metadata)?,
                to_json(&document.visibility)?,
                document.sha256,
                document.content.len() as i64,
            ])?;
            c.prepare_cached(
                "INSERT INTO outbox_content (item, place, bytes) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![id, place, document.content])?;
        }
        for document in touched {
            self.put_predecessors(id, document, new.requester.id())?;
        }
        self.happened(id, new.now, "queued", new.start.state, None)?;
        Ok((id, number))
    }

    /// An item goes after all that is not over and touches the same document: its deposit, its replacement, its changes.
    /// Of others, it waits for deposits alone, and not for masked ones: to wait for what one may not know of would tell
    /// of it.
    fn put_predecessors(&self, item: i64, document: &Oid, actor: &str) -> Result<()> {
        self.0
            .prepare_cached(
                "INSERT INTO outbox_after (item, predecessor)
                 SELECT ?1, o.id FROM outbox o
                 WHERE o.id <> ?1 AND o.state NOT IN ('done', 'cancelled') AND o.id IN (
                     SELECT item FROM outbox_document WHERE unique_id = ?2
                     UNION SELECT item FROM outbox_document WHERE replaces = ?2
                     UNION SELECT id FROM outbox WHERE target = ?2)
                   AND (o.actor = ?3 OR (o.kind = ?4 AND NOT EXISTS (
                     SELECT 1 FROM outbox_document d WHERE d.item = o.id AND instr(d.visibility, ?5) > 0)))
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                item,
                document.as_str(),
                actor,
                Kind::Deposit.code(),
                Visibility::MASKED.codes().next(),
            ])?;
        Ok(())
    }

    /// An item by its number.
    pub fn item(&self, id: i64) -> Result<Option<ItemRow>> {
        let mut statement = self.0.prepare_cached(&format!("{ITEM} WHERE id = ?1"))?;
        let mut rows = statement.query([id])?;
        rows.next()?.map(item_row).transpose()
    }

    /// An actor's item, by his number for it.
    pub fn item_numbered(&self, actor: &str, number: i64) -> Result<Option<ItemRow>> {
        let mut statement = self
            .0
            .prepare_cached(&format!("{ITEM} WHERE actor = ?1 AND number = ?2"))?;
        let mut rows = statement.query(params![actor, number])?;
        rows.next()?.map(item_row).transpose()
    }

    /// Items in order; of one actor, after his number, or of all, after an id; in some states or in any.
    pub fn items(
        &self,
        actor: Option<&str>,
        states: &[State],
        after: i64,
        limit: usize,
    ) -> Result<Vec<ItemRow>> {
        // Codes of ours: nothing a caller wrote stands in the statement.
        let listed: Vec<String> = states.iter().map(|s| format!("'{}'", s.code())).collect();
        let within = match listed.is_empty() {
            true => String::new(),
            false => format!(" AND state IN ({})", listed.join(", ")),
        };
        let (whose, order) = match actor {
            Some(_) => ("actor = ?2", "number"),
            None => ("?2 IS NULL", "id"),
        };
        let mut statement = self.0.prepare(&format!(
            "{ITEM} WHERE {whose} AND {order} > ?1{within} ORDER BY {order} LIMIT ?3"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![after, actor, limit])?;
        let mut items = Vec::new();
        while let Some(row) = rows.next()? {
            items.push(item_row(row)?);
        }
        Ok(items)
    }

    /// The documents of an item, in order.
    pub fn item_documents(&self, id: i64) -> Result<Vec<DocumentRow>> {
        let mut statement = self.0.prepare_cached(
            "SELECT place, unique_id, replaces, metadata, visibility, sha256 FROM outbox_document
             WHERE item = ?1 ORDER BY place",
        )?;
        let mut rows = statement.query([id])?;
        let mut documents = Vec::new();
        while let Some(row) = rows.next()? {
            documents.push(DocumentRow {
                place: row.get(0)?,
                unique_id: Oid::stored(row.get(1)?),
                replaces: row.get::<_, Option<String>>(2)?.map(Oid::stored),
                metadata: stored_json(&row.get::<_, String>(3)?)?,
                visibility: stored_json(&row.get::<_, String>(4)?)?,
                sha256: row.get(5)?,
            });
        }
        Ok(documents)
    }

    /// The bytes of a document of an item, as they were handed over.
    pub fn item_content(&self, id: i64, place: i64) -> Result<Vec<u8>> {
        self.0
            .prepare_cached("SELECT bytes FROM outbox_content WHERE item = ?1 AND place = ?2")?
            .query_row([id, place], |row| row.get(0))
            .optional()?
            .ok_or_else(damaged)
    }

    /// The last item that deposits a document and is not given up, with the hash of its content.
    pub fn item_of_document(&self, unique_id: &Oid) -> Result<Option<(ItemRow, Vec<u8>)>> {
        let found: Option<(i64, Vec<u8>)> = self
            .0
            .prepare_cached(
                "SELECT d.item, d.sha256 FROM outbox_document d JOIN outbox o ON o.id = d.item
                 WHERE d.unique_id = ?1 AND o.state <> 'cancelled' ORDER BY d.item DESC LIMIT 1",
            )?
            .query_row([unique_id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match found {
            None => Ok(None),
            Some((id, hash)) => Ok(self.item(id)?.map(|row| (row, hash))),
        }
    }

    /// An actor's item of this submission set, among those that deposit or change a document.
    pub fn item_of_submission(
        &self,
        actor: &str,
        document: &Oid,
        submission: &Oid,
    ) -> Result<Option<ItemRow>> {
        let mut statement = self.0.prepare_cached(&format!(
            "{ITEM} WHERE actor = ?1 AND json_extract(submission, '$.uniqueId') = ?3
                AND id IN (SELECT item FROM outbox_document WHERE unique_id = ?2
                    UNION SELECT id FROM outbox WHERE target = ?2)"
        ))?;
        let mut rows = statement.query(params![actor, document.as_str(), submission.as_str()])?;
        rows.next()?.map(item_row).transpose()
    }

    /// What happened to an item, in order.
    pub fn history(&self, id: i64) -> Result<Vec<Happening>> {
        let mut statement = self.0.prepare_cached(
            "SELECT at, event, state, rule FROM outbox_history WHERE item = ?1 ORDER BY place",
        )?;
        let mut rows = statement.query([id])?;
        let mut history = Vec::new();
        while let Some(row) = rows.next()? {
            history.push(Happening {
                at: instant(row.get(0)?)?,
                event: row.get(1)?,
                state: State::of_code(&row.get::<_, String>(2)?).ok_or_else(damaged)?,
                rule: row.get(3)?,
            });
        }
        Ok(history)
    }

    fn happened(
        &self,
        id: i64,
        at: Instant,
        event: &str,
        state: State,
        rule: Option<&str>,
    ) -> Result<()> {
        self.0
            .prepare_cached(
                "INSERT INTO outbox_history (item, place, at, event, state, rule)
                 VALUES (?1, (SELECT count(*) FROM outbox_history WHERE item = ?1), ?2, ?3, ?4, ?5)",
            )?
            .execute(params![id, at.millis(), event, state.code(), rule])?;
        Ok(())
    }

    // ---- moves

    /// A dispatcher takes an item until `until`. False when it is not any more as it was seen.
    pub fn take_item(
        &self,
        row: &ItemRow,
        to: Item,
        by: &str,
        until: Instant,
        now: Instant,
    ) -> Result<bool> {
        let taken = self
            .0
            .prepare_cached(
                "UPDATE outbox SET state = ?2, held_by = ?3, held_until = ?4, attempts = attempts + 1
                 WHERE id = ?1 AND state = ?5 AND withdrawn = ?6 AND doubt = ?7",
            )?
            .execute(params![
                row.id,
                to.state.code(),
                by,
                until.millis(),
                row.item.state.code(),
                row.item.withdrawn,
                row.item.doubt,
            ])?;
        if taken == 0 {
            return Ok(false);
        }
        self.served(row.requester.id())?;
        self.happened(row.id, now, Event::Taken.code(), to.state, None)?;
        Ok(true)
    }

    /// Who has an item in hand, and the item as it stands; `None` when nobody has.
    pub fn holder(&self, id: i64) -> Result<Option<(String, Item)>> {
        let Some(row) = self.item(id)? else {
            return Ok(None);
        };
        let by: Option<String> = self
            .0
            .prepare_cached("SELECT held_by FROM outbox WHERE id = ?1")?
            .query_row([id], |row| row.get(0))?;
        Ok(by.map(|by| (by, row.item)))
    }

    /// Moves an item. What is done loses its content.
    pub fn move_item(&self, id: i64, to: &Move<'_>) -> Result<()> {
        let over = to.to.state.is_over().then_some(to.now.millis());
        self.0
            .prepare_cached(
                "UPDATE outbox SET state = ?2, doubt = ?3, withdrawn = ?4, due_at = ?5, failures = ?6,
                     reason = CASE WHEN ?2 = 'done' THEN NULL ELSE coalesce(?7, reason) END,
                     ended_at = ?8, held_by = NULL, held_until = NULL
                 WHERE id = ?1",
            )?
            .execute(params![
                id,
                to.to.state.code(),
                to.to.doubt,
                to.to.withdrawn,
                to.due_at.millis(),
                to.failures,
                to.reason,
                over,
            ])?;
        if to.to.state == State::Done {
            self.forget_content(id)?;
        }
        self.happened(id, to.now, to.event.code(), to.to.state, to.rule)
    }

    /// Puts an item off, as it stands: it could not even be taken.
    pub fn put_off(&self, id: i64, due_at: Instant, failures: u32, reason: &str) -> Result<()> {
        self.0
            .prepare_cached(
                "UPDATE outbox SET due_at = ?2, failures = ?3, reason = ?4 WHERE id = ?1",
            )?
            .execute(params![id, due_at.millis(), failures, reason])?;
        Ok(())
    }

    /// Notes that what allowed an item is withdrawn, while it is in someone's hands or in doubt.
    pub fn note_withdrawn(&self, id: i64, reason: &str, rule: &str, now: Instant) -> Result<()> {
        self.0
            .prepare_cached("UPDATE outbox SET withdrawn = 1, reason = ?2 WHERE id = ?1")?
            .execute(params![id, reason])?;
        if let Some(row) = self.item(id)? {
            let event = Event::Withdrawn.code();
            self.happened(id, now, event, row.item.state, Some(rule))?;
        }
        Ok(())
    }

    fn forget_content(&self, id: i64) -> Result<()> {
        self.0
            .prepare_cached("DELETE FROM outbox_content WHERE item = ?1")?
            .execute([id])?;
        Ok(())
    }

    /// Forgets what ended before an instant, with what happened to it; returns how many items. An item that another
    /// one names stays until that one goes.
    pub fn forget_items(&self, before: Instant) -> Result<usize> {
        let c = &self.0;
        let ended: Vec<i64> = c
            .prepare_cached(
                "SELECT id FROM outbox o WHERE ended_at < ?1
                   AND NOT EXISTS (SELECT 1 FROM outbox_after a JOIN outbox s ON s.id = a.item
                       WHERE a.predecessor = o.id AND s.ended_at IS NULL)
                 ORDER BY id",
            )?
            .query_map([before.millis()], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for id in &ended {
            self.forget_content(*id)?;
            for statement in [
                "DELETE FROM outbox_after WHERE item = ?1 OR predecessor = ?1",
                "DELETE FROM outbox_history WHERE item = ?1",
                "DELETE FROM outbox_document WHERE item = ?1",
                "DELETE FROM outbox WHERE id = ?1",
            ] {
                c.prepare_cached(statement)?.execute([id])?;
            }
        }
        Ok(ended.len())
    }

    /// After an older state of the register took the place of the present one: whatever it thinks unsent may have been
    /// sent since, and is asked for before it is sent.
    pub fn after_restore(&self, now: Instant) -> Result<usize> {
        let open: Vec<i64> = self
            .0
            .prepare("SELECT id FROM outbox WHERE state IN ('waiting', 'sending', 'asking', 'unsure') ORDER BY id")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for id in &open {
            self.0
                .prepare_cached(
                    "UPDATE outbox SET state = 'unsure', doubt = 1, held_by = NULL, held_until = NULL WHERE id = ?1",
                )?
                .execute([id])?;
            self.happened(*id, now, "restored", State::Unsure, None)?;
        }
        Ok(open.len())
    }
}
