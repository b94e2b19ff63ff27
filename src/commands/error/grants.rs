//! Hints for what can keep an app or a grant from working.

use super::ops::exchange_hints;
use crate::domain::grant::NotNow;
use crate::domain::ids::CompanyId;
use crate::ops::{AppError, CompanyError, GrantError};
use crate::output::Hint;

fn hint(text: &str, command: &[&str]) -> Hint {
    Hint::command(text, command.iter().copied())
}

pub(super) fn of_app(error: &AppError) -> Vec<Hint> {
    match error {
        AppError::NotFound { nearest: Some(name), .. } => vec![Hint::text(format!("did you mean `{name}`?"))],
        AppError::NotFound { nearest: None, .. } => vec![hint("to see what there is, run", &["app", "list"])],
        AppError::NameTaken(name) | AppError::Changed(name) | AppError::NoPreviousKeys(name) => {
            vec![hint("to see it, run", &["app", "show", name.as_str()])]
        }
        AppError::NoClientSecret(_) => {
            vec![Hint::text("name a file that holds it: `--client-secret-file F`, or `-` for standard input")]
        }
        AppError::WouldOrphan { .. } => vec![
            Hint::text("add the other client id as an app of its own, and connect the customers with it"),
            Hint::text("if it is the same app under another name, add `--unproven`"),
        ],
        AppError::InUse { name, .. } => vec![
            hint("to see them, run", &["app", "show", name.as_str()]),
            hint("to remove one of them, run", &["connection", "remove", "NAME"]),
        ],
    }
}

/// How many namesakes are named: more would hide the way out.
const NAMESAKES: usize = 5;

pub(super) fn of_company(error: &CompanyError) -> Vec<Hint> {
    match error {
        CompanyError::NotFound { nearest: Some(name), .. } => {
            vec![Hint::text(format!("did you mean `{name}`?"))]
        }
        CompanyError::NotFound { nearest: None, .. } => {
            vec![hint("to see what there is, run", &["company", "list"])]
        }
        CompanyError::Ambiguous { name, ids } => {
            let by_id =
                |id: &CompanyId| hint("to see one of them by its id, run", &["company", "show", id.as_str()]);
            let search = format!("--search={name}");
            ids.iter()
                .take(NAMESAKES)
                .map(by_id)
                .chain([hint("to see them side by side, run", &["company", "list", &search])])
                .collect()
        }
        CompanyError::NoCompany(name) => vec![hint(
            "to let it belong to one, run",
            &["connection", "set", name.as_str(), "--company=TEXT"],
        )],
    }
}

pub(super) fn of_grant(error: &GrantError) -> Vec<Hint> {
    let login = |text: &str, app: &str, name: &str| hint(text, &["login", app, "--name", name]);
    let again = |name: &str| hint("to try again, run", &["token", "refresh", name]);
    match error {
        GrantError::Missing { name, app } => vec![
            login("to have a person consent, run", app.as_str(), name.as_str()),
            hint(
                "to take over a grant that another system holds, run",
                &["token", "import", name.as_str(), "--refresh-token-file=FILE"],
            ),
        ],
        GrantError::NotNow { name, app, why } => match why {
            NotNow::Wait { .. } => vec![Hint::text("wait half a minute and repeat the command")],
            NotNow::Undecided { .. } => vec![
                hint("to send the same refresh token once more, run", &["token", "refresh", name.as_str()]),
                login("to replace the grant, run", app.as_str(), name.as_str()),
            ],
            NotNow::Reconnect(_) | NotNow::Revoked { .. } => {
                vec![login("to connect the customer again, run", app.as_str(), name.as_str())]
            }
        },
        GrantError::Lost { name, .. } => vec![
            Hint::text("the same refresh token is sent once more, no sooner than 30 seconds from now"),
            again(name.as_str()),
        ],
        GrantError::RefusedOnce { name, source } => {
            let mut hints = exchange_hints(source);
            hints.push(Hint::text("a second refusal, half a minute from now or later, will be believed"));
            hints.push(again(name.as_str()));
            hints
        }
        GrantError::Over { name, app, .. } => {
            vec![login("to connect the customer again, run", app.as_str(), name.as_str())]
        }
        GrantError::Incident { app, .. } => vec![
            Hint::text("the vendor has a problem, or the app was changed there; try again later"),
            hint("to see the app, run", &["app", "show", app.as_str()]),
        ],
        GrantError::Holds(name) => vec![
            hint("to see it, run", &["connection", "show", name.as_str()]),
            hint("to give it back first, run", &["token", "revoke", name.as_str()]),
        ],
        GrantError::OtherRealm { name, .. } | GrantError::Elsewhere { name, .. } => {
            vec![hint("to see what it is for, run", &["connection", "show", name.as_str()])]
        }
        GrantError::NotQuarantined(_) => {
            vec![hint("to see what is quarantined, run", &["app", "show", "APP"])]
        }
        GrantError::NotStored { name, .. } => vec![
            Hint::text("make room on the disk that holds the vault"),
            hint("then, no sooner than 30 seconds from now, run", &["token", "refresh", name.as_str()]),
        ],
    }
}
