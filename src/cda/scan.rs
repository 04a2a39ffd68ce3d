//! One walk over the whole document: its form is checked to the end, its header is kept.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::errors::{IllFormedError, SyntaxError};
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, NamespaceError, NamespaceResolver, ResolveResult};
use quick_xml::reader::Reader;
use quick_xml::{Error as XmlError, XmlVersion};

use super::element::Tree;
use super::xml::{self, Reference};
use super::{Body, HL7, Limits, ReadError, XSLT};

/// What the walk keeps.
pub(super) struct Scan<'t> {
    /// Whether the document is held in the style sheet that displays it.
    pub self_presenting: bool,
    /// The elements of the header.
    pub tree: Tree<'t>,
    /// The kind of body, when there is one.
    pub body: Option<Body>,
    /// Whether the walk stopped once the kind of body was known.
    pub stopped: bool,
}

/// Who looks at the files of the body while it is walked: they are handed over in pieces, and kept by no one else.
pub(super) trait Follow {
    /// Whether an element of the body is looked at: its text comes in [`Follow::text`] until [`Follow::close`].
    ///
    /// `level` is 1 for `component`; elements inside one that is looked at are not asked about.
    fn open(
        &mut self,
        level: usize,
        name: &str,
        attributes: &dyn Fn(&str) -> Option<String>,
    ) -> bool;
    /// A piece of the text, as it is written, references resolved.
    fn text(&mut self, piece: &str);
    /// The element ends.
    fn close(&mut self);
}

/// Nobody looks.
impl Follow for () {
    fn open(&mut self, _: usize, _: &str, _: &dyn Fn(&str) -> Option<String>) -> bool {
        false
    }
    fn text(&mut self, _: &str) {}
    fn close(&mut self) {}
}

/// Walks a document to its end.
pub(super) fn scan<'t>(
    text: &'t str,
    limits: &Limits,
    follow: &mut dyn Follow,
) -> Result<Scan<'t>, ReadError> {
    if let Some(offset) = xml::first_forbidden(text) {
        return Err(malformed(text, offset));
    }
    Walk::new(text, limits, follow).run()
}

/// Walks a document until the kind of its body is known; none when the text stops before that, or is at fault.
///
/// `text` may be the beginning of a document: what is wrong with it may be that it was cut.
pub(super) fn scan_header<'t>(text: &'t str, limits: &Limits) -> Option<Scan<'t>> {
    let mut nobody = ();
    let mut walk = Walk::new(text, limits, &mut nobody);
    walk.header_only = true;
    walk.run().ok().filter(|scan| scan.stopped)
}

fn malformed(text: &str, offset: usize) -> ReadError {
    ReadError::Malformed {
        line: line_of(text, offset),
        offset,
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|b| **b == b'\n').count()
}

struct Walk<'t, 'l> {
    text: &'t str,
    limits: &'l Limits,
    follow: &'l mut dyn Follow,
    /// Depth of the element of the body that is being followed.
    followed: Option<usize>,
    /// The namespaces declared so far.
    resolver: NamespaceResolver,
    /// Depths of the open elements that declare one.
    scopes: Vec<usize>,
    /// Elements open, the root included.
    depth: usize,
    root_seen: bool,
    self_presenting: bool,
    /// Depth of `ClinicalDocument`, once met.
    document: Option<usize>,
    document_ended: bool,
    in_component: bool,
    in_unstructured: bool,
    /// Depth of the element of another namespace being passed over, in the header.
    foreign: Option<usize>,
    tree: Tree<'t>,
    body: Option<Body>,
    /// Whether to stop once the kind of body is known.
    header_only: bool,
}

impl<'t, 'l> Walk<'t, 'l> {
    fn new(text: &'t str, limits: &'l Limits, follow: &'l mut dyn Follow) -> Self {
        Self {
            text,
            limits,
            follow,
            followed: None,
            resolver: NamespaceResolver::default(),
            scopes: Vec::new(),
            depth: 0,
            root_seen: false,
            self_presenting: false,
            document: None,
            document_ended: false,
            in_component: false,
            in_unstructured: false,
            foreign: None,
            tree: Tree::new(),
            body: None,
            header_only: false,
        }
    }

