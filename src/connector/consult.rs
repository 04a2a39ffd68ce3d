//! Finding, reading, and what is new since an instant.

use serde::{Deserialize, Serialize};

use super::State;
use super::access::Access;
use super::offline::{Lesson, OfflineAge};
use super::session::Note;
use crate::cda::render::Duties;
use crate::clock::Instant;
use crate::dmp::{Criteria, Cursor, Reference};
use crate::document::ids::hex;
use crate::document::{AssociationKind, DocumentEntry, EntryUuid, Oid};
use crate::error::{Error, ErrorKind, Result};
use crate::rules::Right;
use crate::rules::decide::{Situation, masked_criterion};
use crate::store::journal::Outcome;
use crate::store::register::KnownDocuments;

use sha1::{Digest, Sha1};

/// A document found, beside what the practice has of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// The document.
    #[serde(flatten)]
    pub entry: DocumentEntry,
    /// Fed by this professional from this practice.
    pub own: bool,
    /// Fed or read by this practice.
    pub already_here: bool,
    /// What to tell the person who opens it, in French: see [`Duties`].
    pub warnings: Vec<String>,
    /// How old it is, when it was given without network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offline: Option<OfflineAge>,
}

/// A page of documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindAnswer {
    /// Most recent act first.
    pub documents: Vec<Found>,
    /// Where to continue; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Cursor>,
    /// When the DMP answered: `since` of a later [`Access::news`]. Without network, as `seen_at` of `offline`.
    pub as_of: Instant,
    /// How old the list is, when it was given without network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offline: Option<OfflineAge>,
}

/// A document read: what it is beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadAnswer {
    /// The document.
    #[serde(flatten)]
    pub found: Found,
}

/// What is asked of [`Access::news`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewsRequest {
    /// Since when, included.
    pub since: Instant,
}

/// How a document changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Deposited since.
    New,
    /// Deposited since, in place of another.
    Replacement,
    /// Its visibility or status changed since.
    Updated,
}

/// A document that is new or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct News {
    /// The document.
    #[serde(flatten)]
    pub found: Found,
    /// How.
    pub change: Change,
    /// entryUUIDs of the documents it replaced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<EntryUuid>,
}

/// What is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewsAnswer {
    /// In the order of the lots.
    pub documents: Vec<News>,
    /// When the DMP answered.
    pub as_of: Instant,
}

/// What a consultation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A person looks.
    Reading,
    /// Documents are fetched ahead.
    Preload,
}

impl Purpose {
    /// What the journal says of it beside the action.
    fn detail(self) -> Option<&'static str> {
        match self {
            Purpose::Reading => None,
            Purpose::Preload => Some("preload"),
        }
    }
}

impl Access {
    pub(super) fn triage(&self, entry: DocumentEntry, known: &KnownDocuments) -> Found {
        let id = entry.unique_id.as_str();
        let fed_by = known.fed.get(id);
        Found {
            own: fed_by.is_some_and(|by| by == self.session.requester.id()),
            already_here: fed_by.is_some() || known.received.contains(id),
            warnings: Duties::new(entry.visibility, entry.availability_status)
                .warnings()
                .into_iter()
                .map(|warning| warning.sentence)
                .collect(),
            offline: None,
            entry,
        }
    }

    pub(super) fn known(&self, state: &mut State) -> Result<KnownDocuments> {
        state.register.read(|tx| tx.known_documents(&self.cx))
    }

    /// Finds documents (TD3.1), a page at a time; without network, among those that are kept.
    ///
    /// What is kept for this person and is not on the page is asked for beside (TD3.1 GetDocuments), so that what he
    /// may no longer see is forgotten.
    pub fn find(&self, criteria: &Criteria) -> Result<FindAnswer> {
        let result = self.find_for(criteria, Purpose::Reading);
        let (_, answer) = self.inner().logged("document.find", result)?;
        Ok(answer)
    }

