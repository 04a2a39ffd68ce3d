//! The elements of the document, in the order of the schema (HL7 CDA R2; ANS, CI-SIS, « Structuration minimale », 3.5.5).

mod people;

use super::context::{Identifier, Patient};
use super::plan::{Author, Informant, Participant, Plan, Recipient};
use super::versions::Versions;
use super::xml::{Attribute, Xml};
use crate::cda::HL7;
use crate::cda::time::HlTime;
use crate::document::Coded;
use crate::identity::Sex;
use crate::identity::structure::STRUCT_ID_NAT_OID;

/// The document as it is in the DMP's own custody (CI-SIS, 3.5.5.16).
const DMP: (&str, &str) = ("1.2.250.1.213.4.1", "DMP");
/// HL7 administrative gender.
const GENDER: &str = "2.16.840.1.113883.5.1";

/// The bytes of the document around a file in base64.
pub(super) fn document(
    plan: &Plan<'_>,
    versions: &Versions,
    media_type: &str,
    base64: &str,
) -> std::io::Result<Vec<u8>> {
    // A header is some kilobytes.
    let mut xml = Xml::new(base64.len() + 32 * 1024);
    xml.element("ClinicalDocument", &[("xmlns", HL7)], |x| {
        identification(plan, versions, x);
        record_target(plan, x);
        for author in &plan.authors {
            self::author(plan, author, x);
        }
        for informant in &plan.informants {
            self::informant(informant, x);
        }
        custodian(plan, x);
        for recipient in &plan.recipients {
            self::recipient(recipient, x);
        }
        x.element("legalAuthenticator", &[], |x| {
            time("time", plan.authenticated, x);
            x.empty("signatureCode", &[("code", "S")]);
            people::assigned_entity(plan, &plan.authenticator, None, x);
        });
        for participant in &plan.participants {
            self::participant(participant, x);
        }
        for order in &plan.context.orders {
            x.element("inFulfillmentOf", &[], |x| {
                x.element("order", &[], |x| id(order, x));
            });
        }
        service(plan, x);
        if let Some(replaced) = &plan.context.replaces {
            x.element("relatedDocument", &[("typeCode", "RPLC")], |x| {
                x.element("parentDocument", &[], |x| {
                    x.empty("id", &[("root", replaced.unique_id.as_str())]);
                    if let Some(set) = &replaced.set_id {
                        identifier("setId", set, x);
                    }
                    if let Some(number) = replaced.version_number {
                        x.empty("versionNumber", &[("value", &number.to_string())]);
                    }
                });
            });
        }
        for consent in &plan.consents {
            x.element("authorization", &[("typeCode", "AUTH")], |x| {
                x.element("consent", &[], |x| {
                    code("code", consent, x);
                    x.empty("statusCode", &[("code", "completed")]);
                });
            });
        }
        encounter(plan, x);
        body(plan, media_type, base64, x);
    });
    xml.finish()
}

fn identification(plan: &Plan<'_>, versions: &Versions, x: &mut Xml) {
    x.empty("realmCode", &[("code", "FR")]);
    let type_id = [
        ("root", "2.16.840.1.113883.1.3"),
        ("extension", "POCD_HD000040"),
    ];
    x.empty("typeId", &type_id);
    // HL7 France, CI-SIS, and IHE XDS-SD: a file in a document.
    for template in [
        "2.16.840.1.113883.2.8.2.1",
        "1.2.250.1.213.1.1.1.1",
        "1.3.6.1.4.1.19376.1.2.20",
    ] {
        x.empty("templateId", &[("root", template)]);
    }
    x.empty("id", &[("root", versions.unique_id.as_str())]);
    code("code", &plan.kind, x);
    x.text("title", &[], &plan.title);
    time("effectiveTime", plan.effective_time, x);
    code("confidentialityCode", &plan.confidentiality, x);
    x.empty("languageCode", &[("code", "fr-FR")]);
    identifier("setId", &versions.set_id, x);
    let number = versions.number.to_string();
    x.empty("versionNumber", &[("value", &number)]);
}

fn record_target(plan: &Plan<'_>, x: &mut Xml) {
    let patient = plan.patient;
    x.element("recordTarget", &[], |x| {
        x.element("patientRole", &[], |x| {
            ins(patient, x);
            if let Some(local) = &patient.local_id {
                id(local, x);
            }
            people::reach_patient(patient.contact.as_ref(), x);
            x.element("patient", &[("classCode", "PSN")], |x| {
                patient_traits(plan, patient, x);
            });
        });
    });
}

/// The INS, as an identifier.
fn ins(patient: &Patient, x: &mut Xml) {
    let (root, extension) = (patient.ins.oid(), patient.ins.matricule());
    x.empty("id", &[("root", root), ("extension", extension)]);
}

