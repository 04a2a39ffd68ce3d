//! The national DMP: the client of the protocols in [`super::protocol`].
//!
//! | module | what |
//! |---|---|
//! | [`config`] | what it is opened with |
//! | [`keys`] | where key pairs live: files, cards, the host |
//! | [`transport`] | how messages travel: the built-in HTTPS client, or the host |
//! | `exchange` | one question and its answer: keys, VIHF, envelope, stream |
//! | `people` | TD0.2 to TD0.5, TD0.9, TD1.3a, TD1.6 |
//! | `deposit` | TD2.1, TD2.2 |
//! | `search` | TD3.1, TD3.2 |
//! | `change` | TD3.3 |
//! | `known` | what was lately seen of documents |
//! | `pace` | deposits a second |
//! | `skew` | the difference of clocks |
//! | `patient_side` | the patient's side of a simulator |
//!
//! What the protocols do not tell is absent from the answers: the identifiers that the DMP gives to a deposit or to a
//! change, the end of an authorisation. Nothing is asked that the DMP asks not to be asked: no search follows a
//! deposit (EX_3.1-2030). What is certain to be refused for whoever asks (an insurer, CSP L.1111-18) is refused
//! before the network.

mod change;
pub mod config;
mod deposit;
mod exchange;
pub mod keys;
mod known;
mod pace;
mod patient_side;
mod people;
mod search;
mod skew;
pub mod transport;

pub use config::NationalConfig;

use serde::Serialize;

use super::embedded::holder::{HolderAction, HolderAnswer};
use super::{
    Changed, Code, Content, Context, Criteria, Dmp, DocumentsAndAssociations, DossierQuery,
    HolderSide, Lot, Page, PatientSearch, ProfessionalsMode, Receipt, Reference, StatusChange,
    VisibilityChange, foreseen,
};
use crate::clock::{Clock, Instant};
use crate::document::{Association, DocumentEntry, EntryUuid, Oid, SubmissionSet};
use crate::dossier::{
    AdministrativeData, AuthorisationChange, AuthorisedDossier, AuthorisedProfessional, Candidate,
    Existence,
};
use crate::error::{Error, Result};
use crate::rules::{Right, decide};
use crate::terminology::Terminology;
use keys::host::HostSigner;
use keys::secret::Secrets;
use keys::{Configured, Keyring, Keys};
use known::Known;
use pace::Pace;
use skew::Skew;
use transport::{Cancel, HostSender, HostTransport, HttpsClient, Transport};

/// What the host lends.
pub enum Lent {
    /// Asks for PIN and passphrases.
    Secrets(Box<dyn Secrets>),
    /// Signs for the keys that the configuration leaves to the host.
    Signer(Box<dyn HostSigner>),
    /// Sends; `None` for the built-in client.
    Transport(Option<Box<dyn HostSender>>),
    /// Receives warnings: English, one line, without patient data.
    Log(Warn),
}

/// Receives a warning.
pub type Warn = Box<dyn Fn(&str) + Send>;

/// What is known of the way to the DMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkState {
    /// Seconds by which the DMP's clock is ahead of this machine's; absent before the first answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_skew_seconds: Option<i64>,
    /// Whether that difference is corrected in what is signed; false when it is out of bounds.
    pub clock_corrected: bool,
    /// When the DMP last answered; absent before the first answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_answer: Option<Instant>,
}

/// Who finds the keys: the configuration, or a Rust host's own keyring.
enum Ring {
    Configured(Box<Configured>),
    Own(Box<dyn Keyring>),
}

impl Keyring for Ring {
    fn keys(
        &mut self,
        requester: &super::Requester,
    ) -> std::result::Result<Keys, super::protocol::key::KeyError> {
        match self {
            Ring::Configured(ring) => ring.keys(requester),
            Ring::Own(ring) => ring.keys(requester),
        }
    }
}

/// The national DMP.
pub struct National {
    config: NationalConfig,
    clock: Clock,
    keyring: Ring,
    transport: Box<dyn Transport>,
    cancel: Cancel,
    terminology: Terminology,
    pace: Pace,
    known: Known,
    skew: Skew,
    last_answer: Option<Instant>,
    log: Option<Warn>,
}

