//! What a practice sends to those who help it.

use std::ffi::c_char;

use super::call::{answer, connector};
use super::connector::dmp_connector;

/// Gathers what those who help a practice need to know: versions, figures, rule identifiers. It names no patient,
/// no person, no document and no path, and may be sent as it is. It counts what the practice did: for those who
/// oversee, never for care. Reads the whole journal: seconds on a large one. A damaged register gives DMP_CORRUPT:
/// dmp_register_check tells more. out: record support-bundle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_connector_support(
    connector: *mut dmp_connector,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let connector = self::connector(ticket)?;
            Ok(connector.support_bundle()?)
        })
    }
}
