//! A file embedded in a document (HL7 data type `ED`), decoded.

use std::fmt;

use crate::cda::base64::{Decoder, NotBase64, decode};
use crate::cda::media::{Charset, Media, sniff};

/// A file embedded in a document.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// `observationMedia/@ID`, by which the narrative shows it.
    pub id: Option<String>,
    /// `@mediaType`, which is not always what the file is: see [`media_type`](Self::media_type).
    pub declared: Option<String>,
    /// The bytes, or why there are none.
    pub bytes: Result<Vec<u8>, Undecodable>,
    /// What the bytes are, when they tell.
    pub media: Option<Media>,
    /// Index of its section; none for an unstructured body.
    pub section: Option<usize>,
    /// Whether it is the copy of the document in PDF.
    pub pdf_copy: bool,
}

/// Why an embedded file has no bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undecodable {
    /// The element is empty or null: the file is elsewhere, or nowhere.
    #[error("the embedded file is empty")]
    Empty,
    /// The content is not base64.
    #[error("the embedded file is not in base64")]
    NotBase64,
    /// The content is compressed (`@compression`), which the CI-SIS does not foresee.
    #[error("the embedded file is compressed")]
    Compressed,
}

impl File {
    /// A file of which the document has nothing.
    pub(super) fn missing(id: Option<String>, section: Option<usize>) -> Self {
        Self {
            id,
            declared: None,
            bytes: Err(Undecodable::Empty),
            media: None,
            section,
            pdf_copy: false,
        }
    }

    /// What the file is by its bytes; else what it is declared to be, unless its bytes deny it.
    ///
    /// A page or a drawing that could hold a script is text here, whatever it is declared.
    #[must_use]
    pub fn media_type(&self) -> &str {
        const UNKNOWN: &str = "application/octet-stream";
        let declared = self.declared.as_deref().map(essence).unwrap_or(UNKNOWN);
        match self.media {
            Some(media) => media.media_type(),
            None if self.bytes.is_err() => declared,
            // These have a signature; a file without it is another.
            None if SIGNED.iter().any(|s| declared.eq_ignore_ascii_case(s)) => UNKNOWN,
            None => declared,
        }
    }

    /// The length of the file in bytes, none when it does not decode.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        self.bytes.as_ref().ok().map(Vec::len)
    }

    /// The text of the file, when it is declared text and has no other signature.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let bytes = self.bytes.as_ref().ok()?;
        let declared = self.declared.as_deref().map(essence)?;
        if !declared.eq_ignore_ascii_case("text/plain") {
            return None;
        }
        match self.media {
            Some(Media::Text(Charset::Utf8 | Charset::Utf16)) => {}
            // Text with control characters, or in an encoding that nothing tells: that of Windows as a rule.
            Some(Media::Text(Charset::EightBit)) | None => {
                return Some(encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned());
            }
            Some(_) => return None,
        }
        // Its byte order mark, if it has one, makes it UTF-16.
        Some(encoding_rs::UTF_8.decode(bytes).0.into_owned())
    }
}

// A file may be anything of the patient: its type and its length say enough.
impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({}, {:?})", self.media_type(), self.size())
    }
}

/// A media type without its parameters.
fn essence(declared: &str) -> &str {
    declared.split(';').next().unwrap_or_default().trim()
}

/// Types whose files begin with a signature.
const SIGNED: [&str; 7] = [
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/tiff",
    "text/rtf",
    "application/rtf",
];

/// Collects the content of an `ED` element as the walk meets it.
pub(super) struct Collector {
    pub declared: Option<String>,
    compressed: bool,
    content: Gathered,
}

enum Gathered {
    /// `representation="B64"`: decoded on the way.
    Base64(Decoder, Vec<u8>, Result<(), NotBase64>),
    /// Plain text, or a representation that is not said.
    Text { text: String, said: bool },
}

impl Collector {
    /// From the attributes of the element.
    pub fn new(attribute: impl Fn(&str) -> Option<String>) -> Self {
        let representation = attribute("representation");
        let said = representation.as_deref() == Some("TXT");
        let content = if representation.as_deref() == Some("B64") {
            Gathered::Base64(Decoder::new(), Vec::new(), Ok(()))
        } else {
            let text = String::new();
            Gathered::Text { text, said }
        };
        Self {
            declared: attribute("mediaType"),
            compressed: attribute("compression").is_some(),
            content,
        }
    }

    /// Takes a piece of the content.
    pub fn push(&mut self, piece: &str) {
        match &mut self.content {
            Gathered::Base64(decoder, bytes, state) => {
                if state.is_ok() {
                    *state = decoder.push(piece, |b| bytes.extend_from_slice(b));
                }
            }
            Gathered::Text { text, .. } => text.push_str(piece),
        }
    }

    /// The file at the end of the element.
    pub fn finish(self) -> File {
        let declared = self.declared;
        let bytes = match self.content {
            Gathered::Base64(decoder, mut bytes, state) => state
                .and_then(|()| decoder.finish(|b| bytes.extend_from_slice(b)))
                .map(|()| bytes)
                .map_err(|NotBase64| Undecodable::NotBase64),
            // Text is the default of the standard, but a file of bytes cannot be text: it was base64 unsaid.
            Gathered::Text { text, said } => {
                let textual = declared
                    .as_deref()
                    .is_none_or(|d| essence(d).starts_with("text/"));
                let unsaid = (!said && !textual).then(|| decode(&text));
                match unsaid {
                    Some(decoded) => decoded.map_err(|NotBase64| Undecodable::NotBase64),
                    None if text.trim().is_empty() => Ok(Vec::new()),
                    None => Ok(text.into_bytes()),
                }
            }
        };
        let bytes = bytes.and_then(|bytes| match bytes {
            empty if empty.is_empty() => Err(Undecodable::Empty),
            // Software states a compression that it does not apply: the signature tells.
            bytes => match sniff(&bytes) {
                None if self.compressed => Err(Undecodable::Compressed),
                media => Ok((bytes, media)),
            },
        });
        let (bytes, media) = match bytes {
            Ok((bytes, media)) => (Ok(bytes), media),
            Err(why) => (Err(why), None),
        };
        // Text in the document without a media type is text (HL7 ED: the default is text/plain).
        let declared = declared.or_else(|| Some("text/plain".to_owned()));
        File {
            id: None,
            declared,
            bytes,
            media,
            section: None,
            pdf_copy: false,
        }
    }
}
