//! The host as transport: the same limits and the same meaning of answers.

use std::io::Read;

use dmpkit::dmp::national::transport::{
    Cancel, HostFailure, HostRequest, HostSink, HostTransport, Limits, NetworkError, Request,
    Transport,
};

use crate::{ACCEPT, ask, pki};

type Outcome = Result<(), HostFailure>;

fn through(
    sender: impl Fn(&HostRequest<'_>, &mut HostSink) -> Outcome + Send + Sync + 'static,
) -> HostTransport {
    let limits = Limits {
        header_bytes: 8192,
        headers: 5,
        body_bytes: 10,
    };
    HostTransport::new(Box::new(sender), limits).unwrap()
}

fn stop(_: NetworkError) -> HostFailure {
    HostFailure::Stopped
}

fn answered(
    sender: impl Fn(&mut HostSink) -> Result<(), NetworkError> + Send + Sync + 'static,
) -> Result<Vec<u8>, NetworkError> {
    let transport = through(move |_, sink| sender(sink).map_err(stop));
    ask(&transport, "https://localhost/", &pki::card())
}

#[test]
fn the_host_gets_the_request_and_gives_the_answer() {
    let transport = through(|request, sink| {
        assert_eq!(request.method, "POST");
        assert_eq!(request.url, "https://localhost/registry");
        let headers: serde_json::Value = serde_json::from_str(&request.headers_json()).unwrap();
        let expected =
            serde_json::json!({"Content-Type": "text/xml", "SOAPAction": "\"urn:a\"", "X-A": "é"});
        assert_eq!(headers, expected);
        assert_eq!(request.body.concat(), b"hello world");
        assert_eq!(request.length, 11);
        assert_eq!(request.certificate, pki::card().certificates()[0]);
        sink.status(500).map_err(stop)?;
        sink.header("Content-Type", "application/soap+xml; charset=utf-8")
            .map_err(stop)?;
        sink.header("DATE", "Mon, 15 Jun 2026 10:00:07 GMT")
            .map_err(stop)?;
        sink.body(b"a ").map_err(stop)?;
        sink.body(b"fault").map_err(stop)
    });
    let mut answer = transport
        .send(&Request {
            url: "https://localhost/registry",
            content_type: "text/xml",
            soap_action: Some("urn:a"),
            headers: &[("X-A", "é")],
            body: &[b"hello ", b"world"],
            accept: ACCEPT,
            identity: &pki::card(),
            repeatable: false,
            cancel: &Cancel::new(),
        })
        .unwrap();
    let mut body = String::new();
    answer.body.read_to_string(&mut body).unwrap();
    assert_eq!((answer.status, body.as_str()), (500, "a fault"));
    assert_eq!(answer.date.unwrap().to_string(), "2026-06-15T10:00:07Z");
}

#[test]
fn what_the_host_gives_is_bounded_and_judged() {
    let good = |sink: &mut HostSink| {
        sink.status(200)?;
        sink.header("content-type", "application/soap+xml")
    };
    assert_eq!(
        answered(move |s| good(s).and_then(|()| s.body(b"1234567890"))).unwrap(),
        b"1234567890"
    );
    let error = |r: Result<Vec<u8>, NetworkError>| r.unwrap_err();
    assert_eq!(
        error(answered(
            move |s| good(s).and_then(|()| s.body(b"12345678901"))
        )),
        NetworkError::BodyTooLarge
    );
    let many = |s: &mut HostSink| (0..6).try_for_each(|_| s.header("a", "b"));
    assert_eq!(
        error(answered(move |s| s.status(200).and_then(|()| many(s)))),
        NetworkError::HeaderTooLarge
    );
    let long = "a".repeat(9000);
    assert_eq!(
        error(answered(
            move |s| good(s).and_then(|()| s.header("a", &long))
        )),
        NetworkError::HeaderTooLarge
    );
    assert_eq!(
        error(answered(|s| s.body(b"before the status"))),
        NetworkError::Malformed
    );
    assert_eq!(error(answered(|s| s.status(700))), NetworkError::Malformed);
    assert_eq!(error(answered(|_| Ok(()))), NetworkError::Malformed);
    assert_eq!(
        error(answered(|s| s.status(302))),
        NetworkError::Redirect { status: 302 }
    );
    assert_eq!(
        error(answered(|s| s.status(503))),
        NetworkError::Status { status: 503 }
    );
    assert_eq!(
        error(answered(|s| s.status(200))),
        NetworkError::UnexpectedContentType
    );
    // A host that goes on after an error, and says all is well.
    let deaf = through(|_, sink| {
        let _ = sink.status(200);
        while sink.body(b"endless").is_ok() {}
        Ok(())
    });
    assert_eq!(
        error(ask(&deaf, "https://localhost/", &pki::card())),
        NetworkError::BodyTooLarge
    );
}

#[test]
fn the_hosts_failures_keep_what_matters() {
    for (failure, sent) in [
        (HostFailure::NameNotResolved, false),
        (HostFailure::ConnectTimedOut, false),
        (HostFailure::ServerCertificate, false),
        (HostFailure::ClientCertificate, false),
        (HostFailure::Proxy, false),
        (HostFailure::TimedOut, true),
        (HostFailure::Cut, true),
        (HostFailure::Malformed, true),
        (HostFailure::Cancelled { sent: true }, true),
        (HostFailure::Cancelled { sent: false }, false),
        (HostFailure::Other { sent: true }, true),
        (HostFailure::Other { sent: false }, false),
    ] {
        let transport = through(move |_, _| Err(failure));
        let error = ask(&transport, "https://localhost/", &pki::card()).unwrap_err();
        assert_eq!(error.sent(), sent, "{failure:?}");
        assert_eq!(error.french().contains("a pu parvenir"), sent);
    }
}
