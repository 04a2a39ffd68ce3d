//! What is asked of a dossier as a whole: its authorisations, its administrative data, its professionals, its pages.

use super::Access;
use crate::connector::State;
use crate::dmp::ProfessionalsMode;
use crate::dossier::{AdministrativeData, AuthorisationChange, AuthorisedProfessional};
use crate::error::Result;
use crate::rules::decide::{Role, not_a_physician};
use crate::rules::{Authentication, Right};
use crate::store::journal::Outcome;

impl Access {
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
            let decision = not_a_physician();
            self.session
                .permit(state, action_of(change), &decision, self.note(None))?;
        }
        self.change_authorisation(state, change)
    }

    pub(super) fn change_authorisation(
        &self,
        state: &mut State,
        change: AuthorisationChange,
    ) -> Result<bool> {
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
}

fn action_of(change: AuthorisationChange) -> &'static str {
    match change {
        AuthorisationChange::Declare => "authorisation.declare",
        AuthorisationChange::Remove => "authorisation.remove",
        AuthorisationChange::BecomeMedecinTraitant => "medecin_traitant.become",
        AuthorisationChange::StopMedecinTraitant => "medecin_traitant.stop",
    }
}
