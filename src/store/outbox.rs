//! The outbox.

pub(super) const TABLES: &str = "";

impl super::Tx<'_> {
    /// What the register says of the outbox comes from a backup: what it holds as not sent may have been sent
    /// since.
    pub fn after_restore(&self) -> crate::error::Result<()> {
        Ok(())
    }
}
