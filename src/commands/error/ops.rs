//! Kinds and hints of what operations report.

use super::CommandError;
use crate::commands::exit::Exit;
use crate::domain::audit::AuditKind as _;
use crate::domain::certificate::CertificateError;
use crate::domain::key::KeyState;
use crate::domain::keypair::KeyPairError;
use crate::domain::rotation::{Forbidden, Phase};
use crate::oauth::{ExchangeError, Unreachable};
use crate::ops::OpsError;
use crate::output::Hint;
use crate::providers::EndpointError;

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
    if let Some(exchange) = error.exchange() {
        // What a vendor's words mean is written down for tokens that were stored, not for a login.
        failure = evidence(failure, exchange, !matches!(error, OpsError::Login(_)));
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
        OpsError::Invite(error) => super::invite::hints(error),
        OpsError::NoAnswer(_) => Vec::new(),
        OpsError::App(error) => super::grants::of_app(error),
        OpsError::Grant(error) => super::grants::of_grant(error),
        OpsError::Login(error) => super::login::of_login(error),
        OpsError::Company(error) => super::grants::of_company(error),
        OpsError::AuditClosed => {
            vec![hint("under the owner's account, run", &["audit", "export", "--out=F"])]
        }
        OpsError::Exchange(error) => exchange_hints(error),
        OpsError::Endpoint(EndpointError::Missing { .. }) => {
            vec![Hint::text("name it: `--token-url URL`; `tokenctl sim` prints it")]
        }
        OpsError::Endpoint(EndpointError::UntrustedHost { .. }) => vec![Hint::text(
            "a host outside the vendor's domains must be trusted by name: `--trust-host HOST`",
        )],
        OpsError::Endpoint(_) => vec![Hint::text(
            "a URL is https without user, query and fragment; plain http only to loopback with `--environment simulator`",
        )],
        OpsError::InUse { .. } => {
            vec![Hint::text("try again when it is done, or wait longer with `--deadline 30m`")]
        }
        OpsError::OutOfTime => vec![Hint::text("to give it longer, add `--deadline 30m`")],
        OpsError::OnlyDisabled(names) => {
            let name = names.first().map_or("NAME", |name| name.as_str());
            vec![hint("to use one again, run", &["connection", "enable", name])]
        }
        OpsError::ShortLived { .. } => vec![Hint::text("ask for less with `--min-ttl`")],
        OpsError::NoConnection { nearest: Some(name), .. }
        | OpsError::NoRecipient { nearest: Some(name), .. } => {
            vec![Hint::text(format!("did you mean `{name}`?"))]
        }
        OpsError::NoRecipient { nearest: None, .. } => {
            vec![hint("to see all, run", &["vault", "recipient", "list"])]
        }
        OpsError::NoConnection { nearest: None, .. } | OpsError::EmptySelection => {
            vec![hint("to see what there is, run", &["connection", "list"])]
        }
        OpsError::NameTaken(name) => vec![hint("to see it, run", &["connection", "show", name.as_str()])],
        OpsError::Step { name, reason, phase } => step(name.as_str(), *reason, *phase),
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
        OpsError::Keyless { name, .. } => {
            vec![hint("to see how it gets its tokens, run", &["connection", "show", name.as_str()])]
        }
        OpsError::MappingDiffers(_) => vec![Hint::text(
            "upload the certificate for the same integration, entity and role as before, and use its new id",
        )],
        OpsError::CertificateExpired { name, .. } => {
            vec![hint("to replace it, run", &["rotate", "initiate", name.as_str()])]
        }
        OpsError::ClockSkew(_) => {
            vec![clock_hint()]
        }
        OpsError::NoPreviousSettings(name) => {
            vec![hint("to see its settings, run", &["connection", "show", name.as_str()])]
        }
        OpsError::KeyPair(KeyPairError::NotFound | KeyPairError::Encrypted | KeyPairError::Malformed)
        | OpsError::Certificate(
            CertificateError::NotFound | CertificateError::Malformed | CertificateError::Mismatch,
        ) => vec![hint("which files are needed is shown by", &["key", "import", "--help"])],
        OpsError::Algorithm { .. }
        | OpsError::KeyPair(_)
        | OpsError::Certificate(CertificateError::KeyKind(_)) => {
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

fn step(name: &str, reason: Forbidden, phase: Phase) -> Vec<Hint> {
    match reason {
        Forbidden::KeyExists if phase == Phase::FirstPending => step(name, Forbidden::NotActivated, phase),
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
fn evidence(mut failure: CommandError, error: &ExchangeError, explained: bool) -> CommandError {
    if let ExchangeError::Rejected { description: Some(description), .. } = error {
        failure = failure.because(format!("it says: {description}"));
    }
    if let Some(explanation) = error.explanation().filter(|_| explained) {
        failure = failure.because(explanation);
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

pub(super) fn exchange_hints(error: &ExchangeError) -> Vec<Hint> {
    let clock = error.clock_skew().filter(|skew| skew.is_notable()).map(|_| clock_hint());
    let others: Vec<Hint> = match error.meaning() {
        Some(meaning) => {
            let place = error.vendor().and_then(|vendor| vendor.diagnosis);
            let place =
                place.map(|place| Hint::text(format!("the reason is shown to an administrator at {place}")));
            meaning.causes.iter().take(LIKELIEST).map(|cause| Hint::text(*cause)).chain(place).collect()
        }
        None => vec![exchange_hint(error)],
    };
    clock.into_iter().chain(others).collect()
}

fn clock_hint() -> Hint {
    Hint::shell("to see whether this machine's clock is set, run", "timedatectl status")
}

fn exchange_hint(error: &ExchangeError) -> Hint {
    let ExchangeError::Unreachable { reason, retry_after, .. } = error else {
        return Hint::text(match error {
            ExchangeError::Malformed { .. } => {
                "something in between may have answered: check the token URL, the proxy settings and the vendor's status page"
            }
            _ => "check the client id, the certificate id, the scopes and the token URL",
        });
    };
    match (reason, retry_after) {
        (_, Some(wait)) => Hint::text(format!("the vendor asks to wait {} s", wait.as_secs())),
        (Unreachable::Dns | Unreachable::Refused | Unreachable::Connect(_), None) => {
            Hint::text("check the network, the proxy settings and the host name")
        }
        (Unreachable::Tls(_), None) => Hint::text("check the system's CA certificates and the clock"),
        _ => Hint::text("nothing was changed; the same command can be repeated"),
    }
}
