//! The host as transport: its own TLS, with the system's store and cards.

use std::io::Cursor;

use super::client::Call;
use super::config::{ConfigError, Limits};
use super::error::{NetworkError, Stage};
use super::{Answer, Cancel, Request, Transport, http_date, judge};
use crate::dmp::protocol::key::Key;

/// What the host is to send: a POST, over TLS with the given client certificate, without following redirects.
pub struct HostRequest<'a> {
    /// The method, `POST`.
    pub method: &'static str,
    /// The address.
    pub url: &'a str,
    /// The headers, `Content-Type` and `SOAPAction` included; without `Host` and `Content-Length`.
    pub headers: Vec<(&'a str, String)>,
    /// The body, in pieces one after the other.
    pub body: &'a [&'a [u8]],
    /// Length of the body in bytes.
    pub length: u64,
    /// The client certificate to use, DER; the host finds its key.
    pub certificate: &'a [u8],
    /// When it becomes cancelled the host stops and answers [`HostFailure::Cancelled`].
    pub cancel: &'a Cancel,
}

impl HostRequest<'_> {
    /// The headers as a JSON object of strings.
    pub fn headers_json(&self) -> String {
        let pairs = self.headers.iter().map(|(name, value)| {
            let value = serde_json::Value::from(value.as_str());
            ((*name).to_owned(), value)
        });
        serde_json::Value::Object(pairs.collect()).to_string()
    }
}

/// Why the host could not send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostFailure {
    /// The server's name is unknown.
    NameNotResolved,
    /// The server cannot be reached.
    Unreachable,
    /// The server refuses the connection.
    Refused,
    /// Not connected in time.
    ConnectTimedOut,
    /// Connected, but not answered whole in time.
    TimedOut,
    /// Cut once connected.
    Cut,
    /// The person or the program stopped it.
    Cancelled {
        /// Whether the request may have left.
        sent: bool,
    },
    /// The server's certificate is not trusted.
    ServerCertificate,
    /// The server refuses the client certificate, or its key cannot be used.
    ClientCertificate,
    /// The proxy refuses.
    Proxy,
    /// The answer is not HTTP.
    Malformed,
    /// The sink said to stop; its own error is the one reported.
    Stopped,
    /// Anything else.
    Other {
        /// Whether the request may have left.
        sent: bool,
    },
}

impl From<HostFailure> for NetworkError {
    fn from(failure: HostFailure) -> NetworkError {
        let stage = Stage::After;
        match failure {
            HostFailure::NameNotResolved => NetworkError::NameNotResolved,
            HostFailure::Unreachable => NetworkError::Unreachable,
            HostFailure::Refused => NetworkError::Refused,
            HostFailure::ConnectTimedOut => NetworkError::ConnectTimedOut,
            HostFailure::TimedOut => NetworkError::TimedOut { stage },
            HostFailure::Cut => NetworkError::Cut { stage },
            HostFailure::Cancelled { sent } => NetworkError::Cancelled {
                stage: if sent { stage } else { Stage::Before },
            },
            HostFailure::ServerCertificate => NetworkError::CertificateUnfit,
            HostFailure::ClientCertificate => NetworkError::ClientCertificateRefused {
                stage: Stage::Before,
            },
            HostFailure::Proxy => NetworkError::ProxyFailed { status: None },
            HostFailure::Malformed => NetworkError::Malformed,
            HostFailure::Stopped => NetworkError::Host { sent: true },
            HostFailure::Other { sent } => NetworkError::Host { sent },
        }
    }
}

/// Where the host puts the answer, in order: status, headers, body. After an error nothing more is taken.
#[derive(Debug)]
pub struct HostSink {
    limits: Limits,
    status: Option<u16>,
    headers: Vec<(String, String)>,
    header_bytes: usize,
    body: Vec<u8>,
    failure: Option<NetworkError>,
}

impl HostSink {
    fn new(limits: Limits) -> HostSink {
        HostSink {
            limits,
            status: None,
            headers: Vec::new(),
            header_bytes: 0,
            body: Vec::new(),
            failure: None,
        }
    }

    fn refuse(&mut self, failure: NetworkError) -> Result<(), NetworkError> {
        let failure = self.failure.get_or_insert(failure);
        Err(failure.clone())
    }

    fn open(&self) -> Result<(), NetworkError> {
        match &self.failure {
            None => Ok(()),
            Some(failure) => Err(failure.clone()),
        }
    }

