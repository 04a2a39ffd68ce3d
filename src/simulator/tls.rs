//! Mutual TLS as PDT-INF-579 asks it: TLS 1.2 or 1.3, ephemeral RSA key exchange, a client certificate of the
//! simulator's own authority.

use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;

use super::pki::Pki;
use crate::clock::Clock;

/// The suites of PDT-INF-579 that rustls has: AES-GCM and ChaCha20-Poly1305 with ECDHE_RSA, and their forms of TLS 1.3.
/// The AES256_CBC_SHA384 of that list is not among them.
fn provider() -> CryptoProvider {
    use ring::cipher_suite as suite;
    CryptoProvider {
        cipher_suites: vec![
            suite::TLS13_AES_256_GCM_SHA384,
            suite::TLS13_AES_128_GCM_SHA256,
            suite::TLS13_CHACHA20_POLY1305_SHA256,
            suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ],
        ..ring::default_provider()
    }
}

/// The present for the validity of certificates: the system's, whatever the simulator's clock says. A DMP set in
/// another year must still be reachable.
#[derive(Debug)]
struct Present(Clock);

impl TimeProvider for Present {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.now().millis()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}

/// The configuration of the server.
pub(crate) fn configuration(pki: &Pki) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(pki.ca_der().to_vec()))?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|_| rustls::Error::General("no authority of client certificates".to_owned()))?;
    let server = pki.server();
    let chain = server
        .certificates
        .iter()
        .cloned()
        .map(CertificateDer::from);
    let key = PrivatePkcs8KeyDer::from(server.key.to_vec());
    let mut config =
        ServerConfig::builder_with_details(provider, Arc::new(Present(Clock::system())))
            .with_protocol_versions(&[&rustls::version::TLS12, &rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.collect(), PrivateKeyDer::Pkcs8(key))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
