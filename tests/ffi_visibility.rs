//! Visibilities through the C face: adults, minors and their representatives, secret connection.

#[path = "common/face.rs"]
mod face;
#[path = "common/practice.rs"]
mod practice;

use practice::{Practice, ask, doctor, minor, open_session, refused, report, traits};
use serde_json::{Value, json};

/// Options, and the rule that refuses them; none when they are taken.
type Case = (Value, Option<&'static str>);

/// A report on a patient with this date of birth.
fn report_born(n: u32, traits: &Value) -> Vec<u8> {
    let report = String::from_utf8(report(n)).expect("UTF-8");
    report
        .replace("19790315", traits["birthDate"].as_str().expect("a date"))
        .into_bytes()
}

fn feeds(traits: &Value, requester: &Value, cases: &[Case]) {
    let practice = Practice::with(traits, requester);
    for (n, (options, rule)) in cases.iter().enumerate() {
        let content = report_born(n as u32, traits);
        match rule {
            None => {
                let reply = practice.feed(&content, options);
                assert_eq!(reply.name(), "DMP_OK", "{options}: {:?}", reply.error);
            }
            Some(rule) => {
                let what = options.to_string();
                let reply = refused(&practice, &what, &content, options, "DMP_REFUSED");
                assert_eq!(reply.json()["rule"], *rule, "{options}");
            }
        }
    }
}

#[test]
fn visibilities_for_an_adult() {
    let hidden = Some("EX_GEN-1550");
    feeds(
        &traits(),
        &doctor(),
        &[
            (json!({}), None),
            (json!({"visibility": ["MASQUE_PS"]}), None),
            (json!({"visibility": ["INVISIBLE_PATIENT"]}), None),
            (
                json!({"visibility": ["MASQUE_PS", "INVISIBLE_PATIENT"]}),
                Some("EX_2.1-1050-CUMUL"),
            ),
            (
                json!({"visibility": ["INVISIBLE_REPRESENTANTS_LEGAUX"]}),
                hidden,
            ),
            (json!({"representatives": "invisible"}), hidden),
            (json!({"representatives": "visible"}), None),
        ],
    );
}

#[test]
fn visibilities_for_a_minor_say_what_the_representatives_see() {
    let unsaid = Some("EX_2.1-1050");
    feeds(
        &minor(),
        &doctor(),
        &[
            (json!({}), unsaid),
            (json!({"visibility": ["MASQUE_PS"]}), unsaid),
            (json!({"representatives": "visible"}), None),
            (json!({"representatives": "invisible"}), None),
            (
                json!({"visibility": ["INVISIBLE_REPRESENTANTS_LEGAUX"]}),
                None,
            ),
            (
                json!({"visibility": ["INVISIBLE_PATIENT"], "representatives": "invisible"}),
                None,
            ),
            (
                json!({"visibility": ["MASQUE_PS", "INVISIBLE_PATIENT"], "representatives": "visible"}),
                Some("EX_2.1-1050-CUMUL"),
            ),
        ],
    );
}

#[test]
fn under_secret_connection_the_representatives_see_nothing() {
    let mut secret = doctor();
    secret["secret"] = json!(true);
    let visible = Some("EX_2.1-1050-SECRET");
    feeds(
        &minor(),
        &secret,
        &[
            (json!({}), visible),
            (json!({"representatives": "visible"}), visible),
            (json!({"representatives": "invisible"}), None),
        ],
    );
    let practice = Practice::with(&minor(), &secret);
    practice
        .feed(
            &report_born(1, &minor()),
            &json!({"representatives": "invisible"}),
        )
        .ok();
    let look = |side: &str| {
        let action = json!({"action": "documents", "patient": practice::ins(), "as": side});
        let answer = ask("dmp_holder_act", practice.connector, &action)
            .ok()
            .json();
        answer["documents"].as_array().expect("documents").len()
    };
    assert_eq!((look("holder"), look("representative")), (1, 0));
}

#[test]
fn there_is_no_secret_connection_for_an_adult() {
    let practice = Practice::open();
    let mut secret = doctor();
    secret["secret"] = json!(true);
    let session = open_session(practice.connector, &secret);
    let reply = ask(
        "dmp_access_open",
        session,
        &json!({"patient": practice::ins()}),
    );
    assert_eq!((reply.name(), reply.handle), ("DMP_REFUSED", 0));
    assert_eq!(reply.json()["rule"], "EX_GEN-1550-SECRET");
}
