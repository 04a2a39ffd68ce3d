//! A practice whose every free text holds a marker, good records for every function of the C face, and
//! what a failure must look like.

#![allow(dead_code, reason = "each test file uses its part")]

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dmpkit::ffi::library::dmp_open_handles;
use serde_json::{Value, json};

use crate::face::{Function, On, Reply, Text, function, logged};
use crate::practice::{
    Practice, ask, bare, config, config_on_files, ins, report, report_id, simulated,
};

/// Planted in every value of the practice and of the inputs: no error and no log line may hold it.
pub const MARKER: &str = "ZZSECRET";

/// One test at a time: they count the handles and read the log of the whole process.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A practice whose every free text holds the marker, its log read, with one document.
pub struct World {
    pub practice: Practice,
    pub handles_before: i64,
    /// Number of the last journal entry that is not a refusal.
    seen: Cell<i64>,
    _alone: MutexGuard<'static, ()>,
}

impl World {
    pub fn open() -> World {
        let _alone = alone();
        logged();
        let handles_before = dmp_open_handles();
        let practice = Practice::with(&traits(), &requester());
        std::fs::create_dir(practice.folder.path().join(MARKER)).expect("a folder");
        function("dmp_connector_set_log")
            .call(practice.connector, None, None)
            .ok();
        practice.feed(&marked(1), &json!({"comments": MARKER})).ok();
        World {
            practice,
            handles_before,
            seen: Cell::new(0),
            _alone,
        }
    }

    pub fn handle(&self, on: On) -> usize {
        match on {
            On::Nothing => 0,
            On::Connector => self.practice.connector,
            On::Session => self.practice.session,
            On::Access => self.practice.access,
        }
    }

    /// What the practice and the DMP hold: of the journal, the last entry that is not a refusal.
    pub fn effects(&self) -> Vec<Value> {
        let p = &self.practice;
        let after = self.seen.get();
        let filter = json!({ "after": after });
        let fresh = ask("dmp_journal_audit", p.connector, &filter).ok().json();
        for entry in fresh["entries"].as_array().expect("entries") {
            if entry["outcome"] == "done" {
                self.seen.set(entry["number"].as_i64().expect("a number"));
            }
        }
        vec![
            json!(self.seen.get()),
            json!(p.in_the_dmp()),
            ask("dmp_patient_get", p.session, &ins()).ok().json(),
            ask("dmp_consent_list", p.session, &ins()).ok().json(),
            bare("dmp_emergency_list", p.connector).ok().json(),
            bare("dmp_outbox_audit", p.connector).ok().json(),
        ]
    }

    pub fn close(self) {
        self.practice.verified();
        self.practice.close();
        for line in logged() {
            assert!(!line.contains(MARKER), "the log tells a value: {line}");
            assert!(
                !line.contains("279035121518989"),
                "the log tells an INS: {line}"
            );
            assert!(!line.contains('\n') && line.is_ascii(), "{line:?}");
        }
        assert_eq!(dmp_open_handles(), self.handles_before);
    }
}

pub fn traits() -> Value {
    json!({"birthName": MARKER, "givenNames": [MARKER], "birthDate": "19790315", "sex": "F",
        "birthPlace": "51215", "usedName": MARKER})
}

pub fn requester() -> Value {
    json!({
        "professional": {"id": "899900987654", "family": MARKER, "given": MARKER,
            "profession": "10", "specialty": "SM26"},
        "structure": {"id": "499900987654001", "name": MARKER, "sector": "SA07"},
        "authentication": "cps", "capacity": "care", "secret": false
    })
}

