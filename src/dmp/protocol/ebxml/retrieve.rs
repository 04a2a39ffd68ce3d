//! Documents asked for and given (ITI-43; official message TD3.2).

use std::io::BufRead;

use super::names::{RS, XDSB, XOP};
use super::response::{RegistryResponse, read_response, write_errors};
use super::{Content, expect, lot};
use crate::dmp::protocol::xml::{Element, Reader, Writer, XmlError};

/// A document asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRequest {
    /// RepositoryUniqueId: [`super::names::DMP_REPOSITORY`] for the DMP.
    pub repository: String,
    /// DocumentUniqueId: the uniqueId, never the entryUUID.
    pub unique_id: String,
}

/// A document given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentResponse {
    /// RepositoryUniqueId.
    pub repository: String,
    /// DocumentUniqueId.
    pub unique_id: String,
    /// mimeType.
    pub mime_type: String,
    /// Its bytes, or where they are.
    pub content: Content,
}

/// Writes a `RetrieveDocumentSetRequest`.
pub fn write_retrieve(out: &mut Writer, requests: &[DocumentRequest]) {
    out.open("RetrieveDocumentSetRequest", &[("xmlns", XDSB)]);
    for request in requests {
        out.open("DocumentRequest", &[])
            .leaf("RepositoryUniqueId", &[], &request.repository)
            .leaf("DocumentUniqueId", &[], &request.unique_id)
            .close();
    }
    out.close();
}

/// Reads a `RetrieveDocumentSetRequest`. Identifiers are given as they came, without the white space around.
///
/// # Errors
/// Another element, or a request without one of its identifiers.
pub fn read_retrieve<R: BufRead>(
    reader: &mut Reader<R>,
    payload: &Element,
) -> Result<Vec<DocumentRequest>, XmlError> {
    let name = "RetrieveDocumentSetRequest";
    expect(payload, XDSB, name, name)?;
    let mut requests = Vec::new();
    while let Some(child) = reader.child()? {
        if !child.is(XDSB, "DocumentRequest") {
            reader.skip()?;
            continue;
        }
        let (mut repository, mut unique_id) = (None, None);
        while let Some(field) = reader.child()? {
            match field.name.as_str() {
                "RepositoryUniqueId" if field.namespace == XDSB => {
                    repository = Some(trimmed(reader)?)
                }
                "DocumentUniqueId" if field.namespace == XDSB => unique_id = Some(trimmed(reader)?),
                _ => reader.skip()?,
            }
        }
        requests.push(DocumentRequest {
            repository: repository.ok_or(XmlError::Unexpected("RepositoryUniqueId is required"))?,
            unique_id: unique_id.ok_or(XmlError::Unexpected("DocumentUniqueId is required"))?,
        });
    }
    Ok(requests)
}

fn trimmed<R: BufRead>(reader: &mut Reader<R>) -> Result<String, XmlError> {
    Ok(reader.text()?.trim().to_owned())
}

/// Writes a `RetrieveDocumentSetResponse`. A document whose bytes travel beside is an `xop:Include`.
pub fn write_retrieved(
    out: &mut Writer,
    response: &RegistryResponse,
    documents: &[DocumentResponse],
) {
    out.open(
        "RetrieveDocumentSetResponse",
        &[("xmlns", XDSB), ("xmlns:rs", RS)],
    );
    out.open("rs:RegistryResponse", &[("status", response.status.urn())]);
    write_errors(out, &response.errors);
    out.close();
    for document in documents {
        out.open("DocumentResponse", &[])
            .leaf("RepositoryUniqueId", &[], &document.repository)
            .leaf("DocumentUniqueId", &[], &document.unique_id)
            .leaf("mimeType", &[], &document.mime_type)
            .open("Document", &[]);
        lot::write_content(out, &document.content);
        out.close().close();
    }
    out.close();
}

/// Reads a `RetrieveDocumentSetResponse`: what the repository says, and the documents it gives.
///
/// # Errors
/// Another element, no RegistryResponse, a document without identifier or content.
pub fn read_retrieved<R: BufRead>(
    reader: &mut Reader<R>,
    payload: &Element,
) -> Result<(RegistryResponse, Vec<DocumentResponse>), XmlError> {
    let name = "RetrieveDocumentSetResponse";
    expect(payload, XDSB, name, name)?;
    let mut response = None;
    let mut documents = Vec::new();
    while let Some(child) = reader.child()? {
        if child.is(RS, "RegistryResponse") {
            response = Some(read_response(reader, &child)?);
        } else if child.is(XDSB, "DocumentResponse") {
            documents.push(read_document(reader)?);
        } else {
            reader.skip()?;
        }
    }
    let response = response.ok_or(XmlError::Unexpected("RegistryResponse is required"))?;
    Ok((response, documents))
}

fn read_document<R: BufRead>(reader: &mut Reader<R>) -> Result<DocumentResponse, XmlError> {
    let (mut repository, mut unique_id, mut mime_type, mut content) =
        (None, None, String::new(), None);
    while let Some(field) = reader.child()? {
        match field.name.as_str() {
            _ if field.namespace != XDSB => reader.skip()?,
            "RepositoryUniqueId" => repository = Some(trimmed(reader)?),
            "DocumentUniqueId" => unique_id = Some(trimmed(reader)?),
            "mimeType" => mime_type = trimmed(reader)?,
            "Document" => content = Some(lot::read_content(reader)?),
            _ => reader.skip()?,
        }
    }
    Ok(DocumentResponse {
        repository: repository.ok_or(XmlError::Unexpected("RepositoryUniqueId is required"))?,
        unique_id: unique_id.ok_or(XmlError::Unexpected("DocumentUniqueId is required"))?,
        mime_type,
        content: content.ok_or(XmlError::Unexpected("Document is required"))?,
    })
}

/// `xop:Include` with this href.
pub(super) fn write_include(out: &mut Writer, href: &str) {
    out.empty("xop:Include", &[("xmlns:xop", XOP), ("href", href)]);
}
