//! The C interface, called as a host calls it.

#![allow(unsafe_code)]
// The contract that makes every call here sound is the header's: handles come from the library, texts end
// with NUL, output pointers are writable, and what is freed was received.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::null_mut;

use dmpkit::ffi::access::{dmp_access, dmp_access_open};
use dmpkit::ffi::cda::dmp_cda_metadata;
use dmpkit::ffi::connector::{dmp_connector, dmp_connector_open, dmp_connector_set_time};
use dmpkit::ffi::document::{dmp_document_read, dmp_document_render};
use dmpkit::ffi::memory::dmp_free;
use dmpkit::ffi::outbox::{dmp_outbox_add, dmp_outbox_correct, dmp_outbox_dispatch};
use dmpkit::ffi::oversight::{dmp_journal_export, dmp_journal_seal, dmp_journal_verify_sealed};
use dmpkit::ffi::safekeeping::{
    DMP_KEY_RAW, dmp_connector_open_keyed, dmp_register_backup, dmp_register_rekey,
};
use dmpkit::ffi::session::{dmp_session, dmp_session_open};
use dmpkit::ffi::takeover::dmp_takeover_run;
use serde_json::Value;

pub type Connector = *mut dmp_connector;
pub type Session = *mut dmp_session;
pub type Access = *mut dmp_access;

/// A function that gives a record.
pub type Give<H> = unsafe extern "C" fn(*mut H, *mut *mut c_char, *mut *mut c_char) -> i32;
/// A function that takes a text, a record most often, and gives a record.
pub type Take<H> =
    unsafe extern "C" fn(*mut H, *const c_char, *mut *mut c_char, *mut *mut c_char) -> i32;
/// A function that takes the bytes of a document and a record, and gives a record.
pub type Feed<H> = unsafe extern "C" fn(
    *mut H,
    *const u8,
    usize,
    *const c_char,
    *mut *mut c_char,
    *mut *mut c_char,
) -> i32;

/// A function that takes bytes and a record, and gives bytes and a record.
pub type Make<H> = unsafe extern "C" fn(
    *mut H,
    *const u8,
    usize,
    *const c_char,
    *mut *mut u8,
    *mut usize,
    *mut *mut c_char,
    *mut *mut c_char,
) -> i32;
/// A function that takes a text, and gives bytes and a record.
type Fetch = unsafe extern "C" fn(
    Access,
    *const c_char,
    *mut *mut u8,
    *mut usize,
    *mut *mut c_char,
    *mut *mut c_char,
) -> i32;

/// A function on files, with the key they are under.
type OnFiles = unsafe extern "C" fn(
    *const c_char,
    *const u8,
    usize,
    i32,
    *mut *mut c_char,
    *mut *mut c_char,
) -> i32;

/// What a call took and answered.
#[derive(Debug)]
pub struct Reply {
    pub function: &'static str,
    /// The text it took; `None` when it took none, or NULL.
    pub input: Option<String>,
    pub status: i32,
    /// The record it gave.
    pub answer: Option<Value>,
    pub error: String,
}

/// Calls a function by its name.
#[macro_export]
macro_rules! call {
    ($f:ident($handle:expr)) => {
        $crate::library::give(stringify!($f), $f, $handle)
    };
    ($f:ident($handle:expr, $input:expr)) => {
        $crate::library::take(stringify!($f), $f, $handle, $input)
    };
    ($f:ident($access:expr, $content:expr, $options:expr)) => {
        $crate::library::feed(stringify!($f), $f, $access, $content, $options)
    };
}

fn received(text: *mut c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: a text of the library, freed once.
    unsafe {
        let copy = CStr::from_ptr(text).to_str().expect("UTF-8").to_owned();
        dmp_free(text.cast());
        Some(copy)
    }
}

fn reply(
    function: &'static str,
    input: Option<&str>,
    call: impl FnOnce(*mut *mut c_char, *mut *mut c_char) -> i32,
) -> Reply {
    let (mut answer, mut error) = (null_mut(), null_mut());
    let status = call(&mut answer, &mut error);
    Reply {
        function,
        input: input.map(str::to_owned),
        status,
        answer: received(answer).map(|text| serde_json::from_str(&text).expect("JSON")),
        error: received(error).unwrap_or_default(),
    }
}

