//! PIN and passphrases: asked for when they are needed, wiped when they were used, never kept.

use std::fmt;

use zeroize::Zeroizing;

/// A PIN or passphrase. Wiped from memory when dropped; never printed.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a secret over. The text given is the caller's to wipe when it was copied from elsewhere.
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// The code of a card or token.
    Pin,
    /// The passphrase of a file.
    Passphrase,
}

/// A question to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRequest {
    /// What is asked for.
    pub kind: SecretKind,
    /// Of what: the label of the card, the path of the file.
    pub of: String,
    /// Tries left before the card locks, when the card tells: 1 before the last. A person must be warned then.
    pub tries_left: Option<u8>,
}

/// Asks a person, or the host's own safe. Called from the thread that called the library, and only when a secret is needed:
/// at a card's login, at the first use of a file.
pub trait Secrets: Send {
    /// The secret; `None` when it is not given.
    fn ask(&mut self, request: &SecretRequest) -> Option<Secret>;
}

impl<F: FnMut(&SecretRequest) -> Option<Secret> + Send> Secrets for F {
    fn ask(&mut self, request: &SecretRequest) -> Option<Secret> {
        self(request)
    }
}
