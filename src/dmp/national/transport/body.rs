//! The body of an answer, read as it comes.

use std::io::{self, BufRead, Read};
use std::pin::Pin;
use std::sync::Arc;

use hyper::body::{Body, Bytes, Incoming};

use super::error::NetworkError;
use super::exchange::Live;
use super::pool::{Owner, Pool};
use super::watch::Watch;

/// Reads the body within its limit and deadline; gives the connection back once it is read whole.
pub(super) struct AnswerBody {
    pub live: Option<Live>,
    pub incoming: Incoming,
    pub watch: Watch,
    pub limit: u64,
    pub pool: Arc<Pool>,
    pub owner: Owner,
    pub current: Bytes,
    pub received: u64,
    /// Once failed, every later read fails alike.
    pub failure: Option<NetworkError>,
}

impl AnswerBody {
    /// The next part; None at the end.
    fn next(&mut self) -> Result<Option<Bytes>, NetworkError> {
        let Some(live) = &mut self.live else {
            return Ok(None);
        };
        loop {
            let (watch, incoming) = (&self.watch, &mut self.incoming);
            let frame = live.drive(None, &mut |stage| watch.check(stage), |context| {
                Pin::new(&mut *incoming).poll_frame(context)
            })?;
            let frame = match frame {
                None => break,
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Err(live.explain(&error, true)),
            };
            // What follows the body (trailers) is of no use here.
            let Ok(part) = frame.into_data() else {
                continue;
            };
            self.received = self.received.saturating_add(part.len() as u64);
            if self.received > self.limit {
                return Err(NetworkError::BodyTooLarge);
            }
            if !part.is_empty() {
                return Ok(Some(part));
            }
        }
        if let Some(live) = self.live.take() {
            self.pool.put(self.owner.clone(), live);
        }
        Ok(None)
    }
}

impl BufRead for AnswerBody {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone().into_io());
        }
        if self.current.is_empty() {
            match self.next() {
                Ok(part) => self.current = part.unwrap_or_default(),
                Err(failure) => {
                    self.live = None;
                    self.failure = Some(failure.clone());
                    return Err(failure.into_io());
                }
            }
        }
        Ok(&self.current)
    }

    fn consume(&mut self, amount: usize) {
        let amount = amount.min(self.current.len());
        drop(self.current.split_to(amount));
    }
}

impl Read for AnswerBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let n = available.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), available.get(..n)) {
            to.copy_from_slice(from);
        }
        self.consume(n);
        Ok(n)
    }
}
