//! The national DMP: the client of the protocols in [`super::protocol`].

pub mod keys;
mod pace;
mod skew;
pub mod transport;
