//! How long a call may last, and the way to stop it from another thread.
//!
//! Deadlines are measured on the machine's monotonic timer, not on [`crate::clock::Clock`]: they are lengths, not
//! the present, and must pass even when a test's clock stands still.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::error::{NetworkError, Stage};

/// The longest time anything waits without looking at the deadline and at [`Cancel`].
pub(super) const SLICE: Duration = Duration::from_millis(40);

/// Stops a call from another thread. Clones are one and the same.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Not cancelled.
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// Stops the calls that hold this or a clone, within about 100 ms, and those that would start, until it is reset.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Forgets that it was cancelled: a new call begins.
    pub(crate) fn reset(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The end of the current stage of a call.
#[derive(Debug)]
pub(super) struct Watch {
    cancel: Cancel,
    end: Instant,
}

impl Watch {
    /// From now, for this long.
    pub fn start(cancel: &Cancel, length: Duration) -> Watch {
        Watch {
            cancel: cancel.clone(),
            end: Instant::now() + length,
        }
    }

    /// A new stage begins now.
    pub fn restart(&mut self, length: Duration) {
        self.end = Instant::now() + length;
    }

    /// Gives back the time a person took (PIN).
    pub fn extend(&mut self, by: Duration) {
        self.end += by;
    }

    /// Time left; zero when it is over.
    pub fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Fails when cancelled or too late.
    pub fn check(&self, stage: Stage) -> Result<(), NetworkError> {
        if self.cancel.is_cancelled() {
            Err(NetworkError::Cancelled { stage })
        } else if self.left().is_zero() {
            Err(match stage {
                Stage::Before => NetworkError::ConnectTimedOut,
                stage => NetworkError::TimedOut { stage },
            })
        } else {
            Ok(())
        }
    }
}

/// A moment from which time is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Since(Instant);

impl Since {
    pub fn now() -> Since {
        Since(Instant::now())
    }

    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
