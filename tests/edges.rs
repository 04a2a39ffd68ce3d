//! What must not cross: from one patient to another, from one profession to another.

#[path = "common/dmp/mod.rs"]
mod dmp;

use dmp::{
    ADULT, Bench, Caller, Outcome, certificate, doc_id, document, nurse, patient, physician, start,
    submission,
};
use dmpkit::dmp::{Criteria, ProfessionalsMode, StatusChange, VisibilityChange};
use dmpkit::dossier::{Authorisation, Settings};
use dmpkit::identity::Ins;
use dmpkit::rules::Parameters;
use dmpkit::rules::habilitation::Habilitation;

/// Everything that can name a document, as text.
fn ask(bench: &mut Bench, by: &Caller, patient: &Ins, n: u32, lot: u32) -> String {
    let (id, context) = (doc_id(n), by.on(patient));
    let set = |k| submission(lot + k, patient, by, start());
    let ids = std::slice::from_ref(&id);
    let mut answers = vec![
        format!("{:?}", bench.dmp.read(&context, &id)),
        format!("{:?}", bench.dmp.references(&context, ids)),
        format!("{:?}", bench.dmp.documents(&context, ids)),
    ];
    for (k, change) in [VisibilityChange::Mask, VisibilityChange::ShowToPatient]
        .into_iter()
        .enumerate()
    {
        let lot = set(k as u32);
        let answer = bench.dmp.change_visibility(&context, &id, change, &lot);
        answers.push(format!("{answer:?}"));
    }
    for (k, change) in [StatusChange::Archive, StatusChange::Delete]
        .into_iter()
        .enumerate()
    {
        let lot = set(k as u32 + 2);
        let answer = bench.dmp.change_status(&context, &id, change, &lot);
        answers.push(format!("{answer:?}"));
    }
    let new = document(lot + 5, patient, by).replacing(&id);
    answers.push(format!(
        "{:?}",
        bench.submit_as(by, patient, &set(4), &[new])
    ));
    answers.join("\n")
}

/// Named in the context of the wrong patient, a document is no document, even for its author.
#[test]
fn a_document_of_another_patient_is_no_document_of_this_one() {
    let mut bench = Bench::new();
    let (one, two) = (patient(1), patient(2));
    let author = physician(1, 1);
    for who in [&one, &two] {
        bench.open(who, ADULT, Settings::default());
        bench.name_medecin_traitant(who, &author);
    }
    let doc = document(1, &two, &author);
    bench.submit(&author, &two, &[doc]).unwrap();
    let entry = bench.entry(&author, &two, &doc_id(1));
    let others = ask(&mut bench, &author, &one, 1, 100);
    let nobodys = ask(&mut bench, &author, &one, 2, 200);
    assert_eq!(others, nobodys);
    let lot = bench
        .dmp
        .find_submission_sets(&author.on(&two), start())
        .unwrap()
        .remove(0);
    let context = author.on(&one);
    let objects = [entry, lot.entry_uuid];
    assert_eq!(bench.dmp.associations(&context, &objects).unwrap(), []);
    let both = bench.dmp.documents_and_associations(&context, &objects);
    assert_eq!(both.unwrap(), Default::default());
    assert_eq!(bench.found(&author, &one), []);
}

