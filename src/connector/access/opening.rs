//! Entering a patient's dossier: TD0.2 first, then what may be done and why.

use serde::{Deserialize, Serialize};

use super::{Access, Local};
use crate::connector::State;
use crate::connector::config::AuthorisationPolicy;
use crate::connector::emergency::Banner;
use crate::connector::session::{Note, Session};
use crate::dmp::Context;
use crate::dossier::{Authorisation, AuthorisationChange};
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::identity::Ins;
use crate::rules::decide::{DossierIs, REASON_REQUIRED};
use crate::rules::feeding::{Age, FeedingFault};
use crate::rules::{Mode, Remedy, Right, decide};
use crate::store::journal::Outcome;

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
    /// Without asking the DMP: from what it last said, to read what is kept. See [`crate::connector::offline`].
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

impl Access {
    /// Connexion secrète is for minors.
    pub(in crate::connector) fn refuse_secret_for_an_adult(
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
}
