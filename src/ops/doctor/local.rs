//! What is known of one connection without asking anybody.

use crate::domain::connection::{Connection, Environment};
use crate::domain::counted::counted;
use crate::domain::grant::{Grant, GrantState};
use crate::domain::health::{Ailment, Check, Fix};
use crate::domain::key::{Key, KeyState};
use crate::domain::rotation::Phase;
use crate::domain::settings::{ClientAuthentication, GrantKind, NetsuiteSettings};
use crate::domain::standing::{End, EndKind, WARN_DAYS};
use crate::ops::Session;
use crate::ops::connections::Overview;
use crate::ops::login;
use crate::providers;

use super::addresses::account_in;
use super::ailment;

/// Looks at everything that is stored of a connection.
pub(super) fn checks(session: &Session, overview: &Overview, all: &[Overview]) -> Vec<Check> {
    let connection = &overview.connection;
    let mut checks = vec![enabled(connection), host(session, connection)];
    if let Some(settings) = connection.settings.netsuite() {
        checks.push(account(connection, settings));
    }
    if overview.authentication() == ClientAuthentication::PrivateKeyJwt {
        checks.extend([key(session, overview), certificate_id(overview, all), exposed(overview)]);
        checks.extend(certificates(session, overview));
    }
    if let Some(app) = &overview.app {
        checks.push(app_check(overview, app));
    }
    if connection.settings.grant() == GrantKind::RefreshToken {
        checks.push(grant(session, overview));
    }
    checks
}

fn enabled(connection: &Connection) -> Check {
    if connection.enabled {
        return Check::ok("enabled", "programs may use it");
    }
    Check::warning("enabled", "it is disabled")
        .because("somebody switched it off, so programs get no token")
        .fix(Fix::run("to use it again, run", ["connection", "enable", connection.name.as_str()]))
}

/// Whether its requests go to the vendor, or to a host that is trusted by name.
fn host(session: &Session, connection: &Connection) -> Check {
    match session.plan(connection) {
        Ok(plan) => {
            let host = plan.endpoints.token().host_str().unwrap_or_default().to_owned();
            let by_name =
                connection.settings.trusted_hosts().iter().any(|trusted| trusted.eq_ignore_ascii_case(&host));
            let whose = if by_name { "trusted by name" } else { "as the host rule demands" };
            Check::ok("host", format!("{host}, {whose}"))
        }
        Err(error) => Check::failed("host", ailment(&error), error.to_string())
            .because("nothing is sent to a host that is neither the vendor's nor trusted by name")
            .fix(Fix::run("to see its settings, run", ["connection", "show", connection.name.as_str()])),
    }
}

/// Whether account id, environment and token URL mean the same account.
fn account(connection: &Connection, settings: &NetsuiteSettings) -> Check {
    let (name, account) = (connection.name.as_str(), &settings.account);
    let by_id = Environment::of_account(account);
    if connection.environment != by_id && connection.environment != Environment::Simulator {
        let environment = format!("--environment={by_id}");
        return Check::warning(
            "account",
            format!("{account} is a {by_id} account, set as {}", connection.environment),
        )
        .because("one of the two is wrong, and a certificate of one account is worth nothing in another")
        .fix(Fix::run("to set it by the account id, run", ["connection", "set", name, &environment]));
    }
    let label = account.host_label();
    match settings.token_url.as_ref().and_then(account_in) {
        Some(found)
            if found == label
                || (found.eq_ignore_ascii_case(account.as_str()) && in_simulator(connection)) =>
        {
            Check::ok("account", format!("{account}, in addresses {label}"))
        }
        Some(found) if found.parse().as_ref() == Ok(account) => {
            Check::warning("account", format!("the token URL has {found} where it should be {label}"))
                .because(
                    "in addresses an account id is in lower case with `-`, elsewhere in upper case with `_`",
                )
                .fix(Fix::run("to use the usual URL, run", ["connection", "set", name, "--token-url="]))
        }
        Some(found) => {
            Check::warning("account", format!("the account is {account}, but the token URL leads to {found}"))
                .because("the vendor looks for the certificate in the account that the URL names")
                .fix(Fix::run(
                    "to use the account's own URL, run",
                    ["connection", "set", name, "--token-url="],
                ))
        }
        None => Check::ok("account", format!("{account}, in addresses {label}")),
    }
}

fn in_simulator(connection: &Connection) -> bool {
    connection.environment == Environment::Simulator
}

