//! One exchange with the DMP: keys, VIHF, envelope, transport, and the answer as a stream.

use std::borrow::Cow;
use std::io::{self, BufRead, Cursor, Read};
use std::sync::{Arc, Mutex, PoisonError};

use super::National;
use super::keys::Keyring;
use super::transport::{NetworkError, Request};
use crate::clock::Instant;
use crate::dmp::Context;
use crate::dmp::protocol::ebxml::{self, RegistryResponse, ResponseStatus};
use crate::dmp::protocol::fault::Fault;
use crate::dmp::protocol::key::KeyError;
use crate::dmp::protocol::mtom::{self, MtomError, Part, Received};
use crate::dmp::protocol::soap::{self, Body, SoapError, Transaction};
use crate::dmp::protocol::vihf::{self, Issue, VihfError};
use crate::dmp::protocol::xml::{Element, Limits, Reader, XmlError};
use crate::error::{Error, ErrorKind, NetworkDetail, NetworkFailure, NetworkKind, Result};

/// What is asked.
pub(super) struct Ask<'a> {
    pub transaction: Transaction,
    /// The content of the body.
    pub payload: String,
    /// Documents that travel beside it.
    pub parts: Vec<Part<'a>>,
}

/// The reader of an answer.
pub(super) type Answer = Reader<Box<dyn BufRead + Send>>;

/// Whose payload an answer has, and its documents.
pub(super) struct Heard<'a> {
    pub start: &'a Element,
    pub reader: &'a mut Answer,
    pub package: &'a mut Received,
}

impl Ask<'_> {
    pub fn new(transaction: Transaction, payload: String) -> Ask<'static> {
        Ask {
            transaction,
            payload,
            parts: Vec::new(),
        }
    }

    /// Whether doing it twice does no harm: only then is a kept connection that turns out to be cut replaced.
    fn is_repeatable(&self) -> bool {
        !matches!(
            self.transaction,
            Transaction::Td21 | Transaction::Td33 | Transaction::Td03
        )
    }
}

/// 16 random bytes of the system.
pub(super) fn random() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::bug("the system gives no random bytes"))?;
    Ok(bytes)
}

impl National {
    /// Asks, and gives the payload of the answer to `read`. A fault is an error.
    pub(super) fn exchange<T>(
        &mut self,
        context: &Context<'_>,
        ask: &Ask<'_>,
        read: impl FnOnce(Heard<'_>) -> Result<T>,
    ) -> Result<T> {
        let now = self.clock.now();
        let keys = self.keyring.keys(context.requester).map_err(of_key)?;
        let assertion_id = vihf::new_id().map_err(of_vihf)?;
        let issue = Issue {
            id: &assertion_id,
            at: self.skew.corrected(now, self.config.clock_skew_seconds),
        };
        let assertion = vihf::sign(
            context,
            &issue,
            &self.config.vihf,
            &self.terminology,
            keys.signature.as_ref(),
        )
        .map_err(of_vihf)?;
        let url = self.config.service(ask.transaction.service().suffix());
        let message_id = soap::message_id(random()?);
        let envelope = soap::Request {
            transaction: ask.transaction,
            message_id: &message_id,
            to: &url,
            assertion: &assertion,
            payload: &ask.payload,
        }
        .write();
        let action = ask.transaction.soap_action();
        let (content_type, body): (String, Vec<Cow<'_, [u8]>>) = if ask.transaction.is_multipart() {
            let package = mtom::package(&envelope, Some(action), &ask.parts, random()?)
                .map_err(|_| Error::bug("a package cannot be made"))?;
            (package.content_type.clone(), package.slices().to_vec())
        } else {
            let media = soap::MEDIA_TYPE;
            (
                format!("{media}; charset=UTF-8; action=\"{action}\""),
                vec![Cow::Borrowed(envelope.as_bytes())],
            )
        };
        let pieces: Vec<&[u8]> = body.iter().map(AsRef::as_ref).collect();
        let request = Request {
            url: &url,
            content_type: &content_type,
            soap_action: None,
            headers: &[],
            body: &pieces,
            accept: &[
                soap::MEDIA_TYPE,
                "multipart/related",
                "text/xml",
                "application/xop+xml",
            ],
            identity: &keys.authentication,
            repeatable: ask.is_repeatable(),
            cancel: &self.cancel,
        };
        let answer = self.transport.send(&request).map_err(of_network)?;
        self.learn(answer.date, now);
        let content_type = answer.header("content-type").unwrap_or_default().to_owned();
        let failure = Arc::new(Mutex::new(None));
        let body = Watched {
            inner: answer.body,
            failure: Arc::clone(&failure),
        };
        // What the network did to the stream comes before what that did to the XML.
        let explained = |error: Error| {
            let network = failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            match network {
                Some(network) => of_network(network),
                None => error,
            }
        };
        // A message alone is read as it comes; a package's documents have to be there when the message names them.
        let mut package = Received {
            root: Vec::new(),
            multipart: false,
            attachments: Vec::new(),
        };
        let input: Box<dyn BufRead + Send> =
            if content_type.to_ascii_lowercase().starts_with("multipart/") {
                let limits = mtom::Limits::default();
                package = mtom::receive(&content_type, body, &limits)
                    .map_err(|error| explained(of_mtom(&error)))?;
                Box::new(Cursor::new(std::mem::take(&mut package.root)))
            } else {
                Box::new(body)
            };
        hear(input, ask.transaction, &message_id, &mut package, read).map_err(explained)
    }

    /// Learns the difference of clocks from an answer's date.
    fn learn(&mut self, date: Option<Instant>, left: Instant) {
        let came = self.clock.now();
        self.last_answer = Some(came);
        let told = date.and_then(|date| self.skew.learn(date, left, came));
        if let (Some(line), Some(log)) = (told, &self.log) {
            log(&line);
        }
    }
}

/// Reads an answer: the right envelope, no fault, its payload by `read`, and nothing behind.
fn hear<T>(
    input: Box<dyn BufRead + Send>,
    transaction: Transaction,
    message_id: &str,
    package: &mut Received,
    read: impl FnOnce(Heard<'_>) -> Result<T>,
) -> Result<T> {
    let mut envelope = soap::read(input, Limits::default()).map_err(|e| of_soap(&e))?;
    envelope
        .check_answer(transaction, message_id)
        .map_err(|e| of_soap(&e))?;
    let start = match envelope.body {
        Body::Fault(fault) => return Err(Fault::of_soap(&fault).into()),
        Body::Empty => return Err(unexpected("the answer has no content")),
        Body::Payload(start) => start,
    };
    let value = read(Heard {
        start: &start,
        reader: &mut envelope.reader,
        package,
    })?;
    soap::end(&mut envelope.reader).map_err(|e| of_soap(&e))?;
    Ok(value)
}

/// A body that remembers how the network failed it.
struct Watched {
    inner: Box<dyn BufRead + Send>,
    failure: Arc<Mutex<Option<NetworkError>>>,
}

impl Watched {
    fn keep(&self, error: &io::Error) {
        if let Some(network) = NetworkError::from_io(error) {
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(network.clone());
        }
    }
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer);
        if let Err(error) = &read {
            self.keep(error);
        }
        read
    }
}

