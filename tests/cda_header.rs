//! The header reader over documents as practice software writes them, and over documents nobody should write.

mod common;

use common::{declaring, encoded, fixture, fixture_text, marked_crlf, utf16_le};
use dmpkit::cda::time::Precision;
use dmpkit::cda::{Body, Code, Encoding, Header, Id, Limits, ReadError, read};

const N1: &str = "cr_consultation_pdf.xml";
const N3: &str = "cr_biologie_structure.xml";

fn header(name: &str) -> Header {
    read(&fixture(name), &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn changed(header: &Header, change: impl FnOnce(&mut Header)) -> Header {
    let mut header = header.clone();
    change(&mut header);
    header
}

fn error(bytes: &[u8]) -> ReadError {
    read(bytes, &Limits::default()).expect_err("should be refused")
}

fn id(root: &str, extension: &str) -> Id {
    Id {
        root: root.to_owned(),
        extension: Some(extension.to_owned()),
    }
}

fn bare(root: &str) -> Option<Id> {
    Some(Id {
        root: root.to_owned(),
        extension: None,
    })
}

fn code(code: &str, system: &str, label: &str) -> Option<Code> {
    Some(Code {
        code: code.to_owned(),
        system: system.to_owned(),
        label: Some(label.to_owned()),
    })
}

#[test]
fn every_part_of_a_complete_header_is_read() {
    let h = header(N1);
    assert_eq!(h.encoding, Encoding::Utf8);
    assert!(!h.encoding_contradicted && !h.self_presenting);
    assert_eq!(h.realm_code.as_deref(), Some("FR"));
    let templates: Vec<_> = h.template_ids.iter().map(|t| t.root.as_str()).collect();
    assert_eq!(
        templates,
        [
            "2.16.840.1.113883.2.8.2.1",
            "1.2.250.1.213.1.1.1.1",
            "1.3.6.1.4.1.19376.1.2.20"
        ]
    );
    assert_eq!(h.id, bare("1.2.250.1.999.1.1.2026.101"));
    assert_eq!(
        h.code,
        code(
            "11488-4",
            "2.16.840.1.113883.6.1",
            "CR ou fiche de consultation ou de visite"
        )
    );
    assert_eq!(
        h.title.as_deref(),
        Some("Consultation du 12 janvier 2026 : suivi d'une hypertension artérielle")
    );
    assert_eq!(
        h.effective_time.map(|t| t.to_string()).as_deref(),
        Some("20260112100530+0100")
    );
    assert_eq!(
        h.confidentiality_code,
        code("N", "2.16.840.1.113883.5.25", "Normal")
    );
    assert_eq!(h.language_code.as_deref(), Some("fr-FR"));
    assert_eq!(h.set_id, bare("1.2.250.1.999.1.1.2026.100"));
    assert_eq!(h.version_number, Some(1));

    let patient = h.patient.expect("a patient");
    assert_eq!(
        patient.ids,
        [
            id("1.2.250.1.213.1.4.10", "279035121518989"),
            id("1.2.250.1.999.1.1.2026.9", "IPP-2031")
        ]
    );
    assert_eq!(patient.birth_family.as_deref(), Some("TESSIER"));
    assert_eq!(patient.used_family.as_deref(), Some("MOREL"));
    assert_eq!(patient.given_names.as_deref(), Some("CAMILLE ANNE LOUISE"));
    assert_eq!(patient.first_given.as_deref(), Some("CAMILLE"));
    assert_eq!(patient.used_given.as_deref(), Some("CAMILLE"));
    assert_eq!(
        patient.gender,
        code("F", "2.16.840.1.113883.5.1", "Féminin")
    );
    assert_eq!(
        patient.birth_time.map(|t| t.to_string()).as_deref(),
        Some("19790315")
    );
    assert_eq!(patient.birth_place.as_deref(), Some("51215"));

    assert_eq!(h.authors.len(), 1);
    let author = &h.authors[0];
    assert_eq!(author.time, h.effective_time);
    assert_eq!(
        author.function,
        code("PCP", "2.16.840.1.113883.5.88", "Médecin traitant")
    );
    assert_eq!(author.ids, [id("1.2.250.1.71.4.2.1", "899900987654")]);
    assert_eq!(
        author.specialty.as_ref().map(|c| c.code.as_str()),
        Some("G15_10/SM26")
    );
    let person = author.person.as_ref().expect("a person");
    assert_eq!(person.prefix.as_deref(), Some("MME"));
    assert_eq!(person.given.as_deref(), Some("Hélène"));
    assert_eq!(person.family.as_deref(), Some("BASTIDE"));
    assert_eq!(person.suffix.as_deref(), Some("DR"));
    assert_eq!(author.device, None);
    let organization = author.organization.as_ref().expect("an organisation");
    assert_eq!(
        organization.ids,
        [id("1.2.250.1.71.4.2.2", "499900987654001")]
    );
    assert_eq!(
        organization.name.as_deref(),
        Some("Cabinet médical des Noisetiers")
    );
    assert_eq!(h.custodian.as_ref(), Some(organization));

    let authenticator = h.legal_authenticator.expect("an authenticator");
    assert_eq!(authenticator.time, author.time);
    assert_eq!(authenticator.ids, author.ids);
    assert_eq!(authenticator.specialty, author.specialty);
    assert_eq!(authenticator.person, author.person);
    assert_eq!(authenticator.organization, author.organization);

    assert_eq!(h.service_events.len(), 1);
    let event = &h.service_events[0];
    assert_eq!(event.code.as_ref().map(|c| c.code.as_str()), Some("C"));
    assert_eq!(
        event.low.map(|t| t.to_string()).as_deref(),
        Some("20260112093000+0100")
    );
    assert_eq!(
        event.high.map(|t| t.to_string()).as_deref(),
        Some("20260112095500+0100")
    );
    assert_eq!(
        event.practice_setting,
        code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire")
    );
    assert_eq!(
        h.facility,
        code("SA07", "1.2.250.1.71.4.2.4", "Cabinet individuel")
    );
    assert!(h.related_documents.is_empty());
    assert_eq!(
        h.body,
        Some(Body::Unstructured {
            media_type: Some("application/pdf".to_owned())
        })
    );
}

#[test]
fn a_structured_document_and_its_order_are_read() {
    let h = header(N3);
    assert_eq!(h.body, Some(Body::Structured));
    assert_eq!(h.template_ids[3].extension.as_deref(), Some("2024.01"));
    assert_eq!(
        h.service_events[0].ids,
        [id("1.2.250.1.999.1.1.2026.8", "DEM-4471")]
    );
    assert_eq!(h.authors[0].function, None);
}

#[test]
fn a_replacement_names_what_it_replaces() {
    let h = header("cr_consultation_remplacement.xml");
    assert_eq!(h.version_number, Some(2));
    assert_eq!(h.related_documents.len(), 1);
    let replaced = &h.related_documents[0];
    assert_eq!(replaced.type_code, "RPLC");
    assert_eq!(replaced.id, header(N1).id);
    assert_eq!(replaced.set_id, h.set_id);
    assert_eq!(replaced.version_number, Some(1));
}

#[test]
fn a_patient_may_be_the_author() {
    let h = header("expression_patient_texte.xml");
    let patient = h.patient.expect("a patient");
    assert_eq!(patient.ids.len(), 1);
    assert_eq!(h.authors[0].ids, patient.ids);
    assert_eq!(h.authors[0].specialty, None);
    assert_eq!(h.authors[0].organization, None);
    assert_eq!(
        h.legal_authenticator.expect("an authenticator").ids,
        patient.ids
    );
    assert_eq!(h.custodian.and_then(|c| c.name).as_deref(), Some("DMP"));
    assert_eq!(
        h.service_events[0].low.map(|t| t.precision()),
        Some(Precision::Day)
    );
    assert_eq!(h.service_events[0].high, None);
    assert_eq!(
        h.body,
        Some(Body::Unstructured {
            media_type: Some("text/plain".to_owned())
        })
    );
}

#[test]
fn encodings_change_nothing_but_the_encoding() {
    let text = fixture_text(N1);
    let expected = header(N1);
    for (bytes, encoding) in [
        (encoded(&text, "ISO-8859-1"), Encoding::Iso8859_1),
        (encoded(&text, "ISO-8859-15"), Encoding::Iso8859_15),
        (encoded(&text, "windows-1252"), Encoding::Windows1252),
        (utf16_le(&text), Encoding::Utf16Le),
        (marked_crlf(&text), Encoding::Utf8),
        (
            text.split_once('\n')
                .expect("a declaration")
                .1
                .as_bytes()
                .to_vec(),
            Encoding::Utf8,
        ),
    ] {
        let h = read(&bytes, &Limits::default()).expect("reads");
        assert_eq!(h, changed(&expected, |h| h.encoding = encoding));
    }
}

#[test]
fn a_wrong_declaration_is_read_through_and_told() {
    let marked = [
        b"\xEF\xBB\xBF",
        declaring(&fixture_text(N1), "ISO-8859-1").as_bytes(),
    ]
    .concat();
    let unmarked = declaring(&fixture_text(N1), "utf-16").into_bytes();
    for bytes in [marked, unmarked] {
        let h = read(&bytes, &Limits::default()).expect("reads");
        assert_eq!(h, changed(&header(N1), |h| h.encoding_contradicted = true));
    }
}

#[test]
fn prefixes_change_nothing() {
    assert_eq!(header("cr_biologie_prefixe.xml"), header(N3));
}

#[test]
fn a_self_presenting_document_is_read_through() {
    let h = header("cr_biologie_autopresentable.xml");
    assert!(h.self_presenting);
    assert_eq!(h.id, bare("1.2.250.1.999.1.1.2026.211"));
    let expected = changed(&header(N3), |n3| {
        n3.self_presenting = true;
        n3.id.clone_from(&h.id);
        n3.set_id.clone_from(&h.set_id);
    });
    assert_eq!(h, expected);
}

#[test]
fn null_values_are_absent_values() {
    let h = header("valeurs_nulles.xml");
    let patient = h.patient.expect("a patient");
    assert_eq!(patient.birth_time, None);
    assert_eq!(patient.birth_place, None);
    assert_eq!(patient.used_family, None);
    assert_eq!(patient.birth_family.as_deref(), Some("TESSIER"));
    let author = &h.authors[0];
    assert_eq!((&author.function, &author.person), (&None, &None));
    let organization = author.organization.as_ref().expect("an organisation");
    assert_eq!((organization.ids.len(), &organization.name), (0, &None));
    assert_eq!(h.service_events[0].code, None);
    assert_eq!(h.service_events[0].high, None);
    assert!(h.service_events[0].low.is_some());
}

#[test]
fn a_three_digit_zone_is_one_hour() {
    let time = header("fuseau_trois_chiffres.xml")
        .effective_time
        .expect("a time");
    assert_eq!(time.to_string(), "20260112100530+0100");
    assert_eq!(time.offset().map(|o| o.four_digits), Some(false));
}

#[test]
fn elements_of_other_namespaces_are_not_the_headers() {
    let text = fixture_text(N1).replacen(
        "<realmCode code=\"FR\"/>",
        "<x:realmCode xmlns:x=\"urn:example:x\" code=\"BE\"><realmCode code=\"CH\"/></x:realmCode>\
         <realmCode code=\"FR\"/>",
        1,
    );
    assert_eq!(read(text.as_bytes(), &Limits::default()), Ok(header(N1)));
}

#[test]
fn references_are_resolved_in_text_and_attributes() {
    let text = fixture_text(N1)
        .replacen(
            "suivi d'une",
            "suivi d&#39;une &lt;b&gt; <![CDATA[& ]]>&#xE9;&amp;",
            1,
        )
        .replacen(
            "displayName=\"Normal\"",
            "displayName=\"Normal &amp; &quot;simple&quot;\"",
            1,
        );
    let h = read(text.as_bytes(), &Limits::default()).expect("reads");
    let title = "Consultation du 12 janvier 2026 : suivi d'une <b> & é& hypertension artérielle";
    assert_eq!(h.title.as_deref(), Some(title));
    assert_eq!(
        h.confidentiality_code.and_then(|c| c.label).as_deref(),
        Some("Normal & \"simple\"")
    );
}

#[test]
fn dtds_and_entities_are_refused() {
    assert_eq!(error(&fixture("bad/dtd.xml")), ReadError::Doctype);
    assert_eq!(error(&fixture("bad/bombe_entites.xml")), ReadError::Doctype);
    assert!(matches!(
        error(&fixture("bad/entite_inconnue.xml")),
        ReadError::Entity { line: 10, .. }
    ));
    let in_attribute = fixture_text(N1).replacen("\"Normal\"", "\"Nor&nbsp;mal\"", 1);
    assert!(matches!(
        error(in_attribute.as_bytes()),
        ReadError::Entity { .. }
    ));
    let in_body = fixture_text(N3).replacen("À contrôler", "&Agrave; contrôler", 1);
    assert!(matches!(
        error(in_body.as_bytes()),
        ReadError::Entity { .. }
    ));
}

#[test]
fn a_truncated_document_is_told_wherever_it_stops() {
    assert_eq!(error(&fixture("bad/tronque.xml")), ReadError::Truncated);
    let whole = fixture(N3);
    let root = whole
        .windows(16)
        .position(|w| w == b"<ClinicalDocumen")
        .expect("a root");
    let end = whole.trim_ascii_end().len();
    // Not every byte, only because each cut is a whole reading; 7 visits every kind of place.
    for stop in (root + 17..end).step_by(7) {
        let e = error(&whole[..stop]);
        assert!(
            matches!(e, ReadError::Truncated | ReadError::UndeclaredPrefix { .. }),
            "cut at {stop}: {e:?}"
        );
    }
}

#[test]
fn malformed_xml_is_refused_wherever_it_is() {
    let n3 = fixture_text(N3);
    for (what, from, to) in [
        ("mismatched tags in the header", "</realmCode>", "</realm>"),
        ("mismatched tags in the body", "</section>", "</sektion>"),
        (
            "an end tag too many",
            "</structuredBody>",
            "</structuredBody></structuredBody>",
        ),
        (
            "two roots",
            "</ClinicalDocument>",
            "</ClinicalDocument><ClinicalDocument/>",
        ),
        (
            "text after the root",
            "</ClinicalDocument>",
            "</ClinicalDocument>fin",
        ),
        (
            "an attribute twice",
            "code=\"FR\"",
            "code=\"FR\" code=\"BE\"",
        ),
        ("an attribute without quotes", "code=\"FR\"", "code=FR"),
        ("an attribute without value", "code=\"FR\"", "code"),
        ("a less-than in an attribute", "code=\"FR\"", "code=\"F<R\""),
        ("an ampersand alone", "bilan lipidique", "bilan & lipides"),
        (
            "a forbidden character",
            "bilan lipidique",
            "bilan \u{1} lipides",
        ),
        (
            "a reference to a forbidden character",
            "bilan lipidique",
            "bilan &#1; lipides",
        ),
        (
            "a CDATA end in text",
            "bilan lipidique",
            "bilan ]]> lipides",
        ),
        (
            "a bad element name",
            "<structuredBody>",
            "<1structuredBody>",
        ),
        (
            "two hyphens in a comment",
            "<structuredBody>",
            "<!-- a -- b --><structuredBody>",
        ),
        (
            "a declaration inside",
            "<structuredBody>",
            "<?xml version=\"1.0\"?><structuredBody>",
        ),
        (
            "a blank before the declaration",
            "<?xml version",
            " <?xml version",
        ),
    ] {
        let bad = if from == "</realmCode>" {
            n3.replacen(
                "<realmCode code=\"FR\"/>",
                "<realmCode code=\"FR\"></realm>",
                1,
            )
        } else {
            n3.replacen(from, to, 1)
        };
        assert_ne!(bad, n3, "{what}: the fixture has changed");
        let e = error(bad.as_bytes());
        assert!(matches!(e, ReadError::Malformed { .. }), "{what}: {e:?}");
    }
}

#[test]
fn an_undeclared_prefix_is_refused_wherever_it_is() {
    for (from, to) in [
        ("<realmCode code=\"FR\"/>", "<cda:realmCode code=\"FR\"/>"),
        ("<realmCode code=\"FR\"/>", "<realmCode q:code=\"FR\"/>"),
        ("<structuredBody>", "<structuredBody q:a=\"1\">"),
    ] {
        let e = error(fixture_text(N3).replacen(from, to, 1).as_bytes());
        assert!(
            matches!(e, ReadError::UndeclaredPrefix { .. }),
            "{to}: {e:?}"
        );
    }
}

#[test]
fn what_is_not_cda_is_told() {
    for bytes in [
        &b""[..],
        b"   \n",
        b"%PDF-1.4 not xml at all",
        b"{\"resourceType\": \"Bundle\"}",
        b"<html/>",
        b"<ClinicalDocument/>",
        b"<ClinicalDocument xmlns='urn:hl7-org:v2'/>",
        b"<a xmlns:h='urn:hl7-org:v3'><h:ClinicalDocument/></a>",
        b"<x:stylesheet xmlns:x='http://www.w3.org/1999/XSL/Transform'/>",
    ] {
        assert_eq!(
            error(bytes),
            ReadError::NotCda,
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
    let empty = read(
        b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>",
        &Limits::default(),
    );
    assert_eq!(empty.expect("an empty header").id, None);
}

#[test]
fn limits_hold() {
    let deep = format!(
        "<ClinicalDocument xmlns='urn:hl7-org:v3'>{}",
        "<a>".repeat(100_000)
    );
    assert_eq!(error(deep.as_bytes()), ReadError::TooDeep { limit: 256 });

    let limits = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        read(&fixture(N1), &limits).expect_err("should be refused")
    };
    assert_eq!(
        limits(|l| l.size = 1000),
        ReadError::TooLarge { limit: 1000 }
    );
    assert_eq!(limits(|l| l.depth = 5), ReadError::TooDeep { limit: 5 });
    assert_eq!(
        limits(|l| l.header_elements = 20),
        ReadError::TooManyElements { limit: 20 }
    );
    assert_eq!(
        limits(|l| l.attributes = 2),
        ReadError::TooManyAttributes { limit: 2 }
    );
    assert_eq!(
        limits(|l| l.attribute_length = 20),
        ReadError::AttributeTooLong { limit: 20 }
    );

    // A generous limit must not bring recursion back.
    let mut generous = Limits::default();
    generous.depth = 1_000_000;
    generous.header_elements = 1_000_000;
    let (open, close) = ("<a>".repeat(60_000), "</a>".repeat(60_000));
    let document = format!(
        "<ClinicalDocument xmlns='urn:hl7-org:v3'>{open}{close}<title>t</title></ClinicalDocument>"
    );
    let h = read(document.as_bytes(), &generous).expect("reads");
    assert_eq!(h.title.as_deref(), Some("t"));
    let deeper = read(deep.as_bytes(), &generous);
    assert!(!matches!(deeper, Err(ReadError::TooDeep { .. })));
}

#[test]
fn errors_hold_nothing_of_the_document() {
    let bad = fixture_text(N1).replacen("</family>", "</TESSIER>", 1);
    let message = error(bad.as_bytes()).to_string();
    assert!(
        !message.contains("TESSIER") && !message.contains("family"),
        "{message}"
    );
    assert!(message.starts_with("line 24: "), "{message}");
}
