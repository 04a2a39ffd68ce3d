//! Told twice, once with a document that is later taken from its reader's eyes and once without: from the reader's next
//! question to the DMP on, what he is answered offline is byte for byte the same. Until then his offline answers hold
//! nothing but what he might read when he last asked.
//!
//! `PROPTEST_CASES` asks for more stories than the everyday few.

use std::collections::BTreeSet;

use dmpkit::connector::Session;
use dmpkit::connector::oversight::JournalFilter;
use dmpkit::dmp::{Criteria, StatusChange, VisibilityChange};
use dmpkit::document::Oid;
use proptest::prelude::*;
use serde_json::json;

use crate::drawn;
use crate::ward::{Ward, everything, id, kept_for, online, record, try_offline};

/// The document that is taken away, apart from those of the stories.
const HIDDEN: u32 = 50;
/// Documents of a story.
const MOST: u32 = 8;

#[derive(Debug, Clone, Copy)]
enum Step {
    Feed(u32),
    FeedMasked(u32),
    Read(u32),
    Preload(usize),
    Find,
    FindLittle,
    News,
    Open,
    AuthorMasks(u32),
    AuthorUnmasks(u32),
    PatientMasks(u32, bool),
    Archive(u32),
    Delete(u32),
    Look,
    Later(i64),
}

/// How the document goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    MaskedByAuthor,
    MaskedByPatient,
    Deleted,
}

#[derive(Debug, Clone)]
struct Case {
    steps: Vec<Step>,
    /// Before which steps it is deposited, read, taken away.
    places: [usize; 3],
    preloaded: bool,
    fate: Fate,
    /// It takes the first, a middle or the last place in lists: a minute of its act.
    minute: u32,
}

fn steps() -> impl Strategy<Value = Step> {
    let n = || 1..=MOST;
    prop_oneof![
        4 => n().prop_map(Step::Feed),
        1 => n().prop_map(Step::FeedMasked),
        4 => n().prop_map(Step::Read),
        1 => (1..4_usize).prop_map(Step::Preload),
        2 => Just(Step::Find),
        1 => Just(Step::FindLittle),
        1 => Just(Step::News),
        1 => Just(Step::Open),
        1 => n().prop_map(Step::AuthorMasks),
        1 => n().prop_map(Step::AuthorUnmasks),
        2 => (n(), any::<bool>()).prop_map(|(n, mask)| Step::PatientMasks(n, mask)),
        1 => n().prop_map(Step::Archive),
        1 => n().prop_map(Step::Delete),
        3 => Just(Step::Look),
        3 => (1_i64..60).prop_map(Step::Later),
    ]
}

fn cases() -> impl Strategy<Value = Case> {
    let fates = prop_oneof![
        Just(Fate::MaskedByAuthor),
        Just(Fate::MaskedByPatient),
        Just(Fate::Deleted)
    ];
    let steps = prop::collection::vec(steps(), 8..24);
    (steps, any::<[u8; 3]>(), any::<bool>(), fates, 0..60_u32).prop_map(
        |(steps, places, preloaded, fate, minute)| {
            let mut places = places.map(|p| usize::from(p) * (steps.len() + 1) / 256);
            places.sort_unstable();
            Case {
                steps,
                places,
                preloaded,
                fate,
                minute,
            }
        },
    )
}

struct World {
    ward: Ward,
    with: bool,
    case: Case,
    /// What the reader was answered offline since his first question after the document was taken away.
    seen: String,
    taken: bool,
    asked_since: bool,
    /// What the reader might read when he last asked for everything.
    might_read: BTreeSet<Oid>,
    was_kept: bool,
}

impl World {
    fn deposit(&self, n: u32, minute: u32, masked: bool) {
        let text = String::from_utf8(crate::ward::report(n)).expect("UTF-8");
        let text = text.replace(
            &format!("2026011209{n:02}00+0100"),
            &format!("2026011209{minute:02}00+0100"),
        );
        let options = if masked {
            json!({"visibility": ["MASQUE_PS"]})
        } else {
            json!({})
        };
        // Fed a second time it is refused or found there, in both worlds alike.
        let _ = online(&self.ward.author).feed(text.as_bytes(), &record(options));
    }