    pub(super) fn find_for(
        &self,
        criteria: &Criteria,
        purpose: Purpose,
    ) -> Result<(Situation, FindAnswer)> {
        let action = "document.find";
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        let situation = self.begin_call(state, action, Right::SearchMetadata, None)?;
        if criteria.visibility.masked() && !situation.actor.medecin_traitant {
            let decision = masked_criterion();
            self.session
                .permit(state, action, &decision, self.note(None))?;
        }
        if self.offline.is_some() {
            let answer = self.find_kept(state, &situation, criteria)?;
            return Ok((situation, answer));
        }
        let as_of = self.inner().now();
        let page = match state.dmp.find(&self.context(), criteria) {
            Ok(page) => page,
            Err(error) => return self.unanswered(state, action, None, error),
        };
        let lesson = self.compare(state, page.documents.iter())?;
        let known = self.known(state)?;
        self.done(state, action, purpose.detail(), &lesson, &situation)?;
        let answer = FindAnswer {
            documents: page
                .documents
                .into_iter()
                .map(|entry| self.triage(entry, &known))
                .collect(),
            next: page.next,
            as_of,
            offline: None,
        };
        Ok((situation, answer))
    }

    /// The DMP's current identifiers of documents, without anything clinical (TD3.1 by reference).
    /// Documents that do not exist for this person are absent from the answer.
    pub fn references(&self, unique_ids: &[Oid]) -> Result<Vec<Reference>> {
        let result = self.references_held(unique_ids);
        self.inner().logged("document.reference", result)
    }

    fn references_held(&self, unique_ids: &[Oid]) -> Result<Vec<Reference>> {
        let action = "document.reference";
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        let situation = self.begin_call(state, action, Right::SearchReference, None)?;
        match state.dmp.references(&self.context(), unique_ids) {
            Ok(found) => {
                let lesson = self.absent(unique_ids, found.iter().map(|r| &r.unique_id));
                self.done(state, action, None, &lesson, &situation)?;
                Ok(found)
            }
            Err(error) => self.session.refuse(state, action, error, self.note(None)),
        }
    }

    /// Reads a document (TD3.2): its bytes as they were deposited, once hash and size are checked; without network,
    /// those that are kept. What is read is kept when the configuration says so (`offline`).
    pub fn read(&self, unique_id: &Oid) -> Result<(Vec<u8>, ReadAnswer)> {
        let result = self.read_for(unique_id, Purpose::Reading);
        let (bytes, answer, _) = self.inner().logged("document.read", result)?;
        Ok((bytes, answer))
    }

    /// Reads, and says whether the document is kept now.
    pub(super) fn read_for(
        &self,
        unique_id: &Oid,
        purpose: Purpose,
    ) -> Result<(Vec<u8>, ReadAnswer, bool)> {
        let action = "document.read";
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        let looked = self.begin_call_with(state, action, Right::ReadUnmasked, Some(unique_id))?;
        if self.offline.is_some() {
            let (bytes, answer) = self.read_kept(state, &looked.0, unique_id)?;
            return Ok((bytes, answer, true));
        }
        let content = state
            .dmp
            .read(&self.context(), unique_id)
            .and_then(|content| {
                let hash = hex(&Sha1::digest(&content.bytes));
                let whole = hash.eq_ignore_ascii_case(&content.entry.hash)
                    && content.bytes.len() as i64 == content.entry.size;
                if whole {
                    Ok(content)
                } else {
                    Err(Error::from(ErrorKind::Integrity))
                }
            });
        let content = match content {
            Ok(content) => content,
            Err(error) => return self.unanswered(state, action, Some(unique_id), error),
        };
        let wanted =
            purpose == Purpose::Preload || self.inner().config.offline.is_some_and(|o| o.keep_read);
        let known = self.known(state)?;
        let now = self.inner().now();
        // The bytes leave only once the journal says so.
        let kept = state.register.durable(|tx| {
            let entry = &content.entry;
            tx.put_received(&entry.unique_id, &self.cx, &entry.hash, entry.size, now)?;
            let kept = self.keep_or_learn(tx, &looked, &content, wanted)?;
            let note = Note {
                detail: purpose.detail(),
                ..self.note(Some(unique_id))
            };
            self.session.note(tx, now, action, Outcome::Done, note)?;
            Ok(kept)
        })?;
        let found = self.triage(content.entry, &known);
        Ok((content.bytes, ReadAnswer { found }, kept))
    }

