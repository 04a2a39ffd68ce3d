//! Files as they lie in real folders: told apart by content, in every encoding; what cannot be read is told; nothing of
//! a path is kept; bytes stay bytes.

use std::sync::{Arc, Mutex};

use dmpkit::connector::takeover::{FileOutcome, TakeOverEnded, count_files};
use serde_json::json;

use crate::bench::{Desk, ins, report, report_id};
use crate::shelf::{Shelf, dry_and_run, of, rules, run, said};

fn utf16(text: &str) -> Vec<u8> {
    let text = text.replacen("UTF-8", "UTF-16", 1);
    [0xFEFF]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect()
}

fn text(n: u32) -> String {
    String::from_utf8(report(n)).expect("UTF-8")
}

#[test]
fn documents_are_known_by_what_they_hold_and_the_rest_is_left() {
    let shelf = Shelf::new();
    shelf.put("plain.xml", report(1));
    shelf.put("no extension", report(2));
    shelf.put("sub/sub sub/deep.PDF", report(3));
    shelf.put("utf16.xml", utf16(&text(4)));
    shelf.put(
        "windows.xml",
        format!("\u{FEFF}{}", text(5).replace('\n', "\r\n")),
    );
    // Not documents, and nobody's trouble.
    shelf.put("image.xml", b"\x89PNG\r\n\x1a\n");
    shelf.put("page.xml", b"<!DOCTYPE html><html><body/></html>");
    shelf.put("settings.xml", b"<settings/>");
    shelf.put("letter.doc", b"\xD0\xCF\x11\xE0");
    shelf.put("empty.xml", b"");
    // Documents that cannot be read.
    shelf.put("cut.xml", &report(6)[..4000]);
    shelf.put("bad/dtd.xml", include_bytes!("../fixtures/bad/dtd.xml"));
    shelf.put(
        "bad/bombe.xml",
        include_bytes!("../fixtures/bad/bombe_entites.xml"),
    );
    let mut large = text(7).replace("</ClinicalDocument>", "");
    large.push_str(&" ".repeat(33 * 1024 * 1024));
    large.push_str("</ClinicalDocument>");
    shelf.put("large.xml", large);
    let mut video = b"<video>".to_vec();
    video.resize(33 * 1024 * 1024, b' ');
    shelf.put("video.xml", video);
    // Not conforming.
    let untitled = text(8)
        .replace("<title>", "<title nullFlavor=\"UNK\"><!--")
        .replace("</title>", "--></title>");
    shelf.put("untitled.xml", untitled);
    #[cfg(unix)]
    {
        let target = shelf.path().join("plain.xml");
        std::os::unix::fs::symlink(target, shelf.path().join("link.xml")).expect("a link");
        std::os::unix::fs::symlink(shelf.path(), shelf.path().join("sub/round")).expect("a link");
        let pipe = std::process::Command::new("mkfifo")
            .arg(shelf.path().join("pipe.xml"))
            .status();
        assert!(pipe.expect("mkfifo").success());
    }
    assert_eq!(count_files(shelf.path()).expect("counted"), 19);
    let desk = Desk::new();
    let done = dry_and_run(&desk.doctor, &of(&shelf, json!({})));
    let c = done.counts;
    assert_eq!(
        (c.files, c.handed_over, c.to_correct, c.unreadable, c.others),
        (19, 5, 1, 4, 9)
    );
    assert_eq!(
        rules(&done),
        [
            said("bombe.xml", "TAKEOVER-READ"),
            said("cut.xml", "TAKEOVER-READ"),
            said("dtd.xml", "TAKEOVER-READ"),
            said("large.xml", "TAKEOVER-SIZE"),
            said("untitled.xml", "CDA-TITLE-MISSING"),
        ]
    );
}

#[test]
fn a_list_of_files_is_taken_in_its_order_and_says_what_is_no_file() {
    let shelf = Shelf::new();
    let files = json!([
        shelf.put("b.xml", report(1)),
        shelf.path().join("absent.xml"),
        shelf.path(),
        shelf.put("a.xml", report(2)),
    ]);
    let desk = Desk::new();
    let request = serde_json::from_value(json!({"files": files})).expect("a request");
    let done = dry_and_run(&desk.doctor, &request);
    let places: Vec<_> = done
        .lines
        .iter()
        .map(|l| (l.index, l.rule.as_str()))
        .collect();
    assert_eq!(places, [(2, "TAKEOVER-FILE"), (3, "TAKEOVER-LINK")]);
    assert!(
        done.lines
            .iter()
            .all(|l| l.outcome == FileOutcome::Unreadable)
    );
    let order: Vec<_> = desk
        .items()
        .iter()
        .map(|i| i.unique_ids[0].to_string())
        .collect();
    assert_eq!(order, [report_id(1), report_id(2)]);
}

