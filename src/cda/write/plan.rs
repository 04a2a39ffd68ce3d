//! From a context to what a document says: defaults taken, codes found in their sets, dates read, faults named.

mod people;

use std::borrow::Cow;

use super::context::{Address, Coding, Contact, Context, Encounter, Identifier, Patient};
use super::{moment, rules, xml::collapsed};
use crate::cda::finding::{Finding, Rule, Severity};
use crate::cda::time::{HlTime, Precision};
use crate::cda::xml::is_char;
use crate::document::{Coded, Oid};
use crate::identity::{Authority, Structure};
use crate::terminology::system::{HL7_CONFIDENTIALITY, LOINC, TRE_A00, TRE_A01, TRE_A05, TRE_R02};
use crate::terminology::{Terminology, ValueSet};

/// Longest title of a document, in characters.
const TITLE_LENGTH: usize = 128;
/// Characters that the OID of a derived identifier adds to its root.
const DERIVED_LENGTH: usize = 30;
/// What the patient writes himself, as a setting and as a sector.
const BY_PATIENT: &str = "EXP_PATIENT";
/// Class of what patients write.
const PATIENT_CLASS: &str = "90";
/// How the types of what patients deposit begin (TRE_A05).
const PATIENT_DOCUMENT: &str = "DOCPAT";
/// Type of a report of imaging (LOINC).
const IMAGING_REPORT: &str = "18748-4";
/// Type of a request for imaging (LOINC).
const IMAGING_REQUEST: &str = "55115-0";

/// What a document says.
pub(super) struct Plan<'a> {
    pub context: &'a Context,
    /// Under which identifiers are made.
    pub root: &'a Oid,
    pub patient: &'a Patient,
    pub kind: Coded,
    pub title: String,
    pub effective_time: HlTime,
    pub confidentiality: Coded,
    pub first_given: &'a str,
    pub authors: Vec<Author<'a>>,
    pub informants: Vec<Informant<'a>>,
    pub custodian: Option<(&'a Structure, Option<&'a Contact>)>,
    pub recipients: Vec<Recipient<'a>>,
    pub authenticator: Party<'a>,
    pub authenticated: HlTime,
    pub participants: Vec<Participant<'a>>,
    pub codes: Vec<Coded>,
    pub start: HlTime,
    pub stop: Option<HlTime>,
    pub performer: Party<'a>,
    pub setting: Coded,
    pub consents: Vec<Coded>,
    pub encounter: Option<(HlTime, Option<HlTime>)>,
    pub facility: Coded,
}

/// A person or a device.
#[derive(Clone)]
pub(super) enum Party<'a> {
    Professional(Professional<'a>),
    Device(Device<'a>),
    Patient,
}

#[derive(Clone)]
pub(super) struct Professional<'a> {
    pub id: &'a str,
    pub family: &'a str,
    pub given: &'a str,
    pub civility: Option<&'a str>,
    pub title: Option<&'a str>,
    /// Always there for whoever makes the document, answers for it or does the act.
    pub specialty: Option<Coded>,
    pub place: Place<'a>,
}

#[derive(Clone)]
pub(super) struct Device<'a> {
    pub root: &'a str,
    pub id: &'a str,
    pub model: &'a str,
    pub software: &'a str,
    pub specialty: Coded,
    pub place: Place<'a>,
}

/// Where someone works and is reached.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// As for a specialty.
    pub structure: Option<&'a Structure>,
    pub contact: Option<&'a Contact>,
}

pub(super) struct Author<'a> {
    pub party: Party<'a>,
    pub function: Option<Coded>,
    pub time: HlTime,
}

