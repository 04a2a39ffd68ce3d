//! The narrative of sections, in plain text.

use super::super::{clean, words};
use super::WIDTH;
use super::table::{Part, Table};
use super::wrap::wrap;
use crate::cda::body::{Element, File, Narrative, Piece, Styles, Tag};

/// Writes the narratives of a document one after the other.
pub(super) struct Writer<'a> {
    files: &'a [File],
    shown: Vec<bool>,
}

/// Spaces by which a list stands to the right of what holds it; beyond [`MOST_INDENTED`] lists no more.
const INDENT: usize = 2;
const MOST_INDENTED: usize = 8;

/// The state within one narrative.
struct State<'o> {
    out: &'o mut String,
    /// The line being gathered.
    line: String,
    /// What the next line begins with, once.
    mark: String,
    /// The lists open: the number of the next item, in an ordered one.
    lists: Vec<Option<usize>>,
    /// The tables open; cells take the lines of what is inside.
    tables: Vec<(Table, Part)>,
    /// The line that a footnote has interrupted, and the number of the note.
    interrupted: Option<(String, u32)>,
    notes: Vec<(u32, String)>,
    /// What closes each element open.
    closing: Vec<String>,
}

impl<'a> Writer<'a> {
    pub fn new(files: &'a [File]) -> Self {
        Self {
            files,
            shown: vec![false; files.len()],
        }
    }

    /// Whether a narrative has shown this file.
    pub fn has_shown(&self, file: usize) -> bool {
        self.shown.get(file).copied().unwrap_or(false)
    }

    /// Adds a narrative to the text.
    pub fn write(&mut self, out: &mut String, narrative: &Narrative) {
        let mut state = State {
            out,
            line: String::new(),
            mark: String::new(),
            lists: Vec::new(),
            tables: Vec::new(),
            interrupted: None,
            notes: Vec::new(),
            closing: Vec::new(),
        };
        for piece in &narrative.pieces {
            match piece {
                Piece::Text(text) => state.line.extend(clean::line(text)),
                Piece::Break => state.flush(),
                Piece::Start(element) => self.start(element, &mut state),
                Piece::End(tag) => end(*tag, &mut state),
            }
        }
        state.flush();
        for (number, note) in std::mem::take(&mut state.notes) {
            wrap(state.out, &note, &format!("[{number}] "), "    ", WIDTH);
        }
    }

    fn start(&mut self, element: &Element, state: &mut State<'_>) {
        let detail = element.detail.as_deref();
        let mut closing = String::new();
        match element.tag {
            Tag::Paragraph | Tag::Caption => state.flush(),
            Tag::List | Tag::OrderedList => {
                state.flush();
                let ordered = element.tag == Tag::OrderedList || element.styles.has(Styles::ARABIC);
                state.lists.push(ordered.then_some(1));
            }
            Tag::Item => {
                state.flush();
                state.mark = match state.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
            }
            Tag::Table => {
                state.flush();
                if state.interrupted.is_none() {
                    state.tables.push((Table::default(), Part::Body));
                }
            }
            Tag::Head => state.part(Part::Head),
            Tag::Body => state.part(Part::Body),
            Tag::Foot => state.part(Part::Foot),
            Tag::Row => {
                state.flush();
                if let Some((table, part)) = state.tables_here() {
                    table.open_row(*part);
                }
            }
            Tag::HeadCell | Tag::Cell => {
                state.flush();
                if let Some((table, _)) = state.tables_here() {
                    table.open_cell(element.columns, element.rows);
                }
            }
            Tag::Content if element.styles.has(Styles::DELETED) => {
                state.line.push_str("[supprimé\u{a0}: ");
                closing.push(']');
            }
            // « 10⁹ » must not read « 109 ».
            Tag::Sup => state.line.push('^'),
            Tag::Footnote => {
                if let Some(number) = detail.and_then(|d| d.note) {
                    state.line.push_str(&format!("[{number}]"));
                    let line = std::mem::take(&mut state.line);
                    state.interrupted = Some((line, number));
                }
            }
            Tag::FootnoteRef => {
                if let Some(number) = detail.and_then(|d| d.note) {
                    state.line.push_str(&format!("[{number}]"));
                }
            }
            Tag::Link => {
                let href = detail.and_then(|d| d.href.as_deref());
                if let Some(address) = href.and_then(clean::address) {
                    closing = format!(" ({address})");
                }
            }
            Tag::Media => {
                state.flush();
                let files = detail.map(|d| d.files.as_slice()).unwrap_or_default();
                if files.is_empty() {
                    let words = "Le document annonce ici un fichier qu’il ne contient pas.";
                    state.line.push_str(words);
                    state.flush();
                }
                for index in files {
                    let Some((file, shown)) =
                        self.files.get(*index).zip(self.shown.get_mut(*index))
                    else {
                        continue;
                    };
                    *shown = true;
                    let words = format!("[Fichier\u{a0}{}] {}", index + 1, words::file(file));
                    state.line.push_str(&words);
                    state.flush();
                }
            }
            Tag::Content | Tag::Sub => {}
        }
        state.closing.push(closing);
    }
}

