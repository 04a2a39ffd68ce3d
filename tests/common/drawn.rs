//! Random worlds: how many a test draws, and that they reach what it is about.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// How many times as many worlds are drawn, at most, before a test says that they do not reach what it is about.
const ROUNDS: u32 = 8;

/// Checks as many worlds as `PROPTEST_CASES` says, or the everyday number of them; then as many again until they have
/// reached what `lacks` looks for. It is told how many worlds were asked for, and says what is still missing. What a
/// handful of worlds reaches is chance: a test that only counted would fail now and then with nothing wrong.
pub fn until<S: Strategy>(
    everyday: u32,
    worlds: &S,
    check: impl Fn(S::Value) -> Result<(), TestCaseError>,
    lacks: impl Fn(u32) -> Result<(), String>,
) {
    let cases = std::env::var("PROPTEST_CASES").map_or(everyday, |n| n.parse().expect("a number"));
    let mut missing = Ok(());
    for _ in 0..ROUNDS {
        let mut runner = TestRunner::new(Config {
            cases,
            failure_persistence: None,
            ..Config::default()
        });
        if let Err(failure) = runner.run(worlds, &check) {
            panic!("{failure}");
        }
        missing = lacks(cases);
        if missing.is_ok() {
            return;
        }
    }
    panic!("{cases} worlds, {ROUNDS} times, do not reach it: {missing:?}");
}
