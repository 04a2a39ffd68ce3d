//! Inputs, right and wrong: every example of every record that is taken, changed in every small way, put to
//! its schema and to the library.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use dmpkit::ffi::access::*;
use dmpkit::ffi::cda::*;
use dmpkit::ffi::document::*;
use dmpkit::ffi::outbox::*;
use dmpkit::ffi::oversight::*;
use dmpkit::ffi::safekeeping::{dmp_register_restore, dmp_register_salvage};
use dmpkit::ffi::session::*;
use dmpkit::ffi::status::*;
use dmpkit::ffi::terminology::*;
use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::call;
use crate::contract::contract;
use crate::library::{
    self, Access, Connector, Reply, Session, close_access, close_connector, close_session,
    open_access, open_connector, open_session,
};
use crate::story::{PDF, config, content, doctor, folder, patient, written_by_patient};

/// Records of functions that leave the world as it was.
pub const READ_ONLY: [&str; 23] = [
    "check-request",
    "code-request",
    "config",
    "criteria",
    "dossier-query",
    "emergency-filter",
    "export-request",
    "http-answer",
    "ins",
    "item-request",
    "journal-filter",
    "label-request",
    "news-request",
    "outbox-filter",
    "patient-search",
    // What is kept already is kept as well.
    "preload-request",
    "professionals-request",
    "references-request",
    "render-request",
    "requester",
    "seal-check",
    "set-request",
    "wrap-context",
];

/// The file of a matrix d'habilitation, there once a world is settled.
const MATRIX: &str = "habilitation.json";

/// The file of a terminology pack, there too.
const PACK: &str = "terminologie.json";

/// A backup of its register, there too.
const BACKUP: &str = "sauvegarde.db";

/// What a salvage wrote, there too.
const SALVAGED: &str = "mis-de-cote.jsonl";

/// The file of the roots of the national DMP, there too.
const ROOTS: &str = "igc-sante.pem";

/// A practice where each example finds what it speaks of.
pub struct World {
    folder: Arc<TempDir>,
    connector: Connector,
    session: Session,
    access: Access,
}

impl World {
    fn open(folder: Arc<TempDir>) -> World {
        let (connector, opened) = open_connector(&config(&folder).to_string());
        assert_eq!(opened.status, DMP_OK, "{opened:?}");
        let (session, opened) = open_session(connector, &doctor().to_string());
        assert_eq!(opened.status, DMP_OK, "{opened:?}");
        if !folder.path().join(MATRIX).exists() {
            settle(connector, session);
        }
        let (access, opened) = open_access(session, &json!({"patient": patient()}).to_string());
        assert_eq!(opened.status, DMP_OK, "{opened:?}");
        World {
            folder,
            connector,
            session,
            access,
        }
    }

    /// A copy of one that was settled once.
    pub fn new() -> World {
        static SETTLED: LazyLock<Arc<TempDir>> = LazyLock::new(|| {
            let settled = Arc::new(folder());
            drop(World::open(Arc::clone(&settled)));
            let matrix =
                json!({"version": "0", "source": "test", "unlisted": "allowed", "rows": []});
            std::fs::write(settled.path().join(MATRIX), matrix.to_string()).expect("written");
            let pack = &contract().schemas["terminology-pack"]["examples"][0];
            std::fs::write(settled.path().join(PACK), pack.to_string()).expect("written");
            let roots = contract().schemas["config"]["examples"]
                .as_array()
                .into_iter()
                .flatten()
                .find_map(|example| example.pointer("/dmp/national/network/trust/pem")?.as_str());
            std::fs::write(settled.path().join(ROOTS), roots.expect("PEM")).expect("written");
            let cabinet = settled.path().join("cabinet.db");
            std::fs::copy(cabinet, settled.path().join(BACKUP)).expect("copied");
            settled
        });
        let copied = folder();
        for name in ["cabinet.db", "dmp.db", MATRIX, PACK, ROOTS, BACKUP] {
            std::fs::copy(SETTLED.path().join(name), copied.path().join(name)).expect("copied");
        }
        std::fs::create_dir(copied.path().join("historique")).expect("a folder");
        let past = copied.path().join("historique/a.xml");
        std::fs::write(past, content()).expect("written");
        // What a salvage of a register without an item leaves.
        std::fs::write(copied.path().join(SALVAGED), "").expect("written");
        World::open(Arc::new(copied))
    }

