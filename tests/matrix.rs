//! Both functional rights matrices, every cell, against the embedded DMP: the real operation by a real
//! actor of the column, on both sides of each condition.

#[path = "common/dmp/mod.rs"]
mod dmp;
#[path = "common/matrices.rs"]
mod matrices;
#[path = "common/scene.rs"]
mod scene;

use dmp::{Bench, Caller, Doc, MINOR, Outcome, certificate, document, outcome, physician, ps_id};
use dmpkit::dmp::embedded::holder::HolderAction;
use dmpkit::dmp::{
    Changed, Criteria, DossierQuery, PatientSearch, ProfessionalsMode, StatusChange,
    VisibilityChange,
};
use dmpkit::document::{Oid, Status, Visibility};
use dmpkit::dossier::{Authorisation, AuthorisationChange};
use dmpkit::error::{ErrorKind, Result};
use dmpkit::rules::Mode;
use matrices::{AIR, Cell, DIRECT, Owner, cells, permits};
use scene::{ELSEWHERE, HERE, Scene, next, no_grant};

fn allowed(word: &str) -> Outcome {
    if word == "no" {
        Outcome::Denied
    } else {
        Outcome::Done
    }
}

// ---- rights that bear on the dossier

fn dossier_right(bench: &mut Bench, (right, column, word): Cell) {
    let s = &mut Scene::new(bench, column, false);
    let (patient, actor) = (s.patient, s.actor.clone());
    let context = actor.on(&patient);
    let dmp = &mut s.bench.dmp;
    match right {
        "TD0.1" => assert_eq!(outcome(dmp.authenticate(&context)), allowed(word)),
        "TD0.2" => {
            let existence = dmp.test_existence(&context).unwrap();
            let let_in = !no_grant(&actor);
            assert_eq!(existence.authorisation == Authorisation::Valide, let_in);
            assert_eq!(existence.medecin_traitant, column.contains(".MT."));
        }
        "TD0.5" => {
            let search = PatientSearch {
                name: "Garrigue".into(),
                given: None,
                birth_date: MINOR.into(),
                sex: None,
            };
            let found = dmp.find_patients(&actor.alone(), &search);
            assert!(found.as_ref().map_or(true, |list| !list.is_empty()));
            assert_eq!(outcome(found), allowed(word));
        }
        "TD0.9" | "TD0.10" => assert_eq!(outcome(dmp.web_access(&context)), allowed(word)),
        "TD1.3a" => {
            let data = dmp.administrative_data(&context).unwrap();
            assert!(data.medecins_traitants.contains(&ps_id(21)));
        }
        "TD1.6" => {
            let rows = dmp.list_professionals(&context, ProfessionalsMode::Toute);
            let names_him = |id: &str| rows.as_ref().is_ok_and(|r| r.iter().any(|p| p.id == id));
            assert_eq!(names_him(actor.requester.id()), word == "yes");
            assert_eq!(outcome(rows), allowed(word));
        }
        "TD0.3.declare" => declare(s, word),
        "TD0.3.remove" => {
            let change = AuthorisationChange::Remove;
            let done = dmp.set_authorisation(&context, change);
            assert_eq!(outcome(done), allowed(word));
            let left = s.authorisation(&actor.mode(Mode::Normal));
            assert_eq!(
                left == Authorisation::NonExiste,
                word == "yes" || no_grant(&actor)
            );
        }
        "TD0.3.remove_mt" => {
            let change = AuthorisationChange::StopMedecinTraitant;
            let done = dmp.set_authorisation(&context, change);
            assert_eq!(outcome(done), allowed(word));
            if word == "yes" {
                let after = s.bench.dmp.test_existence(&context).unwrap();
                assert!(!after.medecin_traitant, "no longer médecin traitant");
                assert_eq!(after.authorisation, Authorisation::Valide, "still let in");
            }
        }
        "TD0.4" => list_dossiers(s, word),
        _ => panic!("{right}"),
    }
}

