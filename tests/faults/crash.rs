//! A process killed before, within and after each call to the system.

use std::os::unix::process::ExitStatusExt;

use crate::child::{Fault, Work, marks};
use crate::points::{Case, alone, budget, chosen, play};
use crate::practice::folder;
use crate::rehearsal::{copy, of, rehearsed};
use crate::scenario::{Happened, named};
use crate::shim::{self, Mode};

#[test]
fn a_process_killed_at_any_call_loses_nothing_it_acknowledged_and_does_nothing_twice() {
    if shim::built().is_none() {
        return;
    }
    let all = rehearsed();
    let _alone = alone();
    let mut cases = Vec::new();
    for rehearsed in all.iter() {
        for (point, effect) in rehearsed.points().filter(|(_, effect)| effect.changes()) {
            let halves = effect.has_halves().then_some(Mode::KillHalf);
            for mode in [Some(Mode::KillBefore), halves, Some(Mode::KillAfter)]
                .into_iter()
                .flatten()
            {
                cases.push(Case {
                    scenario: rehearsed.scenario.name,
                    kept: rehearsed.kept,
                    name: format!("{} {point}", mode.name()),
                    what: (mode, point),
                });
            }
        }
    }
    let cases = chosen(cases, budget());
    play("crash", cases, |case| {
        let place = folder();
        copy(of(&all, case).before.path(), place.path());
        let mut work = Work::of(case.scenario, case.kept, place.path());
        let (mode, point) = case.what;
        work.fault = Some(Fault {
            mode,
            point,
            lasting: false,
        });
        let output = work.run();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.signal(), Some(9), "not killed: {said}");
        named(case.scenario).survives(
            place.path(),
            case.kept,
            None,
            &marks(place.path()),
            Happened::Stopped,
        );
        "killed"
    });
}
