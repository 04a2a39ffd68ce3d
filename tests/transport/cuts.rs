//! Servers that close, say nothing, or are waited for in vain; callers who lose patience.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::mpsc;
use std::time::Duration;

use dmpkit::dmp::national::transport::{Cancel, NetworkError, Request, Stage, Transport};

use crate::pki::{self, ServerTls};
use crate::server::{Peer, Server, head, read_head, read_request, within};
use crate::{ACCEPT, ask, client, client_of, config, failure, outcome, post};

/// Where a server stops cooperating.
#[derive(Debug, Clone, Copy, PartialEq)]
enum At {
    Accept,
    Handshake,
    Request,
    HeadOfRequest,
    MidHead,
    MidBody,
}

const STAGES: [(At, Stage); 6] = [
    (At::Accept, Stage::Before),
    (At::Handshake, Stage::Before),
    (At::HeadOfRequest, Stage::While),
    (At::Request, Stage::After),
    (At::MidHead, Stage::After),
    (At::MidBody, Stage::After),
];

/// A server that does `then` when it is there, after saying so.
fn stopping(at: At, then: fn(&std::net::TcpStream), told: mpsc::Sender<()>) -> Server {
    let tls = ServerTls::default().config();
    let told = std::sync::Mutex::new(told);
    Server::tcp(move |_, mut socket| {
        let arrived = |socket: &std::net::TcpStream| {
            let _ = told.lock().unwrap().send(());
            then(socket);
        };
        if at == At::Accept {
            return arrived(&socket);
        }
        if at == At::Handshake {
            let _ = socket.read(&mut [0; 16]);
            return arrived(&socket);
        }
        let connection = rustls::ServerConnection::new(tls.clone()).unwrap();
        let mut peer = Peer::new(connection, socket);
        if at == At::HeadOfRequest {
            read_head(&mut peer);
            return arrived(&peer.sock);
        }
        read_request(&mut peer);
        let _ = match at {
            At::MidHead => peer.write_all(b"HTTP/1.1 200 OK\r\nContent-"),
            At::MidBody => peer.write_all((head(10) + "abc").as_bytes()),
            _ => Ok(()),
        };
        let _ = peer.flush();
        arrived(&peer.sock);
    })
}

fn close(socket: &std::net::TcpStream) {
    let _ = socket.shutdown(Shutdown::Both);
}

fn silence(_: &std::net::TcpStream) {
    std::thread::sleep(Duration::from_secs(25));
}

/// A body that does not fit the buffers between the two sides.
fn large(client: &dyn Transport, url: &str, cancel: &Cancel) -> Result<Vec<u8>, NetworkError> {
    let piece = vec![b'a'; 1024 * 1024];
    let mut answer = client.send(&Request {
        url,
        content_type: "application/soap+xml",
        soap_action: None,
        headers: &[],
        body: &[&piece[..]; 64],
        accept: ACCEPT,
        identity: &pki::card(),
        repeatable: true,
        cancel,
    })?;
    let mut body = Vec::new();
    match answer.body.read_to_end(&mut body) {
        Ok(_) => Ok(body),
        Err(error) => Err(NetworkError::from_io(&error).unwrap().clone()),
    }
}

/// Calls a server that stops there, with a large body when the request itself is to be interrupted.
fn call(
    at: At,
    server: &Server,
    config: dmpkit::dmp::national::transport::NetworkConfig,
    cancel: Cancel,
) -> NetworkError {
    let url = server.url();
    within(30, move || {
        let client = client_of(config);
        let result = match at {
            At::HeadOfRequest => large(&client, &url, &cancel),
            _ => post(&client, &url, &pki::card(), &cancel).and_then(|mut answer| {
                let read = answer.body.read_to_end(&mut Vec::new());
                // A failed body stays failed.
                let again = answer.body.read_to_end(&mut Vec::new());
                let failure = |r: std::io::Result<usize>| {
                    r.map_err(|e| NetworkError::from_io(&e).unwrap().clone())
                };
                let (first, second) = (failure(read), failure(again));
                assert_eq!(first, second);
                first.map(|_| Vec::new())
            }),
        };
        result.unwrap_err()
    })
}