/// A text as C takes it; `None` is NULL.
struct Text(Option<CString>);

impl Text {
    fn new(text: Option<&str>) -> Text {
        Text(text.map(|t| CString::new(t).expect("no NUL")))
    }

    fn pointer(&self) -> *const c_char {
        self.0.as_ref().map_or(std::ptr::null(), |t| t.as_ptr())
    }
}

pub fn give<H>(name: &'static str, f: Give<H>, handle: *mut H) -> Reply {
    reply(name, None, |answer, error| unsafe {
        f(handle, answer, error)
    })
}

pub fn take<'a, H>(
    name: &'static str,
    f: Take<H>,
    handle: *mut H,
    input: impl Into<Option<&'a str>>,
) -> Reply {
    let input = input.into();
    let text = Text::new(input);
    reply(name, input, |answer, error| unsafe {
        f(handle, text.pointer(), answer, error)
    })
}

pub fn feed<'a, H>(
    name: &'static str,
    f: Feed<H>,
    handle: *mut H,
    content: &[u8],
    options: impl Into<Option<&'a str>>,
) -> Reply {
    let options = options.into();
    let text = Text::new(options);
    let (bytes, len) = (content.as_ptr(), content.len());
    reply(name, options, |answer, error| unsafe {
        f(handle, bytes, len, text.pointer(), answer, error)
    })
}

/// Makes bytes of bytes, by a record; what was made beside the reply.
pub fn make<'a, H>(
    name: &'static str,
    f: Make<H>,
    handle: *mut H,
    content: &[u8],
    input: impl Into<Option<&'a str>>,
) -> (Vec<u8>, Reply) {
    let input = input.into();
    let text = Text::new(input);
    let (mut made, mut len) = (null_mut(), 0);
    let (bytes, size) = (content.as_ptr(), content.len());
    let reply = reply(name, input, |answer, error| unsafe {
        f(
            handle,
            bytes,
            size,
            text.pointer(),
            &mut made,
            &mut len,
            answer,
            error,
        )
    });
    (copied(made, len), reply)
}

/// Reads the metadata of a document.
pub fn metadata(connector: Connector, content: &[u8]) -> Reply {
    reply("dmp_cda_metadata", None, |answer, error| unsafe {
        dmp_cda_metadata(connector, content.as_ptr(), content.len(), answer, error)
    })
}

/// Bytes of the library, copied and freed.
fn copied(content: *mut u8, len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    if !content.is_null() {
        // SAFETY: bytes of the library, of the length it told, freed once.
        unsafe {
            bytes.extend_from_slice(std::slice::from_raw_parts(content, len));
            dmp_free(content.cast());
        }
    }
    bytes
}

/// Plays the holder's side; `content` is the CDA of a deposit.
pub fn act(connector: Connector, action: &str, content: &[u8]) -> Reply {
    let text = Text::new(Some(action));
    let bytes = if content.is_empty() {
        std::ptr::null()
    } else {
        content.as_ptr()
    };
    reply("dmp_holder_act", Some(action), |answer, error| unsafe {
        dmpkit::ffi::connector::dmp_holder_act(
            connector,
            text.pointer(),
            bytes,
            content.len(),
            answer,
            error,
        )
    })
}

/// Reads a document; its bytes beside the reply.
pub fn read(access: Access, unique_id: &str) -> (Vec<u8>, Reply) {
    fetch("dmp_document_read", dmp_document_read, access, unique_id)
}

/// Reads a document in a form for a screen; the form beside the reply.
pub fn render(access: Access, request: &str) -> (Vec<u8>, Reply) {
    fetch("dmp_document_render", dmp_document_render, access, request)
}

fn fetch(name: &'static str, f: Fetch, access: Access, input: &str) -> (Vec<u8>, Reply) {
    let text = Text::new(Some(input));
    let (mut content, mut len) = (null_mut(), 0);
    let reply = reply(name, Some(input), |answer, error| unsafe {
        f(
            access,
            text.pointer(),
            &mut content,
            &mut len,
            answer,
            error,
        )
    });
    (copied(content, len), reply)
}

