//! Kinds and hints of what operations report.

use super::CommandError;
use crate::commands::exit::Exit;
use crate::domain::audit::AuditKind as _;
use crate::domain::key::KeyState;
use crate::domain::rotation::Forbidden;
use crate::oauth::{ExchangeError, Unreachable};
use crate::ops::OpsError;
use crate::output::Hint;

impl From<OpsError> for CommandError {
    fn from(error: OpsError) -> Self {
        describe(&error)
    }
}

/// Gives a failure its kind and its hints.
pub(super) fn describe(error: &OpsError) -> CommandError {
    if let OpsError::NoAnswer(error) = error {
        return error.clone().into();
    }
    let mut failure = CommandError::from_error(exit_of(error), error);
    if let OpsError::Exchange(error) = error {
        failure = evidence(failure, error);
    }
    hints(error).into_iter().fold(failure, CommandError::hinted)
}

/// The exit code of an operation's failure: the one that the audit log names it by.
fn exit_of(error: &OpsError) -> Exit {
    Exit::named(error.audit_kind()).unwrap_or(Exit::Failure)
}

fn hint(text: &str, command: &[&str]) -> Hint {
    Hint::command(text, command.iter().copied())
}

fn hints(error: &OpsError) -> Vec<Hint> {
    match error {
        OpsError::Vault(error) => super::vault::hints(error),
        OpsError::NoAnswer(_) => Vec::new(),
        OpsError::AuditClosed => {
            vec![hint("under the owner's account, run", &["audit", "export", "--out=F"])]
        }
        OpsError::Exchange(error) => exchange_hints(error),
        OpsError::Endpoint(_) => vec![Hint::text(
            "a host outside the vendor's domains must be trusted by name: `--trust-host HOST`",
        )],
        OpsError::NoConnection { nearest: Some(name), .. } => {
            vec![hint("did you mean", &["connection", "show", name])]
        }
        OpsError::NoConnection { nearest: None, .. } | OpsError::EmptySelection => {
            vec![hint("to see what there is, run", &["connection", "list"])]
        }
        OpsError::NameTaken(name) => vec![hint("to see it, run", &["connection", "show", name.as_str()])],
        OpsError::Step { name, reason, .. } => step(name.as_str(), *reason),
        OpsError::NoKey { name, state: KeyState::Previous } => {
            vec![hint("to begin a rotation, run", &["rotate", "initiate", name.as_str()])]
        }
        OpsError::NoKey { name, .. } | OpsError::KeysChanged(name) => {
            vec![hint("to see where its keys stand, run", &["rotate", "status", name.as_str()])]
        }
        OpsError::NoCertificateId { name, .. } => vec![
            Hint::text("name the id that the vendor gave the certificate: `--certificate-id=ID`"),
            hint("to see where its keys stand, run", &["rotate", "status", name.as_str()]),
        ],
        OpsError::Disabled(name) => {
            vec![hint("to use it again, run", &["connection", "enable", name.as_str()])]
        }
        OpsError::MappingDiffers(_) => vec![Hint::text(
            "upload the certificate for the same integration, entity and role as before, and use its new id",
        )],
        OpsError::CertificateExpired { name, .. } => {
            vec![hint("to replace it, run", &["rotate", "initiate", name.as_str()])]
        }
        OpsError::ClockSkew(_) => {
            vec![Hint::shell("to see whether this machine's clock is set, run", "timedatectl status")]
        }
        OpsError::NoPreviousSettings(name) => {
            vec![hint("to see its settings, run", &["connection", "show", name.as_str()])]
        }
        OpsError::Algorithm { .. } | OpsError::KeyPair(_) => {
            vec![Hint::text("keys are rsa-4096, rsa-3072, ec-p256 or ec-p384")]
        }
        OpsError::IdentityExists(_) => vec![Hint::text(
            "to let it open the new vault, name its public key with `--recipient`; or choose another `--identity-out`",
        )],
        OpsError::Settings(_) | OpsError::Invalid(_) => {
            vec![hint("what can be given is shown by", &["connection", "add", "netsuite", "--help"])]
        }
        OpsError::Certificate(_) => vec![hint("what can be given is shown by", &["keygen", "--help"])],
        OpsError::SharedFailure(_) => vec![Hint::text("wait a few seconds and repeat the command")],
    }
}

fn step(name: &str, reason: Forbidden) -> Vec<Hint> {
    match reason {
        Forbidden::KeyExists => vec![hint("to replace it, run", &["rotate", "initiate", name])],
        Forbidden::NoKey => vec![hint("to make one, run", &["keygen", name])],
        Forbidden::NotActivated => vec![
            hint("after the upload, run", &["cert", "activate", name, "--certificate-id=ID"]),
            hint("to drop it, run", &["rotate", "abort", name]),
        ],
        Forbidden::RotationInProgress => vec![
            hint("after the upload, run", &["rotate", "confirm", name, "--certificate-id=ID"]),
            hint("to keep the old certificate, run", &["rotate", "abort", name]),
        ],
        Forbidden::PreviousKept => vec![
            hint("once nothing needs it any more, run", &["rotate", "retire", name]),
            hint("to go back to it, run", &["rotate", "rollback", name]),
        ],
        Forbidden::NoRotation => vec![hint("to begin one, run", &["rotate", "initiate", name])],
        Forbidden::NoPrevious => vec![hint("to see where its keys stand, run", &["rotate", "status", name])],
    }
}

/// Adds what the vendor said beside its error code.
fn evidence(mut failure: CommandError, error: &ExchangeError) -> CommandError {
    if let ExchangeError::Rejected { description: Some(description), .. } = error {
        failure = failure.because(format!("it says: {description}"));
    }
    if let (Some(vendor), Some(meaning)) = (error.vendor(), error.meaning()) {
        failure = failure.because(format!("{} {}", vendor.name, meaning.summary));
    }
    if let Some(id) = error.evidence().and_then(|evidence| evidence.request_id.as_deref()) {
        failure = failure.because(format!("the vendor's request id is {id}"));
    }
    match error.clock_skew().filter(|skew| skew.is_notable()) {
        Some(skew) => failure.because(skew.to_string()),
        None => failure,
    }
}

/// How many likely causes are named: more would hide the next command.
const LIKELIEST: usize = 3;

fn exchange_hints(error: &ExchangeError) -> Vec<Hint> {
    if let Some(meaning) = error.meaning() {
        let place = error.vendor().and_then(|vendor| vendor.diagnosis);
        let place =
            place.map(|place| Hint::text(format!("the reason is shown to an administrator at {place}")));
        let causes = meaning.causes.iter().take(LIKELIEST).map(|cause| Hint::text(*cause));
        return causes.chain(place).collect();
    }
    let ExchangeError::Unreachable { reason, retry_after, .. } = error else {
        return vec![Hint::text("check the client id, the certificate id, the scopes and the token URL")];
    };
    vec![match (reason, retry_after) {
        (_, Some(wait)) => Hint::text(format!("the vendor asks to wait {} s", wait.as_secs())),
        (Unreachable::Dns | Unreachable::Refused | Unreachable::Connect(_), None) => {
            Hint::text("check the network, the proxy settings and the host name")
        }
        (Unreachable::Tls(_), None) => Hint::text("check the system's CA certificates and the clock"),
        _ => Hint::text("nothing was changed; the same command can be repeated"),
    }]
}
