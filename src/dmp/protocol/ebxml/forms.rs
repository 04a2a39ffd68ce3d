//! How each field of metadata is written in slots, classifications and identifiers, and read from them.
//!
//! Reading is tolerant and gives the best reading; whether the field gives back what came byte for byte is decided by
//! writing it again and comparing ([`Field::read`]). What it does not give back is kept beside it as it came.

use super::names::{AUTHOR, SET_AUTHOR};
use crate::document::visibility::VISIBILITY_SYSTEM;
use crate::document::{
    Author, Coded, Confidentiality, Dtm, Oid, OtherClassification, OtherIdentifier, OtherSlot,
    Visibility,
};
use crate::identity::wire::{escape, unescape};
use crate::identity::{Cx, Xcn, Xon};
use crate::terminology::Terminology;
use crate::terminology::system::HL7_CONFIDENTIALITY;

static TERMS: Terminology = Terminology::embedded();

/// A value as the text of a slot.
pub(super) trait Text: Sized + PartialEq + Clone {
    /// The best reading.
    fn read(text: &str) -> Option<Self>;
    /// The form the DMP writes.
    fn write(&self) -> String;
}

impl Text for String {
    fn read(text: &str) -> Option<String> {
        (!text.is_empty()).then(|| text.to_owned())
    }
    fn write(&self) -> String {
        self.clone()
    }
}

impl Text for Dtm {
    /// A fraction of a second is left out. An offset is not understood: XDS times are in UTC, and a time read wrong is
    /// worse than none.
    fn read(text: &str) -> Option<Dtm> {
        let text = text.trim();
        Dtm::parse(text).or_else(|| {
            let digits = text.bytes().take_while(u8::is_ascii_digit).count();
            let plain = text.get(..digits.min(14))?;
            let rest = text.get(digits..)?;
            rest.starts_with('.').then(|| Dtm::parse(plain)).flatten()
        })
    }
    fn write(&self) -> String {
        self.as_str().to_owned()
    }
}

impl Text for i64 {
    fn read(text: &str) -> Option<i64> {
        text.trim().parse().ok().filter(|n| *n >= 0)
    }
    fn write(&self) -> String {
        self.to_string()
    }
}

/// The OID of an assigning authority: `&OID&ISO`, or with a name before.
fn authority(component: &str) -> String {
    let mut parts = component.split('&');
    let (name, oid) = (parts.next().unwrap_or(""), parts.next());
    let oid = oid.unwrap_or(name);
    Oid::new(oid).map_or_else(|_| String::new(), |_| oid.to_owned())
}

impl Text for Cx {
    fn read(text: &str) -> Option<Cx> {
        text.parse().ok().or_else(|| {
            let c: Vec<&str> = text.trim().split('^').collect();
            let at = |n: usize| c.get(n).copied().unwrap_or("");
            let cx = Cx {
                id: unescape(at(0)),
                authority: authority(at(3)),
                kind: unescape(at(4)),
                effective: None,
            };
            // What cannot be written cannot be stored.
            cx.to_string().parse().ok()
        })
    }
    fn write(&self) -> String {
        self.to_string()
    }
}

impl Text for Xcn {
    fn read(text: &str) -> Option<Xcn> {
        text.parse().ok().or_else(|| {
            let c: Vec<&str> = text.trim().split('^').collect();
            let at = |n: usize| c.get(n).copied().unwrap_or("");
            let xcn = Xcn {
                id: unescape(at(0)),
                family: unescape(at(1)),
                given: unescape(at(2)),
                authority: authority(at(8)),
                name_type: at(9).to_owned(),
                kind: unescape(at(12)),
            };
            xcn.to_string().parse().ok()
        })
    }
    fn write(&self) -> String {
        self.to_string()
    }
}

impl Text for Xon {
    fn read(text: &str) -> Option<Xon> {
        text.parse().ok().or_else(|| {
            let c: Vec<&str> = text.trim().split('^').collect();
            let at = |n: usize| c.get(n).copied().unwrap_or("");
            let xon = Xon {
                name: unescape(at(0)),
                authority: authority(at(5)),
                kind: unescape(at(6)),
                id: unescape(at(9)),
            };
            xon.to_string().parse().ok()
        })
    }
    fn write(&self) -> String {
        self.to_string()
    }
}

