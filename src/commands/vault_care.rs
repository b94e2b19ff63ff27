//! `tokenctl vault backup`, `rekey` and `move-home`, and the warning of what destroys before there is a backup.

use crate::app::App;
use crate::cli::vault::{BackupArgs, MoveHomeArgs, RekeyArgs};
use crate::domain::counted::counted;
use crate::ops::backups::{self, Backed, Unsaved};
use crate::ops::care::{self, Move};
use crate::ops::interact::Interact as _;
use crate::ops::{BackupTarget, OpsError, Session, vaults};
use crate::output::Hint;
use crate::output::reports::vault_care::{Backup, MoveHome, Rekey};

use super::error::CommandError;
use super::finish::Finished;
use super::session;
use super::vault::{pin_changed, rows};

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

/// Runs `vault rekey`.
pub(super) fn rekey(session: &Session, args: &RekeyArgs) -> Result<Finished, CommandError> {
    let doing = |error: OpsError| CommandError::from(error).doing("cannot rekey the vault");
    let plan = care::plan_rekey(session).map_err(doing)?;
    let info = vaults::info(session).map_err(doing)?;
    let needs_pin: Vec<_> = rows(&info).into_iter().filter(|recipient| !recipient.you).collect();
    let report = Rekey {
        action: "planned",
        pin: info.pin.to_string(),
        sealed_values: plan.values,
        interrupted_at: plan.interrupted,
        updated: Vec::new(),
        needs_pin,
    };
    if args.dry_run.dry_run {
        return Ok(Finished::report(report));
    }
    let rekeyed = care::rekey(session).map_err(doing)?;
    let pin = rekeyed.pin.to_string();
    let hint = pin_changed(&pin);
    Ok(Finished::report(Rekey {
        action: if rekeyed.finished.is_some() { "finished" } else { "rekeyed" },
        pin,
        interrupted_at: rekeyed.finished,
        updated: rekeyed.updated.iter().map(|path| path.display().to_string()).collect(),
        ..report
    })
    .hinted(hint)
    .hinted(Hint::command(
        "backups from before need the old pin; to make a new one, run",
        ["vault", "backup", "FILE"],
    )))
}

/// Runs `vault move-home`.
pub(super) fn move_home(session: &Session, args: &MoveHomeArgs) -> Result<Finished, CommandError> {
    let dry_run = args.dry_run.dry_run;
    if args.release {
        return release(session, dry_run);
    }
    let doing = |error: CommandError| error.doing("cannot make this the vault's home");
    let planned = care::plan_move(session).map_err(|error| doing(error.into()))?;
    let uncertain = if planned.is_released() { 0 } else { planned.grants };
    let report = MoveHome {
        action: if dry_run { "planned" } else { "moved" },
        home: Some(planned.to.path.clone()),
        from: planned.from.path.clone(),
        released: planned.is_released(),
        uncertain_grants: uncertain,
    };
    if dry_run {
        return Ok(Finished::report(report));
    }
    if let Some(question) = question(&planned) {
        session::confirm(session, &question).map_err(doing)?;
    }
    care::take_home(session, &planned).map_err(|error| doing(error.into()))?;
    let finished = Finished::report(report);
    Ok(if uncertain > 0 {
        finished.hinted(Hint::command("to see what became of the grants, run", ["verify", "--all"]))
    } else {
        finished
    })
}

/// What must be consented to before the vault is taken over.
fn question(planned: &Move) -> Option<String> {
    let from = &planned.from.path;
    if planned.is_back() {
        return Some(
            "Take the vault back here, where it was given up? If it was taken over elsewhere, both would write it"
                .to_owned(),
        );
    }
    (!planned.is_released()).then(|| {
        format!(
            "Make this the home although {from} did not give the vault up? It must never write the vault again, and \
             what it wrote since this copy was made is lost, and {} will be uncertain",
            counted(planned.grants, "grant")
        )
    })
}

fn release(session: &Session, dry_run: bool) -> Result<Finished, CommandError> {
    let doing = |error: OpsError| CommandError::from(error).doing("cannot give the vault up");
    let home = care::release_home(session, dry_run).map_err(doing)?;
    let report = MoveHome {
        action: if dry_run { "planned" } else { "released" },
        home: None,
        from: home.path.clone(),
        released: true,
        uncertain_grants: 0,
    };
    let copy =
        format!("copy {} to its new home; with {}.audit, the audit log goes on there", home.path, home.path);
    Ok(Finished::report(report)
        .hinted(Hint::text(copy))
        .hinted(Hint::command("to take it over there, run", ["vault", "move-home"])))
}
