//! Makes the signature of a lot.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::certificate::Certificate;
use super::super::key::Key;
use super::super::signature::{C14N_COMMENTS, DSIG, Hash, Reference, canonical, signed};
use super::super::xml::Writer;
use super::{Lot, MANIFEST, MANIFEST_TYPE, PROPERTIES, PROPERTIES_TYPE, XADES, XadesError, urn};
use crate::clock::Instant;

/// "Signature" of a document by its author, the one purpose of the official file (ASTM E1762).
const PURPOSE: &str = "1.2.840.10065.1.12.1.14";

/// The signature of a lot, an XML document in UTF-8.
///
/// `id` is fresh for each signature and an XML name (`_` and a UUID do). `key` is the signature key of the card or
/// of the structure, with its whole chain: every certificate of it is named in the signed properties.
///
/// Memory: one document at a time is held parsed, several times its size.
///
/// Errors: [`XadesError::Document`] for a document that has no canonical form, [`XadesError::Key`].
pub fn sign(
    lot: &Lot<'_>,
    id: &str,
    at: Instant,
    hash: Hash,
    key: &dyn Key,
) -> Result<String, XadesError> {
    let manifest = manifest(lot, hash)?;
    let properties = properties(key, at, hash)?;
    // Each part alone declares the namespace that it inherits in its place: that is its canonical form.
    let digest = |name: &str, namespace: &str, id: &str, inner: &str| {
        let mut writer = Writer::new();
        writer.open(name, &[("xmlns", namespace), ("Id", id)]);
        writer.raw(inner);
        STANDARD.encode(hash.digest(writer.finish().as_bytes()))
    };
    let references = [
        Reference {
            kind: Some(MANIFEST_TYPE),
            uri: &format!("#{MANIFEST}"),
            transforms: &[],
            digest: &digest("Manifest", DSIG, MANIFEST, &manifest),
        },
        Reference {
            kind: Some(PROPERTIES_TYPE),
            uri: &format!("#{PROPERTIES}"),
            transforms: &[],
            digest: &digest("SignedProperties", XADES, PROPERTIES, &properties),
        },
    ];
    let target = format!("#{id}");
    let mut writer = Writer::new();
    writer
        .open("Signature", &[("xmlns", DSIG), ("Id", id)])
        .raw(&signed(key, hash, C14N_COMMENTS, &references)?)
        .open("Object", &[])
        .open("Manifest", &[("Id", MANIFEST)])
        .raw(&manifest)
        .close()
        .close()
        .open("Object", &[])
        .open("SignatureProperties", &[("xmlns", "")])
        .leaf(
            "SignatureProperty",
            &[("Id", "purposeOfSignature"), ("Target", &target)],
            PURPOSE,
        )
        .close()
        .close()
        .open("Object", &[])
        .open(
            "QualifyingProperties",
            &[("xmlns", XADES), ("Target", &target)],
        )
        .open("SignedProperties", &[("Id", PROPERTIES)])
        .raw(&properties);
    Ok(writer.finish())
}

/// What is inside the manifest.
fn manifest(lot: &Lot<'_>, hash: Hash) -> Result<String, XadesError> {
    let mut writer = Writer::new();
    let submission = Reference {
        kind: None,
        uri: &urn(lot.unique_id),
        transforms: &[],
        // One byte that is zero: a submission set has no bytes to digest.
        digest: "AA==",
    };
    submission.write(&mut writer, hash);
    for (index, (unique_id, bytes)) in lot.documents.iter().enumerate() {
        let text = crate::cda::text_of(bytes).map_err(|_| XadesError::Document { index })?;
        let digest = canonical::document_digest(&text, C14N_COMMENTS, hash)
            .map_err(|_| XadesError::Document { index })?;
        let document = Reference {
            kind: None,
            uri: &urn(unique_id),
            transforms: &[C14N_COMMENTS],
            digest: &STANDARD.encode(digest),
        };
        document.write(&mut writer, hash);
    }
    Ok(writer.finish())
}

/// What is inside the signed properties.
fn properties(key: &dyn Key, at: Instant, hash: Hash) -> Result<String, XadesError> {
    let mut writer = Writer::new();
    writer
        .open("SignedSignatureProperties", &[])
        .leaf("SigningTime", &[], &at.to_string())
        .open("SigningCertificate", &[]);
    for der in key.certificates() {
        let certificate = Certificate::from_der(der)?;
        writer
            .open("Cert", &[])
            .open("CertDigest", &[])
            .empty("DigestMethod", &[("Algorithm", hash.digest_uri())])
            .leaf("DigestValue", &[], &STANDARD.encode(hash.digest(der)))
            .close()
            .open("IssuerSerial", &[])
            .leaf(
                "X509IssuerName",
                &[("xmlns", DSIG)],
                &certificate.issuer().to_string(),
            )
            .leaf(
                "X509SerialNumber",
                &[("xmlns", DSIG)],
                &certificate.serial_decimal(),
            )
            .close()
            .close();
    }
    writer
        .close()
        .open("SignaturePolicyIdentifier", &[])
        .empty("SignaturePolicyImplied", &[])
        .close()
        .close()
        .empty("SignedDataObjectProperties", &[]);
    Ok(writer.finish())
}
