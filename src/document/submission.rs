//! Lots: a SubmissionSet with its documents, and the associations that bind registry objects.

use serde::{Deserialize, Serialize};

use super::{Author, Coded, Dtm, EntryUuid, Oid, OtherClassification, OtherIdentifier, OtherSlot};
use crate::identity::Cx;

/// The SubmissionSet of a lot (ITI TF-3 4.2.3.3). What has no field is kept as in [`super::Metadata`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubmissionSet {
    /// Given by the DMP; symbolic before that.
    #[serde(rename = "entryUUID")]
    pub entry_uuid: EntryUuid,
    /// Given by the software.
    pub unique_id: Oid,
    /// The source system.
    pub source_id: Oid,
    /// UTC, to the second.
    pub submission_time: Dtm,
    /// The INS.
    pub patient_id: Cx,
    /// Who submits.
    pub author: Author,
    /// JDV_J59: the clinical activity that led to the submission.
    pub content_type_code: Coded,
    /// Free title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Free comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments: Option<String>,
    /// Slots that have no field here, or whose values the fields cannot give back as they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_slots: Vec<OtherSlot>,
    /// Classifications likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_classifications: Vec<OtherClassification>,
    /// External identifiers likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_identifiers: Vec<OtherIdentifier>,
}

/// How one registry object bears on another (ITI TF-3 4.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AssociationKind {
    /// A SubmissionSet holds a document.
    HasMember,
    /// A document replaces another.
    #[serde(rename = "RPLC")]
    Replaces,
    /// A SubmissionSet changed a document's status.
    UpdateAvailabilityStatus,
}

impl AssociationKind {
    /// The URN on the wire.
    pub const fn urn(self) -> &'static str {
        match self {
            AssociationKind::HasMember => {
                "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
            }
            AssociationKind::Replaces => "urn:ihe:iti:2007:AssociationType:RPLC",
            AssociationKind::UpdateAvailabilityStatus => {
                "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
            }
        }
    }
}

/// A directed link between two registry objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Association {
    /// What kind of link.
    pub kind: AssociationKind,
    /// From: a SubmissionSet, or the new document of a replacement.
    pub source: EntryUuid,
    /// To: a document.
    pub target: EntryUuid,
    /// For HasMember after a change of metadata: the version that was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_version: Option<u32>,
}
