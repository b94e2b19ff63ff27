//! `tokenctl invite`

mod check;
#[cfg(feature = "fuzzing")]
pub(in crate::commands) mod fuzzing;
mod issuer;
mod keys;
mod mint;
mod mint_file;
mod presented;

use crate::app::App;
use crate::cli::invite::{AlertsArgs, CleanupArgs, InviteCommand, PresentArgs, SelectArgs, SelectChangeArgs};
use crate::domain::counted::counted;
use crate::domain::invitation::{Step, Suspicion};
use crate::ops::invites::{self, Moved, Presented, Selector};
use crate::ops::{OpsError, Session};
use crate::output::Hint;
use crate::output::reports::invite::{
    CleanedRow, Cleanup, InvitationDetails, InvitationRow, Invitations, Stepped,
};
use crate::output::reports::invite_alerts::{AlertRow, Alerts};

use super::error::CommandError;
use super::finish::Finished;
use super::session;

/// Runs `invite …`.
pub(super) async fn run(app: &App, command: &InviteCommand) -> Result<Finished, CommandError> {
    match command {
        InviteCommand::Mint(args) => mint::run(app, args),
        InviteCommand::Check(args) => check::run(app, args).await,
        InviteCommand::List(args) => list(app, args),
        InviteCommand::Show(args) => show(app, args),
        InviteCommand::Sent(args) => change(app, args, Step::Send),
        InviteCommand::Revoke(args) => change(app, args, Step::Revoke),
        InviteCommand::Access(args) => step(app, args, Step::Access),
        InviteCommand::Start(args) => step(app, args, Step::Start),
        InviteCommand::Submit(args) => step(app, args, Step::Submit),
        InviteCommand::Redeem(args) => step(app, args, Step::Redeem),
        InviteCommand::Cleanup(args) => cleanup(app, args),
        InviteCommand::Alerts(args) => alerts(app, args),
        InviteCommand::Key(command) => keys::run(app, command),
        InviteCommand::Jwks(args) => keys::jwks(app, args),
        InviteCommand::Issuer(command) => issuer::run(app, command),
    }
}

/// Says what could not be done.
fn doing(what: &str) -> impl Fn(OpsError) -> CommandError {
    move |error| CommandError::from(error).doing(what)
}

fn selector(args: &SelectArgs) -> Selector {
    Selector { id: args.id.clone(), email: args.email.clone(), state: args.state.map(Into::into) }
}

/// Refuses to change or show everything only because nothing was named.
fn named(args: &SelectArgs) -> Result<Selector, CommandError> {
    if args.id.is_none() && args.email.is_none() && args.state.is_none() {
        return Err(CommandError::usage("no invitation was named")
            .because("an id, `--email` or `--state` says which are meant")
            .hinted(Hint::command("to see all, run", ["invite", "list"])));
    }
    Ok(selector(args))
}

fn list(app: &App, args: &SelectArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let found = invites::list(&session, &selector(args)).map_err(doing("cannot list the invitations"))?;
    let now = app.clock.now();
    let invitations = found.iter().map(|invitation| InvitationRow::new(invitation, now)).collect();
    Ok(Finished::report(Invitations { action: "listed", changed: 0, invitations }))
}

fn show(app: &App, args: &SelectArgs) -> Result<Finished, CommandError> {
    let selector = named(args)?;
    let session = session::open(app)?;
    let found = invites::show(&session, &selector).map_err(doing("cannot show the invitation"))?;
    let now = app.clock.now();
    let invitations = found
        .into_iter()
        .map(|found| {
            InvitationRow::new(&found.invitation, now)
                .with_person(found.person.email, found.person.first_address)
        })
        .collect();
    Ok(Finished::report(InvitationDetails { invitations }))
}

