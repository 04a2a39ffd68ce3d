//! Feeding: from the bytes of a CDA document to a receipt, one document or a lot.
//!
//! Identifiers are fixed in the register before the first attempt. When an earlier attempt was cut, the
//! DMP is asked whether it has the document before anything is sent again: a document acknowledged is
//! there once.

use serde::{Deserialize, Serialize};

use super::State;
use super::access::{Access, Local};
use super::change::DEFAULT_CONTENT_TYPE;
use super::prepare::choice;
use super::session::Note;
use crate::cda::{Finding, Header, examine};
use crate::dmp::{Deposit, Lot, Receipt};
use crate::document::{Metadata, Oid, Visibility};
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::rules::feeding::{FeedingFault, visibility_to_deposit};
use crate::rules::{Authentication, Remedy, Right, decide};
use crate::store::journal::Outcome;
use crate::store::register::NewFed;
use sha2::{Digest, Sha256};

/// What a person decides about a document, beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct FeedOptions {
    /// MASQUE_PS, or INVISIBLE_PATIENT until the consultation d'annonce.
    pub visibility: Visibility,
    /// For a minor: whether the representatives may see it.
    pub representatives: Option<Representatives>,
    /// uniqueId of the document it replaces. The CDA must say the same (relatedDocument RPLC).
    pub replaces: Option<Oid>,
    /// contentTypeCode of the lot, JDV_J59; `07` (consultation) when absent.
    pub content_type: Option<String>,
    /// formatCode (JDV_J60) of a structured document whose templates have none in ASS_A11.
    pub format: Option<String>,
    /// Free comment for the DMP.
    pub comments: Option<String>,
}

/// Whether a minor's representatives may see a document (CSP R.1111-50).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Representatives {
    /// They may.
    Visible,
    /// They may not.
    Invisible,
}

/// What the journal says of a deposit whose answer never came, once the DMP was asked and has the document.
pub(crate) const FOUND_AFTER_A_CUT: &str = "found in the DMP after an attempt that was cut";

/// A document checked and waiting for its lot.
pub(crate) struct Staged {
    pub content: Vec<u8>,
    pub metadata: Metadata,
    pub visibility: Visibility,
    pub replaces: Option<Oid>,
    pub content_type: String,
    pub findings: Vec<Finding>,
}

/// Why a document cannot be fed, and which it is.
pub(crate) struct Unfit {
    pub unique_id: Option<Oid>,
    pub error: Error,
}

impl Unfit {
    fn new(unique_id: Option<Oid>, kind: ErrorKind) -> Unfit {
        Unfit {
            unique_id,
            error: kind.into(),
        }
    }
}

/// What became of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FedDocument {
    /// The DMP's receipt.
    #[serde(flatten)]
    pub receipt: Receipt,
    /// True when an earlier attempt had already put it there and nothing was sent again.
    pub already_there: bool,
    /// Advice on the document.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// What became of a lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedAnswer {
    /// In the order they were given.
    pub documents: Vec<FedDocument>,
}

impl Access {
    /// Feeds one CDA document (TD2.1, or TD2.2 with a CPE).
    ///
    /// Errors: [`ErrorKind::Unreadable`] and [`ErrorKind::Findings`] for the document,
    /// [`ErrorKind::Refused`] by the rules, [`ErrorKind::Dmp`] by the DMP. Nothing is half done.
    pub fn feed(&self, content: &[u8], options: &FeedOptions) -> Result<FeedAnswer> {
        let result = self.feed_held(content, options);
        self.inner().logged("document.feed", result)
    }

    fn feed_held(&self, content: &[u8], options: &FeedOptions) -> Result<FeedAnswer> {
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        let staged = self.prepared(state, content, options)?;
        self.submit(state, &[staged])
    }

    /// Checks a document as [`Access::feed`] does and keeps it for [`Access::feed_staged`]. Returns the
    /// advice on it.
    pub fn stage(&self, content: &[u8], options: &FeedOptions) -> Result<Vec<Finding>> {
        let mut held = self.inner().hold()?;
        let staged = self.prepared(held.state()?, content, options)?;
        let findings = staged.findings.clone();
        let mut data = self.data();
        if data
            .staged
            .iter()
            .any(|s| s.metadata.unique_id == staged.metadata.unique_id)
        {
            return Err(Error::caller(
                "document",
                "the lot already holds this uniqueId",
            ));
        }
        data.staged.push(staged);
        Ok(findings)
    }