/// authorSpecialty: `code^label^system`.
impl Text for Coded {
    fn read(text: &str) -> Option<Coded> {
        let mut parts = text.splitn(3, '^');
        let code = unescape(parts.next().unwrap_or(""));
        let label = unescape(parts.next().unwrap_or(""));
        let system = unescape(parts.next().unwrap_or(""));
        (!code.is_empty()).then_some(Coded {
            code,
            system,
            label,
        })
    }
    fn write(&self) -> String {
        let text = [&self.code, &self.label, &self.system].map(|p| escape(p));
        text.join("^").trim_end_matches('^').to_owned()
    }
}

/// uniqueId and sourceId. A `urn:oid:` before an OID is understood; an extension is not: two documents can share the
/// OID before it.
impl Text for Oid {
    fn read(text: &str) -> Option<Oid> {
        let text = text.trim();
        Oid::new(text.strip_prefix("urn:oid:").unwrap_or(text)).ok()
    }
    fn write(&self) -> String {
        self.as_str().to_owned()
    }
}

/// A field as a group of slots of one name, of classifications or of identifiers of one scheme.
pub(super) trait Field<Part: PartialEq>: Sized + PartialEq {
    /// The best reading of the group; `None` when there is none.
    fn read(group: &[Part]) -> Option<Self>;
    /// The group as the DMP writes it, under this name or scheme.
    fn write(&self, key: &str) -> Vec<Part>;
    /// Whether two parts say the same; fixed names are not compared.
    fn same(one: &[Part], other: &[Part]) -> bool {
        one == other
    }
}

/// A part of an object and the name or scheme that groups it.
pub(super) trait Keyed {
    fn key(&self) -> &str;
}

impl Keyed for OtherSlot {
    fn key(&self) -> &str {
        &self.name
    }
}

impl Keyed for OtherClassification {
    fn key(&self) -> &str {
        self.scheme.as_deref().unwrap_or("")
    }
}

impl Keyed for OtherIdentifier {
    fn key(&self) -> &str {
        &self.scheme
    }
}

/// Takes the parts of a key out of a sorted list, reads the field, and keeps the parts as they came unless the field
/// gives them back.
pub(super) fn take<Part: Keyed + PartialEq + Clone, F: Field<Part>>(
    parts: &mut Vec<Part>,
    kept: &mut Vec<Part>,
    key: &str,
) -> Option<F> {
    let from = parts.partition_point(|p| p.key() < key);
    let to = from
        + parts
            .get(from..)
            .map_or(0, |rest| rest.partition_point(|p| p.key() == key));
    let group = parts.get(from..to)?;
    if group.is_empty() {
        return None;
    }
    let value = F::read(group);
    let exact = value
        .as_ref()
        .is_some_and(|v| F::same(&v.write(key), group));
    let group = parts.drain(from..to);
    if !exact {
        kept.extend(group);
    }
    value
}

/// The parts to write for a field: what was kept of it as long as that still reads as the field, else the field.
pub(super) fn give<Part: Keyed + PartialEq + Clone, F: Field<Part>>(
    into: &mut Vec<Part>,
    kept: &[Part],
    key: &str,
    value: Option<&F>,
) {
    let group: Vec<Part> = kept.iter().filter(|p| p.key() == key).cloned().collect();
    if !group.is_empty() && F::read(&group).as_ref() == value {
        into.extend(group);
    } else if let Some(value) = value {
        into.extend(value.write(key));
    }
}

impl<T: Text> Field<OtherSlot> for T {
    fn read(group: &[OtherSlot]) -> Option<T> {
        let mut values = group.iter().flat_map(|slot| &slot.values);
        values.find_map(|v| T::read(v))
    }
    fn write(&self, key: &str) -> Vec<OtherSlot> {
        vec![OtherSlot {
            name: key.to_owned(),
            values: vec![Text::write(self)],
        }]
    }
}

