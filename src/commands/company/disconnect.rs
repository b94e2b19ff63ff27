//! `tokenctl company disconnect` and `tokenctl token revoke`

use crate::app::App;
use crate::cli::company::CompanyDisconnectArgs;
use crate::cli::token::RevokeArgs;
use crate::commands::error::CommandError;
use crate::commands::exit::Exit;
use crate::commands::finish::Finished;
use crate::commands::{batch, session};
use crate::ops::companies::{self, Customer};
use crate::ops::disconnect::{self, GivenBack, Holding, Manner, Target, Vendor};
use crate::ops::interact::Interact as _;
use crate::ops::{OpsError, Session};
use crate::output::Hint;
use crate::output::reports::disconnect::{Disconnected, GivenBackRow};

/// What a disconnection is about, and what it is called in failures.
struct Errand {
    schema: &'static str,
    doing: String,
    customer: Option<Customer>,
    targets: Vec<Target>,
    manner: Manner,
    dry_run: bool,
}

pub(super) async fn run(app: &App, args: &CompanyDisconnectArgs) -> Result<Finished, CommandError> {
    let wanted = match (&args.company, &args.connection) {
        (Some(company), _) => company.clone(),
        (None, Some(name)) => name.to_string(),
        (None, None) => return Err(CommandError::usage("a company or a connection must be named")),
    };
    let doing = format!("cannot disconnect `{wanted}`");
    let failed = |error: OpsError| CommandError::from(error).doing(doing.clone());
    let session = session::open(app)?;
    let (customer, targets) = if let Some(name) = &args.connection {
        (None, vec![disconnect::plan_one(&session, name).map_err(failed)?])
    } else {
        let customer = companies::find(&session, &wanted).map_err(failed)?;
        let targets = disconnect::plan(&session, &customer).map_err(failed)?;
        (Some(customer), targets)
    };
    let manner = Manner { local_only: args.local_only, leave: true };
    let dry_run = args.dry_run.dry_run;
    let errand = Errand { schema: "company-disconnect/1", doing, customer, targets, manner, dry_run };
    carry_out(app, &session, errand).await
}

pub(in crate::commands) async fn run_revoke(app: &App, args: &RevokeArgs) -> Result<Finished, CommandError> {
    let doing = format!("cannot revoke the grant of `{}`", args.name);
    let session = session::open(app)?;
    let target = disconnect::plan_one(&session, &args.name)
        .map_err(|error| CommandError::from(error).doing(doing.clone()))?;
    let errand = Errand {
        schema: "token-revoke/1",
        doing,
        customer: None,
        targets: vec![target],
        manner: Manner { local_only: args.local_only, leave: false },
        dry_run: args.dry_run.dry_run,
    };
    carry_out(app, &session, errand).await
}

async fn carry_out(app: &App, session: &Session, errand: Errand) -> Result<Finished, CommandError> {
    let Errand { schema, doing, customer, targets, manner, dry_run } = errand;
    let report = |action, connections| Disconnected {
        action,
        company: customer.as_ref().filter(|one| one.company.is_some()).map(|one| one.name.clone()),
        company_id: customer.as_ref().and_then(|one| one.company.as_ref()).map(ToString::to_string),
        connections,
        schema,
    };
    if dry_run {
        let rows = targets.iter().map(|target| row(target, planned(target, manner), None)).collect();
        return Ok(Finished::report(report("planned", rows)));
    }
    if targets.iter().any(|target| target.holding != Holding::Nothing) {
        session::confirm(session, &question(customer.as_ref(), &targets, manner))
            .map_err(|error| error.doing(doing.clone()))?;
    }
    let mut rows = Vec::new();
    for target in &targets {
        let name = &target.connection.name;
        match disconnect::give_back(session, name, manner).await {
            Ok(given) => {
                if let Some(remains) = &given.remains {
                    app.console.warn(&format!("{name}: {remains}"));
                }
                rows.push(row(target, done(target, &given), Some(&given)));
            }
            Err(error) => {
                let failure = explained(CommandError::from(error), target);
                if targets.len() == 1 {
                    return Err(failure.doing(doing));
                }
                rows.push(failed_row(target, &failure));
            }
        }
    }
    session.pass_on_warnings();
    let failure = batch::failure(rows.iter().map(|row| row.code), "not every connection was disconnected");
    let action = match &failure {
        Some(_) => "failed",
        None if rows.iter().any(|row| row.forgotten || row.switched_off) => "disconnected",
        None => "unchanged",
    };
    let finished = Finished::report(report(action, rows));
    Ok(match failure {
        Some(failure) => finished.failing(failure).hinted(Hint::text(
            "what was not disconnected can be tried again, or forgotten here only with `--local-only`",
        )),
        None => finished,
    })
}