    /// Forgets what was staged; returns how many documents that were.
    pub fn unstage(&self) -> Result<usize> {
        // Held, so that it comes before or after a lot being fed, and never in the middle.
        let mut held = self.inner().hold()?;
        held.state()?;
        Ok(std::mem::take(&mut self.data().staged).len())
    }

    /// Feeds what was staged as one lot: all of it or nothing. What was staged stays when it fails.
    pub fn feed_staged(&self) -> Result<FeedAnswer> {
        let result = self.feed_staged_held();
        self.inner().logged("document.feed", result)
    }

    fn feed_staged_held(&self) -> Result<FeedAnswer> {
        // Taken while the connector is held: what another thread stages meanwhile waits for its own lot.
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        let lot = std::mem::take(&mut self.data().staged);
        if lot.is_empty() {
            return Err(Error::caller("lot", "nothing is staged"));
        }
        let result = self.submit(state, &lot);
        if result.is_err() {
            self.data().staged = lot;
        }
        result
    }

    /// Everything that can be known before the network: the document reads, is this patient's, may be
    /// fed by this person with this visibility. What is refused is journalled.
    pub(crate) fn prepared(
        &self,
        state: &mut State,
        content: &[u8],
        options: &FeedOptions,
    ) -> Result<Staged> {
        let action = "document.feed";
        self.check_open(state, action)?;
        match self.weigh(state, content, options)? {
            Ok(staged) => Ok(staged),
            Err(unfit) => {
                let note = self.note(unfit.unique_id.as_ref());
                self.session.refuse(state, action, unfit.error, note)
            }
        }
    }