/// A slot of several values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct List<T>(pub Vec<T>);

impl<T: Text> Field<OtherSlot> for List<T> {
    fn read(group: &[OtherSlot]) -> Option<List<T>> {
        let values = group.iter().flat_map(|slot| &slot.values);
        let all: Vec<T> = values.filter_map(|v| T::read(v)).collect();
        (!all.is_empty()).then_some(List(all))
    }
    fn write(&self, key: &str) -> Vec<OtherSlot> {
        vec![OtherSlot {
            name: key.to_owned(),
            values: self.0.iter().map(Text::write).collect(),
        }]
    }
}

impl<T: Text> Field<OtherIdentifier> for T {
    fn read(group: &[OtherIdentifier]) -> Option<T> {
        group.iter().find_map(|one| T::read(&one.value))
    }
    fn write(&self, key: &str) -> Vec<OtherIdentifier> {
        vec![OtherIdentifier {
            scheme: key.to_owned(),
            value: Text::write(self),
            label: identifier_name(key).map(str::to_owned),
        }]
    }
    /// The name of an identifier is fixed by its scheme.
    fn same(one: &[OtherIdentifier], other: &[OtherIdentifier]) -> bool {
        one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.value == b.value)
    }
}

fn identifier_name(scheme: &str) -> Option<&'static str> {
    Some(match scheme {
        super::names::PATIENT_ID => "XDSDocumentEntry.patientId",
        super::names::UNIQUE_ID => "XDSDocumentEntry.uniqueId",
        super::names::SET_PATIENT_ID => "XDSSubmissionSet.patientId",
        super::names::SET_SOURCE_ID => "XDSSubmissionSet.sourceId",
        super::names::SET_UNIQUE_ID => "XDSSubmissionSet.uniqueId",
        _ => return None,
    })
}

fn code_of(one: &OtherClassification) -> Option<Coded> {
    let system = one.slots.iter().find(|s| s.name == "codingScheme");
    Some(Coded {
        code: one.code.clone()?,
        system: system
            .and_then(|s| s.values.first())
            .cloned()
            .unwrap_or_default(),
        label: one.label.clone().unwrap_or_default(),
    })
}

fn classification_of(coded: &Coded, scheme: &str) -> OtherClassification {
    let slots = (!coded.system.is_empty()).then(|| OtherSlot {
        name: "codingScheme".to_owned(),
        values: vec![coded.system.clone()],
    });
    OtherClassification {
        scheme: Some(scheme.to_owned()),
        node: None,
        code: Some(coded.code.clone()).filter(|c| !c.is_empty()),
        label: Some(coded.label.clone()).filter(|l| !l.is_empty()),
        slots: slots.into_iter().collect(),
    }
}

impl Field<OtherClassification> for Coded {
    fn read(group: &[OtherClassification]) -> Option<Coded> {
        group.iter().find_map(code_of)
    }
    fn write(&self, key: &str) -> Vec<OtherClassification> {
        vec![classification_of(self, key)]
    }
}

impl Field<OtherClassification> for List<Coded> {
    fn read(group: &[OtherClassification]) -> Option<List<Coded>> {
        let all: Vec<Coded> = group.iter().filter_map(code_of).collect();
        (!all.is_empty()).then_some(List(all))
    }
    fn write(&self, key: &str) -> Vec<OtherClassification> {
        self.0.iter().map(|c| classification_of(c, key)).collect()
    }
}

fn author_of(one: &OtherClassification) -> Option<Author> {
    fn slot<T: Text>(one: &OtherClassification, name: &str) -> Option<T> {
        let slot = one.slots.iter().find(|s| s.name == name)?;
        slot.values.iter().find_map(|v| T::read(v))
    }
    Some(Author {
        author_person: slot(one, "authorPerson")?,
        author_institution: slot(one, "authorInstitution"),
        author_specialty: slot(one, "authorSpecialty"),
        author_role: slot(one, "authorRole"),
    })
}

