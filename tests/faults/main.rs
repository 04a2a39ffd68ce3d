//! What a practice has been told is done survives whatever stops the machine: a process killed, the power cut, a
//! disk that fails, at each call to the system in turn.
//!
//! A process of this very program works on a practice's files, with `shim.c` between it and the system. Scenarios are
//! what it does ([`scenario`] says how to add one, `scenarios/` holds them); each way of failing takes them all:
//! [`crash`], [`disk_errors`], [`power_cut`], [`network`] in front of a simulator, and [`together`], two processes at once.
//! Files are in clear and under a key: half of the points each.
//!
//! An everyday run takes points evenly spread over all of them. `DMPKIT_FAULT_POINTS=2000` takes so many for each way
//! of failing. A failure names its scenario, mode and point: `DMPKIT_FAULT_ONLY="feed keyed kill-half 37"` plays that one, and
//! `DMPKIT_FAULT_SCENARIO=feed` one scenario alone.

#[path = "../common/face.rs"]
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod face;
#[path = "../common/flaky.rs"]
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod flaky;
#[path = "../common/practice.rs"]
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod practice;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod child;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod points;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod rehearsal;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod replay;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod scenario;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod scenarios;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod shim;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod crash;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod disk_errors;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod network;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod power_cut;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod together;

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
#[test]
fn faults_are_played_on_linux_alone() {
    println!("SKIPPED: the shim stands before the C library of a 64-bit Linux");
}
