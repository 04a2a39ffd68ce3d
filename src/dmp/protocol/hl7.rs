//! HL7 v3: TD0.2 and TD1.3a (PRPA_IN201307UV02, answered by 201308) and TD0.5 (201305, answered by 201306).
//!
//! Sources: the official messages of the three transactions and their schemas, HL7 normative edition 2009 for the
//! first two, 2008 for TD0.5.
//!
//! What the official answers have no place for is sent by the simulator in elements that the schemas allow; the
//! national DMP does not send them, and reading takes each as absent:
//!
//! | what | where |
//! |---|---|
//! | end of the authorisation | `attentionLine` FIN_AUTORISATION, a TS |
//! | oppositions, in TD0.2 | `administrativeObservation`, as in TD1.3a |
//! | attachment to Mon espace santé, in TD1.3a | `administrativeObservation`, as in TD0.2 |
//! | médecins traitants | `administrativeObservation` MEDECIN_TRAITANT, an II |
//! | persons to notify | `contactParty` |
//! | birth place | `birthPlace/addr/county`, as in the CDA |
//! | date of closing | `patient/effectiveTime/high` |
//!
//! The motif and reason of a closing stand in `reasonOf/detectedIssueEvent`, as in the request that closes (TD1.4).
//! Codes of the simulator have `codeSystemName="dmpkit"` instead of an OID. Times without a zone are read in UTC: the
//! official messages do not name one.

mod answer;
mod node;
mod query;
mod read;
mod time;

use crate::clock::Instant;

pub use answer::{administrative_answer, candidates_answer, existence_answer, refusal_answer};
pub use query::{
    Asked, PatientQuery, SearchQuery, existence_request, read_patient_query, read_search_query,
    search_request,
};
pub use read::{read_administrative, read_candidates, read_existence};

/// The namespace of HL7 v3.
pub const HL7: &str = "urn:hl7-org:v3";
/// XML Schema instances: the types of values.
pub(crate) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// The DMP as a device and as custodian. Source: official message TD0.2.
pub const DMP_DEVICE: &str = "1.2.250.1.213.4.1.1.1";
/// The system of the dossier's observations. Source: official message TD1.3a.
const OBSERVATIONS: &str = "1.2.250.1.213.4.1.2.3";
/// What marks the simulator's own codes.
const OURS: &str = "dmpkit";
/// The nom d'usage of a person without one. Source: homologation REC_0.2-1020.
const NO_USED_NAME: &str = "NON RENSEIGNE";

/// An instance identifier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Id {
    /// OID or UUID.
    pub root: String,
    /// Extension, empty when the root says all.
    pub extension: String,
}

/// What a message says of itself: which, when, by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its identifier.
    pub id: Id,
    /// The identifier of its query.
    pub query: Id,
    /// The client's software: its OID.
    pub device: String,
    /// Its name.
    pub software: String,
}

impl Message {
    /// Identifiers under the software's own OID: `.1.1` for messages and `.2` for queries, as the official message
    /// TD0.2 has them. `extension` is a UUID, new for each message.
    pub fn of(software: &crate::dmp::Software, extension: &str) -> Message {
        let id = |arc: &str| Id {
            root: format!("{}{arc}", software.oid.as_str()),
            extension: extension.to_owned(),
        };
        Message {
            id: id(".1.1"),
            query: id(".2"),
            device: software.oid.as_str().to_owned(),
            software: software.name.clone(),
        }
    }
}

/// What an answer needs beside its content.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// The request's own.
    pub to: &'a Message,
    /// The answer's identifier: a UUID, new.
    pub id: &'a str,
    /// Now.
    pub at: Instant,
}
