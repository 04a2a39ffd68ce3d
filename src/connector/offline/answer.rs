//! Finding and reading among what is kept: the rules, the triage and the journal are those of any consultation.

use sha1::{Digest, Sha1};

use super::{Lesson, OfflineAge};
use crate::clock::Instant;
use crate::connector::State;
use crate::connector::access::Access;
use crate::connector::consult::{FindAnswer, Found, ReadAnswer};
use crate::dmp::{Criteria, Cursor};
use crate::document::ids::hex;
use crate::document::{DocumentEntry, Oid};
use crate::error::{Error, ErrorKind, Refusal, Result, StorageError};
use crate::rules::Right;
use crate::rules::decide::Situation;
use crate::rules::offline::{NEEDS_THE_DMP, NOT_KEPT, may_keep};
use crate::store::journal::Outcome;
use crate::store::kept::KeptRow;
use crate::store::register::KnownDocuments;

/// What a copy says of itself to the person who opens it.
const COPY: &str = "Lecture hors ligne : cette copie est celle du dernier accès au DMP. Le document a pu y être remplacé, masqué ou supprimé depuis.";

impl Access {
    /// What is kept that this person may still read, by uniqueId.
    pub(super) fn readable(
        &self,
        state: &mut State,
        situation: &Situation,
    ) -> Result<Vec<KeptRow>> {
        let term = self.inner().term();
        let mut rows = state.register.read(|tx| tx.kept(&self.reader(), &term))?;
        rows.retain(|row| may_keep(situation, &row.entry));
        Ok(rows)
    }

    /// A page of what is kept, in the order of the DMP's pages.
    pub(in crate::connector) fn find_kept(
        &self,
        state: &mut State,
        situation: &Situation,
        criteria: &Criteria,
    ) -> Result<FindAnswer> {
        let action = "document.find";
        let limit = match criteria.page_limit() {
            Ok(limit) => limit,
            Err(error) => return self.session.refuse(state, action, error, self.note(None)),
        };
        let mut fitting: Vec<(Instant, KeptRow)> = Vec::new();
        for row in self.readable(state, situation)? {
            let metadata = row
                .entry
                .metadata
                .parse()
                .map_err(|_| Error::from(StorageError::Corrupt))?;
            let start = metadata.service_start_time.start();
            if criteria.fits(&row.entry, &metadata)
                && criteria
                    .after
                    .as_ref()
                    .is_none_or(|after| comes_after(after, start, &row.entry))
            {
                fitting.push((start, row));
            }
        }
        fitting.sort_by(|(a, left), (b, right)| {
            b.cmp(a)
                .then_with(|| left.entry.unique_id.cmp(&right.entry.unique_id))
        });
        let more = fitting.len() > limit;
        fitting.truncate(limit);
        let next = fitting.last().filter(|_| more).map(|(start, row)| Cursor {
            service_start: *start,
            unique_id: row.entry.unique_id.clone(),
        });
        let known = self.known(state)?;
        self.done(state, action, None, &Lesson::default(), situation)?;
        let now = self.inner().now();
        // Of an empty list, what the DMP said of the dossier.
        let seen_at = fitting
            .iter()
            .map(|(_, row)| row.seen_at)
            .min()
            .or(self.offline)
            .unwrap_or(now);
        Ok(FindAnswer {
            documents: fitting
                .into_iter()
                .map(|(_, row)| self.copy(row, &known, now))
                .collect(),
            next,
            as_of: seen_at,
            offline: Some(OfflineAge::new(None, seen_at, now)),
        })
    }

    /// A document that is kept, its hash and size checked again.
    pub(in crate::connector) fn read_kept(
        &self,
        state: &mut State,
        situation: &Situation,
        unique_id: &Oid,
    ) -> Result<(Vec<u8>, ReadAnswer)> {
        let action = "document.read";
        let term = self.inner().term();
        let found = state
            .register
            .read(|tx| tx.kept_document(&self.reader(), &term, unique_id))?
            .filter(|(row, _)| may_keep(situation, &row.entry));
        let checked = match found {
            None => {
                let refusal = Refusal::of(&NOT_KEPT.refusal());
                Err(ErrorKind::UnknownDocument(refusal).into())
            }
            Some((row, bytes)) => {
                let hash = hex(&Sha1::digest(&bytes));
                if hash.eq_ignore_ascii_case(&row.entry.hash)
                    && bytes.len() as i64 == row.entry.size
                {
                    Ok((row, bytes))
                } else {
                    Err(Error::from(ErrorKind::Integrity))
                }
            }
        };
        let (row, bytes) = match checked {
            Ok(checked) => checked,
            Err(error) => {
                let note = self.note(Some(unique_id));
                return self.session.refuse(state, action, error, note);
            }
        };
        let known = self.known(state)?;
        let now = self.inner().now();
        // The bytes leave only once the journal says so.
        state.register.durable(|tx| {
            let note = self.note(Some(unique_id));
            self.session.note(tx, now, action, Outcome::Done, note)
        })?;
        let found = self.copy(row, &known, now);
        Ok((bytes, ReadAnswer { found }))
    }

    fn copy(&self, row: KeptRow, known: &KnownDocuments, now: Instant) -> Found {
        let mut found = self.triage(row.entry, known);
        found.warnings.push(COPY.to_owned());
        found.offline = Some(OfflineAge::new(Some(row.kept_at), row.seen_at, now));
        found
    }

    /// Refuses on an offline access what only the DMP can answer and no right of its own tells apart.
    pub(in crate::connector) fn needs_the_dmp(
        &self,
        state: &mut State,
        action: &str,
    ) -> Result<()> {
        if self.offline.is_none() {
            return Ok(());
        }
        self.session
            .permit(state, action, &NEEDS_THE_DMP.refusal(), self.note(None))
    }

    /// Of these documents, those that certainly exist for this person when the DMP does not tell: he fed them, or may
    /// read them here without network.
    pub(in crate::connector) fn certain(&self, state: &mut State, ids: &[Oid]) -> Result<Vec<Oid>> {
        let me = self.session.requester.id();
        let known = self.known(state)?;
        let kept = if self.offline.is_some() {
            let (situation, _) = self.look(state, None)?;
            if self.judge(Right::SearchMetadata, &situation).permits() {
                self.readable(state, &situation)?
            } else {
                Vec::new()
            }
        } else {
            Vec::new()
        };
        Ok(ids
            .iter()
            .filter(|id| {
                known.fed.get(id.as_str()).is_some_and(|by| by == me)
                    || kept.iter().any(|row| row.entry.unique_id == **id)
            })
            .cloned()
            .collect())
    }
}

/// Whether a document comes after a place of the list: a later page holds it.
fn comes_after(after: &Cursor, start: Instant, entry: &DocumentEntry) -> bool {
    start < after.service_start
        || (start == after.service_start && entry.unique_id > after.unique_id)
}
