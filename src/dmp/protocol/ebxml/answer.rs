//! AdhocQueryResponse: a list of registry objects, read one at a time (ITI TF-2 3.18.4.1.2.6; official message TD3.1,
//! answer).

use std::io::BufRead;

use super::entry::{Entry, Unreadable};
use super::expect;
use super::link::Link;
use super::names::{QUERY, RIM, RS};
use super::object::{Ids, Kind, Raw};
use super::response::{RegistryError, ResponseStatus, read_errors, status_of, write_errors};
use super::set::{self, Set};
use crate::dmp::protocol::xml::{Element, Reader, Step, Writer, XmlError};

/// One object of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// A document. Signatures of lots are among them: [`Entry::is_signature`].
    Document(Box<Entry>),
    /// A SubmissionSet.
    Set(Box<Set>),
    /// An association.
    Association(Link),
    /// ObjectRef: the identifier alone (TD3.1, reference search).
    Reference(String),
    /// An object that could not be read as what it is, or of a kind the DMP does not use.
    Unreadable(Unreadable),
}

/// What an answer says beside its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Done, in part, or not.
    pub status: ResponseStatus,
    /// Errors and warnings.
    pub errors: Vec<RegistryError>,
    /// totalResultCount, if it came.
    pub total: Option<u64>,
}

/// Reads a `query:AdhocQueryResponse`, giving each object to `each` as soon as it ends: one is in memory at a time.
///
/// # Errors
/// Another element, not well-formed, or past the reader's limits. Objects given before stand as they are: the caller
/// drops them.
pub fn read_answer<R: BufRead>(
    reader: &mut Reader<R>,
    payload: &Element,
    mut each: impl FnMut(Object),
) -> Result<Outcome, XmlError> {
    expect(payload, QUERY, "AdhocQueryResponse", "AdhocQueryResponse")?;
    let total = payload.attribute("totalResultCount");
    let mut outcome = Outcome {
        status: status_of(payload)?,
        errors: Vec::new(),
        total: total.and_then(|t| t.parse().ok()),
    };
    while let Some(child) = reader.child()? {
        if child.is(RS, "RegistryErrorList") {
            read_errors(reader, &mut outcome.errors)?;
        } else if child.is(RIM, "RegistryObjectList") {
            each_object(reader, |raw| each(Object::of(raw)))?;
        } else {
            reader.skip()?;
        }
    }
    Ok(outcome)
}

/// Every object of a RegistryObjectList whose start was just read, to its end.
pub(super) fn each_object<R: BufRead>(
    reader: &mut Reader<R>,
    mut each: impl FnMut(Raw),
) -> Result<(), XmlError> {
    loop {
        let mut raw = match reader.step()? {
            Step::Start(tag) => Raw::begin(&tag)?,
            Step::End => return Ok(()),
            Step::Text(_) | Step::Passed => continue,
            Step::Eof => return Err(XmlError::Cut),
        };
        raw.fill(reader)?;
        each(raw);
    }
}

impl Object {
    fn of(raw: Raw) -> Object {
        let read = match raw.kind {
            Kind::Document => Entry::read(raw).map(|e| Object::Document(Box::new(e))),
            Kind::Package if set::is_set(&raw) => set::read(raw).map(|s| Object::Set(Box::new(s))),
            Kind::Association => {
                let entry_uuid = raw.id.clone();
                Link::read(raw).map(Object::Association).ok_or(Unreadable {
                    entry_uuid,
                    why: "Association: associationType, sourceObject and targetObject are required",
                })
            }
            Kind::Reference => Ok(Object::Reference(raw.id)),
            Kind::Package | Kind::Classification | Kind::Other => Err(Unreadable {
                entry_uuid: raw.id,
                why: "the object is of a kind that the DMP does not use",
            }),
        };
        read.unwrap_or_else(Object::Unreadable)
    }
}

/// Writes a `query:AdhocQueryResponse`, object by object (official message TD3.1, answer).
#[derive(Debug)]
pub struct AnswerWriter<'w> {
    out: &'w mut Writer,
}

impl<'w> AnswerWriter<'w> {
    /// Opens the answer. `total` is totalResultCount, which counts what follows.
    pub fn begin(
        out: &'w mut Writer,
        status: ResponseStatus,
        errors: &[RegistryError],
        total: Option<u64>,
    ) -> AnswerWriter<'w> {
        let total = total.map(|t| t.to_string());
        let mut attributes = vec![
            ("xmlns", RIM),
            ("xmlns:query", QUERY),
            ("xmlns:rs", RS),
            ("startIndex", "0"),
            ("status", status.urn()),
        ];
        attributes.extend(total.as_deref().map(|t| ("totalResultCount", t)));
        out.open("query:AdhocQueryResponse", &attributes);
        write_errors(out, errors);
        out.open("RegistryObjectList", &[]);
        AnswerWriter { out }
    }

    /// A document.
    pub fn document(&mut self, entry: &Entry) -> &mut Self {
        entry.raw(true).write(self.out, &mut Ids::derived());
        self
    }

    /// A SubmissionSet.
    pub fn set(&mut self, set: &Set) -> &mut Self {
        set.raw().write(self.out, &mut Ids::derived());
        self
    }

    /// An association.
    pub fn association(&mut self, link: &Link) -> &mut Self {
        link.raw().write(self.out, &mut Ids::derived());
        self
    }

    /// An identifier alone.
    pub fn reference(&mut self, id: &str) -> &mut Self {
        self.out.empty("ObjectRef", &[("id", id)]);
        self
    }

    /// Closes the answer.
    pub fn end(self) {
        self.out.close().close();
    }
}
