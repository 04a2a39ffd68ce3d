//! Classes of document known to the CI-SIS, wider than those of the DMP.
//!
//! JDV_J06-XdsClassCode-CISIS, OID 1.2.250.1.213.1.1.5.462, version 20230922, 13 rows.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/JDV_J06-XdsClassCode-CISIS/FHIR/JDV-J06-XdsClassCode-CISIS>.

use super::system::{TRE_A03, URN};
use super::{Concept, ValueSet, concept as c, value_set};

/// Classes of document known to the CI-SIS, wider than those of the DMP.
pub static CLASS_CODE_CISIS: ValueSet = value_set(
    "JDV_J06-XdsClassCode-CISIS",
    "1.2.250.1.213.1.1.5.462",
    2023_0922,
    "https://mos.esante.gouv.fr/NOS/JDV_J06-XdsClassCode-CISIS/FHIR/JDV-J06-XdsClassCode-CISIS",
    CONCEPTS,
);

#[rustfmt::skip]
static CONCEPTS: &[Concept] = &[
    c(TRE_A03, "10", "Compte rendu"),
    c(TRE_A03, "11", "Synthèse"),
    c(TRE_A03, "31", "Imagerie médicale"),
    c(TRE_A03, "42", "Prescription"),
    c(TRE_A03, "43", "Dispensation"),
    c(TRE_A03, "44", "Plan de soins, protocole de soins"),
    c(TRE_A03, "45", "Traitement administré"),
    c(TRE_A03, "52", "Certificat, déclaration"),
    c(TRE_A03, "60", "Données de remboursement"),
    c(TRE_A03, "90", "Autres documents déposés par le patient"),
    c(TRE_A03, "95", "Document de gestion"),
    c(TRE_A03, "99", "Document technique"),
    c(URN, "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "Digital Signature"),
];
