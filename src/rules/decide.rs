//! May this person use this right now: one pure function from a [`Situation`] to a [`Decision`].
//!
//! The connector asks it before the network, with what the practice knows; the embedded DMP asks it
//! again, with what the DMP knows. The reasons are looked for in the order a person would give them:
//! who asks and what for, then the dossier, then the patient's decisions, then the role, then the papers.

use serde::{Deserialize, Serialize};

use super::decision::{Decision, Fact, FactSet, Remedy, RemedySet, Rule, RuleRef, Verdict};
use super::rights::{Cell, Column, Right, cell};
use crate::dossier::Authorisation;
use crate::identity::IdentityStatus;

/// How the acting person or structure is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// Direct, CPS card.
    Cps,
    /// Direct, CPF card (professional in training).
    Cpf,
    /// Direct, CPE card: not a health professional.
    Cpe,
    /// Indirect, certificate of the structure.
    Structure,
    /// Indirect reinforced (AIR): certificate of the structure, professional authenticated locally.
    Air,
}

/// The columns' distinction between persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Physician, not médecin du travail.
    Physician,
    /// Médecin du travail.
    Occupational,
    /// Health professional who is not a physician.
    OtherPs,
    /// Not a health professional.
    NonPs,
}

/// For whom or what the person asks. Source: CSP L.1111-18.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capacity {
    /// To care for the patient.
    #[default]
    Care,
    /// For an insurer.
    Insurer,
    /// For a complementary health organisation.
    ComplementaryHealth,
    /// For an employer.
    Employer,
}

/// The access mode (TRE_R248-ModeAcces, OID 1.2.250.1.213.1.1.4.248).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Mode {
    /// Accès normal.
    #[default]
    #[serde(rename = "normal")]
    Normal,
    /// Accès par un centre de régulation médicale.
    #[serde(rename = "centre_15")]
    Centre15,
    /// Accès en bris de glace.
    #[serde(rename = "bris_de_glace")]
    BrisDeGlace,
}

impl Mode {
    /// The code of the value set.
    pub const fn code(self) -> &'static str {
        match self {
            Mode::Normal => "normal",
            Mode::Centre15 => "centre_15",
            Mode::BrisDeGlace => "bris_de_glace",
        }
    }

    /// The three modes.
    pub const ALL: [Mode; 3] = [Mode::Normal, Mode::Centre15, Mode::BrisDeGlace];

    /// Whether it is one of the two emergency modes.
    pub const fn is_emergency(self) -> bool {
        !matches!(self, Mode::Normal)
    }

    const fn fact(self) -> Fact {
        match self {
            Mode::Normal => Fact::ModeNormal,
            Mode::Centre15 => Fact::ModeCentre15,
            Mode::BrisDeGlace => Fact::ModeBrisDeGlace,
        }
    }
}

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// Means of authentication.
    pub authentication: Authentication,
    /// Kind of person.
    pub role: Role,
    /// Purpose.
    pub capacity: Capacity,
    /// Médecin traitant DMP of this patient.
    pub medecin_traitant: bool,
}

/// State of the dossier, without its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DossierIs {
    /// No DMP.
    Nonexistent,
    /// Alive.
    Active,
    /// Closed.
    Closed,
}

/// What consent the practice holds for this person and patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// The DMP asks: consent is kept by the practice, not by the DMP.
    HeldByPractice,
    /// The patient was informed, once, of access by the équipe de soins, to which the person belongs.
    CareTeam,
    /// Explicit consent for this person.
    Explicit,
    /// None recorded.
    Missing,
    /// Recorded, its duration is over.
    Expired,
    /// Recorded and withdrawn.
    Revoked,
    /// Given for one consultation, which has taken place.
    Used,
    /// The patient opposed consultation.
    Opposed,
}

/// Whether the patient objects to feeding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feeding {
    /// No.
    Unopposed,
    /// To any document.
    Opposed,
    /// To this document.
    DocumentOpposed,
}

