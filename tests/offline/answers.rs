//! What is answered from what is kept is what the DMP had answered, marked as a copy.

use dmpkit::connector::oversight::JournalFilter;
use dmpkit::dmp::Criteria;
use dmpkit::error::ErrorKind;
use serde_json::{Value, json};

use crate::ward::{AUTHOR, Ward, everything, id, ins, offline, online, record, report, rule};

/// A list of documents without what tells that it is a copy.
fn plain(found: &dmpkit::connector::consult::FindAnswer) -> Value {
    let mut found = serde_json::to_value(found).expect("JSON");
    let members = found.as_object_mut().expect("an object");
    members.remove("asOf");
    members.remove("offline");
    for document in found["documents"].as_array_mut().expect("documents") {
        let members = document.as_object_mut().expect("an object");
        if members.remove("offline").is_some() {
            let warnings = members["warnings"].as_array_mut().expect("warnings");
            let copy = warnings.pop().expect("the warning of a copy");
            assert!(
                copy.as_str()
                    .expect("a text")
                    .starts_with("Lecture hors ligne")
            );
        }
    }
    found
}

#[test]
fn every_search_answers_offline_as_online_when_everything_is_kept() {
    let ward = Ward::having_read(&[5, 3, 1, 4, 2, 9, 7]);
    let author = online(&ward.author);
    author
        .change_status(&id(4), dmpkit::dmp::StatusChange::Archive)
        .expect("archived");
    let on = online(&ward.reader);
    on.find(&everything()).expect("found");
    let off = offline(&ward.reader);
    let searches = [
        json!({}),
        json!({"status": ["Archived"]}),
        json!({"status": ["Approved", "Archived"], "limit": 3}),
        json!({"limit": 1}),
        json!({"limit": 7}),
        json!({"serviceStartFrom": "2026-01-12T08:03:00Z"}),
        json!({"serviceStartTo": "2026-01-12T08:03:00Z"}),
        json!({"serviceStartFrom": "2026-01-12T08:02:00Z", "serviceStartTo": "2026-01-12T08:05:00Z"}),
        json!({"creationFrom": "2026-01-12T09:05:30Z"}),
        json!({"creationTo": "2026-01-12T09:05:30Z"}),
        json!({"classCode": ["10"]}),
        json!({"classCode": ["11"]}),
        json!({"typeCode": ["11488-4"]}),
        json!({"typeCode": ["34133-9"]}),
        json!({"formatCode": ["urn:ihe:iti:xds-sd:pdf:2008"]}),
        json!({"healthcareFacilityTypeCode": ["SA07"]}),
        json!({"healthcareFacilityTypeCode": ["SA01"]}),
        json!({"practiceSettingCode": ["AMBULATOIRE"]}),
        json!({"eventCode": ["C"]}),
        json!({"eventCode": ["none"]}),
        json!({"author": AUTHOR}),
        json!({"author": "bastide"}),
        json!({"author": "quelqu'un d'autre"}),
        json!({"visibility": ["INVISIBLE_PATIENT"]}),
    ];
    let mut given = 0;
    for search in searches {
        let mut criteria: Criteria = record(search.clone());
        loop {
            let one = on.find(&criteria).expect("found online");
            let other = off.find(&criteria).expect("found offline");
            assert_eq!(plain(&one), plain(&other), "{search}");
            given += one.documents.len();
            match one.next {
                Some(next) => criteria.after = Some(next),
                None => break,
            }
        }
    }
    assert!(given > 50, "{given} documents were compared");
}

#[test]
fn what_the_dmp_refuses_of_a_search_is_refused_offline_in_the_same_words() {
    let ward = Ward::having_read(&[1]);
    let (on, off) = (online(&ward.reader), offline(&ward.reader));
    for search in [
        json!({"visibility": ["MASQUE_PS"]}),
        json!({"limit": 0}),
        json!({"limit": 10001}),
    ] {
        let criteria: Criteria = record(search);
        let (one, other) = (
            on.find(&criteria).unwrap_err(),
            off.find(&criteria).unwrap_err(),
        );
        assert_eq!(one.to_string(), other.to_string());
    }
}

#[test]
fn bytes_come_back_as_they_were_with_their_age_and_the_warning_of_a_copy() {
    let ward = Ward::having_read(&[1]);
    let kept_at = ward.connector.now();
    ward.later(5);
    let access = offline(&ward.reader);
    let (bytes, read) = access.read(&id(1)).expect("read");
    assert!(bytes == report(1));
    let age = read.found.offline.expect("an age");
    assert_eq!(age.kept_at, Some(kept_at));
    assert_eq!((age.seen_at, age.age_seconds), (kept_at, 5 * 3600));
    assert!(read.found.already_here && !read.found.own);
    assert_eq!(read.found.warnings.len(), 1);
    let list = access.find(&Criteria::default()).expect("found");
    assert_eq!(list.as_of, kept_at);
    assert_eq!(list.offline.expect("an age").age_seconds, 5 * 3600);
    let (page, shown) = access
        .render(&record(json!({"uniqueId": id(1), "form": "html"})))
        .expect("rendered");
    assert!(page.starts_with(b"<!DOCTYPE html>"));
    assert_eq!(shown.document, read.found);
    let state = serde_json::to_value(access.state().expect("a state")).expect("JSON");
    assert_eq!(state["offline"]["ageSeconds"], 5 * 3600);
    assert_eq!(state["dossier"]["authorisation"], "VALIDE");
}

