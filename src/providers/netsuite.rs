//! Oracle NetSuite, OAuth 2.0 machine to machine.
//!
//! What stands here comes from Oracle's manual (the links below) except where a comment says otherwise.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use super::descriptor::{
    AssertionRules, Blame, CertificateRules, Descriptor, Link, Locations, Meaning, Place, Revocation, Upload,
};
use crate::domain::connection::{Environment, Provider};
use crate::domain::granted::Granted;
use crate::domain::key::KeyAlgorithm;
use crate::domain::settings::{ClientAuthentication, GrantKind, NetsuiteSettings, SigningAlgorithm};

pub(super) static DESCRIPTOR: Descriptor = Descriptor {
    provider: Provider::Netsuite,
    name: "NetSuite",
    documentation: &[
        Link {
            title: "OAuth 2.0 client credentials setup",
            url: "https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162686838198.html",
        },
        Link {
            title: "The assertion's structure",
            url: "https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162790605110.html",
        },
        Link {
            title: "The token request",
            url: "https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162755359851.html",
        },
        Link {
            title: "The certificate rotation endpoint",
            url: "https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_92130837826.html",
        },
        Link {
            title: "The hosts of an account",
            url: "https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/chapter_157011836591.html",
        },
    ],
    // P-521 is accepted, too, but jsonwebtoken knows no ES512.
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
    ],
    certificate: CertificateRules { max_days: 730, clamp_years: Some(2), max_active: Some(5) },
    // "Less than 60 minutes": 3600 is out.
    assertion: AssertionRules { max_seconds: 3599 },
    lone_scopes: &["mcp"],
    // Not `netsuite.com` as a whole: what customers write answers under `extforms`, `shop` and others of its
    // names.
    host_suffixes: &["suitetalk.api.netsuite.com", "restlets.api.netsuite.com"],
    client_authentication: &[ClientAuthentication::PrivateKeyJwt],
    grants: &[GrantKind::ClientCredentials],
    consent: None,
    realm: None,
    default_audience: None,
    audiences: &[],
    token_headers: &[],
    // A client-credentials token cannot be given back: it lives out its hour.
    revocation: Revocation::None,
    harmless_call: None,
    predecessor_grace: None,
    default_token_lifetime: SignedDuration::from_hours(1),
    // Not documented; an answer without it loses nothing.
    request_id_headers: &["x-n-operationid"],
    upload: Some(UPLOAD),
    diagnosis: Some("Setup > Users/Roles > View Login Audit Trail, column Detail"),
    meanings: MEANINGS,
    named_by_operator: false,
    locate,
    read_token,
};

const UPLOAD: Upload = Upload {
    page: "Setup > Integration > Manage Authentication > OAuth 2.0 Client Credentials (M2M) Setup",
    permission: "Administrator or \"OAuth 2.0 Authorized Applications Management\"",
    certificate_id_label: "Certificate ID",
    steps: upload_steps,
};

/// Oracle documents no error table for client credentials; the causes are the documented details of the Login
/// Audit Trail and what users report (`vendors.md` 1.3).
static MEANINGS: &[Meaning] = &[
    Meaning {
        status: None,
        code: "invalid_grant",
        description: None,
        blames: Blame::Grant,
        summary: "does not accept the signed assertion",
        causes: &[
            "the certificate is not uploaded for this client, entity and role, or the certificate id is another one's",
            "the certificate is revoked or expired there",
            "the certificate uploaded belongs to another key (audit trail: InvalidSignature)",
            "the sandbox was refreshed, which clears its certificates",
            "the entity or role is inactive or lacks a permission (audit trail: EntityOrRoleDisabled)",
            "the account id leads to another account than the one with the certificate",
        ],
        attempts: None,
    },
    Meaning {
        status: None,
        code: "invalid_client",
        description: None,
        blames: Blame::Client,
        summary: "does not know the client, or has blocked it",
        causes: &[
            "the client id is not that of the integration record, as after `Reset Credentials` (audit trail: UnknownIntegration)",
            "the integration record is not enabled (audit trail: IntegrationBlocked)",
            "the certificate id belongs to another integration record",
        ],
        attempts: None,
    },
    Meaning {
        status: None,
        code: "invalid_request",
        description: None,
        blames: Blame::Request,
        summary: "cannot read the request",
        causes: &[
            "the certificate id is missing or mistyped",
            "the scopes are written in a way that it does not take (the scope style is a setting)",
        ],
        attempts: None,
    },
    Meaning {
        status: None,
        code: "invalid_scope",
        description: None,
        blames: Blame::Request,
        summary: "does not grant the scopes",
        causes: &["the scope is not ticked on the integration record (audit trail: ScopeMismatched)"],
        attempts: None,
    },
    Meaning {
        status: None,
        code: "unauthorized_client",
        description: None,
        blames: Blame::Client,
        summary: "does not let the client use this grant",
        causes: &[
            "\"Client Credentials (Machine to Machine) Grant\" is not ticked on the integration record",
        ],
        attempts: None,
    },
    Meaning {
        status: None,
        code: "server_error",
        description: None,
        blames: Blame::Vendor,
        summary: "answers with a server error",
        causes: &[
            "NetSuite has a passing problem",
            "it answers so, too, when the assertion is wrong: the Application ID in place of the Client ID, or a refused algorithm",
        ],
        // Users report it for wrong assertions, which no repetition heals.
        attempts: Some(2),
    },
];

