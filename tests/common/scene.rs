//! One cell of a matrix put to the test: an actor of its column before a patient's dossier.

use dmpkit::clock::Instant;
use dmpkit::dmp::{Changed, DossierQuery, StatusChange, VisibilityChange};
use dmpkit::document::{Oid, Visibility};
use dmpkit::dossier::{Authorisation, Settings};
use dmpkit::error::Result;
use dmpkit::identity::Ins;
use dmpkit::rules::decide::Role;
use dmpkit::rules::{Authentication, Mode};

use crate::dmp::{
    Bench, Caller, Doc, MINOR, certificate, document, nurse, occupational, patient, patients_cda,
    physician, secretary,
};
use crate::matrices::Owner;

/// The structures of the actor and of another physician.
pub const HERE: u32 = 1;
pub const ELSEWHERE: u32 = 2;

/// The actor of a column: for AIR, the same people without a card.
pub fn actor_of(column: &str) -> Caller {
    let mut parts = column.split('.');
    let (how, who, mode) = (parts.next().unwrap(), parts.next().unwrap(), parts.next());
    let person = match who {
        "PS" => nurse(10, HERE),
        "MED" => physician(11, HERE),
        "MT" => physician(12, HERE),
        "TRAV" => occupational(13, HERE),
        "NONPS" | "PE" => secretary(14, HERE),
        "ALL" => certificate(HERE),
        _ => panic!("{column}"),
    };
    let person = match how {
        "AIR" => person.by(Authentication::Air),
        _ => person,
    };
    person.mode(match mode {
        Some("CR") => Mode::Centre15,
        Some("BG") => Mode::BrisDeGlace,
        _ => Mode::Normal,
    })
}

/// One cell put to the test: a patient of its own, in a DMP shared by all cells.
pub struct Scene<'b> {
    pub bench: &'b mut Bench,
    pub patient: Ins,
    pub actor: Caller,
    /// A physician of another structure.
    pub other: Caller,
    /// A médecin traitant of the patient, for what only he can prepare or check.
    pub witness: Caller,
}

impl<'b> Scene<'b> {
    /// A minor patient, so that every visibility code has its use.
    pub fn new(bench: &'b mut Bench, column: &str, masked_in_emergency: bool) -> Scene<'b> {
        let patient = patient(next());
        let settings = Settings {
            masked_in_emergency,
            ..Settings::default()
        };
        bench.open(&patient, MINOR, settings);
        let scene = Scene {
            actor: actor_of(column),
            other: physician(20, ELSEWHERE),
            witness: physician(21, 3),
            patient,
            bench,
        };
        scene.bench.name_medecin_traitant(&patient, &scene.witness);
        if column.contains(".MT.") {
            scene.bench.name_medecin_traitant(&patient, &scene.actor);
        } else if !no_grant(&scene.actor) {
            scene.bench.allow(&patient, &scene.actor);
        }
        scene
    }

    /// Deposits a document of an owner. Nothing can be fed under AIR: its people use their card.
    pub fn deposit(&mut self, owner: Owner, visibility: Visibility) -> Doc {
        let author = match owner {
            Owner::Patient => {
                let n = next();
                let id = self.bench.patient_deposits(n, &self.patient);
                let mut doc = document(n, &self.patient, &self.other);
                assert_eq!(doc.id(), &id);
                doc.content = patients_cda(n, &self.patient);
                return doc;
            }
            Owner::Actor => self.actor.by(Authentication::Cps).mode(Mode::Normal),
            Owner::Other => self.other.clone(),
            Owner::Structure => certificate(HERE),
            Owner::Secretary => secretary(15, HERE),
        };
        let doc = document(next(), &self.patient, &author).with(visibility);
        self.feed(&author, &doc);
        doc
    }

    pub fn feed(&mut self, author: &Caller, doc: &Doc) {
        let patient = self.patient;
        let docs = std::slice::from_ref(doc);
        self.bench.submit(author, &patient, docs).unwrap();
    }

    pub fn status(&mut self, by: &Caller, id: &Oid, change: StatusChange) -> Result<Changed> {
        let lot = self.bench.next_lot(&self.patient, by);
        self.bench
            .dmp
            .change_status(&by.on(&self.patient), id, change, &lot)
    }

    pub fn visibility(
        &mut self,
        by: &Caller,
        id: &Oid,
        change: VisibilityChange,
    ) -> Result<Changed> {
        let lot = self.bench.next_lot(&self.patient, by);
        self.bench
            .dmp
            .change_visibility(&by.on(&self.patient), id, change, &lot)
    }

    pub fn authorisation(&mut self, of: &Caller) -> Authorisation {
        self.bench
            .dmp
            .test_existence(&of.on(&self.patient))
            .unwrap()
            .authorisation
    }

    pub fn lists(&mut self, since: Option<Instant>) -> bool {
        let query = DossierQuery {
            since,
            ..DossierQuery::default()
        };
        let rows = self.bench.dmp.list_dossiers(&self.actor.alone(), &query);
        rows.unwrap().iter().any(|row| row.ins == self.patient)
    }
}

/// Numbers for patients and documents, never the same twice in a run.
pub fn next() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static LAST: AtomicU32 = AtomicU32::new(1);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// Whether the scene lets no one in: its actor has no health profession.
pub fn no_grant(actor: &Caller) -> bool {
    actor.requester.role() == Role::NonPs
}
