//! The VIHF: the SAML 2.0 assertion that says who calls, with what software, about whom. Every request carries one.
//!
//! | | |
//! |---|---|
//! | [`sign`] | from a [`Context`](crate::dmp::Context) to a signed assertion, ready for `wsse:Security` |
//! | [`verify`] | from a message to a [`Vihf`] whose signature was checked |
//! | [`Vihf::caller`] | from there to the requester, software, mode and patient that the context had |
//!
//! Source: CI-SIS mapping of the VIHF, integrators on the test platform, the official VIHF_DIRECTE_signe, VIHF_DIRECTE_non_signe and VIHF_INDIRECTE_signe.
//! What differs from the official files, and why:
//!
//! * SHA-256 instead of SHA-1, as the CI-SIS example; SHA-1 is a setting (the sources disagree);
//! * `codeSystemName` on every role: the official examples have none, the platform refuses its absence (seen by integrators on the test platform);
//! * no `resource-id` when no patient is concerned (TD0.4, TD0.5): the official TD0.4 carries one that nothing uses;
//! * base64 without spaces;
//! * bris de glace: the reason is an `originalText` in `PurposeOfUse` (ours: no source says where it travels; HL7's
//!   CE allows it there).

mod caller;
mod read;
mod roles;
mod settings;
mod write;

pub use caller::Caller;
pub use read::{CodedRole, Vihf, verify};
pub use settings::{AuthenticationAttribute, VihfSettings, VihfVersion};
pub use write::{Issue, sign, unsigned};

use super::certificate::CertificateError;
use super::key::KeyError;
use super::signature::SignatureError;
use super::xml::XmlError;

/// Namespace of SAML 2.0 assertions.
pub const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(crate) const HL7: &str = "urn:hl7-org:v3";
pub(crate) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
pub(crate) const XS: &str = "http://www.w3.org/2001/XMLSchema";

/// Names of the attributes, as they travel (official messages).
pub(crate) mod names {
    pub const STRUCTURE: &str = "Identifiant_Structure";
    pub const SECTOR: &str = "Secteur_Activite";
    pub const SUBJECT_ID: &str = "urn:oasis:names:tc:xspa:1.0:subject:subject-id";
    pub const ROLE: &str = "urn:oasis:names:tc:xacml:2.0:subject:role";
    pub const VERSION: &str = "VIHF_Version";
    pub const MODE: &str = "Authentification_mode";
    pub const RESOURCE_ID: &str = "urn:oasis:names:tc:xacml:2.0:resource:resource-id";
    pub const RESOURCE_URN: &str = "Ressource_URN";
    pub const PURPOSE: &str = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse";
    pub const CONFIDENTIALITY: &str =
        "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code";
    pub const LPS_ID: &str = "LPS_ID";
    pub const LPS_NAME: &str = "LPS_Nom";
    pub const LPS_VERSION: &str = "LPS_Version";
    pub const LPS_HOMOLOGATION: &str = "LPS_ID_HOMOLOGATION_DMP";
}

/// The value of the connexion secrète attribute: code and system of TRE_A07, JDV_J64.
pub(crate) const HIDDEN_FROM_REPRESENTATIVES: &str =
    "INVISIBLE_REPRESENTANTS_LEGAUX^1.2.250.1.213.1.1.4.13";

/// Why a VIHF cannot be made, or is not accepted. Field and rule, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VihfError {
    /// The context cannot be described by a VIHF.
    #[error("{field}: {rule}")]
    Field {
        /// The field of the context or of the settings.
        field: &'static str,
        /// The rule it breaks.
        rule: &'static str,
    },
    /// The key does not sign.
    #[error("vihf: {0}")]
    Key(#[from] KeyError),
    /// The signature is not accepted.
    #[error("vihf: {0}")]
    Signature(#[from] SignatureError),
    /// The assertion cannot be read.
    #[error("vihf: {0}")]
    Xml(#[from] XmlError),
    /// A field that has to be there is not.
    #[error("vihf: {0} is missing")]
    Missing(&'static str),
    /// A field has a value that it cannot have.
    #[error("vihf: {0} is not what it can be")]
    Invalid(&'static str),
    /// A field is given twice.
    #[error("vihf: {0} is given more than once")]
    Repeated(&'static str),
    /// `Conditions`: not valid yet, or no longer.
    #[error("vihf: not valid at this time")]
    Time,
    /// The issuer is not the name of the signing certificate.
    #[error("vihf: the issuer is not the subject of the signing certificate")]
    Issuer,
    /// A card signed for someone else than its holder.
    #[error("vihf: the subject is not the holder of the card that signed")]
    NotTheHolder,
    /// The certificate is not one for signing: an authentication certificate, usually.
    #[error("vihf: not a valid signature certificate")]
    NotForSignature,
    /// The certificate is not of the kind that the authentication mode asks for.
    #[error("vihf: the certificate does not fit the authentication mode")]
    CertificateKind,
}

impl From<CertificateError> for VihfError {
    fn from(error: CertificateError) -> VihfError {
        SignatureError::Certificate(error.0).into()
    }
}

impl VihfError {
    pub(crate) const fn field(field: &'static str, rule: &'static str) -> VihfError {
        VihfError::Field { field, rule }
    }
}

/// A fresh identifier for an assertion: `_` and a random UUID, as XML asks of an ID.
pub fn new_id() -> Result<String, VihfError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|_| VihfError::field("id", "the system gives no random bytes"))?;
    Ok(format!(
        "_{}",
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    ))
}
