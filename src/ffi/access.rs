//! Accesses: a patient's dossier, open.

use std::ffi::c_char;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::call::{Failure, access, answer, issue, record, record_or_default, run, session, take};
use super::connector::Done;
use super::handles::Object;
use super::memory::{HandleOut, TextOut};
use super::session::dmp_session;
use crate::connector::AccessRequest;
use crate::dmp::ProfessionalsMode;
use crate::dossier::{AuthorisationChange, AuthorisedProfessional};
use crate::error::{Error, ErrorKind};

/// A patient's dossier, open in a mode.
#[allow(non_camel_case_types)]
pub struct dmp_access {
    _private: [u8; 0],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Confirmation {
    note: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AuthorisationRequest {
    change: AuthorisationChange,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct ProfessionalsRequest {
    mode: ProfessionalsMode,
}

#[derive(Serialize)]
struct Changed {
    changed: bool,
}

#[derive(Serialize)]
struct Professionals {
    professionals: Vec<AuthorisedProfessional>,
}

#[derive(Serialize)]
struct Web {
    address: Option<String>,
}

/// Enters a patient's dossier: asks the DMP whether it exists (TD0.2), compares identities, says what may
/// be done. With offline in the request the DMP is not asked: what it last said and what is kept answer. When the
/// network fails and something is kept, the remedy open_offline says so. request: record access-request. state: record
/// access-state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_access_open(
    session: *mut dmp_session,
    request: *const c_char,
    out: *mut *mut dmp_access,
    state: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let (out, state, error) = unsafe {
        (
            HandleOut::new(out),
            TextOut::new(state),
            TextOut::new(error),
        )
    };
    let ticket = session.addr();
    run(ticket, Some(&state), &error, || {
        out.required("out")?;
        let session = self::session(ticket)?;
        let request: AccessRequest = unsafe { record(request, "request") }?;
        let access = Arc::new(session.access(&request)?);
        let told = access.state().map_err(Failure::from).and_then(|state| {
            serde_json::to_string(&state)
                .map_err(|_| Error::bug("an answer cannot be written").into())
        });
        let opened = told.and_then(|text| {
            let ticket = issue(Object::Access(Arc::clone(&access)))?;
            Ok((text, ticket))
        });
        match opened {
            Ok((text, ticket)) => {
                out.write(ticket);
                state.write(&text);
                Ok(())
            }
            Err(failure) => {
                // Without a handle nobody could end it; a bris de glace must not stay open.
                let _ = access.close();
                Err(failure)
            }
        }
    })
}

/// Closes an access. A bris de glace ends here, or by itself when its time has passed. Whatever the
/// storage answers, the handle is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_access_close(access: *mut dmp_access, error: *mut *mut c_char) -> i32 {
    let error = unsafe { TextOut::new(error) };
    let ticket = access.addr();
    run(ticket, None, &error, || {
        // Before the handle is taken: a refused close leaves it open.
        self::access(ticket)?.inner().outside_callback()?;
        let taken = take(ticket, "access", |o| matches!(o, Object::Access(_)))?;
        if let Object::Access(access) = taken {
            match access.close() {
                // Its end was already written: by its time, or with its connector.
                Err(e) if matches!(e.kind(), ErrorKind::Ended(_) | ErrorKind::Closed) => {}
                other => other?,
            }
        }
        Ok(())
    })
}

/// The state of the access now: dossier, identity, banner of a bris de glace, advice for each right.
/// out: record access-state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_access_state(
    access: *mut dmp_access,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe { answer(ticket, out, error, || Ok(self::access(ticket)?.state()?)) }
}

/// Records that a person checked the identity and confirms it despite divergences. confirmation: record
/// identity-confirmation. out: record done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_access_confirm_identity(
    access: *mut dmp_access,
    confirmation: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            let access = self::access(ticket)?;
            let confirmation: Confirmation = record(confirmation, "confirmation")?;
            access.confirm_identity(&confirmation.note)?;
            Ok(Done::DONE)
        })
    }
}

/// TD0.3: the requester's own authorisation. request: record authorisation-request. out: record
/// authorisation-answer, whether anything changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_access_authorise(
    access: *mut dmp_access,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            let access = self::access(ticket)?;
            let request: AuthorisationRequest = record(request, "request")?;
            Ok(Changed {
                changed: access.authorise(request.change)?,
            })
        })
    }
}

/// TD1.3a: administrative data. out: record administrative-data.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_access_administrative_data(
    access: *mut dmp_access,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            Ok(self::access(ticket)?.administrative_data()?)
        })
    }
}

/// TD1.6: professionals authorised and blocked. request: record professionals-request, or NULL for all.
/// out: record professionals.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_access_professionals(
    access: *mut dmp_access,
    request: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            let access = self::access(ticket)?;
            let request: ProfessionalsRequest = record_or_default(request, "request")?;
            Ok(Professionals {
                professionals: access.professionals(request.mode)?,
            })
        })
    }
}

/// TD0.9, TD0.10: the address of the DMP's own pages for this patient, null if it has none. out: record
/// web-access.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_access_web(
    access: *mut dmp_access,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = access.addr();
    unsafe {
        answer(ticket, out, error, || {
            Ok(Web {
                address: self::access(ticket)?.web()?,
            })
        })
    }
}
