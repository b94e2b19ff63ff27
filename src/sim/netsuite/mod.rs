//! NetSuite, as `vendors.md` section 1 has it: OAuth 2.0 machine to machine, and its certificates.
//!
//! NetSuite gives each account hosts of its own; on one loopback address each gets a path of its own instead.
//! The account id stands in it in either spelling (`1234567_SB1`, `1234567-sb1`).
//!
//! | endpoint | below `http://127.0.0.1:PORT/netsuite/<account>/services/rest` |
//! | --- | --- |
//! | token | `POST /auth/oauth2/v1/token` |
//! | certificates: list, create | `GET`, `POST /auth/oauth2/v1/clients/<client id>/certificates` |
//! | certificates: revoke | `POST /auth/oauth2/v1/clients/<client id>/certificates/<id>/revoke` |
//! | a resource that a token opens | `GET /record/v1/metadata-catalog` |
//!
//! Which hosts an account has is told at `/rest/datacenterurls`, which belongs to no account (`rest.netsuite.com`).
//!
//! The token endpoint says no more than NetSuite does (`{"error":"invalid_grant"}`); the reason is in the login
//! audit trail ([`LoginRecord::detail`]). An account exists once an integration was created in it ([`Admin`]).
//!
//! Not established by `vendors.md`, and decided here: everything wrong in an assertion is `invalid_grant` 400,
//! an unknown or blocked integration `invalid_client` 401, an Application ID as `iss` or an RS algorithm
//! `server_error` 500 (reported by users); the sixth active certificate is refused with 400; "own certificates"
//! are those of the caller's entity.

mod access_token;
mod addresses;
mod admin;
mod assertion;
mod certificate;
mod certificates;
mod login_audit;
mod refusal;
mod rest;
mod routes;
mod state;
mod token;
mod upload;

pub(super) use addresses::asked_for;
pub use admin::{Admin, CertificateEntry, IntegrationEntry, NewIntegration};
pub use login_audit::LoginRecord;
pub(super) use routes::{classify, router};
pub(super) use state::NetSuite;
pub use state::{Role, Settings};
pub use upload::CertificateUpload;