fn end(tag: Tag, state: &mut State<'_>) {
    let closing = state.closing.pop().unwrap_or_default();
    state.line.push_str(&closing);
    match tag {
        Tag::Paragraph | Tag::Caption | Tag::HeadCell | Tag::Cell | Tag::Media | Tag::Row => {
            state.flush();
        }
        Tag::Item => {
            state.flush();
            state.mark.clear();
        }
        Tag::List | Tag::OrderedList => {
            state.flush();
            state.lists.pop();
        }
        Tag::Table => state.end_of_table(),
        Tag::Footnote => {
            if let Some((line, number)) = state.interrupted.take() {
                let note = std::mem::replace(&mut state.line, line);
                state.notes.push((number, note));
            }
        }
        _ => {}
    }
}

impl State<'_> {
    /// The line is complete.
    fn flush(&mut self) {
        // A footnote is one run of words, whatever its frames.
        if self.interrupted.is_some() {
            self.line.push(' ');
            return;
        }
        if self.line.trim().is_empty() {
            self.line.clear();
            return;
        }
        let line = std::mem::take(&mut self.line);
        let mark = std::mem::take(&mut self.mark);
        let level = self.lists.len().saturating_sub(1).min(MOST_INDENTED);
        let indent = " ".repeat(level * INDENT);
        // The caption of a table comes before its first cell: it goes to the cell around it, if there is one.
        let mut tables = self.tables.iter_mut().rev();
        if let Some(cell) = tables.find_map(|(table, _)| table.cell()) {
            cell.text.push(format!("{mark}{line}"));
            return;
        }
        let first = format!("{indent}{mark}");
        let inside = if self.lists.is_empty() { "" } else { "  " };
        let next = format!("{indent}{inside}");
        let first = if mark.is_empty() {
            next.as_str()
        } else {
            first.as_str()
        };
        wrap(self.out, &line, first, &next, WIDTH);
    }

    fn part(&mut self, part: Part) {
        self.flush();
        if let Some((_, here)) = self.tables_here() {
            *here = part;
        }
    }

    /// The table being gathered, unless a footnote is.
    fn tables_here(&mut self) -> Option<(&mut Table, &mut Part)> {
        if self.interrupted.is_some() {
            return None;
        }
        self.tables.last_mut().map(|(table, part)| (table, part))
    }

    fn end_of_table(&mut self) {
        self.flush();
        if self.interrupted.is_some() {
            return;
        }
        let Some((table, _)) = self.tables.pop() else {
            return;
        };
        match self.tables.last_mut().and_then(|(outer, _)| outer.cell()) {
            Some(cell) => cell.text.extend(table.rows_in_lines()),
            None => {
                table.write(self.out, WIDTH);
                self.out.push('\n');
            }
        }
    }
}
