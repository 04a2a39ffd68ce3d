//! What a practice has been told is done survives whatever stops the machine: a process killed, the power cut, a
//! disk that fails, at each call to the system in turn.
//!
//! A process of this very program works on a practice's files, with `shim.c` between it and the system. Scenarios are
//! what it does ([`scenario`] says how to add one, `scenarios/` holds them); each way of failing takes them all:
//! [`crash`], [`disk_errors`], [`power_cut`], and [`network`] in front of a simulator.
//!
//! An everyday run takes points evenly spread over all of them. `DMPKIT_FAULT_POINTS=2000` takes so many for each way
//! of failing. A failure names its scenario, mode and point: `DMPKIT_FAULT_ONLY="feed kill-half 37"` plays that one.

#![cfg(target_os = "linux")]

#[path = "../common/face.rs"]
mod face;
#[path = "../common/practice.rs"]
mod practice;

mod child;
mod points;
mod rehearsal;
mod replay;
mod scenario;
mod scenarios;
mod shim;

mod crash;
mod disk_errors;
mod network;
mod power_cut;