    fn close(&self) {
        close_access(self.access);
        close_session(self.session);
        close_connector(self.connector);
    }

    /// Gives a record to the function that takes it.
    pub fn give(&self, record: &str, text: &str) -> Reply {
        match record {
            "config" => {
                let (connector, reply) = open_connector(text);
                if !connector.is_null() {
                    close_connector(connector);
                }
                reply
            }
            "requester" => {
                let (session, reply) = open_session(self.connector, text);
                if !session.is_null() {
                    close_session(session);
                }
                reply
            }
            "access-request" => {
                let (access, reply) = open_access(self.session, text);
                if !access.is_null() {
                    close_access(access);
                }
                reply
            }
            "holder-action" => library::act(self.connector, text, &written_by_patient()),
            "feed-options" => {
                let other = String::from_utf8(content()).expect("UTF-8");
                let other = other.replace(crate::story::DOCUMENT, "1.2.250.1.999.7.9");
                call!(dmp_document_feed(self.access, other.as_bytes(), text))
            }
            "outbox-request" => {
                let other = crate::story::document("1.2.250.1.999.7.9", &patient());
                library::add(self.session, text, other.as_bytes())
            }
            "outbox-change" => call!(dmp_outbox_add_change(self.session, text)),
            "outbox-filter" => call!(dmp_outbox_list(self.session, text)),
            "item-request" => call!(dmp_outbox_get(self.session, text)),
            "correction-request" => {
                let other = crate::story::document("1.2.250.1.999.7.9", &patient());
                library::correct(self.session, text, other.as_bytes())
            }
            "recover-request" => call!(dmp_outbox_recover(self.session, text)),
            "stop-request" => call!(dmp_outbox_stop(self.session, text)),
            "dispatch-request" => library::dispatch(self.connector, Some(text)).1,
            "check-request" => call!(dmp_cda_check(self.connector, &content(), text)),
            "wrap-context" => {
                library::make(
                    "dmp_document_wrap",
                    dmp_document_wrap,
                    self.access,
                    PDF,
                    text,
                )
                .1
            }
            "render-request" => {
                let (name, f) = ("dmp_cda_render", dmp_cda_render);
                library::make(name, f, self.connector, &content(), text).1
            }
            "document-render-request" => library::render(self.access, text).1,
            "ins" => call!(dmp_patient_get(self.session, text)),
            "patient" => call!(dmp_patient_register(self.session, text)),
            "patient-search" => call!(dmp_patient_find(self.session, text)),
            "dossier-query" => call!(dmp_dossier_list(self.session, text)),
            "consent-request" => call!(dmp_consent_record(self.session, text)),
            "revocation-request" => call!(dmp_consent_revoke(self.session, text)),
            "identity-confirmation" => call!(dmp_access_confirm_identity(self.access, text)),
            "authorisation-request" => call!(dmp_access_authorise(self.access, text)),
            "professionals-request" => call!(dmp_access_professionals(self.access, text)),
            "criteria" => call!(dmp_document_find(self.access, text)),
            "references-request" => call!(dmp_document_reference(self.access, text)),
            "preload-request" => call!(dmp_document_preload(self.access, text)),
            "news-request" => call!(dmp_document_news(self.access, text)),
            "journal-filter" => call!(dmp_journal_audit(self.connector, text)),
            "seal-check" => library::verify_sealed(self.connector, Some(text), &[7; 32]),
            "prune-request" => call!(dmp_journal_prune(self.session, text)),
            "export-request" => library::export(self.session, text).1,
            "emergency-filter" => call!(dmp_emergency_list(self.connector, text)),
            "emergency-review" => call!(dmp_emergency_review(self.session, text)),
            "takeover-request" => library::take_over(self.session, text).1,
            "set-request" => call!(dmp_terminology_list(self.connector, text)),
            "code-request" => call!(dmp_terminology_check(self.connector, text)),
            "label-request" => call!(dmp_terminology_label(self.connector, text)),
            "terminology-pack" => call!(dmp_terminology_load(self.connector, text)),
            "backup-request" => library::backup(self.connector, text),
            "restore-request" => {
                let name = "dmp_register_restore";
                library::without_key(name, dmp_register_restore, text)
            }
            "salvage-request" => {
                let name = "dmp_register_salvage";
                library::without_key(name, dmp_register_salvage, text)
            }
            "http-answer" => crate::national::write_head(text),
            other => panic!("no function is known here for record {other}"),
        }
    }

