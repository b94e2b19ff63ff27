//! Authorization codes: bound, short-lived, good for once.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use super::{Ending, FamilyId, Ledger, Opening, Policy, Refusal};
use crate::clock;
use crate::sim::random;

/// What a code is issued for.
#[derive(Debug)]
pub(in crate::sim) struct NewCode {
    pub(in crate::sim) opening: Opening,
    pub(in crate::sim) redirect_uri: String,
    /// The S256 challenge of RFC 7636 section 4.2.
    pub(in crate::sim) challenge: Option<String>,
    pub(in crate::sim) lifetime: SignedDuration,
}

#[derive(Debug)]
pub(super) struct Code {
    issued: NewCode,
    until: Timestamp,
    spent: bool,
    family: Option<FamilyId>,
}

/// A code as it is presented.
#[derive(Debug)]
pub(in crate::sim) struct Redemption<'a> {
    pub(in crate::sim) code: &'a str,
    pub(in crate::sim) client_id: &'a str,
    pub(in crate::sim) redirect_uri: Option<&'a str>,
    pub(in crate::sim) verifier: Option<&'a str>,
}

impl Ledger {
    /// Issues a code.
    pub(in crate::sim) fn issue_code(&mut self, new: NewCode, now: Timestamp) -> String {
        let code = random::text(32);
        let until = clock::add(now, new.lifetime);
        self.codes.insert(code.clone(), Code { issued: new, until, spent: false, family: None });
        code
    }

    pub(super) fn account_of_code(&self, code: &str) -> Option<&str> {
        self.codes.get(code).map(|code| code.issued.opening.account.as_str())
    }

    /// Turns a code into a family.
    ///
    /// The first attempt of the right client spends it, whatever comes of that; the second ends the family that
    /// the first one got (RFC 6749 section 4.1.2). Another client's attempt changes nothing.
    pub(in crate::sim) fn redeem(
        &mut self,
        redemption: &Redemption<'_>,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<FamilyId, Refusal> {
        let code = self.codes.get_mut(redemption.code).ok_or(Refusal::Unknown)?;
        if code.issued.opening.client_id != redemption.client_id {
            return Err(Refusal::ForeignClient);
        }
        if std::mem::replace(&mut code.spent, true) {
            if let Some(family) = code.family {
                self.end(family, Ending::CodeReused);
            }
            return Err(Refusal::Reused);
        }
        if code.until <= now {
            return Err(Refusal::Expired);
        }
        let bound = redemption.redirect_uri == Some(code.issued.redirect_uri.as_str())
            && proves(code.issued.challenge.as_deref(), redemption.verifier);
        if !bound {
            return Err(Refusal::Unbound);
        }
        let opening = code.issued.opening.clone();
        let family = self.open(opening, policy, now);
        if let Some(code) = self.codes.get_mut(redemption.code) {
            code.family = Some(family);
        }
        Ok(family)
    }
}

/// Whether `verifier` is what a code with this challenge needs.
///
/// A verifier without a challenge is refused, too: it tells of a downgrade (RFC 9700 section 2.1.1).
fn proves(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            // Source: RFC 7636 section 4.1: 43 to 128 unreserved characters.
            let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            (43..=128).contains(&verifier.len())
                && verifier.bytes().all(unreserved)
                && URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) == challenge
        }
        _ => false,
    }
}