/// TD0.3: the authorisation lands on the person, or on the structure of a person without a profession.
fn declare(s: &mut Scene<'_>, word: &str) {
    let (patient, actor) = (s.patient, s.actor.clone());
    let context = actor.on(&patient);
    // A médecin traitant who removed himself would stand in another column: he declares again.
    let again = s
        .bench
        .dmp
        .test_existence(&context)
        .unwrap()
        .medecin_traitant;
    if word == "yes" && !again {
        let change = AuthorisationChange::Remove;
        assert!(s.bench.dmp.set_authorisation(&context, change).unwrap());
        assert_eq!(s.authorisation(&actor), Authorisation::NonExiste);
    }
    let colleague = physician(30, HERE);
    let stranger = physician(31, ELSEWHERE);
    assert_eq!(s.authorisation(&colleague), Authorisation::NonExiste);
    let change = AuthorisationChange::Declare;
    let done = s.bench.dmp.set_authorisation(&context, change);
    assert!(
        done.as_ref().map_or(true, |did| *did != again),
        "nothing to do twice"
    );
    assert_eq!(outcome(done), allowed(word));
    if word == "yes" || word == "grant" {
        assert_eq!(s.authorisation(&actor), Authorisation::Valide);
    }
    let expected = match word {
        "grant" => Authorisation::Valide,
        _ => Authorisation::NonExiste,
    };
    assert_eq!(s.authorisation(&colleague), expected);
    assert_eq!(s.authorisation(&stranger), Authorisation::NonExiste);
    if word == "grant" {
        let context = s.witness.on(&patient);
        let mode = ProfessionalsMode::Active;
        let rows = s.bench.dmp.list_professionals(&context, mode).unwrap();
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        assert!(
            ids.contains(&actor.requester.structure.id.as_str()),
            "{ids:?}"
        );
        assert!(!ids.contains(&actor.ps().as_str()), "{ids:?}");
    }
}

/// TD0.4: one's own authorisations, or those of the structure, or its new ones alone.
fn list_dossiers(s: &mut Scene<'_>, word: &str) {
    let patient = s.patient;
    let now = s.bench.now();
    match word {
        "yes" => assert!(s.lists(None)),
        "no" => {
            let query = DossierQuery::default();
            let listed = s.bench.dmp.list_dossiers(&s.actor.alone(), &query);
            assert_eq!(outcome(listed), Outcome::Denied);
        }
        "same" | "since" => {
            let since = (word == "since").then_some(now);
            let declare = |s: &mut Scene<'_>, who: Caller| {
                let change = AuthorisationChange::Declare;
                s.bench
                    .dmp
                    .set_authorisation(&who.on(&patient), change)
                    .unwrap();
            };
            declare(s, physician(31, ELSEWHERE));
            assert!(!s.lists(since), "another structure's");
            declare(s, physician(30, HERE));
            assert!(s.lists(since), "a colleague's");
            assert!(
                !s.lists(Some(now.plus_seconds(1))),
                "given before that date"
            );
            if word == "since" {
                let query = DossierQuery::default();
                let error = s
                    .bench
                    .dmp
                    .list_dossiers(&s.actor.alone(), &query)
                    .unwrap_err();
                assert!(
                    matches!(error.kind(), ErrorKind::Caller { field, .. } if field == "since")
                );
            }
        }
        _ => panic!("{word}"),
    }
}

// ---- feeding and searching

/// TD2.1 and TD2.2. The port has one way to submit, and the card tells which of the two it is: a CPE
/// cannot ask for TD2.1, nor anyone else for TD2.2. Those cells are for the pure rules.
fn feeding(bench: &mut Bench, (right, column, word): Cell) {
    if (right == "TD2.2") != (column.starts_with("CPE")) && !column.starts_with("AIR") {
        return;
    }
    let s = &mut Scene::new(bench, column, false);
    let (patient, actor) = (s.patient, s.actor.clone());
    let doc = document(next(), &patient, &actor);
    let docs = std::slice::from_ref(&doc);
    let done = s.bench.submit(&actor, &patient, docs);
    assert_eq!(outcome(done), allowed(word));
    let seen = s
        .bench
        .dmp
        .documents(&s.witness.on(&patient), &[doc.id().clone()]);
    assert_eq!(seen.unwrap().len(), usize::from(word != "no"));
    if word == "struct" {
        // The structure answers for it: it may delete it, and no other structure may.
        let delete = StatusChange::Delete;
        let elsewhere = s.status(&certificate(ELSEWHERE), doc.id(), delete);
        assert_eq!(outcome(elsewhere), Outcome::Denied);
        let here = s.status(&certificate(HERE), doc.id(), delete);
        assert_eq!(outcome(here), Outcome::Done);
    }
}

