//! Backups of the register, taken while it is in use, and their way back.

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use serde::Serialize;

use super::carry_over::{Carried, CarriedOver, carry_over};
use super::files;
use super::held::Place;
use super::journal;
use super::register::SCHEMA;
use super::rekey::{EXISTING, alone, opens};
use super::sqlite::{self, Recognised, storage};
use super::{Tx, key::StoreKey};
use crate::clock::Instant;
use crate::error::{Error, Result, StorageError};

/// What concerns files alone.
type Stored<T> = std::result::Result<T, StorageError>;

/// How far a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupProgress {
    /// Pages copied.
    pub done: i64,
    /// Pages there are.
    pub total: i64,
}

/// What a check of the journal's chain found, as far as a register is told by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    /// Whether it is whole.
    pub intact: bool,
    /// Good entries, from the first.
    pub entries: i64,
    /// Hash of the last good entry: noted elsewhere, it shows a later truncation.
    pub head: String,
    /// Number of the first bad entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_bad: Option<i64>,
}

impl Chain {
    pub(super) fn of(connection: &Connection) -> Result<Chain> {
        let found = journal::verify(connection)?;
        Ok(Chain {
            intact: found.intact,
            entries: found.entries,
            head: found.head,
            first_bad: found.first_bad,
        })
    }
}

/// A backup that was made, or put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupAnswer {
    /// Pages of the file.
    pub pages: i64,
    /// Whether it is under a key: the one of its register.
    pub encrypted: bool,
    /// The journal it holds, its chain checked: its entries, and its head to note elsewhere.
    pub journal: Chain,
    /// Where the register that was in the way now is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<String>,
    /// What patients forbade since, taken from the register that was in the way; none when it could not be read, or was
    /// not the backup's own continuation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried_over: Option<CarriedOver>,
}

/// Pages of a step: between two steps the progress is told.
const STEP: i32 = 256;
/// How long one waits when a step finds the file busy, and how often.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);
const PATIENCE: u32 = 1500;

/// Copies a register, as it is at one instant, into a new file under the same key.
///
/// One read transaction holds that instant: others go on writing, and never make it start again.
pub(crate) fn write(
    register: &Place,
    path: &str,
    progress: &mut dyn FnMut(BackupProgress),
) -> Result<BackupAnswer> {
    if !sqlite::is_plain(path) {
        return Err(StorageError::Path.into());
    }
    if files::stands(path) {
        return Err(StorageError::Exists.into());
    }
    let made = format!("{path}.partial");
    files::remove_whole(&made)?;
    drop(files::create(&made)?);
    let result = copy(register, &made, progress).and_then(|answer| {
        files::publish(&made, path)?;
        Ok(answer)
    });
    if result.is_err() {
        files::remove_whole(&made)?;
    }
    result
}

fn copy(
    register: &Place,
    made: &str,
    progress: &mut dyn FnMut(BackupProgress),
) -> Result<BackupAnswer> {
    let key = register.key.as_ref();
    let source = sqlite::open(&register.path, &SCHEMA, key)?;
    // The instant of the backup begins with the first thing read.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;")?;
    let mut target = sqlite::connect(made, EXISTING, &SCHEMA, key)?;
    // Made durable as a whole, once it is there.
    target.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;")?;
    let copied = Backup::new(&source, &mut target)?;
    let mut waited = 0;
    loop {
        let step = copied.step(STEP)?;
        let at = copied.progress();
        progress(BackupProgress {
            done: i64::from(at.pagecount - at.remaining),
            total: i64::from(at.pagecount),
        });
        match step {
            StepResult::Done => break,
            StepResult::More => waited = 0,
            _ if waited == PATIENCE => return Err(StorageError::Busy.into()),
            _ => {
                waited += 1;
                std::thread::sleep(PAUSE);
            }
        }
    }
    drop(copied);
    drop(source);
    // One file, without companions.
    sqlite::turn(&target, "delete")?;
    described(&target, key)
}

/// What a whole register holds.
///
/// Errors: [`StorageError::Corrupt`] when it is not whole.
fn described(connection: &Connection, key: Option<&StoreKey>) -> Result<BackupAnswer> {
    if problems(connection)? > 0 {
        return Err(StorageError::Corrupt.into());
    }
    Ok(BackupAnswer {
        pages: connection.pragma_query_value(None, "page_count", |row| row.get(0))?,
        encrypted: key.is_some(),
        journal: Chain::of(connection)?,
        set_aside: None,
        carried_over: None,
    })
}

/// How many things SQLite finds wrong with a file, a thousand at most. Its words may quote data: they are not
/// read.
pub(super) fn problems(connection: &Connection) -> Result<i64> {
    let mut statement = connection.prepare("PRAGMA integrity_check(1000)")?;
    let mut rows = statement.query([])?;
    let mut found = 0;
    while let Some(row) = rows.next()? {
        let fine = row.get_ref(0)?.as_str().is_ok_and(|text| text == "ok");
        found += i64::from(!fine);
    }
    Ok(found)
}

/// Puts a backup in the place of the register. The backup itself is only read.
///
/// It is checked, brought up to date, told that it comes back, and told what patients forbade since, before it takes the
/// place; a register that was there is set aside under a name of its own, never deleted.
pub(crate) fn restore(
    register: &str,
    backup: &str,
    key: Option<&StoreKey>,
    replace: bool,
    now: Instant,
) -> Result<BackupAnswer> {
    if !sqlite::is_plain(register) || !sqlite::is_plain(backup) {
        return Err(StorageError::Path.into());
    }
    if register == backup || files::same(register, backup) == Some(true) {
        return Err(Error::caller(
            "backup",
            "must be another file than the register",
        ));
    }
    if !files::stands(backup) {
        return Err(StorageError::CannotOpen.into());
    }
    if files::stands(register) && !replace {
        return Err(StorageError::Exists.into());
    }
    let made = format!("{register}.restoring");
    files::remove_whole(&made)?;
    let result = put_back(register, backup, &made, key, now);
    if result.is_err() {
        files::remove_whole(&made)?;
    }
    result
}

