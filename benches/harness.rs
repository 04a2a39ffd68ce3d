//! Races two or more ways of doing the same work, in turns.
//!
//! A machine's speed drifts (heat, neighbours, its disk). So every round runs each lane once, in an
//! order that turns from round to round, and what is reported is a ratio: of the medians, with the
//! least and greatest ratio seen within one round beside it.

pub mod practice;

use std::time::{Duration, Instant};

/// One way of doing the work.
pub struct Lane<'a> {
    name: String,
    operations: u32,
    run: Box<dyn FnMut() -> Duration + 'a>,
    times: Vec<f64>,
}

impl<'a> Lane<'a> {
    /// A lane whose `run` does `operations` operations.
    pub fn new(name: &str, operations: u32, mut run: impl FnMut() + 'a) -> Lane<'a> {
        Lane::timing(name, operations, move || {
            let start = Instant::now();
            run();
            start.elapsed()
        })
    }

    /// A lane that says itself how long its operations took, for what is to be prepared or put away
    /// untimed.
    pub fn timing(name: &str, operations: u32, run: impl FnMut() -> Duration + 'a) -> Lane<'a> {
        Lane {
            name: name.to_owned(),
            operations,
            run: Box::new(run),
            times: Vec::new(),
        }
    }
}

/// Runs the lanes for a number of rounds, after one that does not count, and prints what was seen.
/// The first lane is ours; every other is compared with it.
pub fn race(title: &str, rounds: usize, lanes: &mut [Lane<'_>]) {
    for round in 0..=rounds {
        for turn in 0..lanes.len() {
            let at = (round + turn) % lanes.len();
            let lane = &mut lanes[at];
            let time = (lane.run)().as_secs_f64() / f64::from(lane.operations);
            if round > 0 {
                lane.times.push(time);
            }
        }
    }
    println!("{title} ({rounds} rounds)");
    for lane in lanes.iter() {
        let s = sorted(&lane.times);
        println!(
            "  {:<58} min {:>10}  median {:>10}  max {:>10}",
            lane.name,
            time(s[0]),
            time(median(&s)),
            time(s[s.len() - 1])
        );
    }
    let Some((ours, peers)) = lanes.split_first() else {
        return;
    };
    for peer in peers {
        let of_medians = median(&sorted(&ours.times)) / median(&sorted(&peer.times));
        let by_round: Vec<f64> = ours
            .times
            .iter()
            .zip(&peer.times)
            .map(|(o, p)| o / p)
            .collect();
        let by_round = sorted(&by_round);
        println!(
            "  ratio to {:<49} {} of its time (rounds: {} to {}); {} times its speed",
            peer.name,
            figure(of_medians),
            figure(by_round[0]),
            figure(by_round[by_round.len() - 1]),
            figure(1.0 / of_medians),
        );
    }
    println!();
}

/// How many rounds to run: `ROUNDS` in the environment, or `usual`.
pub fn rounds(usual: usize) -> usize {
    setting("ROUNDS", usual).max(1)
}

/// A number from the environment, or `usual`.
pub fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[half]
    } else {
        (sorted[half - 1] + sorted[half]) / 2.0
    }
}

fn time(seconds: f64) -> String {
    // Debug of a Duration picks the unit; a decision takes nanoseconds and more than one digit of them.
    if seconds < 1e-6 {
        format!("{:.2} ns", seconds * 1e9)
    } else {
        format!("{:.1?}", Duration::from_secs_f64(seconds))
    }
}

fn figure(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 0.1 => format!("{v:.2}"),
        v => format!("{v:.5}"),
    }
}
