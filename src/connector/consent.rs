//! Consents and oppositions: recorded with their proof, withdrawn, listed.

use serde::{Deserialize, Serialize};

use super::outbox;
use super::session::{Note, Session};
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::identity::{Ins, PsIdNat};
use crate::rules::consent::{
    ConsentKind, ConsentRecord, NewConsent, RecordFault, basis, may_record,
};
use crate::rules::decide::{DOCUMENT_OPPOSED, FEEDING_OPPOSED};
use crate::rules::outbox::reason::CONSENT_WITHDRAWN;
use crate::store::Tx;
use crate::store::journal::Outcome;
use crate::store::register::PatientRow;

/// A consent to record: for whom, and what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsentRequest {
    /// The patient.
    pub patient: Ins,
    /// What he agreed or objected to.
    pub consent: NewConsent,
}

/// A consent to withdraw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevocationRequest {
    /// The patient.
    pub patient: Ins,
    /// Number of the record.
    pub id: i64,
}

impl Session {
    /// Records a consent or an opposition; returns its number. With an opposition to consultation goes all that was kept
    /// of the patient for reading without network.
    ///
    /// Errors: [`ErrorKind::Refused`] by a rule of [`crate::rules::consent`]; [`ErrorKind::Caller`] when
    /// the patient is not registered or no person collects.
    pub fn record_consent(&self, request: &ConsentRequest) -> Result<i64> {
        let result = self.record(request);
        self.inner.logged("consent.record", result)
    }

    fn record(&self, request: &ConsentRequest) -> Result<i64> {
        let collector = self.collector()?;
        let now = self.inner.now();
        let cx = request.patient.cx().to_string();
        let mut held = self.inner.hold()?;
        let state = held.state()?;
        let recorded = state.register.durable(|tx| {
            let patient = registered(tx, &request.patient)?;
            let records = tx.consents(patient.id)?;
            // The collector's own standing, as a member of the équipe de soins or by name.
            let own = basis(&records, collector, true, None, now).consent;
            may_record(&request.consent, collector, own, &records, now).map_err(fault)?;
            let id = tx.insert_consent(patient.id, &request.consent, collector, now)?;
            if request.consent.kind == ConsentKind::ConsultationOpposition {
                tx.forget_kept_of_patient(&cx)?;
            }
            let detail = format!(
                "{} {id}",
                crate::store::sqlite::to_json(&request.consent.kind)?.trim_matches('"')
            );
            let note = Note {
                patient: Some(&cx),
                document: request.consent.document.as_ref().map(|d| d.as_str()),
                detail: Some(&detail),
                ..Note::default()
            };
            self.note(tx, now, "consent.record", Outcome::Done, note)?;
            // What waits for this patient does not outlive his opposition.
            let document = request.consent.document.as_ref();
            let opposed = match (request.consent.kind, document) {
                (ConsentKind::FeedingOpposition, None) => Some(&FEEDING_OPPOSED),
                (ConsentKind::FeedingOpposition, Some(_)) => Some(&DOCUMENT_OPPOSED),
                (ConsentKind::ConsultationOpposition, _) => Some(&CONSENT_WITHDRAWN),
                _ => None,
            };
            if let Some(rule) = opposed {
                outbox::withdraw(tx, self, &cx, document, rule, now)?;
            }
            Ok(id)
        });
        match recorded {
            Err(error) if error.refusal().is_some() => {
                let note = Note {
                    patient: Some(&cx),
                    ..Note::default()
                };
                self.refuse(state, "consent.record", error, note)
            }
            other => other,
        }
    }

    /// Withdraws a consent or an opposition. A consent withdrawn stops consultation at once, and what
    /// it had allowed to keep is forgotten.
    pub fn revoke_consent(&self, request: &RevocationRequest) -> Result<()> {
        let collector = self.collector()?;
        let now = self.inner.now();
        let cx = request.patient.cx().to_string();
        let result = self.inner.hold()?.state()?.register.durable(|tx| {
            let patient = registered(tx, &request.patient)?;
            if !tx.revoke_consent(patient.id, request.id, collector, now)? {
                return Err(Error::caller(
                    "id",
                    "this patient has no such consent or opposition in force",
                ));
            }
            tx.forget_kept_under(request.id)?;
            let detail = request.id.to_string();
            let note = Note {
                patient: Some(&cx),
                detail: Some(&detail),
                ..Note::default()
            };
            self.note(tx, now, "consent.revoke", Outcome::Done, note)?;
            let records = tx.consents(patient.id)?;
            let agreed = |r: &&ConsentRecord| r.id == request.id && r.kind.agrees();
            // Feeding needs no consent; but what was handed over before he took it back is for a person to look at.
            if records.iter().any(|r| agreed(&r)) {
                outbox::withdraw(tx, self, &cx, None, &CONSENT_WITHDRAWN, now)?;
            }
            Ok(())
        });
        self.inner.logged("consent.revoke", result)
    }

    /// Every consent and opposition recorded for a patient, with its proof, oldest first.
    pub fn consents(&self, patient: &Ins) -> Result<Vec<ConsentRecord>> {
        self.inner
            .hold()?
            .state()?
            .register
            .read(|tx| match tx.patient(patient)? {
                Some(row) => tx.consents(row.id),
                None => Ok(Vec::new()),
            })
    }

    /// The person who answers for a record: a structure alone collects nothing.
    fn collector(&self) -> Result<&PsIdNat> {
        self.requester
            .professional
            .as_ref()
            .map(|p| &p.id)
            .ok_or_else(|| {
                Error::caller(
                    "professional",
                    "a consent is collected by a person of this session",
                )
            })
    }
}

/// A patient the practice registered.
pub(crate) fn registered(tx: &Tx<'_>, ins: &Ins) -> Result<PatientRow> {
    tx.patient(ins)?
        .ok_or_else(|| Error::caller("patient", "is not registered: register the patient first"))
}

fn fault(fault: RecordFault) -> Error {
    match fault {
        RecordFault::Field(text) => {
            let (field, rule) = text.split_once(' ').unwrap_or((text, ""));
            Error::caller(format!("consent.{field}"), rule)
        }
        RecordFault::Rule(rule) => {
            ErrorKind::Refused(Refusal::by_rule(rule.id, rule.source, rule.sentence)).into()
        }
    }
}