#[test]
fn a_server_that_closes_is_a_cut_at_the_right_stage() {
    for (at, stage) in STAGES {
        let server = stopping(at, close, mpsc::channel().0);
        let error = call(at, &server, config(), Cancel::new());
        assert_eq!(error, NetworkError::Cut { stage }, "{at:?}");
        assert_eq!(error.sent(), stage != Stage::Before);
        assert!(error.retry());
        // Even repeatable, a request over a fresh connection is not made again.
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn a_silent_server_is_waited_for_no_longer_than_said() {
    let mut short = config();
    short.connect_seconds = 1;
    short.send_seconds = 1;
    short.answer_seconds = 1;
    for (at, stage) in STAGES {
        let server = stopping(at, silence, mpsc::channel().0);
        let error = call(at, &server, short.clone(), Cancel::new());
        let expected = match stage {
            Stage::Before => NetworkError::ConnectTimedOut,
            stage => NetworkError::TimedOut { stage },
        };
        assert_eq!(error, expected, "{at:?}");
        assert_eq!(error.sent(), stage != Stage::Before);
    }
}

#[test]
fn a_call_is_cancelled_from_another_thread_at_every_stage() {
    for (at, stage) in STAGES {
        let (told, arrived) = mpsc::channel();
        let server = stopping(at, silence, told);
        let cancel = Cancel::new();
        let other = cancel.clone();
        std::thread::spawn(move || {
            arrived.recv().unwrap();
            // The call is now waiting for the server (or about to).
            std::thread::sleep(Duration::from_millis(200));
            other.cancel();
        });
        // Without cancellation this would be another error, later.
        let error = call(at, &server, config(), cancel);
        assert_eq!(error, NetworkError::Cancelled { stage }, "{at:?}");
        assert_eq!(error.sent(), stage != Stage::Before);
        assert!(!error.retry());
    }
}

#[test]
fn an_answer_before_the_end_of_the_request_is_read() {
    let server = Server::tls(ServerTls::default().config(), |_, peer| {
        read_head(peer);
        let _ = peer.write_all(
            b"HTTP/1.1 413 Too Large\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
        );
        let _ = peer.flush();
        silence(&peer.sock);
    });
    let url = server.url();
    let error = within(30, move || {
        large(&client(), &url, &Cancel::new()).unwrap_err()
    });
    assert_eq!(error, NetworkError::Status { status: 413 });
}

#[test]
fn servers_that_cannot_be_reached() {
    // A port nobody listens on.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let gone = within(30, move || {
        ask(&client(), &format!("https://{address}/"), &pki::card()).unwrap_err()
    });
    assert_eq!(gone, NetworkError::Refused);
    let unknown = within(30, || {
        ask(&client(), "https://nowhere.invalid/", &pki::card()).unwrap_err()
    });
    // Without a resolver at all, the answer may not come in time.
    assert!(
        matches!(
            unknown,
            NetworkError::NameNotResolved | NetworkError::ConnectTimedOut
        ),
        "{unknown}"
    );
    for error in [gone, unknown] {
        assert!(!error.sent() && error.retry());
    }
}

#[test]
fn a_handshake_that_drips_ends_with_the_deadline() {
    let drip = Server::tcp(|_, mut socket| {
        let _ = socket.read(&mut [0; 1024]);
        // A long TLS record, a byte at a time.
        let mut written = socket.write_all(&[0x16, 3, 3, 0x3f, 0xff, 2, 0, 0x3f, 0xfb, 3, 3]);
        while written.is_ok() {
            std::thread::sleep(Duration::from_millis(50));
            written = socket.write_all(&[7]);
        }
    });
    let mut short = config();
    short.connect_seconds = 1;
    let error = outcome(&drip, short).unwrap_err();
    assert_eq!(error, NetworkError::ConnectTimedOut);
}

#[test]
fn a_server_that_speaks_no_tls() {
    let plain = Server::tcp(|_, mut socket| {
        let _ = socket.read(&mut [0; 1024]);
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    });
    let stage = Stage::Before;
    assert_eq!(failure(&plain), NetworkError::Tls { stage });
}

#[test]
fn an_address_in_figures_is_a_host_too() {
    let server = Server::good();
    let url = server.url().replace("localhost", "127.0.0.1");
    let body = within(30, move || ask(&client(), &url, &pki::card()).unwrap());
    assert_eq!(body, b"ok");
    assert_eq!(outcome(&server, config()).unwrap(), b"ok");
}
