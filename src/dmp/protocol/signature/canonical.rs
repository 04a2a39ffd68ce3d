//! Canonical forms of text that comes from elsewhere.

use std::borrow::Cow;

use bergshamra_c14n::{C14nMode, C14nSink, canonicalize_doc, canonicalize_doc_to};
use bergshamra_xml::uppsala::Parser;
use bergshamra_xml::{Document, NodeId, NodeKind, NodeSet};
use sha2::Digest as _;

use super::{Hash, SignatureError};

/// Levels of elements that are followed.
const DEPTH: u32 = 64;

/// What XML asks of any reader before it canonicalises, and the library does not do everywhere: a line end is one
/// line feed (XML 1.0 section 2.11; the library leaves them in comments), white space in attributes is spaces (section
/// 3.3.3; the library leaves tabs). Real documents have both.
pub(crate) fn normalised(text: &str) -> Cow<'_, str> {
    let text = if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    };
    if !text.contains(['\t', '\n']) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some(at) = rest.find('<') {
        let (before, markup) = rest.split_at(at);
        out.push_str(before);
        // What has no attributes is passed over; a tag ends at the first `>` outside of its quotes.
        let passed = [
            ("<!--", "-->"),
            ("<![CDATA[", "]]>"),
            ("<?", "?>"),
            ("<!", ">"),
        ]
        .into_iter()
        .find(|(start, _)| markup.starts_with(start))
        .map(|(start, end)| {
            let inside = markup.get(start.len()..).and_then(|rest| rest.find(end));
            inside.map_or(markup.len(), |at| start.len() + at + end.len())
        });
        let length = passed.unwrap_or_else(|| tag_length(markup));
        let (markup, after) = markup.split_at(length);
        if passed.is_some() {
            out.push_str(markup);
        } else {
            // Between attributes, any white space is as good as a space.
            let mut pieces = markup.split(['\t', '\n']);
            out.extend(pieces.next());
            for piece in pieces {
                out.push(' ');
                out.push_str(piece);
            }
        }
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Bytes of a tag, its `>` included.
fn tag_length(markup: &str) -> usize {
    let mut quote = None;
    for (at, byte) in markup.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    markup.len()
}

/// Parses without DTD.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, SignatureError> {
    Parser::new()
        .with_forbid_dtd(true)
        .with_max_depth(DEPTH)
        .parse(text)
        .map_err(|_| SignatureError::Canonical)
}

/// The canonical form of an element, `without` one of its descendants. `prefixes` are those of
/// `InclusiveNamespaces`.
pub(crate) fn subtree(
    document: &Document<'_>,
    element: NodeId,
    without: Option<NodeId>,
    mode: C14nMode,
    prefixes: &[String],
) -> Result<Vec<u8>, SignatureError> {
    let select = |node| {
        if mode.with_comments() {
            NodeSet::tree_with_comments(node, document)
        } else {
            NodeSet::tree_without_comments(node, document)
        }
    };
    let mut nodes = select(element);
    if let Some(without) = without {
        nodes = nodes.subtract(&NodeSet::tree_with_comments(without, document));
    }
    canonicalize_doc(document, mode, Some(&nodes), prefixes).map_err(|_| SignatureError::Canonical)
}

/// The elements directly in an element, in order.
pub(crate) fn elements(document: &Document<'_>, element: NodeId) -> Vec<NodeId> {
    let children = document.children_iter(element);
    children
        .filter(|node| document.element(*node).is_some())
        .collect()
}

/// Whether it is this element.
pub(crate) fn is(document: &Document<'_>, node: NodeId, namespace: &str, name: &str) -> bool {
    let element = document.element(node);
    element.is_some_and(|e| e.matches_name_ns(namespace, name))
}

/// Whether a comment or a processing instruction stands under a node.
pub(crate) fn has_comments(document: &Document<'_>, node: NodeId) -> bool {
    document.descendants(node).into_iter().any(|node| {
        matches!(
            document.node_kind(node),
            Some(NodeKind::Comment(_) | NodeKind::ProcessingInstruction(_))
        )
    })
}

/// Digests what it is given.
enum Digester {
    Sha256(sha2::Sha256),
    Sha1(sha1::Sha1),
}

impl C14nSink for Digester {
    fn write(&mut self, bytes: &[u8]) {
        match self {
            Digester::Sha256(hasher) => hasher.update(bytes),
            Digester::Sha1(hasher) => hasher.update(bytes),
        }
    }
}

/// The digest of a whole document in Canonical XML 1.0, with or without comments: what the manifest of a lot says of
/// a CDA.
///
/// The document is held parsed: twice its size around an embedded file (20 MB: 41 MB), up to 28 times for dense
/// markup (9 MB of short elements: 253 MB). Its canonical form is digested as it is made, never held.
pub(crate) fn document_digest(
    text: &str,
    algorithm: &str,
    hash: Hash,
) -> Result<Vec<u8>, SignatureError> {
    let text = normalised(text);
    let document = parse(&text)?;
    let mut digester = match hash {
        Hash::Sha256 => Digester::Sha256(sha2::Sha256::new()),
        Hash::Sha1 => Digester::Sha1(sha1::Sha1::new()),
    };
    let mode = if algorithm == super::C14N_COMMENTS {
        C14nMode::InclusiveWithComments
    } else {
        C14nMode::Inclusive
    };
    canonicalize_doc_to::<&str, _>(&document, mode, None, &[], &mut digester)
        .map_err(|_| SignatureError::Canonical)?;
    Ok(match digester {
        Digester::Sha256(hasher) => hasher.finalize().to_vec(),
        Digester::Sha1(hasher) => hasher.finalize().to_vec(),
    })
}
