//! Random stories: a cast in every column of the matrices, two patients, and what they all do to the
//! dossiers. A story becomes a list of calls before anything runs, so that it can be run twice.

#![allow(dead_code, reason = "each test file uses its part")]

use dmpkit::clock::Instant;
use dmpkit::dmp::embedded::holder::HolderAction;
use dmpkit::dmp::{Criteria, StatusChange, VisibilityChange};
use dmpkit::document::{Oid, Visibility};
use dmpkit::dossier::{AuthorisationChange, Settings};
use dmpkit::identity::Ins;
use dmpkit::rules::{Authentication, Mode};
use proptest::prelude::*;

use crate::dmp::{
    ADULT, Bench, Caller, Doc, MINOR, certificate, doc_id, document, nurse, occupational, patient,
    patients_cda, physician, secretary, submission,
};

/// Who stands where in [`cast`].
pub const AUTHOR: usize = 0;
pub const TRAITANT: usize = 4;

/// The people of every story, of three structures.
pub fn cast() -> Vec<Caller> {
    vec![
        physician(1, 1),
        physician(2, 1),
        nurse(3, 2),
        physician(4, 2),
        physician(5, 3),
        occupational(6, 3),
        secretary(7, 1),
        secretary(8, 2),
        certificate(1),
        certificate(2),
        nurse(9, 2).by(Authentication::Air),
        physician(10, 3).by(Authentication::Air),
        secretary(11, 1).by(Authentication::Air),
        physician(12, 2),
    ]
}

/// One thing that someone does, by small numbers that mean something in any story.
#[derive(Debug, Clone)]
pub enum Step {
    Submit(Who, Vec<New>),
    Visibility(Who, Aim, VisibilityChange),
    Status(Who, Aim, StatusChange),
    Authorise(Who, AuthorisationChange),
    Find(Who),
    Read(Who, Aim),
    PatientDeposits(u8, Visibility),
    PatientMasks(u8, Aim, bool),
    PatientSettles(u8, Settings, bool),
    Allow(u8, usize),
    Block(u8, usize),
    Unblock(u8, usize),
    NameMedecinTraitant(u8, usize),
    RemoveMedecinTraitant(u8, usize),
    Later(i64),
}

/// A member of the cast, in a mode, before one of the patients.
#[derive(Debug, Clone, Copy)]
pub struct Who {
    pub cast: usize,
    pub mode: Mode,
    pub patient: u8,
}

/// Which document: any, or the latest ones of the person who acts.
#[derive(Debug, Clone, Copy)]
pub struct Aim {
    pub own: bool,
    pub back: u8,
}

/// A document to deposit.
#[derive(Debug, Clone, Copy)]
pub struct New {
    pub visibility: Visibility,
    pub replaces: Option<Aim>,
    pub with: Option<usize>,
}

/// A story: patients of an age, with settings, and what happens.
#[derive(Debug, Clone)]
pub struct Story {
    pub minor: bool,
    pub settings: Settings,
    pub steps: Vec<Step>,
}

// ---- strategies

pub fn modes() -> impl Strategy<Value = Mode> {
    prop_oneof![
        8 => Just(Mode::Normal),
        1 => Just(Mode::Centre15),
        1 => Just(Mode::BrisDeGlace),
    ]
}

pub fn who() -> impl Strategy<Value = Who> {
    let patient = prop_oneof![9 => Just(0_u8), 1 => Just(1)];
    // The author and the médecin traitant act more than the others: much hangs on them.
    let person = prop_oneof![5 => Just(AUTHOR), 2 => Just(TRAITANT), 6 => 0..cast().len()];
    (person, modes(), patient).prop_map(|(cast, mode, patient)| Who {
        cast,
        mode,
        patient,
    })
}

fn aims() -> impl Strategy<Value = Aim> {
    (any::<bool>(), 0_u8..6).prop_map(|(own, back)| Aim { own, back })
}

pub fn visibilities() -> impl Strategy<Value = Visibility> {
    prop_oneof![
        6 => Just(Visibility::NORMAL),
        3 => Just(Visibility::MASKED),
        2 => Just(Visibility::INVISIBLE_PATIENT),
        1 => (0_u8..8).prop_map(Visibility::from_bits),
    ]
}

