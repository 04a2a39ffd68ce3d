//! The outbox through the C face: handed over, followed, sent from a thread of the host's, stopped, told.

#[path = "common/face.rs"]
mod face;
#[path = "common/practice.rs"]
mod practice;

use std::time::Duration;

use face::{Reply, call, dispatch};
use practice::{Practice, ask, bare, config, doctor, ins, open_connector, report, report_id};
use serde_json::{Value, json};

/// Hands a report over.
fn add(session: usize, n: u32) -> Reply {
    let request = json!({"patient": ins()}).to_string();
    call("dmp_outbox_add", session, Some(&request), Some(&report(n)))
}

fn item(session: usize, id: i64) -> Value {
    ask("dmp_outbox_get", session, &json!({ "id": id }))
        .ok()
        .json()
}

#[test]
fn what_is_handed_over_is_followed_and_arrives_as_it_was_given() {
    let practice = Practice::open();
    let queued = add(practice.session, 1).ok().json();
    assert_eq!(
        (&queued["id"], &queued["state"], &queued["alreadyThere"]),
        (&json!(1), &json!("waiting"), &json!(false))
    );
    assert_eq!(queued["findings"][0]["severity"], "advice");
    assert!(practice.in_the_dmp().is_empty());
    let listed = bare("dmp_outbox_list", practice.session).ok().json();
    assert_eq!(listed["items"][0]["text"], "Dépôt : en attente d'envoi");
    assert_eq!(listed["items"][0].get("number"), None);
    let all = bare("dmp_outbox_audit", practice.connector).ok().json();
    assert_eq!(all["items"][0]["number"], 1);
    let mut told = Vec::new();
    let answer = dispatch(practice.connector, |progress| {
        told.push((progress["sent"].clone(), progress["left"].clone()));
        0
    });
    assert_eq!(told, [(json!(1), json!(0))]);
    assert_eq!(answer["ended"], "nothing_due");
    assert_eq!(answer.get("next"), None);
    let events: Vec<Value> = item(practice.session, 1)["history"]
        .as_array()
        .expect("a history")
        .iter()
        .map(|h| h["event"].clone())
        .collect();
    assert_eq!(events, ["queued", "taken", "accepted"]);
    let read = practice.read(&report_id(1)).ok();
    assert_eq!(read.bytes.as_deref(), Some(&report(1)[..]));
    practice.verified();
    practice.close();
}

#[test]
fn a_callback_that_says_so_ends_the_dispatch_and_the_rest_waits() {
    let practice = Practice::open();
    for n in 0..4 {
        add(practice.session, n).ok();
    }
    for (verdict, sent) in [(1, 1), (-1, 1), (0, 2)] {
        let answer = dispatch(practice.connector, |_| verdict);
        assert_eq!(answer["sent"], sent, "{answer}");
        let ended = if verdict == 0 { "nothing_due" } else { "told" };
        assert_eq!(answer["ended"], ended);
        assert_eq!(answer.get("next").is_some(), verdict != 0, "{answer}");
    }
    assert_eq!(practice.in_the_dmp().len(), 4);
    practice.close();
}

#[test]
fn a_callback_may_not_call_back_in_and_keeps_nobody_waiting() {
    let practice = Practice::open();
    add(practice.session, 1).ok();
    let (connector, session, access) = (practice.connector, practice.session, practice.access);
    let mut answers = Vec::new();
    dispatch(connector, |_| {
        answers.push(bare("dmp_outbox_dispatch", connector).name());
        answers.push(bare("dmp_outbox_list", session).name());
        answers.push(bare("dmp_connector_close", connector).name());
        // Another thread's call goes through meanwhile.
        let (done, waiting) = std::sync::mpsc::channel();
        std::thread::spawn(move || done.send(bare("dmp_document_find", access).name()));
        let found = waiting.recv_timeout(Duration::from_secs(20));
        answers.push(found.expect("the connector is not held"));
        0
    });
    let refused = "DMP_INVALID_VALUE";
    assert_eq!(answers, [refused, refused, refused, "DMP_OK"]);
    practice.close();
}

#[test]
fn two_connectors_that_dispatch_at_once_send_each_document_once() {
    let practice = Practice::open();
    let mut config = config(practice.folder.path());
    config["parameters"] = json!({"feedsPerSecond": 0});
    const DOCUMENTS: u32 = 40;
    for n in 0..DOCUMENTS {
        add(practice.session, n).ok();
    }
    let connectors = [open_connector(&config), open_connector(&config)];
    let sent: Vec<u64> = std::thread::scope(|scope| {
        let threads = connectors
            .map(|connector| scope.spawn(move || dispatch(connector, |_| 0)["sent"].as_u64()));
        threads
            .map(|thread| thread.join().expect("no panic").expect("a count"))
            .into()
    });
    assert_eq!(sent.iter().sum::<u64>(), u64::from(DOCUMENTS), "{sent:?}");
    assert_eq!(practice.in_the_dmp().len(), DOCUMENTS as usize);
    let journal = practice.journal();
    let fed = journal
        .iter()
        .filter(|e| e["action"] == "document.feed" && e["outcome"] == "done");
    assert_eq!(fed.count(), DOCUMENTS as usize);
    for connector in connectors {
        bare("dmp_connector_close", connector).ok();
    }
    practice.close();
}

#[test]
fn the_stop_button_pressed_within_the_callback_of_a_colleague_s_dispatch_holds_at_the_next_item() {
    let practice = Practice::open();
    for n in 0..3 {
        add(practice.session, n).ok();
    }
    let other = open_connector(&config(practice.folder.path()));
    let session = practice::open_session(other, &doctor());
    let all = json!({"what": "all"});
    let answer = dispatch(practice.connector, |_| {
        ask("dmp_outbox_stop", session, &all).ok();
        0
    });
    assert_eq!(
        (&answer["ended"], &answer["sent"]),
        (&json!("stopped"), &json!(1))
    );
    assert_eq!(answer.get("next"), None);
    let changed = |name: &str| ask(name, session, &all).ok().json()["changed"].clone();
    assert_eq!(changed("dmp_outbox_stop"), false);
    assert_eq!(changed("dmp_outbox_restart"), true);
    assert_eq!(changed("dmp_outbox_restart"), false);
    assert_eq!(dispatch(practice.connector, |_| 0)["sent"], 2);
    bare("dmp_session_close", session).ok();
    bare("dmp_connector_close", other).ok();
    practice.close();
}
