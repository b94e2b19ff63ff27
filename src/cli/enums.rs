//! The words that flags take, apart from the domain's own types: a spelling can change without touching stored data.

use clap::ValueEnum;

use crate::domain::connection::Environment;
use crate::domain::settings::{ScopeStyle, SigningAlgorithm, SubjectClaim};
use crate::domain::key::{KeyAlgorithm, KeyState};
use crate::domain::role::Role;

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
    }
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
