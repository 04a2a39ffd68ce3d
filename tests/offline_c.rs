//! Reading without network through the C face: statuses, bytes, records, and lines that name nobody.

#[path = "common/face.rs"]
mod face;
#[path = "common/practice.rs"]
mod practice;

use face::{Reply, call};
use practice::{
    ask, bare, config, doctor, folder, ins, open_access, open_connector, open_dossier,
    open_session, report, report_id, traits, verified, welcome,
};
use serde_json::{Value, json};

struct Practice {
    connector: usize,
    session: usize,
    access: usize,
    _folder: tempfile::TempDir,
}

fn practice(offline: &Value) -> Practice {
    let folder = folder();
    let mut config = config(folder.path());
    config["offline"] = offline.clone();
    let connector = open_connector(&config);
    open_dossier(connector, &ins(), &traits());
    let session = open_session(connector, &doctor());
    let access = welcome(session, &ins(), &traits());
    for n in 1..=3 {
        call("dmp_document_feed", access, None, Some(&report(n))).ok();
    }
    Practice {
        connector,
        session,
        access,
        _folder: folder,
    }
}

fn read(access: usize, n: u32) -> Reply {
    call("dmp_document_read", access, Some(&report_id(n)), None)
}

fn opened_offline(session: usize) -> Reply {
    let request = json!({"patient": ins(), "offline": true});
    ask("dmp_access_open", session, &request)
}

/// No line for logs or errors names a patient or a document.
fn says_nothing(reply: &Reply) {
    let line = reply.error.clone().unwrap_or_default();
    assert!(!line.contains("279035121518989") && !line.contains("2026.9"));
}

#[test]
fn what_was_read_or_fetched_is_read_again_without_network_byte_for_byte() {
    let p = practice(&json!({"keepRead": false}));
    read(p.access, 1).ok();
    let request = json!({"criteria": {"limit": 1}, "limit": 2});
    let fetched = ask("dmp_document_preload", p.access, &request).ok().json();
    assert_eq!(
        (&fetched["kept"], &fetched["more"]),
        (&json!(2), &json!(true))
    );
    let opened = opened_offline(p.session).ok();
    assert_eq!(opened.json()["offline"]["ageSeconds"], 0);
    let found = bare("dmp_document_find", opened.handle).ok().json();
    let documents = found["documents"].as_array().expect("documents");
    assert_eq!(documents.len(), 2);
    for document in documents {
        let id = document["uniqueId"].as_str().expect("uniqueId");
        let n = (1..=3).find(|n| report_id(*n) == id).expect("one of ours");
        let reply = read(opened.handle, n).ok();
        assert!(reply.bytes == Some(report(n)));
        assert!(reply.json()["offline"]["keptAt"].is_string());
    }
    let missing = (1..=3)
        .map(|n| read(opened.handle, n))
        .find(|reply| reply.name() != "DMP_OK")
        .expect("one is not kept");
    assert_eq!(missing.name(), "DMP_UNKNOWN_DOCUMENT");
    assert_eq!(missing.json()["rule"], "OFFLINE-NOT-KEPT");
    says_nothing(&missing);
    verified(p.connector);
}

#[test]
fn what_needs_the_dmp_is_refused_and_feeding_is_told_to_wait() {
    let p = practice(&json!({}));
    let access = opened_offline(p.session).ok().handle;
    let options = json!({}).to_string();
    let fed = call(
        "dmp_document_feed",
        access,
        Some(&options),
        Some(&report(9)),
    );
    assert_eq!(fed.name(), "DMP_REFUSED");
    assert_eq!(fed.json()["remedies"][0]["code"], "hold_for_sending");
    says_nothing(&fed);
    for name in ["dmp_document_mask", "dmp_document_delete"] {
        let reply = call(name, access, Some(&report_id(1)), None);
        assert_eq!(reply.name(), "DMP_REFUSED", "{name}");
        assert_eq!(reply.json()["rule"], "OFFLINE", "{name}");
        says_nothing(&reply);
    }
}

#[test]
fn a_sweep_tells_how_much_it_removed_and_a_closed_door_says_why() {
    let p = practice(&json!({"maxAgeDays": 1, "standingHours": 48}));
    read(p.access, 1).ok();
    let at = |text: &str| call("dmp_connector_set_time", p.connector, Some(text), None).ok();
    let swept = bare("dmp_connector_sweep", p.connector).ok().json();
    assert_eq!(swept["documents"], 0);
    at("2026-01-13T09:00:00Z");
    let swept = bare("dmp_connector_sweep", p.connector).ok().json();
    assert_eq!(swept["documents"], 1);
    at("2026-01-14T09:00:00Z");
    let closed = opened_offline(p.session);
    assert_eq!(closed.name(), "DMP_REFUSED");
    assert_eq!(closed.json()["rule"], "OFFLINE-OLD");
    says_nothing(&closed);
    open_access(p.session, &ins());
    opened_offline(p.session).ok();
}
