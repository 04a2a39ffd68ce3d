//! Seals: checkpoints of the journal that a host keeps elsewhere.

use serde::{Deserialize, Serialize};

use crate::connector::Connector;
use crate::error::{Error, Result};
use crate::store::journal::{Seal, SealKey, SealedVerification};

/// The most keys that one check takes: those in use over the years.
const MOST_KEYS: usize = 64;

/// What the journal is checked against, beside the seals of its own file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SealCheck {
    /// Seals that the host kept elsewhere.
    pub seals: Vec<Seal>,
}

/// Reads sealing keys, one after the other, 32 bytes each. The caller wipes his own copy.
///
/// Errors: [`crate::ErrorKind::Caller`] when they are not whole keys, or more than 64.
pub fn keys_of(bytes: &[u8]) -> Result<Vec<SealKey>> {
    if !bytes.len().is_multiple_of(32) || bytes.len() > 32 * MOST_KEYS {
        return Err(Error::caller("keys", "must be 32 bytes each, at most 64"));
    }
    bytes.chunks(32).map(SealKey::new).collect()
}

impl Connector {
    /// Seals the journal as it stands: writes the seal in the register, mentions it in the journal as an act of the
    /// structure whose entry is sealed, and returns it. Kept elsewhere, it shows a later truncation.
    ///
    /// It does not check the journal first: check it, then seal it.
    ///
    /// Errors: [`crate::ErrorKind::Caller`] while the journal has no entry.
    pub fn seal_journal(&self, key: &SealKey) -> Result<Seal> {
        let now = self.inner.now();
        let sealed = self
            .inner
            .hold()?
            .state()?
            .register
            .durable(|tx| tx.seal(key, now));
        let seal =
            sealed.and_then(|s| s.ok_or_else(|| Error::caller("journal", "has no entry to seal")));
        self.inner.logged("journal.seal", seal)
    }

    /// Checks the journal's chain, its boundary, every seal of the register and every seal given, and says where
    /// each thing wrong lies.
    ///
    /// With keys, each seal must have been made under one of them. Without, seals still bind number and head, and
    /// the answer says that they were not authenticated.
    pub fn verify_sealed_journal(
        &self,
        check: &SealCheck,
        keys: &[SealKey],
    ) -> Result<SealedVerification> {
        for seal in &check.seals {
            for (fits, field) in [
                (seal.serial >= 1, "seals.serial"),
                (seal.number >= 1, "seals.number"),
                (seal.entries >= 1, "seals.entries"),
            ] {
                if !fits {
                    return Err(Error::caller(field, "must be at least 1"));
                }
            }
        }
        self.inner
            .hold()?
            .state()?
            .register
            .read(|tx| tx.check_seals(&check.seals, keys))
    }
}
