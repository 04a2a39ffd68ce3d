//! A register whose write-ahead log is about to be moved to the file, in the middle of work: SQLite does it by itself at a
//! thousand pages.

use std::path::Path;

use super::documents::feeding;
use super::everyday::consent;
use super::{at_work, practice as plain};
use crate::practice::{self, bare, doctor, folder, ins, open_session};
use crate::scenario::{Desk, Kept, Step};

/// A page in the log, with its header.
const FRAME: u64 = 4096 + 24;

/// A practice stopped in the middle of its work, with a log that some consents fill.
pub fn practice(folder_to_fill: &Path, kept: Kept) {
    let place = folder();
    plain(place.path(), kept);
    let connector = Desk::at(place.path(), kept, None).open().ok().handle;
    let session = open_session(connector, &doctor());
    let log = place.path().join("register.db-wal");
    let pages = || std::fs::metadata(&log).expect("the log").len() / FRAME;
    while pages() < 985 {
        practice::consent(session, &ins());
    }
    assert!(pages() < 1000, "it was moved already");
    // As a stop leaves them; what SQLite shares between processes is gone.
    for name in ["register.db", "register.db-wal", "dmp.db"] {
        std::fs::copy(place.path().join(name), folder_to_fill.join(name)).expect("copied");
    }
    bare("dmp_session_close", session).ok();
    bare("dmp_connector_close", connector).ok();
}

pub fn steps() -> Vec<Step> {
    at_work([consent(1), consent(2), feeding(0), consent(3), consent(4)])
}
