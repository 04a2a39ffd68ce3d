//! A practice with an outbox, on a DMP that fails as it is told.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::Path;
use std::sync::Arc;

use dmpkit::clock::Instant;
use dmpkit::connector::dispatch::{DispatchAnswer, DispatchRequest};
use dmpkit::connector::outbox::{ItemRequest, OutboxFilter, OutboxItem, OutboxRequest, Queued};
use dmpkit::connector::{Config, Connector, Session};
use dmpkit::dmp::embedded::Embedded;
use dmpkit::dmp::embedded::holder::HolderAction;
use dmpkit::identity::Ins;
use dmpkit::rules::habilitation::Habilitation;
use dmpkit::rules::outbox::State;
use serde_json::{Value, json};

use crate::flaky::{Call, Fate, Flaky, Shared};

pub const START: &str = "2026-03-02T08:00:00Z";

/// A practice.
pub struct Desk {
    pub folder: tempfile::TempDir,
    pub connector: Connector,
    pub told: Shared,
    pub doctor: Session,
}

pub fn ins() -> Ins {
    Ins::new("279035121518989", "1.2.250.1.213.1.4.10").expect("a test identity")
}

pub fn traits() -> Value {
    json!({"birthName": "TESSIER", "givenNames": ["CAMILLE"], "birthDate": "19790315", "sex": "F"})
}

/// A report with an identifier of its own.
pub fn report(n: u32) -> Vec<u8> {
    include_str!("../fixtures/cr_consultation_pdf.xml")
        .replace("1.2.250.1.999.1.1.2026.101", &report_id(n))
        .into_bytes()
}

/// A report that replaces another.
pub fn replacement(n: u32, of: u32) -> Vec<u8> {
    let related = format!(
        "<relatedDocument typeCode=\"RPLC\"><parentDocument><id root=\"{}\"/></parentDocument></relatedDocument>",
        report_id(of)
    );
    let text = String::from_utf8(report(n)).expect("UTF-8");
    assert_eq!(text.matches("<componentOf>").count(), 1);
    text.replace("<componentOf>", &format!("{related}<componentOf>"))
        .into_bytes()
}

pub fn report_id(n: u32) -> String {
    format!("1.2.250.1.999.1.1.2026.9.{n}")
}

pub fn config(folder: &Path, parameters: Value) -> Config {
    serde_json::from_value(json!({
        "register": folder.join("register.db"),
        "software": {"name": "T", "version": "1", "homologation": "H", "oid": "1.2.250.1.999.1"},
        "dmp": {"embedded": {"path": folder.join("dmp.db")}},
        "clock": START,
        "parameters": parameters,
    }))
    .expect("a configuration")
}

/// A connector on a DMP that fails as `told` says.
pub fn open(config: &Config, told: &Shared) -> Connector {
    let dmpkit::connector::config::Backend::Embedded(embedded) = &config.dmp else {
        unreachable!("these tests are on the embedded DMP")
    };
    let (path, parameters) = (embedded.path.clone(), config.parameters);
    let told = Arc::clone(told);
    Connector::open_on(config.clone(), None, |clock| {
        let inner = Embedded::open(&path, clock.clone(), parameters, Habilitation::default())?;
        Ok(Box::new(Flaky {
            inner: Box::new(inner),
            told,
        }))
    })
    .expect("a connector")
}

pub fn session(connector: &Connector, id: &str) -> Session {
    let requester = json!({
        "professional": {"id": id, "family": "BASTIDE", "given": "Hélène",
            "profession": "10", "specialty": "SM26"},
        "structure": {"id": "499900987654001", "name": "Cabinet", "sector": "SA07"},
        "authentication": "cps"
    });
    let requester = serde_json::from_value(requester).expect("a requester");
    connector.session(requester).expect("a session")
}

pub const DOCTOR: &str = "899900987654";

/// One item, whatever its patient's decisions.
pub fn request() -> OutboxRequest {
    serde_json::from_value(json!({"patient": ins()})).expect("a request")
}

impl Desk {
    pub fn new() -> Desk {
        Desk::with(json!({"feedsPerSecond": 0}))
    }

    pub fn with(parameters: Value) -> Desk {
        let folder = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .expect("a folder");
        let told = Shared::default();
        let connector = open(&config(folder.path(), parameters), &told);
        let doctor = session(&connector, DOCTOR);
        let desk = Desk {
            folder,
            connector,
            told,
            doctor,
        };
        desk.holder(json!({"action": "open_dossier", "patient": ins(), "traits": traits()}));
        desk.register(&traits(), "qualifiee");
        desk
    }

