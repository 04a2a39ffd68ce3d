//! Nothing is ever lost, and what it costs: the same work encrypted and plain; documents handed over and dispatched
//! beside documents fed at once; the journal beside the same row without one; opening after a crash with many items
//! waiting.

use std::cell::Cell;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use dmpkit::connector::consent::ConsentRequest;
use dmpkit::connector::dispatch::DispatchRequest;
use dmpkit::connector::feed::FeedOptions;
use dmpkit::connector::outbox::OutboxRequest;
use dmpkit::connector::{AccessRequest, Connector, Session, StoreKey};
use dmpkit::dmp::Criteria;
use dmpkit::document::Oid;
use dmpkit::dossier::AuthorisationChange;
use dmpkit::rules::{Mode, Parameters};
use dmpkit::rules::consent::{ConsentKind, Means, NewConsent};
use dmpkit_benches::practice::{
    REPORT, REPORT_ID, SMALL_PAGES, config, open_dossier, patient, patient_record, peer_file,
    physician,
};
use dmpkit_benches::{Lane, race, rounds, setting};
use rusqlite::params;

/// Documents, or records, in a round.
const TURNS: u32 = 20;

fn main() {
    encrypted_beside_plain();
    dispatched_beside_fed();
    journal();
    recovery();
}

fn key() -> StoreKey {
    StoreKey::raw([7; 32])
}

/// A practice on files of a folder, without the pace of the real DMP.
fn practice(folder: &Path, key: Option<&StoreKey>) -> (Connector, Session) {
    let mut config = config(folder);
    config.parameters = Parameters {
        feeds_per_second: 0,
        ..config.parameters
    };
    let connector = match key {
        None => Connector::open(config),
        Some(key) => Connector::open_keyed(config, key),
    }
    .expect("a connector");
    connector
        .holder_act(&open_dossier(patient()), b"")
        .expect("a dossier");
    let session = connector.session(physician()).expect("a session");
    session
        .register_patient(&patient_record())
        .expect("a patient");
    session.record_consent(&consent()).expect("a consent");
    let access = session.access(&entering()).expect("entered");
    access
        .authorise(AuthorisationChange::Declare)
        .expect("authorised");
    (connector, session)
}

fn entering() -> AccessRequest {
    AccessRequest {
        patient: patient(),
        mode: Mode::Normal,
        relation: Default::default(),
        reason: None,
        minutes: None,
        offline: false,
    }
}

fn report(n: u32) -> String {
    REPORT.replace(REPORT_ID, &format!("{REPORT_ID}.{n}"))
}

fn request() -> OutboxRequest {
    OutboxRequest {
        patient: patient(),
        options: FeedOptions::default(),
    }
}

fn consent() -> ConsentRequest {
    ConsentRequest {
        patient: patient(),
        consent: NewConsent {
            kind: ConsentKind::CareTeam,
            grantee: None,
            document: None,
            means: Means::Oral,
            wording: "notice".into(),
            reason: None,
            expires_at: None,
        },
    }
}

fn hand_over(session: &Session, from: u32) {
    for n in from..from + TURNS {
        let queued = session.enqueue(&request(), report(n).as_bytes());
        black_box(queued.expect("handed over"));
    }
}

fn dispatch(connector: &Connector) {
    let answer = connector
        .dispatch(&DispatchRequest::default(), &mut |_| true)
        .expect("dispatched");
    assert_eq!(answer.counts.waiting, 0);
}

/// Where each lane stands in its own numbers.
fn next(counter: &Cell<u32>) -> u32 {
    let n = counter.get();
    counter.set(n + TURNS);
    n
}

fn encrypted_beside_plain() {
    let folders = [tempfile::tempdir(), tempfile::tempdir()].map(|f| f.expect("a folder"));
    let keyed = practice(folders[0].path(), Some(&key()));
    let plain = practice(folders[1].path(), None);
    let counters: [Cell<u32>; 2] = Default::default();
    let run = |(connector, session): &(Connector, Session), counter: &Cell<u32>| {
        hand_over(session, next(counter));
        dispatch(connector);
    };
    race(
        "handed over and dispatched, both files",
        rounds(15),
        &mut [
            Lane::new("encrypted", TURNS, || run(&keyed, &counters[0])),
            Lane::new("plain", TURNS, || run(&plain, &counters[1])),
        ],
    );
    let read = |session: &Session| {
        let access = session.access(&entering()).expect("entered");
        for n in 0..TURNS {
            black_box(access.find(&Criteria::default()).expect("found"));
            let id = Oid::new(&format!("{REPORT_ID}.{n}")).expect("an OID");
            black_box(access.read(&id).expect("read"));
        }
    };
    race(
        "a list and a document read, each with its line in the journal",
        rounds(15),
        &mut [
            Lane::new("encrypted", TURNS, || read(&keyed.1)),
            Lane::new("plain", TURNS, || read(&plain.1)),
        ],
    );
}

