//! Documents found and read: TD3.1, TD3.2.
//!
//! The port speaks of documents by uniqueId; replacement and change need the entryUUID that the DMP gave, which is asked
//! for first (TD3.1, by reference). Lists are read one object at a time; a page keeps at most twice what it gives.

use super::National;
use super::exchange::{Ask, Heard, accepted, of_xml, unexpected};
use super::known::Seen;
use super::people::patient;
use crate::clock::Instant;
use crate::dmp::protocol::ebxml::{
    self, DocumentRequest, Entry, FindDocuments, FindSubmissionSets, Ids, Object, Outcome, Query,
    QueryRequest, RegistryResponse, ResponseStatus, ReturnType, Set, Unreadable,
};
use crate::dmp::protocol::soap::Transaction;
use crate::dmp::protocol::xml::Writer;
use crate::dmp::{
    Code, Content, Context, Criteria, Cursor, DocumentsAndAssociations, Page, Reference,
};
use crate::document::{Association, DocumentEntry, Dtm, EntryUuid, Oid, Status, SubmissionSet};
use crate::error::Result;
use crate::rules::Right;

/// The repository of the DMP (official message TD3.2).
const REPOSITORY: &str = ebxml::names::DMP_REPOSITORY;
/// Identifiers asked in one query (parameter of the synchronisation guide: 20).
const BATCH: usize = 20;

impl National {
    pub(super) fn search(&mut self, context: &Context<'_>, criteria: &Criteria) -> Result<Page> {
        self.admit(Right::SearchMetadata, context)?;
        let limit = criteria.page_limit()?;
        let ins = patient(context)?;
        let mut find = FindDocuments::of(ins.cx(), criteria, &self.terminology)?;
        // A page begins at its cursor: what is before it need not travel again.
        if let Some(after) = &criteria.after {
            let to = Dtm::of(after.service_start.plus_seconds(1));
            let nearer = find
                .service_start_to
                .as_ref()
                .is_none_or(|t| to.start() < t.start());
            if nearer {
                find.service_start_to = Some(to);
            }
        }
        let mut shelf = Shelf::new(limit, criteria.after.as_ref());
        let request = QueryRequest::leaf(Query::FindDocuments(Box::new(find)));
        self.query(context, &request, |object| {
            if let Object::Document(entry) = object {
                shelf.put(&entry)?;
            }
            Ok(())
        })?;
        let page = shelf.page();
        self.remember(context, &page.documents);
        Ok(page)
    }

    /// Keeps what a list showed.
    fn remember(&mut self, context: &Context<'_>, documents: &[DocumentEntry]) {
        let now = self.clock.now();
        for document in documents {
            let seen = Seen::Entry(Box::new(document.clone()));
            self.known.keep(context, &document.unique_id, seen, now);
        }
    }

    pub(super) fn refer(
        &mut self,
        context: &Context<'_>,
        unique_ids: &[Oid],
    ) -> Result<Vec<Reference>> {
        self.admit(Right::SearchReference, context)?;
        // An answer by reference does not say which document is which: one question each.
        let mut references = Vec::new();
        for unique_id in unique_ids {
            if let Some(entry_uuid) = self.reference(context, unique_id)? {
                references.push(Reference {
                    unique_id: unique_id.clone(),
                    entry_uuid,
                });
            }
        }
        Ok(references)
    }

