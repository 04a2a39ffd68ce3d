//! The keyring that a configuration describes.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::dmp::Requester;
use crate::dmp::protocol::certificate::Use;
use crate::dmp::protocol::key::KeyError;
use crate::identity::PsIdNat;
use crate::rules::Authentication;

use super::config::{KeyEntry, Material, PemPair, Source};
use super::host::{HostKey, HostSigner, SharedSigner};
use super::memory::MemoryKey;
#[cfg(feature = "pkcs11")]
use super::pkcs11::Reader;
use super::secret::{Secret, SecretKind, SecretRequest, Secrets};
use super::{Keyring, Keys, folder, pem};

/// Keys as configured: the first entry whose holder asks, else the first without holder.
///
/// Files are read, and their passphrases asked for, once; cards and folders at each call. Both certificates must be valid
/// at the clock's instant and fit their use. In direct authentication (CPS, CPF, CPE), a certificate whose CN is the
/// PS_IdNat of another person is refused: the DMP compares them.
pub struct Configured {
    entries: Vec<Slot>,
    clock: Clock,
    secrets: Option<Box<dyn Secrets>>,
    host: Option<SharedSigner>,
}

/// An entry and what was loaded from it.
struct Slot {
    entry: KeyEntry,
    loaded: Option<Keys>,
    #[cfg(feature = "pkcs11")]
    reader: Option<Reader>,
}

/// The identifier under which an entry is looked for: the structure's with its certificate and in AIR, else the person's.
pub fn holder_of(requester: &Requester) -> &str {
    match (&requester.professional, requester.authentication) {
        (_, Authentication::Structure | Authentication::Air) | (None, _) => {
            requester.structure.id.as_str()
        }
        (Some(professional), _) => professional.id.as_str(),
    }
}

impl Configured {
    /// From a configuration, without secrets nor host. Nothing is read before the keys are needed.
    pub fn new(entries: Vec<KeyEntry>, clock: Clock) -> Configured {
        let entries = entries
            .into_iter()
            .map(|entry| Slot {
                entry,
                loaded: None,
                #[cfg(feature = "pkcs11")]
                reader: None,
            })
            .collect();
        Configured {
            entries,
            clock,
            secrets: None,
            host: None,
        }
    }

    /// Asks this for PIN and passphrases.
    pub fn with_secrets(mut self, secrets: Box<dyn Secrets>) -> Configured {
        self.set_secrets(secrets);
        self
    }

    /// Asks this for PIN and passphrases from now on.
    pub fn set_secrets(&mut self, secrets: Box<dyn Secrets>) {
        self.secrets = Some(secrets);
    }

    /// Signs with this for entries of the host.
    pub fn with_host(mut self, signer: Box<dyn HostSigner>) -> Configured {
        self.set_host(signer);
        self
    }

    /// Signs with this for entries of the host from now on.
    pub fn set_host(&mut self, signer: Box<dyn HostSigner>) {
        self.host = Some(Arc::new(Mutex::new(signer)));
        for slot in &mut self.entries {
            if matches!(slot.entry.source, Source::Host(_)) {
                slot.loaded = None;
            }
        }
    }

    /// What the card of the first PKCS#11 entry says of its holder and exercises; asks for the PIN if it was not given yet.
    #[cfg(feature = "pkcs11")]
    pub fn card(&mut self) -> Result<super::card::Content, KeyError> {
        let entries = &mut self.entries;
        let (slot, config) = entries
            .iter_mut()
            .find_map(|slot| match &slot.entry.source {
                Source::Pkcs11(config) => {
                    let config = config.clone();
                    Some((slot, config))
                }
                _ => None,
            })
            .ok_or(KeyError::NoneConfigured)?;
        let wanted = slot.entry.holder.clone();
        let reader = slot.reader.get_or_insert_with(|| Reader::new(config));
        reader.content(wanted.as_deref(), &mut |request| {
            ask(&mut self.secrets, request)
        })
    }

