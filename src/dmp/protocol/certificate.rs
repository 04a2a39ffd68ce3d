//! What the protocols need of a certificate: names as the DMP compares them, the serial number, the public key, what
//! the key may be used for, until when, and what a card's certificate says of its holder.
//!
//! Read with the DER reader of `x509-cert`, piece by piece rather than as one strict structure: a CPS test certificate
//! of the official messages (VIHF_DIRECTE_signe) holds the parts of a name in an order that DER forbids, and such
//! certificates sign valid messages. Nothing security-relevant is guessed: what does not read is an error or absent.

mod name;

use std::fmt;

use rsa::pkcs8::DecodePublicKey;
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::{Decode, Reader, SliceReader, Tag, Tagged};
use x509_cert::time::Time;

use crate::clock::Instant;

use super::key::{Algorithm, KeyError};

pub use name::Name;

/// No certificate in use comes near this size.
const MAX_BYTES: usize = 64 * 1024;

const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const CARD_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.250.1.71.1.2.2");
const PROFESSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.250.1.71.1.2.7");
const SPECIALTIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.250.1.71.4.2.5");
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// What a key pair is for. The DMP refuses the one where it expects the other (`DMPInvalidCertificate`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Use {
    /// The TLS connection.
    Authentication,
    /// The VIHF and lots.
    Signature,
}

/// The type of a card, extension 1.2.250.1.71.1.2.2. Source: integrators' notes on real cards; seen as INTEGER 0 in the certificate of
/// VIHF_DIRECTE_signe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardType {
    /// 0: carte de professionnel de santé.
    Cps,
    /// 1: carte de professionnel en formation.
    Cpf,
    /// 2: carte de personnel d'établissement.
    Cpe,
    /// Another number: 3 is CPA.
    Other(u8),
}

impl CardType {
    /// The number in the extension.
    pub const fn number(self) -> u8 {
        match self {
            CardType::Cps => 0,
            CardType::Cpf => 1,
            CardType::Cpe => 2,
            CardType::Other(number) => number,
        }
    }

    /// The type of this number.
    pub const fn of(number: u8) -> CardType {
        match number {
            0 => CardType::Cps,
            1 => CardType::Cpf,
            2 => CardType::Cpe,
            other => CardType::Other(other),
        }
    }
}

/// The bytes are not a certificate that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a certificate: {0}")]
pub struct CertificateError(pub &'static str);

/// A certificate, read.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    subject: Name,
    issuer: Name,
    serial: Vec<u8>,
    not_before: Instant,
    not_after: Instant,
    public_key: Vec<u8>,
    key_usage: Option<u8>,
    extended_key_usage: Option<Vec<ObjectIdentifier>>,
    card_type: Option<CardType>,
    profession: Option<u32>,
    specialties: Vec<String>,
}

impl Certificate {
    /// Reads a certificate in DER, at most 64 KiB.
    pub fn from_der(der: &[u8]) -> Result<Certificate, CertificateError> {
        if der.len() > MAX_BYTES {
            return Err(CertificateError("larger than 64 KiB"));
        }
        let outer = elements(der, "the certificate")?;
        let [certificate] = outer.as_slice() else {
            return Err(CertificateError("more than one structure"));
        };
        let signed = first(certificate.value(), "the signed part")?;
        // version [0] is absent in version 1.
        let mut parts = elements(signed.value(), "the signed part")?
            .into_iter()
            .skip_while(|part| part.tag().is_context_specific());
        let mut next = |what: &'static str| parts.next().ok_or(CertificateError(what));
        let serial = next("no serial number")?;
        let _algorithm = next("no algorithm")?;
        let issuer = next("no issuer")?;
        let validity = next("no validity")?;
        let subject = next("no subject")?;
        let public_key = next("no public key")?;
        let dates = elements(validity.value(), "the validity")?;
        let [not_before, not_after] = dates.as_slice() else {
            return Err(CertificateError("the validity has not two dates"));
        };
        let mut read = Certificate {
            der: der.to_vec(),
            subject: Name::read(subject)?,
            issuer: Name::read(issuer)?,
            serial: integer(serial)?,
            not_before: instant(*not_before)?,
            not_after: instant(*not_after)?,
            public_key: encode(public_key)?,
            key_usage: None,
            extended_key_usage: None,
            card_type: None,
            profession: None,
            specialties: Vec::new(),
        };
        for part in parts {
            if part.tag().number().value() == 3 && part.tag().is_context_specific() {
                let list = first(part.value(), "the extensions")?;
                for extension in elements(list.value(), "the extensions")? {
                    read.extension(extension.value())?;
                }
            }
        }
        Ok(read)
    }

