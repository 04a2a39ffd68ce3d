//! The questions, both ways.

use std::io::BufRead;

use super::node::Node;
use super::{DMP_DEVICE, HL7, Id, Message, XSI, time};
use crate::clock::Instant;
use crate::dmp::PatientSearch;
use crate::dmp::protocol::xml::{Element, Reader, Writer, XmlError};
use crate::identity::{Ins, Sex};

/// What PRPA_IN201307UV02 asks, by its reason code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// TEST_EXST: TD0.2.
    Existence,
    /// CNSLT_DATA: TD1.3a.
    Administrative,
}

impl Asked {
    /// Code and label, system 1.2.250.1.213.1.1.4.11. Source: official messages TD0.2 and TD1.3a.
    pub(super) const fn reason(self) -> (&'static str, &'static str) {
        match self {
            Asked::Existence => ("TEST_EXST", "Test d'existence de dossier"),
            Asked::Administrative => (
                "CNSLT_DATA",
                "Consultation des données de gestion de dossier",
            ),
        }
    }
}

/// A question about one patient, as a server reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientQuery {
    /// What is asked.
    pub asked: Asked,
    /// About whom.
    pub patient: Ins,
    /// By which message.
    pub message: Message,
}

/// A search by traits, as a server reads it.
#[derive(Clone, PartialEq, Eq)]
pub struct SearchQuery {
    /// What is searched; the birth date is empty when the request has none, as the official one.
    pub search: PatientSearch,
    /// By which message.
    pub message: Message,
}

/// The beginning of every message, up to its sender; the root stays open.
pub(super) fn head<'a>(
    x: &'a mut Writer,
    name: &str,
    id: &Id,
    at: Instant,
    answer: bool,
    (to, from): ((&str, &str), (&str, &str)),
) -> &'a mut Writer {
    x.open(name, &[("xmlns", HL7), ("ITSVersion", "XML_1.0")]);
    ii(x, "id", id);
    x.empty("creationTime", &[("value", &time::plain(at))]);
    let interaction = [("extension", name), ("root", "2.16.840.1.113883.1.6")];
    x.empty("interactionId", &interaction);
    x.empty("processingCode", &[("code", "P")]);
    x.empty("processingModeCode", &[("code", "T")]);
    x.empty(
        "acceptAckCode",
        &[("code", if answer { "NE" } else { "AL" })],
    );
    for (element, kind, (oid, software)) in [("receiver", "RCV", to), ("sender", "SND", from)] {
        x.open(element, &[("typeCode", kind)]);
        let device = [("classCode", "DEV"), ("determinerCode", "INSTANCE")];
        x.open("device", &device);
        x.empty("id", &[("root", oid)]);
        x.leaf("softwareName", &[], software).close().close();
    }
    x
}

/// An II.
pub(super) fn ii(x: &mut Writer, name: &str, id: &Id) {
    if id.extension.is_empty() {
        x.empty(name, &[("root", &id.root)]);
    } else {
        x.empty(name, &[("extension", &id.extension), ("root", &id.root)]);
    }
}

const DMP: (&str, &str) = (DMP_DEVICE, "DMP");

/// The payload of TD0.2 or TD1.3a.
///
/// As the official messages, but for `processingCode`, `P` (production) where theirs is `D` (debugging), and without
/// the nil elements of TD1.3a that its schema refuses.
pub fn existence_request(asked: Asked, patient: &Ins, message: &Message, at: Instant) -> String {
    let mut x = Writer::new();
    let from = (message.device.as_str(), message.software.as_str());
    head(
        &mut x,
        "PRPA_IN201307UV02",
        &message.id,
        at,
        false,
        (DMP, from),
    );
    let nil = [("xmlns:xsi", XSI), ("xsi:nil", "true")];
    x.empty("attentionLine", &nil);
    let act = [("classCode", "CACT"), ("moodCode", "EVN")];
    x.open("controlActProcess", &act);
    reason_code(&mut x, asked);
    x.open("queryByParameter", &[]);
    ii(&mut x, "queryId", &message.query);
    x.empty("statusCode", &[("code", "new")]);
    x.open("parameterList", &[]).empty("dataSource", &nil);
    x.open("patientIdentifier", &[]);
    let value = [("extension", patient.matricule()), ("root", patient.oid())];
    x.empty("value", &value);
    x.leaf("semanticsText", &[], "Patient.id");
    x.finish()
}

pub(super) fn reason_code(x: &mut Writer, asked: Asked) {
    let (code, label) = asked.reason();
    let reason = [
        ("code", code),
        ("codeSystem", "1.2.250.1.213.1.1.4.11"),
        ("displayName", label),
    ];
    x.empty("reasonCode", &reason);
}

/// The HL7 code of a sex (system 2.16.840.1.113883.5.1).
pub(super) const fn sex_code(sex: Sex) -> &'static str {
    match sex {
        Sex::M => "M",
        Sex::F => "F",
        Sex::I => "UN",
    }
}

pub(super) fn sex_of(code: &str) -> Option<Sex> {
    match code {
        "M" => Some(Sex::M),
        "F" => Some(Sex::F),
        "UN" | "U" | "I" => Some(Sex::I),
        _ => None,
    }
}

