//! XML as the DMP's messages need it: written in canonical form, read as a stream without trust.
//!
//! What [`Writer`] makes is its own canonical form (Canonical XML 1.0 and Exclusive Canonical XML agree on it) as
//! long as the caller declares namespaces where they are used and gives attributes in canonical order: namespace
//! declarations first, then attributes sorted by namespace and name. So what is signed needs no second pass.
//!
//! What [`Reader`] reads comes from elsewhere: no DTD, no entity beside the five names and character references, a
//! limit on bytes and on depth. It keeps one event at a time.

use std::borrow::Cow;
use std::io::{BufRead, Read};

use quick_xml::Error as Fault;
use quick_xml::errors::IllFormedError;
use quick_xml::events::{BytesStart, Event as Raw};
use quick_xml::name::{NamespaceError, NamespaceResolver, PrefixDeclaration, ResolveResult};
use quick_xml::reader::NsReader;

/// Writes XML in canonical form.
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
    open: Vec<String>,
}

impl Writer {
    /// An empty text.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// An empty text with room for some bytes.
    pub fn with_capacity(bytes: usize) -> Writer {
        Writer {
            out: String::with_capacity(bytes),
            open: Vec::new(),
        }
    }

    /// Opens an element. `attributes` are in canonical order, namespace declarations first.
    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Writer {
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape_attribute(&mut self.out, value);
            self.out.push('"');
        }
        self.out.push('>');
        self.open.push(name.to_owned());
        self
    }

    /// Closes the last element opened; nothing when none is.
    pub fn close(&mut self) -> &mut Writer {
        if let Some(name) = self.open.pop() {
            self.out.push_str("</");
            self.out.push_str(&name);
            self.out.push('>');
        }
        self
    }

    /// An element without content. Canonical form has no self-closing tags.
    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Writer {
        self.open(name, attributes).close()
    }

    /// An element that holds text alone.
    pub fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> &mut Writer {
        self.open(name, attributes).text(text).close()
    }

    /// Text.
    pub fn text(&mut self, text: &str) -> &mut Writer {
        escape_text(&mut self.out, text);
        self
    }

    /// XML that was made by another writer, as it is.
    pub fn raw(&mut self, xml: &str) -> &mut Writer {
        self.out.push_str(xml);
        self
    }

    /// How many bytes were written so far.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The text, every element closed.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.out
    }
}

/// The characters that XML cannot hold are left out: no reader would accept the message.
fn escape_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            c if !is_char(c) => {}
            c => out.push(c),
        }
    }
}

fn escape_attribute(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            c if !is_char(c) => {}
            c => out.push(c),
        }
    }
}

fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// How much of a message is read before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of XML.
    pub bytes: u64,
    /// Depth of elements.
    pub depth: usize,
}

impl Default for Limits {
    /// 64 MiB: a list of some 60,000 documents; 64 levels: the official messages have 20 at most.
    fn default() -> Limits {
        Limits {
            bytes: 64 << 20,
            depth: 64,
        }
    }
}

/// Namespace declarations in scope at once, for each name is looked up among them: the official messages have 12.
const MOST_DECLARATIONS: usize = 128;
/// Attributes of an element: the official messages have 8.
const MOST_ATTRIBUTES: usize = 256;

/// Why a message cannot be read. No text of the message is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// Not well-formed.
    #[error("the message is not well-formed XML")]
    Malformed,
    /// It ends too early.
    #[error("the message ends too early")]
    Cut,
    /// The connection failed while it was read.
    #[error("the message could not be read to its end")]
    Io(std::io::ErrorKind),
    /// A document type declaration.
    #[error("the message has a document type declaration: refused")]
    Dtd,
    /// An entity that is not one of the five.
    #[error("the message refers to an entity: refused")]
    Entity,
    /// More bytes than the limit, or more attributes of an element, or more namespaces in scope.
    #[error("the message is larger than the limit")]
    TooLarge,
    /// More levels than the limit.
    #[error("the message is nested deeper than the limit")]
    TooDeep,
    /// Not UTF-8.
    #[error("the message is not in UTF-8")]
    Encoding,
    /// Well-formed, but not the message expected: what is missing or wrong.
    #[error("the message is not the one expected: {0}")]
    Unexpected(&'static str),
}

