//! What may be done, by whom, and why: pure functions over the words of `identity`, `document` and
//! `dossier`. No input or output, no clock, no allocation on the way to a decision.
//!
//! | question | file |
//! |---|---|
//! | which transactions a role may use (the DMP's two functional matrices) | [`rights`] |
//! | may this person do this now, and what would change the answer | [`mod@decide`] |
//! | which documents a viewer sees, reads, may act upon | [`visibility`] |
//! | what a recorded consent covers, when it ends, what an opposition stops | [`consent`] |
//! | may this document be fed with this visibility | [`feeding`] |
//! | what waits in the outbox: its states, when it is tried again | [`outbox`] |
//! | what may be kept, and what may be done with it without network | [`offline`] |
//! | which past documents are taken over, and what a person is told of the others | [`takeover`] |
//! | which profession reads which type of document (loaded from a file) | [`habilitation`] |
//! | durations and switches | [`parameters`] |

pub mod consent;
pub mod decide;
pub mod decision;
pub mod feeding;
pub mod habilitation;
pub mod offline;
pub mod outbox;
pub mod parameters;
pub mod rights;
pub mod takeover;
pub mod visibility;

pub use decide::{Actor, Authentication, Capacity, Consent, Mode, Situation, decide};
pub use decision::{Decision, Explanation, Fact, Remedy, RuleRef, Verdict};
pub use parameters::Parameters;
pub use rights::{Cell, Column, Right};