fn key(session: &Session, overview: &Overview) -> Check {
    let name = overview.connection.name.as_str();
    let keys = &overview.keys;
    let now = session.clock.now();
    match keys.phase() {
        Phase::Empty => Check::failed("key", Ailment::Missing, "it has no key")
            .because("nothing can be signed without one")
            .fix(Fix::run("to make one, run", ["keygen", name])),
        Phase::FirstPending => Check::failed("key", Ailment::Missing, "its first key is pending")
            .because("the vendor's certificate id is not known here")
            .fix(Fix::run("after the upload, run", ["cert", "activate", name, "--certificate-id=ID"])),
        Phase::Rotating => {
            let since = keys.pending.as_ref().map(|key| now.duration_since(key.created_at).as_hours() / 24);
            Check::warning(
                "key",
                format!("a rotation is pending for {}", counted(since.unwrap_or_default(), "day")),
            )
            .because("the new key waits for its certificate id; the old one signs until then")
            .fix(Fix::run("after the upload, run", ["rotate", "confirm", name, "--certificate-id=ID"]))
            .fix(Fix::run("to keep the old key, run", ["rotate", "abort", name]))
        }
        Phase::Overlap => Check::warning("key", "its previous key is kept")
            .because("the vendor accepts both until the previous one is retired")
            .fix(Fix::run("once nothing needs it, run", ["rotate", "retire", name])),
        Phase::Settled => Check::ok("key", keys.active.as_ref().map_or_else(String::new, describe)),
    }
}

fn describe(key: &Key) -> String {
    let start = key.certificate.fingerprint.get(..16).unwrap_or_default();
    format!("{} {start}", key.algorithm)
}

/// A certificate id belongs to one certificate: two keys with the same one cannot both be right.
fn certificate_id(overview: &Overview, all: &[Overview]) -> Check {
    let name = overview.connection.name.as_str();
    let Some((key, id)) = overview.keys.iter().find_map(|key| Some((key, key.certificate_id.as_ref()?)))
    else {
        return Check::skipped("certificate-id", "no key has one yet");
    };
    // A key that is known by a thumbprint shares it with nobody but itself.
    let twin =
        all.iter().flat_map(|other| other.keys.iter().map(move |key| (other, key))).find(|(_, other)| {
            other.id != key.id
                && other.certificate_id.as_ref() == Some(id)
                && other.certificate.fingerprint != key.certificate.fingerprint
        });
    match twin {
        None => Check::ok("certificate-id", format!("{id}, of no other key")),
        Some((other, twin)) => {
            let whose = other.connection.name.as_str();
            Check::failed(
                "certificate-id",
                Ailment::Conflict,
                format!("{id} is the {} key's of {whose}, too", twin.state),
            )
            .because("a certificate id names one certificate, and these two keys have different ones")
            .fix(Fix::what("copy the Certificate ID from the row of this certificate in the vendor's list"))
            .fix(Fix::run("then run", ["cert", "activate", name, "--certificate-id=ID"]))
        }
    }
}

fn exposed(overview: &Overview) -> Check {
    let name = overview.connection.name.as_str();
    match overview.keys.active.as_ref().and_then(|key| key.exposed_at) {
        None => Check::ok("exposed", "no removed operator has seen its key"),
        Some(at) => {
            Check::warning("exposed", format!("an operator who was removed at {at:.0} may hold its key"))
                .because("whoever could open the vault could copy it")
                .fix(Fix::run("to replace it, run", ["rotate", "initiate", name]))
        }
    }
}

/// Each certificate by the vendor's reckoning.
fn certificates(session: &Session, overview: &Overview) -> Vec<Check> {
    let connection = &overview.connection;
    if providers::descriptor(connection.provider).upload.is_none() {
        return Vec::new();
    }
    let now = session.clock.now();
    let keys = overview.keys.iter().filter(|key| key.state != KeyState::Previous);
    keys.map(|key| {
        let (name, certificate) = (connection.name.as_str(), &key.certificate);
        let end = providers::vendor_expiry(connection.provider, certificate);
        let days = providers::days_left(end, now);
        let day = end.strftime("%Y-%m-%d");
        let clamped = end < certificate.not_after;
        let check_name = if key.state == KeyState::Active { "certificate" } else { "pending-certificate" };
        let found = if clamped {
            format!(
                "the vendor stops on {day} ({days} d), although it says {}",
                certificate.not_after.strftime("%Y-%m-%d")
            )
        } else {
            format!("valid until {day} ({days} d)")
        };
        let anew = Fix::run("to replace the key, run", ["rotate", "initiate", name]);
        if certificate.not_before > now {
            Check::failed(check_name, Ailment::Expired, format!("valid from {:.0}", certificate.not_before))
                .because(
                    "it is not valid yet: this machine's clock was ahead when it was made, or is behind now",
                )
        } else if days < 0 {
            let why = if clamped {
                "NetSuite counts two years at most, whatever a certificate says"
            } else {
                "it expired"
            };
            Check::failed(check_name, Ailment::Expired, found).because(why).fix(anew)
        } else if days < WARN_DAYS {
            Check::warning(check_name, found).because("it expires soon").fix(anew)
        } else if clamped {
            Check::warning(check_name, found)
                .because("NetSuite counts two years at most, whatever a certificate says")
        } else {
            Check::ok(check_name, found)
        }
    })
    .collect()
}

