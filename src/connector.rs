//! The use cases: what a practice does with the DMP, one file each.
//!
//! | file | what |
//! |---|---|
//! | `config` | what a connector is opened with |
//! | `session` | a professional at work: patients of the practice, dossiers, searches by traits |
//! | `consent` | consents and oppositions recorded, withdrawn, listed |
//! | `access` | entering a patient's dossier, its state, what may be done and why |
//! | `emergency` | bris de glace: time box, banner, review |
//! | `prepare` | a document checked, a file made into a document, before feeding |
//! | `feed` | feeding documents, one or a lot, and replacing |
//! | `outbox` | handing over to the outbox, what became of it, correcting, sending again, giving up |
//! | `dispatch` | emptying the outbox |
//! | `takeover` | documents of the past, from a folder into the outbox |
//! | `background` | a thread that does so (feature `background`) |
//! | `consult` | finding, reading, what is new |
//! | `render` | a document as a page, as text, or the file it carries |
//! | `change` | masking, showing, archiving, deleting |
//! | `offline` | documents kept, fetched ahead, read without network |
//! | `host` | what the host lends on the national DMP: PIN, signatures, transport; cancelling |
//! | `oversight` | the journal: read, verified, sealed, exported, shortened after its time |
//! | `safekeeping` | backup, check, restore, change of key, salvage of a damaged register |
//! | `support` | what a practice sends to those who help it |
//! | `terminology` | the value sets in use, and packs loaded over them |
//!
//! A [`Connector`] owns the register and the port to a DMP. Calls on one connector run one at a time,
//! whatever thread they come from; open a second connector on the same files to work in parallel.

pub mod access;
#[cfg(feature = "background")]
pub mod background;
pub mod change;
pub mod config;
pub mod consent;
pub mod consult;
pub mod dispatch;
pub mod emergency;
pub mod feed;
#[cfg(feature = "national")]
pub mod host;
pub mod offline;
pub mod outbox;
pub mod oversight;
pub mod prepare;
pub mod render;
pub mod safekeeping;
pub mod session;
pub mod support;
pub mod takeover;
mod terminology;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use access::{Access, AccessRequest, AccessState};
pub use config::Config;
pub use safekeeping::{rekey, restore, salvage};
pub use session::Session;

pub use crate::store::key::StoreKey;

use crate::clock::{Clock, Instant};
use crate::dmp::embedded::Embedded;
use crate::dmp::embedded::holder::{HolderAction, HolderAnswer};
#[cfg(feature = "national")]
use crate::dmp::national::National;
use crate::dmp::{Dmp, Requester};
use crate::error::{Error, ErrorKind, Result};
use crate::store::Register;

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What was done.
    Info,
    /// What was refused.
    Warning,
    /// What failed.
    Error,
}

/// Receives log lines: English, one line, without patient data. It must not call the connector back.
pub type Log = Box<dyn Fn(Level, &str) + Send>;

/// A practice's connector: its register and its DMP.
#[derive(Clone)]
pub struct Connector {
    inner: Arc<Inner>,
}

/// What sessions and accesses share.
pub(crate) struct Inner {
    state: Mutex<Option<State>>,
    log: Mutex<Option<Log>>,
    /// The threads on which a callback runs now.
    speakers: Arc<Speakers>,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    terminology: Mutex<terminology::InUse>,
    /// Stops the call that is on its way.
    #[cfg(feature = "national")]
    cancel: Option<crate::dmp::national::transport::Cancel>,
}

/// The two places where facts live.
pub(crate) struct State {
    pub register: Register,
    pub dmp: Box<dyn Dmp>,
}

/// The state, held by one call.
pub(crate) struct Held<'a> {
    guard: MutexGuard<'a, Option<State>>,
}

impl Held<'_> {
    /// The register and the DMP, unless the connector was closed.
    pub fn state(&mut self) -> Result<&mut State> {
        self.guard.as_mut().ok_or_else(|| ErrorKind::Closed.into())
    }
}

/// The threads on which a callback runs now: one may be told a log line while another is asked to sign.
#[derive(Default)]
struct Speakers(Mutex<Vec<usize>>);

impl Speakers {
    /// A callback runs on this thread until the mark is dropped.
    fn mark(&self) -> Speaking<'_> {
        lock_plain(&self.0).push(this_thread());
        Speaking(self)
    }

    /// Whether a callback runs on this thread.
    fn hold_this_thread(&self) -> bool {
        lock_plain(&self.0).contains(&this_thread())
    }
}

