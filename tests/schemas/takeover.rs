//! A take-over told: dry, bounded, whole, stopped; what needs a person, and where it stands.

use dmpkit::ffi::oversight::*;
use dmpkit::ffi::session::*;
use dmpkit::ffi::status::*;
use dmpkit::ffi::takeover::*;
use serde_json::{Value, json};

use crate::call;
use crate::library::{self, Reply, close_connector, close_session, open_connector, open_session};
use crate::story::{config, content, doctor, folder, patient};

/// What was asked and answered, and what the callback was given.
pub fn story() -> (Vec<Reply>, Vec<Value>) {
    let folder = folder();
    let mut told = Vec::new();
    let mut progress = Vec::new();
    let (connector, opened) = open_connector(&config(&folder).to_string());
    told.push(opened);
    let (session, opened) = open_session(connector, &doctor().to_string());
    told.push(opened);
    let known = json!({"patient": patient(), "status": "qualifiee", "traits": {
        "birthName": "TESSIER", "givenNames": ["CAMILLE", "ANNE", "LOUISE"], "birthDate": "19790315", "sex": "F",
    }});
    told.push(call!(dmp_patient_register(session, &*known.to_string())));

    let past = folder.path().join("historique");
    std::fs::create_dir(&past).expect("a folder");
    std::fs::write(past.join("a.xml"), content()).expect("written");
    std::fs::write(past.join("b.xml"), &content()[..4000]).expect("written");
    let mut run = |asked: Value| {
        let mut request = json!({"folder": past});
        let asked = asked.as_object().expect("an object").clone();
        request.as_object_mut().expect("an object").extend(asked);
        let (given, reply) = library::take_over(session, &request.to_string());
        progress.extend(given);
        let report = reply.answer.clone().expect("a report");
        told.push(reply);
        report
    };
    assert_eq!(run(json!({"dryRun": true}))["counts"]["handedOver"], 1);
    assert_eq!(run(json!({"limit": 0}))["ended"], "limit");
    let report = run(json!({}));
    assert_eq!(report["ended"], "complete");
    assert_eq!(report["lines"][0]["rule"], "TAKEOVER-READ");
    assert_eq!(run(json!({"lines": 0}))["moreLines"], 1);

    told.push(call!(dmp_takeover_state(session)));
    // Who may not feed takes nothing over.
    let mut air = doctor();
    air["authentication"] = json!("air");
    let (consulting, opened) = open_session(connector, &air.to_string());
    told.push(opened);
    let request = json!({"folder": past}).to_string();
    let refused = library::take_over(consulting, &request).1;
    assert_eq!(refused.status, DMP_REFUSED, "{refused:?}");
    told.push(refused);
    close_session(consulting);
    told.push(call!(dmp_journal_audit(connector, None)));
    stopped(&folder);
    let state = call!(dmp_takeover_state(session));
    assert!(
        state
            .answer
            .as_ref()
            .is_some_and(|s| s["stopped"].is_string())
    );
    told.push(state);
    close_session(session);
    close_connector(connector);
    (told, progress)
}

/// Someone of the practice presses the stop button, from another process.
fn stopped(folder: &tempfile::TempDir) {
    let config = serde_json::from_value(config(folder)).expect("a configuration");
    let connector = dmpkit::Connector::open(config).expect("a connector");
    let requester = serde_json::from_value(doctor()).expect("a requester");
    let session = connector.session(requester).expect("a session");
    let what = serde_json::from_value(json!({"what": "take_over"})).expect("a request");
    assert!(session.stop_outbox(what).expect("stopped"));
}
