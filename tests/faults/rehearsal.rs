//! Each scenario undisturbed: the files it starts from, and what it asks of the system.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::child::{Work, marks};
use crate::points::Case;
use crate::practice::folder;
use crate::scenario::{Happened, Kept, Scenario};
use crate::scenarios::ALL;
use crate::shim::{Effect, effects};

/// Copies the files of a folder.
pub fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        std::fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("copied");
    }
}

/// A scenario ready to fail: its files before, and what a process that nothing stops asks of the system.
pub struct Rehearsed {
    pub scenario: &'static Scenario,
    pub kept: Kept,
    pub before: tempfile::TempDir,
    pub effects: Vec<Effect>,
}

impl Rehearsed {
    fn of(scenario: &'static Scenario, kept: Kept) -> Rehearsed {
        let before = folder();
        (scenario.founded)(before.path(), kept);
        let (place, elsewhere) = (folder(), folder());
        copy(before.path(), place.path());
        let log = elsewhere.path().join("log");
        let mut work = Work::of(scenario.name, kept, place.path());
        work.log = Some(log.clone());
        let output = work.run();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{}{}, undisturbed: {said}",
            kept.word(),
            scenario.name
        );
        let marks = marks(place.path());
        scenario.survives(place.path(), kept, None, &marks, Happened::Stopped);
        Rehearsed {
            scenario,
            kept,
            before,
            effects: effects(&log),
        }
    }

    /// The file that an effect is about.
    pub fn file_of<'a>(&'a self, effect: &'a Effect) -> Option<&'a str> {
        let id = match effect {
            Effect::Open { path, .. } => return Some(path),
            Effect::Write { id, .. }
            | Effect::Sync { id }
            | Effect::NotSynced { id }
            | Effect::Truncate { id, .. }
            | Effect::Read { id } => id,
            _ => return None,
        };
        self.effects.iter().find_map(|other| match other {
            Effect::Open {
                id: opened, path, ..
            } if opened == id => Some(path.as_str()),
            _ => None,
        })
    }

    /// The points, by number.
    pub fn points(&self) -> impl Iterator<Item = (usize, &Effect)> {
        let points = self.effects.iter().filter(|effect| effect.is_point());
        points.enumerate().map(|(n, effect)| (n + 1, effect))
    }
}

/// Every scenario, rehearsed, in clear and under a key; one of them, when `DMPKIT_FAULT_SCENARIO` names it.
///
/// Shared by whoever waits for it at the same time.
pub fn rehearsed() -> Arc<Vec<Rehearsed>> {
    static SHARED: Mutex<Weak<Vec<Rehearsed>>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(there) = shared.upgrade() {
        return there;
    }
    let only = std::env::var("DMPKIT_FAULT_SCENARIO").ok();
    let wanted = |scenario: &&Scenario| only.as_ref().is_none_or(|only| only == scenario.name);
    let mut all = Vec::new();
    for scenario in ALL.iter().filter(wanted) {
        for kept in Kept::ALL {
            all.push(Rehearsed::of(scenario, *kept));
        }
    }
    let all = Arc::new(all);
    *shared = Arc::downgrade(&all);
    all
}

/// The one that a failure is of.
pub fn of<'a, T>(all: &'a [Rehearsed], case: &Case<T>) -> &'a Rehearsed {
    let is = |r: &&Rehearsed| (r.scenario.name, r.kept) == (case.scenario, case.kept);
    let found = all.iter().find(is);
    found.unwrap_or_else(|| panic!("{} was not rehearsed", case.scenario))
}
