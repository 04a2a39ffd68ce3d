//! The register kept safe: under a key, backed up, checked, restored, saved from damage.

use std::ffi::{c_char, c_void};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::call::{Failure, answer, connector, issue, record, run};
use super::connector::dmp_connector;
use super::handles::Object;
use super::memory::{HandleOut, TextOut, bytes};
use super::status::{DMP_INVALID_UTF8, DMP_INVALID_VALUE};
use crate::clock::Clock;
use crate::connector::{Config, Connector, StoreKey, safekeeping};

/// A kind of key: 32 random bytes that the host keeps (the system's store of secrets, a card).
pub const DMP_KEY_RAW: i32 = 1;
/// A kind of key: a passphrase, the bytes of its UTF-8 without NUL. Each opening of a file derives the key
/// from it, which takes 230 to 420 ms.
pub const DMP_KEY_PASSPHRASE: i32 = 2;

/// Told how far a backup is, after each 256 pages. user: as given to dmp_register_backup. done, total: pages.
/// Runs on the thread of the call, and must not call back in.
#[allow(non_camel_case_types)]
pub type dmp_backup_callback =
    Option<unsafe extern "C" fn(user: *mut c_void, done: i64, total: i64)>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BackupRequest {
    path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RestoreRequest {
    register: String,
    backup: String,
    #[serde(default)]
    replace: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SalvageRequest {
    register: String,
    destination: String,
}

/// Reads a key. What is copied of it is wiped when it is done with.
unsafe fn key(pointer: *const u8, len: usize, kind: i32, name: &str) -> Result<StoreKey, Failure> {
    // SAFETY: the caller gives `len` readable bytes, valid for the call.
    let given = unsafe { bytes(pointer, len, name) }?;
    match kind {
        DMP_KEY_RAW => {
            let mut raw = Zeroizing::new([0; 32]);
            if given.len() != raw.len() {
                return Err(Failure::new(
                    DMP_INVALID_VALUE,
                    format!("{name}: a raw key has 32 bytes"),
                ));
            }
            raw.copy_from_slice(given);
            Ok(StoreKey::raw(*raw))
        }
        DMP_KEY_PASSPHRASE => {
            let text = std::str::from_utf8(given)
                .map_err(|_| Failure::new(DMP_INVALID_UTF8, format!("{name}: is not UTF-8")))?;
            Ok(StoreKey::passphrase(text)?)
        }
        _ => Err(Failure::new(
            DMP_INVALID_VALUE,
            format!("{name}: its kind must be DMP_KEY_RAW or DMP_KEY_PASSPHRASE"),
        )),
    }
}

/// Reads a key that may be left out: NULL, with a length of 0.
unsafe fn maybe_key(
    pointer: *const u8,
    len: usize,
    kind: i32,
    name: &str,
) -> Result<Option<StoreKey>, Failure> {
    if pointer.is_null() && len == 0 {
        return Ok(None);
    }
    // SAFETY: as `key`.
    unsafe { key(pointer, len, kind, name) }.map(Some)
}

/// Opens a connector as dmp_connector_open does, on files encrypted at rest: the register, and the embedded
/// DMP if there is one. What is created is created under the key. config: record config. key, key_len, kind:
/// DMP_KEY_RAW and 32 bytes, or DMP_KEY_PASSPHRASE and its UTF-8; the library's copy is wiped when the
/// connector is closed. A key that does not open a file, encrypted or not, is answered with DMP_NOT_OURS, as
/// a file that is none of ours, and the file is left as it is. A lost key is a lost file: nothing else opens
/// it. Each file then takes up to 64 MiB of memory for its pages, as they are needed. In a library built
/// without encryption (see dmp_version): DMP_INVALID_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_connector_open_keyed(
    config: *const c_char,
    key: *const u8,
    key_len: usize,
    kind: i32,
    out: *mut *mut dmp_connector,
    error: *mut *mut c_char,
) -> i32 {
    let (out, error) = unsafe { (HandleOut::new(out), TextOut::new(error)) };
    run(0, None, &error, || {
        out.required("out")?;
        let config: Config = unsafe { record(config, "config") }?;
        let key = unsafe { self::key(key, key_len, kind, "key") }?;
        let ticket = issue(Object::Connector(Connector::open_keyed(config, &key)?))?;
        out.write(ticket);
        Ok(())
    })
}

/// Puts the register, and the embedded DMP if there is one, under another key; encrypts them when they were
/// not. No connector may have them open: DMP_BUSY. config: record config. old_key, old_key_len, old_kind: the
/// key they are under, NULL and 0 when they are not encrypted. key, key_len, kind: the new one. out: record
/// rekey-answer. At every moment each file opens with one of the two keys; after a crash the same call
/// finishes it. When files were not encrypted, their old bytes are overwritten: after a crash call again even
/// if the new key opens them. On an SSD, in snapshots and in backups, overwriting promises nothing. Backups
/// made before stay under the old key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_register_rekey(
    config: *const c_char,
    old_key: *const u8,
    old_key_len: usize,
    old_kind: i32,
    key: *const u8,
    key_len: usize,
    kind: i32,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    unsafe {
        answer(0, out, error, || {
            let config: Config = record(config, "config")?;
            let old = maybe_key(old_key, old_key_len, old_kind, "old_key")?;
            let new = self::key(key, key_len, kind, "key")?;
            Ok(safekeeping::rekey(&config, old.as_ref(), &new)?)
        })
    }
}