fn locate(place: &Place<'_>) -> Locations {
    let Some(settings) = place.settings.netsuite() else { return Locations::default() };
    let account = settings.account.host_label();
    let endpoint = |service: &str| {
        let path = "services/rest/auth/oauth2/v1/token";
        Url::parse(&format!("https://{account}.{service}.api.netsuite.com/{path}")).ok()
    };
    let (beside, root) = match place.environment {
        Environment::Simulator => (place.token.cloned(), place.token.cloned()),
        _ => (endpoint("restlets"), Url::parse("https://rest.netsuite.com").ok()),
    };
    Locations {
        token: endpoint("suitetalk"),
        certificates: beside.and_then(|token| certificates_beside(settings, token)),
        addresses: root.and_then(|url| url.join("/rest/datacenterurls").ok()),
        ..Locations::default()
    }
}

fn certificates_beside(settings: &NetsuiteSettings, token: Url) -> Option<Url> {
    let mut url = token;
    // Segment by segment: a client id with a slash must not lead elsewhere.
    url.path_segments_mut().ok()?.pop().push("clients").push(&settings.client_id).push("certificates");
    Some(url)
}

fn upload_steps(settings: &NetsuiteSettings, file: &str) -> Vec<String> {
    let choose = |what: &str, id: Option<&String>| match id {
        Some(id) => format!("{what} {id}"),
        None => format!("the {what} that the integration runs as"),
    };
    vec![
        format!("in NetSuite account {}, open {}", settings.account, UPLOAD.page),
        format!(
            "press Create New and choose {}, {} and the application with client id {}",
            choose("entity", settings.entity.as_ref()),
            choose("role", settings.role.as_ref()),
            settings.client_id,
        ),
        format!("choose the certificate file {file} and press Save"),
        format!("copy the {} that the list now shows", UPLOAD.certificate_id_label),
    ]
}

/// Payload of an access token: `sub` is "role;entity", `aud` holds "application;company" and the client id.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: String,
    #[serde(default)]
    aud: OneOrMany,
    #[serde(default)]
    scope: OneOrMany,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<String>),
    One(String),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl OneOrMany {
    fn into_vec(self, separators: &[char]) -> Vec<String> {
        match self {
            Self::Many(all) => all,
            Self::One(text) => {
                text.split(separators).filter(|part| !part.is_empty()).map(str::to_owned).collect()
            }
        }
    }
}

fn read_token(access_token: &str) -> Option<Granted> {
    let mut parts = access_token.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let (role, entity) = claims.sub.split_once(';')?;
    let audiences = claims.aud.into_vec(&[]);
    let pair = audiences.iter().find_map(|audience| audience.split_once(';'));
    let (application, company) = pair.map_or((None, None), |(left, right)| (some(left), some(right)));
    let mut scopes = claims.scope.into_vec(&[' ', ',']);
    scopes.sort();
    Some(Granted { role: some(role), entity: some(entity), company, scopes, application })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(r#"{"alg":"PS256"}"#), URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn reads_what_a_token_grants() {
        let granted = read_token(&token(
            r#"{"sub":"1000;-5","aud":["ABCD-1;1234567_SB1","client"],"scope":["restlets","rest_webservices"],"exp":1}"#,
        ));
        assert_eq!(
            granted,
            Some(Granted {
                role: Some("1000".to_owned()),
                entity: Some("-5".to_owned()),
                company: Some("1234567_SB1".to_owned()),
                scopes: vec!["rest_webservices".to_owned(), "restlets".to_owned()],
                application: Some("ABCD-1".to_owned()),
            })
        );
    }

    #[test]
    fn reads_scopes_given_as_one_string() {
        let granted = read_token(&token(r#"{"sub":"3;4","aud":"a;b","scope":"restlets rest_webservices"}"#));
        assert_eq!(granted.unwrap().scopes, ["rest_webservices", "restlets"]);
    }

    #[test]
    fn tokens_that_do_not_tell_are_no_error() {
        let hostile = token(&"[".repeat(100_000));
        for opaque in
            ["", "opaque", "a.b", "a.b.c", "a.b.c.d", &token("{}"), &token(r#"{"sub":7}"#), &hostile]
        {
            assert_eq!(read_token(opaque), None, "{}", &opaque[..opaque.len().min(40)]);
        }
    }

    #[test]
    fn every_meaning_can_be_found_and_helps() {
        for meaning in DESCRIPTOR.meanings {
            let status = meaning.status.unwrap_or(400);
            assert_eq!(DESCRIPTOR.meaning(status, meaning.code, None), Some(meaning));
            assert!(!meaning.causes.is_empty(), "{}", meaning.code);
        }
        assert_eq!(DESCRIPTOR.meaning(400, "made_up", None), None);
    }
}
