//! The outbox as people see it: handing over, with or without network; what became of each item; correcting, sending
//! again, giving up; the stop button. [`super::dispatch`] empties it.
//!
//! What is handed over is checked as [`Access::feed`] checks it, but for what only the DMP knows; its identifiers are
//! fixed and it is durable when the call returns. Handing over the same bytes again answers the same item.
//!
//! | file | what |
//! |---|---|
//! | `hand_over` | handing over: checked, identifiers fixed, durable |
//! | `people` | what became of each item, and what a person does about it; the stop button |
//! | `recover` | what waited in a register that is no more, handed over again |
//! | `ends` | given up or withdrawn, with those that waited for it |

mod ends;
mod hand_over;
mod people;
mod recover;

pub(crate) use ends::{after_the_end, end, found_item, note_item, withdraw, withdraw_item};
pub use recover::{RecoverCounts, RecoverLine, RecoverOutcome, RecoverReport, RecoverRequest};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::recover::Former;
use super::access::Access;
use super::feed::FeedOptions;
use crate::cda::Finding;
use crate::clock::Instant;
use crate::dmp::Requester;
use crate::document::{Oid, SubmissionSet};
use crate::error::Result;
use crate::identity::Ins;
use crate::rules::Right;
use crate::rules::outbox::{Item, Kind, State};
use crate::store::Tx;
pub use crate::store::outbox::{Counts, Happening, Stop};

/// A document handed over without entering the dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutboxRequest {
    /// The patient; registered by the practice.
    pub patient: Ins,
    /// What a person decides about the document, as for [`Access::feed`].
    #[serde(default)]
    pub options: FeedOptions,
}

/// A change handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutboxChange {
    /// The patient.
    pub patient: Ins,
    /// The document to change.
    pub unique_id: Oid,
    /// What to do. Showing and deleting are final: ask the person first.
    pub change: Change,
}

/// A change of a document that is in the DMP, or will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Masks it to professionals.
    Mask,
    /// Unmasks it.
    Unmask,
    /// Shows it to the patient; final.
    ShowToPatient,
    /// Shows it to the legal representatives; final.
    ShowToRepresentatives,
    /// Archives it.
    Archive,
    /// Brings it back from the archive.
    Unarchive,
    /// Deletes it; final.
    Delete,
}

impl Change {
    /// The kind of item that does it.
    pub const fn kind(self) -> Kind {
        match self {
            Change::Mask => Kind::Mask,
            Change::Unmask => Kind::Unmask,
            Change::ShowToPatient => Kind::ShowToPatient,
            Change::ShowToRepresentatives => Kind::ShowToRepresentatives,
            Change::Archive => Kind::Archive,
            Change::Unarchive => Kind::Unarchive,
            Change::Delete => Kind::Delete,
        }
    }
}

/// What was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Queued {
    /// Number of the item, among its author's.
    pub id: i64,
    /// Its state.
    pub state: State,
    /// True when these very bytes had been handed over before: the item is that one.
    pub already_there: bool,
    /// Advice on the documents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// Which items to list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct OutboxFilter {
    /// Only these states; any when absent.
    pub states: Vec<State>,
    /// Only items after this one: `id` of one's own, `number` in the list of all.
    pub after: Option<i64>,
    /// At most this many; 100 when absent.
    pub limit: Option<usize>,
}

/// An item, and what became of it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboxItem {
    /// Its number among its author's: from 1, in the order he handed over.
    pub id: i64,
    /// Its place among all of the practice; in the list of all only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    /// What is to be done.
    pub kind: Kind,
    /// Where it stands.
    pub state: State,
    /// Both, as a person reads them.
    pub text: String,
    /// CX of the patient's INS.
    pub patient: String,
    /// Who handed it over: PS_IdNat or Struct_IdNat.
    pub actor: String,
    /// The documents deposited, or the one changed.
    pub unique_ids: Vec<Oid>,
    /// Of a take-over of past documents.
    pub take_over: bool,
    /// When it was handed over.
    pub queued_at: Instant,
    /// Not before.
    pub due_at: Instant,
    /// How often a dispatcher took it.
    pub attempts: u32,
    /// An attempt may have arrived: the DMP is asked before anything is sent again.
    pub may_be_there: bool,
    /// Items whose end it waits for: one's own, by `id`; in the list of all, all of them by `number`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<i64>,
    /// Why it stands where it stands, and what a person can do (record refusal).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<RawValue>>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Instant>,
    /// All that happened to it, when one item was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Happening>,
}

/// The outbox.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboxAnswer {
    /// Items in the order they were handed over.
    pub items: Vec<OutboxItem>,
    /// How many there are in each state.
    pub counts: Counts,
    /// Since when the stop button is pressed for everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Instant>,
    /// Since when it is pressed for take-overs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub take_over_stopped: Option<Instant>,
    /// When the DMP is tried again, after it could not be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Instant>,
    /// Why it could not (record refusal).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<RawValue>>,
}

/// One item of the outbox, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemRequest {
    /// The number.
    pub id: i64,
}

/// A corrected document in the place of one that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionRequest {
    /// Number of the item that it takes the place of.
    pub id: i64,
    /// What a person decides about the document.
    #[serde(default)]
    pub options: FeedOptions,
}

/// The stop button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StopRequest {
    /// What to stop, or to start again.
    pub what: Stop,
}

/// Where an item comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin<'a> {
    /// Someone's work: the DMP cannot hold it yet.
    Work,
    /// A take-over of past documents: the DMP may hold it already, and is asked first.
    TakeOver,
    /// An item of a register that was set aside: it may have been sent from there, and keeps its identifiers.
    Recovered(&'a Former),
}

impl Origin<'_> {
    fn start(self) -> Item {
        match self {
            Origin::Work => Item::NEW,
            Origin::TakeOver | Origin::Recovered(_) => Item::ASKED_FIRST,
        }
    }

    /// The submission set of an item of this origin, for a new one made of the same.
    fn submission(self, new: SubmissionSet) -> SubmissionSet {
        match self {
            Origin::Recovered(former) => former.submission(new),
            Origin::Work | Origin::TakeOver => new,
        }
    }

    /// The item that is this very one, of the same submission set: its number, its state, and that it was there.
    fn known(
        self,
        tx: &Tx<'_>,
        requester: &Requester,
        touched: &[&Oid],
    ) -> Result<Option<(i64, State, bool)>> {
        let Origin::Recovered(former) = self else {
            return Ok(None);
        };
        let row = former.known(tx, requester.id(), touched)?;
        Ok(row.map(|row| (row.number, row.item.state, true)))
    }
}

/// The right that a kind of item uses. A deposit's depends on who deposits ([`Access::feeding_right`]).
pub(crate) fn right_of(access: &Access, kind: Kind) -> Right {
    match kind {
        Kind::Deposit => access.feeding_right(),
        Kind::Mask => Right::Mask,
        Kind::Unmask => Right::Unmask,
        Kind::ShowToPatient | Kind::ShowToRepresentatives => Right::ShowToPatient,
        Kind::Archive => Right::Archive,
        Kind::Unarchive => Right::Unarchive,
        Kind::Delete => Right::Delete,
    }
}

/// How the journal names what an item does.
pub(crate) const fn action_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Deposit => "document.feed",
        Kind::Mask => "document.mask",
        Kind::Unmask => "document.unmask",
        Kind::ShowToPatient => "document.show_patient",
        Kind::ShowToRepresentatives => "document.show_representatives",
        Kind::Archive => "document.archive",
        Kind::Unarchive => "document.unarchive",
        Kind::Delete => "document.delete",
    }
}
