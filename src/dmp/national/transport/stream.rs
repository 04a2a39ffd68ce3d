//! A socket, with or without TLS, that waits only in short slices.
//!
//! The socket is non-blocking; [`Stream::wait`] is the one place that blocks, for [`SLICE`] at most, so that deadlines
//! and cancellation are seen whatever the other side does. hyper reads and writes through [`Wire`].

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use rustls::ClientConnection;

use super::error::{NetworkError, Stage};
use super::tls::{self, KeyUse};
use super::watch::{SLICE, Watch};

/// A connection to a server or proxy.
pub(super) struct Stream {
    tcp: TcpStream,
    tls: Option<(ClientConnection, KeyUse)>,
    /// Bytes of the current request taken for sending.
    taken: u64,
    /// Bytes of the current answer given.
    given: u64,
    /// Whether the current request was taken whole.
    complete: bool,
    /// How often the network may still be read in this turn.
    reads_left: u32,
    failure: Option<NetworkError>,
}

/// Reads of the network in one turn. Whoever sends without pause must not keep a turn from ending, or nobody would look
/// at the deadline (interim answers without end are passed over inside hyper).
const READS_PER_TURN: u32 = 64;

impl Stream {
    pub fn new(tcp: TcpStream) -> io::Result<Stream> {
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(SLICE))?;
        tcp.set_write_timeout(Some(SLICE))?;
        tcp.set_nonblocking(true)?;
        Ok(Stream {
            tcp,
            tls: None,
            taken: 0,
            given: 0,
            complete: false,
            reads_left: READS_PER_TURN,
            failure: None,
        })
    }

    /// A new turn begins.
    pub fn turn(&mut self) {
        self.reads_left = READS_PER_TURN;
    }

    /// A new request begins.
    pub fn begin(&mut self) {
        (self.taken, self.given, self.complete) = (0, 0, false);
    }

    /// The whole request was handed over.
    pub fn complete(&mut self) {
        self.complete = true;
    }

    /// How far the current request has gone.
    pub fn stage(&self) -> Stage {
        match (self.taken, self.complete) {
            (0, _) => Stage::Before,
            (_, false) => Stage::While,
            (_, true) => Stage::After,
        }
    }

    /// Whether anything of the current answer came.
    pub fn answered(&self) -> bool {
        self.given > 0
    }

    /// Why the connection is unusable, if it is.
    pub fn failure(&self) -> Option<NetworkError> {
        self.failure.clone()
    }

    /// Whether bytes wait to leave.
    pub fn has_output(&self) -> bool {
        self.tls.as_ref().is_some_and(|(tls, _)| tls.wants_write())
    }

    /// Opens TLS over the connection.
    pub fn handshake(
        &mut self,
        connection: ClientConnection,
        told: KeyUse,
        watch: &mut Watch,
    ) -> Result<(), NetworkError> {
        self.tls = Some((connection, told));
        loop {
            watch.check(Stage::Before)?;
            self.turn();
            let received = self.receive();
            if let Some((_, told)) = &self.tls {
                watch.extend(told.take_spent());
                if let Some(error) = told.error() {
                    return Err(NetworkError::Key(error));
                }
            }
            let more = received.map_err(|_| self.fault())?;
            self.transmit().map_err(|_| self.fault())?;
            let (handshaking, output) = match &self.tls {
                Some((tls, _)) => (tls.is_handshaking(), tls.wants_write()),
                None => (false, false),
            };
            if !handshaking && !output {
                return Ok(());
            }
            if !more {
                self.wait();
            }
        }
    }

    fn fault(&self) -> NetworkError {
        let stage = self.stage();
        self.failure.clone().unwrap_or(NetworkError::Cut { stage })
    }

    /// Waits until there is something to read or, when bytes wait to leave, until some left; one slice at most.
    /// Failures are left for the next read or write to find.
    pub fn wait(&mut self) {
        if self.failure.is_some() || self.tcp.set_nonblocking(false).is_err() {
            return;
        }
        match &mut self.tls {
            Some((tls, _)) if tls.wants_write() => {
                let _ = tls.write_tls(&mut self.tcp);
            }
            _ => {
                let _ = self.tcp.peek(&mut [0]);
            }
        }
        if self.tcp.set_nonblocking(true).is_err() {
            self.fail_cut();
        }
    }

    fn fail_cut(&mut self) -> io::Error {
        let stage = self.stage();
        self.failure.get_or_insert(NetworkError::Cut { stage });
        ErrorKind::ConnectionAborted.into()
    }

    /// Takes what came in for TLS; false when nothing did.
    fn receive(&mut self) -> io::Result<bool> {
        let stage = self.stage();
        let Some((tls, told)) = &mut self.tls else {
            return Ok(false);
        };
        if self.reads_left == 0 {
            return Ok(false);
        }
        self.reads_left -= 1;
        let ended = match tls.read_tls(&mut self.tcp) {
            Ok(n) => n == 0,
            Err(e) if would_block(&e) => return Ok(false),
            Err(_) => return Err(self.fail_cut()),
        };
        if let Err(error) = tls.process_new_packets() {
            self.failure = Some(tls::failure(&error, Some(told), stage));
            // The alert that tells the server why.
            let _ = tls.write_tls(&mut self.tcp);
            return Err(ErrorKind::InvalidData.into());
        }
        if ended && tls.is_handshaking() {
            return Err(self.fail_cut());
        }
        Ok(true)
    }

    /// Sends what waits; false when the network takes no more for now.
    fn transmit(&mut self) -> io::Result<bool> {
        let Some((tls, _)) = &mut self.tls else {
            return Ok(true);
        };
        while tls.wants_write() {
            match tls.write_tls(&mut self.tcp) {
                Ok(_) => {}
                Err(e) if would_block(&e) => return Ok(false),
                Err(_) => {
                    // The server may have said why before it closed: a refusal reads better than a cut.
                    while let Ok(true) = self.receive() {
                        if self.ended() {
                            break;
                        }
                    }
                    return Err(self.fail_cut());
                }
            }
        }
        Ok(true)
    }

    fn ended(&mut self) -> bool {
        let mut byte = [0];
        !matches!(self.tcp.peek(&mut byte), Ok(n) if n > 0)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let read = match &mut self.tls {
                None if self.reads_left == 0 => return Poll::Pending,
                None => {
                    self.reads_left -= 1;
                    self.tcp.read(buffer)
                }
                Some((tls, _)) => tls.reader().read(buffer),
            };
            match read {
                Ok(n) => return Poll::Ready(Ok(n)),
                Err(e) if would_block(&e) => match self.receive() {
                    Ok(true) => {}
                    Ok(false) => return Poll::Pending,
                    Err(e) => return Poll::Ready(Err(e)),
                },
                // With TLS also: closed without saying so, what was received may not be whole.
                Err(_) => return Poll::Ready(Err(self.fail_cut())),
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !matches!(self.transmit(), Ok(true)) && self.failure.is_some() {
            return Poll::Ready(Err(ErrorKind::ConnectionAborted.into()));
        }
        let written = match &mut self.tls {
            None => self.tcp.write(bytes),
            // The buffer of the TLS library is bounded: it takes nothing when full.
            Some((tls, _)) => match tls.writer().write(bytes) {
                Ok(0) if !bytes.is_empty() => Err(ErrorKind::WouldBlock.into()),
                other => other,
            },
        };
        match written {
            Ok(n) => {
                self.taken += n as u64;
                Poll::Ready(Ok(n))
            }
            Err(e) if would_block(&e) => Poll::Pending,
            Err(_) => Poll::Ready(Err(self.fail_cut())),
        }
    }
}

