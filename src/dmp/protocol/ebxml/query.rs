//! Stored queries, both ways: AdhocQueryRequest (ITI TF-2 3.18; official message TD3.1, request).

mod params;
mod read;
mod write;

pub use read::read_query;
pub use write::write_query;

use super::Refused;
use crate::clock::Instant;
use crate::dmp::Criteria;
use crate::document::visibility::VISIBILITY_SYSTEM;
use crate::document::{Dtm, EntryUuid, Status, Visibility};
use crate::error::{Error, Result};
use crate::identity::Cx;
use crate::terminology::{Terminology, ValueSet};

pub(super) const FIND_DOCUMENTS: &str = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d";
pub(super) const FIND_BY_REFERENCE: &str = "urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492";
pub(super) const FIND_SETS: &str = "urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9";
pub(super) const GET_DOCUMENTS: &str = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4";
pub(super) const GET_ASSOCIATIONS: &str = "urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155";
pub(super) const GET_DOCUMENTS_AND_ASSOCIATIONS: &str =
    "urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a";
pub(super) const GET_SETS: &str = "urn:uuid:51224314-5390-4169-9b91-b1980040715a";
pub(super) const GET_SET_AND_CONTENTS: &str = "urn:uuid:e8e3cb2c-e39c-46b9-99e4-c12f57260b83";

/// A code in a query: `code^^system`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CodeRef {
    /// The code.
    pub code: String,
    /// The OID (or literal) of its system.
    pub system: String,
}

/// Which objects, by which of their identifiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ids {
    /// uniqueIds, as they came.
    Unique(Vec<String>),
    /// entryUUIDs.
    Entry(Vec<EntryUuid>),
}

/// What FindDocuments asks. Of a list of codes, one is enough; of a list of lists, one of each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindDocuments {
    /// The patient; by default the one of the VIHF (RG_3010).
    pub patient: Option<Cx>,
    /// Statuses; at least one.
    pub status: Vec<Status>,
    /// serviceStartTime from, included.
    pub service_start_from: Option<Dtm>,
    /// serviceStartTime to, excluded.
    pub service_start_to: Option<Dtm>,
    /// serviceStopTime from, included.
    pub service_stop_from: Option<Dtm>,
    /// serviceStopTime to, excluded.
    pub service_stop_to: Option<Dtm>,
    /// creationTime from, included.
    pub creation_from: Option<Dtm>,
    /// creationTime to, excluded.
    pub creation_to: Option<Dtm>,
    /// classCode.
    pub class_code: Vec<CodeRef>,
    /// typeCode.
    pub type_code: Vec<CodeRef>,
    /// formatCode.
    pub format_code: Vec<CodeRef>,
    /// healthcareFacilityTypeCode.
    pub facility: Vec<CodeRef>,
    /// practiceSettingCode.
    pub practice_setting: Vec<CodeRef>,
    /// eventCodeList.
    pub event_code: Vec<Vec<CodeRef>>,
    /// confidentialityCode.
    pub confidentiality: Vec<Vec<CodeRef>>,
    /// authorPerson: patterns of SQL LIKE over the XCN.
    pub author: Vec<String>,
    /// referenceIdList: CXi. FindDocumentsByReferenceId when there is one.
    pub reference_id: Vec<Vec<String>>,
}

/// What FindSubmissionSets asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindSubmissionSets {
    /// The patient; by default the one of the VIHF.
    pub patient: Option<Cx>,
    /// Statuses; at least one.
    pub status: Vec<Status>,
    /// submissionTime from, included.
    pub from: Option<Dtm>,
    /// submissionTime to, excluded.
    pub to: Option<Dtm>,
}

/// A stored query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// FindDocuments, and FindDocumentsByReferenceId when it names references.
    FindDocuments(Box<FindDocuments>),
    /// FindSubmissionSets.
    FindSubmissionSets(FindSubmissionSets),
    /// GetDocuments.
    GetDocuments(Ids),
    /// GetAssociations of these objects.
    GetAssociations(Vec<EntryUuid>),
    /// GetDocumentsAndAssociations.
    GetDocumentsAndAssociations(Ids),
    /// GetSubmissionSets that hold these objects.
    GetSubmissionSets(Vec<EntryUuid>),
    /// GetSubmissionSetAndContents: one lot, by one identifier.
    GetSubmissionSetAndContents(Ids),
}

/// What an answer is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReturnType {
    /// Objects whole.
    #[default]
    LeafClass,
    /// Their identifiers alone.
    ObjectRef,
}

/// A query and what its answer is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRequest {
    /// The query.
    pub query: Query,
    /// What the answer is to hold.
    pub return_type: ReturnType,
}

impl QueryRequest {
    /// Asks for whole objects.
    pub fn leaf(query: Query) -> QueryRequest {
        QueryRequest {
            query,
            return_type: ReturnType::LeafClass,
        }
    }
}

/// Systems of the codes that eventCodeList can hold: CCAM, CIM-10, DRC, LOINC, SNOMED CT, DICOM. A criterion gives a
/// code without its system, and there is no value set to find it in.
const EVENT_SYSTEMS: [&str; 6] = [
    "1.2.250.1.213.2.5",
    "2.16.840.1.113883.6.3",
    "1.2.250.1.213.2.9",
    "2.16.840.1.113883.6.1",
    "2.16.840.1.113883.6.96",
    "1.2.840.10008.2.16.4",
];

