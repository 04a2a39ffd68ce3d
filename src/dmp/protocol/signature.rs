//! XML signatures (XMLDSIG): what is signed is text that is canonical by construction; what is checked comes from
//! elsewhere and is canonicalised first.
//!
//! The rule of every check here: **what is read is what was digested**. The caller gets the canonical bytes whose
//! digest was signed, never a place in the message, so nothing that stands beside them can be taken for them.
//!
//! Source: the official VIHF (official VIHF: one reference to the assertion's own ID, enveloped-signature then exclusive
//! canonicalisation, one hash for digest and signature), the official message TD2.1_SignatureXades, W3C XML
//! Signature 1.0, Exclusive XML Canonicalization 1.0.

pub(crate) mod canonical;
mod check;
pub(crate) use check::certificates;
#[cfg(feature = "simulator")]
mod trust;

pub use check::{Checked, Place, verify_enveloped};
#[cfg(feature = "simulator")]
pub use trust::{Authorities, TrustError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::traits::PublicKeyParts as _;
use serde::{Deserialize, Serialize};

use super::certificate::{Certificate, CertificateError};
use super::key::{Algorithm, Key, KeyError};
use super::xml::{Writer, XmlError};

/// Namespace of XML signatures.
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Exclusive canonicalisation, without comments: its algorithm and the namespace of its parameters.
pub const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// Canonical XML 1.0 without comments.
pub const C14N: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
/// Canonical XML 1.0 with comments.
pub const C14N_COMMENTS: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments";
/// The transform that takes the signature out of what it signs.
pub const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// The hash of a signature, of its digests as of its value.
///
/// SHA-256 by default; SHA-1 as in the published examples, for old platforms (the sources disagree).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hash {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-1.
    Sha1,
}

impl Hash {
    /// The key's algorithm.
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Hash::Sha256 => Algorithm::RsaSha256,
            Hash::Sha1 => Algorithm::RsaSha1,
        }
    }

    /// Its URI in `SignatureMethod`.
    pub const fn signature_uri(self) -> &'static str {
        match self {
            Hash::Sha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Hash::Sha1 => "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        }
    }

    /// Its URI in `DigestMethod`.
    pub const fn digest_uri(self) -> &'static str {
        match self {
            Hash::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            Hash::Sha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
        }
    }

    /// The hash of a `SignatureMethod`, if it is one of the two.
    pub fn of_signature_uri(uri: &str) -> Option<Hash> {
        [Hash::Sha256, Hash::Sha1]
            .into_iter()
            .find(|hash| hash.signature_uri() == uri)
    }

    /// The hash of a `DigestMethod`, if it is one of the two.
    pub fn of_digest_uri(uri: &str) -> Option<Hash> {
        [Hash::Sha256, Hash::Sha1]
            .into_iter()
            .find(|hash| hash.digest_uri() == uri)
    }

    /// The digest of these bytes.
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        self.algorithm().digest(bytes)
    }
}

/// Why a signature is not accepted. Nothing of the message is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The text cannot be read.
    #[error("signature: {0}")]
    Xml(#[from] XmlError),
    /// The text is read by one parser and refused by the other.
    #[error("signature: the text cannot be canonicalised")]
    Canonical,
    /// What should be signed is not in the message.
    #[error("signature: the message holds no assertion")]
    Absent,
    /// It is there twice, or one inside the other: the way of wrapping attacks.
    #[error("signature: the message holds more than one assertion")]
    Several,
    /// It stands where it means nothing.
    #[error("signature: the assertion is not in the security header")]
    Misplaced,
    /// It is larger than any real one.
    #[error("signature: the assertion is larger than 256 KiB")]
    TooLarge,
    /// Its identifier is given to another element too.
    #[error("signature: its ID is absent, or also that of another element")]
    DuplicateId,
    /// It holds a comment or a processing instruction, which split a text unseen.
    #[error("signature: a comment or an instruction stands in what is signed")]
    Comment,
    /// No signature.
    #[error("signature: absent")]
    NoSignature,
    /// More than one signature, or one at another place than directly in what it signs.
    #[error("signature: more than one, or not directly in what is signed")]
    SignaturePlace,
    /// The signature is not made as it has to be.
    #[error("signature: {0}")]
    Structure(&'static str),
    /// Not exactly one reference.
    #[error("signature: exactly one reference is required")]
    References,
    /// The reference is to something else.
    #[error("signature: its reference is not to the assertion itself")]
    Target,
    /// Other transforms than the two.
    #[error(
        "signature: the transforms are not enveloped-signature then exclusive canonicalisation"
    )]
    Transforms,
    /// An algorithm that is not known.
    #[error("signature: unknown {0} algorithm")]
    Algorithm(&'static str),
    /// SHA-1, and the settings do not accept it.
    #[error("signature: made with SHA-1, which the settings do not accept")]
    Sha1,
    /// The content was changed after it was signed.
    #[error("signature: the digest is not that of the content")]
    Digest,
    /// The value was not made by the certificate's key.
    #[error("signature: the value was not made with the key of the certificate")]
    Value,
    /// The certificate cannot be used.
    #[error("signature: certificate: {0}")]
    Certificate(&'static str),
    /// The caller does not trust the certificate.
    #[error("signature: the certificate is not trusted")]
    Untrusted,
}

/// What a check accepts. There is no way to check a signature without saying whom it may come from.
#[derive(Clone, Copy)]
pub struct Policy<'a> {
    /// Whether SHA-1 is accepted.
    pub sha1: bool,
    /// Whether these certificates (DER, the signer's first) are those of someone to trust.
    pub trust: &'a dyn Fn(&[Vec<u8>]) -> bool,
}

