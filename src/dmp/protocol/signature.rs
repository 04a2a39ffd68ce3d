//! Enveloped XML signatures (XMLDSIG, exclusive canonicalisation): made over text that is canonical by construction,
//! checked on text that comes from elsewhere.
