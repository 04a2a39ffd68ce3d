//! Lots and updates there and back, and every way in which a lot is refused.

use dmpkit::dmp::protocol::ebxml::{
    Change, Content, DocumentRequest, DocumentResponse, Entry, Item, LotMessage, ReceivedLot,
    Refused, RegistryError, RegistryResponse, RequestError, Severity, read_lot, read_response,
    read_retrieve, read_retrieved, read_update, write_lot, write_metadata_update, write_response,
    write_retrieve, write_retrieved, write_status_update,
};
use dmpkit::dmp::protocol::xml::Writer;
use dmpkit::document::{Status, Visibility};

use crate::sample;
use crate::support::{payload, validate};

fn lot() -> String {
    let (one, two) = (sample::metadata(1), sample::metadata(2));
    let (replaced, signature) = (sample::uuid(9), sample::oid("1.2.250.1.999.9.1"));
    let submission = sample::submission();
    let mut out = Writer::new();
    write_lot(
        &mut out,
        &LotMessage {
            submission: &submission,
            documents: vec![
                Item {
                    metadata: &one,
                    visibility: Visibility::MASKED,
                    replaces: Some(&replaced),
                    href: "cid:1@x",
                },
                Item {
                    metadata: &two,
                    visibility: Visibility::NORMAL,
                    replaces: None,
                    href: "cid:2@x",
                },
            ],
            signature: Some((&signature, "cid:s@x")),
        },
    );
    out.finish()
}

fn received(xml: &str) -> Result<ReceivedLot, RequestError> {
    let (mut reader, root) = payload(xml).unwrap();
    read_lot(&mut reader, &root)
}

#[test]
fn a_lot_comes_back() {
    let xml = lot();
    validate(&[("lot", &xml)]);
    let lot = received(&xml).unwrap();
    assert_eq!(lot.submission, sample::submission());
    assert_eq!(lot.documents.len(), 2);
    let first = &lot.documents[0];
    assert_eq!(
        first.entry,
        Entry::new("Document01", sample::metadata(1), Visibility::MASKED)
    );
    assert_eq!(first.replaces, Some(sample::uuid(9)));
    assert_eq!(first.content, Content::Include("cid:1@x".into()));
    assert_eq!(lot.documents[1].replaces, None);
    let signature = lot.signature.unwrap();
    assert!(signature.entry.is_signature());
    assert_eq!(
        signature.entry.metadata.unique_id,
        sample::oid("1.2.250.1.999.9.1")
    );
}

#[test]
fn other_clients_forms_are_read() {
    // UUIDs for names, contents in base64, a classification that stands in the list, another case.
    let xml = lot();
    let uuids = xml
        .replace("Document01", sample::uuid(21).as_str())
        .replace("SubmissionSet01", sample::uuid(20).as_str());
    let lot = received(&uuids).unwrap();
    assert_eq!(lot.submission.entry_uuid, sample::uuid(20));
    assert_eq!(lot.documents[0].entry.id, sample::uuid(21).as_str());
    let inline = xml.replace("<xop:Include xmlns:xop=\"http://www.w3.org/2004/08/xop/include\" href=\"cid:1@x\"></xop:Include>", "QUJD\n REVG");
    assert_eq!(
        received(&inline).unwrap().documents[0].content,
        Content::Inline(b"ABCDEF".to_vec())
    );
    let other_case = xml.replace(
        "xdsb:Document id=\"Document01\"",
        "xdsb:Document id=\"document01\"",
    );
    assert!(received(&other_case).is_ok());
    let node = "<Classification classificationNode=\"urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd\" classifiedObject=\"SubmissionSet01\" id=\"cla3\"></Classification>";
    assert!(xml.contains(node));
    let standing = xml.replace(node, "").replace(
        "</RegistryObjectList>",
        &format!("{node}</RegistryObjectList>"),
    );
    assert_eq!(received(&standing).unwrap(), received(&xml).unwrap());
}

