//! Keys on a card or token, through its PKCS#11 module.
//!
//! A CPS card holds two key pairs, told apart by the last octet of CKA_ID: 0x20 authentication, 0x10 signature (integrators' notes on real cards).
//! Any token laid out this way works. Private objects are seen after the login only; the PIN goes to the card and is
//! not kept. A card stays open between calls; taken out and put back, it is opened again at the next call, and asks for
//! its PIN again.
//!
//! The module is initialised for the process and stays so until the process ends: ending it would cut off a host that uses
//! the same middleware. Login is the process's as well: when the host has logged in to the card, no PIN is asked for.

mod token;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cryptoki::context::{CInitializeArgs, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::slot::{Slot, TokenInfo};

use crate::dmp::protocol::certificate::Use;
use crate::dmp::protocol::key::KeyError;

use super::card::Content;
use super::config::Pkcs11Config;
use super::secret::{Secret, SecretRequest};
use super::{Keys, card};
use token::{CardKey, Found, Token};

/// How a PIN is asked for.
pub(super) type Ask<'a> = &'a mut dyn FnMut(&SecretRequest) -> Option<Secret>;

/// The readers of one module, and the cards opened in them.
pub(super) struct Reader {
    config: Pkcs11Config,
    module: Option<Pkcs11>,
    open: Vec<Arc<Token>>,
}

impl Reader {
    /// Nothing is loaded before it is needed.
    pub(super) fn new(config: Pkcs11Config) -> Reader {
        Reader {
            config,
            module: None,
            open: Vec::new(),
        }
    }

    /// The keys of the card of this holder, or of the only card.
    pub(super) fn keys(&mut self, wanted: Option<&str>, ask: Ask<'_>) -> Result<Keys, KeyError> {
        let token = self.token(wanted, ask)?;
        Ok(Keys {
            authentication: Arc::new(CardKey::new(token.clone(), Use::Authentication)?),
            signature: Arc::new(CardKey::new(token, Use::Signature)?),
        })
    }

    /// What the card says of its holder.
    pub(super) fn content(
        &mut self,
        wanted: Option<&str>,
        ask: Ask<'_>,
    ) -> Result<Content, KeyError> {
        let token = self.token(wanted, ask)?;
        let mut info = Vec::new();
        let mut exercises = Vec::new();
        for (label, object) in token.data()? {
            if label == "CPS_INFO_PS" {
                info = card::values(&object);
            } else if let Some(number) = card::exercise_number(&label) {
                exercises.push(card::exercise(number, &object));
            }
        }
        exercises.sort_by_key(|exercise| exercise.number);
        let own = token.certificate(Use::Authentication);
        let signing = token.certificate(Use::Signature);
        let own = own.or(signing).ok_or(KeyError::NoKey)?;
        // The authentication certificate of an older card does not tell the profession.
        let trade = signing.unwrap_or(own);
        Ok(Content {
            holder: own.common_name().map(str::to_owned),
            family: own.family_name().map(str::to_owned),
            given: own.given_name().map(str::to_owned),
            card_type: own
                .card_type()
                .or(trade.card_type())
                .map(|kind| kind.number()),
            profession: trade.profession().or(own.profession()),
            specialties: trade.specialties().to_vec(),
            info,
            exercises,
        })
    }

