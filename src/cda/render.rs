//! Showing a document to a person: what forms it can take, a safe page, plain text.
//!
//! The DMP asks a consumer to show a document with its own style sheet or the one the document brings. A style sheet
//! is a program that a stranger wrote: none is ever run. The page and the text are made here, from the header, the
//! narrative and the files, and open with the warnings that the DMP prescribes ([`Duties`]).
//!
//! Sources: ANS « Volet structuration minimale », 2.2.1 (the copy in PDF comes first) and 2.2.2 (what a consumer
//! displays); HL7 CDA R2, 4.3.5 (narrative); EX_3.1-1080 and EX_3.2-1025 (states and warnings).

mod clean;
mod duties;
mod forms;
mod html;
mod image;
mod make;
mod text;
mod words;

pub use self::duties::{Duties, Warning, Weight};
pub use self::forms::{Form, FormKind, forms};
pub use self::make::{Rendered, Wanted, WantedForm, make};

use super::body::{Content, document};
use super::{Header, Limits, ReadError};

/// The document as one page of HTML5, complete and safe.
///
/// The page needs nothing from elsewhere and asks for nothing: its policy (`Content-Security-Policy`) forbids scripts,
/// connections, and any style but its own. Nothing of the document enters it but escaped text, and images whose bytes
/// are those of a PNG, a JPEG or a GIF. It is well-formed XML too.
///
/// Addresses of links are shown, not followed: they come from a stranger, and a click would leave the record of a
/// patient with its address in the request.
///
/// Its length is bounded by that of the document: about a hundred characters for each element of narrative, and a
/// third more than the document for its images.
///
/// # Errors
///
/// Those of [`body()`](super::body::body).
pub fn html(bytes: &[u8], limits: &Limits, duties: &Duties) -> Result<String, ReadError> {
    let (header, content) = document(bytes, limits)?;
    Ok(html_of(&header, &content, duties))
}

/// The page of a document that has been read; see [`html()`].
#[must_use]
pub fn html_of(header: &Header, content: &Content, duties: &Duties) -> String {
    html::page(header, content, duties)
}

/// The document as plain text in lines of at most a hundred characters, for terminals and for searching.
///
/// No control character of the document is in it: none can move the cursor of a terminal or change its colours. A word
/// longer than a line is not cut.
///
/// # Errors
///
/// Those of [`body()`](super::body::body).
pub fn text(bytes: &[u8], limits: &Limits, duties: &Duties) -> Result<String, ReadError> {
    let (header, content) = document(bytes, limits)?;
    Ok(text_of(&header, &content, duties))
}

/// The text of a document that has been read; see [`text()`].
#[must_use]
pub fn text_of(header: &Header, content: &Content, duties: &Duties) -> String {
    text::document(header, content, duties)
}
