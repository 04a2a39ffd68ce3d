//! The HL7 v2 forms that XDS metadata carries: CX (identifiers), XCN (persons and systems), XON
//! (organisations). Source: ITI TF-3 table 4.2.3.1.7-2 and the CI-SIS "Partage de documents de santé".
//!
//! Reading keeps only the components the DMP uses and refuses what it cannot give back; writing drops
//! trailing empty components, so that `parse` then `to_string` is the identity on the DMP's own forms.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is not of the form. Values never appear in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a {form}: {rule}")]
pub struct WireError {
    /// `CX`, `XCN` or `XON`.
    pub form: &'static str,
    /// What the form asks.
    pub rule: &'static str,
}

/// CX: an identifier under an authority, `id^^^&OID&ISO^TYPE[^^DATE]`.
///
/// Also the CXi of `referenceIdList`, where the type is a URN.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cx {
    /// CX-1.
    pub id: String,
    /// CX-4: the OID of the assigning authority.
    pub authority: String,
    /// CX-5: `NH` for an INS, `PI` for a local identifier, a URN in referenceIdList.
    pub kind: String,
    /// CX-7: the effective date some senders add, kept as it came.
    pub effective: Option<String>,
}

/// XCN: a person or a system, `id^family^given^^^^^^&OID&ISO^D^^^TYPE`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Xcn {
    /// XCN-1: national or internal identifier; empty when the document gave none.
    pub id: String,
    /// XCN-2: family name; for a system, its name.
    pub family: String,
    /// XCN-3: given name; for a system, its model.
    pub given: String,
    /// XCN-9: the OID of the assigning authority; empty when the identifier is.
    pub authority: String,
    /// XCN-10: `D` for a person, `U` for a system.
    pub name_type: String,
    /// XCN-13: `IDNPS`, `EI`, `RI`, `NH`.
    pub kind: String,
}

/// XON: an organisation, `name^^^^^&OID&ISO^TYPE^^^id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Xon {
    /// XON-1: empty when the document gave none.
    pub name: String,
    /// XON-6: the OID of the assigning authority; empty when the identifier is.
    pub authority: String,
    /// XON-7: `IDNST` or `SIREN`; empty when the identifier is.
    pub kind: String,
    /// XON-10; empty when the document gave none.
    pub id: String,
}

/// The separators of HL7 v2 cannot stand in a component: they are escaped (HL7 v2.5 section 2.7).
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\E\\"),
            '^' => out.push_str("\\S\\"),
            '&' => out.push_str("\\T\\"),
            '~' => out.push_str("\\R\\"),
            '|' => out.push_str("\\F\\"),
            other => out.push(other),
        }
    }
    out
}

/// The reverse of [`escape`]; an escape that is none of its own stands as it is.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let replacement = match &rest.as_bytes()[at..] {
            [b'\\', b'E', b'\\', ..] => Some('\\'),
            [b'\\', b'S', b'\\', ..] => Some('^'),
            [b'\\', b'T', b'\\', ..] => Some('&'),
            [b'\\', b'R', b'\\', ..] => Some('~'),
            [b'\\', b'F', b'\\', ..] => Some('|'),
            _ => None,
        };
        match replacement {
            Some(c) => {
                out.push(c);
                rest = &rest[at + 3..];
            }
            None => {
                out.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// `&OID&ISO` → `OID`; an empty component → empty.
fn authority_of(component: &str, form: &'static str) -> Result<String, WireError> {
    if component.is_empty() {
        return Ok(String::new());
    }
    component
        .strip_prefix('&')
        .and_then(|c| c.strip_suffix("&ISO"))
        .filter(|oid| !oid.contains('&'))
        .map(str::to_owned)
        .ok_or(WireError {
            form,
            rule: "the assigning authority is written &OID&ISO",
        })
}

fn hd(oid: &str) -> String {
    if oid.is_empty() {
        String::new()
    } else {
        format!("&{oid}&ISO")
    }
}

fn join(components: &[&str]) -> String {
    components.join("^").trim_end_matches('^').to_owned()
}

/// Splits into exactly `n` components (absent ones are empty) and refuses content where none is defined.
fn split<'a>(
    text: &'a str,
    n: usize,
    used: &[usize],
    form: &'static str,
) -> Result<Vec<&'a str>, WireError> {
    let mut components: Vec<&str> = text.split('^').collect();
    if components.len() > n {
        return Err(WireError {
            form,
            rule: "more components than the form has",
        });
    }
    components.resize(n, "");
    for (index, component) in components.iter().enumerate() {
        if !component.is_empty() && !used.contains(&(index + 1)) {
            return Err(WireError {
                form,
                rule: "a component that the DMP does not use is filled",
            });
        }
    }
    Ok(components)
}

impl FromStr for Cx {
    type Err = WireError;
    fn from_str(text: &str) -> Result<Cx, WireError> {
        let c = split(text, 7, &[1, 4, 5, 7], "CX")?;
        let cx = Cx {
            id: unescape(c[0]),
            authority: authority_of(c[3], "CX")?,
            kind: unescape(c[4]),
            effective: (!c[6].is_empty()).then(|| unescape(c[6])),
        };
        // In referenceIdList an identifier unique in the world, a study's, has no authority.
        let needs_authority = !cx.kind.starts_with("urn:");
        if cx.id.is_empty() || (needs_authority && cx.authority.is_empty()) {
            return Err(WireError {
                form: "CX",
                rule: "identifier and authority are required",
            });
        }
        Ok(cx)
    }
}

