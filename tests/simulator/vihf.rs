//! Assertions that are refused, each for its reason, and what the log tells of it.

use dmpkit::dmp::national::keys::Keys;
use dmpkit::dmp::protocol::soap::Transaction;
use dmpkit::identity::{Authority, Ins};
use dmpkit::simulator::cards;
use dmpkit::simulator::pki::Pki;
use serde_json::Value;

use crate::bench::{
    Bench, assertion, at, bench, envelope, existence, now, nurse, patient, physician,
};
use crate::client::Answer;

fn ask(bench: &Bench, assertion: &str) -> Answer {
    let transaction = Transaction::Td02;
    let message = envelope(transaction, assertion, &existence(&patient()));
    bench.post(&physician(), transaction, &message)
}

/// The check that failed last, as the log has it.
fn failed(bench: &Bench) -> String {
    let exchanges = serde_json::to_value(bench.simulator.exchanges()).unwrap();
    let last = exchanges.as_array().unwrap().last().unwrap();
    let checks = last["vihf"].as_array().unwrap();
    let failed = checks.iter().find(|check| check["result"] == "failed");
    failed.map_or(String::new(), |check| {
        check["field"].as_str().unwrap().to_owned()
    })
}

#[test]
fn an_assertion_is_refused_for_what_is_wrong_with_it() {
    let bench = bench();
    bench.open();
    let keys = bench.keys(&physician());
    let who = Some(patient());
    let good = assertion(&physician(), who.as_ref(), &keys, now());
    assert_eq!(ask(&bench, &good).status, 200);
    // Connectors use an assertion several times.
    assert_eq!(ask(&bench, &good).status, 200);

    let swapped = Keys {
        signature: keys.authentication.clone(),
        authentication: keys.signature.clone(),
    };
    let stranger = Pki::open(&bench.folder.path().join("other"), now()).unwrap();
    let stranger = cards::issue(&stranger, &physician()).unwrap();
    let sign = |keys: &Keys, at| assertion(&physician(), who.as_ref(), keys, at);
    for (field, code, assertion) in [
        (
            "signing_certificate_usage",
            "DMPInvalidCertificate",
            sign(&swapped, now()),
        ),
        (
            "signing_certificate_authority",
            "DMPInvalidCertificate",
            sign(&stranger, now()),
        ),
        ("signature", "DMPInvalidCertificate", String::new()),
        (
            "signature",
            "DMPInvalidCertificate",
            good.replace("SA07", "SA05"),
        ),
        (
            "tls_holder",
            "DMPInvalidCertificate",
            self::assertion(&nurse(), who.as_ref(), &bench.keys(&nurse()), now()),
        ),
        (
            "issue_instant",
            "DMPInvalidRequest",
            sign(&keys, at("2026-03-02T07:59:00Z")),
        ),
        (
            "issue_instant",
            "DMPInvalidRequest",
            sign(&keys, at("2026-03-02T09:06:00Z")),
        ),
        (
            "resource_id",
            "DMPInvalidRequest",
            self::assertion(&physician(), None, &keys, now()),
        ),
    ] {
        let answer = ask(&bench, &assertion);
        assert_eq!(answer.status, 500, "{field}: {}", answer.text());
        assert!(
            answer.text().contains(&format!("soap:{code}<")),
            "{field}: {}",
            answer.text()
        );
        assert_eq!(failed(&bench), field);
    }
}

#[test]
fn a_request_about_another_patient_than_the_assertions_is_refused() {
    let bench = bench();
    bench.open();
    let other = Ins::with_authority("153078987658513", Authority::Test).unwrap();
    let answer = bench.send(&physician(), Transaction::Td02, &existence(&other));
    assert_eq!(answer.status, 200);
    assert!(
        answer.text().contains("XDSPatientIdDoesNotMatch"),
        "{}",
        answer.text()
    );
}

#[test]
fn the_log_holds_no_patient_and_no_name() {
    let bench = bench();
    bench.open();
    bench.send(&physician(), Transaction::Td02, &existence(&patient()));
    let keys = bench.keys(&physician());
    ask(&bench, &assertion(&physician(), None, &keys, now()));
    let text = std::fs::read_to_string(bench.folder.path().join("exchanges.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 2);
    for secret in [
        "279035121518989",
        "2790351215189",
        "GARRIGUE",
        "CLAIRE",
        "BASTIDE",
        "Assertion",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
    let line: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(line["transaction"], "TD0.2");
    assert_eq!(line["holder"], "899900987654");
    assert_eq!(line["httpStatus"], 200);
    assert_eq!(line["outcome"], "ok");
    assert_eq!(line["messageId"], crate::bench::MESSAGE);
}
