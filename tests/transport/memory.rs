//! A large document goes out and a large answer comes in without being held whole.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use dmpkit::dmp::national::transport::{Cancel, Request, Transport};

use crate::pki::{self, ServerTls};
use crate::server::{Server, head, read_request, within};
use crate::{ACCEPT, client_of, config};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::SeqCst) + layout.size();
        MOST.fetch_max(held, Ordering::SeqCst);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::SeqCst);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MEGABYTE: usize = 1024 * 1024;

#[test]
fn a_hundred_megabytes_pass_in_a_few() {
    let server = Server::tls(ServerTls::default().config(), |_, peer| {
        let received = read_request(peer).unwrap();
        assert_eq!(received.length as usize, 100 * MEGABYTE);
        peer.write_all(head(100 * MEGABYTE).as_bytes()).unwrap();
        let piece = vec![b'b'; MEGABYTE];
        for _ in 0..100 {
            peer.write_all(&piece).unwrap();
        }
    });
    let url = server.url();
    // The same megabyte a hundred times: the body itself costs one.
    let piece = vec![b'a'; MEGABYTE];
    let before = HELD.load(Ordering::SeqCst);
    MOST.store(before, Ordering::SeqCst);
    let read = within(120, move || {
        let mut config = config();
        config.send_seconds = 100;
        config.answer_seconds = 100;
        let mut answer = client_of(config)
            .send(&Request {
                url: &url,
                content_type: "application/soap+xml",
                soap_action: None,
                headers: &[],
                body: &[&piece[..]; 100],
                accept: ACCEPT,
                identity: &pki::card(),
                repeatable: false,
                cancel: &Cancel::new(),
            })
            .unwrap();
        let mut part = vec![0; 64 * 1024];
        let mut total = 0;
        loop {
            match answer.body.read(&mut part).unwrap() {
                0 => break total,
                n => total += n,
            }
        }
    });
    assert_eq!(read, 100 * MEGABYTE);
    let grown = MOST.load(Ordering::SeqCst).saturating_sub(before);
    // The other tests run beside this one and hold a few megabytes too; one of them sends one.
    assert!(grown < 20 * MEGABYTE, "{grown} bytes");
}
