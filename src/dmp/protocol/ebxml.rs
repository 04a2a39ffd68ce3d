//! ebXML RegRep 3.0 as XDS.b uses it: lots, updates, queries, lists, retrievals, to and from the words of
//! [`crate::document`].
//!
//! Everything here is the *payload* of a SOAP body. A writer appends its payload element to an
//! [`xml::Writer`](super::xml::Writer). A reader is given the [`xml::Reader`](super::xml::Reader) just after the start
//! of the payload element, and that [`Element`]; it reads to the element's end.
//!
//! | transaction | client writes, server reads | server writes, client reads |
//! |---|---|---|
//! | TD2.1 (ITI-41) | [`write_lot`], [`read_lot`] | [`write_response`], [`read_response`] |
//! | TD3.1 (ITI-18) | [`write_query`], [`read_query`] | [`AnswerWriter`], [`read_answer`] |
//! | TD3.2 (ITI-43) | [`write_retrieve`], [`read_retrieve`] | [`write_retrieved`], [`read_retrieved`] |
//! | TD3.3 (ITI-57) | [`write_metadata_update`], [`write_status_update`], [`read_update`] | [`write_response`], [`read_response`] |
//!
//! What is written is valid against the ebRS 3.0 and XDS.b schemas and has the structure of the official messages. It
//! differs from them where they differ from their own schema or from each other:
//! - `Classification/@classifiedObject` and `ExternalIdentifier/@registryObject` are always written: the schema requires
//!   them, and the official TD3.3c and TD3.3d leave some out;
//! - `Document/@id` is exactly the `id` of its ExtrinsicObject; the official TD2.1 writes one of them in another case;
//! - prefixes and the order of attributes, which mean nothing in XML, are not reproduced; namespaces that a message does
//!   not use are not declared;
//! - `isOpaque="false"`, the schema's default, is not written in answers.
//!
//! What is read may use any prefixes and any order. A Name or Description in several languages keeps the French text, or
//! the first: the DMP writes one.

mod answer;
mod entry;
mod forms;
mod link;
mod lot;
pub mod names;
mod object;
mod query;
mod response;
mod retrieve;
mod set;
mod update;

pub use answer::{AnswerWriter, Object, Outcome, read_answer};
pub use entry::{Entry, SIGNATURE_VISIBILITY, Unreadable, is_signature, signature_metadata};
pub use link::Link;
pub use lot::{Content, Item, LotMessage, ReceivedDocument, ReceivedLot, read_lot, write_lot};
pub use query::{
    CodeRef, FindDocuments, FindSubmissionSets, Ids, Query, QueryRequest, ReturnType, read_query,
    write_query,
};
pub use response::{
    RegistryError, RegistryResponse, ResponseStatus, Severity, read_response, write_response,
};
pub use retrieve::{
    DocumentRequest, DocumentResponse, read_retrieve, read_retrieved, write_retrieve,
    write_retrieved,
};
pub use set::Set;
pub use update::{Change, ReceivedUpdate, read_update, write_metadata_update, write_status_update};

use super::xml::{Element, XmlError};

/// A request that is refused, with the code its sender is to be given (ITI TF-3 table 4.2.4.1-2). It names the field and
/// the rule, never a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {rule}")]
pub struct Refused {
    /// `XDSRegistryMetadataError`, `XDSStoredQueryMissingParam`…
    pub code: &'static str,
    /// The field and the rule it breaks.
    pub rule: &'static str,
}

impl Refused {
    pub(crate) const fn metadata(rule: &'static str) -> Refused {
        Refused {
            code: "XDSRegistryMetadataError",
            rule,
        }
    }

    /// As a registry's error.
    pub fn error(&self) -> RegistryError {
        RegistryError::new(self.code, self.rule)
    }
}

/// Why a request cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The XML is not well-formed, too large, or not the message expected.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The message is read and breaks a rule.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// The payload must be this element.
fn expect(
    payload: &Element,
    namespace: &str,
    name: &str,
    what: &'static str,
) -> Result<(), XmlError> {
    if payload.is(namespace, name) {
        Ok(())
    } else {
        Err(XmlError::Unexpected(what))
    }
}
