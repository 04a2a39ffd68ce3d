//! The value sets of the DMP and of the CI-SIS, as tables compiled into the library.
//!
//! The key of a concept is the pair (system, code): the same code occurs in several systems (`10` is a doctor in one,
//! a trainee in another), and two of the "systems" are the literals `URN` and `ASTM` instead of OIDs, as they are
//! written in the `codingScheme` of XDS metadata.
//!
//! The sets are versioned. A code retired by the ANS disappears from its set, while documents that carry it stay in
//! the DMP: what is read from the DMP is never refused because a set does not know it; what is written to the DMP
//! is checked against the set of the DMP (`*_CISIS` sets are wider and only serve to say why). Compare codes, never
//! labels: labels change from one version to the next; on writing, the label of the set is the one to send.
//!
//! Source of every table: Agence du Numérique en Santé, nomenclatures des objets de santé (NOS). LOINC codes:
//! this material contains content from LOINC (<https://loinc.org>), copyright Regenstrief Institute, Inc. and the
//! LOINC Committee, available at no cost under the licence at <https://loinc.org/license>.

pub mod author_specialty;
pub mod class_code;
pub mod class_code_cisis;
pub mod confidentiality_code;
pub mod content_type_code;
pub mod format_code;
pub mod format_code_cisis;
pub mod function_code;
pub mod healthcare_facility;
pub mod healthcare_facility_cisis;
pub mod media_to_format;
pub mod practice_setting;
pub mod profession;
pub mod reference_id_type;
pub mod system;
pub mod template_to_format;
pub mod type_code;
pub mod type_code_cisis;
pub mod type_to_class;
pub mod type_to_class_cisis;

#[doc(inline)]
pub use self::{
    author_specialty::AUTHOR_SPECIALTY, class_code::CLASS_CODE, class_code_cisis::CLASS_CODE_CISIS,
    confidentiality_code::CONFIDENTIALITY_CODE, content_type_code::CONTENT_TYPE_CODE,
    format_code::FORMAT_CODE, format_code_cisis::FORMAT_CODE_CISIS, function_code::FUNCTION_CODE,
    healthcare_facility::HEALTHCARE_FACILITY, healthcare_facility_cisis::HEALTHCARE_FACILITY_CISIS,
    media_to_format::MEDIA_TO_FORMAT, practice_setting::PRACTICE_SETTING,
    profession::DEPRECATED_PROFESSIONS, profession::PROFESSION,
    reference_id_type::REFERENCE_ID_TYPE, template_to_format::TEMPLATE_TO_FORMAT,
    type_code::TYPE_CODE, type_code_cisis::TYPE_CODE_CISIS, type_to_class::TYPE_TO_CLASS,
    type_to_class_cisis::TYPE_TO_CLASS_CISIS,
};

/// One coded notion: its system (an OID, `URN` or `ASTM`), its code and its French label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concept {
    /// OID of the code system, or the literal `URN` or `ASTM`.
    pub system: &'static str,
    /// The code, case-sensitive.
    pub code: &'static str,
    /// The label in the version of the set, in French where the set has one.
    pub label: &'static str,
}

/// A published list of concepts (jeu de valeurs, or a whole code system).
#[derive(Debug)]
pub struct ValueSet {
    /// Name given by the ANS, `JDV_J66-TypeCode-DMP` for instance.
    pub name: &'static str,
    /// OID of the set.
    pub oid: &'static str,
    /// Version, `YYYYMMDD`.
    pub version: &'static str,
    /// Canonical address of the set.
    pub source: &'static str,
    /// Its concepts, sorted by (system, code).
    pub concepts: &'static [Concept],
}

impl ValueSet {
    /// The concept with this system and this code, if the set holds it.
    #[must_use]
    pub fn find(&self, system: &str, code: &str) -> Option<&'static Concept> {
        let concepts = self.concepts;
        let position = concepts.binary_search_by(|c| (c.system, c.code).cmp(&(system, code)));
        position.ok().and_then(|i| concepts.get(i))
    }
}

/// One row of a correspondence: the source code and the concept it leads to.
#[derive(Debug)]
pub struct Mapping {
    /// System of the source code, empty when the source is not a code (a template's OID, a media type).
    pub system: &'static str,
    /// The source code.
    pub code: &'static str,
    /// What it corresponds to.
    pub target: Concept,
}

