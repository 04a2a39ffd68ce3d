use super::*;

#[test]
fn what_is_not_a_certificate_is_an_error() {
    for bytes in [
        &b""[..],
        b"\x30",
        b"\x30\x00",
        b"\x30\x80\x00\x00",
        b"\x30\x03\x02\x01\x01",
        b"\x30\x02\x30\x00",
        &[0x30; 70_000],
        "-----BEGIN CERTIFICATE-----".as_bytes(),
    ] {
        assert!(Certificate::from_der(bytes).is_err());
    }
}