/// ITI-41: the patient of the lot, of its documents and of the call are one.
#[test]
fn a_lot_goes_to_the_dossier_of_its_own_patient_or_nowhere() {
    let mut bench = Bench::new();
    let (one, two) = (patient(1), patient(2));
    let author = physician(1, 1);
    for who in [&one, &two] {
        bench.open(who, ADULT, Settings::default());
    }
    let mismatch = "XDSPatientIdDoesNotMatch";
    let wrong_document = bench.submit(&author, &one, &[document(1, &two, &author)]);
    assert_eq!(wrong_document.unwrap_err().dmp_code(), Some(mismatch));
    let wrong_lot = submission(50, &two, &author, start());
    let doc = document(1, &one, &author);
    let refused = bench.submit_as(&author, &one, &wrong_lot, std::slice::from_ref(&doc));
    assert_eq!(refused.unwrap_err().dmp_code(), Some(mismatch));
    bench.submit(&author, &one, &[doc]).unwrap();
    let context = author.on(&one);
    let mask = VisibilityChange::Mask;
    let refused = bench
        .dmp
        .change_visibility(&context, &doc_id(1), mask, &wrong_lot);
    assert_eq!(refused.unwrap_err().dmp_code(), Some(mismatch));
    let delete = StatusChange::Delete;
    let refused = bench
        .dmp
        .change_status(&context, &doc_id(1), delete, &wrong_lot);
    assert_eq!(refused.unwrap_err().dmp_code(), Some(mismatch));
}

/// A type of document that the legal matrix keeps from a profession does not exist for it, except what
/// one wrote oneself.
#[test]
fn what_the_legal_matrix_keeps_from_a_profession_does_not_exist_for_it() {
    let matrix = r#"{"version": "essai", "source": "essai", "unlisted": "allowed",
        "rows": [{"profession": "60", "typeCode": "34133-9", "read": false}]}"#;
    let habilitation = Habilitation::from_json(matrix).unwrap();
    let mut bench = Bench::with(Parameters::default(), habilitation);
    let who = patient(1);
    bench.open(&who, ADULT, Settings::default());
    let (author, reader) = (physician(1, 1), nurse(2, 2));
    for caller in [&author, &reader] {
        bench.allow(&who, caller);
    }
    // Every third document is a synthesis.
    for (n, by) in [(1, &author), (3, &author), (6, &reader)] {
        let doc = document(n, &who, by);
        bench.submit(by, &who, &[doc]).unwrap();
    }
    let sorted = |mut ids: Vec<_>| {
        ids.sort();
        ids
    };
    assert_eq!(sorted(bench.found(&author, &who)), [1, 3, 6].map(doc_id));
    assert_eq!(sorted(bench.found(&reader, &who)), [1, 6].map(doc_id));
    assert_eq!(bench.reads(&reader, &who, &doc_id(3)), Outcome::Unknown);
    let hidden = ask(&mut bench, &reader, &who, 3, 100);
    let absent = ask(&mut bench, &reader, &who, 9, 200);
    assert_eq!(hidden, absent);
    // The certificate reads nothing; it may learn the reference of what is not masked.
    let references = bench.dmp.references(&certificate(2).on(&who), &[doc_id(3)]);
    assert_eq!(references.unwrap().len(), 1);
}

/// TD1.6: `ACTIVE` is for those who may enter now.
#[test]
fn an_expired_authorisation_is_not_listed_as_active() {
    let mut bench = Bench::new();
    let who = patient(1);
    bench.open(&who, ADULT, Settings::default());
    let (early, late) = (physician(1, 1), physician(2, 2));
    bench.allow(&who, &early);
    bench.set(start().plus_months(6));
    bench.allow(&who, &late);
    let mut listed = |mode| {
        let rows = bench.dmp.list_professionals(&late.on(&who), mode).unwrap();
        let rows = rows.into_iter().map(|row| (row.id, row.authorisation));
        rows.collect::<Vec<_>>()
    };
    let expired = (early.ps().to_string(), Authorisation::Expire);
    let valid = (late.ps().to_string(), Authorisation::Valide);
    assert_eq!(
        listed(ProfessionalsMode::Active),
        std::slice::from_ref(&valid)
    );
    assert_eq!(listed(ProfessionalsMode::Toute), [expired, valid]);
    assert_eq!(listed(ProfessionalsMode::Interdite), []);
    let found = bench.dmp.find(&early.on(&who), &Criteria::default());
    assert_eq!(dmp::outcome(found), Outcome::Denied);
}
