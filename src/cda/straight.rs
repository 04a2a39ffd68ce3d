//! The header of a document written as nearly all are, read straight from its text.
//!
//! Listing documents reads many headers, and a general reader of XML spends most of its time on what headers do not
//! hold: prefixes, references, CDATA, declarations of namespaces. This reader knows none of that. Whatever it meets
//! that is not plain, a fault among others, it gives up and says nothing: [`scan`](super::scan) then decides, so what
//! this reader gives is always what the other would.

use std::borrow::Cow;

use super::element::Tree;
use super::scan::Scan;
use super::xml;
use super::{Body, HL7, Limits};

/// Reads a header up to its body; none when something in it is not plain, or when the text stops before.
pub(super) fn header<'t>(text: &'t str, limits: &Limits) -> Option<Scan<'t>> {
    let mut reader = Reader {
        text,
        at: 0,
        limits,
        open: Vec::with_capacity(16),
        prefixes: Vec::new(),
        tree: Tree::new(),
    };
    let body = reader.run()?;
    let read = text.get(..reader.at)?;
    if xml::first_forbidden(read).is_some() {
        return None;
    }
    let mut tree = reader.tree;
    tree.close_all();
    Some(Scan {
        self_presenting: false,
        tree,
        body: Some(body),
        stopped: true,
    })
}

struct Reader<'t, 'l> {
    text: &'t str,
    at: usize,
    limits: &'l Limits,
    /// Names of the elements that are open, the root first.
    open: Vec<&'t str>,
    /// Prefixes that the root declares: attributes may have them.
    prefixes: Vec<&'t str>,
    tree: Tree<'t>,
}

/// A start tag.
struct Tag<'t> {
    name: &'t str,
    /// Whether it is an end tag too.
    empty: bool,
    /// Its media type, when it was looked for.
    media: Option<&'t str>,
}

/// What becomes of the attributes of an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// They declare namespaces.
    Root,
    /// They are kept.
    Header,
    /// The media type is looked for.
    Body,
}

