//! `dmpkit takeover`, run as an integrator runs it.
#![cfg(feature = "cli")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dmpkit::{Config, Connector, Session};
use serde_json::{Value, json};

/// A practice on files, its past documents, and the records of the command.
struct Desk {
    folder: tempfile::TempDir,
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn report(n: u32) -> String {
    include_str!("fixtures/cr_consultation_pdf.xml").replace(
        "1.2.250.1.999.1.1.2026.101",
        &format!("1.2.250.1.999.1.1.2026.9.{n}"),
    )
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().expect("a folder");
        let desk = Desk { folder };
        let config = json!({
            "register": desk.path("register.db"),
            "software": {"name": "T", "version": "1", "homologation": "H", "oid": "1.2.250.1.999.1"},
            "dmp": {"embedded": {"path": desk.path("dmp.db")}},
            "clock": "2026-03-02T08:00:00Z",
        });
        let requester = json!({
            "professional": {"id": "899900987654", "family": "BASTIDE", "given": "Hélène",
                "profession": "10", "specialty": "SM26"},
            "structure": {"id": "499900987654001", "name": "Cabinet", "sector": "SA07"},
            "authentication": "cps"
        });
        desk.put("config.json", format!("\u{FEFF}{config}"));
        desk.put("session.json", requester.to_string());
        let (connector, session) = desk.open();
        let known = json!({"patient": {"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"},
            "status": "qualifiee", "traits":
            {"birthName": "TESSIER", "givenNames": ["CAMILLE"], "birthDate": "19790315", "sex": "F"}});
        let known = serde_json::from_value(known).expect("a patient");
        session.register_patient(&known).expect("registered");
        connector.close().expect("closed");
        for n in 1..=3 {
            desk.put(&format!("passé/{n}.xml"), report(n));
        }
        desk.put("passé/2019.xml", report(4).replace("20260112", "20190301"));
        desk.put("passé/coupé.xml", &report(5)[..4000]);
        desk.put("passé/notes.txt", "rien");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, content).expect("written");
        path
    }

    fn open(&self) -> (Connector, Session) {
        let text = |name| std::fs::read_to_string(self.path(name)).expect("readable");
        let config = Config::from_json(text("config.json").trim_start_matches('\u{FEFF}'));
        let connector = Connector::open(config.expect("a configuration")).expect("a connector");
        let requester = serde_json::from_str(&text("session.json")).expect("a requester");
        let session = connector.session(requester).expect("a session");
        (connector, session)
    }

    fn in_the_outbox(&self) -> u64 {
        let (connector, session) = self.open();
        let left = session.take_over_state().expect("a state").left;
        connector.close().expect("closed");
        left
    }

    /// Takes over, with more arguments.
    fn takeover(&self, what: &[&Path], arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_dmpkit"))
            .arg("takeover")
            .args(what)
            .arg("--config")
            .arg(self.path("config.json"))
            .arg("--session")
            .arg(self.path("session.json"))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("the command runs");
        Ran {
            code: output.status.code().expect("ended by itself"),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

fn records(out: &str) -> Vec<Value> {
    out.lines()
        .map(|line| serde_json::from_str(line).expect("one record a line"))
        .collect()
}

#[test]
fn a_folder_is_judged_dry_then_taken_over_then_nothing_is_left_to_do() {
    let desk = Desk::new();
    let past = desk.path("passé");
    let said = desk.takeover(&[&past], &["--dry-run"]);
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{}", said.out);
    for words in [
        "coupé.xml",
        "(TAKEOVER-READ)",
        "→ Vérifiez le fichier",
        "6 fichiers : 4 seraient confiés à l'envoi, 1 illisible, 1 qui n'est pas un document CDA\n",
        "Rien n'a été écrit",
    ] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    assert_eq!(desk.in_the_outbox(), 0);
    let done = desk.takeover(&[&past], &[]);
    assert_eq!(done.code, 1);
    assert!(
        done.out
            .contains("6 fichiers : 4 confiés à l'envoi, 1 illisible"),
        "{}",
        done.out
    );
    assert!(done.out.contains("partiront la nuit"), "{}", done.out);
    assert_eq!(desk.in_the_outbox(), 4);
    std::fs::remove_file(desk.path("passé/coupé.xml")).expect("removed");
    let again = desk.takeover(&[&past], &[]);
    assert_eq!(again.code, 0);
    assert_eq!(
        again.out,
        "5 fichiers : 4 confiés lors d'une reprise précédente, 1 qui n'est pas un document CDA\n"
    );
    assert_eq!(desk.in_the_outbox(), 4);
}

#[test]
fn each_option_chooses() {
    let chosen = |arguments: &[&str]| {
        let desk = Desk::new();
        let excluded = desk.put("exclus.txt", "\n279035121518989 1.2.250.1.213.1.4.10\n");
        let arguments: Vec<&str> = arguments
            .iter()
            .map(|a| {
                if *a == "EXCLUS" {
                    excluded.to_str().expect("UTF-8")
                } else {
                    a
                }
            })
            .collect();
        let ran = desk.takeover(
            &[&desk.path("passé")],
            &[&arguments[..], &["--json"]].concat(),
        );
        let counts = records(&ran.out).pop().expect("a report")["counts"].clone();
        assert_eq!(
            desk.in_the_outbox(),
            counts["handedOver"].as_u64().expect("a count")
        );
        counts
    };
    for (arguments, handed_over) in [
        (&[][..], 4),
        (&["--from", "2019-03-02"], 3),
        (&["--from", "20190301"], 4),
        (&["--to", "2019-03-01"], 1),
        (&["--to", "2019-02-28"], 0),
        (&["--type", "34112-3"], 0),
        (&["--type", "34112-3", "--type", "11488-4"], 4),
        (&["--author", "899900112233"], 0),
        (&["--exclude", "EXCLUS"], 0),
        (&["--limit", "2"], 2),
        (&["--representatives", "invisible", "--no-legal-person"], 4),
    ] {
        assert_eq!(
            chosen(arguments)["handedOver"],
            handed_over,
            "{arguments:?}"
        );
    }
    assert_eq!(chosen(&["--exclude", "EXCLUS"])["excluded"], 4);
}

#[test]
fn machines_get_a_record_for_each_file_that_needs_a_person_and_the_report() {
    let desk = Desk::new();
    let files = [
        desk.path("passé/coupé.xml"),
        desk.path("passé/1.xml"),
        desk.path("absent.xml"),
    ];
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let ran = desk.takeover(&files, &["--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
    let given = records(&ran.out);
    let rules: Vec<_> = given[..2]
        .iter()
        .map(|r| (&r["index"], &r["rule"]))
        .collect();
    assert_eq!(
        rules,
        [
            (&json!(1), &json!("TAKEOVER-READ")),
            (&json!(3), &json!("TAKEOVER-FILE"))
        ]
    );
    assert_eq!(given[2]["counts"]["handedOver"], 1);
    assert_eq!(
        (&given[2]["ended"], &given[2]["moreLines"]),
        (&json!("complete"), &json!(2))
    );
    assert_eq!(given.len(), 3);
}

#[test]
fn mistakes_are_told_in_french_and_leave_nothing() {
    let desk = Desk::new();
    let past = desk.path("passé");
    for (arguments, code, words) in [
        (&["--from", "hier"][..], 1, "AAAA-MM-JJ"),
        (&["--from", "2020-02-30"], 1, "AAAA-MM-JJ"),
        (&["--exclude", "absent.txt"], 3, "ne peut pas être lu"),
        (&["--limit", "deux"], 2, "--limit"),
        (&["--representatives", "parfois"], 2, "--representatives"),
        (
            &["--from", "2020-01-02", "--to", "2020-01-01"],
            1,
            "précède celui de --from",
        ),
    ] {
        let told = desk.takeover(&[&past], arguments);
        assert_eq!(told.code, code, "{arguments:?} {}", told.err);
        assert!(told.err.contains(words), "{arguments:?} {}", told.err);
    }
    let list = desk.put("liste.txt", "DUPONT Jean\n");
    let told = desk.takeover(&[&past], &["--exclude", list.to_str().expect("UTF-8")]);
    assert_eq!(told.code, 1);
    assert!(
        told.err.contains("ligne 1") && !told.err.contains("DUPONT"),
        "{}",
        told.err
    );

    desk.put("config.json", "{\"register\": 1}");
    let told = desk.takeover(&[&past], &[]);
    assert_eq!(told.code, 1);
    assert!(
        told.err
            .contains("config.json n'est pas une configuration : config.register"),
        "{}",
        told.err
    );
    std::fs::remove_file(desk.path("session.json")).expect("removed");
    let help = Command::new(env!("CARGO_BIN_EXE_dmpkit"))
        .args(["takeover", "--help"])
        .output()
        .expect("the command runs");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    for words in [
        "Utilisation : ",
        "--dry-run",
        "Il n'est jamais modifié",
        "Options :",
    ] {
        assert!(help.contains(words), "{words}: {help}");
    }
    assert!(
        !help.contains("possible values") && !help.contains("Usage"),
        "{help}"
    );
}

#[test]
fn who_may_not_feed_is_told_why() {
    let desk = Desk::new();
    let text = std::fs::read_to_string(desk.path("session.json")).expect("readable");
    desk.put("session.json", text.replace("\"cps\"", "\"air\""));
    let told = desk.takeover(&[&desk.path("passé")], &[]);
    assert_eq!((told.code, told.out.as_str()), (1, ""), "{}", told.err);
    assert!(told.err.contains("Le DMP ne permet pas"), "{}", told.err);
}

#[cfg(feature = "encryption")]
#[test]
fn files_under_a_key_are_opened_with_the_file_that_holds_it() {
    let desk = Desk::new();
    let text = std::fs::read_to_string(desk.path("config.json")).expect("readable");
    let config = Config::from_json(text.trim_start_matches('\u{FEFF}')).expect("a configuration");
    let key = dmpkit::connector::StoreKey::passphrase("une phrase").expect("a key");
    dmpkit::connector::rekey(&config, None, &key).expect("under a key");
    let past = desk.path("passé");
    let good = desk.put("clé.txt", "une phrase\n");
    let other = desk.put("autre.txt", "une autre");
    let none = desk.put("vide.txt", "\n");
    for (file, code, words) in [
        (None, 3, "la clé n'est pas la sienne"),
        (Some(&other), 3, "la clé n'est pas la sienne"),
        (Some(&none), 1, "ne contient pas de clé"),
    ] {
        let key = file.map(|f| f.to_str().expect("UTF-8"));
        let arguments: Vec<&str> = key.map_or(vec![], |key| vec!["--key-file", key]);
        let told = desk.takeover(&[&past], &arguments);
        assert_eq!(told.code, code, "{}", told.err);
        assert!(told.err.contains(words), "{}", told.err);
        assert!(!told.err.contains("une autre"), "{}", told.err);
    }
    let done = desk.takeover(&[&past], &["--key-file", good.to_str().expect("UTF-8")]);
    assert!(
        done.out.contains("4 confiés à l'envoi"),
        "{} {}",
        done.out,
        done.err
    );
}
