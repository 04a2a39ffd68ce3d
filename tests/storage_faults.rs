//! Files and disks that fail, through the C face: a typed status, nothing acknowledged lost, nothing half
//! done, and work goes on once the fault is gone.

#[path = "common/clinic.rs"]
mod clinic;
#[path = "common/disk.rs"]
mod disk;
#[path = "common/face.rs"]
mod face;
#[path = "common/practice.rs"]
mod practice;

use std::path::Path;
use std::process::Command;

use clinic::Office;
use disk::Disk;
use face::call;
use practice::{Practice, ask, bare, config_on_files as config, folder, ins, report, report_id};
use serde_json::json;

#[test]
fn a_full_disk_loses_nothing_and_work_goes_on_once_there_is_space() {
    for on_the_disk in [&["register", "dmp"][..], &["register"], &["dmp"]] {
        let Some(disk) = Disk::of(2800) else { return };
        let elsewhere = folder();
        let place = |file: &str| match on_the_disk.contains(&file) {
            true => disk.folder().join(file),
            false => elsewhere.path().join(file),
        };
        let mut config = config(elsewhere.path());
        config["register"] = json!(place("register"));
        config["dmp"]["embedded"]["path"] = json!(place("dmp"));
        let office = Office::founded(&config);
        let (acknowledged, status) = if on_the_disk == ["register"] {
            // Documents weigh nothing there: the disk is filled by others.
            assert_eq!(office.feed(0), "DMP_OK");
            std::fs::write(disk.folder().join("other"), vec![1; 4 << 20]).expect_err("no space");
            let after = office.feed_until_it_fails();
            std::fs::remove_file(disk.folder().join("other")).expect("removed");
            after
        } else {
            office.feed_until_it_fails()
        };
        assert!(acknowledged > 0, "{on_the_disk:?}");
        assert_eq!(
            status, "DMP_DISK_FULL",
            "{on_the_disk:?}, after {acknowledged}"
        );
        disk.remount("size=64m");
        office.nothing_is_lost(acknowledged, acknowledged);
        office.close();
        let office = Office::reopened(&config);
        office.nothing_is_lost(acknowledged, acknowledged + 1);
        office.close();
    }
}

#[test]
fn what_is_asked_while_the_disk_is_full_is_answered_or_refused_with_its_status() {
    let Some(disk) = Disk::of(2800) else { return };
    let office = Office::founded(&config(disk.folder()));
    let (acknowledged, _) = office.feed_until_it_fails();
    let consent = json!({"patient": ins(),
        "consent": {"kind": "care_team", "means": "oral", "wording": "affiche 2026-1"}});
    let consents = || ask("dmp_consent_list", office.session, &ins()).ok().out;
    let before = consents();
    let read = || {
        call(
            "dmp_document_read",
            office.access,
            Some(&report_id(0)),
            None,
        )
    };
    for _ in 0..20 {
        for reply in [
            bare("dmp_access_state", office.access),
            bare("dmp_document_find", office.access),
            bare("dmp_journal_verify", office.connector),
            read(),
        ] {
            assert!(
                matches!(reply.name(), "DMP_OK" | "DMP_DISK_FULL"),
                "{}",
                reply.name()
            );
        }
        // What may not be half done: recorded and said so, or neither.
        let reply = ask("dmp_consent_record", office.session, &consent);
        match reply.name() {
            "DMP_OK" => {}
            "DMP_DISK_FULL" => break,
            other => panic!("{other}"),
        }
    }
    disk.remount("size=64m");
    let recorded = consents().expect("a record").matches("\"id\"").count();
    let known = before.expect("a record").matches("\"id\"").count();
    let told = office_journal(&office, "consent.record");
    assert_eq!(
        recorded, told,
        "consents recorded and consents in the journal ({known} before)"
    );
    office.nothing_is_lost(acknowledged, acknowledged);
    office.close();
}

fn office_journal(office: &Office, action: &str) -> usize {
    let journal = practice::journal(office.connector);
    journal
        .iter()
        .filter(|e| e["action"] == action && e["outcome"] == "done")
        .count()
}

