//! One caller before one dossier: who he is there, what exists for him, what he leaves behind.

use std::collections::HashSet;

use rusqlite::Connection;

use super::store::{self, DocumentRow, DossierRow, Grant, NewNotification, Trace};
use super::{World, emergency_words};
use crate::clock::Instant;
use crate::dmp::{Code, Context, refused_by_dmp};
use crate::document::{EntryUuid, Oid, Status};
use crate::dossier::{Authorisation, DossierState};
use crate::error::{Error, Result};
use crate::rules::decide::{self, DossierIs, Role, Situation};
use crate::rules::visibility::{self, DocumentFacts};
use crate::rules::{Decision, RuleRef};
use crate::rules::{Right, habilitation::Habilitation};
use crate::terminology::Terminology;

/// A caller before a dossier, within a transaction.
pub(super) struct Viewer<'a> {
    pub connection: &'a Connection,
    pub context: &'a Context<'a>,
    pub now: Instant,
    pub dossier: Option<DossierRow>,
    pub situation: Situation,
    pub authorised_until: Option<Instant>,
    pub terminology: &'a Terminology,
    habilitation: &'a Habilitation,
}

/// The standing that some grants give together: a block wins, then the longest.
pub(super) fn authorisation_of(grants: &[&Grant], now: Instant) -> Authorisation {
    if grants.iter().any(|g| g.blocked) {
        Authorisation::Interdit
    } else if grants
        .iter()
        .any(|g| g.until.is_some_and(|until| now < until))
    {
        Authorisation::Valide
    } else if grants.iter().any(|g| g.granted_at.is_some()) {
        Authorisation::Expire
    } else {
        Authorisation::NonExiste
    }
}

/// A caller before no dossier in particular (TD0.1, TD0.4, TD0.5).
pub(super) struct Bare(Situation);

impl Bare {
    /// Refuses unless the right is allowed.
    pub fn require_right(&self, right: Right) -> Result<()> {
        let decision = decide::decide(right, &self.0);
        if decision.permits() {
            Ok(())
        } else {
            Err(refusal(&decision))
        }
    }
}

/// The DMP's code for a decision of its rules.
fn refusal(decision: &Decision) -> Error {
    let code = match decision.rule {
        RuleRef::Named(rule) if std::ptr::eq(rule, &decide::NO_DOSSIER) => {
            Code::XDSUnknownPatientId
        }
        RuleRef::Named(rule) if std::ptr::eq(rule, &decide::CLOSED_DOSSIER) => Code::DMPClosed,
        _ => Code::DMPAccessDeniedByRightsService,
    };
    refused_by_dmp(code, decision)
}

impl<'a> Viewer<'a> {
    /// The caller without a patient.
    pub fn without_patient(context: &Context<'_>) -> Bare {
        Bare(context.situation())
    }

