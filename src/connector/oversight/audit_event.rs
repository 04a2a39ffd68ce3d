//! How an entry of the journal is told as a FHIR R4 AuditEvent: tables, with their sources.
//!
//! Events, actions and transactions are those of IHE: ITI TF-2 (audit messages of ITI-18, ITI-41, ITI-43, ITI-47; XDS
//! Metadata Update for ITI-57), DICOM PS3.16 CID 400 and 401. Agents and purposes follow IHE BALP (Basic Audit Log
//! Patterns), outcomes the meaning that FHIR R4 gives to `audit-event-outcome`.

use serde_json::{Value, json};

use super::Entry;
use crate::dmp::Software;
use crate::identity::professional::PS_ID_NAT_OID;
use crate::identity::structure::STRUCT_ID_NAT_OID;
use crate::identity::wire::Cx;
use crate::rules::Mode;

const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const IHE: &str = "urn:ihe:event-type-code";
/// The actions of this journal, as they are written in it. Ours.
const ACTIONS: &str = "urn:dmpkit:journal:action";
const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const ROLE_CLASS: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleClass";
const SOURCE_TYPE: &str = "http://terminology.hl7.org/CodeSystem/security-source-type";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const ENTITY_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";

/// What DICOM calls it (CID 400).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    ApplicationActivity,
    AuditLogUsed,
    Export,
    Import,
    PatientRecord,
    Query,
    UserAuthentication,
}

impl Event {
    const fn coded(self) -> (&'static str, &'static str) {
        match self {
            Event::ApplicationActivity => ("110100", "Application Activity"),
            Event::AuditLogUsed => ("110101", "Audit Log Used"),
            Event::Export => ("110106", "Export"),
            Event::Import => ("110107", "Import"),
            Event::PatientRecord => ("110110", "Patient Record"),
            Event::Query => ("110112", "Query"),
            Event::UserAuthentication => ("110114", "User Authentication"),
        }
    }

    /// The part this software plays: documents come to it, everything else starts from it (CID 402).
    const fn software_is(self) -> (&'static str, &'static str) {
        match self {
            Event::Import => ("110152", "Destination Role ID"),
            _ => ("110153", "Source Role ID"),
        }
    }
}

type Transaction = Option<(&'static str, &'static str)>;

const FIND: Transaction = Some(("ITI-18", "Registry Stored Query"));
const PROVIDE: Transaction = Some(("ITI-41", "Provide and Register Document Set-b"));
const RETRIEVE: Transaction = Some(("ITI-43", "Retrieve Document Set"));
const DEMOGRAPHICS: Transaction = Some(("ITI-47", "Patient Demographics Query"));
const UPDATE: Transaction = Some(("ITI-57", "Update Document Set"));

/// Each action: its event, what it does (C, R, U, D, E), the IHE transaction that the DMP profiles for it. IHE's
/// own audit messages fix the letters of its transactions; the others are ours.
#[rustfmt::skip]
const MAPPED: &[(&str, Event, &str, Transaction)] = &[
    ("session.open", Event::UserAuthentication, "E", None),
    ("patient.register", Event::PatientRecord, "C", None),
    ("patient.find", Event::Query, "E", DEMOGRAPHICS),
    ("dossier.list", Event::Query, "E", None),
    ("consent.record", Event::PatientRecord, "C", None),
    ("consent.revoke", Event::PatientRecord, "U", None),
    ("access.open", Event::PatientRecord, "R", None),
    ("access.close", Event::ApplicationActivity, "E", None),
    ("identity.confirm", Event::PatientRecord, "U", None),
    ("authorisation.declare", Event::PatientRecord, "U", None),
    ("authorisation.remove", Event::PatientRecord, "U", None),
    ("medecin_traitant.become", Event::PatientRecord, "U", None),
    ("medecin_traitant.stop", Event::PatientRecord, "U", None),
    ("administrative.read", Event::PatientRecord, "R", None),
    ("professional.list", Event::Query, "E", None),
    ("web.open", Event::ApplicationActivity, "E", None),
    ("document.feed", Event::Export, "R", PROVIDE),
    ("document.find", Event::Query, "E", FIND),
    ("document.reference", Event::Query, "E", FIND),
    ("document.news", Event::Query, "E", FIND),
    ("document.read", Event::Import, "C", RETRIEVE),
    ("document.mask", Event::Export, "U", UPDATE),
    ("document.unmask", Event::Export, "U", UPDATE),
    ("document.show_patient", Event::Export, "U", UPDATE),
    ("document.show_representatives", Event::Export, "U", UPDATE),
    ("document.archive", Event::Export, "U", UPDATE),
    ("document.unarchive", Event::Export, "U", UPDATE),
    ("document.delete", Event::Export, "D", UPDATE),
    ("document.preload", Event::Import, "C", RETRIEVE),
    ("outbox.add", Event::PatientRecord, "C", None),
    ("takeover.run", Event::PatientRecord, "C", None),
    ("outbox.recover", Event::PatientRecord, "C", None),
    ("outbox.ask", Event::Query, "E", FIND),
    ("outbox.cancel", Event::PatientRecord, "U", None),
    ("outbox.hold", Event::PatientRecord, "U", None),
    ("outbox.give_up", Event::PatientRecord, "U", None),
    ("outbox.resend", Event::PatientRecord, "U", None),
    ("outbox.correct", Event::PatientRecord, "U", None),
    ("outbox.stop", Event::ApplicationActivity, "E", None),
    ("outbox.restart", Event::ApplicationActivity, "E", None),
    ("emergency.review", Event::AuditLogUsed, "R", None),
    ("journal.seal", Event::ApplicationActivity, "E", None),
    ("journal.prune", Event::AuditLogUsed, "D", None),
    ("journal.export", Event::AuditLogUsed, "R", None),
];

