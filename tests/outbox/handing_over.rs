//! Handing over: without network, checked, durable, once.

use dmpkit::connector::AccessRequest;
use dmpkit::connector::dispatch::Ended;
use dmpkit::connector::feed::FeedOptions;
use dmpkit::rules::outbox::State;
use serde_json::json;

use crate::bench::{Desk, config, ins, open, report, report_id, request, session};
use crate::flaky::{Call, Fate, Shared};

#[test]
fn nothing_is_asked_of_the_dmp_and_what_was_handed_over_is_there_after_closing() {
    let desk = Desk::new();
    desk.fate(|_, _, _| Fate::Unreachable);
    let queued = desk.add(1);
    assert_eq!(
        (queued.state, queued.already_there),
        (State::Waiting, false)
    );
    assert_eq!(desk.told.lock().unwrap().calls.len(), 0);
    desk.connector.close().unwrap();
    let told = Shared::default();
    let connector = open(
        &config(desk.folder.path(), json!({"feedsPerSecond": 0})),
        &told,
    );
    let answer = connector
        .dispatch(&Default::default(), &mut |_| true)
        .unwrap();
    assert_eq!((answer.progress.sent, answer.counts.done), (1, 1));
    assert_eq!(told.lock().unwrap().deposits, [report_id(1)]);
}

#[test]
fn the_same_bytes_handed_over_again_are_the_same_item_also_once_done() {
    let desk = Desk::new();
    let first = desk.add(1);
    let again = desk.add(1);
    assert_eq!((again.id, again.already_there), (first.id, true));
    desk.drain();
    let done = desk.add(1);
    assert_eq!(
        (done.id, done.state, done.already_there),
        (first.id, State::Done, true)
    );
    assert_eq!(desk.deposits(), [report_id(1)]);
}

#[test]
fn other_bytes_under_the_same_identifier_are_refused() {
    let desk = Desk::new();
    desk.add(1);
    let mut other = report(1);
    other.extend_from_slice(b"<!-- -->");
    let error = desk.doctor.enqueue(&request(), &other).unwrap_err();
    let rule = &error.refusal().unwrap().explanation.rule;
    assert_eq!(rule, "OUTBOX-OTHER-CONTENT");
}

#[test]
fn a_colleague_does_not_get_the_item_of_another_by_handing_over_its_bytes() {
    let desk = Desk::new();
    desk.add(1);
    let colleague = session(&desk.connector, "899900987655");
    let error = colleague.enqueue(&request(), &report(1)).unwrap_err();
    assert_eq!(
        error.refusal().unwrap().explanation.rule,
        "OUTBOX-OTHER-CONTENT"
    );
}

#[test]
fn what_the_rules_refuse_here_is_refused_at_once() {
    let desk = Desk::new();
    desk.register(&crate::bench::traits(), "provisoire");
    let error = desk.doctor.enqueue(&request(), &report(1)).unwrap_err();
    assert_eq!(error.refusal().unwrap().explanation.rule, "INS-QUALIFIEE");
    desk.register(&crate::bench::traits(), "qualifiee");
    desk.oppose();
    let error = desk.doctor.enqueue(&request(), &report(1)).unwrap_err();
    assert_eq!(error.refusal().unwrap().explanation.rule, "R1111-47");
    let error = desk.doctor.enqueue(&request(), b"<a/>").unwrap_err();
    assert!(matches!(
        error.kind(),
        dmpkit::ErrorKind::Unreadable(_) | dmpkit::ErrorKind::Refused(_)
    ));
    assert!(desk.items().is_empty());
}

#[test]
fn a_lot_is_one_item_and_reaches_the_dmp_whole() {
    let desk = Desk::new();
    let entering: AccessRequest = serde_json::from_value(json!({"patient": ins()})).unwrap();
    let access = desk.doctor.access(&entering).unwrap();
    for n in 1..=3 {
        access.stage(&report(n), &FeedOptions::default()).unwrap();
    }
    let queued = access.enqueue_staged().unwrap();
    assert_eq!(desk.item(queued.id).unique_ids.len(), 3);
    // Lost on the way back, and asked for whole.
    desk.fate(|call, _, before| match (call, before) {
        (Call::Submit, 0) => Fate::LostAfter,
        _ => Fate::Well,
    });
    desk.drain();
    assert_eq!(desk.state(queued.id), State::Done);
    let lot = format!("{} {} {}", report_id(1), report_id(2), report_id(3));
    assert_eq!(desk.deposits(), std::slice::from_ref(&lot));
    assert_eq!(desk.calls(Call::References), [lot]);
    assert_eq!(desk.in_the_dmp().len(), 3);
}

#[test]
fn a_person_sees_his_own_items_and_oversight_sees_all() {
    let desk = Desk::new();
    let item = desk.add(1);
    let colleague = session(&desk.connector, "899900987655");
    let filter = Default::default();
    assert!(colleague.outbox(&filter).unwrap().items.is_empty());
    assert_eq!(colleague.outbox(&filter).unwrap().counts.waiting, 0);
    let request = serde_json::from_value(json!({"id": item.id})).unwrap();
    let of_another = colleague.outbox_item(&request).unwrap_err();
    let none = serde_json::from_value(json!({"id": 4711})).unwrap();
    let of_nobody = colleague.outbox_item(&none).unwrap_err();
    assert_eq!(of_another.refusal(), of_nobody.refusal());
    assert_eq!(
        colleague.give_up(&request).unwrap_err().refusal(),
        of_nobody.refusal()
    );
    assert_eq!(desk.doctor.outbox(&filter).unwrap().items.len(), 1);
    assert_eq!(desk.items().len(), 1);
}

#[test]
fn an_empty_outbox_asks_nothing_and_has_no_next() {
    let desk = Desk::new();
    let answer = desk.dispatch();
    assert_eq!((answer.ended, answer.next), (Ended::NothingDue, None));
    assert!(desk.told.lock().unwrap().calls.is_empty());
}
