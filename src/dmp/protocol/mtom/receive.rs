//! Reading a package, or a message alone.

use std::io::{BufRead, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{MtomError, percent_decoded};

/// How much of a package is read before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the root part, or of a message alone.
    pub root: u64,
    /// Bytes of one document.
    pub part: u64,
    /// Bytes of the whole body.
    pub total: u64,
    /// Documents.
    pub parts: usize,
    /// Bytes of the headers of one part, and of what stands before the first.
    pub headers: u64,
}

impl Default for Limits {
    /// 64 MiB of XML, 32 MiB a document, 256 MiB in all, 256 documents, 16 KiB of headers.
    fn default() -> Limits {
        Limits {
            root: 64 << 20,
            part: 32 << 20,
            total: 256 << 20,
            parts: 256,
            headers: 16 << 10,
        }
    }
}

/// A media type with its parameters, as in Content-Type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    /// `type/subtype`, in lower case.
    pub essence: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Reads a header's value (RFC 2045 section 5.1). An unquoted value runs to the next semicolon: some senders put
    /// a boundary that holds `=` without quotes.
    pub fn parse(text: &str) -> Result<MediaType, MtomError> {
        if text.len() > 4096 {
            return Err(MtomError::ContentType);
        }
        let (essence, mut rest) = text.split_once(';').unwrap_or((text, ""));
        let essence = essence.trim().to_ascii_lowercase();
        if essence.split('/').filter(|part| !part.is_empty()).count() != 2 {
            return Err(MtomError::ContentType);
        }
        let mut parameters: Vec<(String, String)> = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\t', ';', '\r', '\n']);
            if rest.is_empty() {
                break;
            }
            let (name, after) = rest.split_once('=').ok_or(MtomError::ContentType)?;
            let name = name.trim().to_ascii_lowercase();
            let after = after.trim_start();
            let value;
            if let Some(quoted) = after.strip_prefix('"') {
                (value, rest) = unquoted(quoted)?;
            } else {
                let (raw, after) = after.split_once(';').unwrap_or((after, ""));
                value = raw.trim().to_owned();
                rest = after;
            }
            if parameters.iter().any(|(n, _)| *n == name) {
                return Err(MtomError::ContentType);
            }
            parameters.push((name, value));
        }
        Ok(MediaType {
            essence,
            parameters,
        })
    }

    /// A parameter, by its name in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    fn is_xml(&self) -> bool {
        matches!(
            self.essence.as_str(),
            "application/soap+xml" | "text/xml" | "application/xml" | "application/xop+xml"
        )
    }
}

/// A quoted text, from after its first quote: its value, and what follows its last quote.
fn unquoted(text: &str) -> Result<(String, &str), MtomError> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, text.get(at + 1..).unwrap_or_default())),
            '\\' => value.push(chars.next().ok_or(MtomError::ContentType)?.1),
            c => value.push(c),
        }
    }
    Err(MtomError::ContentType)
}

/// A document received beside the message.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Content-ID without angle brackets; empty when the part has none.
    pub content_id: String,
    /// Content-Type as it came; empty when the part has none.
    pub content_type: String,
    /// The bytes, decoded.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment({} bytes)", self.bytes.len())
    }
}

/// A message with its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The XML of the message.
    pub root: Vec<u8>,
    /// Whether it came in a package: the DMP answers TD3.2 so, even with a fault.
    pub multipart: bool,
    /// The documents, in order.
    pub attachments: Vec<Attachment>,
}

impl Received {
    /// The document of an `xop:Include`'s `href`: `cid:` and the Content-ID in percent form.
    pub fn attachment(&self, href: &str) -> Option<&Attachment> {
        self.attachments.get(self.place(href)?)
    }

    /// As [`Received::attachment`], taking its bytes away without a copy.
    pub fn take(&mut self, href: &str) -> Option<Vec<u8>> {
        let place = self.place(href)?;
        Some(self.attachments.remove(place).bytes)
    }

    fn place(&self, href: &str) -> Option<usize> {
        let id = href
            .get(..4)
            .filter(|scheme| scheme.eq_ignore_ascii_case("cid:"))
            .and_then(|_| href.get(4..))?;
        let decoded = percent_decoded(id);
        self.attachments.iter().position(|a| {
            !a.content_id.is_empty() && (a.content_id == decoded || a.content_id == id)
        })
    }
}

