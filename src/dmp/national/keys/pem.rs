//! PEM: the blocks of a text, whatever stands between them, and the key pair they hold.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::dmp::protocol::key::KeyError;

use super::memory::MemoryKey;
use super::secret::Secret;

/// A PEM text larger than this is not a certificate chain with a key.
pub(crate) const MAX_BYTES: u64 = 1024 * 1024;

/// One block.
pub(crate) struct Block {
    /// `CERTIFICATE`, `PRIVATE KEY`…
    pub label: String,
    /// Its bytes.
    pub der: Zeroizing<Vec<u8>>,
}

/// The blocks of a text. Text between them, such as OpenSSL's bag attributes, is passed over.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, KeyError> {
    const BROKEN: KeyError = KeyError::File("a PEM block is not complete");
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----").ok_or(BROKEN)?;
        let end = format!("-----END {label}-----");
        let (body, after) = after.split_once(&end).ok_or(BROKEN)?;
        rest = after;
        if body.contains("Proc-Type:") {
            return Err(KeyError::File(
                "a key encrypted in OpenSSL's old form: convert it to PKCS#8",
            ));
        }
        let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
        let der = STANDARD
            .decode(body.as_bytes())
            .map_err(|_| KeyError::File("a PEM block is not base64"))?;
        found.push(Block {
            label: label.to_owned(),
            der: Zeroizing::new(der),
        });
    }
    Ok(found)
}

/// The certificates of a text, in its order.
pub(crate) fn certificates(text: &str) -> Result<Vec<Vec<u8>>, KeyError> {
    let found: Vec<_> = blocks(text)?
        .into_iter()
        .filter(|block| block.label == "CERTIFICATE")
        .map(|block| block.der.to_vec())
        .collect();
    if found.is_empty() {
        return Err(KeyError::File("no certificate in PEM"));
    }
    Ok(found)
}

/// The key pair of certificates and a private key, which may be the same text. `passphrase` is asked for when the key is
/// encrypted.
pub(crate) fn key_pair(
    certificates_text: &str,
    key_text: &str,
    passphrase: &mut dyn FnMut() -> Option<Secret>,
) -> Result<MemoryKey, KeyError> {
    let certificates = certificates(certificates_text)?;
    for block in blocks(key_text)? {
        match block.label.as_str() {
            "PRIVATE KEY" => return MemoryKey::from_pkcs8(certificates, &block.der),
            "RSA PRIVATE KEY" => return MemoryKey::from_pkcs1(certificates, &block.der),
            "ENCRYPTED PRIVATE KEY" => {
                let secret = passphrase().ok_or(KeyError::NoPassphrase)?;
                let encrypted = pkcs8::EncryptedPrivateKeyInfoRef::try_from(block.der.as_slice())
                    .map_err(|_| KeyError::File("the encrypted key is not PKCS#8"))?;
                let plain = encrypted
                    .decrypt(secret.expose())
                    .map_err(|_| KeyError::WrongPassphrase)?;
                return MemoryKey::from_pkcs8(certificates, plain.as_bytes());
            }
            _ => {}
        }
    }
    Err(KeyError::File("no private key in PEM"))
}
