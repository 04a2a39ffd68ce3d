//! `dmpkit journal`, run as one who oversees a practice runs it.
#![cfg(feature = "cli")]

#[path = "tool/desk.rs"]
mod desk;

use desk::Desk;
use serde_json::{Value, json};

/// Another is said to have done it.
const RENAMED: &str = "DROP TRIGGER journal_is_not_updated;
    UPDATE journal SET actor = 'autre' WHERE number = 2;";

fn key(desk: &Desk, name: &str, digit: &str) {
    desk.write(name, &format!("{}\n", digit.repeat(64)));
}

#[test]
fn a_journal_is_verified_and_a_change_is_told_with_its_place() {
    let desk = Desk::new();
    let whole = desk.run(&["journal", "verify", "--json"]).ended(0).record();
    assert_eq!(
        (&whole["intact"], &whole["notes"][0]["code"]),
        (&json!(true), &json!("no_seal"))
    );
    let told = desk.run(&["journal", "verify"]).ended(0);
    let entries = format!("intact : {} entrées vérifiées", whole["entries"]);
    told.says(&entries)
        .says(whole["head"].as_str().expect("a hash"));
    desk.tamper(RENAMED);
    desk.run(&["journal", "verify"])
        .ended(1)
        .says("n'est pas intact : 1 entrée")
        .says("✗ Entrée n° 2 : son contenu a été modifié.")
        .says("→ Mettez de côté une copie");
    let broken = desk.run(&["journal", "verify", "--json"]).ended(1);
    assert_eq!(broken.record()["faults"][0]["code"], "entry_changed");
}

#[test]
fn seals_kept_elsewhere_are_compared_and_show_that_the_end_of_the_journal_was_cut_off() {
    let desk = Desk::new();
    key(&desk, "sceau.cle", "a");
    let seal = ["journal", "seal", "--seal-key", "sceau.cle"];
    let kept = [&seal[..], &["--seals", "scelles.jsonl"]].concat();
    desk.run(&kept).ended(0).says("Scellé n° 1");
    let second = desk.run(&[&kept[..], &["--json"]].concat()).ended(0);
    let lines = desk.read("scelles.jsonl");
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 2);
    let last: Value = serde_json::from_str(lines[1]).expect("JSON");
    assert_eq!(last, second.record());
    // Without a file, the seal itself is shown.
    let shown = desk.run(&seal).ended(0).says("Gardez cette ligne ailleurs");
    let line = shown.out.lines().last().expect("a line");
    let third: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(third["serial"], 3);

    let verify = ["journal", "verify", "--seals", "scelles.jsonl"];
    let keyed = [&verify[..], &["--seal-key", "sceau.cle"]].concat();
    let whole = desk.run(&[&keyed[..], &["--json"]].concat()).ended(0);
    assert_eq!(whole.record()["seals"]["authenticated"], 5);
    desk.run(&keyed)
        .ended(0)
        .says("Scellés du registre : 3 ; gardés ailleurs : 2 ; authentifiés par la clé : 5");
    // Under another key none of them was made; both keys together are right again.
    key(&desk, "autre.cle", "b");
    desk.run(&[&verify[..], &["--seal-key", "autre.cle"]].concat())
        .ended(1)
        .says("ce scellé n'a été fait avec aucune des clés données");
    desk.write(
        "deux.cle",
        &(desk.read("autre.cle") + &desk.read("sceau.cle")),
    );
    desk.run(&[&verify[..], &["--seal-key", "deux.cle"]].concat())
        .ended(0);
    desk.run(&["journal", "seal", "--seal-key", "deux.cle"])
        .ended(1)
        .says("une seule clé");

    // The end is cut off, seals and all: the register alone shows nothing, the seals kept elsewhere do.
    let first: Value = serde_json::from_str(lines[0]).expect("JSON");
    desk.tamper(&format!(
        "DROP TRIGGER journal_is_not_deleted; DROP TRIGGER journal_seal_is_not_deleted;
         DELETE FROM journal WHERE number >= {}; DELETE FROM journal_seal;",
        first["number"]
    ));
    desk.run(&["journal", "verify"]).ended(0);
    desk.run(&keyed)
        .ended(1)
        .says("la fin du journal, qui avait été scellée, a disparu");
}

#[test]
fn what_is_not_a_key_or_a_seal_is_told_without_its_value() {
    let desk = Desk::new();
    desk.write("court.cle", "abcd\n");
    desk.write("vide.cle", "\n");
    desk.write("zero.cle", &"0".repeat(64));
    for (name, text) in [
        ("court.cle", "64 chiffres hexadécimaux"),
        ("vide.cle", "n'a aucune clé"),
        ("zero.cle", "random bytes"),
    ] {
        let ran = desk.run(&["journal", "seal", "--seal-key", name]).ended(1);
        let ran = ran.says(text);
        assert!(!ran.err.contains("abcd"), "{}", ran.err);
    }
    desk.run(&["journal", "seal", "--seal-key", "absent.cle"])
        .ended(3)
        .says("il n'existe pas");
    desk.write("scelles.jsonl", "{\"serial\": 1}\n");
    desk.run(&["journal", "verify", "--seals", "scelles.jsonl"])
        .ended(1)
        .says("scelles.jsonl, ligne 1 : ce n'est pas un scellé");
}

