//! Who calls the DMP, with what software, about whom: what the VIHF says on the wire.

use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::document::{Author, Coded};
use crate::dossier::Authorisation;
use crate::identity::IdentityStatus;
use crate::identity::{Ins, Professional, Structure, Xcn};
use crate::rules::decide::{Actor, Consent, DossierIs, Feeding, Role, Situation};
use crate::rules::{Authentication, Capacity, Mode};
use crate::terminology::Terminology;
use crate::terminology::system::{TRE_A02, TRE_G15, TRE_R02};

/// The calling software. Source: VIHF attributes `LPS_Nom`, `LPS_Version`, `LPS_ID_HOMOLOGATION_DMP`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Software {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Homologation number given by the CNDA.
    pub homologation: String,
    /// The OID under which the software makes identifiers (sourceId, uniqueId of lots).
    pub oid: crate::document::Oid,
}

/// The person or structure that acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requester {
    /// The person; may be absent only with the structure's certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub professional: Option<Professional>,
    /// The structure of the exercise.
    pub structure: Structure,
    /// How authenticated.
    pub authentication: Authentication,
    /// For what purpose.
    #[serde(default)]
    pub capacity: Capacity,
    /// Connexion secrète: hidden from a minor's representatives.
    #[serde(default)]
    pub secret: bool,
}

impl Requester {
    /// Reads a requester (record requester), as strictly as the C interface does. The error names the field and the
    /// rule, never a value.
    pub fn from_json(json: &str) -> Result<Requester, String> {
        crate::json::read(json, "requester")
    }

    /// The identifier under which the DMP knows the asker: PS_IdNat, or Struct_IdNat when the structure acts.
    pub fn id(&self) -> &str {
        match (&self.professional, self.authentication) {
            (_, Authentication::Structure) | (None, _) => self.structure.id.as_str(),
            (Some(professional), _) => professional.id.as_str(),
        }
    }

    /// The name to show beside it.
    pub fn name(&self) -> String {
        match (&self.professional, self.authentication) {
            (_, Authentication::Structure) | (None, _) => self.structure.name.clone(),
            (Some(professional), _) => crate::dossier::display_name(professional),
        }
    }

    /// The kind of person, as the rights matrices distinguish them.
    pub fn role(&self) -> Role {
        match &self.professional {
            Some(p) if p.is_occupational() => Role::Occupational,
            Some(p) if p.is_physician() => Role::Physician,
            Some(p) if p.profession.is_some() => Role::OtherPs,
            _ => Role::NonPs,
        }
    }

    /// Whether an authorisation is given to the structure rather than to the person (CPE, AIR without
    /// a health profession, structure's certificate).
    pub fn acts_for_structure(&self) -> bool {
        match self.authentication {
            Authentication::Structure | Authentication::Cpe => true,
            Authentication::Air => self.role() == Role::NonPs,
            Authentication::Cps | Authentication::Cpf => false,
        }
    }

    /// The profession or role under which the legal matrix d'habilitation is read.
    pub fn profession(&self) -> &str {
        self.professional
            .as_ref()
            .and_then(|p| p.profession.as_deref().or(p.role.as_deref()))
            .unwrap_or("")
    }

    /// The asker as the author of a lot, with the labels of these sets.
    pub fn author(&self, terminology: &Terminology) -> Author {
        let person = match (&self.professional, self.authentication) {
            (Some(p), a) if a != Authentication::Structure => p.xcn(),
            _ => Xcn {
                id: self.structure.id.as_str().to_owned(),
                family: self.structure.name.clone(),
                given: String::new(),
                authority: crate::identity::structure::STRUCT_ID_NAT_OID.to_owned(),
                name_type: "U".to_owned(),
                kind: "RI".to_owned(),
            },
        };
        let specialty = self.professional.as_ref().and_then(|p| {
            let profession = p.profession.as_deref()?;
            let code = match &p.specialty {
                Some(specialty) => format!("G15_{profession}/{specialty}"),
                None => format!("G15_{profession}"),
            };
            // A savoir-faire newer than the set keeps its code, under the profession's label.
            let concept = terminology
                .author_specialty()
                .find_any(TRE_A02, &code)
                .or_else(|| terminology.profession().find_any(TRE_G15, profession))?;
            Some(Coded::new(&code, TRE_A02, &concept.label))
        });
        Author {
            author_person: person,
            author_institution: Some(self.structure.xon()),
            author_specialty: specialty,
            author_role: None,
        }
    }

    /// Why these facts cannot describe an asker; `None` when they can.
    pub fn fault(&self, terminology: &Terminology) -> Option<(&'static str, &'static str)> {
        if self.professional.is_none() && self.authentication != Authentication::Structure {
            return Some((
                "professional",
                "is required unless the structure's certificate authenticates",
            ));
        }
        if let Some(p) = &self.professional {
            if p.family.trim().is_empty() || p.given.trim().is_empty() {
                return Some(("professional", "family and given are required (RG_2230)"));
            }
            // Cards still carry professions that are retired.
            if let Some(code) = &p.profession
                && terminology.profession().find_any(TRE_G15, code).is_none()
            {
                return Some(("professional.profession", "must be a code of TRE_G15"));
            }
            let direct = matches!(
                self.authentication,
                Authentication::Cps | Authentication::Cpf
            );
            if direct && p.profession.is_none() {
                return Some((
                    "professional.profession",
                    "is required with a CPS or CPF card: it is that of a health professional",
                ));
            }
            if p.is_physician() && p.specialty.is_none() {
                return Some((
                    "professional.specialty",
                    "is required for a physician: the DMP asks for the savoir-faire",
                ));
            }
        }
        if self.structure.name.trim().is_empty() {
            return Some(("structure.name", "is required"));
        }
        if terminology
            .facility()
            .find(TRE_R02, &self.structure.sector)
            .is_none()
        {
            return Some((
                "structure.sector",
                "must be a code of JDV_J61-HealthcareFacilityTypeCode-DMP",
            ));
        }
        None
    }
}

/// Everything a call tells the DMP beside its own request.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The calling software.
    pub software: &'a Software,
    /// Who asks.
    pub requester: &'a Requester,
    /// In which mode.
    pub mode: Mode,
    /// The reason of a bris de glace.
    pub reason: Option<&'a str>,
    /// About whom; absent for TD0.4 and TD0.5.
    pub patient: Option<&'a Ins>,
    /// When the person logged in to the software: the opening of the session (VIHF `AuthnInstant`).
    pub login: Instant,
}

impl Context<'_> {
    /// What this tells of a requester before any dossier: where the rules start on the DMP's side.
    pub(crate) fn situation(&self) -> Situation {
        let requester = self.requester;
        Situation {
            actor: Actor {
                authentication: requester.authentication,
                role: requester.role(),
                capacity: requester.capacity,
                medecin_traitant: false,
            },
            mode: self.mode,
            dossier: DossierIs::Nonexistent,
            authorisation: Authorisation::NonExiste,
            consent: Consent::HeldByPractice,
            feeding: Feeding::Unopposed,
            opposition_bris_de_glace: false,
            opposition_centre_15: false,
            masked_in_emergency: Some(false),
            // The practice answers for the identity; the DMP knows nothing of its status.
            identity: IdentityStatus::Qualifiee,
            traits_diverge: false,
            reason_given: self.reason.is_some_and(|r| !r.trim().is_empty()),
            over: false,
        }
    }
}