/// An action that the table does not know: something the software did.
const OTHER: (Event, &str, Transaction) = (Event::ApplicationActivity, "E", None);

fn mapped(action: &str) -> (Event, &'static str, Transaction) {
    let found = MAPPED.iter().find(|(name, ..)| *name == action);
    found.map_or(OTHER, |(_, event, does, transaction)| {
        (*event, *does, *transaction)
    })
}

/// `audit-event-outcome`: 0 success; 4 the action was not successful (as an HTTP 400); 8 an unexpected error (as an
/// HTTP 500). What is about to be asked of the DMP has no outcome yet.
const OUTCOMES: &[(&str, &str)] = &[
    ("done", "0"),
    ("refused", "4"),
    ("refused_by_dmp", "4"),
    ("unknown", "4"),
    ("failed", "8"),
];

/// v3 PurposeOfUse: why, by the mode of the access.
const PURPOSES: &[(&str, &str, &str)] = &[
    (Mode::Normal.code(), "TREAT", "treatment"),
    (Mode::Centre15.code(), "ETREAT", "Emergency Treatment"),
    (Mode::BrisDeGlace.code(), "BTG", "break the glass"),
];

/// What opening and closing a bris de glace also are (CID 401).
const OVERRIDES: &[(&str, &str, &str)] = &[
    ("access.open", "110127", "Emergency Override Started"),
    ("access.close", "110138", "Emergency Override Stopped"),
];

/// Makes AuditEvents of the entries of one software.
pub(super) struct AuditEvents {
    observer: Value,
}

impl AuditEvents {
    /// `software` made them.
    pub fn new(software: &Software) -> AuditEvents {
        let display = string(&format!("{} {}", software.name, software.version));
        let mut observer = json!({"identifier": by_oid(software.oid.as_str())});
        if let Some(display) = display {
            observer["display"] = json!(display);
        }
        AuditEvents { observer }
    }

    /// An entry as an AuditEvent.
    pub fn of(&self, e: &Entry) -> Value {
        let (event, does, transaction) = mapped(&e.action);
        let mut resource = json!({
            "resourceType": "AuditEvent",
            "type": coding(DCM, event.coded()),
            "subtype": subtypes(e, transaction),
            "action": does,
            "recorded": e.at,
            "outcomeDesc": outcome_text(e),
            "agent": self.agents(e, event),
            "source": {
                "site": e.structure,
                "observer": self.observer,
                "type": [coding(SOURCE_TYPE, ("4", "Application Server"))],
            },
            "entity": entities(e),
        });
        if let Some((_, code)) = OUTCOMES.iter().find(|(name, _)| *name == e.outcome) {
            resource["outcome"] = json!(code);
        }
        let mode = e.mode.as_deref();
        if let Some((_, code, display)) = PURPOSES.iter().find(|p| Some(p.0) == mode) {
            resource["purposeOfEvent"] = json!([{"coding": [coding(ACT_REASON, (code, display))]}]);
        }
        resource
    }

    /// Who: the person or the structure that asked, the structure of the exercise, the software.
    fn agents(&self, e: &Entry, event: Event) -> Value {
        let structure = json!({"system": oid(STRUCT_ID_NAT_OID), "value": e.structure});
        let alone = e.actor == e.structure;
        let who = if alone {
            structure.clone()
        } else {
            json!({"system": oid(PS_ID_NAT_OID), "value": e.actor})
        };
        let kind = match event {
            Event::Export => coding(PARTICIPATION, ("AUT", "author (originator)")),
            _ => coding(PARTICIPATION, ("IRCP", "information recipient")),
        };
        let mut agents = vec![json!({
            "type": {"coding": [kind]},
            "who": {"identifier": who},
            "requestor": true,
        })];
        if !alone {
            agents.push(json!({
                "type": {"coding": [coding(ROLE_CLASS, ("PROV", "healthcare provider"))]},
                "who": {"identifier": structure},
                "requestor": false,
            }));
        }
        agents.push(json!({
            "type": {"coding": [coding(DCM, event.software_is())]},
            "who": self.observer,
            "requestor": false,
        }));
        Value::Array(agents)
    }
}

