//! What waited in a register that is no more, handed over again: after a backup took its place, or damage.
//!
//! [`salvage`](crate::connector::salvage) wrote that register out; from there each person takes back what he had handed
//! over and what had not ended. The identifiers are those of then, the rules are asked again, and the DMP is asked for
//! each before it is sent: what had arrived is not sent twice, and the same call twice hands over once.
//!
//! | file | what |
//! |---|---|
//! | `salvaged` | the file that a salvage wrote: its items, and each one's documents when their turn comes |

mod salvaged;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub(crate) use self::salvaged::Former;
use self::salvaged::{Document, Salvaged};
use super::Origin;
use crate::connector::feed::Staged;
use crate::connector::session::Session;
use crate::document::Oid;
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::rules::outbox::Kind;
use crate::rules::outbox::reason::{NOT_SALVAGED, OTHER_CONTENT};
use crate::rules::takeover::{OTHER_DOMAIN, UNREADABLE};
use crate::store::Tx;

/// From where to take back what waited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecoverRequest {
    /// The file that a salvage wrote.
    pub file: PathBuf,
    /// Everything but the writing.
    #[serde(default)]
    pub dry_run: bool,
}

/// What became of this person's items. Those of colleagues are neither told nor counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoverCounts {
    /// Items found: the sum of the others.
    pub items: u64,
    /// Handed over again; in a dry run, what would be.
    pub handed_over: u64,
    /// In this register's outbox already.
    pub known: u64,
    /// Done then, given up or withdrawn: left as they are.
    pub ended: u64,
    /// Refused as things stand now: see the lines.
    pub refused: u64,
    /// Not whole in the file: see the lines.
    pub unreadable: u64,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoverOutcome {
    /// Handed over again.
    HandedOver,
    /// Refused as things stand now.
    Refused,
    /// Not whole in the file.
    Unreadable,
}

/// An item that was handed over again, or needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoverLine {
    /// Its number among this person's then.
    pub was: i64,
    /// Its number now, once it is handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// What is to be done; absent when the file does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// CX of the patient's INS; absent when the file does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    /// The documents deposited, or the one changed, as far as the file tells.
    pub unique_ids: Vec<Oid>,
    /// What became of it.
    pub outcome: RecoverOutcome,
    /// Why it needs a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Refusal>,
}

/// What was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoverReport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// How many items ended how.
    pub counts: RecoverCounts,
    /// Those that were handed over and those that need a person, in the order they were handed over then.
    pub lines: Vec<RecoverLine>,
}

/// What a turn of one item came to.
enum Turn {
    HandedOver(Option<i64>),
    Known,
    Refused(Box<Refusal>),
    Unreadable,
}

impl Turn {
    fn refused(refusal: Refusal) -> Turn {
        Turn::Refused(Box::new(refusal))
    }

    /// A refusal is the item's own affair; what else fails ends the call.
    fn of_error(error: Error) -> Result<Turn> {
        match (error.kind(), error.refusal()) {
            (ErrorKind::Unreadable(_), _) => Ok(Turn::refused(Refusal::by(&UNREADABLE))),
            (_, Some(refusal)) => Ok(Turn::refused(refusal.clone())),
            (_, None) => Err(error),
        }
    }
}

impl Session {
    /// Hands over again what this person had handed over in a register that was salvaged, and what had not ended there.
    ///
    /// Errors: [`ErrorKind::Caller`] when the file is none that a salvage wrote; those of the register. An item that
    /// is refused now, or is not whole, is in the report with its reason; the others go on. Call again once what stood
    /// in the way is mended: what is known is passed over.
    pub fn recover(&self, request: &RecoverRequest) -> Result<RecoverReport> {
        let result = self.recover_all(request);
        self.inner.logged("outbox.recover", result)
    }

