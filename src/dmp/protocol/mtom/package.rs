//! Writing a package.

use std::borrow::Cow;

use super::MtomError;
use crate::dmp::protocol::soap::MEDIA_TYPE;

/// A document to put beside the message.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// Its Content-ID, without angle brackets: see [`content_id`].
    pub content_id: &'a str,
    /// Its media type; of a CDA `text/xml` (official message TD2.1).
    pub content_type: &'a str,
    /// Its bytes, never copied.
    pub bytes: &'a [u8],
}

/// A package ready to send: its header and its body in slices, in order.
pub struct Package<'a> {
    /// The value of the HTTP header Content-Type.
    pub content_type: String,
    slices: Vec<Cow<'a, [u8]>>,
}

impl<'a> Package<'a> {
    /// The body, in order.
    pub fn slices(&self) -> &[Cow<'a, [u8]>] {
        &self.slices
    }

    /// The length of the body: the HTTP header Content-Length.
    pub fn len(&self) -> u64 {
        self.slices.iter().map(|s| s.len() as u64).sum()
    }

    /// Whether the body is empty: never, for it has a closing delimiter.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The body in one piece.
    pub fn to_vec(&self) -> Vec<u8> {
        self.slices.concat()
    }
}

/// The boundary made of 16 random bytes.
pub fn boundary(random: [u8; 16]) -> String {
    format!("MIMEBoundary_{}", hex(random))
}

/// The Content-ID of the document number `index` of a package, without angle brackets.
pub fn content_id(index: usize, random: [u8; 16]) -> String {
    format!("{index}.{}@dmpkit", hex(random))
}

/// The `href` of an `xop:Include` for a Content-ID: what a URL cannot hold as it is goes in percent form (RFC 2392).
pub fn href(content_id: &str) -> String {
    let mut out = String::from("cid:");
    for byte in content_id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@!$'()*+,".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn hex(random: [u8; 16]) -> String {
    random.iter().map(|b| format!("{b:02x}")).collect()
}

/// Makes a package of an envelope and the documents that it includes.
///
/// `action` is written as the root part's parameter, as the official message TD2.1 does. `random` is 16 bytes drawn
/// for this package alone: no document can hold its boundary but by a chance of 2⁻¹²⁸.
pub fn package<'a>(
    envelope: &'a str,
    action: Option<&str>,
    parts: &[Part<'a>],
    random: [u8; 16],
) -> Result<Package<'a>, MtomError> {
    let boundary = boundary(random);
    let root = content_id(0, random);
    let mut head = format!(
        "--{boundary}\r\nContent-Type: application/xop+xml; charset=UTF-8; type=\"{MEDIA_TYPE}\""
    );
    if let Some(action) = action {
        if !fits(action) {
            return Err(MtomError::Header("action"));
        }
        head.push_str(&format!("; action=\"{action}\""));
    }
    head.push_str(&format!(
        "\r\nContent-Transfer-Encoding: 8bit\r\nContent-ID: <{root}>\r\n\r\n"
    ));
    let mut slices: Vec<Cow<'a, [u8]>> = Vec::with_capacity(3 + 2 * parts.len());
    slices.push(Cow::Owned(head.into_bytes()));
    slices.push(Cow::Borrowed(envelope.as_bytes()));
    for (index, part) in parts.iter().enumerate() {
        if part.content_id.is_empty() || !fits(part.content_id) {
            return Err(MtomError::Header("Content-ID"));
        }
        if !fits(&part.content_type.replace('"', "")) {
            return Err(MtomError::Header("Content-Type"));
        }
        let twice = |other: &Part<'_>| other.content_id == part.content_id;
        if part.content_id == root || parts.iter().take(index).any(twice) {
            return Err(MtomError::DuplicateContentId);
        }
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: {}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{}>\r\n\r\n",
            part.content_type, part.content_id
        );
        slices.push(Cow::Owned(head.into_bytes()));
        slices.push(Cow::Borrowed(part.bytes));
    }
    slices.push(Cow::Owned(format!("\r\n--{boundary}--\r\n").into_bytes()));
    Ok(Package {
        content_type: format!(
            "multipart/related; type=\"application/xop+xml\"; start=\"<{root}>\"; start-info=\"{MEDIA_TYPE}\"; boundary=\"{boundary}\""
        ),
        slices,
    })
}

/// Printable ASCII that neither ends a header nor a quoted text.
fn fits(text: &str) -> bool {
    text.len() <= 512
        && text
            .bytes()
            .all(|b| matches!(b, b' '..=b'~') && !b"\"<>\\".contains(&b))
}
