//! A DMP in a temporary file, the people who call it, and the documents they make.

#![allow(dead_code, reason = "each test file uses its part")]

mod callers;
mod documents;
#[path = "../simulated.rs"]
mod simulated;

use std::sync::OnceLock;

use dmpkit::clock::{Clock, Instant};
use dmpkit::dmp::embedded::Embedded;
use dmpkit::dmp::embedded::holder::{HistoryLine, HolderAction, HolderAnswer, Notification, Side};
use dmpkit::dmp::national::National;
use dmpkit::dmp::{Criteria, Deposit, Dmp, Lot, Receipt, Software};
use dmpkit::document::{DocumentEntry, EntryUuid, Oid, SubmissionSet, Visibility};
use dmpkit::dossier::{Authorisation, Settings};
use dmpkit::error::{ErrorKind, Result};
use dmpkit::identity::{Ins, PsIdNat};
use dmpkit::rules::Parameters;
use dmpkit::rules::habilitation::Habilitation;
use dmpkit::simulator::Simulator;

pub use callers::*;
pub use documents::*;

/// When every story starts.
pub fn start() -> Instant {
    Instant::parse("2026-03-02T08:00:00Z").unwrap()
}

/// The one calling software.
pub fn software() -> &'static Software {
    static SOFTWARE: OnceLock<Software> = OnceLock::new();
    SOFTWARE.get_or_init(|| Software {
        name: "Logiciel de cabinet".into(),
        version: "1.0".into(),
        homologation: "NH-0000".into(),
        oid: oid("1.2.250.1.999"),
    })
}

pub fn oid(text: &str) -> Oid {
    Oid::new(text).unwrap()
}

/// A DMP in a temporary file, on a clock moved by hand.
pub struct Bench {
    _folder: tempfile::TempDir,
    pub clock: Clock,
    pub dmp: Box<dyn Dmp>,
    _simulator: Option<Simulator>,
    lots: u32,
}

impl Bench {
    pub fn new() -> Bench {
        Bench::with(Parameters::default(), Habilitation::default())
    }

