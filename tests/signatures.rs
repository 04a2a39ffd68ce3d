//! The VIHF and the XAdES signature of a lot: made, checked, attacked, and beside xmlsec1 and Java.

#[path = "signatures/people.rs"]
mod people;

use dmpkit::dmp::Context;
use dmpkit::dmp::protocol::signature::SignatureError;
use dmpkit::dmp::protocol::vihf::{VihfError, VihfSettings, verify};
use dmpkit::rules::Mode;
use people::*;

#[test]
fn the_three_modes_are_read_back_as_the_same_caller() {
    for requester in [physician(), automate(), renforcee()] {
        let text = vihf(&requester, &VihfSettings::default());
        for message in [text.clone(), envelope(&text, "<a/>")] {
            let (read, certificates) = verify(&message, &POLICY, at(ISSUE)).expect("verified");
            let caller = read.caller(&certificates[0]).expect("a caller");
            assert_eq!(caller.requester, requester);
            assert_eq!(caller.software, software());
            assert_eq!(
                (caller.mode, caller.reason.as_deref()),
                (Mode::Normal, None)
            );
            assert_eq!(caller.patient, Some(patient()));
        }
    }
}
