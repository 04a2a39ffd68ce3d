//! Each way in which an attempt can go wrong, and where the item is then: at once, and in the end.

use dmpkit::connector::oversight::JournalFilter;
use dmpkit::rules::outbox::State;

use crate::bench::{DOCTOR, Desk, report_id, session};
use crate::flaky::{Call, Fate};

/// One call of one kind meets a fate, everything else goes well: the state after that turn, and at the end.
fn once(call: Call, fate: Fate) -> (Desk, i64, State, State) {
    let desk = Desk::new();
    let queued = desk.add(1);
    desk.fate(move |c, _, before| {
        if c == call && before == 0 {
            fate.clone()
        } else {
            Fate::Well
        }
    });
    let request = serde_json::from_value(serde_json::json!({"maxItems": 1})).unwrap();
    desk.connector.dispatch(&request, &mut |_| true).unwrap();
    let first = desk.state(queued.id);
    desk.drain();
    let last = desk.state(queued.id);
    desk.verified();
    (desk, queued.id, first, last)
}

#[test]
fn a_single_fault_of_a_deposit_ends_in_one_document_or_with_a_person() {
    use State::*;
    let says = Fate::Says;
    for (call, fate, first, last, deposits) in [
        (Call::Existence, Fate::Unreachable, Waiting, Done, 1),
        (Call::Existence, Fate::LostAfter, Waiting, Done, 1),
        (Call::Existence, Fate::NoCard, Waiting, Done, 1),
        (Call::Existence, says("XDSRegistryBusy"), Waiting, Done, 1),
        (
            Call::Existence,
            says("DMPAccessDeniedByRightsService"),
            Held,
            Held,
            0,
        ),
        (Call::Existence, says("DMPClosed"), Cancelled, Cancelled, 0),
        (Call::Submit, Fate::Unreachable, Waiting, Done, 1),
        (Call::Submit, Fate::LostBefore, Unsure, Done, 1),
        (Call::Submit, Fate::LostAfter, Unsure, Done, 1),
        (Call::Submit, Fate::FaultAfter, Unsure, Done, 1),
        (Call::Submit, Fate::NoCard, Waiting, Done, 1),
        (Call::Submit, says("XDSRepositoryBusy"), Waiting, Done, 1),
        (Call::Submit, says("DMPNeverHeardOf"), Unsure, Done, 1),
        (Call::Submit, says("MessageExpired"), Waiting, Done, 1),
        (Call::Submit, says("DMPClosed"), Cancelled, Cancelled, 0),
        (
            Call::Submit,
            says("XDSPatientIdDoesNotMatch"),
            Cancelled,
            Cancelled,
            0,
        ),
        (
            Call::Submit,
            says("XDSRegistryMetadataError"),
            Dead,
            Dead,
            0,
        ),
        (
            Call::Submit,
            says("DMPAccessDeniedByRightsService"),
            Held,
            Held,
            0,
        ),
    ] {
        let case = format!("{call:?} {fate:?}");
        let (desk, id, at_first, at_last) = once(call, fate);
        assert_eq!((at_first, at_last), (first, last), "{case}");
        assert_eq!(desk.deposits().len(), deposits, "{case}");
        assert_eq!(desk.in_the_dmp().len(), deposits, "{case}");
        if last != Done {
            assert!(!desk.rule(id).is_empty(), "{case}");
        }
    }
}

#[test]
fn what_may_have_arrived_is_asked_for_before_anything_is_sent_again() {
    for (fate, submits) in [
        (Fate::LostBefore, 2),
        (Fate::LostAfter, 1),
        (Fate::FaultAfter, 1),
    ] {
        let (desk, id, ..) = once(Call::Submit, fate);
        let calls: Vec<Call> = {
            let told = desk.told.lock().unwrap();
            let of_interest = told.calls.iter().map(|(call, _)| *call);
            of_interest.filter(|c| *c != Call::Existence).collect()
        };
        let mut expected = vec![Call::Submit, Call::References];
        expected.extend((submits == 2).then_some(Call::Submit));
        assert_eq!(calls, expected);
        let history = desk.item(id).history;
        assert_eq!(history.first().unwrap().event, "queued");
        assert_eq!(history.last().unwrap().state, State::Done);
    }
}

#[test]
fn a_deposit_found_after_a_cut_ends_in_the_journal_as_a_direct_feed_does() {
    let (desk, id, ..) = once(Call::Submit, Fate::LostAfter);
    let filter = JournalFilter {
        document: Some(serde_json::from_value(report_id(1).into()).unwrap()),
        ..JournalFilter::default()
    };
    let journal = desk.connector.journal(&filter).unwrap();
    let told: Vec<(&str, &str, &str)> = journal
        .entries
        .iter()
        .map(|e| {
            let detail = e.detail.as_deref().unwrap_or_default();
            (e.action.as_str(), e.outcome.as_str(), detail)
        })
        .collect();
    let item = format!("outbox {id}");
    let found = format!("{item}, found in the DMP after an attempt that was cut");
    let expected = [
        ("outbox.add", "done", &item),
        ("document.feed", "intent", &item),
        ("document.feed", "failed", &item),
        ("outbox.ask", "done", &item),
        ("document.feed", "done", &found),
    ]
    .map(|(action, outcome, detail)| (action, outcome, detail.as_str()));
    assert_eq!(told, expected);
}

