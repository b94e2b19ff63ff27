//! Views as text: aligned columns without borders, right at every width and with every script.

use std::borrow::Cow;
use std::fmt::Write as _;

use comfy_table::{
    Attribute, Cell as Painted, CellAlignment, Color, ColumnConstraint, ContentArrangement, TableStyle, Width,
};
use console::Style;

use super::sanitize::{LINE_LIMIT, safe, safe_line, truncate, width};
use super::tree;
use super::view::{Block, Cell, Tone, View};

/// Between two columns.
const GAP: usize = 2;

/// What a column that may shrink keeps at least.
const SHRUNK: usize = 10;

/// Where a view is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Canvas {
    /// Columns of the terminal; `None` where nothing may be cut.
    pub width: Option<usize>,
    /// Whether colour is wanted.
    pub colour: bool,
    /// Whether lines and blocks can be drawn: the locale is a UTF-8 one.
    pub unicode: bool,
}

/// A cell's text, harmless, and what it means.
type Shown<'a> = (Cow<'a, str>, Tone);

/// A column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    title: Cow<'static, str>,
    right: bool,
    narrow: Narrow,
}

/// What a column does where there is not enough room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Narrow {
    /// It stays whole.
    Stays,
    /// Its cells are cut.
    Shrinks,
    /// Its cells go on in the next line.
    Wraps,
}

impl Column {
    /// A column with its title in capitals.
    pub fn new(title: impl Into<Cow<'static, str>>) -> Self {
        Self { title: title.into(), right: false, narrow: Narrow::Stays }
    }

    /// For numbers.
    #[must_use]
    pub const fn right(mut self) -> Self {
        self.right = true;
        self
    }

    /// For names and messages, which may be cut on a narrow terminal.
    #[must_use]
    pub const fn shrinks(mut self) -> Self {
        self.narrow = Narrow::Shrinks;
        self
    }

    /// For texts of ours, which go on in the next line of a narrow terminal. Never for foreign text: a line must
    /// not start with a word that somebody else chose.
    #[must_use]
    pub const fn wraps(mut self) -> Self {
        self.narrow = Narrow::Wraps;
        self
    }
}

/// Rows under a header; a table that is too narrow for its columns is drawn as one block per row.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    empty: &'static str,
}

impl Table {
    /// A table without rows; `empty` is the sentence that stands in their place.
    pub fn new(columns: impl IntoIterator<Item = Column>, empty: &'static str) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new(), empty }
    }

