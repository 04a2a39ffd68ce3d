//! Stored queries on their way out.

use super::params::{list, quoted};
use super::{
    CodeRef, FIND_BY_REFERENCE, FIND_DOCUMENTS, FIND_SETS, FindDocuments, GET_ASSOCIATIONS,
    GET_DOCUMENTS, GET_DOCUMENTS_AND_ASSOCIATIONS, GET_SET_AND_CONTENTS, GET_SETS, Ids, Query,
    QueryRequest, ReturnType,
};
use crate::dmp::protocol::ebxml::names::{QUERY, RIM};
use crate::dmp::protocol::ebxml::object::write_slot;
use crate::dmp::protocol::xml::Writer;
use crate::document::{Dtm, EntryUuid, OtherSlot, Status};
use crate::identity::Cx;

type Slots = Vec<OtherSlot>;

/// Writes the `query:AdhocQueryRequest` of a query.
pub fn write_query(out: &mut Writer, request: &QueryRequest) {
    let return_type = match request.return_type {
        ReturnType::LeafClass => "LeafClass",
        ReturnType::ObjectRef => "ObjectRef",
    };
    let mut s = Slots::new();
    let id = match &request.query {
        Query::FindDocuments(find) => find_documents(&mut s, find),
        Query::FindSubmissionSets(find) => {
            patient(&mut s, "$XDSSubmissionSetPatientId", find.patient.as_ref());
            time(
                &mut s,
                "$XDSSubmissionSetSubmissionTimeFrom",
                find.from.as_ref(),
            );
            time(
                &mut s,
                "$XDSSubmissionSetSubmissionTimeTo",
                find.to.as_ref(),
            );
            status(&mut s, "$XDSSubmissionSetStatus", &find.status);
            FIND_SETS
        }
        Query::GetDocuments(ids) => {
            documents(&mut s, ids);
            GET_DOCUMENTS
        }
        Query::GetDocumentsAndAssociations(ids) => {
            documents(&mut s, ids);
            GET_DOCUMENTS_AND_ASSOCIATIONS
        }
        Query::GetAssociations(ids) => {
            uuids(&mut s, "$uuid", ids);
            GET_ASSOCIATIONS
        }
        Query::GetSubmissionSets(ids) => {
            uuids(&mut s, "$uuid", ids);
            GET_SETS
        }
        Query::GetSubmissionSetAndContents(ids) => {
            let (name, one) = match ids {
                Ids::Unique(all) => ("$XDSSubmissionSetUniqueId", all.first().map(String::as_str)),
                Ids::Entry(all) => (
                    "$XDSSubmissionSetEntryUUID",
                    all.first().map(EntryUuid::as_str),
                ),
            };
            slot(&mut s, name, one.map(quoted).into_iter().collect());
            GET_SET_AND_CONTENTS
        }
    };
    out.open(
        "query:AdhocQueryRequest",
        &[("xmlns", RIM), ("xmlns:query", QUERY)],
    )
    .empty(
        "query:ResponseOption",
        &[
            ("returnComposedObjects", "true"),
            ("returnType", return_type),
        ],
    )
    .open("AdhocQuery", &[("id", id)]);
    for slot in &s {
        write_slot(out, slot);
    }
    out.close().close();
}

fn slot(slots: &mut Slots, name: &str, values: Vec<String>) {
    if !values.is_empty() {
        slots.push(OtherSlot {
            name: name.to_owned(),
            values,
        });
    }
}

fn find_documents(s: &mut Slots, find: &FindDocuments) -> &'static str {
    patient(s, "$XDSDocumentEntryPatientId", find.patient.as_ref());
    status(s, "$XDSDocumentEntryStatus", &find.status);
    for (name, at) in [
        ("$XDSDocumentEntryCreationTimeFrom", &find.creation_from),
        ("$XDSDocumentEntryCreationTimeTo", &find.creation_to),
        (
            "$XDSDocumentEntryServiceStartTimeFrom",
            &find.service_start_from,
        ),
        (
            "$XDSDocumentEntryServiceStartTimeTo",
            &find.service_start_to,
        ),
        (
            "$XDSDocumentEntryServiceStopTimeFrom",
            &find.service_stop_from,
        ),
        ("$XDSDocumentEntryServiceStopTimeTo", &find.service_stop_to),
    ] {
        time(s, name, at.as_ref());
    }
    codes(s, "$XDSDocumentEntryClassCode", &find.class_code);
    codes(s, "$XDSDocumentEntryTypeCode", &find.type_code);
    codes(s, "$XDSDocumentEntryFormatCode", &find.format_code);
    codes(
        s,
        "$XDSDocumentEntryHealthcareFacilityTypeCode",
        &find.facility,
    );
    codes(
        s,
        "$XDSDocumentEntryPracticeSettingCode",
        &find.practice_setting,
    );
    for group in &find.event_code {
        codes(s, "$XDSDocumentEntryEventCodeList", group);
    }
    for group in &find.confidentiality {
        codes(s, "$XDSDocumentEntryConfidentialityCode", group);
    }
    slot(
        s,
        "$XDSDocumentEntryAuthorPerson",
        list(find.author.iter().map(String::as_str)),
    );
    for group in &find.reference_id {
        slot(
            s,
            "$XDSDocumentEntryReferenceIdList",
            list(group.iter().map(String::as_str)),
        );
    }
    if find.reference_id.is_empty() {
        FIND_DOCUMENTS
    } else {
        FIND_BY_REFERENCE
    }
}

/// A CX between quotes, without parentheses (official message TD3.1).
fn patient(slots: &mut Slots, name: &str, patient: Option<&Cx>) {
    slot(
        slots,
        name,
        patient
            .map(|cx| quoted(&cx.to_string()))
            .into_iter()
            .collect(),
    );
}

fn status(slots: &mut Slots, name: &str, all: &[Status]) {
    slot(slots, name, list(all.iter().map(|s| s.urn())));
}

fn time(slots: &mut Slots, name: &str, at: Option<&Dtm>) {
    slot(
        slots,
        name,
        at.map(|d| d.as_str().to_owned()).into_iter().collect(),
    );
}

fn codes(slots: &mut Slots, name: &str, all: &[CodeRef]) {
    let texts: Vec<String> = all
        .iter()
        .map(|c| format!("{}^^{}", c.code, c.system))
        .collect();
    slot(slots, name, list(texts.iter().map(String::as_str)));
}

fn uuids(slots: &mut Slots, name: &str, all: &[EntryUuid]) {
    slot(slots, name, list(all.iter().map(EntryUuid::as_str)));
}

fn documents(slots: &mut Slots, ids: &Ids) {
    match ids {
        Ids::Unique(all) => {
            slot(
                slots,
                "$XDSDocumentEntryUniqueId",
                list(all.iter().map(String::as_str)),
            );
        }
        Ids::Entry(all) => uuids(slots, "$XDSDocumentEntryEntryUUID", all),
    }
}
