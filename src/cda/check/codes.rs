//! Coded values (HL7 `CE`): complete, with the label of their set, and in the sets that metadata do not use.

use super::{Notes, every};
use crate::cda::Header;
use crate::cda::element::{Element, Tree};
use crate::cda::finding::{people, structure as rules};
use crate::cda::time::Precision;
use crate::terminology::{Concept, Day, Terminology, ValueSet};

/// Elements of type `CE`; the others are simple codes (`CS`), whose system the schema fixes.
const CODED: [&str; 7] = [
    "code",
    "functionCode",
    "confidentialityCode",
    "standardIndustryClassCode",
    "administrativeGenderCode",
    "dischargeDispositionCode",
    "translation",
];

/// One of the sets in use.
type SetOf = fn(&Terminology) -> &ValueSet;

/// The coded parts that a set of the CI-SIS holds.
const SETS: &[(&[&str], SetOf)] = &[
    (&["code"], Terminology::type_code_cisis),
    (&["author", "functionCode"], Terminology::function),
    (
        &["author", "assignedAuthor", "code"],
        Terminology::author_specialty,
    ),
    (
        &["legalAuthenticator", "assignedEntity", "code"],
        Terminology::author_specialty,
    ),
    (
        &["authenticator", "assignedEntity", "code"],
        Terminology::author_specialty,
    ),
    (&["participant", "functionCode"], Terminology::function),
    (
        &["participant", "associatedEntity", "code"],
        Terminology::author_specialty,
    ),
    (
        &[
            "documentationOf",
            "serviceEvent",
            "performer",
            "assignedEntity",
            "code",
        ],
        Terminology::author_specialty,
    ),
    (
        &[
            "documentationOf",
            "serviceEvent",
            "performer",
            "assignedEntity",
            "representedOrganization",
            "standardIndustryClassCode",
        ],
        Terminology::practice_setting,
    ),
    (
        &[
            "componentOf",
            "encompassingEncounter",
            "responsibleParty",
            "assignedEntity",
            "code",
        ],
        Terminology::author_specialty,
    ),
    (
        &[
            "componentOf",
            "encompassingEncounter",
            "location",
            "healthCareFacility",
            "code",
        ],
        Terminology::facility_cisis,
    ),
];

/// The coded parts that metadata use: what they lack is said when metadata are derived.
const DERIVED: &[&[&str]] = &[
    &["code"],
    &["author", "assignedAuthor", "code"],
    &[
        "documentationOf",
        "serviceEvent",
        "performer",
        "assignedEntity",
        "representedOrganization",
        "standardIndustryClassCode",
    ],
    &[
        "componentOf",
        "encompassingEncounter",
        "location",
        "healthCareFacility",
        "code",
    ],
];

/// The coded parts that must have a label (schematron of the structuration minimale).
const LABELLED: &[(&[&str], Option<SetOf>)] = &[
    (&["code"], Some(Terminology::type_code_cisis)),
    (
        &["participant", "associatedEntity", "code"],
        Some(Terminology::author_specialty),
    ),
    (&["documentationOf", "serviceEvent", "code"], None),
    (&["componentOf", "encompassingEncounter", "code"], None),
];

/// The parts whose membership in their set only the CI-SIS asks.
const MEMBERS: &[(&[&str], SetOf, &crate::cda::finding::Rule)] = &[
    (
        &["author", "functionCode"],
        Terminology::function,
        &people::FUNCTION_SET,
    ),
    (
        &["participant", "functionCode"],
        Terminology::function,
        &people::FUNCTION_SET,
    ),
    (
        &["legalAuthenticator", "assignedEntity", "code"],
        Terminology::author_specialty,
        &people::SPECIALTY_SET,
    ),
    (
        &["informant", "relatedEntity", "code"],
        Terminology::patient_relation,
        &people::RELATION_SET,
    ),
    (
        &["authenticator", "assignedEntity", "code"],
        Terminology::author_specialty,
        &people::SPECIALTY_SET,
    ),
    (
        &["participant", "associatedEntity", "code"],
        Terminology::author_specialty,
        &people::SPECIALTY_SET,
    ),
    (
        &[
            "componentOf",
            "encompassingEncounter",
            "responsibleParty",
            "assignedEntity",
            "code",
        ],
        Terminology::author_specialty,
        &people::SPECIALTY_SET,
    ),
];

/// Completeness, systems, labels, membership.
pub(super) fn all(tree: &Tree<'_>, header: &Header, terminology: &Terminology, notes: &mut Notes) {
    let mut derived: Vec<usize> = DERIVED
        .iter()
        .flat_map(|path| every(tree, path))
        .map(Element::position)
        .collect();
    derived.sort_unstable();
    let coded = tree.descendants().filter(|e| CODED.contains(&e.name()));
    for element in coded.filter(|e| derived.binary_search(&e.position()).is_err()) {
        complete(element, notes);
    }
    for (path, set) in LABELLED {
        for element in every(tree, path) {
            let label = element.attribute("displayName");
            if element.attribute("code").is_none() || label.is_some() {
                continue;
            }
            let path = format!("{}/@displayName", element.path());
            match set.and_then(|set| concept(element, set(terminology))) {
                Some(concept) => {
                    let label = concept.label.to_string();
                    notes.fix(&rules::CODE_LABEL_MISSING, path, label);
                }
                None => notes.add(&rules::CODE_LABEL_MISSING, path),
            }
        }
    }
    let day = day(header);
    for (path, set) in SETS {
        for element in every(tree, path) {
            let Some(concept) = concept(element, set(terminology)) else {
                continue;
            };
            let label = element.attribute("displayName");
            if label.is_some_and(|label| !same_label(label, &concept.label)) {
                let path = format!("{}/@displayName", element.path());
                notes.fix(&rules::CODE_LABEL, path, concept.label.to_string());
            }
            if day.is_some_and(|day| !concept.is_in_force(day)) {
                notes.at(&rules::CODE_DATE, element);
            }
        }
    }
    for (path, set, rule) in MEMBERS {
        for element in every(tree, path) {
            // A code without its system is already said to be incomplete.
            let complete = element.attribute("code").is_some()
                && element.attribute("codeSystem").is_some_and(is_system);
            if complete && concept(element, set(terminology)).is_none() {
                notes.at(rule, element);
            }
        }
    }
}

/// The day of the document, when it tells one.
pub(super) fn day(header: &Header) -> Option<Day> {
    let made = header.effective_time?;
    let told = made.precision() >= Precision::Day;
    told.then(|| Day::parse(made.digits().get(..8)?)).flatten()
}

fn complete(element: Element<'_>, notes: &mut Notes) {
    let code = element.attribute("code");
    let system = element.attribute("codeSystem");
    match (code, system) {
        (Some(_), Some(system)) => {
            if !is_system(system) {
                notes.inside(&rules::CODE_SYSTEM, element, "@codeSystem");
            }
        }
        // What metadata require is said missing when they are derived; a text may stand for a code.
        (None, _) if element.is("confidentialityCode") => {}
        (None, _) if element.null_flavor().is_some() || element.child("originalText").is_some() => {
        }
        (None, _) if element.is("administrativeGenderCode") => {}
        _ => notes.at(&rules::CODE_INCOMPLETE, element),
    }
}

fn is_system(system: &str) -> bool {
    super::identifiers::is_root(system)
}

fn concept<'t>(element: Element<'_>, set: &'t ValueSet) -> Option<&'t Concept> {
    set.find(element.attribute("codeSystem")?, element.attribute("code")?)
}

/// Labels are compared without regard to spaces at their ends or inside.
fn same_label(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}