    fn extension(&mut self, der: &[u8]) -> Result<(), CertificateError> {
        let parts = elements(der, "an extension")?;
        let (Some(id), Some(value)) = (parts.first(), parts.last()) else {
            return Err(CertificateError("an empty extension"));
        };
        let id = oid(*id)?;
        let value = value.value();
        match id {
            KEY_USAGE => {
                let bits = first(value, "the key usage")?;
                // The first octet counts the unused bits; digitalSignature to decipherOnly start in the next.
                self.key_usage = Some(bits.value().get(1).copied().unwrap_or(0));
            }
            EXTENDED_KEY_USAGE => {
                let list = first(value, "the extended key usage")?;
                let usages = elements(list.value(), "the extended key usage")?;
                let usages: Result<_, _> = usages.into_iter().map(oid).collect();
                self.extended_key_usage = Some(usages?);
            }
            CARD_TYPE => {
                let number = integer(first(value, "the card type")?)?;
                let [number] = number.as_slice() else {
                    return Err(CertificateError("the card type is not a small number"));
                };
                self.card_type = Some(CardType::of(*number));
            }
            // What follows informs and decides nothing: forms that do not read are left out.
            PROFESSION => {
                self.profession = first(value, "the profession")
                    .and_then(integer)
                    .ok()
                    .filter(|bytes| bytes.len() <= 3)
                    .map(|bytes| bytes.iter().fold(0, |n, b| n << 8 | u32::from(*b)));
            }
            SPECIALTIES => {
                let list = first(value, "the specialties")
                    .and_then(|list| elements(list.value(), "the specialties"));
                self.specialties = list
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|any| std::str::from_utf8(any.value()).ok().map(str::to_owned))
                    .filter(|code| code.bytes().all(|b| b.is_ascii_alphanumeric()))
                    .collect();
            }
            _ => {}
        }
        Ok(())
    }

    /// The bytes it was read from.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whom it names.
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// Who issued it.
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// The serial number in decimal, as `ds:X509SerialNumber` writes it (official message TD2.1_SignatureXades).
    pub fn serial_decimal(&self) -> String {
        BigUint::from_bytes_be(&self.serial).to_string()
    }

    /// The first instant at which it is valid.
    pub fn not_before(&self) -> Instant {
        self.not_before
    }

    /// The last instant at which it is valid.
    pub fn not_after(&self) -> Instant {
        self.not_after
    }

    /// Whether it is valid at an instant, both ends included (RFC 5280 4.1.2.5).
    pub fn is_valid_at(&self, now: Instant) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Its public key, as SubjectPublicKeyInfo in DER.
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_key
    }

    /// Its RSA public key, 1024 to 4096 bits.
    pub fn rsa_public_key(&self) -> Result<RsaPublicKey, CertificateError> {
        use rsa::traits::PublicKeyParts;
        let key = RsaPublicKey::from_public_key_der(&self.public_key)
            .map_err(|_| CertificateError("the key is not an RSA key"))?;
        if (128..=512).contains(&key.size()) {
            Ok(key)
        } else {
            Err(CertificateError("the RSA key has an unusual size"))
        }
    }

    /// Whether this key made this signature over this message. `false` too when the key is not RSA.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let padding = Pkcs1v15Sign {
            hash_len: Some(algorithm.digest_size()),
            prefix: algorithm.digest_info_prefix().into(),
        };
        self.rsa_public_key().is_ok_and(|key| {
            key.verify(padding, &algorithm.digest(message), signature)
                .is_ok()
        })
    }

    /// Why it does not fit a use, as far as its key usages tell: authentication wants digitalSignature and
    /// TLS clients among its extended usages; signature wants nonRepudiation, that the certificates signing the official
    /// VIHF all carry. A certificate without these extensions fits both.
    pub fn unfit_for(&self, use_: Use) -> Option<&'static str> {
        let has = |bit: u8| self.key_usage.is_none_or(|usage| usage & bit != 0);
        match use_ {
            Use::Authentication if !has(0x80) => {
                Some("its key usage does not allow authentication (digitalSignature)")
            }
            Use::Authentication => self
                .extended_key_usage
                .as_ref()
                .is_some_and(|list| !list.contains(&CLIENT_AUTH) && !list.contains(&ANY_USAGE))
                .then_some("its extended key usage does not allow TLS clients (clientAuth)"),
            Use::Signature => {
                (!has(0x40)).then_some("its key usage does not allow signature (nonRepudiation)")
            }
        }
    }

    /// Why it cannot be used for this at this instant.
    pub fn check(&self, use_: Use, now: Instant) -> Result<(), KeyError> {
        if now < self.not_before {
            return Err(KeyError::Certificate("it is not valid yet"));
        }
        if now > self.not_after {
            return Err(KeyError::Certificate("it has expired"));
        }
        match self.unfit_for(use_) {
            Some(reason) => Err(KeyError::Certificate(reason)),
            None => Ok(()),
        }
    }

    /// The type of the card it lies on; absent from certificates of structures and of the newer IGC-Santé.
    pub fn card_type(&self) -> Option<CardType> {
        self.card_type
    }

    /// The holder's profession, code of TRE_G15, extension 1.2.250.1.71.1.2.7 (INTEGER). Source: the certificates in the
    /// official messages VIHF_DIRECTE_signe and TD2.1; the form is not specified anywhere that was found.
    pub fn profession(&self) -> Option<String> {
        self.profession.map(|code| format!("{code:02}"))
    }

    /// The holder's savoir-faire, codes of TRE_R01 such as `SM26`, extension 1.2.250.1.71.4.2.5 (sequence of strings).
    /// Source: as [`Certificate::profession`].
    pub fn specialties(&self) -> &[String] {
        &self.specialties
    }

    /// CN: PS_IdNat on a person's certificate; a structure's name or identifier, or a host, on others.
    pub fn common_name(&self) -> Option<&str> {
        self.subject.part(&name::COMMON_NAME)
    }

    /// SN: the holder's family name.
    pub fn family_name(&self) -> Option<&str> {
        self.subject.part(&name::SURNAME)
    }

    /// GN: the holder's given name.
    pub fn given_name(&self) -> Option<&str> {
        self.subject.part(&name::GIVEN_NAME)
    }

    /// O: the structure's name.
    pub fn organization(&self) -> Option<&str> {
        self.subject.part(&name::ORGANIZATION)
    }

    /// OU: on an IGC-Santé structure's certificate, its Struct_IdNat (official message VIHF_INDIRECTE_signe).
    pub fn organizational_unit(&self) -> Option<&str> {
        self.subject.part(&name::ORGANIZATIONAL_UNIT)
    }
}

