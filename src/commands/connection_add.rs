//! `tokenctl connection add`

use crate::app::App;
use crate::cli::connection::{AddCommand, NetsuiteArgs, NewArgs, Oauth2Args};
use crate::cli::enums::GrantWord;
use crate::domain::connection::{Environment, Provider};
use crate::domain::ids::AppName;
use crate::domain::settings::{
    ClientAuthentication, GrantKind, MemberSettings, NetsuiteSettings, default_assertion_seconds,
};
use crate::ops::OpsError;
use crate::ops::apps::{NewApp, RegistrationChanges};
use crate::ops::connections::{self, NewConnection, Overview};
use crate::output::Hint;

use super::app::{client_secret, server};
use super::connection::{detail, lifetime, lower};
use super::error::CommandError;
use super::finish::Finished;
use super::session;

/// Runs `connection add …`.
pub(super) async fn run(app: &App, command: &AddCommand) -> Result<Finished, CommandError> {
    match command {
        AddCommand::Netsuite(args) => netsuite(app, args),
        AddCommand::Quickbooks(args) => {
            let settings = MemberSettings {
                realm: Some(args.realm.clone()),
                ..MemberSettings::new(GrantKind::RefreshToken)
            };
            member(app, (Provider::Quickbooks, &args.new), (&args.app, settings))
        }
        AddCommand::Pax8(args) => {
            let settings = MemberSettings {
                audience: args.audience.clone(),
                ..MemberSettings::new(GrantKind::ClientCredentials)
            };
            member(app, (Provider::Pax8, &args.new), (&args.app, settings))
        }
        AddCommand::Oauth2(args) => match &args.app {
            Some(name) => {
                let settings = MemberSettings { scopes: args.scope.clone(), ..oauth2_settings(args) };
                member(app, (Provider::Oauth2, &args.new), (name, settings))
            }
            None => with_app(app, args).await,
        },
    }
}

fn netsuite(app: &App, args: &NetsuiteArgs) -> Result<Finished, CommandError> {
    let doing = |error: OpsError| CommandError::from(error).doing(format!("cannot add `{}`", args.name));
    let session = session::open(app)?;
    let new = netsuite_connection(args);
    if args.dry_run.dry_run {
        let planned = connections::plan_add(&session, new).map_err(doing)?;
        return Ok(Finished::report(detail(app, "planned", &planned)));
    }
    let added = connections::add(&session, new).map_err(doing)?;
    let next = Hint::command("to make its first key, run", ["keygen", args.name.as_str()]);
    Ok(Finished::report(detail(app, "added", &added)).hinted(next))
}

fn netsuite_connection(args: &NetsuiteArgs) -> NewConnection {
    let assertion = &args.assertion;
    NewConnection {
        name: args.name.clone(),
        provider: Provider::Netsuite,
        environment: args.environment.map_or_else(|| Environment::of_account(&args.account), Into::into),
        company: args.company.clone(),
        app: None,
        settings: NetsuiteSettings {
            scopes: args.scope.clone(),
            scope_style: assertion.scope_style.map(Into::into).unwrap_or_default(),
            subject: assertion.subject.map(Into::into).unwrap_or_default(),
            signing_algorithm: assertion.signing_algorithm.map(Into::into),
            assertion_seconds: lifetime(assertion).unwrap_or_else(default_assertion_seconds),
            entity: args.entity.clone(),
            role: args.role.clone(),
            token_url: args.token_url.clone(),
            certificate_url: args.certificate_url.clone(),
            trusted_hosts: lower(&args.trust_hosts),
            ..NetsuiteSettings::new(args.account.clone(), args.client_id.clone())
        }
        .into(),
        tags: args.tags.iter().cloned().collect(),
    }
}

fn oauth2_settings(args: &Oauth2Args) -> MemberSettings {
    MemberSettings {
        realm: args.realm.clone(),
        audience: args.audience.clone(),
        ..MemberSettings::new(args.grant.into())
    }
}

