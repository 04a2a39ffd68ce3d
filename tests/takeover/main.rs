//! The take-over of past documents: what goes, what stays and why, once each, stopped and called again anywhere.

#[path = "../outbox/bench.rs"]
mod bench;
mod filters;
#[path = "../common/flaky.rs"]
mod flaky;
mod held_there;
mod night;
mod resume;
mod shapes;
mod shelf;
mod twice;
