//! How messages travel: the built-in HTTPS client with mutual TLS, or the host.