    /// The text of a record; the paths of files are put into this world's folder.
    pub fn text(&self, record: &str, value: &Value) -> String {
        let mut value = value.clone();
        let files = [
            "config",
            "backup-request",
            "restore-request",
            "salvage-request",
            "recover-request",
        ];
        if files.contains(&record) {
            for place in [
                "/register",
                "/path",
                "/backup",
                "/destination",
                "/file",
                "/dmp/embedded/path",
                "/dmp/embedded/habilitation",
                "/dmp/national/network/trust/path",
                "/terminology",
            ] {
                match value.pointer_mut(place) {
                    Some(Value::String(path)) if !path.is_empty() => {
                        *path = self
                            .folder
                            .path()
                            .join(&*path)
                            .to_string_lossy()
                            .into_owned();
                    }
                    _ => {}
                }
            }
        }
        if record == "takeover-request" {
            let here = |path: &str| self.folder.path().join(path).to_string_lossy().into_owned();
            if let Some(Value::String(path)) = value.get_mut("folder")
                && !path.is_empty()
            {
                *path = here(path);
            }
            for path in value
                .get_mut("files")
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                if let Value::String(path) = path {
                    *path = here(path);
                }
            }
        }
        value.to_string()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.close();
        }
    }
}

/// Makes what the examples speak of: a dossier, a patient, a consent, a document, a bris de glace.
fn settle(connector: Connector, session: Session) {
    let ok = |reply: Reply| assert_eq!(reply.status, DMP_OK, "{reply:?}");
    let of = |record: &str, at: usize| contract().schemas[record]["examples"][at].to_string();
    let registered: Value = serde_json::from_str(&of("patient", 0)).expect("JSON");
    let dossier = json!({
        "action": "open_dossier", "patient": patient(), "traits": registered["traits"],
    });
    ok(library::act(connector, &dossier.to_string(), b""));
    ok(call!(dmp_patient_register(
        session,
        &*registered.to_string()
    )));
    ok(call!(dmp_consent_record(
        session,
        &*of("consent-request", 0)
    )));
    let (access, opened) = open_access(session, &of("access-request", 0));
    ok(opened);
    ok(call!(dmp_access_authorise(
        access,
        &*of("authorisation-request", 0)
    )));
    ok(call!(dmp_document_feed(access, &content(), None)));
    // In the outbox: one given up, one that waits, one that waits for a person.
    let of_patient = json!({"patient": patient()}).to_string();
    for content in [
        crate::story::document("1.2.250.1.999.7.31", &patient()),
        crate::story::document("1.2.250.1.999.7.32", &patient()),
        crate::outbox::replacement("1.2.250.1.999.7.33", "1.2.250.1.999.7.31"),
    ] {
        ok(library::add(session, &of_patient, content.as_bytes()));
    }
    ok(call!(dmp_outbox_give_up(session, &*of("item-request", 0))));
    close_access(access);
    let (emergency, opened) = open_access(session, &of("access-request", 1));
    ok(opened);
    close_access(emergency);
}

/// An example changed in one place.
pub struct Mutant {
    /// What was changed, for a person who reads a failure.
    pub what: String,
    pub place: String,
    pub value: Value,
    /// Schema and library must answer alike. Otherwise the library may know more: it refuses what the
    /// schema refuses, and reads what the schema accepts, but may find a value wrong.
    pub alike: bool,
}

/// Every mutant of an example; where its schema lists codes, each of them.
pub fn mutants(example: &Value, validator: &Validator) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    mutate(example, validator, "", &mut mutants);
    mutants
}

