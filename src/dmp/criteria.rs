//! What TD3.1 FindDocuments can be asked, and its answer page by page.

use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::document::{DocumentEntry, Metadata, Oid, Status, Visibility};
use crate::error::{Error, Result};
use crate::identity::traits::fold;

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

    /// Documents a page holds; the rule that a limit breaks.
    pub(crate) fn page_limit(&self) -> Result<usize> {
        match self.limit.unwrap_or(Criteria::DEFAULT_LIMIT) {
            0 => Err(Error::caller("limit", "must be at least 1")),
            n if n > Criteria::MAX_LIMIT => Err(Error::caller("limit", "must be at most 10000")),
            n => Ok(n),
        }
    }

    /// Whether a document of this status meets the criterion of statuses.
    pub(crate) fn fits_status(&self, status: Status) -> bool {
        if self.status.is_empty() {
            status == Status::Approved
        } else {
            self.status.contains(&status)
        }
    }

    /// Whether metadata meet the criteria that only they can tell: acts and authors.
    pub(crate) fn fits_acts_and_authors(&self, metadata: &Metadata) -> bool {
        let event = self.event_code.is_empty()
            || metadata
                .event_code_list
                .iter()
                .any(|e| self.event_code.contains(&e.code));
        let author = self.author.as_deref().is_none_or(|wanted| {
            let folded = fold(wanted);
            metadata.author.iter().any(|a| {
                let name = fold(&format!(
                    "{} {}",
                    a.author_person.family, a.author_person.given
                ));
                a.author_person.id == wanted || (!folded.is_empty() && name.contains(&folded))
            })
        });
        event && author
    }

    /// Whether a document meets every criterion but the place in the list.
    pub(crate) fn fits(&self, entry: &DocumentEntry, metadata: &Metadata) -> bool {
        let within = |at: Instant, from: Option<Instant>, to: Option<Instant>| {
            from.is_none_or(|from| at >= from) && to.is_none_or(|to| at < to)
        };
        let one_of =
            |wanted: &[String], value: &str| wanted.is_empty() || wanted.iter().any(|w| w == value);
        self.fits_status(entry.availability_status)
            && within(
                metadata.service_start_time.start(),
                self.service_start_from,
                self.service_start_to,
            )
            && within(
                metadata.creation_time.start(),
                self.creation_from,
                self.creation_to,
            )
            && one_of(&self.class_code, &metadata.class_code.code)
            && one_of(&self.type_code, &metadata.type_code.code)
            && one_of(&self.format_code, &metadata.format_code.code)
            && one_of(
                &self.healthcare_facility_type_code,
                &metadata.healthcare_facility_type_code.code,
            )
            && one_of(
                &self.practice_setting_code,
                &metadata.practice_setting_code.code,
            )
            && (self.visibility.bits() == 0 || entry.visibility.has(self.visibility))
            && self.fits_acts_and_authors(metadata)
    }
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
