//! A lot on its way in: ProvideAndRegisterDocumentSetRequest (ITI-41; official message TD2.1).

use std::collections::{HashMap, HashSet};
use std::io::BufRead;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::answer::each_object;
use super::entry::{Entry, SIGNATURE_VISIBILITY, signature_metadata};
use super::forms::Keyed as _;
use super::link::Link;
use super::names::{
    CONFIDENTIALITY, HAS_MEMBER, LCM, RIM, SET_UNIQUE_ID, SIGNS, UNIQUE_ID, XDSB, XOP,
};
use super::object::{Ids, Kind, Raw};
use super::retrieve::write_include;
use super::{Refused, RequestError, expect, set};
use crate::dmp::protocol::xml::{Element, Reader, Writer, XmlError};
use crate::document::{AssociationKind, EntryUuid, Metadata, Oid, SubmissionSet, Visibility};

/// The bytes of a document in a message.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// They travel beside: the `href` of `xop:Include` (`cid:…`), as it is written.
    Include(String),
    /// They are in the message, in base64.
    Inline(Vec<u8>),
}

/// Never the bytes of a document.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Content::Include(_) => f.write_str("Include(…)"),
            Content::Inline(bytes) => write!(f, "Inline({} bytes)", bytes.len()),
        }
    }
}

/// A document to submit.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// Its metadata.
    pub metadata: &'a Metadata,
    /// Visibility asked for.
    pub visibility: Visibility,
    /// The entryUUID of the document it replaces: RPLC.
    pub replaces: Option<&'a EntryUuid>,
    /// The `href` of its content: `cid:…`.
    pub href: &'a str,
}

/// A lot to submit: a SubmissionSet, its documents, and the document that signs them.
#[derive(Debug, Clone)]
pub struct LotMessage<'a> {
    /// The SubmissionSet; its entryUUID does not travel.
    pub submission: &'a SubmissionSet,
    /// The documents: `Document01`, `Document02`… in the message ([`LotMessage::document_id`]).
    pub documents: Vec<Item<'a>>,
    /// The uniqueId and the `href` of the signature: `Signature01`.
    pub signature: Option<(&'a Oid, &'a str)>,
}

/// The `id` of the SubmissionSet in a request.
pub(super) const SET_ID: &str = "SubmissionSet01";
const SIGNATURE_ID: &str = "Signature01";

impl LotMessage<'_> {
    /// The `id` of the n-th document in the message, counted from 0.
    pub fn document_id(n: usize) -> String {
        format!("Document{:02}", n.saturating_add(1))
    }
}

/// Writes the `ProvideAndRegisterDocumentSetRequest` of a lot.
pub fn write_lot(out: &mut Writer, lot: &LotMessage<'_>) {
    let mut ids = Ids::counted();
    out.open(
        "xdsb:ProvideAndRegisterDocumentSetRequest",
        &[("xmlns", RIM), ("xmlns:lcm", LCM), ("xmlns:xdsb", XDSB)],
    )
    .open("lcm:SubmitObjectsRequest", &[])
    .open("RegistryObjectList", &[]);
    set::raw(lot.submission, SET_ID).write(out, &mut ids);
    for (n, item) in lot.documents.iter().enumerate() {
        let id = LotMessage::document_id(n);
        let entry = Entry::new(&id, item.metadata.clone(), item.visibility);
        entry.raw(false).write(out, &mut ids);
    }
    let signature = lot.signature.zip(lot.documents.first());
    if let Some(((unique_id, _), first)) = signature {
        let metadata = signature_metadata(lot.submission, first.metadata, unique_id);
        let entry = Entry::new(SIGNATURE_ID, metadata, SIGNATURE_VISIBILITY);
        entry.raw(false).write(out, &mut ids);
    }
    let mut n = 0_u32;
    let mut link = |kind: &str, source: &str, target: &str| {
        n = n.saturating_add(1);
        let link = Link::new(&format!("assoc{n}"), kind, source, target);
        let link = link.with("SubmissionSetStatus", "Original");
        link.raw().write(out, &mut ids);
    };
    for n in 0..lot.documents.len() {
        link(HAS_MEMBER, SET_ID, &LotMessage::document_id(n));
    }
    if signature.is_some() {
        link(HAS_MEMBER, SET_ID, SIGNATURE_ID);
        link(SIGNS, SIGNATURE_ID, SET_ID);
    }
    for (n, item) in lot.documents.iter().enumerate() {
        if let Some(replaced) = item.replaces {
            let replaces = AssociationKind::Replaces.urn();
            link(replaces, &LotMessage::document_id(n), replaced.as_str());
        }
    }
    out.close().close();
    let contents = lot.documents.iter().enumerate();
    let contents = contents.map(|(n, item)| (LotMessage::document_id(n), item.href));
    let last = signature.map(|((_, href), _)| (SIGNATURE_ID.to_owned(), href));
    for (id, href) in contents.chain(last) {
        out.open("xdsb:Document", &[("id", &id)]);
        write_include(out, href);
        out.close();
    }
    out.close();
}

