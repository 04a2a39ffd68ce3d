//! What a PDF says of itself in clear.

/// What a PDF says of itself, as far as it can be read without decompressing anything.
///
/// Objects kept in compressed object streams (PDF 1.5 and later) are not seen: an absence here is not a proof for
/// [`javascript`](Pdf::javascript) and [`launch`](Pdf::launch). [`encrypted`](Pdf::encrypted) is always in clear, and so
/// is the PDF/A identification: the metadata stream that holds it must not be compressed (ISO 19005-1 6.7.2, ISO
/// 19005-2 6.6.2.1). Whether a document that claims PDF/A keeps its rules is for a validator to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pdf {
    /// Version of the header, major and minor.
    pub version: Option<(u8, u8)>,
    /// Version of the catalogue, which replaces that of the header when it is later; the last that is readable.
    pub catalog_version: Option<(u8, u8)>,
    /// Part of PDF/A claimed (`pdfaid:part`): 1 for PDF/A-1; none when the document claims no PDF/A.
    pub part: Option<u8>,
    /// Level of conformance claimed (`pdfaid:conformance`), in capitals: A, B, U, E, F.
    pub conformance: Option<char>,
    /// Whether it is encrypted, with a password to open it or not.
    pub encrypted: bool,
    /// Whether it holds JavaScript. An action at opening that is not JavaScript and launches nothing only chooses the
    /// page, and is not told.
    pub javascript: bool,
    /// Whether it launches programs or opens files.
    pub launch: bool,
}

/// Longest word that is looked at; the longest that means something has 18 bytes.
const WORD: usize = 32;
/// Longest string of characters in a PDF (ISO 32000-1 annex C): a longer one was not a string.
const STRING: u32 = 32_767;

/// Reads a PDF byte after byte.
#[derive(Debug, Default)]
pub(super) struct Scan {
    facts: Pdf,
    place: Place,
    word: Word,
    /// The name just read, whose value comes next.
    key: Key,
    /// The last sixteen bytes, to know the end of a stream whatever stands before it.
    last: u128,
    xmp: Xmp,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Among objects.
    #[default]
    Object,
    /// In a name, after its slash.
    Name,
    /// In a keyword or number.
    Word,
    /// In a comment.
    Comment,
    /// In a string in parentheses: how many are open, bytes so far, whether a backslash stands before.
    Text(u32, u32, bool),
    /// In a stream.
    Stream,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Key {
    #[default]
    Other,
    Encrypt,
    Version,
}

/// A word being read, of which only the first bytes are kept.
#[derive(Debug, Default)]
struct Word {
    bytes: [u8; WORD],
    length: usize,
}

impl Word {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
        }
        self.length = self.length.saturating_add(1);
    }

    /// The word, which is empty when it was too long to mean anything, and starts the next.
    fn take(&mut self) -> ([u8; WORD], usize) {
        let length = if self.length > WORD { 0 } else { self.length };
        self.length = 0;
        (self.bytes, length)
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    )
}

