//! A document in a form a person can read: one of the DMP, or one that the host holds.

use serde::{Deserialize, Serialize};

use super::access::Access;
use super::consult::Found;
use super::{Connector, Result};
use crate::cda::Limits;
use crate::cda::render::{Duties, Rendered, Wanted, WantedForm, make};
use crate::document::Oid;
use crate::error::{Error, ErrorKind};

/// How a document that the host holds is to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RenderRequest {
    /// The form.
    pub form: WantedForm,
    /// Which file: see [`Wanted::file`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<usize>,
    /// What the DMP said of it, when it comes from there.
    pub duties: Duties,
}

/// Which document of the DMP is to be shown, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DocumentRenderRequest {
    /// Which document.
    pub unique_id: Oid,
    /// The form.
    #[serde(default)]
    pub form: WantedForm,
    /// Which file: see [`Wanted::file`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<usize>,
}

/// A document of the DMP, rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentRendered {
    /// What the DMP says of it.
    pub document: Found,
    /// What was made, and what else could be.
    #[serde(flatten)]
    pub rendered: Rendered,
}

impl Access {
    /// Reads a document (TD3.2) and makes the form asked for, with the warnings that its state in the DMP calls for.
    /// What comes out is for a screen: keep the bytes of [`Access::read`].
    ///
    /// Errors: those of [`Access::read`], [`ErrorKind::Unreadable`] when its bytes are no longer a document, and
    /// [`ErrorKind::Caller`] when it has no such form. The reading is in the journal in every case.
    pub fn render(&self, request: &DocumentRenderRequest) -> Result<(Vec<u8>, DocumentRendered)> {
        let (bytes, read) = self.read(&request.unique_id)?;
        let entry = &read.found.entry;
        let duties = Duties::new(entry.visibility, entry.availability_status);
        let wanted = Wanted {
            form: request.form,
            file: request.file,
        };
        let (made, rendered) = form(&bytes, wanted, &duties)?;
        let document = read.found;
        Ok((made, DocumentRendered { document, rendered }))
    }
}

impl Connector {
    /// Makes the form asked for of a document that the host holds. Nothing is journalled: nothing is read from the DMP.
    ///
    /// Errors: [`ErrorKind::Unreadable`], and [`ErrorKind::Caller`] when it has no such form.
    pub fn render(&self, content: &[u8], request: &RenderRequest) -> Result<(Vec<u8>, Rendered)> {
        let wanted = Wanted {
            form: request.form,
            file: request.file,
        };
        form(content, wanted, &request.duties)
    }
}

fn form(bytes: &[u8], wanted: Wanted, duties: &Duties) -> Result<(Vec<u8>, Rendered)> {
    make(bytes, &Limits::default(), wanted, duties)
        .map_err(|error| Error::from(ErrorKind::Unreadable(error)))?
        .ok_or_else(|| {
            Error::caller(
                "form",
                "the document has no such file; forms lists those it has",
            )
        })
}
