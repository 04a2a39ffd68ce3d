//! Persons, devices and organisations.

use super::{code, ins};
use crate::cda::write::context::{Address, Contact, Relative};
use crate::cda::write::plan::{Device, Party, Place, Plan, Professional, Recipient};
use crate::cda::write::xml::Xml;
use crate::document::Coded;
use crate::identity::professional::PS_ID_NAT_OID;
use crate::identity::structure::STRUCT_ID_NAT_OID;

/// `assignedEntity` of someone.
pub(super) fn assigned_entity(
    plan: &Plan<'_>,
    party: &Party<'_>,
    setting: Option<&Coded>,
    x: &mut Xml,
) {
    x.element("assignedEntity", &[], |x| assigned(plan, party, setting, x));
}

/// What `assignedAuthor` and `assignedEntity` hold alike. The organisation of who performs the act carries the setting.
pub(super) fn assigned(plan: &Plan<'_>, party: &Party<'_>, setting: Option<&Coded>, x: &mut Xml) {
    match party {
        Party::Professional(person) => professional(person, setting, x),
        Party::Device(device) => self::device(device, x),
        Party::Patient => {
            let patient = plan.patient;
            ins(patient, x);
            reach_patient(patient.contact.as_ref(), x);
            // The names in use are those by which he signs.
            let traits = &patient.traits;
            let family = traits.used_name.as_deref().unwrap_or(&traits.birth_name);
            let given = patient.used_given.as_deref().unwrap_or(plan.first_given);
            x.element("assignedPerson", &[], |x| {
                x.element("name", &[], |x| {
                    x.text("given", &[], given);
                    x.text("family", &[], family);
                });
            });
            if let Some(setting) = setting {
                x.element("representedOrganization", &[], |x| {
                    code("standardIndustryClassCode", setting, x);
                });
            }
        }
    }
}

pub(super) fn professional(person: &Professional<'_>, setting: Option<&Coded>, x: &mut Xml) {
    x.empty("id", &[("root", PS_ID_NAT_OID), ("extension", person.id)]);
    specialty(person, x);
    reach(person.place.contact, x);
    x.element("assignedPerson", &[], |x| name(person, x));
    organization("representedOrganization", person.place, setting, x);
}

fn device(device: &Device<'_>, x: &mut Xml) {
    x.empty("id", &[("root", device.root), ("extension", device.id)]);
    code("code", &device.specialty, x);
    reach(device.place.contact, x);
    x.element("assignedAuthoringDevice", &[], |x| {
        x.text("manufacturerModelName", &[], device.model);
        x.text("softwareName", &[], device.software);
    });
    organization("representedOrganization", device.place, None, x);
}

pub(super) fn relative(relative: &Relative, relation: Option<&Coded>, x: &mut Xml) {
    let class = [("classCode", relative.class.code())];
    x.element("relatedEntity", &class, |x| {
        if let Some(relation) = relation {
            code("code", relation, x);
        }
        reach_anyone(relative.contact.as_ref(), x);
        x.element("relatedPerson", &[], |x| {
            x.element("name", &[], |x| {
                if let Some(given) = &relative.given {
                    x.text("given", &[], given);
                }
                x.text("family", &[], &relative.family);
            });
        });
    });
}

/// What `intendedRecipient` holds.
pub(super) fn intended(recipient: &Recipient<'_>, x: &mut Xml) {
    match recipient {
        Recipient::Professional(person) => {
            x.empty("id", &[("root", PS_ID_NAT_OID), ("extension", person.id)]);
            reach(person.place.contact, x);
            x.element("informationRecipient", &[], |x| name(person, x));
            organization("receivedOrganization", person.place, None, x);
        }
        Recipient::Organization(place) => {
            organization("receivedOrganization", *place, None, x);
        }
    }
}

/// What `associatedEntity` holds.
pub(super) fn associated(person: &Professional<'_>, x: &mut Xml) {
    x.empty("id", &[("root", PS_ID_NAT_OID), ("extension", person.id)]);
    specialty(person, x);
    reach(person.place.contact, x);
    x.element("associatedPerson", &[], |x| name(person, x));
    organization("scopingOrganization", person.place, None, x);
}

