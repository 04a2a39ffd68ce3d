//! The national DMP through the C face, on a simulator in this process: a first story, with the connector's own keys
//! and transport and with the host's; passphrases; callbacks that call back; cancelling; servers that are not there
//! or not the DMP; and nothing of a patient, of a person or of a secret in any line.

#[path = "ffi_national/card.rs"]
mod card;
#[path = "common/face.rs"]
mod face;
#[path = "ffi_national/lending.rs"]
mod lending;
#[path = "common/lent.rs"]
mod lent;
#[path = "ffi_national/network.rs"]
mod network;
#[path = "ffi_national/outbox.rs"]
mod outbox;
#[path = "common/practice.rs"]
mod practice;

use std::sync::{Mutex, MutexGuard, PoisonError};

use dmpkit::ffi::library::dmp_open_handles;
use dmpkit::ffi::status::{DMP_KEY, DMP_OK};
use dmpkit::rules::Parameters;
use dmpkit::rules::habilitation::Habilitation;
use dmpkit::simulator::{Kind, Misbehaviour, Simulator, cards};
use face::{Reply, call, function, logged};
use lent::{Asked, Host};
use practice::simulated;
use practice::{ask, bare, doctor, ins, open_access, report, report_id, traits, welcome};
use serde_json::{Value, json};

/// When the tests take place.
const TODAY: &str = "2026-01-12T09:00:00Z";
/// The passphrase of the files.
const PASSPHRASE: &str = "Tilleul-4711";
/// No line may hold any of these: the patient, who works, the passphrases.
const PRIVATE: [&str; 10] = [
    "279035121518989",
    "TESSIER",
    "CAMILLE",
    "899900987654",
    "499900987654001",
    "BASTIDE",
    "Bastide",
    PASSPHRASE,
    card::PIN,
    "PRIVATE KEY",
];

/// One test at a time: the log is the process's, and so are the test certificates.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A simulator, and what to write under `dmp` to reach it.
struct World {
    folder: tempfile::TempDir,
    simulator: Simulator,
    handles: i64,
    _alone: MutexGuard<'static, ()>,
}

impl World {
    fn new() -> World {
        let alone = alone();
        logged();
        let folder = practice::folder();
        let requester = serde_json::from_value(doctor()).expect("a requester");
        cards::issue(simulated::pki(), &requester).expect("a card");
        let simulator = simulated::simulator(
            &folder.path().join("simulated.db"),
            Parameters::default(),
            Habilitation::default(),
        );
        World {
            folder,
            simulator,
            handles: dmp_open_handles(),
            _alone: alone,
        }
    }

    fn config(&self) -> Value {
        json!({
            "register": self.folder.path().join("register.db"),
            "dmp": simulated::address(&self.simulator),
            "clock": TODAY,
            "software": {"name": "Cabinet", "version": "1.0", "homologation": "DEMO",
                "oid": "1.2.250.1.999.1"}
        })
    }

    /// A connector on the simulator, its log read.
    fn connector(&self) -> usize {
        self.connector_of(&self.config())
    }

    fn connector_of(&self, config: &Value) -> usize {
        let connector = practice::open_connector(config);
        function("dmp_connector_set_log")
            .call(connector, None, None)
            .ok();
        connector
    }

    /// The configuration with this instead of the cards' folder.
    fn with_keys(&self, keys: Value) -> Value {
        let mut config = self.config();
        config["dmp"]["national"]["keys"] = keys;
        config
    }

    /// The doctor's test card: `auth` or `sign`.
    fn card(&self, pair: &str) -> String {
        let cards = simulated::pki().cards().expect("a folder");
        let file = cards.join(format!("899900987654.{pair}.pem"));
        file.to_str().expect("UTF-8").to_owned()
    }

    fn host(&self) -> &'static Host {
        let pki = simulated::pki();
        let cards = pki.cards().expect("a folder");
        let folder = cards.parent().expect("its folder");
        Host::new(folder, &pki.ca_pem(), pki.ca_der(), TODAY)
    }

    /// The last line of defence: what was logged says nothing of anyone.
    fn close(self, connectors: &[usize]) {
        for connector in connectors {
            bare("dmp_connector_close", *connector).ok();
        }
        for line in logged() {
            discreet(&line);
        }
        assert!(dmp_open_handles() <= self.handles, "handles are left");
    }
}

/// An English line, without anything that is someone's.
fn discreet(line: &str) {
    assert!(line.is_ascii() && !line.contains('\n'), "{line:?}");
    for private in PRIVATE {
        assert!(!line.contains(private), "a line tells {private}: {line}");
    }
}

