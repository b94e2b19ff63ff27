//! The support view: companies, where each stands, and what became of it lately.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::audit::{Action, AuditEvent, SubjectKind};
use crate::domain::connection::{Company, Provider};
use crate::domain::ids::{CompanyId, ConnectionId, ConnectionName};
use crate::domain::selection::Selection;
use crate::domain::standing::{End, Standing};
use crate::vault::{JournalledGrants, Listed, Rows};

use super::error::CompanyError;
use super::history::{self, Operation};
use super::members::Member;
use super::{OpsError, Session};

/// How many operations of a company's history are shown.
const RECENT: usize = 10;

/// A company with its connections, or a connection that belongs to none and stands for itself.
///
/// Why the latter: support looks for a customer, and one that nobody has given a name yet must not be missing. Together
/// under one heading they would hide each other's states.
#[derive(Debug, Clone)]
pub struct Customer {
    /// The company; `None` for a connection without one.
    pub company: Option<CompanyId>,
    /// The company's name, or the connection's; foreign text.
    pub name: String,
    /// The worst of its connections.
    pub standing: Standing,
    /// Its connections, by name.
    pub members: Vec<Member>,
    /// What makes somebody act first.
    pub end: Option<End>,
    /// When a token of it was last handed out.
    pub used_at: Option<Timestamp>,
}

impl Customer {
    fn new(company: Option<Company>, members: Vec<Member>) -> Self {
        let named_by = members.first().map(|member| member.name.to_string());
        Self {
            name: company.as_ref().map(|company| company.name.clone()).or(named_by).unwrap_or_default(),
            company: company.map(|company| company.id),
            standing: Standing::worst(members.iter().map(|member| member.standing))
                .unwrap_or(Standing::Pending),
            end: members.iter().filter_map(|member| member.end).min_by_key(|end| end.at),
            used_at: members.iter().filter_map(|member| member.used_at).max(),
            members,
        }
    }

    fn has(&self, wanted: &str) -> bool {
        let texts = |member: &Member| {
            member.name.as_str().to_lowercase().contains(wanted)
                || member.account.as_ref().is_some_and(|account| account.to_lowercase().contains(wanted))
        };
        self.name.to_lowercase().contains(wanted) || self.members.iter().any(texts)
    }
}

/// By what a list of companies is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// By name, without regard to case.
    #[default]
    Name,
    /// What ends first comes first; what does not end, last.
    Expiry,
    /// What was used last comes first; what never was, last.
    LastUsed,
}

/// Which companies are wanted, and in which order.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Text in the company's name, or in a name or an account of its connections, without regard to case.
    pub search: Option<String>,
    /// Where the company stands.
    pub standing: Option<Standing>,
    /// Only connections at this vendor, and the companies that have one.
    pub provider: Option<Provider>,
    /// The order.
    pub order: Order,
    /// How many at most.
    pub limit: Option<usize>,
}

/// What [`list`] found.
#[derive(Debug)]
pub struct Found {
    /// The companies, in the order that was asked for, cut off at the limit.
    pub companies: Vec<Customer>,
    /// How many match, shown or not.
    pub matching: usize,
    /// How many of those that match stand where, the most urgent first.
    pub standings: Vec<(Standing, usize)>,
}

/// Returns the companies that `query` matches, with connections that belong to no company as companies of their own.
///
/// A viewer sees what the last commit holds.
pub fn list(session: &Session, query: &Query) -> Result<Found, OpsError> {
    let now = session.clock.now();
    let mut customers = session.vault.read_now::<_, OpsError>(|rows, grants| {
        let selection = Selection { provider: query.provider, ..Selection::all() };
        Ok(customers(rows.listed(&selection)?, grants, now))
    })?;
    if let Some(search) = &query.search {
        let wanted = search.to_lowercase();
        customers.retain(|customer| customer.has(&wanted));
    }
    customers.retain(|customer| query.standing.is_none_or(|wanted| customer.standing == wanted));
    sort(&mut customers, query.order);
    let matching = customers.len();
    let standings = Standing::BY_URGENCY
        .into_iter()
        .map(|one| (one, customers.iter().filter(|customer| customer.standing == one).count()))
        .filter(|(_, count)| *count > 0)
        .collect();
    customers.truncate(query.limit.unwrap_or(usize::MAX));
    Ok(Found { companies: customers, matching, standings })
}

