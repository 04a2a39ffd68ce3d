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

pub fn consent_of(desk: &Desk, id: &Value) -> Value {
    let found = recorded(desk)
        .into_iter()
        .find(|consent| consent["id"] == *id);
    found.unwrap_or_else(|| panic!("consent {id} is not there"))
}

pub fn consent(n: u32) -> Step {
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

fn is_revoked(desk: &Desk, id: &Value) -> bool {
    let of_it = |consent: &&Value| consent["id"] == *id;
    recorded(desk)
        .iter()
        .find(of_it)
        .is_some_and(|consent| consent["revokedAt"].is_string())
}

/// Withdraws the n-th consent.
fn revocation(n: u32) -> Step {
    let of = move |desk: &Desk| {
        let answer = desk.answers.get(&format!("consent {n}"));
        answer.map_or(json!(0), |answer| answer["id"].clone())
    };
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
            if reply.name() == "DMP_INVALID_VALUE" && is_revoked(desk, &id) {
                return Reply::default();
            }
            reply
        },
        move |desk, _| {
            assert!(is_revoked(desk, &of(desk)), "consent {n} is not revoked");
        },
    )
}

/// Recorded and withdrawn; what the journal tells of them is what there is.
pub fn consents() -> Vec<Step> {
    let told = passing("the journal tells every consent", |desk| {
        let list = ask("dmp_consent_list", desk.session, &ins());
        if list.status != 0 {
            return list;
        }
        let filter = json!({"action": "consent.record"});
        let told = ask("dmp_journal_audit", desk.connector, &filter);
        if told.status == 0 {
            let count = |reply: &Reply, of: &str| reply.json()[of].as_array().map(Vec::len);
            assert_eq!(
                count(&told, "entries"),
                count(&list, "consents"),
                "consents in the journal, and recorded"
            );
        }
        told
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

/// Every bris de glace of the practice.
pub fn emergencies(desk: &Desk) -> Vec<Value> {
    let list = bare("dmp_emergency_list", desk.connector).ok().json();
    list["emergencies"].as_array().expect("emergencies").clone()
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
                let list = emergencies(desk);
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
            let first = list.json()["emergencies"][0].clone();
            // Reviewed without anyone being told.
            if first["reviewedAt"].is_string() {
                return list;
            }
            let record = json!({"id": first["id"], "note": "revu"});
            ask("dmp_emergency_review", desk.session, &record)
        },
        |desk, _| {
            let list = emergencies(desk);
            assert!(list[0]["reviewedAt"].is_string(), "{list:?}");
        },
    );
    at_work([emergency(1), emergency(2), review])
}
