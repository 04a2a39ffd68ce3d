//! Functional roles of authors (CDA functionCode, XDS authorRole).
//!
//! JDV_J47-FunctionCode-CISIS, OID 1.2.250.1.213.1.1.5.124, version 20241213, 10 rows.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/JDV_J47-FunctionCode-CISIS>.

use super::system::{CISIS_FUNCTION, HL7_PARTICIPATION_FUNCTION, TRE_R85};
use super::{Concept, ValueSet, concept as c, value_set};

/// Functional roles of authors (CDA functionCode, XDS authorRole).
pub static FUNCTION_CODE: ValueSet = value_set(
    "JDV_J47-FunctionCode-CISIS",
    "1.2.250.1.213.1.1.5.124",
    2024_1213,
    "https://mos.esante.gouv.fr/NOS/JDV_J47-FunctionCode-CISIS",
    CONCEPTS,
);

#[rustfmt::skip]
static CONCEPTS: &[Concept] = &[
    c(CISIS_FUNCTION, "CORRE", "Correspondant"),
    c(CISIS_FUNCTION, "ES-PREF", "Etablissement de santé de préférence"),
    c(CISIS_FUNCTION, "ES-REF", "Etablissement de santé de référence"),
    c(CISIS_FUNCTION, "PRELV", "Préleveur"),
    c(TRE_R85, "330", "Coordonnateur de parcours"),
    c(TRE_R85, "353", "Membre de l'équipe de soins"),
    c(HL7_PARTICIPATION_FUNCTION, "ADMPHYS", "Responsable de l'admission"),
    c(HL7_PARTICIPATION_FUNCTION, "ATTPHYS", "Référent - Responsable du patient dans la structure de soins"),
    c(HL7_PARTICIPATION_FUNCTION, "DISPHYS", "Responsable de la sortie"),
    c(HL7_PARTICIPATION_FUNCTION, "PCP", "Médecin traitant"),
];
