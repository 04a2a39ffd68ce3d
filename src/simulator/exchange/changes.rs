//! TD3.3: an update that comes as metadata or statuses, and the change that it means.
//!
//! Limit: one change an update.

use super::call::Turn;
use super::documents::{no, nobody, refused, response};
use crate::dmp::embedded::{Embedded, Known};
use crate::dmp::protocol::ebxml::{Change, Entry, ReceivedUpdate, RegistryResponse};
use crate::dmp::protocol::fault::Fault;
use crate::dmp::{Code, Dmp, StatusChange, VisibilityChange};
use crate::document::{EntryUuid, Status, SubmissionSet, Visibility};

/// Does the one change of an update.
pub(super) fn update(
    dmp: &mut Embedded,
    turn: &Turn<'_>,
    update: &ReceivedUpdate,
) -> Result<String, Fault> {
    let [change] = update.changes.as_slice() else {
        let rule = "one change of one document in an update";
        return Err(refused(turn, Code::XDSMetadataUpdateError, rule));
    };
    let submission = &update.submission;
    match change {
        Change::Status { target, from, to } => {
            change_status(dmp, turn, target, (*from, *to), submission)?;
        }
        Change::Metadata {
            logical_id,
            previous_version,
            entry,
        } => change_metadata(dmp, turn, logical_id, *previous_version, entry, submission)?,
    }
    Ok(response(&RegistryResponse::SUCCESS))
}

fn change_status(
    dmp: &mut Embedded,
    turn: &Turn<'_>,
    target: &EntryUuid,
    (from, to): (Status, Status),
    submission: &SubmissionSet,
) -> Result<(), Fault> {
    let context = turn.context();
    let change = match to {
        Status::Archived => StatusChange::Archive,
        Status::Approved => StatusChange::Unarchive,
        Status::Deleted => StatusChange::Delete,
        _ => return Err(refused(turn, Code::XDSMetadataUpdateError, "NewStatus")),
    };
    let known = dmp.known(&context, Known::Entry(target));
    let id = match known.map_err(|error| no(turn, &error))? {
        None => nobody()?,
        Some(entry) if entry.availability_status == from => entry.unique_id,
        Some(_) => {
            let rule = "OriginalStatus is not the current one";
            return Err(refused(turn, Code::XDSMetadataUpdateError, rule));
        }
    };
    dmp.change_status(&context, &id, change, submission)
        .map(|_| ())
        .map_err(|error| no(turn, &error))
}

fn change_metadata(
    dmp: &mut Embedded,
    turn: &Turn<'_>,
    logical_id: &EntryUuid,
    previous_version: u32,
    entry: &Entry,
    submission: &SubmissionSet,
) -> Result<(), Fault> {
    let context = turn.context();
    let id = &entry.metadata.unique_id;
    let known = dmp.known(&context, Known::Unique(id));
    let change = match known.map_err(|error| no(turn, &error))? {
        // Answered as for any document that the caller does not know.
        None => VisibilityChange::Mask,
        Some(current) => {
            if &current.logical_id != logical_id {
                let rule = "the logicalId is not that of the uniqueId";
                return Err(refused(turn, Code::XDSMetadataUpdateError, rule));
            }
            if current.version != previous_version {
                let rule = "PreviousVersion is not the current one";
                return Err(refused(turn, Code::XDSMetadataVersionError, rule));
            }
            let registered = Entry::of(&current)
                .map_err(|_| refused(turn, Code::XDSRegistryError, "stored metadata"))?;
            if registered.metadata != entry.metadata {
                let rule = "only the visibility of a document can be changed";
                return Err(refused(turn, Code::XDSMetadataUpdateError, rule));
            }
            visibility_change(current.visibility, entry.visibility).ok_or_else(|| {
                let rule = "confidentialityCode: one change of visibility is expected";
                refused(turn, Code::XDSMetadataUpdateError, rule)
            })?
        }
    };
    dmp.change_visibility(&context, id, change, submission)
        .map(|_| ())
        .map_err(|error| no(turn, &error))
}

/// Which change leads from one visibility to another. The same visibility again is a masking or unmasking that
/// changes nothing.
fn visibility_change(before: Visibility, after: Visibility) -> Option<VisibilityChange> {
    [
        (before.with(Visibility::MASKED), VisibilityChange::Mask),
        (before.without(Visibility::MASKED), VisibilityChange::Unmask),
        (
            before.without(Visibility::INVISIBLE_PATIENT),
            VisibilityChange::ShowToPatient,
        ),
        (
            before.without(Visibility::INVISIBLE_REPRESENTATIVES),
            VisibilityChange::ShowToRepresentatives,
        ),
    ]
    .into_iter()
    .find(|(reached, _)| *reached == after)
    .map(|(_, change)| change)
}
