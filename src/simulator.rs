//! A DMP that speaks the national protocols over mutual TLS, in front of an embedded DMP: for a vendor's desk and
//! a vendor's CI. Any connector can be pointed at it.
//!
//! | module | holds |
//! |---|---|
//! | [`pki`] | an authority of its own, a server, cards and structures: worth nothing elsewhere |
//! | [`cards`] | whom they are issued to |
//! | [`clock`] | its present |
//! | [`misbehave`] | what a DMP can do wrong, on demand |
//! | [`log`] | what was exchanged, without patient data |
//! | [`script`] | what it starts with: dossiers, documents |
//! | `control` | its own endpoint, no part of the DMP |
//! | `exchange` | the DMP's services |
//! | `server`, `tls`, `reply` | sockets, TLS, HTTP |
//!
//! The services stand under `/si-dmp-server/v2/services/`: `patients`, `habilitations`, `registry`, `repository`. What
//! is done at `/simulator` is documented in `control`.

pub mod cards;
pub mod clock;
mod control;
mod desk;
mod exchange;
pub mod log;
pub mod misbehave;
pub mod pki;
mod reply;
pub mod script;
mod server;
mod tls;

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::watch;

pub use clock::ClockSetting;
pub use log::Exchange;
pub use misbehave::{Kind, Misbehaviour};
pub use script::Script;

use crate::clock::Instant;
use crate::dmp::embedded::Embedded;
use crate::dmp::embedded::holder::{HolderAction, HolderAnswer};
use crate::dmp::protocol::holder;
use crate::error::Error;
use crate::rules::Parameters;
use crate::rules::habilitation::Habilitation;
use desk::Desk;
use pki::Pki;

/// The path of the services, before the name of one.
pub const SERVICES: &str = "/si-dmp-server/v2/services/";

/// What a simulator is started with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Address and port; port 0 takes a free one. `127.0.0.1:0` when empty.
    pub listen: String,
    /// The file of its embedded DMP; created when absent.
    pub dmp: PathBuf,
    /// The folder of its certificates, see [`pki`]; created when absent. An authority in memory when empty.
    pub certificates: PathBuf,
    /// What is done before it listens. Its steps are left out when the file of the DMP existed already.
    pub script: Option<Script>,
    /// The file to which exchanges are appended.
    pub log: Option<PathBuf>,
    /// Its present.
    pub clock: ClockSetting,
    /// Failures to come.
    pub misbehaviours: Vec<Misbehaviour>,
    /// A folder for whole messages, which **hold patient data**: for the vendor's own debugging with fictitious
    /// patients. It must exist.
    pub messages: Option<PathBuf>,
    /// Durations and switches of the DMP.
    pub parameters: Parameters,
    /// The matrix d'habilitation of the DMP.
    pub habilitation: Habilitation,
}

/// Why a simulator does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened to.
    #[error("listen: the address cannot be used ({0})")]
    Listen(std::io::ErrorKind),
    /// The file of the embedded DMP.
    #[error("dmp: {0}")]
    Dmp(Error),
    /// The certificates.
    #[error("certificates: {0}")]
    Certificates(String),
    /// A step of the script, by its number from 1.
    #[error("script: step {step}: {error}")]
    Script {
        /// The step.
        step: usize,
        /// Why it failed.
        error: Error,
    },
    /// The log.
    #[error("log: the file cannot be opened ({0})")]
    Log(std::io::ErrorKind),
    /// Threads.
    #[error("the server's threads cannot be started ({0})")]
    Threads(std::io::ErrorKind),
}

/// A simulator at work, on threads of its own. It stops when it is dropped.
pub struct Simulator {
    address: SocketAddr,
    desk: Arc<Desk>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    replayed: bool,
    pki: Pki,
}

