//! From the header of a document to the metadata under which the DMP files it.
//!
//! Correspondence between CDA and XDS: ANS, CI-SIS « Partage de documents de santé » and « Structuration minimale »;
//! value sets of the DMP. Codes are sent with the label of their set, whatever the document says.

mod people;

use std::borrow::Cow;

use super::finding::{self as rules, Finding, Rule, Severity, context};
use super::time::{HlTime, Precision};
use super::{Body, Code, Header, Limits, ServiceEvent};
use crate::document::{Coded, Confidentiality, Dtm, Metadata, Oid};
use crate::error::{Error, ErrorKind, Refusal};
use crate::identity::Cx;
use crate::rules::Remedy;
use crate::terminology::system::HL7_CONFIDENTIALITY;
use crate::terminology::{Concept, Terminology, ValueSet};

/// Longest title of a document, in characters.
const TITLE_LENGTH: usize = 128;
/// Class of imaging documents.
const IMAGING_CLASS: &str = "31";
/// Type of a request for imaging (LOINC).
const IMAGING_REQUEST: &str = "55115-0";
/// Kind of identifier of a DICOM study (JDV_J231).
const STUDY: &str = "urn:ihe:iti:xds:2016:studyInstanceUID";
/// Kind of identifier of an order (JDV_J231).
const ORDER: &str = "urn:ihe:iti:xds:2013:order";

/// What a header gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// The metadata; none when a part they cannot do without is missing.
    ///
    /// Metadata may be complete while a finding forbids the deposit: ask [`Derived::is_blocked`].
    pub metadata: Option<Metadata>,
    /// The rules the header breaks, in the order of the header.
    pub findings: Vec<Finding>,
}

impl Derived {
    /// Whether a finding forbids the deposit.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.findings
            .iter()
            .any(|f| f.rule.severity == Severity::Blocking)
    }
}

/// Reads a document and derives its metadata: what both sides of a deposit need.
///
/// # Errors
///
/// [`ErrorKind::Unreadable`] when it is not a CDA document, [`ErrorKind::Findings`] when a finding forbids the deposit.
pub fn depositable(
    bytes: &[u8],
    limits: &Limits,
    terminology: &Terminology,
) -> crate::error::Result<(Header, Metadata, Vec<Finding>)> {
    let header = super::read(bytes, limits).map_err(ErrorKind::Unreadable)?;
    let derived = derive(&header, terminology);
    let blocked = derived.is_blocked();
    match derived.metadata {
        Some(metadata) if !blocked => Ok((header, metadata, derived.findings)),
        _ => Err(not_depositable(derived.findings)),
    }
}

/// The refusal of a document for what is to be corrected in it.
pub(super) fn not_depositable(findings: Vec<Finding>) -> Error {
    let mut refusal = Refusal::by_rule(
        "CDA-FINDINGS",
        "CI-SIS",
        "Le document ne peut pas être déposé en l'état : corrigez les points signalés.",
    );
    let identity = findings.iter().any(|f| context::waits_for_identity(f.rule));
    refusal.findings = findings;
    if identity {
        refusal = refusal.with_remedy(Remedy::ConfirmIdentity);
    }
    ErrorKind::Findings(refusal).into()
}

/// Derives the metadata of a document from its header, and says what is to be corrected in it.
///
/// Hash, size, visibility and comments are not the header's to tell.
#[must_use]
pub fn derive(header: &Header, terminology: &Terminology) -> Derived {
    derive_as(header, terminology, None)
}

/// As [`derive`], with the format of a structured document whose templates designate none.
pub(super) fn derive_as(
    header: &Header,
    terminology: &Terminology,
    stated: Option<&Concept>,
) -> Derived {
    let mut notes = Notes::default();
    let metadata = metadata(header, terminology, stated, &mut notes);
    Derived {
        metadata,
        findings: notes.0,
    }
}

/// The findings so far.
#[derive(Default)]
struct Notes(Vec<Finding>);

impl Notes {
    fn add(&mut self, rule: &'static Rule, path: impl Into<Cow<'static, str>>) {
        self.0.push(Finding::new(rule, path));
    }