/// The facts of one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    /// Who asks.
    pub actor: Actor,
    /// In which mode.
    pub mode: Mode,
    /// The dossier.
    pub dossier: DossierIs,
    /// The DMP's authorisation.
    pub authorisation: Authorisation,
    /// The practice's consent.
    pub consent: Consent,
    /// Objection to feeding, as the practice recorded it.
    pub feeding: Feeding,
    /// Opposition to bris de glace.
    pub opposition_bris_de_glace: bool,
    /// Opposition to centre 15.
    pub opposition_centre_15: bool,
    /// Whether masked documents may be seen in emergency; `None` when the asker cannot know.
    pub masked_in_emergency: Option<bool>,
    /// How far the practice established the identity.
    pub identity: IdentityStatus,
    /// Traits differ between practice and DMP and no person has confirmed.
    pub traits_diverge: bool,
    /// A reason was given for the bris de glace.
    pub reason_given: bool,
    /// The access was closed or its time is over.
    pub over: bool,
}

macro_rules! rules {
    ($($name:ident = $id:literal, $source:literal, $sentence:literal;)*) => { $(
        #[doc = $sentence]
        pub static $name: Rule = Rule { id: $id, source: $source, sentence: $sentence };
    )* };
}

rules! {
    FORBIDDEN_CAPACITY = "L1111-18", "CSP L.1111-18",
        "La loi interdit l'accès au DMP pour un assureur, une complémentaire santé ou un employeur, même avec l'accord du patient.";
    ACCESS_OVER = "ACCESS-OVER", "dmpkit",
        "L'accès à ce dossier est terminé.";
    NO_DOSSIER = "TD0.2-NF", "TD0.2",
        "Ce patient n'a pas de DMP.";
    CLOSED_DOSSIER = "TD0.2-TERMINATED", "TD0.2, CSP R.1111-36",
        "Le DMP de ce patient est fermé : rien ne peut y être lu ni déposé.";
    REASON_REQUIRED = "L1111-17-I-REASON", "CSP L.1111-17 I, TRE_R248",
        "Le bris de glace exige un motif écrit.";
    EMERGENCY_OPPOSED = "L1111-17-I", "CSP L.1111-17 I",
        "Le patient s'est opposé à la consultation de son DMP en urgence.";
    BLOCKED = "TD0.2-INTERDIT", "PDSm for DMP, TD0.2 NB1; CSP L.1111-19",
        "Le patient a bloqué l'accès de ce professionnel à son DMP.";
    INS_NOT_QUALIFIED = "INS-QUALIFIEE", "Référentiel INS; SC.DMP",
        "Seule une identité qualifiée permet d'alimenter le DMP.";
    TRAITS_DIVERGE = "SC.DMP/CONF.01", "Ségur SC.DMP/CONF.01",
        "Des traits d'identité diffèrent entre votre dossier et le DMP : l'alimentation est suspendue jusqu'à confirmation.";
    FEEDING_OPPOSED = "R1111-47", "CSP R.1111-47",
        "Le patient s'oppose à l'alimentation de son DMP.";
    DOCUMENT_OPPOSED = "R1111-47-DOCUMENT", "CSP R.1111-47",
        "Le patient s'oppose au dépôt de ce document dans son DMP.";
    CONSULTATION_OPPOSED = "R1111-46-OPPOSITION", "CSP R.1111-46",
        "Le patient s'oppose à la consultation de son DMP.";
    CONSENT_MISSING = "R1111-46", "CSP R.1111-46",
        "Le patient n'a pas été informé de la consultation de son DMP, ou n'y a pas consenti.";
    CONSENT_EXPIRED = "R1111-46-EXPIRED", "CSP R.1111-46",
        "Le consentement du patient à la consultation de son DMP a expiré.";
    CONSENT_REVOKED = "R1111-46-REVOKED", "CSP R.1111-46, L.1111-19",
        "Le patient a retiré son consentement à la consultation de son DMP.";
    CONSENT_USED = "R1111-46-USED", "CSP R.1111-46 al. 3",
        "Hors de l'équipe de soins, le consentement se recueille à chaque consultation.";
    OCCUPATIONAL_EXPRESS = "L1111-17-IV", "CSP L.1111-17 IV",
        "Le médecin du travail n'accède au DMP qu'avec le consentement exprès du patient.";
    AUTHORISATION_MISSING = "TD0.3-NON_EXISTE", "TD0.2, TD0.3",
        "Vous n'êtes pas encore déclaré autorisé sur le DMP de ce patient.";
    AUTHORISATION_EXPIRED = "TD0.3-EXPIRE", "TD0.2, TD0.3",
        "Votre autorisation sur le DMP de ce patient a expiré.";
    MT_IS_PHYSICIAN = "TD0.3-MT-MEDECIN", "CSP L.1111-16",
        "Seul un médecin peut être médecin traitant DMP.";
    MASKED_CRITERION = "EX_3.1-1030", "EX_3.1-1030",
        "Seul le médecin traitant DMP peut rechercher les documents masqués.";
}

