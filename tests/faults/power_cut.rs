//! The power cut at each moment: what was acknowledged before is there, and nothing is corrupt.
//!
//! The register and the embedded DMP are two files, and the DMP stands for a machine elsewhere: it loses its power
//! with the practice, or keeps it.

use crate::child::{Fault, Manner, Work, mark, marks};
use crate::points::{Case, alone, budget, chosen, play};
use crate::practice::folder;
use crate::rehearsal::{copy, of, rehearsed};
use crate::replay::{Cut, Disk};
use crate::scenario::{Happened, named};
use crate::shim::{self, Effect, Mode, effects};

/// Which cuts are tried at each moment.
const CUTS: [Cut; 7] = [
    Cut::Drops,
    Cut::Tears(1),
    Cut::Keeps,
    Cut::Tears(2),
    Cut::ForgetsNames,
    Cut::Tears(3),
    Cut::ForgetsWrites,
];

struct Moment {
    cut: Cut,
    /// How many effects came before.
    after: usize,
    /// Whether the DMP's machine keeps its power.
    dmp_spared: bool,
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing_acknowledged_and_corrupts_nothing() {
    if shim::built().is_none() {
        return;
    }
    let all = rehearsed();
    let _alone = alone();
    let (mut boundaries, mut between) = (Vec::new(), Vec::new());
    for rehearsed in all.iter() {
        let effects = &rehearsed.effects;
        for after in 0..=effects.len() {
            let is = |place: Option<usize>, what: fn(&Effect) -> bool| {
                place.and_then(|n| effects.get(n)).is_some_and(what)
            };
            let last = after.checked_sub(1);
            // Nothing happens there that a cut could show.
            if is(last, |effect| matches!(effect, Effect::Read { .. })) {
                continue;
            }
            let sync = |effect: &Effect| matches!(effect, Effect::Sync { .. } | Effect::Mark(_));
            let at_a_boundary = is(last, sync) || is(Some(after), sync);
            for (n, cut) in CUTS.into_iter().enumerate() {
                for dmp_spared in [false, true] {
                    let case = Case {
                        scenario: rehearsed.scenario.name,
                        kept: rehearsed.kept,
                        name: format!(
                            "{cut:?} {after}{}",
                            if dmp_spared { " dmp-spared" } else { "" }
                        ),
                        what: Moment {
                            // Each moment draws anew.
                            cut: match cut {
                                Cut::Tears(_) => Cut::Tears((after * CUTS.len() + n) as u64),
                                other => other,
                            },
                            after,
                            dmp_spared,
                        },
                    };
                    if at_a_boundary {
                        &mut boundaries
                    } else {
                        &mut between
                    }
                    .push(case);
                }
            }
        }
    }
    let mut cases = chosen(boundaries, budget() * 2 / 3);
    cases.extend(chosen(between, budget() / 3));
    play("power cut", cases, |case| {
        let rehearsed = of(&all, case);
        let Moment {
            cut,
            after,
            dmp_spared,
        } = case.what;
        let before = &rehearsed.effects[..after];
        let mut disk = Disk::of(rehearsed.before.path());
        before.iter().for_each(|effect| disk.apply(effect));
        let place = folder();
        for (name, content) in disk.left(cut, dmp_spared.then_some("dmp.db")) {
            std::fs::write(place.path().join(name), content).expect("written");
        }
        let marks = before.iter().filter_map(|effect| match effect {
            Effect::Mark(line) => Some(mark(line)),
            _ => None,
        });
        let marks: Vec<_> = marks.collect();
        named(case.scenario).survives(place.path(), case.kept, None, &marks, Happened::PowerCut);
        if disk.has_pending() {
            "lost what was not synced"
        } else {
            "all synced"
        }
    });
}

/// How many of SQLite's commits wait for this sync: frames of the write-ahead log that end one say how large the file is.
fn commits_waiting(effects: &[Effect], sync: usize) -> usize {
    let Effect::Sync { id } = effects[sync] else {
        return 0;
    };
    let since = effects[..sync].iter().rev();
    let since = since.take_while(|effect| **effect != Effect::Sync { id });
    let ends_one = |effect: &&Effect| match effect {
        Effect::Write { id: of, bytes, .. } => {
            *of == id && bytes.len() == 24 && bytes[4..8] != [0; 4]
        }
        _ => false,
    };
    since.filter(ends_one).count()
}

/// A disk that could not sync may never write what it was to sync, though it says nothing more. The call is told; what is
/// acknowledged after it must last all the same.
///
/// So no commit may wait for another's sync: its frames would be a hole in the write-ahead log, and what follows a hole is
/// not read.
#[test]
fn what_is_acknowledged_after_a_sync_that_failed_survives_a_power_cut() {
    if shim::built().is_none() {
        return;
    }
    let all = rehearsed();
    let _alone = alone();
    let mut cases = Vec::new();
    for rehearsed in all.iter() {
        let points = rehearsed.effects.iter().enumerate();
        let points = points.filter(|(_, effect)| effect.is_point());
        for (point, (place, effect)) in points.enumerate() {
            let folder = rehearsed.file_of(effect) == Some(".");
            if !matches!(effect, Effect::Sync { .. }) || folder {
                continue;
            }
            let waiting = commits_waiting(&rehearsed.effects, place);
            assert!(
                waiting <= 1,
                "{}: {waiting} commits",
                rehearsed.scenario.name
            );
            let point = point + 1;
            cases.push(Case {
                scenario: rehearsed.scenario.name,
                kept: rehearsed.kept,
                name: format!("sync {point}"),
                what: point,
            });
        }
    }
    play("failed sync", chosen(cases, budget() / 3), |case| {
        let before = of(&all, case).before.path();
        let (place, elsewhere) = (folder(), folder());
        copy(before, place.path());
        let log = elsewhere.path().join("log");
        let mut work = Work::of(case.scenario, case.kept, place.path());
        work.manner = Manner::Mends;
        work.log = Some(log.clone());
        work.fault = Some(Fault {
            mode: Mode::Io,
            point: case.what,
            lasting: false,
        });
        let output = work.run();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        let mut disk = Disk::of(before);
        let effects = effects(&log);
        effects.iter().for_each(|effect| disk.apply(effect));
        let left = folder();
        for (name, content) in disk.left(Cut::Drops, None) {
            std::fs::write(left.path().join(name), content).expect("written");
        }
        let marks = marks(place.path());
        named(case.scenario).survives(left.path(), case.kept, None, &marks, Happened::PowerCut);
        "survived"
    });
}
