//! `dmpkit outbox` and `dmpkit dispatch`, run as an integrator runs them on a practice's files.
#![cfg(feature = "cli")]

use std::path::Path;
use std::process::{Command, Stdio};

use dmpkit::connector::outbox::ItemRequest;
use dmpkit::{Config, Connector, Session};
use serde_json::{Value, json};

struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// A practice with an outbox, its configuration and its doctor in files.
struct Practice {
    folder: tempfile::TempDir,
}

fn report(n: u32) -> Vec<u8> {
    include_str!("fixtures/cr_consultation_pdf.xml")
        .replace(
            "1.2.250.1.999.1.1.2026.101",
            &format!("1.2.250.1.999.9.{n}"),
        )
        .into_bytes()
}

/// A report that replaces another.
fn replacement(n: u32, of: u32) -> Vec<u8> {
    include_str!("fixtures/cr_consultation_remplacement.xml")
        .replace(
            "1.2.250.1.999.1.1.2026.102",
            &format!("1.2.250.1.999.9.{n}"),
        )
        .replace(
            "1.2.250.1.999.1.1.2026.101",
            &format!("1.2.250.1.999.9.{of}"),
        )
        .into_bytes()
}

fn patient() -> Value {
    json!({"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"})
}

impl Practice {
    /// With these documents in its outbox.
    fn new(documents: &[Vec<u8>]) -> Practice {
        let folder = tempfile::tempdir().expect("a folder");
        let practice = Practice { folder };
        let config = json!({
            "register": practice.file("register.db"),
            "dmp": {"embedded": {"path": practice.file("dmp.db")}},
            "clock": "2026-01-12T09:00:00Z",
            "software": {"name": "T", "version": "1", "homologation": "H", "oid": "1.2.250.1.999.1"},
        });
        let doctor = json!({
            "professional": {"id": "899900987654", "family": "BASTIDE", "given": "Hélène",
                "profession": "10", "specialty": "SM26"},
            "structure": {"id": "499900987654001", "name": "Cabinet", "sector": "SA07"},
            "authentication": "cps",
        });
        practice.write("config.json", &config);
        practice.write("doctor.json", &doctor);
        let (connector, doctor) = practice.open();
        let traits = json!({"birthName": "TESSIER", "givenNames": ["CAMILLE"],
            "birthDate": "19790315", "sex": "F"});
        let dossier = json!({"action": "open_dossier", "patient": patient(), "traits": traits});
        let dossier = serde_json::from_value(dossier).expect("an action");
        connector.holder_act(&dossier, b"").expect("a dossier");
        let known = json!({"patient": patient(), "status": "qualifiee", "traits": traits});
        let known = serde_json::from_value(known).expect("a patient");
        doctor.register_patient(&known).expect("registered");
        let request = serde_json::from_value(json!({"patient": patient()})).expect("a request");
        for document in documents {
            doctor.enqueue(&request, document).expect("handed over");
        }
        connector.close().expect("closed");
        practice
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, record: &Value) {
        std::fs::write(self.file(name), record.to_string()).expect("written");
    }

    fn open(&self) -> (Connector, Session) {
        let text = |name| std::fs::read_to_string(self.file(name)).expect("a file");
        let config = Config::from_json(&text("config.json")).expect("a configuration");
        let connector = Connector::open(config).expect("a connector");
        let doctor = serde_json::from_str(&text("doctor.json")).expect("a requester");
        let doctor = connector.session(doctor).expect("a session");
        (connector, doctor)
    }

    /// Runs the command on this practice.
    fn dmpkit(&self, arguments: &[&str]) -> Ran {
        let config = self.file("config.json");
        dmpkit(
            self.folder.path(),
            &[arguments, &["--config", &config]].concat(),
        )
    }

    /// The same, as the doctor.
    fn as_doctor(&self, arguments: &[&str]) -> Ran {
        let doctor = self.file("doctor.json");
        self.dmpkit(&[arguments, &["--session", &doctor]].concat())
    }

    /// What is handed over by the doctor and given up: what replaced it waits for a person.
    fn give_up(&self, id: i64) {
        let (connector, doctor) = self.open();
        doctor.give_up(&ItemRequest { id }).expect("given up");
        connector.close().expect("closed");
    }
}

