//! What the host lends to a connector on the national DMP: PIN, signatures, its own transport; cancellation.
//!
//! These functions are in libraries built with the feature `national`, which is one of the default.

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
use crate::dmp::national::transport::{Cancel, HostFailure, HostRequest, HostSender, HostSink};
use crate::dmp::protocol::certificate::Use;
use crate::dmp::protocol::key::Algorithm;

/// Asks a person for a PIN or a passphrase. user: as given to dmp_connector_set_secrets. request: record
/// secret-request, valid for the call. buffer: where to write the secret, UTF-8, ended by NUL. capacity:
/// the bytes of buffer, NUL included: 1024. Return DMP_OK when the secret was written; anything else, or an
/// empty text, says that the person gave none, and the call ends with DMP_KEY. The buffer is wiped when the
/// secret was used; the secret is not kept, but what it opened is: a file is asked for once a connector, a
/// card again after it was taken out. Runs on the thread of the call that needs it, may take as long as a
/// person does, and must not call back in. Only in libraries built with the feature national.
#[allow(non_camel_case_types)]
pub type dmp_secret_callback = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        request: *const c_char,
        buffer: *mut c_char,
        capacity: usize,
    ) -> i32,
>;

/// Signs with a key that the host holds: RSASSA-PKCS1-v1_5, with the digest that the request names. user:
/// as given to dmp_connector_set_signer. request: record sign-request, valid for the call. message,
/// message_len: what to sign, the message itself and not its digest; it may name a patient: do not keep it.
/// signature, capacity: where to write the signature, and the bytes there: 2048. signature_len: receives
/// how many were written, as many as the key has. Return DMP_OK when they were; anything else ends the call
/// with DMP_KEY, and so does a signature that the certificate does not verify. Runs on the thread of the
/// call that needs it, several times a call, and must not call back in. Only in libraries built with the
/// feature national.
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

/// Takes the next part of an answer, within a dmp_transport_callback alone. answer: as the callback was given
/// it. bytes: record http-answer at first, whole and without NUL; at each further call a part of the body, of
/// any size, in order. len: the bytes of the part, which is copied. Returns DMP_OK; DMP_CANCELLED after
/// dmp_connector_cancel; DMP_UNEXPECTED_ANSWER for what is no answer, or exceeds the limits of the
/// configuration. Anything but DMP_OK means: stop, and return that code.
#[allow(non_camel_case_types)]
pub type dmp_answer_writer =
    Option<unsafe extern "C" fn(answer: *mut c_void, bytes: *const u8, len: usize) -> i32>;

/// Sends one request over the host's own HTTPS and gives its answer to write. user: as given to
/// dmp_connector_set_transport. request: record http-request, valid for the call. body, body_len: its body,
/// whole; it holds patient data. write, answer: where the answer goes, see dmp_answer_writer. Add Host and
/// Content-Length, take the client certificate that the request names, trust the DMP's roots alone, and
/// follow no redirect; an answer of any status is an answer. Return DMP_OK when it was written whole;
/// DMP_NETWORK when nothing was sent; DMP_NOT_TRUSTED when the server's certificate is not accepted;
/// DMP_KEY when the client certificate is not, or has no key here; DMP_TIMED_OUT, DMP_CANCELLED,
/// DMP_UNEXPECTED_ANSWER (no HTTP), or any other code for a failure after something may have been sent.
/// Time-outs are the host's. Runs on the thread of the call that needs it, and must not call back in. Only
/// in libraries built with the feature national.
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

/// What the writer is given back.
struct Writing<'a> {
    sink: &'a mut HostSink,
    cancel: &'a Cancel,
    /// Whether the head came.
    begun: bool,
}

impl Writing<'_> {
    /// Takes a part: the head first, then the body.
    fn take(&mut self, part: &[u8]) -> Option<()> {
        if self.begun {
            return self.sink.body(part).ok();
        }
        self.begun = true;
        let head = std::str::from_utf8(part).ok()?;
        let head = crate::json::read::<HttpAnswerRecord>(head, "http-answer").ok()?;
        self.sink.status(head.status).ok()?;
        for (name, value) in &head.headers {
            self.sink.header(name, value).ok()?;
        }
        Some(())
    }
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
    // SAFETY: the host hands back the pointer it was given, during the callback alone; the lock keeps apart
    // threads of its own.
    let writing = unsafe { &*answer.cast::<Mutex<Writing<'_>>>() };
    let taken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let Ok(mut writing) = writing.lock() else {
            return DMP_UNEXPECTED_ANSWER;
        };
        if writing.cancel.is_cancelled() {
            return DMP_CANCELLED;
        }
        match writing.take(part) {
            Some(()) => DMP_OK,
            None => DMP_UNEXPECTED_ANSWER,
        }
    }));
    taken.unwrap_or(DMP_UNEXPECTED_ANSWER)
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
        let writing = Mutex::new(Writing {
            sink,
            cancel: request.cancel,
            begun: false,
        });
        // SAFETY: the callback lives until the connector is closed (rule 7); body and answer outlive the call.
        let status = unsafe {
            (self.callback)(
                self.user.0,
                record.as_ptr(),
                body.as_ptr(),
                body.len(),
                Some(take_part),
                (&raw const writing).cast_mut().cast(),
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

/// Asks this callback for the PIN of a card and for the passphrase of a file (PKCS#12, encrypted PEM) when
/// they are needed; NULL gives none. Only on the national DMP, DMP_INVALID_VALUE otherwise. Only in
/// libraries built with the feature national.
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

/// Signs with this callback for the keys that record config leaves to the host (member host of a key); NULL
/// signs nothing. Only on the national DMP, DMP_INVALID_VALUE otherwise. Only in libraries built with the
/// feature national.
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

/// Sends through this callback instead of the built-in HTTPS client, for the TLS, the store of certificates
/// and the proxy of the system; NULL goes back to the built-in one. Of member network of record config, the
/// limits alone hold then. Only on the national DMP, DMP_INVALID_VALUE otherwise. Only in libraries built
/// with the feature national.
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

/// Stops, from another thread, the call that is on its way to the DMP: within a tenth of a second it ends
/// with DMP_CANCELLED, and its record refusal says whether the request may have arrived. Nothing happens
/// when no call is on its way: the next one is not stopped. The one function that does not wait for the
/// call in progress, and the one that a callback may call. What waits for a person (PIN) or in a callback
/// is stopped when that returns; a dmp_transport_callback hears of it from its writer. Only in libraries
/// built with the feature national.
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

/// What is known of the way to the DMP: the difference of clocks, the last answer. Sends nothing. Only on
/// the national DMP, DMP_INVALID_VALUE otherwise. Only in libraries built with the feature national. out:
/// record network-state.
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

/// What the card in the reader says of its holder and of the structures where he works: what a session
/// needs. Sends nothing; asks for the PIN when the card is not open yet. The card of the first key of
/// member pkcs11 in record config; without one, DMP_KEY, as for a card that cannot be read. Only on the
/// national DMP, DMP_INVALID_VALUE otherwise, as in a library built without the feature pkcs11. Only in
/// libraries built with the feature national. out: record card.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_connector_card(
    connector: *mut dmp_connector,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe { answer(ticket, out, error, || Ok(self::connector(ticket)?.card()?)) }
}
