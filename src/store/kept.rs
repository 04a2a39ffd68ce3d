//! Documents kept for reading without network.

pub(super) const TABLES: &str = "";