/// The refusal of médecin traitant DMP to whoever is not a physician acting in person.
pub fn not_a_physician() -> Decision {
    refuse(&MT_IS_PHYSICIAN, &[Fact::NotPhysician], &[])
}

/// What a right asks beside its cell. One row a right; sources: PDSm for DMP (TD0.2: authorisations
/// concern consultation only, blocked professionals never read, feeding and deletion ask for none),
/// CSP R.1111-46, Ségur SC.DMP.
struct Needs {
    existing: bool,
    active: bool,
    not_blocked: bool,
    consent: bool,
    authorisation: bool,
    feeds: bool,
}

const fn needs(right: Right) -> Needs {
    let mut n = Needs {
        existing: true,
        active: true,
        not_blocked: false,
        consent: false,
        authorisation: false,
        feeds: false,
    };
    match right {
        Right::Authenticate | Right::TestExistence | Right::ListDossiers | Right::FindPatient => {
            n.existing = false;
            n.active = false;
        }
        // A closed dossier still tells when and why it was closed.
        Right::ReadAdministrative => n.active = false,
        Right::Feed | Right::FeedWithCpe => n.feeds = true,
        Right::SearchMetadata
        | Right::ReadUnmasked
        | Right::ReadMasked
        | Right::ReadHiddenFromPatient
        | Right::ReadArchived
        | Right::ReadObsolete
        | Right::ReadDeleted => {
            n.not_blocked = true;
            n.consent = true;
            n.authorisation = true;
        }
        Right::DeclareAuthorisation => {
            n.not_blocked = true;
            n.consent = true;
        }
        Right::ListProfessionals
        | Right::Mask
        | Right::Unmask
        | Right::ShowToPatient
        | Right::Archive
        | Right::Unarchive
        | Right::WebAccess
        | Right::WebAccessAir => n.not_blocked = true,
        Right::RemoveAuthorisation
        | Right::StopMedecinTraitant
        | Right::SearchReference
        | Right::Delete => {}
    }
    n
}

