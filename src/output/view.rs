//! What people see of a report: blocks of text, facts and tables, before width and colour are known.

use super::brief::Brief;
use super::table::Table;
use super::timeline::Timeline;
use super::tree::Node;

/// What a cell's or a fact's text means; colour only repeats what the word says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Needs attention soon.
    Warning,
    /// Needs attention now.
    Bad,
    /// Of minor interest.
    Dim,
}

/// A value for people. May hold foreign text: rendering makes it harmless.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// The text; empty is shown as `-` in a table.
    pub text: String,
    /// Its meaning.
    pub tone: Tone,
}

impl Cell {
    /// A value with a meaning.
    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    /// A value of minor interest.
    pub fn dim(text: impl Into<String>) -> Self {
        Self::toned(text, Tone::Dim)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        Self::toned(text.unwrap_or_default(), Tone::Plain)
    }
}

/// A part of a view.
#[derive(Debug, Clone)]
pub enum Block {
    /// Rows under a header.
    Table(Table),
    /// Labels and values, aligned.
    Facts(Vec<(String, Cell)>),
    /// A sentence.
    Line(Cell),
    /// A text of ours, line by line as it is; never foreign.
    Text(String),
    /// Things to do, in as many lines as there are.
    Brief(Brief),
    /// What comes to an end, along an axis.
    Timeline(Timeline),
    /// Nested checks.
    Tree(Vec<Node>),
}

/// The blocks of a report, one blank line between them.
#[derive(Debug, Clone, Default)]
pub struct View(pub Vec<Block>);

impl View {
    /// A view of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every value in it, for the test of what colour says.
    #[cfg(test)]
    pub(crate) fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.0.iter().flat_map(|block| -> Vec<&Cell> {
            match block {
                Block::Table(table) => table.cells().collect(),
                Block::Facts(facts) => facts.iter().map(|(_, cell)| cell).collect(),
                Block::Line(cell) => vec![cell],
                Block::Brief(brief) => brief.items.iter().map(|item| &item.what).collect(),
                // Their tones colour words and dates of ours.
                Block::Text(_) | Block::Timeline(_) | Block::Tree(_) => Vec::new(),
            }
        })
    }

    /// Adds a table.
    #[must_use]
    pub fn table(mut self, table: Table) -> Self {
        self.0.push(Block::Table(table));
        self
    }

    /// Adds labels and values.
    #[must_use]
    pub fn facts<L: Into<String>, C: Into<Cell>>(mut self, facts: impl IntoIterator<Item = (L, C)>) -> Self {
        let facts = facts.into_iter().map(|(label, value)| (label.into(), value.into())).collect();
        self.0.push(Block::Facts(facts));
        self
    }

    /// Adds a sentence; sentences in a row have no blank line between them.
    #[must_use]
    pub fn line(mut self, line: impl Into<Cell>) -> Self {
        self.0.push(Block::Line(line.into()));
        self
    }

    /// Adds things to do.
    #[must_use]
    pub fn brief(mut self, brief: Brief) -> Self {
        self.0.push(Block::Brief(brief));
        self
    }

    /// Adds what comes to an end.
    #[must_use]
    pub fn timeline(mut self, timeline: Timeline) -> Self {
        self.0.push(Block::Timeline(timeline));
        self
    }

    /// Adds nested checks.
    #[must_use]
    pub fn tree(mut self, nodes: Vec<Node>) -> Self {
        self.0.push(Block::Tree(nodes));
        self
    }

    /// Adds a text of ours.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Block::Text(text.into()));
        self
    }
}
