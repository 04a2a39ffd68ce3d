//! What a host lends through the C face: callbacks as a host writes them in C, with what they were given.
//!
//! The keys are those of the test certificates, which all cards share; the transport forwards over the crate's own
//! HTTPS client, in place of the system's.

#![allow(unsafe_code)] // callbacks that the C face calls
#![allow(dead_code, reason = "each test file uses its part")]

use std::ffi::{CStr, c_char, c_void};
use std::io::Read;
use std::path::Path;
use std::ptr::{from_ref, null_mut, without_provenance_mut};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dmpkit::clock::{Clock, Instant};
use dmpkit::dmp::national::keys::memory::MemoryKey;
use dmpkit::dmp::national::transport::{
    Cancel, HttpsClient, NetworkConfig, NetworkError, Request, Transport, Trust,
};
use dmpkit::dmp::protocol::key::{Algorithm, Key};
use dmpkit::ffi::host::{
    dmp_answer_writer, dmp_connector_set_secrets, dmp_connector_set_signer,
    dmp_connector_set_transport,
};
use dmpkit::ffi::status::{
    DMP_CANCELLED, DMP_KEY, DMP_NETWORK, DMP_NOT_TRUSTED, DMP_OK, DMP_TIMED_OUT,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

/// A PKCS#12 file of a key pair in PEM; its path.
pub fn pkcs12(pem: &str, file: &Path, passphrase: &str) -> String {
    let file = file.to_str().expect("UTF-8").to_owned();
    let passphrase = format!("pass:{passphrase}");
    let arguments = [
        "pkcs12",
        "-export",
        "-in",
        pem,
        "-out",
        &file,
        "-passout",
        &passphrase,
    ];
    let mut openssl = std::process::Command::new("openssl");
    let made = openssl.args(arguments).output().expect("openssl runs");
    let errors = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{errors}");
    file
}

/// What was asked of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Secret,
    Signature,
    Request,
}

/// How the transport behaves.
#[derive(Debug, Clone, PartialEq)]
pub enum Way {
    /// Sends and gives the answer.
    Forward,
    /// Sends nothing, returns this code.
    Fail(i32),
    /// Sends nothing, gives these parts as the answer, whatever the writer says, and returns DMP_OK.
    Tell(Vec<Vec<u8>>),
}

type Within = Box<dyn FnMut(Asked) + Send>;

/// A host.
pub struct Host {
    /// The records given, in order.
    pub given: Mutex<Vec<(Asked, Value)>>,
    /// The codes that the writer answered, in order.
    pub written: Mutex<Vec<i32>>,
    /// What the secrets callback writes, and what it returns.
    pub secret: Mutex<(Vec<u8>, i32)>,
    /// Whether signatures are made, and right.
    pub signs: Mutex<bool>,
    pub way: Mutex<Way>,
    /// What else is done within a callback.
    pub within: Mutex<Option<Within>>,
    keys: [Vec<u8>; 2],
    authority: Vec<u8>,
    client: HttpsClient,
}

