//! A DMP that fails as it is told: before it did anything, or after it did everything.

#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::{Arc, Mutex};

use dmpkit::clock::Instant;
use dmpkit::dmp::{
    Changed, Content, Context, Criteria, Dmp, DocumentsAndAssociations, DossierQuery, HolderSide,
    Lot, Page, PatientSearch, ProfessionalsMode, Receipt, Reference, StatusChange,
    VisibilityChange,
};
use dmpkit::document::{Association, DocumentEntry, EntryUuid, Oid, SubmissionSet};
use dmpkit::dossier::{
    AdministrativeData, AuthorisationChange, AuthorisedDossier, AuthorisedProfessional, Candidate,
    Existence,
};
use dmpkit::error::{ErrorKind, NetworkDetail, NetworkFailure, NetworkKind, Refusal, Result};
use dmpkit::terminology::Terminology;

/// The calls that the outbox makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// TD0.2.
    Existence,
    /// TD3.1 by reference.
    References,
    /// TD2.1.
    Submit,
    /// TD3.3.
    Change,
    /// TD3.1.
    Find,
}

/// How a call goes.
#[derive(Debug, Clone)]
pub enum Fate {
    /// As it should.
    Well,
    /// The connection cannot be made.
    Unreachable,
    /// Cut on the way there: the DMP never saw it, and nobody here knows.
    LostBefore,
    /// Cut on the way back: the DMP did it, and nobody here knows.
    LostAfter,
    /// The DMP does it and says that it failed.
    FaultAfter,
    /// The DMP says this and does nothing.
    Says(&'static str),
    /// The card is not in its reader.
    NoCard,
}

/// What a DMP is told to do, and what it was asked.
#[derive(Default)]
pub struct Told {
    /// The fate of each call, by kind, who calls, and how many calls of this kind came before.
    #[allow(clippy::type_complexity)]
    pub fate: Option<Box<dyn FnMut(Call, &str, usize) -> Fate + Send>>,
    /// A document with which no deposit ever passes: the line is cut.
    pub poison: Option<String>,
    /// Every call, in order, with what it names.
    pub calls: Vec<(Call, String)>,
    /// When each deposit came, by the clock of its context.
    pub deposits: Vec<String>,
}

pub type Shared = Arc<Mutex<Told>>;

/// The DMP itself.
pub struct Flaky {
    pub inner: Box<dyn Dmp>,
    pub told: Shared,
}

fn cut(sent: bool) -> dmpkit::Error {
    let detail = NetworkDetail { sent, retry: true };
    let failure = NetworkFailure::new(
        NetworkKind::Unreachable,
        "NET-CUT",
        "cut by the test",
        "La liaison avec le DMP a été coupée.",
        detail,
    );
    ErrorKind::Network(failure).into()
}

fn says(code: &'static str) -> dmpkit::Error {
    match dmpkit::dmp::Code::of_wire(code) {
        Some(code) => code.error("as told"),
        None => {
            let known = dmpkit::dmp::Code::DMPClosed.error("as told");
            let mut refusal = known.refusal().cloned().expect("a refusal");
            refusal.explanation.rule = code.to_owned();
            if let Some(dmp) = &mut refusal.dmp {
                dmp.code = code.to_owned();
            }
            ErrorKind::Dmp(refusal).into()
        }
    }
}

impl Flaky {
    fn fate(&self, call: Call, context: &Context<'_>, names: String) -> Fate {
        let mut told = self.told.lock().expect("the plan");
        let before = told.calls.iter().filter(|(c, _)| *c == call).count();
        let poisoned = call == Call::Submit && told.poison.as_deref() == Some(names.as_str());
        told.calls.push((call, names));
        if poisoned {
            return Fate::LostBefore;
        }
        match &mut told.fate {
            Some(fate) => fate(call, context.requester.id(), before),
            None => Fate::Well,
        }
    }

