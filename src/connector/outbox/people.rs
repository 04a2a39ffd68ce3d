//! What became of each item, and what a person does about it; the stop button.

use crate::clock::Instant;
use crate::connector::Connector;
use crate::connector::session::{Note, Session};
use crate::error::{ErrorKind, Refusal, Result};
use crate::rules::Remedy;
use crate::rules::outbox::reason::{GIVEN_UP, NOT_NOW, UNKNOWN_ITEM};
use crate::rules::outbox::{Event, Kind, State};
use crate::store::Tx;
use crate::store::journal::Outcome;
use crate::store::outbox::{ItemRow, Move};

use super::ends::{end, note_item};
use super::{
    CorrectionRequest, ItemRequest, Origin, OutboxAnswer, OutboxFilter, OutboxItem, Queued, Stop,
    StopRequest,
};

impl Session {
    /// This person's items. Those of colleagues may bear on documents that he may not know of.
    pub fn outbox(&self, filter: &OutboxFilter) -> Result<OutboxAnswer> {
        let me = self.requester.id();
        self.inner
            .hold()?
            .state()?
            .register
            .read(|tx| list(tx, Some(me), filter))
    }

    /// One of this person's items, with all that happened to it.
    pub fn outbox_item(&self, request: &ItemRequest) -> Result<OutboxItem> {
        let mut held = self.inner.hold()?;
        held.state()?.register.read(|tx| {
            let row = self.own(tx, request.id)?;
            let history = tx.history(row.id)?;
            Ok(OutboxItem {
                history,
                ..shown(tx, row, Some(self.requester.id()))?
            })
        })
    }

    /// An item of this person's; another's and none are one answer.
    fn own(&self, tx: &Tx<'_>, number: i64) -> Result<ItemRow> {
        tx.item_numbered(self.requester.id(), number)?
            .ok_or_else(|| ErrorKind::Refused(Refusal::by(&UNKNOWN_ITEM)).into())
    }

    /// Gives an item up. What may be in the DMP already stays there: the answer's `mayBeThere` says so.
    pub fn give_up(&self, request: &ItemRequest) -> Result<OutboxItem> {
        self.act(request.id, "outbox.give_up", |tx, row, now| {
            let refusal = Refusal::by(&GIVEN_UP).with_remedy(Remedy::ResendItem);
            end(
                tx,
                self,
                row,
                Event::GivenUp,
                &refusal,
                "outbox.give_up",
                now,
            )
        })
    }

    /// Sends an item that waits for a person, or was given up, after all. The DMP is asked before anything is sent.
    pub fn resend(&self, request: &ItemRequest) -> Result<OutboxItem> {
        self.act(request.id, "outbox.resend", |tx, row, now| {
            let Some(to) = row.item.apply(Event::Resent) else {
                return Ok(false);
            };
            tx.move_item(
                row.id,
                &Move {
                    event: Event::Resent,
                    to,
                    reason: None,
                    rule: None,
                    due_at: now,
                    failures: 0,
                    now,
                },
            )?;
            note_item(
                tx,
                self,
                row,
                "outbox.resend",
                Outcome::Done,
                None,
                Some(now),
            )?;
            Ok(true)
        })
    }