impl Host {
    /// With the keys of the authority's folder; it lives until the process ends, as callbacks must.
    pub fn new(folder: &Path, authority_pem: &str, authority: &[u8], at: &str) -> &'static Host {
        let key = |name: &str| {
            let pem = std::fs::read(folder.join(name)).expect("a key");
            match PrivateKeyDer::from_pem_slice(&pem).expect("PEM") {
                PrivateKeyDer::Pkcs8(key) => key.secret_pkcs8_der().to_vec(),
                _ => panic!("PKCS#8 is expected"),
            }
        };
        let network = NetworkConfig::new(Trust::Pem(authority_pem.to_owned()));
        let clock = Clock::manual(Instant::parse(at).expect("an instant"));
        let host: &'static Host = Box::leak(Box::new(Host {
            given: Mutex::default(),
            written: Mutex::default(),
            secret: Mutex::new((Vec::new(), DMP_OK)),
            signs: Mutex::new(true),
            way: Mutex::new(Way::Forward),
            within: Mutex::new(None),
            keys: [key("auth.key.pem"), key("sign.key.pem")],
            authority: authority.to_vec(),
            client: HttpsClient::new(network, clock).expect("a client"),
        }));
        // Still reachable at the end: no leak to a sanitizer.
        static ALL: Mutex<Vec<&Host>> = Mutex::new(Vec::new());
        ALL.lock().expect("the hosts").push(host);
        host
    }

    fn user(&'static self) -> *mut c_void {
        from_ref(self).cast_mut().cast()
    }

    /// Lends what asks for secrets; the status of the call.
    pub fn lend_secrets(&'static self, connector: usize) -> i32 {
        // SAFETY: the host lives as long as the process; handles are checked by the library.
        unsafe {
            let connector = without_provenance_mut(connector);
            dmp_connector_set_secrets(connector, Some(give_secret), self.user(), null_mut())
        }
    }

    /// Lends what signs.
    pub fn lend_signer(&'static self, connector: usize) -> i32 {
        // SAFETY: as above.
        unsafe {
            let connector = without_provenance_mut(connector);
            dmp_connector_set_signer(connector, Some(give_signature), self.user(), null_mut())
        }
    }

    /// Lends what sends.
    pub fn lend_transport(&'static self, connector: usize) -> i32 {
        // SAFETY: as above.
        unsafe {
            let connector = without_provenance_mut(connector);
            dmp_connector_set_transport(connector, Some(carry), self.user(), null_mut())
        }
    }

    /// The records of this kind since last asked.
    pub fn take(&self, asked: Asked) -> Vec<Value> {
        let mut given = self.given.lock().expect("records");
        let (these, others) = std::mem::take(&mut *given)
            .into_iter()
            .partition(|(one, _)| *one == asked);
        *given = others;
        let these: Vec<(Asked, Value)> = these;
        these.into_iter().map(|(_, record)| record).collect()
    }

    /// The codes that the writer answered since last asked.
    pub fn take_written(&self) -> Vec<i32> {
        std::mem::take(&mut self.written.lock().expect("codes"))
    }

    fn asked(&self, asked: Asked, record: &CStr) -> Value {
        let record: Value =
            serde_json::from_str(record.to_str().expect("UTF-8")).expect("a record");
        let mut given = self.given.lock().expect("records");
        given.push((asked, record.clone()));
        drop(given);
        if let Some(within) = self.within.lock().expect("what to do").as_mut() {
            within(asked);
        }
        record
    }

    /// The key of a certificate of ours.
    fn key(&self, record: &Value, use_: &str) -> MemoryKey {
        let certificate = record["certificate"].as_str().expect("a certificate");
        let certificate = STANDARD.decode(certificate).expect("base64");
        let key = match use_ {
            "authentication" => &self.keys[0],
            "signature" => &self.keys[1],
            other => panic!("unknown key {other}"),
        };
        MemoryKey::from_pkcs8(vec![certificate, self.authority.clone()], key).expect("its key")
    }

    /// Sends a request as it is asked; the head and the body of the answer.
    fn forward(&self, record: &Value, body: &[u8]) -> Result<(Value, Vec<u8>), NetworkError> {
        assert_eq!(record["method"], "POST");
        let identity: Arc<dyn Key> = Arc::new(self.key(record, "authentication"));
        let headers = record["headers"].as_object().expect("headers");
        let (mut content_type, mut others) = ("", Vec::new());
        for (name, value) in headers {
            let value = value.as_str().expect("a text");
            if name == "Content-Type" {
                content_type = value;
            } else {
                others.push((name.as_str(), value));
            }
        }
        let mut answer = self.client.send(&Request {
            url: record["url"].as_str().expect("an address"),
            content_type,
            soap_action: None,
            headers: &others,
            body: &[body],
            accept: &[
                "application/soap+xml",
                "multipart/related",
                "application/json",
                "text/html",
            ],
            identity: &identity,
            repeatable: false,
            cancel: &Cancel::new(),
        })?;
        let headers: serde_json::Map<String, Value> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let mut body = Vec::new();
        answer.body.read_to_end(&mut body).expect("a body");
        Ok((json!({"status": answer.status, "headers": headers}), body))
    }
}

