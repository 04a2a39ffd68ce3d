//! The DMP's own services: TD0.3, TD0.4 and TD1.6, payload by payload, both ways.
//!
//! Sources: `Habilitations.wsdl`, `PatientsSpecific.wsdl` and the official messages of the three transactions. The
//! patient of TD0.3 and TD1.6 is that of the assertion. Dates are 14 digits, to the second; the messages name no time
//! zone, they are read and written in UTC as those of XDS are.

use std::io::BufRead;

use super::fault::{Failure, Fault, Origin};
use super::xml::{Element, Reader, Writer, XmlError};
use crate::clock::Instant;
use crate::dmp::{DossierDate, DossierQuery, ProfessionalsMode};
use crate::document::Dtm;
use crate::dossier::{
    Authorisation, AuthorisationChange, AuthorisedDossier, AuthorisedProfessional,
};
use crate::identity::traits::fold;
use crate::identity::{Ins, PsIdNat};

/// The namespace of TD0.3 and TD1.6.
pub const HABILITATIONS: &str = "urn:si-dmp-habilitations";
/// The namespace of TD0.4.
pub const PATIENTS: &str = "urn:si-dmp-patients";
/// The status of success.
pub const OK: &str = "DMPOk";

/// What the simulator says when TD0.3 had nothing to do; [`read_set_authorisation`] knows it by "aucune action".
const NOTHING_DONE: &str = "Aucune action effectuée : l'autorisation est déjà dans cet état";

// Requests, client side.

/// The payload of TD0.3. Source: official message TD0.3 (request); the role is the only one of `roleType`.
pub fn set_authorisation(change: AuthorisationChange) -> String {
    let (action, role) = match change {
        AuthorisationChange::Declare => ("AJOUT", false),
        AuthorisationChange::Remove => ("SUPPRESSION", false),
        AuthorisationChange::BecomeMedecinTraitant => ("AJOUT", true),
        AuthorisationChange::StopMedecinTraitant => ("SUPPRESSION", true),
    };
    let mut x = Writer::new();
    x.open("setAuthorization", &[("xmlns", HABILITATIONS)]);
    x.leaf("action", &[], action);
    if role {
        x.leaf("role", &[], "MEDECIN_TRAITANT");
    }
    x.finish()
}

/// The payload of TD1.6. Source: official message TD1.6 (request).
pub fn list_professionals(mode: ProfessionalsMode) -> String {
    let mode = match mode {
        ProfessionalsMode::Active => "ACTIVE",
        ProfessionalsMode::Interdite => "INTERDITE",
        ProfessionalsMode::Toute => "TOUTE",
    };
    let mut x = Writer::new();
    x.open("listAuthorizationByPatient", &[("xmlns", HABILITATIONS)]);
    x.leaf("mode", &[], mode);
    x.finish()
}

/// The payload of TD0.4. Source: official message TD0.4 (request).
pub fn list_dossiers(query: &DossierQuery) -> String {
    let mut x = Writer::new();
    x.open("patientList", &[("xmlns", PATIENTS)]);
    if let Some(since) = query.since {
        x.leaf("startDate", &[], Dtm::of(since).as_str());
    }
    let date = match query.date {
        DossierDate::LastAuthorisation => "LASTAUTORIZATION",
        DossierDate::LastDocument => "LASTDOC",
    };
    x.leaf("dateType", &[], date);
    x.finish()
}

// Requests, server side.

fn expect(start: &Element, namespace: &str, name: &'static str) -> Result<(), XmlError> {
    if start.is(namespace, name) {
        Ok(())
    } else {
        Err(XmlError::Unexpected(name))
    }
}

/// The children of the element just opened that hold text, with their names; others are passed over.
fn fields<R: BufRead>(
    reader: &mut Reader<R>,
    namespace: &str,
    mut each: impl FnMut(&str, &str) -> Result<(), XmlError>,
) -> Result<(), XmlError> {
    while let Some(child) = reader.child()? {
        let text = reader.text()?;
        if child.namespace == namespace {
            each(&child.name, text.trim())?;
        }
    }
    Ok(())
}

