//! The narrative of a section, as a safe and flat tree.

use std::fmt;

use crate::cda::{Limits, ReadError};

/// Elements open at once; what is nested deeper keeps its text and loses its frame.
///
/// Narrative of real documents goes less than ten deep. The bound keeps whatever reads the tree, down to the parser
/// of a browser, far from its own limits.
pub const MAX_DEPTH: usize = 48;

/// The narrative of a section (`text`).
///
/// Whatever the document does, the pieces are well nested, no deeper than [`MAX_DEPTH`], rows stand in the parts of
/// tables, cells in rows, items in lists, and text never directly in a table, a row or a list. Runs of white space are
/// one space.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Narrative {
    /// The pieces in document order.
    pub pieces: Vec<Piece>,
    /// Why there is none, when the document says so.
    pub null_flavor: Option<NullFlavor>,
    /// `text/@language`.
    pub language: Option<String>,
}

impl Narrative {
    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.iter().all(|piece| match piece {
            Piece::Text(text) => text.trim().is_empty(),
            Piece::Start(element) => element.tag != Tag::Media,
            Piece::Break | Piece::End(_) => true,
        })
    }
}

// It tells an illness.
impl fmt::Debug for Narrative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Narrative({} pieces)", self.pieces.len())
    }
}

/// A piece of narrative.
#[derive(Clone, PartialEq, Eq)]
pub enum Piece {
    /// An element opens.
    Start(Element),
    /// Text.
    Text(String),
    /// A line ends (`br`).
    Break,
    /// The last element opened closes.
    End(Tag),
}

/// An element of narrative and what is kept of its attributes.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Element {
    /// What it is.
    pub tag: Tag,
    /// `@styleCode`, reduced to the styles of CDA, and `@revised`.
    pub styles: Styles,
    /// `@align`.
    pub align: Option<Align>,
    /// `@scope` of a heading cell.
    pub scope: Option<Scope>,
    /// `@colspan` of a cell, from 1 to 100.
    pub columns: u16,
    /// `@rowspan` of a cell, from 1 to 1000.
    pub rows: u16,
    /// What only some elements have.
    pub detail: Option<Box<Detail>>,
}

/// What only some elements have.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detail {
    /// `linkHtml/@href`, as written.
    pub href: Option<String>,
    /// `@language`.
    pub language: Option<String>,
    /// Number of the footnote, for a footnote and for a reference to one; counted over the document, from 1.
    pub note: Option<u32>,
    /// Indexes, among the files, of what a `renderMultiMedia` shows; empty when the document does not hold it.
    pub files: Vec<usize>,
    /// `@ID` of a footnote.
    pub(super) id: Option<String>,
    /// `footnoteRef/@IDREF`, `renderMultiMedia/@referencedObject`.
    pub(super) reference: Option<String>,
}

/// What an element of narrative is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tag {
    /// `paragraph`.
    Paragraph,
    /// `list`, unordered.
    List,
    /// `list listType="ordered"`.
    OrderedList,
    /// `item`.
    Item,
    /// `table`.
    Table,
    /// `thead`.
    Head,
    /// `tbody`, also where the document leaves it out.
    Body,
    /// `tfoot`.
    Foot,
    /// `tr`.
    Row,
    /// `th`.
    HeadCell,
    /// `td`.
    Cell,
    /// `caption` of a table, a list, a paragraph, a file.
    Caption,
    /// `content`.
    Content,
    /// `sub`.
    Sub,
    /// `sup`.
    Sup,
    /// `footnote`.
    Footnote,
    /// `footnoteRef`.
    FootnoteRef,
    /// `linkHtml`.
    Link,
    /// `renderMultiMedia`.
    Media,
}

impl Tag {
    /// Whether it stands within a line.
    #[must_use]
    pub fn is_inline(self) -> bool {
        matches!(
            self,
            Tag::Content | Tag::Sub | Tag::Sup | Tag::Footnote | Tag::FootnoteRef | Tag::Link
        )
    }

    fn is_table_part(self) -> bool {
        matches!(self, Tag::Head | Tag::Body | Tag::Foot)
    }

    fn is_cell(self) -> bool {
        matches!(self, Tag::HeadCell | Tag::Cell)
    }

    fn is_list(self) -> bool {
        matches!(self, Tag::List | Tag::OrderedList)
    }
}

/// The horizontal alignment of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// `left`, `justify`.
    Left,
    /// `center`.
    Center,
    /// `right`, `char`.
    Right,
}

/// What a heading cell is the heading of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `col`, `colgroup`.
    Column,
    /// `row`, `rowgroup`.
    Row,
}

