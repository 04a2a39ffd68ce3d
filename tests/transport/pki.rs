//! Certificates of the tests: two authorities, servers, clients. One RSA key serves them all, made anew in every run.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dmpkit::clock::{Clock, Instant};
use dmpkit::dmp::protocol::key::{Algorithm, Key, KeyError};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, PKCS_RSA_SHA256,
};
use rsa::pkcs8::EncodePrivateKey;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::SigningKey;
use rustls::{RootCertStore, ServerConfig, SignatureScheme, SupportedCipherSuite};

/// The day on which the tests take place.
pub const TODAY: &str = "2026-06-15T10:00:00Z";

pub fn clock() -> Clock {
    Clock::manual(Instant::parse(TODAY).unwrap())
}

struct Random;

impl rsa::rand_core::RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        rsa::rand_core::impls::next_u32_via_fill(self)
    }
    fn next_u64(&mut self) -> u64 {
        rsa::rand_core::impls::next_u64_via_fill(self)
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).unwrap();
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl rsa::rand_core::CryptoRng for Random {}

fn private_key() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| {
        let key = rsa::RsaPrivateKey::new(&mut Random, 2048).unwrap();
        key.to_pkcs8_der().unwrap().as_bytes().to_vec()
    })
}

fn pair() -> KeyPair {
    let der = PrivatePkcs8KeyDer::from(private_key());
    KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_RSA_SHA256).unwrap()
}

pub fn private() -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(private_key().to_vec()))
}

fn params(name: &str, sans: &[&str]) -> CertificateParams {
    let sans: Vec<String> = sans.iter().map(|san| (*san).to_owned()).collect();
    let mut params = CertificateParams::new(sans).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    params
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// An authority by name: its certificate.
pub fn authority(name: &str) -> CertificateDer<'static> {
    let certificate = authority_params(name).self_signed(&pair()).unwrap();
    certificate.der().clone()
}

pub fn authority_pem(name: &str) -> String {
    authority_params(name).self_signed(&pair()).unwrap().pem()
}

fn issue(params: CertificateParams, authority: &str) -> CertificateDer<'static> {
    let issuer = Issuer::new(authority_params(authority), pair());
    let certificate = params.signed_by(&pair(), &issuer).unwrap();
    certificate.der().clone()
}

/// A server's certificate.
pub fn server_certificate(names: &[&str], years: (i32, i32)) -> CertificateDer<'static> {
    let mut params = params("serveur", names);
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    issue(params, "racine")
}

/// A client's key pair, like that of a card.
pub struct Card {
    certificates: Vec<Vec<u8>>,
    signing: Arc<dyn SigningKey>,
    pub delay: Duration,
    pub failure: Option<KeyError>,
}

impl Card {
    /// Issued by this authority.
    pub fn new(name: &str, authority: &str) -> Card {
        let mut params = params(name, &[]);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        Card {
            certificates: vec![issue(params, authority).to_vec()],
            signing: rustls::crypto::ring::sign::any_supported_type(&private()).unwrap(),
            delay: Duration::ZERO,
            failure: None,
        }
    }

    pub fn key(self) -> Arc<dyn Key> {
        Arc::new(self)
    }
}

impl Key for Card {
    fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        assert_eq!(algorithm, Algorithm::RsaSha256);
        std::thread::sleep(self.delay);
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let signer = self
            .signing
            .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
        signer.unwrap().sign(message).map_err(|_| KeyError::Device)
    }
}

/// A professional's card, issued under the root.
pub fn card() -> Arc<dyn Key> {
    Card::new("carte", "racine").key()
}

#[derive(Debug)]
struct Fixed;

impl rustls::time_provider::TimeProvider for Fixed {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = Instant::parse(TODAY).unwrap().millis();
        Some(UnixTime::since_unix_epoch(Duration::from_millis(
            millis as u64,
        )))
    }
}

type Versions = &'static [&'static rustls::SupportedProtocolVersion];
pub const ONLY_1_2: Versions = {
    static ONLY: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
    &ONLY
};
pub const ONLY_1_3: Versions = {
    static ONLY: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS13];
    &ONLY
};

/// How a test's server differs from a good one.
pub struct ServerTls {
    pub names: &'static [&'static str],
    pub years: (i32, i32),
    pub versions: Versions,
    pub suites: Option<Vec<SupportedCipherSuite>>,
}

impl Default for ServerTls {
    fn default() -> ServerTls {
        ServerTls {
            names: &["localhost", "127.0.0.1"],
            years: (2026, 2027),
            versions: ONLY_1_2,
            suites: None,
        }
    }
}

impl ServerTls {
    /// A configuration that demands a client certificate under the root.
    pub fn config(self) -> Arc<ServerConfig> {
        let mut provider = rustls::crypto::ring::default_provider();
        if let Some(suites) = self.suites {
            provider.cipher_suites = suites;
        }
        let provider = Arc::new(provider);
        let mut roots = RootCertStore::empty();
        roots.add(authority("racine")).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let chain = vec![server_certificate(self.names, self.years)];
        let config = ServerConfig::builder_with_details(provider, Arc::new(Fixed))
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(chain, private())
            .unwrap();
        Arc::new(config)
    }
}
