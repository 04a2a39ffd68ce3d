//! What an error means for an item of the outbox, and when it is tried again.

use std::time::Duration;

use super::Event;
use crate::clock::Instant;
use crate::dmp::Code;
use crate::error::{DmpError, Error, ErrorKind};
use crate::rules::decide::{
    CLOSED_DOSSIER, DOCUMENT_OPPOSED, FEEDING_OPPOSED, NO_DOSSIER, TRAITS_DIVERGE,
};

/// At which point of an attempt something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Before it: the rules, or the question whether the dossier exists (TD0.2).
    Before,
    /// Asking whether the DMP has it.
    Ask,
    /// Sending it.
    Send,
}

/// What is at fault, and so what is left alone for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The way to the DMP, or the DMP itself: everyone waits.
    Road,
    /// The author's card, certificate or authentication: his items wait, others go on.
    Author,
    /// The item.
    Item,
}

/// What an error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// For the item.
    pub event: Event,
    /// For those that wait behind it.
    pub blame: Blame,
}

const fn verdict_of(event: Event, blame: Blame) -> Verdict {
    Verdict { event, blame }
}

/// What an error at a point of an attempt means for the item.
///
/// Three classes, as a person would sort them: *transient* ([`Event::Delayed`], [`Event::Doubted`]: tried again by
/// itself), *needs a person* ([`Event::PersonNeeded`]), *final* ([`Event::Refused`], [`Event::Withdrawn`]).
pub fn verdict(stage: Stage, error: &Error) -> Verdict {
    let cut = match stage {
        Stage::Send => Event::Doubted,
        Stage::Before | Stage::Ask => Event::Delayed,
    };
    match error.kind() {
        ErrorKind::Network(failure) => {
            let sent = failure.refusal.network.is_none_or(|network| network.sent);
            let event = if sent { cut } else { Event::Delayed };
            verdict_of(event, Blame::Road)
        }
        // Of the register nothing was lost; of a DMP in a file nobody knows.
        ErrorKind::Storage(_) => verdict_of(cut, Blame::Road),
        ErrorKind::Closed => verdict_of(Event::Delayed, Blame::Road),
        // A card out of its reader says nothing of the document.
        ErrorKind::Key(_) => verdict_of(Event::Delayed, Blame::Author),
        ErrorKind::Refused(refusal) => verdict_of(of_rule(&refusal.explanation.rule), Blame::Item),
        ErrorKind::Dmp(refusal) => match &refusal.dmp {
            Some(said) => of_code(stage, said),
            None => verdict_of(Event::PersonNeeded, Blame::Item),
        },
        ErrorKind::UnknownDocument(_) if stage == Stage::Send => {
            verdict_of(Event::Refused, Blame::Item)
        }
        _ if stage == Stage::Send => verdict_of(Event::Refused, Blame::Item),
        _ => verdict_of(Event::PersonNeeded, Blame::Item),
    }
}

/// What a refusal by our own rules means: the patient's and the dossier's decisions end it, the rest a person can mend.
fn of_rule(rule: &str) -> Event {
    let ends = [
        &NO_DOSSIER,
        &CLOSED_DOSSIER,
        &FEEDING_OPPOSED,
        &DOCUMENT_OPPOSED,
        &TRAITS_DIVERGE,
    ];
    if ends.iter().any(|end| end.id == rule) {
        Event::Withdrawn
    } else {
        Event::PersonNeeded
    }
}

/// What a code of the DMP means. A code that is not in the list may be anything, after a commit too.
fn of_code(stage: Stage, said: &DmpError) -> Verdict {
    use Code::*;
    let sending = stage == Stage::Send;
    let Some(code) = Code::of_wire(&said.code) else {
        return match stage {
            Stage::Send => verdict_of(Event::Doubted, Blame::Item),
            // Asking again does no harm; if it goes on, a person is asked.
            Stage::Before | Stage::Ask => verdict_of(Event::Delayed, Blame::Item),
        };
    };
    match code {
        _ if code.retry() || said.retry => verdict_of(Event::Delayed, Blame::Road),
        DMPClosed
        | XDSUnknownPatientId
        | UnknownPatientId
        | XDSPatientIdDoesNotMatch
        | XDSPatientIDReconciliationError => verdict_of(Event::Withdrawn, Blame::Item),
        DMPInvalidCertificate
        | InvalidSecurity
        | FailedCheck
        | FailedAuthentication
        | MessageExpired => verdict_of(Event::Delayed, Blame::Author),
        DMPAccessDeniedByRightsService => verdict_of(Event::PersonNeeded, Blame::Item),
        XDSDuplicateUniqueIdInRegistry if sending => verdict_of(Event::Duplicate, Blame::Item),
        // A fault of the DMP's own: it may come after the deposit was written.
        XDSRegistryError
        | XDSRepositoryError
        | PartialAppendContentNotProcessed
        | PartialFolderContentNotProcessed
        | PartialRelationshipContentNotProcessed
        | PartialReplaceContentNotProcessed
        | PartialTransformNotProcessed
        | PartialTransformReplaceNotProcessed
        | XDSExtraMetadataNotSaved
            if sending =>
        {
            verdict_of(Event::Doubted, Blame::Item)
        }
        XDSRegistryError | XDSRepositoryError => verdict_of(Event::Delayed, Blame::Road),
        _ if sending => verdict_of(Event::Refused, Blame::Item),
        _ => verdict_of(Event::PersonNeeded, Blame::Item),
    }
}

