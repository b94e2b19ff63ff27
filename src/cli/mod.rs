//! The command line as data: what can be typed, parsed once into types.
//!
//! May import `output` and `domain`. The rules of the interface: noun then verb; help lines are imperative,
//! without a period; every subcommand has an example (`examples`); secrets are never flag values, only files,
//! descriptors or prompts; a certificate is public, a key is private; the words of the product and no others.
//!
//! A new command is a file `cli/<noun>.rs`, a variant of [`Command`], its examples, and an arm in
//! `commands::dispatch`.

pub mod app;
pub mod audit;
pub mod cert;
pub mod check;
pub mod company;
pub mod completion;
pub mod connection;
pub mod deferred;
pub mod doctor;
pub mod enums;
pub mod examples;
pub mod exec;
pub mod global;
pub mod help;
pub mod invite;
pub mod keys;
pub mod login;
pub mod man;
pub mod rotate;
pub mod scan;
pub mod sim;
pub mod token;
pub mod usage;
pub mod values;
pub mod vault;
pub mod verify;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub use check::check;
pub use deferred::Deferred;
pub use global::{DryRun, GlobalArgs};
pub use usage::{Rejection, nearest};

use crate::output::Format;

/// Guard, prove, rotate and hand out the credentials of an integration team
#[derive(Debug, Parser)]
#[command(
    name = "tokenctl",
    version,
    disable_help_subcommand = true,
    subcommand_required = true,
    max_term_width = 100,
    after_help = "Run `tokenctl help TOPIC` for exit-codes, environment, files, output, security, headless."
)]
pub struct Cli {
    /// Flags that every command knows.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// The words of the command without values, such as `rotate initiate`.
    #[arg(skip)]
    pub words: String,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create the vault and an identity that opens it
    Init(Deferred<vault::InitArgs>),
    /// Tell the whole story in a throw-away folder, against the built-in simulator
    Demo(Deferred<sim::DemoArgs>),
    /// Run the vendor simulator on loopback
    Sim(Deferred<sim::SimArgs>),
    /// Manage app registrations, which many connections share
    #[command(subcommand)]
    App(Deferred<app::AppCommand>),
    /// Manage connections and their settings
    #[command(subcommand)]
    Connection(Deferred<connection::ConnectionCommand>),
    /// Connect a company through the browser
    #[command(long_about = login::LONG)]
    Login(Deferred<Box<login::LoginArgs>>),
    /// Look companies up, and disconnect them
    #[command(subcommand)]
    Company(Deferred<company::CompanyCommand>),
    /// Make the first key and certificate of a connection
    Keygen(Deferred<keys::KeygenArgs>),
    /// Manage private keys
    #[command(subcommand)]
    Key(Deferred<keys::KeyCommand>),
    /// Manage certificates
    #[command(subcommand)]
    Cert(Deferred<cert::CertCommand>),
    /// Replace a connection's key with an overlap in which the vendor accepts both
    #[command(subcommand)]
    Rotate(Deferred<rotate::RotateCommand>),
    /// Prove connections by live token exchanges
    Verify(Deferred<verify::VerifyArgs>),
    /// Hand out access tokens
    #[command(subcommand)]
    Token(Deferred<token::TokenCommand>),
    /// Invite suppliers: mint links, follow and revoke them, let any service verify them
    #[command(subcommand)]
    Invite(Deferred<invite::InviteCommand>),
    /// Run a program with fresh tokens
    ///
    /// The program takes tokenctl's place: signals and exit code are its own. It finds a connection's token in
    /// TOKENCTL_TOKEN and its expiry in TOKENCTL_TOKEN_EXPIRES_AT; with several connections, each one's name follows
    /// TOKENCTL_TOKEN_ in upper case. Stale values of these variables, and whatever opens the vault, are taken out of
    /// its environment. A failure of tokenctl's own is exit code 125; the JSON error has its real code.
    ///
    /// With --live tokenctl stays, and for as long as the program runs it answers at the Unix socket that
    /// TOKENCTL_SOCKET names: GET /token/NAME like `token get NAME --format json`, and GET /token/NAME?format=raw with
    /// the token alone. What the program leaves running when it ends gets no more answers. Signals sent to tokenctl are
    /// passed on, and it ends with the program's exit code, or 128 and the number of the signal that ended it.
    Exec(Deferred<exec::ExecArgs>),
    /// Read the audit log: who did what and who took which token
    #[command(subcommand)]
    Audit(Deferred<audit::AuditCommand>),
    /// Care for the vault
    #[command(subcommand)]
    Vault(Deferred<vault::VaultCommand>),
    /// Show on one screen what needs attention and what expires next
    Status,
    /// Say what is wrong, why, and what helps
    #[command(long_about = doctor::LONG)]
    Doctor(Deferred<doctor::DoctorArgs>),
    /// Print the script that lets a shell complete commands and names
    ///
    /// Connections, apps, companies and recipients are completed by name where an identity opens the vault without a
    /// question: a plain file, or TOKENCTL_IDENTITY. They are read from the vault each time, and stored nowhere else.
    Completion(Deferred<completion::CompletionArgs>),
    /// Print manual pages
    ///
    /// The source of one page goes to standard output, for `man -l -` or mandoc; --out writes the pages of all commands.
    Man(Deferred<man::ManArgs>),
    /// Explain a command or a topic
    Help(Deferred<help::HelpArgs>),
}

