//! Documents: fed, found, read, changed.

use std::ffi::c_char;

use serde::{Deserialize, Serialize};

use super::access::dmp_access;
use super::call::{Failure, access, answer, made, record, record_or_default};
use super::memory::{bytes, text};
use crate::cda::{Context, Finding};
use crate::connector::consult::NewsRequest;
use crate::connector::feed::FeedOptions;
use crate::connector::offline::PreloadRequest;
use crate::connector::render::DocumentRenderRequest;
use crate::dmp::{Criteria, Reference, StatusChange, VisibilityChange};
use crate::document::Oid;
use crate::error::Error;

#[derive(Serialize)]
struct Staged {
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Unstaged {
    documents: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct References {
    unique_ids: Vec<Oid>,
}

#[derive(Serialize)]
struct Referenced {
    references: Vec<Reference>,
}

/// Makes a CDA document of a file: PDF, text, RTF, JPEG or TIFF. context: record wrap-context. What it leaves
/// out is taken from the access: patient, author, structure. document, document_len: the document, to be fed
/// and kept. out: record wrap-answer. Keep its identifiers to replace the document one day.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_wrap(
    access: *mut dmp_access,
    content: *const u8,
    content_len: usize,
    context: *const c_char,
    document: *mut *mut u8,
    document_len: *mut usize,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        made(ticket, document, document_len, out, error, || {
            let access = self::access(ticket)?;
            let context: Context = record(context, "context")?;
            let content = bytes(content, content_len, "content")?;
            Ok(access.wrap(content, &context)?)
        })
    }
}

/// Checks a CDA document for this patient, this session and these choices; nothing is sent. options: record
/// feed-options, or NULL. out: record check-answer, with everything that is to be corrected.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_check(
    access: *mut dmp_access,
    content: *const u8,
    content_len: usize,
    options: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            let access = self::access(ticket)?;
            let options: FeedOptions = record_or_default(options, "options")?;
            let content = bytes(content, content_len, "content")?;
            Ok(access.check(content, &options)?)
        })
    }
}

/// Feeds one CDA document (TD2.1, or TD2.2 with a CPE). options: record feed-options, or NULL. out:
/// record feed-answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_feed(
    access: *mut dmp_access,
    content: *const u8,
    content_len: usize,
    options: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            let access = self::access(ticket)?;
            let options: FeedOptions = record_or_default(options, "options")?;
            let content = bytes(content, content_len, "content")?;
            Ok(access.feed(content, &options)?)
        })
    }
}

/// Checks a CDA document as dmp_document_feed does and keeps it for dmp_document_feed_staged. options:
/// record feed-options, or NULL. out: record findings, advice on the document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_stage(
    access: *mut dmp_access,
    content: *const u8,
    content_len: usize,
    options: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            let access = self::access(ticket)?;
            let options: FeedOptions = record_or_default(options, "options")?;
            let content = bytes(content, content_len, "content")?;
            Ok(Staged {
                findings: access.stage(content, &options)?,
            })
        })
    }
}

/// Forgets what was staged. out: record unstaged, how many documents that were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_unstage(
    access: *mut dmp_access,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            Ok(Unstaged {
                documents: self::access(ticket)?.unstage()?,
            })
        })
    }
}

/// Feeds what was staged as one lot: all of it or nothing. What was staged stays when it fails. out:
/// record feed-answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_feed_staged(
    access: *mut dmp_access,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            Ok(self::access(ticket)?.feed_staged()?)
        })
    }
}

/// Finds documents (TD3.1), a page at a time; on an access opened offline, among those kept. criteria: record
/// criteria, or NULL for all that is up to date. out: record find-answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_find(
    access: *mut dmp_access,
    criteria: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            let access = self::access(ticket)?;
            let criteria: Criteria = record_or_default(criteria, "criteria")?;
            Ok(access.find(&criteria)?)
        })
    }
}

/// The DMP's identifiers of documents, without anything clinical (TD3.1 by reference). request: record
/// references-request. out: record references.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_reference(
    access: *mut dmp_access,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            let access = self::access(ticket)?;
            let request: References = record(request, "request")?;
            Ok(Referenced {
                references: access.references(&request.unique_ids)?,
            })
        })
    }
}

