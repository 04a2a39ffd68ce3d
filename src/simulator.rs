//! A DMP that speaks the national protocols over mutual TLS, in front of an embedded DMP: for a vendor's desk and
//! a vendor's CI. Any connector can be pointed at it.

pub mod pki;
pub mod server;
