//! The outbox: its states, what moves an item from one to the next, and when it is tried again. Pure: the store
//! writes what these functions answer, the dispatcher acts on it, the tests walk them.
//!
//! | question | where |
//! |---|---|
//! | in which states is an item, and what moves it | [`TRANSITIONS`], [`Item::apply`] |
//! | what does an error mean for it, when is it tried again | [`retry`] |
//! | why an item waits for a person or was given up | [`reason`] |
//! | may a deposit of this structure leave now, may a take-over run now | [`pace`] |
//!
//! What other queues got wrong, and this table must not: an item left for ever in a state that a crash put it in; a
//! successor that waits for a predecessor that will never be done; a fixed number of attempts after which a document
//! is dropped. So every state has a way to an end, an end always comes from the DMP's word or a person's, and what may
//! have been sent is asked for before it is sent again.

pub mod pace;
pub mod reason;
pub mod retry;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal;)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every value.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The stable code, as stored and as JSON has it.
            pub const fn code(self) -> &'static str {
                match self { $($name::$variant => $code,)* }
            }

            /// The value of a code.
            pub fn of_code(code: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|value| value.code() == code)
            }
        }
    };
}

codes! {
    /// Where an item stands.
    State {
        /// Waits for its turn; nothing was sent that may have arrived.
        Waiting = "waiting";
        /// A dispatcher is sending it.
        Sending = "sending";
        /// It may be in the DMP already: the DMP is asked before anything is sent.
        Unsure = "unsure";
        /// A dispatcher is asking the DMP whether it has it.
        Asking = "asking";
        /// Waits for a person, who is told what to do.
        Held = "held";
        /// Refused for good as it is; a person corrects it, sends it again or gives it up.
        Dead = "dead";
        /// Given up: by a person, by the patient's decision, or because the dossier or the identity does not allow it.
        Cancelled = "cancelled";
        /// In the DMP.
        Done = "done";
    }
}

codes! {
    /// What happens to an item.
    Event {
        /// A dispatcher takes its turn.
        Taken = "taken";
        /// The DMP accepted it.
        Accepted = "accepted";
        /// The DMP has it.
        Found = "found";
        /// The DMP does not have it.
        Absent = "absent";
        /// It could not be sent, or the DMP not asked; nothing arrived by this attempt.
        Delayed = "delayed";
        /// The DMP says that the identifier is taken: by this document, or by another.
        Duplicate = "duplicate";
        /// It may have arrived: the answer was lost, or says nothing certain.
        Doubted = "doubted";
        /// Only a person can say how to go on.
        PersonNeeded = "person_needed";
        /// The DMP refuses it as it is.
        Refused = "refused";
        /// What allowed it is gone: opposition, consent withdrawn, dossier closed or absent, identity in doubt.
        Withdrawn = "withdrawn";
        /// Whoever had taken it is gone.
        Abandoned = "abandoned";
        /// A person gives it up.
        GivenUp = "given_up";
        /// A person wants it sent.
        Resent = "resent";
    }
}

codes! {
    /// What is to be done in the DMP.
    Kind {
        /// One or more documents deposited, as one lot.
        Deposit = "deposit";
        /// Masked to professionals.
        Mask = "mask";
        /// Unmasked.
        Unmask = "unmask";
        /// Shown to the patient.
        ShowToPatient = "show_to_patient";
        /// Shown to the legal representatives.
        ShowToRepresentatives = "show_to_representatives";
        /// Archived.
        Archive = "archive";
        /// Brought back from the archive.
        Unarchive = "unarchive";
        /// Deleted.
        Delete = "delete";
    }
}

impl Kind {
    /// What is done, as a person reads it.
    pub const fn french(self) -> &'static str {
        match self {
            Kind::Deposit => "dépôt",
            Kind::Mask => "masquage",
            Kind::Unmask => "démasquage",
            Kind::ShowToPatient => "mise à disposition du patient",
            Kind::ShowToRepresentatives => "mise à disposition des représentants",
            Kind::Archive => "archivage",
            Kind::Unarchive => "désarchivage",
            Kind::Delete => "suppression",
        }
    }
}

impl State {
    /// Where an item stands, as a person reads it.
    pub const fn french(self) -> &'static str {
        match self {
            State::Waiting => "en attente d'envoi",
            State::Sending => "envoi en cours",
            State::Unsure => "à vérifier dans le DMP",
            State::Asking => "vérification dans le DMP",
            State::Held => "attend une personne",
            State::Dead => "refusé en l'état",
            State::Cancelled => "abandonné",
            State::Done => "dans le DMP",
        }
    }

    /// Nothing is left to do, unless a person asks for it again.
    pub const fn is_over(self) -> bool {
        matches!(self, State::Done | State::Cancelled)
    }

    /// A dispatcher may take its turn.
    pub const fn is_ready(self) -> bool {
        matches!(self, State::Waiting | State::Unsure)
    }

    /// A dispatcher has it in hand.
    pub const fn is_taken(self) -> bool {
        matches!(self, State::Sending | State::Asking)
    }

    /// A person is expected.
    pub const fn waits_for_a_person(self) -> bool {
        matches!(self, State::Held | State::Dead)
    }
}

