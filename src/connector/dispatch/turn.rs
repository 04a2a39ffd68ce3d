//! One turn of the dispatcher, for one item: its dossier, the rules, and the hold on it; then it is asked for or sent
//! ([`super::attempt`]), and what came of it is written ([`super::conclude`]).

use super::attempt::{ask, cancelled_by_host, refusal_of, send};
use super::conclude::{close, later, with_remedies};
use super::{HOLD_SECONDS, Run};
use crate::clock::Instant;
use crate::connector::State as Places;
use crate::connector::access::Access;
use crate::connector::outbox::{action_of, end, note_item, right_of, withdraw_item};
use crate::connector::session::Session;
use crate::document::Oid;
use crate::dossier::{DossierState, Existence};
use crate::error::{Error, Refusal, Result};
use crate::rules::decide;
use crate::rules::outbox::pace::next_turn;
use crate::rules::outbox::reason::OFTEN_FAILED;
use crate::rules::outbox::retry::{Blame, HELD_AFTER, Stage, Verdict, verdict};
use crate::rules::outbox::{Event, Item, Kind, State};
use crate::store::Tx;
use crate::store::journal::Outcome;
use crate::store::outbox::ItemRow;
use crate::store::sqlite::to_json;

/// How a turn went.
pub(super) enum Step {
    /// The item moved, to a state, by an event.
    Moved(State, Event),
    /// Another process was first, or an author's way is closed: on to the next.
    Passed,
    /// Nothing may go before an instant, if ever.
    Nothing(Option<Instant>),
    /// The DMP is left alone until an instant.
    Closed(Instant),
    /// The pace of the structure is reached until an instant.
    Paced(Instant),
    /// The stop button is pressed.
    Stopped,
    /// The host cancelled the call.
    Cancelled,
}

/// What became of an attempt to take an item.
enum Claim {
    /// It is ours, in this state.
    Ours(Item),
    /// It is not what it was.
    Gone,
    /// It ended without the DMP.
    Ended(State, Event),
    /// Its structure has to wait.
    Paced(Instant),
}

impl Run {
    /// Takes one item as far as it goes in this turn.
    pub(super) fn take(
        &mut self,
        places: &mut Places,
        session: &Session,
        row: ItemRow,
    ) -> Result<Step> {
        if row.failures >= HELD_AFTER {
            return self.hold(places, session, &row);
        }
        let author = row.requester.id().to_owned();
        let key = (row.patient.clone(), author.clone());
        let (existence, divergences) = match self.seen.get(&key) {
            Some(seen) => seen.clone(),
            None => {
                let bare = Access::before(
                    session,
                    &row.ins,
                    Existence::bare(DossierState::Nonexistent),
                    Vec::new(),
                );
                let existence = match places.dmp.test_existence(&bare.context()) {
                    Ok(existence) => existence,
                    Err(error) if cancelled_by_host(&error) => return Ok(Step::Cancelled),
                    Err(error) => return self.stopped_before(places, session, &row, &error),
                };
                self.answers = true;
                let known = places.register.read(|tx| tx.patient(&row.ins))?;
                let divergences = match (&known, &existence.traits) {
                    (Some(known), Some(theirs)) => known.traits.divergences(theirs),
                    _ => Vec::new(),
                };
                // As at any opening of a dossier: what it no longer allows to keep goes too.
                let seen =
                    Access::before(session, &row.ins, existence.clone(), divergences.clone());
                places.register.durable(|tx| {
                    tx.open_road(&author)?;
                    seen.remember_standing(tx)
                })?;
                self.seen
                    .insert(key.clone(), (existence.clone(), divergences.clone()));
                (existence, divergences)
            }
        };
        let access = Access::before(session, &row.ins, existence, divergences);
        let claim = places
            .register
            .durable(|tx| self.claim(tx, &access, &row))?;
        let taken = match claim {
            Claim::Ours(item) => item,
            Claim::Gone => return Ok(Step::Passed),
            Claim::Ended(state, event) => return Ok(Step::Moved(state, event)),
            Claim::Paced(turn) => return Ok(Step::Paced(turn)),
        };
        let documents = places.register.read(|tx| tx.item_documents(row.id))?;
        let outcome = match taken.state {
            State::Asking => ask(places, &access, &row, taken, &documents)?,
            _ => send(places, &access, &row, &documents)?,
        };
        let to = self.conclude(places, session, &row, taken, &documents, &outcome)?;
        self.answers = outcome.blame == Blame::Item;
        if !self.answers {
            // What was seen of the dossier is asked again: it tells a closed way from an item that does not pass.
            self.seen.remove(&key);
        }
        if outcome.cancelled {
            return Ok(Step::Cancelled);
        }
        Ok(Step::Moved(to, outcome.event))
    }

