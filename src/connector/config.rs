//! What a connector is opened with.

use serde::{Deserialize, Serialize};

use super::offline::OfflineConfig;
use crate::clock::{Clock, Instant};
use crate::dmp::Software;
#[cfg(feature = "national")]
use crate::dmp::national::NationalConfig;
use crate::error::{Error, Result, StorageError};
use crate::identity::Ins;
use crate::rules::Parameters;
use crate::rules::habilitation::Habilitation;
use crate::store::sqlite;

/// The configuration of a connector, as a JSON record or in Rust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Path of the practice's register; created when absent.
    pub register: String,
    /// The calling software.
    pub software: Software,
    /// Which DMP.
    pub dmp: Backend,
    /// When given, the connector's clock starts here and moves only when told: for demonstrations and tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Instant>,
    /// When the DMP's authorisation is declared.
    #[serde(default)]
    pub authorisation: AuthorisationPolicy,
    /// Which identities are accepted; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Domain>,
    /// Durations and switches, where they differ from the known ones.
    #[serde(default)]
    pub parameters: Parameters,
    /// What is kept for reading without network, and for how long; nothing when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<OfflineConfig>,
    /// Path of a terminology pack, see [`crate::terminology::pack`]: value sets newer than those of the library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminology: Option<String>,
}

/// A back end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Backend {
    /// A whole DMP in a file.
    Embedded(EmbeddedConfig),
    /// The national DMP, over its protocols, or a simulator of it.
    #[cfg(feature = "national")]
    National(Box<NationalConfig>),
}

/// The embedded DMP's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmbeddedConfig {
    /// Path of its file; created when absent.
    pub path: String,
    /// Path of a matrix d'habilitation, see [`crate::rules::habilitation`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub habilitation: Option<String>,
}

/// When an authorisation is declared. The DMP's homologation says never by itself (EX_0.3-1010); the
/// Ségur drafts say at the opening of a dossier if the patient does not object (SC.DMP/UX.50).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorisationPolicy {
    /// Only when the person asks.
    #[default]
    Explicit,
    /// At the opening of a dossier in normal mode, when a consent is recorded and no authorisation holds.
    Automatic,
}

/// A domain of identities. Test identities have no place in production, nor real ones elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// INS-NIR and INS-NIA.
    Production,
    /// The test platform's.
    Test,
    /// Demonstrations'.
    Demonstration,
}

impl Config {
    /// Reads a configuration (record config), as strictly as the C interface does. The error names the field and the
    /// rule, never a value.
    pub fn from_json(json: &str) -> std::result::Result<Config, String> {
        crate::json::read(json, "config")
    }

    /// Refuses a configuration that cannot work.
    pub(crate) fn check(&self) -> Result<()> {
        let software = &self.software;
        for (field, value) in [
            ("software.name", &software.name),
            ("software.version", &software.version),
            ("software.homologation", &software.homologation),
        ] {
            if value.trim().is_empty() {
                return Err(Error::caller(field, "is required by the DMP (VIHF)"));
            }
        }
        if software.oid.as_str().len() > 34 {
            return Err(Error::caller(
                "software.oid",
                "must leave 30 of 64 characters for the identifiers made under it",
            ));
        }
        plain("register", &self.register)?;
        match &self.dmp {
            Backend::Embedded(embedded) => {
                plain("dmp.embedded.path", &embedded.path)?;
                if embedded.path == self.register {
                    return Err(Error::caller(
                        "dmp.embedded.path",
                        "must be another file than the register",
                    ));
                }
            }
            #[cfg(feature = "national")]
            Backend::National(national) => national.check()?,
        }
        if let Some(offline) = &self.offline {
            offline.check()?;
        }
        let p = &self.parameters;
        for (fits, field) in [
            (
                (1..=1200).contains(&p.authorisation_months),
                "authorisationMonths",
            ),
            ((1..=120).contains(&p.invisible_months), "invisibleMonths"),
            (
                (1..=3650).contains(&p.invisible_notice_days),
                "invisibleNoticeDays",
            ),
            (
                (1..=1440).contains(&p.bris_de_glace_minutes),
                "brisDeGlaceMinutes",
            ),
            ((1..=150).contains(&p.majority_age), "majorityAge"),
            ((1..=1000).contains(&p.candidates), "candidates"),
            ((1..=1000).contains(&p.catch_up_batch), "catchUpBatch"),
            (
                (1..=100).contains(&p.first_search_years),
                "firstSearchYears",
            ),
            ((0..=1000).contains(&p.feeds_per_second), "feedsPerSecond"),
            (
                (0..1440).contains(&p.take_over_from_minute),
                "takeOverFromMinute",
            ),
            (
                (0..1440).contains(&p.take_over_to_minute),
                "takeOverToMinute",
            ),
            (
                (0..=1_000_000).contains(&p.take_over_daily),
                "takeOverDaily",
            ),
            (
                (1..=3650).contains(&p.outbox_history_days),
                "outboxHistoryDays",
            ),
            ((12..=1200).contains(&p.journal_months), "journalMonths"),
            (
                (1..=365).contains(&p.emergency_review_days),
                "emergencyReviewDays",
            ),
        ] {
            if !fits {
                return Err(Error::caller(
                    format!("parameters.{field}"),
                    "is outside its range",
                ));
            }
        }
        Ok(())
    }

    /// The clock that was asked for.
    pub(super) fn clock(&self) -> Clock {
        match self.clock {
            None => Clock::system(),
            Some(at) => Clock::manual(at),
        }
    }

    /// The matrix d'habilitation of an embedded DMP.
    pub(crate) fn habilitation(&self) -> Result<Habilitation> {
        let path = match &self.dmp {
            Backend::Embedded(embedded) => embedded.habilitation.as_ref(),
            #[cfg(feature = "national")]
            Backend::National(_) => None,
        };
        let Some(path) = path else {
            return Ok(Habilitation::default());
        };
        let text =
            std::fs::read_to_string(path).map_err(|_| Error::from(StorageError::CannotOpen))?;
        Habilitation::from_json(&text).map_err(|e| Error::caller("dmp.embedded.habilitation", e))
    }

    /// Refuses an identity of another domain than the configured one.
    pub(crate) fn check_domain(&self, ins: &Ins) -> Result<()> {
        use crate::identity::Authority::{Demonstration, Nia, Nir, Test};
        let fits = match self.domain {
            None => true,
            Some(Domain::Production) => matches!(ins.authority(), Nir | Nia),
            Some(Domain::Test) => ins.authority() == Test,
            Some(Domain::Demonstration) => ins.authority() == Demonstration,
        };
        if fits {
            Ok(())
        } else {
            Err(Error::caller(
                "patient.oid",
                "is not of the configured domain of identities",
            ))
        }
    }
}

/// Refuses what is not the plain path of a file.
fn plain(field: &str, path: &str) -> Result<()> {
    if sqlite::is_plain(path) {
        Ok(())
    } else {
        Err(Error::caller(
            field,
            "must be a plain file path, not empty, not a URI, not in memory",
        ))
    }
}
