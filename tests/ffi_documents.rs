//! Documents through the C face: what is fed comes back byte for byte or is refused whole.

#![allow(clippy::duplicate_mod, reason = "two helpers share one")]

#[path = "common/mod.rs"]
mod common;
#[path = "common/face.rs"]
mod face;
#[path = "common/practice.rs"]
mod practice;

use common::{encoded, fixture, fixture_text, marked_crlf, utf16_le};
use face::{Reply, call};
use practice::{
    OTHER_INS, Practice, ask, bare, doctor, documents_of, open_dossier, open_session, other_traits,
    refused, report, report_id, traits, welcome,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const REPORT: &str = "cr_consultation_pdf.xml";
const REPORT_ID: &str = "1.2.250.1.999.1.1.2026.101";

fn fed_id(reply: &Reply) -> String {
    let answer = reply.json();
    answer["documents"][0]["uniqueId"]
        .as_str()
        .expect("uniqueId")
        .to_owned()
}

/// Feeds, reads back, compares.
fn comes_back(access: usize, name: &str, content: &[u8]) {
    let fed = call("dmp_document_feed", access, None, Some(content));
    assert_eq!(
        fed.name(),
        "DMP_OK",
        "{name}: {:?} {:?}",
        fed.error,
        fed.out
    );
    let read = call("dmp_document_read", access, Some(&fed_id(&fed)), None).ok();
    assert!(
        read.bytes.as_deref() == Some(content),
        "{name}: other bytes came back"
    );
    assert_eq!(read.json()["size"], content.len(), "{name}");
}

#[test]
fn every_fixture_comes_back_byte_for_byte() {
    let practice = Practice::open();
    for name in [
        REPORT,
        "cr_consultation_remplacement.xml",
        "fuseau_trois_chiffres.xml",
        "valeurs_nulles.xml",
    ] {
        comes_back(practice.access, name, &fixture(name));
    }
    let other: Value = serde_json::from_str(OTHER_INS).expect("JSON");
    open_dossier(practice.connector, &other, &other_traits());
    let access = welcome(practice.session, &other, &other_traits());
    for name in [
        "cr_biologie_structure.xml",
        "cr_biologie_autopresentable.xml",
        "expression_patient_texte.xml",
    ] {
        comes_back(access, name, &fixture(name));
    }
    // The same report with prefixes: under a name of its own, for it has the same.
    let prefixed = fixture_text("cr_biologie_prefixe.xml");
    let prefixed = prefixed.replace("1.2.250.1.999.1.1.2026.201", "1.2.250.1.999.1.1.2026.202");
    comes_back(access, "with prefixes", prefixed.as_bytes());
    assert_eq!(documents_of(practice.connector, &other).len(), 4);
    practice.verified();
}

#[test]
fn a_document_without_its_values_is_answered_with_what_it_lacks() {
    let practice = Practice::open();
    let report = fixture_text(REPORT);
    let (start, end) = (report.find("<title>"), report.find("</title>"));
    let start = start.expect("a title");
    let end = end.expect("its end") + "</title>".len();
    let content = [&report[..start], &report[end..]].concat();
    let what = "without a title";
    let reply = refused(
        &practice,
        what,
        content.as_bytes(),
        &json!({}),
        "DMP_FINDINGS",
    );
    let refusal = reply.json();
    let findings = refusal["findings"].as_array().expect("findings");
    assert!(
        findings.iter().any(|f| f["severity"] == "blocking"),
        "{refusal}"
    );
    assert!(
        findings.iter().all(|f| f["sentence"].is_string()),
        "{refusal}"
    );
}

#[test]
fn every_encoding_comes_back_byte_for_byte() {
    let practice = Practice::open();
    let text = |n: u32| String::from_utf8(report(n)).expect("UTF-8");
    for (n, (name, content)) in [
        ("ISO-8859-1", encoded(&text(0), "ISO-8859-1")),
        ("ISO-8859-15", encoded(&text(1), "ISO-8859-15")),
        ("windows-1252", encoded(&text(2), "windows-1252")),
        ("UTF-16", utf16_le(&text(3))),
        ("UTF-8 with its mark", marked_crlf(&text(4))),
    ]
    .into_iter()
    .enumerate()
    {
        comes_back(practice.access, name, &content);
        assert_eq!(practice.in_the_dmp().len(), n + 1, "{name}");
    }
}

#[test]
fn a_document_cut_anywhere_is_unreadable() {
    let practice = Practice::open();
    let whole = fixture(REPORT);
    let end = whole.trim_ascii_end().len();
    let cuts = (0..end).step_by(whole.len() / 150).chain(end - 40..end);
    for cut in cuts {
        refused(
            &practice,
            &format!("cut at {cut}"),
            &whole[..cut],
            &json!({}),
            "DMP_UNREADABLE",
        );
    }
    comes_back(practice.access, "without its last blanks", &whole[..end]);
}

#[test]
fn documents_made_to_harm_are_unreadable() {
    let practice = Practice::open();
    for name in [
        "bombe_entites.xml",
        "dtd.xml",
        "entite_inconnue.xml",
        "tronque.xml",
    ] {
        let content = fixture(&format!("bad/{name}"));
        refused(&practice, name, &content, &json!({}), "DMP_UNREADABLE");
    }
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let report = fixture_text(REPORT);
    let nested = report.replace("</ClinicalDocument>", &format!("{deep}</ClinicalDocument>"));
    let attributes: String = (0..1000).map(|n| format!(" a{n}=\"\"")).collect();
    let attributes = report.replace("<recordTarget", &format!("<recordTarget{attributes}"));
    for (name, content) in [
        ("nothing but depth", deep.into_bytes()),
        ("a report with depth", nested.into_bytes()),
        ("a thousand attributes", attributes.into_bytes()),
        ("zeros", vec![0; 4096]),
        ("one byte", vec![b'<']),
        ("a PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3".to_vec()),
        ("JSON", b"{\"resourceType\":\"Bundle\"}".to_vec()),
    ] {
        refused(&practice, name, &content, &json!({}), "DMP_UNREADABLE");
    }
}

#[test]
fn a_hundred_megabytes_are_too_large() {
    let practice = Practice::open();
    let mut content = fixture(REPORT);
    content.resize(100 << 20, b' ');
    refused(&practice, "100 MB", &content, &json!({}), "DMP_TOO_LARGE");
    let action = json!({"action": "deposit", "patient": practice::ins()}).to_string();
    let deposit = call(
        "dmp_holder_act",
        practice.connector,
        Some(&action),
        Some(&content),
    );
    assert_eq!(deposit.name(), "DMP_TOO_LARGE");
    assert!(practice.in_the_dmp().is_empty());
}

/// A change to a document: where, what kind, a byte, a length.
type Edit = (prop::sample::Index, u8, u8, usize);

/// A spoiled copy of a document: bytes changed, inserted, removed, or a part repeated.
fn spoiled(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for (at, kind, byte, len) in edits {
        let at = at.index(bytes.len());
        let end = (at + len).min(bytes.len());
        match kind {
            0 => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            2 => drop(bytes.drain(at..end)),
            _ => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
        }
        bytes.push(b'\n');
    }
    bytes
}

#[test]
fn a_spoiled_document_is_refused_or_comes_back_as_it_was_fed() {
    let practice = Practice::open();
    let (mut n, mut taken) = (0, 0);
    let count = std::cell::RefCell::new((&mut n, &mut taken));
    let edit = (
        any::<prop::sample::Index>(),
        0..4_u8,
        any::<u8>(),
        1..200_usize,
    );
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&prop::collection::vec(edit, 1..4), |edits| {
            let mut count = count.borrow_mut();
            *count.0 += 1;
            let content = spoiled(report(*count.0), &edits);
            let reply = practice.feed(&content, &json!({}));
            if reply.status == 0 {
                *count.1 += 1;
                let read = practice.read(&fed_id(&reply)).ok();
                prop_assert!(read.bytes == Some(content));
            } else {
                prop_assert!((200..400).contains(&reply.status), "{}", reply.name());
                let error = reply.error.expect("a line");
                prop_assert!(
                    !error.contains("TESSIER") && !error.contains('\n'),
                    "{error}"
                );
            }
            Ok(())
        })
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(practice.in_the_dmp().len(), taken);
    assert!(
        (5..290).contains(&taken),
        "{taken} of {n} taken: the test lost its sense"
    );
    practice.verified();
}

