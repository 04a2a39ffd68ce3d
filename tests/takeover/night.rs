//! From the folder to the DMP: at night, five a second, so many a day, after the doctor's own work; the stop button.

use dmpkit::clock::Instant;
use dmpkit::connector::dispatch::DispatchRequest;
use dmpkit::connector::outbox::StopRequest;
use dmpkit::document::Oid;
use serde_json::json;

use crate::bench::{Desk, ins, report, report_id, session};
use crate::flaky::Call;
use crate::shelf::{Shelf, of, run, with_system};

fn shelf(count: u32) -> Shelf {
    let shelf = Shelf::new();
    for n in 0..count {
        shelf.put(&format!("{n}.xml"), report(n));
    }
    shelf
}

fn at(text: &str) -> Instant {
    Instant::parse(text).expect("an instant")
}

/// Dispatches until nothing goes by itself, and says when each document left.
fn left(desk: &Desk) -> Vec<Instant> {
    let mut left = Vec::new();
    loop {
        let before = desk.deposits().len();
        let answer = desk.dispatch();
        let now = desk.connector.now();
        left.extend(vec![now; desk.deposits().len() - before]);
        match answer.next {
            Some(next) => desk.at(next),
            None => return left,
        }
    }
}

#[test]
fn past_documents_leave_at_night_five_a_second_and_so_many_a_day() {
    let shelf = shelf(23);
    let desk = Desk::with(json!({"takeOverDaily": 10}));
    run(&desk.doctor, &of(&shelf, json!({})));
    desk.add(100);
    let state = desk.doctor.take_over_state().expect("a state");
    assert_eq!(
        (state.counts.unsure, state.left, state.stopped),
        (23, 23, None)
    );
    let left = left(&desk);
    assert_eq!(left.len(), 24);
    // The doctor's own report at once; the rest in the night that follows (20:00 to 06:00 local, an hour ahead of UTC).
    assert_eq!(desk.deposits()[0], report_id(100));
    assert_eq!(left[0], at(crate::bench::START));
    for (first, last) in [
        ("2026-03-02T19:00:00Z", 1..11),
        ("2026-03-02T23:00:00Z", 11..21),
        ("2026-03-03T23:00:00Z", 21..24),
    ] {
        let from = at(first);
        for now in &left[last] {
            assert!(
                *now >= from && *now < from.plus_seconds(30),
                "{now} after {first}"
            );
        }
    }
    for (index, now) in left.iter().enumerate() {
        let second = left[index..]
            .iter()
            .take_while(|t| t.millis() - now.millis() < 1000);
        assert!(second.count() <= 5);
    }
    let state = desk.doctor.take_over_state().expect("a state");
    assert_eq!((state.counts.done, state.left), (23, 0));
    let mut once = desk.deposits();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), 24);
    // Each was asked for first.
    assert_eq!(desk.calls(Call::References).len(), 23);
    desk.verified();
}

#[test]
fn the_stop_button_holds_take_overs_back_and_not_the_doctors_work() {
    let shelf = shelf(3);
    let desk = Desk::with(json!({"takeOverFromMinute": 0, "takeOverToMinute": 0}));
    run(&desk.doctor, &of(&shelf, json!({})));
    let take_over: StopRequest =
        serde_json::from_value(json!({"what": "take_over"})).expect("a request");
    assert!(desk.doctor.stop_outbox(take_over).expect("stopped"));
    assert!(
        desk.doctor
            .take_over_state()
            .expect("a state")
            .stopped
            .is_some()
    );
    desk.add(100);
    desk.drain();
    assert_eq!(desk.deposits(), [report_id(100)]);
    desk.doctor.restart_outbox(take_over).expect("restarted");
    desk.drain();
    assert_eq!(desk.deposits().len(), 4);
    // A host may keep take-overs out of a call altogether.
    run(&desk.doctor, &of(&self::shelf(4), json!({})));
    let without = DispatchRequest {
        take_over: false,
        ..DispatchRequest::default()
    };
    desk.connector
        .dispatch(&without, &mut |_| true)
        .expect("dispatched");
    assert_eq!(desk.deposits().len(), 4);
}

#[test]
fn a_masked_document_remains_within_reach_of_its_author_and_of_its_structure() {
    let shelf = Shelf::new();
    let whole = with_system(&String::from_utf8(report(0)).expect("UTF-8"));
    shelf.put("a.xml", &whole);
    let desk = Desk::with(json!({"takeOverFromMinute": 0, "takeOverToMinute": 0}));
    run(
        &desk.doctor,
        &of(
            &shelf,
            json!({"visibility": ["MASQUE_PS"], "legalPerson": true}),
        ),
    );
    desk.drain();
    desk.consent(json!({"kind": "care_team", "means": "oral", "wording": "w"}));
    let id = Oid::new(&report_id(0)).expect("an OID");
    let enter = |session: &dmpkit::connector::Session| {
        let request = serde_json::from_value(json!({"patient": ins()})).expect("a request");
        let access = session.access(&request).expect("an access");
        access
            .authorise(dmpkit::dossier::AuthorisationChange::Declare)
            .expect("declared");
        access
    };
    let (read, _) = enter(&desk.doctor).read(&id).expect("its author reads it");
    assert!(read == whole.as_bytes());
    let colleague = enter(&session(&desk.connector, "899900112233"));
    assert!(colleague.read(&id).is_err(), "a colleague does not");
    // The structure names its document, to delete it: it reads nothing (PDT-INF-526).
    let structure = json!({
        "structure": {"id": "499900987654001", "name": "Cabinet", "sector": "SA07"}, "authentication": "structure"
    });
    let structure = serde_json::from_value(structure).expect("a requester");
    let structure = desk.connector.session(structure).expect("a session");
    let request = serde_json::from_value(json!({"patient": ins()})).expect("a request");
    let found = structure
        .access(&request)
        .expect("an access")
        .references(std::slice::from_ref(&id));
    assert_eq!(found.expect("named").len(), 1);
}
