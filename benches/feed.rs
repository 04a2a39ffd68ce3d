//! Documents fed, each durable when the call returns, beside raw inserts of the same bytes.

use std::cell::Cell;
use std::hint::black_box;
use std::path::Path;

use dmpkit::connector::access::AccessRequest;
use dmpkit::connector::feed::FeedOptions;
use dmpkit::connector::{Access, Connector};
use dmpkit::rules::Mode;
use dmpkit_benches::practice::{
    LARGE_PAGES, REPORT, REPORT_ID, SMALL_PAGES, config, open_dossier, patient, patient_record,
    peer_file, physician,
};
use dmpkit_benches::{Lane, race, rounds};
use rusqlite::{Connection, params};

/// Documents in a round.
const FEEDS: usize = 10;

fn main() {
    let rounds = rounds(25);
    for kilobytes in [60, 200] {
        let folder = tempfile::tempdir().expect("a folder");
        let documents: Vec<(String, String)> = (0..(rounds + 1) * FEEDS)
            .map(|n| document(n, kilobytes * 1_000))
            .collect();
        let access = access(folder.path());
        let options = FeedOptions::default();
        let one = store(folder.path(), "one.db");
        let (of_two, other_of_two) = (store(folder.path(), "two.db"), lines(folder.path()));

        let counters: [Cell<usize>; 3] = Default::default();
        // Each lane takes the same documents, at its own pace.
        let take = |lane: usize| {
            let n = counters[lane].get();
            counters[lane].set(n + FEEDS);
            &documents[n..n + FEEDS]
        };
        race(
            &format!("a document of {} bytes fed", documents[0].1.len()),
            rounds,
            &mut [
                Lane::new("dmpkit Access::feed", FEEDS as u32, || {
                    for (_, document) in take(0) {
                        let fed = access.feed(document.as_bytes(), &options);
                        black_box(fed.expect("fed"));
                    }
                }),
                Lane::new("raw insert in one file", FEEDS as u32, || {
                    for (id, document) in take(1) {
                        insert(&one, id, document);
                    }
                }),
                Lane::new("raw insert in two files", FEEDS as u32, || {
                    for (id, document) in take(2) {
                        insert_line(&other_of_two, id);
                        insert(&of_two, id, document);
                    }
                }),
            ],
        );
    }
}

/// The report with another identifier and, as its body, a PDF large enough for the whole to have a size.
fn document(n: usize, size: usize) -> (String, String) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let id = format!("1.2.250.1.999.1.1.2027.{n}");
    let report = REPORT.replace(REPORT_ID, &id);
    let end = report.find("</text>").expect("a body");
    let (before, after) = report.split_at(end);
    let mut body = String::new();
    let mut state = n as u64 + 1;
    while before.len() + body.len() + after.len() < size {
        for _ in 0..76 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            body.push(char::from(DIGITS[(state >> 58) as usize]));
        }
        body.push('\n');
    }
    (id, format!("{before}{body}{after}"))
}

/// An open dossier, as a practice has it when a letter is ready to go.
fn access(folder: &Path) -> Access {
    let connector = Connector::open(config(folder)).expect("a connector");
    connector
        .holder_act(&open_dossier(patient()), &[])
        .expect("a dossier");
    let session = connector.session(physician()).expect("a session");
    session
        .register_patient(&patient_record())
        .expect("a patient");
    session
        .access(&AccessRequest {
            patient: patient(),
            mode: Mode::Normal,
            relation: Default::default(),
            reason: None,
            minutes: None,
            offline: false,
        })
        .expect("an access")
}

// ---- the peers

fn store(folder: &Path, name: &str) -> Connection {
    peer_file(
        &folder.join(name),
        LARGE_PAGES,
        "CREATE TABLE document (unique_id TEXT NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;",
    )
}

/// What a practice would keep at least of what it sent.
fn lines(folder: &Path) -> Connection {
    peer_file(
        &folder.join("lines.db"),
        SMALL_PAGES,
        "CREATE TABLE sent (unique_id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL) STRICT;",
    )
}

fn insert(file: &Connection, id: &str, document: &str) {
    file.prepare_cached("INSERT INTO document (unique_id, bytes) VALUES (?1, ?2)")
        .and_then(|mut s| s.execute(params![id, document.as_bytes()]))
        .expect("a row");
}

fn insert_line(file: &Connection, id: &str) {
    file.prepare_cached("INSERT INTO sent (unique_id, at) VALUES (?1, ?2)")
        .and_then(|mut s| s.execute(params![id, 0]))
        .expect("a row");
}
