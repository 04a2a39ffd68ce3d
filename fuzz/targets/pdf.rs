//! The probe: the same facts however the bytes come.
#![no_main]

use dmpkit::cda::media::Probe;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let mut whole = Probe::new();
    whole.push(bytes);
    let mut pieces = Probe::new();
    for piece in bytes.chunks(usize::from(size).max(1)) {
        pieces.push(piece);
    }
    assert_eq!(whole.finish(), pieces.finish());
});
