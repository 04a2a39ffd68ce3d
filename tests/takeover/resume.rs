//! Stopped anywhere and called again: each document once. A dry run leaves the register as it was.

use dmpkit::connector::takeover::TakeOverEnded;
use serde_json::json;

use crate::bench::{Desk, config, open, report, report_id, session};
use crate::shelf::{Shelf, of, run, sum};

const FILES: u32 = 9;

fn shelf() -> Shelf {
    let shelf = Shelf::new();
    for n in 0..FILES {
        shelf.put(&format!("{}/{n}.xml", n % 3), report(n));
    }
    shelf.put("0/cut.xml", &report(100)[..4000]);
    shelf
}

fn there(desk: &Desk) -> Vec<String> {
    let mut ids: Vec<_> = desk
        .items()
        .iter()
        .map(|i| i.unique_ids[0].to_string())
        .collect();
    ids.sort();
    ids
}

fn all() -> Vec<String> {
    let mut ids: Vec<_> = (0..FILES).map(report_id).collect();
    ids.sort();
    ids
}

#[test]
fn stopped_at_each_file_and_called_again_by_another_process_it_takes_each_once() {
    let shelf = shelf();
    for stop in 1..=u64::from(FILES) + 1 {
        let desk = Desk::new();
        let mut told = 0;
        let report = desk
            .doctor
            .take_over(&of(&shelf, json!({})), &mut |p| {
                told += 1;
                assert_eq!(p.counts.files, told);
                told < stop
            })
            .expect("taken over");
        assert_eq!(
            (report.ended, report.counts.files),
            (TakeOverEnded::Told, stop)
        );
        assert_eq!(sum(&report.counts), stop);
        let before = report.counts.handed_over;
        // The register as another process finds it, whatever became of this one.
        let connector = open(&config(desk.folder.path(), json!({})), &desk.told);
        let again = run(
            &session(&connector, crate::bench::DOCTOR),
            &of(&shelf, json!({})),
        );
        assert_eq!(again.counts.known, before);
        assert_eq!(again.counts.handed_over, u64::from(FILES) - before);
        // What needs a person is told by every run, whoever met it first.
        assert_eq!(again.lines.len(), 1);
        assert_eq!(there(&desk), all());
    }
}

#[test]
fn within_a_bound_of_documents_each_call_goes_on_where_the_last_one_ended() {
    let shelf = shelf();
    for bound in [1, 2, 4] {
        let desk = Desk::new();
        let request = of(&shelf, json!({"limit": bound}));
        let mut calls = 0;
        loop {
            let report = run(&desk.doctor, &request);
            assert!(report.counts.handed_over <= bound);
            calls += 1;
            if report.ended == TakeOverEnded::Complete {
                break;
            }
            assert_eq!(report.counts.handed_over, bound);
        }
        assert!(calls <= u64::from(FILES) / bound + 1);
        assert_eq!(there(&desk), all());
    }
    let desk = Desk::new();
    let none = run(&desk.doctor, &of(&shelf, json!({"limit": 0})));
    assert_eq!((none.ended, none.counts.files), (TakeOverEnded::Limit, 0));
}

#[test]
fn cut_between_the_outbox_and_what_is_settled_a_document_is_not_taken_twice() {
    let shelf = shelf();
    let desk = Desk::new();
    run(&desk.doctor, &of(&shelf, json!({})));
    // As a crash leaves it, between the two transactions.
    let file =
        rusqlite::Connection::open(desk.folder.path().join("register.db")).expect("the register");
    let forgotten = file.execute("DELETE FROM takeover", []).expect("forgotten");
    assert_eq!(forgotten, FILES as usize);
    drop(file);
    let again = run(&desk.doctor, &of(&shelf, json!({})));
    assert_eq!(
        (again.counts.handed_over, again.counts.in_outbox),
        (0, u64::from(FILES))
    );
    assert_eq!(there(&desk), all());
}

#[test]
fn two_runs_at_once_take_each_document_once() {
    let shelf = shelf();
    let desk = Desk::new();
    let others = open(&config(desk.folder.path(), json!({})), &desk.told);
    let other = session(&others, crate::bench::DOCTOR);
    let request = of(&shelf, json!({}));
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| run(&desk.doctor, &request));
        let two = scope.spawn(|| run(&other, &request));
        (one.join().expect("ran"), two.join().expect("ran"))
    });
    assert!(one.counts.handed_over + two.counts.handed_over >= u64::from(FILES));
    assert_eq!(there(&desk), all());
    desk.verified();
}

#[test]
fn a_dry_run_leaves_the_register_byte_for_byte() {
    let shelf = shelf();
    let desk = Desk::new();
    let bytes = || {
        ["register.db", "register.db-wal", "dmp.db", "dmp.db-wal"]
            .map(|name| std::fs::read(desk.folder.path().join(name)).unwrap_or_default())
    };
    let before = bytes();
    assert!(!before[0].is_empty());
    let said = run(&desk.doctor, &of(&shelf, json!({"dryRun": true})));
    assert_eq!(said.counts.handed_over, u64::from(FILES));
    assert!(bytes() == before, "something was written");
    assert!(
        desk.told.lock().expect("the plan").calls.is_empty(),
        "the DMP was asked"
    );
}
