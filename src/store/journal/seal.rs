//! Seals: checkpoints of the chain under a key that is kept elsewhere than the file.
//!
//! A seal binds an entry's number to its hash. The journal's next entry mentions it, with the digest of every
//! seal so far: a seal can be neither changed nor removed without the chain saying so. Kept elsewhere too, it
//! shows that the end of the journal, seals and all, was cut off or made again.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::retention;
use super::{NewEntry, Outcome};
use crate::clock::Instant;
use crate::document::ids::hex;
use crate::error::{Error, Result, StorageError};
use crate::store::register::instant;

/// The action under which the journal mentions a seal.
pub(super) const ACTION: &str = "journal.seal";

/// A SHA-256 or an HMAC-SHA-256: 64 hexadecimal digits, lower case, in JSON and in print.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Hash, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Hash::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("must be 64 hexadecimal digits in lower case"))
    }
}

impl Hash {
    fn parse(text: &str) -> Option<Hash> {
        let fits = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !fits {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
        }
        Some(Hash(bytes))
    }
}

/// The key under which seals are made: 32 random bytes that the host keeps elsewhere than the register. It is
/// wiped when it is dropped.
pub struct SealKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey")
    }
}

impl SealKey {
    /// Takes a copy of a key's bytes.
    ///
    /// Errors: [`crate::ErrorKind::Caller`] unless there are 32, not all zero.
    pub fn new(bytes: &[u8]) -> Result<SealKey> {
        if bytes.len() != 32 {
            return Err(Error::caller("key", "must be 32 bytes"));
        }
        // Copied in place: no other copy is left behind.
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(bytes);
        if *key == [0; 32] {
            return Err(Error::caller("key", "must be random bytes, not zeros"));
        }
        Ok(SealKey(key))
    }

    fn mac(&self, seal: &Sealed<'_>) -> Hmac<Sha256> {
        // HMAC takes keys of any length.
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(&*self.0).expect("HMAC takes any key");
        seal.feed(|bytes| mac.update(bytes));
        mac
    }

    /// Whether this key made a seal. Takes the same time whatever differs.
    pub(super) fn made(&self, seal: &Seal) -> bool {
        self.mac(&seal.sealed()).verify_slice(&seal.mac.0).is_ok()
    }
}

/// A checkpoint of the journal. Keep it elsewhere than the register: it shows a later truncation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seal {
    /// Place among the seals of the register, from 1.
    pub serial: i64,
    /// Number of the entry sealed, and of every one before it.
    pub number: i64,
    /// Hash of that entry.
    pub head: Hash,
    /// Entries that the register held then: fewer than the number once some were removed after their time.
    pub entries: i64,
    /// When it was made.
    pub at: Instant,
    /// Struct_IdNat of that entry.
    pub structure: String,
    /// HMAC-SHA-256 of all the above under the sealing key.
    pub mac: Hash,
}

/// What a seal's key vouches for.
struct Sealed<'a> {
    numbers: [i64; 4],
    head: &'a [u8; 32],
    structure: &'a str,
}

impl Sealed<'_> {
    fn feed(&self, mut take: impl FnMut(&[u8])) {
        take(b"dmpkit seal 1\n");
        for number in self.numbers {
            take(&number.to_be_bytes());
        }
        take(self.head);
        take(&(self.structure.len() as u64).to_be_bytes());
        take(self.structure.as_bytes());
    }
}

impl Seal {
    fn sealed(&self) -> Sealed<'_> {
        Sealed {
            numbers: [self.serial, self.number, self.entries, self.at.millis()],
            head: &self.head.0,
            structure: &self.structure,
        }
    }

    /// The digest of this seal and of all before it.
    fn digest(&self, previous: &Hash) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update(previous.0);
        self.sealed().feed(|bytes| hasher.update(bytes));
        hasher.update(self.mac.0);
        Hash(hasher.finalize().into())
    }
}

