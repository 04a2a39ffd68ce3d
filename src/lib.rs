//! The DMP (dossier médical partagé) inside practice software: dossiers, documents, consent and masking.
//!
//! A [`Connector`] owns the practice's register and a port to a DMP. A professional opens a
//! [`Session`], enters a patient's dossier as an [`Access`], and from
//! there feeds, finds, reads, masks. Every answer that refuses says why, in French, with the rule behind it
//! and what would change it ([`error::Refusal`]).
//!
//! ```
//! use dmpkit::{Config, Connector};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (register, dmp) = (folder.path().join("cabinet.db"), folder.path().join("dmp.db"));
//! let config: Config = serde_json::from_value(serde_json::json!({
//!     "register": register,
//!     "dmp": {"embedded": {"path": dmp}},
//!     "software": {"name": "MonLogiciel", "version": "1.0", "homologation": "DEMO", "oid": "1.2.250.1.999.1"},
//! }))?;
//! let connector = Connector::open(config)?;
//! let session = connector.session(serde_json::from_value(serde_json::json!({
//!     "professional": {"id": "899900987654", "family": "BASTIDE", "given": "Hélène",
//!                      "profession": "10", "specialty": "SM26"},
//!     "structure": {"id": "499900987654001", "name": "Cabinet", "sector": "SA07"},
//!     "authentication": "cps",
//! }))?)?;
//! let access = session.access(&serde_json::from_value(serde_json::json!({
//!     "patient": {"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"},
//! }))?)?;
//! let refusal = access.find(&Default::default()).unwrap_err();
//! assert_eq!(refusal.refusal().unwrap().explanation.sentence, "Ce patient n'a pas de DMP.");
//! # Ok(())
//! # }
//! ```
//!
//! # Where things are
//!
//! | module | holds |
//! |---|---|
//! | [`identity`] | INS, traits, professionals, structures, and their wire forms |
//! | [`document`] | metadata, visibility, status, identifiers, lots |
//! | [`dossier`] | state, authorisation, the patient's choices |
//! | [`terminology`] | the value sets, versioned |
//! | [`rules`] | pure decisions: rights, consent, visibility, feeding |
//! | [`cda`] | CDA documents: reading, checking, writing, rendering |
//! | [`dmp`] | the port to a DMP, the embedded DMP, the national DMP and its protocols |
//! | `simulator` | a server that speaks those protocols in front of an embedded DMP |
//! | [`connector`] | the use cases, one file each |
//! | `store` | the practice's register and journal: SQL lives there and in the embedded DMP's own store |
//! | `json` | records, read strictly |
//! | `ffi` | the C interface of `include/dmpkit.h`, the only `unsafe` |
//! | [`clock`] | the one source of time |
//! | [`error`] | the one error |
//!
//! # The way through
//!
//! Feeding: bytes → [`cda::examine`] → the right patient, consent, rights and visibility ([`rules`]) → identifiers and
//! journal in one transaction → [`dmp::Dmp::submit`] → outcome and journal → receipt. Through the outbox the two halves
//! come apart: identifiers, content and journal now; the rest when [`Connector::dispatch`] takes it, asked for first
//! when it may be there. Consultation: session,
//! patient and mode → [`rules::decide()`] → [`dmp::Dmp::find`] → triage → journal → answer; the bytes of a
//! document leave only once hash and size are checked and the journal is durable. No layer is skipped.
//!
//! # Invariants
//!
//! - A call without a basis never reaches the DMP.
//! - For anyone without the right, a masked document and an absent one are the same in every output.
//! - A document acknowledged is in the DMP once, whatever stops in between, or with a person who is told why.
//! - What is kept for reading without network stands under the consent that allowed it, and is gone once the DMP no longer
//!   shows it to its reader.
//! - A journal entry cannot be changed, removed or moved without [`Connector::verify_journal`] saying where.
//! - Bytes of a document are never re-serialised.
//! - Instants are UTC; time comes from one clock that tests can set.

#![deny(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod cda;
pub mod clock;
pub mod connector;
pub mod dmp;
pub mod document;
pub mod dossier;
pub mod error;
#[doc(hidden)]
pub mod ffi;
pub mod identity;
mod json;
pub mod rules;
#[cfg(feature = "simulator")]
pub mod simulator;
mod store;
pub mod terminology;

pub use connector::{Access, AccessRequest, Config, Connector, Session};
pub use error::{Error, ErrorKind, Result};
