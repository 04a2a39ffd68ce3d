//! What a practice does, step by step, and what must be left of each step whatever happens after it.
//!
//! A scenario is a name, what stands before anything fails, and a list of steps. A step is one call whose success a
//! person is told of. Either nothing lasts of it (opening, closing: [`passing`]) and every process does it again; or
//! something does ([`lasting`]), and says how that is found. To add a scenario: write a function that answers its
//! steps in `scenarios/`, and name it in [`ALL`](crate::scenarios::ALL).
//!
//! What holds for all, after each failure, is in [`Scenario::survives`].

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use dmpkit::{Connector, Session};
use serde_json::{Value, json};

use crate::child::Mark;
use crate::face::{KEY, Reply, call};
use crate::flaky::Shared;
use crate::practice::{
    self, ask, bare, config_on_files, doctor, documents_of, ins, journal, verified,
};
use crate::scenarios::ALL;

/// How files are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    InClear,
    UnderKey,
}

impl Kept {
    /// Every way that this build knows.
    pub const ALL: &'static [Kept] = if cfg!(feature = "encryption") {
        &[Kept::InClear, Kept::UnderKey]
    } else {
        &[Kept::InClear]
    };

    /// In the name of a failure.
    pub fn word(self) -> &'static str {
        match self {
            Kept::InClear => "",
            Kept::UnderKey => "keyed ",
        }
    }

    pub fn key(self) -> Option<[u8; 32]> {
        (self == Kept::UnderKey).then_some(KEY)
    }
}

/// What happened to the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// The process stopped; what it had handed to the system is there.
    Stopped,
    /// The machine did; what can be rebuilt by asking the DMP may be lost.
    PowerCut,
}

/// A doctor's desk: files, and what is open on them.
pub struct Desk {
    pub folder: PathBuf,
    /// What opens the files.
    pub key: Option<[u8; 32]>,
    dmp: Option<Value>,
    /// Members of the configuration beside those of every practice; an object, or null.
    pub more: Value,
    pub connector: usize,
    pub session: usize,
    pub access: usize,
    /// What has no C function yet is done through the Rust interface, on a connector of its own, open once needed.
    pub own: OnceCell<(Connector, Session)>,
    /// What becomes of what is sent through it.
    pub told: Shared,
    /// What each step that succeeded answered, by its name.
    pub answers: BTreeMap<String, Value>,
    pub happened: Happened,
}

impl Desk {
    /// On the files of a folder; `dmp` when the DMP is not one of them.
    pub fn at(folder: &Path, kept: Kept, dmp: Option<&Value>) -> Desk {
        Desk {
            folder: folder.to_owned(),
            key: kept.key(),
            dmp: dmp.cloned(),
            more: Value::Null,
            connector: 0,
            session: 0,
            access: 0,
            own: OnceCell::new(),
            told: Shared::default(),
            answers: BTreeMap::new(),
            happened: Happened::Stopped,
        }
    }

    pub fn config(&self) -> Value {
        let mut config = config_on_files(&self.folder);
        if let Some(dmp) = &self.dmp {
            config["dmp"] = dmp.clone();
        }
        for (member, value) in self.more.as_object().into_iter().flatten() {
            config[member] = value.clone();
        }
        config
    }

    /// Opens a connector on the files.
    pub fn open(&self) -> Reply {
        let config = self.config();
        match self.key {
            None => ask("dmp_connector_open", 0, &config),
            Some(key) => {
                assert!(key == KEY, "the key that the table gives");
                let text = config.to_string();
                call("dmp_connector_open_keyed", 0, Some(&text), None)
            }
        }
    }

    /// The uniqueIds that the patient finds in the DMP.
    pub fn in_the_dmp(&self) -> Vec<String> {
        documents_of(self.connector, &ins())
    }

    /// Outcomes in the journal of what was done about a document.
    pub fn outcomes(&self, action: &str, document: &str) -> Vec<String> {
        let filter = json!({"action": action, "document": document});
        let answer = ask("dmp_journal_audit", self.connector, &filter)
            .ok()
            .json();
        let entries = answer["entries"].as_array().expect("entries");
        entries
            .iter()
            .map(|e| e["outcome"].as_str().expect("an outcome").to_owned())
            .collect()
    }

    /// Demands that the journal says a thing was done about a document: what was asked is durable, how it ended is
    /// rebuilt after a power cut.
    pub fn journalled(&self, action: &str, document: &str) {
        let outcomes = self.outcomes(action, document);
        let told = |what: &str| outcomes.iter().any(|outcome| outcome == what);
        assert!(told("intent"), "{action} of {document}: {outcomes:?}");
        if self.happened == Happened::Stopped {
            assert!(told("done"), "{action} of {document}: {outcomes:?}");
        }
    }

    fn close(&self) {
        for (name, handle) in [
            ("dmp_access_close", self.access),
            ("dmp_session_close", self.session),
            ("dmp_connector_close", self.connector),
        ] {
            if handle != 0 {
                bare(name, handle).ok();
            }
        }
    }
}

type Act = Box<dyn Fn(&mut Desk) -> Reply + Send + Sync>;
type There = Box<dyn Fn(&Desk, &Value) + Send + Sync>;
type Left = Box<dyn Fn(&Desk) + Send + Sync>;

/// One call whose success is told to a person.
pub struct Step {
    pub name: String,
    act: Act,
    there: Option<There>,
    left: Option<Left>,
}

