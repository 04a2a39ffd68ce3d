//! The acts a document reports, the care they belong to, the requests it answers.

use super::{Notes, every};
use crate::cda::element::{Element, Tree};
use crate::cda::finding::{self, service as rules, structure};
use crate::cda::{Header, Id};
use crate::document::Oid;
use crate::terminology::Terminology;
use crate::terminology::system::{LOINC, TRE_A05};

/// Request for imaging.
const IMAGING_REQUEST: &str = "55115-0";
/// Report of imaging.
const IMAGING_REPORT: &str = "18748-4";
/// In the formats of second readings of screening (D2LM), which have the type of an imaging report.
const SCREENING: &str = ":d2lm-";
/// Class of what patients write.
const BY_PATIENTS: &str = "90";
/// How the types of what patients deposit begin (TRE_A05), whose classes are those of any document.
const DEPOSITED: &str = "DOCPAT";
/// Formats of the mandatory examinations of a child.
const CHILD: [&str; 3] = [
    "urn:asip:ci-sis:cse-cs8:2017",
    "urn:asip:ci-sis:cse-cs9:2017",
    "urn:asip:ci-sis:cse-cs24:2017",
];
/// Ways out of a hospital.
const DISCHARGE: &str = "1.2.250.1.213.2.14";

/// Acts, requests, encounter.
pub(super) fn all(tree: &Tree<'_>, header: &Header, terminology: &Terminology, notes: &mut Notes) {
    for documentation in tree.children("documentationOf") {
        if documentation.child("serviceEvent").is_none() {
            notes.inside(&rules::SERVICE_EVENT, documentation, "serviceEvent");
        }
    }
    let acts = every(tree, &["documentationOf", "serviceEvent"]);
    for (number, act) in acts.iter().enumerate() {
        self::act(*act, number == 0, notes);
    }
    if let Some(first) = acts.first() {
        by_type(*first, header, terminology, notes);
    }
    for order in every(tree, &["inFulfillmentOf", "order"]) {
        let ids: Vec<_> = order.children("id").collect();
        let named = |id: &Element<'_>| id.attribute("root").is_some() || id.null_flavor().is_some();
        if ids.len() != 1 || !ids.iter().all(named) {
            notes.inside(&rules::ORDER_ID, order, "id");
        }
    }
    for encounter in every(tree, &["componentOf", "encompassingEncounter"]) {
        self::encounter(encounter, notes);
    }
}

fn act(act: Element<'_>, main: bool, notes: &mut Notes) {
    for period in act.children("effectiveTime") {
        let low = period.child("low");
        let begins = low.is_some_and(|l| l.attribute("value").is_some());
        // When no act begins at all, that is already said.
        if !begins && !notes.has(&finding::SERVICE_START_MISSING) {
            notes.inside(&rules::SERVICE_LOW, period, "low");
        }
    }
    let performers: Vec<_> = act.children("performer").collect();
    if main && performers.is_empty() && !notes.has(&finding::PRACTICE_SETTING_MISSING) {
        notes.inside(&rules::PERFORMER_MISSING, act, "performer");
    }
    if performers.len() > 1 {
        notes.inside(&rules::PERFORMER_TWICE, act, "performer");
    }
    for performer in performers {
        if performer.attribute("typeCode") != Some("PRF") {
            let path = format!("{}/@typeCode", performer.path());
            notes.fix(&rules::PERFORMER_TYPE, path, "PRF");
        }
        let setting = [
            "assignedEntity",
            "representedOrganization",
            "standardIndustryClassCode",
        ];
        let setting = performer.at(&setting);
        let coded = setting.is_some_and(|s| s.attribute("code").is_some());
        if !coded && !notes.has(&finding::PRACTICE_SETTING_MISSING) {
            notes.at(&rules::PERFORMER_SETTING, performer);
        }
    }
}

/// What the main act carries for some types of document.
fn by_type(act: Element<'_>, header: &Header, terminology: &Terminology, notes: &mut Notes) {
    let Some(kind) = &header.code else {
        return;
    };
    let is = |code: &str| kind.system == LOINC && kind.code == code;
    let roots = header.template_ids.iter().map(|t| t.root.as_str());
    let format = terminology.format_of_templates(roots);
    let child = format.is_some_and(|f| CHILD.contains(&&*f.code));
    let class = terminology.class_of(&kind.system, &kind.code);
    let by_patient = class.is_some_and(|c| c.code == BY_PATIENTS)
        || kind.system == TRE_A05 && kind.code.starts_with(DEPOSITED);
    let coded = act
        .child("code")
        .is_some_and(|c| c.attribute("code").is_some());
    if !coded && (is(IMAGING_REQUEST) || is(IMAGING_REPORT) || child || by_patient) {
        notes.inside(&rules::SERVICE_CODE, act, "code");
    }
    let ids = header.service_events.iter().flat_map(|e| &e.ids);
    let study = |id: &Id| id.extension.is_none() && Oid::new(&id.root).is_ok();
    // A report of screening sends no images.
    let screening = format.is_some_and(|f| f.code.contains(SCREENING));
    if is(IMAGING_REPORT) && !screening && !ids.clone().any(study) {
        notes.inside(&rules::STUDY_ID, act, "id");
    }
}

fn encounter(encounter: Element<'_>, notes: &mut Notes) {
    if encounter.child("effectiveTime").is_none() {
        notes.inside(&structure::ENCOUNTER_TIME, encounter, "effectiveTime");
    }
    if encounter.children("location").count() > 1 {
        notes.inside(&rules::ENCOUNTER_LOCATION, encounter, "location[2]");
    }
    for exit in encounter.children("dischargeDispositionCode") {
        let system = exit.attribute("codeSystem");
        let complete = exit.attribute("code").is_some() && exit.attribute("displayName").is_some();
        if !complete || system.is_some_and(|s| s != DISCHARGE) {
            notes.at(&rules::ENCOUNTER_DISCHARGE, exit);
        }
    }
}
