//! Other ways of the outbox than straight on: the patient opposes, the DMP refuses and a person sends again.

use dmpkit::connector::outbox::ItemRequest;
use dmpkit::rules::outbox::State;
use serde_json::{Value, json};

use super::at_work;
use super::documents::is_as_given;
use super::outbox::{everything_sent, handed_over, item, sending, too_early};
use super::own::{of, reply, with};
use crate::face::Reply;
use crate::flaky::{Call, Fate};
use crate::practice::{ask, ins, report, report_id};
use crate::scenario::{Desk, Step, lasting, passing};

/// The item that holds a document, by what handing it over answered.
fn state(desk: &Desk, n: u32) -> State {
    item(desk, &desk.answers[&format!("hand over {n}")]).state
}

fn number(desk: &Desk, n: u32) -> ItemRequest {
    of(json!({"id": desk.answers[&format!("hand over {n}")]["id"]}))
}

/// A document whose patient opposes while it waits never leaves; the others do.
pub fn opposition() -> Vec<Step> {
    let opposed = lasting(
        "oppose to 1",
        |desk| {
            let record = json!({"patient": ins(), "consent": {"kind": "feeding_opposition", "means": "oral",
                "wording": "w", "reason": "motif", "document": report_id(1)}});
            match desk.answers.contains_key("hand over 1") {
                true => ask("dmp_consent_record", desk.session, &record),
                false => too_early(),
            }
        },
        |desk, _| assert_eq!(state(desk, 1), State::Cancelled),
    );
    let all = &["hand over 0", "hand over 1", "oppose to 1"];
    let sent = sending("send", all, |desk| {
        is_as_given(desk, &report_id(0), &report(0));
        desk.journalled("document.feed", &report_id(0));
        assert_eq!(state(desk, 0), State::Done);
        assert_eq!(state(desk, 1), State::Cancelled);
        assert!(
            !desk.in_the_dmp().contains(&report_id(1)),
            "sent against the patient's word"
        );
        assert_eq!(desk.outcomes("document.feed", &report_id(1)), [""; 0]);
    });
    at_work([handed_over(0), handed_over(1), opposed, sent])
}

/// The DMP refuses deposits as they are, from now on or no more.
fn refuses(yes: bool) -> Step {
    let name = if yes {
        "the DMP refuses"
    } else {
        "the DMP accepts"
    };
    passing(name, move |desk| {
        desk.told.lock().expect("the plan").fate = yes.then(|| {
            let fate = |call: Call, _: &str, _: usize| match call {
                Call::Submit => Fate::Says("XDSRegistryMetadataError"),
                _ => Fate::Well,
            };
            Box::new(fate) as Box<dyn FnMut(Call, &str, usize) -> Fate + Send>
        });
        Reply::default()
    })
}

/// Refused for good, it waits for a person, who has it sent again once the cause is gone.
pub fn dead_letter() -> Vec<Step> {
    let refused = lasting(
        "send, and be refused",
        |desk| {
            if !desk.answers.contains_key("hand over 0") {
                return too_early();
            }
            let sent = reply(with(desk, |connector, _| everything_sent(connector)));
            if sent.status == 0 {
                assert_eq!(state(desk, 0), State::Dead);
            }
            sent
        },
        // Sent again since, perhaps.
        |desk, _: &Value| assert!(state(desk, 0) != State::Cancelled, "given up by nobody"),
    );
    let again = lasting(
        "send again",
        |desk| {
            if !desk.answers.contains_key("send, and be refused") {
                return too_early();
            }
            let request = number(desk, 0);
            reply(with(desk, |_, session| {
                match session.outbox_item(&request)? {
                    dead if dead.state.waits_for_a_person() => session.resend(&request),
                    other => Ok(other),
                }
            }))
        },
        |desk, _| assert!(!state(desk, 0).waits_for_a_person(), "{:?}", state(desk, 0)),
    );
    let sent = sending("send", &["send again"], |desk| {
        is_as_given(desk, &report_id(0), &report(0));
        desk.journalled("document.feed", &report_id(0));
        assert_eq!(state(desk, 0), State::Done);
    });
    at_work([
        handed_over(0),
        refuses(true),
        refused,
        refuses(false),
        again,
        sent,
    ])
}
