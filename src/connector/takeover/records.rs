//! What a take-over is asked, tells on its way, and reports.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::connector::feed::Representatives;
use crate::connector::outbox::Counts;
use crate::document::Visibility;
use crate::identity::Ins;
use crate::rules::decision::Sentence;

/// What to take over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct TakeOverRequest {
    /// A folder, gone through with its sub-folders; links are not followed. This or `files`.
    pub folder: Option<PathBuf>,
    /// Files by their paths, in order.
    pub files: Vec<PathBuf>,
    /// Start of the act from, included.
    pub from: Option<Instant>,
    /// Start of the act to, excluded.
    pub to: Option<Instant>,
    /// typeCode: any of these.
    pub type_code: Vec<String>,
    /// Only these patients.
    pub patients: Vec<Ins>,
    /// Not these patients: the deceased, and whoever the host knows that this library does not (HISTO.06).
    pub exclude: Vec<Ins>,
    /// Only documents of one of these authors: PS_IdNat or Struct_IdNat.
    pub authors: Vec<String>,
    /// Visibility of every document.
    pub visibility: Visibility,
    /// Whether the representatives may see the documents of minors; those are left to a person when this is unsaid.
    pub representatives: Option<Representatives>,
    /// Whether the structure is a legal person, and so an author itself (HISTO.04). Unsaid, its identifier tells: FINESS,
    /// SIREN and SIRET are those of legal persons.
    pub legal_person: Option<bool>,
    /// Days after its act beyond which the date of a document is looked at by a person (HISTO.03); 31 unless said.
    pub late_days: u32,
    /// Everything but the writing.
    pub dry_run: bool,
    /// Documents handed over at most in this call.
    pub limit: Option<u64>,
    /// Judges again what an earlier run settled: after a new library, or new value sets.
    pub again: bool,
    /// Lines kept in the report at most; 1000 unless said. The progress function is given each of them.
    pub lines: usize,
}

impl Default for TakeOverRequest {
    fn default() -> TakeOverRequest {
        TakeOverRequest {
            folder: None,
            files: Vec::new(),
            from: None,
            to: None,
            type_code: Vec::new(),
            patients: Vec::new(),
            exclude: Vec::new(),
            authors: Vec::new(),
            visibility: Visibility::NORMAL,
            representatives: None,
            legal_person: None,
            late_days: 31,
            dry_run: false,
            limit: None,
            again: false,
            lines: 1000,
        }
    }
}

/// How many files ended how. `files` is the sum of all the others but `late`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TakeOverCounts {
    /// Files met.
    pub files: u64,
    /// Handed over to the outbox; in a dry run, what would be.
    pub handed_over: u64,
    /// Handed over by an earlier run.
    pub known: u64,
    /// The same content as another file of this run.
    pub duplicates: u64,
    /// In the outbox already, by other ways.
    pub in_outbox: u64,
    /// In the DMP already, by this practice (HISTO.01).
    pub already_fed: u64,
    /// Not asked for by the criteria.
    pub filtered: u64,
    /// Of patients left out.
    pub excluded: u64,
    /// Of patients who oppose it.
    pub opposed: u64,
    /// Of persons whom the practice has not registered.
    pub unknown_patient: u64,
    /// Of patients whose INS is not qualified.
    pub not_qualified: u64,
    /// To be corrected.
    pub to_correct: u64,
    /// Could not be read, or are too large.
    pub unreadable: u64,
    /// Not CDA documents, links, special files.
    pub others: u64,
    /// Left for another call: they replace a document that was not met yet.
    pub later: u64,
    /// Of those handed over, how many are dated long after their act.
    pub late: u64,
}

/// What became of a file that needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileOutcome {
    /// It goes; something about it is worth a look.
    HandedOver,
    /// Its patient is not registered.
    UnknownPatient,
    /// Its patient's INS is not qualified.
    NotQualified,
    /// It is to be corrected.
    ToCorrect,
    /// It could not be read.
    Unreadable,
}

/// A file that needs a person. Its path is in this answer alone: it is neither kept nor logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TakeOverLine {
    /// Its place among the files met, from 1; in a list of files, the place there.
    pub index: u64,
    /// Its path.
    pub path: String,
    /// What became of it.
    pub outcome: FileOutcome,
    /// The rule behind it.
    pub rule: String,
    /// Where the rule is written.
    pub source: String,
    /// Why, in French.
    pub sentence: String,
    /// What a person does about it.
    pub remedy: Sentence,
}

/// What a call has done so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TakeOverProgress {
    /// How many files ended how.
    pub counts: TakeOverCounts,
    /// What is to be said of the file that just ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<TakeOverLine>,
}

/// Why a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TakeOverEnded {
    /// Every file was met.
    Complete,
    /// The bound on documents was reached.
    Limit,
    /// The progress function said so.
    Told,
}

/// What a call did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TakeOverReport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Why it ended.
    pub ended: TakeOverEnded,
    /// How many files ended how.
    pub counts: TakeOverCounts,
    /// The files that need a person, in the order they were met.
    pub lines: Vec<TakeOverLine>,
    /// Lines beyond those kept.
    pub more_lines: u64,
}

/// A take-over under way: this person's items of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TakeOverState {
    /// How many stand in each state.
    pub counts: Counts,
    /// How many are still to go by themselves.
    pub left: u64,
    /// Since when the stop button is pressed for take-overs, or for everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Instant>,
}
