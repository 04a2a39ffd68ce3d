//! `dmpkit backup`, `restore`, `rekey`, `salvage`, `doctor`, run as an integrator runs them.
#![cfg(feature = "cli")]

#[path = "tool/desk.rs"]
mod desk;

use desk::{Desk, SECRETS, patient, report};
use serde_json::{Value, json};

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";

#[test]
fn a_backup_is_made_while_the_practice_works_and_put_back() {
    let desk = Desk::new();
    let (connector, doctor) = desk.open();
    desk.run(&["backup", "-o", "sauvegarde.db"])
        .ended(0)
        .says("NON chiffrée")
        .says("à noter ailleurs");
    desk.run(&["backup", "-o", "sauvegarde.db"])
        .ended(3)
        .says("Un fichier de ce nom existe déjà");
    let after = serde_json::from_value(json!({"patient": patient()})).expect("a request");
    doctor.enqueue(&after, &report(2)).expect("handed over");
    let items = |desk: &Desk| desk.run(&["outbox", "--json"]).record()["counts"].clone();
    assert_eq!(items(&desk)["waiting"], 2);

    // The software must be closed first; and the register there is not touched unasked.
    desk.run(&["restore", "sauvegarde.db", "--replace"])
        .ended(3)
        .says("→ Fermez le logiciel");
    drop(doctor);
    connector.close().expect("closed");
    desk.run(&["restore", "sauvegarde.db"])
        .ended(3)
        .says("--replace le met de côté");
    let restored = desk.run(&["restore", "sauvegarde.db", "--replace", "--json"]);
    let restored = restored.ended(0).record();
    let aside = restored["setAside"].as_str().expect("a path");
    assert!(std::path::Path::new(aside).is_file());
    let counts = items(&desk);
    let left = counts["waiting"].as_i64().zip(counts["unsure"].as_i64());
    assert_eq!(left.map(|(w, u)| w + u), Some(1), "{counts}");
    std::fs::remove_file(desk.file("register.db")).expect("removed");
    desk.run(&["restore", "sauvegarde.db"])
        .ended(0)
        .says("La sauvegarde est à la place du registre.");
    desk.run(&["restore", "doctor.json", "--replace"])
        .ended(3)
        .says("n'est pas de dmpkit, ou la clé n'est pas la sienne");
}

#[cfg(feature = "encryption")]
#[test]
fn the_files_are_put_under_a_key_and_every_command_opens_them_with_it() {
    let desk = Desk::new();
    desk.write("cle", KEY);
    desk.write("phrase", "une phrase assez longue pour un cabinet\n");
    desk.run(&["rekey", "--key-file", "cle"])
        .ended(0)
        .says("Registre : sous la nouvelle clé désormais.")
        .says("DMP embarqué : sous la nouvelle clé désormais.");
    desk.run(&["rekey", "--key-file", "cle"])
        .ended(0)
        .says("déjà sous la nouvelle clé");
    desk.write("sceau.cle", KEY);
    let all: [&[&str]; 8] = [
        &["outbox"],
        &["outbox", "stop", "--session", "doctor.json"],
        &["outbox", "restart", "--session", "doctor.json"],
        &["dispatch"],
        &["journal", "verify"],
        &["journal", "seal", "--seal-key", "sceau.cle"],
        &["backup", "-o", "sauvegarde.db"],
        &["salvage", "-o", "recupere.jsonl"],
    ];
    for command in all {
        desk.run(command)
            .ended(3)
            .says("n'est pas de dmpkit, ou la clé n'est pas la sienne");
        desk.run(&[command, &["--key-file", "cle"]].concat())
            .ended(0);
    }
    let restore = ["restore", "sauvegarde.db", "--replace"];
    desk.run(&restore).ended(3);
    desk.run(&[&restore[..], &["--key-file", "cle"]].concat())
        .ended(0);
    let to_phrase = ["rekey", "--key-file", "phrase"];
    desk.run(&to_phrase).ended(3);
    let changed = [&to_phrase[..], &["--old-key-file", "cle", "--json"]].concat();
    let changed = desk.run(&changed).ended(0).record();
    assert_eq!(changed, json!({"register": "changed", "dmp": "changed"}));
    desk.run(&["outbox", "--key-file", "phrase"]).ended(0);
    desk.write("vide", "\n");
    desk.run(&["rekey", "--old-key-file", "phrase", "--key-file", "vide"])
        .ended(1)
        .says("vide ne contient pas de clé");
}

