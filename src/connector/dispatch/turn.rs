//! One turn of the dispatcher, for one item.

use super::content::{Elsewhere, look_for};
use super::{HOLD_SECONDS, Run};
use crate::clock::Instant;
use crate::connector::access::Access;
use crate::connector::outbox::{action_of, end, found_item, note_item, right_of, withdraw_item};
use crate::connector::session::Session;
use crate::connector::{State as Places, outbox};
use crate::dmp::{Deposit, Lot, StatusChange, VisibilityChange};
use crate::document::{EntryUuid, Oid};
use crate::dossier::{DossierState, Existence};
use crate::error::{Error, ErrorKind, NetworkKind, Refusal, Result};
use crate::rules::outbox::pace::next_turn;
use crate::rules::outbox::reason::{FAULT, IDENTIFIER_TAKEN, OFTEN_FAILED, PART_OF_LOT};
use crate::rules::outbox::retry::{
    ASIDE_AFTER, Blame, HELD_AFTER, Stage, Verdict, backoff, verdict,
};
use crate::rules::outbox::{Event, Item, Kind, State};
use crate::rules::takeover::SAME_CONTENT;
use crate::rules::{Remedy, decide};
use crate::store::Tx;
use crate::store::journal::Outcome;
use crate::store::outbox::{DocumentRow, ItemRow, Move};
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

/// How an attempt ended.
struct Attempt {
    event: Event,
    blame: Blame,
    refusal: Option<Refusal>,
    /// Of a deposit: the DMP's identifiers of each document.
    receipts: Receipts,
    /// The host cancelled it: nobody's fault.
    cancelled: bool,
    /// The DMP has the content under another identifier: not under the document's own.
    elsewhere: bool,
}

/// entryUUID and logicalId of each document, as far as the DMP tells them.
type Receipts = Vec<(Option<EntryUuid>, Option<EntryUuid>)>;

impl Attempt {
    fn of(event: Event) -> Attempt {
        Attempt {
            event,
            blame: Blame::Item,
            refusal: None,
            receipts: Vec::new(),
            cancelled: false,
            elsewhere: false,
        }
    }

    fn failed(stage: Stage, error: &Error) -> Attempt {
        let Verdict { event, blame } = verdict(stage, error);
        Attempt {
            event,
            blame,
            refusal: Some(refusal_of(error)),
            receipts: Vec::new(),
            cancelled: cancelled_by_host(error),
            elsewhere: false,
        }
    }
}

/// An error as a person reads it beside an item.
fn refusal_of(error: &Error) -> Refusal {
    match error.refusal() {
        Some(refusal) => refusal.clone(),
        None => Refusal::by(&FAULT),
    }
}

/// With what a person can do about an item in a state.
fn with_remedies(refusal: Refusal, state: State) -> Refusal {
    match state {
        State::Dead => refusal
            .with_remedy(Remedy::CorrectItem)
            .with_remedy(Remedy::ResendItem)
            .with_remedy(Remedy::GiveUpItem),
        State::Held => refusal
            .with_remedy(Remedy::ResendItem)
            .with_remedy(Remedy::GiveUpItem),
        State::Cancelled => refusal.with_remedy(Remedy::ResendItem),
        _ => refusal,
    }
}