    /// An item that failed too often goes to a person.
    fn hold(&self, places: &mut Places, session: &Session, row: &ItemRow) -> Result<Step> {
        let now = session.inner.now();
        places.register.durable(|tx| {
            let current = tx.item(row.id)?.filter(|found| found.item == row.item);
            let Some(row) = current else {
                return Ok(Step::Passed);
            };
            let refusal = with_remedies(Refusal::by(&OFTEN_FAILED), State::Held);
            let event = Event::PersonNeeded;
            end(tx, session, &row, event, &refusal, "outbox.hold", now)?;
            Ok(Step::Moved(State::Held, event))
        })
    }

    /// TD0.2 could not be asked, or was refused.
    fn stopped_before(
        &self,
        places: &mut Places,
        session: &Session,
        row: &ItemRow,
        error: &Error,
    ) -> Result<Step> {
        let Verdict { event, blame } = verdict(Stage::Before, error);
        let refusal = refusal_of(error);
        let now = session.inner.now();
        let author = row.requester.id();
        places.register.durable(|tx| match blame {
            Blame::Road => Ok(Step::Closed(close(tx, None, row, &refusal, now)?)),
            Blame::Author => {
                close(tx, Some(author), row, &refusal, now)?;
                Ok(Step::Passed)
            }
            Blame::Item => {
                let current = tx.item(row.id)?.filter(|found| found.item == row.item);
                let Some(row) = current else {
                    return Ok(Step::Passed);
                };
                if event == Event::Delayed {
                    let failures = row.failures + 1;
                    let due_at = later(&row, failures, now);
                    tx.put_off(row.id, due_at, failures, &to_json(&refusal)?)?;
                    return Ok(Step::Moved(row.item.state, event));
                }
                // Of what may be in the DMP a person has to know.
                let event = match (event, row.item.state) {
                    (Event::Withdrawn, State::Waiting) => Event::Withdrawn,
                    _ => Event::PersonNeeded,
                };
                let (state, action) = match event {
                    Event::Withdrawn => (State::Cancelled, "outbox.cancel"),
                    _ => (State::Held, "outbox.hold"),
                };
                let refusal = with_remedies(refusal, state);
                end(tx, session, &row, event, &refusal, action, now)?;
                Ok(Step::Moved(state, event))
            }
        })
    }

    /// Takes an item, if it is still what it was and the rules allow it now: nothing can change between the decision
    /// and the hold.
    fn claim(&self, tx: &Tx<'_>, access: &Access, row: &ItemRow) -> Result<Claim> {
        let session = &access.session;
        let inner = &session.inner;
        let now = inner.now();
        let current = tx.item(row.id)?.filter(|found| found.item == row.item);
        let Some(row) = current else {
            return Ok(Claim::Gone);
        };
        let documents = tx.item_documents(row.id)?;
        let ids: Vec<&Oid> = match &row.target {
            Some(target) => vec![target],
            None => documents.iter().map(|d| &d.unique_id).collect(),
        };
        for id in &ids {
            let (situation, _) = access.look_in(tx, Some(id))?;
            let decision = decide(right_of(access, row.kind), &situation);
            if decision.permits() {
                continue;
            }
            let error = Error::refused(&decision);
            let refusal = Refusal::of(&decision);
            match (verdict(Stage::Before, &error).event, row.item.state) {
                (Event::Withdrawn, State::Waiting) => {
                    let refusal = with_remedies(refusal, State::Cancelled);
                    withdraw_item(tx, session, &row, &refusal, now)?;
                    return Ok(Claim::Ended(State::Cancelled, Event::Withdrawn));
                }
                // It may be there: asked, and if it is not, it goes no further.
                (Event::Withdrawn, _) => {
                    withdraw_item(tx, session, &row, &refusal, now)?;
                    break;
                }
                _ => {
                    let refusal = with_remedies(refusal, State::Held);
                    let event = Event::PersonNeeded;
                    end(tx, session, &row, event, &refusal, "outbox.hold", now)?;
                    return Ok(Claim::Ended(State::Held, event));
                }
            }
        }
        let Some(row) = tx.item(row.id)? else {
            return Ok(Claim::Gone);
        };
        let Some(to) = row.item.apply(Event::Taken) else {
            return Ok(Claim::Gone);
        };
        let structure = row.requester.structure.id.as_str();
        if to.state == State::Sending && row.kind == Kind::Deposit {
            let sent = tx.sent_since(structure, now.plus_seconds(-1))?;
            let turn = next_turn(&sent, inner.config.parameters.feeds_per_second, now);
            if turn > now {
                return Ok(Claim::Paced(turn));
            }
            tx.put_sent(structure, row.take_over, now)?;
        }
        if !tx.take_item(&row, to, &self.holder, now.plus_seconds(HOLD_SECONDS), now)? {
            return Ok(Claim::Gone);
        }
        if to.state == State::Sending {
            let action = action_of(row.kind);
            note_item(tx, session, &row, action, Outcome::Intent, None, Some(now))?;
        }
        Ok(Claim::Ours(to))
    }
}
