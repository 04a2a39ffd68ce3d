//! The configuration of a keyring: a list of entries, each with its source.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One entry of a keyring: whose, and where the keys are. In JSON, `holder` and exactly one of `pem`, `pkcs12`, `pkcs11`,
/// `cards`, `host`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct KeyEntry {
    /// PS_IdNat of the person (authentication by CPS, CPF, CPE) or Struct_IdNat of the structure (structure, AIR) it is
    /// for. Without it, for anyone whom no other entry names.
    pub holder: Option<String>,
    /// Where the keys are.
    pub source: Source,
}

/// Where keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// PEM, in files or in the configuration.
    Pem(PemConfig),
    /// PKCS#12 files.
    Pkcs12(Pkcs12Config),
    /// A card or token.
    Pkcs11(Pkcs11Config),
    /// A folder of test cards, as the simulator's PKI writes it: `<identifier>.auth.pem` and `<identifier>.sign.pem`, `/` in
    /// identifiers replaced by `_`, each with its certificates and its private key. Read at each call.
    Cards(String),
    /// Keys that the host signs with; it is asked for each signature.
    Host(HostConfig),
}

/// PEM for both uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PemConfig {
    /// For the TLS connection.
    pub authentication: PemPair,
    /// For the VIHF and lots.
    pub signature: PemPair,
}

/// A key pair in PEM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PemPair {
    /// The key's certificate and those of its issuers.
    pub certificates: Material,
    /// The private key, PKCS#8 (also encrypted: the passphrase is asked for) or PKCS#1; when absent, it stands beside
    /// the certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Material>,
}

/// PEM text, or the path of a file that holds it: a text that starts with `-----BEGIN` is taken for itself. A private key
/// written in the configuration stays in the host's memory as long as the host keeps that text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Material(pub String);

impl Material {
    /// Whether it is PEM itself.
    pub(super) fn is_inline(&self) -> bool {
        self.0.trim_start().starts_with("-----BEGIN")
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_inline() {
            f.write_str("Material(..)")
        } else {
            f.debug_tuple("Material").field(&self.0).finish()
        }
    }
}

/// PKCS#12 files: paths. The same file may stand for both when it holds both key pairs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pkcs12Config {
    /// For the TLS connection.
    pub authentication: String,
    /// For the VIHF and lots.
    pub signature: String,
}

/// A card or token, and which one when several are present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pkcs11Config {
    /// Path of the PKCS#11 module. For CPS cards, that of the Cryptolib CPS of the ANS.
    pub module: String,
    /// Label of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Serial number of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
}

/// Certificates whose keys the host holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostConfig {
    /// For the TLS connection: certificate and issuers.
    pub authentication: Material,
    /// For the VIHF and lots: certificate and issuers.
    pub signature: Material,
}

/// The record as JSON has it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Record {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pem: Option<PemConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pkcs12: Option<Pkcs12Config>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pkcs11: Option<Pkcs11Config>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cards: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<HostConfig>,
}

impl TryFrom<Record> for KeyEntry {
    type Error = &'static str;

    fn try_from(record: Record) -> Result<KeyEntry, &'static str> {
        let sources = [
            record.pem.map(Source::Pem),
            record.pkcs12.map(Source::Pkcs12),
            record.pkcs11.map(Source::Pkcs11),
            record.cards.map(Source::Cards),
            record.host.map(Source::Host),
        ];
        let mut sources = sources.into_iter().flatten();
        match (sources.next(), sources.next()) {
            (Some(source), None) => Ok(KeyEntry {
                holder: record.holder,
                source,
            }),
            _ => Err("a key entry has exactly one of pem, pkcs12, pkcs11, cards, host"),
        }
    }
}

impl From<KeyEntry> for Record {
    fn from(entry: KeyEntry) -> Record {
        let mut record = Record {
            holder: entry.holder,
            pem: None,
            pkcs12: None,
            pkcs11: None,
            cards: None,
            host: None,
        };
        match entry.source {
            Source::Pem(pem) => record.pem = Some(pem),
            Source::Pkcs12(pkcs12) => record.pkcs12 = Some(pkcs12),
            Source::Pkcs11(pkcs11) => record.pkcs11 = Some(pkcs11),
            Source::Cards(folder) => record.cards = Some(folder),
            Source::Host(host) => record.host = Some(host),
        }
        record
    }
}
