//! HL7 v3: existence (TD0.2), administrative data (TD1.3a), search by traits (TD0.5).
