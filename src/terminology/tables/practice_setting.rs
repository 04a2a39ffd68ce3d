//! Settings of practice the DMP accepts (XDS practiceSettingCode).
//!
//! JDV_J62-PracticeSettingCode-DMP, OID 1.2.250.1.213.1.1.5.4, version 20230922, 11 rows.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/JDV_J62-PracticeSettingCode-DMP/FHIR/JDV-J62-PracticeSettingCode-DMP>.

use super::system::{TRE_A00, TRE_A01};
use super::{Concept, ValueSet, concept as c, value_set};

/// Settings of practice the DMP accepts (XDS practiceSettingCode).
pub static PRACTICE_SETTING: ValueSet = value_set(
    "JDV_J62-PracticeSettingCode-DMP",
    "1.2.250.1.213.1.1.5.4",
    2023_0922,
    "https://mos.esante.gouv.fr/NOS/JDV_J62-PracticeSettingCode-DMP/FHIR/JDV-J62-PracticeSettingCode-DMP",
    CONCEPTS,
);

#[rustfmt::skip]
static CONCEPTS: &[Concept] = &[
    c(TRE_A00, "EXP_PATIENT", "Expression personnelle du patient"),
    c(TRE_A00, "SNR", "Service numérique référencé"),
    c(TRE_A01, "AMBULATOIRE", "Ambulatoire"),
    c(TRE_A01, "AMO", "Organisme d'assurance maladie obligatoire"),
    c(TRE_A01, "DEPISTAGE", "Dépistage"),
    c(TRE_A01, "ETABLISSEMENT", "Etablissement de santé"),
    c(TRE_A01, "HAD", "Hospitalisation à domicile"),
    c(TRE_A01, "MAD", "Maintien à domicile"),
    c(TRE_A01, "PALLIATIF", "Soins palliatifs"),
    c(TRE_A01, "SAD", "Soins à domicile"),
    c(TRE_A01, "SAMU_SMUR", "SAMU/SMUR"),
];
