//! Where an invitation stands and which step comes next: a pure table.

use std::fmt;
use std::str::FromStr;

use crate::domain::ids::InvalidName;

/// Where an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Minted, not delivered.
    Created,
    /// Delivered.
    Sent,
    /// Its link was opened.
    Accessed,
    /// Its form is being filled in.
    InProgress,
    /// Its form was handed in.
    Submitted,
    /// Used up.
    Consumed,
    /// Its time is over.
    Expired,
    /// Taken back.
    Revoked,
}

impl State {
    /// All states, for tables and tests.
    pub const ALL: [Self; 8] = [
        Self::Created,
        Self::Sent,
        Self::Accessed,
        Self::InProgress,
        Self::Submitted,
        Self::Consumed,
        Self::Expired,
        Self::Revoked,
    ];

    /// The word that users type and the vault stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Sent => "sent",
            Self::Accessed => "accessed",
            Self::InProgress => "in-progress",
            Self::Submitted => "submitted",
            Self::Consumed => "consumed",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// Whether nothing leads out of it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Consumed | Self::Expired | Self::Revoked)
    }
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl FromStr for State {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| InvalidName(format!("must be one of {}", Self::ALL.map(State::as_str).join(", "))))
    }
}

/// What moves an invitation; each leads to one state, and nothing leads back to [`State::Created`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It was delivered.
    Send,
    /// Its link was opened.
    Access,
    /// Its form was begun.
    Start,
    /// Its form was handed in.
    Submit,
    /// What it was for was done; [`State::Consumed`] with its last use, [`State::Sent`] before that.
    Redeem,
    /// Its time is over.
    Expire,
    /// It is taken back.
    Revoke,
}

impl Step {
    /// All steps, for tables and tests.
    pub const ALL: [Self; 7] =
        [Self::Send, Self::Access, Self::Start, Self::Submit, Self::Redeem, Self::Expire, Self::Revoke];

    /// The word of its command.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "sent",
            Self::Access => "access",
            Self::Start => "start",
            Self::Submit => "submit",
            Self::Redeem => "redeem",
            Self::Expire => "expire",
            Self::Revoke => "revoke",
        }
    }

    /// The state that it leads to.
    const fn target(self) -> State {
        match self {
            Self::Send => State::Sent,
            Self::Access => State::Accessed,
            Self::Start => State::InProgress,
            Self::Submit => State::Submitted,
            Self::Redeem => State::Consumed,
            Self::Expire => State::Expired,
            Self::Revoke => State::Revoked,
        }
    }
}

/// Why a step is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It would skip one: nobody who follows the process does that, so it is suspicious.
    #[error("it is {from}, and `{missing}` must come first")]
    Skipped {
        /// Where it stands.
        from: State,
        /// The command of the step that comes next.
        missing: &'static str,
    },
    /// It was taken already.
    #[error("it is {0} already")]
    Past(State),
    /// Nothing leads out of this state.
    #[error("{}", over(*.0))]
    Over(State),
}

fn over(state: State) -> &'static str {
    match state {
        State::Revoked => "it was revoked",
        State::Expired => "it has expired",
        _ => "it is used up",
    }
}

impl Refused {
    /// Whether somebody should be told.
    pub const fn is_suspicious(self) -> bool {
        matches!(self, Self::Skipped { .. })
    }
}

/// Returns the state after `step`, which may be the same one: what is only looked at or said twice changes nothing.
///
/// `uses_left` counts the redemption that is asked for.
#[expect(clippy::match_same_arms, reason = "the arms are the table, in its order")]
pub fn next(from: State, step: Step, uses_left: u32) -> Result<State, Refused> {
    use State::{Accessed, Created, InProgress, Sent, Submitted};
    let to = step.target();
    match (from, step) {
        // To say the same once more is no harm; everything else is over.
        (State::Revoked, Step::Revoke) => Ok(from),
        (state, _) if state.is_final() => Err(Refused::Over(state)),
        (_, Step::Expire | Step::Revoke) => Ok(to),

        (Created, Step::Send)
        | (Sent, Step::Access)
        | (Accessed, Step::Start)
        | (InProgress, Step::Submit) => Ok(to),
        (Submitted, Step::Redeem) if uses_left > 1 => Ok(Sent),
        (Submitted, Step::Redeem) => Ok(to),

        // Delivered twice; the page opened again, also while its form is filled in; the form begun in two windows.
        (Sent, Step::Send) | (Accessed | InProgress, Step::Access) | (InProgress, Step::Start) => Ok(from),

        (from, _) if from >= to => Err(Refused::Past(from)),
        (from, _) => Err(Refused::Skipped { from, missing: following(from) }),
    }
}