/// A seal in the register.
pub(super) struct Stored {
    pub seal: Seal,
    /// Of this seal and of all before it.
    pub digest: Hash,
}

impl Stored {
    /// Whether the digest is that of the seal after `previous`.
    pub fn follows(&self, previous: &Hash) -> bool {
        self.seal.digest(previous) == self.digest
    }

    /// How the journal mentions it.
    pub fn mention(&self) -> String {
        let (serial, number) = (self.seal.serial, self.seal.number);
        format!("seal {serial}; entry {number}; record {}", self.digest)
    }
}

/// What a mention says: the serial number of the seal, and its digest.
pub(super) fn mentioned(detail: &str) -> Option<(i64, Hash)> {
    let (serial, rest) = detail.strip_prefix("seal ")?.split_once("; entry ")?;
    let (_, digest) = rest.split_once("; record ")?;
    Some((serial.parse().ok()?, Hash::parse(digest)?))
}

const COLUMNS: &str = "serial, number, head, entries, at, structure, mac, digest";

fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash> {
    let bytes: Vec<u8> = row.get(column)?;
    let len = bytes.len() as i64;
    let bytes = bytes
        .try_into()
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, len))?;
    Ok(Hash(bytes))
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        seal: Seal {
            serial: row.get(0)?,
            number: row.get(1)?,
            head: hash(row, 2)?,
            entries: row.get(3)?,
            at: instant(row.get(4)?)?,
            structure: row.get(5)?,
            mac: hash(row, 6)?,
        },
        digest: hash(row, 7)?,
    })
}

/// Every seal in order: its serial number, and what can be read of it.
pub(super) fn all(c: &Connection) -> Result<Vec<(i64, Option<Stored>)>> {
    let sql = format!("SELECT {COLUMNS} FROM journal_seal ORDER BY serial");
    let mut statement = c.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, stored(row).ok())))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The last seal's serial number and digest; 0 and zeros before the first.
pub(super) fn last(c: &Connection) -> Result<(i64, Hash)> {
    let found = c
        .prepare_cached("SELECT serial, digest FROM journal_seal ORDER BY serial DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, hash(row, 1)?)))
        .optional()?;
    Ok(found.unwrap_or((0, Hash([0; 32]))))
}

/// Seals the journal as it stands, within the caller's transaction: writes the seal, and the entry that
/// mentions it. `None` when there is no entry to seal.
pub(in crate::store) fn seal(c: &Connection, key: &SealKey, now: Instant) -> Result<Option<Seal>> {
    let head: Option<(i64, String, Vec<u8>)> = c
        .prepare_cached("SELECT number, structure, hash FROM journal ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((number, structure, head)) = head else {
        return Ok(None);
    };
    let head = head.try_into().map_err(|_| StorageError::Corrupt)?;
    let (last, previous) = last(c)?;
    let removed = retention::newest(c)?.map_or(0, |boundary| boundary.number);
    let mut seal = Seal {
        serial: last + 1,
        number,
        head: Hash(head),
        entries: number - removed,
        at: now,
        structure,
        mac: Hash([0; 32]),
    };
    seal.mac = Hash(key.mac(&seal.sealed()).finalize().into_bytes().into());
    let digest = seal.digest(&previous);
    let stored = Stored { seal, digest };
    let seal = &stored.seal;
    c.prepare_cached(&format!(
        "INSERT INTO journal_seal ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    ))?
    .execute(params![
        seal.serial,
        seal.number,
        seal.head.0,
        seal.entries,
        seal.at.millis(),
        seal.structure,
        seal.mac.0,
        digest.0,
    ])?;
    super::append(
        c,
        &NewEntry {
            at: now,
            // No professional needs to be at work: the practice seals its journal.
            actor: &seal.structure,
            structure: &seal.structure,
            patient: None,
            mode: None,
            action: ACTION,
            document: None,
            outcome: Outcome::Done,
            rule: None,
            basis: None,
            detail: Some(&stored.mention()),
        },
    )?;
    Ok(Some(stored.seal))
}
