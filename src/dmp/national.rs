//! The national DMP: the client of the protocols in [`super::protocol`].

pub mod keys;
pub mod transport;
