//! The XDS.b transactions: deposits (TD2.1, TD2.2), searches (TD3.1), reading (TD3.2).
//!
//! Limits: the document that signs a lot is checked and not kept, so no search gives it.

use super::call::{Turn, same_patient};
use super::payload::{Part, Payload, random};
use crate::clock::Instant;
use crate::dmp::embedded::{Embedded, Known};
use crate::dmp::protocol::certificate::Certificate;
use crate::dmp::protocol::ebxml::names::DMP_REPOSITORY;
use crate::dmp::protocol::ebxml::{
    AnswerWriter, Content, DocumentRequest, DocumentResponse, Entry, FindDocuments, Ids, Link,
    Query, QueryRequest, ReceivedDocument, ReceivedLot, RegistryError, RegistryResponse,
    ResponseStatus, ReturnType, Set, write_response, write_retrieved,
};
use crate::dmp::protocol::fault::{Fault, Origin};
use crate::dmp::protocol::mtom;
use crate::dmp::protocol::signature::{Authorities, Policy};
use crate::dmp::protocol::soap::Transaction;
use crate::dmp::protocol::xades;
use crate::dmp::protocol::xml::Writer;
use crate::dmp::{Code, Criteria, Deposit, Dmp, DocumentsAndAssociations, Lot};
use crate::document::{
    Association, AssociationKind, DocumentEntry, EntryUuid, Oid, Status, SubmissionSet,
};
use crate::error::Error;
use crate::identity::{Cx, Ins};

pub(super) fn no(turn: &Turn<'_>, error: &Error) -> Fault {
    Fault::of_error(error, turn.transaction)
}

pub(super) fn refused(turn: &Turn<'_>, code: Code, context: &'static str) -> Fault {
    no(turn, &code.error(context))
}

/// A uniqueId that no document has: what is asked of it is answered as for any document that the caller does not
/// know, rights first.
pub(super) fn nobody() -> Result<Oid, Fault> {
    Oid::new("2.25.0").map_err(|_| Fault::new(Origin::Registry, "XDSRegistryError", "nobody"))
}

// ---- TD2.1, TD2.2

/// The bytes of a document of the message.
fn content<'a>(turn: &Turn<'a>, document: &'a ReceivedDocument) -> Result<&'a [u8], Fault> {
    match &document.content {
        Content::Inline(bytes) => Ok(bytes),
        Content::Include(href) => match turn.received.attachment(href) {
            Some(attachment) => Ok(&attachment.bytes),
            None => Err(refused(
                turn,
                Code::XDSMissingDocument,
                "a document of the lot has no content in the message",
            )),
        },
    }
}

/// Registers a lot whose signature holds.
pub(super) fn submit(
    dmp: &mut Embedded,
    turn: &Turn<'_>,
    lot: &ReceivedLot,
) -> Result<String, Fault> {
    let mut contents = Vec::with_capacity(lot.documents.len());
    for document in &lot.documents {
        let bytes = content(turn, document)?;
        let size = document.entry.size;
        if size.is_some_and(|size| i64::try_from(bytes.len()) != Ok(size)) {
            return Err(refused(turn, Code::XDSRepositoryMetadataError, "size"));
        }
        contents.push(bytes);
    }
    check_signature(turn, lot, &contents)?;
    let context = turn.context();
    let mut replaced = Vec::with_capacity(lot.documents.len());
    for document in &lot.documents {
        replaced.push(match &document.replaces {
            None => None,
            Some(entry) => {
                let known = dmp.known(&context, Known::Entry(entry));
                let known = known.map_err(|error| no(turn, &error))?;
                Some(match known {
                    Some(entry) => entry.unique_id,
                    None => nobody()?,
                })
            }
        });
    }
    let documents = lot.documents.iter().zip(&contents).zip(&replaced);
    let lot = Lot {
        submission: &lot.submission,
        documents: documents
            .map(|((document, content), replaces)| Deposit {
                metadata: &document.entry.metadata,
                visibility: document.entry.visibility,
                content,
                replaces: replaces.as_ref(),
            })
            .collect(),
    };
    dmp.submit(&context, &lot)
        .map_err(|error| no(turn, &error))?;
    Ok(response(&RegistryResponse::SUCCESS))
}

