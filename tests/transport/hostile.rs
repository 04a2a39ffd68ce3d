//! Answers that are not what HTTP or we allow.

use std::io::Write;
use std::time::Duration;

use dmpkit::dmp::national::transport::{NetworkError, Stage};

use crate::pki::ServerTls;
use crate::server::{Peer, Server, goodbye, head, read_request};
use crate::{config, failure, outcome};

/// A server that goes on until nobody listens.
fn endless(start: impl Into<Vec<u8>>, again: impl Into<Vec<u8>>) -> Server {
    let (start, again) = (start.into(), again.into());
    Server::tls(ServerTls::default().config(), move |_, peer: &mut Peer| {
        read_request(peer);
        let mut written = peer.write_all(&start);
        while written.is_ok() {
            written = peer.write_all(&again);
        }
    })
}

#[test]
fn answers_that_are_not_http_are_malformed() {
    for answer in [
        "\x00\x01\x02 garbage\r\n\r\n",
        "<html>an answer of HTTP/0.9</html>\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ] {
        let error = failure(&Server::saying(answer));
        assert_eq!(error, NetworkError::Malformed, "{answer:?}");
        assert!(error.sent() && !error.retry());
    }
}

#[test]
fn a_head_is_bounded() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}", "a".repeat(8192));
    let server = endless(long, "a".repeat(8192));
    assert_eq!(failure(&server), NetworkError::HeaderTooLarge);
    let server = endless("HTTP/1.1 200 OK\r\n", "X: a\r\n".repeat(100));
    assert_eq!(failure(&server), NetworkError::HeaderTooLarge);
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: a\r\n".repeat(101));
    let server = Server::saying(many);
    assert_eq!(failure(&server), NetworkError::HeaderTooLarge);
    // Interim answers without end end with the deadline.
    let mut short = config();
    short.answer_seconds = 1;
    let server = endless("", "HTTP/1.1 100 Continue\r\n\r\n".repeat(100));
    let stage = Stage::After;
    assert_eq!(
        outcome(&server, short).unwrap_err(),
        NetworkError::TimedOut { stage }
    );
}

#[test]
fn a_body_is_bounded() {
    let mut small = config();
    small.limits.body_bytes = 100_000;
    let chunked = "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("2000\r\n{}\r\n", "a".repeat(0x2000));
    let server = endless(chunked, chunk);
    let error = outcome(&server, small.clone()).unwrap_err();
    assert_eq!(error, NetworkError::BodyTooLarge);
    assert!(error.sent() && !error.retry());
    let closing = "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n\r\n";
    let server = endless(closing, "a".repeat(8192));
    let error = outcome(&server, small.clone()).unwrap_err();
    assert_eq!(error, NetworkError::BodyTooLarge);
    // Announced: not even begun.
    let server = Server::saying(head(100_001));
    let error = outcome(&server, small.clone()).unwrap_err();
    assert_eq!(error, NetworkError::BodyTooLarge);
    // Exactly the limit is allowed.
    let server = Server::saying(head(100_000) + &"a".repeat(100_000));
    assert_eq!(outcome(&server, small).unwrap().len(), 100_000);
}

#[test]
fn a_body_of_another_length_than_announced_is_noticed_or_cut_there() {
    let error = failure(&Server::saying(head(10) + "short"));
    assert_eq!(error, NetworkError::WrongLength);
    assert!(error.sent() && error.retry());
    let long = Server::saying(head(2) + "okHTTP/1.1 200 OK\r\n\r\n");
    assert_eq!(outcome(&long, config()).unwrap(), b"ok");
    let chunked = "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc";
    assert_eq!(failure(&Server::saying(chunked)), NetworkError::WrongLength);
    let unended = "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    assert_eq!(failure(&Server::saying(unended)), NetworkError::WrongLength);
    let whole = "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: t\r\n\r\n";
    assert_eq!(outcome(&Server::saying(whole), config()).unwrap(), b"abc");
}

#[test]
fn a_body_that_ends_with_the_connection_needs_a_proper_end_of_tls() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n\r\nabc";
    assert_eq!(outcome(&Server::saying(answer), config()).unwrap(), b"abc");
    let cut = Server::tls(ServerTls::default().config(), move |_, peer| {
        read_request(peer);
        peer.write_all(answer.as_bytes()).unwrap();
        peer.sock.shutdown(std::net::Shutdown::Both).unwrap();
    });
    let stage = Stage::After;
    assert_eq!(failure(&cut), NetworkError::Cut { stage });
}

#[test]
fn interim_answers_are_passed_over() {
    let answer = format!(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n{}ok",
        head(2)
    );
    assert_eq!(outcome(&Server::saying(answer), config()).unwrap(), b"ok");
}

#[test]
fn the_status_and_the_type_decide_whether_there_is_something_to_read() {
    let answer = |status: &str, media: &str, more: &str| {
        let text = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: 2\r\n{more}\r\nok"
        );
        outcome(&Server::saying(text), config())
    };
    let soap = "Application/SOAP+xml;charset=utf-8";
    assert_eq!(answer("200 OK", soap, "").unwrap(), b"ok");
    assert_eq!(answer("500 Error", soap, "").unwrap(), b"ok");
    assert_eq!(answer("400 Bad", soap, "").unwrap(), b"ok");
    for status in [403, 404, 500, 503] {
        let error = answer(&format!("{status} X"), "text/html", "").unwrap_err();
        assert_eq!(error, NetworkError::Status { status });
        assert_eq!(error.retry(), status >= 500);
    }
    let unexpected = NetworkError::UnexpectedContentType;
    assert_eq!(answer("200 OK", "text/html", "").unwrap_err(), unexpected);
    let compressed = answer("200 OK", soap, "Content-Encoding: gzip\r\n");
    assert_eq!(compressed.unwrap_err(), unexpected);
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Server::good();
    for status in [301, 302, 303, 307, 308] {
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nLocation: {}\r\nContent-Type: application/soap+xml\r\nContent-Length: 0\r\n\r\n",
            elsewhere.url()
        );
        let error = failure(&Server::saying(answer));
        assert_eq!(error, NetworkError::Redirect { status });
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn a_slow_drip_ends_with_the_deadline() {
    let drip = |start: &'static str, drop: &'static [u8]| {
        Server::tls(ServerTls::default().config(), move |_, peer: &mut Peer| {
            read_request(peer);
            let mut written = peer.write_all(start.as_bytes());
            while written.is_ok() {
                std::thread::sleep(Duration::from_millis(50));
                written = peer.write_all(drop);
            }
            goodbye(peer);
        })
    };
    let mut short = config();
    short.answer_seconds = 1;
    let stage = Stage::After;
    for server in [
        drip("HTTP/1.1 200 OK\r\nX: ", b"a"),
        drip(
            "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: 100000\r\n\r\n",
            b"a",
        ),
        drip(
            "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\na\r\n",
        ),
    ] {
        let error = outcome(&server, short.clone()).unwrap_err();
        assert_eq!(error, NetworkError::TimedOut { stage });
        assert!(error.sent() && error.retry());
    }
}
