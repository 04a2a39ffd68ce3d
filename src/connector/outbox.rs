//! The outbox as people see it: handing over, with or without network; what became of each item; correcting, sending
//! again, giving up; the stop button. [`super::dispatch`] empties it.
//!
//! What is handed over is checked as [`Access::feed`] checks it, but for what only the DMP knows; its identifiers are
//! fixed and it is durable when the call returns. Handing over the same bytes again answers the same item.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::access::Access;
use super::change::DEFAULT_CONTENT_TYPE;
use super::feed::{FOUND_AFTER_A_CUT, FeedOptions, Staged};
use super::session::{Note, Session};
use super::{Connector, State as Places};
use crate::cda::Finding;
use crate::clock::Instant;
use crate::document::Oid;
use crate::dossier::{Authorisation, DossierState, Existence};
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::identity::Ins;
use crate::rules::decision::Rule;
use crate::rules::outbox::reason::{
    CORRECTED, GIVEN_UP, NOT_NOW, OTHER_CONTENT, PREDECESSOR, UNKNOWN_ITEM,
};
use crate::rules::outbox::{Event, Item, Kind, State};
use crate::rules::{Mode, Remedy, Right, decide};
use crate::store::Tx;
use crate::store::journal::Outcome;
pub use crate::store::outbox::{Counts, Happening, Stop};
use crate::store::outbox::{ItemRow, Move, NewDocument, NewItem};
use crate::store::register::NewFed;
use crate::store::sqlite::to_json;

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
    /// Its id in the register.
    #[serde(skip)]
    #[allow(dead_code, reason = "take-overs name their items by it")]
    pub(crate) row: i64,
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
pub(crate) enum Origin {
    /// Someone's work: the DMP cannot hold it yet.
    Work,
    /// A take-over of past documents: the DMP may hold it already, and is asked first.
    TakeOver,
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

impl Session {
    /// The dossier as far as it can be known here: alive until the DMP says otherwise, with the divergences that were
    /// seen last.
    pub(super) fn presumed(&self, places: &mut Places, patient: &Ins) -> Result<Access> {
        let cx = patient.cx().to_string();
        let standing = places
            .register
            .read(|tx| tx.standing(&cx, self.requester.id()))?;
        let (existence, divergences) = match standing {
            Some(standing) => (standing.existence, standing.divergences),
            None => (unseen(), Vec::new()),
        };
        let alive = Existence {
            state: DossierState::Active,
            ..existence
        };
        Ok(Access::before(self, patient, alive, divergences))
    }

    /// Hands a document over to the outbox. Needs no network; the dossier need not have been entered.
    ///
    /// Errors: those of [`Access::feed`] that can be known without the DMP.
    pub fn enqueue(&self, request: &OutboxRequest, content: &[u8]) -> Result<Queued> {
        self.inner.config.check_domain(&request.patient)?;
        let result = self.enqueue_held(request, content, Origin::Work);
        self.inner.logged("outbox.add", result)
    }

    pub(crate) fn enqueue_held(
        &self,
        request: &OutboxRequest,
        content: &[u8],
        origin: Origin,
    ) -> Result<Queued> {
        let mut held = self.inner.hold()?;
        let places = held.state()?;
        let access = self.presumed(places, &request.patient)?;
        let staged = access.prepared(places, content, &request.options)?;
        access.hand_over(places, &[staged], origin, None)
    }

    /// Hands a change of a document over to the outbox; it goes after what is already there for that document.
    pub fn enqueue_change(&self, request: &OutboxChange) -> Result<Queued> {
        self.inner.config.check_domain(&request.patient)?;
        let result = self.enqueue_change_held(request);
        self.inner.logged("outbox.add", result)
    }

