//! A document that someone may not see does not exist for him: whatever he asks, whatever he tries, he
//! gets byte for byte what he would get if it had never been deposited.
//!
//! Each random story is run twice, on two files and the same clock: once with one more document and what
//! its author later does to it, once without. One thing is known to differ and is left aside: a deposit
//! under a uniqueId already taken is refused, as the DMP must.

#[path = "common/dmp/mod.rs"]
mod dmp;
#[path = "common/drawn.rs"]
mod drawn;
#[path = "common/observe.rs"]
mod observe;
#[path = "common/secret.rs"]
mod secret;
#[path = "common/world.rs"]
mod world;

use std::cell::Cell;

use dmp::{Bench, Doc, doc_id, document, patient, start, submission};
use dmpkit::clock::Instant;
use dmpkit::dmp::embedded::holder::{HolderAction, Side};
use dmpkit::dmp::{StatusChange, VisibilityChange};
use dmpkit::document::{Oid, Visibility};
use observe::{Names, Transcript};
use proptest::test_runner::TestCaseError;
use secret::{Against, Case, HIDDEN, Move, PROBE, SECRET_LOT, cases};
use world::{Call, cast};

// ---- the two worlds

/// What was seen in a world, and whether the hidden document came to be in it.
struct World {
    seen: String,
    registered: bool,
    replaced: bool,
}

struct Run<'a> {
    case: &'a Case,
    against: Against,
    with: bool,
    bench: Bench,
    t: Transcript,
    registered: bool,
    replaced: bool,
    /// When the patient's side may learn of the document.
    over: Option<Instant>,
    current: Oid,
    moves: Vec<(usize, Move)>,
}

