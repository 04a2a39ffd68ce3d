//! Test certificates: an authority of its own, a server, cards and structures. Worth nothing elsewhere.
//!
//! In its folder:
//!
//! | file | holds |
//! |---|---|
//! | `ca.pem`, `ca.key.pem` | the authority: what a client must trust to reach the simulator |
//! | `server.pem`, `server.key.pem` | the server's certificate for `localhost`, 127.0.0.1 and ::1, with the authority's; its key |
//! | `auth.key.pem`, `sign.key.pem` | the two private keys that all test cards share |
//! | `cards/<identifier>.auth.pem`, `.sign.pem` | a card or structure: certificate, authority, private key; `/` in the identifier becomes `_` |
//!
//! All keys are RSA of 2048 bits, as on real cards; they are made once, so that a card takes milliseconds to issue.
//! Certificates are valid from two days before the instant at which they are issued, for twenty years and until 2046 at
//! least.

mod issue;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{Certificate, CertificateParams, Issuer, KeyPair};
use zeroize::Zeroizing;

use crate::clock::Instant;
use crate::dmp::national::keys::memory::MemoryKey;
use crate::dmp::national::keys::{Keys, file_stem};
use crate::dmp::protocol::certificate::{CardType, Use};
use crate::dmp::protocol::holder;
use crate::dmp::protocol::key::KeyError;

use issue::{Pair, Purpose, Subject};

/// What a test card says of its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card<'a> {
    /// PS_IdNat: CN.
    pub id: &'a str,
    /// SN.
    pub family: &'a str,
    /// GN.
    pub given: &'a str,
    /// Extension 1.2.250.1.71.1.2.2.
    pub kind: CardType,
    /// The structure's name: O. On real cards the exercises tell it; the simulator, that must show a name beside an
    /// identifier, takes it from here.
    pub structure: &'a str,
    /// Code of TRE_G15, numeric: extension 1.2.250.1.71.1.2.7.
    pub profession: Option<&'a str>,
    /// Code of TRE_R01: extension 1.2.250.1.71.4.2.5.
    pub specialty: Option<&'a str>,
}

/// Server certificates that a client must refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hostile {
    /// Expired the day before.
    Expired,
    /// For another host.
    WrongHost,
    /// By another authority, of the same name.
    OtherAuthority,
}

/// A server's certificate with its key.
#[derive(Clone)]
pub struct ServerIdentity {
    /// The certificates in DER, the server's own first.
    pub certificates: Vec<Vec<u8>>,
    /// The private key, PKCS#8 in DER.
    pub key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for ServerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerIdentity").finish_non_exhaustive()
    }
}

