//! The list of a dossier of a thousand documents, in a DMP of a million, beside the same rows by hand.

use std::cell::Cell;
use std::hint::black_box;
use std::path::Path;

use dmpkit::cda::{Limits, depositable};
use dmpkit::dmp::{Criteria, Deposit, Dmp, Lot};
use dmpkit::document::{
    Coded, Dtm, EntryUuid, Metadata, Oid, RawMetadata, SubmissionSet, Visibility,
};
use dmpkit::dossier::AuthorisationChange;
use dmpkit_benches::practice::{
    LARGE_PAGES, REPORT, SMALL_PAGES, context, embedded, nth_patient, open_dossier, patient,
    peer_file, physician, software, today,
};
use dmpkit_benches::{Lane, race, rounds, setting};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

const DOCUMENTS: usize = 1_000;
/// Finds in a round, each of another dossier.
const FINDS: usize = 20;

fn main() {
    let dossiers = setting("DOSSIERS", 1_000).max(FINDS);
    let folder = tempfile::tempdir().expect("a folder");
    let dmp_path = folder.path().join("dmp.db");
    let small_path = folder.path().join("small.db");
    let large_path = folder.path().join("large.db");
    let start = std::time::Instant::now();
    load(&dmp_path, &small_path, &large_path, dossiers);
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.len() / 1_000_000);
    println!(
        "{dossiers} dossiers of {DOCUMENTS} documents loaded in {:.0?}: {} MB ours, {} MB and {} MB the peers'\n",
        start.elapsed(),
        size(&dmp_path),
        size(&small_path),
        size(&large_path)
    );

    let (software, physician) = (software(), physician());
    let mut dmp = embedded(dmp_path.to_str().expect("a path"));
    let small = peer_file(&small_path, SMALL_PAGES, "");
    let large = peer_file(&large_path, LARGE_PAGES, "");
    // Apart, so that the lane that leaves no trace reads a file that nobody writes to.
    let traces = peer_file(&folder.path().join("traces.db"), SMALL_PAGES, PEER_TRACES);
    let all = Criteria {
        limit: Some(10_000),
        ..Criteria::default()
    };
    // Every lane goes through the dossiers in the same order, at its own pace, a prime apart so that
    // neighbours in the file do not help each other.
    let counters: [Cell<usize>; 4] = Default::default();
    let next = |lane: usize| {
        let n = counters[lane].get();
        counters[lane].set((n + 389) % dossiers);
        n
    };

    let first = dmp
        .find(&context(&software, &physician, &nth_patient(0)), &all)
        .expect("a page");
    let by_hand = select(&small, 1);
    assert_eq!(first.documents.len(), DOCUMENTS);
    assert_eq!(by_hand.len(), DOCUMENTS);
    for (ours, theirs) in first.documents.iter().zip(&by_hand) {
        assert_eq!(ours.unique_id.as_str(), theirs.unique_id);
        assert_eq!(ours.metadata.as_json(), theirs.metadata);
    }
    println!(
        "metadata of a document: {} bytes\n",
        by_hand[0].metadata.len()
    );

    race(
        "the list of a dossier of 1000 documents",
        rounds(25),
        &mut [
            Lane::new("dmpkit Dmp::find, its trace durable", FINDS as u32, || {
                for _ in 0..FINDS {
                    let patient = nth_patient(next(0));
                    let found = dmp.find(&context(&software, &physician, &patient), &all);
                    black_box(found.expect("a page"));
                }
            }),
            Lane::new("SQL by hand, leaving no trace", FINDS as u32, || {
                for _ in 0..FINDS {
                    black_box(select(&small, next(1) as i64 + 1));
                }
            }),
            Lane::new("the same, on pages as large as ours", FINDS as u32, || {
                for _ in 0..FINDS {
                    black_box(select(&large, next(2) as i64 + 1));
                }
            }),
            Lane::new("the same, with a trace as durable", FINDS as u32, || {
                for _ in 0..FINDS {
                    let dossier = next(3) as i64 + 1;
                    black_box(select(&large, dossier));
                    trace(&traces, dossier);
                }
            }),
        ],
    );
}

// ---- loading

