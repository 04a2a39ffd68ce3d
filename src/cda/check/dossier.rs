//! The patient of the document against the patient of the dossier that is open.

use super::{Against, Notes};
use crate::cda::finding::context as rules;
use crate::cda::{Header, Patient};
use crate::identity::{Authority, IdentityTraits, Ins, Sex, Trait};

const PATIENT: &str = "/ClinicalDocument/recordTarget/patientRole/patient";

/// INS, then traits.
pub(super) fn all(header: &Header, against: &Against<'_>, notes: &mut Notes) {
    let Some(patient) = &header.patient else {
        return;
    };
    if let Some(ins) = against.ins {
        self::ins(patient, ins, notes);
    }
    if let Some(traits) = against.traits {
        self::traits(patient, traits, against.identity_confirmed, notes);
    }
}

/// A document without INS is already refused; one with another's never leaves.
fn ins(patient: &Patient, ins: &Ins, notes: &mut Notes) {
    let mut ids = patient.ids.iter();
    let said = ids.find(|id| Authority::from_oid(&id.root).is_some() && id.extension.is_some());
    let differs = |id: &crate::cda::Id| {
        id.root != ins.oid() || id.extension.as_deref() != Some(ins.matricule())
    };
    if said.is_some_and(differs) {
        let path = "/ClinicalDocument/recordTarget/patientRole/id";
        notes.add(&rules::DOSSIER_INS, path);
    }
}

/// Only what both sides tell is compared: what the document lacks is said elsewhere.
fn traits(patient: &Patient, known: &IdentityTraits, confirmed: bool, notes: &mut Notes) {
    let given = patient
        .given_names
        .as_ref()
        .or(patient.first_given.as_ref());
    let sex = patient.gender.as_ref().and_then(|g| match g.code.as_str() {
        "M" => Some(Sex::M),
        "F" => Some(Sex::F),
        "U" | "UN" => Some(Sex::I),
        _ => None,
    });
    let birth = patient.birth_time.map(|t| {
        let mut day = t.digits();
        day.truncate(8);
        day
    });
    let mine = known.clone();
    let said = IdentityTraits {
        birth_name: patient.birth_family.clone().unwrap_or(mine.birth_name),
        given_names: given.map_or(mine.given_names, |names| vec![names.clone()]),
        birth_date: birth.unwrap_or(mine.birth_date),
        sex: sex.unwrap_or(mine.sex),
        birth_place: patient.birth_place.clone(),
        used_name: None,
    };
    for divergence in known.divergences(&said) {
        let (rule, part, always) = match divergence {
            Trait::BirthName => (&rules::DOSSIER_BIRTH_NAME, "name/family", false),
            Trait::GivenNames => (&rules::DOSSIER_GIVEN_NAMES, "name/given", false),
            Trait::BirthDate => (&rules::DOSSIER_BIRTH_DATE, "birthTime", false),
            Trait::Sex => (&rules::DOSSIER_SEX, "administrativeGenderCode", false),
            Trait::BirthPlace => (
                &rules::DOSSIER_BIRTH_PLACE,
                "birthplace/place/addr/county",
                true,
            ),
        };
        // What a person has confirmed no longer stops the document; what stops nothing is still worth a look.
        if always || !confirmed {
            notes.add(rule, format!("{PATIENT}/{part}"));
        }
    }
}