/// A callback at work: its thread may not call back in.
struct Speaking<'a>(&'a Speakers);

impl Drop for Speaking<'_> {
    fn drop(&mut self) {
        let mut threads = lock_plain(&self.0.0);
        if let Some(at) = threads.iter().rposition(|one| *one == this_thread()) {
            threads.swap_remove(at);
        }
    }
}

/// A lock that a panic elsewhere does not take away: what it guards is replaced whole.
fn lock_plain<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells this thread from every other that lives now: the address of a mark each thread has. (The
/// standard library's own identity would allocate on a thread that the host made.)
fn this_thread() -> usize {
    thread_local!(static MARK: u8 = const { 0 });
    MARK.with(|mark| std::ptr::from_ref(mark).addr())
}

impl Inner {
    /// Takes the connector for one call.
    ///
    /// A call from within a callback of the same thread is refused rather than left waiting for itself;
    /// after a panic in an earlier call the connector is refused for good.
    pub(crate) fn hold(&self) -> Result<Held<'_>> {
        let held = self.hold_again()?;
        // What was cancelled before this call is not this call.
        #[cfg(feature = "national")]
        if let Some(cancel) = &self.cancel {
            cancel.reset();
        }
        Ok(held)
    }

    /// Takes the connector again for a call that let go of it in between: what was cancelled meanwhile is this call.
    pub(crate) fn hold_again(&self) -> Result<Held<'_>> {
        self.outside_callback()?;
        let guard = self
            .state
            .lock()
            .map_err(|_| Error::bug("an earlier call panicked: close this connector"))?;
        Ok(Held { guard })
    }

    /// Whether the host cancelled the call on its way.
    pub(crate) fn is_cancelled(&self) -> bool {
        #[cfg(feature = "national")]
        return self.cancel.as_ref().is_some_and(|c| c.is_cancelled());
        #[cfg(not(feature = "national"))]
        false
    }

    /// Refuses a call from within a callback of the same thread.
    pub(crate) fn outside_callback(&self) -> Result<()> {
        if self.speakers.hold_this_thread() {
            return Err(Error::caller(
                "callback",
                "must not call the connector back",
            ));
        }
        Ok(())
    }

    /// The present.
    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Writes a log line.
    pub(crate) fn log(&self, level: Level, line: &str) {
        // A call refused within the callback has nobody to tell it to.
        if self.outside_callback().is_err() {
            return;
        }
        // Held while the callback runs, so that closing waits for its end.
        if let Some(log) = lock_plain(&self.log).as_ref() {
            let _speaking = self.speakers.mark();
            log(level, line);
        }
    }

    /// Logs how a use case ended, by its name and the kind of its error.
    pub(crate) fn logged<T>(&self, action: &str, result: Result<T>) -> Result<T> {
        match &result {
            Ok(_) => self.log(Level::Info, &format!("{action}: done")),
            Err(error) => {
                let level = if error.refusal().is_some() {
                    Level::Warning
                } else {
                    Level::Error
                };
                self.log(level, &format!("{action}: {error}"));
            }
        }
        result
    }
}

impl Connector {
    /// Opens a connector: creates or opens its files.
    ///
    /// Errors: [`ErrorKind::Caller`] for a wrong configuration, [`ErrorKind::Storage`] for a file.
    pub fn open(config: Config) -> Result<Connector> {
        Connector::with(config, None)
    }

    /// As [`Connector::open`], on files encrypted at rest under this key: the register, and the embedded DMP
    /// if there is one. What is created is created under it.
    ///
    /// Errors: as [`Connector::open`]; a file that this key does not open, encrypted or not, is answered as
    /// a file that is not ours ([`StorageError::NotOurs`](crate::error::StorageError::NotOurs)) and left as
    /// it is. [`ErrorKind::Caller`] when the library was built without encryption.
    pub fn open_keyed(config: Config, key: &StoreKey) -> Result<Connector> {
        Connector::with(config, Some(key))
    }

