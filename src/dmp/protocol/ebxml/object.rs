//! One object of the registry as ebRIM writes it, before it means anything: the common ground of every message here.

use std::io::BufRead;

use super::names::RIM;
use crate::dmp::protocol::xml::{Reader, Step, Tag, Writer, XmlError};
use crate::document::{EntryUuid, OtherClassification, OtherIdentifier, OtherSlot};

/// What kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    /// ExtrinsicObject.
    Document,
    /// RegistryPackage.
    Package,
    /// Association.
    Association,
    /// ObjectRef.
    Reference,
    /// A Classification that stands in the list, not in what it classifies.
    Classification,
    /// Anything else.
    #[default]
    Other,
}

impl Kind {
    fn of(tag: &Tag<'_>) -> Kind {
        if tag.namespace() != RIM {
            return Kind::Other;
        }
        match tag.name() {
            "ExtrinsicObject" => Kind::Document,
            "RegistryPackage" => Kind::Package,
            "Association" => Kind::Association,
            "ObjectRef" => Kind::Reference,
            "Classification" => Kind::Classification,
            _ => Kind::Other,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Kind::Document => "ExtrinsicObject",
            Kind::Package => "RegistryPackage",
            Kind::Association => "Association",
            Kind::Reference => "ObjectRef",
            Kind::Classification | Kind::Other => "RegistryObject",
        }
    }
}

/// An object of the registry. Attributes that are empty are absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Raw {
    pub kind: Kind,
    pub id: String,
    pub lid: Option<String>,
    pub home: Option<String>,
    pub status: Option<String>,
    pub object_type: Option<String>,
    pub mime_type: Option<String>,
    /// Of an Association; of a standing Classification, what it classifies.
    pub association_type: Option<String>,
    pub source: Option<String>,
    pub target: Option<String>,
    pub slots: Vec<OtherSlot>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub version: Option<String>,
    pub classifications: Vec<OtherClassification>,
    pub identifiers: Vec<OtherIdentifier>,
}

fn filled(value: std::borrow::Cow<'_, str>) -> Option<String> {
    (!value.is_empty()).then(|| value.into_owned())
}

impl Raw {
    /// The object whose start was just read: its attributes. [`Raw::fill`] reads the rest.
    pub fn begin(tag: &Tag<'_>) -> Result<Raw, XmlError> {
        let mut raw = Raw {
            kind: Kind::of(tag),
            ..Raw::default()
        };
        if raw.kind == Kind::Classification {
            let (classification, classified) = classification(tag)?;
            raw.classifications.push(classification);
            raw.source = classified;
            return Ok(raw);
        }
        tag.attributes(|namespace, name, value| {
            if !namespace.is_empty() {
                return;
            }
            match name {
                "id" => raw.id = value.into_owned(),
                "lid" => raw.lid = filled(value),
                "home" => raw.home = filled(value),
                "status" => raw.status = filled(value),
                "objectType" => raw.object_type = filled(value),
                "mimeType" => raw.mime_type = filled(value),
                "associationType" => raw.association_type = filled(value),
                "sourceObject" => raw.source = filled(value),
                "targetObject" => raw.target = filled(value),
                _ => {}
            }
        })?;
        Ok(raw)
    }

    /// Reads the object to its end.
    pub fn fill<R: BufRead>(&mut self, reader: &mut Reader<R>) -> Result<(), XmlError> {
        if self.kind == Kind::Classification {
            if let Some(classification) = self.classifications.first_mut() {
                fill_classification(reader, classification)?;
            }
            return Ok(());
        }
        loop {
            match reader.step()? {
                Step::Start(tag) => match rim_name(&tag) {
                    "Slot" => {
                        let slot = slot(&tag)?;
                        self.slots.push(slot);
                        if let Some(slot) = self.slots.last_mut() {
                            values(reader, &mut slot.values)?;
                        }
                    }
                    "Classification" => {
                        let (mut one, _) = classification(&tag)?;
                        fill_classification(reader, &mut one)?;
                        self.classifications.push(one);
                    }
                    "ExternalIdentifier" => {
                        let mut one = identifier(&tag)?;
                        fill_identifier(reader, &mut one)?;
                        self.identifiers.push(one);
                    }
                    "Name" => {
                        tag.attributes(|_, _, _| {})?;
                        self.name = localized(reader)?;
                    }
                    "Description" => {
                        tag.attributes(|_, _, _| {})?;
                        self.description = localized(reader)?;
                    }
                    "VersionInfo" => {
                        let mut version = None;
                        tag.attributes(|_, name, value| {
                            if name == "versionName" {
                                version = filled(value);
                            }
                        })?;
                        self.version = version;
                        reader.skip()?;
                    }
                    _ => {
                        tag.attributes(|_, _, _| {})?;
                        reader.skip()?;
                    }
                },
                Step::End => break,
                Step::Text(_) | Step::Passed => {}
                Step::Eof => return Err(XmlError::Cut),
            }
        }
        self.slots.sort_by(|a, b| a.name.cmp(&b.name));
        self.classifications.sort_by(|a, b| a.scheme.cmp(&b.scheme));
        self.identifiers.sort_by(|a, b| a.scheme.cmp(&b.scheme));
        Ok(())
    }

