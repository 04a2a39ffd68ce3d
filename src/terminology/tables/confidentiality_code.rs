//! Confidentiality and visibility codes of the DMP (XDS confidentialityCode).
//!
//! JDV_J58-ConfidentialityCode-DMP, OID 1.2.250.1.213.1.1.5.9, version 20200424, 6 rows.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/JDV_J58-ConfidentialityCode-DMP/FHIR/JDV-J58-ConfidentialityCode-DMP>.
//! Two systems in one set: the HL7 level first, the visibility codes beside it.

use super::system::{HL7_CONFIDENTIALITY, TRE_A07};
use super::{Concept, ValueSet, concept as c, value_set};

/// Confidentiality and visibility codes of the DMP (XDS confidentialityCode).
pub static CONFIDENTIALITY_CODE: ValueSet = value_set(
    "JDV_J58-ConfidentialityCode-DMP",
    "1.2.250.1.213.1.1.5.9",
    2020_0424,
    "https://mos.esante.gouv.fr/NOS/JDV_J58-ConfidentialityCode-DMP/FHIR/JDV-J58-ConfidentialityCode-DMP",
    CONCEPTS,
);

#[rustfmt::skip]
static CONCEPTS: &[Concept] = &[
    c(TRE_A07, "INVISIBLE_PATIENT", "Non visible par le patient"),
    c(TRE_A07, "INVISIBLE_REPRESENTANTS_LEGAUX", "Non visible par les représentants légaux du patient"),
    c(TRE_A07, "MASQUE_PS", "Masqué aux professionnels de santé"),
    c(HL7_CONFIDENTIALITY, "N", "Normal"),
    c(HL7_CONFIDENTIALITY, "R", "Restreint"),
    c(HL7_CONFIDENTIALITY, "V", "Très restreint"),
];
