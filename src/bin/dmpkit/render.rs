//! `dmpkit render`: a document as a page, as text, or the file it carries.

use std::io::{self, IsTerminal};

use dmpkit::cda::render::{Duties, html, text};
use dmpkit::cda::{Limits, ReadError};

use crate::args::Render;
use crate::{Outcome, files, output};

/// Shows one document.
pub fn run(command: &Render) -> io::Result<Outcome> {
    let name = output::name(&command.file);
    let bytes = match files::read(&command.file) {
        Ok(bytes) => bytes,
        Err(error) => {
            output::complain(&format!(
                "{name} ne peut pas être lu : {}.",
                files::reason(&error)
            ));
            return Ok(Outcome::File);
        }
    };
    let limits = Limits::default();
    let unreadable = |error: ReadError| {
        output::complain(&format!("{name} ne peut pas être montré : {error}."));
        Ok(Outcome::ToCorrect)
    };
    if command.json {
        return match dmpkit::cda::render::forms(&bytes, &limits) {
            Ok(forms) => output::record(&forms).map(|()| Outcome::Good),
            Err(error) => unreadable(error),
        };
    }
    let duties = Duties::default();
    let shown = if command.embedded {
        match dmpkit::cda::render::embedded(&bytes, &limits) {
            Ok(Some(file)) => file,
            Ok(None) => {
                output::complain(&format!(
                    "{name} ne porte pas de fichier : il se lit avec --html ou --text."
                ));
                return Ok(Outcome::ToCorrect);
            }
            Err(error) => return unreadable(error),
        }
    } else {
        let to_terminal = command.output.is_none() && io::stdout().is_terminal();
        let page = if command.text || (to_terminal && !command.html) {
            text(&bytes, &limits, &duties)
        } else {
            html(&bytes, &limits, &duties)
        };
        match page {
            Ok(page) => page.into_bytes(),
            Err(error) => return unreadable(error),
        }
    };
    match (
        files::write(command.output.as_deref(), command.force, &shown),
        &command.output,
    ) {
        (Ok(()), _) => Ok(Outcome::Good),
        (Err(error), None) => Err(error),
        (Err(error), Some(path)) => {
            let reason = files::reason(&error);
            output::complain(&format!(
                "{} ne peut pas être écrit : {reason}.",
                output::name(path)
            ));
            Ok(Outcome::File)
        }
    }
}
