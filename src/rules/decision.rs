//! A decision with its reasons: what was decided, by which rule, on which facts, and what would change it.
//!
//! A [`Decision`] is a few bytes and allocates nothing; [`Decision::explain`] turns it into the record a
//! person reads.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::rights::{Column, Right, names};

/// Allowed, refused, or allowed on some documents only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// May be done.
    Allowed,
    /// May be done on documents that meet the facts listed.
    Depends,
    /// May not be done.
    Refused,
}

/// A rule that is not a matrix cell: an article, a specification's requirement.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable identifier.
    pub id: &'static str,
    /// Article or specification.
    pub source: &'static str,
    /// What a refusal says to a person, in French.
    pub sentence: &'static str,
}

/// The rule that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleRef {
    /// A cell of a functional matrix.
    Cell(Right, Column),
    /// No column of either matrix describes this actor in this mode.
    NoColumn(Right),
    /// Another rule.
    Named(&'static Rule),
}

macro_rules! coded_set {
    ($(#[$meta:meta])* $name:ident, $set:ident { $($variant:ident = $code:literal, $french:literal;)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[allow(missing_docs)] // each variant is documented by its French sentence
        pub enum $name { $($variant,)* }

        impl $name {
            /// Every value.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $($name::$variant => $code,)* }
            }

            /// The sentence a person reads.
            pub const fn french(self) -> &'static str {
                match self { $($name::$variant => $french,)* }
            }
        }

        /// A small set, without allocation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct $set(u64);

        impl $set {
            /// The empty set.
            pub const NONE: $set = $set(0);

            /// A set of some values.
            pub const fn of(values: &[$name]) -> $set {
                let mut bits = 0;
                let mut i = 0;
                while i < values.len() {
                    bits |= 1 << values[i] as u64;
                    i += 1;
                }
                $set(bits)
            }

            /// With one more.
            pub const fn with(self, value: $name) -> $set {
                $set(self.0 | 1 << value as u64)
            }

            /// Whether it holds a value.
            pub const fn has(self, value: $name) -> bool {
                self.0 & (1 << value as u64) != 0
            }

            /// The values, in order.
            pub fn iter(self) -> impl Iterator<Item = $name> {
                $name::ALL.iter().copied().filter(move |v| self.has(*v))
            }
        }
    };
}

coded_set! {
    /// A fact that weighed in a decision.
    Fact, FactSet {
        ModeNormal = "mode_normal", "l'accès est en mode normal";
        ModeCentre15 = "mode_centre_15", "l'accès est en mode centre de régulation";
        ModeBrisDeGlace = "mode_bris_de_glace", "l'accès est en bris de glace";
        DossierNonexistent = "dossier_nonexistent", "le patient n'a pas de DMP";
        DossierClosed = "dossier_closed", "le DMP du patient est fermé";
        Blocked = "professional_blocked", "le patient a bloqué ce professionnel";
        AuthorisationValid = "authorisation_valid", "l'autorisation est en cours de validité";
        AuthorisationExpired = "authorisation_expired", "l'autorisation est expirée";
        AuthorisationMissing = "authorisation_missing", "aucune autorisation n'a été déclarée";
        ConsentCareTeam = "consent_care_team", "le patient est informé de l'accès de son équipe de soins";
        ConsentExplicit = "consent_explicit", "le patient a donné son consentement exprès";
        ConsentMissing = "consent_missing", "aucun consentement n'a été recueilli";
        ConsentExpired = "consent_expired", "le consentement recueilli a expiré";
        ConsentRevoked = "consent_revoked", "le patient a retiré son consentement";
        ConsentUsed = "consent_used", "le consentement ne valait que pour une consultation passée";
        ConsultationOpposed = "consultation_opposed", "le patient s'oppose à la consultation de son DMP";
        FeedingOpposed = "feeding_opposed", "le patient s'oppose à l'alimentation de son DMP";
        DocumentOpposed = "document_opposed", "le patient s'oppose au dépôt de ce document";
        EmergencyOpposed = "emergency_opposed", "le patient s'oppose à cet accès en urgence";
        ReasonMissing = "reason_missing", "le motif du bris de glace n'est pas indiqué";
        AccessOver = "access_over", "l'accès est terminé";
        InsNotQualified = "ins_not_qualified", "l'INS du patient n'est pas qualifiée";
        TraitsDiverge = "traits_diverge", "des traits d'identité diffèrent entre le dossier local et le DMP";
        OwnDocument = "own_document", "le document est de l'auteur qui agit";
        NotOwnDocument = "not_own_document", "le document est d'un autre auteur";
        PatientDocument = "patient_document", "le document a été déposé par le patient";
        MaskedAllowedInEmergency = "masked_allowed_in_emergency", "le patient autorise la lecture des documents masqués en urgence";
        MaskedRefusedInEmergency = "masked_refused_in_emergency", "le patient n'autorise pas la lecture des documents masqués en urgence";
        MedecinTraitant = "medecin_traitant", "le professionnel est médecin traitant DMP";
        NotPhysician = "not_physician", "le professionnel n'est pas médecin";
        ForbiddenCapacity = "forbidden_capacity", "la demande n'est pas faite pour soigner";
        MinorPatient = "minor_patient", "le patient est mineur";
        Offline = "offline", "l'accès est hors ligne";
    }
}

