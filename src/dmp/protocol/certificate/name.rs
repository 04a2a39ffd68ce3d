//! Distinguished names, as text and compared.

use std::fmt;

use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::{Encode, Tag, Tagged};

use super::{CertificateError, elements, oid};

pub(super) const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
pub(super) const SURNAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.4");
pub(super) const GIVEN_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.42");
pub(super) const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
pub(super) const ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");

/// Short names of attributes, the one written first; the others are read as well.
const SHORT: &[(&str, ObjectIdentifier)] = &[
    ("CN", COMMON_NAME),
    ("SN", SURNAME),
    ("SURNAME", SURNAME),
    ("SERIALNUMBER", ObjectIdentifier::new_unwrap("2.5.4.5")),
    ("C", ObjectIdentifier::new_unwrap("2.5.4.6")),
    ("L", ObjectIdentifier::new_unwrap("2.5.4.7")),
    ("ST", ObjectIdentifier::new_unwrap("2.5.4.8")),
    ("S", ObjectIdentifier::new_unwrap("2.5.4.8")),
    ("STREET", ObjectIdentifier::new_unwrap("2.5.4.9")),
    ("O", ORGANIZATION),
    ("OU", ORGANIZATIONAL_UNIT),
    ("T", ObjectIdentifier::new_unwrap("2.5.4.12")),
    ("TITLE", ObjectIdentifier::new_unwrap("2.5.4.12")),
    ("GN", GIVEN_NAME),
    ("G", GIVEN_NAME),
    ("GIVENNAME", GIVEN_NAME),
    (
        "UID",
        ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1"),
    ),
    (
        "DC",
        ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25"),
    ),
];

/// A distinguished name.
///
/// As text, it is what the VIHF's Issuer and XAdES' IssuerSerial hold: RFC 2253, that is the most specific part first,
/// values escaped as RFC 4514 says. State or province is `ST=`, never `S=`, and the names of a person are `SN=` and
/// `GN=`: a client that wrote `S=` and `G=` was refused until it wrote `ST=` and `GN=` (CI-SIS mapping of the VIHF; integrators on the test platform). The official
/// messages hold what Java writes, `2.5.4.4=#…` in hexadecimal: the same name, unreadable; [`Name::matches`] knows both.
/// Parts that share one set keep the order of the certificate, as in the official messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name(Vec<Vec<Part>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Part {
    kind: ObjectIdentifier,
    /// As text, when its type is a type of text.
    text: Option<String>,
    /// The value in DER.
    der: Vec<u8>,
}

impl Name {
    /// Reads a Name structure.
    pub(super) fn read(any: AnyRef<'_>) -> Result<Name, CertificateError> {
        let mut sets = Vec::new();
        for set in elements(any.value(), "a name")? {
            let mut parts = Vec::new();
            for part in elements(set.value(), "a name")? {
                let pair = elements(part.value(), "a name")?;
                let [kind, value] = pair.as_slice() else {
                    return Err(CertificateError("a part of a name is not a pair"));
                };
                parts.push(Part {
                    kind: oid(*kind)?,
                    text: text(*value),
                    der: value
                        .to_der()
                        .map_err(|_| CertificateError("a name is too large"))?,
                });
            }
            sets.push(parts);
        }
        Ok(Name(sets))
    }

    /// The first part of this kind, as text.
    pub(super) fn part(&self, kind: &ObjectIdentifier) -> Option<&str> {
        let mut parts = self.0.iter().flatten();
        parts.find(|p| p.kind == *kind)?.text.as_deref()
    }

