//! What a document may cost to read.

/// Bounds on a document, beyond which it is refused before it costs memory or time.
///
/// The defaults leave a wide margin over real documents: the largest seen are a few megabytes of embedded PDF, less
/// than sixty levels deep, with some hundreds of elements in the header.
///
/// A document in UTF-8 is read where it stands: reading or checking it takes some kilobytes beside its own bytes, however
/// large its body. One in another encoding is first transcoded whole, which takes up to three times its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Size of the document, in bytes.
    pub size: usize,
    /// Levels of nested elements.
    pub depth: usize,
    /// Elements of the header.
    pub header_elements: usize,
    /// Attributes of one element.
    pub attributes: usize,
    /// Length of one attribute as written, in bytes. A self-presenting document may hold an image in one.
    pub attribute_length: usize,
    /// Elements kept of the body: sections, their narrative, embedded files.
    pub body_elements: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            size: 32 * 1024 * 1024,
            depth: 256,
            header_elements: 20_000,
            attributes: 256,
            attribute_length: 1024 * 1024,
            body_elements: 500_000,
        }
    }
}
