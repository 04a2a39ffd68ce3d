//! Telling a story call by call before a witness who sees all there is.

use std::collections::BTreeMap;

use dmpkit::dmp::Criteria;
use dmpkit::document::{DocumentEntry, Oid, Status};
use dmpkit::dossier::{AuthorisationChange, Existence};
use dmpkit::identity::Ins;

use crate::dmp::{Bench, Caller, patient, physician};
use crate::drawn;
use crate::world::{Call, Story, stories};

pub const ALL: [Status; 4] = [
    Status::Approved,
    Status::Deprecated,
    Status::Archived,
    Status::Deleted,
];

pub fn patients() -> [Ins; 2] {
    [patient(1), patient(2)]
}

pub fn everything() -> Criteria {
    Criteria {
        status: ALL.to_vec(),
        limit: Some(Criteria::MAX_LIMIT),
        ..Criteria::default()
    }
}

/// A médecin traitant of both patients whom no story touches: he sees all there is.
pub fn witness() -> Caller {
    physician(900, 900)
}

pub type Registry = BTreeMap<Oid, DocumentEntry>;

impl Bench {
    pub fn registry(&mut self) -> Registry {
        let witness = witness();
        let mut all = Registry::new();
        for patient in patients() {
            let context = witness.on(&patient);
            // Stories are longer than authorisations.
            let declare = AuthorisationChange::Declare;
            self.dmp.set_authorisation(&context, declare).unwrap();
            let page = self.dmp.find(&context, &everything()).unwrap();
            all.extend(page.documents.into_iter().map(|d| (d.unique_id.clone(), d)));
        }
        all
    }
}

/// One call of a story, with what was before and what is after.
pub struct Moment<'a> {
    pub call: &'a Call,
    pub done: bool,
    /// The caller's standing before the call.
    pub standing: Option<Existence>,
    pub before: &'a Registry,
    pub after: &'a Registry,
}

/// Tells a story and looks at every call; gives back the DMP as the story leaves it.
pub fn through(story: &Story, mut look: impl FnMut(&mut Bench, &Moment<'_>)) -> Bench {
    let mut bench = story.begin();
    for patient in patients() {
        bench.name_medecin_traitant(&patient, &witness());
    }
    let mut before = bench.registry();
    for (index, call) in story.calls().iter().enumerate() {
        let standing = call.caller().map(|caller| {
            let who = patient_of(call).unwrap();
            bench.dmp.test_existence(&caller.on(&who)).ok()
        });
        let (done, _) = bench.call(index as u32, call);
        let after = bench.registry();
        let moment = Moment {
            call,
            done,
            standing: standing.flatten(),
            before: &before,
            after: &after,
        };
        look(&mut bench, &moment);
        before = after;
    }
    bench
}

pub fn patient_of(call: &Call) -> Option<Ins> {
    match call {
        Call::Submit(_, p, _)
        | Call::Visibility(_, p, ..)
        | Call::Status(_, p, ..)
        | Call::Authorise(_, p, _)
        | Call::Find(_, p)
        | Call::Read(_, p, _) => Some(*p),
        Call::Holder(..) | Call::Later(_) => None,
    }
}

pub fn every_story(check: impl Fn(&Story)) {
    stories_until(check, |_| Ok(()));
}

/// Every story, then more until they have reached what `lacks` looks for.
pub fn stories_until(check: impl Fn(&Story), lacks: impl Fn(u32) -> Result<(), String>) {
    let check = |story| {
        check(&story);
        Ok(())
    };
    drawn::until(24, &stories(25), check, lacks);
}
