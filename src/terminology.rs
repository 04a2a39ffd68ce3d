//! The value sets of the DMP and of the CI-SIS.
//!
//! The key of a concept is the pair (system, code): the same code occurs in several systems (`10` is a doctor in one,
//! a trainee in another), and two of the "systems" are the literals `URN` and `ASTM` instead of OIDs, as they are
//! written in the `codingScheme` of XDS metadata.
//!
//! The sets are versioned. A code retired by the ANS disappears from its set, while documents that carry it stay in
//! the DMP: what is read from the DMP is never refused because a set does not know it; what is written to the DMP
//! is checked against the set of the DMP (those of the CI-SIS are wider and only serve to say why). So a retired code
//! keeps its row here, with the day of its end: [`ValueSet::find`] is for writing, [`ValueSet::find_any`] for reading.
//! Compare codes, never labels: labels change from one version to the next; on writing, the label of the set is the
//! one to send.
//!
//! Everything asks a [`Terminology`]: the tables of the library, or what a practice loaded over them.
//!
//! Source of every table: Agence du Numérique en Santé, nomenclatures des objets de santé (NOS). LOINC codes:
//! this material contains content from LOINC (<https://loinc.org>), copyright Regenstrief Institute, Inc. and the
//! LOINC Committee, available at no cost under the licence at <https://loinc.org/license>.

mod concept;
mod correspondence;
mod current;
mod list;
pub mod pack;
pub mod system;
mod tables;
mod value_set;

pub use self::concept::{Concept, Day};
pub use self::correspondence::{Correspondence, Mapping};
pub use self::current::Terminology;
pub use self::list::{CodeCheck, CorrespondenceSummary, SetListing, SetSummary};
pub use self::pack::{Pack, PackError, Report};
pub use self::value_set::ValueSet;

#[cfg(test)]
mod tests {
    use super::system::{
        IHE_FORMAT, LOINC, TRE_A03, TRE_A05, TRE_A06, TRE_A07, TRE_G15, TRE_G16, TRE_R01, TRE_R02,
        TRE_R248,
    };
    use super::tables::*;
    use super::{Correspondence, Day, Terminology, ValueSet};

    static T: Terminology = Terminology::embedded();

