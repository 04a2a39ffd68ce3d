//! The other side of the DMP: the patient and the legal representatives in Mon espace santé, and the CNAM
//! that opens and closes dossiers. What the national DMP does out of the connector's sight.

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::store::{self, DossierRow, Grant, NewNotification};
use super::update::{apply_visibility, check_metadata, check_patient};
use super::{Embedded, commit, update};
use crate::cda::{Limits, depositable};
use crate::clock::Instant;
use crate::dmp::{Code, Page, Receipt};
use crate::document::{
    AssociationKind, Author, Coded, Dtm, EntryUuid, Oid, Status, SubmissionSet, Visibility,
};
use crate::dossier::{Closing, DossierState, LegalRepresentative, PersonToNotify, Settings};
use crate::error::{Error, Result};
use crate::identity::{IdentityTraits, Ins, PsIdNat, Xcn};
use crate::rules::visibility::{PatientSide, patient_sees};
use crate::terminology::Terminology;
use crate::terminology::system::TRE_A00;

/// What the patient, a representative or the CNAM does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "action",
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum HolderAction {
    /// The CNAM opens a dossier.
    OpenDossier {
        /// The patient.
        patient: Ins,
        /// The five traits.
        traits: IdentityTraits,
        /// Attached to Mon espace santé; true when absent.
        attached_to_mes: Option<bool>,
        /// Choices for emergencies and by default.
        #[serde(default)]
        settings: Settings,
        /// Legal representatives.
        #[serde(default)]
        representatives: Vec<LegalRepresentative>,
        /// Persons to notify.
        #[serde(default)]
        to_notify: Vec<PersonToNotify>,
    },
    /// The patient closes the dossier.
    CloseDossier {
        /// The patient.
        patient: Ins,
        /// Motif code; `FERMETURE_DEMANDE_PATIENT` when absent.
        motif: Option<String>,
        /// Reason in words.
        reason: Option<String>,
    },
    /// The patient reopens a closed dossier; its documents come back.
    ReopenDossier {
        /// The patient.
        patient: Ins,
    },
    /// The patient changes settings.
    Settings {
        /// The patient.
        patient: Ins,
        /// All the settings.
        settings: Settings,
        /// Apply the default masking to documents already there.
        #[serde(default)]
        existing_documents: bool,
    },
    /// The patient lets a professional in.
    Allow {
        /// The patient.
        patient: Ins,
        /// The professional.
        professional: PsIdNat,
        /// Name to show.
        name: Option<String>,
    },
    /// The patient blocks a professional.
    Block {
        /// The patient.
        patient: Ins,
        /// The professional.
        professional: PsIdNat,
        /// Name to show.
        name: Option<String>,
    },
    /// The patient unblocks a professional, who has no authorisation until he declares one again.
    Unblock {
        /// The patient.
        patient: Ins,
        /// The professional.
        professional: PsIdNat,
    },
    /// The patient names a médecin traitant DMP, who is let in.
    NameMedecinTraitant {
        /// The patient.
        patient: Ins,
        /// The physician.
        professional: PsIdNat,
        /// Name to show.
        name: Option<String>,
    },
    /// The patient removes a médecin traitant DMP, who keeps his authorisation.
    RemoveMedecinTraitant {
        /// The patient.
        patient: Ins,
        /// The physician.
        professional: PsIdNat,
    },
    /// The patient deposits a document: its CDA comes beside the record.
    Deposit {
        /// The patient.
        patient: Ins,
        /// MASQUE_PS or nothing.
        #[serde(default)]
        visibility: Visibility,
    },
    /// The patient masks a document to professionals.
    Mask {
        /// The patient.
        patient: Ins,
        /// The document.
        unique_id: Oid,
    },
    /// The patient unmasks a document.
    Unmask {
        /// The patient.
        patient: Ins,
        /// The document.
        unique_id: Oid,
    },
    /// The documents that the patient, or a representative, sees.
    Documents {
        /// The patient.
        patient: Ins,
        /// Who looks; the holder when absent.
        #[serde(default, rename = "as")]
        side: Side,
    },
    /// The access history.
    History {
        /// The patient.
        patient: Ins,
        /// Who looks; the holder when absent.
        #[serde(default, rename = "as")]
        side: Side,
    },
    /// The notifications received by the patient, a representative, or a médecin traitant.
    Notifications {
        /// The patient.
        patient: Ins,
        /// Who looks; the holder when absent.
        #[serde(default, rename = "as")]
        side: Side,
        /// The médecin traitant's own, instead.
        medecin_traitant: Option<PsIdNat>,
    },
}

