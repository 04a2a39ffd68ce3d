//! From a checked assertion to the words of the port: the reverse of [`super::sign`].

use super::super::certificate::{CardType, Certificate, Use};
use super::read::Vihf;
use super::roles::described;
use super::{HIDDEN_FROM_REPRESENTATIVES, VihfError};
use crate::clock::Instant;
use crate::dmp::context::{Context, Requester, Software};
use crate::document::Oid;
use crate::identity::{Ins, Professional, PsIdNat, StructIdNat, Structure};
use crate::rules::{Authentication, Capacity, Mode};
use crate::terminology::system::TRE_R248;

/// Who calls, with what, about whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// The software.
    pub software: Software,
    /// The person or structure.
    pub requester: Requester,
    /// The access mode.
    pub mode: Mode,
    /// The reason of a bris de glace.
    pub reason: Option<String>,
    /// The patient, when one is concerned.
    pub patient: Option<Ins>,
    /// When the person logged in.
    pub login: Instant,
}

impl Caller {
    /// As the context of a call.
    pub fn context(&self) -> Context<'_> {
        Context {
            software: &self.software,
            requester: &self.requester,
            mode: self.mode,
            reason: self.reason.as_deref(),
            patient: self.patient.as_ref(),
            login: self.login,
        }
    }
}

impl Vihf {
    /// Who calls, from the assertion and the certificate (DER) that signed it.
    ///
    /// Names come from the certificate of a card (SN, GN; a CPE without them: O and CN, integrators' notes on real cards), from `subject-id`
    /// otherwise: its last word is the given name, for nothing separates the two ("DE LA TOUR Jean" is read well,
    /// "LIBRE Jean Paul" is not). The structure's name is the certificate's O; without one, its identifier.
    /// `LPS_ID` that is absent or not an OID gives the OID `2.25.0`.
    ///
    /// Refuses: a certificate that is not for signing, an issuer that is not the certificate's subject, a card that signs for another person than its
    /// holder, a certificate that does not fit the mode, roles that the platform refuses, an INS that is none.
    pub fn caller(&self, certificate: &[u8]) -> Result<Caller, VihfError> {
        let holder = Certificate::from_der(certificate)?;
        if holder.unfit_for(Use::Signature).is_some() {
            return Err(VihfError::NotForSignature);
        }
        if !holder.subject().matches(&self.issuer) {
            return Err(VihfError::Issuer);
        }
        let authentication = match (self.authentication.as_str(), holder.card_type()) {
            ("DIRECTE", Some(CardType::Cps)) => Authentication::Cps,
            ("DIRECTE", Some(CardType::Cpf)) => Authentication::Cpf,
            ("DIRECTE", Some(CardType::Cpe)) => Authentication::Cpe,
            ("INDIRECTE", None) => Authentication::Structure,
            ("INDIRECTE_RENFORCEE", None) => Authentication::Air,
            ("DIRECTE" | "INDIRECTE" | "INDIRECTE_RENFORCEE", _) => {
                return Err(VihfError::CertificateKind);
            }
            _ => return Err(VihfError::Invalid("Authentification_mode")),
        };
        let id = StructIdNat::new(&self.structure)
            .map_err(|_| VihfError::Invalid("Identifiant_Structure"))?;
        let structure = Structure {
            name: holder.organization().unwrap_or(id.as_str()).to_owned(),
            id,
            sector: self.sector.clone(),
        };
        let requester = Requester {
            professional: self.professional(authentication, &holder)?,
            structure,
            authentication,
            capacity: Capacity::Care,
            secret: match self.confidentiality.as_deref() {
                None => false,
                Some(HIDDEN_FROM_REPRESENTATIVES) => true,
                Some(_) => return Err(VihfError::Invalid("confidentiality-code")),
            },
        };
        Ok(Caller {
            software: Software {
                name: self.lps_name.clone(),
                version: self.lps_version.clone(),
                homologation: self.lps_homologation.clone(),
                oid: self
                    .lps_id
                    .as_deref()
                    .and_then(|oid| Oid::new(oid).ok())
                    .unwrap_or_else(|| Oid::stored("2.25.0".to_owned())),
            },
            requester,
            mode: self.mode()?,
            reason: self.reason.clone(),
            patient: self.resource_id.as_deref().map(patient).transpose()?,
            login: self.login,
        })
    }

    fn mode(&self) -> Result<Mode, VihfError> {
        let known = Mode::ALL
            .into_iter()
            .find(|mode| mode.code() == self.purpose.code);
        known
            .filter(|_| self.purpose.system == TRE_R248)
            .ok_or(VihfError::Invalid("purposeofuse"))
    }

    fn professional(
        &self,
        authentication: Authentication,
        holder: &Certificate,
    ) -> Result<Option<Professional>, VihfError> {
        let described = described(&self.roles)?;
        if described.automate {
            // No one but the structure's software is without a person.
            return match authentication {
                Authentication::Structure => Ok(None),
                _ => Err(VihfError::Invalid("subject:role")),
            };
        }
        let id = PsIdNat::new(&self.name_id).map_err(|_| VihfError::Invalid("NameID"))?;
        let (family, given) = match authentication {
            Authentication::Structure | Authentication::Air => {
                let full = self
                    .subject_id
                    .as_deref()
                    .ok_or(VihfError::Missing("subject-id"))?;
                let (family, given) = full
                    .trim()
                    .rsplit_once(' ')
                    .ok_or(VihfError::Invalid("subject-id"))?;
                (family.trim().to_owned(), given.to_owned())
            }
            Authentication::Cps | Authentication::Cpf | Authentication::Cpe => {
                if holder.common_name() != Some(self.name_id.as_str()) {
                    return Err(VihfError::NotTheHolder);
                }
                names_of(holder)?
            }
        };
        Ok(Some(Professional {
            id,
            family,
            given,
            profession: described.profession,
            specialty: described.specialty,
            role: described.role,
        }))
    }
}

/// The names of a card's holder; of a CPE that names none, O and CN without special characters (PDT-INF-617).
fn names_of(holder: &Certificate) -> Result<(String, String), VihfError> {
    if let (Some(family), Some(given)) = (holder.family_name(), holder.given_name()) {
        return Ok((family.to_owned(), given.to_owned()));
    }
    let plain = |text: &str| -> String {
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '-' | ' ');
        text.chars()
            .map(|c| if allowed(c) { c } else { '-' })
            .collect()
    };
    match (holder.organization(), holder.common_name()) {
        (Some(organization), Some(common)) => Ok((plain(organization), plain(common))),
        _ => Err(VihfError::Missing("the holder's name in the certificate")),
    }
}

fn patient(cx: &str) -> Result<Ins, VihfError> {
    let cx: crate::identity::Cx = cx.parse().map_err(|_| VihfError::Invalid("resource-id"))?;
    Ins::new(&cx.id, &cx.authority).map_err(|_| VihfError::Invalid("resource-id"))
}
