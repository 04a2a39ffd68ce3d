//! Every value of the sets of the DMP, every format and every optional part, two by two at least.
//!
//! Each document reads back to what its context says. The documents are also held against the schema of CDA when
//! `DMPKIT_SCHEMAS` names the folder that holds `cda/CDA_extended.xsd`, or when `DMPKIT_CORPUS` names a folder beside
//! `schemas`; `xmllint` does it. `DMPKIT_WRITTEN` names a folder in which to leave them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use dmpkit::cda::body::Content;
use dmpkit::cda::{Against, Context, Written, check};
use dmpkit::cda::{Limits, body, read};
use dmpkit::document::Confidentiality;
use dmpkit::terminology::{Concept, ValueSet};
use serde_json::{Value, json};

use crate::sample::{FILES, TERMS, context, device, least, professional, with, written};

/// The JSON pointer of a field, and what to put there.
type Opt = (&'static str, fn() -> Value);

/// What of a context may be there or not.
const OPTIONS: [Opt; 27] = [
    ("/patient/usedGiven", || json!("CAM")),
    ("/patient/firstGiven", || json!("CAMILLE ANNE")),
    (
        "/patient/localId",
        || json!({"root": "1.2.250.1.999.5", "extension": "IPP-2031"}),
    ),
    ("/patient/contact", patient_contact),
    ("/patient/traits/usedName", || json!("MOREL")),
    ("/contact", contact),
    (
        "/custodian",
        || json!({"structure": other_structure(), "contact": lines()}),
    ),
    (
        "/legalAuthenticator",
        || json!({"who": {"professional": other_professional()}, "time": "20260112110000+0100"}),
    ),
    ("/title", || json!("Suivi d'une hypertension <b> & \"co\"")),
    ("/language", || json!("fr-FR")),
    ("/contentLanguage", || json!("en-GB")),
    ("/confidentiality", || json!("R")),
    ("/service/stop", || json!("2026-01-12T09:55:00+01:00")),
    ("/service/codes", || {
        json!([
            {"code": "C", "system": "1.2.250.1.215.200.3.3", "label": "Consultation au cabinet"},
            {"code": "DEQP003", "system": "1.2.250.1.213.2.5", "label": "Électrocardiographie"}
        ])
    }),
    ("/service/ids", || {
        json!([
            {"root": "1.2.250.1.999.4.20260112"}, {"root": "1.2.250.1.999.4", "extension": "ORD-7"}
        ])
    }),
    ("/service/performer", || json!(other_professional())),
    ("/informants", || {
        json!([
            {"relative": {"class": "NOK", "relation": {"code": "MTH"}, "family": "M", "given": "A", "contact": patient_contact()}},
            {"relative": {"class": "ECON", "family": "M"}},
            {"relative": {"class": "CON", "relation": {"code": "TUTEUR", "system": "1.2.250.1.213.1.1.4.327"}, "family": "M"}},
            {"relative": {"class": "CAREGIVER", "family": "M"}},
            {"relative": {"class": "PAT", "family": "M"}},
            {"professional": other_professional()}
        ])
    }),
    ("/recipients", || {
        json!([
            {"professional": other_professional()},
            {"professional": {"person": professional()["person"], "structure": other_structure()}},
            {"organization": {"structure": other_structure(), "contact": contact()}},
            {"organization": {"structure": other_structure()}}
        ])
    }),
    ("/participants", || {
        let kinds = ["INF", "CON", "REF", "REFB", "REFT", "RESP", "PRF"];
        let participant = |kind| {
            json!({
                "type": kind, "person": other_professional(), "function": {"code": "PCP"}, "start": "2026-01-12"
            })
        };
        let mut all: Vec<_> = kinds.into_iter().map(participant).collect();
        all.push(json!({"person": professional()}));
        all.push(json!({"person": professional(), "stop": "20260112110000+0100"}));
        Value::Array(all)
    }),
    (
        "/orders",
        || json!([{"root": "1.2.250.1.999.6", "extension": "P-1"}, {"root": "1.2.250.1.999.7"}]),
    ),
    ("/consents", || {
        json!([{
            "code": "64292-6", "system": "2.16.840.1.113883.6.1",
            "label": "Non-opposition du patient pour réutilisation des données"
        }])
    }),
    ("/encounter", || {
        json!({
            "ids": [{"root": "1.2.250.1.999.8", "extension": "V-1"}],
            "start": "2026-01-12T09:00:00+01:00", "stop": "2026-01-12T10:00:00+01:00"
        })
    }),
    ("/replaces", || {
        json!({
            "uniqueId": "1.2.250.1.999.1.900", "setId": {"root": "1.2.250.1.999.1.901", "extension": "A"}, "versionNumber": 3
        })
    }),
    ("/uniqueId", || json!("1.2.250.1.999.1.902")),
    ("/authors/0/function", || json!({"code": "PCP"})),
    ("/authors/0/time", || json!("2026-01-12T10:00:00+01:00")),
    // Stands for `mediaType`, whose value is that of the file.
    ("/mediaType", || Value::Null),
];

fn contact() -> Value {
    json!({
        "address": {
            "houseNumber": "8", "streetName": "allée des Noisetiers", "additionalLocator": "Bâtiment B",
            "postalCode": "51100", "city": "Reims", "country": "FRANCE"
        },
        "telecoms": ["tel:0326000000", "fax:0326000001", "mailto:cabinet@example.org"]
    })
}

fn lines() -> Value {
    json!({"address": {"lines": ["8 allée des Noisetiers", "51100 Reims"]}, "telecoms": ["tel:0326000000"]})
}

fn patient_contact() -> Value {
    json!({"address": {"city": "Reims"}, "telecoms": ["mailto:279035121518989@patient.mssante.fr"]})
}

fn other_structure() -> Value {
    json!({"id": "1510000029", "name": "Centre hospitalier", "sector": "SA01"})
}

fn other_professional() -> Value {
    json!({
        "person": {"id": "899900987655", "family": "D'ORSAY", "given": "Marc", "profession": "21", "specialty": "A"},
        "civility": "M", "title": "DR", "structure": other_structure(), "contact": lines()
    })
}

/// One row of the table of combinations: the options that are there.
fn options(row: usize) -> u32 {
    match row {
        0 => 0,
        1 => (1 << OPTIONS.len()) - 1,
        // Any fixed scattering does, provided that every pair is met; the test counts them.
        row => {
            let mixed = (row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            (mixed ^ (mixed >> 29))
                .wrapping_mul(0xBF58_476D_1CE4_E5B9)
                .to_be_bytes()[..4]
                .iter()
                .fold(0, |bits, b| (bits << 8) | u32::from(*b))
                & ((1 << OPTIONS.len()) - 1)
        }
    }
}

fn nth(set: &ValueSet, row: usize) -> &Concept {
    let all: Vec<_> = set.concepts().collect();
    all[row % all.len()]
}

/// The context of a row, and its file.
pub fn case(row: usize) -> (Value, usize) {
    let specialty = nth(TERMS.author_specialty(), row);
    let sector = nth(TERMS.facility(), row);
    let setting = nth(TERMS.practice_setting(), row);
    let kind = nth(TERMS.type_code(), row);
    let file = row % FILES.len();
    let mut value = with(
        least(),
        &[
            ("/structure/sector", json!(sector.code)),
            (
                "/practiceSetting",
                json!({"code": setting.code, "system": setting.system}),
            ),
            ("/type", json!({"code": kind.code, "system": kind.system})),
        ],
    );
    author(&mut value, specialty, row);
    let chosen = options(row);
    for (i, (pointer, option)) in OPTIONS.iter().enumerate() {
        if chosen & (1 << i) != 0 {
            let option = match *pointer {
                "/mediaType" => json!(FILES[file].1),
                _ => option(),
            };
            value = with(value, &[(pointer, option)]);
        }
    }
    // What some types ask of the act.
    let class = TERMS.class_of(&kind.system, &kind.code).expect("a class");
    let imaging = matches!(&*kind.code, "18748-4" | "55115-0");
    for (pointer, needed) in [
        (
            "/service/codes",
            imaging || class.code == "90" || kind.code.starts_with("DOCPAT"),
        ),
        ("/service/ids", imaging),
    ] {
        if needed {
            let (_, option) = OPTIONS
                .iter()
                .find(|(p, _)| *p == pointer)
                .expect("an option");
            value = with(value, &[(pointer, option())]);
        }
    }
    if matches!(&*specialty.code, "EXP_PATIENT") {
        // The patient has no function.
        value = with(value, &[("/authors/0/function", Value::Null)]);
    }
    (value, file)
}

/// Makes the first author one of this specialty: by his profession, by the code itself, as a device, as the patient.
fn author(value: &mut Value, specialty: &Concept, row: usize) {
    let coding = json!({"code": specialty.code, "system": specialty.system});
    let who = match &*specialty.code {
        "EXP_PATIENT" => json!("patient"),
        "DISPOSITIF" => device(),
        "AUTOMATE" | "ALIM_AM" => with(device(), &[("/device/specialty", coding)]),
        "SNR" => with(
            device(),
            &[
                ("/device/specialty", coding),
                ("/device/root", json!("1.2.250.1.999.9")),
                ("/device/id", json!("1.2.250.1.999.9.1")),
            ],
        ),
        code => {
            let mut person = professional();
            match code.strip_prefix("G15_") {
                Some(profession) if row.is_multiple_of(2) => {
                    let (profession, savoir) = match profession.split_once('/') {
                        Some((profession, savoir)) => (profession, json!(savoir)),
                        None => (profession, Value::Null),
                    };
                    person = with(
                        person,
                        &[
                            ("/person/profession", json!(profession)),
                            ("/person/specialty", savoir),
                        ],
                    );
                }
                _ => person["specialty"] = coding,
            }
            if row.is_multiple_of(3) {
                person["civility"] = json!("MME");
                person["title"] = json!("PR");
            }
            if row.is_multiple_of(5) {
                person["contact"] = patient_contact();
            }
            json!({"professional": person})
        }
    };
    value["authors"][0]["who"] = who;
    if value["authors"][0]["who"].get("device").is_some() {
        value["legalAuthenticator"] = json!({"who": {"professional": professional()}});
    } else if row.is_multiple_of(7) {
        let second =
            json!({"who": if row.is_multiple_of(2) { json!("patient") } else { device() }});
        value["authors"]
            .as_array_mut()
            .expect("authors")
            .push(second);
    }
}

#[test]
fn the_table_meets_every_value_and_every_pair_of_options() {
    let rows = rows();
    let mut pairs = HashSet::new();
    for row in 0..rows {
        let chosen = options(row);
        for a in 0..OPTIONS.len() {
            for b in 0..a {
                pairs.insert((a, b, chosen >> a & 1, chosen >> b & 1));
            }
        }
    }
    assert_eq!(pairs.len(), OPTIONS.len() * (OPTIONS.len() - 1) / 2 * 4);
    for set in [
        TERMS.facility(),
        TERMS.practice_setting(),
        TERMS.type_code(),
    ] {
        assert!(set.concepts().count() <= rows, "{}", set.name);
    }
}

pub fn rows() -> usize {
    TERMS.author_specialty().concepts().count()
}

#[test]
fn every_document_reads_back_to_its_context_and_fits_the_schema() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = std::env::var_os("DMPKIT_WRITTEN").map(PathBuf::from);
    let folder = kept.as_deref().unwrap_or(folder.path());
    let mut files = Vec::new();
    for row in 0..rows() {
        let (value, file) = case(row);
        let w = written(FILES[file].0, &value);
        reads_back(&w, &context(&value), row, file);
        optional_parts(&w, &context(&value), row);
        conforms(&w, row);
        let path = folder.join(format!("{row:03}.xml"));
        std::fs::write(&path, &w.bytes).expect("is written");
        files.push(path);
    }
    assert!(files.len() >= 379);
    validate(&files);
}

/// The whole check of documents has nothing to say but of a level of confidentiality that was asked for.
fn conforms(w: &Written, row: usize) {
    let checked = check(&w.bytes, &Against::default());
    let said: Vec<_> = checked.findings.iter().map(|f| f.rule.id).collect();
    let levels = ["CDA-CONFIDENTIALITY-LEVEL"];
    let restricted = w.metadata.confidentiality != Confidentiality::N;
    assert_eq!(said, levels[..usize::from(restricted)], "{row}");
    assert_eq!(checked.findings, w.findings, "{row}");
    assert_eq!(checked.metadata.as_ref(), Some(&w.metadata), "{row}");
}

/// What the document says is what the context says, looked at from the outside.
fn reads_back(w: &Written, c: &Context, row: usize, file: usize) {
    let m = &w.metadata;
    let header = read(&w.bytes, &Limits::default()).expect("reads");
    let content = body::body(&w.bytes, &Limits::default()).expect("reads");
    let Content::Unstructured(embedded) = content else {
        panic!("{row}: no file");
    };
    let (bytes, media) = FILES[file];
    assert_eq!(embedded.bytes.as_deref(), Ok(bytes), "{row}");
    assert_eq!(embedded.declared.as_deref(), Some(media), "{row}");
    assert_eq!(
        m.format_code.code,
        TERMS.format_of_media(media).expect("a format").code
    );

    let is = |coded: &dmpkit::document::Coded, concept: &Concept| {
        assert_eq!(
            (&*coded.code, &*coded.system, &*coded.label),
            (&*concept.code, &*concept.system, &*concept.label),
            "{row}"
        );
    };
    let specialty = nth(TERMS.author_specialty(), row);
    is(&m.type_code, nth(TERMS.type_code(), row));
    is(
        &m.class_code,
        TERMS
            .class_of(&m.type_code.system, &m.type_code.code)
            .expect("a class"),
    );
    is(&m.healthcare_facility_type_code, nth(TERMS.facility(), row));
    is(&m.practice_setting_code, nth(TERMS.practice_setting(), row));
    is(
        m.author[0].author_specialty.as_ref().expect("a specialty"),
        specialty,
    );
    assert_eq!(m.author.len(), c.authors.len(), "{row}");
    let function = c.authors[0].function.as_ref().map(|_| "Médecin traitant");
    assert_eq!(m.author[0].author_role.as_deref(), function, "{row}");
    let by_patient = &*specialty.code == "EXP_PATIENT";
    assert_eq!(m.author[0].author_person.kind == "NH", by_patient, "{row}");
    assert_eq!(
        m.author[0].author_institution.is_none(),
        by_patient,
        "{row}"
    );

    assert_eq!(
        m.title,
        c.title.clone().unwrap_or_else(|| m.type_code.label.clone())
    );
    assert_eq!(m.creation_time.as_str(), "20260112090530");
    assert_eq!(
        header.effective_time.expect("dated").to_string(),
        "20260112100530+0100"
    );
    assert_eq!(m.service_start_time.as_str(), "20260112083000");
    let stop = c.service.stop.as_ref().map(|_| "20260112085500");
    assert_eq!(m.service_stop_time.as_ref().map(|t| t.as_str()), stop);
    assert_eq!(m.confidentiality, c.confidentiality);
    assert_eq!((&*m.language_code, &*m.mime_type), ("fr-FR", "text/xml"));

    let given = c.patient.as_ref().expect("a patient");
    assert_eq!(m.patient_id, given.ins.cx());
    // What the patient writes alone comes from no practice.
    let local = given
        .local_id
        .as_ref()
        .filter(|_| !by_patient || c.authors.len() > 1);
    let source = local.map_or("279035121518989", |_| "IPP-2031");
    assert_eq!(m.source_patient_id.id, source, "{row}");
    let patient = header.patient.as_ref().expect("a patient");
    let first = given.first_given.as_deref().unwrap_or("CAMILLE");
    assert_eq!(patient.first_given.as_deref(), Some(first));
    assert_eq!(patient.given_names.as_deref(), Some("CAMILLE ANNE LOUISE"));
    assert_eq!(patient.used_family, given.traits.used_name);
    assert_eq!(patient.used_given, given.used_given);
    assert_eq!(patient.birth_place, given.traits.birth_place);
    assert_eq!(
        m.source_patient_info,
        [
            format!("PID-5|TESSIER^{first}^^^^^L"),
            "PID-7|19790315".into(),
            "PID-8|F".into()
        ]
    );

    let codes: Vec<_> = c
        .service
        .codes
        .iter()
        .map(|code| code.code.as_str())
        .collect();
    let sent: Vec<_> = m
        .event_code_list
        .iter()
        .map(|code| code.code.as_str())
        .collect();
    assert_eq!(codes, sent, "{row}");
    let ids = header.service_events[0].ids.len();
    assert_eq!(ids, c.service.ids.len(), "{row}");
    let imaging = m.class_code.code == "31";
    let studies = m
        .reference_id_list
        .iter()
        .filter(|r| r.kind.ends_with("studyInstanceUID"));
    assert_eq!(studies.count(), usize::from(imaging && ids > 0), "{row}");

    let signer = m.legal_authenticator.as_ref().expect("signed");
    assert!(!signer.id.is_empty() && !signer.family.is_empty(), "{row}");
    let custodian = header.custodian.as_ref().expect("kept");
    let expected = match (&c.custodian, by_patient && c.authors.len() == 1) {
        (Some(other), _) => other.structure.name.as_str(),
        (None, true) => "DMP",
        (None, false) => "Cabinet médical des Noisetiers",
    };
    assert_eq!(custodian.name.as_deref(), Some(expected), "{row}");

    assert_eq!(m.unique_id, w.unique_id);
    if let Some(given) = &c.unique_id {
        assert_eq!(&w.unique_id, given);
    }
    let version = if c.replaces.is_some() { 4 } else { 1 };
    assert_eq!(
        (w.version_number, header.version_number),
        (version, Some(version))
    );
    let set = header.set_id.as_ref().expect("a set");
    assert_eq!(
        (set.root.as_str(), &set.extension),
        (w.set_id.root.as_str(), &w.set_id.extension)
    );
    assert_eq!(
        header.related_documents.len(),
        usize::from(c.replaces.is_some())
    );
}

/// What metadata do not hold: the optional parts are there when they are asked for, with what they say.
fn optional_parts(w: &Written, c: &Context, row: usize) {
    let text = std::str::from_utf8(&w.bytes).expect("UTF-8");
    let header = read(&w.bytes, &Limits::default()).expect("reads");
    let count = |start: &str| text.matches(start).count();
    for (start, expected) in [
        ("<informant>", c.informants.len()),
        ("<intendedRecipient>", c.recipients.len()),
        ("<participant ", c.participants.len()),
        ("<inFulfillmentOf>", c.orders.len()),
        ("<authorization ", c.consents.len()),
        ("<relatedDocument ", usize::from(c.replaces.is_some())),
        ("<documentationOf>", c.service.codes.len().max(1)),
        ("<performer ", 1),
        (
            "<languageCode code=\"en-GB\"/>",
            usize::from(c.content_language.is_some()),
        ),
    ] {
        assert_eq!(count(start), expected, "{row} {start}");
    }
    for participant in &c.participants {
        let kind = serde_json::to_value(participant.kind).expect("a code");
        let kind = kind.as_str().expect("a code");
        assert!(
            count(&format!("<participant typeCode=\"{kind}\">")) > 0,
            "{row} {kind}"
        );
    }
    let now = "20260112100530+0100";
    let at = |given: Option<&String>, written: &str| given.map_or(now, |_| written).to_owned();
    let author = header.authors[0].time.expect("dated");
    assert_eq!(
        author.to_string(),
        at(c.authors[0].time.as_ref(), "20260112100000+0100"),
        "{row}"
    );
    let signer = header.legal_authenticator.as_ref().expect("signed");
    let signed = c.legal_authenticator.as_ref().and_then(|s| s.time.as_ref());
    assert_eq!(
        signer.time.expect("dated").to_string(),
        at(signed, "20260112110000+0100"),
        "{row}"
    );
    let performer =
        &text[text.find("<performer").expect("starts")..text.find("</performer>").expect("ends")];
    if c.service.performer.is_some() {
        assert!(
            performer.contains("D&apos;ORSAY") && performer.contains("1510000029"),
            "{row}"
        );
        assert!(
            performer.contains("<prefix>M</prefix>") && performer.contains("<suffix>DR</suffix>")
        );
    }
    let encounter = &text[text.find("<encompassingEncounter>").expect("starts")..];
    let encounter = &encounter[..encounter.find("<location>").expect("ends")];
    match &c.encounter {
        Some(_) => {
            assert!(
                encounter.contains("<low value=\"20260112090000+0100\"/>"),
                "{row}"
            );
            assert!(
                encounter.contains("<high value=\"20260112100000+0100\"/>"),
                "{row}"
            );
            assert!(encounter.contains("extension=\"V-1\""), "{row}");
        }
        None => assert!(
            encounter.contains("<effectiveTime nullFlavor=\"UNK\"/>"),
            "{row}"
        ),
    }
    if let Some(replaced) = &c.replaces {
        let related = &header.related_documents[0];
        let id = related.id.as_ref().map(|id| id.root.as_str());
        assert_eq!(id, Some(replaced.unique_id.as_str()), "{row}");
        assert_eq!(related.version_number, replaced.version_number, "{row}");
    }
    let patient = &text[..text.find("<patient ").expect("a patient")];
    let reached = c.patient.as_ref().is_some_and(|p| p.contact.is_some());
    assert_eq!(
        patient.contains("<addr nullFlavor=\"NASK\"/>"),
        !reached,
        "{row}"
    );
    assert_eq!(
        patient.contains("mailto:279035121518989@patient.mssante.fr"),
        reached,
        "{row}"
    );
}

/// Holds documents against the schema, many at a time.
fn validate(files: &[PathBuf]) {
    let named = std::env::var_os("DMPKIT_SCHEMAS").map(PathBuf::from);
    let beside = std::env::var_os("DMPKIT_CORPUS").map(|c| Path::new(&c).join("../schemas"));
    let schema = named
        .or(beside)
        .map(|folder| folder.join("cda/CDA_extended.xsd"));
    let Some(schema) = schema.filter(|schema| schema.exists()) else {
        println!("skipped: DMPKIT_SCHEMAS does not name a folder with cda/CDA_extended.xsd");
        return;
    };
    for files in files.chunks(100) {
        let command = Command::new("xmllint")
            .args(["--noout", "--huge", "--nonet", "--schema"])
            .arg(&schema)
            .args(files)
            .output();
        let output = command.expect("xmllint (libxml2-utils) runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let wrong: Vec<_> = said
            .lines()
            .filter(|line| !line.ends_with(" validates") && line.contains(".xml:"))
            .take(20)
            .collect();
        assert!(output.status.success(), "{wrong:#?}");
        let valid = said
            .lines()
            .filter(|line| line.ends_with(" validates"))
            .count();
        assert_eq!(valid, files.len());
    }
}