impl Simulator {
    /// Starts a simulator; it answers when this returns.
    pub fn start(options: Options) -> Result<Simulator, StartError> {
        let clock = clock::SimulatorClock::new(options.clock);
        let pki =
            Simulator::certificates(&options, cards::issued_at([clock.system(), clock.now()]))
                .map_err(|error| StartError::Certificates(error.to_string()))?;
        let log = log::Log::open(options.log.as_deref()).map_err(|e| StartError::Log(e.kind()))?;
        let new = !options.dmp.exists();
        let dmp = Embedded::open(
            &options.dmp.to_string_lossy(),
            clock.hand(),
            options.parameters,
            options.habilitation,
        )
        .map_err(StartError::Dmp)?;
        let authority = pki.ca_der().to_vec();
        let desk = Arc::new(Desk::new(dmp, clock, log, authority, options.messages));
        let script = options.script.filter(|_| new);
        if let Some(script) = &script {
            script.play(&desk)?;
        }
        options
            .misbehaviours
            .into_iter()
            .for_each(|one| desk.misbehaviours.add(one));
        let listener = listen(&options.listen).map_err(|e| StartError::Listen(e.kind()))?;
        let address = listener
            .local_addr()
            .map_err(|e| StartError::Listen(e.kind()))?;
        let tls = tls::configuration(&pki)
            .map_err(|error| StartError::Certificates(error.to_string()))?;
        let (stop, stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("dmpkit-simulator")
            .enable_all()
            .build()
            .map_err(|e| StartError::Threads(e.kind()))?;
        let shared = desk.clone();
        let (ready, when_ready) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("dmpkit-simulator".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let _ = ready.send(());
                    let _ = server::serve(listener, tls, shared, stopped).await;
                });
                runtime.shutdown_timeout(std::time::Duration::from_secs(5));
            })
            .map_err(|e| StartError::Threads(e.kind()))?;
        // The listening socket queues connections from now on.
        let _ = when_ready.recv();
        Ok(Simulator {
            address,
            desk,
            stop,
            thread: Some(thread),
            replayed: script.is_some(),
            pki,
        })
    }

    /// The authority, with the cards of the script, or those of [`cards::demonstration`] when it names none and the
    /// folder holds none.
    fn certificates(options: &Options, at: Instant) -> Result<Pki, pki::PkiError> {
        let folder = &options.certificates;
        let pki = if folder.as_os_str().is_empty() {
            Pki::in_memory(at)?
        } else {
            Pki::open(folder, at)?
        };
        let named = options.script.as_ref().map(|script| script.cards.clone());
        let holders = match named.filter(|cards| !cards.is_empty()) {
            Some(named) => named,
            None => match pki.cards() {
                Some(cards) if is_empty(&cards) => cards::demonstration(),
                _ => Vec::new(),
            },
        };
        for holder in &holders {
            cards::issue(&pki, holder)?;
        }
        Ok(pki)
    }

    /// Its authority: to issue cards, and what a client trusts.
    pub fn pki(&self) -> &Pki {
        &self.pki
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base address of the services, as a connector is configured with it: `https://localhost:PORT/si-dmp-server/v2/services`.
    /// The server's certificate names `localhost` and `127.0.0.1`.
    pub fn url(&self) -> String {
        let services = SERVICES.trim_end_matches('/');
        format!("https://localhost:{}{services}", self.address.port())
    }

    /// Whether the steps of the script were done: not when the file of the DMP existed already.
    pub fn script_was_played(&self) -> bool {
        self.replayed
    }

    /// The last exchanges, oldest first.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.desk.log.recent()
    }

    /// Makes something go wrong.
    pub fn misbehave(&self, misbehaviour: Misbehaviour) {
        self.desk.misbehaviours.add(misbehaviour);
    }

    /// From now on nothing goes wrong on demand.
    pub fn behave(&self) {
        self.desk.misbehaviours.clear();
    }

    /// Sets the clock.
    pub fn set_clock(&self, setting: ClockSetting) {
        self.desk.clock.set(setting);
    }

    /// Its present.
    pub fn now(&self) -> Instant {
        self.desk.clock.now()
    }

    /// Does what the patient, a representative or the CNAM does. `content` is the CDA of a deposit.
    pub fn act(&self, action: &HolderAction, content: &[u8]) -> Result<HolderAnswer, Error> {
        self.desk.with_dmp(|dmp, _| dmp.act(action, content))
    }

    /// Waits until the server ends, which it does by itself only if its address is taken from it.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

fn listen(address: &str) -> std::io::Result<TcpListener> {
    let address = if address.is_empty() {
        "127.0.0.1:0"
    } else {
        address
    };
    let addresses: Vec<SocketAddr> = address.to_socket_addrs()?.collect();
    let listener = TcpListener::bind(&addresses[..])?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Whether a folder holds no card but the visitor's.
fn is_empty(folder: &Path) -> bool {
    let visitor = |name: std::ffi::OsString| name.to_string_lossy().starts_with(holder::VISITOR);
    std::fs::read_dir(folder)
        .is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(|e| visitor(e.file_name()))))
}
