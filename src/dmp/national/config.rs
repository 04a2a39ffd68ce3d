//! The configuration of the national DMP.

use serde::{Deserialize, Serialize};

use super::keys::config::KeyEntry;
use super::transport::NetworkConfig;
use crate::dmp::protocol::signature::Hash;
use crate::dmp::protocol::vihf::VihfSettings;
use crate::error::{Error, Result};

/// The national DMP, as JSON:
/// `{"url": "https://…/si-dmp-server/v2/services", "network": {"trust": {"path": "ca.pem"}}, "keys": [{"pkcs11": {…}}]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NationalConfig {
    /// The address under which the services stand: `/patients`, `/habilitations`, `/registry`, `/repository` are added to
    /// it. The DMP gives it with the homologation.
    pub url: String,
    /// Services that stand elsewhere.
    #[serde(default, skip_serializing_if = "Services::is_default")]
    pub services: Services,
    /// How the DMP is reached: roots to trust, proxy, time-outs.
    pub network: NetworkConfig,
    /// Cards and certificates; the first that fits whoever works.
    pub keys: Vec<KeyEntry>,
    /// What the sources of the VIHF disagree on.
    #[serde(default)]
    pub vihf: VihfSettings,
    /// The hash of the lots' signature (XAdES): SHA-256; SHA-1 for old platforms, as in the official
    /// TD2.1_SignatureXades.
    #[serde(default)]
    pub lot_hash: Hash,
    /// Up to how many seconds the difference of clocks is corrected in the VIHF; beyond, nothing is.
    #[serde(default = "clock_skew_seconds")]
    pub clock_skew_seconds: u32,
    /// Deposits a second and structure; 0 sets no limit, which suits a simulator alone.
    #[serde(default = "feeds_per_second")]
    pub feeds_per_second: u32,
    /// The address of the DMP's pages for a patient (TD0.9), where `{ins}` stands for the matricule, such as
    /// `https://…/AccesDirect/GestionDMPPatient/{ins}` (PDT-INF-527); absent, the DMP has no pages here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web: Option<String>,
    /// True when the other end is dmpkit's simulator: the patient's side can be played on it.
    #[serde(default)]
    pub simulator: bool,
}

/// Addresses of single services, where they are not under [`NationalConfig::url`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Services {
    /// TD0.2, TD0.4, TD0.5, TD1.3a.
    pub patients: Option<String>,
    /// TD0.3, TD1.6.
    pub habilitations: Option<String>,
    /// TD3.1, TD3.3.
    pub registry: Option<String>,
    /// TD2.1, TD3.2.
    pub repository: Option<String>,
}

impl Services {
    fn is_default(&self) -> bool {
        *self == Services::default()
    }

    /// The address given for a service, by its name on the wire.
    fn of(&self, name: &str) -> Option<&str> {
        match name {
            "patients" => self.patients.as_deref(),
            "habilitations" => self.habilitations.as_deref(),
            "registry" => self.registry.as_deref(),
            "repository" => self.repository.as_deref(),
            _ => None,
        }
    }
}

fn clock_skew_seconds() -> u32 {
    300
}

fn feeds_per_second() -> u32 {
    5
}

impl NationalConfig {
    /// The address of a service, by its name on the wire.
    pub(super) fn service(&self, name: &str) -> String {
        match self.services.of(name) {
            Some(url) => url.to_owned(),
            None => format!("{}/{name}", self.url.trim_end_matches('/')),
        }
    }

    /// Refuses a configuration that cannot work.
    pub(crate) fn check(&self) -> Result<()> {
        let https = |field: &str, url: &str| {
            let rest = url.strip_prefix("https://").unwrap_or_default();
            if rest.is_empty() || rest.starts_with('/') || rest.contains(['@', ' ', '#']) {
                let field = format!("dmp.national.{field}");
                return Err(Error::caller(field, "must be an https address"));
            }
            Ok(())
        };
        https("url", &self.url)?;
        for name in ["patients", "habilitations", "registry", "repository"] {
            if let Some(url) = self.services.of(name) {
                https(&format!("services.{name}"), url)?;
            }
        }
        if let Some(web) = &self.web {
            https("web", web)?;
        }
        if self.keys.is_empty() {
            return Err(Error::caller(
                "dmp.national.keys",
                "needs a card or certificate at least",
            ));
        }
        if self.clock_skew_seconds > 3600 {
            return Err(Error::caller(
                "dmp.national.clockSkewSeconds",
                "is outside its range, 0 to 3600",
            ));
        }
        self.network
            .check()
            .map_err(|error| Error::caller("dmp.national.network", error))
    }
}