fn app_check(overview: &Overview, app: &crate::domain::app::App) -> Check {
    let name = app.name.as_str();
    if overview.authentication().needs_secret() && !app.has_secret {
        return Check::failed("app", Ailment::Missing, format!("the app {name} has no client secret"))
            .because("its clients prove themselves by one")
            .fix(Fix::run("to store it, run", ["app", "set", name, "--client-secret-file=FILE"]));
    }
    if app.environment != overview.connection.environment {
        let found = format!(
            "the app {name} is {}, the connection {}",
            app.environment, overview.connection.environment
        );
        return Check::failed("app", Ailment::Conflict, found).because(
            "development and production keys are two pairs, and a grant of one is none of the other",
        );
    }
    if let Some(problem) = login::redirect_problem(app) {
        let uri = app.registration.redirect_uri.as_deref().unwrap_or_default();
        return Check::warning("app", format!("the redirect URI {uri} {problem}"))
            .because("the vendor refuses a login with it; grants that are there go on working")
            .fix(Fix::run("to set another, run", ["app", "set", name, "--redirect-uri=URL"]));
    }
    Check::ok("app", format!("{name}, {}", app.environment))
}

fn grant(session: &Session, overview: &Overview) -> Check {
    let connection = &overview.connection;
    let name = connection.name.as_str();
    let app = overview.app.as_ref().map_or("APP", |app| app.name.as_str());
    let again = || Fix::run("to connect the customer again, run", ["login", app, "--name", name]);
    let Some(grant) = &overview.grant else {
        return Check::failed("grant", Ailment::Missing, "nobody has consented yet")
            .because("its tokens come from a person's consent")
            .fix(again());
    };
    match &grant.state {
        GrantState::Reconnect { reason, .. } => {
            Check::failed("grant", Ailment::Rejected, "the customer must consent again")
                .because(reason.to_string())
                .fix(again())
        }
        GrantState::Revoked { at } => {
            Check::failed("grant", Ailment::Expired, format!("it was given back at {at:.0}"))
                .because("we revoked it")
                .fix(again())
        }
        GrantState::Uncertain { since, .. } => uncertain(name, *since),
        GrantState::Sending { sent_at, .. } => uncertain(name, *sent_at),
        GrantState::Active { refused_at: Some(at) } => {
            Check::warning("grant", format!("the vendor refused the refresh token at {at:.0}"))
                .because("a second refusal, spaced apart, means that the customer must consent again")
                .fix(Fix::run("to send it once more, run", ["token", "refresh", name]))
        }
        GrantState::Active { refused_at: None } => lasting(session, grant, name, again()),
    }
}

fn uncertain(name: &str, since: jiff::Timestamp) -> Check {
    Check::failed("grant", Ailment::Conflict, format!("the answer to a refresh at {since:.0} was lost"))
        .because("nobody knows whether its refresh token is spent; it may be sent once more")
        .fix(Fix::run("to do so, run", ["token", "refresh", name]))
}

/// How long an active grant lasts: a rolling end, and one that no refresh moves (QuickBooks: five years).
fn lasting(session: &Session, grant: &Grant, name: &str, again: Fix) -> Check {
    let now = session.clock.now();
    let Some(end) = End::of_grant(grant).min_by_key(|end| end.at) else {
        return Check::ok("grant", "the vendor names no end");
    };
    let (days, day) = (end.days_left(now), end.at.strftime("%Y-%m-%d"));
    let hard = end.kind == EndKind::Hard;
    let found = format!(
        "{} on {day} ({days} d)",
        if hard { "it ends for good" } else { "unless it is used, it ends" }
    );
    let why = if hard {
        "no refresh moves this end: the customer must consent again before"
    } else {
        "each use moves this end"
    };
    match () {
        () if days < 0 => Check::failed("grant", Ailment::Expired, found)
            .because("by the vendor's own word it is over")
            .fix(again),
        () if end.is_near(now, WARN_DAYS) => Check::warning("grant", found).because(why).fix(if hard {
            again
        } else {
            Fix::run("to use it, run", ["token", "refresh", name])
        }),
        () => Check::ok("grant", found),
    }
}
