//! How often a structure may feed: the DMP allows a number of deposits a second (five; EX_2.1, "cinq alimentations
//! par seconde et par structure").
//!
//! A deposit that comes too soon waits: less than a second, for the host's call is one deposit at a time.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// The deposits of the last second, by structure. Measured on the machine's monotonic time, which no setting of
/// the clock moves.
#[derive(Debug, Default)]
pub(super) struct Pace {
    recent: HashMap<String, VecDeque<Instant>>,
}

impl Pace {
    /// How long a structure must wait before its next deposit, `now`; nothing when it may go at once. `per_second`
    /// 0 sets no limit.
    pub fn wait(&mut self, structure: &str, per_second: u32, now: Instant) -> Duration {
        let most = usize::try_from(per_second).unwrap_or(usize::MAX);
        if most == 0 {
            return Duration::ZERO;
        }
        let second = Duration::from_secs(1);
        self.recent.retain(|_, times| {
            while times
                .front()
                .is_some_and(|first| now.saturating_duration_since(*first) >= second)
            {
                times.pop_front();
            }
            !times.is_empty()
        });
        let times = self.recent.entry(structure.to_owned()).or_default();
        let wait = match times
            .len()
            .checked_sub(most)
            .and_then(|index| times.get(index))
        {
            Some(bound) => second.saturating_sub(now.saturating_duration_since(*bound)),
            None => Duration::ZERO,
        };
        times.push_back(now + wait);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_holds_more_deposits_of_a_structure_than_allowed() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let mut sent = Vec::new();
        let mut now = start;
        for n in 0..40_u64 {
            now += pace.wait("A", 5, now);
            sent.push(now);
            now += Duration::from_millis(n * 7 % 90);
        }
        for (index, first) in sent.iter().enumerate() {
            let second = Duration::from_secs(1);
            let within = sent[index..]
                .iter()
                .filter(|t| t.duration_since(*first) < second);
            assert!(within.count() <= 5);
        }
    }

    #[test]
    fn structures_do_not_wait_for_each_other_and_zero_is_no_limit() {
        let now = Instant::now();
        let mut pace = Pace::default();
        for _ in 0..5 {
            assert_eq!(pace.wait("A", 5, now), Duration::ZERO);
            assert_eq!(pace.wait("B", 5, now), Duration::ZERO);
        }
        assert_eq!(pace.wait("A", 5, now), Duration::from_secs(1));
        assert_eq!(pace.wait("C", 0, now), Duration::ZERO);
    }
}
