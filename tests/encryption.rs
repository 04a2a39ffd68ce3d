//! Files encrypted at rest: what a disk tells, and what a wrong key is told.

#![cfg(feature = "encryption")]

#[path = "common/face.rs"]
mod face;
#[path = "common/vault.rs"]
mod vault;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use dmpkit::connector::{StoreKey, rekey};
use dmpkit::dmp::StatusChange;
use dmpkit::error::StorageError;
use dmpkit::{Config, ErrorKind};
use vault::{Work, config, folder, holds, image, open, raw, report, report_id, storage, text};

/// What only a person with the key may find on the disk: the patient, the doctor, the document.
const SECRETS: [&str; 9] = [
    "279035121518989",
    "TESSIER",
    "CAMILLE",
    "899900987654",
    "BASTIDE",
    "1.2.250.1.999.1.1.2026.9.",
    "ClinicalDocument",
    "CREATE TABLE",
    "SQLite format",
];

/// The secrets that files of a folder hold.
fn told(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for (path, bytes) in image(folder) {
        for secret in SECRETS {
            if holds(&bytes, secret) {
                let name = path.file_name().expect("a name").to_string_lossy();
                found.push(format!("{secret} in {name}"));
            }
        }
    }
    found
}

/// Does some of everything, and looks at the disk before closing, after closing, after deleting.
fn worked(config: &Config, key: Option<&StoreKey>, folder: &Path) -> Vec<String> {
    let work = Work::founded(config, key);
    for n in 0..20 {
        work.feed(n).expect("fed");
    }
    let mut found = told(folder);
    for n in 10..20 {
        work.access
            .change_status(&report_id(n), StatusChange::Delete)
            .expect("deleted");
    }
    found.extend(told(folder));
    work.close();
    found.extend(told(folder));
    found
}

#[test]
fn a_disk_tells_nothing_without_the_key_and_everything_where_there_is_none() {
    for key in [
        None,
        Some(raw(7)),
        StoreKey::passphrase("l'étoile du nord").ok(),
    ] {
        let folder = folder();
        let config = config(folder.path());
        let found = worked(&config, key.as_ref(), folder.path());
        if key.is_some() {
            assert_eq!(found, Vec::<String>::new());
        } else {
            for secret in SECRETS {
                assert!(found.iter().any(|f| f.starts_with(secret)), "{secret}");
            }
        }
        let again = Work::reopened(&config, key.as_ref());
        again.holds(10);
        again.close();
    }
}

#[test]
fn a_deleted_document_leaves_nothing_in_a_file_without_a_key_either() {
    let folder = folder();
    let config = config(folder.path());
    let work = Work::founded(&config, None);
    work.feed(0).expect("fed");
    let marked = String::from_utf8(report(1)).expect("UTF-8");
    let marked = marked.replace("</title>", " MARQUE-UNIQUE</title>");
    work.access
        .feed(marked.as_bytes(), &Default::default())
        .expect("fed");
    work.access
        .change_status(&report_id(1), StatusChange::Delete)
        .expect("deleted");
    work.close();
    let dmp = std::fs::read(folder.path().join("dmp.db")).expect("the file");
    let deleted_for_good = !holds(&dmp, "MARQUE-UNIQUE");
    // The DMP keeps a deleted document's bytes or not: what SQLite freed is zeros either way.
    let connection = rusqlite::Connection::open(folder.path().join("dmp.db")).expect("opened");
    let kept: i64 = connection
        .query_row(
            "SELECT count(*) FROM content WHERE instr(bytes, CAST('MARQUE-UNIQUE' AS BLOB)) > 0",
            [],
            |row| row.get(0),
        )
        .expect("counted");
    assert_eq!(deleted_for_good, kept == 0);
}

#[test]
fn several_connectors_and_changes_of_hands_work_on_the_same_encrypted_files() {
    let folder = folder();
    let config = config(folder.path());
    let key = raw(1);
    let one = Work::founded(&config, Some(&key));
    let two = Work::reopened(&config, Some(&key));
    std::thread::scope(|scope| {
        scope.spawn(|| (0..10).for_each(|n| one.feed(n).expect("fed")));
        scope.spawn(|| (10..20).for_each(|n| two.feed(n).expect("fed")));
    });
    one.holds(20);
    two.holds(20);
    one.close();
    two.close();
}