    pub fn register(&self, traits: &Value, status: &str) {
        let known = json!({"patient": ins(), "status": status, "traits": traits});
        let known = serde_json::from_value(known).expect("a patient");
        self.doctor.register_patient(&known).expect("registered");
    }

    pub fn holder(&self, action: Value) {
        let action: HolderAction = serde_json::from_value(action).expect("an action");
        self.connector.holder_act(&action, b"").expect("done");
    }

    /// The fate of every call from now on.
    pub fn fate(&self, fate: impl FnMut(Call, &str, usize) -> Fate + Send + 'static) {
        self.told.lock().expect("the plan").fate = Some(Box::new(fate));
    }

    /// From now on everything goes well.
    pub fn well(&self) {
        self.told.lock().expect("the plan").fate = None;
    }

    pub fn add(&self, n: u32) -> Queued {
        self.doctor
            .enqueue(&request(), &report(n))
            .expect("handed over")
    }

    pub fn change(&self, n: u32, change: &str) -> Queued {
        let request = json!({"patient": ins(), "uniqueId": report_id(n), "change": change});
        let request = serde_json::from_value(request).expect("a request");
        self.doctor.enqueue_change(&request).expect("handed over")
    }

    pub fn consent(&self, consent: Value) -> i64 {
        let request = json!({"patient": ins(), "consent": consent});
        let request = serde_json::from_value(request).expect("a request");
        self.doctor.record_consent(&request).expect("recorded")
    }

    pub fn oppose(&self) -> i64 {
        self.consent(
            json!({"kind": "feeding_opposition", "means": "oral", "wording": "w",
            "reason": "motif"}),
        )
    }

    pub fn dispatch(&self) -> DispatchAnswer {
        self.connector
            .dispatch(&DispatchRequest::default(), &mut |_| true)
            .expect("dispatched")
    }

    /// Dispatches and moves the clock to when it is of use again, until nothing goes by itself any more.
    pub fn drain(&self) -> DispatchAnswer {
        for _ in 0..100_000 {
            let answer = self.dispatch();
            match answer.next {
                Some(next) => self.at(next),
                None => return answer,
            }
        }
        panic!("the outbox is never empty");
    }

    pub fn at(&self, at: Instant) {
        let at = at.max(self.connector.now());
        self.connector.set_time(at).expect("moved");
    }

    pub fn item(&self, id: i64) -> OutboxItem {
        self.doctor
            .outbox_item(&ItemRequest { id })
            .expect("an item")
    }

    pub fn state(&self, id: i64) -> State {
        self.item(id).state
    }

    /// The rule behind an item's state.
    pub fn rule(&self, id: i64) -> String {
        let reason = self.item(id).reason.expect("a reason");
        let reason: Value = serde_json::from_str(reason.get()).expect("JSON");
        assert!(!reason["sentence"].as_str().expect("a sentence").is_empty());
        reason["rule"].as_str().expect("a rule").to_owned()
    }

    pub fn items(&self) -> Vec<OutboxItem> {
        let filter = OutboxFilter {
            limit: Some(10_000),
            ..OutboxFilter::default()
        };
        self.connector.audit_outbox(&filter).expect("a list").items
    }

    /// What the patient has in his dossier: each document, and how many there are of it.
    pub fn in_the_dmp(&self) -> Vec<String> {
        let action = json!({"action": "documents", "patient": ins()});
        let action: HolderAction = serde_json::from_value(action).expect("an action");
        let answer = self.connector.holder_act(&action, b"").expect("a list");
        let answer = serde_json::to_value(answer).expect("JSON");
        answer["documents"]
            .as_array()
            .expect("documents")
            .iter()
            .map(|d| d["uniqueId"].as_str().expect("uniqueId").to_owned())
            .collect()
    }

    /// How often each document reached the DMP's own deposit.
    pub fn deposits(&self) -> Vec<String> {
        self.told.lock().expect("the plan").deposits.clone()
    }

    pub fn calls(&self, call: Call) -> Vec<String> {
        let told = self.told.lock().expect("the plan");
        let of = told.calls.iter().filter(|(c, _)| *c == call);
        of.map(|(_, names)| names.clone()).collect()
    }

    pub fn verified(&self) {
        assert!(self.connector.verify_journal().expect("read").intact);
    }
}
