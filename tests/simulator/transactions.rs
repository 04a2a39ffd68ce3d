//! Every transaction, from the message of a connector to the answer read as a connector reads it.

use dmpkit::clock::Instant;
use dmpkit::dmp::protocol::ebxml::{
    self, Entry, FindDocuments, FindSubmissionSets, Ids, Item, LotMessage, Object, Query,
    QueryRequest, RegistryResponse, ResponseStatus, ReturnType,
};
use dmpkit::dmp::protocol::hl7::{self, Asked, Message};
use dmpkit::dmp::protocol::mtom;
use dmpkit::dmp::protocol::services;
use dmpkit::dmp::protocol::signature::Hash;
use dmpkit::dmp::protocol::soap::{self, Body, Transaction};
use dmpkit::dmp::protocol::xades;
use dmpkit::dmp::protocol::xml::{Element, Limits, Reader, Writer};
use dmpkit::dmp::{Criteria, DossierDate, DossierQuery, ProfessionalsMode, Requester};
use dmpkit::document::{DocumentEntry, EntryUuid, Oid, Status, SubmissionSet, Visibility};
use dmpkit::dossier::{Authorisation, AuthorisationChange, DossierState};
use dmpkit::rules::Mode;
use dmpkit::simulator::{Kind, Misbehaviour, SERVICES};
use dmpkit::terminology::Terminology;

use crate::bench::{
    Bench, MESSAGE, assertion, bench, envelope, existence, now, nurse, patient, physician,
    software, traits,
};
use crate::client::Answer;
use crate::dmp::{Caller, Doc, doc_id, document, submission};

const DRAW: [u8; 16] = [7; 16];

fn caller(requester: Requester) -> Caller {
    Caller {
        requester,
        mode: Mode::Normal,
        reason: None,
    }
}

/// Reads the payload of an answer, and what is beside it.
fn heard<T>(
    answer: &Answer,
    transaction: Transaction,
    read: impl FnOnce(&mut Reader<&[u8]>, &Element) -> T,
) -> (T, mtom::Received) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let media = answer.header("content-type");
    let received = mtom::receive(media, &answer.body[..], &mtom::Limits::default()).unwrap();
    let root = received.root.clone();
    let mut envelope = soap::read(&root[..], Limits::default()).unwrap();
    envelope.check_answer(transaction, MESSAGE).unwrap();
    let Body::Payload(start) = &envelope.body else {
        panic!("no payload");
    };
    let start = start.clone();
    let value = read(&mut envelope.reader, &start);
    soap::end(&mut envelope.reader).unwrap();
    (value, received)
}

fn xml(write: impl FnOnce(&mut Writer)) -> String {
    let mut out = Writer::new();
    write(&mut out);
    out.finish()
}

/// Deposits documents as one lot. `spoil` changes the bytes after they were signed.
pub fn deposit(
    bench: &Bench,
    who: &Requester,
    lot: u32,
    docs: &[(Doc, Option<EntryUuid>)],
    spoil: bool,
) -> Answer {
    let keys = bench.keys(who);
    let set = submission(lot, &patient(), &caller(who.clone()), now());
    let signed: Vec<(&Oid, &[u8])> = docs
        .iter()
        .map(|(doc, _)| (doc.id(), doc.content.as_slice()))
        .collect();
    let signed = xades::Lot {
        unique_id: &set.unique_id,
        documents: &signed,
    };
    let signature = xades::sign(
        &signed,
        "id-1",
        now(),
        Hash::Sha256,
        keys.signature.as_ref(),
    )
    .unwrap();
    let ids: Vec<String> = (1..=docs.len() + 1)
        .map(|n| mtom::content_id(n, DRAW))
        .collect();
    let hrefs: Vec<String> = ids.iter().map(|id| mtom::href(id)).collect();
    let signature_id = Oid::new(&format!("1.2.250.1.999.9.{lot}")).unwrap();
    let message = LotMessage {
        submission: &set,
        documents: docs
            .iter()
            .zip(&hrefs)
            .map(|((doc, replaces), href)| Item {
                metadata: &doc.metadata,
                visibility: doc.visibility,
                replaces: replaces.as_ref(),
                href,
            })
            .collect(),
        signature: Some((&signature_id, hrefs.last().unwrap())),
    };
    let payload = xml(|out| ebxml::write_lot(out, &message));
    let text = assertion(who, Some(&patient()), &keys, now());
    let envelope = envelope(Transaction::Td21, &text, &payload);
    let mut contents: Vec<Vec<u8>> = docs.iter().map(|(doc, _)| doc.content.clone()).collect();
    if spoil {
        contents[0].extend_from_slice(b"<!-- other -->");
    }
    contents.push(signature.into_bytes());
    let parts: Vec<mtom::Part<'_>> = ids
        .iter()
        .zip(&contents)
        .map(|(content_id, bytes)| mtom::Part {
            content_id,
            content_type: "text/xml",
            bytes,
        })
        .collect();
    let package = mtom::package(&envelope, None, &parts, DRAW).unwrap();
    let path = format!("{SERVICES}repository");
    bench
        .client(who)
        .ask("POST", &path, &package.content_type, &package.to_vec())
}

