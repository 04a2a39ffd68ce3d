//! From a message to what its assertion says.

use super::super::signature::{DSIG, Place, Policy, verify_enveloped};
use super::super::xml::{Element, Event, Limits, Reader, XmlError};
use super::{HL7, SAML, VihfError, names};
use crate::clock::Instant;

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

/// A coded value of an assertion: a role, or the purpose of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodedRole {
    /// `code`.
    pub code: String,
    /// `codeSystem`, an OID.
    pub system: String,
    /// `codeSystemName`. The platform refuses a role without; the official examples have none.
    pub system_name: Option<String>,
    /// `displayName`.
    pub label: Option<String>,
}

/// What an assertion says, as it came. Fields that identify a person are not for logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Vihf {
    /// `ID`.
    pub id: String,
    /// `IssueInstant`.
    pub issued: Instant,
    /// `Issuer`: the name of the signing certificate (RFC 2253).
    pub issuer: String,
    /// `Subject/NameID`: PS_IdNat.
    pub name_id: String,
    /// `AuthnInstant`: when the person logged in.
    pub login: Instant,
    /// `AuthnContextClassRef`.
    pub authn_context_class_ref: String,
    /// `AuthnContextDecl`, of AIR.
    pub authn_context_decl: Option<String>,
    /// `Conditions/@NotBefore`.
    pub not_before: Option<Instant>,
    /// `Conditions/@NotOnOrAfter`.
    pub not_on_or_after: Option<Instant>,
    /// `VIHF_Version`.
    pub version: String,
    /// `Authentification_mode`, whatever the case of its name.
    pub authentication: String,
    /// `Identifiant_Structure`.
    pub structure: String,
    /// Code of `Secteur_Activite`.
    pub sector: String,
    /// `resource-id`: INS in CX form.
    pub resource_id: Option<String>,
    /// `Ressource_URN`.
    pub resource_urn: Option<String>,
    /// `subject-id`.
    pub subject_id: Option<String>,
    /// `purposeofuse`.
    pub purpose: CodedRole,
    /// `originalText` of the purpose: the reason of a bris de glace (ours).
    pub reason: Option<String>,
    /// `subject:role`, each value.
    pub roles: Vec<CodedRole>,
    /// `confidentiality-code`: connexion secrète.
    pub confidentiality: Option<String>,
    /// `LPS_ID`.
    pub lps_id: Option<String>,
    /// `LPS_Nom`.
    pub lps_name: String,
    /// `LPS_Version`.
    pub lps_version: String,
    /// `LPS_ID_HOMOLOGATION_DMP`.
    pub lps_homologation: String,
}

impl std::fmt::Debug for Vihf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vihf")
            .field("id", &self.id)
            .field("authentication", &self.authentication)
            .finish_non_exhaustive()
    }
}

/// The VIHF of a message, its signature checked, with the signer's certificates (DER, the signer's first).
///
/// `message` is the whole SOAP envelope (the part beside MTOM's documents), or an assertion alone. The assertion
/// stands in `Envelope/Header/Security`, is the only one of the message, and what is read is what was signed. `now`
/// is compared with its `Conditions`.
///
/// Errors: [`VihfError::Signature`] says what is wrong with the signature; the other variants, with what it signs.
/// An assertion may be presented again until its conditions end: a server that minds keeps the identifiers it saw.
pub fn verify(
    message: &str,
    policy: &Policy<'_>,
    now: Instant,
) -> Result<(Vihf, Vec<Vec<u8>>), VihfError> {
    let place = Place {
        namespace: SAML,
        name: "Assertion",
        id: "ID",
        ancestors: &[(SOAP, "Envelope"), (SOAP, "Header"), (WSSE, "Security")],
    };
    let checked = verify_enveloped(message, &place, policy)?;
    let vihf = Vihf::read(&checked.content)?;
    let early = vihf.not_before.is_some_and(|from| now < from);
    let late = vihf.not_on_or_after.is_some_and(|end| now >= end);
    if early || late {
        return Err(VihfError::Time);
    }
    Ok((vihf, checked.certificates))
}

