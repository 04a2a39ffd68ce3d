//! What a CPS card says beside its keys: who holds it, and in which structures that person works.
//!
//! The card keeps data objects: `CPS_INFO_PS` (profession and speciality) and, after the PIN, `CPS_ACTIVITY_01_PS` to
//! `CPS_ACTIVITY_15_PS`, one for each exercise. Their content is a sequence of tagged values; known are tag 0x84, the
//! structure's name, tag 0x85, its Struct_IdNat, and that the sector stands among them as `SAxx`. Source: the notes of an
//! integrator who read real cards (integrators' notes on real cards); the specification was not found. Unknown: the tag of the sector, the
//! character set (UTF-8 and Windows-1252 are tried), every other tag. What does not read is left out, never guessed: an
//! exercise without a structure must be completed by the person.

use serde::Serialize;

use crate::identity::StructIdNat;

/// More than any object of a card.
const MAX_BYTES: usize = 16 * 1024;
/// Depth of values within values.
const MAX_DEPTH: usize = 8;
/// Values of one object.
const MAX_VALUES: usize = 500;

const STRUCTURE_NAME: u32 = 0x84;
const STRUCTURE_ID: u32 = 0x85;

/// A tagged value that is text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Value {
    /// The tag, its octets as one number (`0x84` is 132).
    pub tag: u32,
    /// The text.
    pub text: String,
}

/// An exercise: what VIHF's Identifiant_Structure and Secteur_Activite must agree with in direct authentication (facts
/// 8.1, 8.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exercise {
    /// The number of the object, 1 to 15.
    pub number: u8,
    /// Raison sociale.
    pub structure_name: Option<String>,
    /// Struct_IdNat.
    pub structure_id: Option<StructIdNat>,
    /// Sector of activity, a code of TRE_R02 such as `SA07`; absent when no value, or several different ones, look like one.
    pub sector: Option<String>,
}

/// What a card says of its holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// PS_IdNat: CN of the authentication certificate.
    pub holder: Option<String>,
    /// SN of the certificate.
    pub family: Option<String>,
    /// GN of the certificate.
    pub given: Option<String>,
    /// Number of the card's type: 0 CPS, 1 CPF, 2 CPE, 3 CPA.
    pub card_type: Option<u8>,
    /// Profession, a code of TRE_G15, from the signature certificate.
    pub profession: Option<String>,
    /// Savoir-faire, codes of TRE_R01, from the signature certificate.
    pub specialties: Vec<String>,
    /// The texts of `CPS_INFO_PS`.
    pub info: Vec<Value>,
    /// The exercises, by number.
    pub exercises: Vec<Exercise>,
}

/// The texts among the tagged values of an object, in order, those within others included. Lengths of one to three
/// octets, tags of one to three; reading stops where the form is broken, and keeps what came before.
pub fn values(object: &[u8]) -> Vec<Value> {
    let mut found = Vec::new();
    if object.len() <= MAX_BYTES {
        collect(object, 0, &mut found);
    }
    found
}

/// An exercise from the content of `CPS_ACTIVITY_nn_PS`.
pub fn exercise(number: u8, object: &[u8]) -> Exercise {
    let values = values(object);
    let text = |tag| values.iter().find(|v| v.tag == tag).map(|v| &v.text);
    let mut sectors: Vec<&str> = values
        .iter()
        .filter(|v| v.tag != STRUCTURE_NAME && v.tag != STRUCTURE_ID)
        .map(|v| v.text.as_str())
        .filter(|text| is_sector(text))
        .collect();
    sectors.dedup();
    Exercise {
        number,
        structure_name: text(STRUCTURE_NAME).cloned(),
        structure_id: text(STRUCTURE_ID).and_then(|id| StructIdNat::new(id).ok()),
        sector: match sectors.as_slice() {
            [only] => Some((*only).to_owned()),
            _ => None,
        },
    }
}

/// The number in the label of an exercise's object, 1 to 15.
pub fn exercise_number(label: &str) -> Option<u8> {
    let number = label.strip_prefix("CPS_ACTIVITY_")?.strip_suffix("_PS")?;
    let number: u8 = number.parse().ok()?;
    (1..=15).contains(&number).then_some(number)
}

