//! Documents in and out: TD2.1 and TD2.2, TD3.1, TD3.2, TD3.3.
//!
//! The port speaks of documents by uniqueId; replacement and change need the entryUUID that the DMP gave, which is asked
//! for first (TD3.1, by reference). Lists are read one object at a time; a page keeps at most twice what it gives.

use super::exchange::{Ask, Heard, of_network, of_xml, random, unexpected};
use super::known::Seen;
use super::people::patient;
use super::transport::{NetworkError, Stage};
use super::{National, exchange};
use crate::clock::Instant;
use crate::dmp::protocol::ebxml::{
    self, DocumentRequest, Entry, FindDocuments, FindSubmissionSets, Ids, Item, LotMessage, Object,
    Outcome, Query, QueryRequest, RegistryResponse, ResponseStatus, ReturnType, Set, Unreadable,
};
use crate::dmp::protocol::fault::Fault;
use crate::dmp::protocol::mtom::{self, Part};
use crate::dmp::protocol::soap::Transaction;
use crate::dmp::protocol::xades::{self, XadesError};
use crate::dmp::protocol::xml::Writer;
use crate::dmp::{
    Changed, Code, Content, Context, Criteria, Cursor, DocumentsAndAssociations, Lot, Page,
    Receipt, Reference, StatusChange, VisibilityChange,
};
use crate::document::{
    Association, DocumentEntry, Dtm, EntryUuid, Oid, Status, SubmissionSet, Visibility,
};
use crate::error::{Error, ErrorKind, Result};
use crate::rules::{Authentication, Right};

/// The repository of the DMP (official message TD3.2).
const REPOSITORY: &str = ebxml::names::DMP_REPOSITORY;
/// Identifiers asked in one query (parameter of the synchronisation guide: 20).
const BATCH: usize = 20;

impl National {
    pub(super) fn deposit(&mut self, context: &Context<'_>, lot: &Lot<'_>) -> Result<Vec<Receipt>> {
        let right = match context.requester.authentication {
            Authentication::Cpe => Right::FeedWithCpe,
            _ => Right::Feed,
        };
        self.admit(right, context)?;
        patient(context)?;
        // What is replaced is named by the entryUUID that the DMP gave it. Every one is asked for before any is missed:
        // what the patient reads of the others must not depend on a document hidden from him.
        let mut asked = Vec::with_capacity(lot.documents.len());
        for deposit in &lot.documents {
            asked.push(match deposit.replaces {
                None => Ok(None),
                Some(id) => self.reference(context, id)?.map(Some).ok_or_else(|| {
                    Code::XDSReplaceFailed.error("the document to replace is not there")
                }),
            });
        }
        let replaced: Vec<Option<EntryUuid>> = asked.into_iter().collect::<Result<_>>()?;
        let keys = self.keys(context)?;
        let contents: Vec<(&Oid, &[u8])> = lot
            .documents
            .iter()
            .map(|d| (&d.metadata.unique_id, d.content))
            .collect();
        let to_sign = xades::Lot {
            unique_id: &lot.submission.unique_id,
            documents: &contents,
        };
        let signature_id = uuid::Builder::from_random_bytes(random()?).into_uuid();
        let signature = xades::sign(
            &to_sign,
            &format!("id-{signature_id}"),
            self.now(),
            self.config.lot_hash,
            keys.signature.as_ref(),
        )
        .map_err(of_xades)?;
        // The signature's own identifier is derived from the lot's: the same lot sent again names the same signature.
        let signature_oid = Oid::derived(
            &context.software.oid,
            &[b"signature", lot.submission.unique_id.as_str().as_bytes()],
        )
        .map_err(|_| Error::bug("a derived identifier is too long"))?;
        let draw = random()?;
        let ids: Vec<String> = (0..=lot.documents.len())
            .map(|n| mtom::content_id(n + 1, draw))
            .collect();
        let hrefs: Vec<String> = ids.iter().map(|id| mtom::href(id)).collect();
        let items = lot
            .documents
            .iter()
            .zip(&replaced)
            .zip(&hrefs)
            .map(|((deposit, replaced), href)| Item {
                metadata: deposit.metadata,
                visibility: deposit.visibility,
                replaces: replaced.as_ref(),
                href,
            })
            .collect();
        let signature_href = hrefs.last().map_or("", String::as_str);
        let message = LotMessage {
            submission: lot.submission,
            documents: items,
            signature: Some((&signature_oid, signature_href)),
        };
        let mut payload = Writer::new();
        ebxml::write_lot(&mut payload, &message);
        let documents = lot.documents.iter().map(|d| d.content);
        let parts = documents
            .chain([signature.as_bytes()])
            .zip(&ids)
            .map(|(bytes, content_id)| Part {
                content_id,
                content_type: "text/xml",
                bytes,
            })
            .collect();
        let ask = Ask {
            parts,
            ..Ask::new(Transaction::Td21, payload.finish())
        };
        self.keep_pace(context.requester.structure.id.as_str())?;
        self.exchange(context, &ask, registered)?;
        for deposit in &lot.documents {
            let seen = Seen::Deposit(Box::new((deposit.metadata.clone(), deposit.visibility)));
            let id = &deposit.metadata.unique_id;
            self.known.keep(context, id, seen, self.clock.now());
            if let Some(replaced) = deposit.replaces {
                self.known.forget(replaced);
            }
        }
        // The DMP tells neither the identifiers nor the visibility it gave, and asks not to be searched for them
        // (EX_3.1-2030).
        let receipts = lot.documents.iter().map(|deposit| Receipt {
            unique_id: deposit.metadata.unique_id.clone(),
            entry_uuid: None,
            logical_id: None,
            visibility: deposit.visibility,
        });
        Ok(receipts.collect())
    }

