//! Whether bytes are a text, and in which encoding.

use super::Charset;

/// What is known of the bytes so far.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// The first two bytes, where UTF-16 has its mark.
    mark: [u8; 2],
    length: u64,
    not_utf8: bool,
    nulls: bool,
    controls: bool,
    /// The beginning of a character of which the rest is to come.
    partial: Vec<u8>,
}

impl Text {
    pub fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match self.length {
                0 => self.mark[0] = *byte,
                1 => self.mark[1] = *byte,
                _ => {}
            }
            self.length = self.length.saturating_add(1);
            self.nulls |= *byte == 0;
            self.controls |= byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r' | 12);
        }
        self.decode(bytes);
    }

    fn decode(&mut self, mut bytes: &[u8]) {
        // The character cut by the end of the last piece is completed byte by byte.
        while !self.partial.is_empty() && !self.not_utf8 {
            let Some((first, rest)) = bytes.split_first() else {
                return;
            };
            self.partial.push(*first);
            bytes = rest;
            match std::str::from_utf8(&self.partial) {
                Ok(_) => self.partial.clear(),
                Err(error) => self.not_utf8 = error.error_len().is_some(),
            }
        }
        if self.not_utf8 {
            return;
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            self.not_utf8 = error.error_len().is_some();
            let rest = bytes.get(error.valid_up_to()..).unwrap_or_default();
            if !self.not_utf8 {
                self.partial.extend_from_slice(rest);
            }
        }
    }

    /// The encoding, when this is a text.
    pub fn charset(&self) -> Option<Charset> {
        let utf8 = !self.not_utf8 && self.partial.is_empty();
        if self.length == 0 {
            None
        } else if self.length >= 2 && matches!(self.mark, [0xFF, 0xFE] | [0xFE, 0xFF]) {
            Some(Charset::Utf16)
        } else if utf8 && !self.nulls {
            Some(Charset::Utf8)
        } else if !utf8 && !self.controls {
            Some(Charset::EightBit)
        } else {
            None
        }
    }

    /// Whether it holds control characters; what is in UTF-16 is not looked at.
    pub fn has_controls(&self) -> bool {
        self.controls && self.charset() == Some(Charset::Utf8)
    }
}