fn cancelled_by_host(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Network(failure) if failure.kind == NetworkKind::Cancelled)
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

    /// Writes how an attempt ended.
    #[allow(clippy::too_many_arguments)] // what one turn knows, at its end
    fn conclude(
        &self,
        places: &mut Places,
        session: &Session,
        row: &ItemRow,
        taken: Item,
        documents: &[DocumentRow],
        outcome: &Attempt,
    ) -> Result<State> {
        let now = session.inner.now();
        places
            .register
            .durable(|tx| self.write(tx, session, row, taken, documents, outcome, now))
    }

    #[allow(clippy::too_many_arguments)] // as above, with the transaction
    fn write(
        &self,
        tx: &Tx<'_>,
        session: &Session,
        row: &ItemRow,
        taken: Item,
        documents: &[DocumentRow],
        outcome: &Attempt,
        now: Instant,
    ) -> Result<State> {
        let author = row.requester.id();
        let there = matches!(outcome.event, Event::Accepted | Event::Found);
        if there && row.kind == Kind::Deposit && !outcome.elsewhere {
            for (index, document) in documents.iter().enumerate() {
                let (entry, logical) = match outcome.receipts.get(index) {
                    Some((entry, logical)) => (entry.as_ref(), logical.as_ref()),
                    None => (None, None),
                };
                tx.accepted(&document.unique_id, entry, logical)?;
            }
        }
        let rule = outcome.refusal.as_ref().map(|r| r.explanation.rule.clone());
        self.journal(tx, session, row, taken, outcome, rule.as_deref(), now)?;
        match outcome.blame {
            _ if outcome.cancelled => {}
            Blame::Road if !there => {
                let refusal = outcome.refusal.clone().unwrap_or(Refusal::by(&FAULT));
                close(tx, None, row, &refusal, now)?;
            }
            Blame::Author if !there => {
                let refusal = outcome.refusal.clone().unwrap_or(Refusal::by(&FAULT));
                close(tx, Some(author), row, &refusal, now)?;
            }
            _ => tx.open_road(author)?,
        }
        // The hold may have run out: whoever took over finds out by asking the DMP.
        let current = match tx.holder(row.id)? {
            Some((by, item)) if by == self.holder => item,
            _ => return Ok(tx.item(row.id)?.map_or(taken.state, |row| row.item.state)),
        };
        // Withdrawn meanwhile, perhaps: what stands in the register counts.
        let Some(to) = current.apply(outcome.event) else {
            return Err(Error::bug("an outcome that its state cannot have"));
        };
        let unsent = matches!(outcome.event, Event::Delayed | Event::Doubted);
        // The way was open a moment ago: then it is the item that does not pass.
        let own = unsent
            && !outcome.cancelled
            && match outcome.blame {
                Blame::Item => true,
                Blame::Road => self.answers && taken.state == State::Sending,
                Blame::Author => false,
            };
        let failures = if own { row.failures + 1 } else { row.failures };
        let due_at = if own && failures >= ASIDE_AFTER {
            later(row, failures, now)
        } else {
            now
        };
        let refusal = outcome
            .refusal
            .clone()
            .map(|refusal| with_remedies(refusal, to.state));
        let reason = refusal.as_ref().map(to_json).transpose()?;
        tx.move_item(
            row.id,
            &Move {
                event: outcome.event,
                to,
                reason: reason.as_deref(),
                rule: rule.as_deref(),
                due_at,
                failures,
                now,
            },
        )?;
        if to.state == State::Cancelled && !to.doubt {
            outbox::after_the_end(tx, session, row, now)?;
        }
        Ok(to.state)
    }

    #[allow(clippy::too_many_arguments)] // as above
    fn journal(
        &self,
        tx: &Tx<'_>,
        session: &Session,
        row: &ItemRow,
        taken: Item,
        outcome: &Attempt,
        rule: Option<&str>,
        now: Instant,
    ) -> Result<()> {
        let action = match taken.state {
            State::Sending => action_of(row.kind),
            // A change is not asked for: nothing happened.
            _ if row.kind != Kind::Deposit => return Ok(()),
            _ => "outbox.ask",
        };
        let ended = match outcome.event {
            Event::Accepted | Event::Found => Outcome::Done,
            Event::Absent => Outcome::Unknown,
            Event::Refused | Event::Withdrawn | Event::Duplicate => Outcome::RefusedByDmp,
            _ => Outcome::Failed,
        };
        note_item(tx, session, row, action, ended, rule, Some(now))?;
        if outcome.event == Event::Found {
            // The question was answered; what an attempt that was cut had announced is done, too.
            found_item(tx, session, row, now)?;
        }
        Ok(())
    }
}

/// Leaves the DMP, or one author's way to it, alone for a while that grows with the failures in a row.
fn close(
    tx: &Tx<'_>,
    author: Option<&str>,
    row: &ItemRow,
    refusal: &Refusal,
    now: Instant,
) -> Result<Instant> {
    let failures = tx.road(author)?.map_or(0, |road| road.failures) + 1;
    let retry_at = later(row, failures, now);
    tx.close_road(author, failures, retry_at, Some(&to_json(refusal)?))?;
    Ok(retry_at)
}

/// When to try again after so many failures. The chance in it comes from what differs between practices and attempts.
fn later(row: &ItemRow, failures: u32, now: Instant) -> Instant {
    let digest = crate::document::ids::digest(&[
        row.submission.unique_id.as_str().as_bytes(),
        &failures.to_be_bytes(),
        &now.millis().to_be_bytes(),
    ]);
    let chance = digest
        .iter()
        .take(8)
        .fold(0, |all, byte| all << 8 | u64::from(*byte));
    let wait = i64::try_from(backoff(failures, chance).as_millis()).unwrap_or(i64::MAX);
    Instant::from_millis(now.millis().saturating_add(wait)).unwrap_or(now)
}

