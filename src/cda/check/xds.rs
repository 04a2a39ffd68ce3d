//! Metadata made elsewhere, attribute by attribute, against those the document gives (CI-SIS, correspondance CDA et
//! XDS). A finding stands where the document says what the attribute should hold.

use super::Notes;
use crate::cda::finding::{Rule, xds as rules};
use crate::document::{Coded, Metadata};

const EVENT: &str = "/ClinicalDocument/documentationOf/serviceEvent";

/// Comments, which no document gives, are not compared.
pub(super) fn compare(theirs: &Metadata, ours: &Metadata, notes: &mut Notes) {
    let mut same = |equal: bool, rule: &'static Rule, path: &str| {
        if !equal {
            notes.add(rule, path.to_owned());
        }
    };
    let role = "/ClinicalDocument/recordTarget/patientRole";
    same(
        theirs.unique_id == ours.unique_id,
        &rules::UNIQUE_ID,
        "/ClinicalDocument/id",
    );
    // Some senders add a date to the identifier; it changes nothing of whose it is.
    let id = |m: &Metadata| (m.patient_id.id.clone(), m.patient_id.authority.clone());
    same(
        id(theirs) == id(ours),
        &rules::PATIENT_ID,
        &format!("{role}/id"),
    );
    let local = |m: &Metadata| {
        (
            m.source_patient_id.id.clone(),
            m.source_patient_id.authority.clone(),
        )
    };
    same(
        local(theirs) == local(ours),
        &rules::SOURCE_PATIENT_ID,
        &format!("{role}/id"),
    );
    let traits = |m: &Metadata| {
        let kept = m.source_patient_info.iter();
        let kept = kept.filter(|l| {
            ["PID-5|", "PID-7|", "PID-8|"]
                .iter()
                .any(|p| l.starts_with(p))
        });
        let mut lines: Vec<_> = kept.cloned().collect();
        lines.sort_unstable();
        lines
    };
    let said = traits(theirs);
    same(
        said.is_empty() || said == traits(ours),
        &rules::SOURCE_PATIENT_INFO,
        &format!("{role}/patient"),
    );
    same(theirs.mime_type == ours.mime_type, &rules::MIME_TYPE, "/");
    same(
        theirs.language_code == ours.language_code,
        &rules::LANGUAGE_CODE,
        "/ClinicalDocument/languageCode",
    );
    same(
        theirs.creation_time == ours.creation_time,
        &rules::CREATION_TIME,
        "/ClinicalDocument/effectiveTime",
    );
    same(
        theirs.service_start_time == ours.service_start_time,
        &rules::SERVICE_START_TIME,
        &format!("{EVENT}/effectiveTime/low"),
    );
    same(
        theirs.service_stop_time == ours.service_stop_time,
        &rules::SERVICE_STOP_TIME,
        &format!("{EVENT}/effectiveTime/high"),
    );
    same(
        theirs.title == ours.title,
        &rules::TITLE,
        "/ClinicalDocument/title",
    );
    same(
        authors(theirs) == authors(ours),
        &rules::AUTHOR,
        "/ClinicalDocument/author[1]",
    );
    same(
        theirs.legal_authenticator == ours.legal_authenticator,
        &rules::LEGAL_AUTHENTICATOR,
        "/ClinicalDocument/legalAuthenticator",
    );
    let level = theirs.confidentiality == ours.confidentiality;
    same(
        level,
        &rules::CONFIDENTIALITY,
        "/ClinicalDocument/confidentialityCode",
    );
    let events = |m: &Metadata| {
        let codes = m.event_code_list.iter();
        codes
            .map(|c| (c.code.clone(), c.system.clone()))
            .collect::<Vec<_>>()
    };
    same(
        events(theirs) == events(ours),
        &rules::EVENT_CODES,
        &format!("{EVENT}/code"),
    );
    same(
        theirs.reference_id_list == ours.reference_id_list,
        &rules::REFERENCE_IDS,
        &format!("{EVENT}/id"),
    );
    let facility =
        "/ClinicalDocument/componentOf/encompassingEncounter/location/healthCareFacility/code";
    let setting = format!(
        "{EVENT}/performer/assignedEntity/representedOrganization/standardIndustryClassCode"
    );
    let codes: [(&Coded, &Coded, &'static Rule, &str); 5] = [
        (
            &theirs.type_code,
            &ours.type_code,
            &rules::TYPE_CODE,
            "/ClinicalDocument/code",
        ),
        (
            &theirs.class_code,
            &ours.class_code,
            &rules::CLASS_CODE,
            "/ClinicalDocument/code",
        ),
        (
            &theirs.format_code,
            &ours.format_code,
            &rules::FORMAT_CODE,
            "/ClinicalDocument/templateId",
        ),
        (
            &theirs.healthcare_facility_type_code,
            &ours.healthcare_facility_type_code,
            &rules::FACILITY,
            facility,
        ),
        (
            &theirs.practice_setting_code,
            &ours.practice_setting_code,
            &rules::PRACTICE_SETTING,
            &setting,
        ),
    ];
    for (their, our, rule, path) in codes {
        if !their.is(&our.code, &our.system) {
            notes.add(rule, path.to_owned());
        } else if their.label != our.label {
            notes.fix(&rules::LABEL, path.to_owned(), our.label.clone());
        }
    }
}

/// What makes an author: who, where, as what. The label of a specialty is not compared.
fn authors(metadata: &Metadata) -> Vec<impl PartialEq> {
    let one = |a: &crate::document::Author| {
        let specialty = a.author_specialty.as_ref();
        (
            a.author_person.clone(),
            a.author_institution.clone(),
            specialty.map(|s| (s.code.clone(), s.system.clone())),
            a.author_role.clone(),
        )
    };
    metadata.author.iter().map(one).collect()
}
