//! The patient's and the CNAM's side of the embedded DMP: what each choice changes for professionals.

#[path = "common/dmp/mod.rs"]
mod dmp;

use dmp::{
    ADULT, Bench, Caller, Outcome, certificate, doc_id, document, nurse, outcome, patient,
    patients_cda, physician,
};
use dmpkit::dmp::embedded::holder::{HolderAction, Side};
use dmpkit::dmp::{Criteria, PatientSearch, ProfessionalsMode, StatusChange, VisibilityChange};
use dmpkit::document::{Oid, Visibility};
use dmpkit::dossier::{
    Authorisation, AuthorisationChange, DossierState, LegalRepresentative, PersonToNotify, Settings,
};
use dmpkit::error::{ErrorKind, Result};
use dmpkit::identity::Ins;
use dmpkit::rules::{Authentication, Mode};

fn bench(settings: Settings) -> (Bench, Ins) {
    let mut bench = Bench::new();
    let patient = patient(1);
    bench.open(&patient, ADULT, settings);
    (bench, patient)
}

fn code<T>(result: Result<T>) -> String {
    let error = result.err().expect("a refusal");
    error.dmp_code().expect("a code of the DMP").to_owned()
}

// ---- the dossier

#[test]
fn a_patient_without_dossier_is_unknown_to_every_transaction_but_td02() {
    let mut bench = Bench::new();
    let (who, doctor) = (patient(1), physician(1, 1));
    let context = doctor.on(&who);
    let existence = bench.dmp.test_existence(&context).unwrap();
    assert_eq!(existence.state, DossierState::Nonexistent);
    assert_eq!(existence.authorisation, Authorisation::NonExiste);
    let unknown = "XDSUnknownPatientId";
    let dmp = &mut bench.dmp;
    assert_eq!(code(dmp.find(&context, &Criteria::default())), unknown);
    assert_eq!(code(dmp.read(&context, &doc_id(1))), unknown);
    assert_eq!(code(dmp.references(&context, &[doc_id(1)])), unknown);
    assert_eq!(code(dmp.administrative_data(&context)), unknown);
    assert_eq!(code(dmp.web_access(&context)), unknown);
    assert_eq!(
        code(dmp.list_professionals(&context, ProfessionalsMode::Toute)),
        unknown
    );
    let change = AuthorisationChange::Declare;
    assert_eq!(code(dmp.set_authorisation(&context, change)), unknown);
    let doc = document(1, &who, &doctor);
    assert_eq!(code(bench.submit(&doctor, &who, &[doc])), unknown);
    for action in [
        HolderAction::ReopenDossier { patient: who },
        HolderAction::Documents {
            patient: who,
            side: Side::Holder,
        },
    ] {
        assert_eq!(code(bench.act(action)), unknown);
    }
}

#[test]
fn a_dossier_is_opened_once_and_tells_what_the_cnam_entered() {
    let mut bench = Bench::new();
    let (who, doctor) = (patient(1), physician(1, 1));
    let open = HolderAction::OpenDossier {
        patient: who,
        traits: dmp::traits(ADULT),
        attached_to_mes: Some(false),
        settings: Settings::default(),
        representatives: vec![LegalRepresentative {
            family: "GARRIGUE".into(),
            given: "Anne".into(),
            relation: "MTH".into(),
            contact: None,
        }],
        to_notify: vec![PersonToNotify {
            family: "GARRIGUE".into(),
            given: "Paul".into(),
            contact: Some("0100000000".into()),
        }],
    };
    bench.must(open.clone());
    let again = bench.act(open).unwrap_err();
    assert!(matches!(again.kind(), ErrorKind::Caller { field, .. } if field == "patient"));
    let existence = bench.dmp.test_existence(&doctor.on(&who)).unwrap();
    assert_eq!(existence.state, DossierState::Active);
    assert!(!existence.attached_to_mes);
    assert!(existence.traits.unwrap() == dmp::traits(ADULT));
    let data = bench.dmp.administrative_data(&doctor.on(&who)).unwrap();
    assert_eq!(data.representatives.len(), 1);
    assert_eq!(data.to_notify.len(), 1);
}