/// What a reader meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An element begins. An element without content gives a start and an end.
    Start(Element),
    /// Text between two tags: with its references resolved, CDATA included. May come in several pieces.
    Text(String),
    /// The last element opened ends.
    End,
    /// The document ends.
    Eof,
}

/// The start of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Namespace, empty when none.
    pub namespace: String,
    /// Local name.
    pub name: String,
    /// Attributes in order: namespace (empty when none), local name, value. Namespace declarations are not among them.
    pub attributes: Vec<(String, String, String)>,
}

impl Element {
    /// Whether it is this element.
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.name == name && self.namespace == namespace
    }

    /// An attribute without namespace.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attribute_ns("", name)
    }

    /// An attribute of a namespace.
    pub fn attribute_ns(&self, namespace: &str, name: &str) -> Option<&str> {
        let found = self
            .attributes
            .iter()
            .find(|(n, l, _)| l == name && n == namespace);
        found.map(|(_, _, value)| value.as_str())
    }
}

/// Counts what is read and stops at the limit.
struct Metered<R> {
    inner: R,
    left: u64,
    failure: Option<XmlError>,
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let available = self.fill_buf()?;
        let n = available.len().min(buffer.len());
        buffer[..n].copy_from_slice(&available[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        let Metered {
            inner,
            left,
            failure,
        } = self;
        let available = match inner.fill_buf() {
            Ok(available) => available,
            Err(error) => {
                *failure = Some(XmlError::Io(error.kind()));
                return Err(error);
            }
        };
        if *left == 0 && !available.is_empty() {
            *failure = Some(XmlError::TooLarge);
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        let most = usize::try_from(*left)
            .unwrap_or(usize::MAX)
            .min(available.len());
        Ok(&available[..most])
    }

    fn consume(&mut self, n: usize) {
        self.left = self.left.saturating_sub(n as u64);
        self.inner.consume(n);
    }
}

/// Reads XML as a stream of events.
pub struct Reader<R> {
    inner: NsReader<Metered<R>>,
    buffer: Vec<u8>,
    depth: usize,
    limits: Limits,
    /// An element without content owes its end.
    owed_end: bool,
    /// Whether the root element was seen.
    begun: bool,
    /// Where the last event begins.
    at: u64,
}

impl<R: BufRead> Reader<R> {
    /// Reads from here.
    pub fn new(input: R, limits: Limits) -> Reader<R> {
        let metered = Metered {
            inner: input,
            left: limits.bytes,
            failure: None,
        };
        let mut inner = NsReader::from_reader(metered);
        inner
            .resolver_mut()
            .set_max_namespace_bindings(MOST_DECLARATIONS);
        Reader {
            inner,
            buffer: Vec::new(),
            depth: 0,
            limits,
            owed_end: false,
            begun: false,
            at: 0,
        }
    }

    /// The next event. Comments and processing instructions are passed over.
    #[allow(clippy::should_implement_trait)] // it fails, and lends itself: not an iterator
    pub fn next(&mut self) -> Result<Event, XmlError> {
        loop {
            return Ok(match self.step()? {
                Step::Start(tag) => Event::Start(tag.element()?),
                Step::Text(text) => Event::Text(text.into_owned()),
                Step::End => Event::End,
                Step::Eof => Event::Eof,
                Step::Passed => continue,
            });
        }
    }

    /// As [`Reader::next`], borrowing from the reader: for long lists, where every string counts. The caller passes
    /// over [`Step::Passed`] and asks every tag for its attributes, for these are checked as they are read.
    pub fn step(&mut self) -> Result<Step<'_>, XmlError> {
        if self.owed_end {
            self.owed_end = false;
            self.depth -= 1;
            return Ok(Step::End);
        }
        self.buffer.clear();
        self.at = self.inner.buffer_position();
        let raw = match self.inner.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(error) => {
                let fault = match error {
                    Fault::Syntax(_) | Fault::IllFormed(IllFormedError::MissingEndTag(_)) => {
                        XmlError::Cut
                    }
                    Fault::Namespace(NamespaceError::TooManyBindings(_)) => XmlError::TooLarge,
                    _ => XmlError::Malformed,
                };
                return Err(self.inner.get_mut().failure.take().unwrap_or(fault));
            }
        };
        match raw {
            Raw::Start(start) | Raw::Empty(start) if self.depth >= self.limits.depth => {
                drop(start);
                Err(XmlError::TooDeep)
            }
            Raw::Start(start) => {
                self.begun = true;
                self.depth += 1;
                Tag::of(start, self.inner.resolver()).map(Step::Start)
            }
            Raw::Empty(start) => {
                self.begun = true;
                self.depth += 1;
                self.owed_end = true;
                Tag::of(start, self.inner.resolver()).map(Step::Start)
            }
            Raw::End(_) => {
                self.depth = self.depth.checked_sub(1).ok_or(XmlError::Malformed)?;
                Ok(Step::End)
            }
            Raw::Text(text) => {
                if self.depth > 0 {
                    return Ok(Step::Text(normalised(text.into_inner())));
                }
                if !text.trim().trim_start_matches('\u{FEFF}').is_empty() {
                    return Err(XmlError::Malformed);
                }
                Ok(Step::Passed)
            }
            Raw::CData(text) => Ok(Step::Text(normalised(text.into_inner()))),
            Raw::GeneralRef(reference) => {
                resolved_reference(&reference).map(|text| Step::Text(Cow::Owned(text)))
            }
            Raw::DocType(_) => Err(XmlError::Dtd),
            Raw::Comment(_) | Raw::PI(_) | Raw::Decl(_) => Ok(Step::Passed),
            Raw::Eof if self.depth > 0 || !self.begun => Err(XmlError::Cut),
            Raw::Eof => Ok(Step::Eof),
        }
    }

    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Bytes of the input before the last event and after it, a byte order mark not counted. The end that an element
    /// without content owes lies where its start does.
    pub fn span(&self) -> std::ops::Range<u64> {
        self.at..self.inner.buffer_position()
    }

