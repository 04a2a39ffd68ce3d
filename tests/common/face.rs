//! The C face as a table: every function of the header that answers a status, called the way C calls it.
//!
//! Output places hold rubbish before each call: what a call does not write shows.

#![allow(unsafe_code)] // calls the C face from Rust, as C does
#![allow(dead_code, reason = "each test file uses its part")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{null, null_mut, without_provenance_mut};
use std::sync::Mutex;

use dmpkit::ffi::{
    access, cda, connector, document, host, library, memory, outbox, oversight, safekeeping,
    session, support, takeover, terminology,
};

/// The arguments of a call as C passes them; each function takes those that are its own.
pub struct Raw {
    pub handle: usize,
    pub text: *const c_char,
    pub content: *const u8,
    pub content_len: usize,
    pub handle_out: *mut *mut c_void,
    pub text_out: *mut *mut c_char,
    pub bytes_out: *mut *mut u8,
    pub len_out: *mut usize,
    pub error: *mut *mut c_char,
}

impl Raw {
    fn handle<T>(&self) -> *mut T {
        without_provenance_mut(self.handle)
    }
    fn text(&self) -> *const c_char {
        self.text
    }
    fn content(&self) -> *const u8 {
        self.content
    }
    fn content_len(&self) -> usize {
        self.content_len
    }
    fn handle_out<T>(&self) -> *mut *mut T {
        self.handle_out.cast()
    }
    fn text_out(&self) -> *mut *mut c_char {
        self.text_out
    }
    fn bytes_out(&self) -> *mut *mut u8 {
        self.bytes_out
    }
    fn len_out(&self) -> *mut usize {
        self.len_out
    }
    fn callback(&self) -> connector::dmp_log_callback {
        Some(collect)
    }
    // A host that lends nothing; what one lends is in lent.rs.
    fn secrets(&self) -> host::dmp_secret_callback {
        None
    }
    fn signer(&self) -> host::dmp_sign_callback {
        None
    }
    fn transport(&self) -> host::dmp_transport_callback {
        None
    }
    fn sink(&self) -> oversight::dmp_export_callback {
        Some(receive)
    }
    // A good key; and none, where one may be left out.
    fn key(&self) -> *const u8 {
        KEY.as_ptr()
    }
    fn key_len(&self) -> usize {
        KEY.len()
    }
    fn kind(&self) -> i32 {
        safekeeping::DMP_KEY_RAW
    }
    fn no_key(&self) -> *const u8 {
        null()
    }
    fn no_len(&self) -> usize {
        0
    }
    fn no_kind(&self) -> i32 {
        0
    }
    fn copied(&self) -> safekeeping::dmp_backup_callback {
        None
    }
    fn taking_over(&self) -> takeover::dmp_takeover_callback {
        Some(taken_over)
    }
    fn progress(&self) -> outbox::dmp_progress_callback {
        Some(progressed)
    }
    fn user(&self) -> *mut c_void {
        null_mut()
    }
    fn error(&self) -> *mut *mut c_char {
        self.error
    }
}

/// A host that receives an export: whole lines.
unsafe extern "C" fn receive(_: *mut c_void, lines: *const u8, lines_len: usize) -> i32 {
    // SAFETY: the header promises as many bytes as it tells, valid for the call.
    let lines = unsafe { std::slice::from_raw_parts(lines, lines_len) };
    let lines = std::str::from_utf8(lines).expect("UTF-8");
    assert!(lines.ends_with('\n') && !lines.contains('\0'));
    0
}

/// The key that the table's functions are given; as bytes it stands for nothing else.
pub const KEY: [u8; 32] = *b"ZZSECRET-0123456789-0123456789-Z";

static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A host's log callback: keeps every line.
unsafe extern "C" fn collect(_: *mut c_void, level: i32, line: *const c_char) {
    assert!((0..=2).contains(&level));
    // SAFETY: the header promises NUL-terminated text, valid for the call.
    let line = unsafe { CStr::from_ptr(line) }
        .to_str()
        .expect("UTF-8")
        .to_owned();
    LOG.lock().expect("the log").push(line);
}

/// A host's callback of a take-over: goes on.
unsafe extern "C" fn taken_over(_: *mut c_void, progress: *const c_char) -> i32 {
    // SAFETY: the header promises NUL-terminated text, valid for the call.
    let progress = unsafe { CStr::from_ptr(progress) }.to_str().expect("UTF-8");
    let progress: serde_json::Value = serde_json::from_str(progress).expect("JSON");
    assert!(progress["counts"]["files"].is_u64(), "{progress}");
    0
}

