//! The first elements of a header: country, standard, templates, versions.

use super::Notes;
use crate::cda::element::Tree;
use crate::cda::finding::structure as rules;
use crate::cda::{Body, Header};

/// Conformity to HL7 France.
const HL7_FRANCE: &str = "2.16.840.1.113883.2.8.2.1";
/// Conformity to the CI-SIS.
const CISIS: &str = "1.2.250.1.213.1.1.1.1";
/// IHE XDS-SD: a file in a document without structure.
pub(super) const UNSTRUCTURED: &str = "1.3.6.1.4.1.19376.1.2.20";
/// Root of `typeId`.
const TYPE_ROOT: &str = "2.16.840.1.113883.1.3";
/// Extension of `typeId`.
const TYPE_EXTENSION: &str = "POCD_HD000040";

/// Country, `typeId`, templates, `copyTime`, versions.
pub(super) fn header(tree: &Tree<'_>, header: &Header, notes: &mut Notes) {
    if header.realm_code.as_deref() != Some("FR") {
        notes.fix(&rules::REALM_CODE, "/ClinicalDocument/realmCode", "FR");
    }
    type_id(tree, notes);
    templates(header, notes);
    if let Some(copy) = tree.child("copyTime") {
        notes.at(&rules::COPY_TIME, copy);
    }
    if header.version_number == Some(0) {
        notes.add(&rules::VERSION_ZERO, "/ClinicalDocument/versionNumber");
    }
    let next = header.version_number.is_some_and(|n| n > 1);
    if next && header.set_id.is_some() && header.set_id == header.id {
        notes.add(&rules::SET_ID_SAME, "/ClinicalDocument/setId");
    }
    let level = header
        .confidentiality_code
        .as_ref()
        .map(|c| c.code.as_str());
    if matches!(level, Some("R" | "V")) {
        let path = "/ClinicalDocument/confidentialityCode";
        notes.add(&rules::CONFIDENTIALITY_LEVEL, path);
    }
    for authorization in tree.children("authorization") {
        let consent = authorization.child("consent");
        let code = consent.and_then(|c| c.child("code"));
        let status = consent.and_then(|c| c.child("statusCode"));
        let coded =
            code.is_some_and(|c| c.attribute("code").is_some() || c.null_flavor().is_some());
        if !coded || status.and_then(|s| s.attribute("code")) != Some("completed") {
            notes.at(&rules::AUTHORIZATION, authorization);
        }
    }
}

fn type_id(tree: &Tree<'_>, notes: &mut Notes) {
    let path = "/ClinicalDocument/typeId";
    let Some(type_id) = tree.child("typeId") else {
        notes.add(&rules::TYPE_ID, path);
        return;
    };
    if type_id.attribute("root") != Some(TYPE_ROOT) {
        notes.fix(&rules::TYPE_ID, "/ClinicalDocument/typeId/@root", TYPE_ROOT);
    }
    if type_id.attribute("extension") != Some(TYPE_EXTENSION) {
        let path = "/ClinicalDocument/typeId/@extension";
        notes.fix(&rules::TYPE_ID, path, TYPE_EXTENSION);
    }
}

fn templates(header: &Header, notes: &mut Notes) {
    let path = "/ClinicalDocument/templateId";
    let has = |root: &str| header.template_ids.iter().any(|t| t.root == root);
    if !has(HL7_FRANCE) {
        notes.fix(&rules::TEMPLATE_HL7_FRANCE, path, HL7_FRANCE);
    }
    if !has(CISIS) {
        notes.fix(&rules::TEMPLATE_CISIS, path, CISIS);
    }
    let others = header.template_ids.iter().map(|t| t.root.as_str());
    let others = others.filter(|root| !matches!(*root, HL7_FRANCE | CISIS | UNSTRUCTURED));
    let others = others.count();
    match &header.body {
        Some(Body::Unstructured { .. }) if !has(UNSTRUCTURED) => {
            notes.fix(&rules::TEMPLATE_UNSTRUCTURED, path, UNSTRUCTURED);
        }
        Some(Body::Unstructured { .. }) if others > 0 => notes.add(&rules::TEMPLATE_ALONE, path),
        Some(Body::Structured) if has(UNSTRUCTURED) => {
            notes.add(&rules::TEMPLATE_NOT_UNSTRUCTURED, path);
        }
        Some(Body::Structured) if others == 0 => notes.add(&rules::TEMPLATE_DOCUMENT, path),
        _ => {}
    }
}
