//! What the host lends to a connector on the national DMP: PIN, signatures, its own transport; cancellation.

use std::ffi::{CString, c_char, c_void};
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::call::{answer, connector, run};
use super::connector::dmp_connector;
use super::memory::TextOut;
use super::status::{
    DMP_CANCELLED, DMP_KEY, DMP_NETWORK, DMP_NOT_TRUSTED, DMP_OK, DMP_TIMED_OUT,
    DMP_UNEXPECTED_ANSWER,
};
use crate::dmp::national::keys::host::{HostSigner, SignRequest};
use crate::dmp::national::keys::secret::{Secret, SecretKind, SecretRequest, Secrets};
use crate::dmp::national::transport::{HostFailure, HostRequest, HostSender, HostSink};
use crate::dmp::protocol::certificate::Use;
use crate::dmp::protocol::key::Algorithm;

/// Asks a person for a PIN or a passphrase. request: record secret-request. Writes the secret, UTF-8 and
/// NUL-terminated, into buffer, at most capacity bytes with its NUL, and returns DMP_OK; anything else gives none. The
/// buffer is wiped after use.
#[allow(non_camel_case_types)]
pub type dmp_secret_callback = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        request: *const c_char,
        buffer: *mut c_char,
        capacity: usize,
    ) -> i32,
>;

/// Signs with a key that the host holds. request: record sign-request. message: what to sign, not its digest. Writes the
/// signature, at most capacity bytes, and its length, and returns DMP_OK; anything else is a failure.
#[allow(non_camel_case_types)]
pub type dmp_sign_callback = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        request: *const c_char,
        message: *const u8,
        message_len: usize,
        signature: *mut u8,
        capacity: usize,
        signature_len: *mut usize,
    ) -> i32,
>;

/// Takes a part of an answer from a dmp_transport_callback. Anything but DMP_OK means: stop, and return that code.
#[allow(non_camel_case_types)]
pub type dmp_answer_writer =
    Option<unsafe extern "C" fn(answer: *mut c_void, bytes: *const u8, len: usize) -> i32>;

/// Sends a request over the host's own HTTPS. request: record http-request. Gives the answer to write, with answer as its
/// first argument: first the record http-answer, then the body in as many pieces as it likes. Returns DMP_OK;
/// DMP_NETWORK when nothing was sent; DMP_TIMED_OUT, DMP_CANCELLED, DMP_NOT_TRUSTED, DMP_KEY (client certificate);
/// DMP_UNEXPECTED_ANSWER or any other code when it failed after something was sent. Redirects are not followed.
#[allow(non_camel_case_types)]
pub type dmp_transport_callback = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        request: *const c_char,
        body: *const u8,
        body_len: usize,
        write: dmp_answer_writer,
        answer: *mut c_void,
    ) -> i32,
>;

/// The host's pointer, handed back to the host alone.
struct User(*mut c_void);
// SAFETY: the host promises callbacks that any calling thread may run (rules 6 and 7); ours run one at a time.
unsafe impl Send for User {}
// SAFETY: as above.
unsafe impl Sync for User {}

/// Room for a PIN or passphrase.
const SECRET_CAPACITY: usize = 1024;
/// Room for a signature: RSA keys of up to 16384 bits.
const SIGNATURE_CAPACITY: usize = 2048;

/// Record secret-request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SecretRecord<'a> {
    kind: &'static str,
    of: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tries_left: Option<u8>,
}

/// Record sign-request.
#[derive(Serialize)]
struct SignRecord {
    key: &'static str,
    algorithm: &'static str,
    certificate: String,
}

/// Record http-request.
#[derive(Serialize)]
struct HttpRequestRecord<'a> {
    method: &'a str,
    url: &'a str,
    headers: serde_json::Value,
    certificate: String,
}

/// Record http-answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpAnswerRecord {
    status: u16,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
}

fn json(record: &impl Serialize) -> Option<CString> {
    CString::new(serde_json::to_string(record).ok()?).ok()
}

struct SecretHost {
    callback: unsafe extern "C" fn(*mut c_void, *const c_char, *mut c_char, usize) -> i32,
    user: User,
}

