//! One HTTP/1.1 exchange over an open connection, driven by hand on the caller's thread.
//!
//! hyper holds the protocol as a state machine (futures); no runtime is needed to turn it: it is polled, and when it can
//! do no more the stream waits for one slice. So a call works on any thread, inside a host's runtime too, and each turn
//! looks at deadline and cancellation.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper::{Request as HttpRequest, Response};

use super::config::Limits;
use super::error::{NetworkError, Stage};
use super::stream::{Stream, Wire};

/// The largest part of a body copied at once.
const PART: usize = 64 * 1024;

/// The request's body as hyper takes it: whatever part lies in the slot.
pub(super) struct Outgoing {
    slot: Arc<Mutex<Option<Bytes>>>,
    left: u64,
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let part = self
            .slot
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match part {
            // Not a wait for a wake-up: whoever drives fills the slot and polls again.
            None => Poll::Pending,
            Some(part) => {
                self.left = self.left.saturating_sub(part.len() as u64);
                Poll::Ready(Some(Ok(Frame::data(part))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// The other end of the slot.
pub(super) struct Feed {
    slot: Arc<Mutex<Option<Bytes>>>,
    piece: usize,
    offset: usize,
}

impl Feed {
    /// For a body of this length.
    pub fn new(length: u64) -> (Feed, Outgoing) {
        let slot = Arc::new(Mutex::new(None));
        let feed = Feed {
            slot: slot.clone(),
            piece: 0,
            offset: 0,
        };
        (feed, Outgoing { slot, left: length })
    }

    /// For no body.
    pub fn empty() -> (Feed, Outgoing) {
        Feed::new(0)
    }

    /// Puts the next part into the slot if it is empty; true if it did.
    fn refill(&mut self, pieces: &[&[u8]]) -> bool {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_some() {
            return false;
        }
        while let Some(rest) = pieces.get(self.piece).and_then(|p| p.get(self.offset..)) {
            if rest.is_empty() {
                (self.piece, self.offset) = (self.piece + 1, 0);
                continue;
            }
            let part = rest.get(..PART).unwrap_or(rest);
            *slot = Some(Bytes::copy_from_slice(part));
            self.offset += part.len();
            return true;
        }
        false
    }

    /// Whether all of the body was taken.
    fn exhausted(&self, pieces: &[&[u8]]) -> bool {
        let slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = pieces.get(self.piece..).unwrap_or_default();
        let left: usize = rest.iter().map(|piece| piece.len()).sum();
        slot.is_none() && left <= self.offset
    }
}

/// An open connection that can carry exchanges one after the other.
pub(super) struct Live {
    sender: SendRequest<Outgoing>,
    // None once it has ended.
    connection: Option<Connection<Wire, Outgoing>>,
    wire: Wire,
    woken: Arc<Woken>,
    /// The stream is to outlive HTTP on it.
    keep: bool,
}

/// Set when hyper wants to be polled again although nothing happened on the network.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Live {
    /// Speaks HTTP over this stream.
    pub fn over(stream: Stream, limits: &Limits) -> Result<Live, NetworkError> {
        Live::keeping(false, stream, limits)
    }

    /// The same for a `CONNECT`, after which the stream carries something else ([`Live::tunnel`]).
    pub fn to_proxy(stream: Stream, limits: &Limits) -> Result<Live, NetworkError> {
        Live::keeping(true, stream, limits)
    }

    fn keeping(keep: bool, stream: Stream, limits: &Limits) -> Result<Live, NetworkError> {
        let wire = Wire::new(stream);
        let mut builder = Builder::new();
        let header_bytes = limits.header_bytes as usize;
        builder
            .max_header_size(header_bytes)
            .max_buf_size(header_bytes.max(PART))
            .max_headers(limits.headers as usize);
        let handshake = pin!(builder.handshake(wire.clone()));
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        // It only builds the state machine: nothing is sent, nothing to wait for.
        match handshake.poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(Ok((sender, connection))) => Ok(Live {
                sender,
                connection: Some(connection),
                wire,
                woken,
                keep,
            }),
            _ => Err(NetworkError::Resources),
        }
    }

    /// Whether it can carry one more exchange; notices what the server did meanwhile. Does not wait.
    pub fn usable(&mut self) -> bool {
        let waker = Waker::from(self.woken.clone());
        let mut context = Context::from_waker(&waker);
        // Twice: the first turn may only let the state machine know that it is idle.
        self.turn(&mut context);
        self.turn(&mut context);
        let ready = matches!(self.sender.poll_ready(&mut context), Poll::Ready(Ok(())));
        ready && self.connection.is_some() && self.wire.stream().failure().is_none()
    }

    /// The bare stream after a `CONNECT`, if nothing came over it that was not asked for.
    pub fn tunnel(self) -> Option<Stream> {
        let parts = self.connection?.into_parts();
        if !parts.read_buf.is_empty() {
            return None;
        }
        drop((parts, self.sender));
        self.wire.into_stream()
    }

    /// Lets the state machine do what it can without waiting.
    fn turn(&mut self, context: &mut Context<'_>) {
        self.wire.stream().turn();
        let Some(connection) = &mut self.connection else {
            return;
        };
        if self.keep {
            // Its end, an error or the tunnel, is told to the request that waits.
            let _ = connection.poll_without_shutdown(context);
        } else if Pin::new(connection).poll(context).is_ready() {
            // Likewise.
            self.connection = None;
        }
    }

    /// Turns the connection until `done`.
    pub fn drive<T>(
        &mut self,
        feed: Option<(&mut Feed, &[&[u8]])>,
        check: &mut dyn FnMut(Stage) -> Result<(), NetworkError>,
        mut done: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Result<T, NetworkError> {
        let waker = Waker::from(self.woken.clone());
        let mut context = Context::from_waker(&waker);
        let mut feed = feed;
        loop {
            let stage = self.wire.stream().stage();
            check(stage)?;
            self.woken.0.store(false, Ordering::SeqCst);
            self.turn(&mut context);
            if let Poll::Ready(value) = done(&mut context) {
                return Ok(value);
            }
            if let Some((feed, pieces)) = &mut feed {
                if feed.refill(pieces) {
                    continue;
                }
                let mut stream = self.wire.stream();
                if feed.exhausted(pieces) && !stream.has_output() {
                    stream.complete();
                }
            }
            if self.woken.0.load(Ordering::SeqCst) {
                continue;
            }
            if self.connection.is_none() {
                // Ended without an answer for `done`; hyper would have given it one.
                let stream = self.wire.stream();
                let stage = stream.stage();
                return Err(stream.failure().unwrap_or(NetworkError::Cut { stage }));
            }
            self.wire.stream().wait();
        }
    }

    pub fn stream(&self) -> std::sync::MutexGuard<'_, Stream> {
        self.wire.stream()
    }

    /// What an error of hyper means here.
    pub fn explain(&self, error: &hyper::Error, reading_body: bool) -> NetworkError {
        let stream = self.wire.stream();
        let stage = stream.stage();
        if let Some(failure) = stream.failure() {
            return failure;
        }
        if error.is_parse_too_large() {
            return NetworkError::HeaderTooLarge;
        }
        if error.is_parse() {
            return NetworkError::Malformed;
        }
        if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
            return match reading_body {
                true => NetworkError::WrongLength,
                false => NetworkError::Cut { stage },
            };
        }
        let source = std::error::Error::source(error);
        match source.and_then(|e| e.downcast_ref::<std::io::Error>()) {
            Some(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => NetworkError::WrongLength,
            Some(_) if reading_body => NetworkError::Malformed,
            _ if reading_body => NetworkError::Malformed,
            _ => NetworkError::Cut { stage },
        }
    }
}

/// Sends a request and waits for the head of its answer.
pub(super) fn head(
    live: &mut Live,
    request: HttpRequest<Outgoing>,
    mut feed: Feed,
    pieces: &[&[u8]],
    check: &mut dyn FnMut(Stage) -> Result<(), NetworkError>,
) -> Result<Response<Incoming>, NetworkError> {
    let mut answer = pin!(live.sender.send_request(request));
    let result = live.drive(Some((&mut feed, pieces)), check, |context| {
        answer.as_mut().poll(context)
    })?;
    result.map_err(|error| live.explain(&error, false))
}
