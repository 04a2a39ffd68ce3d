//! Stored queries on their way in.

use std::io::BufRead;

use super::params::Params;
use super::{
    CodeRef, FIND_BY_REFERENCE, FIND_DOCUMENTS, FIND_SETS, FindDocuments, FindSubmissionSets,
    GET_ASSOCIATIONS, GET_DOCUMENTS, GET_DOCUMENTS_AND_ASSOCIATIONS, GET_SET_AND_CONTENTS,
    GET_SETS, Ids, Query, QueryRequest, ReturnType,
};
use crate::dmp::protocol::ebxml::names::{QUERY, RIM, STABLE_DOCUMENT};
use crate::dmp::protocol::ebxml::object::Raw;
use crate::dmp::protocol::ebxml::{Refused, RequestError, expect};
use crate::dmp::protocol::xml::{Element, Reader, Step, XmlError};
use crate::document::{Dtm, EntryUuid, Status};
use crate::identity::Cx;

/// Reads a `query:AdhocQueryRequest`.
///
/// # Errors
/// [`Refused`] with an IHE code: `XDSUnknownStoredQuery`, `XDSStoredQueryMissingParam`, `XDSStoredQueryParamNumber`, and
/// `XDSRegistryError` for a value that is not written as it must be or a parameter that is not known: none is passed
/// over.
pub fn read_query<R: BufRead>(
    reader: &mut Reader<R>,
    payload: &Element,
) -> Result<QueryRequest, RequestError> {
    expect(payload, QUERY, "AdhocQueryRequest", "AdhocQueryRequest")?;
    let mut return_type = None;
    let mut query = None;
    loop {
        let mut raw = match reader.step()? {
            Step::Start(tag) if tag.namespace() == RIM && tag.name() == "AdhocQuery" => {
                Raw::begin(&tag)?
            }
            Step::Start(tag) => {
                let option = tag.namespace() == QUERY && tag.name() == "ResponseOption";
                tag.attributes(|_, name, value| {
                    if option && name == "returnType" {
                        return_type = Some(value.into_owned());
                    }
                })?;
                reader.skip()?;
                continue;
            }
            Step::Text(_) | Step::Passed => continue,
            Step::End => break,
            Step::Eof => return Err(XmlError::Cut.into()),
        };
        raw.fill(reader)?;
        query = Some((raw.id, Params::new(raw.slots)));
    }
    let (id, mut params) = query.ok_or(XmlError::Unexpected("AdhocQuery is required"))?;
    let return_type = match return_type.as_deref() {
        Some("LeafClass") => ReturnType::LeafClass,
        Some("ObjectRef") => ReturnType::ObjectRef,
        _ => return Err(error("returnType: must be LeafClass or ObjectRef").into()),
    };
    let query = query_of(&id, &mut params)?;
    if let Some(level) = params.number("$MetadataLevel")?
        && level != "1"
        && level != "2"
    {
        return Err(error("$MetadataLevel: must be 1 or 2").into());
    }
    params.end()?;
    Ok(QueryRequest { query, return_type })
}

const fn error(rule: &'static str) -> Refused {
    Refused {
        code: "XDSRegistryError",
        rule,
    }
}

const fn missing(rule: &'static str) -> Refused {
    Refused {
        code: "XDSStoredQueryMissingParam",
        rule,
    }
}

fn query_of(id: &str, p: &mut Params) -> Result<Query, Refused> {
    Ok(match id {
        FIND_DOCUMENTS | FIND_BY_REFERENCE => {
            let mut find = find_documents(p)?;
            if id == FIND_BY_REFERENCE {
                find.reference_id = p.groups("$XDSDocumentEntryReferenceIdList")?;
                if find.reference_id.is_empty() {
                    return Err(missing("$XDSDocumentEntryReferenceIdList: is required"));
                }
            }
            Query::FindDocuments(Box::new(find))
        }
        FIND_SETS => Query::FindSubmissionSets(FindSubmissionSets {
            patient: patient(p, "$XDSSubmissionSetPatientId")?,
            status: status(p, "$XDSSubmissionSetStatus")?,
            from: time(p, "$XDSSubmissionSetSubmissionTimeFrom")?,
            to: time(p, "$XDSSubmissionSetSubmissionTimeTo")?,
        }),
        GET_DOCUMENTS => Query::GetDocuments(documents(p)?),
        GET_DOCUMENTS_AND_ASSOCIATIONS => Query::GetDocumentsAndAssociations(documents(p)?),
        GET_ASSOCIATIONS => Query::GetAssociations(uuids(p)?),
        GET_SETS => Query::GetSubmissionSets(uuids(p)?),
        GET_SET_AND_CONTENTS => {
            let by_entry = p.string("$XDSSubmissionSetEntryUUID")?;
            let by_unique = p.string("$XDSSubmissionSetUniqueId")?;
            Query::GetSubmissionSetAndContents(match (by_entry, by_unique) {
                (Some(id), None) => Ids::Entry(vec![uuid(&id)?]),
                (None, Some(id)) => Ids::Unique(vec![id]),
                (None, None) => {
                    return Err(missing(
                        "$XDSSubmissionSetEntryUUID or $XDSSubmissionSetUniqueId: is required",
                    ));
                }
                (Some(_), Some(_)) => return Err(NUMBER),
            })
        }
        _ => {
            return Err(Refused {
                code: "XDSUnknownStoredQuery",
                rule: "AdhocQuery: the identifier is of no query that this registry answers",
            });
        }
    })
}

