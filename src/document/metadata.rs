//! The DocumentEntry of the DMP: what a document says of itself, and what the DMP adds.
//!
//! Source: ITI TF-3 4.2.3.2, with the DMP's cardinalities (CI-SIS "Partage de documents de santé").
//! JSON names are the standard's. Codes keep their label, for a retired code is only known by it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Confidentiality, Dtm, EntryUuid, Oid, Status, Visibility};
use crate::identity::{Cx, Xcn, Xon};

/// A code with its label and the OID (or literal) of its system.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coded {
    /// The code.
    pub code: String,
    /// The OID of the code system (`URN` and `ASTM` stand as such in the DMP).
    pub system: String,
    /// The label.
    pub label: String,
}

impl Coded {
    /// Puts a code together.
    pub fn new(code: &str, system: &str, label: &str) -> Coded {
        Coded {
            code: code.to_owned(),
            system: system.to_owned(),
            label: label.to_owned(),
        }
    }

    /// Whether it is this code of this system.
    pub fn is(&self, code: &str, system: &str) -> bool {
        self.code == code && self.system == system
    }
}

/// One author of a document or of a lot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Author {
    /// Who: a professional, a system, the patient.
    pub author_person: Xcn,
    /// Where; absent for a patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_institution: Option<Xon>,
    /// Profession and savoir-faire, JDV_J56.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_specialty: Option<Coded>,
    /// Functional role, the label of JDV_J47.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_role: Option<String>,
}

/// A slot of a registry object: a name and its values, as they came.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OtherSlot {
    /// Name of the slot (`documentAvailability`, `urn:…`).
    pub name: String,
    /// Its values in order.
    #[serde(default)]
    pub values: Vec<String>,
}

/// Values can name a patient.
impl std::fmt::Debug for OtherSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OtherSlot({}, …)", self.name)
    }
}

/// A classification of a registry object, as it came.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OtherClassification {
    /// classificationScheme, `urn:uuid:…`; absent when a node classifies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// classificationNode, `urn:uuid:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// nodeRepresentation: the code; absent when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Its name: the label of the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its slots, by name: `codingScheme`, `authorPerson`…
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<OtherSlot>,
}

/// As [`Metadata`]: codes tell of a patient's care.
impl std::fmt::Debug for OtherClassification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OtherClassification({:?}, …)", self.scheme)
    }
}

/// An external identifier of a registry object, as it came.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OtherIdentifier {
    /// identificationScheme, `urn:uuid:…`.
    pub scheme: String,
    /// The value.
    pub value: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// It can be a patient's.
impl std::fmt::Debug for OtherIdentifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OtherIdentifier({}, …)", self.scheme)
    }
}

/// What is submitted with a document: the part of DocumentEntry that the sender answers for.
///
/// What came with an entry and has no field here, or is not written as the DMP writes it, is kept as it came in
/// `other_slots`, `other_classifications` and `other_identifiers`, each sorted by name or scheme. A kept value whose
/// name or scheme is that of a field stands for the field when the entry is written again, as long as it still reads
/// as the field: a field that is changed wins.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// uniqueId: OID only.
    pub unique_id: Oid,
    /// `text/xml`, or `application/xslt+xml` for a self-presenting CDA.
    pub mime_type: String,
    /// `fr-FR`.
    pub language_code: String,
    /// When the document was made, UTC.
    pub creation_time: Dtm,
    /// When the act began, UTC.
    pub service_start_time: Dtm,
    /// When the act ended, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_stop_time: Option<Dtm>,
    /// Title, at most 128 characters.
    pub title: String,
    /// Free comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments: Option<String>,
    /// At least one.
    pub author: Vec<Author>,
    /// Who answers for the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_authenticator: Option<Xcn>,
    /// The INS.
    pub patient_id: Cx,
    /// The local identifier (PI), or the INS again.
    pub source_patient_id: Cx,
    /// `PID-n|…` lines.
    #[serde(default)]
    pub source_patient_info: Vec<String>,
    /// JDV_J57.
    pub class_code: Coded,
    /// JDV_J66.
    pub type_code: Coded,
    /// JDV_J60.
    pub format_code: Coded,
    /// The HL7 level, first confidentialityCode.
    #[serde(default)]
    pub confidentiality: Confidentiality,
    /// JDV_J61.
    pub healthcare_facility_type_code: Coded,
    /// JDV_J62.
    pub practice_setting_code: Coded,
    /// Acts, modality, region.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub event_code_list: Vec<Coded>,
    /// CXi: accession, order, study.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference_id_list: Vec<Cx>,
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

/// Metadata identify a patient and tell of his care: they are never printed by accident.
impl std::fmt::Debug for Metadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Metadata({}, …)", self.unique_id)
    }
}

/// As [`Metadata`].
impl std::fmt::Debug for RawMetadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RawMetadata(…)")
    }
}

impl Metadata {
    /// Whether a professional is among the authors, by PS_IdNat.
    pub fn is_by(&self, ps_id: &str) -> bool {
        self.author
            .iter()
            .any(|a| a.author_person.id == ps_id && a.author_person.kind != "NH")
    }

    /// Whether a structure is that of an author, or an author itself, by Struct_IdNat.
    pub fn is_of_structure(&self, struct_id: &str) -> bool {
        self.author.iter().any(|a| {
            a.author_institution
                .as_ref()
                .is_some_and(|i| i.id == struct_id)
                || a.author_person.id == struct_id
        })
    }
}

/// Metadata as stored or received: JSON text of a [`Metadata`], not parsed until someone asks. A list of
/// a thousand documents passes through without a thousand parses.
#[derive(Clone, PartialEq, Eq)]
pub struct RawMetadata(String);

impl RawMetadata {
    /// The JSON of metadata.
    pub fn of(metadata: &Metadata) -> Result<RawMetadata, serde_json::Error> {
        serde_json::to_string(metadata).map(RawMetadata)
    }

    /// Text that was written by [`RawMetadata::of`].
    pub(crate) fn stored(text: String) -> RawMetadata {
        RawMetadata(text)
    }

    /// The JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The metadata.
    pub fn parse(&self) -> Result<Metadata, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

impl Serialize for RawMetadata {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawMetadata {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<RawMetadata, D::Error> {
        let metadata = Metadata::deserialize(deserializer)?;
        RawMetadata::of(&metadata).map_err(serde::de::Error::custom)
    }
}

/// A document in the DMP: its metadata and what the DMP added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentEntry {
    /// Changes at each replacement and at each change of metadata.
    #[serde(rename = "entryUUID")]
    pub entry_uuid: EntryUuid,
    /// Constant across changes of metadata.
    pub logical_id: EntryUuid,
    /// From 1, one more at each change of metadata.
    pub version: u32,
    /// The uniqueId, repeated here so that a list can be handled without parsing metadata.
    pub unique_id: Oid,
    /// Status for the reader: obsolete only if he may see what replaced it.
    pub availability_status: Status,
    /// Visibility codes beside the HL7 level.
    pub visibility: Visibility,
    /// SHA-1 of the content, 40 hexadecimal digits.
    pub hash: String,
    /// Size of the content in bytes.
    pub size: i64,
    /// What was submitted.
    pub metadata: RawMetadata,
}
