//! Where key pairs live: PEM and PKCS#12 files, a card or token (PKCS#11), a folder of test cards, the host.
//!
//! Every call to the DMP needs two key pairs: one opens the TLS connection, the other signs the VIHF and the lots. They
//! are never mixed: a VIHF signed with the authentication key is refused (`DMPInvalidCertificate`). A [`Keyring`] gives
//! both for the person or structure that asks; [`Configured`] is the one that a configuration describes:
//!
//! ```json
//! [
//!   {"pkcs11": {"module": "C:\\Windows\\System32\\cps3_pkcs11_w64.dll"}},
//!   {"holder": "10B0127189", "pkcs12": {"authentication": "tls.p12", "signature": "cachet.p12"}}
//! ]
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`config`] | the configuration's records |
//! | [`secret`] | PIN and passphrases, and how they are asked for |
//! | [`memory`] | keys in memory, from PEM and PKCS#12 |
//! | [`host`] | keys that the host signs with |
//! | `pkcs11` | keys on a card or token |
//! | [`card`] | what else a card says: its holder's exercises |

pub mod card;
pub mod config;
mod folder;
pub mod host;
mod keyring;
pub mod memory;
pub(crate) mod pem;
#[cfg(feature = "pkcs11")]
mod pkcs11;
pub mod secret;

use std::fmt;
use std::sync::Arc;

use crate::clock::Instant;
use crate::dmp::Requester;
use crate::dmp::protocol::certificate::{Certificate, Use};
use crate::dmp::protocol::key::{Key, KeyError};

pub use folder::file_stem;
pub use keyring::{Configured, holder_of};

/// The two key pairs of a person or structure.
#[derive(Clone)]
pub struct Keys {
    /// For the TLS connection.
    pub authentication: Arc<dyn Key>,
    /// For the VIHF and lots.
    pub signature: Arc<dyn Key>,
}

impl Keys {
    /// The certificate of one of them.
    pub fn certificate(&self, use_: Use) -> Result<Certificate, KeyError> {
        let key = match use_ {
            Use::Authentication => &self.authentication,
            Use::Signature => &self.signature,
        };
        let own = key.certificates().first();
        own.ok_or(KeyError::Certificate("there is none"))
            .and_then(|der| read(der))
    }

    /// Whether both certificates are valid at this instant and fit their use, as far as their key usages tell.
    pub fn check(&self, now: Instant) -> Result<(), KeyError> {
        for use_ in [Use::Authentication, Use::Signature] {
            self.certificate(use_)?.check(use_, now)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// Finds the keys of whoever asks.
pub trait Keyring: Send {
    /// The keys for a call in this person's or structure's name. May ask for a PIN or passphrase, and so take as long as a
    /// person does.
    fn keys(&mut self, requester: &Requester) -> Result<Keys, KeyError>;
}

pub(crate) fn read(der: &[u8]) -> Result<Certificate, KeyError> {
    Certificate::from_der(der).map_err(|error| KeyError::Certificate(error.0))
}

/// The certificate of a public key first, then its issuers in order; others are left out.
fn chain(own: Certificate, others: &[Certificate]) -> Vec<Vec<u8>> {
    let mut chain = vec![own.der().to_vec()];
    let mut last = &own;
    // A chain of certificates is never longer.
    while chain.len() < 10 && last.issuer() != last.subject() {
        let Some(issuer) = others.iter().find(|c| c.subject() == last.issuer()) else {
            break;
        };
        chain.push(issuer.der().to_vec());
        last = issuer;
    }
    chain
}
