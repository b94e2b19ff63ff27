//! What an access token opens: CompanyInfo and the user's profile (`vendors.md` 2.6).

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::json;

use super::fault_body::{ApiFault, Style};
use super::state::QuickBooks;
use crate::sim::ledger::Family;
use crate::sim::page::escape;
use crate::sim::state::{Moment, World};
use crate::sim::wire;

/// `GET /quickbooks/v3/company/{realm}/companyinfo/{id}`.
pub(super) async fn info(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    Path((realm, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let mut quickbooks = world.quickbooks();
    let style = Style { json: wants_json(&headers), capital: quickbooks.settings.capital_faults, now };
    match look_up(&realm, &id, &headers, &mut quickbooks, now) {
        Ok(name) => company(&name, style),
        Err(fault) => fault.answer(style),
    }
}

fn look_up(
    realm: &str,
    id: &str,
    headers: &HeaderMap,
    quickbooks: &mut QuickBooks,
    now: Timestamp,
) -> Result<String, ApiFault> {
    let family = authenticate(headers, quickbooks, now).ok_or(ApiFault::Authentication)?;
    let client_id = family.client_id.clone();
    let scoped = family.scopes.iter().any(|scope| scope == "com.intuit.quickbooks.accounting");
    if family.account != realm || !scoped {
        return Err(ApiFault::Authorization);
    }
    if quickbooks.settings.rate_limited {
        let by_app = quickbooks.by_realm_and_app.admit((realm.to_owned(), client_id), now);
        if !by_app || !quickbooks.by_realm.admit(realm.to_owned(), now) {
            return Err(ApiFault::Throttled);
        }
    }
    quickbooks.companies.get(realm).filter(|_| id == realm).cloned().ok_or(ApiFault::NotFound)
}

fn authenticate<'a>(headers: &HeaderMap, quickbooks: &'a QuickBooks, now: Timestamp) -> Option<&'a Family> {
    let (id, _) = quickbooks.ledger.bearer(wire::bearer(headers)?, now)?;
    Some(quickbooks.ledger.family(id))
}

/// XML is what there is unless JSON is asked for.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        range.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
    })
}

fn company(name: &str, style: Style) -> Response {
    let time = style.now.to_string();
    if style.json {
        let info = json!({
            "CompanyName": name,
            "LegalName": name,
            "Country": "US",
            "domain": "QBO",
            "sparse": false,
            "Id": "1",
            "SyncToken": "0",
            "NameValue": [{"Name": "NeoEnabled", "Value": "true"}],
        });
        return axum::Json(json!({"CompanyInfo": info, "time": time})).into_response();
    }
    let name = escape(name);
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <IntuitResponse time=\"{time}\" xmlns=\"http://schema.intuit.com/finance/v3\">\
         <CompanyInfo domain=\"QBO\" sparse=\"false\"><Id>1</Id><SyncToken>0</SyncToken>\
         <CompanyName>{name}</CompanyName><LegalName>{name}</LegalName><Country>US</Country></CompanyInfo>\
         </IntuitResponse>"
    );
    ([(CONTENT_TYPE, "application/xml;charset=UTF-8")], body).into_response()
}

/// `GET /quickbooks/v1/openid_connect/userinfo`.
pub(super) async fn user(
    State(world): State<Arc<World>>,
    Extension(Moment(now)): Extension<Moment>,
    headers: HeaderMap,
) -> Response {
    let quickbooks = world.quickbooks();
    let style = Style { json: true, capital: quickbooks.settings.capital_faults, now };
    match authenticate(&headers, &quickbooks, now) {
        None => ApiFault::Authentication.answer(style),
        Some(family) if !family.scopes.iter().any(|scope| scope == "openid") => {
            ApiFault::Authorization.answer(style)
        }
        Some(family) => axum::Json(json!({"sub": format!("admin-of-{}", family.account)})).into_response(),
    }
}
