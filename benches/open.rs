//! From nothing open to the first answer, beside SQLite opening the same files and answering the same.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use dmpkit::connector::Connector;
use dmpkit::connector::consent::ConsentRequest;
use dmpkit::rules::consent::{ConsentKind, Means, NewConsent};
use dmpkit_benches::practice::{
    config, open_dossier, patient, patient_record, peer_file, physician,
};
use dmpkit_benches::{Lane, race, rounds};
use rusqlite::Connection;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    prepare(folder);
    let journal = folder.join("peer.db");
    drop(peer_file(
        &journal,
        "CREATE TABLE journal (number INTEGER PRIMARY KEY, action TEXT NOT NULL) STRICT;",
    ));
    race(
        "from nothing open to a patient's consents",
        rounds(60),
        &mut [
            Lane::timing("dmpkit Connector::open, session, consents", 1, || {
                let start = Instant::now();
                let connector = Connector::open(config(folder)).expect("a connector");
                let session = connector.session(physician()).expect("a session");
                black_box(session.consents(&patient()).expect("consents"));
                let time = start.elapsed();
                drop(session);
                connector.close().expect("closed");
                time
            }),
            Lane::timing("SQLite, the same two files, one query", 1, || {
                by_hand(folder, None)
            }),
            Lane::timing("the same, and one durable line in a journal", 1, || {
                by_hand(folder, Some(&journal))
            }),
        ],
    );
}

/// A practice with a patient who consented, and its dossier.
fn prepare(folder: &Path) {
    let connector = Connector::open(config(folder)).expect("a connector");
    connector
        .holder_act(&open_dossier(patient()), &[])
        .expect("a dossier");
    let session = connector.session(physician()).expect("a session");
    session
        .register_patient(&patient_record())
        .expect("a patient");
    session
        .record_consent(&ConsentRequest {
            patient: patient(),
            consent: NewConsent {
                kind: ConsentKind::CareTeam,
                grantee: None,
                document: None,
                means: Means::Oral,
                wording: "v1".into(),
                reason: None,
                expires_at: None,
            },
        })
        .expect("a consent");
    connector.close().expect("closed");
}

/// Opens the register and the DMP with their durability, and reads the consents. With `journal`, a file of
/// the peer's own, also writes a line there: ours may not be written to by another hand.
fn by_hand(folder: &Path, journal: Option<&Path>) -> Duration {
    let start = Instant::now();
    let open = |path: &Path| {
        let file = Connection::open(path).expect("a file");
        file.execute_batch("PRAGMA synchronous = FULL;")
            .expect("a setting");
        file
    };
    let register = open(&folder.join("register.db"));
    let dmp = open(&folder.join("dmp.db"));
    let dossiers: i64 = dmp
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .expect("a version");
    black_box(dossiers);
    let mut statement = register
        .prepare(
            "SELECT c.id, c.kind, c.means, c.wording, c.collected_by, c.collected_at FROM consent c
             JOIN patient p ON p.id = c.patient WHERE p.matricule = ?1 AND p.oid = ?2 ORDER BY c.id",
        )
        .expect("a statement");
    let consents: Vec<(i64, String, String, String, String, i64)> = statement
        .query_map([patient().matricule(), patient().oid()], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
            ))
        })
        .and_then(Iterator::collect)
        .expect("consents");
    assert_eq!(black_box(consents).len(), 1);
    if let Some(journal) = journal {
        open(journal)
            .execute("INSERT INTO journal (action) VALUES ('session.open')", [])
            .expect("a line");
    }
    start.elapsed()
}