    fn enqueue_change_held(&self, request: &OutboxChange) -> Result<Queued> {
        let mut held = self.inner.hold()?;
        let places = held.state()?;
        let access = self.presumed(places, &request.patient)?;
        let id = &request.unique_id;
        let kind = request.change.kind();
        let action = action_of(kind);
        let (situation, _) = access.look(places, Some(id))?;
        let decision = decide(right_of(&access, kind), &situation);
        self.permit(places, action, &decision, access.note(Some(id)))?;
        let turn = places.register.read(|tx| tx.mentions(id))?;
        let parts: [&[u8]; 4] = [
            b"outbox",
            action.as_bytes(),
            id.as_str().as_bytes(),
            &turn.to_be_bytes(),
        ];
        let submission = access.submission(DEFAULT_CONTENT_TYPE, &parts)?;
        let now = self.inner.now();
        let (row, number) = places.register.durable(|tx| {
            let (row, number) = tx.put_item(&NewItem {
                ins: &access.patient,
                patient: &access.cx,
                requester: &self.requester,
                kind,
                target: Some(id),
                submission: &submission,
                documents: &[],
                start: Item::NEW,
                take_over: false,
                now,
            })?;
            access.note_item(tx, "outbox.add", Outcome::Done, number, Some(id), None)?;
            Ok((row, number))
        })?;
        Ok(Queued {
            id: number,
            row,
            state: State::Waiting,
            already_there: false,
            findings: Vec::new(),
        })
    }

    /// This person's items. Those of colleagues may bear on documents that he may not know of.
    pub fn outbox(&self, filter: &OutboxFilter) -> Result<OutboxAnswer> {
        let me = self.requester.id();
        self.inner
            .hold()?
            .state()?
            .register
            .read(|tx| list(tx, Some(me), filter))
    }

    /// One of this person's items, with all that happened to it.
    pub fn outbox_item(&self, request: &ItemRequest) -> Result<OutboxItem> {
        let mut held = self.inner.hold()?;
        held.state()?.register.read(|tx| {
            let row = self.own(tx, request.id)?;
            let history = tx.history(row.id)?;
            Ok(OutboxItem {
                history,
                ..shown(tx, row, Some(self.requester.id()))?
            })
        })
    }

    /// An item of this person's; another's and none are one answer.
    fn own(&self, tx: &Tx<'_>, number: i64) -> Result<ItemRow> {
        tx.item_numbered(self.requester.id(), number)?
            .ok_or_else(|| ErrorKind::Refused(Refusal::by(&UNKNOWN_ITEM)).into())
    }

    /// Gives an item up. What may be in the DMP already stays there: the answer's `mayBeThere` says so.
    pub fn give_up(&self, request: &ItemRequest) -> Result<OutboxItem> {
        self.act(request.id, "outbox.give_up", |tx, row, now| {
            let refusal = Refusal::by(&GIVEN_UP).with_remedy(Remedy::ResendItem);
            end(
                tx,
                self,
                row,
                Event::GivenUp,
                &refusal,
                "outbox.give_up",
                now,
            )
        })
    }

    /// Sends an item that waits for a person, or was given up, after all. The DMP is asked before anything is sent.
    pub fn resend(&self, request: &ItemRequest) -> Result<OutboxItem> {
        self.act(request.id, "outbox.resend", |tx, row, now| {
            let Some(to) = row.item.apply(Event::Resent) else {
                return Ok(false);
            };
            tx.move_item(
                row.id,
                &Move {
                    event: Event::Resent,
                    to,
                    reason: None,
                    rule: None,
                    due_at: now,
                    failures: 0,
                    now,
                },
            )?;
            note_item(
                tx,
                self,
                row,
                "outbox.resend",
                Outcome::Done,
                None,
                Some(now),
            )?;
            Ok(true)
        })
    }

