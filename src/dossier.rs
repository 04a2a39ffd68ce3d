//! The dossier of a patient in the DMP: its state, who may enter, and what the patient decided.

use serde::{Deserialize, Serialize};

use crate::clock::Instant;
use crate::identity::{IdentityTraits, Ins, Professional, PsIdNat};

/// Whether the dossier exists and lives (TD0.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DossierState {
    /// No DMP (`queryResponseCode NF`).
    Nonexistent,
    /// Alive.
    Active,
    /// Closed; kept ten years, nothing can be done in it.
    Closed(Closing),
}

/// Why and when a dossier was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// When; absent when the DMP does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Instant>,
    /// Code of the motif, as `FERMETURE_DEMANDE_PATIENT` (codeSystem 1.2.250.1.213.4.1.2.4); absent when the DMP
    /// does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motif: Option<String>,
    /// Reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The authorisation of a professional or structure on a dossier. It concerns consultation only: feeding
/// needs none (PDSm for DMP, TD0.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Authorisation {
    /// In force.
    Valide,
    /// Was in force, its duration is over.
    Expire,
    /// Blocked by the patient: never readable, whatever the consent.
    Interdit,
    /// Never given, or removed.
    NonExiste,
}

/// What the patient decided for emergencies and by default. Source: Mon espace santé, purposes `ETREAT`,
/// `BTG` and `MASKED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// Opposed to bris de glace.
    pub opposition_bris_de_glace: bool,
    /// Opposed to access by the SAMU's regulation centre.
    pub opposition_centre_15: bool,
    /// Masked documents may be seen in emergency (either mode).
    pub masked_in_emergency: bool,
    /// Documents deposited by professionals arrive masked.
    pub masked_by_default: bool,
}

/// The answer to TD0.2: what a professional may know before anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Existence {
    /// State of the dossier.
    #[serde(flatten)]
    pub state: DossierState,
    /// Attached to Mon espace santé.
    pub attached_to_mes: bool,
    /// The asking person's (or structure's) authorisation.
    pub authorisation: Authorisation,
    /// Until when a valid authorisation lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorised_until: Option<Instant>,
    /// Whether the asking person is a médecin traitant DMP of the patient.
    pub medecin_traitant: bool,
    /// Opposition to bris de glace.
    pub opposition_bris_de_glace: bool,
    /// Opposition to centre 15.
    pub opposition_centre_15: bool,
    /// The DMP's identity traits: compared with the practice's, never displayed (RG_0320).
    #[serde(skip)]
    pub traits: Option<IdentityTraits>,
}

impl Existence {
    /// A dossier of which nothing is known but its state: nobody authorised, nothing opposed.
    pub(crate) fn bare(state: DossierState) -> Existence {
        Existence {
            state,
            attached_to_mes: false,
            authorisation: Authorisation::NonExiste,
            authorised_until: None,
            medecin_traitant: false,
            opposition_bris_de_glace: false,
            opposition_centre_15: false,
            traits: None,
        }
    }
}

/// A minor's or protected adult's legal representative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalRepresentative {
    /// Name.
    pub family: String,
    /// Given name.
    pub given: String,
    /// Relation code (`MTH`, `FTH`, `TUTEUR`…).
    pub relation: String,
    /// Telephone or e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// A person to notify.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonToNotify {
    /// Name.
    pub family: String,
    /// Given name.
    pub given: String,
    /// Telephone or e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// The answer to TD1.3a. The identity traits it holds are for comparison, never for display.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdministrativeData {
    /// State of the dossier.
    #[serde(flatten)]
    pub state: DossierState,
    /// Attached to Mon espace santé.
    pub attached_to_mes: bool,
    /// Opposition to bris de glace.
    pub opposition_bris_de_glace: bool,
    /// Opposition to centre 15.
    pub opposition_centre_15: bool,
    /// Legal representatives.
    pub representatives: Vec<LegalRepresentative>,
    /// Persons to notify.
    pub to_notify: Vec<PersonToNotify>,
    /// Médecins traitants DMP.
    pub medecins_traitants: Vec<PsIdNat>,
}

/// A row of TD1.6: a professional whom the patient, or an authorisation, let in or keeps out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorisedProfessional {
    /// PS_IdNat, or Struct_IdNat for an authorisation given to a structure.
    pub id: String,
    /// Name, as last known to the DMP.
    pub name: String,
    /// Status at this instant.
    pub authorisation: Authorisation,
    /// Whether médecin traitant DMP.
    pub medecin_traitant: bool,
    /// Start of the authorisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Instant>,
}

/// A row of TD0.4: a dossier on which the asker is authorised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorisedDossier {
    /// The patient.
    pub ins: Ins,
    /// Whether the asker is médecin traitant DMP there.
    pub medecin_traitant: bool,
    /// When the authorisation was given or renewed; absent when the DMP does not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorised_at: Option<Instant>,
    /// When a document the asker may see was last added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_added: Option<Instant>,
}

/// A candidate of TD0.5, found by traits without an INS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The INS found.
    pub ins: Ins,
    /// How well the traits match, 0 to 100.
    pub score: u8,
    /// Opposition to centre 15.
    pub opposition_centre_15: bool,
}

/// What the person who asks TD0.3 wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorisationChange {
    /// AJOUT: declare oneself authorised.
    Declare,
    /// SUPPRESSION: remove one's own authorisation.
    Remove,
    /// AJOUT with role MEDECIN_TRAITANT: declare and become médecin traitant.
    BecomeMedecinTraitant,
    /// SUPPRESSION with role MEDECIN_TRAITANT: stop being médecin traitant, keep the access.
    StopMedecinTraitant,
}

/// A professional's name as one line.
pub(crate) fn display_name(professional: &Professional) -> String {
    format!("{} {}", professional.given, professional.family)
}
