//! The plain text.

mod narrative;
mod table;
mod wrap;

use self::narrative::Writer;
use self::wrap::wrap;
use super::clean;
use super::duties::Duties;
use super::words::{self, Line};
use crate::cda::Header;
use crate::cda::body::{Content, File, Section, Structured};

/// Characters of a line.
const WIDTH: usize = 100;

/// Makes the text.
pub(super) fn document(header: &Header, content: &Content, duties: &Duties) -> String {
    let mut out = String::new();
    for warning in duties.warnings() {
        let words = format!(
            "{}\u{a0}: {}",
            warning.title.to_uppercase(),
            warning.sentence
        );
        wrap(&mut out, &words, "!! ", "!! ", WIDTH);
    }
    if !out.is_empty() {
        out.push('\n');
    }
    heading(&mut out, &words::title(header), '=');
    wrap(&mut out, &words::subtitle(header), "", "", WIDTH);
    out.push('\n');
    match &header.patient {
        Some(patient) => {
            let name = format!("Patient\u{a0}: {}", words::patient_name(patient));
            wrap(&mut out, &name, "", "  ", WIDTH);
            lines(&mut out, &words::patient(patient));
        }
        None => {
            let none = "Le document ne dit pas quel patient il concerne.";
            wrap(&mut out, none, "", "", WIDTH);
        }
    }
    out.push('\n');
    lines(&mut out, &words::lines(header));
    match content {
        Content::Structured(structured) => sections(&mut out, structured),
        Content::Unstructured(file) => alone(&mut out, file),
        Content::Absent => out.push_str("\nCe document n’a pas de contenu.\n"),
    }
    out
}

fn heading(out: &mut String, title: &str, rule: char) {
    let before = out.len();
    wrap(out, title, "", "", WIDTH);
    let written = out.get(before..).unwrap_or_default();
    let longest = written.lines().map(|l| l.chars().count()).max();
    let length = longest.unwrap_or_default().min(WIDTH);
    out.extend(std::iter::repeat_n(rule, length));
    out.push('\n');
}

fn lines(out: &mut String, lines: &[Line]) {
    for line in lines {
        for value in &line.values {
            let words = format!("{}\u{a0}: {value}", line.label);
            wrap(out, &words, "", "  ", WIDTH);
        }
    }
}

fn sections(out: &mut String, structured: &Structured) {
    let mut writer = Writer::new(&structured.files);
    for (index, section) in structured.sections.iter().enumerate() {
        out.push('\n');
        let label = section.code.as_ref().and_then(|code| code.label.as_deref());
        let title = section.title.as_deref().or(label);
        let title = title.unwrap_or("Section sans titre");
        match section.depth {
            1 => heading(out, title, '-'),
            2 => wrap(out, title, "## ", "   ", WIDTH),
            _ => wrap(out, title, "### ", "    ", WIDTH),
        }
        let has_inner = structured
            .sections
            .get(index + 1)
            .is_some_and(|next| next.depth > section.depth);
        match said(section, has_inner) {
            Some(words) => wrap(out, words, "", "", WIDTH),
            None => {
                if let Some(narrative) = &section.narrative {
                    writer.write(out, narrative);
                }
            }
        }
    }
    let files = structured.files.iter().enumerate();
    let mut left = files
        .filter(|(index, _)| !writer.has_shown(*index))
        .peekable();
    if left.peek().is_some() {
        out.push('\n');
        heading(out, "Pièces jointes", '-');
    }
    for (_, file) in left {
        wrap(out, &words::file(file), "- ", "  ", WIDTH);
    }
}

/// What to say in place of a narrative that has nothing to read.
fn said(section: &Section, has_inner: bool) -> Option<&'static str> {
    match &section.narrative {
        Some(narrative) if !narrative.is_empty() => None,
        _ if section.is_pdf_copy() => Some("La copie du document en PDF est proposée à part."),
        Some(narrative) if narrative.null_flavor.is_some() => {
            narrative.null_flavor.map(words::null_flavor)
        }
        _ if section.coded => Some("Cette section n’a que des données codées, sans texte à lire."),
        _ if has_inner => None,
        _ => Some("Cette section est vide."),
    }
}

fn alone(out: &mut String, file: &File) {
    out.push('\n');
    match file.text() {
        Some(text) => {
            for line in text.lines() {
                let line: String = clean::line(line).collect();
                wrap(out, line.trim_end(), "", "", WIDTH);
                if line.trim().is_empty() {
                    out.push('\n');
                }
            }
        }
        None => wrap(out, &words::file(file), "", "", WIDTH),
    }
}
