//! Order between dependent items, fairness between authors, order after an outage.

use dmpkit::connector::outbox::ItemRequest;
use dmpkit::rules::outbox::State;
use serde_json::json;

use crate::bench::{Desk, ins, replacement, report, report_id, request, session};
use crate::flaky::{Call, Fate};

#[test]
fn a_replacement_goes_after_what_it_replaces_and_a_deletion_after_both() {
    let desk = Desk::new();
    let created = desk.add(1);
    let replaced = desk.doctor.enqueue(&request(), &replacement(2, 1)).unwrap();
    let masked = desk.change(2, "mask");
    let deleted = desk.change(2, "delete");
    let alone = desk.add(9);
    // The first is held up: nobody passes it who depends on it.
    desk.fate(|call, _, before| match (call, before) {
        (Call::Submit, 0..4) => Fate::LostBefore,
        _ => Fate::Well,
    });
    desk.drain();
    for id in [created.id, replaced.id, masked.id, deleted.id, alone.id] {
        assert_eq!(desk.state(id), State::Done, "{id}");
    }
    let done: Vec<(Call, String)> = {
        let told = desk.told.lock().unwrap();
        let effects = told.calls.iter();
        effects
            .filter(|(c, names)| matches!(c, Call::Submit | Call::Change) && *names != report_id(9))
            .cloned()
            .collect()
    };
    let tail = &done[done.len() - 3..];
    assert_eq!(
        tail,
        [
            (Call::Submit, report_id(2)),
            (Call::Change, report_id(2)),
            (Call::Change, report_id(2))
        ]
    );
    assert!(
        done[..done.len() - 3]
            .iter()
            .all(|(_, n)| *n == report_id(1))
    );
    desk.verified();
}

#[test]
fn a_change_whose_answer_was_lost_is_done_once() {
    for change in ["mask", "archive", "delete"] {
        for fate in [Fate::LostAfter, Fate::LostBefore] {
            let desk = Desk::new();
            desk.add(1);
            desk.drain();
            let item = desk.change(1, change);
            let told = fate.clone();
            desk.fate(move |call, _, before| match (call, before) {
                (Call::Change, 0) => told.clone(),
                _ => Fate::Well,
            });
            desk.drain();
            assert_eq!(desk.state(item.id), State::Done, "{change} {fate:?}");
        }
    }
}

#[test]
fn a_colleague_s_change_goes_after_a_deposit_but_for_a_masked_one() {
    for (visibility, first) in [
        (json!([]), State::Waiting),
        (json!(["MASQUE_PS"]), State::Dead),
    ] {
        let desk = Desk::new();
        let colleague = session(&desk.connector, "899900987655");
        let request = json!({"patient": ins(), "options": {"visibility": visibility}});
        let request = serde_json::from_value(request).unwrap();
        desk.doctor.enqueue(&request, &report(1)).unwrap();
        let change = json!({"patient": ins(), "uniqueId": report_id(1), "change": "archive"});
        let his = colleague
            .enqueue_change(&serde_json::from_value(change).unwrap())
            .unwrap();
        // The deposit does not leave.
        desk.fate(|_, who, _| match who {
            crate::bench::DOCTOR => Fate::NoCard,
            _ => Fate::Well,
        });
        desk.dispatch();
        let shown = colleague.outbox_item(&ItemRequest { id: his.id }).unwrap();
        assert_eq!(shown.state, first, "{visibility}");
    }
}

#[test]
fn a_colleague_s_report_does_not_wait_behind_four_hundred_others() {
    let desk = Desk::new();
    for n in 0..400 {
        desk.add(n);
    }
    let colleague = session(&desk.connector, "899900987655");
    let his = colleague.enqueue(&request(), &report(1000)).unwrap();
    let bounds = serde_json::from_value(serde_json::json!({"maxItems": 2})).unwrap();
    desk.connector.dispatch(&bounds, &mut |_| true).unwrap();
    let his = colleague.outbox_item(&ItemRequest { id: his.id }).unwrap();
    assert_eq!(his.state, State::Done);
    assert_eq!(desk.deposits().len(), 2);
}

#[test]
fn after_an_outage_of_three_days_all_drains_in_the_order_it_was_handed_over() {
    let desk = Desk::new();
    desk.fate(|_, _, _| Fate::Unreachable);
    let began = desk.connector.now();
    let mut added = 0;
    while desk.connector.now() < began.plus_seconds(72 * 3600) {
        if added < 60 {
            desk.add(added);
            added += 1;
        }
        let next = desk.dispatch().next.expect("there is work left");
        // Not less than a second apart, and never given up.
        assert!(next > desk.connector.now());
        desk.at(next);
    }
    assert_eq!(desk.deposits().len(), 0);
    let tried = desk.calls(Call::Existence).len();
    assert!(tried < 72 * 3600 / 400, "the DMP was asked {tried} times");
    desk.well();
    desk.drain();
    let expected: Vec<String> = (0..60).map(report_id).collect();
    assert_eq!(desk.deposits(), expected);
    desk.verified();
}
