//! Health professionals and the other persons who act on a DMP, by their national identifier.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::wire::Xcn;

/// The OID under which PS_IdNat identifiers stand.
pub const PS_ID_NAT_OID: &str = "1.2.250.1.71.4.2.1";

/// PS_IdNat: the identifier of a professional, whose first character says what follows it.
///
/// Source: CI-SIS, "Partage de documents de santé", PS_IdNat (OID 1.2.250.1.71.4.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PsIdNat(String);

/// What the prefix of a PS_IdNat announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PsIdKind {
    /// `0` + N° ADELI.
    Adeli,
    /// `1` + identifiant cabinet ADELI `/` internal identifier.
    CabinetAdeli,
    /// `3` + FINESS `/` internal identifier.
    Finess,
    /// `4` + SIREN `/` internal identifier.
    Siren,
    /// `5` + SIRET `/` internal identifier.
    Siret,
    /// `6` + identifiant cabinet RPPS `/` internal identifier.
    CabinetRpps,
    /// `8` + N° RPPS, 11 digits.
    Rpps,
}

/// The text is not a PS_IdNat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a PS_IdNat: 8 + RPPS (11 digits), 0 + ADELI, or 1/3/4/5/6 + structure identifier / internal identifier"
)]
pub struct PsIdError;

impl PsIdNat {
    /// Reads an identifier, prefix included.
    pub fn new(text: &str) -> Result<PsIdNat, PsIdError> {
        kind_of(text)
            .map(|_| PsIdNat(text.to_owned()))
            .ok_or(PsIdError)
    }

    /// The identifier with its prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is made of.
    pub fn kind(&self) -> PsIdKind {
        // A PsIdNat exists only if kind_of succeeded on it.
        kind_of(&self.0).unwrap_or(PsIdKind::Rpps)
    }

    /// XCN-13: `IDNPS` for a national identifier, `EI` for one internal to a structure.
    pub fn xcn_kind(&self) -> &'static str {
        match self.kind() {
            PsIdKind::Rpps | PsIdKind::Adeli => "IDNPS",
            _ => "EI",
        }
    }
}

fn kind_of(text: &str) -> Option<PsIdKind> {
    let rest = text.get(1..)?;
    let internal = |structure: fn(&str) -> bool| {
        rest.split_once('/')
            .is_some_and(|(s, i)| structure(s) && is_internal(i))
    };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    match text.as_bytes()[0] {
        b'0' if rest.len() == 9 && rest.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            Some(PsIdKind::Adeli)
        }
        b'1' if internal(|s| !s.is_empty()) => Some(PsIdKind::CabinetAdeli),
        b'3' if internal(is_finess) => Some(PsIdKind::Finess),
        b'4' if internal(|s| s.len() == 9) => Some(PsIdKind::Siren),
        b'5' if internal(|s| s.len() == 14) => Some(PsIdKind::Siret),
        b'6' if internal(|s| !s.is_empty()) => Some(PsIdKind::CabinetRpps),
        b'8' if rest.len() == 11 && digits(rest) => Some(PsIdKind::Rpps),
        _ => None,
    }
}

fn is_internal(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'^' && b != b'&')
}

/// FINESS: nine characters, letters allowed (2A, 2B and some newer numbers).
pub(crate) fn is_finess(text: &str) -> bool {
    text.len() == 9
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

impl TryFrom<String> for PsIdNat {
    type Error = PsIdError;
    fn try_from(text: String) -> Result<PsIdNat, PsIdError> {
        PsIdNat::new(&text)
    }
}

impl From<PsIdNat> for String {
    fn from(id: PsIdNat) -> String {
        id.0
    }
}

impl fmt::Display for PsIdNat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A person who acts: a health professional, or another professional known by a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Professional {
    /// PS_IdNat.
    pub id: PsIdNat,
    /// Nom d'exercice.
    pub family: String,
    /// Prénom.
    pub given: String,
    /// Profession code of TRE_G15 (`10` médecin, `60` infirmier…); absent for a person who is not a
    /// health professional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profession: Option<String>,
    /// Savoir-faire code of TRE_R01 (`SM26`…), required by the DMP for physicians, G05 section for pharmacists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specialty: Option<String>,
    /// Role code of TRE_R85 for a professional who is not a health professional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// Profession code of physicians in TRE_G15.
pub const PHYSICIAN: &str = "10";

/// Savoir-faire of occupational medicine in TRE_R01: qualification, competence, capacity.
pub const OCCUPATIONAL_MEDICINE: [&str; 4] = ["SM25", "SCH35", "C41", "CAPA11"];

impl Professional {
    /// Whether the profession is médecin.
    pub fn is_physician(&self) -> bool {
        self.profession.as_deref() == Some(PHYSICIAN)
    }

    /// Whether this is a physician exercising occupational medicine (médecin du travail).
    pub fn is_occupational(&self) -> bool {
        self.is_physician()
            && self
                .specialty
                .as_deref()
                .is_some_and(|s| OCCUPATIONAL_MEDICINE.contains(&s))
    }

    /// The XCN form of the person as an author.
    pub fn xcn(&self) -> Xcn {
        Xcn {
            id: self.id.as_str().to_owned(),
            family: self.family.clone(),
            given: self.given.clone(),
            authority: PS_ID_NAT_OID.to_owned(),
            name_type: "D".to_owned(),
            kind: self.id.xcn_kind().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_says_what_follows() {
        for (text, kind, xcn) in [
            ("801234567890", PsIdKind::Rpps, "IDNPS"),
            ("0751234567", PsIdKind::Adeli, "IDNPS"),
            ("1123456789/12", PsIdKind::CabinetAdeli, "EI"),
            ("3750100125/1453", PsIdKind::Finess, "EI"),
            ("4784359549/7", PsIdKind::Siren, "EI"),
            ("578435954900010/1.2.250.1.176.1", PsIdKind::Siret, "EI"),
            ("699900063480/3", PsIdKind::CabinetRpps, "EI"),
        ] {
            let id = PsIdNat::new(text).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!((id.kind(), id.xcn_kind()), (kind, xcn), "{text}");
        }
        for text in [
            "",
            "8",
            "80123456789",
            "8012345678901",
            "201234567890",
            "3750100125",
            "é",
        ] {
            assert!(PsIdNat::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_professional_writes_itself_as_the_published_xcn() {
        let durant = Professional {
            id: PsIdNat::new("801234567890").unwrap(),
            family: "DURANT".into(),
            given: "Romuald".into(),
            profession: Some("10".into()),
            specialty: Some("SM26".into()),
            role: None,
        };
        assert_eq!(
            durant.xcn().to_string(),
            "801234567890^DURANT^Romuald^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
        );
    }
}
