//! Servers of the tests, on 127.0.0.1: what they say is written byte by byte in each test.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub type Peer = StreamOwned<ServerConnection, TcpStream>;

/// A server, for as long as the tests run.
pub struct Server {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Hands each connection to a function, on a thread of its own, with its number from 0.
    pub fn tcp(handle: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (count, handle) = (connections.clone(), Arc::new(handle));
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let Ok(socket) = socket else { break };
                let limit = Some(Duration::from_secs(20));
                let _ = socket.set_read_timeout(limit);
                let _ = socket.set_write_timeout(limit);
                let _ = socket.set_nodelay(true);
                let number = count.fetch_add(1, Ordering::SeqCst);
                let handle = handle.clone();
                std::thread::spawn(move || handle(number, socket));
            }
        });
        Server {
            address,
            connections,
        }
    }

    /// The same with TLS.
    pub fn tls(
        config: Arc<ServerConfig>,
        handle: impl Fn(usize, &mut Peer) + Send + Sync + 'static,
    ) -> Server {
        Server::tcp(move |number, socket| {
            let mut peer = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), socket);
            // A server that fails says why, and reads what is left so that its words are not lost.
            if peer.conn.complete_io(&mut peer.sock).is_err() {
                let _ = peer.conn.write_tls(&mut peer.sock);
                let _ = peer.sock.shutdown(std::net::Shutdown::Write);
                let _ = io::copy(&mut peer.sock, &mut io::sink());
                return;
            }
            handle(number, &mut peer);
        })
    }

    /// One request per connection, then these bytes, then a proper goodbye.
    pub fn saying(answer: impl Into<Vec<u8>>) -> Server {
        let answer = answer.into();
        Server::tls(super::pki::ServerTls::default().config(), move |_, peer| {
            read_request(peer);
            let _ = peer.write_all(&answer);
            goodbye(peer);
        })
    }

    /// Answers `ok` to every request, connections kept.
    pub fn good() -> Server {
        Server::tls(super::pki::ServerTls::default().config(), |_, peer| {
            while read_request(peer).is_some() {
                let _ = peer.write_all(OK);
            }
        })
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}/si-dmp-server", self.address.port())
    }
}

pub const OK: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: 2\r\n\
    Date: Mon, 15 Jun 2026 10:00:07 GMT\r\n\r\nok";

/// A head that announces this many bytes of the expected type.
pub fn head(length: usize) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// Closes TLS, then the socket, once the other side has read.
pub fn goodbye(peer: &mut Peer) {
    peer.conn.send_close_notify();
    let _ = peer.flush();
    let _ = peer.sock.shutdown(std::net::Shutdown::Write);
    let _ = io::copy(&mut peer.sock, &mut io::sink());
}

/// A request as received.
pub struct Received {
    pub head: String,
    pub length: u64,
}

/// Reads one request, its body too.
pub fn read_request(peer: &mut impl Read) -> Option<Received> {
    let head = read_head(peer)?;
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length:")
                .map(str::to_owned)
        })
        .map_or(0, |value| value.trim().parse().unwrap());
    let read = io::copy(&mut peer.by_ref().take(length), &mut io::sink()).ok()?;
    (read == length).then_some(Received { head, length })
}

/// Reads up to the empty line.
pub fn read_head(peer: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match peer.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    String::from_utf8(head).ok()
}

/// Runs this on another thread and fails if it hangs.
pub fn within<T: Send + 'static>(seconds: u64, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let _ = sender.send(work());
    });
    match receiver.recv_timeout(Duration::from_secs(seconds)) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => unreachable!(),
        },
    }
}
