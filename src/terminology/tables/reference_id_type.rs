//! Kinds of identifier the DMP accepts in a referenceIdList.
//!
//! JDV_J231-XdsTypesIdentifiantsReferenceId-DMP, OID 1.2.250.1.213.1.1.5.693, version 20221216, 3 rows.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/JDV_J231-XdsTypesIdentifiantsReferenceId-DMP/FHIR/JDV-J231-XdsTypesIdentifiantsReferenceId-DMP>.

use super::system::TRE_R342;
use super::{Concept, ValueSet, concept as c, value_set};

/// Kinds of identifier the DMP accepts in a referenceIdList.
pub static REFERENCE_ID_TYPE: ValueSet = value_set(
    "JDV_J231-XdsTypesIdentifiantsReferenceId-DMP",
    "1.2.250.1.213.1.1.5.693",
    2022_1216,
    "https://mos.esante.gouv.fr/NOS/JDV_J231-XdsTypesIdentifiantsReferenceId-DMP/FHIR/JDV-J231-XdsTypesIdentifiantsReferenceId-DMP",
    CONCEPTS,
);

#[rustfmt::skip]
static CONCEPTS: &[Concept] = &[
    c(TRE_R342, "urn:ihe:iti:xds:2013:accession", "accession"),
    c(TRE_R342, "urn:ihe:iti:xds:2013:order", "order"),
    c(TRE_R342, "urn:ihe:iti:xds:2016:studyInstanceUID", "studyInstanceUID"),
];