    /// The entryUUID of a document, for whoever may know that it is there (TD3.1, by reference).
    pub(super) fn reference(
        &mut self,
        context: &Context<'_>,
        unique_id: &Oid,
    ) -> Result<Option<EntryUuid>> {
        let ids = Ids::Unique(vec![unique_id.as_str().to_owned()]);
        let request = QueryRequest {
            query: Query::GetDocuments(ids),
            return_type: ReturnType::ObjectRef,
        };
        let mut found = Vec::new();
        self.query(context, &request, |object| {
            if let Object::Reference(id) = object {
                found.extend(EntryUuid::new(&id));
            }
            Ok(())
        })?;
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            // Earlier versions of the metadata are named too, and nothing tells which is the current one: the whole
            // entries do, to whoever may read them. Nobody guesses.
            _ => Ok(Some(self.entry(context, unique_id)?.entry_uuid)),
        }
    }

    pub(super) fn lots_since(
        &mut self,
        context: &Context<'_>,
        since: Instant,
    ) -> Result<Vec<SubmissionSet>> {
        self.admit(Right::SearchMetadata, context)?;
        let request = QueryRequest::leaf(Query::FindSubmissionSets(FindSubmissionSets {
            patient: Some(patient(context)?.cx()),
            status: vec![Status::Approved],
            from: Some(Dtm::of(since)),
            to: None,
        }));
        let mut sets = Vec::new();
        self.query(context, &request, |object| {
            if let Object::Set(set) = object {
                let Set { submission, .. } = *set;
                sets.push(submission);
            }
            Ok(())
        })?;
        Ok(sets)
    }

    pub(super) fn links(
        &mut self,
        context: &Context<'_>,
        objects: &[EntryUuid],
    ) -> Result<Vec<Association>> {
        self.admit(Right::SearchMetadata, context)?;
        let mut links: Vec<Association> = Vec::new();
        for batch in objects.chunks(BATCH) {
            let request = QueryRequest::leaf(Query::GetAssociations(batch.to_vec()));
            self.query(context, &request, |object| {
                if let Object::Association(link) = object
                    && let Some(link) = link.association()
                    && !links.contains(&link)
                {
                    links.push(link);
                }
                Ok(())
            })?;
        }
        Ok(links)
    }

    pub(super) fn entries(
        &mut self,
        context: &Context<'_>,
        unique_ids: &[Oid],
    ) -> Result<Vec<DocumentEntry>> {
        self.admit(Right::SearchMetadata, context)?;
        let mut found = Vec::new();
        for batch in unique_ids.chunks(BATCH) {
            let ids = batch.iter().map(|id| id.as_str().to_owned()).collect();
            let request = QueryRequest::leaf(Query::GetDocuments(Ids::Unique(ids)));
            self.query(context, &request, |object| {
                if let Object::Document(entry) = object
                    && !entry.is_signature()
                {
                    found.push(entry.document()?);
                }
                Ok(())
            })?;
        }
        self.remember(context, &found);
        Ok(found)
    }

    pub(super) fn entries_and_links(
        &mut self,
        context: &Context<'_>,
        entries: &[EntryUuid],
    ) -> Result<DocumentsAndAssociations> {
        self.admit(Right::SearchMetadata, context)?;
        let mut all = DocumentsAndAssociations::default();
        for batch in entries.chunks(BATCH) {
            let ids = Ids::Entry(batch.to_vec());
            let request = QueryRequest::leaf(Query::GetDocumentsAndAssociations(ids));
            self.query(context, &request, |object| {
                match object {
                    Object::Document(entry) if !entry.is_signature() => {
                        all.documents.push(entry.document()?);
                    }
                    Object::Association(link) => {
                        let link = link.association();
                        all.associations
                            .extend(link.filter(|l| !all.associations.contains(l)));
                    }
                    _ => {}
                }
                Ok(())
            })?;
        }
        // Earlier versions of the metadata are among them: the current one is the one to keep.
        let current = all
            .documents
            .iter()
            .filter(|d| d.availability_status != Status::Deprecated);
        let current: Vec<DocumentEntry> = current.cloned().collect();
        self.remember(context, &current);
        Ok(all)
    }

    /// What the DMP says of one document.
    pub(super) fn entry(
        &mut self,
        context: &Context<'_>,
        unique_id: &Oid,
    ) -> Result<DocumentEntry> {
        self.entries(context, std::slice::from_ref(unique_id))?
            .into_iter()
            .filter(|entry| entry.unique_id == *unique_id)
            // Of several versions of its metadata, the last.
            .max_by_key(|entry| entry.version)
            .ok_or_else(|| Code::XDSDocumentUniqueIdError.error("uniqueId"))
    }

    pub(super) fn retrieve(&mut self, context: &Context<'_>, unique_id: &Oid) -> Result<Content> {
        self.admit(Right::ReadUnmasked, context)?;
        patient(context)?;
        let mut payload = Writer::new();
        let request = DocumentRequest {
            repository: REPOSITORY.to_owned(),
            unique_id: unique_id.as_str().to_owned(),
        };
        ebxml::write_retrieve(&mut payload, &[request]);
        let ask = Ask::new(Transaction::Td32, payload.finish());
        let bytes = self.exchange(context, &ask, |heard| given(heard, unique_id))?;
        // What the DMP says of it: hash and size to compare, visibility and status to warn of. A list told it, as a rule.
        let entry = match self.known.of(context, unique_id, self.clock.now()) {
            Some(Seen::Entry(entry)) => *entry,
            _ => self.entry(context, unique_id)?,
        };
        Ok(Content { entry, bytes })
    }

    /// TD3.1: every object of the answer goes to `each` as it is read. What cannot be read is counted and logged.
    fn query(
        &mut self,
        context: &Context<'_>,
        request: &QueryRequest,
        mut each: impl FnMut(Object) -> std::result::Result<(), Unreadable>,
    ) -> Result<()> {
        patient(context)?;
        let mut payload = Writer::new();
        ebxml::write_query(&mut payload, request);
        let ask = Ask::new(Transaction::Td31, payload.finish());
        let mut unreadable = 0_u32;
        let outcome = self.exchange(context, &ask, |heard: Heard<'_>| {
            ebxml::read_answer(heard.reader, heard.start, |object| {
                let read = match object {
                    Object::Unreadable(why) => Err(why),
                    object => each(object),
                };
                unreadable += u32::from(read.is_err());
            })
            .map_err(|error| of_xml(&error))
        })?;
        if unreadable > 0
            && let Some(log) = &self.log
        {
            log(&format!(
                "list: {unreadable} object(s) of the DMP's answer cannot be read and are not shown"
            ));
        }
        let Outcome { status, errors, .. } = outcome;
        if status == ResponseStatus::PartialSuccess
            && let Some(log) = &self.log
        {
            log("list: the DMP says that its answer is not complete");
        }
        accepted(RegistryResponse { status, errors })
    }
}