/// Reads the body of an HTTP message whose Content-Type is given.
///
/// Tolerated: line ends of one character, a boundary with or without quotes, text before the first delimiter and
/// after the last, a Content-ID with or without angle brackets, an absent `start` (the root is then the first part),
/// an XML message alone.
pub fn receive<R: BufRead>(
    content_type: &str,
    input: R,
    limits: &Limits,
) -> Result<Received, MtomError> {
    let media = MediaType::parse(content_type)?;
    if media.essence != "multipart/related" {
        if !media.is_xml() {
            return Err(MtomError::MediaType);
        }
        let mut root = Vec::new();
        let most = limits.root.min(limits.total);
        let mut input = input.take(most.saturating_add(1));
        input.read_to_end(&mut root).map_err(io)?;
        if root.len() as u64 > most {
            return Err(MtomError::TooLarge("root"));
        }
        return Ok(Received {
            root,
            multipart: false,
            attachments: Vec::new(),
        });
    }
    let boundary = media
        .parameter("boundary")
        .filter(|b| (1..=128).contains(&b.len()) && b.bytes().all(|c| matches!(c, b' '..=b'~')))
        .ok_or(MtomError::ContentType)?;
    let start = media.parameter("start").map(bare).filter(|s| !s.is_empty());
    let mut parts = Parts {
        input,
        delimiter: format!("--{boundary}").into_bytes(),
        crlf: true,
        left: limits.total,
    };
    let mut last = parts.preamble(limits.headers)?;
    let mut root: Option<Attachment> = None;
    let mut attachments: Vec<Attachment> = Vec::new();
    while !last {
        // The root and its documents.
        if attachments.len() > limits.parts {
            return Err(MtomError::TooLarge("parts"));
        }
        let headers = parts.headers(limits.headers)?;
        let first = root.is_none() && attachments.is_empty();
        let is_root = match &start {
            Some(start) => headers.content_id == *start,
            None => first,
        };
        let most = if is_root { limits.root } else { limits.part };
        let (bytes, ends) = parts.content(most)?;
        last = ends;
        let part = Attachment {
            bytes: decoded(bytes, &headers.encoding)?,
            content_id: headers.content_id,
            content_type: headers.content_type,
        };
        let same = |other: &Attachment| other.content_id == part.content_id;
        if !part.content_id.is_empty()
            && (attachments.iter().any(same) || root.as_ref().is_some_and(same))
        {
            return Err(MtomError::DuplicateContentId);
        }
        if is_root {
            root = Some(part);
        } else {
            attachments.push(part);
        }
    }
    if attachments.len() > limits.parts {
        return Err(MtomError::TooLarge("parts"));
    }
    parts.epilogue()?;
    Ok(Received {
        root: root.ok_or(MtomError::NoRoot)?.bytes,
        multipart: true,
        attachments,
    })
}

fn io(error: std::io::Error) -> MtomError {
    MtomError::Io(error.kind())
}

/// A Content-ID without its angle brackets.
fn bare(text: &str) -> String {
    let text = text.trim();
    text.strip_prefix('<')
        .and_then(|t| t.strip_suffix('>'))
        .unwrap_or(text)
        .to_owned()
}

fn decoded(bytes: Vec<u8>, encoding: &str) -> Result<Vec<u8>, MtomError> {
    match encoding {
        "" | "binary" | "8bit" | "7bit" => Ok(bytes),
        "base64" => {
            let mut bytes = bytes;
            bytes.retain(|b| !b.is_ascii_whitespace());
            STANDARD.decode(bytes).map_err(|_| MtomError::Base64)
        }
        _ => Err(MtomError::TransferEncoding),
    }
}

#[derive(Default)]
struct PartHeaders {
    content_id: String,
    content_type: String,
    encoding: String,
}

/// The parts of a package, one after the other.
struct Parts<R> {
    input: R,
    /// `--` and the boundary.
    delimiter: Vec<u8>,
    /// Whether lines end with CR LF, as the first delimiter's does.
    crlf: bool,
    /// Bytes that may still be read.
    left: u64,
}

/// What a line is.
#[derive(PartialEq, Eq)]
enum Line {
    Content,
    Delimiter,
    Close,
}

impl<R: BufRead> Parts<R> {
    /// Appends a line with its end, or what is left of the input; `most` bytes at most.
    fn line(
        &mut self,
        into: &mut Vec<u8>,
        most: u64,
        what: &'static str,
    ) -> Result<usize, MtomError> {
        let most = most.min(self.left);
        let mut input = self.input.by_ref().take(most);
        let n = input.read_until(b'\n', into).map_err(io)?;
        self.left -= n as u64;
        let whole = n > 0 && into.last() == Some(&b'\n');
        if n as u64 == most && !whole && !self.input.fill_buf().map_err(io)?.is_empty() {
            return Err(MtomError::TooLarge(what));
        }
        Ok(n)
    }

