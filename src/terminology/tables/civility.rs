//! Titles by which persons are addressed.
//!
//! JDV_J245-Civilite-CISIS, OID 1.2.250.1.213.1.1.5.718, version 20230331, 2 rows.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/JDV_J245-Civilite-CISIS>.

use super::system::CIVILITIES;
use super::{Concept, ValueSet, concept as c, value_set};

/// Titles by which persons are addressed.
pub static CIVILITY: ValueSet = value_set(
    "JDV_J245-Civilite-CISIS",
    "1.2.250.1.213.1.1.5.718",
    2023_0331,
    "https://mos.esante.gouv.fr/NOS/JDV_J245-Civilite-CISIS",
    CONCEPTS,
);

#[rustfmt::skip]
static CONCEPTS: &[Concept] = &[
    c(CIVILITIES, "M", "Monsieur"),
    c(CIVILITIES, "MME", "Madame"),
];
