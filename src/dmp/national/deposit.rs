//! Lots in: TD2.1 and TD2.2.

use super::National;
use super::exchange::{Ask, of_key, of_network, random, registered};
use super::keys::{Keyring, Keys};
use super::known::Seen;
use super::people::patient;
use super::transport::{NetworkError, Stage};
use crate::clock::Instant;
use crate::dmp::protocol::ebxml::{self, Item, LotMessage};
use crate::dmp::protocol::mtom::{self, Part};
use crate::dmp::protocol::soap::Transaction;
use crate::dmp::protocol::xades::{self, XadesError};
use crate::dmp::protocol::xml::Writer;
use crate::dmp::{Code, Context, Lot, Receipt};
use crate::document::{EntryUuid, Oid};
use crate::error::{Error, Result};
use crate::rules::{Authentication, Right};

impl National {
    pub(super) fn deposit(&mut self, context: &Context<'_>, lot: &Lot<'_>) -> Result<Vec<Receipt>> {
        let right = match context.requester.authentication {
            Authentication::Cpe => Right::FeedWithCpe,
            _ => Right::Feed,
        };
        self.admit(right, context)?;
        patient(context)?;
        // What is replaced is named by the entryUUID that the DMP gave it. Every one is asked for before any is missed:
        // what the patient reads of the others must not depend on a document hidden from him.
        let mut asked = Vec::with_capacity(lot.documents.len());
        for deposit in &lot.documents {
            asked.push(match deposit.replaces {
                None => Ok(None),
                Some(id) => self.reference(context, id)?.map(Some).ok_or_else(|| {
                    Code::XDSReplaceFailed.error("the document to replace is not there")
                }),
            });
        }
        let replaced: Vec<Option<EntryUuid>> = asked.into_iter().collect::<Result<_>>()?;
        let keys = self.keys(context)?;
        let contents: Vec<(&Oid, &[u8])> = lot
            .documents
            .iter()
            .map(|d| (&d.metadata.unique_id, d.content))
            .collect();
        let to_sign = xades::Lot {
            unique_id: &lot.submission.unique_id,
            documents: &contents,
        };
        let signature_id = uuid::Builder::from_random_bytes(random()?).into_uuid();
        let signature = xades::sign(
            &to_sign,
            &format!("id-{signature_id}"),
            self.now(),
            self.config.lot_hash,
            keys.signature.as_ref(),
        )
        .map_err(of_xades)?;
        // The signature's own identifier is derived from the lot's: the same lot sent again names the same signature.
        let signature_oid = Oid::derived(
            &context.software.oid,
            &[b"signature", lot.submission.unique_id.as_str().as_bytes()],
        )
        .map_err(|_| Error::bug("a derived identifier is too long"))?;
        let draw = random()?;
        let ids: Vec<String> = (0..=lot.documents.len())
            .map(|n| mtom::content_id(n + 1, draw))
            .collect();
        let hrefs: Vec<String> = ids.iter().map(|id| mtom::href(id)).collect();
        let items = lot
            .documents
            .iter()
            .zip(&replaced)
            .zip(&hrefs)
            .map(|((deposit, replaced), href)| Item {
                metadata: deposit.metadata,
                visibility: deposit.visibility,
                replaces: replaced.as_ref(),
                href,
            })
            .collect();
        let signature_href = hrefs.last().map_or("", String::as_str);
        let message = LotMessage {
            submission: lot.submission,
            documents: items,
            signature: Some((&signature_oid, signature_href)),
        };
        let mut payload = Writer::new();
        ebxml::write_lot(&mut payload, &message);
        let documents = lot.documents.iter().map(|d| d.content);
        let parts = documents
            .chain([signature.as_bytes()])
            .zip(&ids)
            .map(|(bytes, content_id)| Part {
                content_id,
                content_type: "text/xml",
                bytes,
            })
            .collect();
        let ask = Ask {
            parts,
            ..Ask::new(Transaction::Td21, payload.finish())
        };
        self.keep_pace(context.requester.structure.id.as_str())?;
        self.exchange(context, &ask, registered)?;
        for deposit in &lot.documents {
            let seen = Seen::Deposit(Box::new((deposit.metadata.clone(), deposit.visibility)));
            let id = &deposit.metadata.unique_id;
            self.known.keep(context, id, seen, self.clock.now());
            if let Some(replaced) = deposit.replaces {
                self.known.forget(replaced);
            }
        }
        // The DMP tells neither the identifiers nor the visibility it gave, and asks not to be searched for them
        // (EX_3.1-2030).
        let receipts = lot.documents.iter().map(|deposit| Receipt {
            unique_id: deposit.metadata.unique_id.clone(),
            entry_uuid: None,
            logical_id: None,
            visibility: deposit.visibility,
        });
        Ok(receipts.collect())
    }

    /// Waits until the structure may feed again.
    fn keep_pace(&mut self, structure: &str) -> Result<()> {
        let limit = self.config.feeds_per_second;
        let mut left = self.pace.wait(structure, limit, std::time::Instant::now());
        let slice = std::time::Duration::from_millis(50);
        while !left.is_zero() {
            if self.cancel.is_cancelled() {
                let stage = Stage::Before;
                return Err(of_network(NetworkError::Cancelled { stage }));
            }
            std::thread::sleep(left.min(slice));
            left = left.saturating_sub(slice);
        }
        Ok(())
    }

    fn keys(&mut self, context: &Context<'_>) -> Result<Keys> {
        self.keyring.keys(context.requester).map_err(of_key)
    }

    /// The present, as the DMP's clock has it within bounds.
    fn now(&self) -> Instant {
        let now = self.clock.now();
        self.skew.corrected(now, self.config.clock_skew_seconds)
    }
}

fn of_xades(error: XadesError) -> Error {
    match error {
        XadesError::Key(key) => of_key(key),
        other => Error::caller("document", other),
    }
}