    fn with(config: Config, key: Option<&StoreKey>) -> Result<Connector> {
        config.check()?;
        let clock = config.clock();
        let habilitation = config.habilitation()?;
        let terminology = terminology::InUse::open(config.terminology.as_deref())?;
        // The files last: a configuration that cannot work creates none.
        let (register, dmp): (Register, Box<dyn Dmp>) = match &config.dmp {
            config::Backend::Embedded(embedded) => {
                let register = Register::open(&config.register, key)?;
                let dmp = Embedded::open_keyed(
                    &embedded.path,
                    key,
                    clock.clone(),
                    config.parameters,
                    habilitation,
                )?;
                (register, Box::new(dmp))
            }
            #[cfg(feature = "national")]
            config::Backend::National(national) => {
                let dmp = National::new((**national).clone(), clock.clone())?;
                (Register::open(&config.register, key)?, Box::new(dmp))
            }
        };
        Connector::assemble(config, clock, terminology, register, dmp)
    }

    /// Opens a connector on a DMP of the host's own, in place of the one that the configuration names: a back end that
    /// this library does not have, or one that fails on purpose in tests. `dmp` makes it, on the connector's clock.
    ///
    /// Errors: as [`Connector::open_keyed`].
    pub fn open_on(
        config: Config,
        key: Option<&StoreKey>,
        dmp: impl FnOnce(&Clock) -> Result<Box<dyn Dmp>>,
    ) -> Result<Connector> {
        config.check()?;
        let clock = config.clock();
        let terminology = terminology::InUse::open(config.terminology.as_deref())?;
        let dmp = dmp(&clock)?;
        let register = Register::open(&config.register, key)?;
        Connector::assemble(config, clock, terminology, register, dmp)
    }

    fn assemble(
        config: Config,
        clock: Clock,
        terminology: terminology::InUse,
        register: Register,
        mut dmp: Box<dyn Dmp>,
    ) -> Result<Connector> {
        dmp.use_terminology(&terminology.sets);
        #[cfg(feature = "national")]
        let cancel = dmp.cancel();
        let inner = Arc::new(Inner {
            #[cfg(feature = "national")]
            cancel,
            state: Mutex::new(Some(State { register, dmp })),
            log: Mutex::new(None),
            speakers: Arc::default(),
            clock,
            config,
            terminology: Mutex::new(terminology),
        });
        #[cfg(feature = "national")]
        host::log_warnings(&inner)?;
        {
            let mut held = inner.hold()?;
            inner.sweep(held.state()?)?;
        }
        Ok(Connector { inner })
    }

    /// Closes the connector and its files. Sessions and accesses opened on it answer
    /// [`ErrorKind::Closed`] from then on.
    pub fn close(&self) -> Result<()> {
        self.inner.outside_callback()?;
        // Also after a panic: closing must always be possible.
        let state = lock_plain(&self.inner.state).take();
        if state.is_none() {
            return Err(ErrorKind::Closed.into());
        }
        lock_plain(&self.inner.log).take();
        Ok(())
    }

    /// Sends log lines to `log`, or to nobody.
    ///
    /// Errors: [`ErrorKind::Closed`], for a closed connector must not keep a callback.
    pub fn set_log(&self, log: Option<Log>) -> Result<()> {
        let mut held = self.inner.hold()?;
        held.state()?;
        *lock_plain(&self.inner.log) = log;
        Ok(())
    }

    /// Refuses to act from within the connector's own callback.
    pub(crate) fn outside_callback(&self) -> Result<()> {
        self.inner.outside_callback()
    }

    /// The present, by the connector's clock.
    pub fn now(&self) -> Instant {
        self.inner.now()
    }

    /// Moves the clock of a connector that was opened with one (`clock` in its configuration).
    pub fn set_time(&self, at: Instant) -> Result<()> {
        if self.inner.clock.set(at) {
            Ok(())
        } else {
            Err(Error::caller(
                "clock",
                "only a connector opened with a clock of its own can be moved in time",
            ))
        }
    }

    /// Opens a session for a professional or a structure.
    pub fn session(&self, requester: Requester) -> Result<Session> {
        Session::open(Arc::clone(&self.inner), requester)
    }

    /// Plays the patient or the CNAM on an embedded DMP or a simulator; `content` is the CDA of a deposit.
    ///
    /// Errors: [`ErrorKind::Caller`] when the DMP is neither.
    pub fn holder_act(&self, action: &HolderAction, content: &[u8]) -> Result<HolderAnswer> {
        let mut held = self.inner.hold()?;
        let side = held.state()?.dmp.holder_side().ok_or_else(|| {
            Error::caller(
                "dmp",
                "only an embedded DMP or a simulator plays the patient's side",
            )
        })?;
        side.act(action, content)
    }
}
