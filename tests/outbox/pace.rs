//! Bounds of a call, pace of a structure, what is forgotten.

use dmpkit::connector::dispatch::{DispatchRequest, Ended};
use dmpkit::rules::outbox::State;
use serde_json::json;

use crate::bench::Desk;
use crate::flaky::{Call, Fate};

#[test]
fn five_deposits_leave_in_a_second_and_structure() {
    let desk = Desk::with(json!({}));
    for n in 0..23 {
        desk.add(n);
    }
    let mut left = Vec::new();
    loop {
        let before = desk.deposits().len();
        let answer = desk.dispatch();
        left.push((desk.connector.now(), desk.deposits().len() - before));
        match answer.next {
            Some(next) => desk.at(next),
            None => break,
        }
        assert_eq!(answer.ended, Ended::Pace);
    }
    assert_eq!(desk.deposits().len(), 23);
    for (index, (at, _)) in left.iter().enumerate() {
        let within: usize = left[index..]
            .iter()
            .filter(|(t, _)| t.millis() - at.millis() < 1000)
            .map(|(_, n)| n)
            .sum();
        assert!(within <= 5);
    }
}

#[test]
fn a_call_is_bounded_in_items_and_told_to_stop_by_its_caller() {
    let desk = Desk::new();
    for n in 0..9 {
        desk.add(n);
    }
    let three = DispatchRequest {
        max_items: Some(3),
        ..DispatchRequest::default()
    };
    let mut seen = Vec::new();
    let answer = desk
        .connector
        .dispatch(&three, &mut |p| {
            seen.push((p.sent, p.left));
            true
        })
        .unwrap();
    assert_eq!(seen, [(1, 8), (2, 7), (3, 6)]);
    assert_eq!((answer.ended, answer.counts.waiting), (Ended::Bounds, 6));
    assert!(answer.next.is_some());
    let answer = desk
        .connector
        .dispatch(&DispatchRequest::default(), &mut |p| p.sent < 2)
        .unwrap();
    assert_eq!((answer.ended, answer.progress.sent), (Ended::Told, 2));
    let none = DispatchRequest {
        max_seconds: Some(0),
        ..DispatchRequest::default()
    };
    let answer = desk.connector.dispatch(&none, &mut |_| true).unwrap();
    assert_eq!((answer.ended, answer.progress.sent), (Ended::Bounds, 0));
}

#[test]
fn the_progress_function_cannot_call_back_in() {
    let desk = Desk::new();
    desk.add(1);
    let connector = desk.connector.clone();
    let mut refused = false;
    desk.connector
        .dispatch(&DispatchRequest::default(), &mut |_| {
            refused = connector.verify_journal().is_err();
            true
        })
        .unwrap();
    assert!(refused);
}

#[test]
fn what_is_done_loses_its_content_at_once_and_its_history_after_ninety_days() {
    let desk = Desk::new();
    let item = desk.add(1);
    desk.drain();
    let register = std::fs::read(desk.folder.path().join("register.db")).unwrap();
    assert!(!register.is_empty());
    desk.at(desk.connector.now().plus_days(89));
    desk.dispatch();
    assert_eq!(desk.state(item.id), State::Done);
    desk.at(desk.connector.now().plus_days(2));
    desk.dispatch();
    assert!(desk.items().is_empty());
}

#[test]
fn what_waits_for_a_person_is_never_forgotten() {
    let desk = Desk::new();
    let item = desk.add(1);
    desk.fate(|call, _, _| match call {
        Call::Submit => Fate::Says("XDSRegistryMetadataError"),
        _ => Fate::Well,
    });
    desk.drain();
    desk.at(desk.connector.now().plus_days(4000));
    desk.dispatch();
    assert_eq!(desk.state(item.id), State::Dead);
}

#[test]
fn a_clock_that_was_ahead_when_it_was_handed_over_or_failed_does_not_hold_it_back() {
    let desk = Desk::with(json!({}));
    let now = desk.connector.now();
    // The clock of the machine says next year: a second is filled, and something goes wrong.
    desk.connector.set_time(now.plus_days(400)).unwrap();
    for n in 10..15 {
        desk.add(n);
    }
    desk.dispatch();
    desk.fate(|_, _, _| Fate::Unreachable);
    let item = desk.add(1);
    desk.dispatch();
    desk.well();
    desk.connector.set_time(now).unwrap();
    let answer = desk.dispatch();
    assert_eq!((answer.progress.sent, answer.next), (1, None));
    assert_eq!(desk.state(item.id), State::Done);
}
