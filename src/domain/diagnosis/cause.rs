//! The causes that can be told apart, in words, and what helps against each.

use super::Observations;
use crate::domain::health::Fix;
use crate::domain::key::KeyState;

macro_rules! causes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $sentence:literal;)+) => {
        /// Why a vendor refuses.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Cause { $(#[doc = $sentence] $variant,)+ }

        impl Cause {
            /// All causes.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word that reports use; it stays.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What it is, as a sentence.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }
        }
    };
}

causes! {
    ClockAhead = "clock-ahead", "this machine's clock is ahead, so its assertions come from the future";
    ClockBehind = "clock-behind", "this machine's clock is behind, so its assertions have expired when they arrive";
    CertificateExpired = "certificate-expired", "the certificate has expired";
    CertificateClamped = "certificate-clamped", "the certificate is older than two years, where NetSuite stops whatever the certificate says";
    CertificateNotYetValid = "certificate-not-yet-valid", "the certificate is not valid yet";
    CertificateRevoked = "certificate-revoked", "the certificate was revoked";
    CertificateNotUploaded = "certificate-not-uploaded", "the key's certificate was never uploaded for this client, entity and role";
    CertificateIdMistyped = "certificate-id-mistyped", "the certificate id is not the one that the vendor gave the certificate";
    CertificateIdOfAnotherKey = "certificate-id-of-another-key", "the certificate id is that of another key's certificate";
    WrongCertificate = "wrong-certificate", "the certificate that was uploaded under this id belongs to another key";
    OtherIntegration = "certificate-of-another-integration", "the certificate was uploaded for another integration";
    OtherAccount = "other-account", "the certificate was uploaded in another account of the same customer";
    MappingGone = "mapping-gone", "the vendor does not list the certificate any more";
    SandboxRefreshed = "sandbox-refreshed", "the sandbox was refreshed, which cleared its certificates";
    ApplicationId = "application-id-as-client-id", "the client id that is set is the integration's Application ID";
    ClientIdUnknown = "client-id-unknown", "the vendor does not know the client id: `Reset Credentials` gives an integration another one";
    IntegrationBlocked = "integration-blocked", "the integration record is disabled, or its client-credentials grant is not ticked";
    EntityDisabled = "entity-disabled", "the entity (user) is inactive or has no access";
    RoleDisabled = "role-disabled", "the role is inactive, or lacks a permission that a login needs";
    RoleOfEntity = "role-not-of-entity", "the entity does not have the role any more";
    ScopeNotAllowed = "scope-not-allowed", "a scope is not ticked on the integration record";
    ScopesTogether = "scopes-do-not-combine", "the scopes cannot be asked for together";
    ScopeNotation = "scope-notation", "the scopes are written in a way that the vendor does not take";
    SubjectClaim = "subject-claim", "the vendor does not take the assertion's `sub`";
    AssertionLifetime = "assertion-lifetime", "the assertion lives longer than the vendor takes";
    AlgorithmRefused = "algorithm-refused", "the vendor does not take the assertion's signature algorithm";
    TokenUrl = "token-url", "the token URL is not the one that the vendor knows itself by";
    SettingsChanged = "settings-changed", "the last change of the settings broke it";
    AccountWide = "account-wide", "something about the whole account: the OAuth 2.0 feature, or its access from outside";
}

impl Cause {
    /// Whether it is a matter of dates: the certificate is over, or not valid yet.
    pub const fn is_expiry(self) -> bool {
        matches!(self, Self::CertificateExpired | Self::CertificateClamped | Self::CertificateNotYetValid)
    }