fn name(person: &Professional<'_>, x: &mut Xml) {
    x.element("name", &[], |x| {
        if let Some(civility) = person.civility {
            x.text("prefix", &[], civility);
        }
        x.text("given", &[], person.given);
        x.text("family", &[], person.family);
        if let Some(title) = person.title {
            x.text("suffix", &[], title);
        }
    });
}

fn specialty(person: &Professional<'_>, x: &mut Xml) {
    if let Some(specialty) = &person.specialty {
        code("code", specialty, x);
    }
}

/// The structure, when it is known; with the setting of practice where one is written.
fn organization(name: &'static str, place: Place<'_>, setting: Option<&Coded>, x: &mut Xml) {
    let Some(structure) = place.structure else {
        return;
    };
    x.element(name, &[], |x| {
        let id = structure.id.as_str();
        x.empty("id", &[("root", STRUCT_ID_NAT_OID), ("extension", id)]);
        x.text("name", &[], &structure.name);
        let telecoms = place.contact.map(|c| c.telecoms.as_slice());
        telecom(telecoms.unwrap_or_default(), Some("WP"), x);
        if let Some(address) = place.contact.and_then(|c| c.address.as_ref()) {
            self::address(address, Some("WP"), x);
        }
        if let Some(setting) = setting {
            code("standardIndustryClassCode", setting, x);
        }
    });
}

/// The custodian's telecom and address, one of each at most.
pub(super) fn reach_custodian(contact: Option<&Contact>, x: &mut Xml) {
    let Some(contact) = contact else {
        return;
    };
    telecom(contact.telecoms.get(..1).unwrap_or_default(), Some("WP"), x);
    if let Some(address) = &contact.address {
        self::address(address, Some("WP"), x);
    }
}

/// The patient's address and telecom, which are asked for or said not to have been.
pub(super) fn reach_patient(contact: Option<&Contact>, x: &mut Xml) {
    either(contact, None, "NASK", x);
}

/// Those of a professional, at work.
fn reach(contact: Option<&Contact>, x: &mut Xml) {
    either(contact, Some("WP"), "UNK", x);
}

/// Those of anyone else.
fn reach_anyone(contact: Option<&Contact>, x: &mut Xml) {
    either(contact, None, "UNK", x);
}

/// Address and telecom, or why there is none.
fn either(
    contact: Option<&Contact>,
    kind: Option<&'static str>,
    missing: &'static str,
    x: &mut Xml,
) {
    match contact.and_then(|c| c.address.as_ref()) {
        Some(address) => self::address(address, kind, x),
        None => x.empty("addr", &[("nullFlavor", missing)]),
    }
    match contact.map(|c| c.telecoms.as_slice()) {
        Some(telecoms) if !telecoms.is_empty() => telecom(telecoms, kind, x),
        _ => x.empty("telecom", &[("nullFlavor", missing)]),
    }
}

fn telecom(uris: &[String], kind: Option<&'static str>, x: &mut Xml) {
    for uri in uris {
        match kind {
            Some(kind) => x.empty("telecom", &[("use", kind), ("value", uri)]),
            None => x.empty("telecom", &[("value", uri)]),
        }
    }
}

fn address(address: &Address, kind: Option<&'static str>, x: &mut Xml) {
    let inside = |x: &mut Xml| {
        for line in &address.lines {
            x.text("streetAddressLine", &[], line);
        }
        let parts = [
            ("houseNumber", &address.house_number),
            ("streetName", &address.street_name),
            ("additionalLocator", &address.additional_locator),
            ("postalCode", &address.postal_code),
            ("city", &address.city),
            ("country", &address.country),
        ];
        for (name, part) in parts {
            if let Some(part) = part {
                x.text(name, &[], part);
            }
        }
    };
    match kind {
        Some(kind) => x.element("addr", &[("use", kind)], inside),
        None => x.element("addr", &[], inside),
    }
}