pub(super) enum Informant<'a> {
    Professional(Professional<'a>),
    Relative(&'a super::context::Relative, Option<Coded>),
}

pub(super) enum Recipient<'a> {
    Professional(Professional<'a>),
    Organization(Place<'a>),
}

pub(super) struct Participant<'a> {
    pub kind: super::context::ParticipantType,
    pub person: Professional<'a>,
    pub function: Option<Coded>,
    pub start: Option<HlTime>,
    pub stop: Option<HlTime>,
}

/// What is found on the way.
pub(super) struct Notes(pub Vec<Finding>);

impl Notes {
    pub fn add(&mut self, rule: &'static Rule, path: impl Into<Cow<'static, str>>) {
        self.0.push(Finding::new(rule, path));
    }

    /// The value, or a finding.
    fn required<T>(&mut self, value: Option<T>, rule: &'static Rule, path: &str) -> Option<T> {
        if value.is_none() {
            self.add(rule, path.to_owned());
        }
        value
    }

    pub fn are_blocking(&self) -> bool {
        let blocking = |f: &Finding| f.rule.severity == Severity::Blocking;
        self.0.iter().any(blocking)
    }

    /// A date or a time with its offset.
    fn time(&mut self, text: &str, path: &str) -> Option<HlTime> {
        let read = moment::read(text);
        let clear = read.filter(|t| t.to_utc().is_some());
        self.required(clear, &rules::TIME, path)
    }

    /// As [`Notes::time`], where there may be none.
    fn optional_time(&mut self, text: Option<&String>, path: &str) -> Option<HlTime> {
        text.and_then(|text| self.time(text, path))
    }

    /// A code of a set, with the label of the set.
    fn in_set(
        &mut self,
        coding: &Coding,
        set: &ValueSet,
        system: &str,
        rule: &'static Rule,
        path: &str,
    ) -> Option<Coded> {
        let system = coding.system.as_deref().unwrap_or(system);
        let concept = set.find(system, &coding.code);
        let coded = concept.map(|c| Coded::new(&c.code, &c.system, &c.label));
        self.required(coded, rule, path)
    }

    /// A code that belongs to no set of the DMP.
    fn free(&mut self, coding: &Coding, terminology: &Terminology, path: &str) -> Option<Coded> {
        let system = coding.system.as_deref();
        let system = system.filter(|system| Oid::new(system).is_ok());
        let label = coding.label.as_deref();
        let coded = system.and_then(|system| {
            let label = label.or_else(|| terminology.label(system, &coding.code))?;
            Some(Coded::new(&coding.code, system, label))
        });
        self.required(coded, &rules::CODE_SYSTEM, path)
    }
}

/// What a document of this context says; none when something it cannot do without is missing.
///
/// Every part is looked at before any is required, so that one call tells all that is wrong.
pub(super) fn plan<'a>(
    context: &'a Context,
    terminology: &Terminology,
    notes: &mut Notes,
) -> Option<Plan<'a>> {
    texts(context, notes);
    let root = context.software_oid.as_ref();
    let root = notes.required(root, &rules::SOFTWARE_OID_MISSING, "/softwareOid");
    if root.is_some_and(|root| root.as_str().len() + DERIVED_LENGTH > 64) {
        notes.add(&rules::SOFTWARE_OID, "/softwareOid");
    }
    let patient = context.patient.as_ref();
    let patient = notes.required(patient, &rules::PATIENT_MISSING, "/patient");
    let kind = kind(context, terminology, notes);
    let effective_time = effective_time(context, notes);
    let confidentiality = confidentiality(context, terminology);
    languages(context, notes);
    let first_given = patient.map(|patient| people::first_given(patient, notes));
    if let Some(contact) = &context.contact {
        check_contact(contact, "/contact", notes);
    }
    // Times left out are read as that of the document; without it nothing is written anyway.
    let now = effective_time.or_else(|| HlTime::parse("1970"))?;
    let mut people = people::People {
        context,
        terminology,
        now,
    };
    let authors = people.authors(notes);
    let informants = people.informants(notes);
    let custodian = people.custodian(notes);
    let recipients = people.recipients(notes);
    let authenticator = people.authenticator(notes);
    let participants = people.participants(notes);
    let performer = people.performer(notes);
    let codes = free_codes(&context.service.codes, "/service/codes", terminology, notes);
    let start = notes.time(&context.service.start, "/service/start");
    let stop = notes.optional_time(context.service.stop.as_ref(), "/service/stop");
    check_order(start, stop, "/service/stop", notes);
    let setting = setting(context, terminology, notes);
    let facility = facility(context, terminology, notes);
    let consents = free_codes(&context.consents, "/consents", terminology, notes);
    let encounter = context.encounter.as_ref().and_then(|e| encounter(e, notes));
    versions(context, notes);
    if let Some((kind, class)) = &kind {
        act_of_type(context, kind, class, notes);
    }

    let (kind, _) = kind?;
    let title = context.title.as_deref().map(collapsed);
    let title = title.unwrap_or_else(|| kind.label.clone());
    if title.chars().count() > TITLE_LENGTH {
        notes.add(&rules::TITLE_LENGTH, "/title");
    }
    let (authenticator, authenticated) = authenticator?;
    Some(Plan {
        context,
        root: root?,
        patient: patient?,
        kind,
        title,
        effective_time: effective_time?,
        confidentiality,
        first_given: first_given?,
        authors,
        informants,
        custodian,
        recipients,
        authenticator,
        authenticated,
        participants,
        codes,
        start: start?,
        stop,
        performer: performer?,
        setting: setting?,
        consents,
        encounter,
        facility: facility?,
    })
}

/// Every text of the context, wherever it stands, can be written and says something.
fn texts(context: &Context, notes: &mut Notes) {
    // The record's own JSON gives each text with the path that the caller knows.
    if let Ok(value) = serde_json::to_value(context) {
        texts_of(&value, &mut String::new(), notes);
    }
}

