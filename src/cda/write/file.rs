//! Whether a file may stand in a document.

use super::plan::Notes;
use super::rules;
use crate::cda::media::{Charset, Facts, Media, Probe};

/// The media type to write, when it is one of the five of the DMP; findings say what is wrong with the file.
pub(super) fn media_type(
    file: &[u8],
    declared: Option<&str>,
    notes: &mut Notes,
) -> Option<&'static str> {
    const PATH: &str = "/file";
    if file.is_empty() {
        notes.add(&rules::FILE_EMPTY, PATH);
        return None;
    }
    let mut probe = Probe::new();
    probe.push(file);
    let facts = probe.finish();
    let written = written(&facts, declared);
    let announced = declared.is_none_or(|declared| {
        let is = |media: Media| declared.eq_ignore_ascii_case(media.media_type());
        facts.media.is_some_and(is) || written.is_some_and(|w| declared.eq_ignore_ascii_case(w))
    });
    if !announced {
        notes.add(&rules::FILE_DECLARED, "/mediaType");
    }
    if written.is_none() {
        let rule = match facts.media {
            Some(Media::Png | Media::Gif) => &rules::FILE_IMAGE,
            _ => &rules::FILE_FORMAT,
        };
        notes.add(rule, PATH);
        return None;
    }
    if matches!(
        facts.media,
        Some(Media::Text(Charset::Utf16 | Charset::EightBit))
    ) {
        notes.add(&rules::FILE_CHARSET, PATH);
    }
    if facts.control_characters {
        notes.add(&rules::FILE_CONTROLS, PATH);
    }
    if facts.complete == Some(false) {
        notes.add(&rules::FILE_TRUNCATED, PATH);
    }
    if let Some(pdf) = &facts.pdf {
        if pdf.encrypted {
            notes.add(&rules::FILE_ENCRYPTED, PATH);
        }
        if pdf.part != Some(1) {
            notes.add(&rules::FILE_PDF_A, PATH);
        }
        if pdf.javascript || pdf.launch {
            notes.add(&rules::FILE_ACTIVE, PATH);
        }
    }
    written
}

/// The five types that the CI-SIS lets stand in a document.
fn written(facts: &Facts, declared: Option<&str>) -> Option<&'static str> {
    let as_text = declared.is_some_and(|d| d.eq_ignore_ascii_case("text/plain"));
    match facts.media? {
        media @ (Media::Pdf | Media::Jpeg | Media::Tiff | Media::Rtf | Media::Text(_)) => {
            Some(media.media_type())
        }
        Media::Xml if as_text => Some("text/plain"),
        _ => None,
    }
}
