//! The built-in HTTPS client.

use std::sync::Arc;

use hyper::Request as HttpRequest;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::http::{HeaderName, HeaderValue, Method, Uri, header};
use hyper::{Response, StatusCode};

use super::body::AnswerBody;
use super::config::{ConfigError, NetworkConfig};
use super::dial::{self, Target};
use super::error::{NetworkError, Stage};
use super::exchange::{self, Feed, Live, Outgoing};
use super::pool::{Owner, Pool};
use super::tls::Tls;
use super::watch::Watch;
use super::{Answer, Request, Transport, http_date, judge, media_type};
use crate::clock::Clock;
use crate::dmp::protocol::key::Key;

/// HTTP/1.1 over TLS with a client certificate, on the caller's thread. See [`super`] for its limits.
pub struct HttpsClient {
    config: NetworkConfig,
    tls: Tls,
    pool: Arc<Pool>,
}

impl HttpsClient {
    /// Checks the configuration and reads the roots. The clock gives the present for the dates of certificates.
    pub fn new(config: NetworkConfig, clock: Clock) -> Result<HttpsClient, ConfigError> {
        config.check()?;
        Ok(HttpsClient {
            tls: Tls::new(&config, clock)?,
            pool: Arc::new(Pool::new(config.idle())),
            config,
        })
    }

    /// One attempt over this connection.
    fn attempt(
        &self,
        mut live: Live,
        call: &Call,
        request: &Request<'_>,
        watch: &mut Watch,
    ) -> Result<(Live, Response<Incoming>), (NetworkError, bool)> {
        let (feed, body) = Feed::new(request.length());
        let http = match call.http(body) {
            Ok(http) => http,
            Err(error) => return Err((error, true)),
        };
        watch.restart(self.config.sending());
        let mut answering = false;
        let answer_time = self.config.answer();
        let mut check = |stage: Stage| {
            if stage == Stage::After && !answering {
                answering = true;
                watch.restart(answer_time);
            }
            watch.check(stage)
        };
        let head = exchange::head(&mut live, http, feed, request.body, &mut check);
        match head {
            Ok(head) => {
                // An answer before the end of the request: its own time starts here.
                if !answering {
                    watch.restart(answer_time);
                }
                Ok((live, head))
            }
            Err(error) => {
                let answered = live.stream().answered();
                Err((error, answered))
            }
        }
    }

    /// Over a kept connection if there is one, otherwise over a fresh one.
    fn exchange(
        &self,
        call: &Call,
        request: &Request<'_>,
        owner: &Owner,
        watch: &mut Watch,
    ) -> Result<(Live, Response<Incoming>), NetworkError> {
        watch.check(Stage::Before)?;
        if let Some(live) = self.pool.take(owner) {
            match self.attempt(live, call, request, watch) {
                Ok(done) => return Ok(done),
                // The server closed it just now. Nothing of the request left, or twice does no harm: once more.
                Err((NetworkError::Cut { stage }, false))
                    if stage == Stage::Before || request.repeatable => {}
                Err((error, _)) => return Err(error),
            }
        }
        watch.restart(self.config.connect());
        let stream = dial::open(
            &call.target,
            &self.config,
            &self.tls,
            request.identity,
            watch,
        )?;
        let live = Live::over(stream, &self.config.limits)?;
        let attempt = self.attempt(live, call, request, watch);
        attempt.map_err(|(error, _)| error)
    }
}

impl Transport for HttpsClient {
    fn send(&self, request: &Request<'_>) -> Result<Answer, NetworkError> {
        let call = Call::new(request)?;
        let owner = Owner::new(&call.target, request.identity.as_ref());
        let mut watch = Watch::start(request.cancel, self.config.connect());
        let (live, head) = self.exchange(&call, request, &owner, &mut watch)?;
        let (head, incoming) = head.into_parts();
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(NetworkError::Malformed);
        }
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            let value = value.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        };
        let headers: Vec<(String, String)> = head.headers.iter().filter_map(text).collect();
        let plain = |name: HeaderName| head.headers.get(name).and_then(|v| v.to_str().ok());
        let media = plain(header::CONTENT_TYPE).map(media_type);
        let encoding = plain(header::CONTENT_ENCODING);
        let status = head.status.as_u16();
        judge(status, media.as_deref(), encoding, request.accept)?;
        let limit = self.config.limits.body_bytes;
        if incoming.size_hint().lower() > limit {
            return Err(NetworkError::BodyTooLarge);
        }
        Ok(Answer {
            status,
            date: plain(header::DATE).and_then(http_date),
            headers,
            body: Box::new(AnswerBody {
                live: Some(live),
                incoming,
                watch,
                limit,
                pool: self.pool.clone(),
                owner,
                current: Bytes::new(),
                received: 0,
                failure: None,
            }),
        })
    }

    fn forget(&self, identity: &dyn Key) {
        self.pool.forget(identity);
    }
}

impl std::fmt::Debug for HttpsClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpsClient").finish_non_exhaustive()
    }
}

/// A request checked and ready to be written.
pub(super) struct Call {
    pub target: Target,
    path: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Headers that frame the message or the connection, which are not the caller's.
const OURS: [HeaderName; 9] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::EXPECT,
    header::TE,
    header::TRAILER,
];

impl Call {
    pub fn new(request: &Request<'_>) -> Result<Call, NetworkError> {
        let uri: Uri = request.url.parse().map_err(|_| NetworkError::Url)?;
        let authority = uri.authority().ok_or(NetworkError::Url)?;
        let https = uri.scheme_str() == Some("https");
        if !https || authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(NetworkError::Url);
        }
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        let target = Target {
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(443),
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = path.parse().map_err(|_| NetworkError::Url)?;
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| NetworkError::Header);
        let mut headers = vec![
            (header::HOST, value(authority.as_str())?),
            (header::CONTENT_TYPE, value(request.content_type)?),
        ];
        if let Some(action) = request.soap_action {
            if action.contains('"') {
                return Err(NetworkError::Header);
            }
            let name = HeaderName::from_static("soapaction");
            headers.push((name, value(&format!("\"{action}\""))?));
        }
        for (name, text) in request.headers {
            let name: HeaderName = name.parse().map_err(|_| NetworkError::Header)?;
            if OURS.contains(&name) {
                return Err(NetworkError::Header);
            }
            headers.push((name, value(text)?));
        }
        Ok(Call {
            target,
            path,
            headers,
        })
    }

    fn http(&self, body: Outgoing) -> Result<HttpRequest<Outgoing>, NetworkError> {
        let mut builder = HttpRequest::builder()
            .method(Method::POST)
            .uri(self.path.clone());
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        builder.body(body).map_err(|_| NetworkError::Header)
    }
}