coded_set! {
    /// What would change a refusal.
    Remedy, RemedySet {
        CollectConsent = "collect_consent", "Informez le patient et recueillez son consentement.";
        CollectExplicitConsent = "collect_explicit_consent", "Recueillez le consentement exprès du patient pour cette consultation.";
        DeclareAuthorisation = "declare_authorisation", "Déclarez-vous autorisé sur ce DMP, avec l'accord du patient.";
        UseBrisDeGlace = "use_bris_de_glace", "En cas d'urgence seulement, si le patient ne peut exprimer sa volonté : utilisez le bris de glace.";
        AskMedecinTraitant = "ask_medecin_traitant", "Demandez au médecin traitant du patient d'effectuer cette action.";
        AskAuthor = "ask_author", "Demandez à l'auteur du document d'effectuer cette action.";
        AskPatient = "ask_patient", "Demandez au patient de changer ce réglage dans Mon espace santé.";
        StateReason = "state_reason", "Indiquez le motif de l'accès en urgence.";
        OpenNormalAccess = "open_normal_access", "Revenez en mode normal.";
        OpenAccessAgain = "open_access_again", "Ouvrez à nouveau le dossier.";
        UseCps = "use_cps", "Authentifiez-vous avec votre carte CPS.";
        FeedWithStructure = "feed_with_structure", "Alimentez avec le certificat de la structure ou une carte CPS.";
        QualifyIns = "qualify_ins", "Qualifiez l'identité du patient : contrôlez une pièce d'identité et appelez le téléservice INSi.";
        ConfirmIdentity = "confirm_identity", "Vérifiez l'identité du patient et confirmez-la, ou corrigez le dossier local.";
        PatientOpensDmp = "patient_opens_dmp", "Le patient peut ouvrir son DMP en activant Mon espace santé.";
        WithdrawOpposition = "withdraw_opposition", "Si le patient a changé d'avis, enregistrez le retrait de son opposition.";
        ResendItem = "resend_item", "Si l'envoi doit quand même avoir lieu, relancez-le : le DMP sera d'abord interrogé.";
        CorrectItem = "correct_item", "Corrigez le document et confiez-le à nouveau à la place de celui-ci, ou abandonnez l'envoi.";
        GiveUpItem = "give_up_item", "Si l'envoi n'a plus lieu d'être, abandonnez-le.";
        StateLegitimateReason = "state_legitimate_reason", "Indiquez le motif légitime de l'opposition.";
        ReviewEmergencies = "review_emergencies", "Signez la revue des bris de glace en attente.";
        ChooseEarlierDate = "choose_earlier_date", "Choisissez une date plus ancienne.";
        OpenOffline = "open_offline", "Ouvrez le dossier hors ligne : des documents y ont été gardés pour vous.";
        HoldForSending = "hold_for_sending", "Mettez le document en attente d'envoi : il partira quand le réseau sera rétabli.";
        Reconnect = "reconnect", "Ouvrez à nouveau le dossier en ligne quand le réseau est rétabli.";
    }
}

