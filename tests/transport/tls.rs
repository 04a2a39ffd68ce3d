//! Who the server is, who the client is, and what they have in common.

use std::sync::Arc;
use std::time::Duration;

use dmpkit::dmp::national::transport::{NetworkError, Stage, Trust};
use dmpkit::dmp::protocol::key::{Key, KeyError};
use rustls::crypto::ring::cipher_suite as suite;

use crate::pki::{self, Card, ServerTls};
use crate::server::{OK, Server, goodbye, read_request, within};
use crate::{ask, client_of, config, outcome};

/// A good server but for its TLS.
fn server(tls: ServerTls) -> Server {
    Server::tls(tls.config(), |_, peer| {
        if read_request(peer).is_some() {
            let _ = std::io::Write::write_all(peer, OK);
        }
        goodbye(peer);
    })
}

fn refused(tls: ServerTls) -> NetworkError {
    let error = outcome(&server(tls), config()).unwrap_err();
    assert!(!error.sent() && !error.retry(), "{error}");
    error
}

#[test]
fn a_server_that_is_not_the_right_one_is_not_talked_to() {
    let years = |years| ServerTls {
        years,
        ..ServerTls::default()
    };
    let names = |names| ServerTls {
        names,
        ..ServerTls::default()
    };
    assert_eq!(
        refused(years((2024, 2025))),
        NetworkError::CertificateExpired
    );
    assert_eq!(
        refused(years((2027, 2028))),
        NetworkError::CertificateNotYetValid
    );
    assert_eq!(refused(names(&["autre.example"])), NetworkError::WrongHost);
    let mut other = config();
    other.trust = Trust::Pem(pki::authority_pem("autre racine"));
    let error = outcome(&server(ServerTls::default()), other).unwrap_err();
    assert_eq!(error, NetworkError::UnknownRoot);
    assert!(!error.sent());
}

#[test]
fn the_present_of_certificates_is_the_connectors_clock() {
    let server = server(ServerTls::default());
    let url = server.url();
    within(30, move || {
        let clock = pki::clock();
        let client = dmpkit::dmp::national::transport::HttpsClient::new(config(), clock.clone());
        let client = client.unwrap();
        assert!(ask(&client, &url, &pki::card()).is_ok());
        clock.set(dmpkit::clock::Instant::parse("2031-01-01T00:00:00Z").unwrap());
        let error = ask(&client, &url, &pki::card()).unwrap_err();
        assert_eq!(error, NetworkError::CertificateExpired);
    });
}

#[test]
fn only_tls_1_2_with_the_suites_of_the_dmp_is_spoken() {
    let suites = |suites: Vec<rustls::SupportedCipherSuite>| ServerTls {
        suites: Some(suites),
        ..ServerTls::default()
    };
    for good in [
        suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ] {
        assert!(outcome(&server(suites(vec![good])), config()).is_ok());
    }
    let ecdsa = suites(vec![suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]);
    assert_eq!(refused(ecdsa), NetworkError::NoCommonProtocol);
    let only13 = || ServerTls {
        versions: pki::ONLY_1_3,
        ..ServerTls::default()
    };
    assert_eq!(refused(only13()), NetworkError::NoCommonProtocol);
    // A server that answers our greeting in TLS 1.1.
    let old = Server::tcp(|_, mut socket| {
        let mut hello = [0; 64];
        let _ = std::io::Read::read(&mut socket, &mut hello);
        let mut answer = vec![0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
        answer.extend([7; 32]);
        answer.extend([0, 0xc0, 0x14, 0]);
        let _ = std::io::Write::write_all(&mut socket, &answer);
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    });
    assert_eq!(
        outcome(&old, config()).unwrap_err(),
        NetworkError::NoCommonProtocol
    );
    // With 1.3 allowed, the key's signatures are not enough: said, not guessed.
    let mut both = config();
    both.tls13 = true;
    let error = outcome(&server(only13()), both.clone()).unwrap_err();
    assert!(
        matches!(error, NetworkError::Key(KeyError::Certificate(_))),
        "{error}"
    );
    assert!(!error.sent());
    // And 1.2 is still spoken.
    let twelve = ServerTls {
        versions: pki::ONLY_1_2,
        ..ServerTls::default()
    };
    assert!(outcome(&server(twelve), both).is_ok());
}

fn with_key(key: Arc<dyn Key>) -> Result<Vec<u8>, NetworkError> {
    let server = server(ServerTls::default());
    let url = server.url();
    within(30, move || ask(&client_of(config()), &url, &key))
}

#[test]
fn a_client_certificate_the_server_does_not_want_is_said() {
    let error = with_key(Card::new("carte", "autre racine").key()).unwrap_err();
    let stage = Stage::Before;
    assert_eq!(error, NetworkError::ClientCertificateRefused { stage });
    assert!(!error.sent() && !error.retry());
}

#[test]
fn a_key_that_fails_says_why() {
    for failure in [
        KeyError::CardRemoved,
        KeyError::WrongPin {
            tries_left: Some(2),
        },
    ] {
        let mut card = Card::new("carte", "racine");
        card.failure = Some(failure.clone());
        let error = with_key(card.key()).unwrap_err();
        assert_eq!(error, NetworkError::Key(failure.clone()));
        assert_eq!(error.french(), failure.french());
        assert!(!error.sent());
    }
    struct Nothing;
    impl Key for Nothing {
        fn certificates(&self) -> &[Vec<u8>] {
            &[]
        }
        fn sign(
            &self,
            _: dmpkit::dmp::protocol::key::Algorithm,
            _: &[u8],
        ) -> Result<Vec<u8>, KeyError> {
            Err(KeyError::NoKey)
        }
    }
    let error = with_key(Arc::new(Nothing)).unwrap_err();
    assert!(matches!(error, NetworkError::Key(KeyError::Certificate(_))));
}

#[test]
fn the_time_of_a_pin_does_not_count() {
    let server = server(ServerTls::default());
    let url = server.url();
    within(30, move || {
        let mut short = config();
        short.connect_seconds = 1;
        let mut card = Card::new("carte", "racine");
        card.delay = Duration::from_millis(1500);
        assert!(ask(&client_of(short), &url, &card.key()).is_ok());
    });
}
