//! A practice on an embedded DMP, through the C face: a doctor at work on the patient of the fixtures.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::Path;

use serde_json::{Value, json};

use crate::face::{Reply, call};

#[path = "simulated.rs"]
pub mod simulated;

/// The patient of the consultation reports.
pub const INS: &str = r#"{"matricule":"279035121518989","oid":"1.2.250.1.213.1.4.10"}"#;
/// The patient of the laboratory reports, a minor to those who say so.
pub const OTHER_INS: &str = r#"{"matricule":"153078987658513","oid":"1.2.250.1.213.1.4.10"}"#;

pub fn ins() -> Value {
    serde_json::from_str(INS).expect("JSON")
}

/// Traits of an adult.
pub fn traits() -> Value {
    json!({"birthName": "TESSIER", "givenNames": ["CAMILLE"], "birthDate": "19790315", "sex": "F"})
}

/// Traits of the patient of the laboratory reports.
pub fn other_traits() -> Value {
    json!({"birthName": "GARRIGUE", "givenNames": ["ÉTIENNE"], "birthDate": "19530720", "sex": "M"})
}

/// Traits of a minor.
pub fn minor() -> Value {
    json!({"birthName": "TESSIER", "givenNames": ["CAMILLE"], "birthDate": "20150315", "sex": "F"})
}

/// The doctor who wrote the consultation reports.
pub fn doctor() -> Value {
    json!({
        "professional": {"id": "899900987654", "family": "BASTIDE", "given": "Hélène",
            "profession": "10", "specialty": "SM26"},
        "structure": {"id": "499900987654001", "name": "Cabinet du Dr Bastide", "sector": "SA07"},
        "authentication": "cps"
    })
}

/// A connector's configuration on files of a folder.
pub fn config(folder: &Path) -> Value {
    with_dmp(folder, &simulated::dmp_of(&folder.join("dmp.db")))
}

fn with_dmp(folder: &Path, dmp: &Value) -> Value {
    json!({
        "register": folder.join("register.db"),
        "dmp": dmp,
        "clock": "2026-01-12T09:00:00Z",
        "software": {"name": "Cabinet", "version": "1.0", "homologation": "DEMO",
            "oid": "1.2.250.1.999.1"}
    })
}

/// A folder that lives as long as the test; in memory where the system has it.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a temporary folder")
}

/// As [`config`], always on the embedded DMP.
pub fn config_on_files(folder: &Path) -> Value {
    with_dmp(
        folder,
        &json!({"embedded": {"path": folder.join("dmp.db")}}),
    )
}

/// Calls with a JSON record.
pub fn ask(name: &str, handle: usize, record: &Value) -> Reply {
    if name == "dmp_session_open" {
        simulated::equip_record(&record.to_string());
    }
    call(name, handle, Some(&record.to_string()), None)
}

/// Calls without any record.
pub fn bare(name: &str, handle: usize) -> Reply {
    call(name, handle, None, None)
}

pub fn open_connector(config: &Value) -> usize {
    ask("dmp_connector_open", 0, config).ok().handle
}

pub fn open_session(connector: usize, requester: &Value) -> usize {
    ask("dmp_session_open", connector, requester).ok().handle
}

pub fn open_access(session: usize, patient: &Value) -> usize {
    ask("dmp_access_open", session, &json!({"patient": patient}))
        .ok()
        .handle
}

/// A dossier opened by the CNAM.
pub fn open_dossier(connector: usize, patient: &Value, traits: &Value) {
    let action = json!({"action": "open_dossier", "patient": patient, "traits": traits});
    ask("dmp_holder_act", connector, &action).ok();
}

/// A patient registered, agreeing, whose dossier lets the session's professional in.
pub fn welcome(session: usize, patient: &Value, traits: &Value) -> usize {
    let record = json!({"patient": patient, "status": "qualifiee", "traits": traits});
    ask("dmp_patient_register", session, &record).ok();
    consent(session, patient);
    let access = open_access(session, patient);
    ask(
        "dmp_access_authorise",
        access,
        &json!({"change": "declare"}),
    )
    .ok();
    access
}