    fn recover_all(&self, request: &RecoverRequest) -> Result<RecoverReport> {
        self.inner.outside_callback()?;
        // A connector that was closed says so before the file is gone through.
        self.inner.hold()?.state()?;
        let mut salvaged = Salvaged::read(&request.file, self.requester.id())?;
        let mut report = RecoverReport {
            dry_run: request.dry_run,
            counts: RecoverCounts::default(),
            lines: Vec::new(),
        };
        let counts = &mut report.counts;
        for item in std::mem::take(&mut salvaged.items) {
            counts.items += 1;
            if item.former.as_ref().is_some_and(Former::is_over) {
                counts.ended += 1;
                continue;
            }
            let parts = salvaged.parts(&item)?;
            let turn = match (&item.former, &parts.whole) {
                (Some(former), Some(documents)) => {
                    self.recover_one(former, documents, request.dry_run)?
                }
                _ => Turn::Unreadable,
            };
            let (count, outcome, id, reason) = match turn {
                Turn::Known => {
                    counts.known += 1;
                    continue;
                }
                Turn::HandedOver(id) => {
                    let count = &mut counts.handed_over;
                    (count, RecoverOutcome::HandedOver, id, None)
                }
                Turn::Refused(why) => {
                    let count = &mut counts.refused;
                    (count, RecoverOutcome::Refused, None, Some(*why))
                }
                Turn::Unreadable => {
                    let why = Refusal::by(&NOT_SALVAGED);
                    let count = &mut counts.unreadable;
                    (count, RecoverOutcome::Unreadable, None, Some(why))
                }
            };
            *count += 1;
            let former = item.former.as_ref();
            report.lines.push(RecoverLine {
                was: item.number,
                id,
                kind: former.map(|f| f.kind),
                patient: former.map(|f| f.ins.cx().to_string()),
                unique_ids: parts.unique_ids,
                outcome,
                reason,
            });
        }
        if !request.dry_run {
            let c = &report.counts;
            let (items, over, not) = (c.items, c.handed_over, c.refused + c.unreadable);
            let detail = format!("{items} items, {over} handed over, {not} not");
            self.sum_up("outbox.recover", &detail)?;
        }
        Ok(report)
    }

    fn recover_one(&self, former: &Former, documents: &[Document], dry_run: bool) -> Result<Turn> {
        if self.inner.config.check_domain(&former.ins).is_err() {
            return Ok(Turn::refused(Refusal::by(&OTHER_DOMAIN)));
        }
        let mut held = self.inner.hold()?;
        let places = held.state()?;
        let deposited = documents.iter().map(|d| &d.unique_id);
        let touched: Vec<&Oid> = former.target.iter().chain(deposited).collect();
        let known = |tx: &Tx<'_>| former.known(tx, self.requester.id(), &touched);
        if places.register.read(known)?.is_some() {
            return Ok(Turn::Known);
        }
        let access = self.presumed(places, &former.ins)?;
        let handed = match &former.target {
            Some(target) => {
                let decision = access.change_decision(places, former.kind, target)?;
                if !decision.permits() {
                    return Ok(Turn::refused(Refusal::of(&decision)));
                }
                if dry_run {
                    return Ok(Turn::HandedOver(None));
                }
                access.hand_change_over(places, former.kind, target, Origin::Recovered(former))
            }
            None => {
                let mut lot: Vec<Staged> = Vec::with_capacity(documents.len());
                for document in documents {
                    let options = document.options(former);
                    match access.weigh(places, &document.content, &options)? {
                        Ok(staged) if staged.metadata.unique_id == document.unique_id => {
                            lot.push(staged);
                        }
                        Ok(_) => return Ok(Turn::Unreadable),
                        Err(unfit) => return Turn::of_error(unfit.error),
                    }
                }
                if dry_run {
                    return Ok(match access.waits_already(places, &lot)? {
                        None => Turn::HandedOver(None),
                        Some(true) => Turn::Known,
                        Some(false) => Turn::refused(Refusal::by(&OTHER_CONTENT)),
                    });
                }
                access.hand_over(places, &lot, Origin::Recovered(former), None)
            }
        };
        match handed {
            Ok(queued) if queued.already_there => Ok(Turn::Known),
            Ok(queued) => Ok(Turn::HandedOver(Some(queued.id))),
            Err(error) => Turn::of_error(error),
        }
    }
}