/// Reads a RetrieveDocumentSetResponse: the bytes of the one document asked for.
fn given(heard: Heard<'_>, unique_id: &Oid) -> Result<Vec<u8>> {
    let (response, documents) =
        ebxml::read_retrieved(heard.reader, heard.start).map_err(|error| of_xml(&error))?;
    accepted(response)?;
    let document = documents
        .into_iter()
        .find(|document| document.unique_id == unique_id.as_str())
        .ok_or_else(|| unexpected("the document asked for is not in the answer"))?;
    match document.content {
        ebxml::Content::Inline(bytes) => Ok(bytes),
        ebxml::Content::Include(href) => heard
            .package
            .take(&href)
            .ok_or_else(|| unexpected("the document's part is not in the answer")),
    }
}

/// The best documents seen so far for one page: the most recent act first, then by uniqueId.
struct Shelf<'a> {
    limit: usize,
    after: Option<&'a Cursor>,
    kept: Vec<(Instant, DocumentEntry)>,
}

impl<'a> Shelf<'a> {
    fn new(limit: usize, after: Option<&'a Cursor>) -> Shelf<'a> {
        Shelf {
            limit,
            after,
            kept: Vec::new(),
        }
    }

    fn put(&mut self, entry: &Entry) -> std::result::Result<(), Unreadable> {
        if entry.is_signature() {
            return Ok(());
        }
        let document = entry.document()?;
        let start = entry.metadata.service_start_time.start();
        let before_cursor = self.after.is_some_and(|after| {
            start > after.service_start
                || (start == after.service_start && document.unique_id <= after.unique_id)
        });
        if before_cursor {
            return Ok(());
        }
        self.kept.push((start, document));
        // One more than the page tells that there is another.
        if self.kept.len() > 2 * (self.limit + 1) {
            self.tidy();
        }
        Ok(())
    }

    fn tidy(&mut self) {
        self.kept.sort_by(|(a, left), (b, right)| {
            b.cmp(a).then_with(|| left.unique_id.cmp(&right.unique_id))
        });
        self.kept.truncate(self.limit + 1);
    }

    fn page(mut self) -> Page {
        self.tidy();
        let more = self.kept.len() > self.limit;
        self.kept.truncate(self.limit);
        let next = self
            .kept
            .last()
            .filter(|_| more)
            .map(|(start, last)| Cursor {
                service_start: *start,
                unique_id: last.unique_id.clone(),
            });
        Page {
            documents: self
                .kept
                .into_iter()
                .map(|(_, document)| document)
                .collect(),
            next,
        }
    }
}