/// The names in a certificate are not secret; its holder's are personal data and stay out of logs.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// The elements of a structure's content, at most a thousand.
fn elements<'a>(
    content: &'a [u8],
    what: &'static str,
) -> Result<Vec<AnyRef<'a>>, CertificateError> {
    let mut reader = SliceReader::new(content).map_err(|_| CertificateError(what))?;
    let mut found = Vec::new();
    while !reader.is_finished() {
        if found.len() == 1000 {
            return Err(CertificateError("too many elements"));
        }
        found.push(AnyRef::decode(&mut reader).map_err(|_| CertificateError(what))?);
    }
    Ok(found)
}

fn first<'a>(content: &'a [u8], what: &'static str) -> Result<AnyRef<'a>, CertificateError> {
    elements(content, what)?
        .into_iter()
        .next()
        .ok_or(CertificateError(what))
}

/// The octets of a positive INTEGER without its sign octet. Negative serial numbers exist; their octets are kept.
fn integer(any: AnyRef<'_>) -> Result<Vec<u8>, CertificateError> {
    match (any.tag(), any.value()) {
        (Tag::Integer, [0, rest @ ..]) if !rest.is_empty() => Ok(rest.to_vec()),
        (Tag::Integer, octets) if !octets.is_empty() => Ok(octets.to_vec()),
        _ => Err(CertificateError("not a number where one is due")),
    }
}

fn oid(any: AnyRef<'_>) -> Result<ObjectIdentifier, CertificateError> {
    any.decode_as()
        .map_err(|_| CertificateError("not an object identifier where one is due"))
}

fn encode(any: AnyRef<'_>) -> Result<Vec<u8>, CertificateError> {
    use x509_cert::der::Encode;
    any.to_der()
        .map_err(|_| CertificateError("a structure is too large"))
}

fn instant(any: AnyRef<'_>) -> Result<Instant, CertificateError> {
    let der = encode(any)?;
    let time = Time::from_der(&der).map_err(|_| CertificateError("a date is not one"))?;
    i64::try_from(time.to_unix_duration().as_millis())
        .ok()
        .and_then(Instant::from_millis)
        .ok_or(CertificateError("a date is out of range"))
}

#[cfg(test)]
mod tests;
