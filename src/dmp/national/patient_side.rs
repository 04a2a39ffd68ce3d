//! The patient's and the CNAM's side of a simulator: its own endpoint, no part of the DMP.

use std::io::Read;

use super::National;
use super::exchange::{of_key, of_network, unexpected};
use super::keys::Keyring;
use super::transport::Request;
use crate::cda::ReadError;
use crate::dmp::Requester;
use crate::dmp::embedded::holder::{HolderAction, HolderAnswer};
use crate::dmp::protocol::holder;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::{StructIdNat, Structure};
use crate::rules::{Authentication, Capacity};

/// Bytes of an answer at most: a history of some 100,000 lines.
const LIMIT: u64 = 64 << 20;

impl National {
    pub(super) fn play(&mut self, action: &HolderAction, content: &[u8]) -> Result<HolderAnswer> {
        // What is too large for any DMP does not travel.
        let limit = crate::cda::Limits::default().size;
        if content.len() > limit {
            return Err(ErrorKind::Unreadable(ReadError::TooLarge { limit }).into());
        }
        let keys = self.keyring.keys(&visitor()?).map_err(of_key)?;
        let origin = origin(&self.config.url)
            .ok_or_else(|| Error::caller("dmp.national.url", "must be an https address"))?;
        let url = format!("{origin}{}", holder::PATH);
        let body = holder::write_request(action, content, Some(self.clock.now()))?;
        let request = Request {
            url: &url,
            content_type: "application/json",
            soap_action: None,
            headers: &[],
            body: &[&body],
            accept: &["application/json"],
            identity: &keys.authentication,
            repeatable: false,
            cancel: &self.cancel,
        };
        let answer = self.transport.send(&request).map_err(of_network)?;
        let mut text = Vec::new();
        answer
            .body
            .take(LIMIT)
            .read_to_end(&mut text)
            .map_err(|_| unexpected("the simulator's answer was cut"))?;
        holder::read_answer(&text)
    }
}

/// Whose certificate opens the connection: that of the structure which every set of test certificates holds.
fn visitor() -> Result<Requester> {
    let id =
        StructIdNat::new(holder::VISITOR).map_err(|_| Error::bug("the visitor's identifier"))?;
    Ok(Requester {
        professional: None,
        structure: Structure {
            id,
            name: "Simulateur".to_owned(),
            sector: "SA01".to_owned(),
        },
        authentication: Authentication::Structure,
        capacity: Capacity::Care,
        secret: false,
    })
}

/// `https://host:port` of an address.
fn origin(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    url.get(.."https://".len() + end)
}
