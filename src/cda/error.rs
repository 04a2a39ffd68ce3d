//! Why a document could not be read.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why the bytes are not a CDA document this library can read.
///
/// Messages name the rule and the place, never a value of the document. Lines and offsets are those of the decoded
/// text, in bytes, without its byte order mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReadError {
    /// The document is larger than [`Limits::size`](super::Limits::size).
    #[error("the document is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The bytes do not decode in the encoding of the document.
    #[error("the bytes of the document are not valid in its encoding")]
    Encoding,
    /// The XML declaration names an encoding that is not supported.
    #[error("the XML declaration names an encoding that is not supported")]
    UnsupportedEncoding,
    /// The document has a document type declaration.
    #[error("the document has a DOCTYPE, which is refused")]
    Doctype,
    /// The document uses an entity other than the five of XML.
    #[error("line {line}: an entity other than the five of XML is used, which is refused")]
    Entity {
        /// Line, from 1.
        line: usize,
        /// Offset of the reference, in bytes.
        offset: usize,
    },
    /// Elements are nested beyond [`Limits::depth`](super::Limits::depth).
    #[error("elements are nested more than {limit} deep")]
    TooDeep {
        /// The limit, in levels.
        limit: usize,
    },
    /// The header has more elements than [`Limits::header_elements`](super::Limits::header_elements).
    #[error("the header has more than {limit} elements")]
    TooManyElements {
        /// The limit, in elements.
        limit: usize,
    },
    /// The body has more elements to keep than [`Limits::body_elements`](super::Limits::body_elements).
    #[error("the body has more than {limit} sections, narrative elements and files")]
    BodyTooLarge {
        /// The limit, in elements.
        limit: usize,
    },
    /// An element has more attributes than [`Limits::attributes`](super::Limits::attributes).
    #[error("an element has more than {limit} attributes")]
    TooManyAttributes {
        /// The limit, in attributes.
        limit: usize,
    },
    /// An attribute is longer than [`Limits::attribute_length`](super::Limits::attribute_length).
    #[error("an attribute is longer than {limit} bytes")]
    AttributeTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The document is not well-formed XML.
    #[error("line {line}: the document is not well-formed XML (byte {offset})")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Offset where the fault was seen, in bytes.
        offset: usize,
    },
    /// An element or an attribute has a prefix that no namespace is declared for.
    #[error("line {line}: a namespace prefix is used without being declared (byte {offset})")]
    UndeclaredPrefix {
        /// Line, from 1.
        line: usize,
        /// Offset of the end of the tag, in bytes.
        offset: usize,
    },
    /// The document stops before its end.
    #[error("the document is truncated")]
    Truncated,
    /// The root is not `ClinicalDocument`, nor a style sheet that holds one.
    #[error("the document is not a CDA document")]
    NotCda,
}
