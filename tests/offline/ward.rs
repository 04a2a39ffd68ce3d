//! A practice that keeps documents: an author who feeds, a reader who consults, one patient.

use common::simulated;
use dmpkit::connector::{Access, Connector, Session};
use dmpkit::dmp::Criteria;
use dmpkit::document::{Oid, Status};
use dmpkit::dossier::AuthorisationChange;
use dmpkit::error::{Error, Result};
use serde_json::{Value, json};

use crate::common::{self, fixture_text};

pub const INS: &str = r#"{"matricule":"279035121518989","oid":"1.2.250.1.213.1.4.10"}"#;
pub const AUTHOR: &str = "899900987654";
pub const READER: &str = "899900112233";
const START: &str = "2026-03-02T08:00:00Z";

pub fn ins() -> Value {
    serde_json::from_str(INS).expect("JSON")
}

pub fn record<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a record")
}

pub fn id(n: u32) -> Oid {
    Oid::new(&format!("1.2.250.1.999.1.1.2026.8.{n}")).expect("an OID")
}

/// A report of the author's, on an act of its own minute.
pub fn report(n: u32) -> Vec<u8> {
    assert!(n < 60);
    fixture_text("cr_consultation_pdf.xml")
        .replace("1.2.250.1.999.1.1.2026.101", id(n).as_str())
        .replace("20260112093000+0100", &format!("2026011209{n:02}00+0100"))
        .into_bytes()
}

/// The rule of a refusal.
pub fn rule(error: &Error) -> String {
    let refusal = error.refusal().unwrap_or_else(|| panic!("{error}"));
    refusal.explanation.rule.clone()
}

pub fn remedies(error: &Error) -> Vec<String> {
    let refusal = error.refusal().unwrap_or_else(|| panic!("{error}"));
    let remedies = refusal.explanation.remedies.iter();
    remedies.map(|r| r.code.clone()).collect()
}

/// Everything a search may give.
pub fn everything() -> Criteria {
    Criteria {
        status: vec![
            Status::Approved,
            Status::Deprecated,
            Status::Archived,
            Status::Deleted,
        ],
        ..Criteria::default()
    }
}

pub struct Ward {
    pub folder: tempfile::TempDir,
    pub connector: Connector,
    pub author: Session,
    pub reader: Session,
    /// The reader's consent record.
    pub consent: i64,
}

fn doctor(id: &str) -> dmpkit::dmp::Requester {
    common::office::requester(id, "10", Some("SM26"))
}

pub fn config(folder: &std::path::Path, offline: Option<Value>, dmp: Value) -> Value {
    let mut config = json!({
        "register": folder.join("register.db"),
        "software": {"name": "Test", "version": "1", "homologation": "H", "oid": "1.2.250.1.999.1"},
        "dmp": dmp,
        "clock": START,
    });
    if let Some(offline) = offline {
        config["offline"] = offline;
    }
    config
}

impl Ward {
    pub fn new() -> Ward {
        Ward::keeping(Some(json!({})))
    }

    pub fn keeping(offline: Option<Value>) -> Ward {
        let folder = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .expect("a folder");
        let dmp = simulated::dmp_of(&folder.path().join("dmp.db"));
        Ward::on(folder, offline, dmp)
    }

    pub fn on(folder: tempfile::TempDir, offline: Option<Value>, dmp: Value) -> Ward {
        let config = config(folder.path(), offline, dmp);
        let connector = Connector::open(record(config)).expect("a connector");
        let traits = json!({"birthName": "TESSIER", "givenNames": ["CAMILLE"],
            "birthDate": "19790315", "sex": "F"});
        let open = json!({"action": "open_dossier", "patient": ins(), "traits": traits});
        connector.holder_act(&record(open), &[]).expect("a dossier");
        let author = connector.session(doctor(AUTHOR)).expect("a session");
        let reader = connector.session(doctor(READER)).expect("a session");
        let known = json!({"patient": ins(), "status": "qualifiee", "traits": traits});
        author.register_patient(&record(known)).expect("registered");
        let mut ward = Ward {
            folder,
            connector,
            author,
            reader,
            consent: 0,
        };
        ward.consent = ward.agree(json!({"kind": "care_team"}));
        for session in [&ward.author, &ward.reader] {
            online(session)
                .authorise(AuthorisationChange::Declare)
                .expect("an authorisation");
        }
        ward
    }

    /// One more consent, collected by the reader.
    pub fn agree(&self, consent: Value) -> i64 {
        let mut consent = consent;
        consent["means"] = json!("oral");
        consent["wording"] = json!("affiche 2026-1");
        let request = json!({"patient": ins(), "consent": consent});
        self.reader
            .record_consent(&record(request))
            .expect("recorded")
    }

    pub fn revoke(&self, id: i64) {
        self.reader
            .revoke_consent(&record(json!({"patient": ins(), "id": id})))
            .expect("revoked");
    }

    pub fn feed(&self, n: u32) {
        online(&self.author)
            .feed(&report(n), &Default::default())
            .expect("fed");
    }

    /// The patient's side.
    pub fn patient(&self, mut action: Value) {
        action["patient"] = ins();
        self.connector
            .holder_act(&record(action), &[])
            .expect("done");
    }

    pub fn later(&self, hours: i64) {
        let at = self.connector.now().plus_seconds(hours * 3600);
        self.connector.set_time(at).expect("a clock");
    }

    /// A ward where these documents are fed, and read by the reader.
    pub fn having_read(numbers: &[u32]) -> Ward {
        let ward = Ward::new();
        ward.read_all(numbers);
        ward
    }

    pub fn read_all(&self, numbers: &[u32]) {
        for n in numbers {
            self.feed(*n);
        }
        let access = online(&self.reader);
        for n in numbers {
            let (bytes, _) = access.read(&id(*n)).expect("read");
            assert!(bytes == report(*n));
        }
    }

    /// What the reader finds offline; the rule that refuses.
    pub fn kept(&self) -> std::result::Result<Vec<Oid>, String> {
        kept_for(&self.reader)
    }

    /// Rows of a table of the register.
    pub fn rows(&self, table: &str) -> i64 {
        let file = rusqlite::Connection::open(self.folder.path().join("register.db"));
        file.expect("the register")
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get(0)
            })
            .expect("a count")
    }
}

pub fn online(session: &Session) -> Access {
    session
        .access(&record(json!({"patient": ins()})))
        .expect("an access")
}

pub fn try_offline(session: &Session) -> Result<Access> {
    session.access(&record(json!({"patient": ins(), "offline": true})))
}

pub fn offline(session: &Session) -> Access {
    try_offline(session).expect("an access without network")
}

pub fn kept_for(session: &Session) -> std::result::Result<Vec<Oid>, String> {
    let access = try_offline(session).map_err(|e| rule(&e))?;
    let found = access.find(&everything()).map_err(|e| rule(&e))?;
    let found = found.documents.into_iter();
    Ok(found.map(|d| d.entry.unique_id).collect())
}
