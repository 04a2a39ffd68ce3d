//! Status codes, in bands with room to grow.

use crate::cda::ReadError;
use crate::error::{Error, ErrorKind, NetworkKind, StorageError};

/// Success.
pub const DMP_OK: i32 = 0;

// 100 to 199: the caller's input.
/// A pointer that is required is NULL.
pub const DMP_NULL_ARGUMENT: i32 = 101;
/// A text is not UTF-8.
pub const DMP_INVALID_UTF8: i32 = 102;
/// A record is not the JSON its schema asks: malformed, unknown, missing or duplicate field.
pub const DMP_INVALID_RECORD: i32 = 103;
/// A value breaks a rule; the error text names the field and the rule.
pub const DMP_INVALID_VALUE: i32 = 104;
/// The handle is NULL, closed, of another kind, or not one of ours.
pub const DMP_BAD_HANDLE: i32 = 105;
/// The connector of this session or access was closed.
pub const DMP_CLOSED: i32 = 106;

// 200 to 299: the content of a document.
/// The bytes are not a CDA document that can be read.
pub const DMP_UNREADABLE: i32 = 201;
/// The document was read; its findings forbid the deposit.
pub const DMP_FINDINGS: i32 = 202;
/// The document is larger than can be accepted.
pub const DMP_TOO_LARGE: i32 = 203;
/// The content received does not have the hash or size announced.
pub const DMP_INTEGRITY: i32 = 204;

// 300 to 399: refused. The answer holds the refusal record: rule, reason in French, what would change it.
/// The rules refuse, before the network.
pub const DMP_REFUSED: i32 = 301;
/// The DMP refuses; its own code is in the record.
pub const DMP_REFUSED_BY_DMP: i32 = 302;
/// No such document for this person: absent and hidden are one answer.
pub const DMP_UNKNOWN_DOCUMENT: i32 = 303;
/// The access is over: closed, or its time has passed.
pub const DMP_ACCESS_OVER: i32 = 304;

// 400 to 499: storage.
/// The file cannot be opened.
pub const DMP_CANNOT_OPEN: i32 = 401;
/// The file is not ours, or not one that the key given, or none, opens: one answer for both.
pub const DMP_NOT_OURS: i32 = 402;
/// The file was written by a newer version; it was left untouched.
pub const DMP_NEWER: i32 = 403;
/// The file or folder is read-only.
pub const DMP_READ_ONLY: i32 = 404;
/// The disk is full.
pub const DMP_DISK_FULL: i32 = 405;
/// Others held the file too long, of this process or of another: try again.
pub const DMP_BUSY: i32 = 406;
/// The file is damaged: restore a backup (dmp_register_restore), or have what can still be read written out
/// (dmp_register_salvage).
pub const DMP_CORRUPT: i32 = 407;
/// The file cannot be read or written.
pub const DMP_IO: i32 = 408;
/// A file of that name is there already; nothing was overwritten.
pub const DMP_EXISTS: i32 = 409;

// 500 to 599: network.
/// The DMP could not be reached, or the connection was cut. The answer holds a record refusal that says whether
/// anything was sent, as for the codes 502 to 505.
pub const DMP_NETWORK: i32 = 501;
/// The DMP did not answer in time.
pub const DMP_TIMED_OUT: i32 = 502;
/// The call was cancelled by dmp_connector_cancel.
pub const DMP_CANCELLED: i32 = 503;
/// The other end is not the DMP: its certificate is not accepted.
pub const DMP_NOT_TRUSTED: i32 = 504;
/// Something answered that is not a DMP's answer.
pub const DMP_UNEXPECTED_ANSWER: i32 = 505;

// 600 to 699: cards, certificates, PIN.
/// A card, a certificate or a PIN stands in the way. The answer holds a record refusal that says what to do.
pub const DMP_KEY: i32 = 601;

// 900 to 999: a fault of this library.
/// A fault of this library; please report it.
pub const DMP_BUG: i32 = 901;
/// A panic was caught; the handle is unusable from now on.
pub const DMP_PANIC: i32 = 902;

