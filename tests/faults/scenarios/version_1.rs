//! A register of version 1 opened by this version: migrated whole or not at all, with all it knew.

use std::path::Path;

use serde_json::json;

use super::at_work;
use super::documents::{feeding, is_there_once, practice_with_documents};
use super::everyday::{consent, consent_of, emergencies};
use crate::practice::{bare, report, report_id};
use crate::scenario::{Desk, Kept, Step, connected, lasting};

/// A DMP with two documents, and the register of version 1 that fed them.
pub fn practice(folder: &Path, kept: Kept) {
    practice_with_documents(folder, kept);
    let register = folder.join("register.db");
    std::fs::remove_file(&register).expect("the register of this version");
    // No register of version 1 was ever under a key; those of later versions are, and migrate in the same way.
    let old = connected(&register, kept.key()).expect("a file");
    old.execute_batch(include_str!("register_v1.sql"))
        .expect("version 1");
    old.pragma_update(None, "journal_mode", "wal").expect("WAL");
}

pub fn steps() -> Vec<Step> {
    let known = lasting(
        "what version 1 knew",
        |desk| bare("dmp_journal_verify", desk.connector),
        |desk, _| knows(desk),
    );
    // The attempt that version 1 began, and what is new.
    at_work([known, feeding(2), feeding(3), consent(3)])
}

fn knows(desk: &Desk) {
    for n in 0..2 {
        is_there_once(desk, &report_id(n), &report(n));
    }
    assert_eq!(consent_of(desk, &json!(1))["revokedAt"], json!(null));
    assert!(consent_of(desk, &json!(2))["revokedAt"].is_string());
    assert_eq!(emergencies(desk)[0]["reason"], "Patiente inconsciente");
    let journal = crate::practice::journal(desk.connector);
    let last = &journal[22];
    assert_eq!(
        (&last["number"], &last["action"], &last["outcome"]),
        (&json!(23), &json!("document.feed"), &json!("intent"))
    );
}
