//! Which failures are played, on every core, and what is said of them.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::scenario::Kept;

/// How many failures one way of failing plays, unless told otherwise.
const EVERYDAY: usize = 100;

/// The one to play, if it is named.
fn only() -> Option<String> {
    std::env::var("DMPKIT_FAULT_ONLY").ok()
}

/// How many to play.
pub fn budget() -> usize {
    if only().is_some() {
        return usize::MAX / 8;
    }
    std::env::var("DMPKIT_FAULT_POINTS").map_or(EVERYDAY, |text| {
        text.parse().expect("DMPKIT_FAULT_POINTS is a number")
    })
}

/// Takes `wanted` of them: half in clear, half under a key.
pub fn chosen<T>(cases: Vec<Case<T>>, wanted: usize) -> Vec<Case<T>> {
    let (clear, keyed) = cases.into_iter().partition(|c| c.kept == Kept::InClear);
    let mut chosen: Vec<Case<T>> = evenly(clear, wanted / 2);
    chosen.extend(evenly(keyed, wanted / 2));
    chosen
}

/// One way of failing at a time: each takes every core, and is timed.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes `wanted` of them, evenly: the first and the last are among them.
fn evenly<T>(all: Vec<T>, wanted: usize) -> Vec<T> {
    let (count, wanted) = (all.len(), wanted.max(2));
    if count <= wanted {
        return all;
    }
    let mut chosen = (0..wanted)
        .map(|k| k * (count - 1) / (wanted - 1))
        .peekable();
    all.into_iter()
        .enumerate()
        .filter_map(|(n, one)| chosen.next_if_eq(&n).map(|_| one))
        .collect()
}

/// A failure to play.
pub struct Case<T> {
    pub scenario: &'static str,
    pub kept: Kept,
    /// Mode and point: with the scenario, what `DMPKIT_FAULT_ONLY` takes.
    pub name: String,
    pub what: T,
}

impl<T> Case<T> {
    fn in_full(&self) -> String {
        format!("{} {}{}", self.scenario, self.kept.word(), self.name)
    }
}

/// Plays them all and says so, one line a scenario; panics at the end if any did not survive.
///
/// `play` answers a word to count ("killed").
pub fn play<T: Sync>(
    way: &str,
    cases: Vec<Case<T>>,
    play: impl Fn(&Case<T>) -> &'static str + Sync,
) {
    let only = only();
    let cases: Vec<Case<T>> = cases
        .into_iter()
        .filter(|c| only.as_ref().is_none_or(|only| *only == c.in_full()))
        .collect();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    type Said = BTreeMap<(&'static str, Kept), (usize, Duration, BTreeMap<&'static str, usize>)>;
    let said: Mutex<Said> = Mutex::new(BTreeMap::new());
    let started = Instant::now();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let began = Instant::now();
                    let played = catch_unwind(AssertUnwindSafe(|| play(case)));
                    let mut said = said.lock().expect("what is said");
                    let of_it = said.entry((case.scenario, case.kept)).or_default();
                    of_it.0 += 1;
                    of_it.1 += began.elapsed();
                    match played {
                        Ok(word) => *of_it.2.entry(word).or_default() += 1,
                        Err(panic) => {
                            let text = panic.downcast_ref::<String>().cloned();
                            let text = text
                                .or_else(|| panic.downcast_ref::<&str>().map(|t| (*t).to_owned()));
                            let text = text.unwrap_or_default();
                            failed.lock().expect("the failures").push(format!(
                                "DMPKIT_FAULT_ONLY=\"{}\" ({way}): {text}",
                                case.in_full()
                            ));
                        }
                    }
                }
            });
        }
    });
    for ((scenario, kept), (count, time, words)) in said.into_inner().expect("what is said") {
        let words: Vec<String> = words
            .iter()
            .map(|(word, n)| format!("{n} {word}"))
            .collect();
        println!(
            "{way}: {}{scenario}: {count} points, {}, {} ms each",
            kept.word(),
            words.join(", "),
            time.as_millis() / count as u128
        );
    }
    println!(
        "{way}: {} points in {:.1} s",
        cases.len(),
        started.elapsed().as_secs_f32()
    );
    let failed = failed.into_inner().expect("the failures");
    assert!(
        failed.is_empty(),
        "{} of {}:\n{}",
        failed.len(),
        cases.len(),
        failed.join("\n")
    );
    assert!(!cases.is_empty() || only.is_some(), "nothing was played");
}
