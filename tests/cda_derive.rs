//! Metadata derived from documents, and what is said of documents to correct.

mod common;

use common::{declaring, fixture, fixture_text};
use dmpkit::cda::{Derived, Limits, Severity, derive, read};
use dmpkit::document::Metadata;
use dmpkit::terminology::Terminology;
use serde_json::json;

const N1: &str = "cr_consultation_pdf.xml";
const N3: &str = "cr_biologie_structure.xml";

fn derived(bytes: &[u8]) -> Derived {
    let header = read(bytes, &Limits::default()).expect("reads");
    derive(&header, &Terminology::embedded())
}

/// The metadata of a fixture with nothing to correct.
fn metadata(name: &str) -> Metadata {
    let d = derived(&fixture(name));
    assert_eq!(d.findings, [], "{name}");
    d.metadata.expect("metadata")
}

/// A fixture with one change, and the rules it then breaks.
fn changed(name: &str, from: &str, to: &str) -> (Vec<&'static str>, Derived) {
    let text = fixture_text(name);
    let changed = text.replacen(from, to, 1);
    assert_ne!(changed, text, "{from}: the fixture has changed");
    let d = derived(changed.as_bytes());
    (d.findings.iter().map(|f| f.rule.id).collect(), d)
}

#[test]
fn every_metadata_of_a_report_follows_from_its_header() {
    let expected = json!({
        "uniqueId": "1.2.250.1.999.1.1.2026.101",
        "mimeType": "text/xml",
        "languageCode": "fr-FR",
        "creationTime": "20260112090530",
        "serviceStartTime": "20260112083000",
        "serviceStopTime": "20260112085500",
        "title": "Consultation du 12 janvier 2026 : suivi d'une hypertension artérielle",
        "author": [{
            "authorPerson": "899900987654^BASTIDE^Hélène^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
            "authorInstitution":
                "Cabinet médical des Noisetiers^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^499900987654001",
            "authorSpecialty": {
                "code": "G15_10/SM26",
                "system": "1.2.250.1.213.1.1.4.5",
                "label": "Médecin - Qualifié en Médecine Générale (SM)"
            },
            "authorRole": "Médecin traitant"
        }],
        "legalAuthenticator":
            "899900987654^BASTIDE^Hélène^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
        "patientId": "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH",
        "sourcePatientId": "IPP-2031^^^&1.2.250.1.999.1.1.2026.9&ISO^PI",
        "sourcePatientInfo": ["PID-5|TESSIER^CAMILLE^^^^^L", "PID-7|19790315", "PID-8|F"],
        "classCode": {
            "code": "10", "system": "1.2.250.1.213.1.1.4.1", "label": "Compte rendu"
        },
        "typeCode": {
            "code": "11488-4",
            "system": "2.16.840.1.113883.6.1",
            "label": "CR ou fiche de consultation ou de visite"
        },
        "formatCode": {
            "code": "urn:ihe:iti:xds-sd:pdf:2008",
            "system": "1.3.6.1.4.1.19376.1.2.3",
            "label": "Document à corps non structuré en Pdf/A-1"
        },
        "confidentiality": "N",
        "healthcareFacilityTypeCode": {
            "code": "SA07", "system": "1.2.250.1.71.4.2.4", "label": "Cabinet individuel"
        },
        "practiceSettingCode": {
            "code": "AMBULATOIRE", "system": "1.2.250.1.213.1.1.4.9", "label": "Ambulatoire"
        },
        "eventCodeList": [{
            "code": "C", "system": "1.2.250.1.215.200.3.3", "label": "Consultation au cabinet"
        }]
    });
    let metadata = metadata(N1);
    assert_eq!(
        serde_json::to_value(&metadata).expect("serialises"),
        expected
    );
    assert_eq!(
        serde_json::from_value::<Metadata>(expected).expect("parses"),
        metadata
    );
}

