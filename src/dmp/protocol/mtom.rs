//! Documents beside the message: `multipart/related` with XOP, as MTOM writes it (W3C MTOM and XOP 1.0, RFC 2387,
//! RFC 2046; official message TD2.1).
//!
//! Writing never copies a document: a [`Package`] is a list of slices with its length known. Reading is binary-safe:
//! a delimiter is a whole line, in the line ends of the first one, so a document may hold any bytes, including the
//! beginning of a delimiter. The writer's own boundary holds 128 random bits, drawn after the documents were made.

mod package;
mod receive;

pub use package::{Package, Part, boundary, content_id, href, package};
pub use receive::{Attachment, Limits, MediaType, Received, receive};

use super::xml::XmlError;

/// Why a package cannot be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MtomError {
    /// The header Content-Type is not of its form, or names no boundary.
    #[error("header Content-Type is not of its form")]
    ContentType,
    /// Neither multipart/related nor XML.
    #[error("header Content-Type: multipart/related or an XML type is expected")]
    MediaType,
    /// The headers of a part are not of their form.
    #[error("the headers of a part are not of their form")]
    PartHeaders,
    /// The package ends before its closing delimiter.
    #[error("the package ends too early")]
    Cut,
    /// The connection failed.
    #[error("the package could not be read to its end")]
    Io(std::io::ErrorKind),
    /// More than the limit: which one.
    #[error("the package is larger than the limit: {0}")]
    TooLarge(&'static str),
    /// Two parts have the same Content-ID.
    #[error("two parts have the same Content-ID")]
    DuplicateContentId,
    /// No part is the root.
    #[error("the package has no root part")]
    NoRoot,
    /// A part is encoded in a way that is not read here.
    #[error("Content-Transfer-Encoding: binary, 8bit, 7bit or base64 is expected")]
    TransferEncoding,
    /// A part in base64 is not.
    #[error("a part announced in base64 is not")]
    Base64,
    /// A text to write cannot stand in a header.
    #[error("{0} cannot stand in a header")]
    Header(&'static str),
}

impl From<MtomError> for XmlError {
    /// For whoever reads a message wherever it came from.
    fn from(error: MtomError) -> XmlError {
        match error {
            MtomError::Cut => XmlError::Cut,
            MtomError::Io(kind) => XmlError::Io(kind),
            MtomError::TooLarge(_) => XmlError::TooLarge,
            _ => XmlError::Unexpected("multipart/related"),
        }
    }
}

/// `%41` → `A`; what is not such a triplet stays.
pub(super) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let decoded = (byte == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(decoded.unwrap_or(byte));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}
