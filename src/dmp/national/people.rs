//! Who may enter, and whom: TD0.2 to TD0.5, TD0.9, TD1.3a, TD1.6.

use super::National;
use super::exchange::{Ask, Heard, random};
use crate::dmp::protocol::hl7::{self, Asked, Message};
use crate::dmp::protocol::services;
use crate::dmp::protocol::soap::Transaction;
use crate::dmp::{Code, Context, DossierQuery, PatientSearch, ProfessionalsMode, foreseen};
use crate::dossier::{
    AdministrativeData, Authorisation, AuthorisationChange, AuthorisedDossier,
    AuthorisedProfessional, Candidate, DossierState, Existence,
};
use crate::error::{Error, Result};
use crate::identity::Ins;
use crate::rules::decide::{Actor, DossierIs, Situation};
use crate::rules::{Authentication, Right, decide};

/// What is known of a requester, where nothing of the patient's stands in the way.
pub(super) fn at_best(context: &Context<'_>) -> Situation {
    Situation {
        dossier: DossierIs::Active,
        authorisation: Authorisation::Valide,
        ..context.situation()
    }
}

/// An HL7 v3 message of this software, under a fresh identifier.
fn message(context: &Context<'_>) -> Result<Message> {
    let id = uuid::Builder::from_random_bytes(random()?).into_uuid();
    Ok(Message::of(context.software, &id.to_string()))
}

/// The patient of a call about one.
pub(super) fn patient<'a>(context: &Context<'a>) -> Result<&'a Ins> {
    context
        .patient
        .ok_or_else(|| Error::caller("patient", "is required"))
}

impl National {
    pub(super) fn existence(&mut self, context: &Context<'_>) -> Result<Existence> {
        self.admit(Right::TestExistence, context)?;
        let (message, ins) = (message(context)?, patient(context)?);
        let payload = hl7::existence_request(Asked::Existence, ins, &message, self.clock.now());
        let ask = Ask::new(Transaction::Td02, payload);
        self.exchange(context, &ask, |heard: Heard<'_>| {
            let read = hl7::read_existence(heard.reader, heard.start, ins, &message.id);
            Ok(read?)
        })
    }

    pub(super) fn administrative(&mut self, context: &Context<'_>) -> Result<AdministrativeData> {
        self.admit(Right::ReadAdministrative, context)?;
        let (message, ins) = (message(context)?, patient(context)?);
        let asked = Asked::Administrative;
        let payload = hl7::existence_request(asked, ins, &message, self.clock.now());
        let ask = Ask::new(Transaction::Td13a, payload);
        self.exchange(context, &ask, |heard| {
            let read = hl7::read_administrative(heard.reader, heard.start, ins, &message.id);
            Ok(read?)
        })
    }

    pub(super) fn patients(
        &mut self,
        context: &Context<'_>,
        search: &PatientSearch,
    ) -> Result<Vec<Candidate>> {
        self.admit(Right::FindPatient, context)?;
        let message = message(context)?;
        let payload = hl7::search_request(search, &message, self.clock.now());
        let ask = Ask::new(Transaction::Td05, payload);
        self.exchange(context, &ask, |heard| {
            let read = hl7::read_candidates(heard.reader, heard.start, &message.id);
            Ok(read?)
        })
    }

    pub(super) fn authorise(
        &mut self,
        context: &Context<'_>,
        change: AuthorisationChange,
    ) -> Result<bool> {
        let right = match change {
            AuthorisationChange::Declare | AuthorisationChange::BecomeMedecinTraitant => {
                Right::DeclareAuthorisation
            }
            AuthorisationChange::Remove => Right::RemoveAuthorisation,
            AuthorisationChange::StopMedecinTraitant => Right::StopMedecinTraitant,
        };
        self.admit(right, context)?;
        patient(context)?;
        let ask = Ask::new(Transaction::Td03, services::set_authorisation(change));
        self.exchange(context, &ask, |heard| {
            Ok(services::read_set_authorisation(heard.reader, heard.start)?)
        })
    }

    pub(super) fn dossiers(
        &mut self,
        context: &Context<'_>,
        query: &DossierQuery,
    ) -> Result<Vec<AuthorisedDossier>> {
        self.admit(Right::ListDossiers, context)?;
        // The DMP lists only new authorisations to a certificate (PDT-INF-526, note 3).
        if context.requester.authentication == Authentication::Structure && query.since.is_none() {
            return Err(Error::caller(
                "since",
                "is required with a structure's certificate: the search is limited to new authorisations",
            ));
        }
        let ask = Ask::new(Transaction::Td04, services::list_dossiers(query));
        self.exchange(context, &ask, |heard| {
            Ok(services::read_dossiers(heard.reader, heard.start)?)
        })
    }

    pub(super) fn professionals(
        &mut self,
        context: &Context<'_>,
        mode: ProfessionalsMode,
    ) -> Result<Vec<AuthorisedProfessional>> {
        self.admit(Right::ListProfessionals, context)?;
        patient(context)?;
        let ask = Ask::new(Transaction::Td16, services::list_professionals(mode));
        self.exchange(context, &ask, |heard| {
            Ok(services::read_professionals(heard.reader, heard.start)?)
        })
    }

    /// TD0.9 and TD0.10 are an address: there is no transaction. The dossier is looked up first, so that a person is
    /// not sent to a page that refuses.
    pub(super) fn web(&mut self, context: &Context<'_>) -> Result<Option<String>> {
        let right = if context.requester.authentication == Authentication::Air {
            Right::WebAccessAir
        } else {
            Right::WebAccess
        };
        let ins = *patient(context)?;
        let existence = self.existence(context)?;
        let situation = Situation {
            dossier: match existence.state {
                DossierState::Nonexistent => DossierIs::Nonexistent,
                DossierState::Active => DossierIs::Active,
                DossierState::Closed(_) => DossierIs::Closed,
            },
            authorisation: existence.authorisation,
            opposition_bris_de_glace: existence.opposition_bris_de_glace,
            opposition_centre_15: existence.opposition_centre_15,
            actor: Actor {
                medecin_traitant: existence.medecin_traitant,
                ..context.situation().actor
            },
            ..context.situation()
        };
        let decision = decide(right, &situation);
        if !decision.permits() {
            let code = match existence.state {
                DossierState::Nonexistent => Code::XDSUnknownPatientId,
                DossierState::Closed(_) => Code::DMPClosed,
                DossierState::Active => Code::DMPAccessDeniedByRightsService,
            };
            return Err(foreseen(code, &decision));
        }
        let web = self.config.web.as_deref();
        Ok(web.map(|address| address.replace("{ins}", ins.matricule())))
    }
}
