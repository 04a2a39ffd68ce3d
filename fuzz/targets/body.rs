//! The body: sections and embedded files, whatever the document.
#![no_main]

use dmpkit::cda::body::body;
use dmpkit::cda::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = body(bytes, &Limits::default());
});
