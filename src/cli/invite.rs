//! `tokenctl invite`

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use url::Url;

use super::DryRun;
use super::enums::{InvitationStateWord, LinkStyleWord, ProfileWord, TokenAlgorithmWord};
use super::values;
use crate::domain::ids::InvitationId;
use crate::domain::invitation::claims::{self, ClaimName};
use crate::domain::invitation::{CompanyText, Email, Purpose, Requester, Scope};

/// Invite suppliers: mint links, follow and revoke them, let any service verify them
#[derive(Debug, Subcommand)]
pub enum InviteCommand {
    /// Mint an invitation, or one for each row of a file; its link is shown once
    Mint(Box<MintArgs>),
    /// Look at a token and say why it holds or not; nothing is counted or changed
    Check(CheckArgs),
    /// List invitations with their states
    List(SelectArgs),
    /// Show invitations; operators see the e-mail address
    Show(SelectArgs),
    /// Note that invitations were delivered
    Sent(SelectChangeArgs),
    /// Take invitations back at once
    Revoke(SelectChangeArgs),
    /// Validate a token as its link is opened; limited and counted
    Access(PresentArgs),
    /// Note that the form of an invitation was begun
    Start(PresentArgs),
    /// Note that the form of an invitation was handed in
    Submit(PresentArgs),
    /// Use an invitation up: of many at once, one wins
    Redeem(PresentArgs),
    /// Expire what is over, and erase personal data that was kept long enough
    Cleanup(CleanupArgs),
    /// List what was suspicious
    Alerts(AlertsArgs),
    /// Manage the issuer's signing keys
    #[command(subcommand)]
    Key(InviteKeyCommand),
    /// Print the public keys, for those who verify
    Jwks(JwksArgs),
    /// Manage who issues invitations, and by which rules
    #[command(subcommand)]
    Issuer(IssuerCommand),
}

/// `invite mint`
#[derive(Debug, Args)]
pub struct MintArgs {
    /// Whom to invite
    #[arg(long, value_name = "E", required_unless_present = "from_csv")]
    pub email: Option<Email>,
    /// Company that is invited
    #[arg(long, value_name = "TEXT", required_unless_present = "from_csv")]
    pub company: Option<CompanyText>,
    /// User id of whoever asked for it
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub requester: Option<Requester>,
    /// What it is for [default: supplier_onboarding]
    #[arg(long, value_name = "WORD")]
    pub purpose: Option<Purpose>,
    /// Life of the token, 5m to 90d [default: the issuer's]
    #[arg(long, value_name = "DUR", value_parser = values::positive_duration)]
    pub ttl: Option<Duration>,
    /// How often it may be redeemed [default: 1]
    #[arg(long, value_name = "N")]
    pub uses: Option<u32>,
    /// What it allows, from the issuer's list [default: the first one there]; repeatable
    #[arg(long = "scope", value_name = "SCOPE,…", value_delimiter = ',')]
    pub scopes: Vec<Scope>,
    /// Claim to add to the token; repeatable
    #[arg(long = "claim", value_name = "K=V", value_parser = claim)]
    pub claims: Vec<(ClaimName, String)>,
    /// Put the e-mail address into the token, where everybody who sees the link can read it
    #[arg(long)]
    pub email_in_token: bool,
    /// Mint for each row: CSV with the columns email, company and, if wanted, requester, purpose, ttl, uses, scope,
    /// claims; `-` reads standard input
    #[arg(
        long,
        value_name = "F|-",
        conflicts_with_all = ["email", "company", "requester", "purpose", "uses", "scopes", "claims", "qr", "format"]
    )]
    pub from_csv: Option<PathBuf>,
    /// Where the link carries the token [default: fragment]
    #[arg(long, value_name = "STYLE")]
    pub link_style: Option<LinkStyleWord>,
    /// Draw the link as a QR code, too
    #[arg(long)]
    pub qr: bool,
    /// How the result is printed [default: text, link with --output plain, json with --output json or jsonl]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<MintFormat>,
    /// Print the link even to a terminal
    #[arg(long)]
    pub show: bool,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `invite mint --format`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MintFormat {
    /// Id, expiry and link, for people
    Text,
    /// The link and a newline
    Link,
    /// The token and a newline
    Token,
    /// The JSON envelope with link and token
    Json,
}

/// `invite check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// File with the token or its link; `-` reads standard input
    #[arg(value_name = "TOKEN-FILE")]
    pub token: PathBuf,
    /// Verify with this JSON Web Key Set, a file or an https URL, instead of the vault's keys
    #[arg(long, value_name = "F|URL")]
    pub jwks: Option<String>,
    /// Look at the token alone: no vault is opened if --jwks, --issuer and --audience say what to expect
    #[arg(long)]
    pub offline: bool,
    /// Issuer to expect, with --offline
    #[arg(long, value_name = "URL", requires = "offline")]
    pub issuer: Option<String>,
    /// Audience to expect, with --offline; repeatable
    #[arg(long = "audience", value_name = "A", requires = "offline")]
    pub audience: Vec<String>,
    /// Kind of token to expect, with --offline [default: standard]
    #[arg(long, value_name = "PROFILE", requires = "offline")]
    pub profile: Option<ProfileWord>,
}

