//! Every form of a no, as one: what a client makes of it, and what a server writes for it.
//!
//! A refusal of the DMP stands in a SOAP fault, in a registry's list of errors, in an HL7 acknowledgement, in the
//! status of a service, or in an HTTP status alone. [`Fault`] keeps its code and severity as they came, and its
//! context without anything that could identify a person; [`crate::error::Error`] is made of it, with a French
//! sentence that says what to do. A code that is not in [`Code`] keeps its place: the list of the DMP's own codes is
//! not public (facts of the national DMP, error model).

mod redact;

use super::ebxml::{RegistryError, Severity};
use super::soap::{self, Transaction};
use super::vihf::VihfError;
use super::xml::XmlError;
use crate::dmp::Code;
use crate::error::{DmpError, DmpSeverity, Error, ErrorKind, Refusal};

pub use redact::redact;

/// Where a refusal was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A SOAP fault.
    Soap,
    /// A registry's list of errors.
    Registry,
    /// An HL7 acknowledgement.
    Hl7,
    /// The status of a service's output.
    Service,
    /// An HTTP status, without a message that can be read.
    Http,
}

/// At whose end the fault lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The request.
    Sender,
    /// The server.
    Receiver,
}

/// A refusal in any form. Nothing in it identifies a person: [`redact`] is applied as it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    origin: Origin,
    side: Side,
    code: String,
    context: String,
    severity: Option<DmpSeverity>,
    location: Option<String>,
    hint: Option<&'static Hint>,
}

/// A functional message of the DMP, known by its words.
#[derive(Debug, PartialEq, Eq)]
struct Hint {
    /// As [`crate::identity::traits::fold`] writes it.
    words: &'static str,
    rule: &'static str,
    french: &'static str,
}

/// Source of the words: messages observed on the national test platform (facts, error model: "VIHF/rights (text)").
static HINTS: &[Hint] = &[
    Hint {
        words: "STRUCTURE INTROUVABLE",
        rule: "DMP-STRUCTURE",
        french: "Le DMP ne connaît pas votre structure, ou la tient pour inactive : vérifiez son identifiant national dans la configuration du logiciel.",
    },
    Hint {
        words: "PS ET STRUCTURE NON LIES",
        rule: "DMP-PS-STRUCTURE",
        french: "Le DMP ne vous connaît pas d'exercice dans cette structure : vérifiez la structure choisie, ou faites mettre à jour votre enregistrement auprès de votre ordre.",
    },
    Hint {
        words: "AUCUNE SPECIALITE",
        rule: "DMP-SPECIALITE",
        french: "Le DMP demande la spécialité du médecin : complétez le profil du professionnel dans le logiciel.",
    },
    Hint {
        words: "IMPOSSIBLE D EFFECTUER UN TEST D EXISTENCE",
        rule: "DMP-TEST-EXISTENCE",
        french: "Le DMP n'a pas pu chercher le dossier de ce patient : vérifiez son INS, puis recommencez.",
    },
    Hint {
        words: "NOT A VALID SIGNATURE CERTIFICATE",
        rule: "DMPInvalidCertificate",
        french: Code::DMPInvalidCertificate.french(),
    },
];

const UNKNOWN: &str = "Le DMP a refusé la demande : notez le code ci-contre et contactez l'éditeur de votre logiciel.";
const UNKNOWN_RETRY: &str =
    "Le DMP ne répond pas correctement pour l'instant : recommencez plus tard.";

impl Fault {
    /// A refusal by its code and context as they came.
    pub fn new(origin: Origin, code: &str, context: &str) -> Fault {
        let folded = crate::identity::traits::fold(context);
        Fault {
            origin,
            side: Side::Sender,
            code: redact::code(code),
            context: redact(context),
            severity: None,
            location: None,
            hint: HINTS.iter().find(|h| folded.contains(h.words)),
        }
    }

    /// An entry of a registry's list of errors: `errorCode`, `codeContext`, `severity` (its URN) and `location`.
    pub fn of_registry(
        code: &str,
        context: &str,
        severity: Option<&str>,
        location: Option<&str>,
    ) -> Fault {
        let mut fault = Fault::new(Origin::Registry, code, context);
        fault.severity = severity.map(|s| {
            if s.ends_with("Warning") {
                DmpSeverity::Warning
            } else {
                DmpSeverity::Error
            }
        });
        fault.location = location.map(redact).filter(|l| !l.is_empty());
        fault
    }

    /// The refusal of a registry's list: its first error, else its first warning; `None` when the list is empty.
    pub fn of_registry_errors(errors: &[RegistryError]) -> Option<Fault> {
        errors
            .iter()
            .find(|e| e.severity == Severity::Error)
            .or(errors.first())
            .map(Fault::from)
    }

