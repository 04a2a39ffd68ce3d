//! The journal and the reviews.

use std::ffi::{c_char, c_void};
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::access::dmp_access;
use super::call::{Failure, access, answer, connector, record, record_or_default, session};
use super::connector::{Done, dmp_connector};
use super::memory::bytes;
use super::session::dmp_session;
use super::status::{DMP_NULL_ARGUMENT, DMP_OK};
use crate::connector::emergency::{EmergencyCase, Review};
use crate::connector::oversight::{
    ExportRequest, JournalFilter, PruneRequest, SealCheck, SealKey, keys_of,
};

/// Receives an export of the journal, piece by piece, in order. user: as given to dmp_journal_export. lines,
/// lines_len: whole lines in UTF-8, each ended by a line feed, without NUL; some 32 KiB at a time, more when a line is
/// longer; valid for the call. They name patients: keep them as you keep the register. Return DMP_OK to go on;
/// anything else ends the export with DMP_IO. Runs on the thread of the call, and must not call back in.
#[allow(non_camel_case_types)]
pub type dmp_export_callback =
    Option<unsafe extern "C" fn(user: *mut c_void, lines: *const u8, lines_len: usize) -> i32>;

/// The host's callback, as what an export is written to.
struct Sink {
    callback: unsafe extern "C" fn(*mut c_void, *const u8, usize) -> i32,
    user: *mut c_void,
}

impl Write for Sink {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        // SAFETY: the callback is the host's own and lives during this call; the bytes are as many as told.
        let status = unsafe { (self.callback)(self.user, lines.as_ptr(), lines.len()) };
        if status == DMP_OK {
            Ok(lines.len())
        } else {
            Err(io::Error::other("the host stopped the export"))
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct EmergencyFilter {
    unreviewed: bool,
}

#[derive(Serialize)]
struct Emergencies {
    emergencies: Vec<EmergencyCase>,
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

/// Seals the journal as it stands under a key of 32 random bytes, which you keep elsewhere than the register. The seal
/// is written in the register and mentioned in the journal; keep the one given here elsewhere too: it shows later that
/// the end of the journal was cut off or made again. The library keeps no copy of the key: wipe yours. Seal at
/// regular times, and after dmp_journal_verify_sealed: sealing checks nothing. DMP_INVALID_VALUE while the journal is
/// empty. For those who oversee. out: record seal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_journal_seal(
    connector: *mut dmp_connector,
    key: *const u8,
    key_len: usize,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let connector = self::connector(ticket)?;
            let key = SealKey::new(bytes(key, key_len, "key")?)?;
            Ok(connector.seal_journal(&key)?)
        })
    }
}

/// Checks the journal's chain, every seal of the register and the seals you kept elsewhere, and says where each thing
/// wrong lies: an entry changed, removed or moved, the end cut off, entries made again, a seal removed, changed or
/// forged. check: record seal-check, with the seals you kept, or NULL for none. keys, keys_len: the sealing keys in use
/// over the years, one after the other, 32 bytes each; every seal must have been made under one of them. NULL and 0 for
/// none: seals then still bind number and hash, and the answer says that they were not authenticated. DMP_OK also
/// when something is wrong: read the member intact. For those who oversee. out: record sealed-verification.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_journal_verify_sealed(
    connector: *mut dmp_connector,
    check: *const c_char,
    keys: *const u8,
    keys_len: usize,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let connector = self::connector(ticket)?;
            let check: SealCheck = record_or_default(check, "check")?;
            let keys = if keys.is_null() && keys_len == 0 {
                Vec::new()
            } else {
                keys_of(bytes(keys, keys_len, "keys")?)?
            };
            Ok(connector.verify_sealed_journal(&check, &keys)?)
        })
    }
}

/// Removes the entries of the journal that are older than a date, up to the first that is not. The journal keeps up to
/// where, by whom, when and why, and stays verifiable from there. The register's file is then written again whole, so
/// that they are gone from the disk too: that takes as much room as the file, and a while when it is large. DMP_REFUSED
/// for a date more recent than the least time of conservation (member journalMonths of record config), or than a bris
/// de glace that nobody reviewed. For those who oversee; the session says who did it. request: record prune-request.
/// out: record pruned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_journal_prune(
    session: *mut dmp_session,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let request: PruneRequest = record(request, "request")?;
            Ok(session.prune_journal(&request)?)
        })
    }
}

/// Exports the journal for an audit, to a callback: each entry as it is in JSON Lines, or as FHIR R4 AuditEvent, one
/// resource a line. Where it goes (an encrypted disk, a collector of traces) and who may read it is yours to choose:
/// the library writes no file of its own. Memory does not grow with the journal. The session says who exports, and the
/// journal keeps it, with what was asked and the SHA-256 of what was given. Names documents whatever their masking:
/// for those who oversee, never for care. request: record export-request. out: record journal-export.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_journal_export(
    session: *mut dmp_session,
    request: *const c_char,
    callback: dmp_export_callback,
    user: *mut c_void,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let request: ExportRequest = record(request, "request")?;
            let callback = callback
                .ok_or_else(|| Failure::new(DMP_NULL_ARGUMENT, "callback: is NULL".to_owned()))?;
            let mut sink = Sink { callback, user };
            Ok(session.export_journal(&request, &mut sink)?)
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
