//! Reading an envelope.

use std::io::BufRead;
use std::ops::Range;

use super::{ANONYMOUS, Fault, SAML, SOAP_11, SOAP_12, SoapError, Transaction, WSA, WSSE};
use crate::dmp::protocol::xml::{Element, Event, Limits, Reader, XmlError};

/// The version of an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// SOAP 1.1: read, never written.
    V11,
    /// SOAP 1.2.
    V12,
}

/// The addressing headers, each absent until seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// `Action`.
    pub action: Option<String>,
    /// `MessageID`.
    pub message_id: Option<String>,
    /// `To`; the official requests leave it empty.
    pub to: Option<String>,
    /// `ReplyTo/Address`.
    pub reply_to: Option<String>,
    /// `RelatesTo`.
    pub relates_to: Option<String>,
}

/// The addressing of a request that has all four headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addressed<'a> {
    /// `Action`.
    pub action: &'a str,
    /// `MessageID`.
    pub message_id: &'a str,
    /// `To`, possibly empty.
    pub to: &'a str,
}

impl Header {
    /// The addressing of a request: MessageID, To, ReplyTo and Action are all required, the answer goes back on the
    /// connection, and Action is that of a transaction.
    pub fn request(&self) -> Result<(Transaction, Addressed<'_>), SoapError> {
        fn required<'a>(
            value: &'a Option<String>,
            name: &'static str,
        ) -> Result<&'a str, SoapError> {
            value.as_deref().ok_or(SoapError::Missing(name))
        }
        let message_id = required(&self.message_id, "MessageID")?;
        let to = required(&self.to, "To")?;
        let reply_to = required(&self.reply_to, "ReplyTo")?;
        let action = required(&self.action, "Action")?;
        let addressed = Addressed {
            action,
            message_id,
            to,
        };
        if message_id.is_empty() || message_id.len() > 256 {
            return Err(SoapError::Invalid("MessageID"));
        }
        if reply_to != ANONYMOUS {
            return Err(SoapError::Invalid("ReplyTo"));
        }
        let transaction = Transaction::of_request(addressed.action).ok_or(SoapError::Action)?;
        Ok((transaction, addressed))
    }
}

/// Where the assertion stands in the bytes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertionPlace {
    range: Range<usize>,
    namespaces: Vec<(String, String)>,
}

/// An assertion as it was received.
#[derive(Clone, PartialEq, Eq)]
pub struct Assertion<'a> {
    /// Its text, from `<` to `>`, byte for byte: what its signature was made over.
    pub xml: &'a str,
    /// The namespace declarations that its ancestors make: prefix (empty for the default one) and name, in the order
    /// of the prefixes. Those of the assertion's own start are not among them, unless an ancestor makes them too.
    pub namespaces: Vec<(String, String)>,
}

impl std::fmt::Debug for Assertion<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Assertion({} bytes)", self.xml.len())
    }
}

impl AssertionPlace {
    /// The assertion in the bytes that were read; `None` if they are other bytes.
    pub fn of<'a>(&self, message: &'a [u8]) -> Option<Assertion<'a>> {
        let message = message
            .strip_prefix(b"\xEF\xBB\xBF".as_slice())
            .unwrap_or(message);
        let xml = message.get(self.range.clone())?;
        let xml = std::str::from_utf8(xml).ok()?;
        (xml.starts_with('<') && xml.ends_with('>')).then(|| Assertion {
            xml,
            namespaces: self.namespaces.clone(),
        })
    }
}

/// What the body holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A payload: its start. The reader stands inside it.
    Payload(Element),
    /// A fault, read to its end.
    Fault(Fault),
    /// Nothing.
    Empty,
}

/// An envelope of which the header was read.
pub struct Envelope<R> {
    /// Version.
    pub version: Version,
    /// Addressing.
    pub header: Header,
    /// The assertion, if `wsse:Security` holds one.
    pub assertion: Option<AssertionPlace>,
    /// What the body holds.
    pub body: Body,
    /// Inside the payload when there is one.
    pub reader: Reader<R>,
}

/// Reads an envelope up to the start of its payload.
pub fn read<R: BufRead>(input: R, limits: Limits) -> Result<Envelope<R>, SoapError> {
    let mut reader = Reader::new(input, limits);
    let root = reader.root()?;
    read_at(reader, &root)
}

