//! The built-in HTTPS client against servers that mean no good, and against good ones: every failure is the right one,
//! says rightly whether the request may have left, and comes in bounded time and memory.
#![cfg(feature = "simulator")]

#[path = "transport/cuts.rs"]
mod cuts;
#[path = "transport/host.rs"]
mod host;
#[path = "transport/hostile.rs"]
mod hostile;
#[path = "transport/memory.rs"]
mod memory;
#[path = "transport/pki.rs"]
mod pki;
#[path = "transport/proxy.rs"]
mod proxy;
#[path = "transport/reuse.rs"]
mod reuse;
#[path = "transport/server.rs"]
mod server;
#[path = "transport/tls.rs"]
mod tls;

use std::io::Read;
use std::sync::Arc;

use dmpkit::dmp::national::transport::{
    Answer, Cancel, HttpsClient, NetworkConfig, NetworkError, Request, Transport, Trust,
};
use dmpkit::dmp::protocol::key::Key;
use server::{Server, within};

/// What the tests' client expects of an answer.
pub const ACCEPT: &[&str] = &["application/soap+xml"];

/// Short deadlines, the tests' root.
pub fn config() -> NetworkConfig {
    let mut config = NetworkConfig::new(Trust::Pem(pki::authority_pem("racine")));
    config.connect_seconds = 5;
    config.send_seconds = 5;
    config.answer_seconds = 5;
    config
}

/// A client so configured, on the tests' day.
pub fn client_of(config: NetworkConfig) -> HttpsClient {
    HttpsClient::new(config, pki::clock()).unwrap()
}

/// A client with short deadlines.
pub fn client() -> HttpsClient {
    client_of(config())
}

/// One request with a small body.
pub fn post(
    client: &dyn Transport,
    url: &str,
    identity: &Arc<dyn Key>,
    cancel: &Cancel,
) -> Result<Answer, NetworkError> {
    client.send(&Request {
        url,
        content_type: "application/soap+xml; charset=UTF-8",
        soap_action: None,
        headers: &[],
        body: &[b"<Envelope", b"/>"],
        accept: ACCEPT,
        identity,
        repeatable: false,
        cancel,
    })
}

/// The same, with the body of the answer.
pub fn ask(
    client: &dyn Transport,
    url: &str,
    identity: &Arc<dyn Key>,
) -> Result<Vec<u8>, NetworkError> {
    let mut answer = post(client, url, identity, &Cancel::new())?;
    let mut body = Vec::new();
    match answer.body.read_to_end(&mut body) {
        Ok(_) => Ok(body),
        Err(error) => Err(NetworkError::from_io(&error).unwrap().clone()),
    }
}

/// Asks this server once, with a guard against hanging.
pub fn outcome(server: &Server, config: NetworkConfig) -> Result<Vec<u8>, NetworkError> {
    let url = server.url();
    within(30, move || ask(&client_of(config), &url, &pki::card()))
}

/// The failure of asking this server once.
pub fn failure(server: &Server) -> NetworkError {
    outcome(server, config()).unwrap_err()
}

#[test]
fn a_request_and_its_answer_travel_whole() {
    let (sender, heads) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let server = Server::tls(pki::ServerTls::default().config(), move |_, peer| {
        let received = server::read_request(peer).unwrap();
        // The server knows who calls.
        assert!(peer.conn.peer_certificates().is_some());
        assert_eq!(received.length, 11);
        sender.lock().unwrap().send(received.head).unwrap();
        std::io::Write::write_all(peer, server::OK).unwrap();
        server::goodbye(peer);
    });
    let url = server.url();
    let (answer, body) = within(30, move || {
        let client = client();
        let mut answer = client
            .send(&Request {
                url: &url,
                content_type: "application/soap+xml; action=\"urn:a\"",
                soap_action: Some("urn:a"),
                headers: &[("User-Agent", "dmpkit")],
                body: &[b"hello", b"", b" world"],
                accept: ACCEPT,
                identity: &pki::card(),
                repeatable: false,
                cancel: &Cancel::new(),
            })
            .unwrap();
        let mut body = String::new();
        answer.body.read_to_string(&mut body).unwrap();
        (answer, body)
    });
    assert_eq!((answer.status, body.as_str()), (200, "ok"));
    assert_eq!(answer.date.unwrap().to_string(), "2026-06-15T10:00:07Z");
    let head = heads.recv().unwrap();
    let mut lines: Vec<&str> = head.trim_end().lines().collect();
    lines.sort_unstable();
    let host = format!("host: localhost:{}", server.address.port());
    assert_eq!(
        lines,
        [
            "POST /si-dmp-server HTTP/1.1",
            "content-length: 11",
            "content-type: application/soap+xml; action=\"urn:a\"",
            host.as_str(),
            "soapaction: \"urn:a\"",
            "user-agent: dmpkit",
        ]
    );
}

