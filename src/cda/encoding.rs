//! From the bytes of a document to its text.

use std::borrow::Cow;

use super::ReadError;

/// How the text of a document is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark; also what declares US-ASCII.
    Utf8,
    /// ISO-8859-1 (Latin-1).
    Iso8859_1,
    /// ISO-8859-15 (Latin-9).
    Iso8859_15,
    /// Windows-1252.
    Windows1252,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

/// A document's text, without byte order mark.
pub(super) struct Decoded<'a> {
    /// Borrowed from the bytes when they are UTF-8.
    pub text: Cow<'a, str>,
    /// The encoding that was used.
    pub encoding: Encoding,
    /// Whether the XML declaration names another encoding.
    pub contradicted: bool,
}

/// What an XML declaration names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Declared {
    Nothing,
    One(Encoding),
    /// `UTF-16` without saying which: the byte order mark decides.
    Utf16,
    Unsupported,
}

/// Decodes a document: the byte order mark decides, then the look of the first bytes, then the XML declaration.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded<'_>, ReadError> {
    let (encoding, content) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (Encoding::Utf8, rest),
        [0xFF, 0xFE, rest @ ..] => (Encoding::Utf16Le, rest),
        [0xFE, 0xFF, rest @ ..] => (Encoding::Utf16Be, rest),
        // No mark, but the `<` that opens any document shows its two bytes.
        [b'<', 0, ..] => (Encoding::Utf16Le, bytes),
        [0, b'<', ..] => (Encoding::Utf16Be, bytes),
        _ => return decode_as_declared(bytes),
    };
    let text = decode_with(encoding, content)?;
    let contradicted = match declared(text.as_bytes()) {
        Declared::Nothing => false,
        Declared::One(other) => other != encoding,
        Declared::Utf16 => !matches!(encoding, Encoding::Utf16Le | Encoding::Utf16Be),
        Declared::Unsupported => true,
    };
    Ok(Decoded {
        text,
        encoding,
        contradicted,
    })
}

/// Decodes the beginning of a document, of about this length.
pub(super) fn decode_beginning(bytes: &[u8], length: usize) -> Result<Decoded<'_>, ReadError> {
    // An even number of bytes, so that UTF-16 is not cut inside a unit.
    let mut length = length.min(bytes.len()) & !1;
    let is_utf16 = matches!(
        bytes,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'<', 0, ..] | [0, b'<', ..]
    );
    if is_utf16 {
        let order = matches!(bytes, [0xFF, 0xFE, ..] | [b'<', 0, ..]);
        let high = bytes.get(length.saturating_sub(if order { 1 } else { 2 }));
        // Nor between the two halves of a character.
        if high.is_some_and(|byte| (0xD8..0xDC).contains(byte)) {
            length -= 2;
        }
    } else {
        // Bytes 80 to BF go on a character of UTF-8; in the other encodings one more or less changes nothing.
        let goes_on = |at: usize| bytes.get(at).is_some_and(|b| (0x80..0xC0).contains(b));
        let back = (0..4).find(|back| !goes_on(length.saturating_sub(*back)));
        length = length.saturating_sub(back.unwrap_or_default());
    }
    decode(bytes.get(..length).unwrap_or_default())
}

/// Decodes bytes of which only the declaration tells the encoding; without one, XML says UTF-8.
fn decode_as_declared(bytes: &[u8]) -> Result<Decoded<'_>, ReadError> {
    let (encoding, contradicted) = match declared(bytes) {
        Declared::Nothing => (Encoding::Utf8, false),
        // The declaration was read one byte a character, so this is not UTF-16: text written in memory as UTF-16 and
        // saved as UTF-8 keeps such a declaration.
        Declared::Utf16 | Declared::One(Encoding::Utf16Le | Encoding::Utf16Be) => {
            (Encoding::Utf8, true)
        }
        Declared::One(encoding) => (encoding, false),
        Declared::Unsupported => return Err(ReadError::UnsupportedEncoding),
    };
    Ok(Decoded {
        text: decode_with(encoding, bytes)?,
        encoding,
        contradicted,
    })
}

fn decode_with(encoding: Encoding, bytes: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    let decoder = match encoding {
        Encoding::Utf8 => {
            // Valid text is borrowed; it is seen to be valid faster than by the standard library.
            let valid =
                encoding_rs::UTF_8.decode_without_bom_handling_and_without_replacement(bytes);
            if let Some(text) = valid {
                return Ok(text);
            }
            return match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Cow::Borrowed(text)),
                // The bytes stop inside a character.
                Err(e) if e.error_len().is_none() => Err(ReadError::Truncated),
                Err(_) => Err(ReadError::Encoding),
            };
        }
        // What calls itself ISO-8859-1 and has bytes 80 to 9F was written on Windows: they are œ, € and curly
        // quotes, not the control characters that the standard puts there.
        Encoding::Iso8859_1 | Encoding::Windows1252 => encoding_rs::WINDOWS_1252,
        Encoding::Iso8859_15 => encoding_rs::ISO_8859_15,
        Encoding::Utf16Le => encoding_rs::UTF_16LE,
        Encoding::Utf16Be => encoding_rs::UTF_16BE,
    };
    decoder
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or(ReadError::Encoding)
}

