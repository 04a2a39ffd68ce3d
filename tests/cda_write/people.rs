//! What is supposed of persons, and what is not.

use serde_json::{Value, json};

use crate::sample::{PDF, least, with, written};

fn text(changes: &[(&str, Value)]) -> String {
    String::from_utf8(written(PDF, &with(least(), changes)).bytes).expect("UTF-8")
}

/// The part of a document inside its first element of this name.
fn inside<'a>(text: &'a str, name: &str) -> &'a str {
    let start = text.find(&format!("<{name}")).expect("starts");
    let end = text.find(&format!("</{name}>")).expect("ends");
    &text[start..end]
}

#[test]
fn who_makes_the_document_is_of_its_structure_unless_he_says_another() {
    let contact = json!({"telecoms": ["tel:0326000000"]});
    let own = json!({"id": "1510000029", "name": "Hôpital", "sector": "SA01"});
    let shared = text(&[("/contact", contact.clone())]);
    for part in ["author", "legalAuthenticator", "performer", "custodian"] {
        let part = inside(&shared, part);
        assert!(
            part.contains("499900987654001") && part.contains("tel:0326000000"),
            "{part}"
        );
    }
    // The contact of a structure is not that of another.
    let other = text(&[
        ("/contact", contact),
        ("/authors/0/who/professional/structure", own),
    ]);
    let author = inside(&other, "author");
    assert!(author.contains("1510000029") && !author.contains("499900987654001"));
    assert!(!author.contains("tel:0326000000"));
    assert!(inside(&other, "custodian").contains("499900987654001"));
}

#[test]
fn nothing_is_supposed_of_anyone_else() {
    let aubry = json!({"person": {"id": "899900987662", "family": "AUBRY", "given": "Marc"}});
    let text = text(&[
        ("/contact", json!({"telecoms": ["tel:0326000000"]})),
        ("/informants", json!([{"professional": aubry}])),
        ("/recipients", json!([{"professional": aubry}])),
        ("/participants", json!([{"person": aubry}])),
    ]);
    for part in ["informant", "informationRecipient", "participant"] {
        let part = inside(&text, part);
        assert!(part.contains("AUBRY"), "{part}");
        for supposed in [
            "499900987654001",
            "tel:0326000000",
            "Organization>",
            "<code",
        ] {
            assert!(!part.contains(supposed), "{supposed} {part}");
        }
    }
}

#[test]
fn a_stop_that_goes_no_further_than_an_hour_lasts_until_its_end() {
    for stop in [
        "2026011209+0100",
        "202601120930+0100",
        "2026011208+0000",
        "2026-01-12",
        "2026",
    ] {
        let text = text(&[("/service/stop", json!(stop))]);
        assert!(inside(&text, "serviceEvent").contains("<high"), "{stop}");
    }
}
