//! Checks an enveloped signature in a message that comes from elsewhere.

use bergshamra_c14n::C14nMode;
use bergshamra_xml::{Document, NodeId};

use super::super::xml::{Element, Event, Limits, Reader, Writer, XmlError};
use super::{
    DSIG, ENVELOPED, EXC_C14N, Hash, Policy, SignatureError, base64_of, canonical, verify_rsa,
};

/// Bytes of what is signed: the official VIHF have some 7,000.
const MOST: usize = 256 << 10;

/// What is signed, and where it may stand.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Namespace of the element.
    pub namespace: &'a str,
    /// Its local name. No other element of the message may have it, in any namespace.
    pub name: &'a str,
    /// The attribute that identifies it.
    pub id: &'a str,
    /// Namespaces and names of its ancestors, from the root of the message. The element may also be the root.
    pub ancestors: &'a [(&'a str, &'a str)],
}

/// What was signed, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The element in exclusive canonical form, without its signature: the very bytes that were digested.
    pub content: Vec<u8>,
    /// Certificates of the signature in DER, the signer's first.
    pub certificates: Vec<Vec<u8>>,
    /// The hash it was made with.
    pub hash: Hash,
}

/// Checks the one enveloped signature of a message.
pub fn verify_enveloped(
    message: &str,
    place: &Place<'_>,
    policy: &Policy<'_>,
) -> Result<Checked, SignatureError> {
    let found = find(message, place)?;
    // The element with the namespaces of its place, in a document of its own.
    let mut wrapper = Writer::new();
    let declared = found.namespaces.iter().map(|(prefix, namespace)| {
        let attribute = match prefix.as_str() {
            "" => "xmlns".to_owned(),
            prefix => format!("xmlns:{prefix}"),
        };
        (attribute, namespace.as_str())
    });
    let declared: Vec<(String, &str)> = declared.collect();
    let declared: Vec<(&str, &str)> = declared.iter().map(|(p, n)| (p.as_str(), *n)).collect();
    wrapper.open("wrapper", &declared).raw(found.text);
    let wrapper = wrapper.finish();
    let wrapper = canonical::normalised(&wrapper);

    let document = canonical::parse(&wrapper)?;
    let root = document.document_element();
    let signed_element = root.map(|root| canonical::elements(&document, root));
    let Some(&[element]) = signed_element.as_deref() else {
        return Err(SignatureError::Canonical);
    };
    if canonical::has_comments(&document, element) {
        return Err(SignatureError::Comment);
    }
    let signature = signature_of(&document, element)?;
    let parts = Parts::read(&document, signature)?;

    let prefixes = parts.prefixes(&document)?;
    let exclusive = C14nMode::Exclusive;
    let signed = canonical::subtree(&document, parts.info, None, exclusive, &prefixes)?;
    let info = SignedInfo::read(&signed)?;
    policy.admits(info.hash)?;
    policy.admits(info.digest_hash)?;
    if info.uri.strip_prefix('#') != Some(found.id.as_str()) {
        return Err(SignatureError::Target);
    }
    let without = Some(signature);
    let content = canonical::subtree(&document, element, without, exclusive, &info.prefixes)?;
    if info.digest_hash.digest(&content) != info.digest {
        return Err(SignatureError::Digest);
    }
    let signer = parts
        .certificates
        .first()
        .ok_or(SignatureError::Certificate("absent"))?;
    verify_rsa(signer, info.hash, &signed, &parts.value)?;
    if !(policy.trust)(&parts.certificates) {
        return Err(SignatureError::Untrusted);
    }
    Ok(Checked {
        content,
        certificates: parts.certificates,
        hash: info.hash,
    })
}

/// Where the element stands in its message.
struct Found<'a> {
    text: &'a str,
    id: String,
    /// What its ancestors declare.
    namespaces: Vec<(String, String)>,
}

