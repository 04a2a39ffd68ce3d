//! `dmpkit metadata`: under which metadata the DMP would file documents.

use std::io;

use dmpkit::cda::{Limits, derive, read_header};
use dmpkit::document::{Author, Coded, Dtm, Metadata};
use serde::Serialize;

use crate::args;
use crate::{Outcome, codes, files, output};

/// The record of one document.
#[derive(Serialize)]
struct Report<'a> {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Reads the header of each file in turn.
pub fn run(command: &args::Metadata) -> io::Result<Outcome> {
    let terminology = match codes::terminology(&command.pack) {
        Ok(terminology) => terminology,
        Err(outcome) => return Ok(outcome),
    };
    let mut outcome = Outcome::Good;
    let progress = output::Progress::new(command.files.len());
    for path in &command.files {
        progress.at(path);
        let name = output::name(path);
        let bytes = match files::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                outcome = outcome.max(Outcome::File);
                progress.done(|| output::unread(path, &error));
                continue;
            }
        };
        let (metadata, error) = match read_header(&bytes, &Limits::default()) {
            Ok(header) => (derive(&header, &terminology).metadata, None),
            Err(error) => (None, Some(error)),
        };
        if metadata.is_none() {
            outcome = outcome.max(Outcome::ToCorrect);
        }
        progress.done(|| {
            if command.json {
                return output::record(&Report {
                    file: name,
                    metadata: metadata.as_ref(),
                    error: error.map(|e| e.to_string()),
                });
            }
            match metadata {
                Some(metadata) => print(&name, &metadata),
                None => output::line(&format!(
                    "{name} : ses métadonnées sont incomplètes ; « dmpkit check » dit ce qui manque."
                )),
            }
        })?;
    }
    Ok(outcome)
}

fn print(name: &str, metadata: &Metadata) -> io::Result<()> {
    let code = |c: &Coded| format!("{} ({})", c.label, c.code);
    let authors: Vec<String> = metadata.author.iter().map(author).collect();
    let time = |t: &Dtm| moment(t.as_str());
    let rows = [
        ("titre", metadata.title.clone()),
        ("type", code(&metadata.type_code)),
        ("classe", code(&metadata.class_code)),
        ("format", code(&metadata.format_code)),
        ("créé le (UTC)", time(&metadata.creation_time)),
        ("acte du (UTC)", time(&metadata.service_start_time)),
        (
            "acte au (UTC)",
            metadata
                .service_stop_time
                .as_ref()
                .map(time)
                .unwrap_or_default(),
        ),
        ("auteur", authors.join(", ")),
        ("patient", metadata.patient_id.to_string()),
        ("secteur", code(&metadata.healthcare_facility_type_code)),
        ("cadre", code(&metadata.practice_setting_code)),
        ("identifiant", metadata.unique_id.to_string()),
        ("type MIME", metadata.mime_type.clone()),
        ("langue", metadata.language_code.clone()),
    ];
    output::line(name)?;
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        output::line(&format!("  {label:<14} {value}"))?;
    }
    Ok(())
}

/// "Hélène BASTIDE (899900987654), Cabinet médical des Noisetiers".
fn author(author: &Author) -> String {
    let person = &author.author_person;
    let name = format!("{} {}", person.given, person.family);
    let person = format!("{} ({})", name.trim(), person.id);
    match &author.author_institution {
        Some(institution) => format!("{person}, {}", institution.name),
        None => person,
    }
}

/// Digits of a time as a person reads them: 2026-01-12 09:05:30.
fn moment(digits: &str) -> String {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let separators = [
        (0, 4, ""),
        (4, 6, "-"),
        (6, 8, "-"),
        (8, 10, " "),
        (10, 12, ":"),
        (12, 14, ":"),
    ];
    let known = separators
        .iter()
        .filter(|(from, to, _)| !part(*from, *to).is_empty());
    known
        .map(|(from, to, before)| format!("{before}{}", part(*from, *to)))
        .collect()
}