#[test]
fn a_lot_is_fed_whole() {
    let practice = Practice::open();
    for n in 0..5 {
        practice.stage(&report(n), &json!({})).ok();
    }
    assert!(practice.in_the_dmp().is_empty(), "staging feeds nothing");
    let answer = bare("dmp_document_feed_staged", practice.access)
        .ok()
        .json();
    let ids: Vec<_> = answer["documents"]
        .as_array()
        .expect("documents")
        .iter()
        .map(|d| d["uniqueId"].as_str().expect("uniqueId").to_owned())
        .collect();
    assert_eq!(
        ids,
        (0..5).map(report_id).collect::<Vec<_>>(),
        "in their order"
    );
    assert_eq!(practice.in_the_dmp().len(), 5);
    let again = bare("dmp_document_feed_staged", practice.access);
    assert_eq!(again.name(), "DMP_INVALID_VALUE", "nothing is left to feed");
}

#[test]
fn one_document_that_the_dmp_refuses_leaves_nothing_of_its_lot() {
    for bad in 0..3 {
        let practice = Practice::open();
        for n in 0..3 {
            practice.stage(&report(n), &json!({})).ok();
        }
        let twice = practice.stage(&report(bad), &json!({}));
        assert_eq!(twice.name(), "DMP_INVALID_VALUE", "the same uniqueId twice");
        // A colleague feeds another document under the uniqueId of one of the lot.
        let mut colleague = doctor();
        colleague["professional"]["id"] = json!("899900112233");
        let session = open_session(practice.connector, &colleague);
        let access = welcome(session, &practice::ins(), &traits());
        call("dmp_document_feed", access, None, Some(&report(bad))).ok();

        let reply = bare("dmp_document_feed_staged", practice.access);
        assert_eq!(reply.name(), "DMP_REFUSED_BY_DMP", "{:?}", reply.error);
        assert_eq!(
            reply.json()["dmp"]["code"],
            "XDSDuplicateUniqueIdInRegistry"
        );
        assert_eq!(
            practice.in_the_dmp(),
            [report_id(bad)],
            "part of the lot is there"
        );
        let left = bare("dmp_document_unstage", practice.access).ok().json();
        assert_eq!(left["documents"], 3, "what was staged stays when it fails");
        for n in (0..3).filter(|n| *n != bad) {
            practice.stage(&report(n), &json!({})).ok();
        }
        bare("dmp_document_feed_staged", practice.access).ok();
        assert_eq!(practice.in_the_dmp().len(), 3);
        practice.verified();
    }
}

