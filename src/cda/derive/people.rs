//! The persons, devices and organisations of a header, in the forms of XDS metadata.

use super::{Notes, as_it_stands, rules};
use crate::cda::{Author as CdaAuthor, Header, Id, Organization, Patient, PersonName};
use crate::document::{Author, Coded};
use crate::identity::professional::PS_ID_NAT_OID;
use crate::identity::structure::STRUCT_ID_NAT_OID;
use crate::identity::{Authority, Cx, Ins, PsIdNat, Xcn, Xon, wire};
use crate::terminology::system::TRE_A00;
use crate::terminology::{Concept, Terminology};

/// OID of the SIRENE register, under which the publisher of a digital service is identified.
const SIRENE: &str = "1.3.2";

/// The patient, as metadata name him.
pub(super) struct PatientMetadata {
    /// patientId.
    pub id: Cx,
    /// sourcePatientId.
    pub source_id: Cx,
    /// sourcePatientInfo.
    pub info: Vec<String>,
}

/// patientId, sourcePatientId and sourcePatientInfo.
pub(super) fn patient(header: &Header, notes: &mut Notes) -> Option<PatientMetadata> {
    let path = "/ClinicalDocument/recordTarget/patientRole/id";
    let patient = header.patient.as_ref();
    let ids = patient.map(|p| p.ids.as_slice()).unwrap_or_default();
    let position = ids
        .iter()
        .position(|id| is_ins(id) && id.extension.is_some());
    let position = notes.required(position, &rules::PATIENT_INS_MISSING, path)?;
    let (patient, ins) = (patient?, ids.get(position)?);
    let matricule = ins.extension.as_deref()?;
    if position != 0 {
        notes.add(&rules::PATIENT_INS_FIRST, path);
    }
    if Ins::new(matricule, &ins.root).is_err() {
        notes.add(&rules::PATIENT_INS_INVALID, path);
    }
    let id = cx(matricule, &ins.root, "NH");
    let local = ids
        .iter()
        .find(|id| !is_identity(id))
        .and_then(|id| Some(cx(id.extension.as_deref()?, &id.root, "PI")));
    // What the patient writes comes from no practice, so from no local identifier.
    let by_patient = !header.authors.is_empty() && header.authors.iter().all(is_patient);
    let source_id = local.filter(|_| !by_patient).unwrap_or_else(|| id.clone());
    Some(PatientMetadata {
        id,
        source_id,
        info: source_patient_info(patient, notes),
    })
}

/// `PID-5` (name), `PID-7` (date of birth) and `PID-8` (sex), one line each.
fn source_patient_info(patient: &Patient, notes: &mut Notes) -> Vec<String> {
    let given = patient
        .first_given
        .as_ref()
        .or(patient.given_names.as_ref());
    let birth = patient.birth_time.map(|t| {
        let mut day = t.digits();
        day.truncate(8);
        day
    });
    let sex = patient.gender.as_ref().and_then(|g| match g.code.as_str() {
        "M" => Some("M"),
        "F" => Some("F"),
        "U" | "UN" => Some("U"),
        _ => None,
    });
    if patient.birth_family.is_none() || given.is_none() || birth.is_none() || sex.is_none() {
        notes.add(
            &rules::PATIENT_TRAITS,
            "/ClinicalDocument/recordTarget/patientRole/patient",
        );
    }
    // `L` is the name at birth, `D` the one in use.
    let name = match (&patient.birth_family, &patient.used_family) {
        (Some(family), _) => Some((family, given, "L")),
        (None, Some(family)) => Some((family, patient.used_given.as_ref().or(given), "D")),
        (None, None) => None,
    };
    let name = name.map(|(family, given, kind)| {
        let given = given.map(|g| wire::escape(g)).unwrap_or_default();
        format!("PID-5|{}^{given}^^^^^{kind}", wire::escape(family))
    });
    let birth = birth.map(|day| format!("PID-7|{day}"));
    let sex = sex.map(|sex| format!("PID-8|{sex}"));
    name.into_iter().chain(birth).chain(sex).collect()
}

/// The authors, in the order of the document; none when there is no author at all.
pub(super) fn authors(
    header: &Header,
    terminology: &Terminology,
    notes: &mut Notes,
) -> Option<Vec<Author>> {
    if header.authors.is_empty() {
        notes.add(&rules::AUTHOR_MISSING, "/ClinicalDocument/author");
        return None;
    }
    let authors: Vec<_> = header
        .authors
        .iter()
        .enumerate()
        .filter_map(|(i, a)| {
            author(
                a,
                &format!("/ClinicalDocument/author[{}]/assignedAuthor", i + 1),
                terminology,
                notes,
            )
        })
        .collect();
    (!authors.is_empty()).then_some(authors)
}