/// Asks the DMP whether it has the documents of an item.
fn ask(
    places: &mut Places,
    access: &Access,
    row: &ItemRow,
    taken: Item,
    documents: &[DocumentRow],
) -> Result<Attempt> {
    // A change done twice is done once: asking first would tell nothing more.
    if row.kind != Kind::Deposit {
        return Ok(Attempt::of(Event::Absent));
    }
    let ids: Vec<Oid> = documents.iter().map(|d| d.unique_id.clone()).collect();
    let found = match places.dmp.references(&access.context(), &ids) {
        Ok(found) => found,
        Err(error) => return Ok(Attempt::failed(Stage::Ask, &error)),
    };
    let there = ids
        .iter()
        .filter(|id| found.iter().any(|r| r.unique_id == **id))
        .count();
    // A take-over's identifier may be in the DMP from elsewhere, and its content under another one.
    if row.take_over
        && let [document] = documents
    {
        match look_for(places, access, row, document)? {
            Ok(Elsewhere::Same(id)) if id != document.unique_id && there == 0 => {
                return Ok(Attempt {
                    refusal: Some(Refusal::by(&SAME_CONTENT)),
                    elsewhere: true,
                    ..Attempt::of(Event::Found)
                });
            }
            Ok(Elsewhere::Other) => {
                return Ok(Attempt {
                    refusal: Some(Refusal::by(&IDENTIFIER_TAKEN)),
                    ..Attempt::of(Event::Refused)
                });
            }
            Ok(_) => {}
            Err(error) => return Ok(Attempt::failed(Stage::Ask, &error)),
        }
    }
    if there == ids.len() {
        let mut ours = true;
        for document in documents {
            let fed = places.register.read(|tx| tx.fed(&document.unique_id))?;
            ours &= fed.is_some_and(|fed| fed.accepted && fed.sha256 == document.sha256);
        }
        let event = taken.found(ours);
        Ok(Attempt {
            refusal: (event == Event::Refused).then(|| Refusal::by(&IDENTIFIER_TAKEN)),
            receipts: ids
                .iter()
                .map(|id| {
                    let reference = found.iter().find(|r| r.unique_id == *id);
                    (reference.map(|r| r.entry_uuid.clone()), None)
                })
                .collect(),
            ..Attempt::of(event)
        })
    } else if there == 0 {
        Ok(Attempt::of(Event::Absent))
    } else {
        Ok(Attempt {
            refusal: Some(Refusal::by(&PART_OF_LOT)),
            ..Attempt::of(Event::PersonNeeded)
        })
    }
}

/// Sends an item.
fn send(
    places: &mut Places,
    access: &Access,
    row: &ItemRow,
    documents: &[DocumentRow],
) -> Result<Attempt> {
    let result = match (row.kind, &row.target) {
        (Kind::Deposit, _) => deposit(places, access, row, documents)?,
        (_, None) => Err(Error::bug("a change without a document")),
        (kind, Some(target)) => change(places, access, row, kind, target),
    };
    match result {
        Ok(receipts) => Ok(Attempt {
            receipts,
            ..Attempt::of(Event::Accepted)
        }),
        // Deleted by an earlier attempt, whose answer was lost.
        Err(error)
            if row.kind == Kind::Delete
                && row.attempts > 0
                && matches!(error.kind(), ErrorKind::UnknownDocument(_)) =>
        {
            Ok(Attempt::of(Event::Accepted))
        }
        Err(error) => {
            let mut outcome = Attempt::failed(Stage::Send, &error);
            // An earlier attempt may have arrived late.
            if outcome.event == Event::Duplicate && row.attempts > 0 {
                outcome.event = Event::Doubted;
            }
            Ok(outcome)
        }
    }
}

/// The outer error is the register's; the inner one the DMP's.
fn deposit(
    places: &mut Places,
    access: &Access,
    row: &ItemRow,
    documents: &[DocumentRow],
) -> Result<Result<Receipts>> {
    let contents: Vec<Vec<u8>> = places.register.read(|tx| {
        documents
            .iter()
            .map(|d| tx.item_content(row.id, d.place))
            .collect()
    })?;
    let lot = Lot {
        submission: &row.submission,
        documents: documents
            .iter()
            .zip(&contents)
            .map(|(document, content)| Deposit {
                metadata: &document.metadata,
                visibility: document.visibility,
                content,
                replaces: document.replaces.as_ref(),
            })
            .collect(),
    };
    let receipts = places.dmp.submit(&access.context(), &lot);
    Ok(receipts.map(|receipts| {
        receipts
            .into_iter()
            .map(|receipt| (receipt.entry_uuid, receipt.logical_id))
            .collect()
    }))
}

fn change(
    places: &mut Places,
    access: &Access,
    row: &ItemRow,
    kind: Kind,
    target: &Oid,
) -> Result<Receipts> {
    let context = access.context();
    let dmp = &mut places.dmp;
    let visibility = match kind {
        Kind::Mask => Some(VisibilityChange::Mask),
        Kind::Unmask => Some(VisibilityChange::Unmask),
        Kind::ShowToPatient => Some(VisibilityChange::ShowToPatient),
        Kind::ShowToRepresentatives => Some(VisibilityChange::ShowToRepresentatives),
        Kind::Deposit | Kind::Archive | Kind::Unarchive | Kind::Delete => None,
    };
    match (visibility, kind) {
        (Some(change), _) => dmp.change_visibility(&context, target, change, &row.submission)?,
        (None, Kind::Archive) => {
            dmp.change_status(&context, target, StatusChange::Archive, &row.submission)?
        }
        (None, Kind::Unarchive) => {
            dmp.change_status(&context, target, StatusChange::Unarchive, &row.submission)?
        }
        (None, _) => dmp.change_status(&context, target, StatusChange::Delete, &row.submission)?,
    };
    Ok(Vec::new())
}
