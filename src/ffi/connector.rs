//! Connectors, and the patient's side of an embedded DMP.

use std::ffi::{CString, c_char, c_void};

use serde::Serialize;

use super::call::{answer, connector, issue, record, run, take};
use super::handles::Object;
use super::memory::{HandleOut, TextOut, bytes, text};
use crate::clock::Instant;
use crate::connector::{Config, Connector, Level};
use crate::error::Error;

/// A practice's connector: its register and its DMP.
#[allow(non_camel_case_types)]
pub struct dmp_connector {
    _private: [u8; 0],
}

/// Receives log lines. level: 0 information, 1 warning, 2 error. line: English, without patient data,
/// valid for the call. Runs on the thread of the call it speaks of.
#[allow(non_camel_case_types)]
pub type dmp_log_callback =
    Option<unsafe extern "C" fn(user: *mut c_void, level: i32, line: *const c_char)>;

/// Answer of a call that only tells that it was done.
#[derive(Serialize)]
pub(super) struct Done {
    outcome: &'static str,
}

impl Done {
    pub const DONE: Done = Done { outcome: "done" };
}

/// Opens a connector. config: record config. The files it names are created when absent, in clear: to have them
/// encrypted at rest, see dmp_connector_open_keyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_connector_open(
    config: *const c_char,
    out: *mut *mut dmp_connector,
    error: *mut *mut c_char,
) -> i32 {
    let (out, error) = unsafe { (HandleOut::new(out), TextOut::new(error)) };
    run(0, None, &error, || {
        out.required("out")?;
        let config: Config = unsafe { record(config, "config") }?;
        let ticket = issue(Object::Connector(Connector::open(config)?))?;
        out.write(ticket);
        Ok(())
    })
}

/// Closes a connector and its files. Its sessions and accesses answer DMP_CLOSED from then on; close
/// them too, before or after.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_connector_close(
    connector: *mut dmp_connector,
    error: *mut *mut c_char,
) -> i32 {
    let error = unsafe { TextOut::new(error) };
    let ticket = connector.addr();
    run(ticket, None, &error, || {
        // Before the handle is taken: a refused close leaves it open.
        self::connector(ticket)?.outside_callback()?;
        match take(ticket, "connector", |o| matches!(o, Object::Connector(_)))? {
            Object::Connector(connector) => Ok(connector.close()?),
            _ => Ok(()),
        }
    })
}

/// Sends the connector's log lines to a callback; NULL stops them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_connector_set_log(
    connector: *mut dmp_connector,
    callback: dmp_log_callback,
    user: *mut c_void,
    error: *mut *mut c_char,
) -> i32 {
    /// The host's pointer, handed back to the host alone.
    struct User(*mut c_void);
    // SAFETY: the host promises a callback that any calling thread may run (rules 6 and 7).
    unsafe impl Send for User {}
    let error = unsafe { TextOut::new(error) };
    let ticket = connector.addr();
    let user = User(user);
    run(ticket, None, &error, || {
        let connector = self::connector(ticket)?;
        connector.set_log(callback.map(|callback| -> crate::connector::Log {
            Box::new(move |level, line| {
                let user = &user;
                let level = match level {
                    Level::Info => 0,
                    Level::Warning => 1,
                    Level::Error => 2,
                };
                if let Ok(line) = CString::new(line) {
                    // SAFETY: the callback lives until the connector is closed (rule 7).
                    unsafe { callback(user.0, level, line.as_ptr()) };
                }
            })
        }))?;
        Ok(())
    })
}

/// Moves the clock of a connector whose configuration has a clock. at: RFC 3339, such as
/// "2026-01-31T08:00:00Z".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_connector_set_time(
    connector: *mut dmp_connector,
    at: *const c_char,
    error: *mut *mut c_char,
) -> i32 {
    let error = unsafe { TextOut::new(error) };
    let ticket = connector.addr();
    run(ticket, None, &error, || {
        let connector = self::connector(ticket)?;
        let at = Instant::parse(unsafe { text(at, "at") }?).map_err(|e| Error::caller("at", e))?;
        Ok(connector.set_time(at)?)
    })
}

/// Removes the documents kept for reading without network whose term is over; all of them when the configuration has no
/// member offline. Opening a connector does the same by the terms: call it once a day on one that stays open. out:
/// record swept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_connector_sweep(
    connector: *mut dmp_connector,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            Ok(self::connector(ticket)?.sweep_kept()?)
        })
    }
}

/// Plays the patient or the CNAM on an embedded DMP, or on dmpkit's simulator. action: record holder-action.
/// content: the CDA document of a deposit, NULL and 0 otherwise. out: record holder-answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_holder_act(
    connector: *mut dmp_connector,
    action: *const c_char,
    content: *const u8,
    content_len: usize,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let connector = self::connector(ticket)?;
            let action = record(action, "action")?;
            let content = if content.is_null() && content_len == 0 {
                &[]
            } else {
                bytes(content, content_len, "content")?
            };
            Ok(connector.holder_act(&action, content)?)
        })
    }
}