impl Vihf {
    /// Reads an assertion **without looking at its signature**: for showing one, never for deciding who calls.
    pub fn read(assertion: &[u8]) -> Result<Vihf, VihfError> {
        let mut reader = Reader::new(assertion, Limits::default());
        let root = reader.root()?;
        if !root.is(SAML, "Assertion") {
            return Err(XmlError::Unexpected("an assertion is expected").into());
        }
        if root.attribute("Version") != Some("2.0") {
            return Err(VihfError::Invalid("Version"));
        }
        let mut parts = Parts::default();
        while let Some(child) = reader.child()? {
            if child.is(DSIG, "Signature") {
                reader.skip()?;
                continue;
            }
            if child.namespace != SAML {
                return Err(VihfError::Invalid("a part of the assertion"));
            }
            parts.read(&child, &mut reader)?;
        }
        let mut attributes = parts
            .attributes
            .ok_or(VihfError::Missing("AttributeStatement"))?;
        let purpose = attributes.coded(names::PURPOSE)?;
        let [(purpose, reason)] = purpose.as_slice() else {
            return Err(VihfError::Missing("purposeofuse"));
        };
        let sector = attributes.required(names::SECTOR, "Secteur_Activite")?;
        let roles = attributes.coded(names::ROLE)?;
        Ok(Vihf {
            id: root
                .attribute("ID")
                .ok_or(VihfError::Missing("ID"))?
                .to_owned(),
            issued: instant(&root, "IssueInstant", "IssueInstant")?
                .ok_or(VihfError::Missing("IssueInstant"))?,
            issuer: parts.issuer.ok_or(VihfError::Missing("Issuer"))?,
            name_id: parts.name_id.ok_or(VihfError::Missing("NameID"))?,
            login: parts.login.ok_or(VihfError::Missing("AuthnInstant"))?,
            authn_context_class_ref: parts
                .class
                .ok_or(VihfError::Missing("AuthnContextClassRef"))?,
            authn_context_decl: parts.declaration,
            not_before: parts.not_before,
            not_on_or_after: parts.not_on_or_after,
            version: attributes.required(names::VERSION, "VIHF_Version")?,
            authentication: attributes.required(names::MODE, "Authentification_mode")?,
            structure: attributes.required(names::STRUCTURE, "Identifiant_Structure")?,
            sector: sector.split('^').next().unwrap_or_default().to_owned(),
            resource_id: attributes.text(names::RESOURCE_ID)?,
            resource_urn: attributes.text(names::RESOURCE_URN)?,
            subject_id: attributes.text(names::SUBJECT_ID)?,
            purpose: purpose.clone(),
            reason: reason.clone(),
            roles: roles.into_iter().map(|(role, _)| role).collect(),
            confidentiality: attributes.text(names::CONFIDENTIALITY)?,
            lps_id: attributes.text(names::LPS_ID)?,
            lps_name: attributes.required(names::LPS_NAME, "LPS_Nom")?,
            lps_version: attributes.required(names::LPS_VERSION, "LPS_Version")?,
            lps_homologation: attributes
                .required(names::LPS_HOMOLOGATION, "LPS_ID_HOMOLOGATION_DMP")?,
        })
    }
}

/// The parts of an assertion, each at most once.
#[derive(Default)]
struct Parts {
    issuer: Option<String>,
    name_id: Option<String>,
    not_before: Option<Instant>,
    not_on_or_after: Option<Instant>,
    conditions: bool,
    login: Option<Instant>,
    class: Option<String>,
    declaration: Option<String>,
    attributes: Option<Attributes>,
}

/// Puts a value where none is yet.
fn once<T>(place: &mut Option<T>, value: T, what: &'static str) -> Result<(), VihfError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(VihfError::Repeated(what)),
    }
}

impl Parts {
    fn read(&mut self, child: &Element, reader: &mut Reader<&[u8]>) -> Result<(), VihfError> {
        match child.name.as_str() {
            "Issuer" => once(&mut self.issuer, reader.text()?, "Issuer"),
            "Subject" => {
                while let Some(part) = reader.child()? {
                    if part.is(SAML, "NameID") {
                        once(
                            &mut self.name_id,
                            reader.text()?.trim().to_owned(),
                            "NameID",
                        )?;
                    } else {
                        reader.skip()?;
                    }
                }
                Ok(())
            }
            "Conditions" => {
                if std::mem::replace(&mut self.conditions, true) {
                    return Err(VihfError::Repeated("Conditions"));
                }
                self.not_before = instant(child, "NotBefore", "NotBefore")?;
                self.not_on_or_after = instant(child, "NotOnOrAfter", "NotOnOrAfter")?;
                // AudienceRestriction has to be absent (CI-SIS mapping of the VIHF), and no other condition is known.
                match reader.child()? {
                    Some(_) => Err(VihfError::Invalid("Conditions")),
                    None => Ok(()),
                }
            }
            "AuthnStatement" => {
                let login = instant(child, "AuthnInstant", "AuthnInstant")?;
                let login = login.ok_or(VihfError::Missing("AuthnInstant"))?;
                once(&mut self.login, login, "AuthnStatement")?;
                while let Some(part) = reader.child()? {
                    if part.is(SAML, "AuthnContext") {
                        self.context(reader)?;
                    } else {
                        reader.skip()?;
                    }
                }
                Ok(())
            }
            "AttributeStatement" => {
                let attributes = Attributes::read(reader)?;
                once(&mut self.attributes, attributes, "AttributeStatement")
            }
            _ => Err(VihfError::Invalid("a part of the assertion")),
        }
    }

