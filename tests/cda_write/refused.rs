//! What is refused, with the rule and the place.

use dmpkit::ErrorKind;
use dmpkit::cda::{Context, wrap};
use serde_json::{Value, json};

use crate::sample::{FILES, PDF, TERMS, context, device, least, professional, told, with, written};

#[track_caller]
fn refused(file: &[u8], value: &Value) -> Vec<(&'static str, String)> {
    let error = wrap(file, &context(value), &TERMS).expect_err("is refused");
    assert!(matches!(error.kind(), ErrorKind::Findings(_)));
    told(&error)
}

/// Each change of the least context, and the one finding it brings.
fn table() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let who = "/authors/0/who";
    let contact =
        |address: Value, telecom: &str| json!({"address": address, "telecoms": [telecom]});
    let city = json!({"city": "Reims"});
    vec![
        (
            "/softwareOid",
            Value::Null,
            "CTX-SOFTWARE-OID-MISSING",
            "/softwareOid",
        ),
        ("/patient", Value::Null, "CTX-PATIENT-MISSING", "/patient"),
        (
            "/softwareOid",
            json!(format!("1.2.{}", "9".repeat(31))),
            "CTX-SOFTWARE-OID",
            "/softwareOid",
        ),
        (
            "/patient/traits/birthPlace",
            Value::Null,
            "CTX-PATIENT-BIRTHPLACE",
            "/patient/traits/birthPlace",
        ),
        (
            "/patient/traits/birthPlace",
            json!("Reims, Marne"),
            "CTX-PATIENT-TRAITS",
            "/patient/traits",
        ),
        (
            "/patient/traits/birthDate",
            json!("15/03/1979"),
            "CTX-PATIENT-TRAITS",
            "/patient/traits",
        ),
        (
            "/patient/traits/birthDate",
            json!("197903151200"),
            "CTX-PATIENT-TRAITS",
            "/patient/traits",
        ),
        (
            "/patient/traits/givenNames",
            json!([]),
            "CTX-PATIENT-TRAITS",
            "/patient/traits",
        ),
        (
            "/patient/firstGiven",
            json!("ANNE"),
            "CTX-PATIENT-FIRSTGIVEN",
            "/patient/firstGiven",
        ),
        (
            "/patient/firstGiven",
            json!("CAM"),
            "CTX-PATIENT-FIRSTGIVEN",
            "/patient/firstGiven",
        ),
        (
            "/patient/localId",
            json!({"root": "1.2.3"}),
            "CTX-PATIENT-LOCALID",
            "/patient/localId",
        ),
        (
            "/patient/localId",
            json!({"root": "1.2.250.1.213.1.4.10", "extension": "279035121518989"}),
            "CTX-PATIENT-LOCALID",
            "/patient/localId",
        ),
        (
            "/patient/usedGiven",
            json!(" "),
            "CTX-TEXT-BLANK",
            "/patient/usedGiven",
        ),
        (
            "/patient/usedGiven",
            json!("A\u{1}B"),
            "CTX-TEXT-CHARACTER",
            "/patient/usedGiven",
        ),
        ("/title", json!("A\u{FFFE}"), "CTX-TEXT-CHARACTER", "/title"),
        ("/title", json!("A\u{9B}"), "CTX-TEXT-CHARACTER", "/title"),
        (
            "/title",
            json!("é".repeat(129)),
            "CTX-TITLE-LENGTH",
            "/title",
        ),
        (
            "/structure/name",
            json!("\0"),
            "CTX-TEXT-CHARACTER",
            "/structure/name",
        ),
        (
            "/structure/sector",
            json!("SA67"),
            "CTX-SECTOR-SET",
            "/structure/sector",
        ),
        ("/type/code", json!("0-0"), "CTX-TYPE-SET", "/type"),
        ("/type/system", json!("1.2.3"), "CTX-TYPE-SET", "/type"),
        (
            "/practiceSetting",
            Value::Null,
            "CTX-PRACTICESETTING-MISSING",
            "/practiceSetting",
        ),
        (
            "/practiceSetting/code",
            json!("VILLE"),
            "CTX-PRACTICESETTING-SET",
            "/practiceSetting",
        ),
        (
            "/effectiveTime",
            json!("2026-01-12"),
            "CTX-EFFECTIVETIME",
            "/effectiveTime",
        ),
        (
            "/effectiveTime",
            json!("2026-01-12T10:05:30"),
            "CTX-EFFECTIVETIME",
            "/effectiveTime",
        ),
        (
            "/effectiveTime",
            json!("202601121005+0100"),
            "CTX-EFFECTIVETIME",
            "/effectiveTime",
        ),
        (
            "/effectiveTime",
            json!("hier"),
            "CTX-EFFECTIVETIME",
            "/effectiveTime",
        ),
        (
            "/service/start",
            json!("2026-01-12T09:30:00"),
            "CTX-TIME",
            "/service/start",
        ),
        (
            "/service/start",
            json!("2026-02-30"),
            "CTX-TIME",
            "/service/start",
        ),
        (
            "/service/stop",
            json!("bientôt"),
            "CTX-TIME",
            "/service/stop",
        ),
        (
            "/service/stop",
            json!("2026-01-12T09:29:59+01:00"),
            "CTX-TIME-ORDER",
            "/service/stop",
        ),
        (
            "/service/stop",
            json!("2026-01-12T09:45:00+02:00"),
            "CTX-TIME-ORDER",
            "/service/stop",
        ),
        (
            "/service/stop",
            json!("2026-01-11"),
            "CTX-TIME-ORDER",
            "/service/stop",
        ),
        (
            "/service/codes",
            json!([{"code": "C"}]),
            "CTX-CODE-SYSTEM",
            "/service/codes/0",
        ),
        (
            "/service/codes",
            json!([{"code": "C", "system": "NGAP", "label": "C"}]),
            "CTX-CODE-SYSTEM",
            "/service/codes/0",
        ),
        (
            "/consents",
            json!([{"code": "X", "system": "1.2.3"}]),
            "CTX-CODE-SYSTEM",
            "/consents/0",
        ),
        (
            "/encounter",
            json!({"stop": "2026-01-12"}),
            "CTX-TIME",
            "/encounter/start",
        ),
        (
            "/encounter",
            json!({"start": "2026-01-12", "stop": "2026-01-11"}),
            "CTX-TIME-ORDER",
            "/encounter/stop",
        ),
        ("/language", json!("en-GB"), "CTX-LANGUAGE", "/language"),
        (
            "/contentLanguage",
            json!("anglais"),
            "CTX-CONTENT-LANGUAGE",
            "/contentLanguage",
        ),
        (
            "/contact",
            contact(json!({}), "tel:1"),
            "CTX-ADDRESS",
            "/contact/address",
        ),
        (
            "/contact",
            contact(
                json!({"city": "Reims", "lines": ["8 allée", "51100 Reims"]}),
                "tel:1",
            ),
            "CTX-ADDRESS",
            "/contact/address",
        ),
        (
            "/contact",
            contact(city.clone(), "0326000000"),
            "CTX-TELECOM",
            "/contact/telecoms/0",
        ),
        (
            "/contact",
            contact(city.clone(), "https://x"),
            "CTX-TELECOM",
            "/contact/telecoms/0",
        ),
        (
            "/patient/contact",
            contact(city, "tel:"),
            "CTX-TELECOM",
            "/patient/contact/telecoms/0",
        ),
        (
            "/authors/0/who/professional/person/specialty",
            json!("SM99"),
            "CTX-SPECIALTY-SET",
            "/authors/0/who/professional/person",
        ),
        (
            "/authors/0/who/professional/person",
            json!({"id": "899900987654", "family": "B", "given": "H"}),
            "CTX-SPECIALTY-MISSING",
            "/authors/0/who/professional/person",
        ),
        (
            "/authors/0/who/professional/specialty",
            json!({"code": "G15_10/SM26", "system": "1.2.3"}),
            "CTX-SPECIALTY-SET",
            "/authors/0/who/professional/specialty",
        ),
        (
            "/authors/0/who/professional/civility",
            json!("DR"),
            "CTX-CIVILITY",
            "/authors/0/who/professional/civility",
        ),
        (
            "/authors/0/who/professional/title",
            json!("Docteur"),
            "CTX-TITLE-OF-PERSON",
            "/authors/0/who/professional/title",
        ),
        (
            "/authors/0/function",
            json!({"code": "CHEF"}),
            "CTX-FUNCTION-SET",
            "/authors/0/function",
        ),
        (
            "/authors/0/time",
            json!("2026-01-12T10:00:00"),
            "CTX-TIME",
            "/authors/0/time",
        ),
        (
            "/legalAuthenticator",
            json!({"who": device()}),
            "CTX-LEGALAUTHENTICATOR-DEVICE",
            "/legalAuthenticator/who",
        ),
        (
            who,
            device(),
            "CTX-LEGALAUTHENTICATOR-MISSING",
            "/legalAuthenticator",
        ),
        (
            "/informants",
            json!([{"relative": {"class": "NOK", "relation": {"code": "CHAT"}, "family": "M"}}]),
            "CTX-RELATION-SET",
            "/informants/0/relative/relation",
        ),
        (
            "/recipients",
            json!([{"organization": {
                "structure": {"id": "1", "name": "S", "sector": "SA07"}, "contact": {"telecoms": ["x"]}
            }}]),
            "CTX-TELECOM",
            "/recipients/0/organization/contact/telecoms/0",
        ),
        (
            "/participants",
            json!([{"person": professional(), "start": "2026", "stop": "2025"}]),
            "CTX-TIME-ORDER",
            "/participants/0/stop",
        ),
        (
            "/versionNumber",
            json!(0),
            "CTX-VERSIONNUMBER",
            "/versionNumber",
        ),
        (
            "/replaces",
            json!({"uniqueId": "1.2.3", "versionNumber": 4294967295u32}),
            "CTX-VERSIONNUMBER",
            "/replaces/versionNumber",
        ),
        (
            "/mediaType",
            json!("image/jpeg"),
            "CTX-FILE-DECLARED",
            "/mediaType",
        ),
    ]
}

