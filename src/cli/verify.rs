//! `tokenctl verify`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::connection::FilterArgs;
use super::enums::TriedKeyWord;
use super::nearest;
use crate::domain::ids::{CertificateId, ConnectionName};
use crate::output::verify_report::ReportKind;

/// `verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Names of the connections
    #[arg(conflicts_with_all = ["all", "company", "tag"])]
    pub names: Vec<ConnectionName>,
    /// Every enabled connection
    #[arg(long, conflicts_with_all = ["company", "tag"])]
    pub all: bool,
    /// Which ones.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Key to try; a pending one is tried without storing the result
    #[arg(long, value_name = "KEY")]
    pub key: Option<TriedKeyWord>,
    /// Certificate id to try with it, without storing it (write --certificate-id=ID: it may start with `-`)
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub certificate_id: Option<CertificateId>,
    /// Days left below which a certificate counts as expiring
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub warn_days: u32,
    /// What is a failure besides a missing proof
    #[arg(long, value_name = "WHAT")]
    pub fail_on: Option<FailOn>,
    /// Exchanges that run at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub parallel: u16,
    /// Write the findings to a file, too: junit, sarif, github or prometheus=PATH; - instead of the usual output
    #[arg(long = "report", value_name = "KIND=PATH", value_parser = report_file)]
    pub reports: Vec<ReportFile>,
}

/// `verify --report`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    /// Which kind.
    pub kind: ReportKind,
    /// Where to; `-` is standard output.
    pub path: PathBuf,
}

fn report_file(text: &str) -> Result<ReportFile, String> {
    let words = ReportKind::ALL.map(ReportKind::as_str);
    let (word, path) = text.split_once('=').unwrap_or((text, ""));
    let Some(kind) = ReportKind::ALL.into_iter().find(|kind| kind.as_str() == word) else {
        return Err(match nearest(word, words) {
            Some(nearest) => format!("there is no kind `{word}`; did you mean `{nearest}`?"),
            None => format!("the kind is one of {}", words.join(", ")),
        });
    };
    if path.is_empty() {
        return Err(format!("after the kind goes a path, as in `{word}=FILE`"));
    }
    Ok(ReportFile { kind, path: path.into() })
}

/// `verify --fail-on`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Certificates inside the warning window: exit 10
    Expiring,
}
