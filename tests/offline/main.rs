//! Reading without network: what is kept, for whom, for how long, and what makes it go.
//!
//! On the embedded DMP, or the national one with `DMPKIT_TEST_DMP=national`: nothing here may depend on which.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/drawn.rs"]
mod drawn;

mod answers;
mod network;
mod openings;
mod preloads;
mod purges;
mod ward;
mod worlds;
