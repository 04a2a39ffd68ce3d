//! What waited in a register that was set aside is taken back from its salvage, under the identifiers of then: it reaches
//! the DMP once, or comes back to a person.

use std::path::PathBuf;

use dmpkit::connector::outbox::{ItemRequest, OutboxRequest, RecoverReport, RecoverRequest};
use dmpkit::connector::{Session, restore, salvage};
use dmpkit::error::{ErrorKind, StorageError};
use dmpkit::rules::outbox::State;
use serde_json::{Value, json};

use crate::bench::{
    DOCTOR, Desk, config, ins, open, replacement, report, report_id, request, session,
};

const COLLEAGUE: &str = "899900987655";

impl Desk {
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn backup(&self) {
        let path = self.path("backup.db");
        self.connector.backup(&path, &mut |_| {}).expect("a backup");
    }

    /// The backup takes the register's place; what was there is written out.
    fn restored(mut self) -> (Desk, PathBuf) {
        self.connector.close().expect("closed");
        let config = config(self.folder.path(), json!({"feedsPerSecond": 0}));
        let backup = self.path("backup.db");
        let answer = restore(&config, &backup, None, true).expect("restored");
        let mut aside = config.clone();
        aside.register = answer.set_aside.expect("set aside");
        let file = self.path("salvaged.jsonl");
        assert!(salvage(&aside, None, &file).expect("salvaged").complete);
        self.connector = open(&config, &self.told);
        self.doctor = session(&self.connector, DOCTOR);
        self.at(self.connector.now().plus_seconds(60));
        (self, file.into())
    }

    fn masked(&self, n: u32) {
        let request: OutboxRequest = serde_json::from_value(
            json!({"patient": ins(), "options": {"visibility": ["MASQUE_PS"]}}),
        )
        .expect("a request");
        self.doctor
            .enqueue(&request, &report(n))
            .expect("handed over");
    }
}

fn recover(session: &Session, file: &std::path::Path) -> RecoverReport {
    let request = |dry_run| RecoverRequest {
        file: file.to_owned(),
        dry_run,
    };
    let dry = session.recover(&request(true)).expect("looked at");
    let report = session.recover(&request(false)).expect("taken back");
    assert_eq!(dry.counts, report.counts, "a dry run says what comes");
    report
}

/// Handed over, known, ended, refused, unreadable.
fn counts(report: &RecoverReport) -> [u64; 5] {
    let c = report.counts;
    let all = [c.handed_over, c.known, c.ended, c.refused, c.unreadable];
    assert_eq!(c.items, all.iter().sum::<u64>());
    assert_eq!(
        report.lines.len() as u64,
        c.handed_over + c.refused + c.unreadable
    );
    all
}

/// Rows of a salvage, changed or left out.
fn edited(file: &std::path::Path, edit: impl Fn(&str, &mut Value) -> bool) -> PathBuf {
    let text = std::fs::read_to_string(file).expect("a salvage");
    let rows = text.lines().filter_map(|line| {
        let mut row: Value = serde_json::from_str(line).expect("JSON");
        let table = row["table"].as_str().expect("a table").to_owned();
        edit(&table, &mut row["row"]).then(|| format!("{row}\n"))
    });
    let edited = file.with_extension("edited");
    std::fs::write(&edited, rows.collect::<String>()).expect("written");
    edited
}

