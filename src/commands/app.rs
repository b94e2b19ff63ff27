//! `tokenctl app`

use std::path::Path;

use crate::app::App;
use crate::cli::app::{
    AppAddCommand, AppArgs, AppChangeArgs, AppCommand, AppNameArgs, AppSetArgs, ServerArgs,
};
use crate::domain::connection::Provider;
use crate::domain::ids::AppName;
use crate::ops::OpsError;
use crate::ops::apps::{self, AppChanges, AppOverview, NewApp, RegistrationChanges};
use crate::ops::interact::Interact as _;
use crate::output::Hint;
use crate::output::reports::app::{AppDetail, AppList, AppRow, QuarantinedRow};
use crate::secret::{Secret, SecretString};

use super::connection::{lower, non_empty, optional_url};
use super::error::CommandError;
use super::finish::Finished;
use super::session;

/// Runs `app …`.
pub(super) async fn run(app: &App, command: &AppCommand) -> Result<Finished, CommandError> {
    match command {
        AppCommand::Add(command) => add(app, command).await,
        AppCommand::List => list(app),
        AppCommand::Show(args) => show(app, args),
        AppCommand::Set(args) => set(app, args).await,
        AppCommand::Remove(args) => remove(app, args),
    }
}

async fn add(app: &App, command: &AppAddCommand) -> Result<Finished, CommandError> {
    let (provider, args) = match command {
        AppAddCommand::Quickbooks(args) => (Provider::Quickbooks, &args.app),
        AppAddCommand::Pax8(args) => (Provider::Pax8, &args.app),
        AppAddCommand::Oauth2(args) => (Provider::Oauth2, &args.app),
    };
    let doing =
        |error: OpsError| CommandError::from(error).doing(format!("cannot add the app `{}`", args.name));
    let mut registration = registration(args);
    match command {
        AppAddCommand::Quickbooks(args) => registration.redirect_uri = args.redirect_uri.clone().map(Some),
        AppAddCommand::Pax8(_) => {}
        AppAddCommand::Oauth2(args) => {
            registration.redirect_uri = args.redirect_uri.clone().map(Some);
            server(&args.server, &mut registration);
        }
    }
    let secret = if apps::needs_secret(provider, &registration) || args.client_secret_file.is_some() {
        client_secret(app, args.client_secret_file.as_deref(), &args.name)?
    } else {
        None
    };
    let session = session::open(app)?;
    let environment = args.environment.into();
    let new = NewApp { name: args.name.clone(), provider, environment, registration, secret };
    if args.dry_run.dry_run {
        let (planned, _) = apps::plan_add(&session, new).await.map_err(doing)?;
        return Ok(Finished::report(detail("planned", &planned)));
    }
    let added = apps::add(&session, new).await.map_err(doing)?;
    let name = added.name.to_string();
    let next = match provider {
        Provider::Pax8 => Hint::command(
            "to make a connection of it, run",
            ["connection", "add", "pax8", "NAME", "--app", &name],
        ),
        _ => Hint::command("to connect a customer, run", ["login", &name]),
    };
    Ok(Finished::report(detail("added", &added)).hinted(next))
}

pub(super) fn registration(args: &AppArgs) -> RegistrationChanges {
    RegistrationChanges {
        client_id: Some(args.client_id.clone()),
        scopes: Some(args.scope.clone()),
        token_url: args.token_url.clone().map(Some),
        trusted_hosts: Some(lower(&args.trust_hosts)),
        ..RegistrationChanges::default()
    }
}

/// Adds what the flags say of the server.
pub(super) fn server(args: &ServerArgs, registration: &mut RegistrationChanges) {
    registration.discovery.clone_from(&args.discovery);
    registration.authorize_url.clone_from(&args.authorize_url);
    registration.device_url.clone_from(&args.device_url);
    registration.revoke_url.clone_from(&args.revoke_url);
    registration.api_url.clone_from(&args.userinfo_url);
    registration.issuer.clone_from(&args.issuer);
    registration.authentication = args.authentication.map(Into::into);
    registration.pkce = args.pkce.map(Into::into);
    registration.authorize_parameters = args.authorize_parameters.iter().cloned().collect();
    registration.signing_algorithm = args.signing_algorithm.map(Into::into);
    registration.assertion_seconds =
        args.assertion_lifetime.map(|lifetime| u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX));
}

/// Reads the client secret from a file, standard input or a prompt; a line feed at its end is the file's.
pub(super) fn client_secret(
    app: &App,
    file: Option<&Path>,
    name: &AppName,
) -> Result<Option<SecretString>, CommandError> {
    let Some(file) = file else {
        let asked = app.console.passphrase(&format!("client secret of {name}"));
        return asked.map_err(|why| {
            CommandError::from(why)
                .hinted(Hint::text("name a file that holds it: `--client-secret-file F`, or `-`"))
        });
    };
    secret_line(app, file, "client secret").map(Some)
}

