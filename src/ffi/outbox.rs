//! The outbox: handed over, followed, corrected, sent.

use std::ffi::{CString, c_char, c_void};

use serde::Serialize;

use super::access::dmp_access;
use super::call::{Failure, access, answer, connector, record, record_or_default, session};
use super::connector::dmp_connector;
use super::memory::bytes;
use super::session::dmp_session;
use crate::connector::Session;
use crate::connector::dispatch::{DispatchProgress, DispatchRequest};
use crate::connector::outbox::{
    CorrectionRequest, ItemRequest, OutboxChange, OutboxFilter, OutboxItem, OutboxRequest,
    RecoverRequest, StopRequest,
};
use crate::error::Result;

/// Told how a dispatch goes, after each item. user: as given to dmp_outbox_dispatch. progress: record
/// dispatch-progress, valid for the call. Return 0 to go on; anything else ends the dispatch here, and what was
/// not yet taken waits for the next one. Runs on the thread that called dmp_outbox_dispatch, which holds nothing
/// meanwhile: other threads' calls on the connector go on. It must not call back in.
#[allow(non_camel_case_types)]
pub type dmp_progress_callback =
    Option<unsafe extern "C" fn(user: *mut c_void, progress: *const c_char) -> i32>;

#[derive(Serialize)]
struct Switched {
    changed: bool,
}

/// Hands a CDA document over to the outbox: no network is needed, nor that the dossier was entered; the patient is
/// registered. It is checked as dmp_document_feed checks it, but for what only the DMP knows; its identifiers are
/// fixed; it is durable when this returns. dmp_outbox_dispatch sends it. Handing over the same bytes again gives
/// the same item. request: record outbox-request. out: record queued. Keep its id beside the document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_outbox_add(
    session: *mut dmp_session,
    request: *const c_char,
    content: *const u8,
    content_len: usize,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let request: OutboxRequest = record(request, "request")?;
            let content = bytes(content, content_len, "content")?;
            Ok(session.enqueue(&request, content)?)
        })
    }
}

/// Hands a change of a document over to the outbox: masking, showing, archiving, deleting. It goes after what is
/// already in the outbox for that document. Showing and deleting are final: ask the person first. request: record
/// outbox-change. out: record queued.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_outbox_add_change(
    session: *mut dmp_session,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let request: OutboxChange = record(request, "request")?;
            Ok(session.enqueue_change(&request)?)
        })
    }
}

/// Hands over what dmp_document_stage kept, as one lot: in the DMP it will be all of it or nothing. Not in an
/// emergency. out: record queued.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_outbox_add_staged(
    access: *mut dmp_access,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            Ok(self::access(ticket)?.enqueue_staged()?)
        })
    }
}

/// What this professional handed over and what became of it, with the reason and what he can do about what waits for
/// him. Items of colleagues are not there. filter: record outbox-filter, or NULL for all. out: record outbox.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_outbox_list(
    session: *mut dmp_session,
    filter: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let filter: OutboxFilter = record_or_default(filter, "filter")?;
            Ok(session.outbox(&filter)?)
        })
    }
}

/// The whole outbox of the practice. For those who oversee, never for care: it names documents whatever their
/// masking. filter: record outbox-filter, or NULL for all. out: record outbox.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_outbox_audit(
    connector: *mut dmp_connector,
    filter: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let connector = self::connector(ticket)?;
            let filter: OutboxFilter = record_or_default(filter, "filter")?;
            Ok(connector.audit_outbox(&filter)?)
        })
    }
}

/// One item of this professional's, with all that happened to it. A colleague's and one that never was are one
/// refusal. request: record item-request. out: record outbox-item.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_outbox_get(
    session: *mut dmp_session,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    unsafe { on_item(session, request, out, error, Session::outbox_item) }
}

/// Gives an item up: it is not sent any more. What may have arrived already stays in the DMP: mayBeThere of the
/// answer says so. Not while it is being sent. request: record item-request. out: record outbox-item.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_outbox_give_up(
    session: *mut dmp_session,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    unsafe { on_item(session, request, out, error, Session::give_up) }
}

/// Sends an item that waits for a person, or was given up, after all: at the next dispatch the DMP is asked whether
/// it has it, and it is sent if not. request: record item-request. out: record outbox-item.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_outbox_resend(
    session: *mut dmp_session,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    unsafe { on_item(session, request, out, error, Session::resend) }
}