    fn run(mut self) -> Result<Scan<'t>, ReadError> {
        let mut reader = Reader::from_str(self.text);
        reader.config_mut().enable_all_checks(true);
        loop {
            let before = position(reader.buffer_position());
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(e) => return Err(self.reader_error(&e, position(reader.error_position()))),
            };
            let after = position(reader.buffer_position());
            match event {
                Event::Start(start) => self.start(&start, before..after)?,
                Event::Empty(start) => {
                    self.start(&start, before..after)?;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(content) => {
                    // Between the elements of a header there is white space, and nothing to do with it.
                    let blank = content.trim_ascii_start().is_empty();
                    if blank && self.keeps_text() {
                        self.tree.space();
                        continue;
                    }
                    self.characters(&content, before)?;
                    if self.keeps_text() {
                        self.tree.text(content.xml10_content());
                    }
                }
                Event::CData(content) => {
                    if self.depth == 0 {
                        return Err(self.outside_root(before));
                    }
                    if self.keeps_text() {
                        self.tree.text(content.xml10_content());
                    } else if self.followed.is_some() {
                        self.follow.text(&content);
                    }
                }
                Event::GeneralRef(inside) => self.reference(&inside, before)?,
                Event::Decl(declaration) => {
                    // XML allows the declaration nowhere but at the very start.
                    if before != 0 || declaration.version().is_err() {
                        return Err(malformed(self.text, before));
                    }
                }
                Event::PI(instruction) => {
                    let target = instruction.target();
                    if !xml::is_name(target) || target.eq_ignore_ascii_case("xml") {
                        return Err(malformed(self.text, before));
                    }
                }
                Event::DocType(_) => return Err(ReadError::Doctype),
                Event::Comment(_) => {}
                Event::Eof => break,
            }
            if self.header_only && self.knows_body() {
                if let Some(offset) = xml::first_forbidden(&self.text[..after]) {
                    return Err(malformed(self.text, offset));
                }
                self.tree.close_all();
                return Ok(Scan {
                    self_presenting: self.self_presenting,
                    tree: self.tree,
                    body: self.body,
                    stopped: true,
                });
            }
        }
        if self.depth > 0 {
            return Err(ReadError::Truncated);
        }
        if self.document.is_none() {
            return Err(ReadError::NotCda);
        }
        Ok(Scan {
            self_presenting: self.self_presenting,
            tree: self.tree,
            body: self.body,
            stopped: false,
        })
    }

    /// Whether the kind of body is known, with the media type of one without structure.
    fn knows_body(&self) -> bool {
        match &self.body {
            Some(Body::Unstructured { media_type }) => {
                media_type.is_some() || !self.in_unstructured
            }
            Some(Body::Structured) => true,
            None => false,
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, place: Range<usize>) -> Result<(), ReadError> {
        let after = place.end;
        if self.depth == 0 && self.root_seen {
            return Err(malformed(self.text, after));
        }
        self.root_seen = true;
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(ReadError::TooDeep {
                limit: self.limits.depth,
            });
        }
        if !xml::is_qualified_name(start.name().into_inner()) {
            return Err(malformed(self.text, after));
        }
        // Nearly no element declares a namespace: only those that may are looked at for it.
        if start.contains("xmlns") {
            if let Err(error) = self.resolver.push(start) {
                return Err(self.reader_error(&XmlError::Namespace(error), after));
            }
            self.scopes.push(self.depth);
        }
        let (namespace, local) = self.resolver.resolve_element(start.name());
        let namespace = match &namespace {
            ResolveResult::Bound(Namespace(uri)) => Space::of(uri),
            ResolveResult::Unbound => Space::Other,
            ResolveResult::Unknown(_) => return Err(self.undeclared(after)),
        };
        let local = local.into_inner();
        let kept = self.place(namespace, local)?;
        if self.in_component && self.followed.is_none() && namespace == Space::Hl7 {
            let level = self.depth - self.document.unwrap_or(self.depth);
            let value = |name: &str| {
                let attribute = start.try_get_attribute(name).ok().flatten()?;
                let value = attribute.normalized_value(XmlVersion::Explicit1_0).ok()?;
                Some(value.trim().to_owned())
            };
            if self.follow.open(level, local, &value) {
                self.followed = Some(self.depth);
            }
        }
        // The tag as it stands in the text: what is kept is borrowed from there.
        let tag = self.text.get(place).unwrap_or_default();
        let tag = tag.strip_prefix('<').unwrap_or(tag);
        let tag = tag.strip_suffix('>').unwrap_or(tag);
        let tag = tag.strip_suffix('/').unwrap_or(tag);
        let length = start.name().into_inner().len();
        let media = self.attributes(tag, length, after, kept)?;
        match kept {
            Kept::Nothing => {}
            Kept::Header => {
                if self.tree.len() >= self.limits.header_elements {
                    return Err(ReadError::TooManyElements {
                        limit: self.limits.header_elements,
                    });
                }
                let local = length - local.len()..length;
                self.tree.open(tag.get(local).unwrap_or_default());
            }
            Kept::MediaType => {
                let media_type = media.map(|value| value.trim().to_owned());
                let media_type = media_type.filter(|value| !value.is_empty());
                self.body = Some(Body::Unstructured { media_type });
                // The first text tells; without a media type the document has none.
                self.in_unstructured = false;
            }
        }
        Ok(())
    }

    /// Says where an element that opens stands, and what to keep of it.
    fn place(&mut self, namespace: Space, local: &str) -> Result<Kept, ReadError> {
        let hl7 = namespace == Space::Hl7;
        let Some(document) = self.document else {
            let is_document = hl7 && local == "ClinicalDocument";
            let is_style_sheet =
                namespace == Space::Xslt && matches!(local, "stylesheet" | "transform");
            if is_document && (self.depth == 1 || self.self_presenting) {
                self.document = Some(self.depth);
            } else if self.depth == 1 && is_style_sheet {
                self.self_presenting = true;
            } else if self.depth == 1 {
                return Err(ReadError::NotCda);
            }
            return Ok(Kept::Nothing);
        };
        if self.document_ended || self.foreign.is_some() {
            return Ok(Kept::Nothing);
        }
        let level = self.depth - document;
        if self.in_component {
            // A second body would not be valid; the first one counts.
            match (level, hl7, local) {
                (2, true, "structuredBody") if self.body.is_none() => {
                    self.body = Some(Body::Structured);
                }
                (2, true, "nonXMLBody") if self.body.is_none() => {
                    self.body = Some(Body::Unstructured { media_type: None });
                    self.in_unstructured = true;
                }
                (3, true, "text") if self.in_unstructured => return Ok(Kept::MediaType),
                _ => {}
            }
            return Ok(Kept::Nothing);
        }
        if !hl7 {
            self.foreign = Some(self.depth);
            return Ok(Kept::Nothing);
        }
        if level == 1 && local == "component" {
            self.in_component = true;
            return Ok(Kept::Nothing);
        }
        Ok(Kept::Header)
    }

    /// Checks the attributes of an element. Those of the header are kept, without the ones that have a prefix; the
    /// media type of a body is given back.
    fn attributes(
        &mut self,
        tag: &'t str,
        name_length: usize,
        after: usize,
        kept: Kept,
    ) -> Result<Option<Cow<'t, str>>, ReadError> {
        let mut media = None;
        let mut attributes = Attributes::new(tag, name_length);
        // One attribute repeats no other: the reader need not keep its name.
        let several = tag.bytes().filter(|b| *b == b'=').count() > 1;
        for (count, attribute) in attributes.with_checks(several).enumerate() {
            let attribute = attribute.map_err(|_| malformed(self.text, after))?;
            if count >= self.limits.attributes {
                return Err(ReadError::TooManyAttributes {
                    limit: self.limits.attributes,
                });
            }
            if attribute.value.len() > self.limits.attribute_length {
                return Err(ReadError::AttributeTooLong {
                    limit: self.limits.attribute_length,
                });
            }
            let name = attribute.key.into_inner();
            if !xml::is_qualified_name(name) || attribute.value.as_bytes().contains(&b'<') {
                return Err(malformed(self.text, after));
            }
            self.check_references(&attribute.value, after)?;
            if let Some(prefix) = attribute.key.prefix() {
                if matches!(
                    self.resolver.resolve_prefix(Some(prefix), false),
                    ResolveResult::Unknown(_)
                ) {
                    return Err(self.undeclared(after));
                }
                continue;
            }
            if kept == Kept::Nothing {
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Explicit1_0);
            let value = value.map_err(|_| malformed(self.text, after))?;
            if kept == Kept::Header {
                self.tree.attribute(name, value);
            } else if name == "mediaType" {
                media = Some(value);
            }
        }
        Ok(media)
    }

    fn check_references(&self, value: &str, after: usize) -> Result<(), ReadError> {
        if !value.as_bytes().contains(&b'&') {
            return Ok(());
        }
        for reference in value.split('&').skip(1) {
            let Some((inside, _)) = reference.split_once(';') else {
                return Err(malformed(self.text, after));
            };
            self.resolve(inside, after)?;
        }
        Ok(())
    }

    fn resolve(&self, inside: &str, offset: usize) -> Result<char, ReadError> {
        match xml::reference(inside) {
            Reference::Char(c) => Ok(c),
            Reference::Entity => Err(ReadError::Entity {
                line: line_of(self.text, offset),
                offset,
            }),
            Reference::Malformed => Err(malformed(self.text, offset)),
        }
    }

    fn end(&mut self) {
        let document = self.document;
        if self.followed == Some(self.depth) {
            self.followed = None;
            self.follow.close();
        }
        if self.foreign == Some(self.depth) {
            self.foreign = None;
        } else if self.foreign.is_none()
            && !self.document_ended
            && let Some(document) = document
        {
            match self.depth.checked_sub(document) {
                Some(0) => self.document_ended = true,
                Some(1) if self.in_component => {
                    self.in_component = false;
                }
                Some(2) if self.in_unstructured => self.in_unstructured = false,
                Some(_) if !self.in_component => self.tree.close(),
                _ => {}
            }
        }
        if self.scopes.last() == Some(&self.depth) {
            self.scopes.pop();
            self.resolver.pop();
        }
        // The reader has already refused an end tag without its start.
        self.depth = self.depth.saturating_sub(1);
    }

    fn characters(&mut self, content: &str, offset: usize) -> Result<(), ReadError> {
        if self.depth == 0 {
            let blank = content
                .bytes()
                .all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'));
            return if blank {
                Ok(())
            } else {
                Err(self.outside_root(offset))
            };
        }
        // The search for one byte is the faster one, and most texts have none.
        if content.as_bytes().contains(&b']') && content.contains("]]>") {
            return Err(malformed(self.text, offset));
        }
        if self.followed.is_some() {
            self.follow.text(content);
        }
        Ok(())
    }

    fn reference(&mut self, inside: &str, offset: usize) -> Result<(), ReadError> {
        let c = self.resolve(inside, offset)?;
        if self.depth == 0 {
            return Err(self.outside_root(offset));
        }
        let mut buffer = [0; 4];
        let content = c.encode_utf8(&mut buffer);
        if self.keeps_text() {
            self.tree.text(Cow::Owned(content.to_owned()));
        } else if self.followed.is_some() {
            self.follow.text(content);
        }
        Ok(())
    }

    /// Whether text met here belongs to the header. What does not is never normalised: that would copy it.
    fn keeps_text(&self) -> bool {
        !self.in_component && self.foreign.is_none() && self.document.is_some()
    }

    /// Text where only markup may stand: what has no root at all is not XML, so not CDA.
    fn outside_root(&self, offset: usize) -> ReadError {
        if self.root_seen {
            malformed(self.text, offset)
        } else {
            ReadError::NotCda
        }
    }

    fn undeclared(&self, offset: usize) -> ReadError {
        ReadError::UndeclaredPrefix {
            line: line_of(self.text, offset),
            offset,
        }
    }

    /// Translates an error of the reader, without the names it quotes.
    fn reader_error(&self, error: &XmlError, offset: usize) -> ReadError {
        let rest = self.text.get(offset..).unwrap_or_default();
        let truncated = match error {
            // The resolver has a limit of its own, on a counter of 16 bits.
            XmlError::Namespace(NamespaceError::TooDeeplyNested(limit)) => {
                return ReadError::TooDeep { limit: *limit };
            }
            XmlError::Syntax(SyntaxError::UnclosedDoctype) => return ReadError::Doctype,
            XmlError::Syntax(SyntaxError::InvalidBangMarkup) => {
                "<!--".starts_with(rest) || "<![CDATA[".starts_with(rest)
            }
            XmlError::Syntax(_) => true,
            XmlError::IllFormed(IllFormedError::UnclosedReference) => !rest.contains('<'),
            _ => false,
        };
        if truncated {
            ReadError::Truncated
        } else {
            malformed(self.text, offset)
        }
    }
}

/// The namespaces that mean something here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Space {
    Hl7,
    Xslt,
    Other,
}

impl Space {
    fn of(uri: &str) -> Self {
        match uri {
            HL7 => Self::Hl7,
            XSLT => Self::Xslt,
            _ => Self::Other,
        }
    }
}

/// What to keep of an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Nothing,
    /// The element, in the header's tree.
    Header,
    /// The media type of an unstructured body.
    MediaType,
}

fn position(offset: u64) -> usize {
    // The text is in memory, so its offsets fit.
    usize::try_from(offset).unwrap_or(usize::MAX)
}
