//! The simulator, by clients that share no transport with it: raw requests, curl, OpenSSL, and zeep on the official
//! WSDL.

#![cfg(feature = "simulator")]

#[path = "simulator/bench.rs"]
mod bench;
#[path = "simulator/client.rs"]
mod client;
#[path = "simulator/control.rs"]
mod control;
#[path = "common/dmp/mod.rs"]
mod dmp;
#[path = "simulator/failures.rs"]
mod failures;
#[path = "simulator/outside.rs"]
mod outside;
#[cfg(feature = "cli")]
#[path = "simulator/tool.rs"]
mod tool;
#[path = "simulator/transactions.rs"]
mod transactions;
#[path = "simulator/vihf.rs"]
mod vihf;
