//! Before feeding: a document made with what an access knows, checked for its patient, and what stops it.

mod common;

use common::fixture_text;
use common::office::{Office, patient_of, traits};
use dmpkit::cda::{Context, Limits, read};
use dmpkit::connector::feed::FeedOptions;
use dmpkit::document::Metadata;
use dmpkit::error::{Error, ErrorKind};
use serde_json::{Value, json};

const PDF: &[u8] = include_bytes!("../examples/c/ordonnance.pdf");
const CORRECTED: &[u8] = include_bytes!("../examples/c/ordonnance_rectifiee.pdf");
const INS: &str = "279035121518989";

/// What only the host knows of a prescription.
fn context() -> Value {
    json!({
        "type": {"code": "57833-6"}, "effectiveTime": "2026-03-02T08:30:00+01:00",
        "service": {"start": "2026-03-02T08:15:00+01:00"}, "practiceSetting": {"code": "AMBULATOIRE"},
    })
}

fn read_as<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a record")
}

fn rules(error: &Error) -> Vec<&'static str> {
    let refusal = error.refusal().unwrap_or_else(|| panic!("{error}"));
    refusal.findings.iter().map(|f| f.rule.id).collect()
}

/// A practice that knows the patient of the reports, with the place of birth that a document needs.
fn office() -> (Office, dmpkit::connector::Access) {
    let office = Office::new();
    let ins = patient_of(INS);
    let mut known = traits("19790315");
    known.birth_place = Some("51215".to_owned());
    office.know_as(&ins, &known);
    let access = office.enter(&ins);
    (office, access)
}

#[test]
fn what_an_access_knows_completes_a_context() {
    let (_office, access) = office();
    let (document, answer) = access.wrap(PDF, &read_as(context())).expect("a document");
    assert_eq!((answer.version_number, &answer.findings[..]), (1, &[][..]));
    let metadata: &Metadata = &answer.metadata;
    assert_eq!(metadata.patient_id.id, INS);
    assert_eq!(metadata.author[0].author_person.id, "899900987654");
    assert_eq!(metadata.healthcare_facility_type_code.code, "SA07");
    assert!(metadata.unique_id.as_str().starts_with("1.2.250.1.999.1."));
    let checked = access
        .check(&document, &FeedOptions::default())
        .expect("an answer");
    assert!(
        checked.accepted && checked.conforms,
        "{:?}",
        checked.findings
    );
    access
        .feed(&document, &FeedOptions::default())
        .expect("fed");
    // The same file for the same act is the same document.
    let (again, _) = access.wrap(PDF, &read_as(context())).expect("a document");
    let fed = access.feed(&again, &FeedOptions::default()).expect("fed");
    assert!(fed.documents[0].already_there);

    let mut next = context();
    next["replaces"] =
        json!({"uniqueId": answer.unique_id, "setId": answer.set_id, "versionNumber": 1});
    let (corrected, second) = access.wrap(CORRECTED, &read_as(next)).expect("a document");
    assert_eq!((second.version_number, &second.set_id), (2, &answer.set_id));
    assert_ne!(second.unique_id, answer.unique_id);
    let options: FeedOptions = read_as(json!({"replaces": answer.unique_id}));
    access.feed(&corrected, &options).expect("replaced");
}

#[test]
fn what_a_patient_writes_alone_comes_from_no_structure() {
    let (_office, access) = office();
    let mut alone = context();
    alone["type"] = json!({"code": "EXPPAT_1", "system": "1.2.250.1.213.1.1.4.12"});
    alone["authors"] = json!([{"who": "patient"}]);
    alone["service"]["codes"] =
        json!([{"code": "EXPPAT", "system": "1.2.250.1.999.9", "label": "Expression"}]);
    alone
        .as_object_mut()
        .expect("a record")
        .remove("practiceSetting");
    let (document, answer) = access.wrap(PDF, &read_as(alone)).expect("a document");
    assert_eq!(answer.metadata.author[0].author_institution, None);
    let custodian = read(&document, &Limits::default())
        .expect("read")
        .custodian
        .expect("one");
    assert_eq!(custodian.ids[0].root, "1.2.250.1.213.4.1");
}