    /// As [`Access::prepared`], without a word in the journal. The outer error is the register's; the inner one the
    /// document's.
    pub(crate) fn weigh(
        &self,
        state: &mut State,
        content: &[u8],
        options: &FeedOptions,
    ) -> Result<std::result::Result<Staged, Unfit>> {
        let (_, local) = self.look(state, None)?;
        let checked = match examine(content, &self.against(&local, options)) {
            Ok(checked) => checked,
            Err(error) => return Ok(Err(Unfit::new(None, ErrorKind::Unreadable(error)))),
        };
        // Whose document it is and who may feed come before what is to be corrected in it.
        let id = checked.metadata.as_ref().map(|m| m.unique_id.clone());
        let refused =
            |refusal: Refusal| Ok(Err(Unfit::new(id.clone(), ErrorKind::Refused(refusal))));
        let other = |metadata: &Metadata| {
            metadata.patient_id.id != self.patient.matricule()
                || metadata.patient_id.authority != self.patient.oid()
        };
        if checked.metadata.as_ref().is_some_and(other) {
            let refusal = Refusal::by_rule(
                "PATIENT-MISMATCH",
                "Référentiel national d'identitovigilance; DMP XDSPatientIdDoesNotMatch",
                "Le document n'est pas celui du patient ouvert : il n'a pas été envoyé. Vérifiez le dossier.",
            )
            .with_remedy(Remedy::ConfirmIdentity);
            return refused(refusal);
        }
        let (situation, local) = self.look(state, id.as_ref())?;
        let decision = decide(self.feeding_right(), &situation);
        if !decision.permits() {
            return Ok(Err(Unfit {
                unique_id: id,
                error: Error::refused(&decision),
            }));
        }
        let (header, mut metadata, findings) = match checked.depositable() {
            Ok(depositable) => depositable,
            Err(error) => {
                return Ok(Err(Unfit {
                    unique_id: id,
                    error,
                }));
            }
        };
        metadata.comments.clone_from(&options.comments);
        let visibility = match self.visibility(options, &local) {
            Ok(visibility) => visibility,
            Err(fault) => {
                let source = "EX_2.1-1050, EX_GEN-1550";
                return refused(Refusal::by_rule(fault.rule(), source, fault.french()));
            }
        };
        let replaces = match replaced(&header, &metadata, options) {
            Ok(replaces) => replaces,
            Err(sentence) => return refused(replacement(sentence)),
        };
        Ok(Ok(Staged {
            content: content.to_vec(),
            metadata,
            visibility,
            replaces,
            content_type: options
                .content_type
                .clone()
                .unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned()),
            findings,
        }))
    }

    pub(crate) fn feeding_right(&self) -> Right {
        match self.session.requester.authentication {
            Authentication::Cpe => Right::FeedWithCpe,
            _ => Right::Feed,
        }
    }

    fn visibility(
        &self,
        options: &FeedOptions,
        local: &Local,
    ) -> std::result::Result<Visibility, FeedingFault> {
        visibility_to_deposit(
            options.visibility,
            choice(options),
            self.age(local, self.inner().now()),
            self.session.requester.secret,
            &self.inner().config.parameters,
        )
    }

    /// Feeds a checked lot: identifiers fixed, sent, outcome written.
    fn submit(&self, state: &mut State, lot: &[Staged]) -> Result<FeedAnswer> {
        let action = "document.feed";
        // A staged lot may have waited: what allowed it is asked again.
        for staged in lot {
            let id = &staged.metadata.unique_id;
            self.begin_call(state, action, self.feeding_right(), Some(id))?;
        }
        if let Some(answer) = self.already_there(state, lot)? {
            return Ok(answer);
        }
        let mut parts: Vec<&[u8]> = vec![action.as_bytes()];
        parts.extend(lot.iter().map(|s| s.metadata.unique_id.as_str().as_bytes()));
        let content_type = lot
            .first()
            .map_or(DEFAULT_CONTENT_TYPE, |s| &s.content_type);
        let submission = self.submission(content_type, &parts)?;
        let now = self.inner().now();
        let requester = self.session.requester.id();
        state.register.durable(|tx| {
            for staged in lot {
                tx.put_fed(&NewFed {
                    unique_id: &staged.metadata.unique_id,
                    patient: &self.cx,
                    actor: requester,
                    submission: &submission.unique_id,
                    sha256: Sha256::digest(&staged.content).into(),
                    size: staged.content.len(),
                    replaces: staged.replaces.as_ref(),
                    at: now,
                })?;
                let note = self.note(Some(&staged.metadata.unique_id));
                self.session.note(tx, now, action, Outcome::Intent, note)?;
            }
            Ok(())
        })?;
        let answer = state.dmp.submit(
            &self.context(),
            &Lot {
                submission: &submission,
                documents: lot
                    .iter()
                    .map(|s| Deposit {
                        metadata: &s.metadata,
                        visibility: s.visibility,
                        content: &s.content,
                        replaces: s.replaces.as_ref(),
                    })
                    .collect(),
            },
        );
        self.conclude(state, lot, &answer)?;
        let documents = answer?
            .into_iter()
            .zip(lot)
            .map(|(receipt, staged)| FedDocument {
                receipt,
                already_there: false,
                findings: staged.findings.clone(),
            })
            .collect();
        Ok(FeedAnswer { documents })
    }

    /// Writes what the DMP answered.
    fn conclude(
        &self,
        state: &mut State,
        lot: &[Staged],
        answer: &Result<Vec<Receipt>>,
    ) -> Result<()> {
        let now = self.inner().now();
        let (outcome, rule) = match answer {
            Ok(_) => (Outcome::Done, None),
            Err(error) => {
                let (outcome, rule) = super::session::ending(error);
                (outcome, Some(rule))
            }
        };
        state.register.durable(|tx| {
            for (index, staged) in lot.iter().enumerate() {
                let id = &staged.metadata.unique_id;
                match answer {
                    Ok(receipts) => {
                        let receipt = receipts.get(index).ok_or_else(|| {
                            Error::bug("the DMP gave fewer receipts than documents")
                        })?;
                        tx.accepted(id, receipt.entry_uuid.as_ref(), receipt.logical_id.as_ref())?;
                    }
                    // A network failure says nothing of what the DMP did, and a card out of its reader nothing
                    // of the document: it stays pending.
                    Err(error)
                        if matches!(error.kind(), ErrorKind::Network(_) | ErrorKind::Key(_)) => {}
                    Err(_) => tx.rejected(id)?,
                }
                let note = Note {
                    rule: rule.as_deref(),
                    ..self.note(Some(id))
                };
                self.session.note(tx, now, "document.feed", outcome, note)?;
            }
            Ok(())
        })
    }

    /// When this very person already tried to feed every document of the lot, byte for byte, asks the DMP
    /// whether it has them. Anyone else's attempt goes to the DMP, which answers for itself.
    fn already_there(&self, state: &mut State, lot: &[Staged]) -> Result<Option<FeedAnswer>> {
        let me = self.session.requester.id();
        let mut documents = Vec::with_capacity(lot.len());
        for staged in lot {
            let id = &staged.metadata.unique_id;
            let Some(fed) = state.register.read(|tx| tx.fed(id))? else {
                return Ok(None);
            };
            if fed.actor != me || fed.sha256 != Sha256::digest(&staged.content)[..] {
                return Ok(None);
            }
            let found = state
                .dmp
                .references(&self.context(), std::slice::from_ref(id))?;
            let Some(reference) = found.into_iter().next() else {
                return Ok(None);
            };
            if !fed.accepted {
                let now = self.inner().now();
                state.register.durable(|tx| {
                    tx.accepted(id, Some(&reference.entry_uuid), None)?;
                    let note = Note {
                        detail: Some(FOUND_AFTER_A_CUT),
                        ..self.note(Some(id))
                    };
                    self.session
                        .note(tx, now, "document.feed", Outcome::Done, note)
                })?;
            }
            documents.push(FedDocument {
                receipt: Receipt {
                    unique_id: id.clone(),
                    logical_id: fed.logical_id,
                    entry_uuid: Some(reference.entry_uuid),
                    visibility: staged.visibility,
                },
                already_there: true,
                findings: staged.findings.clone(),
            });
        }
        Ok(Some(FeedAnswer { documents }))
    }
}