fn mutate(example: &Value, validator: &Validator, place: &str, mutants: &mut Vec<Mutant>) {
    let node = example.pointer(place).expect("a place of the example");
    let mut put = |alike: bool, value: Value| {
        let mut changed = example.clone();
        let what = format!("{place} = {value}");
        *changed.pointer_mut(place).expect("the place") = value;
        mutants.push(Mutant {
            what,
            place: place.to_owned(),
            value: changed,
            alike,
        });
    };
    let kind = std::mem::discriminant(node);
    for other in [
        Value::Null,
        json!(true),
        json!(1),
        json!("text"),
        json!([]),
        json!({}),
    ] {
        // Within a record, serde also reads an object from the list of its members.
        let by_position = node.is_object() && other.is_array() && !place.is_empty();
        if std::mem::discriminant(&other) != kind && !by_position {
            put(true, other);
        }
    }
    match node {
        Value::String(_) => {
            put(false, json!(""));
            put(false, json!("?"));
            let mut changed = example.clone();
            *changed.pointer_mut(place).expect("the place") = json!("?");
            for code in options(validator, &changed, place).into_iter().flatten() {
                put(false, json!(code));
            }
        }
        Value::Number(_) => {
            put(true, json!(1.5));
            for far in [-1_000_000_000_000_i64, 1_000_000_000_000] {
                put(false, json!(far));
                let mut changed = example.clone();
                *changed.pointer_mut(place).expect("the place") = json!(far);
                // The limit that the schema sets on this side, and what lies just beyond it.
                if let Some(limit) = limit(validator, &changed, place) {
                    put(true, json!(limit));
                    put(true, json!(limit + far.signum()));
                }
            }
        }
        Value::Array(items) => {
            put(false, json!([]));
            if let Some(first) = items.first() {
                put(false, json!([first, first]));
            }
            for index in 0..items.len() {
                mutate(example, validator, &format!("{place}/{index}"), mutants);
            }
        }
        Value::Object(members) => {
            let with = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
                let mut members = members.clone();
                change(&mut members);
                Value::Object(members)
            };
            put(
                true,
                with(&|m| {
                    m.insert("unexpected".to_owned(), json!(1));
                }),
            );
            for name in members.keys() {
                put(
                    true,
                    with(&|m| {
                        m.remove(name);
                    }),
                );
            }
            for name in members.keys() {
                mutate(example, validator, &format!("{place}/{name}"), mutants);
            }
        }
        _ => {}
    }
}

/// The codes that a schema allows at a place where the value is not one of them; `None` where it lists none.
pub fn options(validator: &Validator, value: &Value, place: &str) -> Option<BTreeSet<String>> {
    fn collect(error: &jsonschema::ValidationError<'_>, place: &str, found: &mut BTreeSet<String>) {
        match error.kind() {
            ValidationErrorKind::Enum { options } if error.instance_path().as_str() == place => {
                let options = options.as_array().into_iter().flatten();
                found.extend(options.filter_map(Value::as_str).map(str::to_owned));
            }
            ValidationErrorKind::OneOfNotValid { context }
            | ValidationErrorKind::AnyOf { context } => {
                context
                    .iter()
                    .flatten()
                    .for_each(|e| collect(e, place, found));
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    validator
        .iter_errors(value)
        .for_each(|e| collect(&e, place, &mut found));
    (!found.is_empty()).then_some(found)
}

/// The limit that a number goes beyond.
fn limit(validator: &Validator, value: &Value, place: &str) -> Option<i64> {
    let mut errors = validator.iter_errors(value);
    errors.find_map(|error| match error.kind() {
        ValidationErrorKind::Minimum { limit } | ValidationErrorKind::Maximum { limit } => {
            assert_eq!(error.instance_path().as_str(), place);
            limit.as_i64()
        }
        _ => None,
    })
}

/// Whether the library, refusing a code, says that it expects these codes and no other.
pub fn says(error: &str, codes: &BTreeSet<String>) -> bool {
    match error.split_once("unknown value, expected") {
        Some((_, words)) => {
            let known: BTreeSet<&str> = words.split('`').skip(1).step_by(2).collect();
            known == codes.iter().map(String::as_str).collect()
        }
        // Its own words: visibility codes in full, authorities of the INS by their last number.
        None => codes
            .iter()
            .filter_map(|code| code.rsplit('.').next())
            .all(|end| error.contains(end)),
    }
}

/// Whether a record was read and its values found right, whatever was then answered.
pub fn accepts(status: i32) -> bool {
    !matches!(status, DMP_INVALID_RECORD | DMP_INVALID_VALUE)
}
