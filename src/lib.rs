//! dmpkit
#![deny(unsafe_code)]