/// Seals the journal.
pub fn seal(connector: Connector, key: &[u8]) -> Reply {
    reply("dmp_journal_seal", None, |answer, error| unsafe {
        dmp_journal_seal(connector, key.as_ptr(), key.len(), answer, error)
    })
}

/// Checks the journal with its seals.
pub fn verify_sealed(connector: Connector, check: Option<&str>, keys: &[u8]) -> Reply {
    let text = Text::new(check);
    let pointer = if keys.is_empty() {
        std::ptr::null()
    } else {
        keys.as_ptr()
    };
    reply("dmp_journal_verify_sealed", check, |answer, error| unsafe {
        dmp_journal_verify_sealed(
            connector,
            text.pointer(),
            pointer,
            keys.len(),
            answer,
            error,
        )
    })
}

unsafe extern "C" fn keep(user: *mut c_void, lines: *const u8, lines_len: usize) -> i32 {
    // SAFETY: `export` gives a vector, and the header promises the bytes.
    unsafe {
        let kept = &mut *user.cast::<Vec<u8>>();
        kept.extend_from_slice(std::slice::from_raw_parts(lines, lines_len));
    }
    0
}

/// Exports the journal; what was received beside the reply.
pub fn export(session: Session, request: &str) -> (Vec<u8>, Reply) {
    let text = Text::new(Some(request));
    let mut kept: Vec<u8> = Vec::new();
    let user: *mut Vec<u8> = &mut kept;
    let reply = reply(
        "dmp_journal_export",
        Some(request),
        |answer, error| unsafe {
            dmp_journal_export(
                session,
                text.pointer(),
                Some(keep),
                user.cast(),
                answer,
                error,
            )
        },
    );
    (kept, reply)
}

/// Takes past documents over; what the callback was given, beside the reply.
pub fn take_over(session: Session, request: &str) -> (Vec<Value>, Reply) {
    unsafe extern "C" fn told(user: *mut c_void, progress: *const c_char) -> i32 {
        // SAFETY: the list below, which lives for the call, and a text of the library.
        unsafe {
            let list = &mut *user.cast::<Vec<Value>>();
            let text = CStr::from_ptr(progress).to_str().expect("UTF-8");
            list.push(serde_json::from_str(text).expect("JSON"));
        }
        0
    }
    let mut list: Vec<Value> = Vec::new();
    let text = Text::new(Some(request));
    let user = (&raw mut list).cast();
    let reply = reply("dmp_takeover_run", Some(request), |answer, error| unsafe {
        dmp_takeover_run(session, text.pointer(), Some(told), user, answer, error)
    });
    (list, reply)
}

/// A function that takes a record and the bytes of a document, and gives a record.
type HandOver = unsafe extern "C" fn(
    Session,
    *const c_char,
    *const u8,
    usize,
    *mut *mut c_char,
    *mut *mut c_char,
) -> i32;

/// Hands a document over to the outbox.
pub fn add(session: Session, request: &str, content: &[u8]) -> Reply {
    hand_over("dmp_outbox_add", dmp_outbox_add, session, request, content)
}

/// Hands a corrected document over.
pub fn correct(session: Session, request: &str, content: &[u8]) -> Reply {
    let (name, f) = ("dmp_outbox_correct", dmp_outbox_correct);
    hand_over(name, f, session, request, content)
}

fn hand_over(
    name: &'static str,
    f: HandOver,
    session: Session,
    request: &str,
    content: &[u8],
) -> Reply {
    let text = Text::new(Some(request));
    let (bytes, len) = (content.as_ptr(), content.len());
    reply(name, Some(request), |answer, error| unsafe {
        f(session, text.pointer(), bytes, len, answer, error)
    })
}

/// Keeps what a dispatch tells.
unsafe extern "C" fn keep_progress(user: *mut c_void, progress: *const c_char) -> i32 {
    // SAFETY: the list of `dispatch`, which waits for its end; a text valid for the call.
    let (told, progress) = unsafe { (&mut *user.cast::<Vec<Value>>(), CStr::from_ptr(progress)) };
    told.push(serde_json::from_slice(progress.to_bytes()).expect("JSON"));
    0
}

