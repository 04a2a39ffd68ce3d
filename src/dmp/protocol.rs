//! The messages of the national DMP, both ways: what a client writes and reads, what a server reads and
//! writes. No I/O beside the readers and writers it is given: the client is [`crate::dmp::national`], the server
//! `crate::simulator`.
//!
//! | module | holds |
//! |---|---|
//! | [`xml`] | writing XML in canonical form, reading it without trust |
//! | [`key`] | what signs: a key pair with its certificates |
//! | [`certificate`] | names, serial numbers, keys and uses of certificates |
//! | [`signature`] | enveloped XML signatures, made and checked |
//! | [`vihf`] | the assertion that says who calls |
//! | [`xades`] | the signature of a lot |
//! | [`soap`] | envelopes and addressing |
//! | [`mtom`] | documents beside the message |
//! | [`ebxml`] | XDS.b: lots, updates, queries, lists, retrievals |
//! | [`hl7`] | HL7 v3: existence, administrative data, search by traits |
//! | [`services`] | the DMP's own services |
//! | [`fault`] | every form of a no |
//! | [`holder`] | the patient's side, on a simulator |

pub mod certificate;
pub mod ebxml;
pub mod fault;
pub mod hl7;
pub mod holder;
pub mod key;
pub mod mtom;
pub mod services;
pub mod signature;
pub mod soap;
pub mod vihf;
pub mod xades;
pub mod xml;
