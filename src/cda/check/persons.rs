//! Names, addresses and coordinates, wherever they stand in a header.

use super::Notes;
use super::nulls::USUAL;
use crate::cda::element::{Element, Tree};
use crate::cda::finding::people as rules;

/// Civilités (TRE_R81) and titles (TRE_R11).
const PREFIXES: [&str; 9] = ["M", "MME", "MLLE", "DR", "MC", "MG", "PC", "PG", "PR"];
/// Titles (TRE_R11).
const SUFFIXES: [&str; 6] = ["DR", "MC", "MG", "PC", "PG", "PR"];
/// What comes before the colon of a telecommunication address.
const SCHEMES: [&str; 6] = ["tel", "fax", "mailto", "http", "ftp", "mllp"];
/// What a telecommunication address is used for.
const USES: [&str; 9] = ["H", "HP", "HV", "WP", "DIR", "PUB", "EC", "MC", "PG"];
/// Parts of an address that exclude lines.
const PARTS: [&str; 10] = [
    "postalCode",
    "city",
    "country",
    "state",
    "houseNumber",
    "streetName",
    "additionalLocator",
    "unitID",
    "postBox",
    "precinct",
];

/// Every person, address and coordinate.
pub(super) fn all(tree: &Tree<'_>, notes: &mut Notes) {
    for element in tree.descendants() {
        match element.name() {
            "assignedPerson" | "associatedPerson" | "relatedPerson" => person(element, notes),
            // The element of the header has the same name as the person inside it.
            "informationRecipient" if element.child("intendedRecipient").is_none() => {
                person(element, notes);
            }
            "addr" => address(element, notes),
            "telecom" => telecom(element, notes),
            _ => {}
        }
    }
}

fn person(person: Element<'_>, notes: &mut Notes) {
    if person.null_flavor().is_some() {
        return;
    }
    let parts = |part: &'static str| {
        let all = person.children("name").flat_map(move |n| n.children(part));
        all.collect::<Vec<_>>()
    };
    let names = person.children("name").count();
    if names != 1 || parts("family").len() != 1 {
        notes.inside(&rules::PERSON_NAME, person, "name");
    }
    if ["given", "prefix", "suffix"]
        .iter()
        .any(|part| parts(part).len() > 1)
    {
        notes.inside(&rules::PERSON_NAME_PARTS, person, "name");
    }
    for (part, known, rule) in [
        ("prefix", PREFIXES.as_slice(), &rules::PERSON_PREFIX),
        ("suffix", SUFFIXES.as_slice(), &rules::PERSON_SUFFIX),
    ] {
        for element in parts(part) {
            let text = element.text();
            let fits = text.is_some_and(|text| known.contains(&text.as_str()));
            if !fits && element.null_flavor().is_none() {
                notes.at(rule, element);
            }
        }
    }
}

fn address(address: Element<'_>, notes: &mut Notes) {
    let parts = address.all().count();
    let filled = parts > 0 && address.null_flavor().is_none();
    let null = parts == 0 && address.null_flavor().is_some() && address.attribute("use").is_none();
    if !filled && !null {
        notes.at(&rules::ADDRESS_EMPTY, address);
    }
    let lines = address.child("streetAddressLine").is_some();
    if lines && address.all().any(|e| PARTS.contains(&e.name())) {
        notes.at(&rules::ADDRESS_MIXED, address);
    }
}

fn telecom(telecom: Element<'_>, notes: &mut Notes) {
    let (scheme, rest) = telecom
        .attribute("value")
        .and_then(|v| v.split_once(':'))
        .unwrap_or_default();
    let written = SCHEMES.contains(&scheme) && !rest.is_empty();
    // A reason stands alone, and is one of the usual ones.
    let reason = telecom.null_flavor();
    let null = reason.is_some_and(|r| USUAL.contains(&r)) && telecom.attribute("use").is_none();
    if !written && !null {
        notes.at(&rules::TELECOM, telecom);
    }
    if telecom.attribute("use").is_some_and(|u| !USES.contains(&u)) {
        notes.inside(&rules::TELECOM_USE, telecom, "@use");
    }
}
