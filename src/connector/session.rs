//! A professional at work: the patients of the practice, the dossiers he is authorised on.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Inner, State};
use crate::clock::Instant;
use crate::dmp::{Context, DossierQuery, PatientSearch, Requester};
use crate::dossier::{Authorisation, AuthorisedDossier, Candidate};
use crate::error::{Error, ErrorKind, Result};
use crate::identity::{IdentityStatus, IdentityTraits, Ins};
use crate::rules::decide::{Actor, Consent, DossierIs, Feeding, Situation};
use crate::rules::{Decision, Mode, Right, decide};
use crate::store::Tx;
use crate::store::journal::{NewEntry, Outcome};

/// A session: one professional or structure, authenticated in one way.
#[derive(Clone)]
pub struct Session {
    pub(crate) inner: Arc<Inner>,
    pub(crate) requester: Arc<Requester>,
    /// When it was opened.
    pub(crate) opened: Instant,
}

/// A patient as the practice registers him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatientRecord {
    /// The INS.
    pub patient: Ins,
    /// How far the identity is established.
    pub status: IdentityStatus,
    /// The five traits.
    pub traits: IdentityTraits,
}

/// What a use case leaves in the journal, but for who and when.
#[derive(Default, Clone, Copy)]
pub(crate) struct Note<'a> {
    pub patient: Option<&'a str>,
    pub mode: Option<Mode>,
    pub document: Option<&'a str>,
    pub rule: Option<&'a str>,
    pub basis: Option<&'a str>,
    pub detail: Option<&'a str>,
}

impl Session {
    pub(super) fn open(inner: Arc<Inner>, requester: Requester) -> Result<Session> {
        if let Some((field, rule)) = requester.fault(&inner.terminology()) {
            return Err(Error::caller(field, rule));
        }
        let session = Session {
            opened: inner.now(),
            inner,
            requester: Arc::new(requester),
        };
        let opened = session.enter();
        session.inner.logged("session.open", opened)?;
        Ok(session)
    }

    /// A session of the requester of an item of the outbox, whose work was journalled when it was handed over.
    pub(crate) fn again(inner: Arc<Inner>, requester: Requester) -> Session {
        Session {
            // The key is used now: that is when the person, or the structure, is authenticated.
            opened: inner.now(),
            inner,
            requester: Arc::new(requester),
        }
    }

    fn enter(&self) -> Result<()> {
        let mut held = self.inner.hold()?;
        let state = held.state()?;
        let decision = decide(Right::Authenticate, &self.situation(Mode::Normal));
        self.permit(state, "session.open", &decision, Note::default())?;
        let now = self.inner.now();
        state
            .register
            .durable(|tx| self.note(tx, now, "session.open", Outcome::Done, Note::default()))
    }

    /// Who works here.
    pub fn requester(&self) -> &Requester {
        &self.requester
    }

    /// Journals, by itself, what a call over many patients came to.
    pub(crate) fn sum_up(&self, action: &str, detail: &str) -> Result<()> {
        let now = self.inner.now();
        let note = Note {
            detail: Some(detail),
            ..Note::default()
        };
        self.inner
            .hold()?
            .state()?
            .register
            .durable(|tx| self.note(tx, now, action, Outcome::Done, note))
    }

    /// Appends a journal entry for this session.
    pub(crate) fn note(
        &self,
        tx: &Tx<'_>,
        at: Instant,
        action: &str,
        outcome: Outcome,
        note: Note<'_>,
    ) -> Result<()> {
        tx.journal(&NewEntry {
            at,
            actor: self.requester.id(),
            structure: self.requester.structure.id.as_str(),
            patient: note.patient,
            mode: note.mode.map(Mode::code),
            action,
            document: note.document,
            outcome,
            rule: note.rule,
            basis: note.basis,
            detail: note.detail,
        })
    }

    /// Lets pass what the rules allow; journals and refuses the rest.
    pub(crate) fn permit(
        &self,
        state: &mut State,
        action: &str,
        decision: &Decision,
        note: Note<'_>,
    ) -> Result<()> {
        if decision.permits() {
            return Ok(());
        }
        self.refuse(state, action, Error::refused(decision), note)
    }

    /// Journals an error that ends a use case, and returns it.
    pub(crate) fn refuse<T>(
        &self,
        state: &mut State,
        action: &str,
        error: Error,
        note: Note<'_>,
    ) -> Result<T> {
        let (outcome, rule) = ending(&error);
        let now = self.inner.now();
        state.register.durable(|tx| {
            let note = Note {
                rule: Some(&rule),
                ..note
            };
            self.note(tx, now, action, outcome, note)
        })?;
        Err(error)
    }

