//! A process killed before, within and after each call to the system.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use crate::child::{Fault, Work, marks};
use crate::points::{Case, alone, budget, evenly, play};
use crate::practice::folder;
use crate::scenario::{Happened, Scenario, named};
use crate::scenarios::ALL;
use crate::shim::{self, Effect, Mode, effects};

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
        work.log = Some(&log);
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

    /// The points, by number.
    pub fn points(&self) -> impl Iterator<Item = (usize, &Effect)> {
        let points = self.effects.iter().filter(|effect| effect.is_point());
        points.enumerate().map(|(n, effect)| (n + 1, effect))
    }
}

/// Every scenario, rehearsed.
pub fn rehearsed() -> Vec<Rehearsed> {
    ALL.iter().map(Rehearsed::of).collect()
}

/// One of them.
pub fn by_name<'a>(all: &'a [Rehearsed], name: &str) -> &'a Rehearsed {
    let found = all.iter().find(|rehearsed| rehearsed.scenario.name == name);
    found.unwrap_or_else(|| panic!("{name} was not rehearsed"))
}

#[test]
fn a_process_killed_at_any_call_loses_nothing_it_acknowledged_and_does_nothing_twice() {
    if shim::built().is_none() {
        return;
    }
    let _alone = alone();
    let all = rehearsed();
    let mut cases = Vec::new();
    for rehearsed in &all {
        for (point, effect) in rehearsed.points().filter(|(_, effect)| effect.changes()) {
            let halves = effect.has_halves().then_some(Mode::KillHalf);
            for mode in [Some(Mode::KillBefore), halves, Some(Mode::KillAfter)]
                .into_iter()
                .flatten()
            {
                cases.push(Case {
                    scenario: rehearsed.scenario.name,
                    name: format!("{} {point}", mode.name()),
                    what: (mode, point),
                });
            }
        }
    }
    let cases = evenly(cases, budget());
    play("crash", cases, |case| {
        let place = folder();
        copy(by_name(&all, case.scenario).before.path(), place.path());
        let mut work = Work::of(case.scenario, place.path());
        let (mode, point) = case.what;
        work.fault = Some(Fault {
            mode,
            point,
            lasting: false,
        });
        let output = work.run();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.signal(), Some(9), "not killed: {said}");
        named(case.scenario).survives(place.path(), None, &marks(place.path()), Happened::Stopped);
        "killed"
    });
}
