//! The sets in use: those of the library, and those loaded over them.

use std::sync::Arc;

use super::tables::{self, BUILT_IN_CORRESPONDENCES, BUILT_IN_SETS};
use super::{Concept, Correspondence, ValueSet};

/// The value sets and correspondences in use.
///
/// Cheap to clone: what is built in stays where it is, what is loaded is shared.
#[derive(Debug, Clone, Default)]
pub struct Terminology {
    /// Nothing when only the built-in sets are in use.
    loaded: Option<Arc<Loaded>>,
}

/// What stands over the built-in sets, or beside them.
#[derive(Debug, Default)]
struct Loaded {
    sets: Vec<ValueSet>,
    correspondences: Vec<Correspondence>,
}

impl Terminology {
    /// The sets that the library was built with.
    #[must_use]
    pub const fn embedded() -> Terminology {
        Terminology { loaded: None }
    }

    /// These sets under others, which take the place of those with the same OID or name.
    pub(super) fn over(
        &self,
        sets: Vec<ValueSet>,
        correspondences: Vec<Correspondence>,
    ) -> Terminology {
        if sets.is_empty() && correspondences.is_empty() {
            return self.clone();
        }
        let mut all = Loaded {
            sets,
            correspondences,
        };
        for set in self.loaded_sets() {
            if all.sets.iter().all(|s| s.oid != set.oid) {
                all.sets.push(set.clone());
            }
        }
        for table in self.loaded_correspondences() {
            if all.correspondences.iter().all(|t| t.name != table.name) {
                all.correspondences.push(table.clone());
            }
        }
        Terminology {
            loaded: Some(Arc::new(all)),
        }
    }

    fn loaded_sets(&self) -> &[ValueSet] {
        self.loaded.as_deref().map_or(&[], |l| &l.sets)
    }

    fn loaded_correspondences(&self) -> &[Correspondence] {
        self.loaded.as_deref().map_or(&[], |l| &l.correspondences)
    }

    /// The set that stands for a built-in one.
    fn current<'a>(&'a self, built_in: &'a ValueSet) -> &'a ValueSet {
        let mut loaded = self.loaded_sets().iter();
        loaded
            .find(|set| set.oid == built_in.oid)
            .unwrap_or(built_in)
    }

    /// The correspondence that stands for a built-in one. Names, for one of them has no OID.
    fn current_correspondence<'a>(&'a self, built_in: &'a Correspondence) -> &'a Correspondence {
        let mut loaded = self.loaded_correspondences().iter();
        loaded
            .find(|table| table.name == built_in.name)
            .unwrap_or(built_in)
    }

    /// Every set, those that the DMP asks for first.
    pub fn sets(&self) -> impl Iterator<Item = &ValueSet> {
        let replaces = |set: &ValueSet| BUILT_IN_SETS.iter().any(|b| b.oid == set.oid);
        BUILT_IN_SETS
            .iter()
            .map(|built_in| self.current(built_in))
            .chain(self.loaded_sets().iter().filter(move |s| !replaces(s)))
    }

    /// Every correspondence.
    pub fn correspondences(&self) -> impl Iterator<Item = &Correspondence> {
        let replaces = |table: &Correspondence| {
            BUILT_IN_CORRESPONDENCES
                .iter()
                .any(|b| b.name == table.name)
        };
        BUILT_IN_CORRESPONDENCES
            .iter()
            .map(|built_in| self.current_correspondence(built_in))
            .chain(
                self.loaded_correspondences()
                    .iter()
                    .filter(move |t| !replaces(t)),
            )
    }

    /// The set with this name (`JDV_J66-TypeCode-DMP`) or this OID.
    #[must_use]
    pub fn set(&self, name_or_oid: &str) -> Option<&ValueSet> {
        self.sets()
            .find(|set| set.name == name_or_oid || set.oid == name_or_oid)
    }

    /// The label of a code, in whatever set knows it; in those that still have it in force first.
    #[must_use]
    pub fn label(&self, system: &str, code: &str) -> Option<&str> {
        let mut retired = None;
        for concept in self.sets().filter_map(|set| set.find_any(system, code)) {
            if !concept.is_retired() {
                return Some(&concept.label);
            }
            retired = retired.or(Some(&*concept.label));
        }
        retired
    }

    /// The class of a type of document: the table of the DMP first, that of the CI-SIS for a type the DMP lacks.
    ///
    /// Where both have a row they agree.
    #[must_use]
    pub fn class_of(&self, type_system: &str, type_code: &str) -> Option<&Concept> {
        [&tables::TYPE_TO_CLASS, &tables::TYPE_TO_CLASS_CISIS]
            .into_iter()
            .find_map(|table| {
                self.current_correspondence(table)
                    .target(type_system, type_code)
            })
    }

