//! The server: sockets, TLS, HTTP, limits of size and time. What is asked and answered is [`super::desk`]'s business.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, DATE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::desk::{Desk, Peer};
use super::reply::{Cut, Delivery, Outgoing, Reply};

/// Bytes of a request: several documents of the largest size a DMP takes.
const LARGEST: usize = 128 << 20;
const TOO_LARGE: &str = "the request is larger than 128 MiB";
/// To open a connection, and to send the head of a request (the wait between two requests included).
const PATIENCE: Duration = Duration::from_secs(30);
/// To send the body of a request.
const BODY_PATIENCE: Duration = Duration::from_secs(120);
/// Connections at once.
const CONNECTIONS: usize = 256;
/// For exchanges under way when the simulator stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// One request, read whole.
#[derive(Debug)]
pub(crate) struct Asked {
    pub method: Method,
    pub path: String,
    pub content_type: String,
    pub body: Bytes,
}

/// What every connection shares.
struct Shared {
    desk: Arc<Desk>,
    /// A number that changes when every connection must end at once.
    era: watch::Sender<u64>,
    /// How long nobody answers, when a restart was asked for.
    away: Mutex<Option<Duration>>,
}

/// Serves until `stop` says so.
pub(crate) async fn serve(
    listener: std::net::TcpListener,
    tls: Arc<ServerConfig>,
    desk: Arc<Desk>,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    let mut listener = TcpListener::from_std(listener)?;
    let acceptor = TlsAcceptor::from(tls);
    let shared = Arc::new(Shared {
        desk,
        era: watch::Sender::new(0),
        away: Mutex::new(None),
    });
    let mut era = shared.era.subscribe();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        tokio::select! {
            () = told(&mut stop) => break,
            _ = era.changed() => {
                let away = shared.away.lock().unwrap_or_else(PoisonError::into_inner).take();
                drop(listener);
                tokio::time::sleep(away.unwrap_or_default()).await;
                listener = back(address).await?;
            }
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    // Out of sockets: they come back.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                let Ok(place) = places.clone().try_acquire_owned() else {
                    continue;
                };
                let (acceptor, shared, stop) = (acceptor.clone(), shared.clone(), stop.clone());
                tokio::spawn(async move {
                    connection(stream, &acceptor, &shared, stop).await;
                    drop(place);
                });
            }
        }
    }
    // Connections end by themselves, each after its exchange.
    let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
    let _ = timeout(FAREWELL, places.acquire_many(all)).await;
    Ok(())
}

/// Until the simulator is told to stop, or dropped.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopped| *stopped).await;
}

/// The same address again, once the system lets go of it.
async fn back(address: SocketAddr) -> std::io::Result<TcpListener> {
    let mut tries = 0;
    loop {
        match TcpListener::bind(address).await {
            Err(error) if tries == 100 => return Err(error),
            Err(_) => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            bound => return bound,
        }
    }
}

/// One connection, from its handshake to its end.
async fn connection(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    shared: &Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let mut era = shared.era.subscribe();
    let _ = stream.set_nodelay(true);
    // A handshake that fails is told to the client by its alert.
    let Ok(Ok(stream)) = timeout(PATIENCE, acceptor.accept(stream)).await else {
        return;
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let Some(peer) = certificates.and_then(|all| Peer::of(all.first()?)) else {
        return;
    };
    let peer = Arc::new(peer);
    let service = service_fn(|request| answer(request, shared.clone(), peer.clone()));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    tokio::select! {
        _ = &mut serving => {}
        _ = era.changed() => {}
        () = told(&mut stop) => {
            serving.as_mut().graceful_shutdown();
            let _ = timeout(FAREWELL, serving).await;
        }
    }
}

type Response = hyper::Response<Outgoing>;

/// One exchange.
async fn answer(
    request: hyper::Request<Incoming>,
    shared: Arc<Shared>,
    peer: Arc<Peer>,
) -> Result<Response, Cut> {
    let (head, body) = request.into_parts();
    let content_type = head
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if body.size_hint().lower() > LARGEST as u64 {
        return Ok(refusal(&shared, 413, TOO_LARGE));
    }
    let read = timeout(BODY_PATIENCE, Limited::new(body, LARGEST).collect()).await;
    let body = match read {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return Ok(refusal(&shared, 413, TOO_LARGE));
        }
        Ok(Err(_)) => return Err(Cut),
        Err(_) => {
            return Ok(refusal(
                &shared,
                408,
                "the request took longer than two minutes",
            ));
        }
    };
    let asked = Asked {
        content_type: content_type.to_owned(),
        method: head.method,
        path: head.uri.path().to_owned(),
        body,
    };
    let desk = shared.desk.clone();
    // SQLite, signatures and files wait there for nobody else.
    let worked = tokio::task::spawn_blocking(move || desk.answer(&asked, &peer)).await;
    let Ok(reply) = worked else {
        return Ok(refusal(&shared, 500, "the simulator failed"));
    };
    match reply.delivery {
        Delivery::Cut => Err(Cut),
        Delivery::Restart(away) => {
            *shared.away.lock().unwrap_or_else(PoisonError::into_inner) = Some(away);
            shared.era.send_modify(|era| *era += 1);
            Err(Cut)
        }
        _ => Ok(response(&shared, reply)),
    }
}

fn refusal(shared: &Shared, status: u16, line: &str) -> Response {
    response(shared, Reply::text(status, line))
}

fn response(shared: &Shared, reply: Reply) -> Response {
    let date = reply.date.unwrap_or_else(|| shared.desk.clock.now());
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = hyper::Response::new(Outgoing::new(reply.body, reply.delivery));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&reply.content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    if let Ok(value) = HeaderValue::from_str(&http_date(date)) {
        headers.insert(DATE, value);
    }
    response
}

/// The form of the Date header (RFC 9110 section 5.6.7).
fn http_date(at: crate::clock::Instant) -> String {
    let at = at.date_time();
    let day = |name: String| name.chars().take(3).collect::<String>();
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        day(at.weekday().to_string()),
        at.day(),
        day(at.month().to_string()),
        at.year(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_date_header_has_its_form() {
        let at = crate::clock::Instant::parse("1994-11-06T08:49:37Z").unwrap();
        assert_eq!(super::http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
