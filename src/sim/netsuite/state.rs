//! What a NetSuite account remembers: integrations, certificate mappings, roles and switches.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::access_token::TokenKey;
use super::certificate::Certificate;
use super::login_audit::LoginRecord;
use crate::sim::target::canonical_account;

/// Active certificates that one integration may have (since 2026.1).
pub(super) const MOST_ACTIVE_CERTIFICATES: usize = 5;

/// The scopes that an integration gets unless it is created with others.
pub(super) const DEFAULT_SCOPES: [&str; 3] = ["restlets", "rest_webservices", "suite_analytics"];

/// Switches of one account: where `vendors.md` leaves something open, or a rehearsal needs the other case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, thrown one by one")]
pub struct Settings {
    /// Seconds that an access token lives.
    pub token_lifetime_seconds: u32,
    /// Whether `expires_in` is a string.
    pub expires_in_as_string: bool,
    /// Whether the assertion's `scope` may be a JSON array, as in Oracle's samples.
    pub scope_array_accepted: bool,
    /// Whether the assertion's `scope` may be one comma-separated string, as in Oracle's prose.
    pub scope_string_accepted: bool,
    /// Whether an assertion with a `sub`, which Oracle does not list, is accepted.
    pub subject_accepted: bool,
    /// Whether an assertion needs a `jti`, and each is accepted once.
    pub replay_check: bool,
    /// Seconds that `iat` may lie ahead of the vendor's clock.
    pub clock_tolerance_seconds: u32,
    /// Whether the certificate endpoints ask for the role's permission.
    pub certificate_permission_required: bool,
    /// Whether everything that is wrong with an assertion is one and the same answer, `invalid_grant` 400.
    pub generic_errors: bool,
    /// The signature algorithms that the account takes, such as `PS256`; all that NetSuite knows if empty.
    pub algorithms: BTreeSet<String>,
    /// An assertion must live for less than this many seconds.
    pub assertion_limit_seconds: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token_lifetime_seconds: 3600,
            expires_in_as_string: false,
            scope_array_accepted: true,
            scope_string_accepted: true,
            subject_accepted: true,
            replay_check: false,
            clock_tolerance_seconds: 5,
            certificate_permission_required: true,
            generic_errors: false,
            algorithms: BTreeSet::new(),
            // `vendors.md` 1.2: less than 60 minutes, so 3600 seconds are out by the text.
            assertion_limit_seconds: 3600,
        }
    }
}

/// A role of an account; one that nobody set is enabled and has the permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Role {
    /// Whether it may log in.
    pub enabled: bool,
    /// The permission "Manage own OAuth 2.0 Client Credentials certificates".
    pub manages_certificates: bool,
}

impl Default for Role {
    fn default() -> Self {
        Self { enabled: true, manages_certificates: true }
    }
}

/// An integration record.
#[derive(Debug)]
pub(super) struct Integration {
    /// The Application ID, which people mistake for the client id.
    pub(super) application_id: String,
    pub(super) scopes: BTreeSet<String>,
    pub(super) blocked: bool,
}

/// A certificate mapped to application, entity and role.
#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) client_id: String,
    pub(super) entity: String,
    pub(super) role: String,
    pub(super) certificate: Arc<Certificate>,
    pub(super) uploaded: Timestamp,
    pub(super) revoked: bool,
}

impl Mapping {
    pub(super) fn is_active(&self, now: Timestamp) -> bool {
        !self.revoked && now < self.certificate.valid_until
    }
}

/// One customer account.
pub(super) struct Account {
    /// The spelling with `_`, in upper case.
    pub(super) id: String,
    pub(super) settings: Settings,
    /// By client id.
    pub(super) integrations: BTreeMap<String, Integration>,
    /// By certificate id.
    pub(super) mappings: BTreeMap<String, Mapping>,
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) disabled_entities: BTreeSet<String>,
    /// The roles of an entity; one that nobody gave roles has every role.
    pub(super) entity_roles: BTreeMap<String, BTreeSet<String>>,
    /// Whether the next certificate id is to begin with `-`.
    pub(super) next_id_with_dash: bool,
    /// The `jti` values seen, with the end of the assertion that each came in.
    pub(super) seen: HashMap<String, f64>,
    pub(super) audit: VecDeque<LoginRecord>,
    pub(super) token_key: Arc<TokenKey>,
}

impl Account {
    pub(super) fn role(&self, role: &str) -> Role {
        self.roles.get(role).cloned().unwrap_or_default()
    }

    pub(super) fn may_log_in(&self, role: &str, entity: &str) -> bool {
        let has_role = self.entity_roles.get(entity).is_none_or(|roles| roles.contains(role));
        self.role(role).enabled && !self.disabled_entities.contains(entity) && has_role
    }
}

/// All accounts.
#[derive(Default)]
pub(in crate::sim) struct NetSuite {
    accounts: BTreeMap<String, Account>,
}

impl NetSuite {
    pub(super) fn account(&mut self, id: &str) -> Option<&mut Account> {
        self.accounts.get_mut(&canonical_account(id))
    }

    /// Returns the account, made if need be; `None` if no signing key can be generated for it.
    pub(super) fn account_or_new(&mut self, id: &str, now: Timestamp) -> Option<&mut Account> {
        let id = canonical_account(id);
        if !self.accounts.contains_key(&id) {
            let account = Account {
                token_key: Arc::new(TokenKey::generate(&id, now)?),
                id: id.clone(),
                settings: Settings::default(),
                integrations: BTreeMap::new(),
                mappings: BTreeMap::new(),
                roles: BTreeMap::new(),
                disabled_entities: BTreeSet::new(),
                entity_roles: BTreeMap::new(),
                next_id_with_dash: false,
                seen: HashMap::new(),
                audit: VecDeque::new(),
            };
            self.accounts.insert(id.clone(), account);
        }
        self.accounts.get_mut(&id)
    }
}