#[test]
fn a_structured_report_has_the_format_of_its_templates() {
    let m = metadata(N3);
    assert_eq!(m.format_code.code, "urn:ihe:lab:xd-lab:2008");
    assert_eq!(m.author[0].author_role, None);
    let institution = m.author[0]
        .author_institution
        .as_ref()
        .expect("an institution");
    assert_eq!(
        institution.to_string(),
        "Laboratoire de la Vesle^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1510000123"
    );
    assert!(
        m.reference_id_list.is_empty(),
        "the nature of a laboratory's number is not known"
    );
}

#[test]
fn a_self_presenting_document_has_its_media_type() {
    assert_eq!(
        metadata("cr_biologie_autopresentable.xml").mime_type,
        "application/xslt+xml"
    );
    assert_eq!(metadata("cr_biologie_prefixe.xml"), metadata(N3));
}

#[test]
fn a_replacement_has_nothing_to_correct() {
    assert_eq!(
        metadata("cr_consultation_remplacement.xml")
            .unique_id
            .as_str(),
        "1.2.250.1.999.1.1.2026.102"
    );
}

#[test]
fn what_the_patient_writes_is_his() {
    let m = metadata("expression_patient_texte.xml");
    assert_eq!(m.source_patient_id, m.patient_id);
    let author = &m.author[0];
    assert_eq!(
        author.author_person.to_string(),
        "153078987658513^GARRIGUE^ÉTIENNE^^^^^^&1.2.250.1.213.1.4.10&ISO^D^^^NH"
    );
    assert_eq!(author.author_institution, None);
    let specialty = author.author_specialty.as_ref().expect("a specialty");
    assert_eq!(specialty.code, "EXP_PATIENT");
    assert_eq!(m.legal_authenticator.as_ref(), Some(&author.author_person));
    assert_eq!(
        m.service_start_time.as_str(),
        "20260220",
        "a date stays a date"
    );
    assert_eq!(m.service_stop_time, None);
    assert_eq!(m.class_code.code, "11");
    assert_eq!(m.format_code.code, "urn:ihe:iti:xds-sd:text:2008");
    assert_eq!(m.practice_setting_code.code, "EXP_PATIENT");
}

#[test]
fn devices_and_internal_identifiers_have_their_forms() {
    let device = "<assignedAuthoringDevice><manufacturerModelName>Modèle 7</manufacturerModelName>\
                  <softwareName>Automate A</softwareName></assignedAuthoringDevice>";
    let text = fixture_text(N3);
    let (before, rest) = text.split_once("<assignedPerson>").expect("an author");
    let (_, after) = rest.split_once("</assignedPerson>").expect("an author");
    let with_device =
        format!("{before}{device}{after}").replacen("899900876543", "3510000123/42", 1);
    let m = derived(with_device.as_bytes()).metadata.expect("metadata");
    assert_eq!(
        m.author[0].author_person.to_string(),
        "3510000123/42^Automate A^Modèle 7^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^RI"
    );

    let (rules, d) = changed(N3, "899900876543", "3510000123/42");
    assert_eq!(rules, [""; 0]);
    let person = &d.metadata.expect("metadata").author[0].author_person;
    assert_eq!(
        (person.kind.as_str(), person.name_type.as_str()),
        ("EI", "D")
    );
}

#[test]
fn separators_in_names_do_not_move_components() {
    let (_, d) = changed(N1, ">TESSIER<", ">TES^SIER|X &amp; Y<");
    let info = d.metadata.expect("metadata").source_patient_info;
    assert_eq!(info[0], "PID-5|TES\\S\\SIER\\F\\X \\T\\ Y^CAMILLE^^^^^L");
}

#[test]
fn the_kinds_of_reference_that_the_dmp_accepts_are_sent() {
    let id = "<serviceEvent>\n      <code ";
    let report = fixture_text(N1).replacen("11488-4", "18748-4", 1).replacen(
        id,
        "<serviceEvent><id root=\"1.2.250.1.999.5.77\"/><code ",
        1,
    );
    let m = derived(report.as_bytes()).metadata.expect("metadata");
    let references: Vec<_> = m
        .reference_id_list
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        references,
        ["1.2.250.1.999.5.77^^^^urn:ihe:iti:xds:2016:studyInstanceUID"]
    );

    let request = fixture_text(N1).replacen("11488-4", "55115-0", 1).replacen(
        id,
        "<serviceEvent><id root=\"1.2.250.1.999.6\" extension=\"D12\"/><code ",
        1,
    );
    let m = derived(request.as_bytes()).metadata.expect("metadata");
    let references: Vec<_> = m
        .reference_id_list
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        references,
        ["D12^^^&1.2.250.1.999.6&ISO^urn:ihe:iti:xds:2013:order"]
    );
}

