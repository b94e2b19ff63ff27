//! `tokenctl company show`

use jiff::Timestamp;

use crate::app::App;
use crate::cli::company::CompanyArgs;
use crate::commands::error::CommandError;
use crate::commands::finish::Finished;
use crate::commands::{session, status};
use crate::domain::standing::{EndKind, Standing};
use crate::ops::companies::{self, Customer};
use crate::ops::history::Operation;
use crate::ops::interact::Interact as _;
use crate::ops::members::Member;
use crate::output::Hint;
use crate::output::reports::company::{Case, CompanyDetail, CompanyMember, HistoryRow, sentence, tell};
use crate::output::reports::grant::EndRow;

pub(super) fn run(app: &App, args: &CompanyArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let shown = companies::show(&session, &args.company)
        .map_err(|error| CommandError::from(error).doing(format!("cannot show `{}`", args.company)))?;
    let history = match shown.history {
        Ok(operations) => Some(operations.into_iter().map(history_row).collect()),
        Err(error) => {
            app.console.warn(&format!("the history cannot be shown: {error}"));
            None
        }
    };
    let (customer, now) = (shown.customer, app.clock.now());
    let cases: Vec<_> = customer.members.iter().map(|member| case(&customer, member, now)).collect();
    let connections =
        customer.members.iter().zip(&cases).map(|(member, case)| member_row(member, case)).collect();
    Ok(Finished::report(CompanyDetail {
        tell_customer: tell(&cases),
        connections,
        id: customer.company.as_ref().map(ToString::to_string),
        status: customer.standing,
        expires: customer.end.map(|end| EndRow::new(end, now)),
        last_used_at: customer.used_at,
        history,
        name: customer.name.clone(),
    }))
}

fn case<'a>(customer: &Customer, member: &'a Member, now: Timestamp) -> Case<'a> {
    let at_vendor = customer.members.iter().filter(|other| other.provider == member.provider).count();
    Case {
        vendor: member.vendor,
        account: member.account.as_deref().filter(|_| at_vendor > 1),
        standing: member.standing,
        end: member.end,
        has_consent: member.has_consent,
        grant: member.grant.as_ref(),
        now,
    }
}

fn member_row(member: &Member, case: &Case<'_>) -> CompanyMember {
    CompanyMember {
        id: member.id.to_string(),
        name: member.name.to_string(),
        provider: member.provider.as_str(),
        app: member.app.as_ref().map(ToString::to_string),
        account: member.account.clone(),
        status: member.standing,
        summary: sentence(case),
        expires: member.end.map(|end| EndRow::new(end, case.now)),
        grant: member.grant.as_ref().map(Into::into),
        last_used_at: member.used_at,
        next: next(member),
    }
}

/// What an operator does about a connection; nothing where all is well.
fn next(member: &Member) -> Option<Hint> {
    let name = member.name.as_str();
    let hint = |text: &str, command: &[&str]| Some(Hint::command(text, command.iter().copied()));
    let login = || Some(status::login(member.app.as_ref().map_or("APP", |app| app.as_str()), name));
    match member.standing {
        Standing::Active => None,
        Standing::Expiring => match member.end.map(|end| end.kind) {
            Some(EndKind::Certificate) => hint("to replace its key, run", &["rotate", "initiate", name]),
            Some(EndKind::Rolling) => hint("to use it before it lapses, run", &["token", "refresh", name]),
            Some(EndKind::Hard) | None => login(),
        },
        Standing::Reconnect | Standing::Revoked => login(),
        Standing::Pending if member.has_consent => login(),
        Standing::Pending => hint("to see where its keys stand, run", &["rotate", "status", name]),
        Standing::Uncertain => {
            hint("to send the same refresh token once more, run", &["token", "refresh", name])
        }
        Standing::Expired => hint("to replace its key, run", &["rotate", "initiate", name]),
        Standing::NeverVerified | Standing::Rejected | Standing::Unreachable | Standing::Failed => {
            hint("to try it, run", &["verify", name])
        }
        Standing::Disabled => hint("to use it again, run", &["connection", "enable", name]),
    }
}

fn history_row(operation: Operation) -> HistoryRow {
    HistoryRow {
        outcome: operation.outcome().to_owned(),
        connection: operation.connection().map(|named| named.label().to_owned()),
        at: operation.entry.record.at,
        action: operation.entry.record.action,
        actor: operation.actor,
    }
}
