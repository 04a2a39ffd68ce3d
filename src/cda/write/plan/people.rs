//! Whose document it is, and who had a part in it.

use super::{
    Author, Device, Informant, Notes, Participant, Party, Place, Professional, Recipient,
    check_contact, check_order, is_identity, rules,
};
use crate::cda::time::HlTime;
use crate::cda::write::context::{self, Coding, Contact, Context, Patient, Practitioner, Who};
use crate::cda::write::xml::collapsed;
use crate::document::Coded;
use crate::identity::Structure;
use crate::identity::professional::{PS_ID_NAT_OID, PsIdKind, PsIdNat};
use crate::terminology::Terminology;
use crate::terminology::system::{
    CIVILITIES, HL7_PARTICIPATION_FUNCTION, HL7_ROLE_CODE, TRE_A00, TRE_A02, TRE_R85,
};

/// Titles of professionals (JDV_J246, OID 1.2.250.1.213.1.1.5.719, version 20240126).
const TITLES: [&str; 6] = ["DR", "MC", "MG", "PC", "PG", "PR"];
/// What a device is, when nothing more is said.
const DEVICE: &str = "DISPOSITIF";

/// Checks the patient, and tells his premier prénom de naissance.
pub(super) fn first_given<'a>(patient: &'a Patient, notes: &mut Notes) -> &'a str {
    let traits = &patient.traits;
    if traits.fault().is_some() {
        notes.add(&rules::TRAITS, "/patient/traits");
    }
    if traits.birth_place.is_none() {
        notes.add(&rules::BIRTH_PLACE, "/patient/traits/birthPlace");
    }
    if let Some(id) = &patient.local_id
        && (id.extension.is_none() || is_identity(&id.root))
    {
        notes.add(&rules::LOCAL_ID, "/patient/localId");
    }
    if let Some(contact) = &patient.contact {
        check_contact(contact, "/patient/contact", notes);
    }
    let first = traits.given_names.first();
    match patient.first_given.as_deref() {
        Some(given) => {
            let all = collapsed(&traits.given_names.join(" "));
            let rest = all.strip_prefix(&collapsed(given));
            if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')) {
                notes.add(&rules::FIRST_GIVEN, "/patient/firstGiven");
            }
            given
        }
        None => first.map(String::as_str).unwrap_or_default(),
    }
}

/// Reads the persons of a context.
pub(super) struct People<'a, 't> {
    pub context: &'a Context,
    pub terminology: &'t Terminology,
    /// When the document was made.
    pub now: HlTime,
}

