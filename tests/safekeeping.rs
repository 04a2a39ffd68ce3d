//! Backups taken while others write, restored without deleting anything; what a check tells; what is saved of
//! a damaged register.

#[path = "common/vault.rs"]
mod vault;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use dmpkit::connector::{Config, StoreKey, restore, salvage};
use dmpkit::error::StorageError;
use dmpkit::rules::consent::ConsentRecord;
use dmpkit::{Connector, ErrorKind};
use serde_json::{Value, json};
use vault::{Work, config, folder, image, open, raw, storage, text};

/// Without a key, and with one where the build has encryption.
fn keys() -> Vec<Option<StoreKey>> {
    let mut keys = vec![None];
    if cfg!(feature = "encryption") {
        keys.push(Some(raw(5)));
    }
    keys
}

fn backup(connector: &Connector, path: &Path) -> Value {
    let answer = connector
        .backup(&text(path), &mut |_| {})
        .expect("a backup");
    serde_json::to_value(answer).expect("JSON")
}

/// The configuration with a backup as its register, beside a DMP of its own.
fn on_backup(path: &Path) -> Config {
    let mut config = config(path.parent().expect("a folder"));
    config.register = text(path);
    let elsewhere = path.with_extension("dmp");
    config.dmp = serde_json::from_value(json!({"embedded": {"path": elsewhere}})).expect("a DMP");
    config
}

#[test]
fn a_backup_taken_while_two_threads_write_is_one_instant_of_the_register() {
    for key in keys() {
        let folder = folder();
        let config = config(folder.path());
        let one = Work::founded(&config, key.as_ref());
        let two = Work::reopened(&config, key.as_ref());
        let over = AtomicBool::new(false);
        let mut made: Vec<(PathBuf, Value, i64)> = Vec::new();
        std::thread::scope(|scope| {
            for (who, first) in [(&one, 0), (&two, 10_000)] {
                let over = &over;
                scope.spawn(move || {
                    let mut n = first;
                    while !over.load(Ordering::Relaxed) {
                        who.consent(n);
                        n += 1;
                    }
                });
            }
            let mut steps = 0;
            for n in 0..5 {
                let before = two.connector.verify_journal().expect("verified").entries;
                let path = folder.path().join(format!("backup-{n}.db"));
                let answer = one
                    .connector
                    .backup(&text(&path), &mut |at| {
                        assert!(at.done <= at.total);
                        steps += 1;
                    })
                    .expect("a backup");
                made.push((path, serde_json::to_value(answer).expect("JSON"), before));
            }
            assert!(steps >= 5);
            over.store(true, Ordering::Relaxed);
        });
        let whole = one
            .connector
            .journal(&Default::default())
            .expect("a journal");
        for (path, answer, before) in &made {
            let entries = answer["journal"]["entries"].as_i64().expect("a count");
            assert!(entries >= *before, "what was acknowledged before is in it");
            let last = &whole.entries[usize::try_from(entries - 1).expect("an index")];
            assert_eq!(answer["journal"]["head"], json!(last.hash));
            let kept = open(&on_backup(path), key.as_ref()).expect("a register");
            let check = kept.check_register().expect("checked");
            assert_eq!(serde_json::to_value(check.verdict).expect("JSON"), "intact");
            // A consent and its entry are one: as many of each.
            let told = kept
                .journal(&Default::default())
                .expect("a journal")
                .entries;
            let told = told.iter().filter(|e| e.action == "consent.record");
            let rows = check.tables.iter().find(|t| t.table == "consent");
            assert_eq!(rows.expect("a table").rows, Some(told.count() as i64));
            kept.close().expect("closed");
        }
        one.close();
        two.close();
    }
}

