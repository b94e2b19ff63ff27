//! How many of everything, for `vault info` and `status`.

use super::Rows;
use crate::vault::error::VaultError;

/// What a vault holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// All connections.
    pub connections: u32,
    /// Those that are disabled.
    pub disabled: u32,
    /// Companies.
    pub companies: u32,
    /// Keys that wait for their activation.
    pub pending_keys: u32,
    /// Keys in use.
    pub active_keys: u32,
    /// Keys that are kept for going back.
    pub previous_keys: u32,
    /// Keys in any state that somebody without access today has seen.
    pub exposed_keys: u32,
    /// Cached access tokens, the journal's not included.
    pub tokens: u32,
    /// Invitations that can still be used.
    pub open_invitations: u32,
}

impl Counts {
    /// Keys in any state.
    pub fn keys(&self) -> u32 {
        self.pending_keys + self.active_keys + self.previous_keys
    }
}

impl Rows<'_> {
    /// Counts everything.
    pub fn counts(&self) -> Result<Counts, VaultError> {
        let counts = self.first(
            "SELECT (SELECT count(*) FROM connections), \
                    (SELECT count(*) FROM connections WHERE NOT enabled), \
                    (SELECT count(*) FROM companies), \
                    (SELECT count(*) FROM keys WHERE state = 'pending'), \
                    (SELECT count(*) FROM keys WHERE state = 'active'), \
                    (SELECT count(*) FROM keys WHERE state = 'previous'), \
                    (SELECT count(*) FROM keys WHERE exposed_at IS NOT NULL), \
                    (SELECT count(*) FROM tokens), \
                    (SELECT count(*) FROM invitations WHERE state NOT IN ('consumed', 'expired', 'revoked'))",
            [],
            |columns| {
                Ok(Counts {
                    connections: columns.value()?,
                    disabled: columns.value()?,
                    companies: columns.value()?,
                    pending_keys: columns.value()?,
                    active_keys: columns.value()?,
                    previous_keys: columns.value()?,
                    exposed_keys: columns.value()?,
                    tokens: columns.value()?,
                    open_invitations: columns.value()?,
                })
            },
        )?;
        Ok(counts.unwrap_or_default())
    }
}