fn would_block(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Politeness: say goodbye if it costs nothing.
        if let (Some((tls, _)), None) = (&mut self.tls, &self.failure) {
            tls.send_close_notify();
            let _ = tls.write_tls(&mut self.tcp);
        }
    }
}

/// The stream as hyper holds it. Never waits.
#[derive(Clone)]
pub(super) struct Wire(Arc<Mutex<Stream>>);

impl Wire {
    pub fn new(stream: Stream) -> Wire {
        Wire(Arc::new(Mutex::new(stream)))
    }

    pub fn stream(&self) -> MutexGuard<'_, Stream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream, once hyper has let go of it.
    pub fn into_stream(self) -> Option<Stream> {
        let mutex = Arc::into_inner(self.0)?;
        Some(mutex.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Read for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut buffer = [0; 16 * 1024];
        let room = cursor.remaining().min(buffer.len());
        let Some(room) = buffer.get_mut(..room) else {
            return Poll::Pending;
        };
        let mut stream = self.stream();
        let read = stream.read(room);
        if read.is_pending() && stream.reads_left == 0 {
            // There is more: in the next turn, without waiting.
            context.waker().wake_by_ref();
        }
        read.map_ok(|n| {
            stream.given += n as u64;
            cursor.put_slice(room.get(..n).unwrap_or_default());
        })
    }
}

impl Write for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream().write(bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.stream().transmit() {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => Poll::Pending,
            Err(e) => Poll::Ready(Err(e)),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The stream says goodbye when it is dropped.
        Poll::Ready(Ok(()))
    }
}
