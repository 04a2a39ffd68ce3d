//! A patient's dossier, entered: what every act on it starts from, is decided on, and writes.
//!
//! | file | what |
//! |---|---|
//! | `opening` | entering it, in a mode, and what the entry writes |
//! | `state` | what the host shows: what stands, and what may be done and why |
//! | `dossier` | what is asked of the dossier as a whole: authorisations, administrative data, professionals |

mod dossier;
mod opening;
mod state;

pub use opening::{AccessRequest, Relation};
pub use state::{AccessState, Advice, Divergence};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::emergency::Banner;
use super::offline::OFFLINE;
use super::session::{Note, Session, ending};
use super::{Inner, State};
use crate::clock::Instant;
use crate::dmp::Context;
use crate::document::Oid;
use crate::dossier::{Authorisation, DossierState, Existence};
use crate::error::{ErrorKind, Refusal, Result};
use crate::identity::{IdentityStatus, Ins, Trait};
use crate::rules::consent::{self, Basis, ConsentKind, ConsentRecord};
use crate::rules::decide::{ACCESS_OVER, Consent, DossierIs, Feeding, Situation};
use crate::rules::feeding::Age;
use crate::rules::{Mode, Remedy, Right};
use crate::store::Tx;
use crate::store::journal::Outcome;
use crate::store::register::PatientRow;

/// An open dossier.
pub struct Access {
    pub(crate) session: Session,
    pub(crate) patient: Ins,
    /// CX of the INS, as the journal writes it.
    pub(crate) cx: String,
    pub(crate) mode: Mode,
    pub(crate) relation: Relation,
    reason: Option<String>,
    /// Structure, authentication and profession of the requester: under what face the DMP knows him.
    pub(crate) face: String,
    /// When the DMP last spoke of the dossier, for an access without network.
    pub(crate) offline: Option<Instant>,
    data: Mutex<Data>,
}

/// What changes while the access is open.
pub(crate) struct Data {
    existence: Existence,
    divergences: Vec<Trait>,
    /// The single-consultation consent this access spent.
    entered: Option<i64>,
    pub(crate) emergency: Option<Banner>,
    pub(crate) over: bool,
    pub(crate) staged: Vec<super::feed::Staged>,
}

/// What the register knows of the patient, read once for a decision.
pub(crate) struct Local {
    pub patient: Option<PatientRow>,
    pub basis: Basis,
    /// Whether the basis is a consent to one consultation.
    pub single_consultation: bool,
    pub feeding: Feeding,
}

impl Data {
    pub(crate) fn existence(&self) -> &Existence {
        &self.existence
    }
}

impl Access {
    /// A dossier before which a session stands for the outbox: what is known of it, without its having been entered.
    pub(crate) fn before(
        session: &Session,
        patient: &Ins,
        existence: Existence,
        divergences: Vec<Trait>,
    ) -> Access {
        let request = AccessRequest {
            patient: *patient,
            mode: Mode::Normal,
            relation: Relation::CareTeam,
            reason: None,
            minutes: None,
            offline: false,
        };
        Access::new(session, &request, existence, divergences, None)
    }

    /// An access that nothing was written of yet.
    pub(super) fn new(
        session: &Session,
        request: &AccessRequest,
        existence: Existence,
        divergences: Vec<Trait>,
        offline: Option<Instant>,
    ) -> Access {
        let requester = &session.requester;
        let reason = request.reason.as_deref().map(str::trim);
        Access {
            session: session.clone(),
            patient: request.patient,
            cx: request.patient.cx().to_string(),
            mode: request.mode,
            relation: request.relation,
            reason: reason.filter(|r| !r.is_empty()).map(str::to_owned),
            face: format!(
                "{} {:?} {}",
                requester.structure.id.as_str(),
                requester.authentication,
                requester.profession()
            ),
            offline,
            data: Mutex::new(Data {
                existence,
                divergences,
                entered: None,
                emergency: None,
                over: false,
                staged: Vec::new(),
            }),
        }
    }