/// Why certificates cannot be made or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PkiError {
    /// A file cannot be read or written.
    #[error("pki: {0}: cannot be read or written")]
    File(&'static str),
    /// A file is not what it should be.
    #[error("pki: {0}: is not a private key or certificate of this authority")]
    Content(&'static str),
    /// An identifier that cannot name a file, or a text that a certificate cannot hold.
    #[error("pki: {0}: cannot stand in a certificate")]
    Name(&'static str),
    /// Making a key or certificate failed.
    #[error("pki: a key or certificate cannot be made")]
    Crypto,
    /// A certificate made does not fit its use.
    #[error("pki: {0}")]
    Key(#[from] KeyError),
}

impl From<rcgen::Error> for PkiError {
    fn from(_: rcgen::Error) -> PkiError {
        PkiError::Crypto
    }
}

/// The authority.
pub struct Pki {
    folder: Option<PathBuf>,
    now: Instant,
    issuer: Issuer<'static, KeyPair>,
    ca: Vec<u8>,
    server: ServerIdentity,
    server_pair: Pair,
    authentication: Pair,
    signature: Pair,
}

impl Pki {
    /// Opens the authority of a folder, or makes one there when `ca.key.pem` is absent. The server's certificate is
    /// issued anew when it is not valid at `now`.
    pub fn open(folder: &Path, now: Instant) -> Result<Pki, PkiError> {
        std::fs::create_dir_all(folder.join("cards")).map_err(|_| PkiError::File("cards"))?;
        let key = |name: &'static str| Pair::open(&folder.join(name), name);
        let ca_pair = key("ca.key.pem")?;
        let (server, authentication, signature) = (
            key("server.key.pem")?,
            key("auth.key.pem")?,
            key("sign.key.pem")?,
        );
        let path = folder.join("ca.pem");
        let ca = match std::fs::read_to_string(&path) {
            Ok(text) => Some(issue::certificates(&text, "ca.pem")?),
            Err(_) => None,
        };
        let ca = ca.and_then(|list| list.into_iter().next());
        let mut pki = Pki::build(now, ca, ca_pair, [server, authentication, signature])?;
        write(&path, "ca.pem", &issue::pem("CERTIFICATE", &pki.ca))?;
        let server = folder.join("server.pem");
        let old = std::fs::read_to_string(&server)
            .ok()
            .and_then(|text| issue::certificates(&text, "server.pem").ok())
            .filter(|list| issue::is_valid(list, now));
        match old {
            Some(certificates) => pki.server.certificates = certificates,
            None => write(&server, "server.pem", &pki.server_pem())?,
        }
        pki.folder = Some(folder.to_owned());
        // Whoever plays the patient's side comes with this one; left alone while it is good, for others may be reading it.
        let visitor = folder
            .join("cards")
            .join(format!("{}.auth.pem", holder::VISITOR));
        let good = std::fs::read_to_string(visitor)
            .ok()
            .and_then(|text| issue::certificates(&text, "cards").ok())
            .is_some_and(|list| issue::is_valid(&list, now) && list.last() == Some(&pki.ca));
        if !good {
            pki.issue_structure(holder::VISITOR, "Simulateur")?;
        }
        Ok(pki)
    }

    /// An authority that writes nothing.
    pub fn in_memory(now: Instant) -> Result<Pki, PkiError> {
        let ca = Pair::generate()?;
        Pki::build(
            now,
            None,
            ca,
            [Pair::generate()?, Pair::generate()?, Pair::generate()?],
        )
    }

    fn build(
        now: Instant,
        ca: Option<Vec<u8>>,
        ca_pair: Pair,
        [server_pair, authentication, signature]: [Pair; 3],
    ) -> Result<Pki, PkiError> {
        let params = issue::authority(now);
        let ca = match ca {
            Some(ca) if ca_pair.is_of(&ca) => ca,
            Some(_) => return Err(PkiError::Content("ca.pem")),
            None => params.self_signed(&ca_pair.key)?.der().to_vec(),
        };
        let mut pki = Pki {
            folder: None,
            now,
            issuer: Issuer::new(params, ca_pair.key),
            ca,
            server: ServerIdentity {
                certificates: Vec::new(),
                key: server_pair.der.clone(),
            },
            server_pair,
            authentication,
            signature,
        };
        let server = issue::server(now, &["localhost", "127.0.0.1", "::1"])?;
        pki.server = pki.server_identity(&server, &pki.issuer, &pki.ca)?;
        Ok(pki)
    }

    fn server_identity(
        &self,
        params: &CertificateParams,
        issuer: &Issuer<'_, KeyPair>,
        ca: &[u8],
    ) -> Result<ServerIdentity, PkiError> {
        let own = params.signed_by(&self.server_pair.key, issuer)?;
        Ok(ServerIdentity {
            certificates: vec![own.der().to_vec(), ca.to_vec()],
            key: self.server_pair.der.clone(),
        })
    }

    /// The authority's certificate in PEM: what a client trusts.
    pub fn ca_pem(&self) -> String {
        issue::pem("CERTIFICATE", &self.ca)
    }

    /// The authority's certificate in DER.
    pub fn ca_der(&self) -> &[u8] {
        &self.ca
    }

    /// The server's certificate and key, for `localhost`, 127.0.0.1 and ::1.
    pub fn server(&self) -> &ServerIdentity {
        &self.server
    }

    fn server_pem(&self) -> String {
        let list = self.server.certificates.iter();
        list.map(|der| issue::pem("CERTIFICATE", der)).collect()
    }

    /// A server certificate that a client must refuse.
    pub fn hostile_server(&self, kind: Hostile) -> Result<ServerIdentity, PkiError> {
        let mut params = issue::server(self.now, &["localhost", "127.0.0.1", "::1"])?;
        match kind {
            Hostile::Expired => {
                params.not_before = self.now.plus_days(-40).date_time();
                params.not_after = self.now.plus_days(-1).date_time();
            }
            Hostile::WrongHost => params = issue::server(self.now, &["autre.example"])?,
            Hostile::OtherAuthority => {
                let authority = issue::authority(self.now);
                let key = Pair::generate()?.key;
                let ca = authority.self_signed(&key)?.der().to_vec();
                let issuer = Issuer::new(authority, key);
                return self.server_identity(&params, &issuer, &ca);
            }
        }
        self.server_identity(&params, &self.issuer, &self.ca)
    }

    /// Issues a card: two certificates, written to the folder when there is one. An older card of the same identifier
    /// is replaced.
    pub fn issue_card(&self, card: &Card<'_>) -> Result<Keys, PkiError> {
        self.issue(&Subject {
            id: card.id,
            organization: card.structure,
            person: Some((card.family, card.given)),
            kind: Some(card.kind),
            profession: card.profession,
            specialty: card.specialty,
        })
    }

    /// Issues a structure's certificates: subject `C=FR, O=<name>, CN=<Struct_IdNat>`.
    pub fn issue_structure(&self, id: &str, name: &str) -> Result<Keys, PkiError> {
        self.issue(&Subject {
            id,
            organization: name,
            person: None,
            kind: None,
            profession: None,
            specialty: None,
        })
    }

    /// Where the cards are: the `cards` source of a keyring. `None` for an authority in memory.
    pub fn cards(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join("cards"))
    }

    fn issue(&self, subject: &Subject<'_>) -> Result<Keys, PkiError> {
        let stem = file_stem(subject.id).ok_or(PkiError::Name("the identifier"))?;
        let key = |use_: Use, pair: &Pair, suffix: &str| {
            let purpose = match use_ {
                Use::Authentication => Purpose::Authentication,
                Use::Signature => Purpose::Signature,
            };
            let own = issue::holder(self.now, subject, purpose)?;
            let own: Certificate = own.signed_by(&pair.key, &self.issuer)?;
            let certificates = vec![own.der().to_vec(), self.ca.clone()];
            if let Some(folder) = self.cards() {
                let mut text = Zeroizing::new(String::new());
                for der in &certificates {
                    text.push_str(&issue::pem("CERTIFICATE", der));
                }
                text.push_str(&issue::pem("PRIVATE KEY", &pair.der));
                write(&folder.join(format!("{stem}.{suffix}.pem")), "cards", &text)?;
            }
            Ok::<_, PkiError>(MemoryKey::from_pkcs8(certificates, &pair.der)?)
        };
        Ok(Keys {
            authentication: Arc::new(key(Use::Authentication, &self.authentication, "auth")?),
            signature: Arc::new(key(Use::Signature, &self.signature, "sign")?),
        })
    }
}

impl fmt::Debug for Pki {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pki")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// Writes a file beside its place first, so that a reader never sees half of it.
fn write(path: &Path, name: &'static str, text: &str) -> Result<(), PkiError> {
    // A name of its own: another thread or process may be writing the same file.
    let mut draw = [0; 8];
    getrandom::fill(&mut draw).map_err(|_| PkiError::File(name))?;
    let part = path.with_extension(format!("{}.part", u64::from_ne_bytes(draw)));
    std::fs::write(&part, text)
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|_| PkiError::File(name))
}