    fn act(
        &self,
        id: i64,
        action: &'static str,
        work: impl FnOnce(&Tx<'_>, &ItemRow, Instant) -> Result<bool>,
    ) -> Result<OutboxItem> {
        let now = self.inner.now();
        let mut held = self.inner.hold()?;
        let places = held.state()?;
        let result = places.register.durable(|tx| {
            let row = self.own(tx, id)?;
            if !work(tx, &row, now)? {
                return Err(ErrorKind::Refused(Refusal::by(&NOT_NOW)).into());
            }
            shown(tx, self.own(tx, id)?, Some(self.requester.id()))
        });
        let result = match result {
            Err(error) if error.refusal().is_some() => {
                self.refuse(places, action, error, Note::default())
            }
            other => other,
        };
        drop(held);
        self.inner.logged(action, result)
    }

    /// Hands over a corrected document in the place of one that waits for a person, which is given up.
    pub fn correct(&self, request: &CorrectionRequest, content: &[u8]) -> Result<Queued> {
        let result = self.correct_held(request, content);
        self.inner.logged("outbox.correct", result)
    }

    fn correct_held(&self, request: &CorrectionRequest, content: &[u8]) -> Result<Queued> {
        let mut held = self.inner.hold()?;
        let places = held.state()?;
        let row = places.register.read(|tx| self.own(tx, request.id));
        let row = match row {
            Ok(row) if row.item.state.waits_for_a_person() && row.kind == Kind::Deposit => row,
            Ok(_) => {
                let error = ErrorKind::Refused(Refusal::by(&NOT_NOW)).into();
                return self.refuse(places, "outbox.correct", error, Note::default());
            }
            Err(error) => return self.refuse(places, "outbox.correct", error, Note::default()),
        };
        let access = self.presumed(places, &row.ins)?;
        let staged = access.prepared(places, content, &request.options)?;
        access.hand_over(places, &[staged], Origin::Work, Some(&row))
    }

    /// Presses the stop button: nothing more leaves, whatever process dispatches. False if it was pressed.
    pub fn stop_outbox(&self, request: StopRequest) -> Result<bool> {
        self.button("outbox.stop", |tx, by, now| tx.stop(request.what, by, now))
    }

    /// Releases it. False if it was not pressed.
    pub fn restart_outbox(&self, request: StopRequest) -> Result<bool> {
        self.button("outbox.restart", |tx, _, _| tx.restart(request.what))
    }

    fn button(
        &self,
        action: &str,
        work: impl FnOnce(&Tx<'_>, &str, Instant) -> Result<bool>,
    ) -> Result<bool> {
        let now = self.inner.now();
        let result = self.inner.hold()?.state()?.register.durable(|tx| {
            let changed = work(tx, self.requester.id(), now)?;
            if changed {
                self.note(tx, now, action, Outcome::Done, Note::default())?;
            }
            Ok(changed)
        });
        self.inner.logged(action, result)
    }
}

impl Connector {
    /// The whole outbox of the practice, of every author: for those who oversee, not for care. It names documents
    /// whatever their masking.
    pub fn audit_outbox(&self, filter: &OutboxFilter) -> Result<OutboxAnswer> {
        self.inner
            .hold()?
            .state()?
            .register
            .read(|tx| list(tx, None, filter))
    }
}

/// What is to be done and where it stands, in French: "Dépôt : en attente d'envoi".
fn told(kind: Kind, state: State) -> String {
    let mut text = kind.french().to_owned();
    // All of them begin with a letter without accent.
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{text} : {}", state.french())
}

/// An item as its author sees it, or (`None`) as oversight does.
fn shown(tx: &Tx<'_>, row: ItemRow, author: Option<&str>) -> Result<OutboxItem> {
    let unique_ids = match &row.target {
        Some(target) => vec![target.clone()],
        None => tx
            .item_documents(row.id)?
            .into_iter()
            .map(|d| d.unique_id)
            .collect(),
    };
    let over = row.item.state.is_over();
    Ok(OutboxItem {
        id: row.number,
        number: author.is_none().then_some(row.id),
        kind: row.kind,
        state: row.item.state,
        text: told(row.kind, row.item.state),
        actor: row.requester.id().to_owned(),
        unique_ids,
        take_over: row.take_over,
        queued_at: row.queued_at,
        due_at: row.due_at,
        attempts: row.attempts,
        may_be_there: row.item.doubt && row.attempts > 0 && row.item.state != State::Done,
        waits_for: if over {
            Vec::new()
        } else {
            tx.waits_for(row.id, author)?
        },
        reason: row.reason,
        ended_at: row.ended_at,
        patient: row.patient,
        history: Vec::new(),
    })
}

fn list(tx: &Tx<'_>, actor: Option<&str>, filter: &OutboxFilter) -> Result<OutboxAnswer> {
    let limit = filter.limit.unwrap_or(100).min(10_000);
    let rows = tx.items(actor, &filter.states, filter.after.unwrap_or(0), limit)?;
    let road = tx.road(None)?;
    Ok(OutboxAnswer {
        items: rows
            .into_iter()
            .map(|row| shown(tx, row, actor))
            .collect::<Result<_>>()?,
        counts: tx.outbox_counts(actor)?,
        stopped: tx.stopped(Stop::All)?,
        take_over_stopped: tx.stopped(Stop::TakeOver)?,
        retry_at: road.as_ref().map(|road| road.retry_at),
        reason: road.and_then(|road| road.reason),
    })
}
