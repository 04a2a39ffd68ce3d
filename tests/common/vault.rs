//! A doctor at work on an embedded DMP, through the Rust interface, with or without a key.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::{Path, PathBuf};

use dmpkit::connector::StoreKey;
use dmpkit::connector::feed::FeedOptions;
use dmpkit::dmp::Requester;
use dmpkit::document::Oid;
use dmpkit::dossier::AuthorisationChange;
use dmpkit::error::StorageError;
use dmpkit::{Access, Config, Connector, ErrorKind, Result, Session};
use serde_json::{Value, json};

/// A configuration on files of a folder.
pub fn config(folder: &Path) -> Config {
    serde_json::from_value(json!({
        "register": folder.join("register.db"),
        "dmp": {"embedded": {"path": folder.join("dmp.db")}},
        "clock": "2026-01-12T09:00:00Z",
        "software": {"name": "Cabinet", "version": "1.0", "homologation": "DEMO", "oid": "1.2.250.1.999.1"},
    }))
    .expect("a configuration")
}

pub fn text(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}

/// A folder that lives as long as the test; in memory where the system has it.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a temporary folder")
}

pub fn raw(byte: u8) -> StoreKey {
    StoreKey::raw([byte; 32])
}

/// Opens with a key or without.
pub fn open(config: &Config, key: Option<&StoreKey>) -> Result<Connector> {
    match key {
        None => Connector::open(config.clone()),
        Some(key) => Connector::open_keyed(config.clone(), key),
    }
}

/// The kind of a storage error.
pub fn storage<T>(result: Result<T>) -> StorageError {
    match result.map(|_| ()).expect_err("an error").kind() {
        ErrorKind::Storage(kind) => *kind,
        other => panic!("{other:?}"),
    }
}

pub fn record<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a record")
}

pub fn ins() -> Value {
    json!({"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"})
}

/// A consultation report with a uniqueId of its own.
pub fn report(n: u32) -> Vec<u8> {
    include_str!("../fixtures/cr_consultation_pdf.xml")
        .replace("1.2.250.1.999.1.1.2026.101", report_id(n).as_str())
        .into_bytes()
}

pub fn report_id(n: u32) -> Oid {
    Oid::new(&format!("1.2.250.1.999.1.1.2026.9.{n}")).expect("an OID")
}

/// A connector with its doctor in the patient's dossier.
pub struct Work {
    pub connector: Connector,
    pub session: Session,
    pub access: Access,
}

impl Work {
    /// On new files.
    pub fn founded(config: &Config, key: Option<&StoreKey>) -> Work {
        let connector = open(config, key).expect("opened");
        let traits = json!({"birthName": "TESSIER", "givenNames": ["CAMILLE"], "birthDate": "19790315",
            "sex": "F"});
        let dossier = json!({"action": "open_dossier", "patient": ins(), "traits": traits});
        connector
            .holder_act(&record(dossier), &[])
            .expect("a dossier");
        let session = session(&connector);
        let patient = json!({"patient": ins(), "status": "qualifiee", "traits": traits});
        session
            .register_patient(&record(patient))
            .expect("registered");
        let work = Work::enter(connector, session);
        work.consent(1);
        let access = enter(&work.session);
        access
            .authorise(AuthorisationChange::Declare)
            .expect("an authorisation");
        Work { access, ..work }
    }

    /// On files that were there.
    pub fn reopened(config: &Config, key: Option<&StoreKey>) -> Work {
        let connector = open(config, key).expect("opened");
        let session = session(&connector);
        Work::enter(connector, session)
    }

    fn enter(connector: Connector, session: Session) -> Work {
        let access = enter(&session);
        Work {
            connector,
            session,
            access,
        }
    }

    pub fn feed(&self, n: u32) -> Result<()> {
        self.access
            .feed(&report(n), &FeedOptions::default())
            .map(|_| ())
    }

    /// Records a consent; its wording is numbered.
    pub fn consent(&self, n: u32) -> i64 {
        let consent = json!({"patient": ins(), "consent":
            {"kind": "care_team", "means": "oral", "wording": format!("affiche {n}")}});
        self.session
            .record_consent(&record(consent))
            .expect("recorded")
    }

    /// Documents 0 to `n` are there as they were fed, the journal is whole.
    pub fn holds(&self, n: u32) {
        for n in 0..n {
            let (bytes, _) = self.access.read(&report_id(n)).expect("read");
            assert!(bytes == report(n), "document {n} is not as it was fed");
        }
        assert!(self.connector.verify_journal().expect("verified").intact);
    }

    pub fn close(self) {
        self.connector.close().expect("closed");
    }
}

/// The doctor who wrote the reports.
pub fn doctor() -> Requester {
    record(json!({
        "professional": {"id": "899900987654", "family": "BASTIDE", "given": "Hélène",
            "profession": "10", "specialty": "SM26"},
        "structure": {"id": "499900987654001", "name": "Cabinet du Dr Bastide", "sector": "SA07"},
        "authentication": "cps",
    }))
}

fn session(connector: &Connector) -> Session {
    connector.session(doctor()).expect("a session")
}

/// Records a consent, if it can be.
pub fn try_consent(session: &Session) -> Result<i64> {
    session.record_consent(&record(json!({"patient": ins(), "consent":
        {"kind": "care_team", "means": "oral", "wording": "affiche"}})))
}

pub fn enter(session: &Session) -> Access {
    session
        .access(&record(json!({"patient": ins()})))
        .expect("an access")
}

/// Every file of a folder with its bytes, by name.
pub fn image(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let bytes = std::fs::read(&path).expect("readable");
            files.push((path, bytes));
        }
    }
    files.sort();
    files
}

/// Whether bytes hold a text in ASCII.
pub fn holds(bytes: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(text)
}
