//! Where key pairs live: PEM and PKCS#12 files, a card or token (PKCS#11), the host.
