//! Masking, showing, archiving, deleting: TD3.3.

use super::State;
use super::access::Access;
use crate::dmp::{Changed, StatusChange, VisibilityChange};
use crate::document::{Dtm, EntryUuid, Oid, SubmissionSet};
use crate::error::{Error, Result};
use crate::rules::Right;
use crate::terminology::system::TRE_R209;

/// contentTypeCode of a submission when the host says nothing: a consultation (JDV_J59).
pub(crate) const DEFAULT_CONTENT_TYPE: &str = "07";

impl Access {
    /// Changes who sees a document (TD3.3a, TD3.3b). Showing is irreversible: ask the person first.
    pub fn change_visibility(&self, unique_id: &Oid, change: VisibilityChange) -> Result<Changed> {
        let (action, right) = match change {
            VisibilityChange::Mask => ("document.mask", Right::Mask),
            VisibilityChange::Unmask => ("document.unmask", Right::Unmask),
            VisibilityChange::ShowToPatient => ("document.show_patient", Right::ShowToPatient),
            VisibilityChange::ShowToRepresentatives => {
                ("document.show_representatives", Right::ShowToPatient)
            }
        };
        self.change(action, right, unique_id, |state, set| {
            state
                .dmp
                .change_visibility(&self.context(), unique_id, change, set)
        })
    }

    /// Archives, unarchives or deletes a document (TD3.3d, TD3.3c). Deletion is final: ask the person first.
    pub fn change_status(&self, unique_id: &Oid, change: StatusChange) -> Result<Changed> {
        let (action, right) = match change {
            StatusChange::Archive => ("document.archive", Right::Archive),
            StatusChange::Unarchive => ("document.unarchive", Right::Unarchive),
            StatusChange::Delete => ("document.delete", Right::Delete),
        };
        self.change(action, right, unique_id, |state, set| {
            state
                .dmp
                .change_status(&self.context(), unique_id, change, set)
        })
    }

    fn change(
        &self,
        action: &str,
        right: Right,
        unique_id: &Oid,
        ask: impl FnOnce(&mut State, &SubmissionSet) -> Result<Changed>,
    ) -> Result<Changed> {
        let result = self.change_held(action, right, unique_id, ask);
        self.inner().logged(action, result)
    }

    fn change_held(
        &self,
        action: &str,
        right: Right,
        unique_id: &Oid,
        ask: impl FnOnce(&mut State, &SubmissionSet) -> Result<Changed>,
    ) -> Result<Changed> {
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        self.begin_call(state, action, right, Some(unique_id))?;
        self.intent(state, action, Some(unique_id))?;
        // The journal already holds this intent: no two changes of a document share their lot's name.
        let turn = state.register.read(|tx| tx.mentions(unique_id))?;
        let set = self.submission(
            DEFAULT_CONTENT_TYPE,
            &[
                action.as_bytes(),
                unique_id.as_str().as_bytes(),
                &turn.to_be_bytes(),
            ],
        )?;
        let answer = ask(state, &set);
        self.outcome_of_change(state, action, unique_id, &answer)?;
        answer
    }

    /// A submission of this requester for this patient, now; `parts` tell it from all others.
    ///
    /// Its identifiers are derived, so that asking again with the same parts names the same lot.
    pub(crate) fn submission(&self, content_type: &str, parts: &[&[u8]]) -> Result<SubmissionSet> {
        let now = self.inner().now();
        let requester = &self.session.requester;
        let root = &self.inner().config.software.oid;
        let at = now.millis().to_be_bytes();
        let mut all: Vec<&[u8]> = vec![
            b"submission",
            requester.id().as_bytes(),
            requester.structure.id.as_str().as_bytes(),
            self.cx.as_bytes(),
            &at,
        ];
        all.extend_from_slice(parts);
        let unique_id =
            Oid::derived(root, &all).map_err(|_| Error::bug("a derived identifier is too long"))?;
        let terminology = self.inner().terminology();
        let set = terminology.content_type();
        let concept = set
            .find(TRE_R209, content_type)
            .or_else(|| set.concepts().find(|c| c.code == content_type))
            .ok_or_else(|| {
                Error::caller(
                    "contentType",
                    "must be a code of JDV_J59-ContentTypeCode-DMP",
                )
            })?;
        Ok(SubmissionSet {
            entry_uuid: EntryUuid::derived("submission", unique_id.as_str()),
            unique_id,
            source_id: root.clone(),
            submission_time: Dtm::of(now),
            patient_id: self.patient.cx(),
            author: requester.author(&terminology),
            content_type_code: concept.coded(),
            title: None,
            comments: None,
            other_slots: Vec::new(),
            other_classifications: Vec::new(),
            other_identifiers: Vec::new(),
        })
    }
}
