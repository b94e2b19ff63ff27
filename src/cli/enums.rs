//! The words that flags take, apart from the domain's own types: a spelling can change without touching stored data.

use clap::ValueEnum;

use crate::domain::connection::{Environment, Provider};
use crate::domain::invitation::token::LinkStyle;
use crate::domain::invitation::{Profile, State};
use crate::domain::jws::JwsAlgorithm;
use crate::domain::key::{KeyAlgorithm, KeyState};
use crate::domain::role::Role;
use crate::domain::settings::{ClientAuthentication, GrantKind, ScopeStyle, SigningAlgorithm, SubjectClaim};
use crate::domain::standing::Standing;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident for $domain:ty { $($(#[$vdoc:meta])* $variant:ident = $word:literal => $value:expr,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
        pub enum $name {
            $($(#[$vdoc])* #[value(name = $word)] $variant,)+
        }

        impl From<$name> for $domain {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => $value,)+ }
            }
        }
    };
}

words! {
    /// `--environment`
    EnvironmentWord for Environment {
        /// The customer's real account
        Production = "production" => Environment::Production,
        /// A sandbox account
        Sandbox = "sandbox" => Environment::Sandbox,
        /// A release-preview account
        ReleasePreview = "release-preview" => Environment::ReleasePreview,
        /// `tokenctl sim` on loopback
        Simulator = "simulator" => Environment::Simulator,
    }
}

words! {
    /// `--environment` of an app
    AppEnvironmentWord for Environment {
        /// The vendor's real world
        Production = "production" => Environment::Production,
        /// Development keys and sandbox companies
        Sandbox = "sandbox" => Environment::Sandbox,
        /// `tokenctl sim` on loopback
        Simulator = "simulator" => Environment::Simulator,
    }
}

words! {
    /// `--auth`
    AuthenticationWord for ClientAuthentication {
        /// The client secret as HTTP Basic
        ClientSecretBasic = "client-secret-basic" => ClientAuthentication::ClientSecretBasic,
        /// The client secret in the form
        ClientSecretPost = "client-secret-post" => ClientAuthentication::ClientSecretPost,
        /// The client secret in a JSON body
        ClientSecretJson = "client-secret-json" => ClientAuthentication::ClientSecretJson,
        /// An assertion signed by the connection's key
        PrivateKeyJwt = "private-key-jwt" => ClientAuthentication::PrivateKeyJwt,
        /// A public client: its id alone, with PKCE
        None = "none" => ClientAuthentication::None,
    }
}

words! {
    /// `--pkce`
    PkceWord for Option<bool> {
        /// Unless the server's metadata says that it does not know it
        Auto = "auto" => None,
        /// Always
        On = "on" => Some(true),
        /// Never
        Off = "off" => Some(false),
    }
}

words! {
    /// `--grant`
    GrantWord for GrantKind {
        /// The client alone
        ClientCredentials = "client-credentials" => GrantKind::ClientCredentials,
        /// A person consents in a browser
        AuthorizationCode = "authorization-code" => GrantKind::RefreshToken,
        /// A refresh token that another system holds
        RefreshToken = "refresh-token" => GrantKind::RefreshToken,
        /// A person consents on another machine
        DeviceCode = "device-code" => GrantKind::RefreshToken,
    }
}

words! {
    /// `--algorithm`
    AlgorithmWord for KeyAlgorithm {
        /// RSA, 4096 bits
        Rsa4096 = "rsa-4096" => KeyAlgorithm::Rsa4096,
        /// RSA, 3072 bits
        Rsa3072 = "rsa-3072" => KeyAlgorithm::Rsa3072,
        /// NIST P-256
        EcP256 = "ec-p256" => KeyAlgorithm::EcP256,
        /// NIST P-384
        EcP384 = "ec-p384" => KeyAlgorithm::EcP384,
    }
}

words! {
    /// `--key`
    KeyWord for KeyState {
        /// The one in use
        Active = "active" => KeyState::Active,
        /// The one that waits for its activation
        Pending = "pending" => KeyState::Pending,
        /// The one kept for going back
        Previous = "previous" => KeyState::Previous,
    }
}

words! {
    /// `verify --key`
    TriedKeyWord for KeyState {
        /// The one in use
        Active = "active" => KeyState::Active,
        /// The one that waits for its activation
        Pending = "pending" => KeyState::Pending,
    }
}

words! {
    /// `--scope-style`
    ScopeStyleWord for ScopeStyle {
        /// A JSON array, as in Oracle's samples
        Array = "array" => ScopeStyle::Array,
        /// One string with commas, as in Oracle's prose
        Comma = "comma" => ScopeStyle::Comma,
    }
}

words! {
    /// `--subject`
    SubjectWord for SubjectClaim {
        /// No `sub` claim, as NetSuite documents
        Omit = "omit" => SubjectClaim::Omit,
        /// The client id, as RFC 7523 demands
        ClientId = "client-id" => SubjectClaim::ClientId,
    }
}