#[test]
fn an_online_search_makes_the_copies_as_fresh_as_itself() {
    let ward = Ward::having_read(&[1]);
    let kept_at = ward.connector.now();
    ward.later(4);
    online(&ward.reader)
        .find(&record(json!({"typeCode": ["34133-9"]})))
        .expect("a list that does not hold it");
    let found = offline(&ward.reader)
        .find(&Criteria::default())
        .expect("found");
    let age = found.documents[0].offline.expect("an age");
    assert_eq!(age.kept_at, Some(kept_at));
    assert_eq!((age.seen_at, age.age_seconds), (ward.connector.now(), 0));
}

#[test]
fn a_document_that_is_not_kept_and_one_that_never_was_are_the_same() {
    let ward = Ward::having_read(&[1]);
    ward.feed(2);
    let access = offline(&ward.reader);
    let refusals: Vec<String> = [2, 50]
        .map(|n| {
            let error = access.read(&id(n)).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::UnknownDocument(_)));
            format!("{error} {:?}", error.refusal())
        })
        .into();
    assert_eq!(refusals[0], refusals[1]);
    assert_eq!(rule(&access.read(&id(2)).unwrap_err()), "OFFLINE-NOT-KEPT");
}

#[test]
fn nobody_reads_what_was_kept_for_another() {
    let ward = Ward::having_read(&[1]);
    let access = offline(&ward.author);
    assert_eq!(access.find(&everything()).expect("found").documents, []);
    assert_eq!(rule(&access.read(&id(1)).unwrap_err()), "OFFLINE-NOT-KEPT");
    // The same person elsewhere, or in another way, may not be shown the same.
    let mut elsewhere = ward.reader.requester().clone();
    elsewhere.structure = record(json!({"id": "1510000029", "name": "Hôpital", "sector": "SA01"}));
    let elsewhere = ward.connector.session(elsewhere).expect("a session");
    let found = offline(&elsewhere).find(&everything()).expect("found");
    assert_eq!(found.documents, []);
}

#[test]
fn what_only_the_dmp_can_do_is_refused_with_a_way_out() {
    use dmpkit::dmp::{StatusChange, VisibilityChange};
    let ward = Ward::having_read(&[1]);
    let access = offline(&ward.reader);
    let now = ward.connector.now();
    let news = record(json!({"since": now}));
    let refused = [
        access.news(&news).map(|_| ()).unwrap_err(),
        access.references(&[id(1)]).map(|_| ()).unwrap_err(),
        access
            .change_visibility(&id(1), VisibilityChange::Mask)
            .map(|_| ())
            .unwrap_err(),
        access
            .change_status(&id(1), StatusChange::Archive)
            .map(|_| ())
            .unwrap_err(),
        access
            .authorise(dmpkit::dossier::AuthorisationChange::Remove)
            .map(|_| ())
            .unwrap_err(),
        access.administrative_data().map(|_| ()).unwrap_err(),
        access
            .professionals(Default::default())
            .map(|_| ())
            .unwrap_err(),
        access.web().map(|_| ()).unwrap_err(),
        access.preload(&Default::default()).map(|_| ()).unwrap_err(),
    ];
    for error in refused {
        assert_eq!(rule(&error), "OFFLINE");
        assert_eq!(crate::ward::remedies(&error), ["reconnect"]);
    }
    let fed = offline(&ward.author).feed(&report(9), &Default::default());
    let error = fed.unwrap_err();
    assert_eq!(rule(&error), "OFFLINE-FEED");
    assert_eq!(
        crate::ward::remedies(&error),
        ["hold_for_sending", "reconnect"]
    );
}

#[test]
fn the_journal_marks_what_was_done_offline_and_shows_its_reader_no_more_than_he_may_know() {
    let ward = Ward::having_read(&[1, 2]);
    ward.patient(json!({"action": "mask", "uniqueId": id(2)}));
    online(&ward.reader).find(&everything()).expect("found");
    let access = offline(&ward.reader);
    access.read(&id(1)).expect("read");
    access.find(&Criteria::default()).expect("found");
    access.read(&id(2)).unwrap_err();
    let seen = access.journal(&JournalFilter::default()).expect("entries");
    access.close().expect("closed");
    let of = |n: u32| {
        seen.entries
            .iter()
            .filter(|e| e.document.as_deref() == Some(id(n).as_str()))
            .map(|e| (e.outcome.as_str(), e.detail.as_deref()))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(1), [("done", None), ("done", Some("offline"))]);
    // His reading of the document masked since is no more to be seen; his attempt is his own words.
    assert_eq!(of(2), [("unknown", Some("offline"))]);
    let all = ward
        .connector
        .journal(&JournalFilter::default())
        .expect("entries");
    let marked = all.entries.iter().filter_map(|e| {
        let detail = e.detail.as_deref().filter(|d| d.starts_with("offline"))?;
        Some((e.action.as_str(), detail))
    });
    assert_eq!(
        marked.collect::<Vec<_>>(),
        [
            ("access.open", "offline"),
            ("document.read", "offline"),
            ("document.find", "offline"),
            ("document.read", "offline"),
            ("access.close", "offline, closed"),
        ]
    );
    assert!(ward.connector.verify_journal().expect("verified").intact);
    let other: dmpkit::identity::Ins = record(ins());
    assert_eq!(access.patient(), &other);
}