    /// The value, or a finding that it is missing.
    fn required<T>(
        &mut self,
        value: Option<T>,
        rule: &'static Rule,
        path: &'static str,
    ) -> Option<T> {
        if value.is_none() {
            self.add(rule, path);
        }
        value
    }
}

/// Every part is derived before any is required, so that one reading of a document tells all that is wrong with it.
fn metadata(
    header: &Header,
    terminology: &Terminology,
    stated: Option<&Concept>,
    notes: &mut Notes,
) -> Option<Metadata> {
    if header.encoding_contradicted {
        notes.add(&rules::ENCODING, "/");
    }
    let format = format(header, terminology, stated, notes);
    let unique_id = unique_id(header, notes);
    let kind = type_and_class(header, terminology, notes);
    let title = title(header, notes);
    let creation_time = creation_time(header, notes);
    let confidentiality = confidentiality(header, notes);
    let language_code = language(header, notes);
    versions(header, notes);
    let patient = people::patient(header, notes);
    let author = people::authors(header, terminology, notes);
    let legal_authenticator = people::legal_authenticator(header, notes);
    let service = service(header, notes);
    replaced(header, notes);
    let setting = practice_setting(header, terminology.practice_setting(), notes);
    let facility = facility(header, terminology.facility(), notes);

    let (type_code, class_code) = kind?;
    let (service_start_time, service_stop_time) = service?;
    let patient = patient?;
    let mime_type = if header.self_presenting {
        "application/xslt+xml"
    } else {
        "text/xml"
    };
    Some(Metadata {
        unique_id: unique_id?,
        mime_type: mime_type.to_owned(),
        language_code: language_code?,
        creation_time: creation_time?,
        service_start_time,
        service_stop_time,
        title: title?,
        comments: None,
        author: author?,
        legal_authenticator,
        patient_id: patient.id,
        source_patient_id: patient.source_id,
        source_patient_info: patient.info,
        event_code_list: event_codes(&header.service_events),
        reference_id_list: reference_ids(&header.service_events, &type_code, &class_code),
        other_slots: Vec::new(),
        other_classifications: Vec::new(),
        other_identifiers: Vec::new(),
        class_code,
        type_code,
        format_code: format?,
        confidentiality: confidentiality?,
        healthcare_facility_type_code: facility?,
        practice_setting_code: setting?,
    })
}

/// uniqueId: the root of the document's `id`, which must say all.
fn unique_id(header: &Header, notes: &mut Notes) -> Option<Oid> {
    let path = "/ClinicalDocument/id";
    let id = notes.required(header.id.as_ref(), &rules::ID_MISSING, path)?;
    if id.extension.is_some() {
        // The root alone would be the same for other documents.
        notes.add(&rules::ID_EXTENSION, "/ClinicalDocument/id/@extension");
        return None;
    }
    notes.required(
        Oid::new(&id.root).ok(),
        &rules::ID_OID,
        "/ClinicalDocument/id/@root",
    )
}

/// typeCode and classCode, the second being deduced from the first.
fn type_and_class(
    header: &Header,
    terminology: &Terminology,
    notes: &mut Notes,
) -> Option<(Coded, Coded)> {
    let path = "/ClinicalDocument/code";
    let code = notes.required(header.code.as_ref(), &rules::CODE_MISSING, path)?;
    let type_code = in_set(code, terminology.type_code(), &rules::CODE_SET, path, notes);
    let class = terminology.class_of(&code.system, &code.code);
    let class = class.and_then(|c| terminology.class_code().find(&c.system, &c.code));
    let class = notes.required(class, &rules::CLASS_UNKNOWN, path)?;
    Some((type_code, class.coded()))
}

