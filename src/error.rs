//! The one error of the crate: opaque, over a kind that can grow.
//!
//! The text is English, one line, names the field and the rule, and holds no value: no patient data, no
//! path, no SQL. What a person reads is the [`Refusal`] that some kinds carry.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cda::Finding;
use crate::rules::decision::Sentence;
use crate::rules::{Decision, Explanation, Verdict};

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong. Look at [`Error::kind`] to act on it.
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

/// The kinds of error, in the bands of the C status codes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller's input is wrong: which field, and the rule it breaks.
    Caller {
        /// Name of the field or argument.
        field: String,
        /// The rule.
        rule: String,
    },
    /// The connector was closed.
    Closed,
    /// The document cannot be read as CDA.
    Unreadable(crate::cda::ReadError),
    /// The document was read; findings stop it.
    Findings(Refusal),
    /// The content received does not have the announced hash or size.
    Integrity,
    /// The rules refuse, before the network.
    Refused(Refusal),
    /// The DMP refuses or fails; its own code is kept.
    Dmp(Refusal),
    /// The document does not exist for this person: absent and hidden are one answer.
    UnknownDocument(Refusal),
    /// The access is over: closed, or its time has passed.
    Ended(Refusal),
    /// The store failed.
    Storage(StorageError),
    /// The DMP could not be reached, or its answer could not be had.
    Network(NetworkFailure),
    /// A card, a certificate or a PIN stands in the way.
    Key(Refusal),
    /// A fault of this library.
    Bug(&'static str),
}

/// What can happen to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StorageError {
    /// The path is not one this library opens.
    #[error("path: must be a plain file path, not empty, not a URI, not in memory")]
    Path,
    /// The file or its folder cannot be opened.
    #[error("the file cannot be opened: check that its folder exists and can be written")]
    CannotOpen,
    /// The file is not one of ours, or not under this key: one answer for both.
    #[error(
        "the file is not a dmpkit file of this kind, or not one that the key given, or none, opens"
    )]
    NotOurs,
    /// The file was written by a newer version.
    #[error("the file was written by a newer version of dmpkit; it was left untouched")]
    Newer,
    /// The file or folder is read-only.
    #[error("the file or its folder is read-only")]
    ReadOnly,
    /// No space is left.
    #[error("the disk is full; nothing was half done")]
    Full,
    /// Others held the file too long, of this process or of another.
    #[error("the file is in use; try again")]
    Busy,
    /// The file is damaged. [`restore`](crate::connector::restore) puts a backup in its place,
    /// [`salvage`](crate::connector::salvage) writes out what can still be read of a register.
    #[error(
        "the file is damaged: restore a backup, or have salvage write out what can still be read"
    )]
    Corrupt,
    /// Something of that name is there already; nothing is overwritten.
    #[error("a file of that name is there already; nothing was overwritten")]
    Exists,
    /// Another input or output error.
    #[error("the file cannot be read or written")]
    Io,
}

/// A failure between this machine and the DMP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkFailure {
    /// Of what kind.
    pub kind: NetworkKind,
    /// English, one line, without values.
    pub what: String,
    /// What a person reads; its `network` member says whether anything was sent.
    pub refusal: Refusal,
}

impl NetworkFailure {
    /// A failure of this kind: the rule's identifier, English without values, French for a person, and what is known
    /// of the request.
    pub fn new(
        kind: NetworkKind,
        rule: &str,
        what: impl Into<String>,
        sentence: &str,
        detail: NetworkDetail,
    ) -> NetworkFailure {
        let mut refusal = Refusal::by_rule(rule, "dmpkit", sentence);
        refusal.by = "network".to_owned();
        refusal.network = Some(detail);
        NetworkFailure {
            kind,
            what: what.into(),
            refusal,
        }
    }

    /// An answer came that is not a DMP's answer; what it is not.
    pub fn unexpected(what: impl Into<String>) -> NetworkFailure {
        NetworkFailure::new(
            NetworkKind::Unexpected,
            "NET-UNEXPECTED-ANSWER",
            what,
            "La réponse reçue n'est pas celle du DMP : vérifiez l'adresse et le réseau (mandataire, portail), ou prévenez l'éditeur du logiciel.",
            NetworkDetail {
                sent: true,
                retry: false,
            },
        )
    }
}

/// The kinds of failure between this machine and the DMP, as the C status codes tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkKind {
    /// No connection, or a connection that was cut.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// Cancelled by the host.
    Cancelled,
    /// The other end is not the DMP: its certificate is not accepted.
    NotTrusted,
    /// Something answered that is not a DMP's answer.
    Unexpected,
}

/// What is known of a request that failed on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NetworkDetail {
    /// Whether the request may have reached the DMP. A deposit that may have arrived is asked for before it is
    /// sent again.
    pub sent: bool,
    /// Whether the same call can succeed later.
    pub retry: bool,
}

/// A code of the DMP, kept as it came. Source: ITI TF-3 4.2.4 and the DMP's own services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DmpError {
    /// `XDSDocumentUniqueIdError`, `DMPClosed`…
    pub code: String,
    /// What the DMP says of it, without values.
    pub context: String,
    /// Whether the same call can succeed later.
    pub retry: bool,
    /// How severe the DMP says it is, when it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<DmpSeverity>,
}

