//! The parts people and organisations take in a document: author, custodian, authenticators, participants…

use super::{Notes, every};
use crate::cda::element::{Element, Tree};
use crate::cda::finding::people as rules;
use crate::identity::professional::PS_ID_NAT_OID;
use crate::identity::structure::{STRUCT_ID_NAT_OID, StructIdNat};

/// SIRENE, under which the publisher of a digital service is identified.
const SIRENE: &str = "1.3.2";
/// The DMP as custodian of what patients write.
const DMP: &str = "1.2.250.1.213.4.1";
/// Kinds of informant.
const INFORMANTS: [&str; 5] = ["ECON", "NOK", "CON", "CAREGIVER", "PAT"];
/// Kinds of participant.
const PARTICIPANTS: [&str; 9] = [
    "PROV",
    "AGNT",
    "ECON",
    "GUARD",
    "QUAL",
    "POLHOLD",
    "CON",
    "CAREGIVER",
    "PAT",
];

/// Every participation.
pub(super) fn all(tree: &Tree<'_>, notes: &mut Notes) {
    for author in tree.children("author") {
        self::author(author, notes);
    }
    custodian(tree, notes);
    if let Some(authenticator) = tree.child("legalAuthenticator") {
        legal_authenticator(authenticator, notes);
    }
    for authenticator in tree.children("authenticator") {
        signature(authenticator, notes);
    }
    for element in tree.descendants() {
        match element.name() {
            "assignedEntity" => entity(element, notes),
            "representedOrganization" => organization(element, notes),
            "relatedEntity" => informant(element, notes),
            // None is needed; two would not say which.
            "associatedEntity" if element.children("id").count() > 1 => {
                notes.inside(&rules::ENTITY_ID, element, "id");
            }
            "scopingOrganization" if element.children("name").count() > 1 => {
                notes.inside(&rules::ORGANIZATION_NAME, element, "name");
            }
            _ => {}
        }
    }
    for id in every(tree, &["informationRecipient", "intendedRecipient", "id"]) {
        let national = id.attribute("root") == Some(PS_ID_NAT_OID);
        if !national || id.attribute("extension").is_none() {
            notes.at(&rules::RECIPIENT_ID, id);
        }
    }
    for participant in tree.children("participant") {
        for bound in participant.children("time").flat_map(Element::all) {
            if matches!(bound.name(), "low" | "high") && bound.attribute("value").is_none() {
                notes.at(&rules::PARTICIPANT_TIME, bound);
            }
        }
        for entity in participant.children("associatedEntity") {
            if !entity
                .attribute("classCode")
                .is_some_and(|c| PARTICIPANTS.contains(&c))
            {
                notes.inside(&rules::PARTICIPANT_CLASS, entity, "@classCode");
            }
        }
    }
}

fn author(author: Element<'_>, notes: &mut Notes) {
    if !has_time(author) {
        notes.inside(&rules::AUTHOR_TIME, author, "time");
    }
    let Some(assigned) = author.child("assignedAuthor") else {
        // Without it there is no identifier either, and that is already said.
        return;
    };
    match (
        assigned.child("assignedPerson"),
        assigned.child("assignedAuthoringDevice"),
    ) {
        (None, None) => notes.at(&rules::AUTHOR_WHO, assigned),
        (_, Some(device)) => {
            let parts = ["manufacturerModelName", "softwareName"];
            if parts
                .iter()
                .any(|part| device.child(part).and_then(Element::text).is_none())
            {
                notes.at(&rules::DEVICE_NAME, device);
            }
        }
        (Some(_), None) => {
            if assigned.child("addr").is_none() {
                notes.inside(&rules::AUTHOR_ADDRESS, assigned, "addr");
            }
            if assigned.child("telecom").is_none() {
                notes.inside(&rules::AUTHOR_TELECOM, assigned, "telecom");
            }
        }
    }
}

fn informant(entity: Element<'_>, notes: &mut Notes) {
    let class = entity.attribute("classCode");
    if !class.is_some_and(|class| INFORMANTS.contains(&class)) {
        notes.inside(&rules::RELATED_ENTITY_CLASS, entity, "@classCode");
    }
    if entity.child("relatedPerson").is_none() {
        notes.inside(&rules::PERSON_NAME, entity, "relatedPerson/name");
    }
}

