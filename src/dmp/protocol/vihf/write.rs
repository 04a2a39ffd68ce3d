//! From a context to a signed assertion.
//!
//! The assertion is written twice from one description: as it travels, its prefixes declared where the official
//! files declare them, and in exclusive canonical form, which is what is digested. So nothing has to be parsed or
//! canonicalised, and signing costs little more than the key's own operation.

use super::super::certificate::Certificate;
use super::super::key::{Key, KeyError};
use super::super::signature::enveloped;
use super::super::xml::Writer;
use super::read::CodedRole;
use super::{
    HIDDEN_FROM_REPRESENTATIVES, HL7, SAML, VihfError, VihfSettings, XS, XSI, names, roles,
};
use crate::clock::Instant;
use crate::dmp::context::{Context, Requester};
use crate::identity::structure::StructIdKind;
use crate::rules::{Authentication, Capacity};
use crate::terminology::Terminology;
use crate::terminology::system::{TRE_R02, TRE_R248};

/// What is proper to one assertion.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a> {
    /// Its identifier, see [`super::new_id`]: no two assertions have the same.
    pub id: &'a str,
    /// When it is issued.
    pub at: Instant,
}

/// How the assertion is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As it travels.
    Wire,
    /// Exclusive canonical form.
    Canonical,
}

/// The signed assertion for a context, ready to stand in `wsse:Security` whatever the prefixes around it.
///
/// `key` is the signature key of the card, or the signature certificate of the structure (never the authentication
/// key: the platform answers `DMPInvalidCertificate`).
///
/// Errors: [`VihfError::Field`] when the context cannot be described, [`VihfError::Key`] when the key does not sign.
pub fn sign(
    context: &Context<'_>,
    issue: &Issue<'_>,
    settings: &VihfSettings,
    terminology: &Terminology,
    key: &dyn Key,
) -> Result<String, VihfError> {
    let certificate = key.certificates().first();
    let certificate = certificate.ok_or(KeyError::Certificate("absent"))?;
    let issuer = Certificate::from_der(certificate)?.subject().to_string();
    let content = Content::of(context, settings, terminology)?;
    let canonical = content.write(Form::Canonical, issue, &issuer, "");
    let signature = enveloped(key, settings.hash, issue.id, canonical.as_bytes())?;
    Ok(content.write(Form::Wire, issue, &issuer, &signature))
}

/// The assertion without signature, under the name of this issuer: for software that signs it elsewhere.
pub fn unsigned(
    context: &Context<'_>,
    issue: &Issue<'_>,
    settings: &VihfSettings,
    terminology: &Terminology,
    issuer: &str,
) -> Result<String, VihfError> {
    let content = Content::of(context, settings, terminology)?;
    Ok(content.write(Form::Wire, issue, issuer, ""))
}

/// What the assertion says.
struct Content<'a> {
    context: &'a Context<'a>,
    settings: &'a VihfSettings,
    name_id: String,
    sector: String,
    subject_id: Option<String>,
    roles: Vec<CodedRole>,
    mode: &'static str,
    purpose_label: String,
}