/// Reads the payload of TD0.3, whose start was just read.
pub fn read_set_authorisation_request<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
) -> Result<AuthorisationChange, XmlError> {
    expect(start, HABILITATIONS, "setAuthorization")?;
    let (mut add, mut role) = (None, false);
    fields(reader, HABILITATIONS, |name, text| {
        match (name, text) {
            ("action", "AJOUT") => add = Some(true),
            ("action", "SUPPRESSION") => add = Some(false),
            ("action", _) => return Err(XmlError::Unexpected("action")),
            ("role", "MEDECIN_TRAITANT") => role = true,
            ("role", "") => {}
            ("role", _) => return Err(XmlError::Unexpected("role")),
            _ => {}
        }
        Ok(())
    })?;
    Ok(match (add.ok_or(XmlError::Unexpected("action"))?, role) {
        (true, false) => AuthorisationChange::Declare,
        (false, false) => AuthorisationChange::Remove,
        (true, true) => AuthorisationChange::BecomeMedecinTraitant,
        (false, true) => AuthorisationChange::StopMedecinTraitant,
    })
}

/// Reads the payload of TD1.6, whose start was just read. An absent mode asks for all.
pub fn read_list_professionals_request<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
) -> Result<ProfessionalsMode, XmlError> {
    expect(start, HABILITATIONS, "listAuthorizationByPatient")?;
    let mut mode = ProfessionalsMode::default();
    fields(reader, HABILITATIONS, |name, text| {
        if name == "mode" {
            mode = match text {
                "ACTIVE" => ProfessionalsMode::Active,
                "INTERDITE" => ProfessionalsMode::Interdite,
                "TOUTE" => ProfessionalsMode::Toute,
                _ => return Err(XmlError::Unexpected("mode")),
            };
        }
        Ok(())
    })?;
    Ok(mode)
}

/// Reads the payload of TD0.4, whose start was just read. `psOwnerId`, that the WSDL has and no official message
/// uses, is passed over: the asker is that of the assertion.
pub fn read_list_dossiers_request<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
) -> Result<DossierQuery, XmlError> {
    expect(start, PATIENTS, "patientList")?;
    let mut query = DossierQuery::default();
    fields(reader, PATIENTS, |name, text| {
        match (name, text) {
            ("startDate", "") => {}
            ("startDate", _) => {
                query.since = Some(instant(text).ok_or(XmlError::Unexpected("startDate"))?);
            }
            ("dateType", "LASTAUTORIZATION" | "LASTAUTHORIZATION") => {
                query.date = DossierDate::LastAuthorisation;
            }
            ("dateType", "LASTDOC") => query.date = DossierDate::LastDocument,
            ("dateType", _) => return Err(XmlError::Unexpected("dateType")),
            _ => {}
        }
        Ok(())
    })?;
    Ok(query)
}

fn instant(text: &str) -> Option<Instant> {
    Dtm::parse(text).map(|dtm| dtm.start())
}

// Answers, server side.

/// `…Response/output`, open; the caller writes its rows.
fn answer(name: &str, namespace: &str) -> Writer {
    let mut x = Writer::new();
    x.open(name, &[("xmlns:ns1", namespace)]);
    x.open("ns1:output", &[]);
    x
}

/// Ends an answer with its status and context.
fn status(mut x: Writer, status: &str, context: Option<&str>) -> String {
    x.leaf("ns1:status", &[], status);
    if let Some(context) = context {
        x.leaf("ns1:context", &[], context);
    }
    x.finish()
}

/// The answer to TD0.3. `done` is false when nothing had to be done.
pub fn set_authorisation_answer(done: bool) -> String {
    let x = answer("ns1:setAuthorizationResponse", HABILITATIONS);
    status(x, OK, Some(if done { "" } else { NOTHING_DONE }))
}

