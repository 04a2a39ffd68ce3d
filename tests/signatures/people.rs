//! Fictitious people, structures and their keys.

#![allow(dead_code, reason = "each test uses its part")]

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dmpkit::clock::Instant;
use dmpkit::dmp::protocol::key::{Algorithm, Key, KeyError};
use dmpkit::dmp::protocol::signature::{Authorities, Policy};
use dmpkit::dmp::protocol::vihf::{Issue, VihfError, VihfSettings, sign};
use dmpkit::dmp::{Context, Requester, Software};
use dmpkit::document::Oid;
use dmpkit::identity::{Ins, Professional, PsIdNat, StructIdNat, Structure};
use dmpkit::rules::{Authentication, Capacity, Mode};
use dmpkit::terminology::Terminology;
use rsa::pkcs8::DecodePrivateKey as _;
use x509_cert::der::{DecodePem as _, Encode as _};

pub static TERMS: Terminology = Terminology::embedded();

pub fn file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/signatures");
    folder.join(name)
}

pub fn certificate(name: &str) -> Vec<u8> {
    let pem = std::fs::read(file(&format!("{name}.pem"))).expect("a certificate");
    let certificate = x509_cert::Certificate::from_pem(pem).expect("a certificate");
    certificate.to_der().expect("DER")
}

/// A key in a file.
pub struct FileKey {
    key: rsa::RsaPrivateKey,
    certificates: Vec<Vec<u8>>,
}

impl FileKey {
    pub fn new(name: &str) -> FileKey {
        FileKey::with_chain(name, &[])
    }

    pub fn with_chain(name: &str, issuers: &[&str]) -> FileKey {
        let pem = std::fs::read_to_string(file(&format!("{name}.key"))).expect("a key");
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(base64).expect("base64");
        let mut certificates = vec![certificate(name)];
        certificates.extend(issuers.iter().map(|issuer| certificate(issuer)));
        FileKey {
            key: rsa::RsaPrivateKey::from_pkcs8_der(&der).expect("a key"),
            certificates,
        }
    }

    pub fn signer(&self) -> &[u8] {
        &self.certificates[0]
    }
}

impl Key for FileKey {
    fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let digest = algorithm.digest(message);
        let padding = rsa::Pkcs1v15Sign {
            hash_len: Some(digest.len()),
            prefix: algorithm.digest_info_prefix().into(),
        };
        self.key
            .sign(padding, &digest)
            .map_err(|_| KeyError::Device)
    }
}

pub fn at(text: &str) -> Instant {
    Instant::parse(text).expect("an instant")
}

pub const ISSUE: &str = "2026-03-02T08:30:00.125Z";
pub const LOGIN: &str = "2026-03-02T07:58:12Z";

pub fn software() -> Software {
    Software {
        name: "Logiciel d'essai <&>".to_owned(),
        version: "2.1".to_owned(),
        homologation: "DMP-000-XYZ".to_owned(),
        oid: Oid::new("1.2.250.1.999.7").expect("an OID"),
    }
}

pub fn patient() -> Ins {
    Ins::new("279035121518989", "1.2.250.1.213.1.4.10").expect("an INS")
}

pub fn practice() -> Structure {
    Structure {
        id: StructIdNat::new("499900012345001").expect("a structure"),
        name: "CABINET DU DR MARTIN".to_owned(),
        sector: "SA07".to_owned(),
    }
}

pub fn clinic() -> Structure {
    Structure {
        id: StructIdNat::new("1990000017").expect("a structure"),
        name: "CLINIQUE, DES \"LILAS\"".to_owned(),
        sector: "SA01".to_owned(),
    }
}

pub fn professional(
    id: &str,
    names: (&str, &str),
    profession: Option<&str>,
    specialty: Option<&str>,
    role: Option<&str>,
) -> Professional {
    Professional {
        id: PsIdNat::new(id).expect("a PS_IdNat"),
        family: names.0.to_owned(),
        given: names.1.to_owned(),
        profession: profession.map(str::to_owned),
        specialty: specialty.map(str::to_owned),
        role: role.map(str::to_owned),
    }
}

/// A physician with a CPS.
pub fn physician() -> Requester {
    Requester {
        professional: Some(professional(
            "899900012345",
            ("MARTIN", "Hélène"),
            Some("10"),
            Some("SM26"),
            None,
        )),
        structure: practice(),
        authentication: Authentication::Cps,
        capacity: Capacity::Care,
        secret: false,
    }
}

/// The software of a clinic.
pub fn automate() -> Requester {
    Requester {
        professional: None,
        structure: clinic(),
        authentication: Authentication::Structure,
        ..physician()
    }
}

/// A physician of a clinic without card.
pub fn renforcee() -> Requester {
    Requester {
        structure: clinic(),
        authentication: Authentication::Air,
        ..physician()
    }
}

/// The name of the key that signs for a requester.
pub fn key_of(requester: &Requester) -> &'static str {
    match requester.authentication {
        Authentication::Cps => "cps",
        Authentication::Cpf => "cpf",
        Authentication::Cpe => "cpe",
        Authentication::Structure | Authentication::Air => "structure",
    }
}

/// A VIHF for a requester about the patient, with its usual key.
pub fn vihf(requester: &Requester, settings: &VihfSettings) -> String {
    let key = FileKey::new(key_of(requester));
    let (software, patient) = (software(), patient());
    let context = Context {
        software: &software,
        requester,
        mode: Mode::Normal,
        reason: None,
        patient: Some(&patient),
        login: at(LOGIN),
    };
    made(&context, settings, &key).expect("a VIHF")
}

pub fn made(
    context: &Context<'_>,
    settings: &VihfSettings,
    key: &FileKey,
) -> Result<String, VihfError> {
    let issue = Issue {
        id: "_0f6a3c7e-5b1d-4c7a-9a54-2d9f1e6b8c01",
        at: at(ISSUE),
    };
    sign(context, &issue, settings, &TERMS, key)
}

/// An assertion in a SOAP message, among prefixes of its own.
pub fn envelope(assertion: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns=\"urn:defaut\" xmlns:saml2=\"urn:autre\" xmlns:xsi=\"urn:trompeur\"><soap:Header>\
         <wsse:Security xmlns:wsse=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">\
         {assertion}</wsse:Security></soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>"
    )
}

/// Whether the test authorities issued these certificates.
pub fn trusted(chain: &[Vec<u8>]) -> bool {
    let authorities = ["authority", "ec-authority"].map(certificate);
    let authorities = Authorities::new(authorities.iter().map(Vec::as_slice)).expect("authorities");
    authorities.check(chain, at("2027-01-01T00:00:00Z")).is_ok()
}

pub const POLICY: Policy<'static> = Policy {
    sha1: false,
    trust: &trusted,
};