/// Why files are not opened.
fn refusal(config: &Config, key: Option<&StoreKey>) -> dmpkit::Error {
    open(config, key).map(|_| ()).expect_err("refused")
}

#[test]
fn a_wrong_key_and_a_foreign_file_are_one_answer_and_leave_the_file_as_it_was() {
    let folder = folder();
    let config = config(folder.path());
    let (right, phrase) = (raw(7), StoreKey::passphrase("une phrase").expect("a key"));
    let mut lines = Vec::new();
    for (under, given) in [
        (Some(&right), None),
        (Some(&right), Some(raw(8))),
        (Some(&right), Some(phrase.clone())),
        (Some(&phrase), StoreKey::passphrase("une autre").ok()),
        (None, Some(right.clone())),
        (None, Some(phrase.clone())),
    ] {
        for entry in image(folder.path()) {
            std::fs::remove_file(entry.0).expect("removed");
        }
        let work = Work::founded(&config, under);
        work.feed(0).expect("fed");
        // Once closed, and once as a crash leaves it: the log not yet in the file.
        let open_image = image(folder.path());
        work.close();
        let closed_image = image(folder.path());
        for files in [closed_image, open_image] {
            for (path, _) in image(folder.path()) {
                std::fs::remove_file(path).expect("removed");
            }
            for (path, bytes) in &files {
                std::fs::write(path, bytes).expect("written");
            }
            let refused = refusal(&config, given.as_ref());
            assert_eq!(
                refused.kind(),
                &ErrorKind::Storage(StorageError::NotOurs),
                "{under:?} {given:?}"
            );
            lines.push(refused.to_string());
            for (path, bytes) in &files {
                // The index of the log holds no content: SQLite makes it anew.
                if !text(path).ends_with("-shm") {
                    assert!(
                        &std::fs::read(path).expect("the file") == bytes,
                        "{} was touched",
                        path.display()
                    );
                }
            }
            let work = Work::reopened(&config, under);
            work.holds(1);
            work.close();
        }
    }
    let other = folder.path().join("other.db");
    let file = rusqlite::Connection::open(&other).expect("a file");
    file.execute_batch("CREATE TABLE t (x)").expect("a table");
    drop(file);
    let letter = folder.path().join("letter.txt");
    std::fs::write(&letter, "Ceci est une lettre.").expect("written");
    let zeros = folder.path().join("zeros");
    std::fs::write(&zeros, vec![0; 8192]).expect("written");
    for path in [&other, &letter, &zeros] {
        let before = std::fs::read(path).expect("the file");
        for given in [None, Some(raw(7)), Some(phrase.clone())] {
            let mut foreign = config.clone();
            foreign.register = text(path);
            let refused = refusal(&foreign, given.as_ref());
            lines.push(refused.to_string());
            assert!(std::fs::read(path).expect("the file") == before);
        }
    }
    lines.dedup();
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[test]
fn the_key_changes_from_any_to_any_and_the_old_one_opens_nothing_more() {
    let keys = [
        raw(1),
        StoreKey::passphrase("une phrase").expect("a key"),
        raw(2),
    ];
    let folder = folder();
    let config = config(folder.path());
    let work = Work::founded(&config, None);
    (0..20).for_each(|n| work.feed(n).expect("fed"));
    work.close();
    let mut old: Option<StoreKey> = None;
    for new in keys {
        let answer = rekey(&config, old.as_ref(), &new).expect("changed");
        let said = serde_json::to_value(answer).expect("JSON");
        assert_eq!(
            said,
            serde_json::json!({"register": "changed", "dmp": "changed"})
        );
        assert_eq!(storage(open(&config, old.as_ref())), StorageError::NotOurs);
        assert_eq!(told(folder.path()), Vec::<String>::new());
        let left: Vec<_> = image(folder.path()).into_iter().map(|(p, _)| p).collect();
        assert_eq!(left.len(), 2, "{left:?}");
        let work = Work::reopened(&config, Some(&new));
        work.holds(20);
        work.close();
        // Once more it is done; with the old key still named, as a host would after a crash.
        let again = rekey(&config, old.as_ref(), &new).expect("done");
        assert_eq!(
            serde_json::to_value(again).expect("JSON"),
            serde_json::json!({"register": "already", "dmp": "already"})
        );
        old = Some(new);
    }
}

#[test]
fn a_key_is_not_changed_under_a_connector_nor_without_the_old_one() {
    let folder = folder();
    let config = config(folder.path());
    for (old, new) in [(None, raw(1)), (Some(raw(1)), raw(2))] {
        let work = match &old {
            None => Work::founded(&config, None),
            Some(old) => Work::reopened(&config, Some(old)),
        };
        let refused = rekey(&config, old.as_ref(), &new);
        assert_eq!(storage(refused), StorageError::Busy);
        work.feed(if old.is_some() { 1 } else { 0 }).expect("fed");
        work.close();
        let wrong = rekey(&config, Some(&raw(9)), &new);
        assert_eq!(storage(wrong), StorageError::NotOurs);
        let left = image(folder.path());
        assert_eq!(left.len(), 2, "{left:?}");
        rekey(&config, old.as_ref(), &new).expect("changed");
    }
    let work = Work::reopened(&config, Some(&raw(2)));
    work.holds(2);
    let journal_mode: String = {
        let file = rusqlite::Connection::open(folder.path().join("register.db")).expect("a file");
        file.execute_batch(&format!("PRAGMA key = \"x'{}'\"", "02".repeat(32)))
            .expect("keyed");
        file.pragma_query_value(None, "journal_mode", |row| row.get(0))
            .expect("a mode")
    };
    assert_eq!(journal_mode, "wal", "back to the log after a change of key");
    work.close();
    let mut missing = config.clone();
    missing.register = text(&folder.path().join("none.db"));
    assert_eq!(
        storage(rekey(&missing, None, &raw(1))),
        StorageError::CannotOpen
    );
    assert!(!folder.path().join("none.db").exists());
}

/// Whether a key opens the register, beside a DMP of its own.
fn opens_register(config: &Config, key: Option<&StoreKey>) -> bool {
    let elsewhere = folder();
    let mut config = config.clone();
    config.dmp = vault::config(elsewhere.path()).dmp;
    open(&config, key).is_ok()
}

/// What a crash may leave at each step of the encryption of a file: both keys are tried, one opens, and the
/// same call ends it.
#[test]
fn an_encryption_interrupted_at_any_step_is_finished_by_the_same_call() {
    let made = folder();
    let whole = config(made.path());
    let work = Work::founded(&whole, None);
    (0..5).for_each(|n| work.feed(n).expect("fed"));
    work.close();
    let register = made.path().join("register.db");
    let plain = std::fs::read(&register).expect("the file");
    let key = raw(3);
    rekey(&whole, None, &key).expect("changed");
    let keyed = std::fs::read(&register).expect("the file");
    let name = |ending: &str| made.path().join(format!("register.db{ending}"));
    type Step<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let steps: Vec<Step<'_>> = vec![
        ("the copy half written", {
            Box::new(|| {
                std::fs::write(name(""), &plain).expect("written");
                std::fs::write(name(".rekey"), &keyed[..keyed.len() / 2]).expect("written");
                std::fs::write(name(".rekey-journal"), b"half").expect("written");
            })
        }),
        ("the copy whole, the log named twice", {
            Box::new(|| {
                std::fs::write(name(""), &plain).expect("written");
                std::fs::write(name("-wal"), b"").expect("written");
                std::fs::hard_link(name("-wal"), name("-wal.clear")).expect("linked");
                std::fs::write(name(".rekey"), &keyed).expect("written");
            })
        }),
        ("the file named twice, before the copy takes its place", {
            Box::new(|| {
                std::fs::write(name(""), &plain).expect("written");
                std::fs::hard_link(name(""), name(".clear")).expect("linked");
                std::fs::write(name(".rekey"), &keyed).expect("written");
            })
        }),
        ("the copy in its place, the old bytes there", {
            Box::new(|| {
                std::fs::write(name(""), &keyed).expect("written");
                std::fs::write(name(".clear"), &plain).expect("written");
                std::fs::write(name("-wal.clear"), &plain).expect("written");
            })
        }),
        ("the old bytes half overwritten", {
            Box::new(|| {
                std::fs::write(name(""), &keyed).expect("written");
                let mut half = plain.clone();
                half[..plain.len() / 2].fill(0);
                std::fs::write(name(".clear"), half).expect("written");
            })
        }),
    ];
    for (step, crash) in steps {
        for (path, _) in image(made.path()) {
            if path.to_string_lossy().contains("register.db") {
                std::fs::remove_file(path).expect("removed");
            }
        }
        crash();
        // A copy of what the crash left: looking must not help.
        let look = folder();
        for (path, bytes) in image(made.path()) {
            let name = path.file_name().expect("a name");
            std::fs::write(look.path().join(name), bytes).expect("written");
        }
        let left = config(look.path());
        let opened = [None, Some(&key)]
            .into_iter()
            .filter(|key| opens_register(&left, *key))
            .count();
        assert_eq!(opened, 1, "{step}");
        rekey(&whole, None, &key).unwrap_or_else(|e| panic!("{step}: {e}"));
        assert_eq!(told(made.path()), Vec::<String>::new(), "{step}");
        let left: Vec<_> = image(made.path()).into_iter().map(|(p, _)| p).collect();
        assert_eq!(left.len(), 2, "{step}: {left:?}");
        let work = Work::reopened(&whole, Some(&key));
        work.holds(5);
        work.close();
    }
}

