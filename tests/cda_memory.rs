//! What checking a document costs in memory beside the document itself.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::fixture_text;
use dmpkit::cda::{Against, Limits, check, read, read_header};

/// The system's allocator, with the bytes in use and the most there have been.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(now, Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most that was in use at once during a call, beside what was before it.
fn cost<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.load(Relaxed);
    MOST.store(before, Relaxed);
    let result = call();
    (result, MOST.load(Relaxed) - before)
}

const MEGABYTE: usize = 1024 * 1024;

/// One test: another at the same time would be counted too.
#[test]
fn a_large_document_is_checked_in_little_more_than_its_own_bytes() {
    // An image costs the test less time than a PDF, which is read to its end.
    let text = fixture_text("cr_consultation_pdf.xml").replace("application/pdf", "image/tiff");
    let at = text.find("JVBERi0").expect("a file");
    let (before, rest) = text.split_at(at);
    let after = &rest[rest.find("</text>").expect("its end")..];
    // Lines that end as on Windows, which a reader that normalises would copy.
    let line = format!("{}\r\n", "SUkqAAgA".repeat(9));
    let mut large = String::with_capacity(101 * MEGABYTE);
    large.push_str(before);
    while large.len() < 100 * MEGABYTE {
        large.push_str(&line);
    }
    large.push_str(after);

    let mut against = Against::default();
    assert!(
        check(large.as_bytes(), &against).is_blocked(),
        "too large by default"
    );
    let mut limits = Limits::default();
    limits.size = 200 * MEGABYTE;
    against.limits = limits;

    let (header, used) = cost(|| read_header(large.as_bytes(), &limits));
    assert!(header.is_ok());
    assert!(used < MEGABYTE, "the header alone: {used} bytes");

    let (header, used) = cost(|| read(large.as_bytes(), &limits));
    assert!(header.is_ok());
    assert!(
        used < MEGABYTE,
        "the header, the document walked: {used} bytes"
    );

    let (checked, used) = cost(|| check(large.as_bytes(), &against));
    let facts = checked.media[0].facts.as_ref().expect("base64");
    assert!(facts.length > 70 * MEGABYTE as u64);
    assert!(used < 20 * MEGABYTE, "checked: {used} bytes");
    assert!(!checked.is_blocked());
    println!("checked in {used} bytes beside the document");
}
