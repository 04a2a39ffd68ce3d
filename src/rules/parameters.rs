//! The durations and switches of the DMP and of the law, as data with their source. The DMP may change
//! them: nothing else in the crate repeats their values.

use serde::{Deserialize, Serialize};

/// Parameters; [`Parameters::default`] holds the values known on 2026-07-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Parameters {
    /// Months an authorisation lasts in the DMP. Source: Ségur draft requirement SC.DMP/UX.05, 6 months
    /// ("technically parametrised in the DMP"; it was one year in 2010).
    pub authorisation_months: u32,
    /// Age of majority, `age-majorite`: a minor is strictly younger. Source: EX_GEN-1550, Civil Code 414.
    pub majority_age: i32,
    /// `fonctions-gestion-mineurs`: visibility to representatives and secret connection exist.
    pub minors: bool,
    /// `cumul-invisible_patient-masque_ps`: the two codes may stand together. Source: EX_2.1-1050.
    pub masked_with_invisible: bool,
    /// Days after deposit when a patient is told of an invisible document. Source: CSP R.1111-53, two weeks.
    pub invisible_notice_days: i64,
    /// Months after deposit when an invisible document becomes visible. Source: CSP R.1111-53, one month.
    pub invisible_months: u32,
    /// Minutes a bris de glace stays open unless the host asks for less. Ours: the DMP fixes none.
    pub bris_de_glace_minutes: i64,
    /// Candidates that TD0.5 returns at most. Source: DMP connector documentation, 10.
    pub candidates: usize,
    /// Documents asked of the DMP at once when catching up. Source: ANS, DMP usage examples, 20.
    pub catch_up_batch: usize,
    /// Years back that a first search goes. Source: ANS, DMP usage examples, 2 years at most.
    pub first_search_years: u32,
    /// Deposits that leave the outbox in a second, for each structure; 0 sets no limit, which suits an embedded DMP or a
    /// simulator alone. Source: EX_2.1, "cinq alimentations par seconde et par structure".
    pub feeds_per_second: u32,
    /// Minute of the local day from which a take-over of past documents may send. Ours: the DMP asks that take-overs
    /// run outside working hours and fixes none.
    pub take_over_from_minute: u32,
    /// Minute of the local day at which it stops; equal to the other, it never stops. Ours.
    pub take_over_to_minute: u32,
    /// Documents of a take-over sent in a local day; 0 sets no limit. Ours.
    pub take_over_daily: u32,
    /// Days during which the outbox keeps what became of an item, without its content. Ours.
    pub outbox_history_days: i64,
    /// Months that an entry of the journal stays at least. Ours: no text found fixes how long a practice keeps its own
    /// journal. Ten years is how long the DMP itself outlives its closing (CSP L.1111-18, R.1111-36), so that the journal
    /// stands as long as what it speaks of.
    pub journal_months: u32,
    /// Days after its end by which a bris de glace is to be reviewed; later it is overdue. Ours: CSP R.1111-48 asks that
    /// the patient and his médecin traitant be told afterwards, and fixes no review.
    pub emergency_review_days: i64,
}

impl Default for Parameters {
    fn default() -> Parameters {
        Parameters {
            authorisation_months: 6,
            majority_age: 18,
            minors: true,
            masked_with_invisible: false,
            invisible_notice_days: 14,
            invisible_months: 1,
            bris_de_glace_minutes: 60,
            candidates: 10,
            catch_up_batch: 20,
            first_search_years: 2,
            feeds_per_second: 5,
            take_over_from_minute: 20 * 60,
            take_over_to_minute: 6 * 60,
            take_over_daily: 5_000,
            outbox_history_days: 90,
            journal_months: 120,
            emergency_review_days: 7,
        }
    }
}