/// The matrix column of an actor in a mode; `None` when neither matrix has one.
pub fn column(actor: &Actor, mode: Mode) -> Option<Column> {
    use Authentication::{Air, Cpe, Cpf, Cps, Structure};
    use Column as C;
    use Mode::{BrisDeGlace, Centre15, Normal};
    let physician = actor.role == Role::Physician;
    let mt = physician && actor.medecin_traitant;
    Some(match (actor.authentication, actor.role, mode) {
        (Cps | Cpf, Role::Occupational, Normal) => C::DirTrav,
        (Cps | Cpf, Role::Occupational, _) => return None,
        (Cps | Cpf, Role::NonPs, _) => return None,
        (Cps | Cpf, _, Normal) if mt => C::DirMtN,
        (Cps | Cpf, _, BrisDeGlace) if mt => C::DirMtBg,
        (Cps | Cpf, _, Normal) if physician => C::DirMedN,
        // A regulator acts as such: the matrix has no médecin traitant there.
        (Cps | Cpf, _, Centre15) if physician => C::DirMedCr,
        (Cps | Cpf, _, BrisDeGlace) if physician => C::DirMedBg,
        (Cps | Cpf, _, Normal) => C::DirPsN,
        (Cps | Cpf, _, Centre15) => C::DirPsCr,
        (Cps | Cpf, _, BrisDeGlace) => C::DirPsBg,
        (Cpe, _, Normal) => C::CpeN,
        (Cpe, _, _) => return None,
        (Structure, _, Normal) => C::IndN,
        (Structure, _, Centre15) => C::IndCr,
        (Structure, _, BrisDeGlace) => return None,
        (Air, Role::NonPs, Normal) => C::AirPeN,
        // PDT-INF-606 has no column for them: nothing is granted by analogy.
        (Air, Role::NonPs | Role::Occupational, _) => return None,
        (Air, _, Normal) if mt => C::AirMtN,
        (Air, _, BrisDeGlace) if mt => C::AirMtBg,
        (Air, _, Normal) if physician => C::AirMedN,
        (Air, _, Centre15) if physician => C::AirMedCr,
        (Air, _, BrisDeGlace) if physician => C::AirMedBg,
        (Air, _, Normal) => C::AirPsN,
        (Air, _, Centre15) => C::AirPsCr,
        (Air, _, BrisDeGlace) => C::AirPsBg,
    })
}

fn refuse(rule: &'static Rule, facts: &[Fact], remedies: &[Remedy]) -> Decision {
    Decision::refused(
        RuleRef::Named(rule),
        FactSet::of(facts),
        RemedySet::of(remedies),
    )
}

/// Decides whether a right may be used.
///
/// Cells that depend on the document give [`Verdict::Depends`]; the document itself is judged by
/// [`super::visibility`].
pub fn decide(right: Right, s: &Situation) -> Decision {
    if s.actor.capacity != Capacity::Care {
        return refuse(&FORBIDDEN_CAPACITY, &[Fact::ForbiddenCapacity], &[]);
    }
    if s.over {
        return refuse(
            &ACCESS_OVER,
            &[Fact::AccessOver],
            &[Remedy::OpenAccessAgain],
        );
    }
    let needs = needs(right);
    match s.dossier {
        DossierIs::Nonexistent if needs.existing => {
            return refuse(
                &NO_DOSSIER,
                &[Fact::DossierNonexistent],
                &[Remedy::PatientOpensDmp],
            );
        }
        DossierIs::Closed if needs.active => {
            return refuse(
                &CLOSED_DOSSIER,
                &[Fact::DossierClosed],
                &[Remedy::PatientOpensDmp],
            );
        }
        _ => {}
    }
    if needs.existing
        && let Some(refusal) = emergency_refusal(s)
    {
        return refusal;
    }
    if needs.not_blocked && s.authorisation == Authorisation::Interdit {
        return refuse(&BLOCKED, &[Fact::Blocked], &[Remedy::AskPatient]);
    }
    let by_role = role_decision(right, s);
    if !by_role.permits() {
        return by_role;
    }
    if needs.feeds
        && let Some(refusal) = feeding_refusal(s)
    {
        return refusal;
    }
    if s.mode == Mode::Normal {
        if needs.consent
            && let Some(refusal) = consent_refusal(s)
        {
            return refusal;
        }
        if needs.authorisation
            && let Some(refusal) = authorisation_refusal(s)
        {
            return refusal;
        }
    }
    let mut decision = by_role;
    if needs.authorisation && s.mode == Mode::Normal {
        decision.facts = decision.facts.with(Fact::AuthorisationValid);
    }
    decision.facts = match s.consent {
        Consent::CareTeam if needs.consent => decision.facts.with(Fact::ConsentCareTeam),
        Consent::Explicit if needs.consent => decision.facts.with(Fact::ConsentExplicit),
        _ => decision.facts,
    };
    decision
}