/// As [`read`], by a reader that has read the start of the root.
pub fn read_at<R: BufRead>(
    mut reader: Reader<R>,
    root: &Element,
) -> Result<Envelope<R>, SoapError> {
    let version = match root.namespace.as_str() {
        SOAP_12 => Version::V12,
        SOAP_11 => Version::V11,
        _ => return Err(SoapError::NotSoap),
    };
    if root.name != "Envelope" {
        return Err(SoapError::NotSoap);
    }
    let soap = root.namespace.as_str();
    let mut header = Header::default();
    let mut assertion = None;
    let mut part = reader.child()?;
    if part.as_ref().is_some_and(|e| e.is(soap, "Header")) {
        read_header(&mut reader, soap, &mut header, &mut assertion)?;
        part = reader.child()?;
    }
    if !part.is_some_and(|e| e.is(soap, "Body")) {
        return Err(XmlError::Unexpected("Envelope/Body").into());
    }
    let body = match reader.child()? {
        None => Body::Empty,
        Some(start) if start.is(soap, "Fault") => Body::Fault(Fault::read(&mut reader, &start)?),
        Some(start) => Body::Payload(start),
    };
    Ok(Envelope {
        version,
        header,
        assertion,
        body,
        reader,
    })
}

impl<R: BufRead> Envelope<R> {
    /// Checks that this is the answer to a request: it relates to its MessageID and its action is the transaction's.
    /// A fault may have lost either; when it has them, RelatesTo is ours.
    pub fn check_answer(
        &self,
        transaction: Transaction,
        message_id: &str,
    ) -> Result<(), SoapError> {
        let fault = matches!(self.body, Body::Fault(_));
        match self.header.relates_to.as_deref() {
            Some(id) if id == message_id => {}
            None if fault => {}
            None => return Err(SoapError::Missing("RelatesTo")),
            Some(_) => return Err(SoapError::Unrelated),
        }
        match self.header.action.as_deref() {
            _ if fault => Ok(()),
            Some(action) if action == transaction.response_action() => Ok(()),
            Some(_) => Err(SoapError::Action),
            None => Err(SoapError::Missing("Action")),
        }
    }
}

/// Reads what follows the payload to the end of the message: nothing may follow.
pub fn end<R: BufRead>(reader: &mut Reader<R>) -> Result<(), SoapError> {
    loop {
        match reader.next()? {
            Event::Eof => return Ok(()),
            Event::End => {}
            Event::Text(text) if text.trim().is_empty() => {}
            Event::Text(_) | Event::Start(_) => {
                return Err(XmlError::Unexpected("one element in Body").into());
            }
        }
    }
}

fn once(slot: &mut Option<String>, name: &'static str, value: &str) -> Result<(), SoapError> {
    if slot.is_some() {
        return Err(SoapError::Repeated(name));
    }
    *slot = Some(value.trim().to_owned());
    Ok(())
}

fn read_header<R: BufRead>(
    reader: &mut Reader<R>,
    soap: &str,
    header: &mut Header,
    assertion: &mut Option<AssertionPlace>,
) -> Result<(), SoapError> {
    let mut security = false;
    while let Some(block) = reader.child()? {
        if block.namespace == WSA {
            match block.name.as_str() {
                "Action" => once(&mut header.action, "Action", &reader.text()?)?,
                "MessageID" => once(&mut header.message_id, "MessageID", &reader.text()?)?,
                "To" => once(&mut header.to, "To", &reader.text()?)?,
                "RelatesTo" => once(&mut header.relates_to, "RelatesTo", &reader.text()?)?,
                "ReplyTo" => {
                    let address = read_address(reader)?;
                    once(&mut header.reply_to, "ReplyTo", &address)?;
                }
                _ => reader.skip()?,
            }
        } else if block.is(WSSE, "Security") {
            if std::mem::replace(&mut security, true) {
                return Err(SoapError::Repeated("Security"));
            }
            *assertion = read_security(reader)?;
        } else if matches!(
            block.attribute_ns(soap, "mustUnderstand"),
            Some("true" | "1")
        ) {
            return Err(SoapError::NotUnderstood);
        } else {
            reader.skip()?;
        }
    }
    Ok(())
}

fn read_address<R: BufRead>(reader: &mut Reader<R>) -> Result<String, SoapError> {
    let mut address = None;
    while let Some(child) = reader.child()? {
        if child.is(WSA, "Address") {
            once(&mut address, "ReplyTo", &reader.text()?)?;
        } else {
            reader.skip()?;
        }
    }
    address.ok_or(SoapError::Invalid("ReplyTo"))
}

/// The one assertion of `Security`. Two are refused: which one was verified and which one believed must never differ.
fn read_security<R: BufRead>(reader: &mut Reader<R>) -> Result<Option<AssertionPlace>, SoapError> {
    let namespaces = reader.namespaces();
    let mut place = None;
    while let Some(child) = reader.child()? {
        let from = reader.span().start;
        reader.skip()?;
        if child.is(SAML, "Assertion") {
            let to = reader.span().end;
            let (Ok(from), Ok(to)) = (usize::try_from(from), usize::try_from(to)) else {
                return Err(XmlError::TooLarge.into());
            };
            let found = AssertionPlace {
                range: from..to,
                namespaces: namespaces.clone(),
            };
            if place.replace(found).is_some() {
                return Err(SoapError::Repeated("Assertion"));
            }
        }
    }
    Ok(place)
}
