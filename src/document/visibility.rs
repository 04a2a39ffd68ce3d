//! confidentialityCode: the HL7 level, and the DMP's visibility codes with their combination rules.

use serde::{Deserialize, Serialize};

/// The code system of the visibility codes (TRE_A07-StatutVisibiliteDocument).
pub const VISIBILITY_SYSTEM: &str = "1.2.250.1.213.1.1.4.13";

/// The HL7 level that always comes first (JDV_J58). The DMP describes behaviour for `N` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Confidentiality {
    /// Normal.
    #[default]
    N,
    /// Restreint.
    R,
    /// Très restreint.
    V,
}

/// The visibility codes a document carries beside its level: any combination that the rules allow.
///
/// Source: JDV_J58-ConfidentialityCode-DMP (20200424); combinations: requirement EX_2.1-1050.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Visibility(u8);

/// Two codes that the DMP does not let stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VisibilityError {
    /// MASQUE_PS with INVISIBLE_PATIENT: the document would be seen by no one but its author.
    #[error("MASQUE_PS and INVISIBLE_PATIENT cannot be combined (EX_2.1-1050)")]
    MaskedAndInvisible,
    /// A code that is none of the three.
    #[error(
        "not a visibility code: MASQUE_PS, INVISIBLE_PATIENT or INVISIBLE_REPRESENTANTS_LEGAUX is expected"
    )]
    Unknown,
    /// The same code twice.
    #[error("a visibility code is given twice")]
    Twice,
}

impl Visibility {
    /// Visible to everyone who has the right.
    pub const NORMAL: Visibility = Visibility(0);
    /// MASQUE_PS: masked to professionals, but for its author and the médecin traitant.
    pub const MASKED: Visibility = Visibility(1);
    /// INVISIBLE_PATIENT: not visible to the patient, until shown or one month after its deposit.
    pub const INVISIBLE_PATIENT: Visibility = Visibility(2);
    /// INVISIBLE_REPRESENTANTS_LEGAUX: not visible to a minor's legal representatives.
    pub const INVISIBLE_REPRESENTATIVES: Visibility = Visibility(4);

    const CODES: [(Visibility, &'static str); 3] = [
        (Visibility::MASKED, "MASQUE_PS"),
        (Visibility::INVISIBLE_PATIENT, "INVISIBLE_PATIENT"),
        (
            Visibility::INVISIBLE_REPRESENTATIVES,
            "INVISIBLE_REPRESENTANTS_LEGAUX",
        ),
    ];

    /// All eight combinations, allowed or not, for tables.
    pub fn all() -> impl Iterator<Item = Visibility> {
        (0..8).map(Visibility)
    }

    /// From stored bits; bits that mean nothing are dropped.
    pub const fn from_bits(bits: u8) -> Visibility {
        Visibility(bits & 7)
    }

    /// As stored.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether it carries all the codes of `other`.
    pub const fn has(self, other: Visibility) -> bool {
        self.0 & other.0 == other.0 && other.0 != 0
    }

    /// With the codes of `other` added.
    pub const fn with(self, other: Visibility) -> Visibility {
        Visibility(self.0 | other.0)
    }

    /// With the codes of `other` removed.
    pub const fn without(self, other: Visibility) -> Visibility {
        Visibility(self.0 & !other.0)
    }

    /// Masked to professionals.
    pub const fn masked(self) -> bool {
        self.has(Visibility::MASKED)
    }

    /// Hidden from the patient.
    pub const fn invisible_patient(self) -> bool {
        self.has(Visibility::INVISIBLE_PATIENT)
    }

    /// Hidden from the legal representatives.
    pub const fn invisible_representatives(self) -> bool {
        self.has(Visibility::INVISIBLE_REPRESENTATIVES)
    }

    /// Hidden from the patient or from the representatives.
    pub const fn hidden_from_patient_side(self) -> bool {
        self.invisible_patient() || self.invisible_representatives()
    }

    /// Checks the combination. `masked_with_invisible` is the DMP's parameter
    /// `cumul-invisible_patient-masque_ps`, false unless the DMP says otherwise.
    pub const fn check(self, masked_with_invisible: bool) -> Result<Visibility, VisibilityError> {
        if self.masked() && self.invisible_patient() && !masked_with_invisible {
            Err(VisibilityError::MaskedAndInvisible)
        } else {
            Ok(self)
        }
    }

    /// The codes, in the order of the value set.
    pub fn codes(self) -> impl Iterator<Item = &'static str> {
        Visibility::CODES
            .into_iter()
            .filter(move |(v, _)| self.has(*v))
            .map(|(_, code)| code)
    }

    /// Reads codes; each may stand once.
    pub fn from_codes<'a>(
        codes: impl IntoIterator<Item = &'a str>,
    ) -> Result<Visibility, VisibilityError> {
        let mut all = Visibility::NORMAL;
        for code in codes {
            let (one, _) = Visibility::CODES
                .into_iter()
                .find(|(_, known)| *known == code)
                .ok_or(VisibilityError::Unknown)?;
            if all.has(one) {
                return Err(VisibilityError::Twice);
            }
            all = all.with(one);
        }
        Ok(all)
    }
}

impl Serialize for Visibility {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.codes())
    }
}

impl<'de> Deserialize<'de> for Visibility {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Visibility, D::Error> {
        let codes = Vec::<String>::deserialize(deserializer)?;
        Visibility::from_codes(codes.iter().map(String::as_str)).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_is_read_back_and_only_one_pair_is_refused() {
        for visibility in Visibility::all() {
            let codes: Vec<_> = visibility.codes().collect();
            assert_eq!(Visibility::from_codes(codes).unwrap(), visibility);
            assert_eq!(
                visibility.check(false).is_err(),
                visibility.masked() && visibility.invisible_patient()
            );
            assert!(visibility.check(true).is_ok());
        }
        assert_eq!(Visibility::from_codes(["N"]), Err(VisibilityError::Unknown));
        assert_eq!(
            Visibility::from_codes(["MASQUE_PS", "MASQUE_PS"]),
            Err(VisibilityError::Twice)
        );
    }
}