/// The document that one replaces, by what it says and what was asked; or what is wrong with that, in French.
fn replaced(
    header: &Header,
    metadata: &Metadata,
    options: &FeedOptions,
) -> std::result::Result<Option<Oid>, &'static str> {
    let said: Vec<&str> = header
        .related_documents
        .iter()
        .filter(|r| r.type_code == "RPLC")
        .filter_map(|r| r.id.as_ref())
        .map(|parent| parent.root.as_str())
        .collect();
    let replaces = match (&options.replaces, said.first()) {
        (Some(asked), Some(_)) if !said.contains(&asked.as_str()) => {
            return Err("Le document annonce qu'il en remplace un autre que celui demandé.");
        }
        (Some(_), None) => {
            return Err(
                "Le document ne dit pas qu'il en remplace un autre (relatedDocument RPLC manquant).",
            );
        }
        (Some(asked), Some(_)) => Some(asked.clone()),
        (None, Some(parent)) => {
            let parent = Oid::new(parent);
            Some(parent.map_err(|_| "L'identifiant du document remplacé n'est pas un OID.")?)
        }
        (None, None) => None,
    };
    if replaces.as_ref() == Some(&metadata.unique_id) {
        return Err(
            "Le document ne peut pas se remplacer lui-même : donnez-lui un nouvel identifiant.",
        );
    }
    Ok(replaces)
}

