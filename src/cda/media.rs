//! What a file is, from its bytes: its format, whether it is whole, and for a PDF what the DMP asks of it.
//!
//! What a file claims (its name, a media type in a document) is not looked at. [`sniff`] names the format of bytes at
//! hand; a [`Probe`] takes a file in pieces, as it is decoded from a document or read from a disk, keeps a few
//! kilobytes whatever the length, and tells more.
//!
//! Sources of the signatures: ISO 32000-1 7.5 (PDF), ISO 19005 (PDF/A identification), ISO/IEC 10918-1 annex B (JPEG),
//! TIFF 6.0 section 2, PNG 5.2, GIF89a section 17, RTF 1.9.

mod jpeg;
mod pdf;
mod text;

pub use self::pdf::Pdf;
use self::{jpeg::Jpeg, text::Text};

/// A format of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Media {
    /// PDF, of any version.
    Pdf,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// TIFF, of either byte order. BigTIFF, which few programs display, is not recognised.
    Tiff,
    /// RTF.
    Rtf,
    /// XML with its declaration; without one it is text.
    Xml,
    /// Text, in this encoding.
    Text(Charset),
}

/// The encoding of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Charset {
    /// UTF-8, with or without byte order mark; plain ASCII is UTF-8.
    Utf8,
    /// UTF-16, by its byte order mark.
    Utf16,
    /// One byte a character, in an encoding that the bytes do not tell: Windows-1252 most often.
    EightBit,
}

impl Media {
    /// The media type (IANA): the five that CDA level 1 knows are written as the CI-SIS writes them.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Media::Pdf => "application/pdf",
            Media::Png => "image/png",
            Media::Jpeg => "image/jpeg",
            Media::Gif => "image/gif",
            Media::Tiff => "image/tiff",
            Media::Rtf => "text/rtf",
            Media::Xml => "text/xml",
            Media::Text(_) => "text/plain",
        }
    }
}

/// What a file is, told by a [`Probe`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// The format; none when it is none of those known here, or when the file is empty.
    pub media: Option<Media>,
    /// Length, in bytes.
    pub length: u64,
    /// Whether the file goes to the end of its form: `false` when it was certainly cut short, `None` when the form has
    /// no end that can be looked for cheaply (text, XML, most TIFF).
    pub complete: Option<bool>,
    /// Whether a text holds control characters other than tabulation, end of line and end of page; `false` for the
    /// other formats.
    pub control_characters: bool,
    /// What a PDF says of itself.
    pub pdf: Option<Pdf>,
}

/// Names the format of a whole file; none when it is none of those known here.
///
/// White space and a byte order mark are tolerated before a PDF, an RTF and an XML. A text must be one to its end:
/// UTF-8 without a null byte, or UTF-16 with its mark, or bytes without any control character.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Option<Media> {
    signature(bytes.get(..HEAD).unwrap_or(bytes)).or_else(|| {
        let mut text = Text::default();
        text.push(bytes);
        text.charset().map(Media::Text)
    })
}

/// Bytes at the beginning among which a signature is looked for.
const HEAD: usize = 1024;
/// Bytes at the end among which the end mark of a PDF is looked for, as the usual readers do.
const TAIL: usize = 1024;

/// The format that the first bytes sign.
fn signature(head: &[u8]) -> Option<Media> {
    let starts = |mark: &[u8]| head.starts_with(mark);
    if starts(b"\x89PNG\r\n\x1a\n") {
        return Some(Media::Png);
    }
    if starts(b"\xFF\xD8\xFF") {
        return Some(Media::Jpeg);
    }
    if starts(b"GIF87a") || starts(b"GIF89a") {
        return Some(Media::Gif);
    }
    if starts(b"II*\0") || starts(b"MM\0*") {
        return Some(Media::Tiff);
    }
    if starts(b"<\0?\0x\0m\0l\0") || starts(b"\xFF\xFE<\0?\0x\0m\0l\0") {
        return Some(Media::Xml);
    }
    if starts(b"\0<\0?\0x\0m\0l") || starts(b"\xFE\xFF\0<\0?\0x\0m\0l") {
        return Some(Media::Xml);
    }
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let head = head.trim_ascii_start();
    if head.starts_with(b"%PDF-") {
        return Some(Media::Pdf);
    }
    if head.starts_with(b"{\\rtf") {
        return Some(Media::Rtf);
    }
    if head.starts_with(b"<?xml") && head.get(5).is_some_and(u8::is_ascii_whitespace) {
        return Some(Media::Xml);
    }
    None
}