impl<'a> Content<'a> {
    fn of(
        context: &'a Context<'a>,
        settings: &'a VihfSettings,
        terminology: &Terminology,
    ) -> Result<Content<'a>, VihfError> {
        let requester = context.requester;
        if let Some((field, rule)) = requester.fault(terminology) {
            return Err(VihfError::field(field, rule));
        }
        if requester.capacity != Capacity::Care {
            return Err(VihfError::field(
                "capacity",
                "must be care: no other purpose reaches the DMP",
            ));
        }
        let software = context.software;
        for (field, value) in [
            ("software.name", &software.name),
            ("software.version", &software.version),
            ("software.homologation", &software.homologation),
        ] {
            if value.trim().is_empty() {
                return Err(VihfError::field(field, "is required"));
            }
        }
        let mode = match requester.authentication {
            Authentication::Cps | Authentication::Cpf | Authentication::Cpe => "DIRECTE",
            Authentication::Structure => "INDIRECTE",
            Authentication::Air => "INDIRECTE_RENFORCEE",
        };
        let code = context.mode.code();
        let label = terminology.access_mode().find_any(TRE_R248, code);
        Ok(Content {
            context,
            settings,
            name_id: name_id(requester, settings),
            sector: format!("{}^{TRE_R02}", requester.structure.sector),
            subject_id: subject_id(context),
            roles: roles::roles(requester, terminology)?,
            mode,
            purpose_label: label.map_or_else(String::new, |concept| concept.label.to_string()),
        })
    }

    /// The assertion, with this signature after its issuer, where SAML has it.
    fn write(&self, form: Form, issue: &Issue<'_>, issuer: &str, signature: &str) -> String {
        let instant = issue.at.to_string();
        let mut attributes = vec![("xmlns:saml2", SAML)];
        if form == Form::Wire {
            attributes.push(("xmlns:xsi", XSI));
        }
        attributes.extend([
            ("ID", issue.id),
            ("IssueInstant", &instant),
            ("Version", "2.0"),
        ]);
        let format = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName";
        let mut writer = Writer::new();
        writer
            .open("saml2:Assertion", &attributes)
            .leaf("saml2:Issuer", &[("Format", format)], issuer)
            .raw(signature)
            .open("saml2:Subject", &[])
            .leaf("saml2:NameID", &[], &self.name_id)
            .close();
        if let Some(seconds) = self.settings.validity_seconds {
            let from = issue.at.to_string();
            let to = issue.at.plus_seconds(i64::from(seconds)).to_string();
            writer.empty(
                "saml2:Conditions",
                &[("NotBefore", &from), ("NotOnOrAfter", &to)],
            );
        }
        writer
            .open(
                "saml2:AuthnStatement",
                &[("AuthnInstant", &self.context.login.to_string())],
            )
            .open("saml2:AuthnContext", &[])
            .leaf(
                "saml2:AuthnContextClassRef",
                &[],
                &self.settings.authn_context_class_ref,
            );
        if self.context.requester.authentication == Authentication::Air {
            let declared = &self.settings.authn_context_decl;
            writer.leaf("saml2:AuthnContextDecl", &[], declared);
        }
        writer.close().close();
        self.attributes(&mut writer, form);
        writer.finish()
    }

    /// The attributes, in the order of the official files.
    fn attributes(&self, writer: &mut Writer, form: Form) {
        let (requester, software) = (self.context.requester, self.context.software);
        let text = |writer: &mut Writer, name: &str, value: &str| {
            let declaration = match form {
                Form::Wire => ("xmlns:xs", XS),
                Form::Canonical => ("xmlns:xsi", XSI),
            };
            writer
                .open("saml2:Attribute", &[("Name", name)])
                .leaf(
                    "saml2:AttributeValue",
                    &[declaration, ("xsi:type", "xs:string")],
                    value,
                )
                .close();
        };
        writer.open("saml2:AttributeStatement", &[]);
        text(writer, names::STRUCTURE, requester.structure.id.as_str());
        text(writer, names::SECTOR, &self.sector);
        if let Some(subject_id) = &self.subject_id {
            text(writer, names::SUBJECT_ID, subject_id);
        }
        writer.open("saml2:Attribute", &[("Name", names::ROLE)]);
        for role in &self.roles {
            ce(writer, form, "Role", role, None);
        }
        writer.close();
        text(writer, names::VERSION, self.settings.version.as_str());
        let mode_name = self.settings.authentication_attribute.as_str();
        text(writer, mode_name, self.mode);
        if let Some(patient) = self.context.patient {
            text(writer, names::RESOURCE_ID, &patient.cx().to_string());
        }
        text(writer, names::RESOURCE_URN, "urn:dmp");
        let purpose = CodedRole {
            code: self.context.mode.code().to_owned(),
            system: TRE_R248.to_owned(),
            system_name: Some("mode acces VIHF 2.0".to_owned()),
            label: Some(self.purpose_label.clone()).filter(|label| !label.is_empty()),
        };
        writer.open("saml2:Attribute", &[("Name", names::PURPOSE)]);
        ce(writer, form, "PurposeOfUse", &purpose, self.context.reason);
        writer.close();
        if requester.secret {
            text(writer, names::CONFIDENTIALITY, HIDDEN_FROM_REPRESENTATIVES);
        }
        text(writer, names::LPS_ID, software.oid.as_str());
        text(writer, names::LPS_NAME, &software.name);
        text(writer, names::LPS_VERSION, &software.version);
        text(writer, names::LPS_HOMOLOGATION, &software.homologation);
        writer.close();
    }
}

/// A CE of HL7 in its `AttributeValue`.
fn ce(writer: &mut Writer, form: Form, name: &str, value: &CodedRole, original: Option<&str>) {
    let mut attributes = vec![("xmlns", HL7)];
    if form == Form::Canonical {
        attributes.push(("xmlns:xsi", XSI));
    }
    attributes.extend([
        ("code", value.code.as_str()),
        ("codeSystem", value.system.as_str()),
    ]);
    if let Some(system_name) = &value.system_name {
        attributes.push(("codeSystemName", system_name));
    }
    if let Some(label) = &value.label {
        attributes.push(("displayName", label));
    }
    attributes.push(("xsi:type", "CE"));
    writer.open("saml2:AttributeValue", &[]);
    writer.open(name, &attributes);
    if let Some(original) = original {
        writer.leaf("originalText", &[], original);
    }
    writer.close().close();
}

/// `NameID`: the person, or the software under its structure as a PS_IdNat names it.
fn name_id(requester: &Requester, settings: &VihfSettings) -> String {
    if let Some(professional) = &requester.professional {
        return professional.id.as_str().to_owned();
    }
    let id = requester.structure.id.as_str();
    let prefix = match requester.structure.id.kind() {
        StructIdKind::CabinetAdeli => "1",
        StructIdKind::Finess => "3",
        StructIdKind::Siren => "4",
        StructIdKind::Siret => "5",
        StructIdKind::RppsRang => "6",
        StructIdKind::Technique => return format!("{id}/{}", settings.automate),
    };
    let number = id.get(1..).unwrap_or_default();
    format!("{prefix}{number}/{}", settings.automate)
}

/// `subject-id`: the names that no card gives. "Nom Prénom", or "logiciel, modèle, service" (CI-SIS mapping of the VIHF).
fn subject_id(context: &Context<'_>) -> Option<String> {
    let requester = context.requester;
    match requester.authentication {
        Authentication::Cps | Authentication::Cpf | Authentication::Cpe => None,
        Authentication::Structure | Authentication::Air => Some(match &requester.professional {
            Some(person) => format!("{} {}", person.family.trim(), person.given.trim()),
            None => {
                let software = context.software;
                let service = &requester.structure.name;
                format!("{}, {}, {service}", software.name, software.version)
            }
        }),
    }
}
