//! The second walk over a document, whose form the first has checked: the body is kept.

use std::collections::HashMap;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

use super::file::{Collector, File};
use super::narrative::{Builder, Piece, Tag};
use super::{Content, Section, Structured};
use crate::cda::xml::{self, Reference};
use crate::cda::{Code, HL7, Id, Limits, ReadError};

/// Walks a document of which [`scan`](crate::cda::scan::scan) has checked the form.
pub(super) fn walk(
    text: &str,
    self_presenting: bool,
    limits: &Limits,
) -> Result<Content, ReadError> {
    Walk::new(self_presenting, limits).run(text)
}

/// Where an element that is open stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Around the document, in the style sheet that holds it.
    Around,
    /// `ClinicalDocument`.
    Document,
    /// `component`, which holds the body.
    BodyHolder,
    /// `structuredBody`.
    StructuredBody,
    /// `nonXMLBody`.
    FileBody,
    /// `component` of a body or of a section, which holds a section.
    SectionHolder,
    /// `section`.
    Section,
    /// `title` of a section.
    Title,
    /// `text` of a section.
    Text,
    /// An element inside it.
    Narrative,
    /// An entry of a section, or an element of it.
    Entry,
    /// `observationMedia`.
    Media,
    /// An element whose content is a file.
    File,
    /// What is passed over.
    Nothing,
}

struct Walk<'l> {
    limits: &'l Limits,
    self_presenting: bool,
    /// The places of the elements open, outermost first.
    places: Vec<Place>,
    document_seen: bool,
    content: Content,
    structured: Structured,
    /// Indexes of the sections open.
    sections: Vec<usize>,
    /// The title of the section being read.
    title: String,
    narrative: Option<Builder>,
    file: Option<Collector>,
    /// `observationMedia/@ID` of the media being read, and how many files there were before it.
    media: Option<(Option<String>, usize)>,
    /// `regionOfInterest/@ID` met since the last media: they show the one that comes inside.
    regions: Vec<(String, usize)>,
    notes: u32,
    elements: usize,
}

impl<'l> Walk<'l> {
    fn new(self_presenting: bool, limits: &'l Limits) -> Self {
        Self {
            limits,
            self_presenting,
            places: Vec::new(),
            document_seen: false,
            content: Content::Absent,
            structured: Structured::default(),
            sections: Vec::new(),
            title: String::new(),
            narrative: None,
            file: None,
            media: None,
            regions: Vec::new(),
            notes: 0,
            elements: 0,
        }
    }

