//! What the patient, the representatives and the médecin traitant are told, and when: first access,
//! emergencies, documents that wait for their announcement, secret connections.

#[path = "common/dmp/mod.rs"]
mod dmp;

use dmp::{ADULT, Bench, Caller, MINOR, Outcome, doc_id, document, patient, physician, start};
use dmpkit::clock::Instant;
use dmpkit::dmp::embedded::holder::{Notification, Side};
use dmpkit::dmp::{Criteria, StatusChange, VisibilityChange};
use dmpkit::document::{Status, Visibility};
use dmpkit::dossier::Settings;
use dmpkit::identity::Ins;
use dmpkit::rules::Mode;

const SIDES: [Side; 2] = [Side::Holder, Side::Representative];

fn bench(birth_date: &str) -> (Bench, Ins) {
    let mut bench = Bench::new();
    let patient = patient(1);
    bench.open(&patient, birth_date, Settings::default());
    (bench, patient)
}

fn just_before(at: Instant) -> Instant {
    Instant::from_millis(at.millis() - 1).unwrap()
}

fn kinds(notifications: &[Notification]) -> Vec<&str> {
    notifications.iter().map(|n| n.kind.as_str()).collect()
}

fn told(bench: &mut Bench, patient: &Ins) -> Vec<Notification> {
    bench.notifications(patient, Side::Holder, None)
}

fn find(bench: &mut Bench, by: &Caller, patient: &Ins) {
    let page = bench.dmp.find(&by.on(patient), &Criteria::default());
    page.unwrap();
}

// ---- accesses

#[test]
fn the_patient_is_told_of_a_first_access_once() {
    let (mut bench, who) = bench(ADULT);
    let (one, two) = (physician(1, 1), physician(2, 2));
    for caller in [&one, &two] {
        bench.allow(&who, caller);
    }
    // Asking whether the dossier exists, or feeding it, consults nothing.
    bench.dmp.test_existence(&one.on(&who)).unwrap();
    let doc = document(1, &who, &one);
    bench.submit(&one, &who, &[doc]).unwrap();
    assert_eq!(told(&mut bench, &who), []);
    find(&mut bench, &one, &who);
    find(&mut bench, &one, &who);
    assert_eq!(bench.reads(&two, &who, &doc_id(1)), Outcome::Done);
    assert_eq!(bench.reads(&two, &who, &doc_id(1)), Outcome::Done);
    let told = told(&mut bench, &who);
    assert_eq!(kinds(&told), ["first_access", "first_access"]);
    for (notification, name) in told.iter().zip(["NOM1", "NOM2"]) {
        assert!(notification.text.contains(name), "{}", notification.text);
        assert_eq!(notification.unique_id, None);
    }
}

#[test]
fn a_refused_access_is_no_access() {
    let (mut bench, who) = bench(ADULT);
    let stranger = physician(1, 1);
    let find = bench.dmp.find(&stranger.on(&who), &Criteria::default());
    assert_eq!(dmp::outcome(find), Outcome::Denied);
    assert_eq!(bench.reads(&stranger, &who, &doc_id(1)), Outcome::Denied);
    assert_eq!(told(&mut bench, &who), []);
    assert_eq!(bench.history(&who, Side::Holder), []);
}

#[test]
fn every_access_in_emergency_is_told_to_the_patient_and_to_each_medecin_traitant() {
    let (mut bench, who) = bench(ADULT);
    let (author, traitant, other) = (physician(1, 1), physician(2, 2), physician(3, 3));
    bench.name_medecin_traitant(&who, &traitant);
    bench.name_medecin_traitant(&who, &other);
    let doc = document(1, &who, &author);
    bench.submit(&author, &who, &[doc]).unwrap();
    let mut accesses = 0;
    for (mode, word) in [
        (Mode::BrisDeGlace, "bris de glace"),
        (Mode::Centre15, "centre de régulation"),
    ] {
        let caller = physician(9, 9).mode(mode);
        for read in [false, true, true] {
            if read {
                assert_eq!(bench.reads(&caller, &who, &doc_id(1)), Outcome::Done);
            } else {
                find(&mut bench, &caller, &who);
            }
            accesses += 1;
            let told = told(&mut bench, &who);
            let emergencies = told.iter().filter(|n| n.kind == "emergency_access");
            assert_eq!(emergencies.count(), accesses);
            let last = told.last().unwrap();
            assert!(last.text.contains(word) && last.text.contains("NOM9"));
            assert_eq!(last.unique_id, None, "the notice names no document");
            for medecin in [&traitant, &other] {
                let his = bench.notifications(&who, Side::Holder, Some(medecin.ps()));
                assert_eq!(kinds(&his), vec!["emergency_access"; accesses]);
                assert_eq!(his.last().unwrap().at, start());
            }
        }
    }
    let not_his = bench.notifications(&who, Side::Holder, Some(author.ps()));
    assert_eq!(not_his, []);
}

