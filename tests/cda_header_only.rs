//! The header alone: the same as that of the whole document, whatever follows it.

mod common;

use common::{encoded, fixture, fixture_text, marked_crlf, utf16_le};
use dmpkit::cda::{Limits, ReadError, read, read_header};

const FIXTURES: [&str; 8] = [
    "cr_biologie_autopresentable.xml",
    "cr_biologie_prefixe.xml",
    "cr_biologie_structure.xml",
    "cr_consultation_pdf.xml",
    "cr_consultation_remplacement.xml",
    "expression_patient_texte.xml",
    "fuseau_trois_chiffres.xml",
    "valeurs_nulles.xml",
];

fn limits() -> Limits {
    Limits::default()
}

#[test]
fn it_is_the_header_of_the_whole_document() {
    for name in FIXTURES {
        let text = fixture_text(name);
        let encodings = [
            fixture(name),
            encoded(&text, "ISO-8859-1"),
            encoded(&text, "windows-1252"),
            utf16_le(&text),
            marked_crlf(&text),
        ];
        for bytes in encodings {
            let alone = read_header(&bytes, &limits()).expect("a header");
            assert!(
                alone == read(&bytes, &limits()).expect("a document"),
                "{name}"
            );
        }
    }
}

#[test]
fn it_does_not_depend_on_where_the_reading_is_cut() {
    // Comments of every length put each character of the document at the places where the reading may be cut.
    let text = fixture_text("cr_biologie_structure.xml");
    let expected = read(text.as_bytes(), &limits()).expect("a document");
    let at = text.find("<realmCode").expect("a first element");
    for size in (16_000..25_500).step_by(97) {
        let comment = format!("<!--{}-->", "é€𝄞".repeat(size / 9));
        let longer = format!("{}{comment}{}", &text[..at], &text[at..]);
        let alone = read_header(longer.as_bytes(), &limits()).expect("a header");
        assert!(alone == expected, "{size}");
        let wide = utf16_le(&longer);
        let alone = read_header(&wide, &limits()).expect("a header");
        assert!(
            alone == read(&wide, &limits()).expect("a document"),
            "{size}"
        );
    }
}

#[test]
fn what_follows_it_is_not_read() {
    let text = fixture_text("cr_consultation_pdf.xml");
    let expected = read(text.as_bytes(), &limits()).expect("a document");
    let media = text.find("application/pdf").expect("a body");
    let end = media + text[media..].find('>').expect("its end") + 1;
    for (after, error) in [
        ("", ReadError::Truncated),
        ("</text></body>", malformed()),
        ("<!DOCTYPE a>", ReadError::Doctype),
        ("\u{1}", malformed()),
    ] {
        // Longer than what is read at first, so that the fault is not even decoded.
        let broken = format!("{}{}{after}", &text[..end], "A".repeat(40_000));
        let alone = read_header(broken.as_bytes(), &limits()).expect("a header");
        assert!(alone == expected, "{after}");
        let whole = read(broken.as_bytes(), &limits()).expect_err("a fault");
        assert_eq!(
            std::mem::discriminant(&whole),
            std::mem::discriminant(&error),
            "{after}: {whole}"
        );
    }
    // Nor are bytes that are no text.
    let broken = [&text.as_bytes()[..end], &[b'A'; 40_000], b"\xFF\xFE"].concat();
    assert!(read_header(&broken, &limits()).expect("a header") == expected);
    assert_eq!(read(&broken, &limits()).err(), Some(ReadError::Encoding));
}

fn malformed() -> ReadError {
    ReadError::Malformed { line: 0, offset: 0 }
}

#[test]
fn what_stands_before_the_body_is_read_as_strictly() {
    let text = fixture_text("cr_consultation_pdf.xml");
    let title = text.find("</title>").expect("a title");
    for (at, inserted) in [
        (title, "&nbsp;"),
        (title, "<b>"),
        (title, "<x:b/>"),
        (title, "\u{B}"),
        (0, "<!DOCTYPE a>"),
        (0, "<a/>"),
    ] {
        let broken = format!("{}{inserted}{}", &text[..at], &text[at..]);
        let alone = read_header(broken.as_bytes(), &limits());
        assert_eq!(
            alone.err(),
            read(broken.as_bytes(), &limits()).err(),
            "{inserted}"
        );
        assert!(
            read_header(broken.as_bytes(), &limits()).is_err(),
            "{inserted}"
        );
    }
    let cut = &text[..title];
    assert_eq!(
        read_header(cut.as_bytes(), &limits()).err(),
        Some(ReadError::Truncated)
    );
    let mut small = limits();
    small.size = 100;
    let refused = read_header(text.as_bytes(), &small);
    assert_eq!(refused.err(), Some(ReadError::TooLarge { limit: 100 }));
}

/// A document without body has no place to stop at: it is read to its end.
#[test]
fn a_document_without_body_is_read_whole() {
    let text = fixture_text("cr_consultation_pdf.xml");
    let (before, rest) = text.split_once("<component>").expect("a body");
    let (_, after) = rest.split_once("</component>").expect("its end");
    let bare = format!("{before}{after}");
    let header = read_header(bare.as_bytes(), &limits()).expect("a header");
    assert!(header.body.is_none());
    assert!(header == read(bare.as_bytes(), &limits()).expect("a document"));
}

#[test]
fn every_document_of_the_corpus_has_the_same_header_both_ways() {
    let Some(folder) = std::env::var_os("DMPKIT_CORPUS") else {
        println!("skipped: DMPKIT_CORPUS is not set");
        return;
    };
    let folder = std::path::Path::new(&folder).join("cda");
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).expect("an index");
    let names = index.lines().skip(1).filter_map(|l| l.split('\t').next());
    let mut count = 0;
    for name in names {
        let bytes = std::fs::read(folder.join(name)).expect(name);
        let alone = read_header(&bytes, &limits()).expect(name);
        assert!(alone == read(&bytes, &limits()).expect(name), "{name}");
        count += 1;
    }
    assert_eq!(count, 67, "the corpus has changed");
}
