//! What one turn asks of the DMP, and how that ended.

use super::content::{Elsewhere, look_for};
use crate::connector::State as Places;
use crate::connector::access::Access;
use crate::dmp::{Deposit, Lot, StatusChange, VisibilityChange};
use crate::document::{EntryUuid, Oid};
use crate::error::{Error, ErrorKind, NetworkKind, Refusal, Result};
use crate::rules::outbox::reason::{FAULT, IDENTIFIER_TAKEN, PART_OF_LOT};
use crate::rules::outbox::retry::{Blame, Stage, Verdict, verdict};
use crate::rules::outbox::{Event, Item, Kind};
use crate::rules::takeover::SAME_CONTENT;
use crate::store::outbox::{DocumentRow, ItemRow};

/// How an attempt ended.
pub(super) struct Attempt {
    pub event: Event,
    pub blame: Blame,
    pub refusal: Option<Refusal>,
    /// Of a deposit: the DMP's identifiers of each document.
    pub receipts: Receipts,
    /// The host cancelled it: nobody's fault.
    pub cancelled: bool,
    /// The DMP has the content under another identifier: not under the document's own.
    pub elsewhere: bool,
}

/// entryUUID and logicalId of each document, as far as the DMP tells them.
pub(super) type Receipts = Vec<(Option<EntryUuid>, Option<EntryUuid>)>;

impl Attempt {
    fn of(event: Event) -> Attempt {
        Attempt {
            event,
            blame: Blame::Item,
            refusal: None,
            receipts: Vec::new(),
            cancelled: false,
            elsewhere: false,
        }
    }

    fn failed(stage: Stage, error: &Error) -> Attempt {
        let Verdict { event, blame } = verdict(stage, error);
        Attempt {
            event,
            blame,
            refusal: Some(refusal_of(error)),
            receipts: Vec::new(),
            cancelled: cancelled_by_host(error),
            elsewhere: false,
        }
    }
}

/// An error as a person reads it beside an item.
pub(super) fn refusal_of(error: &Error) -> Refusal {
    match error.refusal() {
        Some(refusal) => refusal.clone(),
        None => Refusal::by(&FAULT),
    }
}

/// Whether the host stopped it: nobody's fault.
pub(super) fn cancelled_by_host(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Network(failure) if failure.kind == NetworkKind::Cancelled)
}

/// Asks the DMP whether it has the documents of an item.
pub(super) fn ask(
    places: &mut Places,
    access: &Access,
    row: &ItemRow,
    taken: Item,
    documents: &[DocumentRow],
) -> Result<Attempt> {
    // A change done twice is done once: asking first would tell nothing more.
    if row.kind != Kind::Deposit {
        return Ok(Attempt::of(Event::Absent));
    }
    let ids: Vec<Oid> = documents.iter().map(|d| d.unique_id.clone()).collect();
    let found = match places.dmp.references(&access.context(), &ids) {
        Ok(found) => found,
        Err(error) => return Ok(Attempt::failed(Stage::Ask, &error)),
    };
    let there = ids
        .iter()
        .filter(|id| found.iter().any(|r| r.unique_id == **id))
        .count();
    // A take-over's identifier may be in the DMP from elsewhere, and its content under another one.
    if row.take_over
        && let [document] = documents
    {
        match look_for(places, access, row, document)? {
            Ok(Elsewhere::Same(id)) if id != document.unique_id && there == 0 => {
                return Ok(Attempt {
                    refusal: Some(Refusal::by(&SAME_CONTENT)),
                    elsewhere: true,
                    ..Attempt::of(Event::Found)
                });
            }
            Ok(Elsewhere::Other) => {
                return Ok(Attempt {
                    refusal: Some(Refusal::by(&IDENTIFIER_TAKEN)),
                    ..Attempt::of(Event::Refused)
                });
            }
            Ok(_) => {}
            Err(error) => return Ok(Attempt::failed(Stage::Ask, &error)),
        }
    }
    if there == ids.len() {
        let mut ours = true;
        for document in documents {
            let fed = places.register.read(|tx| tx.fed(&document.unique_id))?;
            ours &= fed.is_some_and(|fed| fed.accepted && fed.sha256 == document.sha256);
        }
        let event = taken.found(ours);
        Ok(Attempt {
            refusal: (event == Event::Refused).then(|| Refusal::by(&IDENTIFIER_TAKEN)),
            receipts: ids
                .iter()
                .map(|id| {
                    let reference = found.iter().find(|r| r.unique_id == *id);
                    (reference.map(|r| r.entry_uuid.clone()), None)
                })
                .collect(),
            ..Attempt::of(event)
        })
    } else if there == 0 {
        Ok(Attempt::of(Event::Absent))
    } else {
        Ok(Attempt {
            refusal: Some(Refusal::by(&PART_OF_LOT)),
            ..Attempt::of(Event::PersonNeeded)
        })
    }
}

