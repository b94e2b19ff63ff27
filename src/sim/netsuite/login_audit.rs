//! The login audit trail: the only place where NetSuite says why it refused (`vendors.md` 1.3).

use jiff::Timestamp;
use serde::Serialize;

use super::state::Account;

/// Records that an account keeps; older ones are forgotten.
const KEPT: usize = 10_000;

/// One attempt to get a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoginRecord {
    /// When, by the vendor's clock.
    pub time: Timestamp,
    /// The account, in upper case with `_`.
    pub account: String,
    /// Whether a token was issued.
    pub success: bool,
    /// The column "Detail": `Success`, or the reason, such as `InvalidSignature`.
    pub detail: String,
    /// The client id that the assertion named, as far as it could be read.
    pub client_id: Option<String>,
    /// The certificate id that the assertion named, as far as it could be read.
    pub certificate_id: Option<String>,
    /// The entity that the certificate is mapped to, once that was known.
    pub entity: Option<String>,
    /// The role that the certificate is mapped to, once that was known.
    pub role: Option<String>,
}

impl Account {
    pub(super) fn record(&mut self, record: LoginRecord) {
        if self.audit.len() == KEPT {
            self.audit.pop_front();
        }
        self.audit.push_back(record);
    }
}