/// Copies the register, as it is at one instant, into a new file under the same key, checked and durable.
/// Other calls, on this connector too, go on meanwhile. request: record backup-request. progress: told how
/// far it is, or NULL; user: given back to it. out: record backup-answer. Note its journal's head elsewhere.
/// A file of that name is never overwritten: DMP_EXISTS. Of a damaged register no backup is made:
/// DMP_CORRUPT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_register_backup(
    connector: *mut dmp_connector,
    request: *const c_char,
    progress: dmp_backup_callback,
    user: *mut c_void,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let connector = self::connector(ticket)?;
            let request: BackupRequest = record(request, "request")?;
            Ok(connector.backup(&request.path, &mut |at| {
                if let Some(progress) = progress {
                    // The callback lives for the call (rule 7).
                    progress(user, at.done, at.total);
                }
            })?)
        })
    }
}

/// Checks the register: the structure of its file, each page's authenticity when it is under a key, its
/// references, the journal's chain. Counts, no data. Other calls, on this connector too, go on meanwhile. out:
/// record register-check.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_register_check(
    connector: *mut dmp_connector,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            Ok(self::connector(ticket)?.check_register()?)
        })
    }
}

/// Puts a backup in the register's place. No connector may have the register open: DMP_BUSY. request: record
/// restore-request. key, key_len, kind: the key of the backup, NULL and 0 when it has none; it is the
/// register's from then on. out: record backup-answer. The backup is checked first, and only read. A register
/// that is there is refused with DMP_EXISTS unless the request says to replace it; it is then set aside under
/// the name in the answer, never deleted. What the outbox of the backup holds as not sent is asked for in the
/// DMP before it is sent. What was handed over since the backup is in the register set aside: dmp_register_salvage
/// and dmp_outbox_recover bring it back. Oppositions recorded since, and consents withdrawn or spent, are taken from
/// it when it can be read and goes on from the backup: member carriedOver tells; other patients and consents are
/// recorded again. Documents kept for reading without network are not restored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_register_restore(
    request: *const c_char,
    key: *const u8,
    key_len: usize,
    kind: i32,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    unsafe {
        answer(0, out, error, || {
            let RestoreRequest {
                register,
                backup,
                replace,
            } = record(request, "request")?;
            let key = maybe_key(key, key_len, kind, "key")?;
            Ok(safekeeping::restore_at(
                &register,
                &backup,
                key.as_ref(),
                replace,
                Clock::system().now(),
            )?)
        })
    }
}

/// Writes out what can still be read of a damaged register, past what cannot: one JSON record a line, such as
/// {"table":"patient","row":{...}}, bytes as {"base64":"..."}, "damaged":true on a row with a value that does
/// not fit. IN CLEAR, whatever the key: keep that file as the register is kept. The register is only read, on
/// a copy beside the destination that is removed at the end. Close the connectors on it first. request: record
/// salvage-request. key, key_len, kind: the register's key, NULL and 0 when it has none. out: record
/// salvage-report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_register_salvage(
    request: *const c_char,
    key: *const u8,
    key_len: usize,
    kind: i32,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    unsafe {
        answer(0, out, error, || {
            let SalvageRequest {
                register,
                destination,
            } = record(request, "request")?;
            let key = maybe_key(key, key_len, kind, "key")?;
            Ok(safekeeping::salvage_at(
                &register,
                key.as_ref(),
                &destination,
            )?)
        })
    }
}
