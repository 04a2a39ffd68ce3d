//! Elements that say why they say nothing (`nullFlavor`).

use super::{Notes, every};
use crate::cda::element::Tree;
use crate::cda::finding::structure as rules;

/// The reasons of the header of a French document (CI-SIS, 3.5.3.1).
pub(super) const USUAL: [&str; 5] = ["UNK", "NASK", "ASKU", "NAV", "MSK"];
/// The other reasons of HL7 v3.
const UNUSUAL: [&str; 10] = [
    "NI", "INV", "DER", "OTH", "NINF", "PINF", "UNC", "NA", "QS", "TRC",
];

/// Elements that may not be null, beside those that metadata require (CI-SIS, tableau 3).
const FORBIDDEN: &[&[&str]] = &[
    &["recordTarget"],
    &["recordTarget", "patientRole"],
    &["recordTarget", "patientRole", "id"],
    &["recordTarget", "patientRole", "patient"],
    &["recordTarget", "patientRole", "patient", "name"],
    &["author"],
    &["author", "assignedAuthor"],
    &["custodian"],
    &["custodian", "assignedCustodian"],
    &["legalAuthenticator"],
    &["legalAuthenticator", "assignedEntity"],
    &["documentationOf"],
    &["documentationOf", "serviceEvent"],
    &["documentationOf", "serviceEvent", "performer"],
    &["relatedDocument"],
    &["relatedDocument", "parentDocument"],
    &["componentOf"],
    &["componentOf", "encompassingEncounter"],
    &["componentOf", "encompassingEncounter", "location"],
    &[
        "componentOf",
        "encompassingEncounter",
        "location",
        "healthCareFacility",
    ],
];

/// Reasons that do not exist, that stand beside a value, or stand where a value must.
pub(super) fn all(tree: &Tree<'_>, notes: &mut Notes) {
    for path in FORBIDDEN {
        for element in every(tree, path) {
            if element.null_flavor().is_some() {
                notes.at(&rules::NULL_FORBIDDEN, element);
            }
        }
    }
    for element in tree.descendants() {
        let Some(reason) = element.null_flavor() else {
            continue;
        };
        if UNUSUAL.contains(&reason) {
            notes.inside(&rules::NULL_UNUSUAL, element, "@nullFlavor");
        } else if !USUAL.contains(&reason) {
            notes.inside(&rules::NULL_UNKNOWN, element, "@nullFlavor");
        }
        let valued = ["value", "code", "extension"];
        if valued.iter().any(|name| element.attribute(name).is_some()) {
            notes.at(&rules::NULL_VALUED, element);
        }
    }
}
