//! May a document be fed with this visibility, for this patient, in this session.

use super::Parameters;
use crate::document::{Visibility, VisibilityError};

/// Whether the patient is a minor, as far as the practice's own traits tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Strictly younger than the age of majority.
    Minor,
    /// Of age.
    Adult,
}

/// What the person who feeds decided about the legal representatives of a minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepresentativesChoice {
    /// Nothing was said.
    Unsaid,
    /// The representatives may see the document.
    Visible,
    /// They may not (CSP R.1111-50).
    Invisible,
}

/// Why a visibility cannot be deposited. Each variant has its rule in [`FeedingFault::rule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeedingFault {
    /// MASQUE_PS with INVISIBLE_PATIENT.
    #[error("MASQUE_PS and INVISIBLE_PATIENT cannot be combined")]
    MaskedAndInvisible,
    /// INVISIBLE_REPRESENTANTS_LEGAUX for an adult.
    #[error("INVISIBLE_REPRESENTANTS_LEGAUX is for minors only")]
    RepresentativesOfAnAdult,
    /// For a minor, the person must say whether the representatives may see the document.
    #[error("for a minor, representatives must be given: visible or invisible")]
    RepresentativesUnsaid,
    /// Under secret connection only documents invisible to the representatives can be deposited.
    #[error("under secret connection the document must be invisible to the representatives")]
    SecretButVisible,
    /// Secret connection for an adult.
    #[error("secret connection is for minors only")]
    SecretForAnAdult,
}

impl FeedingFault {
    /// The rule's identifier.
    pub const fn rule(self) -> &'static str {
        match self {
            FeedingFault::MaskedAndInvisible => "EX_2.1-1050-CUMUL",
            FeedingFault::RepresentativesOfAnAdult => "EX_GEN-1550",
            FeedingFault::RepresentativesUnsaid => "EX_2.1-1050",
            FeedingFault::SecretButVisible => "EX_2.1-1050-SECRET",
            FeedingFault::SecretForAnAdult => "EX_GEN-1550-SECRET",
        }
    }

    /// What a person reads.
    pub const fn french(self) -> &'static str {
        match self {
            FeedingFault::MaskedAndInvisible => {
                "Un document ne peut pas être à la fois masqué aux professionnels et invisible au patient : choisissez l'un ou l'autre."
            }
            FeedingFault::RepresentativesOfAnAdult => {
                "Seul le document d'un mineur peut être caché à ses représentants légaux."
            }
            FeedingFault::RepresentativesUnsaid => {
                "Le patient est mineur : indiquez si ses représentants légaux peuvent voir ce document."
            }
            FeedingFault::SecretButVisible => {
                "En connexion secrète, seul un document invisible aux représentants légaux peut être déposé."
            }
            FeedingFault::SecretForAnAdult => {
                "La connexion secrète n'existe que pour un patient mineur."
            }
        }
    }
}

/// The visibility to deposit, from what the person asked.
///
/// `asked` holds MASQUE_PS and INVISIBLE_PATIENT; the choice about representatives adds the third code.
/// Sources: EX_2.1-1050, EX_GEN-1550, CSP R.1111-50.
pub fn visibility_to_deposit(
    asked: Visibility,
    choice: RepresentativesChoice,
    age: Age,
    secret: bool,
    parameters: &Parameters,
) -> Result<Visibility, FeedingFault> {
    let minor = parameters.minors && age == Age::Minor;
    if secret && !minor {
        return Err(FeedingFault::SecretForAnAdult);
    }
    let invisible = choice == RepresentativesChoice::Invisible || asked.invisible_representatives();
    if invisible && !minor {
        return Err(FeedingFault::RepresentativesOfAnAdult);
    }
    if minor && !invisible {
        if secret {
            return Err(FeedingFault::SecretButVisible);
        }
        if choice == RepresentativesChoice::Unsaid {
            return Err(FeedingFault::RepresentativesUnsaid);
        }
    }
    let visibility = if invisible {
        asked.with(Visibility::INVISIBLE_REPRESENTATIVES)
    } else {
        asked
    };
    visibility
        .check(parameters.masked_with_invisible)
        .map_err(|_: VisibilityError| FeedingFault::MaskedAndInvisible)
}

#[cfg(test)]
mod tests {
    use super::*;
    use RepresentativesChoice::{Invisible, Unsaid, Visible};

    #[test]
    fn every_combination_of_age_choice_and_connection() {
        let rl = Visibility::INVISIBLE_REPRESENTATIVES;
        let none = Visibility::NORMAL;
        let table = [
            (Age::Adult, Unsaid, false, Ok(none)),
            (Age::Adult, Visible, false, Ok(none)),
            (
                Age::Adult,
                Invisible,
                false,
                Err(FeedingFault::RepresentativesOfAnAdult),
            ),
            (
                Age::Adult,
                Unsaid,
                true,
                Err(FeedingFault::SecretForAnAdult),
            ),
            (
                Age::Minor,
                Unsaid,
                false,
                Err(FeedingFault::RepresentativesUnsaid),
            ),
            (Age::Minor, Visible, false, Ok(none)),
            (Age::Minor, Invisible, false, Ok(rl)),
            (
                Age::Minor,
                Unsaid,
                true,
                Err(FeedingFault::SecretButVisible),
            ),
            (
                Age::Minor,
                Visible,
                true,
                Err(FeedingFault::SecretButVisible),
            ),
            (Age::Minor, Invisible, true, Ok(rl)),
        ];
        for (age, choice, secret, expected) in table {
            let result = visibility_to_deposit(none, choice, age, secret, &Parameters::default());
            assert_eq!(result, expected, "{age:?} {choice:?} secret={secret}");
        }
    }

    #[test]
    fn masked_and_invisible_stand_together_only_if_the_dmp_says_so() {
        let both = Visibility::MASKED.with(Visibility::INVISIBLE_PATIENT);
        let feed = |p: &Parameters| visibility_to_deposit(both, Unsaid, Age::Adult, false, p);
        assert_eq!(
            feed(&Parameters::default()),
            Err(FeedingFault::MaskedAndInvisible)
        );
        let open = Parameters {
            masked_with_invisible: true,
            ..Parameters::default()
        };
        assert_eq!(feed(&open), Ok(both));
    }
}
