//! The identifiers of a document and their different lives.
//!
//! | identifier | given by | on replacement | on a change of metadata |
//! |---|---|---|---|
//! | uniqueId ([`Oid`]) | the software that made the document | new | unchanged |
//! | entryUUID ([`EntryUuid`]) | the DMP | new | new |
//! | logicalId ([`EntryUuid`]) | the DMP | new | unchanged |
//!
//! Source: ANS, PDSm for DMP, "Identifiants des documents utilisés".

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// An OID of at most 64 characters: the only form of uniqueId the DMP accepts (no `^extension`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Oid(String);

/// The text is not an OID the DMP accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an OID: numbers joined by dots, first arc 0 to 2, no leading zero, at most 64 characters, no extension"
)]
pub struct OidError;

impl Oid {
    /// Reads an OID.
    pub fn new(text: &str) -> Result<Oid, OidError> {
        let arcs_fit = text.split('.').enumerate().all(|(position, arc)| {
            !arc.is_empty()
                && arc.bytes().all(|b| b.is_ascii_digit())
                && (arc == "0" || !arc.starts_with('0'))
                && (position > 0 || matches!(arc, "0" | "1" | "2"))
        });
        if text.len() <= 64 && text.contains('.') && arcs_fit {
            Ok(Oid(text.to_owned()))
        } else {
            Err(OidError)
        }
    }

    /// Text that was checked before it was stored.
    pub(crate) fn stored(text: String) -> Oid {
        Oid(text)
    }

    /// The dotted form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An OID under `root`, derived from content: the same content always gives the same OID, and no
    /// counter shows how many there were. The last arc is 96 bits of a SHA-256.
    ///
    /// `root` must leave 30 characters; the result is refused otherwise.
    pub fn derived(root: &Oid, parts: &[&[u8]]) -> Result<Oid, OidError> {
        let digest = digest(parts);
        let mut bytes = [0u8; 16];
        bytes[4..].copy_from_slice(&digest[..12]);
        Oid::new(&format!("{root}.{}", u128::from_be_bytes(bytes)))
    }
}

/// SHA-256 over length-prefixed parts, so that no two different lists give the same bytes.
pub(crate) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

impl TryFrom<String> for Oid {
    type Error = OidError;
    fn try_from(text: String) -> Result<Oid, OidError> {
        Oid::new(&text)
    }
}

impl From<Oid> for String {
    fn from(oid: Oid) -> String {
        oid.0
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `urn:uuid:…`: an entryUUID or a logicalId.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryUuid(String);

/// The text is not `urn:uuid:` and a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an entryUUID: urn:uuid: followed by a UUID is expected")]
pub struct EntryUuidError;

impl EntryUuid {
    /// Reads `urn:uuid:` followed by a hyphenated UUID.
    pub fn new(text: &str) -> Result<EntryUuid, EntryUuidError> {
        text.strip_prefix("urn:uuid:")
            .filter(|rest| rest.len() == 36 && uuid::Uuid::try_parse(rest).is_ok())
            .map(|rest| EntryUuid(format!("urn:uuid:{}", rest.to_ascii_lowercase())))
            .ok_or(EntryUuidError)
    }

    /// Whether a text has the shape of an entryUUID, whoever gave it.
    pub fn is_shaped(text: &str) -> bool {
        EntryUuid::new(text).is_ok()
    }

    /// The UUID of a name (version 5): the same name always gives the same UUID.
    pub fn derived(namespace: &str, name: &str) -> EntryUuid {
        let root = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, namespace.as_bytes());
        EntryUuid(format!(
            "urn:uuid:{}",
            uuid::Uuid::new_v5(&root, name.as_bytes()).hyphenated()
        ))
    }

    /// Text that was checked before it was stored.
    pub(crate) fn stored(text: String) -> EntryUuid {
        EntryUuid(text)
    }

    /// With its `urn:uuid:` prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EntryUuid {
    type Error = EntryUuidError;
    fn try_from(text: String) -> Result<EntryUuid, EntryUuidError> {
        EntryUuid::new(&text)
    }
}

impl From<EntryUuid> for String {
    fn from(id: EntryUuid) -> String {
        id.0
    }
}

impl fmt::Display for EntryUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_oids_of_at_most_64_characters_without_extension() {
        for good in ["1.2.250.1.213.1.1", "0.0", "2.25.1234567890"] {
            assert_eq!(Oid::new(good).unwrap().as_str(), good);
        }
        let long = format!("1.{}", "2".repeat(63));
        for bad in [
            "",
            "1",
            "1.",
            ".1",
            "1..2",
            "3.1",
            "1.02",
            "1.2^3",
            "1.2 ",
            "1.a",
            "urn:oid:1.2",
            &long,
        ] {
            assert!(Oid::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn derived_identifiers_depend_on_all_their_parts_and_on_nothing_else() {
        let root = Oid::new("1.2.250.1.999").unwrap();
        let one = Oid::derived(&root, &[b"ab", b"c"]).unwrap();
        assert_eq!(one, Oid::derived(&root, &[b"ab", b"c"]).unwrap());
        assert_ne!(one, Oid::derived(&root, &[b"a", b"bc"]).unwrap());
        assert!(one.as_str().starts_with("1.2.250.1.999."));
        assert_eq!(EntryUuid::derived("x", "y"), EntryUuid::derived("x", "y"));
        assert_ne!(EntryUuid::derived("x", "y"), EntryUuid::derived("x", "z"));
    }

    #[test]
    fn an_entry_uuid_is_not_a_unique_id() {
        assert!(EntryUuid::new("urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab").is_ok());
        assert!(EntryUuid::new("2e82c1f6-a085-4c72-9da3-8640a32e42ab").is_err());
        assert!(EntryUuid::new("urn:uuid:{2e82c1f6-a085-4c72-9da3-8640a32e42}").is_err());
    }
}
