//! `tokenctl man`: manual pages, made of what the program knows about itself.

mod fields;
mod page;
mod roff;

use std::path::Path;

use super::error::CommandError;
use super::exit::Exit;
use super::finish::Finished;
use super::help::unknown;
use crate::app::App;
use crate::cli::man::ManArgs;
use crate::cli::tree;
use crate::output::reports::man::ManPages;
use crate::output::sink::{Export, write_file};
use page::Subject;

/// Prints the page of a command, or writes all pages.
pub(super) fn run(app: &App, args: &ManArgs) -> Result<Finished, CommandError> {
    let root = tree();
    if let Some(folder) = &args.out {
        return write_all(app, &root, folder, args.force);
    }
    Ok(Finished::bytes(find(&root, &args.words)?.page().into_bytes()))
}

fn find<'a>(root: &'a clap::Command, words: &[String]) -> Result<Subject<'a>, CommandError> {
    let mut command = root;
    for word in words {
        command = command.find_subcommand(word).ok_or_else(|| unknown(words, word, command, false))?;
    }
    Ok(Subject { command, path: words.to_vec() })
}

fn write_all(
    app: &App,
    root: &clap::Command,
    folder: &Path,
    replace: bool,
) -> Result<Finished, CommandError> {
    let doing = |error: CommandError| error.doing("cannot write the manual pages");
    let mut subjects = Vec::new();
    gather(root, &[], &mut subjects);
    app.prepare_folders(&[&folder.join("page")], Exit::Failure).map_err(doing)?;
    let mut names = Vec::new();
    for subject in subjects {
        let name = format!("{}.1", subject.name());
        let path = folder.join(&name);
        let export = Export { path: &path, audience: app.everybody(), replace };
        write_file(&export, subject.page().as_bytes()).map_err(|error| doing(error.into()))?;
        names.push(name);
    }
    Ok(Finished::report(ManPages::new(folder, names)))
}

fn gather<'a>(command: &'a clap::Command, path: &[String], found: &mut Vec<Subject<'a>>) {
    found.push(Subject { command, path: path.to_vec() });
    for below in command.get_subcommands() {
        gather(below, &[path, &[below.get_name().to_owned()]].concat(), found);
    }
}
