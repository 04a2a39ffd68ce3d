//! A client that shares nothing with the simulator but TLS itself: raw requests, raw answers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A certificate with its key, from the file of a card.
pub fn identity(file: &Path) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let pem = std::fs::read(file).unwrap();
    let chain = CertificateDer::pem_slice_iter(&pem).map(Result::unwrap);
    (
        chain.collect(),
        PrivateKeyDer::from_pem_slice(&pem).unwrap(),
    )
}

pub struct Client {
    pub address: SocketAddr,
    pub authority: Vec<u8>,
    /// The card that opens the connection.
    pub card: Option<std::path::PathBuf>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// 0 when nothing came.
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// Whether all that was announced came.
    pub whole: bool,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        let line = |line: &&str| line.to_ascii_lowercase().starts_with(&format!("{name}:"));
        let line = self.head.lines().find(line).unwrap_or_default();
        line.split_once(':').map_or("", |(_, value)| value.trim())
    }

    /// The text of the first element of this name, written without a prefix.
    pub fn element(&self, name: &str) -> String {
        let text = self.text();
        let start = text.find(&format!("<{name}")).unwrap_or(text.len());
        let inside = text[start..].split_once('>').map_or("", |(_, rest)| rest);
        inside.split('<').next().unwrap_or_default().to_owned()
    }
}

impl Client {
    pub fn connect(&self) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(self.authority.clone()))
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match &self.card {
            None => builder.with_no_client_auth(),
            Some(card) => {
                let (chain, key) = identity(card);
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let socket = TcpStream::connect(self.address).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        StreamOwned::new(connection, socket)
    }

    /// Sends a request on a connection of its own and reads to its end.
    pub fn ask(&self, method: &str, path: &str, content_type: &str, body: &[u8]) -> Answer {
        let mut stream = self.connect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut received = Vec::new();
        let sent = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body));
        if sent.is_ok() {
            let _ = stream.read_to_end(&mut received);
        }
        parsed(&received)
    }

    pub fn json(&self, method: &str, path: &str, body: &str) -> Answer {
        self.ask(method, path, "application/json", body.as_bytes())
    }
}

fn parsed(received: &[u8]) -> Answer {
    let split = received.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(split) = split else {
        return Answer {
            status: 0,
            head: String::new(),
            body: Vec::new(),
            whole: false,
        };
    };
    let head = String::from_utf8_lossy(&received[..split]).into_owned();
    let body = received[split + 4..].to_vec();
    let mut answer = Answer {
        status: head[9..12].parse().unwrap(),
        head,
        body,
        whole: false,
    };
    answer.whole = answer.header("content-length") == answer.body.len().to_string();
    answer
}
