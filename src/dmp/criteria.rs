//! What TD3.1 FindDocuments can be asked, and its answer page by page.

use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::document::{DocumentEntry, Oid, Status, Visibility};

/// Search criteria; each absent one does not filter. Lists match any of their values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Criteria {
    /// Statuses; Approved alone when empty.
    pub status: Vec<Status>,
    /// serviceStartTime from, included.
    pub service_start_from: Option<Instant>,
    /// serviceStartTime to, excluded.
    pub service_start_to: Option<Instant>,
    /// creationTime from, included.
    pub creation_from: Option<Instant>,
    /// creationTime to, excluded.
    pub creation_to: Option<Instant>,
    /// classCode.
    pub class_code: Vec<String>,
    /// typeCode.
    pub type_code: Vec<String>,
    /// formatCode.
    pub format_code: Vec<String>,
    /// healthcareFacilityTypeCode.
    pub healthcare_facility_type_code: Vec<String>,
    /// practiceSettingCode.
    pub practice_setting_code: Vec<String>,
    /// eventCodeList: any of these codes.
    pub event_code: Vec<String>,
    /// confidentialityCode: documents that carry all of these visibility codes.
    /// MASQUE_PS is for the médecin traitant alone (EX_3.1-1030).
    pub visibility: Visibility,
    /// authorPerson: a PS_IdNat, or a part of the name.
    pub author: Option<String>,
    /// At most this many; 100 when absent.
    pub limit: Option<usize>,
    /// Continue after this place of an earlier page.
    pub after: Option<Cursor>,
}

impl Criteria {
    /// Documents a page holds unless asked otherwise.
    pub const DEFAULT_LIMIT: usize = 100;
    /// Documents a page holds at most.
    pub const MAX_LIMIT: usize = 10_000;
}

/// A place in a list: the last document given. It names only what the asker was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cursor {
    /// serviceStartTime of the last document.
    pub service_start: Instant,
    /// uniqueId of the last document.
    pub unique_id: Oid,
}

/// A page of documents, most recent act first, then by uniqueId.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Page {
    /// The documents.
    pub documents: Vec<DocumentEntry>,
    /// Where to continue; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Cursor>,
}
