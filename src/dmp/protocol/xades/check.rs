//! Checks the signature of a lot against the documents received.

use bergshamra_c14n::C14nMode;
use bergshamra_xml::{Document, NodeId};

use super::super::certificate::Certificate;
use super::super::signature::{
    C14N, C14N_COMMENTS, DSIG, EXC_C14N, Hash, Policy, SignatureError, base64_of, canonical,
    certificates, verify_rsa,
};
use super::super::xml::{Element, Limits, Reader, XmlError};
use super::{Lot, MANIFEST, MANIFEST_TYPE, PROPERTIES, PROPERTIES_TYPE, XADES, XadesError, urn};
use crate::clock::Instant;

/// Bytes of a signature: the official one has 7,000; each further document adds some 400.
const MOST: usize = 1 << 20;

/// A lot's signature that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Certificates in DER, the signer's first.
    pub certificates: Vec<Vec<u8>>,
    /// When, as the signer says.
    pub at: Instant,
    /// The hash of the signature.
    pub hash: Hash,
}

/// Checks the signature of a lot: that it names the lot and each of its documents once and nothing else, that the
/// documents are those that were signed, and who signed.
///
/// Everything is read from the canonical bytes that were digested. What no one signs is not looked at: the purpose
/// of the signature, unsigned properties.
pub fn verify(xml: &[u8], lot: &Lot<'_>, policy: &Policy<'_>) -> Result<Signed, XadesError> {
    if xml.len() > MOST {
        return Err(XmlError::TooLarge.into());
    }
    let text = crate::cda::text_of(xml).map_err(|_| XmlError::Encoding)?;
    // Limits and well-formedness, by the reader of every message.
    let mut reader = Reader::new(text.as_bytes(), Limits::default());
    reader.root()?;
    reader.skip()?;
    let text = canonical::normalised(&text);
    let document = canonical::parse(&text)?;
    let root = document
        .document_element()
        .filter(|root| canonical::is(&document, *root, DSIG, "Signature"))
        .ok_or(SignatureError::NoSignature)?;

    let children = canonical::elements(&document, root);
    let &[info, value, key, ..] = children.as_slice() else {
        return Err(
            SignatureError::Structure("SignedInfo, SignatureValue or KeyInfo is missing").into(),
        );
    };
    let named = [
        (info, "SignedInfo"),
        (value, "SignatureValue"),
        (key, "KeyInfo"),
    ];
    let objects = children.get(3..).unwrap_or_default();
    if named
        .iter()
        .any(|(node, name)| !canonical::is(&document, *node, DSIG, name))
        || objects
            .iter()
            .any(|node| !canonical::is(&document, *node, DSIG, "Object"))
    {
        return Err(SignatureError::Structure("its parts are not in the order they have").into());
    }
    let manifest = part(&document, objects, (DSIG, "Manifest"), MANIFEST)?;
    let properties = part(&document, objects, (XADES, "SignedProperties"), PROPERTIES)?;

    let canonicalisation = canonical::elements(&document, info)
        .first()
        .and_then(|method| document.get_attribute(*method, "Algorithm"))
        .and_then(mode)
        .ok_or(SignatureError::Algorithm("canonicalisation"))?;
    let signed = canonical::subtree(&document, info, None, canonicalisation, &[])?;
    let info = SignedInfo::read(&signed)?;
    policy.admits(info.hash)?;
    let certificates = certificates(&document, key)?;
    let signer = certificates
        .first()
        .ok_or(SignatureError::Certificate("absent"))?;
    verify_rsa(
        signer,
        info.hash,
        &signed,
        &base64_of(&document.text_content_deep(value))?,
    )?;

    let digested = |node, kind: &str, id: &str| -> Result<Vec<u8>, XadesError> {
        let mut of_kind = info
            .references
            .iter()
            .filter(|r| r.kind.as_deref() == Some(kind));
        let reference = of_kind.next().ok_or(SignatureError::References)?;
        if reference.uri.strip_prefix('#') != Some(id) {
            return Err(SignatureError::Target.into());
        }
        policy.admits(reference.hash)?;
        let mode = match reference.transforms.as_slice() {
            [] => C14nMode::Inclusive,
            [one] => mode(one).ok_or(SignatureError::Algorithm("canonicalisation"))?,
            _ => return Err(SignatureError::Structure("too many transforms").into()),
        };
        let bytes = canonical::subtree(&document, node, None, mode, &[])?;
        if reference.hash.digest(&bytes) != reference.digest {
            return Err(SignatureError::Digest.into());
        }
        Ok(bytes)
    };
    if info.references.len() != 2 {
        return Err(SignatureError::References.into());
    }
    let manifest = digested(manifest, MANIFEST_TYPE, MANIFEST)?;
    let properties = digested(properties, PROPERTIES_TYPE, PROPERTIES)?;
    let at = check_properties(&properties, signer)?;
    check_manifest(&manifest, lot, policy)?;
    if !(policy.trust)(&certificates) {
        return Err(SignatureError::Untrusted.into());
    }
    let hash = info.hash;
    Ok(Signed {
        certificates,
        at,
        hash,
    })
}

