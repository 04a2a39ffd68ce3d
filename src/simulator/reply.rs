//! An answer on its way out: what it says, and how it is delivered or lost.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use serde::Serialize;
use tokio::time::Sleep;

use crate::clock::Instant;

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub content_type: String,
    pub body: Vec<u8>,
    /// The Date header, when it is not the present.
    pub date: Option<Instant>,
    pub delivery: Delivery,
}

/// How an answer reaches the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Whole.
    Whole,
    /// In sixteen pieces over this time.
    Drips(Duration),
    /// Up to this byte; then the connection is cut.
    CutAt(usize),
    /// Not at all: the connection is cut.
    Cut,
    /// Not at all: every connection is cut, and none is taken for this time.
    Restart(Duration),
}

impl Reply {
    /// An answer delivered whole.
    pub fn new(status: u16, content_type: impl Into<String>, body: impl Into<Vec<u8>>) -> Reply {
        Reply {
            status,
            content_type: content_type.into(),
            body: body.into(),
            date: None,
            delivery: Delivery::Whole,
        }
    }

    /// A record in JSON.
    pub fn json(status: u16, record: &impl Serialize) -> Reply {
        match serde_json::to_vec(record) {
            Ok(body) => Reply::new(status, "application/json", body),
            Err(_) => Reply::text(500, "the record does not serialise"),
        }
    }

    /// A line for a person who looks.
    pub fn text(status: u16, line: &str) -> Reply {
        Reply::new(status, "text/plain; charset=utf-8", format!("{line}\n"))
    }
}

/// The connection ends here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is cut on demand")]
pub(crate) struct Cut;

impl From<Infallible> for Cut {
    fn from(never: Infallible) -> Cut {
        match never {}
    }
}

/// The bytes of an answer, as they leave.
pub(crate) struct Outgoing {
    left: Bytes,
    /// Bytes still sent before the connection is cut.
    before_cut: Option<usize>,
    /// Lets what was sent before a cut leave.
    leaving: Option<Pin<Box<Sleep>>>,
    drip: Option<Drip>,
}

struct Drip {
    size: usize,
    pause: Duration,
    sleep: Pin<Box<Sleep>>,
}

/// Between the last bytes of an answer that is cut and the cut.
const LEAVING: Duration = Duration::from_millis(100);
/// Pieces of a slow answer.
const DRIPS: usize = 16;

impl Outgoing {
    pub fn new(body: Vec<u8>, delivery: Delivery) -> Outgoing {
        let left = Bytes::from(body);
        let (before_cut, drip) = match delivery {
            Delivery::CutAt(at) => (Some(at.min(left.len())), None),
            Delivery::Drips(over) => {
                let pause = over / DRIPS as u32;
                let drip = Drip {
                    size: left.len().div_ceil(DRIPS).max(1),
                    pause,
                    sleep: Box::pin(tokio::time::sleep(pause)),
                };
                (None, Some(drip))
            }
            Delivery::Whole | Delivery::Cut | Delivery::Restart(_) => (None, None),
        };
        Outgoing {
            left,
            before_cut,
            leaving: None,
            drip,
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = &mut *self;
        match this.before_cut {
            Some(0) => {
                if let Some(leaving) = &mut this.leaving
                    && leaving.as_mut().poll(context).is_pending()
                {
                    return Poll::Pending;
                }
                return Poll::Ready(Some(Err(Cut)));
            }
            Some(size) => {
                this.before_cut = Some(0);
                this.leaving = Some(Box::pin(tokio::time::sleep(LEAVING)));
                return Poll::Ready(Some(Ok(Frame::data(this.left.split_to(size)))));
            }
            None => {}
        }
        if this.left.is_empty() {
            return Poll::Ready(None);
        }
        let size = match &mut this.drip {
            None => this.left.len(),
            Some(drip) => {
                if drip.sleep.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                drip.sleep = Box::pin(tokio::time::sleep(drip.pause));
                drip.size.min(this.left.len())
            }
        };
        Poll::Ready(Some(Ok(Frame::data(this.left.split_to(size)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && self.before_cut.is_none()
    }

    /// The size announced is that of the whole answer: a cut is then seen for what it is.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