/// The severity of a DMP's answer. Source: ebRS `ErrorSeverityType`, HL7 `AcknowledgementDetailType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DmpSeverity {
    /// It was not done.
    Error,
    /// It was done, with this said.
    Warning,
}

/// A refusal as a person reads it, and as JSON carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// Who refused: `connector`, before the network; `dmp`; `network` or `key` when something on the way failed.
    pub by: String,
    /// The rule, the reason in French, the facts, what would change the answer.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// What a document lacks, when that is the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The DMP's own code, when it refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dmp: Option<DmpError>,
    /// What is known of the request, when the network failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkDetail>,
}

impl Refusal {
    /// The connector's refusal for a decision.
    pub fn of(decision: &Decision) -> Refusal {
        Refusal {
            by: "connector".to_owned(),
            explanation: decision.explain(),
            findings: Vec::new(),
            dmp: None,
            network: None,
        }
    }

    /// The connector's refusal for a rule that is not a decision on rights.
    pub fn by_rule(rule: &str, source: &str, sentence: &str) -> Refusal {
        Refusal {
            by: "connector".to_owned(),
            explanation: Explanation {
                verdict: Verdict::Refused,
                rule: rule.to_owned(),
                source: source.to_owned(),
                sentence: sentence.to_owned(),
                facts: Vec::new(),
                remedies: Vec::new(),
            },
            findings: Vec::new(),
            dmp: None,
            network: None,
        }
    }

    /// The refusal of a rule that a table holds.
    pub fn by(rule: &crate::rules::decision::Rule) -> Refusal {
        Refusal::by_rule(rule.id, rule.source, rule.sentence)
    }

    /// With one more way out.
    pub fn with_remedy(mut self, remedy: crate::rules::Remedy) -> Refusal {
        self.explanation.remedies.push(Sentence::from(remedy));
        self
    }
}

impl Error {
    /// What kind of error.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// The refusal to show to a person, if this is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &*self.0 {
            ErrorKind::Findings(r)
            | ErrorKind::Refused(r)
            | ErrorKind::Dmp(r)
            | ErrorKind::UnknownDocument(r)
            | ErrorKind::Key(r)
            | ErrorKind::Ended(r) => Some(r),
            ErrorKind::Network(failure) => Some(&failure.refusal),
            _ => None,
        }
    }

    /// The caller's input breaks a rule.
    pub fn caller(field: impl Into<String>, rule: impl fmt::Display) -> Error {
        ErrorKind::Caller {
            field: field.into(),
            rule: rule.to_string(),
        }
        .into()
    }

    /// The rules refuse.
    pub fn refused(decision: &Decision) -> Error {
        ErrorKind::Refused(Refusal::of(decision)).into()
    }

    /// With one more way out beside the refusal, if this is one.
    pub(crate) fn with_remedy(mut self, remedy: crate::rules::Remedy) -> Error {
        match &mut *self.0 {
            ErrorKind::Findings(refusal)
            | ErrorKind::Refused(refusal)
            | ErrorKind::Dmp(refusal)
            | ErrorKind::UnknownDocument(refusal)
            | ErrorKind::Key(refusal)
            | ErrorKind::Ended(refusal)
            | ErrorKind::Network(NetworkFailure { refusal, .. }) => {
                refusal.explanation.remedies.push(Sentence::from(remedy));
            }
            _ => {}
        }
        self
    }

    /// A fault of this library; the text names the place.
    pub fn bug(place: &'static str) -> Error {
        ErrorKind::Bug(place).into()
    }

    /// The code of the DMP, if it gave one.
    pub fn dmp_code(&self) -> Option<&str> {
        self.refusal()?.dmp.as_ref().map(|d| d.code.as_str())
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Error {
        Error(Box::new(kind))
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Error {
        ErrorKind::Storage(error).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            ErrorKind::Caller { field, rule } => write!(f, "{field}: {rule}"),
            ErrorKind::Closed => f.write_str("the connector is closed"),
            ErrorKind::Unreadable(error) => write!(f, "document: {error}"),
            ErrorKind::Findings(r) => write!(
                f,
                "document: {} finding(s) stop it, first {}",
                r.findings.len(),
                r.findings.first().map_or("-", |finding| finding.rule.id)
            ),
            ErrorKind::Integrity => {
                f.write_str("content: hash or size differ from what the DMP announced")
            }
            ErrorKind::Refused(r) => write!(f, "refused by rule {}", r.explanation.rule),
            ErrorKind::Dmp(r) => write!(
                f,
                "the DMP answered {}",
                r.dmp.as_ref().map_or("-", |d| d.code.as_str())
            ),
            ErrorKind::UnknownDocument(_) => {
                f.write_str("uniqueId: no such document for this professional")
            }
            ErrorKind::Ended(_) => f.write_str("access: it is over"),
            ErrorKind::Storage(error) => write!(f, "storage: {error}"),
            ErrorKind::Network(failure) => write!(f, "network: {}", failure.what),
            ErrorKind::Key(r) => write!(f, "key: {}", r.explanation.rule),
            ErrorKind::Bug(place) => write!(f, "bug in dmpkit: {place}"),
        }
    }
}

impl std::error::Error for Error {}
