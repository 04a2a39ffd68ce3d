//! Handing over: checked, identifiers fixed, durable.

use sha2::{Digest, Sha256};

use crate::cda::Finding;
use crate::connector::State as Places;
use crate::connector::access::Access;
use crate::connector::change::DEFAULT_CONTENT_TYPE;
use crate::connector::feed::{FeedOptions, Staged};
use crate::connector::session::{Note, Session};
use crate::document::Oid;
use crate::dossier::{DossierState, Existence};
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::identity::Ins;
use crate::rules::outbox::reason::{CORRECTED, NOT_NOW, OTHER_CONTENT};
use crate::rules::outbox::{Event, Kind};
use crate::rules::{Decision, Mode, decide};
use crate::store::Tx;
use crate::store::journal::Outcome;
use crate::store::outbox::{ItemRow, NewDocument, NewItem};
use crate::store::register::NewFed;

use super::ends::{after_the_end, end_alone};
use super::{Origin, OutboxChange, OutboxRequest, Queued, action_of, right_of};

impl Session {
    /// The dossier as far as it can be known here: alive until the DMP says otherwise, with the divergences that were
    /// seen last.
    pub(in crate::connector) fn presumed(
        &self,
        places: &mut Places,
        patient: &Ins,
    ) -> Result<Access> {
        let cx = patient.cx().to_string();
        let standing = places
            .register
            .read(|tx| tx.standing(&cx, self.requester.id()))?;
        let (existence, divergences) = match standing {
            Some(standing) => (standing.existence, standing.divergences),
            None => (Existence::bare(DossierState::Active), Vec::new()),
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
        origin: Origin<'_>,
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
        let kind = request.change.kind();
        let decision = access.change_decision(places, kind, &request.unique_id)?;
        let note = access.note(Some(&request.unique_id));
        self.permit(places, action_of(kind), &decision, note)?;
        access.hand_change_over(places, kind, &request.unique_id, Origin::Work)
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

    /// Whether this person may change a document, as far as is known here.
    pub(in crate::connector) fn change_decision(
        &self,
        places: &mut Places,
        kind: Kind,
        id: &Oid,
    ) -> Result<Decision> {
        let (situation, _) = self.look(places, Some(id))?;
        Ok(decide(right_of(self, kind), &situation))
    }

    /// Puts a change that this person may make in the outbox; durable when this returns.
    pub(in crate::connector) fn hand_change_over(
        &self,
        places: &mut Places,
        kind: Kind,
        id: &Oid,
        origin: Origin<'_>,
    ) -> Result<Queued> {
        let turn = places.register.read(|tx| tx.mentions(id))?;
        let parts: [&[u8]; 4] = [
            b"outbox",
            action_of(kind).as_bytes(),
            id.as_str().as_bytes(),
            &turn.to_be_bytes(),
        ];
        let submission = origin.submission(self.submission(DEFAULT_CONTENT_TYPE, &parts)?);
        let now = self.inner().now();
        let (id, state, already_there) = places.register.durable(|tx| {
            if let Some(known) = origin.known(tx, &self.session.requester, &[id])? {
                return Ok(known);
            }
            let (_, number) = tx.put_item(&NewItem {
                ins: &self.patient,
                patient: &self.cx,
                requester: &self.session.requester,
                kind,
                target: Some(id),
                submission: &submission,
                documents: &[],
                start: origin.start(),
                take_over: false,
                now,
            })?;
            self.note_item(tx, "outbox.add", Outcome::Done, number, Some(id), None)?;
            Ok((number, origin.start().state, false))
        })?;
        Ok(Queued {
            id,
            state,
            already_there,
            findings: Vec::new(),
        })
    }

    /// Puts checked documents in the outbox, with their identifiers, in the place of an item that is given up if there
    /// is one; durable when this returns.
    pub(in crate::connector) fn hand_over(
        &self,
        places: &mut Places,
        lot: &[Staged],
        origin: Origin<'_>,
        instead: Option<&ItemRow>,
    ) -> Result<Queued> {
        let findings: Vec<Finding> = lot.iter().flat_map(|s| s.findings.clone()).collect();
        let mut parts: Vec<&[u8]> = vec![b"outbox"];
        parts.extend(lot.iter().map(|s| s.metadata.unique_id.as_str().as_bytes()));
        let content_type = lot
            .first()
            .map_or(DEFAULT_CONTENT_TYPE, |s| &s.content_type);
        let submission = origin.submission(self.submission(content_type, &parts)?);
        let now = self.inner().now();
        let hashes = hashes(lot);
        let requester = &self.session.requester;
        let result = places.register.durable(|tx| {
            if let Some(row) = instead {
                let (event, refusal) = (Event::GivenUp, Refusal::by(&CORRECTED));
                let action = "outbox.correct";
                if !end_alone(tx, &self.session, row, event, &refusal, action, now)? {
                    return Err(ErrorKind::Refused(Refusal::by(&NOT_NOW)).into());
                }
            }
            let ids: Vec<&Oid> = lot.iter().map(|s| &s.metadata.unique_id).collect();
            if let Some(known) = origin.known(tx, requester, &ids)? {
                return Ok(known);
            }
            if let Some((row, same)) = earlier(tx, requester.id(), lot, &hashes)? {
                if !same {
                    return Err(ErrorKind::Refused(Refusal::by(&OTHER_CONTENT)).into());
                }
                if let Some(old) = instead {
                    after_the_end(tx, &self.session, old, now)?;
                }
                return Ok((row.number, row.item.state, true));
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
            let (row, number) = tx.put_item(&NewItem {
                ins: &self.patient,
                patient: &self.cx,
                requester,
                kind: Kind::Deposit,
                target: None,
                submission: &submission,
                documents: &documents,
                start: origin.start(),
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
            Ok((number, origin.start().state, false))
        });
        match result {
            Ok((id, state, already_there)) => Ok(Queued {
                id,
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

    /// Whether the outbox deposits these documents already: with these bytes, or with others.
    pub(super) fn waits_already(
        &self,
        places: &mut Places,
        lot: &[Staged],
    ) -> Result<Option<bool>> {
        let (actor, hashes) = (self.session.requester.id(), hashes(lot));
        let found = places
            .register
            .read(|tx| earlier(tx, actor, lot, &hashes))?;
        Ok(found.map(|(_, same)| same))
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

fn hashes(lot: &[Staged]) -> Vec<[u8; 32]> {
    let digests = lot.iter().map(|s| Sha256::digest(&s.content).into());
    digests.collect()
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
