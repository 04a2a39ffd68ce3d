//! From the elements of a header to what they say.

use super::element::Element;
use super::encoding::Encoding;
use super::header::{
    Author, Code, Device, Header, Id, LegalAuthenticator, Organization, Patient, PersonName,
    RelatedDocument, ServiceEvent,
};
use super::scan::Scan;
use super::time::HlTime;

/// Builds the header from what the walk kept.
pub(super) fn header(scan: &Scan, encoding: Encoding, encoding_contradicted: bool) -> Header {
    let tree = &scan.tree;
    let document_child = |name: &'static str| tree.child(name);
    Header {
        encoding,
        encoding_contradicted,
        self_presenting: scan.self_presenting,
        realm_code: document_child("realmCode").and_then(code_attribute),
        template_ids: tree.children("templateId").filter_map(id).collect(),
        id: document_child("id").and_then(id),
        code: document_child("code").and_then(code),
        title: document_child("title").and_then(Element::text),
        effective_time: document_child("effectiveTime").and_then(time),
        confidentiality_code: document_child("confidentialityCode").and_then(code),
        language_code: document_child("languageCode").and_then(code_attribute),
        set_id: document_child("setId").and_then(id),
        version_number: document_child("versionNumber").and_then(number),
        patient: document_child("recordTarget")
            .and_then(|e| e.child("patientRole"))
            .map(patient),
        authors: tree.children("author").map(author).collect(),
        custodian: document_child("custodian")
            .and_then(|e| e.at(&["assignedCustodian", "representedCustodianOrganization"]))
            .map(organization),
        legal_authenticator: document_child("legalAuthenticator").map(legal_authenticator),
        service_events: tree
            .children("documentationOf")
            .filter_map(|e| e.child("serviceEvent"))
            .map(service_event)
            .collect(),
        related_documents: tree
            .children("relatedDocument")
            .filter_map(related_document)
            .collect(),
        facility: document_child("componentOf")
            .and_then(|e| {
                e.at(&[
                    "encompassingEncounter",
                    "location",
                    "healthCareFacility",
                    "code",
                ])
            })
            .and_then(code),
        body: scan.body.clone(),
    }
}

fn patient(role: Element<'_>) -> Patient {
    let mut patient = Patient {
        ids: ids(role),
        ..Patient::default()
    };
    let Some(person) = role.child("patient") else {
        return patient;
    };
    // One name is the rule; when a document spreads the parts over several, they complete each other.
    let parts = |part: &'static str| person.children("name").flat_map(move |n| n.children(part));
    let qualified = |part, qualifier| {
        let all = parts(part)
            .filter(move |e| has_qualifier(*e, qualifier))
            .filter_map(Element::text);
        joined(all)
    };
    let unqualified = |part| {
        joined(
            parts(part)
                .filter(|e| e.attribute("qualifier").is_none())
                .filter_map(Element::text),
        )
    };
    patient.birth_family = qualified("family", "BR").or_else(|| unqualified("family"));
    patient.used_family = qualified("family", "CL").or_else(|| qualified("family", "SP"));
    patient.given_names = unqualified("given");
    patient.first_given = qualified("given", "BR");
    patient.used_given = qualified("given", "CL");
    patient.gender = person.child("administrativeGenderCode").and_then(code);
    patient.birth_time = person.child("birthTime").and_then(time);
    patient.birth_place = person
        .at(&["birthplace", "place", "addr", "county"])
        .and_then(Element::text);
    patient
}

fn author(author: Element<'_>) -> Author {
    let assigned = author.child("assignedAuthor");
    let device = assigned.and_then(|e| e.child("assignedAuthoringDevice"));
    Author {
        time: author.child("time").and_then(time),
        function: author.child("functionCode").and_then(code),
        ids: assigned.map(ids).unwrap_or_default(),
        specialty: assigned.and_then(|e| e.child("code")).and_then(code),
        person: assigned
            .and_then(|e| e.at(&["assignedPerson", "name"]))
            .and_then(person_name),
        device: device.map(|e| Device {
            model: e.child("manufacturerModelName").and_then(Element::text),
            software: e.child("softwareName").and_then(Element::text),
        }),
        organization: assigned
            .and_then(|e| e.child("representedOrganization"))
            .map(organization),
    }
}