impl FindDocuments {
    /// The query for these criteria. A code becomes `code^^system` for every system in which the DMP's value sets know
    /// it; an event's, for each system that can hold it. `limit` and `after` have no place on the wire.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Caller`]: a code that no value set knows, and so cannot be asked.
    pub fn of(patient: Cx, criteria: &Criteria, terms: &Terminology) -> Result<FindDocuments> {
        let status = match criteria.status.as_slice() {
            [] => vec![Status::Approved],
            all => all.to_vec(),
        };
        let codes = |field, codes: &[String], sets: &[&ValueSet]| -> Result<Vec<CodeRef>> {
            let mut all = Vec::new();
            for code in codes {
                let known = sets.iter().flat_map(|set| set.all());
                let known = known.filter(|c| c.code == code.as_str());
                let before = all.len();
                for concept in known {
                    let one = CodeRef {
                        code: code.clone(),
                        system: concept.system.to_string(),
                    };
                    if !all.contains(&one) {
                        all.push(one);
                    }
                }
                if all.len() == before {
                    return Err(Error::caller(field, "must be codes of the DMP's value set"));
                }
            }
            Ok(all)
        };
        let events: Vec<CodeRef> = criteria
            .event_code
            .iter()
            .flat_map(|code| EVENT_SYSTEMS.map(|system| code_ref(code, system)))
            .collect();
        let visibility = criteria.visibility.codes();
        Ok(FindDocuments {
            patient: Some(Cx {
                effective: None,
                ..patient
            }),
            status,
            service_start_from: criteria.service_start_from.map(Dtm::of),
            service_start_to: criteria.service_start_to.map(up),
            service_stop_from: None,
            service_stop_to: None,
            creation_from: criteria.creation_from.map(Dtm::of),
            creation_to: criteria.creation_to.map(up),
            class_code: codes(
                "classCode",
                &criteria.class_code,
                &[terms.class_code(), terms.class_code_cisis()],
            )?,
            type_code: codes(
                "typeCode",
                &criteria.type_code,
                &[terms.type_code(), terms.type_code_cisis()],
            )?,
            format_code: codes(
                "formatCode",
                &criteria.format_code,
                &[terms.format_code(), terms.format_code_cisis()],
            )?,
            facility: codes(
                "healthcareFacilityTypeCode",
                &criteria.healthcare_facility_type_code,
                &[terms.facility(), terms.facility_cisis()],
            )?,
            practice_setting: codes(
                "practiceSettingCode",
                &criteria.practice_setting_code,
                &[terms.practice_setting()],
            )?,
            event_code: Some(events).filter(|e| !e.is_empty()).into_iter().collect(),
            confidentiality: visibility
                .map(|code| vec![code_ref(code, VISIBILITY_SYSTEM)])
                .collect(),
            author: criteria.author.iter().map(|a| pattern(a)).collect(),
            reference_id: Vec::new(),
        })
    }

    /// The criteria of this query, for a DMP that answers them. Codes are compared without their system.
    ///
    /// # Errors
    /// `XDSRegistryError`: a filter that [`Criteria`] cannot hold.
    pub fn criteria(&self) -> std::result::Result<Criteria, Refused> {
        const UNSUPPORTED: Refused = Refused {
            code: "XDSRegistryError",
            rule: "a filter of the query is not supported by this registry",
        };
        if self.service_stop_from.is_some()
            || self.service_stop_to.is_some()
            || !self.reference_id.is_empty()
            || self.event_code.len() > 1
        {
            return Err(UNSUPPORTED);
        }
        let mut visibility = Visibility::NORMAL;
        for group in &self.confidentiality {
            // Every document carries its level: a list that allows it filters nothing.
            if group.iter().any(|c| c.code == "N") {
                continue;
            }
            let [code] = group.as_slice() else {
                return Err(UNSUPPORTED);
            };
            let one = Visibility::from_codes([code.code.as_str()]).map_err(|_| UNSUPPORTED)?;
            visibility = visibility.with(one);
        }
        let mut authors: Vec<&str> = self.author.iter().map(|p| plain(p)).collect();
        authors.dedup();
        let author = match authors.as_slice() {
            [] => None,
            [one] if !one.is_empty() && !one.contains(['%', '_', '^']) => Some((*one).to_owned()),
            _ => return Err(UNSUPPORTED),
        };
        let codes = |list: &[CodeRef]| -> Vec<String> {
            let mut codes: Vec<String> = list.iter().map(|c| c.code.clone()).collect();
            codes.dedup();
            codes
        };
        let start = |at: &Option<Dtm>| at.as_ref().map(Dtm::start);
        Ok(Criteria {
            status: self.status.clone(),
            service_start_from: start(&self.service_start_from),
            service_start_to: start(&self.service_start_to),
            creation_from: start(&self.creation_from),
            creation_to: start(&self.creation_to),
            class_code: codes(&self.class_code),
            type_code: codes(&self.type_code),
            format_code: codes(&self.format_code),
            healthcare_facility_type_code: codes(&self.facility),
            practice_setting_code: codes(&self.practice_setting),
            event_code: self.event_code.first().map_or_else(Vec::new, |c| codes(c)),
            visibility,
            author,
            limit: None,
            after: None,
        })
    }
}

fn code_ref(code: &str, system: &str) -> CodeRef {
    CodeRef {
        code: code.to_owned(),
        system: system.to_owned(),
    }
}

/// The DTM of an excluded end: never before it.
fn up(at: Instant) -> Dtm {
    let second = Dtm::of(at);
    if second.start() == at {
        return second;
    }
    Instant::from_millis(at.millis().saturating_add(1000)).map_or(second, Dtm::of)
}

/// An identifier opens the XCN; a name stands anywhere in it. How the DMP treats case is not published: the text goes as
/// it is given.
fn pattern(author: &str) -> String {
    if author.bytes().any(|b| b.is_ascii_digit()) {
        format!("{author}^%")
    } else {
        format!("%{author}%")
    }
}

/// What a pattern looks for, when it is one of the two above or close to it.
fn plain(pattern: &str) -> &str {
    pattern.trim_matches(['%', '^'])
}