/// A published correspondence between two code systems (table d'association).
#[derive(Debug)]
pub struct Correspondence {
    /// Name given by the ANS.
    pub name: &'static str,
    /// OID of the table, empty when it has none.
    pub oid: &'static str,
    /// Version.
    pub version: &'static str,
    /// Canonical address of the table.
    pub source: &'static str,
    /// Its rows, sorted by (system, code) of the source; each source code has one row.
    pub mappings: &'static [Mapping],
}

impl Correspondence {
    /// What this source code corresponds to.
    #[must_use]
    pub fn target(&self, system: &str, code: &str) -> Option<&'static Concept> {
        let mappings = self.mappings;
        let position = mappings.binary_search_by(|m| (m.system, m.code).cmp(&(system, code)));
        position
            .ok()
            .and_then(|i| mappings.get(i))
            .map(|m| &m.target)
    }
}

/// The class of a type of document: the table of the DMP first, that of the CI-SIS for a type the DMP lacks.
///
/// Where both have a row they agree.
#[must_use]
pub fn class_of(type_system: &str, type_code: &str) -> Option<&'static Concept> {
    TYPE_TO_CLASS
        .target(type_system, type_code)
        .or_else(|| TYPE_TO_CLASS_CISIS.target(type_system, type_code))
}

/// The format of a structured document, from the roots of its `templateId`s in any order.
///
/// A document carries several templates and most say nothing of the format. `None` when no template has a format,
/// and also when two templates have different ones: choosing would be guessing.
#[must_use]
pub fn format_of_templates<'a>(
    roots: impl IntoIterator<Item = &'a str>,
) -> Option<&'static Concept> {
    let mut found: Option<&'static Concept> = None;
    for format in roots
        .into_iter()
        .filter_map(|root| TEMPLATE_TO_FORMAT.target("", root))
    {
        match found {
            Some(other) if other != format => return None,
            _ => found = Some(format),
        }
    }
    found
}

/// The format of an unstructured document, from the media type of its body (`application/pdf`…), whatever its case.
#[must_use]
pub fn format_of_media(media_type: &str) -> Option<&'static Concept> {
    // Five rows: a scan that ignores case costs less than a lowercase copy.
    let row = MEDIA_TO_FORMAT
        .mappings
        .iter()
        .find(|m| m.code.eq_ignore_ascii_case(media_type));
    row.map(|m| &m.target)
}

/// Whether a code of [`PROFESSION`] no longer qualifies a profession.
#[must_use]
pub fn is_deprecated_profession(code: &str) -> bool {
    DEPRECATED_PROFESSIONS.binary_search(&code).is_ok()
}

/// A row of a value set; only a shorter way to write the tables.
const fn concept(system: &'static str, code: &'static str, label: &'static str) -> Concept {
    Concept {
        system,
        code,
        label,
    }
}

/// A row of a correspondence; only a shorter way to write the tables.
const fn mapping(
    system: &'static str,
    code: &'static str,
    target_system: &'static str,
    target_code: &'static str,
    target_label: &'static str,
) -> Mapping {
    Mapping {
        system,
        code,
        target: concept(target_system, target_code, target_label),
    }
}

#[cfg(test)]
mod tests {
    use super::system::{IHE_FORMAT, LOINC, TRE_A03, TRE_A05, TRE_A07, TRE_G15, TRE_R02};
    use super::*;

    #[test]
    fn value_sets_are_strictly_sorted_and_complete() {
        let sets: &[(&ValueSet, usize)] = &[
            (&AUTHOR_SPECIALTY, 379),
            (&CLASS_CODE, 12),
            (&CLASS_CODE_CISIS, 13),
            (&CONFIDENTIALITY_CODE, 6),
            (&CONTENT_TYPE_CODE, 100),
            (&FORMAT_CODE, 62),
            (&FORMAT_CODE_CISIS, 68),
            (&FUNCTION_CODE, 10),
            (&HEALTHCARE_FACILITY, 68),
            (&HEALTHCARE_FACILITY_CISIS, 69),
            (&PRACTICE_SETTING, 11),
            (&PROFESSION, 30),
            (&REFERENCE_ID_TYPE, 3),
            (&TYPE_CODE, 108),
            (&TYPE_CODE_CISIS, 123),
        ];
        for (set, count) in sets {
            assert_eq!(set.concepts.len(), *count, "{}", set.name);
            let keys: Vec<_> = set.concepts.iter().map(|c| (c.system, c.code)).collect();
            assert!(
                keys.is_sorted_by(|a, b| a < b),
                "{} is not strictly sorted",
                set.name
            );
            assert!(
                set.concepts.iter().all(|c| !c.label.is_empty()),
                "{}",
                set.name
            );
            for c in set.concepts {
                assert_eq!(set.find(c.system, c.code), Some(c), "{}", set.name);
            }
        }
    }

