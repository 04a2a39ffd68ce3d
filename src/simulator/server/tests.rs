//! The server by a client that shares nothing with it but TLS itself: raw requests, raw answers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::clock::Instant;
use crate::simulator::tls::Material;
use crate::simulator::{ClockSetting, Misbehaviour, Options, Simulator};

/// An authority made for one test. Its keys are elliptic: making RSA keys takes seconds. The server's own must be RSA
/// (PDT-INF-579), so it comes with TLS 1.3, which does not say.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
}

type Identity = (CertificateDer<'static>, PrivateKeyDer<'static>);

impl Authority {
    fn new() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "essai");
        let der = params.self_signed(&key).unwrap().der().clone();
        let issuer = Issuer::new(params, key);
        Authority { issuer, der }
    }

    fn issue(&self, name: &str, usage: ExtendedKeyUsagePurpose) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![usage];
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        (certificate.der().clone(), key)
    }
}

struct Bench {
    _folder: tempfile::TempDir,
    authority: Authority,
    simulator: Simulator,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (server, key) = authority.issue("localhost", ExtendedKeyUsagePurpose::ServerAuth);
    let options = Options {
        dmp: folder.path().join("dmp.db"),
        clock: ClockSetting::Fixed {
            at: Instant::parse("2026-03-02T09:00:00Z").unwrap(),
        },
        ..Options::default()
    };
    let material = Material {
        chain: vec![server],
        key,
        authorities: vec![authority.der.clone()],
    };
    let simulator = Simulator::start_with(options, material).unwrap();
    Bench {
        _folder: folder,
        authority,
        simulator,
    }
}

impl Bench {
    fn client(&self) -> Identity {
        let usage = ExtendedKeyUsagePurpose::ClientAuth;
        self.authority.issue("899900987654", usage)
    }

    fn connect(&self, client: Option<Identity>) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder
                .with_client_auth_cert(vec![certificate], key)
                .unwrap(),
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
    let stranger = Authority::new().issue("899900987654", ExtendedKeyUsagePurpose::ClientAuth);
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
