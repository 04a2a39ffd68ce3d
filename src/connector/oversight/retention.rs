//! Retention: entries of the journal removed after their time, without breaking its chain.

use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::connector::Session;
use crate::connector::session::Note;
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::rules::Remedy;
use crate::store::journal::{Boundary, Pruning};

const ACTION: &str = "journal.prune";

/// What to remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PruneRequest {
    /// Entries older than this, from the first on, up to the first that is not.
    pub before: Instant,
    /// Why: the practice's rule of retention.
    pub reason: String,
}

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PruneAnswer {
    /// How many entries.
    pub removed: i64,
    /// Up to where, and from where the chain is vouched for since; absent when there was nothing to remove.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Boundary>,
    /// Seals of which the entry is gone: they stay, their order and their key are still checked, their entry no more.
    pub seals_below_boundary: i64,
    /// Whether they are gone from the disk too; if not, they go with the next purge that can.
    pub erased: bool,
    /// That in French, for a person.
    pub sentence: String,
}

impl Session {
    /// Removes entries of the journal older than a date. The journal keeps their boundary, who removed them, when and
    /// why, and stays verifiable from there. The register's file is then written again whole, so that what was removed is
    /// gone from the disk: that takes as much room as the file, and a while when it is large.
    ///
    /// Errors: [`ErrorKind::Refused`] for a date more recent than the least time of conservation
    /// (`journal_months` of the parameters), or than a bris de glace that nobody reviewed; journalled.
    pub fn prune_journal(&self, request: &PruneRequest) -> Result<PruneAnswer> {
        if request.reason.trim().is_empty() {
            return Err(Error::caller("reason", "is required: why entries go"));
        }
        let result = self.prune_held(request);
        self.inner.logged(ACTION, result)
    }

    fn prune_held(&self, request: &PruneRequest) -> Result<PruneAnswer> {
        let mut held = self.inner.hold()?;
        let state = held.state()?;
        let now = self.inner.now();
        let unreviewed = state.register.read(|tx| tx.emergencies(true))?;
        let oldest = unreviewed.iter().map(|e| e.opened_at).min();
        let months = self.inner.config.parameters.journal_months;
        if let Some(refusal) = refusal(request.before, now, months, oldest) {
            let asked = format!("before {}; {}", request.before, request.reason);
            let note = Note {
                detail: Some(&asked),
                ..Note::default()
            };
            return self.refuse(state, ACTION, ErrorKind::Refused(refusal).into(), note);
        }
        let what = Pruning {
            before: request.before,
            reason: &request.reason,
            actor: self.requester.id(),
            structure: self.requester.structure.id.as_str(),
            at: now,
        };
        let pruned = state.register.durable(|tx| tx.prune(what))?;
        let erased = pruned.is_none() || state.register.scrub();
        Ok(match pruned {
            None => PruneAnswer {
                removed: 0,
                boundary: None,
                seals_below_boundary: 0,
                erased,
                sentence: "Aucune entrée n'est plus ancienne que cette date : rien n'a été retiré."
                    .to_owned(),
            },
            Some(pruned) => PruneAnswer {
                removed: pruned.boundary.removed,
                seals_below_boundary: pruned.seals_below,
                erased,
                sentence: sentence(&pruned.boundary, pruned.seals_below, erased),
                boundary: Some(pruned.boundary),
            },
        })
    }
}

fn sentence(boundary: &Boundary, seals_below: i64, erased: bool) -> String {
    let mut sentence = format!(
        "{} entrée(s) retirée(s), jusqu'au n° {} compris ; le journal se vérifie désormais à partir de là.",
        boundary.removed, boundary.number
    );
    if seals_below > 0 {
        sentence.push_str(&format!(
            " L'entrée de {seals_below} scellé(s) n'est plus là : elle ne peut plus être comparée."
        ));
    }
    if !erased {
        sentence.push_str(
            " Leur contenu n'a pas encore pu être effacé du disque (place insuffisante, ou registre en cours de lecture) : il le sera à la prochaine purge.",
        );
    }
    sentence
}

/// Why entries before an instant may not go yet.
fn refusal(
    before: Instant,
    now: Instant,
    months: u32,
    oldest_unreviewed: Option<Instant>,
) -> Option<Refusal> {
    if before.plus_months(months) > now {
        return Some(
            Refusal::by_rule(
                "JOURNAL-RETENTION",
                "dmpkit, parameter journalMonths",
                &format!(
                    "Le journal se conserve au moins {months} mois : des entrées plus récentes ne peuvent pas être retirées."
                ),
            )
            .with_remedy(Remedy::ChooseEarlierDate),
        );
    }
    if oldest_unreviewed.is_some_and(|opened| before > opened) {
        return Some(
            Refusal::by_rule(
                "JOURNAL-UNREVIEWED",
                "dmpkit, CSP R.1111-48",
                "Un bris de glace antérieur à cette date n'a pas été revu : les entrées qui en rendent compte ne peuvent pas être retirées.",
            )
            .with_remedy(Remedy::ReviewEmergencies)
            .with_remedy(Remedy::ChooseEarlierDate),
        );
    }
    None
}