fn new_member(
    (provider, args): (Provider, &NewArgs),
    app: Option<&AppName>,
    settings: MemberSettings,
) -> NewConnection {
    NewConnection {
        name: args.name.clone(),
        provider,
        environment: Environment::Production,
        company: args.company.clone(),
        app: app.cloned(),
        settings: settings.into(),
        tags: args.tags.iter().cloned().collect(),
    }
}

/// Adds a connection of an app that is there.
fn member(
    app: &App,
    (provider, args): (Provider, &NewArgs),
    (owner, settings): (&AppName, MemberSettings),
) -> Result<Finished, CommandError> {
    let doing = |error: OpsError| CommandError::from(error).doing(format!("cannot add `{}`", args.name));
    let session = session::open(app)?;
    let new = new_member((provider, args), Some(owner), settings);
    if args.dry_run.dry_run {
        let planned = connections::plan_add(&session, new).map_err(doing)?;
        return Ok(Finished::report(detail(app, "planned", &planned)));
    }
    Ok(finished(app, &connections::add(&session, new).map_err(doing)?, None))
}

/// Adds a connection with an app of its own name.
async fn with_app(app: &App, args: &Oauth2Args) -> Result<Finished, CommandError> {
    let NewArgs { name, dry_run, .. } = &args.new;
    let doing = |error: OpsError| CommandError::from(error).doing(format!("cannot add `{name}`"));
    // expect: both kinds of names follow one rule.
    let owner: AppName = name.as_str().parse().expect("a connection's name is an app's, too");
    let client = &args.client;
    let mut registration = RegistrationChanges {
        client_id: client.client_id.clone(),
        scopes: Some(args.scope.clone()),
        redirect_uri: client.redirect_uri.clone().map(Some),
        token_url: client.token_url.clone().map(Some),
        trusted_hosts: Some(lower(&client.trust_hosts)),
        ..RegistrationChanges::default()
    };
    server(&args.server, &mut registration);
    let method = registration.authentication.unwrap_or(ClientAuthentication::ClientSecretBasic);
    let file = client.client_secret_file.as_deref();
    let secret =
        if method.needs_secret() || file.is_some() { client_secret(app, file, &owner)? } else { None };
    let session = session::open(app)?;
    let own = NewApp {
        name: owner,
        provider: Provider::Oauth2,
        environment: client.environment.map_or(Environment::Production, Into::into),
        registration,
        secret,
    };
    let new = new_member((Provider::Oauth2, &args.new), None, oauth2_settings(args));
    if dry_run.dry_run {
        let planned = connections::plan_add_with_app(&session, new, own).await.map_err(doing)?;
        return Ok(Finished::report(detail(app, "planned", &planned)));
    }
    let added = connections::add_with_app(&session, new, own).await.map_err(doing)?;
    Ok(finished(app, &added, Some(args.grant)))
}

/// The report of a connection that was added, with the command that brings it to its first token.
fn finished(app: &App, added: &Overview, grant: Option<GrantWord>) -> Finished {
    let name = added.connection.name.as_str();
    let owner = added.app.as_ref().map_or("APP", |app| app.name.as_str());
    let next = match (added.connection.settings.grant(), added.authentication(), grant) {
        (_, ClientAuthentication::PrivateKeyJwt, _) => {
            Hint::command("to make its first key, run", ["keygen", name])
        }
        (GrantKind::ClientCredentials, ..) => Hint::command("to prove that it works, run", ["verify", name]),
        (GrantKind::RefreshToken, _, Some(GrantWord::RefreshToken)) => {
            let take_over = ["token", "import", name, "--refresh-token-file=FILE"];
            Hint::command("to take over its refresh token, run", take_over)
        }
        (GrantKind::RefreshToken, ..) => {
            Hint::command("to have a person consent, run", ["login", owner, "--name", name])
        }
    };
    Finished::report(detail(app, "added", added)).hinted(next)
}
