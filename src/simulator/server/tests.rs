//! The server by a client that shares nothing with it but TLS itself: raw requests, raw answers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::clock::Instant;
use crate::simulator::pki::Pki;
use crate::simulator::{ClockSetting, Misbehaviour, Options, Simulator, cards};

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

struct Bench {
    folder: tempfile::TempDir,
    simulator: Simulator,
}

/// Authorities made once: RSA keys are slow to make.
fn authorities(folder: &Path) {
    static MADE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let made = tempfile::tempdir().unwrap();
        let at = Instant::parse("2025-01-01T00:00:00Z").unwrap();
        Pki::open(&made.path().join("ours"), at).unwrap();
        let other = Pki::open(&made.path().join("other"), at).unwrap();
        cards::issue(&other, &cards::demonstration()[0]).unwrap();
        made
    });
    copy(made.path(), folder);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    authorities(folder.path());
    let simulator = Simulator::start(Options {
        dmp: folder.path().join("dmp.db"),
        certificates: folder.path().join("ours"),
        clock: ClockSetting::Fixed {
            at: Instant::parse("2026-03-02T09:00:00Z").unwrap(),
        },
        ..Options::default()
    })
    .unwrap();
    Bench { folder, simulator }
}

fn identity(file: &Path) -> Identity {
    let pem = std::fs::read(file).unwrap();
    let chain = CertificateDer::pem_slice_iter(&pem).map(Result::unwrap);
    (
        chain.collect(),
        PrivateKeyDer::from_pem_slice(&pem).unwrap(),
    )
}

impl Bench {
    fn client(&self) -> Identity {
        identity(&self.folder.path().join("ours/cards/899900987654.auth.pem"))
    }

    fn connect(&self, client: Option<Identity>) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(self.simulator.pki().ca_der().to_vec()))
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder.with_client_auth_cert(certificate, key).unwrap(),
        };
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let socket = TcpStream::connect(self.simulator.address()).unwrap();
        StreamOwned::new(connection, socket)
    }

    /// All that comes back to a request, or the error that ended the connection, after what came before it.
    fn ask(&self, client: Option<Identity>, head: &str, body: &str) -> (String, bool) {
        let mut stream = self.connect(client);
        let length = body.len();
        let request = format!(
            "{head} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        if stream.write_all(request.as_bytes()).is_err() {
            return (String::new(), false);
        }
        let mut answer = Vec::new();
        let whole = stream.read_to_end(&mut answer).is_ok();
        (String::from_utf8_lossy(&answer).into_owned(), whole)
    }
}

#[test]
fn only_a_certificate_of_the_authority_is_let_in() {
    let bench = bench();
    let (answer, _) = bench.ask(Some(bench.client()), "GET /simulator", "");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(
        answer.contains("date: Mon, 02 Mar 2026 09:00:00 GMT"),
        "{answer}"
    );
    let stranger = identity(
        &bench
            .folder
            .path()
            .join("other/cards/899900987654.auth.pem"),
    );
    assert_eq!(bench.ask(Some(stranger), "GET /simulator", "").0, "");
    assert_eq!(bench.ask(None, "GET /simulator", "").0, "");
}

#[test]
fn the_control_endpoint_answers_json_and_names_what_is_wrong() {
    let bench = bench();
    let ask = |head: &str, body: &str| bench.ask(Some(bench.client()), head, body).0;
    let answer = ask("POST /simulator/clock", r#"{"mode":"follow"}"#);
    assert!(answer.contains(r#"{"mode":"follow","now":""#), "{answer}");
    let answer = ask("POST /simulator/clock", r#"{"mode":"backwards"}"#);
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let answer = ask(
        "POST /simulator/misbehave",
        r#"{"kind":"slow","always":true}"#,
    );
    assert!(answer.contains(r#"{"misbehaviours":[{"kind":"slow","times":1,"always":true}]}"#));
    let answer = ask("DELETE /simulator/misbehave", "");
    assert!(answer.contains(r#"{"misbehaviours":[]}"#), "{answer}");
    assert!(ask("GET /simulator/log", "").contains(r#"{"exchanges":[]}"#));
    assert!(ask("PUT /simulator/log", "").starts_with("HTTP/1.1 405"));
    assert!(ask("GET /elsewhere", "").starts_with("HTTP/1.1 404"));

    let patient = r#"{"matricule":"279035121518989","oid":"1.2.250.1.213.1.4.10"}"#;
    let traits =
        r#"{"birthName":"MARTIN","givenNames":["CLAIRE"],"sex":"F","birthDate":"19790315"}"#;
    let open = format!(
        r#"{{"action":{{"action":"open_dossier","patient":{patient},"traits":{traits}}},"at":"2026-05-01T00:00:00Z"}}"#
    );
    let answer = ask("POST /simulator/holder", &open);
    assert!(answer.ends_with(r#"{"outcome":"done"}"#), "{answer}");
    assert!(answer.contains("date: Fri, 01 May 2026"), "{answer}");
    let answer = ask("POST /simulator/holder", &open);
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert!(answer.contains(r#"{"error":{"kind":"caller","field":"patient","#));
}

#[test]
fn a_request_larger_than_the_limit_is_refused_before_it_is_read() {
    let bench = bench();
    let mut stream = bench.connect(Some(bench.client()));
    let head =
        "POST /simulator/holder HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
}

#[test]
fn a_simulator_that_is_dropped_lets_its_port_go() {
    let bench = bench();
    let address = bench.simulator.address();
    bench
        .simulator
        .misbehave(Misbehaviour::parse("slow").unwrap());
    drop(bench);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn the_date_header_has_its_form() {
    let at = Instant::parse("1994-11-06T08:49:37Z").unwrap();
    assert_eq!(super::http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
}