#[test]
fn the_history_tells_who_did_what_in_which_mode() {
    let (mut bench, who) = bench(ADULT);
    let doctor = physician(1, 1);
    bench.allow(&who, &doctor);
    let doc = document(1, &who, &doctor);
    bench.submit(&doctor, &who, &[doc]).unwrap();
    let lot = bench.next_lot(&who, &doctor);
    bench.set(start().plus_seconds(60));
    let mask = VisibilityChange::Mask;
    let context = doctor.on(&who);
    bench
        .dmp
        .change_visibility(&context, &doc_id(1), mask, &lot)
        .unwrap();
    let urgent = doctor.mode(Mode::BrisDeGlace);
    find(&mut bench, &urgent, &who);
    // A document that is not there, or not for him, leaves no line.
    assert_eq!(bench.reads(&urgent, &who, &doc_id(1)), Outcome::Unknown);
    assert_eq!(bench.reads(&urgent, &who, &doc_id(9)), Outcome::Unknown);
    let lines: Vec<_> = bench
        .history(&who, Side::Holder)
        .into_iter()
        .map(|l| (l.action, l.mode, l.unique_id, l.at))
        .collect();
    let line = |action: &str, mode: &str, n: Option<u32>, seconds| {
        let at = start().plus_seconds(seconds);
        (action.to_owned(), mode.to_owned(), n.map(doc_id), at)
    };
    assert_eq!(
        lines,
        [
            line("TD2.1", "normal", Some(1), 0),
            line("TD3.3a.mask", "normal", Some(1), 60),
            line("TD3.1", "bris_de_glace", None, 60),
        ]
    );
}

// ---- documents that wait for their announcement (CSP R.1111-53)

/// Deposit instants, and the instant one calendar month later.
const MONTHS: [(&str, &str); 4] = [
    ("2026-03-02T08:00:00Z", "2026-04-02T08:00:00Z"),
    ("2026-01-31T10:30:15Z", "2026-02-28T10:30:15Z"),
    ("2028-01-30T23:59:59Z", "2028-02-29T23:59:59Z"),
    ("2026-12-15T00:00:00Z", "2027-01-15T00:00:00Z"),
];

#[test]
fn the_patient_is_told_after_two_weeks_and_sees_after_one_month_to_the_instant() {
    for (deposited, visible) in MONTHS {
        let (mut bench, who) = bench(ADULT);
        let author = physician(1, 1);
        let at = Instant::parse(deposited).unwrap();
        let (notice, visible) = (at.plus_days(14), Instant::parse(visible).unwrap());
        bench.set(at);
        let doc = document(1, &who, &author).with(Visibility::INVISIBLE_PATIENT);
        bench.submit(&author, &who, &[doc]).unwrap();
        let first = bench.entry(&author, &who, &doc_id(1));
        for quiet in [at, just_before(notice)] {
            bench.set(quiet);
            assert_eq!(told(&mut bench, &who), []);
            assert_eq!(bench.side_documents(&who, Side::Holder), []);
        }
        for waiting in [notice, just_before(visible)] {
            bench.set(waiting);
            let told = told(&mut bench, &who);
            assert_eq!(kinds(&told), ["document_notice"]);
            assert_eq!(told[0].at, notice);
            assert_eq!(told[0].unique_id, None, "the notice names no document");
            assert!(!told[0].text.contains("Compte rendu"));
            assert_eq!(bench.side_documents(&who, Side::Holder), []);
            assert_eq!(bench.history(&who, Side::Holder), []);
        }
        bench.set(visible);
        let told = told(&mut bench, &who);
        assert_eq!(kinds(&told), ["document_notice", "document_visible"]);
        assert_eq!(
            (told[1].at, &told[1].unique_id),
            (visible, &Some(doc_id(1)))
        );
        let seen = bench.side_documents(&who, Side::Holder).remove(0);
        assert_eq!(seen.visibility, Visibility::NORMAL);
        assert_eq!(seen.logical_id, first);
        assert_ne!(seen.entry_uuid, first);
        assert_eq!(seen.version, 2);
        assert_eq!(bench.history(&who, Side::Holder).len(), 1, "the deposit");
    }
}