impl National {
    /// From a configuration. Nothing is sent, no card is touched, before the first call.
    ///
    /// Errors: [`crate::error::ErrorKind::Caller`].
    pub fn new(config: NationalConfig, clock: Clock) -> Result<National> {
        let keyring = Configured::new(config.keys.clone(), clock.clone());
        National::with(config, clock, Ring::Configured(Box::new(keyring)))
    }

    /// As [`National::new`], with a keyring of the host's own; the configuration's keys are not used.
    pub fn with_keyring(
        config: NationalConfig,
        clock: Clock,
        keyring: Box<dyn Keyring>,
    ) -> Result<National> {
        National::with(config, clock, Ring::Own(keyring))
    }

    fn with(config: NationalConfig, clock: Clock, keyring: Ring) -> Result<National> {
        config.check()?;
        let transport = built_in(&config, &clock)?;
        Ok(National {
            config,
            clock,
            keyring,
            transport,
            cancel: Cancel::new(),
            terminology: Terminology::embedded(),
            pace: Pace::default(),
            known: Known::default(),
            skew: Skew::default(),
            last_answer: None,
            log: None,
        })
    }

    /// Refuses before the network what the matrices allow in no dossier to whoever asks so: his authentication, his
    /// role and the mode suffice to know. The rest is the DMP's.
    fn admit(&self, right: Right, context: &Context<'_>) -> Result<()> {
        let mut refused = None;
        for medecin_traitant in [false, true] {
            let mut situation = people::at_best(context);
            situation.actor.medecin_traitant = medecin_traitant;
            let decision = decide(right, &situation);
            if decision.permits() {
                return Ok(());
            }
            refused.get_or_insert(decision);
        }
        match refused {
            None => Ok(()),
            Some(decision) => Err(foreseen(Code::DMPAccessDeniedByRightsService, &decision)),
        }
    }
}

fn built_in(config: &NationalConfig, clock: &Clock) -> Result<Box<dyn Transport>> {
    let client = HttpsClient::new(config.network.clone(), clock.clone())
        .map_err(|error| Error::caller("dmp.national.network", error))?;
    Ok(Box::new(client))
}

/// The DMP in use has no network.
pub(crate) fn not_national() -> Error {
    Error::caller("dmp", "only the national DMP has keys and a network")
}

impl Dmp for National {
    fn use_terminology(&mut self, terminology: &Terminology) {
        self.terminology = terminology.clone();
    }

    fn authenticate(&mut self, context: &Context<'_>) -> Result<()> {
        self.admit(Right::Authenticate, context)?;
        self.keyring
            .keys(context.requester)
            .map(|_| ())
            .map_err(exchange::of_key)
    }

    fn test_existence(&mut self, context: &Context<'_>) -> Result<Existence> {
        self.existence(context)
    }

    fn set_authorisation(
        &mut self,
        context: &Context<'_>,
        change: AuthorisationChange,
    ) -> Result<bool> {
        self.authorise(context, change)
    }

    fn list_dossiers(
        &mut self,
        context: &Context<'_>,
        query: &DossierQuery,
    ) -> Result<Vec<AuthorisedDossier>> {
        self.dossiers(context, query)
    }

    fn find_patients(
        &mut self,
        context: &Context<'_>,
        search: &PatientSearch,
    ) -> Result<Vec<Candidate>> {
        self.patients(context, search)
    }

    fn web_access(&mut self, context: &Context<'_>) -> Result<Option<String>> {
        self.web(context)
    }

    fn administrative_data(&mut self, context: &Context<'_>) -> Result<AdministrativeData> {
        self.administrative(context)
    }

    fn list_professionals(
        &mut self,
        context: &Context<'_>,
        mode: ProfessionalsMode,
    ) -> Result<Vec<AuthorisedProfessional>> {
        self.professionals(context, mode)
    }

    fn submit(&mut self, context: &Context<'_>, lot: &Lot<'_>) -> Result<Vec<Receipt>> {
        self.deposit(context, lot)
    }

