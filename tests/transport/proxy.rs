//! Through an HTTP proxy.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use dmpkit::dmp::national::transport::{NetworkConfig, NetworkError, Password, Proxy};

use crate::server::{Server, read_head};
use crate::{config, outcome};

fn through(proxy: SocketAddr, credentials: Option<(&str, &str)>) -> NetworkConfig {
    let mut config = config();
    config.proxy = Some(Proxy {
        host: proxy.ip().to_string(),
        port: proxy.port(),
        user: credentials.map(|(user, _)| user.to_owned()),
        password: Password::new(credentials.map_or("", |(_, p)| p).to_owned()),
    });
    config
}

/// A proxy that tunnels to this address and notes what it was asked.
fn tunnel(to: SocketAddr) -> (Server, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heads = asked.clone();
    let proxy = Server::tcp(move |_, mut client| {
        let Some(head) = read_head(&mut client) else {
            return;
        };
        heads.lock().unwrap().push(head);
        let mut server = TcpStream::connect(to).unwrap();
        client
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .unwrap();
        let (mut up, mut down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let upward = std::thread::spawn(move || std::io::copy(&mut up, &mut server));
        let _ = std::io::copy(&mut down, &mut client);
        let _ = client.shutdown(std::net::Shutdown::Both);
        let _ = upward.join();
    });
    (proxy, asked)
}

#[test]
fn a_proxy_carries_tls_and_learns_nothing_but_the_host() {
    let server = Server::good();
    let (proxy, asked) = tunnel(server.address);
    let body = outcome(&server, through(proxy.address, Some(("cabinet", "clé:é")))).unwrap();
    assert_eq!(body, b"ok");
    let port = server.address.port();
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    let mut lines: Vec<&str> = asked[0].trim_end().lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            format!("CONNECT localhost:{port} HTTP/1.1"),
            format!("host: localhost:{port}"),
            // cabinet:clé:é in UTF-8
            "proxy-authorization: Basic Y2FiaW5ldDpjbMOpOsOp".to_owned(),
        ]
    );
}

#[test]
fn without_credentials_none_are_sent() {
    let server = Server::good();
    let (proxy, asked) = tunnel(server.address);
    assert_eq!(
        outcome(&server, through(proxy.address, None)).unwrap(),
        b"ok"
    );
    assert!(!asked.lock().unwrap()[0].contains("authorization"));
}

/// A proxy that says this, whatever it is asked.
fn saying(answer: &'static str) -> Server {
    Server::tcp(move |_, mut client| {
        read_head(&mut client);
        let _ = client.write_all(answer.as_bytes());
        let _ = client.shutdown(std::net::Shutdown::Write);
        let _ = client.read_to_end(&mut Vec::new());
    })
}

#[test]
fn a_proxy_that_refuses_or_fails_is_named() {
    let server = Server::good();
    let failed = |status| NetworkError::ProxyFailed { status };
    for (answer, expected) in [
        (
            "HTTP/1.1 407 Auth\r\nContent-Length: 0\r\n\r\n",
            NetworkError::ProxyAuthentication,
        ),
        (
            "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
            failed(Some(403)),
        ),
        (
            "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n",
            failed(Some(502)),
        ),
        (
            "HTTP/1.1 302 No\r\nLocation: http://portail\r\nContent-Length: 0\r\n\r\n",
            failed(Some(302)),
        ),
        ("garbage\r\n\r\n", failed(None)),
        ("", failed(None)),
        // Words before ours: the tunnel is not one.
        ("HTTP/1.1 200 OK\r\n\r\nhello", failed(None)),
    ] {
        let proxy = saying(answer);
        let error = outcome(&server, through(proxy.address, None)).unwrap_err();
        if answer.ends_with("hello") {
            // They may come together with the head or after it: then they are not TLS.
            assert!(matches!(
                error,
                NetworkError::ProxyFailed { .. } | NetworkError::Tls { .. }
            ));
        } else {
            assert_eq!(error, expected, "{answer:?}");
        }
        assert!(!error.sent());
    }
    assert_eq!(server.connections(), 0);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = free.local_addr().unwrap();
    drop(free);
    let error = outcome(&server, through(nobody, None)).unwrap_err();
    assert_eq!(error, failed(None));
}

#[test]
fn a_silent_proxy_is_not_waited_for_longer_than_said() {
    let server = Server::good();
    let proxy = Server::tcp(|_, mut client| {
        let _ = client.read_to_end(&mut Vec::new());
    });
    let mut short = through(proxy.address, None);
    short.connect_seconds = 1;
    let error = outcome(&server, short).unwrap_err();
    assert_eq!(error, NetworkError::ConnectTimedOut);
}
