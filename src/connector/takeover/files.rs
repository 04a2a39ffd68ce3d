//! The files of a take-over: met one after the other, told apart by what is in them and not by their names.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes by which a file is told apart.
const BEGINNING: usize = 64 * 1024;

/// What is met on the way.
pub(super) enum Met {
    /// A file.
    File(PathBuf),
    /// A link, or what is neither a file nor a folder: not followed.
    Aside(PathBuf),
    /// A folder that cannot be listed, or an entry that cannot be looked at.
    Failed(PathBuf),
}

/// Where files come from. A folder is gone through without being listed whole: what is kept is the folders still to
/// visit.
pub(super) enum Source<'a> {
    Folder {
        to_visit: Vec<PathBuf>,
        open: Option<(PathBuf, fs::ReadDir)>,
    },
    List(std::slice::Iter<'a, PathBuf>),
}

impl<'a> Source<'a> {
    /// Every file under a folder.
    ///
    /// Errors: the folder itself cannot be listed.
    pub fn folder(root: &Path) -> io::Result<Source<'a>> {
        let entries = fs::read_dir(root)?;
        Ok(Source::Folder {
            to_visit: Vec::new(),
            open: Some((root.to_owned(), entries)),
        })
    }

    /// Files by their paths.
    pub fn list(paths: &'a [PathBuf]) -> Source<'a> {
        Source::List(paths.iter())
    }
}

impl Iterator for Source<'_> {
    type Item = Met;

    fn next(&mut self) -> Option<Met> {
        let (to_visit, open) = match self {
            Source::List(paths) => {
                let path = paths.next()?;
                return Some(match fs::symlink_metadata(path) {
                    Ok(found) if found.is_file() => Met::File(path.clone()),
                    Ok(_) => Met::Aside(path.clone()),
                    Err(_) => Met::Failed(path.clone()),
                });
            }
            Source::Folder { to_visit, open } => (to_visit, open),
        };
        loop {
            let Some((folder, entries)) = open else {
                let next = to_visit.pop()?;
                match fs::read_dir(&next) {
                    Ok(entries) => *open = Some((next, entries)),
                    Err(_) => return Some(Met::Failed(next)),
                }
                continue;
            };
            match entries.next() {
                None => *open = None,
                Some(Err(_)) => {
                    // The rest of it will not come either.
                    let folder = folder.clone();
                    *open = None;
                    return Some(Met::Failed(folder));
                }
                Some(Ok(entry)) => match entry.file_type() {
                    Ok(kind) if kind.is_dir() => to_visit.push(entry.path()),
                    Ok(kind) if kind.is_file() => return Some(Met::File(entry.path())),
                    Ok(_) => return Some(Met::Aside(entry.path())),
                    Err(_) => return Some(Met::Failed(entry.path())),
                },
            }
        }
    }
}

/// What a file holds.
pub(super) enum Held {
    /// XML: a document perhaps.
    Xml {
        content: Vec<u8>,
        /// It names what CDA documents name: if it does not read, a person wants to know.
        claims: bool,
    },
    /// A CDA document by its beginning, beyond the limit.
    TooLarge,
    /// Anything else; only its beginning was read.
    Other,
}

/// Reads a file if it is XML within a limit.
pub(super) fn read(path: &Path, limit: usize) -> io::Result<Held> {
    let mut file = File::open(path)?;
    // It was a file when it was met; what took its place since is not waited for.
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut content = Vec::new();
    (&mut file)
        .take(BEGINNING as u64)
        .read_to_end(&mut content)?;
    if !is_xml(&content) {
        return Ok(Held::Other);
    }
    let claims = claims(&content);
    let size = usize::try_from(found.len()).unwrap_or(usize::MAX);
    if size <= limit {
        content.reserve_exact((size + 1).saturating_sub(content.len()));
        let rest = (limit + 1).saturating_sub(content.len());
        file.take(rest as u64).read_to_end(&mut content)?;
    }
    if size > limit || content.len() > limit {
        return Ok(if claims { Held::TooLarge } else { Held::Other });
    }
    Ok(Held::Xml { content, claims })
}

/// Whether bytes begin as XML does, in any encoding that documents come in.
fn is_xml(bytes: &[u8]) -> bool {
    let text = bytes
        .strip_prefix(b"\xEF\xBB\xBF")
        .or_else(|| bytes.strip_prefix(b"\xFF\xFE"))
        .or_else(|| bytes.strip_prefix(b"\xFE\xFF"))
        .unwrap_or(bytes);
    text.iter()
        .find(|byte| !matches!(byte, 0 | b' ' | b'\t' | b'\r' | b'\n'))
        == Some(&b'<')
}

/// Whether the beginning of a file names the root or the namespace of CDA.
fn claims(beginning: &[u8]) -> bool {
    // UTF-16 has a zero beside each of these characters.
    let narrow: Vec<u8> = beginning
        .iter()
        .copied()
        .filter(|byte| *byte != 0)
        .collect();
    [&b"ClinicalDocument"[..], b"urn:hl7-org:v3"]
        .iter()
        .any(|word| narrow.windows(word.len()).any(|here| here == *word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_holds_and_not_what_it_is_called() {
        let folder = tempfile::tempdir().expect("a folder");
        let cda = b"<?xml version=\"1.0\"?>\n<ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>";
        let wide: Vec<u8> = [0xFF, 0xFE]
            .into_iter()
            .chain(cda.iter().flat_map(|byte| [*byte, 0]))
            .collect();
        let long = [&cda[..], &vec![b' '; 100_000]].concat();
        for (name, bytes, expected) in [
            ("a.xml", &cda[..], "document"),
            ("a", cda, "document"),
            ("scan.pdf", cda, "document"),
            ("wide.txt", &wide, "document"),
            ("page.xml", b"<html/>", "xml"),
            ("image.xml", b"\x89PNG\r\n", "other"),
            ("empty.xml", b"", "other"),
            ("blank", b"  \n", "other"),
            ("long.xml", &long, "large"),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, bytes).expect("written");
            let held = match read(&path, 10_000).expect("read") {
                Held::Xml {
                    claims: true,
                    content,
                } => {
                    assert_eq!(content, bytes);
                    "document"
                }
                Held::Xml { .. } => "xml",
                Held::TooLarge => "large",
                Held::Other => "other",
            };
            assert_eq!(held, expected, "{name}");
        }
        assert!(matches!(
            read(&folder.path().join("long.xml"), long.len()),
            Ok(Held::Xml { .. })
        ));
        assert!(read(folder.path(), 10_000).is_err());
    }
}