/// Finds the one element, and makes sure that its identifier is its own in the whole message.
fn find<'a>(message: &'a str, place: &Place<'_>) -> Result<Found<'a>, SignatureError> {
    let message = message.strip_prefix('\u{FEFF}').unwrap_or(message);
    let mut reader = Reader::new(message.as_bytes(), Limits::default());
    let mut path: Vec<Element> = Vec::new();
    // Namespaces of the deepest element that may be the parent.
    let mut inherited = Vec::new();
    let mut identifiers: Vec<String> = Vec::new();
    let mut found: Option<Found<'a>> = None;
    let mut open_at = None;
    loop {
        match reader.next()? {
            Event::Start(element) => {
                let ids = element.attributes.iter().filter(|(_, name, _)| {
                    name.eq_ignore_ascii_case("id") || name.eq_ignore_ascii_case("AssertionID")
                });
                identifiers.extend(ids.map(|(_, _, value)| value.clone()));
                if element.name == place.name {
                    if open_at.is_some() || found.is_some() {
                        return Err(SignatureError::Several);
                    }
                    let expected = path.is_empty()
                        || (path.len() == place.ancestors.len()
                            && path
                                .iter()
                                .zip(place.ancestors)
                                .all(|(e, (ns, n))| e.is(ns, n)));
                    if !expected || element.namespace != place.namespace {
                        return Err(SignatureError::Misplaced);
                    }
                    let id = element.attribute(place.id).unwrap_or_default().to_owned();
                    let start = usize::try_from(reader.span().start).unwrap_or(usize::MAX);
                    open_at = Some((path.len(), start, id));
                } else if open_at.is_none() && path.len() + 1 == place.ancestors.len() {
                    inherited = reader.namespaces();
                }
                path.push(element);
            }
            Event::Text(_) => {}
            Event::End => {
                path.pop();
                if let Some((level, start, id)) =
                    open_at.take_if(|(level, ..)| *level == path.len())
                {
                    let end = usize::try_from(reader.span().end).unwrap_or(usize::MAX);
                    let namespaces = if level == 0 {
                        Vec::new()
                    } else {
                        std::mem::take(&mut inherited)
                    };
                    let text = message.get(start..end).ok_or(XmlError::Malformed)?;
                    found = Some(Found {
                        text,
                        id,
                        namespaces,
                    });
                }
            }
            Event::Eof => break,
        }
    }
    let found = found.ok_or(SignatureError::Absent)?;
    if found.text.len() > MOST {
        return Err(SignatureError::TooLarge);
    }
    let same = identifiers.iter().filter(|other| **other == found.id);
    if found.id.is_empty() || same.count() != 1 {
        return Err(SignatureError::DuplicateId);
    }
    Ok(found)
}

/// The one signature, directly in the element.
fn signature_of(document: &Document<'_>, element: NodeId) -> Result<NodeId, SignatureError> {
    let all = document.descendants(element).into_iter();
    let all: Vec<NodeId> = all
        .filter(|node| canonical::is(document, *node, DSIG, "Signature"))
        .collect();
    match all.as_slice() {
        [] => Err(SignatureError::NoSignature),
        [one] if document.parent(*one) == Some(element) => Ok(*one),
        _ => Err(SignatureError::SignaturePlace),
    }
}

/// The three parts of a signature.
struct Parts {
    info: NodeId,
    value: Vec<u8>,
    certificates: Vec<Vec<u8>>,
}

impl Parts {
    fn read(document: &Document<'_>, signature: NodeId) -> Result<Parts, SignatureError> {
        let children = canonical::elements(document, signature);
        let &[info, value, key] = children.as_slice() else {
            return Err(SignatureError::Structure(
                "must hold SignedInfo, SignatureValue and KeyInfo alone",
            ));
        };
        let named = [
            (info, "SignedInfo"),
            (value, "SignatureValue"),
            (key, "KeyInfo"),
        ];
        if named
            .iter()
            .any(|(node, name)| !canonical::is(document, *node, DSIG, name))
        {
            return Err(SignatureError::Structure(
                "must hold SignedInfo, SignatureValue and KeyInfo in this order",
            ));
        }
        Ok(Parts {
            info,
            value: base64_of(&document.text_content_deep(value))?,
            certificates: certificates(document, key)?,
        })
    }

    /// The prefixes with which `SignedInfo` itself is canonicalised.
    fn prefixes(&self, document: &Document<'_>) -> Result<Vec<String>, SignatureError> {
        let method = canonical::elements(document, self.info).into_iter().next();
        let method = method
            .filter(|node| canonical::is(document, *node, DSIG, "CanonicalizationMethod"))
            .ok_or(SignatureError::Structure(
                "CanonicalizationMethod is required",
            ))?;
        let mut prefixes = Vec::new();
        for parameter in canonical::elements(document, method) {
            if !canonical::is(document, parameter, EXC_C14N, "InclusiveNamespaces") {
                return Err(SignatureError::Algorithm("canonicalisation"));
            }
            let list = document.get_attribute(parameter, "PrefixList");
            prefixes.extend(
                list.unwrap_or_default()
                    .split_ascii_whitespace()
                    .map(str::to_owned),
            );
        }
        Ok(prefixes)
    }
}

