//! What a file does not say of itself, and the document must: the record that [`wrap`](super::wrap) takes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::document::{Confidentiality, Oid};
use crate::error::Error;
use crate::identity::{IdentityTraits, Ins, Professional, Structure};

/// What surrounds a file: whose it is, who made it, when, for which act.
///
/// As JSON: camelCase, no unknown field. Dates and times are RFC 3339 (`2026-01-12T10:05:30+01:00`) or HL7
/// (`20260112100530+0100`), with their offset to UTC, which is written as it was given; a date alone where a day is
/// enough. Texts have their white space collapsed. Source of the content: ANS, CI-SIS, « Structuration minimale des
/// documents de santé », 3.5.5.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Context {
    /// The OID under which the software makes identifiers; at most 34 characters, for 30 follow. Required, but where
    /// a connector knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_oid: Option<Oid>,
    /// Whose document it is. Required, but where a dossier is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient: Option<Patient>,
    /// Who made the content: at least one, but where a session tells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<Author>,
    /// The structure of the act, and of whoever states no other. Left out only in what a patient writes alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structure: Option<Structure>,
    /// How to reach the structure, and whoever in it states nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// Who keeps the document: by default the structure; the host of the DMP for what a patient writes alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custodian: Option<Organization>,
    /// Who answers for the document: by default the first author who is a professional, else the patient if he wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_authenticator: Option<Signer>,
    /// Type of document: JDV_J66, LOINC when no system is given. Its class follows from it.
    #[serde(rename = "type")]
    pub kind: Coding,
    /// Title, at most 128 characters; by default the label of the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// When this version of the document was made: to the second, with its offset.
    pub effective_time: String,
    /// Language of the document: `fr-FR`, the only one that the DMP takes and the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Language of the file when it is another (`en-GB`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    /// HL7 level, `N` by default. Masking is not said here but when the document is fed.
    #[serde(default)]
    pub confidentiality: Confidentiality,
    /// The act that the document reports.
    pub service: Service,
    /// Setting of practice: JDV_J62, TRE_A01 when no system is given. Left out only in what a patient writes alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practice_setting: Option<Coding>,
    /// Who gave the information.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub informants: Vec<Informant>,
    /// For whom it is meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<Recipient>,
    /// Who else took part: the médecin traitant, who sent the patient.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<Participant>,
    /// The prescriptions or requests that the document answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<Identifier>,
    /// What the patient agreed to, by codes with their system and label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Coding>,
    /// The stay or visit during which the act took place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encounter: Option<Encounter>,
    /// The version that this document replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Replaced>,
    /// Identifier of this version; by default one is derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<Oid>,
    /// Identifier of all versions; by default that of the replaced version, or one is derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_id: Option<Identifier>,
    /// Number of this version, from 1; by default one more than the replaced one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_number: Option<u32>,
    /// What the file is said to be. Its bytes decide; this only says that what looks like XML is meant as text, and
    /// stops a file that is not what the caller believes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

impl Context {
    /// Reads the record as it is published (`wrap-context`): unknown and repeated fields are refused.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Caller`](crate::ErrorKind::Caller), with the field and what was expected there, never what was found.
    pub fn from_json(json: &str) -> crate::Result<Context> {
        crate::json::read(json, "context").map_err(|line| {
            let (field, rule) = line.split_once(": ").unwrap_or(("context", &line));
            Error::caller(field, rule)
        })
    }

    /// Whether the patient wrote alone.
    #[must_use]
    pub fn is_by_patient(&self) -> bool {
        let patient = |author: &Author| matches!(author.who, Who::Patient);
        !self.authors.is_empty() && self.authors.iter().all(patient)
    }
}

/// The patient, with a qualified INS.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Patient {
    /// The INS.
    pub ins: Ins,
    /// The five traits, all of them, and the nom utilisé.
    pub traits: IdentityTraits,
    /// Premier prénom de naissance, when it is made of several words; by default the first of the given names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_given: Option<String>,
    /// Prénom utilisé.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_given: Option<String>,
    /// Identifier of the patient in the practice (IPP), with its extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_id: Option<Identifier>,
    /// How to reach the patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