    /// What a line with its end is, before or after the line ends are known.
    fn kind(&self, line: &[u8], first: bool) -> Line {
        let Some(rest) = line.strip_prefix(self.delimiter.as_slice()) else {
            return Line::Content;
        };
        let (rest, ended) = match rest.strip_suffix(b"\n") {
            Some(rest) => match rest.strip_suffix(b"\r") {
                Some(rest) => (rest, first || self.crlf),
                None => (rest, first || !self.crlf),
            },
            // The input ends here: only the closing delimiter may.
            None => (rest, rest.starts_with(b"--")),
        };
        let (rest, kind) = match rest.strip_prefix(b"--") {
            Some(rest) => (rest, Line::Close),
            None => (rest, Line::Delimiter),
        };
        let padding = rest.iter().all(|b| matches!(b, b' ' | b'\t'));
        if padding && ended {
            kind
        } else {
            Line::Content
        }
    }

    /// Passes over what stands before the first delimiter; whether that is the closing one already.
    fn preamble(&mut self, most: u64) -> Result<bool, MtomError> {
        let mut left = most;
        loop {
            let mut line = Vec::new();
            let n = self.line(&mut line, left, "preamble")?;
            if n == 0 {
                return Err(MtomError::Cut);
            }
            let kind = self.kind(&line, true);
            if kind != Line::Content {
                self.crlf = line.ends_with(b"\r\n");
                return Ok(kind == Line::Close);
            }
            left = left.saturating_sub(n as u64);
        }
    }

    /// The headers of a part, to the empty line that ends them.
    fn headers(&mut self, most: u64) -> Result<PartHeaders, MtomError> {
        let mut left = most;
        let mut lines: Vec<String> = Vec::new();
        loop {
            let mut line = Vec::new();
            let n = self.line(&mut line, left, "headers")?;
            if n == 0 {
                return Err(MtomError::Cut);
            }
            left = left.saturating_sub(n as u64);
            let text = String::from_utf8(line).map_err(|_| MtomError::PartHeaders)?;
            let folded = text.starts_with([' ', '\t']);
            let text = text.trim();
            if text.is_empty() && !folded {
                break;
            }
            match lines.last_mut() {
                Some(header) if folded => {
                    header.push(' ');
                    header.push_str(text);
                }
                None if folded => return Err(MtomError::PartHeaders),
                _ => lines.push(text.to_owned()),
            }
        }
        let mut headers = PartHeaders::default();
        for header in lines {
            let (name, value) = header.split_once(':').ok_or(MtomError::PartHeaders)?;
            let value = value.trim();
            let (slot, value) = match name.trim_end().to_ascii_lowercase().as_str() {
                "content-id" => (&mut headers.content_id, bare(value)),
                "content-type" => (&mut headers.content_type, value.to_owned()),
                "content-transfer-encoding" => (&mut headers.encoding, value.to_ascii_lowercase()),
                _ => continue,
            };
            if !std::mem::replace(slot, value).is_empty() {
                return Err(MtomError::PartHeaders);
            }
        }
        Ok(headers)
    }

    /// The bytes of a part, to the delimiter that ends it, the line end before it not counted; whether that is the
    /// closing one.
    fn content(&mut self, most: u64) -> Result<(Vec<u8>, bool), MtomError> {
        let end: &[u8] = if self.crlf { b"\r\n" } else { b"\n" };
        // A delimiter may stand after the last byte allowed.
        let spare = self.delimiter.len() as u64 + 1024;
        let mut bytes = Vec::new();
        loop {
            let from = bytes.len();
            let left = most.saturating_add(spare).saturating_sub(from as u64);
            if self.line(&mut bytes, left, "document")? == 0 {
                return Err(MtomError::Cut);
            }
            let (before, line) = bytes.split_at(from);
            if before.is_empty() || before.ends_with(end) {
                let kind = self.kind(line, false);
                if kind != Line::Content {
                    bytes.truncate(from.saturating_sub(end.len()));
                    if bytes.len() as u64 > most {
                        return Err(MtomError::TooLarge("document"));
                    }
                    return Ok((bytes, kind == Line::Close));
                }
            }
        }
    }

    /// Passes over what follows the closing delimiter, so that a connection can be used again.
    fn epilogue(&mut self) -> Result<(), MtomError> {
        loop {
            let n = self.input.fill_buf().map_err(io)?.len();
            if n == 0 {
                return Ok(());
            }
            self.left = self
                .left
                .checked_sub(n as u64)
                .ok_or(MtomError::TooLarge("epilogue"))?;
            self.input.consume(n);
        }
    }
}
