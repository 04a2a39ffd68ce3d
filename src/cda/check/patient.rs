//! The patient: names and their qualifiers, the traits that go with an INS, what may not be written.

use super::Notes;
use crate::cda::element::{Element, Tree};
use crate::cda::finding::people as rules;
use crate::cda::{Header, Id};
use crate::identity::Authority;

/// HL7 AdministrativeGender.
const GENDER: &str = "2.16.840.1.113883.5.1";
/// INS-A and INS-C, which the INS replaced.
const OBSOLETE: [&str; 2] = ["1.2.250.1.213.1.4.1", "1.2.250.1.213.1.4.2"];

/// The first `recordTarget`; a second one is refused as such.
pub(super) fn patient(tree: &Tree<'_>, header: &Header, notes: &mut Notes) {
    let role = tree
        .child("recordTarget")
        .and_then(|e| e.child("patientRole"));
    let Some(role) = role else {
        // Without a patient there is no INS, and that is already said.
        return;
    };
    for id in role.children("id") {
        if id
            .attribute("root")
            .is_some_and(|root| OBSOLETE.contains(&root))
        {
            notes.at(&rules::PATIENT_INS_OBSOLETE, id);
        }
    }
    let Some(person) = role.child("patient") else {
        notes.inside(&rules::PATIENT_NAME, role, "patient/name");
        return;
    };
    names(person, notes);
    for name in ["religiousAffiliationCode", "raceCode", "ethnicGroupCode"] {
        for element in person.children(name) {
            notes.at(&rules::PATIENT_FORBIDDEN, element);
        }
    }
    if let Some(gender) = person.child("administrativeGenderCode")
        && gender.attribute("codeSystem").is_some_and(|s| s != GENDER)
    {
        let path = format!("{}/@codeSystem", gender.path());
        notes.fix(&rules::PATIENT_GENDER_SYSTEM, path, GENDER);
    }
    let said = header.patient.as_ref();
    let has_ins = said.is_some_and(|p| p.ids.iter().any(is_ins));
    if person.child("birthTime").is_none() && !has_ins {
        notes.inside(&rules::PATIENT_BIRTH_TIME, person, "birthTime");
    }
    let place = person.at(&["birthplace", "place", "addr", "county"]);
    match place.and_then(Element::text) {
        Some(code) if !is_place(&code) => {
            notes.inside(&rules::PATIENT_BIRTH_PLACE_FORM, person, PLACE);
        }
        None if has_ins => notes.inside(&rules::PATIENT_BIRTH_PLACE, person, PLACE),
        _ => {}
    }
    if let Some(said) = said.filter(|_| has_ins) {
        match (&said.given_names, &said.first_given) {
            (Some(_), None) => notes.inside(&rules::PATIENT_FIRST_GIVEN, person, "name/given"),
            (None, Some(_)) => notes.inside(&rules::PATIENT_GIVEN_LIST, person, "name/given"),
            // Neither is a missing trait, said when metadata are derived.
            _ => {}
        }
    }
    for guardian in person.children("guardian") {
        for whose in ["guardianPerson", "guardianOrganization"] {
            let names = guardian.children(whose).flat_map(|e| e.children("name"));
            if names.count() > 1 {
                notes.inside(&rules::GUARDIAN_NAME, guardian, whose);
            }
        }
    }
}

/// Where the place of birth stands.
const PLACE: &str = "birthplace/place/addr/county";

fn names(person: Element<'_>, notes: &mut Notes) {
    if person.children("name").count() != 1 {
        notes.inside(&rules::PATIENT_NAME, person, "name");
    }
    for name in person.children("name") {
        for family in name.children("family") {
            match family.attribute("qualifier") {
                Some("BR" | "CL") => {}
                // The name of a spouse is a name in use, and that is how it is now written.
                Some("SP") => notes.fix(
                    &rules::PATIENT_FAMILY_QUALIFIER,
                    format!("{}/@qualifier", family.path()),
                    "CL",
                ),
                _ => notes.inside(&rules::PATIENT_FAMILY_QUALIFIER, family, "@qualifier"),
            }
        }
        for given in name.children("given") {
            if !matches!(given.attribute("qualifier"), None | Some("BR" | "CL")) {
                notes.inside(&rules::PATIENT_GIVEN_QUALIFIER, given, "@qualifier");
            }
        }
    }
}

fn is_ins(id: &Id) -> bool {
    Authority::from_oid(&id.root).is_some()
}

/// Whether a text has the form of a code officiel géographique.
fn is_place(code: &str) -> bool {
    code.len() == 5
        && code
            .bytes()
            .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}
