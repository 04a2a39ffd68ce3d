//! Taking over past documents.

use std::ffi::{CString, c_char, c_void};

use super::call::{answer, record, session};
use super::session::dmp_session;
use crate::connector::takeover::{TakeOverProgress, TakeOverRequest};

/// Told of each file of a take-over once it is settled. user: as given to dmp_takeover_run. progress: record
/// takeover-progress, valid for the call; its lines name the path of a file that needs a person. Return 0 to
/// go on, anything else to end after this file. Runs on the thread of the call, and must not call back in.
#[allow(non_camel_case_types)]
pub type dmp_takeover_callback =
    Option<unsafe extern "C" fn(user: *mut c_void, progress: *const c_char) -> i32>;

/// Takes past documents over ("reprise d'historique"): judges the files of a folder, or of a list, one by one,
/// and hands those that may go over to the outbox, which asks the DMP for each of them before it sends it, at
/// night, at the pace and within the daily number of the configuration's parameters. A document goes when it
/// reads and conforms, its patient is registered with a qualified INS and does not oppose it, this structure is
/// among its authors, and neither this practice nor this run gave the same content before; bytes are never
/// changed. request: record takeover-request. With dryRun everything is done but the writing, and the report is
/// the same. callback: told after each file, or NULL. The call may end at any file, by the callback, by the
/// bound of the request or with the process: call again with the same request, and what is settled is passed
/// over, by its content. Paths are in the report and in the progress alone: they are neither kept nor logged. A
/// folder of thousands takes minutes: call from a thread of your own, on a connector of its own if the doctor is
/// not to wait for one document at a time. out: record takeover-report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_takeover_run(
    session: *mut dmp_session,
    request: *const c_char,
    callback: dmp_takeover_callback,
    user: *mut c_void,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let request: TakeOverRequest = record(request, "request")?;
            let mut tell = |progress: &TakeOverProgress| {
                let Some(callback) = callback else {
                    return true;
                };
                let text = serde_json::to_string(progress).ok();
                match text.and_then(|text| CString::new(text).ok()) {
                    // SAFETY: the callback lives for the call, as the header asks; the text too.
                    Some(text) => callback(user, text.as_ptr()) == 0,
                    None => true,
                }
            };
            Ok(session.take_over(&request, &mut tell)?)
        })
    }
}

/// Where this person's take-over stands: how many of its documents wait, were sent or found, or need a person.
/// The documents themselves are in the outbox. out: record takeover-state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_takeover_state(
    session: *mut dmp_session,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            Ok(self::session(ticket)?.take_over_state()?)
        })
    }
}