fn searching(bench: &mut Bench, (right, column, word): Cell) {
    let s = &mut Scene::new(bench, column, false);
    let (patient, actor) = (s.patient, s.actor.clone());
    let doc = s.deposit(Owner::Other, Visibility::NORMAL);
    let ids = [doc.id().clone()];
    let context = actor.on(&patient);
    let dmp = &mut s.bench.dmp;
    if right == "TD3.1.reference" {
        let found = dmp.references(&context, &ids).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(&found[0].unique_id, doc.id());
        if word == "ref" {
            let masked = s.deposit(Owner::Other, Visibility::MASKED);
            let dmp = &mut s.bench.dmp;
            let none = dmp.references(&context, &[masked.id().clone()]).unwrap();
            assert_eq!(none, [], "a masked document of others has no reference");
        }
        return;
    }
    let searched = dmp.find(&context, &Criteria::default());
    if let Ok(page) = &searched {
        let found: Vec<&Oid> = page.documents.iter().map(|d| &d.unique_id).collect();
        assert_eq!(found, [doc.id()]);
    }
    assert_eq!(outcome(searched), allowed(word));
    // The four other queries give metadata too.
    let entry = dmp.references(&context, &ids).unwrap()[0]
        .entry_uuid
        .clone();
    let entries = [entry];
    assert_eq!(outcome(dmp.documents(&context, &ids)), allowed(word));
    assert_eq!(outcome(dmp.associations(&context, &entries)), allowed(word));
    let both = dmp.documents_and_associations(&context, &entries);
    assert_eq!(outcome(both), allowed(word));
    let lots = dmp.find_submission_sets(&context, dmp::start());
    assert_eq!(outcome(lots), allowed(word));
}

// ---- rights that bear on a document

/// Puts a document in the state that a right is about.
fn prepare(s: &mut Scene<'_>, right: &str, owner: Owner) -> Doc {
    let visibility = match right {
        "TD3.2.masked" | "TD3.3a.unmask" => Visibility::MASKED,
        "TD3.2.hidden_from_patient" | "TD3.3b.show_patient" => {
            Visibility::INVISIBLE_PATIENT.with(Visibility::INVISIBLE_REPRESENTATIVES)
        }
        _ => Visibility::NORMAL,
    };
    let doc = s.deposit(owner, visibility);
    let witness = s.witness.clone();
    match right {
        "TD3.2.archived" | "TD3.3d.unarchive" => {
            s.status(&witness, doc.id(), StatusChange::Archive).unwrap();
        }
        "TD3.2.deleted" => {
            let author = s.other.clone();
            s.status(&author, doc.id(), StatusChange::Delete).unwrap();
        }
        "TD3.2.obsolete" => {
            let author = s.other.clone();
            let new = document(next(), &s.patient, &author).replacing(doc.id());
            s.feed(&author, &new);
        }
        _ => {}
    }
    doc
}

fn reading(s: &mut Scene<'_>, right: &str, doc: &Doc) -> Outcome {
    let read = s.bench.dmp.read(&s.actor.on(&s.patient), doc.id());
    if let Ok(content) = &read {
        assert_eq!(content.bytes, doc.content);
        let status = match right {
            "TD3.2.archived" => Status::Archived,
            "TD3.2.obsolete" => Status::Deprecated,
            "TD3.2.deleted" => Status::Deleted,
            _ => Status::Approved,
        };
        assert_eq!(content.entry.availability_status, status);
    }
    outcome(read)
}

fn changing(s: &mut Scene<'_>, right: &str, doc: &Doc) -> Outcome {
    let actor = s.actor.clone();
    let id = doc.id();
    let seeing = |result: Result<Changed>, visibility: Visibility| {
        if let Ok(changed) = &result {
            assert_eq!(changed.visibility, visibility);
        }
        outcome(result)
    };
    let becoming = |result: Result<Changed>, status: Status| {
        if let Ok(changed) = &result {
            assert_eq!(changed.availability_status, status);
        }
        outcome(result)
    };
    match right {
        "TD3.3a.mask" => {
            let done = s.visibility(&actor, id, VisibilityChange::Mask);
            seeing(done, Visibility::MASKED)
        }
        "TD3.3a.unmask" => {
            let done = s.visibility(&actor, id, VisibilityChange::Unmask);
            seeing(done, Visibility::NORMAL)
        }
        "TD3.3b.show_patient" => {
            let first = s.visibility(&actor, id, VisibilityChange::ShowToPatient);
            let first = seeing(first, Visibility::INVISIBLE_REPRESENTATIVES);
            let then = s.visibility(&actor, id, VisibilityChange::ShowToRepresentatives);
            assert_eq!(seeing(then, Visibility::NORMAL), first);
            first
        }
        "TD3.3d.archive" => becoming(
            s.status(&actor, id, StatusChange::Archive),
            Status::Archived,
        ),
        "TD3.3d.unarchive" => becoming(
            s.status(&actor, id, StatusChange::Unarchive),
            Status::Approved,
        ),
        "TD3.3c.delete" => becoming(s.status(&actor, id, StatusChange::Delete), Status::Deleted),
        _ => panic!("{right}"),
    }
}

