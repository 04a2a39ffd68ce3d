//! Documents that the host holds: checked, made and rendered without the DMP.

use std::ffi::c_char;

use super::call::{connector, made, record_or_default};
use super::connector::dmp_connector;
use super::memory::bytes;
use crate::connector::render::RenderRequest;

/// Makes of a CDA document that the host holds a form for a screen: a page (HTML), plain text, or the file it carries. request:
/// record render-request, or NULL for the form to offer first. rendered, rendered_len: the form. out: record
/// rendered, with what to tell the person first and the other forms.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_cda_render(
    connector: *mut dmp_connector,
    content: *const u8,
    content_len: usize,
    request: *const c_char,
    rendered: *mut *mut u8,
    rendered_len: *mut usize,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        made(ticket, rendered, rendered_len, out, error, || {
            let connector = self::connector(ticket)?;
            let request: RenderRequest = record_or_default(request, "request")?;
            let content = bytes(content, content_len, "content")?;
            Ok(connector.render(content, &request)?)
        })
    }
}
