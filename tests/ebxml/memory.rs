//! What a long list costs in memory beside its text.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use dmpkit::dmp::protocol::ebxml::{Object, read_answer};

use crate::round_trip::write;
use crate::sample;
use crate::support::payload;

/// The system's allocator, with the bytes in use on this thread and the most there have been: other tests run beside.
struct Counting;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that ends counts no more.
    let _ = NOW.try_with(|now| {
        now.set(now.get() + bytes);
        let _ = MOST.try_with(|most| most.set(most.get().max(now.get())));
    });
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_list_of_ten_megabytes_is_read_in_less_than_twenty() {
    const MEGABYTE: usize = 1024 * 1024;
    let one = write(&[sample::entry(1)]).len();
    let many = 10 * MEGABYTE / one + 100;
    let entries: Vec<_> = (0..many as u32).map(sample::entry).collect();
    let xml = write(&entries);
    drop(entries);
    assert!(xml.len() > 10 * MEGABYTE);
    for keep in [false, true] {
        let (mut reader, root) = payload(&xml).unwrap();
        let before = NOW.get();
        MOST.set(before);
        let mut kept = Vec::new();
        let mut read = 0;
        let outcome = read_answer(&mut reader, &root, |object| {
            read += 1;
            if keep && let Object::Document(entry) = object {
                kept.push(entry);
            }
        });
        assert_eq!(outcome.unwrap().total, Some(many as u64));
        assert_eq!(read, many);
        let used = MOST.get() - before;
        println!("{} entries, kept: {keep}, {used} bytes", read);
        let limit = if keep { 20 * MEGABYTE } else { MEGABYTE / 4 };
        assert!(used < limit as isize, "kept: {keep}, {used} bytes");
    }
}