#[test]
fn what_waited_when_a_backup_took_its_place_arrives_once() {
    let desk = Desk::new();
    desk.add(0);
    desk.backup();
    // Since then: sent, waiting, masked, replacing, changing, given up, in a lot of two; a colleague's.
    desk.drain();
    desk.add(1);
    desk.masked(2);
    desk.doctor
        .enqueue(&request(), &replacement(3, 1))
        .expect("handed over");
    desk.change(3, "archive");
    let given_up = desk.add(4);
    desk.doctor
        .give_up(&ItemRequest { id: given_up.id })
        .expect("given up");
    let access = serde_json::from_value(json!({"patient": ins()})).expect("a request");
    desk.consent(json!({"kind": "care_team", "means": "oral", "wording": "w"}));
    let access = desk.doctor.access(&access).expect("an access");
    for n in [5, 6] {
        access
            .stage(&report(n), &Default::default())
            .expect("staged");
    }
    access.enqueue_staged().expect("handed over");
    session(&desk.connector, COLLEAGUE)
        .enqueue(&request(), &report(7))
        .expect("handed over");
    let (desk, file) = desk.restored();
    assert_eq!(desk.items().len(), 1);

    let report = recover(&desk.doctor, &file);
    // The first was sent there, another given up.
    assert_eq!(counts(&report), [5, 0, 2, 0, 0], "{report:?}");
    let was: Vec<i64> = report.lines.iter().map(|line| line.was).collect();
    assert_eq!(was, [2, 3, 4, 5, 7]);
    let now: Vec<Option<i64>> = report.lines.iter().map(|line| line.id).collect();
    assert_eq!(now, [2, 3, 4, 5, 6].map(Some));
    assert_eq!(report.lines[4].unique_ids.len(), 2);
    // Asked for before it is sent: what the register set aside had sent, nobody here knows.
    assert!(desk.items().iter().all(|item| item.state == State::Unsure));
    assert_eq!(desk.item(5).waits_for, [4]);

    let colleague = session(&desk.connector, COLLEAGUE);
    assert_eq!(counts(&recover(&colleague, &file)), [1, 0, 0, 0, 0]);
    assert_eq!(counts(&recover(&desk.doctor, &file)), [0, 5, 2, 0, 0]);

    desk.drain();
    assert!(desk.items().iter().all(|item| item.state == State::Done));
    let mut deposits = desk.deposits();
    deposits.sort();
    let lot = [5, 6].map(report_id).join(" ");
    let [a, b, c, d, e] = [0, 1, 2, 3, 7].map(report_id);
    assert_eq!(deposits, [a, b, c, d, lot, e]);
    // The masked one is seen by its author, and not by a colleague.
    let of_patient = || serde_json::from_value(json!({"patient": ins()})).expect("a request");
    let masked = |session: &Session| {
        let access = session.access(&of_patient()).expect("an access");
        access
            .authorise(dmpkit::dossier::AuthorisationChange::Declare)
            .expect("declared");
        let found = access.find(&Default::default()).expect("a list");
        let found = serde_json::to_value(found).expect("JSON").to_string();
        found.contains(&format!("\"{}\"", report_id(2)))
    };
    desk.consent(json!({"kind": "care_team", "means": "oral", "wording": "w"}));
    assert!(masked(&desk.doctor));
    assert!(!masked(&colleague));
    desk.verified();
}

#[test]
fn what_had_been_sent_before_the_register_was_lost_is_found() {
    let desk = Desk::new();
    desk.backup();
    for n in 1..4 {
        desk.add(n);
    }
    // The register is lost between two documents, as its own copy stood just before.
    let copy = desk.path("copy.db");
    desk.connector.backup(&copy, &mut |_| {}).expect("a copy");
    desk.drain();
    let (desk, _) = desk.restored();
    let mut before = config(desk.folder.path(), json!({}));
    before.register = copy;
    let file = PathBuf::from(desk.path("before.jsonl"));
    salvage(&before, None, &file.display().to_string()).expect("salvaged");
    assert_eq!(counts(&recover(&desk.doctor, &file)), [3, 0, 0, 0, 0]);
    desk.drain();
    assert!(desk.items().iter().all(|item| item.state == State::Done));
    assert_eq!(desk.deposits(), [1, 2, 3].map(report_id));
}

