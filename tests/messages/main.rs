//! The messages around XDS: what the DMP publishes is read, what is written is read back, what is hostile is refused.

#![cfg(feature = "national")]

mod hostile;
mod official;
mod packages;
mod refusals;
mod round;
mod schemas;
mod shape;

use std::path::PathBuf;

use dmpkit::clock::Instant;
use dmpkit::dmp::protocol::hl7::{Id, Message};
use dmpkit::dmp::protocol::soap::{self, Body};
use dmpkit::dmp::protocol::xml::{Element, Limits, Reader};
use dmpkit::identity::Ins;

/// A folder named by a variable; `None`, with a word, when it is not set.
fn folder(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: {variable} is not set");
    }
    folder
}

/// A file of the corpus.
fn corpus(name: &str) -> Option<Vec<u8>> {
    let path = folder("DMPKIT_CORPUS")?.join(name);
    Some(std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// Reads a payload's text: its start, then what `read` makes of the rest, which must be all of it.
fn payload<'a, T>(xml: &'a str, read: impl FnOnce(&mut Reader<&'a [u8]>, &Element) -> T) -> T {
    let mut reader = Reader::new(xml.as_bytes(), Limits::default());
    let start = reader.root().expect("a payload");
    let value = read(&mut reader, &start);
    soap::end(&mut reader).expect("nothing follows the payload");
    value
}

/// Reads the payload of an envelope, which must hold one.
fn enveloped<'a, T>(
    bytes: &'a [u8],
    read: impl FnOnce(&mut Reader<&'a [u8]>, &Element) -> T,
) -> (soap::Header, T) {
    let mut envelope = soap::read(bytes, Limits::default()).expect("an envelope");
    let Body::Payload(start) = &envelope.body else {
        panic!("no payload");
    };
    let value = read(&mut envelope.reader, start);
    soap::end(&mut envelope.reader).expect("nothing follows the payload");
    (envelope.header, value)
}

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn ins() -> Ins {
    Ins::new("279035121518989", "1.2.250.1.213.1.4.10").unwrap()
}

fn message() -> Message {
    let id = |root: &str| Id {
        root: root.to_owned(),
        extension: "0c1d9e6a-6f0a-4a51-8d2f-5a7b8c9d0e1f".to_owned(),
    };
    Message {
        id: id("1.2.250.1.999.9.1.1"),
        query: id("1.2.250.1.999.9.2"),
        device: "1.2.250.1.999.9".to_owned(),
        software: "Logiciel & Cie".to_owned(),
    }
}
