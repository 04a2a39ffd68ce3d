//! What a take-over costs in memory: one document at a time, whatever the number of files.

#[path = "outbox/bench.rs"]
mod bench;
#[path = "common/flaky.rs"]
mod flaky;
#[allow(dead_code, reason = "the take-over's own tests use the rest")]
#[path = "takeover/shelf.rs"]
mod shelf;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bench::{Desk, report};
use serde_json::json;
use shelf::{Shelf, of, run};

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

const KILOBYTE: usize = 1024;
const FILES: u32 = 2_000;

/// One test: another at the same time would be counted too.
#[test]
fn two_thousand_files_cost_what_one_costs() {
    let shelf = Shelf::new();
    // A document as large as many: half a megabyte.
    let text = String::from_utf8(report(0))
        .expect("UTF-8")
        .replace("application/pdf", "image/tiff");
    let at = text.find("JVBERi0").expect("a file");
    let end = at + text[at..].find("</text>").expect("its end");
    let image = "SUkqAAgA".repeat(64 * KILOBYTE);
    let large = format!("{}{image}{}", &text[..at], &text[end..]);
    let size = large.len();
    let one = Shelf::new();
    one.put("a.xml", &large);
    shelf.put("0/0.xml", &large);
    for n in 1..FILES {
        let report = report(n);
        // One in ten cannot be read, one in ten is no document.
        match n % 10 {
            3 => shelf.put(&format!("{}/{n}.xml", n % 40), &report[..4_000]),
            7 => shelf.put(&format!("{}/{n}.xml", n % 40), b"\x89PNG"),
            _ => shelf.put(&format!("{}/{n}.xml", n % 40), report),
        };
    }
    let desk = Desk::new();
    let (done, alone) = cost(|| run(&desk.doctor, &of(&one, json!({}))));
    assert_eq!(done.counts.handed_over, 1);
    assert!(alone < 4 * size, "one document: {alone} bytes for {size}");

    let desk = Desk::new();
    let (done, dry) = cost(|| {
        run(
            &desk.doctor,
            &of(&shelf, json!({"dryRun": true, "lines": 10})),
        )
    });
    assert_eq!(done.counts.files, u64::from(FILES));
    let (again, all) = cost(|| run(&desk.doctor, &of(&shelf, json!({"lines": 10}))));
    assert_eq!(again.counts, done.counts);
    assert_eq!(again.counts.handed_over, u64::from(FILES) * 8 / 10);
    // Beside it, thirty-two bytes a document and the folders still to visit.
    let bound = alone + 128 * KILOBYTE;
    assert!(
        dry < bound && all < bound,
        "{dry} and {all} beside {alone} bytes"
    );
    println!("{FILES} files in {all} bytes, one of {size} in {alone}");
}