/// One more consent of the équipe de soins; its number.
pub fn consent(session: usize, patient: &Value) -> i64 {
    let record = json!({"patient": patient,
        "consent": {"kind": "care_team", "means": "oral", "wording": "affiche 2026-1"}});
    let answer = ask("dmp_consent_record", session, &record).ok().json();
    answer["id"].as_i64().expect("a number")
}

/// A practice at work.
pub struct Practice {
    pub folder: tempfile::TempDir,
    pub connector: usize,
    pub session: usize,
    pub access: usize,
}

impl Practice {
    pub fn open() -> Practice {
        Practice::with(&traits(), &doctor())
    }

    pub fn with(traits: &Value, requester: &Value) -> Practice {
        let folder = folder();
        let connector = open_connector(&config(folder.path()));
        open_dossier(connector, &ins(), traits);
        let session = open_session(connector, requester);
        let access = welcome(session, &ins(), traits);
        Practice {
            folder,
            connector,
            session,
            access,
        }
    }

    /// Feeds a document as the doctor.
    pub fn feed(&self, content: &[u8], options: &Value) -> Reply {
        let options = options.to_string();
        call(
            "dmp_document_feed",
            self.access,
            Some(&options),
            Some(content),
        )
    }

    pub fn stage(&self, content: &[u8], options: &Value) -> Reply {
        let options = options.to_string();
        call(
            "dmp_document_stage",
            self.access,
            Some(&options),
            Some(content),
        )
    }

    /// What the doctor reads back.
    pub fn read(&self, unique_id: &str) -> Reply {
        call("dmp_document_read", self.access, Some(unique_id), None)
    }

    /// The uniqueIds that the patient finds in the DMP, whoever may see them.
    pub fn in_the_dmp(&self) -> Vec<String> {
        documents_of(self.connector, &ins())
    }

    /// The journal, whole.
    pub fn journal(&self) -> Vec<Value> {
        journal(self.connector)
    }

    /// Demands a whole chain; answers its length.
    pub fn verified(&self) -> i64 {
        verified(self.connector)
    }

    /// Closes everything.
    pub fn close(self) {
        bare("dmp_access_close", self.access).ok();
        bare("dmp_session_close", self.session).ok();
        bare("dmp_connector_close", self.connector).ok();
    }
}

/// The uniqueIds that a patient finds in the DMP.
pub fn documents_of(connector: usize, patient: &Value) -> Vec<String> {
    let action = json!({"action": "documents", "patient": patient});
    let answer = ask("dmp_holder_act", connector, &action).ok().json();
    let documents = answer["documents"].as_array().expect("documents");
    documents
        .iter()
        .map(|d| d["uniqueId"].as_str().expect("uniqueId").to_owned())
        .collect()
}

/// The journal of a practice, whole.
pub fn journal(connector: usize) -> Vec<Value> {
    let answer = bare("dmp_journal_audit", connector).ok().json();
    answer["entries"].as_array().expect("entries").clone()
}

/// Demands that the journal's chain is whole; answers its length.
pub fn verified(connector: usize) -> i64 {
    let answer = bare("dmp_journal_verify", connector).ok().json();
    assert_eq!(answer["intact"], true, "{answer}");
    answer["entries"].as_i64().expect("a count")
}

/// A consultation report with a uniqueId of its own.
pub fn report(n: u32) -> Vec<u8> {
    include_str!("../fixtures/cr_consultation_pdf.xml")
        .replace("1.2.250.1.999.1.1.2026.101", &report_id(n))
        .into_bytes()
}

pub fn report_id(n: u32) -> String {
    format!("1.2.250.1.999.1.1.2026.9.{n}")
}

/// Feeds what cannot be fed: the status, and nothing in the DMP, nothing to read.
pub fn refused(
    practice: &Practice,
    name: &str,
    content: &[u8],
    options: &Value,
    status: &str,
) -> Reply {
    let before = practice.in_the_dmp();
    let reply = practice.feed(content, options);
    assert_eq!(reply.name(), status, "{name}: {:?}", reply.error);
    let staged = practice.stage(content, options);
    if status != "DMP_REFUSED_BY_DMP" {
        assert_eq!(staged.name(), status, "{name}, staged: {:?}", staged.error);
    }
    bare("dmp_document_unstage", practice.access).ok();
    assert_eq!(practice.in_the_dmp(), before, "{name} left something");
    reply
}
