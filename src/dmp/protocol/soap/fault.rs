//! SOAP faults, of both versions when read, of 1.2 when written.

use std::io::BufRead;

use super::{SOAP_11, SOAP_12, WSA, WSSE};
use crate::dmp::protocol::xml::{Element, Reader, Writer, XmlError};

/// The code of a fault, by its name in SOAP 1.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultCode {
    /// The message is at fault: sending it again changes nothing. `Client` in SOAP 1.1.
    Sender,
    /// The server is at fault. `Server` in SOAP 1.1.
    Receiver,
    /// Not a SOAP envelope of a version known.
    VersionMismatch,
    /// A header was not understood.
    MustUnderstand,
    /// A code of the DMP where one of the standard should stand, such as `DMPInvalidCertificate`, seen on its test
    /// platform. Only read.
    Other(String),
}

impl FaultCode {
    /// The code, without prefix.
    pub fn as_str(&self) -> &str {
        match self {
            FaultCode::Sender => "Sender",
            FaultCode::Receiver => "Receiver",
            FaultCode::VersionMismatch => "VersionMismatch",
            FaultCode::MustUnderstand => "MustUnderstand",
            FaultCode::Other(code) => code,
        }
    }

    fn of(value: &str) -> FaultCode {
        match local(value).as_str() {
            "Sender" | "Client" => FaultCode::Sender,
            "Receiver" | "Server" => FaultCode::Receiver,
            "VersionMismatch" => FaultCode::VersionMismatch,
            "MustUnderstand" => FaultCode::MustUnderstand,
            other => FaultCode::Other(other.to_owned()),
        }
    }
}

/// A coded detail of a fault.
#[derive(Clone, PartialEq, Eq)]
pub struct FaultDetail {
    /// Attribute `code`.
    pub code: String,
    /// Attribute `codeSystem`, empty when absent.
    pub code_system: String,
    /// The text beside it.
    pub text: String,
}

/// A SOAP fault. Its texts are the server's: they may hold anything, so nothing prints them.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault {
    /// Code.
    pub code: FaultCode,
    /// Subcodes, outermost first, without their prefixes.
    pub subcodes: Vec<String>,
    /// Reason, the French one when there are several.
    pub reason: String,
    /// What `Detail` holds under a `code` attribute.
    pub details: Vec<FaultDetail>,
}

impl std::fmt::Debug for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fault({}, {:?}, …)", self.code.as_str(), self.subcodes)
    }
}

impl std::fmt::Debug for FaultDetail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaultDetail({}, …)", self.code)
    }
}

/// A QName's local part.
fn local(value: &str) -> String {
    let value = value.trim();
    value.rsplit(':').next().unwrap_or(value).to_owned()
}

impl Fault {
    /// The payload of a fault, SOAP 1.2. A subcode of WS-Addressing or WS-Security is written under its namespace; one of the DMP
    /// under the envelope's, as its own faults are (`soap:DMPInvalidCertificate`).
    pub fn write(&self) -> String {
        let mut x = Writer::new();
        x.open("soap:Fault", &[("xmlns:soap", SOAP_12)]);
        x.open("soap:Code", &[]);
        let code = match &self.code {
            // Only the codes of the standard may stand here.
            FaultCode::Other(_) => "Sender",
            code => code.as_str(),
        };
        x.leaf("soap:Value", &[], &format!("soap:{code}"));
        let own = match &self.code {
            FaultCode::Other(code) => Some(code),
            _ => None,
        };
        let subcodes: Vec<&String> = own.into_iter().chain(&self.subcodes).collect();
        for subcode in &subcodes {
            x.open("soap:Subcode", &[]);
            if is_addressing(subcode) {
                let name = format!("wsa:{subcode}");
                x.leaf("soap:Value", &[("xmlns:wsa", WSA)], &name);
            } else if is_security(subcode) {
                let name = format!("wsse:{subcode}");
                x.leaf("soap:Value", &[("xmlns:wsse", WSSE)], &name);
            } else {
                x.leaf("soap:Value", &[], &format!("soap:{subcode}"));
            }
        }
        for _ in &subcodes {
            x.close();
        }
        x.close();
        x.open("soap:Reason", &[]);
        x.leaf("soap:Text", &[("xml:lang", "en")], &self.reason)
            .close();
        if !self.details.is_empty() {
            x.open("soap:Detail", &[]);
            for detail in &self.details {
                let mut attributes = vec![
                    ("xmlns", "urn:si-dmp-patients"),
                    ("code", detail.code.as_str()),
                ];
                if !detail.code_system.is_empty() {
                    attributes.push(("codeSystem", &detail.code_system));
                }
                x.leaf("error", &attributes, &detail.text);
            }
        }
        x.finish()
    }

