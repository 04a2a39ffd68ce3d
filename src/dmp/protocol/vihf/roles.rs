//! The one or two roles of a VIHF, from a requester and back (JDV_J65-SubjectRole-DMP).
//!
//! | who | first | second |
//! |---|---|---|
//! | médecin | G15 10 | savoir-faire R01 |
//! | pharmacien | G15 21 | section G05 |
//! | other health professional | G15 | |
//! | holder of a CPF | G16, else G15 | as above |
//! | professional known by a role of TRE_R85 | R291 99, "caractérisé par rôle" | R85 |
//! | titles, social occupations, secretariat | R95, R94 or A00 | |
//! | software of a structure | A00 AUTOMATE | |

use super::super::super::context::Requester;
use super::VihfError;
use super::read::CodedRole;
use crate::identity::Professional;
use crate::rules::Authentication;
use crate::terminology::Terminology;
use crate::terminology::system::{
    TRE_A00, TRE_G05, TRE_G15, TRE_G16, TRE_R01, TRE_R85, TRE_R94, TRE_R95, TRE_R291,
};

/// Profession code of pharmacists in TRE_G15.
const PHARMACIST: &str = "21";
/// "Acteur participant au système de santé caractérisé par rôle", in TRE_R291.
const BY_ROLE: &str = "99";
/// Software, in TRE_A00.
const AUTOMATE: &str = "AUTOMATE";

/// `codeSystemName`, without which the platform refuses a role (seen by integrators on the test platform).
const NAMES: [(&str, &str); 9] = [
    (TRE_G15, "G15"),
    (TRE_G16, "G16"),
    (TRE_R01, "R01"),
    (TRE_G05, "G05"),
    (TRE_R291, "R291"),
    (TRE_R85, "R85"),
    (TRE_R95, "R95"),
    (TRE_R94, "R94"),
    (TRE_A00, "A00"),
];

fn coded(terminology: &Terminology, system: &str, code: &str) -> Option<CodedRole> {
    let concept = terminology.subject_role().find_any(system, code)?;
    Some(CodedRole {
        label: Some(concept.label.clone().into_owned()),
        ..bare(system, code)
    })
}

fn bare(system: &str, code: &str) -> CodedRole {
    let name = NAMES.iter().find(|(known, _)| *known == system);
    CodedRole {
        code: code.to_owned(),
        system: system.to_owned(),
        system_name: name.map(|(_, name)| (*name).to_owned()),
        label: None,
    }
}

/// The roles of a requester.
pub(super) fn roles(
    requester: &Requester,
    terminology: &Terminology,
) -> Result<Vec<CodedRole>, VihfError> {
    let Some(professional) = &requester.professional else {
        return Ok(vec![
            coded(terminology, TRE_A00, AUTOMATE).unwrap_or_else(|| bare(TRE_A00, AUTOMATE)),
        ]);
    };
    let Some(profession) = &professional.profession else {
        return by_role(professional, terminology);
    };
    let in_training = (requester.authentication == Authentication::Cpf)
        .then(|| coded(terminology, TRE_G16, profession))
        .flatten();
    let first = in_training
        .or_else(|| coded(terminology, TRE_G15, profession))
        .ok_or(VihfError::field(
            "professional.profession",
            "must be a profession of JDV_J65-SubjectRole-DMP",
        ))?;
    let specialty = professional.specialty.as_deref();
    if professional.is_physician() {
        let specialty = specialty.ok_or(VihfError::field(
            "professional.specialty",
            "is required for a physician: the DMP asks for the savoir-faire",
        ))?;
        // A savoir-faire newer than the set goes without its label.
        let second = coded(terminology, TRE_R01, specialty);
        return Ok(vec![
            first,
            second.unwrap_or_else(|| bare(TRE_R01, specialty)),
        ]);
    }
    if profession == PHARMACIST {
        let second = specialty.and_then(|section| coded(terminology, TRE_G05, section));
        let second = second.ok_or(VihfError::field(
            "professional.specialty",
            "is required for a pharmacist: a section of TRE_G05",
        ))?;
        return Ok(vec![first, second]);
    }
    // The second role is forbidden for every other profession.
    Ok(vec![first])
}

fn by_role(
    professional: &Professional,
    terminology: &Terminology,
) -> Result<Vec<CodedRole>, VihfError> {
    let rule = VihfError::field(
        "professional.role",
        "is required without a profession: a code of TRE_R85, R94, R95 or A00 that is in JDV_J65",
    );
    let role = professional.role.as_deref().ok_or(rule.clone())?;
    if let Some(second) = coded(terminology, TRE_R85, role) {
        let first = coded(terminology, TRE_R291, BY_ROLE);
        return Ok(vec![
            first.unwrap_or_else(|| bare(TRE_R291, BY_ROLE)),
            second,
        ]);
    }
    [TRE_R95, TRE_R94, TRE_A00]
        .into_iter()
        .find_map(|system| coded(terminology, system, role))
        .filter(|first| first.code != AUTOMATE)
        .map(|first| vec![first])
        .ok_or(rule)
}

/// What roles say of a person.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Described {
    pub automate: bool,
    pub profession: Option<String>,
    pub specialty: Option<String>,
    pub role: Option<String>,
}

/// The reverse of [`roles`]: strict, for the platform refuses what is missing here too (seen by integrators on the test platform).
pub(super) fn described(roles: &[CodedRole]) -> Result<Described, VihfError> {
    let (first, second) = match roles {
        [] => return Err(VihfError::Missing("subject:role")),
        [first] => (first, None),
        [first, second] => (first, Some(second)),
        _ => return Err(VihfError::Invalid("subject:role")),
    };
    let mut described = Described::default();
    // What the second role is, and whether there has to be one.
    let second_in = match first.system.as_str() {
        TRE_G15 | TRE_G16 => {
            described.profession = Some(first.code.clone());
            match first.code.as_str() {
                crate::identity::professional::PHYSICIAN => Some(TRE_R01),
                PHARMACIST => Some(TRE_G05),
                _ => None,
            }
        }
        TRE_R291 => Some(TRE_R85),
        TRE_A00 if first.code == AUTOMATE => {
            described.automate = true;
            None
        }
        TRE_A00 | TRE_R94 | TRE_R95 => {
            described.role = Some(first.code.clone());
            None
        }
        _ => return Err(VihfError::Invalid("subject:role")),
    };
    match (second_in, second) {
        (None, None) => {}
        (None, Some(_)) => return Err(VihfError::Invalid("second subject:role")),
        (Some(_), None) => return Err(VihfError::Missing("second subject:role")),
        (Some(system), Some(second)) if second.system == system => {
            let field = if system == TRE_R85 {
                &mut described.role
            } else {
                &mut described.specialty
            };
            *field = Some(second.code.clone());
        }
        _ => return Err(VihfError::Invalid("second subject:role")),
    }
    Ok(described)
}
