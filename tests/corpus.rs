//! The reader over a corpus of real documents, kept apart from this repository: run with `DMPKIT_CORPUS` naming the
//! folder that holds `cda/INDEX.tsv`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use dmpkit::cda::{Body, Header, Limits, Severity, body, derive, read};
use dmpkit::clock::Instant;
use dmpkit::document::Metadata;
use dmpkit::terminology::Terminology;

static TERMS: Terminology = Terminology::embedded();

/// One document of the corpus and what is known of it.
struct Sample {
    name: String,
    bytes: Vec<u8>,
    known: HashMap<String, String>,
}

impl Sample {
    /// What the index says in a column, empty when it says nothing.
    fn known(&self, column: &str) -> &str {
        self.known
            .get(column)
            .unwrap_or_else(|| panic!("the index has no column {column}"))
    }

    fn header(&self) -> Header {
        read(&self.bytes, &Limits::default()).unwrap_or_else(|e| panic!("{}: {e}", self.name))
    }
}

/// The documents of the corpus; none, with a word on the standard output, when it is not there.
fn corpus() -> Vec<Sample> {
    let Some(folder) = std::env::var_os("DMPKIT_CORPUS") else {
        println!("skipped: DMPKIT_CORPUS is not set");
        return Vec::new();
    };
    let folder = PathBuf::from(folder).join("cda");
    let index = read_file(&folder.join("INDEX.tsv"));
    let index = String::from_utf8(index).expect("the index is UTF-8");
    let mut lines = index.lines().map(|line| line.split('\t'));
    let columns: Vec<_> = lines.next().expect("a line of titles").collect();
    let samples: Vec<_> = lines
        .map(|cells| {
            let known: HashMap<_, _> = columns
                .iter()
                .zip(cells)
                .map(|(c, v)| ((*c).to_owned(), v.to_owned()))
                .collect();
            let name = known["file"].clone();
            Sample {
                bytes: read_file(&folder.join(&name)),
                name,
                known,
            }
        })
        .collect();
    assert_eq!(samples.len(), 67, "the corpus has changed");
    samples
}

