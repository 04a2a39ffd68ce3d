//! What the host lends to a connector on the national DMP: PIN and passphrases, signatures, its own transport; how a
//! call is cancelled from another thread; what is known of the network.
//!
//! Every callback runs on the thread of the call that needs it, and may not call the connector back.

use std::sync::Arc;

use super::config::Backend;
use super::{Connector, Inner, Level, Speakers};

use crate::dmp::national::keys::card::Content;
use crate::dmp::national::keys::host::{HostSigner, SignRequest};
use crate::dmp::national::keys::secret::{Secret, SecretRequest, Secrets};
use crate::dmp::national::transport::{HostFailure, HostRequest, HostSender, HostSink};
use crate::dmp::national::{Lent, NetworkState};
use crate::error::Result;

/// Runs a callback with its thread marked, so that it cannot call back in.
struct Guarded<T> {
    callback: T,
    speakers: Arc<Speakers>,
}

impl Secrets for Guarded<Box<dyn Secrets>> {
    fn ask(&mut self, request: &SecretRequest) -> Option<Secret> {
        let _speaking = self.speakers.mark();
        self.callback.ask(request)
    }
}

impl HostSigner for Guarded<Box<dyn HostSigner>> {
    fn sign(&mut self, request: &SignRequest<'_>) -> Option<Vec<u8>> {
        let _speaking = self.speakers.mark();
        self.callback.sign(request)
    }
}

impl HostSender for Guarded<Box<dyn HostSender>> {
    fn send(
        &self,
        request: &HostRequest<'_>,
        sink: &mut HostSink,
    ) -> std::result::Result<(), HostFailure> {
        let _speaking = self.speakers.mark();
        self.callback.send(request, sink)
    }
}

/// Sends the DMP's warnings, such as a difference of clocks, to the connector's log.
pub(super) fn log_warnings(inner: &Arc<Inner>) -> Result<()> {
    let Backend::National(_) = &inner.config.dmp else {
        return Ok(());
    };
    let weak = Arc::downgrade(inner);
    let log = Lent::Log(Box::new(move |line| {
        if let Some(inner) = weak.upgrade() {
            inner.log(Level::Warning, line);
        }
    }));
    inner.hold()?.state()?.dmp.lend(log)
}

impl Connector {
    fn guarded<T>(&self, callback: T) -> Guarded<T> {
        Guarded {
            callback,
            speakers: Arc::clone(&self.inner.speakers),
        }
    }

    fn lend(&self, lent: Lent) -> Result<()> {
        let mut held = self.inner.hold()?;
        held.state()?.dmp.lend(lent)
    }

    /// Asks this for PIN and passphrases; `None` gives none. They are asked for when needed and never kept.
    ///
    /// Errors: [`crate::error::ErrorKind::Caller`] when the DMP is not the national one.
    pub fn set_secrets(&self, secrets: Option<Box<dyn Secrets>>) -> Result<()> {
        let secrets = secrets.unwrap_or_else(|| Box::new(|_: &SecretRequest| None));
        self.lend(Lent::Secrets(Box::new(self.guarded(secrets))))
    }

    /// Signs with this for the keys that the configuration leaves to the host; `None` signs nothing.
    ///
    /// Errors: as [`Connector::set_secrets`].
    pub fn set_signer(&self, signer: Option<Box<dyn HostSigner>>) -> Result<()> {
        let signer = signer.unwrap_or_else(|| Box::new(|_: &SignRequest<'_>| None));
        self.lend(Lent::Signer(Box::new(self.guarded(signer))))
    }

    /// Sends through this instead of the built-in HTTPS client; `None` goes back to the built-in one.
    ///
    /// Errors: as [`Connector::set_secrets`].
    pub fn set_transport(&self, sender: Option<Box<dyn HostSender>>) -> Result<()> {
        let sender = sender.map(|s| -> Box<dyn HostSender> { Box::new(self.guarded(s)) });
        self.lend(Lent::Transport(sender))
    }

    /// Stops the call that is on its way to the DMP, from another thread; it ends with
    /// [`crate::error::NetworkKind::Cancelled`]. Nothing happens when none is.
    pub fn cancel(&self) {
        if let Some(cancel) = &self.inner.cancel {
            cancel.cancel();
        }
    }

    /// What is known of the way to the DMP; nothing is sent.
    pub fn network(&self) -> Result<NetworkState> {
        let mut held = self.inner.hold()?;
        held.state()?
            .dmp
            .network()
            .ok_or_else(crate::dmp::national::not_national)
    }

    /// What the card in the reader says of its holder and exercises: what a session needs. Asks for the PIN, for the
    /// exercises are read only after it.
    ///
    /// Errors: [`crate::error::ErrorKind::Key`]; [`crate::error::ErrorKind::Caller`] when the DMP is not the national
    /// one, or when this library was built without the feature `pkcs11`.
    pub fn card(&self) -> Result<Content> {
        let mut held = self.inner.hold()?;
        held.state()?.dmp.card()
    }
}
