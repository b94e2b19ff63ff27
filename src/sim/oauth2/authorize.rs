//! The page on which a user lets a client in, and the redirect back to it.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use url::Url;

use super::admin::Decision;
use super::client::{Authentication, Client, GrantType};
use super::metadata;
use super::routes::unknown_tenant;
use super::state::{Settings, seconds};
use crate::sim::ledger::{NewCode, Opening};
use crate::sim::page::{self, escape};
use crate::sim::state::{Moment, World};
use crate::sim::wire::{self, Parameters};

/// Parameters of the simulator's own, which decide without a person.
const USER: &str = "sim_user";
const CANCEL: &str = "sim_cancel";

/// `GET /oauth2/{tenant}/authorize`.
pub(super) async fn authorize(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    Path(name): Path<String>,
    uri: Uri,
) -> Response {
    let mut oauth2 = world.oauth2();
    let Some(tenant) = oauth2.tenants.get_mut(&name) else { return unknown_tenant() };
    let Some(query) = wire::parameters(uri.query().unwrap_or_default().as_bytes()) else {
        return page::refusal("A parameter comes twice.");
    };
    // Source: RFC 6749 section 4.1.2.1: without a known client and redirect URI nothing is sent there.
    let Some(client) = query.get("client_id").and_then(|id| tenant.clients.get(id)) else {
        return page::refusal("The client_id is not that of a registered client.");
    };
    let redirect = query.get("redirect_uri").filter(|uri| client.accepts_redirect(uri));
    let Some((text, uri)) = redirect.and_then(|text| Some((text.clone(), Url::parse(text).ok()?))) else {
        return page::refusal("The redirect_uri is not one of those that the client has registered.");
    };
    let issuer = metadata::issuer(&world, &name);
    let reply = Reply {
        uri,
        state: query.get("state").cloned(),
        issuer: tenant.settings.issuer_in_callback.then_some(issuer),
    };
    let consent = match Consent::read(&query, client, &tenant.settings) {
        Ok(consent) => consent,
        Err(error) => return reply.send(&[("error", error)]),
    };
    let client_id = client.entry.client_id.clone();
    let here = query.get(USER).cloned().map(Decision::Approve);
    let decision = if query.contains_key(CANCEL) { Some(Decision::Deny) } else { here };
    match decision.or_else(|| tenant.next_decision()) {
        Some(Decision::Deny) => reply.send(&[("error", "access_denied")]),
        Some(Decision::Approve(user)) => {
            let refreshable =
                tenant.clients.get(&client_id).is_some_and(|one| one.may(GrantType::RefreshToken));
            let opening = Opening { client_id, account: user, scopes: consent.scopes, refreshable };
            let lifetime = seconds(tenant.settings.code_lifetime_seconds);
            let new = NewCode { opening, redirect_uri: text, challenge: consent.challenge, lifetime };
            reply.send(&[("code", &tenant.ledger.issue_code(new, now))])
        }
        None => ask(&query, &name, &consent.scopes),
    }
}

/// What the client asks for.
struct Consent {
    scopes: Vec<String>,
    challenge: Option<String>,
}

impl Consent {
    fn read(query: &Parameters, client: &Client, settings: &Settings) -> Result<Self, &'static str> {
        if query.get("response_type").is_none_or(|kind| kind != "code") {
            return Err("unsupported_response_type");
        }
        if !client.may(GrantType::AuthorizationCode) {
            return Err("unauthorized_client");
        }
        let scopes = client.scopes(query.get("scope")).ok_or("invalid_scope")?;
        let challenge = query.get("code_challenge").cloned();
        // Source: RFC 9700 section 2.1.1: public clients must use PKCE; RFC 7636 section 4.3: no method is plain.
        let required = settings.pkce_required || client.entry.authentication == Authentication::None;
        let method = query.get("code_challenge_method").map(String::as_str);
        let valid = match &challenge {
            None => !required && method.is_none(),
            // SHA-256 in base64url has 43 characters.
            Some(challenge) => method == Some("S256") && challenge.len() == 43,
        };
        if valid { Ok(Self { scopes, challenge }) } else { Err("invalid_request") }
    }
}

/// Where and with what the client is answered.
struct Reply {
    uri: Url,
    state: Option<String>,
    issuer: Option<String>,
}

impl Reply {
    fn send(&self, answer: &[(&str, &str)]) -> Response {
        let mut url = self.uri.clone();
        url.query_pairs_mut()
            .extend_pairs(answer)
            .extend_pairs(self.state.iter().map(|state| ("state", state)))
            .extend_pairs(self.issuer.iter().map(|issuer| ("iss", issuer)));
        // Source: RFC 9700 section 4.12: not 307.
        let headers = [(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")];
        let mut response = (StatusCode::FOUND, headers).into_response();
        response.headers_mut().extend(HeaderValue::try_from(url.as_str()).ok().map(|url| (LOCATION, url)));
        response
    }
}

fn ask(query: &Parameters, tenant: &str, scopes: &[String]) -> Response {
    let client = query.get("client_id").map(String::as_str).unwrap_or_default();
    let content = format!(
        "<p>The client <b>{}</b> asks for <b>{}</b>.</p>\
         <form method=\"get\" action=\"/oauth2/{}/authorize\">{}\
         <label>You are <input name=\"{USER}\" value=\"user-1\" required></label>\
         <p><button>Allow</button></p></form>\
         <form method=\"get\" action=\"/oauth2/{}/authorize\">{}\
         <button class=\"quiet\" name=\"{CANCEL}\" value=\"1\">Cancel</button></form>",
        escape(client),
        escape(&scopes.join(" ")),
        escape(tenant),
        page::hidden(query),
        escape(tenant),
        page::hidden(query),
    );
    page::page(StatusCode::OK, "Allow access", &content)
}