impl Patient {
    /// A patient of whom nothing more is said.
    #[must_use]
    pub fn of(ins: Ins, traits: IdentityTraits) -> Patient {
        Patient {
            ins,
            traits,
            first_given: None,
            used_given: None,
            local_id: None,
            contact: None,
        }
    }
}

/// An author.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Author {
    /// Who.
    pub who: Who,
    /// Functional role: JDV_J47, HL7 ParticipationFunction when no system is given (`PCP`, médecin traitant).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<Coding>,
    /// When he took part; by default when the document was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

impl Author {
    /// An author of whom nothing more is said.
    #[must_use]
    pub fn of(who: Who) -> Author {
        Author {
            who,
            function: None,
            time: None,
        }
    }
}

/// Who answers for the document.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signer {
    /// Who: not a device.
    pub who: Who,
    /// When he took responsibility; by default when the document was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// Someone or something that makes documents. As JSON: `{"professional": {…}}`, `{"device": {…}}` or `"patient"`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Who {
    /// A professional.
    Professional(Box<Practitioner>),
    /// A device or software.
    Device(Box<Device>),
    /// The patient himself.
    Patient,
}

/// A professional, with what a document says beyond his identity.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Practitioner {
    /// Identity, profession and savoir-faire.
    pub person: Professional,
    /// Profession and savoir-faire as JDV_J56 codes them (`G15_10/SM26`), TRE_A02 when no system is given; by default
    /// deduced from `person`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specialty: Option<Coding>,
    /// Civilité: JDV_J245 (`M`, `MME`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub civility: Option<String>,
    /// Titre: JDV_J246 (`DR`, `PR`, `MC`, `MG`, `PC`, `PG`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// His structure. When it is not given: for who makes the document, answers for it or does the act, that of the
    /// document; for anyone else, nothing is supposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structure: Option<Structure>,
    /// How to reach him and his structure; by default as for the structure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

impl Practitioner {
    /// A professional of whom nothing more is said.
    #[must_use]
    pub fn of(person: Professional) -> Practitioner {
        Practitioner {
            person,
            specialty: None,
            civility: None,
            title: None,
            structure: None,
            contact: None,
        }
    }
}

/// A device or software.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Device {
    /// OID of who numbered it; PS_IdNat when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<Oid>,
    /// Its identifier: under PS_IdNat, that of the structure, a slash, and its number in it (`3750100125/9762`).
    pub id: String,
    /// What it is: JDV_J56, TRE_A00 when no system is given; `DISPOSITIF` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specialty: Option<Coding>,
    /// Model (`manufacturerModelName`).
    pub model: String,
    /// Software (`softwareName`).
    pub software: String,
    /// Its structure, when it is not that of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structure: Option<Structure>,
    /// How to reach its structure, when it is not as the structure of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

/// A structure and how to reach it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Organization {
    /// The structure.
    pub structure: Structure,
    /// How to reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

/// The act that the document reports.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    /// When it began: a day, or a time with its offset.
    pub start: String,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
    /// Codes of the acts (CCAM, NGAP, LOINC…), each with its system and its label; the main one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Coding>,
    /// Identifiers of the act: the DICOM study (`studyInstanceUID`, root alone) in an imaging document, the number of
    /// the order (root and extension) in a request for imaging.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<Identifier>,
    /// Who did it: by default the first author who is a professional, else who answers for the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performer: Option<Box<Practitioner>>,
}

/// Who gave the information. As JSON: `{"professional": {…}}` or `{"relative": {…}}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Informant {
    /// A professional.
    Professional(Box<Practitioner>),
    /// Someone near the patient.
    Relative(Box<Relative>),
}

/// Someone near the patient.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Relative {
    /// In what capacity.
    pub class: RelativeClass,
    /// Relation to the patient: JDV_J11, HL7 RoleCode when no system is given (`MTH`, mère).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<Coding>,
    /// Family name.
    pub family: String,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
    /// How to reach the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

