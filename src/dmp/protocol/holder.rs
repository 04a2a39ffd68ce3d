//! The patient's and the CNAM's side, over the wire: `POST /simulator/holder`.
//!
//! No part of the DMP: only the simulator answers it. A connector set on a simulator uses it so that a vendor's tests
//! can open dossiers, block a professional or read the access history as with the embedded DMP.
//!
//! Request: `{"action": {holder-action record}, "content": "base64 of a CDA", "at": "instant"}`; `content` for a deposit
//! alone, `at` optional: when the caller is, for a simulator whose clock follows.
//!
//! Answer: the holder-answer record with HTTP 200, or `{"error": {…}}` with another status. The error's `kind` is that of
//! [`ErrorKind`], in snake case: `caller` with `field` and `rule`; `refused`, `dmp`, `unknown_document`, `ended`, `findings` with
//! `refusal`, the refusal record; `unreadable` with `reason`; `storage` with `what`; `integrity`, `closed`, `bug` alone.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::cda::{Finding, ReadError, finding};
use crate::clock::Instant;
use crate::dmp::embedded::holder::{HolderAction, HolderAnswer};
use crate::error::{DmpError, Error, ErrorKind, NetworkFailure, Refusal, Result, StorageError};
use crate::rules::Explanation;

/// The path of the endpoint, from the root of the simulator.
pub const PATH: &str = "/simulator/holder";

/// The structure whose test certificate opens the connection: every set of test certificates holds one for it.
pub const VISITOR: &str = "1SIMULATEUR";

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What the patient, a representative or the CNAM does.
    pub action: HolderAction,
    /// The CDA of a deposit.
    pub content: Vec<u8>,
    /// When the caller is.
    pub at: Option<Instant>,
}

#[derive(Serialize)]
struct Written<'a> {
    action: &'a HolderAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Instant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Received {
    action: HolderAction,
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    at: Option<Instant>,
}

/// Writes a request, as JSON.
pub fn write_request(
    action: &HolderAction,
    content: &[u8],
    at: Option<Instant>,
) -> Result<Vec<u8>> {
    let written = Written {
        action,
        content: (!content.is_empty()).then(|| STANDARD.encode(content)),
        at,
    };
    serde_json::to_vec(&written).map_err(|_| Error::bug("a holder action that does not serialise"))
}

/// Reads a request. Errors: [`ErrorKind::Caller`], naming the field, never a value.
pub fn read_request(json: &[u8]) -> Result<Request> {
    let text = std::str::from_utf8(json).map_err(|_| Error::caller("body", "is not UTF-8"))?;
    let received: Received =
        crate::json::read(text, "body").map_err(|fault| match fault.split_once(": ") {
            Some((field, rule)) => Error::caller(field, rule),
            None => Error::caller("body", fault),
        })?;
    let content = match &received.content {
        None => Vec::new(),
        Some(text) => STANDARD
            .decode(text)
            .map_err(|_| Error::caller("content", "is not base64"))?,
    };
    Ok(Request {
        action: received.action,
        content,
        at: received.at,
    })
}

