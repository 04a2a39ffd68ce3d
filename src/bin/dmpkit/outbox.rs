//! `dmpkit outbox`: what was handed over and what became of it; sending again, giving up, the stop button.

use std::io;
use std::path::Path;

use dmpkit::connector::outbox::{
    ItemRequest, OutboxAnswer, OutboxFilter, OutboxItem, RecoverReport, RecoverRequest, Stop,
    StopRequest,
};
use dmpkit::error::{Error, ErrorKind, StorageError};
use dmpkit::rules::outbox::State;
use dmpkit::{Connector, Session};
use serde_json::Value;

use crate::args::{Outbox, OutboxAction};
use crate::{Outcome, output, practice};

/// Items asked for at once.
const PAGE: usize = 1000;

/// Lists the outbox, or does what is asked with it.
pub fn run(command: &Outbox) -> io::Result<Outcome> {
    let Some(config) = &command.config else {
        return Ok(missing("--config <CONFIGURATION>"));
    };
    let states = match states(&command.state) {
        Ok(states) => states,
        Err(outcome) => return Ok(outcome),
    };
    if command.action.is_some() && command.session.is_none() {
        return Ok(missing("--session <PROFESSIONNEL>"));
    }
    let opened = practice::open(config, command.key_file.as_deref()).and_then(|connector| {
        let session = command.session.as_deref();
        let session = session.map(|path: &Path| practice::session(&connector, path));
        Ok((session.transpose()?, connector))
    });
    let (session, connector) = match opened {
        Ok(opened) => opened,
        Err(outcome) => return Ok(outcome),
    };
    match (&command.action, &session) {
        (Some(action), Some(session)) => act(session, action, command.json),
        _ => match list(&connector, session.as_ref(), states) {
            Ok(outbox) if command.json => {
                output::record(&outbox)?;
                Ok(ending(&outbox.items))
            }
            Ok(outbox) => {
                tell(&outbox, session.is_none())?;
                Ok(ending(&outbox.items))
            }
            Err(error) => Ok(practice::refused(&error)),
        },
    }
}

fn missing(argument: &str) -> Outcome {
    output::complain(&format!("Il manque {argument}."));
    Outcome::Usage
}

fn states(codes: &[String]) -> Result<Vec<State>, Outcome> {
    let known = |code: &String| State::of_code(code);
    codes
        .iter()
        .map(known)
        .collect::<Option<_>>()
        .ok_or_else(|| {
            let all: Vec<&str> = State::ALL.iter().map(|state| state.code()).collect();
            output::complain(&format!("--state attend un état parmi {}.", all.join(", ")));
            Outcome::Usage
        })
}

/// All of it, page by page.
fn list(
    connector: &Connector,
    session: Option<&Session>,
    states: Vec<State>,
) -> dmpkit::Result<OutboxAnswer> {
    let mut filter = OutboxFilter {
        states,
        after: None,
        limit: Some(PAGE),
    };
    let page = |filter: &OutboxFilter| match session {
        Some(session) => session.outbox(filter),
        None => connector.audit_outbox(filter),
    };
    let mut whole = page(&filter)?;
    let mut got = whole.items.len();
    while got == PAGE {
        filter.after = whole
            .items
            .last()
            .map(|item| item.number.unwrap_or(item.id));
        let next = page(&filter)?;
        got = next.items.len();
        whole.items.extend(next.items);
    }
    Ok(whole)
}

/// Something to correct where a person is expected.
fn ending(items: &[OutboxItem]) -> Outcome {
    if items.iter().any(|item| item.state.waits_for_a_person()) {
        Outcome::ToCorrect
    } else {
        Outcome::Good
    }
}

fn act(session: &Session, action: &OutboxAction, json: bool) -> io::Result<Outcome> {
    let one = |id: &i64| ItemRequest { id: *id };
    let stop = |take_over: &bool| StopRequest {
        what: match take_over {
            true => Stop::TakeOver,
            false => Stop::All,
        },
    };
    let item = match action {
        OutboxAction::GiveUp { number } => session.give_up(&one(number)),
        OutboxAction::Resend { number } => session.resend(&one(number)),
        OutboxAction::Recover { file, dry_run } => {
            let request = RecoverRequest {
                file: file.clone(),
                dry_run: *dry_run,
            };
            return match session.recover(&request) {
                Ok(report) => recovered(&report, json),
                Err(error) => Ok(not_recovered(&error, file)),
            };
        }
        OutboxAction::Stop { take_over } => {
            let said = ("Plus rien ne part.", "Tout était déjà arrêté.");
            return button(session.stop_outbox(stop(take_over)), said, json);
        }
        OutboxAction::Restart { take_over } => {
            let said = ("Les envois reprennent.", "Rien n'était arrêté.");
            return button(session.restart_outbox(stop(take_over)), said, json);
        }
    };
    match item {
        Ok(item) if json => output::record(&item).map(|()| Outcome::Good),
        Ok(item) => {
            line(&item, None, false)?;
            if item.may_be_there && item.state == State::Cancelled {
                output::line("      Un essai a pu parvenir au DMP : vérifiez-y le document.")?;
            }
            Ok(Outcome::Good)
        }
        Err(error) => Ok(practice::refused(&error)),
    }
}

/// What was taken back, and what comes back to a person.
fn recovered(report: &RecoverReport, json: bool) -> io::Result<Outcome> {
    if json {
        output::record(report)?;
    } else {
        tell_recovered(report)?;
    }
    Ok(match report.counts.refused + report.counts.unreadable {
        0 => Outcome::Good,
        _ => Outcome::ToCorrect,
    })
}