    pub(crate) fn data(&self) -> MutexGuard<'_, Data> {
        // What it guards is replaced whole, so a panic elsewhere does not spoil it.
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.session.inner
    }

    /// The patient of this access.
    pub fn patient(&self) -> &Ins {
        &self.patient
    }

    /// What the DMP is told with each call.
    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            software: &self.session.inner.config.software,
            requester: &self.session.requester,
            mode: self.mode,
            reason: self.reason.as_deref(),
            patient: Some(&self.patient),
            login: self.session.opened,
        }
    }

    /// A journal note about this patient in this mode.
    pub(crate) fn note<'a>(&'a self, document: Option<&'a Oid>) -> Note<'a> {
        Note {
            patient: Some(&self.cx),
            mode: Some(self.mode),
            document: document.map(Oid::as_str),
            detail: self.offline.map(|_| OFFLINE),
            ..Note::default()
        }
    }

    /// The facts of a decision now, with what the register holds; `document` for an opposition to one.
    pub(crate) fn look(
        &self,
        state: &mut State,
        document: Option<&Oid>,
    ) -> Result<(Situation, Local)> {
        state.register.read(|tx| self.look_in(tx, document))
    }

    /// As [`Access::look`], within a transaction: what is decided on it cannot change before it is written.
    pub(crate) fn look_in(
        &self,
        tx: &Tx<'_>,
        document: Option<&Oid>,
    ) -> Result<(Situation, Local)> {
        let now = self.inner().now();
        let entered = self.data().entered;
        let requester = &self.session.requester;
        let patient = tx.patient(&self.patient)?;
        let records = match &patient {
            Some(row) => tx.consents(row.id)?,
            None => Vec::new(),
        };
        let basis = match &requester.professional {
            Some(person) => consent::basis(
                &records,
                &person.id,
                self.relation == Relation::CareTeam,
                entered,
                now,
            ),
            None => Basis {
                consent: Consent::Missing,
                record: None,
            },
        };
        let single_consultation = basis.record.is_some_and(|id| {
            let single = |r: &ConsentRecord| r.kind == ConsentKind::SingleConsultation;
            records.iter().any(|r| r.id == id && single(r))
        });
        let local = Local {
            basis,
            single_consultation,
            feeding: consent::feeding(&records, document, now),
            patient,
        };
        let data = self.data();
        let e = &data.existence;
        let expired = e.authorised_until.is_some_and(|until| now >= until);
        let mut situation = self.session.situation(self.mode);
        situation.actor.medecin_traitant = e.medecin_traitant;
        situation.dossier = match e.state {
            DossierState::Nonexistent => DossierIs::Nonexistent,
            DossierState::Active => DossierIs::Active,
            DossierState::Closed(_) => DossierIs::Closed,
        };
        situation.authorisation = match e.authorisation {
            Authorisation::Valide if expired => Authorisation::Expire,
            other => other,
        };
        situation.opposition_bris_de_glace = e.opposition_bris_de_glace;
        situation.opposition_centre_15 = e.opposition_centre_15;
        situation.consent = local.basis.consent;
        situation.feeding = local.feeding;
        situation.identity = local
            .patient
            .as_ref()
            .map_or(IdentityStatus::Provisoire, |p| p.status);
        situation.traits_diverge = !confirmed(&data.divergences, local.patient.as_ref());
        situation.reason_given = self.mode != Mode::BrisDeGlace || self.reason.is_some();
        situation.over = data.over;
        Ok((situation, local))
    }

    /// Lets a call begin: the access is not over, and the rules allow the right.
    pub(crate) fn begin_call(
        &self,
        state: &mut State,
        action: &str,
        right: Right,
        document: Option<&Oid>,
    ) -> Result<Situation> {
        let (situation, _) = self.begin_call_with(state, action, right, document)?;
        Ok(situation)
    }

    /// As [`Access::begin_call`], with what the register holds.
    pub(super) fn begin_call_with(
        &self,
        state: &mut State,
        action: &str,
        right: Right,
        document: Option<&Oid>,
    ) -> Result<(Situation, Local)> {
        self.check_open(state, action)?;
        let looked = self.look(state, document)?;
        let decision = self.judge(right, &looked.0);
        self.session
            .permit(state, action, &decision, self.note(document))?;
        Ok(looked)
    }

    /// Refuses when the access is over; ends it first when its time has passed.
    pub(crate) fn check_open(&self, state: &mut State, action: &str) -> Result<()> {
        self.end_if_due(state)?;
        if !self.data().over {
            return Ok(());
        }
        let refusal = Refusal::by_rule(ACCESS_OVER.id, ACCESS_OVER.source, ACCESS_OVER.sentence)
            .with_remedy(Remedy::OpenAccessAgain);
        self.session.refuse(
            state,
            action,
            ErrorKind::Ended(refusal).into(),
            self.note(None),
        )
    }

    /// Keeps what the DMP said of the dossier, for when there is no network, and forgets what it takes away.
    pub(crate) fn remember_standing(&self, tx: &Tx<'_>) -> Result<()> {
        let data = self.data();
        tx.put_standing(
            &self.cx,
            self.session.requester.id(),
            &data.existence,
            &data.divergences,
            self.inner().now(),
        )?;
        drop(data);
        self.learn_standing(tx)
    }

    /// Writes that an effect is about to be asked of the DMP.
    pub(crate) fn intent(
        &self,
        state: &mut State,
        action: &str,
        document: Option<&Oid>,
    ) -> Result<()> {
        let now = self.inner().now();
        state.register.durable(|tx| {
            self.session
                .note(tx, now, action, Outcome::Intent, self.note(document))
        })
    }

    /// Writes how the effect ended.
    pub(crate) fn outcome<T>(
        &self,
        state: &mut State,
        action: &str,
        document: Option<&Oid>,
        answer: &Result<T>,
    ) -> Result<()> {
        state
            .register
            .durable(|tx| self.note_outcome(tx, action, document, answer))
    }

    /// The entry of how an effect ended.
    pub(super) fn note_outcome<T>(
        &self,
        tx: &Tx<'_>,
        action: &str,
        document: Option<&Oid>,
        answer: &Result<T>,
    ) -> Result<()> {
        let now = self.inner().now();
        let (outcome, rule) = match answer {
            Ok(_) => (Outcome::Done, None),
            Err(error) => {
                let (outcome, rule) = ending(error);
                (outcome, Some(rule))
            }
        };
        let note = Note {
            rule: rule.as_deref(),
            ..self.note(document)
        };
        self.session.note(tx, now, action, outcome, note)
    }

    /// Whether the patient is a minor, by the practice's traits, else by the DMP's. Unknown is adult: the
    /// DMP decides.
    pub(crate) fn age(&self, local: &Local, now: Instant) -> Age {
        let data = self.data();
        let birth_date = match (&local.patient, &data.existence.traits) {
            (Some(row), _) => &row.traits.birth_date,
            (None, Some(traits)) => &traits.birth_date,
            (None, None) => return Age::Adult,
        };
        match now.age_of(birth_date) {
            Some(years) if years < self.inner().config.parameters.majority_age => Age::Minor,
            _ => Age::Adult,
        }
    }
}

/// Whether a person confirmed every divergence now seen; no divergence needs no confirmation.
fn confirmed(divergences: &[Trait], patient: Option<&PatientRow>) -> bool {
    divergences.is_empty()
        || patient
            .and_then(|p| p.confirmed.as_ref())
            .is_some_and(|confirmed| divergences.iter().all(|d| confirmed.contains(d)))
}
