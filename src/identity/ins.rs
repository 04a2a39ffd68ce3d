//! The INS (identité nationale de santé): a matricule of 15 characters under an assigning authority.
//!
//! The matricule is the NIR or NIA (13 characters) followed by its two-digit key. Nothing else is read
//! from it: neither sex nor century can be derived safely (temporary numbers, changes of civil status,
//! centenarians), so this module offers no way to try.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The authorities that assign a matricule INS, each with its OID under `1.2.250.1.213.1.4`.
///
/// Source: ANS, référentiel INS; the OIDs as the DMP uses them in `patientId`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Authority {
    /// INS-NIR, production.
    Nir,
    /// INS-NIA, production.
    Nia,
    /// INS-NIR of the test platforms.
    Test,
    /// INS-NIR of demonstrations.
    Demonstration,
}

/// Every authority, for tables and combo boxes.
pub const AUTHORITIES: [Authority; 4] = [
    Authority::Nir,
    Authority::Nia,
    Authority::Test,
    Authority::Demonstration,
];

impl Authority {
    /// The OID that stands in CX-4, in `patientRole/id/@root` and in the register.
    pub const fn oid(self) -> &'static str {
        match self {
            Authority::Nir => "1.2.250.1.213.1.4.8",
            Authority::Nia => "1.2.250.1.213.1.4.9",
            Authority::Test => "1.2.250.1.213.1.4.10",
            Authority::Demonstration => "1.2.250.1.213.1.4.11",
        }
    }

    /// The authority of an OID, if it is one of the four. INS-A and INS-C are obsolete and refused.
    pub fn from_oid(oid: &str) -> Option<Authority> {
        AUTHORITIES.into_iter().find(|a| a.oid() == oid)
    }

    /// Whether identities of this authority are those of real persons.
    pub const fn is_production(self) -> bool {
        matches!(self, Authority::Nir | Authority::Nia)
    }
}

/// Why a text is not an INS. No variant carries the text: it identifies a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InsError {
    /// The matricule does not have 15 characters.
    #[error("the matricule INS must have 15 characters: 13 of NIR or NIA and 2 of key")]
    Length,
    /// A character stands where it cannot.
    #[error(
        "the matricule INS holds a character that cannot stand there (digits, or 2A/2B at positions 6-7)"
    )]
    Character,
    /// The two-digit key does not follow from the first 13 characters.
    #[error("the key of the matricule INS (last 2 digits) does not match its first 13 characters")]
    Key,
    /// The OID is not one of the four INS authorities.
    #[error("the OID is not an INS authority (1.2.250.1.213.1.4.8, .9, .10 or .11)")]
    Authority,
}

/// A patient's INS: valid by construction (length, characters, key, authority).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "InsRecord", into = "InsRecord")]
pub struct Ins {
    matricule: [u8; 15],
    authority: Authority,
}

/// The JSON form of an [`Ins`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InsRecord {
    matricule: String,
    oid: String,
}

impl TryFrom<InsRecord> for Ins {
    type Error = InsError;
    fn try_from(record: InsRecord) -> Result<Ins, InsError> {
        Ins::new(&record.matricule, &record.oid)
    }
}

impl From<Ins> for InsRecord {
    fn from(ins: Ins) -> InsRecord {
        InsRecord {
            matricule: ins.matricule().to_owned(),
            oid: ins.authority.oid().to_owned(),
        }
    }
}

impl Ins {
    /// Reads a matricule of exactly 15 characters under an authority's OID.
    pub fn new(matricule: &str, oid: &str) -> Result<Ins, InsError> {
        let authority = Authority::from_oid(oid).ok_or(InsError::Authority)?;
        Ins::with_authority(matricule, authority)
    }

    /// As [`Ins::new`], with the authority already known.
    pub fn with_authority(matricule: &str, authority: Authority) -> Result<Ins, InsError> {
        let bytes: [u8; 15] = matricule
            .as_bytes()
            .try_into()
            .map_err(|_| InsError::Length)?;
        let first13: &[u8; 13] = bytes[..13].try_into().map_err(|_| InsError::Length)?;
        let key = key_of(first13).ok_or(InsError::Character)?;
        if !bytes[13..].iter().all(u8::is_ascii_digit) {
            return Err(InsError::Character);
        }
        if key != (bytes[13] - b'0') * 10 + (bytes[14] - b'0') {
            return Err(InsError::Key);
        }
        Ok(Ins {
            matricule: bytes,
            authority,
        })
    }

