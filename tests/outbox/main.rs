//! The outbox: what is handed over reaches the DMP exactly once, or comes back to a person with a remedy.

mod bench;
mod ends;
mod faults;
#[path = "../common/flaky.rs"]
mod flaky;
mod handing_over;
mod model;
mod order;
mod pace;
mod recover;
mod scale;