    fn meet<T>(&mut self, fate: &Fate, work: impl FnOnce(&mut dyn Dmp) -> Result<T>) -> Result<T> {
        match fate {
            Fate::Well => work(self.inner.as_mut()),
            Fate::Unreachable => Err(cut(false)),
            Fate::LostBefore => Err(cut(true)),
            Fate::LostAfter => {
                let _ = work(self.inner.as_mut());
                Err(cut(true))
            }
            Fate::FaultAfter => {
                let _ = work(self.inner.as_mut());
                Err(says("XDSRepositoryError"))
            }
            Fate::Says(code) => Err(says(code)),
            Fate::NoCard => Err(ErrorKind::Key(Refusal::by_rule(
                "KEY-CARD-ABSENT",
                "PKCS#11",
                "La carte n'est pas dans le lecteur.",
            ))
            .into()),
        }
    }
}

impl Dmp for Flaky {
    fn use_terminology(&mut self, terminology: &Terminology) {
        self.inner.use_terminology(terminology);
    }
    fn authenticate(&mut self, context: &Context<'_>) -> Result<()> {
        self.inner.authenticate(context)
    }
    fn test_existence(&mut self, context: &Context<'_>) -> Result<Existence> {
        let fate = self.fate(Call::Existence, context, String::new());
        self.meet(&fate, |dmp| dmp.test_existence(context))
    }
    fn set_authorisation(
        &mut self,
        context: &Context<'_>,
        change: AuthorisationChange,
    ) -> Result<bool> {
        self.inner.set_authorisation(context, change)
    }
    fn list_dossiers(
        &mut self,
        context: &Context<'_>,
        query: &DossierQuery,
    ) -> Result<Vec<AuthorisedDossier>> {
        self.inner.list_dossiers(context, query)
    }
    fn find_patients(
        &mut self,
        context: &Context<'_>,
        search: &PatientSearch,
    ) -> Result<Vec<Candidate>> {
        self.inner.find_patients(context, search)
    }
    fn web_access(&mut self, context: &Context<'_>) -> Result<Option<String>> {
        self.inner.web_access(context)
    }
    fn administrative_data(&mut self, context: &Context<'_>) -> Result<AdministrativeData> {
        self.inner.administrative_data(context)
    }
    fn list_professionals(
        &mut self,
        context: &Context<'_>,
        mode: ProfessionalsMode,
    ) -> Result<Vec<AuthorisedProfessional>> {
        self.inner.list_professionals(context, mode)
    }
    fn submit(&mut self, context: &Context<'_>, lot: &Lot<'_>) -> Result<Vec<Receipt>> {
        let names: Vec<&str> = lot
            .documents
            .iter()
            .map(|d| d.metadata.unique_id.as_str())
            .collect();
        let names = names.join(" ");
        let fate = self.fate(Call::Submit, context, names.clone());
        let result = self.meet(&fate, |dmp| dmp.submit(context, lot));
        if matches!(fate, Fate::Well | Fate::LostAfter | Fate::FaultAfter) {
            self.told.lock().expect("the plan").deposits.push(names);
        }
        result
    }
    fn find(&mut self, context: &Context<'_>, criteria: &Criteria) -> Result<Page> {
        let fate = self.fate(Call::Find, context, String::new());
        self.meet(&fate, |dmp| dmp.find(context, criteria))
    }
    fn references(&mut self, context: &Context<'_>, unique_ids: &[Oid]) -> Result<Vec<Reference>> {
        let names: Vec<&str> = unique_ids.iter().map(Oid::as_str).collect();
        let fate = self.fate(Call::References, context, names.join(" "));
        self.meet(&fate, |dmp| dmp.references(context, unique_ids))
    }
    fn find_submission_sets(
        &mut self,
        context: &Context<'_>,
        since: Instant,
    ) -> Result<Vec<SubmissionSet>> {
        self.inner.find_submission_sets(context, since)
    }
    fn associations(
        &mut self,
        context: &Context<'_>,
        objects: &[EntryUuid],
    ) -> Result<Vec<Association>> {
        self.inner.associations(context, objects)
    }
    fn documents(
        &mut self,
        context: &Context<'_>,
        unique_ids: &[Oid],
    ) -> Result<Vec<DocumentEntry>> {
        self.inner.documents(context, unique_ids)
    }
    fn documents_and_associations(
        &mut self,
        context: &Context<'_>,
        entries: &[EntryUuid],
    ) -> Result<DocumentsAndAssociations> {
        self.inner.documents_and_associations(context, entries)
    }
    fn read(&mut self, context: &Context<'_>, unique_id: &Oid) -> Result<Content> {
        self.inner.read(context, unique_id)
    }
    fn change_visibility(
        &mut self,
        context: &Context<'_>,
        unique_id: &Oid,
        change: VisibilityChange,
        submission: &SubmissionSet,
    ) -> Result<Changed> {
        let fate = self.fate(Call::Change, context, unique_id.as_str().to_owned());
        self.meet(&fate, |dmp| {
            dmp.change_visibility(context, unique_id, change, submission)
        })
    }
    fn change_status(
        &mut self,
        context: &Context<'_>,
        unique_id: &Oid,
        change: StatusChange,
        submission: &SubmissionSet,
    ) -> Result<Changed> {
        let fate = self.fate(Call::Change, context, unique_id.as_str().to_owned());
        self.meet(&fate, |dmp| {
            dmp.change_status(context, unique_id, change, submission)
        })
    }
    fn holder_side(&mut self) -> Option<&mut dyn HolderSide> {
        self.inner.holder_side()
    }
}
