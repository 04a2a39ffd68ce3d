//! Metadata there and back: random ones equal, odd ones with nothing lost.

use dmpkit::dmp::protocol::ebxml::{
    AnswerWriter, Entry, Object, Outcome, ResponseStatus, Set, read_answer,
};
use dmpkit::dmp::protocol::xml::Writer;
use dmpkit::document::{
    Author, Coded, Confidentiality, Metadata, OtherClassification, OtherIdentifier, OtherSlot,
    RawMetadata, Visibility,
};
use dmpkit::identity::{Cx, Xcn, Xon};
use proptest::prelude::*;

use crate::sample;
use crate::support::{counts, payload};

pub fn write(entries: &[Entry]) -> String {
    let mut out = Writer::new();
    let total = Some(entries.len() as u64);
    let mut answer = AnswerWriter::begin(&mut out, ResponseStatus::Success, &[], total);
    for entry in entries {
        answer.document(entry);
    }
    answer.end();
    out.finish()
}

pub fn read(xml: &str) -> (Outcome, Vec<Object>) {
    let (mut reader, root) = payload(xml).unwrap();
    let mut objects = Vec::new();
    let outcome = read_answer(&mut reader, &root, |object| objects.push(object)).unwrap();
    (outcome, objects)
}

pub fn documents(xml: &str) -> Vec<Entry> {
    let all = read(xml).1.into_iter().map(|object| match object {
        Object::Document(entry) => *entry,
        other => panic!("{other:?}"),
    });
    all.collect()
}

/// Text as people write it, with everything that XML and HL7 v2 treat apart.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-zÀ-ÿ0-9 '’«»&<>\"|~^\\\\\t\n\r]{1,24}", "\\PC{1,12}",]
}

fn oid() -> impl Strategy<Value = String> {
    "1\\.2\\.250\\.1\\.[1-9][0-9]{0,8}\\.[1-9][0-9]{0,8}"
}

fn coded() -> impl Strategy<Value = Coded> {
    (text(), oid(), text()).prop_map(|(code, system, label)| Coded {
        code,
        system,
        label,
    })
}

fn cx(kind: &'static str) -> impl Strategy<Value = Cx> {
    (text(), oid(), proptest::option::of("[0-9]{8}")).prop_map(move |(id, authority, effective)| {
        Cx {
            id,
            authority,
            kind: kind.to_owned(),
            effective,
        }
    })
}

fn author() -> impl Strategy<Value = Author> {
    let person = (text(), text(), text(), oid()).prop_map(|(id, family, given, authority)| Xcn {
        id,
        family,
        given,
        authority,
        name_type: "D".into(),
        kind: "IDNPS".into(),
    });
    let institution = (text(), oid(), text()).prop_map(|(name, authority, id)| Xon {
        name,
        authority,
        kind: "IDNST".into(),
        id,
    });
    let (institution, specialty) = (
        proptest::option::of(institution),
        proptest::option::of(coded()),
    );
    (person, institution, specialty, proptest::option::of(text())).prop_map(
        |(author_person, author_institution, author_specialty, author_role)| Author {
            author_person,
            author_institution,
            author_specialty,
            author_role,
        },
    )
}

fn others() -> impl Strategy<
    Value = (
        Vec<OtherSlot>,
        Vec<OtherClassification>,
        Vec<OtherIdentifier>,
    ),