/// Why there is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NullFlavor {
    /// `UNK`: unknown.
    Unknown,
    /// `NASK`: not asked.
    NotAsked,
    /// `ASKU`: asked, and unknown.
    AskedUnknown,
    /// `NAV`: not available for now.
    Unavailable,
    /// `MSK`: masked.
    Masked,
    /// `NA`: not applicable.
    NotApplicable,
    /// Any other.
    Other,
}

impl NullFlavor {
    pub(super) fn parse(code: &str) -> Self {
        match code {
            "UNK" => NullFlavor::Unknown,
            "NASK" => NullFlavor::NotAsked,
            "ASKU" => NullFlavor::AskedUnknown,
            "NAV" => NullFlavor::Unavailable,
            "MSK" => NullFlavor::Masked,
            "NA" => NullFlavor::NotApplicable,
            _ => NullFlavor::Other,
        }
    }
}

/// A set of the styles of CDA (table StyleType of the standard).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Styles(u32);

impl Styles {
    /// Bold.
    pub const BOLD: Styles = Styles(1);
    /// Italics.
    pub const ITALICS: Styles = Styles(1 << 1);
    /// Underline.
    pub const UNDERLINE: Styles = Styles(1 << 2);
    /// Emphasis, in a manner left to the reader.
    pub const EMPHASIS: Styles = Styles(1 << 3);
    /// A rule on the left of the cell.
    pub const LEFT_RULE: Styles = Styles(1 << 4);
    /// A rule on its right.
    pub const RIGHT_RULE: Styles = Styles(1 << 5);
    /// A rule above it.
    pub const TOP_RULE: Styles = Styles(1 << 6);
    /// A rule below it.
    pub const BOTTOM_RULE: Styles = Styles(1 << 7);
    /// Items numbered 1, 2, 3.
    pub const ARABIC: Styles = Styles(1 << 8);
    /// Items numbered i, ii, iii.
    pub const LITTLE_ROMAN: Styles = Styles(1 << 9);
    /// Items numbered I, II, III.
    pub const BIG_ROMAN: Styles = Styles(1 << 10);
    /// Items numbered a, b, c.
    pub const LITTLE_ALPHA: Styles = Styles(1 << 11);
    /// Items numbered A, B, C.
    pub const BIG_ALPHA: Styles = Styles(1 << 12);
    /// Items marked with a disc.
    pub const DISC: Styles = Styles(1 << 13);
    /// Items marked with a circle.
    pub const CIRCLE: Styles = Styles(1 << 14);
    /// Items marked with a square.
    pub const SQUARE: Styles = Styles(1 << 15);
    /// Text that this version of the document adds (`revised="insert"`).
    pub const INSERTED: Styles = Styles(1 << 16);
    /// Text that this version of the document withdraws (`revised="delete"`): it no longer holds.
    pub const DELETED: Styles = Styles(1 << 17);

    /// Whether it has all of `other`.
    #[must_use]
    pub const fn has(self, other: Styles) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn with(self, other: Styles) -> Styles {
        Styles(self.0 | other.0)
    }

    fn parse(codes: &str) -> Styles {
        codes.split_whitespace().fold(Styles(0), |all, code| {
            all.with(match code.to_ascii_lowercase().as_str() {
                "bold" => Styles::BOLD,
                "italics" | "italic" => Styles::ITALICS,
                // Not of the standard, and in use.
                "bolditalics" | "bolditalic" => Styles::BOLD.with(Styles::ITALICS),
                "underline" => Styles::UNDERLINE,
                "emphasis" => Styles::EMPHASIS,
                "lrule" => Styles::LEFT_RULE,
                "rrule" => Styles::RIGHT_RULE,
                "toprule" => Styles::TOP_RULE,
                "botrule" => Styles::BOTTOM_RULE,
                "arabic" => Styles::ARABIC,
                "littleroman" => Styles::LITTLE_ROMAN,
                "bigroman" => Styles::BIG_ROMAN,
                "littlealpha" => Styles::LITTLE_ALPHA,
                "bigalpha" => Styles::BIG_ALPHA,
                "disc" => Styles::DISC,
                "circle" => Styles::CIRCLE,
                "square" => Styles::SQUARE,
                _ => Styles(0),
            })
        })
    }
}

/// What an element of the document becomes.
enum Meaning {
    Element(Tag),
    Break,
    /// Unknown: its text is kept without a frame.
    Transparent,
    /// Nothing of it is shown (`col`, `colgroup`).
    Void,
}

