//! What signs a VIHF, a lot, or opens a TLS connection: a key pair with its certificates, wherever it lives.

use sha2::Digest;

use crate::error::Refusal;

/// How a message is signed. The DMP knows RSA alone (PDT-INF-579; official VIHF and lots).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 over SHA-256.
    RsaSha256,
    /// RSASSA-PKCS1-v1_5 over SHA-1: the old platforms, as in the published examples.
    RsaSha1,
}

impl Algorithm {
    /// The digest of a message.
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Algorithm::RsaSha256 => sha2::Sha256::digest(message).to_vec(),
            Algorithm::RsaSha1 => sha1::Sha1::digest(message).to_vec(),
        }
    }

    /// How many bytes the digest has.
    pub const fn digest_size(self) -> usize {
        match self {
            Algorithm::RsaSha256 => 32,
            Algorithm::RsaSha1 => 20,
        }
    }

    /// What stands before the digest in the DigestInfo that RSA signs (RFC 8017 9.2, note 1).
    pub const fn digest_info_prefix(self) -> &'static [u8] {
        match self {
            Algorithm::RsaSha256 => {
                b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
            }
            Algorithm::RsaSha1 => b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
        }
    }
}

/// A key pair with its certificates. The private key may stay on a card or in the host.
pub trait Key: Send + Sync {
    /// The certificates in DER, the key's own first, then its issuers.
    fn certificates(&self) -> &[Vec<u8>];
    /// Signs a message (not its digest).
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError>;
}

/// Why a key cannot be used. A person can act on each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The PKCS#11 module cannot be loaded.
    #[error("the card middleware (PKCS#11 module) is missing or cannot be loaded")]
    NoMiddleware,
    /// No reader holds a card.
    #[error("no card in any reader")]
    NoCard,
    /// Several cards are present and none was chosen.
    #[error("several cards are present: name the one to use")]
    SeveralCards,
    /// The card, or the certificate, is someone else's.
    #[error("the card or certificate belongs to someone else")]
    OtherHolder,
    /// The card was taken out.
    #[error("the card was removed")]
    CardRemoved,
    /// The card holds no key for this use.
    #[error("the card holds no key pair for this use")]
    NoKey,
    /// The PIN is wrong.
    #[error("wrong PIN")]
    WrongPin {
        /// Tries left before the card locks, when the card tells.
        tries_left: Option<u8>,
    },
    /// The card is locked.
    #[error("the PIN is locked")]
    PinLocked,
    /// The person gave no PIN, or no callback asks for it.
    #[error("no PIN was given")]
    NoPin,
    /// The person gave no passphrase, or no callback asks for it.
    #[error("no passphrase was given")]
    NoPassphrase,
    /// A file cannot be read, or is not what it should be.
    #[error("the key file cannot be read: {0}")]
    File(&'static str),
    /// The passphrase of a file is wrong.
    #[error("wrong passphrase, or a damaged file")]
    WrongPassphrase,
    /// The key and its certificate do not belong together, or the certificate is not fit.
    #[error("the certificate does not fit: {0}")]
    Certificate(&'static str),
    /// The configuration names no key for this person or structure.
    #[error("no key is configured for this person or structure")]
    NoneConfigured,
    /// The host's callback failed.
    #[error("the host's signing callback failed")]
    Host,
    /// The card or module failed in a way it does not explain.
    #[error("the card or its module failed")]
    Device,
}

impl KeyError {
    /// The rule's identifier in a refusal: stable.
    pub const fn code(&self) -> &'static str {
        match self {
            KeyError::NoMiddleware => "KEY-NO-MIDDLEWARE",
            KeyError::NoCard => "KEY-NO-CARD",
            KeyError::SeveralCards => "KEY-SEVERAL-CARDS",
            KeyError::CardRemoved => "KEY-CARD-REMOVED",
            KeyError::OtherHolder => "KEY-OTHER-HOLDER",
            KeyError::NoKey => "KEY-NONE-FOR-USE",
            KeyError::WrongPin { .. } => "KEY-WRONG-PIN",
            KeyError::PinLocked => "KEY-PIN-LOCKED",
            KeyError::NoPin => "KEY-NO-PIN",
            KeyError::NoPassphrase => "KEY-NO-PASSPHRASE",
            KeyError::File(_) => "KEY-FILE",
            KeyError::WrongPassphrase => "KEY-WRONG-PASSPHRASE",
            KeyError::Certificate(_) => "KEY-CERTIFICATE",
            KeyError::NoneConfigured => "KEY-NONE-CONFIGURED",
            KeyError::Host => "KEY-HOST",
            KeyError::Device => "KEY-DEVICE",
        }
    }

    /// What a person reads.
    pub fn french(&self) -> String {
        match self {
            KeyError::NoMiddleware => "Le logiciel de lecture des cartes (module cryptographique) est introuvable : installez ou réparez la Cryptolib CPS, puis recommencez.".to_owned(),
            KeyError::NoCard => "Aucune carte n'est présente : insérez la carte CPS dans le lecteur.".to_owned(),
            KeyError::SeveralCards => "Plusieurs cartes sont présentes : retirez celles qui ne servent pas, ou choisissez la carte à utiliser.".to_owned(),
            KeyError::CardRemoved => "La carte a été retirée : insérez-la de nouveau et recommencez.".to_owned(),
            KeyError::OtherHolder => "La carte ou le certificat est celui d'une autre personne : insérez votre carte, ou changez d'utilisateur.".to_owned(),
            KeyError::NoKey => "Cette carte ne porte pas la clé nécessaire : vérifiez que c'est une carte de professionnel en cours de validité.".to_owned(),
            KeyError::WrongPin { tries_left: Some(0) } | KeyError::PinLocked => "Le code de la carte est bloqué : débloquez-la avec son code de déblocage, ou demandez son remplacement à l'ANS.".to_owned(),
            KeyError::WrongPin { tries_left: Some(1) } => "Code erroné. Il reste un seul essai avant le blocage de la carte.".to_owned(),
            KeyError::WrongPin { tries_left: Some(n) } => format!("Code erroné. Il reste {n} essais avant le blocage de la carte."),
            KeyError::WrongPin { tries_left: None } => "Code erroné : vérifiez-le avant un nouvel essai, la carte se bloque après plusieurs erreurs.".to_owned(),
            KeyError::NoPin => "Le code de la carte n'a pas été saisi : l'action n'a pas été faite.".to_owned(),
            KeyError::NoPassphrase => "Le mot de passe du certificat n'a pas été saisi : l'action n'a pas été faite.".to_owned(),
            KeyError::File(_) => "Le fichier du certificat ne peut pas être lu : vérifiez son emplacement et son format.".to_owned(),
            KeyError::WrongPassphrase => "Le mot de passe du certificat est erroné, ou le fichier est abîmé.".to_owned(),
            KeyError::Certificate(_) => "Le certificat ne convient pas : il est périmé, ou n'est pas prévu pour cet usage.".to_owned(),
            KeyError::NoneConfigured => "Aucun certificat ni carte n'est prévu pour cette personne ou cette structure : complétez la configuration du logiciel.".to_owned(),
            KeyError::Host => "La signature demandée au logiciel a échoué : recommencez, ou contactez son éditeur.".to_owned(),
            KeyError::Device => "La carte ou son lecteur ne répond pas : retirez la carte, remettez-la et recommencez.".to_owned(),
        }
    }

    /// As a refusal: who acts, and how.
    pub fn refusal(&self) -> Refusal {
        let mut refusal = Refusal::by_rule(self.code(), "dmpkit", &self.french());
        refusal.by = "key".to_owned();
        refusal
    }
}