#[test]
fn each_fault_has_its_rule_and_its_place_and_no_value() {
    for (pointer, value, rule, path) in table() {
        let changed = with(least(), &[(pointer, value.clone())]);
        let told = refused(PDF, &changed);
        assert_eq!(told, [(rule, path.to_owned())], "{pointer} {value}");
    }
}

#[test]
fn faults_are_told_together() {
    let changed = with(
        least(),
        &[
            ("/authors", json!([])),
            ("/structure", Value::Null),
            ("/type/code", json!("0-0")),
            ("/effectiveTime", json!("hier")),
        ],
    );
    let mut told = refused(b"\x89PNG\r\n\x1a\n", &changed);
    told.sort();
    let rules: Vec<_> = told.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(
        rules,
        [
            "CTX-AUTHORS-MISSING",
            "CTX-EFFECTIVETIME",
            "CTX-FILE-IMAGE",
            "CTX-LEGALAUTHENTICATOR-MISSING",
            "CTX-STRUCTURE-MISSING",
            "CTX-TYPE-SET",
        ]
    );
}

#[test]
fn a_structure_is_needed_but_by_the_patient() {
    let without = with(least(), &[("/structure", Value::Null)]);
    let told = refused(PDF, &without);
    assert!(
        told.iter()
            .all(|(rule, _)| *rule == "CTX-STRUCTURE-MISSING"),
        "{told:?}"
    );
    assert!(told.contains(&("CTX-STRUCTURE-MISSING", "/structure".to_owned())));
    // Everyone having his own is not enough: the sector is that of the act.
    let own = json!({"id": "1", "name": "S", "sector": "SA07"});
    let theirs = with(
        without.clone(),
        &[
            ("/authors/0/who/professional/structure", own.clone()),
            ("/custodian", json!({"structure": own})),
        ],
    );
    assert_eq!(
        refused(PDF, &theirs),
        [("CTX-STRUCTURE-MISSING", "/structure".to_owned())]
    );
    let patient = with(
        without,
        &[
            ("/authors/0/who", json!("patient")),
            ("/practiceSetting", Value::Null),
            (
                "/type",
                json!({"code": "EXPPAT_1", "system": "1.2.250.1.213.1.1.4.12"}),
            ),
            (
                "/service/codes",
                json!([{"code": "X", "system": "1.2.3", "label": "Directives"}]),
            ),
        ],
    );
    let w = written(PDF, &patient);
    assert_eq!(w.metadata.healthcare_facility_type_code.code, "EXP_PATIENT");
    assert_eq!(w.metadata.practice_setting_code.code, "EXP_PATIENT");
    let author = &w.metadata.author[0];
    assert_eq!(author.author_person.kind, "NH");
    assert_eq!(author.author_institution, None);
    assert_eq!(w.metadata.legal_authenticator.expect("signed").kind, "NH");
}

