//! A disk rebuilt as a power cut leaves it.
//!
//! What was written to a file lasts once the file was synced, and a name once its folder was. Of the rest the disk may
//! have kept anything: nothing, all, some of it, the last write torn between two sectors. The log of effects is played
//! up to a cut; [`Disk::left`] then gives the files. What was to be synced by a sync that failed never lasts. (A file synced whose name was not is lost too, as POSIX has it;
//! most file systems are kinder.)

use std::collections::BTreeMap;
use std::path::Path;

use crate::shim::Effect;

/// A sector: what a disk writes whole or not at all.
const SECTOR: usize = 512;

#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Size(usize),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Change::Write { at, bytes } => {
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*at..end].copy_from_slice(bytes);
            }
            Change::Size(size) => content.resize(*size, 0),
        }
    }
}

#[derive(Debug, Clone, Default)]
struct File {
    /// What lasts.
    durable: Vec<u8>,
    /// What does not yet, in order.
    pending: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Naming {
    Name(String, usize),
    Forget(String),
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Naming::Name(name, file) => names.insert(name.clone(), *file),
            Naming::Forget(name) => names.remove(name),
        };
    }
}

/// A folder's files, as the system sees them and as the disk holds them.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending_names: Vec<Naming>,
    /// What each opened number stands for; `None` for the folder.
    opened: BTreeMap<u32, Option<usize>>,
}

/// What a power cut does to what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing of it is kept.
    Drops,
    /// All of it is.
    Keeps,
    /// Some of it is, drawn from this seed; the last write is torn.
    Tears(u64),
    /// Writes are, names are not.
    ForgetsNames,
    /// Names are, writes are not.
    ForgetsWrites,
}

/// A small generator of numbers (xorshift), the same on every machine.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn one_in_two(&mut self) -> bool {
        self.next() >> 63 == 0
    }
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

impl Disk {
    /// The files of a folder, all of them lasting.
    pub fn of(folder: &Path) -> Disk {
        let mut disk = Disk::default();
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            disk.durable_names
                .insert(name.into_owned(), disk.files.len());
            disk.files.push(File {
                durable: std::fs::read(&path).expect("a file"),
                pending: Vec::new(),
            });
        }
        disk.names = disk.durable_names.clone();
        disk
    }

    /// One effect more.
    pub fn apply(&mut self, effect: &Effect) {
        match effect {
            Effect::Open { id, created, path } if *id != 0 => {
                if path == "." {
                    self.opened.insert(*id, None);
                    return;
                }
                if *created {
                    self.files.push(File::default());
                    self.rename(Naming::Name(path.clone(), self.files.len() - 1));
                }
                let file = self.names.get(path).copied();
                let file = file.unwrap_or_else(|| panic!("{path} was opened, and is not there"));
                self.opened.insert(*id, Some(file));
            }
            Effect::Write { id, at, bytes } if !bytes.is_empty() => {
                let at = usize::try_from(*at).expect("a place");
                let bytes = bytes.clone();
                self.change(*id, Change::Write { at, bytes });
            }
            Effect::Truncate { id, size, .. } if *id != 0 => {
                let size = usize::try_from(*size).expect("a size");
                self.change(*id, Change::Size(size));
            }
            Effect::Sync { id } => match self.opened[id] {
                Some(file) => {
                    let File { durable, pending } = &mut self.files[file];
                    pending.drain(..).for_each(|change| change.apply(durable));
                }
                None => {
                    let pending = std::mem::take(&mut self.pending_names);
                    let names = &mut self.durable_names;
                    pending.iter().for_each(|naming| naming.apply(names));
                }
            },
            // The system holds such writes for written from then on, and never writes them: the worst that is known.
            Effect::NotSynced { id } => {
                if let Some(file) = self.opened[id] {
                    self.files[file].pending.clear();
                }
            }
            Effect::Unlink { path } if path != "-" => self.rename(Naming::Forget(path.clone())),
            Effect::Rename { from, to } if from != "-" => {
                let file = self.names[from];
                self.rename(Naming::Forget(from.clone()));
                if to != "-" {
                    self.rename(Naming::Name(to.clone(), file));
                }
            }
            Effect::Link { from, to } if from != "-" => {
                let file = self.names[from];
                self.rename(Naming::Name(to.clone(), file));
            }
            _ => {}
        }
    }

    fn change(&mut self, id: u32, change: Change) {
        let file = self.opened[&id].expect("a file, not a folder");
        self.files[file].pending.push(change);
    }

    fn rename(&mut self, naming: Naming) {
        naming.apply(&mut self.names);
        self.pending_names.push(naming);
    }

    /// Whether the disk holds less than was asked of it.
    pub fn has_pending(&self) -> bool {
        !self.pending_names.is_empty() || self.files.iter().any(|f| !f.pending.is_empty())
    }

    /// The files after a cut. Those whose name begins with `spared` are on another machine, which kept its power.
    /// What SQLite shares between processes (`-shm`) is memory, and gone.
    pub fn left(&self, cut: Cut, spared: Option<&str>) -> BTreeMap<String, Vec<u8>> {
        let seed = match cut {
            Cut::Tears(seed) => seed,
            _ => 1,
        };
        let mut draw = Draw(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let kept = |name: &String| spared.is_some_and(|spared| name.starts_with(spared));
        let mut names = self.durable_names.clone();
        names.retain(|name, _| !kept(name));
        for naming in &self.pending_names {
            let keeps = match cut {
                Cut::Drops | Cut::ForgetsNames => false,
                Cut::Keeps | Cut::ForgetsWrites => true,
                // Names change in order: what is kept is what came first.
                Cut::Tears(_) => {
                    if draw.below(4) == 0 {
                        break;
                    }
                    true
                }
            };
            if keeps {
                naming.apply(&mut names);
            }
        }
        names.retain(|name, _| !kept(name));
        names.extend(
            self.names
                .iter()
                .filter(|(name, _)| kept(name))
                .map(|(n, f)| (n.clone(), *f)),
        );
        names.retain(|name, _| !name.ends_with("-shm"));
        let each = names.into_iter().map(|(name, file)| {
            let cut = if kept(&name) { Cut::Keeps } else { cut };
            let content = self.content(&self.files[file], cut, &mut draw);
            (name, content)
        });
        each.collect()
    }

    fn content(&self, file: &File, cut: Cut, draw: &mut Draw) -> Vec<u8> {
        let mut content = file.durable.clone();
        match cut {
            Cut::Drops | Cut::ForgetsWrites => {}
            Cut::Keeps | Cut::ForgetsNames => {
                file.pending
                    .iter()
                    .for_each(|change| change.apply(&mut content));
            }
            Cut::Tears(_) => {
                for (n, change) in file.pending.iter().enumerate() {
                    if n + 1 == file.pending.len()
                        && let Change::Write { at, bytes } = change
                    {
                        let sectors = bytes.len().div_ceil(SECTOR);
                        let length = (draw.below(sectors + 1) * SECTOR).min(bytes.len());
                        let torn = Change::Write {
                            at: *at,
                            bytes: bytes[..length].to_vec(),
                        };
                        torn.apply(&mut content);
                    } else if draw.one_in_two() {
                        change.apply(&mut content);
                    }
                }
            }
        }
        content
    }
}