    fn find(&mut self, context: &Context<'_>, criteria: &Criteria) -> Result<Page> {
        self.search(context, criteria)
    }

    fn references(&mut self, context: &Context<'_>, unique_ids: &[Oid]) -> Result<Vec<Reference>> {
        self.refer(context, unique_ids)
    }

    fn find_submission_sets(
        &mut self,
        context: &Context<'_>,
        since: Instant,
    ) -> Result<Vec<SubmissionSet>> {
        self.lots_since(context, since)
    }

    fn associations(
        &mut self,
        context: &Context<'_>,
        objects: &[EntryUuid],
    ) -> Result<Vec<Association>> {
        self.links(context, objects)
    }

    fn documents(
        &mut self,
        context: &Context<'_>,
        unique_ids: &[Oid],
    ) -> Result<Vec<DocumentEntry>> {
        self.entries(context, unique_ids)
    }

    fn documents_and_associations(
        &mut self,
        context: &Context<'_>,
        entries: &[EntryUuid],
    ) -> Result<DocumentsAndAssociations> {
        self.entries_and_links(context, entries)
    }

    fn read(&mut self, context: &Context<'_>, unique_id: &Oid) -> Result<Content> {
        self.retrieve(context, unique_id)
    }

    fn change_visibility(
        &mut self,
        context: &Context<'_>,
        unique_id: &Oid,
        change: VisibilityChange,
        submission: &SubmissionSet,
    ) -> Result<Changed> {
        self.update_visibility(context, unique_id, change, submission)
    }

    fn change_status(
        &mut self,
        context: &Context<'_>,
        unique_id: &Oid,
        change: StatusChange,
        submission: &SubmissionSet,
    ) -> Result<Changed> {
        self.update_status(context, unique_id, change, submission)
    }

    fn lend(&mut self, lent: Lent) -> Result<()> {
        match lent {
            Lent::Secrets(secrets) => match &mut self.keyring {
                Ring::Configured(ring) => ring.set_secrets(secrets),
                Ring::Own(_) => return Err(own_keyring()),
            },
            Lent::Signer(signer) => match &mut self.keyring {
                Ring::Configured(ring) => ring.set_host(signer),
                Ring::Own(_) => return Err(own_keyring()),
            },
            Lent::Transport(None) => self.transport = built_in(&self.config, &self.clock)?,
            Lent::Transport(Some(sender)) => {
                let transport = HostTransport::new(sender, self.config.network.limits)
                    .map_err(|error| Error::caller("dmp.national.network", error))?;
                self.transport = Box::new(transport);
            }
            Lent::Log(log) => self.log = Some(log),
        }
        Ok(())
    }

    fn cancel(&self) -> Option<Cancel> {
        Some(self.cancel.clone())
    }

    fn network(&self) -> Option<NetworkState> {
        let bound = i64::from(self.config.clock_skew_seconds);
        Some(NetworkState {
            clock_skew_seconds: self.skew.seconds(),
            clock_corrected: self.skew.seconds().is_some_and(|s| s.abs() <= bound),
            last_answer: self.last_answer,
        })
    }

    #[cfg(feature = "pkcs11")]
    fn card(&mut self) -> Result<keys::card::Content> {
        match &mut self.keyring {
            Ring::Configured(ring) => ring.card().map_err(exchange::of_key),
            Ring::Own(_) => Err(own_keyring()),
        }
    }

    #[cfg(not(feature = "pkcs11"))]
    fn card(&mut self) -> Result<keys::card::Content> {
        Err(Error::caller(
            "dmp.national.keys",
            "this library was built without cards (feature pkcs11)",
        ))
    }

    fn holder_side(&mut self) -> Option<&mut dyn HolderSide> {
        if self.config.simulator {
            Some(self)
        } else {
            None
        }
    }
}

impl HolderSide for National {
    fn act(&mut self, action: &HolderAction, content: &[u8]) -> Result<HolderAnswer> {
        self.play(action, content)
    }
}

fn own_keyring() -> Error {
    Error::caller("keys", "this connector has a keyring of the host's own")
}