    /// What was deposited or changed since an instant: FindSubmissionSets, GetAssociations, then
    /// GetDocumentsAndAssociations in batches (ANS, DMP usage examples).
    pub fn news(&self, request: &NewsRequest) -> Result<NewsAnswer> {
        let result = self.news_held(request.since);
        self.inner().logged("document.news", result)
    }

    fn news_held(&self, since: Instant) -> Result<NewsAnswer> {
        let action = "document.news";
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        self.needs_the_dmp(state, action)?;
        let situation = self.begin_call(state, action, Right::SearchMetadata, None)?;
        let as_of = self.inner().now();
        let gathered = match self.gather(state, since) {
            Ok(gathered) => gathered,
            Err(error) => return self.unanswered(state, action, None, error),
        };
        let lesson = self.compare(state, gathered.iter().map(|(entry, ..)| entry))?;
        let known = self.known(state)?;
        self.done(state, action, None, &lesson, &situation)?;
        Ok(NewsAnswer {
            documents: gathered
                .into_iter()
                .map(|(entry, change, replaces)| News {
                    found: self.triage(entry, &known),
                    change,
                    replaces,
                })
                .collect(),
            as_of,
        })
    }

    #[allow(clippy::type_complexity)] // one local shape, named by its fields at its only use
    fn gather(
        &self,
        state: &mut State,
        since: Instant,
    ) -> Result<Vec<(DocumentEntry, Change, Vec<EntryUuid>)>> {
        let context = self.context();
        let sets = state.dmp.find_submission_sets(&context, since)?;
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        let lots: Vec<EntryUuid> = sets.into_iter().map(|set| set.entry_uuid).collect();
        let associations = state.dmp.associations(&context, &lots)?;
        // A document first seen as a member without a previous version was deposited since.
        let mut members: Vec<(EntryUuid, Change)> = Vec::new();
        for a in &associations {
            let change = match a.kind {
                AssociationKind::HasMember if a.previous_version.is_none() => Change::New,
                AssociationKind::HasMember | AssociationKind::UpdateAvailabilityStatus => {
                    Change::Updated
                }
                AssociationKind::Replaces => continue,
            };
            match members.iter_mut().find(|(target, _)| *target == a.target) {
                Some((_, known)) if change == Change::New => *known = change,
                Some(_) => {}
                None => members.push((a.target.clone(), change)),
            }
        }
        let mut gathered = Vec::with_capacity(members.len());
        for batch in members.chunks(self.inner().config.parameters.catch_up_batch) {
            let entries: Vec<EntryUuid> = batch.iter().map(|(id, _)| id.clone()).collect();
            let found = state.dmp.documents_and_associations(&context, &entries)?;
            for entry in found.documents {
                let replaces: Vec<EntryUuid> = found
                    .associations
                    .iter()
                    .filter(|a| a.kind == AssociationKind::Replaces && a.source == entry.entry_uuid)
                    .map(|a| a.target.clone())
                    .collect();
                let change = batch
                    .iter()
                    .find(|(id, _)| *id == entry.entry_uuid)
                    .map_or(Change::Updated, |(_, change)| *change);
                let change = match change {
                    Change::New if !replaces.is_empty() => Change::Replacement,
                    other => other,
                };
                gathered.push((entry, change, replaces));
            }
        }
        Ok(gathered)
    }

    /// Journals a consultation that succeeded, without its count: what was visible then may be masked now.
    /// What the answer taught of what is kept is applied with it.
    pub(super) fn done(
        &self,
        state: &mut State,
        action: &str,
        detail: Option<&str>,
        lesson: &Lesson,
        situation: &Situation,
    ) -> Result<()> {
        let now = self.inner().now();
        state.register.durable(|tx| {
            self.learn(tx, lesson, situation, now)?;
            let note = self.note(None);
            let note = Note {
                detail: detail.or(note.detail),
                ..note
            };
            self.session.note(tx, now, action, Outcome::Done, note)
        })
    }
}