#[test]
fn the_rules_of_today_are_asked_and_what_they_refuse_can_be_taken_back_later() {
    let desk = Desk::new();
    desk.backup();
    desk.add(1);
    desk.add(2);
    desk.change(1, "archive");
    let (desk, file) = desk.restored();
    let opposition = desk.consent(
        json!({"kind": "feeding_opposition", "means": "oral", "wording": "w",
        "reason": "motif", "document": report_id(1)}),
    );
    // Other bytes under the identifier of the second.
    let other = String::from_utf8(report(2)).expect("UTF-8");
    let other = other.replace(
        "<languageCode code=\"fr-FR\"",
        "<languageCode code=\"en-GB\"",
    );
    let in_its_place = desk
        .doctor
        .enqueue(&request(), other.as_bytes())
        .expect("handed over");
    let report = recover(&desk.doctor, &file);
    assert_eq!(counts(&report), [1, 0, 0, 2, 0], "{report:?}");
    let rules: Vec<Option<&str>> = report
        .lines
        .iter()
        .map(|line| Some(line.reason.as_ref()?.explanation.rule.as_str()))
        .collect();
    assert_eq!(
        rules,
        [
            Some("R1111-47-DOCUMENT"),
            Some("OUTBOX-OTHER-CONTENT"),
            None
        ]
    );
    desk.drain();
    assert_eq!(desk.deposits(), [report_id(2)]);

    let withdrawal = serde_json::from_value(json!({"patient": ins(), "id": opposition})).unwrap();
    desk.doctor.revoke_consent(&withdrawal).unwrap();
    let report = recover(&desk.doctor, &file);
    assert_eq!(counts(&report), [1, 1, 0, 1, 0], "{report:?}");
    desk.drain();
    assert_eq!(desk.deposits(), [report_id(2), report_id(1)]);
    assert_eq!(desk.state(in_its_place.id), State::Done);
}

#[test]
fn handed_over_again_by_hand_it_is_known() {
    let desk = Desk::new();
    desk.backup();
    desk.add(1);
    let (desk, file) = desk.restored();
    desk.add(1);
    assert_eq!(counts(&recover(&desk.doctor, &file)), [0, 1, 0, 0, 0]);
    // And given up since: it was this person's decision.
    let desk = Desk::new();
    desk.backup();
    desk.add(1);
    let (desk, file) = desk.restored();
    assert_eq!(counts(&recover(&desk.doctor, &file)), [1, 0, 0, 0, 0]);
    desk.doctor
        .give_up(&ItemRequest { id: 1 })
        .expect("given up");
    assert_eq!(counts(&recover(&desk.doctor, &file)), [0, 1, 0, 0, 0]);
}

