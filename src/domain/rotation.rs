//! The rotation state machine: which step is allowed where, as one pure function.
//!
//! A connection's phase follows from which of its keys exist (`architecture.md` section 5):
//!
//! ```text
//! Empty ──keygen/import──► FirstPending ──activate──► Settled ──initiate──► Rotating ──confirm──► Overlap
//!   ▲                          │ abort                  ▲  ▲                  │ abort               │ ▲ │
//!   └──────────────────────────┘                        │  └──────────────────┘              retire │ └─┘
//!                                                       └───────────────────────────────────────────┘ rollback
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

use super::key::{Key, KeyState};

/// Where a connection's keys stand; reports call it `key_state` and use the words of [`Phase::as_str`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No key.
    Empty,
    /// The first key is made and waits for its activation.
    FirstPending,
    /// One active key and nothing else.
    Settled,
    /// An active key and a pending one.
    Rotating,
    /// An active key and the previous one, both accepted by the vendor.
    Overlap,
}

impl Phase {
    /// All phases, for tables and tests.
    pub const ALL: [Self; 5] =
        [Self::Empty, Self::FirstPending, Self::Settled, Self::Rotating, Self::Overlap];

    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "none",
            Self::FirstPending => "pending",
            Self::Settled => "active",
            Self::Rotating => "rotating",
            Self::Overlap => "previous-kept",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// What somebody wants to do with the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Make the first key.
    Keygen,
    /// Take over a key that the vendor already accepts.
    Import,
    /// Make the first key active, or give the active one a new certificate id.
    Activate,
    /// Make a new pending key beside the active one.
    Initiate,
    /// Switch to the pending key.
    Confirm,
    /// Drop the pending key.
    Abort,
    /// Switch back to the previous key.
    Rollback,
    /// Destroy the previous key.
    Retire,
}

impl Step {
    /// All steps, for tables and tests.
    pub const ALL: [Self; 8] = [
        Self::Keygen,
        Self::Import,
        Self::Activate,
        Self::Initiate,
        Self::Confirm,
        Self::Abort,
        Self::Rollback,
        Self::Retire,
    ];
}

/// Why a step is not allowed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// `keygen`, `import` with keys there.
    #[error("a key exists already")]
    KeyExists,
    /// Anything that needs a key, without one.
    #[error("it has no key")]
    NoKey,
    /// A rotation step before the first activation.
    #[error("its first key has not been activated")]
    NotActivated,
    /// `initiate` or `activate` during a rotation.
    #[error("a rotation is in progress")]
    RotationInProgress,
    /// `initiate` with a previous key.
    #[error("the previous key has not been retired")]
    PreviousKept,
    /// `confirm` or `abort` without a pending key.
    #[error("no rotation is in progress")]
    NoRotation,
    /// `rollback` or `retire` without a previous key.
    #[error("there is no previous key")]
    NoPrevious,
}

/// Returns the phase after `step`, or why the step is not allowed in `phase`.
#[expect(clippy::match_same_arms, reason = "the arms are the table, in its order")]
pub fn next(phase: Phase, step: Step) -> Result<Phase, Forbidden> {
    match (phase, step) {
        (Phase::Empty, Step::Keygen) => Ok(Phase::FirstPending),
        // An imported key is proven before it is stored, so it starts active.
        (Phase::Empty, Step::Import) => Ok(Phase::Settled),
        (Phase::Empty, _) => Err(Forbidden::NoKey),

        (_, Step::Keygen | Step::Import) => Err(Forbidden::KeyExists),

        (Phase::FirstPending, Step::Activate) => Ok(Phase::Settled),
        (Phase::FirstPending, Step::Abort) => Ok(Phase::Empty),
        (Phase::FirstPending, _) => Err(Forbidden::NotActivated),

        (Phase::Rotating, Step::Activate | Step::Initiate) => Err(Forbidden::RotationInProgress),
        // A sandbox refresh clears every mapping: the active key gets a new certificate id in place.
        (phase @ (Phase::Settled | Phase::Overlap), Step::Activate) => Ok(phase),

        (Phase::Settled, Step::Initiate) => Ok(Phase::Rotating),
        (Phase::Overlap, Step::Initiate) => Err(Forbidden::PreviousKept),

        (Phase::Rotating, Step::Confirm) => Ok(Phase::Overlap),
        (Phase::Rotating, Step::Abort) => Ok(Phase::Settled),
        (Phase::Settled | Phase::Overlap, Step::Confirm | Step::Abort) => Err(Forbidden::NoRotation),

        (Phase::Overlap, Step::Rollback) => Ok(Phase::Overlap),
        (Phase::Overlap, Step::Retire) => Ok(Phase::Settled),
        (Phase::Settled | Phase::Rotating, Step::Rollback | Step::Retire) => Err(Forbidden::NoPrevious),
    }
}

