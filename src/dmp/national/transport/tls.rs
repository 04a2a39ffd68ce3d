//! TLS: what is offered, the client's certificate with a key that may live on a card, and what failures mean.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{self, cipher_suite as suite};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::time_provider::TimeProvider;
use rustls::{
    AlertDescription as Alert, CertificateError, ClientConfig, ClientConnection, OtherError,
    RootCertStore, SignatureAlgorithm, SignatureScheme,
};

use super::config::{ConfigError, NetworkConfig};
use super::error::{NetworkError, Stage};
use super::watch::Since;
use crate::clock::Clock;
use crate::dmp::protocol::key::{Algorithm, Key, KeyError};

/// What all connections share.
pub(super) struct Tls {
    provider: Arc<CryptoProvider>,
    verifier: Arc<WebPkiServerVerifier>,
    clock: Clock,
    tls13: bool,
}

impl Tls {
    pub fn new(config: &NetworkConfig, clock: Clock) -> Result<Tls, ConfigError> {
        let roots = config.roots()?;
        let provider = Arc::new(provider(config.tls13));
        let verifier = verifier(roots, &provider)?;
        Ok(Tls {
            provider,
            verifier,
            clock,
            tls13: config.tls13,
        })
    }

    /// A connection to this host with this identity. What its key does is told in the [`KeyUse`].
    pub fn connection(
        &self,
        host: ServerName<'static>,
        identity: &Arc<dyn Key>,
    ) -> Result<(ClientConnection, KeyUse), NetworkError> {
        let told = KeyUse::default();
        let certificates = identity.certificates();
        if certificates.is_empty() {
            let none = KeyError::Certificate("there is none");
            return Err(NetworkError::Key(none));
        }
        let chain = certificates.iter().cloned().map(CertificateDer::from);
        let key = ClientKey {
            key: identity.clone(),
            told: told.clone(),
        };
        let resolver = Arc::new(Resolver {
            certified: Arc::new(CertifiedKey::new(chain.collect(), Arc::new(key))),
            told: told.clone(),
        });
        let versions: &[&rustls::SupportedProtocolVersion] = if self.tls13 {
            &[&rustls::version::TLS12, &rustls::version::TLS13]
        } else {
            &[&rustls::version::TLS12]
        };
        let failed = |_| NetworkError::Tls {
            stage: Stage::Before,
        };
        let time = Arc::new(Present(self.clock.clone()));
        let mut config = ClientConfig::builder_with_details(self.provider.clone(), time)
            .with_protocol_versions(versions)
            .map_err(failed)?
            .with_webpki_verifier(self.verifier.clone())
            .with_client_cert_resolver(resolver);
        // Every connection proves anew that the key is there: a removed card opens nothing.
        config.resumption = Resumption::disabled();
        let mut connection = ClientConnection::new(Arc::new(config), host).map_err(failed)?;
        connection.set_buffer_limit(Some(64 * 1024));
        Ok((connection, told))
    }
}

/// The suites of PDT-INF-579 that exist here, in its order; with TLS 1.3, its own.
fn provider(tls13: bool) -> CryptoProvider {
    let mut suites = vec![
        suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    if tls13 {
        suites.extend([
            suite::TLS13_AES_256_GCM_SHA384,
            suite::TLS13_AES_128_GCM_SHA256,
            suite::TLS13_CHACHA20_POLY1305_SHA256,
        ]);
    }
    CryptoProvider {
        cipher_suites: suites,
        ..ring::default_provider()
    }
}

/// The standard verification of chain, dates and name.
fn verifier(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, ConfigError> {
    let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    built.build().map_err(|_| ConfigError {
        field: "trust",
        rule: "one or more certificates in PEM are expected",
    })
}

/// The connector's present, for the dates of certificates.
#[derive(Debug)]
struct Present(Clock);

impl TimeProvider for Present {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.now().millis()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}

/// What the client's key did during a handshake.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyUse(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    asked: bool,
    error: Option<KeyError>,
    spent: Duration,
}

impl KeyUse {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time spent signing since last asked: a person may have typed a PIN.
    pub fn take_spent(&self) -> Duration {
        std::mem::take(&mut self.told().spent)
    }

    /// Why it failed, if it did.
    pub fn error(&self) -> Option<KeyError> {
        self.told().error.clone()
    }
}

#[derive(Debug)]
struct Resolver {
    certified: Arc<CertifiedKey>,
    told: KeyUse,
}

impl rustls::client::ResolvesClientCert for Resolver {
    // The server's list of issuers is not looked at: there is one certificate, and many servers send a wrong list.
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let mut told = self.told.told();
        told.asked = true;
        if schemes.contains(&SignatureScheme::RSA_PKCS1_SHA256) {
            return Some(self.certified.clone());
        }
        // Going on without a certificate would end in a refusal that says less.
        told.error = Some(KeyError::Certificate(
            "the server does not take RSA PKCS#1 v1.5 with SHA-256 signatures",
        ));
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Lets any [`Key`] sign the handshake.
struct ClientKey {
    key: Arc<dyn Key>,
    told: KeyUse,
}

impl std::fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientKey")
    }
}

impl SigningKey for ClientKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let signer = ClientKey {
            key: self.key.clone(),
            told: self.told.clone(),
        };
        let offered = offered.contains(&SignatureScheme::RSA_PKCS1_SHA256);
        offered.then(|| Box::new(signer) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

impl Signer for ClientKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let start = Since::now();
        let signature = self.key.sign(Algorithm::RsaSha256, message);
        let mut told = self.told.told();
        told.spent += start.elapsed();
        signature.map_err(|error| {
            told.error = Some(error.clone());
            rustls::Error::Other(OtherError(Arc::new(error)))
        })
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::RSA_PKCS1_SHA256
    }
}

/// What a failure of the TLS library means for a person.
pub(super) fn failure(error: &rustls::Error, told: Option<&KeyUse>, stage: Stage) -> NetworkError {
    use CertificateError as C;
    use rustls::Error as E;
    if let Some(error) = told.and_then(KeyUse::error) {
        return NetworkError::Key(error);
    }
    let asked = told.is_some_and(|told| told.told().asked);
    match error {
        E::InvalidCertificate(certificate) => match certificate {
            C::Expired | C::ExpiredContext { .. } => NetworkError::CertificateExpired,
            C::NotValidYet | C::NotValidYetContext { .. } => NetworkError::CertificateNotYetValid,
            C::NotValidForName | C::NotValidForNameContext { .. } => NetworkError::WrongHost,
            C::UnknownIssuer => NetworkError::UnknownRoot,
            _ => NetworkError::CertificateUnfit,
        },
        E::AlertReceived(alert) => match alert {
            Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::CertificateRequired
            | Alert::DecryptError => NetworkError::ClientCertificateRefused { stage },
            // Many servers say no more than this for a certificate they do not want.
            Alert::HandshakeFailure if asked => NetworkError::ClientCertificateRefused { stage },
            Alert::HandshakeFailure | Alert::ProtocolVersion | Alert::InsufficientSecurity => {
                NetworkError::NoCommonProtocol
            }
            _ => NetworkError::Tls { stage },
        },
        E::PeerIncompatible(_) => NetworkError::NoCommonProtocol,
        _ => NetworkError::Tls { stage },
    }
}
