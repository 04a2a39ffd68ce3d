//! The files embedded in a document: base64 in pieces, so that a scan of a hundred megabytes never stands twice in memory.

use ::base64::Engine;
use ::base64::engine::GeneralPurpose;
use ::base64::engine::general_purpose::{PAD, STANDARD};

/// A text that is not base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotBase64;

/// Decodes base64 as it comes, in pieces of any length, white space anywhere.
///
/// ```text
/// push("JVBE"), push("Ri0x\r\n  Lj"), push("Q="), finish()
/// ```
pub(super) struct Decoder {
    /// Characters that wait for the rest of their group of four.
    waiting: Vec<u8>,
    /// A group with padding was decoded: nothing may follow.
    ended: bool,
}

/// Characters decoded at once, a multiple of four.
const PIECE: usize = 16 * 1024;

/// Padding is required, as RFC 4648 and XML Schema ask; bits that do not count may be anything.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &::base64::alphabet::STANDARD,
    PAD.with_decode_allow_trailing_bits(true),
);

impl Decoder {
    pub fn new() -> Self {
        Self {
            waiting: Vec::with_capacity(PIECE),
            ended: false,
        }
    }

    /// Takes the next piece of text and gives what it completes to `sink`.
    pub fn push(&mut self, text: &str, mut sink: impl FnMut(&[u8])) -> Result<(), NotBase64> {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let room = PIECE - self.waiting.len();
            let (piece, after) = rest.split_at(room.min(rest.len()));
            let kept = piece.iter().filter(|b| !b.is_ascii_whitespace());
            self.waiting.extend(kept);
            rest = after;
            if self.waiting.len() == PIECE {
                self.decode(PIECE, &mut sink)?;
            }
        }
        Ok(())
    }

    /// Gives the end to `sink`.
    pub fn finish(mut self, mut sink: impl FnMut(&[u8])) -> Result<(), NotBase64> {
        self.decode(self.waiting.len(), &mut sink)
    }

    fn decode(&mut self, length: usize, sink: &mut impl FnMut(&[u8])) -> Result<(), NotBase64> {
        if length == 0 {
            return Ok(());
        }
        if self.ended {
            return Err(NotBase64);
        }
        let mut bytes = [0; PIECE / 4 * 3];
        let decoded = ENGINE.decode_slice(&self.waiting, &mut bytes);
        let decoded = decoded.map_err(|_| NotBase64)?;
        self.ended = self.waiting.ends_with(b"=");
        self.waiting.clear();
        sink(bytes.get(..decoded).unwrap_or_default());
        Ok(())
    }
}

/// Decodes a whole text.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, NotBase64> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut decoder = Decoder::new();
    decoder.push(text, |piece| bytes.extend_from_slice(piece))?;
    decoder.finish(|piece| bytes.extend_from_slice(piece))?;
    Ok(bytes)
}

/// Writes base64, in lines of 76 characters as MIME does: some readers of documents refuse a line of megabytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    const LINE: usize = 57;
    let mut text = String::with_capacity(bytes.len() / LINE * 77 + 80);
    for line in bytes.chunks(LINE) {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_whatever_its_length_and_the_pieces() {
        for length in (0..300).chain([PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 2]) {
            let bytes: Vec<u8> = (0..length).map(|i| (i * 7 % 251) as u8).collect();
            let text = encode(&bytes);
            assert!(text.lines().all(|line| line.len() <= 76));
            assert_eq!(decode(&text), Ok(bytes.clone()));
            for size in [1, 5, 1000] {
                let mut decoder = Decoder::new();
                let mut back = Vec::new();
                for piece in text.as_bytes().chunks(size) {
                    let piece = std::str::from_utf8(piece).expect("ASCII");
                    decoder
                        .push(piece, |b| back.extend_from_slice(b))
                        .expect("base64");
                }
                decoder
                    .finish(|b| back.extend_from_slice(b))
                    .expect("base64");
                assert_eq!(back, bytes);
            }
        }
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        let long = format!("{}=", "A".repeat(PIECE - 1));
        let after_the_end = format!("{long}AAAA");
        for text in [
            "A",
            "AB",
            "ABC",
            "AB=C",
            "AB==CDEF",
            "AB-_",
            "É",
            "====",
            &after_the_end,
        ] {
            assert_eq!(decode(text), Err(NotBase64), "{}", text.len());
        }
        assert!(decode(&long).is_ok());
        assert_eq!(decode(" Q\r\nU\tI= ").as_deref(), Ok(&b"AB"[..]));
    }
}
