//! Who: patients by their INS, professionals, structures, automates, and the wire forms of each.

pub mod ins;
pub mod professional;
pub mod structure;
pub mod traits;
pub mod wire;

pub use ins::{Authority, Ins, InsError};
pub use professional::{Professional, PsIdKind, PsIdNat};
pub use structure::{StructIdKind, StructIdNat, Structure};
pub use traits::{IdentityStatus, IdentityTraits, Sex, Trait};
pub use wire::{Cx, WireError, Xcn, Xon};
