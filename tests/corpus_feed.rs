//! Every document of a corpus goes through feeding, each to its own patient's dossier: accepted under
//! metadata that agree with the index, or refused with a reason a person can act on. Run with
//! `DMPKIT_CORPUS` naming the folder that holds `cda/INDEX.tsv`.

mod common;

use std::collections::HashMap;
use std::path::PathBuf;

use common::office::{Office, patient_of, traits};
use dmpkit::cda::{Header, Limits, read};
use dmpkit::connector::feed::FeedOptions;
use dmpkit::dmp::Criteria;
use dmpkit::document::{Oid, Status};
use dmpkit::error::ErrorKind;
use dmpkit::identity::{IdentityTraits, Ins, Sex};

/// What feeding made of one document.
enum Fate {
    Accepted(Oid),
    Refused(String),
}

fn feed(practice: &Office, bytes: &[u8]) -> Fate {
    let header = read(bytes, &Limits::default()).expect("every document of the corpus is read");
    let ins = header
        .patient
        .as_ref()
        .and_then(|p| p.ids.first())
        .and_then(|id| Ins::new(id.extension.as_deref().unwrap_or(""), &id.root).ok());
    // A document without a valid INS is tried on any dossier: it must not enter it.
    let ins = ins.unwrap_or_else(|| patient_of("279035121518989"));
    // The dossier has the traits that the document tells: another's are another test's.
    practice.know_as(&ins, &told(&header));
    let access = practice.enter(&ins);
    match access.feed(bytes, &FeedOptions::default()) {
        Ok(answer) => {
            let id = answer.documents[0].receipt.unique_id.clone();
            let (back, _) = access.read(&id).expect("its author reads it");
            assert!(back == bytes, "bytes were altered");
            Fate::Accepted(id)
        }
        Err(error) => {
            let refusal = error
                .refusal()
                .unwrap_or_else(|| panic!("not a refusal: {error}"));
            let mut reason = refusal.explanation.sentence.clone();
            assert!(!reason.is_empty());
            if let ErrorKind::Findings(_) = error.kind() {
                let blocking: Vec<_> = refusal
                    .findings
                    .iter()
                    .filter(|f| f.rule.severity == dmpkit::cda::Severity::Blocking)
                    .collect();
                assert!(!blocking.is_empty(), "a refusal for findings names them");
                for finding in blocking {
                    assert!(!finding.rule.sentence.is_empty() && !finding.path.is_empty());
                    reason = format!("{reason} [{} {}]", finding.rule.id, finding.path);
                }
            }
            Fate::Refused(reason)
        }
    }
}

/// The traits of a document's patient; those it lacks suit any patient.
fn told(header: &Header) -> IdentityTraits {
    let mut known = traits("19790315");
    let Some(patient) = &header.patient else {
        return known;
    };
    if let Some(name) = &patient.birth_family {
        known.birth_name.clone_from(name);
    }
    if let Some(given) = patient
        .given_names
        .as_ref()
        .or(patient.first_given.as_ref())
    {
        known.given_names = vec![given.clone()];
    }
    if let Some(birth) = patient.birth_time {
        known.birth_date = birth.digits().chars().take(8).collect();
    }
    if patient.gender.as_ref().is_some_and(|g| g.code == "M") {
        known.sex = Sex::M;
    }
    known
}

#[test]
fn every_document_is_accepted_as_the_index_says_or_refused_with_a_reason() {
    let Some(folder) = std::env::var_os("DMPKIT_CORPUS") else {
        println!("skipped: DMPKIT_CORPUS is not set");
        return;
    };
    let folder = PathBuf::from(folder).join("cda");
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).expect("INDEX.tsv");
    let mut lines = index
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    let columns = lines.next().expect("titles");
    let (mut accepted, mut refused) = (0, 0);
    for cells in lines {
        let known: HashMap<&str, &str> = columns.iter().copied().zip(cells).collect();
        let name = known["file"];
        let bytes = std::fs::read(folder.join(name)).expect("a document of the corpus");
        // The samples disagree on the traits of their common patients: each has a practice of its own.
        let practice = Office::new();
        match feed(&practice, &bytes) {
            Fate::Refused(reason) => {
                refused += 1;
                println!("refused  {name}: {reason}");
            }
            Fate::Accepted(id) => {
                accepted += 1;
                println!("accepted {name}");
                let (matricule, oid) = {
                    let first = known["patient_ids"].split(" ; ").next().expect("a patient");
                    let (oid, matricule) = first.split_once('^').expect("oid^matricule");
                    (matricule, oid)
                };
                let access = practice.enter(&Ins::new(matricule, oid).expect("a valid INS"));
                let everything = Criteria {
                    status: vec![Status::Approved, Status::Deprecated],
                    ..Criteria::default()
                };
                let found = access.find(&everything).expect("a list");
                let entry = &found
                    .documents
                    .iter()
                    .find(|d| d.entry.unique_id == id)
                    .expect("it is listed")
                    .entry;
                let metadata = entry.metadata.parse().expect("metadata");
                assert_eq!(metadata.type_code.code, known["type_code"], "{name}");
                assert_eq!(metadata.class_code.code, known["class_by_X16"], "{name}");
                assert_eq!(
                    metadata.format_code.code, known["formatCode_by_A11"],
                    "{name}"
                );
                assert_eq!(metadata.patient_id.id, matricule);
                assert_eq!(metadata.patient_id.authority, oid);
                assert_eq!(entry.size, bytes.len() as i64);
                let local = known["effectiveTime"];
                let digits = local.split(['+', '-']).next().expect("digits");
                // The instants agree: the hour differs by the offset, minutes and seconds do not.
                assert_eq!(
                    &metadata.creation_time.as_str()[10..12],
                    &digits[10..12],
                    "{name}"
                );
            }
        }
        let journal = practice.connector.verify_journal();
        assert!(journal.expect("the journal").intact, "{name}");
    }
    println!("{accepted} accepted, {refused} refused");
    assert_eq!(accepted + refused, 67);
    assert!(accepted >= 30, "most conforming documents are accepted");
}