/// formatCode: by the media type of an unstructured body, by the templates of a structured one.
fn format(
    header: &Header,
    terminology: &Terminology,
    stated: Option<&Concept>,
    notes: &mut Notes,
) -> Option<Coded> {
    let body = header.body.as_ref();
    let body = notes.required(body, &rules::BODY_MISSING, "/ClinicalDocument/component")?;
    let (format, path) = match body {
        Body::Unstructured { media_type } => {
            let path = "/ClinicalDocument/component/nonXMLBody/text/@mediaType";
            let media_type = media_type.as_deref();
            let format = media_type.and_then(|media| terminology.format_of_media(media));
            (notes.required(format, &rules::MEDIA_TYPE, path)?, path)
        }
        Body::Structured => {
            let path = "/ClinicalDocument/templateId";
            let roots = header.template_ids.iter().map(|t| t.root.as_str());
            let format = terminology.format_of_templates(roots).or(stated);
            (notes.required(format, &rules::FORMAT_UNKNOWN, path)?, path)
        }
    };
    let accepted = terminology.format_code().find(&format.system, &format.code);
    if accepted.is_none() {
        notes.add(&rules::FORMAT_SET, path);
    }
    Some(accepted.unwrap_or(format).coded())
}

fn title(header: &Header, notes: &mut Notes) -> Option<String> {
    let path = "/ClinicalDocument/title";
    let title = notes.required(header.title.as_ref(), &rules::TITLE_MISSING, path)?;
    if title.chars().count() > TITLE_LENGTH {
        notes.add(&rules::TITLE_LENGTH, path);
    }
    Some(title.clone())
}

/// creationTime: UTC, always to the second.
fn creation_time(header: &Header, notes: &mut Notes) -> Option<Dtm> {
    let path = "/ClinicalDocument/effectiveTime";
    let time = notes.required(header.effective_time, &rules::EFFECTIVE_TIME_MISSING, path)?;
    if !time.has_time() {
        notes.add(&rules::EFFECTIVE_TIME_DAY, path);
        return None;
    }
    check_offset(time, path, notes);
    let utc = notes.required(time.to_utc(), &rules::EFFECTIVE_TIME_OFFSET, path)?;
    if time.precision() != Precision::Second {
        notes.add(&rules::EFFECTIVE_TIME_PRECISION, path);
    }
    Dtm::parse(&utc.digits_to_the_second()?)
}

fn check_offset(time: HlTime, path: &'static str, notes: &mut Notes) {
    if time.offset().is_some_and(|o| !o.four_digits) {
        notes.add(&rules::OFFSET_DIGITS, path);
    }
}

fn confidentiality(header: &Header, notes: &mut Notes) -> Option<Confidentiality> {
    let code = header.confidentiality_code.as_ref();
    let level = code.and_then(|c| match (c.system.as_str(), c.code.as_str()) {
        (HL7_CONFIDENTIALITY | "", "N") => Some(Confidentiality::N),
        (HL7_CONFIDENTIALITY | "", "R") => Some(Confidentiality::R),
        (HL7_CONFIDENTIALITY | "", "V") => Some(Confidentiality::V),
        _ => None,
    });
    notes.required(
        level,
        &rules::CONFIDENTIALITY,
        "/ClinicalDocument/confidentialityCode",
    )
}

fn language(header: &Header, notes: &mut Notes) -> Option<String> {
    let path = "/ClinicalDocument/languageCode";
    let language = header.language_code.as_ref();
    let language = notes.required(language, &rules::LANGUAGE_MISSING, path)?;
    if language != "fr-FR" {
        let finding = Finding::new(&rules::LANGUAGE_VALUE, path);
        notes.0.push(finding.with_fix("fr-FR"));
    }
    Some(language.clone())
}

/// setId and versionNumber are not metadata, but every reader of the document sorts its versions by them.
fn versions(header: &Header, notes: &mut Notes) {
    if header.set_id.is_none() {
        notes.add(&rules::SET_ID_MISSING, "/ClinicalDocument/setId");
    }
    if header.version_number.is_none() {
        notes.add(&rules::VERSION_MISSING, "/ClinicalDocument/versionNumber");
    }
}