    fn run(mut self, text: &str) -> Result<Content, ReadError> {
        let mut reader = NsReader::from_str(text);
        loop {
            // The first walk has read it all without a fault.
            let event = reader.read_event().map_err(|_| ReadError::NotCda)?;
            match event {
                Event::Start(start) => {
                    let hl7 = is_hl7(&reader, &start);
                    self.start(&start, hl7)?;
                }
                Event::Empty(start) => {
                    let hl7 = is_hl7(&reader, &start);
                    self.start(&start, hl7)?;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(content) => self.characters(&content.xml10_content()),
                Event::CData(content) => self.characters(&content.xml10_content()),
                Event::GeneralRef(inside) => {
                    if let Reference::Char(c) = xml::reference(&inside) {
                        self.characters(c.encode_utf8(&mut [0; 4]));
                    }
                }
                Event::Eof => break,
                Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
            }
        }
        if let Content::Structured(_) = self.content {
            resolve(&mut self.structured, &self.regions);
            self.content = Content::Structured(self.structured);
        }
        Ok(self.content)
    }

    fn start(&mut self, start: &BytesStart<'_>, hl7: bool) -> Result<(), ReadError> {
        let parent = self.places.last().copied();
        let name = start.local_name();
        let name = name.into_inner();
        let attribute = |name: &str| attribute(start, name);
        let place = match parent.unwrap_or(Place::Around) {
            Place::Around => {
                let here = parent.is_none() || self.self_presenting;
                if hl7 && name == "ClinicalDocument" && here && !self.document_seen {
                    self.document_seen = true;
                    Place::Document
                } else {
                    Place::Around
                }
            }
            Place::Document if hl7 && name == "component" => Place::BodyHolder,
            Place::BodyHolder if hl7 && self.content == Content::Absent => match name {
                "structuredBody" => {
                    self.content = Content::Structured(Structured::default());
                    Place::StructuredBody
                }
                "nonXMLBody" => {
                    self.content = Content::Unstructured(File::missing(None, None));
                    Place::FileBody
                }
                _ => Place::Nothing,
            },
            Place::FileBody if hl7 && name == "text" && self.file.is_none() => {
                self.file = Some(Collector::new(attribute));
                Place::File
            }
            Place::StructuredBody | Place::Section if hl7 && name == "component" => {
                Place::SectionHolder
            }
            Place::SectionHolder if hl7 && name == "section" => {
                self.count()?;
                self.sections.push(self.structured.sections.len());
                self.structured.sections.push(Section {
                    depth: self.sections.len(),
                    ..Section::default()
                });
                Place::Section
            }
            Place::Section if hl7 => self.in_section(name, attribute)?,
            Place::Section | Place::Entry if name == "observationMedia" => self.media(attribute)?,
            Place::Text | Place::Narrative => {
                if let Some(builder) = &mut self.narrative {
                    builder.start(name, attribute, &mut self.elements, self.limits)?;
                }
                Place::Narrative
            }
            Place::Entry => {
                if name == "regionOfInterest"
                    && let Some(id) = attribute("ID")
                {
                    self.count()?;
                    self.regions.push((id, self.structured.files.len()));
                }
                Place::Entry
            }
            Place::Media if name == "value" && self.file.is_none() => {
                self.file = Some(Collector::new(attribute));
                Place::File
            }
            Place::Media => Place::Entry,
            _ => Place::Nothing,
        };
        self.places.push(place);
        Ok(())
    }

    /// What an element directly in a section is.
    fn in_section(
        &mut self,
        name: &str,
        attribute: impl Fn(&str) -> Option<String>,
    ) -> Result<Place, ReadError> {
        let Some(section) = self.sections.last().copied() else {
            return Ok(Place::Nothing);
        };
        let Some(section) = self.structured.sections.get_mut(section) else {
            return Ok(Place::Nothing);
        };
        Ok(match name {
            "templateId" => {
                if let Some(root) = attribute("root") {
                    let extension = attribute("extension");
                    section.template_ids.push(Id { root, extension });
                    self.count()?;
                }
                Place::Nothing
            }
            "code" => {
                if let Some(code) = attribute("code")
                    && section.code.is_none()
                {
                    section.code = Some(Code {
                        code,
                        system: attribute("codeSystem").unwrap_or_default(),
                        label: attribute("displayName"),
                    });
                }
                Place::Nothing
            }
            "languageCode" => {
                section.language = attribute("code");
                Place::Nothing
            }
            "title" => {
                self.title.clear();
                Place::Title
            }
            "text" if section.narrative.is_none() => {
                self.narrative = Some(Builder::new(self.notes, attribute));
                Place::Text
            }
            "entry" => {
                section.coded = true;
                Place::Entry
            }
            _ => Place::Nothing,
        })
    }

    fn media(&mut self, attribute: impl Fn(&str) -> Option<String>) -> Result<Place, ReadError> {
        self.count()?;
        // One inside another would be an attack on the tree, not a document.
        if self.media.is_some() {
            return Ok(Place::Nothing);
        }
        self.media = Some((attribute("ID"), self.structured.files.len()));
        Ok(Place::Media)
    }

    fn count(&mut self) -> Result<(), ReadError> {
        self.elements += 1;
        if self.elements > self.limits.body_elements {
            return Err(ReadError::BodyTooLarge {
                limit: self.limits.body_elements,
            });
        }
        Ok(())
    }

    fn characters(&mut self, content: &str) {
        match self.places.last() {
            Some(Place::Title) => self.title.push_str(content),
            Some(Place::Text | Place::Narrative) => {
                if let Some(builder) = &mut self.narrative {
                    builder.text(content);
                }
            }
            Some(Place::File) => {
                if let Some(file) = &mut self.file {
                    file.push(content);
                }
            }
            _ => {}
        }
    }

    fn end(&mut self) {
        let section = self.sections.last().copied();
        match self.places.pop() {
            Some(Place::Narrative) => {
                if let Some(builder) = &mut self.narrative {
                    builder.end();
                }
            }
            Some(Place::Text) => {
                if let Some(builder) = self.narrative.take() {
                    let (narrative, notes) = builder.finish();
                    self.notes = notes;
                    if let Some(section) = self.section(section) {
                        section.narrative = Some(narrative);
                    }
                }
            }
            Some(Place::Title) => {
                let words: Vec<_> = self.title.split_whitespace().collect();
                let title = words.join(" ");
                if let Some(section) = self.section(section)
                    && section.title.is_none()
                    && !title.is_empty()
                {
                    section.title = Some(title);
                }
            }
            Some(Place::Section) => {
                self.sections.pop();
            }
            Some(Place::File) => self.end_of_file(section),
            Some(Place::Media) => self.end_of_media(section),
            _ => {}
        }
    }

    fn end_of_file(&mut self, section: Option<usize>) {
        let Some(file) = self.file.take().map(Collector::finish) else {
            return;
        };
        if let Content::Unstructured(body) = &mut self.content {
            // A second text would not be valid; the first one counts.
            if body.declared.is_none() {
                *body = file;
            }
        } else if let Some((id, _)) = &mut self.media {
            let id = id.take();
            self.structured.files.push(File {
                id,
                section,
                ..file
            });
        }
    }

    fn end_of_media(&mut self, section: Option<usize>) {
        let Some((id, before)) = self.media.take() else {
            return;
        };
        if self.structured.files.len() == before {
            self.structured.files.push(File::missing(id, section));
        }
        let copy = section
            .and_then(|index| self.structured.sections.get(index))
            .is_some_and(Section::is_pdf_copy);
        for file in self.structured.files.iter_mut().skip(before) {
            file.pdf_copy = copy && file.media_type() == "application/pdf";
        }
    }

    fn section(&mut self, index: Option<usize>) -> Option<&mut Section> {
        self.structured.sections.get_mut(index?)
    }
}

/// Puts the files and the notes where the narrative refers to them.
fn resolve(structured: &mut Structured, regions: &[(String, usize)]) {
    let mut files: HashMap<&str, usize> = HashMap::new();
    for (index, file) in structured.files.iter().enumerate() {
        if let Some(id) = &file.id {
            files.entry(id).or_insert(index);
        }
    }
    for (id, index) in regions {
        if *index < structured.files.len() {
            files.entry(id).or_insert(*index);
        }
    }
    let mut notes: HashMap<String, u32> = HashMap::new();
    for pass in [Tag::Footnote, Tag::FootnoteRef] {
        let narratives = structured
            .sections
            .iter_mut()
            .flat_map(|s| &mut s.narrative);
        for piece in narratives.flat_map(|n| &mut n.pieces) {
            let Piece::Start(element) = piece else {
                continue;
            };
            let Some(detail) = &mut element.detail else {
                continue;
            };
            match (element.tag, pass) {
                (Tag::Footnote, Tag::Footnote) => {
                    if let (Some(id), Some(note)) = (detail.id.take(), detail.note) {
                        notes.entry(id).or_insert(note);
                    }
                }
                (Tag::FootnoteRef, Tag::FootnoteRef) => {
                    let reference = detail.reference.take().unwrap_or_default();
                    detail.note = notes.get(reference.trim()).copied();
                }
                (Tag::Media, Tag::FootnoteRef) => {
                    let references = detail.reference.take().unwrap_or_default();
                    let found = references.split_whitespace().filter_map(|id| files.get(id));
                    detail.files = found.copied().collect();
                }
                _ => {}
            }
        }
    }
}

fn is_hl7(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> bool {
    let (namespace, _) = reader.resolver().resolve_element(start.name());
    matches!(namespace, ResolveResult::Bound(Namespace(uri)) if uri == HL7)
}

/// The value of an attribute without prefix, trimmed; an empty one counts as absent.
fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = start
        .attributes()
        .flatten()
        .find(|a| a.key.into_inner() == name)?;
    let value = attribute.normalized_value(XmlVersion::Explicit1_0).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}