impl Run<'_> {
    fn visibility(&self) -> Visibility {
        match self.against {
            Against::Professionals => Visibility::MASKED,
            Against::Blocked => Visibility::NORMAL,
            Against::Patient => Visibility::INVISIBLE_PATIENT,
            Against::Representatives => Visibility::INVISIBLE_REPRESENTATIVES,
        }
    }

    /// The number of the hidden document, or of what replaced it.
    fn number(&self, n: u32) -> u32 {
        HIDDEN + self.case.secret.act + 7 * n
    }

    fn hidden(&self, n: u32) -> Doc {
        document(self.number(n), &patient(1), &self.case.author()).with(self.visibility())
    }

    /// The document that the hidden one is to replace: its author's, spoken of before.
    fn target(&self) -> Option<Oid> {
        let back = usize::from(self.case.secret.replaces?);
        let author = self.case.author();
        let before = self
            .case
            .story
            .calls()
            .into_iter()
            .take(self.case.secret.at);
        let own: Vec<Oid> = before
            .filter_map(|call| match call {
                Call::Submit(by, patient_, docs)
                    if by.requester == author.requester && patient_ == patient(1) =>
                {
                    Some(docs.into_iter().map(|d| d.metadata.unique_id))
                }
                _ => None,
            })
            .flatten()
            .collect();
        own.get(own.len().checked_sub(1 + back % own.len().max(1))?)
            .cloned()
    }

    /// Whether the caller of this call has a right to the hidden document.
    fn may_know(&self, call: &Call) -> bool {
        match (self.against, call.caller()) {
            (Against::Professionals | Against::Blocked, Some(caller)) => {
                self.case.may_know(self.against, caller)
            }
            // What the patient is told of what he did is his own affair.
            (Against::Professionals | Against::Blocked, None) => true,
            (Against::Patient, caller) => caller.is_some(),
            (Against::Representatives, _) => true,
        }
    }

    /// Whether the patient lets an observer in again.
    fn lets_in(&self, call: &Call) -> bool {
        match call {
            Call::Holder(
                HolderAction::Allow { professional, .. }
                | HolderAction::Unblock { professional, .. }
                | HolderAction::NameMedecinTraitant { professional, .. },
                _,
            ) => self.case.watching().contains(professional),
            _ => false,
        }
    }

    fn submit_secret(&mut self, n: u32, doc: &Doc) -> bool {
        let (who, author) = (patient(1), self.case.author());
        let set = submission(SECRET_LOT + n, &who, &author, self.bench.now());
        let docs = std::slice::from_ref(doc);
        self.bench.submit_as(&author, &who, &set, docs).is_ok()
    }

    /// Deposits the hidden document by itself, replacing its target if that can be.
    fn deposit(&mut self) {
        if !self.with {
            return;
        }
        let doc = self.hidden(0);
        if let Some(target) = self.target() {
            self.replaced = self.submit_secret(0, &doc.clone().replacing(&target));
        }
        self.registered = self.replaced || self.submit_secret(0, &doc);
    }

    /// The lot of a story with the hidden document in it; without it, if it cannot be so.
    fn join(&mut self, lot: u32, call: &Call, last: bool) -> (bool, String) {
        let Call::Submit(by, who, docs) = call else {
            panic!("only lots are joined");
        };
        let mut more = docs.clone();
        more.insert(if last { docs.len() } else { 0 }, self.hidden(0));
        let joined = self.bench.call(lot, &Call::Submit(by.clone(), *who, more));
        self.registered = joined.0;
        if joined.0 {
            joined
        } else {
            self.bench.call(lot, call)
        }
    }

    fn follow(&mut self, n: u32, what: Move) {
        let (who, author) = (patient(1), self.case.author());
        let change = match what {
            Move::Archive => StatusChange::Archive,
            Move::Unarchive => StatusChange::Unarchive,
            Move::Delete => StatusChange::Delete,
            Move::ReplaceHidden => {
                let doc = self.hidden(n).replacing(&self.current);
                if self.with && self.registered && self.submit_secret(n, &doc) {
                    self.current = doc_id(self.number(n));
                }
                return;
            }
            Move::ReplaceSeen => {
                let plain = document(self.number(n), &who, &author);
                let replacing = plain.clone().replacing(&self.current);
                if !(self.with && self.registered && self.submit_secret(n, &replacing)) {
                    self.submit_secret(n, &plain);
                }
                return;
            }
        };
        if self.with && self.registered {
            let call = Call::Status(author, who, self.current.clone(), change);
            self.bench.call(SECRET_LOT + n, &call);
        }
    }

    fn names(&self) -> Names {
        let mut documents: Vec<Oid> = (0..5).map(|n| doc_id(self.number(n))).collect();
        for call in self.case.story.calls() {
            if let Call::Submit(_, _, docs) = call {
                documents.extend(docs.into_iter().map(|d| d.metadata.unique_id));
            }
        }
        let lots = (0..5).map(|n| SECRET_LOT + n).chain(0..25);
        let lot = |n| submission(n, &patient(1), &self.case.author(), start()).entry_uuid;
        let acts = (0..5).map(|n| {
            let doc = document(self.number(n), &patient(1), &self.case.author());
            doc.metadata.service_start_time.start()
        });
        Names {
            documents,
            lots: lots.map(lot).collect(),
            acts: acts.collect(),
        }
    }

    /// Everyone without a right to the document looks; at the end he tries what may be tried on it, and
    /// looks again.
    fn watch(&mut self, last: bool) {
        if self.over.is_some_and(|over| self.bench.now() >= over) {
            return;
        }
        let names = self.names();
        let who = patient(1);
        match self.against {
            Against::Professionals | Against::Blocked => {
                let named: Vec<Oid> = self
                    .target()
                    .into_iter()
                    .chain([doc_id(self.number(0))])
                    .collect();
                for (i, (index, mode)) in self.case.observers.iter().enumerate() {
                    let caller = cast()[*index].mode(*mode);
                    if self.case.may_know(self.against, &caller) {
                        continue;
                    }
                    self.t.note("observer", &caller);
                    self.bench.watch(&caller, &who, &names, &mut self.t);
                    if !last {
                        continue;
                    }
                    for (k, id) in named.iter().enumerate() {
                        let n = PROBE + i as u32 * 100 + k as u32 * 50;
                        self.bench.meddle(&caller, &who, id, n, &mut self.t);
                    }
                    self.bench.watch(&caller, &who, &names, &mut self.t);
                }
                for medecin in self.case.medecins_traitants() {
                    self.bench.watch_notices(&who, &medecin, &mut self.t);
                }
            }
            Against::Patient => {
                for unique_id in &names.documents[..5] {
                    let (patient, unique_id) = (who, unique_id.clone());
                    let mask = HolderAction::Mask {
                        patient,
                        unique_id: unique_id.clone(),
                    };
                    let unmask = HolderAction::Unmask { patient, unique_id };
                    for action in [mask, unmask] {
                        self.t.note("mask", self.bench.act(action));
                    }
                }
                for side in [Side::Holder, Side::Representative] {
                    self.bench.watch_side(&who, side, &mut self.t);
                }
            }
            Against::Representatives => {
                self.bench
                    .watch_side(&who, Side::Representative, &mut self.t);
            }
        }
    }
}

/// The story's beginning; the blocked are blocked, and stay so.
fn begin(case: &Case, against: Against) -> Bench {
    let mut bench = case.story.begin();
    if against == Against::Blocked {
        for professional in case.watching() {
            bench.must(HolderAction::Block {
                patient: patient(1),
                professional,
                name: None,
            });
        }
    }
    bench
}