#[test]
fn what_can_be_read_of_a_register_is_written_out_and_said_to_be_in_clear() {
    let desk = Desk::new();
    desk.run(&["salvage", "-o", "recupere.jsonl"])
        .ended(0)
        .says("EN CLAIR")
        .says("patient");
    let lines = desk.read("recupere.jsonl");
    let rows = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    assert!(rows.into_iter().any(|row| row["table"] == "patient"));
    desk.run(&["salvage", "-o", "recupere.jsonl"])
        .ended(3)
        .says("existe déjà");
    // The middle of the file is lost: the rest is written out, and the command says that something is missing.
    let path = desk.file("register.db");
    let mut bytes = std::fs::read(&path).expect("the register");
    let middle = bytes.len() / 4096 / 2 * 4096;
    bytes[middle..middle + 3 * 4096].fill(0x55);
    std::fs::write(&path, bytes).expect("written");
    let report = desk.run(&["salvage", "-o", "reste.jsonl", "--json"]);
    let report = report.ended(1).record();
    assert_eq!(report["complete"], false);
    assert!(report["rows"].as_i64().expect("a number") > 0);
}

#[test]
fn what_waited_in_the_register_set_aside_is_taken_back() {
    let desk = Desk::new();
    desk.run(&["backup", "-o", "sauvegarde.db"]).ended(0);
    let (connector, doctor) = desk.open();
    let request = || serde_json::from_value(json!({"patient": patient()})).expect("a request");
    for n in [2, 3] {
        doctor.enqueue(&request(), &report(n)).expect("handed over");
    }
    connector.close().expect("closed");
    desk.clock("2026-01-12T10:00:00Z");
    desk.run(&["restore", "sauvegarde.db", "--replace"])
        .ended(0)
        .says("register.db.set-aside-1")
        .says("→ Ce qui y attendait l'envoi se reprend");
    let salvage = ["salvage", "--register", "register.db.set-aside-1"];
    desk.run(&[&salvage[..], &["-o", "avant.jsonl"]].concat())
        .ended(0);
    let recover = ["outbox", "recover", "avant.jsonl"];
    desk.as_doctor(&[&recover[..], &["--dry-run"]].concat())
        .ended(0)
        .says("Seraient confiés à nouveau : 2 ; déjà connus : 1")
        .says("relancez sans --dry-run");
    desk.as_doctor(&recover)
        .ended(0)
        .says("Confiés à nouveau : 2 ; déjà connus : 1");
    desk.run(&["dispatch", "--wait"]).ended(0);
    let again = [&recover[..], &["--json"]].concat();
    let again = desk.as_doctor(&again).ended(0).record();
    assert_eq!(
        (&again["counts"]["known"], &again["lines"]),
        (&json!(3), &json!([]))
    );
    // Of a part of the file: what is missing is told, with what it was.
    let part: String = desk
        .read("avant.jsonl")
        .lines()
        .filter(|line| !line.contains("\"outbox_content\""))
        .map(|line| format!("{}\n", line.replace("1.2.250.1.999.1.", "1.2.250.1.999.2.")))
        .collect();
    desk.write("partie.jsonl", &part);
    desk.as_doctor(&["outbox", "recover", "partie.jsonl"])
        .ended(1)
        .says("✗ n° 3 : dépôt 1.2.250.1.999.9.3")
        .says("vérifiez dans le DMP")
        .says("incomplets : 3");
    desk.as_doctor(&["outbox", "recover", "sauvegarde.db"])
        .ended(1)
        .says("sauvegarde.db n'est pas entier")
        .says("line 1");
    desk.as_doctor(&["outbox", "recover", "absent.jsonl"])
        .ended(3)
        .says("absent.jsonl ne peut pas être lu.");
}

/// The codes of what the doctor found.
fn codes(record: &Value) -> Vec<&str> {
    let findings = record["findings"].as_array().expect("findings");
    findings
        .iter()
        .map(|f| f["code"].as_str().expect("a code"))
        .collect()
}

