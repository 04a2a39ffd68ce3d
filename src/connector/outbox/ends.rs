//! How an item ends: given up or withdrawn, with those that waited for it.

use super::action_of;
use crate::clock::Instant;
use crate::connector::feed::FOUND_AFTER_A_CUT;
use crate::connector::session::{Note, Session};
use crate::document::Oid;
use crate::error::{Refusal, Result};
use crate::rules::decision::Rule;
use crate::rules::outbox::reason::PREDECESSOR;
use crate::rules::outbox::{Event, Kind, State};
use crate::rules::{Mode, Remedy};
use crate::store::Tx;
use crate::store::journal::Outcome;
use crate::store::outbox::{ItemRow, Move};
use crate::store::sqlite::to_json;

/// Journals what becomes of an item, in the name of whoever acts.
pub(crate) fn note_item(
    tx: &Tx<'_>,
    session: &Session,
    row: &ItemRow,
    action: &str,
    outcome: Outcome,
    rule: Option<&str>,
    at: Option<Instant>,
) -> Result<()> {
    let at = at.unwrap_or_else(|| session.inner.now());
    let detail = format!("outbox {}", row.number);
    note_documents(tx, session, row, action, outcome, rule, &detail, at)
}

/// Journals what an item was to do as done: it was found so in the DMP, in the words of a direct feed.
pub(crate) fn found_item(
    tx: &Tx<'_>,
    session: &Session,
    row: &ItemRow,
    now: Instant,
) -> Result<()> {
    let detail = format!("outbox {}, {FOUND_AFTER_A_CUT}", row.number);
    let action = action_of(row.kind);
    note_documents(tx, session, row, action, Outcome::Done, None, &detail, now)
}

#[allow(clippy::too_many_arguments)] // the parts of an entry
fn note_documents(
    tx: &Tx<'_>,
    session: &Session,
    row: &ItemRow,
    action: &str,
    outcome: Outcome,
    rule: Option<&str>,
    detail: &str,
    at: Instant,
) -> Result<()> {
    let documents = match &row.target {
        Some(target) => vec![target.clone()],
        None => tx
            .item_documents(row.id)?
            .into_iter()
            .map(|d| d.unique_id)
            .collect(),
    };
    for document in &documents {
        let note = Note {
            patient: Some(&row.patient),
            mode: Some(Mode::Normal),
            document: Some(document.as_str()),
            detail: Some(detail),
            rule,
            ..Note::default()
        };
        session.note(tx, at, action, outcome, note)?;
    }
    Ok(())
}

/// Ends an item that is given up or withdrawn, and sees to those that waited for it. False when its state does not
/// allow it.
pub(crate) fn end(
    tx: &Tx<'_>,
    session: &Session,
    row: &ItemRow,
    event: Event,
    refusal: &Refusal,
    action: &str,
    now: Instant,
) -> Result<bool> {
    if !end_alone(tx, session, row, event, refusal, action, now)? {
        return Ok(false);
    }
    if let Some(to) = row.item.apply(event)
        && to.state == State::Cancelled
        && !to.doubt
    {
        after_the_end(tx, session, row, now)?;
    }
    Ok(true)
}

/// Ends an item, and leaves those that waited for it alone.
pub(super) fn end_alone(
    tx: &Tx<'_>,
    session: &Session,
    row: &ItemRow,
    event: Event,
    refusal: &Refusal,
    action: &str,
    now: Instant,
) -> Result<bool> {
    let Some(to) = row.item.apply(event) else {
        return Ok(false);
    };
    let rule = refusal.explanation.rule.as_str();
    tx.move_item(
        row.id,
        &Move {
            event,
            to,
            reason: Some(&to_json(refusal)?),
            rule: Some(rule),
            due_at: now,
            failures: row.failures,
            now,
        },
    )?;
    note_item(
        tx,
        session,
        row,
        action,
        Outcome::Refused,
        Some(rule),
        Some(now),
    )?;
    Ok(true)
}

/// What its author had made depend on an item that never went: a replacement waits for a person; a change of the
/// document has no object any more. A colleague's finds no such document in the DMP, as if there had been none.
pub(crate) fn after_the_end(
    tx: &Tx<'_>,
    session: &Session,
    row: &ItemRow,
    now: Instant,
) -> Result<()> {
    if row.kind != Kind::Deposit {
        return Ok(());
    }
    for next in tx.successors(row.id)? {
        let refusal = Refusal::by(&PREDECESSOR);
        let (event, action, refusal) = match next.kind {
            Kind::Deposit => (
                Event::PersonNeeded,
                "outbox.hold",
                refusal
                    .with_remedy(Remedy::CorrectItem)
                    .with_remedy(Remedy::GiveUpItem),
            ),
            _ => (Event::Withdrawn, "outbox.cancel", refusal),
        };
        end(tx, session, &next, event, &refusal, action, now)?;
    }
    Ok(())
}

/// Gives up what waits for a patient, or for one document of his, when he withdraws what allowed it.
///
/// What is being sent, or may be in the DMP, is noted: it goes no further once that is known.
pub(crate) fn withdraw(
    tx: &Tx<'_>,
    session: &Session,
    patient: &str,
    document: Option<&Oid>,
    rule: &'static Rule,
    now: Instant,
) -> Result<()> {
    let refusal = Refusal::by(rule).with_remedy(Remedy::ResendItem);
    for row in tx.open_items_of(patient)? {
        if let Some(document) = document {
            let documents = tx.item_documents(row.id)?;
            let names = documents.iter().any(|d| d.unique_id == *document)
                || row.target.as_ref() == Some(document);
            if !names {
                continue;
            }
        }
        withdraw_item(tx, session, &row, &refusal, now)?;
    }
    Ok(())
}

/// Withdraws one item, whoever has it in hand.
pub(crate) fn withdraw_item(
    tx: &Tx<'_>,
    session: &Session,
    row: &ItemRow,
    refusal: &Refusal,
    now: Instant,
) -> Result<()> {
    match row.item.withdraw() {
        Some(to) if to.state == State::Cancelled => {
            end(
                tx,
                session,
                row,
                Event::Withdrawn,
                refusal,
                "outbox.cancel",
                now,
            )?;
        }
        Some(_) if !row.item.withdrawn => {
            let rule = refusal.explanation.rule.as_str();
            tx.note_withdrawn(row.id, &to_json(refusal)?, rule, now)?;
        }
        _ => {}
    }
    Ok(())
}
