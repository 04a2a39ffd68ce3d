//! Test certificates: an authority of its own, a server, cards and structures. Worth nothing elsewhere.
