//! Emptying the outbox from a thread of the library's: for Rust applications that have no timer of their own. Nothing
//! starts it but [`Dispatcher::start`]; the C interface does not have it, for there the host's own thread calls.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::dispatch::{DispatchAnswer, DispatchRequest};
use super::{Connector, Level};
use crate::error::{Error, ErrorKind, Result};

/// The shortest pause between two dispatches, whatever `next` says: a connector whose clock stands still, or a bound
/// of no item, must not keep a processor busy.
const SHORTEST: Duration = Duration::from_millis(50);

/// A thread that dispatches until it is stopped or dropped; either waits for the item that is being sent.
#[derive(Debug)]
pub struct Dispatcher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

/// What the thread is to do next, beside waiting.
#[derive(Debug, Default)]
struct Wanted {
    stop: bool,
    wake: bool,
}

impl Shared {
    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        // Two flags: whole whatever happened to who held them.
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: impl FnOnce(&mut Wanted)) {
        change(&mut self.wanted());
        self.changed.notify_all();
    }

    /// Waits, at most so long; false when it is time to stop.
    fn wait(&self, pause: Duration) -> bool {
        let idle = |wanted: &mut Wanted| !wanted.stop && !wanted.wake;
        let waited = self.changed.wait_timeout_while(self.wanted(), pause, idle);
        let (mut wanted, _) = waited.unwrap_or_else(PoisonError::into_inner);
        wanted.wake = false;
        !wanted.stop
    }
}

impl Dispatcher {
    /// Starts the thread: it dispatches at once, then when the answer's `next` says, and at least once in `every`, for
    /// another process may hand something over. Give it a connector of its own, opened on the same files, so that
    /// nobody's call waits for an item to be sent. What it does, it says in the connector's log.
    ///
    /// It ends by itself when the connector is closed. Errors: [`ErrorKind::Bug`] when the system gives no thread.
    pub fn start(
        connector: Connector,
        request: DispatchRequest,
        every: Duration,
    ) -> Result<Dispatcher> {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("dmpkit-outbox".to_owned())
            .spawn(move || run(&connector, &request, every, &of_thread))
            .map_err(|_| Error::bug("the system gives no thread"))?;
        Ok(Dispatcher {
            shared,
            thread: Some(thread),
        })
    }

    /// Dispatches now: something was handed over.
    pub fn wake(&self) {
        self.shared.tell(|wanted| wanted.wake = true);
    }

    /// Whether the thread is at work; it ends by itself when the connector is closed.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|t| !t.is_finished())
    }

    /// Ends the thread, after the item that is being sent.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.shared.tell(|wanted| wanted.stop = true);
        if let Some(thread) = self.thread.take() {
            // A panic within was contained and logged there.
            let _ = thread.join();
        }
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        self.end();
    }
}

fn run(connector: &Connector, request: &DispatchRequest, every: Duration, shared: &Shared) {
    loop {
        let dispatched = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            connector.dispatch(request, &mut |_| !shared.wanted().stop)
        }));
        let pause = match dispatched {
            Ok(Ok(answer)) => until_next(connector, &answer, every),
            Ok(Err(error)) if matches!(error.kind(), ErrorKind::Closed) => return,
            // Logged by the dispatch: the register is busy, or the disk full; perhaps not for ever.
            Ok(Err(_)) => every,
            Err(_) => {
                // The connector refuses further calls: nothing is left to do.
                let line = "outbox.dispatch: bug in dmpkit: a panic was caught; the background thread ends";
                connector.inner.log(Level::Error, line);
                return;
            }
        };
        if !shared.wait(pause.max(SHORTEST)) {
            return;
        }
    }
}

fn until_next(connector: &Connector, answer: &DispatchAnswer, every: Duration) -> Duration {
    let Some(next) = answer.next else {
        return every;
    };
    let millis = next.millis().saturating_sub(connector.now().millis());
    let millis = u64::try_from(millis).unwrap_or_default();
    Duration::from_millis(millis).min(every)
}
