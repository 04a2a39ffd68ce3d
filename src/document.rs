//! Documents as the DMP knows them: metadata, visibility, status, identifiers, versions.

pub mod ids;
pub mod metadata;
pub mod status;
pub mod submission;
pub mod time;
pub mod visibility;

pub use ids::{EntryUuid, Oid, OidError};
pub use metadata::{
    Author, Coded, DocumentEntry, Metadata, OtherClassification, OtherIdentifier, OtherSlot,
    RawMetadata,
};
pub use status::Status;
pub use submission::{Association, AssociationKind, SubmissionSet};
pub use time::Dtm;
pub use visibility::{Confidentiality, Visibility, VisibilityError};
