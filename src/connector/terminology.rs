//! The value sets in use: those of the library, those of the pack that the configuration names, those loaded since.

use std::fs::File;
use std::io::Read;

use super::{Connector, Inner, lock_plain};
use crate::error::{Error, Result, StorageError};
use crate::terminology::{Pack, Report, Terminology, pack};

/// The sets in use, and what the last pack changed.
#[derive(Default)]
pub(super) struct InUse {
    pub sets: Terminology,
    report: Option<Report>,
}

impl InUse {
    /// The sets of the library, with those of a pack over them.
    pub fn open(path: Option<&str>) -> Result<InUse> {
        let Some(path) = path else {
            return Ok(InUse::default());
        };
        let pack = Pack::read(&read(path)?).map_err(|e| Error::caller("terminology", e))?;
        Ok(InUse::default().with(pack))
    }

    fn with(&self, pack: Pack) -> InUse {
        let (sets, report) = self.sets.with_pack(pack);
        InUse {
            sets,
            report: Some(report),
        }
    }
}

/// The bytes of a pack; no more of them than a pack may have, and one to tell.
fn read(path: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|_| Error::from(StorageError::CannotOpen))?;
    file.take(pack::SIZE as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| Error::from(StorageError::Io))?;
    Ok(bytes)
}

impl Inner {
    /// The value sets in use.
    pub(crate) fn terminology(&self) -> Terminology {
        lock_plain(&self.terminology).sets.clone()
    }
}

impl Connector {
    /// The value sets in use. What is loaded later does not change the answer.
    #[must_use]
    pub fn terminology(&self) -> Terminology {
        self.inner.terminology()
    }

    /// What the last pack changed; none when no pack was loaded.
    #[must_use]
    pub fn terminology_report(&self) -> Option<Report> {
        lock_plain(&self.inner.terminology).report.clone()
    }

    /// Takes up a pack, for this connector and until it is closed: to have it at the next opening, name its file in
    /// the configuration.
    ///
    /// # Errors
    ///
    /// [`crate::error::ErrorKind::Closed`] when the connector was closed.
    pub fn load_terminology(&self, pack: Pack) -> Result<Report> {
        let result = self.load_held(pack);
        self.inner.logged("terminology.load", result)
    }

    fn load_held(&self, pack: Pack) -> Result<Report> {
        // Held, so that a document is checked and sent by the same sets.
        let mut held = self.inner.hold()?;
        let state = held.state()?;
        let mut in_use = lock_plain(&self.inner.terminology);
        *in_use = in_use.with(pack);
        state.dmp.use_terminology(&in_use.sets);
        Ok(in_use.report.clone().unwrap_or_default())
    }
}
