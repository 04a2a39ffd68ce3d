//! Writing elements.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// An attribute: its name and its value.
pub(super) type Attribute<'a> = (&'static str, &'a str);

/// A document being written.
pub(super) struct Xml {
    writer: Writer<Vec<u8>>,
    /// The first failure; writing to memory has none.
    outcome: io::Result<()>,
}

impl Xml {
    /// A document with its declaration, in a buffer of this size.
    pub fn new(capacity: usize) -> Self {
        let mut xml = Self {
            writer: Writer::new_with_indent(Vec::with_capacity(capacity), b' ', 2),
            outcome: Ok(()),
        };
        xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        xml
    }

    /// An element with others inside.
    pub fn element(
        &mut self,
        name: &'static str,
        attributes: &[Attribute<'_>],
        inside: impl FnOnce(&mut Xml),
    ) {
        self.event(Event::Start(start(name, attributes)));
        inside(self);
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// An element with nothing inside.
    pub fn empty(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        self.event(Event::Empty(start(name, attributes)));
    }

    /// An element with text inside, its white space collapsed as readers will do.
    pub fn text(&mut self, name: &'static str, attributes: &[Attribute<'_>], text: &str) {
        self.event(Event::Start(start(name, attributes)));
        self.event(Event::Text(BytesText::new(&collapsed(text))));
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// An element with text inside that needs no escape.
    pub fn verbatim(&mut self, name: &'static str, attributes: &[Attribute<'_>], text: &str) {
        self.event(Event::Start(start(name, attributes)));
        self.event(Event::Text(BytesText::from_escaped(text)));
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// The bytes.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        self.outcome?;
        Ok(self.writer.into_inner())
    }

    fn event(&mut self, event: Event<'_>) {
        if self.outcome.is_ok() {
            self.outcome = self.writer.write_event(event);
        }
    }
}

fn start<'a>(name: &'static str, attributes: &[Attribute<'_>]) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (name, value) in attributes {
        start.push_attribute((*name, collapsed(value).as_str()));
    }
    start
}

/// A text with its white space collapsed: that of XML, which parsers may change, and any at the ends; not the spaces of
/// typography within, which labels of the value sets hold.
pub(super) fn collapsed(text: &str) -> String {
    let words = text.trim().split([' ', '\t', '\r', '\n']);
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