impl Scan {
    pub fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.xmp.push(*byte, &mut self.facts);
            self.last = (self.last << 8) | u128::from(*byte);
            self.step(*byte);
        }
    }

    pub fn finish(mut self, head: &[u8]) -> Pdf {
        // The last word is ended by the end.
        self.push(b"\n");
        let mut facts = self.facts;
        let mark = head.windows(5).position(|w| w == b"%PDF-");
        let number = mark.and_then(|at| head.get(at + 5..at + 8));
        facts.version = number.and_then(version);
        facts
    }

    fn step(&mut self, byte: u8) {
        match self.place {
            Place::Stream => {
                const END: u128 = u128::from_be_bytes(*b"\0\0\0\0\0\0\0endstream");
                if self.last & ((1 << 72) - 1) == END {
                    self.place = Place::Object;
                }
            }
            Place::Comment => {
                if matches!(byte, b'\r' | b'\n') {
                    self.place = Place::Object;
                }
            }
            Place::Text(open, length, escaped) => {
                let open = match byte {
                    _ if escaped => open,
                    b'(' => open + 1,
                    b')' => open - 1,
                    _ => open,
                };
                self.place = if open == 0 || length >= STRING {
                    Place::Object
                } else {
                    Place::Text(open, length + 1, byte == b'\\' && !escaped)
                };
            }
            Place::Name if !is_space(byte) && !is_delimiter(byte) => self.word.push(byte),
            Place::Word if !is_space(byte) && !is_delimiter(byte) => self.word.push(byte),
            Place::Name => {
                self.name();
                self.object(byte);
            }
            Place::Word => {
                let (bytes, length) = self.word.take();
                if bytes.get(..length) == Some(b"stream") {
                    self.place = Place::Stream;
                } else {
                    self.object(byte);
                }
            }
            Place::Object => self.object(byte),
        }
    }

    /// A byte among objects.
    fn object(&mut self, byte: u8) {
        self.place = match byte {
            b'/' => Place::Name,
            b'%' => Place::Comment,
            b'(' => Place::Text(1, 0, false),
            _ if is_space(byte) => Place::Object,
            _ => {
                let value = std::mem::take(&mut self.key);
                // A reference or a dictionary; `null` would mean that it is not.
                self.facts.encrypted |=
                    value == Key::Encrypt && (byte.is_ascii_digit() || byte == b'<');
                if is_delimiter(byte) {
                    Place::Object
                } else {
                    self.word.push(byte);
                    Place::Word
                }
            }
        };
    }

    /// The end of a name.
    fn name(&mut self) {
        let (bytes, length) = self.word.take();
        let raw = bytes.get(..length).unwrap_or_default();
        if std::mem::take(&mut self.key) == Key::Version {
            self.facts.catalog_version = version(raw).or(self.facts.catalog_version);
            return;
        }
        let mut name = Word::default();
        let mut rest = raw;
        while let Some((byte, after)) = rest.split_first() {
            // `#4A` stands for `J`: a way to hide a name that readers understand.
            match (byte, after.get(..2).and_then(hexadecimal)) {
                (b'#', Some(escaped)) => {
                    name.push(escaped);
                    rest = after.get(2..).unwrap_or_default();
                }
                _ => {
                    name.push(*byte);
                    rest = after;
                }
            }
        }
        let (bytes, length) = name.take();
        match bytes.get(..length).unwrap_or_default() {
            b"Encrypt" => self.key = Key::Encrypt,
            b"Version" => self.key = Key::Version,
            b"JavaScript" | b"JS" => self.facts.javascript = true,
            b"Launch" => self.facts.launch = true,
            _ => {}
        }
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u8::from_str_radix(text, 16).ok()
}

/// `1.7`.
fn version(text: &[u8]) -> Option<(u8, u8)> {
    match text {
        [major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] => Some((major - b'0', minor - b'0')),
        _ => None,
    }
}

/// Looks for the PDF/A identification of an XMP packet in UTF-8, wherever it stands, as elements
/// (`<pdfaid:part>1</pdfaid:part>`) or as attributes (`pdfaid:part="1"`). The last one counts: that of the last update.
#[derive(Debug, Default)]
struct Xmp {
    word: Word,
    awaited: Awaited,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    #[default]
    Nothing,
    Part,
    Conformance,
}

