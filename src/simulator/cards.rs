//! The test cards and structures that a simulator issues.

use super::pki::{Card, Pki, PkiError};
use crate::clock::Instant;
use crate::dmp::Requester;
use crate::dmp::national::keys::Keys;
use crate::dmp::protocol::certificate::CardType;
use crate::identity::{Professional, PsIdNat, StructIdNat, Structure};
use crate::rules::{Authentication, Capacity};

/// The instant from which test certificates are valid, unless the simulator's clock or the system's is earlier still:
/// a story told in the past needs certificates that were valid then.
const EARLIEST: i64 = 1_735_689_600_000; // 2025-01-01T00:00:00Z

/// When certificates are issued, so that they are valid at each of these instants.
pub(crate) fn issued_at(instants: [Instant; 2]) -> Instant {
    let earliest = Instant::from_millis(EARLIEST);
    instants
        .into_iter()
        .chain(earliest)
        .min()
        .unwrap_or(instants[0])
}

/// Issues what this person or structure authenticates with: a card, or the structure's certificates.
pub fn issue(pki: &Pki, requester: &Requester) -> Result<Keys, PkiError> {
    let kind = match requester.authentication {
        Authentication::Cps => CardType::Cps,
        Authentication::Cpf => CardType::Cpf,
        Authentication::Cpe => CardType::Cpe,
        Authentication::Structure | Authentication::Air => {
            let structure = &requester.structure;
            let id = structure.id.as_str();
            // A certificate has a name: the structure that plays the patient needs none elsewhere.
            let name = Some(structure.name.as_str()).filter(|name| !name.trim().is_empty());
            return pki.issue_structure(id, name.unwrap_or(id));
        }
    };
    let professional = requester
        .professional
        .as_ref()
        .ok_or(PkiError::Name("the professional of a card"))?;
    pki.issue_card(&Card {
        id: professional.id.as_str(),
        family: &professional.family,
        given: &professional.given,
        kind,
        structure: &requester.structure.name,
        profession: professional.profession.as_deref(),
        // The section of a pharmacist is no savoir-faire: a card has no place for it.
        specialty: professional
            .specialty
            .as_deref()
            .filter(|_| professional.is_physician()),
    })
}

/// Whom a simulator knows when nobody is named: a physician, a nurse, a secretary (CPE) and their practice.
pub fn demonstration() -> Vec<Requester> {
    let structure = StructIdNat::new("499900987654001").map(|id| Structure {
        id,
        name: "Cabinet des Tilleuls".to_owned(),
        sector: "SA07".to_owned(),
    });
    let Ok(structure) = structure else {
        return Vec::new();
    };
    let requester = |professional, authentication| Requester {
        professional,
        structure: structure.clone(),
        authentication,
        capacity: Capacity::Care,
        secret: false,
    };
    let person =
        |id: &str, family: &str, given: &str, profession: Option<&str>, specialty: Option<&str>| {
            PsIdNat::new(id).ok().map(|id| Professional {
                id,
                family: family.to_owned(),
                given: given.to_owned(),
                profession: profession.map(str::to_owned),
                specialty: specialty.map(str::to_owned),
                // Who is no health professional is known by a role: 331, secrétaire médicale (TRE_R85).
                role: profession.is_none().then(|| "331".to_owned()),
            })
        };
    vec![
        requester(
            person(
                "899900987654",
                "BASTIDE",
                "Hélène",
                Some("10"),
                Some("SM26"),
            ),
            Authentication::Cps,
        ),
        requester(
            person("899900123450", "ROUVIER", "Karim", Some("60"), None),
            Authentication::Cps,
        ),
        requester(
            person("4999009870/12", "LACOSTE", "Inès", None, None),
            Authentication::Cpe,
        ),
        requester(None, Authentication::Structure),
    ]
}
