//! Pax8, partner and vendor API credentials.
//!
//! What stands here comes from Pax8's developer pages and OpenAPI files (`vendors.md` section 3, with the links below).

use jiff::SignedDuration;
use url::Url;

use super::descriptor::{
    AssertionRules, Blame, CertificateRules, Descriptor, Link, Locations, Meaning, Place, Revocation,
};
use crate::domain::connection::{Environment, Provider};
use crate::domain::settings::{ClientAuthentication, GrantKind};

pub(super) static DESCRIPTOR: Descriptor = Descriptor {
    provider: Provider::Pax8,
    name: "Pax8",
    documentation: &[
        Link { title: "Authentication", url: "https://devx.pax8.com/docs/authentication" },
        Link { title: "Errors", url: "https://devx.pax8.com/docs/errors" },
    ],
    key_algorithms: &[],
    signing_algorithms: &[],
    certificate: CertificateRules::NONE,
    assertion: AssertionRules::STANDARD,
    lone_scopes: &[],
    host_suffixes: &["pax8.com"],
    client_authentication: &[ClientAuthentication::ClientSecretJson],
    grants: &[GrantKind::ClientCredentials],
    // The delegated flow belongs to products that work for many partners: `oauth2` serves it.
    consent: None,
    realm: None,
    default_audience: Some("https://api.pax8.com"),
    audiences: &["https://api.pax8.com", "api://p8p.client", "api://provisioning", "api://usage"],
    token_headers: &[],
    revocation: Revocation::None,
    harmless_call: None,
    predecessor_grace: None,
    default_token_lifetime: SignedDuration::from_hours(24),
    request_id_headers: &[],
    upload: None,
    diagnosis: Some("Integrations Hub > API credentials"),
    meanings: MEANINGS,
    named_by_operator: false,
    locate,
    read_token: |_| None,
};

static MEANINGS: &[Meaning] = &[Meaning {
    status: None,
    // Where RFC 6749 section 5.2 has `invalid_client`.
    code: "access_denied",
    description: None,
    summary: "does not accept the client id and the client secret",
    blames: Blame::Client,
    causes: &[
        "the client secret was replaced in the Integrations Hub",
        "the credentials are of another kind than the audience (partner, provisioning, usage)",
    ],
    attempts: None,
}];

fn locate(place: &Place<'_>) -> Locations {
    if place.environment == Environment::Simulator {
        return Locations::default();
    }
    // The one that is documented of four that are about (`vendors.md` 3.1); a setting leads to another.
    Locations { token: Url::parse("https://api.pax8.com/v1/token").ok(), ..Locations::default() }
}