/// Demands this failure, by this rule; its refusal.
fn refused(reply: &Reply, status: i32, rule: &str) -> Value {
    let expected = face::status_name(status);
    assert_eq!(reply.name(), expected, "{:?} {:?}", reply.error, reply.out);
    let line = reply.error.as_deref().expect("a line");
    discreet(line);
    let refusal = reply.json();
    assert_eq!(refusal["rule"], rule, "{refusal}");
    let sentence = refusal["sentence"].as_str().expect("a sentence");
    // French, and nobody's.
    assert!(
        sentence.ends_with('.') && sentence.starts_with(char::is_uppercase),
        "{sentence}"
    );
    for private in PRIVATE {
        assert!(!reply.out.as_deref().unwrap_or_default().contains(private));
    }
    refusal
}

/// As [`refused`], on the way to the DMP; whether the request may have arrived.
fn failed(reply: &Reply, status: i32, rule: &str) -> bool {
    let refusal = refused(reply, status, rule);
    assert_eq!(refusal["by"], "network");
    assert!(refusal["network"]["retry"].is_boolean(), "{refusal}");
    refusal["network"]["sent"].as_bool().expect("sent")
}

/// A dossier opened, entered, fed, read and masked; everything that a practice does first.
fn story(connector: usize) {
    practice::open_dossier(connector, &ins(), &traits());
    let session = ask("dmp_session_open", connector, &doctor()).ok().handle;
    let access = welcome(session, &ins(), &traits());
    let found = bare("dmp_document_find", access).ok().json();
    assert_eq!(found["documents"], json!([]), "{found}");
    let fed = call(
        "dmp_document_feed",
        access,
        Some(r#"{"comments":"Suivi"}"#),
        Some(&report(1)),
    );
    let fed = fed.ok().json();
    assert_eq!(fed["documents"][0]["uniqueId"], report_id(1), "{fed}");
    assert_eq!(fed["documents"][0]["alreadyThere"], false);
    // The same bytes again are the same document.
    let again = call("dmp_document_feed", access, None, Some(&report(1))).ok();
    assert_eq!(again.json()["documents"][0]["alreadyThere"], true);
    let found = bare("dmp_document_find", access).ok().json();
    assert_eq!(found["documents"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["documents"][0]["uniqueId"], report_id(1));
    let read = call("dmp_document_read", access, Some(&report_id(1)), None).ok();
    assert_eq!(read.bytes, Some(report(1)), "the bytes are those deposited");
    call("dmp_document_mask", access, Some(&report_id(1)), None).ok();
    let found = bare("dmp_document_find", access).ok().json();
    let visibility = &found["documents"][0]["visibility"];
    assert_eq!(*visibility, json!(["MASQUE_PS"]), "{found}");
    let held = practice::documents_of(connector, &ins());
    assert_eq!(held, [report_id(1)]);
    bare("dmp_access_close", access).ok();
    bare("dmp_session_close", session).ok();
    practice::verified(connector);
}

#[test]
fn a_first_story_with_the_connectors_own_keys_and_transport() {
    let world = World::new();
    let connector = world.connector();
    // Nothing was sent yet.
    let before = bare("dmp_connector_network", connector).ok().json();
    assert_eq!(before, json!({"clockCorrected": false}));
    story(connector);
    let after = bare("dmp_connector_network", connector).ok().json();
    assert_eq!(
        after,
        json!({"clockSkewSeconds": 0, "clockCorrected": true, "lastAnswer": TODAY})
    );
    // The DMP's clock is ahead: it is told, and corrected.
    let skewed = Misbehaviour {
        seconds: Some(90),
        ..Misbehaviour::once(Kind::SkewedClock)
    };
    let session = ask("dmp_session_open", connector, &doctor()).ok().handle;
    world.simulator.misbehave(skewed);
    bare("dmp_access_close", open_access(session, &ins())).ok();
    let ahead = bare("dmp_connector_network", connector).ok().json();
    assert_eq!(ahead["clockSkewSeconds"], 90, "{ahead}");
    assert_eq!(ahead["clockCorrected"], true);
    let lines = logged();
    assert!(lines.iter().any(|l| l.contains("clock:")), "{lines:?}");
    lines.iter().for_each(|line| discreet(line));
    bare("dmp_session_close", session).ok();
    // No card can be read where none is configured.
    let card = bare("dmp_connector_card", connector);
    assert_eq!(refused(&card, DMP_KEY, "KEY-NONE-CONFIGURED")["by"], "key");
    world.close(&[connector]);
}

#[test]
fn the_same_story_with_the_hosts_keys_and_transport() {
    let world = World::new();
    let host = world.host();
    let keys =
        json!([{"host": {"authentication": world.card("auth"), "signature": world.card("sign")}}]);
    let connector = world.connector_of(&world.with_keys(keys));
    // Nothing signs yet.
    let session = ask("dmp_session_open", connector, &doctor()).ok().handle;
    let reply = ask("dmp_access_open", session, &json!({"patient": ins()}));
    refused(&reply, DMP_KEY, "KEY-HOST");
    bare("dmp_session_close", session).ok();
    assert_eq!(host.lend_signer(connector), DMP_OK);
    // The host's keys on the connector's own transport: they open the TLS connection too.
    story(connector);
    let signed = host.take(Asked::Signature);
    let kinds: Vec<&str> = signed.iter().filter_map(|r| r["key"].as_str()).collect();
    assert!(kinds.contains(&"authentication") && kinds.contains(&"signature"));
    assert!(signed.iter().all(|r| r["algorithm"] == "rsa_sha256"));
    // Then on its own.
    std::fs::remove_file(world.folder.path().join("register.db")).ok();
    let other = world.connector_of(&{
        let mut config = world.with_keys(
            json!([{"host": {"authentication": world.card("auth"), "signature": world.card("sign")}}]),
        );
        config["register"] = json!(world.folder.path().join("other.db"));
        config
    });
    assert_eq!(host.lend_signer(other), DMP_OK);
    assert_eq!(host.lend_transport(other), DMP_OK);
    let session = ask("dmp_session_open", other, &doctor()).ok().handle;
    let access = welcome(session, &ins(), &traits());
    let read = call("dmp_document_read", access, Some(&report_id(1)), None).ok();
    assert_eq!(read.bytes, Some(report(1)));
    let fed = call("dmp_document_feed", access, None, Some(&report(2))).ok();
    assert_eq!(fed.json()["documents"][0]["uniqueId"], report_id(2));
    let requests = host.take(Asked::Request);
    assert!(requests.len() >= 4, "{}", requests.len());
    for request in &requests {
        let url = request["url"].as_str().expect("an address");
        assert!(url.starts_with(&world.simulator.url()), "{url}");
        assert!(request["headers"]["Content-Type"].is_string());
    }
    // TLS is the host's: the connector's own signatures are those of the VIHF and the lot.
    let signed = host.take(Asked::Signature);
    assert!(!signed.is_empty() && signed.iter().all(|r| r["key"] == "signature"));
    let written = host.take_written();
    assert!(written.iter().all(|code| *code == DMP_OK), "{written:?}");
    // A wrong signature goes nowhere.
    *host.signs.lock().expect("whether it signs") = false;
    refused(&bare("dmp_document_find", access), DMP_KEY, "KEY-HOST");
    assert_eq!(host.take(Asked::Request), Vec::<Value>::new());
    *host.signs.lock().expect("whether it signs") = true;
    // The built-in client again.
    function("dmp_connector_set_transport")
        .call(other, None, None)
        .ok();
    bare("dmp_document_find", access).ok();
    assert_eq!(host.take(Asked::Request), Vec::<Value>::new());
    function("dmp_connector_set_signer")
        .call(other, None, None)
        .ok();
    refused(&bare("dmp_document_find", access), DMP_KEY, "KEY-HOST");
    bare("dmp_access_close", access).ok();
    bare("dmp_session_close", session).ok();
    world.close(&[connector, other]);
}

#[test]
fn a_configuration_that_cannot_work_is_refused_before_anything_is_made() {
    let world = World::new();
    let folder = practice::folder();
    for (place, value) in [
        ("url", json!("http://localhost")),
        ("url", json!("https://TESSIER@localhost")),
        ("services", json!({"registry": "ftp://TESSIER"})),
        ("web", json!("TESSIER")),
        ("keys", json!([])),
        ("clockSkewSeconds", json!(3601)),
        ("network", json!({"trust": {"pem": "TESSIER"}})),
        ("network", json!({"trust": {"path": "/nowhere/TESSIER"}})),
    ] {
        let mut config = world.config();
        config["register"] = json!(folder.path().join("register.db"));
        config["dmp"]["national"][place] = value;
        let reply = ask("dmp_connector_open", 0, &config);
        assert_eq!(reply.name(), "DMP_INVALID_VALUE", "{place}");
        let line = reply.error.expect("a line");
        discreet(&line);
        assert!(line.contains(place), "{line}");
    }
    let left = std::fs::read_dir(folder.path()).expect("the folder");
    assert_eq!(left.count(), 0, "a file was left");
    world.close(&[]);
}
