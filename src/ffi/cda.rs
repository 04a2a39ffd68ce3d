//! Documents that the host holds: checked, made and rendered without the DMP.

use std::ffi::c_char;

use super::call::{answer, connector, made, record, record_or_default};
use super::connector::dmp_connector;
use super::memory::bytes;
use crate::cda::Context;
use crate::connector::prepare::CheckRequest;
use crate::connector::render::RenderRequest;

/// Checks a CDA document that the host holds, before anything is sent. request: record check-request, or NULL.
/// out: record check-answer, with everything that is to be corrected; a document that cannot be read is a
/// finding, not an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_cda_check(
    connector: *mut dmp_connector,
    content: *const u8,
    content_len: usize,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let connector = self::connector(ticket)?;
            let request: CheckRequest = record_or_default(request, "request")?;
            let content = bytes(content, content_len, "content")?;
            Ok(connector.check(content, &request))
        })
    }
}

/// Reads the header of a CDA document that the host holds, and nothing after it: to sort or to list
/// documents. out: record metadata-answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_cda_metadata(
    connector: *mut dmp_connector,
    content: *const u8,
    content_len: usize,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        answer(ticket, out, error, || {
            let connector = self::connector(ticket)?;
            let content = bytes(content, content_len, "content")?;
            Ok(connector.metadata(content)?)
        })
    }
}

/// Makes a CDA document of a file: PDF, text, RTF, JPEG or TIFF. context: record wrap-context. document,
/// document_len: the document. out: record wrap-answer. Keep its identifiers to replace the document one day.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_cda_wrap(
    connector: *mut dmp_connector,
    content: *const u8,
    content_len: usize,
    context: *const c_char,
    document: *mut *mut u8,
    document_len: *mut usize,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = connector.addr();
    unsafe {
        made(ticket, document, document_len, out, error, || {
            let connector = self::connector(ticket)?;
            let context: Context = record(context, "context")?;
            let content = bytes(content, content_len, "content")?;
            Ok(connector.wrap(content, &context)?)
        })
    }
}

/// Renders a CDA document that the host holds for a screen: a page (HTML), plain text, or the file it
/// carries. request: record render-request, or NULL for the form to offer first. rendered, rendered_len: the
/// form. out: record rendered, with what to tell the person first and the other forms.
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
