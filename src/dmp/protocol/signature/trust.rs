//! Whom a server trusts: paths from a signer's certificate to its authorities.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{
    EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, anchor_from_trusted_cert,
};

use crate::clock::Instant;

/// Why a certificate is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// It cannot be read.
    #[error("the certificate cannot be read")]
    Malformed,
    /// It is not valid yet, or no longer.
    #[error("the certificate is not valid at this time")]
    Time,
    /// It was not issued by a trusted authority, or not for this use.
    #[error("the certificate was not issued by a trusted authority")]
    Unknown,
}

/// The authorities a server trusts.
#[derive(Debug, Clone)]
pub struct Authorities(Vec<TrustAnchor<'static>>);

impl Authorities {
    /// From the certificates of authorities, in DER, RSA or ECDSA.
    pub fn new<'a>(
        certificates: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Authorities, TrustError> {
        let anchors = certificates.into_iter().map(|der| {
            let der = CertificateDer::from(der);
            let anchor = anchor_from_trusted_cert(&der).map_err(|_| TrustError::Malformed)?;
            Ok(anchor.to_owned())
        });
        Ok(Authorities(anchors.collect::<Result<_, TrustError>>()?))
    }

    /// Whether a chain (the signer's certificate first, then intermediates in any order) leads to one of them at
    /// this time. Whatever its extended key usage is: the DMP's signing certificates say e-mail protection.
    /// Certificates are not looked up in revocation lists.
    pub fn check(&self, chain: &[Vec<u8>], at: Instant) -> Result<(), TrustError> {
        let (signer, others) = chain.split_first().ok_or(TrustError::Malformed)?;
        let signer = CertificateDer::from(signer.as_slice());
        let signer = EndEntityCert::try_from(&signer).map_err(|_| TrustError::Malformed)?;
        let others: Vec<CertificateDer<'_>> = others
            .iter()
            .map(|der| CertificateDer::from(der.as_slice()))
            .collect();
        let seconds = u64::try_from(at.millis().div_euclid(1000)).map_err(|_| TrustError::Time)?;
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let path = signer.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &self.0,
            &others,
            time,
            AnyUsage,
            None,
            None,
        );
        match path {
            Ok(_) => Ok(()),
            Err(webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }) => {
                Err(TrustError::Time)
            }
            Err(_) => Err(TrustError::Unknown),
        }
    }
}

/// Any extended key usage.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, _usages: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}
