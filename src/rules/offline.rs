//! Without network: what may be kept, and what may still be done with what was kept.
//!
//! The rules are those of [`super::decide()`], on what the DMP last said. What needs the DMP itself is refused; so is
//! every emergency, whose basis ends with it. Source: Ségur SC.DMP/UX.34 asks for documents kept ahead for a duration
//! that is set, and says nothing of rights: what bounds them here is ours.

use super::Mode;
use super::decide::{Situation, decide};
use super::decision::{Decision, Fact, FactSet, Remedy, RemedySet, Rule, RuleRef};
use super::rights::Right;
use super::visibility::{DocumentFacts, rights_to_read};
use crate::document::{DocumentEntry, Status};

const SOURCE: &str = "dmpkit, Ségur SC.DMP/UX.34";

macro_rules! rules {
    ($($name:ident = $id:literal, $sentence:literal, $facts:expr, $remedies:expr;)*) => { $(
        #[doc = $sentence]
        pub static $name: OfflineRule = OfflineRule {
            rule: Rule { id: $id, source: SOURCE, sentence: $sentence },
            facts: FactSet::of($facts),
            remedies: RemedySet::of($remedies),
        };
    )* };
}

/// A refusal of this module, whole.
#[derive(Debug)]
pub struct OfflineRule {
    /// The rule.
    pub rule: Rule,
    facts: FactSet,
    remedies: RemedySet,
}

impl OfflineRule {
    /// The refusal it gives.
    pub fn refusal(&'static self) -> Decision {
        Decision::refused(RuleRef::Named(&self.rule), self.facts, self.remedies)
    }
}

rules! {
    NEEDS_THE_DMP = "OFFLINE",
        "Cette action se fait auprès du DMP : elle n'est pas possible hors ligne.",
        &[Fact::Offline], &[Remedy::Reconnect];
    FEEDING_WAITS = "OFFLINE-FEED",
        "Hors ligne, rien ne peut être déposé dans le DMP.",
        &[Fact::Offline], &[Remedy::HoldForSending, Remedy::Reconnect];
    SWITCHED_OFF = "OFFLINE-OFF",
        "Ce logiciel n'est pas réglé pour garder des documents du DMP.",
        &[], &[Remedy::Reconnect];
    NORMAL_MODE_ALONE = "OFFLINE-MODE",
        "Un accès en urgence se fait en ligne, et rien n'en est gardé.",
        &[], &[Remedy::OpenNormalAccess];
    NEVER_ASKED = "OFFLINE-UNKNOWN",
        "Depuis ce logiciel, vous n'avez pas encore interrogé le DMP de ce patient.",
        &[Fact::Offline], &[Remedy::Reconnect];
    ASKED_LONG_AGO = "OFFLINE-OLD",
        "Ce que le DMP a dit de vos droits sur ce dossier est trop ancien pour lire hors ligne.",
        &[Fact::Offline], &[Remedy::Reconnect];
    ONE_CONSULTATION = "OFFLINE-SINGLE",
        "Le patient a consenti à cette seule consultation : rien n'en est gardé.",
        &[Fact::ConsentExplicit], &[Remedy::CollectExplicitConsent];
    NOT_KEPT = "OFFLINE-NOT-KEPT",
        "Ce document n'est pas gardé pour vous dans ce logiciel.",
        &[Fact::Offline], &[Remedy::Reconnect];
}

/// Decides whether a right may be used without network: as [`decide()`] does, then for what can be done so.
pub fn decide_offline(right: Right, s: &Situation) -> Decision {
    let decision = decide(right, s);
    if !decision.permits() {
        return decision;
    }
    match right {
        Right::SearchMetadata
        | Right::ReadUnmasked
        | Right::ReadHiddenFromPatient
        | Right::ReadArchived
        | Right::ReadObsolete => Decision {
            facts: decision.facts.with(Fact::Offline),
            ..decision
        },
        Right::Feed | Right::FeedWithCpe => FEEDING_WAITS.refusal(),
        _ => NEEDS_THE_DMP.refusal(),
    }
}