/// However late the DMP is next asked, each step is dated when it was due.
#[test]
fn what_fell_due_while_no_one_asked_is_dated_when_it_was_due() {
    let (mut bench, who) = bench(ADULT);
    let author = physician(1, 1);
    let doc = document(1, &who, &author).with(Visibility::INVISIBLE_PATIENT);
    bench.submit(&author, &who, &[doc]).unwrap();
    bench.set(start().plus_months(7));
    let told = told(&mut bench, &who);
    let at: Vec<Instant> = told.iter().map(|n| n.at).collect();
    assert_eq!(at, [start().plus_days(14), start().plus_months(1)]);
    assert_eq!(bench.side_documents(&who, Side::Holder).len(), 1);
}

#[test]
fn a_document_shown_in_time_is_never_the_subject_of_a_notice() {
    let (mut bench, who) = bench(ADULT);
    let author = physician(1, 1);
    let doc = document(1, &who, &author).with(Visibility::INVISIBLE_PATIENT);
    bench.submit(&author, &who, &[doc]).unwrap();
    bench.set(just_before(start().plus_days(14)));
    let lot = bench.next_lot(&who, &author);
    let show = VisibilityChange::ShowToPatient;
    let shown = bench
        .dmp
        .change_visibility(&author.on(&who), &doc_id(1), show, &lot);
    assert!(shown.unwrap().changed);
    assert_eq!(bench.side_documents(&who, Side::Holder).len(), 1);
    bench.set(start().plus_months(3));
    assert_eq!(told(&mut bench, &who), []);
}

/// A document withdrawn before its announcement has nothing to announce: the patient, who never sees
/// deleted documents, is neither alarmed after two weeks nor sent after one month to look for it.
#[test]
fn a_document_deleted_before_its_announcement_is_not_announced() {
    let (mut bench, who) = bench(ADULT);
    let author = physician(1, 1);
    let docs = [1, 2].map(|n| document(n, &who, &author).with(Visibility::INVISIBLE_PATIENT));
    bench.submit(&author, &who, &docs).unwrap();
    let delete = |bench: &mut Bench, n| {
        let lot = bench.next_lot(&who, &author);
        let context = author.on(&who);
        let done = bench
            .dmp
            .change_status(&context, &doc_id(n), StatusChange::Delete, &lot);
        assert_eq!(done.unwrap().availability_status, Status::Deleted);
    };
    delete(&mut bench, 1);
    bench.set(start().plus_days(14));
    assert_eq!(
        kinds(&told(&mut bench, &who)),
        ["document_notice"],
        "of the second"
    );
    delete(&mut bench, 2);
    bench.set(start().plus_months(2));
    assert_eq!(kinds(&told(&mut bench, &who)), ["document_notice"]);
    assert_eq!(bench.side_documents(&who, Side::Holder), []);
    // What was done is no secret any more: a deposit and a deletion each.
    assert_eq!(bench.history(&who, Side::Holder).len(), 4);
}

// ---- representatives

