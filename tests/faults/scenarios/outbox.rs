//! The outbox: documents handed over, then sent. Through the Rust interface, on a connector of its own.

use dmpkit::connector::dispatch::{DispatchAnswer, DispatchRequest};
use dmpkit::connector::outbox::{ItemRequest, OutboxChange, OutboxItem, OutboxRequest};
use dmpkit::error::{ErrorKind, StorageError};
use dmpkit::ffi::status;
use dmpkit::rules::outbox::{Kind, State};
use dmpkit::{Connector, Error, Session};
use serde::Serialize;
use serde_json::{Value, json};

use super::at_work;
use super::documents::{is_as_given, shown};
use crate::face::Reply;
use crate::practice::{doctor, ins, report, report_id};
use crate::scenario::{Desk, Happened, Step, lasting};

fn of<T: serde::de::DeserializeOwned>(record: Value) -> T {
    serde_json::from_value(record).expect("a record")
}

fn with<T>(
    desk: &Desk,
    work: impl FnOnce(&Connector, &Session) -> Result<T, Error>,
) -> Result<T, Error> {
    if desk.own.get().is_none() {
        let connector = Connector::open(of(desk.config()))?;
        let session = connector.session(of(doctor()))?;
        assert!(desk.own.set((connector, session)).is_ok());
    }
    let (connector, session) = desk.own.get().expect("just opened");
    work(connector, session)
}

/// As the C face would answer.
fn reply<T: Serialize>(result: Result<T, Error>) -> Reply {
    match result {
        Ok(answer) => Reply {
            out: Some(serde_json::to_string(&answer).expect("JSON")),
            ..Reply::default()
        },
        Err(error) => Reply {
            status: match error.kind() {
                ErrorKind::Storage(StorageError::Full) => status::DMP_DISK_FULL,
                ErrorKind::Storage(StorageError::Io) => status::DMP_IO,
                ErrorKind::Storage(StorageError::CannotOpen) => status::DMP_CANNOT_OPEN,
                ErrorKind::Storage(StorageError::ReadOnly) => status::DMP_READ_ONLY,
                ErrorKind::Storage(StorageError::Corrupt) => status::DMP_CORRUPT,
                _ => status::DMP_BUG,
            },
            error: Some(error.to_string()),
            ..Reply::default()
        },
    }
}

fn item(desk: &Desk, answer: &Value) -> OutboxItem {
    let request: ItemRequest = of(json!({"id": answer["id"]}));
    with(desk, |_, session| session.outbox_item(&request)).expect("the item")
}

fn handed_over(n: u32) -> Step {
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
fn everything_sent(connector: &Connector) -> Result<DispatchAnswer, Error> {
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

/// What the DMP accepted is rebuilt after a power cut, by asking it.
fn sent() -> Step {
    lasting(
        "send",
        |desk| {
            // Nothing is sent for good where something was not handed over.
            if (0..3).any(|n| !desk.answers.contains_key(&format!("hand over {n}"))) {
                return Reply {
                    status: status::DMP_INVALID_VALUE,
                    ..Reply::default()
                };
            }
            reply(with(desk, |connector, _| everything_sent(connector)))
        },
        |desk, _| {
            if desk.happened == Happened::PowerCut {
                with(desk, |connector, _| everything_sent(connector))
                    .expect("sent, or found there");
            }
            for n in 0..3 {
                let id = report_id(n);
                is_as_given(desk, &id, &report(n));
                let answer = &desk.answers[&format!("hand over {n}")];
                assert_eq!(item(desk, answer).state, State::Done, "{n}");
                let outcomes = |action: &str| desk.outcomes(action, &id);
                assert!(
                    outcomes("document.feed").contains(&"intent".to_owned()),
                    "{n}"
                );
                let done = [outcomes("document.feed"), outcomes("outbox.ask")].concat();
                assert!(done.contains(&"done".to_owned()), "{n}: {done:?}");
            }
            let visibility = shown(desk, &report_id(0), "visibility");
            assert_eq!(visibility, json!(["MASQUE_PS"]));
        },
    )
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