/// Good records of each function, with all their fields.
pub fn good(name: &str, folder: &std::path::Path) -> Vec<Value> {
    let ins = ins();
    let id = report_id(1);
    let one = match name {
        "dmp_connector_open" => {
            let mut config = config(&folder.join(MARKER));
            config["authorisation"] = json!("explicit");
            config["domain"] = json!("test");
            config["parameters"] = json!({"authorisationMonths": 6, "minors": true});
            for field in ["name", "version", "homologation"] {
                config["software"][field] = json!(MARKER);
            }
            let mut national = config.clone();
            national["dmp"] = national_dmp();
            return vec![config, national];
        }
        "dmp_connector_open_keyed" => {
            let mut config = config(&folder.join(MARKER));
            config["register"] = json!(folder.join(MARKER).join("keyed.db"));
            config["dmp"] = json!({"embedded": {"path": folder.join(MARKER).join("keyed-dmp.db")}});
            config
        }
        // Keys are of files: the DMP is one of them here.
        "dmp_register_rekey" => config_on_files(&folder.join(MARKER).join("nothing-there")),
        "dmp_register_backup" => json!({"path": folder.join(MARKER).join("backup.db")}),
        "dmp_register_restore" => json!({"register": folder.join(MARKER).join("restored.db"),
            "backup": folder.join(MARKER).join("nothing-there.db"), "replace": true}),
        "dmp_register_salvage" => json!({"register": folder.join(MARKER).join("nothing-there.db"),
            "destination": folder.join(MARKER).join("saved.jsonl")}),
        "dmp_holder_act" => {
            let who = json!("899900112233");
            return vec![
                json!({"action": "open_dossier", "patient": ins, "traits": traits(),
                    "attachedToMes": true, "settings": {"maskedByDefault": false},
                    "representatives": [{"family": MARKER, "given": MARKER, "relation": "MTH", "contact": MARKER}],
                    "toNotify": [{"family": MARKER, "given": MARKER, "contact": MARKER}]}),
                json!({"action": "settings", "patient": ins, "settings":
                    {"oppositionBrisDeGlace": false, "maskedInEmergency": false}, "existingDocuments": false}),
                json!({"action": "block", "patient": ins, "professional": who, "name": MARKER}),
                json!({"action": "unblock", "patient": ins, "professional": who}),
                json!({"action": "deposit", "patient": ins, "visibility": ["MASQUE_PS"]}),
                json!({"action": "unmask", "patient": ins, "uniqueId": id}),
                json!({"action": "documents", "patient": ins, "as": "representative"}),
                json!({"action": "notifications", "patient": ins, "medecinTraitant": who}),
            ];
        }
        "dmp_session_open" => requester(),
        "dmp_patient_register" => {
            json!({"patient": ins, "status": "qualifiee", "traits": traits()})
        }
        "dmp_patient_get" | "dmp_consent_list" => ins,
        "dmp_patient_find" => {
            json!({"name": MARKER, "given": MARKER, "birthDate": "19790315", "sex": "F"})
        }
        "dmp_dossier_list" => {
            json!({"since": "2026-01-01T00:00:00Z", "date": "last_authorisation"})
        }
        "dmp_consent_record" => json!({"patient": ins, "consent": {"kind": "explicit",
            "grantee": "899900112233", "document": null, "means": "written", "wording": MARKER,
            "reason": MARKER, "expiresAt": "2027-01-01T00:00:00Z"}}),
        "dmp_consent_revoke" => json!({"patient": ins, "id": 9999}),
        "dmp_access_open" => {
            json!({"patient": ins, "mode": "bris_de_glace", "relation": "care_team",
            "reason": MARKER, "minutes": 30})
        }
        "dmp_access_confirm_identity" => json!({"note": MARKER}),
        "dmp_access_authorise" => json!({"change": "declare"}),
        "dmp_access_professionals" => json!({"mode": "TOUTE"}),
        "dmp_document_feed" | "dmp_document_stage" => json!({"visibility": ["MASQUE_PS"],
            "representatives": "visible", "replaces": id, "contentType": "07", "comments": MARKER}),
        "dmp_document_find" => {
            json!({"status": ["Approved"], "serviceStartFrom": "2020-01-01T00:00:00Z",
            "classCode": [MARKER], "author": MARKER, "limit": 10, "visibility": ["INVISIBLE_PATIENT"],
            "after": {"serviceStart": "2026-01-01T00:00:00Z", "uniqueId": id}})
        }
        "dmp_document_reference" => json!({"uniqueIds": [id]}),
        "dmp_document_preload" => json!({"criteria": {"author": MARKER}, "limit": 5}),
        "dmp_document_news" => json!({"since": "2026-01-01T00:00:00Z"}),
        "dmp_journal_read" => {
            json!({"action": MARKER, "document": id, "from": "2026-01-01T00:00:00Z",
            "to": "2027-01-01T00:00:00Z", "limit": 5})
        }
        "dmp_journal_audit" => json!({"actor": MARKER, "patient": MARKER, "action": MARKER,
            "document": id, "from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z", "after": 1, "limit": 5}),
        "dmp_journal_verify_sealed" => {
            json!({"seals": [{"serial": 1, "number": 1, "head": "0".repeat(64),
            "entries": 1, "at": "2026-01-01T00:00:00Z", "structure": MARKER, "mac": "0".repeat(64)}]})
        }
        "dmp_journal_prune" => json!({"before": "2006-01-01T00:00:00Z", "reason": MARKER}),
        "dmp_journal_export" => {
            json!({"format": "fhir", "filter": {"actor": MARKER, "patient": MARKER,
            "action": MARKER, "document": id, "from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z",
            "after": 1, "limit": 5}})
        }
        "dmp_emergency_list" => json!({"unreviewed": true}),
        "dmp_emergency_review" => json!({"id": 9999, "note": MARKER}),
        "dmp_cda_check" => json!({"format": MARKER}),
        "dmp_cda_render" => {
            json!({"form": "html", "duties": {"obsolete": true, "replacedBy": MARKER}})
        }
        "dmp_document_render" => json!({"uniqueId": id, "form": "text"}),
        "dmp_document_check" => json!({"visibility": ["MASQUE_PS"], "comments": MARKER}),
        "dmp_document_wrap" | "dmp_cda_wrap" => json!({
            "type": {"code": "11488-4", "label": MARKER}, "title": MARKER,
            "patient": {"ins": ins, "traits": traits(), "usedGiven": MARKER},
            "authors": [{"who": {"professional": {"person": requester()["professional"]}}}],
            "structure": requester()["structure"],
            "effectiveTime": "2026-01-12T10:05:30+01:00", "service": {"start": "2026-01-12"},
            "practiceSetting": {"code": "AMBULATOIRE"},
            "contact": {"address": {"lines": [MARKER]}},
        }),
        "dmp_takeover_run" => {
            // An empty folder, and a file that is not there: whatever is taken leaves nothing but its entry.
            let everything = json!({"folder": folder.join(MARKER), "from": "2020-01-01T00:00:00Z",
                "to": "2026-01-01T00:00:00Z", "typeCode": [MARKER], "patients": [ins], "exclude": [ins],
                "authors": [MARKER], "visibility": ["MASQUE_PS"], "representatives": "visible",
                "legalPerson": true, "lateDays": 31, "dryRun": false, "limit": 10, "again": true, "lines": 5});
            return vec![
                everything,
                json!({"files": [folder.join(MARKER).join("absent.xml")]}),
            ];
        }
        "dmp_terminology_list" => json!({"set": "JDV_J66-TypeCode-DMP", "at": "20260101"}),
        "dmp_terminology_check" => {
            json!({"set": "JDV_J66-TypeCode-DMP", "system": MARKER, "code": MARKER,
            "at": "20260101"})
        }
        "dmp_terminology_label" => json!({"system": MARKER, "code": MARKER}),
        "dmp_terminology_load" => {
            let concept = json!({"system": MARKER, "code": MARKER, "label": MARKER});
            let mut dated = concept.clone();
            (dated["since"], dated["until"]) = (json!("20260101"), json!("20270101"));
            json!({
                "sets": [{"name": MARKER, "oid": "1.2.250.1.999.3.1", "version": "20260101",
                    "source": MARKER, "concepts": [dated]}],
                "correspondences": [{"name": "A table", "oid": "1.2.250.1.999.3.2", "version": "20260101",
                    "source": MARKER, "mappings": [{"system": MARKER, "code": MARKER, "target": concept}]}],
            })
        }
        "dmp_outbox_add" => json!({"patient": ins, "options": {"visibility": ["MASQUE_PS"],
            "representatives": "visible", "replaces": id, "contentType": "07", "comments": MARKER}}),
        "dmp_outbox_add_change" => json!({"patient": ins, "uniqueId": id, "change": "archive"}),
        "dmp_outbox_list" | "dmp_outbox_audit" => {
            json!({"states": ["held", "dead"], "after": 1, "limit": 5})
        }
        "dmp_outbox_get" | "dmp_outbox_give_up" | "dmp_outbox_resend" => json!({"id": 9999}),
        "dmp_outbox_correct" => json!({"id": 9999, "options": {"visibility": ["MASQUE_PS"],
            "comments": MARKER}}),
        // A file that is not there: whatever is taken leaves nothing.
        "dmp_outbox_recover" => {
            json!({"file": folder.join(MARKER).join("absent.jsonl"), "dryRun": true})
        }
        "dmp_outbox_stop" | "dmp_outbox_restart" => json!({"what": "take_over"}),
        "dmp_outbox_dispatch" => json!({"maxItems": 1, "maxSeconds": 1, "takeOver": false,
            "utcOffsetMinutes": 120}),
        other => panic!("{other} takes no record"),
    };
    vec![one]
}

