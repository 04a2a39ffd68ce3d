//! Duplicates of each kind on this side, and the order of replacements.

use dmpkit::connector::feed::FeedOptions;
use dmpkit::connector::takeover::TakeOverEnded;
use dmpkit::rules::outbox::State;
use serde_json::json;

use crate::bench::{Desk, ins, replacement, report, report_id};
use crate::shelf::{Shelf, dry_and_run, of, rules, run, said};

fn altered(n: u32) -> Vec<u8> {
    [&report(n)[..], b"<!-- -->"].concat()
}

#[test]
fn copies_in_a_folder_go_once_and_other_content_under_one_identifier_is_for_a_person() {
    let shelf = Shelf::new();
    let files = json!([
        shelf.put("a.xml", report(1)),
        shelf.put("copy of a.xml", report(1)),
        shelf.put("a again.xml", altered(1)),
    ]);
    let desk = Desk::new();
    let request = serde_json::from_value(json!({"files": files})).expect("a request");
    let done = dry_and_run(&desk.doctor, &request);
    let c = done.counts;
    assert_eq!((c.handed_over, c.duplicates, c.to_correct), (1, 1, 1));
    assert_eq!(rules(&done), [said("a again.xml", "TAKEOVER-IDENTIFIER")]);
    assert_eq!(done.lines[0].remedy.code, "new_identifier");
    // Called again: the first is known by its content, and so is its copy.
    let done = run(&desk.doctor, &request);
    let c = done.counts;
    assert_eq!(
        (c.handed_over, c.known, c.duplicates, c.to_correct),
        (0, 1, 1, 1)
    );
    assert_eq!(desk.items().len(), 1);
}

#[test]
fn what_was_fed_or_waits_already_does_not_go_again() {
    let shelf = Shelf::new();
    shelf.put("fed.xml", report(1));
    shelf.put("waits.xml", report(2));
    shelf.put("sent.xml", report(3));
    shelf.put("fed, changed.xml", altered(1));
    shelf.put("waits, changed.xml", altered(2));
    shelf.put("new.xml", report(4));
    let desk = Desk::new();
    let request = serde_json::from_value(json!({"patient": ins()})).expect("a request");
    let access = desk.doctor.access(&request).expect("an access");
    access
        .feed(&report(1), &FeedOptions::default())
        .expect("fed");
    desk.add(3);
    desk.drain();
    desk.add(2);
    let done = dry_and_run(&desk.doctor, &of(&shelf, json!({})));
    let c = done.counts;
    assert_eq!(
        (c.handed_over, c.already_fed, c.in_outbox, c.to_correct),
        (1, 2, 1, 2)
    );
    assert_eq!(
        rules(&done),
        [
            said("fed, changed.xml", "TAKEOVER-IDENTIFIER"),
            said("waits, changed.xml", "TAKEOVER-IDENTIFIER")
        ]
    );
}

#[test]
fn what_a_colleague_handed_over_does_not_go_again() {
    let shelf = Shelf::new();
    shelf.put("a.xml", report(1));
    let desk = Desk::new();
    desk.add(1);
    let colleague = crate::bench::session(&desk.connector, "899900112233");
    let done = dry_and_run(&colleague, &of(&shelf, json!({})));
    assert_eq!((done.counts.handed_over, done.counts.in_outbox), (0, 1));
}

#[test]
fn a_document_goes_after_the_one_it_replaces_in_whatever_order_they_are_met() {
    let shelf = Shelf::new();
    let files = [
        shelf.put("third.xml", replacement(3, 2)),
        shelf.put("second.xml", replacement(2, 1)),
        shelf.put("first.xml", report(1)),
    ];
    let desk =
        Desk::with(json!({"feedsPerSecond": 0, "takeOverFromMinute": 0, "takeOverToMinute": 0}));
    let request = serde_json::from_value(json!({"files": files})).expect("a request");
    let done = dry_and_run(&desk.doctor, &request);
    assert_eq!((done.counts.handed_over, done.lines.len()), (3, 0));
    desk.drain();
    assert!(desk.items().iter().all(|item| item.state == State::Done));
    assert_eq!(desk.deposits(), [report_id(1), report_id(2), report_id(3)]);
}

#[test]
fn one_that_replaces_what_nobody_here_knows_goes_last_with_a_word_about_it() {
    let shelf = Shelf::new();
    shelf.put("second.xml", replacement(2, 1));
    shelf.put("third.xml", replacement(3, 2));
    shelf.put("other.xml", report(9));
    let desk = Desk::new();
    let done = dry_and_run(&desk.doctor, &of(&shelf, json!({})));
    assert_eq!(done.counts.handed_over, 3);
    let mut ids: Vec<_> = desk
        .items()
        .iter()
        .map(|i| i.unique_ids[0].to_string())
        .collect();
    assert_eq!(ids.remove(0), report_id(9));
    assert!(rules(&done).contains(&said("second.xml", "TAKEOVER-REPLACED")));
    // A run that ends before every file was met leaves them for the next.
    let desk = Desk::new();
    let files = json!([
        shelf.path().join("second.xml"),
        shelf.path().join("other.xml"),
        shelf.put("first.xml", report(1)),
    ]);
    let request = serde_json::from_value(json!({"files": files, "limit": 1})).expect("a request");
    let done = dry_and_run(&desk.doctor, &request);
    assert_eq!(done.ended, TakeOverEnded::Limit);
    assert_eq!((done.counts.handed_over, done.counts.later), (1, 1));
    run(&desk.doctor, &request);
    run(&desk.doctor, &request);
    let order: Vec<_> = desk
        .items()
        .iter()
        .map(|i| i.unique_ids[0].to_string())
        .collect();
    assert_eq!(order, [report_id(9), report_id(1), report_id(2)]);
}

#[test]
fn what_was_given_up_stays_given_up_until_it_is_judged_again() {
    let shelf = Shelf::new();
    shelf.put("a.xml", report(1));
    let desk = Desk::new();
    run(&desk.doctor, &of(&shelf, json!({})));
    let id = desk.items()[0].id;
    desk.doctor
        .give_up(&dmpkit::connector::outbox::ItemRequest { id })
        .expect("given up");
    assert_eq!(run(&desk.doctor, &of(&shelf, json!({}))).counts.known, 1);
    let again = dry_and_run(&desk.doctor, &of(&shelf, json!({"again": true})));
    assert_eq!(again.counts.handed_over, 1);
}

#[test]
fn what_breaks_a_rule_of_documents_is_told_again_without_being_checked_again() {
    let shelf = Shelf::new();
    // Only the whole check finds it: the header is good, the file in the body is not what it says.
    let text = String::from_utf8(report(1)).expect("UTF-8");
    let bad = text.replace(
        "mediaType=\"application/pdf\"",
        "mediaType=\"application/zip\"",
    );
    shelf.put("a.xml", bad);
    let desk = Desk::new();
    let first = dry_and_run(&desk.doctor, &of(&shelf, json!({})));
    assert_eq!(first.counts.to_correct, 1);
    for asked in [json!({}), json!({"again": true})] {
        let next = dry_and_run(&desk.doctor, &of(&shelf, asked));
        assert_eq!((next.counts, &next.lines), (first.counts, &first.lines));
    }
}