    /// Adds a row with one cell for each column.
    pub fn row<C: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = C>) {
        let row: Vec<Cell> = cells.into_iter().map(Into::into).collect();
        debug_assert_eq!(row.len(), self.columns.len(), "a row has a cell for each column");
        self.rows.push(row);
    }

    #[cfg(test)]
    pub(super) fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.rows.iter().flatten()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn draw(&self, canvas: Canvas) -> String {
        if self.rows.is_empty() {
            return format!("{}\n", self.empty);
        }
        match self.widths(canvas.width) {
            Some(widths) => self.draw_columns(&widths, canvas.colour),
            None => self.draw_stacked(canvas),
        }
    }

    /// Returns how wide each column may be, or `None` if there is no room for columns.
    fn widths(&self, available: Option<usize>) -> Option<Vec<usize>> {
        let mut widths: Vec<usize> = self.columns.iter().map(|column| width(&column.title)).collect();
        for row in &self.rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(&shown(cell).0));
            }
        }
        let Some(available) = available else { return Some(widths) };
        let mut excess =
            (widths.iter().sum::<usize>() + GAP * (widths.len().saturating_sub(1))).saturating_sub(available);
        if excess == 0 {
            return Some(widths);
        }
        // The widest gives first, so that short columns stay whole.
        while excess > 0 {
            let spare = |(index, wide): &(usize, &usize)| {
                let column = &self.columns[*index];
                column.narrow != Narrow::Stays && **wide > SHRUNK
            };
            let (widest, _) = widths.iter().enumerate().filter(spare).max_by_key(|(_, width)| **width)?;
            widths[widest] -= 1;
            excess -= 1;
        }
        // Where a wide character was cut off, a cell may be shorter than it could be.
        for (index, column) in self.columns.iter().enumerate() {
            if column.narrow == Narrow::Shrinks {
                let cut = |text: &str| width(&truncate(text, widths[index]));
                let cells = self.rows.iter().map(|row| cut(&shown(&row[index]).0));
                widths[index] = cells.fold(cut(&column.title), usize::max);
            }
        }
        Some(widths)
    }

    /// Draws the titles and the rows under them.
    fn draw_columns(&self, widths: &[usize], colour: bool) -> String {
        if self.columns.iter().any(|column| column.narrow == Narrow::Wraps) {
            return self.draw_wrapped(widths, colour);
        }
        let mut text = String::new();
        let titles = self.columns.iter().map(|column| (Cow::Borrowed(&*column.title), Style::new().bold()));
        self.draw_line(&mut text, titles, widths, colour);
        for row in &self.rows {
            let cells = row.iter().map(shown).map(|(words, tone)| (words, style_of(tone)));
            self.draw_line(&mut text, cells, widths, colour);
        }
        text
    }

    /// Draws cells side by side, each as wide as its column.
    ///
    /// Why not by comfy-table, as where a cell goes on in the next line: it lays each cell out anew, which was a quarter of
    /// a long listing's time.
    fn draw_line<'a>(
        &self,
        text: &mut String,
        cells: impl Iterator<Item = (Cow<'a, str>, Style)>,
        widths: &[usize],
        colour: bool,
    ) {
        let mut blanks = 0;
        for ((words, style), (column, wide)) in cells.zip(self.columns.iter().zip(widths)) {
            let words = truncate(&words, *wide);
            let room = wide.saturating_sub(width(&words));
            if column.right {
                blanks += room;
            }
            text.extend(std::iter::repeat_n(' ', blanks));
            if colour {
                let _ = write!(text, "{}", style.force_styling(true).apply_to(words)); // a String takes all
            } else {
                text.push_str(&words);
            }
            blanks = GAP + if column.right { 0 } else { room };
        }
        text.push('\n');
    }

    fn draw_wrapped(&self, widths: &[usize], colour: bool) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(TableStyle::new()).force_no_tty();
        table.style_text_only();
        if colour {
            table.enforce_styling();
        }
        let header = self.columns.iter().zip(widths).map(|(column, width)| {
            let cell = Painted::new(truncate(&column.title, *width));
            if colour { cell.add_attribute(Attribute::Bold) } else { cell }
        });
        table.set_header(header.collect::<Vec<_>>());
        for row in &self.rows {
            let cells = row.iter().zip(self.columns.iter().zip(widths)).map(|(cell, (column, width))| {
                let (text, tone) = shown(cell);
                if column.narrow == Narrow::Wraps {
                    painted(&text, tone)
                } else {
                    painted(&truncate(&text, *width), tone)
                }
            });
            table.add_row(cells.collect::<Vec<_>>());
        }
        let last = self.columns.len().saturating_sub(1);
        table.set_content_arrangement(ContentArrangement::Disabled);
        for (index, column) in self.columns.iter().enumerate() {
            if let Some(drawn) = table.column_mut(index) {
                let gap = if index == last { 0 } else { GAP };
                drawn.set_padding((0, columns_of(gap)));
                drawn.set_constraint(ColumnConstraint::Absolute(Width::Fixed(columns_of(
                    widths[index] + gap,
                ))));
                if column.right {
                    drawn.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        format!("{}\n", table.trim_fmt())
    }

    fn draw_stacked(&self, canvas: Canvas) -> String {
        let blocks = self.rows.iter().map(|row| {
            let row: Vec<Shown<'_>> = row.iter().map(shown).collect();
            let titles = self.columns.iter().map(|column| &*column.title);
            draw_facts(titles.zip(row.iter().map(|(text, tone)| (&**text, *tone))), canvas)
        });
        blocks.collect::<Vec<_>>().join("\n")
    }
}

/// Returns a view as text that ends with a line feed, or nothing for an empty view.
pub fn render(view: &View, canvas: Canvas) -> String {
    let mut text = String::new();
    let mut before: Option<&Block> = None;
    for block in &view.0 {
        let in_a_row = matches!((before, block), (Some(Block::Line(_)), Block::Line(_)));
        if before.is_some() && !in_a_row {
            text.push('\n');
        }
        match block {
            Block::Table(table) => text.push_str(&table.draw(canvas)),
            Block::Facts(facts) => {
                let facts: Vec<_> = facts.iter().map(|(label, cell)| (safe(label), shown(cell))).collect();
                let facts = facts.iter().map(|(label, (text, tone))| (label.as_ref(), (&**text, *tone)));
                // A fact is never cut: fingerprints and ids are there to be copied.
                text.push_str(&draw_facts(facts, Canvas { width: None, ..canvas }));
            }
            Block::Line(cell) => {
                text.push_str(&toned(&safe_line(&cell.text), cell.tone, canvas.colour));
                text.push('\n');
            }
            Block::Text(ours) => {
                text.push_str(ours.trim_end());
                text.push('\n');
            }
            Block::Brief(brief) => text.push_str(&brief.draw(canvas)),
            Block::Timeline(timeline) => text.push_str(&timeline.draw(canvas)),
            Block::Tree(nodes) => text.push_str(&tree::draw(nodes, canvas)),
        }
        before = Some(block);
    }
    text
}

/// Returns a width as comfy-table counts it; ours are bounded by [`LINE_LIMIT`].
fn columns_of(width: usize) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}

