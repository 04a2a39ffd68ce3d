//! The journal for those who oversee: sealed, exported, shortened after its time, the bris de glace reviewed.

#[path = "common/face.rs"]
mod face;
#[path = "common/practice.rs"]
mod practice;

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use dmpkit::clock::Instant;
use dmpkit::connector::oversight::{ExportFormat, ExportRequest, JournalFilter, PruneRequest};
use dmpkit::error::{ErrorKind, StorageError};
use dmpkit::{Connector, Session};
use face::call;
use practice::{
    Practice, ask, bare, config_on_files, doctor, ins, open_access, open_connector, open_dossier,
    open_session, report, report_id, traits, welcome,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A practice on files, whatever the back end of the other tests.
fn practice() -> Practice {
    let folder = practice::folder();
    let connector = open_connector(&config_on_files(folder.path()));
    open_dossier(connector, &ins(), &traits());
    let session = open_session(connector, &doctor());
    let access = welcome(session, &ins(), &traits());
    Practice {
        folder,
        connector,
        session,
        access,
    }
}

/// The same register, from Rust.
fn in_rust(folder: &Path) -> (Connector, Session) {
    let config = serde_json::from_value(config_on_files(folder)).expect("a configuration");
    let connector = Connector::open(config).expect("opened");
    let requester = serde_json::from_value(doctor()).expect("a requester");
    let session = connector.session(requester).expect("a session");
    (connector, session)
}

fn emergency(session: usize, reason: &str) -> usize {
    let request =
        json!({"patient": ins(), "mode": "bris_de_glace", "reason": reason, "minutes": 30});
    ask("dmp_access_open", session, &request).ok().handle
}

fn set_time(connector: usize, at: &str) {
    call("dmp_connector_set_time", connector, Some(at), None).ok();
}

/// A bris de glace in which two documents are read, one twice, and one is not there.
fn story(p: &Practice) {
    for n in 1..=2 {
        p.feed(&report(n), &json!({})).ok();
    }
    p.read(&report_id(1)).ok();
    let access = emergency(
        p.session,
        "Patiente inconsciente\u{7}\n, amenée par le SAMU",
    );
    bare("dmp_document_find", access).ok();
    for n in [1, 2, 1] {
        call("dmp_document_read", access, Some(&report_id(n)), None).ok();
    }
    let absent = call("dmp_document_read", access, Some("1.2.3"), None);
    assert_eq!(absent.name(), "DMP_UNKNOWN_DOCUMENT");
    bare("dmp_access_close", access).ok();
}

fn export(session: &Session, format: ExportFormat, filter: Option<JournalFilter>) -> Vec<u8> {
    let mut lines = Vec::new();
    let request = ExportRequest { format, filter };
    let answer = session.export_journal(&request, &mut lines).expect("done");
    assert_eq!(answer.bytes, lines.len() as i64);
    assert_eq!(
        answer.entries as usize,
        lines.split(|b| *b == b'\n').count() - 1
    );
    let sum: String = Sha256::digest(&lines)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(answer.sha256, sum);
    lines
}

fn records(lines: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(lines).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// Runs a script of this folder on these lines; what it prints. `None` when Python lacks what it needs.
fn python(script: &str, needs: &str, lines: &[u8]) -> Option<String> {
    let import = format!("import {needs}");
    let has = Command::new("python3")
        .args(["-c", &import])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !has {
        println!("skipped: python3 has no {needs}");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/oversight")
        .join(script);
    let mut child = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(lines)
        .expect("read");
    let output = child.wait_with_output().expect("ended");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[test]
fn an_export_in_json_lines_holds_every_entry_and_is_checked_without_this_library() {
    let p = practice();
    story(&p);
    let (rust, session) = in_rust(p.folder.path());
    let lines = export(&session, ExportFormat::Json, None);
    let exported = records(&lines);
    // The entries as the audit tells them, but for the hash before.
    let mut told = rust
        .journal(&JournalFilter::default())
        .expect("the journal")
        .entries;
    told.truncate(exported.len());
    for (line, entry) in exported.iter().zip(&told) {
        let mut entry = serde_json::to_value(entry).expect("JSON");
        entry["previous"] = line["previous"].clone();
        assert_eq!(*line, entry);
    }
    if let Some(count) = python("chain.py", "hashlib", &lines) {
        assert_eq!(count, exported.len().to_string());
        // One letter changed, and the script says so: it is no script that always agrees.
        let text =
            String::from_utf8(lines)
                .expect("UTF-8")
                .replacen("document.feed", "document.find", 1);
        let spoilt = std::panic::catch_unwind(|| python("chain.py", "hashlib", text.as_bytes()));
        assert!(spoilt.is_err());
    }
    p.close();
}

#[test]
fn an_export_in_fhir_is_read_by_another_implementation_and_says_who_what_whom_and_why() {
    let p = practice();
    story(&p);
    ask(
        "dmp_journal_prune",
        p.session,
        &json!({"before": "2026-01-01T00:00:00Z", "reason": "x"}),
    );
    call("dmp_journal_seal", p.connector, None, Some(&[7; 32])).ok();
    let (_, session) = in_rust(p.folder.path());
    let lines = export(&session, ExportFormat::Fhir, None);
    let events = records(&lines);
    assert!(events.len() > 20);
    if let Some(count) = python("audit_event.py", "fhir.resources", &lines) {
        assert_eq!(count, events.len().to_string());
        // It refuses what is none.
        let first = lines.split(|b| *b == b'\n').next().expect("a line");
        let spoilt = String::from_utf8_lossy(first).replace("\"recorded\"", "\"recordedAt\"");
        let refused = std::panic::catch_unwind(|| {
            python("audit_event.py", "fhir.resources", spoilt.as_bytes())
        });
        assert!(refused.is_err());
    }
    let of = |action: &str, purpose: &str| {
        let found = events.iter().find(|e| {
            let last = e["subtype"]
                .as_array()
                .and_then(|s| s.last())
                .expect("a subtype");
            let why = &e["purposeOfEvent"][0]["coding"][0]["code"];
            last["code"] == action && (purpose.is_empty() || why == purpose)
        });
        found
            .unwrap_or_else(|| panic!("{action} {purpose}"))
            .clone()
    };
    let read = of("document.read", "BTG");
    assert_eq!(read["type"]["code"], "110107");
    assert_eq!(read["subtype"][0]["code"], "ITI-43");
    assert_eq!(
        (&read["action"], &read["outcome"]),
        (&json!("C"), &json!("0"))
    );
    let who = &read["agent"][0]["who"]["identifier"];
    assert_eq!(
        *who,
        json!({"system": "urn:oid:1.2.250.1.71.4.2.1", "value": "899900987654"})
    );
    let structure = &read["agent"][1]["who"]["identifier"];
    assert_eq!(structure["system"], "urn:oid:1.2.250.1.71.4.2.2");
    let patient = &read["entity"][0]["what"]["identifier"];
    assert_eq!(
        *patient,
        json!({"system": "urn:oid:1.2.250.1.213.1.4.10", "value": "279035121518989"})
    );
    let document = &read["entity"][1]["what"]["identifier"]["value"];
    assert_eq!(*document, json!(format!("urn:oid:{}", report_id(1))));
    let opened = of("access.open", "BTG");
    assert_eq!(
        opened["subtype"][0]["code"], "110127",
        "Emergency Override Started"
    );
    let details = opened["entity"]
        .as_array()
        .expect("entities")
        .last()
        .expect("the entry");
    let reason = details["detail"]
        .as_array()
        .expect("details")
        .last()
        .expect("the reason");
    assert_eq!(
        reason["valueString"],
        "Patiente inconsciente  , amenée par le SAMU"
    );
    // By outcome: refused by the library or by the DMP; about to be asked.
    let absent = events.iter().find(|e| {
        e["outcomeDesc"]
            .as_str()
            .is_some_and(|d| d.starts_with("unknown"))
    });
    assert_eq!(
        absent.expect("the document that is not there")["outcome"],
        "4"
    );
    assert_eq!(of("journal.prune", "")["outcome"], "4");
    let intent = events
        .iter()
        .find(|e| e["outcomeDesc"] == "intent")
        .expect("an intent");
    assert!(intent["outcome"].is_null());
    // A structure that acts by itself is the one who asks.
    let sealed = of("journal.seal", "");
    assert_eq!(
        sealed["agent"][0]["who"]["identifier"]["system"],
        "urn:oid:1.2.250.1.71.4.2.2"
    );
    p.close();
}

#[test]
fn who_exports_and_what_is_in_the_journal_with_the_digest_of_what_was_given() {
    let p = practice();
    story(&p);
    let (rust, session) = in_rust(p.folder.path());
    let filter = JournalFilter {
        action: Some("document.read".to_owned()),
        limit: Some(2),
        ..JournalFilter::default()
    };
    let lines = export(&session, ExportFormat::Json, Some(filter));
    assert_eq!(records(&lines).len(), 2);
    assert!(
        records(&lines)
            .iter()
            .all(|e| e["action"] == "document.read")
    );
    let exports = JournalFilter {
        action: Some("journal.export".to_owned()),
        ..JournalFilter::default()
    };
    let told = rust.journal(&exports).expect("the journal").entries;
    let outcomes: Vec<&str> = told.iter().map(|e| e.outcome.as_str()).collect();
    assert_eq!(outcomes, ["intent", "done"]);
    assert_eq!(told[0].actor, "899900987654");
    let asked: Value =
        serde_json::from_str(told[0].detail.as_deref().expect("what")).expect("JSON");
    assert_eq!(
        asked,
        json!({"format": "json", "filter": {"action": "document.read", "limit": 2}})
    );
    let sum: String = Sha256::digest(&lines)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(
        told[1].detail,
        Some(format!("json; 2 entries; sha256 {sum}"))
    );
    p.close();
}

/// Takes so many pieces, then fails.
struct Pieces {
    left: usize,
    longest: usize,
    taken: usize,
    connector: Option<Connector>,
}

impl Write for Pieces {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        assert!(piece.ends_with(b"\n"));
        if let Some(connector) = &self.connector {
            let error = connector.verify_journal().expect_err("from within");
            assert!(matches!(error.kind(), ErrorKind::Caller { .. }), "{error}");
        }
        if self.left == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.left -= 1;
        self.taken += 1;
        self.longest = self.longest.max(piece.len());
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_long_journal_goes_in_small_pieces_and_what_stops_it_is_told() {
    let p = practice();
    let file =
        rusqlite::Connection::open(p.folder.path().join("register.db")).expect("the register");
    // Not of the chain: an export hands over what is there.
    file.execute_batch(
        "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 7000)
         INSERT INTO journal SELECT i, 0, '899900987654', '499900987654001', NULL, NULL, 'document.find', NULL,
             'done', NULL, NULL, NULL, zeroblob(32), zeroblob(32) FROM n;",
    )
    .expect("filled");
    let (rust, session) = in_rust(p.folder.path());
    let request = ExportRequest {
        format: ExportFormat::Fhir,
        filter: None,
    };
    let mut all = Pieces {
        left: usize::MAX,
        longest: 0,
        taken: 0,
        connector: Some(rust.clone()),
    };
    let answer = session.export_journal(&request, &mut all).expect("done");
    assert!(answer.entries > 6_000 && all.taken > 100, "{answer:?}");
    assert!(all.longest < 40 * 1024, "{}", all.longest);
    let mut few = Pieces { left: 3, ..all };
    let stopped = session
        .export_journal(&request, &mut few)
        .expect_err("stopped");
    assert!(matches!(
        stopped.kind(),
        ErrorKind::Storage(StorageError::Full)
    ));
    let last = rust
        .journal(&JournalFilter::default())
        .expect("the journal")
        .entries
        .pop();
    let last = last.expect("an entry");
    assert_eq!(
        (last.action.as_str(), last.outcome.as_str()),
        ("journal.export", "failed")
    );
    p.close();
}

#[test]
fn a_host_seals_and_checks_with_what_it_kept() {
    let p = practice();
    let verify = |check: Option<&Value>, keys: &[u8]| {
        let check = check.map(Value::to_string);
        let keys = (!keys.is_empty()).then_some(keys);
        call(
            "dmp_journal_verify_sealed",
            p.connector,
            check.as_deref(),
            keys,
        )
    };
    let first = call("dmp_journal_seal", p.connector, None, Some(&[7; 32]))
        .ok()
        .json();
    story(&p);
    let second = call("dmp_journal_seal", p.connector, None, Some(&[8; 32]))
        .ok()
        .json();
    let kept = json!({"seals": [first, second]});
    let both = [[7_u8; 32], [8; 32]].concat();
    let found = verify(Some(&kept), &both).ok().json();
    assert_eq!(found["intact"], true, "{found}");
    assert_eq!(found["seals"]["authenticated"], 4);
    let found = verify(Some(&kept), &[7; 32]).ok().json();
    assert_eq!(found["faults"][0]["code"], "seal_forged");
    assert_eq!(found["faults"][0]["seal"], 2);
    for (name, key) in [
        ("dmp_journal_seal", &[7_u8; 31][..]),
        ("dmp_journal_seal", &[0; 32]),
    ] {
        let reply = call(name, p.connector, None, Some(key));
        assert_eq!(reply.name(), "DMP_INVALID_VALUE");
    }
    assert_eq!(verify(None, &[1; 33]).name(), "DMP_INVALID_VALUE");
    assert_eq!(verify(None, &[1; 32 * 65]).name(), "DMP_INVALID_VALUE");
    // Someone goes back to the file of the day before.
    let file =
        rusqlite::Connection::open(p.folder.path().join("register.db")).expect("the register");
    let number = first["number"].as_i64().expect("a number");
    file.execute_batch(&format!(
        "DROP TRIGGER journal_is_not_deleted; DROP TRIGGER journal_seal_is_not_deleted;
         DELETE FROM journal WHERE number > {}; DELETE FROM journal_seal WHERE serial = 2;",
        number + 1
    ))
    .expect("cut off");
    assert_eq!(
        bare("dmp_journal_verify", p.connector).ok().json()["intact"],
        true
    );
    assert_eq!(
        verify(None, &both).ok().json()["intact"],
        true,
        "the file alone cannot tell"
    );
    let found = verify(Some(&kept), &both).ok().json();
    assert_eq!(found["faults"][0]["code"], "truncated");
    assert_eq!(found["faults"][0]["entry"], number + 2);
    let sentence = found["faults"][0]["sentence"].as_str().expect("French");
    assert!(sentence.contains("disparu") && found["faults"][0]["remedy"].is_string());
    p.close();
}

/// Whether the register's files hold a text.
fn on_the_disk(folder: &Path, text: &str) -> bool {
    ["register.db", "register.db-wal"].iter().any(|name| {
        let bytes = std::fs::read(folder.join(name)).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

#[test]
fn what_is_removed_after_its_time_is_gone_from_the_disk_and_the_journal_stays_whole() {
    let p = practice();
    story(&p);
    let ask_for = |before: &str, reason: &str| {
        ask(
            "dmp_journal_prune",
            p.session,
            &json!({"before": before, "reason": reason}),
        )
    };
    // Too young; and the refusal is in the journal, with its reason.
    let refused = ask_for("2025-06-01T00:00:00Z", "ZZMARQUE");
    assert_eq!(refused.name(), "DMP_REFUSED");
    let told = refused.json();
    assert_eq!(told["rule"], "JOURNAL-RETENTION");
    assert_eq!(told["remedies"][0]["code"], "choose_earlier_date");
    let last = p.journal().pop().expect("an entry");
    assert_eq!(last["outcome"], "refused");
    assert!(on_the_disk(p.folder.path(), "ZZMARQUE"));
    let seal = call("dmp_journal_seal", p.connector, None, Some(&[7; 32]))
        .ok()
        .json();
    set_time(p.connector, "2037-01-01T00:00:00Z");
    // The bris de glace of that year was never reviewed.
    let refused = ask_for("2026-06-01T00:00:00Z", "Dix ans");
    assert_eq!(refused.name(), "DMP_REFUSED");
    let told = refused.json();
    assert_eq!(told["rule"], "JOURNAL-UNREVIEWED");
    assert_eq!(told["remedies"][0]["code"], "review_emergencies");
    ask(
        "dmp_emergency_review",
        p.session,
        &json!({"id": 1, "note": "Justifié"}),
    )
    .ok();
    let before = p.journal().len();
    let pruned = ask_for("2026-06-01T00:00:00Z", "Dix ans").ok().json();
    let removed = pruned["removed"].as_i64().expect("a count");
    assert!(removed > 15);
    assert_eq!(p.journal().len() as i64, before as i64 - removed + 1);
    assert!(
        !on_the_disk(p.folder.path(), "ZZMARQUE"),
        "the disk still holds it"
    );
    assert_eq!(p.verified(), p.journal().len() as i64);
    let last = p.journal().pop().expect("an entry");
    assert_eq!(
        (&last["action"], &last["actor"]),
        (&json!("journal.prune"), &json!("899900987654"))
    );
    let check = json!({"seals": [seal]}).to_string();
    let found = call(
        "dmp_journal_verify_sealed",
        p.connector,
        Some(&check),
        Some(&[7; 32]),
    )
    .ok()
    .json();
    assert_eq!(found["intact"], true, "{found}");
    assert_eq!(found["boundary"], pruned["boundary"]);
    assert_eq!(found["seals"]["belowBoundary"], 1);
    assert_eq!(pruned["erased"], true);
    // Nothing more is old enough.
    let again = ask_for("2026-06-01T00:00:00Z", "Dix ans").ok().json();
    assert_eq!(
        (&again["removed"], &again["boundary"]),
        (&json!(0), &Value::Null)
    );
    // Someone reads meanwhile: what goes is gone from the journal, and said not to be from the disk.
    let reader =
        rusqlite::Connection::open(p.folder.path().join("register.db")).expect("the register");
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM journal;")
        .expect("reading");
    set_time(p.connector, "2049-01-01T00:00:00Z");
    let held = ask_for("2038-06-01T00:00:00Z", "Dix ans").ok().json();
    assert_eq!(held["erased"], false, "{held}");
    assert!(
        held["sentence"]
            .as_str()
            .expect("French")
            .contains("pas encore")
    );
    drop(reader);
    // What was counted of the bris de glace is not there any more, and is not made up.
    let list = bare("dmp_emergency_list", p.connector).ok().json();
    assert!(list["emergencies"][0]["consulted"].is_null());
    p.close();
}

#[test]
fn how_long_entries_stay_at_least_is_a_parameter() {
    let folder = practice::folder();
    let mut config = config_on_files(folder.path());
    config["parameters"] = json!({"journalMonths": 12});
    let rust =
        Connector::open(serde_json::from_value(config).expect("a configuration")).expect("opened");
    let session = rust
        .session(serde_json::from_value(doctor()).expect("a requester"))
        .expect("a session");
    rust.set_time(Instant::parse("2027-02-01T00:00:00Z").expect("an instant"))
        .expect("moved");
    let ask = |before: &str| {
        session.prune_journal(&PruneRequest {
            before: Instant::parse(before).expect("an instant"),
            reason: "Un an".to_owned(),
        })
    };
    assert!(ask("2026-02-01T00:00:01Z").is_err());
    assert_eq!(ask("2026-02-01T00:00:00Z").expect("done").removed, 1);
    let blank = PruneRequest {
        before: Instant::parse("2026-01-01T00:00:00Z").expect("an instant"),
        reason: " ".to_owned(),
    };
    assert!(session.prune_journal(&blank).is_err());
    assert!(rust.verify_journal().expect("verified").intact);
}

#[test]
fn the_review_list_says_what_was_consulted_what_is_open_and_what_is_overdue() {
    let p = practice();
    story(&p);
    set_time(p.connector, "2026-01-12T09:01:00Z");
    let access = emergency(p.session, "Coma");
    let list = || bare("dmp_emergency_list", p.connector).ok().json()["emergencies"].clone();
    let two = list();
    assert_eq!(
        two[0]["consulted"],
        json!({"searches": 1, "reads": 3, "documents": 2, "refused": 1})
    );
    assert_eq!(
        (&two[0]["open"], &two[1]["open"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(two[1]["consulted"]["reads"], 0);
    assert_eq!(two[1]["reviewDueAt"], "2026-01-19T09:31:00Z");
    // It ends by itself, and a week goes by.
    set_time(p.connector, "2026-01-19T09:31:00Z");
    assert_eq!(
        (&list()[1]["open"], &list()[1]["overdue"]),
        (&json!(false), &json!(false))
    );
    set_time(p.connector, "2026-01-19T09:31:01Z");
    assert_eq!(list()[1]["overdue"], true);
    ask(
        "dmp_emergency_review",
        p.session,
        &json!({"id": 2, "note": "Justifié"}),
    )
    .ok();
    assert_eq!(list()[1]["overdue"], false);
    // What the same doctor does on the same patient outside of it is not counted.
    let normal = open_access(p.session, &ins());
    call("dmp_document_read", normal, Some(&report_id(1)), None).ok();
    assert_eq!(list()[0]["consulted"]["reads"], 3);
    bare("dmp_access_close", normal).ok();
    bare("dmp_access_close", access);
    p.close();
}
