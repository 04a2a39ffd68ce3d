//! The same tests on the national DMP: a simulator in this process stands where the embedded DMP stood.
//!
//! They run so when `DMPKIT_TEST_DMP` is `national`.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use dmpkit::clock::Instant;
use dmpkit::dmp::Requester;
use dmpkit::dmp::national::keys::{Keyring, Keys};
use dmpkit::dmp::protocol::key::KeyError;
use dmpkit::rules::Parameters;
use dmpkit::rules::habilitation::Habilitation;
use dmpkit::simulator::pki::Pki;
use dmpkit::simulator::{ClockSetting, Options, Simulator, cards};
use serde_json::{Value, json};

/// Whether the tests run on the national DMP.
pub fn national() -> bool {
    std::env::var_os("DMPKIT_TEST_DMP").is_some_and(|name| name == "national")
}

/// Before every story, so that certificates are valid in all of them.
fn issued() -> Instant {
    Instant::parse("2025-01-01T00:00:00Z").expect("an instant")
}

/// The folder of the one authority of this run, kept from run to run: keys take time to make.
fn certificates() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("test-certificates")
}

/// The authority of this run.
pub fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| Pki::open(&certificates(), issued()).expect("an authority"))
}

/// A simulator in front of the DMP of a file. Its clock is its callers'.
pub fn simulator(dmp: &Path, parameters: Parameters, habilitation: Habilitation) -> Simulator {
    pki();
    Simulator::start(Options {
        listen: "127.0.0.1:0".into(),
        dmp: dmp.to_owned(),
        certificates: certificates(),
        clock: ClockSetting::Follow { at: Some(issued()) },
        parameters,
        habilitation,
        ..Options::default()
    })
    .expect("a simulator")
}

/// What to write under `dmp` to reach a simulator, with the cards of the authority's folder.
pub fn address(simulator: &Simulator) -> Value {
    json!({"national": {
        "url": simulator.url(),
        "network": {"trust": {"pem": pki().ca_pem()}},
        "keys": [{"cards": pki().cards().expect("a folder")}],
        "feedsPerSecond": 0,
        "simulator": true
    }})
}

/// What to write under `dmp` for the DMP of a file: that file, or a simulator in front of it, one for each file.
pub fn dmp_of(file: &Path) -> Value {
    if !national() {
        return json!({"embedded": {"path": file}});
    }
    static STARTED: Mutex<Option<HashMap<PathBuf, Value>>> = Mutex::new(None);
    let mut started = STARTED.lock().expect("the simulators");
    let started = started.get_or_insert_default();
    let start = || {
        // It lives as long as the tests.
        let simulator = Box::leak(Box::new(simulator(
            file,
            Parameters::default(),
            Habilitation::default(),
        )));
        address(simulator)
    };
    started.entry(file.to_owned()).or_insert_with(start).clone()
}

/// Issues the card or certificates of whoever is going to work.
pub fn equip(requester: &Requester) {
    if national() {
        cards::issue(pki(), requester).expect("a card");
    }
}

/// As [`equip`], for a record; what is not one is left to the test.
pub fn equip_record(requester: &str) {
    if let Ok(requester) = serde_json::from_str(requester) {
        equip(&requester);
    }
}

/// Issues whatever card is asked for.
#[derive(Default)]
pub struct AnyCard(HashMap<String, Keys>);

impl Keyring for AnyCard {
    fn keys(&mut self, requester: &Requester) -> Result<Keys, KeyError> {
        let who = format!(
            "{} {} {:?}",
            requester.id(),
            requester.structure.id.as_str(),
            requester.authentication
        );
        let issue = || cards::issue(pki(), requester).expect("a card");
        Ok(self.0.entry(who).or_insert_with(issue).clone())
    }
}