fn response(answer: &Answer, transaction: Transaction) -> RegistryResponse {
    heard(answer, transaction, |reader, start| {
        ebxml::read_response(reader, start).unwrap()
    })
    .0
}

fn code(response: &RegistryResponse) -> &str {
    response
        .errors
        .first()
        .map_or("", |error| error.code.as_str())
}

fn query(bench: &Bench, who: &Requester, request: &QueryRequest) -> (ResponseStatus, Vec<Object>) {
    let payload = xml(|out| ebxml::write_query(out, request));
    let answer = bench.send(who, Transaction::Td31, &payload);
    let mut objects = Vec::new();
    let (outcome, _) = heard(&answer, Transaction::Td31, |reader, start| {
        ebxml::read_answer(reader, start, |object| objects.push(object)).unwrap()
    });
    (outcome.status, objects)
}

fn find(bench: &Bench, who: &Requester, criteria: &Criteria) -> Vec<DocumentEntry> {
    let query_of = FindDocuments::of(patient().cx(), criteria, &Terminology::embedded()).unwrap();
    let request = QueryRequest::leaf(Query::FindDocuments(Box::new(query_of)));
    let (status, objects) = query(bench, who, &request);
    assert_eq!(status, ResponseStatus::Success);
    let entry = |object| match object {
        Object::Document(entry) => entry.document().unwrap(),
        other => panic!("{other:?}"),
    };
    objects.into_iter().map(entry).collect()
}

fn ready() -> Bench {
    let bench = bench();
    bench.open();
    let payload = services::set_authorisation(AuthorisationChange::Declare);
    let answer = bench.send(&physician(), Transaction::Td03, &payload);
    let done = heard(&answer, Transaction::Td03, |reader, start| {
        services::read_set_authorisation(reader, start).unwrap()
    });
    assert!(done.0);
    bench
}

pub fn doc(n: u32) -> (Doc, Option<EntryUuid>) {
    (document(n, &patient(), &caller(physician())), None)
}

fn set(n: u32) -> SubmissionSet {
    submission(n, &patient(), &caller(physician()), now())
}

#[test]
fn a_dossier_is_tested_and_its_administrative_data_are_read() {
    let bench = bench();
    let message = Message::of(&software(), "b7a5e1f0-0001-4000-8000-000000000001");
    let test = || {
        let answer = bench.send(&physician(), Transaction::Td02, &existence(&patient()));
        heard(&answer, Transaction::Td02, |reader, start| {
            hl7::read_existence(reader, start, &patient(), &message.id).unwrap()
        })
        .0
    };
    assert_eq!(test().state, DossierState::Nonexistent);
    bench.open();
    let existence = test();
    assert_eq!(existence.state, DossierState::Active);
    assert_eq!(existence.authorisation, Authorisation::NonExiste);
    let found = existence.traits.unwrap();
    assert_eq!(
        (found.birth_name, found.birth_date),
        (traits().birth_name, traits().birth_date)
    );

    let payload = hl7::existence_request(Asked::Administrative, &patient(), &message, now());
    let answer = bench.send(&physician(), Transaction::Td13a, &payload);
    let (data, _) = heard(&answer, Transaction::Td13a, |reader, start| {
        hl7::read_administrative(reader, start, &patient(), &message.id)
    });
    // Administrative data are read by those whom the matrices allow: a refusal is the DMP's own.
    match data {
        Ok(data) => assert_eq!(data.state, DossierState::Active),
        Err(failure) => {
            let error = dmpkit::Error::from(failure);
            assert_eq!(error.dmp_code(), Some("DMPAccessDeniedByRightsService"));
        }
    }
    let exchanges = bench.simulator.exchanges();
    assert_eq!(exchanges.last().unwrap().transaction, "TD1.3a");
}

