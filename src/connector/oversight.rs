//! The journal: the professional's own view of it, and the practice's oversight.
//!
//! | file | what |
//! |---|---|
//! | `seal` | checkpoints under a key kept elsewhere, and the check of everything |
//! | `retention` | entries removed after their time |
//! | `export` | the journal for an audit: JSON Lines, FHIR AuditEvent |
//! | `audit_event` | how an entry is told as an AuditEvent: a table |

mod audit_event;
mod export;
mod retention;
mod seal;

use serde::{Deserialize, Serialize};

use super::access::Access;
use super::{Connector, State};
use crate::clock::Instant;
use crate::document::Oid;
use crate::error::{Error, Result};
use crate::store::journal::Selection;
pub use crate::store::journal::{
    Boundary, Entry, Fault, Hash, Note, Seal, SealKey, SealedVerification, SealsChecked,
    Verification, Wrong,
};
pub use export::{ExportAnswer, ExportFormat, ExportRequest};
pub use retention::{PruneAnswer, PruneRequest};
pub use seal::{SealCheck, keys_of};

/// What to keep of the journal; each absent criterion keeps everything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct JournalFilter {
    /// PS_IdNat or Struct_IdNat. Oversight only: a professional reads his own actions.
    pub actor: Option<String>,
    /// CX of the INS. Oversight only: an access is on one patient.
    pub patient: Option<String>,
    /// `document.read`…
    pub action: Option<String>,
    /// uniqueId.
    pub document: Option<Oid>,
    /// From, included.
    pub from: Option<Instant>,
    /// To, excluded.
    pub to: Option<Instant>,
    /// After this number. Oversight only: the view of a professional has no numbers.
    pub after: Option<i64>,
    /// At most this many.
    pub limit: Option<usize>,
}

/// A part of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalAnswer {
    /// In order.
    pub entries: Vec<Entry>,
}

impl JournalFilter {
    /// What it keeps of the practice's whole journal.
    fn selection(&self) -> Selection<'_> {
        Selection {
            patient: self.patient.as_deref(),
            actor: self.actor.as_deref(),
            action: self.action.as_deref(),
            document: self.document.as_ref().map(Oid::as_str),
            from: self.from,
            to: self.to,
            after: self.after,
            through: None,
            limit: self.limit,
        }
    }
}

impl Connector {
    /// The whole journal of the practice, with its chain: for those who oversee, not for care. It names
    /// documents whatever their masking.
    pub fn journal(&self, filter: &JournalFilter) -> Result<JournalAnswer> {
        let selection = filter.selection();
        let entries = self
            .inner
            .hold()?
            .state()?
            .register
            .read(|tx| tx.entries(&selection))?;
        Ok(JournalAnswer { entries })
    }

    /// Walks the journal's chain and names the first entry that was changed, removed or moved.
    pub fn verify_journal(&self) -> Result<Verification> {
        self.inner.hold()?.state()?.register.read(|tx| tx.verify())
    }
}

impl Access {
    /// This professional's own actions on this patient (all professionals' for a médecin traitant DMP),
    /// as CSP R.1111-43 opens them.
    ///
    /// Entries about a document that does not, or no longer, exist for him are left out, and entries have
    /// neither number nor hash: nothing shows where one is missing.
    pub fn journal(&self, filter: &JournalFilter) -> Result<JournalAnswer> {
        for (given, field) in [
            (filter.actor.is_some(), "actor"),
            (filter.patient.is_some(), "patient"),
            (filter.after.is_some(), "after"),
        ] {
            if given {
                return Err(Error::caller(field, "is only for the practice's oversight"));
            }
        }
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        let medecin_traitant = self.look(state, None)?.0.actor.medecin_traitant;
        let selection = Selection {
            patient: Some(&self.cx),
            actor: (!medecin_traitant).then(|| self.session.requester.id()),
            action: filter.action.as_deref(),
            document: filter.document.as_ref().map(Oid::as_str),
            from: filter.from,
            to: filter.to,
            after: None,
            through: None,
            limit: None,
        };
        let mut entries = state.register.read(|tx| tx.entries(&selection))?;
        self.hide(state, &mut entries)?;
        entries.truncate(filter.limit.unwrap_or(usize::MAX));
        for entry in &mut entries {
            entry.number = None;
            entry.hash = None;
        }
        Ok(JournalAnswer { entries })
    }

    /// Leaves out what bears on documents that do not exist for this viewer. Attempts on a document that
    /// was unknown to him then are his own words: they stay.
    fn hide(&self, state: &mut State, entries: &mut Vec<Entry>) -> Result<()> {
        let mut ids: Vec<Oid> = entries
            .iter()
            .filter_map(|e| e.document.as_deref())
            .filter_map(|id| Oid::new(id).ok())
            .collect();
        ids.sort();
        ids.dedup();
        if ids.is_empty() {
            return Ok(());
        }
        let answered = match self.offline {
            None => state.dmp.references(&self.context(), &ids).ok(),
            Some(_) => None,
        };
        let visible: Vec<Oid> = match answered {
            Some(found) => found.into_iter().map(|r| r.unique_id).collect(),
            // The DMP cannot tell now: only what this professional fed himself is certain to be his, and offline
            // what he may read here.
            None => self.certain(state, &ids)?,
        };
        entries.retain(|e| {
            let Some(document) = &e.document else {
                return true;
            };
            // What never reached a document says nothing of one; a refusal by the DMP may.
            let own_words = matches!(e.outcome.as_str(), "unknown" | "refused" | "failed")
                || (e.outcome == "refused_by_dmp" && e.action == "document.feed");
            own_words || visible.iter().any(|id| id.as_str() == document)
        });
        Ok(())
    }
}