/// Who looks from the patient's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The holder of the dossier.
    #[default]
    Holder,
    /// A legal representative.
    Representative,
}

impl Side {
    fn patient_side(self) -> PatientSide {
        match self {
            Side::Holder => PatientSide::Holder,
            Side::Representative => PatientSide::Representative,
        }
    }
}

/// A line of the access history as the patient reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryLine {
    /// When.
    pub at: Instant,
    /// Who: identifier and name.
    pub actor: String,
    /// Name.
    pub name: String,
    /// The structure.
    pub structure: String,
    /// Access mode.
    pub mode: String,
    /// Transaction.
    pub action: String,
    /// The document, when the action bears on one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<Oid>,
}

/// A notification as received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// When.
    pub at: Instant,
    /// `first_access`, `emergency_access`, `document_notice`, `document_visible`.
    pub kind: String,
    /// What is said, in French.
    pub text: String,
    /// The document, when one is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<Oid>,
}

/// What an action answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum HolderAnswer {
    /// Done.
    Done {
        /// Always `done`.
        outcome: &'static str,
    },
    /// Deposited.
    Deposited(Receipt),
    /// Documents.
    Documents(Page),
    /// History.
    History {
        /// The lines, oldest first.
        history: Vec<HistoryLine>,
    },
    /// Notifications.
    Notifications {
        /// Oldest first.
        notifications: Vec<Notification>,
    },
}

const DONE: HolderAnswer = HolderAnswer::Done { outcome: "done" };

/// The DMP's own system, as the author of what it does by itself.
const DMP_OID: &str = "1.2.250.1.213.4.1.1.1";

/// A submission made on the patient's side; `parts` tell it from all others.
fn submission(ins: &Ins, at: Instant, who: &str, parts: &[&[u8]]) -> Result<SubmissionSet> {
    let root = Oid::new(DMP_OID).map_err(|_| Error::bug("the DMP's OID"))?;
    let mut all: Vec<&[u8]> = vec![ins.matricule().as_bytes(), ins.oid().as_bytes()];
    all.extend_from_slice(parts);
    let unique_id =
        Oid::derived(&root, &all).map_err(|_| Error::bug("a derived identifier is too long"))?;
    Ok(SubmissionSet {
        entry_uuid: EntryUuid::derived("submission", unique_id.as_str()),
        unique_id,
        source_id: root,
        submission_time: Dtm::of(at),
        patient_id: ins.cx(),
        author: Author {
            author_person: Xcn {
                id: DMP_OID.to_owned(),
                family: who.to_owned(),
                given: String::new(),
                authority: String::new(),
                name_type: "U".to_owned(),
                kind: "RI".to_owned(),
            },
            author_institution: None,
            author_specialty: None,
            author_role: None,
        },
        content_type_code: Coded::new("EXP_PATIENT", TRE_A00, "Expression personnelle du patient"),
        title: None,
        comments: None,
        other_slots: Vec::new(),
        other_classifications: Vec::new(),
        other_identifiers: Vec::new(),
    })
}

