//! Every form in which the DMP says no, as one: SOAP faults, registry errors, HL7 acknowledgements, service statuses.