/// A document of a lot that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedDocument {
    /// Its entry, `id` as it came.
    pub entry: Entry,
    /// The entryUUID of the document it replaces.
    pub replaces: Option<EntryUuid>,
    /// Its content.
    pub content: Content,
}

/// A lot that came in, every rule of form kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedLot {
    /// The SubmissionSet. A symbolic `id` became a UUID derived from the uniqueId.
    pub submission: SubmissionSet,
    /// The documents, without the signature.
    pub documents: Vec<ReceivedDocument>,
    /// The document that signs the lot, if there is one.
    pub signature: Option<ReceivedDocument>,
}

/// Writes what stands for a document's bytes.
pub(super) fn write_content(out: &mut Writer, content: &Content) {
    match content {
        Content::Include(href) => write_include(out, href),
        Content::Inline(bytes) => {
            out.text(&STANDARD.encode(bytes));
        }
    }
}

/// The content of a Document whose start was just read, to its end.
pub(super) fn read_content<R: BufRead>(reader: &mut Reader<R>) -> Result<Content, XmlError> {
    use crate::dmp::protocol::xml::Event;
    let mut text = String::new();
    let mut include = None;
    loop {
        match reader.next()? {
            Event::Text(piece) => text.push_str(&piece),
            Event::Start(child) => {
                if child.is(XOP, "Include") {
                    include = child.attribute("href").map(str::to_owned);
                }
                reader.skip()?;
            }
            Event::End => break,
            Event::Eof => return Err(XmlError::Cut),
        }
    }
    if let Some(href) = include {
        return Ok(Content::Include(href));
    }
    text.retain(|c| !c.is_ascii_whitespace());
    let bytes = STANDARD.decode(text);
    bytes
        .map(Content::Inline)
        .map_err(|_| XmlError::Unexpected("Document: neither base64 nor xop:Include"))
}

/// The objects of a `lcm:SubmitObjectsRequest` whose start was just read, to its end. Classifications that stand in the
/// list join what they classify.
pub(super) fn read_objects<R: BufRead>(reader: &mut Reader<R>) -> Result<Vec<Raw>, RequestError> {
    let mut objects = Vec::new();
    while let Some(child) = reader.child()? {
        if child.is(RIM, "RegistryObjectList") {
            each_object(reader, |raw| objects.push(raw))?;
        } else {
            reader.skip()?;
        }
    }
    let (standing, mut objects): (Vec<Raw>, Vec<Raw>) = objects
        .into_iter()
        .partition(|raw| raw.kind == Kind::Classification);
    let mut places: HashMap<String, usize> = HashMap::new();
    for (n, object) in objects.iter().enumerate() {
        if object.kind == Kind::Reference {
            continue;
        }
        if places.insert(object.id.clone(), n).is_some() {
            return Err(Refused::metadata("id: two objects of the request have the same").into());
        }
    }
    for mut raw in standing {
        let place = raw.source.as_ref().and_then(|id| places.get(id));
        let object = place.and_then(|n| objects.get_mut(*n)).ok_or(Refused {
            code: "UnresolvedReferenceException",
            rule: "Classification: classifiedObject must name an object of the request",
        })?;
        object.classifications.append(&mut raw.classifications);
        object
            .classifications
            .sort_by(|a, b| a.scheme.cmp(&b.scheme));
    }
    Ok(objects)
}

/// The parts of a submission, lot or update: one SubmissionSet, entries, associations.
pub(super) struct Parts {
    pub set_id: String,
    pub submission: SubmissionSet,
    pub entries: Vec<Entry>,
    pub links: Vec<Link>,
}

