//! Whether a JPEG goes to its end: its segments are followed, so that the end of a thumbnail is not taken for it, and
//! what cameras write after the end does not hide it.

/// Where the next byte stands. Source: ISO/IEC 10918-1, annex B.
#[derive(Debug, Default, Clone, Copy)]
enum State {
    /// Where a marker begins.
    #[default]
    Marker,
    /// After the FF of a marker.
    Code,
    /// In the length of the segment of this marker.
    High(u8),
    Low(u8, u8),
    /// In a segment of which this much is to come.
    Segment(u8, u16),
    /// In the data of a scan.
    Data,
    /// After an FF in the data of a scan.
    DataCode,
    /// After the end.
    End,
    /// Where a marker should be and is not.
    Lost,
}

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

#[derive(Debug, Default)]
pub(super) struct Jpeg(State);

impl Jpeg {
    pub fn push(&mut self, mut bytes: &[u8]) {
        while let Some((byte, rest)) = bytes.split_first() {
            if let State::Segment(marker, left) = self.0 {
                let skipped = usize::from(left).min(bytes.len());
                bytes = bytes.get(skipped..).unwrap_or_default();
                // Not more than `left`, which is a u16.
                self.0 = after_segment(marker, left - skipped as u16);
            } else {
                self.0 = next(self.0, *byte);
                bytes = rest;
            }
            if matches!(self.0, State::End | State::Lost) {
                return;
            }
        }
    }

    pub fn is_complete(&self) -> bool {
        matches!(self.0, State::End)
    }
}

fn next(state: State, byte: u8) -> State {
    match state {
        State::Marker if byte == 0xFF => State::Code,
        State::Marker => State::Lost,
        State::Code => marker(byte),
        State::High(marker) => State::Low(marker, byte),
        State::Low(marker, high) => match u16::from_be_bytes([high, byte]).checked_sub(2) {
            Some(left) => after_segment(marker, left),
            None => State::Lost,
        },
        State::Data if byte == 0xFF => State::DataCode,
        State::Data => State::Data,
        // Stuffing, or a restart.
        State::DataCode if matches!(byte, 0 | 0xD0..=0xD7) => State::Data,
        State::DataCode => match marker(byte) {
            State::Code => State::DataCode,
            other => other,
        },
        State::Segment(..) | State::End | State::Lost => state,
    }
}

fn marker(code: u8) -> State {
    match code {
        // Fill bytes.
        0xFF => State::Code,
        EOI => State::End,
        // Markers that stand alone.
        SOI | 0x01 | 0xD0..=0xD7 => State::Marker,
        0 => State::Lost,
        other => State::High(other),
    }
}

fn after_segment(marker: u8, left: u16) -> State {
    match (left, marker) {
        (0, SOS) => State::Data,
        (0, _) => State::Marker,
        _ => State::Segment(marker, left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[u8] =
        b"\xFF\xD8\xFF\xE1\0\x06\xFF\xD8\xFF\xD9\xFF\xFF\xDA\0\x03abc\xFF\0d\xFF\xD3e\xFF\xFF\xD9";

    #[test]
    fn the_end_is_that_of_the_image() {
        for end in 0..=WHOLE.len() {
            let mut jpeg = Jpeg::default();
            jpeg.push(&WHOLE[..end]);
            assert_eq!(jpeg.is_complete(), end == WHOLE.len(), "{end}");
        }
        let mut jpeg = Jpeg::default();
        jpeg.push(&[WHOLE, b"trailer of a camera"].concat());
        assert!(jpeg.is_complete());
    }

    #[test]
    fn a_broken_structure_is_not_complete() {
        for bytes in [&b"\xFF\xD8x\xFF\xD9"[..], b"\xFF\xD8\xFF\xE0\0\x01\xFF\xD9"] {
            let mut jpeg = Jpeg::default();
            jpeg.push(bytes);
            assert!(!jpeg.is_complete());
        }
    }
}
