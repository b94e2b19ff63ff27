//! `doctor`: nested checks, each with its state, its cause and what helps.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::domain::diagnosis::Suspect;
use crate::domain::health::{Check, Fix, State};
use crate::output::hint::Hint;
use crate::output::listing::Listing;
use crate::output::report::{Report, to_value};
use crate::output::tree::Node;
use crate::output::view::{Tone, View};

/// More connections than this are shown in a line each, unless something is wrong with them.
const FEW: usize = 3;

/// What may be the cause of a refusal.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SuspectRow {
    /// Which cause, in one word that stays.
    pub cause: &'static str,
    /// How sure that is: certain, likely or possible.
    pub certainty: &'static str,
    /// The cause as a sentence.
    pub what: &'static str,
    /// What was seen that speaks for it.
    pub evidence: Vec<String>,
    /// What helps if it is.
    pub fixes: Vec<Hint>,
}

/// One check, or a group of them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CheckRow {
    /// What is checked, in one word that stays; for a connection's group its name.
    pub name: String,
    /// The id, if it is a connection's group.
    pub connection_id: Option<String>,
    /// ok, warning, failed or skipped; a group is as bad as the worst in it.
    pub state: &'static str,
    /// What was seen.
    pub found: String,
    /// Why it stands like that: for a refusal, the first suspect.
    pub cause: Option<String>,
    /// What helps.
    pub fixes: Vec<Hint>,
    /// What may be the cause of a refusal, the most likely first.
    pub suspects: Vec<SuspectRow>,
    /// The checks that it consists of.
    pub checks: Vec<CheckRow>,
}

/// One check that is not as it should be.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// Which, with the groups that it is in: `acme/exchange`.
    pub check: String,
    /// warning or failed.
    pub state: &'static str,
    /// What was seen.
    pub found: String,
    /// Why.
    pub cause: Option<String>,
    /// What helps first.
    pub fix: Option<String>,
}

/// `doctor`
#[derive(Debug, Serialize, JsonSchema)]
pub struct Doctor {
    /// How many checks are as they should be.
    pub ok: usize,
    /// How many work and should be known.
    pub warnings: usize,
    /// How many failed.
    pub failed: usize,
    /// How many were not looked at.
    pub skipped: usize,
    /// How many requests vendors were asked with.
    pub requests: u32,
    /// Every check: environment, vault, vendors, and one group for each connection.
    pub checks: Vec<CheckRow>,
    /// Those that are not as they should be, in a row.
    pub findings: Vec<Finding>,
}

impl From<&Fix> for Hint {
    fn from(fix: &Fix) -> Self {
        match fix {
            Fix::Run(text, arguments) => Self::command(text.clone(), arguments.iter().cloned()),
            Fix::Shell(text, command) => Self::shell(text.clone(), command.clone()),
            Fix::Do(text) => Self::text(text.clone()),
        }
    }
}

impl From<&Suspect> for SuspectRow {
    fn from(suspect: &Suspect) -> Self {
        Self {
            cause: suspect.cause.as_str(),
            certainty: suspect.certainty().as_str(),
            what: suspect.cause.sentence(),
            evidence: suspect.evidence.clone(),
            fixes: suspect.fixes.iter().map(Hint::from).collect(),
        }
    }
}

impl From<&Check> for CheckRow {
    fn from(check: &Check) -> Self {
        Self {
            name: check.name.clone(),
            connection_id: None,
            state: check.state.as_str(),
            found: check.found.clone(),
            cause: check.cause.clone(),
            fixes: check.fixes.iter().map(Hint::from).collect(),
            suspects: check.suspects.iter().map(SuspectRow::from).collect(),
            checks: check.parts.iter().map(Self::from).collect(),
        }
    }
}

impl CheckRow {
    /// Something that failed before it could be looked at.
    pub fn failed(name: &str, found: String, cause: Option<String>, fixes: Vec<Hint>) -> Self {
        let (name, state) = (name.to_owned(), State::Failed.as_str());
        Self {
            name,
            connection_id: None,
            state,
            found,
            cause,
            fixes,
            suspects: Vec::new(),
            checks: Vec::new(),
        }
    }