#[test]
fn a_closed_dossier_says_when_and_why_and_nothing_else_until_it_is_reopened() {
    let (mut bench, who) = bench(Settings::default());
    let doctor = physician(1, 1);
    bench.allow(&who, &doctor);
    let doc = document(1, &who, &doctor);
    bench.submit(&doctor, &who, &[doc]).unwrap();
    bench.must(HolderAction::CloseDossier {
        patient: who,
        motif: None,
        reason: Some("Demande écrite".into()),
    });
    let context = doctor.on(&who);
    let existence = bench.dmp.test_existence(&context).unwrap();
    let DossierState::Closed(closing) = existence.state else {
        panic!("{:?}", existence.state);
    };
    assert_eq!(closing.date, Some(dmp::start()));
    assert_eq!(closing.motif.as_deref(), Some("FERMETURE_DEMANDE_PATIENT"));
    assert_eq!(closing.reason.as_deref(), Some("Demande écrite"));
    assert!(bench.dmp.administrative_data(&context).is_ok());
    let closed = "DMPClosed";
    let lot = bench.next_lot(&who, &doctor);
    let dmp = &mut bench.dmp;
    let id = doc_id(1);
    assert_eq!(code(dmp.find(&context, &Criteria::default())), closed);
    assert_eq!(code(dmp.read(&context, &id)), closed);
    assert_eq!(
        code(dmp.references(&context, std::slice::from_ref(&id))),
        closed
    );
    let delete = StatusChange::Delete;
    assert_eq!(code(dmp.change_status(&context, &id, delete, &lot)), closed);
    let mask = VisibilityChange::Mask;
    assert_eq!(
        code(dmp.change_visibility(&context, &id, mask, &lot)),
        closed
    );
    let doc = document(2, &who, &doctor);
    assert_eq!(code(bench.submit(&doctor, &who, &[doc])), closed);
    assert_eq!(code(bench.mask(&who, &id, true)), closed);
    bench.must(HolderAction::ReopenDossier { patient: who });
    assert_eq!(bench.found(&doctor, &who), [doc_id(1)]);
}

// ---- documents

#[test]
fn the_patient_deposits_documents_of_his_own_and_of_no_one_else() {
    let (mut bench, who) = bench(Settings::default());
    let doctor = physician(1, 1);
    bench.allow(&who, &doctor);
    let id = bench.patient_deposits(1, &who);
    assert_eq!(bench.found(&doctor, &who), [doc_id(1)]);
    let read = bench.dmp.read(&doctor.on(&who), &id).unwrap();
    assert_eq!(read.bytes, patients_cda(1, &who));

    let deposit = |visibility| HolderAction::Deposit {
        patient: who,
        visibility,
    };
    let normal = deposit(Visibility::NORMAL);
    let twice = bench.act_with(&normal, &patients_cda(1, &who));
    assert_eq!(code(twice), "XDSDuplicateUniqueIdInRegistry");
    let others = bench.act_with(&normal, &patients_cda(2, &patient(2)));
    assert_eq!(code(others), "XDSPatientIdDoesNotMatch");
    // A patient hides nothing from himself.
    for hidden in [
        Visibility::INVISIBLE_PATIENT,
        Visibility::INVISIBLE_REPRESENTATIVES,
    ] {
        let refused = bench.act_with(&deposit(hidden), &patients_cda(2, &who));
        assert_eq!(code(refused), "XDSRegistryMetadataError");
    }
    let masked = bench.act_with(&deposit(Visibility::MASKED), &patients_cda(2, &who));
    assert!(masked.is_ok());
    assert_eq!(bench.reads(&doctor, &who, &doc_id(2)), Outcome::Unknown);
    assert_eq!(bench.side_documents(&who, Side::Holder).len(), 2);
}

