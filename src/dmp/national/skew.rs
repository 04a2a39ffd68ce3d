//! How far this machine's clock is from the DMP's, by the `Date` of its answers.
//!
//! A VIHF issued in the DMP's past or future is refused by it, and a person sees only a refusal. So the difference is
//! measured at each answer, told when it is large, and corrected in the VIHF as long as it stays within bounds: beyond
//! them something is wrong with one of the clocks, and a person must look.

use crate::clock::Instant;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

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
    /// Learns from an answer: its `Date` (RFC 9110 IMF-fixdate), and when the request left and the answer came.
    /// Gives the line to log when a person should know.
    pub fn learn(&mut self, date: &str, left: Instant, came: Instant) -> Option<String> {
        let theirs = imf_fixdate(date)?;
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

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn imf_fixdate(text: &str) -> Option<Instant> {
    let zoned = text.trim().strip_suffix("GMT")?;
    let at = OffsetDateTime::parse(&format!("{zoned}+0000"), &Rfc2822).ok()?;
    Instant::from_date_time(at)
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
        let line = skew
            .learn("Mon, 02 Mar 2026 08:02:01 GMT", left, came)
            .unwrap();
        assert!(line.contains("120 seconds behind"), "{line}");
        assert_eq!(skew.seconds(), Some(120));
        assert_eq!(skew.corrected(left, 300), at("2026-03-02T08:02:00Z"));
        assert_eq!(
            skew.corrected(left, 60),
            left,
            "beyond the bound nothing is corrected"
        );
        assert_eq!(
            skew.learn("Mon, 02 Mar 2026 08:02:01 GMT", left, came),
            None,
            "told once"
        );
        assert_eq!(
            skew.learn("Mon, 02 Mar 2026 08:00:02 GMT", left, came),
            None
        );
        assert_eq!(skew.seconds(), Some(0));
        let line = skew
            .learn("Mon, 02 Mar 2026 07:59:00 GMT", left, came)
            .unwrap();
        assert!(line.contains("60 seconds ahead of"), "{line}");
    }

    #[test]
    fn what_is_not_a_date_teaches_nothing() {
        let mut skew = Skew::default();
        for text in [
            "",
            "GMT",
            "yesterday",
            "2026-03-02T08:00:00Z",
            "Mon, 99 Mar 2026 08:00:00 GMT",
        ] {
            assert_eq!(
                skew.learn(text, at("2026-03-02T08:00:00Z"), at("2026-03-02T08:00:00Z")),
                None
            );
        }
        assert_eq!(skew.seconds(), None);
    }
}
