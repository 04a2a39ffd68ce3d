//! `dmpkit render`: a document as a page, as text, or the file it carries.

use std::io::{self, IsTerminal};

use dmpkit::cda::Limits;
use dmpkit::cda::render::{Duties, Wanted, WantedForm, make};

use crate::args::Render;
use crate::{Outcome, files, output};

/// Shows one document.
pub fn run(command: &Render) -> io::Result<Outcome> {
    let name = output::name(&command.file);
    let bytes = match files::read(&command.file) {
        Ok(bytes) => bytes,
        Err(error) => return Ok(output::unread(&command.file, &error)),
    };
    let to_terminal = command.output.is_none() && io::stdout().is_terminal();
    let form = if command.embedded {
        WantedForm::File
    } else if command.text || (to_terminal && !command.html) {
        WantedForm::Text
    } else {
        WantedForm::Html
    };
    let wanted = Wanted { form, file: None };
    let (bytes, rendered) = match make(&bytes, &Limits::default(), wanted, &Duties::default()) {
        Ok(Some(made)) => made,
        Ok(None) => {
            output::complain(&format!(
                "{name} ne porte pas de fichier : il se lit avec --html ou --text."
            ));
            return Ok(Outcome::ToCorrect);
        }
        Err(error) => {
            output::complain(&format!(
                "{name} ne peut pas être montré ; « dmpkit check » dit pourquoi ({error})."
            ));
            return Ok(Outcome::ToCorrect);
        }
    };
    if command.json {
        output::record(&rendered.forms)?;
        return Ok(Outcome::Good);
    }
    files::deliver(command.output.as_deref(), command.force, &bytes)
}