impl BufRead for Watched {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if let Err(error) = self.inner.fill_buf() {
            self.keep(&error);
            return Err(error);
        }
        // Asked again, for the first answer cannot outlive the look at its error; nothing is read twice.
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}

/// A failure on the way, as an error.
pub(super) fn of_network(error: NetworkError) -> Error {
    use NetworkError as N;
    if let N::Key(key) = error {
        return of_key(key);
    }
    let (kind, rule) = match &error {
        N::TimedOut { .. } | N::ConnectTimedOut => (NetworkKind::TimedOut, "NET-TIMED-OUT"),
        N::Cancelled { .. } => (NetworkKind::Cancelled, "NET-CANCELLED"),
        N::UnknownRoot
        | N::CertificateExpired
        | N::CertificateNotYetValid
        | N::WrongHost
        | N::CertificateUnfit => (NetworkKind::NotTrusted, "NET-NOT-TRUSTED"),
        N::Malformed
        | N::HeaderTooLarge
        | N::BodyTooLarge
        | N::WrongLength
        | N::UnexpectedContentType
        | N::Redirect { .. } => (NetworkKind::Unexpected, "NET-UNEXPECTED-ANSWER"),
        N::Status { .. } => (NetworkKind::Unexpected, "NET-STATUS"),
        N::ClientCertificateRefused { .. } => (NetworkKind::Unreachable, "NET-CLIENT-REFUSED"),
        _ => (NetworkKind::Unreachable, "NET-UNREACHABLE"),
    };
    let detail = NetworkDetail {
        sent: error.sent(),
        retry: error.retry(),
    };
    let failure = NetworkFailure::new(kind, rule, error.to_string(), &error.french(), detail);
    ErrorKind::Network(failure).into()
}

/// A key that cannot be used, as an error.
pub(super) fn of_key(error: KeyError) -> Error {
    ErrorKind::Key(error.refusal()).into()
}

/// An answer that is not the DMP's.
pub(super) fn unexpected(what: &str) -> Error {
    ErrorKind::Network(NetworkFailure::unexpected(what)).into()
}

/// As [`unexpected`], for XML.
pub(super) fn of_xml(error: &XmlError) -> Error {
    unexpected(&error.to_string())
}

fn of_soap(error: &SoapError) -> Error {
    unexpected(&error.to_string())
}

fn of_mtom(error: &MtomError) -> Error {
    unexpected(&error.to_string())
}

fn of_vihf(error: VihfError) -> Error {
    match error {
        VihfError::Key(key) => of_key(key),
        VihfError::Field { field, rule } => Error::caller(field, rule),
        _ => Error::bug("a VIHF cannot be made"),
    }
}

/// Success, or the registry's first error. A partial success is one: what could be given was.
pub(super) fn accepted(response: RegistryResponse) -> Result<()> {
    if response.status != ResponseStatus::Failure {
        return Ok(());
    }
    let fault = match response.errors.first() {
        Some(error) => Fault::of_registry(
            &error.code,
            &error.context,
            Some(error.severity.urn()),
            error.location.as_deref(),
        ),
        None => Fault::of_registry("XDSRegistryError", "", None, None),
    };
    Err(fault.into())
}

/// Reads a RegistryResponse.
pub(super) fn registered(heard: Heard<'_>) -> Result<()> {
    let response =
        ebxml::read_response(heard.reader, heard.start).map_err(|error| of_xml(&error))?;
    accepted(response)
}
