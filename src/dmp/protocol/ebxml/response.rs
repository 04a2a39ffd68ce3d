//! RegistryResponse: yes or no, and why not (ebRS 3.0 section 2.1.6; ITI TF-3 4.2.4).

use std::io::BufRead;

use super::expect;
use super::names::RS;
use crate::dmp::protocol::xml::{Element, Reader, Step, Tag, Writer, XmlError};

/// What became of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseStatus {
    /// Done.
    Success,
    /// Done in part; errors say what was not.
    PartialSuccess,
    /// Not done.
    Failure,
}

impl ResponseStatus {
    /// The URN on the wire.
    pub const fn urn(self) -> &'static str {
        match self {
            ResponseStatus::Success => "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success",
            ResponseStatus::PartialSuccess => "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess",
            ResponseStatus::Failure => "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure",
        }
    }

    fn read(urn: &str) -> Result<ResponseStatus, XmlError> {
        [
            ResponseStatus::Success,
            ResponseStatus::PartialSuccess,
            ResponseStatus::Failure,
        ]
        .into_iter()
        .find(|s| s.urn() == urn)
        .ok_or(XmlError::Unexpected("status of a registry response"))
    }
}

/// How grave an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// What was asked was not done.
    Error,
    /// It was done all the same.
    Warning,
}

impl Severity {
    /// The URN on the wire.
    pub const fn urn(self) -> &'static str {
        match self {
            Severity::Error => "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error",
            Severity::Warning => "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Warning",
        }
    }
}

/// One error of a registry, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryError {
    /// errorCode: `XDSDocumentUniqueIdError`…
    pub code: String,
    /// codeContext: what the registry says of it. From a DMP it can name identifiers.
    pub context: String,
    /// severity; an unknown one is an error.
    pub severity: Severity,
    /// location.
    pub location: Option<String>,
}

impl RegistryError {
    /// An error.
    pub fn new(code: &str, context: &str) -> RegistryError {
        RegistryError {
            code: code.to_owned(),
            context: context.to_owned(),
            severity: Severity::Error,
            location: None,
        }
    }

    fn read(tag: &Tag<'_>) -> Result<RegistryError, XmlError> {
        let mut error = RegistryError::new("", "");
        tag.attributes(|namespace, name, value| {
            if !namespace.is_empty() {
                return;
            }
            match name {
                "errorCode" => error.code = value.into_owned(),
                "codeContext" => error.context = value.into_owned(),
                "location" => error.location = Some(value.into_owned()),
                "severity" if value == Severity::Warning.urn() => {
                    error.severity = Severity::Warning;
                }
                _ => {}
            }
        })?;
        Ok(error)
    }
}

/// A registry's or repository's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryResponse {
    /// Done or not.
    pub status: ResponseStatus,
    /// Why not. May be empty even then.
    pub errors: Vec<RegistryError>,
}

impl RegistryResponse {
    /// Done.
    pub const SUCCESS: RegistryResponse = RegistryResponse {
        status: ResponseStatus::Success,
        errors: Vec::new(),
    };

    /// Not done.
    pub fn failure(errors: Vec<RegistryError>) -> RegistryResponse {
        RegistryResponse {
            status: ResponseStatus::Failure,
            errors,
        }
    }
}

pub(super) fn status_of(payload: &Element) -> Result<ResponseStatus, XmlError> {
    let status = payload.attribute("status");
    ResponseStatus::read(status.ok_or(XmlError::Unexpected("a response without status"))?)
}

/// The errors of a RegistryErrorList whose start was just read, to its end.
pub(super) fn read_errors<R: BufRead>(
    reader: &mut Reader<R>,
    errors: &mut Vec<RegistryError>,
) -> Result<(), XmlError> {
    loop {
        match reader.step()? {
            Step::Start(tag) => {
                if tag.namespace() == RS && tag.name() == "RegistryError" {
                    errors.push(RegistryError::read(&tag)?);
                } else {
                    tag.attributes(|_, _, _| {})?;
                }
                reader.skip()?;
            }
            Step::End => return Ok(()),
            Step::Text(_) | Step::Passed => {}
            Step::Eof => return Err(XmlError::Cut),
        }
    }
}

/// Reads a `rs:RegistryResponse`: the answer of TD2.1 and TD3.3.
///
/// # Errors
/// It is another element, or its status is unknown.
pub fn read_response<R: BufRead>(
    reader: &mut Reader<R>,
    payload: &Element,
) -> Result<RegistryResponse, XmlError> {
    expect(payload, RS, "RegistryResponse", "RegistryResponse")?;
    let mut response = RegistryResponse {
        status: status_of(payload)?,
        errors: Vec::new(),
    };
    while let Some(child) = reader.child()? {
        if child.is(RS, "RegistryErrorList") {
            read_errors(reader, &mut response.errors)?;
        } else {
            reader.skip()?;
        }
    }
    Ok(response)
}

/// Writes a `rs:RegistryResponse` (official messages TD2.1 and TD3.3c, answers).
pub fn write_response(out: &mut Writer, response: &RegistryResponse) {
    let status = ("status", response.status.urn());
    out.open("rs:RegistryResponse", &[("xmlns:rs", RS), status]);
    write_errors(out, &response.errors);
    out.close();
}

/// The error list, with its prefix `rs` declared around it; nothing when there is none.
pub(super) fn write_errors(out: &mut Writer, errors: &[RegistryError]) {
    if errors.is_empty() {
        return;
    }
    let worst = errors.iter().any(|e| e.severity == Severity::Error);
    let worst = if worst {
        Severity::Error
    } else {
        Severity::Warning
    };
    out.open("rs:RegistryErrorList", &[("highestSeverity", worst.urn())]);
    for error in errors {
        let mut attributes = vec![
            ("codeContext", error.context.as_str()),
            ("errorCode", error.code.as_str()),
        ];
        attributes.extend(error.location.as_deref().map(|l| ("location", l)));
        attributes.push(("severity", error.severity.urn()));
        out.empty("rs:RegistryError", &attributes);
    }
    out.close();
}