#[test]
fn authorisations_are_listed_by_dossier_and_by_professional() {
    let bench = ready();
    let payload = services::list_professionals(ProfessionalsMode::Toute);
    let answer = bench.send(&physician(), Transaction::Td16, &payload);
    let (rows, _) = heard(&answer, Transaction::Td16, |reader, start| {
        services::read_professionals(reader, start).unwrap()
    });
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].id, "899900987654");
    assert_eq!(rows[0].name, "Hélène BASTIDE");

    let asked = DossierQuery {
        since: None,
        date: DossierDate::LastAuthorisation,
    };
    let payload = services::list_dossiers(&asked);
    let answer = bench.send(&physician(), Transaction::Td04, &payload);
    let (rows, _) = heard(&answer, Transaction::Td04, |reader, start| {
        services::read_dossiers(reader, start).unwrap()
    });
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].ins, patient());
}

#[test]
fn what_is_deposited_is_found_and_read_byte_for_byte() {
    let bench = ready();
    let answer = deposit(&bench, &physician(), 1, &[doc(1), doc(2)], false);
    let done = response(&answer, Transaction::Td21);
    assert_eq!((done.status, code(&done)), (ResponseStatus::Success, ""));
    let again = deposit(&bench, &physician(), 1, &[doc(1)], false);
    assert_eq!(
        code(&response(&again, Transaction::Td21)),
        "XDSDuplicateUniqueIdInRegistry"
    );

    let found = find(&bench, &physician(), &Criteria::default());
    assert_eq!(found.len(), 2);
    let asked: Vec<_> = [doc_id(1), doc_id(2)]
        .iter()
        .map(|id| ebxml::DocumentRequest {
            repository: ebxml::names::DMP_REPOSITORY.to_owned(),
            unique_id: id.as_str().to_owned(),
        })
        .collect();
    let payload = xml(|out| ebxml::write_retrieve(out, &asked));
    let answer = bench.send(&physician(), Transaction::Td32, &payload);
    let ((said, given), received) = heard(&answer, Transaction::Td32, |reader, start| {
        ebxml::read_retrieved(reader, start).unwrap()
    });
    assert_eq!(said.status, ResponseStatus::Success);
    assert!(received.multipart);
    for (given, (expected, _)) in given.iter().zip([doc(1), doc(2)]) {
        let ebxml::Content::Include(href) = &given.content else {
            panic!("in the message");
        };
        assert_eq!(received.attachment(href).unwrap().bytes, expected.content);
    }
}

#[test]
fn a_document_asked_by_its_entry_uuid_is_refused_in_a_package() {
    let bench = ready();
    let asked = [ebxml::DocumentRequest {
        repository: ebxml::names::DMP_REPOSITORY.to_owned(),
        unique_id: "urn:uuid:0e5e0a6c-6b0e-4b8e-9f38-2b8f7a0f0002".to_owned(),
    }];
    let payload = xml(|out| ebxml::write_retrieve(out, &asked));
    let answer = bench.send(&physician(), Transaction::Td32, &payload);
    let ((said, given), received) = heard(&answer, Transaction::Td32, |reader, start| {
        ebxml::read_retrieved(reader, start).unwrap()
    });
    assert!(received.multipart && given.is_empty());
    assert_eq!(code(&said), "XDSDocumentUniqueIdError");
    // A SOAP fault too.
    bench
        .simulator
        .misbehave(Misbehaviour::once(Kind::FaultBeforeCommit));
    let answer = bench.send(&physician(), Transaction::Td32, &payload);
    assert_eq!(answer.status, 500);
    assert!(
        answer
            .header("content-type")
            .starts_with("multipart/related")
    );
}

