//! Texts that hurt.

use dmpkit::cda::{Limits, read, wrap};
use proptest::prelude::*;
use serde_json::json;

use crate::sample::{PDF, TERMS, context, least, told, with, written};

/// Markup, quotes, both directions, beyond the first plane, composed and long.
fn nasty(pieces: usize) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
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
            "\u{7F}",
            "\0",
            "\u{FFFF}",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 1..pieces).prop_map(|pieces| pieces.concat())
}

fn can_be_written(c: char) -> bool {
    let in_xml = !matches!(c, '\u{FFFE}' | '\u{FFFF}');
    in_xml
        && (!c.is_control() || c.is_whitespace() && (c >= ' ' || matches!(c, '\t' | '\n' | '\r')))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn texts_read_back_or_are_refused_where_they_stand(
        title in nasty(14), family in nasty(40), given in nasty(40), name in nasty(40),
        extension in nasty(40), label in nasty(40),
    ) {
        let texts = [&title, &family, &given, &name, &extension, &label];
        let value = with(least(), &[
            ("/title", json!(title)),
            ("/patient/traits/birthName", json!(family)),
            ("/patient/traits/givenNames", json!([given])),
            ("/patient/localId", json!({"root": "1.2.3", "extension": extension})),
            ("/structure/name", json!(name)),
            ("/service/codes", json!([{"code": "X", "system": "1.2.3", "label": label}])),
        ]);
        let fine = |text: &&String| text.chars().all(can_be_written) && !text.trim().is_empty();
        match wrap(PDF, &context(&value), &TERMS) {
            Ok(w) => {
                prop_assert!(texts.iter().all(fine));
                let header = read(&w.bytes, &Limits::default()).expect("reads");
                let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
                // In attributes the spaces of typography are kept.
                let xml_flat = |text: &str| {
                    let words = text.trim().split([' ', '\t', '\r', '\n']);
                    let words = words.filter(|w| !w.is_empty());
                    words.collect::<Vec<_>>().join(" ")
                };
                prop_assert_eq!(header.title, Some(flat(&title)));
                let patient = header.patient.expect("a patient");
                prop_assert_eq!(patient.birth_family, Some(flat(&family)));
                prop_assert_eq!(patient.given_names, Some(flat(&given)));
                prop_assert_eq!(patient.ids[1].extension.as_deref(), Some(&*xml_flat(&extension)));
                let custodian = header.custodian.expect("a custodian");
                prop_assert_eq!(custodian.name, Some(flat(&name)));
                prop_assert_eq!(&w.metadata.event_code_list[0].label, &xml_flat(&label));
            }
            Err(error) => {
                prop_assert!(!texts.iter().all(fine));
                for (rule, _) in told(&error) {
                    prop_assert!(matches!(
                        rule,
                        "CTX-TEXT-CHARACTER" | "CTX-TEXT-BLANK" | "CTX-PATIENT-TRAITS"
                    ), "{}", rule);
                }
            }
        }
    }
}

#[test]
fn a_long_text_is_written_whole() {
    let name = "œ<&>".repeat(20_000);
    let w = written(PDF, &with(least(), &[("/structure/name", json!(name))]));
    let institution = w.metadata.author[0].author_institution.as_ref();
    assert_eq!(institution.map(|i| i.name.as_str()), Some(name.as_str()));
}