fn put_back(
    register: &str,
    backup: &str,
    made: &str,
    key: Option<&StoreKey>,
    now: Instant,
) -> Result<BackupAnswer> {
    let mut connection = prepared(backup, made, key)?;
    let mut answer = described(&connection, key)?;
    {
        let tx = Tx(sqlite::immediate(&mut connection)?);
        tx.after_restore(now)?;
        // What was learnt since to be masked or withdrawn is not known here: nobody reads a copy before the DMP said so.
        tx.forget_all_kept()?;
        tx.forget_all_standing()?;
        tx.0.commit()?;
    }
    let mut held = None;
    if files::stands(register) {
        (held, answer.carried_over) = taken(register, key, &mut connection, now)?;
        if answer.carried_over.is_some_and(|carried| carried.any()) {
            answer.journal = Chain::of(&connection)?;
        }
    }
    answer.pages = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    alone(&mut connection)?;
    connection.close().map_err(|(_, e)| storage(&e))?;
    // A journal that SQLite emptied, and left when a sync failed.
    files::remove_companions(made)?;
    files::sync(made)?;
    answer.set_aside = exchange(register, made, held)?;
    Ok(answer)
}

/// How often a register that is to be set aside is tried, before it counts as one that cannot be read.
const TRIES: usize = 3;

/// The register that is to be replaced, taken for ourselves when it can be opened at all, and what was carried over from
/// it into the one that takes its place. A disk that failed for a moment must not make an opposition unsaid.
fn taken(
    register: &str,
    key: Option<&StoreKey>,
    into: &mut Connection,
    now: Instant,
) -> Result<(Option<Connection>, Option<CarriedOver>)> {
    let mut taken = None;
    for _ in 0..TRIES {
        // Nothing else of ours holds it while it is taken.
        drop(taken.take());
        let mut old = match held(register, key) {
            Ok(old) => old,
            Err(StorageError::Busy) => return Err(StorageError::Busy.into()),
            Err(_) => continue,
        };
        let carried = carry_over(&mut old, into, now)?;
        taken = Some(old);
        match carried {
            Carried::Over(carried) => return Ok((taken, Some(carried))),
            Carried::Foreign => break,
            Carried::Unread => {}
        }
    }
    Ok((taken, None))
}

/// A copy of a backup that can take the register's place, brought up to date.
fn prepared(backup: &str, made: &str, key: Option<&StoreKey>) -> Result<Connection> {
    duplicate(backup, made)?;
    // A copy of a register in use, made by other means, may come with its log.
    let log = format!("{backup}-wal");
    if files::stands(&log) {
        duplicate(&log, &format!("{made}-wal"))?;
    }
    let (look, what) = sqlite::meet(made, EXISTING, &SCHEMA, key)?;
    if matches!(what, Recognised::New) {
        return Err(StorageError::NotOurs.into());
    }
    drop(look);
    Ok(sqlite::open(made, &SCHEMA, key)?)
}

/// Copies a file that nobody writes to.
fn duplicate(from: &str, to: &str) -> Stored<()> {
    let mut source = std::fs::File::open(from).map_err(|e| files::kind(&e))?;
    let mut target = files::create(to)?;
    std::io::copy(&mut source, &mut target).map_err(|e| files::kind(&e))?;
    Ok(())
}

/// Puts a file in the place of the register, which is held if it can be opened; answers where the register now is, if
/// there was one.
fn exchange(register: &str, made: &str, held: Option<Connection>) -> Stored<Option<String>> {
    let mut aside = None;
    let stays: Vec<&str> = ["", "-wal", "-journal"]
        .into_iter()
        .filter(|companion| files::stands(&format!("{register}{companion}")))
        .collect();
    if !stays.is_empty() {
        let name = free_name(register)?;
        for companion in &stays {
            files::link_or_move(
                &format!("{register}{companion}"),
                &format!("{name}{companion}"),
            )?;
        }
        files::sync_folder(register)?;
        aside = Some(name);
    }
    // A log that stayed would be replayed into the file that is put here.
    for companion in files::COMPANIONS {
        files::remove(&format!("{register}{companion}"))?;
    }
    // Windows does not rename over a file that is open.
    let held = held.filter(|_| cfg!(unix));
    std::fs::rename(made, register).map_err(|e| files::kind(&e))?;
    files::sync_folder(register)?;
    drop(held);
    Ok(aside)
}

/// The register that is to be replaced, taken for this connection alone.
fn held(register: &str, key: Option<&StoreKey>) -> Stored<Connection> {
    opens(register, &SCHEMA, key)?;
    let mut connection = sqlite::connect(register, EXISTING, &SCHEMA, key)?;
    alone(&mut connection)?;
    Ok(connection)
}

/// A name beside the register that nothing has.
fn free_name(register: &str) -> Stored<String> {
    (1..10_000)
        .map(|n| format!("{register}.set-aside-{n}"))
        .find(|name| {
            !files::stands(name)
                && files::COMPANIONS
                    .iter()
                    .all(|companion| !files::stands(&format!("{name}{companion}")))
        })
        .ok_or(StorageError::Exists)
}