fn coding(system: &str, (code, display): (&str, &str)) -> Value {
    json!({"system": system, "code": code, "display": display})
}

fn oid(oid: &str) -> String {
    format!("urn:oid:{oid}")
}

/// An OID as an identifier.
fn by_oid(value: &str) -> Value {
    json!({"system": "urn:ietf:rfc:3986", "value": oid(value)})
}

/// A text as FHIR holds one: not empty, without control characters.
fn string(text: &str) -> Option<String> {
    let plain = |c: char| {
        if c.is_control() || c.is_whitespace() {
            ' '
        } else {
            c
        }
    };
    let text: String = text.chars().map(plain).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn subtypes(e: &Entry, transaction: Transaction) -> Value {
    let mut subtypes: Vec<Value> = transaction.map(|t| coding(IHE, t)).into_iter().collect();
    if e.action == "session.open" {
        subtypes.push(coding(DCM, ("110122", "Login")));
    }
    let emergency = e.mode.as_deref() == Some(Mode::BrisDeGlace.code()) && e.outcome == "done";
    if let Some((_, code, display)) = OVERRIDES.iter().find(|o| emergency && o.0 == e.action) {
        subtypes.push(coding(DCM, (code, display)));
    }
    subtypes.push(json!({"system": ACTIONS, "code": e.action}));
    Value::Array(subtypes)
}

/// The outcome in the journal's own word, with the rule behind a refusal.
fn outcome_text(e: &Entry) -> String {
    match e.rule.as_deref().and_then(string) {
        Some(rule) => format!("{}: {rule}", e.outcome),
        None => e.outcome.clone(),
    }
}

/// On what: the patient by his INS, the document by its uniqueId, and the entry itself.
fn entities(e: &Entry) -> Value {
    let mut entities = Vec::new();
    if let Some(patient) = &e.patient {
        let identifier = match patient.parse::<Cx>() {
            Ok(cx) => json!({"system": oid(&cx.authority), "value": cx.id}),
            Err(_) => json!({"value": patient}),
        };
        entities.push(json!({
            "what": {"identifier": identifier},
            "type": coding(ENTITY_TYPE, ("1", "Person")),
            "role": coding(ENTITY_ROLE, ("1", "Patient")),
        }));
    }
    if let Some(document) = &e.document {
        entities.push(json!({
            "what": {"identifier": by_oid(document)},
            "type": coding(ENTITY_TYPE, ("2", "System Object")),
            "role": coding(ENTITY_ROLE, ("3", "Report")),
        }));
    }
    let number = e.number.map(|n| n.to_string());
    let details: Vec<Value> = [
        ("number", &number),
        ("hash", &e.hash),
        ("basis", &e.basis),
        ("detail", &e.detail),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, string(value.as_deref()?)?)))
    .map(|(name, value)| json!({"type": name, "valueString": value}))
    .collect();
    entities.push(json!({
        "type": coding(ENTITY_TYPE, ("2", "System Object")),
        "role": coding(ENTITY_ROLE, ("13", "Security Resource")),
        "name": "dmpkit journal entry",
        "detail": details,
    }));
    Value::Array(entities)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_described_to_hold_the_actions_of_the_table_and_no_others() {
        let schema: Value =
            serde_json::from_str(include_str!("../../../include/schema/journal.schema.json"))
                .unwrap();
        let actions = &schema["properties"]["entries"]["items"]["properties"]["action"]["enum"];
        let actions = actions.as_array().unwrap();
        assert!(actions.len() > 30);
        for action in actions {
            let action = action.as_str().unwrap();
            assert!(MAPPED.iter().any(|(name, ..)| *name == action), "{action}");
        }
        for (name, ..) in MAPPED {
            assert!(actions.iter().any(|action| action == name), "{name}");
        }
        for outcome in ["done", "refused", "refused_by_dmp", "unknown", "failed"] {
            assert!(OUTCOMES.iter().any(|(name, _)| *name == outcome));
        }
        for mode in Mode::ALL {
            assert!(PURPOSES.iter().any(|(name, ..)| *name == mode.code()));
        }
    }

    #[test]
    fn a_text_that_fhir_cannot_hold_is_made_one_it_can() {
        assert_eq!(string(" \u{0}\n\t "), None);
        assert_eq!(string("a\u{7}b\nc"), Some("a b c".to_owned()));
    }
}
