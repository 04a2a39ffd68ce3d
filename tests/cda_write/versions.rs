//! Identifiers and versions.

use std::collections::HashMap;

use dmpkit::cda::{Limits, read};
use serde_json::{Value, json};

use crate::sample::{FILES, PDF, least, with, written};

#[test]
fn the_same_file_for_the_same_act_is_the_same_document() {
    let first = written(PDF, &least());
    assert_eq!(first.bytes, written(PDF, &least()).bytes);
    // What may differ from one attempt to the next, and what is the same moment told otherwise.
    for (pointer, value) in [
        ("/effectiveTime", json!("2026-01-12T10:07:00+01:00")),
        ("/title", json!("Consultation")),
        ("/service/start", json!("20260112083000+0000")),
        ("/patient/usedGiven", json!("CAM")),
        ("/confidentiality", json!("R")),
    ] {
        let again = written(PDF, &with(least(), &[(pointer, value)]));
        assert_eq!(again.unique_id, first.unique_id, "{pointer}");
        assert_eq!(again.set_id, first.set_id, "{pointer}");
    }
}

#[test]
fn another_act_or_another_file_is_another_document() {
    let code = |code: &str| json!([{"code": code, "system": "1.2.250.1.213.2.5", "label": "Acte"}]);
    let id = |root: &str| json!([{"root": root}]);
    let changes: Vec<(&str, Value)> = vec![
        ("/softwareOid", json!("1.2.250.1.999.2")),
        ("/patient/ins/matricule", json!("207058575627097")),
        ("/patient/ins/oid", json!("1.2.250.1.213.1.4.11")),
        ("/type/code", json!("11502-2")),
        (
            "/authors/0/who/professional/person/id",
            json!("899900987655"),
        ),
        ("/structure/id", json!("499900987654002")),
        ("/service/start", json!("2026-01-12T09:31:00+01:00")),
        ("/service/stop", json!("2026-01-12T09:55:00+01:00")),
        ("/service/codes", code("A")),
        ("/service/codes", code("B")),
        ("/service/ids", id("1.2.3")),
        ("/service/ids", id("1.2.4")),
        ("/replaces", json!({"uniqueId": "1.2.250.1.999.1.7"})),
        ("/replaces", json!({"uniqueId": "1.2.250.1.999.1.8"})),
        (
            "/replaces",
            json!({"uniqueId": "1.2.250.1.999.1.8", "versionNumber": 2}),
        ),
    ];
    let mut seen = HashMap::from([(written(PDF, &least()).unique_id, "the first".to_owned())]);
    for (pointer, value) in changes {
        let w = written(PDF, &with(least(), &[(pointer, value.clone())]));
        let other = seen.insert(w.unique_id, format!("{pointer} {value}"));
        assert_eq!(other, None, "{pointer} {value}");
    }
    for (file, media) in &FILES[1..] {
        let other = seen.insert(written(file, &least()).unique_id, (*media).to_owned());
        assert_eq!(other, None, "{media}");
    }
}

#[test]
fn identifiers_are_short_oids_of_the_software() {
    // The longest root that leaves room.
    let root = format!("1.2.250.1.{}", "9".repeat(24));
    assert_eq!(root.len(), 34);
    let w = written(PDF, &with(least(), &[("/softwareOid", json!(root))]));
    for id in [w.unique_id.as_str(), w.set_id.root.as_str()] {
        assert!(id.starts_with(&format!("{root}.")), "{id}");
        assert!(id.len() <= 64, "{id}");
    }
    assert_ne!(w.unique_id, w.set_id.root);
    assert_eq!(w.version_number, 1);
}

#[test]
fn a_replacement_keeps_the_set_and_names_what_it_replaces() {
    let first = written(PDF, &least());
    let set = json!({"root": first.set_id.root});
    let full = json!({"uniqueId": first.unique_id, "setId": set, "versionNumber": 1});
    // The set and the number of a first version that was wrapped here need not be remembered.
    for replaces in [full, json!({"uniqueId": first.unique_id})] {
        let second = written(PDF, &with(least(), &[("/replaces", replaces.clone())]));
        assert_ne!(second.unique_id, first.unique_id);
        assert_eq!(second.set_id, first.set_id, "{replaces}");
        assert_eq!(second.version_number, 2);
        let header = read(&second.bytes, &Limits::default()).expect("reads");
        let [related] = header.related_documents.as_slice() else {
            panic!("one related document");
        };
        assert_eq!(related.type_code, "RPLC");
        let id = related.id.as_ref().expect("an identifier");
        assert_eq!(
            (id.root.as_str(), &id.extension),
            (first.unique_id.as_str(), &None)
        );
        let remembered = replaces.get("setId").is_some();
        assert_eq!(related.set_id.is_some(), remembered);
        assert_eq!(related.version_number.is_some(), remembered);
    }
    let ninth = json!({"uniqueId": "1.2.3", "setId": {"root": "1.2.4", "extension": "É/1"}, "versionNumber": 8});
    let w = written(PDF, &with(least(), &[("/replaces", ninth)]));
    assert_eq!(w.version_number, 9);
    assert_eq!(w.set_id.extension.as_deref(), Some("É/1"));
}

#[test]
fn identifiers_that_are_given_are_kept() {
    let given = with(
        least(),
        &[
            ("/uniqueId", json!("1.2.250.1.999.1.77")),
            (
                "/setId",
                json!({"root": "1.2.250.1.999.1.70", "extension": "A"}),
            ),
            ("/versionNumber", json!(3)),
        ],
    );
    let w = written(PDF, &given);
    assert_eq!(w.unique_id.as_str(), "1.2.250.1.999.1.77");
    assert_eq!(w.metadata.unique_id, w.unique_id);
    assert_eq!(
        (w.set_id.root.as_str(), w.version_number),
        ("1.2.250.1.999.1.70", 3)
    );
}
