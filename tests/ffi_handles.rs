//! Handles through the C face: forged, stale, of another kind, closed twice, closed in any order, used
//! after their connector, used from within a callback, shared between threads.

#![allow(unsafe_code)] // gives the C face callbacks, as C does

#[path = "common/face.rs"]
mod face;
#[path = "common/host.rs"]
mod host;
#[path = "common/practice.rs"]
mod practice;

use std::ffi::{c_char, c_void};
use std::ptr::{null_mut, without_provenance_mut};
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use dmpkit::ffi::connector::dmp_connector_set_log;
use dmpkit::ffi::library::dmp_open_handles;
use face::{FUNCTIONS, On, call, function};
use host::{World, content, demands, good_text};
use practice::{
    Practice, bare, config, doctor, ins, open_connector, open_session, report, traits, welcome,
};
use serde_json::json;

#[test]
fn handles_that_are_forged_stale_or_of_another_kind() {
    let world = World::open();
    let p = &world.practice;
    let before = world.effects();
    let stale = open_connector(&config(&p.folder.path().join("..").join(p.folder.path())));
    bare("dmp_connector_close", stale).ok();
    let generation = 1_usize << (usize::BITS / 2);
    for f in FUNCTIONS.iter().filter(|f| f.on != On::Nothing) {
        let mine = world.handle(f.on);
        let mut bad = vec![0, 1, 2, 0xdead_beef, usize::MAX, usize::MAX >> 1, stale];
        bad.extend([
            mine + generation,
            mine - generation,
            mine + 1000,
            mine | 1 << 20,
        ]);
        let kinds = [On::Connector, On::Session, On::Access];
        bad.extend(
            kinds
                .iter()
                .filter(|k| **k != f.on)
                .map(|k| world.handle(*k)),
        );
        let text = good_text(f, &world);
        let text = text.as_deref().map(str::as_bytes);
        for handle in bad {
            let reply = f.call(handle, text, content(f).as_deref());
            demands(
                &format!("{} on {handle:#x}", f.name),
                &reply,
                "DMP_BAD_HANDLE",
            );
        }
    }
    assert_eq!(world.effects(), before);
    world.close();
}

#[test]
fn closed_once_in_any_order_and_never_twice() {
    let closes = [
        "dmp_connector_close",
        "dmp_session_close",
        "dmp_access_close",
    ];
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let world = World::open();
        let p = &world.practice;
        let handles = [p.connector, p.session, p.access];
        for (done, step) in order.iter().enumerate() {
            let what = format!("{order:?}, step {done}");
            assert_eq!(
                bare(closes[*step], handles[*step]).name(),
                "DMP_OK",
                "{what}"
            );
            for closed in &order[..=done] {
                demands(
                    &what,
                    &bare(closes[*closed], handles[*closed]),
                    "DMP_BAD_HANDLE",
                );
            }
        }
        assert_eq!(dmp_open_handles(), world.handles_before);
    }
}

#[test]
fn after_the_connector_closed_its_sessions_and_accesses_answer_closed() {
    let world = World::open();
    let p = &world.practice;
    let texts: Vec<Option<String>> = FUNCTIONS.iter().map(|f| good_text(f, &world)).collect();
    bare("dmp_document_unstage", p.access).ok();
    p.stage(&host::marked(2), &json!({})).ok();
    bare("dmp_connector_close", p.connector).ok();
    for (f, text) in FUNCTIONS.iter().zip(texts) {
        if matches!(f.on, On::Nothing | On::Connector) || f.name.ends_with("_close") {
            continue;
        }
        let text = text.as_deref().map(str::as_bytes);
        let reply = f.call(world.handle(f.on), text, content(f).as_deref());
        demands(f.name, &reply, "DMP_CLOSED");
    }
    bare("dmp_access_close", p.access).ok();
    bare("dmp_session_close", p.session).ok();
    assert_eq!(dmp_open_handles(), world.handles_before);
}

/// What a callback that calls back in is answered, call by call.
static ANSWERS: Mutex<Vec<(&str, &str)>> = Mutex::new(Vec::new());
static MINE: Mutex<[usize; 3]> = Mutex::new([0; 3]);

unsafe extern "C" fn calls_back(_: *mut c_void, _: i32, _: *const c_char) {
    let [connector, session, access] = *MINE.lock().expect("the handles");
    let answers = [
        ("find", bare("dmp_document_find", access)),
        ("list", bare("dmp_dossier_list", session)),
        ("audit", bare("dmp_journal_audit", connector)),
        ("leave", bare("dmp_access_close", access)),
        ("end", bare("dmp_session_close", session)),
        (
            "log",
            function("dmp_connector_set_log").call(connector, None, None),
        ),
        ("close", bare("dmp_connector_close", connector)),
    ]
    .map(|(what, reply)| (what, reply.name()));
    ANSWERS.lock().expect("the answers").extend(answers);
}

#[test]
fn a_callback_that_calls_back_in_is_refused_and_does_not_wait_for_itself() {
    let world = World::open();
    let p = &world.practice;
    *MINE.lock().expect("the handles") = [p.connector, p.session, p.access];
    let mut error = null_mut();
    // SAFETY: the callback is a function of this program.
    let status = unsafe {
        let connector = without_provenance_mut(p.connector);
        dmp_connector_set_log(connector, Some(calls_back), null_mut(), &mut error)
    };
    assert_eq!(status, 0);
    let (done, waiting) = mpsc::channel();
    let access = p.access;
    std::thread::spawn(move || done.send(bare("dmp_document_find", access).name()));
    let answer = waiting.recv_timeout(Duration::from_secs(20));
    assert_eq!(answer, Ok("DMP_OK"), "a callback waits for itself");
    let answers = std::mem::take(&mut *ANSWERS.lock().expect("the answers"));
    let refused = ["find", "list", "audit", "leave", "end", "log", "close"]
        .map(|what| (what, "DMP_INVALID_VALUE"));
    assert_eq!(answers, refused);
    function("dmp_connector_set_log")
        .call(p.connector, None, None)
        .ok();
    world.close();
}

#[test]
fn what_is_staged_while_a_lot_is_refused_is_not_lost() {
    let _alone = host::alone();
    let practice = Practice::open();
    // The DMP holds another document under the first one's name: every lot is refused, and stays.
    let mut colleague = doctor();
    colleague["professional"]["id"] = json!("899900112233");
    let session = open_session(practice.connector, &colleague);
    let theirs = welcome(session, &ins(), &traits());
    call("dmp_document_feed", theirs, None, Some(&report(0))).ok();
    practice.stage(&report(0), &json!({})).ok();
    let access = practice.access;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..60 {
                let reply = bare("dmp_document_feed_staged", access);
                assert_eq!(reply.name(), "DMP_REFUSED_BY_DMP");
            }
        });
        for n in 1..=40 {
            practice.stage(&report(n), &json!({})).ok();
        }
    });
    let left = bare("dmp_document_unstage", access).ok().json();
    assert_eq!(left["documents"], 41, "documents staged were lost");
    bare("dmp_access_close", theirs).ok();
    bare("dmp_session_close", session).ok();
    practice.close();
}
