//! `dmpkit check`: what to correct in documents before their deposit.

use std::io;

use dmpkit::cda::{Against, Checked, Finding, Severity, check};
use dmpkit::document::Metadata;
use serde::Serialize;

use crate::args::Check;
use crate::{Outcome, codes, files, output};

/// The record of one document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    file: String,
    /// Whether the DMP would take the document.
    accepted: bool,
    /// Whether it also conforms to the CI-SIS.
    conforms: bool,
    findings: &'a [Finding],
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Metadata>,
}

/// How many documents ended how.
#[derive(Default)]
struct Tally {
    ready: usize,
    to_correct: usize,
    unread: usize,
}

/// Checks each file in turn.
pub fn run(command: &Check) -> io::Result<Outcome> {
    let terminology = match codes::terminology(&command.pack) {
        Ok(terminology) => terminology,
        Err(outcome) => return Ok(outcome),
    };
    let mut against = Against::default();
    against.terminology = terminology;
    let progress = output::Progress::new(command.files.len());
    let mut tally = Tally::default();
    for path in &command.files {
        progress.at(path);
        let name = output::name(path);
        let bytes = match files::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                tally.unread += 1;
                progress.done(|| output::unread(path, &error));
                continue;
            }
        };
        let checked = check(&bytes, &against);
        let good = if command.strict {
            checked.conforms()
        } else {
            !checked.is_blocked()
        };
        if good {
            tally.ready += 1;
        } else {
            tally.to_correct += 1;
        }
        progress.done(|| {
            if command.json {
                output::record(&Report {
                    file: name,
                    accepted: !checked.is_blocked(),
                    conforms: checked.conforms(),
                    findings: &checked.findings,
                    metadata: checked.metadata.as_ref(),
                })
            } else {
                print(&name, &checked)
            }
        })?;
    }
    drop(progress);
    if !command.json && command.files.len() > 1 {
        output::line(&summary(&tally))?;
    }
    Ok(if tally.unread > 0 {
        Outcome::File
    } else if tally.to_correct > 0 {
        Outcome::ToCorrect
    } else {
        Outcome::Good
    })
}

fn print(name: &str, checked: &Checked) -> io::Result<()> {
    let of = |severity| {
        checked
            .findings
            .iter()
            .filter(|f| f.rule.severity == severity)
            .count()
    };
    let (blocking, nonconforming, advice) = (
        of(Severity::Blocking),
        of(Severity::Nonconforming),
        of(Severity::Advice),
    );
    let mut parts = Vec::new();
    if blocking > 0 {
        parts.push(output::count(blocking, "point à corriger"));
    }
    if nonconforming > 0 {
        parts.push(output::count(nonconforming, "écart au CI-SIS"));
    }
    if advice > 0 {
        parts.push(output::count(advice, "conseil"));
    }
    let verdict = if blocking == 0 {
        "le DMP l'accepterait"
    } else {
        "le DMP le refuserait"
    };
    let details = if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join(", "))
    };
    output::line(&format!("{name} : {verdict}{details}"))?;
    checked.findings.iter().try_for_each(output::finding)
}

fn summary(tally: &Tally) -> String {
    let all = tally.ready + tally.to_correct + tally.unread;
    let mut parts = vec![output::count(tally.ready, "prêt")];
    if tally.to_correct > 0 {
        parts.push(format!("{} à corriger", tally.to_correct));
    }
    if tally.unread > 0 {
        parts.push(output::count(tally.unread, "illisible"));
    }
    format!("{} : {}", output::count(all, "document"), parts.join(", "))
}
