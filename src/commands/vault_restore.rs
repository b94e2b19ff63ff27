//! `tokenctl vault restore`

use std::sync::Arc;

use crate::app::App;
use crate::cli::vault::RestoreArgs;
use crate::domain::counted::counted;
use crate::ops::OpsError;
use crate::ops::care::{self, RestorePlan};
use crate::ops::interact::Interact as _;
use crate::output::Hint;
use crate::output::reports::vault_care::Restore;

use super::error::CommandError;
use super::exit::Exit;
use super::finish::Finished;
use super::session;
use super::vault::pin_changed;

/// Runs `vault restore`.
pub(super) fn restore(app: &App, args: &RestoreArgs) -> Result<Finished, CommandError> {
    let doing = |error: CommandError| error.doing(format!("cannot restore {}", args.backup.display()));
    let failed = |error: OpsError| doing(error.into());
    let request = session::request(app).map_err(doing)?;
    let dry_run = args.dry_run.dry_run;
    if !dry_run {
        app.prepare_folders(&[&request.place.vault], Exit::Vault).map_err(doing)?;
    }
    let console = Arc::new(app.console.clone());
    let wanted = (args.backup.as_path(), args.seen);
    let restoring = care::open_backup(request, wanted, app.clock.clone(), console).map_err(failed)?;
    let plan = restoring.plan().map_err(failed)?;
    warn_of(app, &plan);
    if dry_run {
        return Ok(Finished::report(report("planned", &plan)));
    }
    let answer = app.console.confirm(&question(&plan)).map_err(|error| doing(error.into()))?;
    session::confirmed(answer).map_err(doing)?;
    let restored = restoring.run().map_err(failed)?;
    for warning in &restored.warnings {
        app.console.warn(warning);
    }
    if let Some((entries, folder)) = &restored.unread {
        app.console.warn(&format!(
            "{entries} journal entries open to no key at hand and are kept in {}",
            folder.display()
        ));
    }
    let pin = restored.rekeyed.as_ref().map(|rekeyed| rekeyed.pin.to_string());
    let done = Restore {
        journal_entries: restored.newer_entries,
        unread_entries: restored.unread.as_ref().map_or(0, |(entries, _)| *entries),
        kept: restored.kept.as_ref().map(|path| path.display().to_string()),
        records_before: restored.log_before.as_ref().map(|before| before.sequence),
        rekeyed: pin.is_some(),
        ..report("restored", &restored.plan)
    };
    let mut finished = Finished::report(done);
    if let Some(pin) = pin {
        finished = finished.hinted(pin_changed(&pin)).hinted(Hint::command(
            "whoever was removed since the backup can open it again; to see who can, run",
            ["vault", "recipient", "list"],
        ));
    }
    Ok(finished.hinted(Hint::command("to see what still works, run", ["verify", "--all"])))
}

/// Tells what a person must know to answer.
fn warn_of(app: &App, plan: &RestorePlan) {
    if let Some(why) = &plan.broken {
        app.console.warn(&format!("what is in place is kept apart: {why}"));
    }
    if let Some(home) = &plan.other_home {
        app.console
            .warn(&format!("the vault in place is written at {home}: that place must never write it again"));
    }
    if plan.open_invitations > 0 {
        app.console.warn(&format!(
            "{} can be used again, even if used up or revoked since the backup",
            counted(plan.open_invitations, "invitation")
        ));
    }
    if plan.rekeys {
        app.console.warn("the backup is from before the vault was rekeyed: it is rekeyed once more");
    }
}

fn question(plan: &RestorePlan) -> String {
    let what = format!("generation {} of {:.0}", plan.backup, plan.committed_at);
    match plan.replaces {
        Some(current) => format!(
            "Replace generation {current} by what {what} was? What changed since is lost, and {} will be uncertain",
            counted(plan.grants, "grant")
        ),
        None => format!("Make {what} the vault, written here and nowhere else?"),
    }
}

fn report(action: &'static str, plan: &RestorePlan) -> Restore {
    Restore {
        action,
        vault: plan.vault.display().to_string(),
        backup_generation: plan.backup,
        committed_at: plan.committed_at,
        generation: plan.generation,
        replaced_generation: plan.replaces,
        kept: None,
        uncertain_grants: plan.grants,
        journal_entries: 0,
        unread_entries: 0,
        records_before: None,
        rekeyed: false,
    }
}