fn run(case: &Case, against: Against, with: bool) -> World {
    let mut run = Run {
        case,
        against,
        with,
        bench: begin(case, against),
        t: Transcript::default(),
        registered: false,
        replaced: false,
        over: None,
        current: doc_id(HIDDEN + case.secret.act),
        moves: Vec::new(),
    };
    let calls = case.story.calls();
    let at = case.secret.at.min(calls.len());
    let target = run.target();
    // The lot to join: the author's next for this patient.
    let author = case.author();
    let joined = case.secret.joins.and_then(|last| {
        let fits = |call: &Call| {
            matches!(call, Call::Submit(by, who, _)
                if by.requester == author.requester && *who == patient(1))
        };
        let index = calls.iter().skip(at).position(fits)?;
        Some((at + index, last))
    });
    let deposit_at = joined.map_or(at, |(index, _)| index);
    let mut next = deposit_at;
    for (gap, what) in &case.secret.moves {
        next += gap;
        run.moves.push((next, *what));
    }
    for index in 0..=calls.len() {
        if index == deposit_at {
            if against == Against::Patient {
                run.over = Some(run.bench.now().plus_days(14));
            }
            if joined.is_none() {
                run.deposit();
            }
        }
        let Some(call) = calls.get(index) else {
            // What was to come later comes now.
            run.finish(index, true);
            run.name_it(1);
            break;
        };
        // To those who see the hidden successor the target is obsolete: what they would do to it would
        // come out otherwise, by right.
        let bears = target
            .as_ref()
            .is_some_and(|id| call.depends_on_status_of(id));
        let skipped = index >= at && bears && run.may_know(call)
            || against == Against::Blocked && run.lets_in(call);
        if !skipped {
            let (_, answer) = match joined {
                Some((place, last)) if place == index && with => run.join(index as u32, call, last),
                _ => run.bench.call(index as u32, call),
            };
            if !run.may_know(call) && run.over.is_none_or(|over| run.bench.now() < over) {
                run.t.note("answer", answer);
            }
        }
        run.finish(index, false);
        if index == case.first_watch {
            run.name_it(0);
            run.watch(false);
        }
    }
    run.watch(true);
    World {
        seen: run.t.0,
        registered: run.registered,
        replaced: run.replaced,
    }
}

impl Run<'_> {
    /// Professionals name the document, in both worlds: what they find, or not, must not show on the
    /// patient's side.
    fn name_it(&mut self, round: u32) {
        if matches!(self.against, Against::Professionals | Against::Blocked) {
            return;
        }
        for (k, (index, mode)) in self.case.observers.iter().enumerate() {
            let caller = cast()[*index].mode(*mode);
            let (who, lot) = (patient(1), PROBE + round * 50 + k as u32);
            for n in [0, 1] {
                let read = Call::Read(caller.clone(), who, doc_id(self.number(n)));
                self.bench.call(lot, &read);
            }
            let id = doc_id(self.number(0));
            let mask = Call::Visibility(caller, who, id, VisibilityChange::Mask);
            self.bench.call(lot, &mask);
        }
    }

    /// The author's moves that come after this call, or all that are left.
    fn finish(&mut self, index: usize, all: bool) {
        for (n, (place, what)) in self.moves.clone().into_iter().enumerate() {
            if place == index || all && place > index {
                self.follow(n as u32 + 1, what);
            }
        }
    }
}

/// Runs each case in both worlds and compares, until the stories have reached what they are for: the document is
/// there, and has replaced another, often enough.
fn compare(against: Against, cases_to_run: u32) {
    let (registered, replaced) = (Cell::new(0), Cell::new(0));
    let check = |mut case: Case| {
        case.story.minor |= against == Against::Representatives;
        let without = run(&case, against, false);
        let with = run(&case, against, true);
        registered.set(registered.get() + u32::from(with.registered));
        replaced.set(replaced.get() + u32::from(with.replaced));
        if with.seen != without.seen {
            let difference = with
                .seen
                .lines()
                .zip(without.seen.lines())
                .find(|(a, b)| a != b);
            let (a, b) = difference.unwrap_or(("one is longer", ""));
            return Err(TestCaseError::fail(format!("with:    {a}\nwithout: {b}")));
        }
        Ok(())
    };
    drawn::until(cases_to_run, &cases(), check, |asked| {
        if registered.get() * 2 < asked || replaced.get() * 8 < asked {
            return Err(format!("registered {registered:?}, replacing {replaced:?}"));
        }
        Ok(())
    });
}

#[test]
fn a_masked_document_does_not_exist_for_other_professionals() {
    compare(Against::Professionals, 28);
}

#[test]
fn no_document_of_others_exists_for_a_blocked_professional() {
    compare(Against::Blocked, 24);
}

#[test]
fn an_invisible_document_does_not_exist_for_the_patient_before_its_notice() {
    compare(Against::Patient, 40);
}

#[test]
fn a_document_hidden_from_representatives_does_not_exist_for_them() {
    compare(Against::Representatives, 40);
}

/// The accepted difference, so that it stays the only one of its kind.
#[test]
fn only_a_deposit_under_its_own_identifier_meets_a_hidden_document() {
    let mut bench = Bench::new();
    let (who, author, other) = (patient(1), dmp::physician(1, 1), dmp::physician(2, 2));
    bench.open(&who, dmp::ADULT, Default::default());
    let masked = document(1, &who, &author).with(Visibility::MASKED);
    bench.submit(&author, &who, &[masked]).unwrap();
    let same = document(1, &who, &other);
    let refused = bench.submit(&other, &who, &[same]).unwrap_err();
    assert_eq!(refused.dmp_code(), Some("XDSDuplicateUniqueIdInRegistry"));
}