/// Returns the command tree with everything that is [`Deferred`].
pub fn whole() -> clap::Command {
    let mut tree = Cli::command();
    tree.build();
    tree
}

/// Returns the whole command tree with the examples in its long help.
pub fn tree() -> clap::Command {
    examples::attach(whole())
}

/// Whether `argv`, which may not parse, names the command that runs another program.
pub fn runs_a_program(argv: &[OsString]) -> bool {
    // It has no commands below it, so that what is deferred does not matter.
    argv.iter().any(|word| word == "exec") && usage::command_path(&Cli::command(), argv).words == ["exec"]
}

/// Parses `argv`, the program's name included.
pub fn parse(argv: &[OsString]) -> Result<Cli, Rejection> {
    let mut grammar = narrowed(Cli::command(), argv);
    let mut parsed = grammar.try_get_matches_from_mut(argv);
    if parsed.as_ref().is_err_and(clap::Error::use_stderr) {
        // It may have ended before it came to the command that is meant, and what is meant may be another.
        grammar = whole();
        parsed = grammar.try_get_matches_from_mut(argv);
    }
    check::spaced_values(&grammar, argv)?;
    let matches = parsed
        .or_else(|error| match error.kind() {
            // The one answer that shows examples, and only below the root.
            ErrorKind::DisplayHelp if !usage::command_path(&grammar, argv).words.is_empty() => {
                tree().try_get_matches_from(argv)
            }
            _ => Err(error),
        })
        .map_err(|error| usage::explain(&error, &grammar, argv))?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| usage::explain(&error, &grammar, argv))?;
    cli.words = words_of(&matches).join(" ");
    if cli.command.prints_json() && cli.global.output != Some(Format::Jsonl) {
        cli.global.output = Some(Format::Json);
    }
    Ok(cli)
}

/// Returns `grammar` with the global flags in those commands only that `argv` could name.
///
/// Why: clap copies every global flag into every command, which takes as long as all the rest of `--version`.
fn narrowed(grammar: clap::Command, argv: &[OsString]) -> clap::Command {
    let globals: Vec<clap::Arg> =
        grammar.get_arguments().filter(|flag| flag.is_global_set()).cloned().collect();
    let mut grammar = grammar.mut_args(|flag| flag.global(false));
    for word in argv.iter().skip(1) {
        let named = grammar.find_subcommand_mut(word);
        // A word may be there twice.
        if let Some(named) = named.filter(|named| !named.get_arguments().any(clap::Arg::is_global_set)) {
            let command = std::mem::take(named);
            *named = command.args(&globals);
        }
    }
    grammar
}

fn words_of(mut matches: &ArgMatches) -> Vec<&str> {
    let mut words = Vec::new();
    while let Some((word, below)) = matches.subcommand() {
        words.push(word);
        matches = below;
    }
    words
}

/// Returns the format that `--format` decides in arguments that may not parse: a token's envelope is one for
/// failures, too.
pub fn format_of(argv: &[OsString]) -> Option<Format> {
    (scan::value_of(argv, "format", None)? == Format::Json.as_str()).then_some(Format::Json)
}

impl Command {
    /// Whether its own `--format` makes its answer an envelope.
    fn prints_json(&self) -> bool {
        match self {
            Self::Token(Deferred(token::TokenCommand::Get(args))) => {
                args.format == Some(token::TokenFormat::Json)
            }
            Self::Invite(Deferred(invite::InviteCommand::Mint(args))) => {
                args.format == Some(invite::MintFormat::Json)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