fn customers(listed: Vec<Listed>, grants: &JournalledGrants, now: Timestamp) -> Vec<Customer> {
    let mut companies: BTreeMap<CompanyId, (Company, Vec<Member>)> = BTreeMap::new();
    let mut customers = Vec::new();
    for listed in listed {
        let mut member = Member::new(listed, grants, now);
        match member.company.take() {
            Some(company) => {
                // Most have one connection; room for four, as a vector would take at once, is for them mostly lost.
                let members = companies.entry(company.id.clone());
                members.or_insert_with(|| (company, Vec::with_capacity(1))).1.push(member);
            }
            None => customers.push(Customer::new(None, vec![member])),
        }
    }
    customers.extend(companies.into_values().map(|(company, members)| Customer::new(Some(company), members)));
    customers
}

fn sort(customers: &mut [Customer], order: Order) {
    // Lower case costs: once for each, and names that differ in case only stay apart.
    customers.sort_by_cached_key(|customer| {
        (customer.name.to_lowercase(), customer.name.clone(), customer.company.clone())
    });
    // Both are stable: what is equal stays in the order of the names.
    match order {
        Order::Name => {}
        Order::Expiry => {
            customers.sort_by_key(|one| one.end.map_or((true, Timestamp::MAX), |end| (false, end.at)));
        }
        Order::LastUsed => customers.sort_by_key(|one| std::cmp::Reverse(one.used_at)),
    }
}

/// A company with what became of it lately.
pub struct Shown {
    /// The company.
    pub customer: Customer,
    /// The last operations, newest first, or why they cannot be told: the log may be closed to this account.
    pub history: Result<Vec<Operation>, OpsError>,
}

/// Returns one company, by id or by name; a connection without a company is found by its own.
pub fn show(session: &Session, wanted: &str) -> Result<Shown, OpsError> {
    let customer = find(session, wanted)?;
    let company = customer.company.iter().map(ToString::to_string);
    let subjects = company.chain(customer.members.iter().map(|member| member.id.to_string())).collect();
    let history = history::recent(session, subjects, RECENT);
    Ok(Shown { customer, history })
}

/// Returns the company or the lone connection that `wanted` names.
pub fn find(session: &Session, wanted: &str) -> Result<Customer, OpsError> {
    let now = session.clock.now();
    session.vault.read_now(|rows, grants| {
        let id = match look_up(rows, wanted)? {
            Named::Company(company) => company.id.to_string(),
            Named::Connection(id, _) => id.to_string(),
        };
        customers(rows.listed_of(&id)?, grants, now)
            .pop()
            .ok_or_else(|| CompanyError::NotFound { name: wanted.to_owned(), nearest: None }.into())
    })
}

enum Named {
    Company(Company),
    /// A connection without a company.
    Connection(ConnectionId, ConnectionName),
}

fn look_up(rows: &Rows<'_>, wanted: &str) -> Result<Named, OpsError> {
    let companies = rows.companies()?;
    if let Some(company) = companies.iter().find(|company| company.id.as_str() == wanted) {
        return Ok(Named::Company(company.clone()));
    }
    // One that is written exactly so is meant, whatever else differs from it in case only.
    let lower = wanted.to_lowercase();
    let exact: Vec<_> = companies.iter().filter(|company| company.name == wanted).collect();
    let alike = || companies.iter().filter(|company| company.name.to_lowercase() == lower).collect();
    let named: Vec<_> = if exact.is_empty() { alike() } else { exact };
    match named.as_slice() {
        [only] => return Ok(Named::Company((*only).clone())),
        [] => {}
        several => {
            let ids = several.iter().map(|company| company.id.clone()).collect();
            return Err(CompanyError::Ambiguous { name: wanted.to_owned(), ids }.into());
        }
    }
    let lone = match (wanted.parse::<ConnectionName>(), wanted.parse::<ConnectionId>()) {
        (Ok(name), _) => rows.connection(&name)?,
        (_, Ok(id)) => rows.connection_by_id(&id)?,
        _ => None,
    };
    if let Some(connection) = lone {
        return Ok(match connection.company {
            Some(company) => Named::Company(company),
            None => Named::Connection(connection.id, connection.name),
        });
    }
    let nearest = rows.nearest_company(wanted)?;
    Err(CompanyError::NotFound { name: wanted.to_owned(), nearest }.into())
}

