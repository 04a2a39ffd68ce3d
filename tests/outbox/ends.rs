//! The patient's word, a person's word, a dossier that closes: what waits is given up, and says so.

use dmpkit::connector::outbox::{CorrectionRequest, ItemRequest, Stop, StopRequest};
use dmpkit::rules::outbox::State;
use serde_json::json;

use crate::bench::{Desk, ins, replacement, report, report_id, request, session, traits};
use crate::flaky::{Call, Fate};

fn one(id: i64) -> ItemRequest {
    ItemRequest { id }
}

#[test]
fn an_opposition_cancels_what_waits_in_its_own_transaction_and_a_person_may_send_it_after_all() {
    let desk = Desk::new();
    let item = desk.add(1);
    let opposition = desk.oppose();
    assert_eq!(desk.state(item.id), State::Cancelled);
    assert_eq!(desk.rule(item.id), "R1111-47");
    // Sent again against the opposition: asked for, and stopped again.
    desk.doctor.resend(&one(item.id)).unwrap();
    desk.drain();
    assert_eq!(desk.state(item.id), State::Cancelled);
    assert!(desk.deposits().is_empty());
    let withdrawal = serde_json::from_value(json!({"patient": ins(), "id": opposition})).unwrap();
    desk.doctor.revoke_consent(&withdrawal).unwrap();
    desk.doctor.resend(&one(item.id)).unwrap();
    desk.drain();
    assert_eq!(desk.state(item.id), State::Done);
    assert_eq!(desk.deposits(), [report_id(1)]);
    desk.verified();
}

#[test]
fn an_opposition_to_one_document_cancels_that_one() {
    let desk = Desk::new();
    let (one, other) = (desk.add(1), desk.add(2));
    desk.consent(
        json!({"kind": "feeding_opposition", "means": "oral", "wording": "w",
        "reason": "motif", "document": report_id(1)}),
    );
    assert_eq!(desk.state(one.id), State::Cancelled);
    assert_eq!(desk.rule(one.id), "R1111-47-DOCUMENT");
    desk.drain();
    assert_eq!(desk.state(other.id), State::Done);
    assert_eq!(desk.in_the_dmp(), [report_id(2)]);
}

#[test]
fn a_consent_taken_back_returns_what_waits_to_a_person() {
    for consent in ["care_team", "explicit"] {
        let desk = Desk::new();
        let given = desk.consent(json!({"kind": consent, "means": "oral", "wording": "w"}));
        let item = desk.add(1);
        let withdrawal = serde_json::from_value(json!({"patient": ins(), "id": given})).unwrap();
        desk.doctor.revoke_consent(&withdrawal).unwrap();
        assert_eq!(desk.state(item.id), State::Cancelled);
        assert_eq!(desk.rule(item.id), "OUTBOX-CONSENT");
        // Feeding needs no consent: the person decides.
        desk.doctor.resend(&one(item.id)).unwrap();
        desk.drain();
        assert_eq!(desk.state(item.id), State::Done);
    }
}

#[test]
fn what_may_be_in_the_dmp_when_the_patient_objects_is_asked_for_and_goes_no_further() {
    for (fate, last, deposits) in [
        (Fate::LostAfter, State::Done, 1),
        (Fate::LostBefore, State::Cancelled, 0),
    ] {
        let desk = Desk::new();
        let item = desk.add(1);
        desk.fate(move |call, _, before| match (call, before) {
            (Call::Submit, 0) => fate.clone(),
            _ => Fate::Well,
        });
        desk.dispatch();
        assert_eq!(desk.state(item.id), State::Unsure);
        desk.oppose();
        assert_eq!(desk.state(item.id), State::Unsure);
        desk.drain();
        assert_eq!(desk.state(item.id), last);
        assert_eq!(desk.deposits().len(), deposits);
        assert_eq!(desk.calls(Call::Submit).len(), 1);
    }
}

#[test]
fn a_closed_or_absent_dossier_and_traits_in_doubt_cancel_what_waits() {
    let closed = Desk::new();
    closed.holder(json!({"action": "close_dossier", "patient": ins(),
        "motif": "FERMETURE_DEMANDE_PATIENT"}));
    let diverging = Desk::new();
    let mut other = traits();
    other["birthDate"] = json!("19790316");
    diverging.register(&other, "qualifiee");
    for (desk, rule) in [(closed, "TD0.2-TERMINATED"), (diverging, "SC.DMP/CONF.01")] {
        // The document says what the practice's register says.
        let date = if rule == "SC.DMP/CONF.01" {
            "19790316"
        } else {
            "19790315"
        };
        let text = String::from_utf8(report(1))
            .unwrap()
            .replace("19790315", date);
        let item = desk.doctor.enqueue(&request(), text.as_bytes()).unwrap();
        desk.drain();
        assert_eq!(desk.state(item.id), State::Cancelled, "{rule}");
        assert_eq!(desk.rule(item.id), rule);
        assert!(desk.deposits().is_empty());
    }
}

