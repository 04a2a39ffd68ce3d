//! The narrative of sections, on the page.

use super::super::clean::{address, escape, language};
use super::{attribute, show};
use crate::cda::body::{Align, Detail, Element, File, Narrative, Piece, Scope, Styles, Tag};

/// Writes the narratives of a document one after the other.
pub(super) struct Writer<'a> {
    files: &'a [File],
    /// Whether each file has been shown: an image stands once on the page, however often it is referred to.
    shown: Vec<bool>,
}

/// The state within one narrative.
struct State {
    /// What closes each element open.
    open: Vec<(Tag, &'static str)>,
    /// The addresses of the links open, to stand after their text.
    links: Vec<Option<String>>,
    /// What was written before the footnote being read.
    before: Option<String>,
    /// The footnotes, to stand at the end.
    notes: String,
    /// In a row that has only headings.
    heading_row: bool,
    /// The class of the table that opens, by its columns.
    width: &'static str,
    /// Nothing but blocks and breaks since the last block began or ended.
    after_block: bool,
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

    /// Adds a narrative to the page.
    pub fn write(&mut self, out: &mut String, narrative: &Narrative) {
        let mut state = State {
            open: Vec::new(),
            links: Vec::new(),
            before: None,
            notes: String::new(),
            heading_row: false,
            width: "",
            after_block: true,
        };
        let pieces = &narrative.pieces;
        for (index, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Text(text) => {
                    escape(out, text);
                    state.after_block &= text.trim().is_empty();
                }
                // A block ends its line: breaks that follow it would be holes in the page.
                Piece::Break if state.after_block => {}
                Piece::Break => out.push_str("<br/>"),
                Piece::Start(element) => {
                    let rest = pieces.get(index + 1..).unwrap_or_default();
                    match element.tag {
                        Tag::Row => state.heading_row = only_headings(rest),
                        Tag::Table => state.width = width(columns(rest)),
                        _ => {}
                    }
                    self.start(out, element, &mut state);
                    state.after_block = !element.tag.is_inline();
                }
                Piece::End(tag) => {
                    end(out, &mut state);
                    state.after_block |= !tag.is_inline();
                }
            }
        }
        if !state.notes.is_empty() {
            out.push_str("<ol class=\"notes\">");
            out.push_str(&state.notes);
            out.push_str("</ol>");
        }
    }

    fn start(&mut self, out: &mut String, element: &Element, state: &mut State) {
        let detail = element.detail.as_deref();
        let parent = state.open.last().map(|(tag, _)| *tag);
        let (name, close) = match element.tag {
            Tag::Paragraph => ("div", "</div>"),
            Tag::List => ("ul", "</ul>"),
            Tag::OrderedList => ("ol", "</ol>"),
            Tag::Item => ("li", "</li>"),
            Tag::Table if state.open.iter().any(|(tag, _)| *tag == Tag::Table) => {
                ("table", "</table>")
            }
            Tag::Table => {
                // A table wider than the screen scrolls in its frame, with the keyboard too.
                out.push_str(
                    "<div class=\"frame\" tabindex=\"0\" role=\"region\" aria-label=\"Tableau\">",
                );
                ("table", "</table></div>\n")
            }
            Tag::Head => ("thead", "</thead>"),
            Tag::Body => ("tbody", "</tbody>"),
            Tag::Foot => ("tfoot", "</tfoot>"),
            Tag::Row => ("tr", "</tr>\n"),
            Tag::HeadCell => ("th", "</th>"),
            Tag::Cell => ("td", "</td>"),
            Tag::Caption if parent == Some(Tag::Table) => ("caption", "</caption>"),
            Tag::Caption if matches!(parent, Some(Tag::List | Tag::OrderedList)) => ("li", "</li>"),
            Tag::Caption => ("div", "</div>"),
            Tag::Content if element.styles.has(Styles::DELETED) => ("del", "</del>"),
            Tag::Content if element.styles.has(Styles::INSERTED) => ("ins", "</ins>"),
            Tag::Content => ("span", "</span>"),
            Tag::Sub => ("sub", "</sub>"),
            Tag::Sup => ("sup", "</sup>"),
            Tag::Link => ("span", "</span>"),
            Tag::FootnoteRef => {
                if let Some(note) = detail.and_then(|d| d.note) {
                    out.push_str(&format!(
                        "<sup class=\"said\"><a href=\"#note-{note}\">{note}</a></sup>"
                    ));
                }
                ("span", "</span>")
            }
            Tag::Footnote => return footnote(out, detail, state),
            Tag::Media => {
                out.push_str("<div class=\"media\">");
                state.open.push((Tag::Media, "</div>"));
                return self.media(out, detail);
            }
        };
        out.push('<');
        out.push_str(name);
        let width = if element.tag == Tag::Table {
            state.width
        } else {
            ""
        };
        classes(out, element, width);
        if let Some(tag) = detail
            .and_then(|d| d.language.as_deref())
            .and_then(language)
        {
            attribute(out, "lang", tag);
        }
        cell(out, element, state);
        out.push('>');
        if element.tag == Tag::Link {
            let href = detail.and_then(|d| d.href.as_deref());
            state.links.push(href.and_then(address));
        }
        state.open.push((element.tag, close));
    }

    fn media(&mut self, out: &mut String, detail: Option<&Detail>) {
        let files = detail.map(|d| d.files.as_slice()).unwrap_or_default();
        if files.is_empty() {
            out.push_str("<p class=\"said\" lang=\"fr\">Le document annonce ici un fichier qu’il ne contient pas.</p>");
        }
        for index in files {
            let Some((file, shown)) = self.files.get(*index).zip(self.shown.get_mut(*index)) else {
                continue;
            };
            let number = index + 1;
            if *shown {
                out.push_str(&format!(
                    "<p class=\"said\" lang=\"fr\">Voir le <a href=\"#fichier-{number}\">fichier\u{a0}{number}</a>.</p>"
                ));
                continue;
            }
            *shown = true;
            out.push_str(&format!("<div id=\"fichier-{number}\">"));
            show(out, file, &format!("Image {number} du document"));
            out.push_str("</div>");
        }
    }
}