    /// What is known of this requester before any dossier.
    pub(crate) fn situation(&self, mode: Mode) -> Situation {
        Situation {
            actor: Actor {
                authentication: self.requester.authentication,
                role: self.requester.role(),
                capacity: self.requester.capacity,
                medecin_traitant: false,
            },
            mode,
            dossier: DossierIs::Nonexistent,
            authorisation: Authorisation::NonExiste,
            consent: Consent::Missing,
            feeding: Feeding::Unopposed,
            opposition_bris_de_glace: false,
            opposition_centre_15: false,
            masked_in_emergency: None,
            identity: IdentityStatus::Provisoire,
            traits_diverge: false,
            reason_given: true,
            over: false,
        }
    }

    /// Registers a patient of the practice, or corrects him.
    pub fn register_patient(&self, record: &PatientRecord) -> Result<()> {
        self.inner.config.check_domain(&record.patient)?;
        if let Some(fault) = record.traits.fault() {
            return Err(Error::caller("traits", fault));
        }
        let now = self.inner.now();
        let cx = record.patient.cx().to_string();
        let result = self.inner.hold()?.state()?.register.durable(|tx| {
            tx.put_patient(&record.patient, record.status, &record.traits, now)?;
            let note = Note {
                patient: Some(&cx),
                ..Note::default()
            };
            self.note(tx, now, "patient.register", Outcome::Done, note)
        });
        self.inner.logged("patient.register", result)
    }

    /// A patient as the practice registered him; `None` if it did not.
    pub fn patient(&self, ins: &Ins) -> Result<Option<PatientRecord>> {
        let row = self
            .inner
            .hold()?
            .state()?
            .register
            .read(|tx| tx.patient(ins))?;
        Ok(row.map(|row| PatientRecord {
            patient: *ins,
            status: row.status,
            traits: row.traits,
        }))
    }

    /// TD0.4: the dossiers on which this requester is authorised.
    pub fn list_dossiers(&self, query: &DossierQuery) -> Result<Vec<AuthorisedDossier>> {
        let result = self.without_patient(
            "dossier.list",
            Right::ListDossiers,
            Mode::Normal,
            |state, context| state.dmp.list_dossiers(context, query),
        );
        self.inner.logged("dossier.list", result)
    }

    /// TD0.5: patients by traits, for a regulation centre.
    pub fn find_patients(&self, search: &PatientSearch) -> Result<Vec<Candidate>> {
        if search.name.trim().is_empty() {
            return Err(Error::caller("name", "is required"));
        }
        if crate::document::Dtm::parse(&search.birth_date).is_none_or(|d| d.as_str().len() > 8) {
            return Err(Error::caller(
                "birthDate",
                "must be YYYY, YYYYMM or YYYYMMDD",
            ));
        }
        let result = self.without_patient(
            "patient.find",
            Right::FindPatient,
            Mode::Centre15,
            |state, context| state.dmp.find_patients(context, search),
        );
        self.inner.logged("patient.find", result)
    }

    fn without_patient<T>(
        &self,
        action: &str,
        right: Right,
        mode: Mode,
        ask: impl FnOnce(&mut State, &Context<'_>) -> Result<Vec<T>>,
    ) -> Result<Vec<T>> {
        let mut held = self.inner.hold()?;
        let state = held.state()?;
        let note = Note {
            mode: Some(mode),
            ..Note::default()
        };
        self.permit(state, action, &decide(right, &self.situation(mode)), note)?;
        let context = Context {
            software: &self.inner.config.software,
            requester: &self.requester,
            mode,
            reason: None,
            patient: None,
            login: self.opened,
        };
        match ask(state, &context) {
            Ok(found) => {
                let now = self.inner.now();
                let count = found.len().to_string();
                state.register.durable(|tx| {
                    let note = Note {
                        detail: Some(&count),
                        ..note
                    };
                    self.note(tx, now, action, Outcome::Done, note)
                })?;
                Ok(found)
            }
            Err(error) => self.refuse(state, action, error, note),
        }
    }
}

/// How an error stands in the journal: the outcome, and the rule or code behind it.
pub(crate) fn ending(error: &Error) -> (Outcome, String) {
    let outcome = match error.kind() {
        ErrorKind::Refused(_) | ErrorKind::Ended(_) | ErrorKind::Findings(_) => Outcome::Refused,
        ErrorKind::Dmp(_) => Outcome::RefusedByDmp,
        ErrorKind::UnknownDocument(_) => Outcome::Unknown,
        _ => Outcome::Failed,
    };
    let rule = match (error.dmp_code(), error.refusal()) {
        (Some(code), _) => code.to_owned(),
        (None, Some(refusal)) => refusal.explanation.rule.clone(),
        (None, None) => match error.kind() {
            ErrorKind::Unreadable(_) => "unreadable".to_owned(),
            ErrorKind::Integrity => "integrity".to_owned(),
            ErrorKind::Storage(_) => "storage".to_owned(),
            ErrorKind::Network(_) => "network".to_owned(),
            _ => "error".to_owned(),
        },
    };
    (outcome, rule)
}
