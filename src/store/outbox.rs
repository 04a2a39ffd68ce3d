//! The outbox.

pub(super) const TABLES: &str = "";