/// The configuration of a national DMP, whole; nobody is there, and nothing is asked of it.
fn national_dmp() -> Value {
    let url = format!("https://{MARKER}.exemple");
    let material = json!({"certificates": MARKER, "key": MARKER});
    json!({"national": {
        "url": url,
        "services": {"patients": url, "habilitations": url, "registry": url, "repository": url},
        "network": {
            "trust": {"pem": simulated::pki().ca_pem()},
            "connectSeconds": 1, "sendSeconds": 1, "answerSeconds": 1, "idleSeconds": 0,
            "proxy": {"host": MARKER, "port": 1, "user": MARKER, "password": MARKER},
            "tls13": true,
            "limits": {"headerBytes": 8192, "headers": 10, "bodyBytes": 1000},
        },
        "keys": [
            {"holder": MARKER, "pkcs11": {"module": MARKER, "label": MARKER, "serial": MARKER}},
            {"pkcs12": {"authentication": MARKER, "signature": MARKER}},
            {"pem": {"authentication": material, "signature": material}},
            {"cards": MARKER},
            {"host": {"authentication": MARKER, "signature": MARKER}},
        ],
        "vihf": {
            "version": "4.0", "authenticationAttribute": "Authentification_Mode", "hash": "sha1",
            "authnContextClassRef": MARKER, "authnContextDecl": MARKER, "validitySeconds": 60,
            "automate": MARKER,
        },
        "lotHash": "sha1",
        "clockSkewSeconds": 10,
        "feedsPerSecond": 1,
        "web": url,
        "simulator": true,
    }})
}

