//! One card: looked at, logged in to, signed with.

use std::sync::{Arc, Mutex};

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;

use crate::dmp::protocol::certificate::{Certificate, Use};
use crate::dmp::protocol::key::{Algorithm, Key, KeyError};

use super::super::chain;
use super::super::secret::{SecretKind, SecretRequest};
use super::{Ask, failure};

/// No card holds as many certificates or data objects.
const MAX_OBJECTS: usize = 100;

/// The last octet of CKA_ID.
const fn id_end(use_: Use) -> u8 {
    match use_ {
        Use::Authentication => 0x20,
        Use::Signature => 0x10,
    }
}

/// A card that is present, with its public certificates.
pub(super) struct Found {
    slot: Slot,
    pub(super) info: TokenInfo,
    session: Session,
    certificates: Vec<(Vec<u8>, Certificate)>,
}

impl Found {
    pub(super) fn read(slot: Slot, info: TokenInfo, session: Session) -> Result<Found, Error> {
        let certificates = certificates(&session)?;
        Ok(Found {
            slot,
            info,
            session,
            certificates,
        })
    }

    /// The CN of the authentication certificate: PS_IdNat on a professional's card.
    pub(super) fn holder(&self) -> Option<&str> {
        holder(&self.certificates)
    }

    /// Whether it has certificates of both uses.
    pub(super) fn has_pairs(&self) -> bool {
        [Use::Authentication, Use::Signature]
            .iter()
            .all(|use_| of_use(&self.certificates, *use_).is_some())
    }

    /// Logs in, with the PIN that the person gives; nothing is asked when nothing is needed.
    pub(super) fn login(&mut self, module: &Pkcs11, ask: Ask<'_>) -> Result<(), KeyError> {
        let state = self.session.get_session_info().map_err(|e| failure(&e))?;
        if matches!(
            state.session_state(),
            SessionState::RoUser | SessionState::RwUser
        ) || !self.info.login_required()
        {
            return Ok(());
        }
        if self.info.user_pin_locked() {
            return Err(KeyError::PinLocked);
        }
        let answer = if self.info.protected_authentication_path() {
            // The PIN is typed on the reader.
            self.session.login(UserType::User, None)
        } else {
            let request = SecretRequest {
                kind: SecretKind::Pin,
                of: self.info.label().trim().to_owned(),
                tries_left: self.info.user_pin_final_try().then_some(1),
            };
            let pin = ask(&request).ok_or(KeyError::NoPin)?;
            let pin = AuthPin::new(pin.expose().to_owned());
            self.session.login(UserType::User, Some(&pin))
        };
        match answer {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(error) => {
                return Err(match failure(&error) {
                    KeyError::WrongPin { .. } => self.wrong_pin(module),
                    other => other,
                });
            }
        }
        // Certificates may be private objects.
        self.certificates = certificates(&self.session).map_err(|e| failure(&e))?;
        Ok(())
    }

    /// PKCS#11 tells that some tries were used, that one is left, or none; never how many of several.
    fn wrong_pin(&self, module: &Pkcs11) -> KeyError {
        match module.get_token_info(self.slot) {
            Ok(info) if info.user_pin_locked() => KeyError::PinLocked,
            Ok(info) if info.user_pin_final_try() => KeyError::WrongPin {
                tries_left: Some(1),
            },
            _ => KeyError::WrongPin { tries_left: None },
        }
    }
}

/// A card that is logged in.
pub(super) struct Token {
    slot: Slot,
    serial: String,
    label: String,
    certificates: Vec<(Vec<u8>, Certificate)>,
    keys: Vec<(Vec<u8>, ObjectHandle)>,
    mechanisms: Vec<MechanismType>,
    login_required: bool,
    /// `None` once the card was taken out or failed.
    session: Mutex<Option<Session>>,
}

impl Token {
    pub(super) fn new(found: Found, module: &Pkcs11) -> Result<Token, KeyError> {
        let keys = private_keys(&found.session).map_err(|e| failure(&e))?;
        Ok(Token {
            slot: found.slot,
            serial: found.info.serial_number().to_owned(),
            label: found.info.label().to_owned(),
            login_required: found.info.login_required(),
            certificates: found.certificates,
            keys,
            // A token that does not list its mechanisms is tried with all.
            mechanisms: module.get_mechanism_list(found.slot).unwrap_or_default(),
            session: Mutex::new(Some(found.session)),
        })
    }

    /// Whether this is that card.
    pub(super) fn is(&self, info: &TokenInfo) -> bool {
        self.serial == info.serial_number() && self.label == info.label()
    }

    /// The CN of the authentication certificate.
    pub(super) fn holder(&self) -> Option<&str> {
        holder(&self.certificates)
    }

    /// Whether the card is still there, and its session logged in.
    pub(super) fn is_present(&self, module: &Pkcs11) -> bool {
        let there = module
            .get_token_info(self.slot)
            .is_ok_and(|info| self.is(&info));
        there
            && self
                .with_session(|session| {
                    let info = session.get_session_info()?;
                    let logged_in = matches!(
                        info.session_state(),
                        SessionState::RoUser | SessionState::RwUser
                    );
                    Ok(logged_in || !self.login_required)
                })
                .unwrap_or(false)
    }

    /// The certificate of this use.
    pub(super) fn certificate(&self, use_: Use) -> Option<&Certificate> {
        of_use(&self.certificates, use_).map(|(_, certificate)| certificate)
    }