/// serviceStartTime and serviceStopTime, from the first act that has a beginning.
fn service(header: &Header, notes: &mut Notes) -> Option<(Dtm, Option<Dtm>)> {
    let low_path = "/ClinicalDocument/documentationOf/serviceEvent/effectiveTime/low";
    let high_path = "/ClinicalDocument/documentationOf/serviceEvent/effectiveTime/high";
    let event = header.service_events.iter().find(|e| e.low.is_some());
    let event = notes.required(event, &rules::SERVICE_START_MISSING, low_path)?;
    let low = event.low?;
    check_offset(low, low_path, notes);
    let start = notes.required(low.to_utc(), &rules::SERVICE_START_OFFSET, low_path);
    let stop = event.high.and_then(|high| {
        check_offset(high, high_path, notes);
        notes.required(high.to_utc(), &rules::SERVICE_STOP_OFFSET, high_path)
    });
    let dtm = |time: HlTime| Dtm::parse(&time.digits());
    Some((dtm(start?)?, stop.and_then(dtm)))
}

/// A replacement must name another document.
fn replaced(header: &Header, notes: &mut Notes) {
    for related in header
        .related_documents
        .iter()
        .filter(|r| r.type_code == "RPLC")
    {
        if related.id.is_none() || related.id == header.id {
            notes.add(
                &rules::REPLACED_ID,
                "/ClinicalDocument/relatedDocument/parentDocument/id",
            );
        }
    }
}

fn practice_setting(header: &Header, set: &ValueSet, notes: &mut Notes) -> Option<Coded> {
    let path = "/ClinicalDocument/documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/standardIndustryClassCode";
    let code = header
        .service_events
        .iter()
        .find_map(|e| e.practice_setting.as_ref());
    let code = notes.required(code, &rules::PRACTICE_SETTING_MISSING, path)?;
    Some(in_set(code, set, &rules::PRACTICE_SETTING_SET, path, notes))
}

fn facility(header: &Header, set: &ValueSet, notes: &mut Notes) -> Option<Coded> {
    let path =
        "/ClinicalDocument/componentOf/encompassingEncounter/location/healthCareFacility/code";
    let code = notes.required(header.facility.as_ref(), &rules::FACILITY_MISSING, path)?;
    Some(in_set(code, set, &rules::FACILITY_SET, path, notes))
}

/// eventCodeList: the acts. No set limits them; a code without label is its own label.
fn event_codes(events: &[ServiceEvent]) -> Vec<Coded> {
    let codes = events.iter().filter_map(|e| e.code.as_ref());
    codes
        .map(|c| Coded::new(&c.code, &c.system, c.label.as_deref().unwrap_or(&c.code)))
        .collect()
}

/// referenceIdList, of the kinds that the DMP accepts (JDV_J231).
///
/// The identifier of an act is that of the study in an imaging document, that of the order in a request for imaging;
/// elsewhere its nature is not known, and it is not sent.
fn reference_ids(events: &[ServiceEvent], type_code: &Coded, class_code: &Coded) -> Vec<Cx> {
    let ids = events.iter().flat_map(|e| &e.ids);
    let reference = |id: &super::Id| match &id.extension {
        None if class_code.code == IMAGING_CLASS && Oid::new(&id.root).is_ok() => {
            // A study's identifier is unique in the world: no authority stands beside it (ITI TF-3 4.2.3.2.28).
            Some(Cx {
                id: id.root.clone(),
                authority: String::new(),
                kind: STUDY.to_owned(),
                effective: None,
            })
        }
        Some(order) if type_code.code == IMAGING_REQUEST => Some(Cx {
            id: order.clone(),
            authority: id.root.clone(),
            kind: ORDER.to_owned(),
            effective: None,
        }),
        _ => None,
    };
    ids.filter_map(reference).collect()
}

/// A code of the document with the label of its set; as it stands, with a finding, when the set does not hold it.
fn in_set(
    code: &Code,
    set: &ValueSet,
    rule: &'static Rule,
    path: &'static str,
    notes: &mut Notes,
) -> Coded {
    match set.find(&code.system, &code.code) {
        Some(concept) => concept.coded(),
        None => {
            notes.add(rule, path);
            as_it_stands(code)
        }
    }
}

/// A code that no set gives a label to write with.
fn as_it_stands(code: &Code) -> Coded {
    Coded::new(
        &code.code,
        &code.system,
        code.label.as_deref().unwrap_or_default(),
    )
}