/// Does what fell due: the notice two weeks after an invisible deposit, visibility one month after it.
/// Each step is dated when it was due, whenever the DMP is next asked.
pub(super) fn run_due(c: &Connection, now: Instant) -> Result<()> {
    while let Some(step) = store::next_due(c, now)? {
        let (id, dossier, due) = (step.document, step.dossier, step.at);
        let Some(row) = store::document(c, dossier, &id)? else {
            store::drop_invisible(c, &id)?;
            continue;
        };
        let secret = row.entry.visibility.invisible_representatives();
        // A document withdrawn meanwhile has nothing to announce: only its traces come to light.
        let withdrawn = row.entry.availability_status == Status::Deleted;
        let notify = |kind: &str, text: &str, document: Option<&Oid>| {
            if withdrawn {
                return Ok(());
            }
            store::insert_notification(
                c,
                dossier,
                &NewNotification {
                    at: due,
                    audience: "patient",
                    kind,
                    text,
                    document,
                    secret,
                },
            )
        };
        if step.noticed {
            let ins = store::ins_of(c, dossier)?;
            let set = submission(&ins, due, "DMP", &[b"visible", id.as_str().as_bytes()])?;
            let mut after = row.entry.visibility.without(Visibility::INVISIBLE_PATIENT);
            let masked_by_default =
                store::dossier(c, &ins)?.is_some_and(|d| d.settings.masked_by_default);
            if masked_by_default && !row.by_patient {
                after = after.with(Visibility::MASKED);
            }
            apply_visibility(c, dossier, due, &row, after, &set)?;
            notify(
                "document_visible",
                "Un document de votre DMP est maintenant visible dans Mon espace santé.",
                Some(&id),
            )?;
        } else {
            notify(
                "document_notice",
                "Votre DMP a été mis à jour. Nous vous invitons à consulter un professionnel de santé, notamment votre médecin traitant.",
                None,
            )?;
            store::set_noticed(c, &id)?;
        }
    }
    Ok(())
}

fn existing(c: &Connection, patient: &Ins) -> Result<DossierRow> {
    store::dossier(c, patient)?
        .ok_or_else(|| Code::XDSUnknownPatientId.error("no dossier for this patientId"))
}

fn active(c: &Connection, patient: &Ins) -> Result<DossierRow> {
    let dossier = existing(c, patient)?;
    match dossier.state {
        DossierState::Active => Ok(dossier),
        _ => Err(Code::DMPClosed.error("the dossier is closed")),
    }
}

impl Embedded {
    /// Does what the patient, a representative or the CNAM does. `content` is the CDA of a deposit.
    pub fn act(&mut self, action: &HolderAction, content: &[u8]) -> Result<HolderAnswer> {
        let months = self.world.parameters.authorisation_months;
        let (transaction, world, now) = self.begin()?;
        let terminology = &world.terminology;
        let c = &transaction;
        let answer = match action {
            HolderAction::OpenDossier {
                patient,
                traits,
                attached_to_mes,
                settings,
                representatives,
                to_notify,
            } => {
                if let Some(fault) = traits.fault() {
                    return Err(Error::caller("traits", fault));
                }
                if store::dossier(c, patient)?.is_some() {
                    return Err(Error::caller(
                        "patient",
                        "this patient already has a dossier",
                    ));
                }
                let row = DossierRow {
                    id: 0,
                    state: DossierState::Active,
                    attached: attached_to_mes.unwrap_or(true),
                    traits: traits.clone(),
                    settings: *settings,
                    representatives: representatives.clone(),
                    to_notify: to_notify.clone(),
                };
                store::put_dossier(c, patient, &row)?;
                DONE
            }
            HolderAction::CloseDossier {
                patient,
                motif,
                reason,
            } => {
                let mut row = active(c, patient)?;
                row.state = DossierState::Closed(Closing {
                    date: Some(now),
                    motif: Some(
                        motif
                            .clone()
                            .unwrap_or_else(|| "FERMETURE_DEMANDE_PATIENT".to_owned()),
                    ),
                    reason: reason.clone(),
                });
                store::put_dossier(c, patient, &row)?;
                DONE
            }
            HolderAction::ReopenDossier { patient } => {
                let mut row = existing(c, patient)?;
                row.state = DossierState::Active;
                store::put_dossier(c, patient, &row)?;
                DONE
            }
            HolderAction::Settings {
                patient,
                settings,
                existing_documents,
            } => {
                let mut row = active(c, patient)?;
                row.settings = *settings;
                store::put_dossier(c, patient, &row)?;
                if *existing_documents {
                    mask_all(c, patient, &row, now)?;
                }
                DONE
            }
            HolderAction::Allow {
                patient,
                professional,
                name,
            } => {
                let until = Some(now.plus_months(months));
                change_grant(c, patient, professional, name, |g| {
                    g.blocked = false;
                    g.granted_at = Some(now);
                    g.until = until;
                })?
            }
            HolderAction::Block {
                patient,
                professional,
                name,
            } => change_grant(c, patient, professional, name, |g| {
                g.blocked = true;
                g.medecin_traitant = false;
                g.granted_at = None;
                g.until = None;
            })?,
            HolderAction::Unblock {
                patient,
                professional,
            } => change_grant(c, patient, professional, &None, |g| g.blocked = false)?,
            HolderAction::NameMedecinTraitant {
                patient,
                professional,
                name,
            } => {
                let until = Some(now.plus_months(months));
                change_grant(c, patient, professional, name, |g| {
                    g.blocked = false;
                    g.medecin_traitant = true;
                    g.granted_at = Some(now);
                    g.until = until;
                })?
            }
            HolderAction::RemoveMedecinTraitant {
                patient,
                professional,
            } => change_grant(c, patient, professional, &None, |g| {
                g.medecin_traitant = false;
            })?,
            HolderAction::Deposit {
                patient,
                visibility,
            } => HolderAnswer::Deposited(deposit(
                c,
                terminology,
                patient,
                *visibility,
                content,
                now,
            )?),
            HolderAction::Mask { patient, unique_id } => {
                change_mask(c, patient, unique_id, now, true)?
            }
            HolderAction::Unmask { patient, unique_id } => {
                change_mask(c, patient, unique_id, now, false)?
            }
            HolderAction::Documents { patient, side } => {
                HolderAnswer::Documents(documents(c, patient, *side)?)
            }
            HolderAction::History { patient, side } => HolderAnswer::History {
                history: history(c, patient, *side)?,
            },
            HolderAction::Notifications {
                patient,
                side,
                medecin_traitant,
            } => HolderAnswer::Notifications {
                notifications: notifications(c, patient, *side, medecin_traitant.as_ref())?,
            },
        };
        commit(transaction)?;
        Ok(answer)
    }
}

