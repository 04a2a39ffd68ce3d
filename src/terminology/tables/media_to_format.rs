//! Format of an unstructured document, by the media type of its body.
//!
//! ASS_A12-CorresMediaTypeCDANonStructure-XdsFormatCode-CISIS, no OID of its own, version 5.0.0, 5 rows.
//! Source: ANS, nomenclatures des objets de santé (NOS), <https://mos.esante.gouv.fr/NOS/ASS_A12_CorresMediaTypeCDANonStructure-XdsFormatCode-CISIS>.

use super::system::IHE_FORMAT;
use super::{Correspondence, Mapping, correspondence, mapping as m};

/// Format of an unstructured document, by the media type of its body.
pub static MEDIA_TO_FORMAT: Correspondence = correspondence(
    "ASS_A12-CorresMediaTypeCDANonStructure-XdsFormatCode-CISIS",
    "",
    "5.0.0",
    "https://mos.esante.gouv.fr/NOS/ASS_A12_CorresMediaTypeCDANonStructure-XdsFormatCode-CISIS",
    MAPPINGS,
);

#[rustfmt::skip]
static MAPPINGS: &[Mapping] = &[
    m("", "application/pdf", IHE_FORMAT, "urn:ihe:iti:xds-sd:pdf:2008", "Document à corps non structuré en Pdf/A-1"),
    m("", "image/jpeg", IHE_FORMAT, "urn:ihe:iti-fr:xds-sd:jpeg:2010", "Document à corps non structuré en format jpeg"),
    m("", "image/tiff", IHE_FORMAT, "urn:ihe:iti-fr:xds-sd:tiff:2010", "Document à corps non structuré en format tiff"),
    m("", "text/plain", IHE_FORMAT, "urn:ihe:iti:xds-sd:text:2008", "Document à corps non structuré en texte brut"),
    m("", "text/rtf", IHE_FORMAT, "urn:ihe:iti-fr:xds-sd:rtf:2010", "Document à corps non structuré en format rtf"),
];