/// A host's progress callback: goes on.
unsafe extern "C" fn progressed(_: *mut c_void, progress: *const c_char) -> i32 {
    // SAFETY: the header promises NUL-terminated text, valid for the call.
    let progress = unsafe { CStr::from_ptr(progress) }.to_str().expect("UTF-8");
    let progress: serde_json::Value = serde_json::from_str(progress).expect("JSON");
    assert!(progress["left"].is_u64(), "{progress}");
    0
}

/// Every log line since this was last asked.
pub fn logged() -> Vec<String> {
    std::mem::take(&mut LOG.lock().expect("the log"))
}

/// What a handle argument stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Nothing,
    Connector,
    Session,
    Access,
}

/// What a text argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    Absent,
    /// A JSON record.
    Record,
    /// A JSON record, or NULL.
    Optional,
    /// Plain text.
    Plain,
}

/// A function of the header.
pub struct Function {
    pub name: &'static str,
    pub on: On,
    pub text: Text,
    arguments: &'static [&'static str],
    call: unsafe fn(&Raw) -> i32,
}

macro_rules! functions {
    ($($module:ident :: $name:ident $on:ident $text:ident ($($argument:ident)*);)*) => {
        /// Every function that answers a status.
        pub static FUNCTIONS: &[Function] = &[$(Function {
            name: stringify!($name),
            on: On::$on,
            text: Text::$text,
            arguments: &[$(stringify!($argument)),*],
            // SAFETY: `Raw` is filled by `call` and `raw`, below, as the header asks.
            call: |raw| unsafe { $module::$name($(raw.$argument()),*) },
        },)*];
    };
}

