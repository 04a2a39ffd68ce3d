//! The visibility asked for: the words are those of the rules on feeding.

use super::{Deposit, Notes};
use crate::cda::finding::context as rules;
use crate::rules::feeding::{FeedingFault, visibility_to_deposit};

/// Visibility is no part of the document: it stands where the level it adds to does.
pub(super) fn all(deposit: Option<&Deposit>, notes: &mut Notes) {
    let Some(deposit) = deposit else {
        return;
    };
    let allowed = visibility_to_deposit(
        deposit.visibility,
        deposit.representatives,
        deposit.age,
        deposit.secret,
        &deposit.parameters,
    );
    let rule = match allowed {
        Ok(_) => return,
        Err(FeedingFault::MaskedAndInvisible) => &rules::MASKED_AND_INVISIBLE,
        Err(FeedingFault::RepresentativesOfAnAdult) => &rules::REPRESENTATIVES_OF_AN_ADULT,
        Err(FeedingFault::RepresentativesUnsaid) => &rules::REPRESENTATIVES_UNSAID,
        Err(FeedingFault::SecretButVisible) => &rules::SECRET_BUT_VISIBLE,
        Err(FeedingFault::SecretForAnAdult) => &rules::SECRET_FOR_AN_ADULT,
    };
    notes.add(rule, "/ClinicalDocument/confidentialityCode");
}