fn patient_traits(plan: &Plan<'_>, patient: &Patient, x: &mut Xml) {
    let traits = &patient.traits;
    const BIRTH: &[Attribute<'_>] = &[("qualifier", "BR")];
    const USED: &[Attribute<'_>] = &[("qualifier", "CL")];
    x.element("name", &[], |x| {
        x.text("family", BIRTH, &traits.birth_name);
        if let Some(used) = &traits.used_name {
            x.text("family", USED, used);
        }
        x.text("given", &[], &traits.given_names.join(" "));
        x.text("given", BIRTH, plan.first_given);
        if let Some(used) = &patient.used_given {
            x.text("given", USED, used);
        }
    });
    // JDV_J143 names the undetermined « Inconnu ».
    let (gender, label) = match traits.sex {
        Sex::M => ("M", "Masculin"),
        Sex::F => ("F", "Féminin"),
        Sex::I => ("UN", "Inconnu"),
    };
    code(
        "administrativeGenderCode",
        &Coded::new(gender, GENDER, label),
        x,
    );
    x.empty("birthTime", &[("value", &traits.birth_date)]);
    if let Some(place) = &traits.birth_place {
        x.element("birthplace", &[], |x| {
            x.element("place", &[], |x| {
                x.element("addr", &[], |x| x.text("county", &[], place));
            });
        });
    }
}

fn author(plan: &Plan<'_>, author: &Author<'_>, x: &mut Xml) {
    x.element("author", &[], |x| {
        if let Some(function) = &author.function {
            code("functionCode", function, x);
        }
        time("time", author.time, x);
        x.element("assignedAuthor", &[], |x| {
            people::assigned(plan, &author.party, None, x)
        });
    });
}

fn informant(informant: &Informant<'_>, x: &mut Xml) {
    x.element("informant", &[], |x| match informant {
        Informant::Professional(person) => {
            x.element("assignedEntity", &[], |x| {
                people::professional(person, None, x)
            });
        }
        Informant::Relative(relative, relation) => people::relative(relative, relation.as_ref(), x),
    });
}

fn custodian(plan: &Plan<'_>, x: &mut Xml) {
    x.element("custodian", &[], |x| {
        x.element("assignedCustodian", &[], |x| {
            x.element("representedCustodianOrganization", &[], |x| {
                match plan.custodian {
                    Some((structure, contact)) => {
                        let number = structure.id.as_str();
                        x.empty("id", &[("root", STRUCT_ID_NAT_OID), ("extension", number)]);
                        x.text("name", &[], &structure.name);
                        people::reach_custodian(contact, x);
                    }
                    None => {
                        x.empty("id", &[("root", DMP.0)]);
                        x.text("name", &[], DMP.1);
                    }
                }
            });
        });
    });
}

fn recipient(recipient: &Recipient<'_>, x: &mut Xml) {
    x.element("informationRecipient", &[], |x| {
        x.element("intendedRecipient", &[], |x| people::intended(recipient, x));
    });
}

fn participant(participant: &Participant<'_>, x: &mut Xml) {
    x.element(
        "participant",
        &[("typeCode", participant.kind.code())],
        |x| {
            if let Some(function) = &participant.function {
                code("functionCode", function, x);
            }
            match (participant.start, participant.stop) {
                (None, None) => x.empty("time", &[("nullFlavor", "UNK")]),
                (start, stop) => x.element("time", &[], |x| {
                    if let Some(start) = start {
                        time("low", start, x);
                    }
                    if let Some(stop) = stop {
                        time("high", stop, x);
                    }
                }),
            }
            x.element("associatedEntity", &[("classCode", "PROV")], |x| {
                people::associated(&participant.person, x);
            });
        },
    );
}

/// The main act with its performer, then the other codes.
fn service(plan: &Plan<'_>, x: &mut Xml) {
    x.element("documentationOf", &[], |x| {
        x.element("serviceEvent", &[], |x| {
            for identifier in &plan.context.service.ids {
                id(identifier, x);
            }
            if let Some(main) = plan.codes.first() {
                code("code", main, x);
            }
            x.element("effectiveTime", &[], |x| {
                time("low", plan.start, x);
                if let Some(stop) = plan.stop {
                    time("high", stop, x);
                }
            });
            x.element("performer", &[("typeCode", "PRF")], |x| {
                people::assigned_entity(plan, &plan.performer, Some(&plan.setting), x);
            });
        });
    });
    for other in plan.codes.iter().skip(1) {
        x.element("documentationOf", &[], |x| {
            x.element("serviceEvent", &[], |x| code("code", other, x));
        });
    }
}

fn encounter(plan: &Plan<'_>, x: &mut Xml) {
    x.element("componentOf", &[], |x| {
        x.element("encompassingEncounter", &[], |x| {
            let ids = plan.context.encounter.iter().flat_map(|e| &e.ids);
            for identifier in ids {
                id(identifier, x);
            }
            match plan.encounter {
                Some((start, stop)) => x.element("effectiveTime", &[], |x| {
                    time("low", start, x);
                    if let Some(stop) = stop {
                        time("high", stop, x);
                    }
                }),
                None => x.empty("effectiveTime", &[("nullFlavor", "UNK")]),
            }
            x.element("location", &[], |x| {
                x.element("healthCareFacility", &[], |x| {
                    code("code", &plan.facility, x)
                });
            });
        });
    });
}

fn body(plan: &Plan<'_>, media_type: &str, base64: &str, x: &mut Xml) {
    x.element("component", &[], |x| {
        x.element("nonXMLBody", &[], |x| {
            let media = [("mediaType", media_type), ("representation", "B64")];
            x.verbatim("text", &media, base64);
            let language = plan.context.content_language.as_deref();
            if let Some(language) = language.filter(|l| *l != "fr-FR") {
                x.empty("languageCode", &[("code", language)]);
            }
        });
    });
}

fn id(identifier: &Identifier, x: &mut Xml) {
    self::identifier("id", identifier, x);
}

fn identifier(name: &'static str, identifier: &Identifier, x: &mut Xml) {
    let root = ("root", identifier.root.as_str());
    match &identifier.extension {
        Some(extension) => x.empty(name, &[root, ("extension", extension)]),
        None => x.empty(name, &[root]),
    }
}

fn code(name: &'static str, coded: &Coded, x: &mut Xml) {
    let attributes = [
        ("code", coded.code.as_str()),
        ("displayName", coded.label.as_str()),
        ("codeSystem", coded.system.as_str()),
    ];
    x.empty(name, &attributes);
}

fn time(name: &'static str, time: HlTime, x: &mut Xml) {
    x.empty(name, &[("value", &time.to_string())]);
}
