//! What reaches stdout and exported files: reports in five formats, and the one sanitiser for foreign text.
//!
//! May import `domain` and `secret`. Everything here turns values into bytes; [`sink`] alone writes them.

pub mod brief;
pub mod csv;
pub mod format;
pub mod hint;
pub mod json;
pub mod listing;
pub mod plain;
pub mod problem;
pub mod qr;
pub mod report;
pub mod reports;
pub mod sanitize;
pub mod schemas;
pub mod sink;
pub mod table;
pub mod timeline;
pub mod tree;
pub mod verify_report;
pub mod view;

pub use format::Format;
pub use hint::Hint;
pub use listing::{Listing, Selection, UnknownField};
pub use problem::Problem;
pub use report::{Report, to_value};
pub use table::{Canvas, Column, Table};
pub use view::{Block, Cell, Tone, View};
