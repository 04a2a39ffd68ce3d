//! The VIHF: the SAML 2.0 assertion that says who calls, with what software, about whom.
