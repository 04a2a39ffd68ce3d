//! Health structures (cabinets, établissements) by their national identifier.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::professional::is_finess;
use super::wire::Xon;

/// The OID under which Struct_IdNat identifiers stand.
pub const STRUCT_ID_NAT_OID: &str = "1.2.250.1.71.4.2.2";

/// Struct_IdNat: the identifier of a structure, whose first character says what follows it.
///
/// Source: CI-SIS, Struct_IdNat (OID 1.2.250.1.71.4.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StructIdNat(String);

/// What the prefix of a Struct_IdNat announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StructIdKind {
    /// `0` + identifiant cabinet ADELI.
    CabinetAdeli,
    /// `1` + FINESS, 9 characters.
    Finess,
    /// `2` + SIREN, 9 digits.
    Siren,
    /// `3` + SIRET, 14 digits.
    Siret,
    /// `4` + RPPS (11 digits) + rang (3 digits).
    RppsRang,
    /// No prefix: N° technique.
    Technique,
}

/// The text is not a Struct_IdNat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a Struct_IdNat: 1 to 64 letters, digits, dots or hyphens")]
pub struct StructIdError;

impl StructIdNat {
    /// Reads an identifier, prefix included.
    pub fn new(text: &str) -> Result<StructIdNat, StructIdError> {
        let fits = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-' || b == b'/');
        if fits {
            Ok(StructIdNat(text.to_owned()))
        } else {
            Err(StructIdError)
        }
    }

    /// The identifier with its prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is made of; whatever no prefix explains is a N° technique.
    pub fn kind(&self) -> StructIdKind {
        let rest = &self.0[1..];
        let digits = |n: usize| rest.len() == n && rest.bytes().all(|b| b.is_ascii_digit());
        match self.0.as_bytes()[0] {
            b'0' if rest.len() >= 8 => StructIdKind::CabinetAdeli,
            b'1' if is_finess(rest) => StructIdKind::Finess,
            b'2' if digits(9) => StructIdKind::Siren,
            b'3' if digits(14) => StructIdKind::Siret,
            b'4' if digits(14) => StructIdKind::RppsRang,
            _ => StructIdKind::Technique,
        }
    }
}

impl TryFrom<String> for StructIdNat {
    type Error = StructIdError;
    fn try_from(text: String) -> Result<StructIdNat, StructIdError> {
        StructIdNat::new(&text)
    }
}

impl From<StructIdNat> for String {
    fn from(id: StructIdNat) -> String {
        id.0
    }
}

impl fmt::Display for StructIdNat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A structure in which professionals exercise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Structure {
    /// Struct_IdNat.
    pub id: StructIdNat,
    /// Raison sociale.
    pub name: String,
    /// Sector of activity, TRE_R02 (`SA07` cabinet individuel…), JDV_J61.
    pub sector: String,
}

impl Structure {
    /// The XON form of the structure as an author's institution.
    pub fn xon(&self) -> Xon {
        Xon {
            name: self.name.clone(),
            authority: STRUCT_ID_NAT_OID.to_owned(),
            kind: "IDNST".to_owned(),
            id: self.id.as_str().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_says_what_follows() {
        for (text, kind) in [
            ("499900063480001", StructIdKind::RppsRang),
            ("10B0127189", StructIdKind::Finess),
            ("1120456789", StructIdKind::Finess),
            ("2784359549", StructIdKind::Siren),
            ("378435954900010", StructIdKind::Siret),
            ("012345678", StructIdKind::CabinetAdeli),
            ("R10000001", StructIdKind::Technique),
        ] {
            assert_eq!(StructIdNat::new(text).unwrap().kind(), kind, "{text}");
        }
        assert!(StructIdNat::new("").is_err());
        assert!(StructIdNat::new("1^2").is_err());
    }

    #[test]
    fn a_structure_writes_itself_as_the_published_xon() {
        let cabinet = Structure {
            id: StructIdNat::new("401234567890009").unwrap(),
            name: "CABINET MEDICAL DR DURANT".into(),
            sector: "SA07".into(),
        };
        assert_eq!(
            cabinet.xon().to_string(),
            "CABINET MEDICAL DR DURANT^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^401234567890009"
        );
    }
}