/// Sorts the objects of a submission, strictly: what a registry would have to guess is refused.
pub(super) fn sort(objects: Vec<Raw>) -> Result<Parts, Refused> {
    let mut found: Option<(String, SubmissionSet)> = None;
    let (mut entries, mut links) = (Vec::new(), Vec::new());
    for raw in objects {
        match raw.kind {
            Kind::Package => {
                if !set::is_set(&raw) {
                    return Err(Refused::metadata(
                        "RegistryPackage: must be a SubmissionSet, the DMP has no folders",
                    ));
                }
                let id = raw.id.clone();
                let read = set::read(raw).map_err(|u| Refused::metadata(u.why))?;
                let kept = &read.submission.other_identifiers;
                if kept.iter().any(|k| k.key() == SET_UNIQUE_ID) {
                    return Err(Refused::metadata(
                        "SubmissionSet.uniqueId: must be one plain OID",
                    ));
                }
                if found.replace((id, read.submission)).is_some() {
                    return Err(Refused::metadata("SubmissionSet: exactly one is required"));
                }
            }
            Kind::Document => entries.push(strict(raw)?),
            Kind::Association => links.push(Link::read(raw).ok_or(Refused::metadata(
                "Association: associationType, sourceObject and targetObject are required",
            ))?),
            // Old clients declare the schemes they use.
            Kind::Reference => {}
            Kind::Classification | Kind::Other => {
                return Err(Refused::metadata(
                    "RegistryObjectList: an object is of a kind that the DMP does not use",
                ));
            }
        }
    }
    let (set_id, submission) =
        found.ok_or(Refused::metadata("SubmissionSet: exactly one is required"))?;
    Ok(Parts {
        set_id,
        submission,
        entries,
        links,
    })
}

/// An entry whose security-relevant values say exactly one thing.
fn strict(raw: Raw) -> Result<Entry, Refused> {
    let entry = Entry::read(raw).map_err(|u| Refused::metadata(u.why))?;
    let metadata = &entry.metadata;
    // Order and labels may differ from ours; a code that was not understood may not.
    let mut codes = metadata.other_classifications.iter();
    let understood = codes.all(|c| c.key() != CONFIDENTIALITY || super::forms::is_access_code(c));
    if !understood {
        return Err(Refused::metadata("confidentialityCode: must be of JDV_J58"));
    }
    if !super::forms::has_one_level(&metadata.other_classifications) {
        return Err(Refused::metadata(
            "confidentialityCode: exactly one HL7 level is required",
        ));
    }
    let mut identifiers = metadata.other_identifiers.iter();
    if identifiers.any(|k| k.key() == UNIQUE_ID) {
        return Err(Refused::metadata("uniqueId: must be one plain OID"));
    }
    Ok(entry)
}

/// Whether a HasMember says that its document is original, as ITI TF-3 4.2.3.3 requires.
pub(super) fn is_original(link: &Link) -> bool {
    link.value("SubmissionSetStatus").map(str::trim) == Some("Original")
}

/// Reads the `ProvideAndRegisterDocumentSetRequest` of any conforming client: symbolic identifiers or UUIDs, contents
/// beside or in base64.
///
/// # Errors
/// [`Refused`] with an IHE code: `XDSRegistryMetadataError` (a field, an association), `XDSMissingDocument`,
/// `XDSMissingDocumentMetadata`, `XDSRepositoryDuplicateUniqueIdInMessage`, `UnresolvedReferenceException`.
pub fn read_lot<R: BufRead>(
    reader: &mut Reader<R>,
    payload: &Element,
) -> Result<ReceivedLot, RequestError> {
    let name = "ProvideAndRegisterDocumentSetRequest";
    expect(payload, XDSB, name, name)?;
    let mut objects = None;
    let mut contents: Vec<(String, Content)> = Vec::new();
    while let Some(child) = reader.child()? {
        if child.is(LCM, "SubmitObjectsRequest") {
            objects = Some(read_objects(reader)?);
        } else if child.is(XDSB, "Document") {
            let id = child.attribute("id");
            let id = id.ok_or(XmlError::Unexpected("Document/@id is required"))?;
            contents.push((id.to_owned(), read_content(reader)?));
        } else {
            reader.skip()?;
        }
    }
    let objects = objects.ok_or(XmlError::Unexpected("SubmitObjectsRequest is required"))?;
    Ok(assemble(sort(objects)?, contents)?)
}

