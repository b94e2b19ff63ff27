//! `tokenctl vault backup`, and the warning of what destroys before there is one.

use crate::app::App;
use crate::cli::vault::BackupArgs;
use crate::ops::backups::{self, Backed, Unsaved};
use crate::ops::interact::Interact as _;
use crate::ops::{BackupTarget, OpsError, Session};
use crate::output::Hint;
use crate::output::reports::vault_care::Backup;

use super::error::CommandError;
use super::finish::Finished;

/// Runs `vault backup`.
pub(super) fn backup(session: &Session, args: &BackupArgs) -> Result<Finished, CommandError> {
    let doing = |error: OpsError| CommandError::from(error).doing("cannot back the vault up");
    let target = BackupTarget { path: args.out.clone(), replace: args.force };
    let dry_run = args.dry_run.dry_run;
    let Backed { backup, length, folded } = backups::backup(session, &target, dry_run).map_err(doing)?;
    if !folded {
        session.warn(
            "it is the last commit as it is: what happened since, refresh tokens above all, only the vault's home can \
             add, as an operator",
        );
    }
    let report = Backup {
        action: if dry_run { "planned" } else { "backed up" },
        path: backup.path.display().to_string(),
        generation: backup.generation,
        committed_at: backup.committed_at,
        size: (!dry_run).then_some(length),
        with_journal: folded,
        verified: !dry_run,
    };
    Ok(Finished::report(report))
}

/// Warns that something is destroyed before a backup holds what stays, or what goes.
pub(super) fn warn_unsaved(app: &App, what: &str, unsaved: Option<Unsaved>) {
    let why = match unsaved {
        None => return,
        Some(Unsaved::Never) => "this machine knows of no backup".to_owned(),
        Some(Unsaved::Older(backup)) => {
            format!("the last one that this machine knows of is of {:.0}", backup.committed_at)
        }
    };
    app.console.warn(&format!("no backup holds {what}: {why}"));
    app.console.hint(&Hint::command("to make one, run", ["vault", "backup", "FILE"]));
}
