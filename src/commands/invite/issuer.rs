//! `tokenctl invite issuer`

use crate::app::App;
use crate::cli::invite::{IssuerCommand, IssuerSetArgs};
use crate::commands::error::CommandError;
use crate::commands::finish::Finished;
use crate::commands::session;
use crate::domain::invitation::issuer::IssuerChanges;
use crate::ops::interact::Interact as _;
use crate::ops::invites::{self, Issuer};
use crate::output::Hint;
use crate::output::reports::invite_issuer::IssuerReport;

use super::doing;
use super::keys::key_rows;

pub(super) fn run(app: &App, command: &IssuerCommand) -> Result<Finished, CommandError> {
    match command {
        IssuerCommand::Set(args) => set(app, args),
        IssuerCommand::Show => show(app),
    }
}

fn report(app: &App, action: &'static str, issuer: &Issuer) -> IssuerReport {
    let rows = key_rows(app, &issuer.keys, issuer.settings.profile);
    IssuerReport::new(action, &issuer.settings, rows, issuer.open)
}

fn set(app: &App, args: &IssuerSetArgs) -> Result<Finished, CommandError> {
    let changes = IssuerChanges {
        issuer: args.issuer.clone(),
        audience: args.audience.clone(),
        link_base: args.link_base.clone(),
        profile: args.profile.map(Into::into),
        algorithm: args.algorithm.map(Into::into),
        xsappname: args.xsappname.clone(),
        client_id: args.client_id.clone(),
        zone: args.zone.clone(),
        scopes: args.scopes.clone(),
        ttl_seconds: args.ttl.map(|ttl| ttl.as_secs()),
        max_active_per_email: args.max_active_per_email,
        max_checks_per_hour: args.max_checks_per_hour,
        retention_days: args.retention_days,
    };
    if changes == IssuerChanges::default() {
        return Err(CommandError::usage("nothing was given to set")
            .hinted(Hint::command("what can be set is shown by", ["invite", "issuer", "set", "--help"])));
    }
    let session = session::open(app)?;
    let dry_run = args.dry_run.dry_run;
    let set = invites::set_issuer(&session, changes, dry_run).map_err(doing("cannot set the issuer"))?;
    for warning in &set.warnings {
        app.console.warn(warning);
    }
    let action = match (dry_run, set.created) {
        (true, _) => "planned",
        (false, true) => "set",
        (false, false) => "changed",
    };
    let finished = Finished::report(report(app, action, &set.issuer));
    Ok(if set.created && !dry_run {
        finished
            .hinted(Hint::command(
                "to give readers the public keys, run",
                ["invite", "jwks", "--out=jwks.json"],
            ))
            .hinted(Hint::command(
                "to invite somebody, run",
                ["invite", "mint", "--email=ann@supplier.example", "--company=NAME"],
            ))
    } else {
        finished
    })
}

fn show(app: &App) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let issuer = invites::issuer(&session).map_err(doing("cannot show the issuer"))?;
    Ok(Finished::report(report(app, "shown", &issuer)))
}