/// The answer to TD1.6. A row whose authorisation is over has no `mode`: the WSDL has no value for it. One that never
/// had an authorisation is not a row.
pub fn professionals_answer(rows: &[AuthorisedProfessional]) -> String {
    let mut x = answer("ns1:listAuthorizationByPatientResponse", HABILITATIONS);
    for row in rows {
        let mode = match row.authorisation {
            Authorisation::Valide => Some("ACTIVE"),
            Authorisation::Interdit => Some("INTERDITE"),
            Authorisation::Expire => None,
            Authorisation::NonExiste => continue,
        };
        let person = PsIdNat::new(&row.id).is_ok();
        let system = if person {
            crate::identity::professional::PS_ID_NAT_OID
        } else {
            crate::identity::structure::STRUCT_ID_NAT_OID
        };
        // What the DMP knows is one text, given name first; of a structure, its name.
        let (first, last) = row
            .name
            .split_once(' ')
            .filter(|(first, last)| person && !first.is_empty() && !last.is_empty())
            .map_or((None, row.name.as_str()), |(f, l)| (Some(f), l));
        x.open("ns1:listOfAuthorizationByPatient", &[]);
        x.leaf("ns1:nationalId", &[], &row.id);
        x.leaf("ns1:nationalIdType", &[], system);
        if let Some(first) = first {
            x.leaf("ns1:firstName", &[], first);
        }
        x.leaf("ns1:lastName", &[], last);
        if let Some(since) = row.since {
            x.leaf("ns1:startOfAuthorization", &[], Dtm::of(since).as_str());
        }
        if let Some(mode) = mode {
            x.leaf("ns1:mode", &[], mode);
        }
        if row.medecin_traitant {
            x.leaf("ns1:specificRight", &[], "MEDECIN_TRAITANT");
        }
        x.close();
    }
    status(x, OK, Some(""))
}

/// The answer to TD0.4. `authorised_at` has no element; `message`, required by the WSDL, is false as in the official
/// message: this library reads no messages.
pub fn dossiers_answer(rows: &[AuthorisedDossier]) -> String {
    let mut x = answer("ns1:patientListResponse", PATIENTS);
    for row in rows {
        x.open("ns1:patientlistData", &[]);
        x.open("ns1:patientIdentifier", &[]);
        x.leaf("ns1:nationalId", &[], row.ins.matricule());
        x.leaf("ns1:nationalIdType", &[], row.ins.oid()).close();
        let mt = if row.medecin_traitant {
            "true"
        } else {
            "false"
        };
        x.leaf("ns1:MT", &[], mt);
        x.leaf("ns1:message", &[], "false");
        if let Some(at) = row.last_added {
            x.leaf("ns1:lastAddDate", &[], Dtm::of(at).as_str());
        }
        x.close();
    }
    status(x, OK, None)
}

/// The service that refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceCall {
    /// TD0.3.
    SetAuthorisation,
    /// TD1.6.
    ListProfessionals,
    /// TD0.4.
    ListDossiers,
}

/// The answer of a service that refuses: its status is the code.
pub fn refusal_answer(call: ServiceCall, fault: &Fault) -> String {
    let x = match call {
        ServiceCall::SetAuthorisation => answer("ns1:setAuthorizationResponse", HABILITATIONS),
        ServiceCall::ListProfessionals => {
            answer("ns1:listAuthorizationByPatientResponse", HABILITATIONS)
        }
        ServiceCall::ListDossiers => answer("ns1:patientListResponse", PATIENTS),
    };
    status(x, fault.code(), Some(fault.context()))
}

// Answers, client side.

/// Reads `…Response/output`: hands each row to `row`, checks the status, and gives the context.
fn read_output<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
    (namespace, name): (&str, &'static str),
    mut row: impl FnMut(&mut Reader<R>, &Element) -> Result<(), XmlError>,
) -> Result<String, Failure> {
    expect(start, namespace, name)?;
    let (mut status, mut context) = (None, String::new());
    while let Some(output) = reader.child()? {
        if !output.is(namespace, "output") {
            reader.skip()?;
            continue;
        }
        while let Some(child) = reader.child()? {
            match child.name.as_str() {
                "status" => status = Some(reader.text()?.trim().to_owned()),
                "context" => context = reader.text()?.trim().to_owned(),
                _ => row(reader, &child)?,
            }
        }
    }
    let status = status.ok_or(XmlError::Unexpected("status"))?;
    if status.eq_ignore_ascii_case(OK) {
        Ok(context)
    } else {
        Err(Fault::new(Origin::Service, &status, &context).into())
    }
}