    /// The caller before the dossier of the context's patient.
    pub fn new(
        connection: &'a Connection,
        world: &'a World,
        context: &'a Context<'a>,
        now: Instant,
    ) -> Result<Viewer<'a>> {
        let patient = context
            .patient
            .ok_or_else(|| Error::bug("a transaction on a dossier without a patient"))?;
        let dossier = store::dossier(connection, patient)?;
        let mut situation = context.situation();
        let mut authorised_until = None;
        if let Some(row) = &dossier {
            situation.dossier = match row.state {
                DossierState::Nonexistent => DossierIs::Nonexistent,
                DossierState::Active => DossierIs::Active,
                DossierState::Closed(_) => DossierIs::Closed,
            };
            situation.opposition_bris_de_glace = row.settings.opposition_bris_de_glace;
            situation.opposition_centre_15 = row.settings.opposition_centre_15;
            situation.masked_in_emergency = Some(row.settings.masked_in_emergency);
            let requester = context.requester;
            let own = store::grant(connection, row.id, requester.id())?;
            let structures = store::grant(connection, row.id, requester.structure.id.as_str())?;
            let grants: Vec<&Grant> = own.iter().chain(structures.iter()).collect();
            situation.authorisation = authorisation_of(&grants, now);
            // Only a physician is médecin traitant, whomever the patient named (CSP L.1111-16).
            situation.actor.medecin_traitant = requester.role() == Role::Physician
                && !requester.acts_for_structure()
                && own.as_ref().is_some_and(|g| g.medecin_traitant);
            if situation.authorisation == Authorisation::Valide {
                authorised_until = grants.iter().filter_map(|g| g.until).max();
            }
        }
        Ok(Viewer {
            connection,
            context,
            now,
            dossier,
            situation,
            authorised_until,
            terminology: &world.terminology,
            habilitation: &world.habilitation,
        })
    }

    /// Refuses unless the right is allowed, or allowed on some documents.
    pub fn require_right(&self, right: Right) -> Result<()> {
        Bare(self.situation).require_right(right)
    }

    /// As [`Viewer::require_right`], and the dossier exists.
    pub fn require(&self, right: Right) -> Result<&DossierRow> {
        self.require_right(right)?;
        self.dossier
            .as_ref()
            .ok_or_else(|| Code::XDSUnknownPatientId.error("no dossier for this patientId"))
    }

    /// Refuses unless the right may be used on this document.
    pub fn require_on(&self, right: Right, document: &DocumentFacts) -> Result<()> {
        let decision = visibility::decide_on(right, &self.situation, document);
        if decision.permits() {
            Ok(())
        } else {
            Err(refusal(&decision))
        }
    }

    /// What the rules need to know of a document, with its own status.
    pub fn facts(&self, row: &DocumentRow) -> DocumentFacts {
        let requester = self.context.requester;
        let lists = |lines: &str, id: &str| lines.split('\n').any(|line| line == id);
        DocumentFacts {
            visibility: row.entry.visibility,
            status: row.entry.availability_status,
            own: !requester.acts_for_structure() && lists(&row.authors, requester.id()),
            of_structure: lists(&row.structures, requester.structure.id.as_str()),
            by_patient: row.by_patient,
            profession_may_read: self
                .habilitation
                .may_read(requester.profession(), &row.type_code),
        }
    }

    /// Whether the document exists for this viewer in a search.
    pub fn sees(&self, row: &DocumentRow) -> bool {
        visibility::sees(&self.situation, &self.facts(row))
    }

    /// Whether this viewer may learn that the document exists.
    pub fn knows(&self, row: &DocumentRow) -> bool {
        visibility::knows(&self.situation, &self.facts(row))
    }

    /// The documents of the dossier that something this viewer knows of has replaced.
    pub fn obsolete(&self) -> Result<HashSet<Oid>> {
        let Some(dossier) = &self.dossier else {
            return Ok(HashSet::new());
        };
        let mut obsolete = HashSet::new();
        for (old, new) in store::replacements(self.connection, dossier.id, None)? {
            if !obsolete.contains(&old) && self.admits_successor(dossier.id, &new)? {
                obsolete.insert(old);
            }
        }
        Ok(obsolete)
    }

    fn admits_successor(&self, dossier: i64, new: &Oid) -> Result<bool> {
        Ok(store::document(self.connection, dossier, new)?.is_some_and(|row| self.knows(&row)))
    }

    /// Gives the row its status for this viewer: obsolete only if he knows of what replaced it.
    pub fn with_status(&self, mut row: DocumentRow) -> Result<DocumentRow> {
        if let Some(dossier) = &self.dossier {
            for (_, new) in
                store::replacements(self.connection, dossier.id, Some(&row.entry.unique_id))?
            {
                if row.entry.availability_status != Status::Deleted
                    && self.admits_successor(dossier.id, &new)?
                {
                    row.entry.availability_status = Status::Deprecated;
                }
            }
        }
        Ok(row)
    }

    /// A document by uniqueId that exists for this viewer by `test`, with its status for him.
    pub fn document(
        &self,
        unique_id: &Oid,
        test: impl Fn(&Self, &DocumentRow) -> bool,
    ) -> Result<Option<DocumentRow>> {
        let Some(dossier) = &self.dossier else {
            return Ok(None);
        };
        match store::document(self.connection, dossier.id, unique_id)? {
            Some(row) if test(self, &row) => self.with_status(row).map(Some),
            _ => Ok(None),
        }
    }

    /// A document by entryUUID that this viewer sees, with its status for him.
    pub fn document_by_entry(&self, entry: &EntryUuid) -> Result<Option<DocumentRow>> {
        let Some(dossier) = &self.dossier else {
            return Ok(None);
        };
        match store::document_by_entry(self.connection, dossier.id, entry)? {
            Some(row) if self.sees(&row) => self.with_status(row).map(Some),
            _ => Ok(None),
        }
    }

    /// A document by entryUUID that this viewer may know of, with its status for him.
    #[cfg(feature = "simulator")]
    pub fn known_by_entry(&self, entry: &EntryUuid) -> Result<Option<DocumentRow>> {
        let Some(dossier) = &self.dossier else {
            return Ok(None);
        };
        match store::document_by_entry(self.connection, dossier.id, entry)? {
            Some(row) if self.knows(&row) => self.with_status(row).map(Some),
            _ => Ok(None),
        }
    }

    /// When a document that this viewer may search for was last added.
    pub fn last_added(&self) -> Result<Option<Instant>> {
        let Some(dossier) = &self.dossier else {
            return Ok(None);
        };
        if !decide::decide(Right::SearchMetadata, &self.situation).permits() {
            return Ok(None);
        }
        let mut last = None;
        store::scan(self.connection, dossier.id, None, None, |row| {
            if self.sees(&row) {
                last = last.max(Some(row.deposited_at));
            }
            Ok(true)
        })?;
        Ok(last)
    }

    /// Leaves a line in the access history.
    pub fn trace(&self, action: &str, document: Option<&Oid>, found: bool) -> Result<()> {
        let Some(dossier) = &self.dossier else {
            return Ok(());
        };
        let requester = self.context.requester;
        store::insert_trace(
            self.connection,
            dossier.id,
            &Trace {
                at: self.now,
                actor: requester.id(),
                name: &requester.name(),
                structure: requester.structure.id.as_str(),
                mode: self.context.mode.code(),
                action,
                document,
                found,
                secret: requester.secret,
            },
        )
    }

    /// A consultation: notifications due to the patient and the médecin traitant, and a trace.
    pub fn entered(&self, action: &str) -> Result<()> {
        self.notify_entry()?;
        self.trace(action, None, true)
    }

    /// Tells the patient of a first access, and the patient and the médecins traitants of every access in
    /// emergency (CSP R.1111-48). No document is named: the notice must not say more than the access.
    pub fn notify_entry(&self) -> Result<()> {
        let Some(dossier) = &self.dossier else {
            return Ok(());
        };
        let requester = self.context.requester;
        let notify = |audience: &str, kind: &str, text: &str| {
            store::insert_notification(
                self.connection,
                dossier.id,
                &NewNotification {
                    at: self.now,
                    audience,
                    kind,
                    text,
                    document: None,
                    secret: requester.secret,
                },
            )
        };
        if store::first_visit(self.connection, dossier.id, requester.id())? {
            let text = format!(
                "{} a accédé à votre DMP pour la première fois.",
                requester.name()
            );
            notify("patient", "first_access", &text)?;
        }
        if self.context.mode.is_emergency() {
            let how = emergency_words(self.context.mode);
            let text = format!("{} a accédé à votre DMP {how}.", requester.name());
            notify("patient", "emergency_access", &text)?;
            let text = format!(
                "{} a accédé {how} au DMP de votre patient.",
                requester.name()
            );
            for grant in store::grants(self.connection, dossier.id)? {
                if grant.medecin_traitant {
                    notify(&grant.holder, "emergency_access", &text)?;
                }
            }
        }
        Ok(())
    }
}
