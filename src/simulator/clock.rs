//! The simulator's present: the system's, a fixed one, or the one its callers say it is.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, Instant};

/// What the simulator takes for the present.
///
/// As JSON: `{"mode": "system"}`, `{"mode": "fixed", "at": "2026-03-02T09:00:00Z"}`, `{"mode": "follow"}`, where
/// `at` is optional with `follow`. On the command line: `system`, the instant itself, or `follow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClockSetting {
    /// The system's clock.
    #[default]
    System,
    /// This instant, until it is set again.
    Fixed {
        /// The present.
        at: Instant,
    },
    /// The last instant a caller gave: the IssueInstant of a VIHF, the `at` of a control call. So a test that moves
    /// its own clock moves the DMP's with it.
    Follow {
        /// The present until the first caller; the system's when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Instant>,
    },
}

impl ClockSetting {
    /// Reads `system`, `follow` or an instant (RFC 3339).
    pub fn parse(text: &str) -> Result<ClockSetting, crate::clock::InstantError> {
        match text {
            "system" => Ok(ClockSetting::System),
            "follow" => Ok(ClockSetting::Follow { at: None }),
            at => Instant::parse(at).map(|at| ClockSetting::Fixed { at }),
        }
    }
}

/// The simulator's clock and the hand it shows to its embedded DMP.
#[derive(Debug)]
pub(crate) struct SimulatorClock {
    system: Clock,
    setting: Mutex<ClockSetting>,
    /// What the embedded DMP reads: set before each call to it.
    hand: Clock,
}

impl SimulatorClock {
    pub fn new(setting: ClockSetting) -> SimulatorClock {
        let system = Clock::system();
        let hand = Clock::manual(system.now());
        let clock = SimulatorClock {
            system,
            setting: Mutex::new(setting),
            hand,
        };
        clock.now();
        clock
    }

    /// The clock of the embedded DMP.
    pub fn hand(&self) -> Clock {
        self.hand.clone()
    }

    /// The present, which the embedded DMP sees from now on.
    pub fn now(&self) -> Instant {
        let setting = self.setting();
        let now = match setting {
            ClockSetting::Fixed { at } | ClockSetting::Follow { at: Some(at) } => at,
            ClockSetting::System | ClockSetting::Follow { at: None } => self.system.now(),
        };
        self.hand.set(now);
        now
    }

    /// The system's own present, for durations and for the validity of certificates in a handshake.
    pub fn system(&self) -> Instant {
        self.system.now()
    }

    /// A caller says when he is: the present becomes it if the clock follows.
    pub fn heard(&self, at: Instant) {
        let mut setting = self.setting.lock().unwrap_or_else(PoisonError::into_inner);
        if let ClockSetting::Follow { at: last } = &mut *setting {
            *last = Some(at);
        }
    }

    pub fn setting(&self) -> ClockSetting {
        *self.setting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set(&self, setting: ClockSetting) {
        *self.setting.lock().unwrap_or_else(PoisonError::into_inner) = setting;
        self.now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_follows_takes_its_callers_word_and_a_fixed_one_does_not() {
        let at = |text| Instant::parse(text).unwrap();
        let (one, two) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        let clock = SimulatorClock::new(ClockSetting::Fixed { at: one });
        clock.heard(two);
        assert_eq!((clock.now(), clock.hand().now()), (one, one));
        clock.set(ClockSetting::parse("follow").unwrap());
        clock.heard(two);
        assert_eq!((clock.now(), clock.hand().now()), (two, two));
        clock.set(ClockSetting::parse("system").unwrap());
        assert_ne!(clock.now(), two);
        assert!(ClockSetting::parse("tomorrow").is_err());
    }
}
