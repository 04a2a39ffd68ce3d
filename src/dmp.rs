//! The port to a DMP: the trait [`Dmp`], its requests and answers, and its back ends.
//!
//! The connector speaks to this trait and never knows what stands behind it. Method by method it is the
//! DMP's own list of transactions; every call carries a [`Context`], which on the wire becomes the VIHF.

mod context;
mod criteria;
pub mod embedded;
#[cfg(feature = "national")]
pub mod national;
#[cfg(feature = "national")]
pub mod protocol;
mod refusal;

pub use context::{Context, Requester, Software};
pub use criteria::{Criteria, Cursor, Page};
#[cfg(feature = "national")]
pub(crate) use refusal::foreseen;
pub use refusal::{Code, refused_by_dmp};

use serde::{Deserialize, Serialize};

use embedded::holder::{HolderAction, HolderAnswer};

use crate::clock::Instant;
use crate::document::{
    Association, DocumentEntry, EntryUuid, Metadata, Oid, Status, SubmissionSet, Visibility,
};
use crate::dossier::{
    AdministrativeData, AuthorisationChange, AuthorisedDossier, AuthorisedProfessional, Candidate,
    Existence,
};
use crate::error::Result;
use crate::rules::Right;
use crate::terminology::Terminology;

/// A document on its way in.
#[derive(Debug, Clone)]
pub struct Deposit<'a> {
    /// Its metadata.
    pub metadata: &'a Metadata,
    /// Visibility asked for.
    pub visibility: Visibility,
    /// Its bytes, never re-serialised.
    pub content: &'a [u8],
    /// The uniqueId of the document it replaces (RPLC).
    pub replaces: Option<&'a Oid>,
}

/// A lot: one submission of one or more documents.
#[derive(Debug, Clone)]
pub struct Lot<'a> {
    /// The SubmissionSet. Its identifiers are fixed before the first attempt.
    pub submission: &'a SubmissionSet,
    /// The documents.
    pub documents: Vec<Deposit<'a>>,
}

/// What the DMP made of one deposited document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The uniqueId deposited.
    pub unique_id: Oid,
    /// The DMP's identifier; absent when the DMP does not tell it (the national one, at deposit).
    #[serde(default, rename = "entryUUID", skip_serializing_if = "Option::is_none")]
    pub entry_uuid: Option<EntryUuid>,
    /// The DMP's lasting identifier; absent when the DMP does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logical_id: Option<EntryUuid>,
    /// Visibility registered, as far as the DMP tells it: the patient's choice may have masked it.
    pub visibility: Visibility,
}

/// The reference of a document: its identifiers and nothing clinical (TD3.1, reference search).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// The uniqueId asked for.
    pub unique_id: Oid,
    /// The DMP's current identifier.
    #[serde(rename = "entryUUID")]
    pub entry_uuid: EntryUuid,
}

/// A document read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What the DMP says of it.
    pub entry: DocumentEntry,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A change of visibility (TD3.3a, TD3.3b).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VisibilityChange {
    /// Mask to professionals.
    Mask,
    /// Unmask.
    Unmask,
    /// Show to the patient; irreversible.
    ShowToPatient,
    /// Show to the legal representatives; irreversible.
    ShowToRepresentatives,
}

/// A change of status (TD3.3c, TD3.3d).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusChange {
    /// Archive.
    Archive,
    /// Unarchive.
    Unarchive,
    /// Delete: logical, final.
    Delete,
}

impl VisibilityChange {
    /// The right that it uses.
    pub const fn right(self) -> Right {
        match self {
            VisibilityChange::Mask => Right::Mask,
            VisibilityChange::Unmask => Right::Unmask,
            VisibilityChange::ShowToPatient | VisibilityChange::ShowToRepresentatives => {
                Right::ShowToPatient
            }
        }
    }
}

impl StatusChange {
    /// The right that it uses.
    pub const fn right(self) -> Right {
        match self {
            StatusChange::Archive => Right::Archive,
            StatusChange::Unarchive => Right::Unarchive,
            StatusChange::Delete => Right::Delete,
        }
    }

    /// The status after the change.
    pub const fn target(self) -> Status {
        match self {
            StatusChange::Archive => Status::Archived,
            StatusChange::Unarchive => Status::Approved,
            StatusChange::Delete => Status::Deleted,
        }
    }
}

/// A document after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    /// The document.
    pub unique_id: Oid,
    /// Its identifier now, new after a change of metadata; absent when the DMP does not tell it.
    #[serde(rename = "entryUUID", skip_serializing_if = "Option::is_none")]
    pub entry_uuid: Option<EntryUuid>,
    /// Metadata version now.
    pub version: u32,
    /// Status for the person who changed it.
    pub availability_status: Status,
    /// Visibility now.
    pub visibility: Visibility,
    /// False when it already was so and nothing was done.
    pub changed: bool,
}

/// Which professionals TD1.6 lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProfessionalsMode {
    /// Authorised.
    Active,
    /// Blocked.
    Interdite,
    /// Both.
    #[default]
    Toute,
}

/// By which date TD0.4 filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DossierDate {
    /// LASTAUTORIZATION: the authorisation was given since.
    #[default]
    LastAuthorisation,
    /// LASTDOC: a document was added since.
    LastDocument,
}

/// What TD0.4 asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct DossierQuery {
    /// Since when; required for a structure's certificate.
    pub since: Option<Instant>,
    /// Of which date.
    pub date: DossierDate,
}

/// What TD0.5 asks: a name and a birth date at least.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatientSearch {
    /// Birth name or used name.
    pub name: String,
    /// First given name.
    #[serde(default)]
    pub given: Option<String>,
    /// `YYYYMMDD`.
    pub birth_date: String,
    /// Sex.
    #[serde(default)]
    pub sex: Option<crate::identity::Sex>,
}