#[test]
fn what_the_patient_masks_is_left_to_its_author_and_to_the_medecin_traitant() {
    let (mut bench, who) = bench(Settings::default());
    let (author, other, traitant) = (physician(1, 1), physician(2, 2), physician(3, 3));
    for caller in [&author, &other] {
        bench.allow(&who, caller);
    }
    bench.name_medecin_traitant(&who, &traitant);
    let doc = document(1, &who, &author);
    bench.submit(&author, &who, &[doc]).unwrap();
    let id = doc_id(1);
    let before = bench.side_documents(&who, Side::Holder);
    bench.mask(&who, &id, true).unwrap();
    assert_eq!(bench.reads(&author, &who, &id), Outcome::Done);
    assert_eq!(bench.reads(&traitant, &who, &id), Outcome::Done);
    assert_eq!(bench.reads(&other, &who, &id), Outcome::Unknown);
    assert_eq!(bench.found(&other, &who), []);
    let after = bench.side_documents(&who, Side::Holder);
    assert_eq!(after[0].visibility, Visibility::MASKED);
    assert_eq!(after[0].version, before[0].version + 1);
    // Masked again: nothing changes.
    bench.mask(&who, &id, true).unwrap();
    assert_eq!(bench.side_documents(&who, Side::Holder), after);
    bench.mask(&who, &id, false).unwrap();
    assert_eq!(bench.reads(&other, &who, &id), Outcome::Done);
}

#[test]
fn masking_by_default_takes_what_comes_and_what_is_there_if_the_patient_says_so() {
    let (mut bench, who) = bench(Settings::default());
    let (author, other) = (physician(1, 1), physician(2, 2));
    bench.allow(&who, &other);
    let doc = document(1, &who, &author);
    bench.submit(&author, &who, &[doc]).unwrap();
    let on = Settings {
        masked_by_default: true,
        ..Settings::default()
    };
    bench.settle(&who, on, false);
    assert_eq!(
        bench.found(&other, &who),
        [doc_id(1)],
        "not those already there"
    );
    let docs = [
        document(2, &who, &author),
        document(3, &who, &author).with(Visibility::INVISIBLE_PATIENT),
    ];
    let receipts = bench.submit(&author, &who, &docs).unwrap();
    if bench.tells() {
        assert_eq!(receipts[0].visibility, Visibility::MASKED);
    }
    // The two codes do not stand together: it is masked when the patient comes to see it.
    assert_eq!(receipts[1].visibility, Visibility::INVISIBLE_PATIENT);
    let lot = bench.next_lot(&who, &other);
    let show = VisibilityChange::ShowToPatient;
    let shown = bench
        .dmp
        .change_visibility(&other.on(&who), &doc_id(3), show, &lot);
    let shown = shown.unwrap().visibility;
    if bench.tells() {
        assert_eq!(shown, Visibility::MASKED);
    }
    assert_eq!(bench.found(&other, &who), [doc_id(1)]);
    // The patient's own documents are as the patient says.
    let own = bench.patient_deposits(4, &who);
    assert!(bench.found(&other, &who).contains(&own));
    bench.settle(&who, on, true);
    assert_eq!(bench.found(&other, &who), []);
    bench.settle(&who, Settings::default(), true);
    assert_eq!(bench.found(&other, &who).len(), 4);
}

/// The patient does not see it, so he cannot name it.
#[test]
fn the_patient_neither_masks_nor_unmasks_what_he_does_not_see() {
    let (mut bench, who) = bench(Settings::default());
    let (author, other) = (physician(1, 1), physician(2, 2));
    bench.allow(&who, &other);
    let doc = document(1, &who, &author).with(Visibility::INVISIBLE_PATIENT);
    bench.submit(&author, &who, &[doc]).unwrap();
    for masked in [true, false] {
        let hidden = bench.mask(&who, &doc_id(1), masked).unwrap_err();
        let absent = bench.mask(&who, &doc_id(9), masked).unwrap_err();
        assert_eq!(format!("{hidden:?}"), format!("{absent:?}"));
    }
    bench.settle(
        &who,
        Settings {
            masked_by_default: true,
            ..Settings::default()
        },
        true,
    );
    assert_eq!(bench.found(&other, &who), [doc_id(1)]);
}

// ---- who may enter

