//! Health professions.
//!
//! TRE_G15-ProfessionSante, OID 1.2.250.1.71.1.2.7, version 20250328, 30 rows.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante>.
//! Five professions became roles at the end of 2024: cards and old documents carry their codes. One was obsolete when
//! it was created.

use super::system::TRE_G15;
use super::{Concept, ValueSet, concept as c, value_set};

/// Health professions.
pub static PROFESSION: ValueSet = value_set(
    "TRE_G15-ProfessionSante",
    "1.2.250.1.71.1.2.7",
    2025_0328,
    "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante",
    CONCEPTS,
);

/// End of a code that never was in force.
const NEVER: u32 = 1900_0101;

#[rustfmt::skip]
static CONCEPTS: &[Concept] = &[
    c(TRE_G15, "10", "Médecin"),
    c(TRE_G15, "21", "Pharmacien"),
    c(TRE_G15, "26", "Audioprothésiste"),
    c(TRE_G15, "28", "Opticien-Lunetier"),
    c(TRE_G15, "31", "Assistant dentaire"),
    c(TRE_G15, "32", "Physicien médical"),
    c(TRE_G15, "35", "Aide-soignant").until(2024_1213),
    c(TRE_G15, "36", "Ambulancier").until(2024_1213),
    c(TRE_G15, "37", "Auxiliaire de puériculture").until(2024_1213),
    c(TRE_G15, "38", "Préparateur en pharmacie hospitalière").until(2024_1213),
    c(TRE_G15, "39", "Préparateur en pharmacie (officine)").until(2024_1213),
    c(TRE_G15, "40", "Chirurgien-Dentiste"),
    c(TRE_G15, "50", "Sage-Femme"),
    c(TRE_G15, "60", "Infirmier"),
    c(TRE_G15, "69", "Infirmier psychiatrique"),
    c(TRE_G15, "70", "Masseur-Kinésithérapeute"),
    c(TRE_G15, "80", "Pédicure-Podologue"),
    c(TRE_G15, "81", "Orthoprothésiste"),
    c(TRE_G15, "82", "Podo-Orthésiste"),
    c(TRE_G15, "83", "Orthopédiste-Orthésiste"),
    c(TRE_G15, "84", "Oculariste"),
    c(TRE_G15, "85", "Epithésiste"),
    c(TRE_G15, "86", "Technicien de laboratoire médical"),
    c(TRE_G15, "91", "Orthophoniste"),
    c(TRE_G15, "92", "Orthoptiste"),
    c(TRE_G15, "93", "Psychologue").until(NEVER),
    c(TRE_G15, "94", "Ergothérapeute"),
    c(TRE_G15, "95", "Diététicien"),
    c(TRE_G15, "96", "Psychomotricien"),
    c(TRE_G15, "98", "Manipulateur ERM"),
];