/// The command that comes next.
const fn following(from: State) -> &'static str {
    match from {
        State::Created => Step::Send.as_str(),
        State::Sent => Step::Access.as_str(),
        State::Accessed => Step::Start.as_str(),
        State::InProgress => Step::Submit.as_str(),
        State::Submitted | State::Consumed | State::Expired | State::Revoked => Step::Redeem.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a cell of the table says: goes on, stays where it is, skips a step, is past, is over.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Cell {
        Go,
        Stay,
        Skip,
        Past,
        Over,
    }

    /// The step that leads to a state.
    fn towards(to: State) -> Option<Step> {
        Step::ALL.into_iter().find(|step| step.target() == to)
    }

    #[test]
    fn the_whole_table() {
        use Cell::{Go, Over, Past, Skip, Stay};
        // Rows and columns as in `State::ALL`: from, to.
        let table: [(State, [Cell; 8]); 8] = [
            (State::Created, [Past, Go, Skip, Skip, Skip, Skip, Go, Go]),
            (State::Sent, [Past, Stay, Go, Skip, Skip, Skip, Go, Go]),
            (State::Accessed, [Past, Past, Stay, Go, Skip, Skip, Go, Go]),
            (State::InProgress, [Past, Past, Stay, Stay, Go, Skip, Go, Go]),
            (State::Submitted, [Past, Past, Past, Past, Past, Go, Go, Go]),
            (State::Consumed, [Over; 8]),
            (State::Expired, [Over; 8]),
            (State::Revoked, [Over, Over, Over, Over, Over, Over, Over, Stay]),
        ];
        let mut pairs = 0;
        for (from, row) in table {
            for (to, expected) in State::ALL.into_iter().zip(row) {
                pairs += 1;
                let Some(step) = towards(to) else {
                    assert_eq!(to, State::Created, "every other state can be reached");
                    continue;
                };
                let found = match next(from, step, 1) {
                    Ok(state) if state == to && state != from => Go,
                    Ok(state) if state == from => Stay,
                    Ok(state) => panic!("{from} {step:?} leads to {state}"),
                    Err(Refused::Skipped { .. }) => Skip,
                    Err(Refused::Past(_)) => Past,
                    Err(Refused::Over(_)) => Over,
                };
                assert_eq!(found, expected, "{from} to {to}");
            }
        }
        assert_eq!(pairs, 64);
    }

    #[test]
    fn the_next_step_that_an_error_names_is_allowed() {
        for from in State::ALL {
            for step in Step::ALL {
                if let Err(Refused::Skipped { missing, .. }) = next(from, step, 1) {
                    let named = Step::ALL.into_iter().find(|step| step.as_str() == missing).unwrap();
                    assert!(next(from, named, 1).is_ok_and(|to| to != from), "{from} {step:?} {missing}");
                }
            }
        }
    }

    #[test]
    fn with_uses_left_it_can_be_opened_again() {
        assert_eq!(next(State::Submitted, Step::Redeem, 3), Ok(State::Sent));
        assert_eq!(next(State::Submitted, Step::Redeem, 1), Ok(State::Consumed));
        assert_eq!(next(State::Submitted, Step::Redeem, 0), Ok(State::Consumed));
    }

    #[test]
    fn only_skipping_is_suspicious() {
        assert!(next(State::Created, Step::Submit, 1).unwrap_err().is_suspicious());
        assert!(!next(State::Submitted, Step::Start, 1).unwrap_err().is_suspicious());
        assert!(!next(State::Consumed, Step::Redeem, 1).unwrap_err().is_suspicious());
    }

    #[test]
    fn words_parse_back() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("CREATED".parse::<State>().is_err());
    }
}