#[test]
fn an_export_is_a_new_file_of_its_owner_and_the_journal_says_who_made_it() {
    let desk = Desk::new();
    let export = ["journal", "export", "-o", "journal.jsonl"];
    let told = desk.as_doctor(&export).ended(0);
    let told = told.says("Ce fichier nomme des patients");
    let lines = desk.read("journal.jsonl");
    let entries: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    told.says(&format!(
        "{} entrées, n° 1 à {}",
        entries.len(),
        entries.len()
    ));
    assert_eq!(entries[0]["previous"], "0".repeat(64));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let rights = std::fs::metadata(desk.file("journal.jsonl")).expect("a file");
        assert_eq!(rights.permissions().mode() & 0o777, 0o600);
    }
    desk.as_doctor(&export).ended(3).says("il existe déjà");
    assert_eq!(desk.read("journal.jsonl"), lines);

    let some = desk.as_doctor(&[
        "journal",
        "export",
        "-o",
        "acces.jsonl",
        "--json",
        "--action",
        "access.open",
        "--patient",
        "279035121518989 1.2.250.1.213.1.4.10",
        "--from",
        "2026-01-12",
        "--to",
        "2026-01-12",
    ]);
    assert_eq!(some.ended(0).record()["entries"], 1);
    let fhir = desk.as_doctor(&[
        "journal",
        "export",
        "-o",
        "audit.ndjson",
        "--format",
        "fhir",
        "--json",
    ]);
    assert_eq!(fhir.ended(0).record()["format"], "fhir");
    let first = desk.read("audit.ndjson");
    let first: Value = serde_json::from_str(first.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["resourceType"], "AuditEvent");

    let (connector, _) = desk.open();
    let all = connector.journal(&Default::default()).expect("the journal");
    let made = all.entries.iter().filter(|e| e.action == "journal.export");
    assert_eq!(made.filter(|e| e.outcome == "done").count(), 3);
}

#[test]
fn an_export_that_is_asked_for_wrongly_leaves_no_file() {
    let desk = Desk::new();
    for wrong in [
        ["--patient", "279035121518989"],
        ["--from", "hier"],
        ["--session", "absent.json"],
    ] {
        let asked = ["journal", "export", "-o", "journal.jsonl"];
        let ran = match wrong[0] {
            "--session" => desk.run(&[&asked[..], &wrong].concat()),
            _ => desk.as_doctor(&[&asked[..], &wrong].concat()),
        };
        assert!(ran.code == 1 || ran.code == 3, "{} {}", ran.out, ran.err);
        assert!(!ran.err.contains("279035121518989"), "{}", ran.err);
        assert!(!desk.files().contains(&"journal.jsonl".to_owned()));
    }
}

#[test]
fn entries_go_after_their_time_and_no_bris_de_glace_goes_unreviewed() {
    let desk = Desk::new();
    let prune = |before: &str| {
        desk.as_doctor(&[
            "journal", "prune", "--before", before, "--reason", "Dix ans",
        ])
    };
    prune("2026-01-12")
        .ended(1)
        .says("Le journal se conserve au moins 120 mois");
    desk.clock("2037-03-01T09:00:00Z");
    prune("2026-02-01")
        .ended(1)
        .says("Un bris de glace antérieur à cette date n'a pas été revu");
    let (connector, doctor) = desk.open();
    let review = json!({"id": 1, "note": "Justifié"});
    doctor
        .review_emergency(&serde_json::from_value(review).expect("a review"))
        .expect("reviewed");
    connector.close().expect("closed");
    prune("2026-02-01").ended(0).says("entrée(s) retirée(s)");
    prune("2026-02-01").ended(0).says("rien n'a été retiré");
    desk.run(&["journal", "verify"])
        .ended(0)
        .says("ont été retirées le 01/03/2037 09:00:00 (UTC) : Dix ans.");
    desk.run(&["journal", "emergencies", "--all"])
        .ended(0)
        .says("le journal n'en garde plus le détail")
        .says("par 899900987654 : Justifié");
}

#[test]
fn the_bris_de_glace_are_listed_for_their_review_and_those_overdue_stand_out() {
    let desk = Desk::new();
    desk.run(&["journal", "emergencies"])
        .ended(1)
        .says("· n° 1 : ouvert le 12/01/2026 09:00:00 (UTC), fermé le 12/01/2026 09:00:00")
        .says("BASTIDE")
        .says("motif : Patiente inconsciente MARQUEUR")
        .says("recherches 1, lectures 0 (documents : 0), refus 0")
        .says("à revoir avant le 19/01/2026");
    desk.clock("2026-02-01T09:00:00Z");
    desk.run(&["journal", "emergencies"])
        .ended(1)
        .says("✗ n° 1")
        .says("EN RETARD : à revoir depuis le 19/01/2026");
    let listed = desk.run(&["journal", "emergencies", "--json"]).ended(1);
    assert_eq!(listed.record()["emergencies"][0]["overdue"], true);
    let (connector, doctor) = desk.open();
    let review = json!({"id": 1, "note": "Justifié"});
    doctor
        .review_emergency(&serde_json::from_value(review).expect("a review"))
        .expect("reviewed");
    connector.close().expect("closed");
    desk.run(&["journal", "emergencies"])
        .ended(0)
        .says("Aucun bris de glace n'attend de revue.");
    desk.run(&["journal", "emergencies", "--all"])
        .ended(0)
        .says("✓ n° 1");
}
