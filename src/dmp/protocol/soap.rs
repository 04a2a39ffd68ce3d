//! SOAP 1.2 envelopes with WS-Addressing and the VIHF in their header.
