//! Files that become documents: what is written reads back, fits the schema of CDA, and is refused with reasons.

#[path = "cda_write/combinations.rs"]
mod combinations;
#[path = "cda_write/people.rs"]
mod people;
#[path = "cda_write/record.rs"]
mod record;
#[path = "cda_write/refused.rs"]
mod refused;
#[path = "cda_write/sample.rs"]
mod sample;
#[path = "cda_write/strings.rs"]
mod strings;
#[path = "cda_write/versions.rs"]
mod versions;