/// Every code with its name.
pub(super) const NAMES: &[(i32, &std::ffi::CStr)] = &[
    (DMP_OK, c"DMP_OK"),
    (DMP_NULL_ARGUMENT, c"DMP_NULL_ARGUMENT"),
    (DMP_INVALID_UTF8, c"DMP_INVALID_UTF8"),
    (DMP_INVALID_RECORD, c"DMP_INVALID_RECORD"),
    (DMP_INVALID_VALUE, c"DMP_INVALID_VALUE"),
    (DMP_BAD_HANDLE, c"DMP_BAD_HANDLE"),
    (DMP_CLOSED, c"DMP_CLOSED"),
    (DMP_UNREADABLE, c"DMP_UNREADABLE"),
    (DMP_FINDINGS, c"DMP_FINDINGS"),
    (DMP_TOO_LARGE, c"DMP_TOO_LARGE"),
    (DMP_INTEGRITY, c"DMP_INTEGRITY"),
    (DMP_REFUSED, c"DMP_REFUSED"),
    (DMP_REFUSED_BY_DMP, c"DMP_REFUSED_BY_DMP"),
    (DMP_UNKNOWN_DOCUMENT, c"DMP_UNKNOWN_DOCUMENT"),
    (DMP_ACCESS_OVER, c"DMP_ACCESS_OVER"),
    (DMP_CANNOT_OPEN, c"DMP_CANNOT_OPEN"),
    (DMP_NOT_OURS, c"DMP_NOT_OURS"),
    (DMP_NEWER, c"DMP_NEWER"),
    (DMP_READ_ONLY, c"DMP_READ_ONLY"),
    (DMP_DISK_FULL, c"DMP_DISK_FULL"),
    (DMP_BUSY, c"DMP_BUSY"),
    (DMP_CORRUPT, c"DMP_CORRUPT"),
    (DMP_IO, c"DMP_IO"),
    (DMP_EXISTS, c"DMP_EXISTS"),
    (DMP_NETWORK, c"DMP_NETWORK"),
    (DMP_TIMED_OUT, c"DMP_TIMED_OUT"),
    (DMP_CANCELLED, c"DMP_CANCELLED"),
    (DMP_NOT_TRUSTED, c"DMP_NOT_TRUSTED"),
    (DMP_UNEXPECTED_ANSWER, c"DMP_UNEXPECTED_ANSWER"),
    (DMP_KEY, c"DMP_KEY"),
    (DMP_BUG, c"DMP_BUG"),
    (DMP_PANIC, c"DMP_PANIC"),
];

/// The status of an error.
pub(super) fn of(error: &Error) -> i32 {
    match error.kind() {
        ErrorKind::Caller { .. } => DMP_INVALID_VALUE,
        ErrorKind::Closed => DMP_CLOSED,
        ErrorKind::Unreadable(ReadError::TooLarge { .. }) => DMP_TOO_LARGE,
        ErrorKind::Unreadable(_) => DMP_UNREADABLE,
        ErrorKind::Findings(_) => DMP_FINDINGS,
        ErrorKind::Integrity => DMP_INTEGRITY,
        ErrorKind::Refused(_) => DMP_REFUSED,
        ErrorKind::Dmp(_) => DMP_REFUSED_BY_DMP,
        ErrorKind::UnknownDocument(_) => DMP_UNKNOWN_DOCUMENT,
        ErrorKind::Ended(_) => DMP_ACCESS_OVER,
        ErrorKind::Storage(storage) => match storage {
            StorageError::Path => DMP_INVALID_VALUE,
            StorageError::CannotOpen => DMP_CANNOT_OPEN,
            StorageError::NotOurs => DMP_NOT_OURS,
            StorageError::Newer => DMP_NEWER,
            StorageError::ReadOnly => DMP_READ_ONLY,
            StorageError::Full => DMP_DISK_FULL,
            StorageError::Busy => DMP_BUSY,
            StorageError::Corrupt => DMP_CORRUPT,
            StorageError::Io => DMP_IO,
            StorageError::Exists => DMP_EXISTS,
        },
        ErrorKind::Network(failure) => match failure.kind {
            NetworkKind::Unreachable => DMP_NETWORK,
            NetworkKind::TimedOut => DMP_TIMED_OUT,
            NetworkKind::Cancelled => DMP_CANCELLED,
            NetworkKind::NotTrusted => DMP_NOT_TRUSTED,
            NetworkKind::Unexpected => DMP_UNEXPECTED_ANSWER,
        },
        ErrorKind::Key(_) => DMP_KEY,
        ErrorKind::Bug(_) => DMP_BUG,
    }
}