/// Closes the last element open.
fn end(out: &mut String, state: &mut State) {
    let Some((tag, close)) = state.open.pop() else {
        return;
    };
    if tag == Tag::Link
        && let Some(Some(address)) = state.links.pop()
    {
        out.push_str("<span class=\"said address\"> (");
        escape(out, &address);
        out.push_str(")</span>");
    }
    out.push_str(close);
    if tag == Tag::Footnote
        && let Some(before) = state.before.take()
    {
        state.notes.push_str(&std::mem::replace(out, before));
    }
}

/// Writes the call of a footnote, and turns what follows away to the end of the narrative.
fn footnote(out: &mut String, detail: Option<&Detail>, state: &mut State) {
    let note = detail.and_then(|d| d.note).unwrap_or_default();
    out.push_str(&format!(
        "<sup class=\"said\"><a href=\"#note-{note}\">{note}</a></sup>"
    ));
    state.before = Some(std::mem::take(out));
    out.push_str(&format!("<li id=\"note-{note}\" value=\"{note}\">"));
    state.open.push((Tag::Footnote, "</li>"));
}

/// How many columns the table has that these pieces continue, its first row of several cells telling.
fn columns(pieces: &[Piece]) -> usize {
    let mut columns = 0;
    let mut cells = 0;
    for piece in pieces {
        match piece {
            Piece::Start(element) if matches!(element.tag, Tag::Cell | Tag::HeadCell) => {
                columns += usize::from(element.columns);
                cells += 1;
            }
            Piece::End(Tag::Row) if cells > 1 => return columns,
            Piece::End(Tag::Row) => (columns, cells) = (0, 0),
            Piece::End(Tag::Table) => break,
            _ => {}
        }
    }
    columns
}

/// The class of a table that has to be printed smaller to fit on a sheet.
fn width(columns: usize) -> &'static str {
    match columns {
        0..=8 => "",
        9..=10 => "wide",
        11..=15 => "wider",
        _ => "widest",
    }
}

/// Whether the row that these pieces continue has headings and no other cell.
fn only_headings(pieces: &[Piece]) -> bool {
    let mut headings = false;
    let mut depth = 0;
    for piece in pieces {
        match piece {
            Piece::Start(element) => {
                match element.tag {
                    Tag::Cell if depth == 0 => return false,
                    Tag::HeadCell if depth == 0 => headings = true,
                    _ => {}
                }
                depth += 1;
            }
            Piece::End(_) if depth == 0 => break,
            Piece::End(_) => depth -= 1,
            _ => {}
        }
    }
    headings
}

/// The classes of an element: each has its meaning in the style of the page and comes from nowhere else.
fn classes(out: &mut String, element: &Element, more: &str) {
    const STYLES: [(Styles, &str); 16] = [
        (Styles::BOLD, "b"),
        (Styles::ITALICS, "i"),
        (Styles::UNDERLINE, "u"),
        (Styles::EMPHASIS, "em"),
        (Styles::LEFT_RULE, "rule-l"),
        (Styles::RIGHT_RULE, "rule-r"),
        (Styles::TOP_RULE, "rule-t"),
        (Styles::BOTTOM_RULE, "rule-b"),
        (Styles::ARABIC, "arabic"),
        (Styles::LITTLE_ROMAN, "roman"),
        (Styles::BIG_ROMAN, "big-roman"),
        (Styles::LITTLE_ALPHA, "alpha"),
        (Styles::BIG_ALPHA, "big-alpha"),
        (Styles::DISC, "disc"),
        (Styles::CIRCLE, "circle"),
        (Styles::SQUARE, "square"),
    ];
    let kind = match element.tag {
        Tag::Paragraph => "p",
        Tag::Caption => "caption",
        Tag::Link => "link",
        _ => "",
    };
    let align = match element.align {
        Some(Align::Left) => "left",
        Some(Align::Center) => "center",
        Some(Align::Right) => "right",
        None => "",
    };
    let styles = STYLES
        .iter()
        .filter(|(style, _)| element.styles.has(*style));
    let deleted = element.styles.has(Styles::DELETED) && element.tag != Tag::Content;
    let all = [kind, more, align, if deleted { "deleted" } else { "" }];
    let all = all.into_iter().filter(|class| !class.is_empty());
    let mut all = all.chain(styles.map(|(_, class)| *class)).peekable();
    if all.peek().is_none() {
        return;
    }
    out.push_str(" class=\"");
    for (index, class) in all.enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(class);
    }
    out.push('"');
}

/// The attributes that only cells have.
fn cell(out: &mut String, element: &Element, state: &State) {
    if element.columns > 1 {
        out.push_str(&format!(" colspan=\"{}\"", element.columns));
    }
    if element.rows > 1 {
        out.push_str(&format!(" rowspan=\"{}\"", element.rows));
    }
    if element.tag == Tag::HeadCell {
        let part = state.open.iter().rev().find_map(|(tag, _)| match tag {
            Tag::Head | Tag::Body | Tag::Foot => Some(*tag),
            _ => None,
        });
        let column = match element.scope {
            Some(scope) => scope == Scope::Column,
            // A row of headings is the head of a table that has not said where its head is.
            None => part == Some(Tag::Head) || state.heading_row,
        };
        out.push_str(if column {
            " scope=\"col\""
        } else {
            " scope=\"row\""
        });
    }
}
