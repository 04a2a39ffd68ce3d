//! The journal sealed, its old entries removed, and sealed again.

use serde_json::{Value, json};

use super::everyday::consent;
use super::{at_work, session};
use crate::face::call;
use crate::practice::{ask, bare};
use crate::scenario::{Desk, Step, lasting, passing};

const KEY: [u8; 32] = [7; 32];

/// The seal that was given, kept elsewhere, vouches for the journal; or stands below what was removed since.
fn seal(n: u32) -> Step {
    lasting(
        &format!("seal {n}"),
        |desk| call("dmp_journal_seal", desk.connector, None, Some(&KEY)),
        |desk, seal| {
            let given = json!({"seals": [seal]}).to_string();
            let name = "dmp_journal_verify_sealed";
            let checked = call(name, desk.connector, Some(&given), Some(&KEY))
                .ok()
                .json();
            assert_eq!(checked["intact"], true, "{checked}");
            assert_eq!(checked["seals"]["given"], 1, "{checked}");
            let count = |of: &str| checked["seals"][of].as_i64().expect("a number");
            assert!(count("compared") + count("belowBoundary") >= 1, "{checked}");
        },
    )
}

fn boundary(desk: &Desk) -> Value {
    let verified = bare("dmp_journal_verify", desk.connector).ok().json();
    verified["boundary"]["number"].clone()
}

pub fn steps() -> Vec<Step> {
    // The session is opened again then: the other one began eleven years before.
    let later = passing("eleven years pass", |desk| {
        bare("dmp_session_close", desk.session);
        let at = Some("2037-03-01T09:00:00Z");
        call("dmp_connector_set_time", desk.connector, at, None)
    });
    let removed = lasting(
        "remove what is older than ten",
        |desk| {
            let request = json!({"before": "2026-02-01T00:00:00Z", "reason": "Dix ans"});
            ask("dmp_journal_prune", desk.session, &request)
        },
        |desk, answer| {
            let told = answer["boundary"]["number"].as_i64();
            assert!(
                boundary(desk).as_i64() >= told,
                "{} {answer}",
                boundary(desk)
            );
        },
    );
    let another = consent(2);
    at_work([
        consent(1),
        seal(1),
        later,
        session(),
        removed,
        another,
        seal(2),
    ])
}
