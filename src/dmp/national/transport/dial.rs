//! From a name to an open connection: resolver, TCP, proxy, TLS.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::http::{Method, header};
use hyper::{Request as HttpRequest, StatusCode};
use rustls::pki_types::ServerName;

use super::config::{Limits, NetworkConfig, Proxy};
use super::error::{NetworkError, Stage};
use super::exchange::{self, Feed, Live};
use super::stream::Stream;
use super::tls::Tls;
use super::watch::{SLICE, Watch};
use crate::dmp::protocol::key::Key;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Name or address, without brackets.
    pub host: String,
    pub port: u16,
}

impl Target {
    /// As in a URL: an IPv6 address in brackets.
    pub fn authority(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

/// Opens a TLS connection to the target, directly or through the proxy.
pub(super) fn open(
    target: &Target,
    config: &NetworkConfig,
    tls: &Tls,
    identity: &Arc<dyn Key>,
    watch: &mut Watch,
) -> Result<Stream, NetworkError> {
    let name = ServerName::try_from(target.host.clone()).map_err(|_| NetworkError::Url)?;
    let (connection, told) = tls.connection(name, identity)?;
    let mut stream = match &config.proxy {
        None => connect(&target.host, target.port, watch)?,
        Some(proxy) => through(proxy, target, &config.limits, watch)?,
    };
    stream.handshake(connection, told, watch)?;
    stream.begin();
    Ok(stream)
}

/// Resolves and connects on a thread of its own, for the system offers no way to interrupt either. An abandoned thread
/// ends by itself: the resolver has its own limit, and each address its share of the time that was left.
fn connect(host: &str, port: u16, watch: &Watch) -> Result<Stream, NetworkError> {
    watch.check(Stage::Before)?;
    let (sender, receiver) = mpsc::sync_channel(1);
    let (host, left) = (host.to_owned(), watch.left());
    let dial = move || {
        // Nobody may be waiting any more.
        let _ = sender.send(reach(&host, port, left));
    };
    let thread = std::thread::Builder::new().name("dmpkit-connect".to_owned());
    thread.spawn(dial).map_err(|_| NetworkError::Resources)?;
    loop {
        match receiver.recv_timeout(SLICE) {
            Ok(reached) => {
                let stream = Stream::new(reached?);
                return stream.map_err(|_| NetworkError::Resources);
            }
            Err(RecvTimeoutError::Timeout) => watch.check(Stage::Before)?,
            Err(RecvTimeoutError::Disconnected) => return Err(NetworkError::Resources),
        }
    }
}

fn reach(host: &str, port: u16, left: Duration) -> Result<TcpStream, NetworkError> {
    let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(ip) => vec![(ip, port).into()],
        Err(_) => {
            let resolved = (host, port).to_socket_addrs();
            resolved
                .map_err(|_| NetworkError::NameNotResolved)?
                .collect()
        }
    };
    let share = left / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut failure = NetworkError::NameNotResolved;
    for address in addresses {
        match TcpStream::connect_timeout(&address, share.max(SLICE)) {
            Ok(tcp) => return Ok(tcp),
            Err(error) => failure = refusal(&error),
        }
    }
    Err(failure)
}

fn refusal(error: &io::Error) -> NetworkError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => NetworkError::Refused,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => NetworkError::ConnectTimedOut,
        _ => NetworkError::Unreachable,
    }
}

/// Asks the proxy for a tunnel (RFC 9110 9.3.6).
fn through(
    proxy: &Proxy,
    target: &Target,
    limits: &Limits,
    watch: &Watch,
) -> Result<Stream, NetworkError> {
    let failed = NetworkError::ProxyFailed { status: None };
    let ours = |error: NetworkError| match error {
        error @ (NetworkError::ConnectTimedOut
        | NetworkError::Cancelled { .. }
        | NetworkError::Resources) => error,
        _ => NetworkError::ProxyFailed { status: None },
    };
    let stream = connect(&proxy.host, proxy.port, watch).map_err(ours)?;
    let authority = target.authority();
    let mut request = HttpRequest::builder()
        .method(Method::CONNECT)
        .uri(&authority)
        .header(header::HOST, &authority);
    if let Some(user) = &proxy.user {
        let pair = format!("{user}:{}", proxy.password.expose());
        let credentials = format!("Basic {}", STANDARD.encode(pair));
        request = request.header(header::PROXY_AUTHORIZATION, credentials);
    }
    let (feed, body) = Feed::empty();
    let request = request.body(body).map_err(|_| failed.clone())?;
    let mut live = Live::to_proxy(stream, limits).map_err(ours)?;
    // To the caller nothing is sent yet: the request itself is not in this exchange.
    let head = exchange::head(&mut live, request, feed, &[], &mut |_| {
        watch.check(Stage::Before)
    });
    let status = head.map_err(ours)?.status();
    if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        return Err(NetworkError::ProxyAuthentication);
    }
    if status != StatusCode::OK {
        return Err(NetworkError::ProxyFailed {
            status: Some(status.as_u16()),
        });
    }
    live.tunnel().ok_or(failed)
}