/// The lot is signed by the holder of the VIHF's certificate: the national DMP asks for it (official message TD2.1_SignatureXades).
fn check_signature(turn: &Turn<'_>, lot: &ReceivedLot, contents: &[&[u8]]) -> Result<(), Fault> {
    let wrong = |context: &str| {
        Fault::new(
            Origin::Registry,
            Code::XDSRegistryMetadataError.as_str(),
            context,
        )
    };
    let Some(signature) = &lot.signature else {
        return Err(wrong("Signature01 is required"));
    };
    let signed: Vec<(&Oid, &[u8])> = lot
        .documents
        .iter()
        .zip(contents)
        .map(|(document, content)| (&document.entry.metadata.unique_id, *content))
        .collect();
    let authorities = Authorities::new([turn.authority]).map_err(|_| wrong("authority"))?;
    let trust = |chain: &[Vec<u8>]| authorities.check(chain, turn.now).is_ok();
    let policy = Policy {
        sha1: true,
        trust: &trust,
    };
    let what = xades::Lot {
        unique_id: &lot.submission.unique_id,
        documents: &signed,
    };
    let checked = xades::verify(content(turn, signature)?, &what, &policy)
        .map_err(|error| wrong(&error.to_string()))?;
    let signer = checked
        .certificates
        .first()
        .and_then(|der| Certificate::from_der(der).ok());
    match signer {
        Some(signer) if signer.common_name() == Some(turn.holder) => Ok(()),
        _ => Err(wrong("the lot is signed by another holder than the VIHF")),
    }
}

pub(super) fn response(response: &RegistryResponse) -> String {
    let mut out = Writer::new();
    write_response(&mut out, response);
    out.finish()
}

// ---- TD3.1

/// What a query found.
#[derive(Default)]
struct Found {
    documents: Vec<DocumentEntry>,
    sets: Vec<SubmissionSet>,
    associations: Vec<Association>,
    references: Vec<EntryUuid>,
}

impl From<DocumentsAndAssociations> for Found {
    fn from(both: DocumentsAndAssociations) -> Found {
        Found {
            documents: both.documents,
            associations: both.associations,
            ..Found::default()
        }
    }
}

/// Answers a stored query.
pub(super) fn query(
    dmp: &mut Embedded,
    turn: &Turn<'_>,
    request: &QueryRequest,
) -> Result<String, Fault> {
    let found = find(dmp, turn, request)?;
    let mut out = Writer::new();
    let total = found.documents.len()
        + found.sets.len()
        + found.associations.len()
        + found.references.len();
    let mut answer = AnswerWriter::begin(
        &mut out,
        ResponseStatus::Success,
        &[],
        u64::try_from(total).ok(),
    );
    let whole = request.return_type == ReturnType::LeafClass;
    for document in &found.documents {
        if whole {
            let entry = Entry::of(document)
                .map_err(|_| Fault::new(Origin::Registry, "XDSRegistryError", "stored metadata"))?;
            answer.document(&entry);
        } else {
            answer.reference(document.entry_uuid.as_str());
        }
    }
    for set in found.sets {
        if whole {
            answer.set(&Set {
                logical_id: Some(set.entry_uuid.clone()),
                submission: set,
                status: Some(Status::Approved),
            });
        } else {
            answer.reference(set.entry_uuid.as_str());
        }
    }
    for association in &found.associations {
        let link = Link::of(association);
        if whole {
            answer.association(&link);
        } else {
            answer.reference(&link.id);
        }
    }
    for reference in &found.references {
        answer.reference(reference.as_str());
    }
    answer.end();
    Ok(out.finish())
}

