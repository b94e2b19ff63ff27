//! The registry of answers: every schema by its name, with the commands that answer with it.
//!
//! A new report is a line in [`SCHEMAS`] (or a command more in one that is there); a command that prints bytes is a
//! line in [`BYTES`]. Tests hold both against the command tree, and every answer in the tests against its schema.

mod document;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::listing::Listing;
use super::reports::app::{AppDetail, AppList};
use super::reports::audit::{AuditCheck, AuditList};
use super::reports::certificate::{CertificateDetail, CertificateList};
use super::reports::company::{CompanyDetail, CompanyList, CompanyRenamed};
use super::reports::connection::{ConnectionDetail, ConnectionList};
use super::reports::demo::Demo;
use super::reports::disconnect::Disconnected;
use super::reports::doctor::Doctor;
use super::reports::export::Exported;
use super::reports::help::Help;
use super::reports::import::Batch;
use super::reports::invite::{Cleanup, InvitationDetails, Invitations, Stepped};
use super::reports::invite_alerts::Alerts;
use super::reports::invite_check::Checked;
use super::reports::invite_issuer::{IssuerReport, SigningKeys};
use super::reports::invite_mint::{self, MintBatchData, MintData, MintPlan};
use super::reports::keys::Keys;
use super::reports::login::Login;
use super::reports::man::ManPages;
use super::reports::sim::Simulator;
use super::reports::status::Status;
use super::reports::token::{TokenData, TokenRefresh};
use super::reports::vault::{Check, Info, Init, RecipientChange, RecipientList};
use super::reports::vault_care::{Backup, MoveHome, Rekey, Restore};
use super::reports::verify::Verify;

/// What some commands answer with.
#[derive(Debug)]
pub struct Answers {
    /// The name and version of the data's shape, such as `verify/1`.
    pub name: &'static str,
    /// The words of the commands; one that has others below it stands for all of them.
    pub commands: &'static [&'static str],
    /// What the formats made of rows show: one way for nearly all, none where only JSON is an answer of this kind.
    pub listings: &'static [Listing],
    data: fn(&mut SchemaGenerator) -> Schema,
}

/// The schema of a failure without data, whatever the command.
pub const FAILURE: &str = "error/1";

const fn answers<T: JsonSchema>(
    name: &'static str,
    commands: &'static [&'static str],
    listings: &'static [Listing],
) -> Answers {
    Answers { name, commands, listings, data: SchemaGenerator::subschema_for::<T> }
}