    /// The format of a structured document, from the roots of its `templateId`s in any order.
    ///
    /// A document carries several templates and most say nothing of the format. `None` when no template has a format,
    /// and also when two templates have different ones: choosing would be guessing.
    #[must_use]
    pub fn format_of_templates<'r>(
        &self,
        roots: impl IntoIterator<Item = &'r str>,
    ) -> Option<&Concept> {
        let table = self.current_correspondence(&tables::TEMPLATE_TO_FORMAT);
        let mut found: Option<&Concept> = None;
        for format in roots.into_iter().filter_map(|root| table.target("", root)) {
            match found {
                Some(other) if !other.is(&format.system, &format.code) => return None,
                _ => found = Some(format),
            }
        }
        found
    }

    /// The format of an unstructured document, from the media type of its body (`application/pdf`…), whatever its
    /// case.
    #[must_use]
    pub fn format_of_media(&self, media_type: &str) -> Option<&Concept> {
        // Five rows: a scan that ignores case costs less than a lowercase copy.
        self.current_correspondence(&tables::MEDIA_TO_FORMAT)
            .mappings()
            .iter()
            .find(|m| m.code.eq_ignore_ascii_case(media_type))
            .map(|m| &m.target)
    }
}

/// Accessors of the sets that the code itself uses.
macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident => $table:ident,)*) => {
        impl Terminology {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(&self) -> &ValueSet {
                    self.current(&tables::$table)
                }
            )*
        }
    };
}

accessors! {
    /// JDV_J66: types of document of the DMP (typeCode).
    type_code => TYPE_CODE,
    /// JDV_J57: classes of document of the DMP (classCode).
    class_code => CLASS_CODE,
    /// JDV_J60: formats of document of the DMP (formatCode).
    format_code => FORMAT_CODE,
    /// JDV_J58: confidentiality and visibility (confidentialityCode).
    confidentiality => CONFIDENTIALITY_CODE,
    /// JDV_J61: sectors of activity (healthcareFacilityTypeCode).
    facility => HEALTHCARE_FACILITY,
    /// JDV_J62: settings of practice (practiceSettingCode).
    practice_setting => PRACTICE_SETTING,
    /// JDV_J56: professions and specialties of authors (authorSpecialty).
    author_specialty => AUTHOR_SPECIALTY,
    /// JDV_J59: what a lot was made for (contentTypeCode).
    content_type => CONTENT_TYPE_CODE,
    /// JDV_J231: kinds of identifier in referenceIdList.
    reference_id_type => REFERENCE_ID_TYPE,
    /// JDV_J47: functions of participants (authorRole).
    function => FUNCTION_CODE,
    /// TRE_G15: health professions.
    profession => PROFESSION,
    /// JDV_J07: types of document of the CI-SIS, wider than [`Terminology::type_code`].
    type_code_cisis => TYPE_CODE_CISIS,
    /// JDV_J06: classes of document of the CI-SIS.
    class_code_cisis => CLASS_CODE_CISIS,
    /// JDV_J10: formats of document of the CI-SIS.
    format_code_cisis => FORMAT_CODE_CISIS,
    /// JDV_J02: sectors of activity of the CI-SIS.
    facility_cisis => HEALTHCARE_FACILITY_CISIS,
    /// JDV_J65: professions and savoir-faire of the person who calls the DMP (VIHF).
    subject_role => SUBJECT_ROLE,
    /// JDV_J64: the audience that a secret connection excludes (VIHF).
    audience_restriction => AUDIENCE_RESTRICTION,
    /// TRE_R248: modes of access (VIHF).
    access_mode => ACCESS_MODE,
    /// TRE_R271: kinds of request about a dossier (TD0, TD1).
    request_type => REQUEST_TYPE,
    /// JDV_J11: relations of a person to the patient.
    patient_relation => PATIENT_RELATION,
    /// JDV_J245: titles by which persons are addressed.
    civility => CIVILITY,
    /// JDV_J52: statuses of a document (availabilityStatus).
    availability_status => AVAILABILITY_STATUS,
    /// TRE_A07: visibility of a document, of which the DMP takes a part.
    visibility_status => VISIBILITY_STATUS,
    /// TRE_R38: specialties as the orders of professions name them.
    ordinal_specialty => ORDINAL_SPECIALTY,
}