/// Reads a file that holds one secret on one line; the line feed at its end is the file's.
pub(super) fn secret_line(app: &App, file: &Path, what: &str) -> Result<SecretString, CommandError> {
    let text = app.read_secret(file)?.into_text();
    let text = text.ok_or_else(|| CommandError::usage(format!("{} is not UTF-8", file.display())))?;
    let line = text.expose().trim_end_matches(['\r', '\n']);
    if line.is_empty() || line.contains(|char: char| char.is_control()) {
        return Err(CommandError::usage(format!("{} holds no {what}", file.display()))
            .hinted(Hint::text(format!("the file must hold the {what} alone, on one line"))));
    }
    Ok(Secret::new(line.to_owned()))
}

fn detail(action: &'static str, app: &crate::domain::app::App) -> AppDetail {
    let app = AppRow::new(app, 0);
    AppDetail { action, proven: None, app, connections: Vec::new(), quarantined: Vec::new() }
}

fn overview(action: &'static str, proven: Option<bool>, overview: &AppOverview) -> AppDetail {
    AppDetail {
        action,
        proven,
        app: AppRow::new(&overview.app, overview.connections.len() as u64),
        connections: overview.connections.iter().map(|connection| connection.name.to_string()).collect(),
        quarantined: overview
            .quarantined
            .iter()
            .map(|grant| QuarantinedRow {
                id: grant.id.to_string(),
                realm: grant.realm.clone(),
                reason: grant.reason.clone(),
                received_at: grant.received_at,
            })
            .collect(),
    }
}

fn list(app: &App) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let found =
        apps::list(&session).map_err(|error| CommandError::from(error).doing("cannot list the apps"))?;
    Ok(Finished::report(AppList {
        apps: found.iter().map(|(app, count)| AppRow::new(app, *count)).collect(),
    }))
}

fn show(app: &App, args: &AppNameArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let found = apps::show(&session, &args.name)
        .map_err(|error| CommandError::from(error).doing(format!("cannot show the app `{}`", args.name)))?;
    Ok(Finished::report(overview("shown", None, &found)))
}

async fn set(app: &App, args: &AppSetArgs) -> Result<Finished, CommandError> {
    let doing =
        |error: OpsError| CommandError::from(error).doing(format!("cannot change the app `{}`", args.name));
    let registration = changes(args)?;
    let nothing = registration == RegistrationChanges::default()
        && args.rename.is_none()
        && args.client_secret_file.is_none()
        && !args.revert;
    if nothing {
        return Err(CommandError::usage("nothing was given to change")
            .hinted(Hint::command("what can be changed is shown by", ["app", "set", "--help"])));
    }
    let secret = match &args.client_secret_file {
        Some(file) => client_secret(app, Some(file), &args.name)?,
        None => None,
    };
    let session = session::open(app)?;
    let changes = AppChanges {
        name: args.rename.clone(),
        registration,
        secret,
        revert: args.revert,
        unproven: args.unproven,
    };
    if args.dry_run.dry_run {
        let done = apps::plan_set(&session, &args.name, changes).await.map_err(doing)?;
        return Ok(Finished::report(overview("planned", done.proven, &done.found)));
    }
    let done = apps::set(&session, &args.name, changes).await.map_err(doing)?;
    Ok(Finished::report(overview("changed", done.proven, &done.found)))
}

fn changes(args: &AppSetArgs) -> Result<RegistrationChanges, CommandError> {
    let mut registration = RegistrationChanges {
        client_id: args.client_id.clone(),
        scopes: args.scope.clone(),
        redirect_uri: args.redirect_uri.clone().map(non_empty),
        token_url: args.token_url.clone().map(|text| optional_url("--token-url", text)).transpose()?,
        trusted_hosts: if args.trust_no_host {
            Some(Vec::new())
        } else {
            args.trust_hosts.as_deref().map(lower)
        },
        ..RegistrationChanges::default()
    };
    server(&args.server, &mut registration);
    Ok(registration)
}

fn remove(app: &App, args: &AppChangeArgs) -> Result<Finished, CommandError> {
    let doing =
        |error: OpsError| CommandError::from(error).doing(format!("cannot remove the app `{}`", args.name));
    let session = session::open(app)?;
    if args.dry_run.dry_run {
        let found = apps::plan_remove(&session, &args.name).map_err(doing)?;
        return Ok(Finished::report(overview("planned", None, &found)));
    }
    let removed = apps::remove(&session, &args.name).map_err(doing)?;
    Ok(Finished::report(overview("removed", None, &removed)))
}
