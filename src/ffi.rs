//! The C face: what `include/dmpkit.h` declares, and the only `unsafe` of the crate.
//!
//! | file | what |
//! |---|---|
//! | `status` | the status codes |
//! | `handles` | tickets: handles that cannot dangle |
//! | `memory` | what crosses: text, bytes, and [`dmp_free`](memory::dmp_free) |
//! | `call` | one call: arguments in, panic caught, status and record out |
//! | `library`, `connector`, `host`, `session`, `access`, `document`, `outbox`, `cda`, `oversight`, `safekeeping`, `support`, `takeover`, `terminology` | the functions |
//!
//! The contract that makes the `unsafe` sound is the header's: pointers are valid for the call or NULL,
//! texts end with NUL, lengths are true, and what is freed was received. Everything else (NULL, invalid
//! UTF-8, stale or forged handles, wrong records) is answered with a status.

#![allow(unsafe_code)]
#![allow(clippy::missing_safety_doc)] // the contract above is that of every function here
#![allow(missing_docs)] // opaque types and parameters are documented in the header's words

pub mod access;
mod call;
pub mod cda;
pub mod connector;
pub mod document;
mod handles;
#[cfg(feature = "national")]
pub mod host;
pub mod library;
pub mod memory;
pub mod outbox;
pub mod oversight;
pub mod safekeeping;
pub mod session;
pub mod status;
pub mod support;
pub mod takeover;
pub mod terminology;
