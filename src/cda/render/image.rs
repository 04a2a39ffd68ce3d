//! The images that a page may show.

use ::base64::Engine;
use ::base64::engine::general_purpose::STANDARD;

use crate::cda::body::File;

/// Pixels beyond which an image is not shown: a few kilobytes can unfold into gigabytes of memory.
///
/// Twice the largest sensors and scanners in use.
const MOST_PIXELS: u64 = 120_000_000;

/// The image as an address that holds it (`data:`), when it is one that a page may show.
///
/// Only formats without scripts and without references: SVG is never shown.
pub(super) fn data_address(file: &File) -> Option<String> {
    let bytes = file.bytes.as_ref().ok()?;
    let kind = file.media_type();
    let (width, height) = match kind {
        "image/png" => png(bytes)?,
        "image/gif" => gif(bytes)?,
        "image/jpeg" => jpeg(bytes)?,
        _ => return None,
    };
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return None;
    }
    let mut address = format!("data:{kind};base64,");
    STANDARD.encode_string(bytes, &mut address);
    Some(address)
}

fn big(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    let field = bytes.get(at..at + length)?;
    Some(field.iter().fold(0, |n, b| n << 8 | u32::from(*b)))
}

/// Width and height, from the IHDR chunk, which comes first.
fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    (bytes.get(12..16)? == b"IHDR").then_some(())?;
    Some((big(bytes, 16, 4)?, big(bytes, 20, 4)?))
}

/// Width and height, from the logical screen.
fn gif(bytes: &[u8]) -> Option<(u32, u32)> {
    match bytes.get(6..10)? {
        [a, b, c, d] => Some((
            u32::from(u16::from_le_bytes([*a, *b])),
            u32::from(u16::from_le_bytes([*c, *d])),
        )),
        _ => None,
    }
}

/// Width and height, from the first frame header (SOF).
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        match bytes.get(at..at + 2)? {
            // Filling bytes.
            [0xFF, 0xFF] => at += 1,
            // Markers without a segment.
            [0xFF, 0x01 | 0xD0..=0xD8] => at += 2,
            [0xFF, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF] => {
                return Some((big(bytes, at + 7, 2)?, big(bytes, at + 5, 2)?));
            }
            [0xFF, _] => {
                let length = usize::try_from(big(bytes, at + 2, 2)?).ok()?;
                at += 2 + length.max(2);
            }
            _ => return None,
        }
    }
}