#[test]
fn each_fault_is_found_and_weighed() {
    use Severity::{Advice, Blocking, Nonconforming};
    let long_oid = format!("1.{}", "2".repeat(70));
    let table: &[(&str, &str, &str, Severity)] = &[
        (
            "id root=\"1.2.250.1.999.1.1.2026.101\"",
            "id nullFlavor=\"UNK\"",
            "CDA-ID-MISSING",
            Blocking,
        ),
        (
            "2026.101\"",
            "2026.101\" extension=\"7\"",
            "CDA-ID-EXTENSION",
            Blocking,
        ),
        (
            "1.2.250.1.999.1.1.2026.101",
            "6f2ce0c5-57a8-4f5e-8dd5-2f4a8a5a5f3d",
            "CDA-ID-OID",
            Blocking,
        ),
        (
            "1.2.250.1.999.1.1.2026.101",
            &long_oid,
            "CDA-ID-OID",
            Blocking,
        ),
        (
            "<setId ",
            "<setId nullFlavor=\"UNK\"/><copyTime ",
            "CDA-SETID-MISSING",
            Nonconforming,
        ),
        (
            "versionNumber value=\"1\"",
            "versionNumber",
            "CDA-VERSIONNUMBER-MISSING",
            Nonconforming,
        ),
        ("nonXMLBody", "autreBody", "CDA-BODY-MISSING", Blocking),
        ("application/pdf", "text/html", "CDA-MEDIATYPE", Blocking),
        (
            "confidentialityCode code=\"N\"",
            "confidentialityCode code=\"X\"",
            "CDA-CONFIDENTIALITY",
            Blocking,
        ),
        (
            "languageCode code=\"fr-FR\"",
            "languageCode",
            "CDA-LANGUAGE-MISSING",
            Blocking,
        ),
        (
            "languageCode code=\"fr-FR\"",
            "languageCode code=\"fr-fr\"",
            "CDA-LANGUAGE-VALUE",
            Nonconforming,
        ),
        (
            "\"20260112100530+0100\"",
            "\"hier\"",
            "CDA-EFFECTIVETIME-MISSING",
            Blocking,
        ),
        (
            "20260112100530+0100",
            "20260112100530",
            "CDA-EFFECTIVETIME-OFFSET",
            Blocking,
        ),
        (
            "20260112100530+0100",
            "20260112",
            "CDA-EFFECTIVETIME-DAY",
            Blocking,
        ),
        (
            "20260112100530+0100",
            "202601121005+0100",
            "CDA-EFFECTIVETIME-PRECISION",
            Advice,
        ),
        (
            "20260112100530+0100",
            "20260112100530+100",
            "CDA-TIME-OFFSET-DIGITS",
            Advice,
        ),
        (
            "279035121518989",
            "279035121518988",
            "CDA-PATIENT-INS-INVALID",
            Blocking,
        ),
        (
            "1.2.250.1.213.1.4.10",
            "1.2.250.1.999.77",
            "CDA-PATIENT-INS-MISSING",
            Blocking,
        ),
        (
            "<patientRole>",
            "<patientRole><id root=\"1.2.250.1.999.3\" extension=\"A\"/>",
            "CDA-PATIENT-INS-FIRST",
            Blocking,
        ),
        (
            "birthTime value=\"19790315\"",
            "birthTime nullFlavor=\"UNK\"",
            "CDA-PATIENT-TRAITS",
            Nonconforming,
        ),
        ("extension=\"899900987654\"", "", "CDA-AUTHOR-ID", Blocking),
        ("899900987654", "99900987654", "CDA-AUTHOR-ID-FORM", Advice),
        (
            "G15_10/SM26",
            "G15_10/ZZ99",
            "CDA-AUTHOR-SPECIALTY-SET",
            Nonconforming,
        ),
        (
            "low value=\"20260112093000+0100\"",
            "low nullFlavor=\"UNK\"",
            "CDA-SERVICE-START-MISSING",
            Blocking,
        ),
        (
            "low value=\"20260112093000+0100\"",
            "low value=\"20260112093000\"",
            "CDA-SERVICE-START-OFFSET",
            Blocking,
        ),
        (
            "20260112095500+0100",
            "20260112095500",
            "CDA-SERVICE-STOP-OFFSET",
            Advice,
        ),
        (
            "code=\"AMBULATOIRE\"",
            "code=\"ESSMS\"",
            "CDA-PRACTICESETTING-SET",
            Blocking,
        ),
        (
            "code=\"AMBULATOIRE\"",
            "nullFlavor=\"UNK\"",
            "CDA-PRACTICESETTING-MISSING",
            Blocking,
        ),
        (
            "code=\"SA07\"",
            "code=\"SA67\"",
            "CDA-FACILITY-SET",
            Blocking,
        ),
        (
            "code=\"SA07\"",
            "nullFlavor=\"UNK\"",
            "CDA-FACILITY-MISSING",
            Blocking,
        ),
        (
            "<code code=\"11488-4\"",
            "<code nullFlavor=\"UNK\"",
            "CDA-CODE-MISSING",
            Blocking,
        ),
    ];
    for (from, to, rule, severity) in table {
        // Both tags of an element that is renamed.
        let text = fixture_text(N1);
        let bad = if from.contains("Body") {
            text.replace(from, to)
        } else {
            text.replacen(from, to, 1)
        };
        assert_ne!(bad, text, "{from}: the fixture has changed");
        let d = derived(bad.as_bytes());
        let found: Vec<_> = d
            .findings
            .iter()
            .map(|f| (f.rule.id, f.rule.severity))
            .collect();
        assert_eq!(found, [(*rule, *severity)], "{from} -> {to}");
        assert!(
            d.findings[0].path.starts_with("/ClinicalDocument/"),
            "{rule}"
        );
        assert_eq!(d.is_blocked(), *severity == Blocking, "{rule}");
        assert!(d.metadata.is_some() || d.is_blocked(), "{rule}");
    }
}

