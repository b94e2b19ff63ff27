//! What failures around invitations mean to the person at the keyboard.

use crate::commands::error::CommandError;
use crate::commands::exit::Exit;
use crate::domain::audit::AuditKind as _;
use crate::domain::invitation::issuer::IssuerError;
use crate::domain::invitation::state::{Refused, State};
use crate::domain::jws::Refusal;
use crate::ops::InviteError as E;
use crate::output::Hint;

impl From<&E> for CommandError {
    fn from(error: &E) -> Self {
        let exit = Exit::named(error.audit_kind()).unwrap_or(Exit::Failure);
        hints(error).into_iter().fold(Self::from_error(exit, error), Self::hinted)
    }
}

fn hint(text: &str, command: &[&str]) -> Hint {
    Hint::command(text, command.iter().copied())
}

pub(super) fn hints(error: &E) -> Vec<Hint> {
    match error {
        E::NoIssuer => vec![hint(
            "to set one, run",
            &["invite", "issuer", "set", "--issuer=URL", "--audience=NAME", "--link-base=https://HOST/PAGE"],
        )],
        E::Issuer(IssuerError::Ttl) => vec![Hint::text("name a life such as `--ttl 7d`")],
        E::Issuer(_) => vec![hint("what can be set is shown by", &["invite", "issuer", "set", "--help"])],
        E::NotFound(_) | E::NoneMatches => vec![hint("to see all, run", &["invite", "list"])],
        E::Unknown(_) => {
            vec![Hint::text("it was minted with another vault, or before this one was restored")]
        }
        E::Token(Refusal::Expired { .. }) => vec![again()],
        E::Token(Refusal::UnknownKey(_) | Refusal::RevokedKey(_))
        | E::NoKey(_)
        | E::KeyRevoked(_)
        | E::KeysChanged => {
            vec![hint("to see the keys, run", &["invite", "key", "list"])]
        }
        E::Token(Refusal::Issuer(_) | Refusal::Audience(_) | Refusal::Type { .. }) => {
            vec![hint("to see what a token must say, run", &["invite", "issuer", "show"])]
        }
        E::Token(_) | E::NotTheToken => vec![Hint::text(
            "nothing that it says can be trusted: ask whoever presents it for the link as it was sent",
        )],
        E::Limit(_) => vec![
            Hint::text("wait until then; to look at it with `check` does not count"),
            hint("to see what else happened, run", &["invite", "alerts"]),
        ],
        E::Step { id, reason } => step(id.as_str(), *reason),
        E::MovedMeanwhile(id) => vec![hint("to see where it stands, run", &["invite", "show", id.as_str()])],
        E::TooManyOpen { .. } => vec![
            Hint::text("revoke one that is not needed, or wait until one is used up or expires"),
            hint("to allow more, run", &["invite", "issuer", "set", "--max-active-per-email=5"]),
        ],
        E::Scope { scope, .. } => {
            let list = format!("--scope={scope}");
            vec![hint("to change the list, name all of it as in", &["invite", "issuer", "set", &list])]
        }
        E::TooMuch(_) => vec![hint("what can be given is shown by", &["invite", "mint", "--help"])],
        E::NotYetKnown { .. } => vec![
            hint("to publish it, run", &["invite", "jwks", "--out=jwks.json"]),
            hint("to use it all the same, run", &["invite", "key", "rotate", "--now"]),
        ],
        E::Signer(_) => vec![hint("to see whether the vault is whole, run", &["vault", "check"])],
        E::KeySet(_) => vec![hint("such a set is written by", &["invite", "jwks"])],
        E::Unreachable { .. } => vec![Hint::text("check the URL and the network, or name a file")],
        E::PlainHttp => vec![Hint::text("name an https URL, or a file")],
    }
}

fn again() -> Hint {
    hint("to invite again, run", &["invite", "mint", "--email=ann@supplier.example", "--company=NAME"])
}

fn step(id: &str, reason: Refused) -> Vec<Hint> {
    let show = hint("to see where it stands, run", &["invite", "show", id]);
    match reason {
        Refused::Skipped { from: State::Created, .. } => {
            vec![hint("once its link was delivered, run", &["invite", "sent", id])]
        }
        Refused::Skipped { missing, .. } => {
            vec![hint("what comes first is", &["invite", missing, "TOKEN-FILE"]), show]
        }
        Refused::Past(_) => vec![show],
        Refused::Over(_) => vec![show, again()],
    }
}
