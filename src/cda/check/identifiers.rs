//! Identifiers (HL7 `II`), wherever they stand in a header.

use super::Notes;
use crate::cda::Header;
use crate::cda::element::{Element, Tree};
use crate::cda::finding::structure as rules;
use crate::document::Oid;

/// Every identifier has a root, and the root is an OID or a UUID.
///
/// The identifier of the document itself is checked with its metadata, more strictly.
pub(super) fn all(tree: &Tree<'_>, header: &Header, notes: &mut Notes) {
    let own = tree.child("id").map(Element::position);
    for id in tree.descendants() {
        if !matches!(id.name(), "id" | "setId" | "templateId") {
            continue;
        }
        let first = Some(id.position()) == own;
        match id.attribute("root") {
            Some(_) if first => {}
            Some(root) if is_root(root) => {}
            Some(_) => notes.inside(&rules::IDENTIFIER_ROOT, id, "@root"),
            None if id.null_flavor().is_some() || first => {}
            // Said of the whole lot when metadata are derived.
            None if id.is("setId") && header.set_id.is_none() => {}
            None => notes.at(&rules::IDENTIFIER_EMPTY, id),
        }
    }
}

/// Whether a root names something: an OID of any length, or a UUID.
pub(super) fn is_root(root: &str) -> bool {
    // An OID that is too long for the DMP is an OID still: only a document's own must be short.
    let arcs = root.split('.').all(|arc| {
        !arc.is_empty()
            && arc.bytes().all(|b| b.is_ascii_digit())
            && (arc == "0" || !arc.starts_with('0'))
    });
    let oid = arcs && root.contains('.') && root.starts_with(['0', '1', '2']);
    oid || Oid::new(root).is_ok() || uuid::Uuid::try_parse(root).is_ok()
}