fn dispatched_beside_fed() {
    let folders = [tempfile::tempdir(), tempfile::tempdir()].map(|f| f.expect("a folder"));
    let queued = practice(folders[0].path(), None);
    let fed = practice(folders[1].path(), None);
    let access = fed.1.access(&entering()).expect("entered");
    let counters: [Cell<u32>; 2] = Default::default();
    race(
        "a document handed over (untimed) and dispatched, beside one fed at once",
        rounds(15),
        &mut [
            Lane::timing("Connector::dispatch", TURNS, || {
                hand_over(&queued.1, next(&counters[0]));
                let start = Instant::now();
                dispatch(&queued.0);
                start.elapsed()
            }),
            Lane::new("Access::feed", TURNS, || {
                let from = next(&counters[1]);
                for n in from..from + TURNS {
                    let fed = access.feed(report(n).as_bytes(), &FeedOptions::default());
                    black_box(fed.expect("fed"));
                }
            }),
        ],
    );
}

/// A patient corrected, with the line in the chained journal, beside the same row committed as durably without one.
fn journal() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_connector, session) = practice(folder.path(), None);
    let peer = peer_file(
        &folder.path().join("peer.db"),
        SMALL_PAGES,
        "CREATE TABLE patient (matricule TEXT PRIMARY KEY, status TEXT, traits TEXT, updated_at INTEGER) STRICT;",
    );
    let record = patient_record();
    let traits = serde_json::to_string(&record.traits).expect("JSON");
    race(
        "a patient registered with his line in the journal, beside the row alone",
        rounds(15),
        &mut [
            Lane::new("Session::register_patient", TURNS, || {
                for _ in 0..TURNS {
                    session.register_patient(&record).expect("registered");
                }
            }),
            Lane::new("the row alone, as durable", TURNS, || {
                for n in 0..TURNS {
                    peer.prepare_cached(
                        "INSERT INTO patient VALUES (?1, 'qualifiee', ?2, ?3)
                         ON CONFLICT DO UPDATE SET traits = excluded.traits, updated_at = excluded.updated_at",
                    )
                    .and_then(|mut s| s.execute(params![record.patient.matricule(), traits, n]))
                    .expect("a row");
                }
            }),
        ],
    );
}

/// Files as a crash leaves them, with many items waiting: until the connector is open, and until the first item is sent.
fn recovery() {
    let waiting = setting("WAITING", 100_000) as u32;
    let folder = tempfile::tempdir().expect("a folder");
    let (connector, session) = practice(folder.path(), None);
    let start = Instant::now();
    for n in 0..waiting {
        session
            .enqueue(&request(), report(n).as_bytes())
            .expect("handed over");
    }
    println!(
        "{waiting} documents handed over: {:.0} a second",
        f64::from(waiting) / start.elapsed().as_secs_f64()
    );
    // Copied while open: the log of what was written last is there, as after a crash.
    let crashed = tempfile::tempdir().expect("a folder");
    for file in std::fs::read_dir(folder.path()).expect("files") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), crashed.path().join(file.file_name())).expect("copied");
    }
    drop((connector, session));
    let one = DispatchRequest {
        max_items: Some(1),
        ..DispatchRequest::default()
    };
    let mut opened = Vec::new();
    let mut sent = Vec::new();
    for _ in 0..rounds(5) {
        let mut config = config(crashed.path());
        config.parameters.feeds_per_second = 0;
        let start = Instant::now();
        let connector = Connector::open(config).expect("a connector");
        opened.push(start.elapsed());
        let answer = connector.dispatch(&one, &mut |_| true).expect("dispatched");
        sent.push(start.elapsed());
        assert_eq!(answer.progress.sent, 1);
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    println!(
        "after a crash with {waiting} waiting: open in {:.1?}, the first one sent after {:.1?}",
        median(opened),
        median(sent)
    );
}