/// In what capacity someone near the patient speaks (HL7 RoleClass).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RelativeClass {
    /// Personne à prévenir en cas d'urgence.
    Econ,
    /// Proche.
    Nok,
    /// Personne de confiance, or another contact.
    Con,
    /// Aidant.
    Caregiver,
    /// The patient.
    Pat,
}

impl RelativeClass {
    /// Its code.
    pub(super) const fn code(self) -> &'static str {
        match self {
            RelativeClass::Econ => "ECON",
            RelativeClass::Nok => "NOK",
            RelativeClass::Con => "CON",
            RelativeClass::Caregiver => "CAREGIVER",
            RelativeClass::Pat => "PAT",
        }
    }
}

/// For whom a document is meant. As JSON: `{"professional": {…}}` or `{"organization": {…}}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Recipient {
    /// A professional.
    Professional(Box<Practitioner>),
    /// A structure.
    Organization(Box<Organization>),
}

/// Someone else who took part.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Participant {
    /// How, `INF` by default.
    #[serde(default, rename = "type")]
    pub kind: ParticipantType,
    /// Who.
    pub person: Practitioner,
    /// Functional role: JDV_J47, HL7 ParticipationFunction when no system is given (`PCP`, médecin traitant).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<Coding>,
    /// From when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
}

/// How someone took part (HL7 ParticipationType).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ParticipantType {
    /// Informed, as the médecin traitant is.
    #[default]
    Inf,
    /// Consulted.
    Con,
    /// Sent the patient or asked for the act.
    Ref,
    /// Sent the patient here.
    Refb,
    /// To whom the patient is sent.
    Reft,
    /// Responsible.
    Resp,
    /// Did part of the act.
    Prf,
}

impl ParticipantType {
    /// Its code.
    pub(super) const fn code(self) -> &'static str {
        match self {
            ParticipantType::Inf => "INF",
            ParticipantType::Con => "CON",
            ParticipantType::Ref => "REF",
            ParticipantType::Refb => "REFB",
            ParticipantType::Reft => "REFT",
            ParticipantType::Resp => "RESP",
            ParticipantType::Prf => "PRF",
        }
    }
}

/// The stay or visit.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Encounter {
    /// Identifiers of the stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<Identifier>,
    /// When it began: a day, or a time with its offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
}

/// The version that a document replaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Replaced {
    /// Its identifier.
    pub unique_id: Oid,
    /// The identifier of all versions; when it is not given, the one that [`wrap`](super::wrap) gives to a first
    /// version with this identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_id: Option<Identifier>,
    /// Its version number; 1 when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_number: Option<u32>,
}

/// An identifier (HL7 `II`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Identifier {
    /// OID of who gave it, or the whole identifier.
    pub root: Oid,
    /// What it is under the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
}

/// A code to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Coding {
    /// The code.
    pub code: String,
    /// OID of its system; where the field belongs to a value set, the usual system when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Its label. Where the field belongs to a value set, the label of the set is written instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// How to reach a person or a structure.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contact {
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// URIs: `tel:0326000000`, `mailto:…`, `fax:…`, `http:…`, the most useful first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub telecoms: Vec<String>,
}

/// An address: either lines, or parts.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Address {
    /// The address as it is written on an envelope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// Number in the street.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub house_number: Option<String>,
    /// Kind and name of the street.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street_name: Option<String>,
    /// Building, floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_locator: Option<String>,
    /// Postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// City.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// These records identify a patient or those around him: they are never printed by accident.
macro_rules! unprinted {
    ($($record:ident)*) => {
        $(
            impl fmt::Debug for $record {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(concat!(stringify!($record), "(…)"))
                }
            }
        )*
    };
}

unprinted! {
    Context Patient Author Signer Who Practitioner Device Organization Service Informant Relative Recipient Participant
    Encounter Identifier Contact Address
}