fn draw_facts<'a>(facts: impl Iterator<Item = (&'a str, (&'a str, Tone))>, canvas: Canvas) -> String {
    let facts: Vec<_> = facts.collect();
    let widest = facts.iter().map(|(label, _)| width(label)).max().unwrap_or(0);
    let room = canvas.width.map_or(LINE_LIMIT, |columns| columns.saturating_sub(widest + GAP).max(1));
    let mut text = String::new();
    for (label, (value, tone)) in facts {
        let pad = " ".repeat(widest - width(label) + GAP);
        text.push_str(&toned(label, Tone::Dim, canvas.colour));
        text.push_str(&pad);
        text.push_str(&toned(&truncate(value, room), tone, canvas.colour));
        text.push('\n');
    }
    text
}

/// Returns what is shown of a cell: harmless, of bounded length, `-` for nothing.
fn shown(cell: &Cell) -> Shown<'_> {
    if cell.text.is_empty() {
        return (Cow::Borrowed("-"), Tone::Dim);
    }
    (safe_line(&cell.text), cell.tone)
}

fn painted(text: &str, tone: Tone) -> Painted {
    let cell = Painted::new(text);
    match tone {
        Tone::Plain => cell,
        Tone::Good => cell.fg(Color::DarkGreen),
        Tone::Warning => cell.fg(Color::DarkYellow),
        Tone::Bad => cell.fg(Color::DarkRed),
        Tone::Dim => cell.add_attribute(Attribute::Dim),
    }
}

/// Returns harmless `text` in the colour of its tone.
pub fn toned(text: &str, tone: Tone, colour: bool) -> String {
    if colour { style_of(tone).force_styling(true).apply_to(text).to_string() } else { text.to_owned() }
}

fn style_of(tone: Tone) -> Style {
    let style = Style::new();
    match tone {
        Tone::Plain => style,
        Tone::Good => style.green(),
        Tone::Warning => style.yellow(),
        Tone::Bad => style.red(),
        Tone::Dim => style.dim(),
    }
}

#[cfg(test)]
#[expect(clippy::unicode_not_nfc, reason = "combining characters are what is tested")]
mod tests;
