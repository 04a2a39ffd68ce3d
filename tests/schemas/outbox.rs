//! The outbox in the story: every state a person sees, every end of a dispatch that a file can bring about.

use dmpkit::ffi::document::*;
use dmpkit::ffi::outbox::*;
use dmpkit::ffi::session::*;
use dmpkit::ffi::status::*;
use serde_json::{Value, json};

use crate::call;
use crate::library::{self, Access, Connector, Session};
use crate::story::{Told, WITH_ADVICE, document, fixture, patient, traits};

/// A document that replaces another.
pub fn replacement(unique_id: &str, of: &str) -> String {
    fixture("cr_consultation_remplacement.xml")
        .replace("1.2.250.1.999.1.1.2026.102", unique_id)
        .replace("1.2.250.1.999.1.1.2026.101", of)
}

/// What was asked and answered goes to `told`; returns the records that the progress callback was given.
pub fn outbox(
    told: &mut Told,
    connector: Connector,
    session: Session,
    access: Access,
) -> Vec<Value> {
    let of_patient = json!({"patient": patient()}).to_string();
    let id = |n: u32| format!("1.2.250.1.999.7.8.{n}");
    let item = |n: i64| json!({ "id": n }).to_string();
    let add = |told: &mut Told, content: &str| {
        let reply = library::add(session, &of_patient, content.as_bytes());
        told.ok(reply)["id"].as_i64().expect("a number")
    };
    let mut progress = Vec::new();
    let mut dispatch = |told: &mut Told, request: Option<&Value>| {
        let request = request.map(Value::to_string);
        let (told_of, reply) = library::dispatch(connector, request.as_deref());
        progress.extend(told_of);
        told.ok(reply)
    };

    // Handed over: a deposit, one with advice, a change, a replacement, a lot.
    assert_eq!(add(told, &document(&id(1), &patient())), 1);
    let advised = fixture("fuseau_trois_chiffres.xml")
        .replace(WITH_ADVICE, &id(2))
        .replace(
            "<languageCode code=\"fr-FR\"",
            "<languageCode code=\"en-GB\"",
        );
    assert_eq!(add(told, &advised), 2);
    let change = json!({"patient": patient(), "uniqueId": id(1), "change": "mask"}).to_string();
    let change = told.ok(call!(dmp_outbox_add_change(session, &*change)));
    assert_eq!(add(told, &replacement(&id(3), &id(2))), 4);
    let staged = document(&id(4), &patient());
    told.ok(call!(dmp_document_stage(access, staged.as_bytes(), None)));
    told.ok(call!(dmp_outbox_add_staged(access)));
    let again = library::add(session, &of_patient, advised.as_bytes());
    assert_eq!(told.ok(again)["alreadyThere"], true);
    let listed = told.ok(call!(dmp_outbox_list(session, None)));
    assert_eq!(listed["items"][2]["id"], change["id"]);
    assert_eq!(listed["items"][2]["waitsFor"], json!([1]));
    told.ok(call!(dmp_outbox_get(session, &*item(3))));

    // Given up, and sent after all; what replaced it waits for a person, who corrects it.
    told.ok(call!(dmp_outbox_give_up(session, &*item(2))));
    let held = told.ok(call!(dmp_outbox_get(session, &*item(4))));
    assert_eq!(
        (&held["state"], &held["reason"]["rule"]),
        (&json!("held"), &json!("OUTBOX-PREDECESSOR"))
    );
    told.ok(call!(dmp_outbox_resend(session, &*item(2))));
    let correction = json!({"id": 4, "options": {"comments": "Version corrigée"}}).to_string();
    let corrected = document(&id(3), &patient());
    told.ok(library::correct(session, &correction, corrected.as_bytes()));
    told.expect(
        DMP_REFUSED,
        library::correct(session, &correction, corrected.as_bytes()),
    );
    told.expect(DMP_REFUSED, call!(dmp_outbox_get(session, &*item(4711))));

    // The stop button.
    for what in ["all", "take_over"] {
        let what = json!({ "what": what }).to_string();
        told.ok(call!(dmp_outbox_stop(session, &*what)));
    }
    told.ok(call!(dmp_outbox_list(session, None)));
    let stopped = dispatch(told, None);
    assert_eq!(stopped["ended"], "stopped");
    for what in ["all", "take_over", "all"] {
        let what = json!({ "what": what }).to_string();
        told.ok(call!(dmp_outbox_restart(session, &*what)));
    }

    // Sent: the first alone, then all that may go.
    let first = dispatch(told, Some(&json!({"maxItems": 1, "takeOver": false})));
    assert_eq!(
        (&first["ended"], &first["sent"]),
        (&json!("bounds"), &json!(1))
    );
    let all = dispatch(told, None);
    assert_eq!(
        (&all["ended"], &all["left"], &all["counts"]["done"]),
        (&json!("nothing_due"), &json!(0), &json!(5)),
        "{all}"
    );
    told.ok(call!(dmp_outbox_get(session, &*item(1))));

    // The patient opposes one, another waits until his identity is qualified.
    let opposed = add(told, &document(&id(6), &patient()));
    let opposition = json!({"patient": patient(), "consent": {
        "kind": "feeding_opposition", "document": id(6), "means": "oral", "wording": "entretien",
        "reason": "contentieux familial",
    }});
    told.ok(call!(dmp_consent_record(session, &*opposition.to_string())));
    let cancelled = told.ok(call!(dmp_outbox_get(session, &*item(opposed))));
    assert_eq!(cancelled["state"], "cancelled");
    let unqualified = add(told, &document(&id(7), &patient()));
    let register = |told: &mut Told, status: &str| {
        let record = json!({"patient": patient(), "status": status,
            "traits": traits("TEISSIER", "19790315")});
        told.ok(call!(dmp_patient_register(session, &*record.to_string())));
    };
    register(told, "provisoire");
    let left = dispatch(told, None);
    assert_eq!(left["forAPerson"], 1, "{left}");
    register(told, "qualifiee");
    told.ok(call!(dmp_outbox_give_up(session, &*item(unqualified))));
    let filter = json!({"states": ["cancelled"], "after": 1, "limit": 10}).to_string();
    told.ok(call!(dmp_outbox_audit(connector, &*filter)));
    progress
}
