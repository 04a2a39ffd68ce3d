//! The files a document holds: decoded in pieces while it is walked, named by their bytes.

use super::Notes;
use crate::cda::base64::Decoder;
use crate::cda::finding::body as rules;
use crate::cda::media::{Facts, Media, Pdf, Probe};
use crate::cda::scan::Follow;
use crate::cda::{Body, Header};
use crate::terminology::Terminology;

/// A file that a document holds: the body of a document without structure, or a file in a structured one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmbeddedFile {
    /// Whether it is the whole body (CDA level 1).
    pub whole_body: bool,
    /// The media type the document declares, as written.
    pub declared: Option<String>,
    /// Whether the document declares it to be in base64 (`representation="B64"`).
    pub base64: bool,
    /// What it is; none when it is not base64 though declared or bound to be.
    pub facts: Option<Facts>,
}

/// Follows the files of a body.
#[derive(Default)]
pub(super) struct Files {
    found: Vec<EmbeddedFile>,
    /// Whether the body has a section.
    sections: bool,
    open: Option<Open>,
}

/// The file being read.
struct Open {
    file: EmbeddedFile,
    decoder: Option<Decoder>,
    failed: bool,
    /// Whether nothing but white space has come.
    blank: bool,
    probe: Probe,
}

impl Files {
    /// What was found, and whether the body has a section.
    pub fn found(self) -> (Vec<EmbeddedFile>, bool) {
        (self.found, self.sections)
    }
}

impl Follow for Files {
    fn open(
        &mut self,
        level: usize,
        name: &str,
        attribute: &dyn Fn(&str) -> Option<String>,
    ) -> bool {
        self.sections |= name == "section";
        // The text of a body without structure, and whatever a structured one writes in base64. `section/text` is
        // narrative and stands deeper.
        let whole_body = level == 3 && name == "text";
        let base64 = attribute("representation").as_deref() == Some("B64");
        if !whole_body && !base64 {
            return false;
        }
        let declared = attribute("mediaType").filter(|m| !m.is_empty());
        // A text may stand as it is; anything else cannot.
        let as_text = declared.as_deref().is_none_or(|m| m.starts_with("text/"));
        let decoder = (base64 || !as_text).then(Decoder::new);
        self.open = Some(Open {
            file: EmbeddedFile {
                whole_body,
                declared,
                base64,
                facts: None,
            },
            decoder,
            failed: false,
            blank: true,
            probe: Probe::new(),
        });
        true
    }

    fn text(&mut self, piece: &str) {
        let Some(open) = &mut self.open else {
            return;
        };
        let probe = &mut open.probe;
        match &mut open.decoder {
            _ if open.failed => {}
            Some(decoder) => {
                open.failed = decoder.push(piece, |bytes| probe.push(bytes)).is_err();
            }
            // Spaces before the text are those of the XML around it.
            None if open.blank => {
                let piece = piece.trim_ascii_start();
                open.blank = piece.is_empty();
                probe.push(piece.as_bytes());
            }
            None => probe.push(piece.as_bytes()),
        }
    }

    fn close(&mut self) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        if let Some(decoder) = open.decoder.take().filter(|_| !open.failed) {
            open.failed = decoder.finish(|bytes| open.probe.push(bytes)).is_err();
        }
        open.file.facts = (!open.failed).then(|| open.probe.finish());
        self.found.push(open.file);
    }
}

/// Where the file of a body without structure stands.
const TEXT: &str = "/ClinicalDocument/component/nonXMLBody/text";
/// Where the rest of a body stands: it is walked, not kept.
const STRUCTURED: &str = "/ClinicalDocument/component/structuredBody";

/// Version of PDF that PDF/A-1 builds on.
const PDF_A_1: (u8, u8) = (1, 4);

/// The body, and each file in it.
pub(super) fn all(
    header: Option<&Header>,
    files: &[EmbeddedFile],
    sections: bool,
    terminology: &Terminology,
    notes: &mut Notes,
) {
    if header.is_some_and(|h| matches!(h.body, Some(Body::Unstructured { .. }))) && files.is_empty()
    {
        notes.add(&rules::EMPTY, TEXT);
    }
    if header.is_some_and(|h| h.body == Some(Body::Structured)) && !sections {
        notes.add(&rules::NO_SECTION, STRUCTURED);
    }
    for file in files {
        self::file(file, terminology, notes);
    }
}

fn file(file: &EmbeddedFile, terminology: &Terminology, notes: &mut Notes) {
    let whole = file.whole_body;
    let path = if whole { TEXT } else { STRUCTURED };
    // The DMP files a structured document whatever is attached to it; a body that does not open is no document.
    let grave = |rule, lesser| if whole { rule } else { lesser };
    let Some(facts) = &file.facts else {
        notes.add(grave(&rules::BASE64, &rules::ATTACHED_BROKEN), path);
        return;
    };
    if facts.length == 0 {
        notes.add(grave(&rules::EMPTY, &rules::ATTACHED_BROKEN), path);
        return;
    }
    if file.whole_body && !file.base64 {
        notes.fix(
            &rules::REPRESENTATION,
            format!("{path}/@representation"),
            "B64",
        );
    }
    if file.whole_body {
        media_type(file, terminology, notes);
    }
    let declared = file.declared.as_deref().map(str::to_ascii_lowercase);
    if let Some(declared) = declared
        && terminology.format_of_media(&declared).is_some()
        && !is(&declared, facts.media)
    {
        let rule = grave(&rules::MEDIA_DIFFERS, &rules::ATTACHED_MEDIA);
        notes.add(rule, path);
        return;
    }
    if facts.complete == Some(false) && facts.media == Some(Media::Pdf) {
        notes.add(grave(&rules::PDF_TRUNCATED, &rules::ATTACHED_BROKEN), path);
        return;
    }
    if let Some(pdf) = &facts.pdf {
        self::pdf(pdf, path, notes);
    }
}

/// The media type of the CI-SIS, as it writes it.
fn media_type(file: &EmbeddedFile, terminology: &Terminology, notes: &mut Notes) {
    let Some(declared) = file.declared.as_deref() else {
        return;
    };
    let lower = declared.to_ascii_lowercase();
    if lower != declared && terminology.format_of_media(declared).is_some() {
        notes.fix(&rules::MEDIA_CASE, format!("{TEXT}/@mediaType"), lower);
    }
}

/// Whether bytes are of a declared type.
fn is(declared: &str, media: Option<Media>) -> bool {
    match media {
        // XML and RTF are texts too.
        Some(Media::Text(_) | Media::Xml | Media::Rtf) if declared == "text/plain" => true,
        Some(media) => media.media_type() == declared,
        None => false,
    }
}

fn pdf(pdf: &Pdf, path: &'static str, notes: &mut Notes) {
    if pdf.encrypted {
        notes.add(&rules::PDF_ENCRYPTED, path);
    }
    // The later of the two counts (ISO 32000-1, 7.2.2).
    if pdf.version.max(pdf.catalog_version) > Some(PDF_A_1) {
        notes.add(&rules::PDF_VERSION, path);
    }
    if pdf.part != Some(1) {
        notes.add(&rules::PDF_A, path);
    }
}