functions! {
    connector::dmp_connector_open Nothing Record (text handle_out error);
    safekeeping::dmp_connector_open_keyed Nothing Record (text key key_len kind handle_out error);
    connector::dmp_connector_close Connector Absent (handle error);
    connector::dmp_connector_set_log Connector Absent (handle callback user error);
    connector::dmp_connector_set_time Connector Plain (handle text error);
    connector::dmp_connector_sweep Connector Absent (handle text_out error);
    host::dmp_connector_set_secrets Connector Absent (handle secrets user error);
    host::dmp_connector_set_signer Connector Absent (handle signer user error);
    host::dmp_connector_set_transport Connector Absent (handle transport user error);
    host::dmp_connector_cancel Connector Absent (handle error);
    host::dmp_connector_network Connector Absent (handle text_out error);
    host::dmp_connector_card Connector Absent (handle text_out error);
    connector::dmp_holder_act Connector Record (handle text content content_len text_out error);
    session::dmp_session_open Connector Record (handle text handle_out text_out error);
    session::dmp_session_close Session Absent (handle error);
    session::dmp_patient_register Session Record (handle text text_out error);
    session::dmp_patient_get Session Record (handle text text_out error);
    session::dmp_patient_find Session Record (handle text text_out error);
    session::dmp_dossier_list Session Optional (handle text text_out error);
    session::dmp_consent_record Session Record (handle text text_out error);
    session::dmp_consent_revoke Session Record (handle text text_out error);
    session::dmp_consent_list Session Record (handle text text_out error);
    access::dmp_access_open Session Record (handle text handle_out text_out error);
    access::dmp_access_close Access Absent (handle error);
    access::dmp_access_state Access Absent (handle text_out error);
    access::dmp_access_confirm_identity Access Record (handle text text_out error);
    access::dmp_access_authorise Access Record (handle text text_out error);
    access::dmp_access_administrative_data Access Absent (handle text_out error);
    access::dmp_access_professionals Access Optional (handle text text_out error);
    access::dmp_access_web Access Absent (handle text_out error);
    document::dmp_document_wrap Access Record (handle content content_len text bytes_out len_out text_out error);
    document::dmp_document_check Access Optional (handle content content_len text text_out error);
    document::dmp_document_feed Access Optional (handle content content_len text text_out error);
    document::dmp_document_stage Access Optional (handle content content_len text text_out error);
    document::dmp_document_unstage Access Absent (handle text_out error);
    document::dmp_document_feed_staged Access Absent (handle text_out error);
    document::dmp_document_find Access Optional (handle text text_out error);
    document::dmp_document_reference Access Record (handle text text_out error);
    document::dmp_document_news Access Record (handle text text_out error);
    document::dmp_document_preload Access Optional (handle text text_out error);
    document::dmp_document_read Access Plain (handle text bytes_out len_out text_out error);
    document::dmp_document_render Access Record (handle text bytes_out len_out text_out error);
    document::dmp_document_mask Access Plain (handle text text_out error);
    document::dmp_document_unmask Access Plain (handle text text_out error);
    document::dmp_document_show_patient Access Plain (handle text text_out error);
    document::dmp_document_show_representatives Access Plain (handle text text_out error);
    document::dmp_document_archive Access Plain (handle text text_out error);
    document::dmp_document_unarchive Access Plain (handle text text_out error);
    document::dmp_document_delete Access Plain (handle text text_out error);
    outbox::dmp_outbox_add Session Record (handle text content content_len text_out error);
    outbox::dmp_outbox_add_change Session Record (handle text text_out error);
    outbox::dmp_outbox_add_staged Access Absent (handle text_out error);
    outbox::dmp_outbox_list Session Optional (handle text text_out error);
    outbox::dmp_outbox_audit Connector Optional (handle text text_out error);
    outbox::dmp_outbox_get Session Record (handle text text_out error);
    outbox::dmp_outbox_give_up Session Record (handle text text_out error);
    outbox::dmp_outbox_resend Session Record (handle text text_out error);
    outbox::dmp_outbox_correct Session Record (handle text content content_len text_out error);
    outbox::dmp_outbox_recover Session Record (handle text text_out error);
    outbox::dmp_outbox_stop Session Record (handle text text_out error);
    outbox::dmp_outbox_restart Session Record (handle text text_out error);
    outbox::dmp_outbox_dispatch Connector Optional (handle text progress user text_out error);
    cda::dmp_cda_check Connector Optional (handle content content_len text text_out error);
    cda::dmp_cda_metadata Connector Absent (handle content content_len text_out error);
    cda::dmp_cda_wrap Connector Record (handle content content_len text bytes_out len_out text_out error);
    cda::dmp_cda_render Connector Optional (handle content content_len text bytes_out len_out text_out error);
    oversight::dmp_journal_read Access Optional (handle text text_out error);
    oversight::dmp_journal_audit Connector Optional (handle text text_out error);
    oversight::dmp_journal_verify Connector Absent (handle text_out error);
    oversight::dmp_journal_seal Connector Absent (handle content content_len text_out error);
    oversight::dmp_journal_verify_sealed Connector Optional (handle text content content_len text_out error);
    oversight::dmp_journal_prune Session Record (handle text text_out error);
    oversight::dmp_journal_export Session Record (handle text sink user text_out error);
    oversight::dmp_emergency_list Connector Optional (handle text text_out error);
    oversight::dmp_emergency_review Session Record (handle text text_out error);
    safekeeping::dmp_register_rekey Nothing Record (text no_key no_len no_kind key key_len kind text_out error);
    safekeeping::dmp_register_backup Connector Record (handle text copied user text_out error);
    safekeeping::dmp_register_check Connector Absent (handle text_out error);
    safekeeping::dmp_register_restore Nothing Record (text no_key no_len no_kind text_out error);
    safekeeping::dmp_register_salvage Nothing Record (text no_key no_len no_kind text_out error);
    support::dmp_connector_support Connector Absent (handle text_out error);
    takeover::dmp_takeover_run Session Record (handle text taking_over user text_out error);
    takeover::dmp_takeover_state Session Absent (handle text_out error);
    terminology::dmp_terminology_sets Connector Absent (handle text_out error);
    terminology::dmp_terminology_list Connector Record (handle text text_out error);
    terminology::dmp_terminology_check Connector Record (handle text text_out error);
    terminology::dmp_terminology_label Connector Record (handle text text_out error);
    terminology::dmp_terminology_load Connector Record (handle text text_out error);
}

/// What a call answered, copied and freed.
#[derive(Debug, Default, Clone)]
pub struct Reply {
    pub status: i32,
    pub handle: usize,
    pub out: Option<String>,
    pub bytes: Option<Vec<u8>>,
    pub len: usize,
    pub error: Option<String>,
}

impl Reply {
    /// The name of the status.
    pub fn name(&self) -> &'static str {
        status_name(self.status)
    }

    /// Demands success.
    pub fn ok(self) -> Reply {
        assert_eq!(self.name(), "DMP_OK", "{:?} {:?}", self.error, self.out);
        self
    }

    /// The record answered.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.out.as_deref().expect("a record")).expect("JSON")
    }
}

/// The name of a status.
pub fn status_name(status: i32) -> &'static str {
    // SAFETY: dmp_status_name answers static text.
    unsafe { CStr::from_ptr(library::dmp_status_name(status)) }
        .to_str()
        .expect("UTF-8")
}

/// A function by name.
pub fn function(name: &str) -> &'static Function {
    FUNCTIONS
        .iter()
        .find(|f| f.name == name)
        .unwrap_or_else(|| panic!("{name} is not in the table"))
}

/// Calls a function by name.
pub fn call(name: &str, handle: usize, text: Option<&str>, content: Option<&[u8]>) -> Reply {
    function(name).call(handle, text.map(str::as_bytes), content)
}

