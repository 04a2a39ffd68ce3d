//! When a deposit may leave: so many a second and structure, and a take-over at night, within a daily cap.

use crate::clock::Instant;
use crate::rules::Parameters;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// When the next deposit of a structure may leave, given its last ones in order: now, unless the second before now is
/// full. Source of the limit: EX_2.1, five a second and structure ([`Parameters::feeds_per_second`]; 0 sets none).
///
/// A deposit of the next second (another process's present) counts as one of now; one further ahead was dated by a clock
/// that has been put back since, and counts no more.
pub fn next_turn(sent: &[Instant], per_second: u32, now: Instant) -> Instant {
    let most = usize::try_from(per_second).unwrap_or(usize::MAX);
    if most == 0 {
        return now;
    }
    let second_ago = now.millis().saturating_sub(1000);
    let recent: Vec<i64> = sent
        .iter()
        .filter(|at| **at <= now.plus_seconds(1))
        .map(|at| at.millis().min(now.millis()))
        .filter(|at| *at > second_ago)
        .collect();
    match recent.len().checked_sub(most).and_then(|i| recent.get(i)) {
        Some(bound) => Instant::from_millis(bound.saturating_add(1000)).unwrap_or(now),
        None => now,
    }
}

/// The local day of an instant: its beginning. `offset` is local time less UTC, in minutes.
pub fn day_began(now: Instant, offset: i32) -> Instant {
    let shift = i64::from(offset) * 60_000;
    let local = now.millis().saturating_add(shift);
    let began = local - local.rem_euclid(DAY) - shift;
    Instant::from_millis(began).unwrap_or(now)
}

/// When a take-over may send next: now, within its window and below its daily cap; otherwise the next opening.
///
/// `sent_today` counts the take-overs sent since [`day_began`]. The window is in minutes of the local day and may pass
/// midnight; equal bounds leave it always open. A cap of 0 sets none.
pub fn take_over_turn(p: &Parameters, offset: i32, sent_today: u32, now: Instant) -> Instant {
    let began = day_began(now, offset);
    let minute = (now.millis() - began.millis()) / 60_000;
    let (from, to) = (
        i64::from(p.take_over_from_minute),
        i64::from(p.take_over_to_minute),
    );
    let open = match from.cmp(&to) {
        std::cmp::Ordering::Equal => true,
        std::cmp::Ordering::Less => (from..to).contains(&minute),
        std::cmp::Ordering::Greater => minute >= from || minute < to,
    };
    let full = p.take_over_daily != 0 && sent_today >= p.take_over_daily;
    let at = |day: i64, minute: i64| {
        Instant::from_millis(began.millis() + day * DAY + minute * 60_000).unwrap_or(now)
    };
    match (full, open) {
        (false, true) => now,
        (false, false) if minute < from => at(0, from),
        (false, false) => at(1, from),
        // Tomorrow, in what is left of the window then, or at its opening.
        (true, _) if from < to => at(1, from),
        (true, _) => at(1, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).expect("an instant")
    }

    #[test]
    fn no_second_holds_more_deposits_than_allowed() {
        let mut now = at("2026-01-12T09:00:00Z");
        let mut sent = Vec::new();
        for n in 0..200 {
            now = now.max(next_turn(&sent, 5, now));
            sent.push(now);
            now = Instant::from_millis(now.millis() + n * 7 % 90).expect("an instant");
        }
        for (index, first) in sent.iter().enumerate() {
            let within = sent[index..]
                .iter()
                .filter(|t| t.millis() - first.millis() < 1000);
            assert!(within.count() <= 5);
        }
        assert_eq!(next_turn(&sent, 0, now), now);
    }

    #[test]
    fn a_clock_set_back_delays_nothing_and_one_slightly_behind_another_by_two_seconds_at_most() {
        let now = at("2026-01-12T09:00:00Z");
        let future = vec![now.plus_days(400); 5];
        assert_eq!(next_turn(&future, 5, now), now);
        let ahead = vec![now.plus_seconds(1); 5];
        let mut turn = now;
        while next_turn(&ahead, 5, turn) > turn {
            turn = next_turn(&ahead, 5, turn);
        }
        assert!(turn <= now.plus_seconds(2));
    }

    #[test]
    fn a_take_over_runs_at_night_below_its_cap() {
        let night = Parameters {
            take_over_from_minute: 20 * 60,
            take_over_to_minute: 6 * 60,
            take_over_daily: 100,
            ..Parameters::default()
        };
        let lunch = Parameters {
            take_over_from_minute: 12 * 60,
            take_over_to_minute: 14 * 60,
            ..night
        };
        let always = Parameters {
            take_over_from_minute: 0,
            take_over_to_minute: 0,
            take_over_daily: 0,
            ..night
        };
        // Local time is an hour ahead of UTC.
        for (p, now, sent, turn) in [
            (night, "2026-01-12T18:59:00Z", 0, "2026-01-12T19:00:00Z"),
            (night, "2026-01-12T19:00:00Z", 0, "2026-01-12T19:00:00Z"),
            (night, "2026-01-12T23:30:00Z", 99, "2026-01-12T23:30:00Z"),
            (night, "2026-01-13T04:59:00Z", 0, "2026-01-13T04:59:00Z"),
            (night, "2026-01-13T05:00:00Z", 0, "2026-01-13T19:00:00Z"),
            (night, "2026-01-12T20:00:00Z", 100, "2026-01-12T23:00:00Z"),
            (lunch, "2026-01-12T10:00:00Z", 0, "2026-01-12T11:00:00Z"),
            (lunch, "2026-01-12T12:00:00Z", 0, "2026-01-12T12:00:00Z"),
            (lunch, "2026-01-12T13:00:00Z", 0, "2026-01-13T11:00:00Z"),
            (lunch, "2026-01-12T12:00:00Z", 100, "2026-01-13T11:00:00Z"),
            (always, "2026-01-12T10:00:00Z", 9999, "2026-01-12T10:00:00Z"),
        ] {
            assert_eq!(
                take_over_turn(&p, 60, sent, at(now)),
                at(turn),
                "{now} {sent}"
            );
        }
    }
}