    pub fn with(parameters: Parameters, habilitation: Habilitation) -> Bench {
        // In memory where the system has it: these files need not outlive a power cut.
        let folder = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .unwrap();
        let clock = Clock::manual(start());
        let path = folder.path().join("dmp.db");
        let simulator = simulated::national()
            .then(|| simulated::simulator(&path, parameters, habilitation.clone()));
        let dmp: Box<dyn Dmp> = match &simulator {
            Some(simulator) => {
                let mut config = simulated::address(simulator);
                let config = serde_json::from_value(config["national"].take()).unwrap();
                let keys = Box::new(simulated::AnyCard::default());
                Box::new(National::with_keyring(config, clock.clone(), keys).unwrap())
            }
            None => {
                let path = path.to_str().unwrap();
                let dmp = Embedded::open(path, clock.clone(), parameters, habilitation);
                Box::new(dmp.unwrap())
            }
        };
        Bench {
            _folder: folder,
            clock,
            dmp,
            _simulator: simulator,
            lots: 0,
        }
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Whether this DMP tells at once what it registered: the national one answers a deposit or a change with yes or no.
    pub fn tells(&self) -> bool {
        self._simulator.is_none()
    }

    /// The identifier of a document, as whoever knows that it is there asks for it.
    pub fn entry(&mut self, by: &Caller, patient: &Ins, id: &Oid) -> EntryUuid {
        let found = self
            .dmp
            .references(&by.on(patient), std::slice::from_ref(id));
        found.unwrap().remove(0).entry_uuid
    }

    pub fn set(&self, at: Instant) {
        assert!(self.clock.set(at));
    }

    // -- the holder's side

    pub fn act(&mut self, action: HolderAction) -> Result<HolderAnswer> {
        self.act_with(&action, b"")
    }

    /// As [`Bench::act`], with the CDA of a deposit.
    pub fn act_with(&mut self, action: &HolderAction, content: &[u8]) -> Result<HolderAnswer> {
        let side = self
            .dmp
            .holder_side()
            .expect("a DMP that plays the patient's side");
        side.act(action, content)
    }

    /// As [`Bench::act`], where the story needs it done.
    pub fn must(&mut self, action: HolderAction) -> HolderAnswer {
        self.act(action).unwrap()
    }

    pub fn open(&mut self, patient: &Ins, birth_date: &str, settings: Settings) {
        self.must(HolderAction::OpenDossier {
            patient: *patient,
            traits: traits(birth_date),
            attached_to_mes: None,
            settings,
            representatives: Vec::new(),
            to_notify: Vec::new(),
        });
    }

    pub fn allow(&mut self, patient: &Ins, caller: &Caller) {
        self.must(HolderAction::Allow {
            patient: *patient,
            professional: caller.ps(),
            name: None,
        });
    }

    pub fn block(&mut self, patient: &Ins, caller: &Caller) {
        self.must(HolderAction::Block {
            patient: *patient,
            professional: caller.ps(),
            name: None,
        });
    }

    pub fn name_medecin_traitant(&mut self, patient: &Ins, caller: &Caller) {
        self.must(HolderAction::NameMedecinTraitant {
            patient: *patient,
            professional: caller.ps(),
            name: None,
        });
    }

    /// The patient deposits the n-th document.
    pub fn patient_deposits(&mut self, n: u32, patient: &Ins) -> Oid {
        let action = HolderAction::Deposit {
            patient: *patient,
            visibility: Visibility::NORMAL,
        };
        let cda = patients_cda(n, patient);
        match self.act_with(&action, &cda).unwrap() {
            HolderAnswer::Deposited(receipt) => receipt.unique_id,
            other => panic!("{other:?}"),
        }
    }

    /// The documents a side sees.
    pub fn side_documents(&mut self, patient: &Ins, side: Side) -> Vec<DocumentEntry> {
        let patient = *patient;
        match self.must(HolderAction::Documents { patient, side }) {
            HolderAnswer::Documents(page) => page.documents,
            other => panic!("{other:?}"),
        }
    }

    /// The history a side reads.
    pub fn history(&mut self, patient: &Ins, side: Side) -> Vec<HistoryLine> {
        let patient = *patient;
        match self.must(HolderAction::History { patient, side }) {
            // Where a document is asked for on the way to another act, which is the one that counts.
            HolderAnswer::History { history } => {
                let acts = history.into_iter().filter(|line| line.action != "TD3.1b");
                acts.collect()
            }
            other => panic!("{other:?}"),
        }
    }

    /// The notifications a side, or a médecin traitant, received.
    pub fn notifications(
        &mut self,
        patient: &Ins,
        side: Side,
        medecin_traitant: Option<PsIdNat>,
    ) -> Vec<Notification> {
        let action = HolderAction::Notifications {
            patient: *patient,
            side,
            medecin_traitant,
        };
        match self.must(action) {
            HolderAnswer::Notifications { notifications } => notifications,
            other => panic!("{other:?}"),
        }
    }

    pub fn settle(&mut self, patient: &Ins, settings: Settings, existing_documents: bool) {
        self.must(HolderAction::Settings {
            patient: *patient,
            settings,
            existing_documents,
        });
    }

    pub fn mask(&mut self, patient: &Ins, id: &Oid, masked: bool) -> Result<HolderAnswer> {
        let (patient, unique_id) = (*patient, id.clone());
        self.act(if masked {
            HolderAction::Mask { patient, unique_id }
        } else {
            HolderAction::Unmask { patient, unique_id }
        })
    }

    // -- the professionals' side

    /// The uniqueIds that a professional finds.
    pub fn found(&mut self, by: &Caller, patient: &Ins) -> Vec<Oid> {
        let page = self
            .dmp
            .find(&by.on(patient), &Criteria::default())
            .unwrap();
        page.documents.into_iter().map(|d| d.unique_id).collect()
    }

    pub fn authorisation(&mut self, of: &Caller, patient: &Ins) -> Authorisation {
        let existence = self.dmp.test_existence(&of.on(patient)).unwrap();
        existence.authorisation
    }

    pub fn reads(&mut self, by: &Caller, patient: &Ins, id: &Oid) -> Outcome {
        outcome(self.dmp.read(&by.on(patient), id))
    }

    /// A lot of its own for the next change.
    pub fn next_lot(&mut self, patient: &Ins, by: &Caller) -> SubmissionSet {
        self.lots += 1;
        submission(self.lots, patient, by, self.now())
    }

    /// Submits documents as one lot.
    pub fn submit(&mut self, by: &Caller, patient: &Ins, docs: &[Doc]) -> Result<Vec<Receipt>> {
        let set = self.next_lot(patient, by);
        self.submit_as(by, patient, &set, docs)
    }

    /// Submits documents as a given lot.
    pub fn submit_as(
        &mut self,
        by: &Caller,
        patient: &Ins,
        set: &SubmissionSet,
        docs: &[Doc],
    ) -> Result<Vec<Receipt>> {
        let documents = docs
            .iter()
            .map(|doc| Deposit {
                metadata: &doc.metadata,
                visibility: doc.visibility,
                content: &doc.content,
                replaces: doc.replaces.as_ref(),
            })
            .collect();
        let lot = Lot {
            submission: set,
            documents,
        };
        self.dmp.submit(&by.on(patient), &lot)
    }
}

/// What a call came to, as the matrices tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// `DMPAccessDeniedByRightsService`.
    Denied,
    /// `XDSDocumentUniqueIdError`: no such document for this person.
    Unknown,
}

/// The outcome of a call; any other error fails the test.
pub fn outcome<T>(result: Result<T>) -> Outcome {
    match result {
        Ok(_) => Outcome::Done,
        Err(error) => match (error.dmp_code(), error.kind()) {
            (Some("DMPAccessDeniedByRightsService"), ErrorKind::Dmp(_)) => Outcome::Denied,
            (Some("XDSDocumentUniqueIdError"), ErrorKind::UnknownDocument(_)) => Outcome::Unknown,
            _ => panic!("{error:?}"),
        },
    }
}
