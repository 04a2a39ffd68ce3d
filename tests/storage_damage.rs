//! Files that are not ours, newer, or damaged, through the C face: told with their status, left as they
//! were, never a panic.

#[path = "common/clinic.rs"]
mod clinic;
#[path = "common/face.rs"]
mod face;
#[path = "common/practice.rs"]
mod practice;

use std::path::Path;

use clinic::Office;
use face::call;
use practice::{ask, bare, config_on_files as config, doctor, folder, ins, report, report_id};
use serde_json::{Value, json};

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
