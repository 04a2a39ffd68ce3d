//! What a practice sends to those who help it: figures, versions and rule identifiers, no patient, no person, no
//! document, no path.

use serde::Serialize;

use super::Connector;
use super::config::Backend;
use super::outbox::Counts;
use crate::clock::Instant;
#[cfg(feature = "national")]
use crate::dmp::national::NetworkState;
use crate::error::Result;
use crate::rules::Parameters;
use crate::store::journal::Verification;
use crate::store::support::{Ending, FileFigures, Standing};

/// Days of the journal that are summed up.
const DAYS: i64 = 30;

/// The bundle.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SupportBundle {
    /// Version of the library.
    pub version: &'static str,
    /// What it was built with.
    pub features: Vec<&'static str>,
    /// Operating system and processor.
    pub platform: String,
    /// When this was made.
    pub at: Instant,
    /// `embedded` or `national`.
    pub back_end: &'static str,
    /// The durations and switches in use.
    pub parameters: Parameters,
    /// The register's file.
    pub register: FileFigures,
    /// The journal's chain.
    pub journal: ChainFigures,
    /// How what was done in the last thirty days ended.
    pub endings: Vec<Ending>,
    /// The outbox, by state.
    pub outbox: Counts,
    /// Why what it holds stands where it stands.
    pub outbox_reasons: Vec<Standing>,
    /// When the DMP is tried again, after it could not be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Instant>,
    /// Failures in a row on the way to the DMP.
    pub road_failures: u32,
    /// What is known of the way to a national DMP.
    #[cfg(feature = "national")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkState>,
}

/// What checking the journal's chain found, without who shortened it and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainFigures {
    /// Whether the chain is whole, from its first entry or from where it was shortened.
    pub intact: bool,
    /// Good entries.
    pub entries: i64,
    /// Hash of the last good entry.
    pub head: String,
    /// Number of the first bad entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_bad: Option<i64>,
    /// Stable code of what is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
    /// Where earlier entries were removed after their time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shortened: Option<Shortened>,
}

/// Where the journal was shortened. Who did it and why stay in the practice: a reason is free text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shortened {
    /// Number of the last entry removed.
    pub number: i64,
    /// Entries removed then.
    pub removed: i64,
    /// All of them were older than this.
    pub before: Instant,
    /// When they were removed.
    pub at: Instant,
}

impl From<Verification> for ChainFigures {
    fn from(found: Verification) -> ChainFigures {
        ChainFigures {
            intact: found.intact,
            entries: found.entries,
            head: found.head,
            first_bad: found.first_bad,
            fault: found.fault.map(|fault| fault.code),
            shortened: found.boundary.map(|boundary| Shortened {
                number: boundary.number,
                removed: boundary.removed,
                before: boundary.before,
                at: boundary.at,
            }),
        }
    }
}

impl Connector {
    /// Gathers what those who help a practice need to know, and nothing of a patient.
    pub fn support_bundle(&self) -> Result<SupportBundle> {
        let now = self.inner.now();
        let mut held = self.inner.hold()?;
        let places = held.state()?;
        #[cfg(feature = "national")]
        let network = places.dmp.network();
        places.register.read(|tx| {
            let road = tx.road(None)?;
            Ok(SupportBundle {
                version: env!("CARGO_PKG_VERSION"),
                features: features(),
                platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
                at: now,
                back_end: match &self.inner.config.dmp {
                    Backend::Embedded(_) => "embedded",
                    #[cfg(feature = "national")]
                    Backend::National(_) => "national",
                },
                parameters: self.inner.config.parameters,
                register: tx.file_figures()?,
                journal: tx.verify()?.into(),
                endings: tx.endings(now.plus_days(-DAYS))?,
                outbox: tx.outbox_counts(None)?,
                outbox_reasons: tx.outbox_standings()?,
                retry_at: road.as_ref().map(|road| road.retry_at),
                road_failures: road.map_or(0, |road| road.failures),
                #[cfg(feature = "national")]
                network,
            })
        })
    }
}

/// What this library was built with.
fn features() -> Vec<&'static str> {
    [
        (cfg!(feature = "encryption"), "encryption"),
        (cfg!(feature = "national"), "national"),
        (cfg!(feature = "pkcs11"), "pkcs11"),
        (cfg!(feature = "simulator"), "simulator"),
    ]
    .into_iter()
    .filter_map(|(there, name)| there.then_some(name))
    .collect()
}
