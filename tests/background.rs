//! The background thread: it sends by itself, sleeps until it is of use, stops when told, and survives what it meets.

#[path = "outbox/bench.rs"]
mod bench;
#[path = "common/flaky.rs"]
mod flaky;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bench::{Desk, report_id};
use dmpkit::connector::background::Dispatcher;
use dmpkit::connector::dispatch::DispatchRequest;
use dmpkit::rules::outbox::State;
use flaky::{Call, Fate};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(60);

/// Waits for what must come, half a minute at most.
fn eventually(what: &str, mut there: impl FnMut() -> bool) {
    let began = Instant::now();
    while !there() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn start(desk: &Desk, every: Duration) -> Dispatcher {
    let request = DispatchRequest::default();
    Dispatcher::start(desk.connector.clone(), request, every).expect("a thread")
}

#[test]
fn it_sends_at_once_then_at_its_time_and_when_it_is_woken() {
    let desk = Desk::new();
    let first = desk.add(1);
    let dispatcher = start(&desk, LONG);
    eventually("the first", || desk.state(first.id) == State::Done);
    // It sleeps for an hour, unless it is told.
    let second = desk.add(2);
    dispatcher.wake();
    eventually("the second", || desk.state(second.id) == State::Done);
    dispatcher.stop();
    let often = start(&desk, SHORT);
    let third = desk.add(3);
    eventually("the third", || desk.state(third.id) == State::Done);
    drop(often);
    assert_eq!(desk.deposits().len(), 3);
}

#[test]
fn it_wakes_when_the_dmp_is_tried_again() {
    let desk = Desk::new();
    let item = desk.add(1);
    desk.fate(|call, _, before| match (call, before) {
        (Call::Submit, 0) => Fate::LostAfter,
        _ => Fate::Well,
    });
    // Its clock stands still: the instant comes when it is moved, and the thread looks at least every `every`.
    let dispatcher = start(&desk, SHORT);
    eventually("the cut", || desk.state(item.id) == State::Unsure);
    assert_eq!(desk.state(item.id), State::Unsure);
    desk.at(desk.connector.now().plus_seconds(3600));
    eventually("the question", || desk.state(item.id) == State::Done);
    dispatcher.stop();
    assert_eq!(desk.deposits(), [report_id(1)]);
}

#[test]
fn once_stopped_or_dropped_nothing_leaves_and_it_does_not_wait_for_its_time() {
    let desk = Desk::new();
    for stop in [Dispatcher::stop as fn(Dispatcher), drop::<Dispatcher>] {
        let dispatcher = start(&desk, LONG);
        std::thread::sleep(SHORT);
        let began = Instant::now();
        stop(dispatcher);
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    let item = desk.add(1);
    std::thread::sleep(SHORT * 3);
    assert_eq!(desk.state(item.id), State::Waiting);
}

#[test]
fn it_ends_with_its_connector() {
    let desk = Desk::new();
    let dispatcher = start(&desk, SHORT);
    assert!(dispatcher.is_running());
    desk.connector.close().expect("closed");
    eventually("its end", || !dispatcher.is_running());
    dispatcher.stop();
}

#[test]
fn a_panic_within_is_contained_and_logged() {
    let desk = Desk::new();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let log = move |_, line: &str| kept.lock().expect("the log").push(line.to_owned());
    desk.connector.set_log(Some(Box::new(log))).expect("lent");
    desk.add(1);
    desk.fate(|_, _, _| panic!("a fault of the back end"));
    let dispatcher = start(&desk, SHORT);
    eventually("its end", || !dispatcher.is_running());
    dispatcher.stop();
    let lines = lines.lock().expect("the log");
    assert!(
        lines.iter().any(|line| line.contains("a panic was caught")),
        "{lines:?}"
    );
    // Nothing is lost: another connector asks the DMP, and sends.
    let told = flaky::Shared::default();
    let config = bench::config(desk.folder.path(), serde_json::json!({}));
    let connector = bench::open(&config, &told);
    connector
        .set_time(connector.now().plus_seconds(3600))
        .expect("moved");
    let request = DispatchRequest::default();
    let mut sent = 0;
    for _ in 0..3 {
        let answer = connector.dispatch(&request, &mut |_| true).expect("sent");
        sent += answer.progress.sent + answer.progress.found;
    }
    assert_eq!(sent, 1);
}
