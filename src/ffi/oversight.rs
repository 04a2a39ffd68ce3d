//! The journal and the reviews.

use std::ffi::c_char;

use serde::{Deserialize, Serialize};

use super::access::dmp_access;
use super::call::{access, answer, connector, record, record_or_default, session};
use super::connector::{Done, dmp_connector};
use super::session::dmp_session;
use crate::connector::emergency::{Emergency, Review};
use crate::connector::oversight::JournalFilter;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct EmergencyFilter {
    unreviewed: bool,
}

#[derive(Serialize)]
struct Emergencies {
    emergencies: Vec<Emergency>,
}

/// This professional's own actions on this patient (everyone's for a médecin traitant DMP). filter:
/// record journal-filter, or NULL. out: record journal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_journal_read(
    access: *mut dmp_access,
    filter: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            let access = self::access(ticket)?;
            let filter: JournalFilter = record_or_default(filter, "filter")?;
            Ok(access.journal(&filter)?)
        })
    }
}

/// The whole journal of the practice with its chain. For those who oversee, never for care: it names
/// documents whatever their masking. filter: record journal-filter, or NULL. out: record journal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_journal_audit(
    connector: *mut dmp_connector,
    filter: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let connector = self::connector(ticket)?;
            let filter: JournalFilter = record_or_default(filter, "filter")?;
            Ok(connector.journal(&filter)?)
        })
    }
}

/// Walks the journal's chain and names the first entry that was changed, removed or moved. For those who
/// oversee: it counts entries. out: record verification.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_journal_verify(
    connector: *mut dmp_connector,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            Ok(self::connector(ticket)?.verify_journal()?)
        })
    }
}

/// The bris de glace of the practice, for review. filter: record emergency-filter, or NULL for all. out:
/// record emergencies.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_emergency_list(
    connector: *mut dmp_connector,
    filter: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let connector = self::connector(ticket)?;
            let filter: EmergencyFilter = record_or_default(filter, "filter")?;
            Ok(Emergencies {
                emergencies: connector.emergencies(filter.unreviewed)?,
            })
        })
    }
}

/// Signs the review of a bris de glace. review: record emergency-review. out: record done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_emergency_review(
    session: *mut dmp_session,
    review: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let review: Review = record(review, "review")?;
            session.review_emergency(&review)?;
            Ok(Done::DONE)
        })
    }
}
