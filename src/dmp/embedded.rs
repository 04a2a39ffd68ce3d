//! A whole DMP in one SQLite file: the default back end, for a first run, for demonstrations, for a
//! vendor's own tests. It enforces the official rights with the DMP's own codes, and plays the patient's
//! and the CNAM's side.
//!
//! | file | what |
//! |---|---|
//! | `store` | tables and SQL |
//! | `viewer` | one caller before one dossier: what exists for him |
//! | `consult` | TD3.1, TD3.2 |
//! | `update` | TD2.1, TD2.2, TD3.3 |
//! | `holder` | the patient, the representatives, the CNAM |
//!
//! Nothing it answers is drawn at random or counted: identifiers are derived from what they name, lists
//! are built from what the viewer sees. So the same story gives the same bytes, and a document that a
//! viewer may not see leaves no gap.

mod consult;
pub mod holder;
mod store;
mod update;
mod viewer;

use rusqlite::Transaction;

use super::{
    Changed, Code, Content, Context, Criteria, Dmp, DocumentsAndAssociations, DossierDate,
    DossierQuery, HolderSide, Lot, Page, PatientSearch, ProfessionalsMode, Receipt, Reference,
    StatusChange, VisibilityChange,
};
use crate::clock::{Clock, Instant};
use crate::document::{Association, DocumentEntry, EntryUuid, Oid, SubmissionSet};
use crate::dossier::{
    AdministrativeData, Authorisation, AuthorisationChange, AuthorisedDossier,
    AuthorisedProfessional, Candidate, DossierState, Existence,
};
use crate::error::{Error, Result};
#[cfg(feature = "simulator")]
use crate::identity::Ins;
use crate::identity::PsIdNat;
use crate::identity::traits::fold;
use crate::rules::decide::DossierIs;
use crate::rules::habilitation::Habilitation;
use crate::rules::{Authentication, Mode, Parameters, Right};
use crate::store::held::HeldFile;
use crate::store::key::StoreKey;
use crate::store::sqlite;
use crate::terminology::Terminology;
use holder::{HolderAction, HolderAnswer};
use store::Grant;
use viewer::Viewer;

/// The embedded DMP.
pub struct Embedded {
    file: HeldFile,
    world: World,
}

/// What does not change from call to call.
struct World {
    clock: Clock,
    parameters: Parameters,
    habilitation: Habilitation,
    terminology: Terminology,
}

/// The schema of its file, for those who change the key of files.
pub(crate) const SCHEMA: &sqlite::Schema = &store::SCHEMA;

impl Embedded {
    /// Opens or creates the file of an embedded DMP, on the connector's clock.
    pub fn open(
        path: &str,
        clock: Clock,
        parameters: Parameters,
        habilitation: Habilitation,
    ) -> Result<Embedded> {
        Embedded::open_keyed(path, None, clock, parameters, habilitation)
    }

    /// As [`Embedded::open`], under a key if one is given.
    pub fn open_keyed(
        path: &str,
        key: Option<&StoreKey>,
        clock: Clock,
        parameters: Parameters,
        habilitation: Habilitation,
    ) -> Result<Embedded> {
        Ok(Embedded {
            file: HeldFile::open(path, &store::SCHEMA, key)?,
            world: World {
                clock,
                parameters,
                habilitation,
                terminology: Terminology::embedded(),
            },
        })
    }

    /// Starts a transaction at the present instant, with what fell due before it done.
    fn begin(&mut self) -> Result<(Transaction<'_>, &World, Instant)> {
        let now = self.world.clock.now();
        let transaction = self.file.immediate()?;
        holder::run_due(&transaction, now)?;
        Ok((transaction, &self.world, now))
    }
}