    /// Where our clock is, seen from the vendor's.
    pub(super) const fn direction(self) -> &'static str {
        if matches!(self, Self::ClockAhead) { "ahead of" } else { "behind" }
    }

    /// What helps, where the rule that found it does not know better.
    pub(super) fn fixes(self, seen: &Observations) -> Vec<Fix> {
        let name = seen.name.as_str();
        let what = |text: &str| Fix::what(text);
        match self {
            Self::ClockAhead | Self::ClockBehind => {
                vec![Fix::Shell(
                    "set the clock by the network:".to_owned(),
                    "timedatectl set-ntp true".to_owned(),
                )]
            }
            Self::CertificateExpired | Self::CertificateClamped | Self::CertificateRevoked => {
                vec![anew(seen)]
            }
            Self::CertificateNotYetValid => {
                vec![what("wait until then, or make a key whose certificate begins earlier"), anew(seen)]
            }
            Self::CertificateNotUploaded
            | Self::WrongCertificate
            | Self::MappingGone
            | Self::SandboxRefreshed
            | Self::OtherIntegration
            | Self::OtherAccount => upload(seen),
            Self::CertificateIdMistyped | Self::CertificateIdOfAnotherKey => vec![
                what("copy the Certificate ID from the row of this certificate in NetSuite's list"),
                Fix::run("then run", with_id(seen)),
            ],
            Self::ApplicationId | Self::ClientIdUnknown => vec![
                what(
                    "read the Client ID on the integration record; after `Reset Credentials` it is shown once, and its certificates must be uploaded anew",
                ),
                Fix::run("then run", ["connection", "set", name, "--client-id=ID"]),
            ],
            Self::IntegrationBlocked => vec![what(
                "Setup > Integration > Manage Integrations: the state must be Enabled, and Client Credentials (Machine to Machine) Grant ticked",
            )],
            Self::EntityDisabled => vec![what(
                "Lists > Employees: the entity must have access and not be inactive; the Login Audit Trail's column Detail says EntityOrRoleDisabled",
            )],
            Self::RoleDisabled => vec![what(
                "Setup > Users/Roles > Manage Roles: the role must not be inactive, and needs Log in using OAuth 2.0 Access Tokens and REST Web Services",
            )],
            Self::RoleOfEntity => vec![what(
                "give the entity its role back on its Access tab, or upload the certificate for a role that it has",
            )],
            Self::ScopeNotAllowed | Self::ScopesTogether => {
                vec![Fix::run(
                    "to ask for one scope, run",
                    ["connection", "set", name, "--scope=rest_webservices"],
                )]
            }
            Self::ScopeNotation
            | Self::SubjectClaim
            | Self::AssertionLifetime
            | Self::AlgorithmRefused
            | Self::TokenUrl => vec![Fix::run("to see its settings, run", ["connection", "show", name])],
            Self::SettingsChanged => {
                vec![Fix::run(
                    "to go back to the settings before, run",
                    ["connection", "set", name, "--revert"],
                )]
            }
            Self::AccountWide => vec![what(
                "Setup > Company > Enable Features > SuiteCloud: OAuth 2.0 must be ticked; Setup > Users/Roles > View Login Audit Trail, column Detail, says why it refuses",
            )],
        }
    }
}

/// Another key, as the keys stand.
fn anew(seen: &Observations) -> Fix {
    let name = seen.name.as_str();
    match seen.key.state {
        KeyState::Pending => Fix::run("to drop this key and make another, run", ["rotate", "abort", name]),
        KeyState::Active | KeyState::Previous => {
            Fix::run("to replace its key, run", ["rotate", "initiate", name])
        }
    }
}

fn upload(seen: &Observations) -> Vec<Fix> {
    let key = format!("--key={}", seen.key.state);
    vec![
        Fix::run("to get the certificate that belongs to the key, run", ["cert", "export", &seen.name, &key]),
        Fix::what(format!(
            "upload it in account {} under OAuth 2.0 Client Credentials (M2M) Setup, for the same integration, entity and role",
            seen.account
        )),
        Fix::run("then run", with_id(seen)),
    ]
}

fn with_id(seen: &Observations) -> [&str; 4] {
    let step = match seen.key.state {
        KeyState::Pending => ["rotate", "confirm"],
        KeyState::Active | KeyState::Previous => ["cert", "activate"],
    };
    [step[0], step[1], &seen.name, "--certificate-id=ID"]
}
