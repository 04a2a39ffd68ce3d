//! Modes of access to a dossier (VIHF).
//!
//! TRE_R248-ModeAcces, OID 1.2.250.1.213.1.1.4.248, version 20241122, 3 rows.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/TRE_R248_ModeAcces/FHIR/TRE-R248-ModeAcces>.

use super::system::TRE_R248;
use super::{Concept, ValueSet, concept as c, value_set};

/// Modes of access to a dossier (VIHF).
pub static ACCESS_MODE: ValueSet = value_set(
    "TRE_R248-ModeAcces",
    "1.2.250.1.213.1.1.4.248",
    2024_1122,
    "https://mos.esante.gouv.fr/NOS/TRE_R248_ModeAcces/FHIR/TRE-R248-ModeAcces",
    CONCEPTS,
);

#[rustfmt::skip]
static CONCEPTS: &[Concept] = &[
    c(TRE_R248, "bris_de_glace", "Accès en bris de glace"),
    c(TRE_R248, "centre_15", "Accès par un centre de régulation médicale"),
    c(TRE_R248, "normal", "Accès normal"),
];