/// `parameterList` of a search, in the order of its schema.
pub(super) fn search_parameters(x: &mut Writer, query: &Id, search: &PatientSearch) {
    x.open("queryByParameter", &[]);
    ii(x, "queryId", query);
    x.empty("statusCode", &[("code", "new")]);
    x.open("parameterList", &[]);
    if let Some(sex) = search.sex {
        x.open("livingSubjectAdministrativeGender", &[]);
        x.empty("value", &[("code", sex_code(sex))]);
        x.leaf("semanticsText", &[], "LivingSubject.administrativeGender")
            .close();
    }
    if !search.birth_date.is_empty() {
        x.open("livingSubjectBirthTime", &[]);
        x.empty("value", &[("value", &search.birth_date)]);
        x.leaf("semanticsText", &[], "LivingSubject.birthTime")
            .close();
    }
    x.open("livingSubjectName", &[]).open("value", &[]);
    x.leaf("family", &[], &search.name);
    if let Some(given) = &search.given {
        x.leaf("given", &[], given);
    }
    x.close();
    x.leaf("semanticsText", &[], "LivingSubject.name");
    x.close().close().close();
}

/// The payload of TD0.5. As the official message, which searches by name alone; the birth date, that this library
/// requires, and the sex stand where the schema has them.
pub fn search_request(search: &PatientSearch, message: &Message, at: Instant) -> String {
    let mut x = Writer::new();
    let from = (message.device.as_str(), message.software.as_str());
    head(
        &mut x,
        "PRPA_IN201305UV02",
        &message.id,
        at,
        false,
        (DMP, from),
    );
    let act = [("classCode", "CACT"), ("moodCode", "EVN")];
    x.open("controlActProcess", &act);
    let trigger = [
        ("code", "PRPA_TE201305UV02"),
        ("codeSystem", "2.16.840.1.113883.1.6"),
    ];
    x.empty("code", &trigger);
    search_parameters(&mut x, &message.query, search);
    x.finish()
}

fn message_of(root: &Node, query: &Node) -> Result<Message, XmlError> {
    let device = root
        .at(&["sender", "device"])
        .ok_or(XmlError::Unexpected("sender/device"))?;
    let id = |node: &Node, path: &'static str| {
        node.first(path)
            .map(Node::id)
            .filter(|id| !id.root.is_empty())
            .ok_or(XmlError::Unexpected(path))
    };
    Ok(Message {
        id: id(root, "id")?,
        query: id(query, "queryId")?,
        device: id(device, "id")?.root,
        software: device
            .first("softwareName")
            .and_then(Node::text)
            .unwrap_or_default()
            .to_owned(),
    })
}

fn query_of<'a>(root: &'a Node, name: &'static str) -> Result<&'a Node, XmlError> {
    if !root.element.is(HL7, name) {
        return Err(XmlError::Unexpected(name));
    }
    root.at(&["controlActProcess", "queryByParameter"])
        .ok_or(XmlError::Unexpected("queryByParameter"))
}

/// Reads the payload of TD0.2 or TD1.3a, whose start was just read. Whether the patient is the assertion's is the
/// caller's to check.
pub fn read_patient_query<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
) -> Result<PatientQuery, XmlError> {
    let root = Node::read(reader, start)?;
    let query = query_of(&root, "PRPA_IN201307UV02")?;
    let reason = root
        .at(&["controlActProcess", "reasonCode"])
        .and_then(|r| r.attribute("code"));
    let asked = [Asked::Existence, Asked::Administrative]
        .into_iter()
        .find(|a| Some(a.reason().0) == reason)
        .ok_or(XmlError::Unexpected("reasonCode"))?;
    let patient = query
        .first("parameterList")
        .into_iter()
        .flat_map(|list| list.all("patientIdentifier"))
        .flat_map(|identifier| identifier.all("value"))
        .map(Node::id)
        .find_map(|id| Ins::new(&id.extension, &id.root).ok())
        .ok_or(XmlError::Unexpected("patientIdentifier"))?;
    Ok(PatientQuery {
        asked,
        patient,
        message: message_of(&root, query)?,
    })
}

/// Reads the payload of TD0.5, whose start was just read.
pub fn read_search_query<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
) -> Result<SearchQuery, XmlError> {
    let root = Node::read(reader, start)?;
    let query = query_of(&root, "PRPA_IN201305UV02")?;
    let value = |parameter: &str| query.at(&["parameterList", parameter, "value"]);
    let name = value("livingSubjectName");
    let part = |part: &str| name?.first(part)?.text().map(str::to_owned);
    let birth = value("livingSubjectBirthTime")
        .and_then(|v| v.attribute("value"))
        .unwrap_or_default();
    let sex = match value("livingSubjectAdministrativeGender").and_then(|v| v.attribute("code")) {
        Some(code) => Some(sex_of(code).ok_or(XmlError::Unexpected("administrativeGender"))?),
        None => None,
    };
    Ok(SearchQuery {
        search: PatientSearch {
            name: part("family").ok_or(XmlError::Unexpected("livingSubjectName/family"))?,
            given: part("given"),
            birth_date: birth.chars().take(8).collect(),
            sex,
        },
        message: message_of(&root, query)?,
    })
}