/// Failures of an item's own, the way being open, after which it steps aside for the others.
pub const ASIDE_AFTER: u32 = 3;
/// Failures of an item's own after which a person is asked.
pub const HELD_AFTER: u32 = 10;

const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Whether to wait still for an instant that was set before. One further ahead than any wait was set by a clock that has
/// been put back since, and counts as come.
pub fn awaited(at: Instant, now: Instant) -> bool {
    at > now && at <= furthest(now)
}

/// The furthest instant for which anything waits.
pub fn furthest(now: Instant) -> Instant {
    now.plus_seconds(LONGEST.as_secs().cast_signed())
}

/// How long to wait after so many failures in a row: twice as long each time, a quarter of an hour at most, less up
/// to half by chance, so that the practices of a region do not come back together. `chance` is any number.
pub fn backoff(failures: u32, chance: u64) -> Duration {
    let doubled = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(20));
    let whole = u64::try_from(doubled.min(LONGEST).as_millis()).unwrap_or(u64::MAX);
    let half = whole / 2;
    Duration::from_millis(half + chance % (whole - half + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{NetworkDetail, NetworkFailure, NetworkKind, Refusal, StorageError};
    use crate::rules::outbox::{State, TRANSITIONS};

    fn network(sent: bool) -> Error {
        let detail = NetworkDetail { sent, retry: true };
        let failure = NetworkFailure::new(NetworkKind::Unreachable, "R", "cut", "Coupé.", detail);
        ErrorKind::Network(failure).into()
    }

    fn refused(rule: &str) -> Error {
        ErrorKind::Refused(Refusal::by_rule(rule, "s", "Non.")).into()
    }

    fn unheard_of() -> Error {
        let Ok(mut refusal) = Code::DMPClosed.error("").refusal().cloned().ok_or(()) else {
            unreachable!("a code's error is a refusal")
        };
        if let Some(said) = &mut refusal.dmp {
            said.code = "DMPNeverHeardOf".into();
        }
        ErrorKind::Dmp(refusal).into()
    }

    #[test]
    fn each_error_in_its_class() {
        use Event::*;
        for (stage, error, event, blame) in [
            (Stage::Before, network(true), Delayed, Blame::Road),
            (Stage::Ask, network(true), Delayed, Blame::Road),
            (Stage::Send, network(false), Delayed, Blame::Road),
            (Stage::Send, network(true), Doubted, Blame::Road),
            (Stage::Send, StorageError::Full.into(), Doubted, Blame::Road),
            (
                Stage::Ask,
                ErrorKind::Key(Refusal::by_rule("K", "s", "Carte ?")).into(),
                Delayed,
                Blame::Author,
            ),
            (
                Stage::Before,
                refused(FEEDING_OPPOSED.id),
                Withdrawn,
                Blame::Item,
            ),
            (
                Stage::Before,
                refused(TRAITS_DIVERGE.id),
                Withdrawn,
                Blame::Item,
            ),
            (
                Stage::Before,
                refused("INS-QUALIFIEE"),
                PersonNeeded,
                Blame::Item,
            ),
            (
                Stage::Send,
                Code::DMPClosed.error(""),
                Withdrawn,
                Blame::Item,
            ),
            (
                Stage::Send,
                Code::XDSRegistryBusy.error(""),
                Delayed,
                Blame::Road,
            ),
            (
                Stage::Send,
                Code::XDSRepositoryError.error(""),
                Doubted,
                Blame::Item,
            ),
            (
                Stage::Ask,
                Code::XDSRegistryError.error(""),
                Delayed,
                Blame::Road,
            ),
            (
                Stage::Send,
                Code::XDSDuplicateUniqueIdInRegistry.error(""),
                Duplicate,
                Blame::Item,
            ),
            (
                Stage::Send,
                Code::XDSRegistryMetadataError.error(""),
                Refused,
                Blame::Item,
            ),
            (
                Stage::Send,
                Code::FailedAuthentication.error(""),
                Delayed,
                Blame::Author,
            ),
            (Stage::Send, unheard_of(), Doubted, Blame::Item),
            (Stage::Ask, unheard_of(), Delayed, Blame::Item),
            (Stage::Before, unheard_of(), Delayed, Blame::Item),
        ] {
            assert_eq!(
                verdict(stage, &error),
                Verdict { event, blame },
                "{stage:?} {error}"
            );
        }
    }

    #[test]
    fn whatever_the_dmp_answers_the_item_can_take_it() {
        let errors = Code::ALL.iter().map(|code| code.error(""));
        let errors = errors.chain([network(true), network(false), unheard_of(), refused("x")]);
        for error in errors {
            for (stage, state) in [(Stage::Ask, State::Asking), (Stage::Send, State::Sending)] {
                let event = verdict(stage, &error).event;
                assert!(
                    TRANSITIONS
                        .iter()
                        .any(|(s, e, _)| (*s, *e) == (state, event)),
                    "{state:?} {event:?} after {error}"
                );
            }
        }
    }

    #[test]
    fn waits_grow_to_a_bound_and_are_not_all_the_same() {
        for failures in 1..60 {
            let (least, most) = (backoff(failures, 0), backoff(failures, 0));
            assert_eq!(least, most);
            for chance in [0, 1, 77_777, u64::MAX] {
                let wait = backoff(failures, chance);
                let whole = FIRST
                    .saturating_mul(1 << (failures - 1).min(20))
                    .min(LONGEST);
                assert!(wait >= whole / 2 && wait <= whole, "{failures} {chance}");
            }
        }
        assert_ne!(backoff(5, 1), backoff(5, 2));
    }
}
