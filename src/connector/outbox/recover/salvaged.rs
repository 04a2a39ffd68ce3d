//! The file that a salvage wrote: one row a line, `{"table": …, "row": {…}}`. It is gone through once, for the items of
//! one person and the places of documents; a document is read when its item's turn comes.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::cda::Limits;
use crate::connector::feed::{FeedOptions, Representatives};
use crate::document::{Dtm, EntryUuid, Metadata, Oid, SubmissionSet, Visibility};
use crate::error::{Error, Result, StorageError};
use crate::identity::Ins;
use crate::rules::outbox::{Kind, State};
use crate::store::Tx;
use crate::store::outbox::ItemRow;

/// An item as it stood in the register that was salvaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Former {
    pub kind: Kind,
    pub ins: Ins,
    /// The document to change; none for a deposit.
    pub target: Option<Oid>,
    state: State,
    /// The patient took back what allowed it.
    withdrawn: bool,
    submission: Submission,
}

/// What an item keeps of its submission set: fixed before its first attempt.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Submission {
    unique_id: Oid,
    submission_time: Dtm,
    content_type_code: ContentType,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct ContentType {
    code: String,
}

/// A document of an item, whole.
pub(super) struct Document {
    pub unique_id: Oid,
    pub content: Vec<u8>,
    replaces: Option<Oid>,
    visibility: Visibility,
    metadata: Metadata,
}

/// A line: what row, of which table. Whether the salvage marked it damaged is not asked: it is read, or not.
#[derive(Deserialize)]
struct Line<'a> {
    table: String,
    #[serde(borrow)]
    row: &'a RawValue,
}

/// Whose item a row of `outbox` is.
#[derive(Deserialize)]
struct Whose {
    id: i64,
    number: i64,
    actor: String,
}

/// The rest of that row. What is JSON in the register is text here.
#[derive(Deserialize)]
struct ItemColumns {
    kind: String,
    ins: String,
    target: Option<Oid>,
    state: String,
    withdrawn: i64,
    submission: String,
}

/// Which document a row of `outbox_document` or `outbox_content` is.
#[derive(Deserialize)]
struct Which {
    item: i64,
    place: i64,
}

#[derive(Deserialize)]
struct DocumentColumns {
    unique_id: Oid,
    replaces: Option<Oid>,
    metadata: String,
    visibility: String,
    sha256: Bytes,
}

impl DocumentColumns {
    /// With its bytes; none when they are not those of then.
    fn with(self, content: ContentColumns) -> Option<Document> {
        let content = content.bytes.decoded()?;
        if Sha256::digest(&content)[..] != self.sha256.decoded()?[..] {
            return None;
        }
        Some(Document {
            unique_id: self.unique_id,
            replaces: self.replaces,
            visibility: serde_json::from_str(&self.visibility).ok()?,
            metadata: serde_json::from_str(&self.metadata).ok()?,
            content,
        })
    }
}

#[derive(Deserialize)]
struct ContentColumns {
    bytes: Bytes,
}

#[derive(Deserialize)]
struct Bytes {
    base64: String,
}

impl Bytes {
    fn decoded(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.base64).ok()
    }
}

/// An item of this person's in the file.
pub(super) struct SavedItem {
    /// Its key in the register that was salvaged.
    id: i64,
    /// Its number among its author's.
    pub number: i64,
    /// What it was; none where the row does not hold what an item needs.
    pub former: Option<Former>,
}

/// What the file holds of an item's documents.
pub(super) struct Parts {
    /// The documents that it names.
    pub unique_ids: Vec<Oid>,
    /// All of them, in order; none when one of them is not whole.
    pub whole: Option<Vec<Document>>,
}

/// The file, gone through.
pub(super) struct Salvaged {
    file: BufReader<File>,
    /// This person's items in the order they were handed over.
    pub items: Vec<SavedItem>,
    /// Where the documents of each item stand, by their places in it.
    documents: HashMap<i64, BTreeMap<i64, Rows>>,
}

/// Where the row of a document begins, and that of its bytes.
#[derive(Clone, Copy, Default)]
struct Rows {
    document: Option<u64>,
    content: Option<u64>,
}