fn find(dmp: &mut Embedded, turn: &Turn<'_>, request: &QueryRequest) -> Result<Found, Fault> {
    let context = turn.context();
    let no = |error: Error| no(turn, &error);
    let references = request.return_type == ReturnType::ObjectRef;
    Ok(match &request.query {
        Query::FindDocuments(query) => Found {
            documents: find_documents(dmp, turn, query)?,
            ..Found::default()
        },
        Query::FindSubmissionSets(query) => {
            patient_of(turn, query.patient.as_ref())?;
            let since = query
                .from
                .as_ref()
                .map_or_else(|| beginning(turn.now), |from| from.start());
            let until = query.to.as_ref().map(|to| to.start());
            let mut sets = dmp.find_submission_sets(&context, since).map_err(no)?;
            sets.retain(|set| until.is_none_or(|until| set.submission_time.start() < until));
            if !query.status.contains(&Status::Approved) {
                sets.clear();
            }
            Found {
                sets,
                ..Found::default()
            }
        }
        // By reference, clinical metadata are not needed: neither is the right to search them.
        Query::GetDocuments(Ids::Unique(ids)) if references => {
            let found = dmp.references(&context, &oids(ids)).map_err(no)?;
            Found {
                references: found.into_iter().map(|one| one.entry_uuid).collect(),
                ..Found::default()
            }
        }
        Query::GetDocuments(Ids::Unique(ids)) => Found {
            documents: dmp.documents(&context, &oids(ids)).map_err(no)?,
            ..Found::default()
        },
        Query::GetDocuments(Ids::Entry(entries)) => Found {
            associations: Vec::new(),
            ..dmp
                .documents_and_associations(&context, entries)
                .map_err(no)?
                .into()
        },
        Query::GetAssociations(objects) => Found {
            associations: dmp.associations(&context, objects).map_err(no)?,
            ..Found::default()
        },
        Query::GetDocumentsAndAssociations(ids) => {
            let entries = match ids {
                Ids::Entry(entries) => entries.clone(),
                Ids::Unique(ids) => {
                    let found = dmp.documents(&context, &oids(ids)).map_err(no)?;
                    found.into_iter().map(|one| one.entry_uuid).collect()
                }
            };
            dmp.documents_and_associations(&context, &entries)
                .map_err(no)?
                .into()
        }
        Query::GetSubmissionSets(objects) => {
            let associations = dmp.associations(&context, objects).map_err(no)?;
            let lots: Vec<&EntryUuid> = associations
                .iter()
                .filter(|one| one.kind == AssociationKind::HasMember)
                .map(|one| &one.source)
                .collect();
            let mut sets = dmp
                .find_submission_sets(&context, beginning(turn.now))
                .map_err(no)?;
            sets.retain(|set| lots.contains(&&set.entry_uuid));
            Found {
                sets,
                associations,
                ..Found::default()
            }
        }
        Query::GetSubmissionSetAndContents(ids) => {
            let mut sets = dmp
                .find_submission_sets(&context, beginning(turn.now))
                .map_err(no)?;
            sets.retain(|set| match ids {
                Ids::Entry(entries) => entries.contains(&set.entry_uuid),
                Ids::Unique(ids) => ids.iter().any(|id| id == set.unique_id.as_str()),
            });
            let lots: Vec<EntryUuid> = sets.iter().map(|set| set.entry_uuid.clone()).collect();
            let associations = dmp.associations(&context, &lots).map_err(no)?;
            let members: Vec<EntryUuid> = associations
                .iter()
                .filter(|one| one.kind == AssociationKind::HasMember)
                .map(|one| one.target.clone())
                .collect();
            let found = dmp
                .documents_and_associations(&context, &members)
                .map_err(no)?;
            Found {
                documents: found.documents,
                sets,
                associations,
                ..Found::default()
            }
        }
    })
}

/// Since always.
fn beginning(now: Instant) -> Instant {
    Instant::from_millis(0).unwrap_or(now)
}

/// The identifiers that can be a document's: another is nobody's.
fn oids(ids: &[String]) -> Vec<Oid> {
    ids.iter().filter_map(|id| Oid::new(id).ok()).collect()
}