#[test]
fn through_the_c_face_a_wrong_key_a_missing_key_and_a_foreign_file_are_the_same_bytes() {
    let folder = folder();
    let config = config(folder.path());
    // The key of the table is another.
    Work::founded(&config, Some(&raw(7))).close();
    let letter = folder.path().join("letter.txt");
    std::fs::write(&letter, "Ceci est une lettre.").expect("written");
    let mut foreign = config.clone();
    foreign.register = text(&letter);
    let answers: Vec<_> = [&config, &foreign]
        .into_iter()
        .flat_map(|config| {
            let record = serde_json::to_string(config).expect("JSON");
            ["dmp_connector_open", "dmp_connector_open_keyed"]
                .map(|name| face::call(name, 0, Some(&record), None))
        })
        .map(|reply| (reply.name(), reply.handle, reply.error))
        .collect();
    assert_eq!(answers[0].0, "DMP_NOT_OURS");
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    let record = serde_json::to_string(&vault::config(vault::folder().path())).expect("JSON");
    let opened = face::call("dmp_connector_open_keyed", 0, Some(&record), None);
    // A folder that is gone: the key itself is a good one.
    assert_eq!(opened.name(), "DMP_CANNOT_OPEN", "{:?}", opened.error);
}

#[test]
fn a_damaged_page_under_a_key_is_told_as_damage_by_every_call_after_it() {
    let folder = folder();
    let config = config(folder.path());
    let key = raw(7);
    let work = Work::founded(&config, Some(&key));
    (0..40).for_each(|n| {
        work.consent(n);
    });
    work.close();
    let good = std::fs::read(&config.register).expect("the file");
    let mut told = 0;
    for page in 1..good.len() / 4096 {
        let mut damaged = good.clone();
        damaged[page * 4096 + 100] ^= 1;
        std::fs::write(&config.register, damaged).expect("written");
        let mut kinds = Vec::new();
        match open(&config, Some(&key)) {
            Err(error) => kinds.push(error.kind().clone()),
            Ok(connector) => {
                let mut note = |result: dmpkit::Result<()>| {
                    kinds.extend(result.err().map(|e| e.kind().clone()));
                };
                note(connector.journal(&Default::default()).map(|_| ()));
                note(connector.verify_journal().map(|_| ()));
                note(connector.emergencies(false).map(|_| ()));
                match connector.session(vault::doctor()) {
                    Err(error) => note(Err(error)),
                    Ok(session) => {
                        note(session.consents(&vault::record(vault::ins())).map(|_| ()));
                        note(vault::try_consent(&session).map(|_| ()));
                    }
                }
                connector.close().expect("closed");
            }
        }
        for kind in &kinds {
            assert_eq!(
                *kind,
                ErrorKind::Storage(StorageError::Corrupt),
                "page {page}: {kinds:?}"
            );
        }
        told += usize::from(!kinds.is_empty());
    }
    assert!(told > 5, "told {told} times only");
}

