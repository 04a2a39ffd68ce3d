//! XDS.b messages: the official ones read by the side that receives them, ours compared with them, random metadata there
//! and back, hostile ones refused, a long list read in little memory.
#![cfg(feature = "national")]

#[path = "ebxml/hostile.rs"]
mod hostile;
#[path = "ebxml/memory.rs"]
mod memory;
#[path = "ebxml/official.rs"]
mod official;
#[path = "ebxml/plain.rs"]
mod plain;
#[path = "ebxml/queries.rs"]
mod queries;
#[path = "ebxml/round_trip.rs"]
mod round_trip;
#[path = "ebxml/sample.rs"]
mod sample;
#[path = "ebxml/submissions.rs"]
mod submissions;
#[path = "ebxml/support.rs"]
mod support;
