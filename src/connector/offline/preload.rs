//! Fetching documents ahead, before a visit or a round, so that they open at once and without network.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::connector::access::Access;
use crate::connector::consult::Purpose;
use crate::dmp::Criteria;
use crate::document::Oid;
use crate::error::{Error, ErrorKind, Result};
use crate::rules::offline::{NORMAL_MODE_ALONE, ONE_CONSULTATION, SWITCHED_OFF, may_keep};
use crate::rules::{Mode, Right};

/// What to fetch ahead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct PreloadRequest {
    /// Which documents, as [`Access::find`] takes them; `limit` and `after` in it concern the pages of the search.
    pub criteria: Criteria,
    /// Documents read from the DMP at most, 1 to 1000; 20 when absent.
    pub limit: usize,
}

impl Default for PreloadRequest {
    fn default() -> PreloadRequest {
        PreloadRequest {
            criteria: Criteria::default(),
            limit: 20,
        }
    }
}

/// What was fetched ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PreloadAnswer {
    /// Documents that the DMP gave for these criteria, as far as they were gone through.
    pub found: usize,
    /// Read and kept now.
    pub kept: usize,
    /// Kept before, with the same hash: not read again, and their term goes on.
    pub already_kept: usize,
    /// Documents that are never kept: masked, deleted.
    pub set_aside: usize,
    /// Documents that the DMP refused or gave otherwise than announced.
    pub unread: usize,
    /// Whether the limit stopped it before the end of the list.
    pub more: bool,
    /// When it began: `since` of a later [`Access::news`].
    pub as_of: Instant,
}

impl Access {
    /// Finds documents and reads and keeps up to a number of them (Ségur SC.DMP/UX.34).
    ///
    /// To the DMP and to the patient this is consultation: each document fetched is traced as read by this person,
    /// whether he opens it later or not, and stands in the journal as read, with the detail `preload`. Fetch what the
    /// visit needs.
    ///
    /// Errors: [`ErrorKind::Refused`] when nothing may be kept here; those of [`Access::find`]; a failure of the network
    /// or the store on the way. What was kept until then stays.
    pub fn preload(&self, request: &PreloadRequest) -> Result<PreloadAnswer> {
        let result = self.fetch(request);
        self.inner().logged("document.preload", result)
    }

    fn fetch(&self, request: &PreloadRequest) -> Result<PreloadAnswer> {
        if !(1..=1000).contains(&request.limit) {
            return Err(Error::caller("limit", "must be 1 to 1000"));
        }
        let kept = self.may_preload()?;
        let mut criteria = request.criteria.clone();
        let mut answer = PreloadAnswer {
            found: 0,
            kept: 0,
            already_kept: 0,
            set_aside: 0,
            unread: 0,
            more: false,
            as_of: self.inner().now(),
        };
        let mut read = 0;
        // The connector is let go between documents: whoever works meanwhile does not wait for the whole.
        loop {
            let (situation, page) = self.find_for(&criteria, Purpose::Preload)?;
            for found in page.documents {
                let entry = &found.entry;
                if !may_keep(&situation, entry) {
                    answer.found += 1;
                    answer.set_aside += 1;
                    continue;
                }
                if kept.get(&entry.unique_id) == Some(&entry.hash) {
                    answer.found += 1;
                    answer.already_kept += 1;
                    continue;
                }
                if read == request.limit {
                    answer.more = true;
                    return Ok(answer);
                }
                answer.found += 1;
                read += 1;
                match self.read_for(&entry.unique_id, Purpose::Preload) {
                    Ok((_, _, true)) => answer.kept += 1,
                    Ok((_, _, false)) => answer.set_aside += 1,
                    Err(error) => match error.kind() {
                        ErrorKind::UnknownDocument(_)
                        | ErrorKind::Dmp(_)
                        | ErrorKind::Integrity => {
                            answer.unread += 1;
                        }
                        _ => return Err(error),
                    },
                }
            }
            match page.next {
                Some(next) => criteria.after = Some(next),
                None => return Ok(answer),
            }
        }
    }

    /// What is kept already, by uniqueId, with its hash; refuses when this access may keep nothing.
    fn may_preload(&self) -> Result<HashMap<Oid, String>> {
        let action = "document.preload";
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        self.needs_the_dmp(state, action)?;
        let (situation, local) =
            self.begin_call_with(state, action, Right::SearchMetadata, None)?;
        let refusal = match (self.inner().config.offline, self.mode) {
            (None, _) => Some(SWITCHED_OFF.refusal()),
            (_, mode) if mode != Mode::Normal => Some(NORMAL_MODE_ALONE.refusal()),
            _ => self
                .keeps(&local)
                .is_none()
                .then(|| ONE_CONSULTATION.refusal()),
        };
        if let Some(decision) = refusal {
            self.session
                .permit(state, action, &decision, self.note(None))?;
        }
        let rows = self.readable(state, &situation)?;
        Ok(rows
            .into_iter()
            .map(|row| (row.entry.unique_id, row.entry.hash))
            .collect())
    }
}