impl Step {
    /// What a failure may leave of it, looked at before it is done again.
    pub fn leaving(mut self, left: impl Fn(&Desk) + Send + Sync + 'static) -> Step {
        self.left = Some(Box::new(left));
        self
    }

    pub fn act(&self, desk: &mut Desk) -> Reply {
        (self.act)(desk)
    }
}

/// A step of which nothing lasts: done again by each process.
pub fn passing(name: &str, act: impl Fn(&mut Desk) -> Reply + Send + Sync + 'static) -> Step {
    Step {
        name: name.to_owned(),
        act: Box::new(act),
        there: None,
        left: None,
    }
}

/// A step of which something lasts. `act` succeeds again when it was done without anyone being told; `there` panics
/// unless what it did is found, given what it answered.
pub fn lasting(
    name: &str,
    act: impl Fn(&mut Desk) -> Reply + Send + Sync + 'static,
    there: impl Fn(&Desk, &Value) + Send + Sync + 'static,
) -> Step {
    Step {
        name: name.to_owned(),
        act: Box::new(act),
        there: Some(Box::new(there)),
        left: None,
    }
}

/// What a practice does.
pub struct Scenario {
    pub name: &'static str,
    /// Makes the files that stand before anything fails.
    pub founded: fn(&Path, Kept),
    /// What is done.
    pub steps: fn() -> Vec<Step>,
}

/// A scenario by its name.
pub fn named(name: &str) -> &'static Scenario {
    let found = ALL.iter().find(|scenario| scenario.name == name);
    found.unwrap_or_else(|| panic!("no scenario is named {name}"))
}

impl Scenario {
    pub fn steps(&self) -> Vec<Step> {
        (self.steps)()
    }

    /// Starts again on what a failure left, and demands that:
    /// - the files are whole, and the journal's chain too;
    /// - what was acknowledged is there;
    /// - what was not is done now, and then is there too: nothing is stuck;
    /// - each document is in the DMP once, and none without an entry of the journal that announces it.
    pub fn survives(
        &self,
        folder: &Path,
        kept: Kept,
        dmp: Option<&Value>,
        marks: &[Mark],
        happened: Happened,
    ) {
        let mut desk = Desk::at(folder, kept, dmp);
        desk.happened = happened;
        let steps = self.steps();
        let told = |number: usize| {
            let of_it = |mark: &&Mark| mark.step == number && mark.status == "DMP_OK";
            marks.iter().find(of_it).map(|mark| &mark.answer)
        };
        for (number, step) in steps.iter().enumerate() {
            let answer = match (told(number), &step.there) {
                (Some(answer), Some(there)) => {
                    there(&desk, answer);
                    answer.clone()
                }
                _ => {
                    if let Some(left) = &step.left {
                        left(&desk);
                    }
                    let reply = step.act(&mut desk);
                    let (status, why) = (reply.name(), &reply.error);
                    assert_eq!(status, "DMP_OK", "{}, done again: {why:?}", step.name);
                    reply.out.as_ref().map_or(Value::Null, |_| reply.json())
                }
            };
            desk.answers.insert(step.name.clone(), answer);
        }
        // Steps end with everything closed: whoever looks comes later.
        let again = Desk {
            connector: desk.open().ok().handle,
            session: 0,
            access: 0,
            own: OnceCell::new(),
            ..desk
        };
        let session = practice::open_session(again.connector, &doctor());
        let access = practice::open_access(session, &ins());
        let again = Desk {
            session,
            access,
            ..again
        };
        for step in &steps {
            if let Some(there) = &step.there {
                there(&again, &again.answers[&step.name]);
            }
        }
        again.each_document_is_there_once();
        verified(again.connector);
        again.close();
        whole(folder, again.key);
    }
}

impl Desk {
    fn each_document_is_there_once(&self) {
        let found = self.in_the_dmp();
        let different: BTreeSet<&String> = found.iter().collect();
        assert_eq!(found.len(), different.len(), "a document is there twice");
        let journal = journal(self.connector);
        // What was announced since a backup is in the register that the backup replaced; here it was found.
        let restored = self.folder.join("register.db.set-aside-1").exists();
        for id in found {
            let announced = journal.iter().any(|e| {
                e["document"] == *id
                    && e["action"] == "document.feed"
                    && (e["outcome"] == "intent" || restored && e["outcome"] == "done")
            });
            assert!(announced, "{id} is in the DMP, and no entry announced it");
        }
    }
}

/// Connects to a file as it is, with a key or none.
pub fn connected(file: &Path, key: Option<[u8; 32]>) -> rusqlite::Result<rusqlite::Connection> {
    let connection = rusqlite::Connection::open(file)?;
    if let Some(key) = key {
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        connection.execute_batch(&format!("PRAGMA key = \"x'{key}'\";"))?;
        // A document in the DMP is many pages of the default size.
        let of_the_dmp = file.file_name().is_some_and(|name| name == "dmp.db");
        let size = if of_the_dmp { 16384 } else { 4096 };
        connection.pragma_update(None, "cipher_page_size", size)?;
    }
    Ok(connection)
}

/// Demands that SQLite finds nothing wrong in the files of a practice.
pub fn whole(folder: &Path, key: Option<[u8; 32]>) {
    for name in ["register.db", "dmp.db"] {
        let file = folder.join(name);
        if !file.exists() {
            continue;
        }
        let found: Vec<String> = connected(&file, key)
            .and_then(|connection| {
                let mut statement = connection.prepare("PRAGMA integrity_check")?;
                let rows = statement.query_map([], |row| row.get(0))?;
                rows.collect()
            })
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(found, ["ok"], "{name}");
    }
}