unsafe fn on_item(
    session: *mut dmp_session,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
    act: impl FnOnce(&Session, &ItemRequest) -> Result<OutboxItem>,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let request: ItemRequest = record(request, "request")?;
            Ok(act(&session, &request)?)
        })
    }
}

/// Hands over a corrected document in the place of one that waits for a person, which is given up. request: record
/// correction-request. content: the corrected CDA document. out: record queued.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_outbox_correct(
    session: *mut dmp_session,
    request: *const c_char,
    content: *const u8,
    content_len: usize,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let request: CorrectionRequest = record(request, "request")?;
            let content = bytes(content, content_len, "content")?;
            Ok(session.correct(&request, content)?)
        })
    }
}

/// Hands over again what this professional had handed over in a register that was set aside by dmp_register_restore,
/// or is damaged, and what had not ended there, from the file that dmp_register_salvage wrote of it: under the
/// identifiers of then, by the rules of today, and the DMP is asked for each before it is sent. What is known here
/// is passed over: call again once what stood in the way is mended. A colleague takes back his own. An item that is
/// refused, or not whole in the file, is in the report with its reason; a file that holds another line than a
/// salvage's is refused whole. request: record recover-request. With dryRun everything is done but the writing. out:
/// record recover-report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_outbox_recover(
    session: *mut dmp_session,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let request: RecoverRequest = record(request, "request")?;
            Ok(session.recover(&request)?)
        })
    }
}

/// The stop button: nothing more leaves, whatever process dispatches, until dmp_outbox_restart; what is on its way
/// ends first. Handing over goes on. request: record stop-request. out: record stop-answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_outbox_stop(
    session: *mut dmp_session,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    unsafe { on_button(session, request, out, error, Session::stop_outbox) }
}

/// Releases the stop button. request: record stop-request. out: record stop-answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_outbox_restart(
    session: *mut dmp_session,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    unsafe { on_button(session, request, out, error, Session::restart_outbox) }
}

unsafe fn on_button(
    session: *mut dmp_session,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
    press: impl FnOnce(&Session, StopRequest) -> Result<bool>,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let request: StopRequest = record(request, "request")?;
            Ok(Switched {
                changed: press(&session, request)?,
            })
        })
    }
}

/// Sends what is in the outbox, of every author, one item after the other, within the bounds of the request. The
/// library starts no thread: call this from a thread or a timer of your own, when the practice opens, after a
/// document was handed over, and then when member next of the answer says; next is absent when nothing is left that
/// goes by itself. Use a connector of its own, opened on the same files: on the doctor's, a call of his waits until one
/// item was sent, at most. Two threads or two processes may call at once: no item is sent twice. What may have arrived
/// when the network was cut is asked for before it is sent again. What the DMP answers to an item is not an error of
/// this call: it is in the item.
/// Member ended says why the call came back: nothing_due, nothing may go now; bounds, maxItems or maxSeconds was
/// reached, call again; dmp_unavailable, the DMP cannot be reached or asks to be left alone until next, and reason
/// says it to a person; pace, the structure's deposits of this second are used up, on a clock that stands still;
/// stopped, the stop button is pressed, call again once it is released; told, callback or dmp_connector_cancel
/// ended it. request: record dispatch-request, or NULL for everything that may go. callback: told after each item,
/// see dmp_progress_callback, or NULL; user is handed to it. out: record dispatch-answer. It counts the whole
/// practice: for the program and for those who oversee.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_outbox_dispatch(
    connector: *mut dmp_connector,
    request: *const c_char,
    callback: dmp_progress_callback,
    user: *mut c_void,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    let mut told = |progress: &DispatchProgress| match callback {
        None => true,
        Some(callback) => {
            // Numbers alone: it has no NUL, and can be written.
            let record = serde_json::to_string(progress).unwrap_or_default();
            let record = CString::new(record).unwrap_or_default();
            // SAFETY: the callback lives until this call returns (rule 7); it is given its own pointer.
            unsafe { callback(user, record.as_ptr()) == 0 }
        }
    };
    unsafe {
        answer(ticket, out, error, || {
            let connector = self::connector(ticket)?;
            let request: DispatchRequest = record_or_default(request, "request")?;
            connector
                .dispatch(&request, &mut told)
                .map_err(Failure::from)
        })
    }
}
