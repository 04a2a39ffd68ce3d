//! What is said of a corpus of real documents, kept apart from this repository: run with `DMPKIT_CORPUS` naming the
//! folder that holds `cda/INDEX.tsv`.
//!
//! The index tells how many assertions of the official schematron (CI-SIS, structuration minimale) each document
//! fails; what is said here must not contradict it.

use std::collections::BTreeMap;

use dmpkit::cda::{Against, Severity, check};

/// Rules that the schematron does not hold, and so may be broken by a document that it accepts.
const BEYOND: &[&str] = &[
    // The key of the INS, the order of births and acts, offsets of times: the schematron reads no value.
    "CDA-PATIENT-INS-INVALID",
    "CDA-PATIENT-BIRTH-LATE",
    "CDA-TIME-OFFSET",
    // Two versions cannot both be the first.
    "CDA-VERSION-FIRST",
    // Required by the text of the CI-SIS (3.5.5.13 and 3.5.5.19), left out of its schematron.
    "CDA-AUTHOR-ORGANIZATION",
    "CDA-LEGALAUTHENTICATOR-SPECIALTY",
    // The table of formats and the files of the body are not the schematron's.
    "CDA-FORMAT-UNKNOWN",
    "CDA-ATTACHED-MEDIA",
];

#[test]
fn the_official_schematron_is_not_contradicted() {
    let Some(folder) = std::env::var_os("DMPKIT_CORPUS") else {
        println!("skipped: DMPKIT_CORPUS is not set");
        return;
    };
    let folder = std::path::Path::new(&folder).join("cda");
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).expect("an index");
    let mut lines = index
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    let titles = lines.next().expect("a line of titles");
    let column = |title: &str| titles.iter().position(|t| *t == title).expect(title);
    let (file, failed) = (column("file"), column("strucmin_failed"));
    // By rule: documents the schematron accepts, documents it does not.
    let mut table = BTreeMap::<(Severity, &str), (usize, usize)>::new();
    let mut contradictions = Vec::new();
    let (mut accepted, mut refused) = (0, 0);
    for cells in lines {
        let name = cells[file];
        let bytes = std::fs::read(folder.join(name)).expect(name);
        let checked = check(&bytes, &Against::default());
        let mut rules: Vec<_> = checked.findings.iter().map(|f| f.rule).collect();
        rules.sort_by_key(|r| r.id);
        rules.dedup();
        match cells[failed] {
            "0" => {
                accepted += 1;
                let grave = rules.iter().filter(|r| r.severity > Severity::Advice);
                let against = grave.filter(|r| !BEYOND.contains(&r.id));
                contradictions.extend(against.map(|r| format!("{} in {name}", r.id)));
                for rule in &rules {
                    table.entry((rule.severity, rule.id)).or_default().0 += 1;
                }
            }
            // The schematron was not run on the self-presenting document.
            other => {
                refused += usize::from(!other.is_empty());
                if checked.conforms() && !other.is_empty() {
                    contradictions.push(format!("nothing in {name}, which fails {other}"));
                }
                for rule in &rules {
                    table.entry((rule.severity, rule.id)).or_default().1 += 1;
                }
            }
        }
        // A document that is blocked says why; one that is not has metadata.
        assert!(checked.is_blocked() || checked.metadata.is_some(), "{name}");
    }
    println!("documents with each finding, of {accepted} accepted and {refused} refused:");
    for ((severity, rule), (accepted, refused)) in table {
        println!("{severity:?}\t{rule}\t{accepted}\t{refused}");
    }
    assert!(contradictions.is_empty(), "{}", contradictions.join("\n"));
    assert_eq!((accepted, refused), (38, 28), "the corpus has changed");
}