fn mode(algorithm: &str) -> Option<C14nMode> {
    match algorithm {
        C14N => Some(C14nMode::Inclusive),
        C14N_COMMENTS => Some(C14nMode::InclusiveWithComments),
        EXC_C14N => Some(C14nMode::Exclusive),
        _ => None,
    }
}

/// The one element of the document with this identifier; it stands in an `Object` and is of this kind.
fn part(
    document: &Document<'_>,
    objects: &[NodeId],
    (namespace, name): (&str, &str),
    id: &str,
) -> Result<NodeId, SignatureError> {
    let everything = document.descendants(document.root()).into_iter();
    let has_id = |node: &NodeId| {
        let element = document.element(*node);
        element.is_some_and(|element| {
            let mut attributes = element.attributes.iter();
            attributes.any(|a| a.name.local_name.eq_ignore_ascii_case("id") && a.value == id)
        })
    };
    let found: Vec<NodeId> = everything.filter(has_id).collect();
    let &[node] = found.as_slice() else {
        return Err(SignatureError::DuplicateId);
    };
    let ancestors = document.ancestors(node);
    if !canonical::is(document, node, namespace, name)
        || !ancestors.iter().any(|ancestor| objects.contains(ancestor))
    {
        return Err(SignatureError::Target);
    }
    Ok(node)
}

/// A reference, as canonical bytes have it.
struct Reference {
    kind: Option<String>,
    uri: String,
    transforms: Vec<String>,
    hash: Hash,
    digest: Vec<u8>,
}

impl Reference {
    /// Reads one whose start was just read.
    fn read(start: &Element, reader: &mut Reader<&[u8]>) -> Result<Reference, XadesError> {
        let mut reference = Reference {
            kind: start.attribute("Type").map(str::to_owned),
            uri: start
                .attribute("URI")
                .ok_or(SignatureError::Target)?
                .to_owned(),
            transforms: Vec::new(),
            hash: Hash::Sha256,
            digest: Vec::new(),
        };
        let (mut hash, mut digest) = (None, None);
        while let Some(child) = reader.child()? {
            if child.namespace != DSIG {
                return Err(SignatureError::Structure("a reference holds too much").into());
            }
            match child.name.as_str() {
                "Transforms" => {
                    while let Some(transform) = reader.child()? {
                        reference.transforms.push(algorithm(&transform)?);
                        // No parameter is known.
                        if reader.child()?.is_some() {
                            return Err(SignatureError::Transforms.into());
                        }
                    }
                }
                "DigestMethod" => {
                    let known = Hash::of_digest_uri(&algorithm(&child)?);
                    hash = Some(known.ok_or(SignatureError::Algorithm("digest"))?);
                    reader.skip()?;
                }
                "DigestValue" => digest = Some(base64_of(&reader.text()?)?),
                _ => return Err(SignatureError::Structure("a reference holds too much").into()),
            }
        }
        reference.hash = hash.ok_or(SignatureError::Algorithm("digest"))?;
        reference.digest = digest.ok_or(SignatureError::Structure("a digest is missing"))?;
        Ok(reference)
    }
}

fn algorithm(element: &Element) -> Result<String, SignatureError> {
    let algorithm = element.attribute("Algorithm").map(str::to_owned);
    algorithm.ok_or(SignatureError::Structure("an algorithm is not named"))
}

struct SignedInfo {
    hash: Hash,
    references: Vec<Reference>,
}

impl SignedInfo {
    fn read(canonical: &[u8]) -> Result<SignedInfo, XadesError> {
        let mut reader = Reader::new(canonical, Limits::default());
        reader.root()?;
        let mut hash = None;
        let mut references = Vec::new();
        while let Some(child) = reader.child()? {
            match child.name.as_str() {
                "CanonicalizationMethod" => {
                    if reader.child()?.is_some() {
                        return Err(SignatureError::Algorithm("canonicalisation").into());
                    }
                }
                "SignatureMethod" => {
                    let known = Hash::of_signature_uri(&algorithm(&child)?);
                    hash = Some(known.ok_or(SignatureError::Algorithm("signature"))?);
                    reader.skip()?;
                }
                "Reference" => references.push(Reference::read(&child, &mut reader)?),
                _ => return Err(SignatureError::Structure("SignedInfo holds too much").into()),
            }
        }
        Ok(SignedInfo {
            hash: hash.ok_or(SignatureError::Algorithm("signature"))?,
            references,
        })
    }
}