/// Documents and the associations between them and their lots.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DocumentsAndAssociations {
    /// Documents found.
    pub documents: Vec<DocumentEntry>,
    /// Associations whose two ends the asker may see.
    pub associations: Vec<Association>,
}

/// A DMP.
///
/// Every method answers for the person of the context: what that person may not see does not exist in
/// the answer. Refusals are [`crate::error::ErrorKind::Dmp`] with the DMP's own code, or
/// [`crate::error::ErrorKind::UnknownDocument`].
pub trait Dmp: Send {
    /// Compares codes with these sets from now on. A national DMP has its own.
    fn use_terminology(&mut self, _terminology: &Terminology) {}
    /// TD0.1: whether the DMP admits this authentication.
    fn authenticate(&mut self, context: &Context<'_>) -> Result<()>;
    /// TD0.2: existence of the dossier, and the asker's authorisation.
    fn test_existence(&mut self, context: &Context<'_>) -> Result<Existence>;
    /// TD0.3: the asker's own authorisation. `false` when nothing had to be done.
    fn set_authorisation(
        &mut self,
        context: &Context<'_>,
        change: AuthorisationChange,
    ) -> Result<bool>;
    /// TD0.4: dossiers on which the asker is authorised. No patient in the context.
    fn list_dossiers(
        &mut self,
        context: &Context<'_>,
        query: &DossierQuery,
    ) -> Result<Vec<AuthorisedDossier>>;
    /// TD0.5: patients by traits. No patient in the context.
    fn find_patients(
        &mut self,
        context: &Context<'_>,
        search: &PatientSearch,
    ) -> Result<Vec<Candidate>>;
    /// TD0.9 and TD0.10: the address to open in a browser; `None` if this DMP has no pages.
    fn web_access(&mut self, context: &Context<'_>) -> Result<Option<String>>;
    /// TD1.3a: administrative data.
    fn administrative_data(&mut self, context: &Context<'_>) -> Result<AdministrativeData>;
    /// TD1.6: authorised and blocked professionals.
    fn list_professionals(
        &mut self,
        context: &Context<'_>,
        mode: ProfessionalsMode,
    ) -> Result<Vec<AuthorisedProfessional>>;
    /// TD2.1 and TD2.2: a lot, registered whole or not at all.
    fn submit(&mut self, context: &Context<'_>, lot: &Lot<'_>) -> Result<Vec<Receipt>>;
    /// TD3.1 FindDocuments.
    fn find(&mut self, context: &Context<'_>, criteria: &Criteria) -> Result<Page>;
    /// TD3.1 by reference: the identifiers of documents, without clinical metadata.
    fn references(&mut self, context: &Context<'_>, unique_ids: &[Oid]) -> Result<Vec<Reference>>;
    /// TD3.1 FindSubmissionSets: lots submitted from an instant on.
    fn find_submission_sets(
        &mut self,
        context: &Context<'_>,
        since: Instant,
    ) -> Result<Vec<SubmissionSet>>;
    /// TD3.1 GetAssociations: those whose source or target is one of these objects.
    fn associations(
        &mut self,
        context: &Context<'_>,
        objects: &[EntryUuid],
    ) -> Result<Vec<Association>>;
    /// TD3.1 GetDocuments, by uniqueId.
    fn documents(
        &mut self,
        context: &Context<'_>,
        unique_ids: &[Oid],
    ) -> Result<Vec<DocumentEntry>>;
    /// TD3.1 GetDocumentsAndAssociations, by entryUUID.
    fn documents_and_associations(
        &mut self,
        context: &Context<'_>,
        entries: &[EntryUuid],
    ) -> Result<DocumentsAndAssociations>;
    /// TD3.2.
    fn read(&mut self, context: &Context<'_>, unique_id: &Oid) -> Result<Content>;
    /// TD3.3a and TD3.3b. `submission` names the update.
    fn change_visibility(
        &mut self,
        context: &Context<'_>,
        unique_id: &Oid,
        change: VisibilityChange,
        submission: &SubmissionSet,
    ) -> Result<Changed>;
    /// TD3.3c and TD3.3d.
    fn change_status(
        &mut self,
        context: &Context<'_>,
        unique_id: &Oid,
        change: StatusChange,
        submission: &SubmissionSet,
    ) -> Result<Changed>;
    /// Takes what the host lends: PIN, signatures, transport, where warnings go.
    ///
    /// Errors: [`crate::error::ErrorKind::Caller`] for a DMP that needs none of it.
    #[cfg(feature = "national")]
    fn lend(&mut self, _lent: national::Lent) -> Result<()> {
        Err(national::not_national())
    }
    /// What stops a call on its way, from another thread.
    #[cfg(feature = "national")]
    fn cancel(&self) -> Option<national::transport::Cancel> {
        None
    }
    /// What is known of the way to this DMP.
    #[cfg(feature = "national")]
    fn network(&self) -> Option<national::NetworkState> {
        None
    }
    /// What the card in the reader says of its holder and exercises.
    #[cfg(feature = "national")]
    fn card(&mut self) -> Result<national::keys::card::Content> {
        Err(national::not_national())
    }
    /// The patient's and the CNAM's side, when this DMP plays them.
    fn holder_side(&mut self) -> Option<&mut dyn HolderSide> {
        None
    }
}

/// The patient's and the CNAM's side of a DMP that plays them: the embedded DMP, or the simulator.
pub trait HolderSide {
    /// Does what the patient, a representative or the CNAM does. `content` is the CDA of a deposit.
    fn act(&mut self, action: &HolderAction, content: &[u8]) -> Result<HolderAnswer>;
}
