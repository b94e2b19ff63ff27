//! `tokenctl connection`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

use super::DryRun;
use super::app::ServerArgs;
use super::enums::{
    AppEnvironmentWord, EnvironmentWord, GrantWord, ScopeStyleWord, SigningWord, SubjectWord,
};
use crate::domain::connection::AccountId;
use crate::domain::ids::{AppName, ConnectionName};

/// Manage connections and their settings
#[derive(Debug, Subcommand)]
pub enum ConnectionCommand {
    /// Add a connection
    #[command(subcommand)]
    Add(AddCommand),
    /// Add many connections from a CSV or JSON Lines file, in one commit
    Import(ImportArgs),
    /// List connections with their state and expiries
    List(ListArgs),
    /// Show one connection
    Show(NameArgs),
    /// Change a connection; what takes part in an exchange is proven first
    Set(Box<SetArgs>),
    /// Allow a connection to be used again
    Enable(ChangeArgs),
    /// Keep a connection from being used; its keys stay
    Disable(ChangeArgs),
    /// Remove a connection and destroy its secrets
    Remove(ChangeArgs),
}

/// `connection add PROVIDER`
#[derive(Debug, Subcommand)]
pub enum AddCommand {
    /// Add a NetSuite account (OAuth 2.0 machine to machine)
    Netsuite(Box<NetsuiteArgs>),
    /// Add a QuickBooks Online company before it is connected; `login` does so by itself
    Quickbooks(Box<QuickbooksArgs>),
    /// Add a connection of Pax8 API credentials
    Pax8(Box<Pax8Args>),
    /// Add a connection to any OAuth 2.0 server
    Oauth2(Box<Oauth2Args>),
}

/// What every connection has.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// Unique name of the connection
    pub name: ConnectionName,
    /// Company that the connection belongs to
    #[arg(long, value_name = "TEXT")]
    pub company: Option<String>,
    /// Label for selection; repeatable
    #[arg(long = "tag", value_name = "K=V", value_parser = super::values::tag)]
    pub tags: Vec<(String, String)>,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `connection add quickbooks`
#[derive(Debug, Args)]
pub struct QuickbooksArgs {
    /// What every connection has.
    #[command(flatten)]
    pub new: NewArgs,
    /// App that the company will be connected with
    #[arg(long, value_name = "APP")]
    pub app: AppName,
    /// Company's realm id at Intuit
    #[arg(long, value_name = "ID")]
    pub realm: String,
}

/// `connection add pax8`
#[derive(Debug, Args)]
pub struct Pax8Args {
    /// What every connection has.
    #[command(flatten)]
    pub new: NewArgs,
    /// App with the API credentials
    #[arg(long, value_name = "APP")]
    pub app: AppName,
    /// What the tokens are for [default: that of Pax8's partners]
    #[arg(long, value_name = "AUDIENCE")]
    pub audience: Option<String>,
}

