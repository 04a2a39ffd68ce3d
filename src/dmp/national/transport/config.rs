//! The configuration of the built-in client.

use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// The built-in client's configuration. In JSON:
/// `{"trust": {"path": "igc-sante.pem"}, "proxy": {"host": "10.0.0.1", "port": 3128}, "answerSeconds": 60}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkConfig {
    /// The roots under which the server's certificate must be issued; the system's roots are not used.
    pub trust: Trust,
    /// Seconds for the name, the connection, the proxy and TLS together, 1 to 3600. A PIN's time is not counted.
    #[serde(default = "connect_seconds")]
    pub connect_seconds: u32,
    /// Seconds to send the request, 1 to 3600.
    #[serde(default = "send_seconds")]
    pub send_seconds: u32,
    /// Seconds from the end of the request to the last byte of the answer, however it drips, 1 to 3600.
    #[serde(default = "answer_seconds")]
    pub answer_seconds: u32,
    /// Seconds an unused connection is kept for the next call, 0 to 3600; 0 opens one for every call.
    #[serde(default = "idle_seconds")]
    pub idle_seconds: u32,
    /// An HTTP proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
    /// Allows TLS 1.3 beside 1.2. PDT-INF-579 keeps it for the Web access by Pro Santé Connect; with it, a server
    /// that asks for a client certificate needs a PSS signature that [`crate::dmp::protocol::key::Key`] does not make.
    #[serde(default)]
    pub tls13: bool,
    /// How much an answer may hold.
    #[serde(default)]
    pub limits: Limits,
}

/// Where the roots are, in PEM, one or more certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trust {
    /// A file.
    Path(String),
    /// The text itself.
    Pem(String),
}

/// An HTTP proxy that carries TLS by `CONNECT`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proxy {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// User of the basic authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Password of the basic authentication. Read, never written back.
    #[serde(default, skip_serializing)]
    pub password: Password,
}

/// A password: not shown, erased from memory when dropped.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// From its text.
    pub fn new(text: String) -> Password {
        Password(text)
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

/// How much an answer may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of status line and headers, 8192 to 1048576.
    pub header_bytes: u32,
    /// Number of headers, 1 to 1000.
    pub headers: u32,
    /// Bytes of the body, 1 or more.
    pub body_bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            header_bytes: 32 * 1024,
            headers: 100,
            body_bytes: 256 * 1024 * 1024,
        }
    }
}

fn connect_seconds() -> u32 {
    15
}

fn send_seconds() -> u32 {
    300
}

fn answer_seconds() -> u32 {
    120
}

fn idle_seconds() -> u32 {
    30
}

impl Limits {
    /// Checks the ranges.
    pub fn check(&self) -> Result<(), ConfigError> {
        must(
            (8192..=1_048_576).contains(&self.header_bytes),
            "limits.headerBytes",
            "8192 to 1048576 bytes",
        )?;
        must(
            (1..=1000).contains(&self.headers),
            "limits.headers",
            "1 to 1000 headers",
        )?;
        must(self.body_bytes > 0, "limits.bodyBytes", "1 byte or more")
    }
}

fn must(holds: bool, field: &'static str, rule: &'static str) -> Result<(), ConfigError> {
    if holds {
        Ok(())
    } else {
        Err(ConfigError { field, rule })
    }
}

/// What is wrong in a [`NetworkConfig`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct ConfigError {
    /// The field, as in JSON.
    pub field: &'static str,
    /// The rule it breaks.
    pub rule: &'static str,
}

impl NetworkConfig {
    /// With these roots and every other setting at its default.
    pub fn new(trust: Trust) -> NetworkConfig {
        NetworkConfig {
            trust,
            connect_seconds: connect_seconds(),
            send_seconds: send_seconds(),
            answer_seconds: answer_seconds(),
            idle_seconds: idle_seconds(),
            proxy: None,
            tls13: false,
            limits: Limits::default(),
        }
    }

    /// Checks the ranges.
    pub fn check(&self) -> Result<(), ConfigError> {
        let seconds = "1 to 3600 seconds";
        let allowed = |value| (1..=3600).contains(&value);
        must(allowed(self.connect_seconds), "connectSeconds", seconds)?;
        must(allowed(self.send_seconds), "sendSeconds", seconds)?;
        must(allowed(self.answer_seconds), "answerSeconds", seconds)?;
        must(
            self.idle_seconds <= 3600,
            "idleSeconds",
            "0 to 3600 seconds",
        )?;
        self.limits.check()?;
        if let Some(proxy) = &self.proxy {
            must(!proxy.host.is_empty(), "proxy.host", "a host is expected")?;
            must(proxy.port != 0, "proxy.port", "a port is expected")?;
            // RFC 7617: the colon ends the user.
            let user = proxy.user.as_deref().unwrap_or_default();
            must(!user.contains(':'), "proxy.user", "no colon in it")?;
        }
        Ok(())
    }

    /// Reads the roots.
    pub(super) fn roots(&self) -> Result<RootCertStore, ConfigError> {
        let (pem, field) = match &self.trust {
            Trust::Pem(text) => (text.clone().into_bytes(), "trust.pem"),
            Trust::Path(path) => {
                let unreadable = ConfigError {
                    field: "trust.path",
                    rule: "the file cannot be read",
                };
                (std::fs::read(path).map_err(|_| unreadable)?, "trust.path")
            }
        };
        let mut roots = RootCertStore::empty();
        let bad = ConfigError {
            field,
            rule: "one or more certificates in PEM are expected",
        };
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            roots.add(certificate.map_err(|_| bad)?).map_err(|_| bad)?;
        }
        if roots.is_empty() {
            Err(bad)
        } else {
            Ok(roots)
        }
    }

    pub(super) fn connect(&self) -> Duration {
        Duration::from_secs(self.connect_seconds.into())
    }

    pub(super) fn sending(&self) -> Duration {
        Duration::from_secs(self.send_seconds.into())
    }

    pub(super) fn answer(&self) -> Duration {
        Duration::from_secs(self.answer_seconds.into())
    }

    pub(super) fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds.into())
    }
}