#[test]
fn a_lot_that_breaks_a_rule_is_refused_with_its_code() {
    let xml = lot();
    let cut = |from: &str, to: &str| {
        let at = xml.find(from).unwrap();
        let end = at + xml[at..].find(to).unwrap() + to.len();
        format!("{}{}", &xml[..at], &xml[end..])
    };
    let swap = |from: &str, to: &str| {
        let changed = xml.replacen(from, to, 1);
        assert_ne!(changed, xml, "{from}");
        changed
    };
    let all = |from: &str, to: &str| xml.replace(from, to);
    let unresolved = "UnresolvedReferenceException";
    let metadata = "XDSRegistryMetadataError";
    for (what, changed, code) in [
        (
            "a document without content",
            cut("<xdsb:Document id=\"Document02\"", "</xdsb:Document>"),
            "XDSMissingDocument",
        ),
        (
            "a content without entry",
            swap(
                "<xdsb:Document id=\"Document02\"",
                "<xdsb:Document id=\"Document09\"",
            ),
            "XDSMissingDocumentMetadata",
        ),
        (
            "two contents",
            swap(
                "<xdsb:Document id=\"Document02\"",
                "<xdsb:Document id=\"Document01\"",
            ),
            metadata,
        ),
        (
            "one uniqueId twice",
            all("1.2.250.1.999.7.2", "1.2.250.1.999.7.1"),
            "XDSRepositoryDuplicateUniqueIdInMessage",
        ),
        (
            "the lot's uniqueId too",
            all("1.2.250.1.999.7.2", "1.2.250.1.999.8.1"),
            "XDSRepositoryDuplicateUniqueIdInMessage",
        ),
        (
            "an extension",
            swap(
                "value=\"1.2.250.1.999.7.2\"",
                "value=\"1.2.250.1.999.7.2^1\"",
            ),
            metadata,
        ),
        (
            "one name twice",
            all("\"Document02\"", "\"Document01\""),
            metadata,
        ),
        (
            "a document outside the lot",
            swap("targetObject=\"Document02\"", "targetObject=\"Document09\""),
            unresolved,
        ),
        (
            "a document that is no member",
            cut(
                "<Association associationType=\"urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember\" id=\"assoc2\"",
                "</Association>",
            ),
            metadata,
        ),
        (
            "not original",
            swap("<Value>Original</Value>", "<Value>Reference</Value>"),
            metadata,
        ),
        (
            "an unknown association",
            swap(
                "urn:ihe:iti:2007:AssociationType:RPLC",
                "urn:ihe:iti:2007:AssociationType:APND",
            ),
            metadata,
        ),
        (
            "what replaces nothing known",
            all(sample::uuid(9).as_str(), "Document02"),
            unresolved,
        ),
        (
            "no SubmissionSet",
            cut("<RegistryPackage", "</RegistryPackage>"),
            metadata,
        ),
        (
            "a folder",
            swap(
                "a54d6aa5-d40d-43f9-88c5-b4633d873bdd",
                "d9d542f3-6cc4-48b6-8870-ea235fbc94c2",
            ),
            metadata,
        ),
        (
            "no level",
            swap("nodeRepresentation=\"N\"", "nodeRepresentation=\"X\""),
            metadata,
        ),
        (
            "an unknown visibility",
            swap(
                "nodeRepresentation=\"MASQUE_PS\"",
                "nodeRepresentation=\"MASQUE\"",
            ),
            metadata,
        ),
        (
            "a signature that signs nothing",
            cut(
                "<Association associationType=\"urn:ihe:iti:2007:AssociationType:signs\"",
                "</Association>",
            ),
            metadata,
        ),
        (
            "no class",
            cut(
                "<Classification classificationScheme=\"urn:uuid:41a5887f",
                "</Classification>",
            ),
            metadata,
        ),
        (
            "a foreign object",
            all(
                "</RegistryObjectList>",
                "<Service id=\"s\"/></RegistryObjectList>",
            ),
            metadata,
        ),
    ] {
        match received(&changed) {
            Err(RequestError::Refused(Refused { code: got, rule })) => {
                assert_eq!(got, code, "{what}: {rule}");
                assert!(!rule.contains("1.2.250"));
            }
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn updates_come_back() {
    let submission = sample::submission();
    let mut entry = sample::entry(1);
    entry.version = Some(3);
    entry.visibility = Visibility::MASKED;
    let mut out = Writer::new();
    write_metadata_update(&mut out, &submission, &entry);
    let metadata = out.finish();
    let mut out = Writer::new();
    write_status_update(
        &mut out,
        &submission,
        &sample::uuid(1),
        Status::Approved,
        Status::Deleted,
    );
    let status = out.finish();
    validate(&[("metadata", &metadata), ("status", &status)]);
    let read = |xml: &str| {
        let (mut reader, root) = payload(xml).unwrap();
        read_update(&mut reader, &root)
    };
    let update = read(&metadata).unwrap();
    assert_eq!(update.submission, submission);
    let expected = Change::Metadata {
        logical_id: sample::uuid(1),
        previous_version: 3,
        entry: Box::new(Entry {
            id: "Document01".into(),
            ..entry
        }),
    };
    assert_eq!(update.changes, [expected]);
    let expected = Change::Status {
        target: sample::uuid(1),
        from: Status::Approved,
        to: Status::Deleted,
    };
    assert_eq!(read(&status).unwrap().changes, [expected]);
    for (xml, from, to, code) in [
        (
            &metadata,
            "<Value>3</Value>",
            "<Value>three</Value>",
            "XDSMetadataUpdateError",
        ),
        (
            &metadata,
            "SubmissionSetStatus",
            "Other",
            "XDSMetadataUpdateError",
        ),
        (
            &metadata,
            " lid=\"urn:uuid:",
            " kid=\"urn:uuid:",
            "XDSMetadataUpdateError",
        ),
        (
            &metadata,
            "targetObject=\"Document01\"",
            "targetObject=\"Document02\"",
            "UnresolvedReferenceException",
        ),
        (&status, "NewStatus", "Status", "XDSMetadataUpdateError"),
        (
            &status,
            "sourceObject=\"SubmissionSet01\"",
            "sourceObject=\"Other\"",
            "UnresolvedReferenceException",
        ),
        (
            &status,
            "2010:AssociationType:UpdateAvailabilityStatus",
            "2010:AssociationType:SubmitAssociation",
            "XDSMetadataUpdateOperationError",
        ),
    ] {
        let changed = xml.replacen(from, to, 1);
        assert_ne!(&changed, xml);
        match read(&changed) {
            Err(RequestError::Refused(Refused { code: got, .. })) => {
                assert_eq!(got, code, "{from}")
            }
            other => panic!("{from}: {other:?}"),
        }
    }
}

#[test]
fn answers_and_retrievals_come_back() {
    let mut warning = RegistryError::new("XDSExtraMetadataNotSaved", "a slot");
    warning.severity = Severity::Warning;
    warning.location = Some("here".into());
    let no = RegistryResponse::failure(vec![
        RegistryError::new("XDSReplaceFailed", "RULE-1"),
        warning,
    ]);
    let mut messages = Vec::new();
    for response in [RegistryResponse::SUCCESS, no] {
        let mut out = Writer::new();
        write_response(&mut out, &response);
        let xml = out.finish();
        let (mut reader, root) = payload(&xml).unwrap();
        assert_eq!(read_response(&mut reader, &root).unwrap(), response);
        messages.push(xml);
        let given = [
            Content::Include("cid:a%40b".into()),
            Content::Inline(vec![0, 1, 255]),
        ]
        .map(|content| DocumentResponse {
            repository: "1.2.250.1.213.4.1.1.1.2".into(),
            unique_id: "1.2.3".into(),
            mime_type: "text/xml".into(),
            content,
        });
        let mut out = Writer::new();
        write_retrieved(&mut out, &response, &given);
        let xml = out.finish();
        let (mut reader, root) = payload(&xml).unwrap();
        assert_eq!(
            read_retrieved(&mut reader, &root).unwrap(),
            (response, given.to_vec())
        );
        messages.push(xml);
    }
    let asked = [DocumentRequest {
        repository: "1.2".into(),
        unique_id: "1.3".into(),
    }];
    let mut out = Writer::new();
    write_retrieve(&mut out, &asked);
    let xml = out.finish();
    let (mut reader, root) = payload(&xml).unwrap();
    assert_eq!(read_retrieve(&mut reader, &root).unwrap(), asked);
    messages.push(xml);
    let named: Vec<(&str, &str)> = ["a", "b", "c", "d", "e"]
        .into_iter()
        .zip(messages.iter().map(String::as_str))
        .collect();
    validate(&named);
}