#[derive(Serialize, Deserialize)]
struct Failure {
    error: Kind,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kind {
    Caller { field: String, rule: String },
    Refused { refusal: WireRefusal },
    Dmp { refusal: WireRefusal },
    UnknownDocument { refusal: WireRefusal },
    Ended { refusal: WireRefusal },
    Findings { refusal: WireRefusal },
    Unreadable { reason: ReadError },
    Storage { what: StorageError },
    Integrity,
    Closed,
    Bug,
}

/// A refusal as its record, which the refusal itself cannot be read from: its findings point to rules.
#[derive(Serialize, Deserialize)]
struct WireRefusal {
    by: String,
    #[serde(flatten)]
    explanation: Explanation,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    findings: Vec<WireFinding>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dmp: Option<DmpError>,
}

#[derive(Serialize, Deserialize)]
struct WireFinding {
    rule: String,
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

impl From<&Refusal> for WireRefusal {
    fn from(refusal: &Refusal) -> WireRefusal {
        let findings = refusal.findings.iter().map(|f| WireFinding {
            rule: f.rule.id.to_owned(),
            path: f.path.to_string(),
            fix: f.fix.as_ref().map(ToString::to_string),
        });
        WireRefusal {
            by: refusal.by.clone(),
            explanation: refusal.explanation.clone(),
            findings: findings.collect(),
            dmp: refusal.dmp.clone(),
        }
    }
}

impl From<WireRefusal> for Refusal {
    fn from(wire: WireRefusal) -> Refusal {
        // A rule of a simulator newer than this library is left out: its sentence is not known here.
        let findings = wire.findings.into_iter().filter_map(|f| {
            let rule = finding::all().find(|rule| rule.id == f.rule)?;
            Some(Finding {
                rule,
                path: f.path.into(),
                fix: f.fix.map(Into::into),
            })
        });
        Refusal {
            by: wire.by,
            explanation: wire.explanation,
            findings: findings.collect(),
            dmp: wire.dmp,
            network: None,
        }
    }
}

/// Writes an error, as the JSON of an answer.
pub fn write_error(error: &Error) -> Vec<u8> {
    let kind = match error.kind() {
        ErrorKind::Caller { field, rule } => Kind::Caller {
            field: field.clone(),
            rule: rule.clone(),
        },
        ErrorKind::Refused(r) => Kind::Refused { refusal: r.into() },
        ErrorKind::Dmp(r) => Kind::Dmp { refusal: r.into() },
        ErrorKind::UnknownDocument(r) => Kind::UnknownDocument { refusal: r.into() },
        ErrorKind::Ended(r) => Kind::Ended { refusal: r.into() },
        ErrorKind::Findings(r) => Kind::Findings { refusal: r.into() },
        ErrorKind::Unreadable(reason) => Kind::Unreadable { reason: *reason },
        ErrorKind::Storage(what) => Kind::Storage { what: *what },
        ErrorKind::Integrity => Kind::Integrity,
        ErrorKind::Closed => Kind::Closed,
        _ => Kind::Bug,
    };
    // Texts and numbers: nothing in it can fail to serialise.
    serde_json::to_vec(&Failure { error: kind }).unwrap_or_default()
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Error {
        match kind {
            Kind::Caller { field, rule } => ErrorKind::Caller { field, rule },
            Kind::Refused { refusal } => ErrorKind::Refused(refusal.into()),
            Kind::Dmp { refusal } => ErrorKind::Dmp(refusal.into()),
            Kind::UnknownDocument { refusal } => ErrorKind::UnknownDocument(refusal.into()),
            Kind::Ended { refusal } => ErrorKind::Ended(refusal.into()),
            Kind::Findings { refusal } => ErrorKind::Findings(refusal.into()),
            Kind::Unreadable { reason } => ErrorKind::Unreadable(reason),
            Kind::Storage { what } => ErrorKind::Storage(what),
            Kind::Integrity => ErrorKind::Integrity,
            Kind::Closed => ErrorKind::Closed,
            Kind::Bug => ErrorKind::Bug("the simulator failed"),
        }
        .into()
    }
}

/// Something else than the simulator's holder endpoint answered.
fn strange() -> Error {
    let what = "the answer is not that of a simulator's holder endpoint";
    ErrorKind::Network(NetworkFailure::unexpected(what)).into()
}

/// Reads an answer: what the action answered, or the error it met, as the embedded DMP would have given it.
/// Text that is neither gives [`ErrorKind::Network`].
pub fn read_answer(json: &[u8]) -> Result<HolderAnswer> {
    if let Ok(failure) = serde_json::from_slice::<Failure>(json) {
        return Err(failure.error.into());
    }
    let members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(json).map_err(|_| strange())?;
    let list = |name: &str| members.get(name).map(|value| value.get());
    if list("outcome").is_some() {
        Ok(HolderAnswer::Done { outcome: "done" })
    } else if let Some(text) = list("history") {
        let history = serde_json::from_str(text).map_err(|_| strange())?;
        Ok(HolderAnswer::History { history })
    } else if let Some(text) = list("notifications") {
        let notifications = serde_json::from_str(text).map_err(|_| strange())?;
        Ok(HolderAnswer::Notifications { notifications })
    } else if list("documents").is_some() {
        serde_json::from_slice(json)
            .map(HolderAnswer::Documents)
            .map_err(|_| strange())
    } else {
        serde_json::from_slice(json)
            .map(HolderAnswer::Deposited)
            .map_err(|_| strange())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dmp::Code;

    fn ins() -> crate::identity::Ins {
        serde_json::from_str(r#"{"matricule":"279035121518989","oid":"1.2.250.1.213.1.4.10"}"#)
            .unwrap()
    }

    #[test]
    fn a_request_is_read_as_it_was_written_and_a_wrong_one_names_its_field() {
        let action = HolderAction::ReopenDossier { patient: ins() };
        let at = Instant::parse("2026-01-31T08:00:00Z").ok();
        let json = write_request(&action, b"<x/>", at).unwrap();
        let request = Request {
            action,
            content: b"<x/>".to_vec(),
            at,
        };
        assert_eq!(read_request(&json).unwrap(), request);
        for (json, said) in [
            ("[]", "body: is not a JSON object"),
            (
                r#"{"action":{"action":"fly"}}"#,
                "body.action.action: unknown value",
            ),
            (
                r#"{"action":{"action":"reopen_dossier"}}"#,
                "missing field `patient`",
            ),
            (r#"{"jean":1}"#, "body: unknown field"),
        ] {
            let error = read_request(json.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn every_error_of_an_action_is_read_as_it_was_written() {
        let finding =
            Finding::new(&finding::TITLE_MISSING, "/ClinicalDocument/title").with_fix("x");
        let mut findings = Refusal::by_rule("CDA", "source", "phrase");
        findings.findings.push(finding);
        for kind in [
            ErrorKind::Caller {
                field: "patient".into(),
                rule: "rule".into(),
            },
            Code::DMPClosed
                .error("the dossier is closed")
                .kind()
                .clone(),
            Code::XDSDocumentUniqueIdError
                .error("uniqueId")
                .kind()
                .clone(),
            ErrorKind::Findings(findings),
            ErrorKind::Unreadable(ReadError::NotCda),
            ErrorKind::Unreadable(ReadError::Malformed {
                line: 3,
                offset: 40,
            }),
            ErrorKind::Storage(StorageError::Full),
            ErrorKind::Integrity,
            ErrorKind::Closed,
        ] {
            let json = write_error(&kind.clone().into());
            assert_eq!(read_answer(&json).unwrap_err().kind(), &kind);
        }
    }
}