/// Whether a document may be kept for the person of this situation, and read when there is no network.
///
/// Never in an emergency; never a document masked to professionals, for only a special right shows it and the patient
/// expects it gone; never one that was deleted. Beyond that, whoever may read it now may keep it.
pub fn may_keep(s: &Situation, entry: &DocumentEntry) -> bool {
    if s.mode != Mode::Normal
        || entry.visibility.masked()
        || entry.availability_status == Status::Deleted
    {
        return false;
    }
    let document = DocumentFacts {
        visibility: entry.visibility,
        status: entry.availability_status,
        // What is not masked is read whoever wrote it.
        own: false,
        of_structure: false,
        by_patient: false,
        profession_may_read: true,
    };
    rights_to_read(&document).all(|right| decide(right, s).permits())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::status::STATUSES;
    use crate::document::{EntryUuid, RawMetadata, Visibility};
    use crate::rules::decide::{
        Actor, Authentication, Capacity, Consent, DossierIs, Feeding, Role,
    };

    fn doctor(mode: Mode) -> Situation {
        Situation {
            actor: Actor {
                authentication: Authentication::Cps,
                role: Role::Physician,
                capacity: Capacity::Care,
                medecin_traitant: true,
            },
            mode,
            dossier: DossierIs::Active,
            authorisation: crate::dossier::Authorisation::Valide,
            consent: Consent::CareTeam,
            feeding: Feeding::Unopposed,
            opposition_bris_de_glace: false,
            opposition_centre_15: false,
            masked_in_emergency: Some(true),
            identity: crate::identity::IdentityStatus::Qualifiee,
            traits_diverge: false,
            reason_given: true,
            over: false,
        }
    }

    #[test]
    fn what_may_be_done_offline_is_finding_and_reading_what_is_not_masked() {
        let allowed: Vec<_> = Right::all()
            .filter(|right| decide_offline(*right, &doctor(Mode::Normal)).permits())
            .map(Right::code)
            .collect();
        assert_eq!(
            allowed,
            [
                "TD3.1.metadata",
                "TD3.2.unmasked",
                "TD3.2.hidden_from_patient",
                "TD3.2.archived",
                "TD3.2.obsolete"
            ]
        );
    }

    #[test]
    fn offline_permits_nothing_that_is_refused_online() {
        let mut opposed = doctor(Mode::Normal);
        opposed.consent = Consent::Opposed;
        let mut blocked = doctor(Mode::Normal);
        blocked.authorisation = crate::dossier::Authorisation::Interdit;
        for s in [opposed, blocked] {
            for right in Right::all() {
                let (online, offline) = (decide(right, &s), decide_offline(right, &s));
                assert!(online.permits() || offline == online, "{right:?}");
            }
        }
    }

    fn entry(visibility: Visibility, status: Status) -> DocumentEntry {
        let uuid = EntryUuid::derived("document", "1.2.3");
        DocumentEntry {
            entry_uuid: uuid.clone(),
            logical_id: uuid,
            version: 1,
            unique_id: crate::document::Oid::new("1.2.3").unwrap(),
            availability_status: status,
            visibility,
            hash: String::new(),
            size: 0,
            metadata: RawMetadata::stored("{}".to_owned()),
        }
    }

    #[test]
    fn what_is_masked_or_deleted_is_kept_for_nobody_and_nothing_is_in_an_emergency() {
        for visibility in Visibility::all() {
            for status in STATUSES {
                let entry = entry(visibility, status);
                let kept = !visibility.masked() && status != Status::Deleted;
                assert_eq!(may_keep(&doctor(Mode::Normal), &entry), kept);
                assert!(!may_keep(&doctor(Mode::BrisDeGlace), &entry));
                assert!(!may_keep(&doctor(Mode::Centre15), &entry));
            }
        }
        let mut stranger = doctor(Mode::Normal);
        stranger.consent = Consent::Missing;
        assert!(!may_keep(
            &stranger,
            &entry(Visibility::NORMAL, Status::Approved)
        ));
    }

    #[test]
    fn feeding_is_told_to_wait() {
        let refusal = decide_offline(Right::Feed, &doctor(Mode::Normal));
        assert_eq!(refusal.rule_id(), "OFFLINE-FEED");
        assert!(refusal.remedies.has(Remedy::HoldForSending));
    }
}
