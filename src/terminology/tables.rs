//! The tables, one file each, as the ANS published them.
//!
//! A code that a later version dropped keeps its row, with the day of that version as its end.
//!
//! Not here, for want of their current version: JDV_J01 (specialties of authors), JDV_J03 (kinds of lot), JDV_J04
//! (settings of practice) and JDV_J05 (acts), which the CI-SIS uses outside the DMP. A pack can bring them.

mod access_mode;
mod audience_restriction;
mod author_specialty;
mod availability_status;
mod civility;
mod class_code;
mod class_code_cisis;
mod confidentiality_code;
mod content_type_code;
mod format_code;
mod format_code_cisis;
mod function_code;
mod healthcare_facility;
mod healthcare_facility_cisis;
mod media_to_format;
mod ordinal_specialty;
mod patient_relation;
mod practice_setting;
mod profession;
mod reference_id_type;
mod request_type;
mod subject_role;
mod template_to_format;
mod type_code;
mod type_code_cisis;
mod type_to_class;
mod type_to_class_cisis;
mod visibility_status;

use super::{Concept, Correspondence, Mapping, ValueSet, system};

pub(super) use self::{
    access_mode::ACCESS_MODE, audience_restriction::AUDIENCE_RESTRICTION,
    author_specialty::AUTHOR_SPECIALTY, availability_status::AVAILABILITY_STATUS,
    civility::CIVILITY, class_code::CLASS_CODE, class_code_cisis::CLASS_CODE_CISIS,
    confidentiality_code::CONFIDENTIALITY_CODE, content_type_code::CONTENT_TYPE_CODE,
    format_code::FORMAT_CODE, format_code_cisis::FORMAT_CODE_CISIS, function_code::FUNCTION_CODE,
    healthcare_facility::HEALTHCARE_FACILITY, healthcare_facility_cisis::HEALTHCARE_FACILITY_CISIS,
    media_to_format::MEDIA_TO_FORMAT, ordinal_specialty::ORDINAL_SPECIALTY,
    patient_relation::PATIENT_RELATION, practice_setting::PRACTICE_SETTING, profession::PROFESSION,
    reference_id_type::REFERENCE_ID_TYPE, request_type::REQUEST_TYPE, subject_role::SUBJECT_ROLE,
    template_to_format::TEMPLATE_TO_FORMAT, type_code::TYPE_CODE, type_code_cisis::TYPE_CODE_CISIS,
    type_to_class::TYPE_TO_CLASS, type_to_class_cisis::TYPE_TO_CLASS_CISIS,
    visibility_status::VISIBILITY_STATUS,
};

/// The value sets of the library: those of the DMP, then what the CI-SIS adds, then whole code systems.
///
/// A label is looked for in this order.
pub(super) static BUILT_IN_SETS: [&ValueSet; 24] = [
    &TYPE_CODE,
    &CLASS_CODE,
    &FORMAT_CODE,
    &CONFIDENTIALITY_CODE,
    &HEALTHCARE_FACILITY,
    &PRACTICE_SETTING,
    &AUTHOR_SPECIALTY,
    &CONTENT_TYPE_CODE,
    &REFERENCE_ID_TYPE,
    &SUBJECT_ROLE,
    &AUDIENCE_RESTRICTION,
    &TYPE_CODE_CISIS,
    &CLASS_CODE_CISIS,
    &FORMAT_CODE_CISIS,
    &HEALTHCARE_FACILITY_CISIS,
    &FUNCTION_CODE,
    &PATIENT_RELATION,
    &CIVILITY,
    &AVAILABILITY_STATUS,
    &PROFESSION,
    &ORDINAL_SPECIALTY,
    &ACCESS_MODE,
    &REQUEST_TYPE,
    &VISIBILITY_STATUS,
];

/// The correspondences of the library.
pub(super) static BUILT_IN_CORRESPONDENCES: [&Correspondence; 4] = [
    &TYPE_TO_CLASS,
    &TYPE_TO_CLASS_CISIS,
    &TEMPLATE_TO_FORMAT,
    &MEDIA_TO_FORMAT,
];

/// A value set; only a shorter way to write the tables.
const fn value_set(
    name: &'static str,
    oid: &'static str,
    version: u32,
    source: &'static str,
    concepts: &'static [Concept],
) -> ValueSet {
    ValueSet::literal(name, oid, version, source, concepts)
}

/// A row of a value set.
const fn concept(system: &'static str, code: &'static str, label: &'static str) -> Concept {
    Concept::literal(system, code, label)
}

/// A correspondence.
const fn correspondence(
    name: &'static str,
    oid: &'static str,
    version: &'static str,
    source: &'static str,
    mappings: &'static [Mapping],
) -> Correspondence {
    Correspondence::literal(name, oid, version, source, mappings)
}

/// A row of a correspondence.
const fn mapping(
    system: &'static str,
    code: &'static str,
    target_system: &'static str,
    target_code: &'static str,
    target_label: &'static str,
) -> Mapping {
    Mapping::literal(
        system,
        code,
        concept(target_system, target_code, target_label),
    )
}
