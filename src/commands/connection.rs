//! `tokenctl connection`

use std::collections::BTreeMap;

use url::Url;

use crate::app::App;
use crate::cli::connection::{
    AssertionArgs, ChangeArgs, ConnectionCommand, FilterArgs, ImportArgs, ListArgs, NameArgs, SetArgs,
};
use crate::domain::counted::counted;
use crate::domain::selection::Selection;
use crate::domain::standing::standing;
use crate::ops::backups;
use crate::ops::connections::{self, Changed, Changes, Overview};
use crate::ops::interact::Interact as _;
use crate::ops::{OpsError, import, members};
use crate::output::Hint;
use crate::output::reports::connection::{
    ConnectionDetail, ConnectionLine, ConnectionList, ConnectionRow, Described, connection_table,
};
use crate::output::reports::grant::EndRow;
use crate::output::reports::import::{Batch, BatchRow};

use super::error::CommandError;
use super::exit::Exit;
use super::finish::Finished;
use super::steps::key_rows;
use super::{batch, connection_add, import_file, session, vault_care};

/// Runs `connection …`.
pub(super) async fn run(app: &App, command: &ConnectionCommand) -> Result<Finished, CommandError> {
    match command {
        ConnectionCommand::Add(command) => connection_add::run(app, command).await,
        ConnectionCommand::Import(args) => import_rows(app, args),
        ConnectionCommand::List(args) => list(app, args),
        ConnectionCommand::Show(args) => show(app, args),
        ConnectionCommand::Set(args) => set(app, args).await,
        ConnectionCommand::Enable(args) => enable(app, args, true),
        ConnectionCommand::Disable(args) => enable(app, args, false),
        ConnectionCommand::Remove(args) => remove(app, args),
    }
}

pub(super) fn lifetime(args: &AssertionArgs) -> Option<u32> {
    args.assertion_lifetime.map(|lifetime| u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX))
}

pub(super) fn lower(hosts: &[String]) -> Vec<String> {
    hosts.iter().map(|host| host.to_ascii_lowercase()).collect()
}

pub(super) fn detail(app: &App, action: &'static str, overview: &Overview) -> ConnectionDetail {
    ConnectionDetail { action, proven: None, connection: overview_row(app, overview) }
}

fn overview_row(app: &App, overview: &Overview) -> ConnectionRow {
    let now = app.clock.now();
    let facts = overview.facts(now);
    let described = Described {
        connection: &overview.connection,
        app: overview.app.as_deref(),
        keys: &overview.keys,
        rows: key_rows(&overview.connection, &overview.keys, now),
        standing: standing(facts),
        end: facts.end(),
        grant: overview.grant.as_ref(),
        token: overview.token.as_ref(),
        verification: overview.verification.as_ref(),
    };
    ConnectionRow::new(described, now)
}

/// The connections that the filter flags choose.
pub(super) fn selection(filter: &FilterArgs) -> Selection {
    Selection { company: filter.company.clone(), tag: filter.tag.clone(), ..Selection::default() }
}

fn list(app: &App, args: &ListArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let selection = Selection { search: args.search.clone(), ..selection(&args.filter) };
    let doing = |error: OpsError| CommandError::from(error).doing("cannot list the connections");
    if app.delivery().is_for_people() {
        let now = app.clock.now();
        let members = members::list(&session, &selection).map_err(doing)?;
        let lines = members.into_iter().map(|member| ConnectionLine {
            name: member.name.to_string(),
            provider: member.provider.as_str(),
            account: member.account,
            company: member.company.map(|company| company.name),
            status: member.standing,
            expires: member.end.map(|end| EndRow::new(end, now)),
        });
        return Ok(Finished::view(connection_table(lines)));
    }
    let connections =
        connections::list_as(&session, &selection, |overview| overview_row(app, &overview)).map_err(doing)?;
    Ok(Finished::report(ConnectionList { connections }))
}

fn show(app: &App, args: &NameArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let overview = connections::show(&session, &args.name)
        .map_err(|error| CommandError::from(error).doing(format!("cannot show `{}`", args.name)))?;
    let connection = overview_row(app, &overview);
    Ok(Finished::report(ConnectionDetail { action: "shown", proven: None, connection }))
}

async fn set(app: &App, args: &SetArgs) -> Result<Finished, CommandError> {
    let doing = |error: OpsError| CommandError::from(error).doing(format!("cannot change `{}`", args.name));
    let wanted = changes(args)?;
    if wanted == Changes::default() {
        return Err(CommandError::usage("nothing was given to change")
            .hinted(Hint::command("what can be changed is shown by", ["connection", "set", "--help"])));
    }
    let session = session::open(app)?;
    let dry_run = args.dry_run.dry_run;
    let changed = if dry_run {
        connections::plan(&session, &args.name, &wanted).map_err(doing)?
    } else {
        connections::set(&session, &args.name, &wanted).await.map_err(doing)?
    };
    if let Some(warning) = &changed.warning {
        app.console.warn(warning);
    }
    let connection = overview_row(app, &changed.overview);
    let action = if dry_run { "planned" } else { "changed" };
    let Changed { exchange_settings, proven, .. } = changed;
    Ok(Finished::report(ConnectionDetail { action, proven: exchange_settings.then_some(proven), connection }))
}

