//! Tables in lines of bounded width.

use super::wrap::{lines, longest_word, wrap};

/// A table as it is gathered.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

/// A row and the part of the table it stands in.
pub(super) struct Row {
    pub part: Part,
    pub cells: Vec<Cell>,
}

/// The parts of a table, in the order they are shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Head,
    Body,
    Foot,
}

/// A cell.
#[derive(Default)]
pub(super) struct Cell {
    /// Its lines, of any length.
    pub text: Vec<String>,
    /// Columns it spans.
    pub columns: usize,
    /// Rows it spans.
    pub rows: usize,
}

/// Columns beyond which a table is not drawn.
const MOST_COLUMNS: usize = 24;
/// No column is narrower, for cells of one word a line are not read.
const LEAST: usize = 8;
/// What stands between two columns.
const BETWEEN: &str = " │ ";
const BETWEEN_WIDTH: usize = 3;

/// A cell at its column.
struct Placed<'a> {
    column: usize,
    cell: &'a Cell,
}

impl Table {
    pub fn open_row(&mut self, part: Part) {
        self.rows.push(Row {
            part,
            cells: Vec::new(),
        });
    }

    pub fn open_cell(&mut self, columns: u16, rows: u16) {
        if let Some(row) = self.rows.last_mut() {
            row.cells.push(Cell {
                text: Vec::new(),
                columns: usize::from(columns),
                rows: usize::from(rows),
            });
        }
    }

    /// The cell being gathered.
    pub fn cell(&mut self) -> Option<&mut Cell> {
        self.rows.last_mut()?.cells.last_mut()
    }

    /// The rows in a line each, for a table inside a cell.
    pub fn rows_in_lines(mut self) -> Vec<String> {
        self.rows.sort_by_key(|row| row.part);
        let line = |row: &Row| {
            let cells: Vec<_> = row.cells.iter().map(|cell| cell.text.join(" ")).collect();
            cells.join(" | ")
        };
        let all = self.rows.iter().map(line);
        all.filter(|line| line.chars().any(|c| c != ' ' && c != '|'))
            .collect()
    }

    /// Adds the table to the text, drawn if its columns fit, else row by row.
    pub fn write(mut self, out: &mut String, width: usize) {
        self.rows.sort_by_key(|row| row.part);
        let filled = |row: &Row| {
            let mut words = row.cells.iter().flat_map(|cell| &cell.text);
            words.any(|text| !text.trim().is_empty())
        };
        let first_filled = |part| self.rows.iter().any(|row| row.part == part && filled(row));
        if ![Part::Head, Part::Body, Part::Foot]
            .into_iter()
            .any(first_filled)
        {
            return;
        }
        let placed = self.place();
        match placed.as_deref().and_then(|placed| widths(placed, width)) {
            Some(widths) => self.draw(out, placed.as_deref().unwrap_or_default(), &widths),
            None => self.write_by_row(out, placed.as_deref(), width),
        }
    }