#[test]
fn some_types_ask_more_of_the_act() {
    let expression = "1.2.250.1.213.1.1.4.12";
    let code = ("CTX-SERVICE-CODE", "/service/codes".to_owned());
    let study = ("CTX-SERVICE-STUDY", "/service/ids".to_owned());
    let order = ("CTX-SERVICE-ORDER", "/service/ids".to_owned());
    for (kind, told) in [
        (json!({"code": "18748-4"}), vec![code.clone(), study]),
        (json!({"code": "55115-0"}), vec![code.clone(), order]),
        (
            json!({"code": "EXPPAT_1", "system": expression}),
            vec![code.clone()],
        ),
        (
            json!({"code": "DOCPAT03", "system": expression}),
            vec![code],
        ),
    ] {
        assert_eq!(refused(PDF, &with(least(), &[("/type", kind)])), told);
    }
}

#[test]
fn versions_agree() {
    let replaces = json!({"uniqueId": "1.2.3", "setId": {"root": "1.2.4"}, "versionNumber": 4});
    for (field, value, rule) in [
        ("uniqueId", json!("1.2.3"), "CTX-REPLACED-ID"),
        ("setId", json!({"root": "1.2.5"}), "CTX-SETID"),
        (
            "setId",
            json!({"root": "1.2.4", "extension": "1"}),
            "CTX-SETID",
        ),
        ("versionNumber", json!(4), "CTX-VERSIONNUMBER"),
        ("versionNumber", json!(1), "CTX-VERSIONNUMBER"),
    ] {
        let path = format!("/{field}");
        let changed = with(least(), &[("/replaces", replaces.clone()), (&path, value)]);
        assert_eq!(refused(PDF, &changed), [(rule, path)]);
    }
}