#[test]
fn each_opposition_closes_its_own_emergency_mode_and_is_known() {
    for (bris_de_glace, centre_15) in [(false, false), (true, false), (false, true), (true, true)] {
        let settings = Settings {
            opposition_bris_de_glace: bris_de_glace,
            opposition_centre_15: centre_15,
            ..Settings::default()
        };
        let (mut bench, who) = bench(settings);
        let doctor = physician(1, 1);
        for (mode, opposed) in [
            (Mode::BrisDeGlace, bris_de_glace),
            (Mode::Centre15, centre_15),
        ] {
            let caller = doctor.mode(mode);
            let expected = if opposed {
                Outcome::Denied
            } else {
                Outcome::Done
            };
            let found = bench.dmp.find(&caller.on(&who), &Criteria::default());
            assert_eq!(outcome(found), expected, "{mode:?}");
            let doc = document(if opposed { 8 } else { 1 + mode as u32 }, &who, &caller);
            assert_eq!(outcome(bench.submit(&caller, &who, &[doc])), expected);
        }
        let existence = bench.dmp.test_existence(&doctor.on(&who)).unwrap();
        let data = bench.dmp.administrative_data(&doctor.on(&who)).unwrap();
        let search = PatientSearch {
            name: "GARRIGUE".into(),
            given: Some("Étienne".into()),
            birth_date: ADULT.into(),
            sex: None,
        };
        let regulator = doctor.mode(Mode::Centre15);
        let found = bench
            .dmp
            .find_patients(&regulator.alone(), &search)
            .unwrap();
        assert_eq!(existence.opposition_bris_de_glace, bris_de_glace);
        assert_eq!(existence.opposition_centre_15, centre_15);
        assert_eq!(data.opposition_bris_de_glace, bris_de_glace);
        assert_eq!(data.opposition_centre_15, centre_15);
        assert_eq!((found[0].ins, found[0].score), (who, 100));
        assert_eq!(found[0].opposition_centre_15, centre_15);
    }
}

#[test]
fn an_authorisation_lasts_six_calendar_months_to_the_instant() {
    let (mut bench, who) = bench(Settings::default());
    let doctor = physician(1, 1);
    let declare = AuthorisationChange::Declare;
    let context = doctor.on(&who);
    assert_eq!(bench.authorisation(&doctor, &who), Authorisation::NonExiste);
    assert!(bench.dmp.set_authorisation(&context, declare).unwrap());
    assert!(
        !bench.dmp.set_authorisation(&context, declare).unwrap(),
        "déjà présente"
    );
    let until = dmp::start().plus_months(6);
    let existence = bench.dmp.test_existence(&context).unwrap();
    assert_eq!(existence.authorised_until, Some(until));
    bench.set(dmpkit::clock::Instant::from_millis(until.millis() - 1).unwrap());
    assert_eq!(bench.authorisation(&doctor, &who), Authorisation::Valide);
    bench.set(until);
    assert_eq!(bench.authorisation(&doctor, &who), Authorisation::Expire);
    let found = bench.dmp.find(&context, &Criteria::default());
    assert_eq!(outcome(found), Outcome::Denied);
    assert!(bench.dmp.set_authorisation(&context, declare).unwrap());
    assert_eq!(bench.authorisation(&doctor, &who), Authorisation::Valide);
}

