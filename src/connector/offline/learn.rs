//! What every answer of the DMP teaches of what is kept. What is masked, deleted, or no longer there for a person is
//! forgotten in the transaction that journals the answer; no entry of the journal tells that something was.

use std::collections::HashSet;

use crate::clock::Instant;
use crate::connector::access::{Access, Local};
use crate::connector::session::{Note, ending};
use crate::connector::{Level, State};
use crate::dmp::{Changed, Code, Content};
use crate::document::{DocumentEntry, Oid, Status};
use crate::dossier::{Authorisation, DossierState};
use crate::error::{Error, ErrorKind, Result};
use crate::rules::Mode;
use crate::rules::decide::Situation;
use crate::rules::offline::may_keep;
use crate::store::Tx;
use crate::store::kept::NewKept;

/// What an answer taught: entries as they are now, and documents that do not exist for this person.
#[derive(Default)]
pub(in crate::connector) struct Lesson {
    seen: Vec<DocumentEntry>,
    gone: Vec<Oid>,
}

/// Whether the patient or an author took the document from every professional's eyes.
fn taken_away(entry: &DocumentEntry) -> bool {
    entry.visibility.masked() || entry.availability_status == Status::Deleted
}

impl Access {
    /// Compares a list that the DMP just gave with what is kept: what the list does not hold is asked for (TD3.1
    /// GetDocuments, which tells masking and status where a reference would not).
    ///
    /// A list given in an emergency holds what the emergency shows, and asking more would be one more access to tell
    /// the patient of: from it is learnt only what was taken away.
    pub(in crate::connector) fn compare<'a>(
        &self,
        state: &mut State,
        answered: impl Iterator<Item = &'a DocumentEntry>,
    ) -> Result<Lesson> {
        let kept = state.register.read(|tx| tx.kept_ids(&self.cx))?;
        if kept.is_empty() {
            return Ok(Lesson::default());
        }
        let me = self.session.requester.id();
        let everyones: HashSet<&Oid> = kept.iter().map(|(_, id)| id).collect();
        let normal = self.mode == Mode::Normal;
        let mut lesson = Lesson::default();
        let mut asked: Vec<Oid> = kept
            .iter()
            .filter(|(actor, _)| normal && actor == me)
            .map(|(_, id)| id.clone())
            .collect();
        asked.sort();
        asked.dedup();
        for entry in answered.filter(|entry| everyones.contains(&entry.unique_id)) {
            asked.retain(|id| *id != entry.unique_id);
            if normal || taken_away(entry) {
                lesson.seen.push(entry.clone());
            }
        }
        if asked.is_empty() {
            return Ok(lesson);
        }
        match state.dmp.documents(&self.context(), &asked) {
            Ok(found) => {
                for entry in &found {
                    asked.retain(|id| *id != entry.unique_id);
                }
                lesson.gone = asked;
                lesson.seen.extend(latest(found));
            }
            // It refuses to speak of them: they are not for this person.
            Err(error) if denied(&error) => lesson.gone = asked,
            // The list is there and stands; what is kept is compared again with the next.
            Err(error) => {
                let line = format!("offline: kept documents could not be compared: {error}");
                self.inner().log(Level::Warning, &line);
            }
        }
        Ok(lesson)
    }

    /// As [`Access::compare`], of a list that was bounded to a few documents: what it does not hold says nothing.
    pub(in crate::connector) fn compare_some(
        &self,
        state: &mut State,
        answered: Vec<DocumentEntry>,
    ) -> Result<Lesson> {
        let kept = state.register.read(|tx| tx.kept_ids(&self.cx))?;
        let kept: HashSet<&Oid> = kept.iter().map(|(_, id)| id).collect();
        let normal = self.mode == Mode::Normal;
        let mut seen = answered;
        seen.retain(|entry| kept.contains(&entry.unique_id) && (normal || taken_away(entry)));
        Ok(Lesson {
            seen,
            gone: Vec::new(),
        })
    }

    /// What a question by identifiers taught: those the DMP does not know of for this person.
    pub(in crate::connector) fn absent<'a>(
        &self,
        asked: &[Oid],
        answered: impl Iterator<Item = &'a Oid>,
    ) -> Lesson {
        if self.mode != Mode::Normal {
            return Lesson::default();
        }
        let there: HashSet<&Oid> = answered.collect();
        let gone = asked.iter().filter(|id| !there.contains(id));
        Lesson {
            seen: Vec::new(),
            gone: gone.cloned().collect(),
        }
    }

    /// Applies what an answer taught, within the transaction that journals it.
    pub(in crate::connector) fn learn(
        &self,
        tx: &Tx<'_>,
        lesson: &Lesson,
        situation: &Situation,
        now: Instant,
    ) -> Result<()> {
        let me = self.session.requester.id();
        for entry in &lesson.seen {
            if taken_away(entry) {
                tx.forget_kept_document(&self.cx, &entry.unique_id)?;
            } else if may_keep(situation, entry) {
                tx.refresh_kept(&self.reader(), entry, now)?;
            } else {
                tx.forget_kept(&self.cx, me, &entry.unique_id)?;
            }
        }
        for id in &lesson.gone {
            tx.forget_kept(&self.cx, me, id)?;
        }
        Ok(())
    }

    /// Whether what this access reads may be kept at all: in normal mode, under a consent that outlives the
    /// consultation.
    pub(super) fn keeps(&self, local: &Local) -> Option<i64> {
        local
            .basis
            .record
            .filter(|_| self.mode == Mode::Normal && !local.single_consultation)
    }

    /// A document was just read: keeps it if asked to and if it may be kept; otherwise learns what it shows.
    /// Returns whether it is kept now.
    pub(in crate::connector) fn keep_or_learn(
        &self,
        tx: &Tx<'_>,
        (situation, local): &(Situation, Local),
        content: &Content,
        asked: bool,
    ) -> Result<bool> {
        let now = self.inner().now();
        let entry = &content.entry;
        if self.mode != Mode::Normal || taken_away(entry) || !may_keep(situation, entry) {
            if self.mode == Mode::Normal || taken_away(entry) {
                let lesson = Lesson {
                    seen: vec![entry.clone()],
                    gone: Vec::new(),
                };
                self.learn(tx, &lesson, situation, now)?;
            }
            return Ok(false);
        }
        match (self.inner().config.offline, self.keeps(local)) {
            (Some(offline), Some(consent)) if asked => {
                let new = NewKept {
                    entry,
                    bytes: &content.bytes,
                    consent,
                    authorised_until: self.data().existence().authorised_until,
                    now,
                    expires_at: now.plus_days(offline.max_age_days),
                };
                tx.keep(&self.reader(), &new)?;
                Ok(true)
            }
            _ => {
                tx.refresh_kept(&self.reader(), entry, now)?;
                Ok(false)
            }
        }
    }

    /// Writes how a change of a document ended, and what it teaches of the copies.
    pub(in crate::connector) fn outcome_of_change(
        &self,
        state: &mut State,
        action: &str,
        unique_id: &Oid,
        answer: &Result<Changed>,
    ) -> Result<()> {
        let kept = state.register.read(|tx| tx.kept_ids(&self.cx))?;
        if !kept.iter().any(|(_, id)| id == unique_id) {
            return self.outcome(state, action, Some(unique_id), answer);
        }
        // Unlike the entry alone, what is forgotten must not come back after a power cut.
        state.register.durable(|tx| {
            match answer {
                Ok(changed) => self.learn_change(tx, changed)?,
                Err(error) if self.mode == Mode::Normal && unknown(error) => {
                    tx.forget_kept(&self.cx, self.session.requester.id(), unique_id)?;
                }
                Err(_) => {}
            }
            self.note_outcome(tx, action, Some(unique_id), answer)
        })
    }

    /// This person changed a document: a copy of what he masked or deleted goes, for everyone.
    fn learn_change(&self, tx: &Tx<'_>, changed: &Changed) -> Result<()> {
        let id = &changed.unique_id;
        if changed.visibility.masked() || changed.availability_status == Status::Deleted {
            return tx.forget_kept_document(&self.cx, id);
        }
        let now = self.inner().now();
        let term = self.inner().term();
        let Some((row, _)) = tx.kept_document(&self.reader(), &term, id)? else {
            return Ok(());
        };
        let mut entry = row.entry;
        entry.version = changed.version;
        entry.availability_status = changed.availability_status;
        entry.visibility = changed.visibility;
        if let Some(uuid) = &changed.entry_uuid {
            entry.entry_uuid.clone_from(uuid);
        }
        tx.refresh_kept(&self.reader(), &entry, now)
    }

    /// The DMP just said how this person stands (TD0.2): without a dossier nobody keeps anything, without an
    /// authorisation he does not.
    pub(in crate::connector) fn learn_standing(&self, tx: &Tx<'_>) -> Result<()> {
        let data = self.data();
        let existence = data.existence();
        let me = self.session.requester.id();
        if existence.state != DossierState::Active {
            return tx.forget_kept_of_patient(&self.cx);
        }
        if existence.authorisation != Authorisation::Valide {
            return tx.forget_kept_of_actor(&self.cx, me);
        }
        tx.extend_kept(&self.cx, me, existence.authorised_until)
    }

    /// Journals a question that the DMP did not answer, and returns its error: with the way to read offline when the
    /// network failed; having forgotten what a refusal takes away when the DMP refused.
    pub(in crate::connector) fn unanswered<T>(
        &self,
        state: &mut State,
        action: &str,
        document: Option<&Oid>,
        error: Error,
    ) -> Result<T> {
        let error = self
            .session
            .offering_offline(state, &self.request_again(), error)?;
        let (outcome, rule) = ending(&error);
        let now = self.inner().now();
        state.register.durable(|tx| {
            if self.mode == Mode::Normal {
                self.learn_refusal(tx, document, &error)?;
            }
            let note = Note {
                rule: Some(&rule),
                ..self.note(document)
            };
            self.session.note(tx, now, action, outcome, note)
        })?;
        Err(error)
    }

    /// What a refusal of the DMP to consult takes away.
    fn learn_refusal(&self, tx: &Tx<'_>, document: Option<&Oid>, error: &Error) -> Result<()> {
        let me = self.session.requester.id();
        match document {
            _ if no_dossier(error) => tx.forget_kept_of_patient(&self.cx),
            Some(id) if denied(error) || unknown(error) => tx.forget_kept(&self.cx, me, id),
            None if denied(error) => tx.forget_kept_of_actor(&self.cx, me),
            _ => Ok(()),
        }
    }
}

/// Of several versions of an entry's metadata, the last.
fn latest(found: Vec<DocumentEntry>) -> Vec<DocumentEntry> {
    let mut last: Vec<DocumentEntry> = Vec::with_capacity(found.len());
    for entry in found {
        match last.iter_mut().find(|e| e.unique_id == entry.unique_id) {
            Some(known) if known.version < entry.version => *known = entry,
            Some(_) => {}
            None => last.push(entry),
        }
    }
    last
}

/// Whether the DMP itself said one of these codes: what the connector foresaw teaches nothing.
fn said(error: &Error, codes: &[Code]) -> bool {
    matches!(error.kind(), ErrorKind::Dmp(refusal) if refusal.by == "dmp")
        && codes
            .iter()
            .any(|code| error.dmp_code() == Some(code.as_str()))
}

fn unknown(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::UnknownDocument(_))
}

fn denied(error: &Error) -> bool {
    said(error, &[Code::DMPAccessDeniedByRightsService]) || no_dossier(error)
}

fn no_dossier(error: &Error) -> bool {
    let codes = [
        Code::DMPClosed,
        Code::XDSUnknownPatientId,
        Code::UnknownPatientId,
    ];
    said(error, &codes)
}
