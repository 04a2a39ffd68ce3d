//! Emptying the outbox: the host calls [`Connector::dispatch`] from its own thread or timer, as often as the answer's
//! `next` says, or as it likes. Two processes may call at once.
//!
//! One turn: whose it is (`store::outbox`); the dossier (TD0.2, asked once a call); the rules, on what is
//! known in the very transaction that takes the item; the DMP asked, or the item sent; the outcome written. What an
//! error means is decided by [`crate::rules::outbox`]. The connector is held for one turn at a time, so that a doctor
//! who reads does not wait for the whole outbox. Of a past document the DMP is also asked for its content.
//!
//! | file | what |
//! |---|---|
//! | `turn` | one turn: the dossier, the rules, the hold |
//! | `attempt` | what is asked of the DMP, or sent to it, and how that ended |
//! | `content` | whether the DMP holds the content of a past document already |
//! | `conclude` | what is written of it: the item's move, the journal, when to try again |

mod attempt;
mod conclude;
mod content;
mod turn;

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::outbox::{Counts, Stop};
use super::session::Session;
use super::{Connector, Level, State as Places};
use crate::clock::Instant;
use crate::dossier::Existence;
use crate::error::{Error, Result};
use crate::identity::Trait;
use crate::rules::outbox::pace::{day_began, take_over_turn};
use crate::rules::outbox::retry::awaited;
use crate::rules::outbox::{Event, State};
use crate::store::outbox::{ItemRow, Move, Place};
use turn::Step;

/// How long a dispatcher may hold an item, in seconds, before it counts as gone. Longer than any exchange lasts.
pub(crate) const HOLD_SECONDS: i64 = 300;

/// Local time less UTC, in minutes, wherever on Earth.
const UTC_OFFSETS: std::ops::RangeInclusive<i32> = -720..=840;

/// The bounds of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct DispatchRequest {
    /// Turns at most; no bound when absent.
    pub max_items: Option<u32>,
    /// Seconds at most, looked at between turns; no bound when absent.
    pub max_seconds: Option<u32>,
    /// Whether take-overs of past documents may go too, in their window.
    pub take_over: bool,
    /// Local time less UTC, in minutes: a take-over's night is a local one.
    pub utc_offset_minutes: i32,
}

impl Default for DispatchRequest {
    fn default() -> DispatchRequest {
        DispatchRequest {
            max_items: None,
            max_seconds: None,
            take_over: true,
            utc_offset_minutes: 60,
        }
    }
}

/// What a call has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DispatchProgress {
    /// Sent and accepted.
    pub sent: u64,
    /// Found in the DMP, and not sent again.
    pub found: u64,
    /// Put off: tried again later by itself.
    pub put_off: u64,
    /// Left to a person.
    pub for_a_person: u64,
    /// Given up, for what allowed it is gone.
    pub given_up: u64,
    /// Still to do.
    pub left: u64,
}

/// Why a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Nothing may go now.
    NothingDue,
    /// The bounds of the call were reached.
    Bounds,
    /// The DMP cannot be reached, or asks to be left alone.
    DmpUnavailable,
    /// The pace of a structure is reached, on a clock that does not move by itself.
    Pace,
    /// The stop button is pressed.
    Stopped,
    /// The host's progress function, or `dmp_connector_cancel`, said so.
    Told,
}

/// What a call did, and when the next is due.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DispatchAnswer {
    /// What was done.
    #[serde(flatten)]
    pub progress: DispatchProgress,
    /// Why it ended.
    pub ended: Ended,
    /// The outbox now.
    pub counts: Counts,
    /// When calling again is of use; absent when nothing is left that goes by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Instant>,
    /// Why the DMP could not be reached (record refusal).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<RawValue>>,
}

/// Told after each turn; `false` ends the call. Runs on the calling thread and must not call back in.
pub type Progress<'a> = &'a mut dyn FnMut(&DispatchProgress) -> bool;

/// What one call remembers from turn to turn.
struct Run {
    /// Who holds what this call takes.
    holder: String,
    /// What TD0.2 answered to each author on each patient, in this call.
    seen: HashMap<(String, String), (Existence, Vec<Trait>)>,
    /// Whether the DMP's last answer was one.
    answers: bool,
    request: DispatchRequest,
}

impl Connector {
    /// Sends what is in the outbox, within bounds.
    ///
    /// Errors: [`crate::error::ErrorKind::Caller`] for an offset that no place has,
    /// [`crate::error::ErrorKind::Storage`] of the register, [`crate::error::ErrorKind::Closed`]. What the DMP answers to
    /// an item, and what happens on the way, is the item's and is in the answer.
    pub fn dispatch(
        &self,
        request: &DispatchRequest,
        progress: Progress<'_>,
    ) -> Result<DispatchAnswer> {
        let result = self.dispatch_turns(*request, progress);
        self.inner.logged("outbox.dispatch", result)
    }

