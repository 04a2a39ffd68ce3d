//! `dmpkit wrap`: a PDF, text, RTF, JPEG or TIFF and its context become a document that the DMP accepts.

use std::io;

use dmpkit::cda::Finding;
use dmpkit::cda::write::{Context, Identifier, wrap};
use dmpkit::document::Oid;
use serde::Serialize;

use crate::args::Wrap;
use crate::{Outcome, codes, files, output};

/// The record of what was made, or of why it was not.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    file: String,
    made: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    unique_id: Option<&'a Oid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set_id: Option<&'a Identifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_number: Option<u32>,
    findings: &'a [Finding],
}

/// Wraps one file.
pub fn run(command: &Wrap) -> io::Result<Outcome> {
    let terminology = match codes::terminology(&command.pack) {
        Ok(terminology) => terminology,
        Err(outcome) => return Ok(outcome),
    };
    let name = output::name(&command.file);
    let mut read = Vec::new();
    for path in [&command.file, &command.context] {
        match files::read(path) {
            Ok(bytes) => read.push(bytes),
            Err(error) => return Ok(output::unread(path, &error)),
        }
    }
    let (Some(context), Some(file)) = (read.pop(), read.pop()) else {
        return Ok(Outcome::File);
    };
    let Ok(context) = String::from_utf8(context) else {
        output::complain(&format!(
            "{} n'est pas en UTF-8 : enregistrez-le ainsi.",
            output::name(&command.context)
        ));
        return Ok(Outcome::ToCorrect);
    };
    // Editors on Windows put a byte order mark before UTF-8.
    let context = match Context::from_json(context.trim_start_matches('\u{FEFF}')) {
        Ok(context) => context,
        Err(error) => {
            output::complain(&format!(
                "{} n'est pas un contexte (schéma wrap-context) : {error}.",
                output::name(&command.context)
            ));
            return Ok(Outcome::ToCorrect);
        }
    };
    // The document itself may take the standard output: then the report goes beside it.
    let aside = command.output.is_none();
    match wrap(&file, &context, &terminology) {
        Ok(written) => {
            let target = command.output.as_deref();
            let delivered = files::deliver(target, command.force, &written.bytes)?;
            if delivered != Outcome::Good {
                return Ok(delivered);
            }
            let report = Report {
                file: name.clone(),
                made: true,
                unique_id: Some(&written.unique_id),
                set_id: Some(&written.set_id),
                version_number: Some(written.version_number),
                findings: &written.findings,
            };
            match (command.json, aside) {
                (true, false) => output::record(&report)?,
                (true, true) => output::complain(&serde_json::to_string(&report)?),
                (false, true) => output::complain(&made(&name, &report)),
                (false, false) => {
                    output::line(&made(&name, &report))?;
                    report.findings.iter().try_for_each(output::finding)?;
                }
            }
            Ok(Outcome::Good)
        }
        Err(error) => {
            let findings = error.refusal().map_or(&[][..], |r| r.findings.as_slice());
            if command.json {
                output::record(&Report {
                    file: name,
                    made: false,
                    unique_id: None,
                    set_id: None,
                    version_number: None,
                    findings,
                })?;
            } else {
                output::complain(&format!("{name} : le document n'a pas été fait."));
                if findings.is_empty() {
                    output::complain(&format!("  {error}"));
                }
                findings
                    .iter()
                    .for_each(|f| output::complain(&output::lines(f)));
            }
            Ok(Outcome::ToCorrect)
        }
    }
}

fn made(name: &str, report: &Report<'_>) -> String {
    let id = report
        .unique_id
        .map(ToString::to_string)
        .unwrap_or_default();
    let version = report.version_number.unwrap_or(1);
    format!("{name} : document {id}, version {version}")
}