fn change_grant(
    c: &Connection,
    patient: &Ins,
    professional: &PsIdNat,
    name: &Option<String>,
    change: impl FnOnce(&mut Grant),
) -> Result<HolderAnswer> {
    let dossier = active(c, patient)?.id;
    let holder = professional.as_str();
    let mut grant = store::grant(c, dossier, holder)?.unwrap_or_else(|| Grant {
        holder: holder.to_owned(),
        ..Grant::default()
    });
    if let Some(name) = name {
        grant.name.clone_from(name);
    }
    change(&mut grant);
    store::put_grant(c, dossier, &grant)?;
    Ok(DONE)
}

/// A document the patient's side sees, or the answer for none.
fn seen_by_patient(c: &Connection, dossier: i64, id: &Oid) -> Result<store::DocumentRow> {
    store::document(c, dossier, id)?
        .filter(|row| patient_sees(PatientSide::Holder, row.entry.visibility))
        .ok_or_else(|| Code::XDSDocumentUniqueIdError.error("uniqueId"))
}

fn change_mask(
    c: &Connection,
    patient: &Ins,
    id: &Oid,
    now: Instant,
    masked: bool,
) -> Result<HolderAnswer> {
    let dossier = active(c, patient)?.id;
    let row = seen_by_patient(c, dossier, id)?;
    set_mask(c, patient, dossier, &row, now, masked)?;
    Ok(DONE)
}

fn set_mask(
    c: &Connection,
    patient: &Ins,
    dossier: i64,
    row: &store::DocumentRow,
    now: Instant,
    masked: bool,
) -> Result<()> {
    let before = row.entry.visibility;
    let after = if masked {
        before.with(Visibility::MASKED)
    } else {
        before.without(Visibility::MASKED)
    };
    if after == before {
        return Ok(());
    }
    let version = row.entry.version.to_be_bytes();
    let set = submission(
        patient,
        now,
        "Mon espace santé",
        &[b"mask", row.entry.unique_id.as_str().as_bytes(), &version],
    )?;
    apply_visibility(c, dossier, now, row, after, &set)
}

