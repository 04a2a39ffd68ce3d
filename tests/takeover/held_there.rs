//! Documents that the DMP holds already: under the same identifier, or under another with the same content.

use dmpkit::clock::Clock;
use dmpkit::dmp::embedded::Embedded;
use dmpkit::dmp::{Context, Deposit, Dmp, Lot};
use dmpkit::document::{Metadata, Oid, SubmissionSet, Visibility};
use dmpkit::rules::Mode;
use dmpkit::rules::outbox::State;
use serde_json::json;

use crate::bench::{Desk, config, ins, report, report_id};
use crate::flaky::{Call, Fate};
use crate::shelf::{Shelf, of, run};

fn desk() -> Desk {
    Desk::with(json!({"feedsPerSecond": 0, "takeOverFromMinute": 0, "takeOverToMinute": 0}))
}

/// Lets the doctor search the dossier.
fn authorised(desk: &Desk) {
    desk.consent(json!({"kind": "care_team", "means": "oral", "wording": "w"}));
    let request = serde_json::from_value(json!({"patient": ins()})).expect("a request");
    let access = desk.doctor.access(&request).expect("an access");
    access
        .authorise(dmpkit::dossier::AuthorisationChange::Declare)
        .expect("declared");
}

/// Deposits content in the DMP from elsewhere, under an identifier of the sender's choice.
fn deposited(desk: &Desk, content: &[u8], unique_id: &str, visibility: Visibility) {
    let answer = desk.connector.metadata(content).expect("a header");
    let mut metadata = answer.metadata.expect("metadata");
    metadata.unique_id = Oid::new(unique_id).expect("an OID");
    let path = desk.folder.path().join("dmp.db").display().to_string();
    let config = config(desk.folder.path(), json!({}));
    let mut dmp = Embedded::open(
        &path,
        Clock::manual(desk.connector.now()),
        config.parameters,
        Default::default(),
    )
    .expect("the DMP");
    let requester = json!({
        "professional": {"id": "899900112233", "family": "LEROUX", "given": "Yann", "profession": "10", "specialty": "SM26"},
        "structure": {"id": "499900112233001", "name": "Ailleurs", "sector": "SA07"},
        "authentication": "cps"
    });
    let requester = serde_json::from_value(requester).expect("a requester");
    let patient = ins();
    let context = Context {
        software: &config.software,
        requester: &requester,
        mode: Mode::Normal,
        reason: None,
        patient: Some(&patient),
        login: desk.connector.now(),
    };
    let submission = submission(unique_id, &metadata);
    let lot = Lot {
        submission: &submission,
        documents: vec![Deposit {
            metadata: &metadata,
            visibility,
            content,
            replaces: None,
        }],
    };
    dmp.submit(&context, &lot).expect("deposited");
}

fn submission(unique_id: &str, metadata: &Metadata) -> SubmissionSet {
    let set = json!({
        "entryUUID": "urn:uuid:0b7f5d1a-53cb-5c0e-9e0f-000000000001",
        "uniqueId": format!("{unique_id}.1"), "sourceId": "1.2.250.1.999.9",
        "submissionTime": "20260302080000", "patientId": metadata.patient_id, "author": metadata.author[0],
        "contentTypeCode": {"code": "07", "system": "1.2.250.1.213.2.2", "label": "Consultation"},
    });
    serde_json::from_value(set).expect("a submission set")
}

/// Takes one report over and sends it; the state of its item and the rules of its history.
fn taken_over(desk: &Desk) -> (State, Vec<String>) {
    let shelf = Shelf::new();
    shelf.put("a.xml", report(1));
    assert_eq!(
        run(&desk.doctor, &of(&shelf, json!({}))).counts.handed_over,
        1
    );
    desk.drain();
    let item = desk.item(desk.items()[0].id);
    let rules = item.history.iter().filter_map(|h| h.rule.clone()).collect();
    (item.state, rules)
}

#[test]
fn a_document_that_is_there_under_its_identifier_is_found_and_not_sent() {
    for search in [false, true] {
        let desk = desk();
        if search {
            authorised(&desk);
        }
        deposited(&desk, &report(1), &report_id(1), Visibility::NORMAL);
        assert_eq!(taken_over(&desk), (State::Done, vec![]), "{search}");
        assert!(desk.deposits().is_empty());
        assert_eq!(desk.in_the_dmp(), [report_id(1)]);
        // Its identifier is known to be in the DMP from now on.
        let shelf = Shelf::new();
        shelf.put("a.xml", report(1));
        let again = run(&desk.doctor, &of(&shelf, json!({"again": true})));
        assert_eq!(again.counts.already_fed, 1);
    }
}

