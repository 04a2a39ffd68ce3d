//! What an answer holds before it is put in an envelope.

/// A payload, and the documents beside it.
pub(super) struct Payload {
    pub xml: String,
    pub parts: Vec<Part>,
}

/// A document beside the message.
pub(super) struct Part {
    pub content_id: String,
    pub content_type: String,
    pub bytes: Vec<u8>,
}

impl From<String> for Payload {
    fn from(xml: String) -> Payload {
        Payload {
            xml,
            parts: Vec::new(),
        }
    }
}

/// Sixteen random bytes. Should the system give none, answers are told apart by nothing: for a simulator, good
/// enough.
pub(super) fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    let _ = getrandom::fill(&mut bytes);
    bytes
}

/// A random UUID.
pub(super) fn uuid() -> String {
    uuid::Builder::from_random_bytes(random())
        .into_uuid()
        .to_string()
}