/// Dispatches; what the progress callback was given beside the reply.
pub fn dispatch(connector: Connector, request: Option<&str>) -> (Vec<Value>, Reply) {
    let text = Text::new(request);
    let mut told: Vec<Value> = Vec::new();
    let user = (&raw mut told).cast();
    let reply = reply("dmp_outbox_dispatch", request, |answer, error| unsafe {
        dmp_outbox_dispatch(
            connector,
            text.pointer(),
            Some(keep_progress),
            user,
            answer,
            error,
        )
    });
    (told, reply)
}

pub fn open_connector(config: &str) -> (Connector, Reply) {
    let (mut connector, text) = (null_mut(), Text::new(Some(config)));
    let reply = reply("dmp_connector_open", Some(config), |_, error| unsafe {
        dmp_connector_open(text.pointer(), &mut connector, error)
    });
    (connector, reply)
}

/// Opens a connector under a key of 32 equal bytes.
pub fn open_keyed(config: &str, key: u8) -> (Connector, Reply) {
    let (mut connector, text) = (null_mut(), Text::new(Some(config)));
    let key = [key; 32];
    let reply = reply(
        "dmp_connector_open_keyed",
        Some(config),
        |_, error| unsafe {
            dmp_connector_open_keyed(
                text.pointer(),
                key.as_ptr(),
                key.len(),
                DMP_KEY_RAW,
                &mut connector,
                error,
            )
        },
    );
    (connector, reply)
}

/// Puts files that are in clear under a key of 32 equal bytes.
pub fn rekey(config: &str, key: u8) -> Reply {
    let text = Text::new(Some(config));
    let key = [key; 32];
    reply("dmp_register_rekey", Some(config), |answer, error| unsafe {
        dmp_register_rekey(
            text.pointer(),
            std::ptr::null(),
            0,
            0,
            key.as_ptr(),
            key.len(),
            DMP_KEY_RAW,
            answer,
            error,
        )
    })
}

/// Makes a backup.
pub fn backup(connector: Connector, request: &str) -> Reply {
    let text = Text::new(Some(request));
    reply(
        "dmp_register_backup",
        Some(request),
        |answer, error| unsafe {
            dmp_register_backup(connector, text.pointer(), None, null_mut(), answer, error)
        },
    )
}

/// Restores or saves a register, without a key.
pub fn without_key(name: &'static str, f: OnFiles, request: &str) -> Reply {
    let text = Text::new(Some(request));
    reply(name, Some(request), |answer, error| unsafe {
        f(text.pointer(), std::ptr::null(), 0, 0, answer, error)
    })
}

pub fn open_session(connector: Connector, requester: &str) -> (Session, Reply) {
    let (mut session, text) = (null_mut(), Text::new(Some(requester)));
    let reply = reply(
        "dmp_session_open",
        Some(requester),
        |refusal, error| unsafe {
            dmp_session_open(connector, text.pointer(), &mut session, refusal, error)
        },
    );
    (session, reply)
}

pub fn open_access(session: Session, request: &str) -> (Access, Reply) {
    let (mut access, text) = (null_mut(), Text::new(Some(request)));
    let reply = reply("dmp_access_open", Some(request), |state, error| unsafe {
        dmp_access_open(session, text.pointer(), &mut access, state, error)
    });
    (access, reply)
}

pub fn set_time(connector: Connector, at: &str) {
    let text = Text::new(Some(at));
    let status = unsafe { dmp_connector_set_time(connector, text.pointer(), null_mut()) };
    assert_eq!(status, 0, "{at}");
}

pub fn close_connector(connector: Connector) {
    let status = unsafe { dmpkit::ffi::connector::dmp_connector_close(connector, null_mut()) };
    assert_eq!(status, 0);
}

pub fn close_session(session: Session) {
    let status = unsafe { dmpkit::ffi::session::dmp_session_close(session, null_mut()) };
    assert_eq!(status, 0);
}

pub fn close_access(access: Access) {
    let status = unsafe { dmpkit::ffi::access::dmp_access_close(access, null_mut()) };
    assert_eq!(status, 0);
}
