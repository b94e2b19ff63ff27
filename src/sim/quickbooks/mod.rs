//! QuickBooks Online, as `vendors.md` section 2 has it: authorization code, rotating refresh tokens, CompanyInfo.
//!
//! Intuit spreads these over several hosts; here they share one, below `http://127.0.0.1:PORT/quickbooks`.
//!
//! | endpoint | request | who it is for in counts and fault rules |
//! | --- | --- | --- |
//! | discovery | `GET /.well-known/openid_configuration`, `…/openid_sandbox_configuration` | empty |
//! | authorize | `GET /connect/oauth2?client_id&response_type=code&scope&redirect_uri&state` | the client id |
//! | token | `POST /oauth2/v1/tokens/bearer` (form, Basic) | the realm of the code or token, else the client id |
//! | revoke | `POST /v2/oauth2/tokens/revoke` (JSON, Basic) | the realm of the token, else the client id |
//! | CompanyInfo | `GET /v3/company/<realm>/companyinfo/<realm>` (Bearer) | the realm |
//! | user info | `GET /v1/openid_connect/userinfo` (Bearer) | the realm of the token |
//!
//! The authorize page lists the companies for a person. Without one, `&sim_company=<realm>` or `&sim_cancel=1` in
//! the request, [`Admin::decide_next`] or [`Admin::set_auto_approve`] answer with the redirect at once.
//!
//! | [`Admin`] | over HTTP, below `/control/quickbooks` |
//! | --- | --- |
//! | `register_app`, `apps` | `POST /apps` `{"client_id"?,"client_secret"?,"keys"?,"redirect_uris"?}`, `GET /apps` |
//! | `set_client_secret` | `PUT /apps/<client id>/client-secret` with a string |
//! | `add_company`, `companies`, `rename_company` | `POST /companies` `{"realm"?,"name"}`, `GET /companies`, `PUT /companies/<realm>/name` with a string |
//! | `decide_next` | `POST /next-authorization` with `{"approve": <realm>}` or `"deny"` |
//! | `set_auto_approve` | `PUT /auto-approve` with a realm or `null` |
//! | `issue_grant` | `POST /grants` `{"client_id","realm","scopes"?}` answers `{"refresh_token","access_token"}` |
//! | `families`, `family` | `GET /families`, `GET /families/<client id>/<realm>` (the latest) |
//! | `expire_access_tokens` | `POST /families/<client id>/<realm>/expire-access-tokens` |
//! | `expire_refresh_token` | `POST /families/<client id>/<realm>/expire-refresh-token` (100 days unused) |
//! | `expire_family` | `POST /families/<client id>/<realm>/expire` (the five years are over) |
//! | `revoke` | `POST /families/<client id>/<realm>/revoke` (the customer disconnects the app) |
//! | `settings`, `set_settings` | `GET`, `PUT /settings` ([`Settings`]) |
//!
//! Not established by `vendors.md`, and decided here: a refresh token rotates at every refresh unless
//! [`Settings::rotate_after_seconds`] says otherwise, since a client that can live with that can live with a day;
//! a refresh starts the 100 days anew; a second authorization of a company ends the first one's tokens; the first
//! attempt with a code spends it; PKCE parameters are ignored; answers carry no `id_token`.

mod admin;
mod app;
mod authorize;
mod company;
mod discovery;
mod fault_body;
mod routes;
mod state;
mod token;

pub use admin::{Admin, Decision, NewCompany, NewGrant};
pub use app::{AppEntry, Keys, NewApp};
pub(super) use routes::{classify, number, router};
pub(super) use state::QuickBooks;
pub use state::{CompanyEntry, Settings};
