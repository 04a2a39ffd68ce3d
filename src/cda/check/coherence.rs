//! Type, class and format together.

use super::{Against, Notes, codes};
use crate::cda::finding::{self, context as rules, structure};
use crate::cda::{Body, Header};
use crate::terminology::Concept;
use crate::terminology::system::LOINC;

/// Formats whose documents all have one of these LOINC types: the CI-SIS volet fixes it.
const TYPES: &[(&str, &[&str])] = &[
    ("urn:ihe:lab:xd-lab:2008", &["11502-2"]),
    ("urn:ans:ci-sis:img-da:2022", &["55115-0"]),
    ("urn:ihe:pharm:pre:2010", &["57833-6"]),
    ("urn:ihe:pharm:dis:2010", &["60593-1"]),
    ("urn:asip:ci-sis:vac:2019", &["11369-6"]),
    ("urn:asip:ci-sis:vac-note:2021", &["87273-9"]),
    ("urn:asip:ci-sis:ldl-ees:2017", &["18761-7"]),
    ("urn:asip:ci-sis:ldl-ses:2017", &["11490-0"]),
];

/// The format of the templates against the type, and against the format that the caller states.
pub(super) fn all(
    header: &Header,
    against: &Against<'_>,
    stated: Option<&Concept>,
    notes: &mut Notes,
) {
    let structured = matches!(header.body, Some(Body::Structured));
    let templates = header.template_ids.iter().map(|t| t.root.as_str());
    let format = against.terminology.format_of_templates(templates);
    let format = format.filter(|_| structured);
    if let (Some(format), Some(kind)) = (format, &header.code) {
        let types = TYPES.iter().find(|(code, _)| *code == format.code);
        let fits = |types: &&[&str]| kind.system == LOINC && types.contains(&kind.code.as_str());
        // A type that the DMP does not know is already said to be wrong.
        if types.is_some_and(|(_, types)| !fits(types)) && !notes.has(&finding::CODE_SET) {
            notes.add(&rules::FORMAT_TYPE, "/ClinicalDocument/code");
        }
    }
    let path = "/ClinicalDocument/templateId";
    if let (Some(format), Some(day)) = (format.or(stated), codes::day(header)) {
        let formats = against.terminology.format_code();
        let known = formats.find(&format.system, &format.code);
        if known.is_some_and(|concept| !concept.is_in_force(day)) {
            notes.add(&structure::CODE_DATE, path);
        }
    }
    let Some(asked) = against.format else {
        return;
    };
    if stated.is_none() {
        notes.add(&rules::FORMAT_STATED_SET, path);
    } else if format.is_some_and(|format| format.code != asked) {
        notes.add(&rules::FORMAT_STATED, path);
    }
}
