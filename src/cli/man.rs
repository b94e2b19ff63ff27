//! `tokenctl man`.

use std::path::PathBuf;

use clap::Args;

/// Which pages.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Command whose page is printed [default: the program's own page]
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    pub words: Vec<String>,
    /// Write every page into this folder instead
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Overwrite pages that exist
    #[arg(long, requires = "out")]
    pub force: bool,
}
