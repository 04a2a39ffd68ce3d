//! Files and disks that fail, through the C face: a typed status, nothing acknowledged lost, nothing half
//! done, and work goes on once the fault is gone.

#[path = "common/disk.rs"]
mod disk;
#[path = "common/face.rs"]
mod face;
#[path = "common/practice.rs"]
mod practice;

use std::path::Path;
use std::process::Command;

use disk::Disk;
use face::call;
use practice::{
    Practice, ask, bare, config, doctor, documents_of, folder, ins, open_access, open_connector,
    open_dossier, open_session, report, report_id, traits, verified, welcome,
};
use serde_json::{Value, json};

/// A doctor at work on files wherever they are.
struct Office {
    connector: usize,
    session: usize,
    access: usize,
}

impl Office {
    fn founded(config: &Value) -> Office {
        let connector = open_connector(config);
        open_dossier(connector, &ins(), &traits());
        let session = open_session(connector, &doctor());
        let access = welcome(session, &ins(), &traits());
        Office {
            connector,
            session,
            access,
        }
    }

    fn reopened(config: &Value) -> Office {
        let connector = open_connector(config);
        let session = open_session(connector, &doctor());
        let access = open_access(session, &ins());
        Office {
            connector,
            session,
            access,
        }
    }

    fn feed(&self, n: u32) -> &'static str {
        call("dmp_document_feed", self.access, None, Some(&report(n))).name()
    }

    /// Feeds until it fails: how many were acknowledged, and the status of the one after.
    fn feed_until_it_fails(&self) -> (u32, &'static str) {
        (0..2000)
            .map(|n| (n, self.feed(n)))
            .find(|(_, status)| *status != "DMP_OK")
            .expect("the disk is never full")
    }

    /// Every acknowledged document is there once; the failed one at most once, and once more fed, once.
    fn nothing_is_lost(&self, acknowledged: u32, failed: u32) {
        verified(self.connector);
        let found = documents_of(self.connector, &ins());
        let times = |found: &[String], n| found.iter().filter(|id| **id == report_id(n)).count();
        for n in 0..acknowledged {
            assert_eq!(times(&found, n), 1, "document {n}, acknowledged");
            let read = call("dmp_document_read", self.access, Some(&report_id(n)), None).ok();
            assert!(
                read.bytes == Some(report(n)),
                "document {n} is not as it was fed"
            );
        }
        assert!(times(&found, failed) <= 1);
        assert_eq!(self.feed(failed), "DMP_OK");
        let found = documents_of(self.connector, &ins());
        assert_eq!(times(&found, failed), 1, "the document that had failed");
        assert_eq!(
            self.feed(failed),
            "DMP_OK",
            "and fed again it is already there"
        );
        assert_eq!(documents_of(self.connector, &ins()).len(), found.len());
        verified(self.connector);
    }

    fn close(self) {
        bare("dmp_access_close", self.access);
        bare("dmp_session_close", self.session).ok();
        bare("dmp_connector_close", self.connector).ok();
    }
}

