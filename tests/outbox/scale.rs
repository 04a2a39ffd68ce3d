//! Ten thousand documents through a DMP that fails one call in three, in every way it can.

use dmpkit::rules::outbox::State;
use serde_json::json;

use crate::bench::{Desk, report_id};
use crate::flaky::Fate;

/// How many; all ten thousand in the full run.
fn documents() -> u32 {
    std::env::var("DMPKIT_OUTBOX_DOCUMENTS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1_000)
}

/// A number that looks drawn, the same in every run.
fn drawn(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[test]
fn one_call_in_three_fails_and_every_document_arrives_once_within_the_pace() {
    let count = documents();
    let desk = Desk::with(json!({}));
    for n in 0..count {
        desk.add(n);
    }
    let mut seed = 0;
    desk.fate(move |_, _, _| {
        seed += 1;
        let number = drawn(seed);
        if !number.is_multiple_of(3) {
            return Fate::Well;
        }
        match number / 3 % 6 {
            0 => Fate::Unreachable,
            1 => Fate::LostBefore,
            2 => Fate::LostAfter,
            3 => Fate::FaultAfter,
            4 => Fate::Says("XDSRegistryBusy"),
            _ => Fate::Says("XDSRepositoryError"),
        }
    });
    // The pace is read off the clock at each arrival.
    let mut arrivals = Vec::new();
    loop {
        let before = desk.deposits().len();
        let answer = desk.dispatch();
        let now = desk.connector.now();
        arrivals.extend(vec![now; desk.deposits().len() - before]);
        match answer.next {
            Some(next) => desk.at(next),
            None => break,
        }
    }
    for (index, first) in arrivals.iter().enumerate() {
        let within = arrivals[index..]
            .iter()
            .take_while(|t| t.millis() - first.millis() < 1000);
        assert!(within.count() <= 5, "more than five in a second");
    }
    // An item that failed ten times of its own goes to a person, who sends it again.
    desk.well();
    let held: Vec<i64> = desk
        .items()
        .iter()
        .filter(|i| i.state == State::Held)
        .map(|i| i.id)
        .collect();
    assert!(held.len() < 1 + count as usize / 500);
    for id in held {
        let request = dmpkit::connector::outbox::ItemRequest { id };
        desk.doctor.resend(&request).unwrap();
    }
    desk.drain();
    assert!(desk.items().iter().all(|i| i.state == State::Done));
    let mut there = desk.in_the_dmp();
    there.sort();
    let mut expected: Vec<String> = (0..count).map(report_id).collect();
    expected.sort();
    assert!(there == expected, "not each document once");
    desk.verified();
}