    /// Reads the fault whose start was just read, to its end.
    pub(super) fn read<R: BufRead>(
        reader: &mut Reader<R>,
        start: &Element,
    ) -> Result<Fault, XmlError> {
        let mut fault = Fault {
            code: FaultCode::Other(String::new()),
            subcodes: Vec::new(),
            reason: String::new(),
            details: Vec::new(),
        };
        let soap_11 = start.namespace == SOAP_11;
        while let Some(child) = reader.child()? {
            match child.name.as_str() {
                "Code" if !soap_11 => code(reader, &mut fault)?,
                "Reason" if !soap_11 => reason(reader, &child, &mut fault)?,
                "faultcode" => {
                    // "Client.Authentication": what follows the dot is a subcode (SOAP 1.1 section 4.4.1).
                    let value = reader.text()?;
                    let value = local(&value);
                    let mut names = value.split('.');
                    fault.code = FaultCode::of(names.next().unwrap_or_default());
                    fault.subcodes.extend(names.map(str::to_owned));
                }
                "faultstring" => fault.reason = reader.text()?.trim().to_owned(),
                "Detail" | "detail" => {
                    while let Some(child) = reader.child()? {
                        detail(reader, &child, &mut fault.details)?;
                    }
                }
                _ => reader.skip()?,
            }
        }
        if fault.code == FaultCode::Other(String::new()) {
            return Err(XmlError::Unexpected("Fault/Code"));
        }
        Ok(fault)
    }
}

fn is_addressing(subcode: &str) -> bool {
    matches!(
        subcode,
        "MessageAddressingHeaderRequired"
            | "InvalidAddressingHeader"
            | "ActionNotSupported"
            | "DestinationUnreachable"
            | "EndpointUnavailable"
    )
}

/// WS-Security 1.1 section 12.
fn is_security(subcode: &str) -> bool {
    matches!(
        subcode,
        "InvalidSecurity" | "FailedCheck" | "FailedAuthentication" | "MessageExpired"
    )
}

/// `Code` and the subcodes nested in it.
fn code<R: BufRead>(reader: &mut Reader<R>, fault: &mut Fault) -> Result<(), XmlError> {
    let mut outermost = true;
    let mut open = 1_usize;
    while open > 0 {
        match reader.child()? {
            None => open -= 1,
            Some(child) if child.name == "Subcode" => {
                open += 1;
                outermost = false;
            }
            Some(child) if child.name == "Value" => {
                let value = reader.text()?;
                if outermost {
                    fault.code = FaultCode::of(&value);
                } else {
                    fault.subcodes.push(local(&value));
                }
            }
            Some(_) => reader.skip()?,
        }
    }
    Ok(())
}

/// `Reason`: its French text, else the first. The national DMP is said to put a code on it.
fn reason<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
    fault: &mut Fault,
) -> Result<(), XmlError> {
    const XML: &str = "http://www.w3.org/XML/1998/namespace";
    let mut coded = start.clone();
    let mut french = false;
    while let Some(child) = reader.child()? {
        let text = reader.text()?.trim().to_owned();
        let is_french = child
            .attribute_ns(XML, "lang")
            .is_some_and(|l| l.starts_with("fr"));
        if fault.reason.is_empty() || (is_french && !french) {
            fault.reason = text;
            french = is_french;
        }
        if child.attribute("code").is_some() {
            coded = child;
        }
    }
    if let Some(code) = coded.attribute("code") {
        fault.details.push(FaultDetail {
            code: code.to_owned(),
            code_system: coded.attribute("codeSystem").unwrap_or("").to_owned(),
            text: fault.reason.clone(),
        });
    }
    Ok(())
}

/// An element of `Detail`, and those inside: each that has a code is kept. Bounded by the reader's depth.
fn detail<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
    into: &mut Vec<FaultDetail>,
) -> Result<(), XmlError> {
    use crate::dmp::protocol::xml::Event;
    let place = start
        .attribute("code")
        .filter(|_| into.len() < 64)
        .map(|code| {
            into.push(FaultDetail {
                code: code.to_owned(),
                code_system: start.attribute("codeSystem").unwrap_or("").to_owned(),
                text: String::new(),
            });
            into.len() - 1
        });
    let mut text = String::new();
    loop {
        match reader.next()? {
            Event::Text(piece) => text.push_str(&piece),
            Event::Start(child) => detail(reader, &child, into)?,
            Event::End => break,
            Event::Eof => return Err(XmlError::Cut),
        }
    }
    if let Some(kept) = place.and_then(|at| into.get_mut(at)) {
        kept.text = text.trim().to_owned();
    }
    Ok(())
}