/// What was decided, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub verdict: Verdict,
    /// The rule that decided.
    pub rule: RuleRef,
    /// The facts it weighed.
    pub facts: FactSet,
    /// What would change a refusal.
    pub remedies: RemedySet,
}

impl Decision {
    /// An allowance.
    pub const fn allowed(rule: RuleRef, facts: FactSet) -> Decision {
        Decision {
            verdict: Verdict::Allowed,
            rule,
            facts,
            remedies: RemedySet::NONE,
        }
    }

    /// A refusal.
    pub const fn refused(rule: RuleRef, facts: FactSet, remedies: RemedySet) -> Decision {
        Decision {
            verdict: Verdict::Refused,
            rule,
            facts,
            remedies,
        }
    }

    /// Whether it is not a refusal.
    pub const fn permits(&self) -> bool {
        !matches!(self.verdict, Verdict::Refused)
    }

    /// The stable identifier of the rule: `TD3.2.masked/DIR.PS.N`, `L1111-18`…
    pub fn rule_id(&self) -> Cow<'static, str> {
        match self.rule {
            RuleRef::Cell(right, column) => {
                Cow::Owned(format!("{}/{}", right.code(), column.code()))
            }
            RuleRef::NoColumn(right) => Cow::Owned(format!("{}/-", right.code())),
            RuleRef::Named(rule) => Cow::Borrowed(rule.id),
        }
    }

    /// The record that crosses to C and that a person reads.
    pub fn explain(&self) -> Explanation {
        let (source, sentence) = match self.rule {
            RuleRef::Named(rule) => (rule.source.to_owned(), rule.sentence.to_owned()),
            RuleRef::NoColumn(right) => (
                "PDT-INF-526 v1.8, PDT-INF-606 v1.3".to_owned(),
                format!(
                    "Le DMP ne prévoit pas de « {} » avec ce moyen d'authentification dans ce mode d'accès.",
                    right.label()
                ),
            ),
            RuleRef::Cell(right, column) => (
                column.matrix().to_owned(),
                self.cell_sentence(right, column),
            ),
        };
        Explanation {
            verdict: self.verdict,
            rule: self.rule_id().into_owned(),
            source,
            sentence,
            facts: self.facts.iter().map(Sentence::from).collect(),
            remedies: self.remedies.iter().map(Sentence::from).collect(),
        }
    }

    fn cell_sentence(&self, right: Right, column: Column) -> String {
        let (who, what) = (column.label(), right.label());
        match self.verdict {
            Verdict::Allowed => format!("Il est permis à {who} {}.", de(what)),
            Verdict::Depends => {
                format!("Il est permis à {who} {}, selon le document.", de(what))
            }
            Verdict::Refused if !names(right, column) => {
                format!("Le DMP ne permet pas de « {what} » avec ce moyen d'authentification.")
            }
            Verdict::Refused => format!("Le DMP ne permet pas à {who} {}.", de(what)),
        }
    }
}

/// « de lire », « d'alimenter ».
fn de(infinitive: &str) -> String {
    if infinitive.starts_with(['a', 'e', 'i', 'o', 'u', 'y', 'é', 'h']) {
        format!("d'{infinitive}")
    } else {
        format!("de {infinitive}")
    }
}

/// A code with its French sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// Stable code.
    pub code: String,
    /// French sentence.
    pub text: String,
}

impl From<Fact> for Sentence {
    fn from(fact: Fact) -> Sentence {
        Sentence {
            code: fact.code().to_owned(),
            text: fact.french().to_owned(),
        }
    }
}

impl From<Remedy> for Sentence {
    fn from(remedy: Remedy) -> Sentence {
        Sentence {
            code: remedy.code().to_owned(),
            text: remedy.french().to_owned(),
        }
    }
}

/// A decision as a person reads it and as JSON carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The answer.
    pub verdict: Verdict,
    /// Identifier of the rule.
    pub rule: String,
    /// Article or specification with its version.
    pub source: String,
    /// The reason, in French.
    pub sentence: String,
    /// Facts that weighed.
    pub facts: Vec<Sentence>,
    /// What would change a refusal.
    pub remedies: Vec<Sentence>,
}
