//! Audience that a secret connection excludes (VIHF).
//!
//! JDV_J64-RestrictionAudienceVIHF-DMP, OID 1.2.250.1.213.1.1.5.97, version 20200424, 1 row.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/JDV_J64-RestrictionAudienceVIHF-DMP/FHIR/JDV-J64-RestrictionAudienceVIHF-DMP>.

use super::system::TRE_A07;
use super::{Concept, ValueSet, concept as c, value_set};

/// Audience that a secret connection excludes (VIHF).
pub static AUDIENCE_RESTRICTION: ValueSet = value_set(
    "JDV_J64-RestrictionAudienceVIHF-DMP",
    "1.2.250.1.213.1.1.5.97",
    2020_0424,
    "https://mos.esante.gouv.fr/NOS/JDV_J64-RestrictionAudienceVIHF-DMP/FHIR/JDV-J64-RestrictionAudienceVIHF-DMP",
    CONCEPTS,
);

#[rustfmt::skip]
static CONCEPTS: &[Concept] = &[
    c(TRE_A07, "INVISIBLE_REPRESENTANTS_LEGAUX", "Non visible par les représentants légaux du patient"),
];
