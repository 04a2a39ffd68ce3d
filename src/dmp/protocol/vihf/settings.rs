//! What differs between platforms and versions of the DMP.

use serde::{Deserialize, Serialize};

use super::super::signature::Hash;

/// The class of every official example, direct and indirect.
const SMARTCARD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI";

/// `VIHF_Version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum VihfVersion {
    /// `3.0`.
    #[default]
    #[serde(rename = "3.0")]
    V3,
    /// `4.0`.
    #[serde(rename = "4.0")]
    V4,
}

impl VihfVersion {
    /// As it travels.
    pub const fn as_str(self) -> &'static str {
        match self {
            VihfVersion::V3 => "3.0",
            VihfVersion::V4 => "4.0",
        }
    }
}

/// The name of the attribute that holds the authentication mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum AuthenticationAttribute {
    /// `Authentification_mode`.
    #[default]
    #[serde(rename = "Authentification_mode")]
    Lower,
    /// `Authentification_Mode`.
    #[serde(rename = "Authentification_Mode")]
    Upper,
}

impl AuthenticationAttribute {
    /// As it travels.
    pub const fn as_str(self) -> &'static str {
        match self {
            AuthenticationAttribute::Lower => "Authentification_mode",
            AuthenticationAttribute::Upper => "Authentification_Mode",
        }
    }
}

/// Points on which the published sources disagree, or that a platform sets. The defaults are the official examples,
/// with SHA-256.
///
/// In JSON: `{"version": "3.0", "authenticationAttribute": "Authentification_mode", "hash": "sha256",
/// "authnContextClassRef": "urn:…", "authnContextDecl": "urn:…", "validitySeconds": null, "automate": "1"}`; every
/// field may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct VihfSettings {
    /// `3.0` in every official example and client, `4.0` in the CI-SIS mapping table (the sources disagree).
    pub version: VihfVersion,
    /// `Authentification_mode` in the official VIHF, `Authentification_Mode` in the CI-SIS guide (row 2).
    pub authentication_attribute: AuthenticationAttribute,
    /// SHA-1 in the official examples, SHA-256 in the CI-SIS example (row 4).
    pub hash: Hash,
    /// How the person logged in, a class of SAML 2.0 Authentication Context. `SmartcardPKI` in every official
    /// example, direct and indirect; it has to be true of the local login (CI-SIS mapping of the VIHF).
    pub authn_context_class_ref: String,
    /// AIR alone: how the person was authenticated locally. `urn:…:SmartcardPKI` in the official AIR example;
    /// `CONF_EXI_PGSSIS` for AIR simplifié (EX_AIR-050).
    pub authn_context_decl: String,
    /// For how many seconds the assertion is valid (`Conditions`); absent, as in the official examples, when `None`.
    pub validity_seconds: Option<u32>,
    /// The identifier of the software inside its structure, for what no person sends: the end of `FINESS/x`
    /// (CI-SIS mapping of the VIHF, NameID; ActorSystem).
    pub automate: String,
}

impl Default for VihfSettings {
    fn default() -> VihfSettings {
        VihfSettings {
            version: VihfVersion::default(),
            authentication_attribute: AuthenticationAttribute::default(),
            hash: Hash::default(),
            authn_context_class_ref: SMARTCARD.to_owned(),
            authn_context_decl: SMARTCARD.to_owned(),
            validity_seconds: None,
            automate: "1".to_owned(),
        }
    }
}