#[test]
fn another_patients_context_is_refused() {
    let (_office, access) = office();
    let mut other = context();
    other["patient"] = json!({"ins": patient_of("153078987658513"), "traits": traits("19530720")});
    let context: Context = read_as(other);
    let error = access.wrap(PDF, &context).expect_err("is refused");
    let ErrorKind::Caller { field, .. } = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(field, "context.patient.ins");
}

#[test]
fn another_patients_document_never_leaves_even_confirmed() {
    let (_office, access) = office();
    access.confirm_identity("vérifiée").expect("confirmed");
    let report = fixture_text("cr_consultation_pdf.xml").replace(INS, "153078987658513");
    let checked = access
        .check(report.as_bytes(), &FeedOptions::default())
        .expect("an answer");
    let ids: Vec<_> = checked.findings.iter().map(|f| f.rule.id).collect();
    assert!(
        !checked.accepted && ids.contains(&"CDA-DOSSIER-INS"),
        "{ids:?}"
    );
    let error = access
        .feed(report.as_bytes(), &FeedOptions::default())
        .expect_err("is refused");
    assert_eq!(
        error.refusal().expect("a refusal").explanation.rule,
        "PATIENT-MISMATCH"
    );
}

#[test]
fn other_traits_wait_for_a_person_to_confirm_the_identity() {
    let (_office, access) = office();
    let report = fixture_text("cr_consultation_pdf.xml");
    let error = access
        .feed(report.as_bytes(), &FeedOptions::default())
        .expect_err("is refused");
    assert_eq!(
        rules(&error)[..2],
        ["CDA-DOSSIER-BIRTHNAME", "CDA-DOSSIER-GIVENNAMES"]
    );
    let remedies = &error.refusal().expect("a refusal").explanation.remedies;
    assert_eq!(remedies.len(), 1, "what the person can do is told");
    let told = format!("{error:?} {:?}", error.refusal());
    assert!(
        !told.contains("TESSIER") && !told.contains("NOM\""),
        "{told}"
    );
    access
        .confirm_identity("Carte d'identité présentée")
        .expect("confirmed");
    access
        .feed(report.as_bytes(), &FeedOptions::default())
        .expect("fed");
}

#[test]
fn a_format_is_stated_only_where_the_templates_have_none() {
    let office = Office::new();
    let ins = patient_of("153078987658513");
    let known = read_as(json!({
        "birthName": "GARRIGUE", "givenNames": ["ÉTIENNE"], "birthDate": "19530720", "sex": "M"
    }));
    office.know_as(&ins, &known);
    let access = office.enter(&ins);
    let report = fixture_text("cr_biologie_structure.xml");
    let unknown = report
        .replace(
            "root=\"1.2.250.1.213.1.1.1.55\"",
            "root=\"1.2.250.1.213.1.1.1.9999\"",
        )
        .replace(
            "root=\"1.3.6.1.4.1.19376.1.3.3\"",
            "root=\"1.3.6.1.4.1.19376.1.3.9999\"",
        );
    let stated = |format: &str| read_as::<FeedOptions>(json!({"format": format}));
    let error = access
        .feed(unknown.as_bytes(), &FeedOptions::default())
        .expect_err("is refused");
    assert_eq!(rules(&error)[0], "CDA-FORMAT-UNKNOWN");
    let error = access
        .feed(unknown.as_bytes(), &stated("urn:nowhere"))
        .expect_err("is refused");
    assert!(
        rules(&error).contains(&"CDA-FORMAT-STATED-SET"),
        "{:?}",
        rules(&error)
    );
    let trod = "urn:ans:ci-sis:trod:2024";
    access.feed(unknown.as_bytes(), &stated(trod)).expect("fed");
    let page = access.find(&Default::default()).expect("a list");
    let metadata = page.documents[0].entry.metadata.parse().expect("metadata");
    assert_eq!(metadata.format_code.code, trod);
}
