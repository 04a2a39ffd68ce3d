//! The support bundle: what is needed to help a practice, and nothing of its patients.

#[path = "outbox/bench.rs"]
mod bench;
#[path = "common/flaky.rs"]
mod flaky;

use bench::{DOCTOR, Desk, report_id};
use flaky::{Call, Fate};
use serde_json::{Value, json};

/// A practice to which everything happened.
fn busy() -> Desk {
    let desk = Desk::new();
    for n in 0..4 {
        desk.add(n);
    }
    desk.fate(|call, _, before| match (call, before) {
        (Call::Submit, 0) => Fate::Says("XDSRegistryMetadataError"),
        (Call::Submit, 1) => Fate::Says("DMPAccessDeniedByRightsService"),
        (Call::Submit, 2) => Fate::LostBefore,
        _ => Fate::Well,
    });
    desk.dispatch();
    desk.oppose();
    let request: Value = json!({"patient": bench::ins(), "mode": "bris_de_glace",
        "reason": "Patient inconscient MARQUEUR"});
    desk.doctor
        .access(&serde_json::from_value(request).unwrap())
        .unwrap();
    desk
}

#[test]
fn it_tells_states_rules_and_figures() {
    let desk = busy();
    let bundle = serde_json::to_value(desk.connector.support_bundle().unwrap()).unwrap();
    assert_eq!(bundle["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(bundle["backEnd"], "embedded");
    assert_eq!(bundle["journal"]["intact"], true);
    assert_eq!(bundle["roadFailures"], 1);
    assert!(bundle["register"]["bytes"].as_i64().unwrap() > 4096);
    let tables = bundle["register"]["tables"].as_array().unwrap();
    assert!(tables.contains(&json!({"table": "patient", "rows": 1})));
    let reasons = bundle["outboxReasons"].as_array().unwrap();
    let reason = |state: &str| {
        let of_state = reasons.iter().filter(|r| r["state"] == state);
        of_state
            .map(|r| r["rule"].as_str().unwrap_or(""))
            .collect::<Vec<_>>()
    };
    // The opposition cancelled what waited for a person too; what may have arrived is in doubt.
    assert_eq!(reason("cancelled"), ["R1111-47"]);
    assert_eq!(reason("unsure"), ["R1111-47"]);
    let endings = bundle["endings"].as_array().unwrap();
    assert!(
        endings
            .iter()
            .any(|e| e["action"] == "document.feed" && e["rule"] == "XDSRegistryMetadataError")
    );
}

#[test]
fn it_names_no_patient_no_person_no_document_and_no_path() {
    let desk = busy();
    // Who shortens the journal, and why, stays in the practice.
    desk.at(dmpkit::clock::Instant::parse("2037-03-02T08:00:00Z").unwrap());
    let emergencies = desk.connector.emergencies(true).unwrap();
    let review = json!({"id": emergencies[0].emergency.id, "note": "MARQUEUR"});
    let review = serde_json::from_value(review).unwrap();
    desk.doctor.review_emergency(&review).unwrap();
    let prune = json!({"before": "2026-03-03T00:00:00Z", "reason": "Litige MARQUEUR"});
    let prune = serde_json::from_value(prune).unwrap();
    let pruned = desk.doctor.prune_journal(&prune).unwrap();
    assert!(pruned.removed > 0);
    let bundle = desk.connector.support_bundle().unwrap();
    let shortened = bundle.journal.shortened.as_ref().unwrap();
    assert_eq!(shortened.removed, pruned.removed);
    let text = serde_json::to_string(&bundle).unwrap();
    let folder = desk.folder.path().display().to_string();
    for secret in [
        "279035121518989",
        "TESSIER",
        "CAMILLE",
        "19790315",
        "MARQUEUR",
        "BASTIDE",
        DOCTOR,
        "499900987654001",
        &report_id(0),
        "1.2.250.1.999",
        &folder,
        "register.db",
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