#[test]
fn an_item_that_is_not_whole_comes_back_to_a_person_and_the_others_go() {
    let waiting = || {
        let desk = Desk::new();
        desk.backup();
        desk.add(1);
        desk.add(2);
        desk.restored()
    };
    let of = |row: &Value, item: i64| row["item"] == item;
    type Edit<'a> = &'a dyn Fn(&str, &mut Value) -> bool;
    let damages: &[(&str, Edit<'_>)] = &[
        ("without its bytes", &|table, row| {
            table != "outbox_content" || !of(row, 1)
        }),
        ("without its metadata", &|table, row| {
            table != "outbox_document" || !of(row, 1)
        }),
        ("other bytes", &|table, row| {
            if table == "outbox_content" && of(row, 1) {
                row["bytes"] = json!({"base64": "AAAA"});
            }
            true
        }),
        ("another identifier", &|table, row| {
            if table == "outbox_document" && of(row, 1) {
                row["unique_id"] = json!("1.2.250.1.999.8");
            }
            true
        }),
        ("a visibility that is none", &|table, row| {
            if table == "outbox_document" && of(row, 1) {
                row["visibility"] = json!("[\"VISIBLE\"]");
            }
            true
        }),
        ("the first of two", &|table, row| {
            if table == "outbox_document" && of(row, 1) {
                row["place"] = json!(1);
            }
            true
        }),
        ("a state that is none", &|table, row| {
            if table == "outbox" && row["id"] == 1 {
                row["state"] = json!("lost");
            }
            true
        }),
        ("a patient that is none", &|table, row| {
            if table == "outbox" && row["id"] == 1 {
                row["ins"] = json!({"base64": "AA=="});
            }
            true
        }),
    ];
    for (what, damage) in damages {
        let (desk, file) = waiting();
        let report = recover(&desk.doctor, &edited(&file, damage));
        assert_eq!(counts(&report), [1, 0, 0, 0, 1], "{what}: {report:?}");
        let line = &report.lines[0];
        let reason = line.reason.as_ref().expect("a reason");
        assert_eq!((line.was, line.id), (1, None), "{what}");
        // Which document it is, where that can still be read.
        if *what == "without its bytes" {
            assert_eq!(line.unique_ids[0].as_str(), report_id(1));
        }
        assert_eq!(reason.explanation.rule, "OUTBOX-NOT-SALVAGED", "{what}");
        desk.drain();
        assert_eq!(desk.deposits(), [report_id(2)], "{what}");
        // From a better copy the rest comes.
        assert_eq!(
            counts(&recover(&desk.doctor, &file)),
            [1, 1, 0, 0, 0],
            "{what}"
        );
    }
    // What the patient took back while it was in doubt stays where it is.
    let (desk, file) = waiting();
    let withdrawn = edited(&file, |table, row| {
        if table == "outbox" && row["id"] == 1 {
            row["withdrawn"] = json!(1);
        }
        true
    });
    assert_eq!(counts(&recover(&desk.doctor, &withdrawn)), [1, 0, 1, 0, 0]);
}

#[test]
fn the_order_of_the_rows_is_nothing() {
    let desk = Desk::new();
    desk.backup();
    for n in 1..5 {
        desk.add(n);
    }
    let (desk, file) = desk.restored();
    let text = std::fs::read_to_string(&file).expect("a salvage");
    let reversed: Vec<&str> = text.lines().rev().collect();
    std::fs::write(&file, reversed.join("\r\n")).expect("written");
    let report = recover(&desk.doctor, &file);
    assert_eq!(counts(&report), [4, 0, 0, 0, 0]);
    desk.drain();
    assert_eq!(desk.deposits(), (1..5).map(report_id).collect::<Vec<_>>());
}

#[test]
fn a_file_that_no_salvage_wrote_is_refused_whole() {
    let desk = Desk::new();
    desk.backup();
    desk.add(1);
    let (desk, file) = desk.restored();
    let text = std::fs::read(&file).expect("a salvage");
    let given = desk.folder.path().join("given.jsonl");
    let read = |path: &std::path::Path| {
        let request = RecoverRequest {
            file: path.to_owned(),
            dry_run: false,
        };
        desk.doctor.recover(&request)
    };
    let refused = |bytes: &[u8], line: usize| {
        std::fs::write(&given, bytes).expect("written");
        match read(&given).map_err(|error| error.to_string()) {
            Err(told) => {
                assert_eq!(
                    told,
                    format!("file: line {line} is none that a salvage writes")
                );
            }
            other => panic!("{other:?}"),
        }
    };
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    refused(&text[..text.len() - 20], lines);
    refused(&[&text[..], b"\n"].concat(), lines + 1);
    refused(
        &std::fs::read(desk.path("backup.db")).expect("a register"),
        1,
    );
    refused(b"{\"table\": \"outbox\"}", 1);
    refused(b"[1, 2]", 1);
    refused(&[0xff; 100], 1);
    // Longer than any document.
    refused(&vec![b' '; 50 << 20], 1);
    for path in [
        desk.folder.path().to_owned(),
        desk.folder.path().join("absent"),
    ] {
        let error = read(&path).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Storage(StorageError::CannotOpen));
    }
    assert!(desk.items().is_empty());
    std::fs::write(&given, b"").expect("written");
    assert_eq!(read(&given).expect("nothing in it").counts.items, 0);
}
