//! In what forms a document can be shown.

use serde::Serialize;

use super::words;
use crate::cda::body::{Content, File};

/// A form in which a document can be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Form {
    /// What it is of the document.
    pub kind: FormKind,
    /// What the bytes are, whatever the document declares.
    pub media_type: String,
    /// What to write on the button, in French.
    pub label: String,
    /// Length in bytes, when it is known without making the form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Index among [`Content::files`], for a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<usize>,
}

/// What a form is of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum FormKind {
    /// The copy in PDF that a structured document carries.
    PdfCopy,
    /// The file that is the body of an unstructured document.
    File,
    /// The page made by [`html`](super::html()).
    Html,
    /// A file joined to a structured document.
    Attachment,
    /// The text made by [`text`](super::text()).
    Text,
}

/// The forms of a document, the one to offer first ahead.
///
/// The copy in PDF comes before all, as the ANS asks (« Volet structuration minimale », 2.2.1), then the file of an
/// unstructured document, which is the document itself; the page; the files joined; the text. The page and the text
/// are always there. A file that does not decode is not.
#[must_use]
pub fn forms(content: &Content) -> Vec<Form> {
    let made = |kind, media_type: &str, label: &str| Form {
        kind,
        media_type: media_type.to_owned(),
        label: label.to_owned(),
        size: None,
        file: None,
    };
    let files = |kind, wanted: fn(&File) -> bool| {
        let files = content.files().iter().enumerate();
        files
            .filter(move |(_, file)| wanted(file))
            .filter_map(move |(index, file)| form(kind, index, file, content))
    };
    let mut forms = Vec::new();
    if let Content::Unstructured(_) = content {
        forms.extend(files(FormKind::File, |_| true));
    } else {
        forms.extend(files(FormKind::PdfCopy, |file| file.pdf_copy));
    }
    forms.push(made(
        FormKind::Html,
        "text/html",
        "Page à lire, avec ses avertissements",
    ));
    if let Content::Structured(_) = content {
        forms.extend(files(FormKind::Attachment, |file| !file.pdf_copy));
    }
    forms.push(made(FormKind::Text, "text/plain", "Texte seul"));
    forms
}

fn form(kind: FormKind, index: usize, file: &File, content: &Content) -> Option<Form> {
    let size = file.size()?;
    let what = words::file_type(file.media_type());
    let label = match kind {
        FormKind::PdfCopy => "Copie du document (PDF)".to_owned(),
        FormKind::File => format!("Document ({what})"),
        _ => match (content, file.section) {
            (Content::Structured(structured), Some(section)) => {
                let title = structured.sections.get(section);
                match title.and_then(|s| s.title.as_deref()) {
                    Some(title) => {
                        format!("Pièce jointe ({what}) de «\u{a0}{title}\u{a0}»")
                    }
                    None => format!("Pièce jointe ({what})"),
                }
            }
            _ => format!("Pièce jointe ({what})"),
        },
    };
    Some(Form {
        kind,
        media_type: file.media_type().to_owned(),
        label,
        size: Some(size),
        file: Some(index),
    })
}