/// Applies the default masking to every document that the patient sees.
fn mask_all(c: &Connection, patient: &Ins, dossier: &DossierRow, now: Instant) -> Result<()> {
    let mut rows = Vec::new();
    store::scan(c, dossier.id, None, None, |row| {
        if patient_sees(PatientSide::Holder, row.entry.visibility) {
            rows.push(row);
        }
        Ok(true)
    })?;
    for row in rows {
        set_mask(
            c,
            patient,
            dossier.id,
            &row,
            now,
            dossier.settings.masked_by_default,
        )?;
    }
    Ok(())
}

fn deposit(
    c: &Connection,
    terminology: &Terminology,
    patient: &Ins,
    visibility: Visibility,
    content: &[u8],
    now: Instant,
) -> Result<Receipt> {
    let dossier = active(c, patient)?.id;
    let (_, metadata, _) = depositable(content, &Limits::default(), terminology)?;
    check_patient(&metadata.patient_id, patient)?;
    check_metadata(&metadata, terminology)?;
    if visibility.hidden_from_patient_side() {
        return Err(Code::XDSRegistryMetadataError.error("confidentialityCode"));
    }
    if store::is_taken(c, &metadata.unique_id)? {
        return Err(Code::XDSDuplicateUniqueIdInRegistry.error("DocumentEntry.uniqueId"));
    }
    let set = submission(
        patient,
        now,
        "Mon espace santé",
        &[b"deposit", metadata.unique_id.as_str().as_bytes()],
    )?;
    store::insert_submission(c, dossier, now, &set)?;
    update::insert_row(
        c,
        dossier,
        &metadata,
        visibility,
        store::Depositor::Patient,
        content,
        now,
    )?;
    store::insert_association(
        c,
        &set.unique_id,
        &metadata.unique_id,
        AssociationKind::HasMember,
        None,
        None,
    )?;
    Ok(update::receipt(&metadata, visibility))
}

fn documents(c: &Connection, patient: &Ins, side: Side) -> Result<Page> {
    let dossier = existing(c, patient)?.id;
    let sees = |visibility| patient_sees(side.patient_side(), visibility);
    let mut obsolete = Vec::new();
    for (old, new) in store::replacements(c, dossier, None)? {
        if store::document(c, dossier, &new)?.is_some_and(|r| sees(r.entry.visibility)) {
            obsolete.push(old);
        }
    }
    let mut page = Page::default();
    store::scan(c, dossier, None, None, |mut row| {
        let status = row.entry.availability_status;
        if sees(row.entry.visibility) && status != Status::Deleted {
            if obsolete.contains(&row.entry.unique_id) {
                row.entry.availability_status = Status::Deprecated;
            }
            page.documents.push(row.entry);
        }
        Ok(true)
    })?;
    Ok(page)
}

/// What happened in the dossier, as this side may know it: nothing about documents it does not see,
/// nothing of attempts that found nothing, no secret connection to a representative.
fn history(c: &Connection, patient: &Ins, side: Side) -> Result<Vec<HistoryLine>> {
    let dossier = existing(c, patient)?.id;
    let mut lines = Vec::new();
    for t in store::traces(c, dossier)? {
        let visible = match &t.document {
            None => true,
            Some(id) => store::document(c, dossier, id)?
                .is_some_and(|row| patient_sees(side.patient_side(), row.entry.visibility)),
        };
        if t.found && visible && !(t.secret && side == Side::Representative) {
            lines.push(HistoryLine {
                at: t.at,
                actor: t.actor,
                name: t.name,
                structure: t.structure,
                mode: t.mode,
                action: t.action,
                unique_id: t.document,
            });
        }
    }
    Ok(lines)
}

fn notifications(
    c: &Connection,
    patient: &Ins,
    side: Side,
    medecin_traitant: Option<&PsIdNat>,
) -> Result<Vec<Notification>> {
    let dossier = existing(c, patient)?.id;
    let audience = medecin_traitant.map_or("patient", PsIdNat::as_str);
    let representative = medecin_traitant.is_none() && side == Side::Representative;
    Ok(store::notifications(c, dossier, audience)?
        .into_iter()
        .filter(|n| !(representative && n.secret))
        .map(|n| Notification {
            at: n.at,
            kind: n.kind,
            text: n.text,
            unique_id: n.document,
        })
        .collect())
}