#[test]
fn what_is_in_the_dmp_afterwards_are_the_bytes_of_the_file() {
    let shelf = Shelf::new();
    let bytes = utf16(&text(1).replace('\n', "\r\n"));
    shelf.put("a", &bytes);
    let desk =
        Desk::with(json!({"feedsPerSecond": 0, "takeOverFromMinute": 0, "takeOverToMinute": 0}));
    run(&desk.doctor, &of(&shelf, json!({})));
    desk.drain();
    desk.consent(json!({"kind": "care_team", "means": "oral", "wording": "w"}));
    let request = serde_json::from_value(json!({"patient": ins()})).expect("a request");
    let access = desk.doctor.access(&request).expect("an access");
    access
        .authorise(dmpkit::dossier::AuthorisationChange::Declare)
        .expect("declared");
    let (read, _) = access
        .read(&dmpkit::document::Oid::new(&report_id(1)).unwrap())
        .expect("read");
    assert!(read == bytes);
}

#[test]
fn no_path_is_kept_nor_logged() {
    let shelf = Shelf::new();
    shelf.put("DUPONT-ZZSECRET/a.xml", report(1));
    shelf.put("DUPONT-ZZSECRET/cut.xml", &report(2)[..4000]);
    let untitled = text(3)
        .replace("<title>", "<title nullFlavor=\"UNK\"><!--")
        .replace("</title>", "--></title>");
    shelf.put("DUPONT-ZZSECRET/untitled.xml", untitled);
    let desk = Desk::new();
    let logged = Arc::new(Mutex::new(String::new()));
    let log = Arc::clone(&logged);
    desk.connector
        .set_log(Some(Box::new(move |_, line| {
            log.lock().expect("the log").push_str(line)
        })))
        .expect("a log");
    let done = run(&desk.doctor, &of(&shelf, json!({})));
    assert_eq!(done.lines.len(), 2);
    assert!(done.lines.iter().all(|l| l.path.contains("ZZSECRET")));
    desk.connector.close().expect("closed");
    let mut looked_at = 0;
    for file in std::fs::read_dir(desk.folder.path()).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("readable");
        assert!(!bytes.windows(8).any(|here| here == b"ZZSECRET"));
        looked_at += 1;
    }
    assert!(looked_at >= 2);
    assert!(!logged.lock().expect("the log").contains("ZZSECRET"));
}

#[test]
fn the_report_keeps_as_many_lines_as_asked_and_the_progress_gives_them_all() {
    let shelf = Shelf::new();
    for n in 0..7 {
        shelf.put(&format!("{n}.xml"), &report(n)[..4000]);
    }
    let desk = Desk::new();
    let mut told = 0;
    let request = of(&shelf, json!({"lines": 3}));
    let done = desk
        .doctor
        .take_over(&request, &mut |p| {
            told += p.lines.len();
            true
        })
        .expect("taken over");
    assert_eq!((done.lines.len(), done.more_lines, told), (3, 4, 7));
    assert_eq!(done.ended, TakeOverEnded::Complete);
}

#[test]
fn the_progress_function_cannot_call_back_in() {
    let shelf = Shelf::new();
    shelf.put("a.xml", report(1));
    let desk = Desk::new();
    let connector = desk.connector.clone();
    let mut refused = false;
    desk.doctor
        .take_over(&of(&shelf, json!({})), &mut |_| {
            refused = connector.verify_journal().is_err();
            true
        })
        .expect("taken over");
    assert!(refused);
}

#[test]
fn one_entry_of_the_journal_says_what_a_run_did_and_a_dry_run_leaves_none() {
    let shelf = Shelf::new();
    shelf.put("a.xml", report(1));
    shelf.put("b.xml", b"no document");
    let desk = Desk::new();
    let entries = || {
        let filter = serde_json::from_value(json!({"action": "takeover.run"})).expect("a filter");
        desk.connector.journal(&filter).expect("read").entries
    };
    run(&desk.doctor, &of(&shelf, json!({"dryRun": true})));
    assert!(entries().is_empty());
    run(&desk.doctor, &of(&shelf, json!({})));
    let written = entries();
    assert_eq!(written.len(), 1);
    assert_eq!(
        written[0].detail.as_deref(),
        Some("2 files, 1 handed over, 0 not")
    );
    desk.verified();
}