fn is_sector(text: &str) -> bool {
    text.len() == 4
        && text
            .strip_prefix("SA")
            .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

fn collect(mut rest: &[u8], depth: usize, found: &mut Vec<Value>) {
    while let Some((tag, value, after)) = next(rest) {
        if found.len() == MAX_VALUES {
            return;
        }
        rest = after;
        // Bit 6 of the first octet says that a value is made of others.
        let first = tag.to_be_bytes().into_iter().find(|octet| *octet != 0);
        if first.is_some_and(|octet| octet & 0x20 != 0) && depth < MAX_DEPTH {
            collect(value, depth + 1, found);
        } else if let Some(text) = text(value) {
            found.push(Value { tag, text });
        }
    }
}

/// The first tag and value, and what follows.
fn next(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (first, mut rest) = bytes.split_first()?;
    let mut tag = u32::from(*first);
    // 0x00 and 0xFF fill unused room.
    if tag == 0 || tag == 0xFF {
        return None;
    }
    if tag & 0x1F == 0x1F {
        for octets in 0.. {
            let (octet, after) = rest.split_first()?;
            rest = after;
            tag = tag << 8 | u32::from(*octet);
            if octet & 0x80 == 0 {
                break;
            }
            if octets == 1 {
                return None;
            }
        }
    }
    let (length, rest) = match *rest {
        [length @ 0..=0x7F, ref rest @ ..] => (usize::from(length), rest),
        [0x81, length, ref rest @ ..] => (usize::from(length), rest),
        [0x82, high, low, ref rest @ ..] => (usize::from(high) << 8 | usize::from(low), rest),
        _ => return None,
    };
    let (value, after) = rest.split_at_checked(length)?;
    Some((tag, value, after))
}

/// A value as text when it is one: no control characters, not empty.
fn text(value: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode(value).0.into_owned(),
    };
    let text = text.trim_matches([' ', '\0']);
    (!text.is_empty() && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: &[u8], value: &[u8]) -> Vec<u8> {
        [tag, &[value.len() as u8], value].concat()
    }

    #[test]
    fn an_exercise_is_read_whatever_surrounds_it() {
        let inner = [
            tlv(&[0x84], "Cabinet du Pré".as_bytes()),
            tlv(&[0x85], b"499900987654001"),
            tlv(&[0x9F, 0x21], b"SA07"),
            tlv(&[0x80], &[1, 2, 3]),
        ]
        .concat();
        let exercise = exercise(3, &tlv(&[0x30], &inner));
        assert_eq!(exercise.structure_name.as_deref(), Some("Cabinet du Pré"));
        assert_eq!(
            exercise.structure_id,
            StructIdNat::new("499900987654001").ok()
        );
        assert_eq!(exercise.sector.as_deref(), Some("SA07"));
        let latin = super::exercise(1, &tlv(&[0x84], b"Cabinet du Pr\xe9"));
        assert_eq!(latin.structure_name.as_deref(), Some("Cabinet du Pré"));
        assert_eq!((latin.structure_id, latin.sector), (None, None));
    }

    #[test]
    fn two_sectors_are_none_and_a_name_is_not_a_sector() {
        let two = [tlv(&[0x86], b"SA07"), tlv(&[0x87], b"SA01")].concat();
        assert_eq!(exercise(1, &two).sector, None);
        assert_eq!(exercise(1, &tlv(&[0x84], b"SA07")).sector, None);
    }

    #[test]
    fn broken_objects_end_where_they_break() {
        let good = tlv(&[0x85], b"10B0127189");
        for tail in [
            &b"\x84\x50abc"[..],
            b"\x84\x83\x00\x00\x01a",
            b"\x9f\xff\xff\xff\xff",
            b"\x84",
            b"\x1f",
        ] {
            let object = [good.as_slice(), tail].concat();
            assert_eq!(values(&object).len(), 1, "{tail:?}");
        }
        // Nested without end.
        let deep = (0..200).fold(b"\x84\x01a".to_vec(), |inner, _| {
            let size = (inner.len() as u16).to_be_bytes();
            [&[0x30, 0x82, size[0], size[1]], inner.as_slice()].concat()
        });
        assert!(values(&deep).len() <= 1);
        assert!(values(&vec![0x84; MAX_BYTES + 1]).is_empty());
    }

    #[test]
    fn labels_give_their_number() {
        for (label, number) in [
            ("CPS_ACTIVITY_01_PS", Some(1)),
            ("CPS_ACTIVITY_15_PS", Some(15)),
            ("CPS_ACTIVITY_16_PS", None),
            ("CPS_ACTIVITY_00_PS", None),
            ("CPS_INFO_PS", None),
        ] {
            assert_eq!(exercise_number(label), number, "{label}");
        }
    }
}