    /// Writes the object, in the order of the schema. `rim` is the default namespace.
    pub fn write(&self, out: &mut Writer, ids: &mut Ids) {
        let mut attributes: Vec<(&str, &str)> = Vec::new();
        for (name, value) in [
            ("associationType", &self.association_type),
            ("home", &self.home),
        ] {
            attributes.extend(value.as_deref().map(|v| (name, v)));
        }
        attributes.push(("id", &self.id));
        for (name, value) in [
            ("lid", &self.lid),
            ("mimeType", &self.mime_type),
            ("objectType", &self.object_type),
            ("sourceObject", &self.source),
            ("status", &self.status),
            ("targetObject", &self.target),
        ] {
            attributes.extend(value.as_deref().map(|v| (name, v)));
        }
        out.open(self.kind.name(), &attributes);
        for slot in &self.slots {
            write_slot(out, slot);
        }
        write_localized(out, "Name", self.name.as_deref());
        write_localized(out, "Description", self.description.as_deref());
        if let Some(version) = &self.version {
            out.empty("VersionInfo", &[("versionName", version)]);
        }
        for one in &self.classifications {
            write_classification(out, ids, &self.id, one);
        }
        for one in &self.identifiers {
            let id = ids.next("ei", &self.id);
            out.open(
                "ExternalIdentifier",
                &[
                    ("id", &id),
                    ("identificationScheme", &one.scheme),
                    ("registryObject", &self.id),
                    ("value", &one.value),
                ],
            );
            write_localized(out, "Name", one.label.as_deref());
            out.close();
        }
        out.close();
    }
}

/// The local name of an element of ebRIM, empty for any other.
fn rim_name<'t>(tag: &'t Tag<'_>) -> &'t str {
    if tag.namespace() == RIM {
        tag.name()
    } else {
        ""
    }
}

fn slot(tag: &Tag<'_>) -> Result<OtherSlot, XmlError> {
    let mut slot = OtherSlot::default();
    tag.attributes(|_, name, value| {
        if name == "name" {
            slot.name = value.into_owned();
        }
    })?;
    Ok(slot)
}

/// The values of a Slot whose start was read, to its end.
pub(super) fn values<R: BufRead>(
    reader: &mut Reader<R>,
    into: &mut Vec<String>,
) -> Result<(), XmlError> {
    let mut in_list = false;
    loop {
        match reader.step()? {
            Step::Start(tag) => {
                tag.attributes(|_, _, _| {})?;
                match rim_name(&tag) {
                    "ValueList" if !in_list => in_list = true,
                    "Value" => {
                        let value = reader.text()?;
                        into.push(value);
                    }
                    _ => reader.skip()?,
                }
            }
            Step::End if in_list => in_list = false,
            Step::End => return Ok(()),
            Step::Text(_) | Step::Passed => {}
            Step::Eof => return Err(XmlError::Cut),
        }
    }
}

/// A Name or Description whose start was read: the French text if there is one, else the first.
fn localized<R: BufRead>(reader: &mut Reader<R>) -> Result<Option<String>, XmlError> {
    let mut best: Option<(bool, String)> = None;
    loop {
        match reader.step()? {
            Step::Start(tag) => {
                let known = rim_name(&tag) == "LocalizedString";
                let mut text = None;
                let mut french = false;
                tag.attributes(|_, name, value| match name {
                    "value" if known => text = Some(value.into_owned()),
                    "lang" => {
                        french = value.get(..2).is_some_and(|l| l.eq_ignore_ascii_case("fr"));
                    }
                    _ => {}
                })?;
                if let Some(text) = text
                    && best
                        .as_ref()
                        .is_none_or(|(is_french, _)| french && !is_french)
                {
                    best = Some((french, text));
                }
                reader.skip()?;
            }
            Step::End => return Ok(best.map(|(_, text)| text)),
            Step::Text(_) | Step::Passed => {}
            Step::Eof => return Err(XmlError::Cut),
        }
    }
}

fn classification(tag: &Tag<'_>) -> Result<(OtherClassification, Option<String>), XmlError> {
    let mut one = OtherClassification::default();
    let mut classified = None;
    tag.attributes(|namespace, name, value| {
        if !namespace.is_empty() {
            return;
        }
        match name {
            "classificationScheme" => one.scheme = filled(value),
            "classificationNode" => one.node = filled(value),
            "nodeRepresentation" => one.code = filled(value),
            "classifiedObject" => classified = filled(value),
            _ => {}
        }
    })?;
    Ok((one, classified))
}