    #[test]
    fn correspondences_are_strictly_sorted_and_complete() {
        let tables: &[(&Correspondence, usize)] = &[
            (&TYPE_TO_CLASS, 109),
            (&TYPE_TO_CLASS_CISIS, 130),
            (&TEMPLATE_TO_FORMAT, 83),
            (&MEDIA_TO_FORMAT, 5),
        ];
        for (table, count) in tables {
            assert_eq!(table.mappings.len(), *count, "{}", table.name);
            let keys: Vec<_> = table.mappings.iter().map(|m| (m.system, m.code)).collect();
            assert!(
                keys.is_sorted_by(|a, b| a < b),
                "{} is not strictly sorted",
                table.name
            );
        }
    }

    #[test]
    fn every_type_of_the_dmp_has_a_class_of_the_dmp() {
        for t in TYPE_CODE.concepts {
            let class = class_of(t.system, t.code).expect("a class");
            assert_eq!(
                CLASS_CODE.find(class.system, class.code),
                Some(class),
                "{}",
                t.code
            );
        }
    }

    #[test]
    fn the_two_class_tables_agree_where_both_have_a_row() {
        for m in TYPE_TO_CLASS.mappings {
            if let Some(other) = TYPE_TO_CLASS_CISIS.target(m.system, m.code) {
                assert_eq!(&m.target, other, "{}", m.code);
            }
        }
    }

    #[test]
    fn classes_and_formats_follow_the_tables() {
        assert_eq!(class_of(LOINC, "11502-2").map(|c| c.code), Some("10"));
        assert_eq!(class_of(TRE_A05, "REMB").map(|c| c.code), Some("60"));
        assert_eq!(class_of(LOINC, "11502-2").map(|c| c.system), Some(TRE_A03));
        assert_eq!(
            class_of(TRE_A05, "11502-2"),
            None,
            "the system is part of the key"
        );
        assert_eq!(
            class_of("ASTM", "E1762").map(|c| (c.system, c.code)),
            Some(("URN", "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"))
        );
        let lab = [
            "2.16.840.1.113883.2.8.2.1",
            "1.3.6.1.4.1.19376.1.3.3",
            "1.2.250.1.213.1.1.1.55",
        ];
        assert_eq!(
            format_of_templates(lab).map(|c| (c.system, c.code)),
            Some((IHE_FORMAT, "urn:ihe:lab:xd-lab:2008"))
        );
        assert_eq!(
            format_of_templates(["1.2.250.1.213.1.1.1.55", "1.2.250.1.213.1.1.1.13"]),
            None
        );
        assert_eq!(format_of_templates(["1.3.6.1.4.1.19376.1.2.20"]), None);
        assert_eq!(
            format_of_media("Application/PDF").map(|c| c.code),
            Some("urn:ihe:iti:xds-sd:pdf:2008")
        );
        assert_eq!(format_of_media("text/html"), None);
    }

    #[test]
    fn sets_of_the_dmp_and_of_the_ci_sis_differ_where_known() {
        assert!(HEALTHCARE_FACILITY.find(TRE_R02, "SA67").is_none());
        assert!(HEALTHCARE_FACILITY_CISIS.find(TRE_R02, "SA67").is_some());
        assert!(HEALTHCARE_FACILITY.find(TRE_R02, "SA11").is_some());
        assert!(CONFIDENTIALITY_CODE.find(TRE_A07, "MASQUE_PS").is_some());
        assert!(PROFESSION.find(TRE_G15, "35").is_some() && is_deprecated_profession("35"));
        assert!(!is_deprecated_profession("10"));
    }
}
