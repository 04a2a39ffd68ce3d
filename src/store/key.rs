//! The key of files at rest: what the host gives, held for as long as files may have to be opened with it.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};

/// The key of the register and of the embedded DMP. It leaves memory when it is dropped, is never written
/// anywhere, and never travels in a configuration.
#[derive(Clone)]
#[cfg_attr(not(feature = "encryption"), allow(dead_code))]
pub struct StoreKey(Kind);

// A build without encryption takes a key only to refuse it.
#[derive(Clone)]
#[cfg_attr(not(feature = "encryption"), allow(dead_code))]
enum Kind {
    Raw(Zeroizing<[u8; 32]>),
    Passphrase(Zeroizing<String>),
}

/// Room for the longest form in which a raw key is written: key and salt in hexadecimal, quoted.
#[cfg(feature = "encryption")]
const ROOM: usize = 128;

impl StoreKey {
    /// A key of 32 random bytes, kept by the host: in the system's store of secrets, under a card.
    pub fn raw(mut bytes: [u8; 32]) -> StoreKey {
        let key = Zeroizing::new(bytes);
        bytes.zeroize();
        StoreKey(Kind::Raw(key))
    }

    /// A passphrase. Each opening of a file derives the key from it (PBKDF2-HMAC-SHA512, 256 000 rounds),
    /// which takes 230 to 420 ms on a desk's machine: a connector with an embedded DMP opens two files.
    ///
    /// Errors: a passphrase that is empty, holds a NUL, or has the form `x'…'` of a raw key.
    pub fn passphrase(text: &str) -> Result<StoreKey> {
        let fault = if text.is_empty() {
            Some("must not be empty")
        } else if text.contains('\0') {
            Some("must not hold a NUL")
        } else if is_raw_form(text) {
            // SQLCipher would take it for the key itself.
            Some("must not have the form x'...' of a raw key")
        } else {
            None
        };
        match fault {
            Some(rule) => Err(Error::caller("key", rule)),
            None => Ok(StoreKey(Kind::Passphrase(Zeroizing::new(text.to_owned())))),
        }
    }

    /// The key as a literal of SQL, quotes included: a raw key in the form that SQLCipher does not derive.
    #[cfg(feature = "encryption")]
    pub(super) fn literal(&self) -> Zeroizing<String> {
        match &self.0 {
            Kind::Raw(bytes) => raw_literal(&bytes[..], &[]),
            Kind::Passphrase(text) => {
                // Sized at once: a buffer that grows leaves what it held behind.
                let quotes = text.bytes().filter(|b| *b == b'\'').count();
                let mut out = Zeroizing::new(String::with_capacity(text.len() + quotes + 2));
                out.push('\'');
                for c in text.chars() {
                    if c == '\'' {
                        out.push('\'');
                    }
                    out.push(c);
                }
                out.push('\'');
                out
            }
        }
    }

    /// The same with the file's salt (its first 16 bytes) fixed and the key derived once: a file that must
    /// be opened very often, or another one under the very same keys.
    #[cfg(feature = "encryption")]
    pub(super) fn literal_with_salt(&self, salt: &[u8; 16]) -> Zeroizing<String> {
        match &self.0 {
            Kind::Raw(bytes) => raw_literal(&bytes[..], salt),
            Kind::Passphrase(text) => {
                // What SQLCipher 4 does with a passphrase.
                const ROUNDS: u32 = 256_000;
                let mut key = Zeroizing::new([0_u8; 32]);
                pbkdf2::pbkdf2_hmac::<sha2::Sha512>(text.as_bytes(), salt, ROUNDS, &mut key[..]);
                raw_literal(&key[..], salt)
            }
        }
    }
}

/// `x'…'` within the quotes of a text.
#[cfg(feature = "encryption")]
fn raw_literal(key: &[u8], salt: &[u8]) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(ROOM));
    out.push_str("'x''");
    for byte in key.iter().chain(salt) {
        for half in [byte >> 4, byte & 15] {
            out.push(char::from(b"0123456789abcdef"[usize::from(half)]));
        }
    }
    out.push_str("'''");
    out
}

/// Whether SQLCipher would read a passphrase as bytes.
fn is_raw_form(text: &str) -> bool {
    let inner = text
        .strip_prefix(['x', 'X'])
        .and_then(|rest| rest.strip_prefix('\''))
        .and_then(|rest| rest.strip_suffix('\''));
    inner.is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey")
    }
}

/// Refuses a key that this build can do nothing with.
pub(crate) fn usable(key: Option<&StoreKey>) -> Result<()> {
    if key.is_some() && !cfg!(feature = "encryption") {
        return Err(Error::caller(
            "key",
            "this build of dmpkit is without encryption: no key can be given",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_that_cannot_be_one_is_refused_without_being_told() {
        for bad in ["", "a\0b", "x''", "X'00ff'"] {
            let error = StoreKey::passphrase(bad).unwrap_err().to_string();
            assert!(error.starts_with("key: must not"), "{error}");
            assert!(!error.contains("00ff"), "{error}");
        }
        assert!(StoreKey::passphrase("l'étoile du nord").is_ok());
        assert!(StoreKey::passphrase("x'ray").is_ok());
    }

    #[test]
    fn a_key_does_not_show_in_debug() {
        let key = StoreKey::passphrase("secret").unwrap();
        assert_eq!(format!("{key:?}"), "StoreKey");
    }

    #[cfg(feature = "encryption")]
    #[test]
    fn a_key_is_written_in_a_buffer_that_never_grows() {
        let raw = StoreKey::raw([0xa5; 32]);
        assert_eq!(
            raw.literal().as_str(),
            format!("'x''{}'''", "a5".repeat(32))
        );
        let salted = raw.literal_with_salt(&[1; 16]);
        assert!(salted.len() < ROOM && salted.capacity() == ROOM);
        let text = StoreKey::passphrase("l'eau").unwrap().literal();
        assert_eq!((text.as_str(), text.capacity()), ("'l''eau'", 8));
    }
}
