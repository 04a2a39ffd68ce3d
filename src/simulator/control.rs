//! The simulator's own endpoint, no part of the DMP: JSON over the same port, for any certificate of its authority.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `GET /simulator` | | the endpoints, in words |
//! | `POST /simulator/holder` | see [`crate::dmp::protocol::holder`] | holder-answer, or `{"error": {…}}` with 422 (500 for storage) |
//! | `GET /simulator/clock` | | the setting, with the present as `now` |
//! | `POST /simulator/clock` | a [`ClockSetting`] | as GET |
//! | `GET /simulator/misbehave` | | `{"misbehaviours": […]}`: those to come |
//! | `POST /simulator/misbehave` | a [`Misbehaviour`] | as GET |
//! | `DELETE /simulator/misbehave` | | as GET: none |
//! | `GET /simulator/log` | | `{"exchanges": […]}`: the last thousand [`super::log::Exchange`], oldest first |
//!
//! A body that cannot be read gives 400 and `{"error": {"kind": "caller", "field": …, "rule": …}}`.

use hyper::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::clock::ClockSetting;
use super::desk::Desk;
use super::log::Exchange;
use super::misbehave::Misbehaviour;
use super::reply::Reply;
use super::server::Asked;
use crate::clock::Instant;
use crate::dmp::protocol::holder;
use crate::error::{Error, ErrorKind};

#[derive(Serialize)]
struct ClockRecord {
    #[serde(flatten)]
    setting: ClockSetting,
    now: Instant,
}

#[derive(Serialize)]
struct MisbehavioursRecord {
    misbehaviours: Vec<Misbehaviour>,
}

#[derive(Serialize)]
struct LogRecord {
    exchanges: Vec<Exchange>,
}

const WORDS: &str = "dmpkit simulator. Not part of the DMP: POST holder; GET, POST clock; GET, POST, DELETE misbehave; GET log.";

/// Answers a control request.
pub(crate) fn answer(desk: &Desk, asked: &Asked) -> Reply {
    let path = asked
        .path
        .trim_start_matches("/simulator")
        .trim_start_matches('/');
    let handled = match (path, &asked.method) {
        ("", &Method::GET) => Ok(Reply::text(200, WORDS)),
        ("holder", &Method::POST) => return act(desk, &asked.body),
        ("clock", &Method::GET) => Ok(clock(desk)),
        ("clock", &Method::POST) => record(&asked.body).map(|setting| {
            desk.clock.set(setting);
            clock(desk)
        }),
        ("misbehave", &Method::GET) => Ok(misbehaviours(desk)),
        ("misbehave", &Method::POST) => record(&asked.body).map(|one| {
            desk.misbehaviours.add(one);
            misbehaviours(desk)
        }),
        ("misbehave", &Method::DELETE) => {
            desk.misbehaviours.clear();
            Ok(misbehaviours(desk))
        }
        ("log", &Method::GET) => Ok(Reply::json(
            200,
            &LogRecord {
                exchanges: desk.log.recent(),
            },
        )),
        ("" | "holder" | "clock" | "misbehave" | "log", _) => Ok(Reply::text(405, WORDS)),
        _ => Ok(Reply::text(404, WORDS)),
    };
    handled.unwrap_or_else(|error| failure(400, &error))
}

fn act(desk: &Desk, body: &[u8]) -> Reply {
    let request = match holder::read_request(body) {
        Ok(request) => request,
        Err(error) => return failure(400, &error),
    };
    if let Some(at) = request.at {
        desk.clock.heard(at);
    }
    match desk.with_dmp(|dmp, _| dmp.act(&request.action, &request.content)) {
        Ok(answer) => Reply::json(200, &answer),
        Err(error) => {
            let ours = matches!(error.kind(), ErrorKind::Storage(_) | ErrorKind::Bug(_));
            failure(if ours { 500 } else { 422 }, &error)
        }
    }
}

fn failure(status: u16, error: &Error) -> Reply {
    Reply::new(status, "application/json", holder::write_error(error))
}

fn clock(desk: &Desk) -> Reply {
    let record = ClockRecord {
        setting: desk.clock.setting(),
        now: desk.clock.now(),
    };
    Reply::json(200, &record)
}

fn misbehaviours(desk: &Desk) -> Reply {
    let record = MisbehavioursRecord {
        misbehaviours: desk.misbehaviours.all(),
    };
    Reply::json(200, &record)
}

fn record<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let text = std::str::from_utf8(body).map_err(|_| Error::caller("body", "is not UTF-8"))?;
    crate::json::read(text, "body").map_err(|fault| match fault.split_once(": ") {
        Some((field, rule)) => Error::caller(field, rule),
        None => Error::caller("body", fault),
    })
}
