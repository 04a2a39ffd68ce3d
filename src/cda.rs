//! CDA R2 documents: what is deposited in the DMP or comes from it, read, checked, written and shown.
//!
//! | to | use |
//! |---|---|
//! | file a document | [`read_header`], which stops before the body, and [`derive()`] for its metadata |
//! | know what to correct before a deposit | [`check()`], in one call; [`finding`] holds the rules |
//! | make a document of a PDF, text, RTF, JPEG or TIFF | [`wrap`]; [`mod@write`] holds the context it takes |
//! | show a document | [`render`]: a page, plain text, or the file it carries |
//! | look into a document | [`read`] for the header, [`body`] for sections and files, [`media`] for what a file is |
//!
//! [`read`] takes the bytes of a document and says what its header declares, in the terms of CDA. It is tolerant of
//! content (a missing or null element is a `None`, an unknown code is kept) and strict on form: a document that is
//! not well-formed XML to its last byte is refused, because every other reader would refuse it too. The body is
//! walked but neither decoded nor kept, so that a scan of thirty megabytes costs no more than its bytes.
//! [`read_header()`] stops before the body: to list documents, not to deposit or display one. [`check()`] says in one call
//! everything that is to be corrected, and what to write instead when only one value is right.
//!
//! Source of the header's content: HL7 CDA R2, and the ANS « Structuration minimale des documents de santé »
//! (CI-SIS), chapter 3.5.

mod base64;
pub mod body;
pub mod check;
pub mod derive;
mod element;
mod encoding;
mod error;
pub mod finding;
mod header;
mod limits;
mod mapping;
pub mod media;
pub mod render;
mod scan;
pub mod time;
pub mod write;
mod xml;

pub use self::check::{Against, Checked, Deposit, EmbeddedFile, Previous, check, examine};
pub use self::derive::{Derived, depositable, derive};
pub use self::encoding::Encoding;
pub use self::error::ReadError;
pub use self::finding::{Finding, Severity};
pub use self::header::{
    Author, Body, Code, Device, Header, Id, LegalAuthenticator, Organization, Patient, PersonName,
    RelatedDocument, ServiceEvent,
};
pub use self::limits::Limits;
pub use self::write::{Context, Written, wrap};

/// Namespace of CDA elements.
const HL7: &str = "urn:hl7-org:v3";
/// Namespace of XSLT, in which the root of a self-presenting document is written.
const XSLT: &str = "http://www.w3.org/1999/XSL/Transform";

/// Reads the header of a CDA document.
///
/// `bytes` is the whole document as it was received, in UTF-8, ISO-8859-1, ISO-8859-15, Windows-1252 or UTF-16; it is
/// borrowed and never changed. A self-presenting document (a style sheet that holds the document it displays) is read
/// through.
///
/// # Errors
///
/// [`ReadError`] when the bytes are not a CDA document, are not well-formed XML from the first to the last, declare a
/// DTD or use an entity, or go beyond `limits`.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Header, ReadError> {
    walk(bytes, limits, &mut (), |_, header| header)
}

/// The text of a document in any of these encodings, without byte order mark.
#[cfg(feature = "national")]
pub(crate) fn text_of(bytes: &[u8]) -> Result<std::borrow::Cow<'_, str>, ReadError> {
    encoding::decode(bytes).map(|decoded| decoded.text)
}

/// Reads the header of a CDA document, and nothing after it: the reading stops once the kind of body is known.
///
/// The header is the one [`read`] gives for a document whose elements stand in the order of the schema, but nothing is
/// said of what follows it: a document that [`read`] refuses for a fault in its body, or because it is cut there, has a
/// header still. To sort or to list documents; a document to deposit or to display is to be read whole.
///
/// # Errors
///
/// As [`read`], for what stands before the body.
pub fn read_header(bytes: &[u8], limits: &Limits) -> Result<Header, ReadError> {
    /// Nearly all headers are shorter.
    const FIRST: usize = 32 * 1024;
    if bytes.len() > limits.size {
        return Err(ReadError::TooLarge { limit: limits.size });
    }
    let mut length = FIRST;
    while length < bytes.len() {
        // A beginning that does not read may only be cut at the wrong place.
        if let Ok(decoded) = encoding::decode_beginning(bytes, length)
            && let Some(scan) = scan::scan_header(&decoded.text, limits)
        {
            return Ok(mapping::header(
                &scan,
                decoded.encoding,
                decoded.contradicted,
            ));
        }
        length = length.saturating_mul(4);
    }
    let decoded = encoding::decode(bytes)?;
    if let Some(scan) = scan::scan_header(&decoded.text, limits) {
        return Ok(mapping::header(
            &scan,
            decoded.encoding,
            decoded.contradicted,
        ));
    }
    read(bytes, limits)
}

/// Reads a document to its end, and gives the elements of its header and what they say.
fn walk<T>(
    bytes: &[u8],
    limits: &Limits,
    follow: &mut dyn scan::Follow,
    take: impl FnOnce(&element::Tree<'_>, Header) -> T,
) -> Result<T, ReadError> {
    if bytes.len() > limits.size {
        return Err(ReadError::TooLarge { limit: limits.size });
    }
    let decoded = encoding::decode(bytes)?;
    let scan = scan::scan(&decoded.text, limits, follow)?;
    let header = mapping::header(&scan, decoded.encoding, decoded.contradicted);
    Ok(take(&scan.tree, header))
}
