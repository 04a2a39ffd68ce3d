//! Classes of document of the DMP (XDS classCode).
//!
//! JDV_J57-ClassCode-DMP, OID 1.2.250.1.213.1.1.5.6, version 20230922, 12 rows.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/JDV_J57-ClassCode-DMP/FHIR/JDV-J57-ClassCode-DMP>.

use super::system::{TRE_A03, URN};
use super::{Concept, ValueSet, concept as c, value_set};

/// Classes of document of the DMP (XDS classCode).
pub static CLASS_CODE: ValueSet = value_set(
    "JDV_J57-ClassCode-DMP",
    "1.2.250.1.213.1.1.5.6",
    2023_0922,
    "https://mos.esante.gouv.fr/NOS/JDV_J57-ClassCode-DMP/FHIR/JDV-J57-ClassCode-DMP",
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
    c(URN, "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "Digital Signature"),
];
