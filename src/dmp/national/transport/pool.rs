//! Connections kept open between calls, each for one identity at one server.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::dial::Target;
use super::exchange::Live;
use super::watch::Since;
use crate::dmp::protocol::key::Key;

/// The most connections kept.
const MOST: usize = 8;

/// Whose connection, to where. A connection opened with one certificate never serves another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    target: Target,
    identity: [u8; 32],
}

impl Owner {
    pub fn new(target: &Target, identity: &dyn Key) -> Owner {
        Owner {
            target: target.clone(),
            identity: fingerprint(identity),
        }
    }
}

/// The certificates, hashed with their lengths.
fn fingerprint(identity: &dyn Key) -> [u8; 32] {
    let mut hash = Sha256::new();
    for certificate in identity.certificates() {
        hash.update((certificate.len() as u64).to_be_bytes());
        hash.update(certificate);
    }
    hash.finalize().into()
}

/// The connections kept.
pub(super) struct Pool {
    idle: Mutex<Vec<(Owner, Since, Live)>>,
    keep: Duration,
}

impl Pool {
    pub fn new(keep: Duration) -> Pool {
        Pool {
            idle: Mutex::new(Vec::new()),
            keep,
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Owner, Since, Live)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that is still usable, the latest used first.
    pub fn take(&self, owner: &Owner) -> Option<Live> {
        loop {
            let mut idle = self.idle();
            idle.retain(|(_, since, _)| since.elapsed() < self.keep);
            let at = idle.iter().rposition(|(whose, _, _)| whose == owner)?;
            let (_, _, mut live) = idle.remove(at);
            drop(idle);
            if live.usable() {
                live.stream().begin();
                return Some(live);
            }
        }
    }

    /// Keeps one for later.
    pub fn put(&self, owner: Owner, mut live: Live) {
        if self.keep.is_zero() || !live.usable() {
            return;
        }
        let mut idle = self.idle();
        if idle.len() >= MOST {
            idle.remove(0);
        }
        idle.push((owner, Since::now(), live));
    }

    /// Closes those of this identity.
    pub fn forget(&self, identity: &dyn Key) {
        let identity = fingerprint(identity);
        self.idle()
            .retain(|(owner, _, _)| owner.identity != identity);
    }
}