#[test]
fn a_blocked_professional_reads_nothing_in_any_mode_yet_feeds_and_deletes_his_own() {
    let (mut bench, who) = bench(Settings::default());
    let (blocked, other) = (physician(1, 1), physician(2, 2));
    bench.name_medecin_traitant(&who, &blocked);
    bench.allow(&who, &other);
    let docs = [(1, &blocked), (2, &other)];
    for (n, author) in docs {
        let doc = document(n, &who, author);
        bench.submit(author, &who, &[doc]).unwrap();
    }
    bench.block(&who, &blocked);
    assert_eq!(bench.authorisation(&blocked, &who), Authorisation::Interdit);
    for mode in Mode::ALL {
        let caller = blocked.mode(mode);
        let context = caller.on(&who);
        let found = bench.dmp.find(&context, &Criteria::default());
        assert_eq!(outcome(found), Outcome::Denied, "{mode:?}");
        for n in [1, 2, 9] {
            assert_eq!(bench.reads(&caller, &who, &doc_id(n)), Outcome::Denied);
        }
        let declared = bench
            .dmp
            .set_authorisation(&context, AuthorisationChange::Declare);
        assert_eq!(outcome(declared), Outcome::Denied);
    }
    // He knows his own documents and no other.
    let references = bench
        .dmp
        .references(&blocked.on(&who), &[doc_id(1), doc_id(2)]);
    let known: Vec<Oid> = references
        .unwrap()
        .into_iter()
        .map(|r| r.unique_id)
        .collect();
    assert_eq!(known, [doc_id(1)]);
    let doc = document(3, &who, &blocked);
    bench.submit(&blocked, &who, &[doc]).unwrap();
    for (n, expected) in [(1, Outcome::Done), (2, Outcome::Unknown)] {
        let lot = bench.next_lot(&who, &blocked);
        let context = blocked.on(&who);
        let deleted = bench
            .dmp
            .change_status(&context, &doc_id(n), StatusChange::Delete, &lot);
        assert_eq!(outcome(deleted), expected);
    }
    let rows = |bench: &mut Bench, mode| {
        let listed = bench.dmp.list_professionals(&other.on(&who), mode).unwrap();
        listed.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let ids = |callers: &[&Caller]| -> Vec<String> {
        callers.iter().map(|c| c.ps().to_string()).collect()
    };
    for (mode, expected) in [
        (ProfessionalsMode::Interdite, ids(&[&blocked])),
        (ProfessionalsMode::Active, ids(&[&other])),
        (ProfessionalsMode::Toute, ids(&[&blocked, &other])),
    ] {
        assert_eq!(rows(&mut bench, mode), expected);
    }

    // Unblocked, he is where he started: nothing is authorised until he declares himself.
    bench.must(HolderAction::Unblock {
        patient: who,
        professional: blocked.ps(),
    });
    assert_eq!(
        bench.authorisation(&blocked, &who),
        Authorisation::NonExiste
    );
    let declare = AuthorisationChange::Declare;
    assert!(
        bench
            .dmp
            .set_authorisation(&blocked.on(&who), declare)
            .unwrap()
    );
    let existence = bench.dmp.test_existence(&blocked.on(&who)).unwrap();
    assert!(!existence.medecin_traitant, "the block ended that");
}

/// A block names a person: it holds however that person authenticates, and whatever the structure has.
#[test]
fn a_block_wins_over_the_authorisation_of_the_structure() {
    let (mut bench, who) = bench(Settings::default());
    let (blocked, colleague) = (nurse(1, 1), nurse(2, 1));
    let secretary = dmp::secretary(3, 1);
    let declare = AuthorisationChange::Declare;
    assert!(
        bench
            .dmp
            .set_authorisation(&secretary.on(&who), declare)
            .unwrap()
    );
    bench.block(&who, &blocked);
    assert_eq!(bench.authorisation(&colleague, &who), Authorisation::Valide);
    for caller in [blocked.clone(), blocked.by(Authentication::Air)] {
        assert_eq!(bench.authorisation(&caller, &who), Authorisation::Interdit);
    }
    assert_eq!(
        bench.authorisation(&certificate(1), &who),
        Authorisation::Valide
    );
}

#[test]
fn the_patient_names_and_removes_a_medecin_traitant_who_keeps_his_access() {
    let (mut bench, who) = bench(Settings::default());
    let (author, traitant) = (physician(1, 1), physician(2, 2));
    let doc = document(1, &who, &author).with(Visibility::MASKED);
    bench.submit(&author, &who, &[doc]).unwrap();
    bench.name_medecin_traitant(&who, &traitant);
    let existence = bench.dmp.test_existence(&traitant.on(&who)).unwrap();
    assert!(existence.medecin_traitant);
    assert_eq!(existence.authorisation, Authorisation::Valide);
    assert_eq!(bench.reads(&traitant, &who, &doc_id(1)), Outcome::Done);
    bench.must(HolderAction::RemoveMedecinTraitant {
        patient: who,
        professional: traitant.ps(),
    });
    assert_eq!(bench.reads(&traitant, &who, &doc_id(1)), Outcome::Unknown);
    assert_eq!(bench.found(&traitant, &who), []);
}