    /// The column of each cell, with those that cells of rows above hold left free; none beyond [`MOST_COLUMNS`].
    fn place(&self) -> Option<Vec<Vec<Placed<'_>>>> {
        // For each column, how many more rows a cell above holds it.
        let mut held = [0_usize; MOST_COLUMNS];
        let mut part = None;
        let mut all = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            // A cell holds no column beyond its part of the table.
            if part.replace(row.part) != Some(row.part) {
                held = [0; MOST_COLUMNS];
            }
            let mut free = held.map(|rows| rows == 0);
            held = held.map(|rows| rows.saturating_sub(1));
            let mut column = 0;
            let mut placed = Vec::with_capacity(row.cells.len());
            for cell in &row.cells {
                while free.get(column) == Some(&false) {
                    column += 1;
                }
                let end = column + cell.columns;
                if end > MOST_COLUMNS {
                    return None;
                }
                for (rows, free) in held.iter_mut().zip(&mut free).take(end).skip(column) {
                    *rows = cell.rows - 1;
                    *free = false;
                }
                placed.push(Placed { column, cell });
                column = end;
            }
            all.push(placed);
        }
        Some(all)
    }

    fn draw(&self, out: &mut String, placed: &[Vec<Placed<'_>>], widths: &[usize]) {
        let rule: Vec<_> = widths.iter().map(|w| "─".repeat(*w)).collect();
        let rule = rule.join("─┼─");
        let mut previous: Option<(Part, bool)> = None;
        for (row, cells) in self.rows.iter().zip(placed) {
            let blocks: Vec<_> = cells.iter().map(|p| block(p, widths)).collect();
            let height = blocks.iter().map(|b| b.lines.len()).max().unwrap_or(0);
            if height == 0 {
                continue;
            }
            // Rows of several lines would run into each other.
            if let Some((part, tall)) = previous
                && (part != row.part || tall || height > 1)
            {
                out.push_str(&rule);
                out.push('\n');
            }
            previous = Some((row.part, height > 1));
            for line in 0..height {
                draw_line(out, &blocks, widths, line);
            }
        }
    }

    /// The cells one below the other, each with the heading of its column when columns are known.
    fn write_by_row(&self, out: &mut String, placed: Option<&[Vec<Placed<'_>>]>, width: usize) {
        /// Headings are repeated, so they are kept short; they stand whole at the top.
        const HEADING: usize = 40;
        let mut headings = vec![String::new(); MOST_COLUMNS];
        for (index, row) in self.rows.iter().enumerate() {
            let columns = placed.and_then(|placed| placed.get(index));
            let column = |cell: usize| columns.and_then(|c| c.get(cell)).map(|p| p.column);
            let texts = row.cells.iter().map(|cell| cell.text.join(" "));
            if row.part == Part::Head {
                let texts: Vec<_> = texts.collect();
                wrap(out, &texts.join(" | "), "", "  ", width);
                for (cell, text) in texts.iter().enumerate() {
                    let Some(column) = column(cell) else {
                        continue;
                    };
                    let span = row.cells.get(cell).map_or(1, |c| c.columns);
                    let short: String = text.trim().chars().take(HEADING).collect();
                    headings
                        .iter_mut()
                        .skip(column)
                        .take(span)
                        .for_each(|heading| heading.clone_from(&short));
                }
                continue;
            }
            let mut start = "* ";
            for (cell, text) in texts.enumerate() {
                if text.trim().is_empty() {
                    continue;
                }
                let heading = column(cell).and_then(|column| headings.get(column));
                let words = match heading.filter(|heading| !heading.is_empty()) {
                    Some(heading) => format!("{heading}\u{a0}: {text}"),
                    None => text,
                };
                wrap(out, &words, start, "    ", width);
                start = "  ";
            }
        }
    }
}

/// A cell cut into the lines of its width.
struct Block {
    column: usize,
    columns: usize,
    lines: Vec<String>,
}

fn block(placed: &Placed<'_>, widths: &[usize]) -> Block {
    let columns = placed.cell.columns;
    let width = span(widths, placed.column, columns);
    let texts = placed.cell.text.iter();
    Block {
        column: placed.column,
        columns,
        lines: texts.flat_map(|text| lines(text, width)).collect(),
    }
}

/// The width of some columns together.
fn span(widths: &[usize], column: usize, columns: usize) -> usize {
    let columns = widths.iter().skip(column).take(columns);
    let (sum, count) = columns.fold((0, 0), |(sum, count), width| (sum + width, count + 1));
    sum + BETWEEN_WIDTH * usize::saturating_sub(count, 1)
}

fn draw_line(out: &mut String, blocks: &[Block], widths: &[usize], line: usize) {
    let start = out.len();
    let mut column = 0;
    let mut blocks = blocks.iter().peekable();
    while column < widths.len() {
        if column > 0 {
            out.push_str(BETWEEN);
        }
        let block = blocks.next_if(|block| block.column == column);
        let columns = block.map_or(1, |block| block.columns);
        let width = span(widths, column, columns);
        let text = block.and_then(|block| block.lines.get(line));
        let text = text.map_or("", String::as_str);
        out.push_str(text);
        let length = text.chars().count();
        out.extend(std::iter::repeat_n(' ', width.saturating_sub(length)));
        column += columns;
    }
    let kept = out.get(start..).unwrap_or_default().trim_end().len();
    out.truncate(start + kept);
    out.push('\n');
}

/// The width of each column, so that no word is cut; none when they do not fit.
fn widths(placed: &[Vec<Placed<'_>>], width: usize) -> Option<Vec<usize>> {
    let cells = || placed.iter().flatten();
    let count = cells().map(|p| p.column + p.cell.columns).max()?;
    let available = width.checked_sub(BETWEEN_WIDTH * (count - 1))?;
    let mut least = vec![1; count];
    let mut best = vec![1; count];
    let mut raise = |p: &Placed<'_>| {
        let longest = |measure: fn(&str) -> usize| {
            let texts = p.cell.text.iter();
            texts.map(|text| measure(text)).max().unwrap_or(0)
        };
        let natural = longest(|text| lines(text, usize::MAX).map(|l| l.chars().count()).sum());
        let word = longest(longest_word).max(natural.min(LEAST));
        let last = p.column + p.cell.columns - 1;
        // What a cell over several columns lacks goes to the last of them.
        for (widths, wanted) in [(&mut least, word), (&mut best, natural)] {
            let missing = wanted.saturating_sub(span(widths, p.column, p.cell.columns));
            if let Some(width) = widths.get_mut(last) {
                *width += missing;
            }
        }
    };
    cells().filter(|p| p.cell.columns == 1).for_each(&mut raise);
    cells().filter(|p| p.cell.columns > 1).for_each(&mut raise);
    let least_sum: usize = least.iter().sum();
    if best.iter().sum::<usize>() <= available {
        return Some(best);
    }
    let extra = available.checked_sub(least_sum)?;
    let wishes: Vec<_> = best
        .iter()
        .zip(&least)
        .map(|(best, least)| best.saturating_sub(*least).min(width))
        .collect();
    let wished = wishes.iter().sum::<usize>().max(1);
    let shares = least.iter().zip(&wishes);
    Some(
        shares
            .map(|(least, wish)| least + wish * extra / wished)
            .collect(),
    )
}