/// `KeyInfo`: the certificates of its `X509Data`.
pub(crate) fn certificates(
    document: &Document<'_>,
    key_info: NodeId,
) -> Result<Vec<Vec<u8>>, SignatureError> {
    let data = canonical::elements(document, key_info).into_iter();
    let data = data.filter(|node| canonical::is(document, *node, DSIG, "X509Data"));
    let mut certificates = Vec::new();
    for data in data {
        for node in canonical::elements(document, data) {
            if canonical::is(document, node, DSIG, "X509Certificate") {
                certificates.push(base64_of(&document.text_content_deep(node))?);
            }
        }
    }
    if certificates.is_empty() || certificates.len() > 8 {
        return Err(SignatureError::Certificate("KeyInfo must hold 1 to 8"));
    }
    Ok(certificates)
}

/// What the canonical bytes of a `SignedInfo` say.
struct SignedInfo {
    hash: Hash,
    uri: String,
    /// `InclusiveNamespaces` of the canonicalisation.
    prefixes: Vec<String>,
    digest_hash: Hash,
    digest: Vec<u8>,
}

impl SignedInfo {
    fn read(canonical: &[u8]) -> Result<SignedInfo, SignatureError> {
        let mut reader = Reader::new(canonical, Limits::default());
        reader.root()?;
        let method = expected(&mut reader, "CanonicalizationMethod")?;
        if algorithm(&method)? != EXC_C14N {
            return Err(SignatureError::Algorithm("canonicalisation"));
        }
        reader.skip()?;
        let method = expected(&mut reader, "SignatureMethod")?;
        let hash = Hash::of_signature_uri(algorithm(&method)?)
            .ok_or(SignatureError::Algorithm("signature"))?;
        reader.skip()?;

        let reference = reader.child()?.ok_or(SignatureError::References)?;
        if !reference.is(DSIG, "Reference") {
            return Err(SignatureError::References);
        }
        let uri = reference.attribute("URI").ok_or(SignatureError::Target)?;
        let uri = uri.to_owned();
        let transforms = reader.child()?.ok_or(SignatureError::Transforms)?;
        if !transforms.is(DSIG, "Transforms") {
            return Err(SignatureError::Transforms);
        }
        let mut applied = Vec::new();
        let mut prefixes = Vec::new();
        while let Some(transform) = reader.child()? {
            if !transform.is(DSIG, "Transform") {
                return Err(SignatureError::Transforms);
            }
            applied.push(algorithm(&transform)?.to_owned());
            while let Some(parameter) = reader.child()? {
                let last_is_exclusive = applied.last().is_some_and(|a| a == EXC_C14N);
                if !last_is_exclusive || !parameter.is(EXC_C14N, "InclusiveNamespaces") {
                    return Err(SignatureError::Transforms);
                }
                let list = parameter.attribute("PrefixList").unwrap_or_default();
                prefixes.extend(list.split_ascii_whitespace().map(str::to_owned));
                reader.skip()?;
            }
        }
        if applied != [ENVELOPED, EXC_C14N] {
            return Err(SignatureError::Transforms);
        }
        let method = expected(&mut reader, "DigestMethod")?;
        let digest_hash =
            Hash::of_digest_uri(algorithm(&method)?).ok_or(SignatureError::Algorithm("digest"))?;
        reader.skip()?;
        expected(&mut reader, "DigestValue")?;
        let digest = base64_of(&reader.text()?)?;
        if reader.child()?.is_some() {
            return Err(SignatureError::Structure("a reference holds too much"));
        }
        if reader.child()?.is_some() {
            return Err(SignatureError::References);
        }
        Ok(SignedInfo {
            hash,
            uri,
            prefixes,
            digest_hash,
            digest,
        })
    }
}

/// The next child, which must be this element of signatures.
fn expected(reader: &mut Reader<&[u8]>, name: &str) -> Result<Element, SignatureError> {
    let child = reader.child()?;
    child
        .filter(|element| element.is(DSIG, name))
        .ok_or(SignatureError::Structure(
            "SignedInfo lacks a part, or has it at another place",
        ))
}

fn algorithm(element: &Element) -> Result<&str, SignatureError> {
    element
        .attribute("Algorithm")
        .ok_or(SignatureError::Structure("an algorithm is not named"))
}
