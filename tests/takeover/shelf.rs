//! A folder of past documents, and what a take-over of it says.

use std::path::{Path, PathBuf};

use dmpkit::connector::takeover::{TakeOverCounts, TakeOverReport, TakeOverRequest};
use dmpkit::connector::{Connector, Session};
use serde_json::{Value, json};

/// A folder of files.
pub struct Shelf(pub tempfile::TempDir);

impl Shelf {
    pub fn new() -> Shelf {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Shelf(folder.expect("a folder"))
    }

    /// Puts a file, with the folders above it.
    pub fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, content).expect("written");
        path
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// The request of a folder, with what else is asked.
pub fn of(shelf: &Shelf, asked: Value) -> TakeOverRequest {
    let mut request = json!({"folder": shelf.path()});
    let asked = asked.as_object().expect("an object").clone();
    request.as_object_mut().expect("an object").extend(asked);
    serde_json::from_value(request).expect("a request")
}

/// A whole run.
pub fn run(session: &Session, request: &TakeOverRequest) -> TakeOverReport {
    let report = session
        .take_over(request, &mut |_| true)
        .expect("a take-over");
    assert_eq!(sum(&report.counts), report.counts.files, "{report:?}");
    report
}

/// A dry run, which says what the run then does; the run.
pub fn dry_and_run(session: &Session, request: &TakeOverRequest) -> TakeOverReport {
    let dry = TakeOverRequest {
        dry_run: true,
        ..request.clone()
    };
    let said = run(session, &dry);
    let done = run(session, request);
    assert!(said.dry_run && !done.dry_run);
    assert_eq!(said.counts, done.counts);
    assert_eq!(said.lines, done.lines);
    done
}

/// Every file is counted once.
pub fn sum(c: &TakeOverCounts) -> u64 {
    c.handed_over
        + c.known
        + c.duplicates
        + c.in_outbox
        + c.already_fed
        + c.filtered
        + c.excluded
        + c.opposed
        + c.unknown_patient
        + c.not_qualified
        + c.to_correct
        + c.unreadable
        + c.others
        + c.later
}

/// The rules of a report's lines by the names of the files, in the order of the names.
pub fn rules(report: &TakeOverReport) -> Vec<(String, String)> {
    let mut rules: Vec<_> = report
        .lines
        .iter()
        .map(|line| {
            assert!(!line.sentence.is_empty() && !line.remedy.text.is_empty());
            let name = Path::new(&line.path).file_name().expect("a name");
            (name.to_string_lossy().into_owned(), line.rule.clone())
        })
        .collect();
    rules.sort();
    rules
}

/// One pair of [`rules`].
pub fn said(name: &str, rule: &str) -> (String, String) {
    (name.to_owned(), rule.to_owned())
}

/// Another patient of the practice, with a dossier.
pub fn welcome(connector: &Connector, session: &Session, matricule: &str, traits: &Value) {
    let patient = json!({"matricule": matricule, "oid": "1.2.250.1.213.1.4.10"});
    let action = json!({"action": "open_dossier", "patient": patient, "traits": traits});
    let action = serde_json::from_value(action).expect("an action");
    connector.holder_act(&action, b"").expect("a dossier");
    let known = json!({"patient": patient, "status": "qualifiee", "traits": traits});
    let known = serde_json::from_value(known).expect("a patient");
    session.register_patient(&known).expect("registered");
}

/// A report of an act on another day, written at once.
pub fn report_of(n: u32, day: &str) -> Vec<u8> {
    let text = String::from_utf8(crate::bench::report(n)).expect("UTF-8");
    assert!(text.contains("20260112"));
    text.replace("20260112", day).into_bytes()
}

/// A report of which the cabinet itself is an author too, by one of its systems.
pub fn with_system(report: &str) -> String {
    let at = report.find("  <custodian>").expect("a custodian");
    let (before, after) = report.split_at(at);
    let system = "  <author><time value=\"20260112100530+0100\"/><assignedAuthor>\
        <id root=\"1.2.250.1.71.4.2.1\" extension=\"699900987654001/1\"/>\
        <code code=\"DISPOSITIF\" displayName=\"Dispositif\" codeSystem=\"1.2.250.1.213.1.1.4.6\"/>\
        <assignedAuthoringDevice><manufacturerModelName>M</manufacturerModelName><softwareName>L</softwareName>\
        </assignedAuthoringDevice><representedOrganization>\
        <id root=\"1.2.250.1.71.4.2.2\" extension=\"499900987654001\"/><name>Cabinet</name>\
        </representedOrganization></assignedAuthor></author>\n";
    format!("{before}{system}{after}")
}