#[test]
fn parts_that_are_wholly_missing_are_found() {
    let text = fixture_text(N1);
    for (element, rule) in [
        ("title", "CDA-TITLE-MISSING"),
        ("author", "CDA-AUTHOR-MISSING"),
        ("legalAuthenticator", "CDA-LEGALAUTHENTICATOR-MISSING"),
        ("recordTarget", "CDA-PATIENT-INS-MISSING"),
        ("componentOf", "CDA-FACILITY-MISSING"),
    ] {
        let (before, rest) = text
            .split_once(&format!("<{element}>"))
            .expect("the element");
        let (_, after) = rest
            .split_once(&format!("</{element}>"))
            .expect("the element");
        let d = derived(format!("{before}{after}").as_bytes());
        let found: Vec<_> = d.findings.iter().map(|f| f.rule.id).collect();
        assert_eq!(found, [rule], "{element}");
        assert!(d.is_blocked(), "{element}");
    }
    let (before, rest) = text.split_once("<title>").expect("a title");
    let (_, after) = rest.split_once("</title>").expect("a title");
    let (most, over) = ("à".repeat(128), "à".repeat(129));
    let titled = |title: &str| derived(format!("{before}<title>{title}</title>{after}").as_bytes());
    assert_eq!(titled(&most).findings, []);
    assert_eq!(titled(&over).findings[0].rule.id, "CDA-TITLE-LENGTH");
}

