//! Whether an account's requests go to the host that the vendor itself names for it.

use url::Url;

use super::CLOSELY;
use crate::domain::connection::{AccountId, Connection};
use crate::domain::health::{Check, Fix};
use crate::domain::settings::NetsuiteSettings;
use crate::oauth::{self, ExchangeError};
use crate::ops::Session;
use crate::ops::proof::Asker;
use crate::providers::{Plan, is_loopback};

/// What vendors answered, each asked once for an account.
#[derive(Debug, Default)]
pub(super) struct Addresses(Vec<Answered>);

#[derive(Debug)]
struct Answered {
    service: Url,
    account: AccountId,
    answer: Result<Url, ExchangeError>,
}

impl Addresses {
    /// How many requests were sent.
    pub(super) fn asked(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Asks the vendor which host the account has; `None` if it has nobody to ask, or if enough was asked.
    pub(super) async fn check(&mut self, session: &Session, connection: &Connection) -> Option<Check> {
        let settings = connection.settings.netsuite()?;
        let plan = session.plan(connection).ok()?;
        let (service, account) = (plan.endpoints.addresses()?, &settings.account);
        let known = self.0.iter().position(|one| one.service == *service && one.account == *account);
        let index = match known {
            Some(index) => index,
            None if self.0.len() >= CLOSELY => return None,
            None => {
                let asker = Asker::new(session);
                let answer = oauth::account_address(&asker.way(), plan.vendor, service, account).await;
                self.0.push(Answered { service: service.clone(), account: account.clone(), answer });
                self.0.len() - 1
            }
        };
        Some(judge(connection, settings, &plan, &self.0[index].answer))
    }
}

fn judge(
    connection: &Connection,
    settings: &NetsuiteSettings,
    plan: &Plan,
    answer: &Result<Url, ExchangeError>,
) -> Check {
    const CHECK: &str = "address";
    let (name, account, vendor) = (connection.name.as_str(), &settings.account, plan.vendor.name);
    let token = plan.endpoints.token();
    let unknown = |found: String| {
        Check::warning(CHECK, found)
            .because("that is what it says of an account id that it does not know")
            .fix(Fix::what("compare it with Setup > Company > Company Information, Account ID"))
            .fix(Fix::run("to set another, run", ["connection", "set", name, "--account=ID"]))
    };
    let named = match answer {
        Ok(named) => named,
        Err(error @ ExchangeError::Rejected { .. }) => {
            return unknown(format!("{vendor} names no host for {account}: {error}"));
        }
        Err(error) => {
            return Check::skipped(CHECK, format!("{vendor} did not say which host {account} has: {error}"));
        }
    };
    let host = |url: &Url| url.host_str().unwrap_or_default().to_owned();
    let is_own = |url: &Url| account_in(url).is_some_and(|text| text.parse().as_ref() == Ok(account));
    if !is_own(named) {
        return unknown(format!("{vendor} names no host of its own for {account}"));
    }
    if named.origin() == token.origin() && is_own(token) {
        return Check::ok(CHECK, format!("{vendor} names {} for {account}, too", host(named)));
    }
    let check = Check::warning(
        CHECK,
        format!("{vendor} names {} for {account}, and the token URL leads to {}", host(named), host(token)),
    )
    .because("assertions are for the host that the account has, and no other accepts them");
    let url = match settings.token_url {
        Some(_) => String::from("--token-url="),
        None => format!("--token-url=https://{}{}", host(named), token.path()),
    };
    check.fix(Fix::run("to use it, run", ["connection", "set", name, &url]))
}

/// The account that an address names: its first label, or on loopback the segment after `netsuite`.
pub(super) fn account_in(url: &Url) -> Option<String> {
    if is_loopback(url) {
        let mut segments = url.path_segments()?;
        return segments.find(|segment| *segment == "netsuite").and(segments.next()).map(str::to_owned);
    }
    url.host_str()?.split_once('.').map(|(label, _)| label.to_owned())
}