impl Xmp {
    fn push(&mut self, byte: u8, facts: &mut Pdf) {
        if byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_') {
            self.word.push(byte);
            return;
        }
        if self.word.length > 0 {
            let (bytes, length) = self.word.take();
            let word = bytes.get(..length).unwrap_or_default();
            let awaited = std::mem::take(&mut self.awaited);
            match (awaited, word) {
                (_, b"pdfaid:part") => self.awaited = Awaited::Part,
                (_, b"pdfaid:conformance") => self.awaited = Awaited::Conformance,
                (Awaited::Part, [digit @ b'1'..=b'9']) => facts.part = Some(digit - b'0'),
                (Awaited::Conformance, [letter]) if letter.is_ascii_alphabetic() => {
                    facts.conformance = Some(char::from(letter.to_ascii_uppercase()));
                }
                _ => {}
            }
        }
        // Only what may stand between a name and its value keeps the wait.
        if !matches!(byte, b'=' | b'>' | b'"' | b'\'') && !is_space(byte) {
            self.awaited = Awaited::Nothing;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(text: &str) -> Pdf {
        let mut scan = Scan::default();
        scan.push(text.as_bytes());
        scan.finish(text.as_bytes())
    }

    #[test]
    fn versions_are_those_of_the_header_and_of_the_catalogue() {
        let pdf = scanned("%PDF-1.4\n1 0 obj << /Type /Catalog /Version /1.7 >> endobj");
        assert_eq!(pdf.version, Some((1, 4)));
        assert_eq!(pdf.catalog_version, Some((1, 7)));
        assert_eq!(scanned("%PDF-x.y").version, None);
        assert_eq!(scanned("%PDF-1.4 /BaseVersion /1.7 ").catalog_version, None);
    }

    #[test]
    fn pdf_a_is_claimed_by_elements_or_attributes_of_a_stream() {
        for packet in [
            "<pdfaid:part>1</pdfaid:part>\n<pdfaid:conformance>B</pdfaid:conformance>",
            "<rdf:Description pdfaid:part=\"1\" pdfaid:conformance=\"b\"/>",
            "<rdf:Description pdfaid:conformance = 'B'\n pdfaid:part\n=\n'1'/>",
        ] {
            let pdf = scanned(&format!(
                "%PDF-1.4\n<< /Type /Metadata >>\nstream\n{packet}\nendstream"
            ));
            assert_eq!(
                (pdf.part, pdf.conformance),
                (Some(1), Some('B')),
                "{packet}"
            );
        }
        for other in [
            "<pdfaid:part></pdfaid:part><x>1</x>",
            "xpdfaid:part=\"1\"",
            "pdfaid:part : 1",
            "<pdfuaid:part>1</pdfuaid:part>",
        ] {
            let pdf = scanned(&format!("%PDF-1.4\nstream\n{other}\nendstream"));
            assert_eq!((pdf.part, pdf.conformance), (None, None), "{other}");
        }
    }

    #[test]
    fn encryption_is_in_the_trailer() {
        for trailer in [
            "/Encrypt 5 0 R",
            "/Encrypt<</Filter/Standard>>",
            "/#45ncrypt 5 0 R",
        ] {
            assert!(scanned(&format!("%PDF-1.4\ntrailer << {trailer} >>")).encrypted);
        }
        for other in [
            "/EncryptMetadata true",
            "/Encrypt null",
            "(/Encrypt 5 0 R)",
            "% /Encrypt 5 0 R",
            "stream\n/Encrypt 5 0 R\nendstream",
        ] {
            assert!(
                !scanned(&format!("%PDF-1.4\n{other} ")).encrypted,
                "{other}"
            );
        }
    }

    #[test]
    fn actions_are_found_among_objects_only() {
        for script in [
            "/S /JavaScript /JS (app.alert\\(1\\))",
            "/J#61vaScript 5 0 R",
            "/JS 7 0 R",
        ] {
            let pdf = scanned(&format!("%PDF-1.4\n<< {script} >>"));
            assert!(pdf.javascript && !pdf.launch, "{script}");
        }
        assert!(scanned("%PDF-1.4\n<< /S/Launch/F(a.exe)>>").launch);
        assert!(
            scanned("%PDF-1.4\n<< /S /Launch").launch,
            "ended by the end"
        );
        for other in [
            "/OpenAction [3 0 R /Fit]",
            "(/JS ( /Launch ) /JS \\) /JS )",
            "stream\r\n/JS /Launch\nendstream",
            "stream\n/JS xendstrendstream",
            "/JSON /Launches",
        ] {
            let pdf = scanned(&format!("%PDF-1.4\n{other} "));
            assert!(!pdf.javascript && !pdf.launch, "{other}");
        }
    }

    #[test]
    fn what_follows_a_stream_or_a_false_string_is_seen() {
        assert!(scanned("%PDF-1.4\nstream\n(((xendstream\nendobj /JS ").javascript);
        let lost = format!("%PDF-1.4\n( {} /JS ", " ".repeat(STRING as usize));
        assert!(scanned(&lost).javascript);
    }
}
