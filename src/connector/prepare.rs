//! Before feeding: a document checked with all that is known around it, a file made into a document.

use serde::{Deserialize, Serialize};

use super::Connector;
use super::access::{Access, Local};
use super::feed::{FeedOptions, Representatives};
use crate::cda::write::{Author, Patient, Practitioner, Who};
use crate::cda::{
    Against, Checked, Context, Deposit, EmbeddedFile, Finding, Limits, Previous, Written, check,
    derive, read_header, wrap,
};
use crate::document::{Metadata, Oid};
use crate::error::{Error, ErrorKind, Result};
use crate::rules::feeding::RepresentativesChoice;

/// What a document that the host holds is checked against, beside the value sets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CheckRequest {
    /// formatCode (JDV_J60) of a structured document whose templates have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Metadata made elsewhere, compared one by one with those the document gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// What is to be said of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckAnswer {
    /// Whether nothing forbids its deposit.
    pub accepted: bool,
    /// Whether it conforms to the CI-SIS too, as far as its header and its files tell.
    pub conforms: bool,
    /// The rules it breaks, in the order of the document.
    pub findings: Vec<Finding>,
    /// The metadata under which the DMP would file it; absent when a part they cannot do without is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// The files it holds, in the order of the document.
    pub files: Vec<FileAnswer>,
}

/// A file that a document holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileAnswer {
    /// The media type the document declares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<String>,
    /// What its bytes are; absent when they are of no known format, or do not decode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<&'static str>,
    /// Length in bytes; absent when it does not decode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// The metadata of a document, or what keeps them from being complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataAnswer {
    /// The metadata; absent when a part they cannot do without is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// What the header lacks.
    pub findings: Vec<Finding>,
}

/// A document that was made of a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WrapAnswer {
    /// Identifier of this version.
    pub unique_id: Oid,
    /// Identifier of all its versions: give it back, with the two others, to replace the document.
    pub set_id: crate::cda::write::Identifier,
    /// Number of this version.
    pub version_number: u32,
    /// The metadata under which the DMP will file it.
    pub metadata: Metadata,
    /// Advice on it.
    pub findings: Vec<Finding>,
}

impl From<Checked> for CheckAnswer {
    fn from(checked: Checked) -> Self {
        CheckAnswer {
            accepted: !checked.is_blocked(),
            conforms: checked.conforms(),
            findings: checked.findings,
            metadata: checked.metadata,
            files: checked.media.into_iter().map(FileAnswer::from).collect(),
        }
    }
}

impl From<EmbeddedFile> for FileAnswer {
    fn from(file: EmbeddedFile) -> Self {
        let facts = file.facts.as_ref();
        FileAnswer {
            media_type: facts.and_then(|f| f.media).map(|m| m.media_type()),
            size: facts.map(|f| f.length),
            declared: file.declared,
        }
    }
}

impl WrapAnswer {
    fn split(written: Written) -> (Vec<u8>, WrapAnswer) {
        let answer = WrapAnswer {
            unique_id: written.unique_id,
            set_id: written.set_id,
            version_number: written.version_number,
            metadata: written.metadata,
            findings: written.findings,
        };
        (written.bytes, answer)
    }
}

impl Connector {
    /// Checks a document that the host holds: alone, and beside metadata made elsewhere when they are given. Never
    /// fails: a document that cannot be read is a finding.
    pub fn check(&self, content: &[u8], request: &CheckRequest) -> CheckAnswer {
        let against = Against {
            terminology: self.inner.terminology(),
            now: Some(self.now()),
            format: request.format.as_deref(),
            metadata: request.metadata.as_ref(),
            ..Against::default()
        };
        check(content, &against).into()
    }

    /// Reads the header of a document and derives its metadata, without looking at its body.
    ///
    /// Errors: [`ErrorKind::Unreadable`].
    pub fn metadata(&self, content: &[u8]) -> Result<MetadataAnswer> {
        let header = read_header(content, &Limits::default()).map_err(ErrorKind::Unreadable)?;
        let derived = derive(&header, &self.inner.terminology());
        Ok(MetadataAnswer {
            metadata: derived.metadata,
            findings: derived.findings,
        })
    }