> {
    let slots = proptest::collection::btree_map(
        "urn:x:[a-z]{1,6}",
        proptest::collection::vec(text(), 0..3),
        0..4,
    );
    let slots = slots
        .prop_map(|map| {
            let slots = map
                .into_iter()
                .map(|(name, values)| OtherSlot { name, values });
            slots.collect::<Vec<_>>()
        })
        .boxed();
    let one = (
        slots.clone(),
        proptest::option::of(text()),
        proptest::option::of(text()),
    );
    let classes = proptest::collection::btree_map("urn:uuid:[0-9]{4}", one, 0..3).prop_map(|map| {
        let classes = map
            .into_iter()
            .map(|(scheme, (slots, code, label))| OtherClassification {
                scheme: Some(scheme),
                node: None,
                code,
                label,
                slots,
            });
        classes.collect::<Vec<_>>()
    });
    let identifiers = proptest::collection::btree_map(
        "urn:uuid:[0-9]{4}",
        (text(), proptest::option::of(text())),
        0..3,
    );
    let identifiers = identifiers.prop_map(|map| {
        let all = map
            .into_iter()
            .map(|(scheme, (value, label))| OtherIdentifier {
                scheme,
                value,
                label,
            });
        all.collect::<Vec<_>>()
    });
    (slots, classes, identifiers)
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let codes = (
        coded(),
        coded(),
        coded(),
        coded(),
        coded(),
        proptest::collection::vec(coded(), 0..3),
    );
    let people = (
        proptest::collection::vec(author(), 1..3),
        proptest::option::of(author()),
        cx("NH"),
        cx("PI"),
        proptest::collection::vec(text(), 0..4),
        proptest::collection::vec(cx("urn:ihe:iti:xds:2013:order"), 0..3),
    );
    let words = (
        text(),
        proptest::option::of(text()),
        text(),
        any::<bool>(),
        0_usize..3,
    );
    (codes, people, words, others()).prop_map(|(codes, people, words, others)| Metadata {
        unique_id: sample::oid("1.2.250.1.999.7.1"),
        mime_type: "text/xml".into(),
        language_code: words.2,
        creation_time: sample::dtm("202603011030"),
        service_start_time: sample::dtm("2026"),
        service_stop_time: words.3.then(|| sample::dtm("20260301093000")),
        title: words.0,
        comments: words.1,
        author: people.0,
        legal_authenticator: people.1.map(|a| a.author_person),
        patient_id: people.2,
        source_patient_id: people.3,
        source_patient_info: people.4,
        class_code: codes.0,
        type_code: codes.1,
        format_code: codes.2,
        confidentiality: [Confidentiality::N, Confidentiality::R, Confidentiality::V][words.4],
        healthcare_facility_type_code: codes.3,
        practice_setting_code: codes.4,
        event_code_list: codes.5,
        reference_id_list: people.5,
        other_slots: others.0,
        other_classifications: others.1,
        other_identifiers: others.2,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_metadata_come_back(metadata in metadata(), bits in 0_u8..8) {
        let entry = Entry {
            metadata,
            visibility: Visibility::from_bits(bits),
            ..sample::entry(1)
        };
        let back = documents(&write(std::slice::from_ref(&entry)));
        let stored = RawMetadata::of(&back[0].metadata).unwrap().parse().unwrap();
        prop_assert!(stored == entry.metadata, "as JSON: {}", RawMetadata::of(&stored).unwrap().as_json());
        prop_assert_eq!(&back, &[entry]);
    }
}

#[test]
fn what_the_fields_cannot_give_back_is_kept_as_it_came() {
    let plain = write(&[sample::entry(1)]);
    assert_eq!(
        documents(&plain),
        [sample::entry(1)],
        "nothing is kept of a plain entry"
    );
    let slot = |name: &str, values: &[&str]| {
        let values: String = values
            .iter()
            .map(|v| format!("<Value>{v}</Value>"))
            .collect();
        format!("<Slot name=\"{name}\"><ValueList>{values}</ValueList></Slot>")
    };
    let class = |scheme: &str, code: &str, inside: &str| {
        format!(
            "<Classification classificationScheme=\"urn:uuid:{scheme}\" classifiedObject=\"x\" id=\"y\" \
             nodeRepresentation=\"{code}\">{inside}</Classification>"
        )
    };
    let system = slot("codingScheme", &["1.2.3"]);
    let at_slots = |extra: String| {
        plain.replacen(
            "<Slot name=\"creationTime\">",
            &format!("{extra}<Slot name=\"creationTime\">"),
            1,
        )
    };
    let at_classes =
        |extra: String| plain.replacen("<Classification ", &format!("{extra}<Classification "), 1);
    let swap = |from: &str, to: &str| {
        let odd = plain.replace(from, to);
        assert_ne!(odd, plain, "{from}");
        odd
    };
    let person = "810101234567^RIVIÈRE^Camille^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS";
    for (what, odd) in [
        ("a slot without field", at_slots(slot("documentAvailability", &["Online"]))),
        ("a slot without value", at_slots(slot("URI", &[]))),
        ("a field's slot twice", at_slots(slot("languageCode", &["en"]))),
        ("two values where one stands", swap("<Value>fr-FR</Value>", "<Value>fr-FR</Value><Value>en</Value>")),
        ("a person with components too many", swap(person, "810101234567^RIVIÈRE^Camille^X^^^Dr^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS^more")),
        ("a person with trailing separators", swap(person, "^Smitty^Gerald^^^")),
        ("a patient's identifier without authority", swap("4477^^^&amp;1.2.250.1.999.2&amp;ISO^PI", "4477")),
        ("an authority with a name", swap("4477^^^&amp;1.2.250.1.999.2&amp;ISO^PI", "4477^^^HOP&amp;1.2.250.1.999.2&amp;ISO^PI")),
        ("a time with a fraction", swap("20260301103000", "20260301103000.5")),
        ("a uniqueId as URN", swap("value=\"1.2.250.1.999.7.1\"", "value=\"urn:oid:1.2.250.1.999.7.1\"")),
        ("a size that is none", swap("<Value>2768</Value>", "<Value>large</Value>")),
        ("a second class", at_classes(class("41a5887f-8865-4c09-adf7-e362475b143a", "11", &system))),
        ("a class without system", at_classes(class("41a5887f-8865-4c09-adf7-e362475b143a", "11", ""))),
        ("an unknown scheme", at_classes(class("00000000-0000-4000-8000-000000000000", "a", &system))),
        ("a node", at_classes("<Classification classificationNode=\"urn:uuid:ab9b591b-83ab-4d03-8f5d-f93b1fb92e85\" classifiedObject=\"x\" id=\"y\"/>".into())),
        ("an unknown confidentiality", at_classes(class("f4f85eac-e6cb-4883-b524-f2705394840f", "HIDDEN", &system))),
        ("an author without person", at_classes(class("93606bcf-9494-43ec-9b4e-a7748d1a838d", "", &slot("authorInstitution", &["A", "B"])))),
        ("another identifier", plain.replacen("<ExternalIdentifier ", "<ExternalIdentifier id=\"z\" identificationScheme=\"urn:uuid:00000000-0000-4000-8000-000000000001\" registryObject=\"x\" value=\"v\"/><ExternalIdentifier ", 1)),
        ("a reference without form", swap("1.2.250.1.999.5^^^^urn:ihe:iti:xds:2016:studyInstanceUID", "1^2^3")),
    ] {
        let entries = documents(&odd);
        let again = write(&entries);
        assert_eq!(documents(&again), entries, "{what}");
        assert_eq!(counts(&again), counts(&odd), "{what}");
        let m = &entries[0].metadata;
        assert!(!m.other_slots.is_empty() || !m.other_classifications.is_empty() || !m.other_identifiers.is_empty(), "{what}");
        let json = RawMetadata::of(m).unwrap();
        assert_eq!(&json.parse().unwrap(), m, "{what}");
        // Every value that came is there again.
        let values = |xml: &str| {
            let mut all: Vec<String> = xml.split("<Value>").skip(1).map(|v| v.split("</Value>").next().unwrap().to_owned()).collect();
            all.sort();
            all
        };
        assert_eq!(values(&again), values(&odd), "{what}");
    }
}

#[test]
fn a_field_that_is_changed_wins_over_what_was_kept_of_it() {
    let odd = write(&[sample::entry(1)]).replace(
        "<Value>fr-FR</Value>",
        "<Value>fr-FR</Value><Value>en</Value>",
    );
    let mut entry = documents(&odd).remove(0);
    assert_eq!(entry.metadata.language_code, "fr-FR");
    entry.metadata.language_code = "de".into();
    let again = write(&[entry]);
    assert!(again.contains("<Value>de</Value>") && !again.contains("<Value>en</Value>"));
}

#[test]
fn an_entry_that_cannot_be_read_is_told_and_the_others_stand() {
    let xml = write(&[sample::entry(1), sample::entry(2), sample::entry(3)]);
    for (what, field, from, to) in [
        (
            "an extension",
            "uniqueId",
            "value=\"1.2.250.1.999.7.2\"",
            "value=\"1.2.250.1.999.7.2^7\"",
        ),
        (
            "a time with an offset",
            "creationTime",
            "<Value>20260301103000<",
            "<Value>20260301103000+0100<",
        ),
        (
            "a patient without authority",
            "patientId",
            "279035121518989^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH",
            "279035121518989",
        ),
    ] {
        let (head, rest) = xml.split_at(xml.find(sample::uuid(2).as_str()).unwrap());
        let (mine, tail) = rest.split_at(rest.find("</ExtrinsicObject>").unwrap());
        let changed = mine.replace(from, to);
        assert_ne!(changed, mine);
        let (_, objects) = read(&format!("{head}{changed}{tail}"));
        assert_eq!(objects.len(), 3, "{what}");
        let Object::Unreadable(one) = &objects[1] else {
            panic!("{what}: {:?}", objects[1]);
        };
        assert_eq!(one.entry_uuid, sample::uuid(2).as_str());
        assert!(one.why.starts_with(field), "{what}: {}", one.why);
    }
}

#[test]
fn sets_associations_and_references_come_back() {
    use dmpkit::dmp::protocol::ebxml::{Link, RegistryError};
    use dmpkit::document::{Association, AssociationKind};
    let set = Set {
        submission: sample::submission(),
        status: Some(dmpkit::document::Status::Archived),
        logical_id: None,
    };
    let association = Association {
        kind: AssociationKind::HasMember,
        source: set.submission.entry_uuid.clone(),
        target: sample::uuid(1),
        previous_version: Some(2),
    };
    let errors = [RegistryError::new("XDSRegistryError", "a rule")];
    let mut out = Writer::new();
    let mut answer = AnswerWriter::begin(&mut out, ResponseStatus::PartialSuccess, &errors, None);
    answer
        .set(&set)
        .association(&Link::of(&association))
        .reference(sample::uuid(1).as_str());
    answer.end();
    let xml = out.finish();
    let (outcome, objects) = read(&xml);
    assert_eq!(outcome.errors, errors);
    assert_eq!(outcome.status, ResponseStatus::PartialSuccess);
    assert_eq!(objects[0], Object::Set(Box::new(set)));
    assert!(matches!(&objects[1], Object::Association(l) if l.association() == Some(association)));
    assert_eq!(
        objects[2],
        Object::Reference(sample::uuid(1).as_str().to_owned())
    );
    crate::support::validate(&[("answer", &xml), ("list", &write(&[sample::entry(1)]))]);
}

#[test]
fn a_stored_document_is_the_entry_that_describes_it() {
    let entry = sample::entry(1);
    let document = entry.document().unwrap();
    assert_eq!(Entry::of(&document).unwrap(), entry);
    let unknown = Entry {
        id: "Document01".into(),
        ..entry
    };
    assert!(unknown.document().is_err());
}