fn document_right(bench: &mut Bench, (right, column, word): Cell) {
    let with_card = matches!(column.split('.').nth(1), Some("PS" | "MED" | "MT" | "TRAV"));
    let owners: &[Owner] = match right {
        // Only the author deletes or replaces: the witness cannot prepare these for anyone else's.
        "TD3.2.deleted" | "TD3.2.obsolete" => &[Owner::Other],
        // A patient hides nothing from himself, and masks on his own side.
        "TD3.2.hidden_from_patient" | "TD3.3b.show_patient" | "TD3.2.masked" | "TD3.3a.unmask" => {
            &[Owner::Actor, Owner::Other]
        }
        _ => &[
            Owner::Actor,
            Owner::Other,
            Owner::Patient,
            Owner::Structure,
            Owner::Secretary,
        ],
    };
    for owner in owners.iter().filter(|o| with_card || **o != Owner::Actor) {
        for masked_in_emergency in [false, true] {
            let s = &mut Scene::new(bench, column, masked_in_emergency);
            let doc = prepare(s, right, *owner);
            let mt = column.contains(".MT.");
            let expected = if permits(word, *owner, masked_in_emergency, mt) {
                Outcome::Done
            } else if word != "no" && doc.visibility.masked() {
                // Hidden from this actor: the answer is that of an unknown document.
                Outcome::Unknown
            } else {
                Outcome::Denied
            };
            let got = if right.starts_with("TD3.2") {
                reading(s, right, &doc)
            } else {
                changing(s, right, &doc)
            };
            assert_eq!(
                got, expected,
                "{right} {column} {word} {owner:?}, masked in emergency {masked_in_emergency}"
            );
        }
    }
}

fn check(bench: &mut Bench, cell: Cell) {
    match cell.0 {
        "TD2.1" | "TD2.2" => feeding(bench, cell),
        right if right.starts_with("TD3.1") => searching(bench, cell),
        right if right.starts_with("TD3") => document_right(bench, cell),
        _ => dossier_right(bench, cell),
    }
}

#[test]
fn every_cell_of_the_direct_and_indirect_matrix() {
    let mut bench = Bench::new();
    for cell in cells(DIRECT) {
        // Shown only when a cell fails.
        println!("{cell:?}");
        check(&mut bench, cell);
    }
}

#[test]
fn every_cell_of_the_air_matrix() {
    let mut bench = Bench::new();
    for cell in cells(AIR) {
        // Shown only when a cell fails.
        println!("{cell:?}");
        check(&mut bench, cell);
    }
}

/// In a regulation centre a médecin traitant stands in the column of physicians, yet remains the one
/// whom the asterisk lets act on a patient's document.
#[test]
fn a_medecin_traitant_in_a_regulation_centre_acts_on_the_patients_documents() {
    let mut bench = Bench::new();
    for column in ["DIR.MED.CR", "AIR.MED.CR"] {
        for right in ["TD3.3d.archive", "TD3.3d.unarchive", "TD3.3c.delete"] {
            for named in [false, true] {
                let s = &mut Scene::new(&mut bench, column, false);
                if named {
                    s.bench.name_medecin_traitant(&s.patient, &s.actor);
                }
                let doc = prepare(s, right, Owner::Patient);
                let expected = if named {
                    Outcome::Done
                } else {
                    Outcome::Denied
                };
                assert_eq!(changing(s, right, &doc), expected, "{right} {column}");
            }
        }
    }
}

/// The asterisk is for a médecin traitant: a nurse whom the patient named by mistake is none.
#[test]
fn only_a_physician_is_medecin_traitant_whoever_the_patient_named() {
    let mut bench = Bench::new();
    let s = &mut Scene::new(&mut bench, "DIR.PS.N", false);
    s.bench.must(HolderAction::NameMedecinTraitant {
        patient: s.patient,
        professional: s.actor.ps(),
        name: None,
    });
    let existence = s.bench.dmp.test_existence(&s.actor.on(&s.patient)).unwrap();
    assert!(!existence.medecin_traitant);
    let doc = prepare(s, "TD3.3c.delete", Owner::Patient);
    assert_eq!(changing(s, "TD3.3c.delete", &doc), Outcome::Denied);
}