#[test]
fn a_backup_overwrites_nothing_leaves_nothing_half_made_and_may_not_be_called_back_into() {
    let folder = folder();
    let work = Work::founded(&config(folder.path()), None);
    let taken = folder.path().join("taken.db");
    std::fs::write(&taken, "à garder").expect("written");
    let refused = work.connector.backup(&text(&taken), &mut |_| {});
    assert_eq!(storage(refused), StorageError::Exists);
    assert_eq!(std::fs::read_to_string(&taken).expect("there"), "à garder");
    let nowhere = folder.path().join("no/such/folder/b.db");
    let refused = work.connector.backup(&text(&nowhere), &mut |_| {});
    assert_eq!(storage(refused), StorageError::CannotOpen);
    for bad in ["", ":memory:", "file:x"] {
        assert_eq!(
            storage(work.connector.backup(bad, &mut |_| {})),
            StorageError::Path
        );
    }
    // What a crash left of an earlier one is not in the way.
    let path = folder.path().join("b.db");
    std::fs::write(folder.path().join("b.db.partial"), "half").expect("written");
    let mut called_back = Vec::new();
    work.connector
        .backup(&text(&path), &mut |_| {
            called_back.push(work.connector.verify_journal().map(|_| ()));
        })
        .expect("a backup");
    assert!(!called_back.is_empty());
    for answer in called_back {
        let error = answer.expect_err("refused");
        assert!(matches!(error.kind(), ErrorKind::Caller { .. }), "{error}");
    }
    let names: Vec<String> = image(folder.path())
        .into_iter()
        .map(|(p, _)| {
            p.file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .filter(|n| n.starts_with("b."))
        .collect();
    assert_eq!(names, ["b.db"], "one file, without companions");
    work.close();
}

#[test]
fn a_restore_never_deletes_and_never_overwrites() {
    for key in keys() {
        let key = key.as_ref();
        let folder = folder();
        let config = config(folder.path());
        let work = Work::founded(&config, key);
        work.feed(0).expect("fed");
        let kept = folder.path().join("kept.db");
        let answer = backup(&work.connector, &kept);
        let kept_bytes = std::fs::read(&kept).expect("the backup");
        work.feed(1).expect("fed");
        // In use.
        let refused = restore(&config, &text(&kept), key, true);
        assert_eq!(storage(refused), StorageError::Busy);
        work.close();
        // There, and not to be replaced.
        let refused = restore(&config, &text(&kept), key, false);
        assert_eq!(storage(refused), StorageError::Exists);
        // Not a backup under this key, or damaged: the register stays.
        let register = std::fs::read(&config.register).expect("the register");
        let bad = folder.path().join("bad.db");
        let mut damaged = kept_bytes.clone();
        damaged[8192..8192 + 2048].fill(0x55);
        let other = raw(6);
        let wrong = cfg!(feature = "encryption").then_some(&other);
        for (bytes, under, expected) in [
            (&damaged[..], key, StorageError::Corrupt),
            (b"Ceci est une lettre.", key, StorageError::NotOurs),
            (b"", key, StorageError::NotOurs),
            (&kept_bytes, wrong, StorageError::NotOurs),
        ] {
            if expected == StorageError::NotOurs && bytes == kept_bytes && wrong.is_none() {
                continue;
            }
            std::fs::write(&bad, bytes).expect("written");
            let refused = restore(&config, &text(&bad), under, true);
            assert_eq!(storage(refused), expected);
            assert!(std::fs::read(&config.register).expect("there") == register);
            assert!(std::fs::read(&bad).expect("there") == bytes);
        }
        std::fs::remove_file(&bad).expect("removed");
        let missing = text(&folder.path().join("missing.db"));
        let refused = restore(&config, &missing, key, true);
        assert_eq!(storage(refused), StorageError::CannotOpen);
        let itself = restore(&config, &config.register, key, true).expect_err("refused");
        assert!(matches!(itself.kind(), ErrorKind::Caller { .. }));
        // Replaced: the other is set aside, whole.
        let put = restore(&config, &text(&kept), key, true).expect("restored");
        let put = serde_json::to_value(put).expect("JSON");
        assert_eq!(put["journal"], answer["journal"]);
        let aside = put["setAside"].as_str().expect("a name").to_owned();
        assert!(
            std::fs::read(&kept).expect("there") == kept_bytes,
            "only read"
        );
        let work = Work::reopened(&config, key);
        work.holds(1);
        // The DMP has it, and the register of before does not know: it is not deposited twice.
        let again = work.feed(1);
        let twice = again.as_ref().err().and_then(|e| e.dmp_code());
        assert!(
            matches!(twice, None | Some("XDSDuplicateUniqueIdInRegistry")),
            "{again:?}"
        );
        work.holds(2);
        work.feed(2).expect("fed");
        work.holds(3);
        work.close();
        let old = open(&on_backup(Path::new(&aside)), key).expect("the one set aside");
        assert!(old.verify_journal().expect("verified").intact);
        old.close().expect("closed");
        // Where there is none, there is nothing to set aside, nor to agree to.
        std::fs::remove_file(&config.register).expect("removed");
        let put = restore(&config, &text(&kept), key, false).expect("restored");
        assert_eq!(put.set_aside, None);
        let left: BTreeSet<String> = image(folder.path())
            .into_iter()
            .map(|(p, _)| text(&p))
            .filter(|p| p.contains(".restoring") || p.ends_with("-wal") || p.ends_with("-journal"))
            .collect();
        assert_eq!(left, BTreeSet::new());
    }
}

/// Another patient, registered, with a dossier.
fn stranger(work: &Work, matricule: &str) -> Value {
    let ins = json!({"matricule": matricule, "oid": "1.2.250.1.213.1.4.10"});
    let sex = if matricule.starts_with('1') { "M" } else { "F" };
    let birth = format!("19{}15", &matricule[1..5]);
    let traits =
        json!({"birthName": "BLANC", "givenNames": ["DOMINIQUE"], "birthDate": birth, "sex": sex});
    let dossier = json!({"action": "open_dossier", "patient": ins, "traits": traits});
    work.connector
        .holder_act(&vault::record(dossier), &[])
        .expect("a dossier");
    let known = json!({"patient": ins, "status": "qualifiee", "traits": traits});
    work.session
        .register_patient(&vault::record(known))
        .expect("registered");
    ins
}

fn agreed(work: &Work, patient: &Value, consent: Value) -> i64 {
    let mut consent = consent;
    (consent["means"], consent["wording"]) = (json!("oral"), json!("affiche"));
    if consent["kind"] == "feeding_opposition" {
        consent["reason"] = json!("contentieux");
    }
    let request = json!({"patient": patient, "consent": consent});
    work.session
        .record_consent(&vault::record(request))
        .expect("recorded")
}

/// What stands of each patient's consents: kind, withdrawn, spent.
fn standing(work: &Work, patient: &Value) -> Vec<(String, bool, bool)> {
    let records = work
        .session
        .consents(&vault::record(patient.clone()))
        .expect("a list");
    let of = |r: &ConsentRecord| {
        let kind = serde_json::to_value(r.kind).expect("JSON");
        let kind = kind.as_str().expect("a kind").to_owned();
        (kind, r.revoked_at.is_some(), r.used_at.is_some())
    };
    records.iter().map(of).collect()
}

#[test]
fn a_restore_makes_no_opposition_unsaid() {
    for key in keys() {
        let key = key.as_ref();
        let folder = folder();
        let config = config(folder.path());
        let work = Work::founded(&config, key);
        let agreed_before = agreed(&work, &vault::ins(), json!({"kind": "explicit"}));
        let once = stranger(&work, "207058575627097");
        agreed(&work, &once, json!({"kind": "single_consultation"}));
        let kept = folder.path().join("kept.db");
        backup(&work.connector, &kept);
        // Since then: spent; withdrawn, opposed, agreed; opposed and changed his mind; someone new opposes, someone new agrees.
        let withdrawal = json!({"patient": vault::ins(), "id": agreed_before});
        work.session
            .revoke_consent(&vault::record(withdrawal))
            .expect("withdrawn");
        let document = dmpkit::document::Oid::new("1.2.250.1.999.7.1").expect("an OID");
        agreed(
            &work,
            &vault::ins(),
            json!({"kind": "feeding_opposition", "document": document}),
        );
        agreed(&work, &vault::ins(), json!({"kind": "explicit"}));
        let unsaid = agreed(
            &work,
            &vault::ins(),
            json!({"kind": "consultation_opposition"}),
        );
        let unsaid = json!({"patient": vault::ins(), "id": unsaid});
        work.session
            .revoke_consent(&vault::record(unsaid))
            .expect("withdrawn");
        let consultation = work
            .session
            .access(&vault::record(json!({"patient": once})));
        consultation.expect("an access").close().expect("closed");
        assert!(standing(&work, &once)[0].2, "spent");
        let stranger = stranger(&work, "153078987658513");
        agreed(&work, &stranger, json!({"kind": "consultation_opposition"}));
        agreed(&work, &stranger, json!({"kind": "care_team"}));
        let before = standing(&work, &vault::ins());
        work.close();

        let put = restore(&config, &text(&kept), key, true).expect("restored");
        let put = serde_json::to_value(put).expect("JSON");
        assert_eq!(
            put["carriedOver"],
            json!({"oppositions": 2, "withdrawals": 2})
        );
        assert_eq!(put["journal"]["intact"], true);
        let work = Work::reopened(&config, key);
        let after = standing(&work, &vault::ins());
        let in_both: Vec<_> = before.iter().take(2).cloned().collect();
        assert_eq!(after[..2], in_both[..], "withdrawn again");
        assert_eq!(
            after[2..],
            [("feeding_opposition".to_owned(), false, false)]
        );
        let opposed = [("consultation_opposition".to_owned(), false, false)];
        assert_eq!(standing(&work, &stranger), opposed);
        assert!(standing(&work, &once)[0].2, "spent once more");
        // Journalled, under those who had recorded it.
        let journal = work.connector.journal(&Default::default()).expect("read");
        let journal = serde_json::to_value(journal).expect("JSON");
        let entries = journal["entries"].as_array().expect("entries");
        let carried = entries.iter().filter(|e| {
            let detail = e["detail"].as_str().unwrap_or_default();
            detail.starts_with("restore") && e["actor"] == "899900987654" && e["structure"] != ""
        });
        let mut carried: Vec<&str> = carried.filter_map(|e| e["action"].as_str()).collect();
        carried.sort_unstable();
        let record = "consent.record";
        let actions = [
            "access.open",
            record,
            record,
            "consent.revoke",
            "patient.register",
        ];
        assert_eq!(carried, actions);
        work.holds(0);
        work.close();
        // Again, from the register that has it all: nothing is there twice.
        let again = restore(&config, &text(&kept), key, true).expect("restored");
        let again = serde_json::to_value(again).expect("JSON");
        assert_eq!(again["carriedOver"], put["carriedOver"]);
    }
}

#[test]
fn nothing_is_carried_over_from_a_register_that_the_backup_does_not_come_from() {
    let folder = folder();
    let config = config(folder.path());
    let work = Work::founded(&config, None);
    let kept = folder.path().join("kept.db");
    backup(&work.connector, &kept);
    work.close();
    std::fs::remove_file(&config.register).expect("removed");
    // Another practice's, in its place.
    let mut elsewhere = on_backup(&folder.path().join("other.db"));
    elsewhere.clock = Some(vault::record(json!("2026-01-12T09:00:01Z")));
    let other = Work::founded(&elsewhere, None);
    let stranger = stranger(&other, "153078987658513");
    agreed(
        &other,
        &stranger,
        json!({"kind": "consultation_opposition"}),
    );
    other.close();
    std::fs::rename(folder.path().join("other.db"), &config.register).expect("moved");
    let put = restore(&config, &text(&kept), None, true).expect("restored");
    assert_eq!(put.carried_over, None);
    let work = Work::reopened(&config, None);
    let known = work.session.patient(&vault::record(stranger));
    assert!(known.expect("asked").is_none());
    work.close();
}

#[test]
fn a_damaged_register_is_set_aside_with_its_log() {
    let folder = folder();
    let config = config(folder.path());
    let work = Work::founded(&config, None);
    let kept = folder.path().join("kept.db");
    backup(&work.connector, &kept);
    work.close();
    // Damaged from its first byte, beside what may have been its log: kept, and not replayed into the backup.
    let mut bytes = std::fs::read(&config.register).expect("the register");
    bytes[..4096].fill(0x55);
    let log = vec![0x37; 5000];
    std::fs::write(&config.register, &bytes).expect("written");
    std::fs::write(format!("{}-wal", config.register), &log).expect("written");
    let put = restore(&config, &text(&kept), None, true).expect("restored");
    let aside = put.set_aside.expect("a name");
    assert!(std::fs::read(&aside).expect("set aside") == bytes);
    assert!(std::fs::read(format!("{aside}-wal")).expect("its log") == log);
    let work = Work::reopened(&config, None);
    work.feed(0).expect("fed");
    work.holds(1);
    work.close();
}

#[test]
fn a_check_tells_an_intact_register_from_a_damaged_one_and_from_a_journal_that_was_rewritten() {
    for key in keys() {
        let folder = folder();
        let config = config(folder.path());
        let work = Work::founded(&config, key.as_ref());
        (0..40).for_each(|n| {
            work.consent(n);
        });
        let check = serde_json::to_value(work.connector.check_register().expect("checked"));
        let check = check.expect("JSON");
        assert_eq!(check["verdict"], "intact", "{check}");
        assert_eq!(check["problems"], 0);
        assert_eq!(check["encrypted"], key.is_some());
        assert_eq!(check["pagesNotAuthentic"], json!(key.as_ref().map(|_| 0)));
        let rows = check["tables"].as_array().expect("tables");
        assert!(
            rows.contains(&json!({"table": "patient", "rows": 1})),
            "{check}"
        );
        assert!(!check.to_string().contains("279035121518989"));
        work.close();
        let good = std::fs::read(&config.register).expect("the file");
        let mut damaged = good.clone();
        // A page in the middle of the file, beneath a connector at work.
        let middle = good.len() / 4096 / 2 * 4096;
        damaged[middle..middle + 4096].fill(0x55);
        std::fs::write(&config.register, damaged).expect("written");
        let connector = open(&config, key.as_ref()).expect("opened");
        let check = serde_json::to_value(connector.check_register().expect("checked"));
        let check = check.expect("JSON");
        assert_eq!(check["verdict"], "damaged", "{check}");
        assert!(
            check["remedy"]
                .as_str()
                .expect("a sentence")
                .contains("sauvegarde")
        );
        if key.is_some() {
            assert_eq!(check["pagesNotAuthentic"], 1, "{check}");
        }
        let refused = connector.backup(&text(&folder.path().join("b.db")), &mut |_| {});
        assert_eq!(storage(refused), StorageError::Corrupt);
        assert!(
            !folder.path().join("b.db").exists() && !folder.path().join("b.db.partial").exists()
        );
        connector.close().expect("closed");
        std::fs::write(&config.register, good).expect("written");
        if key.is_none() {
            let file = rusqlite::Connection::open(&config.register).expect("the register");
            file.execute_batch(
                "DROP TRIGGER journal_is_not_updated; UPDATE journal SET actor = 'x' WHERE number = 3;",
            )
            .expect("changed");
            drop(file);
            let connector = open(&config, None).expect("opened");
            let check = serde_json::to_value(connector.check_register().expect("checked"));
            let check = check.expect("JSON");
            assert_eq!(check["verdict"], "journal_broken", "{check}");
            assert_eq!(check["journal"]["firstBad"], 3);
            connector.close().expect("closed");
        }
    }
}

#[test]
fn a_page_torn_while_the_log_is_moved_into_the_file_is_no_damage_the_log_has_it() {
    for key in keys() {
        let folder = folder();
        let config = config(folder.path());
        Work::founded(&config, key.as_ref()).close();
        let work = Work::reopened(&config, key.as_ref());
        work.consent(1);
        let left = image(folder.path());
        work.close();
        for (path, bytes) in left {
            std::fs::write(path, bytes).expect("written");
        }
        // The log: a header, then frames, each with the number of its page.
        let log = std::fs::read(format!("{}-wal", config.register)).expect("the log");
        let frames = log[32..].chunks_exact(24 + 4096);
        let page = frames.map(|f| u32::from_be_bytes(f[..4].try_into().expect("a number")));
        let page = page.max().expect("a frame") as usize;
        let mut file = std::fs::read(&config.register).expect("the file");
        file[(page - 1) * 4096..][..2048].fill(0x55);
        std::fs::write(&config.register, file).expect("written");
        let connector = open(&config, key.as_ref()).expect("opened");
        let check = connector.check_register().expect("checked");
        let check = serde_json::to_value(check).expect("JSON");
        assert_eq!(check["verdict"], "intact", "{check}");
        connector.close().expect("closed");
    }
}

/// What salvage writes of a register: each line, and its report.
fn saved(config: &Config, key: Option<&StoreKey>, to: &Path) -> (Vec<Value>, Value) {
    let before = image(to.parent().expect("a folder"));
    let report = salvage(config, key, &text(to)).expect("saved");
    let lines = std::fs::read_to_string(to).expect("written");
    std::fs::remove_file(to).expect("removed");
    assert!(
        image(to.parent().expect("a folder")) == before,
        "it leaves nothing else, and touches nothing"
    );
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    (lines, serde_json::to_value(report).expect("JSON"))
}

/// A register of some sixty pages, closed.
fn well_used(config: &Config, key: Option<&StoreKey>) {
    let work = Work::founded(config, key);
    for n in 0..60 {
        work.feed(n).expect("fed");
        work.consent(n);
    }
    work.close();
}

#[test]
fn everything_is_saved_of_a_whole_register_and_nothing_is_touched() {
    for key in keys() {
        let folder = folder();
        let config = config(folder.path());
        well_used(&config, key.as_ref());
        let to = folder.path().join("saved.jsonl");
        let (lines, report) = saved(&config, key.as_ref(), &to);
        assert_eq!(report["complete"], true, "{report}");
        assert_eq!(report["rows"], lines.len());
        let of = |table: &str| lines.iter().filter(|l| l["table"] == table).count();
        assert_eq!((of("patient"), of("consent"), of("fed")), (1, 61, 60));
        let patient = lines.iter().find(|l| l["table"] == "patient").expect("one");
        assert_eq!(patient["row"]["matricule"], "279035121518989");
        let entry = lines.iter().find(|l| l["table"] == "journal").expect("one");
        assert!(entry["row"]["hash"]["base64"].is_string(), "{entry}");
        // Never over a file, nor with another key.
        std::fs::write(&to, "à garder").expect("written");
        let refused = salvage(&config, key.as_ref(), &text(&to));
        assert_eq!(storage(refused), StorageError::Exists);
        assert_eq!(std::fs::read_to_string(&to).expect("there"), "à garder");
        std::fs::remove_file(&to).expect("removed");
        if cfg!(feature = "encryption") {
            let refused = salvage(&config, Some(&raw(9)), &text(&to));
            assert_eq!(storage(refused), StorageError::NotOurs);
        }
        if key.is_some() {
            assert_eq!(
                storage(salvage(&config, None, &text(&to))),
                StorageError::NotOurs
            );
        }
        let mut dmp = config.clone();
        dmp.register = text(&folder.path().join("dmp.db"));
        let refused = salvage(&dmp, key.as_ref(), &text(&to));
        assert_eq!(storage(refused), StorageError::NotOurs);
        assert!(!to.exists());
    }
}

#[test]
fn what_is_only_in_the_log_is_saved_too() {
    let folder = folder();
    let config = config(folder.path());
    let work = Work::founded(&config, None);
    work.feed(0).expect("fed");
    let left = image(folder.path());
    work.close();
    for (path, bytes) in left {
        std::fs::write(path, bytes).expect("written");
    }
    let (lines, _) = saved(&config, None, &folder.path().join("saved.jsonl"));
    assert!(lines.iter().any(|l| l["table"] == "fed"), "{lines:?}");
}

/// The table that a line is of.
fn table_of(line: &str) -> &'static str {
    let line: Value = serde_json::from_str(line).expect("JSON");
    line["table"].as_str().expect("a name").to_owned().leak()
}

#[test]
fn a_register_damaged_at_each_page_in_turn_gives_all_the_rest() {
    for key in keys() {
        let folder = folder();
        let config = config(folder.path());
        well_used(&config, key.as_ref());
        let good = std::fs::read(&config.register).expect("the file");
        let to = folder.path().join("saved.jsonl");
        let (truth, _) = saved(&config, key.as_ref(), &to);
        let truth: BTreeSet<String> = truth.iter().map(Value::to_string).collect();
        let pages = good.len() / 4096;
        let (mut untold, mut saved_rows) = (Vec::new(), 0);
        for page in 0..pages {
            let mut damaged = good.clone();
            // The salt of an encrypted file stands in its first 16 bytes: without it no key opens anything.
            let from = if page == 0 && key.is_some() { 16 } else { 0 };
            damaged[page * 4096 + from..(page + 1) * 4096].fill(0);
            std::fs::write(&config.register, &damaged).expect("written");
            let (lines, report) = saved(&config, key.as_ref(), &to);
            let found: BTreeSet<String> = lines
                .iter()
                .filter(|l| l["damaged"] != true)
                .map(Value::to_string)
                .collect();
            let strangers = found.difference(&truth).count();
            assert_eq!(strangers, 0, "page {page}: rows that never were");
            // A page is of one table: of the others nothing is missing.
            let poorer: BTreeSet<&str> = truth.difference(&found).map(|l| table_of(l)).collect();
            assert!(
                poorer.len() <= 1,
                "page {page}: rows of {poorer:?} are missing"
            );
            saved_rows += found.len();
            println!("page {page}: {} of {} {report}", found.len(), truth.len());
            if found.len() < truth.len() && report["complete"] == true {
                untold.push(page);
            }
        }
        assert_eq!(untold, Vec::<usize>::new(), "a loss that was not told");
        // A page holds some twenty rows; the root of a table, all of it.
        assert!(
            saved_rows * 100 > truth.len() * pages * 93,
            "{saved_rows} of {pages} times {}",
            truth.len()
        );
    }
}