    /// The data objects: label and content.
    pub(super) fn data(&self) -> Result<Vec<(String, Vec<u8>)>, KeyError> {
        self.with_session(|session| {
            let mut found = Vec::new();
            let objects = session.find_objects(&[Attribute::Class(ObjectClass::DATA)])?;
            for object in objects.into_iter().take(MAX_OBJECTS) {
                let (mut label, mut value) = (Vec::new(), Vec::new());
                for attribute in
                    session.get_attributes(object, &[AttributeType::Label, AttributeType::Value])?
                {
                    match attribute {
                        Attribute::Label(bytes) => label = bytes,
                        Attribute::Value(bytes) => value = bytes,
                        _ => {}
                    }
                }
                let label = String::from_utf8_lossy(&label);
                found.push((label.trim_matches(['\0', ' ']).to_owned(), value));
            }
            Ok(found)
        })
    }

    /// Does something with the session. A session that fails for want of the card is given up.
    fn with_session<T>(
        &self,
        act: impl FnOnce(&Session) -> Result<T, Error>,
    ) -> Result<T, KeyError> {
        let mut guard = self.session.lock().map_err(|_| KeyError::Device)?;
        let session = guard.as_ref().ok_or(KeyError::CardRemoved)?;
        act(session).map_err(|error| {
            let meaning = failure(&error);
            let logged_out = matches!(error, Error::Pkcs11(RvError::UserNotLoggedIn, _));
            if meaning == KeyError::CardRemoved || logged_out {
                *guard = None;
            }
            meaning
        })
    }

    fn sign(
        &self,
        key: ObjectHandle,
        algorithm: Algorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        let (whole, kind) = match algorithm {
            Algorithm::RsaSha256 => (Mechanism::Sha256RsaPkcs, MechanismType::SHA256_RSA_PKCS),
            Algorithm::RsaSha1 => (Mechanism::Sha1RsaPkcs, MechanismType::SHA1_RSA_PKCS),
        };
        self.with_session(|session| {
            if self.mechanisms.is_empty() || self.mechanisms.contains(&kind) {
                match session.sign(&whole, key, message) {
                    Err(Error::Pkcs11(RvError::MechanismInvalid, _)) => {}
                    other => return other,
                }
            }
            // The card signs a digest alone: it is made here.
            let info = [algorithm.digest_info_prefix(), &algorithm.digest(message)].concat();
            session.sign(&Mechanism::RsaPkcs, key, &info)
        })
    }
}

/// One of a card's keys.
pub(super) struct CardKey {
    token: Arc<Token>,
    handle: ObjectHandle,
    own: Certificate,
    certificates: Vec<Vec<u8>>,
}

impl CardKey {
    pub(super) fn new(token: Arc<Token>, use_: Use) -> Result<CardKey, KeyError> {
        let (id, handle) = token
            .keys
            .iter()
            .find(|(id, _)| id.last() == Some(&id_end(use_)))
            .ok_or(KeyError::NoKey)?;
        let own = token
            .certificates
            .iter()
            .find(|(of, _)| of == id)
            .map(|(_, certificate)| certificate.clone())
            .ok_or(KeyError::NoKey)?;
        let others: Vec<_> = token.certificates.iter().map(|(_, c)| c.clone()).collect();
        Ok(CardKey {
            handle: *handle,
            certificates: chain(own.clone(), &others),
            own,
            token,
        })
    }
}

impl Key for CardKey {
    fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.token.sign(self.handle, algorithm, message)?;
        if self.own.verifies(algorithm, message, &signature) {
            Ok(signature)
        } else {
            Err(KeyError::Certificate(
                "it does not belong to the card's key",
            ))
        }
    }
}

fn of_use(certificates: &[(Vec<u8>, Certificate)], use_: Use) -> Option<&(Vec<u8>, Certificate)> {
    certificates
        .iter()
        .find(|(id, _)| id.last() == Some(&id_end(use_)))
}

fn holder(certificates: &[(Vec<u8>, Certificate)]) -> Option<&str> {
    let own = of_use(certificates, Use::Authentication);
    own.or(of_use(certificates, Use::Signature))
        .and_then(|(_, certificate)| certificate.common_name())
}

/// The certificates that can be read, with their CKA_ID.
fn certificates(session: &Session) -> Result<Vec<(Vec<u8>, Certificate)>, Error> {
    let mut found = Vec::new();
    let objects = session.find_objects(&[Attribute::Class(ObjectClass::CERTIFICATE)])?;
    for object in objects.into_iter().take(MAX_OBJECTS) {
        let (mut id, mut value) = (Vec::new(), Vec::new());
        for attribute in
            session.get_attributes(object, &[AttributeType::Id, AttributeType::Value])?
        {
            match attribute {
                Attribute::Id(bytes) => id = bytes,
                Attribute::Value(bytes) => value = bytes,
                _ => {}
            }
        }
        if let Ok(certificate) = Certificate::from_der(&value) {
            found.push((id, certificate));
        }
    }
    Ok(found)
}

/// The RSA private keys, with their CKA_ID.
fn private_keys(session: &Session) -> Result<Vec<(Vec<u8>, ObjectHandle)>, Error> {
    let mut found = Vec::new();
    let objects = session.find_objects(&[
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::KeyType(KeyType::RSA),
    ])?;
    for object in objects.into_iter().take(MAX_OBJECTS) {
        let attributes = session.get_attributes(object, &[AttributeType::Id])?;
        if let Some(Attribute::Id(id)) = attributes.into_iter().next() {
            found.push((id, object));
        }
    }
    Ok(found)
}