/// Every answer, by name.
pub static SCHEMAS: &[Answers] = &[
    answers::<AppDetail>("app/1", &["app add", "app show", "app set", "app remove"], &[AppDetail::LISTING]),
    answers::<AppList>("app-list/1", &["app list"], &[AppList::LISTING]),
    answers::<AuditCheck>("audit-check/1", &["audit verify"], &[AuditCheck::LISTING]),
    answers::<AuditList>("audit-list/1", &["audit list"], &[AuditList::LISTING]),
    answers::<CertificateDetail>("certificate/1", &["cert show"], &[CertificateDetail::LISTING]),
    answers::<CertificateList>("certificate-list/1", &["cert list"], &[CertificateList::LISTING]),
    answers::<CompanyDetail>("company/1", &["company show"], &[CompanyDetail::LISTING]),
    answers::<Disconnected>("company-disconnect/1", &["company disconnect"], &[Disconnected::LISTING]),
    answers::<CompanyList>("company-list/1", &["company list"], &[CompanyList::LISTING]),
    answers::<CompanyRenamed>("company-rename/1", &["company rename"], &[CompanyRenamed::LISTING]),
    answers::<ConnectionDetail>(
        "connection/1",
        &[
            "connection add",
            "connection show",
            "connection set",
            "connection enable",
            "connection disable",
            "connection remove",
        ],
        &[ConnectionDetail::LISTING],
    ),
    answers::<Batch>("connection-import/1", &["connection import"], &[Batch::LISTING]),
    answers::<ConnectionList>("connection-list/1", &["connection list"], &[ConnectionList::LISTING]),
    answers::<Demo>("demo/1", &["demo"], &[Demo::LISTING]),
    answers::<Doctor>("doctor/1", &["doctor"], &[Doctor::LISTING]),
    answers::<()>(FAILURE, &[], &[]),
    answers::<Exported>("export/1", &["cert export", "audit export", "invite jwks"], &[Exported::LISTING]),
    answers::<Help>("help/1", &["help"], Help::LISTINGS),
    answers::<Init>("init/1", &["init"], &[Init::LISTING]),
    answers::<InvitationDetails>("invitation/1", &["invite show"], &[InvitationDetails::LISTING]),
    answers::<Alerts>("invitation-alerts/1", &["invite alerts"], &[Alerts::LISTING]),
    answers::<Checked>("invitation-check/1", &["invite check"], &[Checked::LISTING]),
    answers::<Cleanup>("invitation-cleanup/1", &["invite cleanup"], &[Cleanup::LISTING]),
    answers::<IssuerReport>(
        "invitation-issuer/1",
        &["invite issuer set", "invite issuer show"],
        &[IssuerReport::LISTING],
    ),
    answers::<SigningKeys>(
        "invitation-keys/1",
        &["invite key rotate", "invite key list", "invite key revoke"],
        &[SigningKeys::LISTING],
    ),
    answers::<Invitations>(
        "invitation-list/1",
        &["invite list", "invite sent", "invite revoke"],
        &[Invitations::LISTING],
    ),
    answers::<MintData<'static>>("invitation-mint/1", &["invite mint"], &[]),
    answers::<MintBatchData<'static>>("invitation-mint-batch/1", &["invite mint"], &[invite_mint::BATCH]),
    answers::<MintPlan>("invitation-mint-plan/1", &["invite mint"], &[MintPlan::LISTING]),
    answers::<Stepped>(
        "invitation-step/1",
        &["invite access", "invite start", "invite submit", "invite redeem"],
        &[Stepped::LISTING],
    ),
    answers::<Batch>("keygen-batch/1", &["keygen"], &[Batch::LISTING]),
    answers::<Keys>(
        "keys/1",
        &[
            "keygen",
            "key import",
            "cert activate",
            "rotate initiate",
            "rotate status",
            "rotate confirm",
            "rotate abort",
            "rotate rollback",
            "rotate retire",
        ],
        &[Keys::LISTING],
    ),
    answers::<Login>("login/1", &["login"], &[Login::LISTING]),
    answers::<ManPages>("man/1", &["man"], &[ManPages::LISTING]),
    answers::<RecipientChange>(
        "recipient/1",
        &["vault recipient add", "vault recipient set-role", "vault recipient remove"],
        &[RecipientChange::LISTING],
    ),
    answers::<RecipientList>("recipient-list/1", &["vault recipient list"], &[RecipientList::LISTING]),
    answers::<Simulator>("sim/1", &["sim"], &[Simulator::LISTING]),
    answers::<Status>("status/1", &["status"], &[Status::LISTING]),
    answers::<TokenData<'static>>("token/1", &["token get"], &[]),
    answers::<Batch>("token-import/1", &["token import"], &[Batch::LISTING]),
    answers::<TokenRefresh>("token-refresh/1", &["token refresh"], &[TokenRefresh::LISTING]),
    answers::<Disconnected>("token-revoke/1", &["token revoke"], &[Disconnected::LISTING]),
    answers::<Info>("vault/1", &["vault info"], &[Info::LISTING]),
    answers::<Backup>("vault-backup/1", &["vault backup"], &[Backup::LISTING]),
    answers::<Check>("vault-check/1", &["vault check"], &[Check::LISTING]),
    answers::<MoveHome>("vault-home/1", &["vault move-home"], &[MoveHome::LISTING]),
    answers::<Rekey>("vault-rekey/1", &["vault rekey"], &[Rekey::LISTING]),
    answers::<Restore>("vault-restore/1", &["vault restore"], &[Restore::LISTING]),
    answers::<Verify>("verify/1", &["verify"], &[Verify::LISTING]),
];

/// The commands whose point is bytes: what they print, and when.
pub static BYTES: &[(&str, &str)] = &[
    ("audit export", "the log itself, with --out=-"),
    ("cert export", "the certificate itself, with --out=-"),
    ("completion", "the script itself"),
    ("exec", "what the program prints"),
    ("help schema", "the JSON Schema itself"),
    ("invite jwks", "the public keys themselves, with --out=-"),
    ("invite mint", "links or tokens, unless --format=json"),
    ("man", "the page itself, without --out"),
    ("token get", "the token, unless --format=json"),
    ("verify", "a report for another program, with --report=KIND=-"),
];

/// Returns the answer called `name`; without its number, the newest of that name.
pub fn find(name: &str) -> Option<&'static Answers> {
    let name = name.strip_prefix("tokenctl.").unwrap_or(name);
    SCHEMAS.iter().find(|answers| answers.name == name).or_else(|| {
        let named = |answers: &&Answers| answers.name.split_once('/').is_some_and(|(word, _)| word == name);
        SCHEMAS.iter().filter(named).max_by_key(|answers| answers.number())
    })
}

impl Answers {
    fn number(&self) -> u32 {
        self.name.rsplit('/').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// Whether `command`, all its words, answers so.
    pub fn belongs_to(&self, command: &str) -> bool {
        self.commands.iter().any(|words| is_or_below(command, words))
    }
}

/// Whether `command` is `words`, or one of those below them.
fn is_or_below(command: &str, words: &str) -> bool {
    command.strip_prefix(words).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Returns what the formats made of rows show of the answers of `command`, as far as its words alone tell it.
pub fn listings_of(command: &str) -> impl Iterator<Item = &'static Listing> {
    let belongs = SCHEMAS.iter().filter(move |answers| answers.belongs_to(command));
    belongs.filter_map(|answers| match answers.listings {
        [listing] => Some(listing),
        _ => None,
    })
}

/// Whether anything is known of what `command` prints.
pub fn is_known(command: &str) -> bool {
    SCHEMAS.iter().any(|answers| answers.belongs_to(command))
        || BYTES.iter().any(|(words, _)| is_or_below(command, words))
}

#[cfg(test)]
mod tests;
