//! Each scenario undisturbed: the files it starts from, and what it asks of the system.

use std::path::Path;

use crate::child::{Work, marks};
use crate::practice::folder;
use crate::scenario::{Happened, Scenario};
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
    pub before: tempfile::TempDir,
    pub effects: Vec<Effect>,
}

impl Rehearsed {
    pub fn of(scenario: &'static Scenario) -> Rehearsed {
        let before = folder();
        (scenario.founded)(before.path());
        let (place, elsewhere) = (folder(), folder());
        copy(before.path(), place.path());
        let log = elsewhere.path().join("log");
        let mut work = Work::of(scenario.name, place.path());
        work.log = Some(log.clone());
        let output = work.run();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{}, undisturbed: {said}",
            scenario.name
        );
        scenario.survives(place.path(), None, &marks(place.path()), Happened::Stopped);
        Rehearsed {
            scenario,
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

/// Every scenario, rehearsed; one of them, when `DMPKIT_FAULT_SCENARIO` names it.
pub fn rehearsed() -> Vec<Rehearsed> {
    let only = std::env::var("DMPKIT_FAULT_SCENARIO").ok();
    let wanted = |scenario: &&Scenario| only.as_ref().is_none_or(|only| only == scenario.name);
    ALL.iter().filter(wanted).map(Rehearsed::of).collect()
}

/// One of them.
pub fn by_name<'a>(all: &'a [Rehearsed], name: &str) -> &'a Rehearsed {
    let found = all.iter().find(|rehearsed| rehearsed.scenario.name == name);
    found.unwrap_or_else(|| panic!("{name} was not rehearsed"))
}
