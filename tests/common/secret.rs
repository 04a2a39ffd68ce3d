//! One more document in a random story: who deposits it and how, who may know of it, who watches.

use dmpkit::dmp::embedded::holder::HolderAction;
use dmpkit::document::Visibility;
use dmpkit::identity::PsIdNat;
use dmpkit::rules::Mode;
use proptest::prelude::*;

use crate::dmp::Caller;
use crate::world::{AUTHOR, Call, New, Step, Story, TRAITANT, Who, cast, modes, stories};

/// Numbers that no story gives: of the hidden document and its successors, of secret lots, of probes.
/// A multiple of seven, like the hours of acts.
pub const HIDDEN: u32 = 500_003;
pub const SECRET_LOT: u32 = 600_000;
pub const PROBE: u32 = 700_000;

/// What the author does with the hidden document after its deposit.
#[derive(Debug, Clone, Copy)]
pub enum Move {
    Archive,
    Unarchive,
    Delete,
    /// Replaces it by another that is hidden too.
    ReplaceHidden,
    /// Replaces it by one that anyone may see, deposited in both worlds.
    ReplaceSeen,
}

/// The hidden document: who deposits it, when in the story, in what company, and what follows.
#[derive(Debug, Clone)]
pub struct Secret {
    pub at: usize,
    pub author: usize,
    /// Which place it takes among acts: before all others, between, after.
    pub act: u32,
    /// It replaces a document of its author's.
    pub replaces: Option<u8>,
    /// It comes in a lot with others: first, or last.
    pub joins: Option<bool>,
    pub moves: Vec<(usize, Move)>,
}

/// The whole case.
#[derive(Debug, Clone)]
pub struct Case {
    pub story: Story,
    pub secret: Secret,
    /// Who watches, in which mode.
    pub observers: Vec<(usize, Mode)>,
    /// When they watch for the first time; they watch again at the end.
    pub first_watch: usize,
}

fn secrets(longest: usize) -> impl Strategy<Value = Secret> {
    // A physician, a colleague, a nurse, a médecin du travail, the certificate of a structure.
    let author =
        prop_oneof![6 => Just(AUTHOR), 1 => Just(1), 1 => Just(2), 1 => Just(5), 2 => Just(8)];
    let moves = prop_oneof![
        2 => Just(Move::Archive),
        1 => Just(Move::Unarchive),
        1 => Just(Move::Delete),
        2 => Just(Move::ReplaceHidden),
        2 => Just(Move::ReplaceSeen),
    ];
    (
        longest / 4..longest,
        author,
        prop_oneof![Just(0_u32), 0_u32..7],
        proptest::option::weighted(0.7, 0_u8..6),
        proptest::option::weighted(0.4, any::<bool>()),
        prop::collection::vec((0..4_usize, moves), 0..4),
    )
        .prop_map(|(at, author, act, replaces, joins, moves)| Secret {
            at,
            author,
            act,
            replaces,
            joins,
            moves,
        })
}

pub fn cases() -> impl Strategy<Value = Case> {
    const LONGEST: usize = 22;
    let observers = prop::collection::vec((0..cast().len(), modes()), 3..6);
    // The author has documents from the start, some with a co-author, so that there are some to replace.
    let own = prop::collection::vec(proptest::option::weighted(0.5, 0..4_usize), 1..4);
    (
        stories(LONGEST),
        secrets(LONGEST),
        observers,
        0..LONGEST,
        own,
    )
        .prop_map(|(mut story, secret, observers, first_watch, own)| {
            let author = Who {
                cast: secret.author,
                mode: Mode::Normal,
                patient: 0,
            };
            let plain = |with| New {
                visibility: Visibility::NORMAL,
                replaces: None,
                with,
            };
            let docs = own.into_iter().map(plain).collect();
            story.steps.insert(0, Step::Submit(author, docs));
            Case {
                story,
                secret,
                observers,
                first_watch,
            }
        })
}

// ---- who may know

/// From whom the document is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// MASQUE_PS: other professionals and structures.
    Professionals,
    /// A document like any other: those whom the patient blocked, from the start to the end.
    Blocked,
    /// INVISIBLE_PATIENT: the patient's side, until the notice.
    Patient,
    /// INVISIBLE_REPRESENTANTS_LEGAUX: the representatives.
    Representatives,
}

impl Case {
    pub fn author(&self) -> Caller {
        cast()[self.secret.author].clone()
    }

    /// The médecins traitants that the story ever names, or who declare themselves.
    pub fn medecins_traitants(&self) -> Vec<PsIdNat> {
        let mut all = vec![cast()[TRAITANT].ps()];
        for call in self.story.calls() {
            match call {
                Call::Holder(HolderAction::NameMedecinTraitant { professional, .. }, _) => {
                    all.push(professional);
                }
                Call::Authorise(by, ..) if by.requester.professional.is_some() => all.push(by.ps()),
                _ => {}
            }
        }
        all
    }

    /// Whether the patient ever lets masked documents be seen in emergency.
    pub fn masked_in_emergency(&self) -> bool {
        self.story.settings.masked_in_emergency
            || self.story.calls().iter().any(|call| {
                matches!(call, Call::Holder(HolderAction::Settings { settings, .. }, _)
                    if settings.masked_in_emergency)
            })
    }

    /// The professionals among the observers.
    pub fn watching(&self) -> Vec<PsIdNat> {
        let all = self
            .observers
            .iter()
            .map(|(index, _)| cast()[*index].clone());
        all.filter(|c| c.requester.professional.is_some())
            .map(|c| c.ps())
            .collect()
    }

    /// Whether this caller has, at some moment of the story, a right to a document of the author, masked
    /// or, if he is blocked, any.
    pub fn may_know(&self, against: Against, caller: &Caller) -> bool {
        let author = self.author();
        let (it, me) = (&author.requester, &caller.requester);
        let is_author = it.professional.is_some()
            && it.professional.as_ref().map(|p| &p.id) == me.professional.as_ref().map(|p| &p.id);
        let of_structure = it.structure.id == me.structure.id && me.acts_for_structure();
        let traitant =
            me.professional.is_some() && self.medecins_traitants().contains(&caller.ps());
        let emergency = caller.mode.is_emergency() && self.masked_in_emergency();
        let blocked = me.professional.is_some() && self.watching().contains(&caller.ps());
        is_author
            || of_structure
            || match against {
                Against::Blocked => !blocked,
                _ => traitant || emergency,
            }
    }
}