impl<'a> People<'a, '_> {
    pub fn authors(&mut self, notes: &mut Notes) -> Vec<Author<'a>> {
        if self.context.authors.is_empty() {
            notes.add(&rules::AUTHORS_MISSING, "/authors");
        }
        let mut authors = Vec::with_capacity(self.context.authors.len());
        for (i, author) in self.context.authors.iter().enumerate() {
            let path = format!("/authors/{i}");
            let party = self.party(&author.who, &format!("{path}/who"), notes);
            let function = self.function(author.function.as_ref(), &path, notes);
            let time = notes.optional_time(author.time.as_ref(), &format!("{path}/time"));
            authors.extend(party.map(|party| Author {
                party,
                function,
                time: time.unwrap_or(self.now),
            }));
        }
        authors
    }

    pub fn informants(&mut self, notes: &mut Notes) -> Vec<Informant<'a>> {
        let mut informants = Vec::with_capacity(self.context.informants.len());
        for (i, informant) in self.context.informants.iter().enumerate() {
            let path = format!("/informants/{i}");
            match informant {
                context::Informant::Professional(person) => {
                    let person = self.elsewhere(person, &format!("{path}/professional"), notes);
                    informants.push(Informant::Professional(person));
                }
                context::Informant::Relative(relative) => {
                    let path = format!("{path}/relative");
                    let relation = relative.relation.as_ref().and_then(|relation| {
                        notes.in_set(
                            relation,
                            self.terminology.patient_relation(),
                            HL7_ROLE_CODE,
                            &rules::RELATION_SET,
                            &format!("{path}/relation"),
                        )
                    });
                    if let Some(contact) = &relative.contact {
                        check_contact(contact, &format!("{path}/contact"), notes);
                    }
                    informants.push(Informant::Relative(relative, relation));
                }
            }
        }
        informants
    }

    /// Who keeps the document; none for the host of the DMP.
    pub fn custodian(&mut self, notes: &mut Notes) -> Option<(&'a Structure, Option<&'a Contact>)> {
        match &self.context.custodian {
            Some(custodian) => {
                let contact = custodian.contact.as_ref();
                if let Some(contact) = contact {
                    check_contact(contact, "/custodian/contact", notes);
                }
                Some((&custodian.structure, contact))
            }
            None if self.context.is_by_patient() => None,
            None => {
                let structure = self.context.structure.as_ref();
                let structure =
                    notes.required(structure, &rules::STRUCTURE_MISSING, "/structure")?;
                Some((structure, self.context.contact.as_ref()))
            }
        }
    }

    pub fn recipients(&mut self, notes: &mut Notes) -> Vec<Recipient<'a>> {
        let mut recipients = Vec::with_capacity(self.context.recipients.len());
        for (i, recipient) in self.context.recipients.iter().enumerate() {
            let path = format!("/recipients/{i}");
            match recipient {
                context::Recipient::Professional(person) => {
                    let person = self.elsewhere(person, &format!("{path}/professional"), notes);
                    recipients.push(Recipient::Professional(person));
                }
                context::Recipient::Organization(organization) => {
                    let contact = organization.contact.as_ref();
                    if let Some(contact) = contact {
                        check_contact(contact, &format!("{path}/organization/contact"), notes);
                    }
                    recipients.push(Recipient::Organization(Place {
                        structure: Some(&organization.structure),
                        contact,
                    }));
                }
            }
        }
        recipients
    }

    pub fn authenticator(&mut self, notes: &mut Notes) -> Option<(Party<'a>, HlTime)> {
        match &self.context.legal_authenticator {
            Some(signer) => {
                let path = "/legalAuthenticator";
                let time = notes.optional_time(signer.time.as_ref(), &format!("{path}/time"));
                if matches!(signer.who, Who::Device(_)) {
                    notes.add(&rules::AUTHENTICATOR_DEVICE, format!("{path}/who"));
                    return None;
                }
                let party = self.party(&signer.who, &format!("{path}/who"), notes)?;
                Some((party, time.unwrap_or(self.now)))
            }
            None => {
                let author = self.first_person();
                let author =
                    notes.required(author, &rules::AUTHENTICATOR_MISSING, "/legalAuthenticator")?;
                Some((self.again(author)?, self.now))
            }
        }
    }

    pub fn participants(&mut self, notes: &mut Notes) -> Vec<Participant<'a>> {
        let mut participants = Vec::with_capacity(self.context.participants.len());
        for (i, participant) in self.context.participants.iter().enumerate() {
            let path = format!("/participants/{i}");
            let person = self.elsewhere(&participant.person, &format!("{path}/person"), notes);
            let function = self.function(participant.function.as_ref(), &path, notes);
            let start = notes.optional_time(participant.start.as_ref(), &format!("{path}/start"));
            let stop = notes.optional_time(participant.stop.as_ref(), &format!("{path}/stop"));
            check_order(start, stop, &format!("{path}/stop"), notes);
            participants.push(Participant {
                kind: participant.kind,
                person,
                function,
                start,
                stop,
            });
        }
        participants
    }

    /// Who did the act. When nobody is named and nobody can be deduced, nobody answers for the document either, which
    /// is said there.
    pub fn performer(&mut self, notes: &mut Notes) -> Option<Party<'a>> {
        if let Some(performer) = &self.context.service.performer {
            let person = self.professional(performer, "/service/performer", notes)?;
            return Some(Party::Professional(person));
        }
        let professional = |who: &&Who| matches!(who, Who::Professional(_));
        let signer = self.context.legal_authenticator.as_ref().map(|s| &s.who);
        let author = self
            .context
            .authors
            .iter()
            .map(|a| &a.who)
            .find(professional);
        let who = author
            .or(signer.filter(professional))
            .or(self.first_person());
        self.again(who?)
    }

    /// The first author who is a professional, else the patient.
    fn first_person(&self) -> Option<&'a Who> {
        let mut authors = self.context.authors.iter().map(|a| &a.who);
        let professional = authors.clone().find(|w| matches!(w, Who::Professional(_)));
        professional.or_else(|| authors.find(|w| matches!(w, Who::Patient)))
    }

    /// Someone already checked where he stands: nothing is to be said twice.
    fn again(&mut self, who: &'a Who) -> Option<Party<'a>> {
        self.party(who, "", &mut Notes(Vec::new()))
    }

    fn party(&mut self, who: &'a Who, path: &str, notes: &mut Notes) -> Option<Party<'a>> {
        match who {
            Who::Professional(person) => {
                let path = format!("{path}/professional");
                let person = self.professional(person, &path, notes)?;
                Some(Party::Professional(person))
            }
            Who::Device(device) => {
                let device = self.device(device, &format!("{path}/device"), notes)?;
                Some(Party::Device(device))
            }
            Who::Patient => Some(Party::Patient),
        }
    }

    /// Who makes the document, answers for it or does the act: with a profession, and where he says no other, in the
    /// structure of the document.
    fn professional(
        &mut self,
        practitioner: &'a Practitioner,
        path: &str,
        notes: &mut Notes,
    ) -> Option<Professional<'a>> {
        let person = &practitioner.person;
        let (profession, role) = (&person.profession, &person.role);
        if practitioner.specialty.is_none() && profession.is_none() && role.is_none() {
            notes.add(&rules::SPECIALTY_MISSING, format!("{path}/person"));
        }
        let professional = self.elsewhere(practitioner, path, notes);
        let own = (
            practitioner.structure.as_ref(),
            practitioner.contact.as_ref(),
        );
        let place = self.place(own, path, notes)?;
        Some(Professional {
            place,
            ..professional
        })
    }

    /// Anyone else, who may be of another structure: nothing is supposed of him.
    fn elsewhere(
        &mut self,
        practitioner: &'a Practitioner,
        path: &str,
        notes: &mut Notes,
    ) -> Professional<'a> {
        let specialty = self.specialty(practitioner, path, notes);
        let civility = practitioner.civility.as_deref();
        let civilities = self.terminology.civility();
        if civility.is_some_and(|c| civilities.find(CIVILITIES, c).is_none()) {
            notes.add(&rules::CIVILITY, format!("{path}/civility"));
        }
        let title = practitioner.title.as_deref();
        if title.is_some_and(|title| !TITLES.contains(&title)) {
            notes.add(&rules::TITLE_OF_PERSON, format!("{path}/title"));
        }
        let contact = practitioner.contact.as_ref();
        if let Some(contact) = contact {
            check_contact(contact, &format!("{path}/contact"), notes);
        }
        Professional {
            id: practitioner.person.id.as_str(),
            family: &practitioner.person.family,
            given: &practitioner.person.given,
            civility,
            title,
            specialty,
            place: Place {
                structure: practitioner.structure.as_ref(),
                contact,
            },
        }
    }

    /// The specialty that is given; a finding when it is not in its set.
    fn specialty(
        &self,
        practitioner: &Practitioner,
        path: &str,
        notes: &mut Notes,
    ) -> Option<Coded> {
        let set = self.terminology.author_specialty();
        let rule = &rules::SPECIALTY_SET;
        let person = &practitioner.person;
        if let Some(given) = &practitioner.specialty {
            return notes.in_set(given, set, TRE_A02, rule, &format!("{path}/specialty"));
        }
        let (system, code) = match (&person.profession, &person.specialty, &person.role) {
            (Some(profession), Some(specialty), _) => {
                (TRE_A02, format!("G15_{profession}/{specialty}"))
            }
            (Some(profession), None, _) => (TRE_A02, format!("G15_{profession}")),
            (None, _, Some(role)) => (TRE_R85, role.clone()),
            (None, _, None) => return None,
        };
        let coding = Coding {
            code,
            system: None,
            label: None,
        };
        notes.in_set(&coding, set, system, rule, &format!("{path}/person"))
    }

    fn device(
        &mut self,
        device: &'a context::Device,
        path: &str,
        notes: &mut Notes,
    ) -> Option<Device<'a>> {
        let default = Coding {
            code: DEVICE.to_owned(),
            system: None,
            label: None,
        };
        let specialty = notes.in_set(
            device.specialty.as_ref().unwrap_or(&default),
            self.terminology.author_specialty(),
            TRE_A00,
            &rules::SPECIALTY_SET,
            &format!("{path}/specialty"),
        );
        let in_a_structure = |id: PsIdNat| !matches!(id.kind(), PsIdKind::Rpps | PsIdKind::Adeli);
        let root = device.root.as_ref().map_or(PS_ID_NAT_OID, |r| r.as_str());
        if root == PS_ID_NAT_OID && !PsIdNat::new(&device.id).is_ok_and(in_a_structure) {
            notes.add(&rules::DEVICE_ID, format!("{path}/id"));
        }
        let own = (device.structure.as_ref(), device.contact.as_ref());
        if let Some(contact) = own.1 {
            check_contact(contact, &format!("{path}/contact"), notes);
        }
        let place = self.place(own, path, notes);
        Some(Device {
            root,
            id: &device.id,
            model: &device.model,
            software: &device.software,
            specialty: specialty?,
            place: place?,
        })
    }

    /// His own structure and contact, else those of the document. The contact of the document is not that of another
    /// structure.
    fn place(
        &self,
        own: (Option<&'a Structure>, Option<&'a Contact>),
        path: &str,
        notes: &mut Notes,
    ) -> Option<Place<'a>> {
        let (structure, contact) = own;
        let shared = self.context.contact.as_ref();
        let contact = contact.or(shared.filter(|_| structure.is_none()));
        let structure = structure.or(self.context.structure.as_ref());
        let path = format!("{path}/structure");
        notes.required(structure, &rules::STRUCTURE_MISSING, &path)?;
        Some(Place { structure, contact })
    }

    fn function(&self, function: Option<&Coding>, path: &str, notes: &mut Notes) -> Option<Coded> {
        notes.in_set(
            function?,
            self.terminology.function(),
            HL7_PARTICIPATION_FUNCTION,
            &rules::FUNCTION_SET,
            &format!("{path}/function"),
        )
    }
}