#[test]
fn the_doctor_finds_nothing_wrong_in_a_practice_that_is_well_and_writes_a_file_that_names_nobody() {
    let desk = Desk::new();
    desk.run(&["dispatch"]).ended(0);
    let ran = desk.run(&["doctor", "-o", "assistance.json"]).ended(0);
    ran.says("Rien d'anormal n'a été trouvé.")
        .says("· Bris de glace qui attendent leur revue : 1.")
        .says("il peut être envoyé");
    let text = desk.read("assistance.json");
    let record: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(record["bundle"]["outbox"]["done"], 1);
    assert_eq!(record["check"]["verdict"], "intact");
    assert_eq!(
        codes(&record),
        [
            "register_not_encrypted",
            "journal_not_sealed",
            "emergencies_unreviewed"
        ]
    );
    let folder = desk.file("");
    let given = desk.run(&["doctor", "--json"]).ended(0).out;
    for text in [&text, &given] {
        for secret in SECRETS.iter().copied().chain([&*folder, "register.db"]) {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    desk.run(&["doctor", "-o", "assistance.json"])
        .ended(3)
        .says("il existe déjà");
    assert_eq!(desk.read("assistance.json"), text);
}

#[test]
fn the_doctor_says_what_waits_for_a_person_what_is_stopped_and_what_is_late() {
    let desk = Desk::new();
    // One given up: what replaces it waits for a person.
    let (connector, doctor) = desk.open();
    let request = serde_json::from_value(json!({"patient": patient()})).expect("a request");
    let replacement = include_str!("fixtures/cr_consultation_remplacement.xml")
        .replace("1.2.250.1.999.1.1.2026.101", "1.2.250.1.999.9.1");
    doctor
        .enqueue(&request, replacement.as_bytes())
        .expect("handed over");
    doctor.enqueue(&request, &report(3)).expect("handed over");
    connector.close().expect("closed");
    desk.as_doctor(&["outbox", "give-up", "1"]).ended(0);
    desk.clock("2026-02-01T09:00:00Z");
    desk.run(&["doctor"])
        .ended(1)
        .says("✗ Envois qui attendent une personne : 1 (OUTBOX-PREDECESSOR)")
        .says("✗ Des envois attendent depuis le 12/01/2026")
        .says("✗ Bris de glace dont la revue est en retard : 1.")
        .says("→ « dmpkit journal emergencies » les montre.")
        .says("points sont à voir.");
    desk.as_doctor(&["outbox", "stop"]).ended(0);
    let record = desk.run(&["doctor", "--json"]).ended(1).record();
    let codes = codes(&record);
    assert!(codes.contains(&"outbox_stopped"), "{codes:?}");
    // That explains why nothing leaves.
    assert!(!codes.contains(&"outbox_late"), "{codes:?}");
}

#[test]
fn the_doctor_says_where_the_journal_was_touched() {
    let desk = Desk::new();
    desk.tamper(
        "DROP TRIGGER journal_is_not_updated;
         UPDATE journal SET actor = 'MARQUEUR' WHERE number = 2;",
    );
    let ran = desk.run(&["doctor", "-o", "assistance.json"]).ended(1);
    ran.says("✗ Entrée n° 2 : son contenu a été modifié.")
        .says("→ Mettez de côté une copie");
    let text = desk.read("assistance.json");
    let record: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(record["check"]["verdict"], "journal_broken");
    assert_eq!(record["bundle"]["journal"]["fault"], "entry_changed");
    assert!(!text.contains("MARQUEUR"), "{text}");
}

#[test]
fn the_doctor_tells_a_damaged_register_and_still_writes_what_may_be_sent() {
    let desk = Desk::new();
    let path = desk.file("register.db");
    let good = std::fs::read(&path).expect("the register");
    let mut damaged = good.clone();
    let middle = good.len() / 4096 / 2 * 4096;
    damaged[middle..middle + 4096].fill(0x55);
    std::fs::write(&path, damaged).expect("written");
    desk.run(&["doctor", "-o", "assistance.json"])
        .ended(1)
        .says("✗ Le registre est endommagé.")
        .says("dmpkit restore");
    let text = desk.read("assistance.json");
    let record: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(codes(&record)[0], "register_damaged");
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    // Not a register at all.
    std::fs::write(&path, "une lettre").expect("written");
    let record = desk.run(&["doctor", "--json"]).ended(1).record();
    assert_eq!(codes(&record), ["file_not_ours"]);
    // None: a command makes no empty one, and does not find all well with it.
    std::fs::remove_file(&path).expect("removed");
    let record = desk.run(&["doctor", "--json"]).ended(1).record();
    assert_eq!(codes(&record), ["register_absent"]);
    desk.run(&["backup", "-o", "sauvegarde.db"])
        .ended(3)
        .says("Aucun registre");
    assert!(!desk.files().contains(&"register.db".to_owned()));
    // A configuration that cannot be read is told as everywhere, and leaves no file.
    desk.write("config.json", "{}");
    desk.run(&["doctor", "-o", "rien.json"])
        .ended(1)
        .says("n'est pas une configuration");
    assert!(!desk.files().contains(&"rien.json".to_owned()));
}