/// CSP R.1111-50: hidden from them, with what was done about it; the minor sees it.
#[test]
fn representatives_see_neither_the_document_nor_its_traces() {
    let (mut bench, who) = bench(MINOR);
    let (author, other) = (physician(1, 1), physician(2, 2));
    bench.allow(&who, &other);
    let doc = document(1, &who, &author).with(Visibility::INVISIBLE_REPRESENTATIVES);
    bench.submit(&author, &who, &[doc]).unwrap();
    assert_eq!(bench.reads(&other, &who, &doc_id(1)), Outcome::Done);
    for (side, seen) in SIDES.into_iter().zip([1, 0]) {
        assert_eq!(bench.side_documents(&who, side).len(), seen);
        let history = bench.history(&who, side);
        let named = history.iter().filter(|l| l.unique_id.is_some()).count();
        assert_eq!(named, 2 * seen);
    }
    let lot = bench.next_lot(&who, &other);
    let show = VisibilityChange::ShowToRepresentatives;
    let shown = bench
        .dmp
        .change_visibility(&other.on(&who), &doc_id(1), show, &lot);
    assert_eq!(shown.unwrap().visibility, Visibility::NORMAL);
    assert_eq!(bench.side_documents(&who, Side::Representative).len(), 1);
}

#[test]
fn under_secret_connection_representatives_learn_nothing() {
    let (mut bench, who) = bench(MINOR);
    let doctor = physician(1, 1).secret();
    bench.allow(&who, &doctor);
    let visible = document(1, &who, &doctor);
    let refused = bench.submit(&doctor, &who, &[visible]).unwrap_err();
    assert_eq!(refused.dmp_code(), Some("XDSRegistryMetadataError"));
    let doc = document(1, &who, &doctor).with(Visibility::INVISIBLE_REPRESENTATIVES);
    bench.submit(&doctor, &who, &[doc]).unwrap();
    find(&mut bench, &doctor, &who);
    let urgent = doctor.mode(Mode::BrisDeGlace);
    assert_eq!(bench.reads(&urgent, &who, &doc_id(1)), Outcome::Done);
    bench.dmp.administrative_data(&doctor.on(&who)).unwrap();
    assert_eq!(bench.history(&who, Side::Representative), []);
    assert_eq!(bench.history(&who, Side::Holder).len(), 4);
    assert_eq!(bench.notifications(&who, Side::Representative, None), []);
    let told = told(&mut bench, &who);
    assert_eq!(kinds(&told), ["first_access", "emergency_access"]);
}

/// Hidden from both: the minor's delay runs, and tells the representatives nothing at any of its steps.
#[test]
fn the_delay_of_a_document_hidden_from_both_is_the_minors_alone() {
    let (mut bench, who) = bench(MINOR);
    let author = physician(1, 1);
    let both = Visibility::INVISIBLE_PATIENT.with(Visibility::INVISIBLE_REPRESENTATIVES);
    let doc = document(1, &who, &author).with(both);
    bench.submit(&author, &who, &[doc]).unwrap();
    for at in [start(), start().plus_days(14), start().plus_months(1)] {
        bench.set(at);
        assert_eq!(bench.notifications(&who, Side::Representative, None), []);
        assert_eq!(bench.side_documents(&who, Side::Representative), []);
        assert_eq!(bench.history(&who, Side::Representative), []);
    }
    let told = told(&mut bench, &who);
    assert_eq!(kinds(&told), ["document_notice", "document_visible"]);
    let seen = bench.side_documents(&who, Side::Holder).remove(0);
    assert_eq!(seen.visibility, Visibility::INVISIBLE_REPRESENTATIVES);
}

/// Hidden from the patient alone: the representatives, who act through his space, wait with him.
#[test]
fn what_the_patient_does_not_see_yet_his_representatives_do_not_see_either() {
    let (mut bench, who) = bench(MINOR);
    let author = physician(1, 1);
    let doc = document(1, &who, &author).with(Visibility::INVISIBLE_PATIENT);
    bench.submit(&author, &who, &[doc]).unwrap();
    for side in SIDES {
        assert_eq!(bench.side_documents(&who, side), []);
        assert_eq!(bench.history(&who, side), []);
    }
    bench.set(start().plus_months(1));
    for side in SIDES {
        assert_eq!(bench.side_documents(&who, side).len(), 1);
        assert_eq!(bench.notifications(&who, side, None).len(), 2);
    }
}