impl Policy<'_> {
    pub(crate) fn admits(&self, hash: Hash) -> Result<(), SignatureError> {
        if hash == Hash::Sha1 && !self.sha1 {
            return Err(SignatureError::Sha1);
        }
        Ok(())
    }
}

/// Checks an RSASSA-PKCS1-v1_5 signature with the key of a certificate (DER). The key has 2048 to 4096 bits.
pub fn verify_rsa(
    certificate: &[u8],
    hash: Hash,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let certificate = Certificate::from_der(certificate)?;
    if certificate.rsa_public_key()?.size() < 256 {
        return Err(SignatureError::Certificate("its key is too short"));
    }
    if certificate.verifies(hash.algorithm(), message, signature) {
        Ok(())
    } else {
        Err(SignatureError::Value)
    }
}

impl From<CertificateError> for SignatureError {
    fn from(error: CertificateError) -> SignatureError {
        SignatureError::Certificate(error.0)
    }
}

/// Base64 as XML carries it: white space anywhere.
pub(crate) fn base64_of(text: &str) -> Result<Vec<u8>, SignatureError> {
    let dense: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD
        .decode(dense)
        .map_err(|_| SignatureError::Structure("a value is not base64"))
}

/// A reference of a `SignedInfo` or of a manifest.
pub(crate) struct Reference<'a> {
    /// `Type`, when there is one.
    pub kind: Option<&'a str>,
    /// `URI`.
    pub uri: &'a str,
    /// Algorithms of the transforms, in order.
    pub transforms: &'a [&'a str],
    /// The digest in base64.
    pub digest: &'a str,
}

impl Reference<'_> {
    /// Writes it, the namespace of signatures being the default one.
    pub(crate) fn write(&self, writer: &mut Writer, hash: Hash) {
        match self.kind {
            Some(kind) => writer.open("Reference", &[("Type", kind), ("URI", self.uri)]),
            None => writer.open("Reference", &[("URI", self.uri)]),
        };
        if !self.transforms.is_empty() {
            writer.open("Transforms", &[]);
            for transform in self.transforms {
                writer.empty("Transform", &[("Algorithm", transform)]);
            }
            writer.close();
        }
        writer
            .empty("DigestMethod", &[("Algorithm", hash.digest_uri())])
            .leaf("DigestValue", &[], self.digest)
            .close();
    }
}

/// `SignedInfo`, its value, and the certificate: the children of a `Signature` whose default namespace is that of
/// signatures. The key signs here, once.
pub(crate) fn signed(
    key: &dyn Key,
    hash: Hash,
    canonicalisation: &str,
    references: &[Reference<'_>],
) -> Result<String, KeyError> {
    let certificate = key
        .certificates()
        .first()
        .ok_or(KeyError::Certificate("absent"))?;
    let mut inner = Writer::new();
    inner
        .empty("CanonicalizationMethod", &[("Algorithm", canonicalisation)])
        .empty("SignatureMethod", &[("Algorithm", hash.signature_uri())]);
    for reference in references {
        reference.write(&mut inner, hash);
    }
    let inner = inner.finish();
    // Alone, an element in canonical form declares the namespace that it inherits in its place.
    let mut apex = Writer::new();
    apex.open("SignedInfo", &[("xmlns", DSIG)]).raw(&inner);
    let value = key.sign(hash.algorithm(), apex.finish().as_bytes())?;
    let mut writer = Writer::new();
    writer
        .open("SignedInfo", &[])
        .raw(&inner)
        .close()
        .leaf("SignatureValue", &[], &STANDARD.encode(value))
        .open("KeyInfo", &[])
        .open("X509Data", &[])
        .leaf("X509Certificate", &[], &STANDARD.encode(certificate));
    Ok(writer.finish())
}

/// The `Signature` to place in an element: `canonical` is the element's canonical form without the signature,
/// `id` its identifier.
pub fn enveloped(
    key: &dyn Key,
    hash: Hash,
    id: &str,
    canonical: &[u8],
) -> Result<String, KeyError> {
    let reference = Reference {
        kind: None,
        uri: &format!("#{id}"),
        transforms: &[ENVELOPED, EXC_C14N],
        digest: &STANDARD.encode(hash.digest(canonical)),
    };
    let inner = signed(key, hash, EXC_C14N, &[reference])?;
    let mut writer = Writer::new();
    writer.open("Signature", &[("xmlns", DSIG)]).raw(&inner);
    Ok(writer.finish())
}