fn legal_authenticator(authenticator: Element<'_>) -> LegalAuthenticator {
    let assigned = authenticator.child("assignedEntity");
    LegalAuthenticator {
        time: authenticator.child("time").and_then(time),
        ids: assigned.map(ids).unwrap_or_default(),
        specialty: assigned.and_then(|e| e.child("code")).and_then(code),
        person: assigned
            .and_then(|e| e.at(&["assignedPerson", "name"]))
            .and_then(person_name),
        organization: assigned
            .and_then(|e| e.child("representedOrganization"))
            .map(organization),
    }
}

fn service_event(event: Element<'_>) -> ServiceEvent {
    let period = event.child("effectiveTime");
    let setting = [
        "assignedEntity",
        "representedOrganization",
        "standardIndustryClassCode",
    ];
    ServiceEvent {
        ids: ids(event),
        code: event.child("code").and_then(code),
        low: period.and_then(|e| e.child("low").and_then(time).or_else(|| time(e))),
        high: period.and_then(|e| e.child("high")).and_then(time),
        practice_setting: event
            .children("performer")
            .find_map(|e| e.at(&setting).and_then(code)),
    }
}

fn related_document(related: Element<'_>) -> Option<RelatedDocument> {
    let parent = related.child("parentDocument");
    Some(RelatedDocument {
        type_code: related.attribute("typeCode")?.to_owned(),
        id: parent.and_then(|e| e.child("id")).and_then(id),
        set_id: parent.and_then(|e| e.child("setId")).and_then(id),
        version_number: parent
            .and_then(|e| e.child("versionNumber"))
            .and_then(number),
    })
}

fn organization(element: Element<'_>) -> Organization {
    Organization {
        ids: ids(element),
        name: element.child("name").and_then(Element::text),
    }
}

fn person_name(name: Element<'_>) -> Option<PersonName> {
    let part = |part| joined(name.children(part).filter_map(Element::text));
    let read = PersonName {
        prefix: part("prefix"),
        given: part("given"),
        // A name written without parts is better shown whole than lost.
        family: part("family").or_else(|| name.text()),
        suffix: part("suffix"),
    };
    (read != PersonName::default()).then_some(read)
}

fn ids(element: Element<'_>) -> Vec<Id> {
    element.children("id").filter_map(id).collect()
}

fn id(element: Element<'_>) -> Option<Id> {
    Some(Id {
        root: element.attribute("root")?.to_owned(),
        extension: element.attribute("extension").map(str::to_owned),
    })
}

fn code(element: Element<'_>) -> Option<Code> {
    Some(Code {
        code: code_attribute(element)?,
        system: element
            .attribute("codeSystem")
            .unwrap_or_default()
            .to_owned(),
        label: element.attribute("displayName").map(str::to_owned),
    })
}

fn code_attribute(element: Element<'_>) -> Option<String> {
    element.attribute("code").map(str::to_owned)
}

fn time(element: Element<'_>) -> Option<HlTime> {
    element.attribute("value").and_then(HlTime::parse)
}

fn number(element: Element<'_>) -> Option<u32> {
    element
        .attribute("value")
        .and_then(|value| value.parse().ok())
}

fn has_qualifier(element: Element<'_>, qualifier: &str) -> bool {
    element
        .attribute("qualifier")
        .is_some_and(|q| q.split_whitespace().any(|one| one == qualifier))
}

fn joined(parts: impl Iterator<Item = String>) -> Option<String> {
    let all = parts.collect::<Vec<_>>().join(" ");
    (!all.is_empty()).then_some(all)
}