fn change(app: &App, args: &SelectChangeArgs, step: Step) -> Result<Finished, CommandError> {
    let doing = doing(if step == Step::Send {
        "cannot note that the invitation was sent"
    } else {
        "cannot revoke the invitation"
    });
    let selector = named(&args.select)?;
    let session = session::open(app)?;
    let dry_run = args.dry_run.dry_run;
    if step == Step::Revoke && selector.id.is_none() && !dry_run {
        confirm_many(&session, &selector, &doing)?;
    }
    let moved = invites::move_many(&session, &selector, step, dry_run).map_err(doing)?;
    let changed = moved.invitations.iter().filter(|(_, new)| *new).count();
    let action = match (dry_run, changed, step) {
        (true, ..) => "planned",
        (false, 0, _) => "unchanged",
        (false, _, Step::Send) => "sent",
        (false, ..) => "revoked",
    };
    let now = app.clock.now();
    let invitations = moved.invitations.iter().map(|(one, _)| InvitationRow::new(one, now)).collect();
    Ok(Finished::report(Invitations { action, changed, invitations }))
}

/// One that was named is meant; many may be more than somebody thinks.
fn confirm_many(
    session: &Session,
    selector: &Selector,
    doing: &impl Fn(OpsError) -> CommandError,
) -> Result<(), CommandError> {
    let planned = invites::move_many(session, selector, Step::Revoke, true).map_err(doing)?;
    let count = planned.invitations.iter().filter(|(_, new)| *new).count();
    if count == 0 {
        return Ok(());
    }
    session::confirm(
        session,
        &format!("Revoke {}? No link of theirs works any more", counted(count, "invitation")),
    )
    .map_err(|error| error.doing("cannot revoke the invitations"))
}

fn step(app: &App, args: &PresentArgs, step: Step) -> Result<Finished, CommandError> {
    let (what, done) = match step {
        Step::Access => ("cannot let the token in", "accessed"),
        Step::Start => ("cannot start the invitation", "started"),
        Step::Submit => ("cannot submit the invitation", "submitted"),
        _ => ("cannot redeem the invitation", "redeemed"),
    };
    let token = presented::read(app, &args.token)?;
    let session = session::open(app)?;
    let presented = Presented { token: &token, address: args.ip };
    let (action, moved) = if args.dry_run.dry_run {
        ("planned", invites::plan_step(&session, &presented, step))
    } else if step == Step::Access {
        (done, invites::access(&session, &presented))
    } else {
        (done, invites::advance(&session, &presented, step))
    };
    Ok(Finished::report(stepped(app, action, moved.map_err(doing(what))?)))
}

fn stepped(app: &App, action: &'static str, moved: Moved) -> Stepped {
    Stepped {
        action,
        state_before: moved.before.as_str(),
        invitation: InvitationRow::new(&moved.invitation, app.clock.now())
            .with_person(moved.person.email, moved.person.first_address),
        suspicions: moved.suspicions.into_iter().map(Suspicion::as_str).collect(),
    }
}

fn cleanup(app: &App, args: &CleanupArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let dry_run = args.dry_run.dry_run;
    let cleaned = invites::cleanup(&session, dry_run).map_err(doing("cannot clean up"))?;
    let expired = cleaned.expired.iter().map(|one| ("expired", one));
    let erased = cleaned.erased.iter().map(|one| ("erased", one));
    let invitations: Vec<CleanedRow> = expired
        .chain(erased)
        .map(|(action, one)| CleanedRow {
            action,
            id: one.id.to_string(),
            ended_at: one.steps.ended_at.unwrap_or(one.expires_at),
        })
        .collect();
    let stored = !dry_run && !invitations.is_empty();
    Ok(Finished::report(Cleanup { stored, retention_days: cleaned.retention_days, invitations }))
}

fn alerts(app: &App, args: &AlertsArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let since = args.since.map(|since| since.resolve(app.clock.now()));
    let alerts = invites::alerts(&session, since).map_err(doing("cannot list what was suspicious"))?;
    let alerts = alerts
        .into_iter()
        .map(|alert| AlertRow {
            at: alert.at,
            reason: alert.reason,
            meaning: alert.meaning,
            invitation: alert.invitation,
            address: alert.address,
            detail: alert.detail,
        })
        .collect();
    Ok(Finished::report(Alerts { alerts }))
}