    /// The 15 characters.
    pub fn matricule(&self) -> &str {
        // Every byte was checked to be an ASCII digit, A or B.
        std::str::from_utf8(&self.matricule).unwrap_or_default()
    }

    /// Who assigned it.
    pub fn authority(&self) -> Authority {
        self.authority
    }

    /// The OID of the authority.
    pub fn oid(&self) -> &'static str {
        self.authority.oid()
    }

    /// The CX form of `patientId`: `INS^^^&OID&ISO^NH`.
    pub fn cx(&self) -> super::wire::Cx {
        super::wire::Cx {
            id: self.matricule().to_owned(),
            authority: self.oid().to_owned(),
            kind: "NH".to_owned(),
            effective: None,
        }
    }
}

/// An INS in a log or a panic would identify a person: only the authority is shown.
impl fmt::Debug for Ins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ins(…, {:?})", self.authority)
    }
}

/// The key of a NIR or NIA: 97 − (N mod 97), where in Corsica 2A counts as 19 and 2B as 18.
/// `None` when a character stands where it cannot.
pub fn key_of(first13: &[u8; 13]) -> Option<u8> {
    if !matches!(first13[0], b'1'..=b'4' | b'7' | b'8') {
        return None;
    }
    let mut number: u64 = 0;
    for (position, &byte) in first13.iter().enumerate() {
        let digit = match byte {
            b'0'..=b'9' => u64::from(byte - b'0'),
            // 2A → 19, 2B → 18: the 2 before it becomes 1, the letter becomes 9 or 8.
            b'A' | b'B' if position == 6 && first13[5] == b'2' => {
                number -= 1;
                if byte == b'A' { 9 } else { 8 }
            }
            _ => return None,
        };
        number = number * 10 + digit;
    }
    Some((97 - number % 97) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: &str = "1.2.250.1.213.1.4.10";

    #[test]
    fn published_test_identities_are_valid() {
        for matricule in [
            "207058575627097",
            "279035121518989",
            "153078987658513",
            "124018852493334",
        ] {
            let ins = Ins::new(matricule, TEST).unwrap();
            assert_eq!(ins.matricule(), matricule);
            assert_eq!(
                ins.cx().to_string(),
                format!("{matricule}^^^&1.2.250.1.213.1.4.10&ISO^NH")
            );
        }
    }

    #[test]
    fn keys_published_for_ordinary_numbers() {
        assert_eq!(key_of(b"2061275111005"), Some(64));
        assert_eq!(key_of(b"1891275125012"), Some(82));
    }

    #[test]
    fn corsica_counts_2a_as_19_and_2b_as_18_and_keeps_its_letter() {
        assert_eq!(key_of(b"180052A004010"), key_of(b"1800519004010"));
        assert_eq!(key_of(b"180052B004010"), key_of(b"1800518004010"));
        let matricule = format!("180052A004010{:02}", key_of(b"180052A004010").unwrap());
        assert_eq!(Ins::new(&matricule, TEST).unwrap().matricule(), matricule);
        assert_eq!(key_of(b"180051A004010"), None, "only 2A and 2B exist");
        assert_eq!(key_of(b"18005200A4010"), None, "only at positions 6 and 7");
    }

    #[test]
    fn every_way_to_be_wrong_has_its_own_error_and_none_repeats_the_value() {
        for (matricule, oid, expected) in [
            ("27903512151898", TEST, InsError::Length),
            ("2790351215189899", TEST, InsError::Length),
            ("279035121518990", TEST, InsError::Key),
            ("579035121518989", TEST, InsError::Character),
            ("27903512151898X", TEST, InsError::Character),
            ("é7903512151898", TEST, InsError::Character),
            (
                "279035121518989",
                "1.2.250.1.213.1.4.2",
                InsError::Authority,
            ),
        ] {
            let error = Ins::new(matricule, oid).unwrap_err();
            assert_eq!(error, expected, "{matricule}");
            assert!(!error.to_string().contains(matricule));
        }
    }

    #[test]
    fn debug_does_not_identify() {
        let ins = Ins::new("279035121518989", TEST).unwrap();
        assert!(!format!("{ins:?}").contains("279"));
    }
}
