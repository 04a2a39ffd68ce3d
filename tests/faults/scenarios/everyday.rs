//! The first morning of a practice; consents; accesses, in an emergency too.

use serde_json::{Value, json};

use super::{access, at_work, connector, leaving, session};
use crate::face::Reply;
use crate::practice::{ask, bare, ins, traits};
use crate::scenario::{Desk, Step, lasting, passing};

/// From nothing: files made, a dossier opened, a patient registered who agrees and lets the doctor in.
pub fn founding() -> Vec<Step> {
    let dossier = lasting(
        "open the dossier",
        |desk| {
            let action = json!({"action": "open_dossier", "patient": ins(), "traits": traits()});
            let reply = ask("dmp_holder_act", desk.connector, &action);
            // Opened without anyone being told.
            let there = || {
                reply
                    .error
                    .as_ref()
                    .is_some_and(|e| e.contains("already has a dossier"))
            };
            if reply.status != 0 && there() {
                return Reply::default();
            }
            reply
        },
        |desk, _| assert_eq!(desk.in_the_dmp(), [""; 0]),
    );
    let patient = lasting(
        "register the patient",
        |desk| {
            let record = json!({"patient": ins(), "status": "qualifiee", "traits": traits()});
            ask("dmp_patient_register", desk.session, &record)
        },
        |desk, _| {
            let known = ask("dmp_patient_get", desk.session, &ins()).ok().json();
            assert_eq!(known["traits"]["birthName"], "TESSIER", "{known}");
        },
    );
    let authorise = lasting(
        "authorise",
        |desk| {
            ask(
                "dmp_access_authorise",
                desk.access,
                &json!({"change": "declare"}),
            )
        },
        |desk, _| {
            let state = bare("dmp_access_state", desk.access).ok().json();
            assert_eq!(state["dossier"]["authorisation"], "VALIDE", "{state}");
        },
    );
    let steps = [
        connector(),
        dossier,
        session(),
        patient,
        consent(1),
        access(),
        authorise,
    ];
    steps.into_iter().chain(leaving()).collect()
}

/// The consents of the patient, as recorded.
fn recorded(desk: &Desk) -> Vec<Value> {
    let answer = ask("dmp_consent_list", desk.session, &ins()).ok().json();
    answer["consents"].as_array().expect("consents").clone()
}

fn consent_of(desk: &Desk, id: &Value) -> Value {
    let found = recorded(desk)
        .into_iter()
        .find(|consent| consent["id"] == *id);
    found.unwrap_or_else(|| panic!("consent {id} is not there"))
}

fn consent(n: u32) -> Step {
    let wording = format!("affiche {n}");
    let written = wording.clone();
    lasting(
        &format!("consent {n}"),
        move |desk| {
            let record = json!({"patient": ins(),
                "consent": {"kind": "care_team", "means": "oral", "wording": wording}});
            ask("dmp_consent_record", desk.session, &record)
        },
        move |desk, answer| {
            assert_eq!(consent_of(desk, &answer["id"])["wording"], *written);
        },
    )
}

/// Withdraws the n-th consent.
fn revocation(n: u32) -> Step {
    let of = move |desk: &Desk| desk.answers[&format!("consent {n}")]["id"].clone();
    lasting(
        &format!("revoke {n}"),
        move |desk| {
            let id = of(desk);
            let reply = ask(
                "dmp_consent_revoke",
                desk.session,
                &json!({"patient": ins(), "id": id}),
            );
            // Withdrawn without anyone being told.
            if reply.name() == "DMP_BAD_INPUT" && !consent_of(desk, &id)["revokedAt"].is_null() {
                return Reply::default();
            }
            reply
        },
        move |desk, _| {
            let consent = consent_of(desk, &of(desk));
            assert!(consent["revokedAt"].is_string(), "{consent}");
        },
    )
}

/// Recorded and withdrawn; what the journal tells of them is what there is.
pub fn consents() -> Vec<Step> {
    let told = passing("the journal tells every consent", |desk| {
        let filter = json!({"action": "consent.record"});
        let reply = ask("dmp_journal_audit", desk.connector, &filter);
        if reply.status == 0 {
            let told = reply.json()["entries"].as_array().expect("entries").len();
            assert_eq!(
                told,
                recorded(desk).len(),
                "consents in the journal, and recorded"
            );
        }
        reply
    });
    at_work([
        consent(1),
        revocation(1),
        consent(2),
        consent(3),
        revocation(3),
        told,
    ])
}

/// Accesses, each with its line in the journal, and two bris de glace to review.
pub fn accesses() -> Vec<Step> {
    let emergency = |n: u32| {
        let reason = format!("motif {n}");
        let written = reason.clone();
        lasting(
            &format!("bris de glace {n}"),
            move |desk| {
                let request = json!({"patient": ins(), "mode": "bris_de_glace", "reason": reason});
                let reply = ask("dmp_access_open", desk.session, &request);
                if reply.status == 0 {
                    bare("dmp_access_close", reply.handle);
                }
                reply
            },
            move |desk, _| {
                let list = bare("dmp_emergency_list", desk.connector).ok().json();
                let list = list["emergencies"].as_array().expect("emergencies");
                assert!(
                    list.iter().any(|e| e["reason"] == *written),
                    "{n}: {list:?}"
                );
            },
        )
    };
    let review = lasting(
        "review 1",
        |desk| {
            let list = bare("dmp_emergency_list", desk.connector);
            if list.status != 0 {
                return list;
            }
            let id = list.json()["emergencies"][0]["id"].clone();
            ask(
                "dmp_emergency_review",
                desk.session,
                &json!({"id": id, "note": "revu"}),
            )
        },
        |desk, _| {
            let list = bare("dmp_emergency_list", desk.connector).ok().json();
            assert!(list["emergencies"][0]["reviewedAt"].is_string(), "{list}");
        },
    );
    at_work([emergency(1), emergency(2), review])
}