/// What the mode itself asks: a reason, and no opposition of the patient.
fn emergency_refusal(s: &Situation) -> Option<Decision> {
    let opposed = match s.mode {
        Mode::Normal => return None,
        Mode::BrisDeGlace if !s.reason_given => {
            return Some(refuse(
                &REASON_REQUIRED,
                &[Fact::ModeBrisDeGlace, Fact::ReasonMissing],
                &[Remedy::StateReason],
            ));
        }
        Mode::BrisDeGlace => s.opposition_bris_de_glace,
        Mode::Centre15 => s.opposition_centre_15,
    };
    opposed.then(|| {
        Decision::refused(
            RuleRef::Named(&EMERGENCY_OPPOSED),
            FactSet::of(&[Fact::EmergencyOpposed]).with(s.mode.fact()),
            RemedySet::of(&[Remedy::OpenNormalAccess]),
        )
    })
}

/// What the matrix cell says.
fn role_decision(right: Right, s: &Situation) -> Decision {
    let facts = FactSet::of(&[]).with(s.mode.fact());
    let Some(column) = column(&s.actor, s.mode) else {
        return Decision::refused(
            RuleRef::NoColumn(right),
            facts,
            RemedySet::of(&[if s.mode.is_emergency() {
                Remedy::OpenNormalAccess
            } else {
                Remedy::UseCps
            }]),
        );
    };
    let facts = if column.is_medecin_traitant() {
        facts.with(Fact::MedecinTraitant)
    } else {
        facts
    };
    let rule = RuleRef::Cell(right, column);
    let depends = |facts| Decision {
        verdict: Verdict::Depends,
        rule,
        facts,
        remedies: RemedySet::NONE,
    };
    match cell(right, column) {
        Cell::Yes
        | Cell::StructureGrant
        | Cell::SameStructure
        | Cell::NewGrantsByDate
        | Cell::StructureAccountable
        | Cell::ReferenceOnly => Decision::allowed(rule, facts),
        Cell::OwnDocuments
        | Cell::OwnDocumentsOrPatients
        | Cell::StructureDocumentsOrPatients
        | Cell::YesButPatients => depends(facts),
        Cell::PatientAllowsOverride => match s.masked_in_emergency {
            Some(true) => Decision::allowed(rule, facts.with(Fact::MaskedAllowedInEmergency)),
            Some(false) => Decision::refused(
                rule,
                facts.with(Fact::MaskedRefusedInEmergency),
                RemedySet::of(&[Remedy::AskPatient, Remedy::AskMedecinTraitant]),
            ),
            None => depends(facts),
        },
        Cell::No => Decision::refused(rule, facts, role_remedies(right, s)),
    }
}

/// Who or what could do what this role cannot.
fn role_remedies(right: Right, s: &Situation) -> RemedySet {
    match right {
        Right::Feed | Right::FeedWithCpe if s.actor.authentication == Authentication::Air => {
            RemedySet::of(&[Remedy::FeedWithStructure])
        }
        _ if s.mode.is_emergency() => RemedySet::of(&[Remedy::OpenNormalAccess]),
        _ if !matches!(
            s.actor.authentication,
            Authentication::Cps | Authentication::Cpf
        ) =>
        {
            RemedySet::of(&[Remedy::UseCps])
        }
        Right::ReadUnmasked
        | Right::ReadMasked
        | Right::ReadHiddenFromPatient
        | Right::ReadArchived
        | Right::ReadObsolete
        | Right::ReadDeleted => RemedySet::of(&[Remedy::AskMedecinTraitant]),
        _ => RemedySet::NONE,
    }
}