#[test]
fn a_full_disk_loses_nothing_and_work_goes_on_once_there_is_space() {
    for on_the_disk in [&["register", "dmp"][..], &["register"], &["dmp"]] {
        let Some(disk) = Disk::of(700) else { return };
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
            std::fs::write(disk.folder().join("other"), vec![1; 1 << 20]).expect_err("no space");
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
    let Some(disk) = Disk::of(700) else { return };
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

/// Opens a practice, feeds one document, closes.
fn used(folder: &Path) -> Value {
    let config = config(folder);
    let office = Office::founded(&config);
    assert_eq!(office.feed(0), "DMP_OK");
    office.close();
    config
}

fn refused_untouched(config: &Value, file: &Path, status: &str) {
    let before = std::fs::read(file).expect("the file");
    let reply = ask("dmp_connector_open", 0, config);
    assert_eq!(
        (reply.name(), reply.handle),
        (status, 0),
        "{}: {:?}",
        file.display(),
        reply.error
    );
    assert!(
        std::fs::read(file).expect("the file") == before,
        "{} was touched",
        file.display()
    );
}

#[test]
fn files_that_are_not_ours_are_refused_untouched() {
    let folder = folder();
    let config = used(folder.path());
    let (register, dmp) = (
        folder.path().join("register.db"),
        folder.path().join("dmp.db"),
    );
    let mut swapped = config.clone();
    swapped["register"] = json!(dmp);
    swapped["dmp"]["embedded"]["path"] = json!(register);
    refused_untouched(&swapped, &dmp, "DMP_NOT_OURS");
    for file in [&register, &dmp] {
        let good = std::fs::read(file).expect("the file");
        // The application's mark, at offset 68 of a SQLite file: another application's.
        let mut foreign = good.clone();
        foreign[68..72].copy_from_slice(b"gpkg");
        for content in [
            &foreign[..],
            b"Ceci est une lettre.",
            &[0; 8192],
            &report(0),
        ] {
            std::fs::write(file, content).expect("written");
            refused_untouched(&config, file, "DMP_NOT_OURS");
        }
        std::fs::write(file, good).expect("written");
    }
    Office::reopened(&config).close();
}

#[test]
fn files_of_a_newer_version_are_refused_untouched() {
    let folder = folder();
    let config = used(folder.path());
    for name in ["register.db", "dmp.db"] {
        let file = folder.path().join(name);
        let good = std::fs::read(&file).expect("the file");
        // The schema's version, at offset 60 of a SQLite file.
        let mut newer = good.clone();
        newer[60..64].copy_from_slice(&1000_u32.to_be_bytes());
        std::fs::write(&file, &newer).expect("written");
        refused_untouched(&config, &file, "DMP_NEWER");
        std::fs::write(&file, good).expect("written");
    }
    Office::reopened(&config).close();
}

/// Statuses that a damaged file may give: never a panic, never "a bug of this library".
fn tells_damage(status: i32) -> bool {
    let name = face::status_name(status);
    // A damaged row may also hide the dossier, the consent or the document, or change what it says.
    status == 0 || name == "DMP_INTEGRITY" || (300..500).contains(&status)
}

/// Everything a practice asks of its files.
fn uses_everything(config: &Value) -> Result<Vec<&'static str>, String> {
    let mut asked = Vec::new();
    let opened = ask("dmp_connector_open", 0, config);
    asked.push(("open", opened.clone()));
    if opened.status == 0 {
        let connector = opened.handle;
        let session = ask("dmp_session_open", connector, &doctor());
        asked.push(("session", session.clone()));
        asked.push(("patient", ask("dmp_patient_get", session.handle, &ins())));
        asked.push(("consents", ask("dmp_consent_list", session.handle, &ins())));
        let access = ask(
            "dmp_access_open",
            session.handle,
            &json!({"patient": ins()}),
        );
        asked.push(("access", access.clone()));
        let access = access.handle;
        asked.push(("find", bare("dmp_document_find", access)));
        let read = call("dmp_document_read", access, Some(&report_id(0)), None);
        if read.bytes.as_ref().is_some_and(|bytes| *bytes != report(0)) {
            return Err("other bytes were given for a document".to_owned());
        }
        asked.push(("read", read));
        asked.push((
            "feed",
            call("dmp_document_feed", access, None, Some(&report(1))),
        ));
        asked.push((
            "mask",
            call("dmp_document_mask", access, Some(&report_id(0)), None),
        ));
        asked.push(("audit", bare("dmp_journal_audit", connector)));
        asked.push(("verify", bare("dmp_journal_verify", connector)));
        bare("dmp_access_close", access);
        bare("dmp_session_close", session.handle);
        asked.push(("close", bare("dmp_connector_close", connector)));
    }
    // What could not be opened gives no handle to ask with.
    asked.retain(|(_, reply)| reply.name() != "DMP_BAD_HANDLE");
    match asked.iter().find(|(_, reply)| !tells_damage(reply.status)) {
        None => Ok(asked.iter().map(|(_, reply)| reply.name()).collect()),
        Some((what, reply)) => Err(format!("{what}: {} {:?}", reply.name(), reply.error)),
    }
}

#[test]
fn a_damaged_file_is_told_and_never_a_panic() {
    let folder = folder();
    let config = used(folder.path());
    let files = ["register.db", "dmp.db"].map(|name| folder.path().join(name));
    let good = files
        .each_ref()
        .map(|file| std::fs::read(file).expect("the file"));
    let restore = || {
        for (file, content) in files.iter().zip(&good) {
            std::fs::write(file, content).expect("written");
            for companion in ["-wal", "-shm"] {
                let companion = format!("{}{companion}", file.display());
                let _ = std::fs::remove_file(companion);
            }
        }
    };
    let (mut faults, mut told) = (Vec::new(), 0);
    for (file, content) in files.iter().zip(&good) {
        let name = file
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let mut check = |what: String, damaged: &[u8]| {
            restore();
            std::fs::write(file, damaged).expect("written");
            match uses_everything(&config) {
                Ok(answers) => told += usize::from(answers.contains(&"DMP_CORRUPT")),
                Err(fault) => faults.push(format!("{name}, {what}: {fault}")),
            }
        };
        for at in (40..content.len()).step_by(content.len() / 120) {
            let mut damaged = content.clone();
            let end = (at + 24).min(damaged.len());
            damaged[at..end].iter_mut().for_each(|byte| *byte ^= 0xff);
            check(format!("24 bytes changed at {at}"), &damaged);
        }
        for eighth in 1..8 {
            let end = content.len() * eighth / 8;
            check(format!("cut at {end}"), &content[..end]);
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
    assert!(told > 20, "damage was told {told} times only");
    restore();
    let whole = uses_everything(&config).expect("good files");
    assert!(whole.iter().all(|answer| *answer == "DMP_OK"), "{whole:?}");
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