#[test]
fn a_disk_too_small_for_the_files_says_so_and_leaves_nothing_in_the_way() {
    for kilobytes in [4, 12, 24, 48, 96, 160] {
        let Some(disk) = Disk::of(kilobytes) else {
            return;
        };
        let reply = ask("dmp_connector_open", 0, &config(disk.folder()));
        if reply.status != 0 {
            assert_eq!(
                reply.name(),
                "DMP_DISK_FULL",
                "{kilobytes} KB: {:?}",
                reply.error
            );
        } else {
            bare("dmp_connector_close", reply.handle).ok();
        }
        disk.remount("size=64m");
        Office::founded(&config(disk.folder())).close();
    }
}

/// The environment variable that tells a process of this program to work until it cannot, and where.
const WORK_IN: &str = "DMPKIT_TEST_WORK_IN";

#[test]
#[ignore = "run by the next test, in a process of its own whose files may not grow"]
fn works_until_it_cannot() {
    let folder = std::env::var(WORK_IN).expect("where to work");
    let office = Office::reopened(&config(Path::new(&folder)));
    let (acknowledged, status) = office.feed_until_it_fails();
    println!("acknowledged={acknowledged} status={status}");
    // And ends without closing anything.
    std::process::exit(0);
}

#[test]
fn files_that_may_not_grow_lose_nothing_either() {
    let folder = folder();
    Office::founded(&config(folder.path())).close();
    // Writing beyond the limit fails, since the signal that would kill is ignored.
    let output = Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ 2>/dev/null || trap '' 25; ulimit -f 1500; exec \"$@\"",
            "sh",
        ])
        .arg(std::env::current_exe().expect("this program"))
        .args([
            "works_until_it_cannot",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(WORK_IN, folder.path())
        .output()
        .expect("sh");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let word = |name: &str| {
        let at = said
            .find(name)
            .unwrap_or_else(|| panic!("{said}\n{output:?}"));
        said[at + name.len()..]
            .split_whitespace()
            .next()
            .expect("a value")
            .to_owned()
    };
    let acknowledged: u32 = word("acknowledged=").parse().expect("a number");
    let status = word("status=");
    assert!(
        matches!(status.as_str(), "DMP_IO" | "DMP_DISK_FULL"),
        "{status}"
    );
    assert!(acknowledged > 0);
    let office = Office::reopened(&config(folder.path()));
    office.nothing_is_lost(acknowledged, acknowledged);
    office.close();
}

#[test]
fn read_only_files_are_refused_and_left_as_they_were() {
    let Some(disk) = Disk::of(16 << 10) else {
        return;
    };
    let config = config(disk.folder());
    let reply = {
        disk.remount("ro");
        ask("dmp_connector_open", 0, &config)
    };
    assert_eq!(
        (reply.name(), reply.handle),
        ("DMP_CANNOT_OPEN", 0),
        "nothing to open there"
    );
    disk.remount("rw");
    let office = Office::founded(&config);
    assert_eq!(office.feed(0), "DMP_OK");
    office.close();
    disk.remount("ro");
    let before = std::fs::read(disk.folder().join("dmp.db")).expect("the file");
    let reply = ask("dmp_connector_open", 0, &config);
    assert_eq!(
        (reply.name(), reply.handle),
        ("DMP_READ_ONLY", 0),
        "{:?}",
        reply.error
    );
    assert!(std::fs::read(disk.folder().join("dmp.db")).expect("the file") == before);
    disk.remount("rw");
    let office = Office::reopened(&config);
    office.nothing_is_lost(1, 1);
    office.close();
}

#[test]
fn a_practice_whose_connector_was_never_closed_finds_all_it_had() {
    let folder = folder();
    let practice = Practice::open();
    for n in 0..3 {
        practice.feed(&report(n), &json!({})).ok();
    }
    // As a crash leaves them: copied while in use, with what was not yet moved from the journals of SQLite.
    for entry in std::fs::read_dir(practice.folder.path()).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        if !name.to_string_lossy().ends_with("-shm") {
            std::fs::copy(&path, folder.path().join(name)).expect("copied");
        }
    }
    let office = Office::reopened(&config(folder.path()));
    office.nothing_is_lost(3, 3);
    office.close();
    practice.close();
}