fn fill_classification<R: BufRead>(
    reader: &mut Reader<R>,
    one: &mut OtherClassification,
) -> Result<(), XmlError> {
    loop {
        match reader.step()? {
            Step::Start(tag) => match rim_name(&tag) {
                "Slot" => {
                    let mut slot = slot(&tag)?;
                    values(reader, &mut slot.values)?;
                    one.slots.push(slot);
                }
                "Name" => {
                    tag.attributes(|_, _, _| {})?;
                    one.label = localized(reader)?;
                }
                _ => {
                    tag.attributes(|_, _, _| {})?;
                    reader.skip()?;
                }
            },
            Step::End => break,
            Step::Text(_) | Step::Passed => {}
            Step::Eof => return Err(XmlError::Cut),
        }
    }
    one.slots.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(())
}

fn identifier(tag: &Tag<'_>) -> Result<OtherIdentifier, XmlError> {
    let mut one = OtherIdentifier::default();
    tag.attributes(|namespace, name, value| match name {
        "identificationScheme" if namespace.is_empty() => one.scheme = value.into_owned(),
        "value" if namespace.is_empty() => one.value = value.into_owned(),
        _ => {}
    })?;
    Ok(one)
}

fn fill_identifier<R: BufRead>(
    reader: &mut Reader<R>,
    one: &mut OtherIdentifier,
) -> Result<(), XmlError> {
    loop {
        match reader.step()? {
            Step::Start(tag) => {
                tag.attributes(|_, _, _| {})?;
                if rim_name(&tag) == "Name" {
                    one.label = localized(reader)?;
                } else {
                    reader.skip()?;
                }
            }
            Step::End => return Ok(()),
            Step::Text(_) | Step::Passed => {}
            Step::Eof => return Err(XmlError::Cut),
        }
    }
}

/// How the parts of an object are named, for the schema wants every one to have an identifier.
#[derive(Debug)]
pub(super) enum Ids {
    /// `cla1`, `ei1`…: a request (official message TD2.1).
    Counted { cla: u32, ei: u32 },
    /// UUIDs derived from the object's: an answer (official message TD3.1).
    Derived { n: u32 },
}

impl Ids {
    /// For a request.
    pub const fn counted() -> Ids {
        Ids::Counted { cla: 0, ei: 0 }
    }

    /// For an answer.
    pub const fn derived() -> Ids {
        Ids::Derived { n: 0 }
    }

    fn next(&mut self, what: &str, object: &str) -> String {
        match self {
            Ids::Counted { cla, ei } => {
                let n = if what == "ei" { ei } else { cla };
                *n = n.saturating_add(1);
                format!("{what}{n}")
            }
            Ids::Derived { n } => {
                *n = n.saturating_add(1);
                EntryUuid::derived(object, &n.to_string())
                    .as_str()
                    .to_owned()
            }
        }
    }

    /// The order of an author's slots, and whether its empty nodeRepresentation is written: the official requests and
    /// answers differ.
    fn author_rank(&self, slot: &str) -> u8 {
        match (self, slot) {
            (Ids::Counted { .. }, "authorPerson") => 0,
            (Ids::Counted { .. }, "authorSpecialty") => 1,
            (Ids::Counted { .. }, "authorInstitution") => 2,
            (Ids::Counted { .. }, "authorRole") => 3,
            _ => 4,
        }
    }
}

/// A slot.
pub(super) fn write_slot(out: &mut Writer, slot: &OtherSlot) {
    out.open("Slot", &[("name", &slot.name)])
        .open("ValueList", &[]);
    for value in &slot.values {
        out.leaf("Value", &[], value);
    }
    out.close().close();
}

/// The DMP writes `UTF8` and `FR` (official messages TD2.1 and TD3.1).
fn write_localized(out: &mut Writer, element: &str, text: Option<&str>) {
    if let Some(text) = text {
        out.open(element, &[])
            .empty(
                "LocalizedString",
                &[("charset", "UTF8"), ("value", text), ("xml:lang", "FR")],
            )
            .close();
    }
}

fn write_classification(out: &mut Writer, ids: &mut Ids, object: &str, one: &OtherClassification) {
    let id = ids.next("cla", object);
    let mut attributes: Vec<(&str, &str)> = Vec::with_capacity(5);
    attributes.extend(one.node.as_deref().map(|v| ("classificationNode", v)));
    attributes.extend(one.scheme.as_deref().map(|v| ("classificationScheme", v)));
    attributes.push(("classifiedObject", object));
    attributes.push(("id", &id));
    // An answer has nodeRepresentation even when it is empty.
    let code = match (&one.code, &ids, &one.scheme) {
        (None, Ids::Derived { .. }, Some(_)) => Some(""),
        (code, _, _) => code.as_deref(),
    };
    attributes.extend(code.map(|v| ("nodeRepresentation", v)));
    out.open("Classification", &attributes);
    let mut slots: Vec<&OtherSlot> = one.slots.iter().collect();
    slots.sort_by_key(|s| ids.author_rank(&s.name));
    for slot in slots {
        write_slot(out, slot);
    }
    write_localized(out, "Name", one.label.as_deref());
    out.close();
}
