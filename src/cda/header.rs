//! What the header of a document says.

use std::fmt;

use super::Encoding;
use super::time::HlTime;

/// The header of a CDA document, in the terms of CDA.
///
/// An element that is missing, null (`nullFlavor`) or unreadable is `None`, or is not in its list. Text has its white
/// space collapsed. Nothing is checked against value sets: the header is what the document says.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// The encoding the document was read in.
    pub encoding: Encoding,
    /// Whether the XML declaration names another encoding than the one the bytes are in.
    pub encoding_contradicted: bool,
    /// Whether the document is held in the style sheet that displays it (document autoprésentable).
    pub self_presenting: bool,
    /// `realmCode/@code`, `FR` in France.
    pub realm_code: Option<String>,
    /// `templateId`s, in document order.
    pub template_ids: Vec<Id>,
    /// `id`: the identifier of this version of the document.
    pub id: Option<Id>,
    /// `code`: the type of document.
    pub code: Option<Code>,
    /// `title`.
    pub title: Option<String>,
    /// `effectiveTime`: when this version was made.
    pub effective_time: Option<HlTime>,
    /// `confidentialityCode`.
    pub confidentiality_code: Option<Code>,
    /// `languageCode/@code`.
    pub language_code: Option<String>,
    /// `setId`: the identifier common to all versions.
    pub set_id: Option<Id>,
    /// `versionNumber`, from 1.
    pub version_number: Option<u32>,
    /// `recordTarget`: the patient.
    pub patient: Option<Patient>,
    /// `author`s, in document order.
    pub authors: Vec<Author>,
    /// `custodian`: the organisation that keeps the document.
    pub custodian: Option<Organization>,
    /// `legalAuthenticator`: who answers for the document.
    pub legal_authenticator: Option<LegalAuthenticator>,
    /// `documentationOf/serviceEvent`s, in document order; the first is the main act.
    pub service_events: Vec<ServiceEvent>,
    /// `relatedDocument`s: what this document replaces or transforms.
    pub related_documents: Vec<RelatedDocument>,
    /// `componentOf/encompassingEncounter/location/healthCareFacility/code`: the kind of structure.
    pub facility: Option<Code>,
    /// The kind of body; none when the document has no `component`.
    pub body: Option<Body>,
}

/// An identifier (HL7 `II`) with a root.
#[derive(Clone, PartialEq, Eq)]
pub struct Id {
    /// An OID, sometimes a UUID.
    pub root: String,
    /// What it identifies under the root; none when the root says all.
    pub extension: Option<String>,
}

/// A coded value (HL7 `CE`) with a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: String,
    /// OID of its system, empty when the document gives none.
    pub system: String,
    /// The label the document gives, often not that of the value set.
    pub label: Option<String>,
}

/// The patient.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patient {
    /// All identifiers in document order; in a document to share the first is the INS.
    pub ids: Vec<Id>,
    /// Nom de naissance (qualifier `BR`, else a family name without qualifier).
    pub birth_family: Option<String>,
    /// Nom utilisé (qualifier `CL`, else `SP`).
    pub used_family: Option<String>,
    /// Prénoms of the birth certificate, separated by spaces (given names without qualifier).
    pub given_names: Option<String>,
    /// Premier prénom de naissance (qualifier `BR`).
    pub first_given: Option<String>,
    /// Prénom utilisé (qualifier `CL`).
    pub used_given: Option<String>,
    /// `administrativeGenderCode`.
    pub gender: Option<Code>,
    /// `birthTime`.
    pub birth_time: Option<HlTime>,
    /// Code officiel géographique of the place of birth (`birthplace/place/addr/county`).
    pub birth_place: Option<String>,
}

/// An author: a professional, a device, or the patient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Author {
    /// When the author took part.
    pub time: Option<HlTime>,
    /// `functionCode`: the functional role.
    pub function: Option<Code>,
    /// Identifiers in document order.
    pub ids: Vec<Id>,
    /// `code`: profession and specialty.
    pub specialty: Option<Code>,
    /// The person's name, for a person.
    pub person: Option<PersonName>,
    /// The device, for a device.
    pub device: Option<Device>,
    /// The organisation the author acts for.
    pub organization: Option<Organization>,
}

/// A person's name.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PersonName {
    /// Civilité (`prefix`).
    pub prefix: Option<String>,
    /// Given names, separated by spaces.
    pub given: Option<String>,
    /// Family name.
    pub family: Option<String>,
    /// Titre (`suffix`).
    pub suffix: Option<String>,
}

/// A device or software that authored a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// `manufacturerModelName`.
    pub model: Option<String>,
    /// `softwareName`.
    pub software: Option<String>,
}

/// An organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organization {
    /// Identifiers in document order.
    pub ids: Vec<Id>,
    /// Name.
    pub name: Option<String>,
}

/// Who answers for the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LegalAuthenticator {
    /// When the document was authenticated.
    pub time: Option<HlTime>,
    /// Identifiers in document order.
    pub ids: Vec<Id>,
    /// `code`: profession and specialty.
    pub specialty: Option<Code>,
    /// The person's name.
    pub person: Option<PersonName>,
    /// The organisation the person acts for.
    pub organization: Option<Organization>,
}

/// An act that the document reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceEvent {
    /// Identifiers of the act, in document order.
    pub ids: Vec<Id>,
    /// `code`: the act.
    pub code: Option<Code>,
    /// When it began (`effectiveTime/low`, or `effectiveTime/@value`).
    pub low: Option<HlTime>,
    /// When it ended (`effectiveTime/high`).
    pub high: Option<HlTime>,
    /// Setting of practice of the performer's organisation (`standardIndustryClassCode`).
    pub practice_setting: Option<Code>,
}

/// A document that this one replaces (`RPLC`), completes (`APND`) or transforms (`XFRM`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelatedDocument {
    /// `relatedDocument/@typeCode`.
    pub type_code: String,
    /// Identifier of the other document.
    pub id: Option<Id>,
    /// `setId` of the other document.
    pub set_id: Option<Id>,
    /// `versionNumber` of the other document.
    pub version_number: Option<u32>,
}

/// The kind of body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// CDA level 1: a file in another format, embedded.
    Unstructured {
        /// `nonXMLBody/text/@mediaType`.
        media_type: Option<String>,
    },
    /// CDA level 2 or 3: sections.
    Structured,
}

// A header identifies a patient and tells an illness: printing one by accident, in a log or a panic, must not.

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Header({:?}, …)", self.id)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extension = if self.extension.is_some() { "^…" } else { "" };
        write!(f, "Id({}{extension})", self.root)
    }
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patient(…)")
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(…)")
    }
}
