//! Documents fed, alone and in lots, replaced, masked, archived.

use std::path::Path;

use serde_json::{Value, json};

use super::{at_work, practice};
use crate::face::{Reply, call};
use crate::practice::{bare, doctor, ins, open_access, open_session, report, report_id};
use crate::scenario::{Desk, Kept, Step, lasting};

fn fed(desk: &Desk, content: &[u8]) -> Reply {
    call("dmp_document_feed", desk.access, None, Some(content))
}

/// In the DMP, as it was given, and the journal says so.
fn is_there(desk: &Desk, id: &str, content: &[u8]) {
    is_as_given(desk, id, content);
    desk.journalled("document.feed", id);
}

/// Once in the DMP, as it was given.
pub fn is_as_given(desk: &Desk, id: &str, content: &[u8]) {
    let times = desk
        .in_the_dmp()
        .iter()
        .filter(|found| *found == id)
        .count();
    assert_eq!(times, 1, "{id} is so many times in the DMP");
    let read = call("dmp_document_read", desk.access, Some(id), None).ok();
    assert!(
        read.bytes.as_deref() == Some(content),
        "{id} is not as it was fed"
    );
}

/// As [`is_there`], and whoever feeds it again is told that it is.
pub fn is_there_once(desk: &Desk, id: &str, content: &[u8]) {
    is_there(desk, id, content);
    let again = fed(desk, content).ok().json();
    assert_eq!(again["documents"][0]["alreadyThere"], true, "{id}: {again}");
}

pub fn feeding(n: u32) -> Step {
    lasting(
        &format!("feed {n}"),
        move |desk| fed(desk, &report(n)),
        move |desk, _| is_there_once(desk, &report_id(n), &report(n)),
    )
}

pub fn feed() -> Vec<Step> {
    at_work((0..3).map(feeding))
}

/// Three documents in a lot, then two: all of one or nothing.
pub fn lot() -> Vec<Step> {
    at_work([0..3, 10..12].map(|numbers| {
        let of_it = numbers.clone();
        lasting(
            &format!("feed the lot of {}", numbers.start),
            move |desk| {
                // A lot of an earlier attempt may wait.
                bare("dmp_document_unstage", desk.access);
                for n in numbers.clone() {
                    let staged = call("dmp_document_stage", desk.access, None, Some(&report(n)));
                    if staged.status != 0 {
                        return staged;
                    }
                }
                bare("dmp_document_feed_staged", desk.access)
            },
            move |desk, _| {
                for n in of_it.clone() {
                    is_there(desk, &report_id(n), &report(n));
                }
            },
        )
    }))
}

const NEW: &str = "1.2.250.1.999.1.1.2026.102";

/// A document that replaces another: what it replaced is obsolete from then on.
pub fn replace() -> Vec<Step> {
    let new = include_str!("../../fixtures/cr_consultation_remplacement.xml")
        .replace("1.2.250.1.999.1.1.2026.101", &report_id(0))
        .into_bytes();
    let content = new.clone();
    at_work([
        feeding(0),
        lasting(
            "replace 0",
            move |desk| fed(desk, &new),
            move |desk, _| {
                is_there_once(desk, NEW, &content);
                assert_eq!(
                    shown(desk, &report_id(0), "availabilityStatus"),
                    "Deprecated"
                );
            },
        ),
    ])
}

/// A field of a document's entry, as the doctor finds it.
pub fn shown(desk: &Desk, id: &str, field: &str) -> Value {
    let any = json!({"status": ["Approved", "Deprecated", "Archived"]}).to_string();
    let found = call("dmp_document_find", desk.access, Some(&any), None)
        .ok()
        .json();
    let documents = found["documents"].as_array().expect("documents");
    let of_it = documents
        .iter()
        .find(|document| document["uniqueId"] == *id);
    of_it.unwrap_or_else(|| panic!("{id} is not found"))[field].clone()
}

/// A practice whose DMP holds two documents.
pub fn practice_with_documents(folder: &Path, kept: Kept) {
    practice(folder, kept);
    let connector = Desk::at(folder, kept, None).open().ok().handle;
    let session = open_session(connector, &doctor());
    let access = open_access(session, &ins());
    for n in 0..2 {
        call("dmp_document_feed", access, None, Some(&report(n))).ok();
    }
    bare("dmp_access_close", access).ok();
    bare("dmp_session_close", session).ok();
    bare("dmp_connector_close", connector).ok();
}

/// A change of a document, told by a field of its entry. Asked again once done, it may be refused: it is done.
fn change(verb: &'static str, n: u32, field: &'static str, value: Value) -> Step {
    let done = move |desk: &Desk| shown(desk, &report_id(n), field) == value;
    let is = done.clone();
    lasting(
        &format!("{verb} {n}"),
        move |desk| {
            let reply = call(
                &format!("dmp_document_{verb}"),
                desk.access,
                Some(&report_id(n)),
                None,
            );
            if reply.name() == "DMP_REFUSED_BY_DMP" && done(desk) {
                return Reply::default();
            }
            reply
        },
        move |desk, _| {
            assert!(
                is(desk),
                "{verb} {n}: {}",
                shown(desk, &report_id(n), field)
            );
            desk.journalled(&format!("document.{verb}"), &report_id(n));
        },
    )
}

pub fn changes() -> Vec<Step> {
    at_work([
        change("mask", 0, "visibility", json!(["MASQUE_PS"])),
        change("archive", 1, "availabilityStatus", json!("Archived")),
    ])
}