fn not_recovered(error: &Error, file: &Path) -> Outcome {
    match error.kind() {
        ErrorKind::Caller { field, .. } if field == "file" => {
            output::complain(&format!(
                "{} n'est pas entier, ou n'est pas un fichier de « dmpkit salvage » : rien n'a été confié. ({error})",
                output::name(file)
            ));
            Outcome::ToCorrect
        }
        ErrorKind::Storage(StorageError::CannotOpen) => {
            output::complain(&format!("{} ne peut pas être lu.", output::name(file)));
            Outcome::File
        }
        _ => practice::refused(error),
    }
}

fn tell_recovered(report: &RecoverReport) -> io::Result<()> {
    for line in &report.lines {
        let Some(reason) = &line.reason else { continue };
        let kind = line.kind.map_or("envoi", |kind| kind.french());
        let documents: Vec<&str> = line.unique_ids.iter().map(|id| id.as_str()).collect();
        output::line(&format!(
            "✗ n° {} : {kind} {}\n    {} ({})",
            line.was,
            documents.join(", "),
            reason.explanation.sentence,
            reason.explanation.rule
        ))?;
        for remedy in &reason.explanation.remedies {
            output::line(&format!("    → {}", remedy.text))?;
        }
    }
    let counts = &report.counts;
    output::line(&format!(
        "{} : {} ; déjà connus : {} ; terminés alors : {} ; refusés : {} ; incomplets : {}",
        match report.dry_run {
            true => "Seraient confiés à nouveau",
            false => "Confiés à nouveau",
        },
        counts.handed_over,
        counts.known,
        counts.ended,
        counts.refused,
        counts.unreadable
    ))?;
    match (report.dry_run, counts.handed_over) {
        (true, 1..) => output::line("Rien n'a été écrit : relancez sans --dry-run."),
        _ => Ok(()),
    }
}

fn button(
    changed: dmpkit::Result<bool>,
    (moved, stood): (&str, &str),
    json: bool,
) -> io::Result<Outcome> {
    match changed {
        Ok(changed) if json => output::record(&serde_json::json!({ "changed": changed }))?,
        Ok(changed) => output::line(if changed { moved } else { stood })?,
        Err(error) => return Ok(practice::refused(&error)),
    }
    Ok(Outcome::Good)
}

/// The table, and above it what holds for everything.
fn tell(outbox: &OutboxAnswer, all: bool) -> io::Result<()> {
    for (since, what) in [
        (outbox.stopped, "Tous les envois sont arrêtés"),
        (
            outbox.take_over_stopped,
            "Les reprises d'historique sont arrêtées",
        ),
    ] {
        if let Some(since) = since {
            output::line(&format!("{what} depuis le {}.", output::moment(since)))?;
        }
    }
    if let Some(at) = outbox.retry_at {
        output::line(&format!(
            "Prochain essai de joindre le DMP : {}.",
            output::moment(at)
        ))?;
        why(outbox.reason.as_deref())?;
    }
    if !outbox.items.is_empty() {
        let who = if all { "  confié par" } else { "" };
        output::line(&format!(
            "{:>5}  {:<26}  {:<34}  {:<20}  {:<20}{who}",
            "n°", "état", "envoi", "confié le (UTC)", "prochain essai (UTC)"
        ))?;
    }
    for item in &outbox.items {
        line(item, outbox.retry_at, all)?;
        if item.state.waits_for_a_person() {
            why(item.reason.as_deref())?;
        }
    }
    let counts = &outbox.counts;
    let person = counts.held + counts.dead;
    output::line(&format!(
        "À envoyer : {} ; en attente d'une personne : {person} ; dans le DMP : {} ; abandonnés : {}",
        counts.left(),
        counts.done,
        counts.cancelled
    ))
}

/// One item on a line.
fn line(item: &OutboxItem, retry_at: Option<dmpkit::clock::Instant>, all: bool) -> io::Result<()> {
    let mut what = item.kind.french().to_owned();
    if item.unique_ids.len() > 1 {
        what.push_str(&format!(" de {} documents", item.unique_ids.len()));
    }
    if item.take_over {
        what.push_str(" (reprise)");
    }
    let next = item
        .state
        .is_ready()
        .then(|| output::moment(item.due_at.max(retry_at.unwrap_or(item.due_at))));
    let who = match all {
        true => format!("  {}", item.actor),
        false => String::new(),
    };
    output::line(
        format!(
            "{:>5}  {:<26}  {what:<34}  {:<20}  {:<20}{who}",
            item.id,
            item.state.french(),
            output::moment(item.queued_at),
            next.unwrap_or_default(),
        )
        .trim_end(),
    )
}

/// A refusal as it is kept, for a person.
pub fn why(reason: Option<&serde_json::value::RawValue>) -> io::Result<()> {
    let Some(reason) = reason.and_then(|r| serde_json::from_str::<Value>(r.get()).ok()) else {
        return Ok(());
    };
    if let Some(sentence) = reason["sentence"].as_str() {
        output::line(&format!("       {sentence}"))?;
    }
    for remedy in reason["remedies"].as_array().into_iter().flatten() {
        if let Some(text) = remedy["text"].as_str() {
            output::line(&format!("       → {text}"))?;
        }
    }
    Ok(())
}