fn news() -> impl Strategy<Value = New> {
    let replaces =
        proptest::option::weighted(0.25, (0_u8..4).prop_map(|back| Aim { own: true, back }));
    let with = proptest::option::weighted(0.2, 0..4_usize);
    (visibilities(), replaces, with).prop_map(|(visibility, replaces, with)| New {
        visibility,
        replaces,
        with,
    })
}

pub fn settings() -> impl Strategy<Value = Settings> {
    let rare = || proptest::bool::weighted(0.2);
    (rare(), rare(), rare(), rare()).prop_map(|(a, b, c, d)| Settings {
        opposition_bris_de_glace: a,
        opposition_centre_15: b,
        masked_in_emergency: c,
        masked_by_default: d,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    use AuthorisationChange::{BecomeMedecinTraitant, Declare, Remove, StopMedecinTraitant};
    use StatusChange::{Archive, Delete, Unarchive};
    use VisibilityChange::{Mask, ShowToPatient, ShowToRepresentatives, Unmask};
    let p = || prop_oneof![5 => Just(0_u8), 1 => Just(1)];
    let person = || 0..cast().len();
    let visibility = prop_oneof![
        Just(Mask),
        Just(Unmask),
        Just(ShowToPatient),
        Just(ShowToRepresentatives)
    ];
    let status = prop_oneof![Just(Archive), Just(Unarchive), Just(Delete)];
    let authorisation = prop_oneof![
        4 => Just(Declare),
        1 => Just(Remove),
        1 => Just(BecomeMedecinTraitant),
        1 => Just(StopMedecinTraitant),
    ];
    let later = prop_oneof![
        4 => 0_i64..7200,
        2 => (1_i64..6).prop_map(|days| days * 86_400),
        1 => Just(40 * 86_400),
    ];
    prop_oneof![
        10 => (who(), prop::collection::vec(news(), 1..4)).prop_map(|(w, d)| Step::Submit(w, d)),
        4 => (who(), aims(), visibility).prop_map(|(w, a, v)| Step::Visibility(w, a, v)),
        5 => (who(), aims(), status).prop_map(|(w, a, s)| Step::Status(w, a, s)),
        2 => (who(), authorisation).prop_map(|(w, a)| Step::Authorise(w, a)),
        1 => who().prop_map(Step::Find),
        3 => (who(), aims()).prop_map(|(w, a)| Step::Read(w, a)),
        1 => (p(), any::<bool>()).prop_map(|(p, masked)| {
            let v = if masked { Visibility::MASKED } else { Visibility::NORMAL };
            Step::PatientDeposits(p, v)
        }),
        2 => (p(), aims(), any::<bool>()).prop_map(|(p, a, m)| Step::PatientMasks(p, a, m)),
        1 => (p(), settings(), any::<bool>()).prop_map(|(p, s, all)| Step::PatientSettles(p, s, all)),
        1 => (p(), person()).prop_map(|(p, c)| Step::Allow(p, c)),
        1 => (p(), person()).prop_map(|(p, c)| Step::Block(p, c)),
        1 => (p(), person()).prop_map(|(p, c)| Step::Unblock(p, c)),
        1 => (p(), person()).prop_map(|(p, c)| Step::NameMedecinTraitant(p, c)),
        1 => (p(), person()).prop_map(|(p, c)| Step::RemoveMedecinTraitant(p, c)),
        2 => later.prop_map(Step::Later),
    ]
}

pub fn stories(longest: usize) -> impl Strategy<Value = Story> {
    let steps = prop::collection::vec(steps(), 4..longest);
    let first = prop::collection::vec(visibilities(), 1..4);
    (any::<bool>(), settings(), first, steps).prop_map(|(minor, settings, first, mut steps)| {
        // Every story begins with some documents of the author's.
        let author = Who {
            cast: AUTHOR,
            mode: Mode::Normal,
            patient: 0,
        };
        let plain = |visibility| New {
            visibility,
            replaces: None,
            with: None,
        };
        let first = first.into_iter().map(plain).collect();
        steps.insert(0, Step::Submit(author, first));
        Story {
            minor,
            settings,
            steps,
        }
    })
}

// ---- calls

/// What one step asks, in full.
#[derive(Debug, Clone)]
pub enum Call {
    Submit(Caller, Ins, Vec<Doc>),
    Visibility(Caller, Ins, Oid, VisibilityChange),
    Status(Caller, Ins, Oid, StatusChange),
    Authorise(Caller, Ins, AuthorisationChange),
    Find(Caller, Ins),
    Read(Caller, Ins, Oid),
    Holder(HolderAction, Vec<u8>),
    Later(i64),
}

impl Call {
    /// Who calls, when it is not the patient's side.
    pub fn caller(&self) -> Option<&Caller> {
        match self {
            Call::Submit(by, ..)
            | Call::Visibility(by, ..)
            | Call::Status(by, ..)
            | Call::Authorise(by, ..)
            | Call::Find(by, _)
            | Call::Read(by, ..) => Some(by),
            Call::Holder(..) | Call::Later(_) => None,
        }
    }

    /// Whether the answer depends on the status of this document.
    pub fn depends_on_status_of(&self, id: &Oid) -> bool {
        match self {
            Call::Status(_, _, named, _) => named == id,
            Call::Submit(_, _, docs) => docs.iter().any(|d| d.replaces.as_ref() == Some(id)),
            _ => false,
        }
    }
}

/// A document that a story speaks of, registered or not.
struct Spoken {
    id: Oid,
    patient: u8,
    by: Option<usize>,
}

/// The story's calls, one for each step.
struct Teller {
    cast: Vec<Caller>,
    spoken: Vec<Spoken>,
}

impl Teller {
    fn caller(&self, who: Who) -> (Caller, Ins) {
        let patient = patient(u32::from(who.patient) + 1);
        (self.cast[who.cast].mode(who.mode), patient)
    }

    /// The document aimed at: one's own if one has any; one that nobody deposits when there is none.
    fn aimed(&self, aim: Aim, patient: u8, by: Option<usize>) -> Oid {
        self.own(aim, patient, by).unwrap_or_else(|| {
            let found = self.latest(patient, |_| true);
            match found.len() {
                0 => doc_id(999_999),
                n => found[usize::from(aim.back) % n].clone(),
            }
        })
    }

    fn own(&self, aim: Aim, patient: u8, by: Option<usize>) -> Option<Oid> {
        let found = self.latest(patient, |s| s.by == by);
        let n = found.len();
        (aim.own && n > 0).then(|| found[usize::from(aim.back) % n].clone())
    }

    fn latest(&self, patient: u8, fits: impl Fn(&Spoken) -> bool) -> Vec<&Oid> {
        let all = self.spoken.iter().rev().filter(|s| s.patient == patient);
        all.filter(|s| fits(s)).map(|s| &s.id).collect()
    }

    fn tell(&mut self, index: usize, step: &Step) -> Call {
        let number = |k: usize| (index * 4 + k + 1) as u32;
        let holder = |action| Call::Holder(action, Vec::new());
        let ins = |p: u8| patient(u32::from(p) + 1);
        let ps = |cast: usize| {
            let professional = self.cast[cast].requester.professional.as_ref();
            professional.map_or_else(|| crate::dmp::ps_id(99), |p| p.id.clone())
        };
        match step {
            Step::Submit(who, news) => {
                let (by, patient) = self.caller(*who);
                let mut docs = Vec::new();
                for (k, new) in news.iter().enumerate() {
                    let mut doc = document(number(k), &patient, &by).with(new.visibility);
                    if let Some(other) = new.with {
                        doc = doc.and_by(&self.cast[other]);
                    }
                    doc.replaces = new
                        .replaces
                        .and_then(|a| self.own(a, who.patient, Some(who.cast)));
                    docs.push(doc);
                }
                for doc in &docs {
                    self.spoken.push(Spoken {
                        id: doc.id().clone(),
                        patient: who.patient,
                        by: Some(who.cast),
                    });
                }
                Call::Submit(by, patient, docs)
            }
            Step::Visibility(who, aim, change) => {
                let (by, patient) = self.caller(*who);
                Call::Visibility(
                    by,
                    patient,
                    self.aimed(*aim, who.patient, Some(who.cast)),
                    *change,
                )
            }
            Step::Status(who, aim, change) => {
                let (by, patient) = self.caller(*who);
                Call::Status(
                    by,
                    patient,
                    self.aimed(*aim, who.patient, Some(who.cast)),
                    *change,
                )
            }
            Step::Authorise(who, change) => {
                let (by, patient) = self.caller(*who);
                Call::Authorise(by, patient, *change)
            }
            Step::Find(who) => {
                let (by, patient) = self.caller(*who);
                Call::Find(by, patient)
            }
            Step::Read(who, aim) => {
                let (by, patient) = self.caller(*who);
                Call::Read(by, patient, self.aimed(*aim, who.patient, Some(who.cast)))
            }
            Step::PatientDeposits(p, visibility) => {
                let patient = ins(*p);
                self.spoken.push(Spoken {
                    id: doc_id(number(0)),
                    patient: *p,
                    by: None,
                });
                let visibility = *visibility;
                let action = HolderAction::Deposit {
                    patient,
                    visibility,
                };
                Call::Holder(action, patients_cda(number(0), &patient))
            }
            Step::PatientMasks(p, aim, masked) => {
                let (patient, unique_id) = (ins(*p), self.aimed(*aim, *p, None));
                holder(if *masked {
                    HolderAction::Mask { patient, unique_id }
                } else {
                    HolderAction::Unmask { patient, unique_id }
                })
            }
            Step::PatientSettles(p, settings, existing) => holder(HolderAction::Settings {
                patient: ins(*p),
                settings: *settings,
                // Never a general unmasking: it would show what a test keeps masked.
                existing_documents: *existing && settings.masked_by_default,
            }),
            Step::Allow(p, cast) => holder(HolderAction::Allow {
                patient: ins(*p),
                professional: ps(*cast),
                name: None,
            }),
            Step::Block(p, cast) => holder(HolderAction::Block {
                patient: ins(*p),
                professional: ps(*cast),
                name: None,
            }),
            Step::Unblock(p, cast) => holder(HolderAction::Unblock {
                patient: ins(*p),
                professional: ps(*cast),
            }),
            Step::NameMedecinTraitant(p, cast) => holder(HolderAction::NameMedecinTraitant {
                patient: ins(*p),
                professional: ps(*cast),
                name: None,
            }),
            Step::RemoveMedecinTraitant(p, cast) => holder(HolderAction::RemoveMedecinTraitant {
                patient: ins(*p),
                professional: ps(*cast),
            }),
            Step::Later(seconds) => Call::Later(*seconds),
        }
    }
}

impl Story {
    pub fn calls(&self) -> Vec<Call> {
        let mut teller = Teller {
            cast: cast(),
            spoken: Vec::new(),
        };
        let each = self.steps.iter().enumerate();
        each.map(|(index, step)| teller.tell(index, step)).collect()
    }

    /// A DMP where both patients have a dossier, all of the cast but the last is let in and one is médecin
    /// traitant.
    pub fn begin(&self) -> Bench {
        let mut bench = Bench::new();
        let birth_date = if self.minor { MINOR } else { ADULT };
        for n in [1, 2] {
            let patient = patient(n);
            bench.open(&patient, birth_date, self.settings);
            let cast = cast();
            let persons = cast.iter().filter(|c| c.requester.professional.is_some());
            for caller in persons.take(cast.len() - 3) {
                bench.allow(&patient, caller);
            }
            bench.name_medecin_traitant(&patient, &cast[TRAITANT]);
        }
        bench
    }
}

impl Bench {
    /// Does one call of a story; `lot` numbers its submission. Returns the answer as text.
    pub fn call(&mut self, lot: u32, call: &Call) -> (bool, String) {
        fn text<T: std::fmt::Debug>(result: dmpkit::error::Result<T>) -> (bool, String) {
            (result.is_ok(), format!("{result:?}"))
        }
        let now: Instant = self.now();
        match call {
            Call::Submit(by, patient, docs) => {
                let set = submission(lot, patient, by, now);
                text(self.submit_as(by, patient, &set, docs))
            }
            Call::Visibility(by, patient, id, change) => {
                let set = submission(lot, patient, by, now);
                text(
                    self.dmp
                        .change_visibility(&by.on(patient), id, *change, &set),
                )
            }
            Call::Status(by, patient, id, change) => {
                let set = submission(lot, patient, by, now);
                text(self.dmp.change_status(&by.on(patient), id, *change, &set))
            }
            Call::Authorise(by, patient, change) => {
                text(self.dmp.set_authorisation(&by.on(patient), *change))
            }
            Call::Find(by, patient) => text(self.dmp.find(&by.on(patient), &Criteria::default())),
            Call::Read(by, patient, id) => text(self.dmp.read(&by.on(patient), id)),
            Call::Holder(action, content) => text(self.act_with(action, content)),
            Call::Later(seconds) => {
                self.set(now.plus_seconds(*seconds));
                (true, String::new())
            }
        }
    }
}
