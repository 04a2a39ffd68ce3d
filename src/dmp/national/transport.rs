//! How messages travel: the built-in HTTPS client with mutual TLS ([`HttpsClient`]), or the host ([`HostTransport`]).
//!
//! One request, one answer: [`Transport::send`]. What is sent is not copied whole, what comes back is a stream, and
//! every failure is a [`NetworkError`] that says whether the request may have reached the server
//! ([`NetworkError::sent`]): that is what decides whether a deposit may be made again.
//!
//! # Limits
//!
//! - TLS 1.2 with `ECDHE_RSA` and `AES256_GCM_SHA384`, `AES128_GCM_SHA256` or `CHACHA20_POLY1305_SHA256`. The fourth
//!   suite of PDT-INF-579, `AES256_CBC_SHA384`, is not offered: the TLS library has no CBC.
//! - A client certificate that the server only asks for after the handshake (TLS renegotiation) is not given.
//! - Certificate revocation is not checked.
//! - The proxy is an HTTP proxy reached without TLS (`CONNECT`, optional basic authentication). Proxy settings of the
//!   system and of the environment are not read.
//! - A key that waits for a PIN cannot be interrupted; the time it takes does not count against the deadlines.

mod body;
mod client;
mod config;
mod dial;
mod error;
mod exchange;
mod host;
mod pool;
mod stream;
mod tls;
mod watch;

use std::io::BufRead;
use std::sync::Arc;

pub use client::HttpsClient;
pub use config::{ConfigError, Limits, NetworkConfig, Password, Proxy, Trust};
pub use error::{NetworkError, Stage};
pub use host::{HostFailure, HostRequest, HostSender, HostSink, HostTransport};
pub use watch::Cancel;

use crate::clock::Instant;
use crate::dmp::protocol::key::Key;

/// Carries one request to a server and its answer back.
pub trait Transport: Send + Sync {
    /// Sends a POST and waits for the head of the answer; the body is read from [`Answer::body`].
    ///
    /// An answer is returned whatever its status when its type is one of [`Request::accept`]: a SOAP fault comes with
    /// status 400 or 500 (SOAP 1.2 part 2, 7.5.2.2). Redirects are never followed.
    fn send(&self, request: &Request<'_>) -> Result<Answer, NetworkError>;

    /// Closes the connections kept open for this identity: the card was removed, the session is over.
    fn forget(&self, identity: &dyn Key);
}

/// One request.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The address, `https://host[:port]/path`, without user or password.
    pub url: &'a str,
    /// The `Content-Type`, with its parameters (`application/soap+xml; charset=UTF-8; action="…"`).
    pub content_type: &'a str,
    /// The action, sent as the header `SOAPAction` (in quotes) when given.
    pub soap_action: Option<&'a str>,
    /// Other headers: name, value. Those that frame the message (`Host`, `Content-Length`, `Connection`…) are refused.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body, in pieces one after the other. They are sent as they are, a bounded part at a time.
    pub body: &'a [&'a [u8]],
    /// The media types expected, lower case, without parameters; none means any.
    pub accept: &'a [&'a str],
    /// Whose certificate opens the connection.
    pub identity: &'a Arc<dyn Key>,
    /// True when the server doing it twice does no harm (a query). Then a kept connection that turns out to be cut
    /// before the first byte of the answer is replaced by a fresh one, once.
    pub repeatable: bool,
    /// Lets another thread stop the call.
    pub cancel: &'a Cancel,
}

impl Request<'_> {
    /// Length of the body in bytes.
    pub fn length(&self) -> u64 {
        self.body.iter().map(|piece| piece.len() as u64).sum()
    }
}

/// The answer to a request.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers, names in lower case, in the order received; a value that is not ASCII text is left out.
    pub headers: Vec<(String, String)>,
    /// The server's present (`Date`), to measure the difference with ours.
    pub date: Option<Instant>,
    /// The body. A failure while reading is an [`std::io::Error`] that holds a [`NetworkError`]:
    /// [`NetworkError::from_io`] takes it out.
    pub body: Box<dyn BufRead + Send>,
}

impl Answer {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The media type, lower case, without parameters.
    pub fn media_type(&self) -> Option<String> {
        self.header("content-type").map(media_type)
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// The media type of a `Content-Type`, lower case, without parameters.
fn media_type(content_type: &str) -> String {
    let end = content_type.find(';').unwrap_or(content_type.len());
    let essence = content_type.get(..end).unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// What the head of an answer means before its body is read: a redirect, a failure, or something to read.
fn judge(
    status: u16,
    media: Option<&str>,
    encoding: Option<&str>,
    accept: &[&str],
) -> Result<(), NetworkError> {
    if (300..400).contains(&status) {
        return Err(NetworkError::Redirect { status });
    }
    // Nothing but plain bytes was asked for.
    let encoded = encoding.is_some_and(|e| !e.trim().eq_ignore_ascii_case("identity"));
    let expected = accept.is_empty() || media.is_some_and(|m| accept.contains(&m));
    if expected && !encoded && (!accept.is_empty() || (200..300).contains(&status)) {
        return Ok(());
    }
    if (200..300).contains(&status) {
        Err(NetworkError::UnexpectedContentType)
    } else {
        Err(NetworkError::Status { status })
    }
}

/// Reads the header `Date` (RFC 9110 5.6.7).
fn http_date(value: &str) -> Option<Instant> {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc2822;
    Instant::from_date_time(OffsetDateTime::parse(value.trim(), &Rfc2822).ok()?)
}