#[test]
fn an_empty_header_says_all_that_it_lacks() {
    let d = derived(b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>");
    assert_eq!(d.metadata, None);
    let found: Vec<_> = d.findings.iter().map(|f| f.rule.id).collect();
    assert_eq!(found.len(), 15, "{found:?}");
    assert!(d.is_blocked());
}

#[test]
fn types_and_templates_outside_the_sets_are_found() {
    // A type that the CI-SIS knows and the DMP does not.
    let (rules, d) = changed(N1, "code=\"11488-4\"", "code=\"51851-4\"");
    assert_eq!(rules, ["CDA-CODE-SET"]);
    assert!(d.is_blocked() && d.metadata.is_some());
    let (rules, _) = changed(N1, "code=\"11488-4\"", "code=\"00000-0\"");
    assert_eq!(rules, ["CDA-CODE-SET", "CDA-CLASS-UNKNOWN"]);
    // A template whose format the DMP does not accept, and one that contradicts the other.
    let lab = "<templateId root=\"1.3.6.1.4.1.19376.1.3.3\"/>";
    let second = "root=\"1.2.250.1.213.1.1.1.55\" extension=\"2024.01\"";
    let text = fixture_text(N3).replacen(lab, "", 1).replacen(
        second,
        "root=\"1.2.250.1.213.1.1.1.10\"",
        1,
    );
    let d = derived(text.as_bytes());
    assert_eq!(d.findings[0].rule.id, "CDA-FORMAT-SET");
    let (rules, d) = changed(N3, second, "root=\"1.2.250.1.213.1.1.1.13\"");
    assert_eq!(
        (rules.as_slice(), d.metadata),
        (&["CDA-FORMAT-UNKNOWN"][..], None)
    );
}

#[test]
fn a_replacement_of_itself_is_found() {
    let name = "cr_consultation_remplacement.xml";
    let (rules, _) = changed(
        name,
        "<id root=\"1.2.250.1.999.1.1.2026.101\"/>",
        "<id nullFlavor=\"UNK\"/>",
    );
    assert_eq!(rules, ["CDA-REPLACED-ID"]);
    let (rules, _) = changed(name, "2026.101", "2026.102");
    assert_eq!(rules, ["CDA-REPLACED-ID"]);
}

#[test]
fn null_values_and_short_zones_are_advice() {
    let d = derived(&fixture("valeurs_nulles.xml"));
    let found: Vec<_> = d.findings.iter().map(|f| f.rule.id).collect();
    assert_eq!(found, ["CDA-PATIENT-TRAITS", "CDA-AUTHOR-ORGANIZATION"]);
    let author = &d.metadata.expect("metadata").author[0];
    assert_eq!(author.author_institution, None);
    assert_eq!(author.author_role, None);
    assert_eq!(author.author_person.family, "");

    let d = derived(&fixture("fuseau_trois_chiffres.xml"));
    assert!(!d.is_blocked());
    assert_eq!(
        d.metadata.expect("metadata").creation_time.as_str(),
        "20260112090530"
    );
}

#[test]
fn a_short_time_is_padded() {
    let (_, d) = changed(N1, "20260112100530+0100", "202601121005+0100");
    assert_eq!(
        d.metadata.expect("metadata").creation_time.as_str(),
        "20260112090500"
    );
}

#[test]
fn a_contradicted_encoding_is_advice() {
    let d = derived(declaring(&fixture_text(N1), "utf-16").as_bytes());
    let found: Vec<_> = d.findings.iter().map(|f| f.rule.id).collect();
    assert_eq!(found, ["CDA-ENCODING"]);
    assert_eq!(d.metadata, Some(metadata(N1)));
}

#[test]
fn nothing_printed_by_accident_names_the_patient() {
    let h = read(&fixture(N1), &Limits::default()).expect("reads");
    let printed = format!("{h:?} {:?} {:?}", h.patient, h.authors);
    for value in [
        "TESSIER",
        "CAMILLE",
        "279035121518989",
        "IPP-2031",
        "BASTIDE",
        "hypertension",
    ] {
        assert!(!printed.contains(value), "{value}");
    }
    let (_, d) = changed(N1, "279035121518989", "279035121518988");
    assert!(
        !serde_json::to_string(&d.findings)
            .expect("serialises")
            .contains("27903512151")
    );
}