/// A good text for a function, and content if it takes some.
pub fn good_text(f: &Function, world: &World) -> Option<String> {
    match f.text {
        Text::Absent => None,
        Text::Plain if f.name == "dmp_connector_set_time" => Some("2026-01-12T09:00:00Z".into()),
        Text::Plain => Some(report_id(1)),
        _ => Some(good(f.name, world.practice.folder.path())[0].to_string()),
    }
}

/// A report, of the patient whose every trait is the marker.
pub fn marked(n: u32) -> Vec<u8> {
    let report = String::from_utf8(report(n)).expect("UTF-8");
    report
        .replace("TESSIER", MARKER)
        .replace("CAMILLE ANNE LOUISE", MARKER)
        .replace("CAMILLE", MARKER)
        .into_bytes()
}

pub fn content(f: &Function) -> Option<Vec<u8>> {
    (f.takes("content") && f.name != "dmp_holder_act").then(|| marked(1))
}

/// A failure says why in one English line without any value, and gives nothing but a refusal.
pub fn check_failure(what: &str, reply: &Reply) {
    let status = reply.name();
    let error = reply
        .error
        .as_deref()
        .unwrap_or_else(|| panic!("{what}: {status} without a line"));
    assert!(
        !error.is_empty() && !error.contains(['\n', '\r']),
        "{what}: {error:?}"
    );
    assert!(error.is_ascii(), "{what}: not English? {error:?}");
    assert!(error.len() < 600, "{what}: {} characters", error.len());
    for secret in [MARKER, "279035121518989", "899900987654"] {
        assert!(
            !error.contains(secret),
            "{what}: the error tells a value: {error}"
        );
    }
    assert!(reply.status < 400, "{what}: {status}: {error}");
    assert_ne!(status, "DMP_UNKNOWN_STATUS", "{what}: {}", reply.status);
    assert_eq!(
        (reply.handle, &reply.bytes, reply.len),
        (0, &None, 0),
        "{what}"
    );
    match &reply.out {
        None => {}
        Some(record) => {
            assert!(
                reply.status >= 200,
                "{what}: {status} with an answer {record}"
            );
            assert!(reply.json()["sentence"].is_string(), "{what}: {record}");
        }
    }
}

pub fn demands(what: &str, reply: &Reply, status: &str) {
    assert_eq!(reply.name(), status, "{what}: {:?}", reply.error);
    check_failure(what, reply);
}