    fn dispatch_turns(
        &self,
        request: DispatchRequest,
        progress: Progress<'_>,
    ) -> Result<DispatchAnswer> {
        self.inner.outside_callback()?;
        if !UTC_OFFSETS.contains(&request.utc_offset_minutes) {
            return Err(Error::caller(
                "utcOffsetMinutes",
                "must be from -720 to 840",
            ));
        }
        let began = self.inner.now();
        let holder = format!(
            "{}.{:x}.{}",
            std::process::id(),
            Arc::as_ptr(&self.inner).addr(),
            began.millis()
        );
        let mut run = Run {
            holder,
            seen: HashMap::new(),
            answers: false,
            request,
        };
        let mut so_far = DispatchProgress {
            left: self.put_in_order()?.left(),
            ..DispatchProgress::default()
        };
        let mut turns = 0;
        let (ended, next) = loop {
            let over = request.max_items.is_some_and(|most| turns >= most)
                || request
                    .max_seconds
                    .is_some_and(|most| self.inner.now() >= began.plus_seconds(most.into()));
            if over {
                break (Ended::Bounds, Some(self.inner.now()));
            }
            // Between two turns nothing is on its way that would tell.
            if self.inner.is_cancelled() {
                break (Ended::Told, Some(self.inner.now()));
            }
            let step = {
                let mut held = self.inner.hold_again()?;
                self.turn(held.state()?, &mut run)?
            };
            match step {
                Step::Moved(state, event) => so_far.count(state, event),
                Step::Passed => {}
                Step::Nothing(next) => break (Ended::NothingDue, next),
                Step::Closed(next) => break (Ended::DmpUnavailable, Some(next)),
                Step::Stopped => break (Ended::Stopped, None),
                Step::Cancelled => break (Ended::Told, Some(self.inner.now())),
                Step::Paced(turn) if self.inner.clock.wait_until(turn) => continue,
                Step::Paced(turn) => break (Ended::Pace, Some(turn)),
            }
            turns += 1;
            let _speaking = self.inner.speakers.mark();
            if !progress(&so_far) {
                break (Ended::Told, Some(self.inner.now()));
            }
        };
        let mut held = self.inner.hold_again()?;
        let (counts, road) = held
            .state()?
            .register
            .read(|tx| Ok((tx.outbox_counts(None)?, tx.road(None)?)))?;
        so_far.left = counts.left();
        Ok(DispatchAnswer {
            progress: so_far,
            ended,
            counts,
            next: next.filter(|_| counts.left() > 0),
            reason: road.and_then(|road| road.reason),
        })
    }

    /// Before the first turn: what others let fall is picked up, what ended long ago is forgotten.
    fn put_in_order(&self) -> Result<Counts> {
        let now = self.inner.now();
        let mut held = self.inner.hold()?;
        let register = &mut held.state()?.register;
        let longest = now.plus_seconds(HOLD_SECONDS);
        let days = self.inner.config.parameters.outbox_history_days;
        let fallen = register.durable(|tx| {
            let fallen = tx.abandoned(longest, now)?;
            for row in &fallen {
                if let Some(to) = row.item.apply(Event::Abandoned) {
                    tx.move_item(
                        row.id,
                        &Move {
                            event: Event::Abandoned,
                            to,
                            reason: None,
                            rule: None,
                            due_at: row.due_at,
                            failures: row.failures,
                            now,
                        },
                    )?;
                }
            }
            tx.forget_items(now.plus_days(-days))?;
            Ok(fallen.len())
        })?;
        if fallen > 0 {
            self.inner.log(
                Level::Warning,
                "outbox.dispatch: items of a dispatcher that is gone: the DMP will be asked for them",
            );
        }
        register.read(|tx| tx.outbox_counts(None))
    }

    /// One turn.
    fn turn(&self, places: &mut Places, run: &mut Run) -> Result<Step> {
        let now = self.inner.now();
        let chosen = places.register.read(|tx| {
            if tx.stopped(Stop::All)?.is_some() {
                return Ok(Chosen::Stopped);
            }
            if let Some(road) = tx.road(None)?.filter(|road| awaited(road.retry_at, now)) {
                return Ok(Chosen::Closed(road.retry_at));
            }
            let closed = tx.closed_authors(now)?;
            let skip = |actor: &str| closed.iter().any(|(closed, _)| closed == actor);
            if let Some(row) = tx.next_item(Place::Work, &skip, now)? {
                return Ok(Chosen::Item(Box::new(row)));
            }
            let mut later: Vec<Instant> = closed.iter().map(|(_, at)| *at).collect();
            if run.request.take_over && tx.stopped(Stop::TakeOver)?.is_none() {
                let offset = run.request.utc_offset_minutes;
                let sent = tx.taken_over_since(day_began(now, offset), now)?;
                let turn = take_over_turn(&self.inner.config.parameters, offset, sent, now);
                if let Some(row) = tx.next_item(Place::TakeOver, &skip, now)? {
                    if turn <= now {
                        return Ok(Chosen::Item(Box::new(row)));
                    }
                    later.push(turn);
                }
            }
            later.extend(tx.next_due(now)?);
            later.extend(tx.next_release()?);
            Ok(Chosen::Nothing(later.into_iter().min()))
        })?;
        match chosen {
            Chosen::Item(row) => {
                let session = Session::again(Arc::clone(&self.inner), row.requester.clone());
                run.take(places, &session, *row)
            }
            Chosen::Nothing(next) => Ok(Step::Nothing(next)),
            Chosen::Closed(at) => Ok(Step::Closed(at)),
            Chosen::Stopped => Ok(Step::Stopped),
        }
    }
}

/// Whose turn it is.
enum Chosen {
    Item(Box<ItemRow>),
    Nothing(Option<Instant>),
    Closed(Instant),
    Stopped,
}

impl DispatchProgress {
    fn count(&mut self, state: State, event: Event) {
        let counter = match (state, event) {
            (State::Done, Event::Found) => &mut self.found,
            (State::Done, _) => &mut self.sent,
            (State::Cancelled, _) => &mut self.given_up,
            (State::Held | State::Dead, _) => &mut self.for_a_person,
            // The DMP was asked; its turn to be sent comes next.
            (State::Waiting, Event::Absent) => return,
            (State::Waiting | State::Unsure | State::Sending | State::Asking, _) => {
                self.put_off += 1;
                return;
            }
        };
        *counter += 1;
        self.left = self.left.saturating_sub(1);
    }
}