const NUMBER: Refused = Refused {
    code: "XDSStoredQueryParamNumber",
    rule: "objects must be named by entryUUID or by uniqueId, not by both",
};

fn find_documents(p: &mut Params) -> Result<FindDocuments, Refused> {
    if let Some(types) = p.list("$XDSDocumentEntryType")?
        && !types.iter().any(|t| t == STABLE_DOCUMENT)
    {
        return Err(error(
            "$XDSDocumentEntryType: only stable documents are held",
        ));
    }
    let one = |p: &mut Params, name| -> Result<Vec<CodeRef>, Refused> {
        p.list(name)?
            .unwrap_or_default()
            .iter()
            .map(|c| code(c))
            .collect()
    };
    let many = |p: &mut Params, name| -> Result<Vec<Vec<CodeRef>>, Refused> {
        let groups = p.groups(name)?;
        let codes = groups.iter().map(|g| g.iter().map(|c| code(c)).collect());
        codes.collect()
    };
    Ok(FindDocuments {
        patient: patient(p, "$XDSDocumentEntryPatientId")?,
        status: status(p, "$XDSDocumentEntryStatus")?,
        service_start_from: time(p, "$XDSDocumentEntryServiceStartTimeFrom")?,
        service_start_to: time(p, "$XDSDocumentEntryServiceStartTimeTo")?,
        service_stop_from: time(p, "$XDSDocumentEntryServiceStopTimeFrom")?,
        service_stop_to: time(p, "$XDSDocumentEntryServiceStopTimeTo")?,
        creation_from: time(p, "$XDSDocumentEntryCreationTimeFrom")?,
        creation_to: time(p, "$XDSDocumentEntryCreationTimeTo")?,
        class_code: one(p, "$XDSDocumentEntryClassCode")?,
        type_code: one(p, "$XDSDocumentEntryTypeCode")?,
        format_code: one(p, "$XDSDocumentEntryFormatCode")?,
        facility: one(p, "$XDSDocumentEntryHealthcareFacilityTypeCode")?,
        practice_setting: one(p, "$XDSDocumentEntryPracticeSettingCode")?,
        event_code: many(p, "$XDSDocumentEntryEventCodeList")?,
        confidentiality: many(p, "$XDSDocumentEntryConfidentialityCode")?,
        author: p.list("$XDSDocumentEntryAuthorPerson")?.unwrap_or_default(),
        reference_id: Vec::new(),
    })
}

fn patient(p: &mut Params, name: &str) -> Result<Option<Cx>, Refused> {
    let text = p.string(name)?;
    let cx = text.map(|t| t.trim().parse());
    cx.transpose().map_err(|_| error("patientId: must be a CX"))
}

fn status(p: &mut Params, name: &str) -> Result<Vec<Status>, Refused> {
    let all = p.list(name)?.ok_or(missing("status: is required"))?;
    let all = all.iter().map(|urn| Status::from_urn(urn));
    all.collect::<Option<Vec<Status>>>()
        .ok_or(error("status: must be of JDV_J52"))
}

fn time(p: &mut Params, name: &str) -> Result<Option<Dtm>, Refused> {
    let Some(text) = p.number(name)? else {
        return Ok(None);
    };
    let at = Dtm::parse(&text).ok_or(error("a time must be a DTM in UTC"))?;
    Ok(Some(at))
}

fn code(text: &str) -> Result<CodeRef, Refused> {
    let parts: Vec<&str> = text.split('^').collect();
    match parts.as_slice() {
        [code, _, system] if !code.is_empty() && !system.is_empty() => Ok(CodeRef {
            code: (*code).to_owned(),
            system: (*system).to_owned(),
        }),
        _ => Err(error("a code must be written code^^system")),
    }
}

fn uuid(text: &str) -> Result<EntryUuid, Refused> {
    EntryUuid::new(text.trim()).map_err(|_| error("an entryUUID must be a urn:uuid"))
}

fn uuids(p: &mut Params) -> Result<Vec<EntryUuid>, Refused> {
    let all = p.list("$uuid")?.ok_or(missing("$uuid: is required"))?;
    all.iter().map(|id| uuid(id)).collect()
}

fn documents(p: &mut Params) -> Result<Ids, Refused> {
    let by_entry = p.list("$XDSDocumentEntryEntryUUID")?;
    let by_unique = p.list("$XDSDocumentEntryUniqueId")?;
    match (by_entry, by_unique) {
        (Some(all), None) => {
            let all: Result<Vec<_>, _> = all.iter().map(|id| uuid(id)).collect();
            all.map(Ids::Entry)
        }
        (None, Some(all)) => Ok(Ids::Unique(all)),
        (None, None) => Err(missing(
            "$XDSDocumentEntryEntryUUID or $XDSDocumentEntryUniqueId: is required",
        )),
        (Some(_), Some(_)) => Err(NUMBER),
    }
}