    /// The status, 200 to 599, once.
    pub fn status(&mut self, status: u16) -> Result<(), NetworkError> {
        self.open()?;
        if self.status.is_some() || !(200..=599).contains(&status) {
            return self.refuse(NetworkError::Malformed);
        }
        self.status = Some(status);
        Ok(())
    }

    /// A header; its name in any case.
    pub fn header(&mut self, name: &str, value: &str) -> Result<(), NetworkError> {
        self.open()?;
        self.header_bytes = self
            .header_bytes
            .saturating_add(name.len() + value.len() + 4);
        let many = self.headers.len() >= self.limits.headers as usize;
        if many || self.header_bytes > self.limits.header_bytes as usize {
            return self.refuse(NetworkError::HeaderTooLarge);
        }
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() || self.status.is_none() || !self.body.is_empty() {
            return self.refuse(NetworkError::Malformed);
        }
        self.headers.push((name, value.trim().to_owned()));
        Ok(())
    }

    /// The next part of the body.
    pub fn body(&mut self, part: &[u8]) -> Result<(), NetworkError> {
        self.open()?;
        if self.status.is_none() {
            return self.refuse(NetworkError::Malformed);
        }
        let length = (self.body.len() as u64).saturating_add(part.len() as u64);
        if length > self.limits.body_bytes {
            return self.refuse(NetworkError::BodyTooLarge);
        }
        self.body.extend_from_slice(part);
        Ok(())
    }
}

/// How the host sends. A closure of the same form is one.
pub trait HostSender: Send + Sync {
    /// Sends, and puts the answer into the sink.
    fn send(&self, request: &HostRequest<'_>, sink: &mut HostSink) -> Result<(), HostFailure>;
}

impl<F> HostSender for F
where
    F: Fn(&HostRequest<'_>, &mut HostSink) -> Result<(), HostFailure> + Send + Sync,
{
    fn send(&self, request: &HostRequest<'_>, sink: &mut HostSink) -> Result<(), HostFailure> {
        self(request, sink)
    }
}

/// Sends through the host. Deadlines and kept connections are the host's; limits and the meaning of answers are as in
/// the built-in client. The whole body is held in memory, up to `limits.bodyBytes`.
pub struct HostTransport {
    sender: Box<dyn HostSender>,
    limits: Limits,
}

impl HostTransport {
    /// Through this sender, within these limits.
    pub fn new(sender: Box<dyn HostSender>, limits: Limits) -> Result<HostTransport, ConfigError> {
        limits.check()?;
        Ok(HostTransport { sender, limits })
    }
}

impl Transport for HostTransport {
    fn send(&self, request: &Request<'_>) -> Result<Answer, NetworkError> {
        // Only for its checks: the host gets no address or header the built-in client would refuse.
        Call::new(request)?;
        let cancelled = |stage| NetworkError::Cancelled { stage };
        if request.cancel.is_cancelled() {
            return Err(cancelled(Stage::Before));
        }
        let mut headers = vec![("Content-Type", request.content_type.to_owned())];
        if let Some(action) = request.soap_action {
            headers.push(("SOAPAction", format!("\"{action}\"")));
        }
        let others = request.headers.iter();
        headers.extend(others.map(|(name, value)| (*name, (*value).to_owned())));
        let certificates = request.identity.certificates();
        let call = HostRequest {
            method: "POST",
            url: request.url,
            headers,
            body: request.body,
            length: request.length(),
            certificate: certificates.first().map_or(&[], Vec::as_slice),
            cancel: request.cancel,
        };
        let mut sink = HostSink::new(self.limits);
        let sent = self.sender.send(&call, &mut sink);
        sink.open()?;
        sent?;
        let Some(status) = sink.status else {
            return Err(NetworkError::Malformed);
        };
        let mut answer = Answer {
            status,
            headers: sink.headers,
            date: None,
            body: Box::new(Cursor::new(sink.body)),
        };
        answer.date = answer.header("date").and_then(http_date);
        let encoding = answer.header("content-encoding");
        let media = answer.media_type();
        judge(status, media.as_deref(), encoding, request.accept)?;
        Ok(answer)
    }

    fn forget(&self, _: &dyn Key) {}
}

impl std::fmt::Debug for HostTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostTransport").finish_non_exhaustive()
    }
}