/// Reads the encoding that the XML declaration names, if the text opens with a declaration.
fn declared(text: &[u8]) -> Declared {
    // A declaration is short; looking no further keeps a stray `encoding=` of the body out of it.
    let head = &text[..text.len().min(512)];
    let Some(declaration) = head.strip_prefix(b"<?xml") else {
        return Declared::Nothing;
    };
    let Some(end) = declaration.windows(2).position(|w| w == b"?>") else {
        return Declared::Nothing;
    };
    let declaration = &declaration[..end];
    let Some(name) = declaration.windows(8).position(|w| w == b"encoding") else {
        return Declared::Nothing;
    };
    let rest = declaration[name + 8..].trim_ascii_start();
    let Some(rest) = rest.strip_prefix(b"=") else {
        return Declared::Nothing;
    };
    let (quote, rest) = match rest.trim_ascii_start() {
        [quote @ (b'"' | b'\''), rest @ ..] => (*quote, rest),
        _ => return Declared::Nothing,
    };
    let label = rest.split(|b| *b == quote).next().unwrap_or_default();
    let is = |names: &[&str]| {
        names
            .iter()
            .any(|n| label.eq_ignore_ascii_case(n.as_bytes()))
    };
    if is(&["UTF-8", "UTF8", "US-ASCII", "ASCII"]) {
        Declared::One(Encoding::Utf8)
    } else if is(&[
        "ISO-8859-1",
        "ISO8859-1",
        "ISO_8859-1",
        "ISO-LATIN-1",
        "LATIN1",
        "L1",
    ]) {
        Declared::One(Encoding::Iso8859_1)
    } else if is(&[
        "ISO-8859-15",
        "ISO8859-15",
        "ISO_8859-15",
        "LATIN-9",
        "LATIN9",
    ]) {
        Declared::One(Encoding::Iso8859_15)
    } else if is(&["WINDOWS-1252", "CP1252", "CP-1252", "X-CP1252"]) {
        Declared::One(Encoding::Windows1252)
    } else if is(&["UTF-16LE"]) {
        Declared::One(Encoding::Utf16Le)
    } else if is(&["UTF-16BE"]) {
        Declared::One(Encoding::Utf16Be)
    } else if is(&["UTF-16", "UTF16", "ISO-10646-UCS-2", "UNICODE"]) {
        Declared::Utf16
    } else {
        Declared::Unsupported
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn the_mark_wins_over_the_declaration() {
        let text = "<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>";
        let bytes = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        let decoded = decode(&bytes).expect("decodes");
        assert_eq!(decoded.text, text);
        assert_eq!(
            (decoded.encoding, decoded.contradicted),
            (Encoding::Utf8, true)
        );
        assert!(matches!(decoded.text, Cow::Borrowed(_)));
    }

    #[test]
    fn single_byte_encodings_follow_the_declaration() {
        for (label, encoding, byte, letter) in [
            ("ISO-8859-1", Encoding::Iso8859_1, 0xE9, 'é'),
            ("iso-8859-1", Encoding::Iso8859_1, 0x9C, 'œ'),
            ("ISO-8859-15", Encoding::Iso8859_15, 0xBD, 'œ'),
            ("ISO-8859-15", Encoding::Iso8859_15, 0xA4, '€'),
            ("windows-1252", Encoding::Windows1252, 0x80, '€'),
        ] {
            let mut bytes =
                format!("<?xml version=\"1.0\" encoding = \"{label}\" ?><a>").into_bytes();
            bytes.push(byte);
            let decoded = decode(&bytes).expect("decodes");
            assert_eq!(decoded.text.chars().last(), Some(letter), "{label}");
            assert_eq!(
                (decoded.encoding, decoded.contradicted),
                (encoding, false),
                "{label}"
            );
        }
    }

    #[test]
    fn utf16_is_seen_by_its_mark_or_its_first_bytes() {
        let text = "<?xml version='1.0' encoding='UTF-16'?><a>é€</a>";
        for (bytes, encoding) in [
            (
                [vec![0xFF, 0xFE], utf16(text, u16::to_le_bytes)].concat(),
                Encoding::Utf16Le,
            ),
            (
                [vec![0xFE, 0xFF], utf16(text, u16::to_be_bytes)].concat(),
                Encoding::Utf16Be,
            ),
            (utf16(text, u16::to_le_bytes), Encoding::Utf16Le),
            (utf16(text, u16::to_be_bytes), Encoding::Utf16Be),
        ] {
            let decoded = decode(&bytes).expect("decodes");
            assert_eq!(decoded.text, text);
            assert_eq!((decoded.encoding, decoded.contradicted), (encoding, false));
        }
    }

    #[test]
    fn a_declaration_of_utf16_in_eight_bits_is_a_contradiction() {
        let decoded = decode("<?xml version='1.0' encoding='utf-16'?><a>é</a>".as_bytes());
        let decoded = decoded.expect("decodes");
        assert_eq!(
            (decoded.encoding, decoded.contradicted),
            (Encoding::Utf8, true)
        );
    }

    #[test]
    fn bytes_that_do_not_decode_are_errors() {
        let unsupported = b"<?xml version='1.0' encoding='EBCDIC-FR'?><a/>";
        assert_eq!(
            decode(unsupported).err(),
            Some(ReadError::UnsupportedEncoding)
        );
        assert_eq!(decode(b"<a>\xE9</a>").err(), Some(ReadError::Encoding));
        assert_eq!(decode(b"<a>\xC3").err(), Some(ReadError::Truncated));
        assert_eq!(
            decode(b"\xFF\xFE<\0a\0\x00\xD8>\0").err(),
            Some(ReadError::Encoding)
        );
    }
}