fn statuses(practice: &Practice) -> Vec<(String, String)> {
    let all = json!({"status": ["Approved", "Deprecated", "Archived", "Deleted"]});
    let answer = ask("dmp_document_find", practice.access, &all).ok().json();
    let mut found: Vec<(String, String)> = answer["documents"]
        .as_array()
        .expect("documents")
        .iter()
        .map(|d| {
            let text = |field: &str| d[field].as_str().expect("text").to_owned();
            (text("uniqueId"), text("availabilityStatus"))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_document_replaces_another_that_it_names() {
    let practice = Practice::open();
    let new = fixture("cr_consultation_remplacement.xml");
    refused(
        &practice,
        "nothing to replace",
        &new,
        &json!({}),
        "DMP_REFUSED_BY_DMP",
    );
    let old = fixture(REPORT);
    let asked = json!({"replaces": REPORT_ID});
    refused(&practice, "names no document", &old, &asked, "DMP_REFUSED");
    practice.feed(&old, &json!({})).ok();
    let elsewhere = json!({"replaces": "1.2.250.1.999.1.1.2026.77"});
    refused(&practice, "names another", &new, &elsewhere, "DMP_REFUSED");
    practice.feed(&new, &asked).ok();
    let found = statuses(&practice);
    let status_of = |id: &str| {
        found
            .iter()
            .find(|(found, _)| found == id)
            .expect(id)
            .1
            .clone()
    };
    assert_eq!(status_of(REPORT_ID), "Deprecated", "{found:?}");
    assert_eq!(
        status_of("1.2.250.1.999.1.1.2026.102"),
        "Approved",
        "{found:?}"
    );
    assert_eq!(practice.read(REPORT_ID).ok().bytes, Some(old));
}

#[test]
fn the_same_document_again_is_already_there_and_another_under_its_name_is_refused() {
    let practice = Practice::open();
    let first = practice.feed(&report(1), &json!({})).ok().json();
    let again = practice.feed(&report(1), &json!({})).ok().json();
    assert_eq!(first["documents"][0]["alreadyThere"], false);
    assert_eq!(again["documents"][0]["alreadyThere"], true);
    // The national DMP does not tell it at deposit.
    let told = &first["documents"][0]["entryUUID"];
    assert!(told.is_null() || again["documents"][0]["entryUUID"] == *told);
    let mut other = report(1);
    other.extend_from_slice(b"<!-- autre -->");
    refused(
        &practice,
        "another content",
        &other,
        &json!({}),
        "DMP_REFUSED_BY_DMP",
    );
    assert_eq!(practice.read(&report_id(1)).ok().bytes, Some(report(1)));
    assert_eq!(practice.in_the_dmp(), [report_id(1)]);
}

#[test]
fn the_document_of_another_patient_is_never_sent() {
    let practice = Practice::open();
    for name in ["cr_biologie_structure.xml", "expression_patient_texte.xml"] {
        let reply = refused(&practice, name, &fixture(name), &json!({}), "DMP_REFUSED");
        assert_eq!(reply.json()["rule"], "PATIENT-MISMATCH");
    }
    let other = OTHER_INS.split('"').nth(3).expect("a matricule");
    let same_name = fixture_text(REPORT).replace("279035121518989", other);
    let reply = refused(
        &practice,
        "same names, other INS",
        same_name.as_bytes(),
        &json!({}),
        "DMP_REFUSED",
    );
    assert_eq!(reply.json()["rule"], "PATIENT-MISMATCH");
}