fn assemble(parts: Parts, contents: Vec<(String, Content)>) -> Result<ReceivedLot, Refused> {
    let Parts {
        set_id,
        submission,
        entries,
        links,
    } = parts;
    let mut unique_ids: HashSet<&Oid> = HashSet::from([&submission.unique_id]);
    let mut twice = entries.iter().map(|e| &e.metadata.unique_id);
    if twice.any(|unique_id| !unique_ids.insert(unique_id)) {
        return Err(Refused {
            code: "XDSRepositoryDuplicateUniqueIdInMessage",
            rule: "uniqueId: two objects of the lot have the same",
        });
    }
    let ids: HashSet<&str> = entries.iter().map(|e| e.id.as_str()).collect();
    let mut members: HashSet<&str> = HashSet::new();
    let mut signing: HashSet<&str> = HashSet::new();
    let mut replaced: HashMap<&str, EntryUuid> = HashMap::new();
    for link in &links {
        let source_is_document = ids.contains(link.source.as_str());
        if link.is_member() {
            if link.source != set_id || !ids.contains(link.target.as_str()) {
                return Err(Refused {
                    code: "UnresolvedReferenceException",
                    rule: "HasMember: must go from the SubmissionSet to a document of the lot",
                });
            }
            if !is_original(link) {
                return Err(Refused::metadata(
                    "HasMember: SubmissionSetStatus must be Original",
                ));
            }
            members.insert(&link.target);
        } else if link.is_signs() {
            if !source_is_document || link.target != set_id {
                return Err(Refused {
                    code: "UnresolvedReferenceException",
                    rule: "signs: must go from a document of the lot to the SubmissionSet",
                });
            }
            signing.insert(&link.source);
        } else if link.kind == AssociationKind::Replaces.urn() {
            let target = EntryUuid::new(&link.target)
                .ok()
                .filter(|_| source_is_document);
            let target = target.ok_or(Refused {
                code: "UnresolvedReferenceException",
                rule: "RPLC: must go from a document of the lot to an entryUUID",
            })?;
            if replaced.insert(&link.source, target).is_some() {
                return Err(Refused::metadata(
                    "RPLC: a document replaces one other at most",
                ));
            }
        } else {
            return Err(Refused::metadata(
                "associationType: must be HasMember, signs or RPLC",
            ));
        }
    }
    if ids.iter().any(|id| !members.contains(id)) {
        return Err(Refused::metadata(
            "HasMember: every document of the lot must have one",
        ));
    }
    let mut by_id: HashMap<String, Content> = HashMap::new();
    for (id, content) in contents {
        // The official TD2.1 writes its own ids in two cases.
        let alike = || {
            let mut alike = ids.iter().filter(|known| known.eq_ignore_ascii_case(&id));
            alike.next().copied().filter(|_| alike.next().is_none())
        };
        let exact = ids.get(id.as_str()).copied();
        let known = exact.or_else(alike).ok_or(Refused {
            code: "XDSMissingDocumentMetadata",
            rule: "Document/@id: must name an ExtrinsicObject of the lot",
        })?;
        if by_id.insert(known.to_owned(), content).is_some() {
            return Err(Refused::metadata("Document: two have the same id"));
        }
    }
    let signing: HashSet<String> = signing.into_iter().map(str::to_owned).collect();
    let mut replaced: HashMap<String, EntryUuid> = replaced
        .into_iter()
        .map(|(id, target)| (id.to_owned(), target))
        .collect();
    let mut documents = Vec::with_capacity(entries.len());
    let mut signature = None;
    for entry in entries {
        let content = by_id.remove(&entry.id).ok_or(Refused {
            code: "XDSMissingDocument",
            rule: "Document: an ExtrinsicObject of the lot has none",
        })?;
        let replaces = replaced.remove(&entry.id);
        let signs = signing.contains(&entry.id);
        if signs != entry.is_signature() {
            return Err(Refused::metadata(
                "signs: the signature of the lot has it, with its class and format, and no other document",
            ));
        }
        let document = ReceivedDocument {
            entry,
            replaces,
            content,
        };
        if !signs {
            documents.push(document);
        } else if signature.replace(document).is_some() {
            return Err(Refused::metadata("signs: a lot has one signature"));
        }
    }
    Ok(ReceivedLot {
        submission,
        documents,
        signature,
    })
}