/// Puts one document through the library, then copies its rows as many times as needed, changing what
/// identifies them: a million deposits one by one would take hours.
fn load(dmp_path: &Path, small_path: &Path, large_path: &Path, dossiers: usize) {
    let metadata = deposit_one(dmp_path);
    let mut dmp = Connection::open(dmp_path).expect("a file");
    let mut small = peer_file(small_path, SMALL_PAGES, PEER_TABLES);
    let mut large = peer_file(large_path, LARGE_PAGES, PEER_TABLES);
    for file in [&dmp, &small, &large] {
        // For the load alone: what is timed opens the files anew.
        file.execute_batch(
            "PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA cache_size = -1000000;
             PRAGMA foreign_keys = off;",
        )
        .expect("settings");
    }
    let dossier_row = Template::of(&dmp, "dossier");
    let grant_row = Template::of(&dmp, "grant_");
    let visitor_row = Template::of(&dmp, "visitor");
    let document_row = Template::of(&dmp, "document");
    dmp.execute_batch(
        "DELETE FROM dossier; DELETE FROM grant_; DELETE FROM visitor; DELETE FROM document;",
    )
    .expect("an empty DMP");
    for dossier in 0..dossiers {
        let (id, ins) = (dossier as i64 + 1, nth_patient(dossier));
        let ours = dmp.transaction().expect("a transaction");
        let smalls = small.transaction().expect("a transaction");
        let larges = large.transaction().expect("a transaction");
        dossier_row.insert(
            &ours,
            &[
                ("id", id.into()),
                ("matricule", ins.matricule().to_owned().into()),
            ],
        );
        grant_row.insert(&ours, &[("dossier", id.into())]);
        visitor_row.insert(&ours, &[("dossier", id.into())]);
        for n in 0..DOCUMENTS {
            // One act every other day, most recent first.
            let start = today().plus_days(-2 * (n as i64 + 1));
            let entry = EntryUuid::derived("bench", &format!("{id}.{n}")).to_string();
            let m = Metadata {
                unique_id: Oid::new(&format!("1.2.250.1.999.1.1.2026.{id}.{n}")).expect("an OID"),
                service_start_time: Dtm::of(start),
                service_stop_time: Some(Dtm::of(start.plus_seconds(1_500))),
                creation_time: Dtm::of(start.plus_seconds(2_000)),
                patient_id: ins.cx(),
                ..metadata.clone()
            };
            let changes = [
                ("dossier", Value::from(id)),
                ("service_start", start.millis().into()),
                ("unique_id", m.unique_id.as_str().to_owned().into()),
                ("entry_uuid", entry.clone().into()),
                ("logical_id", entry.into()),
                ("created", start.plus_seconds(2_000).millis().into()),
                (
                    "metadata",
                    RawMetadata::of(&m)
                        .expect("JSON")
                        .as_json()
                        .to_owned()
                        .into(),
                ),
            ];
            for file in [&ours, &smalls, &larges] {
                document_row.insert(file, &changes);
            }
        }
        for transaction in [ours, smalls, larges] {
            transaction.commit().expect("a commit");
        }
    }
    for file in [&dmp, &small, &large] {
        file.execute_batch("PRAGMA journal_mode = wal;")
            .expect("as it was");
    }
}

/// One dossier, one authorisation, one visit, one document, by the library's own hand.
fn deposit_one(path: &Path) -> Metadata {
    let (software, physician) = (software(), physician());
    let ins = patient();
    let context = context(&software, &physician, &ins);
    let mut dmp = embedded(path.to_str().expect("a path"));
    dmp.act(&open_dossier(ins), &[]).expect("a dossier");
    dmp.set_authorisation(&context, AuthorisationChange::Declare)
        .expect("an authorisation");
    let (_, metadata, _) = depositable(REPORT.as_bytes(), &Limits::default(), &Default::default()).expect("a document");
    let lot = SubmissionSet {
        entry_uuid: EntryUuid::derived("bench", "lot"),
        unique_id: Oid::new("1.2.250.1.999.1.2.1").expect("an OID"),
        source_id: software.oid.clone(),
        submission_time: Dtm::of(today()),
        patient_id: ins.cx(),
        author: physician.author(&Default::default()),
        content_type_code: Coded::new("07", "1.2.250.1.213.2.2", "Consultation"),
        title: None,
        comments: None,
        other_slots: Vec::new(),
        other_classifications: Vec::new(),
        other_identifiers: Vec::new(),
    };
    let deposit = Deposit {
        metadata: &metadata,
        visibility: Visibility::NORMAL,
        content: REPORT.as_bytes(),
        replaces: None,
    };
    let lot = Lot {
        submission: &lot,
        documents: vec![deposit],
    };
    dmp.submit(&context, &lot).expect("a deposit");
    dmp.find(&context, &Criteria::default()).expect("a visit");
    metadata
}

/// The one row of a table, to be copied with changes.
struct Template {
    columns: Vec<String>,
    values: Vec<Value>,
    insert: String,
}

