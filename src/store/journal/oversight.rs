//! Chain, boundary and seals checked together, those of the register and those that the host kept elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::chain::{self, Verification};
use super::fault::{Fault, Wrong};
use super::retention::{self, Boundary};
use super::seal::{self, Hash, Seal, SealKey, mentioned};
use crate::error::Result;

/// What checking the journal with its seals found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedVerification {
    /// Whether the chain is whole and every seal is as it was made.
    pub intact: bool,
    /// Entries checked: all, or those before the first bad one.
    pub entries: i64,
    /// Hash of the last good entry.
    pub head: String,
    /// From where the chain is vouched for, when earlier entries were removed after their time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Boundary>,
    /// What is wrong, by entry.
    pub faults: Vec<Fault>,
    /// The seals.
    pub seals: SealsChecked,
    /// What was not checked, in French.
    pub notes: Vec<Note>,
}

/// How many seals were checked, and how far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SealsChecked {
    /// In the register.
    pub register: i64,
    /// Given by the host.
    pub given: i64,
    /// Of both, those that a key given made.
    pub authenticated: i64,
    /// Of the register, those that were compared with their entry.
    pub compared: i64,
    /// Of the register, those whose entry was removed after its time.
    pub below_boundary: i64,
    /// Entries after the last seal that was compared: their loss would not show.
    pub unsealed: i64,
}

/// What was not checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Stable code.
    pub code: &'static str,
    /// French, for a person.
    pub sentence: String,
}

/// Checks everything. Without a key, seals bind number and head and are not authenticated.
pub(in crate::store) fn check(
    c: &Connection,
    given: &[Seal],
    keys: &[SealKey],
) -> Result<SealedVerification> {
    let chain = chain::verify(c)?;
    let mut checking = Checking::new(c, keys, chain.first_bad)?;
    checking.register()?;
    checking.given(given)?;
    Ok(checking.answer(chain))
}

struct Checking<'a> {
    c: &'a Connection,
    keys: &'a [SealKey],
    /// Number and hash of the entry before the first.
    begin: (i64, Vec<u8>),
    /// Number of the first bad entry: what is written before it is good.
    good: i64,
    /// Whether the journal vouches for its boundaries.
    vouched: bool,
    /// Number of the last entry.
    last: i64,
    /// What the journal says of each seal, as far as it is good: the entry sealed, and the digest.
    mentioned: BTreeMap<i64, (i64, Hash)>,
    /// The seals that can be read.
    known: BTreeMap<i64, Seal>,
    /// Of which something was found.
    blamed: BTreeSet<i64>,
    /// The last entry that a seal agrees with.
    agreed: i64,
    faults: Vec<Fault>,
    count: SealsChecked,
}

