//! A practice as the benches need one: its software, a physician, patients, documents.

use std::path::Path;

use dmpkit::clock::{Clock, Instant};
use dmpkit::connector::Config;
use dmpkit::connector::config::{AuthorisationPolicy, Backend, EmbeddedConfig};
use dmpkit::connector::session::PatientRecord;
use dmpkit::dmp::embedded::Embedded;
use dmpkit::dmp::embedded::holder::HolderAction;
use dmpkit::dmp::{Context, Requester, Software};
use dmpkit::document::Oid;
use dmpkit::identity::{
    IdentityStatus, IdentityTraits, Ins, Professional, PsIdNat, Sex, StructIdNat, Structure,
};
use dmpkit::rules::habilitation::Habilitation;
use dmpkit::rules::{Authentication, Capacity, Mode, Parameters};
use rusqlite::Connection;

/// A consultation report with its body in PDF.
pub const REPORT: &str = include_str!("../tests/fixtures/cr_consultation_pdf.xml");

/// What [`REPORT`] says of itself and of its patient.
pub const REPORT_ID: &str = "1.2.250.1.999.1.1.2026.101";
const REPORT_PATIENT: &str = "279035121518989";
const TEST_INS: &str = "1.2.250.1.213.1.4.10";

/// The day of the benches.
pub fn today() -> Instant {
    Instant::parse("2026-07-01T08:00:00Z").expect("an instant")
}

/// The calling software.
pub fn software() -> Software {
    Software {
        name: "Banc d'essai".into(),
        version: "1".into(),
        homologation: "BENCH-1".into(),
        oid: Oid::new("1.2.250.1.999.1.2").expect("an OID"),
    }
}

/// The author of [`REPORT`], with a CPS card.
pub fn physician() -> Requester {
    Requester {
        professional: Some(Professional {
            id: PsIdNat::new("899900987654").expect("a PS_IdNat"),
            family: "BASTIDE".into(),
            given: "Hélène".into(),
            profession: Some("10".into()),
            specialty: Some("SM26".into()),
            role: None,
        }),
        structure: Structure {
            id: StructIdNat::new("499900987654001").expect("a Struct_IdNat"),
            name: "Cabinet médical des Noisetiers".into(),
            sector: "SA07".into(),
        },
        authentication: Authentication::Cps,
        capacity: Capacity::Care,
        secret: false,
    }
}

/// The patient of [`REPORT`].
pub fn patient() -> Ins {
    Ins::new(REPORT_PATIENT, TEST_INS).expect("an INS")
}

/// Another patient for each number.
pub fn nth_patient(n: usize) -> Ins {
    let first13 = 2_790_351_000_000 + n as u64;
    let matricule = format!("{first13}{:02}", 97 - first13 % 97);
    Ins::new(&matricule, TEST_INS).expect("an INS")
}

/// The traits of [`REPORT`]'s patient.
pub fn traits() -> IdentityTraits {
    IdentityTraits {
        birth_name: "TESSIER".into(),
        given_names: vec!["CAMILLE".into(), "ANNE".into(), "LOUISE".into()],
        birth_date: "19790315".into(),
        sex: Sex::F,
        birth_place: Some("51215".into()),
        used_name: Some("MOREL".into()),
    }
}

/// The CNAM opens a patient's dossier.
pub fn open_dossier(patient: Ins) -> HolderAction {
    HolderAction::OpenDossier {
        patient,
        traits: traits(),
        attached_to_mes: None,
        settings: Default::default(),
        representatives: Vec::new(),
        to_notify: Vec::new(),
    }
}

/// An embedded DMP on its file, [`today`].
pub fn embedded(path: &str) -> Embedded {
    Embedded::open(
        path,
        Clock::manual(today()),
        Parameters::default(),
        Habilitation::default(),
    )
    .expect("an embedded DMP")
}

/// A call about a patient, in normal mode.
pub fn context<'a>(
    software: &'a Software,
    requester: &'a Requester,
    patient: &'a Ins,
) -> Context<'a> {
    Context {
        software,
        requester,
        mode: Mode::Normal,
        reason: None,
        patient: Some(patient),
        login: dmpkit::clock::Instant::parse("2026-03-02T08:00:00Z").expect("an instant"),
    }
}

/// The configuration of a connector whose files stand in a folder, on the benches' day.
pub fn config(folder: &Path) -> Config {
    let path = |name| folder.join(name).to_str().expect("a path").to_owned();
    Config {
        register: path("register.db"),
        software: software(),
        dmp: Backend::Embedded(EmbeddedConfig {
            path: path("dmp.db"),
            habilitation: None,
        }),
        clock: Some(today()),
        authorisation: AuthorisationPolicy::Explicit,
        domain: None,
        parameters: Parameters::default(),
        offline: None,
        terminology: None,
    }
}

/// The patient of [`REPORT`] as the practice registers him.
pub fn patient_record() -> PatientRecord {
    PatientRecord {
        patient: patient(),
        status: IdentityStatus::Qualifiee,
        traits: traits(),
    }
}

/// Page sizes of the library's two files: the register's, which is SQLite's own default, and the DMP's.
pub const SMALL_PAGES: u32 = 4_096;
/// See [`SMALL_PAGES`].
pub const LARGE_PAGES: u32 = 16_384;

/// Opens a SQLite file as the library opens its own, for a peer: the same durability, the same cache.
/// The size of its pages is chosen when the file is made.
pub fn peer_file(path: &Path, page_size: u32, tables: &str) -> Connection {
    let peer = Connection::open(path).expect("a file");
    peer.execute_batch(&format!(
        "PRAGMA page_size = {page_size}; PRAGMA journal_mode = wal; PRAGMA synchronous = FULL; {tables}"
    ))
    .expect("tables");
    peer
}
