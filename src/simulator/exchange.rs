//! One exchange with the DMP: the message read, its sender checked, the transaction done, the answer written; or what
//! goes wrong on demand.
//!
//! Refusals take the DMP's forms: a SOAP fault with HTTP 500 for what is wrong before the transaction (message, VIHF),
//! the transaction's own form with HTTP 200 for what the DMP refuses.

mod call;
mod caller;
mod changes;
mod documents;
mod payload;

use std::time::Duration;

use super::desk::{Desk, Peer};
use super::log::Exchange;
use super::misbehave::{Kind, Misbehaviour};
use super::reply::{Delivery, Reply};
use super::server::Asked;
use crate::clock::Instant;
use crate::dmp::protocol::fault::Fault;
use crate::dmp::protocol::mtom::{self, Received};
use crate::dmp::protocol::soap::{self, Body, FaultCode, Service, SoapError, Transaction};
use crate::dmp::protocol::vihf::Vihf;
use crate::dmp::protocol::xml;
use crate::document::EntryUuid;
use crate::rules::Authentication;
use call::{Call, Turn};
use payload::Payload;

/// A SOAP fault on its way out.
struct Stopped(soap::Fault);

impl From<SoapError> for Stopped {
    fn from(error: SoapError) -> Stopped {
        Stopped(error.fault())
    }
}

impl From<xml::XmlError> for Stopped {
    fn from(error: xml::XmlError) -> Stopped {
        SoapError::Xml(error).into()
    }
}

impl From<mtom::MtomError> for Stopped {
    fn from(error: mtom::MtomError) -> Stopped {
        Stopped(soap::Fault {
            code: FaultCode::Sender,
            subcodes: Vec::new(),
            reason: error.to_string(),
            details: Vec::new(),
        })
    }
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Stopped {
        Stopped(fault.to_soap())
    }
}

/// A message that was read.
struct Message {
    transaction: Transaction,
    call: Call,
    received: Received,
}

/// An exchange under way.
struct Conversation<'a> {
    desk: &'a Desk,
    peer: &'a Peer,
    asked: &'a Asked,
    note: Exchange,
    relates_to: Option<String>,
    transaction: Option<Transaction>,
    taken: Vec<Misbehaviour>,
    /// The present, as a clock that goes wrong has it.
    now: Instant,
}

/// Answers a message sent to a service.
pub(crate) fn answer(desk: &Desk, service: &str, asked: &Asked, peer: &Peer) -> Reply {
    let Some(service) = Service::ALL.into_iter().find(|s| s.suffix() == service) else {
        return Reply::text(404, "no such service");
    };
    if asked.method != hyper::Method::POST {
        return Reply::text(405, "SOAP messages are posted");
    }
    let began = desk.clock.system();
    let now = desk.clock.now();
    let mut conversation = Conversation {
        desk,
        peer,
        asked,
        note: Exchange {
            at: now,
            transaction: "-".to_owned(),
            service: service.suffix().to_owned(),
            http_status: None,
            message_id: None,
            answer_id: None,
            holder: peer.id.clone(),
            outcome: "ok".to_owned(),
            context: String::new(),
            vihf: Vec::new(),
            misbehaviours: Vec::new(),
            request_size: asked.body.len(),
            answer_size: 0,
            duration: 0,
        },
        relates_to: None,
        transaction: None,
        taken: Vec::new(),
        now,
    };
    let mut reply = match conversation.read(service) {
        Ok(message) => conversation.serve(message),
        Err(stopped) => conversation.fault(&stopped),
    };
    conversation.spoil(&mut reply);
    let Conversation { mut note, .. } = conversation;
    let unanswered = matches!(reply.delivery, Delivery::Cut | Delivery::Restart(_));
    note.http_status = (!unanswered).then_some(reply.status);
    note.answer_size = if unanswered { 0 } else { reply.body.len() };
    note.duration = desk.clock.system().millis() - began.millis();
    desk.log.keep(note);
    reply
}