/// What was deposited or changed since an instant. request: record news-request. out: record news-answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_news(
    access: *mut dmp_access,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            let access = self::access(ticket)?;
            let request: NewsRequest = record(request, "request")?;
            Ok(access.news(&request)?)
        })
    }
}

unsafe fn unique_id(pointer: *const c_char) -> Result<Oid, Failure> {
    let text = unsafe { text(pointer, "unique_id") }?;
    Ok(Oid::new(text).map_err(|e| Error::caller("unique_id", e))?)
}

/// Fetches documents ahead and keeps them for reading without network, when the configuration has a member offline.
/// To the DMP and to the patient it is reading: fetch what the visit needs. request: record preload-request, or NULL
/// for the twenty most recent that are up to date. out: record preload-answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_preload(
    access: *mut dmp_access,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            let access = self::access(ticket)?;
            let request: PreloadRequest = record_or_default(request, "request")?;
            Ok(access.preload(&request)?)
        })
    }
}

/// Reads a document (TD3.2), or what is kept of it on an access opened offline. content, content_len: its bytes as
/// they were deposited, hash and size checked. out: record read-answer, with the warnings to display.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_read(
    access: *mut dmp_access,
    unique_id: *const c_char,
    content: *mut *mut u8,
    content_len: *mut usize,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        made(ticket, content, content_len, out, error, || {
            let access = self::access(ticket)?;
            let id = self::unique_id(unique_id)?;
            Ok(access.read(&id)?)
        })
    }
}

/// Reads a document (TD3.2) and renders it for a screen: a page (HTML), plain text, or the file it carries.
/// request: record document-render-request. content, content_len: the form. out: record document-rendered,
/// with what to tell the person first and the other forms. To keep a document, use dmp_document_read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_render(
    access: *mut dmp_access,
    request: *const c_char,
    content: *mut *mut u8,
    content_len: *mut usize,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        made(ticket, content, content_len, out, error, || {
            let access = self::access(ticket)?;
            let request: DocumentRenderRequest = record(request, "request")?;
            Ok(access.render(&request)?)
        })
    }
}

unsafe fn change_visibility(
    access: *mut dmp_access,
    unique_id: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
    change: VisibilityChange,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            let access = self::access(ticket)?;
            let id = self::unique_id(unique_id)?;
            Ok(access.change_visibility(&id, change)?)
        })
    }
}

unsafe fn change_status(
    access: *mut dmp_access,
    unique_id: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
    change: StatusChange,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            let access = self::access(ticket)?;
            let id = self::unique_id(unique_id)?;
            Ok(access.change_status(&id, change)?)
        })
    }
}

/// Masks a document to professionals (TD3.3a). out: record changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_mask(
    access: *mut dmp_access,
    unique_id: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    unsafe { change_visibility(access, unique_id, out, error, VisibilityChange::Mask) }
}

/// Unmasks a document (TD3.3a). out: record changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_unmask(
    access: *mut dmp_access,
    unique_id: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    unsafe { change_visibility(access, unique_id, out, error, VisibilityChange::Unmask) }
}

/// Makes a document visible to the patient (TD3.3b). Irreversible: ask the person first. out: record
/// changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_show_patient(
    access: *mut dmp_access,
    unique_id: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    unsafe {
        change_visibility(
            access,
            unique_id,
            out,
            error,
            VisibilityChange::ShowToPatient,
        )
    }
}

/// Makes a document visible to the legal representatives (TD3.3b). Irreversible: ask the person first.
/// out: record changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_show_representatives(
    access: *mut dmp_access,
    unique_id: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let change = VisibilityChange::ShowToRepresentatives;
    unsafe { change_visibility(access, unique_id, out, error, change) }
}

/// Archives a document (TD3.3d). out: record changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_archive(
    access: *mut dmp_access,
    unique_id: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    unsafe { change_status(access, unique_id, out, error, StatusChange::Archive) }
}

/// Brings an archived document back (TD3.3d). out: record changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_unarchive(
    access: *mut dmp_access,
    unique_id: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    unsafe { change_status(access, unique_id, out, error, StatusChange::Unarchive) }
}

/// Deletes a document (TD3.3c): final. Ask the person first. out: record changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_document_delete(
    access: *mut dmp_access,
    unique_id: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    unsafe { change_status(access, unique_id, out, error, StatusChange::Delete) }
}
