//! The command `dmpkit`, run as an integrator runs it: what it prints, what it writes, how it ends.
#![cfg(feature = "cli")]

mod common;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use common::fixture;
use serde_json::{Value, json};

const GOOD: &str = "cr_consultation_pdf.xml";

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn ran(output: &Output) -> Ran {
    Ran {
        code: output.status.code().expect("ended by itself"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn dmpkit(arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_dmpkit"))
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    ran(&output.expect("the command runs"))
}

fn fixture_path(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    path.to_str().expect("a name").to_owned()
}

/// A file of its own, written for one test.
fn file(folder: &Path, name: &str, content: &[u8]) -> String {
    let path: PathBuf = folder.join(name);
    std::fs::write(&path, content).expect("written");
    path.to_str().expect("a name").to_owned()
}

fn records(out: &str) -> Vec<Value> {
    out.lines()
        .map(|line| serde_json::from_str(line).expect("one record a line"))
        .collect()
}

#[test]
fn help_version_and_mistakes_are_told_in_french() {
    for arguments in [
        &["--help"][..],
        &["-h"],
        &["check", "--help"],
        &["wrap", "-h"],
    ] {
        let shown = dmpkit(arguments);
        assert_eq!(shown.code, 0, "{arguments:?}");
        assert!(shown.out.contains("Utilisation : "), "{}", shown.out);
        for english in [
            "Usage",
            "Print",
            "Commands:",
            "Options:\n  -h, --help  Print",
        ] {
            assert!(
                !shown.out.contains(english),
                "{arguments:?}: {english}\n{}",
                shown.out
            );
        }
    }
    assert_eq!(
        dmpkit(&["--version"]).out,
        format!("dmpkit {}\n", env!("CARGO_PKG_VERSION"))
    );
    let mistakes: [(&[&str], &str); 8] = [
        (&[], "Documents :"),
        (&["check"], "Il manque <FICHIER>..."),
        (&["chek", "a"], "La commande chek n'existe pas."),
        (
            &["check", "--nope", "a"],
            "L'option --nope n'existe pas ici.",
        ),
        (&["wrap", "a"], "Il manque --context <CONTEXTE>."),
        (&["render", "a", "--html", "--text"], "ne va pas avec"),
        (&["render", "a", "--force"], "Il manque --output <SORTIE>."),
        (
            &["codes", "--pack"],
            "--pack <NOMENCLATURES> attend une valeur.",
        ),
    ];
    for (arguments, expected) in mistakes {
        let told = dmpkit(arguments);
        assert_eq!(told.code, 2, "{arguments:?}");
        assert!(told.err.contains(expected), "{arguments:?}\n{}", told.err);
        assert!(!told.err.contains("error:"), "{}", told.err);
    }
}

#[test]
fn check_tells_what_to_correct_and_how_many() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = fixture_path(GOOD);
    let told = dmpkit(&["check", &good]);
    assert_eq!((told.code, told.err.as_str()), (0, ""), "{}", told.out);
    assert!(told.out.contains("le DMP l'accepterait"), "{}", told.out);

    let text = String::from_utf8(fixture(GOOD)).expect("UTF-8");
    let untitled = text
        .replace("<title>", "<title nullFlavor=\"UNK\"><!--")
        .replace("</title>", "--></title>");
    let bad = file(folder.path(), "sans titre.xml", untitled.as_bytes());
    let torn = file(
        folder.path(),
        "coupé.xml",
        &text.as_bytes()[..text.len() / 2],
    );
    let told = dmpkit(&["check", &good, &bad, &torn]);
    assert_eq!(told.code, 1);
    assert!(
        told.out.contains("CDA-TITLE-MISSING (refusé par le DMP)"),
        "{}",
        told.out
    );
    assert!(
        told.out.contains("où : /ClinicalDocument/title"),
        "{}",
        told.out
    );
    assert!(
        told.out.ends_with("3 documents : 1 prêt, 2 à corriger\n"),
        "{}",
        told.out
    );

    let told = dmpkit(&["check", &good, "nulle part.xml"]);
    assert_eq!(told.code, 3);
    assert!(
        told.err
            .contains("nulle part.xml ne peut pas être lu : il n'existe pas."),
        "{}",
        told.err
    );
}

#[test]
fn check_gives_one_record_a_document() {
    let told = dmpkit(&[
        "check",
        "--json",
        &fixture_path(GOOD),
        &fixture_path("bad/dtd.xml"),
    ]);
    assert_eq!(told.code, 1);
    let records = records(&told.out);
    assert_eq!(records.len(), 2);
    assert_eq!(records[0]["accepted"], true);
    assert_eq!(
        records[0]["metadata"]["uniqueId"],
        "1.2.250.1.999.1.1.2026.101"
    );
    assert_eq!(records[1]["accepted"], false);
    assert_eq!(records[1]["findings"][0]["severity"], "blocking");
    assert!(records[1].get("metadata").is_none());
}

#[test]
fn a_document_may_come_by_the_standard_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dmpkit"))
        .args(["metadata", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    child
        .stdin
        .take()
        .expect("an input")
        .write_all(&fixture(GOOD))
        .expect("written");
    let told = ran(&child.wait_with_output().expect("ended"));
    assert_eq!(told.code, 0, "{}", told.err);
    assert_eq!(records(&told.out)[0]["metadata"]["classCode"]["code"], "10");
}

#[test]
fn metadata_is_a_table_for_people() {
    let told = dmpkit(&["metadata", &fixture_path(GOOD)]);
    assert_eq!(told.code, 0);
    for expected in [
        "  titre ",
        "  classe         Compte rendu (10)",
        "  identifiant    1.2.250.1.999.1.1.2026.101",
    ] {
        assert!(told.out.contains(expected), "{expected}\n{}", told.out);
    }
}

#[test]
fn nothing_of_a_document_drives_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = String::from_utf8(fixture(GOOD)).expect("UTF-8");
    let spoiled = text.replace("<title>", "<title>&#x9b;2J\u{85}");
    let path = file(folder.path(), "écran.xml", spoiled.as_bytes());
    for command in [&["metadata"][..], &["check"], &["render", "--text"]] {
        let mut arguments = command.to_vec();
        arguments.push(&path);
        let told = dmpkit(&arguments);
        assert!(
            !told.out.chars().any(|c| c.is_control() && c != '\n'),
            "{command:?}"
        );
    }
}

#[test]
fn render_writes_a_page_a_text_or_the_file_inside() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("page.html");
    let out = out.to_str().expect("a name");
    let good = fixture_path(GOOD);
    assert_eq!(dmpkit(&["render", &good, "--html", "-o", out]).code, 0);
    let page = std::fs::read_to_string(out).expect("a page");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Content-Security-Policy"));
    let again = dmpkit(&["render", &good, "--html", "-o", out]);
    assert_eq!(again.code, 3);
    assert!(
        again
            .err
            .contains("il existe déjà (--force pour le remplacer)"),
        "{}",
        again.err
    );
    assert_eq!(
        dmpkit(&["render", &good, "--text", "-o", out, "--force"]).code,
        0
    );
    let text = std::fs::read_to_string(out).expect("a text");
    assert!(text.contains("Consultation du 12 janvier 2026"), "{text}");

    let told = dmpkit(&["render", &good, "--embedded", "-o", out, "--force"]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(std::fs::read(out).expect("a file").starts_with(b"%PDF-"));
    let none = dmpkit(&[
        "render",
        &fixture_path("cr_biologie_structure.xml"),
        "--embedded",
    ]);
    assert_eq!(none.code, 1);
    assert!(none.err.contains("ne porte pas de fichier"), "{}", none.err);
}

#[test]
fn codes_lists_the_sets_and_what_they_hold() {
    let all = dmpkit(&["codes"]);
    assert_eq!(all.code, 0);
    assert!(all.out.contains("JDV_J66-TypeCode-DMP"), "{}", all.out);
    let types = dmpkit(&["codes", "JDV_J66"]);
    assert!(types.out.contains("11488-4"), "{}", types.out);
    let found = dmpkit(&["codes", "JDV_J66", "--find", "hospitalier", "--json"]);
    let records = records(&found.out);
    assert_eq!(records[0]["name"], "JDV_J66-TypeCode-DMP");
    assert!(
        !records[0]["concepts"]
            .as_array()
            .expect("concepts")
            .is_empty()
    );
    let none = dmpkit(&["codes", "JDV_J999"]);
    assert_eq!(none.code, 1);
    assert!(none.err.contains("JDV_J999"), "{}", none.err);
}

#[test]
fn wrap_makes_a_document_that_check_finds_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("ordonnance.xml");
    let out = out.to_str().expect("a name");
    let pdf = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/c/ordonnance.pdf");
    let context = json!({
        "softwareOid": "1.2.250.1.999.1",
        "patient": {
            "ins": {"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"},
            "traits": {"birthName": "TESSIER", "givenNames": ["CAMILLE"], "birthDate": "19790315",
                "sex": "F", "birthPlace": "51215"},
        },
        "authors": [{"who": {"professional": {"person": {"id": "899900987654", "family": "BASTIDE",
            "given": "Hélène", "profession": "10", "specialty": "SM26"}}}}],
        "structure": {"id": "499900987654001", "name": "Cabinet", "sector": "SA07"},
        "type": {"code": "57833-6"}, "effectiveTime": "2026-01-12T10:05:30+01:00",
        "service": {"start": "2026-01-12"}, "practiceSetting": {"code": "AMBULATOIRE"},
    });
    let good = file(
        folder.path(),
        "contexte.json",
        context.to_string().as_bytes(),
    );
    let told = dmpkit(&["wrap", pdf, "--context", &good, "-o", out]);
    assert_eq!((told.code, told.err.as_str()), (0, ""), "{}", told.out);
    assert!(told.out.contains(", version 1"), "{}", told.out);
    let told = dmpkit(&["check", "--strict", out]);
    assert_eq!(told.code, 0, "{}", told.out);
    assert!(told.out.ends_with("le DMP l'accepterait\n"), "{}", told.out);

    // The same to the standard output, with the report aside.
    let told = dmpkit(&["wrap", pdf, "--context", &good, "--json"]);
    assert_eq!(told.out.as_bytes(), std::fs::read(out).expect("a document"));
    let report: Value = serde_json::from_str(told.err.trim()).expect("a record");
    assert_eq!(
        (&report["made"], &report["versionNumber"]),
        (&json!(true), &json!(1))
    );

    let mut bad = context;
    bad["structure"]["sector"] = json!("SA99");
    let bad = file(folder.path(), "faux.json", bad.to_string().as_bytes());
    let refused = folder.path().join("refusé.xml");
    let told = dmpkit(&[
        "wrap",
        pdf,
        "--context",
        &bad,
        "-o",
        refused.to_str().expect("a name"),
    ]);
    assert_eq!(told.code, 1);
    assert!(
        told.err.contains("CTX-SECTOR-SET") && told.err.contains("où : /structure/sector"),
        "{}",
        told.err
    );
    assert!(!refused.exists());
}

#[test]
fn a_broken_pack_or_context_is_told_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let broken = file(folder.path(), "rompu.json", b"{\"patient\": ");
    let told = dmpkit(&["check", &fixture_path(GOOD), "--pack", &broken]);
    assert_eq!(told.code, 1, "{}", told.err);
    let pdf = file(folder.path(), "a.pdf", b"%PDF-1.4\n%%EOF\n");
    let out = folder.path().join("a.xml");
    let told = dmpkit(&[
        "wrap",
        &pdf,
        "--context",
        &broken,
        "-o",
        out.to_str().expect("a name"),
    ]);
    assert_eq!(told.code, 1, "{}", told.err);
    // What is wrong is named, never what was written there.
    let secret = json!({"patient": {"ins": "DURAND, expected nothing"}}).to_string();
    let secret = file(folder.path(), "secret.json", secret.as_bytes());
    let told = dmpkit(&["wrap", &pdf, "--context", &secret]);
    assert_eq!((told.code, told.out.as_str()), (1, ""));
    assert!(
        told.err.contains("context.patient.ins") && !told.err.contains("DURAND"),
        "{}",
        told.err
    );
    // Names in another encoding must not reach a document half read.
    let latin = file(
        folder.path(),
        "latin1.json",
        b"{\"title\": \"H\xE9l\xE8ne\"}",
    );
    let told = dmpkit(&["wrap", &pdf, "--context", &latin]);
    assert_eq!((told.code, told.out.as_str()), (1, ""));
    assert!(told.err.contains("UTF-8"), "{}", told.err);
    let wrong = json!({"patient": {"nom": "X"}}).to_string();
    let wrong = file(folder.path(), "faux.json", wrong.as_bytes());
    let told = dmpkit(&[
        "wrap",
        &pdf,
        "--context",
        &wrong,
        "-o",
        out.to_str().expect("a name"),
    ]);
    assert_eq!(told.code, 1, "{}", told.err);
    assert!(!out.exists());
}
