//! Where requests are answered: the embedded DMP, its clock, the failures to come, the log.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::clock::SimulatorClock;
use super::log::Log;
use super::misbehave::Misbehaviours;
use super::reply::Reply;
use super::server::Asked;
use super::{SERVICES, control};
use crate::clock::Instant;
use crate::dmp::embedded::Embedded;
use crate::dmp::protocol::certificate::Certificate;

/// Whose certificate opened the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    /// The certificate.
    pub certificate: Certificate,
    /// Its holder: the subject's CN, PS_IdNat or Struct_IdNat.
    pub id: String,
}

impl Peer {
    /// The holder of a certificate; `None` if it cannot be read or names nobody.
    pub fn of(certificate: &[u8]) -> Option<Peer> {
        let certificate = Certificate::from_der(certificate).ok()?;
        Some(Peer {
            id: certificate.common_name()?.to_owned(),
            certificate,
        })
    }
}

/// The desk.
pub(crate) struct Desk {
    pub clock: SimulatorClock,
    pub misbehaviours: Misbehaviours,
    pub log: Log,
    /// The authority whose certificates sign a VIHF, DER.
    pub authority: Vec<u8>,
    dmp: Mutex<Embedded>,
    messages: Option<Messages>,
}

impl Desk {
    pub fn new(
        dmp: Embedded,
        clock: SimulatorClock,
        log: Log,
        authority: Vec<u8>,
        messages: Option<PathBuf>,
    ) -> Desk {
        Desk {
            clock,
            misbehaviours: Misbehaviours::default(),
            log,
            authority,
            dmp: Mutex::new(dmp),
            messages: messages.map(Messages::new),
        }
    }

    /// Asks the embedded DMP, at the simulator's present.
    pub fn with_dmp<T>(&self, ask: impl FnOnce(&mut Embedded, Instant) -> T) -> T {
        // A call that panicked left its transaction undone: the file is whole.
        let mut dmp = self.dmp.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        ask(&mut dmp, now)
    }

    /// Answers a request.
    pub fn answer(&self, asked: &Asked, peer: &Peer) -> Reply {
        let reply = if let Some(service) = asked.path.strip_prefix(SERVICES) {
            super::exchange::answer(self, service, asked, peer)
        } else if asked.path == "/simulator" || asked.path.starts_with("/simulator/") {
            control::answer(self, asked)
        } else {
            Reply::text(404, "no such service")
        };
        if let Some(messages) = &self.messages {
            messages.keep(asked, &reply);
        }
        reply
    }
}

/// Whole messages, for a vendor's own debugging: they hold patient data.
struct Messages {
    folder: PathBuf,
    number: AtomicU64,
}

impl Messages {
    fn new(folder: PathBuf) -> Messages {
        Messages {
            folder,
            number: AtomicU64::new(1),
        }
    }

    /// Keeps a request and its answer: `000001-request.txt` and `000001-answer.txt`, head and body as they were.
    fn keep(&self, asked: &Asked, reply: &Reply) {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let request = format!(
            "{} {}\r\nContent-Type: {}\r\n\r\n",
            asked.method, asked.path, asked.content_type
        );
        let answer = format!(
            "{}\r\nContent-Type: {}\r\n\r\n",
            reply.status, reply.content_type
        );
        for (name, head, body) in [
            ("request", request, &asked.body[..]),
            ("answer", answer, &reply.body[..]),
        ] {
            let path = self.folder.join(format!("{number:06}-{name}.txt"));
            // A disk that is full does not stop the simulator.
            let _ = write(&path, head.as_bytes(), body);
        }
    }
}

fn write(path: &Path, head: &[u8], body: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut file = std::fs::File::create(path)?;
    file.write_all(head)?;
    file.write_all(body)
}
