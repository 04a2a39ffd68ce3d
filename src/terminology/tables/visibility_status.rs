//! Visibility of a document, whole system.
//!
//! TRE_A07-StatutVisibiliteDocument, OID 1.2.250.1.213.1.1.4.13, version 20231215, 5 rows.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument>.
//! The DMP takes three of them, those of JDV_J58.

use super::system::TRE_A07;
use super::{Concept, ValueSet, concept as c, value_set};

/// Visibility of a document, whole system.
pub static VISIBILITY_STATUS: ValueSet = value_set(
    "TRE_A07-StatutVisibiliteDocument",
    "1.2.250.1.213.1.1.4.13",
    2023_1215,
    "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument",
    CONCEPTS,
);

#[rustfmt::skip]
static CONCEPTS: &[Concept] = &[
    c(TRE_A07, "INVISIBLE_PATIENT", "Non visible par le patient"),
    c(TRE_A07, "INVISIBLE_REPRESENTANTS_LEGAUX", "Non visible par représentants légaux du patient"),
    c(TRE_A07, "MASQUE_PS", "Masqué aux professionnels de santé"),
    c(TRE_A07, "MASQUE_PSOCIAL", "Masqué aux professionnels du dom social"),
    c(TRE_A07, "MASQUE_PT", "Masqué aux personnes tierces"),
];