    fn find(&mut self, holder: &str) -> Result<Keys, KeyError> {
        let entries = &mut self.entries;
        let named = entries
            .iter()
            .position(|slot| slot.entry.holder.as_deref() == Some(holder));
        let open = || entries.iter().position(|slot| slot.entry.holder.is_none());
        let index = named.or_else(open).ok_or(KeyError::NoneConfigured)?;
        let slot = entries.get_mut(index).ok_or(KeyError::NoneConfigured)?;
        let secrets = &mut self.secrets;
        match &slot.entry.source {
            // Other cards, or none, may be there at the next call.
            Source::Cards(folder) => return folder::keys(Path::new(folder), holder),
            #[cfg(feature = "pkcs11")]
            Source::Pkcs11(config) => {
                let reader = slot
                    .reader
                    .get_or_insert_with(|| Reader::new(config.clone()));
                return reader.keys(Some(holder), &mut |request| ask(secrets, request));
            }
            #[cfg(not(feature = "pkcs11"))]
            Source::Pkcs11(_) => return Err(KeyError::NoMiddleware),
            _ => {}
        }
        if let Some(keys) = &slot.loaded {
            return Ok(keys.clone());
        }
        let keys = match &slot.entry.source {
            Source::Pem(config) => Keys {
                authentication: Arc::new(from_pem(&config.authentication, secrets)?),
                signature: Arc::new(from_pem(&config.signature, secrets)?),
            },
            Source::Pkcs12(config) => {
                let first = passphrase(&config.authentication, secrets)?;
                let authentication =
                    from_pkcs12(&config.authentication, &first, Use::Authentication)?;
                let second = if config.signature == config.authentication {
                    first
                } else {
                    passphrase(&config.signature, secrets)?
                };
                Keys {
                    authentication: Arc::new(authentication),
                    signature: Arc::new(from_pkcs12(&config.signature, &second, Use::Signature)?),
                }
            }
            Source::Host(config) => {
                let signer = self.host.clone().ok_or(KeyError::Host)?;
                let key = |material: &Material, use_| {
                    HostKey::new(&text_of(material)?, use_, signer.clone()).map(Arc::new)
                };
                Keys {
                    authentication: key(&config.authentication, Use::Authentication)?,
                    signature: key(&config.signature, Use::Signature)?,
                }
            }
            Source::Cards(_) | Source::Pkcs11(_) => return Err(KeyError::NoneConfigured),
        };
        slot.loaded = Some(keys.clone());
        Ok(keys)
    }
}

impl Keyring for Configured {
    fn keys(&mut self, requester: &Requester) -> Result<Keys, KeyError> {
        let holder = holder_of(requester).to_owned();
        let keys = self.find(&holder)?;
        keys.check(self.clock.now())?;
        if let Authentication::Cps | Authentication::Cpf | Authentication::Cpe =
            requester.authentication
        {
            for use_ in [Use::Authentication, Use::Signature] {
                let certificate = keys.certificate(use_)?;
                let name = certificate.common_name().unwrap_or_default();
                if name != holder && PsIdNat::new(name).is_ok() {
                    return Err(KeyError::OtherHolder);
                }
            }
        }
        Ok(keys)
    }
}

impl fmt::Debug for Configured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries: Vec<_> = self.entries.iter().map(|slot| &slot.entry).collect();
        f.debug_struct("Configured")
            .field("entries", &entries)
            .finish_non_exhaustive()
    }
}

fn ask(secrets: &mut Option<Box<dyn Secrets>>, request: &SecretRequest) -> Option<Secret> {
    secrets.as_mut()?.ask(request)
}

fn passphrase(path: &str, secrets: &mut Option<Box<dyn Secrets>>) -> Result<Secret, KeyError> {
    let request = SecretRequest {
        kind: SecretKind::Passphrase,
        of: path.to_owned(),
        tries_left: None,
    };
    ask(secrets, &request).ok_or(KeyError::NoPassphrase)
}

fn text_of(material: &Material) -> Result<Zeroizing<String>, KeyError> {
    if material.is_inline() {
        Ok(Zeroizing::new(material.0.clone()))
    } else {
        folder::read_text(Path::new(&material.0))
    }
}

fn from_pem(pair: &PemPair, secrets: &mut Option<Box<dyn Secrets>>) -> Result<MemoryKey, KeyError> {
    let certificates = text_of(&pair.certificates)?;
    let material = pair.key.as_ref().unwrap_or(&pair.certificates);
    let key = text_of(material)?;
    let of = if material.is_inline() {
        "PEM"
    } else {
        &material.0
    };
    pem::key_pair(&certificates, &key, &mut || passphrase(of, secrets).ok())
}

fn from_pkcs12(path: &str, secret: &Secret, use_: Use) -> Result<MemoryKey, KeyError> {
    let file = folder::read_bytes(Path::new(path))?;
    MemoryKey::from_pkcs12(&file, secret, use_)
}
