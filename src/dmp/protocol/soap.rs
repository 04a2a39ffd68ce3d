//! Envelopes: SOAP 1.2 with WS-Addressing 2005/08 and the assertion in `wsse:Security`, as the official messages
//! write them. SOAP 1.1 is read, for one official sample of TD2.1 uses it; it is never written.
//!
//! Reading is a stream: [`read`] takes the header, then leaves the [`Reader`] inside the payload, whose start is in
//! [`Body::Payload`]. Whoever reads the payload reads it to its end, then calls [`end`], so that a message cut after
//! its payload is not taken for a whole one.

mod fault;
mod read;
mod transaction;

use super::xml::{Writer, XmlError};

pub use fault::{Fault, FaultCode, FaultDetail};
pub use read::{
    Addressed, Assertion, AssertionPlace, Body, Envelope, Header, Version, end, read, read_at,
};
pub use transaction::{Service, Transaction};

#[allow(unused_imports)] // named in the documentation of this module
use super::xml::Reader;

/// The namespace of SOAP 1.2 envelopes.
pub const SOAP_12: &str = "http://www.w3.org/2003/05/soap-envelope";
/// The namespace of SOAP 1.1 envelopes.
pub const SOAP_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// WS-Addressing 2005/08.
pub const WSA: &str = "http://www.w3.org/2005/08/addressing";
/// The address of whoever waits at the other end of the connection.
pub const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";
/// The action of an answer that is a fault (WS-Addressing 1.0 SOAP Binding, section 6).
pub const FAULT_ACTION: &str = "http://www.w3.org/2005/08/addressing/soap/fault";
/// The header that holds the assertion.
pub const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// SAML 2.0.
pub const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// The media type of a SOAP 1.2 message alone (RFC 3902).
pub const MEDIA_TYPE: &str = "application/soap+xml";

/// Why an envelope is not one that can be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SoapError {
    /// The XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The root is not a SOAP envelope.
    #[error("the message is not a SOAP envelope")]
    NotSoap,
    /// A header that must be understood is unknown here.
    #[error("a header that must be understood is unknown")]
    NotUnderstood,
    /// A header that must stand once stands twice.
    #[error("header {0} stands more than once")]
    Repeated(&'static str),
    /// One of the four addressing headers is missing (facts of the national DMP: it refuses as well).
    #[error("header {0} is required")]
    Missing(&'static str),
    /// An addressing header is not of its form.
    #[error("header {0} is not of its form")]
    Invalid(&'static str),
    /// The answer does not belong to the request.
    #[error("the answer relates to another request")]
    Unrelated,
    /// The answer's or the request's action is not the one expected.
    #[error("the action is not the one expected")]
    Action,
}

impl SoapError {
    /// The fault that a server answers (SOAP 1.2 section 5.4.6, WS-Addressing SOAP Binding section 6.4).
    pub fn fault(&self) -> Fault {
        let (code, subcode) = match self {
            SoapError::NotSoap => (FaultCode::VersionMismatch, None),
            SoapError::NotUnderstood => (FaultCode::MustUnderstand, None),
            SoapError::Missing(_) => (FaultCode::Sender, Some("MessageAddressingHeaderRequired")),
            SoapError::Repeated(_) | SoapError::Invalid(_) | SoapError::Unrelated => {
                (FaultCode::Sender, Some("InvalidAddressingHeader"))
            }
            SoapError::Action => (FaultCode::Sender, Some("ActionNotSupported")),
            SoapError::Xml(_) => (FaultCode::Sender, None),
        };
        Fault {
            code,
            subcodes: subcode.into_iter().map(str::to_owned).collect(),
            reason: self.to_string(),
            details: Vec::new(),
        }
    }
}

/// A request to write.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What is asked.
    pub transaction: Transaction,
    /// `urn:uuid:…`, new for each attempt.
    pub message_id: &'a str,
    /// The address of the service. The official messages leave it empty; WS-Addressing asks for the destination.
    pub to: &'a str,
    /// The signed assertion, as it was signed: it is written byte for byte.
    pub assertion: &'a str,
    /// The payload, made by another writer.
    pub payload: &'a str,
}

impl Request<'_> {
    /// The envelope: official message TD0.2 (request), header by header in its order.
    pub fn write(&self) -> String {
        let mut x = Writer::with_capacity(self.assertion.len() + self.payload.len() + 2048);
        x.open("soap:Envelope", &[("xmlns:soap", SOAP_12)]);
        x.open("soap:Header", &[]);
        x.leaf("MessageID", &[("xmlns", WSA)], self.message_id);
        x.leaf("To", &[("xmlns", WSA)], self.to);
        // mustUnderstand without a prefix: the official messages write it so.
        let must = [("xmlns", WSA), ("mustUnderstand", "true")];
        x.open("ReplyTo", &must);
        x.leaf("Address", &[], ANONYMOUS).close();
        x.leaf("Action", &must, self.transaction.request_action());
        x.open("wsse:Security", &[("xmlns:wsse", WSSE)]);
        x.raw(self.assertion).close().close();
        x.open("soap:Body", &[]).raw(self.payload);
        x.finish()
    }
}

/// An answer to write.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// [`Transaction::response_action`], or [`FAULT_ACTION`].
    pub action: &'a str,
    /// `urn:uuid:…`, new.
    pub message_id: &'a str,
    /// The MessageID of the request; absent when it could not be read.
    pub relates_to: Option<&'a str>,
    /// The payload, made by another writer.
    pub payload: &'a str,
}

impl Answer<'_> {
    /// The envelope: official message TD0.2 (answer), header by header in its order.
    pub fn write(&self) -> String {
        let mut x = Writer::with_capacity(self.payload.len() + 1024);
        x.open("soap:Envelope", &[("xmlns:soap", SOAP_12)]);
        x.open("soap:Header", &[]);
        x.leaf("Action", &[("xmlns", WSA)], self.action);
        x.leaf("MessageID", &[("xmlns", WSA)], self.message_id);
        x.leaf("To", &[("xmlns", WSA)], ANONYMOUS);
        if let Some(id) = self.relates_to {
            x.leaf("RelatesTo", &[("xmlns", WSA)], id);
        }
        x.close().open("soap:Body", &[]).raw(self.payload);
        x.finish()
    }
}

/// The MessageID made of 16 random bytes: a UUID of version 4.
pub fn message_id(random: [u8; 16]) -> String {
    format!(
        "urn:uuid:{}",
        uuid::Builder::from_random_bytes(random).into_uuid()
    )
}
