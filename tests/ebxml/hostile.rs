//! Messages made to harm: refused, or read in bounded time and memory.

use dmpkit::dmp::protocol::ebxml::{Object, read_answer, read_lot, read_query};
use dmpkit::dmp::protocol::xml::{Limits, Reader, XmlError};

use crate::round_trip::{documents, read, write};
use crate::sample;
use crate::support::payload;

#[test]
fn depth_size_and_entities_are_refused() {
    let good = write(&[sample::entry(1)]);
    let inside = |text: &str| good.replacen("<Slot ", &format!("{text}<Slot "), 1);
    let deep = inside(&format!("{}{}", "<x>".repeat(100), "</x>".repeat(100)));
    for (xml, error) in [
        (deep, XmlError::TooDeep),
        (good.replacen("Compte rendu", "&nbsp;", 1), XmlError::Entity),
        (
            good.replacen("<Value>fr-FR", "<Value>&x;", 1),
            XmlError::Entity,
        ),
        (good[..good.len() - 40].to_owned(), XmlError::Cut),
        (
            good.replacen(" mimeType=", " mimeType=\"a\" mimeType=", 1),
            XmlError::Malformed,
        ),
        (good.replacen("<Slot ", "<q:Slot ", 1), XmlError::Malformed),
    ] {
        let (mut reader, root) = payload(&xml).unwrap();
        assert_eq!(
            read_answer(&mut reader, &root, |_| {}).map(|_| ()),
            Err(error)
        );
    }
    let dtd = format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{good}");
    assert_eq!(payload(&dtd).map(|_| ()).unwrap_err(), XmlError::Dtd);
    let limits = Limits {
        bytes: good.len() as u64 - 10,
        depth: 64,
    };
    let mut reader = Reader::new(good.as_bytes(), limits);
    let root = reader.root().unwrap();
    assert_eq!(
        read_answer(&mut reader, &root, |_| {}).map(|_| ()),
        Err(XmlError::TooLarge)
    );
}

/// Reading or writing that compares each with all the others would take some minutes of these.
const MANY: usize = 100_000;

#[test]
fn a_hundred_thousand_of_anything_are_read_in_proportion_to_their_length() {
    let good = write(&[sample::entry(1)]);
    let slots = |n: usize| -> String {
        let slots = (0..n).map(|n| {
            format!("<Slot name=\"s{n:06}\"><ValueList><Value>v</Value></ValueList></Slot>")
        });
        slots.collect()
    };
    let same = "<Slot name=\"languageCode\"><ValueList><Value>v</Value></ValueList></Slot>";
    let class = "<Classification classificationScheme=\"urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a\" nodeRepresentation=\"a\"/>";
    let values = |n: usize| {
        let values = "<Value>v</Value>".repeat(n);
        format!("<Slot name=\"s\"><ValueList>{values}</ValueList></Slot>")
    };
    for (what, extra, before) in [
        ("slots", slots(MANY), "<Slot "),
        ("slots of one name", same.repeat(MANY), "<Slot "),
        ("values", values(MANY), "<Slot "),
        ("classifications", class.repeat(MANY), "<Classification "),
    ] {
        let entries = documents(&good.replacen(before, &format!("{extra}{before}"), 1));
        assert_eq!(entries.len(), 1, "{what}");
        assert_eq!(documents(&write(&entries)), entries, "{what}");
    }
    let rim = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";
    let lot: String = (0..MANY)
        .map(|n| format!("<x:Document id=\"d{n}\">AA==</x:Document>"))
        .collect();
    let lot = format!(
        "<x:ProvideAndRegisterDocumentSetRequest xmlns:x=\"urn:ihe:iti:xds-b:2007\"><l:SubmitObjectsRequest \
         xmlns:l=\"urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0\"><RegistryObjectList xmlns=\"{rim}\"/></l:SubmitObjectsRequest>\
         {lot}</x:ProvideAndRegisterDocumentSetRequest>"
    );
    let (mut reader, root) = payload(&lot).unwrap();
    assert!(read_lot(&mut reader, &root).is_err());
    let quotes = format!(
        "<q:AdhocQueryRequest xmlns:q=\"urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0\"><q:ResponseOption returnType=\"LeafClass\"/>\
         <AdhocQuery xmlns=\"{rim}\" id=\"urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155\"><Slot name=\"$uuid\"><ValueList><Value>({}'a')\
         </Value></ValueList></Slot></AdhocQuery></q:AdhocQueryRequest>",
        "'''',".repeat(MANY)
    );
    let (mut reader, root) = payload(&quotes).unwrap();
    assert!(read_query(&mut reader, &root).is_err());
}

#[test]
fn what_is_not_the_message_expected_is_named() {
    let good = write(&[sample::entry(1)]);
    let (mut reader, root) = payload(&good).unwrap();
    assert!(
        matches!(read_lot(&mut reader, &root), Err(e) if e.to_string().contains("not the one expected"))
    );
    for odd in [
        good.replacen(
            "status=\"urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success\"",
            "",
            1,
        ),
        good.replacen("ResponseStatusType:Success", "ResponseStatusType:Maybe", 1),
    ] {
        let (mut reader, root) = payload(&odd).unwrap();
        assert!(matches!(
            read_answer(&mut reader, &root, |_| {}),
            Err(XmlError::Unexpected(_))
        ));
    }
    let (_, objects) = read(&good.replacen("7edca82f-", "34268e47-", 1));
    assert!(
        matches!(objects.as_slice(), [Object::Unreadable(_)]),
        "an on-demand document"
    );
}
