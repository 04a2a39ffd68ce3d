//! Keys that the host holds: it gives the certificates, and signs when it is asked.

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::dmp::protocol::certificate::{Certificate, Use};
use crate::dmp::protocol::key::{Algorithm, Key, KeyError};

use super::{pem, read};

/// What the host is asked to sign.
#[derive(Clone, Copy)]
pub struct SignRequest<'a> {
    /// With which of the two keys.
    pub key: Use,
    /// That key's certificate, in DER.
    pub certificate: &'a [u8],
    /// How.
    pub algorithm: Algorithm,
    /// What: the message itself, not its digest.
    pub message: &'a [u8],
}

/// The message of a request names a patient: only its size is printed.
impl fmt::Debug for SignRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignRequest")
            .field("key", &self.key)
            .field("algorithm", &self.algorithm)
            .field("bytes", &self.message.len())
            .finish_non_exhaustive()
    }
}

/// Signs in the host. Called one request at a time, possibly from another thread than the one that set it.
pub trait HostSigner: Send {
    /// The RSASSA-PKCS1-v1_5 signature, as many bytes as the key; `None` when it cannot be had. It is verified with the
    /// certificate before it is used.
    fn sign(&mut self, request: &SignRequest<'_>) -> Option<Vec<u8>>;
}

impl<F: FnMut(&SignRequest<'_>) -> Option<Vec<u8>> + Send> HostSigner for F {
    fn sign(&mut self, request: &SignRequest<'_>) -> Option<Vec<u8>> {
        self(request)
    }
}

/// The host's signer, shared by its keys.
pub(super) type SharedSigner = Arc<Mutex<Box<dyn HostSigner>>>;

/// One of the host's keys.
pub(super) struct HostKey {
    certificates: Vec<Vec<u8>>,
    own: Certificate,
    key: Use,
    signer: SharedSigner,
}

impl HostKey {
    /// From its certificates in PEM, its own first.
    pub(super) fn new(text: &str, key: Use, signer: SharedSigner) -> Result<HostKey, KeyError> {
        let certificates = pem::certificates(text)?;
        let own = certificates.first().map(|der| read(der)).transpose()?;
        Ok(HostKey {
            own: own.ok_or(KeyError::File("no certificate in PEM"))?,
            certificates,
            key,
            signer,
        })
    }
}

impl Key for HostKey {
    fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let request = SignRequest {
            key: self.key,
            certificate: self.own.der(),
            algorithm,
            message,
        };
        let mut signer = self.signer.lock().map_err(|_| KeyError::Host)?;
        signer
            .sign(&request)
            .filter(|signature| self.own.verifies(algorithm, message, signature))
            .ok_or(KeyError::Host)
    }
}