/// Looks at a file that comes in pieces. What it tells does not depend on where the pieces are cut.
///
/// ```
/// use dmpkit::cda::media::{Media, Probe};
///
/// let mut probe = Probe::new();
/// for piece in ["%PD", "F-1.4\n", "trailer << /Encrypt 5 0 R >>\n%%", "EOF\n"] {
///     probe.push(piece.as_bytes());
/// }
/// let facts = probe.finish();
/// assert_eq!(facts.media, Some(Media::Pdf));
/// assert_eq!(facts.complete, Some(true));
/// assert!(facts.pdf.is_some_and(|pdf| pdf.encrypted));
/// ```
#[derive(Debug)]
pub struct Probe {
    length: u64,
    head: Vec<u8>,
    /// Set once the head is known.
    look: Option<Look>,
    /// The last bytes, up to twice [`TAIL`].
    tail: Vec<u8>,
    /// The last byte that is neither white space nor control: some systems end files with one.
    last: u8,
}

/// What is followed, by format.
#[derive(Debug)]
enum Look {
    Pdf(Box<pdf::Scan>),
    Jpeg(Jpeg),
    Text(Text),
    /// Nothing but the end.
    Other(Media),
}

impl Default for Probe {
    fn default() -> Self {
        Self::new()
    }
}

impl Probe {
    /// A probe that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            length: 0,
            head: Vec::with_capacity(HEAD),
            look: None,
            tail: Vec::with_capacity(2 * TAIL),
            last: 0,
        }
    }

    /// Looks at the next piece, of any length.
    pub fn push(&mut self, piece: &[u8]) {
        self.length = self.length.saturating_add(piece.len() as u64);
        self.keep_end(piece);
        let rest = match &self.look {
            Some(_) => piece,
            None => {
                let room = HEAD - self.head.len();
                let (first, rest) = piece.split_at(room.min(piece.len()));
                self.head.extend_from_slice(first);
                if self.head.len() == HEAD {
                    self.decide();
                }
                rest
            }
        };
        if let Some(look) = &mut self.look {
            look.push(rest);
        }
    }

    /// What the file is.
    #[must_use]
    pub fn finish(mut self) -> Facts {
        if self.look.is_none() {
            self.decide();
        }
        let mut facts = Facts {
            media: None,
            length: self.length,
            complete: None,
            control_characters: false,
            pdf: None,
        };
        match self.look {
            Some(Look::Pdf(scan)) => {
                let end = self.tail.len().saturating_sub(TAIL);
                let tail = self.tail.get(end..).unwrap_or_default();
                facts.media = Some(Media::Pdf);
                facts.complete = Some(tail.windows(5).any(|w| w == b"%%EOF"));
                facts.pdf = Some(scan.finish(&self.head));
            }
            Some(Look::Jpeg(jpeg)) => {
                facts.media = Some(Media::Jpeg);
                facts.complete = Some(jpeg.is_complete());
            }
            Some(Look::Text(text)) => {
                facts.media = text.charset().map(Media::Text);
                facts.control_characters = facts.media.is_some() && text.has_controls();
            }
            Some(Look::Other(media)) => {
                facts.media = Some(media);
                facts.complete = match media {
                    Media::Png => Some(self.tail.windows(8).any(|w| w == b"IEND\xAE\x42\x60\x82")),
                    Media::Gif => Some(self.last == b';'),
                    Media::Rtf => Some(self.last == b'}'),
                    Media::Tiff => tiff_is_cut(&self.head, self.length).then_some(false),
                    _ => None,
                };
            }
            None => {}
        }
        facts
    }

    /// Chooses what to follow, and looks at the head that waited.
    fn decide(&mut self) {
        let mut look = match signature(&self.head) {
            Some(Media::Pdf) => Look::Pdf(Box::default()),
            Some(Media::Jpeg) => Look::Jpeg(Jpeg::default()),
            Some(other) => Look::Other(other),
            None => Look::Text(Text::default()),
        };
        look.push(&self.head);
        self.look = Some(look);
    }

    fn keep_end(&mut self, piece: &[u8]) {
        let blank = |b: &&u8| **b <= b' ';
        if let Some(last) = piece.iter().rev().find(|b| !blank(b)) {
            self.last = *last;
        }
        let kept = piece.len().saturating_sub(TAIL);
        let piece = piece.get(kept..).unwrap_or_default();
        if self.tail.len() + piece.len() > 2 * TAIL {
            // What leaves is further from the end than TAIL, whatever comes next.
            let keep = self.tail.len().saturating_sub(TAIL);
            self.tail.drain(..keep);
        }
        self.tail.extend_from_slice(piece);
    }
}

