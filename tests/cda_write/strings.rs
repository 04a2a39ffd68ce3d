//! Texts that hurt.

use std::cell::Cell;

use dmpkit::cda::{Limits, read, wrap};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::sample::{PDF, TERMS, context, least, told, with, written};

/// Markup, quotes, both directions, beyond the first plane, composed and long.
fn nasty(pieces: usize) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(|c| String::from(if can_be_written(c) { c } else { 'é' })),
        prop::sample::select(vec![
            "<",
            ">",
            "&",
            "&amp;",
            "&#0;",
            "]]>",
            "<!--",
            "-->",
            "<![CDATA[",
            "\"",
            "'",
            "<?xml",
            "é",
            "e\u{301}",
            "🩺",
            "𠀀",
            "שלום",
            "\u{202E}",
            "\u{200F}",
            "\u{A0}",
            "\u{2028}",
            "\u{85}",
            "\t",
            "\r\n",
            "  ",
            "\u{FEFF}",
            "\u{FFFD}",
            "^",
            "~",
            "|",
            "\\",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 1..pieces).prop_map(|pieces| pieces.concat())
}

/// What no document can hold, most often nothing.
fn forbidden() -> impl Strategy<Value = (usize, &'static str)> {
    let piece = prop_oneof![
        4 => Just(""),
        1 => prop::sample::select(vec!["\0", "\u{7F}", "\u{B}", "\u{9B}", "\u{FFFE}", "\u{FFFF}"]),
    ];
    (0..6usize, piece)
}

fn can_be_written(c: char) -> bool {
    let in_xml = !matches!(c, '\u{FFFE}' | '\u{FFFF}');
    in_xml
        && (!c.is_control() || c.is_whitespace() && (c >= ' ' || matches!(c, '\t' | '\n' | '\r')))
}

#[test]
fn texts_read_back_or_are_refused_where_they_stand() {
    let texts = (nasty(14), [(); 5].map(|()| nasty(40)), forbidden());
    let written = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(400)
    });
    let run = runner.run(&texts, |(title, [a, b, c, d, e], (place, piece))| {
        let mut texts = [title, a, b, c, d, e];
        texts[place].push_str(piece);
        let kept = reads_back_or_is_refused(&texts)?;
        written.set(written.get() + usize::from(kept));
        Ok(())
    });
    run.unwrap_or_else(|e| panic!("{e}"));
    // Neither way is the only one taken.
    assert!((50..350).contains(&written.get()), "{}", written.get());
}

/// Whether the document was written.
fn reads_back_or_is_refused(texts: &[String; 6]) -> Result<bool, TestCaseError> {
    let [title, family, given, name, extension, label] = texts;
    let value = with(
        least(),
        &[
            ("/title", json!(title)),
            ("/patient/traits/birthName", json!(family)),
            ("/patient/traits/givenNames", json!([given])),
            (
                "/patient/localId",
                json!({"root": "1.2.3", "extension": extension}),
            ),
            ("/structure/name", json!(name)),
            (
                "/service/codes",
                json!([{"code": "X", "system": "1.2.3", "label": label}]),
            ),
        ],
    );
    let fine = |text: &String| text.chars().all(can_be_written) && !text.trim().is_empty();
    let w = match wrap(PDF, &context(&value), &TERMS) {
        Ok(w) => w,
        Err(error) => {
            prop_assert!(!texts.iter().all(fine));
            for (rule, _) in told(&error) {
                let known = ["CTX-TEXT-CHARACTER", "CTX-TEXT-BLANK", "CTX-PATIENT-TRAITS"];
                prop_assert!(known.contains(&rule), "{}", rule);
            }
            return Ok(false);
        }
    };
    prop_assert!(texts.iter().all(fine));
    let header = read(&w.bytes, &Limits::default()).expect("reads");
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    // In attributes the spaces of typography are kept.
    let xml_flat = |text: &str| {
        let words = text.trim().split([' ', '\t', '\r', '\n']);
        let words = words.filter(|w| !w.is_empty());
        words.collect::<Vec<_>>().join(" ")
    };
    prop_assert_eq!(header.title, Some(flat(title)));
    let patient = header.patient.expect("a patient");
    prop_assert_eq!(patient.birth_family, Some(flat(family)));
    prop_assert_eq!(patient.given_names, Some(flat(given)));
    prop_assert_eq!(
        patient.ids[1].extension.as_deref(),
        Some(&*xml_flat(extension))
    );
    let custodian = header.custodian.expect("a custodian");
    prop_assert_eq!(custodian.name, Some(flat(name)));
    prop_assert_eq!(&w.metadata.event_code_list[0].label, &xml_flat(label));
    Ok(true)
}

#[test]
fn a_long_text_is_written_whole() {
    let name = "œ<&>".repeat(20_000);
    let w = written(PDF, &with(least(), &[("/structure/name", json!(name))]));
    let institution = w.metadata.author[0].author_institution.as_ref();
    assert_eq!(institution.map(|i| i.name.as_str()), Some(name.as_str()));
}
