//! `dmpkit takeover`: past documents judged, and those that may go handed over to the outbox of a practice.

use std::io;
use std::path::{Path, PathBuf};

use dmpkit::connector::feed::Representatives;
use dmpkit::connector::takeover::{
    FileOutcome, TakeOverCounts, TakeOverEnded, TakeOverLine, TakeOverReport, TakeOverRequest,
    count_files,
};
use dmpkit::identity::Ins;

use crate::args::{Seen, TakeOver};
use crate::{Outcome, asked, files, output, practice};

/// Takes a folder, or files, over.
pub fn run(command: &TakeOver) -> io::Result<Outcome> {
    let request = match asked(command) {
        Ok(request) => request,
        Err(outcome) => return Ok(outcome),
    };
    let expected = match &request.folder {
        None => request.files.len() as u64,
        Some(folder) => match count_files(folder) {
            Ok(expected) => expected,
            Err(error) => return Ok(output::unread(folder, &error)),
        },
    };
    let session = practice::of(&command.practice)
        .and_then(|connector| practice::session(&connector, &command.session));
    let session = match session {
        Ok(session) => session,
        Err(outcome) => return Ok(outcome),
    };
    let bar = output::Progress::new(usize::try_from(expected).unwrap_or(usize::MAX));
    let mut written = Ok(());
    let told = session.take_over(&request, &mut |progress| {
        bar.done(|| {
            for line in &progress.lines {
                if written.is_ok() {
                    written = show(line, command.json);
                }
            }
        });
        // Nobody reads any more: what is settled stays settled.
        written.is_ok()
    });
    drop(bar);
    written?;
    let report = match told {
        Ok(report) => report,
        Err(error) => return Ok(practice::refused(&error)),
    };
    if command.json {
        output::record(&report)?;
    } else {
        tell(&report)?;
    }
    let c = &report.counts;
    let for_a_person = c.to_correct + c.unreadable + c.unknown_patient + c.not_qualified;
    Ok(match for_a_person {
        0 => Outcome::Good,
        _ => Outcome::ToCorrect,
    })
}

/// What the command line asks for.
fn asked(command: &TakeOver) -> Result<TakeOverRequest, Outcome> {
    let mut request = TakeOverRequest {
        from: asked::day(command.from.as_deref(), 0)?,
        to: asked::day(command.to.as_deref(), 1)?,
        type_code: command.types.clone(),
        authors: command.authors.clone(),
        representatives: command.representatives.map(|seen| match seen {
            Seen::Visible => Representatives::Visible,
            Seen::Invisible => Representatives::Invisible,
        }),
        legal_person: command.no_legal_person.then_some(false),
        dry_run: command.dry_run,
        limit: command.limit,
        again: command.again,
        // Each line is shown as it comes.
        lines: 0,
        ..TakeOverRequest::default()
    };
    if let (Some(from), Some(to)) = (request.from, request.to)
        && from >= to
    {
        output::complain("Le jour de --to précède celui de --from.");
        return Err(Outcome::ToCorrect);
    }
    if let Some(list) = &command.exclude {
        request.exclude = patients(list)?;
    }
    match command.paths.as_slice() {
        [folder] if folder.is_dir() => request.folder = Some(folder.clone()),
        files => request.files = files.to_vec(),
    }
    Ok(request)
}

/// The INS of a file: one a line, the matricule and the OID of its authority.
fn patients(path: &Path) -> Result<Vec<Ins>, Outcome> {
    let bytes = files::read(path).map_err(|error| output::unread(path, &error))?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.trim_start_matches('\u{FEFF}').lines();
    let mut patients = Vec::new();
    for (index, line) in lines
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        match asked::ins(line) {
            Some(ins) => patients.push(ins),
            // The line is a patient's: its number alone is told.
            None => {
                output::complain(&format!(
                    "{}, ligne {} : un INS s'écrit « matricule OID ».",
                    output::name(path),
                    index + 1
                ));
                return Err(Outcome::ToCorrect);
            }
        }
    }
    Ok(patients)
}

fn show(line: &TakeOverLine, json: bool) -> io::Result<()> {
    if json {
        return output::record(line);
    }
    let mark = match line.outcome {
        FileOutcome::HandedOver => "·",
        _ => "✗",
    };
    output::line(&format!(
        "{mark} {}\n    {} ({})\n    → {}",
        output::name(&PathBuf::from(&line.path)),
        line.sentence,
        line.rule,
        line.remedy.text
    ))
}

fn tell(report: &TakeOverReport) -> io::Result<()> {
    output::line(&summary(report))?;
    match (report.ended, report.counts.handed_over) {
        (TakeOverEnded::Limit, _) => output::line(
            "La limite demandée est atteinte : relancez la même commande pour continuer.",
        ),
        (_, 0) => Ok(()),
        _ if report.dry_run => output::line("Rien n'a été écrit : relancez sans --dry-run."),
        _ => output::line(
            "Les documents confiés partiront la nuit, par « dmpkit dispatch » ou votre logiciel.",
        ),
    }
}

/// "12 fichiers : 3 confiés à l'envoi, 2 à corriger…"
fn summary(report: &TakeOverReport) -> String {
    let TakeOverCounts {
        files,
        handed_over,
        known,
        duplicates,
        in_outbox,
        already_fed,
        filtered,
        excluded,
        opposed,
        unknown_patient,
        not_qualified,
        to_correct,
        unreadable,
        others,
        later,
        late,
    } = report.counts;
    let given = match report.dry_run {
        true => ("serait confié à l'envoi", "seraient confiés à l'envoi"),
        false => ("confié à l'envoi", "confiés à l'envoi"),
    };
    let parts: Vec<String> = [
        (handed_over, given),
        (
            late,
            ("dont la date est à vérifier", "dont la date est à vérifier"),
        ),
        (
            known,
            (
                "confié lors d'une reprise précédente",
                "confiés lors d'une reprise précédente",
            ),
        ),
        (duplicates, ("en double", "en double")),
        (
            in_outbox,
            ("déjà en attente d'envoi", "déjà en attente d'envoi"),
        ),
        (already_fed, ("déjà dans le DMP", "déjà dans le DMP")),
        (filtered, ("hors des critères", "hors des critères")),
        (excluded, ("d'un patient écarté", "de patients écartés")),
        (
            opposed,
            (
                "d'un patient qui s'y oppose",
                "de patients qui s'y opposent",
            ),
        ),
        (
            unknown_patient,
            ("d'un patient inconnu", "de patients inconnus"),
        ),
        (
            not_qualified,
            (
                "dont l'identité n'est pas qualifiée",
                "dont l'identité n'est pas qualifiée",
            ),
        ),
        (to_correct, ("à corriger", "à corriger")),
        (unreadable, ("illisible", "illisibles")),
        (
            others,
            (
                "qui n'est pas un document CDA",
                "qui ne sont pas des documents CDA",
            ),
        ),
        (
            later,
            (
                "en attente du document qu'il remplace",
                "en attente du document qu'ils remplacent",
            ),
        ),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, (one, many))| format!("{count} {}", if count == 1 { one } else { many }))
    .collect();
    let all = if files > 1 { "fichiers" } else { "fichier" };
    match parts.is_empty() {
        true => format!("{files} {all}"),
        false => format!("{files} {all} : {}", parts.join(", ")),
    }
}
