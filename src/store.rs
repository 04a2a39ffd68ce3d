//! The practice's register, and the way this crate opens its SQLite files.
//!
//! Only this folder and the embedded DMP's own store hold SQL.

pub(crate) mod sqlite;
