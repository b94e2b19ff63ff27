//! `tokenctl invite key` and `tokenctl invite jwks`

use crate::app::App;
use crate::cli::invite::{InviteKeyCommand, JwksArgs, KeyRevokeArgs, KeyRotateArgs};
use crate::commands::error::CommandError;
use crate::commands::finish::Finished;
use crate::commands::session;
use crate::domain::invitation::Profile;
use crate::domain::invitation::key::InvitationKey;
use crate::ops::interact::Interact as _;
use crate::ops::invites;
use crate::output::Hint;
use crate::output::reports::invite_issuer::{SigningKeyRow, SigningKeys};
use crate::output::sink::Export;

use super::doing;

pub(super) fn run(app: &App, command: &InviteKeyCommand) -> Result<Finished, CommandError> {
    match command {
        InviteKeyCommand::Rotate(args) => rotate(app, args),
        InviteKeyCommand::List => list(app),
        InviteKeyCommand::Revoke(args) => revoke(app, args),
    }
}

/// Describes keys as readers of `profile` see them.
pub(super) fn key_rows(app: &App, keys: &[InvitationKey], profile: Profile) -> Vec<SigningKeyRow> {
    keys.iter().map(|key| SigningKeyRow::new(key, profile, app.clock.now())).collect()
}

fn publish() -> Hint {
    Hint::command(
        "to publish the keys as they are now, run",
        ["invite", "jwks", "--out=jwks.json", "--force"],
    )
}

fn list(app: &App) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let found = invites::keys(&session).map_err(doing("cannot list the signing keys"))?;
    let keys = key_rows(app, &found.keys, found.profile);
    Ok(Finished::report(SigningKeys { action: "listed", keys, revoked_invitations: Vec::new() }))
}

fn rotate(app: &App, args: &KeyRotateArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let dry_run = args.dry_run.dry_run;
    let rotated =
        invites::rotate_key(&session, args.now, dry_run).map_err(doing("cannot change the signing key"))?;
    let keys = key_rows(app, &rotated.keys, rotated.profile);
    let action = if dry_run { "planned" } else { "rotated" };
    let finished = Finished::report(SigningKeys { action, keys, revoked_invitations: Vec::new() });
    Ok(if dry_run { finished } else { finished.hinted(publish()) })
}

fn revoke(app: &App, args: &KeyRevokeArgs) -> Result<Finished, CommandError> {
    let doing = doing("cannot revoke the signing key");
    let session = session::open(app)?;
    let planned = invites::revoke_key(&session, &args.kid, true).map_err(&doing)?;
    let dry_run = args.dry_run.dry_run;
    if !dry_run {
        let open = planned.invitations.len();
        let question =
            format!("Revoke this key and the {open} open invitations that it signed? There is no way back");
        session::confirm(&session, &question)
            .map_err(|error| error.doing("cannot revoke the signing key"))?;
    }
    let revoked =
        if dry_run { planned } else { invites::revoke_key(&session, &args.kid, false).map_err(&doing)? };
    if revoked.replaced && !dry_run {
        app.console.warn("the next key signs from now on: give readers the new key set before you mint");
    }
    let finished = Finished::report(SigningKeys {
        action: if dry_run { "planned" } else { "revoked" },
        keys: key_rows(app, &revoked.keys, revoked.profile),
        revoked_invitations: revoked.invitations.iter().map(|one| one.id.to_string()).collect(),
    });
    Ok(if dry_run { finished } else { finished.hinted(publish()) })
}

/// Writes the public set; in every format it is the same document.
pub(super) fn jwks(app: &App, args: &JwksArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let set = invites::key_set(&session).map_err(doing("cannot export the key set"))?;
    let bytes = format!("{set:#}\n").into_bytes();
    let export = Export { path: &args.out, audience: app.everybody(), replace: args.force };
    Finished::exported("the public keys", &export, bytes)
        .map_err(|error| CommandError::from(error).doing("cannot export the key set"))
}