impl Secrets for SecretHost {
    fn ask(&mut self, request: &SecretRequest) -> Option<Secret> {
        let record = json(&SecretRecord {
            kind: match request.kind {
                SecretKind::Pin => "pin",
                SecretKind::Passphrase => "passphrase",
            },
            of: &request.of,
            tries_left: request.tries_left,
        })?;
        let mut buffer = vec![0_u8; SECRET_CAPACITY];
        // SAFETY: the callback lives until the connector is closed (rule 7); the buffer is as long as it is told.
        let status = unsafe {
            (self.callback)(
                self.user.0,
                record.as_ptr(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
            )
        };
        let text = (status == DMP_OK)
            .then(|| std::ffi::CStr::from_bytes_until_nul(&buffer).ok())
            .flatten()
            .and_then(|text| text.to_str().ok())
            .filter(|text| !text.is_empty())
            .map(|text| Secret::new(text.to_owned()));
        buffer.zeroize();
        text
    }
}

struct SignHost {
    #[allow(clippy::type_complexity)] // the C type, without its Option
    callback: unsafe extern "C" fn(
        *mut c_void,
        *const c_char,
        *const u8,
        usize,
        *mut u8,
        usize,
        *mut usize,
    ) -> i32,
    user: User,
}

impl HostSigner for SignHost {
    fn sign(&mut self, request: &SignRequest<'_>) -> Option<Vec<u8>> {
        let record = json(&SignRecord {
            key: match request.key {
                Use::Authentication => "authentication",
                Use::Signature => "signature",
            },
            algorithm: match request.algorithm {
                Algorithm::RsaSha256 => "rsa_sha256",
                Algorithm::RsaSha1 => "rsa_sha1",
            },
            certificate: STANDARD.encode(request.certificate),
        })?;
        let mut signature = vec![0_u8; SIGNATURE_CAPACITY];
        let mut len = 0_usize;
        // SAFETY: as for secrets; message and signature are as long as they are told.
        let status = unsafe {
            (self.callback)(
                self.user.0,
                record.as_ptr(),
                request.message.as_ptr(),
                request.message.len(),
                signature.as_mut_ptr(),
                signature.len(),
                &raw mut len,
            )
        };
        if status != DMP_OK || len == 0 || len > signature.len() {
            return None;
        }
        signature.truncate(len);
        Some(signature)
    }
}

struct TransportHost {
    #[allow(clippy::type_complexity)] // the C type, without its Option
    callback: unsafe extern "C" fn(
        *mut c_void,
        *const c_char,
        *const u8,
        usize,
        dmp_answer_writer,
        *mut c_void,
    ) -> i32,
    user: User,
}

/// What the writer is given back: the sink, and whether the head came.
struct Writing<'a, 'b> {
    sink: &'a mut HostSink,
    begun: bool,
    _life: std::marker::PhantomData<&'b ()>,
}

/// Takes the parts of an answer.
unsafe extern "C" fn take_part(answer: *mut c_void, bytes: *const u8, len: usize) -> i32 {
    if answer.is_null() || (bytes.is_null() && len > 0) || isize::try_from(len).is_err() {
        return DMP_UNEXPECTED_ANSWER;
    }
    let part = if len == 0 {
        &[]
    } else {
        // SAFETY: the host gives `len` readable bytes, valid for the call.
        unsafe { std::slice::from_raw_parts(bytes, len) }
    };
    // SAFETY: the host hands back the pointer it was given, during the callback alone and from its thread.
    let writing = unsafe { &mut *answer.cast::<Mutex<Writing<'_, '_>>>() };
    let Ok(writing) = writing.get_mut() else {
        return DMP_UNEXPECTED_ANSWER;
    };
    let taken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        if writing.begun {
            return writing.sink.body(part).is_ok();
        }
        writing.begun = true;
        let head = std::str::from_utf8(part).ok();
        let Some(head) =
            head.and_then(|t| crate::json::read::<HttpAnswerRecord>(t, "http-answer").ok())
        else {
            return false;
        };
        writing.sink.status(head.status).is_ok()
            && head
                .headers
                .iter()
                .all(|(name, value)| writing.sink.header(name, value).is_ok())
    }));
    if taken.unwrap_or(false) {
        DMP_OK
    } else {
        DMP_UNEXPECTED_ANSWER
    }
}