    fn act(
        &self,
        id: i64,
        action: &'static str,
        work: impl FnOnce(&Tx<'_>, &ItemRow, Instant) -> Result<bool>,
    ) -> Result<OutboxItem> {
        let now = self.inner.now();
        let mut held = self.inner.hold()?;
        let places = held.state()?;
        let result = places.register.durable(|tx| {
            let row = self.own(tx, id)?;
            if !work(tx, &row, now)? {
                return Err(ErrorKind::Refused(Refusal::by(&NOT_NOW)).into());
            }
            shown(tx, self.own(tx, id)?, Some(self.requester.id()))
        });
        let result = match result {
            Err(error) if error.refusal().is_some() => {
                self.refuse(places, action, error, Note::default())
            }
            other => other,
        };
        drop(held);
        self.inner.logged(action, result)
    }

    /// Hands over a corrected document in the place of one that waits for a person, which is given up.
    pub fn correct(&self, request: &CorrectionRequest, content: &[u8]) -> Result<Queued> {
        let result = self.correct_held(request, content);
        self.inner.logged("outbox.correct", result)
    }

    fn correct_held(&self, request: &CorrectionRequest, content: &[u8]) -> Result<Queued> {
        let mut held = self.inner.hold()?;
        let places = held.state()?;
        let row = places.register.read(|tx| self.own(tx, request.id));
        let row = match row {
            Ok(row) if row.item.state.waits_for_a_person() && row.kind == Kind::Deposit => row,
            Ok(_) => {
                let error = ErrorKind::Refused(Refusal::by(&NOT_NOW)).into();
                return self.refuse(places, "outbox.correct", error, Note::default());
            }
            Err(error) => return self.refuse(places, "outbox.correct", error, Note::default()),
        };
        let access = self.presumed(places, &row.ins)?;
        let staged = access.prepared(places, content, &request.options)?;
        access.hand_over(places, &[staged], Origin::Work, Some(&row))
    }

    /// Presses the stop button: nothing more leaves, whatever process dispatches. False if it was pressed.
    pub fn stop_outbox(&self, request: StopRequest) -> Result<bool> {
        self.button("outbox.stop", |tx, by, now| tx.stop(request.what, by, now))
    }

    /// Releases it. False if it was not pressed.
    pub fn restart_outbox(&self, request: StopRequest) -> Result<bool> {
        self.button("outbox.restart", |tx, _, _| tx.restart(request.what))
    }

    fn button(
        &self,
        action: &str,
        work: impl FnOnce(&Tx<'_>, &str, Instant) -> Result<bool>,
    ) -> Result<bool> {
        let now = self.inner.now();
        let result = self.inner.hold()?.state()?.register.durable(|tx| {
            let changed = work(tx, self.requester.id(), now)?;
            if changed {
                self.note(tx, now, action, Outcome::Done, Note::default())?;
            }
            Ok(changed)
        });
        self.inner.logged(action, result)
    }
}

impl Connector {
    /// The whole outbox of the practice, of every author: for those who oversee, not for care. It names documents
    /// whatever their masking.
    pub fn audit_outbox(&self, filter: &OutboxFilter) -> Result<OutboxAnswer> {
        self.inner
            .hold()?
            .state()?
            .register
            .read(|tx| list(tx, None, filter))
    }
}

impl Access {
    /// Hands a document over to the outbox, as [`Session::enqueue`] does for a dossier that was not entered.
    pub fn enqueue(&self, content: &[u8], options: &FeedOptions) -> Result<Queued> {
        let result = self.enqueue_held(content, options);
        self.inner().logged("outbox.add", result)
    }

    fn enqueue_held(&self, content: &[u8], options: &FeedOptions) -> Result<Queued> {
        self.normal()?;
        let mut held = self.inner().hold()?;
        let places = held.state()?;
        let staged = self.prepared(places, content, options)?;
        self.hand_over(places, &[staged], Origin::Work, None)
    }

    /// Hands over what was staged as one lot: in the DMP it will be all of it or nothing.
    pub fn enqueue_staged(&self) -> Result<Queued> {
        let result = self.enqueue_staged_held();
        self.inner().logged("outbox.add", result)
    }

    fn enqueue_staged_held(&self) -> Result<Queued> {
        self.normal()?;
        let mut held = self.inner().hold()?;
        let places = held.state()?;
        let lot = std::mem::take(&mut self.data().staged);
        if lot.is_empty() {
            return Err(Error::caller("lot", "nothing is staged"));
        }
        let result = self.hand_over(places, &lot, Origin::Work, None);
        if result.is_err() {
            self.data().staged = lot;
        }
        result
    }

    /// An emergency is over long before the outbox is emptied.
    fn normal(&self) -> Result<()> {
        if self.mode == Mode::Normal {
            return Ok(());
        }
        Err(Error::caller("access", "must be in normal mode"))
    }

    /// Puts checked documents in the outbox, with their identifiers, in the place of an item that is given up if there
    /// is one; durable when this returns.
    pub(super) fn hand_over(
        &self,
        places: &mut Places,
        lot: &[Staged],
        origin: Origin,
        instead: Option<&ItemRow>,
    ) -> Result<Queued> {
        let findings: Vec<Finding> = lot.iter().flat_map(|s| s.findings.clone()).collect();
        let mut parts: Vec<&[u8]> = vec![b"outbox"];
        parts.extend(lot.iter().map(|s| s.metadata.unique_id.as_str().as_bytes()));
        let content_type = lot
            .first()
            .map_or(DEFAULT_CONTENT_TYPE, |s| &s.content_type);
        let submission = self.submission(content_type, &parts)?;
        let now = self.inner().now();
        let hashes: Vec<[u8; 32]> = lot
            .iter()
            .map(|s| Sha256::digest(&s.content).into())
            .collect();
        let requester = &self.session.requester;
        let result = places.register.durable(|tx| {
            if let Some(row) = instead {
                let (event, refusal) = (Event::GivenUp, Refusal::by(&CORRECTED));
                let action = "outbox.correct";
                if !end_alone(tx, &self.session, row, event, &refusal, action, now)? {
                    return Err(ErrorKind::Refused(Refusal::by(&NOT_NOW)).into());
                }
            }
            if let Some((row, same)) = earlier(tx, requester.id(), lot, &hashes)? {
                if !same {
                    return Err(ErrorKind::Refused(Refusal::by(&OTHER_CONTENT)).into());
                }
                if let Some(old) = instead {
                    after_the_end(tx, &self.session, old, now)?;
                }
                return Ok((row.id, row.number, row.item.state, true));
            }
            let documents: Vec<NewDocument<'_>> = lot
                .iter()
                .zip(&hashes)
                .map(|(staged, sha256)| NewDocument {
                    metadata: &staged.metadata,
                    visibility: staged.visibility,
                    replaces: staged.replaces.as_ref(),
                    content: &staged.content,
                    sha256: *sha256,
                })
                .collect();
            let start = match origin {
                Origin::Work => Item::NEW,
                Origin::TakeOver => Item::TAKEN_OVER,
            };
            let (row, number) = tx.put_item(&NewItem {
                ins: &self.patient,
                patient: &self.cx,
                requester,
                kind: Kind::Deposit,
                target: None,
                submission: &submission,
                documents: &documents,
                start,
                take_over: origin == Origin::TakeOver,
                now,
            })?;
            for document in &documents {
                let id = &document.metadata.unique_id;
                tx.put_fed(&NewFed {
                    unique_id: id,
                    patient: &self.cx,
                    actor: requester.id(),
                    submission: &submission.unique_id,
                    sha256: document.sha256,
                    size: document.content.len(),
                    replaces: document.replaces,
                    at: now,
                })?;
                self.note_item(tx, "outbox.add", Outcome::Done, number, Some(id), None)?;
            }
            if let Some(old) = instead {
                let corrected = |id: &Oid| lot.iter().any(|s| s.metadata.unique_id == *id);
                let old_documents = tx.item_documents(old.id)?;
                // What waited for a document waits for its corrected form, under the same identifier.
                if old_documents.iter().all(|d| corrected(&d.unique_id)) {
                    tx.pass_on_successors(old.id, row)?;
                } else {
                    after_the_end(tx, &self.session, old, now)?;
                }
            }
            Ok((row, number, start.state, false))
        });
        match result {
            Ok((row, id, state, already_there)) => Ok(Queued {
                id,
                row,
                state,
                already_there,
                findings,
            }),
            Err(error) if error.refusal().is_some() => {
                let id = lot.first().map(|s| &s.metadata.unique_id);
                let note = self.note(id);
                self.session.refuse(places, "outbox.add", error, note)
            }
            Err(error) => Err(error),
        }
    }

    /// Journals what is done with an item.
    pub(crate) fn note_item(
        &self,
        tx: &Tx<'_>,
        action: &str,
        outcome: Outcome,
        item: i64,
        document: Option<&Oid>,
        rule: Option<&str>,
    ) -> Result<()> {
        let detail = format!("outbox {item}");
        let note = Note {
            detail: Some(&detail),
            rule,
            ..self.note(document)
        };
        self.session
            .note(tx, self.inner().now(), action, outcome, note)
    }
}

/// The item that deposits these documents already, and whether it does so with these bytes, of this author.
fn earlier(
    tx: &Tx<'_>,
    actor: &str,
    lot: &[Staged],
    hashes: &[[u8; 32]],
) -> Result<Option<(ItemRow, bool)>> {
    let mut first: Option<(ItemRow, bool)> = None;
    let mut known = 0;
    for (staged, hash) in lot.iter().zip(hashes) {
        let Some((row, sha256)) = tx.item_of_document(&staged.metadata.unique_id)? else {
            continue;
        };
        known += 1;
        let same = sha256 == hash && row.requester.id() == actor;
        match &mut first {
            None => first = Some((row, same)),
            Some((item, all)) => *all = *all && same && item.id == row.id,
        }
    }
    // Of a lot of which a part is there already, the rest would be lost in an answer that says so.
    Ok(first.map(|(row, same)| {
        let whole = tx
            .item_documents(row.id)
            .is_ok_and(|d| d.len() == lot.len());
        (row, same && known == lot.len() && whole)
    }))
}

/// What is known of a dossier that nobody of the practice has looked at.
fn unseen() -> Existence {
    Existence {
        state: DossierState::Active,
        attached_to_mes: false,
        authorisation: Authorisation::NonExiste,
        authorised_until: None,
        medecin_traitant: false,
        opposition_bris_de_glace: false,
        opposition_centre_15: false,
        traits: None,
    }
}

/// What is to be done and where it stands, in French: "Dépôt : en attente d'envoi".
fn told(kind: Kind, state: State) -> String {
    let mut text = kind.french().to_owned();
    // All of them begin with a letter without accent.
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{text} : {}", state.french())
}

/// An item as its author sees it, or (`None`) as oversight does.
fn shown(tx: &Tx<'_>, row: ItemRow, author: Option<&str>) -> Result<OutboxItem> {
    let unique_ids = match &row.target {
        Some(target) => vec![target.clone()],
        None => tx
            .item_documents(row.id)?
            .into_iter()
            .map(|d| d.unique_id)
            .collect(),
    };
    let over = row.item.state.is_over();
    Ok(OutboxItem {
        id: row.number,
        number: author.is_none().then_some(row.id),
        kind: row.kind,
        state: row.item.state,
        text: told(row.kind, row.item.state),
        actor: row.requester.id().to_owned(),
        unique_ids,
        take_over: row.take_over,
        queued_at: row.queued_at,
        due_at: row.due_at,
        attempts: row.attempts,
        may_be_there: row.item.doubt && row.attempts > 0 && row.item.state != State::Done,
        waits_for: if over {
            Vec::new()
        } else {
            tx.waits_for(row.id, author)?
        },
        reason: row.reason,
        ended_at: row.ended_at,
        patient: row.patient,
        history: Vec::new(),
    })
}

fn list(tx: &Tx<'_>, actor: Option<&str>, filter: &OutboxFilter) -> Result<OutboxAnswer> {
    let limit = filter.limit.unwrap_or(100).min(10_000);
    let rows = tx.items(actor, &filter.states, filter.after.unwrap_or(0), limit)?;
    let road = tx.road(None)?;
    Ok(OutboxAnswer {
        items: rows
            .into_iter()
            .map(|row| shown(tx, row, actor))
            .collect::<Result<_>>()?,
        counts: tx.outbox_counts(actor)?,
        stopped: tx.stopped(Stop::All)?,
        take_over_stopped: tx.stopped(Stop::TakeOver)?,
        retry_at: road.as_ref().map(|road| road.retry_at),
        reason: road.and_then(|road| road.reason),
    })
}

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
fn end_alone(
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