    /// The namespace declarations in scope after the last start: prefix (empty for the default one) and name, in the
    /// order of their prefixes. One that was undone is not among them.
    pub fn namespaces(&self) -> Vec<(String, String)> {
        let mut all: Vec<_> = self
            .inner
            .resolver()
            .bindings()
            .map(|(prefix, namespace)| {
                let prefix = match prefix {
                    PrefixDeclaration::Default => String::new(),
                    PrefixDeclaration::Named(name) => name.to_owned(),
                };
                (prefix, namespace.as_ref().to_owned())
            })
            .filter(|(_, namespace)| !namespace.is_empty())
            .collect();
        all.sort();
        all
    }

    /// The next child of the element whose start was just read: `None` at its end. Text between is passed over.
    pub fn child(&mut self) -> Result<Option<Element>, XmlError> {
        loop {
            match self.next()? {
                Event::Start(element) => return Ok(Some(element)),
                Event::Text(_) => {}
                Event::End => return Ok(None),
                Event::Eof => return Err(XmlError::Cut),
            }
        }
    }

    /// The text of the element whose start was just read, to its end; that of elements inside included.
    pub fn text(&mut self) -> Result<String, XmlError> {
        let mut text = String::new();
        let mut inside = 0_usize;
        loop {
            match self.step()? {
                Step::Text(piece) => text.push_str(&piece),
                Step::Start(tag) => {
                    tag.attributes(|_, _, _| {})?;
                    inside += 1;
                }
                Step::End if inside == 0 => return Ok(text),
                Step::End => inside -= 1,
                Step::Passed => {}
                Step::Eof => return Err(XmlError::Cut),
            }
        }
    }

    /// Passes over the element whose start was just read, to its end.
    pub fn skip(&mut self) -> Result<(), XmlError> {
        let mut inside = 0_usize;
        loop {
            match self.step()? {
                Step::Start(tag) => {
                    tag.attributes(|_, _, _| {})?;
                    inside += 1;
                }
                Step::End if inside == 0 => return Ok(()),
                Step::End => inside -= 1,
                Step::Text(_) | Step::Passed => {}
                Step::Eof => return Err(XmlError::Cut),
            }
        }
    }

    /// The root element.
    pub fn root(&mut self) -> Result<Element, XmlError> {
        match self.next()? {
            Event::Start(element) => Ok(element),
            _ => Err(XmlError::Malformed),
        }
    }
}