/// Says that nothing was forgotten, and how it could be.
fn explained(failure: CommandError, target: &Target) -> CommandError {
    if !matches!(failure.exit(), Exit::Unreachable | Exit::Rejected) {
        return failure;
    }
    let name = target.connection.name.as_str();
    failure.because("nothing was forgotten here").hinted(Hint::command(
        format!("to forget it here although {} would go on honouring it, run", target.vendor()),
        ["token", "revoke", name, "--local-only"],
    ))
}

fn question(customer: Option<&Customer>, targets: &[Target], manner: Manner) -> String {
    let count = |wanted| targets.iter().filter(|target| target.holding == wanted).count();
    let (grants, credentials) = (count(Holding::Grant), count(Holding::Credentials));
    let mut parts = Vec::new();
    match (grants, manner.local_only) {
        (0, _) => {}
        (1, false) => parts.push("give its grant back and forget it".to_owned()),
        (many, false) => parts.push(format!("give {many} grants back and forget them")),
        (1, true) => parts.push("forget its grant here, while the vendor goes on honouring it".to_owned()),
        (many, true) => {
            parts.push(format!("forget {many} grants here, while the vendors go on honouring them"));
        }
    }
    match (credentials, manner.leave) {
        (0, _) => {}
        (_, false) => parts.push("forget its cached token".to_owned()),
        (1, true) => parts.push("switch off the connection that needs no grant".to_owned()),
        (many, true) => parts.push(format!("switch off {many} connections that need no grant")),
    }
    let name = customer.map(|customer| customer.name.clone());
    let name = name.or_else(|| targets.first().map(|target| target.connection.name.to_string()));
    let way_back = if grants > 0 { " The customer would have to consent again" } else { "" };
    format!("Disconnect {}: {}?{way_back}", name.unwrap_or_default(), parts.join(", and "))
}

fn planned(target: &Target, manner: Manner) -> String {
    let vendor = target.vendor();
    match (target.holding, manner) {
        (Holding::Nothing, _) => "there is nothing to be given back".to_owned(),
        (Holding::Grant, Manner { local_only: false, .. }) => {
            format!("its grant would be given back to {vendor} and forgotten")
        }
        (Holding::Grant, _) => {
            format!("its grant would be forgotten here; {vendor} would go on honouring it")
        }
        (Holding::Credentials, Manner { leave: true, .. }) => {
            "it would be switched off, and its cached token forgotten".to_owned()
        }
        (Holding::Credentials, _) => "its cached token would be forgotten".to_owned(),
    }
}

fn done(target: &Target, given: &GivenBack) -> String {
    let vendor = target.vendor();
    let at_vendor = match (given.vendor, target.holding) {
        (_, Holding::Nothing) => return "there was nothing to be given back".to_owned(),
        (Vendor::Revoked, _) => format!("{vendor} took it back"),
        (Vendor::DeadAlready, _) => format!("{vendor} says that it was dead already"),
        (Vendor::NoPlace, Holding::Credentials) => format!("{vendor} takes nothing back"),
        (Vendor::NoPlace, _) => format!("{vendor} has no place to give it back to"),
        (Vendor::NotAsked, _) => format!("{vendor} was not asked"),
    };
    let here = match (given.forgotten, given.switched_off) {
        (true, true) => "; forgotten and switched off here",
        (true, false) => "; forgotten here",
        (false, true) => "; switched off here",
        (false, false) => "; nothing was kept here",
    };
    format!("{at_vendor}{here}")
}

fn row(target: &Target, message: String, given: Option<&GivenBack>) -> GivenBackRow {
    GivenBackRow {
        connection: target.connection.name.to_string(),
        connection_id: target.connection.id.to_string(),
        provider: target.connection.provider.as_str(),
        code: Exit::Ok.code(),
        result: Exit::Ok.name(),
        vendor: given.map(|given| given.vendor.as_str()),
        forgotten: given.is_some_and(|given| given.forgotten),
        switched_off: given.is_some_and(|given| given.switched_off),
        message,
        causes: Vec::new(),
    }
}

fn failed_row(target: &Target, failure: &CommandError) -> GivenBackRow {
    let problem = failure.problem();
    GivenBackRow {
        code: problem.code,
        result: failure.exit().name(),
        causes: problem.causes.to_vec(),
        ..row(target, problem.message.to_owned(), None)
    }
}
