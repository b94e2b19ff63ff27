//! What is offered for an argument: found out from its type, so that a new command needs nothing.

use std::any::TypeId;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::builder::ValueParser;
use clap::{Arg, Command};
use clap_complete::{ArgValueCompleter, CompletionCandidate, PathCompleter};

use super::LookUp;
use crate::cli::values::IdentityFile;
use crate::domain::audit::Action;
use crate::domain::ids::{AppName, ConnectionName};

/// What a value is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// A connection.
    Connections,
    /// An app.
    Apps,
    /// A company: foreign text.
    Companies,
    /// A recipient, by its label: foreign text.
    Recipients,
}

/// What a value can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    Named(Names),
    Files,
    Actions,
}

/// Where offers come from.
#[derive(Clone)]
pub(super) struct Offers {
    pub(super) look_up: Arc<LookUp>,
    /// Set as soon as a file is wanted, where the shell completes those itself.
    pub(super) left_to_shell: Option<Arc<AtomicBool>>,
}

/// Says for each argument below `root` what is offered.
pub(super) fn attach(root: Command, offers: &Offers) -> Command {
    below(root, &mut Vec::new(), &mut |path, arg| match offer(path, &arg) {
        Some(offer) => arg.add(completer(offer, offers)),
        None => arg,
    })
}

fn below(command: Command, path: &mut Vec<String>, change: &mut dyn FnMut(&[String], Arg) -> Arg) -> Command {
    let command = command.mut_args(|arg| change(path, arg));
    command.mut_subcommands(|subcommand| {
        path.push(subcommand.get_name().to_owned());
        let subcommand = below(subcommand, path, change);
        path.pop();
        subcommand
    })
}

/// What is offered for `arg` of the command at `path`, beside the words that its parser lists.
pub(super) fn offer(path: &[String], arg: &Arg) -> Option<Offer> {
    let is = |wanted: TypeId| ValueParser::type_id(arg.get_value_parser()) == wanted;
    let id = arg.get_id().as_str();
    let is_new = id == "rename" || (id == "name" && path.get(1).is_some_and(|verb| verb == "add"));
    if is(TypeId::of::<ConnectionName>()) && !is_new {
        Some(Offer::Named(Names::Connections))
    } else if is(TypeId::of::<AppName>()) && !is_new {
        Some(Offer::Named(Names::Apps))
    } else if [TypeId::of::<PathBuf>(), TypeId::of::<IdentityFile>(), TypeId::of::<OsString>()]
        .into_iter()
        .any(is)
    {
        Some(Offer::Files)
    } else {
        match id {
            "company" if is(TypeId::of::<String>()) => Some(Offer::Named(Names::Companies)),
            "recipient" => Some(Offer::Named(Names::Recipients)),
            "action" => Some(Offer::Actions),
            _ => None,
        }
    }
}

fn completer(offer: Offer, offers: &Offers) -> ArgValueCompleter {
    let words = |words: Vec<String>| words.into_iter().map(CompletionCandidate::new).collect::<Vec<_>>();
    match offer {
        Offer::Files => match offers.left_to_shell.clone() {
            Some(flag) => ArgValueCompleter::new(move |_: &std::ffi::OsStr| {
                flag.store(true, Ordering::Relaxed);
                Vec::new()
            }),
            None => ArgValueCompleter::new(PathCompleter::any()),
        },
        Offer::Actions => ArgValueCompleter::new(move |typed: &std::ffi::OsStr| {
            let typed = typed.to_string_lossy();
            let known = Action::ALL.iter().map(|action| action.as_str());
            words(known.filter(|action| action.starts_with(&*typed)).map(str::to_owned).collect())
        }),
        Offer::Named(names) => {
            let look_up = Arc::clone(&offers.look_up);
            ArgValueCompleter::new(move |typed: &std::ffi::OsStr| match typed.to_str() {
                Some(typed) => {
                    let mut found = look_up(names, typed);
                    found.retain(|name| begins(name, typed) && !name.starts_with('-'));
                    words(found)
                }
                None => Vec::new(),
            })
        }
    }
}

/// Whether `name` begins with `start`, whatever the case: who looks for `acme` means `Acme Ltd`.
fn begins(name: &str, start: &str) -> bool {
    let mut chars = name.chars().flat_map(char::to_lowercase);
    start.chars().flat_map(char::to_lowercase).all(|char| chars.next() == Some(char))
}