/// What a reader meets, borrowed from it.
#[derive(Debug)]
pub enum Step<'a> {
    /// An element begins. An element without content gives a start and an end.
    Start(Tag<'a>),
    /// Text, as in [`Event::Text`].
    Text(Cow<'a, str>),
    /// The last element opened ends.
    End,
    /// A comment or an instruction: nothing to read.
    Passed,
    /// The document ends.
    Eof,
}

/// The start of an element, borrowed from the reader.
#[derive(Debug)]
pub struct Tag<'a> {
    namespace: &'a str,
    start: BytesStart<'a>,
    resolver: &'a NamespaceResolver,
}

impl<'a> Tag<'a> {
    fn of(start: BytesStart<'a>, resolver: &'a NamespaceResolver) -> Result<Tag<'a>, XmlError> {
        let namespace = namespace_of(resolver.resolve_prefix(start.name().prefix(), true))?;
        Ok(Tag {
            namespace,
            start,
            resolver,
        })
    }

    /// Namespace, empty when none.
    pub fn namespace(&self) -> &str {
        self.namespace
    }

    /// Local name.
    pub fn name(&self) -> &str {
        self.start.local_name().into_inner()
    }

    /// Every attribute in order: namespace (empty when none), local name, value. Namespace declarations are not
    /// among them.
    pub fn attributes(
        &self,
        mut each: impl FnMut(&str, &str, Cow<'_, str>),
    ) -> Result<(), XmlError> {
        if self.start.attributes_raw().is_empty() {
            return Ok(());
        }
        for (index, attribute) in self.start.attributes().enumerate() {
            // Each is compared with all before it.
            if index >= MOST_ATTRIBUTES {
                return Err(XmlError::TooLarge);
            }
            let attribute = attribute.map_err(|_| XmlError::Malformed)?;
            let key = attribute.key.as_ref();
            if key == "xmlns" || key.starts_with("xmlns:") {
                continue;
            }
            let (resolved, local) = self.resolver.resolve_attribute(attribute.key);
            let value = attribute_value(&attribute.value)?;
            each(namespace_of(resolved)?, local.as_ref(), value);
        }
        Ok(())
    }

    /// The same, owned.
    pub fn element(&self) -> Result<Element, XmlError> {
        let mut attributes = Vec::new();
        self.attributes(|namespace, name, value| {
            attributes.push((namespace.to_owned(), name.to_owned(), value.into_owned()));
        })?;
        Ok(Element {
            namespace: self.namespace.to_owned(),
            name: self.name().to_owned(),
            attributes,
        })
    }
}

/// Line ends are one character (XML 1.0 section 2.11).
fn normalised(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        text
    }
}

fn namespace_of(resolved: ResolveResult<'_>) -> Result<&str, XmlError> {
    match resolved {
        ResolveResult::Bound(namespace) => Ok(namespace.into_inner()),
        ResolveResult::Unbound => Ok(""),
        ResolveResult::Unknown(_) => Err(XmlError::Malformed),
    }
}

