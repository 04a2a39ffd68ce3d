//! The library itself: versions, names, counts.

use std::ffi::c_char;

use super::{handles, status};

/// The version of the interface this header describes: it changes when something is added, and its
/// thousands when something is removed or changes meaning.
pub const DMP_ABI_VERSION: i32 = 1;

/// The version of the library, such as "0.1.0", followed by what this build is without: "0.1.0 without
/// encryption" refuses every key. Not to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn dmp_version() -> *const c_char {
    #[cfg(feature = "encryption")]
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    #[cfg(not(feature = "encryption"))]
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " without encryption\0");
    VERSION.as_ptr().cast()
}

/// The version of the interface the library was built with; compare with DMP_ABI_VERSION.
#[unsafe(no_mangle)]
pub extern "C" fn dmp_abi_version() -> i32 {
    DMP_ABI_VERSION
}

/// The name of a status code, "DMP_UNKNOWN_STATUS" for one this library does not know. Not to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn dmp_status_name(status: i32) -> *const c_char {
    status::NAMES
        .iter()
        .find(|(code, _)| *code == status)
        .map_or(c"DMP_UNKNOWN_STATUS", |(_, name)| *name)
        .as_ptr()
}

/// How many handles are open in this process, for tests: 0 when all were closed.
#[unsafe(no_mangle)]
pub extern "C" fn dmp_open_handles() -> i64 {
    i64::try_from(handles::open()).unwrap_or(i64::MAX)
}
