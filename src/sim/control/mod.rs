//! The other way into the simulator: faults, counts and the vendors' administrators.
//!
//! In process it is [`Control`]; from outside JSON over HTTP below `http://127.0.0.1:PORT/control`:
//!
//! | request | what it does | answer |
//! | --- | --- | --- |
//! | `GET /faults` | lists the armed faults with their hits, spent ones too | `[{"id","passed","hits","rule"}]` |
//! | `POST /faults` with a rule (see [`super::faults`]) | arms it | `{"id"}` |
//! | `DELETE /faults`, `DELETE /faults/<id>` | disarms all, or one | 204 |
//! | `GET /calls` | counts by vendor, account and endpoint | `[{"vendor","account","endpoint","calls","succeeded","faulted"}]` |
//! | `DELETE /calls` | starts counting afresh | 204 |
//! | `POST /reset` | forgets everything: faults, counts, accounts | 204 |
//!
//! A NetSuite account's administrator is below `/control/netsuite/<account>`:
//!
//! | request | what it does | answer |
//! | --- | --- | --- |
//! | `GET /integrations` | lists the integration records | `[{"client_id","application_id","blocked","scopes"}]` |
//! | `POST /integrations` with `{"client_id"?,"scopes"?}` | creates one (and the account) | as one of the list |
//! | `PUT /integrations/<client id>/blocked` with `true` or `false` | blocks it or lets it in | 204 |
//! | `PUT /integrations/<client id>/scopes` with a list | replaces its scopes | 204 |
//! | `POST /integrations/<client id>/reset-credentials` | gives it another client id; its certificates stay with the old one | as one of the list |
//! | `GET /integrations/<client id>/certificates` | lists its certificates | `[{"certificate_id","client_id","entity","role","algorithm","uploaded","valid_until","revoked"}]` |
//! | `POST /integrations/<client id>/certificates` with `{"certificate","entity","role"}` | uploads a PEM certificate | `{"certificate_id"}` |
//! | `POST /certificates/<certificate id>/revoke` | revokes it for ever | 204 |
//! | `POST /next-certificate-id-with-dash` | lets the next certificate id begin with `-` | 204 |
//! | `PUT /roles/<role>` with `{"enabled"?,"manages_certificates"?}` | sets a role (both true by default) | 204 |
//! | `PUT /entities/<entity>/enabled` with `true` or `false` | lets an entity log in or not | 204 |
//! | `PUT /entities/<entity>/roles` with a list | gives it exactly these roles | 204 |
//! | `POST /sandbox-refresh` | clears every certificate mapping | `{"cleared"}` |
//! | `GET /settings`, `PUT /settings` | shows or replaces the switches ([`super::netsuite::Settings`]) | the switches, 204 |
//! | `GET /login-audit` | the login audit trail, oldest first, with the reason of each refusal | `[{"time","success","detail",…}]` |
//!
//! Below `/control/quickbooks`, `/control/pax8` and `/control/oauth2/<tenant>` is what people do there; the tables
//! are in [`super::quickbooks`], [`super::pax8`] and [`super::oauth2`].
//!
//! Errors are `{"error": "<what happened>"}`: 400 for a body that cannot be read or a value that is refused, 404
//! for something unknown, 409 for something that exists already.

mod handle;
mod netsuite;
mod oauth2;
mod pax8;
mod quickbooks;
mod routes;

pub use handle::Control;
pub(super) use routes::router;
