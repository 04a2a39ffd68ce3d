//! Keeping the register safe: backup while it is in use, check, restore, change of key, and what can be saved
//! of a damaged file.

use super::Connector;
use super::config::{Backend, Config};
use crate::clock::Instant;
use crate::dmp::embedded;
use crate::error::{Error, Result, StorageError};
pub use crate::store::backup::{BackupAnswer, BackupProgress, Chain};
pub use crate::store::carry_over::CarriedOver;
pub use crate::store::check::{Check, TableRows, Verdict};
use crate::store::key::{self, StoreKey};
pub use crate::store::rekey::Rekeyed;
pub use crate::store::salvage::{Contents, SalvageReport, SalvagedTable};
use crate::store::{backup, check, held, register, rekey as change, salvage as saving};
use serde::Serialize;

/// What became of the files whose key was to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RekeyAnswer {
    /// The register.
    pub register: Rekeyed,
    /// The embedded DMP's file, when that is the DMP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dmp: Option<Rekeyed>,
}

impl Connector {
    /// Copies the register, as it is at one instant, into a new file under the same key. The connector, others
    /// on the same files and other processes go on working meanwhile.
    ///
    /// `path`: a file that is not there yet; it appears when it is whole and durable, and checked (until then
    /// its bytes are beside it, under the same name with `.partial`). `progress` is told after each 256 pages,
    /// and must not call the connector back.
    ///
    /// Errors: [`StorageError::Exists`], [`StorageError::Full`], [`StorageError::Corrupt`] when the register
    /// is damaged: no backup is made of a damaged register.
    pub fn backup(
        &self,
        path: &str,
        progress: &mut dyn FnMut(BackupProgress),
    ) -> Result<BackupAnswer> {
        let place = self.place()?;
        let result = backup::write(&place, path, &mut |at| {
            let _speaking = self.inner.speakers.mark();
            progress(at);
        });
        self.inner.logged("register.backup", result)
    }

    /// Checks the register: SQLite's structure, each page's authenticity when it is under a key, references,
    /// the journal's chain. Counts only. Others go on working meanwhile.
    pub fn check_register(&self) -> Result<Check> {
        let place = self.place()?;
        self.inner.logged("register.check", check::check(&place))
    }

    /// What it takes to open the register once more; the connector is then free for other calls.
    fn place(&self) -> Result<held::Place> {
        Ok(self.inner.hold()?.state()?.register.place().clone())
    }
}

/// Puts the register, and the embedded DMP if there is one, under another key; encrypts them when they were
/// not. No connector may have them open.
///
/// At every moment each file opens with one of the two keys. Interrupted by a crash, the same call finishes
/// it: a file that already opens with `new` is done. A file that was not encrypted is copied, then its old
/// bytes are overwritten: call again after a crash even when the new key opens the files, for what had not
/// been overwritten yet. On an SSD, in snapshots and in backups, overwriting promises nothing.
///
/// Errors: [`StorageError::Busy`] when a connector has a file open, [`StorageError::NotOurs`] when neither key
/// opens it, [`StorageError::CannotOpen`] when there is no register.
pub fn rekey(config: &Config, old: Option<&StoreKey>, new: &StoreKey) -> Result<RekeyAnswer> {
    config.check()?;
    key::usable(Some(new))?;
    let register = change::rekey(&config.register, &register::SCHEMA, old, new)?;
    if register == Rekeyed::Absent {
        return Err(StorageError::CannotOpen.into());
    }
    let dmp = match &config.dmp {
        Backend::Embedded(dmp) => Some(change::rekey(&dmp.path, embedded::SCHEMA, old, new)?),
        #[cfg(feature = "national")]
        Backend::National(_) => None,
    };
    Ok(RekeyAnswer { register, dmp })
}

/// Puts a backup in the register's place, under the key it was made with. No connector may have the register
/// open.
///
/// The backup is checked first and only read. A register that is there is refused unless `replace`; it is then
/// set aside, with SQLite's files that belong to it, under the name that the answer gives. What the outbox of
/// the backup holds as not sent is asked for in the DMP before it is sent. What was handed over since is in the register
/// set aside: [`salvage`] and [`Session::recover`](super::Session::recover) bring it back. Oppositions recorded since, and
/// consents withdrawn or spent, are taken from it when it can be read and goes on from the backup. Documents kept for
/// reading without network do not come back: what was masked since is not known.
///
/// Errors: [`StorageError::Exists`], [`StorageError::Busy`], [`StorageError::NotOurs`] when the backup is not
/// a register or not under this key, [`StorageError::Newer`], [`StorageError::Corrupt`] when it is damaged.
pub fn restore(
    config: &Config,
    backup: &str,
    key: Option<&StoreKey>,
    replace: bool,
) -> Result<BackupAnswer> {
    restore_at(&config.register, backup, key, replace, config.clock().now())
}

/// As [`restore`], by the register's path.
pub(crate) fn restore_at(
    register: &str,
    backup: &str,
    key: Option<&StoreKey>,
    replace: bool,
    now: Instant,
) -> Result<BackupAnswer> {
    key::usable(key)?;
    backup::restore(register, backup, key, replace, now).map_err(|error| match error.kind() {
        // The field is told: there are two files.
        crate::error::ErrorKind::Storage(StorageError::Path) => Error::caller(
            "register, backup",
            "must be plain file paths, not empty, not URIs, not in memory",
        ),
        _ => error,
    })
}

/// Writes out what can still be read of a damaged register, row by row, past what cannot: one JSON record a
/// line, `{"table": "patient", "row": {…}}`, bytes as `{"base64": "…"}`, `"damaged": true` on a row with a
/// value that does not fit its column. **In clear**, whatever the key: keep it as the register is kept.
///
/// The register is only read, on a copy that stands beside `destination` meanwhile and is removed. No
/// connector of this process may have it open.
///
/// `destination`: a file that is not there yet.
///
/// Errors: [`StorageError::Exists`], [`StorageError::NotOurs`] when nothing of it is a register under this
/// key, [`StorageError::Full`].
pub fn salvage(
    config: &Config,
    key: Option<&StoreKey>,
    destination: &str,
) -> Result<SalvageReport> {
    salvage_at(&config.register, key, destination)
}

/// As [`salvage`], by the register's path.
pub(crate) fn salvage_at(
    register: &str,
    key: Option<&StoreKey>,
    destination: &str,
) -> Result<SalvageReport> {
    key::usable(key)?;
    saving::salvage(register, key, destination)
}