#[test]
fn a_dead_letter_is_corrected_under_the_same_identifier() {
    let desk = Desk::new();
    let item = desk.add(1);
    desk.fate(|call, _, before| match (call, before) {
        (Call::Submit, 0) => Fate::Says("XDSRegistryMetadataError"),
        _ => Fate::Well,
    });
    desk.drain();
    assert_eq!(desk.state(item.id), State::Dead);
    let shown = desk.item(item.id);
    let reason: serde_json::Value = serde_json::from_str(shown.reason.unwrap().get()).unwrap();
    let remedies: Vec<&str> = reason["remedies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["code"].as_str().unwrap())
        .collect();
    assert_eq!(remedies, ["correct_item", "resend_item", "give_up_item"]);
    let events: Vec<&str> = shown.history.iter().map(|h| h.event.as_str()).collect();
    assert_eq!(events, ["queued", "taken", "refused"]);
    let mut corrected = report(1);
    corrected.extend_from_slice(b"<!-- -->");
    let correction = CorrectionRequest {
        id: item.id,
        options: Default::default(),
    };
    let new = desk.doctor.correct(&correction, &corrected).unwrap();
    assert_eq!(desk.state(item.id), State::Cancelled);
    assert_eq!(desk.rule(item.id), "OUTBOX-CORRECTED");
    desk.drain();
    assert_eq!(desk.state(new.id), State::Done);
    assert_eq!(desk.in_the_dmp(), [report_id(1)]);
    // Nothing waits for a person any more: nothing to correct.
    let error = desk.doctor.correct(&correction, &report(2)).unwrap_err();
    assert_eq!(error.refusal().unwrap().explanation.rule, "OUTBOX-STATE");
}

#[test]
fn what_waited_for_a_document_waits_for_its_corrected_form() {
    let desk = Desk::new();
    let item = desk.add(1);
    let masked = desk.change(1, "mask");
    desk.fate(|call, _, before| match (call, before) {
        (Call::Submit, 0) => Fate::Says("XDSRegistryMetadataError"),
        _ => Fate::Well,
    });
    desk.drain();
    assert_eq!(desk.state(item.id), State::Dead);
    let mut corrected = report(1);
    corrected.extend_from_slice(b"<!-- -->");
    let correction = CorrectionRequest {
        id: item.id,
        options: Default::default(),
    };
    let new = desk.doctor.correct(&correction, &corrected).unwrap();
    assert_eq!(desk.item(masked.id).waits_for, [new.id]);
    desk.drain();
    assert_eq!(desk.state(masked.id), State::Done);
}

#[test]
fn a_colleague_s_change_is_not_told_what_became_of_the_document() {
    let desk = Desk::new();
    let colleague = session(&desk.connector, "899900987655");
    let created = desk.add(1);
    let request =
        json!({"patient": ins(), "uniqueId": crate::bench::report_id(1), "change": "archive"});
    let change = serde_json::from_value(request).unwrap();
    let his = colleague.enqueue_change(&change).unwrap();
    // It goes after the deposit; whose that is, and that there is one, is not said.
    assert_eq!((created.id, his.id), (1, 1));
    let shown = |id| colleague.outbox_item(&one(id)).unwrap();
    assert!(shown(his.id).waits_for.is_empty());
    let request = serde_json::from_value(json!({"maxItems": 1})).unwrap();
    desk.doctor.give_up(&one(created.id)).unwrap();
    assert_eq!(shown(his.id).state, State::Waiting);
    desk.connector.dispatch(&request, &mut |_| true).unwrap();
    // As for a document that never was.
    assert_eq!(shown(his.id).state, State::Dead);
    let reason = shown(his.id).reason.unwrap();
    assert!(
        reason.get().contains("XDSDocumentUniqueIdError"),
        "{}",
        reason.get()
    );
    let all = desk.connector.audit_outbox(&Default::default()).unwrap();
    let places: Vec<Option<i64>> = all.items.iter().map(|i| i.number).collect();
    assert_eq!(places, [Some(1), Some(2)]);
}

#[test]
fn a_replacement_whose_document_is_given_up_waits_for_a_person_and_a_deletion_has_no_object() {
    let desk = Desk::new();
    let created = desk.add(1);
    let replaced = desk.doctor.enqueue(&request(), &replacement(2, 1)).unwrap();
    let deleted = desk.change(1, "delete");
    assert_eq!(desk.item(replaced.id).waits_for, [created.id]);
    assert_eq!(desk.item(deleted.id).waits_for, [created.id, replaced.id]);
    desk.doctor.give_up(&one(created.id)).unwrap();
    assert_eq!(desk.rule(created.id), "OUTBOX-GIVEN-UP");
    assert_eq!(desk.state(replaced.id), State::Held);
    assert_eq!(desk.rule(replaced.id), "OUTBOX-PREDECESSOR");
    assert_eq!(desk.state(deleted.id), State::Cancelled);
    desk.drain();
    assert!(desk.calls(Call::Submit).is_empty());
}

#[test]
fn the_stop_button_holds_for_every_process_until_it_is_released() {
    let desk = Desk::new();
    let item = desk.add(1);
    let all = StopRequest { what: Stop::All };
    assert!(desk.doctor.stop_outbox(all).unwrap());
    assert!(!desk.doctor.stop_outbox(all).unwrap());
    let answer = desk.dispatch();
    assert_eq!(serde_json::to_value(answer.ended).unwrap(), "stopped");
    assert!(desk.told.lock().unwrap().calls.is_empty());
    assert!(
        desk.doctor
            .outbox(&Default::default())
            .unwrap()
            .stopped
            .is_some()
    );
    assert!(desk.doctor.restart_outbox(all).unwrap());
    desk.drain();
    assert_eq!(desk.state(item.id), State::Done);
}

#[test]
fn a_secretary_s_session_cannot_touch_a_doctor_s_items() {
    let desk = Desk::new();
    let item = desk.add(1);
    let other = session(&desk.connector, "899900987655");
    for refused in [
        other.give_up(&one(item.id)).unwrap_err(),
        other.resend(&one(item.id)).unwrap_err(),
    ] {
        assert_eq!(
            refused.refusal().unwrap().explanation.rule,
            "OUTBOX-UNKNOWN"
        );
    }
    assert_eq!(desk.state(item.id), State::Waiting);
}