#[test]
fn a_lot_whose_signature_does_not_hold_is_not_registered() {
    let bench = ready();
    let answer = deposit(&bench, &physician(), 1, &[doc(1)], true);
    let no = response(&answer, Transaction::Td21);
    assert_eq!(code(&no), "XDSRegistryMetadataError");
    assert!(find(&bench, &physician(), &Criteria::default()).is_empty());
}

#[test]
fn a_document_is_replaced_by_its_author_alone() {
    let bench = ready();
    deposit(&bench, &physician(), 1, &[doc(1)], false);
    let old = find(&bench, &physician(), &Criteria::default()).remove(0);
    let (by_nurse, _) = doc(3);
    let answer = deposit(
        &bench,
        &nurse(),
        2,
        &[(by_nurse, Some(old.entry_uuid.clone()))],
        false,
    );
    assert_eq!(
        code(&response(&answer, Transaction::Td21)),
        "XDSReplaceFailed"
    );
    let answer = deposit(
        &bench,
        &physician(),
        3,
        &[(doc(2).0, Some(old.entry_uuid))],
        false,
    );
    assert_eq!(
        response(&answer, Transaction::Td21).status,
        ResponseStatus::Success
    );
    let found = find(&bench, &physician(), &Criteria::default());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].unique_id, doc_id(2));
}

#[test]
fn what_is_new_is_found_by_lots_associations_and_references() {
    let bench = ready();
    deposit(&bench, &physician(), 1, &[doc(1)], false);
    let sets = FindSubmissionSets {
        status: vec![Status::Approved],
        from: Some(dmpkit::document::Dtm::of(now().plus_seconds(-60))),
        ..FindSubmissionSets::default()
    };
    let (_, objects) = query(
        &bench,
        &physician(),
        &QueryRequest::leaf(Query::FindSubmissionSets(sets)),
    );
    let [Object::Set(set)] = objects.as_slice() else {
        panic!("{objects:?}");
    };
    let lot = set.submission.entry_uuid.clone();
    let (_, objects) = query(
        &bench,
        &physician(),
        &QueryRequest::leaf(Query::GetAssociations(vec![lot.clone()])),
    );
    let [Object::Association(link)] = objects.as_slice() else {
        panic!("{objects:?}");
    };
    let target = link.association().unwrap().target;
    let both = Query::GetDocumentsAndAssociations(Ids::Entry(vec![target.clone()]));
    let (_, objects) = query(&bench, &physician(), &QueryRequest::leaf(both));
    assert!(matches!(
        objects.as_slice(),
        [Object::Document(_), Object::Association(_)]
    ));
    let contents = Query::GetSubmissionSetAndContents(Ids::Entry(vec![lot]));
    let (_, objects) = query(&bench, &physician(), &QueryRequest::leaf(contents));
    assert_eq!(objects.len(), 3, "{objects:?}");
    let reference = QueryRequest {
        query: Query::GetDocuments(Ids::Unique(vec![doc_id(1).as_str().to_owned(), "x".into()])),
        return_type: ReturnType::ObjectRef,
    };
    let (_, objects) = query(&bench, &physician(), &reference);
    assert!(matches!(objects.as_slice(), [Object::Reference(id)] if id == target.as_str()));
}

#[test]
fn a_change_of_visibility_is_recognised_and_any_other_refused() {
    let bench = ready();
    deposit(&bench, &physician(), 1, &[doc(1)], false);
    let document = find(&bench, &physician(), &Criteria::default()).remove(0);
    let mut lot = 10;
    let mut update = |change: &dyn Fn(&mut Entry)| {
        lot += 1;
        let mut entry = Entry::of(&document).unwrap();
        change(&mut entry);
        let payload = xml(|out| ebxml::write_metadata_update(out, &set(lot), &entry));
        let answer = bench.send(&physician(), Transaction::Td33, &payload);
        response(&answer, Transaction::Td33)
    };
    let title = update(&|entry| entry.metadata.title = "Autre".into());
    assert_eq!(code(&title), "XDSMetadataUpdateError");
    let version = update(&|entry| entry.version = Some(2));
    assert_eq!(code(&version), "XDSMetadataVersionError");
    let hidden = update(&|entry| entry.visibility = Visibility::INVISIBLE_PATIENT);
    assert_eq!(code(&hidden), "XDSMetadataUpdateError");
    let masked = update(&|entry| entry.visibility = Visibility::MASKED);
    assert_eq!(
        (masked.status, code(&masked)),
        (ResponseStatus::Success, "")
    );
    let again = update(&|entry| entry.visibility = Visibility::MASKED);
    assert_eq!(code(&again), "XDSMetadataVersionError");
    // The author still sees what he masked.
    let after = find(&bench, &physician(), &Criteria::default()).remove(0);
    assert!(after.visibility.masked());
    assert_eq!(
        (after.version, &after.logical_id),
        (2, &document.logical_id)
    );
    assert_ne!(after.entry_uuid, document.entry_uuid);
}

