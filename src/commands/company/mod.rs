//! `tokenctl company`

mod disconnect;
mod show;

pub(super) use disconnect::run_revoke;

use crate::app::App;
use crate::cli::company::{CompanyCommand, CompanyListArgs, CompanyRenameArgs};
use crate::cli::enums::{ColumnWord, OrderWord};
use crate::ops::OpsError;
use crate::ops::companies::{self, Customer, Order, Query};
use crate::ops::interact::Interact as _;
use crate::output::reports::company::{CompanyColumn, CompanyList, CompanyRenamed, CompanyRow};
use crate::output::reports::grant::EndRow;

use super::error::CommandError;
use super::finish::Finished;
use super::session;

/// Runs `company …`.
pub(super) async fn run(app: &App, command: &CompanyCommand) -> Result<Finished, CommandError> {
    match command {
        CompanyCommand::List(args) => list(app, args),
        CompanyCommand::Show(args) => show::run(app, args),
        CompanyCommand::Rename(args) => rename(app, args),
        CompanyCommand::Disconnect(args) => disconnect::run(app, args).await,
    }
}

fn list(app: &App, args: &CompanyListArgs) -> Result<Finished, CommandError> {
    let session = session::open(app)?;
    let query = Query {
        search: args.search.clone(),
        standing: args.status.map(Into::into),
        provider: args.provider.map(Into::into),
        order: match args.sort {
            OrderWord::Name => Order::Name,
            OrderWord::Expiry => Order::Expiry,
            OrderWord::LastUsed => Order::LastUsed,
        },
        limit: args.limit,
    };
    let found = companies::list(&session, &query)
        .map_err(|error| CommandError::from(error).doing("cannot list the companies"))?;
    let rows = found.companies.into_iter().map(|customer| row(app, customer)).collect();
    let columns = args.columns.iter().map(|word| column(*word)).collect();
    Ok(Finished::report(CompanyList::new(rows, found.standings, columns)))
}

fn row(app: &App, customer: Customer) -> CompanyRow {
    let now = app.clock.now();
    let mut providers: Vec<_> = customer.members.iter().map(|member| member.provider.as_str()).collect();
    providers.sort_unstable();
    providers.dedup();
    CompanyRow {
        id: customer.company.map(|id| id.to_string()),
        name: customer.name,
        status: customer.standing,
        needs_attention: customer.standing.needs_attention(),
        expires: customer.end.map(|end| EndRow::new(end, now)),
        last_used_at: customer.used_at,
        connections: customer.members.iter().map(|member| member.name.to_string()).collect(),
        providers,
        accounts: customer.members.into_iter().filter_map(|member| member.account).collect(),
    }
}

fn column(word: ColumnWord) -> CompanyColumn {
    match word {
        ColumnWord::Company => CompanyColumn::Company,
        ColumnWord::Status => CompanyColumn::Status,
        ColumnWord::Expires => CompanyColumn::Expires,
        ColumnWord::LastUsed => CompanyColumn::LastUsed,
        ColumnWord::Connections => CompanyColumn::Connections,
        ColumnWord::Providers => CompanyColumn::Providers,
        ColumnWord::Accounts => CompanyColumn::Accounts,
        ColumnWord::Id => CompanyColumn::Id,
    }
}

fn rename(app: &App, args: &CompanyRenameArgs) -> Result<Finished, CommandError> {
    let doing =
        |error: OpsError| CommandError::from(error).doing(format!("cannot rename `{}`", args.company));
    let session = session::open(app)?;
    let renamed = if args.dry_run.dry_run {
        companies::plan_rename(&session, &args.company, &args.name)
    } else {
        companies::rename(&session, &args.company, &args.name)
    };
    let renamed = renamed.map_err(doing)?;
    match renamed.namesakes {
        0 => {}
        1 => app.console.warn("another company has that name, too"),
        many => app.console.warn(&format!("{many} other companies have that name, too")),
    }
    Ok(Finished::report(CompanyRenamed {
        action: match (renamed.is_change(), args.dry_run.dry_run) {
            (false, _) => "unchanged",
            (true, true) => "planned",
            (true, false) => "renamed",
        },
        id: renamed.company.id.to_string(),
        before: renamed.before,
        name: renamed.company.name,
    }))
}