impl<'t> Reader<'t, '_> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over a text that comes next.
    fn take(&mut self, text: &str) -> Option<()> {
        self.rest().starts_with(text).then(|| self.at += text.len())
    }

    /// What stands before a text, which is passed over too.
    fn until(&mut self, text: &str) -> Option<&'t str> {
        let before = self.rest().split_once(text)?.0;
        self.at += before.len() + text.len();
        Some(before)
    }

    fn run(&mut self) -> Option<Body> {
        if self.take("<?xml version=\"1.0\"").is_some() {
            let rest = self.until("?>")?;
            (!rest.contains('<')).then_some(())?;
        }
        loop {
            let rest = self.rest();
            let text = rest.get(..rest.find('<')?)?;
            self.at += text.len();
            self.characters(text)?;
            let mark = self.rest().as_bytes().get(1)?;
            match mark {
                b'/' => self.end()?,
                b'!' => self.comment()?,
                b'?' if self.open.is_empty() => {
                    self.take("<?xml-stylesheet ")?;
                    self.until("?>")?;
                }
                _ if self.open.is_empty() => {
                    let tag = self.start(Use::Root)?;
                    (tag.name == "ClinicalDocument" && !tag.empty).then_some(())?;
                    self.open.push(tag.name);
                }
                _ => {
                    if self.open.len() == 1 && self.is_component() {
                        return self.body();
                    }
                    let tag = self.start(Use::Header)?;
                    (self.tree.len() < self.limits.header_elements).then_some(())?;
                    self.tree.open(tag.name);
                    if tag.empty {
                        self.tree.close();
                    } else {
                        self.open.push(tag.name);
                    }
                }
            }
        }
    }

    fn characters(&mut self, text: &'t str) -> Option<()> {
        if text.trim_ascii_start().is_empty() {
            self.tree.space();
            return Some(());
        }
        let plain = !text.bytes().any(|b| matches!(b, b'&' | b'\r' | b']'));
        (plain && self.open.len() > 1).then_some(())?;
        self.tree.text(Cow::Borrowed(text));
        Some(())
    }

    fn comment(&mut self) -> Option<()> {
        self.take("<!--")?;
        self.until("--")?;
        self.take(">")
    }

    fn end(&mut self) -> Option<()> {
        let name = self.open.pop()?;
        self.take("</")?;
        self.take(name)?;
        self.take(">")?;
        // The end of the root is the end of a document without body.
        (!self.open.is_empty()).then_some(())?;
        self.tree.close();
        Some(())
    }

    fn is_component(&self) -> bool {
        let after = self.rest().strip_prefix("<component");
        after.is_some_and(|rest| rest.starts_with(['>', ' ', '\n', '\r', '\t', '/']))
    }

    /// From the start of `component` to where the kind of body is known.
    fn body(&mut self) -> Option<Body> {
        let component = self.start(Use::Body)?;
        (!component.empty).then_some(())?;
        self.open.push(component.name);
        let body = self.next_start()?;
        match body.name {
            "structuredBody" => Some(Body::Structured),
            "nonXMLBody" if !body.empty => {
                self.open.push(body.name);
                let text = self.next_start()?;
                let media = text.media.map(|m| m.trim().to_owned());
                let media_type = media.filter(|m| !m.is_empty());
                (text.name == "text").then_some(Body::Unstructured { media_type })
            }
            _ => None,
        }
    }

    /// The start tag that comes next, in the body.
    fn next_start(&mut self) -> Option<Tag<'t>> {
        loop {
            let rest = self.rest();
            let blank = rest.get(..rest.find('<')?)?;
            blank.trim_ascii_start().is_empty().then_some(())?;
            self.at += blank.len();
            match self.rest().as_bytes().get(1)? {
                b'!' => self.comment()?,
                _ => return self.start(Use::Body),
            }
        }
    }

    fn start(&mut self, use_of: Use) -> Option<Tag<'t>> {
        (self.open.len() < self.limits.depth).then_some(())?;
        self.take("<")?;
        let mut tag = Tag {
            name: self.name()?,
            empty: false,
            media: None,
        };
        let mut names = [""; 8];
        let mut spaces = Vec::new();
        for count in 0.. {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\n', '\r', '\t']);
            self.at += rest.len() - trimmed.len();
            if self.take(">").is_some() {
                break;
            }
            if self.take("/>").is_some() {
                tag.empty = true;
                break;
            }
            (rest.len() > trimmed.len() && count < self.limits.attributes).then_some(())?;
            let name = self.attribute_name()?;
            // A repeated attribute is a fault, and an element with so many is not plain.
            (!names.get(..count)?.contains(&name)).then_some(())?;
            *names.get_mut(count)? = name;
            let value = self.value()?;
            match (name.split_once(':'), use_of) {
                (None, _) if name == "xmlns" => {
                    (use_of == Use::Root && value == HL7).then_some(())?;
                    spaces.push("");
                }
                (Some(("xmlns", prefix)), Use::Root) => {
                    let reserved = value.is_empty() || value.starts_with("http://www.w3.org/XML");
                    let reserved = reserved || value.starts_with("http://www.w3.org/2000/xmlns");
                    (!reserved && prefix != "xml" && prefix != "xmlns").then_some(())?;
                    self.prefixes.push(prefix);
                }
                (Some(("xmlns", _)), _) => return None,
                (Some((prefix, _)), _) => spaces.push(prefix),
                (None, Use::Header) => self.tree.attribute(name, Cow::Borrowed(value)),
                (None, _) => {
                    if name == "mediaType" {
                        tag.media = Some(value);
                    }
                }
            }
        }
        let (declared, prefixed): (Vec<_>, Vec<_>) = spaces.into_iter().partition(|s| s.is_empty());
        (use_of != Use::Root || !declared.is_empty()).then_some(())?;
        prefixed
            .iter()
            .all(|p| self.prefixes.contains(p))
            .then_some(tag)
    }

    /// A name of ASCII letters and digits.
    fn name(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let length = rest.bytes().position(|b| !b.is_ascii_alphanumeric())?;
        let name = rest.get(..length)?;
        self.at += length;
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            .then_some(name)
    }

    fn attribute_name(&mut self) -> Option<&'t str> {
        let from = self.at;
        self.name()?;
        if self.take(":").is_some() {
            self.name()?;
        }
        self.text.get(from..self.at)
    }

    fn value(&mut self) -> Option<&'t str> {
        self.take("=")?;
        let quote = if self.take("\"").is_some() {
            '"'
        } else {
            self.take("'").map(|()| '\'')?
        };
        let rest = self.rest();
        let value = rest.get(..rest.find(quote)?)?;
        self.at += value.len() + 1;
        // A tabulation or an end of line would have to become a space, a reference its character.
        let plain = !value.bytes().any(|b| b < b' ' || matches!(b, b'<' | b'&'));
        (plain && value.len() <= self.limits.attribute_length).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Encoding, mapping, scan};
    use super::*;

    const DOCUMENTS: [&str; 5] = [
        include_str!("../../tests/fixtures/cr_consultation_pdf.xml"),
        include_str!("../../tests/fixtures/cr_biologie_structure.xml"),
        include_str!("../../tests/fixtures/cr_consultation_remplacement.xml"),
        include_str!("../../tests/fixtures/expression_patient_texte.xml"),
        include_str!("../../tests/fixtures/valeurs_nulles.xml"),
    ];

    /// What a reader kept, to compare.
    fn kept(scan: &Scan<'_>) -> (crate::cda::Header, Vec<(String, Option<String>)>) {
        let elements = scan.tree.descendants();
        let elements = elements.map(|e| (e.path(), e.text())).collect();
        (mapping::header(scan, Encoding::Utf8, false), elements)
    }

    /// Whether the reader speaks; what it says is what the other says.
    fn speaks(text: &str) -> bool {
        let limits = Limits::default();
        let Some(straight) = header(text, &limits) else {
            return false;
        };
        // The other looks further than the header for characters that may not stand in XML.
        if xml::first_forbidden(text).is_none() {
            let other = scan::scan_header(text, &limits).expect("read by the other too");
            assert!(kept(&straight) == kept(&other));
        }
        true
    }

    #[test]
    fn ordinary_documents_are_read_straight() {
        for text in DOCUMENTS {
            assert!(speaks(text));
            assert!(speaks(&text.replace('\n', "\r\n")));
            let comment = "<!-- un commentaire - & <p> -->";
            assert!(speaks(&text.replace("<setId", &format!("{comment}<setId"))));
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_other() {
        let text = DOCUMENTS[0];
        for (from, to) in [
            ("<title>", "<title>&amp;"),
            ("<title>", "<title><![CDATA[a]]>"),
            ("<title>", "<title>]]>"),
            ("<title>", "<title>\u{B}"),
            ("<title>", "<title><a:b xmlns:a=\"a\"/>"),
            ("<title>", "<title xmlns=\"a\">"),
            ("<title>", "<title a:b=\"c\">"),
            ("<title>", "<title a=\"1\" a=\"2\">"),
            ("<title>", "<title a=\"<\">"),
            ("<title>", "<title a=\"1\"b=\"2\">"),
            ("<title>", "<title a>"),
            ("<title>", "<title a=1>"),
            ("</title>", "</titre>"),
            ("</title>", "</title >"),
            ("</title>", "<!-- -- --></title>"),
            ("<ClinicalDocument", "<!DOCTYPE a><ClinicalDocument"),
            ("<ClinicalDocument", "a<ClinicalDocument"),
            ("xmlns=\"urn:hl7-org:v3\"", "xmlns=\"urn:hl7-org:v2\""),
            ("xmlns=\"urn:hl7-org:v3\"", ""),
            ("<nonXMLBody>", "<nonXMLBody><languageCode code=\"fr\"/>"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            assert!(header(&changed, &Limits::default()).is_none(), "{to}");
        }
        for end in (0..text.len())
            .filter(|end| text.is_char_boundary(*end))
            .step_by(7)
        {
            speaks(&text[..end]);
        }
        let mut limits = Limits::default();
        limits.header_elements = 20;
        assert!(header(text, &limits).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn whatever_is_changed_the_two_agree(
            which in 0..DOCUMENTS.len(),
            changes in prop::collection::vec((0.0..1.0f64, 0..PIECES.len(), 0..30usize), 1..4),
        ) {
            let mut text = DOCUMENTS[which].to_owned();
            for (at, piece, length) in changes {
                // The header stands in the first part.
                let mut at = (at * at * text.len() as f64) as usize;
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                let mut end = (at + length / 3).min(text.len());
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
                text.replace_range(at..end.max(at), PIECES[piece]);
            }
            speaks(&text);
        }
    }

    /// What is put in a document to disturb it.
    const PIECES: [&str; 24] = [
        "",
        " ",
        "\n",
        "<",
        ">",
        "/",
        "\"",
        "'",
        "=",
        "a",
        "é",
        "]",
        "]]>",
        "&",
        "&lt;",
        "<a/>",
        "</a>",
        "<!---->",
        "<!-->",
        "<?a?>",
        " a=\"b\"",
        " xml:a=\"b\"",
        " xmlns:a=\"b\"",
        "<component>",
    ];
}
