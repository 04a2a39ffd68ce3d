//! Key pairs, and what stands in each kind of certificate.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PublicKeyData, SerialNumber,
};
use rsa::RsaPrivateKey;
use rsa::pkcs8::EncodePrivateKey;
use rustls::pki_types::PrivatePkcs8KeyDer;
use zeroize::Zeroizing;

use crate::clock::Instant;
use crate::dmp::national::keys::memory::random;
use crate::dmp::national::keys::pem as read_pem;
use crate::dmp::protocol::certificate::{self, CardType};

use super::{PkiError, write};

const CARD_TYPE: &[u64] = &[1, 2, 250, 1, 71, 1, 2, 2];
const PROFESSION: &[u64] = &[1, 2, 250, 1, 71, 1, 2, 7];
const SPECIALTIES: &[u64] = &[1, 2, 250, 1, 71, 4, 2, 5];

/// An RSA key pair of 2048 bits.
pub(super) struct Pair {
    pub(super) key: KeyPair,
    pub(super) der: Zeroizing<Vec<u8>>,
}

impl Pair {
    pub(super) fn generate() -> Result<Pair, PkiError> {
        let key = RsaPrivateKey::new(&mut random()?, 2048).map_err(|_| PkiError::Crypto)?;
        let der = key.to_pkcs8_der().map_err(|_| PkiError::Crypto)?;
        Pair::of(der.to_bytes())
    }

    fn of(der: Zeroizing<Vec<u8>>) -> Result<Pair, PkiError> {
        let key = KeyPair::try_from(&PrivatePkcs8KeyDer::from(der.as_slice()))?;
        Ok(Pair { key, der })
    }

    /// Reads a key from a file, or makes one and writes it there.
    pub(super) fn open(path: &Path, name: &'static str) -> Result<Pair, PkiError> {
        if !path.exists() {
            let pair = Pair::generate()?;
            let text = Zeroizing::new(pem("PRIVATE KEY", &pair.der));
            write(path, name, &text)?;
            return Ok(pair);
        }
        let text = std::fs::read_to_string(path).map_err(|_| PkiError::File(name))?;
        let text = Zeroizing::new(text);
        let blocks = read_pem::blocks(&text).map_err(|_| PkiError::Content(name))?;
        let block = blocks
            .into_iter()
            .find(|block| block.label == "PRIVATE KEY")
            .ok_or(PkiError::Content(name))?;
        Pair::of(block.der).map_err(|_| PkiError::Content(name))
    }

    /// Whether a certificate holds this public key.
    pub(super) fn is_of(&self, der: &[u8]) -> bool {
        certificate::Certificate::from_der(der)
            .is_ok_and(|read| read.public_key_der() == self.key.subject_public_key_info())
    }
}

/// What a holder's certificate is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Authentication,
    Signature,
}

/// Who holds a certificate.
pub(super) struct Subject<'a> {
    pub(super) id: &'a str,
    pub(super) organization: &'a str,
    /// Family name, given name.
    pub(super) person: Option<(&'a str, &'a str)>,
    pub(super) kind: Option<CardType>,
    pub(super) profession: Option<&'a str>,
    pub(super) specialty: Option<&'a str>,
}

fn params(now: Instant) -> Result<CertificateParams, PkiError> {
    let mut params = CertificateParams::default();
    dates(&mut params, now);
    let mut serial = [0; 16];
    getrandom::fill(&mut serial).map_err(|_| PkiError::Crypto)?;
    // A positive number of 16 octets, whatever was drawn.
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x7F | 0x40;
    }
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn dates(params: &mut CertificateParams, now: Instant) {
    const YEAR_2046: i64 = 2_398_377_600_000;
    let long = now.plus_days(20 * 365);
    let least = Instant::from_millis(YEAR_2046).unwrap_or(long);
    params.not_before = now.plus_days(-2).date_time();
    params.not_after = long.max(least).date_time();
}

