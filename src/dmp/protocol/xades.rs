//! The XAdES signature of a lot: the document `Signature01` that goes with every deposit.
//!
//! Source: the official message TD2.1_SignatureXades. XAdES 1.1.1 over Canonical XML 1.0. What is signed
//! is a manifest, that names the lot (with the dummy digest `AA==`: there is nothing to digest) and each document
//! with the digest of its canonical form, and the signed properties: when, and with which certificates.
//!
//! What differs from the official file, and why: SHA-256 by default (the sources disagree); `Signature/@Id` begins with
//! a letter or `_`, as XML asks of an ID, the caller choosing it; the signing time is in UTC; base64 and properties
//! without line ends. `SignatureProperties` has no namespace and the digests of certificates are in the namespace of
//! XAdES, as in the official file, though their schemas would have them in that of XML signatures.

mod check;
mod write;

pub use check::{Signed, verify};
pub use write::sign;

use super::certificate::CertificateError;
use super::key::KeyError;
use super::signature::SignatureError;
use super::xml::XmlError;
use crate::document::Oid;

/// Namespace of XAdES 1.1.1.
pub const XADES: &str = "http://uri.etsi.org/01903/v1.1.1#";
const MANIFEST: &str = "IHEManifest";
const MANIFEST_TYPE: &str = "http://www.w3.org/2000/09/xmldsig#Manifest";
const PROPERTIES: &str = "S0-SignedProperties";
const PROPERTIES_TYPE: &str = "http://uri.etsi.org/01903/v1.1.1#SignedProperties";

/// What a lot's signature covers.
#[derive(Debug, Clone, Copy)]
pub struct Lot<'a> {
    /// uniqueId of the submission set.
    pub unique_id: &'a Oid,
    /// Its documents but the signature: uniqueId and bytes, in any of the encodings that the crate reads.
    pub documents: &'a [(&'a Oid, &'a [u8])],
}

/// Why a lot's signature cannot be made, or is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XadesError {
    /// A document cannot be digested: not XML, with a DTD, or nested too deep.
    #[error("lot: document {index} is not XML that can be canonicalised")]
    Document {
        /// Its place in the lot, from 0.
        index: usize,
    },
    /// The key does not sign.
    #[error("lot: {0}")]
    Key(#[from] KeyError),
    /// The signature is not accepted.
    #[error("lot: {0}")]
    Signature(#[from] SignatureError),
    /// The signature cannot be read.
    #[error("lot: {0}")]
    Xml(#[from] XmlError),
    /// The manifest does not name this lot and these documents, each once, and nothing else.
    #[error("lot: the manifest does not name this lot and its documents, each once")]
    Manifest,
    /// A document is not the one that was signed.
    #[error("lot: document {index} is not the one that was signed")]
    Digest {
        /// Its place in the lot, from 0.
        index: usize,
    },
    /// The signed properties name another certificate than the one that signed.
    #[error("lot: the signed properties do not name the certificate that signed")]
    Signer,
    /// The signed properties lack a part.
    #[error("lot: {0} is missing from the signed properties")]
    Property(&'static str),
}

impl From<CertificateError> for XadesError {
    fn from(error: CertificateError) -> XadesError {
        SignatureError::from(error).into()
    }
}

/// How the manifest names what it covers.
fn urn(unique_id: &Oid) -> String {
    format!("urn:oid:{unique_id}")
}
