//! Which hosts an account has, for anybody who asks (Oracle's "DataCenterUrls REST Service").

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use url::form_urlencoded;

use crate::sim::state::World;

/// Where it is, on a host that belongs to no account.
pub(super) const PATH: &str = "/rest/datacenterurls";

/// Returns the account whose hosts a request asks for, as it is written there.
pub(in crate::sim) fn asked_for(uri: &Uri) -> Option<String> {
    if uri.path() != PATH {
        return None;
    }
    let mut query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    Some(query.find(|(name, _)| name == "account").map_or_else(String::new, |(_, value)| value.into_owned()))
}

/// `GET /rest/datacenterurls?account=<id>`: takes the spelling with `_` alone, as users report. For an account that does
/// not exist it names hosts that belong to none, as Oracle documents it of the same question in SOAP.
pub(super) async fn tell(State(world): State<Arc<World>>, uri: Uri) -> Response {
    let account = asked_for(&uri).unwrap_or_default();
    if account.is_empty() || account.contains('-') {
        return (StatusCode::BAD_REQUEST, "Company Id is invalid").into_response();
    }
    let base = &world.base_url;
    let host = match world.netsuite().account(&account) {
        Some(account) => {
            let label = account.id.to_ascii_lowercase().replace('_', "-");
            format!("{base}/netsuite/{label}")
        }
        None => base.clone(),
    };
    let domains = json!({ "restDomain": host, "webservicesDomain": host, "systemDomain": host });
    axum::Json(domains).into_response()
}
