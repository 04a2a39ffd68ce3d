//! A folder of test cards.

use std::path::Path;
use std::sync::Arc;

use crate::dmp::protocol::key::KeyError;

use super::{Keys, pem};

/// The name under which the files of this identifier start: `/` becomes `_`. `None` when the identifier holds anything else
/// than letters, digits, `.`, `-`, `_` and `/`, or is too long, so that it cannot name a file elsewhere.
pub fn file_stem(identifier: &str) -> Option<String> {
    let fits = (1..=128).contains(&identifier.len())
        && identifier
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
    fits.then(|| identifier.replace('/', "_"))
}

/// The keys of the card of this identifier.
pub(super) fn keys(folder: &Path, identifier: &str) -> Result<Keys, KeyError> {
    let stem = file_stem(identifier).ok_or(KeyError::NoneConfigured)?;
    let key = |suffix: &str| {
        let path = folder.join(format!("{stem}.{suffix}.pem"));
        if !path.exists() {
            return Err(KeyError::NoneConfigured);
        }
        let text = read_text(&path)?;
        pem::key_pair(&text, &text, &mut || None).map(Arc::new)
    };
    Ok(Keys {
        authentication: key("auth")?,
        signature: key("sign")?,
    })
}

/// A file's text, wiped when dropped.
pub(super) fn read_text(path: &Path) -> Result<zeroize::Zeroizing<String>, KeyError> {
    let bytes = read_bytes(path)?;
    std::str::from_utf8(&bytes)
        .map(|text| zeroize::Zeroizing::new(text.to_owned()))
        .map_err(|_| KeyError::File("it is not PEM text"))
}

/// A file's bytes, wiped when dropped. The room is made in one piece, so that no copy is left behind.
pub(super) fn read_bytes(path: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, KeyError> {
    use std::io::Read;
    let absent = |_| KeyError::File("it does not exist or cannot be opened");
    let file = std::fs::File::open(path).map_err(absent)?;
    let size = file.metadata().map_err(absent)?.len();
    if size > pem::MAX_BYTES {
        return Err(KeyError::File("it is larger than 1 MiB"));
    }
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(size as usize + 1));
    file.take(pem::MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(absent)?;
    Ok(bytes)
}
