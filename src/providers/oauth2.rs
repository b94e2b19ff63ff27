//! Any authorization server that follows the standards: what RFC 6749 and its companions leave to nobody else.

use jiff::SignedDuration;

use super::descriptor::{
    AssertionRules, Blame, CertificateRules, Consent, Descriptor, HarmlessCall, Link, Locations, Meaning,
    Pkce, Redirects, Revocation,
};
use crate::domain::connection::Provider;
use crate::domain::key::KeyAlgorithm;
use crate::domain::settings::{ClientAuthentication, GrantKind, SigningAlgorithm};

pub(super) static DESCRIPTOR: Descriptor = Descriptor {
    provider: Provider::Oauth2,
    name: "the server",
    documentation: &[
        Link { title: "OAuth 2.0", url: "https://www.rfc-editor.org/rfc/rfc6749" },
        Link { title: "Security best current practice", url: "https://www.rfc-editor.org/rfc/rfc9700" },
        Link { title: "Client assertions", url: "https://www.rfc-editor.org/rfc/rfc7523" },
        Link { title: "Server metadata", url: "https://www.rfc-editor.org/rfc/rfc8414" },
    ],
    key_algorithms: &[
        KeyAlgorithm::Rsa4096,
        KeyAlgorithm::Rsa3072,
        KeyAlgorithm::EcP256,
        KeyAlgorithm::EcP384,
    ],
    signing_algorithms: &[
        SigningAlgorithm::PS256,
        SigningAlgorithm::PS384,
        SigningAlgorithm::PS512,
        SigningAlgorithm::ES256,
        SigningAlgorithm::ES384,
        SigningAlgorithm::RS256,
        SigningAlgorithm::RS384,
        SigningAlgorithm::RS512,
    ],
    certificate: CertificateRules { max_days: 730, clamp_years: None, max_active: None },
    assertion: AssertionRules::STANDARD,
    lone_scopes: &[],
    host_suffixes: &[],
    client_authentication: &[
        ClientAuthentication::ClientSecretBasic,
        ClientAuthentication::ClientSecretPost,
        ClientAuthentication::ClientSecretJson,
        ClientAuthentication::PrivateKeyJwt,
        ClientAuthentication::None,
    ],
    grants: &[GrantKind::ClientCredentials, GrantKind::RefreshToken],
    consent: Some(Consent {
        default_scopes: &[],
        pkce: Pkce::UnlessRefused,
        callback_path: "/oauth2/callback",
        redirects: Redirects::Loopback,
    }),
    realm: None,
    default_audience: None,
    audiences: &[],
    token_headers: &[],
    revocation: Revocation::Form,
    harmless_call: Some(HarmlessCall::Userinfo),
    predecessor_grace: None,
    default_token_lifetime: SignedDuration::from_hours(1),
    request_id_headers: &["x-request-id", "x-correlation-id"],
    upload: None,
    diagnosis: None,
    meanings: MEANINGS,
    named_by_operator: true,
    locate: |_| Locations::default(),
    read_token: |_| None,
};

/// RFC 6749 section 5.2.
static MEANINGS: &[Meaning] = &[
    Meaning {
        status: None,
        code: "invalid_grant",
        description: None,
        summary: "does not accept the grant",
        blames: Blame::Grant,
        causes: &[
            "it was revoked or has expired",
            "another program used it: only one system may hold a grant that rotates",
            "it was given to another client",
        ],
        attempts: None,
    },
    Meaning {
        status: None,
        code: "invalid_client",
        description: None,
        summary: "does not accept the client's proof of who it is",
        blames: Blame::Client,
        causes: &[
            "the client id or the client secret is another one",
            "the server wants another client authentication (a setting)",
            "the server does not know the public key, or knows it by another key id",
        ],
        attempts: None,
    },
    Meaning {
        status: None,
        code: "unauthorized_client",
        description: None,
        summary: "does not let the client use this grant",
        blames: Blame::Client,
        causes: &["the grant type is not enabled for the client at the server"],
        attempts: None,
    },
    Meaning {
        status: None,
        code: "invalid_scope",
        description: None,
        summary: "does not grant the scopes",
        blames: Blame::Request,
        causes: &["a scope is misspelt or not allowed for the client"],
        attempts: None,
    },
    Meaning {
        status: None,
        code: "unsupported_grant_type",
        description: None,
        summary: "does not know this grant",
        blames: Blame::Request,
        causes: &["the token endpoint is another server's, or the grant is switched off there"],
        attempts: None,
    },
    Meaning {
        status: None,
        code: "invalid_request",
        description: None,
        summary: "cannot read the request",
        blames: Blame::Request,
        causes: &["the server demands a parameter, such as an audience, or another client authentication"],
        attempts: None,
    },
];
