//! availabilityStatus and the transitions the DMP allows.

use serde::{Deserialize, Serialize};

/// The status of a document, by JDV_J52-AvailabilityStatus-CISIS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Status {
    /// Version à jour.
    Approved,
    /// Version obsolète: something that the reader may see has replaced it.
    Deprecated,
    /// Archivée et à jour.
    Archived,
    /// Dépubliée: a logical deletion, the content remains.
    Deleted,
}

/// Every status, for tables.
pub const STATUSES: [Status; 4] = [
    Status::Approved,
    Status::Deprecated,
    Status::Archived,
    Status::Deleted,
];

impl Status {
    /// The URN on the wire.
    pub const fn urn(self) -> &'static str {
        match self {
            Status::Approved => "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved",
            Status::Deprecated => "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated",
            Status::Archived => "urn:asip:ci-sis:2010:StatusType:Archived",
            Status::Deleted => "urn:asip:ci-sis:2010:StatusType:Deleted",
        }
    }

    /// The status of a URN.
    pub fn from_urn(urn: &str) -> Option<Status> {
        STATUSES.into_iter().find(|s| s.urn() == urn)
    }

    /// The word on the doctor's screen.
    pub const fn label(self) -> &'static str {
        match self {
            Status::Approved => "à jour",
            Status::Deprecated => "obsolète",
            Status::Archived => "archivé",
            Status::Deleted => "supprimé",
        }
    }

    /// Whether the DMP lets a document pass from this status to another.
    ///
    /// Approved → Archived and Archived → Deleted are shown by the DMP's own messages; Approved → Deleted
    /// and Archived → Approved are required by TD3.3c and TD3.3d; Approved → Deprecated is replacement.
    pub const fn may_become(self, next: Status) -> bool {
        matches!(
            (self, next),
            (
                Status::Approved,
                Status::Archived | Status::Deleted | Status::Deprecated
            ) | (Status::Archived, Status::Approved | Status::Deleted)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urns_are_read_back() {
        for status in STATUSES {
            assert_eq!(Status::from_urn(status.urn()), Some(status));
        }
    }

    #[test]
    fn deprecated_and_deleted_are_final() {
        for status in STATUSES {
            assert!(!Status::Deprecated.may_become(status));
            assert!(!Status::Deleted.may_become(status));
            assert!(!status.may_become(status));
        }
        assert!(Status::Archived.may_become(Status::Approved));
        assert!(!Status::Archived.may_become(Status::Deprecated));
    }
}
