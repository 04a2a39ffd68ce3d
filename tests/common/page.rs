//! Pages as they are seen by a reader that is not the library, and what none may hold.

use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::Event;

/// What the page holds, as any reader of XML sees it: the elements with their attributes, and the text.
pub struct Seen {
    pub elements: Vec<(String, Vec<(String, String)>)>,
    /// The text of the body.
    pub text: String,
}

impl Seen {
    pub fn new(page: &str) -> Self {
        let mut reader = Reader::from_str(page);
        reader.config_mut().enable_all_checks(true);
        let mut seen = Seen {
            elements: Vec::new(),
            text: String::new(),
        };
        let mut in_body = false;
        loop {
            match reader.read_event().expect("the page is well-formed") {
                Event::Start(e) | Event::Empty(e) => {
                    let name = e.name().into_inner().to_owned();
                    in_body |= name == "body";
                    let attributes = e.attributes().map(|a| {
                        let a = a.expect("an attribute");
                        let value = a.normalized_value(quick_xml::XmlVersion::Explicit1_0);
                        let value = value.expect("a value").into_owned();
                        (a.key.into_inner().to_owned(), value)
                    });
                    seen.elements.push((name, attributes.collect()));
                }
                Event::Text(t) if in_body => seen.text.push_str(&t.xml10_content()),
                Event::GeneralRef(r) if in_body => seen.text.push_str(match &*r {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    "#39" => "'",
                    other => panic!("a reference to {other}"),
                }),
                Event::Eof => return seen,
                _ => {}
            }
        }
    }

    pub fn words(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub fn count(&self, name: &str) -> usize {
        self.elements.iter().filter(|(n, _)| n == name).count()
    }
}

/// What no page may have, whatever the document.
pub fn assert_harmless(page: &str) {
    const ELEMENTS: [&str; 48] = [
        "html", "head", "meta", "title", "style", "body", "header", "main", "nav", "section", "h1",
        "h2", "h3", "h4", "h5", "h6", "div", "p", "span", "strong", "dl", "dt", "dd", "ul", "ol",
        "li", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "sub", "sup", "br",
        "del", "ins", "a", "img", "pre", "bdi", "b", "i", "u", "em", "small",
    ];
    const ATTRIBUTES: [&str; 19] = [
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "id",
        "role",
        "aria-label",
        "aria-hidden",
        "href",
        "src",
        "alt",
        "colspan",
        "rowspan",
        "scope",
        "tabindex",
        "value",
        "style",
    ];
    let seen = Seen::new(page);
    for (name, attributes) in &seen.elements {
        assert!(ELEMENTS.contains(&name.as_str()), "element {name}");
        for (attribute, value) in attributes {
            assert!(
                ATTRIBUTES.contains(&attribute.as_str()),
                "attribute {attribute}"
            );
            assert_ne!(attribute, "style", "a style of an element");
            match attribute.as_str() {
                "href" => assert!(value.starts_with('#'), "href {value}"),
                "src" => {
                    let images = ["data:image/png;", "data:image/jpeg;", "data:image/gif;"];
                    assert!(images.iter().any(|i| value.starts_with(i)), "src");
                }
                _ => {}
            }
        }
    }
    assert_eq!(seen.count("style"), 1);
    assert_eq!(seen.count("html"), 1);
    let attributes = seen.elements.iter().flat_map(|(_, a)| a);
    let mut ids: Vec<_> = attributes.filter(|(name, _)| name == "id").collect();
    let before = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), before, "an id twice");
    assert!(
        !page.chars().any(steers),
        "a character that steers the display"
    );
}

/// Whether a character commands a terminal or turns the direction of text.
pub fn steers(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}')
}

/// Writes a page for a browser to open, and beside it the elements and the text that the browser must find.
pub fn write_page(folder: &Path, name: &str, page: &str) {
    let seen = Seen::new(page);
    let names: Vec<_> = seen.elements.iter().map(|(name, _)| name).collect();
    let expected = serde_json::json!({"elements": names, "text": seen.text});
    let file = |extension: &str| folder.join(format!("{name}.{extension}"));
    std::fs::write(file("html"), page).expect("the page is written");
    std::fs::write(file("json"), expected.to_string()).expect("what it holds is written");
}
