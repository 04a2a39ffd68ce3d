//! What the certificate of a signer says of its holder.

use x509_cert::Certificate;
use x509_cert::der::{Any, Decode as _, Tag, Tagged as _};
use x509_cert::name::RdnSequence;

use super::super::signature::SignatureError;
use super::VihfError;

const COMMON_NAME: &str = "2.5.4.3";
const SURNAME: &str = "2.5.4.4";
const ORGANIZATION: &str = "2.5.4.10";
const GIVEN_NAME: &str = "2.5.4.42";
/// Type of card: INTEGER 0 CPS, 1 CPF, 2 CPE; absent from the certificates of structures (facts 1.6).
const CARD_TYPE: &str = "1.2.250.1.71.1.2.2";

/// The holder of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    /// CN: PS_IdNat of a card, Struct_IdNat or host of a structure.
    pub common_name: Option<String>,
    /// SN.
    pub surname: Option<String>,
    /// GN.
    pub given_name: Option<String>,
    /// O.
    pub organization: Option<String>,
    /// Type of card.
    pub card: Option<u8>,
    /// The subject, as a list of (type, value) by RDN, last first.
    subject: Vec<Vec<(String, Option<String>)>>,
}

impl Holder {
    /// Reads a certificate (DER).
    pub fn of(certificate: &[u8]) -> Result<Holder, VihfError> {
        let certificate = read(certificate)?;
        let tbs = certificate.tbs_certificate();
        let subject = RdnSequence::from(tbs.subject().clone());
        let value = |oid: &str| {
            let mut all = subject.iter().flat_map(|rdn| rdn.iter());
            let found = all.find(|attribute| attribute.oid.to_string() == oid)?;
            text_of(&found.value)
        };
        let card = tbs.extensions().and_then(|extensions| {
            let found = extensions
                .iter()
                .find(|e| e.extn_id.to_string() == CARD_TYPE)?;
            u8::from_der(found.extn_value.as_bytes()).ok()
        });
        Ok(Holder {
            common_name: value(COMMON_NAME),
            surname: value(SURNAME),
            given_name: value(GIVEN_NAME),
            organization: value(ORGANIZATION),
            card,
            subject: compared(&subject),
        })
    }

    /// Whether this is the subject's name, as RFC 2253 writes it.
    pub fn is_named(&self, name: &str) -> bool {
        let name: Result<RdnSequence, _> = name.parse();
        name.is_ok_and(|name| compared(&name) == self.subject)
    }
}

/// The subject of a certificate (DER), as `Issuer` has it: RFC 2253, last RDN first, `ST=` and `GN=`.
pub(super) fn subject_of(certificate: &[u8]) -> Result<String, VihfError> {
    Ok(read(certificate)?.tbs_certificate().subject().to_string())
}

fn read(certificate: &[u8]) -> Result<Certificate, VihfError> {
    Certificate::from_der(certificate)
        .map_err(|_| SignatureError::Certificate("cannot be read").into())
}

fn compared(name: &RdnSequence) -> Vec<Vec<(String, Option<String>)>> {
    let rdns = name.iter().map(|rdn| {
        let attributes = rdn.iter();
        let mut attributes: Vec<_> = attributes
            .map(|a| (a.oid.to_string(), text_of(&a.value)))
            .collect();
        attributes.sort();
        attributes
    });
    rdns.collect()
}

fn text_of(value: &Any) -> Option<String> {
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => {
            std::str::from_utf8(value.value()).ok().map(str::to_owned)
        }
        // Cards of the first generations: Latin-1 in practice.
        Tag::TeletexString => Some(value.value().iter().copied().map(char::from).collect()),
        _ => None,
    }
}
