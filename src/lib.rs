//! dmpkit
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
pub mod rules;
mod store;
pub mod terminology;
