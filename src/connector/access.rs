//! Entering a patient's dossier: TD0.2 first, then what may be done and why.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::config::AuthorisationPolicy;
use super::emergency::Banner;
use super::offline::{OFFLINE, OfflineAge};
use super::session::{Note, Session, ending};
use super::{Inner, State};
use crate::clock::Instant;
use crate::dmp::{Context, ProfessionalsMode};
use crate::document::Oid;
use crate::dossier::{
    AdministrativeData, Authorisation, AuthorisationChange, AuthorisedProfessional, DossierState,
    Existence,
};
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::identity::{IdentityStatus, Ins, Trait};
use crate::rules::consent::{self, Basis, ConsentKind, ConsentRecord};
use crate::rules::decide::{
    ACCESS_OVER, Consent, DossierIs, Feeding, REASON_REQUIRED, Role, Situation,
};
use crate::rules::feeding::{Age, FeedingFault};
use crate::rules::{Authentication, Decision, Explanation, Mode, Remedy, Right, decide};
use crate::store::Tx;
use crate::store::journal::Outcome;
use crate::store::register::PatientRow;

/// What is asked to enter a dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessRequest {
    /// The patient.
    pub patient: Ins,
    /// In which mode; normal when absent.
    #[serde(default)]
    pub mode: Mode,
    /// Whether the professional belongs to the patient's équipe de soins; he does when absent.
    #[serde(default)]
    pub relation: Relation,
    /// Why, for a bris de glace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long a bris de glace lasts at most, in minutes; the parameter's value when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<i64>,
    /// Without asking the DMP: from what it last said, to read what is kept. See [`super::offline`].
    #[serde(default)]
    pub offline: bool,
}

/// The professional's place beside the patient (CSP L.1110-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Member of the équipe de soins: one consent covers all.
    #[default]
    CareTeam,
    /// Outside it: explicit consent, at each consultation.
    Outside,
}

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

/// A right, and whether it may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Code in the DMP's matrices.
    pub right: &'static str,
    /// What it lets a person do, in French.
    pub label: &'static str,
    /// Whether, why, and what would change it.
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// A trait that differs, without its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Divergence {
    /// Which trait.
    #[serde(rename = "trait")]
    pub which: Trait,
    /// Its name in French.
    pub label: &'static str,
}

/// What the host shows of an access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessState {
    /// The mode.
    pub mode: Mode,
    /// The dossier, as TD0.2 tells it.
    pub dossier: Existence,
    /// Status of the identity in the practice's register.
    pub identity: IdentityStatus,
    /// Traits that differ between the practice and the DMP; their values are never shown.
    pub divergences: Vec<Divergence>,
    /// Whether a person confirmed the identity despite them.
    pub identity_confirmed: bool,
    /// What to tell the person about the identity, in French.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// The consent record that holds, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<i64>,
    /// How old all this is, when the access was opened without network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offline: Option<OfflineAge>,
    /// The banner to display throughout a bris de glace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emergency: Option<Banner>,
    /// Whether the access is over.
    pub over: bool,
    /// What may be done, right by right.
    pub advice: Vec<Advice>,
}

/// What the register knows of the patient, read once for a decision.
pub(crate) struct Local {
    pub patient: Option<PatientRow>,
    pub basis: Basis,
    /// Whether the basis is a consent to one consultation.
    pub single_consultation: bool,
    pub feeding: Feeding,
}

impl Session {
    /// Enters a patient's dossier in a mode: asks the DMP whether it exists (TD0.2), compares identities,
    /// and says what may be done.
    ///
    /// In normal mode the access opens whatever the answer, for a person has to see why nothing may be
    /// done. An emergency mode is refused when the patient opposed it, when a bris de glace has no
    /// reason, or when the matrices give no such mode to this authentication.
    ///
    /// With `offline` the DMP is not asked: the access opens from what it last said to this person, if that is
    /// recent enough, and finds and reads what is kept. When the network fails and something is kept that this
    /// person may read, the refusal's remedies say so.
    pub fn access(&self, request: &AccessRequest) -> Result<Access> {
        self.inner.config.check_domain(&request.patient)?;
        if request.minutes.is_some_and(|m| m < 1) {
            return Err(Error::caller("minutes", "must be at least 1"));
        }
        let opened = if request.offline {
            self.enter_offline(request)
        } else {
            self.enter_dossier(request)
        };
        self.inner.logged("access.open", opened)
    }

