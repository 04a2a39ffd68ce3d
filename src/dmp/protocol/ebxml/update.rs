//! Changes to what is registered: lcm:SubmitObjectsRequest of ITI-57 (official messages TD3.3c and TD3.3d; TD3.3a and
//! TD3.3b as the ANS's kit shows them).

use std::collections::HashMap;
use std::io::BufRead;

use super::entry::Entry;
use super::link::Link;
use super::lot::{Parts, SET_ID, is_original, read_objects, sort};
use super::names::{HAS_MEMBER, LCM, RIM};
use super::object::{Ids, Raw};
use super::{Refused, RequestError, expect, set};
use crate::dmp::protocol::xml::{Element, Reader, Writer};
use crate::document::{AssociationKind, EntryUuid, Status, SubmissionSet};

/// One change asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// New metadata for a document (TD3.3a, TD3.3b).
    Metadata {
        /// The document, whatever its version.
        logical_id: EntryUuid,
        /// The version that the sender changed.
        previous_version: u32,
        /// The metadata as they are to be.
        entry: Box<Entry>,
    },
    /// A new status (TD3.3c, TD3.3d).
    Status {
        /// The document's entryUUID.
        target: EntryUuid,
        /// The status it had for the sender.
        from: Status,
        /// The status it is to have.
        to: Status,
    },
}

/// An update that came in, every rule of form kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedUpdate {
    /// The SubmissionSet that names the update. A symbolic `id` became a UUID derived from the uniqueId.
    pub submission: SubmissionSet,
    /// What is asked for; at least one.
    pub changes: Vec<Change>,
}

fn write(out: &mut Writer, submission: &SubmissionSet, rest: &[Raw]) {
    let mut ids = Ids::counted();
    out.open(
        "lcm:SubmitObjectsRequest",
        &[("xmlns", RIM), ("xmlns:lcm", LCM)],
    )
    .open("RegistryObjectList", &[]);
    set::raw(submission, SET_ID).write(out, &mut ids);
    for raw in rest {
        raw.write(out, &mut ids);
    }
    out.close().close();
}

/// Writes a change of metadata. `entry` is as the registry gave it, with what changes changed; its `logical_id` (else its
/// `id`) names the document and its `version` (else 1) is the version that was changed.
pub fn write_metadata_update(out: &mut Writer, submission: &SubmissionSet, entry: &Entry) {
    const ID: &str = "Document01";
    let version = entry.version.unwrap_or(1).to_string();
    let lid = entry
        .logical_id
        .as_ref()
        .map_or(entry.id.as_str(), EntryUuid::as_str);
    let link = Link::new("association1", HAS_MEMBER, SET_ID, ID)
        .with("SubmissionSetStatus", "Original")
        .with("PreviousVersion", &version);
    let document = Raw {
        id: ID.to_owned(),
        lid: Some(lid.to_owned()),
        status: Some(entry.status.unwrap_or(Status::Approved).urn().to_owned()),
        version: Some(version.clone()),
        ..entry.raw(false)
    };
    write(out, submission, &[link.raw(), document]);
}

/// Writes a change of status.
pub fn write_status_update(
    out: &mut Writer,
    submission: &SubmissionSet,
    target: &EntryUuid,
    from: Status,
    to: Status,
) {
    let kind = AssociationKind::UpdateAvailabilityStatus.urn();
    let link = Link::new("association1", kind, SET_ID, target.as_str())
        .with("OriginalStatus", from.urn())
        .with("NewStatus", to.urn());
    write(out, submission, &[link.raw()]);
}

const fn update_error(rule: &'static str) -> Refused {
    Refused {
        code: "XDSMetadataUpdateError",
        rule,
    }
}

/// Reads the `lcm:SubmitObjectsRequest` of an update.
///
/// # Errors
/// [`Refused`] with an IHE code: `XDSMetadataUpdateError`, `XDSMetadataUpdateOperationError` (an operation that the DMP does
/// not know), `XDSRegistryMetadataError`, `UnresolvedReferenceException`.
pub fn read_update<R: BufRead>(
    reader: &mut Reader<R>,
    payload: &Element,
) -> Result<ReceivedUpdate, RequestError> {
    expect(payload, LCM, "SubmitObjectsRequest", "SubmitObjectsRequest")?;
    let parts = sort(read_objects(reader)?)?;
    Ok(assemble(parts)?)
}

fn assemble(parts: Parts) -> Result<ReceivedUpdate, Refused> {
    let Parts {
        set_id,
        submission,
        entries,
        links,
    } = parts;
    let mut entries: HashMap<String, Entry> =
        entries.into_iter().map(|e| (e.id.clone(), e)).collect();
    let mut changes = Vec::with_capacity(links.len());
    let mut changed: std::collections::HashSet<EntryUuid> = std::collections::HashSet::new();
    for link in links {
        if link.source != set_id {
            return Err(Refused {
                code: "UnresolvedReferenceException",
                rule: "Association: must go from the SubmissionSet",
            });
        }
        let change = if link.is_member() {
            if !is_original(&link) {
                return Err(update_error(
                    "HasMember: SubmissionSetStatus must be Original",
                ));
            }
            let entry = entries.remove(&link.target).ok_or(Refused {
                code: "UnresolvedReferenceException",
                rule: "HasMember: must go to a document of the update",
            })?;
            let version = link
                .value("PreviousVersion")
                .and_then(|v| v.trim().parse().ok());
            Change::Metadata {
                logical_id: entry
                    .logical_id
                    .clone()
                    .ok_or(update_error("ExtrinsicObject: lid is required, a urn:uuid"))?,
                previous_version: version
                    .ok_or(update_error("PreviousVersion: is required, a whole number"))?,
                entry: Box::new(entry),
            }
        } else if link.kind == AssociationKind::UpdateAvailabilityStatus.urn() {
            let status = |slot| link.value(slot).map(str::trim).and_then(Status::from_urn);
            Change::Status {
                target: EntryUuid::new(&link.target).map_err(|_| Refused {
                    code: "UnresolvedReferenceException",
                    rule: "UpdateAvailabilityStatus: must go to an entryUUID",
                })?,
                from: status("OriginalStatus")
                    .ok_or(update_error("OriginalStatus: must be of JDV_J52"))?,
                to: status("NewStatus").ok_or(update_error("NewStatus: must be of JDV_J52"))?,
            }
        } else {
            return Err(Refused {
                code: "XDSMetadataUpdateOperationError",
                rule: "associationType: must be HasMember or UpdateAvailabilityStatus",
            });
        };
        let object = match &change {
            Change::Metadata { logical_id, .. } => logical_id,
            Change::Status { target, .. } => target,
        };
        if !changed.insert(object.clone()) {
            return Err(update_error("lid: two changes bear on the same document"));
        }
        changes.push(change);
    }
    if !entries.is_empty() {
        return Err(update_error(
            "ExtrinsicObject: a HasMember with PreviousVersion is required",
        ));
    }
    if changes.is_empty() {
        return Err(update_error("RegistryObjectList: no change is asked for"));
    }
    Ok(ReceivedUpdate {
        submission,
        changes,
    })
}
