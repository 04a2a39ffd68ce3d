//! The page: nothing of a document becomes markup, and a page never costs much more than its document.
#![no_main]

use dmpkit::cda::Limits;
use dmpkit::cda::render::{Duties, html, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    if let Ok(page) = html(bytes, &limits, &Duties::default()) {
        let lower = page.to_ascii_lowercase();
        for active in ["<script", "<iframe", "<object", "<embed", "<svg", "<link", "<form", "<base"] {
            assert!(!lower.contains(active), "{active}");
        }
        assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    }
    if let Ok(plain) = text(bytes, &limits, &Duties::default()) {
        assert!(!plain.chars().any(|c| c.is_control() && c != '\n'));
    }
});