    /// The card to use, open and logged in.
    fn token(&mut self, wanted: Option<&str>, ask: Ask<'_>) -> Result<Arc<Token>, KeyError> {
        let module = match &self.module {
            Some(module) => module.clone(),
            None => load(&self.config.module)?,
        };
        self.module = Some(module.clone());
        self.open.retain(|token| token.is_present(&module));
        let present = match self.present(&module) {
            // Somebody else ended the module: begin anew.
            Err(Error::Pkcs11(RvError::CryptokiNotInitialized, _)) => {
                self.open.clear();
                initialize(&module)?;
                self.present(&module)
            }
            other => other,
        }
        .map_err(|error| failure(&error))?;
        // Reading certificates from a card takes long: a card that is open, and the only one or the one wanted, is not
        // read again.
        let known = self.open.iter().find(|token| match present.as_slice() {
            [(_, only)] => token.is(only),
            _ => wanted.is_some() && token.holder() == wanted,
        });
        if let Some(token) = known {
            return Ok(token.clone());
        }
        let mut candidates: Vec<Found> = present
            .into_iter()
            .filter_map(|(slot, info)| {
                let session = module.open_ro_session(slot).ok()?;
                Found::read(slot, info, session).ok()
            })
            .collect();
        if candidates.is_empty() {
            return Err(KeyError::NoCard);
        }
        // An only card is taken whoever holds it: its certificates are compared with the requester afterwards.
        let mut found = if candidates.len() == 1 {
            candidates.swap_remove(0)
        } else {
            choose(candidates, wanted)?
        };
        if let Some(token) = self.open.iter().find(|token| token.is(&found.info)) {
            return Ok(token.clone());
        }
        found.login(&module, ask)?;
        let token = Arc::new(Token::new(found, &module)?);
        self.open.push(token.clone());
        Ok(token)
    }

    /// The cards present that the configuration allows.
    fn present(&self, module: &Pkcs11) -> Result<Vec<(Slot, TokenInfo)>, Error> {
        let mut found = Vec::new();
        for slot in module.get_slots_with_token()? {
            // A card may leave between two calls, and a reader may hold something else than a card.
            if let Ok(info) = module.get_token_info(slot)
                && info.token_initialized()
                && self.allows(&info)
            {
                found.push((slot, info));
            }
        }
        Ok(found)
    }

    fn allows(&self, info: &TokenInfo) -> bool {
        let fits = |wanted: &Option<String>, is: &str| {
            wanted
                .as_deref()
                .is_none_or(|wanted| wanted.trim() == is.trim())
        };
        fits(&self.config.label, info.label()) && fits(&self.config.serial, info.serial_number())
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

/// One of several cards: the only one of the holder wanted, or the only one that looks like a professional's.
fn choose(candidates: Vec<Found>, wanted: Option<&str>) -> Result<Found, KeyError> {
    let (of_holder, others): (Vec<_>, Vec<_>) = candidates
        .into_iter()
        .partition(|found| wanted.is_some() && found.holder() == wanted);
    let mut rest = if of_holder.is_empty() {
        others.into_iter().filter(Found::has_pairs).collect()
    } else {
        of_holder
    };
    match (rest.pop(), rest.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(KeyError::SeveralCards),
        (None, _) => Err(KeyError::NoKey),
    }
}

fn load(path: &str) -> Result<Pkcs11, KeyError> {
    // An empty path would name the program itself.
    if path.trim().is_empty() {
        return Err(KeyError::NoMiddleware);
    }
    // The loader panics over a library that is not a PKCS#11 module.
    let module = catch_unwind(AssertUnwindSafe(|| Pkcs11::new(path)))
        .map_err(|_| KeyError::NoMiddleware)?
        .map_err(|_| KeyError::NoMiddleware)?;
    initialize(&module)?;
    // See the head of this file: what is not dropped does not end the module.
    std::mem::forget(module.clone());
    Ok(module)
}

fn initialize(module: &Pkcs11) -> Result<(), KeyError> {
    match module.initialize(CInitializeArgs::OsThreads) {
        Ok(()) | Err(Error::AlreadyInitialized) => Ok(()),
        Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        Err(_) => Err(KeyError::NoMiddleware),
    }
}

/// What a failure of the module means to a person.
fn failure(error: &Error) -> KeyError {
    let Error::Pkcs11(code, _) = error else {
        return KeyError::Device;
    };
    match code {
        RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange => {
            KeyError::WrongPin { tries_left: None }
        }
        RvError::PinLocked => KeyError::PinLocked,
        RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::DeviceRemoved
        | RvError::SessionHandleInvalid
        | RvError::SessionClosed
        | RvError::CryptokiNotInitialized => KeyError::CardRemoved,
        // The person cancelled on the reader's own keypad.
        RvError::FunctionCanceled => KeyError::NoPin,
        _ => KeyError::Device,
    }
}