#[test]
fn the_same_content_under_another_identifier_is_found_when_the_session_may_search() {
    let desk = desk();
    authorised(&desk);
    deposited(&desk, &report(1), "1.2.250.1.999.9.7", Visibility::NORMAL);
    let (state, rules) = taken_over(&desk);
    assert_eq!(
        (state, rules),
        (State::Done, vec!["TAKEOVER-SAME-CONTENT".to_owned()])
    );
    assert!(desk.deposits().is_empty());
    assert_eq!(desk.in_the_dmp(), ["1.2.250.1.999.9.7"]);
    // The journal says which document was found.
    let filter = json!({"action": "document.find"});
    let filter = serde_json::from_value(filter).expect("a filter");
    let entries = desk.connector.journal(&filter).expect("read").entries;
    let found: Vec<_> = entries
        .iter()
        .filter_map(|e| e.document.as_deref())
        .collect();
    assert_eq!(found, ["1.2.250.1.999.9.7"]);
    desk.verified();
}

#[test]
fn without_the_right_to_search_it_is_sent_and_nothing_was_looked_for() {
    let desk = desk();
    deposited(&desk, &report(1), "1.2.250.1.999.9.7", Visibility::NORMAL);
    assert_eq!(taken_over(&desk).0, State::Done);
    assert_eq!(desk.deposits(), [report_id(1)]);
    assert!(desk.calls(Call::Find).is_empty());
}

#[test]
fn a_masked_document_of_others_and_none_are_one_answer() {
    let desk = desk();
    authorised(&desk);
    deposited(&desk, &report(2), "1.2.250.1.999.9.7", Visibility::MASKED);
    let masked = taken_over(&desk);
    let none = self::desk();
    authorised(&none);
    assert_eq!(masked, taken_over(&none));
    assert_eq!(desk.deposits(), none.deposits());
}

#[test]
fn other_content_under_its_identifier_is_for_a_person_when_it_can_be_seen() {
    let desk = desk();
    authorised(&desk);
    let other = [&report(1)[..], b"<!-- -->"].concat();
    deposited(&desk, &other, &report_id(1), Visibility::NORMAL);
    assert_eq!(
        taken_over(&desk),
        (State::Dead, vec!["OUTBOX-IDENTIFIER".to_owned()])
    );
    assert!(desk.deposits().is_empty());
}

#[test]
fn documents_of_the_same_act_with_other_content_do_not_stop_it() {
    let desk = desk();
    authorised(&desk);
    for n in 2..6 {
        deposited(&desk, &report(n), &report_id(n), Visibility::NORMAL);
    }
    assert_eq!(taken_over(&desk).0, State::Done);
    assert_eq!(desk.deposits(), [report_id(1)]);
}

#[test]
fn a_search_that_is_cut_is_asked_again_and_one_that_is_refused_is_done_without() {
    let desk = desk();
    authorised(&desk);
    deposited(&desk, &report(1), "1.2.250.1.999.9.7", Visibility::NORMAL);
    desk.fate(|call, _, before| match (call, before) {
        (Call::Find, 0) => Fate::LostBefore,
        (Call::Find, 1) => Fate::Unreachable,
        _ => Fate::Well,
    });
    assert_eq!(taken_over(&desk).0, State::Done);
    assert!(desk.deposits().is_empty());
    assert_eq!(desk.calls(Call::Find).len(), 3);

    let desk = self::desk();
    authorised(&desk);
    desk.fate(|call, _, _| match call {
        Call::Find => Fate::Says("DMPAccessDeniedByRightsService"),
        _ => Fate::Well,
    });
    assert_eq!(taken_over(&desk).0, State::Done);
    assert_eq!(desk.deposits(), [report_id(1)]);
}

#[test]
fn the_doctors_own_work_is_not_compared() {
    let desk = desk();
    authorised(&desk);
    desk.add(1);
    desk.drain();
    assert!(desk.calls(Call::Find).is_empty());
}
