//! One exchange with the DMP: the message read, its sender checked, the transaction done, the answer written.

use super::desk::{Desk, Peer};
use super::reply::Reply;
use super::server::Asked;

/// Answers a message sent to a service.
pub(crate) fn answer(_desk: &Desk, _service: &str, _asked: &Asked, _peer: &Peer) -> Reply {
    Reply::text(404, "no such service")
}