/// The host behind a callback's pointer.
unsafe fn host(user: *mut c_void) -> &'static Host {
    // SAFETY: the pointer that the host lent.
    unsafe { &*user.cast::<Host>() }
}

unsafe extern "C" fn give_secret(
    user: *mut c_void,
    request: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
) -> i32 {
    // SAFETY: as the header promises; the text is cut to the buffer.
    unsafe {
        let host = host(user);
        host.asked(Asked::Secret, CStr::from_ptr(request));
        let (secret, status) = host.secret.lock().expect("the secret").clone();
        let len = secret.len().min(capacity);
        std::ptr::copy_nonoverlapping(secret.as_ptr(), buffer.cast(), len);
        status
    }
}

unsafe extern "C" fn give_signature(
    user: *mut c_void,
    request: *const c_char,
    message: *const u8,
    message_len: usize,
    signature: *mut u8,
    capacity: usize,
    signature_len: *mut usize,
) -> i32 {
    // SAFETY: as the header promises.
    unsafe {
        let host = host(user);
        let record = host.asked(Asked::Signature, CStr::from_ptr(request));
        let message = std::slice::from_raw_parts(message, message_len);
        let algorithm = match record["algorithm"].as_str() {
            Some("rsa_sha256") => Algorithm::RsaSha256,
            Some("rsa_sha1") => Algorithm::RsaSha1,
            other => panic!("unknown algorithm {other:?}"),
        };
        let key = host.key(&record, record["key"].as_str().expect("a key"));
        let mut made = key.sign(algorithm, message).expect("a signature");
        if !*host.signs.lock().expect("whether it signs") {
            made[0] ^= 1;
        }
        assert!(made.len() <= capacity);
        std::ptr::copy_nonoverlapping(made.as_ptr(), signature, made.len());
        *signature_len = made.len();
        DMP_OK
    }
}

unsafe extern "C" fn carry(
    user: *mut c_void,
    request: *const c_char,
    body: *const u8,
    body_len: usize,
    write: dmp_answer_writer,
    answer: *mut c_void,
) -> i32 {
    // SAFETY: as the header promises.
    let (host, record, body) = unsafe {
        let host = host(user);
        let record = host.asked(Asked::Request, CStr::from_ptr(request));
        (host, record, std::slice::from_raw_parts(body, body_len))
    };
    let write = write.expect("a writer");
    let give = |part: &[u8]| {
        // SAFETY: within the callback, with the pointer it was given.
        let code = unsafe { write(answer, part.as_ptr(), part.len()) };
        host.written.lock().expect("codes").push(code);
        code
    };
    let way = host.way.lock().expect("the way").clone();
    match way {
        Way::Fail(code) => code,
        Way::Tell(parts) => {
            for part in &parts {
                give(part);
            }
            DMP_OK
        }
        Way::Forward => {
            let (head, body) = match host.forward(&record, body) {
                Ok(answered) => answered,
                Err(NetworkError::TimedOut { .. }) => return DMP_TIMED_OUT,
                Err(NetworkError::Cancelled { .. }) => return DMP_CANCELLED,
                Err(NetworkError::UnknownRoot) => return DMP_NOT_TRUSTED,
                Err(NetworkError::ClientCertificateRefused { .. }) => return DMP_KEY,
                Err(error) if !error.sent() => return DMP_NETWORK,
                Err(_) => return -1,
            };
            let (first, second) = body.split_at(body.len() / 3);
            for part in [head.to_string().as_bytes(), first, &[], second] {
                match give(part) {
                    DMP_OK => {}
                    code => return code,
                }
            }
            DMP_OK
        }
    }
}