#[test]
fn the_answer_to_the_question_may_be_lost_too() {
    let desk = Desk::new();
    let queued = desk.add(1);
    desk.fate(|call, _, before| match (call, before) {
        (Call::Submit, 0) => Fate::LostAfter,
        (Call::References, 0..5) => Fate::LostAfter,
        _ => Fate::Well,
    });
    desk.drain();
    assert_eq!(desk.state(queued.id), State::Done);
    assert_eq!(desk.deposits(), [report_id(1)]);
    assert_eq!(desk.calls(Call::References).len(), 6);
}

#[test]
fn an_identifier_that_another_document_has_comes_back_to_a_person_and_is_not_taken_for_done() {
    let desk = Desk::new();
    // A colleague elsewhere has deposited under this very identifier.
    let other = session(&desk.connector, "899900987655");
    let queued = other
        .enqueue(&crate::bench::request(), &crate::bench::report(1))
        .unwrap();
    desk.drain();
    let done = dmpkit::connector::outbox::ItemRequest { id: queued.id };
    assert_eq!(other.outbox_item(&done).unwrap().state, State::Done);
    // This practice knows nothing of it: another register.
    let elsewhere = tempfile::tempdir().unwrap();
    let mut config = crate::bench::config(desk.folder.path(), serde_json::json!({}));
    config.register = elsewhere.path().join("r.db").display().to_string();
    let connector = crate::bench::open(&config, &desk.told);
    let doctor = session(&connector, DOCTOR);
    let known = serde_json::json!({"patient": crate::bench::ins(), "status": "qualifiee",
        "traits": crate::bench::traits()});
    doctor
        .register_patient(&serde_json::from_value(known).unwrap())
        .unwrap();
    let mine = doctor
        .enqueue(&crate::bench::request(), &crate::bench::report(1))
        .unwrap();
    let item = dmpkit::connector::outbox::ItemRequest { id: mine.id };
    for _ in 0..3 {
        connector
            .dispatch(&Default::default(), &mut |_| true)
            .unwrap();
        let shown = doctor.outbox_item(&item).unwrap();
        assert_eq!(shown.state, State::Dead);
        assert!(shown.reason.unwrap().get().contains("OUTBOX-IDENTIFIER"));
        // Sent again after all: the DMP is asked, and it is the same.
        doctor.resend(&item).unwrap();
    }
    assert_eq!(desk.in_the_dmp(), [report_id(1)]);
}

#[test]
fn an_item_that_never_passes_steps_aside_and_ends_with_a_person_while_others_go() {
    let desk = Desk::new();
    let poison = desk.add(1);
    let others: Vec<i64> = (2..8).map(|n| desk.add(n).id).collect();
    desk.told.lock().unwrap().poison = Some(report_id(1));
    desk.drain();
    assert_eq!(desk.state(poison.id), State::Held);
    assert_eq!(desk.rule(poison.id), "OUTBOX-ATTEMPTS");
    for id in others {
        assert_eq!(desk.state(id), State::Done);
    }
    // The person had the cause removed.
    desk.told.lock().unwrap().poison = None;
    let request = dmpkit::connector::outbox::ItemRequest { id: poison.id };
    desk.doctor.resend(&request).unwrap();
    desk.drain();
    assert_eq!(desk.state(poison.id), State::Done);
    assert_eq!(desk.in_the_dmp().len(), 7);
}

#[test]
fn a_card_that_is_out_stops_its_owner_and_nobody_else() {
    let desk = Desk::new();
    let colleague = session(&desk.connector, "899900987655");
    let mine = desk.add(1);
    let his = colleague
        .enqueue(&crate::bench::request(), &crate::bench::report(2))
        .unwrap();
    desk.fate(|_, who, _| {
        if who == DOCTOR {
            Fate::NoCard
        } else {
            Fate::Well
        }
    });
    let answer = desk.dispatch();
    assert_eq!(answer.progress.sent, 1);
    assert!(answer.next.is_some());
    assert_eq!(desk.state(mine.id), State::Waiting);
    let his = dmpkit::connector::outbox::ItemRequest { id: his.id };
    assert_eq!(colleague.outbox_item(&his).unwrap().state, State::Done);
    desk.well();
    desk.drain();
    assert_eq!(desk.state(mine.id), State::Done);
}