/// Every move. What is not here cannot happen: [`Item::apply`] answers `None`, and nothing is written.
pub const TRANSITIONS: &[(State, Event, State)] = {
    use Event::*;
    use State::*;
    &[
        (Waiting, Taken, Sending),
        (Waiting, Withdrawn, Cancelled),
        (Waiting, GivenUp, Cancelled),
        (Waiting, PersonNeeded, Held),
        (Sending, Accepted, Done),
        (Sending, Delayed, Waiting),
        (Sending, Doubted, Unsure),
        (Sending, Duplicate, Unsure),
        (Sending, PersonNeeded, Held),
        (Sending, Refused, Dead),
        (Sending, Withdrawn, Cancelled),
        // Nobody knows how far it had come.
        (Sending, Abandoned, Unsure),
        (Unsure, Taken, Asking),
        (Unsure, GivenUp, Cancelled),
        (Unsure, PersonNeeded, Held),
        (Asking, Found, Done),
        (Asking, Absent, Waiting),
        (Asking, Delayed, Unsure),
        (Asking, Doubted, Unsure),
        (Asking, PersonNeeded, Held),
        // The identifier is another document's.
        (Asking, Refused, Dead),
        (Asking, Withdrawn, Cancelled),
        (Asking, Abandoned, Unsure),
        (Held, Resent, Unsure),
        (Held, GivenUp, Cancelled),
        (Held, Withdrawn, Cancelled),
        (Dead, Resent, Unsure),
        (Dead, GivenUp, Cancelled),
        (Dead, Withdrawn, Cancelled),
        // A person changed his mind, or the patient did: the DMP is asked before anything is sent.
        (Cancelled, Resent, Unsure),
    ]
};

/// What decides an item's way, beside its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Item {
    /// Where it stands.
    pub state: State,
    /// An attempt may have arrived: if the DMP has this identifier, it is this document.
    pub doubt: bool,
    /// The patient withdrew what allowed it while nobody could stop it: what is not in the DMP is not sent any more.
    pub withdrawn: bool,
}

impl Item {
    /// An item handed over by someone at work.
    pub const NEW: Item = Item {
        state: State::Waiting,
        doubt: false,
        withdrawn: false,
    };

    /// An item of a take-over, or of a register that was set aside: the DMP may hold it from elsewhere, and is asked
    /// first.
    pub const ASKED_FIRST: Item = Item {
        state: State::Unsure,
        doubt: true,
        withdrawn: false,
    };

    /// The item after an event; `None` when the event cannot happen to it.
    pub fn apply(self, event: Event) -> Option<Item> {
        let found = TRANSITIONS
            .iter()
            .find(|(from, on, _)| *from == self.state && *on == event);
        let (_, _, to) = found?;
        let mut next = Item { state: *to, ..self };
        match event {
            Event::Doubted | Event::Abandoned if self.state == State::Sending => next.doubt = true,
            // The DMP's word: nothing had arrived.
            Event::Absent => next.doubt = false,
            // A person decides anew.
            Event::Resent => next.withdrawn = false,
            _ => {}
        }
        // What is not in the DMP stays out of it; where that is not known, a person or the DMP says so first.
        let stays_out = match next.state {
            State::Waiting | State::Dead => true,
            State::Held => !next.doubt,
            _ => false,
        };
        if next.withdrawn && stays_out {
            next.state = State::Cancelled;
        }
        Some(next)
    }

    /// The item once the patient withdrew what allows it, whoever has it in hand; `None` when it is over.
    ///
    /// What is being sent, or may be in the DMP, cannot be called back: it is noted, and decides once the outcome is
    /// known.
    pub fn withdraw(self) -> Option<Item> {
        let noted = Item {
            withdrawn: true,
            ..self
        };
        match self.state {
            State::Done | State::Cancelled => None,
            State::Sending | State::Asking | State::Unsure => Some(noted),
            State::Held if self.doubt => Some(noted),
            State::Waiting | State::Held | State::Dead => noted.apply(Event::Withdrawn),
        }
    }

