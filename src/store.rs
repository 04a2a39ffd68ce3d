//! The practice's register, and the way this crate opens its SQLite files.
//!
//! Only this folder and the embedded DMP's own store hold SQL. One transaction per use case: an effect
//! and its journal entry are written together or not at all.

pub(crate) mod backup;
pub(crate) mod carry_over;
pub(crate) mod check;
mod files;
pub(crate) mod held;
pub(crate) mod journal;
pub(crate) mod kept;
pub(crate) mod key;
pub(crate) mod outbox;
pub(crate) mod register;
pub(crate) mod rekey;
pub(crate) mod salvage;
pub(crate) mod sqlite;
pub(crate) mod standing;
pub(crate) mod support;
pub(crate) mod takeover;

pub(crate) use register::{Register, Tx};