impl Salvaged {
    /// Goes through a file for the items of `actor`.
    ///
    /// Errors: [`StorageError::CannotOpen`], [`StorageError::Io`], and the caller's when a line is not one of a salvage:
    /// what such a line should have said nobody knows.
    pub fn read(path: &Path, actor: &str) -> Result<Salvaged> {
        // A pipe or a device would be waited for.
        if !path.is_file() {
            return Err(StorageError::CannotOpen.into());
        }
        let mut file = BufReader::new(File::open(path).map_err(|_| StorageError::CannotOpen)?);
        let mut items: BTreeMap<i64, SavedItem> = BTreeMap::new();
        let mut documents: HashMap<i64, BTreeMap<i64, Rows>> = HashMap::new();
        let (mut at, mut number) = (0, 0_u64);
        let mut text = Vec::new();
        loop {
            let begins = at;
            number += 1;
            at += line(&mut file, &mut text)?;
            if at == begins {
                break;
            }
            let Ok(line) = serde_json::from_slice::<Line<'_>>(&text) else {
                return Err(Error::caller(
                    "file",
                    format_args!("line {number} is none that a salvage writes"),
                ));
            };
            match line.table.as_str() {
                "outbox" => {
                    if let Some(whose) = columns::<Whose>(line.row)
                        && whose.actor == actor
                    {
                        items.entry(whose.id).or_insert_with(|| SavedItem {
                            id: whose.id,
                            number: whose.number,
                            former: Former::of(line.row),
                        });
                    }
                }
                table @ ("outbox_document" | "outbox_content") => {
                    if let Some(which) = columns::<Which>(line.row) {
                        let of_item = documents.entry(which.item).or_default();
                        let rows = of_item.entry(which.place).or_default();
                        match table {
                            "outbox_document" => rows.document = Some(begins),
                            _ => rows.content = Some(begins),
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(Salvaged {
            file,
            items: items.into_values().collect(),
            documents,
        })
    }

    /// What the file holds of an item's documents.
    pub fn parts(&mut self, item: &SavedItem) -> Result<Parts> {
        let former = item.former.as_ref();
        let mut parts = Parts {
            unique_ids: former.and_then(|f| f.target.clone()).into_iter().collect(),
            whole: None,
        };
        let rows = self.documents.remove(&item.id).unwrap_or_default();
        let deposits = former.is_some_and(|f| f.kind == Kind::Deposit);
        // Each in its place, from the first; a change has none.
        let mut whole = rows.is_empty() != deposits && rows.keys().zip(0..).all(|(a, b)| *a == b);
        let mut documents = Vec::with_capacity(rows.len());
        for rows in rows.into_values() {
            let (row, content) = self.document(rows)?;
            parts
                .unique_ids
                .extend(row.as_ref().map(|row| row.unique_id.clone()));
            let document = row
                .zip(content)
                .and_then(|(row, content)| row.with(content));
            whole &= document.is_some();
            documents.extend(document);
        }
        parts.whole = whole.then_some(documents);
        Ok(parts)
    }

    fn document(
        &mut self,
        rows: Rows,
    ) -> Result<(Option<DocumentColumns>, Option<ContentColumns>)> {
        let document = match rows.document {
            Some(at) => self.row(at)?,
            None => None,
        };
        let content = match rows.content {
            Some(at) => self.row(at)?,
            None => None,
        };
        Ok((document, content))
    }

    fn row<T: DeserializeOwned>(&mut self, at: u64) -> Result<Option<T>> {
        let mut text = Vec::new();
        self.file
            .seek(SeekFrom::Start(at))
            .map_err(|_| StorageError::Io)?;
        line(&mut self.file, &mut text)?;
        let line = serde_json::from_slice::<Line<'_>>(&text).ok();
        Ok(line.and_then(|line| columns(line.row)))
    }
}

fn columns<T: DeserializeOwned>(row: &RawValue) -> Option<T> {
    serde_json::from_str(row.get()).ok()
}

/// The longest line: the largest document there can be, in base64, and what stands beside it.
fn longest() -> u64 {
    Limits::default().size as u64 / 3 * 4 + (1 << 20)
}

/// Reads a line into `text`; returns its length, 0 at the end. A line that is too long is read as far as it may be, which
/// is no line of a salvage.
fn line(file: &mut BufReader<File>, text: &mut Vec<u8>) -> Result<u64> {
    text.clear();
    let read = file.take(longest()).read_until(b'\n', text);
    read.map(|length| length as u64)
        .map_err(|_| StorageError::Io.into())
}

impl Former {
    fn of(row: &RawValue) -> Option<Former> {
        let row: ItemColumns = columns(row)?;
        let kind = Kind::of_code(&row.kind)?;
        if (kind == Kind::Deposit) != row.target.is_none() {
            return None;
        }
        Some(Former {
            kind,
            ins: serde_json::from_str(&row.ins).ok()?,
            target: row.target,
            state: State::of_code(&row.state)?,
            withdrawn: row.withdrawn != 0,
            submission: serde_json::from_str(&row.submission).ok()?,
        })
    }

    /// Whether nothing was left to do: it was done, given up, or withdrawn.
    pub fn is_over(&self) -> bool {
        self.state.is_over() || self.withdrawn
    }

    /// A submission set of today under the identifiers of then.
    pub fn submission(&self, new: SubmissionSet) -> SubmissionSet {
        let unique_id = self.submission.unique_id.clone();
        SubmissionSet {
            entry_uuid: EntryUuid::derived("submission", unique_id.as_str()),
            unique_id,
            submission_time: self.submission.submission_time.clone(),
            ..new
        }
    }

    /// The same item in this register, whatever became of it.
    pub fn known(&self, tx: &Tx<'_>, actor: &str, touched: &[&Oid]) -> Result<Option<ItemRow>> {
        for document in touched {
            let found = tx.item_of_submission(actor, document, &self.submission.unique_id)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

impl Document {
    /// What a person had decided about it.
    pub fn options(&self, former: &Former) -> FeedOptions {
        let representatives = match self.visibility.invisible_representatives() {
            true => Representatives::Invisible,
            false => Representatives::Visible,
        };
        FeedOptions {
            visibility: self.visibility,
            representatives: Some(representatives),
            replaces: self.replaces.clone(),
            content_type: Some(former.submission.content_type_code.code.clone()),
            format: Some(self.metadata.format_code.code.clone()),
            comments: self.metadata.comments.clone(),
        }
    }
}
