//! A document is obsolete for those who may learn of what replaced it, and for no one else.

#[path = "common/dmp/mod.rs"]
mod dmp;

use dmp::{ADULT, Bench, Caller, certificate, doc_id, document, patient, physician, secretary};
use dmpkit::dmp::{Criteria, StatusChange};
use dmpkit::document::{Status, Visibility};
use dmpkit::dossier::Settings;
use dmpkit::identity::Ins;
use dmpkit::rules::Mode;

fn bench(settings: Settings) -> (Bench, Ins) {
    let mut bench = Bench::new();
    let patient = patient(1);
    bench.open(&patient, ADULT, settings);
    (bench, patient)
}

fn status(bench: &mut Bench, of: u32, by: &Caller, patient: &Ins) -> Status {
    let found = bench.dmp.documents(&by.on(patient), &[doc_id(of)]);
    found.unwrap()[0].availability_status
}

#[test]
fn those_who_see_the_successor_see_the_old_one_obsolete_and_the_others_see_it_current() {
    let (mut bench, who) = bench(Settings::default());
    let (author, other, traitant) = (physician(1, 1), physician(2, 2), physician(3, 3));
    bench.allow(&who, &author);
    bench.allow(&who, &other);
    bench.name_medecin_traitant(&who, &traitant);
    let old = document(1, &who, &author);
    let new = document(2, &who, &author)
        .with(Visibility::MASKED)
        .replacing(old.id());
    for doc in [old, new] {
        bench.submit(&author, &who, &[doc]).unwrap();
    }
    assert_eq!(status(&mut bench, 1, &author, &who), Status::Deprecated);
    assert_eq!(status(&mut bench, 1, &traitant, &who), Status::Deprecated);
    assert_eq!(status(&mut bench, 1, &other, &who), Status::Approved);
    let lot = bench.next_lot(&who, &traitant);
    let unmask = dmpkit::dmp::VisibilityChange::Unmask;
    let context = traitant.on(&who);
    bench
        .dmp
        .change_visibility(&context, &doc_id(2), unmask, &lot)
        .unwrap();
    assert_eq!(status(&mut bench, 1, &other, &who), Status::Deprecated);
    let current = bench
        .dmp
        .find(&other.on(&who), &Criteria::default())
        .unwrap();
    assert_eq!(current.documents.len(), 1);
}

/// He knows his own documents alone: that a co-author went on without him is not for him to know.
#[test]
fn a_blocked_co_author_does_not_learn_of_the_successor() {
    let (mut bench, who) = bench(Settings::default());
    let (author, blocked) = (physician(1, 1), physician(2, 2));
    let deleted = |bench: &mut Bench, n| {
        let lot = bench.next_lot(&who, &blocked);
        let context = blocked.on(&who);
        bench
            .dmp
            .change_status(&context, &doc_id(n), StatusChange::Delete, &lot)
    };
    for n in [1, 2] {
        let shared = document(n, &who, &author).and_by(&blocked);
        bench.submit(&author, &who, &[shared]).unwrap();
    }
    bench.block(&who, &blocked);
    let new = document(3, &who, &author).replacing(&doc_id(1));
    bench.submit(&author, &who, &[new]).unwrap();
    for n in [1, 2] {
        let answer = deleted(&mut bench, n).unwrap();
        assert_eq!(answer.availability_status, Status::Deleted);
    }
}

/// Masked by the patient's default, the successor is still the structure's own.
#[test]
fn a_structure_knows_that_it_replaced_its_document() {
    let (mut bench, who) = bench(Settings {
        masked_by_default: true,
        ..Settings::default()
    });
    for (first, by) in [(10, certificate(1)), (20, secretary(5, 2))] {
        let old = document(first, &who, &by);
        bench.submit(&by, &who, std::slice::from_ref(&old)).unwrap();
        let new = document(first + 1, &who, &by).replacing(old.id());
        bench.submit(&by, &who, &[new]).unwrap();
        let again = document(first + 2, &who, &by).replacing(old.id());
        let refused = bench.submit(&by, &who, &[again]).unwrap_err();
        assert_eq!(refused.dmp_code(), Some("XDSReplaceFailed"));
    }
}

/// Whoever may not replace a document gets the answer for a document that is not there.
#[test]
fn only_its_author_or_its_structure_acting_as_such_replaces_a_document_that_is_current() {
    let (mut bench, who) = bench(Settings::default());
    let (author, traitant) = (physician(1, 1), physician(3, 3));
    bench.name_medecin_traitant(&who, &traitant);
    let replaces = |bench: &mut Bench, by: &Caller, old: u32, new: u32| {
        let doc = document(new, &who, by).replacing(&doc_id(old));
        match bench.submit(by, &who, &[doc]) {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.dmp_code(), Some("XDSReplaceFailed"));
                false
            }
        }
    };
    for n in 1..=6 {
        let doc = document(n, &who, &author);
        // Two are brought in by the structure, which is accountable for them.
        let depositor = if matches!(n, 2 | 3) {
            certificate(1)
        } else {
            author.clone()
        };
        bench.submit(&depositor, &who, &[doc]).unwrap();
    }
    let others = [
        physician(2, 1),
        physician(2, 2),
        traitant.clone(),
        certificate(2),
        secretary(4, 2),
        // What its professionals feed in person is not the structure's.
        certificate(1),
        secretary(5, 1),
    ];
    for (k, other) in others.iter().enumerate() {
        assert!(!replaces(&mut bench, other, 1, 100 + k as u32), "{k}");
    }
    assert!(!replaces(&mut bench, &author, 999, 110), "not there");
    let patients = bench.patient_deposits(50, &who);
    assert_eq!(patients, doc_id(50));
    assert!(!replaces(&mut bench, &author, 50, 111), "the patient's");
    assert!(replaces(&mut bench, &author, 1, 112));
    assert!(!replaces(&mut bench, &author, 1, 113), "already replaced");
    assert!(replaces(&mut bench, &certificate(1), 2, 114));
    assert!(replaces(&mut bench, &secretary(5, 1), 3, 115));
    assert!(replaces(
        &mut bench,
        &author.mode(Mode::BrisDeGlace),
        4,
        116
    ));
    for (n, change) in [(5, StatusChange::Archive), (6, StatusChange::Delete)] {
        let lot = bench.next_lot(&who, &author);
        let context = author.on(&who);
        bench
            .dmp
            .change_status(&context, &doc_id(n), change, &lot)
            .unwrap();
        assert!(!replaces(&mut bench, &author, n, 117 + n), "{change:?}");
    }
}