fn read_file(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn headers_say_what_the_index_says() {
    for sample in corpus() {
        let (h, name) = (sample.header(), &sample.name);
        let self_presenting = sample.known("root").ends_with("}stylesheet");
        assert_eq!(h.self_presenting, self_presenting, "{name}");
        assert!(!h.encoding_contradicted, "{name}");

        let code = h.code.as_ref().expect("a type");
        assert_eq!(code.code, sample.known("type_code"), "{name}");
        let confidentiality = h.confidentiality_code.as_ref().expect("a confidentiality");
        assert_eq!(confidentiality.code, sample.known("conf"), "{name}");
        // The index keeps the original time, which the reader writes back to the last digit.
        let time = h.effective_time.expect("a time").to_string();
        assert_eq!(time, sample.known("effectiveTime"), "{name}");
        let ids: Vec<_> = h.patient.iter().flat_map(|p| &p.ids).collect();
        let ids: Vec<_> = ids
            .iter()
            .map(|id| {
                format!(
                    "{}^{}",
                    id.root,
                    id.extension.as_deref().unwrap_or_default()
                )
            })
            .collect();
        assert_eq!(ids.join(" ; "), sample.known("patient_ids"), "{name}");
        let related: Vec<_> = h
            .related_documents
            .iter()
            .map(|r| r.type_code.as_str())
            .collect();
        assert_eq!(related.join(" ; "), sample.known("related"), "{name}");

        let (level, media) = match h.body.as_ref().expect("a body") {
            Body::Structured => ("N3", ""),
            Body::Unstructured { media_type } => ("N1", media_type.as_deref().unwrap_or_default()),
        };
        assert_eq!(
            (level, media),
            (sample.known("level"), sample.known("n1_media")),
            "{name}"
        );
    }
}

#[test]
fn files_inside_are_those_of_the_index() {
    for sample in corpus().iter().filter(|s| s.known("level") == "N1") {
        let body = body::body(&sample.bytes, &Limits::default()).expect("a body");
        let [file] = body.files() else {
            panic!("{}: not one file", sample.name);
        };
        let found = (file.media_type(), file.size().map(|size| size.to_string()));
        let known = (
            sample.known("n1_media"),
            Some(sample.known("n1_bytes").to_owned()),
        );
        assert_eq!(found, known, "{}", sample.name);
    }
}

#[test]
fn classes_and_formats_are_those_of_the_index() {
    for sample in corpus() {
        let (h, name) = (sample.header(), &sample.name);
        let code = h.code.as_ref().expect("a type");
        let class = TERMS
            .class_of(&code.system, &code.code)
            .map(|c| &*c.code)
            .unwrap_or_default();
        assert_eq!(class, sample.known("class_by_X16"), "{name}");

        let format = match h.body.as_ref().expect("a body") {
            Body::Structured => TERMS.format_of_templates(h.template_ids.iter().map(|t| &*t.root)),
            Body::Unstructured { media_type } => {
                media_type.as_deref().and_then(|m| TERMS.format_of_media(m))
            }
        };
        let format = format.map(|f| &*f.code).unwrap_or_default();
        assert_eq!(format, sample.known("formatCode_by_A11"), "{name}");
    }
}

#[test]
fn what_a_document_needs_is_read_in_every_valid_one() {
    let valid = |s: &&Sample| s.known("xsd") == "valid" && s.known("strucmin_failed") == "0";
    for sample in corpus().iter().filter(valid) {
        let (h, name) = (sample.header(), &sample.name);
        assert!(
            h.id.is_some() && h.title.is_some() && h.set_id.is_some(),
            "{name}"
        );
        assert_eq!(h.language_code.as_deref(), Some("fr-FR"), "{name}");
        assert!(
            h.version_number.is_some() && h.custodian.is_some(),
            "{name}"
        );
        assert!(
            h.legal_authenticator.is_some_and(|l| l.time.is_some()),
            "{name}"
        );
        assert!(
            !h.authors.is_empty() && h.authors.iter().all(|a| !a.ids.is_empty()),
            "{name}"
        );
        assert!(h.service_events.iter().any(|e| e.low.is_some()), "{name}");
        assert!(
            h.service_events
                .iter()
                .any(|e| e.practice_setting.is_some()),
            "{name}"
        );
        assert!(h.facility.is_some(), "{name}");
        let patient = h.patient.expect("a patient");
        assert!(
            patient.birth_family.is_some() && patient.gender.is_some(),
            "{name}"
        );
    }
}

#[test]
fn metadata_are_those_of_the_index() {
    let mut derived = 0;
    for sample in corpus() {
        let (h, name) = (sample.header(), &sample.name);
        let d = derive(&h, &TERMS);
        assert_eq!(derive(&h, &TERMS), d, "{name}: twice the same");
        let Some(m) = d.metadata else {
            assert!(
                d.findings
                    .iter()
                    .any(|f| f.rule.severity == Severity::Blocking),
                "{name}"
            );
            continue;
        };
        derived += 1;
        assert_eq!(m.type_code.code, sample.known("type_code"), "{name}");
        assert_eq!(m.class_code.code, sample.known("class_by_X16"), "{name}");
        assert_eq!(
            m.format_code.code,
            sample.known("formatCode_by_A11"),
            "{name}"
        );
        let self_presenting = sample.known("root").ends_with("}stylesheet");
        let mime_type = if self_presenting {
            "application/xslt+xml"
        } else {
            "text/xml"
        };
        assert_eq!(m.mime_type, mime_type, "{name}");
        assert_eq!(m.creation_time.as_str().len(), 14, "{name}");
        assert_eq!(
            m.creation_time.start(),
            instant(sample.known("effectiveTime")),
            "{name}"
        );

        let mut ids = sample.known("patient_ids").split(" ; ").map(cx);
        let ins = ids.next().expect("an INS");
        assert_eq!(m.patient_id.to_string(), format!("{ins}^NH"), "{name}");
        let local = ids
            .next()
            .map_or(format!("{ins}^NH"), |id| format!("{id}^PI"));
        assert_eq!(m.source_patient_id.to_string(), local, "{name}");

        // What is derived goes through the wire forms and back.
        let json = serde_json::to_string(&m).expect("serialises");
        assert_eq!(
            serde_json::from_str::<Metadata>(&json).expect("parses"),
            m,
            "{name}"
        );
    }
    // The others have a UUID or an extension for identifier, no known format, or are of another country.
    if std::env::var_os("DMPKIT_CORPUS").is_some() {
        assert_eq!(derived, 40);
    }
}

/// `OID^value` as the index writes it, in the order of CX.
fn cx(id: &str) -> String {
    let (oid, value) = id.split_once('^').expect("an OID and a value");
    format!("{value}^^^&{oid}&ISO")
}

/// The instant of `YYYYMMDDHHMM[SS]±HHMM`, by way of RFC 3339.
fn instant(hl7: &str) -> Instant {
    let (local, offset) = hl7.split_at(hl7.find(['+', '-']).expect("an offset"));
    let part = |from: usize, to: usize| local.get(from..to).unwrap_or("00");
    let text = format!(
        "{}-{}-{}T{}:{}:{}{}:{}",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14),
        &offset[..3],
        &offset[3..]
    );
    Instant::parse(&text).expect("an instant")
}

#[test]
fn every_code_of_the_french_samples_is_in_the_sets_of_the_dmp() {
    let french = |s: &&Sample| s.header().realm_code.as_deref() == Some("FR");
    for sample in corpus().iter().filter(french) {
        let findings = derive(&sample.header(), &TERMS).findings;
        let sets = findings.iter().find(|f| f.rule.id.ends_with("-SET"));
        assert_eq!(sets.map(|f| f.rule.id), None, "{}", sample.name);
    }
}
