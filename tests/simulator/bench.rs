//! A simulator in a folder of its own, and the messages that a connector would send it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use dmpkit::clock::Instant;
use dmpkit::dmp::embedded::holder::HolderAction;
use dmpkit::dmp::national::keys::Keys;
use dmpkit::dmp::protocol::hl7::{self, Asked, Message};
use dmpkit::dmp::protocol::soap::{self, Transaction};
use dmpkit::dmp::protocol::vihf::{self, Issue, VihfSettings};
use dmpkit::dmp::{Context, Requester, Software};
use dmpkit::document::Oid;
use dmpkit::identity::{Authority, IdentityTraits, Ins, Sex};
use dmpkit::rules::Mode;
use dmpkit::simulator::pki::Pki;
use dmpkit::simulator::{ClockSetting, Options, SERVICES, Simulator, cards};
use dmpkit::terminology::Terminology;

use crate::client::{Answer, Client};

pub fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// The present of the simulators of these tests.
pub fn now() -> Instant {
    at("2026-03-02T09:00:00Z")
}

/// Two authorities, made once for all runs: RSA keys are slow to make.
fn authorities() -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _held = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("simulator-authorities");
    for name in ["ours", "other"] {
        let pki = Pki::open(&folder.join(name), at("2025-01-01T00:00:00Z")).unwrap();
        for one in cards::demonstration() {
            cards::issue(&pki, &one).unwrap();
        }
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub struct Bench {
    pub folder: tempfile::TempDir,
    pub simulator: Simulator,
}

/// A simulator's folder, with certificates in `ours` and those of a stranger in `other`.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&authorities(), folder.path());
    folder
}

pub fn options(folder: &Path) -> Options {
    Options {
        dmp: folder.join("dmp.db"),
        certificates: folder.join("ours"),
        log: Some(folder.join("exchanges.jsonl")),
        clock: ClockSetting::Fixed { at: now() },
        ..Options::default()
    }
}

pub fn bench() -> Bench {
    let folder = folder();
    let simulator = Simulator::start(options(folder.path())).unwrap();
    Bench { folder, simulator }
}

/// Of the demonstration: a physician, a nurse, a secretary, the structure.
pub fn physician() -> Requester {
    cards::demonstration()[0].clone()
}

pub fn nurse() -> Requester {
    cards::demonstration()[1].clone()
}

pub fn patient() -> Ins {
    Ins::with_authority("279035121518989", Authority::Test).unwrap()
}

pub fn traits() -> IdentityTraits {
    IdentityTraits {
        birth_name: "GARRIGUE".into(),
        given_names: vec!["CLAIRE".into()],
        birth_date: "19790315".into(),
        sex: Sex::F,
        birth_place: Some("51215".into()),
        used_name: None,
    }
}

pub fn software() -> Software {
    Software {
        name: "Logiciel de cabinet".into(),
        version: "1.0".into(),
        homologation: "NH-0000".into(),
        oid: Oid::new("1.2.250.1.999").unwrap(),
    }
}

/// The name of a card's files.
pub fn file_of(requester: &Requester) -> String {
    let id = match &requester.professional {
        Some(professional) => professional.id.as_str(),
        None => requester.structure.id.as_str(),
    };
    dmpkit::dmp::national::keys::file_stem(id).unwrap()
}

/// An assertion, as a connector signs it.
pub fn assertion(requester: &Requester, patient: Option<&Ins>, keys: &Keys, at: Instant) -> String {
    assertion_in(Mode::Normal, requester, patient, keys, at)
}

/// As [`assertion`], in a mode.
pub fn assertion_in(
    mode: Mode,
    requester: &Requester,
    patient: Option<&Ins>,
    keys: &Keys,
    at: Instant,
) -> String {
    let software = software();
    let context = Context {
        software: &software,
        requester,
        mode,
        reason: None,
        patient,
        login: at,
    };
    let id = vihf::new_id().unwrap();
    let issue = Issue { id: &id, at };
    let settings = VihfSettings::default();
    let terms = Terminology::embedded();
    vihf::sign(&context, &issue, &settings, &terms, keys.signature.as_ref()).unwrap()
}

pub const MESSAGE: &str = "urn:uuid:0e5e0a6c-6b0e-4b8e-9f38-2b8f7a0f0001";

/// The envelope of a request.
pub fn envelope(transaction: Transaction, assertion: &str, payload: &str) -> String {
    soap::Request {
        transaction,
        message_id: MESSAGE,
        to: "",
        assertion,
        payload,
    }
    .write()
}

/// The payload of TD0.2.
pub fn existence(patient: &Ins) -> String {
    let message = Message::of(&software(), "b7a5e1f0-0001-4000-8000-000000000001");
    hl7::existence_request(Asked::Existence, patient, &message, now())
}

impl Bench {
    pub fn client(&self, requester: &Requester) -> Client {
        self.client_of(&format!("ours/cards/{}.auth.pem", file_of(requester)))
    }

    pub fn client_of(&self, card: &str) -> Client {
        Client {
            address: self.simulator.address(),
            authority: self.simulator.pki().ca_der().to_vec(),
            card: Some(self.folder.path().join(card)),
        }
    }

    pub fn keys(&self, requester: &Requester) -> Keys {
        cards::issue(self.simulator.pki(), requester).unwrap()
    }

    pub fn open(&self) {
        let open = HolderAction::OpenDossier {
            patient: patient(),
            traits: traits(),
            attached_to_mes: None,
            settings: Default::default(),
            representatives: Vec::new(),
            to_notify: Vec::new(),
        };
        self.simulator.act(&open, b"").unwrap();
    }

    /// Sends a payload as this person, about the patient.
    pub fn send(&self, who: &Requester, transaction: Transaction, payload: &str) -> Answer {
        let text = assertion(who, Some(&patient()), &self.keys(who), now());
        self.post(who, transaction, &envelope(transaction, &text, payload))
    }

    /// Sends an envelope over this person's connection.
    pub fn post(&self, who: &Requester, transaction: Transaction, envelope: &str) -> Answer {
        let path = format!("{SERVICES}{}", transaction.service().suffix());
        let media = format!("{}; charset=UTF-8", soap::MEDIA_TYPE);
        self.client(who)
            .ask("POST", &path, &media, envelope.as_bytes())
    }
}
