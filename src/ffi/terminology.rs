//! The value sets: listed, asked, and brought up to date.

use std::ffi::c_char;

use serde::{Deserialize, Serialize};

use super::call::{Failure, answer, connector, record};
use super::connector::dmp_connector;
use super::memory::text;
use super::status::{DMP_INVALID_RECORD, DMP_TOO_LARGE};
use crate::error::Error;
use crate::terminology::{
    CorrespondenceSummary, Day, Pack, PackError, Report, SetSummary, Terminology,
};

#[derive(Serialize)]
struct Sets {
    sets: Vec<SetSummary>,
    correspondences: Vec<CorrespondenceSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Report>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetRequest {
    set: String,
    #[serde(default)]
    at: Option<Day>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeRequest {
    set: String,
    system: String,
    code: String,
    #[serde(default)]
    at: Option<Day>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelRequest {
    system: String,
    code: String,
}

#[derive(Serialize)]
struct Label {
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}

/// The sets in use, for a call that is not made from within a callback.
fn terminology(ticket: usize) -> Result<Terminology, Failure> {
    let connector = connector(ticket)?;
    connector.outside_callback()?;
    Ok(connector.terminology())
}

fn no_such_set() -> Error {
    Error::caller("request.set", "is neither the name nor the OID of a set")
}

/// The value sets and correspondences in use, with their versions, and what the last pack changed. out:
/// record terminology-sets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_terminology_sets(
    connector: *mut dmp_connector,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let terms = terminology(ticket)?;
            Ok(Sets {
                sets: terms.sets().map(|s| s.summary()).collect(),
                correspondences: terms.correspondences().map(|t| t.summary()).collect(),
                report: self::connector(ticket)?.terminology_report(),
            })
        })
    }
}

/// The codes of a set that are in force, in the order of their labels, for a list to choose from. request:
/// record set-request. out: record set-listing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_terminology_list(
    connector: *mut dmp_connector,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let terms = terminology(ticket)?;
            let request: SetRequest = record(request, "request")?;
            let list = terms.list(&request.set, request.at);
            Ok(list.ok_or_else(no_such_set)?)
        })
    }
}

/// What a set knows of a code: whether a document may be written with it, its label, since when and until
/// when. request: record code-request. out: record code-check.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_terminology_check(
    connector: *mut dmp_connector,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let terms = terminology(ticket)?;
            let r: CodeRequest = record(request, "request")?;
            let check = terms.check(&r.set, &r.system, &r.code, r.at);
            Ok(check.ok_or_else(no_such_set)?)
        })
    }
}

/// The label of a code in whatever set knows it, even retired. request: record label-request. out: record
/// label-answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_terminology_label(
    connector: *mut dmp_connector,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let terms = terminology(ticket)?;
            let request: LabelRequest = record(request, "request")?;
            Ok(Label {
                label: terms
                    .label(&request.system, &request.code)
                    .map(str::to_owned),
            })
        })
    }
}

/// Takes up newer sets, for this connector until it is closed; the configuration can name the same text in a
/// file. pack: record terminology-pack, or a value set of the ANS in FHIR, or a Bundle of them. out: record
/// terminology-report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_terminology_load(
    connector: *mut dmp_connector,
    pack: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let connector = self::connector(ticket)?;
            let pack = Pack::read(text(pack, "pack")?.as_bytes()).map_err(unread)?;
            Ok(connector.load_terminology(pack)?)
        })
    }
}

/// A pack that cannot be read fails as any record does.
fn unread(error: PackError) -> Failure {
    match error {
        PackError::Form(line) => Failure::new(DMP_INVALID_RECORD, line),
        PackError::TooLarge => Failure::new(DMP_TOO_LARGE, error.to_string()),
        PackError::Value { place, rule } => Error::caller(place, rule).into(),
    }
}
