//! Relations of a person to the patient: family, legal representatives.
//!
//! JDV_J11-RelationPatient-CISIS, OID 1.2.250.1.213.3.3.16, version 20200424, 37 rows.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/JDV_J11-RelationPatient-CISIS>.

use super::system::{CISIS_RELATION, HL7_ROLE_CODE};
use super::{Concept, ValueSet, concept as c, value_set};

/// Relations of a person to the patient: family, legal representatives.
pub static PATIENT_RELATION: ValueSet = value_set(
    "JDV_J11-RelationPatient-CISIS",
    "1.2.250.1.213.3.3.16",
    2020_0424,
    "https://mos.esante.gouv.fr/NOS/JDV_J11-RelationPatient-CISIS",
    CONCEPTS,
);

#[rustfmt::skip]
static CONCEPTS: &[Concept] = &[
    c(CISIS_RELATION, "CURATEUR", "Curateur"),
    c(CISIS_RELATION, "MSVG", "Mandataire de sauvegarde"),
    c(CISIS_RELATION, "TUTEUR", "Tuteur"),
    c(HL7_ROLE_CODE, "AUNT", "Tante"),
    c(HL7_ROLE_CODE, "BRO", "Frère"),
    c(HL7_ROLE_CODE, "CHILD", "Enfant"),
    c(HL7_ROLE_CODE, "COUSN", "Cousin(e)"),
    c(HL7_ROLE_CODE, "DAU", "Fille biologique"),
    c(HL7_ROLE_CODE, "DAUC", "Fille"),
    c(HL7_ROLE_CODE, "DOMPART", "Concubin(e) ou partenaire PACS"),
    c(HL7_ROLE_CODE, "FAMMEMB", "Autre membre de la famille"),
    c(HL7_ROLE_CODE, "FRND", "Autre proche"),
    c(HL7_ROLE_CODE, "FTH", "Père"),
    c(HL7_ROLE_CODE, "GGRFTH", "Arrière-grand-père"),
    c(HL7_ROLE_CODE, "GGRMTH", "Arrière-grand-mère"),
    c(HL7_ROLE_CODE, "GRFTH", "Grand-père"),
    c(HL7_ROLE_CODE, "GRMTH", "Grand-mère"),
    c(HL7_ROLE_CODE, "GRNDDAU", "Petite-fille"),
    c(HL7_ROLE_CODE, "GRNDSO", "Petit-fils"),
    c(HL7_ROLE_CODE, "HBRO", "Demi-frère"),
    c(HL7_ROLE_CODE, "HSIS", "Demi-soeur"),
    c(HL7_ROLE_CODE, "HUSB", "Epoux"),
    c(HL7_ROLE_CODE, "MTH", "Mère"),
    c(HL7_ROLE_CODE, "NBOR", "Voisin(e)"),
    c(HL7_ROLE_CODE, "NEPHEW", "Neveu"),
    c(HL7_ROLE_CODE, "NFTH", "Père biologique"),
    c(HL7_ROLE_CODE, "NIECE", "Nièce"),
    c(HL7_ROLE_CODE, "NMTH", "Mère biologique"),
    c(HL7_ROLE_CODE, "ROOM", "Personne vivant sous le même toit"),
    c(HL7_ROLE_CODE, "SIGOTHR", "Conjoint"),
    c(HL7_ROLE_CODE, "SIS", "Soeur"),
    c(HL7_ROLE_CODE, "SON", "Fils biologique"),
    c(HL7_ROLE_CODE, "SONC", "Fils"),
    c(HL7_ROLE_CODE, "STPFTH", "Beau-père - époux du père ou de la mère"),
    c(HL7_ROLE_CODE, "STPMTH", "Belle-mère - épouse du père ou de la mère"),
    c(HL7_ROLE_CODE, "UNCLE", "Oncle"),
    c(HL7_ROLE_CODE, "WIFE", "Epouse"),
];