    /// As an entry of a registry's list of errors.
    pub fn to_registry(&self) -> RegistryError {
        RegistryError {
            code: self.code.clone(),
            context: self.context.clone(),
            severity: match self.severity {
                Some(DmpSeverity::Warning) => Severity::Warning,
                _ => Severity::Error,
            },
            location: self.location.clone(),
        }
    }

    /// What a server answers, in a SOAP fault, to an assertion that it does not accept. The codes are those of
    /// WS-Security 1.1 section 12, but for the one seen on the national test platform.
    pub fn of_vihf(error: &VihfError) -> Fault {
        let code = match error {
            VihfError::NotForSignature => Code::DMPInvalidCertificate,
            VihfError::Signature(_) => Code::FailedCheck,
            VihfError::Time => Code::MessageExpired,
            VihfError::Issuer | VihfError::NotTheHolder | VihfError::CertificateKind => {
                Code::FailedAuthentication
            }
            _ => Code::InvalidSecurity,
        };
        Fault::new(Origin::Soap, code.as_str(), &error.to_string())
            .with_severity(DmpSeverity::Error)
    }

    /// A SOAP fault. The DMP's own code is looked for in the details, the subcodes and the code, in this order.
    pub fn of_soap(soap: &soap::Fault) -> Fault {
        let candidates = || {
            let details = soap.details.iter().map(|d| d.code.as_str());
            let subcodes = soap.subcodes.iter().rev().map(String::as_str);
            details.chain(subcodes).chain([soap.code.as_str()])
        };
        let code = candidates()
            .find(|c| Code::of_wire(c).is_some())
            .or_else(|| candidates().next())
            .unwrap_or_default();
        let mut context = soap.reason.clone();
        for detail in &soap.details {
            if !detail.text.is_empty() && !context.contains(&detail.text) {
                context.push_str(" ; ");
                context.push_str(&detail.text);
            }
        }
        let mut fault = Fault::new(Origin::Soap, code, &context);
        if soap.code == soap::FaultCode::Receiver {
            fault.side = Side::Receiver;
        }
        fault
    }

    /// An HTTP status without a message that can be read: from 500 on the server is at fault.
    pub fn of_http(status: u16) -> Fault {
        let mut fault = Fault::new(Origin::Http, &format!("HTTP{status}"), "");
        if status >= 500 {
            fault.side = Side::Receiver;
        }
        fault
    }

    /// With a severity.
    pub fn with_severity(mut self, severity: DmpSeverity) -> Fault {
        self.severity = Some(severity);
        self
    }

