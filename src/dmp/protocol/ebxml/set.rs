//! A SubmissionSet as a RegistryPackage, both ways (ITI TF-3 4.2.3.3; official messages TD2.1 and TD3.3c).

use super::entry::Unreadable;
use super::forms::{give, take};
use super::names::{
    SET_AUTHOR, SET_CONTENT_TYPE, SET_PATIENT_ID, SET_SOURCE_ID, SET_UNIQUE_ID, SUBMISSION_SET_NODE,
};
use super::object::{Kind, Raw};
use crate::document::{EntryUuid, OtherClassification, Status, SubmissionSet};

/// A SubmissionSet in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// The SubmissionSet. Its `entry_uuid` is the `id` on the wire.
    pub submission: SubmissionSet,
    /// `status`, if it came.
    pub status: Option<Status>,
    /// `lid`, if it came.
    pub logical_id: Option<EntryUuid>,
}

/// Whether a RegistryPackage is a SubmissionSet, by its node.
pub(super) fn is_set(raw: &Raw) -> bool {
    let mut nodes = raw.classifications.iter().filter_map(|c| c.node.as_deref());
    nodes.any(|node| node == SUBMISSION_SET_NODE)
}

/// Reads a RegistryPackage that is a SubmissionSet, tolerantly. A symbolic `id` becomes a UUID derived from the
/// uniqueId.
pub(super) fn read(raw: Raw) -> Result<Set, Unreadable> {
    let Raw {
        id,
        lid,
        status,
        mut slots,
        name,
        description,
        mut classifications,
        mut identifiers,
        ..
    } = raw;
    let or = |why| Unreadable {
        entry_uuid: id.clone(),
        why,
    };
    classifications
        .retain(|c| c.scheme.is_some() || c.node.as_deref() != Some(SUBMISSION_SET_NODE));
    let (mut other_slots, mut other_classifications, mut other_identifiers) =
        (Vec::new(), Vec::new(), Vec::new());
    let (c, kc) = (&mut classifications, &mut other_classifications);
    let (i, ki) = (&mut identifiers, &mut other_identifiers);
    let unique_id = take(i, ki, SET_UNIQUE_ID)
        .ok_or_else(|| or("SubmissionSet.uniqueId: is required, as an OID"))?;
    let mut submission = SubmissionSet {
        entry_uuid: EntryUuid::new(&id).unwrap_or_else(|_| derived(&unique_id)),
        source_id: take(i, ki, SET_SOURCE_ID)
            .ok_or_else(|| or("SubmissionSet.sourceId: is required, as an OID"))?,
        submission_time: take(&mut slots, &mut other_slots, "submissionTime")
            .ok_or_else(|| or("submissionTime: is required, in UTC"))?,
        patient_id: take(i, ki, SET_PATIENT_ID)
            .ok_or_else(|| or("SubmissionSet.patientId: is required, as a CX"))?,
        author: take(c, kc, SET_AUTHOR).ok_or_else(|| {
            or("SubmissionSet.author: is required, with a person that can be read")
        })?,
        content_type_code: take(c, kc, SET_CONTENT_TYPE)
            .ok_or_else(|| or("contentTypeCode: is required"))?,
        title: name,
        comments: description,
        unique_id,
        other_slots: Vec::new(),
        other_classifications: Vec::new(),
        other_identifiers: Vec::new(),
    };
    other_slots.append(&mut slots);
    other_slots.sort_by(|a, b| a.name.cmp(&b.name));
    other_classifications.append(&mut classifications);
    other_classifications.sort_by(|a, b| a.scheme.cmp(&b.scheme));
    other_identifiers.append(&mut identifiers);
    other_identifiers.sort_by(|a, b| a.scheme.cmp(&b.scheme));
    submission.other_slots = other_slots;
    submission.other_classifications = other_classifications;
    submission.other_identifiers = other_identifiers;
    Ok(Set {
        submission,
        status: status.as_deref().and_then(Status::from_urn),
        logical_id: lid.and_then(|l| EntryUuid::new(&l).ok()),
    })
}

fn derived(unique_id: &crate::document::Oid) -> EntryUuid {
    EntryUuid::derived("submission", unique_id.as_str())
}

/// The RegistryPackage of a SubmissionSet under this `id`.
pub(super) fn raw(set: &SubmissionSet, id: &str) -> Raw {
    let kept = &set.other_slots;
    let mut slots = Vec::with_capacity(1 + kept.len());
    give(
        &mut slots,
        kept,
        "submissionTime",
        Some(&set.submission_time),
    );
    slots.extend(kept.iter().filter(|k| k.name != "submissionTime").cloned());

    let kept = &set.other_classifications;
    let mut classifications = Vec::with_capacity(3 + kept.len());
    let c = &mut classifications;
    give(c, kept, SET_AUTHOR, Some(&set.author));
    give(c, kept, SET_CONTENT_TYPE, Some(&set.content_type_code));
    c.push(OtherClassification {
        node: Some(SUBMISSION_SET_NODE.to_owned()),
        ..OtherClassification::default()
    });
    let known = [Some(SET_AUTHOR), Some(SET_CONTENT_TYPE)];
    c.extend(
        kept.iter()
            .filter(|k| !known.contains(&k.scheme.as_deref()))
            .cloned(),
    );

    let kept = &set.other_identifiers;
    let mut identifiers = Vec::with_capacity(3 + kept.len());
    let i = &mut identifiers;
    give(i, kept, SET_PATIENT_ID, Some(&set.patient_id));
    give(i, kept, SET_SOURCE_ID, Some(&set.source_id));
    give(i, kept, SET_UNIQUE_ID, Some(&set.unique_id));
    let known = [SET_PATIENT_ID, SET_SOURCE_ID, SET_UNIQUE_ID];
    i.extend(
        kept.iter()
            .filter(|k| !known.contains(&k.scheme.as_str()))
            .cloned(),
    );

    Raw {
        kind: Kind::Package,
        id: id.to_owned(),
        slots,
        name: set.title.clone(),
        description: set.comments.clone(),
        classifications,
        identifiers,
        ..Raw::default()
    }
}

impl Set {
    /// The RegistryPackage of an answer.
    pub(super) fn raw(&self) -> Raw {
        Raw {
            lid: self.logical_id.as_ref().map(|l| l.as_str().to_owned()),
            status: self.status.map(|s| s.urn().to_owned()),
            ..raw(&self.submission, self.submission.entry_uuid.as_str())
        }
    }
}