    /// Its leaves, each with the path that leads to it.
    fn leaves<'a>(&'a self, above: &str, found: &mut Vec<(String, &'a Self)>) {
        let path = if above.is_empty() { self.name.clone() } else { format!("{above}/{}", self.name) };
        if self.checks.is_empty() {
            found.push((path, self));
        } else {
            self.checks.iter().for_each(|check| check.leaves(&path, found));
        }
    }

    fn is_well(&self) -> bool {
        self.state == State::Ok.as_str() || self.state == State::Skipped.as_str()
    }

    fn node(&self, brief: bool) -> Node {
        let tone = match self.state {
            "ok" => Tone::Good,
            "warning" => Tone::Warning,
            "failed" => Tone::Bad,
            _ => Tone::Dim,
        };
        let mut notes = Vec::new();
        notes.extend(self.cause.iter().map(|cause| ("cause", cause.clone())));
        let first = self.suspects.first();
        notes.extend(first.into_iter().flat_map(|first| &first.evidence).map(|seen| ("seen", seen.clone())));
        notes.extend(self.fixes.iter().map(|fix| ("fix", fix.to_string())));
        let others =
            self.suspects.iter().skip(1).map(|other| ("or", format!("{}: {}", other.certainty, other.what)));
        notes.extend(others);
        // Whoever looks at many looks for what is wrong.
        let parts = self.checks.iter().filter(|check| !brief || !check.is_well());
        Node {
            name: self.name.clone(),
            word: (self.state, tone),
            text: self.found.clone(),
            notes,
            parts: parts.map(|check| check.node(brief)).collect(),
        }
    }
}

impl Doctor {
    /// What the formats made of rows show.
    pub(crate) const LISTING: Listing = Listing::of("findings", &["check", "state", "found", "cause", "fix"]);

    /// Counts and lists what `checks` hold.
    pub fn new(checks: Vec<CheckRow>, requests: u32) -> Self {
        let mut leaves = Vec::new();
        for check in &checks {
            check.leaves("", &mut leaves);
        }
        let count = |state: State| leaves.iter().filter(|(_, check)| check.state == state.as_str()).count();
        let [ok, warnings, failed, skipped] =
            [State::Ok, State::Warning, State::Failed, State::Skipped].map(count);
        let findings = leaves.iter().filter(|(_, check)| !check.is_well()).map(|(path, check)| Finding {
            check: path.clone(),
            state: check.state,
            found: check.found.clone(),
            cause: check.cause.clone(),
            fix: check.fixes.first().map(ToString::to_string),
        });
        let findings = findings.collect();
        Self { ok, warnings, failed, skipped, requests, checks, findings }
    }
}

impl Report for Doctor {
    fn schema(&self) -> &'static str {
        "doctor/1"
    }

    fn data(&self) -> Value {
        to_value(self)
    }

    fn view(&self) -> View {
        let connections = self.checks.iter().filter(|check| check.connection_id.is_some()).count();
        let nodes = self.checks.iter().map(|check| {
            let brief = check.connection_id.is_some() && connections > FEW;
            check.node(brief)
        });
        let Self { ok, warnings, failed, skipped, .. } = self;
        let tone = match (failed, warnings) {
            (0, 0) => Tone::Good,
            (0, _) => Tone::Warning,
            _ => Tone::Bad,
        };
        let count = |count: usize, word: &str| (count > 0).then(|| format!("{count} {word}"));
        let parts = [
            Some(format!("{ok} ok")),
            count(*warnings, if *warnings == 1 { "warning" } else { "warnings" }),
            count(*failed, "failed"),
            count(*skipped, "skipped"),
        ];
        let summary = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        View::new().tree(nodes.collect()).line(crate::output::view::Cell::toned(summary, tone))
    }

    fn listing(&self) -> Listing {
        Self::LISTING
    }
}