/// The keys of one connection, at most one in each state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet {
    /// Made, not yet proven.
    pub pending: Option<Key>,
    /// In use.
    pub active: Option<Key>,
    /// Kept for going back.
    pub previous: Option<Key>,
}

impl KeySet {
    /// Sorts a connection's keys by state.
    pub fn from_keys(keys: impl IntoIterator<Item = Key>) -> Self {
        let mut set = Self::default();
        keys.into_iter().for_each(|key| set.insert(key));
        set
    }

    /// Puts a key where its state says, in the place of one that is there.
    pub fn insert(&mut self, key: Key) {
        let place = match key.state {
            KeyState::Pending => &mut self.pending,
            KeyState::Active => &mut self.active,
            KeyState::Previous => &mut self.previous,
        };
        *place = Some(key);
    }

    /// Where these keys stand.
    pub fn phase(&self) -> Phase {
        match (&self.pending, &self.active, &self.previous) {
            (None, None, _) => Phase::Empty,
            (Some(_), None, _) => Phase::FirstPending,
            (Some(_), Some(_), _) => Phase::Rotating,
            (None, Some(_), Some(_)) => Phase::Overlap,
            (None, Some(_), None) => Phase::Settled,
        }
    }

    /// The key in `state`.
    pub fn get(&self, state: KeyState) -> Option<&Key> {
        match state {
            KeyState::Pending => self.pending.as_ref(),
            KeyState::Active => self.active.as_ref(),
            KeyState::Previous => self.previous.as_ref(),
        }
    }

    /// Takes the key in `state` out.
    pub fn into_key(self, state: KeyState) -> Option<Key> {
        match state {
            KeyState::Pending => self.pending,
            KeyState::Active => self.active,
            KeyState::Previous => self.previous,
        }
    }

    /// Every key, pending first.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        [&self.pending, &self.active, &self.previous].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use {Forbidden as F, Phase as P};
        // Columns as in `Step::ALL`: keygen import activate initiate confirm abort rollback retire.
        let table: [(Phase, [Result<Phase, Forbidden>; 8]); 5] = [
            (
                P::Empty,
                [
                    Ok(P::FirstPending),
                    Ok(P::Settled),
                    Err(F::NoKey),
                    Err(F::NoKey),
                    Err(F::NoKey),
                    Err(F::NoKey),
                    Err(F::NoKey),
                    Err(F::NoKey),
                ],
            ),
            (
                P::FirstPending,
                [
                    Err(F::KeyExists),
                    Err(F::KeyExists),
                    Ok(P::Settled),
                    Err(F::NotActivated),
                    Err(F::NotActivated),
                    Ok(P::Empty),
                    Err(F::NotActivated),
                    Err(F::NotActivated),
                ],
            ),
            (
                P::Settled,
                [
                    Err(F::KeyExists),
                    Err(F::KeyExists),
                    Ok(P::Settled),
                    Ok(P::Rotating),
                    Err(F::NoRotation),
                    Err(F::NoRotation),
                    Err(F::NoPrevious),
                    Err(F::NoPrevious),
                ],
            ),
            (
                P::Rotating,
                [
                    Err(F::KeyExists),
                    Err(F::KeyExists),
                    Err(F::RotationInProgress),
                    Err(F::RotationInProgress),
                    Ok(P::Overlap),
                    Ok(P::Settled),
                    Err(F::NoPrevious),
                    Err(F::NoPrevious),
                ],
            ),
            (
                P::Overlap,
                [
                    Err(F::KeyExists),
                    Err(F::KeyExists),
                    Ok(P::Overlap),
                    Err(F::PreviousKept),
                    Err(F::NoRotation),
                    Err(F::NoRotation),
                    Ok(P::Overlap),
                    Ok(P::Settled),
                ],
            ),
        ];
        assert_eq!(table.len(), Phase::ALL.len());
        for (phase, row) in table {
            for (step, expected) in Step::ALL.into_iter().zip(row) {
                assert_eq!(next(phase, step), expected, "{phase:?} {step:?}");
            }
        }
    }

    #[test]
    fn an_active_key_is_never_lost_by_a_step() {
        for phase in Phase::ALL {
            for step in Step::ALL {
                if let Ok(after) = next(phase, step) {
                    let active = |phase| matches!(phase, Phase::Settled | Phase::Rotating | Phase::Overlap);
                    assert!(!active(phase) || active(after), "{phase:?} {step:?}");
                }
            }
        }
    }
}
