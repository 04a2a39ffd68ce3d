//! The outbox: documents handed over, then sent. Through the Rust interface, on a connector of its own.

use dmpkit::connector::dispatch::{DispatchAnswer, DispatchRequest};
use dmpkit::connector::outbox::{ItemRequest, OutboxChange, OutboxItem, OutboxRequest};
use dmpkit::ffi::status;
use dmpkit::rules::outbox::{Kind, State};
use dmpkit::{Connector, Error};
use serde_json::{Value, json};

use super::at_work;
use super::documents::{is_as_given, shown};
use super::own::{of, reply, with};
use crate::face::Reply;
use crate::practice::{ins, report, report_id};
use crate::scenario::{Desk, Happened, Step, lasting};

pub fn item(desk: &Desk, answer: &Value) -> OutboxItem {
    let request: ItemRequest = of(json!({"id": answer["id"]}));
    with(desk, |_, session| session.outbox_item(&request)).expect("the item")
}

pub fn handed_over(n: u32) -> Step {
    lasting(
        &format!("hand over {n}"),
        move |desk| {
            let request: OutboxRequest = of(json!({"patient": ins()}));
            reply(with(desk, |_, session| {
                session.enqueue(&request, &report(n))
            }))
        },
        move |desk, answer| {
            let item = item(desk, answer);
            assert_eq!(item.unique_ids.len(), 1);
            assert_eq!(item.unique_ids[0].as_str(), report_id(n));
            let known = [
                State::Waiting,
                State::Sending,
                State::Asking,
                State::Unsure,
                State::Done,
                State::Dead,
                State::Cancelled,
            ];
            assert!(known.contains(&item.state), "{n} is {:?}", item.state);
        },
    )
}

/// A document masked after its turn.
fn masked(n: u32) -> Step {
    lasting(
        &format!("hand over the masking of {n}"),
        move |desk| {
            let request: OutboxChange =
                of(json!({"patient": ins(), "uniqueId": report_id(n), "change": "mask"}));
            reply(with(desk, |_, session| session.enqueue_change(&request)))
        },
        |desk, answer| assert_eq!(item(desk, answer).kind, Kind::Mask),
    )
}

/// Sends until nothing is left, going on when the next turn is due: what a dispatcher that is gone held, too.
pub fn everything_sent(connector: &Connector) -> Result<DispatchAnswer, Error> {
    let mut answer = connector.dispatch(&DispatchRequest::default(), &mut |_| true)?;
    for _ in 0..10 {
        let Some(next) = answer.next.filter(|_| answer.progress.left > 0) else {
            break;
        };
        connector.set_time(next)?;
        answer = connector.dispatch(&DispatchRequest::default(), &mut |_| true)?;
    }
    Ok(answer)
}

/// What a step is about was not done: nothing to do, and not done.
pub fn too_early() -> Reply {
    Reply {
        status: status::DMP_INVALID_VALUE,
        ..Reply::default()
    }
}

/// Everything is sent, once the steps named `after` were done; `there` looks at what became of it. What the DMP
/// accepted is rebuilt after a power cut, by asking it.
pub fn sending(
    name: &str,
    after: &'static [&'static str],
    there: impl Fn(&Desk) + Send + Sync + 'static,
) -> Step {
    lasting(
        name,
        |desk| match after.iter().all(|step| desk.answers.contains_key(*step)) {
            true => reply(with(desk, |connector, _| everything_sent(connector))),
            false => too_early(),
        },
        move |desk, _| {
            if desk.happened == Happened::PowerCut {
                with(desk, |connector, _| everything_sent(connector))
                    .expect("sent, or found there");
            }
            there(desk);
        },
    )
}

fn sent() -> Step {
    let all = &["hand over 0", "hand over 1", "hand over 2"];
    sending("send", all, |desk| {
        for n in 0..3 {
            let id = report_id(n);
            is_as_given(desk, &id, &report(n));
            let answer = &desk.answers[&format!("hand over {n}")];
            assert_eq!(item(desk, answer).state, State::Done, "{n}");
            desk.journalled("document.feed", &id);
        }
        let visibility = shown(desk, &report_id(0), "visibility");
        assert_eq!(visibility, json!(["MASQUE_PS"]));
    })
}

pub fn steps() -> Vec<Step> {
    at_work([
        handed_over(0),
        handed_over(1),
        masked(0),
        handed_over(2),
        sent(),
    ])
}