impl Function {
    /// Whether the function has this argument.
    pub fn takes(&self, argument: &str) -> bool {
        self.arguments.contains(&argument)
    }

    /// Calls with every output given. `text` is what stands before the NUL.
    pub fn call(&self, handle: usize, text: Option<&[u8]>, content: Option<&[u8]>) -> Reply {
        self.without("", handle, text, content)
    }

    /// Calls with NULL for the argument named `null`.
    pub fn without(
        &self,
        null_argument: &str,
        handle: usize,
        text: Option<&[u8]>,
        content: Option<&[u8]>,
    ) -> Reply {
        let text = text.map(|t| CString::new(t).expect("no NUL within"));
        let rubbish = 0x5a5a_5a50_usize;
        let mut handle_out: *mut c_void = without_provenance_mut(rubbish);
        let mut text_out: *mut c_char = without_provenance_mut(rubbish);
        let mut bytes_out: *mut u8 = without_provenance_mut(rubbish);
        let mut error: *mut c_char = without_provenance_mut(rubbish);
        let mut len_out = rubbish;
        let given = |name: &str| self.takes(name) && null_argument != name;
        fn place<T>(given: bool, place: &mut T) -> *mut T {
            if given { place } else { null_mut() }
        }
        let raw = Raw {
            handle: if given("handle") { handle } else { 0 },
            text: match &text {
                Some(text) if given("text") => text.as_ptr(),
                _ => null(),
            },
            content: match content {
                Some(content) if given("content") => content.as_ptr(),
                _ => null(),
            },
            content_len: content.map_or(0, <[u8]>::len),
            handle_out: place(given("handle_out"), &mut handle_out),
            text_out: place(given("text_out"), &mut text_out),
            bytes_out: place(given("bytes_out"), &mut bytes_out),
            len_out: place(given("len_out"), &mut len_out),
            error: place(given("error"), &mut error),
        };
        // SAFETY: every pointer is NULL or lives in this frame until the call returns.
        let status = unsafe { (self.call)(&raw) };
        Reply {
            status,
            handle: if given("handle_out") {
                handle_out.addr()
            } else {
                0
            },
            out: if given("text_out") {
                take_text(text_out)
            } else {
                None
            },
            bytes: if given("bytes_out") {
                take_bytes(bytes_out, if given("len_out") { len_out } else { 0 })
            } else {
                None
            },
            len: if given("len_out") { len_out } else { 0 },
            error: if given("error") {
                take_text(error)
            } else {
                None
            },
        }
    }
}

fn take_text(text: *mut c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: a text received through an output pointer, freed once.
    unsafe {
        let copy = CStr::from_ptr(text).to_str().expect("UTF-8").to_owned();
        memory::dmp_free(text.cast());
        Some(copy)
    }
}

fn take_bytes(bytes: *mut u8, len: usize) -> Option<Vec<u8>> {
    if bytes.is_null() {
        return None;
    }
    // SAFETY: bytes received through an output pointer with their length, freed once.
    unsafe {
        let copy = std::slice::from_raw_parts(bytes, len).to_vec();
        memory::dmp_free(bytes.cast());
        Some(copy)
    }
}

type Within<'a> = &'a mut dyn FnMut(&serde_json::Value) -> i32;

/// A host's callback: asks the test.
unsafe extern "C" fn ask_test(user: *mut c_void, progress: *const c_char) -> i32 {
    // SAFETY: the place of `dispatch`, which waits; a text valid for the call.
    let (within, progress) = unsafe { (&mut *user.cast::<Within<'_>>(), CStr::from_ptr(progress)) };
    within(&serde_json::from_slice(progress.to_bytes()).expect("JSON"))
}

/// Dispatches the outbox, with a callback that asks the test; the record answered.
pub fn dispatch(
    connector: usize,
    mut within: impl FnMut(&serde_json::Value) -> i32,
) -> serde_json::Value {
    let mut within: Within<'_> = &mut within;
    let (mut out, mut error) = (null_mut(), null_mut());
    // SAFETY: every pointer lives until the call returns; what is received is freed once.
    unsafe {
        let user = (&raw mut within).cast();
        let connector = without_provenance_mut(connector);
        let told = Some(ask_test as _);
        let status =
            outbox::dmp_outbox_dispatch(connector, null(), told, user, &mut out, &mut error);
        assert_eq!(status_name(status), "DMP_OK");
        assert!(error.is_null());
        let answer = serde_json::from_slice(CStr::from_ptr(out).to_bytes()).expect("JSON");
        memory::dmp_free(out.cast());
        answer
    }
}