/// What [`rename`] did, or would do.
#[derive(Debug)]
pub struct Renamed {
    /// The company by its new name.
    pub company: Company,
    /// Its name before.
    pub before: String,
    /// How many other companies have that name, too.
    pub namesakes: usize,
}

impl Renamed {
    /// Whether there is anything to be changed.
    pub fn is_change(&self) -> bool {
        self.before != self.company.name
    }
}

/// Returns what [`rename`] would do: what `--dry-run` shows.
pub fn plan_rename(session: &Session, wanted: &str, name: &str) -> Result<Renamed, OpsError> {
    session.vault.require_writable()?;
    session.vault.read(|rows| {
        let found = match look_up(rows, wanted)? {
            Named::Company(company) => company,
            Named::Connection(_, name) => return Err(CompanyError::NoCompany(name).into()),
        };
        let others = rows.companies()?;
        let namesakes = others.iter().filter(|other| other.name == name && other.id != found.id).count();
        let company = Company { id: found.id, name: name.to_owned() };
        Ok(Renamed { company, before: found.name, namesakes })
    })
}

/// Gives a company another name; its id, its connections and its history stay.
pub fn rename(session: &Session, wanted: &str, name: &str) -> Result<Renamed, OpsError> {
    let plan = plan_rename(session, wanted, name)?;
    if !plan.is_change() {
        return Ok(plan);
    }
    let event = AuditEvent::new(Action::CompanyRename).about(SubjectKind::Company, &plan.company.id);
    session.vault.transact::<_, OpsError>(&event, |rows| {
        Ok(rows.rename_company(&plan.company.id, &plan.company.name)?)
    })?;
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;

    fn now() -> Timestamp {
        "2027-03-01T12:00:00Z".parse().unwrap()
    }

    fn customer(name: &str, days: Option<i64>, used_hours_ago: Option<i64>) -> Customer {
        Customer {
            company: None,
            name: name.to_owned(),
            standing: Standing::Active,
            members: Vec::new(),
            end: days.map(|days| End::of_certificate(now() + (24 * days).hours())),
            used_at: used_hours_ago.map(|hours| now() - hours.hours()),
        }
    }

    #[test]
    fn orders() {
        let sorted = |order| {
            let mut all = [
                customer("beta", None, Some(1)),
                customer("Alpha", Some(9), None),
                customer("gamma", Some(3), Some(5)),
            ];
            sort(&mut all, order);
            all.map(|one| one.name)
        };
        assert_eq!(sorted(Order::Name), ["Alpha", "beta", "gamma"]);
        assert_eq!(sorted(Order::Expiry), ["gamma", "Alpha", "beta"]);
        assert_eq!(sorted(Order::LastUsed), ["beta", "gamma", "Alpha"]);
    }

    fn member(name: &str, standing: Standing, days: Option<i64>) -> Member {
        Member {
            id: ConnectionId::new(),
            name: name.parse().unwrap(),
            provider: Provider::Netsuite,
            vendor: "NetSuite",
            company: None,
            app: None,
            account: Some("1234567".to_owned()),
            standing,
            has_consent: false,
            grant: None,
            end: days.map(|days| End::of_certificate(now() + (24 * days).hours())),
            used_at: None,
        }
    }

    #[test]
    fn a_company_is_as_its_worst_connection_and_found_by_any() {
        let members =
            vec![member("one", Standing::Active, Some(9)), member("two", Standing::Reconnect, Some(700))];
        let company = Company { id: CompanyId::new(), name: "Ärzte".to_owned() };
        let customer = Customer::new(Some(company), members);
        assert_eq!(customer.standing, Standing::Reconnect);
        assert_eq!(customer.end.unwrap().days_left(now()), 9);
        for found in ["ärz", "two", "34567"] {
            assert!(customer.has(found), "{found}");
        }
        assert!(!customer.has("three"));
    }

    #[test]
    fn a_connection_without_a_company_stands_for_itself() {
        let customer = Customer::new(None, vec![member("lone", Standing::Pending, None)]);
        assert_eq!((customer.name.as_str(), customer.standing), ("lone", Standing::Pending));
    }
}
