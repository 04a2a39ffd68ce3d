//! Two processes that send what one outbox holds, and one of them killed: the other, and whoever starts again, finish.
//! What the killed one held is free once its time has passed.

use std::os::unix::process::ExitStatusExt;

use crate::child::{Fault, Work, marks};
use crate::points::{Case, alone, budget, chosen, play};
use crate::practice::folder;
use crate::rehearsal::copy;
use crate::scenario::{Happened, Kept, named};
use crate::shim::{self, Mode, effects};

/// Documents handed over, which each process then sends.
const SCENARIO: &str = "outbox";

#[test]
fn of_two_processes_that_send_one_is_killed_at_any_call_and_each_document_arrives_once() {
    if shim::built().is_none() {
        return;
    }
    let _alone = alone();
    let mut cases = Vec::new();
    let mut all = Vec::new();
    for kept in Kept::ALL {
        let before = folder();
        (named(SCENARIO).founded)(before.path(), *kept);
        let (place, elsewhere) = (folder(), folder());
        copy(before.path(), place.path());
        let log = elsewhere.path().join("log");
        let mut work = Work::of(SCENARIO, *kept, place.path());
        work.log = Some(log.clone());
        assert!(work.run().status.success());
        let effects = effects(&log);
        let points = effects.iter().filter(|effect| effect.is_point());
        for (n, effect) in points.enumerate().filter(|(_, effect)| effect.changes()) {
            let halves = effect.has_halves().then_some(Mode::KillHalf);
            for mode in [Some(Mode::KillBefore), halves, Some(Mode::KillAfter)] {
                let Some(mode) = mode else { continue };
                let point = n + 1;
                cases.push(Case {
                    scenario: SCENARIO,
                    kept: *kept,
                    name: format!("{} {point}", mode.name()),
                    what: (mode, point),
                });
            }
        }
        all.push((*kept, before));
    }
    play("two processes", chosen(cases, budget() / 5), |case| {
        let (_, before) = all
            .iter()
            .find(|(kept, _)| *kept == case.kept)
            .expect("founded");
        let place = folder();
        copy(before.path(), place.path());
        let (mode, point) = case.what;
        let mut killed = Work::of(SCENARIO, case.kept, place.path());
        killed.fault = Some(Fault {
            mode,
            point,
            lasting: false,
        });
        let survivor = Work::of(SCENARIO, case.kept, place.path());
        let (killed, survivor) = std::thread::scope(|scope| {
            let killed = scope.spawn(|| killed.run());
            let survivor = survivor.run();
            (killed.join().expect("it ends"), survivor)
        });
        let said = String::from_utf8_lossy(&survivor.stdout);
        assert!(survivor.status.success(), "the other one: {said}");
        let marks = marks(place.path());
        named(SCENARIO).survives(place.path(), case.kept, None, &marks, Happened::Stopped);
        // They wait for each other as it comes: there may be fewer calls than in the rehearsal.
        if killed.status.signal() == Some(9) {
            return "killed";
        }
        let said = String::from_utf8_lossy(&killed.stdout);
        assert!(killed.status.success(), "not killed, and failed: {said}");
        "not reached"
    });
}
