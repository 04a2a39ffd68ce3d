//! A disk that is full, cannot, or takes half, at each call to the system.

use crate::child::{Fault, Manner, Mark, Work, marks};
use crate::points::{Case, alone, budget, chosen, play};
use crate::practice::folder;
use crate::rehearsal::{copy, of, rehearsed};
use crate::scenario::{Happened, named};
use crate::shim::{self, Effect, Mode};

#[derive(Debug, Clone, Copy)]
struct Failing {
    mode: Mode,
    point: usize,
    /// Every call from there on, until it is mended.
    lasting: bool,
    /// Whether the process that met it sees it mended.
    mended: bool,
}

/// How each kind of call can fail.
fn modes(effect: &Effect) -> &'static [Mode] {
    match effect {
        Effect::Write { .. } => &[Mode::Full, Mode::Io, Mode::Short],
        Effect::Open { created: true, .. } => &[Mode::Full, Mode::Io],
        Effect::Mark(_) => &[],
        _ => &[Mode::Io],
    }
}

/// What a person may be told of it; `shared`: of the file that SQLite shares between processes; `alone`: of work on
/// files that are taken for it alone.
fn told(effect: &Effect, shared: bool, alone: bool, failing: Failing) -> &'static [&'static str] {
    match (failing.mode, effect) {
        // A file that cannot be made; or, where one is done without, what is written next.
        (Mode::Full, Effect::Open { .. }) if failing.lasting && alone => {
            &["DMP_CANNOT_OPEN", "DMP_DISK_FULL", "DMP_IO"]
        }
        (Mode::Full, Effect::Open { .. }) if failing.lasting => {
            &["DMP_CANNOT_OPEN", "DMP_DISK_FULL"]
        }
        (Mode::Full, Effect::Open { .. }) => &["DMP_CANNOT_OPEN"],
        // SQLCipher does not say why it could not change a key, nor SQLite why it stayed in a mode of its journal.
        (Mode::Full | Mode::Short, _) if alone => &["DMP_DISK_FULL", "DMP_IO"],
        // A disk without room is never taken for a broken one.
        (Mode::Full | Mode::Short, _) => &["DMP_DISK_FULL"],
        (_, Effect::Write { .. } | Effect::Sync { .. }) if !failing.lasting => &["DMP_IO"],
        // SQLite opens what it cannot open for writing for reading, and holds a file it cannot read for damaged.
        _ if shared || failing.lasting => &[
            "DMP_IO",
            "DMP_CANNOT_OPEN",
            "DMP_READ_ONLY",
            "DMP_CORRUPT",
            "DMP_DISK_FULL",
            // Under a key a first page that cannot be read is that of a file of another kind.
            "DMP_NOT_OURS",
        ],
        _ => &["DMP_IO", "DMP_CANNOT_OPEN", "DMP_READ_ONLY", "DMP_CORRUPT"],
    }
}

#[test]
fn a_disk_that_fails_at_any_call_is_told_and_loses_nothing_and_work_goes_on_once_it_is_mended() {
    if shim::built().is_none() {
        return;
    }
    let all = rehearsed();
    let _alone = alone();
    let mut cases = Vec::new();
    for rehearsed in all.iter() {
        for (point, effect) in rehearsed.points() {
            for mode in modes(effect) {
                for (how, lasting, mended) in [
                    ("once", false, true),
                    ("until-mended", true, true),
                    ("for-good", true, false),
                ] {
                    cases.push(Case {
                        scenario: rehearsed.scenario.name,
                        kept: rehearsed.kept,
                        name: format!("{} {point} {how}", mode.name()),
                        what: Failing {
                            mode: *mode,
                            point,
                            lasting,
                            mended,
                        },
                    });
                }
            }
        }
    }
    play("disk errors", chosen(cases, budget()), |case| {
        let place = folder();
        let rehearsed = of(&all, case);
        copy(rehearsed.before.path(), place.path());
        let Failing {
            mode,
            point,
            lasting,
            mended,
        } = case.what;
        let mut work = Work::of(case.scenario, case.kept, place.path());
        work.manner = if mended {
            Manner::Mends
        } else {
            Manner::GoesOn
        };
        work.fault = Some(Fault {
            mode,
            point,
            lasting,
        });
        let output = work.run();
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{errors}");
        let marks = marks(place.path());
        let failed: Vec<&Mark> = marks.iter().filter(|m| m.status != "DMP_OK").collect();
        if let Some(first) = failed.first() {
            let (_, effect) = rehearsed.points().nth(point - 1).expect("the point");
            let shared = rehearsed
                .file_of(effect)
                .is_some_and(|name| name.ends_with("-shm"));
            let alone = matches!(case.scenario, "re-key" | "restore" | "backup");
            let allowed = told(effect, shared, alone, case.what);
            assert!(
                allowed.contains(&first.status.as_str()),
                "{first:?}, not one of {allowed:?}"
            );
        }
        named(case.scenario).survives(place.path(), case.kept, None, &marks, Happened::Stopped);
        if failed.is_empty() {
            "unnoticed"
        } else {
            "told"
        }
    });
}
