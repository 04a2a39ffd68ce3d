//! Statuses of a document (XDS availabilityStatus).
//!
//! JDV_J52-AvailabilityStatus-CISIS, OID 1.2.250.1.213.1.1.5.131, version 20200424, 4 rows.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/JDV_J52-AvailabilityStatus-CISIS/FHIR/JDV-J52-AvailabilityStatus-CISIS>.
//! The statuses are URNs without a system.

use super::{Concept, ValueSet, concept as c, value_set};

/// Statuses of a document (XDS availabilityStatus).
pub static AVAILABILITY_STATUS: ValueSet = value_set(
    "JDV_J52-AvailabilityStatus-CISIS",
    "1.2.250.1.213.1.1.5.131",
    2020_0424,
    "https://mos.esante.gouv.fr/NOS/JDV_J52-AvailabilityStatus-CISIS/FHIR/JDV-J52-AvailabilityStatus-CISIS",
    CONCEPTS,
);

#[rustfmt::skip]
static CONCEPTS: &[Concept] = &[
    c("", "urn:asip:ci-sis:2010:StatusType:Archived", "Version archivée et à jour"),
    c("", "urn:asip:ci-sis:2010:StatusType:Deleted", "Version dépubliée"),
    c("", "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved", "Version à jour"),
    c("", "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated", "Version obsolète"),
];