    /// The reader asks the DMP for everything: what he may read is known, and what is kept is compared.
    fn asks(&mut self) {
        if let Ok(found) = online(&self.ward.reader).find(&everything()) {
            self.might_read = found
                .documents
                .into_iter()
                .map(|d| d.entry.unique_id)
                .collect();
        }
        self.asked_since |= self.taken;
    }

    fn take_away(&mut self) {
        self.taken = true;
        // Asked in both worlds: it stands in the journal.
        self.was_kept = kept_for(&self.ward.reader).is_ok_and(|all| all.contains(&id(HIDDEN)));
        if !self.with {
            return;
        }
        let author = online(&self.ward.author);
        match self.case.fate {
            Fate::MaskedByAuthor => {
                author
                    .change_visibility(&id(HIDDEN), VisibilityChange::Mask)
                    .expect("masked");
            }
            Fate::MaskedByPatient => self
                .ward
                .patient(json!({"action": "mask", "uniqueId": id(HIDDEN)})),
            Fate::Deleted => {
                author
                    .change_status(&id(HIDDEN), StatusChange::Delete)
                    .expect("deleted");
            }
        }
    }

    fn step(&mut self, step: Step) {
        let ward = &self.ward;
        match step {
            Step::Feed(n) => self.deposit(n, n, false),
            Step::FeedMasked(n) => self.deposit(n, n, true),
            Step::Read(n) => {
                // He knows of it by asking first.
                self.asks();
                let _ = online(&self.ward.reader).read(&id(n));
            }
            Step::Preload(limit) => {
                self.asks();
                // Of how many pages the list was is in his journal: they are alike from here on.
                let limit = if self.asked_since { limit } else { 100 };
                let request = json!({"limit": 1000, "criteria": {"limit": limit}});
                let _ = online(&self.ward.reader).preload(&record(request));
            }
            Step::Find => self.asks(),
            Step::FindLittle => {
                let criteria: Criteria = record(json!({"limit": 1}));
                let _ = online(&ward.reader).find(&criteria);
                // It shows him little, and lets nothing stay that is not his any more.
                self.asked_since |= self.taken;
                self.asks();
            }
            Step::News => {
                let since = ward.connector.now().plus_days(-1);
                let _ = online(&ward.reader).news(&record(json!({"since": since})));
                self.asked_since |= self.taken;
                self.asks();
            }
            Step::Open => drop(online(&ward.reader)),
            Step::AuthorMasks(n) => {
                let _ = online(&ward.author).change_visibility(&id(n), VisibilityChange::Mask);
            }
            Step::AuthorUnmasks(n) => {
                let _ = online(&ward.author).change_visibility(&id(n), VisibilityChange::Unmask);
            }
            Step::PatientMasks(n, mask) => {
                let action = if mask { "mask" } else { "unmask" };
                let action =
                    json!({"action": action, "patient": crate::ward::ins(), "uniqueId": id(n)});
                let _ = ward.connector.holder_act(&record(action), &[]);
            }
            Step::Archive(n) => {
                let _ = online(&ward.author).change_status(&id(n), StatusChange::Archive);
            }
            Step::Delete(n) => {
                let _ = online(&ward.author).change_status(&id(n), StatusChange::Delete);
            }
            Step::Look => self.look(),
            Step::Later(hours) => ward.later(hours),
        }
    }

    /// The reader looks offline at all there is.
    fn look(&mut self) {
        if let Ok(kept) = kept_for(&self.ward.reader) {
            let beyond: Vec<_> = kept
                .iter()
                .filter(|id| !self.might_read.contains(id))
                .collect();
            assert!(beyond.is_empty(), "never his to read: {beyond:?}");
        }
        // Before, the worlds differ by right; what he would do there would stand in his journal.
        if self.asked_since {
            let seen = transcript(&self.ward.reader);
            self.seen.push_str(&seen);
        }
    }
}