/// Environment variables that tell a process of this program what to do, and where.
const WORK_IN: &str = "DMPKIT_TEST_WORK_IN";

/// A process of this program that runs one of its tests.
fn process(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args([test, "--exact", "--ignored", "--nocapture"])
        .env(WORK_IN, folder);
    command
}

fn told_folder() -> std::path::PathBuf {
    std::env::var_os(WORK_IN).expect("where to work").into()
}

#[test]
#[ignore = "run by the next test, in a process of its own"]
fn opens_with_wrong_keys() {
    let config = config(&told_folder());
    for key in [None, Some(raw(1)), StoreKey::passphrase("rien").ok()] {
        assert_eq!(storage(open(&config, key.as_ref())), StorageError::NotOurs);
    }
    open(&config, Some(&raw(7)))
        .expect("opened")
        .close()
        .expect("closed");
}

#[test]
fn nothing_is_written_on_the_hosts_own_outputs() {
    let folder = folder();
    Work::founded(&config(folder.path()), Some(&raw(7))).close();
    let output = process("opens_with_wrong_keys", folder.path())
        .output()
        .expect("run");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// Whether the raw key of equal bytes opens a file, as SQLCipher itself says.
fn decrypts(path: &Path, byte: u8) -> bool {
    let hex = format!("{byte:02x}").repeat(32);
    let size = if path.ends_with("dmp.db") {
        16384
    } else {
        4096
    };
    let file = rusqlite::Connection::open(path).expect("a file");
    file.execute_batch(&format!(
        "PRAGMA key = \"x'{hex}'\"; PRAGMA cipher_page_size = {size};"
    ))
    .expect("keyed");
    file.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
        row.get::<_, i64>(0)
    })
    .is_ok()
}

