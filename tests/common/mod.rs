//! Fixtures, and the encodings that software writes them in.

#![allow(dead_code, reason = "each test file uses its part")]

pub mod library;
pub mod office;
pub mod page;
pub mod simulated;

use std::path::Path;

/// The bytes of a file of `tests/fixtures`.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A fixture as text.
pub fn fixture_text(name: &str) -> String {
    String::from_utf8(fixture(name)).expect("fixtures are UTF-8")
}

/// A document whose declaration names an encoding, in the bytes of that encoding.
pub fn encoded(text: &str, label: &str) -> Vec<u8> {
    let text = declaring(text, label);
    // The encoder for the web turns ISO-8859-1 into Windows-1252, which agrees on all that the fixtures hold.
    let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).expect("a known encoding");
    let (bytes, _, replaced) = encoding.encode(&text);
    assert!(!replaced, "a character of the fixture has no {label} form");
    bytes.into_owned()
}

/// A document in UTF-16, low byte first, with its mark.
pub fn utf16_le(text: &str) -> Vec<u8> {
    let text = declaring(text, "UTF-16");
    [0xFEFF]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// A document in UTF-8 with its mark and the line ends of Windows.
pub fn marked_crlf(text: &str) -> Vec<u8> {
    format!("\u{FEFF}{}", text.replace('\n', "\r\n")).into_bytes()
}

/// A document with another encoding in its declaration.
pub fn declaring(text: &str, label: &str) -> String {
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
    text.replacen("UTF-8", label, 1)
}
