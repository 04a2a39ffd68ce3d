//! The page.

mod narrative;

use ::base64::Engine;
use ::base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use self::narrative::Writer;
use super::clean::{escape, language};
use super::duties::{Duties, Weight};
use super::image::data_address;
use super::words::{self, Line};
use crate::cda::Header;
use crate::cda::body::{Content, File, Section, Structured};

/// The only style the page's policy lets in.
const STYLE: &str = include_str!("style.css");

/// Sections from which a table of contents saves time.
const LONG: usize = 5;

/// Makes the page.
pub(super) fn page(header: &Header, content: &Content, duties: &Duties) -> String {
    let mut out = String::with_capacity(STYLE.len() + 16 * 1024);
    head(&mut out, header);
    out.push_str("<body>\n");
    warnings(&mut out, duties);
    document_header(&mut out, header);
    if let Content::Structured(structured) = content {
        contents(&mut out, structured);
    }
    let tag = header.language_code.as_deref().and_then(language);
    out.push_str("<main");
    if let Some(tag) = tag {
        attribute(&mut out, "lang", tag);
    }
    out.push_str(">\n");
    match content {
        Content::Structured(structured) => sections(&mut out, structured),
        Content::Unstructured(file) => alone(&mut out, file),
        Content::Absent => said(&mut out, "p", "Ce document n’a pas de contenu."),
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn head(out: &mut String, header: &Header) {
    let digest = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    out.push_str("<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\"/>\n");
    // Everything is forbidden but what the page holds.
    out.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; ");
    out.push_str(&format!("style-src 'sha256-{digest}'; "));
    out.push_str("base-uri 'none'; form-action 'none'\"/>\n");
    out.push_str("<meta name=\"referrer\" content=\"no-referrer\"/>\n");
    out.push_str(
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>",
    );
    escape(out, &words::title(header));
    out.push_str("</title>\n<style>");
    out.push_str(STYLE);
    out.push_str("</style>\n</head>\n");
}

fn warnings(out: &mut String, duties: &Duties) {
    for warning in duties.warnings() {
        out.push_str(match warning.weight {
            Weight::Alert => "<div class=\"duty alert\" role=\"alert\"><p><strong>",
            Weight::Notice => "<div class=\"duty notice\" role=\"status\"><p><strong>",
        });
        // The sign repeats in a shape what the colour says.
        out.push_str(match warning.weight {
            Weight::Alert => "<span class=\"sign\" aria-hidden=\"true\">!</span>",
            Weight::Notice => "<span class=\"sign\" aria-hidden=\"true\">i</span>",
        });
        escape(out, warning.title);
        out.push_str("</strong> ");
        escape(out, &warning.sentence);
        out.push_str("</p></div>\n");
    }
}

fn document_header(out: &mut String, header: &Header) {
    out.push_str("<header>\n<h1>");
    escape(out, &words::title(header));
    out.push_str("</h1>\n");
    let subtitle = words::subtitle(header);
    if !subtitle.is_empty() {
        said(out, "p class=\"subtitle\"", &subtitle);
    }
    out.push_str("<div class=\"patient\">\n");
    match &header.patient {
        Some(patient) => {
            said(out, "p class=\"name\"", &words::patient_name(patient));
            definitions(out, &words::patient(patient));
        }
        None => said(out, "p", "Le document ne dit pas quel patient il concerne."),
    }
    out.push_str("</div>\n");
    definitions(out, &words::lines(header));
    out.push_str("</header>\n");
}

fn definitions(out: &mut String, lines: &[Line]) {
    if lines.is_empty() {
        return;
    }
    out.push_str("<dl>\n");
    for line in lines {
        out.push_str("<div><dt>");
        escape(out, line.label);
        out.push_str("</dt>");
        for value in &line.values {
            out.push_str("<dd>");
            escape(out, value);
            out.push_str("</dd>");
        }
        out.push_str("</div>\n");
    }
    out.push_str("</dl>\n");
}

fn contents(out: &mut String, structured: &Structured) {
    let top = structured.sections.iter().enumerate();
    let top: Vec<_> = top.filter(|(_, section)| section.depth == 1).collect();
    if top.len() < LONG {
        return;
    }
    out.push_str("<nav aria-label=\"Sommaire\"><ul>\n");
    for (index, section) in top {
        out.push_str(&format!("<li><a href=\"#s{}\">", index + 1));
        section_title(out, section);
        out.push_str("</a></li>\n");
    }
    out.push_str("</ul></nav>\n");
}

fn section_title(out: &mut String, section: &Section) {
    let label = section.code.as_ref().and_then(|code| code.label.as_deref());
    match section.title.as_deref().or(label) {
        Some(title) => escape(out, title),
        None => out.push_str("Section sans titre"),
    }
}

fn sections(out: &mut String, structured: &Structured) {
    if structured.sections.is_empty() {
        said(out, "p class=\"said\"", "Ce document n’a pas de section.");
    }
    let mut writer = Writer::new(&structured.files);
    let mut open: Vec<usize> = Vec::new();
    for (index, section) in structured.sections.iter().enumerate() {
        while open.last().is_some_and(|depth| *depth >= section.depth) {
            open.pop();
            out.push_str("</section>\n");
        }
        // Sections deeper than the headings go are shown as those of the last level.
        if section.depth <= MOST_NESTED {
            open.push(section.depth);
            out.push_str(&format!("<section id=\"s{}\"", index + 1));
        } else {
            out.push_str(&format!("<div id=\"s{}\"", index + 1));
        }
        if let Some(tag) = section.language.as_deref().and_then(language) {
            attribute(out, "lang", tag);
        }
        out.push_str(">\n");
        let level = (section.depth + 1).min(6);
        out.push_str(&format!("<h{level}>"));
        section_title(out, section);
        out.push_str(&format!("</h{level}>\n"));
        let has_inner = structured
            .sections
            .get(index + 1)
            .is_some_and(|next| next.depth > section.depth);
        section_text(out, section, &mut writer, has_inner);
        if section.depth > MOST_NESTED {
            out.push_str("</div>\n");
        }
    }
    for _ in open {
        out.push_str("</section>\n");
    }
    attachments(out, structured, &writer);
}

/// Sections nested deeper are shown beside each other.
const MOST_NESTED: usize = 16;

fn section_text(out: &mut String, section: &Section, writer: &mut Writer<'_>, has_inner: bool) {
    let why = match &section.narrative {
        Some(narrative) if !narrative.is_empty() => {
            out.push_str("<div class=\"narrative\"");
            if let Some(tag) = narrative.language.as_deref().and_then(language) {
                attribute(out, "lang", tag);
            }
            out.push('>');
            writer.write(out, narrative);
            out.push_str("</div>\n");
            return;
        }
        _ if section.is_pdf_copy() => "La copie du document en PDF est proposée à part.",
        Some(narrative) if narrative.null_flavor.is_some() => {
            narrative.null_flavor.map_or("", words::null_flavor)
        }
        _ if section.coded => "Cette section n’a que des données codées, sans texte à lire.",
        _ if has_inner => return,
        _ => "Cette section est vide.",
    };
    said(out, "p class=\"said\" lang=\"fr\"", why);
}

/// The files that no narrative has shown.
fn attachments(out: &mut String, structured: &Structured, writer: &Writer<'_>) {
    let files = structured.files.iter().enumerate();
    let mut left = files
        .filter(|(index, _)| !writer.has_shown(*index))
        .peekable();
    if left.peek().is_none() {
        return;
    }
    out.push_str("<section id=\"pieces\" class=\"said\" lang=\"fr\">\n<h2>Pièces jointes</h2>\n");
    for (_, file) in left {
        out.push_str("<div class=\"media\">");
        show(out, file, "Image jointe au document");
        out.push_str("</div>\n");
    }
    out.push_str("</section>\n");
}

/// The file of an unstructured document.
fn alone(out: &mut String, file: &File) {
    out.push_str("<div class=\"alone\">\n");
    match file.text() {
        Some(text) => {
            out.push_str("<pre>");
            // Lines are kept; all else that is not text is not.
            for (index, line) in text.lines().enumerate() {
                if index > 0 {
                    out.push('\n');
                }
                escape(out, line);
            }
            out.push_str("</pre>\n");
        }
        None => {
            if data_address(file).is_none() {
                let words =
                    "Le contenu de ce document est un fichier, que cette page ne montre pas.";
                said(out, "p lang=\"fr\"", words);
            }
            show(out, file, "Image qui est le document");
        }
    }
    out.push_str("</div>\n");
}

/// Shows a file if it is an image, else says what it is.
fn show(out: &mut String, file: &File, alternative: &str) {
    match data_address(file) {
        Some(address) => {
            out.push_str("<img alt=\"");
            escape(out, alternative);
            out.push_str("\" src=\"");
            out.push_str(&address);
            out.push_str("\"/>");
        }
        None => said(out, "p class=\"said\" lang=\"fr\"", &words::file(file)),
    }
}

/// Adds an element that holds only text; `tag` is ours and may have attributes.
fn said(out: &mut String, tag: &str, text: &str) {
    let name = tag.split(' ').next().unwrap_or(tag);
    out.push('<');
    out.push_str(tag);
    out.push('>');
    escape(out, text);
    out.push_str("</");
    out.push_str(name);
    out.push_str(">\n");
}

fn attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    escape(out, value);
    out.push('"');
}