impl HostSender for TransportHost {
    fn send(&self, request: &HostRequest<'_>, sink: &mut HostSink) -> Result<(), HostFailure> {
        let unsent = HostFailure::Other { sent: false };
        let headers = request
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), serde_json::Value::from(value.as_str())))
            .collect();
        let record = json(&HttpRequestRecord {
            method: request.method,
            url: request.url,
            headers: serde_json::Value::Object(headers),
            certificate: STANDARD.encode(request.certificate),
        })
        .ok_or(unsent)?;
        let body = request.body.concat();
        let mut writing = Mutex::new(Writing {
            sink,
            begun: false,
            _life: std::marker::PhantomData,
        });
        // SAFETY: the callback lives until the connector is closed (rule 7); body and answer outlive the call.
        let status = unsafe {
            (self.callback)(
                self.user.0,
                record.as_ptr(),
                body.as_ptr(),
                body.len(),
                Some(take_part),
                (&raw mut writing).cast(),
            )
        };
        match status {
            DMP_OK => Ok(()),
            DMP_NETWORK => Err(HostFailure::Unreachable),
            DMP_TIMED_OUT => Err(HostFailure::TimedOut),
            DMP_CANCELLED => Err(HostFailure::Cancelled { sent: true }),
            DMP_NOT_TRUSTED => Err(HostFailure::ServerCertificate),
            DMP_KEY => Err(HostFailure::ClientCertificate),
            DMP_UNEXPECTED_ANSWER => Err(HostFailure::Malformed),
            _ => Err(HostFailure::Other { sent: true }),
        }
    }
}

/// Asks this callback for PIN and passphrases; NULL gives none. Only on the national DMP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_connector_set_secrets(
    connector: *mut dmp_connector,
    callback: dmp_secret_callback,
    user: *mut c_void,
    error: *mut *mut c_char,
) -> i32 {
    let error = unsafe { TextOut::new(error) };
    let ticket = connector.addr();
    let user = User(user);
    run(ticket, None, &error, || {
        let user = user;
        let secrets = callback
            .map(|callback| -> Box<dyn Secrets> { Box::new(SecretHost { callback, user }) });
        Ok(self::connector(ticket)?.set_secrets(secrets)?)
    })
}

/// Signs with this callback for the keys that the configuration leaves to the host (member host of a key); NULL signs
/// nothing. Only on the national DMP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_connector_set_signer(
    connector: *mut dmp_connector,
    callback: dmp_sign_callback,
    user: *mut c_void,
    error: *mut *mut c_char,
) -> i32 {
    let error = unsafe { TextOut::new(error) };
    let ticket = connector.addr();
    let user = User(user);
    run(ticket, None, &error, || {
        let user = user;
        let signer = callback
            .map(|callback| -> Box<dyn HostSigner> { Box::new(SignHost { callback, user }) });
        Ok(self::connector(ticket)?.set_signer(signer)?)
    })
}

/// Sends through this callback instead of the built-in HTTPS client, for the system's own TLS; NULL goes back to the
/// built-in one. Only on the national DMP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_connector_set_transport(
    connector: *mut dmp_connector,
    callback: dmp_transport_callback,
    user: *mut c_void,
    error: *mut *mut c_char,
) -> i32 {
    let error = unsafe { TextOut::new(error) };
    let ticket = connector.addr();
    let user = User(user);
    run(ticket, None, &error, || {
        let user = user;
        let sender = callback
            .map(|callback| -> Box<dyn HostSender> { Box::new(TransportHost { callback, user }) });
        Ok(self::connector(ticket)?.set_transport(sender)?)
    })
}

/// Stops the call that is on its way to the DMP, from another thread: it ends with DMP_CANCELLED. Does nothing when none
/// is. The one function that does not wait for the call in progress.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_connector_cancel(
    connector: *mut dmp_connector,
    error: *mut *mut c_char,
) -> i32 {
    let error = unsafe { TextOut::new(error) };
    let ticket = connector.addr();
    run(ticket, None, &error, || {
        self::connector(ticket)?.cancel();
        Ok(())
    })
}

/// What is known of the way to the DMP: the difference of clocks, the last answer. Sends nothing. Only on the national
/// DMP. out: record network-state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_connector_network(
    connector: *mut dmp_connector,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            Ok(self::connector(ticket)?.network()?)
        })
    }
}

/// What the card in the reader says of its holder and exercises, as a session needs it. Asks for the PIN. Only on the
/// national DMP with a pkcs11 key. out: record card.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_connector_card(
    connector: *mut dmp_connector,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe { answer(ticket, out, error, || Ok(self::connector(ticket)?.card()?)) }
}
