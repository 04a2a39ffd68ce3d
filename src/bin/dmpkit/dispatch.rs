//! `dmpkit dispatch`: sends what is in the outbox, once, or until nothing is left that goes by itself.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use dmpkit::Connector;
use dmpkit::connector::dispatch::{DispatchAnswer, DispatchProgress, DispatchRequest, Ended};

use crate::args::Dispatch;
use crate::output::Counter;
use crate::{Outcome, outbox, output, practice};

/// Sends, within the bounds of the command.
pub fn run(command: &Dispatch) -> io::Result<Outcome> {
    let connector = match practice::of(&command.practice) {
        Ok(connector) => connector,
        Err(outcome) => return Ok(outcome),
    };
    let dispatched = match dispatch(&connector, command) {
        Ok(dispatched) => dispatched,
        Err(error) => return Ok(practice::refused(&error)),
    };
    if command.json {
        output::record(&dispatched)?;
    } else {
        tell(&dispatched)?;
    }
    let counts = &dispatched.counts;
    let good = counts.held + counts.dead == 0 && dispatched.ended != Ended::DmpUnavailable;
    Ok(if good {
        Outcome::Good
    } else {
        Outcome::ToCorrect
    })
}

/// One dispatch, or with `--wait` one after the other, as one.
fn dispatch(connector: &Connector, command: &Dispatch) -> dmpkit::Result<DispatchAnswer> {
    // A length, on the machine's timer, and not the present.
    let began = Instant::now();
    let taken = Cell::new(0_u32);
    let bar = Counter::new();
    let mut before = DispatchProgress::default();
    loop {
        let seconds = u32::try_from(began.elapsed().as_secs()).unwrap_or(u32::MAX);
        let request = DispatchRequest {
            max_items: command
                .max_items
                .map(|most| most.saturating_sub(taken.get())),
            max_seconds: command.max_seconds.map(|most| most.saturating_sub(seconds)),
            utc_offset_minutes: command.utc_offset,
            ..DispatchRequest::default()
        };
        let mut answer = connector.dispatch(&request, &mut |progress| {
            taken.set(taken.get().saturating_add(1));
            let all = plus(before, *progress);
            bar.show(ended(&all), all.left, all.for_a_person);
            true
        })?;
        before = plus(before, answer.progress);
        answer.progress = before;
        let next = match (command.wait, answer.ended, answer.next) {
            (true, Ended::NothingDue | Ended::DmpUnavailable | Ended::Pace, Some(next)) => next,
            _ => return Ok(answer),
        };
        let left = command
            .max_seconds
            .map(|most| Duration::from_secs(most.into()).saturating_sub(began.elapsed()));
        if !wait(connector, next, left) {
            answer.ended = Ended::Bounds;
            return Ok(answer);
        }
    }
}

/// Waits for an instant of the practice's clock; false when the time that is left does not suffice.
fn wait(connector: &Connector, next: dmpkit::clock::Instant, left: Option<Duration>) -> bool {
    // A clock that stands still is moved: a demonstration does not wait.
    if connector.set_time(next.max(connector.now())).is_ok() {
        return true;
    }
    let until_next = || {
        let millis = next.millis().saturating_sub(connector.now().millis());
        Duration::from_millis(u64::try_from(millis).unwrap_or_default())
    };
    if left.is_some_and(|left| left < until_next()) {
        return false;
    }
    // In short steps: the machine may sleep meanwhile, and its clock be set.
    while until_next() > Duration::ZERO {
        std::thread::sleep(until_next().min(Duration::from_secs(1)));
    }
    true
}

fn plus(a: DispatchProgress, b: DispatchProgress) -> DispatchProgress {
    DispatchProgress {
        sent: a.sent + b.sent,
        found: a.found + b.found,
        put_off: a.put_off + b.put_off,
        for_a_person: a.for_a_person + b.for_a_person,
        given_up: a.given_up + b.given_up,
        left: b.left,
    }
}

/// How many items ended.
fn ended(progress: &DispatchProgress) -> u64 {
    progress.sent + progress.found + progress.for_a_person + progress.given_up
}

fn tell(dispatched: &DispatchAnswer) -> io::Result<()> {
    let progress = &dispatched.progress;
    output::line(&format!(
        "Envoyés : {} ; déjà dans le DMP : {} ; remis à plus tard : {} ; laissés à une personne : {} ; abandonnés : {}",
        progress.sent, progress.found, progress.put_off, progress.for_a_person, progress.given_up
    ))?;
    match dispatched.ended {
        Ended::DmpUnavailable => output::line("Le DMP ne répond pas pour l'instant.")?,
        Ended::Stopped => {
            output::line("Les envois sont arrêtés : « dmpkit outbox restart » les reprend.")?
        }
        Ended::NothingDue | Ended::Bounds | Ended::Pace | Ended::Told => {}
    }
    outbox::why(dispatched.reason.as_deref())?;
    let counts = &dispatched.counts;
    if counts.held + counts.dead > 0 {
        output::line(&format!(
            "En attente d'une personne : {} (« dmpkit outbox --state held --state dead » dit pourquoi)",
            counts.held + counts.dead
        ))?;
    }
    match (progress.left, dispatched.next) {
        (0, _) => output::line("Rien ne reste à envoyer."),
        (left, None) => output::line(&format!("Reste à envoyer : {left}")),
        (left, Some(next)) => output::line(&format!(
            "Reste à envoyer : {left} ; prochain essai utile : {} (UTC)",
            output::moment(next)
        )),
    }
}