fn author(
    author: &CdaAuthor,
    path: &str,
    terminology: &Terminology,
    notes: &mut Notes,
) -> Option<Author> {
    let Some(id) = identifying(&author.ids) else {
        notes.add(&rules::AUTHOR_ID, format!("{path}/id"));
        return None;
    };
    let author_person = match &author.device {
        Some(device) => Xcn {
            id: id.extension.clone().unwrap_or_default(),
            family: device.software.clone().unwrap_or_default(),
            given: device.model.clone().unwrap_or_default(),
            authority: id.root.clone(),
            name_type: "U".to_owned(),
            kind: "RI".to_owned(),
        },
        None => person(id, author.person.as_ref(), &format!("{path}/id"), notes),
    };
    if is_patient(author) {
        return Some(Author {
            author_person,
            author_institution: None,
            author_specialty: terminology
                .author_specialty()
                .find(TRE_A00, "EXP_PATIENT")
                .map(Concept::coded),
            author_role: role(author, terminology),
        });
    }
    let author_institution = author.organization.as_ref().and_then(institution);
    if author_institution.is_none() {
        notes.add(
            &rules::AUTHOR_ORGANIZATION,
            format!("{path}/representedOrganization"),
        );
    }
    Some(Author {
        author_person,
        author_institution,
        author_specialty: specialty(author, path, terminology, notes),
        author_role: role(author, terminology),
    })
}

/// The legal authenticator, a person.
pub(super) fn legal_authenticator(header: &Header, notes: &mut Notes) -> Option<Xcn> {
    let path = "/ClinicalDocument/legalAuthenticator/assignedEntity/id";
    let authenticator = header.legal_authenticator.as_ref();
    let identified = authenticator.and_then(|a| Some((a, identifying(&a.ids)?)));
    let (authenticator, id) = notes.required(identified, &rules::AUTHENTICATOR_MISSING, path)?;
    Some(person(id, authenticator.person.as_ref(), path, notes))
}

/// The identifier to name someone by: the national one of a professional, else the first that is complete.
fn identifying(ids: &[Id]) -> Option<&Id> {
    let mut complete = ids.iter().filter(|id| id.extension.is_some());
    let first = complete.clone().next();
    complete.find(|id| id.root == PS_ID_NAT_OID).or(first)
}

fn person(id: &Id, name: Option<&PersonName>, path: &str, notes: &mut Notes) -> Xcn {
    let value = id.extension.as_deref().unwrap_or_default();
    let kind = if is_ins(id) {
        "NH"
    } else if id.root != PS_ID_NAT_OID {
        // Given by some structure, under an authority of its own.
        "EI"
    } else if let Ok(national) = PsIdNat::new(value) {
        national.xcn_kind()
    } else {
        notes.add(&rules::AUTHOR_ID_FORM, path.to_owned());
        // A slash separates a structure from what it numbers; without one the identifier means to be national.
        if value.contains('/') { "EI" } else { "IDNPS" }
    };
    Xcn {
        id: value.to_owned(),
        family: name.and_then(|n| n.family.clone()).unwrap_or_default(),
        given: name.and_then(|n| n.given.clone()).unwrap_or_default(),
        authority: id.root.clone(),
        name_type: "D".to_owned(),
        kind: kind.to_owned(),
    }
}

/// authorInstitution: what is null in the document stays empty; none when all is.
fn institution(organization: &Organization) -> Option<Xon> {
    let mut complete = organization.ids.iter().filter(|id| id.extension.is_some());
    let first = complete.clone().next();
    let id = complete.find(|id| id.root == STRUCT_ID_NAT_OID).or(first);
    let kind = match id.map(|id| id.root.as_str()) {
        Some(STRUCT_ID_NAT_OID) => "IDNST",
        Some(SIRENE) => "SIREN",
        _ => "",
    };
    let name = organization.name.clone();
    (name.is_some() || id.is_some()).then(|| Xon {
        name: name.unwrap_or_default(),
        authority: id.map(|id| id.root.clone()).unwrap_or_default(),
        kind: kind.to_owned(),
        id: id.and_then(|id| id.extension.clone()).unwrap_or_default(),
    })
}

fn specialty(
    author: &CdaAuthor,
    path: &str,
    terminology: &Terminology,
    notes: &mut Notes,
) -> Option<Coded> {
    let path = format!("{path}/code");
    let Some(code) = &author.specialty else {
        notes.add(&rules::AUTHOR_SPECIALTY_MISSING, path);
        return None;
    };
    match terminology
        .author_specialty()
        .find(&code.system, &code.code)
    {
        Some(concept) => Some(concept.coded()),
        None => {
            notes.add(&rules::AUTHOR_SPECIALTY_SET, path);
            Some(as_it_stands(code))
        }
    }
}

/// authorRole: the label of the function, in its set, else in the document.
fn role(author: &CdaAuthor, terminology: &Terminology) -> Option<String> {
    let function = author.function.as_ref()?;
    let functions = terminology.function();
    let concept = functions.find(&function.system, &function.code);
    concept
        .map(|c| c.label.clone().into_owned())
        .or_else(|| function.label.clone())
}

fn is_patient(author: &CdaAuthor) -> bool {
    author.device.is_none() && identifying(&author.ids).is_some_and(is_ins)
}

/// Whether an identifier is a matricule INS.
fn is_ins(id: &Id) -> bool {
    Authority::from_oid(&id.root).is_some()
}

/// Whether an identifier is one of a national identity, INS or its forerunners (INS-A, INS-C), and so not local.
fn is_identity(id: &Id) -> bool {
    is_ins(id)
        || matches!(
            id.root.as_str(),
            "1.2.250.1.213.1.4.1" | "1.2.250.1.213.1.4.2"
        )
}

fn cx(id: &str, authority: &str, kind: &str) -> Cx {
    Cx {
        id: id.to_owned(),
        authority: authority.to_owned(),
        kind: kind.to_owned(),
        effective: None,
    }
}