#[test]
fn a_status_is_changed_from_the_one_it_has() {
    let bench = ready();
    deposit(&bench, &physician(), 1, &[doc(1)], false);
    let document = find(&bench, &physician(), &Criteria::default()).remove(0);
    let update = |lot: u32, from, to| {
        let payload = xml(|out| {
            ebxml::write_status_update(out, &set(lot), &document.entry_uuid, from, to);
        });
        let answer = bench.send(&physician(), Transaction::Td33, &payload);
        response(&answer, Transaction::Td33)
    };
    let wrong = update(11, Status::Archived, Status::Approved);
    assert_eq!(code(&wrong), "XDSMetadataUpdateError");
    let done = update(12, Status::Approved, Status::Archived);
    assert_eq!((done.status, code(&done)), (ResponseStatus::Success, ""));
    assert!(find(&bench, &physician(), &Criteria::default()).is_empty());
    let archived = Criteria {
        status: vec![Status::Archived],
        ..Criteria::default()
    };
    assert_eq!(find(&bench, &physician(), &archived).len(), 1);
}

#[test]
fn too_many_results_are_said_in_the_form_of_a_search() {
    let bench = ready();
    bench
        .simulator
        .misbehave(Misbehaviour::once(Kind::TooManyResults));
    let sets = FindSubmissionSets {
        status: vec![Status::Approved],
        from: Some(dmpkit::document::Dtm::of(now())),
        ..FindSubmissionSets::default()
    };
    let request = QueryRequest::leaf(Query::FindSubmissionSets(sets));
    assert_eq!(
        query(&bench, &physician(), &request).0,
        ResponseStatus::Failure
    );
    assert_eq!(
        query(&bench, &physician(), &request).0,
        ResponseStatus::Success
    );
    assert_eq!(bench.simulator.exchanges()[1].outcome, "XDSTooManyResults");
}

#[test]
fn a_package_is_cut_inside_its_document() {
    let bench = ready();
    let (mut large, _) = doc(1);
    large.content = format!("<a>{}</a>", "0123456789".repeat(10_000)).into_bytes();
    deposit(&bench, &physician(), 1, &[(large, None)], false);
    bench
        .simulator
        .misbehave(Misbehaviour::once(Kind::CutInAnswer).on("TD3.2"));
    let asked = [ebxml::DocumentRequest {
        repository: ebxml::names::DMP_REPOSITORY.to_owned(),
        unique_id: doc_id(1).as_str().to_owned(),
    }];
    let payload = xml(|out| ebxml::write_retrieve(out, &asked));
    let answer = bench.send(&physician(), Transaction::Td32, &payload);
    assert!(!answer.whole && answer.body.len() > 40_000);
    let media = answer.header("content-type");
    let read = mtom::receive(media, &answer.body[..], &mtom::Limits::default());
    assert_eq!(read.err(), Some(mtom::MtomError::Cut));
}

/// The simulator's present follows the assertions when it is told to.
#[test]
fn a_clock_that_follows_takes_the_instant_of_each_assertion() {
    let bench = bench();
    bench.open();
    bench
        .simulator
        .set_clock(dmpkit::simulator::ClockSetting::parse("follow").unwrap());
    for at in ["2026-04-01T10:00:00Z", "2027-01-01T00:00:00Z"] {
        let at = Instant::parse(at).unwrap();
        let text = assertion(
            &physician(),
            Some(&patient()),
            &bench.keys(&physician()),
            at,
        );
        let message = envelope(Transaction::Td02, &text, &existence(&patient()));
        let answer = bench.post(&physician(), Transaction::Td02, &message);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(bench.simulator.now(), at);
    }
}
