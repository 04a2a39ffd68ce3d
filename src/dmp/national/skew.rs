//! How far this machine's clock is from the DMP's, by the `Date` of its answers.
//!
//! A VIHF issued in the DMP's past or future is refused by it, and a person sees only a refusal. So the difference is
//! measured at each answer, told when it is large, and corrected in the VIHF as long as it stays within bounds: beyond
//! them something is wrong with one of the clocks, and a person must look.

use crate::clock::Instant;

/// What is known of the difference.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Skew {
    /// Their time less ours, in seconds; nothing before the first answer.
    seconds: Option<i64>,
    /// Whether it was told.
    told: bool,
}

/// Below this the difference is the network's and the rounding of `Date` to a second.
const NOISE_SECONDS: i64 = 2;
/// From this on a person is told: the DMP's tolerance is not published, other platforms' is often a minute.
const TOLD_SECONDS: i64 = 30;

impl Skew {
    /// Learns from an answer: its `Date`, and when the request left and the answer came. Gives the line to log when a
    /// person should know.
    pub fn learn(&mut self, theirs: Instant, left: Instant, came: Instant) -> Option<String> {
        // The answer was dated somewhere between: no difference is seen within that time.
        let (early, late) = (
            (theirs.millis() - left.millis()) / 1000,
            (theirs.millis() - came.millis()) / 1000,
        );
        let seconds = if early < -NOISE_SECONDS {
            early
        } else if late > NOISE_SECONDS {
            late
        } else {
            0
        };
        self.seconds = Some(seconds);
        if seconds.abs() < TOLD_SECONDS {
            self.told = false;
            return None;
        }
        if std::mem::replace(&mut self.told, true) {
            return None;
        }
        let side = if seconds > 0 { "behind" } else { "ahead of" };
        Some(format!(
            "clock: this machine is {} seconds {side} the DMP; set its time",
            seconds.abs()
        ))
    }

    /// The difference in seconds, as last measured.
    pub fn seconds(&self) -> Option<i64> {
        self.seconds
    }

    /// The instant to write in a VIHF: ours, corrected while the difference is within `bound` seconds.
    pub fn corrected(&self, now: Instant, bound: u32) -> Instant {
        match self.seconds {
            Some(seconds) if seconds.unsigned_abs() <= u64::from(bound) => {
                now.plus_seconds(seconds)
            }
            _ => now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn a_difference_is_measured_told_once_and_corrected_within_bounds() {
        let mut skew = Skew::default();
        let (left, came) = (at("2026-03-02T08:00:00Z"), at("2026-03-02T08:00:01Z"));
        assert_eq!(skew.corrected(left, 300), left);
        let line = skew.learn(at("2026-03-02T08:02:01Z"), left, came).unwrap();
        assert!(line.contains("120 seconds behind"), "{line}");
        assert_eq!(skew.seconds(), Some(120));
        assert_eq!(skew.corrected(left, 300), at("2026-03-02T08:02:00Z"));
        assert_eq!(
            skew.corrected(left, 60),
            left,
            "beyond the bound nothing is corrected"
        );
        assert_eq!(
            skew.learn(at("2026-03-02T08:02:01Z"), left, came),
            None,
            "told once"
        );
        assert_eq!(skew.learn(at("2026-03-02T08:00:02Z"), left, came), None);
        assert_eq!(skew.seconds(), Some(0));
        let line = skew.learn(at("2026-03-02T07:59:00Z"), left, came).unwrap();
        assert!(line.contains("60 seconds ahead of"), "{line}");
    }
}