/// `connection add oauth2`
#[derive(Debug, Args)]
pub struct Oauth2Args {
    /// What every connection has.
    #[command(flatten)]
    pub new: NewArgs,
    /// How it comes to its tokens
    #[arg(long, value_name = "GRANT", default_value = "client-credentials")]
    pub grant: GrantWord,
    /// Customer's account at the server, for people
    #[arg(long, value_name = "ID")]
    pub realm: Option<String>,
    /// What the tokens are for, where the server wants to be told
    #[arg(long, value_name = "AUDIENCE")]
    pub audience: Option<String>,
    /// Scopes to ask for [default: the app's]
    #[arg(long, value_name = "SCOPE,…", value_delimiter = ',')]
    pub scope: Vec<String>,
    /// App that it belongs to; without one, an app of the same name is added with the client below
    #[arg(long, value_name = "APP", required_unless_present = "client_id", conflicts_with_all = ["client_id", "client_secret_file", "environment", "token_url", "redirect_uri", "trust_hosts", "discovery", "authorize_url", "device_url", "revoke_url", "userinfo_url", "issuer", "authentication", "pkce", "authorize_parameters", "signing_algorithm", "assertion_lifetime"])]
    pub app: Option<AppName>,
    /// The client, where no app is named.
    #[command(flatten)]
    pub client: ClientArgs,
    /// The server and how the client proves who it is, where no app is named.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// A client of a server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Client")]
pub struct ClientArgs {
    /// Client id
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub client_id: Option<String>,
    /// File with the client secret; `-` reads standard input [default: asked for]
    #[arg(long, value_name = "FILE")]
    pub client_secret_file: Option<PathBuf>,
    /// World that the client belongs to [default: production]
    #[arg(long, value_name = "ENV")]
    pub environment: Option<AppEnvironmentWord>,
    /// Token endpoint, without metadata
    #[arg(long, value_name = "URL")]
    pub token_url: Option<Url>,
    /// Where the server sends the browser back to, exactly as it is registered there
    #[arg(long, value_name = "URL")]
    pub redirect_uri: Option<String>,
    /// Trust this host although it is not the server's; audited; repeatable
    #[arg(long = "trust-host", value_name = "HOST")]
    pub trust_hosts: Vec<String>,
}

/// `connection add netsuite`
#[derive(Debug, Args)]
pub struct NetsuiteArgs {
    /// Unique name of the connection
    pub name: ConnectionName,
    /// Account id, such as 1234567 or 1234567_SB1 (Setup > Company > Company Information)
    #[arg(long, value_name = "ID")]
    pub account: AccountId,
    /// Client id of the integration record
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub client_id: String,
    /// Scopes to ask for: restlets, rest_webservices, suite_analytics
    #[arg(long, value_name = "SCOPE,…", value_delimiter = ',', default_values = ["restlets", "rest_webservices"])]
    pub scope: Vec<String>,
    /// Which of NetSuite's worlds the account lives in [default: by the account id]
    #[arg(long, value_name = "ENV")]
    pub environment: Option<EnvironmentWord>,
    /// Entity (user) id that the certificate will be mapped to
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub entity: Option<String>,
    /// Role id that the certificate will be mapped to
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub role: Option<String>,
    /// Company that the connection belongs to
    #[arg(long, value_name = "TEXT")]
    pub company: Option<String>,
    /// Label for selection; repeatable
    #[arg(long = "tag", value_name = "K=V", value_parser = super::values::tag)]
    pub tags: Vec<(String, String)>,
    /// Token endpoint instead of the one that the account id leads to
    #[arg(long, value_name = "URL")]
    pub token_url: Option<Url>,
    /// Certificate endpoint instead of the one that the account id leads to
    #[arg(long, value_name = "URL")]
    pub certificate_url: Option<Url>,
    /// Trust this host although it is not NetSuite's; audited; repeatable
    #[arg(long = "trust-host", value_name = "HOST")]
    pub trust_hosts: Vec<String>,
    /// How the client assertion is written.
    #[command(flatten)]
    pub assertion: AssertionArgs,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// How the client assertion is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Client assertion")]
pub struct AssertionArgs {
    /// How the scopes stand in the assertion [default: array]
    #[arg(long, value_name = "STYLE")]
    pub scope_style: Option<ScopeStyleWord>,
    /// What the assertion's `sub` says [default: omit]
    #[arg(long, value_name = "CLAIM")]
    pub subject: Option<SubjectWord>,
    /// Signature algorithm [default: PS256 for RSA, ES256 or ES384 by curve]
    #[arg(long, value_name = "ALG")]
    pub signing_algorithm: Option<SigningWord>,
    /// Lifetime of an assertion, under 60 minutes [default: 5m]
    #[arg(long, value_name = "DUR", value_parser = super::values::duration)]
    pub assertion_lifetime: Option<std::time::Duration>,
}

/// `connection import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// CSV with a header line, or JSON Lines; `-` reads standard input
    pub file: PathBuf,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `connection list`
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Which ones.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Only connections with this text in name, company or account
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
}

/// Choosing connections without naming them.
#[derive(Debug, Args)]
pub struct FilterArgs {
    /// Only connections of this company (name or id)
    #[arg(long, value_name = "COMPANY")]
    pub company: Option<String>,
    /// Only connections with this label
    #[arg(long, value_name = "K=V", value_parser = super::values::tag)]
    pub tag: Option<(String, String)>,
}

/// One connection.
#[derive(Debug, Args)]
pub struct NameArgs {
    /// Name of the connection
    pub name: ConnectionName,
}

/// One connection that is to be changed.
#[derive(Debug, Args)]
pub struct ChangeArgs {
    /// Name of the connection
    pub name: ConnectionName,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `connection set`
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Name of the connection
    pub name: ConnectionName,
    /// New name
    #[arg(long, value_name = "NAME")]
    pub rename: Option<ConnectionName>,
    /// Company that the connection belongs to; empty removes it
    #[arg(long, value_name = "TEXT")]
    pub company: Option<String>,
    /// Label to add or replace; repeatable
    #[arg(long = "tag", value_name = "K=V", value_parser = super::values::tag)]
    pub tags: Vec<(String, String)>,
    /// Label to remove; repeatable
    #[arg(long = "untag", value_name = "K")]
    pub untag: Vec<String>,
    /// World that the account lives in
    #[arg(long, value_name = "ENV")]
    pub environment: Option<EnvironmentWord>,
    /// Account id
    #[arg(long, value_name = "ID")]
    pub account: Option<AccountId>,
    /// Client id of the integration record
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub client_id: Option<String>,
    /// Scopes to ask for
    #[arg(long, value_name = "SCOPE,…", value_delimiter = ',')]
    pub scope: Option<Vec<String>>,
    /// Realm id of a connection that belongs to an app; empty removes it
    #[arg(long, value_name = "ID")]
    pub realm: Option<String>,
    /// Audience of a connection that belongs to an app; empty goes back to the usual one
    #[arg(long, value_name = "AUDIENCE")]
    pub audience: Option<String>,
    /// Entity id that the certificate is mapped to; empty removes it
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub entity: Option<String>,
    /// Role id that the certificate is mapped to; empty removes it
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub role: Option<String>,
    /// Token endpoint; empty goes back to the account's own
    #[arg(long, value_name = "URL")]
    pub token_url: Option<String>,
    /// Certificate endpoint; empty goes back to the account's own
    #[arg(long, value_name = "URL")]
    pub certificate_url: Option<String>,
    /// Hosts to trust although they are not NetSuite's, replacing the ones so far; repeatable
    #[arg(long = "trust-host", value_name = "HOST")]
    pub trust_hosts: Option<Vec<String>>,
    /// Trust no host but NetSuite's
    #[arg(long, conflicts_with = "trust_hosts")]
    pub trust_no_host: bool,
    /// How the client assertion is written.
    #[command(flatten)]
    pub assertion: AssertionArgs,
    /// Go back to the settings before the last change
    #[arg(long, conflicts_with_all = ["environment", "account", "client_id", "scope", "realm", "audience", "entity", "role", "token_url", "certificate_url", "trust_hosts", "scope_style", "subject", "signing_algorithm", "assertion_lifetime"])]
    pub revert: bool,
    /// Store settings without proving them by an exchange
    #[arg(long)]
    pub unproven: bool,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}