fn texts_of(value: &serde_json::Value, path: &mut String, notes: &mut Notes) {
    use serde_json::Value;
    let length = path.len();
    match value {
        Value::String(text) => {
            let control = |c: char| !is_char(c) || (c.is_control() && !c.is_whitespace());
            if text.trim().is_empty() {
                notes.add(&rules::TEXT_BLANK, path.clone());
            } else if text.chars().any(control) {
                notes.add(&rules::TEXT_CHARACTER, path.clone());
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                path.push_str(&format!("/{i}"));
                texts_of(item, path, notes);
                path.truncate(length);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                path.push('/');
                path.push_str(name);
                texts_of(field, path, notes);
                path.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The type, and the code of its class.
fn kind(
    context: &Context,
    terminology: &Terminology,
    notes: &mut Notes,
) -> Option<(Coded, String)> {
    let set = terminology.type_code();
    let kind = notes.in_set(&context.kind, set, LOINC, &rules::TYPE_SET, "/type")?;
    let class = terminology.class_of(&kind.system, &kind.code);
    let classes = terminology.class_code();
    let class = class.filter(|c| classes.find(&c.system, &c.code).is_some());
    let class = notes.required(class, &rules::TYPE_CLASS, "/type")?;
    Some((kind, class.code.clone().into_owned()))
}

fn effective_time(context: &Context, notes: &mut Notes) -> Option<HlTime> {
    let read = moment::read(&context.effective_time);
    let exact = |t: &HlTime| t.precision() == Precision::Second && t.to_utc().is_some();
    notes.required(read.filter(exact), &rules::EFFECTIVE_TIME, "/effectiveTime")
}

fn confidentiality(context: &Context, terminology: &Terminology) -> Coded {
    use crate::document::Confidentiality::{N, R, V};
    let (code, label) = match context.confidentiality {
        N => ("N", "Normal"),
        R => ("R", "Restreint"),
        V => ("V", "Très restreint"),
    };
    let concept = terminology
        .confidentiality()
        .find(HL7_CONFIDENTIALITY, code);
    let label = concept.map_or(label, |c| &c.label);
    Coded::new(code, HL7_CONFIDENTIALITY, label)
}

fn languages(context: &Context, notes: &mut Notes) {
    if context.language.as_ref().is_some_and(|l| l != "fr-FR") {
        let finding = Finding::new(&rules::LANGUAGE, "/language");
        notes.0.push(finding.with_fix("fr-FR"));
    }
    let well_formed = |tag: &String| {
        let mut parts = tag.split('-');
        let language = parts.next().unwrap_or_default();
        (2..=3).contains(&language.len())
            && language.bytes().all(|b| b.is_ascii_lowercase())
            && parts
                .all(|p| (2..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    if context
        .content_language
        .as_ref()
        .is_some_and(|l| !well_formed(l))
    {
        notes.add(&rules::CONTENT_LANGUAGE, "/contentLanguage");
    }
}

fn free_codes(
    codings: &[Coding],
    path: &str,
    terminology: &Terminology,
    notes: &mut Notes,
) -> Vec<Coded> {
    let mut codes = Vec::with_capacity(codings.len());
    for (i, coding) in codings.iter().enumerate() {
        codes.extend(notes.free(coding, terminology, &format!("{path}/{i}")));
    }
    codes
}

fn setting(context: &Context, terminology: &Terminology, notes: &mut Notes) -> Option<Coded> {
    let path = "/practiceSetting";
    let set = terminology.practice_setting();
    match &context.practice_setting {
        Some(coding) => notes.in_set(coding, set, TRE_A01, &rules::SETTING_SET, path),
        None => {
            let default = context
                .is_by_patient()
                .then(|| set.find(TRE_A00, BY_PATIENT))
                .flatten()
                .map(|c| Coded::new(&c.code, &c.system, &c.label));
            notes.required(default, &rules::SETTING_MISSING, path)
        }
    }
}

fn facility(context: &Context, terminology: &Terminology, notes: &mut Notes) -> Option<Coded> {
    let set = terminology.facility();
    let found = match &context.structure {
        Some(structure) => {
            let sector = structure.sector.as_str();
            let concept = set
                .find(TRE_R02, sector)
                .or_else(|| set.find(TRE_A00, sector));
            notes.required(concept, &rules::SECTOR_SET, "/structure/sector")
        }
        None => {
            let concept = set.find(TRE_A00, BY_PATIENT);
            let concept = concept.filter(|_| context.is_by_patient());
            notes.required(concept, &rules::STRUCTURE_MISSING, "/structure")
        }
    };
    // The set of the DMP says what is accepted; that of the CI-SIS, where it holds the code too, how a document names it.
    found.map(|c| {
        let named = terminology.facility_cisis().find(&c.system, &c.code);
        Coded::new(&c.code, &c.system, &named.unwrap_or(c).label)
    })
}

fn encounter(encounter: &Encounter, notes: &mut Notes) -> Option<(HlTime, Option<HlTime>)> {
    let start = notes.optional_time(encounter.start.as_ref(), "/encounter/start");
    let stop = notes.optional_time(encounter.stop.as_ref(), "/encounter/stop");
    check_order(start, stop, "/encounter/stop", notes);
    if encounter.start.is_none() && encounter.stop.is_some() {
        notes.add(&rules::TIME, "/encounter/start");
    }
    Some((start?, stop))
}

/// A stop before its start. A day compares with days only.
fn check_order(start: Option<HlTime>, stop: Option<HlTime>, path: &str, notes: &mut Notes) {
    let (Some(start), Some(stop)) = (start, stop) else {
        return;
    };
    let reversed = match (start.instant(), stop.instant()) {
        // What goes no further than an hour or a minute lasts until its end.
        (Some(before), Some(after)) => {
            let digits = |time: HlTime| time.to_utc().unwrap_or(time).digits();
            after < before && !digits(start).starts_with(&digits(stop))
        }
        _ => {
            let (a, b) = (start.digits(), stop.digits());
            let shorter = a.len().min(b.len()).min(8);
            b.get(..shorter) < a.get(..shorter)
        }
    };
    if reversed {
        notes.add(&rules::ORDER_OF_TIMES, path.to_owned());
    }
}

/// What is said of versions agrees.
fn versions(context: &Context, notes: &mut Notes) {
    let number = context.version_number;
    if number == Some(0) {
        notes.add(&rules::VERSION_NUMBER, "/versionNumber");
    }
    let Some(replaced) = &context.replaces else {
        return;
    };
    if context.unique_id.as_ref() == Some(&replaced.unique_id) {
        notes.add(&rules::REPLACED_ID, "/uniqueId");
    }
    if let (Some(given), Some(of_replaced)) = (&context.set_id, &replaced.set_id)
        && given != of_replaced
    {
        notes.add(&rules::SET_ID, "/setId");
    }
    let before = replaced.version_number.unwrap_or(1);
    if before == 0 || before == u32::MAX {
        notes.add(&rules::VERSION_NUMBER, "/replaces/versionNumber");
    } else if number.is_some_and(|n| n != 0 && n <= before) {
        notes.add(&rules::VERSION_NUMBER, "/versionNumber");
    }
}

/// What the act carries for some types of document (Structuration minimale, 3.5.5.23).
fn act_of_type(context: &Context, kind: &Coded, class: &str, notes: &mut Notes) {
    let service = &context.service;
    let is = |code: &str| kind.is(code, LOINC);
    let imaging = is(IMAGING_REPORT) || is(IMAGING_REQUEST);
    let by_patient = class == PATIENT_CLASS
        || (kind.system == TRE_A05 && kind.code.starts_with(PATIENT_DOCUMENT));
    if service.codes.is_empty() && (imaging || by_patient) {
        notes.add(&rules::SERVICE_CODE, "/service/codes");
    }
    let study = |id: &Identifier| id.extension.is_none();
    if is(IMAGING_REPORT) && !service.ids.iter().any(study) {
        notes.add(&rules::STUDY_MISSING, "/service/ids");
    }
    let order = |id: &Identifier| id.extension.is_some();
    if is(IMAGING_REQUEST) && !service.ids.iter().any(order) {
        notes.add(&rules::ORDER_MISSING, "/service/ids");
    }
}

/// An address that is one, and URIs that readers know.
fn check_contact(contact: &Contact, path: &str, notes: &mut Notes) {
    if let Some(address) = &contact.address
        && !is_address(address)
    {
        notes.add(&rules::ADDRESS, format!("{path}/address"));
    }
    const SCHEMES: [&str; 6] = ["tel", "fax", "mailto", "http", "ftp", "mllp"];
    for (i, uri) in contact.telecoms.iter().enumerate() {
        let known = uri.trim().split_once(':');
        let known =
            known.is_some_and(|(scheme, rest)| SCHEMES.contains(&scheme) && !rest.is_empty());
        if !known {
            notes.add(&rules::TELECOM, format!("{path}/telecoms/{i}"));
        }
    }
}

fn is_address(address: &Address) -> bool {
    let parts = [
        &address.house_number,
        &address.street_name,
        &address.additional_locator,
        &address.postal_code,
        &address.city,
        &address.country,
    ];
    let has_parts = parts.iter().any(|p| p.is_some());
    has_parts == address.lines.is_empty()
}

/// Whether an identifier is under an authority of the INS, current or past.
fn is_identity(root: &Oid) -> bool {
    let root = root.as_str();
    Authority::from_oid(root).is_some()
        || matches!(root, "1.2.250.1.213.1.4.1" | "1.2.250.1.213.1.4.2")
}