/// Everything that an offline access answers.
fn transcript(session: &Session) -> String {
    let access = match try_offline(session) {
        Ok(access) => access,
        Err(error) => return format!("{error} {:?}\n", error.refusal()),
    };
    let mut seen = String::new();
    let mut note = |what: &str, answer: String| seen.push_str(&format!("{what}: {answer}\n"));
    let json = |value: &dyn erased::Json| value.json();
    let state = access.state().expect("a state");
    note("state", json(&state));
    for criteria in [
        json!({}),
        json!({"status": ["Approved", "Deprecated", "Archived", "Deleted"]}),
        json!({"limit": 1}),
        json!({"limit": 2, "status": ["Approved", "Archived"]}),
        json!({"author": "bastide"}),
        json!({"serviceStartFrom": "2026-01-12T08:10:00Z"}),
    ] {
        let mut criteria: Criteria = record(criteria);
        loop {
            match access.find(&criteria) {
                Ok(page) => {
                    note("find", json(&page));
                    match page.next {
                        Some(next) => criteria.after = Some(next),
                        None => break,
                    }
                }
                Err(error) => {
                    note("find", format!("{error} {:?}", error.refusal()));
                    break;
                }
            }
        }
    }
    for n in (1..=MOST).chain([HIDDEN]) {
        let read = match access.read(&id(n)) {
            Ok((bytes, answer)) => format!("{} {}", bytes.len(), json(&answer)),
            Err(error) => format!("{error} {:?}", error.refusal()),
        };
        note("read", read);
        let request = record(json!({"uniqueId": id(n), "form": "text"}));
        let rendered = match access.render(&request) {
            Ok((bytes, answer)) => format!("{} {}", bytes.len(), json(&answer)),
            Err(error) => format!("{error} {:?}", error.refusal()),
        };
        note("render", rendered);
    }
    for filter in [
        JournalFilter::default(),
        JournalFilter {
            document: Some(id(HIDDEN)),
            ..JournalFilter::default()
        },
    ] {
        let entries = access.journal(&filter).expect("entries");
        note("journal", json(&entries));
    }
    access.close().expect("closed");
    seen
}

/// Any answer as the JSON that crosses.
mod erased {
    pub trait Json {
        fn json(&self) -> String;
    }

    impl<T: serde::Serialize> Json for T {
        fn json(&self) -> String {
            serde_json::to_string(self).expect("JSON")
        }
    }
}

fn tell(case: &Case, with: bool) -> World {
    let mut world = World {
        ward: Ward::new(),
        with,
        case: case.clone(),
        seen: String::new(),
        taken: false,
        asked_since: false,
        might_read: BTreeSet::new(),
        was_kept: false,
    };
    for n in 1..=3 {
        world.deposit(n, n, false);
    }
    for index in 0..=case.steps.len() {
        if index == case.places[0] && with {
            world.deposit(HIDDEN, case.minute, false);
        }
        if index == case.places[1] {
            // He reads it, among others; the others are read in both worlds.
            world.asks();
            let access = online(&world.ward.reader);
            if case.preloaded {
                let request = record(json!({"limit": 1000}));
                access.preload(&request).expect("fetched");
            } else if with {
                access.read(&id(HIDDEN)).expect("read");
            }
        }
        if index == case.places[2] {
            world.take_away();
        }
        if let Some(step) = case.steps.get(index) {
            world.step(*step);
        }
    }
    world.look();
    world.asks();
    world.look();
    world
}

#[test]
fn what_was_taken_away_and_what_never_was_are_the_same_offline() {
    let kept = std::cell::Cell::new(0);
    let check = |case: Case| {
        let (with, without) = (tell(&case, true), tell(&case, false));
        kept.set(kept.get() + u32::from(with.was_kept));
        prop_assert!(with.seen.contains("find"));
        let mut lines = with.seen.lines().zip(without.seen.lines());
        if let Some((a, b)) = lines.find(|(a, b)| a != b) {
            let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
            let from = a.floor_char_boundary(same.saturating_sub(200));
            let part = |line: &str| line[from..].chars().take(400).collect::<String>();
            let (a, b) = (part(a), part(b));
            return Err(TestCaseError::fail(format!("with:    {a}\nwithout: {b}")));
        }
        prop_assert_eq!(with.seen.len(), without.seen.len());
        prop_assert_eq!(with.ward.rows("kept"), without.ward.rows("kept"));
        prop_assert_eq!(
            with.ward.rows("kept_content"),
            without.ward.rows("kept_content")
        );
        Ok(())
    };
    drawn::until(12, &cases(), check, |asked| {
        if kept.get() * 2 < asked {
            return Err(format!("kept in {kept:?} stories"));
        }
        Ok(())
    });
}