fn changes(args: &SetArgs) -> Result<Changes, CommandError> {
    let assertion = &args.assertion;
    Ok(Changes {
        name: args.rename.clone(),
        company: args.company.clone().map(non_empty),
        tags: args.tags.iter().cloned().collect::<BTreeMap<_, _>>(),
        untag: args.untag.clone(),
        environment: args.environment.map(Into::into),
        account: args.account.clone(),
        client_id: args.client_id.clone(),
        scopes: args.scope.clone(),
        scope_style: assertion.scope_style.map(Into::into),
        subject: assertion.subject.map(Into::into),
        signing_algorithm: assertion.signing_algorithm.map(|word| Some(word.into())),
        assertion_seconds: lifetime(assertion),
        entity: args.entity.clone().map(non_empty),
        role: args.role.clone().map(non_empty),
        token_url: args.token_url.clone().map(|text| optional_url("--token-url", text)).transpose()?,
        certificate_url: args
            .certificate_url
            .clone()
            .map(|text| optional_url("--certificate-url", text))
            .transpose()?,
        trusted_hosts: if args.trust_no_host {
            Some(Vec::new())
        } else {
            args.trust_hosts.as_deref().map(lower)
        },
        realm: args.realm.clone().map(non_empty),
        audience: args.audience.clone().map(non_empty),
        revert: args.revert,
        unproven: args.unproven,
    })
}

pub(super) fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

pub(super) fn optional_url(flag: &str, text: String) -> Result<Option<Url>, CommandError> {
    non_empty(text)
        .map(|text| text.parse::<Url>())
        .transpose()
        .map_err(|error| CommandError::usage(format!("{flag} is not a URL")).because(error.to_string()))
}

fn enable(app: &App, args: &ChangeArgs, enabled: bool) -> Result<Finished, CommandError> {
    let doing = |error: OpsError| CommandError::from(error).doing(format!("cannot change `{}`", args.name));
    let session = session::open(app)?;
    let mut overview = connections::show(&session, &args.name).map_err(doing)?;
    let mut changed = overview.connection.enabled != enabled;
    if args.dry_run.dry_run {
        overview.connection.enabled = enabled;
        let action = if changed { "planned" } else { "unchanged" };
        let connection = overview_row(app, &overview);
        return Ok(Finished::report(ConnectionDetail { action, proven: None, connection }));
    }
    (overview.connection, changed) =
        connections::set_enabled(&session, &args.name, enabled).map_err(doing)?;
    let action = match (changed, enabled) {
        (false, _) => "unchanged",
        (true, true) => "enabled",
        (true, false) => "disabled",
    };
    let connection = overview_row(app, &overview);
    Ok(Finished::report(ConnectionDetail { action, proven: None, connection }))
}

fn remove(app: &App, args: &ChangeArgs) -> Result<Finished, CommandError> {
    let doing = |error: OpsError| CommandError::from(error).doing(format!("cannot remove `{}`", args.name));
    let session = session::open(app)?;
    let overview = connections::show(&session, &args.name).map_err(doing)?;
    if let Some(grant) = overview.grant.as_ref().filter(|grant| grant.may_be_alive()) {
        let until = grant.nearest_expiry().map_or_else(String::new, |at| format!(" until {at:.0}"));
        app.console.warn(&format!("the vendor goes on honouring the grant of {}{until}", args.name));
        app.console
            .hint(&Hint::command("to give it back first, run", ["token", "revoke", args.name.as_str()]));
    }
    let unsaved = backups::unsaved_connection(&session, &overview);
    vault_care::warn_unsaved(app, "what is about to be destroyed", unsaved);
    if args.dry_run.dry_run {
        let connection = overview_row(app, &overview);
        return Ok(Finished::report(ConnectionDetail { action: "planned", proven: None, connection }));
    }
    let keys = overview.keys.iter().count();
    let what = if overview.grant.is_some() {
        "forget its grant".to_owned()
    } else {
        format!("destroy its {}", counted(keys, "key"))
    };
    let question = format!("Remove {} and {what}? There is no way back", args.name);
    session::confirm(&session, &question)
        .map_err(|error| error.doing(format!("cannot remove `{}`", args.name)))?;
    let overview = connections::remove(&session, &args.name).map_err(doing)?;
    let connection = overview_row(app, &overview);
    Ok(Finished::report(ConnectionDetail { action: "removed", proven: None, connection }))
}

fn import_rows(app: &App, args: &ImportArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let text = app.read_file(&args.file)?;
    let rows = import_file::parse(&text)
        .map_err(|error| error.doing(format!("cannot import {}", args.file.display())))?;
    let dry_run = args.dry_run.dry_run;
    let names: Vec<_> =
        rows.iter().map(|row| row.parsed.as_ref().ok().map(|new| new.name.to_string())).collect();
    let results = import::import(&session, rows, dry_run)
        .map_err(|error| CommandError::from(error).doing(format!("cannot import {}", args.file.display())))?;
    let rows: Vec<_> = results
        .into_iter()
        .zip(names)
        .map(|(one, name)| {
            // A plan's ids are never seen again.
            let id = one.result.as_ref().ok().filter(|_| !dry_run).map(|added| added.id.to_string());
            let failure = one.result.err().map(CommandError::from);
            let exit = failure.as_ref().map_or(Exit::Ok, CommandError::exit);
            BatchRow {
                row: Some(one.row),
                name,
                connection_id: id,
                code: exit.code(),
                result: exit.name(),
                message: failure.map(|failure| failure.problem().message.to_owned()),
                fingerprint: None,
            }
        })
        .collect();
    let failure = batch::failure(rows.iter().map(|row| row.code), "not every row was imported");
    let finished = Finished::report(Batch::import(rows, !dry_run));
    Ok(match failure {
        Some(failure) => finished.failing(failure),
        None => finished.hinted(Hint::command("to make their first keys, run", ["keygen", "--all-missing"])),
    })
}