impl Conversation<'_> {
    /// Reads the message.
    fn read(&mut self, service: Service) -> Result<Message, Stopped> {
        let limits = mtom::Limits::default();
        let received = mtom::receive(&self.asked.content_type, &self.asked.body[..], &limits)?;
        let mut envelope = soap::read(&received.root[..], xml::Limits::default())?;
        // A text of the caller's is not copied into the log, unless it is an identifier.
        let id = envelope.header.message_id.clone();
        self.note.message_id = id.clone().filter(|id| EntryUuid::is_shaped(id));
        self.relates_to = id.filter(|id| id.len() <= 256);
        let (of_action, _) = envelope.header.request()?;
        self.transaction = Some(of_action);
        self.note.transaction = of_action.name().to_owned();
        if of_action.service() != service {
            return Err(SoapError::Action.into());
        }
        // A clock that follows its callers takes the instant of their assertion.
        let assertion = envelope.assertion.as_ref();
        let assertion = assertion.and_then(|place| place.of(&received.root));
        if let Some(Ok(vihf)) = assertion.map(|a| Vihf::read(a.xml.as_bytes())) {
            self.desk.clock.heard(vihf.issued);
            self.now = self.desk.clock.now();
            self.note.at = self.now;
        }
        let start = match envelope.body {
            Body::Payload(start) => start,
            _ => return Err(xml::XmlError::Unexpected("a payload in Body").into()),
        };
        let call = Call::read(of_action, &mut envelope.reader, &start)?;
        soap::end(&mut envelope.reader)?;
        let transaction = call.transaction(of_action);
        self.transaction = Some(transaction);
        self.note.transaction = transaction.name().to_owned();
        Ok(Message {
            transaction,
            call,
            received,
        })
    }

    /// What goes wrong of this kind.
    fn suffers(&self, kind: Kind) -> Option<&Misbehaviour> {
        self.taken.iter().find(|one| one.kind == kind)
    }

    /// Checks the sender and does the transaction, or fails as asked.
    fn serve(&mut self, message: Message) -> Reply {
        self.taken = self.desk.misbehaviours.take(message.transaction.name());
        self.note.misbehaviours = self.taken.iter().map(|one| one.kind.name()).collect();
        if let Some(one) = self.suffers(Kind::SkewedClock) {
            self.now = self.now.plus_seconds(one.seconds.unwrap_or(7200));
        }
        if let Some(reply) = self.before() {
            return reply;
        }
        let done = self.done(&message);
        if self.suffers(Kind::FaultAfterCommit).is_some() && done.is_ok() {
            return self.fault(&Stopped(technical()));
        }
        match done {
            Ok(payload) => self.write(200, message.transaction.response_action(), &payload),
            Err(Refusal::Soap(stopped)) => self.fault(&stopped),
            Err(Refusal::Dmp(fault)) => {
                self.note.outcome = fault.code().to_owned();
                self.note.context = fault.context().to_owned();
                let payload = message.call.refusal(message.transaction, &fault, self.now);
                self.write(200, message.transaction.response_action(), &payload)
            }
        }
    }

    /// What fails before anything is done.
    fn before(&mut self) -> Option<Reply> {
        if self.suffers(Kind::Http503).is_some() {
            self.note.outcome = "HTTP503".to_owned();
            let page = "<html><body><h1>503 Service Unavailable</h1></body></html>\n";
            return Some(Reply::new(503, "text/html; charset=utf-8", page));
        }
        if self.suffers(Kind::CutBeforeCommit).is_some() {
            return Some(self.unanswered(Delivery::Cut));
        }
        if let Some(one) = self.suffers(Kind::Restart) {
            let away = u64::try_from(one.seconds.unwrap_or(1)).unwrap_or(1);
            return Some(self.unanswered(Delivery::Restart(Duration::from_secs(away.min(600)))));
        }
        if self.suffers(Kind::FaultBeforeCommit).is_some() {
            return Some(self.fault(&Stopped(technical())));
        }
        if self.suffers(Kind::UnknownFault).is_some() {
            let mut fault = technical();
            fault.subcodes = vec!["DMPErreur4711".to_owned()];
            return Some(self.fault(&Stopped(fault)));
        }
        None
    }

    fn unanswered(&mut self, delivery: Delivery) -> Reply {
        self.note.outcome = "cut".to_owned();
        Reply {
            delivery,
            ..Reply::text(500, "cut")
        }
    }

    /// The transaction.
    fn done(&mut self, message: &Message) -> Result<Payload, Refusal> {
        let text = std::str::from_utf8(&message.received.root)
            .map_err(|_| Stopped::from(xml::XmlError::Encoding))?;
        let mut checks = caller::Checks::default();
        let checked = caller::check(
            self.desk,
            text,
            self.peer,
            message.transaction,
            self.now,
            &mut checks,
        );
        self.note.vihf = checks.list();
        let caller = checked.map_err(Stopped::from)?;
        if message.transaction == Transaction::Td21
            && caller.requester.authentication == Authentication::Cpe
        {
            self.note.transaction = "TD2.2".to_owned();
        }
        if self.suffers(Kind::TooManyResults).is_some() {
            let error = crate::dmp::Code::XDSTooManyResults.error("too many documents match");
            return Err(Refusal::Dmp(Fault::of_error(&error, message.transaction)));
        }
        let turn = Turn {
            transaction: message.transaction,
            caller: &caller,
            received: &message.received,
            authority: &self.desk.authority,
            holder: &self.peer.id,
            now: self.now,
        };
        self.desk
            .with_dmp(|dmp, _| message.call.answer(dmp, &turn))
            .map_err(Refusal::Dmp)
    }

    /// The reply of a SOAP fault.
    fn fault(&mut self, stopped: &Stopped) -> Reply {
        let Stopped(fault) = stopped;
        let code = fault.subcodes.last().map(String::as_str);
        self.note.outcome = code.unwrap_or(fault.code.as_str()).to_owned();
        self.note.context.clone_from(&fault.reason);
        self.write(500, soap::FAULT_ACTION, &fault.write().into())
    }

    /// Puts a payload in its envelope, in a package for TD3.2 whatever the answer.
    fn write(&mut self, status: u16, action: &str, payload: &Payload) -> Reply {
        let message_id = soap::message_id(payload::random());
        let other = soap::message_id(payload::random());
        let envelope = soap::Answer {
            action,
            message_id: &message_id,
            relates_to: match self.suffers(Kind::WrongRelatesTo) {
                Some(_) => Some(&other),
                None => self.relates_to.as_deref(),
            },
            payload: &payload.xml,
        }
        .write();
        self.note.answer_id = Some(message_id);
        if self.transaction != Some(Transaction::Td32) {
            let media = format!("{}; charset=UTF-8; action=\"{action}\"", soap::MEDIA_TYPE);
            return Reply::new(status, media, envelope);
        }
        let parts: Vec<mtom::Part<'_>> = payload
            .parts
            .iter()
            .map(|part| mtom::Part {
                content_id: &part.content_id,
                content_type: &part.content_type,
                bytes: &part.bytes,
            })
            .collect();
        match mtom::package(&envelope, Some(action), &parts, payload::random()) {
            Ok(package) => Reply::new(status, package.content_type.clone(), package.to_vec()),
            Err(_) => Reply::text(500, "the answer cannot be packed"),
        }
    }

    /// What goes wrong on the way back.
    fn spoil(&self, reply: &mut Reply) {
        if self.suffers(Kind::SkewedClock).is_some() {
            reply.date = Some(self.now);
        }
        if reply.delivery != Delivery::Whole {
            return;
        }
        if self.suffers(Kind::WrongType).is_some() {
            reply.content_type = "text/html".to_owned();
        }
        if self.suffers(Kind::CutAfterCommit).is_some() {
            reply.delivery = Delivery::Cut;
        } else if self.suffers(Kind::CutInAnswer).is_some() {
            // The second half of a package with a document is inside the document.
            reply.delivery = Delivery::CutAt(reply.body.len() / 2);
        } else if let Some(one) = self.suffers(Kind::Slow) {
            let seconds = u64::try_from(one.seconds.unwrap_or(10)).unwrap_or(0);
            reply.delivery = Delivery::Drips(Duration::from_secs(seconds.min(600)));
        }
    }
}

/// Why a transaction has no answer of its own.
enum Refusal {
    Soap(Stopped),
    Dmp(Fault),
}

impl From<Stopped> for Refusal {
    fn from(stopped: Stopped) -> Refusal {
        Refusal::Soap(stopped)
    }
}

/// The fault of a DMP that fails.
fn technical() -> soap::Fault {
    soap::Fault {
        code: FaultCode::Receiver,
        subcodes: Vec::new(),
        reason: "Erreur technique simulée".to_owned(),
        details: Vec::new(),
    }
}