#[test]
fn files_that_no_document_holds_are_refused() {
    let at = |rule| vec![(rule, "/file".to_owned())];
    for (file, rule) in [
        (&b""[..], "CTX-FILE-EMPTY"),
        (
            b"\x89PNG\r\n\x1a\n....IEND\xAE\x42\x60\x82",
            "CTX-FILE-IMAGE",
        ),
        (b"GIF89a;", "CTX-FILE-IMAGE"),
        (b"PK\x03\x04\0\0", "CTX-FILE-FORMAT"),
        (b"<?xml version='1.0'?><a/>", "CTX-FILE-FORMAT"),
        (b"\xFF\xFEa\0", "CTX-FILE-CHARSET"),
        (b"Tension \xE9lev\xE9e", "CTX-FILE-CHARSET"),
        (&FILES[3].0[..10], "CTX-FILE-TRUNCATED"),
        (&FILES[4].0[..10], "CTX-FILE-TRUNCATED"),
        (b"{\\rtf1 a", "CTX-FILE-TRUNCATED"),
    ] {
        assert_eq!(refused(file, &least()), at(rule), "{file:?}");
    }
    let cut = refused(&PDF[..PDF.len() - 6], &least());
    assert_eq!(cut, at("CTX-FILE-TRUNCATED"));
    let encrypted = String::from_utf8_lossy(PDF).replace("trailer <<", "trailer << /Encrypt 5 0 R");
    assert_eq!(
        refused(encrypted.as_bytes(), &least()),
        at("CTX-FILE-ENCRYPTED")
    );
    let mut large = PDF.to_vec();
    large.resize(26 * 1024 * 1024, b' ');
    large.extend_from_slice(b"%%EOF");
    assert_eq!(refused(&large, &least()), at("CTX-FILE-SIZE"));
}