#[test]
#[ignore = "run by the next test, in a process of its own that is killed"]
fn changes_the_key_for_ever() {
    let config = config(&told_folder());
    let phrase = StoreKey::raw([1; 32]);
    for n in 0_u8.. {
        let (old, new) = match n % 2 {
            0 => (&phrase, raw(2)),
            _ => (&raw(2), phrase.clone()),
        };
        rekey(&config, Some(old), &new).expect("changed");
    }
}

#[test]
fn killed_while_the_key_changes_one_of_the_two_opens_each_file_and_the_same_call_ends_it() {
    let folder = folder();
    let config = config(folder.path());
    let work = Work::founded(&config, Some(&raw(1)));
    (0..20).for_each(|n| work.feed(n).expect("fed"));
    work.close();
    for round in 0..12_u64 {
        rekey(&config, Some(&raw(2)), &raw(1)).expect("as it was");
        let mut child = process("changes_the_key_for_ever", folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("run");
        std::thread::sleep(Duration::from_millis(60 + round * 17));
        child.kill().expect("killed");
        child.wait().expect("gone");
        for file in ["register.db", "dmp.db"] {
            // Each by itself: one may be under the old key, the other under the new one.
            let path = folder.path().join(file);
            let opened = [1, 2].iter().filter(|key| decrypts(&path, **key)).count();
            assert_eq!(opened, 1, "round {round}: {file}");
        }
        let new = if round % 2 == 0 {
            (raw(1), raw(2))
        } else {
            (raw(2), raw(1))
        };
        rekey(&config, Some(&new.0), &new.1).expect("ended");
        let work = Work::reopened(&config, Some(&new.1));
        work.holds(20);
        work.close();
    }
}
