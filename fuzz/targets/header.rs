//! The header: both readers agree, and what is found can be derived, checked and printed.
#![no_main]

use dmpkit::cda::{Against, Limits, check, derive, read, read_header};
use dmpkit::terminology::Terminology;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let whole = read(bytes, &limits);
    let stopped = read_header(bytes, &limits);
    if let Ok(header) = &whole {
        // What reads to its end has a header: the same, but for what stands after the body against the schema.
        assert_eq!(stopped.map(|h| h.id).ok().as_ref(), Some(&header.id));
        derive(header, &Terminology::embedded());
    }
    let checked = check(bytes, &Against::default());
    assert_eq!(checked.header.is_some(), whole.is_ok());
});
