//! One authorization and what may still be had by it.

use jiff::Timestamp;

use super::{Ending, Policy};
use crate::clock;

/// What a family begins with.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Opening {
    pub(in crate::sim) client_id: String,
    /// Whose resources: a realm, a user.
    pub(in crate::sim) account: String,
    pub(in crate::sim) scopes: Vec<String>,
    /// Whether it gets a refresh token.
    pub(in crate::sim) refreshable: bool,
}

/// A refresh token's value in its time.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Value {
    pub(in crate::sim) text: String,
    since: Timestamp,
    pub(in crate::sim) until: Option<Timestamp>,
}

/// One authorization.
#[derive(Debug)]
pub(in crate::sim) struct Family {
    pub(in crate::sim) client_id: String,
    pub(in crate::sim) account: String,
    pub(in crate::sim) scopes: Vec<String>,
    pub(in crate::sim) authorized: Timestamp,
    pub(in crate::sim) hard_end: Option<Timestamp>,
    pub(in crate::sim) current: Option<Value>,
    previous: Option<String>,
    pub(in crate::sim) ended: Option<Ending>,
    pub(in crate::sim) refreshed: u64,
    pub(in crate::sim) rotated: u64,
    pub(in crate::sim) reuses: u64,
}

/// A refresh token as it is presented.
#[derive(Debug)]
pub(in crate::sim) struct Attempt<'a> {
    pub(in crate::sim) token: &'a str,
    pub(in crate::sim) client_id: &'a str,
    /// Whether a fault keeps the value from being rotated.
    pub(in crate::sim) keep: bool,
}

/// Why a code or refresh token is not honoured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Refusal {
    /// Nothing of the kind was ever issued.
    Unknown,
    /// It belongs to another client; nothing has changed.
    ForeignClient,
    /// It was current once.
    Reused,
    /// It ran out.
    Expired,
    /// Its family was ended.
    Ended,
    /// The code came with another redirect URI, or without its verifier.
    Unbound,
}

impl Refusal {
    /// What a vendor that describes its refusals would say.
    pub(in crate::sim) fn description(self) -> &'static str {
        match self {
            Self::Unknown => "Token not found",
            Self::ForeignClient => "Incorrect Token type or clientID",
            Self::Reused => "Token was used before",
            Self::Expired => "Token expired",
            Self::Ended => "Token revoked",
            Self::Unbound => "Incorrect redirect_uri or code_verifier",
        }
    }
}

impl Family {
    pub(super) fn new(opening: Opening, policy: &Policy, now: Timestamp) -> Self {
        let Opening { client_id, account, scopes, .. } = opening;
        Self {
            client_id,
            account,
            scopes,
            authorized: now,
            hard_end: policy.hard_lifetime.map(|lifetime| clock::add(now, lifetime)),
            current: None,
            previous: None,
            ended: None,
            refreshed: 0,
            rotated: 0,
            reuses: 0,
        }
    }

    /// Makes `text` the current refresh token.
    pub(super) fn put(&mut self, text: String, policy: &Policy, now: Timestamp) {
        let until = policy.rolling_lifetime.map(|lifetime| clock::add(now, lifetime));
        if let Some(before) = self.current.replace(Value { text, since: now, until }) {
            self.previous = Some(before.text);
            self.rotated += 1;
        }
    }

    /// Counts a refresh and returns whether the value is to be rotated.
    pub(super) fn renew(
        &mut self,
        attempt: &Attempt<'_>,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        if self.client_id != attempt.client_id {
            return Err(Refusal::ForeignClient);
        }
        let hard_end = self.hard_end;
        let current = self.current.as_mut().ok_or(Refusal::Unknown)?;
        let is_current = current.text == attempt.token;
        let graced =
            self.previous.as_deref() == Some(attempt.token) && now < clock::add(current.since, policy.grace);
        if !is_current && !graced {
            self.reuses += 1;
            if policy.reuse_ends_family {
                self.ended.get_or_insert(Ending::TokenReused);
            }
            return Err(Refusal::Reused);
        }
        if self.ended.is_some() {
            return Err(Refusal::Ended);
        }
        if current.until.into_iter().chain(hard_end).any(|end| end <= now) {
            return Err(Refusal::Expired);
        }
        self.refreshed += 1;
        let old_enough = policy.rotate_after.is_some_and(|age| now >= clock::add(current.since, age));
        if is_current && old_enough && !attempt.keep {
            return Ok(true);
        }
        current.until = policy.rolling_lifetime.map(|lifetime| clock::add(now, lifetime));
        Ok(false)
    }

    pub(super) fn expire(&mut self, hard: bool, now: Timestamp) {
        if hard {
            self.hard_end = Some(now);
        } else if let Some(current) = &mut self.current {
            current.until = Some(now);
        }
    }

    /// Whether its refresh token would be honoured at `now`.
    pub(in crate::sim) fn is_live(&self, now: Timestamp) -> bool {
        let ends = self.current.as_ref().and_then(|current| current.until).into_iter().chain(self.hard_end);
        self.ended.is_none() && self.current.is_some() && ends.into_iter().all(|end| now < end)
    }
}
