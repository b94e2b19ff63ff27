//! Intuit QuickBooks Online.
//!
//! What stands here comes from Intuit's pages and official SDKs (`vendors.md` section 2, with the links below).

use jiff::SignedDuration;
use url::Url;

use super::descriptor::{
    AssertionRules, Blame, CertificateRules, Consent, Descriptor, HarmlessCall, Link, Locations, Meaning,
    Pkce, Place, Realm, Redirects, Revocation,
};
use crate::domain::connection::{Environment, Provider};
use crate::domain::settings::{ClientAuthentication, GrantKind};

pub(super) static DESCRIPTOR: Descriptor = Descriptor {
    provider: Provider::Quickbooks,
    name: "QuickBooks",
    documentation: &[
        Link {
            title: "OAuth 2.0 and the lifetime of tokens",
            url: "https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/faq",
        },
        Link {
            title: "Redirect URIs",
            url: "https://www.developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/set-redirect-uri",
        },
        Link {
            title: "The discovery document",
            url: "https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-openid-discovery-doc",
        },
        Link {
            title: "Refresh tokens end after five years",
            url: "https://blogs.a.intuit.com/2025/11/12/important-changes-to-refresh-token-policy",
        },
    ],
    key_algorithms: &[],
    signing_algorithms: &[],
    certificate: CertificateRules::NONE,
    assertion: AssertionRules::STANDARD,
    lone_scopes: &[],
    host_suffixes: &["intuit.com"],
    client_authentication: &[ClientAuthentication::ClientSecretBasic],
    // No client credentials and no device flow: a person must click once per company.
    grants: &[GrantKind::RefreshToken],
    consent: Some(Consent {
        // There is no accounting scope that only reads.
        default_scopes: &["com.intuit.quickbooks.accounting"],
        // Neither Intuit's discovery document nor any of its SDKs mentions PKCE; `state` is the defence.
        pkce: Pkce::Never,
        callback_path: "/quickbooks/callback",
        redirects: Redirects::LocalhostInDevelopment,
    }),
    realm: Some(Realm { label: "company (realm id)", parameter: "realmId" }),
    default_audience: None,
    audiences: &[],
    // Opts in to `x_refresh_token_hard_expires_in`: the end of the five years.
    token_headers: &[("x-include-refresh-token-hard-expires-in", "true")],
    revocation: Revocation::Json,
    harmless_call: Some(HarmlessCall::CompanyInfo),
    // Intuit's own repository says that a value is dead once it is replaced.
    predecessor_grace: None,
    default_token_lifetime: SignedDuration::from_hours(1),
    request_id_headers: &["intuit_tid"],
    upload: None,
    diagnosis: Some("the app's page at developer.intuit.com, with the intuit_tid of the answer"),
    meanings: MEANINGS,
    named_by_operator: false,
    locate,
    read_token: |_| None,
};

static MEANINGS: &[Meaning] = &[
    Meaning {
        status: None,
        code: "invalid_grant",
        // Says so where the grant was given to another app; the grant is whole.
        description: Some("incorrect token type or clientid"),
        summary: "gave this grant to another app",
        blames: Blame::Client,
        causes: &[
            "the client id belongs to another app than the one that the company was connected with",
            "development keys are used for a company that was connected with production keys, or the other way round",
        ],
        attempts: None,
    },
    Meaning {
        status: None,
        code: "invalid_grant",
        description: None,
        summary: "does not accept the refresh token",
        blames: Blame::Grant,
        causes: &[
            "another program refreshed it: only one system may hold a grant",
            "the company's administrator disconnected the app",
            "it was not used for 100 days, or is five years old",
        ],
        attempts: None,
    },
    Meaning {
        status: None,
        code: "invalid_client",
        description: None,
        summary: "does not know the app's keys",
        blames: Blame::Client,
        causes: &[
            "the client secret was reset at developer.intuit.com",
            "the client id and the client secret are of different apps, or of different environments",
        ],
        attempts: None,
    },
    Meaning {
        status: None,
        code: "invalid_request",
        description: None,
        summary: "cannot read the request",
        blames: Blame::Request,
        causes: &["the redirect URI is not the registered one, or the code was used before"],
        attempts: None,
    },
    Meaning {
        status: Some(401),
        // The API's own code, AuthenticationFailed.
        code: "3200",
        description: None,
        summary: "does not accept the access token for this company",
        blames: Blame::Grant,
        causes: &[
            "the company's administrator disconnected the app",
            "the realm id is another company's than the one that was connected",
        ],
        attempts: None,
    },
];

/// The paths below Intuit's hosts; the simulator has them below one address.
const TOKEN_PATH: &str = "/oauth2/v1/tokens/bearer";
const AUTHORIZE_PATH: &str = "/connect/oauth2";
const REVOKE_PATH: &str = "/v2/oauth2/tokens/revoke";

fn locate(place: &Place<'_>) -> Locations {
    let at = |host: &str, path: &str| Url::parse(&format!("{host}{path}")).ok();
    if place.environment == Environment::Simulator {
        let Some(base) = place.token.and_then(|url| url.as_str().strip_suffix(TOKEN_PATH)) else {
            return Locations::default();
        };
        return Locations {
            authorize: at(base, AUTHORIZE_PATH),
            revoke: at(base, REVOKE_PATH),
            api: at(base, "/"),
            ..Locations::default()
        };
    }
    // Production and sandbox share all but the API (and the keys).
    let api = match place.environment {
        Environment::Sandbox => "https://sandbox-quickbooks.api.intuit.com",
        _ => "https://quickbooks.api.intuit.com",
    };
    Locations {
        token: at("https://oauth.platform.intuit.com", TOKEN_PATH),
        authorize: at("https://appcenter.intuit.com", AUTHORIZE_PATH),
        revoke: at("https://developer.api.intuit.com", REVOKE_PATH),
        api: at(api, "/"),
        ..Locations::default()
    }
}