/// The authority. Its name is fixed, so that it can issue again from its key alone.
pub(super) fn authority(now: Instant) -> CertificateParams {
    let mut params = CertificateParams::default();
    dates(&mut params, now);
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "FR");
    name.push(DnType::OrganizationName, "dmpkit");
    name.push(DnType::OrganizationalUnitName, "TEST");
    name.push(DnType::CommonName, "AC de test du simulateur");
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A server's certificate for these names and addresses.
pub(super) fn server(now: Instant, hosts: &[&str]) -> Result<CertificateParams, PkiError> {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = params(now)?;
    params.distinguished_name = name(&[
        (DnType::CountryName, "FR"),
        (DnType::OrganizationName, "dmpkit"),
        (
            DnType::CommonName,
            hosts.first().map_or("localhost", String::as_str),
        ),
    ])?;
    params.subject_alt_names = CertificateParams::new(hosts)?.subject_alt_names;
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
    ];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

/// A card's or structure's certificate. Key usages as on the cards of the newer IGC-Santé: digitalSignature alone, or
/// nonRepudiation alone, so that the wrong one of two keys is noticed.
pub(super) fn holder(
    now: Instant,
    subject: &Subject<'_>,
    purpose: Purpose,
) -> Result<CertificateParams, PkiError> {
    let mut params = params(now)?;
    let mut parts = vec![
        (DnType::CountryName, "FR"),
        (DnType::OrganizationName, subject.organization),
    ];
    if let Some((family, given)) = subject.person {
        parts.push((DnType::from_oid(&[2, 5, 4, 4]), family));
        parts.push((DnType::from_oid(&[2, 5, 4, 42]), given));
    }
    parts.push((DnType::CommonName, subject.id));
    params.distinguished_name = name(&parts)?;
    let (usage, extended) = match purpose {
        Purpose::Authentication => (
            KeyUsagePurpose::DigitalSignature,
            ExtendedKeyUsagePurpose::ClientAuth,
        ),
        Purpose::Signature => (
            KeyUsagePurpose::ContentCommitment,
            ExtendedKeyUsagePurpose::EmailProtection,
        ),
    };
    params.key_usages = vec![usage];
    params.extended_key_usages = vec![extended];
    let mut extension = |oid: &[u64], content: Vec<u8>| {
        let extension = CustomExtension::from_oid_content(oid, content);
        params.custom_extensions.push(extension);
    };
    if let Some(kind) = subject.kind {
        extension(CARD_TYPE, small_integer(kind.number()));
    }
    // Professions with letters in their code do not fit the INTEGER seen in real certificates: they are left out.
    if let Some(code) = subject.profession.and_then(|code| code.parse().ok()) {
        extension(PROFESSION, small_integer(code));
    }
    if let Some(code) = subject.specialty {
        let size = u8::try_from(code.len())
            .ok()
            .filter(|size| *size < 100)
            .ok_or(PkiError::Name("the specialty"))?;
        let head = [0x30, size + 2, 0x0C, size];
        extension(SPECIALTIES, [&head, code.as_bytes()].concat());
    }
    Ok(params)
}

fn name(parts: &[(DnType, &str)]) -> Result<DistinguishedName, PkiError> {
    let mut name = DistinguishedName::new();
    for (kind, value) in parts {
        // RFC 5280 bounds these at 64 characters; an empty part is no part.
        if value.trim().is_empty() || value.chars().count() > 64 {
            return Err(PkiError::Name("a name, empty or longer than 64 characters"));
        }
        name.push(kind.clone(), *value);
    }
    Ok(name)
}

/// An INTEGER in DER.
fn small_integer(number: u8) -> Vec<u8> {
    if number < 0x80 {
        vec![2, 1, number]
    } else {
        vec![2, 2, 0, number]
    }
}

/// A PEM block.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let body = Zeroizing::new(STANDARD.encode(der));
    let mut text = format!("-----BEGIN {label}-----\n");
    for (i, c) in body.chars().enumerate() {
        if i > 0 && i % 64 == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}

pub(super) fn certificates(text: &str, name: &'static str) -> Result<Vec<Vec<u8>>, PkiError> {
    read_pem::certificates(text).map_err(|_| PkiError::Content(name))
}

/// Whether the first of these certificates is valid now.
pub(super) fn is_valid(list: &[Vec<u8>], now: Instant) -> bool {
    list.first()
        .and_then(|der| certificate::Certificate::from_der(der).ok())
        .is_some_and(|read| read.is_valid_at(now))
}
