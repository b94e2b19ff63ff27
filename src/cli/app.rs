//! `tokenctl app`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

use super::DryRun;
use super::enums::{AppEnvironmentWord, AuthenticationWord, PkceWord, SigningWord};
use crate::domain::ids::AppName;

/// Manage app registrations, which many connections share
#[derive(Debug, Subcommand)]
pub enum AppCommand {
    /// Add an app
    #[command(subcommand)]
    Add(AppAddCommand),
    /// List apps with how many connections belong to each
    List,
    /// Show one app
    Show(AppNameArgs),
    /// Change an app; new keys are proven before they replace the old ones
    Set(Box<AppSetArgs>),
    /// Remove an app that no connection belongs to, with its client secret
    Remove(AppChangeArgs),
}

/// `app add PROVIDER`
#[derive(Debug, Subcommand)]
pub enum AppAddCommand {
    /// Add the keys of a QuickBooks Online app
    Quickbooks(Box<QuickbooksAppArgs>),
    /// Add API credentials of Pax8
    Pax8(Box<Pax8AppArgs>),
    /// Add a client of any OAuth 2.0 server
    Oauth2(Box<Oauth2AppArgs>),
}

/// What every app has.
#[derive(Debug, Args)]
pub struct AppArgs {
    /// Unique name of the app
    pub name: AppName,
    /// Client id
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub client_id: String,
    /// File with the client secret; `-` reads standard input [default: asked for]
    #[arg(long, value_name = "FILE")]
    pub client_secret_file: Option<PathBuf>,
    /// Which of the vendor's worlds the keys belong to
    #[arg(long, value_name = "ENV", default_value = "production")]
    pub environment: AppEnvironmentWord,
    /// Scopes to ask for [default: the vendor's usual ones]
    #[arg(long, value_name = "SCOPE,…", value_delimiter = ',')]
    pub scope: Vec<String>,
    /// Trust this host although it is not the vendor's; audited; repeatable
    #[arg(long = "trust-host", value_name = "HOST")]
    pub trust_hosts: Vec<String>,
    /// Token endpoint instead of the vendor's; in the simulator the other endpoints lie beside it
    #[arg(long, value_name = "URL")]
    pub token_url: Option<Url>,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `app add quickbooks`
#[derive(Debug, Args)]
pub struct QuickbooksAppArgs {
    /// What every app has.
    #[command(flatten)]
    pub app: AppArgs,
    /// Where Intuit sends the browser back to, exactly as it is registered there
    #[arg(long, value_name = "URL")]
    pub redirect_uri: Option<String>,
}

/// `app add pax8`
#[derive(Debug, Args)]
pub struct Pax8AppArgs {
    /// What every app has.
    #[command(flatten)]
    pub app: AppArgs,
}

/// `app add oauth2`
#[derive(Debug, Args)]
pub struct Oauth2AppArgs {
    /// What every app has.
    #[command(flatten)]
    pub app: AppArgs,
    /// Where the server sends the browser back to, exactly as it is registered there
    #[arg(long, value_name = "URL")]
    pub redirect_uri: Option<String>,
    /// The server and how the client proves who it is.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// An authorization server, and how a client proves who it is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub struct ServerArgs {
    /// The server's metadata (RFC 8414 or OpenID), read once and kept
    #[arg(long, value_name = "URL")]
    pub discovery: Option<Url>,
    /// Where a person consents
    #[arg(long, value_name = "URL")]
    pub authorize_url: Option<Url>,
    /// Where a person without a browser here begins (RFC 8628)
    #[arg(long, value_name = "URL")]
    pub device_url: Option<Url>,
    /// Where a grant is given back (RFC 7009)
    #[arg(long, value_name = "URL")]
    pub revoke_url: Option<Url>,
    /// Where a token can be tried without changing anything (OpenID userinfo)
    #[arg(long, value_name = "URL")]
    pub userinfo_url: Option<Url>,
    /// The server's name for itself, compared with `iss` of a callback [default: from the metadata]
    #[arg(long, value_name = "TEXT")]
    pub issuer: Option<String>,
    /// How the client proves who it is [default: client-secret-basic]
    #[arg(long = "auth", value_name = "METHOD")]
    pub authentication: Option<AuthenticationWord>,
    /// Whether to use PKCE [default: auto]
    #[arg(long, value_name = "WHEN")]
    pub pkce: Option<PkceWord>,
    /// Further parameter of the authorization request, such as an audience; repeatable
    #[arg(long = "authorize-parameter", value_name = "K=V", value_parser = super::values::tag)]
    pub authorize_parameters: Vec<(String, String)>,
    /// Signature algorithm of a client assertion [default: PS256 for RSA, ES256 or ES384 by curve]
    #[arg(long, value_name = "ALG")]
    pub signing_algorithm: Option<SigningWord>,
    /// Lifetime of a client assertion, at most an hour [default: 5m]
    #[arg(long, value_name = "DUR", value_parser = super::values::duration)]
    pub assertion_lifetime: Option<std::time::Duration>,
}

/// One app.
#[derive(Debug, Args)]
pub struct AppNameArgs {
    /// Name of the app
    pub name: AppName,
}

/// One app that is to be changed.
#[derive(Debug, Args)]
pub struct AppChangeArgs {
    /// Name of the app
    pub name: AppName,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `app set`
#[derive(Debug, Args)]
pub struct AppSetArgs {
    /// Name of the app
    pub name: AppName,
    /// New name
    #[arg(long, value_name = "NAME")]
    pub rename: Option<AppName>,
    /// Client id
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub client_id: Option<String>,
    /// File with the new client secret; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub client_secret_file: Option<PathBuf>,
    /// Scopes to ask for at the next login, or by the next exchange of client credentials
    #[arg(long, value_name = "SCOPE,…", value_delimiter = ',')]
    pub scope: Option<Vec<String>>,
    /// Where the vendor sends the browser back to; empty removes it
    #[arg(long, value_name = "URL")]
    pub redirect_uri: Option<String>,
    /// Token endpoint; empty goes back to the vendor's own
    #[arg(long, value_name = "URL")]
    pub token_url: Option<String>,
    /// Hosts to trust although they are not the vendor's, replacing the ones so far; repeatable
    #[arg(long = "trust-host", value_name = "HOST")]
    pub trust_hosts: Option<Vec<String>>,
    /// Trust no host but the vendor's
    #[arg(long, conflicts_with = "trust_hosts")]
    pub trust_no_host: bool,
    /// The server and how the client proves who it is.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Go back to the keys and settings before the last change
    #[arg(long, conflicts_with_all = ["client_id", "client_secret_file", "scope", "redirect_uri", "token_url", "trust_hosts", "discovery", "authorize_url", "device_url", "revoke_url", "userinfo_url", "issuer", "authentication", "pkce", "authorize_parameters", "signing_algorithm", "assertion_lifetime"])]
    pub revert: bool,
    /// Store keys without proving them
    #[arg(long)]
    pub unproven: bool,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}