    fn enter_dossier(&self, request: &AccessRequest) -> Result<Access> {
        let cx = request.patient.cx().to_string();
        let reason = request
            .reason
            .as_deref()
            .map(str::trim)
            .filter(|r| !r.is_empty());
        let note = Note {
            patient: Some(&cx),
            mode: Some(request.mode),
            detail: reason,
            ..Note::default()
        };
        let mut held = self.inner.hold()?;
        let state = held.state()?;
        if request.mode == Mode::BrisDeGlace && reason.is_none() {
            let refusal = Refusal::by_rule(
                REASON_REQUIRED.id,
                REASON_REQUIRED.source,
                REASON_REQUIRED.sentence,
            )
            .with_remedy(Remedy::StateReason);
            return self.refuse(
                state,
                "access.open",
                ErrorKind::Refused(refusal).into(),
                note,
            );
        }
        let bare = decide(Right::TestExistence, &self.situation(request.mode));
        self.permit(state, "access.open", &bare, note)?;
        let context = Context {
            software: &self.inner.config.software,
            requester: &self.requester,
            mode: request.mode,
            reason,
            patient: Some(&request.patient),
            login: self.opened,
        };
        let existence = match state.dmp.test_existence(&context) {
            Ok(existence) => existence,
            Err(error) => {
                let error = self.offering_offline(state, request, error)?;
                return self.refuse(state, "access.open", error, note);
            }
        };
        let known = state.register.read(|tx| tx.patient(&request.patient))?;
        let divergences = match (&known, &existence.traits) {
            (Some(row), Some(theirs)) => row.traits.divergences(theirs),
            _ => Vec::new(),
        };
        let access = Access::new(self, request, existence, divergences, None);
        let (situation, local) = access.look(state, None)?;
        if request.mode.is_emergency() {
            // Every column may read administrative data: what stops it is the mode itself.
            let decision = decide(Right::ReadAdministrative, &situation);
            self.permit(state, "access.open", &decision, note)?;
        }
        access.refuse_secret_for_an_adult(state, note)?;
        access.begin(state, request, &local, note)?;
        if self.inner.config.authorisation == AuthorisationPolicy::Automatic {
            access.declare_by_itself(state)?;
        }
        Ok(access)
    }
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

