//! One form of a document, made.

use serde::{Deserialize, Serialize};

use super::{Duties, Form, FormKind, Warning, forms, html_of, text_of};
use crate::cda::body::{Content, document};
use crate::cda::{Header, Limits, ReadError};

/// Which form of a document is asked for. As JSON: `{"form": "best"}`, `{"form": "file", "file": 0}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Wanted {
    /// The form.
    pub form: WantedForm,
    /// Which file, by [`Form::file`]; the first one that can be shown when it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<usize>,
}

/// The form asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WantedForm {
    /// The one to offer first: the copy in PDF, the file of an unstructured document, else the page.
    #[default]
    Best,
    /// A page that needs nothing from elsewhere.
    Html,
    /// Plain text.
    Text,
    /// A file that the document carries.
    File,
}

/// What was made, and what else could be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Rendered {
    /// The form that was made.
    pub form: Form,
    /// All the forms of the document, the one to offer first ahead.
    pub forms: Vec<Form>,
    /// What to tell the person first, the heaviest ahead. The page and the text open with it; a file cannot.
    pub opening: Vec<Warning>,
}

/// Makes a form of a document: its bytes, and what they are. None when the document has no such file.
///
/// # Errors
///
/// Those of [`body()`](crate::cda::body::body).
pub fn make(
    bytes: &[u8],
    limits: &Limits,
    wanted: Wanted,
    duties: &Duties,
) -> Result<Option<(Vec<u8>, Rendered)>, ReadError> {
    let (header, content) = document(bytes, limits)?;
    let forms = forms(&content);
    let chosen = forms.iter().find(|form| match wanted.form {
        WantedForm::Best => true,
        WantedForm::Html => form.kind == FormKind::Html,
        WantedForm::Text => form.kind == FormKind::Text,
        WantedForm::File => {
            form.file.is_some() && (wanted.file.is_none() || form.file == wanted.file)
        }
    });
    let Some(form) = chosen.cloned() else {
        return Ok(None);
    };
    let Some(made) = bytes_of(&form, &header, &content, duties) else {
        return Ok(None);
    };
    let rendered = Rendered {
        form: Form {
            size: Some(made.len()),
            ..form
        },
        forms,
        opening: duties.warnings(),
    };
    Ok(Some((made, rendered)))
}

fn bytes_of(form: &Form, header: &Header, content: &Content, duties: &Duties) -> Option<Vec<u8>> {
    match (form.kind, form.file) {
        (FormKind::Html, _) => Some(html_of(header, content, duties).into_bytes()),
        (FormKind::Text, _) => Some(text_of(header, content, duties).into_bytes()),
        (_, Some(index)) => content
            .files()
            .get(index)
            .and_then(|file| file.bytes.clone().ok()),
        (_, None) => None,
    }
}