/// What names a document before the simulator, which is asked in the identifiers of the wire.
#[cfg(feature = "simulator")]
pub(crate) enum Known<'a> {
    /// Its entryUUID now.
    Entry(&'a EntryUuid),
    /// Its uniqueId.
    Unique(&'a Oid),
}

#[cfg(feature = "simulator")]
impl Embedded {
    /// A document that the caller may know of, with its status for him. No right is checked and no trace left: what is
    /// then done to the document does both.
    pub(crate) fn known(
        &mut self,
        context: &Context<'_>,
        which: Known<'_>,
    ) -> Result<Option<DocumentEntry>> {
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        let row = match which {
            Known::Entry(entry) => viewer.known_by_entry(entry)?,
            Known::Unique(id) => viewer.document(id, Viewer::knows)?,
        };
        Ok(row.map(|row| row.entry))
    }

    /// The identity traits of a dossier.
    pub(crate) fn traits_of(
        &mut self,
        patient: &Ins,
    ) -> Result<Option<crate::identity::IdentityTraits>> {
        Ok(store::dossier(self.file.connection()?, patient)?.map(|row| row.traits))
    }
}

fn commit(transaction: Transaction<'_>) -> Result<()> {
    Ok(transaction.commit()?)
}

/// `value` of `total`, in percent.
fn percent(value: u32, total: u32) -> u8 {
    u8::try_from(value * 100 / total.max(1)).unwrap_or(100)
}

impl Dmp for Embedded {
    fn use_terminology(&mut self, terminology: &Terminology) {
        self.world.terminology = terminology.clone();
    }

    fn authenticate(&mut self, context: &Context<'_>) -> Result<()> {
        Viewer::without_patient(context).require_right(Right::Authenticate)
    }

    fn test_existence(&mut self, context: &Context<'_>) -> Result<Existence> {
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        viewer.require_right(Right::TestExistence)?;
        let existence = match &viewer.dossier {
            None => Existence::bare(DossierState::Nonexistent),
            Some(dossier) => {
                viewer.trace("TD0.2", None, true)?;
                Existence {
                    state: dossier.state.clone(),
                    attached_to_mes: dossier.attached,
                    authorisation: viewer.situation.authorisation,
                    authorised_until: viewer.authorised_until,
                    medecin_traitant: viewer.situation.actor.medecin_traitant,
                    opposition_bris_de_glace: dossier.settings.opposition_bris_de_glace,
                    opposition_centre_15: dossier.settings.opposition_centre_15,
                    traits: Some(dossier.traits.clone()),
                }
            }
        };
        commit(transaction)?;
        Ok(existence)
    }

    fn set_authorisation(
        &mut self,
        context: &Context<'_>,
        change: AuthorisationChange,
    ) -> Result<bool> {
        use AuthorisationChange::{BecomeMedecinTraitant, Declare, Remove, StopMedecinTraitant};
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        let right = match change {
            Declare | BecomeMedecinTraitant => Right::DeclareAuthorisation,
            Remove => Right::RemoveAuthorisation,
            StopMedecinTraitant => Right::StopMedecinTraitant,
        };
        let dossier = viewer.require(right)?.id;
        let requester = context.requester;
        if change == BecomeMedecinTraitant
            && (requester.role() != crate::rules::decide::Role::Physician
                || requester.acts_for_structure())
        {
            return Err(super::refused_by_dmp(
                Code::DMPAccessDeniedByRightsService,
                &crate::rules::decide::not_a_physician(),
            ));
        }
        let structure = requester.structure.id.as_str();
        // Note (1) of the matrices: without a health profession, it is the structure that is let in.
        let (holder, name) = if requester.acts_for_structure() {
            (structure, requester.structure.name.clone())
        } else {
            (requester.id(), requester.name())
        };
        let before = store::grant(&transaction, dossier, holder)?.unwrap_or_default();
        let valid = before.until.is_some_and(|until| now < until);
        let mut grant = Grant {
            holder: holder.to_owned(),
            name,
            structure: structure.to_owned(),
            ..before.clone()
        };
        let changed = match change {
            Declare => !valid,
            BecomeMedecinTraitant => !valid || !before.medecin_traitant,
            Remove => before.granted_at.is_some(),
            StopMedecinTraitant => before.medecin_traitant,
        };
        match change {
            Declare | BecomeMedecinTraitant => {
                if !valid {
                    grant.granted_at = Some(now);
                    grant.until = Some(now.plus_months(world.parameters.authorisation_months));
                }
                grant.medecin_traitant |= change == BecomeMedecinTraitant;
            }
            Remove => {
                grant.granted_at = None;
                grant.until = None;
                grant.medecin_traitant = false;
            }
            StopMedecinTraitant => grant.medecin_traitant = false,
        }
        if changed {
            store::put_grant(&transaction, dossier, &grant)?;
        }
        viewer.trace(right.code(), None, true)?;
        commit(transaction)?;
        Ok(changed)
    }

    fn list_dossiers(
        &mut self,
        context: &Context<'_>,
        query: &DossierQuery,
    ) -> Result<Vec<AuthorisedDossier>> {
        let (transaction, world, now) = self.begin()?;
        Viewer::without_patient(context).require_right(Right::ListDossiers)?;
        let requester = context.requester;
        // A certificate lists new authorisations of its structure; a CPE, those of its colleagues.
        if requester.authentication == Authentication::Structure && query.since.is_none() {
            return Err(Error::caller(
                "since",
                "is required with a structure's certificate: the search is limited to new authorisations",
            ));
        }
        let structure = requester.structure.id.as_str();
        let whole_structure = requester.acts_for_structure().then_some(structure);
        let mut found: Vec<AuthorisedDossier> = Vec::new();
        for (id, grant) in store::granted_dossiers(&transaction, requester.id(), whole_structure)? {
            let Some(authorised_at) = grant.granted_at.filter(|_| !grant.blocked) else {
                continue;
            };
            if grant.until.is_none_or(|until| until <= now) {
                continue;
            }
            let ins = store::ins_of(&transaction, id)?;
            let patient = Context {
                patient: Some(&ins),
                ..*context
            };
            let viewer = Viewer::new(&transaction, world, &patient, now)?;
            if viewer.situation.dossier != DossierIs::Active {
                continue;
            }
            let last_added = viewer.last_added()?;
            let date = match query.date {
                DossierDate::LastAuthorisation => Some(authorised_at),
                DossierDate::LastDocument => last_added,
            };
            if query
                .since
                .is_some_and(|since| date.is_none_or(|d| d < since))
                || found.iter().any(|d| d.ins == ins)
            {
                continue;
            }
            found.push(AuthorisedDossier {
                ins,
                medecin_traitant: viewer.situation.actor.medecin_traitant,
                authorised_at: Some(authorised_at),
                last_added,
            });
        }
        commit(transaction)?;
        Ok(found)
    }

    fn find_patients(
        &mut self,
        context: &Context<'_>,
        search: &PatientSearch,
    ) -> Result<Vec<Candidate>> {
        let (transaction, world, _) = self.begin()?;
        Viewer::without_patient(context).require_right(Right::FindPatient)?;
        let name = fold(&search.name);
        let given = search.given.as_deref().map(fold);
        let mut candidates: Vec<Candidate> = Vec::new();
        for (ins, dossier) in store::all_dossiers(&transaction)? {
            let t = &dossier.traits;
            let names = [Some(&t.birth_name), t.used_name.as_ref()];
            if dossier.state != DossierState::Active
                || t.birth_date != search.birth_date
                || !names.into_iter().flatten().any(|n| fold(n) == name)
            {
                continue;
            }
            // Name and date are required; the rest ranks.
            let (mut score, mut total) = (4, 4);
            if let Some(given) = &given {
                total += 2;
                score += 2 * u32::from(t.given_names.first().is_some_and(|g| &fold(g) == given));
            }
            if let Some(sex) = search.sex {
                total += 1;
                score += u32::from(t.sex == sex);
            }
            candidates.push(Candidate {
                ins,
                score: percent(score, total),
                opposition_centre_15: dossier.settings.opposition_centre_15,
            });
        }
        candidates.sort_by(|a, b| b.score.cmp(&a.score).then(a.ins.cmp(&b.ins)));
        candidates.truncate(world.parameters.candidates);
        commit(transaction)?;
        Ok(candidates)
    }

    fn web_access(&mut self, context: &Context<'_>) -> Result<Option<String>> {
        let (transaction, world, now) = self.begin()?;
        let right = if context.requester.authentication == Authentication::Air {
            Right::WebAccessAir
        } else {
            Right::WebAccess
        };
        Viewer::new(&transaction, world, context, now)?.require(right)?;
        // This DMP has no pages.
        Ok(None)
    }

    fn administrative_data(&mut self, context: &Context<'_>) -> Result<AdministrativeData> {
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        let dossier = viewer.require(Right::ReadAdministrative)?;
        let medecins_traitants = store::grants(&transaction, dossier.id)?
            .into_iter()
            .filter(|g| g.medecin_traitant)
            .filter_map(|g| PsIdNat::new(&g.holder).ok())
            .collect();
        let data = AdministrativeData {
            state: dossier.state.clone(),
            attached_to_mes: dossier.attached,
            opposition_bris_de_glace: dossier.settings.opposition_bris_de_glace,
            opposition_centre_15: dossier.settings.opposition_centre_15,
            representatives: dossier.representatives.clone(),
            to_notify: dossier.to_notify.clone(),
            medecins_traitants,
        };
        viewer.trace("TD1.3a", None, true)?;
        commit(transaction)?;
        Ok(data)
    }

    fn list_professionals(
        &mut self,
        context: &Context<'_>,
        mode: ProfessionalsMode,
    ) -> Result<Vec<AuthorisedProfessional>> {
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        let dossier = viewer.require(Right::ListProfessionals)?.id;
        let rows = store::grants(&transaction, dossier)?
            .into_iter()
            .filter_map(|grant| {
                let authorisation = viewer::authorisation_of(&[&grant], now);
                let wanted = match (mode, authorisation) {
                    (_, Authorisation::NonExiste) => false,
                    (ProfessionalsMode::Toute, _) => true,
                    (ProfessionalsMode::Interdite, a) => a == Authorisation::Interdit,
                    (ProfessionalsMode::Active, a) => a == Authorisation::Valide,
                };
                wanted.then_some(AuthorisedProfessional {
                    id: grant.holder,
                    name: grant.name,
                    authorisation,
                    medecin_traitant: grant.medecin_traitant,
                    since: grant.granted_at,
                })
            })
            .collect();
        viewer.trace("TD1.6", None, true)?;
        commit(transaction)?;
        Ok(rows)
    }

    fn submit(&mut self, context: &Context<'_>, lot: &Lot<'_>) -> Result<Vec<Receipt>> {
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        let receipts = update::submit(&viewer, &world.parameters, lot)?;
        commit(transaction)?;
        Ok(receipts)
    }

    fn find(&mut self, context: &Context<'_>, criteria: &Criteria) -> Result<Page> {
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        let page = consult::find(&viewer, criteria)?;
        viewer.entered("TD3.1")?;
        commit(transaction)?;
        Ok(page)
    }

    fn references(&mut self, context: &Context<'_>, unique_ids: &[Oid]) -> Result<Vec<Reference>> {
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        let references = consult::references(&viewer, unique_ids)?;
        // No line: an identifier tells nothing of a document. It is asked for on the way to an act (a replacement, a
        // change), and would tell of that act those who may not know of it.
        commit(transaction)?;
        Ok(references)
    }

    fn find_submission_sets(
        &mut self,
        context: &Context<'_>,
        since: Instant,
    ) -> Result<Vec<SubmissionSet>> {
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        let sets = consult::submission_sets(&viewer, since)?;
        viewer.entered("TD3.1")?;
        commit(transaction)?;
        Ok(sets)
    }

    fn associations(
        &mut self,
        context: &Context<'_>,
        objects: &[EntryUuid],
    ) -> Result<Vec<Association>> {
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        let associations = consult::associations(&viewer, objects)?;
        viewer.entered("TD3.1")?;
        commit(transaction)?;
        Ok(associations)
    }

    fn documents(
        &mut self,
        context: &Context<'_>,
        unique_ids: &[Oid],
    ) -> Result<Vec<DocumentEntry>> {
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        let documents = consult::documents(&viewer, unique_ids)?;
        // A question about a document is a line about that document: whoever may not know of it reads nothing. It is
        // part of the act that it serves, a reading or a change, which is told by itself.
        for document in &documents {
            viewer.trace("TD3.1", Some(&document.unique_id), true)?;
        }
        commit(transaction)?;
        Ok(documents)
    }

    fn documents_and_associations(
        &mut self,
        context: &Context<'_>,
        entries: &[EntryUuid],
    ) -> Result<DocumentsAndAssociations> {
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        let found = consult::documents_and_associations(&viewer, entries)?;
        viewer.entered("TD3.1")?;
        commit(transaction)?;
        Ok(found)
    }

    fn read(&mut self, context: &Context<'_>, unique_id: &Oid) -> Result<Content> {
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        let content = consult::read(&viewer, unique_id);
        match &content {
            Ok(_) => {
                viewer.notify_entry()?;
                viewer.trace("TD3.2", Some(unique_id), true)?;
            }
            // The attempt counts as an entry whether the document is hidden or absent.
            Err(error) if error.dmp_code() == Some(Code::XDSDocumentUniqueIdError.as_str()) => {
                viewer.notify_entry()?;
                viewer.trace("TD3.2", Some(unique_id), false)?;
            }
            Err(_) => {}
        }
        commit(transaction)?;
        content
    }

    fn change_visibility(
        &mut self,
        context: &Context<'_>,
        unique_id: &Oid,
        change: VisibilityChange,
        submission: &SubmissionSet,
    ) -> Result<Changed> {
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        let changed =
            update::change_visibility(&viewer, &world.parameters, unique_id, change, submission)?;
        commit(transaction)?;
        Ok(changed)
    }

    fn change_status(
        &mut self,
        context: &Context<'_>,
        unique_id: &Oid,
        change: StatusChange,
        submission: &SubmissionSet,
    ) -> Result<Changed> {
        let (transaction, world, now) = self.begin()?;
        let viewer = Viewer::new(&transaction, world, context, now)?;
        let changed = update::change_status(&viewer, unique_id, change, submission)?;
        commit(transaction)?;
        Ok(changed)
    }

    fn holder_side(&mut self) -> Option<&mut dyn HolderSide> {
        Some(self)
    }
}

impl HolderSide for Embedded {
    fn act(&mut self, action: &HolderAction, content: &[u8]) -> Result<HolderAnswer> {
        Embedded::act(self, action, content)
    }
}

/// The text of an emergency mode in a notification.
fn emergency_words(mode: Mode) -> &'static str {
    match mode {
        Mode::BrisDeGlace => "en urgence (bris de glace)",
        Mode::Centre15 => "en urgence (centre de régulation, SAMU)",
        Mode::Normal => "",
    }
}