    /// Makes a document of a file (PDF, text, RTF, JPEG, TIFF). Identifiers are made under the software's OID unless
    /// the context gives another.
    ///
    /// Errors: [`ErrorKind::Findings`], with everything that is to be corrected.
    pub fn wrap(&self, file: &[u8], context: &Context) -> Result<(Vec<u8>, WrapAnswer)> {
        let mut context = context.clone();
        let software = &self.inner.config.software.oid;
        context.software_oid.get_or_insert_with(|| software.clone());
        wrap(file, &context, &self.inner.terminology()).map(WrapAnswer::split)
    }
}

impl Access {
    /// Checks a document as [`Access::feed`] will, and further: everything that can be said of it for this patient,
    /// this session and these choices. Nothing is sent and nothing is journalled.
    pub fn check(&self, content: &[u8], options: &FeedOptions) -> Result<CheckAnswer> {
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        self.end_if_due(state)?;
        let (_, local) = self.look(state, None)?;
        let previous = options.replaces.clone().map(|unique_id| Previous {
            unique_id,
            set_id: None,
            version: None,
        });
        let mut against = self.against(&local, options);
        against.ins = Some(self.patient());
        against.replaces = previous.as_ref();
        against.deposit = Some(Deposit {
            visibility: options.visibility,
            representatives: choice(options),
            age: self.age(&local, self.inner().now()),
            secret: self.session.requester.secret,
            parameters: self.inner().config.parameters,
        });
        let mut checked = check(content, &against);
        if let Some(metadata) = &mut checked.metadata {
            metadata.comments.clone_from(&options.comments);
        }
        Ok(checked.into())
    }

    /// Makes a document of a file as [`Connector::wrap`] does. What the context leaves out is taken from here: the
    /// patient with the traits the practice registered, the professional of the session as author, his structure.
    ///
    /// Errors: those of [`Connector::wrap`]; [`ErrorKind::Caller`] when the context is another patient's.
    pub fn wrap(&self, file: &[u8], context: &Context) -> Result<(Vec<u8>, WrapAnswer)> {
        let context = self.complete(context)?;
        wrap(file, &context, &self.inner().terminology()).map(WrapAnswer::split)
    }

    fn complete(&self, context: &Context) -> Result<Context> {
        let mut context = context.clone();
        let registered = self.registered_patient()?;
        let requester = &self.session.requester;
        let software = &self.inner().config.software.oid;
        context.software_oid.get_or_insert_with(|| software.clone());
        match &context.patient {
            Some(patient) if patient.ins != *self.patient() => {
                return Err(Error::caller(
                    "context.patient.ins",
                    "is not the patient of this access",
                ));
            }
            Some(_) => {}
            None => context.patient = registered,
        }
        if context.authors.is_empty()
            && let Some(professional) = &requester.professional
        {
            let person = Practitioner::of(professional.clone());
            context.authors = vec![Author::of(Who::Professional(Box::new(person)))];
        }
        // What the patient writes alone comes from no structure.
        if !context.is_by_patient() {
            context
                .structure
                .get_or_insert_with(|| requester.structure.clone());
        }
        Ok(context)
    }

    /// The patient as the practice registered him; none when it did not.
    fn registered_patient(&self) -> Result<Option<Patient>> {
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        let row = state.register.read(|tx| tx.patient(self.patient()))?;
        Ok(row.map(|row| Patient::of(*self.patient(), row.traits)))
    }

    /// What a document is checked against before it is fed: the value sets, the present, the dossier's traits, the
    /// session. The INS, the visibility and the replacement have refusals of their own, with remedies.
    pub(super) fn against<'a>(&'a self, local: &'a Local, options: &'a FeedOptions) -> Against<'a> {
        let requester = &self.session.requester;
        let row = local.patient.as_ref();
        Against {
            terminology: self.inner().terminology(),
            now: Some(self.inner().now()),
            traits: row.map(|row| &row.traits),
            identity_confirmed: row.is_some_and(|row| row.confirmed.is_some()),
            professional: requester.professional.as_ref(),
            structure: Some(&requester.structure),
            format: options.format.as_deref(),
            ..Against::default()
        }
    }
}

/// What was decided about the legal representatives.
pub(super) fn choice(options: &FeedOptions) -> RepresentativesChoice {
    match options.representatives {
        None => RepresentativesChoice::Unsaid,
        Some(Representatives::Visible) => RepresentativesChoice::Visible,
        Some(Representatives::Invisible) => RepresentativesChoice::Invisible,
    }
}