/// Choosing invitations.
#[derive(Debug, Args)]
pub struct SelectArgs {
    /// Id of the invitation
    pub id: Option<InvitationId>,
    /// Only those for this address
    #[arg(long, value_name = "E")]
    pub email: Option<Email>,
    /// Only those in this state
    #[arg(long, value_name = "STATE")]
    pub state: Option<InvitationStateWord>,
}

/// Choosing invitations that are to be changed.
#[derive(Debug, Args)]
pub struct SelectChangeArgs {
    /// Which ones.
    #[command(flatten)]
    pub select: SelectArgs,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// A token that somebody presents.
#[derive(Debug, Args)]
pub struct PresentArgs {
    /// File with the token or its link; `-` reads standard input
    #[arg(value_name = "TOKEN-FILE")]
    pub token: PathBuf,
    /// Address that it came from; limits and alerts count by it
    #[arg(long, value_name = "ADDR")]
    pub ip: Option<IpAddr>,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `invite cleanup`
#[derive(Debug, Args)]
pub struct CleanupArgs {
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `invite alerts`
#[derive(Debug, Args)]
pub struct AlertsArgs {
    /// Only since then: an RFC 3339 time, a date, or a duration back such as 7d
    #[arg(long, value_name = "WHEN", value_parser = values::since)]
    pub since: Option<values::Since>,
}

/// `invite key`
#[derive(Debug, Subcommand)]
pub enum InviteKeyCommand {
    /// Let the next key take over, and publish the one after it
    Rotate(KeyRotateArgs),
    /// List the signing keys and how long each is published
    List,
    /// Take a leaked key out of use: unpublished at once, its open invitations revoked
    Revoke(KeyRevokeArgs),
}

/// `invite key rotate`
#[derive(Debug, Args)]
pub struct KeyRotateArgs {
    /// Use the next key although readers may not know it yet
    #[arg(long)]
    pub now: bool,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `invite key revoke`
#[derive(Debug, Args)]
pub struct KeyRevokeArgs {
    /// Name of the key (write -- before one that starts with `-`)
    pub kid: String,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// `invite jwks`
#[derive(Debug, Args)]
pub struct JwksArgs {
    /// File to write; `-` is standard output
    #[arg(long, value_name = "F|-", default_value = "-")]
    pub out: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    pub force: bool,
}

/// `invite issuer`
#[derive(Debug, Subcommand)]
pub enum IssuerCommand {
    /// Set the issuer, or change some of its rules
    Set(Box<IssuerSetArgs>),
    /// Show the issuer, its rules and its keys
    Show,
}

/// `invite issuer set`
#[derive(Debug, Args)]
pub struct IssuerSetArgs {
    /// Issuer that tokens name, an https URL
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// Who is to take the tokens; repeatable [default with profile xsuaa: client id and xsappname]
    #[arg(long = "audience", value_name = "A,…", value_delimiter = ',')]
    pub audience: Option<Vec<String>>,
    /// Page that links lead to, an https URL
    #[arg(long, value_name = "URL")]
    pub link_base: Option<Url>,
    /// Who verifies the tokens [default: standard]
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<ProfileWord>,
    /// What tokens are signed with [default: ES256, or RS256 with profile xsuaa]
    #[arg(long, value_name = "ALG")]
    pub algorithm: Option<TokenAlgorithmWord>,
    /// Application name of the XSUAA binding
    #[arg(long, value_name = "N")]
    pub xsappname: Option<String>,
    /// Client id of the XSUAA binding
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// Identity zone of the XSUAA binding
    #[arg(long, value_name = "Z")]
    pub zone: Option<String>,
    /// Scopes that invitations may give, the default first; repeatable
    #[arg(long = "scope", value_name = "SCOPE,…", value_delimiter = ',')]
    pub scopes: Option<Vec<Scope>>,
    /// Life of a token, 5m to 90d [default: 7d]
    #[arg(long, value_name = "DUR", value_parser = values::positive_duration)]
    pub ttl: Option<Duration>,
    /// Open invitations that one address may have [default: 3]
    #[arg(long, value_name = "N")]
    pub max_active_per_email: Option<u32>,
    /// Accesses that one invitation may have within an hour [default: 5]
    #[arg(long, value_name = "N")]
    pub max_checks_per_hour: Option<u32>,
    /// Days that personal data is kept after an invitation ended [default: 90]
    #[arg(long, value_name = "N")]
    pub retention_days: Option<u32>,
    /// Whether to change nothing.
    #[command(flatten)]
    pub dry_run: DryRun,
}

/// Parses a claim `KEY=VALUE`; reserved names are refused.
pub fn claim(text: &str) -> Result<(ClaimName, String), String> {
    let (name, value) = text.split_once('=').ok_or("a claim is KEY=VALUE")?;
    let name: ClaimName = name.parse().map_err(|error| format!("the name `{name}` {error}"))?;
    let value = claims::value(value).map_err(|error| format!("the value of `{name}` {error}"))?;
    Ok((name, value))
}
