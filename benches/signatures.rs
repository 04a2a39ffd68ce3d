//! A VIHF made and signed, beside the RSA signature alone that it needs.

use std::hint::black_box;

use dmpkit::clock::Instant;
use dmpkit::dmp::protocol::key::{Algorithm, Key, KeyError};
use dmpkit::dmp::protocol::signature::Policy;
use dmpkit::dmp::protocol::vihf::{Issue, VihfSettings, sign, verify};
use dmpkit::dmp::{Context, Software};
use dmpkit::document::Oid;
use dmpkit::rules::Mode;
use dmpkit::terminology::Terminology;
use dmpkit_benches::practice::{patient, physician};
use dmpkit_benches::{Lane, race, rounds};
use rsa::pkcs8::DecodePrivateKey as _;

static TERMS: Terminology = Terminology::embedded();

/// A key in memory.
struct FileKey {
    key: rsa::RsaPrivateKey,
    certificates: Vec<Vec<u8>>,
}

impl FileKey {
    /// One of the keys of the library's tests.
    fn new(name: &str) -> FileKey {
        use base64::Engine as _;
        let der = |extension: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/signatures");
            let pem = std::fs::read_to_string(format!("{folder}/{name}.{extension}"));
            let pem = pem.expect("a file of the tests");
            let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
            base64::engine::general_purpose::STANDARD
                .decode(base64)
                .expect("base64")
        };
        FileKey {
            key: rsa::RsaPrivateKey::from_pkcs8_der(&der("key")).expect("a key"),
            certificates: vec![der("pem")],
        }
    }
}

impl Key for FileKey {
    fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let padding = rsa::Pkcs1v15Sign {
            hash_len: Some(algorithm.digest_size()),
            prefix: algorithm.digest_info_prefix().into(),
        };
        self.key
            .sign(padding, &algorithm.digest(message))
            .map_err(|_| KeyError::Device)
    }
}

fn main() {
    let key = FileKey::new("cps");
    let software = Software {
        name: "Mesure".to_owned(),
        version: "1".to_owned(),
        homologation: "DMP-000".to_owned(),
        oid: Oid::new("1.2.250.1.999.7").expect("an OID"),
    };
    let (requester, patient) = (physician(), patient());
    let at = Instant::parse("2026-03-02T08:30:00Z").expect("an instant");
    let context = Context {
        software: &software,
        requester: &requester,
        mode: Mode::Normal,
        reason: None,
        patient: Some(&patient),
        login: at,
    };
    let settings = VihfSettings::default();
    let issue = Issue {
        id: "_0f6a3c7e-5b1d-4c7a-9a54-2d9f1e6b8c01",
        at,
    };
    let make = || sign(&context, &issue, &settings, &TERMS, &key).expect("a VIHF");
    let text = make();
    // As long as a SignedInfo.
    let message = vec![b'x'; 700];
    race(
        "a VIHF, made and signed (RSA 2048, SHA-256)",
        rounds(200),
        &mut [
            Lane::new("dmpkit vihf::sign", 4, || {
                for _ in 0..4 {
                    black_box(make());
                }
            }),
            Lane::new("the RSA signature alone", 4, || {
                for _ in 0..4 {
                    black_box(key.sign(Algorithm::RsaSha256, &message).expect("signed"));
                }
            }),
        ],
    );
    let policy = Policy {
        sha1: false,
        trust: &|_| true,
    };
    race(
        "a VIHF, checked and read",
        rounds(200),
        &mut [
            Lane::new("dmpkit vihf::verify", 4, || {
                for _ in 0..4 {
                    black_box(verify(&text, &policy, at).expect("verified"));
                }
            }),
            Lane::new("dmpkit vihf::sign", 4, || {
                for _ in 0..4 {
                    black_box(make());
                }
            }),
        ],
    );
}
