//! Kinds of request about a dossier (reasonCode of TD0 and TD1).
//!
//! TRE_R271-TypeRequete, OID 1.2.250.1.213.1.1.4.11, version 20231215, 6 rows.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/TRE_R271-TypeRequete/FHIR/TRE-R271-TypeRequete>.

use super::system::TRE_R271;
use super::{Concept, ValueSet, concept as c, value_set};

/// Kinds of request about a dossier (reasonCode of TD0 and TD1).
pub static REQUEST_TYPE: ValueSet = value_set(
    "TRE_R271-TypeRequete",
    "1.2.250.1.213.1.1.4.11",
    2023_1215,
    "https://mos.esante.gouv.fr/NOS/TRE_R271-TypeRequete/FHIR/TRE-R271-TypeRequete",
    CONCEPTS,
);

#[rustfmt::skip]
static CONCEPTS: &[Concept] = &[
    c(TRE_R271, "CNSLT_DATA", "Consultation des données de gestion de dossier"),
    c(TRE_R271, "CREA_RD", "Création de dossier"),
    c(TRE_R271, "FERM", "Fermeture de dossier"),
    c(TRE_R271, "MODIF_DATA", "Modification des données de gestion du dossier"),
    c(TRE_R271, "REAC", "Réactivation de dossier"),
    c(TRE_R271, "TEST_EXST", "Test d'existence de dossier"),
];