impl Template {
    fn of(file: &Connection, table: &str) -> Template {
        let mut statement = file
            .prepare(&format!("SELECT * FROM {table}"))
            .expect("a table");
        let columns: Vec<String> = statement
            .column_names()
            .into_iter()
            .map(str::to_owned)
            .collect();
        let values = statement
            .query_row([], |row| (0..columns.len()).map(|i| row.get(i)).collect())
            .expect("one row");
        let insert = format!(
            "INSERT INTO {table} ({}) VALUES ({})",
            columns.join(", "),
            vec!["?"; columns.len()].join(", ")
        );
        Template {
            columns,
            values,
            insert,
        }
    }

    fn insert(&self, file: &Connection, changes: &[(&str, Value)]) {
        let values = self
            .columns
            .iter()
            .zip(&self.values)
            .map(|(column, value)| {
                let change = changes.iter().find(|(name, _)| name == column);
                change.map_or(value, |(_, changed)| changed)
            });
        file.prepare_cached(&self.insert)
            .and_then(|mut s| s.execute(params_from_iter(values)))
            .expect("a row");
    }
}

// ---- the peer

/// The same columns, on the key that answers the question, and nothing else.
const PEER_TABLES: &str = "
CREATE TABLE document (
    dossier INTEGER NOT NULL, service_start INTEGER NOT NULL, unique_id TEXT NOT NULL,
    entry_uuid TEXT NOT NULL, logical_id TEXT NOT NULL, version INTEGER NOT NULL,
    status INTEGER NOT NULL, visibility INTEGER NOT NULL, by_patient INTEGER NOT NULL,
    created INTEGER NOT NULL, deposited_at INTEGER NOT NULL, size INTEGER NOT NULL,
    hash TEXT NOT NULL, authors TEXT NOT NULL, structures TEXT NOT NULL,
    class_code TEXT NOT NULL, type_code TEXT NOT NULL, format_code TEXT NOT NULL,
    facility TEXT NOT NULL, setting TEXT NOT NULL, metadata TEXT NOT NULL,
    PRIMARY KEY (dossier, service_start DESC, unique_id)
) STRICT, WITHOUT ROWID;";

const PEER_TRACES: &str = "
CREATE TABLE trace (
    id INTEGER PRIMARY KEY, dossier INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL
) STRICT;";

/// A row as one would read it by hand.
#[expect(dead_code, reason = "read to be had")]
struct Document {
    service_start: i64,
    unique_id: String,
    entry_uuid: String,
    logical_id: String,
    version: i64,
    status: i64,
    visibility: i64,
    by_patient: bool,
    created: i64,
    deposited_at: i64,
    size: i64,
    hash: String,
    authors: String,
    structures: String,
    class_code: String,
    type_code: String,
    format_code: String,
    facility: String,
    setting: String,
    metadata: String,
}

fn select(file: &Connection, dossier: i64) -> Vec<Document> {
    let mut statement = file
        .prepare_cached(
            "SELECT service_start, unique_id, entry_uuid, logical_id, version, status, visibility,
                 by_patient, created, deposited_at, size, hash, authors, structures, class_code,
                 type_code, format_code, facility, setting, metadata
             FROM document WHERE dossier = ?1 ORDER BY service_start DESC, unique_id LIMIT 10000",
        )
        .expect("a statement");
    let rows = statement.query_map([dossier], |row: &Row<'_>| {
        Ok(Document {
            service_start: row.get(0)?,
            unique_id: row.get(1)?,
            entry_uuid: row.get(2)?,
            logical_id: row.get(3)?,
            version: row.get(4)?,
            status: row.get(5)?,
            visibility: row.get(6)?,
            by_patient: row.get(7)?,
            created: row.get(8)?,
            deposited_at: row.get(9)?,
            size: row.get(10)?,
            hash: row.get(11)?,
            authors: row.get(12)?,
            structures: row.get(13)?,
            class_code: row.get(14)?,
            type_code: row.get(15)?,
            format_code: row.get(16)?,
            facility: row.get(17)?,
            setting: row.get(18)?,
            metadata: row.get(19)?,
        })
    });
    rows.and_then(Iterator::collect).expect("rows")
}

fn trace(file: &Connection, dossier: i64) {
    file.prepare_cached("INSERT INTO trace (dossier, at, actor) VALUES (?1, ?2, ?3)")
        .and_then(|mut s| s.execute(params![dossier, today().millis(), "899900987654"]))
        .expect("a trace");
}
