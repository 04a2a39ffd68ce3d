//! dmpkit
#![deny(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod cda;
pub mod terminology;
