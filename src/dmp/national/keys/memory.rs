//! Keys in memory: RSA private keys from PEM or PKCS#12, wiped when dropped.

use std::fmt;

use p12_keystore::Pkcs12Archive;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey};
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use zeroize::Zeroizing;

use crate::dmp::protocol::certificate::{Certificate, Use};
use crate::dmp::protocol::key::{Algorithm, Key, KeyError};

use super::secret::Secret;
use super::{chain, pem, read};

/// A private key in memory with its certificates. Signing is blinded. Wiped when dropped.
pub struct MemoryKey {
    certificates: Vec<Vec<u8>>,
    key: RsaPrivateKey,
}

impl MemoryKey {
    /// From a key and certificates in DER, in any order: the key's own is found among them, then its issuers.
    pub fn new(certificates: Vec<Vec<u8>>, key: RsaPrivateKey) -> Result<MemoryKey, KeyError> {
        let public = key
            .to_public_key()
            .to_public_key_der()
            .map_err(|_| KeyError::File("the private key is not usable"))?;
        // An issuer's certificate that cannot be read is left out of the chain.
        let mut read: Vec<Certificate> = certificates
            .iter()
            .filter_map(|der| read(der).ok())
            .collect();
        let own = read
            .iter()
            .position(|c| c.public_key_der() == public.as_bytes())
            .ok_or(KeyError::Certificate("none belongs to the private key"))?;
        let own = read.swap_remove(own);
        Ok(MemoryKey {
            certificates: chain(own, &read),
            key,
        })
    }

    /// From PEM text: certificates, and a private key in PKCS#8 or PKCS#1, which may stand in the same text. The passphrase
    /// is for an encrypted PKCS#8 key.
    pub fn from_pem(
        certificates: &str,
        key: &str,
        passphrase: Option<Secret>,
    ) -> Result<MemoryKey, KeyError> {
        let mut passphrase = passphrase;
        pem::key_pair(certificates, key, &mut || passphrase.take())
    }

    /// From certificates and a private key in PKCS#8.
    pub fn from_pkcs8(certificates: Vec<Vec<u8>>, der: &[u8]) -> Result<MemoryKey, KeyError> {
        let key = RsaPrivateKey::from_pkcs8_der(der)
            .map_err(|_| KeyError::File("the private key is not an RSA key in PKCS#8"))?;
        MemoryKey::new(certificates, key)
    }

    /// From certificates and a private key in PKCS#1.
    pub fn from_pkcs1(certificates: Vec<Vec<u8>>, der: &[u8]) -> Result<MemoryKey, KeyError> {
        let key = RsaPrivateKey::from_pkcs1_der(der)
            .map_err(|_| KeyError::File("the private key is not an RSA key in PKCS#1"))?;
        MemoryKey::new(certificates, key)
    }

    /// From a PKCS#12 file in DER: the first key whose certificate fits the use. Older (RC2, 3DES) and newer (AES, HMAC)
    /// encryptions are read. Files in BER of indefinite length are not: export them again. The library that decrypts the
    /// file leaves its own copy of the key unwiped in freed memory.
    pub fn from_pkcs12(file: &[u8], passphrase: &Secret, use_: Use) -> Result<MemoryKey, KeyError> {
        use p12_keystore::error::Error;
        let archive =
            Pkcs12Archive::from_pkcs12(file, passphrase.expose()).map_err(|error| match error {
                Error::DerError(_) | Error::InvalidVersion | Error::UnsupportedContentType => {
                    KeyError::File("it is not PKCS#12 in DER")
                }
                Error::UnsupportedEncryptionScheme
                | Error::UnsupportedMacAlgorithm
                | Error::UnsupportedCertificateType => {
                    KeyError::File("its encryption is not supported: export it again")
                }
                _ => KeyError::WrongPassphrase,
            })?;
        let certificates: Vec<_> = archive
            .certs
            .iter()
            .map(|bag| bag.cert.as_der().to_vec())
            .collect();
        let mut refused = KeyError::File("it holds no private key");
        for bag in &archive.keys {
            let key = match MemoryKey::from_pkcs8(certificates.clone(), bag.key.as_der()) {
                Ok(key) => key,
                Err(error) => {
                    refused = error;
                    continue;
                }
            };
            let own = key.certificates.first().map(|der| read(der)).transpose()?;
            match own.and_then(|own| own.unfit_for(use_)) {
                None => return Ok(key),
                Some(reason) => refused = KeyError::Certificate(reason),
            }
        }
        Err(refused)
    }
}

impl Key for MemoryKey {
    fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let padding = Pkcs1v15Sign {
            hash_len: Some(algorithm.digest_size()),
            prefix: algorithm.digest_info_prefix().into(),
        };
        self.key
            .sign_with_rng(&mut random()?, padding, &algorithm.digest(message))
            .map_err(|_| KeyError::Device)
    }
}

impl fmt::Debug for MemoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryKey").finish_non_exhaustive()
    }
}

/// Random numbers, seeded by the system.
pub(crate) fn random() -> Result<ChaCha20Rng, KeyError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|_| KeyError::Device)?;
    Ok(ChaCha20Rng::from_seed(*seed))
}
