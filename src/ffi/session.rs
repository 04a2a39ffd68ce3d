//! Sessions: patients, consents, dossiers.

use std::ffi::c_char;

use serde::Serialize;

use super::call::{answer, connector, issue, record, record_or_default, run, session, take};
use super::connector::{Done, dmp_connector};
use super::handles::Object;
use super::memory::{HandleOut, TextOut};
use crate::connector::consent::{ConsentRequest, RevocationRequest};
use crate::connector::session::PatientRecord;
use crate::dmp::{DossierQuery, PatientSearch, Requester};
use crate::dossier::{AuthorisedDossier, Candidate};
use crate::identity::Ins;
use crate::rules::consent::ConsentRecord;

/// A professional, or a structure, at work.
#[allow(non_camel_case_types)]
pub struct dmp_session {
    _private: [u8; 0],
}

#[derive(Serialize)]
struct Recorded {
    id: i64,
}

#[derive(Serialize)]
struct Consents {
    consents: Vec<ConsentRecord>,
}

#[derive(Serialize)]
struct Registered {
    registered: bool,
    #[serde(flatten)]
    record: Option<PatientRecord>,
}

#[derive(Serialize)]
struct Dossiers {
    dossiers: Vec<AuthorisedDossier>,
}

#[derive(Serialize)]
struct Candidates {
    candidates: Vec<Candidate>,
}

/// Opens a session. requester: record requester. refusal: record refusal, for those the law always refuses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_session_open(
    connector: *mut dmp_connector,
    requester: *const c_char,
    out: *mut *mut dmp_session,
    refusal: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let (out, refusal, error) = unsafe {
        (
            HandleOut::new(out),
            TextOut::new(refusal),
            TextOut::new(error),
        )
    };
    let ticket = connector.addr();
    run(ticket, Some(&refusal), &error, || {
        out.required("out")?;
        let connector = self::connector(ticket)?;
        let requester: Requester = unsafe { record(requester, "requester") }?;
        let session = connector.session(requester)?;
        out.write(issue(Object::Session(session))?);
        Ok(())
    })
}

/// Closes a session. Accesses it opened stay open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_session_close(
    session: *mut dmp_session,
    error: *mut *mut c_char,
) -> i32 {
    let error = unsafe { TextOut::new(error) };
    let ticket = session.addr();
    run(ticket, None, &error, || {
        // Before the handle is taken: a refused close leaves it open.
        self::session(ticket)?.inner.outside_callback()?;
        take(ticket, "session", |o| matches!(o, Object::Session(_))).map(drop)
    })
}

/// Registers a patient of the practice, or corrects him. patient: record patient. out: record done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_patient_register(
    session: *mut dmp_session,
    patient: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            session.register_patient(&record(patient, "patient")?)?;
            Ok(Done::DONE)
        })
    }
}

/// A patient as the practice registered him. ins: record ins. out: record patient-answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_patient_get(
    session: *mut dmp_session,
    ins: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let ins: Ins = record(ins, "ins")?;
            let found = session.patient(&ins)?;
            Ok(Registered {
                registered: found.is_some(),
                record: found,
            })
        })
    }
}

/// TD0.5: patients by traits, for a regulation centre. search: record patient-search. out: record
/// candidates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_patient_find(
    session: *mut dmp_session,
    search: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let search: PatientSearch = record(search, "search")?;
            Ok(Candidates {
                candidates: session.find_patients(&search)?,
            })
        })
    }
}

/// TD0.4: the dossiers on which this requester is authorised. query: record dossier-query, or NULL.
/// out: record dossiers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_dossier_list(
    session: *mut dmp_session,
    query: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let query: DossierQuery = record_or_default(query, "query")?;
            Ok(Dossiers {
                dossiers: session.list_dossiers(&query)?,
            })
        })
    }
}

/// Records a consent or an opposition with its proof. consent: record consent-request. out: record
/// recorded, its number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_consent_record(
    session: *mut dmp_session,
    consent: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let request: ConsentRequest = record(consent, "consent")?;
            Ok(Recorded {
                id: session.record_consent(&request)?,
            })
        })
    }
}

/// Withdraws a consent or an opposition. revocation: record revocation-request. out: record done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_consent_revoke(
    session: *mut dmp_session,
    revocation: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let request: RevocationRequest = record(revocation, "revocation")?;
            session.revoke_consent(&request)?;
            Ok(Done::DONE)
        })
    }
}

/// Every consent and opposition of a patient, with its proof. ins: record ins. out: record consents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dmp_consent_list(
    session: *mut dmp_session,
    ins: *const c_char,
    out: *mut *mut c_char,
    error: *mut *mut c_char,
) -> i32 {
    let ticket = session.addr();
    unsafe {
        answer(ticket, out, error, || {
            let session = self::session(ticket)?;
            let ins: Ins = record(ins, "ins")?;
            Ok(Consents {
                consents: session.consents(&ins)?,
            })
        })
    }
}
