//! What waited in a register that was set aside: taken back from its salvage, then sent.

use std::path::Path;

use dmpkit::connector::outbox::{OutboxRequest, RecoverRequest};
use dmpkit::connector::{self, StoreKey};
use dmpkit::rules::outbox::State;
use dmpkit::{Config, Error};
use serde_json::json;

use super::at_work;
use super::documents::{is_as_given, shown};
use super::outbox::sending;
use super::own::{of, reply, with};
use super::practice;
use crate::practice::{folder, ins, report, report_id};
use crate::scenario::{Desk, Kept, Step, lasting};

/// What was handed over since the backup; the first was sent too.
const SINCE: [u32; 3] = [21, 22, 23];
const SALVAGED: &str = "salvaged.jsonl";

/// A practice on its backup, with the salvage of the register that the backup replaced.
pub fn restored(to_fill: &Path, kept: Kept) {
    practice(to_fill, kept);
    let elsewhere = folder();
    for name in ["register.db", "dmp.db"] {
        std::fs::copy(to_fill.join(name), elsewhere.path().join(name)).expect("copied");
    }
    let desk = Desk::at(elsewhere.path(), kept, None);
    for n in SINCE {
        let options = match n {
            22 => json!({"visibility": ["MASQUE_PS"]}),
            _ => json!({}),
        };
        let request: OutboxRequest = of(json!({"patient": ins(), "options": options}));
        with(&desk, |_, session| session.enqueue(&request, &report(n))).expect("handed over");
    }
    let salvage = || -> Result<_, Error> {
        let config: Config = of(desk.config());
        let key = desk.key.map(StoreKey::raw);
        let destination = to_fill.join(SALVAGED);
        connector::salvage(&config, key.as_ref(), &destination.to_string_lossy())
    };
    assert!(salvage().expect("salvaged").complete);
    // Sent from there, and not known here: as when the disk of the register gave up just then.
    let one = of(json!({"maxItems": 1}));
    with(&desk, |connector, _| {
        connector.dispatch(&one, &mut |_| true)
    })
    .expect("sent");
    let (connector, _) = desk.own.into_inner().expect("open");
    connector.close().expect("closed");
    for (from, to) in [
        ("dmp.db", "dmp.db"),
        ("register.db", "register.db.set-aside-1"),
    ] {
        std::fs::copy(elsewhere.path().join(from), to_fill.join(to)).expect("copied");
    }
}

/// The documents of the outbox, and where they stand.
fn waiting(desk: &Desk) -> Vec<(String, State)> {
    let page = with(desk, |_, session| session.outbox(&of(json!({})))).expect("a list");
    let items = page.items.iter();
    items
        .map(|item| (item.unique_ids[0].to_string(), item.state))
        .collect()
}

fn each_once(desk: &Desk) {
    let ids: Vec<String> = waiting(desk).into_iter().map(|(id, _)| id).collect();
    assert_eq!(
        ids,
        SINCE.map(report_id),
        "each is in the outbox once, in its order"
    );
}

fn taken_back() -> Step {
    lasting(
        "take back",
        |desk| {
            let request = RecoverRequest {
                file: desk.folder.join(SALVAGED),
                dry_run: false,
            };
            reply(with(desk, |_, session| session.recover(&request)))
        },
        |desk, _| each_once(desk),
    )
    .leaving(|desk| {
        let ids: Vec<String> = waiting(desk).into_iter().map(|(id, _)| id).collect();
        assert!(SINCE.map(report_id).starts_with(&ids), "{ids:?}");
    })
}

fn sent() -> Step {
    sending("send", &["take back"], |desk| {
        each_once(desk);
        for (id, state) in waiting(desk) {
            assert_eq!(state, State::Done, "{id}");
        }
        for n in SINCE {
            is_as_given(desk, &report_id(n), &report(n));
        }
        let visibility = shown(desk, &report_id(22), "visibility");
        assert_eq!(visibility, json!(["MASQUE_PS"]));
    })
}

/// A call cut in its middle and made again hands nothing over twice.
pub fn steps() -> Vec<Step> {
    at_work([taken_back(), sent()])
}