/// The patient of a query, when it names one, is that of the VIHF (RG_3010: else it is meant).
fn patient_of(turn: &Turn<'_>, patient: Option<&Cx>) -> Result<(), Fault> {
    let Some(cx) = patient else {
        return Ok(());
    };
    match Ins::new(&cx.id, &cx.authority) {
        Ok(ins) => same_patient(turn, &ins),
        Err(_) => Err(refused(turn, Code::XDSUnknownPatientId, "patientId")),
    }
}

/// Every document that matches: the embedded DMP's pages, to the last.
fn find_documents(
    dmp: &mut Embedded,
    turn: &Turn<'_>,
    query: &FindDocuments,
) -> Result<Vec<DocumentEntry>, Fault> {
    patient_of(turn, query.patient.as_ref())?;
    let mut criteria = query
        .criteria()
        .map_err(|no| Fault::new(Origin::Registry, no.code, no.rule))?;
    criteria.limit = Some(Criteria::MAX_LIMIT);
    let mut all = Vec::new();
    loop {
        let context = turn.context();
        let page = dmp
            .find(&context, &criteria)
            .map_err(|error| no(turn, &error))?;
        all.extend(page.documents);
        match page.next {
            Some(next) => criteria.after = Some(next),
            None => return Ok(all),
        }
    }
}

// ---- TD3.2

/// Gives documents: those that the caller may read, and an error for each other.
pub(super) fn retrieve(
    dmp: &mut Embedded,
    turn: &Turn<'_>,
    requests: &[DocumentRequest],
) -> Result<Payload, Fault> {
    let random = random();
    let context = turn.context();
    let (mut documents, mut parts, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for request in requests {
        let read = if request.repository == DMP_REPOSITORY {
            // An entryUUID is no uniqueId: the error the DMP gives for it (seen by integrators).
            let id = Oid::new(&request.unique_id).or_else(|_| nobody())?;
            dmp.read(&context, &id)
        } else {
            Err(Code::XDSUnknownRepositoryId.error("RepositoryUniqueId"))
        };
        match read {
            Err(error) => faults.push(no(turn, &error)),
            Ok(content) => {
                let content_id = mtom::content_id(parts.len() + 1, random);
                let mime_type = content
                    .entry
                    .metadata
                    .parse()
                    .map_or_else(|_| "text/xml".to_owned(), |metadata| metadata.mime_type);
                documents.push(DocumentResponse {
                    repository: DMP_REPOSITORY.to_owned(),
                    unique_id: content.entry.unique_id.as_str().to_owned(),
                    mime_type: mime_type.clone(),
                    content: Content::Include(mtom::href(&content_id)),
                });
                parts.push(Part {
                    content_id,
                    content_type: mime_type,
                    bytes: content.bytes,
                });
            }
        }
    }
    let response = match (faults.is_empty(), documents.is_empty()) {
        (true, _) => RegistryResponse::SUCCESS,
        // One refusal of one document is the transaction's, for the log too.
        (false, true) => match faults.into_iter().next() {
            Some(fault) => return Err(fault),
            None => RegistryResponse::SUCCESS,
        },
        (false, false) => RegistryResponse {
            status: ResponseStatus::PartialSuccess,
            errors: faults.iter().map(registry_error).collect(),
        },
    };
    let mut out = Writer::new();
    write_retrieved(&mut out, &response, &documents);
    Ok(Payload {
        xml: out.finish(),
        parts,
    })
}

// ---- refusals

fn registry_error(fault: &Fault) -> RegistryError {
    RegistryError::new(fault.code(), fault.context())
}

/// The payload of a refusal, in the form of the transaction.
pub(super) fn refusal(transaction: Transaction, fault: &Fault) -> String {
    let errors = vec![registry_error(fault)];
    let mut out = Writer::new();
    match transaction {
        Transaction::Td31 => {
            AnswerWriter::begin(&mut out, ResponseStatus::Failure, &errors, None).end();
        }
        Transaction::Td32 => {
            write_retrieved(&mut out, &RegistryResponse::failure(errors), &[]);
        }
        _ => write_response(&mut out, &RegistryResponse::failure(errors)),
    }
    out.finish()
}
