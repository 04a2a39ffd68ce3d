//! Versions: what the document says it replaces, and what the practice knows it replaces.

use super::{Notes, Previous};
use crate::cda::element::Tree;
use crate::cda::finding::{self, context, service as rules};
use crate::cda::{Header, RelatedDocument};
use crate::document::Oid;

const RELATED: &str = "/ClinicalDocument/relatedDocument";
const PARENT_ID: &str = "/ClinicalDocument/relatedDocument/parentDocument/id";
const SET_ID: &str = "/ClinicalDocument/setId";
const VERSION: &str = "/ClinicalDocument/versionNumber";

/// The document against itself, then against the version it is to replace.
pub(super) fn all(
    tree: &Tree<'_>,
    header: &Header,
    previous: Option<&Previous>,
    notes: &mut Notes,
) {
    for related in tree.children("relatedDocument") {
        if !matches!(related.attribute("typeCode"), Some("RPLC" | "XFRM")) {
            notes.inside(&rules::RELATED_TYPE, related, "@typeCode");
        }
        let parent = related.child("parentDocument");
        let ids: Vec<_> = parent.iter().flat_map(|p| p.children("id")).collect();
        let fits = ids.iter().all(|id| {
            let root = id.attribute("root");
            root.is_some_and(|root| Oid::new(root).is_ok()) && id.attribute("extension").is_none()
        });
        let said = notes.has(&finding::REPLACED_ID);
        if !said && (ids.len() != 1 || !fits) {
            notes.add(&rules::RELATED_ID, PARENT_ID);
        }
    }
    let replaced = header
        .related_documents
        .iter()
        .find(|r| r.type_code == "RPLC");
    itself(header, replaced, notes);
    if let Some(previous) = previous {
        known(header, replaced, previous, notes);
    }
}

fn itself(header: &Header, replaced: Option<&RelatedDocument>, notes: &mut Notes) {
    let Some(replaced) = replaced else {
        if header.version_number.is_some_and(|n| n > 1) {
            notes.add(&rules::VERSION_WITHOUT_REPLACED, RELATED);
        }
        return;
    };
    if let (Some(old), Some(new)) = (&replaced.set_id, &header.set_id)
        && old != new
    {
        let path = "/ClinicalDocument/relatedDocument/parentDocument/setId";
        notes.add(&rules::REPLACED_SET, path);
    }
    match (header.version_number, replaced.version_number) {
        (Some(1), _) => notes.add(&rules::REPLACED_FIRST, VERSION),
        (Some(new), Some(old)) if new <= old => notes.add(&rules::REPLACED_VERSION, VERSION),
        _ => {}
    }
}

fn known(
    header: &Header,
    replaced: Option<&RelatedDocument>,
    previous: &Previous,
    notes: &mut Notes,
) {
    let is_previous = |id: &crate::cda::Id| id.root == previous.unique_id.as_str();
    if header.id.as_ref().is_some_and(is_previous) {
        notes.add(&context::REPLACES_ITSELF, "/ClinicalDocument/id");
    }
    match replaced.and_then(|r| r.id.as_ref()) {
        _ if notes.has(&finding::REPLACED_ID) => {}
        None => notes.add(&context::REPLACES_UNSAID, RELATED),
        Some(id) if is_previous(id) => {}
        Some(_) => notes.fix(
            &context::REPLACES_OTHER,
            format!("{PARENT_ID}/@root"),
            previous.unique_id.as_str().to_owned(),
        ),
    }
    if let (Some(old), Some(new)) = (&previous.set_id, &header.set_id)
        && old != new
    {
        notes.add(&context::REPLACES_SET, SET_ID);
    }
    if let (Some(old), Some(new)) = (previous.version, header.version_number)
        && old.checked_add(1) != Some(new)
        && !notes.has(&rules::REPLACED_FIRST)
    {
        let fix = old.saturating_add(1).to_string();
        notes.fix(&context::REPLACES_VERSION, format!("{VERSION}/@value"), fix);
    }
}
