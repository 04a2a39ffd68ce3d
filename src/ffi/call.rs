//! One call through the boundary: handle and record in, panic caught, status, answer and error text out.

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handles::{self, Object};
use super::memory::{BytesOut, TextOut, text};
use super::status::{self, DMP_BAD_HANDLE, DMP_BUG, DMP_INVALID_RECORD, DMP_OK, DMP_PANIC};
use crate::connector::{Access, Connector, Session};
use crate::error::Error;
use crate::json;

/// Why a call fails: status, English line, and the refusal record for the answer.
pub(super) struct Failure {
    status: i32,
    line: String,
    record: Option<String>,
}

impl Failure {
    pub fn new(status: i32, line: String) -> Failure {
        Failure {
            status,
            line,
            record: None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure {
            status: status::of(&error),
            line: error.to_string(),
            record: error.refusal().and_then(|r| serde_json::to_string(r).ok()),
        }
    }
}

/// Runs a call. `ticket` is the handle that a panic makes unusable; `answer` receives the record of a
/// refusal.
pub(super) fn run(
    ticket: usize,
    answer: Option<&TextOut>,
    error: &TextOut,
    call: impl FnOnce() -> Result<(), Failure>,
) -> i32 {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => DMP_OK,
        Ok(Err(failure)) => {
            if let (Some(answer), Some(record)) = (answer, &failure.record) {
                answer.write(record);
            }
            error.write(&failure.line);
            failure.status
        }
        Err(_) => {
            // Drop what it stood for outside the table's lock, and never through a second panic.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(handles::take(ticket))));
            error.write("bug in dmpkit: a panic was caught; the handle is closed");
            DMP_PANIC
        }
    }
}

/// Runs a call whose answer is a JSON record.
pub(super) unsafe fn answer<T: Serialize>(
    ticket: usize,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
    call: impl FnOnce() -> Result<T, Failure>,
) -> i32 {
    // SAFETY: the caller's output pointers, as the header asks.
    let (out, error) = unsafe { (TextOut::new(out), TextOut::new(error)) };
    run(ticket, Some(&out), &error, || {
        out.required("out")?;
        let value = call()?;
        let record = serde_json::to_string(&value).map_err(|_| {
            Failure::new(
                DMP_BUG,
                "bug in dmpkit: an answer cannot be written".to_owned(),
            )
        })?;
        out.write(&record);
        Ok(())
    })
}

/// Runs a call whose answer is bytes and a JSON record.
pub(super) unsafe fn made<T: Serialize>(
    ticket: usize,
    content: *mut *mut u8,
    content_len: *mut usize,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
    call: impl FnOnce() -> Result<(Vec<u8>, T), Failure>,
) -> i32 {
    // SAFETY: the caller's output pointers, as the header asks.
    let (content, out, error) = unsafe {
        (
            BytesOut::new(content, content_len),
            TextOut::new(out),
            TextOut::new(error),
        )
    };
    run(ticket, Some(&out), &error, || {
        content.required("content")?;
        out.required("out")?;
        let (bytes, value) = call()?;
        let record =
            serde_json::to_string(&value).map_err(|_| Error::bug("an answer cannot be written"))?;
        content.write(&bytes);
        out.write(&record);
        Ok(())
    })
}

fn bad(kind: &str) -> Failure {
    Failure::new(
        DMP_BAD_HANDLE,
        format!("{kind}: is NULL, closed, or not a handle of this kind"),
    )
}

/// The connector of a handle.
pub(super) fn connector(ticket: usize) -> Result<Connector, Failure> {
    match handles::find(ticket) {
        Some(Object::Connector(connector)) => Ok(connector),
        _ => Err(bad("connector")),
    }
}

/// The session of a handle.
pub(super) fn session(ticket: usize) -> Result<Session, Failure> {
    match handles::find(ticket) {
        Some(Object::Session(session)) => Ok(session),
        _ => Err(bad("session")),
    }
}

/// The access of a handle.
pub(super) fn access(ticket: usize) -> Result<Arc<Access>, Failure> {
    match handles::find(ticket) {
        Some(Object::Access(access)) => Ok(access),
        _ => Err(bad("access")),
    }
}

/// Closes a handle of the kind that `fits`.
pub(super) fn take(
    ticket: usize,
    kind: &str,
    fits: impl Fn(&Object) -> bool,
) -> Result<Object, Failure> {
    match handles::find(ticket) {
        Some(object) if fits(&object) => handles::take(ticket).ok_or_else(|| bad(kind)),
        _ => Err(bad(kind)),
    }
}

/// Issues a handle.
pub(super) fn issue(object: Object) -> Result<usize, Failure> {
    handles::issue(object)
        .ok_or_else(|| Failure::new(DMP_BUG, "too many handles are open".to_owned()))
}

/// Reads a record. The error names the field and the rule, never the value.
pub(super) unsafe fn record<T: DeserializeOwned>(
    pointer: *const c_char,
    name: &str,
) -> Result<T, Failure> {
    // SAFETY: the caller gives a NUL-terminated text, valid for the call.
    let json = unsafe { text(pointer, name) }?;
    json::read(json, name).map_err(|line| Failure::new(DMP_INVALID_RECORD, line))
}

/// An optional record: NULL stands for the default.
pub(super) unsafe fn record_or_default<T: DeserializeOwned + Default>(
    pointer: *const c_char,
    name: &str,
) -> Result<T, Failure> {
    if pointer.is_null() {
        return Ok(T::default());
    }
    // SAFETY: as `record`.
    unsafe { record(pointer, name) }
}