    #[test]
    fn value_sets_are_strictly_sorted_and_complete() {
        // Rows of the version, then rows kept from earlier ones.
        let sets: &[(&ValueSet, usize, usize)] = &[
            (&AUTHOR_SPECIALTY, 379, 0),
            (&CLASS_CODE, 12, 0),
            (&CLASS_CODE_CISIS, 13, 0),
            (&CONFIDENTIALITY_CODE, 6, 0),
            (&CONTENT_TYPE_CODE, 100, 0),
            (&FORMAT_CODE, 62, 3),
            (&FORMAT_CODE_CISIS, 68, 0),
            (&FUNCTION_CODE, 10, 0),
            (&HEALTHCARE_FACILITY, 68, 0),
            (&HEALTHCARE_FACILITY_CISIS, 69, 0),
            (&PRACTICE_SETTING, 11, 0),
            (&PROFESSION, 24, 6),
            (&REFERENCE_ID_TYPE, 3, 0),
            (&TYPE_CODE, 108, 0),
            (&TYPE_CODE_CISIS, 123, 0),
            (&SUBJECT_ROLE, 432, 0),
            (&AUDIENCE_RESTRICTION, 1, 0),
            (&PATIENT_RELATION, 37, 0),
            (&CIVILITY, 2, 0),
            (&AVAILABILITY_STATUS, 4, 0),
            (&ORDINAL_SPECIALTY, 103, 0),
            (&ACCESS_MODE, 3, 0),
            (&REQUEST_TYPE, 6, 0),
            (&VISIBILITY_STATUS, 5, 0),
        ];
        assert_eq!(sets.len(), BUILT_IN_SETS.len());
        for (set, count, retired) in sets {
            assert_eq!(set.concepts().count(), *count, "{}", set.name);
            assert_eq!(set.all().len(), count + retired, "{}", set.name);
            assert!(
                set.all().is_sorted_by(|a, b| a.key() < b.key()),
                "{} is not strictly sorted",
                set.name
            );
            for c in set.all() {
                assert!(!c.label.is_empty(), "{}", set.name);
                assert_eq!(set.find_any(&c.system, &c.code), Some(c), "{}", set.name);
                let in_force = (!c.is_retired()).then_some(c);
                assert_eq!(set.find(&c.system, &c.code), in_force, "{}", set.name);
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
        assert_eq!(tables.len(), BUILT_IN_CORRESPONDENCES.len());
        for (table, count) in tables {
            assert_eq!(table.mappings().len(), *count, "{}", table.name);
            assert!(
                table.mappings().is_sorted_by(|a, b| a.key() < b.key()),
                "{} is not strictly sorted",
                table.name
            );
        }
    }

    #[test]
    fn every_type_of_the_dmp_has_a_class_of_the_dmp() {
        for t in TYPE_CODE.all() {
            let class = T.class_of(&t.system, &t.code).expect("a class");
            assert_eq!(
                CLASS_CODE.find(&class.system, &class.code),
                Some(class),
                "{}",
                t.code
            );
        }
    }

    #[test]
    fn the_two_class_tables_agree_where_both_have_a_row() {
        for m in TYPE_TO_CLASS.mappings() {
            if let Some(other) = TYPE_TO_CLASS_CISIS.target(&m.system, &m.code) {
                assert_eq!(&m.target, other, "{}", m.code);
            }
        }
    }

    #[test]
    fn classes_and_formats_follow_the_tables() {
        assert_eq!(T.class_of(LOINC, "11502-2").map(|c| &*c.code), Some("10"));
        assert_eq!(T.class_of(TRE_A05, "REMB").map(|c| &*c.code), Some("60"));
        assert_eq!(
            T.class_of(LOINC, "11502-2").map(|c| &*c.system),
            Some(TRE_A03)
        );
        assert_eq!(
            T.class_of(TRE_A05, "11502-2"),
            None,
            "the system is part of the key"
        );
        assert_eq!(
            T.class_of("ASTM", "E1762").map(super::Concept::key),
            Some(("URN", "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"))
        );
        let lab = [
            "2.16.840.1.113883.2.8.2.1",
            "1.3.6.1.4.1.19376.1.3.3",
            "1.2.250.1.213.1.1.1.55",
        ];
        assert_eq!(
            T.format_of_templates(lab).map(super::Concept::key),
            Some((IHE_FORMAT, "urn:ihe:lab:xd-lab:2008"))
        );
        assert_eq!(
            T.format_of_templates(["1.2.250.1.213.1.1.1.55", "1.2.250.1.213.1.1.1.13"]),
            None
        );
        assert_eq!(T.format_of_templates(["1.3.6.1.4.1.19376.1.2.20"]), None);
        assert_eq!(
            T.format_of_media("Application/PDF").map(|c| &*c.code),
            Some("urn:ihe:iti:xds-sd:pdf:2008")
        );
        assert_eq!(T.format_of_media("text/html"), None);
    }

    #[test]
    fn sets_of_the_dmp_and_of_the_ci_sis_differ_where_known() {
        assert!(HEALTHCARE_FACILITY.find(TRE_R02, "SA67").is_none());
        assert!(HEALTHCARE_FACILITY_CISIS.find(TRE_R02, "SA67").is_some());
        assert!(HEALTHCARE_FACILITY.find(TRE_R02, "SA11").is_some());
        assert!(CONFIDENTIALITY_CODE.find(TRE_A07, "MASQUE_PS").is_some());
    }

    #[test]
    fn a_code_is_known_after_its_end_and_not_written_with() {
        let day = |text| Day::parse(text).expect("a day");
        let assistant = |date| PROFESSION.at(TRE_G15, "35", day(date)).is_some();
        assert!(PROFESSION.find(TRE_G15, "35").is_none());
        assert!(PROFESSION.find_any(TRE_G15, "35").is_some());
        assert!(assistant("20241212") && !assistant("20241213"));
        assert!(PROFESSION.at(TRE_G15, "93", day("20000101")).is_none());
        let format = "urn:asip:ci-sis:dlu-dlu-dom:2022";
        assert!(FORMAT_CODE.find(TRE_A06, format).is_none());
        assert_eq!(
            T.label(TRE_A06, format),
            Some("Document de liaison d'urgence DOM")
        );
        let added = |date| {
            let trod = "urn:ans:ci-sis:trod:2024";
            FORMAT_CODE.at(TRE_A06, trod, day(date)).is_some()
        };
        assert!(!added("20240926") && added("20240927"));
    }

    #[test]
    fn what_one_set_holds_of_another_is_the_same() {
        // A secret connection excludes an audience by one of the visibility codes; the DMP takes three of the five.
        for c in AUDIENCE_RESTRICTION.all() {
            assert!(VISIBILITY_STATUS.find(&c.system, &c.code).is_some());
        }
        let taken = VISIBILITY_STATUS.all().iter();
        let taken = taken.filter(|c| CONFIDENTIALITY_CODE.find(&c.system, &c.code).is_some());
        assert_eq!(taken.count(), 3);
        // Roles: every profession but the one that never was in force, under the same labels.
        let roles = |system| {
            SUBJECT_ROLE
                .all()
                .iter()
                .filter(move |c| c.system == system)
        };
        assert_eq!(roles(TRE_G15).count(), PROFESSION.all().len() - 1);
        for c in roles(TRE_G15) {
            let profession = PROFESSION
                .find_any(&c.system, &c.code)
                .expect("a profession");
            assert_eq!(c.label, profession.label, "{}", c.code);
        }
        assert_eq!(roles(TRE_R01).count(), 268);
        // The same code in two systems.
        assert_eq!(T.label(TRE_G15, "40"), Some("Chirurgien-Dentiste"));
        assert_eq!(
            T.label(TRE_G16, "40"),
            Some("Chirurgien-Dentiste en formation")
        );
    }

    #[test]
    fn the_words_of_the_dmp_are_those_of_its_sets() {
        use crate::document::Status;
        for status in [
            Status::Approved,
            Status::Deprecated,
            Status::Archived,
            Status::Deleted,
        ] {
            assert!(
                AVAILABILITY_STATUS.find("", status.urn()).is_some(),
                "{status:?}"
            );
        }
        for mode in ["normal", "bris_de_glace", "centre_15"] {
            assert!(ACCESS_MODE.find(TRE_R248, mode).is_some(), "{mode}");
        }
    }

    #[test]
    fn a_set_goes_by_its_name_and_by_its_oid() {
        for set in T.sets() {
            for key in [&set.name, &set.oid] {
                assert_eq!(T.set(key), Some(set), "{key}");
            }
        }
        assert_eq!(T.set("JDV_J66"), None);
    }
}