    /// Where it was found.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// At whose end it lies.
    pub fn side(&self) -> Side {
        self.side
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The context, redacted.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// Its severity, when it was said.
    pub fn severity(&self) -> Option<DmpSeverity> {
        self.severity
    }

    /// Its place in the request, when it was said (`location` of a registry's error).
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// Whether the same call can succeed later.
    pub fn retry(&self) -> bool {
        match Code::of_wire(&self.code) {
            Some(code) => code.retry(),
            None => self.hint.is_none() && self.side == Side::Receiver,
        }
    }

    /// The sentence for a person, with the rule that names it.
    fn explanation(&self) -> (&str, &'static str) {
        let known = Code::of_wire(&self.code);
        match (self.hint, known) {
            // The words say more than a general code.
            (Some(hint), _) => (hint.rule, hint.french),
            (None, Some(code)) => (code.as_str(), code.french()),
            (None, None) if self.retry() => (&self.code, UNKNOWN_RETRY),
            (None, None) => (&self.code, UNKNOWN),
        }
    }

    /// The SOAP fault that says it: for what was refused before a transaction began (authentication, VIHF, a message
    /// that is not of its form).
    pub fn to_soap(&self) -> soap::Fault {
        soap::Fault {
            code: match self.side {
                Side::Sender => soap::FaultCode::Sender,
                Side::Receiver => soap::FaultCode::Receiver,
            },
            subcodes: vec![self.code.clone()],
            reason: if self.context.is_empty() {
                self.code.clone()
            } else {
                self.context.clone()
            },
            details: Vec::new(),
        }
    }

    /// What the embedded DMP refused, as a server says it in this transaction. The code is the DMP's; the context is
    /// the name of a rule or field, never a value.
    pub fn of_error(error: &Error, transaction: Transaction) -> Fault {
        let (origin, general) = match form(transaction) {
            Form::Registry if transaction.service() == soap::Service::Repository => {
                (Origin::Registry, Code::XDSRepositoryError)
            }
            Form::Registry => (Origin::Registry, Code::XDSRegistryError),
            Form::Acknowledgement => (Origin::Hl7, Code::XDSRegistryError),
            Form::Output => (Origin::Service, Code::XDSRegistryError),
        };
        let invalid = match origin {
            Origin::Registry => Code::XDSRegistryMetadataError,
            _ => Code::DMPInvalidRequest,
        };
        let of = |code: Code, context: &str| Fault::new(origin, code.as_str(), context);
        let mut fault = match error.kind() {
            ErrorKind::Dmp(r) | ErrorKind::UnknownDocument(r) => match &r.dmp {
                Some(dmp) => {
                    let mut fault = Fault::new(origin, &dmp.code, &dmp.context);
                    fault.severity = dmp.severity;
                    fault
                }
                None => of(Code::DMPAccessDeniedByRightsService, &r.explanation.rule),
            },
            ErrorKind::Refused(r) | ErrorKind::Ended(r) => {
                of(Code::DMPAccessDeniedByRightsService, &r.explanation.rule)
            }
            ErrorKind::Findings(r) => of(
                Code::InvalidDocumentContent,
                r.findings.first().map_or("", |finding| finding.rule.id),
            ),
            ErrorKind::Unreadable(_) => of(Code::InvalidDocumentContent, "CDA"),
            ErrorKind::Caller { field, rule } => of(invalid, &format!("{field}: {rule}")),
            ErrorKind::Integrity => of(Code::XDSNonIdenticalHash, "hash, size"),
            ErrorKind::Closed
            | ErrorKind::Storage(_)
            | ErrorKind::Network(_)
            | ErrorKind::Key(_)
            | ErrorKind::Bug(_) => {
                let mut fault = of(general, "");
                fault.side = Side::Receiver;
                fault
            }
        };
        fault.severity = fault.severity.or(Some(DmpSeverity::Error));
        fault
    }
}

impl From<&RegistryError> for Fault {
    fn from(error: &RegistryError) -> Fault {
        let mut fault =
            Fault::of_registry(&error.code, &error.context, None, error.location.as_deref());
        fault.severity = Some(match error.severity {
            Severity::Warning => DmpSeverity::Warning,
            Severity::Error => DmpSeverity::Error,
        });
        fault
    }
}

/// The form in which a transaction's answer holds a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `RegistryErrorList`.
    Registry,
    /// `acknowledgementDetail`: [`super::hl7::refusal_answer`].
    Acknowledgement,
    /// `output/status`: [`super::services::refusal_answer`].
    Output,
}

/// The form of a transaction.
pub const fn form(transaction: Transaction) -> Form {
    match transaction {
        Transaction::Td02 | Transaction::Td05 | Transaction::Td13a => Form::Acknowledgement,
        Transaction::Td03 | Transaction::Td04 | Transaction::Td16 => Form::Output,
        Transaction::Td21 | Transaction::Td31 | Transaction::Td32 | Transaction::Td33 => {
            Form::Registry
        }
    }
}

impl From<Fault> for Error {
    /// [`ErrorKind::UnknownDocument`] for XDSDocumentUniqueIdError, else [`ErrorKind::Dmp`].
    fn from(fault: Fault) -> Error {
        let (rule, sentence) = fault.explanation();
        let mut refusal = Refusal::by_rule(rule, "DMP", sentence);
        refusal.by = "dmp".to_owned();
        refusal.dmp = Some(DmpError {
            code: fault.code.clone(),
            context: fault.context.clone(),
            retry: fault.retry(),
            severity: fault.severity,
        });
        match Code::of_wire(&fault.code) {
            Some(Code::XDSDocumentUniqueIdError) => ErrorKind::UnknownDocument(refusal).into(),
            _ => ErrorKind::Dmp(refusal).into(),
        }
    }
}

/// Why an answer gives nothing: it refuses, or it cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The DMP refuses.
    Refused(Fault),
    /// The answer is not of its form.
    Unreadable(XmlError),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Refused(fault)
    }
}

impl From<XmlError> for Failure {
    fn from(error: XmlError) -> Failure {
        Failure::Unreadable(error)
    }
}

impl From<Failure> for Error {
    /// An answer that cannot be read is [`ErrorKind::Network`]: the DMP was not heard.
    fn from(failure: Failure) -> Error {
        match failure {
            Failure::Refused(fault) => fault.into(),
            Failure::Unreadable(_) => ErrorKind::Network(crate::error::NetworkFailure::unexpected(
                "the DMP's answer is not of its form",
            ))
            .into(),
        }
    }
}
