//! How an attempt is written down: the item's move, the journal, the ways that are left alone for a while.

use super::Run;
use super::attempt::Attempt;
use crate::clock::Instant;
use crate::connector::State as Places;
use crate::connector::outbox::{action_of, after_the_end, found_item, note_item};
use crate::connector::session::Session;
use crate::error::{Error, Refusal, Result};
use crate::rules::Remedy;
use crate::rules::outbox::reason::FAULT;
use crate::rules::outbox::retry::{ASIDE_AFTER, Blame, backoff};
use crate::rules::outbox::{Event, Item, Kind, State};
use crate::store::Tx;
use crate::store::journal::Outcome;
use crate::store::outbox::{DocumentRow, ItemRow, Move};
use crate::store::sqlite::to_json;

impl Run {
    /// Writes how an attempt ended.
    #[allow(clippy::too_many_arguments)] // what one turn knows, at its end
    pub(super) fn conclude(
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
            after_the_end(tx, session, row, now)?;
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
pub(super) fn close(
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
pub(super) fn later(row: &ItemRow, failures: u32, now: Instant) -> Instant {
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

/// With what a person can do about an item in a state.
pub(super) fn with_remedies(refusal: Refusal, state: State) -> Refusal {
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