fn replacement(sentence: &str) -> Refusal {
    Refusal::by_rule("RPLC", "CI-SIS 3.5.5.26, TD2.1", sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::oversight::JournalFilter;
    use crate::connector::{Access, Connector};
    use crate::identity::Ins;
    use serde_json::json;

    fn practice(folder: &std::path::Path) -> (Connector, Access) {
        let path = |name: &str| folder.join(name).display().to_string();
        let config = json!({
            "register": path("register.db"),
            "software": {"name": "T", "version": "1", "homologation": "H", "oid": "1.2.250.1.999.1"},
            "dmp": {"embedded": {"path": path("dmp.db")}},
            "clock": "2026-03-02T08:00:00Z"
        });
        let connector = Connector::open(serde_json::from_value(config).unwrap()).unwrap();
        let patient = Ins::new("279035121518989", "1.2.250.1.213.1.4.10").unwrap();
        let traits = json!({"birthName": "TESSIER", "givenNames": ["CAMILLE"],
            "birthDate": "19790315", "sex": "F"});
        let open = json!({"action": "open_dossier", "patient": patient, "traits": traits});
        connector
            .holder_act(&serde_json::from_value(open).unwrap(), &[])
            .unwrap();
        let requester = json!({
            "professional": {"id": "899900987654", "family": "BASTIDE", "given": "Hélène",
                "profession": "10", "specialty": "SM26"},
            "structure": {"id": "499900987654001", "name": "Cabinet", "sector": "SA07"},
            "authentication": "cps"
        });
        let session = connector
            .session(serde_json::from_value(requester).unwrap())
            .unwrap();
        let known = json!({"patient": patient, "status": "qualifiee", "traits": traits});
        session
            .register_patient(&serde_json::from_value(known).unwrap())
            .unwrap();
        let request = json!({"patient": patient});
        let access = session
            .access(&serde_json::from_value(request).unwrap())
            .unwrap();
        (connector, access)
    }

    const DOCUMENT: &[u8] = include_bytes!("../../tests/fixtures/cr_consultation_pdf.xml");

    /// Feeds up to where `cut` says the power went, and leaves the register as it was then.
    fn feed_and_cut(access: &Access, reached_the_dmp: bool) {
        let mut held = access.inner().hold().unwrap();
        let state = held.state().unwrap();
        let staged = access
            .prepared(state, DOCUMENT, &FeedOptions::default())
            .unwrap();
        let id = staged.metadata.unique_id.clone();
        let submission = access.submission("07", &[id.as_str().as_bytes()]).unwrap();
        state
            .register
            .durable(|tx| {
                tx.put_fed(&NewFed {
                    unique_id: &id,
                    patient: &access.cx,
                    actor: access.session.requester.id(),
                    submission: &submission.unique_id,
                    sha256: Sha256::digest(DOCUMENT).into(),
                    size: DOCUMENT.len(),
                    replaces: None,
                    at: access.inner().now(),
                })
            })
            .unwrap();
        if reached_the_dmp {
            let lot = Lot {
                submission: &submission,
                documents: vec![Deposit {
                    metadata: &staged.metadata,
                    visibility: staged.visibility,
                    content: DOCUMENT,
                    replaces: None,
                }],
            };
            state.dmp.submit(&access.context(), &lot).unwrap();
        }
    }

    fn feeds(connector: &Connector) -> Vec<String> {
        let filter = JournalFilter {
            action: Some("document.feed".into()),
            ..JournalFilter::default()
        };
        connector
            .journal(&filter)
            .unwrap()
            .entries
            .into_iter()
            .map(|e| e.outcome)
            .collect()
    }

    #[test]
    fn a_feed_cut_after_the_dmp_is_found_there_and_not_sent_again() {
        let folder = tempfile::tempdir().unwrap();
        let (connector, access) = practice(folder.path());
        feed_and_cut(&access, true);
        let answer = access.feed(DOCUMENT, &FeedOptions::default()).unwrap();
        assert!(answer.documents[0].already_there);
        assert_eq!(feeds(&connector), ["done"]);
        let again = access.feed(DOCUMENT, &FeedOptions::default()).unwrap();
        assert!(again.documents[0].already_there);
    }

    #[test]
    fn a_feed_cut_before_the_dmp_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let (connector, access) = practice(folder.path());
        feed_and_cut(&access, false);
        let answer = access.feed(DOCUMENT, &FeedOptions::default()).unwrap();
        assert!(!answer.documents[0].already_there);
        assert_eq!(feeds(&connector), ["intent", "done"]);
    }

    #[test]
    fn the_same_identifier_with_other_bytes_is_not_taken_for_the_same_document() {
        let folder = tempfile::tempdir().unwrap();
        let (_connector, access) = practice(folder.path());
        access.feed(DOCUMENT, &FeedOptions::default()).unwrap();
        let mut other = DOCUMENT.to_vec();
        other.extend_from_slice(b"<!-- -->");
        let error = access.feed(&other, &FeedOptions::default()).unwrap_err();
        assert_eq!(error.dmp_code(), Some("XDSDuplicateUniqueIdInRegistry"));
        let back = access
            .feed(DOCUMENT, &FeedOptions::default())
            .expect("what was accepted stays accepted");
        assert!(back.documents[0].already_there);
    }
}
