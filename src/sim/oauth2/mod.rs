//! A server that follows the RFCs, for every provider that has no folder of its own.
//!
//! Each tenant is an issuer, `http://127.0.0.1:PORT/oauth2/<tenant>`; in counts and fault rules it is the account.
//! It exists once a client was registered in it. Below the issuer:
//!
//! | endpoint | request | source |
//! | --- | --- | --- |
//! | discovery | `GET /.well-known/openid-configuration`, `GET /.well-known/oauth-authorization-server`, and at the root `/.well-known/oauth-authorization-server/oauth2/<tenant>` | OpenID Discovery, RFC 8414 section 3 |
//! | authorize | `GET /authorize` with PKCE S256; `iss` in the callback | RFC 6749, 7636, 9207 |
//! | token | `POST /token`: `authorization_code`, `refresh_token`, `client_credentials`, device code | RFC 6749, 8628 |
//! | device authorization | `POST /device_authorization` | RFC 8628 section 3.1 |
//! | device verification | `GET`, `POST /device` for a person | RFC 8628 section 3.3 |
//! | introspect | `POST /introspect` for confidential clients | RFC 7662 |
//! | revoke | `POST /revoke` | RFC 7009 |
//! | a resource that a token opens | `GET /userinfo` (Bearer) | RFC 6750 |
//!
//! A client authenticates in the one way that it is registered with: `client_secret_basic`, `client_secret_post`,
//! `client_secret_json` (a JSON body in place of the form), `private_key_jwt` (RFC 7523) or `none`. Without a
//! person, `&sim_user=<user>` or `&sim_cancel=1` in the authorize request, [`Admin::decide_next`] or
//! [`Admin::set_auto_approve`] decide at once; the latter two decide for devices as well.
//!
//! | [`Admin`] | over HTTP, below `/control/oauth2/<tenant>` |
//! | --- | --- |
//! | `register_client`, `clients` | `POST /clients` ([`NewClient`]), `GET /clients` |
//! | `set_client_secret`, `set_keys` | `PUT /clients/<client id>/client-secret` with a string, `PUT …/jwks` with a JWK set |
//! | `decide_next` | `POST /next-authorization` with `{"approve": <user>}` or `"deny"` |
//! | `set_auto_approve` | `PUT /auto-approve` with a user or `null` |
//! | `decide_device` | `POST /devices/<user code>` with `{"approve": <user>}` or `"deny"` |
//! | `issue_grant` | `POST /grants` `{"client_id","user","scopes"?}` answers `{"refresh_token","access_token"}` |
//! | `families`, `family` | `GET /families`, `GET /families/<client id>/<user>` (the latest) |
//! | `expire_access_tokens` | `POST /families/<client id>/<user>/expire-access-tokens` |
//! | `expire_refresh_token` | `POST /families/<client id>/<user>/expire-refresh-token` |
//! | `revoke` | `POST /families/<client id>/<user>/revoke` |
//! | `settings`, `set_settings` | `GET`, `PUT /settings` ([`Settings`]) |
//!
//! Where the RFCs leave a choice, and decided here: an assertion lives five minutes at most, has a `jti`, and names
//! nobody but this server as its audience; the first attempt with a code spends it; refresh tokens rotate at every
//! use, and an old one ends the family; client credentials get no refresh token; no `id_token` is issued.

mod admin;
mod assertion;
mod authorize;
mod client;
mod client_auth;
mod device;
mod metadata;
mod routes;
mod state;
mod token;
mod token_care;

pub use admin::{Admin, Decision, NewGrant};
pub use client::{Authentication, ClientEntry, GrantType, NewClient};
pub(super) use routes::{classify, rooted, router};
pub(super) use state::OAuth2;
pub use state::Settings;