/// The manifest names the lot and each document once; each document is the one that was signed.
fn check_manifest(canonical: &[u8], lot: &Lot<'_>, policy: &Policy<'_>) -> Result<(), XadesError> {
    let mut reader = Reader::new(canonical, Limits::default());
    reader.root()?;
    let mut seen_lot = false;
    let mut seen = vec![false; lot.documents.len()];
    while let Some(child) = reader.child()? {
        if !child.is(DSIG, "Reference") {
            return Err(XadesError::Manifest);
        }
        let reference = Reference::read(&child, &mut reader)?;
        if reference.uri == urn(lot.unique_id) {
            if std::mem::replace(&mut seen_lot, true) {
                return Err(XadesError::Manifest);
            }
            continue;
        }
        let mut documents = lot.documents.iter();
        let index = documents.position(|(unique_id, _)| urn(unique_id) == reference.uri);
        let index = index.ok_or(XadesError::Manifest)?;
        let Some((_, bytes)) = lot.documents.get(index) else {
            return Err(XadesError::Manifest);
        };
        match seen.get_mut(index) {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(XadesError::Manifest),
        }
        policy.admits(reference.hash)?;
        let digest = match reference.transforms.as_slice() {
            [] => reference.hash.digest(bytes),
            [algorithm] if algorithm == C14N || algorithm == C14N_COMMENTS => {
                let text =
                    crate::cda::text_of(bytes).map_err(|_| XadesError::Document { index })?;
                canonical::document_digest(&text, algorithm, reference.hash)
                    .map_err(|_| XadesError::Document { index })?
            }
            _ => return Err(SignatureError::Algorithm("canonicalisation").into()),
        };
        if digest != reference.digest {
            return Err(XadesError::Digest { index });
        }
    }
    if seen_lot && seen.iter().all(|seen| *seen) {
        Ok(())
    } else {
        Err(XadesError::Manifest)
    }
}

/// The signed properties name the certificate that signed, first. Gives the signing time.
fn check_properties(canonical: &[u8], signer: &[u8]) -> Result<Instant, XadesError> {
    let mut reader = Reader::new(canonical, Limits::default());
    reader.root()?;
    let (mut at, mut named) = (None, None);
    while let Some(group) = reader.child()? {
        if !group.is(XADES, "SignedSignatureProperties") {
            reader.skip()?;
            continue;
        }
        while let Some(property) = reader.child()? {
            match property.name.as_str() {
                "SigningTime" => at = Some(Instant::parse(reader.text()?.trim()).ok()),
                "SigningCertificate" if named.is_none() => {
                    named = Some(names_signer(&mut reader, signer)?);
                }
                _ => reader.skip()?,
            }
        }
    }
    match named {
        None => Err(XadesError::Property("SigningCertificate")),
        Some(false) => Err(XadesError::Signer),
        Some(true) => at.flatten().ok_or(XadesError::Property("SigningTime")),
    }
}

/// Whether the first `Cert` of `SigningCertificate` is this one. Reads to the end of it.
fn names_signer(reader: &mut Reader<&[u8]>, signer: &[u8]) -> Result<bool, XadesError> {
    let (mut hash, mut digest, mut issuer, mut serial) = (None, None, None, None);
    let mut first = true;
    while reader.child()?.is_some() {
        if !std::mem::replace(&mut first, false) {
            reader.skip()?;
            continue;
        }
        while reader.child()?.is_some() {
            while let Some(part) = reader.child()? {
                match part.name.as_str() {
                    "DigestMethod" => {
                        hash = Hash::of_digest_uri(&algorithm(&part)?);
                        reader.skip()?;
                    }
                    "DigestValue" => digest = Some(base64_of(&reader.text()?)?),
                    "X509IssuerName" => issuer = Some(reader.text()?),
                    "X509SerialNumber" => serial = Some(reader.text()?),
                    _ => reader.skip()?,
                }
            }
        }
    }
    let (Some(hash), Some(digest), Some(issuer), Some(serial)) = (hash, digest, issuer, serial)
    else {
        return Ok(false);
    };
    let certificate = Certificate::from_der(signer)?;
    Ok(hash.digest(signer) == digest
        && certificate.issuer().matches(issuer.trim())
        && certificate.serial_decimal() == serial.trim())
}