    /// What it means that the DMP has the identifier when asked. `ours`: the register knows that this very content
    /// was accepted under it.
    pub const fn found(self, ours: bool) -> Event {
        if self.doubt || ours {
            Event::Found
        } else {
            Event::Refused
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The states that can be reached from one, over events that `pass`.
    fn reach(from: State, pass: impl Fn(Event) -> bool) -> BTreeSet<State> {
        let mut seen = BTreeSet::from([from]);
        loop {
            let more: Vec<State> = TRANSITIONS
                .iter()
                .filter(|(s, e, to)| seen.contains(s) && pass(*e) && !seen.contains(to))
                .map(|(_, _, to)| *to)
                .collect();
            if more.is_empty() {
                return seen;
            }
            seen.extend(more);
        }
    }

    #[test]
    fn no_state_is_without_a_way_to_each_end() {
        for state in State::ALL {
            let reached = reach(*state, |_| true);
            if *state != State::Done {
                assert!(reached.contains(&State::Done), "{state:?}");
                assert!(reached.contains(&State::Cancelled), "{state:?}");
            }
        }
    }

    #[test]
    fn a_person_gets_every_item_that_is_not_in_hand_to_an_end_without_the_dmp() {
        for state in State::ALL.iter().filter(|s| !s.is_over()) {
            // What is in hand comes out of it by itself, at the latest when its holder is gone.
            let mine = |e: Event| matches!(e, Event::GivenUp | Event::Resent | Event::Abandoned);
            assert!(reach(*state, mine).contains(&State::Cancelled), "{state:?}");
        }
    }

    #[test]
    fn what_is_in_hand_is_released_when_its_holder_is_gone() {
        for state in State::ALL {
            let released = TRANSITIONS
                .iter()
                .any(|(s, e, to)| s == state && *e == Event::Abandoned && to.is_ready());
            assert_eq!(released, state.is_taken(), "{state:?}");
        }
    }

    #[test]
    fn only_the_word_of_the_dmp_makes_done_and_only_a_person_leaves_an_end() {
        for (from, event, to) in TRANSITIONS {
            if *to == State::Done {
                assert!(matches!(event, Event::Accepted | Event::Found));
            }
            assert_ne!(*from, State::Done);
            if *from == State::Cancelled {
                assert_eq!(*event, Event::Resent);
            }
        }
    }

    #[test]
    fn each_event_moves_a_state_to_one_place() {
        let mut seen = BTreeSet::new();
        for (from, event, _) in TRANSITIONS {
            assert!(seen.insert((*from, *event)), "{from:?} {event:?} twice");
        }
    }

    #[test]
    fn what_may_have_arrived_is_never_sent_before_the_dmp_was_asked() {
        for (from, event, to) in TRANSITIONS {
            if *to == State::Sending {
                assert_eq!((*from, *event), (State::Waiting, Event::Taken));
            }
            // And into waiting one comes only when nothing arrived.
            if *to == State::Waiting {
                assert!(matches!(
                    (*from, *event),
                    (State::Sending, Event::Delayed) | (State::Asking, Event::Absent)
                ));
            }
        }
    }

    #[test]
    fn a_withdrawal_stops_all_that_is_not_in_the_dmp() {
        for state in State::ALL.iter().filter(|s| !s.is_over()) {
            let item = Item {
                state: *state,
                ..Item::NEW
            };
            let after = item.withdraw().expect("always heard");
            // Whatever happens to it next but a person's word, it is not sent any more.
            let mut open = vec![after];
            let mut seen = BTreeSet::new();
            while let Some(item) = open.pop() {
                assert_ne!(item.state, State::Waiting, "from {state:?}");
                if !seen.insert((item.state, item.doubt)) {
                    continue;
                }
                let events = Event::ALL.iter().filter(|e| **e != Event::Resent);
                open.extend(events.filter_map(|e| item.apply(*e)));
            }
        }
    }

    #[test]
    fn an_identifier_found_in_the_dmp_is_ours_only_when_it_may_be() {
        let asked = Item {
            state: State::Asking,
            ..Item::NEW
        };
        assert_eq!(asked.found(false), Event::Refused);
        assert_eq!(asked.found(true), Event::Found);
        let cut = Item {
            state: State::Sending,
            ..Item::NEW
        };
        let unsure = cut.apply(Event::Doubted).expect("a move");
        let asked = unsure.apply(Event::Taken).expect("a move");
        assert_eq!(asked.found(false), Event::Found);
        let absent = asked.apply(Event::Absent).expect("a move");
        assert_eq!(absent, Item::NEW);
    }

    #[test]
    fn codes_name_their_values() {
        for state in State::ALL {
            assert_eq!(State::of_code(state.code()), Some(*state));
            assert_eq!(
                serde_json::to_value(state).expect("JSON"),
                serde_json::json!(state.code())
            );
        }
    }
}
