//! The take-over of past documents: judged and handed over, then sent at night.

use std::path::{Path, PathBuf};

use dmpkit::connector::takeover::TakeOverRequest;
use dmpkit::ffi::status;
use dmpkit::rules::outbox::State;
use serde_json::json;

use super::documents::is_as_given;
use super::outbox::sending;
use super::own::{of, reply, with};
use super::{at_work, practice};
use crate::face::Reply;
use crate::practice::{report, report_id};
use crate::scenario::{Desk, Kept, Step, lasting};

/// Documents on the shelf.
const PAST: u32 = 3;

fn file(folder: &Path, n: u32) -> PathBuf {
    folder.join(format!("past-{n}.xml"))
}

/// A practice with past documents beside its files.
pub fn with_a_past(folder: &Path, kept: Kept) {
    practice(folder, kept);
    for n in 0..PAST {
        std::fs::write(file(folder, n), report(n)).expect("written");
    }
}

/// How often each past document is in the outbox, and in which states.
fn waiting(desk: &Desk) -> Vec<(String, State)> {
    let page = with(desk, |_, session| session.outbox(&of(json!({})))).expect("a list");
    let mut items: Vec<(String, State)> = page
        .items
        .iter()
        .map(|item| (item.unique_ids[0].to_string(), item.state))
        .collect();
    items.sort_by(|one, other| one.0.cmp(&other.0));
    items
}

fn each_once(desk: &Desk) {
    let ids: Vec<String> = waiting(desk).into_iter().map(|(id, _)| id).collect();
    let mut expected: Vec<String> = (0..PAST).map(report_id).collect();
    expected.sort();
    assert_eq!(ids, expected, "each past document is in the outbox once");
}

fn taken_over() -> Step {
    lasting(
        "take over",
        |desk| {
            let files: Vec<_> = (0..PAST).map(|n| file(&desk.folder, n)).collect();
            let request: TakeOverRequest = of(json!({"files": files}));
            let result = with(desk, |_, session| {
                session.take_over(&request, &mut |_| true)
            });
            match &result {
                // What could not be read is told in the report, and is taken at the next call.
                Ok(report) if report.counts.unreadable > 0 => Reply {
                    status: status::DMP_IO,
                    ..Reply::default()
                },
                _ => reply(result),
            }
        },
        |desk, _| each_once(desk),
    )
    .leaving(|desk| {
        let mut ids: Vec<String> = waiting(desk).into_iter().map(|(id, _)| id).collect();
        let found = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), found, "a past document is in the outbox twice");
    })
}

fn sent() -> Step {
    sending("send", &["take over"], |desk| {
        each_once(desk);
        for (id, state) in waiting(desk) {
            assert_eq!(state, State::Done, "{id}");
        }
        for n in 0..PAST {
            is_as_given(desk, &report_id(n), &report(n));
            desk.journalled("document.feed", &report_id(n));
        }
    })
}

/// A run, then the sending; a run that is done again hands nothing over twice.
pub fn steps() -> Vec<Step> {
    at_work([taken_over(), sent()])
}