    /// Whether a text is this name, as RFC 2253 or 4514 writes it: short names or numbers, values as text or in
    /// hexadecimal, parts of a set in any order; case and repeated spaces do not count.
    pub fn matches(&self, text: &str) -> bool {
        let Some(sets) = read_text(text) else {
            return false;
        };
        sets.len() == self.0.len()
            && sets.iter().zip(self.0.iter().rev()).all(|(read, ours)| {
                read.len() == ours.len()
                    && ours.iter().all(|part| {
                        read.iter()
                            .any(|(kind, value)| *kind == part.kind && value.is(part))
                    })
            })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, set) in self.0.iter().rev().enumerate() {
            f.write_str(if i == 0 { "" } else { "," })?;
            for (j, part) in set.iter().enumerate() {
                f.write_str(if j == 0 { "" } else { "+" })?;
                let short = SHORT.iter().find(|(_, kind)| *kind == part.kind);
                match (short, &part.text) {
                    (Some((short, _)), Some(text)) => {
                        write!(f, "{short}=")?;
                        escape(f, text)?;
                    }
                    _ => {
                        write!(f, "{}=#", part.kind)?;
                        for octet in &part.der {
                            write!(f, "{octet:02x}")?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// RFC 4514 2.4.
fn escape(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (i, c) in text.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{c}")?,
            '#' if i == 0 => f.write_str("\\#")?,
            ' ' if i == 0 || i == last => f.write_str("\\ ")?,
            '\0'..='\x1f' | '\x7f' => write!(f, "\\{:02x}", u32::from(c))?,
            _ => write!(f, "{c}")?,
        }
    }
    Ok(())
}

/// A value of one of the text types. TeletexString is read as Windows-1252: what issuers put in it.
fn text(any: AnyRef<'_>) -> Option<String> {
    match any.tag() {
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::NumericString
        | Tag::VisibleString => std::str::from_utf8(any.value()).ok().map(str::to_owned),
        Tag::TeletexString => Some(encoding_rs::WINDOWS_1252.decode(any.value()).0.into_owned()),
        Tag::BmpString => encoding_rs::UTF_16BE
            .decode_without_bom_handling_and_without_replacement(any.value())
            .map(|text| text.into_owned()),
        _ => None,
    }
}

enum Value {
    Text(String),
    Der(Vec<u8>),
}

impl Value {
    fn is(&self, part: &Part) -> bool {
        match (self, &part.text) {
            (Value::Text(read), Some(ours)) => folded(read) == folded(ours),
            (Value::Text(_), None) => false,
            (Value::Der(read), _) => *read == part.der,
        }
    }
}

/// Comparison of names without case and repeated spaces (RFC 5280 7.1, in spirit).
fn folded(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// The sets of a name as text, the most specific first; `None` when it is not one.
fn read_text(text: &str) -> Option<Vec<Vec<(ObjectIdentifier, Value)>>> {
    if text.len() > 4096 {
        return None;
    }
    let mut sets = vec![Vec::new()];
    for (separator, piece) in pieces(text) {
        if separator == ',' {
            sets.push(Vec::new());
        }
        let (kind, value) = piece.split_once('=')?;
        let kind = kind.trim();
        let kind = SHORT
            .iter()
            .find(|(short, _)| short.eq_ignore_ascii_case(kind))
            .map(|(_, kind)| *kind)
            .or_else(|| ObjectIdentifier::new(kind.trim_start_matches("OID.")).ok())?;
        let value = match value.trim_start().strip_prefix('#') {
            Some(hex) => Value::Der(unhex(hex.trim_end())?),
            None => Value::Text(unescape(value)?),
        };
        sets.last_mut()?.push((kind, value));
    }
    Some(sets)
}

/// The text cut at `,` (or `;`) and `+` that are not escaped or quoted, each piece with what stood before it.
fn pieces(text: &str) -> Vec<(char, &str)> {
    let (mut found, mut from, mut before) = (Vec::new(), 0, '+');
    let (mut escaped, mut quoted) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' | ';' | '+' if !quoted => {
                found.push((before, text.get(from..at).unwrap_or_default()));
                from = at + 1;
                before = if c == '+' { '+' } else { ',' };
            }
            _ => {}
        }
    }
    found.push((before, text.get(from..).unwrap_or_default()));
    found
}

fn unescape(value: &str) -> Option<String> {
    let mut octets = Vec::new();
    let mut rest = value.trim().bytes().peekable();
    while let Some(octet) = rest.next() {
        match octet {
            b'\\' => {
                let next = rest.next()?;
                match (next as char).to_digit(16) {
                    Some(high) => {
                        let low = (rest.next()? as char).to_digit(16)?;
                        octets.push(u8::try_from(high * 16 + low).ok()?);
                    }
                    None => octets.push(next),
                }
            }
            b'"' => {}
            other => octets.push(other),
        }
    }
    String::from_utf8(octets).ok()
}

fn unhex(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hex.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits?;
    let mut octets = Vec::with_capacity(digits.len() / 2);
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    for pair in pairs {
        let [high, low] = pair else { return None };
        octets.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(octets)
}