impl<'a> Checking<'a> {
    fn new(c: &'a Connection, keys: &'a [SealKey], first_bad: Option<i64>) -> Result<Checking<'a>> {
        let start = retention::start(c)?;
        let good = first_bad.unwrap_or(i64::MAX);
        let mut statement = c.prepare_cached(
            "SELECT number, detail FROM journal WHERE action = ?1 AND number < ?2 ORDER BY number",
        )?;
        let mut rows = statement.query(params![seal::ACTION, good])?;
        let mut mentions = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let detail: Option<String> = row.get(1)?;
            if let Some((serial, digest)) = detail.as_deref().and_then(mentioned) {
                // The first one: another was written later, by someone else.
                let number: i64 = row.get(0)?;
                mentions.entry(serial).or_insert((number - 1, digest));
            }
        }
        Ok(Checking {
            c,
            keys,
            good,
            vouched: !start.unvouched,
            last: super::last(c)?.max(start.number),
            agreed: start.number,
            begin: (start.number, start.hash),
            mentioned: mentions,
            known: BTreeMap::new(),
            blamed: BTreeSet::new(),
            faults: Vec::new(),
            count: SealsChecked::default(),
        })
    }

    /// Tells what is wrong with a seal, once.
    fn blame(&mut self, wrong: Wrong, serial: i64, entry: i64) {
        if self.blamed.insert(serial) {
            // Its own number may be what was changed.
            let entry = self.mentioned.get(&serial).map_or(entry, |(n, _)| *n);
            let since = (wrong == Wrong::Rewritten).then_some(self.agreed + 1);
            self.faults
                .push(Fault::of_seal(wrong, serial, entry, since));
        }
    }

    /// The seals of the register: each as it was made, none missing, all of the chain.
    fn register(&mut self) -> Result<()> {
        let newest = if self.vouched {
            retention::newest(self.c)?
        } else {
            None
        };
        let told = self.mentioned.keys().next_back().copied().unwrap_or(0);
        let made = newest.as_ref().map_or(0, |b| b.seals).max(told);
        let mut expected = 1;
        // The digest of the seal before; what the journal says of it is better than what the register does.
        let mut previous = Some(Hash([0; 32]));
        for (serial, stored) in seal::all(self.c)? {
            self.count.register += 1;
            let number = stored.as_ref().map_or(self.agreed, |s| s.seal.number);
            if serial < expected {
                self.blame(Wrong::SealUnannounced, serial, number);
                continue;
            }
            if expected < serial {
                if expected <= made {
                    self.blame(Wrong::SealRemoved, expected, number);
                }
                previous = self.mentioned.get(&(serial - 1)).map(|(_, digest)| *digest);
            }
            expected = serial.saturating_add(1);
            let mention = self.mentioned.get(&serial).copied();
            let Some(stored) = stored else {
                self.blame(Wrong::SealChanged, serial, number);
                previous = mention.map(|(_, digest)| digest);
                continue;
            };
            let at_purge = newest.as_ref().filter(|b| b.seals == serial);
            let as_made = previous.is_none_or(|previous| stored.follows(&previous))
                && mention.is_none_or(|(_, digest)| digest == stored.digest)
                && at_purge.is_none_or(|b| b.seals_digest == stored.digest.0);
            previous = Some(mention.map_or(stored.digest, |(_, digest)| digest));
            if !as_made {
                self.blame(Wrong::SealChanged, serial, number);
            }
            self.authenticate(&stored.seal);
            self.compare(&stored.seal)?;
            self.is_mentioned(serial, number, mention);
            self.known.insert(serial, stored.seal);
        }
        for serial in (1..=made).rev() {
            if self.known.contains_key(&serial) || self.blamed.contains(&serial) {
                continue;
            }
            self.blame(Wrong::SealRemoved, serial, self.agreed);
            // Without the journal's word the last one stands for those before it.
            if !self.mentioned.contains_key(&serial) {
                break;
            }
        }
        Ok(())
    }

    /// The entry that mentions a seal is written with it, just after the one it seals.
    fn is_mentioned(&mut self, serial: i64, number: i64, mention: Option<(i64, Hash)>) {
        if number < self.begin.0 {
            // Removed after its time.
        } else if number >= self.last {
            self.cut_off(serial);
        } else if number + 1 < self.good && mention.is_none_or(|(place, _)| place != number) {
            self.blame(Wrong::SealUnannounced, serial, number);
        }
    }

    fn cut_off(&mut self, serial: i64) {
        if self.blamed.insert(serial) {
            let fault = Fault::of_seal(Wrong::Truncated, serial, self.last + 1, None);
            self.faults.push(fault);
        }
    }

    fn authenticate(&mut self, seal: &Seal) {
        if self.keys.iter().any(|key| key.made(seal)) {
            self.count.authenticated += 1;
        } else if !self.keys.is_empty() {
            self.blame(Wrong::SealForged, seal.serial, seal.number);
        }
    }

    /// Compares a seal with the entry it sealed.
    fn compare(&mut self, seal: &Seal) -> Result<bool> {
        if seal.number < self.begin.0 {
            self.count.below_boundary += 1;
            return Ok(false);
        }
        let found: Option<Vec<u8>> = if seal.number == self.begin.0 {
            Some(self.begin.1.clone())
        } else {
            self.c
                .prepare_cached("SELECT hash FROM journal WHERE number = ?1")?
                .query_row([seal.number], |row| row.get(0))
                .optional()?
        };
        match found {
            Some(hash) if hash == seal.head.0 => {
                self.count.compared += 1;
                if !self.blamed.contains(&seal.serial) {
                    self.agreed = self.agreed.max(seal.number);
                }
                Ok(true)
            }
            Some(_) => {
                self.blame(Wrong::Rewritten, seal.serial, seal.number);
                Ok(false)
            }
            None if seal.number > self.last => {
                self.cut_off(seal.serial);
                Ok(false)
            }
            // Missing among others: the chain tells.
            None => Ok(false),
        }
    }

    /// The seals kept elsewhere: each must be the register's.
    fn given(&mut self, given: &[Seal]) -> Result<()> {
        for seal in given {
            self.count.given += 1;
            let forged = !self.keys.is_empty() && !self.keys.iter().any(|key| key.made(seal));
            match self.known.get(&seal.serial) {
                Some(known) if known == seal => {
                    self.count.authenticated += i64::from(!forged && !self.keys.is_empty());
                    continue;
                }
                _ if forged => self.blame(Wrong::SealForged, seal.serial, seal.number),
                Some(_) => self.blame(Wrong::SealDiffers, seal.serial, seal.number),
                None => {
                    self.count.authenticated += i64::from(!self.keys.is_empty());
                    // The register's own counts are of its own seals.
                    let before = self.count;
                    self.compare(seal)?;
                    self.count = before;
                    self.blame(Wrong::SealRemoved, seal.serial, seal.number);
                }
            }
        }
        Ok(())
    }

    fn answer(mut self, chain: Verification) -> SealedVerification {
        self.count.unsealed = self.last - self.agreed;
        let notes = self.notes();
        let mut faults = self.faults;
        faults.extend(chain.fault);
        faults.sort_by_key(|f| (f.entry, f.seal));
        SealedVerification {
            intact: faults.is_empty(),
            entries: chain.entries,
            head: chain.head,
            boundary: chain.boundary,
            faults,
            seals: self.count,
            notes,
        }
    }

    fn notes(&self) -> Vec<Note> {
        let SealsChecked {
            register,
            given,
            below_boundary,
            unsealed,
            ..
        } = self.count;
        let note = |code, sentence: String| Note { code, sentence };
        let mut notes = Vec::new();
        if register + given == 0 {
            notes.push(note(
                "no_seal",
                "Aucun scellé : la perte des dernières entrées du journal ne se verrait pas."
                    .to_owned(),
            ));
            return notes;
        }
        if self.keys.is_empty() {
            notes.push(note(
                "not_authenticated",
                "Aucune clé donnée : les scellés n'ont pas été authentifiés ; qui peut écrire dans le fichier aurait pu les refaire.".to_owned(),
            ));
        }
        if given == 0 {
            notes.push(note(
                "none_given",
                "Aucun scellé conservé ailleurs n'a été donné : la perte de la fin du journal avec ses scellés ne se verrait pas.".to_owned(),
            ));
        }
        if below_boundary > 0 {
            notes.push(note(
                "below_boundary",
                format!(
                    "{below_boundary} scellé(s) portent sur des entrées retirées après leur durée de conservation : leur suite et leur clé restent vérifiées, pas l'entrée scellée."
                ),
            ));
        }
        if unsealed > 1 {
            notes.push(note(
                "unsealed",
                format!("Les {unsealed} dernières entrées ne sont couvertes par aucun scellé."),
            ));
        }
        notes
    }
}