/// CDA's names, and those of HTML that software writes in their place.
fn meaning(name: &str, ordered: bool) -> Meaning {
    Meaning::Element(match name {
        "paragraph" | "p" | "div" => Tag::Paragraph,
        "list" if ordered => Tag::OrderedList,
        "list" | "ul" => Tag::List,
        "ol" => Tag::OrderedList,
        "item" | "li" => Tag::Item,
        "table" => Tag::Table,
        "thead" => Tag::Head,
        "tbody" => Tag::Body,
        "tfoot" => Tag::Foot,
        "tr" => Tag::Row,
        "th" => Tag::HeadCell,
        "td" => Tag::Cell,
        "caption" => Tag::Caption,
        "content" => Tag::Content,
        "sub" => Tag::Sub,
        "sup" => Tag::Sup,
        "footnote" => Tag::Footnote,
        "footnoteRef" => Tag::FootnoteRef,
        "linkHtml" => Tag::Link,
        "renderMultiMedia" => Tag::Media,
        "br" => return Meaning::Break,
        "col" | "colgroup" => return Meaning::Void,
        _ => return Meaning::Transparent,
    })
}

/// Puts the elements of a `text` in order as they come.
pub(super) struct Builder {
    narrative: Narrative,
    /// Elements open, with whether the document wrote them.
    open: Vec<(Tag, bool)>,
    /// What each element of the document that is open became: whether it opened one.
    written: Vec<bool>,
    /// Whether a space that comes now is the first of its line or follows another.
    blank: bool,
    /// Inside a footnote: another there would be a note to a note.
    in_note: bool,
    notes: u32,
}

