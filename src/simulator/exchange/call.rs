//! What a message asks, read from its payload; and the transaction done by the embedded DMP.

use std::io::BufRead;

use super::documents;
use super::payload::Payload;
use crate::clock::Instant;
use crate::dmp::embedded::Embedded;
use crate::dmp::protocol::ebxml::{
    DocumentRequest, QueryRequest, ReceivedLot, ReceivedUpdate, RequestError, read_lot, read_query,
    read_retrieve, read_update,
};
use crate::dmp::protocol::fault::{Fault, Origin};
use crate::dmp::protocol::hl7::{self, Asked, PatientQuery, SearchQuery};
use crate::dmp::protocol::mtom::Received;
use crate::dmp::protocol::services;
use crate::dmp::protocol::soap::Transaction;
use crate::dmp::protocol::vihf::Caller;
use crate::dmp::protocol::xml::{Element, Reader, XmlError};
use crate::dmp::{Code, Context, Dmp, DossierQuery, ProfessionalsMode};
use crate::dossier::AuthorisationChange;
use crate::error::Error;
use crate::identity::Ins;

/// What is asked.
pub(super) enum Call {
    Patient(PatientQuery),
    Search(SearchQuery),
    Authorisation(AuthorisationChange),
    Dossiers(DossierQuery),
    Professionals(ProfessionalsMode),
    Lot(Box<ReceivedLot>),
    Query(QueryRequest),
    Retrieve(Vec<DocumentRequest>),
    Update(Box<ReceivedUpdate>),
    /// Read, and refused for what it asks.
    Refused(Fault),
}

/// The call and everything around it.
pub(super) struct Turn<'a> {
    pub transaction: Transaction,
    pub caller: &'a Caller,
    pub received: &'a Received,
    /// The authority of the signatures of lots.
    pub authority: &'a [u8],
    /// Whose certificate signed the VIHF.
    pub holder: &'a str,
    pub now: Instant,
}

impl Turn<'_> {
    /// The caller, for the embedded DMP.
    pub fn context(&self) -> Context<'_> {
        self.caller.context()
    }
}

impl Call {
    /// Reads the payload whose start was just read, to its end.
    pub fn read<R: BufRead>(
        transaction: Transaction,
        reader: &mut Reader<R>,
        start: &Element,
    ) -> Result<Call, XmlError> {
        let or_refused = |read: Result<Call, RequestError>| match read {
            Err(RequestError::Refused(no)) => Ok(Call::Refused(Fault::new(
                Origin::Registry,
                no.code,
                no.rule,
            ))),
            Err(RequestError::Xml(error)) => Err(error),
            Ok(call) => Ok(call),
        };
        match transaction {
            Transaction::Td02 | Transaction::Td13a => {
                hl7::read_patient_query(reader, start).map(Call::Patient)
            }
            Transaction::Td05 => hl7::read_search_query(reader, start).map(Call::Search),
            Transaction::Td03 => {
                services::read_set_authorisation_request(reader, start).map(Call::Authorisation)
            }
            Transaction::Td04 => {
                services::read_list_dossiers_request(reader, start).map(Call::Dossiers)
            }
            Transaction::Td16 => {
                services::read_list_professionals_request(reader, start).map(Call::Professionals)
            }
            Transaction::Td21 => or_refused(read_lot(reader, start).map(Box::new).map(Call::Lot)),
            Transaction::Td31 => or_refused(read_query(reader, start).map(Call::Query)),
            Transaction::Td32 => read_retrieve(reader, start).map(Call::Retrieve),
            Transaction::Td33 => {
                or_refused(read_update(reader, start).map(Box::new).map(Call::Update))
            }
        }
    }

    /// The transaction, once the payload tells TD0.2 from TD1.3a.
    pub fn transaction(&self, of_action: Transaction) -> Transaction {
        match self {
            Call::Patient(query) if query.asked == Asked::Administrative => Transaction::Td13a,
            _ => of_action,
        }
    }

    /// Does what is asked.
    pub fn answer(&self, dmp: &mut Embedded, turn: &Turn<'_>) -> Result<Payload, Fault> {
        let no = |error: Error| Fault::of_error(&error, turn.transaction);
        let context = turn.context();
        let xml = match self {
            Call::Refused(fault) => return Err(fault.clone()),
            Call::Patient(query) => {
                same_patient(turn, &query.patient)?;
                let reply = hl7::Reply {
                    to: &query.message,
                    id: &super::payload::uuid(),
                    at: turn.now,
                };
                match query.asked {
                    Asked::Existence => {
                        let existence = dmp.test_existence(&context).map_err(no)?;
                        hl7::existence_answer(&reply, &query.patient, &existence)
                    }
                    Asked::Administrative => {
                        let data = dmp.administrative_data(&context).map_err(no)?;
                        let traits = dmp.traits_of(&query.patient).map_err(no)?;
                        hl7::administrative_answer(&reply, &query.patient, &data, traits.as_ref())
                    }
                }
            }
            Call::Search(query) => {
                let found = dmp.find_patients(&context, &query.search).map_err(no)?;
                let reply = hl7::Reply {
                    to: &query.message,
                    id: &super::payload::uuid(),
                    at: turn.now,
                };
                hl7::candidates_answer(&reply, query, &found)
            }
            Call::Authorisation(change) => {
                let done = dmp.set_authorisation(&context, *change).map_err(no)?;
                services::set_authorisation_answer(done)
            }
            Call::Dossiers(query) => {
                let rows = dmp.list_dossiers(&context, query).map_err(no)?;
                services::dossiers_answer(&rows)
            }
            Call::Professionals(mode) => {
                let rows = dmp.list_professionals(&context, *mode).map_err(no)?;
                services::professionals_answer(&rows)
            }
            Call::Lot(lot) => documents::submit(dmp, turn, lot)?,
            Call::Query(query) => documents::query(dmp, turn, query)?,
            Call::Retrieve(requests) => return documents::retrieve(dmp, turn, requests),
            Call::Update(update) => documents::update(dmp, turn, update)?,
        };
        Ok(xml.into())
    }

    /// The payload of a refusal, in the form of the transaction.
    pub fn refusal(&self, transaction: Transaction, fault: &Fault, now: Instant) -> Payload {
        use services::ServiceCall;
        let call = match self {
            Call::Patient(PatientQuery { message, .. })
            | Call::Search(SearchQuery { message, .. }) => {
                let reply = hl7::Reply {
                    to: message,
                    id: &super::payload::uuid(),
                    at: now,
                };
                return hl7::refusal_answer(transaction, &reply, fault).into();
            }
            Call::Authorisation(_) => ServiceCall::SetAuthorisation,
            Call::Dossiers(_) => ServiceCall::ListDossiers,
            Call::Professionals(_) => ServiceCall::ListProfessionals,
            _ => return documents::refusal(transaction, fault).into(),
        };
        services::refusal_answer(call, fault).into()
    }
}

/// The patient of a request is that of the assertion, or nobody's.
pub(super) fn same_patient(turn: &Turn<'_>, asked: &Ins) -> Result<(), Fault> {
    if turn.caller.patient.as_ref() == Some(asked) {
        Ok(())
    } else {
        Err(Fault::of_error(
            &Code::XDSPatientIdDoesNotMatch
                .error("the patient of the request is not that of the VIHF"),
            turn.transaction,
        ))
    }
}