impl Look {
    fn push(&mut self, bytes: &[u8]) {
        match self {
            Look::Pdf(scan) => scan.push(bytes),
            Look::Jpeg(jpeg) => jpeg.push(bytes),
            Look::Text(text) => text.push(bytes),
            Look::Other(_) => {}
        }
    }
}

/// Whether the first directory of a TIFF, which most programs write last, lies beyond the end.
fn tiff_is_cut(head: &[u8], length: u64) -> bool {
    let Some([a, b, c, d]) = head.get(4..8) else {
        return true;
    };
    let bytes = [*a, *b, *c, *d];
    let offset = if head.starts_with(b"II") {
        u32::from_le_bytes(bytes)
    } else {
        u32::from_be_bytes(bytes)
    };
    // A directory is at least its count, one entry of twelve bytes, and the offset of the next.
    u64::from(offset) + 18 > length
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn probed(bytes: &[u8]) -> Facts {
        let mut probe = Probe::new();
        probe.push(bytes);
        probe.finish()
    }

    #[test]
    fn formats_are_told_by_their_bytes() {
        for (bytes, media) in [
            (&b"%PDF-1.4\n"[..], Some(Media::Pdf)),
            (b"\xEF\xBB\xBF\r\n%PDF-1.4\n", Some(Media::Pdf)),
            (b"\x89PNG\r\n\x1a\n\0\0", Some(Media::Png)),
            (b"\xFF\xD8\xFF\xE0\0", Some(Media::Jpeg)),
            (b"GIF89a\0", Some(Media::Gif)),
            (b"II*\0\x08\0\0\0", Some(Media::Tiff)),
            (b"MM\0*\0\0\0\x08", Some(Media::Tiff)),
            (b"{\\rtf1\\ansi}", Some(Media::Rtf)),
            (b"\xEF\xBB\xBF<?xml version='1.0'?><a/>", Some(Media::Xml)),
            (b"<\0?\0x\0m\0l\0 \0", Some(Media::Xml)),
            (b"<p>", Some(Media::Text(Charset::Utf8))),
            ("Tension é".as_bytes(), Some(Media::Text(Charset::Utf8))),
            (b"\xFF\xFEa\0", Some(Media::Text(Charset::Utf16))),
            (
                b"Tension \xE9lev\xE9e",
                Some(Media::Text(Charset::EightBit)),
            ),
            (b"un\x0Bdeux", Some(Media::Text(Charset::Utf8))),
            (b"un\0deux", None),
            (b"\xE9\x01\x02", None),
            (b"PK\x03\x04\x14\0", None),
            (b"", None),
        ] {
            assert_eq!(sniff(bytes), media, "{bytes:?}");
            assert_eq!(probed(bytes).media, media, "{bytes:?}");
        }
    }

    #[test]
    fn a_file_cut_short_is_not_complete() {
        let png = b"\x89PNG\r\n\x1a\n....\0\0\0\0IEND\xAE\x42\x60\x82";
        let tiff = b"II*\0\x08\0\0\0\x01\0............\0\0\0\0";
        for (whole, complete) in [
            (&b"%PDF-1.4\nxref\n%%EOF\n"[..], Some(true)),
            (png, Some(true)),
            (b"GIF89a.........;", Some(true)),
            (b"{\\rtf1 une ligne}\r\n\0\x1A", Some(true)),
            (tiff, None),
        ] {
            assert_eq!(probed(whole).complete, complete);
            let cut = probed(&whole[..whole.len() - 6]);
            assert_eq!(cut.complete, Some(false), "{:?}", cut.media);
        }
        let mut long = b"%PDF-1.4\n%%EOF\n".to_vec();
        long.extend(b"x".repeat(TAIL));
        assert_eq!(probed(&long).complete, Some(false), "cut in an update");
    }

    #[test]
    fn control_characters_of_a_text_are_told() {
        assert!(!probed(b"a\tb\r\n\x0C").control_characters);
        assert!(probed(b"a\x0Bb").control_characters);
        assert!(!probed(b"\x89PNG\r\n\x1a\n\x01").control_characters);
    }

    /// Files made of what the scans react to, so that cuts fall inside it.
    fn file() -> impl Strategy<Value = Vec<u8>> {
        let start = prop::sample::select(vec![
            &b"%PDF-1.7\n"[..],
            b"\xFF\xD8\xFF",
            b"{\\rtf1",
            b"\x89PNG\r\n\x1a\n",
            b"II*\0\x08\0\0\0",
            b"GIF89a",
            b"",
        ]);
        let word = prop::sample::select(vec![
            &b"stream\r\n"[..],
            b"endstream",
            b"<pdfaid:part>2</pdfaid:part>",
            b" pdfaid:conformance = \"B\"",
            b"/Encrypt 5 0 R",
            b"/J#53 (a)",
            b"/Launch",
            b"/Version/1.6 ",
            b"(a \\) b",
            b")",
            b"% ( comment\n",
            b"%%EOF\n",
            b"\xFF\xE1\0\x08abcdef",
            b"\xFF\xDA\0\x02abc\xFF\0d",
            b"\xFF\xD9",
            b"IEND\xAE\x42\x60\x82",
            b"}",
            b";",
            "é€🩺".as_bytes(),
            b"\0\0\0\0\0\0\0\0",
            b"un texte assez long pour que la fin soit loin du debut, encore et encore\n",
        ]);
        (start, prop::collection::vec(word, 0..80))
            .prop_map(|(start, words)| [start, &words.concat()].concat())
    }

    proptest! {
        #[test]
        fn cuts_do_not_change_what_is_told(
            file in file(),
            cuts in prop::collection::vec(1..700usize, 1..40),
        ) {
            let mut probe = Probe::new();
            let mut rest = &file[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                probe.push(piece);
                rest = after;
            }
            let facts = probe.finish();
            prop_assert_eq!(facts.media, sniff(&file));
            prop_assert_eq!(facts.length, file.len() as u64);
            prop_assert_eq!(&facts, &probed(&file));
            let mut bytes = Probe::new();
            file.iter().for_each(|b| bytes.push(&[*b]));
            prop_assert_eq!(facts, bytes.finish());
        }

        #[test]
        fn whatever_the_bytes_nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
            prop_assert_eq!(probed(&bytes).media, sniff(&bytes));
        }
    }
}