    fn context(&mut self, reader: &mut Reader<&[u8]>) -> Result<(), VihfError> {
        while let Some(part) = reader.child()? {
            let text = reader.text()?.trim().to_owned();
            if part.is(SAML, "AuthnContextClassRef") {
                once(&mut self.class, text, "AuthnContextClassRef")?;
            } else if part.is(SAML, "AuthnContextDecl") {
                once(&mut self.declaration, text, "AuthnContextDecl")?;
            }
        }
        Ok(())
    }
}

/// An instant of an attribute; without a time zone it is UTC (SAML 2.0 core, 1.3.3).
fn instant(
    element: &Element,
    name: &str,
    what: &'static str,
) -> Result<Option<Instant>, VihfError> {
    let Some(text) = element.attribute(name) else {
        return Ok(None);
    };
    let text = text.trim();
    let read = Instant::parse(text).or_else(|_| Instant::parse(&format!("{text}Z")));
    read.map(Some).map_err(|_| VihfError::Invalid(what))
}

/// One value of an attribute.
struct Value {
    text: String,
    coded: Option<(CodedRole, Option<String>)>,
}

/// Attributes by name, the case of which is not looked at (the sources disagree).
struct Attributes(Vec<(String, Vec<Value>)>);

impl Attributes {
    fn read(reader: &mut Reader<&[u8]>) -> Result<Attributes, VihfError> {
        let mut all: Vec<(String, Vec<Value>)> = Vec::new();
        while let Some(attribute) = reader.child()? {
            if !attribute.is(SAML, "Attribute") {
                return Err(VihfError::Invalid("AttributeStatement"));
            }
            let name = attribute.attribute("Name").unwrap_or_default().to_owned();
            if all
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(&name))
            {
                return Err(VihfError::Repeated("an attribute"));
            }
            let mut values = Vec::new();
            while let Some(value) = reader.child()? {
                if !value.is(SAML, "AttributeValue") {
                    return Err(VihfError::Invalid("Attribute"));
                }
                values.push(Value::read(reader)?);
            }
            all.push((name, values));
        }
        Ok(Attributes(all))
    }

    fn values(&mut self, name: &str) -> Vec<Value> {
        let found = self
            .0
            .iter_mut()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map_or_else(Vec::new, |(_, values)| std::mem::take(values))
    }

    /// The one text of an attribute; `None` when absent or empty.
    fn text(&mut self, name: &'static str) -> Result<Option<String>, VihfError> {
        let mut values = self.values(name).into_iter();
        let first = values.next();
        if values.next().is_some() {
            return Err(VihfError::Repeated(name));
        }
        let text = first.map(|value| value.text.trim().to_owned());
        Ok(text.filter(|text| !text.is_empty()))
    }

    fn required(&mut self, name: &'static str, what: &'static str) -> Result<String, VihfError> {
        self.text(name)?.ok_or(VihfError::Missing(what))
    }

    fn coded(&mut self, name: &'static str) -> Result<Vec<(CodedRole, Option<String>)>, VihfError> {
        let values = self.values(name).into_iter();
        values
            .map(|value| value.coded.ok_or(VihfError::Invalid(name)))
            .collect()
    }
}

impl Value {
    /// A text, or exactly one CE of HL7.
    fn read(reader: &mut Reader<&[u8]>) -> Result<Value, VihfError> {
        let mut value = Value {
            text: String::new(),
            coded: None,
        };
        loop {
            match reader.next()? {
                Event::Text(text) => value.text.push_str(&text),
                Event::End => return Ok(value),
                Event::Eof => return Err(XmlError::Cut.into()),
                Event::Start(element) => {
                    let known = element.is(HL7, "Role") || element.is(HL7, "PurposeOfUse");
                    if !known || value.coded.is_some() {
                        return Err(VihfError::Invalid("AttributeValue"));
                    }
                    let given = |name: &str| element.attribute(name).map(str::to_owned);
                    let mut original = None;
                    while let Some(child) = reader.child()? {
                        let text = reader.text()?;
                        if child.is(HL7, "originalText") {
                            once(&mut original, text, "originalText")?;
                        }
                    }
                    let coded = CodedRole {
                        code: given("code").ok_or(VihfError::Missing("code"))?,
                        system: given("codeSystem").ok_or(VihfError::Missing("codeSystem"))?,
                        system_name: given("codeSystemName"),
                        label: given("displayName"),
                    };
                    value.coded = Some((coded, original));
                }
            }
        }
    }
}
