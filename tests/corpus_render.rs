//! The page and the text over a corpus of real documents, kept apart from this repository: run with `DMPKIT_CORPUS`
//! naming the folder that holds `cda/INDEX.tsv`. Nothing that a narrative says may be lost on the way.

mod common;

use std::collections::HashMap;
use std::path::PathBuf;

use common::page::{assert_harmless, write_page};
use dmpkit::cda::Limits;
use dmpkit::cda::body::{Content, body};
use dmpkit::cda::render::{Duties, FormKind, forms, html, text};
use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

/// The documents of the corpus; none, with a word on the standard output, when it is not there.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let Some(folder) = std::env::var_os("DMPKIT_CORPUS") else {
        println!("skipped: DMPKIT_CORPUS is not set");
        return Vec::new();
    };
    let folder = PathBuf::from(folder).join("cda");
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).expect("the index");
    let names = index.lines().skip(1).filter_map(|l| l.split('\t').next());
    let samples: Vec<_> = names
        .map(|name| {
            let bytes = std::fs::read(folder.join(name)).expect("a document");
            (name.to_owned(), bytes)
        })
        .collect();
    assert_eq!(samples.len(), 67, "the corpus has changed");
    samples
}

/// Elements whose end is the end of a word.
const BLOCKS: [&str; 34] = [
    "text",
    "title",
    "paragraph",
    "list",
    "item",
    "table",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "th",
    "td",
    "caption",
    "br",
    "footnote",
    "footnoteRef",
    "renderMultiMedia",
    "div",
    "p",
    "ul",
    "ol",
    "li",
    "section",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "main",
    "col",
    "colgroup",
    "sup",
    "a",
];

/// The words that a document's narrative holds, read without the library: text in `section/text`.
fn narrative_words(document: &str) -> Vec<String> {
    let mut reader = Reader::from_str(document);
    let mut open: Vec<String> = Vec::new();
    let mut depth = None;
    let mut text = String::new();
    loop {
        match reader.read_event().expect("the document is well-formed") {
            Event::Start(e) => {
                let name = e.local_name().into_inner().to_owned();
                let parent = open.last().map(String::as_str);
                if depth.is_none() && name == "text" && parent == Some("section") {
                    depth = Some(open.len());
                }
                space(&mut text, depth.is_some(), &name);
                open.push(name);
            }
            Event::Empty(e) => space(&mut text, depth.is_some(), e.local_name().into_inner()),
            Event::End(_) => {
                let name = open.pop().expect("an element");
                space(&mut text, depth.is_some(), &name);
                if depth == Some(open.len()) {
                    depth = None;
                }
            }
            Event::Text(t) if depth.is_some() => text.push_str(&t.xml10_content()),
            Event::CData(t) if depth.is_some() => text.push_str(&t.xml10_content()),
            Event::GeneralRef(r) if depth.is_some() => text.push(character(&r)),
            Event::Eof => return words(&text),
            _ => {}
        }
    }
}

/// The words that a page shows as the document's own, titles left out: `said` marks what the library adds.
fn page_words(page: &str) -> Vec<String> {
    let mut reader = Reader::from_str(page);
    reader.config_mut().enable_all_checks(true);
    // For each element open, whether it is in a narrative, and whether it is an addition.
    let mut open: Vec<(bool, bool)> = Vec::new();
    let mut text = String::new();
    loop {
        match reader.read_event().expect("the page is well-formed") {
            Event::Start(e) => {
                let class = e.try_get_attribute("class").expect("attributes");
                let class = class.map(|c| {
                    let value = c.normalized_value(XmlVersion::Explicit1_0);
                    value.expect("a value").into_owned()
                });
                let has = |one: &str| class.iter().any(|c| c.split(' ').any(|c| c == one));
                let (narrative, said) = open.last().copied().unwrap_or_default();
                let here = (narrative || has("narrative"), said || has("said"));
                open.push(here);
                space(&mut text, here.0, e.name().into_inner());
            }
            Event::Empty(e) => space(&mut text, true, e.name().into_inner()),
            Event::End(e) => {
                let (narrative, _) = open.pop().expect("an element");
                space(&mut text, narrative, e.name().into_inner());
            }
            Event::Text(t) if open.last() == Some(&(true, false)) => {
                text.push_str(&t.xml10_content());
            }
            Event::GeneralRef(r) if open.last() == Some(&(true, false)) => text.push(character(&r)),
            Event::Eof => return words(&text),
            _ => {}
        }
    }
}

