//! The process that works and fails: this program again, with the shim before the C library.
//!
//! It does a scenario's steps in order, and writes what was acknowledged, step by step, to a file named
//! `acknowledged`, one JSON line each: what the host program of a practice would have shown to a person.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::scenario::{Desk, Kept, Step, named};
use crate::shim::{self, Mode};

const SCENARIO: &str = "DMPKIT_TEST_SCENARIO";
const FOLDER: &str = "DMPKIT_FAULT_FOLDER";
const KEPT: &str = "DMPKIT_TEST_KEPT";
const INSISTS: &str = "DMPKIT_TEST_INSISTS";
const DMP: &str = "DMPKIT_TEST_DMP_ADDRESS";
const ACKNOWLEDGED: &str = "acknowledged";
/// Creating it ends the faults.
const MEND: &str = "mend";

/// A step that ended, as the process wrote it down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The step.
    pub step: usize,
    /// Its status, by name.
    pub status: String,
    /// What it answered.
    pub answer: Value,
}

/// What a process does about a step that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// No step fails: the process is only ever killed.
    Plain,
    /// Once it failed, the fault is mended and the step is done again: it must succeed.
    Mends,
    /// It goes on with the next step, and ends with the fault.
    GoesOn,
}

/// How a process is to fail.
#[derive(Debug, Clone)]
pub struct Fault {
    pub mode: Mode,
    pub point: usize,
    pub lasting: bool,
}

/// A process to start.
pub struct Work<'a> {
    pub scenario: &'a str,
    pub folder: &'a Path,
    pub kept: Kept,
    pub fault: Option<Fault>,
    pub manner: Manner,
    pub log: Option<PathBuf>,
    /// What stands under `dmp` in the configuration, when it is not the embedded DMP; sockets are counted then.
    pub dmp: Option<&'a Value>,
}

impl<'a> Work<'a> {
    pub fn of(scenario: &'a str, kept: Kept, folder: &'a Path) -> Work<'a> {
        Work {
            scenario,
            folder,
            kept,
            fault: None,
            manner: Manner::Plain,
            log: None,
            dmp: None,
        }
    }

    /// Works until the end, or as far as the fault lets it.
    pub fn run(&self) -> Output {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command
            .args([
                "child::works_as_told",
                "--exact",
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .env("LD_PRELOAD", shim::built().expect("asked before"))
            .env(SCENARIO, self.scenario)
            .env(FOLDER, self.folder)
            .env(KEPT, self.kept.word())
            .env(INSISTS, format!("{:?}", self.manner));
        if let Some(fault) = &self.fault {
            command
                .env("DMPKIT_FAULT_MODE", fault.mode.name())
                .env("DMPKIT_FAULT_POINT", fault.point.to_string());
            if fault.lasting {
                command.env("DMPKIT_FAULT_LASTING", "1");
            }
        }
        if let Some(log) = &self.log {
            command.env("DMPKIT_FAULT_LOG", log);
        }
        if let Some(dmp) = self.dmp {
            command
                .env(DMP, dmp.to_string())
                .env("DMPKIT_FAULT_NETWORK", "1");
        }
        command.output().expect("a process of this program")
    }
}

/// What a process wrote down before it ended.
pub fn marks(folder: &Path) -> Vec<Mark> {
    match std::fs::read_to_string(folder.join(ACKNOWLEDGED)) {
        Ok(text) => text.lines().map(mark).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => panic!("the acknowledgements: {error}"),
    }
}

/// One of its lines.
pub fn mark(line: &str) -> Mark {
    serde_json::from_str(line).expect("an acknowledgement is written whole")
}

#[test]
#[ignore = "run by the other tests, in processes of its own that are stopped"]
fn works_as_told() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("where to work"));
    let scenario = named(&std::env::var(SCENARIO).expect("what to do"));
    let manner = std::env::var(INSISTS).expect("how");
    let kept = std::env::var(KEPT).expect("how files are kept");
    let kept = Kept::ALL.iter().find(|way| way.word() == kept);
    let kept = *kept.expect("a way of keeping files");
    let dmp = std::env::var(DMP)
        .ok()
        .map(|text| serde_json::from_str(&text).expect("JSON"));
    let mut acknowledged = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join(ACKNOWLEDGED))
        .expect("the file of acknowledgements");
    let mut write = |mark: &Mark| {
        let line = serde_json::to_string(mark).expect("JSON") + "\n";
        acknowledged
            .write_all(line.as_bytes())
            .expect("written down");
    };
    let mut desk = Desk::at(&folder, kept, dmp.as_ref());
    for (number, step) in scenario.steps().iter().enumerate() {
        let mut mark = done(&mut desk, number, step);
        if mark.status != "DMP_OK" {
            write(&mark);
            match manner.as_str() {
                "Mends" => {
                    std::fs::write(folder.join(MEND), "").expect("mended");
                    mark = done(&mut desk, number, step);
                    assert_eq!(
                        mark.status, "DMP_OK",
                        "{}, once the disk is mended",
                        step.name
                    );
                }
                "GoesOn" => continue,
                _ => panic!("{}: {}", step.name, mark.status),
            }
        }
        write(&mark);
    }
}

fn done(desk: &mut Desk, number: usize, step: &Step) -> Mark {
    let reply = step.act(desk);
    let answer = match (&reply.out, reply.status) {
        (Some(_), 0) => reply.json(),
        _ => Value::from(reply.error.clone()),
    };
    if reply.status == 0 {
        desk.answers.insert(step.name.clone(), answer.clone());
    }
    Mark {
        step: number,
        status: reply.name().to_owned(),
        answer,
    }
}
