//! The DMP's own services: authorisations (TD0.3, TD1.6) and the list of dossiers (TD0.4).
