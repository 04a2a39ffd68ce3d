//! The connector over the network, a simulator in front of it in this process: killed, or its connection reset, at
//! each call to the system. What may have arrived is asked for before it is sent again: one deposit each.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use dmpkit::rules::Parameters;
use dmpkit::rules::habilitation::Habilitation;
use dmpkit::simulator::{Simulator, cards};
use serde_json::{Value, json};

use crate::child::{Fault, Manner, Work, marks};
use crate::points::{Case, alone, budget, chosen, play};
use crate::practice::{ask, bare, doctor, folder, ins, open_connector, simulated};
use crate::rehearsal::copy;
use crate::scenario::{Desk, Happened, Kept, named};
use crate::shim::{self, Effect, Mode, effects};

/// What is done over the network.
const SCENARIOS: [&str; 4] = ["feed", "lot", "replace", "changes"];

/// The DMP is elsewhere: a key would change nothing of what is sent.
const KEPT: Kept = Kept::InClear;

/// A simulator in front of the DMP of a folder, and its address.
fn simulator(folder: &Path) -> (Simulator, Value) {
    let dmp = folder.join("dmp.db");
    let simulator = simulated::simulator(&dmp, Parameters::default(), Habilitation::default());
    let address = simulated::address(&simulator);
    (simulator, address)
}

/// The practice of a scenario, whose DMP is elsewhere.
fn founded(scenario: &str) -> tempfile::TempDir {
    let before = folder();
    (named(scenario).founded)(before.path(), KEPT);
    before
}

/// Work on a copy of those files, with the simulator; then what `check` demands.
fn at_work<T>(scenario: &str, before: &Path, work: impl FnOnce(Work<'_>, &Path) -> T) -> T {
    let place = folder();
    copy(before, place.path());
    // The DMP's file is elsewhere: the process that works never sees it.
    let elsewhere = folder();
    let dmp = elsewhere.path().join("dmp.db");
    std::fs::rename(place.path().join("dmp.db"), &dmp).expect("moved");
    let (_simulator, address) = simulator(elsewhere.path());
    let mut of = Work::of(scenario, KEPT, place.path());
    of.dmp = Some(&address);
    let answer = work(of, elsewhere.path());
    named(scenario).survives(
        place.path(),
        KEPT,
        Some(&address),
        &marks(place.path()),
        Happened::Stopped,
    );
    each_was_deposited_once(place.path(), &address);
    answer
}

/// Demands that the DMP's own history shows one deposit a document.
fn each_was_deposited_once(place: &Path, address: &Value) {
    let connector = open_connector(&Desk::at(place, KEPT, Some(address)).config());
    let action = json!({"action": "history", "patient": ins()});
    let answer = ask("dmp_holder_act", connector, &action).ok().json();
    let lines = answer["history"].as_array().expect("the history");
    let documents = crate::practice::documents_of(connector, &ins());
    assert!(!documents.is_empty());
    for id in documents {
        let deposits = lines.iter().filter(|line| {
            line["uniqueId"] == *id
                && line["action"]
                    .as_str()
                    .is_some_and(|a| a.starts_with("TD2"))
        });
        assert_eq!(deposits.count(), 1, "deposits of {id}: {lines:?}");
    }
    bare("dmp_connector_close", connector).ok();
}

#[test]
fn over_the_network_a_process_killed_or_cut_off_at_any_call_deposits_each_document_once() {
    if shim::built().is_none() {
        return;
    }
    let _alone = alone();
    let requester = serde_json::from_value(doctor()).expect("a requester");
    cards::issue(simulated::pki(), &requester).expect("a card");
    let all = SCENARIOS.map(|scenario| (scenario, founded(scenario)));
    let mut cases = Vec::new();
    for (scenario, before) in &all {
        let effects = at_work(scenario, before.path(), |mut work, elsewhere| {
            let log = elsewhere.join("log");
            work.log = Some(log.clone());
            let output = work.run();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{scenario}, undisturbed: {said}");
            effects(&log)
        });
        let points = effects.iter().filter(|effect| effect.is_point());
        for (n, effect) in points.enumerate().filter(|(_, effect)| effect.changes()) {
            let network = matches!(effect, Effect::Connect | Effect::Send | Effect::Receive);
            let modes = [
                Some(Mode::KillBefore),
                effect.has_halves().then_some(Mode::KillHalf),
                Some(Mode::KillAfter),
                network.then_some(Mode::Reset),
            ];
            for mode in modes.into_iter().flatten() {
                let point = n + 1;
                cases.push(Case {
                    scenario,
                    kept: KEPT,
                    name: format!("{} {point}", mode.name()),
                    what: (mode, point),
                });
            }
        }
    }
    // Each is a TLS session and its signatures: a fifth of what the others play.
    play("network", chosen(cases, budget() / 5), |case| {
        let (_, before) = all
            .iter()
            .find(|(name, _)| *name == case.scenario)
            .expect("founded");
        at_work(case.scenario, before.path(), |mut work, _| {
            let (mode, point) = case.what;
            work.fault = Some(Fault {
                mode,
                point,
                lasting: false,
            });
            work.manner = Manner::Mends;
            let folder = work.folder;
            let output = work.run();
            let said = String::from_utf8_lossy(&output.stdout);
            let errors = String::from_utf8_lossy(&output.stderr);
            if output.status.signal() == Some(9) {
                return "killed";
            }
            assert!(output.status.success(), "{said}\n{errors}");
            if let Some(failed) = marks(folder).iter().find(|mark| mark.status != "DMP_OK") {
                let status = failed.status.as_str();
                assert!(
                    matches!(
                        status,
                        "DMP_NETWORK" | "DMP_TIMED_OUT" | "DMP_UNEXPECTED_ANSWER"
                    ),
                    "{failed:?}"
                );
                return "told";
            }
            // Packets come as they will: there may be fewer calls than in the rehearsal.
            if mode == Mode::Reset {
                "unnoticed"
            } else {
                "not reached"
            }
        })
    });
}
