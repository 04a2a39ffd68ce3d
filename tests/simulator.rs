//! The simulator, by clients that share no transport with it: raw requests, curl, OpenSSL, and zeep on the official
//! WSDL.

#![cfg(feature = "simulator")]

#[path = "simulator/bench.rs"]
mod bench;
#[path = "simulator/client.rs"]
mod client;
#[path = "simulator/control.rs"]
mod control;
#[path = "simulator/failures.rs"]
mod failures;
#[path = "simulator/vihf.rs"]
mod vihf;
