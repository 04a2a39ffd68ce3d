//! The body of a document, read when it is asked for: sections and their narrative, embedded files.
//!
//! [`read`](super::read) walks over the body without keeping it; [`body()`] walks it again and keeps what a person
//! reads: the narrative of each section, as a safe and flat tree, and the files, decoded. Coded entries are left
//! where they are: the narrative alone is what the author attested and what must be displayed (HL7 CDA R2, 1.2.3
//! « Human readability and rendering CDA documents »).

mod file;
mod narrative;
mod walk;

use std::fmt;

use super::{Code, Header, Id, Limits, ReadError, encoding, mapping, scan};

pub use self::file::{File, Undecodable};
pub use self::narrative::{
    Align, Detail, Element, MAX_DEPTH, Narrative, NullFlavor, Piece, Scope, Styles, Tag,
};

/// The section that holds a copy of the document in PDF (FR-Document-PDF-copie).
pub const PDF_COPY_TEMPLATE: &str = "1.2.250.1.213.1.1.2.243";

/// What the body of a document holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// The document has no body.
    Absent,
    /// CDA level 1: a file in another format.
    Unstructured(File),
    /// CDA level 2 or 3: sections.
    Structured(Structured),
}

impl Content {
    /// The embedded files, in document order.
    pub fn files(&self) -> &[File] {
        match self {
            Content::Absent => &[],
            Content::Unstructured(file) => std::slice::from_ref(file),
            Content::Structured(structured) => &structured.files,
        }
    }
}

/// The sections of a body, and the files they hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Structured {
    /// The sections in document order, each followed by those inside it.
    pub sections: Vec<Section>,
    /// The files (`observationMedia`) in document order.
    pub files: Vec<File>,
}

/// One section.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Section {
    /// How deep it stands, from 1.
    pub depth: usize,
    /// `title`, its white space collapsed.
    pub title: Option<String>,
    /// `code`, of LOINC as a rule.
    pub code: Option<Code>,
    /// `templateId`s.
    pub template_ids: Vec<Id>,
    /// `languageCode/@code`, when the section is in another language than the document.
    pub language: Option<String>,
    /// `text`; none when the section has none.
    pub narrative: Option<Narrative>,
    /// Whether it holds coded entries.
    pub coded: bool,
}

impl Section {
    /// Whether it is the copy of the document in PDF.
    #[must_use]
    pub fn is_pdf_copy(&self) -> bool {
        self.template_ids
            .iter()
            .any(|id| id.root == PDF_COPY_TEMPLATE)
    }
}

// A section tells an illness: printing one by accident must not.
impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Section({}, …)", self.depth)
    }
}

/// Reads the body of a CDA document.
///
/// `bytes` is the whole document as it was received, as for [`read`](super::read), and the form is checked in the same
/// way. What is content is tolerated: a file that does not decode is a [`File`] that says so, narrative that is not
/// that of CDA is put in order without losing its text.
///
/// # Errors
///
/// Those of [`read`](super::read), and [`ReadError::BodyTooLarge`] beyond [`Limits::body_elements`].
pub fn body(bytes: &[u8], limits: &Limits) -> Result<Content, ReadError> {
    Ok(document(bytes, limits)?.1)
}

/// Reads the header and the body of a CDA document.
///
/// # Errors
///
/// Those of [`body()`].
pub fn document(bytes: &[u8], limits: &Limits) -> Result<(Header, Content), ReadError> {
    if bytes.len() > limits.size {
        return Err(ReadError::TooLarge { limit: limits.size });
    }
    let decoded = encoding::decode(bytes)?;
    let scan = scan::scan(&decoded.text, limits, &mut ())?;
    let content = walk::walk(&decoded.text, scan.self_presenting, limits)?;
    let header = mapping::header(&scan, decoded.encoding, decoded.contradicted);
    Ok((header, content))
}
