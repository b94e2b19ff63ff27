//! What a check-up finds: nested checks, each with its state, its cause and the way out.

use jiff::Timestamp;

use super::diagnosis::Suspect;

/// How something stands, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It was not looked at, and the check says why.
    Skipped,
    /// As it should be.
    Ok,
    /// It works, and somebody should know something.
    Warning,
    /// It does not work, or must not be relied on.
    Failed,
}

impl State {
    /// The word that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// What kind of failure a failed check is: decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ailment {
    /// Something that should be there is not.
    Missing,
    /// The vendor refuses.
    Rejected,
    /// Somebody must decide: another mapping than expected, an answer that was lost.
    Conflict,
    /// The vendor cannot be reached.
    Unreachable,
    /// The vault cannot be read or trusted.
    Vault,
    /// Local policy: a file that others can write, a host that is not trusted.
    Refused,
    /// Something is over.
    Expired,
    /// Anything else.
    Other,
}

/// A way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// A command of ours: what it is good for, and the arguments after `tokenctl`.
    Run(String, Vec<String>),
    /// A command of somebody else's.
    Shell(String, String),
    /// Something that a person does.
    Do(String),
}

impl Fix {
    /// A command of ours.
    pub fn run<'a>(text: &str, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Run(text.to_owned(), arguments.into_iter().map(str::to_owned).collect())
    }

    /// Something that a person does.
    pub fn what(text: impl Into<String>) -> Self {
        Self::Do(text.into())
    }
}

/// One check, or a group of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What is checked, in one word that stays; a connection's name for its group.
    pub name: String,
    /// How it stands: for a group, as its worst member.
    pub state: State,
    /// What was seen, in one line; may hold foreign text.
    pub found: String,
    /// Why it stands like that.
    pub cause: Option<String>,
    /// What helps.
    pub fixes: Vec<Fix>,
    /// What may be the cause of a refusal, the most likely first.
    pub suspects: Vec<Suspect>,
    /// What kind of failure it is, if it failed.
    pub ailment: Option<Ailment>,
    /// The checks that it consists of.
    pub parts: Vec<Check>,
}

impl Check {
    fn new(name: &str, state: State, found: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            state,
            found: found.into(),
            cause: None,
            fixes: Vec::new(),
            suspects: Vec::new(),
            ailment: None,
            parts: Vec::new(),
        }
    }

    /// Something as it should be.
    pub fn ok(name: &str, found: impl Into<String>) -> Self {
        Self::new(name, State::Ok, found)
    }

    /// Something that works and should be known.
    pub fn warning(name: &str, found: impl Into<String>) -> Self {
        Self::new(name, State::Warning, found)
    }

    /// Something that does not work.
    pub fn failed(name: &str, ailment: Ailment, found: impl Into<String>) -> Self {
        Self { ailment: Some(ailment), ..Self::new(name, State::Failed, found) }
    }

    /// Something that was not looked at, and why.
    pub fn skipped(name: &str, why: impl Into<String>) -> Self {
        Self::new(name, State::Skipped, why)
    }

    /// Several checks under one name; as bad as the worst of them.
    pub fn group(name: &str, found: impl Into<String>, parts: Vec<Self>) -> Self {
        let state = parts.iter().map(|part| part.state).max().unwrap_or(State::Skipped);
        Self { parts, ..Self::new(name, state, found) }
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Says what helps.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// Names what may be behind a refusal.
    #[must_use]
    pub fn suspecting(mut self, suspects: Vec<Suspect>) -> Self {
        self.suspects = suspects;
        self
    }

    /// Every failure in it, in order.
    pub fn ailments(&self) -> Vec<Ailment> {
        let own = self.ailment.into_iter();
        own.chain(self.parts.iter().flat_map(Self::ailments)).collect()
    }
}

/// Returns what is wrong with the mode of something that only its owner should touch.
///
/// `readable` is for files that others may be allowed to read: the vault, for viewers under other accounts.
pub fn mode_problem(mode: u32, readable: bool) -> Option<&'static str> {
    match (mode & 0o022 != 0, mode & 0o077 != 0) {
        (true, _) => Some("can be written by others"),
        (false, true) if !readable => Some("can be read by others"),
        _ => None,
    }
}

/// Returns what is odd about this machine's clock, judged by what it has seen: nothing that happened lies in the future.
pub fn clock_problem(now: Timestamp, seen: impl IntoIterator<Item = Timestamp>) -> Option<Timestamp> {
    let latest = seen.into_iter().max()?;
    (latest.duration_since(now).as_secs() > 300).then_some(latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_as_bad_as_its_worst_part() {
        let group = |parts| Check::group("all", "", parts).state;
        let (ok, skipped) = (Check::ok("a", ""), Check::skipped("b", ""));
        let failed = Check::failed("c", Ailment::Rejected, "");
        assert_eq!(group(vec![]), State::Skipped);
        assert_eq!(group(vec![skipped.clone()]), State::Skipped);
        assert_eq!(group(vec![skipped.clone(), ok.clone()]), State::Ok);
        assert_eq!(group(vec![ok.clone(), Check::warning("d", ""), skipped]), State::Warning);
        let nested = Check::group("all", "", vec![ok, Check::group("in", "", vec![failed])]);
        assert_eq!((nested.state, nested.ailments()), (State::Failed, vec![Ailment::Rejected]));
    }

    #[test]
    fn modes() {
        for (mode, readable, problem) in [
            (0o600, false, None),
            (0o700, false, None),
            (0o640, true, None),
            (0o640, false, Some("can be read by others")),
            (0o660, true, Some("can be written by others")),
            (0o602, false, Some("can be written by others")),
        ] {
            assert_eq!(mode_problem(mode, readable), problem, "{mode:o}");
        }
    }

    #[test]
    fn what_happened_does_not_lie_in_the_future() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2027-03-01T12:00:00Z");
        assert_eq!(clock_problem(now, [at("2027-03-01T11:00:00Z"), at("2027-03-01T12:04:00Z")]), None);
        let later = at("2027-03-01T12:06:00Z");
        assert_eq!(clock_problem(now, [later]), Some(later));
        assert_eq!(clock_problem(now, []), None);
    }
}