fn space(text: &mut String, inside: bool, name: &str) {
    if inside && BLOCKS.contains(&name) {
        text.push(' ');
    }
}

fn character(reference: &str) -> char {
    let number = |digits: &str, radix| {
        let number = u32::from_str_radix(digits, radix).expect("a number");
        char::from_u32(number).expect("a character")
    };
    match reference {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        other => match other.strip_prefix("#x") {
            Some(hex) => number(hex, 16),
            None => number(other.strip_prefix('#').expect("a character"), 10),
        },
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The text without the addresses that the library adds after links: ` (https://…)`.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split(" (http");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        all + part.split_once(')').expect("a parenthesis").1
    })
}

fn counted(words: Vec<String>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for word in words {
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}

#[test]
fn every_word_of_every_narrative_is_on_the_page_in_its_place() {
    let mut total = 0;
    for (name, bytes) in corpus() {
        let page = html(&bytes, &Limits::default(), &Duties::default());
        let page = page.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_harmless(&page);
        let document = String::from_utf8(bytes).expect("the corpus is in UTF-8");
        let (wanted, shown) = (narrative_words(&document), page_words(&page));
        total += wanted.len();
        let differs = wanted.iter().zip(&shown).position(|(a, b)| a != b);
        assert_eq!(
            (differs, wanted.len()),
            (None, shown.len()),
            "{name}: {:?}",
            differs.map(|at| (&wanted[at], &shown[at]))
        );
    }
    if std::env::var_os("DMPKIT_CORPUS").is_some() {
        assert!(
            total > 15_000,
            "{total} words: the narratives were not found"
        );
    }
}

#[test]
fn every_word_of_every_narrative_is_in_the_text_in_lines_that_fit() {
    for (name, bytes) in corpus() {
        let text = text(&bytes, &Limits::default(), &Duties::default());
        let text = text.unwrap_or_else(|e| panic!("{name}: {e}"));
        let document = String::from_utf8(bytes).expect("the corpus is in UTF-8");
        let shown = counted(words(&without_addresses(&text)));
        for (word, times) in counted(narrative_words(&document)) {
            let found = shown.get(&word).copied().unwrap_or(0);
            assert!(
                found >= times,
                "{name}: {word} {times} times, shown {found}"
            );
        }
        for line in text.lines().filter(|l| l.chars().count() > 100) {
            let words = line.split_whitespace().count();
            assert!(words <= 3, "{name}: a line of {words} words is too long");
        }
        let controls = text.chars().filter(|c| c.is_control() && *c != '\n');
        assert_eq!(controls.count(), 0, "{name}");
    }
}

#[test]
fn every_document_has_its_forms() {
    let mut copies = 0;
    for (name, bytes) in corpus() {
        let content = body(&bytes, &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let offered = forms(&content);
        let kinds: Vec<_> = offered.iter().map(|f| f.kind).collect();
        assert!(kinds.contains(&FormKind::Html) && kinds.contains(&FormKind::Text));
        for form in &offered {
            if let Some(index) = form.file {
                let file = &content.files()[index];
                assert_eq!(file.size(), form.size, "{name}");
            }
        }
        match content {
            Content::Unstructured(_) => assert_eq!(kinds[0], FormKind::File, "{name}"),
            _ if kinds[0] == FormKind::PdfCopy => copies += 1,
            _ => assert_eq!(kinds[0], FormKind::Html, "{name}"),
        }
    }
    if std::env::var_os("DMPKIT_CORPUS").is_some() {
        assert!(copies > 0);
        println!("{copies} documents have a copy in PDF");
    }
}

/// Writes the page and the text of each document, into the folder that `DMPKIT_PAGES` names.
#[test]
#[ignore = "writes pages for a browser to open"]
fn write_pages() {
    let Some(folder) = std::env::var_os("DMPKIT_PAGES") else {
        println!("skipped: DMPKIT_PAGES is not set");
        return;
    };
    let folder = PathBuf::from(folder);
    for (number, (_, bytes)) in corpus().into_iter().enumerate() {
        let page = html(&bytes, &Limits::default(), &Duties::default()).expect("a page");
        write_page(&folder, &format!("corpus-{number:02}"), &page);
        let text = text(&bytes, &Limits::default(), &Duties::default()).expect("a text");
        let path = folder.join(format!("corpus-{number:02}.txt"));
        std::fs::write(path, text).expect("the text is written");
    }
}