/// An attribute's value: references resolved, white space made spaces (XML 1.0 section 3.3.3).
fn attribute_value(raw: &str) -> Result<Cow<'_, str>, XmlError> {
    const SPECIAL: [char; 5] = ['&', '<', '\t', '\n', '\r'];
    if !raw.contains(SPECIAL) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(SPECIAL) {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        if let Some(reference) = tail.strip_prefix('&') {
            let (name, after) = reference.split_once(';').ok_or(XmlError::Malformed)?;
            out.push_str(&resolved_reference(name)?);
            rest = after;
        } else if tail.starts_with('<') {
            return Err(XmlError::Malformed);
        } else {
            out.push(' ');
            rest = tail.strip_prefix("\r\n").unwrap_or(&tail[1..]);
        }
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

fn resolved_reference(name: &str) -> Result<String, XmlError> {
    let number = |digits: &str, base| {
        u32::from_str_radix(digits, base)
            .ok()
            .and_then(char::from_u32)
            .filter(|c| is_char(*c))
            .map(String::from)
            .ok_or(XmlError::Malformed)
    };
    match name {
        "amp" => Ok("&".to_owned()),
        "lt" => Ok("<".to_owned()),
        "gt" => Ok(">".to_owned()),
        "quot" => Ok("\"".to_owned()),
        "apos" => Ok("'".to_owned()),
        _ => match name.strip_prefix('#') {
            Some(hex) if hex.starts_with('x') => number(&hex[1..], 16),
            Some(decimal) => number(decimal, 10),
            None => Err(XmlError::Entity),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(xml: &str) -> Result<Vec<Event>, XmlError> {
        let mut reader = Reader::new(xml.as_bytes(), Limits::default());
        let mut all = Vec::new();
        loop {
            match reader.next()? {
                Event::Eof => return Ok(all),
                event => all.push(event),
            }
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let nasty = "a<b>&\"'\t\n\r é\u{1F600}";
        let mut writer = Writer::new();
        writer.open("p:a", &[("xmlns:p", "urn:x"), ("b", nasty)]);
        writer.leaf("p:c", &[], nasty).empty("p:d", &[]);
        let xml = writer.finish();
        let mut reader = Reader::new(xml.as_bytes(), Limits::default());
        let root = reader.root().unwrap();
        assert!(root.is("urn:x", "a"));
        assert_eq!(root.attribute("b"), Some(nasty));
        assert_eq!(reader.child().unwrap().unwrap().name, "c");
        assert_eq!(reader.text().unwrap(), nasty);
        assert_eq!(reader.child().unwrap().unwrap().name, "d");
        assert_eq!(reader.child().unwrap(), None);
        assert_eq!(reader.child().unwrap(), None);
        assert_eq!(reader.next().unwrap(), Event::Eof);
    }

    #[test]
    fn hostile_texts_are_refused_each_for_its_reason() {
        let deep = "<a>".repeat(65);
        for (xml, error) in [
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", XmlError::Dtd),
            ("<a>&b;</a>", XmlError::Entity),
            ("<a b='&c;'/>", XmlError::Entity),
            ("<a>&#0;</a>", XmlError::Malformed),
            ("<a><b></a>", XmlError::Malformed),
            ("<p:a/>", XmlError::Malformed),
            ("<a", XmlError::Cut),
            ("<a><b>", XmlError::Cut),
            ("", XmlError::Cut),
            ("text", XmlError::Malformed),
            (&deep, XmlError::TooDeep),
        ] {
            assert_eq!(events(xml), Err(error), "{xml:.40}");
        }
        let limits = Limits {
            bytes: 20,
            depth: 4,
        };
        let mut reader = Reader::new(&b"<a>0123456789012345678901234567890</a>"[..], limits);
        reader.root().unwrap();
        assert_eq!(reader.text(), Err(XmlError::TooLarge));
    }

    #[test]
    fn an_element_knows_where_it_stands_and_what_its_prefixes_mean() {
        let xml = "<?xml version='1.0'?><a xmlns='urn:d' xmlns:p='urn:p'>é<!-- x --> <p:b xmlns:q='urn:q' xmlns=''/><c>y</c></a>";
        let named = |reader: &Reader<&[u8]>| {
            let all = reader.namespaces().into_iter();
            let mut all: Vec<_> = all
                .map(|(p, n)| (p.leak() as &str, n.leak() as &str))
                .collect();
            all.sort_unstable();
            all
        };
        let mut reader = Reader::new(xml.as_bytes(), Limits::default());
        reader.root().unwrap();
        assert_eq!(&xml[reader.span().start as usize..][..3], "<a ");
        assert_eq!(named(&reader), [("", "urn:d"), ("p", "urn:p")]);
        reader.child().unwrap().unwrap();
        assert_eq!(&xml[reader.span().start as usize..][..5], "<p:b ");
        assert_eq!(named(&reader), [("p", "urn:p"), ("q", "urn:q")]);
        assert_eq!(reader.child().unwrap(), None);
        assert!(xml[..reader.span().end as usize].ends_with("xmlns=''/>"));
        reader.child().unwrap().unwrap();
        assert_eq!(&xml[reader.span().start as usize..][..3], "<c>");
        reader.skip().unwrap();
        assert!(xml[..reader.span().end as usize].ends_with("</c>"));
    }

    #[test]
    fn comments_and_instructions_are_passed_over_and_cdata_is_text() {
        let xml = "<?xml version='1.0'?><!-- x --><a><?p q?>b<![CDATA[<c>]]></a>";
        let mut reader = Reader::new(xml.as_bytes(), Limits::default());
        reader.root().unwrap();
        assert_eq!(reader.text().unwrap(), "b<c>");
    }
}
