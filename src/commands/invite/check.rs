//! `tokenctl invite check`

use std::path::Path;

use url::Url;

use crate::app::App;
use crate::cli::invite::CheckArgs;
use crate::commands::error::CommandError;
use crate::commands::finish::Finished;
use crate::commands::session;
use crate::domain::invitation::Profile;
use crate::domain::jws::KeySet;
use crate::ops::invites::{self, CheckRequest, Expected};
use crate::ops::{InviteError, OpsError};
use crate::output::Hint;
use crate::output::reports::invite_check::Checked;

use super::{doing, presented};

/// Looks at a token; exits 0, 3, 4 or 12 and says why.
pub(super) async fn run(app: &App, args: &CheckArgs) -> Result<Finished, CommandError> {
    let token = presented::read(app, &args.token)?;
    let keys = match &args.jwks {
        None => None,
        Some(place) => Some(key_set(app, place).await?),
    };
    let checked = match (expected(args)?, keys) {
        (Some(expected), Some(keys)) => invites::check_alone(&token, &keys, &expected, app.clock.now()),
        (Some(_), None) => {
            return Err(CommandError::usage("`--issuer` and `--audience` go with `--jwks`")
                .because("the vault knows its own issuer")
                .hinted(Hint::text("name the keys with `--jwks F|URL`, or leave both out")));
        }
        (None, keys) => {
            let session = session::open(app)?;
            let request = CheckRequest { token: &token, keys, token_alone: args.offline };
            invites::check(&session, request).map_err(doing("cannot check the token"))?
        }
    };
    let report = report(&checked, !args.offline);
    Ok(match checked.verdict {
        Ok(()) => Finished::report(report),
        Err(why) => {
            Finished::report(report).failing(CommandError::from(&why).doing("the token must not be accepted"))
        }
    })
}

/// What to expect where no vault is opened.
fn expected(args: &CheckArgs) -> Result<Option<Expected>, CommandError> {
    match (&args.issuer, &args.audience[..]) {
        (None, []) => Ok(None),
        (Some(issuer), [_, ..]) => Ok(Some(Expected {
            profile: args.profile.map_or(Profile::Standard, Into::into),
            issuer: issuer.clone(),
            audience: args.audience.clone(),
        })),
        _ => Err(CommandError::usage("`--issuer` and `--audience` go together")
            .because("a token of another issuer, or for somebody else, must not pass")
            .hinted(Hint::command("what can be given is shown by", ["invite", "check", "--help"]))),
    }
}

/// Reads a key set that the caller named; nothing in a token ever leads here.
async fn key_set(app: &App, place: &str) -> Result<KeySet, CommandError> {
    let failed = |error: OpsError| CommandError::from(error).doing(format!("cannot use the keys of {place}"));
    if place.contains("://") {
        let url = place
            .parse::<Url>()
            .map_err(|error| CommandError::usage("`--jwks` is not a URL").because(error.to_string()))?;
        return invites::fetch_keys(&url, app.settings.timeout, &app.clock).await.map_err(failed);
    }
    let bytes = app.read_file(Path::new(place))?;
    KeySet::from_jwks(&bytes).map_err(|error| failed(InviteError::from(error).into()))
}

fn report(checked: &invites::Checked, state_checked: bool) -> Checked {
    let verified = checked.verified.as_ref();
    let verdict = match &checked.verdict {
        Ok(()) => "valid",
        Err(InviteError::Token(refusal)) => refusal.word(),
        Err(InviteError::NotTheToken) => "another-token",
        Err(InviteError::Unknown(_)) => "unknown-invitation",
        Err(InviteError::Limit(_)) => "rate-limit",
        Err(_) => checked.invitation.as_ref().map_or("refused", |one| one.state_at(checked.at).as_str()),
    };
    let reason = checked.verdict.as_ref().err().map(|why| {
        let source = std::error::Error::source(why).map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("{why}{source}")
    });
    Checked {
        valid: checked.verdict.is_ok(),
        verdict,
        reason,
        state_checked,
        id: checked.id.clone(),
        state: checked.invitation.as_ref().map(|one| one.state_at(checked.at).as_str()),
        expires_at: verified.map(|verified| verified.expires_at),
        issuer: verified.map(|verified| verified.issuer.clone()),
        audience: verified.map(|verified| verified.audience.clone()).unwrap_or_default(),
        kid: verified.map(|verified| verified.kid.clone()),
        algorithm: verified.map(|verified| verified.algorithm.as_str()),
        claims: verified.map(|verified| verified.claims.clone()),
    }
}