    /// Connexion secrète is for minors.
    pub(super) fn refuse_secret_for_an_adult(
        &self,
        state: &mut State,
        note: Note<'_>,
    ) -> Result<()> {
        if !self.session.requester.secret {
            return Ok(());
        }
        let (situation, local) = self.look(state, None)?;
        if self.age(&local, self.inner().now()) != Age::Adult
            || situation.dossier == DossierIs::Nonexistent
        {
            return Ok(());
        }
        let fault = FeedingFault::SecretForAnAdult;
        let refusal = Refusal::by_rule(fault.rule(), "EX_GEN-1550", fault.french());
        let error = ErrorKind::Refused(refusal).into();
        self.session.refuse(state, "access.open", error, note)
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

    /// Writes the opening: spends a single-consultation consent, opens the bris de glace, journals.
    fn begin(
        &self,
        state: &mut State,
        request: &AccessRequest,
        local: &Local,
        note: Note<'_>,
    ) -> Result<()> {
        let now = self.inner().now();
        let requester = &self.session.requester;
        let allowed = self.inner().config.parameters.bris_de_glace_minutes;
        let minutes = request.minutes.unwrap_or(allowed).min(allowed);
        let closes_at = now.plus_seconds(minutes * 60);
        let (entered, emergency) = state.register.durable(|tx| {
            self.remember_standing(tx)?;
            let mut entered = None;
            if let (Mode::Normal, Some(record)) = (self.mode, local.basis.record) {
                // Another access may have spent it meanwhile; then this one goes without.
                if local.single_consultation && tx.use_consent(record, now)? {
                    entered = Some(record);
                }
            }
            let emergency = match (self.mode, &self.reason) {
                (Mode::BrisDeGlace, Some(reason)) => Some(tx.open_emergency(
                    &self.cx,
                    requester.id(),
                    &requester.name(),
                    requester.structure.id.as_str(),
                    reason,
                    now,
                    closes_at,
                )?),
                _ => None,
            };
            let basis = entered.map(|id| format!("consent {id}"));
            let note = Note {
                basis: basis.as_deref(),
                ..note
            };
            self.session
                .note(tx, now, "access.open", Outcome::Done, note)?;
            Ok((entered, emergency))
        })?;
        let mut data = self.data();
        data.entered = entered;
        data.emergency = emergency.map(|id| Banner::new(id, &self.reason, now, closes_at));
        Ok(())
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

    /// Positions the authorisation when the practice asked for it to go by itself.
    fn declare_by_itself(&self, state: &mut State) -> Result<()> {
        let (situation, _) = self.look(state, None)?;
        let lacks = matches!(
            situation.authorisation,
            Authorisation::NonExiste | Authorisation::Expire
        );
        if self.mode != Mode::Normal
            || !lacks
            || !decide(Right::DeclareAuthorisation, &situation).permits()
        {
            return Ok(());
        }
        self.change_authorisation(state, AuthorisationChange::Declare)
            .map(|_| ())
    }

    /// The state of the access, with advice for each right.
    pub fn state(&self) -> Result<AccessState> {
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        self.end_if_due(state)?;
        let (situation, local) = self.look(state, None)?;
        let data = self.data();
        let divergences: Vec<Divergence> = data
            .divergences
            .iter()
            .map(|which| Divergence {
                which: *which,
                label: which.label(),
            })
            .collect();
        let identity_confirmed = confirmed(&data.divergences, local.patient.as_ref());
        let alert = (!identity_confirmed).then(|| {
            let labels: Vec<_> = divergences.iter().map(|d| d.label).collect();
            format!(
                "Attention : l'identité locale et celle du DMP diffèrent ({}). L'alimentation est suspendue jusqu'à confirmation.",
                labels.join(", ")
            )
        });
        let now = self.inner().now();
        Ok(AccessState {
            mode: self.mode,
            dossier: Existence {
                authorisation: situation.authorisation,
                ..data.existence.clone()
            },
            identity: situation.identity,
            identity_confirmed: identity_confirmed && !divergences.is_empty(),
            divergences,
            alert,
            consent: local.basis.record,
            offline: self
                .offline
                .map(|seen_at| OfflineAge::new(None, seen_at, now)),
            emergency: data.emergency.as_ref().map(|b| b.at(now)),
            over: data.over,
            advice: Right::all()
                .map(|right| Advice {
                    right: right.code(),
                    label: right.label(),
                    explanation: self.judge(right, &situation).explain(),
                })
                .collect(),
        })
    }

    /// The decision on one right, as [`Access::state`] would advise it.
    pub fn advice(&self, right: Right) -> Result<Decision> {
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        self.end_if_due(state)?;
        let (situation, _) = self.look(state, None)?;
        Ok(self.judge(right, &situation))
    }

    /// Records that a person checked the identity and confirms it despite the divergences seen.
    pub fn confirm_identity(&self, note: &str) -> Result<()> {
        if note.trim().is_empty() {
            return Err(Error::caller("note", "is required: what was checked"));
        }
        let now = self.inner().now();
        let divergences = self.data().divergences.clone();
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        self.check_open(state, "identity.confirm")?;
        let result = state.register.durable(|tx| {
            let patient = super::consent::registered(tx, &self.patient)?;
            tx.confirm_identity(patient.id, &divergences)?;
            let detail = self.said_offline(note);
            let note = Note {
                detail: Some(&detail),
                ..self.note(None)
            };
            self.session
                .note(tx, now, "identity.confirm", Outcome::Done, note)
        });
        drop(held);
        self.inner().logged("identity.confirm", result)
    }

    /// TD0.3: declares or removes the requester's own authorisation, becomes or stops being médecin
    /// traitant DMP. `false` when it already was so.
    pub fn authorise(&self, change: AuthorisationChange) -> Result<bool> {
        let result = self.authorise_held(change);
        self.inner().logged("authorisation", result)
    }

    fn authorise_held(&self, change: AuthorisationChange) -> Result<bool> {
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        let right = match change {
            AuthorisationChange::Declare | AuthorisationChange::BecomeMedecinTraitant => {
                Right::DeclareAuthorisation
            }
            AuthorisationChange::Remove => Right::RemoveAuthorisation,
            AuthorisationChange::StopMedecinTraitant => Right::StopMedecinTraitant,
        };
        let situation = self.begin_call(state, action_of(change), right, None)?;
        if change == AuthorisationChange::BecomeMedecinTraitant
            && situation.actor.role != Role::Physician
        {
            let decision = crate::rules::decide::not_a_physician();
            self.session
                .permit(state, action_of(change), &decision, self.note(None))?;
        }
        self.change_authorisation(state, change)
    }

    fn change_authorisation(&self, state: &mut State, change: AuthorisationChange) -> Result<bool> {
        let action = action_of(change);
        self.intent(state, action, None)?;
        let answer = state
            .dmp
            .set_authorisation(&self.context(), change)
            .and_then(|changed| {
                let existence = state.dmp.test_existence(&self.context())?;
                Ok((changed, existence))
            });
        self.outcome(state, action, None, &answer)?;
        let (changed, existence) = answer?;
        self.data().existence = existence;
        // Durable: what an authorisation removed had allowed to keep must not come back.
        state.register.durable(|tx| self.remember_standing(tx))?;
        Ok(changed)
    }

    /// TD1.3a: administrative data.
    pub fn administrative_data(&self) -> Result<AdministrativeData> {
        self.ask("administrative.read", Right::ReadAdministrative, |state| {
            state.dmp.administrative_data(&self.context())
        })
    }

    /// TD1.6: the professionals authorised and blocked on this dossier.
    pub fn professionals(&self, mode: ProfessionalsMode) -> Result<Vec<AuthorisedProfessional>> {
        self.ask("professional.list", Right::ListProfessionals, |state| {
            state.dmp.list_professionals(&self.context(), mode)
        })
    }

    /// TD0.9, TD0.10: the address of the DMP's own pages for this patient; `None` if it has none.
    pub fn web(&self) -> Result<Option<String>> {
        let right = match self.session.requester.authentication {
            Authentication::Air => Right::WebAccessAir,
            _ => Right::WebAccess,
        };
        self.ask("web.open", right, |state| {
            state.dmp.web_access(&self.context())
        })
    }

    /// One question to the DMP: decided, asked, journalled, answered.
    pub(crate) fn ask<T>(
        &self,
        action: &str,
        right: Right,
        question: impl FnOnce(&mut State) -> Result<T>,
    ) -> Result<T> {
        let result = self.ask_held(action, right, question);
        self.inner().logged(action, result)
    }

    fn ask_held<T>(
        &self,
        action: &str,
        right: Right,
        question: impl FnOnce(&mut State) -> Result<T>,
    ) -> Result<T> {
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        self.begin_call(state, action, right, None)?;
        match question(state) {
            Ok(answer) => {
                let now = self.inner().now();
                state.register.durable(|tx| {
                    self.session
                        .note(tx, now, action, Outcome::Done, self.note(None))
                })?;
                Ok(answer)
            }
            Err(error) => self.session.refuse(state, action, error, self.note(None)),
        }
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

fn action_of(change: AuthorisationChange) -> &'static str {
    match change {
        AuthorisationChange::Declare => "authorisation.declare",
        AuthorisationChange::Remove => "authorisation.remove",
        AuthorisationChange::BecomeMedecinTraitant => "medecin_traitant.become",
        AuthorisationChange::StopMedecinTraitant => "medecin_traitant.stop",
    }
}