    /// Waits until the structure may feed again.
    fn keep_pace(&mut self, structure: &str) -> Result<()> {
        let limit = self.config.feeds_per_second;
        let mut left = self.pace.wait(structure, limit, std::time::Instant::now());
        let slice = std::time::Duration::from_millis(50);
        while !left.is_zero() {
            if self.cancel.is_cancelled() {
                let stage = Stage::Before;
                return Err(of_network(NetworkError::Cancelled { stage }));
            }
            std::thread::sleep(left.min(slice));
            left = left.saturating_sub(slice);
        }
        Ok(())
    }

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
    fn reference(&mut self, context: &Context<'_>, unique_id: &Oid) -> Result<Option<EntryUuid>> {
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

    pub(super) fn update_visibility(
        &mut self,
        context: &Context<'_>,
        unique_id: &Oid,
        change: VisibilityChange,
        submission: &SubmissionSet,
    ) -> Result<Changed> {
        self.admit(change.right(), context)?;
        let (entry, lately) = self.entry_to_change(context, unique_id)?;
        let done = self.send_visibility(context, &entry, change, submission);
        let old = |error: &Error| {
            let code = error.dmp_code();
            [
                Code::XDSMetadataVersionError,
                Code::XDSMetadataUpdateError,
                Code::UnresolvedReferenceException,
            ]
            .iter()
            .any(|c| code == Some(c.as_str()))
        };
        // What was seen may have changed since: it is asked for once more.
        if lately && done.as_ref().is_err_and(old) {
            self.known.forget(unique_id);
            let (entry, _) = self.entry_to_change(context, unique_id)?;
            return self.send_visibility(context, &entry, change, submission);
        }
        done
    }

    /// A document as TD3.3a gives it back, and whether that was seen before rather than asked for now.
    fn entry_to_change(&mut self, context: &Context<'_>, unique_id: &Oid) -> Result<(Entry, bool)> {
        let unreadable = |_| unexpected("the metadata received cannot be given back");
        match self.known.of(context, unique_id, self.clock.now()) {
            Some(Seen::Entry(document)) => Ok((Entry::of(&document).map_err(unreadable)?, true)),
            // What was deposited needs no right to search: its identifier is asked for, by reference.
            Some(Seen::Deposit(deposit)) => {
                let id = self
                    .reference(context, unique_id)?
                    .ok_or_else(|| Code::XDSDocumentUniqueIdError.error("uniqueId"))?;
                let (metadata, visibility) = *deposit;
                let mut entry = Entry::new(id.as_str(), metadata, visibility);
                entry.status = Some(Status::Approved);
                entry.version = Some(1);
                entry.logical_id = Some(id);
                Ok((entry, true))
            }
            None => {
                let document = self.entry(context, unique_id)?;
                Ok((Entry::of(&document).map_err(unreadable)?, false))
            }
        }
    }

    /// What the DMP says of one document.
    fn entry(&mut self, context: &Context<'_>, unique_id: &Oid) -> Result<DocumentEntry> {
        self.entries(context, std::slice::from_ref(unique_id))?
            .into_iter()
            .filter(|entry| entry.unique_id == *unique_id)
            // Of several versions of its metadata, the last.
            .max_by_key(|entry| entry.version)
            .ok_or_else(|| Code::XDSDocumentUniqueIdError.error("uniqueId"))
    }

    fn send_visibility(
        &mut self,
        context: &Context<'_>,
        entry: &Entry,
        change: VisibilityChange,
        submission: &SubmissionSet,
    ) -> Result<Changed> {
        let before = entry.visibility;
        let after = match change {
            VisibilityChange::Mask => before.with(Visibility::MASKED),
            VisibilityChange::Unmask => before.without(Visibility::MASKED),
            VisibilityChange::ShowToPatient => before.without(Visibility::INVISIBLE_PATIENT),
            VisibilityChange::ShowToRepresentatives => {
                before.without(Visibility::INVISIBLE_REPRESENTATIVES)
            }
        };
        let changed = before != after;
        let unique_id = entry.metadata.unique_id.clone();
        if changed {
            let mut entry = entry.clone();
            entry.visibility = after;
            let mut payload = Writer::new();
            ebxml::write_metadata_update(&mut payload, submission, &entry);
            let ask = Ask::new(Transaction::Td33, payload.finish());
            self.exchange(context, &ask, registered)?;
            self.known.forget(&unique_id);
        }
        Ok(Changed {
            unique_id,
            // A change of metadata gives a new entryUUID, which the answer does not tell.
            entry_uuid: EntryUuid::new(&entry.id).ok().filter(|_| !changed),
            version: entry.version.unwrap_or(1) + u32::from(changed),
            availability_status: entry.status.unwrap_or(Status::Approved),
            visibility: after,
            changed,
        })
    }

    pub(super) fn update_status(
        &mut self,
        context: &Context<'_>,
        unique_id: &Oid,
        change: StatusChange,
        submission: &SubmissionSet,
    ) -> Result<Changed> {
        self.admit(change.right(), context)?;
        let (entry_uuid, known) = self.for_status(context, unique_id)?;
        let to = change.target();
        let (version, visibility) = known
            .as_ref()
            .map_or((1, Visibility::NORMAL), |d| (d.version, d.visibility));
        let done = |changed| Changed {
            unique_id: unique_id.clone(),
            entry_uuid: Some(entry_uuid.clone()),
            version,
            availability_status: to,
            visibility,
            changed,
        };
        // The status seen, then, for whoever may not read it or saw an old one, those from which the change is possible.
        let possible: &[Status] = match change {
            StatusChange::Unarchive => &[Status::Archived],
            StatusChange::Archive => &[Status::Approved],
            StatusChange::Delete => &[Status::Approved, Status::Archived],
        };
        let mut candidates: Vec<Status> = known.iter().map(|d| d.availability_status).collect();
        candidates.extend(
            possible
                .iter()
                .filter(|s| known.as_ref().is_none_or(|d| d.availability_status != **s)),
        );
        let mut answer = Err(Code::XDSMetadataUpdateError.error("availabilityStatus"));
        for from in candidates {
            let mut payload = Writer::new();
            ebxml::write_status_update(&mut payload, submission, &entry_uuid, from, to);
            let ask = Ask::new(Transaction::Td33, payload.finish());
            answer = self.exchange(context, &ask, registered).map(|()| from);
            let elsewhere =
                |error: &Error| error.dmp_code() == Some(Code::XDSMetadataUpdateError.as_str());
            if !answer.as_ref().is_err_and(elsewhere) {
                break;
            }
        }
        let from = answer?;
        self.known.forget(unique_id);
        Ok(done(from != to))
    }

    /// What a change of status needs: the entryUUID, and the document itself for whoever may read metadata.
    fn for_status(
        &mut self,
        context: &Context<'_>,
        unique_id: &Oid,
    ) -> Result<(EntryUuid, Option<DocumentEntry>)> {
        let unknown = || Code::XDSDocumentUniqueIdError.error("uniqueId");
        match self.known.of(context, unique_id, self.clock.now()) {
            Some(Seen::Entry(document)) => {
                return Ok((document.entry_uuid.clone(), Some(*document)));
            }
            Some(Seen::Deposit(_)) => {
                let entry = self.reference(context, unique_id)?.ok_or_else(unknown)?;
                return Ok((entry, None));
            }
            None => {}
        }
        match self.entry(context, unique_id) {
            Ok(document) => Ok((document.entry_uuid.clone(), Some(document))),
            // A CPE, a structure's certificate, a person without authorisation: by reference alone (PDT-INF-526, note 5).
            Err(error) if matches!(error.kind(), ErrorKind::Dmp(_)) => {
                let entry = self.reference(context, unique_id)?.ok_or_else(unknown)?;
                Ok((entry, None))
            }
            Err(error) => Err(error),
        }
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

    fn keys(&mut self, context: &Context<'_>) -> Result<super::keys::Keys> {
        use super::keys::Keyring;
        self.keyring
            .keys(context.requester)
            .map_err(exchange::of_key)
    }

    /// The present, as the DMP's clock has it within bounds.
    fn now(&self) -> Instant {
        let now = self.clock.now();
        self.skew.corrected(now, self.config.clock_skew_seconds)
    }
}

/// Success, or the registry's first error. A partial success is one: what could be given was.
fn accepted(response: RegistryResponse) -> Result<()> {
    if response.status != ResponseStatus::Failure {
        return Ok(());
    }
    let fault = match response.errors.first() {
        Some(error) => Fault::of_registry(
            &error.code,
            &error.context,
            Some(error.severity.urn()),
            error.location.as_deref(),
        ),
        None => Fault::of_registry("XDSRegistryError", "", None, None),
    };
    Err(fault.into())
}

/// Reads a RegistryResponse.
fn registered(heard: Heard<'_>) -> Result<()> {
    let response =
        ebxml::read_response(heard.reader, heard.start).map_err(|error| of_xml(&error))?;
    accepted(response)
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

fn of_xades(error: XadesError) -> Error {
    match error {
        XadesError::Key(key) => exchange::of_key(key),
        other => Error::caller("document", other),
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
