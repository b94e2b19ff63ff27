//! Why a vendor refuses, told from what can be seen from outside.
//!
//! NetSuite answers whatever is wrong with an assertion with one and the same error. What tells the causes apart is
//! everything else: what the vendor accepts when one thing is changed, which certificates it lists, which other
//! connections it accepts, its clock, and what is known here. [`Observations`] holds what was seen; the rules turn it
//! into suspects with their evidence, the most likely first. Pure: who asks the vendor is `ops::doctor`.
//!
//! A suspect is certain only where an exchange has proven it or the vendor's own list says so; whatever follows from
//! comparison is likely, and says so.

mod cause;
mod certificates;
mod company;
mod dates;
mod observations;
mod trials;

pub use cause::Cause;
pub use observations::{Candidate, Change, Listed, Listing, Observations, Peer, RemoteCertificate, Trial};

use super::health::Fix;

#[cfg(test)]
mod tests;

/// How sure a suspicion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Nothing speaks against it.
    Possible,
    /// It explains what was seen better than anything else that is known.
    Likely,
    /// An exchange proved it, or the vendor's own list or a date that both sides know says so.
    Certain,
}

impl Certainty {
    /// The word that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// What may be the cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// What.
    pub cause: Cause,
    /// How much speaks for it, up to 100.
    pub weight: u8,
    /// What was seen that speaks for it, sentence by sentence.
    pub evidence: Vec<String>,
    /// What helps if it is.
    pub fixes: Vec<Fix>,
}

impl Suspect {
    fn new(cause: Cause, weight: u8) -> Self {
        Self { cause, weight, evidence: Vec::new(), fixes: Vec::new() }
    }

    fn seen(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// How sure it is.
    pub fn certainty(&self) -> Certainty {
        match self.weight {
            95.. => Certainty::Certain,
            60.. => Certainty::Likely,
            _ => Certainty::Possible,
        }
    }
}

/// Returns what may be behind a refusal, the most likely first; each cause once, with all that speaks for it.
pub fn diagnose(seen: &Observations) -> Vec<Suspect> {
    let mut found: Vec<Suspect> = Vec::new();
    let rules = [dates::suspects, trials::suspects, certificates::suspects, company::suspects];
    for suspect in rules.iter().flat_map(|rule| rule(seen)) {
        match found.iter_mut().find(|known| known.cause == suspect.cause) {
            Some(known) => known.join(suspect),
            None => found.push(suspect),
        }
    }
    // What is certain leaves no room for guesses.
    if found.iter().any(|suspect| suspect.certainty() == Certainty::Certain) {
        found.retain(|suspect| suspect.certainty() == Certainty::Certain);
    }
    for suspect in &mut found {
        if suspect.fixes.is_empty() {
            suspect.fixes = suspect.cause.fixes(seen);
        }
    }
    found.sort_by_key(|suspect| std::cmp::Reverse(suspect.weight));
    found
}

impl Suspect {
    fn join(&mut self, other: Self) {
        self.weight = self.weight.max(other.weight);
        for evidence in other.evidence {
            if !self.evidence.contains(&evidence) {
                self.evidence.push(evidence);
            }
        }
        if self.fixes.is_empty() {
            self.fixes = other.fixes;
        }
    }
}