impl fmt::Display for Cx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&join(&[
            &escape(&self.id),
            "",
            "",
            &hd(&self.authority),
            &escape(&self.kind),
            "",
            &escape(self.effective.as_deref().unwrap_or("")),
        ]))
    }
}

impl FromStr for Xcn {
    type Err = WireError;
    fn from_str(text: &str) -> Result<Xcn, WireError> {
        let c = split(text, 13, &[1, 2, 3, 9, 10, 13], "XCN")?;
        let xcn = Xcn {
            id: unescape(c[0]),
            family: unescape(c[1]),
            given: unescape(c[2]),
            authority: authority_of(c[8], "XCN")?,
            name_type: c[9].to_owned(),
            kind: unescape(c[12]),
        };
        if xcn.id.is_empty() && xcn.family.is_empty() {
            return Err(WireError {
                form: "XCN",
                rule: "an identifier or a name is required",
            });
        }
        Ok(xcn)
    }
}

impl fmt::Display for Xcn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&join(&[
            &escape(&self.id),
            &escape(&self.family),
            &escape(&self.given),
            "",
            "",
            "",
            "",
            "",
            &hd(&self.authority),
            &self.name_type,
            "",
            "",
            &escape(&self.kind),
        ]))
    }
}

impl FromStr for Xon {
    type Err = WireError;
    fn from_str(text: &str) -> Result<Xon, WireError> {
        let c = split(text, 10, &[1, 6, 7, 10], "XON")?;
        let xon = Xon {
            name: unescape(c[0]),
            authority: authority_of(c[5], "XON")?,
            kind: unescape(c[6]),
            id: unescape(c[9]),
        };
        if xon.name.is_empty() && xon.id.is_empty() {
            return Err(WireError {
                form: "XON",
                rule: "a name or an identifier is required",
            });
        }
        Ok(xon)
    }
}

impl fmt::Display for Xon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&join(&[
            &escape(&self.name),
            "",
            "",
            "",
            "",
            &hd(&self.authority),
            &escape(&self.kind),
            "",
            "",
            &escape(&self.id),
        ]))
    }
}

/// A patient's identifiers and a person's name are never printed by accident.
impl fmt::Debug for Cx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cx(…, {})", self.kind)
    }
}

/// As [`Cx`]: a patient can be an author.
impl fmt::Debug for Xcn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Xcn(…, {})", self.kind)
    }
}

macro_rules! as_text {
    ($($form:ty),*) => {$(
        impl TryFrom<String> for $form {
            type Error = WireError;
            fn try_from(text: String) -> Result<Self, WireError> {
                text.parse()
            }
        }
        impl From<$form> for String {
            fn from(value: $form) -> String {
                value.to_string()
            }
        }
    )*};
}
as_text!(Cx, Xcn, Xon);

#[cfg(test)]
mod tests {
    use super::*;

    /// Forms published by the ANS and seen in the DMP's own messages.
    #[test]
    fn published_forms_come_back_byte_for_byte() {
        for text in [
            "207058575627097^^^&1.2.250.1.213.1.4.10&ISO^NH",
            "207058575627097^^^&1.2.250.1.213.1.4.10&ISO^NH^^20100907",
            "058822081751070^^^&1.2.250.1.213.1.4.2&ISO^INS-C^^20100907",
            "0456789999^^^&1.2.250.1.999.1.1.7898.2&ISO^PI",
            "1.2.250.1.999.5^^^^urn:ihe:iti:xds:2016:studyInstanceUID",
        ] {
            assert_eq!(text.parse::<Cx>().unwrap().to_string(), text);
        }
        for text in [
            "801234567890^DURANT^Romuald^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
            "899900063480^MAX^LIBRE^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
            "3750100125/1453^MARTIN^Philippe^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^EI",
            "3750100125/9762^Automate de laboratoire X^waralab1000^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^RI",
            "9.8.7.6.5.4.3.2.1^Nom du système^Nom du modèle^^^^^^&1.2.250.1.999&ISO^U^^^RI",
            "124018852493334^FORM-TROIS^Gérard^^^^^^&1.2.250.1.213.1.4.8&ISO^D^^^NH",
        ] {
            assert_eq!(text.parse::<Xcn>().unwrap().to_string(), text);
        }
        for text in [
            "CABINET MEDICAL DR DURANT^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^401234567890009",
            "CABINET DR LIBRE^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^499900063480001",
            "NOM EDITEUR^^^^^&1.3.2&ISO^SIREN^^^2704090820",
            "SANS IDENTIFIANT",
            "^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^401234567890009",
        ] {
            assert_eq!(text.parse::<Xon>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn separators_in_a_name_survive_and_do_not_move_components() {
        let xon = Xon {
            name: "Dupont & fils ^ C\\ie | ~".into(),
            authority: "1.2.250.1.71.4.2.2".into(),
            kind: "IDNST".into(),
            id: "1120456789".into(),
        };
        let text = xon.to_string();
        assert_eq!(text.matches('^').count(), 9);
        assert_eq!(text.parse::<Xon>().unwrap(), xon);
    }

    #[test]
    fn malformed_texts_are_refused() {
        assert!("".parse::<Cx>().is_err());
        assert!("123".parse::<Cx>().is_err(), "no authority");
        assert!("123^^^1.2.3^NH".parse::<Cx>().is_err(), "not &OID&ISO");
        assert!(
            "1^x^^&1.2&ISO^NH".parse::<Cx>().is_err(),
            "unused component"
        );
        assert!("^^^^^^^^&1.2&ISO".parse::<Xcn>().is_err());
        assert!("a^^^^^^^^^b^c".parse::<Xon>().is_err(), "too many");
    }
}
