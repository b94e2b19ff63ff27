//! The page on which a company's admin lets an app in, and the redirect back to the app.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use url::Url;

use super::admin::Decision;
use super::state::QuickBooks;
use crate::sim::faults::Twist;
use crate::sim::ledger::{NewCode, Opening};
use crate::sim::page::{self, escape};
use crate::sim::state::{Moment, World};
use crate::sim::wire::{self, Parameters};

/// Parameters of the simulator's own, which decide without a person.
const COMPANY: &str = "sim_company";
const CANCEL: &str = "sim_cancel";

/// Scopes that an app can ask for (`vendors.md` 2.4).
const SCOPES: [&str; 12] = [
    "com.intuit.quickbooks.accounting",
    "com.intuit.quickbooks.payment",
    "openid",
    "profile",
    "email",
    "phone",
    "address",
    "payroll.compensation.read",
    "project-management.project",
    "app-foundations.custom-field-definitions",
    "time-tracking.time-entry",
    "indirect-tax.tax-calculation.quickbooks",
];

/// `GET /quickbooks/connect/oauth2`.
pub(super) async fn authorize(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    Extension(twist): Extension<Twist>,
    uri: Uri,
) -> Response {
    let mut quickbooks = world.quickbooks();
    let Some(query) = wire::parameters(uri.query().unwrap_or_default().as_bytes()) else {
        return page::refusal("A parameter comes twice.");
    };
    // Source: RFC 6749 section 4.1.2.1: without a known client and redirect URI nothing is sent there.
    let request = match Request::read(&query, &quickbooks) {
        Ok(request) => request,
        Err(why) => return page::refusal(why),
    };
    if let Some(error) = request.error(&query) {
        return request.back(&[("error", error)]);
    }
    match decision(&query, &mut quickbooks) {
        Some(Decision::Deny) => request.back(&[("error", "access_denied")]),
        Some(Decision::Approve(realm)) if quickbooks.companies.contains_key(&realm) => {
            request.approve(&realm, &mut quickbooks, &twist, now)
        }
        Some(Decision::Approve(_)) => page::refusal("There is no such company."),
        None => consent(&query, &quickbooks),
    }
}

/// What decides in place of a person, if anything does: the request, then the controls.
fn decision(query: &Parameters, quickbooks: &mut QuickBooks) -> Option<Decision> {
    if query.contains_key(CANCEL) {
        return Some(Decision::Deny);
    }
    let here = query.get(COMPANY).cloned().map(Decision::Approve);
    here.or_else(|| quickbooks.decisions.pop_front())
        .or_else(|| quickbooks.auto_approve.clone().map(Decision::Approve))
}

struct Request {
    client_id: String,
    redirect_uri: Url,
    /// As it was sent: a token request must repeat it character by character.
    redirect_text: String,
    scopes: Vec<String>,
    state: String,
}

impl Request {
    fn read(query: &Parameters, quickbooks: &QuickBooks) -> Result<Self, &'static str> {
        let value = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let app = quickbooks
            .apps
            .get(value("client_id"))
            .ok_or("The client_id is not that of a registered app.")?;
        let redirect_text = value("redirect_uri").to_owned();
        let redirect_uri = app
            .redirect_uris
            .contains(&redirect_text)
            .then(|| Url::parse(&redirect_text).ok())
            .flatten()
            .ok_or("The redirect_uri is not one of those that the app has registered.")?;
        // Source: `vendors.md` 2.4: the only defence against forged callbacks, so it is not optional.
        if value("state").is_empty() {
            return Err("The request has no state.");
        }
        Ok(Self {
            client_id: app.client_id.clone(),
            redirect_uri,
            redirect_text,
            scopes: value("scope").split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
            state: value("state").to_owned(),
        })
    }

    /// Returns what the app is told to be wrong, if anything is.
    fn error(&self, query: &Parameters) -> Option<&'static str> {
        if query.get("response_type").is_none_or(|kind| kind != "code") {
            return Some("unsupported_response_type");
        }
        let known =
            !self.scopes.is_empty() && self.scopes.iter().all(|scope| SCOPES.contains(&scope.as_str()));
        (!known).then_some("invalid_scope")
    }

    fn approve(&self, realm: &str, quickbooks: &mut QuickBooks, twist: &Twist, now: Timestamp) -> Response {
        let opening = Opening {
            client_id: self.client_id.clone(),
            account: realm.to_owned(),
            scopes: self.scopes.clone(),
            refreshable: true,
        };
        let code = NewCode {
            opening,
            redirect_uri: self.redirect_text.clone(),
            challenge: None,
            lifetime: quickbooks.settings.code_lifetime(),
        };
        let code = quickbooks.ledger.issue_code(code, now);
        self.back(&[("code", &code), ("realmId", twist.realm.as_deref().unwrap_or(realm))])
    }

    /// Sends the browser back to the app.
    fn back(&self, answer: &[(&str, &str)]) -> Response {
        let mut url = self.redirect_uri.clone();
        url.query_pairs_mut().extend_pairs(answer).append_pair("state", &self.state);
        // Source: RFC 9700 section 4.12: not 307.
        let headers = [(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")];
        let mut response = (StatusCode::FOUND, headers).into_response();
        response.headers_mut().extend(HeaderValue::try_from(url.as_str()).ok().map(|url| (LOCATION, url)));
        response
    }
}

/// Returns the page with a button for each company.
fn consent(query: &Parameters, quickbooks: &QuickBooks) -> Response {
    let mut content = String::new();
    let scopes = query.get("scope").map(String::as_str).unwrap_or_default();
    let client = query.get("client_id").map(String::as_str).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = write!(
        content,
        "<p>The app <b>{}</b> asks for <b>{}</b>. Which company may it connect to?</p>\
         <form method=\"get\" action=\"/quickbooks/connect/oauth2\">{}",
        escape(client),
        escape(scopes),
        page::hidden(query.iter().filter(|(name, _)| *name != COMPANY && *name != CANCEL)),
    );
    if quickbooks.companies.is_empty() {
        content.push_str("<p class=\"soft\">There is no company yet: POST /control/quickbooks/companies</p>");
    } else {
        content.push_str("<ul>");
        for (realm, name) in &quickbooks.companies {
            let (realm, name) = (escape(realm), escape(name));
            let _ = write!(
                content,
                "<li><span>{name}<br><span class=\"soft\">{realm}</span></span>\
                 <button name=\"{COMPANY}\" value=\"{realm}\" aria-label=\"Connect {name}\">Connect</button></li>"
            );
        }
        content.push_str("</ul>");
    }
    let _ = write!(content, "<button class=\"quiet\" name=\"{CANCEL}\" value=\"1\">Cancel</button></form>");
    page::page(StatusCode::OK, "Connect a company", &content)
}
