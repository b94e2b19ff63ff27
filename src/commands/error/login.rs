//! Hints for what can keep a person from connecting a company.

use super::ops::exchange_hints;
use crate::ops::{KeptApart, LoginError};
use crate::output::Hint;

fn hint(text: &str, command: &[&str]) -> Hint {
    Hint::command(text, command.iter().copied())
}

pub(super) fn of_login(error: &LoginError) -> Vec<Hint> {
    match error {
        LoginError::Impossible { .. } => vec![
            hint("to see what the app's server offers, run", &["app", "list"]),
            hint("which ways there are is shown by", &["login", "--help"]),
        ],
        LoginError::NoRedirectUri { app, .. } => vec![
            hint(
                "once it is registered with the vendor, run",
                &["app", "set", app.as_str(), "--redirect-uri", "https://connect.example.com/quickbooks"],
            ),
            Hint::text(
                "the page there forwards to http://localhost:8765/quickbooks/callback, or shows nothing at all",
            ),
            hint("for a page that does not forward, run", &["login", app.as_str(), "--paste"]),
        ],
        LoginError::RedirectUri { .. } | LoginError::Authorize(_) => {
            vec![hint("which redirect URIs there can be is shown by", &["login", "--help"])]
        }
        LoginError::Bind(_) => of_port(),
        LoginError::NeedsKey(app) => {
            vec![hint("to see the app, run", &["app", "show", app.as_str()])]
        }
        LoginError::NotOfApp { name, .. } | LoginError::OtherRealm { name, .. } => vec![
            hint("to see what it is for, run", &["connection", "show", name.as_str()]),
            Hint::text("for a connection of its own, choose another `--name`, or none"),
        ],
        LoginError::Contradicted { name: Some(name), .. } => vec![
            hint("to see which company it is for, run", &["connection", "show", name.as_str()]),
            Hint::text(
                "log in again and choose that one; for another company choose another `--name`, or none",
            ),
        ],
        LoginError::Contradicted { name: None, .. } => {
            vec![Hint::text("nothing was changed; log in again, in a window of its own")]
        }
        LoginError::RealmTaken { holder, app, .. } => vec![
            hint("to renew that connection, run", &["login", app.as_str(), "--name", holder.as_str()]),
            hint("to see it, run", &["connection", "show", holder.as_str()]),
        ],
        LoginError::Denied { error, .. } if error == "access_denied" => vec![Hint::text(
            "whoever logs in must be allowed to connect apps, and press Connect; nothing was changed",
        )],
        LoginError::Denied { .. } => {
            vec![Hint::text("nothing was changed; check the app's scopes and redirect URI with the vendor")]
        }
        LoginError::NotPasted => vec![Hint::text(
            "run it on a terminal, or write the address to standard input and leave `--no-input` away",
        )],
        LoginError::TimedOut(_) => {
            vec![Hint::text("nothing was changed; to wait longer, add `--timeout 15m --deadline 30m`")]
        }
        LoginError::Exchange { app, source } => of_exchange(error, app.as_str(), source),
        LoginError::NoRefreshToken { app, .. } => vec![
            hint(
                "many servers want a scope for it:",
                &["app", "set", app.as_str(), "--scope", "offline_access"],
            ),
            Hint::text("or the grant type `refresh_token` is not enabled for the client at the server"),
        ],
        LoginError::Unconfirmed { .. } => Vec::new(),
        LoginError::Quarantined(kept) => of_quarantined(kept),
        LoginError::NotStored { app, .. } => vec![
            Hint::text("make room on the disk that holds the vault, or see why it cannot be written"),
            hint("to see how the vault is, run", &["vault", "check"]),
            hint("then have the person log in again, with", &["login", app.as_str()]),
        ],
    }
}

/// A port that somebody has, or that nobody may have.
fn of_port() -> Vec<Hint> {
    vec![
        Hint::text("whoever has the port would get the answer, so nothing was opened; end that program"),
        Hint::text("or listen on another port with `--listen PORT`, if the redirect URI leads there"),
        Hint::text("or listen on none, and paste where the browser ends: `--paste`"),
    ]
}

fn of_exchange(error: &LoginError, app: &str, source: &crate::oauth::ExchangeError) -> Vec<Hint> {
    let again = |text: &str| hint(text, &["login", app]);
    if error.is_lost() {
        return vec![
            Hint::text("the vendor may have connected the company; the next login replaces that"),
            again("to log in again, run"),
        ];
    }
    match source.vendor_code() {
        Some("invalid_grant") => vec![
            Hint::text(
                "a code is good for one exchange and a few minutes, and for the redirect URI that it was asked with",
            ),
            again("to log in again, run"),
        ],
        Some("expired_token") => vec![again("to log in again, run")],
        _ => exchange_hints(source),
    }
}

fn of_quarantined(kept: &KeptApart) -> Vec<Hint> {
    let id = kept.id.to_string();
    let name = kept.name.as_ref().map_or("NAME", |name| name.as_str());
    let mut take = vec!["token", "import", name, "--quarantined", &id];
    if !kept.is_there {
        take.extend(["--app", kept.app.as_str()]);
        if kept.needs_realm {
            take.extend(["--realm", kept.realm.as_deref().unwrap_or("ID")]);
        }
    }
    vec![
        hint("to let a connection take it over, run", &take),
        hint("to see what is kept apart, run", &["app", "show", kept.app.as_str()]),
    ]
}
