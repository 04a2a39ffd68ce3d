//! Documents changed: TD3.3a to TD3.3d.

use super::National;
use super::exchange::{Ask, registered, unexpected};
use super::known::Seen;
use crate::dmp::protocol::ebxml::{self, Entry};
use crate::dmp::protocol::soap::Transaction;
use crate::dmp::protocol::xml::Writer;
use crate::dmp::{Changed, Code, Context, StatusChange, VisibilityChange};
use crate::document::{DocumentEntry, EntryUuid, Oid, Status, SubmissionSet, Visibility};
use crate::error::{Error, ErrorKind, Result};

impl National {
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
}