fn author_classification(author: &Author, scheme: &str) -> OtherClassification {
    let slot = |name: &str, value: Option<String>| {
        value.map(|value| OtherSlot {
            name: name.to_owned(),
            values: vec![value],
        })
    };
    let institution = author.author_institution.as_ref().map(Text::write);
    let specialty = author.author_specialty.as_ref().map(Text::write);
    let slots = [
        slot("authorInstitution", institution),
        slot("authorPerson", Some(author.author_person.to_string())),
        slot("authorRole", author.author_role.clone()),
        slot("authorSpecialty", specialty),
    ];
    OtherClassification {
        scheme: Some(scheme.to_owned()),
        slots: slots.into_iter().flatten().collect(),
        ..OtherClassification::default()
    }
}

impl Field<OtherClassification> for List<Author> {
    fn read(group: &[OtherClassification]) -> Option<List<Author>> {
        let all: Vec<Author> = group.iter().filter_map(author_of).collect();
        (!all.is_empty()).then_some(List(all))
    }
    fn write(&self, key: &str) -> Vec<OtherClassification> {
        debug_assert!(key == AUTHOR || key == SET_AUTHOR);
        let all = self.0.iter();
        all.map(|author| author_classification(author, key))
            .collect()
    }
}

/// The author of a SubmissionSet: one.
impl Field<OtherClassification> for Author {
    fn read(group: &[OtherClassification]) -> Option<Author> {
        group.iter().find_map(author_of)
    }
    fn write(&self, key: &str) -> Vec<OtherClassification> {
        vec![author_classification(self, key)]
    }
}

/// confidentialityCode: the HL7 level and the visibility codes. Codes that are neither are kept; without a level, it
/// is N, the only one the DMP describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Access {
    pub level: Confidentiality,
    pub visibility: Visibility,
}

impl Field<OtherClassification> for Access {
    fn read(group: &[OtherClassification]) -> Option<Access> {
        let mut access = Access::default();
        for code in group.iter().filter_map(code_of) {
            if code.system == HL7_CONFIDENTIALITY {
                match code.code.as_str() {
                    "R" => access.level = Confidentiality::R,
                    "V" => access.level = Confidentiality::V,
                    _ => {}
                }
            } else if code.system == VISIBILITY_SYSTEM
                && let Ok(one) = Visibility::from_codes([code.code.as_str()])
            {
                access.visibility = access.visibility.with(one);
            }
        }
        Some(access)
    }

    fn write(&self, key: &str) -> Vec<OtherClassification> {
        let level = match self.level {
            Confidentiality::N => "N",
            Confidentiality::R => "R",
            Confidentiality::V => "V",
        };
        let codes = self.visibility.codes().map(|c| (c, VISIBILITY_SYSTEM));
        let codes = std::iter::once((level, HL7_CONFIDENTIALITY)).chain(codes);
        let coded = codes.map(|(code, system)| {
            let concept = TERMS.confidentiality().find_any(system, code);
            Coded::new(code, system, concept.map_or("", |c| &c.label))
        });
        coded.map(|c| classification_of(&c, key)).collect()
    }
}

fn is_level(one: &OtherClassification) -> bool {
    code_of(one).is_some_and(|c| {
        c.system == HL7_CONFIDENTIALITY && matches!(c.code.as_str(), "N" | "R" | "V")
    })
}

/// Whether a confidentialityCode is one the DMP knows (JDV_J58).
pub(super) fn is_access_code(one: &OtherClassification) -> bool {
    is_level(one)
        || code_of(one).is_some_and(|c| {
            c.system == VISIBILITY_SYSTEM && Visibility::from_codes([c.code.as_str()]).is_ok()
        })
}

/// Whether the confidentialityCodes that were kept, if any were, hold one HL7 level.
pub(super) fn has_one_level(kept: &[OtherClassification]) -> bool {
    let codes = kept
        .iter()
        .filter(|c| c.key() == super::names::CONFIDENTIALITY);
    let mut codes = codes.peekable();
    codes.peek().is_none() || codes.filter(|c| is_level(c)).count() == 1
}