/// Sends an item.
pub(super) fn send(
    places: &mut Places,
    access: &Access,
    row: &ItemRow,
    documents: &[DocumentRow],
) -> Result<Attempt> {
    let result = match (row.kind, &row.target) {
        (Kind::Deposit, _) => deposit(places, access, row, documents)?,
        (_, None) => Err(Error::bug("a change without a document")),
        (kind, Some(target)) => change(places, access, row, kind, target),
    };
    match result {
        Ok(receipts) => Ok(Attempt {
            receipts,
            ..Attempt::of(Event::Accepted)
        }),
        // Deleted by an earlier attempt, whose answer was lost.
        Err(error)
            if row.kind == Kind::Delete
                && row.attempts > 0
                && matches!(error.kind(), ErrorKind::UnknownDocument(_)) =>
        {
            Ok(Attempt::of(Event::Accepted))
        }
        Err(error) => {
            let mut outcome = Attempt::failed(Stage::Send, &error);
            // An earlier attempt may have arrived late.
            if outcome.event == Event::Duplicate && row.attempts > 0 {
                outcome.event = Event::Doubted;
            }
            Ok(outcome)
        }
    }
}

/// The outer error is the register's; the inner one the DMP's.
fn deposit(
    places: &mut Places,
    access: &Access,
    row: &ItemRow,
    documents: &[DocumentRow],
) -> Result<Result<Receipts>> {
    let contents: Vec<Vec<u8>> = places.register.read(|tx| {
        documents
            .iter()
            .map(|d| tx.item_content(row.id, d.place))
            .collect()
    })?;
    let lot = Lot {
        submission: &row.submission,
        documents: documents
            .iter()
            .zip(&contents)
            .map(|(document, content)| Deposit {
                metadata: &document.metadata,
                visibility: document.visibility,
                content,
                replaces: document.replaces.as_ref(),
            })
            .collect(),
    };
    let receipts = places.dmp.submit(&access.context(), &lot);
    Ok(receipts.map(|receipts| {
        receipts
            .into_iter()
            .map(|receipt| (receipt.entry_uuid, receipt.logical_id))
            .collect()
    }))
}

fn change(
    places: &mut Places,
    access: &Access,
    row: &ItemRow,
    kind: Kind,
    target: &Oid,
) -> Result<Receipts> {
    let context = access.context();
    let dmp = &mut places.dmp;
    let visibility = match kind {
        Kind::Mask => Some(VisibilityChange::Mask),
        Kind::Unmask => Some(VisibilityChange::Unmask),
        Kind::ShowToPatient => Some(VisibilityChange::ShowToPatient),
        Kind::ShowToRepresentatives => Some(VisibilityChange::ShowToRepresentatives),
        Kind::Deposit | Kind::Archive | Kind::Unarchive | Kind::Delete => None,
    };
    match (visibility, kind) {
        (Some(change), _) => dmp.change_visibility(&context, target, change, &row.submission)?,
        (None, Kind::Archive) => {
            dmp.change_status(&context, target, StatusChange::Archive, &row.submission)?
        }
        (None, Kind::Unarchive) => {
            dmp.change_status(&context, target, StatusChange::Unarchive, &row.submission)?
        }
        (None, _) => dmp.change_status(&context, target, StatusChange::Delete, &row.submission)?,
    };
    Ok(Vec::new())
}
