//! A practice on files, and the command run on it as an integrator runs it.

#![allow(dead_code, reason = "each test file uses its part")]

use std::process::{Command, Stdio};

use dmpkit::{Config, Connector, Session};
use serde_json::{Value, json};

/// What the command said and how it ended.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Demands that it ended this way.
    pub fn ended(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "{} {}", self.out, self.err);
        self
    }

    /// The one record that it gave.
    pub fn record(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {} {}", self.out, self.err))
    }

    /// Demands that a person reads this.
    pub fn says(self, text: &str) -> Ran {
        assert!(
            self.out.contains(text) || self.err.contains(text),
            "{text:?} is not in {} {}",
            self.out,
            self.err
        );
        self
    }
}

/// What identifies someone or something: in nothing that leaves the practice.
pub const SECRETS: [&str; 8] = [
    "279035121518989",
    "TESSIER",
    "CAMILLE",
    "MARQUEUR",
    "BASTIDE",
    "899900987654",
    "499900987654001",
    "1.2.250.1.999.9.1",
];

/// A practice: a doctor, a patient with a dossier, one document handed over, one bris de glace.
pub struct Desk {
    folder: tempfile::TempDir,
}

pub fn patient() -> Value {
    json!({"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"})
}

/// A report under this number.
pub fn report(n: u32) -> Vec<u8> {
    include_str!("../fixtures/cr_consultation_pdf.xml")
        .replace(
            "1.2.250.1.999.1.1.2026.101",
            &format!("1.2.250.1.999.9.{n}"),
        )
        .into_bytes()
}

fn given<T: serde::de::DeserializeOwned>(record: Value) -> T {
    serde_json::from_value(record).expect("a record")
}

impl Desk {
    pub fn new() -> Desk {
        let folder = tempfile::tempdir().expect("a folder");
        let desk = Desk { folder };
        desk.clock("2026-01-12T09:00:00Z");
        let doctor = json!({
            "professional": {"id": "899900987654", "family": "BASTIDE", "given": "Hélène",
                "profession": "10", "specialty": "SM26"},
            "structure": {"id": "499900987654001", "name": "Cabinet", "sector": "SA07"},
            "authentication": "cps",
        });
        desk.write("doctor.json", &doctor.to_string());
        let (connector, doctor) = desk.open();
        let traits = json!({"birthName": "TESSIER", "givenNames": ["CAMILLE"],
            "birthDate": "19790315", "sex": "F"});
        let dossier = json!({"action": "open_dossier", "patient": patient(), "traits": traits});
        connector
            .holder_act(&given(dossier), b"")
            .expect("a dossier");
        let known = json!({"patient": patient(), "status": "qualifiee", "traits": traits});
        doctor.register_patient(&given(known)).expect("registered");
        let request = given(json!({"patient": patient()}));
        doctor.enqueue(&request, &report(1)).expect("handed over");
        let emergency = json!({"patient": patient(), "mode": "bris_de_glace",
            "reason": "Patiente inconsciente MARQUEUR", "minutes": 30});
        let access = doctor.access(&given(emergency)).expect("an access");
        access.find(&given(json!({}))).expect("found");
        access.close().expect("closed");
        connector.close().expect("closed");
        desk
    }

    /// Sets the practice's clock: the command opens it again each time.
    pub fn clock(&self, at: &str) {
        let config = json!({
            "register": self.file("register.db"),
            "dmp": {"embedded": {"path": self.file("dmp.db")}},
            "clock": at,
            "software": {"name": "T", "version": "1", "homologation": "H", "oid": "1.2.250.1.999.1"},
        });
        self.write("config.json", &config.to_string());
    }

    pub fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The names of the files that are there.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder");
        let names = entries.map(|e| e.expect("a file").file_name());
        names.map(|n| n.to_string_lossy().into_owned()).collect()
    }

    pub fn write(&self, name: &str, content: &str) {
        std::fs::write(self.file(name), content).expect("written");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).expect("readable")
    }

    pub fn open(&self) -> (Connector, Session) {
        let config = Config::from_json(&self.read("config.json")).expect("a configuration");
        let connector = Connector::open(config).expect("a connector");
        let doctor = serde_json::from_str(&self.read("doctor.json")).expect("a requester");
        let doctor = connector.session(doctor).expect("a session");
        (connector, doctor)
    }

    /// What someone with a SQLite shell does to the register.
    pub fn tamper(&self, sql: &str) {
        let file = rusqlite::Connection::open(self.file("register.db")).expect("the register");
        file.execute_batch(sql).expect("done");
    }

    /// Runs the command on this practice.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let config = self.file("config.json");
        let all = [arguments, &["--config", &config]].concat();
        let output = Command::new(env!("CARGO_BIN_EXE_dmpkit"))
            .args(&all)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("the command runs");
        Ran {
            code: output.status.code().expect("ended by itself"),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The same, as the doctor.
    pub fn as_doctor(&self, arguments: &[&str]) -> Ran {
        self.run(&[arguments, &["--session", "doctor.json"]].concat())
    }
}