fn custodian(tree: &Tree<'_>, notes: &mut Notes) {
    let organization = tree
        .child("custodian")
        .and_then(|e| e.at(&["assignedCustodian", "representedCustodianOrganization"]));
    let Some(organization) = organization else {
        notes.add(&rules::CUSTODIAN_MISSING, "/ClinicalDocument/custodian");
        return;
    };
    let ids: Vec<_> = organization.children("id").collect();
    let fits = |id: &Element<'_>| {
        let root = id.attribute("root");
        id.null_flavor().is_some() || root == Some(STRUCT_ID_NAT_OID) || root == Some(DMP)
    };
    if ids.len() != 1 || !ids.iter().all(fits) {
        notes.inside(&rules::CUSTODIAN_ID, organization, "id");
    }
    for id in ids {
        national_form(id, notes);
    }
    name(organization, notes);
}

fn legal_authenticator(authenticator: Element<'_>, notes: &mut Notes) {
    signature(authenticator, notes);
    let Some(assigned) = authenticator.child("assignedEntity") else {
        return;
    };
    if assigned.child("assignedPerson").is_none() {
        notes.inside(&rules::AUTHENTICATOR_PERSON, assigned, "assignedPerson");
    }
    // A system is numbered inside its structure, after a slash.
    let professional = assigned.children("id").any(|id| {
        let system = id.attribute("extension").is_some_and(|e| e.contains('/'));
        id.attribute("root") == Some(PS_ID_NAT_OID) && !system
    });
    if professional && assigned.child("code").is_none() {
        notes.inside(&rules::AUTHENTICATOR_SPECIALTY, assigned, "code");
    }
    if professional && assigned.child("representedOrganization").is_none() {
        notes.inside(
            &rules::AUTHENTICATOR_ORGANIZATION,
            assigned,
            "representedOrganization",
        );
    }
}

fn signature(authenticator: Element<'_>, notes: &mut Notes) {
    if !has_time(authenticator) {
        notes.inside(&rules::AUTHENTICATOR_TIME, authenticator, "time");
    }
    let code = authenticator.child("signatureCode");
    if code.and_then(|c| c.attribute("code")) != Some("S") {
        let path = format!("{}/signatureCode", authenticator.path());
        notes.fix(&rules::SIGNATURE_CODE, path, "S");
    }
}

fn has_time(participation: Element<'_>) -> bool {
    participation
        .children("time")
        .any(|t| t.attribute("value").is_some() || t.null_flavor().is_some())
}

fn entity(entity: Element<'_>, notes: &mut Notes) {
    let path = entity.path();
    let ids: Vec<_> = entity.children("id").collect();
    let complete = |id: &Element<'_>| {
        id.null_flavor().is_some()
            || (id.attribute("root").is_some() && id.attribute("extension").is_some())
    };
    let said = path == "/ClinicalDocument/legalAuthenticator/assignedEntity"
        && !ids.iter().any(|id| id.attribute("extension").is_some());
    // A responsible person without any identifier is already said to be missing.
    if !said && (ids.len() != 1 || !ids.iter().all(complete)) {
        notes.add(&rules::ENTITY_ID, format!("{path}/id"));
    }
}

fn organization(organization: Element<'_>, notes: &mut Notes) {
    let ids: Vec<_> = organization.children("id").collect();
    let known = |id: &Element<'_>| matches!(id.attribute("root"), Some(STRUCT_ID_NAT_OID | SIRENE));
    if !ids.is_empty() && !ids.iter().any(known) {
        let path = format!("{}/id/@root", organization.path());
        notes.fix(&rules::ORGANIZATION_ID, path, STRUCT_ID_NAT_OID);
    }
    for id in &ids {
        national_form(*id, notes);
    }
    // An author's organisation with nothing at all is already said to be missing.
    if !ids.is_empty() || organization.child("name").is_some() {
        name(organization, notes);
    }
}

fn national_form(id: Element<'_>, notes: &mut Notes) {
    let national = id.attribute("root") == Some(STRUCT_ID_NAT_OID);
    let value = id.attribute("extension");
    if national && value.is_some_and(|value| StructIdNat::new(value).is_err()) {
        notes.inside(&rules::ORGANIZATION_ID_FORM, id, "@extension");
    }
}

fn name(organization: Element<'_>, notes: &mut Notes) {
    let mut names = organization.children("name");
    let first = names.next();
    let null = first.is_some_and(|n| n.null_flavor().is_some());
    if (first.and_then(Element::text).is_none() && !null) || names.next().is_some() {
        notes.inside(&rules::ORGANIZATION_NAME, organization, "name");
    }
}