impl Builder {
    /// `notes` is how many footnotes the document has shown so far.
    pub fn new(notes: u32, attribute: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            narrative: Narrative {
                pieces: Vec::new(),
                null_flavor: attribute("nullFlavor").map(|code| NullFlavor::parse(&code)),
                language: attribute("language"),
            },
            open: Vec::new(),
            written: Vec::new(),
            blank: true,
            in_note: false,
            notes,
        }
    }

    /// The narrative, and how many footnotes the document has shown.
    pub fn finish(mut self) -> (Narrative, u32) {
        while !self.open.is_empty() {
            self.close();
        }
        (self.narrative, self.notes)
    }

    /// An element opens; `elements` counts what the body keeps.
    pub fn start(
        &mut self,
        name: &str,
        attribute: impl Fn(&str) -> Option<String>,
        elements: &mut usize,
        limits: &Limits,
    ) -> Result<(), ReadError> {
        *elements += 1;
        if *elements > limits.body_elements {
            return Err(ReadError::BodyTooLarge {
                limit: limits.body_elements,
            });
        }
        let ordered = || attribute("listType").as_deref() == Some("ordered");
        let mut tag = match meaning(name, ordered()) {
            Meaning::Element(tag) => tag,
            Meaning::Break => {
                if self.takes_text() {
                    self.narrative.pieces.push(Piece::Break);
                    self.blank = true;
                }
                self.written.push(false);
                return Ok(());
            }
            Meaning::Transparent | Meaning::Void => {
                self.written.push(false);
                return Ok(());
            }
        };
        // Room is left for the frames that the document leaves out: a part, a row and a cell.
        if self.open.len() + 3 >= MAX_DEPTH || (tag == Tag::Footnote && self.in_note) {
            self.separate(tag);
            self.written.push(false);
            return Ok(());
        }
        self.place(Some(tag));
        let top = self.open.last().map(|(tag, _)| *tag);
        let fits = match tag {
            Tag::Head | Tag::Body | Tag::Foot => top == Some(Tag::Table),
            Tag::Row => top.is_some_and(Tag::is_table_part),
            Tag::HeadCell | Tag::Cell => top == Some(Tag::Row),
            Tag::Item => top.is_some_and(Tag::is_list),
            _ => true,
        };
        if !fits {
            tag = Tag::Paragraph;
        }
        let element = self.element(tag, attribute);
        self.narrative.pieces.push(Piece::Start(element));
        self.open.push((tag, true));
        self.written.push(true);
        self.in_note |= tag == Tag::Footnote;
        self.blank |= !tag.is_inline();
        Ok(())
    }

    /// The last element of the document that opened closes.
    pub fn end(&mut self) {
        if self.written.pop() != Some(true) {
            return;
        }
        // Frames that the document left out, then the element itself.
        while self.open.last().is_some_and(|(_, written)| !written) {
            self.close();
        }
        self.close();
    }

    /// Text comes.
    pub fn text(&mut self, text: &str) {
        // A character reference cuts text in two: what comes may continue a word.
        let mut kept = String::new();
        for c in text.chars() {
            let space = matches!(c, ' ' | '\t' | '\r' | '\n');
            if !space || !self.blank {
                kept.push(if space { ' ' } else { c });
            }
            self.blank = space;
        }
        let only_space = kept.trim_matches(' ').is_empty();
        if kept.is_empty() || (only_space && !self.takes_text()) {
            return;
        }
        self.place(None);
        if let Some(Piece::Text(last)) = self.narrative.pieces.last_mut() {
            last.push_str(&kept);
        } else {
            self.narrative.pieces.push(Piece::Text(kept));
        }
    }

    /// Whether text may stand directly in the last element opened.
    fn takes_text(&self) -> bool {
        self.open.last().is_none_or(|(tag, _)| {
            !(tag.is_table_part() || tag.is_list() || matches!(tag, Tag::Table | Tag::Row))
        })
    }

    /// Closes the frames that what comes does not belong in, and opens those it needs.
    fn place(&mut self, comes: Option<Tag>) {
        let structural = comes.is_some_and(|tag| {
            tag.is_table_part()
                || tag.is_cell()
                || matches!(tag, Tag::Row | Tag::Item | Tag::Caption)
        });
        while structural && let Some((frame, false)) = self.open.last() {
            let goes_on = match comes {
                Some(Tag::Row) => frame.is_table_part(),
                Some(tag) if tag.is_cell() => frame.is_table_part() || *frame == Tag::Row,
                _ => false,
            };
            if goes_on {
                break;
            }
            self.close();
        }
        loop {
            let needed = match self.open.last().map(|(tag, _)| *tag) {
                Some(Tag::Table) => match comes {
                    Some(tag) if tag.is_table_part() || tag == Tag::Caption => return,
                    _ => Tag::Body,
                },
                Some(tag) if tag.is_table_part() && comes != Some(Tag::Row) => Tag::Row,
                Some(Tag::Row) if !comes.is_some_and(Tag::is_cell) => Tag::Cell,
                Some(tag) if tag.is_list() && !matches!(comes, Some(Tag::Item | Tag::Caption)) => {
                    Tag::Item
                }
                _ => return,
            };
            let element = self.element(needed, |_| None);
            self.narrative.pieces.push(Piece::Start(element));
            self.open.push((needed, false));
            self.blank = true;
        }
    }

    fn close(&mut self) {
        if let Some((tag, _)) = self.open.pop() {
            self.narrative.pieces.push(Piece::End(tag));
            self.blank |= !tag.is_inline();
            if tag == Tag::Footnote {
                self.in_note = false;
            }
        }
    }

    /// Keeps apart the words of elements that lose their frame.
    fn separate(&mut self, tag: Tag) {
        if tag.is_inline() || self.blank {
            return;
        }
        if tag.is_cell() {
            self.text(" ");
        } else if self.takes_text() {
            self.narrative.pieces.push(Piece::Break);
            self.blank = true;
        }
    }

    fn element(&mut self, tag: Tag, attribute: impl Fn(&str) -> Option<String>) -> Element {
        let mut styles = Styles::parse(&attribute("styleCode").unwrap_or_default());
        match attribute("revised").as_deref() {
            Some("insert") => styles = styles.with(Styles::INSERTED),
            Some("delete") => styles = styles.with(Styles::DELETED),
            _ => {}
        }
        let span = |name: &str, most: u16| {
            let value = attribute(name).and_then(|value| value.parse::<u32>().ok());
            // No value exceeds `most`, which is of 16 bits.
            value.map_or(1, |v| v.clamp(1, u32::from(most)) as u16)
        };
        let mut detail = Detail {
            language: attribute("language"),
            ..Detail::default()
        };
        match tag {
            Tag::Link => detail.href = attribute("href"),
            Tag::Media => detail.reference = attribute("referencedObject"),
            Tag::FootnoteRef => detail.reference = attribute("IDREF"),
            Tag::Footnote => {
                self.notes = self.notes.saturating_add(1);
                detail.note = Some(self.notes);
                detail.id = attribute("ID");
            }
            _ => {}
        }
        let align = match attribute("align").as_deref() {
            Some("left" | "justify") => Some(Align::Left),
            Some("center") => Some(Align::Center),
            Some("right" | "char") => Some(Align::Right),
            _ => None,
        };
        let scope = match attribute("scope").as_deref() {
            Some("col" | "colgroup") => Some(Scope::Column),
            Some("row" | "rowgroup") => Some(Scope::Row),
            _ => None,
        };
        let (columns, rows) = if tag.is_cell() {
            (span("colspan", 100), span("rowspan", 1000))
        } else {
            (1, 1)
        };
        Element {
            tag,
            styles,
            align,
            scope,
            columns,
            rows,
            detail: (detail != Detail::default()).then(|| Box::new(detail)),
        }
    }
}
