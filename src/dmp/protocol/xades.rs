//! The XAdES signature of a lot (facts of the official message TD2.1-SignatureXades).