/// Reads the answer to TD0.3, whose start was just read: `false` when nothing had to be done, which the DMP says in
/// its context alone ("… aucune action …", official message TD0.3).
pub fn read_set_authorisation<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
) -> Result<bool, Failure> {
    let name = (HABILITATIONS, "setAuthorizationResponse");
    let context = read_output(reader, start, name, |reader, _| reader.skip())?;
    Ok(!fold(&context).contains("AUCUNE ACTION"))
}

/// Reads the answer to TD1.6, whose start was just read. A row that says neither ACTIVE nor INTERDITE is one whose
/// authorisation is over, so that nothing unknown is taken for a right. The name is the given name, then the family's.
pub fn read_professionals<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
) -> Result<Vec<AuthorisedProfessional>, Failure> {
    let name = (HABILITATIONS, "listAuthorizationByPatientResponse");
    let mut rows = Vec::new();
    read_output(reader, start, name, |reader, child| {
        if child.name != "listOfAuthorizationByPatient" {
            return reader.skip();
        }
        let (mut id, mut first, mut last) = (String::new(), String::new(), String::new());
        let (mut since, mut medecin_traitant) = (None, false);
        let mut authorisation = Authorisation::Expire;
        fields(reader, HABILITATIONS, |name, text| {
            match name {
                "nationalId" => id = text.to_owned(),
                "firstName" => first = text.to_owned(),
                "lastName" => last = text.to_owned(),
                "startOfAuthorization" => since = instant(text),
                "mode" if text == "ACTIVE" => authorisation = Authorisation::Valide,
                "mode" if text == "INTERDITE" => authorisation = Authorisation::Interdit,
                "specificRight" if text == "MEDECIN_TRAITANT" => medecin_traitant = true,
                _ => {}
            }
            Ok(())
        })?;
        if id.is_empty() {
            return Err(XmlError::Unexpected("nationalId"));
        }
        let name = match (first.is_empty(), last.is_empty()) {
            (false, false) => format!("{first} {last}"),
            (true, _) => last,
            (false, true) => first,
        };
        rows.push(AuthorisedProfessional {
            id,
            name,
            authorisation,
            medecin_traitant,
            since,
        });
        Ok(())
    })?;
    Ok(rows)
}

/// Reads the answer to TD0.4, whose start was just read. A row without a valid INS (the old INS-C alone) is left out:
/// its dossier cannot be opened with it. The identity traits beside it are not kept.
pub fn read_dossiers<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
) -> Result<Vec<AuthorisedDossier>, Failure> {
    let name = (PATIENTS, "patientListResponse");
    let mut rows = Vec::new();
    read_output(reader, start, name, |reader, child| {
        if child.name != "patientlistData" {
            return reader.skip();
        }
        let (mut ins, mut medecin_traitant, mut last_added) = (None, false, None);
        while let Some(child) = reader.child()? {
            match child.name.as_str() {
                "patientIdentifier" => {
                    let (mut id, mut system) = (String::new(), String::new());
                    fields(reader, PATIENTS, |name, text| {
                        match name {
                            "nationalId" => id = text.to_owned(),
                            "nationalIdType" => system = text.to_owned(),
                            _ => {}
                        }
                        Ok(())
                    })?;
                    ins = ins.or(Ins::new(&id, &system).ok());
                }
                "MT" => medecin_traitant = matches!(reader.text()?.trim(), "true" | "1"),
                "lastAddDate" => last_added = instant(reader.text()?.trim()),
                _ => reader.skip()?,
            }
        }
        rows.extend(ins.map(|ins| AuthorisedDossier {
            ins,
            medecin_traitant,
            authorised_at: None,
            last_added,
        }));
        Ok(())
    })?;
    Ok(rows)
}