#[test]
fn what_would_only_be_better_is_told_with_the_document() {
    let rules = |file: &[u8], changes: &[(&str, Value)]| -> Vec<&'static str> {
        let w = written(file, &with(least(), changes));
        w.findings.iter().map(|f| f.rule.id).collect()
    };
    for (file, _) in FILES {
        assert_eq!(rules(file, &[]), [""; 0]);
    }
    let plain = String::from_utf8_lossy(PDF).replace("pdfaid:part=\"1\"", "");
    assert_eq!(rules(plain.as_bytes(), &[]), ["CTX-FILE-PDF-A"]);
    let active = String::from_utf8_lossy(PDF).replace("/Catalog", "/Catalog /JS 3 0 R");
    assert_eq!(rules(active.as_bytes(), &[]), ["CTX-FILE-ACTIVE"]);
    assert_eq!(rules(b"a\x0Bb", &[]), ["CTX-FILE-CONTROLS"]);
    let study = json!([{"root": "1.2.250.1.999.4"}]);
    let order = json!([{"root": "1.2.250.1.999.4", "extension": "7"}]);
    let act = json!([{"code": "ZBQK002", "system": "1.2.250.1.213.2.5", "label": "Radiographie du thorax"}]);
    for (kind, ids, expected) in [
        ("18748-4", &study, vec![]),
        ("55115-0", &order, vec![]),
        ("55115-0", &study, vec!["CTX-SERVICE-ORDER"]),
    ] {
        let service = [
            ("/type/code", json!(kind)),
            ("/service/ids", ids.clone()),
            ("/service/codes", act.clone()),
        ];
        assert_eq!(rules(PDF, &service), expected, "{kind} {ids}");
    }
}

#[test]
fn a_text_that_looks_like_xml_may_be_declared_text() {
    let file = b"<?xml version='1.0'?>";
    let declared = with(least(), &[("/mediaType", json!("text/plain"))]);
    let w = written(file, &declared);
    assert_eq!(w.metadata.format_code.code, "urn:ihe:iti:xds-sd:text:2008");
    let told = refused(b"PK\x03\x04\0\0", &declared);
    assert_eq!(told[0].0, "CTX-FILE-DECLARED");
}

#[test]
fn a_context_has_no_unknown_field_and_is_never_printed() {
    for pointer in [
        "/x",
        "/patient/x",
        "/patient/ins/x",
        "/service/x",
        "/authors/0/x",
        "/type/x",
    ] {
        let changed = with(least(), &[(pointer, json!(1))]);
        assert!(
            serde_json::from_value::<Context>(changed).is_err(),
            "{pointer}"
        );
    }
    assert_eq!(format!("{:?}", context(&least())), "Context(…)");
    let w = format!("{:?}", written(PDF, &least()));
    assert!(!w.contains("TESSIER") && !w.contains("2790351"), "{w}");
}
