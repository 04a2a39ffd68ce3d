//! Associations: which object of the registry bears on which (ITI TF-3 4.2.2).

use super::names::{ASSOCIATION_OBJECT, HAS_MEMBER, SIGNS};
use super::object::{Kind, Raw};
use crate::document::{Association, AssociationKind, EntryUuid, OtherSlot, Status};

/// An association as it is on the wire, of whatever type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// `id`.
    pub id: String,
    /// associationType, a URN.
    pub kind: String,
    /// sourceObject: an entryUUID, or a symbolic name in a request.
    pub source: String,
    /// targetObject, likewise.
    pub target: String,
    /// `status`, if it came.
    pub status: Option<Status>,
    /// Its slots: SubmissionSetStatus, PreviousVersion, OriginalStatus, NewStatus…
    pub slots: Vec<OtherSlot>,
}

impl Link {
    pub(super) fn new(id: &str, kind: &str, source: &str, target: &str) -> Link {
        Link {
            id: id.to_owned(),
            kind: kind.to_owned(),
            source: source.to_owned(),
            target: target.to_owned(),
            status: None,
            slots: Vec::new(),
        }
    }

    pub(super) fn with(mut self, slot: &str, value: &str) -> Link {
        self.slots.push(OtherSlot {
            name: slot.to_owned(),
            values: vec![value.to_owned()],
        });
        self
    }

    /// The association of an answer, for the server. HasMember says that the document is original.
    pub fn of(association: &Association) -> Link {
        let (source, target) = (association.source.as_str(), association.target.as_str());
        let urn = association.kind.urn();
        let name = format!("{urn} {source} {target}");
        let id = EntryUuid::derived("association", &name);
        let link = Link::new(id.as_str(), urn, source, target);
        let link = match association.kind {
            AssociationKind::HasMember => link.with("SubmissionSetStatus", "Original"),
            _ => link,
        };
        match association.previous_version {
            Some(version) => link.with("PreviousVersion", &version.to_string()),
            None => link,
        }
    }

    /// The association, if it is of a kind the DMP's rules speak of and binds registered objects.
    pub fn association(&self) -> Option<Association> {
        let kind = [
            AssociationKind::HasMember,
            AssociationKind::Replaces,
            AssociationKind::UpdateAvailabilityStatus,
        ];
        Some(Association {
            kind: kind.into_iter().find(|k| k.urn() == self.kind)?,
            source: EntryUuid::new(&self.source).ok()?,
            target: EntryUuid::new(&self.target).ok()?,
            previous_version: self
                .value("PreviousVersion")
                .and_then(|v| v.trim().parse().ok()),
        })
    }

    /// Whether it is that of a lot's signature.
    pub fn is_signs(&self) -> bool {
        self.kind == SIGNS
    }

    /// Whether a SubmissionSet holds the target.
    pub fn is_member(&self) -> bool {
        self.kind == HAS_MEMBER
    }

    /// The first value of a slot.
    pub fn value(&self, slot: &str) -> Option<&str> {
        let slot = self.slots.iter().find(|s| s.name == slot)?;
        slot.values.first().map(String::as_str)
    }

    /// `None` when an end or the type is missing.
    pub(super) fn read(raw: Raw) -> Option<Link> {
        Some(Link {
            id: raw.id,
            kind: raw.association_type?,
            source: raw.source?,
            target: raw.target?,
            status: raw.status.as_deref().and_then(Status::from_urn),
            slots: raw.slots,
        })
    }

    /// The Association. An update has its objectType, as in official message TD3.3c.
    pub(super) fn raw(&self) -> Raw {
        let update = AssociationKind::UpdateAvailabilityStatus.urn();
        Raw {
            kind: Kind::Association,
            id: self.id.clone(),
            association_type: Some(self.kind.clone()),
            source: Some(self.source.clone()),
            target: Some(self.target.clone()),
            object_type: (self.kind == update).then(|| ASSOCIATION_OBJECT.to_owned()),
            status: self.status.map(|s| s.urn().to_owned()),
            slots: self.slots.clone(),
            ..Raw::default()
        }
    }
}