fn feeding_refusal(s: &Situation) -> Option<Decision> {
    match s.feeding {
        Feeding::Opposed => {
            return Some(refuse(
                &FEEDING_OPPOSED,
                &[Fact::FeedingOpposed],
                &[Remedy::WithdrawOpposition],
            ));
        }
        Feeding::DocumentOpposed => {
            return Some(refuse(
                &DOCUMENT_OPPOSED,
                &[Fact::DocumentOpposed],
                &[Remedy::WithdrawOpposition],
            ));
        }
        Feeding::Unopposed => {}
    }
    if s.identity != IdentityStatus::Qualifiee {
        return Some(refuse(
            &INS_NOT_QUALIFIED,
            &[Fact::InsNotQualified],
            &[Remedy::QualifyIns],
        ));
    }
    if s.traits_diverge {
        return Some(refuse(
            &TRAITS_DIVERGE,
            &[Fact::TraitsDiverge],
            &[Remedy::ConfirmIdentity],
        ));
    }
    // L.1111-17 IV asks for express consent before feeding as before access.
    if s.actor.role == Role::Occupational
        && !matches!(s.consent, Consent::Explicit | Consent::HeldByPractice)
    {
        return Some(refuse(
            &OCCUPATIONAL_EXPRESS,
            &[Fact::ConsentMissing],
            &[Remedy::CollectExplicitConsent],
        ));
    }
    None
}

fn consent_refusal(s: &Situation) -> Option<Decision> {
    let emergency = Remedy::UseBrisDeGlace;
    Some(match s.consent {
        Consent::HeldByPractice | Consent::Explicit => return None,
        Consent::CareTeam if s.actor.role != Role::Occupational => return None,
        Consent::CareTeam => refuse(
            &OCCUPATIONAL_EXPRESS,
            &[Fact::ConsentCareTeam],
            &[Remedy::CollectExplicitConsent],
        ),
        Consent::Opposed => refuse(
            &CONSULTATION_OPPOSED,
            &[Fact::ConsultationOpposed],
            &[Remedy::WithdrawOpposition],
        ),
        Consent::Missing => refuse(
            &CONSENT_MISSING,
            &[Fact::ConsentMissing],
            &[Remedy::CollectConsent, emergency],
        ),
        Consent::Expired => refuse(
            &CONSENT_EXPIRED,
            &[Fact::ConsentExpired],
            &[Remedy::CollectConsent, emergency],
        ),
        Consent::Revoked => refuse(
            &CONSENT_REVOKED,
            &[Fact::ConsentRevoked],
            &[Remedy::CollectConsent],
        ),
        Consent::Used => refuse(
            &CONSENT_USED,
            &[Fact::ConsentUsed],
            &[Remedy::CollectExplicitConsent, emergency],
        ),
    })
}

fn authorisation_refusal(s: &Situation) -> Option<Decision> {
    Some(match s.authorisation {
        Authorisation::Valide => return None,
        Authorisation::Interdit => refuse(&BLOCKED, &[Fact::Blocked], &[Remedy::AskPatient]),
        Authorisation::Expire => refuse(
            &AUTHORISATION_EXPIRED,
            &[Fact::AuthorisationExpired],
            &[Remedy::DeclareAuthorisation, Remedy::UseBrisDeGlace],
        ),
        Authorisation::NonExiste => refuse(
            &AUTHORISATION_MISSING,
            &[Fact::AuthorisationMissing],
            &[Remedy::DeclareAuthorisation, Remedy::UseBrisDeGlace],
        ),
    })
}

/// The refusal to search for masked documents as such to whoever is not médecin traitant DMP.
pub fn masked_criterion() -> Decision {
    refuse(&MASKED_CRITERION, &[], &[Remedy::AskMedecinTraitant])
}

#[cfg(test)]
mod tests;
