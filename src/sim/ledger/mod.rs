//! What an authorization server keeps: codes, families of refresh tokens, access tokens.
//!
//! A *family* is everything that came of one authorization. Its refresh token has one current value; a value that
//! was current once and is presented again is taken for stolen, and the family ends (RFC 9700 section 4.14.2).
//! Vendors differ in the numbers of a [`Policy`], not in this.

mod code;
mod entry;
mod family;

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

pub(super) use code::{NewCode, Redemption};
pub use entry::{Ending, FamilyEntry, IssuedGrant};
pub(super) use family::{Attempt, Family, Opening, Refusal};

use super::random;
use crate::clock;

/// The numbers by which a vendor issues and renews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) access_lifetime: SignedDuration,
    /// How long a refresh token lives after it was last used or issued.
    pub(super) rolling_lifetime: Option<SignedDuration>,
    /// How long a family lives, whatever happens.
    pub(super) hard_lifetime: Option<SignedDuration>,
    /// A value younger than this is kept by a refresh; zero rotates each time, `None` never.
    pub(super) rotate_after: Option<SignedDuration>,
    /// How long after a rotation the value before still gets the current one.
    pub(super) grace: SignedDuration,
    /// Whether a value that was current once ends the family.
    pub(super) reuse_ends_family: bool,
    /// Whether a new authorization ends the earlier ones of the same client and account.
    pub(super) one_family_per_account: bool,
}

/// Names a family; families are never forgotten, so a name stays good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FamilyId(usize);

#[derive(Debug)]
struct Access {
    family: FamilyId,
    until: Timestamp,
    revoked: bool,
}

/// All that was issued.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    families: Vec<Family>,
    /// Every refresh token ever issued.
    refresh_tokens: HashMap<String, FamilyId>,
    access_tokens: HashMap<String, Access>,
    codes: HashMap<String, code::Code>,
}

impl Ledger {
    pub(super) fn family(&self, id: FamilyId) -> &Family {
        &self.families[id.0]
    }

    fn family_mut(&mut self, id: FamilyId) -> &mut Family {
        &mut self.families[id.0]
    }

    /// Returns the families of a client and account, oldest first.
    pub(super) fn families<'a>(
        &'a self,
        client_id: &'a str,
        account: &'a str,
    ) -> impl Iterator<Item = FamilyId> {
        let of_both = move |family: &Family| family.client_id == client_id && family.account == account;
        (0..self.families.len()).map(FamilyId).filter(move |id| of_both(self.family(*id)))
    }

    /// Returns every family, oldest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Family> {
        self.families.iter()
    }

    /// Returns whose token, code or former token `value` is.
    pub(super) fn account_of(&self, value: &str) -> Option<&str> {
        let family = self.family_of(value);
        family.map(|id| self.family(id).account.as_str()).or_else(|| self.account_of_code(value))
    }

    /// Returns the family to which a refresh token, current or not, or an access token belongs.
    pub(super) fn family_of(&self, token: &str) -> Option<FamilyId> {
        let access = || self.access_tokens.get(token).map(|access| access.family);
        self.refresh_tokens.get(token).copied().or_else(access)
    }

    /// Begins a family, with a refresh token if `opening` says so.
    pub(super) fn open(&mut self, opening: Opening, policy: &Policy, now: Timestamp) -> FamilyId {
        if policy.one_family_per_account {
            let earlier: Vec<FamilyId> = self.families(&opening.client_id, &opening.account).collect();
            for id in earlier {
                self.end(id, Ending::Replaced);
            }
        }
        let id = FamilyId(self.families.len());
        let refreshable = opening.refreshable;
        self.families.push(Family::new(opening, policy, now));
        if refreshable {
            let value = random::text(REFRESH_TOKEN_BYTES);
            self.refresh_tokens.insert(value.clone(), id);
            self.family_mut(id).put(value, policy, now);
        }
        id
    }

    /// Renews by a refresh token; the family's current refresh token afterwards is the one to hand out.
    pub(super) fn refresh(
        &mut self,
        attempt: &Attempt<'_>,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<FamilyId, Refusal> {
        let id = *self.refresh_tokens.get(attempt.token).ok_or(Refusal::Unknown)?;
        if self.family_mut(id).renew(attempt, policy, now)? {
            let value = random::text(REFRESH_TOKEN_BYTES);
            self.refresh_tokens.insert(value.clone(), id);
            self.family_mut(id).put(value, policy, now);
        }
        Ok(id)
    }

    /// Issues an access token of `family`.
    pub(super) fn issue_access(&mut self, family: FamilyId, policy: &Policy, now: Timestamp) -> String {
        let token = random::text(ACCESS_TOKEN_BYTES);
        let until = clock::add(now, policy.access_lifetime);
        self.access_tokens.insert(token.clone(), Access { family, until, revoked: false });
        token
    }

    /// Returns the family of a live access token, and when the token ends.
    pub(super) fn bearer(&self, token: &str, now: Timestamp) -> Option<(FamilyId, Timestamp)> {
        let access = self.access_tokens.get(token)?;
        let live = !access.revoked && now < access.until && self.family(access.family).ended.is_none();
        live.then_some((access.family, access.until))
    }

    /// Ends a family: none of its tokens opens anything from now on. The first reason stays.
    pub(super) fn end(&mut self, id: FamilyId, why: Ending) {
        self.family_mut(id).ended.get_or_insert(why);
    }

    /// Whether `token` was issued as an access token.
    pub(super) fn is_access_token(&self, token: &str) -> bool {
        self.access_tokens.contains_key(token)
    }

    /// Revokes one access token and leaves its family.
    pub(super) fn revoke_access(&mut self, token: &str) {
        if let Some(access) = self.access_tokens.get_mut(token) {
            access.revoked = true;
        }
    }

    /// Issues everything at once, without a code.
    pub(super) fn issue_grant(&mut self, opening: Opening, policy: &Policy, now: Timestamp) -> IssuedGrant {
        let id = self.open(opening, policy, now);
        let access_token = self.issue_access(id, policy, now);
        let current = self.family(id).current.as_ref();
        let refresh_token = current.map(|current| current.text.clone()).unwrap_or_default();
        IssuedGrant { refresh_token, access_token }
    }

    /// Makes every access token of a family a thing of the past.
    pub(super) fn expire_access(&mut self, id: FamilyId, now: Timestamp) {
        for access in self.access_tokens.values_mut().filter(|access| access.family == id) {
            access.until = access.until.min(now);
        }
    }

    /// Lets the family's refresh token run out, and with `hard` the family itself.
    pub(super) fn expire_refresh(&mut self, id: FamilyId, hard: bool, now: Timestamp) {
        self.family_mut(id).expire(hard, now);
    }
}

/// About as long as the real ones.
const REFRESH_TOKEN_BYTES: usize = 36;
const ACCESS_TOKEN_BYTES: usize = 600;