fn dmpkit(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_dmpkit"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the command runs");
    Ran {
        code: output.status.code().expect("ended by itself"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn record(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {} {}", ran.out, ran.err))
}

#[test]
fn the_outbox_is_a_table_with_what_a_person_has_to_do() {
    let practice = Practice::new(&[report(1), report(2), replacement(3, 1)]);
    let told = practice.dmpkit(&["outbox"]);
    assert_eq!((told.code, told.err.as_str()), (0, ""), "{}", told.out);
    for expected in [
        "en attente d'envoi",
        "dépôt",
        "12/01/2026 09:00:00",
        "899900987654",
        "À envoyer : 3 ; en attente d'une personne : 0",
    ] {
        assert!(told.out.contains(expected), "{expected}\n{}", told.out);
    }
    practice.give_up(1);
    let told = practice.as_doctor(&["outbox", "--state", "held", "--state", "dead"]);
    assert_eq!(told.code, 1, "{}", told.err);
    let lines: Vec<&str> = told.out.lines().collect();
    assert!(
        lines[1].trim_start().starts_with("3  attend une personne"),
        "{}",
        told.out
    );
    assert!(lines[2].contains("ne sera pas déposé"), "{}", told.out);
    assert!(lines[3].contains("→ Corrigez le document"), "{}", told.out);
    assert!(!told.out.contains("899900987654"), "{}", told.out);
    let all = record(&practice.dmpkit(&["outbox", "--json"]));
    assert_eq!(all["items"].as_array().map(Vec::len), Some(3));
    assert_eq!(all["items"][0]["number"], 1);
}

#[test]
fn more_items_than_a_page_are_all_listed() {
    let practice = Practice::new(&[report(0)]);
    let (connector, doctor) = practice.open();
    for _ in 0..1000 {
        let change =
            json!({"patient": patient(), "uniqueId": "1.2.250.1.999.9.0", "change": "mask"});
        let change = serde_json::from_value(change).expect("a change");
        doctor.enqueue_change(&change).expect("handed over");
    }
    connector.close().expect("closed");
    for listed in [
        practice.dmpkit(&["outbox", "--json"]),
        practice.as_doctor(&["outbox", "--json"]),
    ] {
        let items = record(&listed)["items"].as_array().map(Vec::len);
        assert_eq!(items, Some(1001));
    }
}

#[test]
fn a_person_gives_up_sends_again_and_presses_the_stop_button() {
    let practice = Practice::new(&[report(1)]);
    let given_up = practice.as_doctor(&["outbox", "give-up", "1"]);
    assert_eq!(given_up.code, 0, "{}", given_up.err);
    assert!(given_up.out.contains("abandonné"), "{}", given_up.out);
    let again = practice.as_doctor(&["outbox", "give-up", "1"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("actualisez la liste"), "{}", again.err);
    let unknown = practice.as_doctor(&["outbox", "resend", "9"]);
    assert!(
        unknown.err.contains("Aucun envoi de ce numéro"),
        "{}",
        unknown.err
    );
    let resent = practice.as_doctor(&["outbox", "resend", "1", "--json"]);
    assert_eq!(record(&resent)["state"], "unsure");

    let stopped = practice.as_doctor(&["outbox", "stop"]);
    assert_eq!(
        (stopped.code, stopped.out.as_str()),
        (0, "Plus rien ne part.\n")
    );
    let waits = practice.dmpkit(&["dispatch", "--wait"]);
    assert!(
        waits.out.contains("« dmpkit outbox restart »"),
        "{}",
        waits.out
    );
    assert!(
        practice
            .dmpkit(&["outbox"])
            .out
            .starts_with("Tous les envois sont arrêtés depuis le")
    );
    let changed = |arguments: &[&str]| record(&practice.as_doctor(arguments))["changed"].clone();
    assert_eq!(
        changed(&["outbox", "restart", "--take-over", "--json"]),
        false
    );
    assert_eq!(changed(&["outbox", "restart", "--json"]), true);
    let sent = practice.dmpkit(&["dispatch"]);
    assert_eq!(sent.code, 0, "{}", sent.out);
    assert!(sent.out.contains("Envoyés : 1"), "{}", sent.out);
    let (connector, _) = practice.open();
    assert!(connector.verify_journal().expect("read").intact);
}

#[test]
fn a_dispatch_keeps_its_bounds_and_waits_when_told_to() {
    let documents: Vec<Vec<u8>> = (0..12).map(report).collect();
    let practice = Practice::new(&documents);
    let none = record(&practice.dmpkit(&["dispatch", "--max-items", "0", "--json"]));
    assert_eq!(
        (&none["sent"], &none["ended"]),
        (&json!(0), &json!("bounds"))
    );
    // Five a second and structure, on a clock that stands still.
    let once = record(&practice.dmpkit(&["dispatch", "--json"]));
    assert_eq!((&once["sent"], &once["ended"]), (&json!(5), &json!("pace")));
    let two = practice.dmpkit(&["dispatch", "--wait", "--max-items", "2", "--json"]);
    assert!(record(&two)["sent"].as_u64().expect("a count") <= 2);
    let rest = practice.dmpkit(&["dispatch", "--wait"]);
    assert_eq!((rest.code, rest.err.as_str()), (0, ""));
    assert!(
        rest.out.ends_with("Rien ne reste à envoyer.\n"),
        "{}",
        rest.out
    );
    let done = record(&practice.dmpkit(&["outbox", "--json", "--state", "done"]));
    assert_eq!(done["counts"]["done"], 12);
}

#[test]
fn what_waits_for_a_person_ends_a_dispatch_with_1() {
    let practice = Practice::new(&[report(1), replacement(2, 1)]);
    practice.give_up(1);
    let told = practice.dmpkit(&["dispatch"]);
    assert_eq!(told.code, 1, "{}", told.out);
    assert!(
        told.out.contains("En attente d'une personne : 1"),
        "{}",
        told.out
    );
}

#[test]
fn mistakes_are_told_in_french_with_their_codes() {
    let practice = Practice::new(&[]);
    let here = practice.folder.path();
    practice.write("unknown.json", &json!({"register": "r.db", "ZZSECRET": 1}));
    practice.write("elsewhere.json", &json!({
        "register": "nowhere/r.db", "dmp": {"embedded": {"path": "d.db"}},
        "software": {"name": "T", "version": "1", "homologation": "H", "oid": "1.2.250.1.999.1"},
    }));
    let config = practice.file("config.json");
    for (arguments, code, sentence) in [
        (&["outbox"][..], 2, "Il manque --config <CONFIGURATION>."),
        (&["dispatch"], 2, "Il manque --config <CONFIGURATION>."),
        (
            &["outbox", "stop", "--config", &config],
            2,
            "Il manque --session <PROFESSIONNEL>.",
        ),
        (
            &["outbox", "--config", &config, "--state", "lost"],
            2,
            "--state attend un état parmi waiting",
        ),
        (
            &["outbox", "drop", "--config", &config],
            2,
            "La commande drop n'existe pas.",
        ),
        (
            &["outbox", "give-up", "--config", &config],
            2,
            "Il manque <NUMÉRO>.",
        ),
        (
            &["dispatch", "--config", "none.json"],
            3,
            "none.json ne peut pas être lu : il n'existe pas.",
        ),
        (
            &["dispatch", "--config", "unknown.json"],
            1,
            "unknown.json n'est pas une configuration : config: unknown field",
        ),
        (
            &["dispatch", "--config", "elsewhere.json"],
            3,
            "Aucun registre n'est à la place que dit la configuration",
        ),
        (
            &["outbox", "--config", &config, "--session", &config],
            1,
            "n'est pas un professionnel",
        ),
    ] {
        let told = dmpkit(here, arguments);
        assert_eq!(told.code, code, "{arguments:?}\n{}{}", told.out, told.err);
        assert!(told.err.contains(sentence), "{arguments:?}\n{}", told.err);
        assert!(!told.err.contains("ZZSECRET"), "{}", told.err);
    }
    for help in [
        &["outbox", "--help"][..],
        &["outbox", "give-up", "--help"],
        &["outbox", "stop", "--help"],
        &["dispatch", "-h"],
    ] {
        let shown = dmpkit(here, help);
        assert_eq!(shown.code, 0, "{help:?}");
        for english in ["Usage", "Print", "Commands", "default", "possible"] {
            assert!(!shown.out.contains(english), "{english}\n{}", shown.out);
        }
    }
}