words! {
    /// `--signing-algorithm`
    SigningWord for SigningAlgorithm {
        /// RSASSA-PSS with SHA-256
        Ps256 = "PS256" => SigningAlgorithm::PS256,
        /// RSASSA-PSS with SHA-384
        Ps384 = "PS384" => SigningAlgorithm::PS384,
        /// RSASSA-PSS with SHA-512
        Ps512 = "PS512" => SigningAlgorithm::PS512,
        /// ECDSA with P-256
        Es256 = "ES256" => SigningAlgorithm::ES256,
        /// ECDSA with P-384
        Es384 = "ES384" => SigningAlgorithm::ES384,
        /// RSASSA-PKCS1-v1_5 with SHA-256; not for NetSuite
        Rs256 = "RS256" => SigningAlgorithm::RS256,
        /// RSASSA-PKCS1-v1_5 with SHA-384; not for NetSuite
        Rs384 = "RS384" => SigningAlgorithm::RS384,
        /// RSASSA-PKCS1-v1_5 with SHA-512; not for NetSuite
        Rs512 = "RS512" => SigningAlgorithm::RS512,
    }
}

words! {
    /// `--provider`
    ProviderWord for Provider {
        /// Oracle NetSuite
        Netsuite = "netsuite" => Provider::Netsuite,
        /// Intuit QuickBooks Online
        Quickbooks = "quickbooks" => Provider::Quickbooks,
        /// Pax8
        Pax8 = "pax8" => Provider::Pax8,
        /// Any OAuth 2.0 server
        Oauth2 = "oauth2" => Provider::Oauth2,
    }
}

words! {
    /// `--status`
    StandingWord for Standing {
        /// It works
        Active = "active" => Standing::Active,
        /// It works, but not for long
        Expiring = "expiring" => Standing::Expiring,
        /// The customer must consent again
        Reconnect = "reconnect" => Standing::Reconnect,
        /// Given back
        Revoked = "revoked" => Standing::Revoked,
        /// Set up, but never proven
        NeverVerified = "never-verified" => Standing::NeverVerified,
        /// An answer was lost: nobody knows whether it works
        Uncertain = "uncertain" => Standing::Uncertain,
        /// The vendor refused it the last time
        Rejected = "rejected" => Standing::Rejected,
        /// The vendor did not answer the last time
        Unreachable = "unreachable" => Standing::Unreachable,
        /// It failed the last time for another reason
        Failed = "failed" => Standing::Failed,
        /// Its certificate is over
        Expired = "expired" => Standing::Expired,
        /// Not set up completely
        Pending = "pending" => Standing::Pending,
        /// Switched off
        Disabled = "disabled" => Standing::Disabled,
    }
}

/// `company list --sort`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OrderWord {
    /// The alphabet
    Name,
    /// What ends first
    Expiry,
    /// What was used last
    LastUsed,
}

/// `company list --columns`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColumnWord {
    /// Name of the company
    Company,
    /// Where it stands
    Status,
    /// When somebody must act
    Expires,
    /// When a token of it was last handed out
    LastUsed,
    /// Names of its connections
    Connections,
    /// Their vendors
    Providers,
    /// What the customer's accounts are called there
    Accounts,
    /// Id of the company
    Id,
}

words! {
    /// `--role`
    RoleWord for Role {
        /// Names, states and expiries; no secret, no change
        Viewer = "viewer" => Role::Viewer,
        /// Everything
        Operator = "operator" => Role::Operator,
    }
}

words! {
    /// `--profile`
    ProfileWord for Profile {
        /// Any JOSE library
        Standard = "standard" => Profile::Standard,
        /// SAP's libraries for XSUAA
        Xsuaa = "xsuaa" => Profile::Xsuaa,
    }
}

words! {
    /// `invite issuer set --algorithm`
    TokenAlgorithmWord for JwsAlgorithm {
        /// ECDSA with P-256
        Es256 = "ES256" => JwsAlgorithm::ES256,
        /// RSASSA-PSS with SHA-256, 3072 bits
        Ps256 = "PS256" => JwsAlgorithm::PS256,
        /// RSASSA-PKCS1-v1_5 with SHA-256, 3072 bits; for profile xsuaa alone
        Rs256 = "RS256" => JwsAlgorithm::RS256,
    }
}

words! {
    /// `--link-style`
    LinkStyleWord for LinkStyle {
        /// Behind `#`: browsers send it to no server
        Fragment = "fragment" => LinkStyle::Fragment,
        /// Behind `?`: it ends up in logs
        Query = "query" => LinkStyle::Query,
    }
}

words! {
    /// `--state`
    InvitationStateWord for State {
        /// Minted, not delivered
        Created = "created" => State::Created,
        /// Delivered
        Sent = "sent" => State::Sent,
        /// Its link was opened
        Accessed = "accessed" => State::Accessed,
        /// Its form was begun
        InProgress = "in-progress" => State::InProgress,
        /// Its form was handed in
        Submitted = "submitted" => State::Submitted,
        /// Used up
        Consumed = "consumed" => State::Consumed,
        /// Its time is over
        Expired = "expired" => State::Expired,
        /// Taken back
        Revoked = "revoked" => State::Revoked,
    }
}
