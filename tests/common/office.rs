//! A practice with its connector on an embedded DMP, in a temporary folder, on a clock of its own.

use std::cell::RefCell;
use std::collections::HashSet;

use dmpkit::connector::{Access, AccessRequest, Config, Connector, Session};
use dmpkit::dmp::Requester;
use dmpkit::dmp::embedded::holder::HolderAction;
use dmpkit::dossier::AuthorisationChange;
use dmpkit::identity::{IdentityTraits, Ins};
use serde_json::json;

/// A practice of one physician.
pub struct Office {
    pub folder: tempfile::TempDir,
    pub connector: Connector,
    pub doctor: Session,
    known: RefCell<HashSet<Ins>>,
}

/// A test identity by its matricule.
pub fn patient_of(matricule: &str) -> Ins {
    Ins::new(matricule, "1.2.250.1.213.1.4.10").expect("a test identity")
}

/// The configuration of a practice whose files are in a folder.
pub fn config(folder: &std::path::Path, register: &str) -> Config {
    let path = |name: &str| folder.join(name).display().to_string();
    serde_json::from_value(json!({
        "register": path(register),
        "software": {"name": "Test", "version": "1", "homologation": "H", "oid": "1.2.250.1.999.1"},
        "dmp": super::simulated::dmp_of(&folder.join("dmp.db")),
        "clock": "2026-03-02T08:00:00Z"
    }))
    .expect("a configuration")
}

/// A requester: PS_IdNat, profession, savoir-faire, in the practice's structure.
pub fn requester(id: &str, profession: &str, specialty: Option<&str>) -> Requester {
    let requester = serde_json::from_value(json!({
        "professional": {"id": id, "family": "NOM", "given": "Prénom",
            "profession": profession, "specialty": specialty},
        "structure": {"id": "499900987654001", "name": "Cabinet", "sector": "SA07"},
        "authentication": "cps"
    }))
    .expect("a requester");
    super::simulated::equip(&requester);
    requester
}

/// Traits that suit any patient; adult unless the year says otherwise.
pub fn traits(birth_date: &str) -> IdentityTraits {
    serde_json::from_value(json!({
        "birthName": "NOM", "givenNames": ["PRENOM"], "birthDate": birth_date, "sex": "F"
    }))
    .expect("traits")
}

impl Office {
    /// Opens a practice with its first session.
    pub fn new() -> Office {
        let folder = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .expect("a folder");
        let connector = Connector::open(config(folder.path(), "register.db")).expect("a connector");
        let doctor = connector
            .session(requester("899900987654", "10", Some("SM26")))
            .expect("a session");
        Office {
            folder,
            connector,
            doctor,
            known: RefCell::default(),
        }
    }

    /// Opens the patient's dossier in the DMP, registers him, records the équipe de soins' consent.
    pub fn know(&self, ins: &Ins) {
        self.know_as(ins, &traits("19790315"));
    }

    /// The same, under these traits.
    pub fn know_as(&self, ins: &Ins, traits: &IdentityTraits) {
        if !self.known.borrow_mut().insert(*ins) {
            return;
        }
        let open = HolderAction::OpenDossier {
            patient: *ins,
            traits: traits.clone(),
            attached_to_mes: None,
            settings: Default::default(),
            representatives: Vec::new(),
            to_notify: Vec::new(),
        };
        self.connector.holder_act(&open, &[]).expect("a dossier");
        let record = json!({"patient": ins, "status": "qualifiee", "traits": traits});
        self.doctor
            .register_patient(&serde_json::from_value(record).expect("a patient"))
            .expect("registered");
        let consent = json!({"patient": ins, "consent":
            {"kind": "care_team", "means": "oral", "wording": "affiche 2026-1"}});
        self.doctor
            .record_consent(&serde_json::from_value(consent).expect("a consent"))
            .expect("recorded");
    }

    /// Enters the dossier of a known patient, authorised.
    pub fn enter(&self, ins: &Ins) -> Access {
        enter(&self.doctor, ins)
    }
}

/// Enters a dossier in normal mode and declares the session's authorisation.
pub fn enter(session: &Session, ins: &Ins) -> Access {
    let request: AccessRequest =
        serde_json::from_value(json!({"patient": ins})).expect("a request");
    let access = session.access(&request).expect("an access");
    access
        .authorise(AuthorisationChange::Declare)
        .expect("an authorisation");
    access
}
