//! What the host shows of an access: what stands, and what may be done and why.

use serde::Serialize;

use super::{Access, confirmed};
use crate::connector::consent::registered;
use crate::connector::emergency::Banner;
use crate::connector::offline::OfflineAge;
use crate::connector::session::Note;
use crate::dossier::Existence;
use crate::error::{Error, Result};
use crate::identity::{IdentityStatus, Trait};
use crate::rules::{Decision, Explanation, Mode, Right};
use crate::store::journal::Outcome;

/// A right, and whether it may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Code in the DMP's matrices.
    pub right: &'static str,
    /// What it lets a person do, in French.
    pub label: &'static str,
    /// Whether, why, and what would change it.
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// A trait that differs, without its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Divergence {
    /// Which trait.
    #[serde(rename = "trait")]
    pub which: Trait,
    /// Its name in French.
    pub label: &'static str,
}

/// What the host shows of an access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessState {
    /// The mode.
    pub mode: Mode,
    /// The dossier, as TD0.2 tells it.
    pub dossier: Existence,
    /// Status of the identity in the practice's register.
    pub identity: IdentityStatus,
    /// Traits that differ between the practice and the DMP; their values are never shown.
    pub divergences: Vec<Divergence>,
    /// Whether a person confirmed the identity despite them.
    pub identity_confirmed: bool,
    /// What to tell the person about the identity, in French.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// The consent record that holds, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<i64>,
    /// How old all this is, when the access was opened without network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offline: Option<OfflineAge>,
    /// The banner to display throughout a bris de glace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emergency: Option<Banner>,
    /// Whether the access is over.
    pub over: bool,
    /// What may be done, right by right.
    pub advice: Vec<Advice>,
}

impl Access {
    /// The state of the access, with advice for each right.
    pub fn state(&self) -> Result<AccessState> {
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        self.end_if_due(state)?;
        let (situation, local) = self.look(state, None)?;
        let data = self.data();
        let divergences: Vec<Divergence> = data
            .divergences
            .iter()
            .map(|which| Divergence {
                which: *which,
                label: which.label(),
            })
            .collect();
        let identity_confirmed = confirmed(&data.divergences, local.patient.as_ref());
        let alert = (!identity_confirmed).then(|| {
            let labels: Vec<_> = divergences.iter().map(|d| d.label).collect();
            format!(
                "Attention : l'identité locale et celle du DMP diffèrent ({}). L'alimentation est suspendue jusqu'à confirmation.",
                labels.join(", ")
            )
        });
        let now = self.inner().now();
        Ok(AccessState {
            mode: self.mode,
            dossier: Existence {
                authorisation: situation.authorisation,
                ..data.existence.clone()
            },
            identity: situation.identity,
            identity_confirmed: identity_confirmed && !divergences.is_empty(),
            divergences,
            alert,
            consent: local.basis.record,
            offline: self
                .offline
                .map(|seen_at| OfflineAge::new(None, seen_at, now)),
            emergency: data.emergency.as_ref().map(|b| b.at(now)),
            over: data.over,
            advice: Right::all()
                .map(|right| Advice {
                    right: right.code(),
                    label: right.label(),
                    explanation: self.judge(right, &situation).explain(),
                })
                .collect(),
        })
    }

    /// The decision on one right, as [`Access::state`] would advise it.
    pub fn advice(&self, right: Right) -> Result<Decision> {
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        self.end_if_due(state)?;
        let (situation, _) = self.look(state, None)?;
        Ok(self.judge(right, &situation))
    }

    /// Records that a person checked the identity and confirms it despite the divergences seen.
    pub fn confirm_identity(&self, note: &str) -> Result<()> {
        if note.trim().is_empty() {
            return Err(Error::caller("note", "is required: what was checked"));
        }
        let now = self.inner().now();
        let divergences = self.data().divergences.clone();
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        self.check_open(state, "identity.confirm")?;
        let result = state.register.durable(|tx| {
            let patient = registered(tx, &self.patient)?;
            tx.confirm_identity(patient.id, &divergences)?;
            let detail = self.said_offline(note);
            let note = Note {
                detail: Some(&detail),
                ..self.note(None)
            };
            self.session
                .note(tx, now, "identity.confirm", Outcome::Done, note)
        });
        drop(held);
        self.inner().logged("identity.confirm", result)
    }
}