#[test]
fn what_cannot_be_sent_is_refused_before_any_connection() {
    let server = Server::good();
    let url = server.url();
    let plain = url.replace("https", "http");
    let user = url.replace("https://", "https://user@");
    let client = client();
    let identity = pki::card();
    let cancel = Cancel::new();
    let good = Request {
        url: &url,
        content_type: "text/xml",
        soap_action: None,
        headers: &[],
        body: &[],
        accept: &[],
        identity: &identity,
        repeatable: false,
        cancel: &cancel,
    };
    let long = [("X", "a\r\nInjected: b")];
    let ours = [("Content-Length", "3")];
    for (request, expected) in [
        (
            Request {
                url: &plain,
                ..good
            },
            NetworkError::Url,
        ),
        (Request { url: &user, ..good }, NetworkError::Url),
        (
            Request {
                url: "/path",
                ..good
            },
            NetworkError::Url,
        ),
        (
            Request {
                content_type: "a\nb",
                ..good
            },
            NetworkError::Header,
        ),
        (
            Request {
                soap_action: Some("a\"b"),
                ..good
            },
            NetworkError::Header,
        ),
        (
            Request {
                headers: &long,
                ..good
            },
            NetworkError::Header,
        ),
        (
            Request {
                headers: &ours,
                ..good
            },
            NetworkError::Header,
        ),
    ] {
        let error = client.send(&request).unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.sent() && !error.retry());
    }
    cancel.cancel();
    let error = client.send(&good).unwrap_err();
    assert!(matches!(error, NetworkError::Cancelled { .. }) && !error.sent());
    assert_eq!(server.connections(), 0);
}

#[test]
fn the_configuration_is_read_strictly_and_keeps_its_secret() {
    let read = |json: serde_json::Value| serde_json::from_value::<NetworkConfig>(json);
    let pem = pki::authority_pem("racine");
    let config = read(serde_json::json!({
        "trust": {"pem": pem}, "answerSeconds": 7, "limits": {"bodyBytes": 1000},
        "proxy": {"host": "proxy", "port": 3128, "user": "cabinet", "password": "zug-zwang"},
    }))
    .unwrap();
    assert_eq!((config.answer_seconds, config.connect_seconds), (7, 15));
    assert_eq!(
        (config.limits.body_bytes, config.limits.headers),
        (1000, 100)
    );
    assert!(!config.tls13);
    let shown = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
    assert!(shown.contains("cabinet") && !shown.contains("zug-zwang"));
    assert!(read(serde_json::json!({"trust": {"pem": ""}, "typo": 1})).is_err());

    let wrong = |change: fn(&mut NetworkConfig)| {
        let mut config = crate::config();
        change(&mut config);
        HttpsClient::new(config, pki::clock()).unwrap_err().field
    };
    assert_eq!(wrong(|c| c.connect_seconds = 0), "connectSeconds");
    assert_eq!(wrong(|c| c.answer_seconds = 3601), "answerSeconds");
    assert_eq!(wrong(|c| c.limits.header_bytes = 10), "limits.headerBytes");
    assert_eq!(
        wrong(|c| c.trust = Trust::Pem("nothing".into())),
        "trust.pem"
    );
    assert_eq!(
        wrong(|c| c.trust = Trust::Path("/nowhere".into())),
        "trust.path"
    );
}
